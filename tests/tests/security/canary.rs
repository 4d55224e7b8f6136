//! A secret that nobody else knows, put through every way in: typed, stored, sent wrongly, as a key, with a call that fails
//! and with one that panics. Then everything is read that a server leaves: log, record and what is made of it, metrics, errors
//! and answers. winremote-mcp and Windows-MCP repeat typed text in their answers and logs; wpf-devtools-mcp writes old and new
//! values to a trace. A later read of an ordinary field shows what stands there, and is all that may.

use crate::raw::get;
use portcullis_testkit::client::{Client, Era, HttpEndpoint};
use portcullis_testkit::fake_home::FakeHome;
use portcullis_testkit::server::{Server, Transport};
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(20);
const POLICY: &str = "[files]\nread = ['C:\\work']\nwrite = ['C:\\work']\n[registry]\nread = ['HKCU\\Software\\Canary']\nwrite = ['HKCU\\Software\\Canary']\n[hosts]\nfetch = [\"public\"]\n";
const FLAGS: [&str; 5] = ["--enable-tier3", "--call-rate", "1000000", "--log", "debug"];

/// 128 random bits, in letters that nothing escapes.
fn secret() -> String {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).unwrap();
    bytes.iter().fold("canary".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

/// Runs a command; all that it said.
fn said(home: &FakeHome, words: &[&str]) -> String {
    let done = home.run(words).unwrap();
    format!("{}{}", done.stdout, done.stderr)
}

fn named_key(home: &FakeHome) -> String {
    let data = home.data().display().to_string();
    let words = ["key", "--data", &data, "new", "agent", "--scopes", "observe,interact,alter,files"];
    home.run(&words).unwrap().stdout.trim().to_owned()
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let text = String::from_utf8_lossy(&fs::read(&path).unwrap_or_default()).into_owned();
            found.push((path.display().to_string(), text));
        }
    }
    found
}

/// All that a server leaves behind and tells besides the answers to calls, each with its name.
fn traces(home: &FakeHome, server: &Server, key: &str) -> Vec<(String, String)> {
    let data = home.data().display().to_string();
    let mut all = files(&home.data());
    all.push(("standard error".to_owned(), server.stderr()));
    let audit = |words: &[&str]| said(home, &[&["audit", "--data", &data], words].concat());
    let (page, table) = (home.path("page.html").display().to_string(), home.path("table.csv").display().to_string());
    let lines = home.path("lines.jsonl").display().to_string();
    for words in [
        ["verify"].as_slice(),
        &["show", "--last", "10000"],
        &["--json", "show", "--last", "10000"],
        &["report", &page],
        &["export", "--format", "csv", &table],
        &["export", "--format", "jsonl", &lines],
    ] {
        all.push((format!("audit {}", words.join(" ")), audit(words)));
    }
    for path in [page, table, lines] {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains("Type"), "{path} has no call");
        all.push((path, text));
    }
    for words in [
        ["doctor", "--data", &data].as_slice(),
        &["doctor", "--json", "--data", &data],
        &["doctor", "--security", "--data", &data],
        &["config", "show"],
        &["policy", "check"],
        &["key", "--data", &data, "list", "--json"],
    ] {
        all.push((words.join(" "), said(home, words)));
    }
    if let Ok(endpoint) = server.endpoint() {
        let lines = [format!("Host: {}", endpoint.address), format!("Authorization: Bearer {key}")];
        let page = get(endpoint.address, "/metrics", &lines.each_ref().map(String::as_str));
        assert!(page.contains("portcullis_http_requests_total"), "{page}");
        all.push(("/metrics".to_owned(), page));
    }
    all
}

fn require_nowhere(canary: &str, traces: &[(String, String)]) {
    for (name, text) in traces {
        // Hexadecimal and base64 are ways to write it down, too.
        let hex: String = canary.bytes().fold(String::new(), |all, byte| format!("{all}{byte:02x}"));
        let base64 = base64::Engine::encode(&base64::engine::general_purpose::STANDARD_NO_PAD, canary);
        let whole = base64.get(..base64.len() - 2).unwrap();
        for form in [canary, &hex, whole] {
            assert!(!text.contains(form), "the secret is in {name}: {}", text.replace(form, "*SECRET*"));
        }
    }
}

