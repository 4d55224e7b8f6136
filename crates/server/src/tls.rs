//! TLS: a certificate with its key out of PEM, one made for a host that has none, the authorities of clients' certificates, and
//! the configuration that serves the newest of them. Where the files lie and who may read them is the composition root's
//! business; what a client's certificate opens is decided in `auth`.

use portcullis_model::Digest;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use time::{Duration, OffsetDateTime};

/// The one protocol that is offered in the handshake.
const ALPN: &[u8] = b"http/1.1";
/// Certificates of a chain.
const CHAIN_CAP: usize = 16;
/// Authorities of clients' certificates.
const AUTHORITY_CAP: usize = 64;
/// How long before now a certificate that is made here begins to hold: clocks differ.
const CLOCKS_DIFFER: Duration = Duration::days(1);

/// A certificate's SHA-256, as browsers and `openssl x509 -fingerprint -sha256` show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(Digest);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.as_bytes().iter().enumerate() {
            write!(f, "{}{byte:02X}", if index == 0 { "" } else { ":" })?;
        }
        Ok(())
    }
}

/// A certificate with the key that belongs to it.
#[derive(Clone)]
pub struct TlsIdentity {
    key: Arc<CertifiedKey>,
    fingerprint: Fingerprint,
}

impl TlsIdentity {
    /// Reads a chain and a private key, both PEM. The error says what is wrong and repeats nothing of either.
    pub fn parse(chain: &[u8], key: &[u8]) -> Result<Self, String> {
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain)
            .take(CHAIN_CAP.saturating_add(1))
            .collect::<Result<_, _>>()
            .map_err(|_| "the certificate is not PEM; it begins with -----BEGIN CERTIFICATE-----".to_owned())?;
        if chain.len() > CHAIN_CAP {
            return Err(format!("the chain has more than {CHAIN_CAP} certificates"));
        }
        let fingerprint = Fingerprint(Digest::of(chain.first().ok_or("the file holds no certificate in PEM")?));
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| {
            "the key is not PEM; it begins with -----BEGIN PRIVATE KEY-----, without a password".to_owned()
        })?;
        let key = CertifiedKey::from_der(chain, key, &ring::default_provider())
            .map_err(|error| format!("certificate and key cannot be used together: {error}"))?;
        Ok(Self { key: Arc::new(key), fingerprint })
    }

    /// The certificate's fingerprint.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }
}

/// A certificate that vouches for itself, with its key, as files hold them.
pub struct SelfSigned {
    /// The certificate in PEM.
    pub certificate: String,
    /// The private key in PEM: for the owner alone.
    pub key: String,
    /// By which clients know it.
    pub fingerprint: Fingerprint,
}

/// Makes a key (ECDSA, P-256) and a certificate for these names and addresses that holds for `days`.
pub fn self_signed(hosts: &[String], days: u16) -> Result<SelfSigned, String> {
    let failed = |error: rcgen::Error| format!("a certificate for {} cannot be made: {error}", hosts.join(", "));
    let mut params = CertificateParams::new(hosts).map_err(failed)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "Portcullis");
    let now = OffsetDateTime::now_utc();
    params.not_before = now.checked_sub(CLOCKS_DIFFER).unwrap_or(now);
    params.not_after = now.checked_add(Duration::days(days.into())).unwrap_or(now);
    let key = KeyPair::generate().map_err(failed)?;
    let certificate = params.self_signed(&key).map_err(failed)?;
    let fingerprint = Fingerprint(Digest::of(certificate.der()));
    Ok(SelfSigned { certificate: certificate.pem(), key: key.serialize_pem(), fingerprint })
}

/// Who vouches for the certificates of clients.
#[derive(Clone)]
pub struct ClientAuthorities(Arc<dyn ClientCertVerifier>);

impl ClientAuthorities {
    /// Reads certificates of authorities, PEM. The error says what is wrong and repeats nothing of them.
    pub fn parse(pem: &[u8]) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate
                .map_err(|_| "an authority is not PEM; it begins with -----BEGIN CERTIFICATE-----".to_owned())?;
            roots.add(certificate).map_err(|error| format!("an authority cannot be used: {error}"))?;
            if roots.len() > AUTHORITY_CAP {
                return Err(format!("there are more than {AUTHORITY_CAP} authorities"));
            }
        }
        if roots.is_empty() {
            return Err("the file holds no certificate in PEM".to_owned());
        }
        // Who shows no certificate comes this far, and needs another credential.
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::new(ring::default_provider()))
            .allow_unauthenticated()
            .build()
            .map(Self)
            .map_err(|error| format!("the authorities cannot be used: {error}"))
    }
}

