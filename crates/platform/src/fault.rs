//! What a port answers when it cannot do as it was asked, in terms that a tool can turn into advice.

use crate::{EventFault, FileFault, LoadFault, NetworkFault, RegistryFault, ServiceFault, TaskFault};
use portcullis_model::{CancelReason, Fault, FaultCode, Interrupted, LoadStage, visible};
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
    /// The owner hides the window; the rule is named.
    #[error("the window is not shown")]
    Hidden(String),
    /// The target did not answer in time.
    #[error("the window did not answer within its time")]
    Hung,
    /// The deadline of the call passed, or it was withdrawn or stopped.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
    /// The control has no such ability.
    #[error("the control cannot {0}")]
    NotOperable(String),
    /// It is there, and marked as a secret.
    #[error("it is a secret: {0}")]
    Secret(String),
    /// The control takes no input at present.
    #[error("the control is disabled")]
    Disabled,
    /// The target runs with more rights than we do (UIPI).
    #[error("the target runs with more rights than the server")]
    Elevated,
    /// The desktop cannot be operated now: locked, secure or disconnected.
    #[error("the desktop cannot be operated: {0:?}")]
    Session(crate::SessionState),
    /// A file or folder cannot be used so.
    #[error(transparent)]
    File(#[from] FileFault),
    /// A key or value of the registry cannot be used so.
    #[error(transparent)]
    Registry(#[from] RegistryFault),
    /// A host cannot be used so.
    #[error(transparent)]
    Network(#[from] NetworkFault),
    /// A service cannot be used so.
    #[error(transparent)]
    Service(#[from] ServiceFault),
    /// The inspector could not be loaded.
    #[error(transparent)]
    Load(LoadFault),
    /// A scheduled task cannot be used so.
    #[error(transparent)]
    Task(#[from] TaskFault),
    /// The event log cannot be read so.
    #[error(transparent)]
    Event(#[from] EventFault),
    /// Another server of this session is sending input.
    #[error("another server is sending input")]
    InputBusy,
    /// The chord is the key by which the owner stops the work.
    #[error("the chord holds the owner's stop key")]
    StopKey,
    /// Windows lets administrators alone do it.
    #[error("Windows lets administrators alone do it")]
    NeedsAdministrator,
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
            PortFault::Hidden(rule) => Self::new(FaultCode::Denied, message)
                .rule(rule)
                .remedy("the owner can take it from `capture.exclude` there"),
            PortFault::Hung => Self::new(FaultCode::HungTarget, message)
                .rule("a window whose thread does not answer is told nothing: nobody would see when it does it")
                .remedy("wait for the program with WaitFor, or work in another window"),
            PortFault::NotOperable(_) => Self::new(FaultCode::NotOperable, message)
                .rule("a control does what its kind can do")
                .remedy("choose another action, or operate the control with Click and Type"),
            PortFault::Secret(_) => Self::new(FaultCode::Denied, message)
                .rule("secrets never leave the machine")
                .remedy("ask the person at the machine; what is copied anew without the mark can be read"),
            PortFault::Disabled => Self::new(FaultCode::Disabled, message)
                .rule("what a person could not operate now is not operated")
                .remedy("find out what enables it; WaitFor can wait until it is enabled"),
            PortFault::Elevated => Self::new(FaultCode::ElevatedTarget, message)
                .rule("Windows lets no program operate one with more rights")
                .remedy("the owner can operate that window, or start the program without elevation"),
            PortFault::Session(state) => state.into(),
            PortFault::File(file) => file.into(),
            PortFault::Registry(fault) => fault.into(),
            PortFault::Network(fault) => fault.into(),
            PortFault::Service(fault) => fault.into(),
            PortFault::Load(fault) => fault.into(),
            PortFault::Task(fault) => fault.into(),
            PortFault::Event(fault) => fault.into(),
            PortFault::InputBusy => Self::new(FaultCode::InputBusy, message).remedy("try again in a moment"),
            PortFault::StopKey => Self::new(FaultCode::Denied, message)
                .rule("the stop key is pressed by the owner alone")
                .remedy("end a call by withdrawing it; to stop all work is for the owner"),
            PortFault::NeedsAdministrator => Self::new(FaultCode::Denied, message)
                .rule("Windows' own access rights; the server never elevates itself")
                .remedy("an administrator can do it at the machine, or start the server elevated"),
            PortFault::Unsupported(_) => Self::new(FaultCode::Unsupported, message),
            PortFault::System { .. } => Self::new(FaultCode::SystemError, message),
        }
    }
}

impl From<FileFault> for Fault {
    fn from(fault: FileFault) -> Self {
        let message = fault.to_string();
        match fault {
            FileFault::Missing => Self::new(FaultCode::NotFound, message)
                .remedy("list the folder with FileList; names are compared whole"),
            FileFault::Exists => Self::new(FaultCode::BadArgument, message)
                .rule("what is there is replaced only when the call says so")
                .remedy("choose another path, or say `overwrite: true` where the tool has it"),
            FileFault::NotFolder => {
                Self::new(FaultCode::BadArgument, message).remedy("name a folder; FileInfo tells what a path is")
            }
            FileFault::NotFile => {
                Self::new(FaultCode::BadArgument, message).remedy("name a file; FileInfo tells what a path is")
            }
            FileFault::AccessDenied => Self::new(FaultCode::Denied, message)
                .rule("the file's own access rights")
                .remedy("the owner can give this user the right, in Properties > Security"),
            FileFault::InUse => {
                Self::new(FaultCode::SystemError, message).remedy("close it in the other program, then try again")
            }
            FileFault::Full => Self::new(FaultCode::SystemError, message).remedy("make room on the drive"),
            FileFault::LeadsAway => Self::new(FaultCode::Denied, message)
                .rule("files lie on drives of this machine: no share, mapped drive, device or volume without a letter")
                .remedy("copy it to a drive of this machine first"),
            FileFault::NotEmpty => Self::new(FaultCode::BadArgument, message)
                .rule("a folder with what it holds is deleted only when the call says so")
                .remedy("say `recursive: true`"),
            FileFault::OtherDrive => Self::new(FaultCode::BadArgument, message).remedy("use FileCopy, then FileDelete"),
            FileFault::TooManyLinks => {
                Self::new(FaultCode::BadArgument, message).remedy("name the path that the links lead to")
            }
        }
    }
}

impl From<RegistryFault> for Fault {
    fn from(fault: RegistryFault) -> Self {
        let message = fault.to_string();
        match fault {
            RegistryFault::NoKey => Self::new(FaultCode::NotFound, message)
                .remedy("list the key above with RegList; 32- and 64-bit programs may see different keys, see `view`"),
            RegistryFault::NoValue => Self::new(FaultCode::NotFound, message).remedy("list the key with RegList"),
            RegistryFault::AccessDenied => Self::new(FaultCode::Denied, message)
                .rule("the key's own access rights")
                .remedy("the owner can give this user the right, in the registry editor"),
            RegistryFault::HasKeys => Self::new(FaultCode::BadArgument, message)
                .rule("a key with keys below it is deleted only when the call says so")
                .remedy("say `recursive: true`"),
            RegistryFault::Changed => Self::new(FaultCode::Denied, message)
                .rule("what is used is the key that was decided on")
                .remedy("look again with RegList, then repeat the call"),
            RegistryFault::TooLarge => {
                Self::new(FaultCode::TooLarge, message).remedy("no tool tells a value of this size")
            }
        }
    }
}

impl From<NetworkFault> for Fault {
    fn from(fault: NetworkFault) -> Self {
        let message = fault.to_string();
        match fault {
            NetworkFault::UnknownHost => Self::new(FaultCode::NotFound, message)
                .remedy("write the name as its owner does, or name the host by its address"),
            NetworkFault::NameLate | NetworkFault::Silent => {
                Self::new(FaultCode::TimedOut, message).remedy("try again, or see with PortCheck whether it is there")
            }
            NetworkFault::Refused => {
                Self::new(FaultCode::NotFound, message).remedy("see with PortCheck which port answers")
            }
            NetworkFault::Unreachable => Self::new(FaultCode::NotFound, message)
                .remedy("see whether this machine has a network, and a way to that address"),
        }
    }
}

impl From<ServiceFault> for Fault {
    fn from(fault: ServiceFault) -> Self {
        let message = fault.to_string();
        match fault {
            ServiceFault::NoService => Self::new(FaultCode::NotFound, message)
                .rule("a service is named by its own name, whole, not by the one that is shown")
                .remedy("ServiceList tells the names"),
            ServiceFault::AccessDenied => Self::new(FaultCode::Denied, message)
                .rule("the service's own access rights; most services need an administrator")
                .remedy("the owner can start or stop it, or give this user the right"),
            ServiceFault::Disabled => Self::new(FaultCode::Disabled, message)
                .rule("a disabled service does not start")
                .remedy("the owner can change its start type"),
            ServiceFault::TakesNoStop => Self::new(FaultCode::NotOperable, message)
                .rule("a service stops when it takes the word to")
                .remedy("ServiceList tells `accepts_stop`; try again once it is true"),
            ServiceFault::Running => Self::new(FaultCode::BadArgument, message).remedy("stop it first"),
            ServiceFault::NotRunning => Self::new(FaultCode::BadArgument, message).remedy("start it first"),
            ServiceFault::HasDependents => Self::new(FaultCode::BadArgument, message)
                .rule("a service that others need stops only when the call says that they stop too")
                .remedy("say `dependents: true`, or stop them first"),
            ServiceFault::DidNotStart(_) => Self::new(FaultCode::SystemError, message)
                .remedy("look at the service's program and account, and at what it needs"),
        }
    }
}

impl From<LoadFault> for Fault {
    fn from(fault: LoadFault) -> Self {
        use LoadStage as Stage;
        let message = match fault.stage {
            Stage::NoPayload => "this build has no inspector to load".to_owned(),
            _ => fault.to_string(),
        };
        let (code, remedy) = match fault.stage {
            Stage::NoPayload => (
                FaultCode::Unsupported,
                "take a build with payloads (`cargo xtask build`), or have the application take the inspector in by itself",
            ),
            Stage::Payload => (FaultCode::SystemError, "see whether the user's temporary folder can be written"),
            Stage::Open => {
                (FaultCode::ElevatedTarget, "start the application without elevation; the server never elevates itself")
            }
            Stage::Identity => (FaultCode::StaleRef, "look again with get_processes"),
            Stage::Architecture => (
                FaultCode::Unsupported,
                "have the application take the inspector in by itself, with `InspectorSdk.Initialize()`",
            ),
            Stage::NoRuntime => (
                FaultCode::Unsupported,
                "an application whose runtime is inside its own file takes the inspector in by itself alone",
            ),
            Stage::Late => {
                (FaultCode::TimedOut, "see with get_processes whether the application answers, then try again")
            }
            Stage::Full => (FaultCode::SystemError, "end another session with the application first"),
            Stage::Proof | Stage::Pipe | Stage::Parameters => {
                (FaultCode::Denied, "something stands between server and application; see whether they run as one user")
            }
            Stage::Allocate | Stage::Write | Stage::Thread | Stage::Library | Stage::Hosting => (
                FaultCode::SystemError,
                "see whether a guard against loaded code keeps it away; the application can take the inspector in by itself",
            ),
            Stage::Internal => (FaultCode::Internal, "try again"),
        };
        Self::new(code, message).remedy(remedy)
    }
}

impl From<TaskFault> for Fault {
    fn from(fault: TaskFault) -> Self {
        let message = fault.to_string();
        match fault {
            TaskFault::NoTask => Self::new(FaultCode::NotFound, message)
                .rule("a task is named by its whole path")
                .remedy("TaskList tells the paths"),
            TaskFault::Exists => Self::new(FaultCode::BadArgument, message)
                .rule("what is there is replaced only when the call says so")
                .remedy("choose another name, or say `overwrite: true`"),
            TaskFault::AccessDenied => Self::new(FaultCode::Denied, message)
                .rule("the scheduler's own access rights: onstart, a logon of anybody, other accounts and highest rights need an administrator")
                .remedy("leave those out, name your own account in `user`, or the owner makes the task"),
            TaskFault::BadDefinition(_) => Self::new(FaultCode::BadArgument, message)
                .rule("a definition follows the scheduler's schema, version 1.2 and later")
                .remedy("compare it with the XML that TaskList tells of a task with `name`"),
            TaskFault::NoAccount => Self::new(FaultCode::BadArgument, message)
                .rule("a task runs as an account of this machine or its domain")
                .remedy("name it as DOMAIN\\name, or leave it out"),
        }
    }
}

impl From<EventFault> for Fault {
    fn from(fault: EventFault) -> Self {
        let message = visible(&fault.to_string(), Self::RULE_LIMIT);
        match fault {
            EventFault::NoChannel => Self::new(FaultCode::NotFound, message)
                .rule("a channel is named whole, as the Event Viewer's properties of a log tell it")
                .remedy("take one of the nearest names, or leave it out for System"),
            EventFault::AccessDenied => Self::new(FaultCode::Denied, message)
                .rule("the channel's own access rights; Security needs an administrator")
                .remedy("the owner can add the user to the group Event Log Readers"),
            EventFault::BadQuery(_) => Self::new(FaultCode::BadArgument, message)
                .rule("a query is XPath 1.0 as far as the event log knows it")
                .remedy("write it as in the XML view of a filter in the Event Viewer: *[System[(EventID=7036)]]"),
        }
    }
}

impl From<CancelReason> for PortFault {
    fn from(reason: CancelReason) -> Self {
        Self::Interrupted(Interrupted(reason))
    }
}
