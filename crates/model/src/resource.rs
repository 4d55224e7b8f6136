//! What a call touches, as parsed and resolved facts. A permit lists resources; a port asks whether the thing that it
//! really opened is among them.

use crate::{
    Access, Chord, EventChannel, FileIdentity, FilePath, Host, HostAccess, ProcessId, RegistryKey, RegistryView,
    RunningProgram, ServiceName, Standing, TaskPath, WindowIdentity, WpfGate,
};
use serde::Serialize;
use std::fmt;
use std::net::IpAddr;

/// The file name of a program's image, in lower case: `notepad.exe`. Compared, never run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ProgramName(String);

impl ProgramName {
    /// Takes the last part of an image path, lower-cased.
    pub fn from_image_path(path: &str) -> Self {
        let name = path.rsplit(['\\', '/']).next().unwrap_or(path);
        Self(name.to_lowercase())
    }

    /// Reads the name of a program as rules have it: one file name with its extension. Anything else would fit no program.
    pub fn parse(text: &str) -> Result<Self, BadProgram> {
        let name = text.trim().rsplit(['\\', '/']).next().unwrap_or_default();
        let is_program = is_image(name);
        if is_program && name == text {
            return Ok(Self(name.to_lowercase()));
        }
        let rule = if name == text.trim() {
            "a program is named with its extension"
        } else {
            "a program is named without its folder"
        };
        let nearest = if is_program { name.to_owned() } else { format!("{name}.exe") };
        Err(BadProgram { rule, nearest })
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProgramName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the image of a running program ends in.
const IMAGE_EXTENSIONS: [&str; 3] = [".exe", ".com", ".scr"];

/// Whether the file name is one that a running program's image has.
pub fn is_image(name: &str) -> bool {
    IMAGE_EXTENSIONS.iter().any(|extension| {
        let stem = name.len().checked_sub(extension.len()).filter(|stem| *stem > 0);
        stem.and_then(|stem| name.get(stem..)).is_some_and(|end| end.eq_ignore_ascii_case(extension))
    })
}

/// A text that names no program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{rule}: write {nearest}")]
pub struct BadProgram {
    /// The rule that it breaks.
    pub rule: &'static str,
    /// What was perhaps meant.
    pub nearest: String,
}

/// One thing that a call touches.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Resource {
    /// Every window and pixel of the desktop.
    Desktop,
    /// One top-level window and all that lies in it.
    Window {
        /// Which window.
        window: WindowIdentity,
        /// The program that shows it.
        program: ProgramName,
    },
    /// Every window of one running program: what an action may look at to see what it brought about.
    ProgramWindows {
        /// The process.
        process: u32,
        /// When it started, in 100 ns units since 1601.
        process_start: u64,
        /// The program.
        program: ProgramName,
    },
    /// The place that pointer or keyboard input goes to.
    InputTarget {
        /// The window that will receive it.
        window: WindowIdentity,
        /// The program that shows it.
        program: ProgramName,
    },
    /// Keys that are pressed together, or held while the pointer acts.
    Keys {
        /// Which.
        chord: Chord,
    },
    /// The bare desktop as the place that input goes to: no window lies there.
    DesktopBackground,
    /// The clipboard of the session.
    Clipboard,
    /// The session of the signed-in user.
    Session,
    /// One session of this machine.
    UserSession {
        /// Its number.
        id: u32,
        /// Whether it is of the user that runs the server.
        own: bool,
    },
    /// What plays sounds.
    Speakers,
    /// The place where notifications come up.
    Notifications,
    /// Facts about the machine.
    System,
    /// The table of processes.
    Processes,
    /// The caller's own calls.
    OwnTasks,
    /// What the caller itself may do.
    OwnRights,
    /// An installed application, by the name that its owner gave it.
    InstalledApp {
        /// The name as asked for.
        name: String,
        /// The program that it stands for, when that is known.
        program: Option<ProgramName>,
    },
    /// A program file, by its exact path.
    Executable {
        /// Absolute path.
        path: String,
    },
    /// One file, folder or link itself, or the place of one that is to be made.
    File {
        /// Where it really lies, every link and short name on the way replaced.
        path: FilePath,
        /// Which it is; none where nothing lies yet.
        identity: Option<FileIdentity>,
        /// What is done with it.
        access: Access,
    },
    /// A key of the registry, by its real name.
    RegistryKey {
        /// Which key.
        key: RegistryKey,
        /// Through which view.
        view: RegistryView,
        /// What is done with it.
        access: Access,
    },
    /// One process.
    Process {
        /// Which.
        process: ProcessId,
        /// The program that runs in it.
        program: ProgramName,
        /// What it is to this server.
        standing: Standing,
    },
    /// All that a process started, directly and through others; what a rule keeps back stays back.
    ProcessTree {
        /// The process that started it.
        root: ProcessId,
    },
    /// One process of such a tree.
    Descendant {
        /// The process that the tree begins with.
        root: ProcessId,
        /// Which.
        process: ProcessId,
        /// The program that runs in it.
        program: ProgramName,
        /// What it is to this server.
        standing: Standing,
    },
    /// The table of services.
    Services,
    /// One service.
    Service {
        /// Which.
        name: ServiceName,
        /// What the process that it runs in is to this server.
        standing: Standing,
    },
    /// A folder, or the place of one, and all that lies below it; what a rule keeps back stays back.
    FileTree {
        /// Where the folder really lies.
        path: FilePath,
        /// Which folder; none where nothing lies yet.
        identity: Option<FileIdentity>,
        /// What is done with it.
        access: Access,
    },
    /// A host of a network, with the addresses that it was found to have once.
    Host {
        /// As it was asked for.
        host: Host,
        /// The port; none where none is used.
        port: Option<u16>,
        /// Where it is: what is connected to is one of these.
        addresses: Vec<IpAddr>,
        /// What is done with it.
        access: HostAccess,
    },
    /// A WPF application that is connected to, or into which the inspector is loaded.
    WpfTarget {
        /// The process.
        process: ProcessId,
        /// What is known of the program that runs in it.
        program: RunningProgram,
        /// Whether the inspector is loaded into it, or it took the inspector in by itself.
        load: bool,
        /// The gates that the call goes through there.
        through: Vec<WpfGate>,
    },
    /// The library of scheduled tasks.
    ScheduledTasks,
    /// One scheduled task, or the place of one that is to be made.
    ScheduledTask {
        /// Where it lies.
        path: TaskPath,
    },
    /// A channel of the event log.
    EventLog {
        /// Which.
        channel: EventChannel,
    },
    /// The table of connections of this machine.
    Connections,
}

impl Resource {
    /// Whether a permit for this resource also speaks for `other`. The desktop holds every window; a place that input
    /// goes to may also be looked at, so that an action can show what it changed. A tree holds every file below
    /// its folder, a key every key below it, a tree of processes each that its root started. An application may be gone
    /// into through fewer gates than were opened, and connected to by whoever may load.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Desktop, Self::Window { .. }) => true,
            (Self::ProgramWindows { process, process_start, .. }, Self::Window { window, .. }) => {
                *process == window.process && *process_start == window.process_start
            }
            (
                Self::InputTarget { window: granted, .. } | Self::Window { window: granted, .. },
                Self::Window { window: asked, .. },
            ) => granted == asked,
            (
                Self::FileTree { path: folder, identity: own, access: granted },
                Self::File { path, identity, access } | Self::FileTree { path, identity, access },
            ) => granted == access && if path == folder { own == identity } else { path.is_within(folder) },
            (
                Self::RegistryKey { key: above, view: eyes, access: granted },
                Self::RegistryKey { key, view, access },
            ) => granted == access && eyes == view && key.is_within(above),
            (
                Self::Host { host: named, port: at, addresses: found, access: granted },
                Self::Host { host, port, addresses, access },
            ) => {
                let is_found = |address| found.contains(address);
                let same = named == host && at == port && granted == access;
                same && !addresses.is_empty() && addresses.iter().all(is_found)
            }
            (
                Self::WpfTarget { process: held, program: known, load: loaded, through: open },
                Self::WpfTarget { process, program, load, through },
            ) => {
                let same = held == process && known == program && (*loaded || !*load);
                same && through.iter().all(|gate| open.contains(gate))
            }
            (Self::ProcessTree { root: granted }, Self::Descendant { root, .. }) => granted == root,
            _ => self == other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_of_a_rule_is_one_file_name_with_its_extension() {
        for text in ["notepad.exe", "NOTEPAD.EXE", "more.com", "a b.exe", "ä.scr"] {
            assert_eq!(ProgramName::parse(text).unwrap().as_str(), text.to_lowercase());
        }
        for (text, nearest) in [
            ("notepad", "notepad.exe"),
            (r"C:\Windows\notepad.exe", "notepad.exe"),
            ("x/notepad", "notepad.exe"),
            (" notepad.exe", "notepad.exe"),
            (".exe", ".exe.exe"),
        ] {
            assert_eq!(ProgramName::parse(text).unwrap_err().nearest, nearest, "{text}");
        }
    }
}
