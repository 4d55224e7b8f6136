//! What clicks, keys and acts do to controls and windows.

use super::{Scene, budget, soon};
use crate::permit;
use portcullis_model::{Check, Effect, Rect, Resource, Role, UiNode};
use portcullis_platform::{
    Button, Chord, ClipboardContent, ControlAct, Placement, PointerAct, PortFault, Scroll, Shown, Step,
};

impl Scene {
    fn click(&self, name: &str, count: u8) {
        let at = self.desktop.centre_of(&self.form, name).unwrap();
        let act = PointerAct::Click { at, button: Button::Left, count, held: Vec::new() };
        self.point(&act);
    }

    fn point(&self, act: &PointerAct) {
        let ports = self.desktop.ports();
        ports.input.point(&self.permit(), &self.target(), act, soon(), &self.cancel).unwrap();
    }

    fn press(&self, steps: &[Step]) -> usize {
        let ports = self.desktop.ports();
        ports.input.press(&self.permit(), &self.target(), steps, soon(), &self.cancel).unwrap()
    }

    fn chord(&self, text: &str) {
        self.press(&[Step::Chord(Chord::parse(text).unwrap(), 1)]);
    }

    fn act(&self, name: &str, act: &ControlAct) -> Result<Shown, PortFault> {
        let ports = self.desktop.ports();
        let delivered = ports.tree.act(&self.permit(), &self.element(name), act, soon(), &self.cancel);
        delivered.map(|delivered| delivered.shown)
    }

    fn node(&self, name: &str) -> UiNode {
        let ports = self.desktop.ports();
        ports.tree.read_element(&self.permit(), &self.element(name), soon()).unwrap()
    }

    fn value(&self, name: &str) -> String {
        self.desktop.value(&self.form, name).unwrap_or_default()
    }
}

fn text(text: &str) -> Step {
    Step::Text(text.to_owned())
}

#[test]
fn clicks_do_what_each_control_does() {
    let scene = Scene::new();
    scene.click("Subscribe", 1);
    assert_eq!(scene.node("Subscribe").states.check, Some(Check::On));
    scene.click("Yearly", 1);
    assert_eq!(scene.node("Yearly").states.check, Some(Check::On));
    assert_eq!(scene.node("Monthly").states.check, Some(Check::Off));
    scene.click("Row 3", 1);
    assert!(scene.node("Row 3").states.selected);
    scene.click("Inbox", 2);
    assert_eq!(scene.node("Inbox").states.expanded, Some(true));
    scene.click("Country", 1);
    scene.click("Chile", 1);
    assert_eq!(scene.value("Country"), "Chile");
    scene.click("Details", 1);
    assert!(scene.node("Details").states.selected && !scene.node("General").states.selected);
    scene.click("Name", 1);
    assert!(scene.node("Name").states.focused);
}

#[test]
fn a_press_runs_the_reaction_and_a_disabled_control_has_none() {
    let scene = Scene::new();
    assert_eq!(scene.press(&[text("Ada")]), 3);
    scene.click("Reset", 1);
    assert_eq!(scene.value("Name"), "Ada");
    scene.click("Greet", 1);
    assert!(scene.desktop.element(&scene.form, "Hello, Ada").is_some());
    scene.click("Reset", 1);
    assert_eq!(scene.value("Name"), "");
    assert!(scene.desktop.journal().contains(&"pressed button Greet".to_owned()));
}