/// Calls in which the secret is given as something to be done with it. No answer may repeat it.
fn uses(canary: &str) -> Vec<(&'static str, Value)> {
    let typed = |observe: &str| json!({ "name": "Name", "text": canary, "observe": observe });
    vec![
        ("Type", typed("none")),
        ("Type", typed("diff")),
        ("Type", typed("snapshot")),
        ("Type", json!({ "name": "Name", "text": canary, "clear": true, "press_enter": true })),
        ("Type", json!({ "name": "Password", "text": canary })),
        ("Type", json!({ "name": "Text editor", "text": format!("{canary}\n{canary}") })),
        ("Type", json!({ "text": canary })),
        ("Type", json!({ "name": "Nowhere", "text": canary })),
        ("Type", json!({ "name": "Inert", "text": canary })),
        ("Type", json!({ "ref": "e999999", "text": canary })),
        ("Type", json!({ "name": "Name", "text": [canary] })),
        ("Type", json!({ "name": "Name", "text": { "text": canary } })),
        ("Type", json!({ "name": "Name", "text": format!("{canary}{}", "x".repeat(200_000)) })),
        ("Type", json!({ "name": "Name", "txet": canary })),
        ("Type", json!({ "name": "Name", "text": "x", "password": canary })),
        ("Invoke", json!({ "name": "Name", "action": "set_value", "value": canary })),
        ("Invoke", json!({ "name": "Name", "action": "set_value", "value": canary, "observe": "snapshot" })),
        ("Invoke", json!({ "name": "Country", "action": "set_value", "value": canary })),
        ("Invoke", json!({ "name": "Volume", "action": "set_value", "value": canary })),
        ("Invoke", json!({ "name": "Greet", "action": "set_value", "value": canary })),
        ("Invoke", json!({ "name": "Name", "action": "set_value", "value": [canary] })),
        ("SetClipboard", json!({ "text": canary })),
        ("SetClipboard", json!({ "text": [canary] })),
        ("SetClipboard", json!({ "text": "x", "html": canary })),
        ("FileWrite", json!({ "path": "C:\\work\\a.txt", "content": canary })),
        ("FileWrite", json!({ "path": "C:\\work\\a.txt", "content": canary, "append": true })),
        ("FileWrite", json!({ "path": "C:\\elsewhere\\a.txt", "content": canary })),
        ("FileWrite", json!({ "path": "C:\\work\\a.bin", "content": canary, "encoding": "binary" })),
        ("FileWrite", json!({ "path": "C:\\work\\a.txt", "content": { "text": canary } })),
        ("RegWrite", json!({ "key": "HKCU\\Software\\Canary", "value_name": "V", "data": canary, "create": true })),
        ("RegWrite", json!({ "key": "HKCU\\Software\\Other", "value_name": "V", "data": canary })),
        (
            "RegWrite",
            json!({ "key": "HKCU\\Software\\Canary", "value_name": "V", "data": canary, "reg_type": "REG_DWORD" }),
        ),
        (
            "RegWrite",
            json!({ "key": "HKCU\\Software\\Canary", "value_name": "V", "data": [[canary]], "reg_type": "REG_MULTI_SZ" }),
        ),
        ("App", json!({ "action": "launch", "name": "C:\\work\\none.exe", "args": canary })),
        ("App", json!({ "action": "launch", "name": "C:\\work\\none.exe", "args": [canary] })),
        ("ExplainPolicy", json!({ "tool": "Type", "args": { "name": "Name", "text": canary } })),
        ("ExplainPolicy", json!({ "tool": "Type", "args": { "name": "Name", "text": [canary] } })),
        ("ExplainPolicy", json!({ "tool": "Type", "args": { "name": "Name", "txet": canary } })),
        ("ExplainPolicy", json!({ "tool": "Type", "args": canary })),
        ("Wait", json!({ "seconds": 0, "token": canary })),
        ("Wait", json!({ "seconds": 0, "token": { "deep": [canary] } })),
        ("Scrape", json!({ "url": format!("https://user:{canary}@example.org/") })),
        ("Scrape", json!({ "url": format!("https://{canary}@example.org/") })),
        ("Scrape", json!({ "url": format!("ftp://user:{canary}@example.org/") })),
        ("Ping", json!({ "host": format!("user:{canary}@example.org") })),
        ("GetRunningTasks", json!({})),
    ]
}

