//! OAuth. winremote-mcp has an authorization server of its own that asks nobody for consent and compares its key as text;
//! Windows-MCP has none. Here a token of one issuer opens the server, a real `oidc-provider`, and every forgery that is known
//! of such tokens is turned away with the challenge that the standards want.

use crate::alerts::await_said;
use crate::keys::{in_session, patiently};
use crate::raw::{LIMIT, get, status};
use crate::resources::Holding;
use crate::tokens::{but, head, now, signed, with_signature};
use portcullis_testkit::client::{Client, Era, HttpEndpoint, HttpReply};
use portcullis_testkit::fake_home::FakeHome;
use portcullis_testkit::issuer::Issuer;
use portcullis_testkit::lab::finish_within;
use portcullis_testkit::server::{Server, Transport};
use serde_json::{Value, json};
use std::cell::Cell;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::thread;
use std::time::Instant;

const AUDIENCE: &str = "https://desk.example.org/mcp";
const METADATA: &str = "https://desk.example.org/.well-known/oauth-protected-resource/mcp";
const ALGORITHMS: [&str; 4] = ["RS256", "PS256", "ES256", "EdDSA"];

/// A server that takes the tokens of an issuer. Each question comes from another address, so that none pays for the guesses
/// of another.
struct Scene {
    home: FakeHome,
    issuer: Issuer,
    server: Server,
    asked: Cell<u32>,
}

fn policy(issuer: &Issuer, more: &str) -> String {
    format!("[oauth]\nissuer = \"{}\"\naudience = \"{AUDIENCE}\"\n{more}", issuer.url())
}

impl Scene {
    fn new() -> Scene {
        Scene::with("")
    }

    /// With more lines of the policy file.
    fn with(more: &str) -> Scene {
        let (home, issuer) = (FakeHome::new().unwrap(), Issuer::start().unwrap());
        home.write_policy(&policy(&issuer, more)).unwrap();
        let flags = ["--trusted-proxies", "127.0.0.1", "--forwarded-header", "X-Real-IP", "--log", "debug"];
        let server = home.start(Transport::Http, &flags).unwrap();
        Scene { home, issuer, server, asked: Cell::new(0) }
    }

    fn claims(&self) -> Value {
        claims_of(&self.issuer)
    }

    fn forge(&self, algorithm: &str, claims: &Value) -> String {
        forged(&self.issuer, algorithm, claims)
    }

    fn send(&self, verb: &str, target: &str, token: Option<&str>, body: &str) -> HttpReply {
        self.asked.set(self.asked.get() + 1);
        let endpoint = HttpEndpoint {
            path: target.to_owned(),
            key: token.map(str::to_owned),
            ..self.server.endpoint().unwrap().clone()
        };
        let mut headers = endpoint.usual_headers();
        headers.push(("X-Real-IP".to_owned(), format!("10.0.{}.{}", self.asked.get() / 250, self.asked.get() % 250)));
        endpoint.send(verb, &headers, body.as_bytes()).unwrap().finish(Instant::now() + LIMIT).unwrap()
    }

    /// 404 for whom the server lets in.
    fn ask(&self, token: &str) -> u16 {
        self.send("GET", "/nothing", Some(token), "").status
    }

    /// That the token is turned away with the whole challenge.
    fn assert_refused(&self, token: &str, what: &str) {
        let reply = self.send("GET", "/nothing", Some(token), "");
        let challenge = format!(
            "Bearer realm=\"portcullis\", resource_metadata=\"{METADATA}\", scope=\"observe\", error=\"invalid_token\""
        );
        assert_eq!((reply.status, reply.header("www-authenticate")), (401, Some(challenge.as_str())), "{what}");
    }

    fn said_why(&self, why: &str) {
        await_said(&self.server, why);
    }
}

fn claims_of(issuer: &Issuer) -> Value {
    json!({
        "iss": issuer.url(), "aud": AUDIENCE, "sub": "agent", "scope": "observe", "iat": now(), "exp": now() + 300,
    })
}

/// A token that the issuer could have made.
fn forged(issuer: &Issuer, algorithm: &str, claims: &Value) -> String {
    let kid = issuer.kid(algorithm);
    signed(&head(algorithm, &kid), claims, algorithm, &issuer.private_key(&kid).unwrap())
}

