//! `RegDelete`: one value, or a key. A key that is a link goes itself, never what it leads to; all that lies below a key is
//! looked at before any of it goes.

use super::{KeyArg, VALUE_NAME_CAP, ViewArg, view, whole_name};
use crate::args::Text;
use crate::context::{ApplyContext, PlanContext};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::tool::{Planned, Tool};
use portcullis_model::{Access, Effect, Fault, FaultCode, Outcome, RegistryKey, Reply, Reversibility, Tier};
use portcullis_platform::{HeldKey, PortFault, RegistryFault};
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

/// Keys that one call deletes.
const KEYS_CAP: usize = 1_000;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RegDeleteArgs {
    /// HKCU\Software\Example; HKCR, HKLM, HKU, HKCC and long names too
    key: KeyArg,
    /// A value of the key, empty for the default one; left out: the key itself with its values
    value_name: Option<Text<VALUE_NAME_CAP>>,
    /// A key with all keys below it
    recursive: Option<bool>,
    /// As 64- or 32-bit programs see it, default 64
    view: Option<ViewArg>,
}

pub(super) enum Bound {
    Value { key: Box<dyn HeldKey>, name: String },
    Key { above: Box<dyn HeldKey>, name: String, key: Box<dyn HeldKey>, recursive: bool },
}

pub(super) struct RegDelete;

impl Tool for RegDelete {
    type Args = RegDeleteArgs;
    type Bound = Bound;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "RegDelete",
        title: "Delete from the registry",
        description: "Delete one value of a registry key (`value_name`), or the key with its values. A key with keys below it needs `recursive`. A link goes itself.",
        tier: Tier::Alter,
        effects: &[Effect::DeleteRegistry],
        annotations: Annotations { read_only: false, destructive: true, idempotent: true, open_world: false },
        shape: Shape::View,
        lane: Lane::Read,
        deadline: Duration::from_secs(20),
        needs_administrator: false,
        gates: &[],
        answer_cap: 2_000,
        secret_arguments: &[],
        examples: [
            (r#"{"key": "HKCU\\Software\\Example", "value_name": "Name"}"#, "Delete one value"),
            (r#"{"key": "HKCU\\Software\\Example", "recursive": true}"#, "Delete a key with all below it"),
        ],
    };

    fn plan(args: RegDeleteArgs, cx: &PlanContext<'_>) -> Result<Planned<Bound>, Fault> {
        let (key, view, recursive) = (args.key.0, view(args.view), args.recursive.unwrap_or(false));
        let bound = if args.value_name.is_some() {
            if recursive {
                let (rule, remedy) = ("it belongs to a key, not to a value", "leave `recursive` or `value_name` out");
                return Err(Fault::bad_argument("recursive", true, rule, remedy));
            }
            Bound::Value { key: cx.readers.resolve_key(&key, view)?, name: whole_name(args.value_name)? }
        } else {
            let (path, name) = key.path().rsplit_once('\\').unwrap_or(("", key.path()));
            let above = RegistryKey::below(key.hive(), path).ok().filter(|_| !name.is_empty()).ok_or_else(|| {
                let rule = "a hive is not deleted";
                Fault::bad_argument("key", &key, rule, "name a key below it, or a value in `value_name`")
            })?;
            let above = cx.readers.resolve_key(&above, view)?;
            let held = above.child(name)?;
            Bound::Key { above, name: name.to_owned(), key: held, recursive }
        };
        let (Bound::Value { key, .. } | Bound::Key { key, .. }) = &bound;
        Ok(Planned {
            resources: vec![key.place().resource(Access::Write)],
            effects: vec![Effect::DeleteRegistry],
            reversibility: Reversibility::Irreversible,
            state_digest: None,
            deadline: None,
            bound,
        })
    }

    fn apply(bound: Bound, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let outcome = match bound {
            Bound::Value { key, name } => match key.remove_value(permit, &name) {
                Ok(true) => Outcome::confirmed("the value is gone"),
                Ok(false) => Outcome::Unverified { why: "a value of this name is there by now".to_owned() },
                Err(PortFault::Registry(RegistryFault::NoValue | RegistryFault::NoKey)) => nothing_there("value"),
                Err(fault) => return Err(fault.into()),
            },
            Bound::Key { key, .. } if !key.place().found => nothing_there("key"),
            Bound::Key { above, name, key, recursive } => {
                let below = remove_all(key, recursive, permit, cx)?;
                if above.child(&name)?.place().found {
                    Outcome::Unverified { why: "a key of this name is there by now".to_owned() }
                } else {
                    Outcome::confirmed(match below {
                        0 => "the key is gone".to_owned(),
                        below => format!("the key is gone, and {below} below it"),
                    })
                }
            }
        };
        Ok(Reply::action(outcome, Vec::new()))
    }
}

/// Where Windows refuses a look, a key is not there either.
fn nothing_there(what: &str) -> Outcome {
    Outcome::NoEffect { observed: format!("there is no such {what}, or none that this user may see") }
}

/// Deletes the key with all below it, the lowest first, and says how many lay below. Nothing goes unless all of it may.
fn remove_all(key: Box<dyn HeldKey>, recursive: bool, permit: &Permit, cx: &ApplyContext<'_>) -> Result<usize, Fault> {
    let mut all = vec![key];
    let mut looked_at = 0;
    while let Some(key) = all.get(looked_at) {
        let found = key.names(permit, Effect::DeleteRegistry, KEYS_CAP, cx.cancel)?;
        if !recursive && (!found.names.is_empty() || found.withheld > 0) {
            return Err(RegistryFault::HasKeys.into());
        }
        if found.withheld > 0 {
            return Err(Fault::new(FaultCode::Denied, "below the key lies what a rule keeps back")
                .rule("what a rule keeps back is not deleted with the key around it")
                .remedy("delete what else lies below it one by one"));
        }
        if found.more || all.len().saturating_add(found.names.len()) > KEYS_CAP {
            return Err(Fault::new(FaultCode::TooLarge, "more than 1000 keys would be deleted")
                .rule("one call deletes at most 1000 keys")
                .remedy("do it in parts"));
        }
        let mut below = Vec::new();
        for name in &found.names {
            let child = key.child(name.raw())?;
            if !child.place().found {
                return Err(RegistryFault::AccessDenied.into());
            }
            below.push(child);
        }
        all.extend(below);
        looked_at = looked_at.saturating_add(1);
    }
    let count = all.len().saturating_sub(1);
    while let Some(key) = all.pop() {
        cx.cancel.check()?;
        key.remove(permit)?;
    }
    Ok(count)
}
