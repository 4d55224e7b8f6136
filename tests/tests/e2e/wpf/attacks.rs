//! Attacks on the way into a live application, on the real loader and the real pipe: who is not the application gets nothing, what
//! was swapped is not loaded, and no secret is left anywhere.

use super::ground::{ALL, Ground};
use super::rows::Stage;
use portcullis_testkit::desktop::{Desktop, desktop};
use portcullis_testkit::lab::StdioPlan;
use portcullis_testkit::server::exe;
use portcullis_testkit::wpf_app::WpfApp;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// The folders below one, and the files in them.
fn files(top: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut left = vec![top.to_owned()];
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => left.push(entry.path()),
                Ok(kind) if kind.is_file() => found.push(entry.path()),
                _ => {}
            }
        }
    }
    found
}

/// Asks the program that loads, as a server does.
fn load(desktop: &Desktop, process: u32, started: u64) -> Value {
    let block = format!(
        "portcullis-inspector/1;pipe=portcullis-0;server=7;started=1;certificate={};secret={}",
        "ab".repeat(32),
        "01".repeat(32)
    );
    let folder = desktop.run().windows_path(&desktop.run().share().join("payloads"));
    let request =
        json!({ "process": process, "started": started, "folder": folder, "block": block, "limit_ms": 10_000 });
    let mut child = desktop.run().spawn(&exe(), &["worker", "wpf-load"], StdioPlan::piped()).unwrap();
    child.stdin.take().unwrap().write_all(request.to_string().as_bytes()).unwrap();
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    child.wait().unwrap();
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{said:?}: {error}"))
}

/// A number is not a process: the loader opens what has the number and the start that were decided on, and nothing else.
#[test]
fn attack_a_recycled_or_wrong_process_id_loads_nothing() {
    let desktop = desktop().unwrap();
    let app = WpfApp::start(desktop.run(), "Fixture.Form", &[]).unwrap();
    let process = app.process().unwrap();
    for (number, started) in [(process, 1), (process, 133_000_000_000_000_000), (0x7FFF_FFF0, 1)] {
        let said = load(&desktop, number, started);
        assert_eq!(said["failed"], "identity", "{number} {started}: {said}");
    }
    let inside = app.ask("process").unwrap();
    assert_eq!((&inside["assemblies"], &inside["libraries"]), (&json!([]), &json!([])), "{inside}");
    app.close().unwrap();
}

