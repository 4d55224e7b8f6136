//! The registry tools behind the gate, on the fake desktop: what is answered, and every name by which a key could be
//! reached that no rule opens. winremote-mcp and Windows-MCP have no rule for keys; in Windows-MCP a `*` in a key stands
//! for every key.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by failing"
)]

mod common;

use common::{at, open_gate};
use portcullis_gate::{Call, Gate};
use portcullis_model::{Cancel, Fault, Principal, RegistryKey, RegistryView, Reply, Scope, Valued};
use portcullis_platform_fake::FakeDesktop;
use portcullis_policy::{Approval, RegistryRules, roots};
use serde_json::{Value, json};

const SECRET: &str = "canary-0c77";

fn key(text: &str) -> RegistryKey {
    RegistryKey::parse(text).unwrap()
}

fn gate(registry: RegistryRules) -> Gate {
    let desktop = FakeDesktop::demo();
    let (wide, narrow) = (RegistryView::Bits64, RegistryView::Bits32);
    desktop.put_value(r"HKCU\Software\Sample", wide, "", "default");
    desktop.put_value(r"HKCU\Software\Sample", wide, "Name", "wide");
    desktop.put_value(r"HKCU\Software\Sample", narrow, "Name", "narrow");
    desktop.put_value(r"HKCU\Software\Sample\Below", wide, "x", "y");
    desktop.put_value(r"HKCU\Software\Sample\Private\Deep", wide, "x", SECRET);
    desktop.put_value(r"HKCU\Software\SimonTatham\PuTTY\Sessions\one", wide, "Password", SECRET);
    desktop.put_value(r"HKLM\SAM\SAM", wide, "V", SECRET);
    desktop.put_value(r"HKLM\SYSTEM\ControlSet001\Services\x", wide, "x", SECRET);
    desktop.put_value(r"HKCU\Software\Sample\Out\Tree\Deep", wide, "x", "y");
    desktop.put_value(r"HKCU\Software\Sample\Out\Kept\Inner", wide, "x", SECRET);
    desktop.put_value(r"HKCU\Software\Sample\Out\Run", wide, "x", "y");
    desktop.put_key_alias(r"HKCU\Software\Sample\Out\Link", r"HKCU\Software\Sample\Private");
    desktop.put_key_alias(r"HKCR", r"HKCU\Software\Sample\Private");
    desktop.put_key_alias(r"HKCU\Software\Link", r"HKLM\SAM");
    desktop.put_key_alias(r"HKU\S-1-5-21-7", "HKCU");
    gate_on(&desktop, registry)
}

fn gate_on(desktop: &FakeDesktop, registry: RegistryRules) -> Gate {
    open_gate(desktop, Approval::Never, |rules| rules.with_registry(registry))
}

fn rules() -> RegistryRules {
    RegistryRules {
        read: roots([key(r"HKCU\Software")], &at(3)),
        write: roots([key(r"HKCU\Software\Sample\Out"), key(r"HKCU\Software\Portcullis")], &at(5)),
        deny: [(r"HKCU\Software\Sample\Private", 4), (r"HKCU\Software\Sample\Out\Kept\Inner", 6)]
            .map(|(kept, line)| Valued::new(key(kept), at(line)))
            .into(),
    }
}

fn call(gate: &Gate, principal: Principal, tool: &str, arguments: Value) -> Result<Value, Fault> {
    match gate.call(Call { principal, tool: tool.to_owned(), arguments, cancel: Cancel::new() })? {
        Reply::Data(value) => Ok(value),
        other => panic!("{other:?}"),
    }
}

#[test]
fn keys_and_values_are_told_by_view() {
    let gate = gate(rules());
    let data = |tool: &str, arguments: Value| call(&gate, Principal::local(), tool, arguments).unwrap();
    let read = |more: Value| {
        let mut arguments = json!({ "key": r"hkey_current_user\software\SAMPLE" });
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        data("RegRead", arguments)["data"].clone()
    };
    assert_eq!(read(json!({})), "default");
    assert_eq!(read(json!({ "value_name": "NAME" })), "wide");
    assert_eq!(read(json!({ "value_name": "name", "view": "32" })), "narrow");
    let listing = data("RegList", json!({ "key": r"HKCU:\Software\Sample" }));
    assert_eq!((&listing["keys"], &listing["withheld"]), (&json!(["Below", "Out"]), &json!(1)), "{listing}");
    assert_eq!(listing["values"][1], json!({ "name": "Name", "type": "REG_SZ", "data": "wide" }));
    let missing = call(&gate, Principal::local(), "RegRead", json!({ "key": r"HKCU\Software\Nothing" })).unwrap_err();
    assert!(missing.to_string().starts_with("not_found: there is no such key"), "{missing}");
}

