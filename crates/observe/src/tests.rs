//! What an agent would read of typical windows, as snapshots, and a small language to build such windows in. Properties
//! that hold for every tree are in `properties`.

mod diffs;
mod properties;
mod scenes;
mod selectors;

use crate::{Budget, RefTable, Scene, Style, WindowHeader, fold, render_window};
use portcullis_model::{
    Check, ElementIdentity, ElementPath, Reader, ReaderReport, Rect, Role, Source, States, TreeReading, UiNode,
    Untrusted, WindowIdentity,
};

pub(crate) fn text(raw: &str) -> Untrusted {
    Untrusted::new(Source::Window, raw)
}

pub(crate) fn window_identity() -> WindowIdentity {
    WindowIdentity { handle: 7, process: 40, process_start: 9, thread: 41, class: "Form".to_owned() }
}

/// A node whose identity is given later, by its place.
pub(crate) fn node(role: Role, name: &str) -> UiNode {
    UiNode {
        identity: ElementIdentity::of_window(window_identity()),
        role,
        name: text(name),
        value: None,
        automation_id: None,
        rect: Rect::new(0, 0, 80, 20),
        states: States::default(),
        children: Vec::new(),
        unread_children: 0,
    }
}

/// Short ways to say what a node is like.
pub(crate) trait Like: Sized {
    fn at(self, left: i32, top: i32) -> Self;
    fn value(self, value: &str) -> Self;
    fn with(self, children: Vec<UiNode>) -> Self;
    fn state(self, change: impl FnOnce(&mut States)) -> Self;
    fn check(self, check: Check) -> Self {
        self.state(|states| states.check = Some(check))
    }
}

impl Like for UiNode {
    fn at(mut self, left: i32, top: i32) -> Self {
        self.rect = Rect::new(left, top, left + 80, top + 20);
        self
    }

    fn value(mut self, value: &str) -> Self {
        self.value = Some(text(value));
        self
    }

    fn with(mut self, children: Vec<UiNode>) -> Self {
        self.children = children;
        self
    }

    fn state(mut self, change: impl FnOnce(&mut States)) -> Self {
        change(&mut self.states);
        self
    }
}

/// Gives every node an identity by its running number, unless it has one of its own.
fn identify(node: &mut UiNode, next: &mut i32) {
    if *next > 0 && node.identity.path == ElementPath::Window {
        node.identity.path = ElementPath::Automation { runtime_id: vec![*next], mark: 0 };
    }
    *next += 1;
    for child in &mut node.children {
        identify(child, next);
    }
}

pub(crate) fn reading(mut root: UiNode) -> TreeReading {
    identify(&mut root, &mut 0);
    let elements = root.count();
    TreeReading { root, readers: vec![ReaderReport { reader: Reader::Native, elements, trouble: None }], cut: false }
}

pub(crate) fn scene(root: UiNode) -> Scene {
    fold(&reading(root))
}

pub(crate) fn header(title: &str) -> WindowHeader {
    WindowHeader {
        identity: window_identity(),
        title: text(title),
        program: "form.exe".to_owned(),
        rect: Rect::new(100, 80, 740, 560),
        front: true,
        modal: false,
        minimised: false,
        maximised: false,
        hung: false,
        enabled: true,
        behind: None,
    }
}

pub(crate) fn rendered_within(scene: &Scene, refs: &mut RefTable, tokens: usize) -> String {
    let mut out = String::new();
    let mut budget = Budget::tokens(tokens);
    let title = scene.lines.first().map(|line| line.name.raw().to_owned()).unwrap_or_default();
    render_window(&mut out, &header(&title), scene, refs, &mut budget, Style::default());
    out
}

pub(crate) fn rendered(root: UiNode) -> String {
    rendered_within(&scene(root), &mut RefTable::new(), 100_000)
}

/// A form with one of everything that an agent meets.
pub(crate) fn form() -> UiNode {
    let items = |names: &[&str]| names.iter().map(|name| node(Role::ListItem, name)).collect::<Vec<_>>();
    node(Role::Window, "Customer").with(vec![
        node(Role::TitleBar, "Customer").with(vec![node(Role::Button, "Minimize"), node(Role::Button, "Close")]),
        node(Role::MenuBar, "Application").with(vec![node(Role::MenuItem, "File"), node(Role::MenuItem, "Edit")]),
        node(Role::Pane, "").with(vec![
            node(Role::Text, "Name:").at(10, 50),
            node(Role::Edit, "").at(100, 50).value("Ada").state(|states| states.focused = true),
            node(Role::Text, "Password:").at(10, 80),
            node(Role::Edit, "").at(100, 80).value("secret").state(|states| states.password = true),
            node(Role::Text, "Encoding").at(10, 110),
            node(Role::ComboBox, "").at(100, 110).value("UTF-8").with(vec![
                node(Role::Edit, "").value("UTF-8"),
                node(Role::Button, "Open"),
                node(Role::List, "").with(items(&[
                    "UTF-8", "UTF-16", "Latin-1", "Latin-2", "Greek", "Thai", "KOI8", "GBK", "Big5", "ASCII",
                ])),
            ]),
        ]),
        node(Role::Group, "Options").with(vec![
            node(Role::CheckBox, "Subscribe").check(Check::On),
            node(Role::RadioButton, "Monthly").check(Check::Off),
            node(Role::RadioButton, "Yearly").check(Check::On).state(|states| states.enabled = false),
        ]),
        node(Role::Separator, ""),
        node(Role::Text, "Changes are kept until you press \"Save\".").at(10, 300),
        node(Role::Button, "Save").state(|states| states.enabled = false),
        node(Role::Button, "").with(vec![node(Role::Image, ""), node(Role::Text, "Cancel")]),
        node(Role::Button, "Advanced").state(|states| states.offscreen = true),
        node(Role::StatusBar, "").with(vec![node(Role::Text, "Ready"), node(Role::Text, "Ln 1, Col 4")]),
    ])
}
