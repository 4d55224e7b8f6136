//! The names of Windows-MCP through real processes: in its list, in calls, in lists of tools, in a key's scopes. There a
//! misspelt exclusion leaves PowerShell open without a word, and a name is compared letter by letter.

use portcullis_testkit::client::{Client, Era, HttpEndpoint};
use portcullis_testkit::fake_home::FakeHome;
use portcullis_testkit::server::Transport;
use serde_json::json;

fn names(client: &Client) -> Vec<String> {
    let listed = client.list_tools().unwrap();
    listed.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_dialect_is_listed_in_place_of_our_names_and_opens_nothing() {
    let home = FakeHome::new().unwrap();
    let ours = home.start(Transport::Stdio, &[]).unwrap();
    let ours = names(&ours.client(Era::Legacy).unwrap());
    assert!(ours.contains(&"GetClipboard".to_owned()) && !ours.contains(&"Clipboard".to_owned()), "{ours:?}");
    for (server_number, (transport, policy, flags)) in [
        (Transport::Stdio, "[serve]\ndialect = \"windows-mcp\"\n", &[][..]),
        (Transport::Http, "", &["--dialect", "windows-mcp"]),
    ]
    .into_iter()
    .enumerate()
    {
        home.write_policy(policy).unwrap();
        let server = home.start(transport, flags).unwrap();
        let client = server.client(Era::Modern).unwrap();
        let listed = names(&client);
        assert!(listed.contains(&"Clipboard".to_owned()) && listed.contains(&"Snapshot".to_owned()), "{listed:?}");
        assert!(
            !listed.contains(&"GetClipboard".to_owned()) && !listed.contains(&"PowerShell".to_owned()),
            "{listed:?}"
        );
        let shell = client.call("PowerShell", json!({"command": "ls"})).unwrap();
        assert!(shell.text.contains("not_enabled: Shell "), "{}", shell.text);
        let read = client.call("Clipboard", json!({"mode": "get"})).unwrap();
        assert!(read.text.contains("clipboard"), "{}", read.text);
        let ours = client.call("GetClipboard", json!({})).unwrap();
        assert_eq!(ours.text, read.text, "our names are taken whatever is listed");
        client.call("powershell", json!({})).unwrap_err();
        drop(client);
        server.verify_audit().unwrap();
        let record = server.audit_text().unwrap();
        // What was called is written down as what it is, and by which name of the table it was asked for.
        for written in [r#""tool":"Shell","asked_as":"PowerShell""#, r#""tool":"GetClipboard","asked_as":"Clipboard""#]
        {
            assert!(record.contains(written), "{written}: {record}");
        }
        assert!(!record.contains("powershell"), "{record}");
        let with_name = record.lines().filter(|line| line.contains("asked_as"));
        // Those of the servers that the folder has had.
        assert_eq!(with_name.count(), 2 * (server_number + 1), "{record}");
    }
    let said = home.refusal(&["--dialect", "windows"]).unwrap();
    assert!(said.contains("windows-mcp"), "{said}");
}

#[test]
fn a_foreign_name_in_a_list_or_a_scope_is_all_that_it_stands_for() {
    let home = FakeHome::new().unwrap();
    let tools = |flags: &[&str]| {
        let words: Vec<&str> = ["tools"].iter().chain(flags).copied().collect();
        home.run(&words).unwrap()
    };
    let open = |flags: &[&str]| -> Vec<String> {
        let done = tools(flags);
        assert!(done.status.success(), "{}", done.stderr);
        let lines = done.stdout.lines().filter(|line| line.contains("  open  "));
        lines.filter_map(|line| Some(line.split_whitespace().next()?.to_owned())).collect()
    };
    assert_eq!(open(&["--tools", "CLIPBOARD"]), ["GetClipboard", "SetClipboard"]);
    let without = open(&["--enable-all", "--exclude-tools", "powershell,filesystem"]);
    assert!(without.contains(&"KillProcess".to_owned()), "{without:?}");
    for shut in ["Shell", "FileRead", "FileDelete"] {
        assert!(!without.contains(&shut.to_owned()), "{without:?}");
    }
    let refused = tools(&["--exclude-tools", "Powershel"]);
    assert!(!refused.status.success() && refused.stderr.contains("there is no tool `Powershel`"), "{}", refused.stderr);
    // A later place names parts of what an earlier one named, in whoever's names.
    home.write_ceiling("[tools]\nlist = [\"Clipboard\", \"Snapshot\"]\n").unwrap();
    assert_eq!(open(&["--tools", "setclipboard"]), ["SetClipboard"]);
    let wider = tools(&["--tools", "Process"]);
    assert!(!wider.status.success() && wider.stderr.contains("KillProcess"), "{}", wider.stderr);
    let home = FakeHome::new().unwrap();
    let data = home.data().display().to_string();
    let made = home.run(&["key", "--data", &data, "new", "one", "--scopes", "tool:clipboard"]).unwrap();
    assert!(made.status.success(), "{}", made.stderr);
    let server = home.start(Transport::Http, &["--enable-tier3"]).unwrap();
    let key = Some(made.stdout.trim().to_owned());
    let endpoint = HttpEndpoint { key, ..server.endpoint().unwrap().clone() };
    let client = Client::over_http(endpoint, Era::Modern).unwrap();
    assert_eq!(names(&client), ["GetClipboard", "SetClipboard"]);
}
