//! Text that came from the machine: screens, windows, clipboards, files. It carries its source and is shown with
//! control, bidirectional and invisible characters made visible; it never becomes a command, a path or a right.

use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;

/// Where a text came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A window's title or a control's text.
    Window,
    /// The clipboard.
    Clipboard,
    /// A file's name or what it holds.
    File,
    /// The operating system's own tables: processes, devices.
    System,
    /// A host of the network.
    Web,
    /// What a program printed.
    Program,
    /// What a caller or a file of the owner's said, repeated in an answer or a record.
    Caller,
}

/// A text that must not be trusted.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Untrusted {
    raw: String,
    source: Source,
}

impl Untrusted {
    /// Marks `raw` as coming from `source`.
    pub fn new(source: Source, raw: impl Into<String>) -> Self {
        Self { raw: raw.into(), source }
    }

    /// The text as it came. For comparing and measuring alone; what is shown goes through [`fmt::Display`].
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// Where it came from.
    pub fn source(&self) -> Source {
        self.source
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.raw.is_empty()
    }

    /// The text on one line, at most `limit` characters of it, the rest counted: `first words… (+312)`.
    pub fn one_line(&self, limit: usize) -> String {
        let total = self.raw.chars().count();
        let mut shown = String::new();
        for character in self.raw.chars().take(limit) {
            match character {
                '\n' => shown.push('⏎'),
                '\r' => {}
                other => push_visible(&mut shown, other),
            }
        }
        if total > limit {
            shown.push_str(&format!("… (+{})", total - limit));
        }
        shown
    }
}

/// What somebody said, as it may stand in an error, a record or a name: on one line, in visible form, at most `limit`
/// characters of it.
pub fn visible(text: &str, limit: usize) -> String {
    Untrusted::new(Source::Caller, text).one_line(limit)
}

/// A text in which every character can be seen, as it may stand in an answer of several lines. Borrowed when it is so already.
pub fn all_visible(text: &str) -> Cow<'_, str> {
    // Most texts are plain, and this is asked of every answer.
    let is_plain = |byte: u8| (b' '..=b'~').contains(&byte) || matches!(byte, b'\n' | b'\t');
    if text.bytes().all(is_plain) || !text.chars().any(must_be_shown_by_code) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(Untrusted::new(Source::Caller, text).to_string())
}

/// Whether a character would be invisible, reorder its neighbours, or steer a terminal.
fn must_be_shown_by_code(character: char) -> bool {
    let code = u32::from(character);
    (character.is_control() && !matches!(character, '\n' | '\t'))
        || matches!(code,
            0x00AD | 0x034F | 0x061C | 0x115F | 0x1160 | 0x17B4 | 0x17B5 | 0x180B..=0x180F | 0x200B..=0x200F
            | 0x2028..=0x202E | 0x2060..=0x206F | 0x3164 | 0xFE00..=0xFE0E | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFB
            | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A | 0xE0000..=0xE0FFF)
}

fn push_visible(out: &mut String, character: char) {
    if must_be_shown_by_code(character) {
        out.push_str(&format!("⟨U+{:04X}⟩", u32::from(character)));
    } else {
        out.push(character);
    }
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = String::with_capacity(self.raw.len());
        let mut characters = self.raw.chars().peekable();
        while let Some(character) = characters.next() {
            // CRLF is how Windows ends a line; a carriage return on its own is shown.
            if character == '\r' && characters.peek() == Some(&'\n') {
                continue;
            }
            push_visible(&mut shown, character);
        }
        f.write_str(&shown)
    }
}

impl fmt::Debug for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}:{:?}", self.source, self.to_string())
    }
}

impl Serialize for Untrusted {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(raw: &str) -> String {
        Untrusted::new(Source::Window, raw).to_string()
    }

    #[test]
    fn what_hides_or_reorders_is_shown_by_its_code() {
        assert_eq!(shown("a\u{202E}b"), "a⟨U+202E⟩b");
        assert_eq!(shown("a\u{200B}b\u{1b}[2J"), "a⟨U+200B⟩b⟨U+001B⟩[2J");
        assert_eq!(shown("tag\u{E0041}"), "tag⟨U+E0041⟩");
    }

    #[test]
    fn an_answer_is_left_as_it_is_unless_something_hides_in_it() {
        for plain in ["", "a\n\tb", "Grüße 你好 🙂"] {
            assert!(matches!(all_visible(plain), Cow::Borrowed(same) if same == plain), "{plain}");
        }
        assert_eq!(all_visible("a\u{202E}b\r\nc\u{7f}"), "a⟨U+202E⟩b\nc⟨U+007F⟩");
    }

    #[test]
    fn ordinary_text_stays_as_it_is() {
        assert_eq!(shown("Hello Wörld, 你好, 🙂\r\n\tx"), "Hello Wörld, 你好, 🙂\n\tx");
    }

    #[test]
    fn one_line_counts_what_it_cuts() {
        assert_eq!(Untrusted::new(Source::Window, "ab\r\ncdef").one_line(4), "ab⏎… (+4)");
    }
}
