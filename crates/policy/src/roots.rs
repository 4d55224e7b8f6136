//! Lists of places that the owner opens, the same for files and for keys: which entry holds a place, and what is said where
//! none does. What a place is, and what is refused inside a root, is for `files` and `registry`.

use crate::decision::Denial;
use portcullis_model::{FaultCode, FilePath, Origin, RegistryKey, Valued};

/// A list of places as said, with the place of the list and of each entry.
pub type Roots<T> = Option<Valued<Vec<Valued<T>>>>;

/// A list of places that were all said in one place.
pub fn roots<T>(places: impl IntoIterator<Item = T>, origin: &Origin) -> Roots<T> {
    let list = places.into_iter().map(|place| Valued::new(place, origin.clone())).collect();
    Some(Valued::new(list, origin.clone()))
}

/// What lies in or below another of its kind.
pub(crate) trait Place {
    /// What an open place is called.
    const WORD: &'static str;
    /// What is refused.
    const OUTSIDE: &'static str;

    fn lies_in(&self, above: &Self) -> bool;
}

impl Place for FilePath {
    const WORD: &'static str = "folder";
    const OUTSIDE: &'static str = "the path lies in none of the folders that are open";

    fn lies_in(&self, above: &Self) -> bool {
        self.is_within(above)
    }
}

impl Place for RegistryKey {
    const WORD: &'static str = "key";
    const OUTSIDE: &'static str = "the key lies below none of the keys that are open";

    fn lies_in(&self, above: &Self) -> bool {
        self.is_within(above)
    }
}

/// The root that opens a place; no entry of a list when a default does.
pub(crate) struct Root<'rules, T> {
    pub(crate) place: Option<&'rules T>,
    pub(crate) rule: String,
}

/// The entry that opens `place`, of the list of all and of the principal's own, both of which must hold it. Where there is
/// neither, `default` gives the rule that opens the place, or the one that does not. `key` is the list's key in the policy file.
pub(crate) fn root<'rules, T: Place>(
    said: &'rules Roots<T>,
    own: Option<&'rules Roots<T>>,
    place: &T,
    key: &str,
    default: impl FnOnce() -> Result<String, String>,
) -> Result<Root<'rules, T>, Denial> {
    let lists = [said.as_ref(), own.and_then(Option::as_ref)].into_iter().flatten();
    let opened: Vec<Root<'rules, T>> = lists.map(|list| entry(list, place, key)).collect::<Result<_, _>>()?;
    if let Some(narrowest) = opened.into_iter().next_back() {
        return Ok(narrowest);
    }
    match default() {
        Ok(rule) => Ok(Root { place: None, rule }),
        Err(rule) => {
            let remedy = format!("the owner can name a {} in `{key}` of the policy file", T::WORD);
            Err(refused(T::OUTSIDE, rule, Some(remedy)))
        }
    }
}

fn entry<'rules, T: Place>(
    list: &'rules Valued<Vec<Valued<T>>>,
    place: &T,
    key: &str,
) -> Result<Root<'rules, T>, Denial> {
    let word = T::WORD;
    // The narrowest, whatever their order: what is shut inside a wide root is meant by a root of its own.
    let holding = list.value.iter().filter(|root| place.lies_in(&root.value));
    match holding.reduce(|best, next| if next.value.lies_in(&best.value) { next } else { best }) {
        Some(root) => Ok(Root { place: Some(&root.value), rule: format!("{} opens it in `{key}`", root.origin) }),
        None => Err(refused(
            T::OUTSIDE,
            format!("{} leaves it out of `{key}`", list.origin),
            Some(format!("the owner can add a {word} to `{key}` there")),
        )),
    }
}

/// Never names where a place leads: that would tell what a link outside of all roots points to.
pub(crate) fn refused(message: &str, rule: String, remedy: Option<String>) -> Denial {
    Denial { code: FaultCode::Denied, message: message.to_owned(), rule, remedy }
}
