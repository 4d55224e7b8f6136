//! One line of the chain: how an entry becomes bytes and how each line's code depends on all bytes before it.
//! The code covers the raw bytes of the line, so no reading of JSON can make two lines equal.

use crate::key::AuditKey;
use portcullis_model::Entry;
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The format of lines that this version writes.
pub const FORMAT_VERSION: u32 = 1;

/// The code of a line, and of the empty chain: 32 zero bytes.
pub(crate) type Mac = [u8; 32];

/// What stands between a line's body and its code.
const MAC_FIELD: &str = ",\"mac\":\"";
const MAC_HEX: usize = 64;

#[derive(Serialize)]
struct Body<'entry> {
    v: u32,
    n: u64,
    time: String,
    #[serde(flatten)]
    entry: &'entry Entry,
}

/// Writes bytes as hexadecimal digits; the formatting machinery takes as long for one line as its code does.
pub(crate) fn push_hex(text: &mut String, bytes: &[u8]) {
    for nibble in bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]) {
        text.push(char::from(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 }));
    }
}

/// The next line of a chain, with its end of line, and its code.
pub(crate) fn line(
    key: &AuditKey,
    previous: &Mac,
    number: u64,
    now: OffsetDateTime,
    entry: &Entry,
) -> Result<(String, Mac), serde_json::Error> {
    let time = now.format(&Rfc3339).unwrap_or_default();
    let mut text = serde_json::to_string(&Body { v: FORMAT_VERSION, n: number, time, entry })?;
    let mac = key.chain(previous, text.as_bytes());
    text.pop();
    text.push_str(MAC_FIELD);
    push_hex(&mut text, &mac);
    text.push_str("\"}\n");
    Ok((text, mac))
}

/// Takes a line (without its end) apart into the body that was signed and the code that it carries.
pub(crate) fn split(line: &[u8]) -> Option<(Vec<u8>, Mac)> {
    let tail = MAC_FIELD.len() + MAC_HEX + "\"}".len();
    let at = line.len().checked_sub(tail)?;
    let (body, rest) = line.split_at(at);
    let hex = rest.strip_prefix(MAC_FIELD.as_bytes())?.strip_suffix(b"\"}")?;
    // One spelling alone, so that not even the case of a digit can be changed unseen.
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let mut mac = [0u8; 32];
    for (byte, pair) in mac.iter_mut().zip(hex.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = value(*high)? << 4 | value(*low)?;
    }
    let mut body = body.to_vec();
    body.push(b'}');
    Some((body, mac))
}