/// A server that clients reach directly.
fn direct(issuer: &Issuer, more: &str) -> (FakeHome, Server) {
    let home = FakeHome::new().unwrap();
    home.write_policy(&policy(issuer, more)).unwrap();
    let server = home.start(Transport::Http, &[]).unwrap();
    (home, server)
}

fn of(server: &Server, token: &str) -> HttpEndpoint {
    HttpEndpoint { key: Some(token.to_owned()), ..server.endpoint().unwrap().clone() }
}

#[test]
fn oauth_a_token_of_the_issuer_opens_both_eras_with_its_scopes() {
    let issuer = Issuer::start().unwrap();
    let (home, server) = direct(&issuer, "");
    assert!(!home.data().join("http.key").exists(), "a key was made unasked");
    for algorithm in ALGORITHMS {
        let token = issuer.token(algorithm, AUDIENCE, "observe interact").unwrap();
        for era in Era::ALL {
            let client = Client::over_http(of(&server, &token), era).unwrap();
            client.call("GetSystemInfo", json!({})).unwrap().ok().unwrap();
            let tools = client.list_tools().unwrap();
            let has = |name: &str| tools.iter().any(|tool| tool["name"] == name);
            assert!(has("Click") && !has("FileWrite"), "{algorithm} {era:?}");
        }
        assert!(server.audit_text().unwrap().contains(&format!("\"oauth:{algorithm}\"")), "{algorithm}");
        assert!(!server.audit_text().unwrap().contains(&token[..40]) && !server.stderr().contains(&token[..40]));
    }
    // Less was asked for, less is given.
    let client = Client::over_http(of(&server, &issuer.token("ES256", AUDIENCE, "observe").unwrap()), Era::Modern);
    assert!(!client.unwrap().list_tools().unwrap().iter().any(|tool| tool["name"] == "Click"));
}

/// A subject is not its holder either: what one of its clients was given is not another one's, and a later token of the same
/// client has it still.
#[test]
fn oauth_what_is_kept_for_a_subject_is_its_clients() {
    let issuer = Issuer::start().unwrap();
    let (_home, server) = direct(&issuer, "");
    let endpoint = |client: Option<&str>, ends: u64| {
        let mut claims = claims_of(&issuer);
        claims["exp"] = json!(now() + ends);
        if let Some(client) = client {
            claims["client_id"] = json!(client);
        }
        of(&server, &forged(&issuer, "ES256", &claims))
    };
    let client_of = |client, ends, era| Client::over_http(endpoint(client, ends), era).unwrap();
    let holding = Holding::of(&client_of(Some("app"), 200, Era::Modern));
    for era in Era::ALL {
        holding.assert_there(&client_of(Some("app"), 250, era));
        for other in [Some("another"), None] {
            holding.assert_absent(&client_of(other, 250, era));
        }
    }
    let session = client_of(Some("app"), 200, Era::Legacy).session().unwrap();
    let list = json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/list", "params": {} });
    assert_eq!(in_session(&endpoint(Some("another"), 200), "POST", &session, &list).0, 404);
    assert_eq!(in_session(&endpoint(Some("app"), 250), "POST", &session, &list).0, 200);
}

#[test]
fn oauth_keys_keep_working_beside_tokens() {
    let issuer = Issuer::start().unwrap();
    let home = FakeHome::new().unwrap();
    let data = home.data().display().to_string();
    let made = home.run(&["key", "--data", &data, "new", "one"]).unwrap();
    home.write_policy(&policy(&issuer, "")).unwrap();
    let server = home.start(Transport::Http, &[]).unwrap();
    for key in [made.stdout.trim(), &issuer.token("ES256", AUDIENCE, "observe").unwrap()] {
        Client::over_http(of(&server, key), Era::Modern)
            .unwrap()
            .call("GetSystemInfo", json!({}))
            .unwrap()
            .ok()
            .unwrap();
    }
    // A principal by a token is none of a key's, though they have one name.
    let audit = server.audit_text().unwrap();
    assert!(audit.contains("\"key:one\"") && audit.contains("\"oauth:ES256\""));
}

/// Without this, every refusal below could be that of a token which is badly made.
#[test]
fn oauth_what_the_tests_forge_is_good_but_for_the_forgery() {
    let scene = Scene::new();
    for algorithm in ALGORITHMS {
        assert_eq!(scene.ask(&scene.forge(algorithm, &scene.claims())), 404, "{algorithm}");
    }
}

