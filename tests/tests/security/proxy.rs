//! A real nginx before the server. With the sample of winremote-mcp's manual, which sets X-Real-IP and lets through the
//! X-Forwarded-For that a client writes, that server's allowlist lets in whoever writes a listed address. Here the file of
//! our own manual is run as it is, and what the samples of others do is refused with the line to write instead.

use crate::raw::{LIMIT, connect};
use portcullis_testkit::client::tls::Trusting;
use portcullis_testkit::client::{Client, Era, HttpEndpoint, HttpReply};
use portcullis_testkit::fake_home::FakeHome;
use portcullis_testkit::lab::{tethered, tool, workspace_top};
use portcullis_testkit::server::{Server, Transport};
use serde_json::json;
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Instant;

const HOST: &str = "desk.example.org";
/// What the manual of winremote-mcp has for nginx.
const SAMPLE: &str = "proxy_set_header Host $host; proxy_set_header X-Real-IP $remote_addr;";
/// What most manuals have.
const APPENDING: &str = "proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;";

/// An nginx that runs; dropped, it is killed.
struct Nginx {
    child: Child,
    address: SocketAddr,
    pem: String,
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // A destructor has nobody to tell.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Nginx {
    /// With a `server` block that has ADDRESS, CERTIFICATE, KEY and UPSTREAM in it.
    fn start(home: &FakeHome, server: &Server, block: &str) -> Nginx {
        let out = home.path("nginx").display().to_string();
        if !home.path("nginx").exists() {
            assert!(home.run(&["tls", "self-signed", "--out", &out, "--host", HOST]).unwrap().status.success());
        }
        // nginx takes no port 0; the one that was free a moment ago is free still, or the start fails and says so.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let block = block
            .replace("ADDRESS", &address.to_string())
            .replace("CERTIFICATE", &format!("{out}/portcullis.crt"))
            .replace("KEY", &format!("{out}/portcullis.key"))
            .replace("UPSTREAM", &server.endpoint().unwrap().address.to_string());
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|name| format!("{name}_temp_path {out}/{name};\n"))
            .concat();
        let text = format!(
            "daemon off; master_process off; pid {out}/pid; error_log stderr;\nevents {{}}\nhttp {{ access_log off;\n\
             {temporary}{block}\n}}\n"
        );
        let file = home.path("nginx").join("nginx.conf");
        fs::write(&file, text).unwrap();
        let mut command = Command::new(tool("nginx").unwrap());
        command.arg("-p").arg(&out).arg("-c").arg(&file);
        let mut command = tethered(&command);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit()).spawn().unwrap();
        let mut nginx = Nginx { child, address, pem: fs::read_to_string(format!("{out}/portcullis.crt")).unwrap() };
        let deadline = Instant::now() + LIMIT;
        while TcpStream::connect(address).is_err() {
            assert!(nginx.child.try_wait().unwrap().is_none() && Instant::now() < deadline, "nginx does not listen");
            thread::yield_now();
        }
        nginx
    }

    /// With the file of our manual, in which nothing but places is changed.
    fn of_manual(home: &FakeHome, server: &Server) -> Nginx {
        let mut block = fs::read_to_string(workspace_top().join("docs/nginx.conf")).unwrap();
        for (theirs, ours) in [
            ("listen 443 ssl;", "listen ADDRESS ssl;"),
            ("/etc/ssl/certs/desk.example.org.crt", "CERTIFICATE"),
            ("/etc/ssl/private/desk.example.org.key", "KEY"),
            ("http://127.0.0.1:8090", "http://UPSTREAM"),
        ] {
            assert_eq!(block.matches(theirs).count(), 1, "{theirs}");
            block = block.replace(theirs, ours);
        }
        Nginx::start(home, server, &block)
    }

    fn with(home: &FakeHome, server: &Server, lines: &str) -> Nginx {
        let block = format!(
            "server {{ listen ADDRESS ssl; server_name {HOST}; ssl_certificate CERTIFICATE; ssl_certificate_key KEY; \
             location / {{ proxy_pass http://UPSTREAM; {lines} }} }}"
        );
        Nginx::start(home, server, &block)
    }

    fn endpoint(&self, server: &Server) -> HttpEndpoint {
        HttpEndpoint {
            address: self.address,
            host: Some(HOST.to_owned()),
            dial: Some(Trusting::new(&self.pem, HOST, &[]).unwrap()),
            ..server.endpoint().unwrap().clone()
        }
    }

    /// What is answered to a request for nothing with these headers: 404 for whom the server lets in.
    fn ask(&self, server: &Server, more: &[(&str, &str)]) -> HttpReply {
        let endpoint = HttpEndpoint { path: "/nothing".to_owned(), ..self.endpoint(server) };
        let mut headers = endpoint.usual_headers();
        headers.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        headers.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        endpoint.send("GET", &headers, b"").unwrap().finish(Instant::now() + LIMIT).unwrap()
    }
}

