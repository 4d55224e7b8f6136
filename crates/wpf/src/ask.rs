//! Asking the inspector for one call: through the gates that the call's permit names and no others, within its deadline. Also
//! what every answer is made of: texts of the application in visible form, values, names of elements and types.

use crate::fault::CallFault;
use crate::session::Session;
use portcullis_model::{Cancel, Deadline, Fault, FaultCode, ProcessId, Ref, Source, Untrusted, WpfGate};
use portcullis_wpf_protocol::{Capabilities, Handle, Pace, Primitive, TypeRow, Val, ValKind};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::HashMap;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Characters of a text that are asked for where a tool says nothing else.
pub(crate) const TEXT: u32 = 512;

/// The gates as the inspector knows them. `injection` is the loader's and no capability.
pub fn capabilities(gates: &[WpfGate]) -> Capabilities {
    gates.iter().fold(Capabilities::NONE, |all, gate| {
        all | match gate {
            WpfGate::SensitiveReads => Capabilities::SENSITIVE_READS,
            WpfGate::Screenshots => Capabilities::SCREENSHOTS,
            WpfGate::Viewmodel => Capabilities::VIEWMODEL,
            WpfGate::Destructive => Capabilities::DESTRUCTIVE,
            WpfGate::Injection => Capabilities::NONE,
        }
    })
}

/// What a ref of the caller's own table names in the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// An element, by the inspector's handle.
    Element(u64),
    /// What a window of the system's shows, by the window's handle.
    Window(u64),
}

/// Tells what a ref names, which came in this argument.
type Refs<'call> = &'call dyn Fn(&str, Ref) -> Result<Named, Fault>;

/// Asks for one call.
pub struct Asker<'call> {
    pub(crate) session: &'call Session,
    open: Capabilities,
    pub(crate) deadline: Deadline,
    pub(crate) cancel: &'call Cancel,
    refs: Option<Refs<'call>>,
}

impl<'call> Asker<'call> {
    /// For a call whose permit goes through these gates.
    pub fn new(session: &'call Session, gates: &[WpfGate], deadline: Deadline, cancel: &'call Cancel) -> Self {
        Self { session, open: capabilities(gates), deadline, cancel, refs: None }
    }

    /// The same, for a call that may name elements by the caller's refs too.
    #[must_use]
    pub fn with_refs(self, refs: Refs<'call>) -> Self {
        Self { refs: Some(refs), ..self }
    }

    pub(crate) fn call<P: Primitive>(&self, params: &P) -> Result<P::Result, Fault> {
        Ok(self.try_call(params)?)
    }

    pub(crate) fn try_call<P: Primitive>(&self, params: &P) -> Result<P::Result, CallFault> {
        self.session.call(self.open, params, self.deadline, self.cancel)
    }

    /// Once bindings and layout have settled.
    pub(crate) fn settled<P: Primitive>(&self, params: &P) -> Result<P::Result, Fault> {
        Ok(self.session.paced(self.open, params, Pace::Settled, self.deadline, self.cancel)?.0)
    }

    pub(crate) fn with_bytes<P: Primitive>(&self, params: &P) -> Result<(P::Result, Vec<u8>), Fault> {
        Ok(self.session.paced(self.open, params, Pace::Normal, self.deadline, self.cancel)?)
    }

    /// Whether the call goes through these gates.
    pub(crate) fn holds(&self, needed: Capabilities) -> bool {
        self.open.holds(needed) && self.session.capabilities().holds(needed)
    }

    /// The element of this name; none for none.
    pub(crate) fn handle(&self, field: &str, name: Option<&str>) -> Result<Option<Handle>, Fault> {
        let Some(name) = name else { return Ok(None) };
        if let (Ok(given), Some(refs)) = (name.parse::<Ref>(), self.refs) {
            return match refs(field, given)? {
                Named::Element(handle) => Ok(Some(Handle(handle))),
                Named::Window(window) => self.shown_in(window, field, name).map(Some),
            };
        }
        let names = self.session.names();
        if let Some(handle) = names.handle(name) {
            return Ok(Some(handle));
        }
        let (code, message) = if names.was_given(name) {
            (FaultCode::StaleRef, "the element is forgotten: too many were named since")
        } else {
            (FaultCode::NotFound, "no element has this id in this session")
        };
        Err(Fault::new(code, message)
            .field(field)
            .value(name)
            .rule("an id is good for the session that told it")
            .remedy("find the element with find_elements or get_visual_tree, or take its ref from Snapshot")
            .source_code("ElementNotFound"))
    }

    /// The application's process.
    pub fn process(&self) -> ProcessId {
        self.session.process()
    }

    /// What the application shows in a window of the system's.
    fn shown_in(&self, window: u64, field: &str, name: &str) -> Result<Handle, Fault> {
        let root = crate::home::roots(self)?.into_iter().find(|root| root.hwnd == window);
        root.map(|root| root.handle).ok_or_else(|| {
            Fault::new(FaultCode::NotFound, "WPF shows nothing in this window")
                .field(field)
                .value(name)
                .rule("a window's ref stands for the root of what WPF shows in it")
                .remedy("see with get_windows which windows of the application are WPF's")
                .source_code("ElementNotFound")
        })
    }