/// Calls in which it names something. What is wrong with a name is told with the name, to its caller alone.
fn names(canary: &str) -> Vec<(&'static str, Value)> {
    vec![
        ("Click", json!({ "name": canary })),
        ("Click", json!({ "x": canary, "y": 1 })),
        ("Wait", json!({ "seconds": canary })),
        ("Wait", json!({ canary: 1 })),
        ("FileRead", json!({ "path": format!("C:\\work\\..\\{canary}") })),
        ("FileSearch", json!({ "path": "C:\\work", "pattern": "*", "content": canary })),
        ("Scrape", json!({ "url": format!("https://example.org/?token={canary}") })),
        ("Scrape", json!({ "url": format!("https://example.org/{canary}#{canary}") })),
        ("GetText", json!({ "ref": canary })),
        ("App", json!({ "action": "launch", "name": canary })),
        ("Shortcut", json!({ "keys": canary })),
        ("FindElement", json!({ "name": canary })),
        ("WaitFor", json!({ "condition": "text_exists", "text": canary, "timeout": 0 })),
        ("ListProcesses", json!({ "filter": canary })),
        ("NetConnections", json!({ "filter": canary })),
        ("ServiceStart", json!({ "name": canary })),
        ("KillProcess", json!({ "name": format!("{canary}.exe") })),
        ("ExplainPolicy", json!({ "tool": canary })),
    ]
}

#[test]
fn attack_a_canary_that_is_put_through_everything_is_in_no_log_record_metric_error_or_answer_to_its_call() {
    for era in Era::ALL {
        let home = FakeHome::new().unwrap();
        home.write_policy(POLICY).unwrap();
        let (key, canary) = (named_key(&home), secret());
        let server = home.start_panicking(Transport::Http, &FLAGS).unwrap();
        let endpoint = HttpEndpoint { key: Some(key.clone()), ..server.endpoint().unwrap().clone() };
        let client = Client::over_http(endpoint, era).unwrap();
        // The first list of processes panics.
        let panicked = client.call("ListProcesses", json!({ "filter": canary })).unwrap();
        assert!(panicked.text.starts_with("internal: ") && !panicked.text.contains(&canary), "{}", panicked.text);
        for (tool, arguments) in uses(&canary) {
            let shown = arguments.to_string().replace(&canary, "*SECRET*");
            let answer = client.request("tools/call", json!({ "name": tool, "arguments": arguments })).unwrap();
            let answer = answer.map_or_else(|error| error.to_string(), |result| result.to_string());
            assert!(!answer.contains(&canary), "{tool} {shown} repeats it: {}", answer.replace(&canary, "*SECRET*"));
        }
        for (tool, arguments) in names(&canary) {
            client.request("tools/call", json!({ "name": tool, "arguments": arguments })).unwrap().ok();
        }
        // What stands in an ordinary field is told to who reads it.
        let read = client.call("GetText", json!({ "name": "Name" })).unwrap();
        assert!(read.text.contains(&canary), "the canary never arrived: {}", read.text);
        let file = client.call("FileRead", json!({ "path": "C:\\work\\a.txt" })).unwrap();
        assert!(file.text.contains(&canary), "the canary was never stored: {}", file.text);
        // As names of the protocol itself.
        client.request("tools/call", json!({ "name": canary, "arguments": { "x": canary } })).unwrap().unwrap_err();
        client.request("tools/call", json!({ "name": "Type", "arguments": canary })).unwrap().unwrap_err();
        client.request(&format!("x/{canary}"), json!({ "x": canary })).unwrap().unwrap_err();
        client.request("resources/read", json!({ "uri": format!("portcullis://{canary}") })).unwrap().unwrap_err();
        client.notify("notifications/cancelled", json!({ "requestId": canary, "reason": canary })).ok();
        let told = client.call("GetRunningTasks", json!({})).unwrap();
        assert!(!told.text.contains(&canary), "{}", told.text);
        let mut server = server;
        let traces_then = traces(&home, &server, &key);
        assert!(traces_then.iter().any(|(name, text)| name == "standard error" && text.contains("panic")), "no panic");
        require_nowhere(&canary, &traces_then);
        server.terminate().unwrap();
        server.await_end().unwrap();
        require_nowhere(&canary, &files(&home.data()));
        require_nowhere(&canary, &[("standard error at the end".to_owned(), server.stderr())]);
    }
}

