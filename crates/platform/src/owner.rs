//! What belongs to the owner and to no tool: the session's stop signal, the stop key, and the rights that the server itself
//! was started with. None of it is part of [`crate::Ports`], so that nothing that a tool is handed can stop or resume.

use crate::{Chord, InputPort, InputTurn, Key, Permit, PointerAct, PortFault, PortResult, Step};
use portcullis_model::{Cancel, Deadline, Point, Resource, StopCause};
use std::sync::Arc;
use std::time::Duration;

/// The owner's word that all work of the session's servers stops. It stands until the owner takes it back; servers only
/// look at it.
pub trait StopPort: Send + Sync {
    /// What stops the work now, after waiting for it at most `limit`.
    fn look(&self, limit: Duration) -> PortResult<Option<StopCause>>;

    /// Stops the work of every server that looks here.
    fn set(&self) -> PortResult<()>;

    /// Takes the word back.
    fn clear(&self) -> PortResult<()>;
}

/// The chord by which the owner stops all work: one key that is no modifier, with Ctrl, Alt or Win. The constructor is the
/// check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StopChord(Chord);

impl StopChord {
    /// What such a chord must be, for who writes another.
    pub const RULE: &'static str = "a stop key is Ctrl, Alt or Win, perhaps Shift, and one letter, digit or named key that is no modifier, \
         which Windows does not keep for itself as it does ctrl+alt+delete and win+l; write ctrl+alt+shift+q, or none";

    /// What Windows acts on itself and hands to no program, whatever is pressed with it: the secure attention sequence, and
    /// what locks the session.
    const KEPT: [&'static str; 2] = ["ctrl+alt+delete", "win+l"];

    /// Reads `ctrl+alt+shift+q`.
    pub fn parse(text: &str) -> Option<Self> {
        let chord = Chord::parse(text).ok()?;
        let (last, before) = chord.0.split_last()?;
        let plain = match last {
            Key::Character(character) => character.is_ascii_alphanumeric(),
            Key::Named(_) => !last.is_modifier(),
        };
        let command =
            before.iter().any(|key| matches!(key, Key::Named(name) if matches!(name.as_str(), "ctrl" | "alt" | "win")));
        let kept = Self::KEPT.iter().filter_map(|kept| Chord::parse(kept).ok()).any(|kept| chord.presses(&kept));
        (plain && command && !kept && before.iter().all(|key| key.is_modifier())).then_some(Self(chord))
    }

    /// The keys.
    pub fn chord(&self) -> &Chord {
        &self.0
    }

    /// Whether who presses `other` presses all of these keys, by their names.
    pub fn is_within(&self, other: &Chord) -> bool {
        other.presses(&self.0)
    }
}

impl std::fmt::Display for StopChord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Who has the stop key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopKeyState {
    /// This server hears it.
    Ours,
    /// Another server of this session hears it; it stops this one too, which takes over when that one ends.
    AnotherServer,
    /// A program that is none of ours has taken it: it stops nothing.
    Taken,
}

/// The stop key while it is listened for; dropped, it is given back.
pub trait StopKeyWatch: Send {
    /// Who has it now.
    fn state(&self) -> StopKeyState;
}

/// The session's keyboard, as far as the owner's key goes.
pub trait StopKeyPort: Send + Sync {
    /// Listens for the key until the watch is dropped; `pressed` runs on a thread of the port's own each time.
    fn listen(&self, key: &StopChord, pressed: Box<dyn Fn() + Send + Sync>) -> PortResult<Box<dyn StopKeyWatch>>;

    /// Whether pressing `chord` now would press the key, as the keyboard's layout has it.
    fn would_press(&self, key: &StopChord, chord: &Chord) -> bool;
}

/// Rights that the server was started with and must not have unless its owner says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnRights {
    /// The token is elevated, or its integrity is high or above.
    pub elevated: bool,
    /// The user is the system itself.
    pub system: bool,
    /// The process is in session 0, where services are.
    pub service_session: bool,
}

impl OwnRights {
    /// What is too much, for people; nothing when the server runs as a signed-in user does.
    pub fn excess(self) -> Option<&'static str> {
        match self {
            Self { system: true, .. } => Some("as SYSTEM"),
            Self { service_session: true, .. } => Some("in session 0"),
            Self { elevated: true, .. } => Some("elevated"),
            Self { .. } => None,
        }
    }
}

