//! Synthetic pointer and keyboard input. Every step names the window that it is meant for, and the port refuses when
//! another one would receive it. Keys and buttons that go down come up on every path out.

use crate::{Permit, PortResult};
use portcullis_model::{Cancel, Deadline, Point, Resource};

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

/// A key by its name, independent of the keyboard layout: the constructor is the check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyName(pub(crate) &'static str);

impl KeyName {
    /// The canonical name, lower case: `ctrl`, `f5`, `page_up`.
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

/// One key of a chord.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// A named key.
    Named(KeyName),
    /// The key that gives this character on the current layout.
    Character(char),
}

/// Keys pressed together: all but the last are held while the last is pressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chord(pub Vec<Key>);

/// One step of keyboard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Text as Unicode, whatever the layout; surrogate pairs for what needs them. Line ends are the Enter key.
    Text(String),
    /// A chord, pressed this many times.
    Chord(Chord, u16),
}

/// Names of keys, with the aliases that people and other servers use. The first of each row is canonical.
const KEY_NAMES: &[&[&str]] = &[
    &["alt", "menu", "option"],
    &["apps", "contextmenu", "context_menu"],
    &["backspace", "back", "bksp"],
    &["caps_lock", "capslock"],
    &["ctrl", "control"],
    &["delete", "del"],
    &["down", "arrowdown", "arrow_down"],
    &["end"],
    &["enter", "return"],
    &["escape", "esc"],
    &["home"],
    &["insert", "ins"],
    &["left", "arrowleft", "arrow_left"],
    &["num_lock", "numlock"],
    &["page_down", "pagedown", "pgdn", "pgdown"],
    &["page_up", "pageup", "pgup"],
    &["pause", "break"],
    &["print_screen", "printscreen", "prtsc"],
    &["right", "arrowright", "arrow_right"],
    &["scroll_lock", "scrolllock"],
    &["shift"],
    &["space", "spacebar"],
    &["tab"],
    &["up", "arrowup", "arrow_up"],
    &["win", "windows", "command", "cmd", "super", "meta"],
    &["f1"],
    &["f2"],
    &["f3"],
    &["f4"],
    &["f5"],
    &["f6"],
    &["f7"],
    &["f8"],
    &["f9"],
    &["f10"],
    &["f11"],
    &["f12"],
    &["f13"],
    &["f14"],
    &["f15"],
    &["f16"],
    &["f17"],
    &["f18"],
    &["f19"],
    &["f20"],
    &["f21"],
    &["f22"],
    &["f23"],
    &["f24"],
    &["volume_up", "volumeup"],
    &["volume_down", "volumedown"],
    &["volume_mute", "volumemute", "mute"],
];

impl Key {
    /// Parses one key: a name in any case, or one character.
    pub fn parse(text: &str) -> Option<Self> {
        let mut characters = text.chars();
        if let (Some(only), None) = (characters.next(), characters.next()) {
            return (!only.is_control()).then_some(if only == ' ' {
                Self::Named(KeyName("space"))
            } else {
                Self::Character(only)
            });
        }
        let wanted = text.to_lowercase();
        let row = KEY_NAMES.iter().find(|row| row.contains(&wanted.as_str()))?;
        row.first().map(|name| Self::Named(KeyName(name)))
    }

    /// Every canonical key name, for "did you mean".
    pub fn names() -> impl Iterator<Item = &'static str> {
        KEY_NAMES.iter().filter_map(|row| row.first().copied())
    }

    /// Whether the key only changes what others mean.
    pub fn is_modifier(self) -> bool {
        matches!(self, Self::Named(KeyName("alt" | "ctrl" | "shift" | "win")))
    }
}

impl Chord {
    /// Parses `ctrl+shift+s`; a plus sign itself is the last part: `ctrl++` or `+`. The error is the part that is no key.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (rest, plus) = match text.strip_suffix('+') {
            Some(rest) if rest.is_empty() || rest.ends_with('+') => (rest.strip_suffix('+').unwrap_or(rest), true),
            _ => (text, false),
        };
        let mut keys = Vec::new();
        if !rest.is_empty() {
            for part in rest.split('+') {
                let part = part.trim();
                keys.push(Key::parse(part).ok_or_else(|| part.to_owned())?);
            }
        }
        if plus {
            keys.push(Key::Character('+'));
        }
        if keys.is_empty() { Err(text.to_owned()) } else { Ok(Self(keys)) }
    }
}

/// Pointer and keyboard. One action at a time in the whole session: implementations hold a session-wide mutex.
pub trait InputPort: Send + Sync {
    /// Where the pointer is.
    fn pointer(&self) -> Option<Point>;

    /// One act of the pointer. `target` is who must receive it at the act's first point: an input target, or the bare
    /// desktop; checked under the session's input lock, just before the first event. Needs `SendInput` on it.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Result<Vec<String>, String> {
        Chord::parse(text).map(|Chord(keys)| {
            keys.iter()
                .map(|key| match key {
                    Key::Named(name) => name.as_str().to_owned(),
                    Key::Character(character) => format!("'{character}'"),
                })
                .collect()
        })
    }

    #[test]
    fn chords_are_parsed_by_name_alias_and_character() {
        for (text, expected) in [
            ("ctrl+c", vec!["ctrl", "'c'"]),
            ("Control + Shift + Esc", vec!["ctrl", "shift", "escape"]),
            ("win", vec!["win"]),
            ("ctrl++", vec!["ctrl", "'+'"]),
            ("+", vec!["'+'"]),
            ("alt+space", vec!["alt", "space"]),
            ("ctrl+ä", vec!["ctrl", "'ä'"]),
        ] {
            assert_eq!(words(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_key_is_named() {
        for (text, part) in [("ctrl+foo", "foo"), ("", ""), ("ctrl+", ""), ("a++b", "")] {
            assert_eq!(words(text).unwrap_err(), part, "{text}");
        }
    }
}
