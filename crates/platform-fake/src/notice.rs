//! Notifications in memory: each that was shown is kept, and a test says what Windows tells of it.

use crate::desktop::{Call, FakeDesktop};
use portcullis_model::{Cancel, Deadline, Effect, Notice, Resource};
use portcullis_platform::{NoticePort, NoticeShown, Permit, PortResult};

/// What was shown, and what is told of the next.
#[derive(Default)]
pub(crate) struct Notices {
    pub(crate) shown: Vec<Notice>,
    /// How many of them were taken away.
    taken_away: usize,
    told: Option<NoticeShown>,
}

impl FakeDesktop {
    /// What was shown, the first first.
    pub fn notices(&self) -> Vec<Notice> {
        self.lock().notices.shown.clone()
    }

    /// How many of them were taken away, which is not the same as what Windows took away by itself.
    pub fn notices_taken_away(&self) -> usize {
        self.lock().notices.taken_away
    }

    /// Lays down what is told of every notice from now on; a balloon that came up when nothing is.
    pub fn set_notice_answer(&self, told: NoticeShown) {
        self.lock().notices.told = Some(told);
    }
}

impl NoticePort for FakeDesktop {
    fn show(&self, permit: &Permit, notice: &Notice, deadline: Deadline, cancel: &Cancel) -> PortResult<NoticeShown> {
        permit.require(Effect::ShowNotification, &Resource::Notifications)?;
        self.enter(Call::ShowNotice, Some(deadline), Some(cancel))?;
        let mut state = self.lock();
        let told = state.notices.told.unwrap_or(NoticeShown::Balloon { seen: true });
        if told != NoticeShown::TurnedOff {
            state.notices.shown.push(notice.clone());
        }
        Ok(told)
    }

    fn take_away(&self) {
        let mut state = self.lock();
        state.notices.taken_away = state.notices.shown.len();
    }
}
