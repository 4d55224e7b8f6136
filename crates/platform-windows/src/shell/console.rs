//! The worker process in which a shell runs: it gives the shell a console that speaks UTF-8 and ends with its exit code. A
//! console's code page is what shells and the programs that they start write by, so no command needs anything put before it.

use crate::identity::failed;
use portcullis_platform::{PortFault, PortResult};
use std::os::windows::process::CommandExt;
use std::process::Command;
use windows::Win32::Globalization::CP_UTF8;
use windows::Win32::System::Console::{SetConsoleCP, SetConsoleOutputCP};
use windows::Win32::System::Environment::GetCommandLineW;

/// The hidden subcommand, and what divides it from the shell's command line.
const WORDS: &str = " worker console -- ";
/// What the worker ends with when the shell did not start: this in the upper half, the system's error in the lower. The bit of
/// customers is set, so that it is none of Windows' own codes.
const NOT_STARTED: u32 = 0xE0C5_0000;
/// `ERROR_INVALID_PARAMETER`.
const BAD_LINE: u32 = 87;

/// The command line of a worker: our own program, then the shell's command line as it is.
pub(super) fn worker_line(exe: &str, line: &str) -> String {
    format!("\"{exe}\"{WORDS}{line}")
}

/// What the end of a worker means: the shell's exit code, or why it did not start.
pub(super) fn meaning(code: u32) -> PortResult<u32> {
    if code & 0xffff_0000 == NOT_STARTED {
        return Err(PortFault::System { call: "CreateProcessW", code: code & 0xffff });
    }
    Ok(code)
}

/// The shell's program and what follows it, as they stand in a worker's command line.
fn told(line: &str) -> Option<(&str, &str)> {
    let (_, line) = line.strip_prefix('"')?.split_once('"')?;
    line.strip_prefix(WORDS)?.strip_prefix('"')?.split_once('"')
}

fn own_line() -> Option<String> {
    // SAFETY: no preconditions.
    let line = unsafe { GetCommandLineW() };
    // SAFETY: the process's command line ends in NUL and lives as long as the process.
    unsafe { line.to_string() }.ok()
}

fn speak_utf8() -> PortResult<()> {
    // SAFETY: no pointers.
    unsafe { SetConsoleOutputCP(CP_UTF8) }.map_err(failed("SetConsoleOutputCP"))?;
    // SAFETY: no pointers.
    unsafe { SetConsoleCP(CP_UTF8) }.map_err(failed("SetConsoleCP"))
}

fn not_started(code: u32) -> u32 {
    NOT_STARTED | (code & 0xffff)
}

/// Runs the shell whose command line stands in our own, with our own standard handles, and waits for its end: whoever started
/// us ends us both. Gives its exit code.
pub fn run_console_worker() -> u32 {
    if let Err(PortFault::System { code, .. }) = speak_utf8() {
        return not_started(code);
    }
    let line = own_line();
    let Some((image, rest)) = line.as_deref().and_then(told) else { return not_started(BAD_LINE) };
    match Command::new(image).raw_arg(rest.trim_start()).status() {
        Ok(status) => status.code().map_or(u32::MAX, i32::cast_unsigned),
        Err(error) => not_started(error.raw_os_error().map_or(BAD_LINE, i32::cast_unsigned)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shells_line_is_what_follows_our_own_words() {
        let shell = r#""C:\a b\cmd.exe" /d /s /c "echo "x" & " worker console -- ""#;
        let line = worker_line(r"C:\p q\portcullis.exe", shell);
        assert_eq!(told(&line), Some((r"C:\a b\cmd.exe", r#" /d /s /c "echo "x" & " worker console -- ""#)));
        for other in
            ["", "\"", r#""a" worker console"#, r#""a" worker automation -- "b" c"#, r#"a worker console -- "b""#]
        {
            assert_eq!(told(other), None, "{other}");
        }
    }

    #[test]
    fn an_end_that_means_that_nothing_started_is_told_from_an_exit_code() {
        for code in [0, 1, 259, 0xC000_0005, 0xE0C4_0002, u32::MAX] {
            assert_eq!(meaning(code), Ok(code));
        }
        assert_eq!(meaning(not_started(2)), Err(PortFault::System { call: "CreateProcessW", code: 2 }));
    }
}
