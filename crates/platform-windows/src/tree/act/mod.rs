//! Operating one control through its own messages. What may open a dialog is posted and never waited for; afterwards the
//! control's own state is read back, and only that counts as shown. Which act suits a task is for the tools to know.

mod choose;
mod fill;
mod press;
mod reach;

use super::Found;
use super::ask::{self, Asker};
use super::control::Control;
use super::facts;
use super::items::Item;
use super::remote::Reached;
use portcullis_model::{CancelReason, Deadline, Role};
use portcullis_platform::{ControlAct, Delivered, PortFault, PortResult, Shown};
use std::time::Duration;
use windows::Win32::Foundation::HWND;
use windows::Win32::UI::WindowsAndMessaging::WM_NULL;

/// How long a control may take to show what was done to it.
const EFFECT_SLICE: Duration = Duration::from_millis(500);
/// How often that is looked for.
const POLL_STEP: Duration = Duration::from_millis(5);

/// One act on one control.
#[derive(Debug)]
struct Operation<'act> {
    /// For questions, each within its time.
    asker: &'act Asker<'act>,
    root: HWND,
    control: Control,
    item: Option<Item>,
}

/// Whether the target answered a message that does something. When it did not, the message still takes effect later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Answered(isize),
    Pending,
}

impl From<Reached> for Told {
    fn from(reached: Reached) -> Self {
        match reached {
            Reached::Answered => Self::Answered(0),
            Reached::Pending => Self::Pending,
        }
    }
}

/// Operates the control that was found.
pub(super) fn act(asker: &Asker<'_>, found: Found, act: &ControlAct) -> PortResult<Delivered> {
    let Found { root, control, item } = found;
    let operation = Operation { asker, root, control, item };
    operation.require_enabled(act)?;
    // A window that does not answer is told nothing: nobody would see when it does it.
    asker.send(root, WM_NULL, 0, 0)?;
    match act {
        ControlAct::Invoke => operation.invoke(),
        ControlAct::Toggle => operation.toggle(),
        ControlAct::Select => operation.select(),
        ControlAct::Expand => operation.open(true),
        ControlAct::Collapse => operation.open(false),
        ControlAct::SetValue(value) => operation.set_value(value),
        ControlAct::ScrollIntoView => operation.scroll_into_view(),
        ControlAct::Focus => operation.focus(),
        ControlAct::SelectText { from, to } => operation.select_text(*from, *to),
    }
}

fn not_operable<T>(what: impl Into<String>) -> PortResult<T> {
    Err(PortFault::NotOperable(what.into()))
}

impl Operation<'_> {
    /// Fails when the control, its item or anything around it takes no input. Looking at it needs no such leave.
    fn require_enabled(&self, act: &ControlAct) -> PortResult<()> {
        if *act == ControlAct::ScrollIntoView {
            return Ok(());
        }
        let mut window = self.control.window;
        let mut enabled = self.item.as_ref().is_none_or(|item| item.states.enabled) && facts::is_enabled(window);
        while enabled && window != self.root {
            window = facts::parent(window);
            enabled = !window.is_invalid() && facts::is_enabled(window);
        }
        if enabled { Ok(()) } else { Err(PortFault::Disabled) }
    }

    fn window(&self) -> HWND {
        self.control.window
    }

    /// The window that the control reports to.
    fn parent(&self) -> HWND {
        facts::parent(self.control.window)
    }

    /// What the element is, as a reader would call it.
    fn role(&self) -> Role {
        self.item.as_ref().map_or_else(|| super::class::role(self.control.kind, self.control.style), |item| item.role)
    }

    /// The item's position in a flat list.
    fn position(&self) -> PortResult<usize> {
        match self.item.as_ref().map(|item| item.index.as_slice()) {
            Some([position]) => usize::try_from(*position).map_err(|_| PortFault::Gone),
            _ => Err(PortFault::Gone),
        }
    }

    /// Sends a message that does something.
    fn tell(&self, message: u32, wparam: usize, lparam: isize) -> PortResult<Told> {
        told(self.asker.send(self.window(), message, wparam, lparam))
    }

    /// Sends a message that does something and carries a text.
    fn tell_text(&self, message: u32, wparam: usize, text: &str) -> PortResult<Told> {
        told(self.asker.send_text(self.window(), message, wparam, text))
    }

    /// Posts what the control would have told its parent, had a person done it.
    fn notify(&self, code: u32) -> PortResult<()> {
        ask::post_notification(self.parent(), self.window(), self.control.id, code)
    }

    /// Looks in short steps until `shown`, and answers whether it ever was; `None` when the control could not be asked
    /// any more, which after a press is nothing unusual: its dialog may have closed.
    fn seen(&self, mut shown: impl FnMut() -> PortResult<bool>) -> Option<bool> {
        let until = Deadline::after(EFFECT_SLICE);
        loop {
            match shown() {
                Ok(true) => return Some(true),
                Ok(false) if until.passed() => return Some(false),
                Ok(false) => self.asker.cancel().wait(POLL_STEP).ok()?,
                Err(_) => return None,
            }
        }
    }

    /// The answer to an act: what was sent, and what is seen of it once the target has answered.
    fn delivered(&self, by: &str, told: Told, shown: impl FnMut() -> PortResult<bool>) -> Delivered {
        match told {
            Told::Answered(_) => Delivered { by: by.to_owned(), shown: self.seen(shown).into() },
            Told::Pending => Delivered { by: format!("{by}, not answered yet"), shown: Shown::Unknown },
        }
    }
}

fn told(answer: PortResult<isize>) -> PortResult<Told> {
    match answer {
        Ok(answer) => Ok(Told::Answered(answer)),
        Err(PortFault::Hung) => Ok(Told::Pending),
        Err(PortFault::Interrupted(interrupted)) if interrupted.0 == CancelReason::Deadline => Ok(Told::Pending),
        Err(fault) => Err(fault),
    }
}

/// A posted act whose effect the control cannot show.
fn posted(by: &str) -> Delivered {
    Delivered { by: by.to_owned(), shown: Shown::Unknown }
}
