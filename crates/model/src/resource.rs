//! What a call touches, as parsed and resolved facts. A permit lists resources; a port asks whether the thing that it
//! really opened is among them.

use crate::WindowIdentity;
use serde::Serialize;

/// The file name of a program's image, in lower case: `notepad.exe`. Compared, never run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ProgramName(String);

impl ProgramName {
    /// Takes the last part of an image path, lower-cased.
    pub fn from_image_path(path: &str) -> Self {
        let name = path.rsplit(['\\', '/']).next().unwrap_or(path);
        Self(name.to_lowercase())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
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
    /// The bare desktop as the place that input goes to: no window lies there.
    DesktopBackground,
    /// The clipboard of the session.
    Clipboard,
    /// Facts about the machine.
    System,
    /// The table of processes.
    Processes,
    /// The caller's own calls.
    OwnTasks,
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
}

impl Resource {
    /// Whether a permit for this resource also speaks for `other`. The desktop holds every window; a place that input
    /// goes to may also be looked at, so that an action can show what it changed.
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
            _ => self == other,
        }
    }
}
