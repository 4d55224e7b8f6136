//! Programs that run whatever is typed into them. Input to such a program is an effect of tier 3, because it reaches as
//! far as a shell does. The lists are data; they are names to be careful with, not a sandbox.

use portcullis_model::{Chord, ProgramName, ServiceName, TaskPath};

/// Image names of consoles, terminals, script hosts, the Start menu with its search, and system tools that carry out what they
/// are told.
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
    "searchapp.exe",
    "searchhost.exe",
    "searchui.exe",
    "ssh.exe",
    "startmenuexperiencehost.exe",
    "taskmgr.exe",
    "wezterm-gui.exe",
    "windowsterminal.exe",
    "wineconsole.exe",
    "winefile.exe",
    "wscript.exe",
    "wsl.exe",
    "wt.exe",
];

/// Processes that Windows cannot go on without, by name: some may not be asked for more.
const CRITICAL: &[&str] = &[
    "csrss.exe",
    "lsaiso.exe",
    "lsass.exe",
    "memory compression",
    "registry",
    "secure system",
    "services.exe",
    "smss.exe",
    "system",
    "system idle process",
    "wininit.exe",
    "winlogon.exe",
];

/// Services that Windows cannot go on without, and those that guard it: the firewall, the search for malware, the log of
/// events that anchors our record.
const NEEDED_SERVICES: &[&str] = &[
    "bfe",
    "brokerinfrastructure",
    "coremessagingregistrar",
    "dcomlaunch",
    "eventlog",
    "lsm",
    "mpssvc",
    "plugplay",
    "power",
    "profsvc",
    "rpceptmapper",
    "rpcss",
    "samss",
    "securityhealthservice",
    "sense",
    "systemeventsbroker",
    "usermanager",
    "wdnissvc",
    "windefend",
    "wscsvc",
];

/// Window classes of command hosts, for windows whose program is shared with others.
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

/// Whether Windows cannot go on without the program.
pub(crate) fn is_critical(program: &ProgramName) -> bool {
    CRITICAL.contains(&program.as_str())
}

/// Whether Windows cannot go on without the service, or is guarded by it.
pub(crate) fn is_needed_service(name: &ServiceName) -> bool {
    NEEDED_SERVICES.contains(&name.as_str())
}

/// Folders of the scheduler's library with the tasks of Windows itself, which guard and mend it, and with our own.
const GUARDED_TASKS: [&str; 2] = ["Microsoft", "Portcullis"];

/// Whether the task belongs to Windows itself or to this server.
pub(crate) fn is_guarded_task(path: &TaskPath) -> bool {
    GUARDED_TASKS.iter().any(|folder| path.is_within(folder))
}

/// Whether the window is one of a program that runs what is typed into it: by its program, by its class, or because it is a dialog of the shell such as Run.
pub fn is_command_host_window(program: &ProgramName, class: &str) -> bool {
    is_command_host(program)
        || COMMAND_HOST_CLASSES.iter().any(|known| known.eq_ignore_ascii_case(class))
        || (program.as_str() == SHELL_PROGRAM && class == DIALOG_CLASS)
}

/// Chords after which the keyboard is with something that starts what is typed: the Run dialog, the menu with the terminals,
/// search, Task Manager and Start. With Win alone Start opens, too.
const COMMAND_CHORDS: &[&str] = &["win+r", "win+x", "win+s", "win+q", "ctrl+escape"];

/// Whether pressing the chord leads to a place that runs what is typed. Win and a digit start a program of the taskbar, and
/// nobody can say which. What is opened by the pointer instead is judged by its window.
pub fn is_command_chord(chord: &Chord) -> bool {
    let win = chord.holds("win");
    let digit = chord.0.iter().any(|key| key.sign().is_some_and(|sign| sign.is_ascii_digit()));
    let known = || COMMAND_CHORDS.iter().any(|text| Chord::parse(text).is_ok_and(|known| chord.presses(&known)));
    (win && (digit || chord.0.iter().all(|key| key.is_modifier()))) || known()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_a_command_hosts_by_its_program_its_class_or_as_a_dialog_of_the_shell() {
        for (program, class, is_host) in [
            ("cmd.exe", "x", true),
            ("other.exe", "consolewindowclass", true),
            ("explorer.exe", "#32770", true),
            ("explorer.exe", "CabinetWClass", false),
            ("other.exe", "#32770", false),
        ] {
            let found = is_command_host_window(&ProgramName::from_image_path(program), class);
            assert_eq!(found, is_host, "{program} {class}");
        }
    }
}
