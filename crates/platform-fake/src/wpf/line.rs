//! The inspector's end of the channel: TLS with the one certificate whose hash it was told, and frames over it. What frames say
//! is not known here.

use super::pipe::End;
use portcullis_platform::PipeEnd;
use portcullis_wpf_protocol::{Frame, FrameDecoder, FrameKind, encode};
use ring::digest::{SHA256, digest};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme};
use std::io::{Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long the server may take to read what is sent.
const SEND_WAIT: Duration = Duration::from_secs(5);
/// How long the handshake of TLS may take.
const HANDSHAKE_WAIT: Duration = Duration::from_secs(5);

#[derive(Debug)]
struct Pinned {
    hash: [u8; 32],
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if digest(&SHA256, end_entity).as_ref() == self.hash {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(rustls::Error::General("another certificate".to_owned()))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// The channel is of no use any more.
#[derive(Debug)]
pub(super) struct Gone;

/// The inspector's end.
pub(super) struct Line {
    end: End,
    tls: ClientConnection,
    frames: FrameDecoder,
}

impl Line {
    /// Shakes hands over `end`; the server must have the certificate of this hash.
    pub(super) fn secure(end: End, hash: [u8; 32]) -> Result<Self, Gone> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = Arc::new(Pinned { hash, provider: Arc::clone(&provider) });
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| Gone)?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        let name = ServerName::try_from("portcullis").map_err(|_| Gone)?;
        let tls = ClientConnection::new(Arc::new(config), name).map_err(|_| Gone)?;
        let mut line = Self { end, tls, frames: FrameDecoder::default() };
        let limit = Instant::now() + HANDSHAKE_WAIT;
        line.flush()?;
        while line.tls.is_handshaking() {
            if Instant::now() > limit {
                return Err(Gone);
            }
            line.receive(Duration::from_millis(50))?;
        }
        Ok(line)
    }

    fn flush(&mut self) -> Result<(), Gone> {
        let mut out = Vec::new();
        while self.tls.wants_write() {
            self.tls.write_tls(&mut out).map_err(|_| Gone)?;
        }
        if out.is_empty() { Ok(()) } else { self.end.write(&out, SEND_WAIT).map_err(|_| Gone) }
    }

    fn receive(&mut self, wait: Duration) -> Result<(), Gone> {
        let mut buffer = vec![0; 64 * 1024];
        let count = match self.end.read(&mut buffer, wait).map_err(|_| Gone)? {
            None => return Ok(()),
            Some(0) => return Err(Gone),
            Some(count) => count,
        };
        let mut bytes = buffer.get(..count).unwrap_or_default();
        while !bytes.is_empty() {
            self.tls.read_tls(&mut bytes).map_err(|_| Gone)?;
            let state = self.tls.process_new_packets();
            self.flush()?;
            let state = state.map_err(|_| Gone)?;
            let mut plain = vec![0; state.plaintext_bytes_to_read()];
            self.tls.reader().read_exact(&mut plain).map_err(|_| Gone)?;
            self.frames.push(&plain);
        }
        Ok(())
    }

    /// The next frame; none when nothing whole came within `wait`.
    pub(super) fn next(&mut self, wait: Duration) -> Result<Option<Frame>, Gone> {
        if let Some(frame) = self.frames.next_frame().map_err(|_| Gone)? {
            return Ok(Some(frame));
        }
        self.receive(wait)?;
        self.frames.next_frame().map_err(|_| Gone)
    }

    /// Sends a frame.
    pub(super) fn send(&mut self, kind: FrameKind, body: &[u8]) -> Result<(), Gone> {
        let bytes = encode(kind, body).map_err(|_| Gone)?;
        self.send_raw(&bytes)
    }

    /// Sends bytes that need not be a frame.
    pub(super) fn send_raw(&mut self, bytes: &[u8]) -> Result<(), Gone> {
        for piece in bytes.chunks(16 * 1024) {
            self.tls.writer().write_all(piece).map_err(|_| Gone)?;
            self.flush()?;
        }
        Ok(())
    }

    /// Closes it.
    pub(super) fn close(&self) {
        self.end.close();
    }
}
