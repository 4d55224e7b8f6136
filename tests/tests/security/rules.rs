//! Rules of single keys, rates and `portcullis reload`, through real processes. Neither source system has rules for one key or a
//! rate of calls over stdio, and both take a new configuration by being started anew, whatever it opens.

use portcullis_testkit::client::{Client, Era, HttpEndpoint};
use portcullis_testkit::fake_home::FakeHome;
use portcullis_testkit::server::{Server, Transport};
use serde_json::{Value, json};
use std::fs;

fn key(home: &FakeHome, name: &str, scopes: &str) -> String {
    let data = home.data().display().to_string();
    let done = home.run(&["key", "--data", &data, "new", name, "--scopes", scopes]).unwrap();
    assert!(done.status.success(), "{}", done.stderr);
    done.stdout.trim().to_owned()
}

fn client(server: &Server, key: &str) -> Client {
    let endpoint = HttpEndpoint { key: Some(key.to_owned()), ..server.endpoint().unwrap().clone() };
    Client::over_http(endpoint, Era::Modern).unwrap()
}

fn told(client: &Client, tool: &str, arguments: Value) -> String {
    client.call(tool, arguments).unwrap().text
}

#[test]
fn a_key_has_rules_of_its_own_and_learns_nothing_of_anothers() {
    let home = FakeHome::new().unwrap();
    home.write_policy(
        "[principals.\"key:one\"]\ntools.exclude = [\"Click\"]\n[principals.\"key:two\"]\ntools.tier2 = false\n",
    )
    .unwrap();
    let (one, two) = (key(&home, "one", "observe,interact"), key(&home, "two", "observe,interact"));
    let server = home.start(Transport::Http, &[]).unwrap();
    let (one, two) = (client(&server, &one), client(&server, &two));
    let click = json!({ "x": 1, "y": 1 });
    let of_one = told(&one, "Click", click.clone());
    assert!(of_one.contains("portcullis.toml:3 names it in `tools.exclude`"), "{of_one}");
    assert!(!of_one.contains(&home.path("").display().to_string()), "the owner's folders are not told: {of_one}");
    let of_two = told(&two, "Click", click);
    assert!(of_two.contains("portcullis.toml:5 says `tools.tier2 = false`"), "{of_two}");
    for (client, tool, rule) in
        [(&one, "Type", None), (&one, "Click", Some("portcullis.toml:3")), (&two, "Type", Some("portcullis.toml:5"))]
    {
        let said = told(client, "ExplainPolicy", json!({ "tool": tool }));
        assert_eq!(said.contains("refused"), rule.is_some(), "{tool}: {said}");
        assert!(rule.is_none_or(|rule| said.contains(rule)), "{tool}: {said}");
        let others = if rule == Some("portcullis.toml:5") { "toml:3" } else { "toml:5" };
        assert!(!said.contains(others), "{tool}: {said}");
    }
    let names =
        |client: &Client| client.list_tools().unwrap().iter().map(|tool| tool["name"].clone()).collect::<Vec<_>>();
    assert!(!names(&one).contains(&json!("Click")) && names(&one).contains(&json!("Type")));
    assert!(!names(&two).contains(&json!("Type")) && names(&two).contains(&json!("Snapshot")));
}

#[test]
fn calls_have_a_rate_over_stdio_too_and_what_is_over_it_is_recorded() {
    let home = FakeHome::new().unwrap();
    let server = home.start(Transport::Stdio, &["--call-rate", "20"]).unwrap();
    let client = server.client(Era::Legacy).unwrap();
    let answers: Vec<String> = (0..6).map(|_| told(&client, "Wait", json!({ "seconds": 0 }))).collect();
    let refused = answers.iter().filter(|answer| answer.contains("rate_limited")).count();
    assert!((1..=2).contains(&refused), "a fifth of 20 at once: {answers:?}");
    assert!(answers.last().unwrap().contains("flag --call-rate says `rates.calls = 20`"), "{answers:?}");
    assert!(answers.last().unwrap().contains("try again in "), "{answers:?}");
    server.verify_audit().unwrap();
    let record = server.audit_text().unwrap();
    assert!(record.contains("\"code\":\"rate_limited\"") && record.contains("rates.calls"), "{record}");
}

#[test]
fn the_default_rate_lets_a_burst_of_60_through() {
    let home = FakeHome::new().unwrap();
    let server = home.start(Transport::Stdio, &[]).unwrap();
    let client = server.client(Era::Legacy).unwrap();
    let limited = |_: &u32| !told(&client, "Wait", json!({ "seconds": 0 })).contains("rate_limited");
    let through = (0..200).take_while(limited).count();
    assert!((60..100).contains(&through), "{through}");
}

/// Runs `portcullis reload`; whether every server took the policy, and what it said.
fn reload(home: &FakeHome) -> (bool, String) {
    let data = home.data().display().to_string();
    let done = home.run(&["reload", "--data", &data]).unwrap();
    (done.status.success(), done.stdout + &done.stderr)
}