#[test]
fn keys_edit_text_and_move_the_keyboard() {
    let scene = Scene::new();
    scene.press(&[text("Hello Wörld 🙂")]);
    scene.chord("ctrl+a");
    scene.chord("ctrl+c");
    scene.chord("end");
    scene.chord("backspace");
    scene.chord("ctrl+v");
    assert_eq!(scene.value("Name"), "Hello Wörld Hello Wörld 🙂");
    scene.chord("ctrl+a");
    scene.chord("delete");
    assert_eq!(scene.value("Name"), "");
    scene.chord("tab");
    scene.press(&[text("x")]);
    assert_eq!(scene.value("Password"), "xhunter2");
    scene.chord("tab");
    scene.press(&[text("y")]);
    assert_eq!(scene.value("Number"), "C-1001", "read-only");
    scene.chord("tab");
    scene.chord("space");
    assert_eq!(scene.node("Subscribe").states.check, Some(Check::On));
    scene.chord("shift+tab");
    assert!(scene.node("Number").states.focused);
}

#[test]
fn acts_show_their_effect_or_say_what_cannot_be_done() {
    let scene = Scene::new();
    let set = |value: &str| ControlAct::SetValue(value.to_owned());
    for (name, act, expected) in [
        ("Name", set("Ada"), Ok(Shown::Yes)),
        ("Password", set("new"), Ok(Shown::Unknown)),
        ("Number", set("1"), Err("be changed")),
        ("Volume", set("75"), Ok(Shown::Yes)),
        ("Volume", set("101"), Err("take a value out of its range")),
        ("Volume", set("loud"), Err("take a value that is no number")),
        ("Country", set("Belgium"), Ok(Shown::Yes)),
        ("Country", set("Denmark"), Err("take a value that is not one of its choices")),
        ("Greet", set("x"), Err("take a value")),
        ("Greet", ControlAct::Invoke, Ok(Shown::Unknown)),
        ("Name", ControlAct::Invoke, Err("be invoked")),
        ("Subscribe", ControlAct::Toggle, Ok(Shown::Yes)),
        ("Greet", ControlAct::Toggle, Err("be toggled")),
        ("Row 30", ControlAct::ScrollIntoView, Ok(Shown::Yes)),
        ("Row 30", ControlAct::Select, Ok(Shown::Yes)),
        ("Inbox", ControlAct::Expand, Ok(Shown::Yes)),
        ("Inbox", ControlAct::Collapse, Ok(Shown::Yes)),
        ("Name", ControlAct::Expand, Err("be opened or closed")),
        ("Name", ControlAct::SelectText { from: 1, to: usize::MAX }, Ok(Shown::Yes)),
        ("Greet", ControlAct::SelectText { from: 0, to: 1 }, Err("select text")),
        ("Paying", ControlAct::Focus, Err("take the keyboard")),
    ] {
        let expected = expected.map_err(|what| PortFault::NotOperable(what.to_owned()));
        assert_eq!(scene.act(name, &act), expected, "{name} {act:?}");
    }
    assert_eq!(scene.act("Loading", &ControlAct::Toggle), Err(PortFault::NotOperable("be toggled".to_owned())));
    assert!(!scene.node("Row 30").states.offscreen);
    let ports = scene.desktop.ports();
    let read = ports.tree.text(&scene.permit(), &scene.element("Name"), 1, 1, soon()).unwrap();
    assert_eq!((read.text.raw(), read.total_chars, read.selection), ("d", Some(3), Some((1, 3))));
}

#[test]
fn a_disabled_control_refuses_acts() {
    let scene = Scene::new();
    assert_eq!(scene.act("Reset", &ControlAct::Invoke), Err(PortFault::Disabled));
}

#[test]
fn wheels_scroll_and_drags_move() {
    let scene = Scene::new();
    let at = scene.desktop.centre_of(&scene.form, "Row 1").unwrap();
    scene.point(&PointerAct::Wheel { at, scroll: Scroll { vertical: -2, horizontal: 0 } });
    assert!(scene.node("Row 1").states.offscreen && !scene.node("Row 7").states.offscreen);
    let slider = scene.node("Volume").rect;
    let to = portcullis_model::Point { x: slider.right, y: slider.centre().y };
    let span = std::time::Duration::ZERO;
    let drag = |from, to| PointerAct::Drag { from, to, button: Button::Left, held: Vec::new(), span };
    scene.point(&drag(slider.centre(), to));
    assert_eq!(scene.value("Volume"), "100");
    let frame = scene.desktop.ports().windows.rect(&scene.form).unwrap();
    let title = portcullis_model::Point { x: frame.left + 50, y: frame.top + 5 };
    scene.point(&drag(title, portcullis_model::Point { x: title.x - 100, y: title.y + 10 }));
    let moved = scene.desktop.ports().windows.rect(&scene.form).unwrap();
    assert_eq!((moved.left, moved.top), (frame.left - 100, frame.top + 10));
}

