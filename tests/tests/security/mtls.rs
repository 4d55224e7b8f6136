//! Client certificates. None of the source systems knows them. Here one opens the server when an authority of the owner vouches
//! for it and the owner lists its holder, with the scopes that stand there; it is never a way around anything else.

use crate::alerts::await_said;
use crate::keys::in_session;
use crate::raw::LIMIT;
use crate::resources::Holding;
use portcullis_testkit::client::tls::Trusting;
use portcullis_testkit::client::{Client, Era, HttpEndpoint, HttpReply};
use portcullis_testkit::fake_home::FakeHome;
use portcullis_testkit::server::{Server, Transport};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    SanType,
};
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::thread;
use std::time::Instant;
use time::{Duration, OffsetDateTime};

/// An authority that vouches for whom it is told to.
pub(crate) struct Authority {
    pub(crate) pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A client's certificate and key, both PEM.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) chain: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new() -> Authority {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name = named("An authority of a test");
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Authority { pem, issuer: Issuer::new(params, key) }
    }

    pub(crate) fn vouches(&self, params: &CertificateParams) -> Identity {
        self.renews(params, &KeyPair::generate().unwrap().serialize_pem())
    }

    /// As `vouches`, for a key that is there.
    fn renews(&self, params: &CertificateParams, key: &str) -> Identity {
        let pair = KeyPair::from_pem(key).unwrap();
        let chain = params.signed_by(&pair, &self.issuer).unwrap().pem();
        Identity { chain, key: key.to_owned() }
    }
}

fn named(name: &str) -> DistinguishedName {
    let mut all = DistinguishedName::new();
    all.push(DnType::CommonName, name);
    all
}

/// A certificate for clients with this common name and these alternative DNS names.
fn client(common: &str, alternatives: &[&str]) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(common);
    params.subject_alt_names = alternatives.iter().map(|name| SanType::DnsName((*name).try_into().unwrap())).collect();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}

/// A server with TLS for `localhost` and 127.0.0.1, the authority's file, and the holders `ci.example.org` and `operator`.
struct Scene {
    home: FakeHome,
    server: Server,
    pem: String,
    authority: Authority,
}

fn policy(home: &FakeHome, more: &str) -> String {
    let path = |name: &str| home.path(name).display().to_string();
    format!(
        "[tls]\ncertificate = \"{}\"\nkey = \"{}\"\n{more}",
        path("pair/portcullis.crt"),
        path("pair/portcullis.key")
    )
}

fn clients(home: &FakeHome) -> String {
    format!(
        "client_ca = \"{}\"\n[[tls.clients]]\nname = \"ci.example.org\"\nscopes = [\"observe\"]\n[[tls.clients]]\n\
         name = \"operator\"\nscopes = [\"observe\", \"interact\"]\n",
        home.path("authorities.pem").display()
    )
}

fn home_with_pair() -> (FakeHome, String) {
    let home = FakeHome::new().unwrap();
    let out = home.path("pair").display().to_string();
    let made = home.run(&["tls", "self-signed", "--out", &out, "--host", "localhost", "127.0.0.1"]).unwrap();
    assert!(made.status.success(), "{}", made.stderr);
    let pem = fs::read_to_string(home.path("pair/portcullis.crt")).unwrap();
    (home, pem)
}

impl Scene {
    fn new(flags: &[&str]) -> Scene {
        let ((home, pem), authority) = (home_with_pair(), Authority::new());
        fs::write(home.path("authorities.pem"), &authority.pem).unwrap();
        home.write_policy(&policy(&home, &clients(&home))).unwrap();
        let server = home.start(Transport::Http, &[&["--log", "info"], flags].concat()).unwrap();
        Scene { home, server, pem, authority }
    }

    fn endpoint(&self, own: Option<&Identity>, key: Option<&str>) -> HttpEndpoint {
        let own = own.map(|own| (own.chain.as_str(), own.key.as_str()));
        let dial = Trusting::showing(&self.pem, "127.0.0.1", &[], own).unwrap();
        let endpoint = self.server.endpoint().unwrap().clone();
        HttpEndpoint { dial: Some(dial), key: key.map(str::to_owned), ..endpoint }
    }

