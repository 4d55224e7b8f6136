//! Keys and values of the registry. A key is named whole and resolved while planning; nothing expands a name. Which of them
//! may be touched is for policy to say.

mod remove;
mod write;

use crate::args::{Int, Text};
use crate::context::{ApplyContext, PlanContext};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::schema;
use crate::tool::{AnyTool, Planned, Tool, data};
use portcullis_model::{Access, Effect, Fault, RegistryKey, RegistryView, Reply, Tier, Untrusted, fold, visible};
use portcullis_platform::{HeldKey, RegistryData, RegistryValue};
use portcullis_policy::Permit;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use std::borrow::Cow;
use std::time::Duration;

/// Keys, and values, that one answer lists.
const LIST_CAP: i64 = 1_000;
/// Keys, and values, listed when nothing is said.
const LIST_DEFAULT: usize = 200;
/// Characters of a text, and bytes of binary data, that a list shows of one value.
const SHORT_CAP: usize = 500;
/// Characters of a value's name ("Registry Element Size Limits").
const VALUE_NAME_CAP: usize = 16_383;

/// The tools of this family.
pub(crate) fn tools() -> Vec<AnyTool> {
    vec![
        AnyTool::of::<remove::RegDelete>(),
        AnyTool::of::<RegList>(),
        AnyTool::of::<RegRead>(),
        AnyTool::of::<write::RegWrite>(),
    ]
}

/// A value's name as it may be changed: the system would take a NUL for its end, and so another name.
fn whole_name(said: Option<Text<VALUE_NAME_CAP>>) -> Result<String, Fault> {
    let name = said.map(|Text(name)| name).unwrap_or_default();
    if name.contains('\0') {
        return Err(Fault::bad_argument(
            "value_name",
            name,
            "a name holds no NUL character",
            "leave it out of the name",
        ));
    }
    Ok(name)
}

/// A key as an argument.
struct KeyArg(RegistryKey);

impl<'de> Deserialize<'de> for KeyArg {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        RegistryKey::parse(&text).map(Self).map_err(|bad| D::Error::custom(bad.rule()))
    }
}

