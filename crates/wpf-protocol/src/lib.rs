//! What the server and the inspector inside a WPF application say to each other: frames, the bytes that both prove themselves
//! over, messages, error codes and caps. The inspector's C# twin is written out of these types by `cargo xtask generate`.
//! No pipe, no cryptography and no judgement lives here.

mod capability;
mod codes;
mod frame;
mod handshake;
mod messages;
mod value;

pub use capability::Capabilities;
pub use codes::{ErrorCode, WireError};
pub use frame::{
    BLOB_PART_CAP, Blob, Credit, FRAME_CAP, Frame, FrameDecoder, FrameKind, HEADER_BYTES, MalformedFrame, encode,
};
pub use handshake::{
    BLOCK_HEAD, BadParameterBlock, NONCE_BYTES, PROOF_BYTES, ParameterBlock, Peer, RENDEZVOUS_NAME, Rendezvous,
    RendezvousUse, SECRET_BYTES, SECRET_ENTROPY, SECRET_FILE, Speaker, StartCode, Transcript,
};
pub use messages::*;
pub use value::{Handle, NewValue, Val, ValKind};

/// The first version of the protocol that this build speaks.
pub const PROTOCOL_MIN: u16 = 1;
/// The last version of the protocol that this build speaks.
pub const PROTOCOL_MAX: u16 = 1;
/// How often each side says that it is alive when it has nothing else to say, in milliseconds.
pub const ALIVE_EVERY_MS: u32 = 2_000;
/// After how much silence the other side counts as gone, in milliseconds.
pub const SILENCE_CAP_MS: u32 = 10_000;
/// How long the pipe, TLS and both proofs may take together, in milliseconds.
pub const HANDSHAKE_CAP_MS: u32 = 10_000;
/// How deep the JSON of a message may be.
pub const JSON_DEPTH_CAP: usize = 64;
/// Requests of one session that may be on their way at once.
pub const IN_FLIGHT_CAP: usize = 64;
