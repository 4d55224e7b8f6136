//! The machine without the windows that the owner hides. It stands between the ports and every tool, so that no tool can
//! forget it: what is hidden is not listed, not read, not in any picture and not operated.

use portcullis_model::{
    Cancel, Deadline, ElementIdentity, Point, ProcessId, ProgramName, Rect, Resource, TreeReading, UiNode, Untrusted,
    WindowIdentity,
};
use portcullis_platform::{
    Bitmap, CaptureMethod, ControlAct, Delivered, Display, ElementText, InputPort, InputTurn, Placement, PointerAct,
    PortFault, PortResult, Ports, ReadBudget, ScreenPort, Step, TreePort, WindowInfo, WindowPort,
};
use portcullis_policy::{Permit, Restrictions};
use std::sync::Arc;

/// Bytes of a pixel.
const PIXEL: usize = 3;
/// What stands where a hidden window is: black.
const BLANK: [u8; PIXEL] = [0; PIXEL];

/// These ports, without the windows that `rules` hide. Without such a rule they are left as they are.
pub(crate) fn shield(ports: Ports, rules: &Restrictions) -> Ports {
    if rules.hidden.is_empty() {
        return ports;
    }
    let hidden = Arc::new(Hidden { rules: rules.clone(), windows: Arc::clone(&ports.windows) });
    Ports {
        input: Arc::new(Input { inner: ports.input, hidden: Arc::clone(&hidden) }),
        screen: Arc::new(Screen { inner: ports.screen, hidden: Arc::clone(&hidden) }),
        tree: Arc::new(Tree { inner: ports.tree, hidden: Arc::clone(&hidden) }),
        windows: Arc::new(Windows { inner: ports.windows, hidden }),
        ..ports
    }
}

/// Tells which windows are hidden.
struct Hidden {
    rules: Restrictions,
    windows: Arc<dyn WindowPort>,
}

impl Hidden {
    /// Fails when the window is hidden, or gone so that nobody can tell.
    fn require_shown(&self, window: &WindowIdentity) -> PortResult<()> {
        let program = self.windows.program(window)?;
        let title = self.windows.title(window)?;
        match self.rules.hides(&program, Some(title.raw())) {
            Some(said) => Err(PortFault::Hidden(format!("{} names it in `capture.exclude`", said.origin))),
            None => Ok(()),
        }
    }

    /// Where hidden windows are at this moment. One that is gone by now has no place; one whose program or title cannot
    /// be had counts as hidden.
    fn places(&self) -> Vec<Rect> {
        let hidden = |window: &WindowIdentity| !matches!(self.require_shown(window), Ok(()) | Err(PortFault::Gone));
        let all = self.windows.identities().into_iter().filter(hidden);
        all.filter_map(|window| self.windows.rect(&window).ok()).collect()
    }

    /// A picture of the screen with hidden windows blanked, where they were before it was taken and where they are now.
    fn without(&self, before: &[Rect], mut bitmap: Bitmap) -> Bitmap {
        let after = self.places();
        for place in before.iter().chain(&after) {
            blank(&mut bitmap, *place);
        }
        bitmap
    }
}

/// Blanks the part of a picture that lies in `place`.
fn blank(bitmap: &mut Bitmap, place: Rect) {
    let shared = bitmap.rect.intersect(place);
    if shared.is_empty() {
        return;
    }
    let offset = |from: i32, to: i32| usize::try_from(to.abs_diff(from)).unwrap_or(usize::MAX);
    let row_bytes = offset(bitmap.rect.left, bitmap.rect.right).saturating_mul(PIXEL);
    let (first, last) = (offset(bitmap.rect.top, shared.top), offset(bitmap.rect.top, shared.bottom));
    let from = offset(bitmap.rect.left, shared.left).saturating_mul(PIXEL);
    let to = offset(bitmap.rect.left, shared.right).saturating_mul(PIXEL);
    let rows = bitmap.rgb.chunks_exact_mut(row_bytes.max(PIXEL)).take(last).skip(first);
    for row in rows {
        for pixel in row.get_mut(from..to).unwrap_or_default().chunks_exact_mut(PIXEL) {
            pixel.copy_from_slice(&BLANK);
        }
    }
}

struct Screen {
    inner: Arc<dyn ScreenPort>,
    hidden: Arc<Hidden>,
}

impl ScreenPort for Screen {
    fn displays(&self) -> PortResult<Vec<Display>> {
        self.inner.displays()
    }

    fn capture(&self, permit: &Permit, area: Rect, deadline: Deadline) -> PortResult<Bitmap> {
        let before = self.hidden.places();
        Ok(self.hidden.without(&before, self.inner.capture(permit, area, deadline)?))
    }

    fn capture_window(&self, permit: &Permit, window: &WindowIdentity, deadline: Deadline) -> PortResult<Bitmap> {
        self.hidden.require_shown(window)?;
        let before = self.hidden.places();
        let bitmap = self.inner.capture_window(permit, window, deadline)?;
        // A hidden window may lie over this one where the pixels are the screen's.
        Ok(if bitmap.method == CaptureMethod::Screen { self.hidden.without(&before, bitmap) } else { bitmap })
    }
}

struct Windows {
    inner: Arc<dyn WindowPort>,
    hidden: Arc<Hidden>,
}

impl WindowPort for Windows {
    fn foreground(&self) -> Option<WindowIdentity> {
        self.inner.foreground()
    }

    fn at(&self, point: Point) -> Option<WindowIdentity> {
        self.inner.at(point)
    }