#[test]
fn oauth_attack_algorithm_none() {
    let scene = Scene::new();
    let (kid, claims) = (scene.issuer.kid("RS256"), scene.claims());
    for none in ["none", "None", "NONE", "nOnE", ""] {
        scene.assert_refused(&with_signature(&head(none, &kid), &claims, b""), none);
        let key = scene.issuer.private_key(&kid).unwrap();
        scene.assert_refused(&signed(&head(none, &kid), &claims, "RS256", &key), none);
    }
    scene.assert_refused(&with_signature(&head("RS256", &kid), &claims, b""), "an empty signature");
    scene.assert_refused(&with_signature(&json!({ "typ": "at+jwt", "kid": kid }), &claims, b""), "no algorithm");
}

#[test]
fn oauth_attack_wrong_audience() {
    let scene = Scene::new();
    let other = scene.issuer.token("ES256", "https://other.example.org/mcp", "observe").unwrap();
    scene.assert_refused(&other, "the issuer's own, for another");
    for audience in [
        json!("https://desk.example.org/mcp/"),
        json!("https://desk.example.org"),
        json!(["https://other.example.org"]),
        json!([]),
        json!(""),
        json!(null),
    ] {
        scene.assert_refused(
            &scene.forge("ES256", &but(&scene.claims(), "aud", audience.clone())),
            &audience.to_string(),
        );
    }
    scene.said_why("audience is another");
    let both = json!(["https://other.example.org", AUDIENCE]);
    assert_eq!(scene.ask(&scene.forge("ES256", &but(&scene.claims(), "aud", both))), 404);
}

#[test]
fn oauth_attack_wrong_issuer() {
    let scene = Scene::new();
    let other = Issuer::start().unwrap();
    scene.assert_refused(&other.token("ES256", AUDIENCE, "observe").unwrap(), "another issuer with its own key");
    for issuer in [json!(other.url()), json!(format!("{}/", scene.issuer.url())), json!(""), json!(null)] {
        scene.assert_refused(&scene.forge("ES256", &but(&scene.claims(), "iss", issuer.clone())), &issuer.to_string());
    }
    scene.said_why("issuer is another");
}

#[test]
fn oauth_attack_expired_or_not_yet_good() {
    let scene = Scene::new();
    for (claim, value, opens) in [
        ("exp", json!(now() - 3_600), false),
        ("exp", json!(now() - 31), false),
        ("exp", json!(now() - 15), true),
        ("exp", json!("never"), false),
        ("exp", json!(-1), false),
        ("exp", json!(1e300), false),
        ("exp", json!(null), false),
        ("nbf", json!(now() + 3_600), false),
        ("nbf", json!(now() + 15), true),
        ("iat", json!(now() + 3_600), false),
    ] {
        let token = scene.forge("ES256", &but(&scene.claims(), claim, value.clone()));
        assert_eq!(scene.ask(&token), if opens { 404 } else { 401 }, "{claim} {value}");
    }
    scene.said_why("the token has ended");
}

#[test]
fn oauth_attack_unknown_key_ids_cost_one_fetch() {
    let mut scene = Scene::new();
    assert_eq!(scene.ask(&scene.forge("ES256", &scene.claims())), 404);
    assert_eq!(scene.issuer.fetches().unwrap(), 1);
    let key = scene.issuer.private_key(&scene.issuer.kid("ES256")).unwrap();
    for number in 0..40 {
        let token = signed(&head("ES256", &format!("unknown-{number}")), &scene.claims(), "ES256", &key);
        scene.assert_refused(&token, "an unknown key");
    }
    let without = signed(&json!({ "alg": "ES256", "typ": "at+jwt" }), &scene.claims(), "ES256", &key);
    scene.assert_refused(&without, "no key is named");
    assert_eq!(scene.issuer.fetches().unwrap(), 2, "the issuer is asked again and again");
    assert_eq!(scene.ask(&scene.forge("ES256", &scene.claims())), 404);
}

