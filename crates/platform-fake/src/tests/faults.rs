//! Each fault that a test can switch on, as the ports' documentation says it shows.

use super::{Scene, budget, soon};
use crate::{Call, Trouble, WindowBuilder, permit};
use portcullis_model::{Cancel, CancelReason, Deadline, Effect, Interrupted, Resource};
use portcullis_platform::{ControlAct, PortFault, SessionState, Step};
use std::time::{Duration, Instant};

fn steps() -> [Step; 1] {
    [Step::Text("x".to_owned())]
}

fn shortly() -> Deadline {
    Deadline::after(Duration::from_millis(30))
}

#[test]
fn a_hung_window_costs_its_slice_and_gives_what_needs_no_asking() {
    let scene = Scene::new();
    let ports = scene.desktop.ports();
    let name = scene.element("Name");
    scene.desktop.set_hung(&scene.form, true);
    let deadline = shortly();
    let reading = ports.tree.read(&scene.permit(), &scene.form, budget(deadline), &scene.cancel).unwrap();
    assert!(deadline.passed());
    assert!(reading.cut && reading.root.states.hung && reading.root.count() > 20);
    assert!(reading.readers[0].trouble.is_some());
    assert!(reading.root.children.iter().all(|node| node.value.is_none()));
    assert_eq!(ports.tree.read_element(&scene.permit(), &name, shortly()), Err(PortFault::Hung));
    assert_eq!(ports.tree.text(&scene.permit(), &name, 0, 1, shortly()), Err(PortFault::Hung));
    let act = ports.tree.act(&scene.permit(), &name, &ControlAct::Focus, shortly(), &scene.cancel);
    assert_eq!(act, Err(PortFault::Hung));
}

#[test]
fn cancelling_ends_the_wait_for_a_hung_window() {
    let scene = Scene::new();
    let ports = scene.desktop.ports();
    scene.desktop.set_hung(&scene.form, true);
    let cancel = Cancel::new();
    let permit = scene.permit();
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| ports.tree.read(&permit, &scene.form, budget(soon()), &cancel));
        cancel.cancel(CancelReason::Stop);
        assert_eq!(reader.join().unwrap(), Err(PortFault::Interrupted(Interrupted(CancelReason::Stop))));
    });
}

#[test]
fn a_blocked_call_lasts_until_it_is_cancelled_or_its_deadline_passes() {
    let scene = Scene::new();
    let ports = scene.desktop.ports();
    scene.desktop.trouble(Call::Press, Trouble::Block);
    let cancel = Cancel::new();
    let permit = scene.permit();
    let press = |deadline| ports.input.press(&permit, &scene.target(), &steps(), deadline, &cancel);
    assert_eq!(press(shortly()), Err(PortFault::Interrupted(Interrupted(CancelReason::Deadline))));
    let began = Instant::now();
    std::thread::scope(|scope| {
        let blocked = scope.spawn(|| press(soon()));
        cancel.cancel(CancelReason::Stop);
        assert_eq!(blocked.join().unwrap(), Err(PortFault::Interrupted(Interrupted(CancelReason::Stop))));
    });
    assert!(began.elapsed() < Duration::from_secs(10));
    scene.desktop.trouble(Call::SystemInfo, Trouble::Block);
    let system = crate::permit(&[Effect::ReadSystem], &[Resource::System]).unwrap();
    std::thread::scope(|scope| {
        let blocked = scope.spawn(|| ports.system.info(&system));
        scene.desktop.unblock();
        assert!(blocked.join().unwrap().is_ok());
    });
}

#[test]
fn a_port_panics_when_told_and_the_desktop_survives() {
    let scene = Scene::new();
    let ports = scene.desktop.ports();
    scene.desktop.before_next(Call::Describe, |_| panic!("as told"));
    let permit = scene.permit();
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _ = ports.windows.describe(&permit, &scene.form);
    }));
    assert!(caught.is_err());
    assert!(ports.windows.describe(&permit, &scene.form).is_ok());
}

