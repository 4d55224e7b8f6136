//! `Shell`: a command in a shell, with its output. The command is the caller's from its first to its last character; nothing
//! is put before, behind or into it. How a shell is started is the port's.

use crate::args::{Seconds, Text};
use crate::context::{ApplyContext, PlanContext, Readers};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::files::PathArg;
use crate::kept::{Artifact, Item, Keeper, TEXT};
use crate::tool::{AnyTool, Planned, Tool, lacking};
use portcullis_model::{
    Deadline, Effect, Fault, FaultCode, Outcome, Part, ProgramName, Reply, Reversibility, Shell as ShellKind,
    ShellCommand, Source, Tier, Untrusted,
};
use portcullis_platform::{Captured, FileFault, PortFault, ShellEnd, ShellRequest, ShellRun};
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Seconds that a command may run, in the background and while its call waits for it.
const TIMEOUT_CAP: u32 = 3600;
const WAITED_CAP: Duration = Duration::from_secs(600);
/// Seconds that it may run in the background when nothing is said.
const BACKGROUND_DEFAULT: Duration = Duration::from_secs(600);
/// Seconds that it may run when nothing is said.
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(30);
/// Time on top of that for starting it, ending it, and reading what is left of its output.
const MARGIN: Duration = Duration::from_secs(5);
/// Characters of a command; what one shell takes is less and its own.
const COMMAND_CAP: usize = 12_000;
/// Programs that are named of those that a command left running.
const LEFT_CAP: usize = 5;
/// Characters of a program's name.
const NAME_CAP: usize = 60;