/// Which authorities vouched for a client in its handshake: each that takes the place of another has the next number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Generation(u64);

impl Generation {
    pub(crate) const FIRST: Self = Self(1);

    fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// A certificate that a client showed and proved.
#[derive(Debug)]
pub(crate) struct ShownCertificate {
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) vouched_by: Generation,
}

/// What is served to new connections, each part of which another may replace.
pub(crate) struct Served(RwLock<Parts>);

struct Parts {
    key: Arc<CertifiedKey>,
    authorities: Option<ClientAuthorities>,
    generation: Generation,
    config: Arc<ServerConfig>,
}

/// One certificate for whoever asks.
#[derive(Debug)]
struct Only(Arc<CertifiedKey>);

impl ResolvesServerCert for Only {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// The configuration of a connection. TLS 1.2 and 1.3 with the safe suites of rustls; a client that insists on another
/// protocol than HTTP/1.1 is refused in the handshake.
fn config(
    key: &Arc<CertifiedKey>,
    authorities: Option<&ClientAuthorities>,
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?;
    let builder = match authorities {
        Some(authorities) => builder.with_client_cert_verifier(Arc::clone(&authorities.0)),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_cert_resolver(Arc::new(Only(Arc::clone(key))));
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(Arc::new(config))
}

impl Served {
    pub(crate) fn new(
        identity: TlsIdentity,
        authorities: Option<ClientAuthorities>,
    ) -> Result<Arc<Self>, rustls::Error> {
        let config = config(&identity.key, authorities.as_ref())?;
        let parts = Parts { key: identity.key, authorities, generation: Generation::FIRST, config };
        Ok(Arc::new(Self(RwLock::new(parts))))
    }

    /// New connections get this certificate.
    pub(crate) fn replace(&self, identity: TlsIdentity) -> Result<(), rustls::Error> {
        let mut parts = self.0.write().unwrap_or_else(PoisonError::into_inner);
        parts.config = config(&identity.key, parts.authorities.as_ref())?;
        parts.key = identity.key;
        Ok(())
    }

    /// New connections are vouched for by these. A new configuration also forgets the sessions of TLS, which would bring
    /// along what the old ones vouched for.
    pub(crate) fn replace_authorities(&self, authorities: ClientAuthorities) -> Result<Generation, rustls::Error> {
        let mut parts = self.0.write().unwrap_or_else(PoisonError::into_inner);
        parts.config = config(&parts.key, Some(&authorities))?;
        parts.authorities = Some(authorities);
        parts.generation = parts.generation.next();
        Ok(parts.generation)
    }

    /// The configuration of one connection, and who vouches in it.
    pub(crate) fn now(&self) -> (Arc<ServerConfig>, Generation) {
        let parts = self.0.read().unwrap_or_else(PoisonError::into_inner);
        (Arc::clone(&parts.config), parts.generation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_read_and_anything_else_is_refused() {
        let hosts = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let (one, two) = (self_signed(&hosts, 30).unwrap(), self_signed(&hosts, 30).unwrap());
        let read = |chain: &str, key: &str| TlsIdentity::parse(chain.as_bytes(), key.as_bytes());
        assert_eq!(read(&one.certificate, &one.key).ok().unwrap().fingerprint(), one.fingerprint);
        assert_eq!(one.fingerprint.to_string().len(), 95);
        assert_ne!(one.fingerprint, two.fingerprint);
        for (chain, key, told) in [
            (one.certificate.as_str(), two.key.as_str(), "together"),
            ("", &one.key, "no certificate"),
            (&one.certificate, "", "the key is not PEM"),
            (&one.key, &one.key, "no certificate"),
            (&one.certificate, &one.certificate, "the key is not PEM"),
            (&one.certificate.repeat(17), &one.key, "more than 16"),
        ] {
            let error = read(chain, key).err().unwrap();
            assert!(error.contains(told), "{error}");
        }
        assert!(self_signed(&["not a host\u{fc}".to_owned()], 1).is_err());
    }
}
