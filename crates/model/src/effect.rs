//! What a call may do to the machine or disclose of it, and the tier that each effect belongs to.
//! The tables here are data for the policy; nothing here decides.

use crate::Scope;
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
    /// Discloses what the rules say of the caller's own calls.
    ReadPolicy,
    /// Discloses names, sizes, times and attributes of files and folders.
    ListFiles,
    /// Discloses keys and values of the registry.
    ReadRegistry,
    /// Discloses the machine's connections and the programs that have them.
    ReadConnections,
    /// Asks a host whether it is there, and tells its answer.
    ProbeHosts,
    /// Lets time pass.
    Wait,
    /// Shows the person at the machine a notification.
    ShowNotification,
    /// Sends pointer or keyboard input.
    SendInput,
    /// Operates a control through its own interface or its window's messages.
    OperateControl,
    /// Changes which window is in front, its size or its state.
    ArrangeWindows,
    /// Closes windows, and with them programs and what was not saved in them.
    CloseWindows,
    /// Starts an installed application by its name, without arguments.
    StartInstalledApp,
    /// Asks a host for what it serves, and tells it.
    FetchHosts,
    /// Sends input to, or operates, a console, a terminal or another program that runs commands.
    OperateCommandHost,
    /// Starts a program by path or with arguments.
    StartExecutable,
    /// Replaces what is on the clipboard.
    WriteClipboard,
    /// Discloses what files hold.
    ReadFiles,
    /// Makes files and folders, or replaces what files hold.
    WriteFiles,
    /// Moves, renames or deletes files and folders.
    RemoveFiles,
    /// Makes keys of the registry, and sets values in them.
    WriteRegistry,
    /// Deletes keys and values of the registry.
    DeleteRegistry,
    /// Ends processes, and with them what was not saved in them.
    EndProcesses,
    /// Ends what started this server: the client, or what it runs in. The call must say that it is meant.
    EndClient,
    /// Discloses scheduled tasks and their definitions.
    ReadScheduledTasks,
    /// Makes, replaces and deletes scheduled tasks: what starts programs later and again.
    ChangeScheduledTasks,
    /// Discloses events of the event log.
    ReadEvents,
    /// Discloses services and their states.
    ReadServices,
    /// Starts and stops services.
    ControlServices,
    /// Makes other calls, each of which is decided by itself.
    MakeCalls,
    /// Ends the caller's own running calls.
    EndTasks,
    /// Locks the session, which only the person at the machine unlocks.
    LockSession,
    /// Connects a session of the server's own user to the machine's own screen, where whoever sits there finds it open.
    ConnectSession,
    /// Plays a sound, which whoever is near the machine hears.
    PlaySound,
    /// Begins or ends a session with a WPF application that takes the inspector in, or has it in.
    ConnectApplications,
    /// Loads the inspector into a WPF application, behind a gate of its own.
    LoadInspector,
    /// Discloses what a WPF application is made of.
    ReadApplications,
    /// Operates the elements of a WPF application from inside.
    OperateApplications,
    /// Changes properties, view models and states inside a WPF application.
    WriteApplications,
    /// Runs a command in a shell: whatever the user that runs the server may do.
    RunShell,
}

