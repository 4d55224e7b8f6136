//! What `cargo xtask bench --check` ends with, as whoever starts it sees it: the program itself, on lines that were kept.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use serde_json::{Value, json};
use std::process::{Command, Output};

/// The program on a file with these lines.
fn judged(lines: &Value, flags: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bench.json");
    std::fs::write(&file, lines.to_string()).unwrap();
    Command::new(env!("CARGO_BIN_EXE_xtask")).arg("bench").args(flags).arg("--from").arg(&file).output().unwrap()
}

fn row(ours: f64) -> Value {
    json!({ "name": "click", "unit": "ms", "ours": ours, "baseline": null, "limit": 10.0, "bar": "10 ms", "note": "" })
}

fn job(ours: &Value, bar: &Value) -> Value {
    let peer = json!(["winremote", { "came_to": "done", "p50": 52.0, "p95": 54.0 }]);
    json!({ "job": "Click", "unit": "ms", "ours": ours, "peers": [peer], "bar": bar })
}

#[test]
fn a_check_fails_past_a_bar_and_only_a_check_does() {
    let done = |p50: f64| json!({ "came_to": "done", "p50": p50, "p95": p50 });
    let hollow = json!({ "came_to": "hollow", "took": { "p50": 1.0, "p95": 1.0 }, "why": "no click" });
    let table = [
        ("within", json!([row(9.0), job(&done(9.0), &json!({ "most": 10.0 }))]), true),
        ("a row past its bar", json!([row(9.0), row(11.0)]), false),
        ("a job past its bar", json!([row(9.0), job(&done(11.0), &json!({ "most": 10.0 }))]), false),
        ("slower than the peer", json!([job(&done(53.0), &json!("better_peer"))]), false),
        ("a hollow success", json!([job(&hollow, &json!("better_peer"))]), false),
        ("nothing at all", json!([]), false),
    ];
    for (what, lines, good) in table {
        let said = judged(&lines, &["--check"]);
        assert_eq!(said.status.success(), good, "{what}: {said:?}");
        assert!(judged(&lines, &[]).status.success(), "{what}, without a check");
    }
}

#[test]
fn what_is_no_benchmark_is_refused_with_the_command_that_makes_one() {
    let said = judged(&json!([{ "name": "click" }]), &["--check"]);
    let words = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(!said.status.success() && words.contains("cargo xtask bench"), "{words}");
}
