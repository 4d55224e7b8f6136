//! The command line of the Windows exe: subcommands that end by themselves, and starts that are refused with the way to
//! do it right.

use portcullis_testkit::desktop::desktop;
use portcullis_testkit::server::new_data_folder;
use serde_json::Value;
use std::fmt::Write;

#[test]
fn starts_that_must_not_happen_say_what_to_do_instead() {
    let desktop = desktop().unwrap();
    let data = new_data_folder(desktop.run()).unwrap();
    let data = desktop.run().windows_path(&data);
    let rows: &[&[&str]] = &[
        &["serve", "--auth-key", "canary-of-a-key"],
        &["serve", "--transport", "http", "--host", "0.0.0.0"],
        &["serve", "--transport", "http", "--host", "::"],
        &["serve", "--transport", "http", "--host", "192.168.1.2"],
        &["serve", "--port", "1"],
        &["serve", "--tools", "Snapshoot"],
        &["serve", "--exclude-tools", "Wiat"],
    ];
    let mut all = String::new();
    for row in rows {
        let done = desktop.portcullis(&[*row, &["--data", &data]].concat()).unwrap();
        assert!(!done.status.success(), "{row:?}");
        assert_eq!(done.stdout, "", "{row:?}");
        assert!(!done.stderr.contains("canary"), "{}", done.stderr);
        writeln!(all, "{}\n{}", row.join(" "), done.stderr).unwrap();
    }
    insta::assert_snapshot!(all);
}

#[test]
fn version_tools_call_and_doctor_answer() {
    let desktop = desktop().unwrap();
    let data = new_data_folder(desktop.run()).unwrap();
    let data = desktop.run().windows_path(&data);
    let version = desktop.portcullis(&["version"]).unwrap();
    assert_eq!(version.stdout.trim(), format!("portcullis {}", env!("CARGO_PKG_VERSION")));
    let tools: Value = serde_json::from_str(&desktop.portcullis(&["tools", "--json"]).unwrap().stdout).unwrap();
    assert!(tools.as_array().unwrap().iter().any(|tool| tool["name"] == "GetSystemInfo"));
    let call = desktop.portcullis(&["call", "GetSystemInfo", "--json", "--data", &data]).unwrap();
    assert!(call.status.success(), "{}", call.stderr);
    assert!(serde_json::from_str::<Value>(&call.stdout).unwrap()["computer"].is_string());
    let wrong = desktop.portcullis(&["call", "GetSystemInfo", "--args", "{\"a\":1}", "--data", &data]).unwrap();
    assert!(!wrong.status.success() && wrong.stderr.contains("unknown_argument"), "{}", wrong.stderr);
    let doctor = desktop.portcullis(&["doctor", "--json", "--data", &data]).unwrap();
    let rows: Value = serde_json::from_str(&doctor.stdout).unwrap();
    // With which rights tests are started is no fault of the machine.
    let (lacks, rows): (Vec<_>, Vec<_>) =
        rows.as_array().unwrap().clone().into_iter().partition(|row| row.get("tool").is_some());
    for row in rows.iter().filter(|row| row["what"] != "rights") {
        assert_eq!(row["ok"], true, "{row}");
    }
    // What the lab's system has nothing of.
    let told: Vec<String> = lacks.iter().map(|row| format!("{} {}", row["tool"], row["lacks"])).collect();
    insta::assert_snapshot!(told.join("\n"));
}
