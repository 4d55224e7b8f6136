//! `RegWrite`: one value of a key, and the key where that is asked for. The value is read back before anything is claimed.

use super::{KeyArg, VALUE_NAME_CAP, ViewArg, view, whole_name};
use crate::args::Text;
use crate::context::{ApplyContext, PlanContext};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::tool::{Planned, Tool};
use portcullis_model::{Access, Effect, Fault, FaultCode, Outcome, Reply, Reversibility, Source, Tier, Untrusted};
use portcullis_platform::{HeldKey, Put, RegistryData, RegistryFault};
use portcullis_policy::Permit;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::Value;
use std::borrow::Cow;
use std::time::Duration;

/// Bytes of a value, which is also what is read back of one.
const DATA_CAP: usize = 1024 * 1024;
/// Bytes of a text's unit, and of the NUL after a text.
const UNIT: usize = 2;
/// The number of the type `REG_NONE` (`winnt.h`).
const NONE: u32 = 0;

/// What a value is to hold, before its type is looked at.
#[derive(Deserialize)]
struct DataArg(Value);

impl JsonSchema for DataArg {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Data".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "integer", "array"], "items": { "type": "string" } })
    }
}

/// The type of a value, by its name in Windows' own documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
enum Kind {
    #[serde(rename = "REG_SZ")]
    Text,
    #[serde(rename = "REG_EXPAND_SZ")]
    ExpandText,
    #[serde(rename = "REG_MULTI_SZ")]
    Texts,
    #[serde(rename = "REG_DWORD")]
    Number,
    #[serde(rename = "REG_QWORD")]
    LongNumber,
    #[serde(rename = "REG_BINARY")]
    Binary,
    #[serde(rename = "REG_NONE")]
    None,
}

impl Kind {
    /// The data as what this type holds, or the rule that they break.
    fn holds(self, data: &Value) -> Result<RegistryData, &'static str> {
        match self {
            Self::Text => text(data).map(RegistryData::Text),
            Self::ExpandText => text(data).map(RegistryData::ExpandText),
            Self::Texts => texts(data).map(RegistryData::Texts),
            Self::Number => {
                let number = number(data).and_then(|number| u32::try_from(number).ok());
                number.map(RegistryData::Number).ok_or("a REG_DWORD is a whole number from 0 to 4294967295")
            }
            Self::LongNumber => {
                let number = number(data).map(RegistryData::LongNumber);
                number.ok_or("a REG_QWORD is a whole number from 0 to 18446744073709551615")
            }
            Self::Binary => hex(data).map(RegistryData::Binary),
            Self::None => hex(data).map(|bytes| RegistryData::Other(NONE, bytes)),
        }
    }
}

fn text(data: &Value) -> Result<Untrusted, &'static str> {
    let text = data.as_str().ok_or("it is a text for this type")?;
    if text.contains('\0') {
        return Err("a text holds no NUL character");
    }
    if size(text) > DATA_CAP {
        return Err("a value has at most 1 MiB");
    }
    // As the registry tells it when it is read.
    Ok(Untrusted::new(Source::System, text))
}

fn texts(data: &Value) -> Result<Vec<Untrusted>, &'static str> {
    let list = data.as_array().ok_or("a REG_MULTI_SZ is a list of texts")?;
    let mut total = UNIT;
    let mut texts = Vec::new();
    for one in list {
        let text = text(one)?;
        if text.raw().is_empty() {
            return Err("a REG_MULTI_SZ has no empty text: the first one would end the list");
        }
        total = total.saturating_add(size(text.raw()));
        texts.push(text);
    }
    if total > DATA_CAP { Err("a value has at most 1 MiB") } else { Ok(texts) }
}

/// Bytes of a text in the registry.
fn size(text: &str) -> usize {
    text.encode_utf16().count().saturating_add(1).saturating_mul(UNIT)
}