fn start(home: &FakeHome, header: &str, allowlist: &str) -> Server {
    let flags = ["--trusted-proxies", "127.0.0.1", "--public-host", HOST, "--forwarded-header", header];
    let list = ["--ip-allowlist", allowlist];
    home.start(Transport::Http, &[&flags[..], &list].concat()).unwrap()
}

#[test]
fn the_manuals_file_serves_both_eras_and_lets_no_client_choose_its_address() {
    let home = FakeHome::new().unwrap();
    let server = start(&home, "X-Forwarded-For", "127.0.0.1");
    let nginx = Nginx::of_manual(&home, &server);
    for era in Era::ALL {
        let client = Client::over_http(nginx.endpoint(&server), era).unwrap();
        client.call("GetSystemInfo", json!({})).unwrap().ok().unwrap();
        client.call("Wait", json!({ "seconds": 1 })).unwrap().ok().unwrap();
    }
    assert_eq!(nginx.ask(&server, &[("Host", "rebind.example")]).status, 403);
    assert_eq!(nginx.ask(&server, &[("Origin", "https://desk.example.org")]).status, 404);
    assert_eq!(nginx.ask(&server, &[("Origin", "https://rebind.example")]).status, 403);
    drop(nginx);
    // A client from 127.0.0.1 that says that it is from a listed address.
    let server = start(&home, "X-Forwarded-For", "192.0.2.0/24");
    let nginx = Nginx::of_manual(&home, &server);
    for more in [
        [].as_slice(),
        &[("X-Forwarded-For", "192.0.2.7")],
        &[("X-Forwarded-For", "192.0.2.7"), ("X-Forwarded-For", "192.0.2.8")],
        &[("X-Forwarded-For", "192.0.2.7"), ("X-Real-IP", "192.0.2.7"), ("Forwarded", "for=192.0.2.7")],
        &[("Connection", "close, X-Forwarded-For")],
    ] {
        assert_eq!(nginx.ask(&server, more).status, 403, "{more:?}");
    }
}

/// Whoever copies such a sample finds that nothing works, and reads why; nobody comes in by an address that it made up.
#[test]
fn the_samples_of_other_manuals_fail_safely() {
    let home = FakeHome::new().unwrap();
    let spoofed = [("X-Forwarded-For", "192.0.2.7")];
    let server = start(&home, "X-Forwarded-For", "192.0.2.0/24");
    for (what, lines, of_honest) in [("winremote-mcp's", SAMPLE, 400), ("one that appends", APPENDING, 403)] {
        let nginx = Nginx::with(&home, &server, lines);
        assert_eq!(nginx.ask(&server, &[]).status, of_honest, "{what}");
        let reply = nginx.ask(&server, &spoofed);
        assert_eq!(reply.status, 400, "{what}: {}", reply.text());
        assert!(reply.text().contains("proxy_set_header x-forwarded-for $remote_addr;"), "{}", reply.text());
    }
    drop(server);
    // Where the header that the sample does set is named, it works, and what a client adds is refused.
    let server = start(&home, "X-Real-IP", "127.0.0.1");
    let nginx = Nginx::with(&home, &server, SAMPLE);
    Client::over_http(nginx.endpoint(&server), Era::Modern).unwrap();
    assert_eq!(nginx.ask(&server, &[("X-Real-IP", "192.0.2.7")]).status, 404, "nginx sets it anew");
    assert_eq!(nginx.ask(&server, &spoofed).status, 400);
    // Past the proxy there is nothing to win: the same peer, but no header of its own making is taken for two.
    let direct = server.endpoint().unwrap();
    let mut headers = direct.usual_headers();
    headers.push(("X-Forwarded-For".to_owned(), "192.0.2.7".to_owned()));
    let reply = direct.send("GET", &headers, b"").unwrap().finish(Instant::now() + LIMIT).unwrap();
    assert_eq!(reply.status, 400);
    drop(connect(nginx.address));
}