/// The tools of this file.
pub(crate) fn tools() -> Vec<AnyTool> {
    vec![AnyTool::of::<Shell>()]
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum ShellWord {
    Powershell,
    Pwsh,
    Cmd,
}

impl From<ShellWord> for ShellKind {
    fn from(word: ShellWord) -> Self {
        match word {
            ShellWord::Powershell => Self::PowerShell,
            ShellWord::Pwsh => Self::Pwsh,
            ShellWord::Cmd => Self::Cmd,
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ShellArgs {
    /// Passed on as it is; for cmd one line
    command: Text<COMMAND_CAP>,
    /// Default powershell
    shell: Option<ShellWord>,
    /// Folder; default the user's own
    cwd: Option<PathArg>,
    /// Seconds, default 30 and at most 600; in the background 600 and 3600
    timeout: Option<Seconds<TIMEOUT_CAP>>,
    /// Answer at once with a task id; GetTaskStatus tells the end, CancelTask ends it
    #[serde(default)]
    background: bool,
}

struct Bound {
    request: ShellRequest,
    timeout: Duration,
    background: bool,
}

struct Shell;

impl Tool for Shell {
    type Args = ShellArgs;
    type Bound = Bound;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "Shell",
        title: "Run a command",
        description: "Run a command in powershell, pwsh or cmd and answer exit code and output (long output: its beginning and end). No input, no window; what it started ends with it. `background` for long ones. App starts what is to stay.",
        tier: Tier::Alter,
        effects: &[Effect::RunShell],
        annotations: Annotations { read_only: false, destructive: true, idempotent: false, open_world: true },
        shape: Shape::View,
        lane: Lane::Long,
        deadline: Duration::from_secs(35),
        needs_administrator: false,
        gates: &[],
        answer_cap: 900_000,
        secret_arguments: &["command"],
        examples: [
            (r#"{"command": "Get-ChildItem | Select-Object Name, Length"}"#, "A listing, by PowerShell"),
            (r#"{"command": "dir /b *.log", "shell": "cmd", "cwd": "C:\\work", "timeout": 10}"#, "The same by cmd"),
        ],
    };

    fn lacks(readers: Readers<'_>, _deadline: Deadline) -> Vec<String> {
        let missing = |shell| match readers.find_shell(shell) {
            Ok(Some(_)) => Vec::new(),
            Ok(None) => vec![no_shell(shell).message],
            Err(fault) => lacking::<(), _>(Err(fault)),
        };
        ShellKind::ALL.into_iter().flat_map(missing).collect()
    }

    fn plan(args: ShellArgs, cx: &PlanContext<'_>) -> Result<Planned<Bound>, Fault> {
        let shell = args.shell.map_or(ShellKind::PowerShell, ShellKind::from);
        let command = ShellCommand::parse(shell, &args.command.0).map_err(|bad| {
            Fault::new(FaultCode::BadArgument, "`command` is not valid")
                .field("command")
                .rule(bad.to_string())
                .remedy(bad.remedy())
        })?;
        let path = cx.readers.find_shell(shell)?.ok_or_else(|| no_shell(shell))?;
        let timeout = args.timeout.map(Seconds::span);
        let timeout = timeout.unwrap_or(if args.background { BACKGROUND_DEFAULT } else { TIMEOUT_DEFAULT });
        if timeout > WAITED_CAP && !args.background {
            let rule = "a call waits at most 600 s; a command in the background may take 3600";
            let remedy = "say `background: true` and ask for its end with GetTaskStatus";
            return Err(Fault::bad_argument("timeout", timeout.as_secs_f64(), rule, remedy));
        }
        let request = ShellRequest { path, command, folder: args.cwd.map(|folder| folder.0.as_str().to_owned()) };
        Ok(Planned {
            resources: vec![request.resource()],
            effects: vec![Effect::RunShell],
            reversibility: Reversibility::Irreversible,
            state_digest: None,
            deadline: Some(timeout + MARGIN),
            bound: Bound { request, timeout, background: args.background },
        })
    }

    fn apply(bound: Bound, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let Bound { request, timeout, background } = bound;
        let began = Instant::now();
        let folder = request.folder.clone();
        if background {
            cx.background.reserve()?;
        }
        let begun = || {
            if background {
                cx.background.answer(started(permit, request.command.shell(), timeout));
            }
        };
        let run = cx.ports.shell.run(permit, &request, cx.deadline.slice(timeout), cx.cancel, &begun);
        let run = run.map_err(|fault| match (fault, folder) {
            (fault @ PortFault::File(FileFault::NotFolder), Some(folder)) => {
                Fault::from(fault).field("cwd").value(folder)
            }
            (fault, _) => fault.into(),
        })?;
        let resource = request.resource();
        let keeper = Keeper::of_own_call((Effect::RunShell, &resource), permit, cx);
        let keep = |name: &'static str, captured: &Captured| {
            let bytes = captured.first().to_vec();
            // A text that finds no room is told of as one that is not kept.
            let of_tool = Some(Self::DESCRIPTOR.row());
            keeper.keep(Artifact { of: name, mime: TEXT, bytes, pixels: None, of_tool }).ok()
        };
        Ok(told(request.command.shell(), &run, (began.elapsed(), timeout), &keep))
    }
}

/// The answer to a command that goes on in the background.
fn started(permit: &Permit, shell: ShellKind, timeout: Duration) -> Reply {
    let (id, seconds) = (permit.call(), timeout.as_secs_f64());
    let evidence = format!("{shell} runs in the background as {id}, for at most {seconds} s");
    let how = format!(
        "[GetTaskStatus with task_id {id} tells its end and output, CancelTask ends it; it ends with the server]"
    );
    Reply::action(Outcome::confirmed(evidence), vec![Part::Text(how)])
}

fn no_shell(shell: ShellKind) -> Fault {
    let fault = Fault::new(FaultCode::Unsupported, format!("{shell} is not installed")).field("shell").value(shell);
    match shell {
        ShellKind::Pwsh => fault
            .rule(r"PowerShell 7 counts when it is installed for all users, in Program Files\PowerShell\7")
            .remedy("say `shell: \"powershell\"`, or the owner installs PowerShell 7 for all users"),
        ShellKind::PowerShell | ShellKind::Cmd => {
            fault.rule("it lies in the system folder").remedy("choose another shell")
        }
    }
}

/// Keeps the beginning of a stream, by its name.
type Keep<'a> = &'a dyn Fn(&'static str, &Captured) -> Option<Arc<Item>>;

/// The answer: how it ended, then what it wrote.
fn told(shell: ShellKind, run: &ShellRun, (took, timeout): (Duration, Duration), keep: Keep<'_>) -> Reply {
    let outcome = match run.end {
        ShellEnd::Exited(code) => {
            let seconds = took.as_secs_f64();
            Outcome::confirmed(format!("{shell} ended with exit code {} after {seconds:.1} s", exit_code(code)))
        }
        ShellEnd::OutOfTime => {
            let seconds = timeout.as_secs_f64();
            Outcome::Unverified {
                why: format!(
                    "{shell} had not ended after {seconds} s; it was ended with all that it had started. What it did until \
                     then stays"
                ),
            }
        }
    };
    let mut text = String::new();
    if !run.left.is_empty() {
        let names = run.left.iter().take(LEFT_CAP).map(name).collect::<Vec<_>>().join(", ");
        let more = run.left.len().saturating_sub(LEFT_CAP);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        text.push_str(&format!("\n[still ran and was ended with the call: {names}{more}]"));
    }
    if run.held_open {
        text.push_str("\n[something outside of the call held the output open; more may have been written]");
    }
    let mut links = Vec::new();
    for (name, captured) in [("stdout", &run.output), ("stderr", &run.errors)] {
        let kept = if captured.left_out() > 0 { keep(name, captured) } else { None };
        stream(&mut text, name, captured, kept.as_deref());
        links.extend(kept.map(|item| Part::Link(item.link())));
    }
    if run.output.total() == 0 && run.errors.total() == 0 {
        text.push_str("\n[no output]");
    }
    let mut parts = vec![Part::Text(text.trim_start_matches('\n').to_owned())];
    parts.append(&mut links);
    Reply::action(outcome, parts)
}

/// As programs have it: an error of Windows' own in its usual form.
fn exit_code(code: u32) -> String {
    if code >= 0x8000_0000 { format!("{code:#010x}") } else { code.to_string() }
}

fn name(program: &ProgramName) -> String {
    Untrusted::new(Source::Program, program.as_str()).one_line(NAME_CAP)
}

/// One stream: its name, what was cut, where that is, and the rest.
fn stream(text: &mut String, name: &str, captured: &Captured, kept: Option<&Item>) {
    if captured.total() == 0 {
        return;
    }
    let (head, tail) = captured.kept();
    let left_out = captured.left_out();
    let whole = [head, tail].concat();
    let parts = if left_out == 0 { vec![whole.as_slice()] } else { vec![until_character(head), from_character(tail)] };
    let malformed = parts.iter().any(|part| std::str::from_utf8(part).is_err());
    text.push_str(&format!("\n[{name}, {} bytes", captured.total()));
    if left_out > 0 {
        let first = captured.first().len();
        let whole = u64::try_from(first).is_ok_and(|first| first == captured.total());
        let file = "send it to a file (`> file`) and read that with FileRead";
        let way = match kept {
            Some(item) if whole => {
                format!("all of it is kept as {} for 24 h at most; ReadResource shows it", item.uri())
            }
            Some(item) => format!(
                "its first {first} bytes are kept as {} for 24 h at most, and ReadResource shows them; for all of it, {file}",
                item.uri()
            ),
            None => format!("for all of it, {file}"),
        };
        text.push_str(&format!(", SHA-256 {}; {left_out} bytes in the middle are left out: {way}", captured.digest()));
    }
    if malformed {
        text.push_str("; some bytes are no UTF-8 and stand as U+FFFD");
    }
    text.push(']');
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            text.push_str(&format!("\n[… {left_out} bytes …]"));
        }
        let lines = String::from_utf8_lossy(part).replace("\r\n", "\n");
        let lines = lines.strip_prefix('\u{feff}').unwrap_or(&lines).trim_end_matches('\n');
        text.push_str(&format!("\n{}", Untrusted::new(Source::Program, lines)));
    }
}

/// The bytes without the beginning of a character that was cut off.
fn until_character(bytes: &[u8]) -> &[u8] {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => bytes.get(..error.valid_up_to()).unwrap_or(bytes),
        // Of bytes that are no UTF-8 before that, only the last three can be the beginning of a character.
        Err(_) => {
            let starts = |back: usize| {
                let at = bytes.len().checked_sub(back)?;
                let last = bytes.get(at..)?;
                let cut = std::str::from_utf8(last)
                    .is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none());
                cut.then_some(at)
            };
            let end = (1..=3).find_map(starts).unwrap_or(bytes.len());
            bytes.get(..end).unwrap_or(bytes)
        }
        Ok(_) => bytes,
    }
}

/// The bytes without the end of a character whose beginning was cut off.
fn from_character(bytes: &[u8]) -> &[u8] {
    let cut = bytes.iter().take(3).take_while(|byte| (0x80..0xc0).contains(*byte)).count();
    bytes.get(cut..).unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn captured(bytes: &[u8]) -> Captured {
        let mut all = Captured::default();
        all.push(bytes);
        all
    }

    fn answer(output: &[u8], errors: &[u8], end: ShellEnd, left: &[&str]) -> String {
        let left = left.iter().map(|name| ProgramName::from_image_path(name)).collect();
        let run = ShellRun { end, output: captured(output), errors: captured(errors), left, held_open: false };
        let times = (Duration::from_millis(1_240), Duration::from_secs(30));
        let reply = told(ShellKind::Cmd, &run, times, &|_, _| None);
        let Reply::View { parts, .. } = reply else { return String::new() };
        let text = |part: &Part| if let Part::Text(text) = part { text.clone() } else { String::new() };
        parts.iter().map(text).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn exit_code_and_both_streams_are_told() {
        let answers = [
            answer(b"", b"", ShellEnd::Exited(0), &[]),
            answer("Gr\u{fc}\u{df}e\r\nzwei\r\n".as_bytes(), b"oh\r\n", ShellEnd::Exited(3), &[]),
            answer(b"a\xff\xfeb\x1b[31m", b"", ShellEnd::Exited(0xC000_0005), &[]),
            answer(b"so far", b"", ShellEnd::OutOfTime, &[]),
            answer(b"", b"", ShellEnd::Exited(0), &["a.exe", "b.exe", "c.exe", "d.exe", "e.exe", "f.exe", "g.exe"]),
        ];
        insta::assert_snapshot!(answers.join("\n--\n"));
    }

    #[test]
    fn what_is_cut_is_said_with_its_size_and_digest_and_no_character_is_halved() {
        let long = "\u{20ac}".repeat(20_000);
        let text = answer(long.as_bytes(), b"", ShellEnd::Exited(0), &[]);
        assert!(
            text.contains(&format!("[stdout, 60000 bytes, SHA-256 {};", portcullis_model::Digest::of(long.as_bytes())))
        );
        assert!(text.contains("28000 bytes in the middle are left out"), "{}", &text[..400]);
        assert!(!text.contains('\u{fffd}') && !text.contains("no UTF-8"), "{text}");
        // 16,000 bytes are 5,333 characters and one byte of the next; the same from the end.
        assert_eq!(text.matches('\u{20ac}').count(), 2 * 5_333);
        let whole = answer(&long.as_bytes()[..32_000], b"", ShellEnd::Exited(0), &[]);
        assert!(whole.contains("[stdout, 32000 bytes") && !whole.contains("left out"), "at the cap nothing is cut");
    }

    #[test]
    fn characters_at_a_cut_are_left_out_whole() {
        for (bytes, head, tail) in [
            (&b"ab"[..], &b"ab"[..], &b"ab"[..]),
            (b"a\xe2\x82", b"a", b"a\xe2\x82"),
            (b"\x82\xacb", b"\x82\xacb", b"b"),
            (b"\xffa\xf0\x9f\x99", b"\xffa", b"\xffa\xf0\x9f\x99"),
            (b"", b"", b""),
        ] {
            assert_eq!((until_character(bytes), from_character(bytes)), (head, tail), "{bytes:?}");
        }
    }
}
