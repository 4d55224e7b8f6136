//! Jobs that look: the tree, pictures, displays, the clipboard, waiting.

use super::ground::{FIRST, Ground, of};
use super::jobs::{Ask, FEW, Job, Scene, Turn, Words};
use super::server::{Contender, Who};
use anyhow::{Result, ensure};
use portcullis_testkit::lab::Peer;
use serde_json::json;

/// Letters of base64 under which there is no picture of a desktop.
const PICTURE: usize = 3_000;

pub(super) fn jobs() -> Vec<Job> {
    vec![
        // One of the peers tells no more of a window than its title, and is compared by that alone.
        Job::new("Snapshot, titles", snapshot, |scene| scene.says(&[FIRST])),
        Job::new("Snapshot, controls", controls, |scene| scene.says(&["Subscribe", "Greet"])).rounds(FEW),
        Job::new("Screenshot", screenshot, picture),
        Job::new("AnnotatedSnapshot", annotated, picture),
        Job::new("DisplayInventory", displays, |scene| scene.says(&["1280", "800"])),
        Job::new("SetClipboard", set_clipboard, |scene| {
            let answer = of(scene.servers, reader(scene.turn))?.call("GetClipboard", json!({}))?;
            ensure!(answer.text.contains(&text(scene.turn)), "the clipboard holds `{}`", answer.text);
            Ok(())
        }),
        Job::new("GetClipboard", get_clipboard, |scene| scene.says(&[&text(scene.turn)])).before(
            |_, servers: &[Contender], turn| {
                let answer = of(servers, reader(turn))?.call("SetClipboard", json!({ "text": text(turn) }))?;
                ensure!(!answer.is_error, "the clipboard cannot be filled: {}", answer.text);
                Ok(())
            },
        ),
        Job::new("WaitFor, window in front", wait_for, |scene| scene.says(&[FIRST])),
    ]
}

fn picture(scene: &Scene<'_>) -> Result<()> {
    ensure!(scene.answer.bytes >= PICTURE, "there is no picture, only {} letters", scene.answer.bytes);
    Ok(())
}

fn snapshot(_: &Ground, turn: Turn) -> Option<Ask> {
    Words {
        ours: Some(("Snapshot", json!({}))),
        winremote: Some(("Snapshot", json!({ "use_vision": false }))),
        windows_mcp: Some(("Snapshot", json!({ "use_ui_tree": false }))),
    }
    .of(turn.who)
}

fn controls(_: &Ground, turn: Turn) -> Option<Ask> {
    Words { ours: Some(("Snapshot", json!({}))), winremote: None, windows_mcp: Some(("Snapshot", json!({}))) }
        .of(turn.who)
}

fn screenshot(_: &Ground, turn: Turn) -> Option<Ask> {
    Words {
        ours: Some(("Screenshot", json!({}))),
        winremote: Some(("Snapshot", json!({}))),
        windows_mcp: Some(("Screenshot", json!({}))),
    }
    .of(turn.who)
}

fn annotated(_: &Ground, turn: Turn) -> Option<Ask> {
    Words {
        ours: Some(("AnnotatedSnapshot", json!({}))),
        winremote: Some(("AnnotatedSnapshot", json!({}))),
        windows_mcp: None,
    }
    .of(turn.who)
}

fn displays(_: &Ground, turn: Turn) -> Option<Ask> {
    Words {
        ours: Some(("DisplayInventory", json!({}))),
        winremote: None,
        windows_mcp: Some(("DisplayInventory", json!({}))),
    }
    .of(turn.who)
}

/// What no other turn puts there.
fn text(turn: Turn) -> String {
    format!("clipboard of turn {}", turn.number)
}

/// Whoever is not asked itself.
fn reader(turn: Turn) -> Who {
    if turn.who == Who::Ours { Who::Peer(Peer::Winremote) } else { Who::Ours }
}

fn set_clipboard(_: &Ground, turn: Turn) -> Option<Ask> {
    let text = text(turn);
    Words {
        ours: Some(("SetClipboard", json!({ "text": text }))),
        winremote: Some(("SetClipboard", json!({ "text": text }))),
        windows_mcp: Some(("Clipboard", json!({ "mode": "set", "text": text }))),
    }
    .of(turn.who)
}

fn get_clipboard(_: &Ground, turn: Turn) -> Option<Ask> {
    Words {
        ours: Some(("GetClipboard", json!({}))),
        winremote: Some(("GetClipboard", json!({}))),
        windows_mcp: Some(("Clipboard", json!({ "mode": "get" }))),
    }
    .of(turn.who)
}

fn wait_for(_: &Ground, turn: Turn) -> Option<Ask> {
    let arguments = json!({ "condition": "active_window", "window_name": FIRST, "timeout": 3 });
    Words { ours: Some(("WaitFor", arguments.clone())), winremote: None, windows_mcp: Some(("WaitFor", arguments)) }
        .of(turn.who)
}
