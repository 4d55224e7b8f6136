//! Applications that open themselves with `InspectorSdk.Initialize()`: the secret that the command makes, a session without
//! loading, and what becomes of it without a secret, with one that cannot be used, and after another was made.

use super::ground::{Ground, policy_without_loading};
use portcullis_testkit::desktop::{Desktop, desktop};
use portcullis_testkit::wpf_app::WpfApp;
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// What the owner's program is called.
const OPEN: &str = "Fixture.Open";
/// From the end of a server to an application that holds nothing of it.
const END_LIMIT: Duration = Duration::from_secs(20);
/// What is done about a secret that is none.
const REMEDY: &str = "portcullis wpf secret rotate";

/// Makes a new secret as the owner does; its file.
pub(super) fn rotate(desktop: &Desktop) -> PathBuf {
    let done = desktop.portcullis(&["wpf", "secret", "rotate", "--json"]).unwrap();
    assert!(done.status.success(), "{}", done.stderr);
    let told: Value = serde_json::from_str(&done.stdout).unwrap();
    desktop.run().linux_path(told["secret_file"].as_str().unwrap()).unwrap()
}

/// An application that opens itself, or tries to.
pub(super) fn open(desktop: &Desktop) -> WpfApp {
    WpfApp::start(desktop.run(), OPEN, &[]).unwrap()
}

/// A server that admits these programs and may load into none.
pub(super) fn ground(desktop: &Desktop, programs: &[&str]) -> Ground {
    Ground::with(desktop, &policy_without_loading(desktop, programs, &["sensitive_reads"]), &[])
}

fn refused(ground: &Ground, app: &WpfApp) -> String {
    ground.refused("connect", json!({ "processId": app.process().unwrap() }))
}

#[test]
fn an_application_that_opened_itself_is_read_without_loading() {
    let desktop = desktop().unwrap();
    let secret = rotate(&desktop);
    let sealed = fs::read(&secret).unwrap();
    assert!(sealed.len() > 32, "{} bytes", sealed.len());
    let app = open(&desktop);
    assert_eq!(app.ready()["running"], true, "{}", app.ready());
    let before = app.ask("process").unwrap();
    assert_eq!(before["assemblies"], json!(["Portcullis.Inspector"]), "{before}");
    let unwatched = app.ask("watchers NameBox.Text").unwrap();
    for _ in 0..2 {
        let ground = ground(&desktop, &[OPEN]);
        let connected = ground.connect(&app);
        assert_eq!(connected["connectionSource"], "sdk-hosted-inspector", "{connected}");
        assert_eq!(connected["openGates"], json!(["sensitive_reads"]), "{connected}");
        // The second word is plain WPF code in the application.
        let top = ground.told("get_visual_tree", json!({ "depth": 100, "maxNodes": 10_000 }));
        let own = app.ask("tree Top").unwrap();
        assert_eq!((&top["tree"]["type"], &top["returnedNodeCount"]), (&own["type"], &own["visuals"]), "{top}");
        let panel = ground.element("Panel");
        let panel = ground.told("get_visual_tree", json!({ "elementId": panel, "depth": 1 }));
        let own = app.ask("tree Panel").unwrap();
        assert_eq!(panel["tree"]["childCount"], own["visual"], "{panel}");
        assert_eq!(panel["tree"]["children"][0]["type"], own["first"], "{panel}");
        // Nothing was loaded into it: there is the assembly that it refers to, once, and no library of ours besides.
        let inside = app.ask("process").unwrap();
        for kind in ["libraries", "assemblies"] {
            assert_eq!(inside[kind], before[kind], "{inside}");
        }
        let name = ground.element("NameBox");
        ground.told("watch_dp_changes", json!({ "elementId": name, "propertyName": "Text" }));
        assert_ne!(app.ask("watchers NameBox.Text").unwrap(), unwatched, "nothing was hooked");
        // A session ends with its server, and leaves the application as it was.
        assert!(ground.server.close().unwrap().success());
        let limit = Instant::now() + END_LIMIT;
        while app.ask("watchers NameBox.Text").unwrap() != unwatched {
            assert!(Instant::now() < limit, "something is left in it");
        }
    }
    // Closed again, it is one that nothing may be loaded into.
    assert_eq!(app.ask("shutdown").unwrap(), false);
    let shut = refused(&ground(&desktop, &[OPEN]), &app);
    assert!(shut.contains("errorCode: SecurityError") && shut.contains("load"), "{shut}");
    app.close().unwrap();
}

