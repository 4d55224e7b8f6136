//! The names that elements have for one caller: `Button_42`. A name stands for one object of one session, is given once and
//! never again, and means nothing in another session. What lies behind a handle is the inspector's.

use portcullis_wpf_protocol::Handle;
use std::collections::{HashMap, VecDeque};

/// Names of one session; with more the oldest are forgotten and answer as gone.
pub const NAME_CAP: usize = 50_000;
/// Characters of a type's name in an element's.
const TYPE_CAP: usize = 64;

/// The names of one session.
#[derive(Debug, Default)]
pub struct ElementNames {
    by_handle: HashMap<Handle, String>,
    by_name: HashMap<String, Handle>,
    order: VecDeque<Handle>,
    given: u64,
}

impl ElementNames {
    /// The name of an element of this type; a new one when it has none.
    pub fn name(&mut self, handle: Handle, type_name: &str) -> String {
        if let Some(known) = self.by_handle.get(&handle) {
            return known.clone();
        }
        if self.order.len() >= NAME_CAP
            && let Some(oldest) = self.order.pop_front()
            && let Some(name) = self.by_handle.remove(&oldest)
        {
            self.by_name.remove(&name);
        }
        self.given = self.given.saturating_add(1);
        let is_plain = |c: &char| c.is_ascii_alphanumeric();
        let plain: String = type_name.chars().filter(is_plain).take(TYPE_CAP).collect();
        let name = format!("{}_{}", if plain.is_empty() { "Element" } else { &plain }, self.given);
        self.by_handle.insert(handle, name.clone());
        self.by_name.insert(name.clone(), handle);
        self.order.push_back(handle);
        name
    }

    /// The element of this name.
    pub fn handle(&self, name: &str) -> Option<Handle> {
        self.by_name.get(name).copied()
    }

    /// Whether a name of this form was given in this session and is forgotten.
    pub fn was_given(&self, name: &str) -> bool {
        let number = name.rsplit_once('_').and_then(|(_, number)| number.parse::<u64>().ok());
        number.is_some_and(|number| (1..=self.given).contains(&number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_given_once_and_never_again() {
        let mut names = ElementNames::default();
        assert_eq!(names.name(Handle(1), "Button"), "Button_1");
        assert_eq!(names.name(Handle(2), "List`1"), "List1_2");
        assert_eq!(names.name(Handle(3), "\u{202e}x y"), "xy_3");
        assert_eq!(names.name(Handle(4), "…"), "Element_4");
        assert_eq!(names.name(Handle(1), "Other"), "Button_1");
        assert_eq!(names.handle("Button_1"), Some(Handle(1)));
        assert_eq!(names.handle("Button_2"), None);
        for at in 5..=u64::try_from(NAME_CAP).unwrap() + 1 {
            names.name(Handle(at), "Button");
        }
        assert_eq!(names.handle("Button_1"), None, "the table grows past its cap");
        assert!(names.was_given("Button_1") && !names.was_given("Button_60000"));
        assert_eq!(names.handle("List1_2"), Some(Handle(2)));
        assert_eq!(names.name(Handle(1), "Button"), format!("Button_{}", NAME_CAP + 2));
    }
}
