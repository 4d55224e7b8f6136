//! Text and chords. Text goes as Unicode packets, down and up in one call, so that no kill can leave a key down; chords
//! that are pressed more than once hold their keys under a guard.

use super::drain::Drain;
use super::events::{Event, Holdable, send};
use super::held::HeldInputs;
use super::{keys, target};
use portcullis_model::{Cancel, CancelReason, Deadline, Resource};
use portcullis_platform::{Chord, Permit, PortFault, PortResult, Step};
use std::time::Duration;
use windows::Win32::Foundation::HWND;

/// Characters that one call of `SendInput` carries. Between two calls the receiving window catches up.
const TEXT_CHUNK: usize = 100;
/// How long the window has to take the last of a text before the call returns all the same.
const TAIL_WAIT: Duration = Duration::from_secs(1);
/// How long no window may have the keyboard while another one is activated.
const FOREGROUND_WAIT: Duration = Duration::from_millis(200);
/// Time between two looks for a window that has it.
const FOREGROUND_LOOK: Duration = Duration::from_millis(3);

const VK_TAB: u16 = 0x09;
const VK_RETURN: u16 = 0x0D;

/// Performs the steps; answers how many characters and chords were sent. The caller holds the input lock.
pub(super) fn perform(
    held: &HeldInputs,
    permit: &Permit,
    target: &Resource,
    steps: &[Step],
    deadline: Deadline,
    cancel: &Cancel,
) -> PortResult<usize> {
    let call = Press { held, permit, target, deadline, cancel };
    // A call without steps still tells whether the target is there.
    call.foreground()?;
    let mut sent = 0;
    for step in steps {
        sent += match step {
            Step::Text(text) => call.text(text)?,
            Step::Chord(chord, times) => call.chord(chord, *times)?,
        };
    }
    Ok(sent)
}

struct Press<'call> {
    held: &'call HeldInputs,
    permit: &'call Permit,
    target: &'call Resource,
    deadline: Deadline,
    cancel: &'call Cancel,
}

impl Press<'_> {
    /// The window that has the keyboard, once it is the one that was meant. Asked before every call of `SendInput`,
    /// since a person may bring another window to the front at any time. While none has it, the next is waited for.
    fn foreground(&self) -> PortResult<HWND> {
        self.cancel.check()?;
        if self.deadline.passed() {
            return Err(CancelReason::Deadline.into());
        }
        let until = self.deadline.slice(FOREGROUND_WAIT);
        while target::foreground().is_none() && !until.passed() {
            self.cancel.wait(FOREGROUND_LOOK)?;
        }
        target::check_keyboard(self.permit, self.target)
    }

    /// As `foreground`, after waiting for the window's focus, which takes a while just when windows change: the window that
    /// was waited for must still have the keyboard, since it is that one whose progress is then watched.
    fn settled(&self, before: impl FnOnce(HWND) -> PortResult<Drain>) -> PortResult<Drain> {
        let first = self.foreground()?;
        let drain = before(first)?;
        if self.foreground()? != first {
            return Err(PortFault::Gone);
        }
        Ok(drain)
    }

    fn text(&self, text: &str) -> PortResult<usize> {
        let mut sent = 0;
        let mut chunks = chunks(text).into_iter().peekable();
        while let Some(chunk) = chunks.next() {
            let drain = self.settled(|window| Drain::before(window, self.deadline, self.cancel))?;
            send(&chunk.events)?;
            sent += chunk.characters;
            if chunks.peek().is_none() {
                self.wait_for_tail(&drain, chunk.grown)?;
            } else if chunk.moves_on {
                drain.after(chunk.grown, self.deadline, self.cancel)?;
            } else {
                drain.between(chunk.grown, self.deadline, self.cancel)?;
            }
        }
        Ok(sent)
    }

    /// Keeps the lock while the window takes the last that was sent, so that the next server does not bring another
    /// window to the front too early. What is sent is sent: a window that is slow or hangs does not make that untrue.
    fn wait_for_tail(&self, drain: &Drain, sent: usize) -> PortResult<()> {
        let _ = drain.after(sent, self.deadline.slice(TAIL_WAIT), self.cancel);
        Ok(self.cancel.check()?)
    }

    fn chord(&self, chord: &Chord, times: u16) -> PortResult<usize> {
        let plan = keys::plan(chord)?;
        if times == 0 {
            return Ok(0);
        }
        let press = [Event::Down(plan.pressed), Event::Up(plan.pressed)];
        let drain = self.settled(|window| Drain::of_thread(window, self.deadline, self.cancel))?;
        if times == 1 {
            send(&whole(&plan.held, &press))?;
            self.wait_for_tail(&drain, plan.held.len() + 1)?;
            return Ok(1);
        }
        let keys = self.held.hold(&plan.held)?;
        for _ in 0..times {
            self.foreground()?;
            keys.press(&press)?;
            drain.between(1, self.deadline, self.cancel)?;
        }
        keys.end()?;
        self.wait_for_tail(&drain, usize::from(times))?;
        Ok(usize::from(times))
    }
}