/// Missing, damaged and too short: the application is told so by an exception and stays shut, and the server knocks nowhere.
#[test]
fn without_a_secret_that_can_be_used_nothing_opens() {
    let desktop = desktop().unwrap();
    let secret = rotate(&desktop);
    fs::remove_file(&secret).unwrap();
    let app = open(&desktop);
    assert_eq!(app.ready()["running"], false, "{}", app.ready());
    let lines = app.journal().all().unwrap();
    let shut = lines.iter().find(|line| line["event"] == "shut").expect("it was not told");
    let message = shut["message"].as_str().unwrap();
    assert!(message.contains("there is no secret") && message.contains(REMEDY), "{message}");
    let file = desktop.run().windows_path(&secret);
    let throws = |why: &str| {
        let thrown = format!("{:#}", app.ask("initialize").unwrap_err());
        let told = thrown.contains("InvalidOperationException") && thrown.contains(why) && thrown.contains(REMEDY);
        assert!(told, "{thrown}");
    };
    for bytes in [&b""[..], b"no sealed secret", &[0; 5_000]] {
        fs::write(&secret, bytes).unwrap();
        throws("damaged");
    }
    for length in [1, 16, 31] {
        app.ask(&format!("seal {length} {file}")).unwrap();
        throws("too short");
    }
    // One of the least length opens, which shows that it was its length.
    app.ask(&format!("seal 32 {file}")).unwrap();
    assert_eq!(app.ask("initialize").unwrap(), true);
    let server = ground(&desktop, &[OPEN]);
    app.ask(&format!("seal 31 {file}")).unwrap();
    let short = refused(&server, &app);
    assert!(short.starts_with("not_enabled: ") && short.contains(REMEDY), "{short}");
    fs::remove_file(&secret).unwrap();
    let missing = refused(&server, &app);
    assert!(missing.starts_with("not_enabled: ") && missing.contains(REMEDY), "{missing}");
    app.close().unwrap();
}

#[test]
fn a_new_secret_ends_no_session_and_the_old_one_opens_nothing() {
    let desktop = desktop().unwrap();
    let file = rotate(&desktop);
    let first = fs::read(&file).unwrap();
    let app = open(&desktop);
    let before = ground(&desktop, &[OPEN]);
    before.connect(&app);
    rotate(&desktop);
    assert_ne!(fs::read(&file).unwrap(), first);
    assert_eq!(before.told("get_windows", json!({}))["windows"][0]["title"], app.ready()["title"]);
    // With the new secret nobody gets in, while the application knows the old one.
    let after = ground(&desktop, &[OPEN]);
    let refused_now = refused(&after, &app);
    assert!(refused_now.ends_with("errorCode: SecurityError"), "{refused_now}");
    assert_eq!(before.told("get_windows", json!({}))["windowCount"], 1, "the session of the old secret has ended");
    assert_eq!(app.ask("shutdown").unwrap(), false);
    assert_eq!(app.ask("initialize").unwrap(), true);
    // The other way round: who has kept the old secret is not let in by the application that knows the new one.
    let second = fs::read(&file).unwrap();
    fs::write(&file, &first).unwrap();
    let kept = refused(&after, &app);
    assert!(kept.ends_with("errorCode: SecurityError"), "{kept}");
    fs::write(&file, second).unwrap();
    after.connect(&app);
    assert_eq!(after.told("get_windows", json!({}))["windows"][0]["title"], app.ready()["title"]);
    app.close().unwrap();
}

/// The one that tells who came is not the inspector: it takes the place of one, and journals every caller.
#[test]
fn attack_an_application_that_no_entry_names_is_not_called_although_it_opened_itself() {
    let desktop = desktop().unwrap();
    rotate(&desktop);
    let liar = WpfApp::start(desktop.run(), "Fixture.Liar", &["--title", "A secret title"]).unwrap();
    let called = || liar.journal().all().unwrap().iter().filter(|line| line["event"] == "called").count();
    let stranger = ground(&desktop, &[OPEN]);
    let found = stranger.call("get_processes", json!({}));
    assert!(!found.is_error && !found.text.contains("Liar") && !found.text.contains("secret"), "{}", found.text);
    let denied = refused(&stranger, &liar);
    assert!(denied.contains("none of those that may be connected to"), "{denied}");
    let nobody = stranger.refused("connect", json!({}));
    assert!(!nobody.contains("Liar"), "{nobody}");
    assert_eq!(called(), 0, "it was called");
    // On the list it is called, which the same journal tells.
    liar.ask("lie unproved").unwrap();
    let listed = refused(&ground(&desktop, &["Fixture.Liar"]), &liar);
    assert!(listed.ends_with("errorCode: SecurityError"), "{listed}");
    assert_eq!(called(), 1, "{listed}");
    liar.close().unwrap();
}
