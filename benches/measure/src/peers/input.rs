//! Jobs of pointer, keyboard and windows; the fixture's journal tells what came of them. Ours is asked for the outcome alone
//! (`observe: "none"`), since the others tell no more.

use super::ground::{FIRST, Ground, NOTEPAD, Point, SECOND, of};
use super::jobs::{Ask, FEW, Job, Turn, Words};
use super::server::{Contender, Who};
use anyhow::{Result, ensure};
use serde_json::{Value, json};
use std::time::Duration;

/// One notch of the wheel in Windows' own unit, which one of the peers hands on as it is.
const NOTCH: i64 = 120;
/// How far the pointer goes from the middle of the pad.
const ASIDE: i64 = 40;
/// The virtual key of the letter of the chord.
const LETTER: i64 = 0x42;
/// Sizes that a window takes in turns.
const WIDTHS: [i64; 2] = [900, 940];
const HEIGHT: i64 = 560;
/// How long after an answer a window's size is looked at.
const SIZE_LIMIT: Duration = Duration::from_secs(2);

pub(super) fn jobs() -> Vec<Job> {
    vec![
        Job::new("Click", click, |scene| scene.ground.event(scene.mark, "check", "subscribe", |_| true))
            .most(10.0)
            .confirmed(),
        Job::new("Type 3 characters", type_text, |scene| {
            let text = typed(scene.turn);
            let holds = |line: &Value| line["text"].as_str().is_some_and(|all| all.contains(&text));
            scene.ground.event(scene.mark, "text", "name", holds)
        })
        .most(50.0)
        .confirmed(),
        Job::new("Scroll", scroll, |scene| scene.ground.event(scene.mark, "scroll", "scroll-area", |_| true))
            .most(20.0)
            .confirmed(),
        Job::new("Move", move_pointer, |scene| {
            let to = pad(scene.ground, scene.turn);
            let there =
                move |line: &Value| line["action"] == "move" && line["screen"] == json!({ "x": to.x, "y": to.y });
            scene.ground.event(scene.mark, "mouse", "mouse-pad", there)
        })
        .most(20.0)
        .confirmed()
        // What the one before moved is told a while later, and would be taken for this one's.
        .before(|ground, _, _| ground.desktop.state_after_input().map(drop)),
        Job::new("Drag", drag, |scene| scene.ground.event(scene.mark, "drop", "drop-target", |_| true)),
        Job::new(
            "Shortcut, seen",
            |_, turn| shortcut("shift+b", turn),
            |scene| scene.ground.event(scene.mark, "text", "name", |_| true),
        )
        .begin(|ground, servers| click_on(ground, servers, "name")),
        // Nothing that can be seen changes, so ours looks for a while before it says that it does not know.
        Job::new(
            "Shortcut, unseen",
            |_, turn| shortcut("ctrl+b", turn),
            |scene| {
                let pressed = |line: &Value| {
                    let with = line["modifiers"].as_array().is_some_and(|held| held.contains(&json!("ctrl")));
                    line["action"] == "down" && line["vk"] == LETTER && with
                };
                scene.ground.event(scene.mark, "key", "key-pad", pressed)
            },
        )
        .begin(|ground, servers| click_on(ground, servers, "key-pad")),
        Job::new("FocusWindow", focus, |scene| scene.ground.window_event(scene.mark, front(scene.turn), "activated"))
            .before(|ground, servers, turn| ground.focus(servers, other(front(turn))))
            .confirmed(),
        Job::new("App resize", resize, |scene| {
            let wanted = width(scene.turn);
            let so = || Ok(scene.ground.desktop.state()?.pointer("/window/rect/w") == Some(&json!(wanted)));
            scene.ground.until(SIZE_LIMIT, so)
        })
        .rounds(FEW)
        .before(|ground, servers, turn| {
            // The size that is not wanted, whoever had the turn before.
            let other = Turn { number: turn.number + 1, who: Who::Ours };
            let Some(asked) = resize(ground, other) else { return Ok(()) };
            of(servers, Who::Ours)?.call(asked.tool, asked.arguments).map(drop)
        })
        .confirmed(),
        Job::new("MinimizeAll", minimize, |scene| scene.ground.window_event(scene.mark, FIRST, "minimised"))
            .rounds(FEW)
            .before(|ground, servers, _| {
                ground.focus(servers, SECOND)?;
                ground.focus(servers, FIRST)
            }),
        Job::new("App launch", launch, |scene| scene.ground.notepad(true))
            .rounds(FEW)
            .before(|ground, _, _| ground.end_notepad())
            .end(Ground::end_notepad),
    ]
}

/// Three words that make a call at a point.
fn at(point: Point) -> (i64, i64, Value) {
    (point.x, point.y, json!([point.x, point.y]))
}

fn click(ground: &Ground, turn: Turn) -> Option<Ask> {
    let (x, y, loc) = at(ground.point("subscribe"));
    Words {
        ours: Some(("Click", json!({ "x": x, "y": y, "observe": "none" }))),
        winremote: Some(("Click", json!({ "x": x, "y": y }))),
        windows_mcp: Some(("Click", json!({ "loc": loc }))),
    }
    .of(turn.who)
}

/// Three characters that no other turn types.
fn typed(turn: Turn) -> String {
    format!("x{:02}", turn.number % 100)
}

