//! Client certificates: one that an authority of the owner vouches for, whose holder the owner lists, is a principal. That it
//! was proved and vouched for was found out in the handshake of TLS; here it is read for whose it is and how long it holds.

use super::{Authenticate, Authenticated, Credential, Head, Refusal};
use crate::tls::Generation;
use portcullis_config::ClientCertificate;
use portcullis_model::{Authenticated as By, Digest, KnownBy, Principal};
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, SystemTime};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;

/// The certificates that open the server.
pub(crate) struct Certificates {
    holders: Vec<ClientCertificate>,
    /// Whose word counts now; nobody's when the authorities cannot be read.
    authorities: RwLock<Option<Generation>>,
}

impl Certificates {
    pub(crate) fn new(holders: Vec<ClientCertificate>) -> Self {
        Self { holders, authorities: RwLock::new(Some(Generation::FIRST)) }
    }

    /// From now on these authorities count, or none: what others vouched for has ended.
    pub(crate) fn vouched_by(&self, authorities: Option<Generation>) {
        *self.authorities.write().unwrap_or_else(PoisonError::into_inner) = authorities;
    }

    fn counts(&self, vouched_by: Generation) -> bool {
        *self.authorities.read().unwrap_or_else(PoisonError::into_inner) == Some(vouched_by)
    }

    pub(crate) fn open(&self, der: &[u8], now: SystemTime) -> Result<(Principal, SystemTime), &'static str> {
        let (_, certificate) = X509Certificate::from_der(der).map_err(|_| "its certificate cannot be read")?;
        let (begins, ends) = (moment(certificate.validity().not_before), moment(certificate.validity().not_after));
        let ends = ends.filter(|ends| now < *ends && begins.is_some_and(|begins| begins <= now));
        // The handshake asked the same, but a connection may outlive its certificate.
        let ends = ends.ok_or("its certificate has ended, or is not yet good")?;
        let name = holder(&certificate).ok_or("its certificate has no name, or several")?;
        let listed = self.holders.iter().find(|listed| listed.name == name).ok_or("its certificate is not listed")?;
        let known_by = KnownBy::PublicKey(Digest::of(certificate.public_key().raw));
        Ok((Principal::remote(By::Certificate, &listed.name, listed.scopes.clone()).known_by(known_by), ends))
    }
}

fn moment(time: ASN1Time) -> Option<SystemTime> {
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(u64::try_from(time.timestamp()).ok()?))
}

/// The one name of a certificate's holder: among the alternative names (RFC 5280, 4.2.1.6) one DNS name, e-mail address or URI,
/// else one common name. Of several nobody could say which of them is meant.
fn holder<'der>(certificate: &'der X509Certificate<'der>) -> Option<&'der str> {
    let alternatives = certificate.subject_alternative_name().ok()?;
    let all = alternatives.iter().flat_map(|extension| &extension.value.general_names);
    let mut names = all.filter_map(|name| match name {
        GeneralName::DNSName(name) | GeneralName::RFC822Name(name) | GeneralName::URI(name) => Some(*name),
        _ => None,
    });
    match (names.next(), names.next()) {
        (Some(name), None) => Some(name),
        (Some(_), Some(_)) => None,
        (None, _) => {
            let mut common = certificate.subject().iter_common_name();
            match (common.next(), common.next()) {
                (Some(name), None) => name.as_str().ok(),
                _ => None,
            }
        }
    }
}

impl Authenticate for Certificates {
    async fn authenticate(&self, head: &Head<'_>) -> Result<Authenticated, Refusal> {
        let shown = head.certificate.ok_or(Refusal::Nothing("it shows none"))?;
        if !self.counts(shown.vouched_by) {
            return Err(Refusal::Nothing("its certificate was vouched for by authorities that no longer count"));
        }
        let (principal, ends) = self.open(&shown.certificate, SystemTime::now()).map_err(Refusal::Nothing)?;
        let digest = Digest::of(&shown.certificate);
        let credential = Credential::Certificate { digest, vouched_by: shown.vouched_by, ends };
        Ok(Authenticated { principal, credential })
    }

