//! The clipboard's text, and the loan of the clipboard for one paste.

use crate::{Permit, PortResult};
use portcullis_model::{Deadline, Untrusted};

/// What the clipboard holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClipboardContent {
    /// Text.
    Text(Untrusted),
    /// Nothing.
    Empty,
    /// Something else; the names of its formats.
    Other(Vec<String>),
}

/// A text that stands on the clipboard for the length of one paste. Dropped, it puts back what was there as well.
pub trait LentClipboard: Send {
    /// Puts back what was there, in every format. `false` when somebody has replaced the text meanwhile, which then stays, or
    /// when it was put back already.
    fn put_back(&mut self, deadline: Deadline) -> PortResult<bool>;
}

/// The clipboard.
pub trait ClipboardPort: Send + Sync {
    /// A number that changes with every change of the clipboard. No content, so no permit.
    fn sequence(&self) -> u32;

    /// What it holds. Needs `ReadClipboard`. Waits for another holder until the deadline. What its owner marked as not to
    /// be read by others, as password managers do, is `Secret`.
    fn read(&self, permit: &Permit, deadline: Deadline) -> PortResult<ClipboardContent>;

    /// Replaces it by text. Needs `WriteClipboard`. After `Hung` it was not replaced and will not be; after `Interrupted`
    /// it may still be.
    fn write(&self, permit: &Permit, text: &str, deadline: Deadline) -> PortResult<()>;

    /// Keeps what it holds, in every format, and puts a text in its place, marked so that no history and no program that
    /// watches the clipboard takes it. Needs `ReadClipboard` and `WriteClipboard`. What cannot be kept whole is `NotOperable`,
    /// what its owner marked as not to be read by others `Secret`, and nothing was touched.
    fn lend(&self, permit: &Permit, text: &str, deadline: Deadline) -> PortResult<Box<dyn LentClipboard>>;
}