impl JsonSchema for KeyArg {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Key".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
enum ViewArg {
    #[serde(rename = "64")]
    Bits64,
    #[serde(rename = "32")]
    Bits32,
}

fn view(said: Option<ViewArg>) -> RegistryView {
    match said {
        None | Some(ViewArg::Bits64) => RegistryView::Bits64,
        Some(ViewArg::Bits32) => RegistryView::Bits32,
    }
}

/// A value as it is answered.
#[derive(Serialize, JsonSchema)]
struct Told {
    /// Empty for the default value.
    name: String,
    /// `REG_SZ`, `REG_EXPAND_SZ` (not expanded), `REG_MULTI_SZ`, `REG_DWORD`, `REG_QWORD`, `REG_BINARY`, or `type N`.
    r#type: String,
    /// Text, a list of texts, a number, or bytes in hex.
    data: Value,
    /// Whether the data are cut; RegRead tells all.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    cut: bool,
}

fn told(name: &str, value: &RegistryData, cap: usize) -> Told {
    let mut cut = false;
    let mut text = |text: &Untrusted| {
        let long = text.raw().chars().count() > cap;
        cut |= long;
        if !long {
            return Value::String(text.to_string());
        }
        let kept: String = text.raw().chars().take(cap).collect();
        Value::String(Untrusted::new(text.source(), kept).to_string())
    };
    let (kind, data) = match value {
        RegistryData::Text(value) => ("REG_SZ".to_owned(), text(value)),
        RegistryData::ExpandText(value) => ("REG_EXPAND_SZ".to_owned(), text(value)),
        RegistryData::Texts(values) => {
            let shown = values.iter().take(cap).map(&mut text).collect();
            cut |= values.len() > cap;
            ("REG_MULTI_SZ".to_owned(), Value::Array(shown))
        }
        RegistryData::Number(number) => ("REG_DWORD".to_owned(), (*number).into()),
        RegistryData::LongNumber(number) => ("REG_QWORD".to_owned(), (*number).into()),
        RegistryData::Binary(bytes) => {
            cut |= bytes.len() > cap;
            ("REG_BINARY".to_owned(), hex(bytes, cap))
        }
        RegistryData::Other(kind, bytes) => {
            cut |= bytes.len() > cap;
            (format!("type {kind}"), hex(bytes, cap))
        }
    };
    Told { name: visible(name, VALUE_NAME_CAP), r#type: kind, data, cut }
}

fn hex(bytes: &[u8], cap: usize) -> Value {
    Value::String(bytes.iter().take(cap).map(|byte| format!("{byte:02x}")).collect())
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RegReadArgs {
    /// HKCU\Software\Example; HKCR, HKLM, HKU, HKCC and long names too
    key: KeyArg,
    /// Empty or left out: the default value
    value_name: Option<Text<VALUE_NAME_CAP>>,
    /// As 64- or 32-bit programs see it, default 64
    view: Option<ViewArg>,
}

struct RegRead;

impl Tool for RegRead {
    type Args = RegReadArgs;
    type Bound = (Box<dyn HeldKey>, String);

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "RegRead",
        title: "Read a registry value",
        description: "One value of a registry key with its type: text, list, number, or bytes in hex.",
        tier: Tier::Observe,
        effects: &[Effect::ReadRegistry],
        annotations: Annotations::READS,
        shape: Shape::Data,
        lane: Lane::Read,
        deadline: Duration::from_secs(5),
        needs_administrator: false,
        gates: &[],
        answer_cap: 4 * 1024 * 1024 + 1_000,
        secret_arguments: &[],
        examples: [
            (
                r#"{"key": "HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion", "value_name": "ProductName"}"#,
                "Which Windows",
            ),
            (r#"{"key": "HKCU\\Software\\Example"}"#, "The default value"),
        ],
    };

    fn plan(args: RegReadArgs, cx: &PlanContext<'_>) -> Result<Planned<Self::Bound>, Fault> {
        let key = cx.readers.resolve_key(&args.key.0, view(args.view))?;
        let name = args.value_name.map(|Text(name)| name).unwrap_or_default();
        let resource = key.place().resource(Access::Read);
        Ok(Planned::disclosure(Effect::ReadRegistry, resource, (key, name)))
    }

    fn apply((key, name): Self::Bound, permit: &Permit, _cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        data(&told(&name, &key.value(permit, &name)?, usize::MAX))
    }

    fn output_schema() -> Option<Value> {
        Some(schema::output::<Told>())
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RegListArgs {
    /// HKCU\Software\Example; HKCR, HKLM, HKU, HKCC and long names too
    key: KeyArg,
    /// As 64- or 32-bit programs see it, default 64
    view: Option<ViewArg>,
    /// Keys, and values, default 200
    limit: Option<Int<1, LIST_CAP>>,
}

#[derive(Serialize, JsonSchema)]
struct Listing {
    keys: Vec<String>,
    values: Vec<Told>,
    /// Keys that a rule keeps back.
    withheld: usize,
    /// Whether there are more keys or values.
    more: bool,
}

struct RegList;

impl Tool for RegList {
    type Args = RegListArgs;
    type Bound = (Box<dyn HeldKey>, usize);

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "RegList",
        title: "List a registry key",
        description: "The keys and values directly in a registry key. Long data are cut; RegRead tells all of one value.",
        tier: Tier::Observe,
        effects: &[Effect::ReadRegistry],
        annotations: Annotations::READS,
        shape: Shape::Data,
        lane: Lane::Read,
        deadline: Duration::from_secs(10),
        needs_administrator: false,
        gates: &[],
        answer_cap: 4 * 1024 * 1024,
        secret_arguments: &[],
        examples: [
            (r#"{"key": "HKCU\\Software"}"#, "Keys of installed programs"),
            (r#"{"key": "HKLM\\SOFTWARE\\Example", "view": "32"}"#, "As 32-bit programs see it"),
        ],
    };

    fn plan(args: RegListArgs, cx: &PlanContext<'_>) -> Result<Planned<Self::Bound>, Fault> {
        let key = cx.readers.resolve_key(&args.key.0, view(args.view))?;
        let resource = key.place().resource(Access::Read);
        Ok(Planned::disclosure(Effect::ReadRegistry, resource, (key, args.limit.map_or(LIST_DEFAULT, Int::size))))
    }

    fn apply((key, limit): Self::Bound, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let mut found = key.entries(permit, limit, cx.cancel)?;
        found.keys.sort_by_cached_key(|name| fold(name.raw()));
        found.values.sort_by_cached_key(|value| fold(value.name.raw()));
        let one = |value: &RegistryValue| told(value.name.raw(), &value.data, SHORT_CAP);
        data(&Listing {
            keys: found.keys.iter().map(ToString::to_string).collect(),
            values: found.values.iter().map(one).collect(),
            withheld: found.withheld,
            more: found.more,
        })
    }

    fn output_schema() -> Option<Value> {
        Some(schema::output::<Listing>())
    }
}
