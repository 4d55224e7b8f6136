//! `portcullis doctor --security`, through the product's own command line: the source systems have such a list as prose alone.

use portcullis_testkit::fake_home::FakeHome;
use portcullis_testkit::server::Transport;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// The exit code, and each row as `level what`.
fn look(home: &FakeHome) -> (Option<i32>, Vec<String>, String) {
    let data = home.data().display().to_string();
    let done = home.run(&["doctor", "--security", "--json", "--data", &data]).unwrap();
    let rows: Vec<Value> =
        serde_json::from_str(&done.stdout).unwrap_or_else(|error| panic!("{error}: {}", done.stderr));
    let word = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    for row in &rows {
        assert_eq!(row["fix"].is_string(), row["level"] != "pass", "a finding has a fix: {row}");
    }
    let short = rows.iter().map(|row| format!("{} {}", word(row, "level"), word(row, "what"))).collect();
    (done.status.code(), short, done.stdout)
}

#[test]
fn what_is_found_is_told_with_its_fix_and_a_failure_in_the_exit_code() {
    let home = FakeHome::new().unwrap();
    let (code, rows, text) = look(&home);
    assert_eq!(code, Some(0), "{text}");
    assert!(rows.contains(&"pass tiers".to_owned()) && rows.contains(&"warn audit".to_owned()), "{text}");
    assert!(!home.data().exists(), "a look makes nothing");
    drop(home.start(Transport::Http, &[]).unwrap());
    let (code, rows, text) = look(&home);
    assert_eq!(code, Some(0), "{text}");
    assert!(rows.contains(&"warn keys".to_owned()) && rows.contains(&"pass audit".to_owned()), "{text}");
    home.write_policy("[tools]\ntier3 = true\n[gates]\ninjection = true\n").unwrap();
    let (code, rows, text) = look(&home);
    assert_eq!(code, Some(0), "{text}");
    assert!(rows.contains(&"warn tiers".to_owned()) && rows.contains(&"warn gates".to_owned()), "{text}");
    // What fails: a record that was changed, a key that others can read, a policy that is none.
    let chain = fs::read_dir(home.data().join("audit")).unwrap().next().unwrap().unwrap().path();
    let record = fs::read_to_string(&chain).unwrap();
    fs::write(&chain, record.replacen("server_started", "server_startet", 1)).unwrap();
    let (code, rows, text) = look(&home);
    assert!(code == Some(1) && rows.contains(&"fail audit".to_owned()), "{text}");
    fs::write(&chain, record).unwrap();
    assert_eq!(look(&home).0, Some(0));
    let key = home.data().join("http.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let (code, rows, text) = look(&home);
    assert!(
        code == Some(1) && rows.contains(&"fail files".to_owned()) && text.contains("others can read it"),
        "{text}"
    );
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    home.write_policy("[tools]\ntier9 = true\n").unwrap();
    let (code, rows, text) = look(&home);
    assert!(code == Some(1) && rows == ["fail policy"], "{text}");
}
