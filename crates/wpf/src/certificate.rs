//! The certificate of one session: made for it, held in memory alone, known to the inspector by its hash. Nobody vouches for it.

use crate::fault::ConnectFault;
use ring::digest::{SHA256, digest};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection};
use std::sync::Arc;

/// What the certificate says of itself. It means nothing: the hash alone counts.
const SUBJECT: &str = "portcullis-inspector-channel";

/// A server's end of TLS with a certificate of its own.
pub(crate) struct Endpoint {
    /// The connection, before its first byte.
    pub(crate) tls: ServerConnection,
    /// The SHA-256 of its certificate, DER.
    pub(crate) fingerprint: [u8; 32],
}

impl Endpoint {
    /// Makes the certificate and the connection.
    pub(crate) fn new() -> Result<Self, ConnectFault> {
        let insecure = ConnectFault::Insecure;
        let key = rcgen::KeyPair::generate().map_err(|_| insecure("no key could be made"))?;
        let parameters = rcgen::CertificateParams::new(vec![SUBJECT.to_owned()])
            .map_err(|_| insecure("no certificate could be made"))?;
        let certificate = parameters.self_signed(&key).map_err(|_| insecure("no certificate could be made"))?;
        let der = certificate.der().clone();
        let mut fingerprint = [0; 32];
        for (to, from) in fingerprint.iter_mut().zip(digest(&SHA256, &der).as_ref()) {
            *to = *from;
        }
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| insecure("no version of TLS"))?
            .with_no_client_auth()
            .with_single_cert(vec![der], private)
            .map_err(|_| insecure("the certificate does not fit its key"))?;
        // One connection uses it: nothing is to be resumed.
        config.send_tls13_tickets = 0;
        let tls = ServerConnection::new(Arc::new(config)).map_err(|_| insecure("no connection"))?;
        Ok(Self { tls, fingerprint })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_sessions_have_one_certificate() {
        let (one, other) = (Endpoint::new().unwrap(), Endpoint::new().unwrap());
        assert_ne!(one.fingerprint, other.fingerprint);
        assert_ne!(one.fingerprint, [0; 32]);
    }
}