    /// The answer to a request for nothing, 404 for whom the server lets in; nothing when there was no handshake.
    fn ask(&self, own: Option<&Identity>, key: Option<&str>, more: &[(&str, &str)]) -> Option<HttpReply> {
        let endpoint = HttpEndpoint { path: "/nothing".to_owned(), ..self.endpoint(own, key) };
        let mut headers = endpoint.usual_headers();
        headers.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        headers.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        endpoint.send("GET", &headers, b"").ok()?.finish(Instant::now() + LIMIT).ok()
    }

    fn status(&self, own: Option<&Identity>, key: Option<&str>) -> Option<u16> {
        self.ask(own, key, &[]).map(|reply| reply.status)
    }
}

#[test]
fn mtls_a_listed_certificate_opens_both_eras_with_its_scopes() {
    let scene = Scene::new(&[]);
    assert!(!scene.home.data().join("http.key").exists(), "a key was made unasked");
    let ci = scene.authority.vouches(&client("something else", &["ci.example.org"]));
    let operator = scene.authority.vouches(&client("operator", &[]));
    for (who, has_click) in [(&ci, false), (&operator, true)] {
        for era in Era::ALL {
            let client = Client::over_http(scene.endpoint(Some(who), None), era).unwrap();
            client.call("GetSystemInfo", json!({})).unwrap().ok().unwrap();
            let tools = client.list_tools().unwrap();
            assert_eq!(tools.iter().any(|tool| tool["name"] == "Click"), has_click);
            // Nobody could give a certificate another scope, so there is nothing to ask for.
            let refused = client.call("SetClipboard", json!({ "text": "x" })).unwrap();
            assert!(refused.is_error);
        }
    }
    let audit = scene.server.audit_text().unwrap();
    assert!(audit.contains("\"cert:ci.example.org\"") && audit.contains("\"cert:operator\""), "{audit}");
}

#[test]
fn mtls_what_is_not_listed_or_not_vouched_for_opens_nothing() {
    let scene = Scene::new(&[]);
    let listed = client("operator", &[]);
    assert_eq!(scene.status(Some(&scene.authority.vouches(&listed)), None), Some(404));
    for (what, params) in [
        ("another name", client("stranger", &[])),
        ("a name in other letters", client("Operator", &[])),
        ("two names", client("operator", &["ci.example.org", "operator"])),
        ("a listed common name below another", client("operator", &["stranger.example.org"])),
        ("no name", client("", &[])),
    ] {
        let reply = scene.ask(Some(&scene.authority.vouches(&params)), None, &[]).unwrap();
        assert_eq!(reply.status, 401, "{what}");
        assert!(reply.header("www-authenticate").unwrap().starts_with("Bearer realm="), "{what}");
    }
    await_said(&scene.server, "its certificate is not listed");
    let mut ended = listed.clone();
    (ended.not_before, ended.not_after) =
        (OffsetDateTime::now_utc() - Duration::days(2), OffsetDateTime::now_utc() - Duration::days(1));
    let mut of_servers = listed.clone();
    of_servers.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate().unwrap();
    let own = Identity { chain: listed.self_signed(&key).unwrap().pem(), key: key.serialize_pem() };
    for (what, identity) in [
        ("ended", scene.authority.vouches(&ended)),
        ("for servers", scene.authority.vouches(&of_servers)),
        ("by another authority", Authority::new().vouches(&listed)),
        ("by itself", own),
    ] {
        assert_eq!(scene.status(Some(&identity), None), None, "{what}: there is a handshake");
    }
    // Without a certificate another credential is needed, and does.
    assert_eq!(scene.status(None, None), Some(401));
    let data = scene.home.data().display().to_string();
    let made = scene.home.run(&["key", "--data", &data, "new", "one"]).unwrap();
    let (key, deadline) = (made.stdout.trim(), Instant::now() + LIMIT);
    while scene.status(None, Some(key)) != Some(404) {
        assert!(Instant::now() < deadline, "a key does not open beside certificates");
        thread::yield_now();
    }
}