/// A number, also as decimal or `0x` text, since a client may send only texts.
fn number(data: &Value) -> Option<u64> {
    let Some(text) = data.as_str() else { return data.as_u64() };
    let digits = |text: &str, radix| {
        let plain = text.chars().all(|digit| digit.is_digit(radix));
        plain.then(|| u64::from_str_radix(text, radix).ok()).flatten()
    };
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(text) => digits(text, 16),
        None => digits(text, 10),
    }
}

fn hex(data: &Value) -> Result<Vec<u8>, &'static str> {
    const RULE: &str = "it is bytes in hex for this type, two digits each";
    let text = data.as_str().filter(|text| text.bytes().all(|digit| digit.is_ascii_hexdigit())).ok_or(RULE)?;
    if text.len().div_ceil(2) > DATA_CAP {
        return Err("a value has at most 1 MiB");
    }
    let pairs = text.as_bytes().chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?;
        u8::from_str_radix(pair, 16).ok()
    });
    pairs.collect::<Option<Vec<u8>>>().ok_or(RULE)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RegWriteArgs {
    /// HKCU\Software\Example; HKCR, HKLM, HKU, HKCC and long names too
    key: KeyArg,
    /// Empty or left out: the default value
    value_name: Option<Text<VALUE_NAME_CAP>>,
    /// Text; a list of texts; a number, also as 0x text; bytes in hex
    data: DataArg,
    /// Default REG_SZ
    reg_type: Option<Kind>,
    /// As 64- or 32-bit programs see it, default 64
    view: Option<ViewArg>,
    /// Make the key, and those above it, where missing
    create: Option<bool>,
}

pub(super) struct Bound {
    key: Box<dyn HeldKey>,
    name: String,
    data: RegistryData,
    create: bool,
}

pub(super) struct RegWrite;

impl Tool for RegWrite {
    type Args = RegWriteArgs;
    type Bound = Bound;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "RegWrite",
        title: "Write a registry value",
        description: "Set one value of a registry key, of any type, and read it back. A key that is missing is made only with `create`.",
        tier: Tier::Alter,
        effects: &[Effect::WriteRegistry],
        annotations: Annotations { read_only: false, destructive: true, idempotent: true, open_world: false },
        shape: Shape::View,
        lane: Lane::Read,
        deadline: Duration::from_secs(10),
        needs_administrator: false,
        gates: &[],
        answer_cap: 2_000,
        secret_arguments: &["data"],
        examples: [
            (r#"{"key": "HKCU\\Software\\Example", "value_name": "Name", "data": "some text"}"#, "A text"),
            (
                r#"{"key": "HKCU\\Software\\Example", "value_name": "Size", "data": 12, "reg_type": "REG_DWORD", "create": true}"#,
                "A number, and its key when that is missing",
            ),
        ],
    };

    fn plan(args: RegWriteArgs, cx: &PlanContext<'_>) -> Result<Planned<Bound>, Fault> {
        let data = args.reg_type.unwrap_or(Kind::Text).holds(&args.data.0).map_err(|rule| {
            // What was to be written is not repeated.
            Fault::new(FaultCode::BadArgument, "`data` does not fit the type")
                .field("data")
                .rule(rule)
                .remedy("say the type in `reg_type`, or give data of that type")
        })?;
        let name = whole_name(args.value_name)?;
        let key = cx.readers.resolve_key(&args.key.0, view(args.view))?;
        Ok(Planned {
            resources: vec![key.place().resource(Access::Write)],
            effects: vec![Effect::WriteRegistry],
            reversibility: Reversibility::Irreversible,
            state_digest: None,
            deadline: None,
            bound: Bound { key, name, data, create: args.create.unwrap_or(false) },
        })
    }

