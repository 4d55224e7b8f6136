//! What a port answers when it cannot do as it was asked, in terms that a tool can turn into advice.

use portcullis_model::{CancelReason, Fault, FaultCode, Interrupted};
use portcullis_policy::OutsidePermit;

/// Why a port did not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PortFault {
    /// The permit does not cover what was really opened.
    #[error(transparent)]
    OutsidePermit(#[from] OutsidePermit),
    /// The window or element is gone, or has become another one.
    #[error("the element is gone or has become another one")]
    Gone,
    /// The target did not answer in time.
    #[error("the window did not answer within its time")]
    Hung,
    /// The deadline of the call passed, or it was withdrawn or stopped.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
    /// The control has no such ability.
    #[error("the control cannot {0}")]
    NotOperable(String),
    /// The control takes no input at present.
    #[error("the control is disabled")]
    Disabled,
    /// The target runs with more rights than we do (UIPI).
    #[error("the target runs with more rights than the server")]
    Elevated,
    /// The desktop cannot be operated now: locked, secure or disconnected.
    #[error("the desktop cannot be operated: {0:?}")]
    Session(crate::SessionState),
    /// Another server of this session is sending input.
    #[error("another server is sending input")]
    InputBusy,
    /// This machine lacks what the call needs.
    #[error("this machine cannot do it: {0}")]
    Unsupported(String),
    /// The operating system refused, with its own code.
    #[error("{call} failed: {code:#010x}")]
    System {
        /// The API that failed.
        call: &'static str,
        /// Its error code (`GetLastError` or an HRESULT).
        code: u32,
    },
}

/// What a port gives.
pub type PortResult<T> = Result<T, PortFault>;

impl From<PortFault> for Fault {
    fn from(fault: PortFault) -> Self {
        let message = fault.to_string();
        match fault {
            PortFault::OutsidePermit(outside) => outside.into(),
            PortFault::Interrupted(interrupted) => interrupted.into(),
            PortFault::Gone => Self::new(FaultCode::StaleRef, message).remedy("look again with Snapshot"),
            PortFault::Hung => Self::new(FaultCode::HungTarget, message)
                .remedy("wait for the program with WaitFor, or work in another window"),
            PortFault::NotOperable(_) => Self::new(FaultCode::NotOperable, message)
                .remedy("choose another action, or operate the control with Click and Type"),
            PortFault::Disabled => Self::new(FaultCode::Disabled, message)
                .remedy("find out what enables it; WaitFor can wait until it is enabled"),
            PortFault::Elevated => Self::new(FaultCode::ElevatedTarget, message)
                .remedy("the owner can operate that window, or start the program without elevation"),
            PortFault::Session(state) => state.into(),
            PortFault::InputBusy => Self::new(FaultCode::InputBusy, message).remedy("try again in a moment"),
            PortFault::Unsupported(_) => Self::new(FaultCode::Unsupported, message),
            PortFault::System { .. } => Self::new(FaultCode::SystemError, message),
        }
    }
}

impl From<CancelReason> for PortFault {
    fn from(reason: CancelReason) -> Self {
        Self::Interrupted(Interrupted(reason))
    }
}