    fn is_good(&self, credential: &Credential) -> bool {
        match credential {
            Credential::Certificate { vouched_by, ends, .. } => self.counts(*vouched_by) && SystemTime::now() < *ends,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, SanType};
    use time::OffsetDateTime;

    fn san(kind: &str, name: &str) -> SanType {
        let name = name.try_into().unwrap();
        match kind {
            "dns" => SanType::DnsName(name),
            "mail" => SanType::Rfc822Name(name),
            "uri" => SanType::URI(name),
            other => panic!("{other}"),
        }
    }

    fn made(common: &[&str], alternatives: Vec<SanType>) -> Vec<u8> {
        made_for(&KeyPair::generate().unwrap(), common, alternatives)
    }

    fn made_for(key: &KeyPair, common: &[&str], alternatives: Vec<SanType>) -> Vec<u8> {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        for name in common {
            params.distinguished_name.push(DnType::CommonName, *name);
        }
        params.subject_alt_names = alternatives;
        params.not_before = OffsetDateTime::UNIX_EPOCH + time::Duration::days(100);
        params.not_after = OffsetDateTime::UNIX_EPOCH + time::Duration::days(200);
        params.self_signed(key).unwrap().der().to_vec()
    }

    fn all() -> Certificates {
        let names = ["ci.example.org", "ci@example.org", "spiffe://example.org/ci", "ci"];
        Certificates::new(names.map(|name| ClientCertificate::new(name, &["observe"]).unwrap()).to_vec())
    }

    fn day(number: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(number * 86_400)
    }

    #[test]
    fn a_certificate_has_one_name_that_is_listed_as_it_is_written() {
        let address = SanType::IpAddress([127, 0, 0, 1].into());
        for (what, common, alternatives, name) in [
            ("a DNS name", vec!["x"], vec![san("dns", "ci.example.org")], Some("cert:ci.example.org")),
            ("an address of mail", vec![], vec![san("mail", "ci@example.org")], Some("cert:ci@example.org")),
            ("a URI", vec![], vec![san("uri", "spiffe://example.org/ci")], Some("cert:spiffe://example.org/ci")),
            ("a common name", vec!["ci"], vec![], Some("cert:ci")),
            ("a common name beside an address", vec!["ci"], vec![address], Some("cert:ci")),
            ("an alternative name that is not listed", vec!["ci"], vec![san("dns", "other.example.org")], None),
            ("two", vec![], vec![san("dns", "ci.example.org"), san("mail", "ci@example.org")], None),
            ("none", vec![], vec![], None),
            ("a part", vec!["c"], vec![], None),
            ("other letters", vec!["CI"], vec![], None),
            ("a space after it", vec!["ci "], vec![], None),
            ("a NUL after it", vec!["ci\0"], vec![], None),
        ] {
            let opened = all().open(&made(&common, alternatives), day(150)).ok();
            assert_eq!(opened.as_ref().map(|(principal, _)| principal.name()), name, "{what}");
            assert!(opened.is_none_or(|(_, ends)| ends == day(200)));
        }
        assert!(all().open(b"no certificate", day(150)).is_err());
    }

    #[test]
    fn what_is_kept_for_a_name_is_its_public_keys() {
        let (all, key) = (all(), KeyPair::generate().unwrap());
        let who = |der: &[u8]| all.open(der, day(150)).unwrap().0;
        let first = who(&made_for(&key, &["ci"], vec![]));
        assert!(first.is_same(&who(&made_for(&key, &["ci"], vec![]))), "it was renewed");
        assert!(!first.is_same(&who(&made(&["ci"], vec![]))), "another key has the name");
        assert_eq!(first.key_digest(), None);
    }

    #[test]
    fn a_certificate_opens_in_its_time_and_by_the_authorities_that_count() {
        let (all, der) = (all(), made(&["ci"], vec![]));
        for (number, opens) in [(99, false), (100, true), (199, true), (200, false), (201, false)] {
            assert_eq!(all.open(&der, day(number)).is_ok(), opens, "day {number}");
        }
        let ends = SystemTime::now() + Duration::from_secs(60);
        let by = |vouched_by| Credential::Certificate { digest: Digest::of(b""), vouched_by, ends };
        let ended = Credential::Certificate { digest: Digest::of(b""), vouched_by: Generation::FIRST, ends: day(1) };
        assert!(all.is_good(&by(Generation::FIRST)) && !all.is_good(&ended));
        all.vouched_by(None);
        assert!(!all.is_good(&by(Generation::FIRST)));
    }
}
