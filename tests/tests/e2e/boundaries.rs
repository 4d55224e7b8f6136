//! What a call may not reach: pixels of a window that it does not name, a window that comes up while keys or a drag are
//! under way, another file than the path says. Each is judged by the fixture's journal, its state or the table of
//! processes.

use portcullis_testkit::client::{ANSWER_LIMIT, Client, Era, ToolResult};
use portcullis_testkit::desktop::{Desktop, call_until, desktop, ref_of};
use portcullis_testkit::journal::{EVENT_LIMIT, Journal, is};
use portcullis_testkit::lab::{Profile, built_exe};
use portcullis_testkit::server::{Transport, new_data_folder};
use serde_json::{Value, json};

const TITLE: &str = "Portcullis Fixture";
const SECOND: &str = "Second window";
const CANARY: &str = "canary-5e77";
/// Longer than what is waited for in the middle of it.
const LONG_DRAG_SECONDS: u32 = 10;
/// Drags of which one at least must find its window in front.
const ATTEMPTS: u32 = 5;
/// `VK_ESCAPE`.
const ESCAPE: u64 = 27;

/// A client with the fixture's window in front.
fn front(desktop: &mut Desktop) -> Client {
    let client = desktop.client(Transport::Stdio, &[]).unwrap();
    client.call("FocusWindow", json!({ "title": TITLE })).unwrap().ok().unwrap();
    client
}

fn second_journal(desktop: &Desktop, test: &str) -> Journal {
    Journal::at(desktop.run().share().join(format!("journal-{test}.jsonl")))
}

/// The place of a control of the first page on the screen: left, top, width, height.
fn place(desktop: &Desktop, control: &str) -> [i64; 4] {
    let mark = desktop.mark().unwrap();
    desktop.page("form").unwrap();
    let lines = desktop.journal().since(mark).unwrap();
    let page = lines.iter().find(|line| line["event"] == "page").unwrap();
    let row = page["controls"].as_array().unwrap().iter().find(|row| row["name"] == control).unwrap();
    ["x", "y", "w", "h"].map(|side| row["rect"][side].as_i64().unwrap())
}

fn middle([left, top, width, height]: [i64; 4]) -> (i64, i64) {
    (left + width / 2, top + height / 2)
}

/// A slow drag from the source to the target.
fn slow_drag(desktop: &Desktop) -> Value {
    let ((x, y), (to_x, to_y)) = (middle(place(desktop, "drag-source")), middle(place(desktop, "drop-target")));
    json!({ "x": x, "y": y, "to_x": to_x, "to_y": to_y, "duration": LONG_DRAG_SECONDS })
}

#[test]
fn a_window_that_another_one_covers_is_not_shown_with_what_covers_it() {
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    let snapshot = client.call("Snapshot", json!({})).unwrap().ok().unwrap();
    let window = ref_of(&snapshot.text, TITLE).unwrap();
    let shown = client.call("Screenshot", json!({ "window": window })).unwrap().ok().unwrap();
    assert_eq!(shown.images.len(), 1, "in front it is shown");
    let _second = desktop.spawn_fixture(&second_journal(&desktop, "cover"), SECOND, "10,10").unwrap();
    client.call("FocusWindow", json!({ "title": SECOND })).unwrap().ok().unwrap();
    let covered = client.call("Screenshot", json!({ "window": window })).unwrap();
    assert_eq!(covered.fault("code"), Some("not_operable"), "{}", covered.text);
    assert!(covered.images.is_empty());
    let whole = client.call("Screenshot", json!({})).unwrap().ok().unwrap();
    assert_eq!(whole.images.len(), 1, "the whole desktop may be shown");
}

#[test]
fn nothing_is_typed_into_the_window_that_an_enter_uncovers() {
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    // The dialog gives the keyboard back to this field when it closes.
    client.call("Type", json!({ "name": "Notes", "role": "document", "text": "kept", "how": "keys" })).unwrap();
    let mark = desktop.mark().unwrap();
    client.call("Shortcut", json!({ "keys": "ctrl+o" })).unwrap();
    desktop.journal().await_control(mark, "dialog", "open-dialog").unwrap();
    let text = format!("a.txt\n{CANARY}");
    let field = json!({ "name": "File name", "role": "edit", "text": text, "how": "keys" });
    let answer = client.call("Type", field).unwrap();
    let closed = |line: &Value| is(line, "dialog", "open-dialog") && line["phase"] == "closed";
    let closed = desktop.journal().await_event(mark, "dialog closed", EVENT_LIMIT, closed).unwrap();
    assert_eq!((&closed["result"], &closed["text"]), (&json!("ok"), &json!("a.txt")), "{}", answer.text);
    assert!(answer.is_error, "{}", answer.text);
    assert_eq!(desktop.state().unwrap()["controls"]["notes"]["text"], "kept", "{}", answer.text);
}

