//! Services: what there is, and one that is meant to start or stop. What a state means for a caller belongs to the tools.

use crate::{Permit, PortResult};
use portcullis_model::{Cancel, Deadline, Resource, ServiceName, Standing, Untrusted};

/// What a service does now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceState {
    /// It does not run.
    Stopped,
    /// It is on its way to run.
    StartPending,
    /// It is on its way to stop.
    StopPending,
    /// It runs.
    Running,
    /// It is on its way from paused to running.
    ContinuePending,
    /// It is on its way to paused.
    PausePending,
    /// It rests.
    Paused,
    /// A state of a number that is not known here.
    Other(u32),
}

/// When a service is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceStartType {
    /// By the loader of the system.
    Boot,
    /// With the system.
    System,
    /// By the system once it is up.
    Auto,
    /// When it is asked for.
    Manual,
    /// Not at all.
    Disabled,
}

/// What is known of a service's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceStatus {
    /// What it does.
    pub state: ServiceState,
    /// The process that it runs in; 0 when it does not run.
    pub process: u32,
    /// Whether it takes the word to stop.
    pub accepts_stop: bool,
    /// What it ended with the last time, in Windows' numbers.
    pub exit_code: u32,
    /// The same in the service's own numbers, where `exit_code` says that there is one.
    pub own_exit_code: u32,
}

/// One service of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceInfo {
    /// Its name.
    pub name: Untrusted,
    /// The name that people are shown.
    pub display_name: Untrusted,
    /// Its state.
    pub status: ServiceStatus,
    /// When it is started, where we may know it.
    pub start: Option<ServiceStartType>,
}

/// Services as they are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceListing {
    /// In the order of the system.
    pub services: Vec<ServiceInfo>,
    /// Whether there are more than were asked for.
    pub more: bool,
}

/// Which service is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePlace {
    /// Its name.
    pub name: ServiceName,
    /// What the process that it runs in is to this server.
    pub standing: Standing,
}

impl ServicePlace {
    /// As a resource.
    pub fn resource(&self) -> Resource {
        Resource::Service { name: self.name.clone(), standing: self.standing }
    }
}

/// The services of this machine.
pub trait ServicePort: Send + Sync {
    /// Every service that is no driver, at most `cap`. Needs `ReadServices`.
    fn list(&self, permit: &Permit, cap: usize, cancel: &Cancel) -> PortResult<ServiceListing>;

    /// The service of this name, held. Tells identities, so no permit.
    fn resolve(&self, name: &ServiceName) -> PortResult<Box<dyn HeldService>>;
}

/// A service that is held. Each method asks anew what it is to this server.
pub trait HeldService: Send {
    /// Which it is.
    fn place(&self) -> &ServicePlace;

    /// Services that run and need this one, directly or through others, each before what it needs itself. Tells identities,
    /// so no permit.
    fn dependents(&self) -> PortResult<Vec<ServiceName>>;

    /// Its state. Needs `ControlServices`.
    fn status(&self, permit: &Permit) -> PortResult<ServiceStatus>;

    /// Tells it to start, with those that it needs. Needs `ControlServices`.
    fn start(&self, permit: &Permit, deadline: Deadline, cancel: &Cancel) -> PortResult<()>;

    /// Tells it to stop. Needs `ControlServices`.
    fn stop(&self, permit: &Permit, deadline: Deadline, cancel: &Cancel) -> PortResult<()>;
}

/// Why a service could not be used so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServiceFault {
    /// There is none of this name.
    #[error("there is no such service")]
    NoService,
    /// The user that runs the server may not.
    #[error("Windows refuses the service to the user that runs the server")]
    AccessDenied,
    /// It is set never to start.
    #[error("the service is disabled")]
    Disabled,
    /// It cannot stop, or not in its present state.
    #[error("the service does not take the word to stop now")]
    TakesNoStop,
    /// It runs already.
    #[error("the service runs already")]
    Running,
    /// It does not run.
    #[error("the service does not run")]
    NotRunning,
    /// Others that run need it.
    #[error("services that run need this one")]
    HasDependents,
    /// Its program did not come up.
    #[error("the service's program did not start: {0}")]
    DidNotStart(u32),
}
