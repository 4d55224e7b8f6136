//! The configuration as every command sees it: the machine's file, the owner's or the one of `--config`, and the flags.
//! `portcullis config show` and `portcullis policy check` say what came out.

use crate::cli::{AnchorFlags, ConfigShowArgs, PolicyCheckArgs};
use crate::machine::{self, Machine};
use crate::{compose, stop};
use portcullis_config::{Environment, Looked, PolicyFiles, ServeFlags, Settings};
use portcullis_gate::Catalogue;
use portcullis_model::visible;
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
    Ok(std::iter::once(verdict.to_owned()).chain(files.iter().map(line)).chain(targets).collect())
}

#[cfg(test)]
mod tests;
