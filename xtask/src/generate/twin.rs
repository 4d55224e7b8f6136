//! Writes the inspector's twin of the protocol: the C# classes of all messages, their reading and writing, and the constants
//! that both sides hold. The types of `wpf-protocol` and their schemas are the only source; nothing is decided here.

use anyhow::{Context, Result, bail, ensure};
use portcullis_wpf_protocol as protocol;
use protocol::{FrameKind, METHODS, RendezvousUse, Speaker, StartCode};
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};
use std::fmt::Write as _;

const HEAD: &str = "\
// Written by `cargo xtask generate` out of crates/wpf-protocol. Do not edit.
// The messages between the server and the inspector, and what both hold to be true of them. No behaviour may live here.
#nullable enable
using System.Collections.Generic;

namespace Portcullis.Inspector.Protocol
{
";

/// The file, whole.
pub(super) fn messages() -> Result<String> {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    for method in &METHODS {
        (method.params)(&mut generator);
        (method.result)(&mut generator);
    }
    protocol::envelopes(&mut generator);
    let definitions = generator.take_definitions(true);
    let mut page = HEAD.to_owned();
    constants(&mut page)?;
    for (name, schema) in &definitions {
        let schema = schema.as_object().with_context(|| format!("{name} has no schema of its own"))?;
        let written = match kind(schema) {
            Kind::Alias => Ok(()),
            Kind::Enum(values) => enumeration(&mut page, name, schema, &values),
            Kind::Class => class(&mut page, name, schema, &definitions),
        };
        written.with_context(|| name.clone())?;
    }
    page.push_str("}\n");
    Ok(page)
}

enum Kind {
    /// Another name for a number.
    Alias,
    Enum(Vec<(String, String)>),
    Class,
}

fn text<'a>(schema: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    schema.get(key).and_then(Value::as_str)
}

fn kind(schema: &Map<String, Value>) -> Kind {
    if let Some(values) = schema.get("oneOf").and_then(Value::as_array) {
        let value = |value: &Value| {
            let said = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            (said("const"), said("description"))
        };
        return Kind::Enum(values.iter().map(value).collect());
    }
    match text(schema, "type") {
        Some("object") => Kind::Class,
        _ => Kind::Alias,
    }
}

