//! The messages: one request and one result for each of the inspector's primitives. They carry facts; what follows from them is
//! the server's to say. Every list has a cap that is named beside it and asked on both sides.

mod act;
mod bindings;
mod envelope;
mod events;
mod facets;
mod objects;
mod props;
mod session;
mod tree;
mod write;

pub use act::*;
pub use bindings::*;
pub use envelope::*;
pub use events::*;
pub use facets::*;
pub use objects::*;
pub use props::*;
pub use session::*;
pub use tree::*;
pub use write::*;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a message's type numbers mean. Each message explains all that it uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TypeRow {
    /// The number, good for this session.
    pub id: u32,
    /// The type's own name: `Button`.
    pub name: String,
    /// With its namespace: `System.Windows.Controls.Button`.
    pub full: String,
}
