//! What is held down, and how it comes up again on every path: a guard for returns and panics, a call for stops, and a
//! note on disk for a process that was killed. Nothing is pressed here that is not noted first.

use super::events::{Event, Holdable, send};
use super::lock::InputLock;
use super::target;
use crate::security::UserOnly;
use crate::session::own_session;
use portcullis_model::{Cancel, CancelReason, Deadline, Point, Resource};
use portcullis_platform::{PortFault, PortResult, SessionState};
use serde::{Deserialize, Serialize};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use windows::Win32::Foundation::ERROR_ALREADY_EXISTS;
use windows::Win32::Storage::FileSystem::CreateDirectoryW;
use windows::core::{HRESULT, HSTRING};

/// Keys and buttons that can be held at once; more than a person has fingers for.
const HELD_CAP: usize = 16;
/// Bytes of a note; a longer file is none of ours.
const NOTE_CAP: u64 = 4_096;
/// How long `release_all` waits for input under way to end before it looks at notes.
const RELEASE_WAIT: Duration = Duration::from_millis(100);
/// The key that ends a drag without a drop.
const VK_ESCAPE: u16 = 0x1B;

/// What is held. Read at the next start when its writer was killed.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    held: Vec<Holdable>,
}

/// What this process holds down.
pub(super) struct HeldInputs {
    folder: Option<PathBuf>,
    now: Mutex<Now>,
}

#[derive(Default)]
struct Now {
    /// In the order of going down.
    held: Vec<Holdable>,
    /// Where the drag began that holds a button.
    drag: Option<Origin>,
}

/// Where a drag began.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    /// Who was there.
    pub(super) target: Resource,
    /// At which point.
    pub(super) at: Point,
}

/// How a drag ends that does not reach its end, so that it drops nothing on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// By Escape; only while its own window has the keyboard, since another one would take the key for its own.
    Escape,
    /// Where it began, while its own window is there.
    Back(Point),
    /// Where the pointer is: nothing better is left.
    Here,
}

impl Origin {
    fn end(&self) -> End {
        if target::has_keyboard(&self.target) {
            End::Escape
        } else if target::has_pointer(&self.target, self.at) {
            End::Back(self.at)
        } else {
            End::Here
        }
    }
}

impl HeldInputs {
    /// Without a folder for notes nothing can be held.
    pub(super) fn new(folder: Option<PathBuf>) -> Self {
        Self { folder, now: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Now> {
        // Plain values, whole at every moment, so a poisoned lock loses nothing.
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes `what`, then presses it in order. It comes up, last first, when the guard is dropped. The note of a dead
    /// process must have been dealt with (`release_abandoned`): there is one note for a session.
    pub(super) fn hold(&self, what: &[Holdable]) -> PortResult<Hold<'_>> {
        self.hold_after(&[], what, None)
    }

    /// The same for the button of a drag that begins at `from`, with `first` sent in one batch with the press, so that
    /// nothing comes between.
    pub(super) fn hold_for_drag(&self, first: &[Event], button: Holdable, from: Origin) -> PortResult<Hold<'_>> {
        self.hold_after(first, &[button], Some(from))
    }

    fn hold_after(&self, first: &[Event], what: &[Holdable], drag: Option<Origin>) -> PortResult<Hold<'_>> {
        if what.is_empty() {
            return Ok(Hold { held: self, what: Vec::new() });
        }
        let mut now = self.lock();
        let mut new: Vec<Holdable> = what.iter().copied().filter(|one| !now.held.contains(one)).collect();
        let before = now.held.len();
        if before + new.len() > HELD_CAP {
            return Err(PortFault::NotOperable(format!("hold more than {HELD_CAP} keys at once")));
        }
        now.held.extend(&new);
        if let Err(fault) = self.write_note(&now.held) {
            // Nothing went down: a key of `what` that is down is a person's.
            now.held.truncate(before);
            return Err(fault);
        }
        let downs = new.iter().copied().map(Event::Down);
        let pressed = send(&first.iter().copied().chain(downs).collect::<Vec<_>>());
        if pressed.is_err() {
            // What was taken of the batch came up again with it, unless that failed too.
            new.retain(|one| one.is_down());
            now.held.truncate(before);
            now.held.extend(&new);
        } else if drag.is_some() {
            now.drag = drag;
        }
        if now.held.is_empty() {
            self.remove_note();
        }
        drop(now);
        // After a failure the drop of the guard releases what is left.
        let hold = Hold { held: self, what: new };
        pressed.map(|()| hold)
    }

