//! What holds for every tree, however odd.

use super::{header, reading, text};
use crate::{Budget, Hidden, Lookup, RefTable, Scene, Style, TOKEN_BYTES, diff, find, fold, render_window};
use portcullis_model::{Check, ElementIdentity, Rect, Role, States, UiNode};
use proptest::prelude::*;

fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "[A-Za-z]{1,8}:?",
        "[A-Za-z \"|]{1,30}",
        "\\PC{0,100}",
        any::<Vec<char>>().prop_map(|characters| characters.into_iter().take(60).collect()),
    ]
}

fn states() -> impl Strategy<Value = States> {
    let flag = || prop::bool::weighted(0.1);
    let check = prop::option::of(prop::sample::select(vec![Check::Off, Check::On, Check::Mixed]));
    (flag(), flag(), flag(), flag(), flag(), flag(), check, prop::option::of(any::<bool>())).prop_map(
        |(disabled, invisible, offscreen, focused, selected, password, check, expanded)| States {
            enabled: !disabled,
            visible: !invisible,
            offscreen,
            focused,
            selected,
            password,
            check,
            expanded,
            ..States::default()
        },
    )
}

fn leaf() -> impl Strategy<Value = UiNode> {
    let role = prop::sample::select(Role::ALL.to_vec());
    let rect = (-50i32..400, -50i32..400, 0i32..200, 0i32..60);
    let unread = prop_oneof![9 => Just(0), 1 => any::<u32>()];
    (role, words(), prop::option::of(words()), states(), rect, unread).prop_map(
        |(role, name, value, states, (left, top, width, height), unread_children)| UiNode {
            identity: ElementIdentity::of_window(super::window_identity()),
            role,
            name: text(&name),
            value: value.as_deref().map(text),
            automation_id: None,
            rect: Rect::new(left, top, left + width, top + height),
            states,
            children: Vec::new(),
            unread_children,
        },
    )
}

fn tree() -> impl Strategy<Value = UiNode> {
    leaf().prop_recursive(5, 120, 30, |inner| {
        (leaf(), prop::collection::vec(inner, 0..30)).prop_map(|(mut parent, children)| {
            parent.children = children;
            parent
        })
    })
}

fn render(scene: &Scene, refs: &mut RefTable, budget: &mut Budget) -> String {
    let mut out = String::new();
    render_window(&mut out, &header("title"), scene, refs, budget, Style::default());
    out
}

/// Actionable elements that a person could see and use.
fn actionable(node: &UiNode, level: usize, out: &mut Vec<ElementIdentity>) {
    if !node.states.visible && level > 0 {
        return;
    }
    if level > 0 && node.role.is_actionable() && !node.states.offscreen {
        out.push(node.identity.clone());
    }
    node.children.iter().for_each(|child| actionable(child, level + 1, out));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn every_element_is_in_the_scene_once(root in tree()) {
        let reading = reading(root);
        let scene = fold(&reading);
        prop_assert_eq!(scene.lines.len(), reading.root.count());
    }

    #[test]
    fn an_actionable_element_on_screen_is_shown_or_counted(root in tree()) {
        let reading = reading(root);
        let scene = fold(&reading);
        let mut wanted = Vec::new();
        actionable(&reading.root, 0, &mut wanted);
        for identity in wanted {
            let line = scene.line(&identity).unwrap();
            prop_assert!(
                matches!(
                    line.hidden,
                    None | Some(
                        Hidden::Cell | Hidden::Decorative | Hidden::Part | Hidden::Row | Hidden::OffScreen
                    )
                ),
                "{:?}",
                line
            );
        }
        let of = |why| scene.lines.iter().filter(|line| line.hidden == Some(why)).count();
        prop_assert_eq!(of(Hidden::OffScreen), scene.counts.off_screen);
        prop_assert_eq!(of(Hidden::Decorative), scene.counts.decorative);
        prop_assert_eq!(of(Hidden::Part), scene.counts.parts);
        prop_assert_eq!(of(Hidden::Row), scene.counts.rows);
    }

    #[test]
    fn a_rendering_keeps_its_budget_but_for_its_last_line(root in tree(), tokens in 0usize..600) {
        let scene = fold(&reading(root));
        let mut budget = Budget::tokens(tokens);
        let out = render(&scene, &mut RefTable::new(), &mut budget);
        let last = out.lines().last().unwrap_or_default().len() + 1;
        prop_assert!(out.len() <= tokens * TOKEN_BYTES || out.len() - last <= tokens * TOKEN_BYTES);
        prop_assert!(budget.left() <= tokens);
        let shown = out.lines().skip(1).filter(|line| line.trim_start().starts_with('e')).count();
        let cut = out.lines().last().and_then(|line| line.strip_prefix("cut: ")).map(|line| {
            line.split(' ').find_map(|word| word.parse::<usize>().ok()).unwrap_or(0)
        });
        if out.starts_with('e') {
            prop_assert_eq!(shown + cut.unwrap_or(0), scene.shown().count());
        }
    }

    #[test]
    fn every_ref_in_the_text_is_that_lines_element(root in tree()) {
        let scene = fold(&reading(root));
        let mut refs = RefTable::new();
        let out = render(&scene, &mut refs, &mut Budget::tokens(1_000_000));
        let lines: Vec<&str> = out.lines().skip(1).filter(|line| line.trim_start().starts_with('e')).collect();
        prop_assert_eq!(lines.len(), scene.shown().count());
        for (text, line) in lines.iter().zip(scene.shown()) {
            let own = text.trim_start().split(' ').next().unwrap().parse().unwrap();
            let known = matches!(refs.resolve(own), Lookup::Known(identity, _) if *identity == line.identity);
            prop_assert!(known, "{}", text);
            prop_assert_eq!(text.len() - text.trim_start().len(), 2 * line.depth);
        }
        let again = render(&scene, &mut refs, &mut Budget::tokens(1_000_000));
        prop_assert_eq!(out, again);
    }

    #[test]
    fn no_character_hides_or_steers(root in tree(), other in tree()) {
        let (scene, other) = (fold(&reading(root)), fold(&reading(other)));
        let mut refs = RefTable::new();
        let mut out = render(&scene, &mut refs, &mut Budget::tokens(1_000_000));
        for line in diff(&scene, &other).lines(&mut refs, crate::DiffView { cap: 1000, ..Default::default() }) {
            prop_assert!(!line.contains('\n'));
            out.push_str(&line);
        }
        let bad = out.chars().find(|c| {
            (c.is_control() && *c != '\n') || matches!(u32::from(*c), 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F)
        });
        prop_assert_eq!(bad, None);
    }

    #[test]
    fn a_diff_with_itself_is_empty_and_search_finds_every_element(root in tree()) {
        let scene = fold(&reading(root));
        prop_assert!(diff(&scene, &scene).is_empty());
        for line in &scene.lines {
            let selector = crate::Selector { role: Some(line.role), ..Default::default() };
            let found = find(&scene, &selector);
            prop_assert!(!found.is_empty());
        }
    }

    #[test]
    fn no_password_is_told(root in tree()) {
        fn mark(node: &mut UiNode) {
            if node.states.password {
                node.value = Some(text("hunter2"));
                for child in &mut node.children {
                    if child.role != Role::Button && child.role != Role::CheckBox {
                        child.name = text("hunter2");
                        child.value = Some(text("hunter2"));
                    }
                }
            }
            node.children.iter_mut().for_each(mark);
        }
        let mut root = root;
        mark(&mut root);
        let scene = fold(&reading(root));
        let told = format!("{scene:?}");
        prop_assert!(!told.contains("hunter2"));
    }
}
