//! The configuration as every command sees it: the machine's file, the owner's or the one of `--config`, and the flags.
//! `portcullis config show` and `portcullis policy check` say what came out.

use crate::cli::{AnchorFlags, ConfigShowArgs, PolicyCheckArgs};
use crate::machine::{self, Machine};
use crate::{compose, stop};
use portcullis_config::{Environment, FileSettings, Looked, PolicyFiles, ServeFlags, Settings};
use portcullis_gate::Catalogue;
use portcullis_model::{FilePath, Valued, visible};
use portcullis_platform::LastLink;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

/// Reads the files and puts the flags over them.
pub(crate) fn load(
    machine: &dyn Machine,
    config: Option<PathBuf>,
    flags: ServeFlags,
    environment: &Environment,
) -> anyhow::Result<Settings> {
    let files = PolicyFiles::new(machine.policy_folder(), config, environment);
    let port = machine.file_trust();
    Ok(Settings::load(&files, flags, &|path, place| machine::trust(&*port, path, place))?)
}

/// `portcullis config show`: every key with its value and where it came from.
pub(crate) fn show(machine: &dyn Machine, args: &ConfigShowArgs) -> anyhow::Result<ExitCode> {
    let environment = Environment::read();
    let settings = load(machine, args.policy.config.clone(), args.flags(), &environment)?;
    let data = settings.data(&environment);
    let rows = settings.rows().into_iter().map(|mut row| {
        if let (Ok(data), "serve.data") = (&data, row.key.as_str()) {
            row.value = data.value.display().to_string();
            row.origins = vec![data.origin.clone()];
        }
        let origins: Vec<String> = row.origins.iter().map(ToString::to_string).collect();
        (row.key, row.value, origins)
    });
    if args.json {
        let rows: Vec<_> =
            rows.map(|(key, value, origins)| json!({ "key": key, "value": value, "origins": origins })).collect();
        out!("{}", serde_json::to_string_pretty(&rows)?);
    } else {
        for (key, value, origins) in rows {
            // A list of programs may hold any text.
            out!("{key:<18} = {}  ({})", visible(&value, usize::MAX), origins.join("; "));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// `portcullis policy check`: whether a server would start with these files.
pub(crate) fn check(machine: &dyn Machine, args: PolicyCheckArgs) -> anyhow::Result<ExitCode> {
    let environment = Environment::read();
    let settings = load(machine, args.file, ServeFlags::default(), &environment)?;
    for line in checked(machine, &settings, &environment)? {
        out!("{line}");
    }
    Ok(ExitCode::SUCCESS)
}

/// What a check says of a configuration with which a server would start: which files make it, and which are not there.
fn checked(machine: &dyn Machine, settings: &Settings, environment: &Environment) -> anyhow::Result<Vec<String>> {
    settings.serve(environment)?;
    stop::chord(settings.stop_key())?;
    let rules = compose::rules(machine, settings, &AnchorFlags::default(), &Catalogue::new())?;
    let targets = rules.wpf_targets().entries().iter().map(|entry| {
        // A name may hold any text.
        format!("may be connected to: {}", visible(&entry.value.to_string(), usize::MAX))
    });
    let targets: Vec<String> = targets.collect();
    let files = settings.files();
    let any = files.iter().any(|looked| looked.found);
    let verdict = if any { "ok" } else { "no policy file was found: the defaults hold" };
    let line = |looked: &Looked| {
        let state = if looked.found { "read" } else { "not there" };
        format!("{state}: {}", looked.path.display())
    };
    let lines = std::iter::once(verdict.to_owned()).chain(files.iter().map(line)).chain(targets);
    Ok(lines.chain(empty_places(machine, settings)).collect())
}

/// The places of rules about files at which nothing is found. Each is most often a slip of the pen; and what is made there later
/// is known by the name that it gets, so a short name or a link that is written here would not stand for it.
fn empty_places(machine: &dyn Machine, settings: &Settings) -> Vec<String> {
    let Ok(ports) = machine.ports() else { return Vec::new() };
    let of_all = std::iter::once(settings.file_roots());
    let said = of_all.chain(settings.principals().into_iter().map(|(_, said)| said.files));
    let lists = said.flat_map(|FileSettings { read, write, deny }| {
        let roots =
            [("read", read), ("write", write)].map(|(key, roots)| (key, roots.map_or(Vec::new(), |list| list.value)));
        roots.into_iter().chain([("deny", deny)])
    });
    let empty = |place: &Valued<FilePath>| {
        let found = ports.files.resolve(&place.value, LastLink::Followed);
        found.map_or(true, |held| held.place().kind().is_none())
    };
    let places = lists.flat_map(|(key, list)| list.into_iter().filter(empty).map(move |place| (key, place)));
    let line = |(key, Valued { value, origin }): (&str, Valued<FilePath>)| {
        let place = visible(&format!("{value} ({origin})"), usize::MAX);
        format!("nothing is found at a place of `files.{key}`: {place}")
    };
    places.map(line).collect()
}

#[cfg(test)]
mod tests;
