//! Decides who may do what. Rules and a typed ask go in; a grant, a denial or a challenge comes out, and only a recorded
//! grant becomes the [`Permit`] that ports ask for. No I/O, no clock of its own, no knowledge of any tool by name.

mod decision;
mod filter;
mod permit;
mod targets;

pub use decision::{Approval, Ask, Challenge, Decision, Denial, Rules, ToolRow};
pub use filter::{FilterError, FilterSpec, ToolFilter};
pub use permit::{Grant, OutsidePermit, Permit};
pub use targets::{is_command_host, is_command_host_window};
