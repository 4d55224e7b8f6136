//! Names of calls and digests of what they carried. Where a digest is keyed, the ledger holds the key; nothing here does.

use std::fmt;

/// One call through the gate: unique within the ledger of one server process, written `c-17`. A call that another makes is
/// a step of it: the third of them is `c-17.3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(into = "String")]
pub struct CallId {
    number: u64,
    /// 0 for a call that came from outside.
    step: u32,
}

impl CallId {
    /// The call with this number; the gate numbers calls from 1.
    pub fn new(number: u64) -> Self {
        Self { number, step: 0 }
    }

    /// A step of this call; steps are numbered from 1. Steps have none of their own.
    pub fn step(self, step: u32) -> Self {
        Self { step, ..self }
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c-{}", self.number)?;
        if self.step > 0 { write!(f, ".{}", self.step) } else { Ok(()) }
    }
}

impl From<CallId> for String {
    fn from(id: CallId) -> Self {
        id.to_string()
    }
}

/// A 32-byte digest, shown as hexadecimal. It stands for text that must not be written down.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Wraps the bytes that a hash function gave.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The plain SHA-256 of `bytes`: for state comparisons, never for secrets that could be guessed.
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// The digest's bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from(*self))
    }
}

impl serde::Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&String::from(*self))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        // By hand: the formatting machinery takes as long for one digest as its hash does, and records hold several.
        let digit = |nibble| char::from(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 });
        let mut text = Self::with_capacity(2 * digest.0.len());
        for byte in digest.0 {
            text.push(digit(byte >> 4));
            text.push(digit(byte & 15));
        }
        text
    }
}
