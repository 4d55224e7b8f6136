//! Notifications: a toast where the owner registered this program's identity, else a balloon of the notification area. Texts go
//! to Windows as they are, never as markup; what they may be is not decided here.

mod balloon;
mod toast;

use crate::helper::Helpers;
use portcullis_model::{Cancel, Deadline, Effect, Notice, Resource};
use portcullis_platform::{NoticePort, NoticeShown, Permit, PortResult};

static HELPERS: Helpers = Helpers::new();

/// The session's notifications.
#[derive(Default)]
pub(crate) struct Win32Notices {
    balloons: balloon::Balloons,
}

impl NoticePort for Win32Notices {
    fn show(&self, permit: &Permit, notice: &Notice, deadline: Deadline, cancel: &Cancel) -> PortResult<NoticeShown> {
        permit.require(Effect::ShowNotification, &Resource::Notifications)?;
        cancel.check()?;
        if toast::is_registered() {
            let theirs = notice.clone();
            // The notification platform is another process: hence the helper.
            let shown = HELPERS.run(deadline, cancel, move || toast::show(&theirs))?;
            if let Ok(shown) = shown {
                return Ok(shown);
            }
            // A system without toasts has balloons.
        }
        self.balloons.show(notice, deadline, cancel)
    }

    fn take_away(&self) {
        self.balloons.take_away();
    }
}
