//! Fetches from servers of this machine that answer as issuers do, and as they should not.

use super::super::tests::settings;
use super::*;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::collections::HashMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A request's head.
async fn head(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let (mut head, mut part) = (Vec::new(), [0; 1024]);
    while !head.ends_with(b"\r\n\r\n") {
        let count = stream.read(&mut part).await.unwrap();
        head.extend_from_slice(&part[..count]);
    }
    String::from_utf8(head).unwrap()
}

/// Serves these answers by path, each with ORIGIN in place of the server's own; anything else is 404.
async fn serve(answers: &[(&'static str, String)]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let answers: HashMap<&str, String> =
        answers.iter().map(|(path, answer)| (*path, answer.replace("ORIGIN", &origin))).collect();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let head = head(&mut stream).await;
            let path = head.split(' ').nth(1).unwrap();
            let absent = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned();
            stream.write_all(answers.get(path).unwrap_or(&absent).as_bytes()).await.ok();
        }
    });
    origin
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

async fn fetched(issuer: &str, jwks: Option<String>) -> Result<Vec<u8>, FetchError> {
    let mut settings = settings();
    settings.issuer = issuer.parse().unwrap();
    settings.jwks = jwks.map_or(JwksPlace::Discovered, |url| JwksPlace::Url(url.parse().unwrap()));
    Fetcher::new(&settings).unwrap().unwrap().keys().await
}

/// ORIGIN is as long as the server's own, since the length is told before.
fn metadata(issuer: &str, jwks: &str) -> String {
    let body = format!("{{\"issuer\":\"{issuer}\",\"jwks_uri\":\"{jwks}\",\"other\":1}}");
    format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{body}")
}

#[tokio::test]
async fn keys_are_found_by_either_kind_of_metadata() {
    const OAUTH: &str = "/.well-known/oauth-authorization-server";
    for (path, at) in [
        ("", OAUTH),
        ("", "/.well-known/openid-configuration"),
        ("/realm", "/.well-known/oauth-authorization-server/realm"),
        ("/realm", "/realm/.well-known/openid-configuration"),
    ] {
        let metadata = metadata(&format!("ORIGIN{path}"), "ORIGIN/keys");
        let origin = serve(&[(at, metadata), ("/keys", ok("the keys"))]).await;
        // The one connection of each answer is closed by its end, as the server's task goes on to the next.
        assert_eq!(fetched(&format!("{origin}{path}"), None).await.unwrap(), b"the keys", "{at}");
    }
}

#[tokio::test]
async fn metadata_of_another_issuer_or_with_keys_elsewhere_are_refused() {
    const AT: &str = "/.well-known/oauth-authorization-server";
    for (answer, told) in [
        (metadata("https://other.example.org", "ORIGIN/keys"), "another issuer"),
        (metadata("ORIGIN/", "ORIGIN/keys"), "another issuer"),
        (metadata("ORIGIN", "http://id.example.org/keys"), "not taken"),
        (metadata("ORIGIN", "file:///etc/passwd"), "not taken"),
        (ok("{}"), "no metadata"),
        (ok("<html>"), "no metadata"),
        ("HTTP/1.1 302 Found\r\nLocation: /keys\r\nContent-Length: 0\r\n\r\n".to_owned(), "redirect"),
    ] {
        let origin = serve(&[(AT, answer), ("/keys", ok("the keys"))]).await;
        let error = fetched(&origin, None).await.unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
}

#[tokio::test]
async fn no_redirect_is_followed_and_a_document_has_a_cap() {
    let at_cap = "k".repeat(DOCUMENT_CAP);
    let origin = serve(&[
        ("/moved", "HTTP/1.1 307 Temporary Redirect\r\nLocation: /keys\r\nContent-Length: 0\r\n\r\n".to_owned()),
        ("/keys", ok(&at_cap)),
        ("/long", ok(&format!("{at_cap}k"))),
        (
            "/endless",
            format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}", "8000\r\n".to_owned() + &at_cap),
        ),
        ("/head", format!("HTTP/1.1 200 OK\r\nX: {}\r\nContent-Length: 0\r\n\r\n", "x".repeat(2 * HEAD_CAP))),
        ("/broken", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort".to_owned()),
    ])
    .await;
    let at = async |path: &str| fetched(&origin, Some(format!("{origin}{path}"))).await;
    assert_eq!(at("/keys").await.unwrap().len(), DOCUMENT_CAP);
    assert!(matches!(at("/moved").await, Err(FetchError::Redirect(_))));
    for path in ["/long", "/endless", "/broken"] {
        assert!(matches!(at(path).await, Err(FetchError::Body { .. })), "{path}");
    }
    assert!(matches!(at("/head").await, Err(FetchError::Http { .. })));
    assert!(matches!(at("/absent").await, Err(FetchError::Status { status: 404, .. })));
    let closed = fetched("http://127.0.0.1:1", None).await.unwrap_err();
    assert!(matches!(closed, FetchError::Unreachable { .. }), "{closed}");
}

/// Answers one request over TLS with a certificate for `localhost` that this makes.
async fn serve_over_tls(body: &'static str) -> (u16, CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            head(&mut stream).await;
            stream.write_all(ok(body).as_bytes()).await.unwrap();
            stream.shutdown().await.ok();
        }
    });
    (port, certificate)
}

#[tokio::test]
async fn an_https_issuer_is_checked_by_the_roots_and_by_its_name() {
    let (port, certificate) = serve_over_tls("the keys").await;
    let (_, other) = serve_over_tls("").await;
    let fetched = async |host: &str, root: &CertificateDer<'static>| {
        let mut roots = RootCertStore::empty();
        roots.add(root.clone()).unwrap();
        let url: ServiceUrl = format!("https://{host}:{port}/keys").parse().unwrap();
        let tls = Some(connector(roots).unwrap());
        Fetcher { issuer: url.clone(), jwks: Some(url), tls }.keys().await
    };
    assert_eq!(fetched("localhost", &certificate).await.unwrap(), b"the keys");
    for (host, root) in [("localhost", &other), ("127.0.0.1", &certificate)] {
        let error = fetched(host, root).await.unwrap_err();
        assert!(matches!(error, FetchError::Unreachable { .. }), "{error}");
    }
}

/// An issuer with https has its keys there too, and none of its words leads into this machine.
#[test]
fn keys_of_an_https_issuer_are_fetched_with_https() {
    let mut settings = settings();
    settings.jwks = JwksPlace::Discovered;
    let fetcher = Fetcher { issuer: settings.issuer.clone(), jwks: None, tls: None };
    let text = br#"{"issuer":"https://id.example.org","jwks_uri":"http://127.0.0.1/keys"}"#;
    assert!(matches!(fetcher.jwks_of(&settings.issuer, text), Err(FetchError::Place(..))));
}