#[test]
fn oauth_attack_key_confusion() {
    let scene = Scene::new();
    let claims = scene.claims();
    let set: Value = serde_json::from_str(&scene.issuer.key_set().unwrap()).unwrap();
    let public = |kid: &str| set["keys"].as_array().unwrap().iter().find(|key| key["kid"] == kid).unwrap().clone();
    let kid = |algorithm: &str| scene.issuer.kid(algorithm);
    let private = |algorithm: &str| scene.issuer.private_key(&kid(algorithm)).unwrap();
    // A public key as a shared secret, in each writing in which a careless reader has it.
    for algorithm in ALGORITHMS {
        let jwk = public(&kid(algorithm));
        let number = jwk.get("n").or(jwk.get("x")).unwrap().as_str().unwrap().to_owned();
        for secret in [jwk.to_string(), number] {
            let token = signed(&head("HS256", &kid(algorithm)), &claims, "HS256", secret.as_bytes());
            scene.assert_refused(&token, algorithm);
        }
    }
    // One key's name with another key's algorithm and signature.
    for (named, used) in [("RS256", "ES256"), ("ES256", "RS256"), ("EdDSA", "ES256"), ("RS256", "PS256")] {
        let token = signed(&head(used, &kid(named)), &claims, used, &private(used));
        scene.assert_refused(&token, &format!("{used} under the name of {named}"));
    }
    // A key for PS256 that signs as RS256 would.
    scene.assert_refused(
        &signed(&head("RS256", &kid("PS256")), &claims, "RS256", &private("PS256")),
        "the key's own alg",
    );
    // A key that the token brings along, or says where to find.
    let other = Issuer::start().unwrap();
    let stranger = other.private_key(&other.kid("ES256")).unwrap();
    let theirs: Value = serde_json::from_str(&other.key_set().unwrap()).unwrap();
    let their_key = theirs["keys"].as_array().unwrap().iter().find(|key| key["alg"] == "ES256").unwrap().clone();
    for (name, value) in
        [("jwk", their_key), ("jku", json!(format!("{}/jwks", other.url()))), ("x5u", json!(other.url()))]
    {
        let mut head = head("ES256", &kid("ES256"));
        head[name] = value;
        scene.assert_refused(&signed(&head, &claims, "ES256", &stranger), name);
    }
}

#[test]
fn oauth_attack_tampered_bound_mistyped_and_overlong_tokens() {
    let scene = Scene::new();
    let good = scene.forge("ES256", &scene.claims());
    let parts: Vec<&str> = good.split('.').collect();
    let wider = crate::tokens::part(&but(&scene.claims(), "scope", json!("observe alter")));
    scene.assert_refused(&format!("{}.{wider}.{}", parts[0], parts[2]), "claims of one's own");
    scene.assert_refused(
        &format!("{}.{}.{}", parts[0], parts[1], parts[2].chars().rev().collect::<String>()),
        "signature",
    );
    let kid = scene.issuer.kid("ES256");
    let key = scene.issuer.private_key(&kid).unwrap();
    for typ in ["dpop+jwt", "logout+jwt", "secevent+jwt", ""] {
        let token = signed(&json!({ "alg": "ES256", "typ": typ, "kid": kid }), &scene.claims(), "ES256", &key);
        scene.assert_refused(&token, typ);
    }
    let critical = json!({ "alg": "ES256", "typ": "at+jwt", "kid": kid, "crit": ["x"], "x": 1 });
    scene.assert_refused(&signed(&critical, &scene.claims(), "ES256", &key), "crit");
    for (claim, value) in [
        ("cnf", json!({ "jkt": "x" })),
        ("sub", json!(null)),
        ("sub", json!("")),
        ("sub", json!("a\u{202e}b")),
        ("sub", json!("s".repeat(256))),
        ("filler", json!("x".repeat(8 * 1024))),
    ] {
        scene.assert_refused(&scene.forge("ES256", &but(&scene.claims(), claim, value.clone())), claim);
    }
    assert_eq!(scene.ask(&scene.forge("ES256", &but(&scene.claims(), "sub", json!("s".repeat(255))))), 404);
}

/// A token in a query ends in logs and histories.
#[test]
fn oauth_attack_token_in_query() {
    let scene = Scene::new();
    let token = scene.forge("ES256", &scene.claims());
    let target = format!("/mcp?access_token={token}");
    assert_eq!(scene.send("POST", &target, None, "{}").status, 401, "it is read from the query");
    for name in ["access_token", "ACCESS_TOKEN", "access%5Ftoken"] {
        let reply = scene.send("POST", &format!("/mcp?x=1&{name}={token}"), Some(&token), "{}");
        assert_eq!(reply.status, 400, "it is taken in both places");
        assert!(reply.header("www-authenticate").unwrap().contains("error=\"invalid_request\""));
        assert!(!reply.text().contains(&token[..20]));
    }
    let logged = scene.server.stderr();
    assert!(!logged.contains(&token[..40]) && !logged.contains(token.rsplit('.').next().unwrap()), "{logged}");
}

