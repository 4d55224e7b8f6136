//! `portcullis key`: the keys that open the HTTP server, and the same keys as a server sees them change. A key's text is
//! printed once, by the command that makes it.

use crate::cli::{KeyArgs, KeyCommand, KeyNewArgs};
use crate::machine::Machine;
use crate::settings;
use anyhow::Context;
use portcullis_config::{DataFolder, Environment, KeyName, KeyStore, Secret, ServeFlags, StoredKey, WatchedFiles};
use portcullis_gate::Catalogue;
use portcullis_model::{Authenticated, Principal, Scopes, nearest};
use portcullis_platform::{FileTrustPort, Keepers};
use portcullis_server::{HttpKey, Source};
use serde_json::json;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// `portcullis key`.
pub(crate) fn run(machine: &dyn Machine, args: KeyArgs) -> anyhow::Result<ExitCode> {
    let flags = ServeFlags { data: args.data, ..ServeFlags::default() };
    let environment = Environment::read();
    let settings = settings::load(machine, args.config, flags, &environment)?;
    let store = KeyStore::of(&DataFolder::open(settings.data(&environment)?.value)?);
    let trust = machine.file_trust();
    // What others can write is not added to either.
    check(&*trust, &store).map_err(anyhow::Error::msg)?;
    match args.command {
        KeyCommand::New(new) => make(&store, new, args.json),
        KeyCommand::List => list(&store, args.json),
        KeyCommand::Revoke(named) => {
            store.revoke(&named.name)?;
            told(args.json, "revoked", &named.name, None);
            Ok(ExitCode::SUCCESS)
        }
        KeyCommand::Rotate(named) => {
            let secret = store.rotate(&named.name, OffsetDateTime::now_utc())?;
            told(args.json, "rotated", &named.name, Some(&secret));
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn make(store: &KeyStore, new: KeyNewArgs, as_json: bool) -> anyhow::Result<ExitCode> {
    let scopes: Scopes = new.scopes.parse().context("--scopes")?;
    require_known_tools(&scopes).map_err(|wrong| anyhow::anyhow!("--scopes: {wrong}"))?;
    let secret = store.make(new.name.clone(), scopes, new.expires, OffsetDateTime::now_utc())?;
    told(as_json, "made", &new.name, Some(&secret));
    Ok(ExitCode::SUCCESS)
}

/// What became of a key, and its text when it has a new one.
fn told(as_json: bool, what: &str, name: &KeyName, secret: Option<&Secret>) {
    let text = secret.map(Secret::expose);
    if as_json {
        out!("{}", json!({ "name": name.as_str(), "key": text, "done": what }));
    } else if let Some(text) = text {
        out!("{text}");
        // For people; the key alone is on standard output, for a pipe into a secret store.
        crate::logging::complain(&format!(
            "key `{name}` was {what}; it is shown this once, and servers that run take it within a second"
        ));
    } else {
        out!("key `{name}` was {what}; servers that run refuse it within a second");
    }
}

/// Fails on `tool:NAME` of a tool that there is not: it would open nothing now, and something else once there is one.
fn require_known_tools(scopes: &Scopes) -> Result<(), String> {
    let known = Catalogue::new().names();
    let is_known = |tool: &&str| known.iter().any(|name| name.eq_ignore_ascii_case(tool));
    let Some(unknown) = scopes.tools().find(|tool| !is_known(tool)) else { return Ok(()) };
    let near = nearest(unknown, known.iter().copied());
    let near = if near.is_empty() { "`portcullis tools` lists them all".to_owned() } else { near.join(", ") };
    Err(format!("`tool:{unknown}` names no tool; nearest: {near}"))
}

fn list(store: &KeyStore, as_json: bool) -> anyhow::Result<ExitCode> {
    let now = OffsetDateTime::now_utc();
    let second = |time: OffsetDateTime| time.replace_nanosecond(0).unwrap_or(time);
    let text = |time: Option<OffsetDateTime>| time.and_then(|time| second(time).format(&Rfc3339).ok());
    let has_ended = |key: &StoredKey| key.expires.is_some_and(|end| end <= now);
    let keys = store.all()?;
    if as_json {
        let rows: Vec<_> = keys
            .iter()
            .map(|key| {
                json!({
                    "name": key.name.as_str(),
                    "scopes": key.scopes.written(),
                    "created": text(key.created),
                    "expires": text(key.expires),
                    "ended": has_ended(key),
                })
            })
            .collect();
        out!("{}", serde_json::to_string_pretty(&rows)?);
        return Ok(ExitCode::SUCCESS);
    }
    if keys.is_empty() {
        out!(
            "there are no keys: `portcullis key new NAME` makes one, and the first start of an HTTP server the one in http.key"
        );
    }
    for key in &keys {
        let end = match (text(key.expires), has_ended(key)) {
            (None, _) => "never ends".to_owned(),
            (Some(end), false) => format!("ends {end}"),
            (Some(end), true) => format!("ENDED {end}"),
        };
        let place = if key.name.is_default() { ", in http.key" } else { "" };
        out!("{:<32} {end}  ({}){place}", key.name.as_str(), key.scopes);
    }
    Ok(ExitCode::SUCCESS)
}

/// Fails when others can write one of the files.
fn check(trust: &dyn FileTrustPort, store: &KeyStore) -> Result<(), String> {
    for path in store.files().iter().filter(|path| path.exists()) {
        trust.check(path, Keepers::User).map_err(|distrust| distrust.to_string())?;
    }
    Ok(())
}

/// The keys of a server, whenever a file of them changes.
pub(crate) fn watched(trust: Arc<dyn FileTrustPort>, store: KeyStore) -> Source<Vec<HttpKey>> {
    let mut files = WatchedFiles::new(store.files());
    Box::new(move || files.changed().then(|| read(&*trust, &store)))
}

fn read(trust: &dyn FileTrustPort, store: &KeyStore) -> Result<Vec<HttpKey>, String> {
    check(trust, store)?;
    let keys = store.all().map_err(|error| error.to_string())?;
    for key in &keys {
        let wrong = |wrong| format!("{}: key `{}`: {wrong}", store.file().display(), key.name);
        require_known_tools(&key.scopes).map_err(wrong)?;
    }
    Ok(keys
        .into_iter()
        .map(|key| HttpKey {
            principal: principal(&key),
            digest: key.digest,
            expires: key.expires.map(SystemTime::from),
        })
        .collect())
}

/// Who holds a key.
pub(crate) fn principal(key: &StoredKey) -> Principal {
    Principal::remote(Authenticated::Key, key.name.as_str(), key.scopes.clone())
}
