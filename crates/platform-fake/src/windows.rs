//! Top-level windows of the fake desktop. Closing is posted: a window goes at once here, unless a dialog blocks it.

use crate::desktop::{Call, FakeDesktop};
use crate::places::untrusted;
use crate::state::{State, Window};
use portcullis_model::{
    Cancel, Deadline, Effect, Point, ProgramName, Rect, Resource, Source, Untrusted, WindowIdentity,
};
use portcullis_platform::{Permit, Placement, PortFault, PortResult, ShowState, WindowInfo, WindowPort};

fn info(state: &State, window: &Window) -> WindowInfo {
    let owner = window.owner.and_then(|handle| state.window(handle));
    WindowInfo {
        identity: window.identity.clone(),
        program: window.program.clone(),
        title: untrusted(Source::Window, &window.root.name),
        rect: window.rect,
        show: window.show,
        foreground: state.foreground == Some(window.identity.handle),
        hung: window.hung,
        enabled: state.enabled(window.identity.handle),
        owner: owner.map(|owner| owner.identity.clone()),
        topmost: window.topmost,
    }
}

impl State {
    /// The window whose pixels are at a point.
    pub(crate) fn window_at(&self, point: Point) -> Option<&Window> {
        let on_display = self.displays.iter().any(|display| display.bounds.contains(point));
        let shown = |window: &&Window| window.show != ShowState::Minimised && window.rect.contains(point);
        if on_display { self.windows.iter().find(shown) } else { None }
    }
}

impl WindowPort for FakeDesktop {
    fn foreground(&self) -> Option<WindowIdentity> {
        let state = self.lock();
        let front = state.foreground.and_then(|handle| state.window(handle));
        front.map(|window| window.identity.clone())
    }

    fn at(&self, point: Point) -> Option<WindowIdentity> {
        self.lock().window_at(point).map(|window| window.identity.clone())
    }

    fn is_alive(&self, window: &WindowIdentity) -> bool {
        self.lock().living(window).is_ok()
    }

    fn program(&self, window: &WindowIdentity) -> PortResult<ProgramName> {
        Ok(self.lock().living(window)?.program.clone())
    }

    fn title(&self, window: &WindowIdentity) -> PortResult<Untrusted> {
        Ok(untrusted(Source::Window, &self.lock().living(window)?.root.name))
    }

    fn rect(&self, window: &WindowIdentity) -> PortResult<Rect> {
        Ok(self.lock().living(window)?.rect)
    }

    fn identify(&self, handle: u64) -> Option<WindowIdentity> {
        self.lock().window(handle).map(|window| window.identity.clone())
    }

    fn identities(&self) -> Vec<WindowIdentity> {
        self.lock().windows.iter().map(|window| window.identity.clone()).collect()
    }

    fn list(&self, permit: &Permit) -> PortResult<Vec<WindowInfo>> {
        self.enter(Call::List, None, None)?;
        permit.require(Effect::ReadWindows, &Resource::Desktop)?;
        let state = self.lock();
        let cap = <dyn WindowPort>::LIST_CAP;
        Ok(state.windows.iter().take(cap).map(|window| info(&state, window)).collect())
    }

    fn describe(&self, permit: &Permit, window: &WindowIdentity) -> PortResult<WindowInfo> {
        self.enter(Call::Describe, None, None)?;
        let state = self.lock();
        let found = state.living(window)?;
        permit.require(Effect::ReadWindows, &found.as_resource())?;
        Ok(info(&state, found))
    }

    fn focus(&self, permit: &Permit, window: &WindowIdentity, deadline: Deadline, cancel: &Cancel) -> PortResult<bool> {
        self.enter(Call::Focus, Some(deadline), Some(cancel))?;
        let mut state = self.lock();
        let found = state.living(window)?;
        permit.require(Effect::ArrangeWindows, &found.as_resource())?;
        state.operable()?;
        if let Some(found) = state.window_mut(window.handle)
            && found.show == ShowState::Minimised
        {
            found.show = ShowState::Normal;
        }
        state.raise(window.handle);
        let line = format!("focused {}", state.title(window.handle));
        state.note(line);
        Ok(true)
    }

    fn place(
        &self,
        permit: &Permit,
        window: &WindowIdentity,
        placement: Placement,
        deadline: Deadline,
        cancel: &Cancel,
    ) -> PortResult<()> {
        self.enter(Call::Place, Some(deadline), Some(cancel))?;
        let mut state = self.lock();
        let found = state.living(window)?;
        permit.require(placement.effect(), &found.as_resource())?;
        if found.hung {
            drop(state);
            Self::wait_for_hung(deadline, Some(cancel))?;
            return Err(PortFault::Hung);
        }
        let line = format!("placed {} {placement:?}", found.root.name);
        let work_area = state.displays.first().map_or_else(Rect::default, |display| display.work_area);
        if placement == Placement::Close {
            if state.enabled(window.handle) {
                state.remove(window.handle);
                state.note(line);
            }
            return Ok(());
        }
        if let Some(found) = state.window_mut(window.handle) {
            match placement {
                Placement::MoveTo(rect) => {
                    found.rect = rect;
                    found.show = ShowState::Normal;
                }
                Placement::Minimise => found.show = ShowState::Minimised,
                Placement::Maximise => {
                    found.restored.get_or_insert(found.rect);
                    found.rect = work_area;
                    found.show = ShowState::Maximised;
                }
                Placement::Restore => {
                    if let Some(rect) = found.restored.take() {
                        found.rect = rect;
                    }
                    found.show = ShowState::Normal;
                }
                Placement::Close => {}
            }
        }
        if placement == Placement::Minimise && state.foreground == Some(window.handle) {
            let next = state.windows.iter().find(|other| other.show != ShowState::Minimised);
            state.foreground = next.map(|other| other.identity.handle);
        }
        state.note(line);
        Ok(())
    }
}
