//! Bytes of a file as text: its encoding is told by a mark, found out, or named by the caller. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// Bytes by which an encoding is found out.
pub(super) const SAMPLE: usize = 64 * 1024;

/// The word for bytes in place of an encoding.
pub(super) const BINARY: &str = "binary";

/// How the encoding is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// The caller named it.
    Named,
    /// A mark at the file's beginning says it.
    Marked,
    /// The bytes fit no other.
    Fits,
    /// It is the likeliest.
    Guessed,
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Content {
    /// Text in this encoding.
    Text(&'static Encoding, Known),
    /// No text: it holds NUL bytes as no text does.
    Binary,
}

/// What the first bytes of a file say of the whole. `whole` says that there are no others.
pub(super) fn look(sample: &[u8], whole: bool) -> Content {
    if let Some((encoding, _)) = Encoding::for_bom(sample) {
        return Content::Text(encoding, Known::Marked);
    }
    if sample.contains(&0) {
        return utf16_without_mark(sample);
    }
    let is_utf8 = match std::str::from_utf8(sample) {
        Ok(_) => true,
        // The sample may end within a character.
        Err(error) => error.error_len().is_none() && !whole,
    };
    if is_utf8 {
        return Content::Text(UTF_8, Known::Fits);
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(sample, whole);
    Content::Text(detector.guess(None, Utf8Detection::Deny), Known::Guessed)
}

/// Western text in UTF-16 has its NULs in every second byte, and on one side alone.
fn utf16_without_mark(sample: &[u8]) -> Content {
    let zeros = |odd: usize| sample.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd, pairs) = (zeros(0), zeros(1), sample.len() / 2);
    let many = |zeros: usize| zeros > pairs / 2;
    match (even, odd) {
        (0, odd) if many(odd) => Content::Text(UTF_16LE, Known::Guessed),
        (even, 0) if many(even) => Content::Text(UTF_16BE, Known::Guessed),
        _ => Content::Binary,
    }
}

/// Bytes to be written, and how many of them are a mark that stands at the begin of a file alone.
pub(super) struct Written {
    pub(super) bytes: Vec<u8>,
    pub(super) mark: usize,
}

impl Written {
    fn plain(bytes: Vec<u8>) -> Self {
        Self { bytes, mark: 0 }
    }
}

/// Why a text cannot be written: the rule.
pub(super) struct UnknownEncoding(pub(super) &'static str);

/// A text as bytes: UTF-8 when nothing is said, UTF-16 with its mark, base64 for `binary`. What the encoding lacks is
/// refused and never replaced.
pub(super) fn encoded(text: &str, label: Option<&str>) -> Result<Written, UnknownEncoding> {
    let Some(label) = label else { return Ok(Written::plain(text.as_bytes().to_vec())) };
    if label.eq_ignore_ascii_case(BINARY) {
        let decoded = STANDARD.decode(text.trim());
        return decoded.map(Written::plain).map_err(|_| UnknownEncoding("the content for binary is base64"));
    }
    let encoding = Encoding::for_label(label.as_bytes())
        .ok_or(UnknownEncoding("it is the name of an encoding of the WHATWG list, or binary"))?;
    if encoding == UTF_16LE || encoding == UTF_16BE {
        let bytes = |unit: u16| if encoding == UTF_16LE { unit.to_le_bytes() } else { unit.to_be_bytes() };
        let bytes = std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(bytes).collect();
        return Ok(Written { bytes, mark: 2 });
    }
    let (bytes, _, lossy) = encoding.encode(text);
    if lossy {
        return Err(UnknownEncoding("the encoding has every character of the content"));
    }
    Ok(Written::plain(bytes.into_owned()))
}

/// Lines of a text that is fed in pieces. A line ends at a line feed; a carriage return before it belongs to the ending.
pub(super) struct Lines {
    decoder: encoding_rs::Decoder,
    pending: String,
    /// Whether a sequence of bytes was no character.
    pub(super) malformed: bool,
}

impl Lines {
    pub(super) fn new(encoding: &'static Encoding) -> Self {
        Self { decoder: encoding.new_decoder_with_bom_removal(), pending: String::new(), malformed: false }
    }

    /// Takes bytes; hands each line that is complete to `line`. After the `last` bytes what is left is a line too.
    /// `cap` is the most bytes that a line is kept to; the rest of it is left out.
    pub(super) fn feed(&mut self, bytes: &[u8], last: bool, cap: usize, mut line: impl FnMut(&str)) {
        let room = self.decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(bytes.len().saturating_mul(3));
        let mut text = String::with_capacity(room);
        let (_, _, malformed) = self.decoder.decode_to_string(bytes, &mut text, last);
        self.malformed |= malformed;
        let mut pieces = text.split('\n').peekable();
        while let Some(piece) = pieces.next() {
            let room = cap.saturating_sub(self.pending.len());
            self.pending.push_str(piece.get(..floor(piece, room)).unwrap_or_default());
            let complete = pieces.peek().is_some();
            if complete || (last && !self.pending.is_empty()) {
                line(self.pending.strip_suffix('\r').unwrap_or(&self.pending));
                self.pending.clear();
            }
        }
    }
}

/// The last boundary of characters at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoding_is_told_by_the_bytes() {
        let wide = |text: &str, big: bool| -> Vec<u8> {
            text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
        };
        let marked = |mark: &[u8], rest: Vec<u8>| [mark, rest.as_slice()].concat();
        for (bytes, name, known) in [
            (b"plain".to_vec(), "UTF-8", Known::Fits),
            ("Zürich 你好".as_bytes().to_vec(), "UTF-8", Known::Fits),
            (marked(b"\xef\xbb\xbf", b"a".to_vec()), "UTF-8", Known::Marked),
            (marked(b"\xff\xfe", wide("a", false)), "UTF-16LE", Known::Marked),
            (marked(b"\xfe\xff", wide("a", true)), "UTF-16BE", Known::Marked),
            (wide("Hello there", false), "UTF-16LE", Known::Guessed),
            (wide("Hello there", true), "UTF-16BE", Known::Guessed),
            (b"Z\xfcrich ist gr\xf6\xdfer als Bern".to_vec(), "windows-1252", Known::Guessed),
        ] {
            let Content::Text(encoding, how) = look(&bytes, true) else { panic!("{name}") };
            assert_eq!((encoding.name(), how), (name, known), "{bytes:?}");
        }
        for binary in [&b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff"[..], b"\0\0\0\0", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"] {
            assert_eq!(look(binary, true), Content::Binary, "{binary:?}");
        }
        assert_eq!(look(b"caf\xc3", false), Content::Text(UTF_8, Known::Fits), "cut within a character");
    }

    #[test]
    fn a_text_is_written_in_the_encoding_that_is_asked_for() {
        let bytes = |text, label| encoded(text, label).map(|written| written.bytes).map_err(|error| error.0);
        assert_eq!(bytes("ü\r\n", None).unwrap(), "ü\r\n".as_bytes());
        assert_eq!(bytes("a", Some("utf-16le")).unwrap(), b"\xff\xfea\0");
        assert_eq!(bytes("a", Some("UTF-16BE")).unwrap(), b"\xfe\xff\0a");
        assert_eq!(bytes("ü", Some("windows-1252")).unwrap(), b"\xfc");
        assert_eq!(bytes("AAH/", Some("Binary")).unwrap(), b"\0\x01\xff");
        for (text, label) in [("你", "windows-1252"), ("a", "utf-9"), ("%%", "binary")] {
            assert!(bytes(text, Some(label)).is_err(), "{label}");
        }
    }

    #[test]
    fn lines_come_out_whole_however_the_bytes_come_in() {
        let text = "first\r\nzweite ü\n\nlast";
        for size in 1..text.len() {
            let (mut lines, mut found) = (Lines::new(UTF_8), Vec::new());
            let pieces: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
            for (index, piece) in pieces.iter().enumerate() {
                lines.feed(piece, index + 1 == pieces.len(), 100, |line| found.push(line.to_owned()));
            }
            assert_eq!(found, ["first", "zweite ü", "", "last"], "{size}");
            assert!(!lines.malformed);
        }
        let mut cut = String::new();
        Lines::new(UTF_8).feed("üüüü\n".as_bytes(), true, 5, |line| cut = line.to_owned());
        assert_eq!(cut, "üü", "the cap falls within a character");
    }
}
