//! Shell: what a stand-in for powershell.exe was really started with, byte by byte, and what the lab's own cmd.exe did to files
//! and processes. The stand-in's journal, the file system and `tasklist.exe` are the oracles.

use portcullis_testkit::client::{Client, Era};
use portcullis_testkit::desktop::{Desktop, call_until, desktop};
use portcullis_testkit::lab::{Profile, built_exe};
use portcullis_testkit::server::{Server, Transport};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{Duration, Instant};

const POWERSHELL: &str = r"C:\windows\system32\WindowsPowerShell\v1.0\powershell.exe";
const PWSH: &str = r"C:\Program Files\PowerShell\7\pwsh.exe";
const SWITCHES: [&str; 6] = ["-NoLogo", "-NoProfile", "-NonInteractive", "-OutputFormat", "Text", "-EncodedCommand"];
/// How long what was ended may still be listed.
const GONE_LIMIT: Duration = Duration::from_secs(20);

/// What ends a string, a line, a switch or a command for some shell or parser.
const CORPUS: &[&str] = &[
    "'; Start-Process calc.exe; '",
    "\u{2019}; Start-Process calc.exe; \u{2018}",
    "\u{201d}; calc.exe; \u{201c}\u{201e}",
    "\n'@\nStart-Process calc.exe\n@'\n",
    "\r\n\"@\r\nStart-Process calc.exe\r\n@\"\r\n",
    "$(calc.exe) `calc.exe` ${env:COMSPEC} %COMSPEC% !COMSPEC!",
    "\" & calc.exe & \"",
    "\" -File C:\\x.ps1 -Command calc.exe \"",
    " --% -EncodedCommand YwBhAGwAYwA=; calc.exe",
    "\" worker console -- \"C:\\windows\\notepad.exe\"",
    "a | b > C:\\pwned.txt < C:\\x ^& calc.exe",
    "\\\\\" \\\" \\",
    "end\\",
    "Gr\u{fc}\u{df}e \u{4f60}\u{597d} \u{1f642} \u{20ac}",
    "\u{202e}exe.clac\u{200b}\u{feff}",
    "\0calc.exe\0",
    "\u{1}\u{1b}[2J\u{7f}",
];

/// The stand-in in the place of both PowerShells; gone when dropped.
struct StandIn {
    places: Vec<(PathBuf, Option<Vec<u8>>)>,
}

impl StandIn {
    fn put(desktop: &Desktop) -> Self {
        let exe = std::fs::read(built_exe("portcullis-fixture-shell", Profile::Lab)).unwrap();
        let places = [POWERSHELL, PWSH].map(|path| {
            let path = desktop.run().linux_path(path).unwrap();
            let before = std::fs::read(&path).ok();
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::remove_file(&path).ok();
            std::fs::remove_file(path.with_extension("jsonl")).ok();
            std::fs::write(&path, &exe).unwrap();
            (path, before)
        });
        Self { places: places.into() }
    }

    /// What it was started with, the last start last.
    fn starts(&self, of: &str) -> Vec<Value> {
        let (path, _) = self.places.iter().find(|(path, _)| path.ends_with(of)).unwrap();
        let text = std::fs::read_to_string(path.with_extension("jsonl")).unwrap_or_default();
        // A line is there once its end is.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn last(&self, of: &str) -> Value {
        self.starts(of).pop().unwrap_or_else(|| panic!("{of} was not started"))
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        for (path, before) in &self.places {
            std::fs::remove_file(path.with_extension("jsonl")).ok();
            match before {
                Some(bytes) => std::fs::write(path, bytes).ok(),
                None => std::fs::remove_file(path).ok(),
            };
        }
    }
}

fn open(desktop: &Desktop) -> (Server, Client) {
    let server = desktop.own_server(Transport::Stdio, &["--enable-tier3"]).unwrap();
    let client = server.client(Era::Legacy).unwrap();
    (server, client)
}

/// Whether a process of this number runs, as `tasklist` tells it.
fn runs(desktop: &Desktop, number: &str) -> bool {
    let tasks = desktop.windows_program("tasklist.exe", &["/fo", "csv"]).unwrap().stdout;
    tasks.lines().any(|line| line.split(',').nth(1).is_some_and(|field| field.trim_matches('"') == number))
}