#[test]
fn a_drag_that_is_withdrawn_is_ended_by_escape_before_its_release() {
    let mut desktop = desktop().unwrap();
    front(&mut desktop);
    let server = desktop.own_server(Transport::Stdio, &[]).unwrap();
    let client = server.client(Era::Legacy).unwrap();
    let (x, y) = middle(place(&desktop, "key-pad"));
    let released = |line: &Value| line["event"] == "drop" || (line["event"] == "drag" && line["phase"] == "missed");
    // A desktop under load has no window in front at moments. Then there is nobody to press Escape for, and the drag goes
    // back to where it began instead.
    let plan = slow_drag(&desktop);
    let withdrawn = || {
        client.call("Click", json!({ "x": x, "y": y })).unwrap().ok().unwrap();
        let mark = desktop.mark().unwrap();
        let drag = client.start_call("Drag", plan.clone()).unwrap();
        let begin = desktop.journal().await_control(mark, "drag", "drag-source").unwrap();
        client.withdraw(drag).unwrap();
        let release = desktop.journal().await_event(mark, "the release", EVENT_LIMIT, released).unwrap();
        let lines = desktop.journal().since(mark).unwrap();
        let escape = lines.iter().position(|line| is(line, "key", "key-pad") && line["vk"] == ESCAPE);
        let ended = escape.is_some() && escape < lines.iter().position(released);
        assert!(ended || release["screen"] == begin["screen"], "{lines:?}");
        ended
    };
    assert!((0..ATTEMPTS).any(|_| withdrawn()), "no drag was ended by Escape");
}

#[test]
fn a_drag_is_not_dropped_on_a_window_that_came_up_meanwhile() {
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    let [left, top, ..] = place(&desktop, "drop-target");
    let drag = slow_drag(&desktop);
    let mark = desktop.mark().unwrap();
    let drag = client.start_call("Drag", drag).unwrap();
    desktop.journal().await_control(mark, "drag", "drag-source").unwrap();
    let journal = second_journal(&desktop, "drop");
    let second_mark = journal.mark().unwrap();
    let _second = desktop.spawn_fixture(&journal, SECOND, &format!("{left},{}", top - 100)).unwrap();
    let answer = client.wait_call(drag, ANSWER_LIMIT).unwrap();
    assert!(answer.is_error, "{}", answer.text);
    // The first window may have lost the pointer to the second by then, and hear of no release; the button is up.
    assert_eq!(desktop.keys_down().unwrap(), Vec::<u64>::new(), "{}", answer.text);
    desktop.state().unwrap();
    let lines = [desktop.journal().since(mark).unwrap(), journal.since(second_mark).unwrap()].concat();
    assert!(!lines.iter().any(|line| line["event"] == "drop"), "{lines:?}");
}

/// Started with words of its own, the server's exe would make keys, write out the record, or stop all work.
#[test]
fn attack_our_own_program_is_not_started() {
    let desktop = desktop().unwrap();
    let server = desktop.own_server(Transport::Stdio, &["--enable-tier3"]).unwrap();
    let client = server.client(Era::Legacy).unwrap();
    let exe = desktop.run().windows_path(&built_exe("portcullis", Profile::Lab));
    let data = desktop.run().windows_path(server.data());
    for path in [exe.clone(), exe.to_uppercase(), exe.replace('\\', "/")] {
        let launch = json!({ "action": "launch", "name": path, "args": ["stop", "--data", data] });
        let answer = client.call("App", launch).unwrap();
        assert!(answer.text.contains("no configuration lifts this"), "{path}: {}", answer.text);
    }
    let action = json!({ "program": exe, "arguments": "stop" });
    let task = json!({ "name": r"\Own", "actions": [action], "triggers": [{ "kind": "logon" }] });
    let answer = client.call("TaskCreate", task).unwrap();
    assert!(answer.is_error, "{}", answer.text);
    assert!(!server.data().join("stopped").exists(), "all work was stopped");
    client.call("GetRunningTasks", json!({})).unwrap().ok().unwrap();
}

