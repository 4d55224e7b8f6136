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
    &["alt", "menu", "option", "altleft"],
    &["apps", "contextmenu", "context_menu"],
    &["backspace", "back", "bksp"],
    &["caps_lock", "capslock"],
    &["ctrl", "control", "ctrlleft", "ctrlright"],
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
    &["shift", "shiftleft", "shiftright"],
    &["space", "spacebar"],
    &["tab"],
    &["up", "arrowup", "arrow_up"],
    &["win", "windows", "command", "cmd", "super", "meta", "winleft", "winright"],
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
    &["num0", "numpad0", "numpad_0"],
    &["num1", "numpad1", "numpad_1"],
    &["num2", "numpad2", "numpad_2"],
    &["num3", "numpad3", "numpad_3"],
    &["num4", "numpad4", "numpad_4"],
    &["num5", "numpad5", "numpad_5"],
    &["num6", "numpad6", "numpad_6"],
    &["num7", "numpad7", "numpad_7"],
    &["num8", "numpad8", "numpad_8"],
    &["num9", "numpad9", "numpad_9"],
    &["num_add", "add", "numpad_add"],
    &["num_subtract", "subtract", "numpad_subtract"],
    &["num_multiply", "multiply", "numpad_multiply"],
    &["num_divide", "divide", "numpad_divide"],
    &["num_decimal", "decimal", "numpad_decimal"],
    &["num_separator", "separator"],
    &["media_play", "playpause", "media_play_pause"],
    &["media_next", "nexttrack"],
    &["media_previous", "prevtrack"],
    &["media_stop"],
    &["browser_back", "browserback"],
    &["browser_forward", "browserforward"],
    &["browser_refresh", "browserrefresh"],
    &["browser_stop", "browserstop"],
    &["clear"],
    &["help"],
    &["select"],
    &["execute"],
    &["print"],
];

/// What the keys of the number block write, by name: beside the same sign of the main block they are keys of their own, which
/// programs take for the same.
const NUMBER_BLOCK: &[(&str, char)] = &[
    ("num0", '0'),
    ("num1", '1'),
    ("num2", '2'),
    ("num3", '3'),
    ("num4", '4'),
    ("num5", '5'),
    ("num6", '6'),
    ("num7", '7'),
    ("num8", '8'),
    ("num9", '9'),
    ("num_add", '+'),
    ("num_subtract", '-'),
    ("num_multiply", '*'),
    ("num_divide", '/'),
    ("num_decimal", '.'),
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

    /// The sign that the key writes alone: a character's, or that of a key of the number block.
    pub fn sign(self) -> Option<char> {
        match self {
            Self::Character(character) => Some(character),
            Self::Named(KeyName(name)) => {
                NUMBER_BLOCK.iter().find(|(key, _)| *key == name).map(|(_, character)| *character)
            }
        }
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
    /// a letter nor a digit of ASCII may lie on any key of a layout, so it counts as any character. A key of the number block
    /// counts as the sign that it writes, too.
    pub fn presses(&self, other: &Self) -> bool {
        let is_known = |character: char| character.is_ascii_alphanumeric();
        let is_same = |pressed: &Key, wanted: &Key| match (pressed, wanted) {
            (Key::Character(pressed), Key::Character(wanted)) => {
                pressed.eq_ignore_ascii_case(wanted) || !is_known(*pressed)
            }
            (pressed, Key::Character(wanted)) => pressed.sign() == Some(*wanted),
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

    /// The chord as it is written: its keys, each by `word`.
    fn write(&self, f: &mut fmt::Formatter<'_>, word: impl Fn(Key) -> String) -> fmt::Result {
        let words: Vec<String> = self.0.iter().map(|key| word(*key)).collect();
        f.write_str(&words.join("+"))
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, |key| match key {
            Key::Character(character) => character.to_ascii_lowercase().to_string(),
            Key::Named(name) => name.as_str().to_owned(),
        })
    }
}

/// A chord for the record: keys that are pressed one by one may spell a secret, so a key that writes a sign stands as `*`.
struct Masked<'chord>(&'chord Chord);

impl fmt::Display for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write(f, |key| match key {
            Key::Named(name) if key.sign().is_none() => name.as_str().to_owned(),
            _ => "*".to_owned(),
        })
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
            ("ctrl+NumPad0", vec!["ctrl", "num0"]),
            ("alt+add", vec!["alt", "num_add"]),
            ("winleft+shiftright+playpause", vec!["win", "shift", "media_play"]),
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
            ("win+num1", "win+1", true),
            ("ctrl+add", "ctrl++", true),
            ("win+num1", "win+2", false),
            ("win+1", "win+num1", false),
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
        let block = Chord::parse("ctrl+num7").unwrap();
        assert_eq!(block.to_string(), "ctrl+num7");
        assert_eq!(serde_json::to_value(&block).unwrap(), "ctrl+*");
    }

    #[test]
    fn no_name_means_two_keys_and_those_of_the_number_block_are_names() {
        let mut all: Vec<&str> = KEY_NAMES.iter().copied().flatten().copied().collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
        for (name, sign) in NUMBER_BLOCK {
            assert_eq!(Key::parse(name).and_then(Key::sign), Some(*sign), "{name}");
        }
    }
}
