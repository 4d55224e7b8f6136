//! Values of an application as they travel: what could be read of them, and what is to be written. A value never holds more
//! than its cap, and what is secret has left its text in the application.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// An object of the application that the inspector knows. Opaque; never used for another object again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Handle(pub u64);

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ValKind {
    /// `null`.
    Null,
    /// `v` is a boolean.
    Bool,
    /// `v` is a whole number.
    Int,
    /// `v` is a number, or "NaN", "Infinity" or "-Infinity".
    Float,
    /// `s` is the text.
    String,
    /// `s` is the name, `v` the number.
    Enum,
    /// `s` is `#AARRGGBB`.
    Color,
    /// `s` is the colour of a solid brush, or the type of another one.
    Brush,
    /// `v` is four numbers: left, top, right, bottom.
    Thickness,
    /// `v` is four numbers: top left, top right, bottom right, bottom left.
    CornerRadius,
    /// `v` is two numbers.
    Size,
    /// `v` is two numbers.
    Point,
    /// `v` is four numbers: x, y, width, height.
    Rect,
    /// `v` is six numbers.
    Matrix,
    /// `s` as XAML writes it.
    GridLength,
    /// `s` as it was made.
    Uri,
    /// `s` in ISO 8601 or as XAML writes it.
    Time,
    /// `s` is the full name.
    Type,
    /// `v` is the count when it is known without walking.
    Collection,
    /// Anything else; `s` is its text when it has one of its own.
    Object,
    /// `DependencyProperty.UnsetValue`.
    Unset,
    /// Reading it threw; `s` is the exception's type.
    Error,
    /// A secret: a password box's, or under a name that says so. There is no `v` and no `s`.
    Redacted,
}

/// One value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Val {
    /// What it is.
    pub k: ValKind,
    /// Its type, by the number that the message's `types` explain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ty: Option<u32>,
    /// The value, where JSON has one for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub v: Option<Value>,
    /// Its text in the invariant culture, cut at the request's cap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s: Option<String>,
    /// The characters of the whole text, where it was cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u32>,
    /// The object, where handles were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub h: Option<Handle>,
}

impl Val {
    /// A value of this kind with nothing more.
    pub fn of(k: ValKind) -> Self {
        Self { k, ty: None, v: None, s: None, n: None, h: None }
    }

    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { s: Some(text.into()), ..Self::of(ValKind::String) }
    }
}

/// A value that is to be written: exactly one of the fields is there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewValue {
    /// A JSON value: brought into the target's type. Objects and arrays become what XAML's attribute syntax can say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<Value>,
    /// `null` itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub null: Option<bool>,
    /// A resource's key, looked up from the element.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// An object that the inspector knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<Handle>,
}
