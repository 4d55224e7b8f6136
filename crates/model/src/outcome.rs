//! What an action came to and what a caller gets back. Two shapes of reply exist, and one renderer (in `server`) turns
//! them into MCP; nothing here knows that protocol.

use crate::{Digest, Untrusted};
use serde::Serialize;

/// What shows that an action did what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub struct Evidence {
    /// The facts, a short line each: `check: off -> on`.
    pub lines: Vec<String>,
}

/// What is known about an action's effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Outcome {
    /// The effect was seen.
    Confirmed(Evidence),
    /// The action was delivered; whether it took effect could not be seen, and why.
    Unverified {
        /// Why it could not be seen.
        why: String,
    },
    /// The action was delivered and nothing changed that could be seen.
    NoEffect {
        /// What was looked at.
        observed: String,
    },
}

impl Outcome {
    /// An effect shown by one fact.
    pub fn confirmed(line: impl Into<String>) -> Self {
        Self::Confirmed(Evidence { lines: vec![line.into()] })
    }

    /// The word that clients branch on.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Confirmed(_) => "confirmed",
            Self::Unverified { .. } => "unverified",
            Self::NoEffect { .. } => "no_effect",
        }
    }
}

/// An encoded picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// `image/png`, `image/jpeg`, or `image/gif` for what moves.
    pub mime: &'static str,
    /// The encoded bytes.
    pub bytes: Vec<u8>,
    /// Width in pixels, as encoded.
    pub width: u32,
    /// Height in pixels, as encoded.
    pub height: u32,
}

/// Bytes for a client to keep, which no model reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// What names them in the answer; nothing can be asked for by it.
    pub uri: String,
    /// What they are.
    pub mime: &'static str,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Something that the server keeps for the caller, which it can ask for later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What it is asked for by: `portcullis://shots/` and 32 hexadecimal digits.
    pub uri: String,
    /// A name of a file, for clients that store it.
    pub name: String,
    /// What it is.
    pub mime: &'static str,
    /// Its size in bytes.
    pub size: u64,
}

/// One part of a view reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Text that was composed here; what came from the machine is already in visible form.
    Text(String),
    /// A picture.
    Image(Image),
    /// Bytes.
    Blob(Blob),
    /// What is kept for the caller.
    Link(Link),
}

/// What a call answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// For reading: text and pictures, no structure.
    View {
        /// The parts, in order.
        parts: Vec<Part>,
        /// What is known of the effect; only actions have one.
        outcome: Option<Outcome>,
    },
    /// For computing: one JSON object, sent as structure and as text.
    Data(serde_json::Value),
}

impl Reply {
    /// A view of one text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::View { parts: vec![Part::Text(text.into())], outcome: None }
    }

    /// The answer of an action: its outcome first, then what else there is to see.
    pub fn action(outcome: Outcome, mut parts: Vec<Part>) -> Self {
        let mut head = outcome.word().to_owned();
        match &outcome {
            Outcome::Confirmed(evidence) => {
                if !evidence.lines.is_empty() {
                    head.push_str(": ");
                    head.push_str(&evidence.lines.join("; "));
                }
            }
            Outcome::Unverified { why } => head.push_str(&format!(": {why}")),
            Outcome::NoEffect { observed } => head.push_str(&format!(": {observed}")),
        }
        parts.insert(0, Part::Text(head));
        Self::View { parts, outcome: Some(outcome) }
    }

    /// What is known of the effect.
    pub fn outcome(&self) -> Option<&Outcome> {
        match self {
            Self::View { outcome, .. } => outcome.as_ref(),
            Self::Data(_) => None,
        }
    }

    /// Bytes of what is sent, without what the protocol puts around it.
    pub fn bytes(&self) -> u64 {
        let size = match self {
            Self::Data(value) => value.to_string().len(),
            Self::View { parts, .. } => parts
                .iter()
                .map(|part| match part {
                    Part::Text(text) => text.len(),
                    Part::Image(image) => image.bytes.len(),
                    Part::Blob(blob) => blob.bytes.len(),
                    Part::Link(link) => link.uri.len() + link.name.len(),
                })
                .fold(0, usize::saturating_add),
        };
        u64::try_from(size).unwrap_or(u64::MAX)
    }

    /// A digest over everything the reply says, for the record.
    pub fn digest(&self) -> Digest {
        match self {
            Self::Data(value) => Digest::of(value.to_string().as_bytes()),
            Self::View { parts, .. } => {
                let mut all = Vec::new();
                for part in parts {
                    match part {
                        Part::Text(text) => all.extend_from_slice(text.as_bytes()),
                        Part::Image(image) => all.extend_from_slice(&image.bytes),
                        Part::Blob(blob) => all.extend_from_slice(&blob.bytes),
                        Part::Link(link) => all.extend_from_slice(link.uri.as_bytes()),
                    }
                    all.push(0);
                }
                Digest::of(&all)
            }
        }
    }
}

impl From<&Untrusted> for Part {
    fn from(text: &Untrusted) -> Self {
        Self::Text(text.to_string())
    }
}
