//! Top-level windows: who they are, what they say of themselves, where they stand.

use crate::{Permit, PortResult};
use portcullis_model::{Cancel, Deadline, Effect, Point, ProcessId, ProgramName, Rect, Untrusted, WindowIdentity};

/// How a window is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShowState {
    /// Neither minimised nor maximised.
    Normal,
    /// Minimised to the task bar.
    Minimised,
    /// Maximised.
    Maximised,
}

/// One visible top-level window, as disclosed.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowInfo {
    /// Who it is.
    pub identity: WindowIdentity,
    /// The program that shows it.
    pub program: ProgramName,
    /// Its title, read without waiting for its thread.
    pub title: Untrusted,
    /// Its frame on the virtual desktop.
    pub rect: Rect,
    /// How it is shown.
    pub show: ShowState,
    /// Whether it is the foreground window.
    pub foreground: bool,
    /// Whether its thread does not answer (`IsHungAppWindow`).
    pub hung: bool,
    /// Whether it takes input; a window behind its modal dialog does not.
    pub enabled: bool,
    /// The window that owns it (`GW_OWNER`), when there is one: a dialog's parent.
    pub owner: Option<WindowIdentity>,
    /// Whether it stands above all others (`WS_EX_TOPMOST`).
    pub topmost: bool,
}

/// Where to put a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// To this position and size.
    MoveTo(Rect),
    /// Minimise.
    Minimise,
    /// Maximise.
    Maximise,
    /// Neither.
    Restore,
    /// Ask it to close (`WM_CLOSE`, posted): the program may ask back or refuse.
    Close,
}

impl Placement {
    /// What a permit must name for it.
    pub fn effect(self) -> Effect {
        match self {
            Self::MoveTo(_) | Self::Minimise | Self::Maximise | Self::Restore => Effect::ArrangeWindows,
            Self::Close => Effect::CloseWindows,
        }
    }
}

/// Top-level windows.
pub trait WindowPort: Send + Sync {
    /// The foreground window. An identity only, so no permit.
    fn foreground(&self) -> Option<WindowIdentity>;

    /// The top-level window whose pixels are at `point`, or `None` for the bare desktop or no display.
    fn at(&self, point: Point) -> Option<WindowIdentity>;

    /// Whether the identity still names a living window: same handle, process, start and class.
    fn is_alive(&self, window: &WindowIdentity) -> bool;

    /// The program that shows the window, for policy.
    fn program(&self, window: &WindowIdentity) -> PortResult<ProgramName>;

    /// The window's title, for policy: to be compared with rules, shown to nobody.
    fn title(&self, window: &WindowIdentity) -> PortResult<Untrusted>;

    /// The window's frame, for policy and for aiming; no content.
    fn rect(&self, window: &WindowIdentity) -> PortResult<Rect>;

    /// The window that `handle` names at this moment, if it is a top-level one: for handles that a caller gives.
    fn identify(&self, handle: u64) -> Option<WindowIdentity>;

    /// Identities of all visible top-level windows, front first. No titles, so no permit.
    fn identities(&self) -> Vec<WindowIdentity>;

    /// Whether no visible top-level window of the process is hidden from the caller, for what goes into an application and so
    /// sees all its windows. A machine hides none by itself. Tells no content, so no permit.
    fn require_all_shown(&self, _process: ProcessId) -> PortResult<()> {
        Ok(())
    }

    /// Every visible top-level window, front first, at most [`Self::LIST_CAP`]. Needs `ReadWindows` on the desktop.
    fn list(&self, permit: &Permit) -> PortResult<Vec<WindowInfo>>;

    /// One window. Needs `ReadWindows` on it.
    fn describe(&self, permit: &Permit, window: &WindowIdentity) -> PortResult<WindowInfo>;

    /// Brings a window to the front, restoring it when minimised, and waits until it is there. Answers whether it is
    /// (`false`: Windows' foreground lock refused). Needs `ArrangeWindows` on it.
    fn focus(&self, permit: &Permit, window: &WindowIdentity, deadline: Deadline, cancel: &Cancel) -> PortResult<bool>;

    /// Places a window and waits until it is placed or gone. Needs [`Placement::effect`] on it.
    fn place(
        &self,
        permit: &Permit,
        window: &WindowIdentity,
        placement: Placement,
        deadline: Deadline,
        cancel: &Cancel,
    ) -> PortResult<()>;
}

impl dyn WindowPort {
    /// Windows that one listing gives.
    pub const LIST_CAP: usize = 200;
}