/// The program is named by its path and its hash: what lies there is looked at when it is connected to.
#[test]
fn attack_a_program_that_was_replaced_is_not_gone_into() {
    let desktop = desktop().unwrap();
    let built = WpfApp::exe("Fixture.Form");
    let folder = desktop.run().share().join("replaced");
    fs::create_dir_all(&folder).unwrap();
    for file in files(built.parent().unwrap()) {
        let to = folder.join(file.strip_prefix(built.parent().unwrap()).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(file, to).unwrap();
    }
    let program = folder.join("Fixture.Form.exe");
    let whole = fs::read(&program).unwrap();
    let hash: String = digest(&SHA256, &whole).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let path = desktop.run().windows_path(&program);
    let admitted = |hash: &str| {
        let gates: String = ALL.iter().map(|gate| format!("{gate} = true\n")).collect();
        let text = format!(
            "version = 1\n\n[gates]\n{gates}\n[[wpf.targets]]\npath = '{path}'\nload = true\nsha256 = '{hash}'\n"
        );
        Ground::with(&desktop, &text, &[])
    };
    let app = WpfApp::start_at(desktop.run(), &program, &[]).unwrap();
    let process = json!({ "processId": app.process().unwrap() });
    let other = admitted(&"0".repeat(64)).refused("connect", process.clone());
    assert!(other.starts_with("denied: ") && other.ends_with("errorCode: SecurityError"), "{other}");
    let ground = admitted(&hash);
    assert_eq!(ground.told("get_processes", json!({}))["processes"][0]["processName"], "Fixture.Form");
    // Another program at its place, between the look and the loading.
    let mut changed = whole.clone();
    changed.push(0);
    fs::rename(&program, folder.join("before.exe")).unwrap();
    fs::write(&program, &changed).unwrap();
    let refused = ground.refused("connect", process.clone());
    assert!(refused.ends_with("errorCode: SecurityError"), "{refused}");
    assert_eq!(app.ask("process").unwrap()["assemblies"], json!([]), "it was gone into: {refused}");
    fs::write(&program, &whole).unwrap();
    assert_eq!(ground.told("connect", process)["connectionSource"], "raw-injection");
    app.close().unwrap();
}

/// How often a swapper and a loader are let at the same files until they meet.
const MEETINGS: usize = 40;

/// The files that are loaded are compared and held: garbage in their place is replaced, and while they are loaded nobody writes.
#[test]
fn attack_a_swapped_payload_is_not_loaded() {
    let desktop = desktop().unwrap();
    let app = WpfApp::start(desktop.run(), "Fixture.Form", &[]).unwrap();
    let first = Ground::form(&desktop, ALL, &[]);
    first.connect(&app);
    assert!(first.server.close().unwrap().success());
    app.close().unwrap();
    let is_payload =
        |file: &PathBuf| file.ends_with("Portcullis.Inspector.dll") && file.to_string_lossy().contains("inspector");
    let payload = files(&desktop.run().drive_c().join("users")).into_iter().find(is_payload).expect("the payload");
    let whole = fs::read(&payload).unwrap();
    for garbage in [b"MZ, and nothing else".to_vec(), Vec::new(), whole.iter().rev().copied().collect()] {
        fs::write(&payload, &garbage).unwrap();
        let app = WpfApp::start(desktop.run(), "Fixture.Form", &[]).unwrap();
        let ground = Ground::form(&desktop, ALL, &[]);
        ground.connect(&app);
        ground.told("get_windows", json!({}));
        assert!(fs::read(&payload).unwrap() == whole, "the payload is not as it was built");
        app.close().unwrap();
    }
    // Another process of the user, which writes whenever it is let.
    let swapper = WpfApp::start(desktop.run(), "Fixture.Plain", &[]).unwrap();
    let app = WpfApp::start(desktop.run(), "Fixture.Form", &[]).unwrap();
    let met = |_| {
        swapper.ask(&format!("swap {}", desktop.run().windows_path(&payload))).unwrap();
        let ground = Ground::form(&desktop, ALL, &[]);
        let answer = ground.call("connect", json!({ "processId": app.process().unwrap() }));
        // It is loaded as it was built, or not at all.
        assert!(!answer.is_error || answer.text.to_lowercase().contains("payload"), "{}", answer.text);
        let swapped = swapper.ask("swapped").unwrap();
        ["wrote", "refused"].iter().all(|count| swapped[count].as_i64().unwrap() > 0)
    };
    // The files are held for milliseconds, and on one core the swapper may be asleep for them.
    assert!((0..MEETINGS).any(met), "the swapper never came while the files were held");
    let ground = Ground::form(&desktop, ALL, &[]);
    ground.connect(&app);
    assert_eq!(app.ask("process").unwrap()["assemblies"], json!(["Portcullis.Inspector"]));
    app.close().unwrap();
    swapper.close().unwrap();
}

/// Whether bytes hold a parameter block's secret, as text of one or two bytes a character.
fn holds_secret(bytes: &[u8]) -> bool {
    let narrow: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
    let digits = |rest: &[u8]| rest.len() >= 64 && rest[..64].iter().all(u8::is_ascii_hexdigit);
    narrow.windows(7).enumerate().any(|(at, window)| window == b"secret=" && digits(&narrow[at + 7..]))
}

#[test]
fn a_secret_is_seen_however_it_is_written() {
    let text = format!("x;secret={};", "0a".repeat(32));
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(holds_secret(text.as_bytes()) && holds_secret(&wide));
    assert!(!holds_secret(b"secret=00") && !holds_secret(b""));
}

#[test]
fn attack_no_secret_is_left_in_a_file_an_environment_or_a_command_line() {
    let desktop = desktop().unwrap();
    let app = WpfApp::start(desktop.run(), "Fixture.Form", &[]).unwrap();
    let ground = Ground::form(&desktop, ALL, &["--enable-tier3"]);
    let done = AtomicBool::new(false);
    let (seen, looks) = thread::scope(|scope| {
        // Every process that there is, as often as can be while it connects.
        let watch = scope.spawn(|| {
            let (mut seen, mut looks) = (Vec::new(), 0);
            while !done.load(Ordering::SeqCst) {
                looks += 1;
                for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
                    for of in ["cmdline", "environ"] {
                        let text = fs::read(process.path().join(of)).unwrap_or_default();
                        if holds_secret(&text) {
                            seen.push(format!("{}/{of}", process.path().display()));
                        }
                    }
                }
            }
            (seen, looks)
        });
        ground.connect(&app);
        done.store(true, Ordering::SeqCst);
        watch.join().unwrap()
    });
    assert!(looks > 1 && seen.is_empty(), "{looks} looks: {seen:?}");

    // What the user typed, and what was written through the tools, is in no file of the server either.
    let canary = "canary-5b1f0d";
    app.ask(&format!("set SecretBox.Password {canary}-box")).unwrap();
    let stage = Stage::new(&ground, &app);
    let arguments = |value: &str| json!({ "elementId": stage.id("NameBox"), "propertyName": "Text", "value": value });
    ground.told("set_dp_value", arguments(&format!("{canary}-typed")));
    for tool in ["get_ui_summary", "get_form_summary", "get_viewmodel", "get_visual_tree"] {
        let told = ground.told(tool, json!({})).to_string();
        assert!(!told.contains(&format!("{canary}-box")) && !told.contains("hunter2"), "{tool}: {told}");
    }
    let secret =
        json!({ "elementId": stage.id("NameBox"), "propertyName": "Password", "value": format!("{canary}-model") });
    let refused = ground.refused("modify_viewmodel", secret);
    assert!(!refused.contains(canary), "{refused}");
    let audit = ground.server.audit_text().unwrap();
    assert!(audit.contains("set_dp_value") && !audit.contains(canary), "{audit}");
    assert!(!ground.server.stderr().contains(canary), "{}", ground.server.stderr());
    let data = ground.server.data().to_owned();
    assert!(ground.server.close().unwrap().success());
    let asked = app.journal().path().to_owned();
    let own = |file: &Path| file.to_string_lossy().starts_with(asked.to_string_lossy().as_ref());
    let mut searched = 0;
    for file in [files(&data), files(desktop.run().share()), files(&desktop.run().drive_c().join("users"))].concat() {
        let bytes = fs::read(&file).unwrap_or_default();
        searched += 1;
        assert!(!holds_secret(&bytes), "a secret is in {}", file.display());
        let has = bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
        assert!(!has || own(&file), "what was typed is in {}", file.display());
    }
    assert!(searched > 5, "{searched} files");
    app.close().unwrap();
}
