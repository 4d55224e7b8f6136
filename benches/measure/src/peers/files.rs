//! Jobs of files and the registry; Linux sees the same files, `reg.exe` the same values.

use super::ground::{FILES, FOLDER, Ground, KEY};
use super::jobs::{Ask, FEW, Job, Turn, Words};
use anyhow::{Result, ensure};
use serde_json::json;
use std::fs;

/// `hello` in base64.
const HELLO_BASE64: &str = "aGVsbG8=";
/// Where one of the peers finds what the others know as `HKCU\…` and `HKLM\…`.
const DRIVE_KEY: &str = r"HKCU:\Software\Portcullis Bench";
const VERSION: &str = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion";
const DRIVE_VERSION: &str = r"HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion";
/// The value that every Windows has there.
const PRODUCT: &str = "ProductName";

pub(super) fn jobs() -> Vec<Job> {
    vec![
        Job::new("FileList, 200 files", list, |scene| {
            let names: Vec<String> = (1..=FILES).map(|number| format!("f{number}.txt")).collect();
            scene.says(&names.iter().map(String::as_str).collect::<Vec<_>>())
        })
        .most(35.0)
        .begin(|ground, _| clear(ground)),
        Job::new("FileSearch, 111 of 200", search, |scene| scene.says(&["f1.txt", "f19.txt", "f100.txt", "f199.txt"])),
        Job::new("FileRead", read, |scene| scene.says(&["line 1"])),
        Job::new("FileInfo", info, |scene| scene.says(&["7"])),
        Job::new("FileWrite", write, |scene| holds(scene.ground, "written.txt", &content(scene.turn))),
        Job::new("FileCopy", copy, |scene| holds(scene.ground, "copy.txt", "line 1\n"))
            .before(|ground, _, _| without(ground, "copy.txt")),
        Job::new("FileMove", relocate, |scene| {
            holds(scene.ground, "moved.txt", "move me")?;
            lacks(scene.ground, "move.txt")
        })
        .before(|ground, _, _| {
            without(ground, "moved.txt")?;
            Ok(fs::write(ground.here("move.txt"), "move me")?)
        }),
        Job::new("FileDelete", delete, |scene| lacks(scene.ground, "delete.txt"))
            .before(|ground, _, _| Ok(fs::write(ground.here("delete.txt"), "delete me")?)),
        Job::new("FileDownload", download, |scene| {
            let whole = scene.answer.bytes > 0 || scene.answer.text.contains("bGluZSAxCg==");
            ensure!(whole, "the file's bytes are not in the answer");
            Ok(())
        }),
        Job::new("FileUpload", upload, |scene| holds(scene.ground, "upload.bin", "hello"))
            .before(|ground, _, _| without(ground, "upload.bin")),
        Job::new("RegRead", reg_read, |scene| {
            let known = scene.ground.said("reg.exe", &["query", VERSION, "/v", PRODUCT])?;
            let value = known.split("REG_SZ").nth(1).unwrap_or_default().trim();
            ensure!(!value.is_empty(), "reg.exe knows no {PRODUCT}: {known}");
            scene.says(&[value])
        })
        .rounds(FEW),
        Job::new("RegWrite", reg_write, |scene| {
            let known = scene.ground.said("reg.exe", &["query", KEY, "/v", "v"])?;
            ensure!(known.contains(&content(scene.turn)), "reg.exe finds another value: {known}");
            Ok(())
        })
        .rounds(FEW)
        .begin(|ground, _| key(ground)),
        Job::new("RegList", reg_list, |scene| scene.says(&["known value"])).rounds(FEW).begin(|ground, _| key(ground)),
        Job::new("RegDelete", reg_delete, |scene| {
            let known = scene.ground.said("reg.exe", &["query", KEY, "/v", "gone"])?;
            ensure!(!known.contains("REG_SZ"), "reg.exe still finds it: {known}");
            Ok(())
        })
        .rounds(FEW)
        .begin(|ground, _| key(ground))
        .before(|ground, _, _| ground.said("reg.exe", &["add", KEY, "/v", "gone", "/d", "x", "/f"]).map(drop)),
    ]
}

/// What no other turn writes.
fn content(turn: Turn) -> String {
    format!("turn {} of {:?}", turn.number, turn.who)
}

fn clear(ground: &Ground) -> Result<()> {
    ["written.txt", "copy.txt", "move.txt", "moved.txt", "delete.txt", "upload.bin"]
        .iter()
        .try_for_each(|name| without(ground, name))
}

