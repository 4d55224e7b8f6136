//! That the fake behaves: permits are enforced by every port, controls have real effects, and faults show as the ports'
//! documentation says.

mod effects;
mod faults;
mod permits;

use crate::{FakeDesktop, permit};
use portcullis_model::{Cancel, Deadline, Effect, ElementIdentity, Resource, WindowIdentity};
use portcullis_platform::{Permit, ReadBudget};
use std::time::Duration;

pub(crate) fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(30))
}

pub(crate) fn budget(deadline: Deadline) -> ReadBudget {
    ReadBudget { elements: 5_000, rows: 500, deadline }
}

/// The desktop of most tests with its form.
pub(crate) struct Scene {
    pub(crate) desktop: FakeDesktop,
    pub(crate) form: WindowIdentity,
    pub(crate) cancel: Cancel,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let desktop = FakeDesktop::demo();
        let form = desktop.ports().windows.foreground().unwrap();
        Self { desktop, form, cancel: Cancel::new() }
    }

    pub(crate) fn element(&self, name: &str) -> ElementIdentity {
        self.desktop.element(&self.form, name).unwrap_or_else(|| panic!("no {name}"))
    }

    pub(crate) fn target(&self) -> Resource {
        self.desktop.input_target(&self.form).unwrap()
    }

    /// Everything that a test may do to the form.
    pub(crate) fn permit(&self) -> Permit {
        let window = self.desktop.window_resource(&self.form).unwrap();
        permit(
            &[
                Effect::ReadWindows,
                Effect::ReadPixels,
                Effect::SendInput,
                Effect::OperateControl,
                Effect::ArrangeWindows,
                Effect::CloseWindows,
            ],
            &[self.target(), window],
        )
        .unwrap()
    }
}