fn pascal(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

fn summary(page: &mut String, indent: &str, said: &str) -> Result<()> {
    let plain = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let plain = plain.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    writeln!(page, "{indent}/// <summary>{}</summary>", plain.replace("[`", "`").replace("`]", "`"))?;
    Ok(())
}

fn constants(page: &mut String) -> Result<()> {
    let caps: &[(&str, u64)] = &[
        ("ProtocolMin", protocol::PROTOCOL_MIN.into()),
        ("ProtocolMax", protocol::PROTOCOL_MAX.into()),
        ("AliveEveryMs", protocol::ALIVE_EVERY_MS.into()),
        ("SilenceCapMs", protocol::SILENCE_CAP_MS.into()),
        ("HandshakeCapMs", protocol::HANDSHAKE_CAP_MS.into()),
        ("JsonDepthCap", wide(protocol::JSON_DEPTH_CAP)),
        ("InFlightCap", wide(protocol::IN_FLIGHT_CAP)),
        ("FrameCap", wide(protocol::FRAME_CAP)),
        ("HeaderBytes", wide(protocol::HEADER_BYTES)),
        ("BlobPartCap", wide(protocol::BLOB_PART_CAP)),
        ("NonceBytes", wide(protocol::NONCE_BYTES)),
        ("ProofBytes", wide(protocol::PROOF_BYTES)),
        ("SecretBytes", wide(protocol::SECRET_BYTES)),
        ("ProbeCapMs", protocol::HealthParams::PROBE_CAP_MS.into()),
        ("RootCap", wide(protocol::RootsParams::CAP)),
        ("FromCap", wide(protocol::WalkParams::FROM_CAP)),
        ("DepthCap", protocol::WalkParams::DEPTH_CAP.into()),
        ("NodeCap", protocol::WalkParams::NODE_CAP.into()),
        ("ChildCap", protocol::WalkParams::CHILD_CAP.into()),
        ("NodePropsCap", wide(protocol::WalkParams::PROPS_CAP)),
        ("VisitCap", protocol::WalkParams::VISIT_CAP.into()),
        ("WalkTimeCapMs", protocol::WalkParams::TIME_CAP_MS.into()),
        ("TextCap", protocol::WalkParams::TEXT_CAP.into()),
        ("PropsItemCap", wide(protocol::PropsParams::ITEM_CAP)),
        ("PropsNameCap", wide(protocol::PropsParams::NAME_CAP)),
        ("PropsRowCap", wide(protocol::PropsParams::ROW_CAP)),
        ("FacetHandleCap", wide(protocol::FacetsParams::HANDLE_CAP)),
        ("FacetRowCap", wide(protocol::FacetsParams::ROW_CAP)),
        ("BindingRowCap", protocol::BindingsParams::ROW_CAP.into()),
        ("DescribeRowCap", wide(protocol::DescribeParams::ROW_CAP)),
        ("PathCap", wide(protocol::ObjectParams::PATH_CAP)),
        ("MemberCap", protocol::ObjectParams::MEMBER_CAP.into()),
        ("ItemCap", protocol::ObjectParams::ITEM_CAP.into()),
        ("TokenCap", wide(protocol::CaptureParams::TOKEN_CAP)),
        ("SessionTokenCap", wide(protocol::CaptureParams::SESSION_CAP)),
        ("TokenAgeCapMs", protocol::CaptureParams::AGE_CAP_MS.into()),
        ("WriteOpCap", wide(protocol::WriteParams::OP_CAP)),
        ("GraceCapMs", protocol::ActParams::GRACE_CAP_MS.into()),
        ("EffectCap", wide(protocol::ActParams::EFFECT_CAP)),
        ("RepeatCap", protocol::LayoutParams::REPEAT_CAP.into()),
        ("ScaleCap", protocol::RenderParams::SCALE_CAP.into()),
        ("PixelCap", protocol::RenderParams::PIXEL_CAP.into()),
        ("MarkTimeCapMs", protocol::AdornParams::TIME_CAP_MS.into()),
        ("MarkCap", wide(protocol::AdornParams::CAP)),
        ("DiagRowCap", protocol::DiagParams::ROW_CAP.into()),
        ("SubscriptionNameCap", wide(protocol::SubscribeParams::NAME_CAP)),
        ("RingCap", protocol::SubscribeParams::RING_CAP.into()),
        ("TtlCapMs", protocol::SubscribeParams::TTL_CAP_MS.into()),
        ("SubscriptionCap", wide(protocol::SubscribeParams::SESSION_CAP)),
        ("EventSecondCap", protocol::SubscribeParams::SECOND_CAP.into()),
        ("EventCap", protocol::EventsParams::CAP.into()),
        ("SensitiveReads", protocol::Capabilities::SENSITIVE_READS.bits().into()),
        ("Screenshots", protocol::Capabilities::SCREENSHOTS.bits().into()),
        ("ViewModel", protocol::Capabilities::VIEWMODEL.bits().into()),
        ("Destructive", protocol::Capabilities::DESTRUCTIVE.bits().into()),
        ("FlagVisible", protocol::NodeFlags::VISIBLE.into()),
        ("FlagEnabled", protocol::NodeFlags::ENABLED.into()),
        ("FlagLoaded", protocol::NodeFlags::LOADED.into()),
        ("FlagFocusable", protocol::NodeFlags::FOCUSABLE.into()),
        ("FlagHitTest", protocol::NodeFlags::HIT_TEST.into()),
        ("FlagTemplatePart", protocol::NodeFlags::TEMPLATE_PART.into()),
        ("FlagItemContainer", protocol::NodeFlags::ITEM_CONTAINER.into()),
        ("FlagNameScope", protocol::NodeFlags::NAME_SCOPE.into()),
        ("FlagFocused", protocol::NodeFlags::FOCUSED.into()),
        ("FlagSecret", protocol::NodeFlags::SECRET.into()),
    ];
    summary(page, "    ", "Versions, caps, gates and flags, as the server has them.")?;
    page.push_str("    internal static class Limits\n    {\n");
    for (name, value) in caps {
        let kind = if name.starts_with("Flag") || GATES.contains(name) { "uint" } else { "int" };
        writeln!(page, "        internal const {kind} {name} = {value};")?;
    }
    writeln!(page, "        internal const string ServerLabel = \"{}\";", Speaker::Server.label())?;
    writeln!(page, "        internal const string InspectorLabel = \"{}\";", Speaker::Inspector.label())?;
    for (name, used) in [
        ("RendezvousApplicationLabel", RendezvousUse::Application),
        ("RendezvousServerLabel", RendezvousUse::Server),
        ("RendezvousSecretLabel", RendezvousUse::Secret),
    ] {
        writeln!(page, "        internal const string {name} = \"{}\";", used.label())?;
    }
    writeln!(page, "        internal const string RendezvousName = \"{}\";", protocol::RENDEZVOUS_NAME)?;
    writeln!(page, "        internal const string SecretFile = \"{}\";", protocol::SECRET_FILE)?;
    writeln!(page, "        internal const string SecretEntropy = \"{}\";", protocol::SECRET_ENTROPY)?;
    writeln!(page, "        internal const string BlockHead = \"{}\";", protocol::BLOCK_HEAD)?;
    page.push_str("    }\n\n");
    summary(page, "    ", "What a frame is, by the byte that stands for it.")?;
    page.push_str("    internal enum FrameKind : byte\n    {\n");
    for kind in FrameKind::ALL {
        writeln!(page, "        {kind:?} = {},", kind.byte())?;
    }
    page.push_str("    }\n\n");
    summary(page, "    ", "What is given to whoever started the inspector.")?;
    page.push_str("    internal enum StartCode\n    {\n");
    for code in StartCode::ALL {
        writeln!(page, "        {code:?} = {},", code.number())?;
    }
    page.push_str("    }\n\n");
    summary(page, "    ", "The methods by their names on the wire.")?;
    page.push_str("    internal static class Method\n    {\n");
    for method in &METHODS {
        writeln!(page, "        internal const string {} = \"{}\";", pascal(method.name), method.name)?;
    }
    page.push_str("    }\n");
    Ok(())
}

const GATES: [&str; 4] = ["SensitiveReads", "Screenshots", "ViewModel", "Destructive"];

fn wide(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn enumeration(page: &mut String, name: &str, schema: &Map<String, Value>, values: &[(String, String)]) -> Result<()> {
    page.push('\n');
    summary(page, "    ", text(schema, "description").unwrap_or_default())?;
    writeln!(page, "    internal enum {name}\n    {{")?;
    for (value, said) in values {
        summary(page, "        ", said)?;
        writeln!(page, "        {},", pascal(value))?;
    }
    page.push_str("    }\n");
    Ok(())
}

/// A type of C# with how a value of it is read and written.
struct Form {
    name: String,
    /// Whether `?` makes it `Nullable<T>`, whose value is behind `.Value`.
    is_value: bool,
    /// Whether null is one of its values.
    nullable: bool,
    read: Box<dyn Fn(&str) -> String>,
    write: Box<dyn Fn(&str) -> String>,
}

fn plain(name: &str, is_value: bool, method: &'static str) -> Form {
    Form {
        name: name.to_owned(),
        is_value,
        nullable: false,
        read: Box::new(move |json| format!("{json}.{method}()")),
        write: Box::new(move |value| format!("writer.{method}({value});")),
    }
}

fn form(schema: &Value, definitions: &Map<String, Value>) -> Result<Form> {
    let Some(map) = schema.as_object() else {
        // `true`: any JSON.
        return Ok(Form { nullable: true, ..any() });
    };
    if let Some(reference) = text(map, "$ref") {
        return referred(reference, definitions);
    }
    if let Some(choices) = map.get("anyOf").and_then(Value::as_array) {
        let real: Vec<&Value> =
            choices.iter().filter(|choice| choice.get("type") != Some(&Value::from("null"))).collect();
        let [one] = real.as_slice() else { bail!("a choice of several types") };
        return Ok(Form { nullable: true, ..form(one, definitions)? });
    }
    let (name, nullable) = match map.get("type") {
        Some(Value::String(name)) => (name.as_str(), false),
        Some(Value::Array(names)) => {
            let real = names.iter().filter_map(Value::as_str).find(|name| *name != "null");
            (real.context("a type that is null alone")?, true)
        }
        None => return Ok(Form { nullable: true, ..any() }),
        Some(other) => bail!("a type {other}"),
    };
    let found = match name {
        "boolean" => plain("bool", true, "Boolean"),
        "number" => plain("double", true, "Double"),
        "string" => plain("string", false, "String"),
        "integer" => match text(map, "format") {
            Some("uint64") => plain("ulong", true, "UInt64"),
            Some("uint16" | "uint32") => plain("uint", true, "UInt32"),
            other => bail!("an integer of format {other:?}"),
        },
        "array" => list(map.get("items").context("a list of nothing")?, definitions)?,
        other => bail!("a type {other}"),
    };
    Ok(Form { nullable, ..found })
}

fn any() -> Form {
    Form {
        name: "Json".to_owned(),
        is_value: false,
        nullable: false,
        read: Box::new(str::to_owned),
        write: Box::new(|value| format!("writer.Raw({value});")),
    }
}

fn list(items: &Value, definitions: &Map<String, Value>) -> Result<Form> {
    let item = form(items, definitions)?;
    let name = if item.nullable { format!("{}?", item.name) } else { item.name.clone() };
    let Form { is_value, nullable, read, write, .. } = item;
    let item_name = name.clone();
    Ok(Form {
        name: format!("List<{name}>"),
        is_value: false,
        nullable: false,
        read: Box::new(move |json| {
            let one = read("item");
            let one = if nullable { format!("item.IsNull ? ({item_name})null : {one}") } else { one };
            format!("{json}.List(item => {one})")
        }),
        write: Box::new(move |value| {
            let inner = write(if nullable && is_value { "item.Value" } else { "item" });
            let inner = if nullable { format!("if (item == null) writer.Null(); else {inner}") } else { inner };
            format!("writer.BeginArray(); foreach (var item in {value}) {{ {inner} }} writer.EndArray();")
        }),
    })
}

fn referred(reference: &str, definitions: &Map<String, Value>) -> Result<Form> {
    let name = reference.rsplit('/').next().unwrap_or_default().to_owned();
    let schema = definitions.get(&name).with_context(|| format!("{reference} is nowhere"))?;
    let map = schema.as_object().context("no schema")?;
    Ok(match kind(map) {
        Kind::Alias => form(schema, definitions)?,
        Kind::Enum(_) => {
            let read = name.clone();
            Form {
                name,
                is_value: true,
                nullable: false,
                read: Box::new(move |json| format!("{json}.Enum<{read}>()")),
                write: Box::new(|value| format!("writer.Enum({value});")),
            }
        }
        Kind::Class => {
            let read = name.clone();
            Form {
                name,
                is_value: false,
                nullable: false,
                read: Box::new(move |json| format!("{read}.Read({json})")),
                write: Box::new(|value| format!("{value}.Write(writer);")),
            }
        }
    })
}

fn class(page: &mut String, name: &str, schema: &Map<String, Value>, definitions: &Map<String, Value>) -> Result<()> {
    ensure!(schema.get("additionalProperties") == Some(&Value::Bool(false)), "it is open");
    let empty = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    let required = |field: &str| {
        let names = schema.get("required").and_then(Value::as_array);
        names.is_some_and(|names| names.iter().any(|name| name == field))
    };
    page.push('\n');
    summary(page, "    ", text(schema, "description").unwrap_or_default())?;
    writeln!(page, "    internal sealed class {name}\n    {{")?;
    let (mut reads, mut writes) = (String::new(), String::new());
    for (wire, schema) in properties {
        let field = form(schema, definitions).with_context(|| wire.clone())?;
        // A field may not bear its class's name, nor may it hide its type's.
        let own = if pascal(wire) == *name { format!("{}Value", pascal(wire)) } else { pascal(wire) };
        let optional = field.nullable;
        let kind = if optional { format!("{}?", field.name) } else { field.name.clone() };
        let start = match field.name.as_str() {
            _ if optional || field.is_value => String::new(),
            "string" => " = \"\"".to_owned(),
            list if list.starts_with("List<") => format!(" = new {list}()"),
            class => format!(" = new {class}()"),
        };
        if let Some(said) = schema.get("description").and_then(Value::as_str) {
            summary(page, "        ", said)?;
        }
        writeln!(page, "        internal {kind} {own}{start};")?;
        let read = (field.read)("value");
        let take = if required(wire) && !optional { "Required" } else { "Optional" };
        writeln!(
            reads,
            "            {{ var value = fields.{take}(\"{wire}\"); if (value != null) message.{own} = {read}; }}"
        )?;
        let value = if optional && field.is_value { format!("{own}.Value") } else { own.clone() };
        let write = format!("writer.Name(\"{wire}\"); {}", (field.write)(&value));
        if optional {
            writeln!(writes, "            if ({own} != null) {{ {write} }}")?;
        } else {
            writeln!(writes, "            {write}")?;
        }
    }
    writeln!(page, "\n        internal static {name} Read(Json json)\n        {{")?;
    writeln!(page, "            var fields = json.Fields(\"{name}\");\n            var message = new {name}();")?;
    page.push_str(&reads);
    page.push_str("            fields.End();\n            return message;\n        }\n\n");
    page.push_str("        internal void Write(JsonWriter writer)\n        {\n            writer.BeginObject();\n");
    page.push_str(&writes);
    page.push_str("            writer.EndObject();\n        }\n    }\n");
    Ok(())
}