fn without(ground: &Ground, name: &str) -> Result<()> {
    match fs::remove_file(ground.here(name)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

fn holds(ground: &Ground, name: &str, content: &str) -> Result<()> {
    let found = fs::read_to_string(ground.here(name)).unwrap_or_default();
    ensure!(found == content, "{name} holds `{found}`");
    Ok(())
}

fn lacks(ground: &Ground, name: &str) -> Result<()> {
    ensure!(!ground.here(name).exists(), "{name} is still there");
    Ok(())
}

fn key(ground: &Ground) -> Result<()> {
    ground.said("reg.exe", &["add", KEY, "/v", "known value", "/d", "x", "/f"]).map(drop)
}

fn list(_: &Ground, turn: Turn) -> Option<Ask> {
    Words {
        ours: Some(("FileList", json!({ "path": FOLDER }))),
        winremote: Some(("FileList", json!({ "path": FOLDER }))),
        windows_mcp: Some(("FileSystem", json!({ "mode": "list", "path": FOLDER }))),
    }
    .of(turn.who)
}

fn search(_: &Ground, turn: Turn) -> Option<Ask> {
    let arguments = json!({ "pattern": "f1*.txt", "path": FOLDER, "limit": 200 });
    Words {
        ours: Some(("FileSearch", arguments.clone())),
        winremote: Some(("FileSearch", arguments)),
        windows_mcp: Some(("FileSystem", json!({ "mode": "search", "path": FOLDER, "pattern": "f1*.txt" }))),
    }
    .of(turn.who)
}

fn read(ground: &Ground, turn: Turn) -> Option<Ask> {
    let path = ground.there("f1.txt");
    Words {
        ours: Some(("FileRead", json!({ "path": path }))),
        winremote: Some(("FileRead", json!({ "path": path }))),
        windows_mcp: Some(("FileSystem", json!({ "mode": "read", "path": path }))),
    }
    .of(turn.who)
}

fn info(ground: &Ground, turn: Turn) -> Option<Ask> {
    let path = ground.there("f1.txt");
    Words {
        ours: Some(("FileInfo", json!({ "path": path }))),
        winremote: None,
        windows_mcp: Some(("FileSystem", json!({ "mode": "info", "path": path }))),
    }
    .of(turn.who)
}

fn write(ground: &Ground, turn: Turn) -> Option<Ask> {
    let (path, content) = (ground.there("written.txt"), content(turn));
    Words {
        ours: Some(("FileWrite", json!({ "path": path, "content": content }))),
        winremote: Some(("FileWrite", json!({ "path": path, "content": content }))),
        windows_mcp: Some((
            "FileSystem",
            json!({ "mode": "write", "path": path, "content": content, "overwrite": true }),
        )),
    }
    .of(turn.who)
}

fn copy(ground: &Ground, turn: Turn) -> Option<Ask> {
    let (path, destination) = (ground.there("f1.txt"), ground.there("copy.txt"));
    Words {
        ours: Some(("FileCopy", json!({ "path": path, "destination": destination }))),
        winremote: None,
        windows_mcp: Some(("FileSystem", json!({ "mode": "copy", "path": path, "destination": destination }))),
    }
    .of(turn.who)
}

fn relocate(ground: &Ground, turn: Turn) -> Option<Ask> {
    let (path, destination) = (ground.there("move.txt"), ground.there("moved.txt"));
    Words {
        ours: Some(("FileMove", json!({ "path": path, "destination": destination }))),
        winremote: None,
        windows_mcp: Some(("FileSystem", json!({ "mode": "move", "path": path, "destination": destination }))),
    }
    .of(turn.who)
}

fn delete(ground: &Ground, turn: Turn) -> Option<Ask> {
    let path = ground.there("delete.txt");
    Words {
        ours: Some(("FileDelete", json!({ "path": path, "permanent": true }))),
        winremote: None,
        windows_mcp: Some(("FileSystem", json!({ "mode": "delete", "path": path }))),
    }
    .of(turn.who)
}

fn download(ground: &Ground, turn: Turn) -> Option<Ask> {
    let arguments = json!({ "path": ground.there("f1.txt") });
    Words {
        ours: Some(("FileDownload", arguments.clone())),
        winremote: Some(("FileDownload", arguments)),
        windows_mcp: None,
    }
    .of(turn.who)
}

fn upload(ground: &Ground, turn: Turn) -> Option<Ask> {
    let arguments = json!({ "path": ground.there("upload.bin"), "data_base64": HELLO_BASE64 });
    Words {
        ours: Some(("FileUpload", arguments.clone())),
        winremote: Some(("FileUpload", arguments)),
        windows_mcp: None,
    }
    .of(turn.who)
}

fn reg_read(_: &Ground, turn: Turn) -> Option<Ask> {
    let arguments = json!({ "key": VERSION, "value_name": PRODUCT });
    Words {
        ours: Some(("RegRead", arguments.clone())),
        winremote: Some(("RegRead", arguments)),
        windows_mcp: Some(("Registry", json!({ "mode": "get", "path": DRIVE_VERSION, "name": PRODUCT }))),
    }
    .of(turn.who)
}

fn reg_write(_: &Ground, turn: Turn) -> Option<Ask> {
    let content = content(turn);
    let arguments = json!({ "key": KEY, "value_name": "v", "data": content });
    Words {
        ours: Some(("RegWrite", arguments.clone())),
        winremote: Some(("RegWrite", arguments)),
        windows_mcp: Some(("Registry", json!({ "mode": "set", "path": DRIVE_KEY, "name": "v", "value": content }))),
    }
    .of(turn.who)
}

fn reg_list(_: &Ground, turn: Turn) -> Option<Ask> {
    Words {
        ours: Some(("RegList", json!({ "key": KEY }))),
        winremote: None,
        windows_mcp: Some(("Registry", json!({ "mode": "list", "path": DRIVE_KEY }))),
    }
    .of(turn.who)
}

fn reg_delete(_: &Ground, turn: Turn) -> Option<Ask> {
    Words {
        ours: Some(("RegDelete", json!({ "key": KEY, "value_name": "gone" }))),
        winremote: None,
        windows_mcp: Some(("Registry", json!({ "mode": "delete", "path": DRIVE_KEY, "name": "gone" }))),
    }
    .of(turn.who)
}