#[test]
fn a_policy_that_only_takes_away_is_taken_by_running_servers_and_another_is_not() {
    let home = FakeHome::new().unwrap();
    home.write_policy("[tools]\ntier2 = true\n").unwrap();
    let servers = [home.start(Transport::Stdio, &[]).unwrap(), home.start(Transport::Http, &[]).unwrap()];
    let clients = servers.each_ref().map(|server| server.client(Era::Legacy).unwrap());
    let open = |tool: &str| {
        clients.each_ref().map(|client| told(client, "ExplainPolicy", json!({ "tool": tool })).contains("refused"))
    };
    assert_eq!(open("MinimizeAll"), [false, false]);
    // Wider: the old one stays, and it is said everywhere.
    home.write_policy("[tools]\ntier2 = true\ntier3 = true\n").unwrap();
    let (taken, said) = reload(&home);
    assert!(!taken && said.contains("the old policy stays") && said.contains("Start the server anew"), "{said}");
    assert!(said.contains("everybody: SetClipboard with the effect write_clipboard"), "{said}");
    assert_eq!(said.matches("process ").count(), 2, "each server answers: {said}");
    assert_eq!(open("SetClipboard"), [true, true]);
    // Not in order.
    home.write_policy("[tools]\ntier2 = maybe\n").unwrap();
    let (taken, said) = reload(&home);
    assert!(!taken && said.contains("not in order") && said.contains("portcullis.toml:3"), "{said}");
    assert_eq!(open("MinimizeAll"), [false, false]);
    // What a file holds does not steer the terminal.
    home.write_policy(
        "[tools]\ntier2 = true\n[executables]\nallow = []\n[capture]\nexclude = [{ title_part = \"a\\u001b[2J\" }]\n",
    )
    .unwrap();
    assert!(reload(&home).0);
    home.write_policy("[tools]\ntier2 = true\n[executables]\nallow = []\n").unwrap();
    let (taken, said) = reload(&home);
    assert!(!taken && said.contains("windows of title part a") && !said.contains('\u{1b}'), "{said:?}");
    // Narrower.
    let narrow = "[capture]\nexclude = [{ title_part = \"a\\u001b[2J\" }]\n[executables]\nallow = []\n";
    let at_start = "[serve]\nstop_key = \"ctrl+f12\"\n[ocr]\ntesseract = \"/opt/tesseract\"\n";
    home.write_policy(&format!("[tools]\ntier2 = false\n{at_start}{narrow}")).unwrap();
    let (taken, said) = reload(&home);
    assert!(taken && said.contains("is in force"), "{said}");
    assert!(said.contains("not taken without a restart: serve.stop_key, ocr.tesseract"), "{said}");
    assert_eq!(open("MinimizeAll"), [true, true]);
    // What was taken away does not come back.
    home.write_policy("[tools]\ntier2 = true\n").unwrap();
    assert!(!reload(&home).0);
    assert_eq!(open("MinimizeAll"), [true, true]);
    for server in &servers {
        assert!(
            server.stderr().contains("everybody: SetClipboard with the effect write_clipboard"),
            "{}",
            server.stderr()
        );
    }
    servers[0].verify_audit().unwrap();
    let record = servers[0].audit_text().unwrap();
    for event in ["\"event\":\"policy_replaced\"", "\"why\":\"wider\"", "\"why\":\"not_in_order\"", "SetClipboard with"]
    {
        assert!(record.contains(event), "{event}: {record}");
    }
}

#[test]
fn a_server_that_was_killed_is_not_waited_for_and_without_one_it_is_said() {
    let home = FakeHome::new().unwrap();
    let mut server = home.start(Transport::Http, &[]).unwrap();
    server.kill().unwrap();
    let (taken, said) = reload(&home);
    assert!(!taken && said.contains("no server runs with its data in"), "{said}");
    assert_eq!(fs::read_dir(home.data().join("servers")).unwrap().count(), 0, "what it left behind is removed");
}

/// A server looks at the last question alone, so commands that ask at once have to take turns.
#[test]
fn commands_that_ask_at_once_are_each_answered_and_nothing_of_it_stays() {
    let home = FakeHome::new().unwrap();
    let server = home.start(Transport::Http, &[]).unwrap();
    let said: Vec<(bool, String)> = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..6).map(|_| scope.spawn(|| reload(&home))).collect();
        asking.into_iter().map(|one| one.join().unwrap()).collect()
    });
    for (taken, said) in said {
        assert!(taken && said.contains("is in force"), "{said}");
    }
    let left: Vec<_> = fs::read_dir(home.data().join("servers")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!left.iter().any(|path| path.extension().is_some_and(|end| end == "answer")), "{left:?}");
    drop(server);
}
