//! `portcullis doctor`: what this machine can do, and what is in the way, each with its remedy.

use crate::cli::DoctorArgs;
use crate::machine;
use portcullis_config::{DataFolder, Environment, ServeFlags, ServeSettings};
use portcullis_platform::SessionState;
use serde_json::json;
use std::process::ExitCode;

/// One thing that was looked at.
struct Row {
    what: &'static str,
    well: bool,
    found: String,
}

pub(crate) fn run(args: &DoctorArgs) -> anyhow::Result<ExitCode> {
    let rows = vec![data_row(args), desktop_row(), displays_row()];
    let well = rows.iter().all(|row| row.well);
    if args.json {
        let rows: Vec<_> =
            rows.iter().map(|row| json!({ "what": row.what, "ok": row.well, "found": row.found })).collect();
        out!("{}", serde_json::to_string_pretty(&rows)?);
    } else {
        for row in &rows {
            out!("{:<4} {:<12} {}", if row.well { "ok" } else { "FAIL" }, row.what, row.found);
        }
    }
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn data_row(args: &DoctorArgs) -> Row {
    let flags = ServeFlags { data: args.data.clone(), ..ServeFlags::default() };
    let found = ServeSettings::resolve(flags, &Environment::read())
        .map_err(anyhow::Error::from)
        .and_then(|settings| Ok(DataFolder::open(settings.data.value)?));
    match found {
        Ok(data) => Row { what: "data folder", well: true, found: data.path().display().to_string() },
        Err(error) => Row { what: "data folder", well: false, found: format!("{error:#}") },
    }
}

fn desktop_row() -> Row {
    match machine::ports().map(|ports| ports.session.state()) {
        Ok(SessionState::Active) => Row { what: "desktop", well: true, found: "active".to_owned() },
        Ok(state) => Row {
            what: "desktop",
            well: false,
            found: portcullis_model::Fault::from(state).to_string().replace('\n', "; "),
        },
        Err(error) => Row { what: "desktop", well: false, found: format!("{error:#}") },
    }
}

fn displays_row() -> Row {
    let displays = machine::ports().and_then(|ports| Ok(ports.screen.displays()?));
    match displays {
        Ok(displays) => Row {
            what: "displays",
            well: !displays.is_empty(),
            found: displays.iter().map(|display| display.bounds.to_string()).collect::<Vec<_>>().join("; "),
        },
        Err(error) => Row { what: "displays", well: false, found: format!("{error:#}") },
    }
}
