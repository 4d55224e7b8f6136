//! What both sides prove themselves over, and what an inspector is started with. The order is: the system's word on who is at
//! the other end of the pipe, TLS with the one certificate that was named, then both proofs. The keyed hash itself is made by
//! those who hold the secret; here are its bytes alone.

use crate::Capabilities;
use std::fmt;

/// Bytes of a nonce.
pub const NONCE_BYTES: usize = 32;
/// Bytes of a proof: HMAC-SHA256.
pub const PROOF_BYTES: usize = 32;
/// Bytes of a secret.
pub const SECRET_BYTES: usize = 32;
/// Characters of a pipe's name.
const PIPE_CAP: usize = 128;
/// What a parameter block begins with.
pub const BLOCK_HEAD: &str = "portcullis-inspector/1";

/// Who makes a proof. Each has a label of its own, so that none can be sent back as the other's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// The server.
    Server,
    /// The inspector.
    Inspector,
}

impl Speaker {
    /// The label in the proof.
    pub fn label(self) -> &'static str {
        match self {
            Self::Server => "portcullis wpf server 1",
            Self::Inspector => "portcullis wpf inspector 1",
        }
    }
}

/// What the pipe's name begins with at which an application that opens itself can be asked to call back; its process's number
/// follows.
pub const RENDEZVOUS_NAME: &str = "portcullis-sdk-";
/// The file of the user's secret for such applications, in the folder `Portcullis` of the user's local data.
pub const SECRET_FILE: &str = "wpf-sdk.secret";
/// What that file is sealed with besides the user's own protection.
pub const SECRET_ENTROPY: &str = "portcullis wpf sdk 1";

/// One use of the user's secret in the question to call back. Each has a label of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RendezvousUse {
    /// The application proves itself.
    Application,
    /// The server proves itself, and names the pipe and the certificate.
    Server,
    /// The secret of the session that follows.
    Secret,
}

impl RendezvousUse {
    /// The label in the keyed hash.
    pub fn label(self) -> &'static str {
        match self {
            Self::Application => "portcullis wpf sdk application 1",
            Self::Server => "portcullis wpf sdk server 1",
            Self::Secret => "portcullis wpf sdk secret 1",
        }
    }
}

/// All that the question to call back speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendezvous<'a> {
    /// The server.
    pub server: Peer,
    /// The application.
    pub application: Peer,
    /// The server's nonce.
    pub server_nonce: [u8; NONCE_BYTES],
    /// The application's nonce.
    pub application_nonce: [u8; NONCE_BYTES],
    /// The SHA-256 of the server's certificate and the pipe's name, once the server has told them.
    pub told: Option<([u8; 32], &'a str)>,
}

impl Rendezvous<'_> {
    /// The bytes of the keyed hash for one use.
    pub fn bytes(&self, used: RendezvousUse) -> Vec<u8> {
        let mut bytes = used.label().as_bytes().to_vec();
        bytes.push(0);
        for peer in [self.server, self.application] {
            bytes.extend_from_slice(&peer.process.to_le_bytes());
            bytes.extend_from_slice(&peer.started.to_le_bytes());
        }
        bytes.extend_from_slice(&self.server_nonce);
        bytes.extend_from_slice(&self.application_nonce);
        if let Some((certificate, pipe)) = self.told {
            bytes.extend_from_slice(&certificate);
            bytes.extend_from_slice(pipe.as_bytes());
        }
        bytes
    }
}

/// What an inspector gives to whoever started it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum StartCode {
    /// The session is open: both sides have proved themselves.
    Proved = 0,
    /// What it was started with is no parameter block.
    BadBlock = 1,
    /// The pipe is not there, or could not be opened in time.
    NoPipe = 2,
    /// Another process than the named one has the pipe.
    WrongServer = 3,
    /// TLS did not come about: another certificate, too old a version.
    Tls = 4,
    /// The server did not prove that it knows the secret.
    Proof = 5,
    /// The process has as many sessions as it can.
    Full = 6,
    /// It took too long.
    Late = 7,
    /// A mistake of the inspector.
    Internal = 8,
}

