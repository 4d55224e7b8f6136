//! The key of the chain: 32 random bytes in a file for the owner alone. With it codes are made and checked; without it
//! nobody can write a line that verifies.

use crate::chain::Mac;
use hmac::{Hmac, KeyInit, Mac as _};
use sha2::Sha256;
use std::path::Path;

/// The key with which lines are chained and arguments digested, already mixed in: half of a short code's cost otherwise.
#[derive(Clone)]
pub struct AuditKey(Hmac<Sha256>);

impl std::fmt::Debug for AuditKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AuditKey")
    }
}

impl AuditKey {
    /// The key made of these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        // HMAC pads a short key with zeros to its block; the block-sized form cannot be refused, unlike the slice form.
        let mut block = [0u8; 64];
        for (padded, byte) in block.iter_mut().zip(bytes) {
            *padded = byte;
        }
        Self(Hmac::<Sha256>::new(&block.into()))
    }

    /// Reads a key file: exactly 64 hexadecimal digits and white space around them.
    pub fn read(path: &Path) -> std::io::Result<Self> {
        let text = std::fs::read_to_string(path)?;
        let digits = text.trim();
        let wrong = || std::io::Error::other("an audit key file holds 64 hexadecimal digits and nothing else");
        if digits.len() != 64 {
            return Err(wrong());
        }
        let mut key = [0u8; 32];
        for (byte, pair) in key.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| wrong())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
        }
        Ok(Self::new(key))
    }

    fn mac(&self, purpose: &[u8], parts: &[&[u8]]) -> Mac {
        let mut mac = self.0.clone();
        mac.update(purpose);
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// The code of a line, given the code before it.
    pub(crate) fn chain(&self, previous: &Mac, body: &[u8]) -> Mac {
        self.mac(b"portcullis chain v1\0", &[previous, body])
    }

    /// The code of a line of an anchor.
    pub(crate) fn anchor(&self, body: &[u8]) -> Mac {
        self.mac(b"portcullis anchor v1\0", &[body])
    }

    /// A keyed digest of bytes that must not be written down.
    pub(crate) fn digest(&self, bytes: &[u8]) -> [u8; 32] {
        self.mac(b"portcullis digest v1\0", &[bytes])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_holds_64_digits_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.key");
        let digits = "07".repeat(32);
        for (text, is_key) in [
            (digits.clone(), true),
            (format!("  {digits}\r\n"), true),
            (digits[1..].to_owned(), false),
            (format!("{digits}00"), false),
            (format!("x{}", &digits[1..]), false),
            (String::new(), false),
        ] {
            std::fs::write(&path, &text).unwrap();
            assert_eq!(AuditKey::read(&path).is_ok(), is_key, "{text:?}");
        }
        std::fs::write(&path, digits).unwrap();
        assert_eq!(AuditKey::read(&path).unwrap().digest(b"x"), AuditKey::new([7; 32]).digest(b"x"));
    }

    /// Computed with Python's `hmac` over `portcullis digest v1`, a zero byte and `x`: records are compared across versions.
    #[test]
    fn a_digest_is_that_of_the_key_and_the_bytes_for_ever() {
        let key = AuditKey::new([7; 32]);
        let known = "ccefe708ef725c87c218b1a5003d4a9729bf932f1d30af8cfdb243a88055e3a3";
        assert_eq!(crate::chain::hex(&key.digest(b"x")), known);
        assert_ne!(key.digest(b"x"), key.digest(b"y"));
        assert_ne!(key.digest(b"x"), AuditKey::new([8; 32]).digest(b"x"));
        assert_eq!(format!("{key:?}"), "AuditKey", "it is shown without a byte of it");
    }
}
