//! The last look at what leaves: the server's own secrets never stand in an answer, wherever they were read and however they are
//! written, and nothing hides in one. Keys that are made by the server are known by their form, since of most of them there is
//! nothing but a digest.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use portcullis_model::{Fault, MASK, Part, Reply, all_visible, mask_keys, without_keys};
use serde_json::Value;
use std::borrow::Cow;

/// Shorter texts are not secrets of ours and would mask ordinary words.
const SECRET_FLOOR: usize = 16;
/// Characters from which on a word may be bytes in base64 or in hexadecimal digits that hold a secret.
const ENCODED_FLOOR: usize = 2 * SECRET_FLOOR;
/// Base64 as a part of a longer text may be: what its last character holds beyond a byte does not count.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

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
        if let Cow::Owned(masked) = without_keys(text) {
            *text = masked;
        }
        self.encoded(text);
        // Texts of the machine are visible by now; those that a call brought with it may be repeated.
        if let Cow::Owned(shown) = all_visible(text) {
            *text = shown;
        }
    }

    /// Masks secrets in what a text holds as base64 or as hexadecimal digits.
    fn encoded(&self, text: &mut String) {
        if text.len() < ENCODED_FLOOR {
            return;
        }
        for Writing { is_part, step, decode, encode } in WRITINGS {
            for (start, end) in words(text, is_part) {
                // Where the bytes begin within a word is not known.
                for shift in 0..step.min(end - start) {
                    let Some(mut bytes) = text.get(start + shift..end).and_then(decode) else { continue };
                    if self.bytes(&mut bytes) {
                        let again = encode(&bytes);
                        let from = start + shift;
                        text.replace_range(from..(from + again.len()).min(end), &again);
                    }
                }
            }
        }
    }

    /// Masks secrets in bytes, which keep their number; whether there were any.
    fn bytes(&self, bytes: &mut [u8]) -> bool {
        let mut found = !mask_keys(bytes).is_empty();
        for secret in &self.secrets {
            let wide = |unit: fn(u16) -> [u8; 2]| secret.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
            for form in [secret.as_bytes().to_vec(), wide(u16::to_le_bytes), wide(u16::to_be_bytes)] {
                while let Some(at) = bytes.windows(form.len()).position(|window| window == form) {
                    bytes.iter_mut().skip(at).take(form.len()).for_each(|byte| *byte = b'*');
                    found = true;
                }
            }
        }
        found
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
                    match part {
                        Part::Text(text) => self.text(text),
                        Part::Blob(blob) => {
                            self.text(&mut blob.uri);
                            self.bytes(&mut blob.bytes);
                        }
                        Part::Link(link) => {
                            self.text(&mut link.uri);
                            self.text(&mut link.name);
                        }
                        // What is seen on the screen is no text; a key that is shown there is shown to whoever looks.
                        Part::Image(_) => {}
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

/// A way to write bytes as text.
struct Writing {
    /// What it is made of.
    is_part: fn(u8) -> bool,
    /// Characters that stand for whole bytes.
    step: usize,
    decode: fn(&str) -> Option<Vec<u8>>,
    encode: fn(&[u8]) -> String,
}

/// The ways in which tools tell bytes, and other programs write them.
const WRITINGS: [Writing; 2] = [
    Writing { is_part: is_base64, step: 4, decode: from_base64, encode: to_base64 },
    Writing { is_part: is_hex, step: 2, decode: from_hex, encode: to_hex },
];

/// The places of words in a text that are made of such characters and long enough to hold a secret.
fn words(text: &str, is_part: fn(u8) -> bool) -> Vec<(usize, usize)> {
    let (mut found, mut start) = (Vec::new(), None);
    let bytes = text.bytes().map(Some).chain([None]).enumerate();
    for (at, byte) in bytes {
        match (byte.is_some_and(is_part), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                start = None;
                if at - from >= ENCODED_FLOOR {
                    found.push((from, at));
                }
            }
            _ => {}
        }
    }
    found
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    // One character beyond groups of four holds no byte.
    let whole = if text.len() % 4 == 1 { text.len() - 1 } else { text.len() };
    BASE64.decode(text.get(..whole)?).ok()
}

fn to_base64(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

fn is_hex(byte: u8) -> bool {
    byte.is_ascii_hexdigit()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.as_bytes().chunks_exact(2);
    pairs.map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.last()?)?)).collect()
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
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

    /// As a file or a value of the registry may hold a key, and as it is answered.
    #[test]
    fn a_secret_is_masked_also_in_what_is_encoded() {
        let (own, key) = ("an owner's own secret 0123", format!("pcl_{}", "0123456789abcdef".repeat(4)));
        let redactor = Redactor::new([own.to_owned()]);
        let forms: [fn(&str) -> Vec<u8>; 3] = [
            |text| text.as_bytes().to_vec(),
            |text| text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            |text| text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        ];
        let cut = &key[..4 + 32];
        for form in forms {
            for secret in [own, key.as_str(), cut] {
                let needle = form(&secret[4..]);
                for before in 0..5 {
                    let held = [vec![b' '; before], form(secret), vec![b'!'; 7]].concat();
                    let blob =
                        Part::Blob(portcullis_model::Blob { uri: String::new(), mime: "a/b", bytes: held.clone() });
                    let texts = [to_hex(&held), to_base64(&held), base64::prelude::BASE64_STANDARD.encode(&held)];
                    let parts = texts.map(|text| Part::Text(format!("head {text}; tail")));
                    let reply = Reply::View { parts: [parts.to_vec(), vec![blob]].concat(), outcome: None };
                    let Reply::View { parts: masked, .. } = redactor.reply(reply) else { panic!("a view") };
                    let [Part::Text(hex), Part::Text(bare), Part::Text(padded), Part::Blob(blob)] = masked.as_slice()
                    else {
                        panic!("three texts and a blob")
                    };
                    let word =
                        |text: &str| text.strip_prefix("head ").unwrap().strip_suffix("; tail").unwrap().to_owned();
                    let read = [
                        from_hex(&word(hex)).unwrap(),
                        from_base64(&word(bare)).unwrap(),
                        base64::prelude::BASE64_STANDARD.decode(word(padded)).unwrap(),
                        blob.bytes.clone(),
                    ];
                    for bytes in read {
                        assert_eq!(bytes.len(), held.len());
                        assert!(!bytes.windows(needle.len()).any(|window| window == needle), "{secret} after {before}");
                        assert!(bytes.starts_with(&vec![b' '; before]) && bytes.ends_with(b"!!!!!!!"));
                    }
                }
            }
        }
    }

    #[test]
    fn what_holds_no_secret_stays_as_it_is() {
        let redactor = Redactor::new(["0123456789abcdefX".to_owned()]);
        for text in [
            "0123456789abcdef".repeat(8),
            "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5eg==".to_owned(),
            format!("pcl_{}", "0123456789abcdef"),
            "a/long/path/of/many/words/that/is/no/base64/at/all/but/looks/so".to_owned(),
        ] {
            assert_eq!(redactor.reply(Reply::text(text.clone())), Reply::text(text.clone()));
        }
    }
}