#[test]
fn oauth_a_rotation_at_the_issuer_is_followed() {
    let mut scene = Scene::new();
    let old = scene.forge("ES256", &scene.claims());
    assert_eq!(scene.ask(&old), 404);
    scene.issuer.rotate().unwrap();
    let new = scene.issuer.token("ES256", AUDIENCE, "observe").unwrap();
    assert_eq!(scene.ask(&new), 404, "{}", scene.server.stderr());
    scene.assert_refused(&old, "a key that the issuer no longer has");
}

#[test]
fn oauth_with_the_issuer_down_known_keys_go_on_and_unknown_ones_are_refused() {
    let scene = Scene::new();
    let (good, claims) = (scene.forge("ES256", &scene.claims()), scene.claims());
    assert_eq!(scene.ask(&good), 404);
    let key = scene.issuer.private_key(&scene.issuer.kid("ES256")).unwrap();
    let unknown = signed(&head("ES256", "unknown"), &claims, "ES256", &key);
    let Scene { home, issuer, server, asked } = scene;
    let address = issuer.url().to_owned();
    drop(issuer);
    // Another one stands in its place in the scene, and is never asked.
    let scene = Scene { home, issuer: Issuer::start().unwrap(), server, asked };
    assert_eq!(scene.ask(&good), 404);
    scene.assert_refused(&unknown, "a key that nobody vouches for");
    assert_eq!(scene.ask(&good), 404);
    scene.said_why(&format!("{address}/.well-known/oauth-authorization-server cannot be reached"));
    // A server that never reached its issuer lets nobody in by a token.
    let late = FakeHome::new().unwrap();
    late.write_policy(&format!("[oauth]\nissuer = \"{address}\"\naudience = \"{AUDIENCE}\"\n")).unwrap();
    let server = late.start(Transport::Http, &[]).unwrap();
    let endpoint = server.endpoint().unwrap();
    let lines = [format!("Host: {}", endpoint.address), format!("Authorization: Bearer {good}")];
    assert_eq!(status(&get(endpoint.address, "/nothing", &lines.each_ref().map(String::as_str))), 401);
    drop(scene.home);
}

fn call(era: Era, tool: &str) -> (Vec<(String, String)>, String) {
    let mut params = json!({ "name": tool, "arguments": {} });
    let mut headers = vec![("MCP-Protocol-Version".to_owned(), era.version().to_owned())];
    if era == Era::Modern {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": era.version(),
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        headers.push(("Mcp-Method".to_owned(), "tools/call".to_owned()));
        headers.push(("Mcp-Name".to_owned(), tool.to_owned()));
    }
    (headers, json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params }).to_string())
}

#[test]
fn oauth_a_call_without_its_scopes_is_told_all_of_them() {
    let issuer = Issuer::start().unwrap();
    let home = FakeHome::new().unwrap();
    home.write_policy(&policy(&issuer, "[tools]\ntier3 = true\n")).unwrap();
    let server = home.start(Transport::Http, &[]).unwrap();
    let endpoint = of(&server, &issuer.token("ES256", AUDIENCE, "observe").unwrap());
    for era in Era::ALL {
        let client = Client::over_http(endpoint.clone(), era).unwrap();
        for (tool, scopes) in [("Click", "interact"), ("FileWrite", "alter files"), ("FileList", "observe files")] {
            let (mut headers, body) = call(era, tool);
            headers.extend(client.session().map(|id| ("Mcp-Session-Id".to_owned(), id)));
            let reply = endpoint.start(&headers, &body).unwrap().finish(Instant::now() + LIMIT).unwrap();
            let challenge = format!(
                "Bearer realm=\"portcullis\", resource_metadata=\"{METADATA}\", scope=\"{scopes}\", \
                 error=\"insufficient_scope\""
            );
            let told = (reply.status, reply.header("www-authenticate"));
            assert_eq!(told, (403, Some(challenge.as_str())), "{tool} {era:?}: {}", reply.text());
        }
        // What no scope opens is the tool's own error, as for a key.
        assert!(client.call("Wait", json!({ "seconds": -1 })).unwrap().is_error);
    }
    let audit = server.audit_text().unwrap();
    let denials = audit.lines().filter(|line| line.contains("\"oauth:ES256\"") && line.contains("not_enabled"));
    assert_eq!(denials.count(), 6, "a refusal is not recorded: {audit}");
    // With the scopes that were named it goes through.
    let wider = of(&server, &issuer.token("ES256", AUDIENCE, "observe interact alter files").unwrap());
    let (headers, body) = call(Era::Modern, "FileWrite");
    let reply = wider.start(&headers, &body).unwrap().finish(Instant::now() + LIMIT).unwrap();
    assert_eq!(reply.status, 200, "{}", reply.text());
}

