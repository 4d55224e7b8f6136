//! One line of the chain: how an entry becomes bytes and how each line's code depends on all bytes before it.
//! The code covers the raw bytes of the line, so no reading of JSON can make two lines equal.

use crate::key::AuditKey;
use portcullis_model::{Digest, all_visible, without_keys};
use serde::Serialize;
use std::borrow::Cow;
use std::fmt::Write;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The format of lines that this version writes.
pub const FORMAT_VERSION: u32 = 1;

/// Bytes of one line at the most: a longer one was not written by the ledger.
pub(crate) const LINE_CAP: u64 = 1 << 20;

/// The code of a line, and of the empty chain: 32 zero bytes.
pub(crate) type Mac = [u8; 32];

/// What stands between a line's body and its code.
const MAC_FIELD: &str = ",\"mac\":\"";
const MAC_HEX: usize = 64;
/// About what a line holds besides its entry's fields.
const LINE_EXTRA: usize = 160;

/// A code as it is written.
pub(crate) fn hex(mac: &Mac) -> String {
    Digest::new(*mac).into()
}

/// An entry's own fields as JSON, `"event":…}`: what a line holds besides its place in the chain, so that it can be made
/// before the chain is held. A key of ours, which somebody put into a path or a name, stands in none, and no character that
/// cannot be seen: a record is read as it lies there, too.
pub(crate) fn fields(entry: &impl Serialize) -> Result<String, serde_json::Error> {
    let text = serde_json::to_string(entry)?;
    let masked = if let Cow::Owned(masked) = without_keys(&text) { Some(masked) } else { None };
    let text = masked.unwrap_or(text);
    let shown = if let Cow::Owned(shown) = all_visible(&text) { Some(shown) } else { None };
    let mut text = shown.unwrap_or(text);
    // An entry is an object with at least its tag.
    text.remove(0);
    Ok(text)
}

/// The next line of a chain, with its end of line, and its code. `fields` comes from [`fields`].
pub(crate) fn line(key: &AuditKey, previous: &Mac, number: u64, now: OffsetDateTime, fields: &str) -> (String, Mac) {
    let time = now.format(&Rfc3339).unwrap_or_default();
    let mut text = String::with_capacity(fields.len() + LINE_EXTRA);
    // Writing to a string cannot fail.
    let _ = write!(text, "{{\"v\":{FORMAT_VERSION},\"n\":{number},\"time\":\"{time}\",");
    text.push_str(fields);
    let mac = key.chain(previous, text.as_bytes());
    (seal(text, &mac), mac)
}

/// A body with its code as its last field, and the end of line.
pub(crate) fn seal(mut body: String, mac: &Mac) -> String {
    body.pop();
    body.push_str(MAC_FIELD);
    body.push_str(&hex(mac));
    body.push_str("\"}\n");
    body
}

/// Takes a line (without its end) apart into the body that was signed and the code that it carries.
pub(crate) fn split(line: &[u8]) -> Option<(Vec<u8>, Mac)> {
    let tail = MAC_FIELD.len() + MAC_HEX + "\"}".len();
    let at = line.len().checked_sub(tail)?;
    let (body, rest) = line.split_at(at);
    let hex = rest.strip_prefix(MAC_FIELD.as_bytes())?.strip_suffix(b"\"}")?;
    let mac = unhex(hex)?;
    let mut body = body.to_vec();
    body.push(b'}');
    Some((body, mac))
}

/// A code from its hexadecimal digits. One spelling alone, so that not even the case of a digit can be changed unseen.
pub(crate) fn unhex(digits: &[u8]) -> Option<Mac> {
    if digits.len() != MAC_HEX {
        return None;
    }
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let mut mac = [0u8; 32];
    for (byte, pair) in mac.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = value(*high)? * 16 + value(*low)?;
    }
    Some(mac)
}
