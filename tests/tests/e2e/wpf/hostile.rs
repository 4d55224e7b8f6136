//! A hostile inspector on the real channel: an application that takes the place where one that opened itself is called, and lies
//! there, before the proofs and after them. Each time the server says what is wrong within its time, lives, and serves the next.

use super::ground::Ground;
use super::sdk::{ground, open, rotate};
use portcullis_testkit::desktop::desktop;
use portcullis_testkit::wpf_app::WpfApp;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const LIAR: &str = "Fixture.Liar";
/// The proofs' own deadline, and what a busy machine adds to it.
const LIMIT: Duration = Duration::from_secs(25);

/// Has it lie so, and connects; what the server answered, which must be an error in time, and what the liar's journal tells.
fn lied(server: &Ground, liar: &WpfApp, lie: &str) -> (String, Vec<Value>) {
    await_door(liar);
    liar.ask(&format!("lie {lie}")).unwrap();
    let mark = liar.journal().mark().unwrap();
    let begun = Instant::now();
    let said = server.refused("connect", json!({ "processId": liar.process().unwrap() }));
    let took = begun.elapsed();
    assert!(took < LIMIT, "{lie}: {took:?}");
    // It hears that the server is gone, so that nothing of the attempt is left there.
    liar.journal().await_event(mark, "left", LIMIT, |line| line["event"] == "left").unwrap();
    let told = liar.journal().since(mark).unwrap();
    let next = server.told("get_processes", json!({}));
    assert!(next["processes"].as_array().is_some_and(|all| !all.is_empty()), "{lie}: {next}");
    (said, told)
}

/// The door is not there before the liar has noticed that the caller before is gone.
fn await_door(liar: &WpfApp) {
    let begun = Instant::now();
    while liar.ask("listens").unwrap() != true {
        assert!(begun.elapsed() < LIMIT, "the caller before is still there");
    }
}

fn has(told: &[Value], event: &str) -> bool {
    told.iter().any(|line| line["event"] == event)
}

/// What a relay ends at is another process and another channel, so that no proof of one is a proof of the other.
#[test]
fn attack_a_relay_to_a_real_application_has_no_session() {
    let desktop = desktop().unwrap();
    rotate(&desktop);
    let (app, liar) = (open(&desktop), WpfApp::start(desktop.run(), LIAR, &[]).unwrap());
    let server = ground(&desktop, &[LIAR, "Fixture.Open"]);
    let (said, told) = lied(&server, &liar, &format!("relay {}", app.process().unwrap()));
    assert!(said.starts_with("denied: ") && said.ends_with("errorCode: SecurityError"), "{said}");
    assert!(has(&told, "called") && !has(&told, "session"), "{told:?}");
    // The application that was relayed to is there for who comes to it.
    assert_eq!(server.connect(&app)["connectionSource"], "sdk-hosted-inspector");
    app.close().unwrap();
    liar.close().unwrap();
}

/// Who does not prove that it knows the secret gets none of ours, however it goes about it.
#[test]
fn attack_who_does_not_prove_gets_no_session() {
    let desktop = desktop().unwrap();
    rotate(&desktop);
    let liar = WpfApp::start(desktop.run(), LIAR, &[]).unwrap();
    let server = ground(&desktop, &[LIAR]);
    for (lie, code) in [
        ("noise", "SecurityError"),
        ("unproved", "SecurityError"),
        ("plain", "SecurityError"),
        ("false", "SecurityError"),
        ("mute", "Timeout"),
        ("stuffed", "Timeout"),
    ] {
        let (said, told) = lied(&server, &liar, lie);
        assert!(said.ends_with(&format!("errorCode: {code}")), "{lie}: {said}");
        assert!(has(&told, "called") && !has(&told, "session"), "{lie}: {told:?}");
        // The server proves itself to who has proved itself, and to nobody else.
        assert_eq!(has(&told, "proved"), ["plain", "false"].contains(&lie), "{lie}: {told:?}");
    }
    liar.close().unwrap();
}

/// Proved, and hostile all the same.
#[test]
fn attack_an_inspector_that_lies_costs_its_own_session_alone() {
    let desktop = desktop().unwrap();
    rotate(&desktop);
    let (app, liar) = (open(&desktop), WpfApp::start(desktop.run(), LIAR, &[]).unwrap());
    let server = ground(&desktop, &[LIAR, "Fixture.Open"]);
    for (lie, code, words) in [
        ("oversized", "TransportReset", ""),
        ("garbage", "TransportReset", ""),
        ("another", "SecurityError", "its process"),
        ("version", "CompatibilityError", "from 7 to 9, this server from 1 to 1"),
        ("silent", "TransportReset", "fell silent"),
    ] {
        let (said, told) = lied(&server, &liar, lie);
        assert!(has(&told, "session"), "{lie}: {told:?}");
        assert!(said.contains(words) && said.contains(&format!("errorCode: {code}")), "{lie}: {said}");
    }
    // Whoever sends more events than there can be is not listened to any more. Answers to nothing are passed over: the session is
    // open, and its calls come to an end.
    for (lie, code) in [("events", "TransportReset"), ("answers", "Timeout")] {
        await_door(&liar);
        liar.ask(&format!("lie {lie}")).unwrap();
        let mark = liar.journal().mark().unwrap();
        server.connect(&liar);
        let begun = Instant::now();
        let asked = server.refused("get_windows", json!({}));
        assert!(asked.ends_with(&format!("errorCode: {code}")) && begun.elapsed() < LIMIT, "{lie}: {asked}");
        assert!(has(&liar.journal().since(mark).unwrap(), "session"), "{lie}: it did not come to a flood");
    }
    let mark = liar.journal().mark().unwrap();
    server.connect(&app);
    assert_eq!(server.told("get_windows", json!({}))["windows"][0]["title"], app.ready()["title"]);
    // With the server the flood ends, which it would not by itself for long.
    assert!(server.server.close().unwrap().success());
    liar.journal().await_event(mark, "left", LIMIT, |line| line["lie"] == "answers" && line["end"] == "it ends").unwrap();
    app.close().unwrap();
    liar.close().unwrap();
}