#[test]
fn oauth_scopes_have_a_prefix_and_a_ceiling() {
    let issuer = Issuer::start().unwrap();
    let more = "scope_prefix = \"desk:\"\nscopes = [\"observe\", \"interact\"]\n";
    let (_home, server) = direct(&issuer, more);
    let claims = |scope: &str| json!({ "iss": issuer.url(), "aud": AUDIENCE, "sub": "a", "scp": ["x", scope], "iat": now(), "exp": now() + 60 });
    let (kid, key) = (issuer.kid("ES256"), issuer.private_key(&issuer.kid("ES256")).unwrap());
    let tools = |scope: &str| {
        let token = signed(&head("ES256", &kid), &claims(scope), "ES256", &key);
        let listed = Client::over_http(of(&server, &token), Era::Modern).unwrap().list_tools().unwrap();
        ["GetSystemInfo", "Click", "FileWrite"].map(|name| listed.iter().any(|tool| tool["name"] == name))
    };
    assert_eq!(tools("desk:observe openid"), [true, false, false]);
    assert_eq!(tools("desk:observe desk:interact desk:alter"), [true, true, false]);
    assert_eq!(tools("observe interact"), [false; 3]);
    let address = server.endpoint().unwrap().address;
    let found = get(address, "/.well-known/oauth-protected-resource", &[&format!("Host: {address}")]);
    assert!(found.contains("\"scopes_supported\":[\"desk:observe\",\"desk:interact\"]"), "{found}");
}

#[test]
fn oauth_metadata_need_no_key_but_pass_the_host_check_and_the_rate() {
    let scene = Scene::new();
    for path in ["/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"] {
        let reply = scene.send("GET", path, None, "");
        assert_eq!(reply.status, 200, "{path}");
        let found: Value = serde_json::from_str(&reply.text()).unwrap();
        assert_eq!(found["resource"], AUDIENCE);
        assert_eq!(found["authorization_servers"], json!([scene.issuer.url()]));
        assert_eq!(found["bearer_methods_supported"], json!(["header"]));
        assert!(found["scopes_supported"].as_array().unwrap().contains(&json!("observe")));
        assert_eq!(scene.send("POST", path, None, "").status, 405);
    }
    assert_eq!(scene.send("GET", "/.well-known/oauth-protected-resource/x", None, "").status, 401);
    let reply = scene.send("GET", "/mcp", None, "");
    let challenge = format!("Bearer realm=\"portcullis\", resource_metadata=\"{METADATA}\", scope=\"observe\"");
    assert_eq!((reply.status, reply.header("www-authenticate")), (401, Some(challenge.as_str())));
    let address = scene.server.endpoint().unwrap().address;
    let of_host = |host: &str| {
        let lines = [format!("Host: {host}"), "X-Real-IP: 10.9.9.9".to_owned()];
        status(&get(address, "/.well-known/oauth-protected-resource", &lines.each_ref().map(String::as_str)))
    };
    assert_eq!(of_host("rebind.example"), 403);
    let deadline = Instant::now() + LIMIT;
    while of_host(&address.to_string()) != 429 {
        assert!(Instant::now() < deadline, "there is no rate");
    }
    // Without OAuth there is no such document.
    let home = FakeHome::new().unwrap();
    let server = home.start(Transport::Http, &[]).unwrap();
    let own = server.endpoint().unwrap().address;
    assert_eq!(status(&get(own, "/.well-known/oauth-protected-resource", &[&format!("Host: {own}")])), 401);
}

#[test]
fn oauth_wrong_tokens_count_as_guesses() {
    let issuer = Issuer::start().unwrap();
    let (_home, server) = direct(&issuer, "");
    let address = server.endpoint().unwrap().address;
    let key = issuer.private_key(&issuer.kid("ES256")).unwrap();
    let ask = |number: u32| {
        let token = signed(&head("ES256", "unknown"), &json!({ "sub": number }), "ES256", &key);
        let lines = [format!("Host: {address}"), format!("Authorization: Bearer {token}")];
        status(&get(address, "/nothing", &lines.each_ref().map(String::as_str)))
    };
    let found: Vec<u16> = (0..7).map(ask).collect();
    assert_eq!(found, [401, 401, 401, 401, 401, 401, 429]);
}