#[test]
fn a_modal_dialog_blocks_its_owner_until_it_is_answered() {
    let mut scene = Scene::new();
    let ports = scene.desktop.ports();
    scene.form = ports.windows.identities().get(1).cloned().unwrap();
    ports.windows.focus(&scene.permit(), &scene.form, soon(), &scene.cancel).unwrap();
    scene.click("Help", 1);
    scene.click("About", 1);
    let dialog = ports.windows.foreground().unwrap();
    assert_ne!(dialog, scene.form);
    assert_eq!(dialog.process, scene.form.process);
    assert_eq!(scene.act("File", &ControlAct::Expand), Err(PortFault::Disabled));
    let all = permit(&[Effect::ReadWindows], &[Resource::Desktop]).unwrap();
    let listed = ports.windows.list(&all).unwrap();
    assert!(listed[0].owner.as_ref() == Some(&scene.form) && listed[0].enabled && !listed[1].enabled);
    let notepad = std::mem::replace(&mut scene.form, dialog.clone());
    scene.click("OK", 1);
    assert!(!ports.windows.is_alive(&dialog));
    assert_eq!(ports.windows.foreground(), Some(notepad));
}

#[test]
fn windows_are_placed_and_closed() {
    let scene = Scene::new();
    let ports = scene.desktop.ports();
    let place = |placement| ports.windows.place(&scene.permit(), &scene.form, placement, soon(), &scene.cancel);
    let before = ports.windows.rect(&scene.form).unwrap();
    place(Placement::Maximise).unwrap();
    assert_eq!(ports.windows.rect(&scene.form), Ok(Rect::new(0, 0, 1920, 1040)));
    place(Placement::Restore).unwrap();
    assert_eq!(ports.windows.rect(&scene.form), Ok(before));
    place(Placement::Minimise).unwrap();
    assert_ne!(ports.windows.foreground(), Some(scene.form.clone()));
    assert_ne!(ports.windows.at(before.centre()), Some(scene.form.clone()));
    assert_eq!(ports.windows.focus(&scene.permit(), &scene.form, soon(), &scene.cancel), Ok(true));
    assert_eq!(ports.windows.at(before.centre()), Some(scene.form.clone()));
    let permit = scene.permit();
    ports.windows.place(&permit, &scene.form, Placement::Close, soon(), &scene.cancel).unwrap();
    assert!(!ports.windows.is_alive(&scene.form));
    assert_eq!(ports.windows.describe(&permit, &scene.form), Err(PortFault::Gone));
}

#[test]
fn pixels_are_solid_and_cut_to_the_displays() {
    let scene = Scene::new();
    let ports = scene.desktop.ports();
    let pixels = permit(&[Effect::ReadPixels], &[Resource::Desktop]).unwrap();
    let bitmap = ports.screen.capture(&pixels, Rect::new(-1300, -300, -1199, 1), soon()).unwrap();
    assert_eq!(bitmap.rect, Rect::new(-1280, -200, -1199, 1));
    assert_eq!(bitmap.rgb.len(), 81 * 201 * 3);
    assert_eq!(bitmap.rgb[..3], [0, 80, 120]);
    assert_eq!(bitmap.rgb[bitmap.rgb.len() - 3..], [12, 12, 12]);
    let nowhere = ports.screen.capture(&pixels, Rect::new(9000, 0, 9010, 10), soon()).unwrap();
    assert!(nowhere.rect.is_empty() && nowhere.rgb.is_empty());
    let own = ports.screen.capture_window(&scene.permit(), &scene.form, soon()).unwrap();
    assert!(own.rgb.iter().skip(1).step_by(3).all(|green| *green == 240));
}