fn type_text(ground: &Ground, turn: Turn) -> Option<Ask> {
    let (x, y, loc) = at(ground.point("name"));
    let text = typed(turn);
    Words {
        ours: Some(("Type", json!({ "x": x, "y": y, "text": text, "observe": "none" }))),
        winremote: Some(("Type", json!({ "x": x, "y": y, "text": text }))),
        windows_mcp: Some(("Type", json!({ "loc": loc, "text": text }))),
    }
    .of(turn.who)
}

/// Down and up in turns, so that there is always a way to go.
fn scroll(ground: &Ground, turn: Turn) -> Option<Ask> {
    let (x, y, loc) = at(ground.point("scroll-area"));
    let (sign, direction) = if turn.is_even() { (1, "up") } else { (-1, "down") };
    Words {
        ours: Some(("Scroll", json!({ "x": x, "y": y, "amount": sign, "observe": "none" }))),
        winremote: Some(("Scroll", json!({ "x": x, "y": y, "amount": sign * NOTCH }))),
        windows_mcp: Some(("Scroll", json!({ "loc": loc, "direction": direction, "wheel_times": 1 }))),
    }
    .of(turn.who)
}

/// Left and right of the middle in turns.
fn pad(ground: &Ground, turn: Turn) -> Point {
    let middle = ground.point("mouse-pad");
    Point { x: middle.x + if turn.is_even() { ASIDE } else { -ASIDE }, ..middle }
}

fn move_pointer(ground: &Ground, turn: Turn) -> Option<Ask> {
    let (x, y, loc) = at(pad(ground, turn));
    Words {
        ours: Some(("Move", json!({ "x": x, "y": y, "observe": "none" }))),
        winremote: Some(("Move", json!({ "x": x, "y": y }))),
        windows_mcp: Some(("Move", json!({ "loc": loc }))),
    }
    .of(turn.who)
}

fn drag(ground: &Ground, turn: Turn) -> Option<Ask> {
    let (from, to) = (ground.point("drag-source"), ground.point("drop-target"));
    let (from_loc, to_loc) = (json!([from.x, from.y]), json!([to.x, to.y]));
    let winremote = json!({ "x": to.x, "y": to.y, "drag": true, "start_x": from.x, "start_y": from.y });
    let ours = json!({ "x": from.x, "y": from.y, "to_x": to.x, "to_y": to.y, "observe": "none" });
    Words {
        ours: Some(("Drag", ours)),
        winremote: Some(("Move", winremote)),
        windows_mcp: Some(("Move", json!({ "loc": to_loc, "from_loc": from_loc, "drag": true }))),
    }
    .of(turn.who)
}

/// Gives the keyboard to a control.
fn click_on(ground: &Ground, servers: &[Contender], control: &str) -> Result<()> {
    let at = ground.point(control);
    let answer = of(servers, Who::Ours)?.call("Click", json!({ "x": at.x, "y": at.y, "how": "pointer" }))?;
    ensure!(!answer.is_error, "{control} cannot be clicked: {}", answer.text);
    Ok(())
}

fn shortcut(keys: &str, turn: Turn) -> Option<Ask> {
    Words {
        ours: Some(("Shortcut", json!({ "keys": keys, "observe": "none" }))),
        winremote: Some(("Shortcut", json!({ "keys": keys }))),
        windows_mcp: Some(("Shortcut", json!({ "shortcut": keys }))),
    }
    .of(turn.who)
}

/// The window that is wanted, in turns.
fn front(turn: Turn) -> &'static str {
    if turn.is_even() { FIRST } else { SECOND }
}

fn other(title: &str) -> &'static str {
    if title == FIRST { SECOND } else { FIRST }
}

fn focus(_: &Ground, turn: Turn) -> Option<Ask> {
    let title = front(turn);
    Words {
        ours: Some(("FocusWindow", json!({ "title": title }))),
        winremote: Some(("FocusWindow", json!({ "title": title }))),
        windows_mcp: Some(("App", json!({ "mode": "switch", "name": title }))),
    }
    .of(turn.who)
}

fn width(turn: Turn) -> i64 {
    if turn.is_even() { WIDTHS[0] } else { WIDTHS[1] }
}

fn resize(ground: &Ground, turn: Turn) -> Option<Ask> {
    let (width, window) = (width(turn), ground.window);
    let arguments = json!({ "action": "resize", "handle": window, "width": width, "height": HEIGHT });
    Words {
        ours: Some(("App", arguments.clone())),
        winremote: Some(("App", arguments)),
        windows_mcp: Some(("App", json!({ "mode": "resize", "name": FIRST, "window_size": [width, HEIGHT] }))),
    }
    .of(turn.who)
}

fn minimize(_: &Ground, turn: Turn) -> Option<Ask> {
    Words { ours: Some(("MinimizeAll", json!({}))), winremote: Some(("MinimizeAll", json!({}))), windows_mcp: None }
        .of(turn.who)
}

fn launch(_: &Ground, turn: Turn) -> Option<Ask> {
    let arguments = json!({ "action": "launch", "name": "notepad" });
    let exact = json!({ "mode": "launch_executable", "executable": format!(r"C:\windows\system32\{NOTEPAD}") });
    Words {
        ours: Some(("App", arguments.clone())),
        winremote: Some(("App", arguments)),
        windows_mcp: Some(("App", exact)),
    }
    .of(turn.who)
}