/// What is shown as a credential, or sent where none is read, comes back in no answer and stands in no log.
#[test]
fn attack_a_canary_as_a_credential_is_told_nowhere() {
    let home = FakeHome::new().unwrap();
    let (key, canary) = (named_key(&home), secret());
    let server = home.start(Transport::Http, &FLAGS).unwrap();
    let endpoint = server.endpoint().unwrap();
    let (address, path) = (endpoint.address, endpoint.path.clone());
    let host = format!("Host: {address}");
    let client = Client::over_http(HttpEndpoint { key: Some(key.clone()), ..endpoint.clone() }, Era::Legacy).unwrap();
    client.call("Type", json!({ "name": "Name", "text": "x" })).unwrap();
    let target = |query: &str| format!("{path}?{query}={canary}");
    for (target, lines) in [
        (path.clone(), vec![host.clone(), format!("Authorization: Bearer {canary}")]),
        (path.clone(), vec![host.clone(), format!("Authorization: Basic {canary}")]),
        (path.clone(), vec![host.clone(), format!("Authorization: {canary}")]),
        (path.clone(), vec![host.clone(), format!("X-API-Key: {canary}"), format!("Cookie: key={canary}")]),
        (path.clone(), vec![host.clone(), format!("Authorization: Bearer {key}"), format!("Mcp-Session-Id: {canary}")]),
        (path.clone(), vec![format!("Host: {canary}.example.org")]),
        (path.clone(), vec![host.clone(), format!("Origin: https://{canary}.example.org")]),
        (target("access_token"), vec![host.clone()]),
        (format!("/{canary}"), vec![host.clone(), format!("Authorization: Bearer {key}")]),
        (format!("http://user:{canary}@{address}{path}"), vec![host.clone()]),
        (format!("/metrics?key={canary}"), vec![host.clone()]),
    ] {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let answer = get(address, &target, &lines);
        assert!(!answer.contains(&canary), "{}", answer.replace(&canary, "*SECRET*"));
    }
    let wrong = HttpEndpoint { key: Some(key.clone()), ..endpoint.clone() };
    for body in [format!("{{\"{canary}"), format!("[\"{canary}\"]"), format!("\"{canary}\"")] {
        let reply = wrong.start(&[], &body).unwrap().finish(Instant::now() + LIMIT).unwrap();
        assert!(!reply.text().contains(&canary), "{}", reply.text().replace(&canary, "*SECRET*"));
    }
    require_nowhere(&canary, &traces(&home, &server, &key));
}

/// Keys are kept as digests, so that the server cannot look for them: it knows them by their form.
#[test]
fn attack_a_named_key_that_is_read_off_the_desktop_is_not_told() {
    let home = FakeHome::new().unwrap();
    home.write_policy(POLICY).unwrap();
    let key = named_key(&home);
    let server = home.start(Transport::Http, &FLAGS).unwrap();
    let endpoint = HttpEndpoint { key: Some(key.clone()), ..server.endpoint().unwrap().clone() };
    let client = Client::over_http(endpoint, Era::Modern).unwrap();
    for (tool, arguments) in [
        ("SetClipboard", json!({ "text": format!("key: {key}.") })),
        ("Type", json!({ "name": "Name", "text": key })),
        ("FileWrite", json!({ "path": "C:\\work\\k.txt", "content": format!("a\n{key}\n") })),
        ("RegWrite", json!({ "key": "HKCU\\Software\\Canary", "value_name": "K", "data": key, "create": true })),
    ] {
        let done = client.call(tool, arguments).unwrap();
        assert!(!done.is_error && !done.text.contains(&key[4..20]), "{tool}: {}", done.text.replace(&key, "*KEY*"));
    }
    let part = &key[4..20];
    for (tool, arguments) in [
        ("GetClipboard", json!({})),
        ("Snapshot", json!({ "max_tokens": 20_000 })),
        ("GetText", json!({ "name": "Name" })),
        ("FindElement", json!({ "name": "Name" })),
        ("FileRead", json!({ "path": "C:\\work\\k.txt" })),
        ("FileSearch", json!({ "path": "C:\\work", "pattern": "*", "content": "pcl_" })),
        ("RegRead", json!({ "key": "HKCU\\Software\\Canary", "value_name": "K" })),
        ("RegList", json!({ "key": "HKCU\\Software\\Canary" })),
        ("Click", json!({ "name": key })),
    ] {
        let told = client.call(tool, arguments).unwrap();
        assert!(!told.raw.to_string().contains(part), "{tool}: {}", told.text.replace(&key, "*KEY*"));
    }
    let shown = client.call("GetClipboard", json!({})).unwrap().text;
    assert!(shown.contains("key: ⟨redacted⟩."), "what stands around it is told: {shown}");
    require_nowhere(part, &traces(&home, &server, &key));
}
