//! From JSON that was read already to a type, with the place of what does not fit. What a scalar may be is `serde_json`'s to
//! say; this walks lists and objects and keeps the way down. Words for an error are made elsewhere.
//!
//! `serde_path_to_error` does the same for any format, by wrappers around every visitor of every type, which are a twentieth
//! of the whole program. For the one format that arguments have, nothing needs to be wrapped; a property test holds both to
//! the same places and words.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    Deserialize, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error as _, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};
use serde_json::{Error, Map, Value, map};
use std::cell::OnceCell;
use std::iter::Enumerate;
use std::{fmt, slice};

/// What did not fit, and where.
#[derive(Debug)]
pub(crate) struct Misfit {
    /// Such as `steps[2].tool`; `.` is the whole.
    pub(crate) path: String,
    /// serde's words.
    pub(crate) message: String,
}

/// Makes a type of a value.
pub(crate) fn deserialize<T: DeserializeOwned>(value: &Value) -> Result<T, Misfit> {
    let found = OnceCell::new();
    T::deserialize(At { value, place: &Place::Whole, found: &found }).map_err(|error| Misfit {
        path: found.into_inner().unwrap_or_else(|| Place::Whole.to_string()),
        message: error.to_string(),
    })
}

/// The way down to a value.
#[derive(Clone, Copy)]
enum Place<'p> {
    Whole,
    Name(&'p Place<'p>, &'p str),
    Item(&'p Place<'p>, usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("."),
            Self::Name(Place::Whole, name) => f.write_str(name),
            Self::Name(above, name) => write!(f, "{above}.{name}"),
            Self::Item(Place::Whole, index) => write!(f, "[{index}]"),
            Self::Item(above, index) => write!(f, "{above}[{index}]"),
        }
    }
}

/// A value where it stands. The place of the first error is the deepest one, since errors come up from there.
#[derive(Clone, Copy)]
struct At<'v, 'p> {
    value: &'v Value,
    place: &'p Place<'p>,
    found: &'p OnceCell<String>,
}

impl<'v> At<'v, '_> {
    /// Keeps the place of an error that came up from here.
    fn noted<T>(self, result: Result<T, Error>) -> Result<T, Error> {
        if result.is_err() {
            self.found.get_or_init(|| self.place.to_string());
        }
        result
    }

    fn items<V: Visitor<'v>>(self, items: &'v [Value], visitor: V) -> Result<V::Value, Error> {
        let mut left = Items { at: self, items: items.iter().enumerate() };
        let made = visitor.visit_seq(&mut left)?;
        match left.items.len() {
            0 => Ok(made),
            _ => Err(Error::invalid_length(items.len(), &"fewer elements in array")),
        }
    }

    fn entries<V: Visitor<'v>>(self, entries: &'v Map<String, Value>, visitor: V) -> Result<V::Value, Error> {
        let mut left = Entries { at: self, entries: entries.iter(), value: None };
        let made = visitor.visit_map(&mut left)?;
        match left.entries.len() {
            0 => Ok(made),
            _ => Err(Error::invalid_length(entries.len(), &"fewer elements in map")),
        }
    }
}

/// What `serde_json` alone decides about.
macro_rules! scalars {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'v>>(self, visitor: V) -> Result<V::Value, Error> {
            self.value.$method(visitor)
        })*
    };
}

impl<'v> Deserializer<'v> for At<'v, '_> {
    type Error = Error;

    scalars! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8 deserialize_u16
        deserialize_u32 deserialize_u64 deserialize_f32 deserialize_f64 deserialize_char deserialize_str deserialize_string
        deserialize_bytes deserialize_byte_buf deserialize_unit deserialize_identifier deserialize_ignored_any
    }

    fn deserialize_any<V: Visitor<'v>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::Array(items) => self.items(items, visitor),
            Value::Object(entries) => self.entries(entries, visitor),
            scalar => scalar.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'v>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.value.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'v>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_unit_struct<V: Visitor<'v>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_seq<V: Visitor<'v>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::Array(items) => self.items(items, visitor),
            other => other.deserialize_seq(visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'v>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'v>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'v>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::Object(entries) => self.entries(entries, visitor),
            other => other.deserialize_map(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'v>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.value {
            Value::Array(items) => self.items(items, visitor),
            Value::Object(entries) => self.entries(entries, visitor),
            other => other.deserialize_map(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'v>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        // An object with one name is a variant with content; all else is a name alone, or refused.
        let content =
            self.value.as_object().filter(|entries| entries.len() == 1).and_then(|entries| entries.iter().next());
        match content {
            Some((variant, value)) => visitor.visit_enum(Content { at: self, variant, value }),
            None => self.value.deserialize_enum(name, variants, visitor),
        }
    }
}

/// What is left of a list.
struct Items<'v, 'p> {
    at: At<'v, 'p>,
    items: Enumerate<slice::Iter<'v, Value>>,
}

impl<'v> SeqAccess<'v> for Items<'v, '_> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'v>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        let Some((index, value)) = self.items.next() else { return Ok(None) };
        let place = &Place::Item(self.at.place, index);
        let at = At { value, place, found: self.at.found };
        at.noted(seed.deserialize(at)).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

/// What is left of an object, and the value whose name was asked for last.
struct Entries<'v, 'p> {
    at: At<'v, 'p>,
    entries: map::Iter<'v>,
    value: Option<(&'v str, &'v Value)>,
}

impl<'v> MapAccess<'v> for Entries<'v, '_> {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'v>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        let Some((name, value)) = self.entries.next() else { return Ok(None) };
        self.value = Some((name, value));
        let named = At { place: &Place::Name(self.at.place, name), ..self.at };
        named.noted(seed.deserialize(BorrowedStrDeserializer::new(name))).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'v>>(&mut self, seed: S) -> Result<S::Value, Error> {
        let (name, value) = self.value.take().ok_or_else(|| Error::custom("a value comes after its name"))?;
        let at = At { value, place: &Place::Name(self.at.place, name), found: self.at.found };
        at.noted(seed.deserialize(at))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len())
    }
}