impl Effect {
    /// Every effect, for tables and tests.
    pub const ALL: [Self; 45] = [
        Self::ReadWindows,
        Self::ReadPixels,
        Self::ReadClipboard,
        Self::ReadSystem,
        Self::ReadProcesses,
        Self::ReadTasks,
        Self::ReadPolicy,
        Self::ListFiles,
        Self::ReadRegistry,
        Self::ReadConnections,
        Self::ProbeHosts,
        Self::Wait,
        Self::ShowNotification,
        Self::SendInput,
        Self::OperateControl,
        Self::ArrangeWindows,
        Self::CloseWindows,
        Self::StartInstalledApp,
        Self::FetchHosts,
        Self::OperateCommandHost,
        Self::StartExecutable,
        Self::WriteClipboard,
        Self::ReadFiles,
        Self::WriteFiles,
        Self::RemoveFiles,
        Self::WriteRegistry,
        Self::DeleteRegistry,
        Self::EndProcesses,
        Self::EndClient,
        Self::ReadServices,
        Self::ControlServices,
        Self::MakeCalls,
        Self::EndTasks,
        Self::LockSession,
        Self::ConnectSession,
        Self::PlaySound,
        Self::ConnectApplications,
        Self::LoadInspector,
        Self::ReadApplications,
        Self::OperateApplications,
        Self::WriteApplications,
        Self::RunShell,
        Self::ReadEvents,
        Self::ReadScheduledTasks,
        Self::ChangeScheduledTasks,
    ];

    /// Whether it is about WPF applications from inside.
    pub fn is_of_applications(self) -> bool {
        matches!(
            self,
            Self::ConnectApplications
                | Self::LoadInspector
                | Self::ReadApplications
                | Self::OperateApplications
                | Self::WriteApplications
        )
    }

    /// The tier that opens this effect.
    pub fn tier(self) -> Tier {
        match self {
            Self::ReadWindows
            | Self::ReadPixels
            | Self::ReadClipboard
            | Self::ReadSystem
            | Self::ReadProcesses
            | Self::ReadTasks
            | Self::ReadPolicy
            | Self::ListFiles
            | Self::ReadRegistry
            | Self::ReadConnections
            | Self::ProbeHosts
            | Self::ReadServices
            | Self::ConnectApplications
            | Self::LoadInspector
            | Self::ReadApplications
            | Self::ReadEvents
            | Self::ReadScheduledTasks
            | Self::ShowNotification
            | Self::Wait => Tier::Observe,
            Self::SendInput
            | Self::OperateControl
            | Self::ArrangeWindows
            | Self::CloseWindows
            | Self::StartInstalledApp
            | Self::FetchHosts
            | Self::MakeCalls
            | Self::OperateApplications
            | Self::EndTasks => Tier::Interact,
            Self::OperateCommandHost
            | Self::StartExecutable
            | Self::WriteClipboard
            | Self::ReadFiles
            | Self::WriteFiles
            | Self::RemoveFiles
            | Self::WriteRegistry
            | Self::DeleteRegistry
            | Self::EndProcesses
            | Self::EndClient
            | Self::ControlServices
            | Self::LockSession
            | Self::ConnectSession
            | Self::PlaySound
            | Self::WriteApplications
            | Self::RunShell
            | Self::ChangeScheduledTasks => Tier::Alter,
        }
    }

    /// What a call with this effect weighs among the calls of a minute: 1 for a look or an act, more for what costs the
    /// machine or its owner more.
    pub fn weight(self) -> u32 {
        match self {
            Self::ReadPixels | Self::StartInstalledApp | Self::FetchHosts | Self::LoadInspector => 2,
            Self::ReadFiles => 1,
            // Each takes a person away from what they do: at the default rate thirty a minute, six at once.
            Self::ShowNotification => 10,
            other if other.tier() == Tier::Alter => 3,
            _ => 1,
        }
    }

    /// Whether the effect changes anything, or only discloses or waits.
    pub fn changes(self) -> bool {
        match self {
            Self::ReadFiles | Self::FetchHosts => false,
            // It is of tier 1 because a gate of its own guards it; the application is another one afterwards all the same.
            Self::LoadInspector => true,
            // It discloses nothing, and a person sees it.
            Self::ShowNotification => true,
            other => other.tier() > Tier::Observe,
        }
    }

    /// The scope that the effect needs besides that of its tier.
    pub fn scope(self) -> Option<Scope> {
        match self {
            Self::ListFiles | Self::ReadFiles | Self::WriteFiles | Self::RemoveFiles => Some(Scope::Files),
            _ => None,
        }
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
