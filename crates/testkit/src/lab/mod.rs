//! The seam to the desktop that the tests run on. On Linux that is the lab: a Windows desktop made of a Debian chroot with
//! Wine 10 and a virtual display. On Windows it is the machine's own. Both have the same names, and this file alone asks
//! which system it is. Tests use this library directly; `cargo xtask lab` is a thin command line over it. Nothing here
//! knows the server's protocol, and nothing here downloads outside `Lab::up` and `Lab::make_peers`.

mod build;
mod cache;
mod check;
mod clients;
mod command;
mod dotnet;
mod node;
mod pixels;
mod progress;

#[cfg(not(windows))]
mod doctor;
#[cfg(not(windows))]
mod enter;
#[cfg(not(windows))]
mod host;
#[cfg(not(windows))]
mod linux;
#[cfg(not(windows))]
mod mutation;
#[cfg(not(windows))]
mod peers;
#[cfg(not(windows))]
mod remove;
#[cfg(not(windows))]
mod rootfs;
#[cfg(not(windows))]
mod run;
#[cfg(not(windows))]
mod rust_src;
#[cfg(not(windows))]
mod screen;
#[cfg(not(windows))]
mod sdk;
#[cfg(not(windows))]
mod template;
#[cfg(windows)]
mod windows;

#[cfg(not(windows))]
use linux as system;
#[cfg(windows)]
use windows as system;

pub use build::{
    Profile, WindowsBuild, built_app, built_exe, built_inspector, built_inspector_tests, built_library, native_exe,
    workspace_top,
};
pub use cache::Cache;
pub use check::{Check, Row};
pub use command::{Finished, Group, finish_within, run_within};
pub use dotnet::Dotnet;
pub use node::Node;
pub use pixels::Pixels;
pub use progress::{Progress, Quiet, timed};
pub use system::{
    DESKTOP, Lab, clean, end_run, interrupt, live_runs, offline, process_of, script, terminate, tethered,
};

#[cfg(windows)]
pub use windows::{Run, Screen, checks};
#[cfg(not(windows))]
pub use {
    doctor::checks,
    host::tool,
    peers::{Peer, Peers},
    run::{Run, RunState},
    screen::{Screen, XWindow},
};

use anyhow::Result;
use std::fmt;
use std::process::Stdio;

/// Where the desktop is that the tests run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Desktop {
    /// In the lab.
    Lab,
    /// It is the machine's own.
    Own,
}

/// What the commands of the lab answer where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoLab;

impl fmt::Display for NoLab {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(
            "the lab is for Linux: it is a Windows desktop for a machine that has none. On Windows the machine's own \
             desktop is used: run `cargo xtask demo` or `cargo xtask test`, or start `portcullis.exe serve` itself",
        )
    }
}

impl std::error::Error for NoLab {}

/// An error where the desktop is the machine's own.
pub fn require_lab() -> Result<()> {
    match DESKTOP {
        Desktop::Lab => Ok(()),
        Desktop::Own => Err(NoLab.into()),
    }
}

/// Where a program's three standard streams go.
#[derive(Debug)]
pub struct StdioPlan {
    /// Standard input.
    pub stdin: Stdio,
    /// Standard output.
    pub stdout: Stdio,
    /// Standard error.
    pub stderr: Stdio,
}

impl StdioPlan {
    /// All three piped to the caller.
    pub fn piped() -> StdioPlan {
        StdioPlan { stdin: Stdio::piped(), stdout: Stdio::piped(), stderr: Stdio::piped() }
    }

    /// The caller's own three.
    pub fn inherited() -> StdioPlan {
        StdioPlan { stdin: Stdio::inherit(), stdout: Stdio::inherit(), stderr: Stdio::inherit() }
    }

    /// Nothing in, nothing out.
    pub fn null() -> StdioPlan {
        StdioPlan { stdin: Stdio::null(), stdout: Stdio::null(), stderr: Stdio::null() }
    }
}

/// Pixels of a run's display.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Across.
    pub width: u32,
    /// Down.
    pub height: u32,
}

impl Default for Size {
    fn default() -> Size {
        Size { width: 1_280, height: 800 }
    }
}

/// What `clean` did, for people.
#[derive(Debug, Default)]
pub struct Cleaned {
    /// Folders that are gone.
    pub removed: Vec<String>,
    /// Folders that were left, each with the reason.
    pub kept: Vec<String>,
}

/// Items, such as a test, whose oracle only the lab has; on a desktop of the machine's own they are absent.
#[macro_export]
#[cfg(not(windows))]
macro_rules! only_in_lab {
    ($($item:item)*) => { $($item)* };
}

/// Items, such as a test, whose oracle only the lab has; on a desktop of the machine's own they are absent.
#[macro_export]
#[cfg(windows)]
macro_rules! only_in_lab {
    ($($item:item)*) => {};
}
