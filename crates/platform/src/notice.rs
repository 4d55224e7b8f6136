//! Telling the person at the machine something beside the windows. What may be told is in `model`; who may tell it is for
//! policy to say.

use crate::{Permit, PortResult};
use portcullis_model::{Cancel, Deadline, Notice};

/// The way in which a notice was given to Windows, and what Windows tells of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeShown {
    /// As a toast, of which nothing more is told.
    Toast,
    /// As a balloon of the notification area; whether Windows told that it came up.
    Balloon {
        /// It did.
        seen: bool,
    },
    /// Not at all: the user has notifications of this program, or all, turned off.
    TurnedOff,
}

/// Notifications.
pub trait NoticePort: Send + Sync {
    /// Shows the notice as plain text: as a toast where this program has an identity of its own on the machine, else as a balloon,
    /// which goes by itself. Makes no identity. Needs `ShowNotification`.
    fn show(&self, permit: &Permit, notice: &Notice, deadline: Deadline, cancel: &Cancel) -> PortResult<NoticeShown>;

    /// Takes away what is still shown and would otherwise be left to the notification area, which notices late that a program is
    /// gone. For the end of the server: waits a fraction of a second at most, and a balloon that comes after it goes at once.
    fn take_away(&self);
}
