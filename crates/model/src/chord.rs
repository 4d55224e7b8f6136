//! Keys and chords by name, as callers and owners write them. What a key does is not known here, and nothing is pressed.

use serde::{Serialize, Serializer};
use std::fmt;

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
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Chord(pub Vec<Key>);

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

    /// Whether who presses this presses all keys of `other`. A letter's case is none of its key. A character that is neither
    /// a letter nor a digit of ASCII may lie on any key of a layout, so it counts as any character.
    pub fn presses(&self, other: &Self) -> bool {
        let is_known = |character: char| character.is_ascii_alphanumeric();
        let is_same = |pressed: &Key, wanted: &Key| match (pressed, wanted) {
            (Key::Character(pressed), Key::Character(wanted)) => {
                pressed.eq_ignore_ascii_case(wanted) || !is_known(*pressed)
            }
            (pressed, wanted) => pressed == wanted,
        };
        other.0.iter().all(|wanted| self.0.iter().any(|pressed| is_same(pressed, wanted)))
    }

    /// Whether a character among them may lie on any key of a layout, as all but the letters and digits of ASCII may.
    pub fn has_sign(&self) -> bool {
        self.0.iter().any(|key| matches!(key, Key::Character(character) if !character.is_ascii_alphanumeric()))
    }

    /// Whether the key of this name is among them.
    pub fn holds(&self, name: &str) -> bool {
        self.0.iter().any(|key| matches!(key, Key::Named(named) if named.0 == name))
    }

    /// The chord as it is written, each character by `shown`.
    fn write(&self, f: &mut fmt::Formatter<'_>, shown: impl Fn(char) -> char) -> fmt::Result {
        for (index, key) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("+")?;
            }
            match key {
                Key::Named(name) => f.write_str(name.as_str())?,
                Key::Character(character) => write!(f, "{}", shown(*character))?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, |character| character.to_ascii_lowercase())
    }
}

/// A chord for the record: keys that are pressed one by one may spell a secret, so a character stands as `*`.
struct Masked<'chord>(&'chord Chord);

impl fmt::Display for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write(f, |_| '*')
    }
}

impl Serialize for Chord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Masked(self))
    }
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

    #[test]
    fn a_chord_presses_what_all_its_keys_press_whatever_their_order_and_layout() {
        for (pressed, other, presses) in [
            ("win+r", "win+r", true),
            ("R+win", "win+r", true),
            ("win+shift+r", "win+r", true),
            ("win+e", "win+r", false),
            ("win+\u{43a}", "win+r", true),
            ("ctrl+r", "win+r", false),
            ("ctrl+shift+esc", "ctrl+escape", true),
        ] {
            let (one, two) = (Chord::parse(pressed).unwrap(), Chord::parse(other).unwrap());
            assert_eq!(one.presses(&two), presses, "{pressed} {other}");
        }
    }

    #[test]
    fn the_record_of_a_chord_holds_no_character() {
        let chord = Chord::parse("Control+Shift+P").unwrap();
        assert_eq!(chord.to_string(), "ctrl+shift+p");
        assert_eq!(serde_json::to_value(&chord).unwrap(), "ctrl+shift+*");
    }
}
