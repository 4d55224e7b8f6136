//! The numbers of types in a session, values cut to a request's cap, and errors: what every answer is made of.

use super::model::FakeElement;
use portcullis_wpf_protocol::{ErrorCode, TypeRow, Val, ValKind, WireError};
use serde_json::Value;

/// The types of a session, and which of them an answer used.
#[derive(Default)]
pub(super) struct Types {
    known: Vec<String>,
    used: Vec<u32>,
}

impl Types {
    /// The number of a type.
    pub(super) fn id(&mut self, name: &str) -> u32 {
        let at = self.known.iter().position(|known| known == name).unwrap_or_else(|| {
            self.known.push(name.to_owned());
            self.known.len() - 1
        });
        let id = u32::try_from(at).unwrap_or(u32::MAX).saturating_add(1);
        if !self.used.contains(&id) {
            self.used.push(id);
        }
        id
    }

    /// The rows that explain the answer.
    pub(super) fn rows(&mut self) -> Vec<TypeRow> {
        let used = std::mem::take(&mut self.used);
        let row = |id: u32| {
            let at = usize::try_from(id).unwrap_or(usize::MAX).saturating_sub(1);
            let name = self.known.get(at).cloned().unwrap_or_default();
            let full = full(&name);
            TypeRow { id, name, full }
        };
        used.into_iter().map(row).collect()
    }
}

/// The full name of a type that tests name by its own.
pub(super) fn full(name: &str) -> String {
    if name.ends_with("ViewModel") { format!("Fixture.{name}") } else { format!("System.Windows.Controls.{name}") }
}

/// Whether an element is of one of these types.
pub(super) fn is_of(element: &FakeElement, types: &[String], derived: bool) -> bool {
    let fits = |name: &str, wanted: &str| {
        name.eq_ignore_ascii_case(wanted) || name.rsplit('.').next().is_some_and(|own| own.eq_ignore_ascii_case(wanted))
    };
    types.iter().any(|wanted| {
        fits(&full(&element.ty), wanted) || (derived && element.bases.iter().any(|base| fits(base, wanted)))
    })
}

/// A value with its text cut.
pub(super) fn cut(value: &Val, cap: u32) -> Val {
    part(value, 0, cap)
}

/// A value with the part of its text that begins at `from`, in units of UTF-16.
pub(super) fn part(value: &Val, from: u32, cap: u32) -> Val {
    let mut value = value.clone();
    if value.k == ValKind::Redacted {
        return Val::of(ValKind::Redacted);
    }
    let [from, cap] = [from, cap].map(|units| usize::try_from(units).unwrap_or(usize::MAX));
    if let Some(text) = &value.s {
        let count = text.encode_utf16().count();
        if from > 0 || count > cap {
            value.n = u32::try_from(count).ok();
            let mut at = 0;
            let within = |sign: &char| {
                let begun = at;
                at += sign.len_utf16();
                begun >= from && at <= from.saturating_add(cap)
            };
            value.s = Some(text.chars().filter(within).collect());
        }
    }
    value
}

/// An error.
pub(super) fn error(code: ErrorCode, message: &str) -> WireError {
    WireError { code, message: message.to_owned(), data: None }
}

/// An error with the nearest names.
pub(super) fn not_found(what: &str, candidates: Vec<String>) -> WireError {
    WireError {
        code: ErrorCode::NotFound,
        message: format!("there is no such {what}"),
        data: Some(serde_json::json!({ "candidates": candidates })),
    }
}

/// A JSON value as a value of the same kind as `like`, or why not.
pub(super) fn convert(json: &Value, like: &Val) -> Result<Val, WireError> {
    let failed = |target: &str| WireError {
        code: ErrorCode::ConvertFailed,
        message: format!("the value is no {target}"),
        data: Some(serde_json::json!({ "targetType": target })),
    };
    let text = json.as_str().map(str::to_owned).unwrap_or_else(|| json.to_string());
    match like.k {
        ValKind::Bool => {
            let value = json.as_bool().or_else(|| text.to_lowercase().parse().ok()).ok_or_else(|| failed("Boolean"))?;
            Ok(Val { v: Some(value.into()), ..Val::of(ValKind::Bool) })
        }
        ValKind::Float | ValKind::Int => {
            let value = json.as_f64().or_else(|| text.parse().ok()).ok_or_else(|| failed("Double"))?;
            Ok(Val { v: Some(value.into()), ..Val::of(like.k) })
        }
        ValKind::Enum if !["Visible", "Hidden", "Collapsed"].contains(&text.as_str()) => Err(failed("Visibility")),
        kind @ (ValKind::Enum | ValKind::Brush | ValKind::Color) => Ok(Val { s: Some(text), ..Val::of(kind) }),
        _ => Ok(Val::text(text)),
    }
}
