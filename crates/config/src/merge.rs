//! Several places become one configuration. A later place may set what an earlier one leaves unset and narrow what it
//! says; what would widen it is refused, with both places named.

use crate::certificates::ClientCertificate;
use crate::error::ConfigError;
use crate::keys::{DEFAULT_CALLS, Key, Kind, Merge, PRINCIPALS, key};
use crate::layer::{Layer, Said, Value};
use crate::network::Network;
use portcullis_model::{FilePath, HostPattern, Origin, RegistryKey, Valued, WpfTarget};

/// Puts `later` over `earlier`.
pub(crate) fn narrow(earlier: Layer, later: Layer) -> Result<Layer, ConfigError> {
    let mut merged = earlier;
    narrow_said(&mut merged.0, later.0)?;
    for (name, said) in later.1 {
        narrow_said(merged.1.entry(name).or_default(), said)?;
    }
    Ok(merged)
}

fn narrow_said(merged: &mut Said, later: Said) -> Result<(), ConfigError> {
    for (path, new) in later {
        let value = match (merged.remove(path), key(path)) {
            (Some(old), Some(key)) => join(key, old, new)?,
            (None, _) | (_, None) => new,
        };
        merged.insert(path, value);
    }
    Ok(())
}

/// Refuses what the rules of one principal would add to those of all. Where nothing is said for all, they give roots and take
/// from the default.
pub(crate) fn require_narrower(merged: &Layer) -> Result<(), ConfigError> {
    for (name, said) in &merged.1 {
        for (path, own) in said {
            let Some(key) = key(path) else { continue };
            let all = merged.0.get(path).cloned().or_else(|| default(key));
            if let Some(all) = all {
                join(key, all, own.clone()).map_err(|mut error| {
                    error.key = format!("{PRINCIPALS}.\"{name}\".{path}");
                    error
                })?;
            }
        }
    }
    Ok(())
}

/// What holds of a key when nobody says anything, of those that are not only lists.
fn default(key: &Key) -> Option<Valued<Value>> {
    let value = match (key.path, key.default) {
        ("rates.calls", _) => Value::Number(DEFAULT_CALLS),
        (_, "false") => Value::Bool(false),
        _ => return None,
    };
    Some(Valued::new(value, Origin::Default))
}

