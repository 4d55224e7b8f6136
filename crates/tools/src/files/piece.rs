//! One piece of a file's bytes, read with what lies around it, so that a key of ours is known as one wherever a caller cuts.
//! How a piece is shown is for the tool.

use super::Held;
use portcullis_model::{Fault, KEY_SPAN, mask_keys};
use portcullis_policy::Permit;

/// What is told of a piece in which something was masked.
pub(super) const MASKED: &str = "; keys of a Portcullis server in it are masked with `*`";

/// A piece of a file.
pub(super) struct Piece {
    /// The bytes, at most as many as were asked for.
    pub(super) bytes: Vec<u8>,
    /// Whether the file goes on behind them.
    pub(super) more: bool,
    /// Whether some of them are masked.
    pub(super) masked: bool,
}

impl Piece {
    /// At most `limit` bytes from `from` on.
    pub(super) fn read(file: &Held, permit: &Permit, from: u64, limit: usize) -> Result<Self, Fault> {
        let before = usize::try_from(from).map_or(KEY_SPAN, |from| from.min(KEY_SPAN));
        let start = from.saturating_sub(u64::try_from(before).unwrap_or(u64::MAX));
        let mut bytes = file.read(permit, start, before.saturating_add(limit).saturating_add(KEY_SPAN))?;
        let keys = mask_keys(&mut bytes);
        let end = before.saturating_add(limit);
        let masked = keys.iter().any(|key| key.start < end && key.end > before);
        let more = bytes.len() > end;
        bytes.truncate(end);
        bytes.drain(..before.min(bytes.len()));
        Ok(Self { bytes, more, masked })
    }
}
