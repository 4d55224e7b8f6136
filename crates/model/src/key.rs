//! The form of the keys that a server makes for its HTTP clients, and how a key is masked wherever it stands. Which keys open
//! a server is not known here.

use std::borrow::Cow;
use std::ops::Range;

/// How the text of a key begins that a server makes for its HTTP clients; hexadecimal digits follow.
pub const KEY_PREFIX: &str = "pcl_";
/// Hexadecimal digits of a key.
pub const KEY_DIGITS: usize = 64;
/// Digits that are left of a key where an answer was cut, so that it still has to be masked: with fewer known, there are as
/// many to be guessed as of a key of 128 bits.
const KEY_DIGITS_CUT: usize = KEY_DIGITS / 2;
/// Bytes that a key takes in any form in which it is known: UTF-16 has two for each character.
pub const KEY_SPAN: usize = 2 * (KEY_PREFIX.len() + KEY_DIGITS);
/// What stands in place of a secret.
pub const MASK: &str = "⟨redacted⟩";

/// What may stand behind each character of a key: nothing, the NUL of UTF-16, or that NUL made visible by who read UTF-16 as
/// something else.
const FILLERS: [&[u8]; 3] = [b"", b"\0", "⟨U+0000⟩".as_bytes()];

/// The text with every key in it masked, whoever's it is and whether or not it still opens anything.
pub fn without_keys(text: &str) -> Cow<'_, str> {
    let mut rest = text;
    let mut masked = String::new();
    while let Some(found) = find(rest.as_bytes(), 0) {
        // A key begins and ends with an ASCII character, so neither end is inside of another one.
        masked.push_str(rest.get(..found.start).unwrap_or_default());
        masked.push_str(MASK);
        rest = rest.get(found.end..).unwrap_or_default();
    }
    if rest.len() == text.len() {
        return Cow::Borrowed(text);
    }
    masked.push_str(rest);
    Cow::Owned(masked)
}

/// Puts `*` for the digits of every key in the bytes, in ASCII or UTF-16; where there were keys.
pub fn mask_keys(bytes: &mut [u8]) -> Vec<Range<usize>> {
    let mut places: Vec<Range<usize>> = Vec::new();
    while let Some(found) = find(bytes, places.last().map_or(0, |last| last.end)) {
        let digits =
            bytes.get_mut(found.clone()).unwrap_or_default().iter_mut().filter(|byte| byte.is_ascii_hexdigit());
        // The prefix has one hexadecimal digit, which tells what was masked.
        digits.skip(1).for_each(|digit| *digit = b'*');
        places.push(found);
    }
    places
}

/// The first key at or behind `from`.
fn find(bytes: &[u8], from: usize) -> Option<Range<usize>> {
    let ends = bytes.iter().enumerate().skip(from).filter(|(_, byte)| **byte == b'_').map(|(at, _)| at);
    ends.flat_map(|end| FILLERS.iter().map(move |filler| (end, *filler)))
        .find_map(|(end, filler)| key_around(bytes, end, filler))
}

/// The key whose prefix ends at this place, with `filler` behind each character.
fn key_around(bytes: &[u8], end: usize, filler: &[u8]) -> Option<Range<usize>> {
    let step = 1 + filler.len();
    let start = end.checked_sub((KEY_PREFIX.len() - 1) * step)?;
    let is_prefix = KEY_PREFIX.bytes().enumerate().all(|(number, wanted)| {
        let at = start + number * step;
        // A name of Windows may come in capitals, by which the key is known as well.
        bytes.get(at).is_some_and(|byte| byte.eq_ignore_ascii_case(&wanted))
            && (at == end || bytes.get(at + 1..at + step) == Some(filler))
    });
    if !is_prefix {
        return None;
    }
    let (mut stop, mut digits) = (end + 1, 0);
    let is_digit = |at: usize| {
        bytes.get(at..at + filler.len()) == Some(filler)
            && bytes.get(at + filler.len()).is_some_and(u8::is_ascii_hexdigit)
    };
    while is_digit(stop) {
        stop += step;
        digits += 1;
    }
    (digits >= KEY_DIGITS_CUT).then_some(start..stop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(digits: usize) -> String {
        format!("{KEY_PREFIX}{}", &"0123456789abcdef".repeat(5)[..digits])
    }

    fn wide(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn a_key_is_known_by_its_form_and_what_is_less_is_none() {
        for (text, shown) in [
            (key(64), MASK.to_owned()),
            (format!("a {}, {}\n", key(64), key(64)), format!("a {MASK}, {MASK}\n")),
            (format!("{}ü", key(65)), format!("{MASK}ü")),
            (format!("{}…", key(32)), format!("{MASK}…")),
            (format!("ü{}", key(64).to_uppercase()), format!("ü{MASK}")),
            (format!("{KEY_PREFIX}{}", key(64)), format!("{KEY_PREFIX}{MASK}")),
            (key(31), key(31)),
            (key(16), key(16)),
            ("pcl_pcl_ pcl_x _".to_owned(), "pcl_pcl_ pcl_x _".to_owned()),
            (format!("{}-{}", key(16), &key(64)[4..]), format!("{}-{}", key(16), &key(64)[4..])),
            (String::new(), String::new()),
        ] {
            assert_eq!(without_keys(&text), shown, "{text}");
        }
        let visible: String = key(64).chars().map(|character| format!("{character}⟨U+0000⟩")).collect();
        assert_eq!(without_keys(&visible), format!("{MASK}⟨U+0000⟩"));
    }

    #[test]
    fn bytes_keep_their_length_and_lose_the_digits() {
        let masked = format!("{KEY_PREFIX}{}", "*".repeat(KEY_DIGITS));
        for form in [
            |text: &str| text.as_bytes().to_vec(),
            |text: &str| wide(text, u16::to_le_bytes),
            |text: &str| wide(text, u16::to_be_bytes),
        ] {
            let mut bytes = form(&format!("x {} y {}", key(64), key(16)));
            let places = mask_keys(&mut bytes);
            assert_eq!(bytes, form(&format!("x {masked} y {}", key(16))));
            assert_eq!(places.len(), 1);
            assert!(places[0].len() <= KEY_SPAN);
        }
        let mut none = b"no key, pcl_ 0123".to_vec();
        assert!(mask_keys(&mut none).is_empty());
        assert_eq!(none, b"no key, pcl_ 0123");
    }
}