/// How grave an event of ours is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventGravity {
    /// For the record.
    Information,
    /// For the owner to look at.
    Warning,
    /// Something of ours does not work any more.
    Error,
}

/// The system's log of events, as far as our own go. It is written to and never read: what stands there is for the system's
/// own programs, and for an account that we are not.
pub trait EventLogPort: Send + Sync {
    /// Writes one event of this number with this text. That the system took it is known then, not that it keeps it.
    fn write(&self, number: u32, gravity: EventGravity, text: &str) -> PortResult<()>;
}

/// What the owner has to the machine, beside the ports of tools.
#[derive(Clone)]
pub struct OwnerPorts {
    /// The session's stop signal.
    pub stop: Arc<dyn StopPort>,
    /// The stop key.
    pub key: Arc<dyn StopKeyPort>,
    /// The system's log of events.
    pub events: Arc<dyn EventLogPort>,
}

/// Pointer and keyboard without the stop key: a caller may not press it. What the record says the owner did must have been
/// the owner, and one caller must not stop the work of others.
pub struct InputWithoutStopKey {
    input: Arc<dyn InputPort>,
    keyboard: Arc<dyn StopKeyPort>,
    key: StopChord,
}

impl InputWithoutStopKey {
    /// `input`, but for the key.
    pub fn new(input: Arc<dyn InputPort>, keyboard: Arc<dyn StopKeyPort>, key: StopChord) -> Self {
        Self { input, keyboard, key }
    }
}

impl InputPort for InputWithoutStopKey {
    fn pointer(&self) -> Option<Point> {
        self.input.pointer()
    }

    fn turn(&self, deadline: Deadline, cancel: &Cancel) -> PortResult<Box<dyn InputTurn>> {
        self.input.turn(deadline, cancel)
    }

    fn point(
        &self,
        permit: &Permit,
        target: &Resource,
        act: &PointerAct,
        deadline: Deadline,
        cancel: &Cancel,
    ) -> PortResult<()> {
        // Keys held meanwhile press nothing by themselves, and the key itself is no modifier.
        self.input.point(permit, target, act, deadline, cancel)
    }

    fn press(
        &self,
        permit: &Permit,
        target: &Resource,
        steps: &[Step],
        deadline: Deadline,
        cancel: &Cancel,
    ) -> PortResult<usize> {
        let reserved = |step: &Step| match step {
            Step::Chord(chord, _) => self.keyboard.would_press(&self.key, chord),
            Step::Text(_) => false,
        };
        if steps.iter().any(reserved) {
            return Err(PortFault::StopKey);
        }
        self.input.press(permit, target, steps, deadline, cancel)
    }

    fn release_all(&self) -> PortResult<usize> {
        self.input.release_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_key_is_a_command_with_one_key() {
        for (text, shown) in [
            ("ctrl+alt+shift+q", "ctrl+alt+shift+q"),
            ("Control+Q", "ctrl+q"),
            ("win+pause", "win+pause"),
            ("alt+F12", "alt+f12"),
            ("alt+delete", "alt+delete"),
            ("ctrl+l", "ctrl+l"),
        ] {
            assert_eq!(StopChord::parse(text).unwrap().to_string(), shown, "{text}");
        }
        for text in ["", "q", "shift+q", "ctrl", "ctrl+alt", "ctrl+q+w", "ctrl+ä", "ctrl++", "ctrl+nothing", "none"] {
            assert_eq!(StopChord::parse(text), None, "{text}");
        }
        for kept in ["ctrl+alt+delete", "alt+ctrl+del", "ctrl+alt+shift+delete", "win+l", "win+shift+L"] {
            assert!(Chord::parse(kept).is_ok() && StopChord::parse(kept).is_none(), "{kept}");
        }
    }

    #[test]
    fn a_chord_with_all_keys_of_the_stop_key_presses_it() {
        let key = StopChord::parse("ctrl+alt+shift+q").unwrap();
        for (text, within) in [
            ("ctrl+alt+shift+q", true),
            ("shift+alt+ctrl+Q", true),
            ("win+ctrl+alt+shift+q", true),
            ("ctrl+alt+shift+q+a", true),
            ("ctrl+alt+q", false),
            ("ctrl+alt+shift+w", false),
        ] {
            assert_eq!(key.is_within(&Chord::parse(text).unwrap()), within, "{text}");
        }
    }
}
