//! Proofs: keyed hashes over what both sides know of the channel, and random numbers. What they speak of is the protocol's.

use portcullis_wpf_protocol::{NONCE_BYTES, PROOF_BYTES, SECRET_BYTES, Speaker, Transcript};
use ring::hmac;

/// A secret that both sides prove to know. Wiping it is left to the end of the process that made it: it is good for one session.
pub(crate) struct Secret(hmac::Key);

impl Secret {
    pub(crate) fn new(bytes: &[u8; SECRET_BYTES]) -> Self {
        Self::of(bytes)
    }

    /// The same of a secret of another length, which is no shorter.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// The proof that `speaker` sends.
    pub(crate) fn prove(&self, transcript: &Transcript<'_>, speaker: Speaker) -> [u8; PROOF_BYTES] {
        self.prove_bytes(&transcript.bytes(speaker))
    }

    /// The keyed hash of some bytes.
    pub(crate) fn prove_bytes(&self, bytes: &[u8]) -> [u8; PROOF_BYTES] {
        let tag = hmac::sign(&self.0, bytes);
        let mut proof = [0; PROOF_BYTES];
        for (to, from) in proof.iter_mut().zip(tag.as_ref()) {
            *to = *from;
        }
        proof
    }

    /// Whether `proof` is what `speaker` must send. Compared without telling by time where it differs.
    pub(crate) fn holds(&self, transcript: &Transcript<'_>, speaker: Speaker, proof: &[u8]) -> bool {
        self.holds_bytes(&transcript.bytes(speaker), proof)
    }

    /// Whether `proof` is the keyed hash of some bytes. Compared without telling by time where it differs.
    pub(crate) fn holds_bytes(&self, bytes: &[u8], proof: &[u8]) -> bool {
        hmac::verify(&self.0, bytes, proof).is_ok()
    }
}

/// Random bytes of the system.
pub(crate) fn random() -> Result<[u8; NONCE_BYTES], getrandom::Error> {
    let mut bytes = [0; NONCE_BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_wpf_protocol::{Capabilities, Peer};

    #[test]
    fn only_the_right_speaker_with_the_right_secret_proves_it() {
        let transcript = Transcript {
            pipe: "p",
            certificate: [1; 32],
            server: Peer { process: 1, started: 2 },
            target: Peer { process: 3, started: 4 },
            capabilities: Capabilities::NONE,
            server_nonce: [5; NONCE_BYTES],
            inspector_nonce: [6; NONCE_BYTES],
        };
        let (ours, other) = (Secret::new(&[7; SECRET_BYTES]), Secret::new(&[8; SECRET_BYTES]));
        let proof = ours.prove(&transcript, Speaker::Inspector);
        assert!(ours.holds(&transcript, Speaker::Inspector, &proof));
        assert!(!ours.holds(&transcript, Speaker::Server, &proof), "a proof was sent back as the other's");
        assert!(!other.holds(&transcript, Speaker::Inspector, &proof));
        assert!(!ours.holds(&transcript, Speaker::Inspector, &proof[1..]));
        let relayed = Transcript { certificate: [2; 32], ..transcript };
        assert!(!ours.holds(&relayed, Speaker::Inspector, &proof), "a proof held over another certificate");
    }
}