#[test]
fn attack_no_alias_link_view_case_or_wildcard_leads_around_a_rule() {
    let gate = gate(rules());
    for (name, rule) in [
        (r"HKCU\Software\Sample\Private\Deep", r"p.toml:4 names HKCU\Software\Sample\Private"),
        (r"hkcu\SOFTWARE\sample\PRIVATE\deep", r"p.toml:4 names HKCU\Software\Sample\Private"),
        (r"HKU\S-1-5-21-7\Software\Sample\Private\Deep", r"p.toml:4 names HKCU\Software\Sample\Private"),
        (r"HKCR\Deep", r"p.toml:4 names HKCU\Software\Sample\Private"),
        (r"HKEY_CLASSES_ROOT\Deep", r"p.toml:4 names HKCU\Software\Sample\Private"),
        (r"HKCU\Software\Link\SAM", "SAM is refused to all"),
        (r"HKCU\Software\SimonTatham\PuTTY\Sessions\one", r"SimonTatham\PuTTY\Sessions is refused to all"),
        (r"HKLM\SAM\SAM", "SAM is refused to all"),
        (r"HKLM\SYSTEM\ControlSet001\Services\x", "p.toml:3 leaves it out of `registry.read`"),
        (r"HKLM\SYSTEM\absent", "p.toml:3 leaves it out of `registry.read`"),
        (r"HKCU\Software\*", "a key is named whole"),
        (r"HKCU\Software\Sample\?rivate", "a key is named whole"),
        (r"HKCU\Software\\Sample", "a key has one separator"),
        (r"Computer\HKCU\Software", "a key begins with"),
        (r"\\machine\HKLM\SOFTWARE", "a key begins with"),
    ] {
        for tool in ["RegRead", "RegList"] {
            for view in ["64", "32"] {
                let arguments = json!({ "key": name, "view": view });
                let answer = call(&gate, Principal::local(), tool, arguments);
                assert!(!format!("{answer:?}").contains(SECRET), "{name}: {answer:?}");
                let said = answer.unwrap_err().rule.unwrap_or_default();
                assert!(said.starts_with(rule), "{tool} {name}: {said}");
            }
        }
    }
}

#[test]
fn by_default_local_reads_software_and_keys_read_nothing() {
    let gate = gate(RegistryRules::default());
    let sample = json!({ "key": r"HKCU\Software\Sample" });
    assert!(call(&gate, Principal::local(), "RegRead", sample.clone()).is_ok());
    let said = call(&gate, Principal::key("k", Scope::ALL), "RegRead", sample.clone()).unwrap_err();
    assert!(said.rule.unwrap().starts_with("nobody says `registry.read`"));
    let explained = gate.explain(&Principal::local(), "RegRead", sample).unwrap();
    assert_eq!(explained.call.rule.as_deref(), Some(r"the tier is open; by default `local` reads HKCU\Software"));
}

/// The answer of a call that changes something, or its refusal, in one line.
fn change(gate: &Gate, tool: &str, arguments: Value) -> String {
    match gate.call(Call { principal: Principal::local(), tool: tool.to_owned(), arguments, cancel: Cancel::new() }) {
        Ok(Reply::View { parts, .. }) => parts.iter().map(|part| format!("{part:?}")).collect(),
        Ok(other) => panic!("{other:?}"),
        Err(fault) => format!("{fault} {}", fault.rule.clone().unwrap_or_default()),
    }
}