#[test]
fn a_program_is_started_by_its_own_path_alone() {
    let desktop = desktop().unwrap();
    let server = desktop.own_server(Transport::Stdio, &["--enable-tier3"]).unwrap();
    let client = server.client(Era::Legacy).unwrap();
    let notepads = || {
        let tasks = desktop.windows_program("tasklist.exe", &["/fo", "csv"]).unwrap().stdout.to_lowercase();
        tasks.lines().filter(|line| line.contains("notepad.exe")).count()
    };
    let start = |path: &str| client.call("App", json!({ "action": "launch", "name": path })).unwrap();
    let before = notepads();
    for path in [
        r"C:\windows\system32\..\notepad.exe",
        r"\\?\C:\windows\system32\notepad.exe",
        r"\\localhost\c$\windows\notepad.exe",
    ] {
        let answer = start(path);
        assert_eq!(answer.fault("code"), Some("unsupported"), "{path}: {}", answer.text);
    }
    assert_eq!(notepads(), before);
    let answer = start(r"C:\windows\system32\notepad.exe");
    assert_eq!(answer.outcome(), "confirmed", "{}", answer.text);
    assert_eq!(notepads(), before + 1);
    desktop.windows_program("taskkill.exe", &["/f", "/im", "notepad.exe"]).unwrap();
}

/// What a file dialog is given to open is opened by its own program, also when it could be run. What its context menu can do
/// is the trust that tier 2 is (docs/threat-model.md).
#[test]
fn attack_a_program_that_is_named_to_a_file_dialog_does_not_start() {
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    let running = |desktop: &Desktop| {
        let list = desktop.windows_program("tasklist.exe", &["/fo", "csv"]).unwrap().stdout.to_lowercase();
        ["cmd.exe", "winver.exe"].map(|name| list.matches(name).count())
    };
    let before = running(&desktop);
    for text in [r"C:\windows\system32\winver.exe", "cmd.exe", r"cmd.exe /c winver", "| cmd.exe", "$(winver)"] {
        let window = crate::fixture::start_notepad(&client);
        client.call("Shortcut", json!({ "keys": "ctrl+o", "window": window })).unwrap().ok().unwrap();
        let open = json!({ "condition": "active_window", "window_name": "Open" });
        client.call("WaitFor", open).unwrap().ok().unwrap();
        // The dialog has given its field the keyboard, and what stands in it is selected.
        client.call("Type", json!({ "text": text, "press_enter": true })).unwrap().ok().unwrap();
        // The dialog is gone, or says that there is no such file: it has understood what it was given.
        let done =
            |answer: &ToolResult| !answer.text.contains("window \"Open\"") || answer.text.contains("button \"OK\"");
        call_until(&client, "Snapshot", &json!({}), done).unwrap();
        assert_eq!(running(&desktop), before, "{text} was started");
        desktop.windows_program("taskkill.exe", &["/f", "/im", "notepad.exe"]).unwrap();
        let gone = |answer: &ToolResult| !answer.text.contains("notepad.exe");
        call_until(&client, "ListProcesses", &json!({ "filter": "notepad" }), gone).unwrap();
    }
}

/// What is loaded by its name is taken from beside the program first, unless a program says where Windows is to look. Who can
/// write there is often not who started it.
#[test]
fn attack_a_library_beside_the_program_is_not_loaded() {
    let desktop = desktop().unwrap();
    let folder = new_data_folder(desktop.run()).unwrap();
    let program = folder.join("portcullis.exe");
    std::fs::copy(built_exe("portcullis", Profile::Lab), &program).unwrap();
    let data = desktop.run().windows_path(&folder.join("data"));
    // It asks whether there is a sound device and text recognition, and what the version of the system is.
    let doctor = || {
        let done = desktop.run().output(&program, &["doctor", "--json", "--data", &data], ANSWER_LIMIT).unwrap();
        serde_json::from_str::<Value>(&done.stdout).unwrap_or_else(|_| panic!("{}{}", done.stdout, done.stderr))
    };
    let before = doctor();
    // A program of Windows that has none of their functions.
    let planted = built_exe("portcullis-fixture-shell", Profile::Lab);
    for library in ["combase", "ole32", "version", "wevtapi", "winmm", "wtsapi32"] {
        std::fs::copy(&planted, folder.join(format!("{library}.dll"))).unwrap();
    }
    assert_eq!(doctor(), before);
}
