//! TLS as a client that trusts one certificate and no other, for tests of HTTPS. Nothing is verified less strictly than a
//! browser would, but for who is trusted.

use super::http::{Channel, Dial};
use anyhow::{Context, Result};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::net::TcpStream;
use std::sync::Arc;

/// A client of the server of that name whose certificate is this.
pub struct Trusting {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl Trusting {
    /// Trusts the certificate in this PEM text for `name`; `alpn` are the protocols that are offered, none by default.
    pub fn new(pem: &str, name: &str, alpn: &[&str]) -> Result<Arc<Trusting>> {
        Trusting::showing(pem, name, alpn, None)
    }

    /// As `new`, and shows a certificate of its own, of which chain and key are PEM.
    pub fn showing(pem: &str, name: &str, alpn: &[&str], own: Option<(&str, &str)>) -> Result<Arc<Trusting>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).context("a certificate in PEM")?)?;
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots);
        let mut config = match own {
            None => config.with_no_client_auth(),
            Some((chain, key)) => {
                let chain = CertificateDer::pem_slice_iter(chain.as_bytes()).collect::<Result<_, _>>();
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).context("a key in PEM")?;
                config.with_client_auth_cert(chain.context("a chain in PEM")?, key)?
            }
        };
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        let name = ServerName::try_from(name.to_owned()).context("a host's name")?;
        Ok(Arc::new(Trusting { config: Arc::new(config), name }))
    }

    /// Shakes hands over a socket.
    pub fn connect(&self, mut socket: TcpStream) -> Result<StreamOwned<ClientConnection, TcpStream>> {
        let mut connection = ClientConnection::new(Arc::clone(&self.config), self.name.clone())?;
        while connection.is_handshaking() {
            connection.complete_io(&mut socket).context("the handshake of TLS")?;
        }
        Ok(StreamOwned::new(connection, socket))
    }
}

impl Dial for Trusting {
    fn dial(&self, socket: TcpStream) -> Result<Box<dyn Channel>> {
        Ok(Box::new(self.connect(socket)?))
    }
}