#[test]
fn a_value_is_set_once_and_deleted_once() {
    let gate = gate(rules());
    let out = r"HKCU\Software\Sample\Out";
    let new = r"HKCU\Software\Sample\Out\New\Deep";
    for (tool, arguments, said) in [
        ("RegWrite", json!({ "key": out, "value_name": "a", "data": "b" }), "confirmed: the value reads back"),
        ("RegWrite", json!({ "key": out, "value_name": "A", "data": "b" }), "no_effect: the value has this type"),
        ("RegWrite", json!({ "key": out, "value_name": "a", "data": "1", "reg_type": "REG_DWORD" }), "confirmed"),
        ("RegWrite", json!({ "key": new, "data": "b" }), "not_found"),
        ("RegWrite", json!({ "key": new, "data": "b", "create": true }), "confirmed: the key was made, and the value"),
        ("RegDelete", json!({ "key": out, "value_name": "a" }), "confirmed: the value is gone"),
        ("RegDelete", json!({ "key": out, "value_name": "a" }), "no_effect: there is no such value"),
        ("RegDelete", json!({ "key": new, "value_name": "" }), "confirmed: the value is gone"),
        ("RegDelete", json!({ "key": new }), "confirmed: the key is gone"),
        ("RegDelete", json!({ "key": new }), "no_effect: there is no such key"),
        ("RegDelete", json!({ "key": format!(r"{out}\Tree") }), "bad_argument: keys lie below this key"),
        ("RegDelete", json!({ "key": format!(r"{out}\Tree"), "recursive": true }), "confirmed: the key is gone, and 1"),
        ("RegDelete", json!({ "key": "HKCU" }), "bad_argument: `key` is not valid: a hive is not deleted"),
        ("RegDelete", json!({ "key": out, "value_name": "a", "recursive": true }), "bad_argument: `recursive`"),
        ("RegWrite", json!({ "key": out, "value_name": "a\0b", "data": "x" }), "bad_argument: `value_name`"),
        ("RegWrite", json!({ "key": out, "data": 1 }), "bad_argument: `data` does not fit the type"),
    ] {
        let answer = change(&gate, tool, arguments.clone());
        assert!(answer.contains(said), "{tool} {arguments}: {answer}");
    }
}

#[test]
fn attack_nothing_is_changed_but_below_the_roots_for_it() {
    let gate = gate(rules());
    for (name, rule) in [
        (r"HKCU\Software\Sample", "p.toml:5 leaves it out of `registry.write`"),
        (r"HKCU\Software\Sample\Private", "p.toml:4 names"),
        (r"HKCR\Deep", "p.toml:4 names"),
        (r"HKCU\Software\Sample\Out\Link\Deep", "p.toml:4 names"),
        (r"HKCU\Software\Sample\Out\Kept\Inner", "p.toml:6 names"),
        (r"HKCU\Software\Sample\Out\Run", "Run is refused to all"),
        (r"HKCU\Software\Sample\Out\absent\RunOnce", "RunOnce is refused to all"),
        (r"HKCU\Software\Portcullis", "no configuration lifts this"),
        (r"HKCU\Software\Portcullis\x", "no configuration lifts this"),
        (r"HKU\S-1-5-21-7\Software\Sample\x", "p.toml:5 leaves it out"),
        (r"HKCU\Software\Sample\Out\*", "a key is named whole"),
    ] {
        for (tool, more) in [
            ("RegWrite", json!({ "data": "x", "create": true })),
            ("RegDelete", json!({ "value_name": "x" })),
            ("RegDelete", json!({ "recursive": true })),
        ] {
            let mut arguments = json!({ "key": name });
            arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let answer = change(&gate, tool, arguments);
            assert!(answer.contains(rule) && !answer.contains(SECRET), "{tool} {name}: {answer}");
        }
    }
    // What is kept back, also where programs are started, keeps the key around it.
    for kept in [r"HKCU\Software\Sample\Out\Kept", r"HKCU\Software\Sample\Out"] {
        let answer = change(&gate, "RegDelete", json!({ "key": kept, "recursive": true }));
        assert!(answer.contains("below the key lies what a rule keeps back"), "{answer}");
    }
    // A link goes itself.
    let answer = change(&gate, "RegDelete", json!({ "key": r"HKCU\Software\Sample\Out\Link", "recursive": true }));
    assert!(answer.contains("confirmed: the key is gone"), "{answer}");
}

#[test]
fn more_keys_than_the_cap_are_not_deleted() {
    let desktop = FakeDesktop::demo();
    for number in 0..1_000 {
        desktop.put_value(&format!(r"HKCU\Software\Sample\Out\Many\{number}"), RegistryView::Bits64, "", "");
    }
    let gate = gate_on(&desktop, rules());
    let many = json!({ "key": r"HKCU\Software\Sample\Out\Many", "recursive": true });
    assert!(change(&gate, "RegDelete", many.clone()).contains("at most 1000 keys"));
    change(&gate, "RegDelete", json!({ "key": r"HKCU\Software\Sample\Out\Many\0" }));
    assert!(change(&gate, "RegDelete", many).contains("gone, and 999 below it"));
}

#[test]
fn nothing_is_written_by_default() {
    let gate = gate(RegistryRules::default());
    let answer = change(&gate, "RegWrite", json!({ "key": r"HKCU\Software\Sample", "data": "x" }));
    assert!(answer.contains("nobody says `registry.write`"), "{answer}");
}
