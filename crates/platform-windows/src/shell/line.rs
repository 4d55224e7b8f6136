//! The command line by which each shell is started. Pure: switches are fixed, and the caller's command is base64 for
//! PowerShell and the rest of the line for cmd.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portcullis_model::{Shell, ShellCommand};

/// What stands before a command for PowerShell ("about_PowerShell_exe"). Nothing of the user's profile runs, nothing is asked.
/// Started with an encoded command it would write its errors as XML, unless it is told to write text.
const POWERSHELL: &str = "-NoLogo -NoProfile -NonInteractive -OutputFormat Text -EncodedCommand";
/// What stands before a command for cmd (`cmd /?`): nothing of AutoRun, one command, and of its quotes the first and the last
/// are taken off and all others left as they are.
const CMD: &str = "/d /s /c";

/// The command line for the shell that lies at `path`, which is a full path without quotes.
pub(super) fn shell_line(path: &str, command: &ShellCommand) -> String {
    let text = command.as_str();
    match command.shell() {
        Shell::PowerShell | Shell::Pwsh => format!("\"{path}\" {POWERSHELL} {}", encoded(text)),
        Shell::Cmd => format!("\"{path}\" {CMD} \"{text}\""),
    }
}

/// The base64 of the text in UTF-16, lower byte first.
fn encoded(text: &str) -> String {
    STANDARD.encode(text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(shell: Shell, text: &str) -> String {
        shell_line(r"C:\a b\x.exe", &ShellCommand::parse(shell, text).unwrap())
    }

    #[test]
    fn switches_are_fixed_and_the_command_is_all_that_follows() {
        let powershell = r#""C:\a b\x.exe" -NoLogo -NoProfile -NonInteractive -OutputFormat Text -EncodedCommand "#;
        for text in ["a", "'; calc; '", "$(calc)`\"\u{201d}\r\n-File x", "\0\u{1f642}", " -EncodedCommand x "] {
            for shell in [Shell::PowerShell, Shell::Pwsh] {
                let line = line(shell, text);
                let code = line.strip_prefix(powershell).unwrap();
                assert!(code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)), "{code}");
                let bytes = STANDARD.decode(code).unwrap();
                let units: Vec<u16> =
                    bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
                assert_eq!(String::from_utf16(&units).unwrap(), text);
            }
        }
        assert_eq!(line(Shell::Cmd, r#"echo "a" & b %c% ^"#), r#""C:\a b\x.exe" /d /s /c "echo "a" & b %c% ^""#);
    }

    #[test]
    fn the_longest_commands_fit_into_a_command_line() {
        let long = r"C:\".to_owned() + &"x".repeat(250);
        for (shell, cap) in [(Shell::Pwsh, ShellCommand::POWERSHELL_CAP), (Shell::Cmd, ShellCommand::CMD_CAP)] {
            let line = shell_line(&long, &ShellCommand::parse(shell, &"y".repeat(cap)).unwrap());
            // Besides, the worker's own path and words stand before it.
            assert!(line.len() + 300 < 32_766, "{shell}: {}", line.len());
        }
    }
}
