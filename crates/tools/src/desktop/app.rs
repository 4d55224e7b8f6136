//! `App`: starting a program, and switching to, placing or closing its window.

use crate::args::{Int, Text};
use crate::context::{ApplyContext, PlanContext};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::desktop::snapshot::{header, refs};
use crate::desktop::target::{Coordinate, text_of};
use crate::desktop::windows::{Handle, Named, focus, named, named_resource, settle};
use crate::tool::{AnyTool, Planned, Tool};
use portcullis_model::{Effect, Fault, FaultCode, Outcome, Reply, Resource, Reversibility, Tier, WindowIdentity};
use portcullis_platform::{LaunchRequest, Placement};
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

/// How long a start may take until a window is there.
const LAUNCH_DEADLINE: Duration = Duration::from_secs(12);
/// Arguments of one start.
const ARGUMENT_CAP: usize = 64;

/// The tools of this file.
pub(super) fn tools() -> Vec<AnyTool> {
    vec![AnyTool::of::<App>()]
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Action {
    Launch,
    Switch,
    Resize,
    Close,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AppArgs {
    action: Action,
    /// launch: installed name or exact path; else window title
    name: Option<Text<500>>,
    /// launch: one string each (tier 3)
    args: Option<Vec<Text<8_000>>>,
    /// launch by path: folder
    cwd: Option<Text<500>>,
    /// Window
    #[serde(rename = "ref")]
    element: Option<Text<24>>,
    handle: Option<Handle>,
    /// resize
    x: Option<Coordinate>,
    y: Option<Coordinate>,
    width: Option<Int<1, 16_384>>,
    height: Option<Int<1, 16_384>>,
}

enum Bound {
    Launch(LaunchRequest),
    Switch(Named),
    Place(Named, Moved),
    Close(Named),
}

/// The new place of a window; what is absent stays.
struct Moved {
    x: Option<i64>,
    y: Option<i64>,
    width: Option<i64>,
    height: Option<i64>,
}

struct App;

impl Tool for App {
    type Args = AppArgs;
    type Bound = Bound;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "App",
        title: "Start, switch, place or close",
        description: "Start an installed program by name and wait for its window, or switch to, place or close a window. A path or arguments need tier 3.",
        tier: Tier::Interact,
        effects: &[
            Effect::StartInstalledApp,
            Effect::StartExecutable,
            Effect::ArrangeWindows,
            Effect::CloseWindows,
            Effect::OperateCommandHost,
            Effect::ReadWindows,
        ],
        annotations: Annotations { read_only: false, destructive: true, idempotent: false, open_world: false },
        shape: Shape::View,
        lane: Lane::Input,
        deadline: Duration::from_secs(5),
        needs_administrator: false,
        gates: &[],
        answer_cap: 4_000,
        secret_arguments: &["args"],
        examples: [
            (r#"{"action": "launch", "name": "notepad"}"#, "Start Notepad"),
            (r#"{"action": "resize", "ref": "e1", "width": 800, "height": 600}"#, "Give a window a size"),
        ],
    };

    fn plan(args: AppArgs, cx: &PlanContext<'_>) -> Result<Planned<Bound>, Fault> {
        cx.readers.require_active_session()?;
        refuse_strays(&args)?;
        if args.action == Action::Launch {
            return plan_launch(args, cx);
        }
        let named = named(text_of(&args.element), args.handle, text_of(&args.name), "name", cx)?;
        let resource = named_resource(&named, cx)?;
        let bound = match args.action {
            Action::Switch | Action::Launch => Bound::Switch(named),
            Action::Close => Bound::Close(named),
            Action::Resize => Bound::Place(
                named,
                Moved {
                    x: args.x.map(Int::get),
                    y: args.y.map(Int::get),
                    width: args.width.map(Int::get),
                    height: args.height.map(Int::get),
                },
            ),
        };
        let (effect, reversibility) = match bound {
            Bound::Close(_) => (Effect::CloseWindows, Reversibility::Irreversible),
            _ => (Effect::ArrangeWindows, Reversibility::Reversible),
        };
        Ok(Planned {
            resources: vec![resource],
            effects: vec![effect, Effect::ReadWindows],
            reversibility,
            state_digest: None,
            deadline: None,
            bound,
        })
    }

    fn apply(bound: Bound, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        match bound {
            Bound::Launch(request) => launch(&request, permit, cx),
            Bound::Switch(named) => focus(&settle(named, permit, cx)?, permit, cx),
            Bound::Place(named, moved) => place(&settle(named, permit, cx)?, &moved, permit, cx),
            Bound::Close(named) => close(&settle(named, permit, cx)?, permit, cx),
        }
    }
}

/// An argument of another action is a misunderstanding, not something to pass over.
fn refuse_strays(args: &AppArgs) -> Result<(), Fault> {
    let launch = args.action == Action::Launch;
    let resize = args.action == Action::Resize;
    let strays = [
        ("args", args.args.is_some() && !launch),
        ("cwd", args.cwd.is_some() && !launch),
        ("ref", args.element.is_some() && launch),
        ("handle", args.handle.is_some() && launch),
        ("x", args.x.is_some() && !resize),
        ("y", args.y.is_some() && !resize),
        ("width", args.width.is_some() && !resize),
        ("height", args.height.is_some() && !resize),
    ];
    if let Some((name, _)) = strays.iter().find(|(_, stray)| *stray) {
        return Err(Fault::bad_argument(
            name,
            "given",
            "this action does not take it",
            "leave it out, or use another action",
        ));
    }
    if resize && args.x.or(args.y).is_none() && args.width.or(args.height).is_none() {
        return Err(Fault::bad_argument(
            "width",
            "nothing",
            "resize needs a place or a size",
            "give x, y, width or height",
        ));
    }
    Ok(())
}

/// Whether the name is an absolute path (`C:\…` or `\\…`), which is a program file and no installed name.
fn is_path(name: &str) -> bool {
    let mut characters = name.chars();
    let drive = characters.next().is_some_and(|letter| letter.is_ascii_alphabetic())
        && characters.next() == Some(':')
        && matches!(characters.next(), Some('\\' | '/'));
    drive || name.starts_with("\\\\")
}

fn plan_launch(args: AppArgs, cx: &PlanContext<'_>) -> Result<Planned<Bound>, Fault> {
    let Some(name) = text_of(&args.name).map(str::to_owned) else {
        return Err(Fault::bad_argument(
            "name",
            "nothing",
            "launch needs the program's name",
            "give its installed name or its path",
        ));
    };
    let arguments: Vec<String> = args.args.unwrap_or_default().into_iter().map(|text| text.0).collect();
    if arguments.len() > ARGUMENT_CAP {
        return Err(Fault::bad_argument(
            "args",
            arguments.len(),
            &format!("at most {ARGUMENT_CAP} arguments"),
            "give fewer",
        ));
    }
    let (request, effect, resource) = if is_path(&name) {
        let request =
            LaunchRequest::Executable { path: name.clone(), args: arguments, cwd: args.cwd.map(|folder| folder.0) };
        (request, Effect::StartExecutable, Resource::Executable { path: name })
    } else {
        if args.cwd.is_some() || !arguments.is_empty() {
            return Err(Fault::bad_argument(
                "name",
                &name,
                "arguments and a folder go with an exact path",
                "give the program's full path as name, or leave args and cwd out",
            ));
        }
        let app = installed(&name, cx)?;
        let resource = Resource::InstalledApp { name: app.name.clone(), program: app.program.clone() };
        (LaunchRequest::Installed(app), Effect::StartInstalledApp, resource)
    };
    Ok(Planned {
        // The window that comes up is not known yet; it is described from the list of all.
        resources: vec![resource, Resource::Desktop],
        effects: vec![effect, Effect::ReadWindows],
        reversibility: Reversibility::Compensable,
        state_digest: None,
        deadline: Some(LAUNCH_DEADLINE),
        bound: Bound::Launch(request),
    })
}

fn installed(name: &str, cx: &PlanContext<'_>) -> Result<portcullis_platform::InstalledApp, Fault> {
    let plain = |text: &str| text.to_lowercase().trim_end_matches(".exe").to_owned();
    let found = cx.readers.find_app(name)?;
    let mut exact = found.iter().filter(|app| plain(&app.name) == plain(name));
    match exact.next() {
        Some(app) => Ok(app.clone()),
        None => {
            let remedy = match found.as_slice() {
                [] => "no name is near it; give the exact path (tier 3)",
                _ => "use one of the nearest names, or give the exact path (tier 3)",
            };
            Err(Fault::new(FaultCode::NotFound, "no installed program has this name")
                .field("name")
                .value(name)
                .rule("the name as the start menu or App Paths has it, whole, in any case of letters")
                .remedy(remedy)
                .candidates(found.into_iter().map(|app| app.name)))
        }
    }
}

fn launch(request: &LaunchRequest, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
    let started = cx.ports.apps.launch(permit, request, cx.deadline, cx.cancel)?;
    let outcome = match (&started.window, started.exited) {
        (Some(window), _) => match cx.ports.windows.describe(permit, window) {
            Ok(info) => {
                Outcome::confirmed(format!("process {}, {}", started.process, header(&info, &[]).line(&mut refs(cx))))
            }
            // It runs, whatever may be told of its window.
            Err(fault) => Outcome::Unverified {
                why: format!(
                    "process {} was started; nothing is told of its window: {}",
                    started.process,
                    Fault::from(fault).message
                ),
            },
        },
        (None, Some(code)) => Outcome::Unverified {
            why: format!("process {} ended with code {code} without showing a window", started.process),
        },
        (None, None) => {
            Outcome::Unverified { why: format!("process {} runs, but shows no window yet", started.process) }
        }
    };
    Ok(Reply::action(outcome, Vec::new()))
}

fn place(window: &WindowIdentity, moved: &Moved, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
    let was = cx.ports.windows.rect(window)?;
    let or = |given: Option<i64>, stays: i32| given.and_then(|value| i32::try_from(value).ok()).unwrap_or(stays);
    let side = |length: u32| i32::try_from(length).unwrap_or(i32::MAX);
    let (left, top) = (or(moved.x, was.left), or(moved.y, was.top));
    let (width, height) = (or(moved.width, side(was.width())), or(moved.height, side(was.height())));
    let wanted = portcullis_model::Rect::new(left, top, left.saturating_add(width), top.saturating_add(height));
    cx.ports.windows.place(permit, window, Placement::MoveTo(wanted), cx.deadline, cx.cancel)?;
    let now = cx.ports.windows.rect(window)?;
    Ok(Reply::action(
        if now == wanted && now != was {
            Outcome::confirmed(format!("the window is at {now}, was at {was}"))
        } else if now == was {
            Outcome::NoEffect { observed: format!("the window is at {now} as before") }
        } else {
            Outcome::confirmed(format!(
                "the window is at {now}, was at {was}; asked for {wanted}, which it did not take"
            ))
        },
        Vec::new(),
    ))
}

fn close(window: &WindowIdentity, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
    cx.ports.windows.place(permit, window, Placement::Close, cx.deadline.slice(Duration::from_secs(2)), cx.cancel)?;
    if !cx.ports.windows.is_alive(window) {
        return Ok(Reply::action(Outcome::confirmed("the window is closed"), Vec::new()));
    }
    Ok(Reply::action(
        Outcome::NoEffect {
            observed: "the program was asked to close and keeps its window; it may be asking back, see Snapshot"
                .to_owned(),
        },
        Vec::new(),
    ))
}