/// A variant with what is in it.
struct Content<'v, 'p> {
    at: At<'v, 'p>,
    variant: &'v str,
    value: &'v Value,
}

impl<'v> Content<'v, '_> {
    /// Goes on with what is in it, at its place.
    fn inside<T>(self, go_on: impl FnOnce(At<'v, '_>) -> Result<T, Error>) -> Result<T, Error> {
        let at = At { value: self.value, place: &Place::Name(self.at.place, self.variant), found: self.at.found };
        at.noted(go_on(at))
    }
}

impl<'v> EnumAccess<'v> for Content<'v, '_> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'v>>(self, seed: S) -> Result<(S::Value, Self), Error> {
        Ok((seed.deserialize(BorrowedStrDeserializer::new(self.variant))?, self))
    }
}

impl<'v> VariantAccess<'v> for Content<'v, '_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        self.inside(|at| <()>::deserialize(at))
    }

    fn newtype_variant_seed<S: DeserializeSeed<'v>>(self, seed: S) -> Result<S::Value, Error> {
        self.inside(|at| seed.deserialize(at))
    }

    fn tuple_variant<V: Visitor<'v>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.inside(|at| at.deserialize_seq(visitor))
    }

    fn struct_variant<V: Visitor<'v>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        self.inside(|at| at.deserialize_map(visitor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct All {
        a: u8,
        b: Option<Part>,
        #[serde(default)]
        c: Vec<Part>,
        d: Option<Kind>,
        e: Option<BTreeMap<String, bool>>,
        f: Option<(i64, String)>,
        g: Option<Value>,
        h: Option<Wrapped>,
    }

    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Part {
        a: String,
        b: Option<f64>,
    }

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Wrapped(Vec<u16>);

    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        A,
        B(u8),
        C { a: bool },
        D(u8, String),
    }

    /// JSON that is often nearly right: few names, few kinds.
    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-2_i64..300).prop_map(Value::from),
            Just(Value::from(1.5)),
            "[a-d]".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map("[a-i]", inner, 0..5)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    /// A right one in which one value is exchanged for another.
    fn nearly_right() -> impl Strategy<Value = Value> {
        const PLACES: [&str; 16] = [
            "/a", "/b", "/b/a", "/b/b", "/c", "/c/0", "/c/1/a", "/c/1/b", "/d", "/d/c", "/d/c/a", "/e/x", "/f", "/f/1",
            "/h", "/h/1",
        ];
        (json(), proptest::sample::select(PLACES.to_vec())).prop_map(|(other, place)| {
            let mut all = serde_json::json!({
                "a": 1, "b": { "a": "x", "b": 1.5 }, "c": [{ "a": "y" }, { "a": "z", "b": null }], "d": { "c": { "a": true } },
                "e": { "x": true }, "f": [1, "two"], "g": [null], "h": [1, 2],
            });
            *all.pointer_mut(place).unwrap_or(&mut Value::Null) = other;
            all
        })
    }

    /// What the library for any format says of it.
    fn by_the_library<T: DeserializeOwned>(value: &Value) -> Result<T, (String, String)> {
        serde_path_to_error::deserialize(value)
            .map_err(|error| (error.path().to_string(), error.into_inner().to_string()))
    }

    fn by_ours<T: DeserializeOwned>(value: &Value) -> Result<T, (String, String)> {
        deserialize(value).map_err(|misfit| (misfit.path, misfit.message))
    }

    /// Both make the same of it, or find the same place wrong in the same words. Where a variant has the wrong content ours
    /// names the variant besides, an empty list is no unit, and a variant's name alone stands where it stands.
    fn agree<T: DeserializeOwned + PartialEq + fmt::Debug>(value: &Value) {
        match (by_ours::<T>(value), by_the_library::<T>(value)) {
            (Err((place, words)), Err((other_place, other_words))) => {
                let named_alone = words.starts_with("invalid type: unit variant") && other_place.starts_with(&place);
                assert!(place == other_place || named_alone, "{place}, {other_place}: {words} / {other_words}");
                let empty = words.starts_with("invalid length 0, expected tuple variant");
                assert!(empty || words.starts_with(&other_words), "{words} / {other_words}");
            }
            (ours, theirs) => assert_eq!(ours, theirs),
        }
    }

    proptest! {
        #[test]
        fn any_value_comes_to_what_the_library_makes_of_it(value in prop_oneof![json(), nearly_right()]) {
            agree::<All>(&value);
            agree::<Vec<Kind>>(&value);
            agree::<Value>(&value);
        }
    }

    #[test]
    fn the_place_of_what_does_not_fit_is_the_deepest() {
        let path = |value: Value| by_ours::<All>(&value).unwrap_err().0;
        assert_eq!(path(serde_json::json!({ "a": 1, "c": [{ "a": "x" }, { "a": 7 }] })), "c[1].a");
        assert_eq!(path(serde_json::json!({ "a": 1, "d": { "c": { "a": 7 } } })), "d.c.a");
        assert_eq!(path(serde_json::json!({ "a": 1, "b": { "a": "x", "z": 7 } })), "b.z");
        assert_eq!(path(serde_json::json!({})), ".");
    }
}
