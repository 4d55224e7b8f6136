//! JSON in which a name stands twice in one object: readers differ in which of the two counts, so that one who checks and one
//! who acts may see different things. Such JSON is refused before anything is read out of it; what it means is not asked here.

use crate::visible;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::collections::HashSet;
use std::fmt;

/// Characters of one name as it is told.
const NAME_CAP: usize = 60;
/// Names of a place that are told: the innermost, which is where to look.
const PLACE_CAP: usize = 8;

/// Why JSON is not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unclear {
    /// This name stands twice in one object: where it stands, such as `params.arguments.path`.
    #[error("`{0}` stands twice in one object, and which of the two is meant cannot be told; write it once")]
    Repeated(String),
    /// It is no JSON that can be read to its end: deeper than 128, or with a number or a character that there is none of.
    #[error("it is no JSON that can be read to its end; write it anew in UTF-8, at most 128 deep")]
    Unreadable,
}

/// Fails unless the text is JSON in which no name stands twice in one object, however it is written.
pub fn require_clear(text: &[u8]) -> Result<(), Unclear> {
    let mut look = Look { place: Vec::new(), repeated: None };
    let mut parser = serde_json::Deserializer::from_slice(text);
    match (&mut look).deserialize(&mut parser).and_then(|()| parser.end()) {
        Ok(()) => Ok(()),
        Err(_) => Err(look.repeated.map_or(Unclear::Unreadable, Unclear::Repeated)),
    }
}

/// A look at all of it.
struct Look {
    /// The names that lead to what is looked at.
    place: Vec<String>,
    repeated: Option<String>,
}

impl Look {
    fn told(&self, name: &str) -> String {
        let left_out = self.place.len().saturating_sub(PLACE_CAP);
        let mut told = if left_out > 0 { "…".to_owned() } else { String::new() };
        for part in self.place.iter().skip(left_out) {
            told.push_str(&visible(part, NAME_CAP));
            told.push('.');
        }
        told + &visible(name, NAME_CAP)
    }
}

impl<'de> DeserializeSeed<'de> for &mut Look {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Look {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if names.contains(&name) {
                self.repeated = Some(self.told(&name));
                return Err(A::Error::custom("a name stands twice"));
            }
            self.place.push(name.clone());
            map.next_value_seed(&mut *self)?;
            self.place.pop();
            names.insert(name);
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(&mut *self)?.is_some() {}
        Ok(())
    }

    fn visit_str<E>(self, _text: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _value: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _number: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _number: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _number: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_stands_twice_is_told_with_its_place() {
        for (text, place) in [
            (r#"{"a":1,"a":2}"#, "a"),
            (r#"{"a":{"b":[{"c":null},{"c":1,"d":true,"c":1.5}]}}"#, "a.b.c"),
            (r#"{"params":{"arguments":{"path":"x","p\u0061th":"y"}}}"#, "params.arguments.path"),
            (r#"[{"":-1,"":2}]"#, ""),
            ("{\"\u{202e}x\":1,\"\u{202e}x\":2}", "⟨U+202E⟩x"),
        ] {
            assert_eq!(require_clear(text.as_bytes()), Err(Unclear::Repeated(place.to_owned())), "{text}");
        }
        let deep = format!("{}{}{}", r#"{"n":"#.repeat(20), r#"{"x":1,"x":2}"#, "}".repeat(20));
        assert_eq!(require_clear(deep.as_bytes()), Err(Unclear::Repeated(format!("…{}x", "n.".repeat(PLACE_CAP)))));
    }

    #[test]
    fn what_has_each_name_once_is_clear_and_what_is_no_json_is_not() {
        for text in [
            r#"{"a":{"b":1},"b":{"a":1},"A":[1,1,"a","a"],"c":[{"a":1},{"a":1}]}"#,
            "[]",
            "null",
            " 1.5e3 ",
            r#""text""#,
            "18446744073709551615",
            "-3",
        ] {
            assert_eq!(require_clear(text.as_bytes()), Ok(()), "{text}");
        }
        for text in ["", "{", "1e400", r#"{"a":1}{}"#, r#"{"a":"\ud800"}"#, &"[".repeat(500)] {
            assert_eq!(require_clear(text.as_bytes()), Err(Unclear::Unreadable), "{text}");
        }
    }
}
