//! What is held down, and how it comes up again on every path: a guard for returns and panics, a call for stops, and a
//! note on disk for a process that was killed. Nothing is pressed here that is not noted first.

use super::events::{Event, Holdable, send};
use super::lock::InputLock;
use crate::identity::process_start;
use crate::security::UserOnly;
use crate::session::own_session;
use portcullis_model::{Cancel, Deadline};
use portcullis_platform::{PortFault, PortResult, SessionState};
use serde::{Deserialize, Serialize};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use windows::Win32::Foundation::ERROR_ALREADY_EXISTS;
use windows::Win32::Storage::FileSystem::CreateDirectoryW;
use windows::Win32::System::Com::CoTaskMemFree;
use windows::Win32::UI::Shell::{FOLDERID_LocalAppData, KF_FLAG_DEFAULT, SHGetKnownFolderPath};
use windows::core::{HRESULT, HSTRING};

/// Keys and buttons that can be held at once; more than a person has fingers for.
const HELD_CAP: usize = 16;
/// Bytes of a note; a longer file is none of ours.
const NOTE_CAP: u64 = 4_096;
/// How long `release_all` waits for input under way to end before it looks at notes.
const RELEASE_WAIT: Duration = Duration::from_millis(100);

/// Who holds what. Read at the next start when its writer was killed.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Note {
    process: u32,
    start: u64,
    held: Vec<Holdable>,
}

/// Where notes are kept when nobody says otherwise.
pub(super) fn default_folder() -> Option<PathBuf> {
    // SAFETY: a constant folder of the current user; the answer is freed below.
    let path = unsafe { SHGetKnownFolderPath(&FOLDERID_LocalAppData, KF_FLAG_DEFAULT, None) }.ok()?;
    // SAFETY: the API gave a string that ends in NUL.
    let text = unsafe { path.to_string() };
    // SAFETY: the block came from the call above and is freed once.
    unsafe { CoTaskMemFree(Some(path.0.cast_const().cast())) };
    Some(Path::new(&text.ok()?).join("Portcullis"))
}

/// What this process holds down.
pub(super) struct HeldInputs {
    folder: PathBuf,
    now: Mutex<Vec<Holdable>>,
}

impl HeldInputs {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, now: Mutex::new(Vec::new()) }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Holdable>> {
        // A plain list, whole at every moment, so a poisoned lock loses nothing.
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes `what`, then presses it in order. It comes up, last first, when the guard is dropped. The note of a dead
    /// process must have been dealt with (`release_abandoned`): there is one note for a session.
    pub(super) fn hold(&self, what: &[Holdable]) -> PortResult<Hold<'_>> {
        self.hold_after(&[], what)
    }

    /// The same, with `first` sent in one batch with the press, so that nothing comes between.
    pub(super) fn hold_after(&self, first: &[Event], what: &[Holdable]) -> PortResult<Hold<'_>> {
        let mut hold = Hold { held: self, what: Vec::new() };
        if what.is_empty() {
            return Ok(hold);
        }
        let mut now = self.lock();
        let new: Vec<Holdable> = what.iter().copied().filter(|one| !now.contains(one)).collect();
        if now.len() + new.len() > HELD_CAP {
            return Err(PortFault::NotOperable(format!("hold more than {HELD_CAP} keys at once")));
        }
        now.extend(&new);
        let pressed = self.write_note(&now).and_then(|()| {
            let downs = new.iter().copied().map(Event::Down);
            send(&first.iter().copied().chain(downs).collect::<Vec<_>>())
        });
        hold.what = new;
        drop(now);
        // A failed press drops the guard here, which forgets the keys and removes the note.
        pressed.map(|()| hold)
    }

    /// Releases those of `what` that are still noted as held, last first, after `first` in the same batch; answers how
    /// many.
    fn release(&self, first: &[Event], what: &[Holdable]) -> PortResult<usize> {
        let mut now = self.lock();
        let ups: Vec<Event> = what.iter().rev().filter(|one| now.contains(one)).map(|one| Event::Up(*one)).collect();
        if ups.is_empty() {
            return Ok(0);
        }
        // When this fails the keys stay noted, so that a later release can try again.
        send(&[first, &ups].concat())?;
        now.retain(|one| !what.contains(one));
        if now.is_empty() {
            self.remove_note();
        } else {
            self.write_note(&now)?;
        }
        Ok(ups.len())
    }

    /// Everything that this process holds comes up, and everything that a killed one left.
    pub(super) fn release_all(&self) -> PortResult<usize> {
        let own = self.lock().clone();
        let own = self.release(&[], &own)?;
        if self.read_note().is_none() {
            return Ok(own);
        }
        match crate::session::state() {
            SessionState::Active => {}
            other => return Err(PortFault::Session(other)),
        }
        match InputLock::acquire(Deadline::after(RELEASE_WAIT), &Cancel::new()) {
            Ok(lock) => Ok(own + self.release_abandoned(&lock)?),
            // Somebody alive is sending input: the note is theirs, and they have dealt with any before it.
            Err(PortFault::InputBusy) => Ok(own),
            Err(fault) => Err(fault),
        }
    }

    /// Releases what a killed process left down. With the lock held no act is under way: the note is that of a dead
    /// process, or ours from a release that failed, and so is whatever this process still counts as held.
    pub(super) fn release_abandoned(&self, _lock: &InputLock) -> PortResult<usize> {
        let mut now = self.lock();
        let note = self.read_note();
        if now.is_empty() && note.is_none() {
            return Ok(0);
        }
        let mut left = std::mem::take(&mut *now);
        left.extend(note.map(|note| note.held).unwrap_or_default().into_iter().filter(|one| one.is_down()));
        let ups: Vec<Event> = left.iter().rev().copied().map(Event::Up).collect();
        if let Err(fault) = send(&ups) {
            left.truncate(HELD_CAP);
            *now = left;
            return Err(fault);
        }
        self.remove_note();
        Ok(ups.len())
    }

    fn note_path(&self) -> PathBuf {
        self.folder.join(format!("held-{}.json", own_session().unwrap_or(0)))
    }

    fn write_note(&self, held: &[Holdable]) -> PortResult<()> {
        let process = std::process::id();
        let note = Note { process, start: process_start(process).unwrap_or(0), held: held.to_vec() };
        let text = serde_json::to_string(&note)
            .map_err(|_| PortFault::Unsupported("a note of held keys cannot be written".to_owned()))?;
        let path = self.note_path();
        let written = std::fs::write(&path, &text).or_else(|_| {
            make_folder(&self.folder)?;
            std::fs::write(&path, &text)
        });
        written.map_err(|error| PortFault::System {
            call: "WriteFile",
            code: error.raw_os_error().map_or(0, i32::cast_unsigned),
        })
    }

    /// The note, when there is a whole one. A broken one was being written when its process was killed: before the keys
    /// went down.
    fn read_note(&self) -> Option<Note> {
        let mut text = String::new();
        let file = std::fs::File::open(self.note_path()).ok()?;
        file.take(NOTE_CAP).read_to_string(&mut text).ok()?;
        let note: Note = serde_json::from_str(&text).ok()?;
        (note.held.len() <= HELD_CAP).then_some(note)
    }

    fn remove_note(&self) {
        // A note that stays names keys that are up; the next reader finds them so.
        let _ = std::fs::remove_file(self.note_path());
    }
}

