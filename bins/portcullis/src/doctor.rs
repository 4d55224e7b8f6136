//! `portcullis doctor`: what this machine can do, and what is in the way, each with its remedy.

use crate::cli::DoctorArgs;
use crate::stop::{self, OwnerSignal};
use crate::{Machine, compose, settings};
use portcullis_config::{DataFolder, Environment, ServeFlags, Settings};
use portcullis_model::Deadline;
use portcullis_platform::{OwnRights, SessionState, StopKeyState, StopPort};
use portcullis_tools::{Catalogue, Readers};
use serde_json::json;
use std::process::ExitCode;
use std::time::Duration;

/// How long a part of the machine may take to say whether it is there.
const TOOL_LIMIT: Duration = Duration::from_secs(3);

/// One thing that was looked at.
struct Row {
    what: &'static str,
    well: bool,
    found: String,
}

/// A tool that the machine cannot do, whole or in part. That is no fault: all others work.
struct Lack {
    tool: &'static str,
    reasons: Vec<String>,
}

pub(crate) fn run(machine: &dyn Machine, args: &DoctorArgs) -> anyhow::Result<ExitCode> {
    let mut rows = vec![data_row(machine, args), desktop_row(machine)];
    // Without a desktop there is nothing else to look at.
    let lacks = match machine.ports() {
        Err(_) => Vec::new(),
        Ok(_) => {
            rows.extend([
                displays_row(machine),
                rights_row(machine, args),
                stopped_row(machine, args),
                stop_key_row(machine, args),
            ]);
            lacks(machine, args)?
        }
    };
    let well = rows.iter().all(|row| row.well);
    if args.json {
        let rows = rows.iter().map(|row| json!({ "what": row.what, "ok": row.well, "found": row.found }));
        let lacks = lacks.iter().map(|lack| json!({ "tool": lack.tool, "lacks": lack.reasons }));
        out!("{}", serde_json::to_string_pretty(&rows.chain(lacks).collect::<Vec<_>>())?);
    } else {
        for row in &rows {
            out!("{:<4} {:<12} {}", if row.well { "ok" } else { "FAIL" }, row.what, row.found);
        }
        for lack in &lacks {
            out!("lack {:<12} {}", lack.tool, lack.reasons.join("; "));
        }
    }
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What the machine lacks for single tools.
fn lacks(machine: &dyn Machine, args: &DoctorArgs) -> anyhow::Result<Vec<Lack>> {
    // A program of the settings that may not be started is told of with the reason by the start; the machine itself has its own.
    let ports = configured(machine, args).and_then(|settings| compose::ports(machine, &settings));
    let ports = ports.or_else(|_| machine.ports())?;
    let has_no_rights = machine.own_rights().is_ok_and(|rights| rights.excess().is_none());
    let catalogue = Catalogue::new();
    let asked = catalogue.tools().iter().map(|tool| {
        let mut reasons = tool.lacks(Readers::new(&ports), Deadline::after(TOOL_LIMIT));
        if has_no_rights && tool.descriptor().needs_administrator {
            reasons.push("Windows lets administrators do it, and this program has none of their rights".to_owned());
        }
        Lack { tool: tool.descriptor().name, reasons }
    });
    Ok(asked.filter(|lack| !lack.reasons.is_empty()).collect())
}

fn configured(machine: &dyn Machine, args: &DoctorArgs) -> anyhow::Result<Settings> {
    let flags = ServeFlags { data: args.data.clone(), ..ServeFlags::default() };
    settings::load(machine, args.policy.config.clone(), flags, &Environment::read())
}

fn data_folder(machine: &dyn Machine, args: &DoctorArgs) -> anyhow::Result<DataFolder> {
    Ok(DataFolder::open(configured(machine, args)?.data(&Environment::read())?.value)?)
}

fn data_row(machine: &dyn Machine, args: &DoctorArgs) -> Row {
    match data_folder(machine, args) {
        Ok(data) => Row { what: "data folder", well: true, found: data.path().display().to_string() },
        Err(error) => Row { what: "data folder", well: false, found: format!("{error:#}") },
    }
}

fn desktop_row(machine: &dyn Machine) -> Row {
    match machine.ports().map(|ports| ports.session.state()) {
        Ok(SessionState::Active) => Row { what: "desktop", well: true, found: "active".to_owned() },
        Ok(state) => Row {
            what: "desktop",
            well: false,
            found: portcullis_model::Fault::from(state).to_string().replace('\n', "; "),
        },
        Err(error) => Row { what: "desktop", well: false, found: format!("{error:#}") },
    }
}

fn displays_row(machine: &dyn Machine) -> Row {
    let displays = machine.ports().and_then(|ports| Ok(ports.screen.displays()?));
    match displays {
        Ok(displays) => Row {
            what: "displays",
            well: !displays.is_empty(),
            found: displays.iter().map(|display| display.bounds.to_string()).collect::<Vec<_>>().join("; "),
        },
        Err(error) => Row { what: "displays", well: false, found: format!("{error:#}") },
    }
}

/// A server started as this program was would refuse, or not.
fn rights_row(machine: &dyn Machine, args: &DoctorArgs) -> Row {
    let what = "rights";
    let allowed =
        configured(machine, args).map(|settings| settings.allow_elevated()).ok().filter(|allowed| allowed.value);
    match machine.own_rights().map(OwnRights::excess) {
        Ok(None) => Row { what, well: true, found: "those of a signed-in user".to_owned() },
        Ok(Some(excess)) if let Some(allowed) = &allowed => {
            Row { what, well: true, found: format!("{excess}, as {} allows", allowed.origin) }
        }
        Ok(Some(excess)) => Row {
            what,
            well: false,
            found: format!(
                "{excess}: a server started so refuses; start it without elevation, or add --allow-elevated"
            ),
        },
        Err(fault) => Row { what, well: false, found: fault.to_string() },
    }
}

fn stopped_row(machine: &dyn Machine, args: &DoctorArgs) -> Row {
    let what = "work";
    let stopped =
        data_folder(machine, args).and_then(|data| Ok((OwnerSignal::of(machine, &data)?.look(Duration::ZERO)?, data)));
    match stopped {
        Ok((None, data)) => Row {
            what,
            well: true,
            found: format!("not stopped, for servers with their data in {}", data.path().display()),
        },
        Ok((Some(_), _)) => Row { what, well: false, found: "stopped; `portcullis resume` lets it go on".to_owned() },
        Err(error) => Row { what, well: false, found: format!("{error:#}") },
    }
}

/// Takes the stop key for a moment, as a server would.
fn stop_key_row(machine: &dyn Machine, args: &DoctorArgs) -> Row {
    let what = "stop key";
    let state = configured(machine, args).and_then(|settings| {
        let Some(key) = stop::chord(settings.stop_key())? else { anyhow::bail!("none") };
        let state = machine.owner_ports()?.key.listen(&key, Box::new(|| {}))?.state();
        Ok((key, state))
    });
    match state {
        Ok((key, StopKeyState::Ours)) => Row { what, well: true, found: format!("{key} is free") },
        Ok((key, StopKeyState::AnotherServer)) => Row { what, well: true, found: format!("{key}, heard by a server") },
        Ok((key, StopKeyState::Taken)) => Row {
            what,
            well: false,
            found: format!("another program has taken {key}; choose another with --stop-key, or use `portcullis stop`"),
        },
        Err(error) => Row { what, well: false, found: format!("{error:#}") },
    }
}
