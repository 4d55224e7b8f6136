//! Every call that needs a permit, once with one of another resource, once with one of another effect, once with its own.

use super::{Scene, budget, soon};
use crate::permit;
use portcullis_model::{Effect, Point, ProgramName, Rect, Resource, WindowIdentity};
use portcullis_platform::{
    Button, ControlAct, LaunchRequest, Permit, Placement, PointerAct, PortFault, PortResult, Ports, Step,
};

type Attempt<'scene> = Box<dyn Fn(&Permit) -> PortResult<()> + 'scene>;

/// Each call with the effect and resource that it needs.
fn calls<'scene>(scene: &'scene Scene, ports: &'scene Ports) -> Vec<(&'static str, Effect, Resource, Attempt<'scene>)> {
    let form = &scene.form;
    let window = scene.desktop.window_resource(form).unwrap();
    let target = scene.target();
    let cancel = &scene.cancel;
    let name = scene.element("Name");
    let check = scene.element("Subscribe");
    let at = scene.desktop.centre_of(form, "Inert").unwrap();
    let click = PointerAct::Click { at, button: Button::Left, count: 1, held: Vec::new() };
    let app = ports.apps.find("notepad").unwrap().remove(0);
    let installed = Resource::InstalledApp { name: app.name.clone(), program: app.program.clone() };
    let path = app.target.clone();
    let executable = Resource::Executable { path: path.clone() };
    let launch_path = LaunchRequest::Executable { path, args: Vec::new(), cwd: None };
    let launch_app = LaunchRequest::Installed(app);
    let (input_target, name2, name3) = (target.clone(), name.clone(), name.clone());
    let press_target = target.clone();
    let go = Placement::MoveTo(Rect::new(700, 60, 1300, 1040));
    let area = Rect::new(0, 0, 10, 10);
    let inside = Point { x: 810, y: 100 };
    vec![
        ("list", Effect::ReadWindows, Resource::Desktop, Box::new(|p| ports.windows.list(p).map(drop))),
        ("describe", Effect::ReadWindows, window.clone(), Box::new(move |p| ports.windows.describe(p, form).map(drop))),
        (
            "focus",
            Effect::ArrangeWindows,
            window.clone(),
            Box::new(move |p| ports.windows.focus(p, form, soon(), cancel).map(drop)),
        ),
        (
            "read",
            Effect::ReadWindows,
            window.clone(),
            Box::new(move |p| ports.tree.read(p, form, budget(soon()), cancel).map(drop)),
        ),
        (
            "element_at",
            Effect::ReadWindows,
            window.clone(),
            Box::new(move |p| ports.tree.element_at(p, form, inside, soon()).map(drop)),
        ),
        (
            "read_element",
            Effect::ReadWindows,
            window.clone(),
            Box::new(move |p| ports.tree.read_element(p, &name, soon()).map(drop)),
        ),
        (
            "text",
            Effect::ReadWindows,
            window.clone(),
            Box::new(move |p| ports.tree.text(p, &name2, 0, 10, soon()).map(drop)),
        ),
        (
            "focused",
            Effect::ReadWindows,
            window.clone(),
            Box::new(move |p| ports.tree.focused(p, form, soon()).map(drop)),
        ),
        (
            "act",
            Effect::OperateControl,
            target.clone(),
            Box::new(move |p| ports.tree.act(p, &check, &ControlAct::Toggle, soon(), cancel).map(drop)),
        ),
        (
            "act on an edit",
            Effect::OperateControl,
            target.clone(),
            Box::new(move |p| ports.tree.act(p, &name3, &ControlAct::Focus, soon(), cancel).map(drop)),
        ),
        (
            "point",
            Effect::SendInput,
            target.clone(),
            Box::new(move |p| ports.input.point(p, &input_target, &click, soon(), cancel)),
        ),
        (
            "press",
            Effect::SendInput,
            target,
            Box::new(move |p| {
                ports.input.press(p, &press_target, &[Step::Text("x".to_owned())], soon(), cancel).map(drop)
            }),
        ),
        (
            "capture",
            Effect::ReadPixels,
            Resource::Desktop,
            Box::new(move |p| ports.screen.capture(p, area, soon()).map(drop)),
        ),
        (
            "capture_window",
            Effect::ReadPixels,
            window.clone(),
            Box::new(move |p| ports.screen.capture_window(p, form, soon()).map(drop)),
        ),
        (
            "clipboard read",
            Effect::ReadClipboard,
            Resource::Clipboard,
            Box::new(|p| ports.clipboard.read(p, soon()).map(drop)),
        ),
        (
            "clipboard write",
            Effect::WriteClipboard,
            Resource::Clipboard,
            Box::new(|p| ports.clipboard.write(p, "x", soon())),
        ),
        ("info", Effect::ReadSystem, Resource::System, Box::new(|p| ports.system.info(p).map(drop))),
        ("processes", Effect::ReadProcesses, Resource::Processes, Box::new(|p| ports.system.processes(p).map(drop))),
        (
            "place",
            Effect::ArrangeWindows,
            window.clone(),
            Box::new(move |p| ports.windows.place(p, form, go, soon(), cancel)),
        ),
        (
            "close",
            Effect::CloseWindows,
            window,
            Box::new(move |p| ports.windows.place(p, form, Placement::Close, soon(), cancel)),
        ),
        (
            "launch by name",
            Effect::StartInstalledApp,
            installed,
            Box::new(move |p| ports.apps.launch(p, &launch_app, soon(), cancel).map(drop)),
        ),
        (
            "launch by path",
            Effect::StartExecutable,
            executable,
            Box::new(move |p| ports.apps.launch(p, &launch_path, soon(), cancel).map(drop)),
        ),
    ]
}