/// Makes the folder of notes for this user alone; one that is there stays as it is.
fn make_folder(folder: &Path) -> std::io::Result<()> {
    let user = UserOnly::folder().map_err(|fault| std::io::Error::other(fault.to_string()))?;
    let attributes = user.attributes();
    // SAFETY: the path ends in NUL, the attributes point to a living descriptor, and both outlive the call.
    let made = unsafe { CreateDirectoryW(&HSTRING::from(folder.as_os_str()), Some(&attributes)) };
    match made {
        Ok(()) => Ok(()),
        Err(error) if error.code() == ERROR_ALREADY_EXISTS.to_hresult() => Ok(()),
        Err(error) => Err(std::io::Error::from_raw_os_error(win32_code(error.code()))),
    }
}

/// The Win32 code inside an HRESULT.
fn win32_code(result: HRESULT) -> i32 {
    result.0 & 0xFFFF
}

/// Keys and buttons that are down as long as this lives.
pub(super) struct Hold<'held> {
    held: &'held HeldInputs,
    what: Vec<Holdable>,
}

impl Hold<'_> {
    /// What to send so that all is down again: somebody at the keyboard may have pressed and released the same key.
    pub(super) fn again(&self) -> impl Iterator<Item = Event> {
        self.what.iter().copied().filter(|one| !one.is_down()).map(Event::Down)
    }

    /// Lets go now, and tells when that failed.
    pub(super) fn end(self) -> PortResult<()> {
        self.end_after(&[])
    }

    /// The same, with `first` sent in one batch with the release.
    pub(super) fn end_after(self, first: &[Event]) -> PortResult<()> {
        // When this fails the drop tries once more.
        self.held.release(first, &self.what).map(drop)
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        // A failure leaves the note, for the next act or the next start.
        let _ = self.held.release(&[], &self.what);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_keeps_its_meaning() {
        let note = Note { process: 7, start: 8, held: vec![Holdable::Key(17), Holdable::Left] };
        let text = serde_json::to_string(&note).unwrap();
        assert_eq!(text, r#"{"process":7,"start":8,"held":[{"key":17},"left"]}"#);
        assert_eq!(serde_json::from_str::<Note>(&text).unwrap(), note);
    }

    #[test]
    fn a_broken_or_overlong_note_counts_as_none() {
        let folder = std::env::temp_dir().join(format!("portcullis-held-{}", std::process::id()));
        let held = HeldInputs::new(folder.clone());
        assert!(held.read_note().is_none());
        held.write_note(&[Holdable::Key(0x87)]).unwrap();
        assert_eq!(held.read_note().unwrap().process, std::process::id());
        let many = vec![Holdable::Left; HELD_CAP + 1];
        for text in ["", "{", r#"{"process":1}"#, &serde_json::to_string(&many).unwrap()] {
            std::fs::write(held.note_path(), text).unwrap();
            assert!(held.read_note().is_none(), "{text}");
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
}