    /// The element of this name, or the main window.
    pub(crate) fn element(&self, name: Option<&str>) -> Result<Handle, Fault> {
        if let Some(handle) = self.handle("elementId", name)? {
            return Ok(handle);
        }
        let roots = self.call(&portcullis_wpf_protocol::RootsParams::default())?.roots;
        roots.first().map(|root| root.handle).ok_or_else(|| {
            Fault::new(FaultCode::NotFound, "the application shows no window")
                .remedy("see with get_windows, or name an element")
                .source_code("ElementNotFound")
        })
    }

    /// The name of an element.
    pub(crate) fn name(&self, handle: Handle, ty: &str) -> String {
        self.session.names().name(handle, ty)
    }
}

/// A text of the application, in visible form.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct AppText(String);

impl AppText {
    pub(crate) fn new(text: &str) -> Self {
        Self(Untrusted::new(Source::Window, text).to_string())
    }

    pub(crate) fn some(text: Option<&String>) -> Option<Self> {
        text.map(|text| Self::new(text))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for AppText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl JsonSchema for AppText {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "AppText".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

/// The types that an answer explains.
pub(crate) struct TypeNames<'rows>(HashMap<u32, &'rows TypeRow>);

impl<'rows> TypeNames<'rows> {
    pub(crate) fn of(rows: &'rows [TypeRow]) -> Self {
        Self(rows.iter().map(|row| (row.id, row)).collect())
    }

    /// The type's own name.
    pub(crate) fn name(&self, id: u32) -> AppText {
        AppText::new(self.0.get(&id).map_or("?", |row| &row.name))
    }

    pub(crate) fn some(&self, id: Option<u32>) -> Option<AppText> {
        id.map(|id| self.name(id))
    }

    /// With its namespace.
    pub(crate) fn full(&self, id: u32) -> AppText {
        AppText::new(self.0.get(&id).map_or("?", |row| &row.full))
    }
}

/// A value as JSON, its texts in visible form. What is secret has no value.
pub(crate) fn shown(value: &Val) -> Value {
    let text = || {
        let text = AppText::new(value.s.as_deref().unwrap_or_default()).0;
        Value::String(match value.n {
            Some(whole) => format!("{text}… ({whole} characters)"),
            None => text,
        })
    };
    match value.k {
        ValKind::Null => Value::Null,
        ValKind::Redacted => Value::String("(redacted)".to_owned()),
        ValKind::Unset => Value::String("(unset)".to_owned()),
        ValKind::Error => Value::String(format!("(threw {})", text().as_str().unwrap_or_default())),
        _ if value.s.is_some() => text(),
        ValKind::Collection => match &value.v {
            Some(count) => Value::String(format!("({count} items)")),
            None => Value::String("(items)".to_owned()),
        },
        _ => value.v.clone().map_or_else(object, visible_json),
    }
}

/// What has no words of its own. `null` would say that there is nothing.
fn object() -> Value {
    Value::String("(object)".to_owned())
}

/// Numbers and truths as they are; any text in visible form.
fn visible_json(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(AppText::new(&text).0),
        Value::Array(items) => Value::Array(items.into_iter().map(visible_json).collect()),
        Value::Object(_) => object(),
        plain => plain,
    }
}

/// A time of Windows, in 100 ns units since 1601, as RFC 3339; none for what is no time.
pub(crate) fn utc(time: u64) -> Option<String> {
    /// From 1601 to 1970.
    const TO_1970: i128 = 116_444_736_000_000_000;
    let nanos = (i128::from(time) - TO_1970).checked_mul(100)?;
    OffsetDateTime::from_unix_timestamp_nanos(nanos).ok()?.format(&Rfc3339).ok()
}

/// A value as a text, for comparing and for lines.
pub(crate) fn text_of(value: &Val) -> String {
    match shown(value) {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_shown_by_its_kind_and_nothing_hides_in_it() {
        for (value, json) in [
            (Val::of(ValKind::Null), Value::Null),
            (Val { v: Some(true.into()), ..Val::of(ValKind::Bool) }, true.into()),
            (Val::text("a\u{202e}b"), "a⟨U+202E⟩b".into()),
            (Val { n: Some(900), ..Val::text("long") }, "long… (900 characters)".into()),
            (Val { s: Some("leak".into()), ..Val::of(ValKind::Redacted) }, "(redacted)".into()),
            (
                Val { v: Some(serde_json::json!(["\u{200b}", 1])), ..Val::of(ValKind::Size) },
                serde_json::json!(["⟨U+200B⟩", 1]),
            ),
            (Val { v: Some(serde_json::json!({"a": "\u{200b}"})), ..Val::of(ValKind::Size) }, "(object)".into()),
            (Val::of(ValKind::Object), "(object)".into()),
            (Val { s: Some("IOException".into()), ..Val::of(ValKind::Error) }, "(threw IOException)".into()),
        ] {
            assert_eq!(shown(&value), json, "{value:?}");
        }
    }

    #[test]
    fn a_time_of_windows_is_told_as_everybodys() {
        assert_eq!(utc(116_444_736_000_000_000).as_deref(), Some("1970-01-01T00:00:00Z"));
        assert_eq!(utc(134_000_000_001_230_000).as_deref(), Some("2025-08-18T14:13:20.123Z"));
        assert_eq!(utc(u64::MAX), None);
    }

    #[test]
    fn injection_is_the_loaders_and_opens_nothing_inside() {
        assert_eq!(capabilities(&[WpfGate::Injection]), Capabilities::NONE);
        assert_eq!(capabilities(&WpfGate::ALL), Capabilities::ALL);
    }
}
