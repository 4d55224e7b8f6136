//! Why a session did not begin, and why a request has no result, in terms that a tool can turn into advice.

use portcullis_model::{Fault, FaultCode, Interrupted, visible};
use portcullis_platform::PortFault;
use portcullis_wpf_protocol::{Capabilities, ErrorCode, WireError};
use serde_json::Value;

/// Why a session did not begin.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ConnectFault {
    /// The machine refused.
    #[error(transparent)]
    Port(#[from] PortFault),
    /// Another process than the application's came to the pipe.
    #[error("another process than the application came to the pipe")]
    WrongPeer,
    /// There is no secret for applications that open themselves, or it is too short.
    #[error("there is no secret for applications that open themselves")]
    NoSecret,
    /// The channel could not be secured: the step that failed is named.
    #[error("the channel could not be secured: {0}")]
    Insecure(&'static str),
    /// The inspector speaks another protocol.
    #[error(
        "the inspector speaks the protocol from {inspector_min} to {inspector_max}, this server from {server_min} to {server_max}"
    )]
    Version {
        /// The inspector's first version.
        inspector_min: u16,
        /// The inspector's last version.
        inspector_max: u16,
        /// The server's first version.
        server_min: u16,
        /// The server's last version.
        server_max: u16,
    },
    /// It did not come about in time.
    #[error("the inspector did not answer in time")]
    Late,
    /// The inspector's greeting contradicts what the system knows.
    #[error("the inspector says of itself what the system does not: {0}")]
    Lies(&'static str),
    /// A request of the beginning failed.
    #[error(transparent)]
    Call(#[from] CallFault),
}

impl From<ConnectFault> for Fault {
    fn from(fault: ConnectFault) -> Self {
        let message = fault.to_string();
        match fault {
            ConnectFault::Port(port) => port.into(),
            ConnectFault::Call(call) => call.into(),
            ConnectFault::NoSecret => Self::new(FaultCode::NotEnabled, message)
                .rule("an application that opens itself and the server know one secret of the user")
                .remedy("the owner makes one with `portcullis wpf secret rotate` and starts the application again"),
            ConnectFault::WrongPeer | ConnectFault::Insecure(_) | ConnectFault::Lies(_) => {
                Self::new(FaultCode::Denied, message)
                    .rule("both sides prove who they are before anything is asked")
                    .remedy("something else of this user meddles; see which processes run, then connect again")
                    .source_code("SecurityError")
            }
            ConnectFault::Version { .. } => Self::new(FaultCode::Unsupported, message)
                .rule("both sides speak one version of the protocol")
                .remedy("take server and inspector from one release; start the application again after an update")
                .source_code("CompatibilityError"),
            ConnectFault::Late => Self::new(FaultCode::TimedOut, message)
                .remedy("see with get_processes whether the application still runs, then connect again")
                .source_code("Timeout"),
        }
    }
}

/// Why a request has no result.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CallFault {
    /// The gates of the call do not allow it. A tool that comes here has asked for less than it does.
    #[error("the gates of this call do not allow it: {0} is lacking")]
    Shut(Capabilities),
    /// The inspector's own error.
    #[error("{}", .0.message)]
    Wire(WireError),
    /// The session has ended.
    #[error("the session with the application has ended: {0}")]
    Lost(&'static str),
    /// The inspector did not answer in time. The session goes on.
    #[error("the application did not answer in time")]
    Late,
    /// The call was withdrawn or stopped, or its deadline passed.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
    /// What came is no answer to what was asked.
    #[error("the inspector's answer is none: {0}")]
    NoAnswer(&'static str),
    /// Too many requests are on their way.
    #[error("too many requests to this application are on their way")]
    Full,
    /// The request is larger than a frame.
    #[error("the request is too large")]
    TooLarge,
}

impl CallFault {
    /// The inspector's code, where the inspector answered.
    pub fn wire_code(&self) -> Option<ErrorCode> {
        match self {
            Self::Wire(error) => Some(error.code),
            _ => None,
        }
    }
}

impl From<CallFault> for Fault {
    fn from(fault: CallFault) -> Self {
        let message = fault.to_string();
        match fault {
            CallFault::Shut(_) => Self::new(FaultCode::NotEnabled, message)
                .rule("a session holds the gates that were open when it began, and a call those that it names")
                .remedy("when the owner has opened the gate since, connect again")
                .source_code("SecurityError"),
            CallFault::Wire(error) => of_wire(&error, message),
            CallFault::Lost(_) => Self::new(FaultCode::StaleRef, message)
                .rule("a session ends with its application or its channel")
                .remedy("connect again with connect; element ids of the old session are gone")
                .source_code("TransportReset"),
            CallFault::Late => Self::new(FaultCode::HungTarget, message)
                .rule("a thread of the application that does not answer is not waited for beyond the call")
                .remedy("the session goes on; see with ping_inspector which thread does not answer, then try again")
                .source_code("Timeout"),
            CallFault::Interrupted(interrupted) => interrupted.into(),
            CallFault::NoAnswer(_) => Self::new(FaultCode::SystemError, message)
                .remedy("connect again; if it stays so, server and inspector are of different builds"),
            CallFault::Full => Self::new(FaultCode::RateLimited, message).remedy("wait for some of them"),
            CallFault::TooLarge => Self::new(FaultCode::TooLarge, message).remedy("ask for less at once"),
        }
    }
}

/// The code of an error for the caller, with the remedy of its kind.
fn of_wire(error: &WireError, message: String) -> Fault {
    let source = match error.code {
        ErrorCode::BadRequest => "InvalidRequest",
        ErrorCode::UnknownMethod => "MethodNotFound",
        ErrorCode::Denied | ErrorCode::Secret => "SecurityError",
        ErrorCode::StaleHandle => "ElementNotFound",
        ErrorCode::WrongKind => "InvalidElement",
        ErrorCode::NotFound | ErrorCode::ConvertFailed | ErrorCode::ReadOnly => "InvalidArgument",
        ErrorCode::Busy | ErrorCode::Running => "Timeout",
        ErrorCode::NotReady => "InteractionNotReady",
        ErrorCode::TooLarge => "PayloadTooLarge",
        ErrorCode::Full => "SessionLimitExceeded",
        ErrorCode::Internal => "InternalError",
        ErrorCode::Cancelled | ErrorCode::Unsupported | ErrorCode::AppException | ErrorCode::ShuttingDown => {
            "OperationFailed"
        }
    };
    let (code, remedy) = match error.code {
        ErrorCode::BadRequest => (FaultCode::BadArgument, "change the value that is named"),
        ErrorCode::UnknownMethod | ErrorCode::Internal => {
            (FaultCode::Internal, "connect again; if it stays so, server and inspector are of different builds")
        }
        ErrorCode::Denied => (FaultCode::NotEnabled, "the owner can open the gate; then connect again"),
        ErrorCode::Secret => (FaultCode::Denied, "leave the secret to the person at the machine"),
        ErrorCode::StaleHandle => {
            (FaultCode::StaleRef, "find the element again, with find_elements or get_visual_tree")
        }
        ErrorCode::WrongKind => (FaultCode::NotOperable, "choose an element of the kind that the tool needs"),
        ErrorCode::NotFound => (FaultCode::NotFound, "choose one of the names that are there"),
        ErrorCode::ConvertFailed => (FaultCode::BadArgument, "write the value as XAML would for this type"),
        ErrorCode::ReadOnly => (FaultCode::NotOperable, "choose another property; this one cannot be written"),
        ErrorCode::Busy => (FaultCode::HungTarget, "wait until the thread answers; ping_inspector tells"),
        ErrorCode::Running => (FaultCode::TimedOut, "look with get_windows at what it opened"),
        ErrorCode::Cancelled => (FaultCode::Cancelled, "call again if it is still wanted"),
        ErrorCode::NotReady => (FaultCode::NotOperable, "get_interaction_readiness says what stands in the way"),
        ErrorCode::Unsupported => (FaultCode::Unsupported, "use another tool for it"),
        ErrorCode::AppException => (FaultCode::SystemError, "it is the application's own error"),
        ErrorCode::TooLarge => (FaultCode::TooLarge, "ask for less at once"),
        ErrorCode::Full => (FaultCode::TooLarge, "end what is not needed any more, or connect again"),
        ErrorCode::ShuttingDown => (FaultCode::StaleRef, "connect again"),
    };
    let listed = |name: &str| error.data.as_ref().and_then(|data| data.get(name)).and_then(Value::as_array);
    let texts = |all: &Vec<Value>| -> Vec<String> {
        all.iter().filter_map(Value::as_str).map(|text| visible(text, Fault::VALUE_LIMIT)).collect()
    };
    let fault = Fault::new(code, visible(&message, Fault::RULE_LIMIT)).remedy(remedy).source_code(source);
    let fault = fault.candidates(listed("candidates").map(texts).unwrap_or_default());
    match listed("blockers").map(texts) {
        Some(blockers) if !blockers.is_empty() => fault.rule(format!("in the way: {}", blockers.join(", "))),
        _ => fault,
    }
}