#[test]
fn mtls_is_no_way_around_host_origin_and_a_wrong_key() {
    let scene = Scene::new(&[]);
    let good = scene.authority.vouches(&client("operator", &[]));
    let own = format!("https://{}", scene.server.endpoint().unwrap().address);
    for (header, value, status) in [
        ("Host", "rebind.example", 403),
        ("Origin", "https://rebind.example", 403),
        ("Origin", own.as_str(), 404),
        ("Authorization", "Bearer pcl_wrong", 401),
        ("Authorization", "Bearer eyJ.eyJ.x", 401),
    ] {
        assert_eq!(scene.ask(Some(&good), None, &[(header, value)]).unwrap().status, status, "{header}: {value}");
    }
    // Guesses are counted as those of anybody, and what comes within the penalty is not looked at.
    for number in 0..8 {
        scene.ask(Some(&good), Some(&format!("pcl_{number}")), &[]);
    }
    assert_eq!(scene.status(Some(&good), None), Some(429));
}

#[test]
fn mtls_is_no_way_around_addresses_rates_and_proxies() {
    let scene = Scene::new(&["--rate", "10"]);
    let good = scene.authority.vouches(&client("operator", &[]));
    let found: Vec<_> = (0..3).map(|_| scene.status(Some(&good), None).unwrap()).collect();
    assert!(found[0] == 404 && found.contains(&429), "{found:?}");
    let scene = Scene::new(&["--ip-allowlist", "192.0.2.0/24"]);
    let good = scene.authority.vouches(&client("operator", &[]));
    assert_eq!(scene.status(Some(&good), None), Some(403));
    // A proxy's certificate proves the proxy and not for whom it asks.
    let scene = Scene::new(&["--trusted-proxies", "127.0.0.1", "--forwarded-header", "X-Real-IP"]);
    let good = scene.authority.vouches(&client("operator", &[]));
    assert_eq!(scene.ask(Some(&good), None, &[("X-Real-IP", "192.0.2.7")]).unwrap().status, 401);
}

#[test]
fn mtls_new_authorities_are_followed_and_end_what_the_old_ones_opened() {
    let scene = Scene::new(&[]);
    let file = scene.home.path("authorities.pem");
    let old = scene.authority.vouches(&client("operator", &[]));
    // Its client keeps what resumes a session of TLS.
    let kept = HttpEndpoint { path: "/nothing".to_owned(), ..scene.endpoint(Some(&old), None) };
    let ask_again = || kept.send("GET", &kept.usual_headers(), b"").ok()?.finish(Instant::now() + LIMIT).ok();
    assert_eq!(ask_again().map(|reply| reply.status), Some(404));
    let client_of_old = Client::over_http(scene.endpoint(Some(&old), None), Era::Legacy).unwrap();
    let session = client_of_old.session().unwrap();
    let next = Authority::new();
    let new = next.renews(&client("operator", &[]), &old.key);
    let await_status = |who: &Identity, wanted: Option<u16>| {
        let deadline = Instant::now() + LIMIT;
        while scene.status(Some(who), None) != wanted {
            assert!(Instant::now() < deadline, "it is not answered {wanted:?}: {}", scene.server.stderr());
        }
    };
    fs::write(&file, &next.pem).unwrap();
    await_status(&new, Some(404));
    assert_eq!(scene.status(Some(&old), None), None, "the old authority still counts");
    assert!(ask_again().is_none(), "a resumed session brings the old authority along");
    // The session was opened by the same principal with the same key, and ends with the certificate that opened it.
    let endpoint = scene.endpoint(Some(&new), None);
    let list = json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/list", "params": {} }).to_string();
    let headers = [("MCP-Protocol-Version", Era::Legacy.version()), ("Mcp-Session-Id", session.as_str())];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let deadline = Instant::now() + LIMIT;
    while endpoint.start(&headers, &list).unwrap().finish(Instant::now() + LIMIT).unwrap().status != 404 {
        assert!(Instant::now() < deadline, "the session goes on");
    }
    // Authorities that cannot be read let nobody in.
    fs::write(&file, "-----BEGIN CERTIFICATE-----\n").unwrap();
    await_status(&new, Some(401));
    await_said(&scene.server, "no certificate opens this server");
    fs::write(&file, &next.pem).unwrap();
    await_status(&new, Some(404));
}

