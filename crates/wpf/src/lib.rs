//! Sessions with the inspector inside WPF applications: the secure channel, requests and events on it, and the names that its
//! elements have for one caller; and judgement, which makes answers of the inspector's facts. What a caller may ask is not decided
//! here.

mod ask;
mod bindings;
mod certificate;
mod channel;
mod connect;
mod discovery;
mod events;
mod facts;
mod fault;
mod find;
mod health;
mod home;
mod interaction;
mod kinds;
mod layout;
mod leaks;
mod memory;
mod mvvm;
mod names;
mod picture;
mod proof;
mod props;
mod reading;
mod rendezvous;
mod scene;
mod session;
mod sessions;
mod state;
mod styles;
mod tree;
mod xaml;

pub use ask::{AppText, Asker, Named, capabilities};
pub use bindings::{
    Affected, BindingErrors, Bindings, Mismatches, StatusFilter, Updated, ValueChain, affected, binding_errors,
    bindings, mismatches, update, value_chain,
};
pub use connect::{ConnectPlan, Way, connect};
pub use discovery::{ProcessRow, refuse_loading};
pub use events::{
    DpWaited, DrainAsk, DrainKind, Drained, RenderStats, TraceAsk, TraceMode, Traced, WaitAsk, Watching, drain,
    render_stats, trace, wait_for, watch,
};
pub use fault::{CallFault, ConnectFault};
pub use find::{Found, Search, VISIT_CAP, VISIT_DEFAULT, Windows, find, windows};
pub use health::{Pong, ping};
pub use home::{Home, homes};
pub use interaction::{Acted, FocusState, click, drag, focus, focus_state, key, operate, raise, scroll_to};
pub use layout::{
    Clipping, Highlighted, LayoutInfo, Readiness, Relaid, RenderTime, Visibility, clipping, highlight, invalidate,
    layout, readiness, render_time, visibility,
};
pub use leaks::{Leaks, leaks};
pub use mvvm::{
    Commands, ContextChain, Executed, Modified, ValidationErrors, ViewModel, commands, context_chain, execute, modify,
    validation_errors, view_model,
};
pub use names::{ElementNames, NAME_CAP};
pub use picture::{Picture, Pixels, picture};
pub use props::{Cleared, EXPANSION_CAP, Metadata, ValueSource, Written, clear, metadata, set, value_source};
pub use reading::{ReadFault, element_text, identity, read_element, read_window};
pub use scene::{ElementSnapshot, Form, Summary, element_snapshot, form, summary};
pub use session::{EVENT_CAP, Session, Waited};
pub use sessions::{SESSION_CAP, Sessions};
pub use state::{CaptureAsk, Captured, Diff, Restored, capture, diff, keeps_members, restore};
pub use styles::{Handlers, ResourceChain, Styles, Triggers, handlers, resource_chain, styles, triggers};
pub use tree::{
    Comparison, NameScope, TREE_CHILDREN, TREE_DEPTH, TREE_NODES, Tree, TreeAnswer, TreeNode, TreeOptions, VisualCount,
    compare, namescope, tree, visual_count,
};
pub use xaml::{Xaml, xaml};

pub use portcullis_wpf_protocol::Handle;