fn await_gone(desktop: &Desktop, number: &str) {
    let limit = Instant::now() + GONE_LIMIT;
    while runs(desktop, number) {
        assert!(Instant::now() < limit, "process {number} runs still");
    }
}

/// The number of the process that the stand-in says it left.
fn left(text: &str) -> String {
    let line = text.lines().find_map(|line| line.strip_prefix("left ")).unwrap_or_else(|| panic!("{text}"));
    line.to_owned()
}

#[test]
fn a_command_reaches_powershell_as_it_was_sent_with_fixed_switches_and_without_input() {
    let desktop = desktop().unwrap();
    let stand_in = StandIn::put(&desktop);
    let (_server, client) = open(&desktop);
    for (shell, exe, path) in [("powershell", "powershell.exe", POWERSHELL), ("pwsh", "pwsh.exe", PWSH)] {
        for text in CORPUS {
            let answer = client.call("Shell", json!({ "command": text, "shell": shell })).unwrap();
            assert_eq!(answer.outcome(), "confirmed", "{text:?}: {}", answer.text);
            let start = stand_in.last(exe);
            assert_eq!(start["command"], json!(text), "{shell}");
            assert_eq!(start["input_bytes"], 0, "{text:?}");
            let arguments: Vec<&str> =
                start["arguments"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
            let (code, switches) = arguments.split_last().unwrap();
            assert_eq!(switches, SWITCHES, "{text:?}");
            // Every byte of the line: path, switches, and the base64 of UTF-16.
            let line = start["line"].as_str().unwrap();
            let wanted = format!("\"{path}\" {} {code}", SWITCHES.join(" "));
            assert_eq!(line.to_lowercase(), wanted.to_lowercase(), "{text:?}");
            assert!(
                line.ends_with(code) && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte))
            );
            assert_eq!((&start["code_page"], &start["in_job"]), (&json!(65_001), &json!(true)), "{start}");
        }
        assert_eq!(stand_in.starts(exe).len(), CORPUS.len(), "one start for each call");
    }
    assert!(!desktop.run().linux_path(r"C:\pwned.txt").unwrap().exists());
}

#[test]
fn output_errors_and_exit_code_come_back_as_they_were_written() {
    let desktop = desktop().unwrap();
    let _stand_in = StandIn::put(&desktop);
    let (_server, client) = open(&desktop);
    let run = |command: &str| client.call("Shell", json!({ "command": command })).unwrap();
    let answer = run("say Gr\u{fc}\u{df}e \u{4f60}\u{597d} \u{1f642}\nsay two\ncomplain it failed\nexit 7");
    assert!(answer.text.starts_with("confirmed: powershell ended with exit code 7 after "), "{}", answer.text);
    for part in ["bytes]\nGr\u{fc}\u{df}e \u{4f60}\u{597d} \u{1f642}\ntwo\n", "[stderr, 11 bytes]\nit failed"] {
        assert!(answer.text.contains(part), "{part}: {}", answer.text);
    }
    let answer = run("bytes 61ff1b5b326d");
    assert!(
        answer.text.contains("no UTF-8") && answer.text.contains("a\u{fffd}\u{27e8}U+001B\u{27e9}[2m"),
        "{}",
        answer.text
    );
    let answer = run("exit 0");
    assert!(answer.text.ends_with("[no output]"), "{}", answer.text);
    // Five megabytes: nobody waits for a reader, the beginning and the end are told.
    let answer = run("flood 5000000");
    assert!(answer.text.contains("[stdout, 5000000 bytes, SHA-256 "), "{}", &answer.text[..300]);
    assert!(answer.text.contains("4968000 bytes in the middle are left out"), "{}", &answer.text[..300]);
    assert!(answer.text.contains(&format!("\n{:098}\n", 0)) && answer.text.ends_with(&format!("{:098}", 49_999)));
    assert!(answer.text.len() < 40_000, "{}", answer.text.len());
}