/// A name is not its holder: another certificate of the same name comes to nothing of the first, a renewed one of the same key
/// to all.
#[test]
fn mtls_what_is_kept_for_a_certificate_is_its_public_keys() {
    let scene = Scene::new(&[]);
    let params = client("operator", &[]);
    let mine = scene.authority.vouches(&params);
    let (renewed, other) = (scene.authority.renews(&params, &mine.key), scene.authority.vouches(&params));
    let client_of = |who: &Identity, era: Era| Client::over_http(scene.endpoint(Some(who), None), era).unwrap();
    let owner = client_of(&mine, Era::Modern);
    let holding = Holding::of(&owner);
    for era in Era::ALL {
        holding.assert_absent(&client_of(&other, era));
        holding.assert_there(&client_of(&renewed, era));
    }
    let session = client_of(&mine, Era::Legacy).session().unwrap();
    let list = json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/list", "params": {} });
    assert_eq!(in_session(&scene.endpoint(Some(&other), None), "POST", &session, &list).0, 404);
    assert_eq!(in_session(&scene.endpoint(Some(&renewed), None), "POST", &session, &list).0, 200);
}

#[test]
fn mtls_half_of_it_or_a_file_that_others_can_write_stops_the_start() {
    let (home, _) = home_with_pair();
    let authorities = home.path("authorities.pem");
    fs::write(&authorities, Authority::new().pem).unwrap();
    let refused = |more: &str| {
        home.write_policy(&policy(&home, more)).unwrap();
        home.refusal(&[]).unwrap()
    };
    let listed = "[[tls.clients]]\nname = \"ci\"\nscopes = [\"observe\"]\n";
    let file = format!("client_ca = \"{}\"\n", authorities.display());
    for (more, told) in [
        (file.clone(), "no certificate is listed"),
        (listed.to_owned(), "nobody vouches"),
        (format!("client_ca = \"authorities.pem\"\n{listed}"), "the path is absolute"),
        (format!("client_ca = \"/absent\"\n{listed}"), "/absent"),
        (format!("{file}[[tls.clients]]\nname = \"ci\"\n"), "scopes"),
        (format!("{file}[[tls.clients]]\nname = \"ci\"\nscopes = [\"all\"]\n"), "is no scope"),
        (format!("{file}[[tls.clients]]\nname = \"ci\"\nscopes = []\n"), "at least one scope"),
        (format!("{file}{listed}{listed}"), "at most once"),
        (format!("{file}[[tls.clients]]\nnames = \"ci\"\nscopes = [\"observe\"]\n"), "portcullis.toml:"),
    ] {
        let said = refused(&more);
        assert!(said.contains(told), "{more}: {said}");
    }
    fs::set_permissions(&authorities, fs::Permissions::from_mode(0o666)).unwrap();
    assert!(refused(&format!("{file}{listed}")).contains("others can write it"));
    fs::set_permissions(&authorities, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(&authorities, "").unwrap();
    assert!(refused(&format!("{file}{listed}")).contains("holds no certificate"));
    // Over plain HTTP nobody shows a certificate.
    fs::write(&authorities, Authority::new().pem).unwrap();
    home.write_policy(&format!("[tls]\n{file}{listed}")).unwrap();
    assert!(home.refusal(&[]).unwrap().contains("over TLS alone"));
}
