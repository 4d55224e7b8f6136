//! Arguments that many of these tools have, written once: which process, which element. Their names are the source's.

use crate::args::{Int, Text};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;

/// The number of a process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pid(pub(super) u32);

impl<'de> Deserialize<'de> for Pid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = Int::<1, 2_147_483_647>::deserialize(deserializer)?;
        // The range fits.
        Ok(Self(u32::try_from(number.get()).unwrap_or_default()))
    }
}

impl JsonSchema for Pid {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Pid".into()
    }

    /// Short, since every one of these tools has it: the range is told where it is broken.
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer" })
    }
}

/// The id of an element, as another tool told it.
pub(super) type ElementId = Text<256>;
/// The name of a property, event or the like.
pub(super) type Label = Text<256>;

/// Which process a call means.
pub(super) trait OfProcess {
    /// None for the active one.
    fn process(&self) -> Option<u32>;
}

/// A text inside of an argument.
pub(super) fn text<const MAX: usize>(text: Option<&Text<MAX>>) -> Option<&str> {
    text.map(|text| text.0.as_str())
}

/// A number of an argument, or what holds where nothing is said.
pub(super) fn number<const MIN: i64, const MAX: i64>(given: Option<Int<MIN, MAX>>, silent: u32) -> u32 {
    given.and_then(|number| u32::try_from(number.get()).ok()).unwrap_or(silent)
}

/// Declares the arguments of a tool; `processId` is among them.
macro_rules! wpf_args {
    ($(#[$about:meta])* $name:ident { $($(#[$field_about:meta])* $field:ident: $type:ty),* $(,)? }) => {
        $(#[$about])*
        #[derive(serde::Deserialize, schemars::JsonSchema)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub(super) struct $name {
            process_id: Option<crate::wpf::args::Pid>,
            $($(#[$field_about])* $field: $type,)*
        }

        impl crate::wpf::args::OfProcess for $name {
            fn process(&self) -> Option<u32> {
                self.process_id.map(|process| process.0)
            }
        }
    };
}
pub(super) use wpf_args;
