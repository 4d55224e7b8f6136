//! Programs that run whatever is typed into them. Input to such a program is an effect of tier 3, because it reaches as
//! far as a shell does. The lists are data; they are names to be careful with, not a sandbox.

use portcullis_model::ProgramName;

/// Image names of consoles, terminals, script hosts and system tools that carry out what they are told.
const COMMAND_HOSTS: &[&str] = &[
    "alacritty.exe",
    "bash.exe",
    "cmd.exe",
    "conhost.exe",
    "cscript.exe",
    "gpedit.exe",
    "mintty.exe",
    "mmc.exe",
    "mshta.exe",
    "msconfig.exe",
    "openconsole.exe",
    "powershell.exe",
    "powershell_ise.exe",
    "pwsh.exe",
    "regedit.exe",
    "regedt32.exe",
    "rundll32.exe",
    "ssh.exe",
    "taskmgr.exe",
    "wezterm-gui.exe",
    "windowsterminal.exe",
    "wineconsole.exe",
    "winefile.exe",
    "wscript.exe",
    "wsl.exe",
    "wt.exe",
];

/// Window classes of the same, for windows whose program is shared with others.
const COMMAND_HOST_CLASSES: &[&str] = &[
    "CASCADIA_HOSTING_WINDOW_CLASS",
    "ConsoleWindowClass",
    "PseudoConsoleWindow",
    "RegEdit_RegEdit",
    "TaskManagerWindow",
];

/// The shell, whose dialogs include the Run dialog.
const SHELL_PROGRAM: &str = "explorer.exe";
/// The class of dialogs (`WC_DIALOG`).
const DIALOG_CLASS: &str = "#32770";

/// Whether the program runs what is typed into it.
pub fn is_command_host(program: &ProgramName) -> bool {
    COMMAND_HOSTS.contains(&program.as_str())
}

/// Whether the window does: by its program, by its class, or because it is a dialog of the shell such as Run.
pub fn is_command_host_window(program: &ProgramName, class: &str) -> bool {
    is_command_host(program)
        || COMMAND_HOST_CLASSES.iter().any(|known| known.eq_ignore_ascii_case(class))
        || (program.as_str() == SHELL_PROGRAM && class == DIALOG_CLASS)
}
