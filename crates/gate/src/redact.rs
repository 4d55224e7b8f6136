//! The last look at what leaves: the server's own secrets never stand in an answer, wherever they were read.

use portcullis_model::{Fault, Part, Reply};
use serde_json::Value;

/// What stands in place of a secret.
const MASK: &str = "⟨redacted⟩";
/// Shorter texts are not secrets of ours and would mask ordinary words.
const SECRET_FLOOR: usize = 16;

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
}