    /// Releases those of `what` that are still noted as held, last first, after `first` in the same batch; answers how
    /// many.
    fn release(&self, first: &[Event], what: &[Holdable]) -> PortResult<usize> {
        let mut now = self.lock();
        let ups: Vec<Event> =
            what.iter().rev().filter(|one| now.held.contains(one)).map(|one| Event::Up(*one)).collect();
        if ups.is_empty() {
            return Ok(0);
        }
        // When this fails the keys stay noted, so that a later release can try again.
        send(&[first, &ups].concat())?;
        now.held.retain(|one| !what.contains(one));
        if now.held.iter().all(|one| one.is_key()) {
            now.drag = None;
        }
        if now.held.is_empty() {
            self.remove_note();
        } else {
            self.write_note(&now.held)?;
        }
        Ok(ups.len())
    }

    /// Everything that this process holds comes up before its time; answers how much. A drag drops nothing then.
    pub(super) fn give_up(&self) -> PortResult<usize> {
        let mut now = self.lock();
        if now.held.is_empty() {
            return Ok(0);
        }
        let end = now.drag.as_ref().map_or(End::Here, Origin::end);
        // When this fails all stays noted, so that a later release can try again.
        send(&given_up(&now.held, end))?;
        let count = now.held.len();
        *now = Now::default();
        self.remove_note();
        Ok(count)
    }

    /// Everything that this process holds comes up, and everything that a killed one left.
    pub(super) fn release_all(&self) -> PortResult<usize> {
        let own = self.give_up()?;
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
        if now.held.is_empty() && note.is_none() {
            return Ok(0);
        }
        let mut left = std::mem::take(&mut *now).held;
        left.extend(note.map(|note| note.held).unwrap_or_default().into_iter().filter(|one| one.is_down()));
        let ups: Vec<Event> = left.iter().rev().copied().map(Event::Up).collect();
        if let Err(fault) = send(&ups) {
            left.truncate(HELD_CAP);
            now.held = left;
            return Err(fault);
        }
        self.remove_note();
        Ok(ups.len())
    }

    fn note_path(&self) -> Option<PathBuf> {
        Some(self.folder.as_ref()?.join(format!("held-{}.json", own_session().unwrap_or(0))))
    }

    /// The whole note comes in place of the one before in one step: a kill meanwhile leaves one of the two.
    fn write_note(&self, held: &[Holdable]) -> PortResult<()> {
        let (Some(folder), Some(path)) = (&self.folder, self.note_path()) else {
            return Err(PortFault::Unsupported("there is no folder for the note of keys that are held".to_owned()));
        };
        let text = serde_json::to_string(&Note { held: held.to_vec() })
            .map_err(|_| PortFault::Unsupported("a note of held keys cannot be written".to_owned()))?;
        let beside = path.with_extension("new");
        let written = std::fs::write(&beside, &text).or_else(|_| {
            make_folder(folder)?;
            std::fs::write(&beside, &text)
        });
        written.and_then(|()| std::fs::rename(&beside, &path)).map_err(|error| PortFault::System {
            call: "WriteFile",
            code: error.raw_os_error().map_or(0, i32::cast_unsigned),
        })
    }

    /// The note, when there is a whole one; a broken one is none of ours.
    fn read_note(&self) -> Option<Note> {
        let mut text = String::new();
        let file = std::fs::File::open(self.note_path()?).ok()?;
        file.take(NOTE_CAP).read_to_string(&mut text).ok()?;
        let note: Note = serde_json::from_str(&text).ok()?;
        (note.held.len() <= HELD_CAP).then_some(note)
    }

    fn remove_note(&self) {
        // A note that stays names keys that are up; the next reader finds them so.
        let _ = self.note_path().map(std::fs::remove_file);
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

/// What brings up all that is held when an act ends before its time: keys first, because Escape beside Ctrl or Alt is
/// another command, then what ends a drag, then the buttons.
fn given_up(held: &[Holdable], end: End) -> Vec<Event> {
    let (keys, buttons): (Vec<Holdable>, Vec<Holdable>) = held.iter().rev().partition(|one| one.is_key());
    let escape = Holdable::Key(VK_ESCAPE);
    let before = match end {
        _ if buttons.is_empty() => Vec::new(),
        End::Escape => vec![Event::Down(escape), Event::Up(escape)],
        End::Back(point) => vec![Event::MoveTo(point)],
        End::Here => Vec::new(),
    };
    let ups = |what: Vec<Holdable>| what.into_iter().map(Event::Up);
    ups(keys).chain(before).chain(ups(buttons)).collect()
}

/// Keys and buttons that are down as long as this lives.
pub(super) struct Hold<'held> {
    held: &'held HeldInputs,
    what: Vec<Holdable>,
}

impl Hold<'_> {
    /// Sends `events` while all of this is down: a key that somebody at the keyboard released goes down again with them.
    /// Fails when it was released for all (a stop): nothing goes down after that.
    pub(super) fn press(&self, events: &[Event]) -> PortResult<()> {
        let now = self.held.lock();
        if !self.what.iter().all(|one| now.held.contains(one)) {
            return Err(CancelReason::Stop.into());
        }
        let again = self.what.iter().copied().filter(|one| !one.is_down()).map(Event::Down);
        send(&again.chain(events.iter().copied()).collect::<Vec<_>>())
    }

