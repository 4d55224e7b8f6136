//! The files of HTTPS: the pair and the authorities of clients that the owner names, read again when they change, and
//! `portcullis tls self-signed`, which makes a pair. What a certificate is worth is the server crate's.

use crate::cli::{SelfSignedArgs, TlsArgs, TlsCommand};
use anyhow::Context;
use portcullis_config::{ClientCertificates, TlsFiles, WatchedFiles, create_for_owner};
use portcullis_platform::{FileTrustPort, Keepers};
use portcullis_server::{ClientAuthorities, Source, TlsIdentity, self_signed};
use serde_json::json;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

/// Bytes of a file with a certificate or keys.
const FILE_CAP: u64 = 256 * 1024;
/// The files that are made.
const CERTIFICATE_FILE: &str = "portcullis.crt";
const KEY_FILE: &str = "portcullis.key";

/// The pair in these files, whenever one of them changes.
pub(crate) fn watched(trust: Arc<dyn FileTrustPort>, files: TlsFiles) -> Source<TlsIdentity> {
    let mut watched = WatchedFiles::new(vec![files.certificate.clone(), files.key.clone()]);
    Box::new(move || watched.changed().then(|| read(&*trust, &files)))
}

/// The authorities of clients' certificates, whenever their file changes; nothing where no certificate opens the server.
pub(crate) fn watched_authorities(
    trust: Arc<dyn FileTrustPort>,
    settings: Option<&ClientCertificates>,
) -> Option<Source<ClientAuthorities>> {
    let path = settings?.authorities.clone();
    let mut watched = WatchedFiles::new(vec![path.clone()]);
    let read = move || {
        // Whoever can write the file says who comes in.
        trust.check(&path, Keepers::User).map_err(|distrust| distrust.to_string())?;
        ClientAuthorities::parse(&bytes(&path)?).map_err(|why| format!("{}: {why}", path.display()))
    };
    Some(Box::new(move || watched.changed().then(&read)))
}

fn read(trust: &dyn FileTrustPort, files: &TlsFiles) -> Result<TlsIdentity, String> {
    trust.check(&files.certificate, Keepers::User).map_err(|distrust| distrust.to_string())?;
    trust.check_secret(&files.key, Keepers::User).map_err(|distrust| distrust.to_string())?;
    let pair = TlsIdentity::parse(&bytes(&files.certificate)?, &bytes(&files.key)?);
    pair.map_err(|why| format!("{} and {}: {why}", files.certificate.display(), files.key.display()))
}

/// What a file holds, up to a cap.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    file.take(FILE_CAP).read_to_end(&mut bytes).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(bytes)
}

/// `portcullis tls`.
pub(crate) fn run(args: TlsArgs) -> anyhow::Result<ExitCode> {
    match args.command {
        TlsCommand::SelfSigned(args) => make(&args),
    }
}

fn make(args: &SelfSignedArgs) -> anyhow::Result<ExitCode> {
    let made = self_signed(&args.host, args.days).map_err(anyhow::Error::msg)?;
    std::fs::create_dir_all(&args.out).with_context(|| args.out.display().to_string())?;
    let (certificate, key) = (args.out.join(CERTIFICATE_FILE), args.out.join(KEY_FILE));
    for (path, text) in [(&key, &made.key), (&certificate, &made.certificate)] {
        let written = create_for_owner(path).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        written.with_context(|| format!("{}: it is not replaced; move it away first", path.display()))?;
    }
    let fingerprint = made.fingerprint.to_string();
    if args.json {
        let said = json!({ "certificate": certificate, "key": key, "fingerprint": fingerprint });
        out!("{}", serde_json::to_string_pretty(&said)?);
    } else {
        out!("certificate: {}", certificate.display());
        out!("key:         {} (for you alone)", key.display());
        out!("SHA-256:     {fingerprint}");
        out!("serve it:    portcullis serve --transport http --tls-cert FILE --tls-key FILE");
    }
    Ok(ExitCode::SUCCESS)
}