#[test]
fn every_call_asks_its_permit_for_what_it_really_touches() {
    let scene = Scene::new();
    let ports = scene.desktop.ports();
    let stranger = WindowIdentity { handle: 1, ..scene.form.clone() };
    let program = ProgramName::from_image_path("other.exe");
    let others = [Resource::OwnTasks, Resource::Window { window: stranger.clone(), program: program.clone() }, {
        Resource::InputTarget { window: stranger, program }
    }];
    for (name, effect, resource, attempt) in calls(&scene, &ports) {
        let before = scene.desktop.journal();
        let wrong_resource = permit(&[effect], &others).unwrap();
        assert!(matches!(attempt(&wrong_resource), Err(PortFault::OutsidePermit(_))), "{name}: another resource");
        let wrong_effect = permit(&[Effect::Wait], std::slice::from_ref(&resource)).unwrap();
        assert!(matches!(attempt(&wrong_effect), Err(PortFault::OutsidePermit(_))), "{name}: another effect");
        assert_eq!(scene.desktop.journal(), before, "{name}: a refused call does nothing");
        let right = permit(&[effect], &[resource]).unwrap();
        assert_eq!(attempt(&right), Ok(()), "{name}");
    }
}

#[test]
fn input_meant_for_one_window_never_reaches_another() {
    let scene = Scene::new();
    let ports = scene.desktop.ports();
    let notepad = ports.windows.identities().get(1).cloned().unwrap();
    let both = [scene.target(), scene.desktop.input_target(&notepad).unwrap()];
    let both = permit(&[Effect::SendInput], &both).unwrap();
    // The permit covers both windows, but the target that is named is not the one that would receive it.
    let other = scene.desktop.input_target(&notepad).unwrap();
    let steps = [Step::Text("x".to_owned())];
    assert_eq!(ports.input.press(&both, &other, &steps, soon(), &scene.cancel), Err(PortFault::Gone));
    let at = scene.desktop.centre_of(&scene.form, "Inert").unwrap();
    let click = PointerAct::Click { at, button: Button::Left, count: 1, held: Vec::new() };
    assert_eq!(ports.input.point(&both, &other, &click, soon(), &scene.cancel), Err(PortFault::Gone));
    // The bare desktop has a resource of its own.
    let bare = PointerAct::Move { to: Point { x: 5, y: 5 } };
    let outside = ports.input.point(&both, &Resource::DesktopBackground, &bare, soon(), &scene.cancel);
    assert!(matches!(outside, Err(PortFault::OutsidePermit(_))));
    let background = permit(&[Effect::SendInput], &[Resource::DesktopBackground]).unwrap();
    assert_eq!(ports.input.point(&background, &Resource::DesktopBackground, &bare, soon(), &scene.cancel), Ok(()));
}