#[test]
fn the_clipboard_counts_its_changes() {
    let scene = Scene::new();
    let ports = scene.desktop.ports();
    let both = permit(&[Effect::ReadClipboard, Effect::WriteClipboard], &[Resource::Clipboard]).unwrap();
    assert_eq!(ports.clipboard.read(&both, soon()), Ok(ClipboardContent::Empty));
    let before = ports.clipboard.sequence();
    ports.clipboard.write(&both, "copied", soon()).unwrap();
    assert_eq!(ports.clipboard.sequence(), before + 1);
    assert!(matches!(ports.clipboard.read(&both, soon()), Ok(ClipboardContent::Text(text)) if text.raw() == "copied"));
}

#[test]
fn reading_keeps_its_budget_and_no_secret() {
    let scene = Scene::new();
    let ports = scene.desktop.ports();
    let mut budget = budget(soon());
    budget.rows = 10;
    let reading = ports.tree.read(&scene.permit(), &scene.form, budget, &scene.cancel).unwrap();
    let list = reading.root.children.iter().find(|node| node.role == Role::List).unwrap();
    assert_eq!((list.children.len(), list.unread_children, reading.cut), (10, 30, false));
    assert!(!format!("{reading:?}").contains("hunter2"));
    let element = reading.root.children.iter().find(|node| node.states.password).unwrap();
    assert!(matches!(
        ports.tree.text(&scene.permit(), &element.identity, 0, 9, soon()),
        Err(PortFault::NotOperable(_))
    ));
    budget.elements = 5;
    let reading = ports.tree.read(&scene.permit(), &scene.form, budget, &scene.cancel).unwrap();
    assert_eq!((reading.root.count(), reading.cut), (5, true));
}

#[test]
fn every_element_is_found_again_by_its_identity_and_by_its_place() {
    fn all<'tree>(node: &'tree UiNode, out: &mut Vec<&'tree UiNode>) {
        out.push(node);
        node.children.iter().for_each(|child| all(child, out));
    }
    let scene = Scene::new();
    let ports = scene.desktop.ports();
    let reading = ports.tree.read(&scene.permit(), &scene.form, budget(soon()), &scene.cancel).unwrap();
    let mut nodes = Vec::new();
    all(&reading.root, &mut nodes);
    for node in nodes {
        assert_eq!(ports.tree.locate(&node.identity), Ok(node.rect), "{}", node.name);
        if node.children.is_empty() && !node.states.offscreen {
            let at = ports.tree.element_at(&scene.permit(), &scene.form, node.rect.centre(), soon()).unwrap();
            assert_eq!(at.identity, node.identity, "{}", node.name);
        }
    }
}

#[test]
fn the_demo_has_every_role() {
    let scene = Scene::new();
    let ports = scene.desktop.ports();
    let all = permit(&[Effect::ReadWindows], &[Resource::Desktop]).unwrap();
    let mut told = String::new();
    for window in ports.windows.identities() {
        let reading = ports.tree.read(&all, &window, budget(soon()), &scene.cancel).unwrap();
        told.push_str(&format!("{:?}", reading.root));
    }
    for role in Role::ALL {
        assert!(told.contains(&format!("role: {role:?},")), "{role:?}");
    }
}

#[test]
fn applications_are_found_by_name_and_open_their_window() {
    let scene = Scene::new();
    let ports = scene.desktop.ports();
    assert_eq!(ports.apps.find("NOTEPAD").unwrap().len(), 1);
    assert_eq!(ports.apps.find("notepda").unwrap()[0].name, "Notepad");
    assert!(ports.apps.find("zzz").unwrap().is_empty());
}
