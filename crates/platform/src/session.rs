//! Whether the desktop can be seen and operated at all.

use crate::{Permit, PortResult};
use portcullis_model::{Fault, FaultCode, Resource};

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

/// What a session of this machine is connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionLink {
    /// The screen and keyboard of the machine itself, with a user signed in.
    Console,
    /// Another machine, with a user signed in.
    Remote,
    /// Something, and nobody is signed in: a logon screen, a listener.
    NoUser,
    /// Nothing.
    Disconnected,
}

/// Whose a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionUser {
    /// The user's that runs the server.
    Own,
    /// Another user's, or of one who cannot be told.
    Other,
    /// Nobody's.
    Nobody,
}

/// One session of this machine, without its name or its user's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserSession {
    /// Its number.
    pub id: u32,
    /// What it is connected to.
    pub link: SessionLink,
    /// Whose it is.
    pub user: SessionUser,
    /// Whether the server runs in it.
    pub is_ours: bool,
}

impl UserSession {
    /// As what a permit must cover.
    pub fn resource(&self) -> Resource {
        Resource::UserSession { id: self.id, own: self.user == SessionUser::Own }
    }
}

/// The session.
pub trait SessionPort: Send + Sync {
    /// The state now. No content, so no permit.
    fn state(&self) -> SessionState;

    /// Asks Windows to lock the session, which it does in its own time. Needs `LockSession`.
    fn lock(&self, permit: &Permit) -> PortResult<()>;

    /// The sessions of this machine: numbers and states, no names, so no permit.
    fn sessions(&self) -> PortResult<Vec<UserSession>>;

    /// Asks Windows to connect a session of the server's own user to the machine's own screen, which it does in its own time.
    /// Needs `ConnectSession` on the session as it is at that moment.
    fn connect_to_console(&self, permit: &Permit, session: u32) -> PortResult<()>;
}