fn join(key: &Key, old: Valued<Value>, new: Valued<Value>) -> Result<Valued<Value>, ConfigError> {
    let wider = match (key.merge, &old.value, &new.value) {
        (Merge::OnlyOff, Value::Bool(old), Value::Bool(new)) => *new && !*old,
        (Merge::OnlyFewer, Value::List(known), Value::List(new)) => {
            let has = |item: &Valued<String>| known.iter().any(|known| known.value.eq_ignore_ascii_case(&item.value));
            if let Some(more) = new.iter().find(|item| !has(item)) {
                return Err(refuse(key, &old, more));
            }
            false
        }
        (Merge::OnlyWithin, Value::Networks(known), Value::Networks(new)) => {
            let is_part = |item: &Valued<Network>| known.iter().any(|known| item.value.is_within(&known.value));
            if let Some(more) = new.iter().find(|item| !is_part(item)) {
                return Err(refuse(key, &old, &more.clone().map(|net| net.to_string())));
            }
            false
        }
        (Merge::OnlyWithin, Value::Certificates(known), Value::Certificates(new)) => {
            let is_part =
                |item: &Valued<ClientCertificate>| known.iter().any(|known| item.value.is_within(&known.value));
            if let Some(more) = new.iter().find(|item| !is_part(item)) {
                return Err(refuse(key, &old, &more.clone().map(|certificate| certificate.to_string())));
            }
            false
        }
        (Merge::OnlyWithin, Value::WpfTargets(known), Value::WpfTargets(new)) => {
            let is_part = |item: &Valued<WpfTarget>| known.iter().any(|known| item.value.is_within(&known.value));
            if let Some(more) = new.iter().find(|item| !is_part(item)) {
                return Err(refuse(key, &old, &more.clone().map(|target| target.to_string())));
            }
            false
        }
        (Merge::OnlyLess, Value::Number(old), Value::Number(new)) => new > old,
        (Merge::OnlyFewer, Value::Paths(known), Value::Paths(new)) => {
            let has = |item: &Valued<FilePath>| known.iter().any(|known| item.value.is_within(&known.value));
            if let Some(more) = new.iter().find(|item| !has(item)) {
                return Err(refuse(key, &old, &more.clone().map(|path| path.as_str().to_owned())));
            }
            false
        }
        (Merge::OnlyFewer, Value::RegistryKeys(known), Value::RegistryKeys(new)) => {
            let has = |item: &Valued<RegistryKey>| known.iter().any(|known| item.value.is_within(&known.value));
            if let Some(more) = new.iter().find(|item| !has(item)) {
                return Err(refuse(key, &old, &more.clone().map(|key| key.to_string())));
            }
            false
        }
        (Merge::OnlyFewer, Value::Hosts(known), Value::Hosts(new)) => {
            let has = |item: &Valued<HostPattern>| known.iter().any(|known| item.value.opens_within(&known.value));
            if let Some(more) = new.iter().find(|item| !has(item)) {
                return Err(refuse(key, &old, &more.clone().map(|host| host.to_string())));
            }
            false
        }
        (Merge::OnlyMore, Value::Paths(_), Value::Paths(_))
        | (Merge::OnlyMore, Value::Hosts(_), Value::Hosts(_))
        | (Merge::OnlyMore, Value::RegistryKeys(_), Value::RegistryKeys(_)) => false,
        (Merge::OnlyMore, Value::Programs(_), Value::Programs(_))
        | (Merge::OnlyMore, Value::Chords(_), Value::Chords(_)) => false,
        (Merge::OnlyMore, Value::List(_), Value::List(_)) | (Merge::OnlyMore, Value::Windows(_), Value::Windows(_)) => {
            false
        }
        (Merge::OnlyStricter, Value::Text(old), Value::Text(new)) => place(key, new) < place(key, old),
        (Merge::Fixed, old, new) => old != new,
        // The kind of a value is that of its key, so the pairs above are all that can be.
        _ => true,
    };
    if wider {
        let shown = Valued::new(new.value.to_string(), new.origin);
        return Err(refuse(key, &old, &shown));
    }
    let Valued { value, origin } = new;
    Ok(Valued::new(if key.merge == Merge::OnlyMore { both(old.value, value) } else { value }, origin))
}

/// Two lists of one kind as one.
fn both(old: Value, new: Value) -> Value {
    fn chained<T>(old: Vec<T>, new: Vec<T>) -> Vec<T> {
        old.into_iter().chain(new).collect()
    }
    match (old, new) {
        (Value::List(old), Value::List(new)) => Value::List(chained(old, new)),
        (Value::Paths(old), Value::Paths(new)) => Value::Paths(chained(old, new)),
        (Value::RegistryKeys(old), Value::RegistryKeys(new)) => Value::RegistryKeys(chained(old, new)),
        (Value::Hosts(old), Value::Hosts(new)) => Value::Hosts(chained(old, new)),
        (Value::Programs(old), Value::Programs(new)) => Value::Programs(chained(old, new)),
        (Value::Chords(old), Value::Chords(new)) => Value::Chords(chained(old, new)),
        (Value::Windows(old), Value::Windows(new)) => Value::Windows(chained(old, new)),
        (_, new) => new,
    }
}

/// Where a word stands among those of its kind, which go from the widest to the strictest.
fn place(key: &Key, word: &str) -> Option<usize> {
    let Kind::Choice(words) = key.kind else { return None };
    words.iter().position(|known| *known == word)
}

fn refuse(key: &Key, old: &Valued<Value>, new: &Valued<String>) -> ConfigError {
    let rule = format!(
        "{} says `{} = {}`; a later place {}. Change it there, or leave it out here",
        old.origin,
        key.path,
        old.value,
        key.merge.rule()
    );
    ConfigError::new(new.origin.clone(), key.path, &new.value, rule)
}

#[cfg(test)]
mod tests;
