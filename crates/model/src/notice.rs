//! What an agent tells the person at the machine beside its windows: two short plain texts that always say from whom they come.
//! The constructor is the check; how they are shown is a port's.

use crate::{Source, Untrusted};

/// A message for the person at the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    title: String,
    message: String,
}

/// Why texts are no notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{rule}")]
pub struct BadNotice {
    /// `title` or `message`.
    pub field: &'static str,
    /// The rule that it breaks.
    pub rule: &'static str,
}

impl Notice {
    /// What stands before each title, so that no agent can speak as the owner, as Windows or as this server.
    pub const MARK: &'static str = "Agent: ";
    /// UTF-16 units of a title as it is shown, with its mark: what a balloon holds (`szInfoTitle` of `NOTIFYICONDATA`, less its
    /// end).
    pub const TITLE_CAP: usize = 63;
    /// UTF-16 units of a message as it is shown: what a balloon holds (`szInfo`, less its end).
    pub const MESSAGE_CAP: usize = 255;

    /// Takes both texts. Characters that hide, reorder or steer are shown by their codes, which counts; a title is one line.
    pub fn new(title: &str, message: &str) -> Result<Self, BadNotice> {
        if title.trim().is_empty() {
            return Err(BadNotice { field: "title", rule: "a title has at least one character that is no space" });
        }
        if message.trim().is_empty() {
            return Err(BadNotice { field: "message", rule: "a message has at least one character that is no space" });
        }
        let title = format!("{}{}", Self::MARK, Untrusted::new(Source::Caller, title).one_line(Self::TITLE_CAP));
        if units(&title) > Self::TITLE_CAP {
            return Err(BadNotice {
                field: "title",
                rule: "as it is shown it has at most 56 characters; emoji count twice",
            });
        }
        let message = Untrusted::new(Source::Caller, message).to_string();
        if units(&message) > Self::MESSAGE_CAP {
            return Err(BadNotice {
                field: "message",
                rule: "as it is shown it has at most 255 characters; emoji count twice",
            });
        }
        Ok(Self { title, message })
    }

    /// The title with its mark, on one line.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The message, perhaps of several lines.
    pub fn message(&self) -> &str {
        &self.message
    }
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_marked_on_one_line_and_hides_nothing() {
        for (title, shown) in [
            ("Done", "Agent: Done"),
            ("a\nb", "Agent: a⏎b"),
            // A word that would turn what stands before it around.
            ("\u{202e}tnegA", "Agent: ⟨U+202E⟩tnegA"),
            ("\u{8}\u{8}Windows", "Agent: ⟨U+0008⟩⟨U+0008⟩Windows"),
            ("Agent: x", "Agent: Agent: x"),
        ] {
            let notice = Notice::new(title, "m\r\nn\u{200b}").unwrap();
            assert_eq!((notice.title(), notice.message()), (shown, "m\nn⟨U+200B⟩"));
        }
    }

    #[test]
    fn both_texts_have_a_length() {
        let long = |count: usize| "x".repeat(count);
        assert!(Notice::new(&long(56), &long(255)).is_ok());
        assert!(Notice::new(&"🙂".repeat(28), &"🙂".repeat(127)).is_ok());
        for (title, message, field) in [
            (long(57), long(1), "title"),
            (long(1), long(256), "message"),
            ("🙂".repeat(29), long(1), "title"),
            (long(1), "🙂".repeat(128), "message"),
            ("\u{202e}".repeat(10), long(1), "title"),
            (" \n".to_owned(), long(1), "title"),
            (long(1), String::new(), "message"),
            (long(1_000_000), long(1), "title"),
        ] {
            assert_eq!(Notice::new(&title, &message).unwrap_err().field, field, "{} {}", title.len(), message.len());
        }
    }
}
