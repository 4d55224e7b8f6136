//! Jobs of the machine: processes, services, scheduled tasks, shells, the network. Programs that come with Windows tell
//! what came of them. Where the lab's system does nothing of what a program asks, so that the program's success is hollow,
//! ours says `unsupported` or does it in another way; the lines of the table tell which.

use super::ground::{Ground, NOTEPAD};
use super::jobs::{Ask, FEW, Job, Turn, Words};
use anyhow::{Result, ensure};
use serde_json::{Value, json};

/// A service that may be started and stopped.
const SERVICE: &str = "Spooler";
/// A task that the scheduler keeps in a file of its name.
const TASK: &str = "PortcullisBench";
/// The fixture's program, as lists of processes name it.
const PROGRAM: &str = "portcullis-fixture-desktop";

pub(super) fn jobs() -> Vec<Job> {
    vec![
        Job::new("GetSystemInfo", system_info, |scene| scene.says(&[&scene.ground.host])).most(10.0),
        Job::new("GetRunningTasks", |_, turn| same("GetRunningTasks", &json!({}), turn), |_| Ok(())),
        Job::new("GetTaskStatus", |_, turn| same("GetTaskStatus", &json!({}), turn), |_| Ok(())),
        Job::new("ListProcesses", processes, |scene| scene.says(&["python.exe"])),
        Job::new("ListProcesses, filter", filtered, |scene| scene.says(&[PROGRAM])),
        Job::new("KillProcess", kill, |scene| scene.ground.notepad(false))
            .rounds(FEW)
            .before(|ground, _, _| {
                ground.end_notepad()?;
                ground.start_notepad()
            })
            .end(Ground::end_notepad),
        Job::new("ServiceList", |_, turn| same("ServiceList", &json!({}), turn), |scene| scene.says(&[SERVICE])),
        Job::new(
            "ServiceStart",
            |_, turn| same("ServiceStart", &json!({ "name": SERVICE }), turn),
            |scene| scene.ground.service_is(SERVICE, "RUNNING"),
        )
        .rounds(FEW)
        .before(|ground, _, _| {
            ground.said("sc.exe", &["stop", SERVICE])?;
            ground.service_is(SERVICE, "STOPPED")
        }),
        Job::new(
            "ServiceStop",
            |_, turn| same("ServiceStop", &json!({ "name": SERVICE }), turn),
            |scene| scene.ground.service_is(SERVICE, "STOPPED"),
        )
        .rounds(FEW)
        .before(|ground, _, _| {
            ground.said("sc.exe", &["start", SERVICE])?;
            ground.service_is(SERVICE, "RUNNING")
        }),
        Job::new("TaskCreate", task_create, |scene| task_is(scene.ground, true))
            .rounds(FEW)
            .before(|ground, _, _| task_without(ground)),
        Job::new(
            "TaskDelete",
            |_, turn| same("TaskDelete", &json!({ "name": TASK }), turn),
            |scene| task_is(scene.ground, false),
        )
        .rounds(FEW)
        .before(|ground, servers, _| {
            let ours = super::ground::of(servers, super::server::Who::Ours)?;
            task_without(ground)?;
            let answer = ours.call("TaskCreate", task(true))?;
            ensure!(!answer.is_error, "there is no task to delete: {}", answer.text);
            Ok(())
        }),
        Job::new("TaskList", |_, turn| same("TaskList", &json!({}), turn), |scene| scene.says(&[TASK])).rounds(FEW),
        Job::new("EventLog", |_, turn| same("EventLog", &json!({}), turn), |scene| scene.says(&["Service Control"]))
            .rounds(FEW),
        Job::new("Shell", shell, |scene| scene.says(&["spoken"])).rounds(FEW),
        Job::new(
            "Ping",
            |_, turn| same("Ping", &json!({ "host": "127.0.0.1", "count": 1 }), turn),
            |scene| scene.says(&["127.0.0.1", "ms"]),
        )
        .rounds(FEW),
        Job::new("PortCheck", port_check, |scene| {
            let came = scene.ground.listener.accept().is_ok();
            ensure!(came, "nobody connected");
            scene.says(&["open"])
        }),
        Job::new("NetConnections", connections, |scene| scene.says(&["127.0.0.1"])),
    ]
}

