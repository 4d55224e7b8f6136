//! `ServiceStart` and `ServiceStop`: tell a service, and wait until it is where it was told to go. That it was told is no
//! evidence; its state afterwards is.

use super::{state_text, wait::settled};
use crate::args::{Seconds, Text};
use crate::context::{ApplyContext, PlanContext};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::tool::{Planned, Tool};
use portcullis_model::{
    Deadline, Effect, Evidence, Fault, FaultCode, Outcome, Reply, Resource, Reversibility, ServiceName, Tier, visible,
};
use portcullis_platform::{HeldService, PortFault, ServiceFault, ServiceState, ServiceStatus};
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

/// Seconds that a call may wait.
const WAIT_CAP: u32 = 120;
/// Seconds that it waits when nothing is said.
const WAIT_DEFAULT: Duration = Duration::from_secs(20);
/// Time on top of the wait for the call itself.
const MARGIN: Duration = Duration::from_secs(3);
/// Services that one call stops.
const STOP_CAP: usize = 50;
/// Characters of a service's name as it is answered.
const SHOWN_CAP: usize = 80;
/// `ERROR_SERVICE_SPECIFIC_ERROR`: the service has a number of its own for what went wrong.
const OWN_CODE: u32 = 1_066;

fn named(Text(name): &Text<300>) -> Result<ServiceName, Fault> {
    ServiceName::parse(name)
        .map_err(|bad| Fault::bad_argument("name", name, bad.rule(), "give the name as ServiceList tells it"))
}

fn resolve(name: &ServiceName, cx: &PlanContext<'_>) -> Result<Option<Box<dyn HeldService>>, Fault> {
    match cx.readers.resolve_service(name) {
        Ok(held) => Ok(Some(held)),
        // Whether there is such a service is told under a permit alone.
        Err(PortFault::Service(ServiceFault::NoService)) => Ok(None),
        Err(fault) => Err(fault.into()),
    }
}

fn no_service(name: &ServiceName, permit: &Permit) -> Fault {
    match permit.require(Effect::ReadServices, &Resource::Services) {
        Ok(()) => Fault::from(PortFault::from(ServiceFault::NoService)).field("name").value(name),
        Err(outside) => outside.into(),
    }
}

fn shown(name: &ServiceName) -> String {
    visible(name.as_str(), SHOWN_CAP)
}

/// What a service ended with, in words.
fn ended_with(status: &ServiceStatus) -> String {
    match status.exit_code {
        OWN_CODE => format!("its own error code {}", status.own_exit_code),
        code => format!("exit code {code}"),
    }
}

