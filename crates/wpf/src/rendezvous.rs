//! Asking an application that opened itself to call back. Both prove that they know the user's secret, over who they are and where
//! to call; the secret of the session is made of it on both sides and is never sent.

use crate::connect::peer;
use crate::fault::ConnectFault;
use crate::proof::{Secret, random};
use portcullis_model::{Deadline, ProcessId};
use portcullis_platform::{PipeEnd, PortFault, WpfPort};
use portcullis_wpf_protocol::{NONCE_BYTES, PROOF_BYTES, ParameterBlock, Rendezvous, RendezvousUse, SECRET_BYTES};

/// Asks the application of this process to call at the block's pipe; the secret of the session.
pub(crate) fn ask(
    applications: &dyn WpfPort,
    process: ProcessId,
    block: &ParameterBlock,
    deadline: Deadline,
) -> Result<[u8; SECRET_BYTES], ConnectFault> {
    let root = applications.sdk_secret()?.filter(|secret| secret.len() >= SECRET_BYTES);
    let root = Secret::of(&root.ok_or(ConnectFault::NoSecret)?);
    let end = applications.knock(process)?.ok_or(ConnectFault::Port(PortFault::Gone))?;
    if end.peer()? != process {
        return Err(ConnectFault::WrongPeer);
    }
    let insecure = ConnectFault::Insecure;
    let server_nonce: [u8; NONCE_BYTES] = random().map_err(|_| insecure("no nonce could be made"))?;
    write(end.as_ref(), &server_nonce, deadline)?;
    let application_nonce = read::<NONCE_BYTES>(end.as_ref(), deadline)?;
    let mut said =
        Rendezvous { server: block.server, application: peer(process), server_nonce, application_nonce, told: None };
    let proof = read::<PROOF_BYTES>(end.as_ref(), deadline)?;
    if !root.holds_bytes(&said.bytes(RendezvousUse::Application), &proof) {
        return Err(insecure("the application's proof that it knows the user's secret"));
    }
    said.told = Some((block.certificate, &block.pipe));
    let length = u8::try_from(block.pipe.len()).map_err(|_| insecure("the pipe's name"))?;
    let mut told = block.certificate.to_vec();
    told.push(length);
    told.extend_from_slice(block.pipe.as_bytes());
    told.extend_from_slice(&root.prove_bytes(&said.bytes(RendezvousUse::Server)));
    write(end.as_ref(), &told, deadline)?;
    Ok(root.prove_bytes(&said.bytes(RendezvousUse::Secret)))
}

/// Who does not read is late like one who does not answer; it is no window that hangs.
fn write(end: &dyn PipeEnd, bytes: &[u8], deadline: Deadline) -> Result<(), ConnectFault> {
    end.write(bytes, deadline.remaining()).map_err(|fault| match fault {
        PortFault::Hung => ConnectFault::Late,
        fault => fault.into(),
    })
}

fn read<const BYTES: usize>(end: &dyn PipeEnd, deadline: Deadline) -> Result<[u8; BYTES], ConnectFault> {
    let mut bytes = [0; BYTES];
    let mut read = 0;
    while let Some(rest) = bytes.get_mut(read..).filter(|rest| !rest.is_empty()) {
        if deadline.passed() {
            return Err(ConnectFault::Late);
        }
        match end.read(rest, deadline.remaining())? {
            None => return Err(ConnectFault::Late),
            Some(0) => return Err(ConnectFault::Insecure("the application's proof that it knows the user's secret")),
            Some(count) => read += count,
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_platform::PortResult;
    use std::time::Duration;

    /// Someone who takes nothing and says nothing.
    struct Stuffed;

    impl PipeEnd for Stuffed {
        fn peer(&self) -> PortResult<ProcessId> {
            Err(PortFault::Gone)
        }

        fn read(&self, _: &mut [u8], _: Duration) -> PortResult<Option<usize>> {
            Ok(None)
        }

        fn write(&self, _: &[u8], _: Duration) -> PortResult<()> {
            Err(PortFault::Hung)
        }

        fn close(&self) {}
    }

    #[test]
    fn who_neither_reads_nor_answers_is_late() {
        let deadline = Deadline::after(Duration::from_secs(1));
        assert_eq!(write(&Stuffed, b"nonce", deadline), Err(ConnectFault::Late));
        assert_eq!(read::<NONCE_BYTES>(&Stuffed, deadline), Err(ConnectFault::Late));
    }
}