    fn apply(bound: Bound, permit: &Permit, _cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let mut key = bound.key;
        let missing = !key.place().found;
        if missing && !bound.create {
            return Err(Fault::from(RegistryFault::NoKey).remedy("say `create: true` to make it, or look with RegList"));
        }
        if missing {
            key = key.create(permit)?;
        }
        let made = if missing { "the key was made, and " } else { "" };
        Ok(Reply::action(
            match key.put(permit, &bound.name, &bound.data)? {
                Put::Already => Outcome::NoEffect { observed: "the value has this type and data already".to_owned() },
                Put::Stands => Outcome::confirmed(format!("{made}the value reads back as written")),
                Put::Differs => Outcome::Unverified { why: format!("{made}the value reads back otherwise") },
            },
            Vec::new(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn data_fit_their_type_or_are_refused_with_the_rule() {
        let text = |text: &str| Untrusted::new(Source::System, text);
        for (kind, data, wanted) in [
            (Kind::Text, json!("a"), Ok(RegistryData::Text(text("a")))),
            (Kind::Text, json!(""), Ok(RegistryData::Text(text("")))),
            (Kind::Text, json!(1), Err("it is a text")),
            (Kind::Text, json!("a\0b"), Err("a text holds no NUL")),
            (Kind::ExpandText, json!("%x%"), Ok(RegistryData::ExpandText(text("%x%")))),
            (Kind::Texts, json!(["a", "b"]), Ok(RegistryData::Texts(vec![text("a"), text("b")]))),
            (Kind::Texts, json!([]), Ok(RegistryData::Texts(Vec::new()))),
            (Kind::Texts, json!(["a", ""]), Err("a REG_MULTI_SZ has no empty text")),
            (Kind::Texts, json!("a|b"), Err("a REG_MULTI_SZ is a list")),
            (Kind::Number, json!(u32::MAX), Ok(RegistryData::Number(u32::MAX))),
            (Kind::Number, json!("0xFF"), Ok(RegistryData::Number(255))),
            (Kind::Number, json!("12"), Ok(RegistryData::Number(12))),
            (Kind::Number, json!(4_294_967_296_u64), Err("a REG_DWORD is")),
            (Kind::Number, json!(-1), Err("a REG_DWORD is")),
            (Kind::Number, json!(1.5), Err("a REG_DWORD is")),
            (Kind::Number, json!("+1"), Err("a REG_DWORD is")),
            (Kind::LongNumber, json!(u64::MAX), Ok(RegistryData::LongNumber(u64::MAX))),
            (Kind::LongNumber, json!("18446744073709551616"), Err("a REG_QWORD is")),
            (Kind::Binary, json!("00fF"), Ok(RegistryData::Binary(vec![0, 255]))),
            (Kind::Binary, json!("0"), Err("it is bytes in hex")),
            (Kind::Binary, json!("0é"), Err("it is bytes in hex")),
            (Kind::None, json!(""), Ok(RegistryData::Other(0, Vec::new()))),
        ] {
            match (kind.holds(&data), wanted) {
                (Ok(found), Ok(wanted)) => assert_eq!(found, wanted, "{data}"),
                (Err(found), Err(wanted)) => assert!(found.starts_with(wanted), "{data}: {found}"),
                (found, wanted) => panic!("{data}: {found:?}, not {wanted:?}"),
            }
        }
    }

    #[test]
    fn a_value_at_the_cap_is_taken_and_a_larger_one_is_not() {
        let most = "x".repeat(DATA_CAP / UNIT - 1);
        assert!(Kind::Text.holds(&json!(most)).is_ok());
        assert!(Kind::Text.holds(&json!(format!("{most}x"))).is_err());
        assert!(Kind::Texts.holds(&json!([most])).is_err());
        assert!(Kind::Texts.holds(&json!([most[1..]])).is_ok());
        let bytes = "00".repeat(DATA_CAP);
        assert!(Kind::Binary.holds(&json!(bytes)).is_ok());
        assert!(Kind::Binary.holds(&json!(format!("{bytes}00"))).is_err());
    }
}