fn plan_of<B>(resources: Vec<Resource>, wait: Duration, bound: B) -> Planned<B> {
    Planned {
        resources,
        effects: vec![Effect::ControlServices],
        reversibility: Reversibility::Compensable,
        state_digest: None,
        deadline: Some(wait + MARGIN),
        bound,
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ServiceStartArgs {
    /// As ServiceList tells it, not the shown name
    name: Text<300>,
    /// Seconds to wait for it to run, default 20
    timeout: Option<Seconds<WAIT_CAP>>,
}

pub(super) struct ToStart {
    name: ServiceName,
    held: Option<Box<dyn HeldService>>,
    wait: Duration,
}

pub(super) struct ServiceStart;

impl Tool for ServiceStart {
    type Args = ServiceStartArgs;
    type Bound = ToStart;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "ServiceStart",
        title: "Start a service",
        description: "Start a service and wait until it runs. Windows starts what it needs first. A disabled service is not started.",
        tier: Tier::Alter,
        effects: &[Effect::ControlServices, Effect::ReadServices],
        annotations: Annotations { read_only: false, destructive: true, idempotent: true, open_world: false },
        shape: Shape::View,
        lane: Lane::Long,
        deadline: Duration::from_secs(23),
        needs_administrator: true,
        gates: &[],
        answer_cap: 2_000,
        secret_arguments: &[],
        examples: [
            (r#"{"name": "Spooler"}"#, "The print spooler"),
            (r#"{"name": "Spooler", "timeout": 60}"#, "With more time to come up"),
        ],
    };

    fn plan(args: ServiceStartArgs, cx: &PlanContext<'_>) -> Result<Planned<ToStart>, Fault> {
        let name = named(&args.name)?;
        let wait = args.timeout.map_or(WAIT_DEFAULT, Seconds::span);
        let held = resolve(&name, cx)?;
        let Some(resource) = held.as_ref().map(|held| held.place().resource()) else {
            return Ok(Planned::disclosure(Effect::ReadServices, Resource::Services, ToStart { name, held, wait }));
        };
        Ok(plan_of(vec![resource], wait, ToStart { name, held, wait }))
    }

    fn apply(bound: ToStart, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let ToStart { name, held, wait } = bound;
        let Some(held) = held else { return Err(no_service(&name, permit)) };
        let until = cx.deadline.slice(cx.left_of("timeout", wait)?);
        let before = held.status(permit)?;
        if before.state == ServiceState::Running {
            let observed = format!("{} runs already, in process {}", shown(&name), before.process);
            return Ok(Reply::action(Outcome::NoEffect { observed }, Vec::new()));
        }
        if before.state == ServiceState::Paused {
            return Err(Fault::new(FaultCode::NotOperable, format!("{} is paused", shown(&name)))
                .rule("a paused service is not started")
                .remedy("stop it with ServiceStop, then start it"));
        }
        match held.start(permit, until, cx.cancel) {
            // Somebody else was as quick, or it is on its way.
            Ok(()) | Err(PortFault::Service(ServiceFault::Running)) => {}
            Err(fault) => return Err(fault.into()),
        }
        let after = settled(held.as_ref(), until, permit, cx)?;
        match after.state {
            ServiceState::Running => {
                let line = format!("{} runs, in process {}", shown(&name), after.process);
                Ok(Reply::action(Outcome::confirmed(line), Vec::new()))
            }
            ServiceState::Stopped => {
                let message = format!("{} started and stopped again, with {}", shown(&name), ended_with(&after));
                Err(Fault::new(FaultCode::SystemError, message)
                    .rule("a service that does not stay is not started")
                    .remedy("look at what it logs, and at what it needs"))
            }
            state => Ok(Reply::action(still(&name, state, wait), Vec::new())),
        }
    }
}

/// A service that is not there yet.
fn still(name: &ServiceName, state: ServiceState, wait: Duration) -> Outcome {
    let (name, state, seconds) = (shown(name), state_text(state), wait.as_secs_f64());
    Outcome::Unverified {
        why: format!("{name} was told, and is {state} after {seconds} s; ServiceList tells what becomes of it"),
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ServiceStopArgs {
    /// As ServiceList tells it, not the shown name
    name: Text<300>,
    /// Also the running services that need it
    dependents: Option<bool>,
    /// Seconds to wait for all to stop, default 20
    timeout: Option<Seconds<WAIT_CAP>>,
}

pub(super) struct ToStop {
    name: ServiceName,
    /// Each before what it needs; the one that is named is the last.
    held: Vec<Box<dyn HeldService>>,
    with_dependents: bool,
    wait: Duration,
}

pub(super) struct ServiceStop;

impl Tool for ServiceStop {
    type Args = ServiceStopArgs;
    type Bound = ToStop;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "ServiceStop",
        title: "Stop a service",
        description: "Stop a service and wait until it has stopped. When running services need it, they are named and nothing stops, unless `dependents` says that they stop too.",
        tier: Tier::Alter,
        effects: &[Effect::ControlServices, Effect::ReadServices],
        annotations: Annotations { read_only: false, destructive: true, idempotent: true, open_world: false },
        shape: Shape::View,
        lane: Lane::Long,
        deadline: Duration::from_secs(23),
        needs_administrator: true,
        gates: &[],
        answer_cap: 10_000,
        secret_arguments: &[],
        examples: [
            (r#"{"name": "Spooler"}"#, "The print spooler"),
            (r#"{"name": "LanmanServer", "dependents": true}"#, "With those that need it"),
        ],
    };

    fn plan(args: ServiceStopArgs, cx: &PlanContext<'_>) -> Result<Planned<ToStop>, Fault> {
        let name = named(&args.name)?;
        let wait = args.timeout.map_or(WAIT_DEFAULT, Seconds::span);
        let with_dependents = args.dependents.unwrap_or(false);
        let mut held = Vec::new();
        let Some(own) = resolve(&name, cx)? else {
            let bound = ToStop { name, held, with_dependents, wait };
            return Ok(Planned::disclosure(Effect::ReadServices, Resource::Services, bound));
        };
        if with_dependents {
            for dependent in own.dependents()?.iter().take(STOP_CAP) {
                // One that is gone by now needs no stop.
                held.extend(resolve(dependent, cx)?);
            }
        }
        held.push(own);
        let resources = held.iter().map(|held| held.place().resource()).collect();
        Ok(plan_of(resources, wait, ToStop { name, held, with_dependents, wait }))
    }

    fn apply(bound: ToStop, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let ToStop { name, held, with_dependents, wait } = bound;
        let Some(own) = held.last() else { return Err(no_service(&name, permit)) };
        if own.status(permit)?.state == ServiceState::Stopped {
            let observed = format!("{} does not run", shown(&name));
            return Ok(Reply::action(Outcome::NoEffect { observed }, Vec::new()));
        }
        let planned = |dependent: &ServiceName| held.iter().any(|held| held.place().name == *dependent);
        let others: Vec<ServiceName> = own.dependents()?.into_iter().filter(|other| !planned(other)).collect();
        if !others.is_empty() {
            return Err(needed(&name, &others, with_dependents));
        }
        let until = cx.deadline.slice(cx.left_of("timeout", wait)?);
        let mut lines = Vec::new();
        for one in &held {
            cx.cancel.check()?;
            match stop_one(one.as_ref(), until, permit, cx).map_err(|fault| after(&lines, fault))? {
                Stopping::Stopped => lines.push(format!("{} has stopped", shown(&one.place().name))),
                Stopping::Already => {}
                Stopping::Still(state) => {
                    let Outcome::Unverified { mut why } = still(&one.place().name, state, wait) else { continue };
                    for line in &lines {
                        why.push_str("; ");
                        why.push_str(line);
                    }
                    return Ok(Reply::action(Outcome::Unverified { why }, Vec::new()));
                }
            }
        }
        Ok(Reply::action(Outcome::Confirmed(Evidence { lines }), Vec::new()))
    }
}

/// What became of one that was told to stop.
enum Stopping {
    Stopped,
    Already,
    Still(ServiceState),
}

fn stop_one(
    service: &dyn HeldService,
    until: Deadline,
    permit: &Permit,
    cx: &ApplyContext<'_>,
) -> Result<Stopping, Fault> {
    // One that is on its way up takes no word; what it comes to is waited for.
    let before = settled(service, until, permit, cx)?;
    if before.state == ServiceState::Stopped {
        return Ok(Stopping::Already);
    }
    match service.stop(permit, until, cx.cancel) {
        Ok(()) | Err(PortFault::Service(ServiceFault::NotRunning)) => {}
        Err(fault) => {
            let name = shown(&service.place().name);
            let fault = Fault::from(fault);
            return Err(Fault { message: format!("{name}: {}", fault.message), ..fault });
        }
    }
    let after = settled(service, until, permit, cx)?;
    Ok(if after.state == ServiceState::Stopped { Stopping::Stopped } else { Stopping::Still(after.state) })
}

/// A fault that names what had stopped before it.
fn after(lines: &[String], fault: Fault) -> Fault {
    if lines.is_empty() {
        return fault;
    }
    Fault { message: format!("{}; before that, {}", fault.message, lines.join("; ")), ..fault }
}

/// Running services need it, and the call did not say that they stop too.
fn needed(name: &ServiceName, others: &[ServiceName], with_dependents: bool) -> Fault {
    let fault = Fault::from(PortFault::from(ServiceFault::HasDependents))
        .field("name")
        .value(name)
        .candidates(others.iter().map(shown));
    let count = others.len();
    let fault = Fault { message: format!("{count} services that run need {}", shown(name)), ..fault };
    if with_dependents {
        return fault
            .remedy(format!("one call stops at most {STOP_CAP} services: stop some of them first, or try again"));
    }
    fault
}