#[test]
fn what_the_server_was_started_with_is_not_handed_on() {
    let desktop = desktop().unwrap();
    let stand_in = StandIn::put(&desktop);
    let server = desktop.own_server(Transport::Stdio, &["--enable-tier3"]).unwrap();
    let client = server.client(Era::Legacy).unwrap();
    client.call("Shell", json!({ "command": "exit 0", "cwd": r"C:\windows" })).unwrap().ok().unwrap();
    let start = stand_in.last("powershell.exe");
    assert_eq!(start["folder"].as_str().unwrap().to_lowercase(), r"c:\windows");
    assert_eq!(start["console_window"], false, "{start}");
    let names: Vec<String> =
        start["variables"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_uppercase()).collect();
    assert!(names.contains(&"SYSTEMROOT".to_owned()) && names.contains(&"PATH".to_owned()), "{names:?}");
    // The lab hands the server the display and the place of its system, as a client would hand it a key.
    for name in ["DISPLAY", "WINEPREFIX", "WINEDEBUG"] {
        assert!(!names.contains(&name.to_owned()), "{name}: {names:?}");
    }
}

#[test]
fn a_command_ends_with_all_that_it_started_at_its_limit_by_itself_and_when_it_is_withdrawn() {
    let desktop = desktop().unwrap();
    let stand_in = StandIn::put(&desktop);
    let (server, client) = open(&desktop);
    // By itself: what it left running, with its output held open, is ended and named.
    let began = Instant::now();
    let answer = client.call("Shell", json!({ "command": "leave 60\nexit 3" })).unwrap();
    assert!(answer.text.starts_with("confirmed: powershell ended with exit code 3"), "{}", answer.text);
    assert!(answer.text.contains("[still ran and was ended with the call: powershell.exe]"), "{}", answer.text);
    assert!(!answer.text.contains("held the output open"), "{}", answer.text);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    await_gone(&desktop, &left(&answer.text));

    // At its limit, with what it had written until then.
    let answer = client.call("Shell", json!({ "command": "leave 60\nrest 60", "timeout": 2 })).unwrap();
    assert!(answer.text.starts_with("unverified: powershell had not ended after 2 s"), "{}", answer.text);
    await_gone(&desktop, &left(&answer.text));
    await_gone(&desktop, &stand_in.last("powershell.exe")["pid"].to_string());

    // Withdrawn by its client, and by CancelTask of the same caller.
    for by_tool in [false, true] {
        let starts = stand_in.starts("powershell.exe").len();
        let pending = client.start_call("Shell", json!({ "command": "leave 60\nrest 60", "timeout": 60 })).unwrap();
        let limit = Instant::now() + GONE_LIMIT;
        while stand_in.starts("powershell.exe").len() == starts {
            assert!(Instant::now() < limit, "the stand-in was not started");
        }
        let number = stand_in.last("powershell.exe")["pid"].to_string();
        assert!(runs(&desktop, &number), "{number}");
        if by_tool {
            let tasks = client.call("GetRunningTasks", json!({})).unwrap().data().unwrap();
            let task = tasks["tasks"].as_array().unwrap().iter().find(|task| task["tool"] == "Shell").unwrap().clone();
            client.call("CancelTask", json!({ "task_id": task["id"] })).unwrap().ok().unwrap();
        } else {
            client.withdraw(pending).unwrap();
        }
        await_gone(&desktop, &number);
    }
    let record = server.audit_text().unwrap();
    assert!(!record.contains("rest 60") && record.contains("run_shell"), "{record}");
}

/// Waits until one more start of the stand-in than `before` is journalled; the number of its process.
fn await_start(stand_in: &StandIn, before: usize) -> String {
    let limit = Instant::now() + GONE_LIMIT;
    while stand_in.starts("powershell.exe").len() == before {
        assert!(Instant::now() < limit, "the stand-in was not started");
    }
    stand_in.last("powershell.exe")["pid"].to_string()
}

