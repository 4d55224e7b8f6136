//! The last look at what leaves: the server's own secrets never stand in an answer, wherever they were read, and nothing hides in
//! one. Keys that are made by the server are known by their form, since of most of them there is nothing but a digest.

use portcullis_model::{Fault, KEY_PREFIX, Part, Reply, all_visible};
use serde_json::Value;
use std::borrow::Cow;

/// What stands in place of a secret.
const MASK: &str = "⟨redacted⟩";
/// Shorter texts are not secrets of ours and would mask ordinary words.
const SECRET_FLOOR: usize = 16;
/// Hexadecimal digits from which on a text that begins as a key does is taken for one, or for the rest of one that was cut.
const DIGITS_FLOOR: usize = 16;

/// The secrets that must not leave.
#[derive(Clone, Default)]
pub struct Redactor {
    secrets: Vec<String>,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redactor({} secrets)", self.secrets.len())
    }
}

impl Redactor {
    /// A redactor of these secrets; those under 16 characters are left out.
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        Self { secrets: secrets.into_iter().filter(|secret| secret.len() >= SECRET_FLOOR).collect() }
    }

    fn text(&self, text: &mut String) {
        for secret in &self.secrets {
            if text.contains(secret.as_str()) {
                *text = text.replace(secret.as_str(), MASK);
            }
        }
        if text.contains(KEY_PREFIX) {
            *text = without_keys(text);
        }
        // Texts of the machine are visible by now; those that a call brought with it may be repeated.
        if let Cow::Owned(shown) = all_visible(text) {
            *text = shown;
        }
    }

    fn value(&self, value: &mut Value) {
        match value {
            Value::String(text) => self.text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item)),
            Value::Object(object) => object.values_mut().for_each(|item| self.value(item)),
            _ => {}
        }
    }

    /// A line for people, without the secrets.
    pub fn line(&self, line: &str) -> String {
        let mut line = line.to_owned();
        self.text(&mut line);
        line
    }

    /// Masks the secrets in a reply.
    pub fn reply(&self, mut reply: Reply) -> Reply {
        match &mut reply {
            Reply::Data(value) => self.value(value),
            Reply::View { parts, .. } => {
                for part in parts {
                    if let Part::Text(text) = part {
                        self.text(text);
                    }
                }
            }
        }
        reply
    }

    /// Masks the secrets in a fault.
    pub fn fault(&self, mut fault: Fault) -> Fault {
        self.text(&mut fault.message);
        for fact in [&mut fault.field, &mut fault.value, &mut fault.rule, &mut fault.remedy].into_iter().flatten() {
            self.text(fact);
        }
        fault.candidates.iter_mut().chain(&mut fault.done).for_each(|text| self.text(text));
        fault
    }
}

/// The text with every key in it masked, whoever's it is and whether or not it still opens anything.
fn without_keys(text: &str) -> String {
    let (mut masked, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once(KEY_PREFIX) {
        masked.push_str(before);
        let end = after.find(|character: char| !character.is_ascii_hexdigit()).unwrap_or(after.len());
        let (digits, behind) = after.split_at(end);
        if digits.len() >= DIGITS_FLOOR {
            masked.push_str(MASK);
        } else {
            masked.push_str(KEY_PREFIX);
            masked.push_str(digits);
        }
        rest = behind;
    }
    masked.push_str(rest);
    masked
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_secret_is_masked_wherever_it_stands() {
        let redactor = Redactor::new(["0123456789abcdef".to_owned(), "short".to_owned()]);
        let reply = redactor.reply(Reply::Data(json!({"a": ["x 0123456789abcdef y"], "b": "short"})));
        assert_eq!(reply, Reply::Data(json!({"a": ["x ⟨redacted⟩ y"], "b": "short"})));
        assert_eq!(redactor.reply(Reply::text("0123456789abcdef")), Reply::text(MASK));
    }

    #[test]
    fn a_key_is_masked_by_its_form_also_where_it_was_cut() {
        let redactor = Redactor::default();
        let digits = "0123456789abcdef".repeat(4);
        for (text, shown) in [
            (format!("pcl_{digits}"), MASK.to_owned()),
            (format!("a pcl_{digits}, pcl_{digits}\n"), format!("a {MASK}, {MASK}\n")),
            (format!("pcl_{digits}0ü"), format!("{MASK}ü")),
            (format!("pcl_{}…", &digits[..40]), format!("{MASK}…")),
            (format!("pcl_{}", &digits[..16]), MASK.to_owned()),
            ("pcl_0123456789abcde".to_owned(), "pcl_0123456789abcde".to_owned()),
            ("pcl_pcl_ pcl_x".to_owned(), "pcl_pcl_ pcl_x".to_owned()),
            (format!("pcl_pcl_{digits}"), format!("pcl_{MASK}")),
        ] {
            assert_eq!(redactor.reply(Reply::text(text.clone())), Reply::text(shown), "{text}");
        }
    }
}
