//! Scrape over TLS, with a real server of TLS on the other end. Neither source system has a page of its own here: both hand the
//! check to a library and have a switch or a variable that weakens it. Here only the system's own roots vouch for a host, so
//! that is what the test changes: in a mount namespace of its own, its authority stands among them.

use crate::mtls::Authority;
use crate::raw::LIMIT;
use portcullis_testkit::fake_home::FakeHome;
use portcullis_testkit::lab::{Finished, finish_within};
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, SanType};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::json;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use time::OffsetDateTime;

const NAME: &str = "shop.example.org";
/// Where Debian keeps the system's roots.
const ROOTS: &str = "/etc/ssl/certs";

/// A site over TLS that answers every request with one page.
struct Site {
    address: SocketAddr,
    /// Requests that came through the handshake.
    asked: Arc<AtomicUsize>,
}

impl Site {
    fn serve(authority: &Authority, params: &CertificateParams) -> Site {
        let identity = authority.vouches(params);
        let chain = CertificateDer::pem_slice_iter(identity.chain.as_bytes()).collect::<Result<_, _>>().unwrap();
        let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let (config, listener) = (Arc::new(config), TcpListener::bind("127.0.0.1:0").unwrap());
        let (address, asked) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&asked);
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut stream = StreamOwned::new(connection, socket.unwrap());
                let (mut head, mut byte) = (Vec::new(), [0]);
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read > 0) {
                    head.push(byte[0]);
                }
                if head.is_empty() {
                    continue;
                }
                counted.fetch_add(1, Ordering::SeqCst);
                let page = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 9\r\n\r\nthe page\n";
                // Who asked may have gone away.
                let _ = stream.write_all(page.as_bytes()).and_then(|()| stream.flush());
            }
        });
        Site { address, asked }
    }
}

/// A certificate of a server with this name.
fn server(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![SanType::DnsName(name.try_into().unwrap())];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

/// The command that reads the page.
fn scrape(home: &FakeHome, site: &Site, path: &str) -> Command {
    let at = format!("{NAME}:443={}", site.address);
    let arguments = json!({ "url": format!("https://{NAME}{path}") }).to_string();
    let data = home.data().display().to_string();
    home.command(&["--site", &at, "call", "Scrape", "--args", &arguments, "--data", &data])
}

/// The same where the system's roots are those in this folder: nothing outside of the process sees it.
fn with_roots(command: &Command, folder: &str) -> Command {
    let mut inside = Command::new("unshare");
    inside.args(["--mount", "--propagation", "private", "sh", "-c"]);
    inside.args([r#"mount --bind "$1" "$2" && shift 2 && exec "$@""#, "sh", folder, ROOTS]);
    inside.arg(command.get_program()).args(command.get_args()).env_clear();
    inside.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    inside.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    inside
}

fn run(mut command: Command) -> Finished {
    finish_within(&mut command, LIMIT).unwrap()
}

#[test]
fn a_page_over_tls_is_read_when_the_systems_roots_vouch_for_its_host_and_not_otherwise() {
    let home = FakeHome::new().unwrap();
    let (known, stranger) = (Authority::new(), Authority::new());
    fs::create_dir(home.path("roots")).unwrap();
    fs::write(home.path("roots/ca-certificates.crt"), &known.pem).unwrap();
    let roots = home.path("roots").display().to_string();
    let good = Site::serve(&known, &server(NAME));
    let read = run(with_roots(&scrape(&home, &good, "/"), &roots));
    assert!(read.status.success() && read.stdout.contains("the page"), "{} {}", read.stdout, read.stderr);
    assert_eq!(good.asked.load(Ordering::SeqCst), 1);

    // The roots of this machine do not know the authority.
    let refused = run(scrape(&home, &good, "/"));
    assert!(!refused.status.success() && refused.stderr.contains("UnknownIssuer"), "{}", refused.stderr);
    let mut old = server(NAME);
    old.not_after = OffsetDateTime::now_utc() - time::Duration::days(1);
    let mut for_clients = server(NAME);
    for_clients.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    for (site, why) in [
        // Another authority of the same name.
        (Site::serve(&stranger, &server(NAME)), "BadSignature"),
        (Site::serve(&known, &server("other.example.org")), "not valid for name"),
        (Site::serve(&known, &old), "xpired"),
        (Site::serve(&known, &for_clients), "certificate"),
    ] {
        let refused = run(with_roots(&scrape(&home, &site, "/"), &roots));
        assert!(!refused.status.success() && refused.stderr.contains(why), "{why}: {}", refused.stderr);
        assert_eq!(site.asked.load(Ordering::SeqCst), 0, "{why}: it was asked all the same");
    }
    assert_eq!(good.asked.load(Ordering::SeqCst), 1, "a site that was refused was asked");
}

/// What a variable names would vouch for a host in place of the system's roots.
#[test]
fn attack_no_variable_says_who_vouches_for_a_host() {
    let home = FakeHome::new().unwrap();
    let authority = Authority::new();
    fs::write(home.path("root.pem"), &authority.pem).unwrap();
    let site = Site::serve(&authority, &server(NAME));
    for name in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
        let mut command = scrape(&home, &site, "/");
        command.env(name, home.path("root.pem"));
        let refused = run(command);
        assert!(!refused.status.success() && refused.stderr.contains(&format!("{name} is set")), "{}", refused.stderr);
    }
    assert_eq!(site.asked.load(Ordering::SeqCst), 0);
}
