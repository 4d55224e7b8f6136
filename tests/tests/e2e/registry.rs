//! The registry tools on a real registry, beside what `reg.exe` puts there, finds there and says of it.

use portcullis_testkit::desktop::{Desktop, desktop};
use portcullis_testkit::server::{Transport, new_data_folder};
use serde_json::{Value, json};

const KEY: &str = r"HKCU\Software\Portcullis Lab";
const MACHINE: &str = r"HKLM\SOFTWARE\Portcullis Lab";

fn reg(desktop: &Desktop, arguments: &[&str]) -> String {
    let done = desktop.windows_program("reg.exe", arguments).unwrap();
    assert!(done.status.success(), "{arguments:?}: {}{}", done.stdout, done.stderr);
    done.stdout
}

#[test]
fn values_are_told_as_reg_exe_put_them() {
    let mut desktop = desktop().unwrap();
    // What an earlier test left; there may be nothing.
    desktop.windows_program("reg.exe", &["delete", KEY, "/f"]).unwrap();
    let put = |name: &[&str], kind: &str, data: &str| {
        let arguments = [&["add", KEY], name, &["/t", kind, "/d", data, "/f"]].concat();
        reg(&desktop, &arguments);
    };
    put(&["/ve"], "REG_SZ", "the default");
    put(&["/v", "text"], "REG_SZ", "Zürich");
    put(&["/v", "path"], "REG_EXPAND_SZ", "%windir%\\x");
    put(&["/v", "list"], "REG_MULTI_SZ", "one\\0two");
    put(&["/v", "number"], "REG_DWORD", "4294967295");
    put(&["/v", "bytes"], "REG_BINARY", "00ff10");
    reg(&desktop, &["add", &format!(r"{KEY}\Below"), "/f"]);
    let client = desktop.client(Transport::Stdio, &[]).unwrap();
    for (name, kind, data) in [
        ("", "REG_SZ", json!("the default")),
        ("TEXT", "REG_SZ", json!("Zürich")),
        ("path", "REG_EXPAND_SZ", json!("%windir%\\x")),
        ("list", "REG_MULTI_SZ", json!(["one", "two"])),
        ("number", "REG_DWORD", json!(4_294_967_295_u32)),
        ("bytes", "REG_BINARY", json!("00ff10")),
    ] {
        let told = client.call("RegRead", json!({ "key": KEY, "value_name": name })).unwrap().data().unwrap();
        assert_eq!((&told["type"], &told["data"]), (&json!(kind), &data), "{name}");
    }
    let listing = client.call("RegList", json!({ "key": KEY })).unwrap().data().unwrap();
    assert_eq!(listing["keys"], json!(["Below"]), "{listing}");
    let names: Vec<&str> = listing["values"].as_array().unwrap().iter().map(|v| v["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["", "bytes", "list", "number", "path", "text"]);
    let missing = client.call("RegRead", json!({ "key": KEY, "value_name": "absent" })).unwrap();
    assert_eq!(missing.fault("code"), Some("not_found"), "{}", missing.text);
    reg(&desktop, &["delete", KEY, "/f"]);
}

#[test]
fn each_view_has_its_own_values() {
    let mut desktop = desktop().unwrap();
    for (view, data) in [("/reg:64", "wide"), ("/reg:32", "narrow")] {
        reg(&desktop, &["add", MACHINE, "/v", "view", "/t", "REG_SZ", "/d", data, "/f", view]);
    }
    let client = desktop.client(Transport::Stdio, &[]).unwrap();
    for (arguments, data) in [
        (json!({ "key": MACHINE, "value_name": "view" }), "wide"),
        (json!({ "key": MACHINE, "value_name": "view", "view": "32" }), "narrow"),
        (json!({ "key": r"HKLM\SOFTWARE\WOW6432Node\Portcullis Lab", "value_name": "view" }), "narrow"),
    ] {
        let told = client.call("RegRead", arguments.clone()).unwrap().data().unwrap();
        assert_eq!(told["data"], data, "{arguments}");
    }
    for view in ["/reg:64", "/reg:32"] {
        reg(&desktop, &["delete", MACHINE, "/f", view]);
    }
}

#[test]
fn attack_keys_that_no_rule_opens_are_refused_by_any_name() {
    let desktop = desktop().unwrap();
    let folder = new_data_folder(desktop.run()).unwrap();
    let policy = folder.join("policy.toml");
    let text = format!(
        "version = 1\n[registry]\nread = ['HKCU\\Software', 'HKLM\\SOFTWARE', 'HKLM\\SYSTEM']\ndeny = ['{MACHINE}', '{KEY}', \
         'HKLM\\SYSTEM\\CurrentControlSet\\Services']\n"
    );
    std::fs::write(&policy, text).unwrap();
    for key in [KEY, MACHINE] {
        reg(&desktop, &["add", key, "/v", "x", "/t", "REG_SZ", "/d", "canary-6b1f", "/f"]);
        reg(&desktop, &["add", key, "/v", "x", "/t", "REG_SZ", "/d", "canary-6b1f", "/f", "/reg:32"]);
    }
    let users = reg(&desktop, &["query", "HKU"]);
    let user =
        users.lines().map(str::trim).find(|line| line.contains("S-1-5-21-") && !line.ends_with("_Classes")).unwrap();
    let config = desktop.run().windows_path(&policy);
    let server = desktop.own_server(Transport::Stdio, &["--config", &config]).unwrap();
    let client = server.client(portcullis_testkit::client::Era::Legacy).unwrap();
    let open = client.call("RegList", json!({ "key": r"HKLM\SOFTWARE\Microsoft" })).unwrap();
    assert!(!open.is_error, "{}", open.text);
    for key in [
        KEY.to_owned(),
        KEY.to_uppercase(),
        MACHINE.to_owned(),
        r"HKEY_LOCAL_MACHINE\Software\portcullis lab".to_owned(),
        r"HKLM\SOFTWARE\WOW6432Node\Portcullis Lab".to_owned(),
        format!(r"{user}\Software\Portcullis Lab"),
        r"HKLM\SYSTEM\CurrentControlSet\Control\Lsa".to_owned(),
        r"HKLM\SYSTEM\CurrentControlSet\Services\Eventlog".to_owned(),
        r"HKLM\SYSTEM\ControlSet001\Services\Eventlog".to_owned(),
        r"HKLM\SAM".to_owned(),
        r"HKLM\SECURITY\Policy\Secrets".to_owned(),
        r"HKCU\Software\*".to_owned(),
        r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon".to_owned(),
    ] {
        for view in ["64", "32"] {
            for tool in ["RegRead", "RegList"] {
                let mut arguments = json!({ "key": key, "view": view });
                if tool == "RegRead" {
                    arguments["value_name"] = json!("x");
                }
                let answer = client.call(tool, arguments).unwrap();
                assert!(answer.is_error && !answer.text.contains("canary"), "{tool} {key} {view}: {}", answer.text);
                assert!(
                    ["denied", "bad_argument"].contains(&answer.fault("code").unwrap_or_default()),
                    "{}",
                    answer.text
                );
            }
        }
    }
    let listing: Value =
        client.call("RegList", json!({ "key": r"HKCU\Software", "limit": 1000 })).unwrap().data().unwrap();
    assert!(listing["withheld"].as_u64().unwrap() >= 1 && !listing.to_string().contains("Portcullis Lab"), "{listing}");
    for key in [KEY, MACHINE] {
        reg(&desktop, &["delete", key, "/f"]);
    }
    desktop.windows_program("reg.exe", &["delete", MACHINE, "/f", "/reg:32"]).unwrap();
}

/// What `reg.exe` says of a value: its line, or nothing when it is not there.
fn said(desktop: &Desktop, key: &str, name: &str, view: &str) -> String {
    let named = if name.is_empty() { vec!["/ve"] } else { vec!["/v", name] };
    let done = desktop.windows_program("reg.exe", &[&["query", key], named.as_slice(), &[view]].concat()).unwrap();
    let line = done.stdout.lines().find(|line| line.contains("REG_")).unwrap_or_default();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_there(desktop: &Desktop, key: &str) -> bool {
    desktop.windows_program("reg.exe", &["query", key]).unwrap().status.success()
}

#[test]
fn what_is_written_and_deleted_is_what_reg_exe_finds() {
    let key = r"HKCU\Software\Portcullis Lab Written";
    let machine = r"HKLM\SOFTWARE\Portcullis Lab Written";
    let desktop = desktop().unwrap();
    for left in [key, machine] {
        desktop.windows_program("reg.exe", &["delete", left, "/f"]).unwrap();
        desktop.windows_program("reg.exe", &["delete", left, "/f", "/reg:32"]).unwrap();
    }
    let folder = new_data_folder(desktop.run()).unwrap();
    let policy = folder.join("policy.toml");
    let kept = format!(r"{key}\Tree\Kept");
    std::fs::write(
        &policy,
        format!(
            "version = 1\n[registry]\nwrite = ['{key}', '{machine}', 'HKCU\\Software\\Portcullis']\ndeny = ['{kept}']\n"
        ),
    )
    .unwrap();
    let config = desktop.run().windows_path(&policy);
    let server = desktop.own_server(Transport::Stdio, &["--config", &config, "--enable-tier3"]).unwrap();
    let client = server.client(portcullis_testkit::client::Era::Legacy).unwrap();
    let answer = |tool: &str, arguments: Value| client.call(tool, arguments).unwrap().text;
    let missing = client.call("RegWrite", json!({ "key": key, "data": "x" })).unwrap();
    assert_eq!(missing.fault("code"), Some("not_found"), "{}", missing.text);
    assert!(!is_there(&desktop, key));
    for (name, kind, data, found) in [
        ("", "REG_SZ", json!("the default"), "REG_SZ the default"),
        ("text", "REG_SZ", json!("Hello"), "REG_SZ Hello"),
        ("path", "REG_EXPAND_SZ", json!("%windir%\\x"), "REG_EXPAND_SZ %windir%\\x"),
        ("list", "REG_MULTI_SZ", json!(["one", "two"]), "REG_MULTI_SZ one\\0two"),
        ("number", "REG_DWORD", json!("0xffffffff"), "REG_DWORD 0xffffffff"),
        ("bytes", "REG_BINARY", json!("00ff10"), "REG_BINARY 00FF10"),
        ("none", "REG_BINARY", json!(""), "REG_BINARY"),
        ("text", "REG_SZ", json!("Hello again"), "REG_SZ Hello again"),
    ] {
        let arguments = json!({ "key": key, "value_name": name, "data": data, "reg_type": kind, "create": true });
        let told = answer("RegWrite", arguments.clone());
        assert!(told.starts_with("confirmed: "), "{name}: {told}");
        let there = said(&desktop, key, name, "/reg:64");
        assert!(there.ends_with(found), "{name}: {there}");
        let again = answer("RegWrite", arguments);
        assert!(again.starts_with("no_effect: "), "{name}: {again}");
    }
    for (kind, data) in [("REG_QWORD", json!("0x100000000")), ("REG_NONE", json!("01"))] {
        let told = answer("RegWrite", json!({ "key": key, "value_name": kind, "data": data, "reg_type": kind }));
        assert!(told.starts_with("confirmed: "), "{kind}: {told}");
        assert!(said(&desktop, key, kind, "/reg:64").contains(&format!("{kind} {kind}")), "{kind}");
    }
    for (name, told) in [("text", "confirmed: "), ("text", "no_effect: "), ("", "confirmed: "), ("", "no_effect: ")] {
        let gone = answer("RegDelete", json!({ "key": key, "value_name": name }));
        assert!(gone.starts_with(told), "{name}: {gone}");
        let there = said(&desktop, key, name, "/reg:64");
        assert!(!there.contains("Hello") && !there.contains("the default"), "{name}: {there}");
    }
    for (view, flag, other) in [("32", "/reg:32", "/reg:64"), ("64", "/reg:64", "/reg:32")] {
        let place = json!({ "key": machine, "value_name": view, "data": "x", "view": view, "create": true });
        let told = answer("RegWrite", place);
        assert!(told.starts_with("confirmed: the key was made"), "{told}");
        assert!(said(&desktop, machine, view, flag).ends_with("REG_SZ x"));
        assert_eq!(said(&desktop, machine, view, other), "");
    }
    let narrow = r"HKLM\SOFTWARE\WOW6432Node\Portcullis Lab Written";
    let told = answer("RegWrite", json!({ "key": narrow, "value_name": "by name", "data": "x" }));
    assert!(
        told.starts_with("confirmed: ") && said(&desktop, machine, "by name", "/reg:32").ends_with("REG_SZ x"),
        "{told}"
    );
    let told = answer("RegDelete", json!({ "key": machine, "view": "32" }));
    assert!(told.starts_with("confirmed: ") && !said(&desktop, machine, "32", "/reg:32").contains('x'), "{told}");
    assert!(said(&desktop, machine, "64", "/reg:64").ends_with("REG_SZ x"), "the other view stays");

    reg(&desktop, &["add", &format!(r"{key}\Tree\Deep\Deeper"), "/f"]);
    reg(&desktop, &["add", &kept, "/f"]);
    for (arguments, told) in [
        (json!({ "key": format!(r"{key}\Tree") }), "keys lie below this key"),
        (json!({ "key": format!(r"{key}\Tree"), "recursive": true }), "a rule keeps back"),
        (
            json!({ "key": format!(r"{key}\Tree\Deep"), "recursive": true }),
            "confirmed: the key is gone, and 1 below it",
        ),
        (json!({ "key": format!(r"{key}\Tree\Deep"), "recursive": true }), "no_effect: "),
        (json!({ "key": r"HKCU\Software\Portcullis", "recursive": true }), "no configuration lifts this"),
        (json!({ "key": r"HKCU\Software\Portcullis Lab", "recursive": true }), "leaves it out"),
        (json!({ "key": r"HKLM\SYSTEM\CurrentControlSet\Services\Eventlog" }), "refused to all"),
        (json!({ "key": r"HKCU" }), "a hive is not deleted"),
    ] {
        let answered = answer("RegDelete", arguments.clone());
        assert!(answered.contains(told), "{arguments}: {answered}");
    }
    assert!(is_there(&desktop, &kept) && !is_there(&desktop, &format!(r"{key}\Tree\Deep")));
    for key in [key, machine] {
        reg(&desktop, &["delete", key, "/f"]);
    }
}

#[test]
fn a_root_by_another_name_stops_the_start() {
    let desktop = desktop().unwrap();
    let folder = new_data_folder(desktop.run()).unwrap();
    for (number, (alias, real)) in [
        ("HKCR", r"HKLM\SOFTWARE\Classes"),
        (r"HKLM\SYSTEM\CurrentControlSet\Control", r"HKLM\System\ControlSet001\Control"),
        (r"HKLM\SOFTWARE\WOW6432Node\Microsoft", r"HKLM\Software\Microsoft"),
    ]
    .into_iter()
    .enumerate()
    {
        let policy = folder.join(format!("{number}.toml"));
        std::fs::write(&policy, format!("version = 1\n[registry]\nwrite = ['{alias}']\n")).unwrap();
        let config = desktop.run().windows_path(&policy);
        let done = desktop.portcullis(&["policy", "check", &config]).unwrap();
        let shown = format!("{}{}", done.stdout, done.stderr).to_lowercase();
        assert!(!done.status.success() && shown.contains(&real.to_lowercase()), "{alias}: {shown}");
        assert!(shown.contains("toml:3 `registry.write`"), "{alias}: {shown}");
    }
}