impl StartCode {
    /// Every code, in the order of their numbers.
    pub const ALL: [Self; 9] = [
        Self::Proved,
        Self::BadBlock,
        Self::NoPipe,
        Self::WrongServer,
        Self::Tls,
        Self::Proof,
        Self::Full,
        Self::Late,
        Self::Internal,
    ];

    /// Its number.
    #[expect(clippy::as_conversions, reason = "the type is declared to be this number")]
    pub fn number(self) -> u32 {
        self as u32
    }

    /// The code of this number.
    pub fn of(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.number() == number)
    }
}

/// One end of the channel, as the system knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The process's number.
    pub process: u32,
    /// When it started, in 100 ns units since 1601.
    pub started: u64,
}

/// All that a proof speaks of. Whoever relays a channel ends at another certificate, another process or another pipe, so that
/// its proof is another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transcript<'a> {
    /// The pipe's name without its prefix.
    pub pipe: &'a str,
    /// The SHA-256 of the server's certificate, DER.
    pub certificate: [u8; 32],
    /// The server.
    pub server: Peer,
    /// The application's process.
    pub target: Peer,
    /// What the server's gates let this session do.
    pub capabilities: Capabilities,
    /// The server's nonce.
    pub server_nonce: [u8; NONCE_BYTES],
    /// The inspector's nonce.
    pub inspector_nonce: [u8; NONCE_BYTES],
}

impl Transcript<'_> {
    /// The bytes that `speaker` makes the keyed hash of. Every field has a fixed length but the last.
    pub fn bytes(&self, speaker: Speaker) -> Vec<u8> {
        let mut bytes = speaker.label().as_bytes().to_vec();
        bytes.push(0);
        for peer in [self.server, self.target] {
            bytes.extend_from_slice(&peer.process.to_le_bytes());
            bytes.extend_from_slice(&peer.started.to_le_bytes());
        }
        bytes.extend_from_slice(&self.capabilities.bits().to_le_bytes());
        bytes.extend_from_slice(&self.certificate);
        bytes.extend_from_slice(&self.server_nonce);
        bytes.extend_from_slice(&self.inspector_nonce);
        bytes.extend_from_slice(self.pipe.as_bytes());
        bytes
    }
}

/// What an inspector is started with: where to connect to, whom it must find there, and the secret of this one session.
#[derive(Clone, PartialEq, Eq)]
pub struct ParameterBlock {
    /// The pipe's name without its prefix.
    pub pipe: String,
    /// The server that owns it.
    pub server: Peer,
    /// The SHA-256 of its certificate, DER.
    pub certificate: [u8; 32],
    /// The secret that both prove to know.
    pub secret: [u8; SECRET_BYTES],
}

impl fmt::Debug for ParameterBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParameterBlock").field("pipe", &self.pipe).field("server", &self.server).finish_non_exhaustive()
    }
}