#[test]
fn a_command_in_the_background_outlives_its_answer_and_ends_with_cancel_task_and_with_the_server() {
    let desktop = desktop().unwrap();
    let stand_in = StandIn::put(&desktop);
    let (server, client) = open(&desktop);
    let begin = |command: &str| {
        let before = stand_in.starts("powershell.exe").len();
        let answer = client.call("Shell", json!({ "command": command, "background": true })).unwrap();
        assert_eq!(answer.outcome(), "confirmed", "{}", answer.text);
        let id = answer.text.split([' ', ',']).find(|word| word.starts_with("c-")).unwrap().to_owned();
        (id, await_start(&stand_in, before))
    };
    // Its end, its exit code and what it wrote are kept.
    let (id, _) = begin("say done\nexit 7");
    let status = json!({ "task_id": id });
    let ended = call_until(&client, "GetTaskStatus", &status, |task| task.text.contains("\"ended\"")).unwrap();
    assert!(ended.text.contains("ended with exit code 7") && ended.text.contains("done"), "{}", ended.text);
    // It and its children run behind the answer until they are told to end.
    let (id, number) = begin("leave 60\nrest 60");
    assert!(runs(&desktop, &number));
    let cancelled = client.call("CancelTask", json!({ "task_id": id })).unwrap();
    assert_eq!(cancelled.outcome(), "confirmed", "{}", cancelled.text);
    await_gone(&desktop, &number);
    let status = client.call("GetTaskStatus", json!({ "task_id": id })).unwrap();
    assert!(status.text.contains("\"cancelled\""), "{}", status.text);
    let (_, number) = begin("leave 60\nrest 60");
    assert!(runs(&desktop, &number));
    drop(client);
    server.close().unwrap();
    await_gone(&desktop, &number);
}

#[test]
fn cmd_takes_the_callers_line_as_it_is() {
    let desktop = desktop().unwrap();
    let (_server, client) = open(&desktop);
    let folder = desktop.run().share().join("shell");
    std::fs::create_dir_all(&folder).unwrap();
    let cwd = desktop.run().windows_path(&folder);
    let run = |command: &str| client.call("Shell", json!({ "command": command, "shell": "cmd", "cwd": cwd })).unwrap();
    let answer = run(r#"(echo one & echo "two words")> "a b.txt" & exit 5"#);
    assert!(answer.text.starts_with("confirmed: cmd ended with exit code 5"), "{}", answer.text);
    let written = std::fs::read_to_string(folder.join("a b.txt")).unwrap();
    assert_eq!(written.lines().map(str::trim_end).collect::<Vec<_>>(), ["one", "\"two words\""], "{written:?}");
    let answer = run(r#"type "a b.txt""#);
    assert!(answer.text.contains("]\none") && answer.text.contains("\"two words\""), "{}", answer.text);
    // Standard input is at its end, so what asks does not wait.
    let began = Instant::now();
    let answer = run("set /p x=?");
    assert!(answer.text.starts_with("confirmed: cmd ended"), "{}", answer.text);
    assert!(began.elapsed() < Duration::from_secs(15));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn bad_input_runs_nothing_and_says_what_to_send() {
    let mut desktop = desktop().unwrap();
    let stand_in = StandIn::put(&desktop);
    let (_server, client) = open(&desktop);
    for (arguments, said) in [
        (json!({ "command": " " }), "at least one character"),
        (json!({ "command": "echo a\necho b", "shell": "cmd" }), "one line"),
        (json!({ "command": "x".repeat(11_501) }), "at most 11500 UTF-16 units"),
        (json!({ "command": "x".repeat(7_901), "shell": "cmd" }), "at most 7900 UTF-16 units"),
        (json!({ "command": "exit 0", "shell": "bash" }), "unknown variant"),
        (json!({ "command": "exit 0", "timeout": 601 }), "background: true"),
        (json!({ "command": "exit 0", "timeout": 3_601, "background": true }), "from 0 to 3600"),
        (json!({ "command": "exit 0", "cwd": "\\\\host\\share" }), "not on a share"),
        (json!({ "command": "exit 0", "cwd": r"C:\no such folder" }), "field: cwd"),
        (json!({ "comand": "exit 0" }), "did you mean `command`?"),
        (json!({}), "`command` is missing"),
    ] {
        let answer = client.call("Shell", arguments.clone()).unwrap();
        assert!(answer.is_error && answer.text.contains(said), "{arguments}: {}", answer.text);
        assert!(!answer.text.contains("xxxx"), "the command is not repeated");
    }
    let shut = desktop.client(Transport::Stdio, &[]).unwrap().call("Shell", json!({ "command": "exit 0" })).unwrap();
    assert_eq!(shut.fault("code"), Some("not_enabled"), "{}", shut.text);
    assert!(stand_in.starts("powershell.exe").is_empty());
    drop(stand_in);
    let absent = client.call("Shell", json!({ "command": "exit 0", "shell": "pwsh" })).unwrap();
    assert_eq!(absent.fault("code"), Some("unsupported"), "{}", absent.text);
    call_until(&client, "GetRunningTasks", &json!({}), |tasks| !tasks.text.contains("\"Shell\"")).unwrap();
}