    /// Lets go now, and tells when that failed or had happened before (a stop).
    pub(super) fn end(self) -> PortResult<()> {
        self.end_after(&[])
    }

    /// The same, with `first` sent in one batch with the release.
    pub(super) fn end_after(self, first: &[Event]) -> PortResult<()> {
        // When this fails the drop tries once more.
        let count = self.held.release(first, &self.what)?;
        if count == self.what.len() { Ok(()) } else { Err(CancelReason::Stop.into()) }
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
        let note = Note { held: vec![Holdable::Key(17), Holdable::Left] };
        let text = serde_json::to_string(&note).unwrap();
        assert_eq!(text, r#"{"held":[{"key":17},"left"]}"#);
        assert_eq!(serde_json::from_str::<Note>(&text).unwrap(), note);
        // Notes of earlier versions said also who wrote them.
        let earlier = r#"{"process":7,"start":8,"held":[{"key":17},"left"]}"#;
        assert_eq!(serde_json::from_str::<Note>(earlier).unwrap(), note);
    }

    #[test]
    fn a_drag_that_is_given_up_drops_nothing() {
        let [ctrl, shift] = [0x11, 0x10].map(Holdable::Key);
        let escape = Holdable::Key(VK_ESCAPE);
        let tap = [Event::Down(escape), Event::Up(escape)];
        let keys = [Event::Up(shift), Event::Up(ctrl)];
        let up = [Event::Up(Holdable::Left)];
        let drag = [ctrl, shift, Holdable::Left];
        let back = Point { x: 3, y: 4 };
        assert_eq!(given_up(&drag, End::Escape), [&keys[..], &tap, &up].concat());
        assert_eq!(given_up(&drag, End::Back(back)), [&keys[..], &[Event::MoveTo(back)], &up].concat());
        assert_eq!(given_up(&drag, End::Here), [&keys[..], &up].concat());
        assert_eq!(given_up(&[ctrl, shift], End::Escape), keys);
    }

    fn folder(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("portcullis-{name}-{}", std::process::id()))
    }

    #[test]
    fn a_broken_or_overlong_note_counts_as_none() {
        let folder = folder("held");
        let held = HeldInputs::new(Some(folder.clone()));
        assert!(held.read_note().is_none());
        held.write_note(&[Holdable::Key(0x87)]).unwrap();
        held.write_note(&[Holdable::Key(0x86)]).unwrap();
        assert_eq!(held.read_note().unwrap().held, [Holdable::Key(0x86)]);
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
        let many = serde_json::to_string(&Note { held: vec![Holdable::Left; HELD_CAP + 1] }).unwrap();
        for text in ["", "{", r#"{"process":1}"#, &many] {
            std::fs::write(held.note_path().unwrap(), text).unwrap();
            assert!(held.read_note().is_none(), "{text}");
        }
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_cannot_be_noted_is_not_held_and_not_released() {
        let path = folder("no-folder");
        std::fs::write(&path, "a file where the folder should be").unwrap();
        for held in [HeldInputs::new(None), HeldInputs::new(Some(path.clone()))] {
            assert!(held.hold(&[Holdable::Key(0x87)]).is_err());
            assert!(held.lock().held.is_empty());
            assert_eq!(held.give_up(), Ok(0));
        }
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn nothing_goes_down_after_all_was_released() {
        let folder = folder("stopped");
        let held = HeldInputs::new(Some(folder.clone()));
        let hold = Hold { held: &held, what: vec![Holdable::Key(0x87)] };
        assert_eq!(hold.press(&[]), Err(CancelReason::Stop.into()));
        assert_eq!(hold.end(), Err(CancelReason::Stop.into()));
        assert!(!Holdable::Key(0x87).is_down());
        assert!(!folder.exists());
    }
}