/// A text that is no parameter block. Nothing of it is repeated, since it may hold a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no parameter block: {0}")]
pub struct BadParameterBlock(pub &'static str);

impl ParameterBlock {
    /// As text: the head and six fields, each with its name, in this order, parted by `;`.
    pub fn write(&self) -> String {
        format!(
            "{BLOCK_HEAD};pipe={};server={};started={};certificate={};secret={}",
            self.pipe,
            self.server.process,
            self.server.started,
            hex(&self.certificate),
            hex(&self.secret)
        )
    }

    /// Reads one. There is one writing of each block.
    pub fn read(text: &str) -> Result<Self, BadParameterBlock> {
        let mut fields = text.split(';');
        if fields.next() != Some(BLOCK_HEAD) {
            return Err(BadParameterBlock("it has another head"));
        }
        let mut field = |name: &str, bad: &'static str| {
            let value = fields.next().and_then(|field| field.strip_prefix(name)?.strip_prefix('='));
            value.ok_or(BadParameterBlock(bad))
        };
        let pipe = field("pipe", "pipe")?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if pipe.is_empty() || pipe.len() > PIPE_CAP || !pipe.chars().all(is_name) {
            return Err(BadParameterBlock("pipe"));
        }
        let process = field("server", "server")?.parse().map_err(|_| BadParameterBlock("server"))?;
        let started = field("started", "started")?.parse().map_err(|_| BadParameterBlock("started"))?;
        let certificate = unhex(field("certificate", "certificate")?).ok_or(BadParameterBlock("certificate"))?;
        let secret = unhex(field("secret", "secret")?).ok_or(BadParameterBlock("secret"))?;
        let block = Self { pipe: pipe.to_owned(), server: Peer { process, started }, certificate, secret };
        if block.write() == text { Ok(block) } else { Err(BadParameterBlock("it is written in another way")) }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect::<Option<_>>()?;
    let whole = digits.len() == 64;
    let bytes: Vec<u8> = digits.chunks_exact(2).filter_map(|pair| Some(pair.first()? << 4 | pair.get(1)?)).collect();
    bytes.try_into().ok().filter(|_| whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn block() -> ParameterBlock {
        ParameterBlock {
            pipe: "portcullis-00ff".to_owned(),
            server: Peer { process: 7, started: 133_000_000_000_000_000 },
            certificate: [0xAB; 32],
            secret: [0x01; SECRET_BYTES],
        }
    }

    #[test]
    fn a_block_has_one_writing() {
        let text = block().write();
        assert_eq!(ParameterBlock::read(&text), Ok(block()));
        for bad in [
            String::new(),
            text.replace("/1", "/2"),
            text.replace("server=7", "server=07"),
            text.replace("server=7", "server=+7"),
            text.replace("server=7", "server=4294967296"),
            text.replace("pipe=portcullis-00ff", "pipe="),
            text.replace("pipe=portcullis-00ff", "pipe=a\\b"),
            text.replace("pipe=portcullis-00ff", &format!("pipe={}", "p".repeat(PIPE_CAP + 1))),
            text.replace("abab", "ABAB"),
            text.replacen("ab", "", 1),
            format!("{text};more=1"),
            format!("{text} "),
            text.replace(";secret=", ";secret=;"),
        ] {
            assert!(ParameterBlock::read(&bad).is_err(), "{bad}");
        }
        assert!(!format!("{:?}", block()).contains("0101"), "a secret is shown");
    }

    #[test]
    fn whatever_differs_makes_another_proof() {
        let base = Transcript {
            pipe: "p",
            certificate: [1; 32],
            server: Peer { process: 1, started: 2 },
            target: Peer { process: 3, started: 4 },
            capabilities: Capabilities::NONE,
            server_nonce: [5; NONCE_BYTES],
            inspector_nonce: [6; NONCE_BYTES],
        };
        let others = [
            Transcript { pipe: "q", ..base.clone() },
            Transcript { certificate: [2; 32], ..base.clone() },
            Transcript { server: Peer { process: 2, started: 2 }, ..base.clone() },
            Transcript { server: Peer { process: 1, started: 3 }, ..base.clone() },
            Transcript { target: Peer { process: 4, started: 4 }, ..base.clone() },
            Transcript { target: Peer { process: 3, started: 5 }, ..base.clone() },
            Transcript { capabilities: Capabilities::ALL, ..base.clone() },
            Transcript { server_nonce: [6; NONCE_BYTES], ..base.clone() },
            Transcript { inspector_nonce: [5; NONCE_BYTES], ..base.clone() },
        ];
        let mut seen: Vec<Vec<u8>> = vec![base.bytes(Speaker::Server), base.bytes(Speaker::Inspector)];
        seen.extend(others.iter().map(|other| other.bytes(Speaker::Server)));
        for (at, one) in seen.iter().enumerate() {
            assert!(!seen[at + 1..].contains(one), "{at}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_block_or_an_error(text: String) {
            if let Ok(block) = ParameterBlock::read(&text) {
                prop_assert_eq!(block.write(), text);
            }
        }
    }
}
