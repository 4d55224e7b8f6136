//! Shells: where they lie, and one command run in one of them. What a command may be is in `model`; what its output is worth
//! to a caller belongs to the tools.

use crate::{Permit, PortResult};
use portcullis_model::{Cancel, Deadline, Digest, ProgramName, Resource, Shell, ShellCommand};
use sha2::{Digest as _, Sha256};

/// What a program wrote into one of its streams: the first bytes and the last, all of them counted and hashed as they came.
#[derive(Clone, Debug, Default)]
pub struct Captured {
    first: Vec<u8>,
    tail: Vec<u8>,
    total: u64,
    hash: Sha256,
}

impl Captured {
    /// Bytes of the beginning that are for an answer.
    pub const HEAD_CAP: usize = 16_000;
    /// Bytes that are kept of the end.
    pub const TAIL_CAP: usize = 16_000;
    /// Bytes that are kept of the beginning.
    pub const FIRST_CAP: usize = 4_000_000;

    /// Takes what was written next.
    pub fn push(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.total = self.total.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        let split = |cap: usize, held: usize| {
            bytes.split_at_checked(cap.saturating_sub(held).min(bytes.len())).unwrap_or((bytes, &[]))
        };
        let (_, behind_head) = split(Self::HEAD_CAP, self.first.len());
        let (first, _) = split(Self::FIRST_CAP, self.first.len());
        self.first.extend_from_slice(first);
        self.tail.extend_from_slice(behind_head);
        let over = self.tail.len().saturating_sub(Self::TAIL_CAP);
        self.tail.drain(..over);
    }

    /// The first bytes and the last, for an answer; nothing lies between them when [`Self::left_out`] is 0.
    pub fn kept(&self) -> (&[u8], &[u8]) {
        (self.first.get(..Self::HEAD_CAP).unwrap_or(&self.first), &self.tail)
    }

    /// All that was written, or its beginning where that is more than [`Self::FIRST_CAP`].
    pub fn first(&self) -> &[u8] {
        &self.first
    }

    /// Bytes that were written.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Bytes between the two parts of [`Self::kept`].
    pub fn left_out(&self) -> u64 {
        let (head, tail) = self.kept();
        let kept = head.len().saturating_add(tail.len());
        self.total.saturating_sub(u64::try_from(kept).unwrap_or(u64::MAX))
    }

    /// The SHA-256 of all that was written.
    pub fn digest(&self) -> Digest {
        Digest::new(self.hash.clone().finalize().into())
    }
}

/// One command for one shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShellRequest {
    /// Where the shell's program lies, as [`ShellPort::find`] told it.
    pub path: String,
    /// The command.
    pub command: ShellCommand,
    /// The folder that it starts in; the user's own when none is named.
    pub folder: Option<String>,
}

impl ShellRequest {
    /// What the permit must cover.
    pub fn resource(&self) -> Resource {
        Resource::Executable { path: self.path.clone() }
    }
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShellEnd {
    /// The shell ended by itself, with this code.
    Exited(u32),
    /// Its time was over, and it was ended.
    OutOfTime,
}

/// What became of a command.
#[derive(Clone, Debug)]
pub struct ShellRun {
    /// How it ended.
    pub end: ShellEnd,
    /// What went to standard output.
    pub output: Captured,
    /// What went to standard error.
    pub errors: Captured,
    /// What the command had started and left running when the shell ended: it ended then, too.
    pub left: Vec<ProgramName>,
    /// Whether something outside of the call held its output open, so that more may have been written.
    pub held_open: bool,
}

/// The shells of this machine.
pub trait ShellPort: Send + Sync {
    /// Where the shell's program lies; none when it is not installed. Tells no content, so no permit.
    fn find(&self, shell: Shell) -> PortResult<Option<String>>;

    /// Runs the command without standard input and without a window, and waits for its end, at most until `limit`. All that
    /// it started ends with it, also when the call is withdrawn. `begun` is called once, when the shell runs. Needs `RunShell`.
    fn run(
        &self,
        permit: &Permit,
        request: &ShellRequest,
        limit: Deadline,
        cancel: &Cancel,
        begun: &dyn Fn(),
    ) -> PortResult<ShellRun>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn captured(pieces: &[&[u8]]) -> Captured {
        let mut all = Captured::default();
        pieces.iter().for_each(|piece| all.push(piece));
        all
    }

    #[test]
    fn what_is_written_is_kept_counted_and_hashed_up_to_the_caps() {
        let bytes: Vec<u8> = (0..=255).cycle().take(Captured::HEAD_CAP + Captured::TAIL_CAP + 1).collect();
        let (all_but_one, _) = bytes.split_at(bytes.len() - 1);
        let whole = captured(&[all_but_one]);
        assert_eq!((whole.left_out(), [whole.kept().0, whole.kept().1].concat()), (0, all_but_one.to_vec()));
        // In pieces of any size, one byte too many.
        for size in [1, 7, 1_000, bytes.len()] {
            let cut = captured(&bytes.chunks(size).collect::<Vec<_>>());
            let (head, tail) = cut.kept();
            assert_eq!((cut.total(), cut.left_out()), (u64::try_from(bytes.len()).unwrap(), 1), "{size}");
            assert_eq!((head, tail), (&bytes[..Captured::HEAD_CAP], &bytes[Captured::HEAD_CAP + 1..]), "{size}");
            assert_eq!(cut.digest(), Digest::of(&bytes), "{size}");
        }
        assert_eq!(captured(&[]).digest(), Digest::of(b""));
        let long = vec![b'a'; Captured::FIRST_CAP + 1];
        for size in [10_000, Captured::FIRST_CAP, long.len()] {
            let cut = captured(&long.chunks(size).collect::<Vec<_>>());
            assert_eq!((cut.first().len(), cut.kept().0.len()), (Captured::FIRST_CAP, Captured::HEAD_CAP), "{size}");
        }
    }
}