/// A call that two have by one name.
fn same(tool: &'static str, arguments: &Value, turn: Turn) -> Option<Ask> {
    Words { ours: Some((tool, arguments.clone())), winremote: Some((tool, arguments.clone())), windows_mcp: None }
        .of(turn.who)
}

fn system_info(_: &Ground, turn: Turn) -> Option<Ask> {
    same("GetSystemInfo", &json!({}), turn)
}

fn processes(_: &Ground, turn: Turn) -> Option<Ask> {
    Words {
        ours: Some(("ListProcesses", json!({}))),
        winremote: Some(("ListProcesses", json!({}))),
        windows_mcp: Some(("Process", json!({ "mode": "list" }))),
    }
    .of(turn.who)
}

fn filtered(_: &Ground, turn: Turn) -> Option<Ask> {
    Words {
        ours: Some(("ListProcesses", json!({ "filter": PROGRAM }))),
        winremote: Some(("ListProcesses", json!({ "filter": PROGRAM }))),
        windows_mcp: Some(("Process", json!({ "mode": "list", "name": PROGRAM }))),
    }
    .of(turn.who)
}

fn kill(_: &Ground, turn: Turn) -> Option<Ask> {
    Words {
        ours: Some(("KillProcess", json!({ "name": NOTEPAD }))),
        winremote: Some(("KillProcess", json!({ "name": NOTEPAD }))),
        windows_mcp: Some(("Process", json!({ "mode": "kill", "name": NOTEPAD, "force": true }))),
    }
    .of(turn.who)
}

/// A task that starts once a day, in the words of ours or of the peer.
fn task(ours: bool) -> Value {
    if ours {
        return json!({
            "name": TASK, "command": r"C:\windows\notepad.exe", "schedule": "daily", "start": "2026-01-31T02:30",
        });
    }
    json!({ "name": TASK, "command": r"C:\windows\notepad.exe", "schedule": "DAILY" })
}

fn task_create(_: &Ground, turn: Turn) -> Option<Ask> {
    Words { ours: Some(("TaskCreate", task(true))), winremote: Some(("TaskCreate", task(false))), windows_mcp: None }
        .of(turn.who)
}

fn task_file(ground: &Ground) -> std::path::PathBuf {
    ground.desktop.run().drive_c().join("windows/system32/tasks").join(TASK)
}

fn task_is(ground: &Ground, there: bool) -> Result<()> {
    ensure!(task_file(ground).exists() == there, "the scheduler's store {} it", if there { "lacks" } else { "has" });
    Ok(())
}

fn task_without(ground: &Ground) -> Result<()> {
    ground.said("schtasks.exe", &["/delete", "/tn", TASK, "/f"])?;
    task_is(ground, false)
}

fn shell(_: &Ground, turn: Turn) -> Option<Ask> {
    // The lab's PowerShell runs nothing, so ours is asked for the shell that is there; the others know no other.
    let command = "echo spoken";
    Words {
        ours: Some(("Shell", json!({ "command": command, "shell": "cmd" }))),
        winremote: Some(("Shell", json!({ "command": command }))),
        windows_mcp: Some(("PowerShell", json!({ "command": command }))),
    }
    .of(turn.who)
}

fn port_check(ground: &Ground, turn: Turn) -> Option<Ask> {
    let port = ground.listener.local_addr().ok()?.port();
    same("PortCheck", &json!({ "host": "127.0.0.1", "port": port }), turn)
}

fn connections(_: &Ground, turn: Turn) -> Option<Ask> {
    same("NetConnections", &json!({}), turn)
}