#[test]
fn a_window_goes_between_plan_and_act() {
    let scene = Scene::new();
    let ports = scene.desktop.ports();
    let (permit, target, name) = (scene.permit(), scene.target(), scene.element("Name"));
    let form = scene.form.clone();
    scene.desktop.before_next(Call::Act, move |desktop| desktop.close(&form));
    let act = ports.tree.act(&permit, &name, &ControlAct::Focus, soon(), &scene.cancel);
    assert_eq!(act, Err(PortFault::Gone));
    // What is in front now is not what the permit names.
    let press = ports.input.press(&permit, &target, &steps(), soon(), &scene.cancel);
    assert!(matches!(press, Err(PortFault::OutsidePermit(_))));
}

#[test]
fn a_recycled_handle_is_another_window() {
    let scene = Scene::new();
    let ports = scene.desktop.ports();
    let (permit, target, name) = (scene.permit(), scene.target(), scene.element("Name"));
    let form = scene.form.clone();
    scene.desktop.before_next(Call::Press, move |desktop| drop(desktop.recycle(&form, "other.exe")));
    let press = ports.input.press(&permit, &target, &steps(), soon(), &scene.cancel);
    assert!(matches!(press, Err(PortFault::OutsidePermit(_))));
    assert!(!ports.windows.is_alive(&scene.form));
    assert_eq!(ports.tree.locate(&name), Err(PortFault::Gone));
    let other = ports.windows.identify(scene.form.handle).unwrap();
    assert_ne!(other, scene.form);
    assert_eq!(other.handle, scene.form.handle);
}

#[test]
fn a_locked_session_and_another_servers_input_are_told() {
    let scene = Scene::new();
    let ports = scene.desktop.ports();
    let press = || ports.input.press(&scene.permit(), &scene.target(), &steps(), soon(), &scene.cancel);
    for state in [SessionState::Locked, SessionState::SecureDesktop, SessionState::Disconnected] {
        scene.desktop.set_session(state);
        assert_eq!(ports.session.state(), state);
        assert_eq!(press(), Err(PortFault::Session(state)));
        let capture = ports.screen.capture_window(&scene.permit(), &scene.form, soon());
        assert_eq!(capture, Err(PortFault::Session(state)));
    }
    scene.desktop.set_session(SessionState::Active);
    scene.desktop.set_input_busy(true);
    assert_eq!(press(), Err(PortFault::InputBusy));
    scene.desktop.set_input_busy(false);
    assert_eq!(press(), Ok(1));
}

#[test]
fn an_elevated_window_takes_no_input_from_us() {
    let mut scene = Scene::new();
    let ports = scene.desktop.ports();
    scene.form = scene.desktop.open(WindowBuilder::new("Setup", "setup.exe").elevated().button("Go", |_| {}));
    let press = ports.input.press(&scene.permit(), &scene.target(), &steps(), soon(), &scene.cancel);
    assert_eq!(press, Err(PortFault::Elevated));
    let act = ports.tree.act(&scene.permit(), &scene.element("Go"), &ControlAct::Invoke, soon(), &scene.cancel);
    assert_eq!(act, Err(PortFault::Elevated));
}

#[test]
fn a_fault_of_choice_and_a_deadline_that_passed() {
    let scene = Scene::new();
    let ports = scene.desktop.ports();
    let fault = PortFault::System { call: "OpenClipboard", code: 5 };
    scene.desktop.trouble(Call::ReadClipboard, Trouble::Fail(fault.clone()));
    let read = permit(&[Effect::ReadClipboard], &[Resource::Clipboard]).unwrap();
    assert_eq!(ports.clipboard.read(&read, soon()), Err(fault));
    scene.desktop.heal(Call::ReadClipboard);
    let late = ports.clipboard.read(&read, Deadline::after(Duration::ZERO));
    assert_eq!(late, Err(PortFault::Interrupted(Interrupted(CancelReason::Deadline))));
}
