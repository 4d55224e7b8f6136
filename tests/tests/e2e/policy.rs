//! The policy file and the Windows exe: what is read from it, what is refused with its place, and what it takes away from
//! a call on a real desktop.

use portcullis_testkit::desktop::desktop;
use portcullis_testkit::server::new_data_folder;
use serde_json::Value;

#[test]
fn a_policy_file_is_checked_shown_and_explained() {
    let desktop = desktop().unwrap();
    let data = new_data_folder(desktop.run()).unwrap();
    let file = data.join("policy.toml");
    let write = |text: &str| std::fs::write(&file, text).unwrap();
    let (path, folder) = (desktop.run().windows_path(&file), desktop.run().windows_path(&data));
    write("version = 1\n\n[tools]\ntier3 = false\nexclude = [\"Wiat\"]\n");
    let wrong = desktop.portcullis(&["policy", "check", &path]).unwrap();
    assert!(!wrong.status.success());
    assert!(wrong.stderr.contains(":5 `tools.exclude`: there is no tool `Wiat`; nearest: Wait"), "{}", wrong.stderr);

    write("version = 1\n\n[tools]\ntier3 = false\n\n[clipboard]\nread = false\n");
    let well = desktop.portcullis(&["policy", "check", &path]).unwrap();
    assert!(well.status.success() && well.stdout.starts_with("ok"), "{}{}", well.stdout, well.stderr);
    assert!(well.stdout.contains(&format!("read: {path}")), "{}", well.stdout);
    assert!(!well.stdout.contains("nothing is found"), "{}", well.stdout);
    write(&format!(
        "version = 1\n[files]\nread = ['{folder}']\ndeny = ['{folder}\\gone', 'C:\\WRITTE~1\\x', 'Q:\\x']\n"
    ));
    let empty = desktop.portcullis(&["policy", "check", &path]).unwrap();
    for place in [format!("{folder}\\gone"), "C:\\WRITTE~1\\x".to_owned(), "Q:\\x".to_owned()] {
        let line = format!("nothing is found at a place of `files.deny`: {place} ({path}:4)");
        assert!(empty.status.success() && empty.stdout.contains(&line), "{line}: {}", empty.stdout);
    }
    assert_eq!(empty.stdout.matches("nothing is found").count(), 3, "{}", empty.stdout);
    write("version = 1\n\n[tools]\ntier3 = false\n\n[clipboard]\nread = false\n");
    let none = desktop.portcullis(&["policy", "check"]).unwrap();
    assert!(none.status.success() && none.stdout.starts_with("no policy file was found"), "{}", none.stdout);

    let shown = desktop.portcullis(&["config", "show", "--json", "--config", &path]).unwrap();
    let rows: Value = serde_json::from_str(&shown.stdout).unwrap();
    let tier3 = rows.as_array().unwrap().iter().find(|row| row["key"] == "tools.tier3").unwrap();
    assert_eq!(tier3["value"], "false");
    assert!(tier3["origins"][0].as_str().unwrap().ends_with("policy.toml:4"), "{tier3}");

    let serve = ["serve", "--config", &path, "--enable-tier3", "--data", &folder];
    let widened = desktop.portcullis(&serve).unwrap();
    assert!(!widened.status.success());
    assert!(widened.stderr.contains("flag --enable-tier3 `tools.tier3` = `true`"), "{}", widened.stderr);
    assert!(widened.stderr.contains("policy.toml:4 says `tools.tier3 = false`"), "{}", widened.stderr);

    let call = desktop.portcullis(&["call", "GetClipboard", "--config", &path, "--data", &folder]).unwrap();
    assert!(!call.status.success());
    assert!(call.stderr.contains("policy.toml:7 says `clipboard.read = false`"), "{}", call.stderr);

    let explain = ["policy", "explain", "SetClipboard", "--args", "{\"text\":\"x\"}", "--json", "--config", &path];
    let said: Value = serde_json::from_str(&desktop.portcullis(&explain).unwrap().stdout).unwrap();
    assert_eq!(said["verdict"], "refused");
    assert!(said["rule"].as_str().unwrap().contains("policy.toml:4 says `tools.tier3 = false`"), "{said}");
}
