//! An application that opened itself, as it answers the question to call back: with proof of the user's secret, and only to a server
//! that proves the same.

use super::pipe::End;
use super::{Hostile, OWN};
use portcullis_model::ProcessId;
use portcullis_platform::PipeEnd;
use portcullis_wpf_protocol::{
    NONCE_BYTES, PROOF_BYTES, ParameterBlock, Peer, Rendezvous, RendezvousUse, SECRET_BYTES,
};
use ring::hmac;
use std::time::Duration;

/// How long the server may take.
const WAIT: Duration = Duration::from_secs(5);

fn read(end: &End, count: usize) -> Option<Vec<u8>> {
    let mut bytes = vec![0; count];
    let mut read = 0;
    while read < count {
        match end.read(bytes.get_mut(read..)?, WAIT).ok()? {
            Some(more) if more > 0 => read += more,
            _ => return None,
        }
    }
    Some(bytes)
}

fn peer(process: ProcessId) -> Peer {
    Peer { process: process.number, started: process.started }
}

/// What the application is told to call, once the server has proved itself.
pub(super) fn answer(end: &End, process: ProcessId, hostile: Option<Hostile>, root: &[u8]) -> Option<ParameterBlock> {
    let wrong = hostile == Some(Hostile::WrongProof);
    let key = hmac::Key::new(hmac::HMAC_SHA256, if wrong { b"another secret of thirty-two bytes" } else { root });
    let server_nonce: [u8; NONCE_BYTES] = read(end, NONCE_BYTES)?.try_into().ok()?;
    let application_nonce = [0xA5; NONCE_BYTES];
    let mut said =
        Rendezvous { server: peer(OWN), application: peer(process), server_nonce, application_nonce, told: None };
    let proof = hmac::sign(&key, &said.bytes(RendezvousUse::Application));
    end.write(&[application_nonce.as_slice(), proof.as_ref()].concat(), WAIT).ok()?;
    let certificate: [u8; 32] = read(end, 32)?.try_into().ok()?;
    let length = usize::from(*read(end, 1)?.first()?);
    let pipe = String::from_utf8(read(end, length)?).ok()?;
    let proof = read(end, PROOF_BYTES)?;
    said.told = Some((certificate, &pipe));
    hmac::verify(&key, &said.bytes(RendezvousUse::Server), &proof).ok()?;
    let secret = hmac::sign(&key, &said.bytes(RendezvousUse::Secret));
    let secret: [u8; SECRET_BYTES] = secret.as_ref().try_into().ok()?;
    Some(ParameterBlock { pipe: pipe.clone(), server: peer(OWN), certificate, secret })
}
