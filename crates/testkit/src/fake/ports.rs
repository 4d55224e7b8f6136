//! The ports of a machine without a desktop: nothing is there, and whatever is asked of it is not supported.

use portcullis_model::{
    Cancel, Deadline, ElementIdentity, Point, ProgramName, Rect, Resource, TreeReading, UiNode, WindowIdentity,
};
use portcullis_platform::{
    AppPort, Bitmap, ClipboardContent, ClipboardPort, ControlAct, Delivered, Display, ElementText, InputPort,
    InstalledApp, Launch, LaunchRequest, Permit, Placement, PointerAct, PortFault, PortResult, Ports, ProcessInfo,
    ReadBudget, ScreenPort, SessionPort, SessionState, Step, SystemInfo, SystemPort, TreePort, WindowInfo, WindowPort,
};
use std::sync::Arc;

struct Nothing;

/// The ports.
pub(crate) fn none() -> Ports {
    let nothing = Arc::new(Nothing);
    Ports {
        apps: nothing.clone(),
        clipboard: nothing.clone(),
        input: nothing.clone(),
        screen: nothing.clone(),
        session: nothing.clone(),
        system: nothing.clone(),
        tree: nothing.clone(),
        windows: nothing,
    }
}

fn unsupported<T>() -> PortResult<T> {
    Err(PortFault::Unsupported("it has no desktop".to_owned()))
}

impl AppPort for Nothing {
    fn find(&self, _: &str) -> PortResult<Vec<InstalledApp>> {
        unsupported()
    }
    fn launch(&self, _: &Permit, _: &LaunchRequest, _: Deadline, _: &Cancel) -> PortResult<Launch> {
        unsupported()
    }
}

impl ClipboardPort for Nothing {
    fn sequence(&self) -> u32 {
        0
    }
    fn read(&self, _: &Permit, _: Deadline) -> PortResult<ClipboardContent> {
        unsupported()
    }
    fn write(&self, _: &Permit, _: &str, _: Deadline) -> PortResult<()> {
        unsupported()
    }
}

impl InputPort for Nothing {
    fn pointer(&self) -> Option<Point> {
        None
    }
    fn point(&self, _: &Permit, _: &Resource, _: &PointerAct, _: Deadline, _: &Cancel) -> PortResult<()> {
        unsupported()
    }
    fn press(&self, _: &Permit, _: &Resource, _: &[Step], _: Deadline, _: &Cancel) -> PortResult<usize> {
        unsupported()
    }
    fn release_all(&self) -> PortResult<usize> {
        Ok(0)
    }
}

impl ScreenPort for Nothing {
    fn displays(&self) -> PortResult<Vec<Display>> {
        Ok(Vec::new())
    }
    fn capture(&self, _: &Permit, _: Rect, _: Deadline) -> PortResult<Bitmap> {
        unsupported()
    }
    fn capture_window(&self, _: &Permit, _: &WindowIdentity, _: Deadline) -> PortResult<Bitmap> {
        unsupported()
    }
}

impl SessionPort for Nothing {
    fn state(&self) -> SessionState {
        SessionState::Disconnected
    }
}

impl SystemPort for Nothing {
    fn info(&self, _: &Permit) -> PortResult<SystemInfo> {
        unsupported()
    }
    fn processes(&self, _: &Permit) -> PortResult<Vec<ProcessInfo>> {
        unsupported()
    }
}

impl TreePort for Nothing {
    fn locate(&self, _: &ElementIdentity) -> PortResult<Rect> {
        unsupported()
    }
    fn element_at(&self, _: &Permit, _: &WindowIdentity, _: Point, _: Deadline) -> PortResult<UiNode> {
        unsupported()
    }
    fn read(&self, _: &Permit, _: &WindowIdentity, _: ReadBudget, _: &Cancel) -> PortResult<TreeReading> {
        unsupported()
    }
    fn read_element(&self, _: &Permit, _: &ElementIdentity, _: Deadline) -> PortResult<UiNode> {
        unsupported()
    }
    fn text(&self, _: &Permit, _: &ElementIdentity, _: usize, _: usize, _: Deadline) -> PortResult<ElementText> {
        unsupported()
    }
    fn focused(&self, _: &Permit, _: &WindowIdentity, _: Deadline) -> PortResult<Option<UiNode>> {
        unsupported()
    }
    fn act(&self, _: &Permit, _: &ElementIdentity, _: &ControlAct, _: Deadline, _: &Cancel) -> PortResult<Delivered> {
        unsupported()
    }
}

impl WindowPort for Nothing {
    fn foreground(&self) -> Option<WindowIdentity> {
        None
    }
    fn at(&self, _: Point) -> Option<WindowIdentity> {
        None
    }
    fn is_alive(&self, _: &WindowIdentity) -> bool {
        false
    }
    fn program(&self, _: &WindowIdentity) -> PortResult<ProgramName> {
        unsupported()
    }
    fn rect(&self, _: &WindowIdentity) -> PortResult<Rect> {
        unsupported()
    }
    fn identify(&self, _: u64) -> Option<WindowIdentity> {
        None
    }
    fn identities(&self) -> Vec<WindowIdentity> {
        Vec::new()
    }
    fn list(&self, _: &Permit) -> PortResult<Vec<WindowInfo>> {
        unsupported()
    }
    fn describe(&self, _: &Permit, _: &WindowIdentity) -> PortResult<WindowInfo> {
        unsupported()
    }
    fn focus(&self, _: &Permit, _: &WindowIdentity, _: Deadline, _: &Cancel) -> PortResult<bool> {
        unsupported()
    }
    fn place(&self, _: &Permit, _: &WindowIdentity, _: Placement, _: Deadline, _: &Cancel) -> PortResult<()> {
        unsupported()
    }
}
