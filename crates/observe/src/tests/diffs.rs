//! What is told of typical changes.

use super::{Like, form, node, scene, text, window_identity};
use crate::{DiffView, RefTable, Scene, diff};
use portcullis_model::{Check, ElementIdentity, ElementPath, Role, UiNode};

fn edited(change: impl FnOnce(&mut UiNode)) -> Scene {
    let mut root = form();
    change(&mut root);
    scene(root)
}

/// The first node of this role and name, own or of the label before it, by depth first.
fn pick<'tree>(node: &'tree mut UiNode, role: Role, name: &str) -> Option<&'tree mut UiNode> {
    if node.role == role && node.name.raw() == name {
        return Some(node);
    }
    node.children.iter_mut().find_map(|child| pick(child, role, name))
}

fn told(before: &Scene, after: &Scene) -> String {
    diff(before, after).lines(&mut RefTable::new(), DiffView::default()).join("\n")
}

#[test]
fn facts_of_controls() {
    let after = edited(|root| {
        pick(root, Role::Edit, "").unwrap().value = Some(text("Ada Lovelace"));
        pick(root, Role::CheckBox, "Subscribe").unwrap().states.check = Some(Check::Off);
        pick(root, Role::Button, "Save").unwrap().states.enabled = true;
        pick(root, Role::Button, "Advanced").unwrap().states.offscreen = false;
        pick(root, Role::Text, "Ready").unwrap().name = text("Saved");
        root.name = text("*Customer");
    });
    insta::assert_snapshot!(told(&scene(form()), &after));
}

#[test]
fn what_came_and_went() {
    let plain = |names: &[(&str, i32)]| {
        let button = |(name, id): &(&str, i32)| {
            let mut button = node(Role::Button, name);
            button.identity.path = ElementPath::Automation { runtime_id: vec![9, *id], mark: 0 };
            button
        };
        scene(node(Role::Window, "w").with(names.iter().map(button).collect()))
    };
    let before = plain(&[("Open", 1), ("Close", 2)]);
    let after = plain(&[("Open", 1), ("Save", 3)]);
    let mut refs = RefTable::new();
    super::rendered_within(&before, &mut refs, 1000);
    let lines = diff(&before, &after).lines(&mut refs, DiffView::default());
    assert_eq!(lines, ["+ e4 button \"Save\"", "- e3 button \"Close\""]);
}

fn rows(rows: &[(u32, u64, &str)]) -> Scene {
    let row = |(index, mark, name): &(u32, u64, &str)| {
        let mut row = node(Role::ListItem, name);
        row.identity = ElementIdentity {
            window: window_identity(),
            path: ElementPath::Item {
                handle: 5,
                class: "SysListView32".to_owned(),
                control_id: 3,
                index: vec![*index],
                mark: *mark,
            },
        };
        row
    };
    scene(node(Role::Window, "w").with(vec![node(Role::List, "l").with(rows.iter().map(row).collect())]))
}

#[test]
fn rows_that_moved_are_not_changes() {
    let before = rows(&[(0, 10, "a"), (1, 11, "b"), (2, 11, "b")]);
    let inserted = rows(&[(0, 12, "new"), (1, 10, "a"), (2, 11, "b"), (3, 11, "b")]);
    assert_eq!(told(&before, &inserted), "+ e1 listitem \"new\"");
    let sorted = rows(&[(0, 11, "b"), (1, 11, "b"), (2, 10, "a")]);
    assert!(diff(&before, &sorted).is_empty());
    let fewer = rows(&[(0, 10, "a"), (1, 11, "b")]);
    assert_eq!(told(&before, &fewer), "- listitem \"b\"");
    let renamed = rows(&[(0, 10, "a"), (1, 13, "B"), (2, 11, "b")]);
    assert_eq!(told(&before, &renamed), "e1 listitem: name \"b\" -> \"B\"");
}

#[test]
fn a_moved_keyboard_alone_is_marked_so() {
    let unfocused = edited(|root| {
        pick(root, Role::Edit, "").unwrap().states.focused = false;
        pick(root, Role::CheckBox, "Subscribe").unwrap().states.focused = true;
    });
    let only = diff(&scene(form()), &unfocused);
    assert!(only.only_focus() && !only.is_empty());
    assert_eq!(only.len(), 2);
    let more = edited(|root| {
        pick(root, Role::Edit, "").unwrap().states.focused = false;
        let check = pick(root, Role::CheckBox, "Subscribe").unwrap();
        check.states.focused = true;
        check.states.check = Some(Check::Off);
    });
    let more = diff(&scene(form()), &more);
    assert!(!more.only_focus());
    assert_eq!(
        more.lines(&mut RefTable::new(), DiffView::default()),
        ["e1 checkbox \"Subscribe\": on -> off; focused"]
    );
    assert!(diff(&scene(form()), &scene(form())).is_empty());
}

#[test]
fn the_element_acted_on_comes_first_and_the_rest_is_counted() {
    let buttons = |check: Check| {
        scene(
            node(Role::Window, "w")
                .with((0..30).map(|index| node(Role::CheckBox, &format!("c{index}")).check(check)).collect()),
        )
    };
    let (before, after) = (buttons(Check::Off), buttons(Check::On));
    let diff = diff(&before, &after);
    let about = Some(&after.lines[21].identity);
    let lines = diff.lines(&mut RefTable::new(), DiffView { about, ..DiffView::default() });
    assert_eq!(lines.len(), 12);
    assert_eq!(lines.first().unwrap(), "e1 checkbox \"c20\": off -> on");
    assert_eq!(lines.last().unwrap(), "(+19 more changes)");
    for (cap, expected) in [(0, 0), (1, 1), (30, 30), (31, 30)] {
        assert_eq!(diff.lines(&mut RefTable::new(), DiffView { cap, ..DiffView::default() }).len(), expected);
    }
}

#[test]
fn what_was_typed_is_not_repeated() {
    let typed = "Ada\tLondon";
    let before = scene(node(Role::Window, "w").with(vec![node(Role::Edit, "Name").value("")]));
    let after = scene(node(Role::Window, "w - Ada").with(vec![
        node(Role::Edit, "Name").value("Ada"),
        node(Role::Text, "Hello, Ada from London"),
        node(Role::List, "l").with(vec![node(Role::ListItem, "Ada")]),
    ]));
    let view = DiffView { conceal: Some(typed), ..DiffView::default() };
    let lines = diff(&before, &after).lines(&mut RefTable::new(), view).join("\n");
    assert!(!lines.contains("Ada") && !lines.contains("London"), "{lines}");
    insta::assert_snapshot!(lines);
}

#[test]
fn long_texts_are_shown_where_they_differ() {
    let long = "word ".repeat(100);
    let edit = |value: &str| scene(node(Role::Window, "w").with(vec![node(Role::Document, "Text").value(value)]));
    assert_eq!(
        told(&edit(&long), &edit(&format!("{long}end"))),
        r#"e1 document "Text": value "…word word " -> "…word word end""#
    );
}

#[test]
fn a_changed_password_tells_nothing() {
    let field = |value: &str| {
        let edit = node(Role::Edit, "PIN").value(value).state(|states| states.password = true);
        scene(node(Role::Window, "w").with(vec![edit]))
    };
    assert!(diff(&field("1"), &field("12")).is_empty());
}
