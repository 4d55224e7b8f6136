//! Synthetic pointer and keyboard input. Every step names the window that it is meant for, and the port refuses when
//! another one would receive it. Keys and buttons that go down come up on every path out.

use crate::{Permit, PortResult};
use portcullis_model::{Cancel, Chord, Deadline, Key, Point, Resource};

/// A pointer button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Button {
    /// The primary one.
    Left,
    /// The secondary one.
    Right,
    /// The wheel, pressed.
    Middle,
}

/// What a pointer button does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointerButtonState {
    /// Goes down.
    Down,
    /// Comes up.
    Up,
}

/// One movement of the wheel: notches, positive away from the user and to the right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scroll {
    /// Vertical notches (of `WHEEL_DELTA` = 120).
    pub vertical: i32,
    /// Horizontal notches.
    pub horizontal: i32,
}

/// One act of the pointer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PointerAct {
    /// Go there.
    Move {
        /// Where to.
        to: Point,
    },
    /// Go there and press `count` times.
    Click {
        /// Where.
        at: Point,
        /// Which button.
        button: Button,
        /// 1 to 3.
        count: u8,
        /// Keys held meanwhile.
        held: Vec<Key>,
    },
    /// Press at one point, go to another in steps, release.
    Drag {
        /// Where the button goes down.
        from: Point,
        /// Where it comes up.
        to: Point,
        /// Which button.
        button: Button,
        /// Keys held meanwhile.
        held: Vec<Key>,
        /// How long the way takes.
        span: std::time::Duration,
    },
    /// Turn the wheel.
    Wheel {
        /// Where.
        at: Point,
        /// How far.
        scroll: Scroll,
    },
}

/// One step of keyboard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Text as Unicode, whatever the layout; surrogate pairs for what needs them. Line ends are the Enter key.
    Text(String),
    /// A chord, pressed this many times.
    Chord(Chord, u16),
}

/// The session's pointer and keyboard while one action uses them; dropped, the next may. It belongs to its thread, whose
/// own acts meanwhile do not wait for it.
pub trait InputTurn {}

/// Pointer and keyboard. One action at a time in the whole session: implementations hold a session-wide mutex.
pub trait InputPort: Send + Sync {
    /// Where the pointer is.
    fn pointer(&self) -> Option<Point>;

    /// Takes pointer and keyboard for an action of several acts (a window to the front, then keys), so that no other
    /// server acts in between. `InputBusy` when another keeps them; needs no permit, since it does nothing.
    fn turn(&self, deadline: Deadline, cancel: &Cancel) -> PortResult<Box<dyn InputTurn>>;

    /// One act of the pointer. `target` is who must receive it at the act's first point: an input target, or the bare
    /// desktop; checked under the session's input lock, just before the first event. Needs `SendInput` on it. Who is at the
    /// end of a drag is put to the permit before the release; a drag that does not get there is given up, with Escape
    /// or back where it began, so that nothing is dropped on the way.
    fn point(
        &self,
        permit: &Permit,
        target: &Resource,
        act: &PointerAct,
        deadline: Deadline,
        cancel: &Cancel,
    ) -> PortResult<()>;

    /// Keyboard input to the window that is in front, which must be `target`; steps are sent under one lock. Needs
    /// `SendInput` on it. Answers how many characters and chords were sent.
    fn press(
        &self,
        permit: &Permit,
        target: &Resource,
        steps: &[Step],
        deadline: Deadline,
        cancel: &Cancel,
    ) -> PortResult<usize>;

    /// Releases every key and button that this server, or one before it that was killed, holds down. Needs no permit: it
    /// only ends what was begun.
    fn release_all(&self) -> PortResult<usize>;
}
