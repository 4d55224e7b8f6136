//! Whether the desktop can be seen and operated at all.

use crate::{Permit, PortResult};
use portcullis_model::{Fault, FaultCode};

/// What state the session is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionState {
    /// The user's desktop receives input.
    Active,
    /// The session is locked.
    Locked,
    /// A consent prompt or another secure desktop is in front.
    SecureDesktop,
    /// No display is connected to the session.
    Disconnected,
    /// The server runs in session 0, where no user's desktop is.
    ServiceSession,
}

impl From<SessionState> for Fault {
    fn from(state: SessionState) -> Self {
        match state {
            SessionState::Active => Self::new(FaultCode::Internal, "the desktop is active"),
            SessionState::Locked => {
                Self::new(FaultCode::DesktopLocked, "the desktop is locked").remedy("the owner has to unlock it")
            }
            SessionState::SecureDesktop => {
                Self::new(FaultCode::SecureDesktop, "a consent prompt or the logon screen is in front")
                    .remedy("the owner has to answer it")
            }
            SessionState::Disconnected => {
                Self::new(FaultCode::SessionDisconnected, "the session has no display connected")
                    .remedy("the owner has to connect to the session")
            }
            SessionState::ServiceSession => {
                Self::new(FaultCode::SessionDisconnected, "the server runs in session 0, where no desktop is")
                    .remedy("start the server as the signed-in user")
            }
        }
    }
}

/// The session.
pub trait SessionPort: Send + Sync {
    /// The state now. No content, so no permit.
    fn state(&self) -> SessionState;

    /// Asks Windows to lock the session, which it does in its own time. Needs `LockSession`.
    fn lock(&self, permit: &Permit) -> PortResult<()>;
}
