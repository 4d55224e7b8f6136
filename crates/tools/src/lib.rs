//! The tools: one module for each family, one descriptor for each tool. A tool is two functions, `plan` and `apply`; what
//! it may do is decided between them by the gate. No transport, no protocol and no policy lives here.

mod args;
mod batch;
mod catalogue;
mod context;
mod descriptor;
mod foreign;
mod located;
mod scheduled;
mod schema;
mod services;
mod session;
mod shell;
mod sound;
mod tool;

mod clipboard;
mod desktop;
mod events;
mod explain;
mod files;
mod kept;
mod network;
mod notify;
mod processes;
mod registry;
mod system;
mod tasks;
mod wait;
mod wpf;

pub use catalogue::Catalogue;
pub use context::{
    ApplyContext, Background, EndedTask, NameRules, PlanContext, Progress, Readers, StepCalls, Tables, TargetRules,
    TaskInfo, TaskView, Unwatched,
};
pub use descriptor::{Annotations, Descriptor, Lane, Shape};
pub use explain::{Explained, Explanation, PolicyView, Verdict};
pub use foreign::{ForeignTool, canonical, foreign_name, windows_mcp};
pub use kept::{RESOURCE_TEMPLATES, TEXT_CAP as RESOURCE_TEXT_CAP, Total as KeptTotal};
pub use tool::{AnyTool, Applied, PlannedCall, StepCall};
pub use wpf::join;