    fn is_alive(&self, window: &WindowIdentity) -> bool {
        self.inner.is_alive(window)
    }

    fn program(&self, window: &WindowIdentity) -> PortResult<ProgramName> {
        self.inner.program(window)
    }

    fn title(&self, window: &WindowIdentity) -> PortResult<Untrusted> {
        self.inner.title(window)
    }

    fn rect(&self, window: &WindowIdentity) -> PortResult<Rect> {
        self.inner.rect(window)
    }

    fn identify(&self, handle: u64) -> Option<WindowIdentity> {
        self.inner.identify(handle)
    }

    fn identities(&self) -> Vec<WindowIdentity> {
        self.inner.identities()
    }

    fn require_all_shown(&self, process: ProcessId) -> PortResult<()> {
        let of_process =
            |window: &&WindowIdentity| (window.process, window.process_start) == (process.number, process.started);
        for window in self.inner.identities().iter().filter(of_process) {
            match self.hidden.require_shown(window) {
                // One that closed meanwhile has nothing to hide.
                Ok(()) | Err(PortFault::Gone) => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }

    fn list(&self, permit: &Permit) -> PortResult<Vec<WindowInfo>> {
        let mut all = self.inner.list(permit)?;
        all.retain(|info| self.hidden.rules.hides(&info.program, Some(info.title.raw())).is_none());
        Ok(all)
    }

    fn describe(&self, permit: &Permit, window: &WindowIdentity) -> PortResult<WindowInfo> {
        self.hidden.require_shown(window)?;
        self.inner.describe(permit, window)
    }

    fn focus(&self, permit: &Permit, window: &WindowIdentity, deadline: Deadline, cancel: &Cancel) -> PortResult<bool> {
        self.hidden.require_shown(window)?;
        self.inner.focus(permit, window, deadline, cancel)
    }

    fn place(
        &self,
        permit: &Permit,
        window: &WindowIdentity,
        placement: Placement,
        deadline: Deadline,
        cancel: &Cancel,
    ) -> PortResult<()> {
        self.hidden.require_shown(window)?;
        self.inner.place(permit, window, placement, deadline, cancel)
    }
}

struct Input {
    inner: Arc<dyn InputPort>,
    hidden: Arc<Hidden>,
}

impl Input {
    /// Policy knows the program of a target and not its title, so this is asked where the input is sent.
    fn require_shown(&self, target: &Resource) -> PortResult<()> {
        match target {
            Resource::InputTarget { window, .. } => self.hidden.require_shown(window),
            _ => Ok(()),
        }
    }
}

impl InputPort for Input {
    fn pointer(&self) -> Option<Point> {
        self.inner.pointer()
    }

    fn turn(&self, deadline: Deadline, cancel: &Cancel) -> PortResult<Box<dyn InputTurn>> {
        self.inner.turn(deadline, cancel)
    }

    fn point(
        &self,
        permit: &Permit,
        target: &Resource,
        act: &PointerAct,
        deadline: Deadline,
        cancel: &Cancel,
    ) -> PortResult<()> {
        self.require_shown(target)?;
        self.inner.point(permit, target, act, deadline, cancel)
    }

    fn press(
        &self,
        permit: &Permit,
        target: &Resource,
        steps: &[Step],
        deadline: Deadline,
        cancel: &Cancel,
    ) -> PortResult<usize> {
        self.require_shown(target)?;
        self.inner.press(permit, target, steps, deadline, cancel)
    }

    fn release_all(&self) -> PortResult<usize> {
        self.inner.release_all()
    }
}

struct Tree {
    inner: Arc<dyn TreePort>,
    hidden: Arc<Hidden>,
}

impl TreePort for Tree {
    fn locate(&self, element: &ElementIdentity) -> PortResult<Rect> {
        self.inner.locate(element)
    }

    fn element_at(
        &self,
        permit: &Permit,
        window: &WindowIdentity,
        point: Point,
        deadline: Deadline,
    ) -> PortResult<UiNode> {
        self.hidden.require_shown(window)?;
        self.inner.element_at(permit, window, point, deadline)
    }

    fn read(
        &self,
        permit: &Permit,
        window: &WindowIdentity,
        budget: ReadBudget,
        cancel: &Cancel,
    ) -> PortResult<TreeReading> {
        self.hidden.require_shown(window)?;
        self.inner.read(permit, window, budget, cancel)
    }

    fn read_element(&self, permit: &Permit, element: &ElementIdentity, deadline: Deadline) -> PortResult<UiNode> {
        self.hidden.require_shown(&element.window)?;
        self.inner.read_element(permit, element, deadline)
    }

    fn text(
        &self,
        permit: &Permit,
        element: &ElementIdentity,
        from: usize,
        max_chars: usize,
        deadline: Deadline,
    ) -> PortResult<ElementText> {
        self.hidden.require_shown(&element.window)?;
        self.inner.text(permit, element, from, max_chars, deadline)
    }

    fn focused(&self, permit: &Permit, window: &WindowIdentity, deadline: Deadline) -> PortResult<Option<UiNode>> {
        self.hidden.require_shown(window)?;
        self.inner.focused(permit, window, deadline)
    }

    fn act(
        &self,
        permit: &Permit,
        element: &ElementIdentity,
        act: &ControlAct,
        deadline: Deadline,
        cancel: &Cancel,
    ) -> PortResult<Delivered> {
        // How an act went is told from what the control shows.
        self.hidden.require_shown(&element.window)?;
        self.inner.act(permit, element, act, deadline, cancel)
    }
}

#[cfg(test)]
mod tests;
