//! Which elements a selector finds, as a table.

use super::{Like, form, node, scene};
use crate::{Selector, find};
use portcullis_model::Role;

fn found(selector: &Selector) -> Vec<String> {
    let scene = scene(form());
    find(&scene, selector).iter().map(|line| format!("{} {}", line.role.word(), line.name.raw())).collect()
}

fn named(name: &str) -> Selector {
    Selector { name: Some(name.to_owned()), ..Selector::default() }
}

#[test]
fn names_are_found_whole_before_in_part_and_whatever_their_case() {
    for (selector, expected) in [
        (named("name"), vec!["edit Name"]),
        (named(" SAVE "), vec!["button Save"]),
        (named("sav"), vec!["text Changes are kept until you press \"Save\".", "button Save"]),
        (named("ready"), vec!["statusbar Ready | Ln 1, Col 4"]),
        (named("advanced"), vec!["button Advanced"]),
        (named("utf-16"), vec!["listitem UTF-16"]),
        (named("nothing like it"), vec![]),
        (Selector { role: Some(Role::RadioButton), ..Selector::default() }, vec!["radio Monthly", "radio Yearly"]),
        (Selector { role: Some(Role::RadioButton), nth: Some(2), ..Selector::default() }, vec!["radio Yearly"]),
        (Selector { role: Some(Role::RadioButton), nth: Some(3), ..Selector::default() }, vec![]),
        (Selector { nth: Some(0), ..named("Save") }, vec![]),
        (Selector { role: Some(Role::Text), ..named("name:") }, vec!["text Name:"]),
        (Selector { role: Some(Role::Edit), ..named("save") }, vec![]),
    ] {
        assert_eq!(found(&selector), expected, "{selector:?}");
    }
}

#[test]
fn an_automation_id_is_compared_exactly() {
    let mut button = node(Role::Button, "OK");
    button.automation_id = Some("okButton".to_owned());
    let selector = |id: &str| Selector { automation_id: Some(id.to_owned()), ..Selector::default() };
    assert!(selector("okButton").matches(&button));
    assert!(!selector("okbutton").matches(&button));
    let scene = scene(node(Role::Window, "w").with(vec![button]));
    assert_eq!(find(&scene, &selector("okButton")).len(), 1);
    assert_eq!(find(&scene, &selector("1")).len(), 0);
}