#[test]
fn oauth_a_session_ends_with_the_token_that_opened_it() {
    let issuer = Issuer::start().unwrap();
    let (_home, server) = direct(&issuer, "");
    let key = issuer.private_key(&issuer.kid("ES256")).unwrap();
    let token = |ends: u64| {
        let claims = json!({ "iss": issuer.url(), "aud": AUDIENCE, "sub": "agent", "scope": "observe", "exp": ends });
        of(&server, &signed(&head("ES256", &issuer.kid("ES256")), &claims, "ES256", &key))
    };
    // What ended 25 s ago is good for 5 s more.
    let short = Client::over_http(token(now() - 25), Era::Legacy).unwrap();
    let long = token(now() + 300);
    let stays = Client::over_http(long.clone(), Era::Legacy).unwrap();
    let list = |session: &str| {
        let headers = [("MCP-Protocol-Version", Era::Legacy.version()), ("Mcp-Session-Id", session)];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let body = json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/list", "params": {} }).to_string();
        long.start(&headers, &body).unwrap().finish(Instant::now() + LIMIT).unwrap().status
    };
    let session = short.session().unwrap();
    let deadline = Instant::now() + LIMIT;
    // The principal is the same, and the session is there for it as long as its own token is good.
    while list(&session) != 404 {
        assert!(Instant::now() < deadline, "the session outlives its token");
        thread::yield_now();
    }
    assert_eq!(patiently(|| list(&stays.session().unwrap())), 200);
}

/// Whoever sets the environment of a server would else say which issuer is the real one.
#[test]
fn oauth_no_variable_says_who_vouches_for_the_issuer() {
    let home = FakeHome::new().unwrap();
    let data = home.data().display().to_string();
    let words = ["serve", "--data", &data, "--transport", "http", "--port", "0"];
    for name in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
        let policy = format!("[oauth]\nissuer = \"https://id.example.org\"\naudience = \"{AUDIENCE}\"\n");
        home.write_policy(&policy).unwrap();
        let done = finish_within(home.command(&words).env(name, "/x"), LIMIT).unwrap();
        assert!(!done.status.success() && done.stderr.contains(&format!("{name} is set")), "{}", done.stderr);
    }
}

#[test]
fn oauth_keys_in_a_file_are_followed_and_must_be_the_owners() {
    let mut issuer = Issuer::start().unwrap();
    let file = issuer.file("jwks.json");
    fs::write(&file, issuer.key_set().unwrap()).unwrap();
    let home = FakeHome::new().unwrap();
    home.write_policy(&policy(&issuer, &format!("jwks = \"{}\"\n", file.display()))).unwrap();
    let mode = |bits| fs::set_permissions(&file, fs::Permissions::from_mode(bits)).unwrap();
    mode(0o666);
    assert!(home.refusal(&[]).unwrap().contains("others can write it"));
    mode(0o644);
    let fetched = issuer.fetches().unwrap();
    let server = home.start(Transport::Http, &["--trusted-proxies", "127.0.0.1", "--forwarded-header", "X-Real-IP"]);
    let mut scene = Scene { home, issuer: Issuer::start().unwrap(), server: server.unwrap(), asked: Cell::new(0) };
    let await_status = |scene: &Scene, token: &str, wanted: u16| {
        let deadline = Instant::now() + LIMIT;
        while scene.ask(token) != wanted {
            assert!(Instant::now() < deadline, "it is not answered {wanted}: {}", scene.server.stderr());
        }
    };
    std::mem::swap(&mut issuer, &mut scene.issuer);
    let old = scene.forge("ES256", &scene.claims());
    assert_eq!(scene.ask(&old), 404);
    assert_eq!(scene.issuer.fetches().unwrap(), fetched, "the issuer was asked all the same");
    scene.issuer.rotate().unwrap();
    let new = scene.forge("ES256", &scene.claims());
    scene.assert_refused(&new, "a key that is not in the file");
    fs::write(&file, scene.issuer.key_set().unwrap()).unwrap();
    await_status(&scene, &new, 404);
    scene.assert_refused(&old, "a key that is no longer in the file");
    fs::write(&file, "{").unwrap();
    await_status(&scene, &new, 401);
    drop(issuer);
}
