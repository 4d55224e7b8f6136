//! What a call may do to the machine or disclose of it, and the tier that each effect belongs to.
//! The tables here are data for the policy; nothing here decides.

use serde::Serialize;
use std::fmt;

/// How far a principal is let in. Tiers belong to effects, not to tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Tier 1: reads what the desktop shows.
    Observe,
    /// Tier 2: operates programs as a person at the keyboard would.
    Interact,
    /// Tier 3: changes the machine itself.
    Alter,
}

impl Tier {
    /// The number that people use: 1, 2 or 3.
    pub fn number(self) -> u8 {
        match self {
            Self::Observe => 1,
            Self::Interact => 2,
            Self::Alter => 3,
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Observe => "observe",
            Self::Interact => "interact",
            Self::Alter => "alter",
        };
        write!(f, "tier {} ({name})", self.number())
    }
}

/// One kind of effect or disclosure. A permit names every effect that its call may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Discloses windows and what their controls say.
    ReadWindows,
    /// Discloses pixels of the screen.
    ReadPixels,
    /// Discloses text on the clipboard.
    ReadClipboard,
    /// Discloses facts about the machine: hardware, system, displays.
    ReadSystem,
    /// Discloses running processes.
    ReadProcesses,
    /// Discloses the caller's own running calls.
    ReadTasks,
    /// Lets time pass.
    Wait,
    /// Sends pointer or keyboard input.
    SendInput,
    /// Operates a control through its own interface or its window's messages.
    OperateControl,
    /// Changes which window is in front, its size or its state; closes it.
    ArrangeWindows,
    /// Starts an installed application by its name, without arguments.
    StartInstalledApp,
    /// Sends input to, or operates, a console, a terminal or another program that runs commands.
    OperateCommandHost,
    /// Starts a program by path or with arguments.
    StartExecutable,
    /// Replaces what is on the clipboard.
    WriteClipboard,
}

impl Effect {
    /// Every effect, for tables and tests.
    pub const ALL: [Self; 14] = [
        Self::ReadWindows,
        Self::ReadPixels,
        Self::ReadClipboard,
        Self::ReadSystem,
        Self::ReadProcesses,
        Self::ReadTasks,
        Self::Wait,
        Self::SendInput,
        Self::OperateControl,
        Self::ArrangeWindows,
        Self::StartInstalledApp,
        Self::OperateCommandHost,
        Self::StartExecutable,
        Self::WriteClipboard,
    ];

    /// The tier that opens this effect.
    pub fn tier(self) -> Tier {
        match self {
            Self::ReadWindows
            | Self::ReadPixels
            | Self::ReadClipboard
            | Self::ReadSystem
            | Self::ReadProcesses
            | Self::ReadTasks
            | Self::Wait => Tier::Observe,
            Self::SendInput | Self::OperateControl | Self::ArrangeWindows | Self::StartInstalledApp => Tier::Interact,
            Self::OperateCommandHost | Self::StartExecutable | Self::WriteClipboard => Tier::Alter,
        }
    }

    /// Whether the effect changes anything, or only discloses or waits.
    pub fn changes(self) -> bool {
        self.tier() > Tier::Observe
    }
}

/// What could be done about an effect afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reversibility {
    /// Nothing changes, so there is nothing to take back.
    Nothing,
    /// The state before can be put back exactly.
    Reversible,
    /// Another act makes up for it, without restoring every trace.
    Compensable,
    /// It cannot be taken back.
    Irreversible,
}
