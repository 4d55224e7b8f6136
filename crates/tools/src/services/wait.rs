//! Waiting until a service has come to a state. It is looked at again and again within the call's time; nothing is told here.

use crate::context::ApplyContext;
use portcullis_model::{Deadline, Fault};
use portcullis_platform::{HeldService, ServiceState, ServiceStatus};
use portcullis_policy::Permit;
use std::time::Duration;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// The state of a service once it is on its way no longer, or as it is at the end of the time.
pub(super) fn settled(
    service: &dyn HeldService,
    until: Deadline,
    permit: &Permit,
    cx: &ApplyContext<'_>,
) -> Result<ServiceStatus, Fault> {
    loop {
        let status = service.status(permit)?;
        let on_its_way = matches!(
            status.state,
            ServiceState::StartPending
                | ServiceState::StopPending
                | ServiceState::ContinuePending
                | ServiceState::PausePending
        );
        if !on_its_way || until.passed() {
            return Ok(status);
        }
        cx.cancel.wait(until.slice(LOOK).remaining())?;
    }
}
