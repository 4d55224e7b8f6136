//! Decides who may do what. Rules and a typed ask go in; a grant, a denial or a challenge comes out, and only a recorded
//! grant becomes the [`Permit`] that ports ask for. No I/O, no clock of its own, no knowledge of any tool by name.

mod decision;
mod files;
mod filter;
mod gates;
mod hosts;
mod own;
mod permit;
mod places;
mod rates;
mod registry;
mod restrict;
mod roots;
mod targets;
mod view;
mod widen;
mod wpf;

pub use decision::{Approval, Ask, Challenge, Decision, Denial, Rules, ToolRow};
pub use files::FileRules;
pub use filter::{FilterError, FilterSpec, ToolFilter, ToolWords};
pub use gates::Gates;
pub use hosts::HostRules;
pub use own::OwnRules;
pub use permit::{Grant, NotFollowed, OutsidePermit, Permit};
pub use rates::{Budget, DEFAULT_CALLS, Meter, RateWords, weight};
pub use registry::RegistryRules;
pub use restrict::Restrictions;
pub use roots::{Roots, roots};
pub use targets::{is_command_chord, is_command_host, is_command_host_window};
pub use widen::Widening;
pub use wpf::{WpfPins, WpfTargets};
