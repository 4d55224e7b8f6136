//! Shells, and a command as each of them takes it: a text whose constructor is the check of length and characters. What a
//! command does is not looked into, and no other text is ever put before, behind or into it.

use serde::Serialize;
use std::fmt;

/// A program that runs commands for a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Shell {
    /// Windows PowerShell, which every Windows has.
    PowerShell,
    /// PowerShell 7 and later, where it is installed.
    Pwsh,
    /// The command interpreter.
    Cmd,
}

impl Shell {
    /// Every shell.
    pub const ALL: [Self; 3] = [Self::PowerShell, Self::Pwsh, Self::Cmd];

    /// Its name, as people type it.
    pub fn name(self) -> &'static str {
        match self {
            Self::PowerShell => "powershell",
            Self::Pwsh => "pwsh",
            Self::Cmd => "cmd",
        }
    }
}

impl fmt::Display for Shell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A command for one shell.
#[derive(Clone, PartialEq, Eq)]
pub struct ShellCommand {
    shell: Shell,
    text: String,
}

impl ShellCommand {
    /// UTF-16 units of a command for PowerShell. It travels as base64 of UTF-16, which makes 8/3 characters of each unit;
    /// Windows passes on 32,766 characters (`CreateProcessW`), and some must be left for paths and switches.
    pub const POWERSHELL_CAP: usize = 11_500;
    /// UTF-16 units of a command for cmd, which reads 8,191 characters of its command line, switches included ("Command
    /// prompt line string limitation").
    pub const CMD_CAP: usize = 7_900;

    /// Takes a command as its caller wrote it.
    pub fn parse(shell: Shell, text: &str) -> Result<Self, BadShellCommand> {
        if text.trim().is_empty() {
            return Err(BadShellCommand::Empty);
        }
        let units = text.encode_utf16().count();
        let cap = match shell {
            Shell::PowerShell | Shell::Pwsh => Self::POWERSHELL_CAP,
            Shell::Cmd => Self::CMD_CAP,
        };
        if units > cap {
            return Err(BadShellCommand::Length { units, cap });
        }
        // The base64 of PowerShell carries any character; a command line ends at a NUL, and cmd reads one line of it.
        if shell == Shell::Cmd {
            if text.contains('\0') {
                return Err(BadShellCommand::Nul);
            }
            if text.contains(['\r', '\n']) {
                return Err(BadShellCommand::Lines);
            }
        }
        Ok(Self { shell, text: text.to_owned() })
    }

    /// Which shell it is for.
    pub fn shell(&self) -> Shell {
        self.shell
    }

    /// The text, for the shell alone.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Commands hold passwords, so a log that shows one shows its length.
impl fmt::Debug for ShellCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ShellCommand({}, {} bytes)", self.shell, self.text.len())
    }
}

/// A text that is no command for the shell: the rule that it breaks. The text is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadShellCommand {
    /// There is nothing in it.
    #[error("a command has at least one character that is no space")]
    Empty,
    /// It is longer than the shell's command line.
    #[error("a command for this shell has at most {cap} UTF-16 units, this one has {units}")]
    Length {
        /// What it has.
        units: usize,
        /// What it may have.
        cap: usize,
    },
    /// It holds a NUL, which would end it.
    #[error("a command for cmd holds no NUL: the command line ends there")]
    Nul,
    /// It has several lines, of which cmd would run the first.
    #[error("a command for cmd is one line: cmd runs the first and leaves out the rest")]
    Lines,
}

impl BadShellCommand {
    /// The smallest change that makes it one.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Empty => "say what the shell should run",
            Self::Length { .. } => "write a script with FileWrite and run that, or make several calls",
            Self::Nul => "leave the NUL out",
            Self::Lines => "join the commands with `&` or `&&`, or use powershell",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_what_its_shell_can_take_whole() {
        let at = |length: usize| "x".repeat(length);
        for (shell, text, fits) in [
            (Shell::PowerShell, "Get-Date", true),
            (Shell::PowerShell, "'a'\r\n\"b\"\0", true),
            (Shell::Cmd, "echo \"a\" & echo 'b' %x% ^", true),
            (Shell::Cmd, "echo a\necho b", false),
            (Shell::Cmd, "echo a\recho b", false),
            (Shell::Cmd, "echo\0", false),
            (Shell::Pwsh, " \n\t", false),
            (Shell::Cmd, "", false),
            (Shell::PowerShell, &at(ShellCommand::POWERSHELL_CAP), true),
            (Shell::Pwsh, &at(ShellCommand::POWERSHELL_CAP + 1), false),
            (Shell::Cmd, &at(ShellCommand::CMD_CAP), true),
            (Shell::Cmd, &at(ShellCommand::CMD_CAP + 1), false),
            // A character beyond the first plane is two units.
            (Shell::Cmd, &"🙂".repeat(ShellCommand::CMD_CAP / 2), true),
            (Shell::Cmd, &"🙂".repeat(ShellCommand::CMD_CAP / 2 + 1), false),
        ] {
            let command = ShellCommand::parse(shell, text);
            assert_eq!(command.is_ok(), fits, "{shell} {:?}", text.chars().take(20).collect::<String>());
            assert!(command.is_err() || command.unwrap().as_str() == text);
        }
    }

    #[test]
    fn a_command_is_not_shown_where_it_is_logged() {
        let command = ShellCommand::parse(Shell::Pwsh, "secret").unwrap();
        assert_eq!(format!("{command:?}"), "ShellCommand(pwsh, 6 bytes)");
    }
}