/// A chord as one batch: held keys down in order, the press, held keys up in reverse.
fn whole(held: &[Holdable], press: &[Event]) -> Vec<Event> {
    let downs = held.iter().copied().map(Event::Down);
    let ups = held.iter().rev().copied().map(Event::Up);
    downs.chain(press.iter().copied()).chain(ups).collect()
}

/// What one call of `SendInput` carries of a text.
struct Chunk {
    events: Vec<Event>,
    /// Characters, a line end counting as one.
    characters: usize,
    /// UTF-16 units by which a text field grows, a line end counting as two.
    grown: usize,
    /// Whether it ends in a key that may close a window or go to the next field: what follows needs another look at who
    /// has the keyboard.
    moves_on: bool,
}

/// A text as batches of events. A character is never split; `\r\n`, `\n` and `\r` are the Enter key, a tab its own, and
/// nothing follows either in its batch.
fn chunks(text: &str) -> Vec<Chunk> {
    let mut chunks: Vec<Chunk> = Vec::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if character == '\r' && characters.peek() == Some(&'\n') {
            continue;
        }
        let room = chunks.last_mut().filter(|chunk| chunk.characters < TEXT_CHUNK && !chunk.moves_on);
        let chunk = match room {
            Some(chunk) => chunk,
            None => chunks.push_mut(Chunk { events: Vec::new(), characters: 0, grown: 0, moves_on: false }),
        };
        chunk.characters += 1;
        chunk.moves_on = matches!(character, '\r' | '\n' | '\t');
        match character {
            '\r' | '\n' => {
                chunk.events.extend(tap(VK_RETURN));
                chunk.grown += 2;
            }
            '\t' => {
                chunk.events.extend(tap(VK_TAB));
                chunk.grown += 1;
            }
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    chunk.events.extend([Event::UnitDown(*unit), Event::UnitUp(*unit)]);
                    chunk.grown += 1;
                }
            }
        }
    }
    chunks
}

fn tap(code: u16) -> [Event; 2] {
    [Event::Down(Holdable::Key(code)), Event::Up(Holdable::Key(code))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters() {
        let text = "🙂".repeat(TEXT_CHUNK) + "é";
        let parts = chunks(&text);
        let counts: Vec<_> = parts.iter().map(|part| (part.characters, part.grown, part.events.len())).collect();
        assert_eq!(counts, [(TEXT_CHUNK, 2 * TEXT_CHUNK, 4 * TEXT_CHUNK), (1, 1, 2)]);
        assert!(chunks("").is_empty());
    }

    #[test]
    fn every_line_end_is_one_enter_and_nothing_follows_it_unseen() {
        let enter = tap(VK_RETURN);
        let unit = |unit| [Event::UnitDown(unit), Event::UnitUp(unit)];
        let expected = [
            ([unit(0x61), enter].concat(), 2, true),
            ([unit(0x62), enter].concat(), 2, true),
            ([unit(0x63), enter].concat(), 2, true),
            (tap(VK_TAB).to_vec(), 1, true),
            ([unit(0xD83D), unit(0xDE42)].concat(), 1, false),
        ];
        let parts: Vec<_> =
            chunks("a\r\nb\nc\r\t🙂").into_iter().map(|part| (part.events, part.characters, part.moves_on)).collect();
        assert_eq!(parts, expected);
    }

    #[test]
    fn a_chord_comes_up_in_reverse() {
        let [ctrl, shift, s] = [0x11, 0x10, 0x53].map(Holdable::Key);
        let batch = whole(&[ctrl, shift], &[Event::Down(s), Event::Up(s)]);
        let expected =
            [Event::Down(ctrl), Event::Down(shift), Event::Down(s), Event::Up(s), Event::Up(shift), Event::Up(ctrl)];
        assert_eq!(batch, expected);
    }
}
