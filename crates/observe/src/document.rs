//! The document that a window shows, alone: a browser's page without the browser around it. Pure; what is left is folded as
//! any reading is.

use portcullis_model::{Role, TreeReading, UiNode};

/// The reading with nothing below its window but the document that shows, the largest where there are several side by side.
pub fn document_of(mut reading: TreeReading) -> Option<TreeReading> {
    let mut open = std::mem::take(&mut reading.root.children);
    let mut found: Option<UiNode> = None;
    while let Some(mut node) = open.pop() {
        if node.role != Role::Document {
            open.append(&mut node.children);
        } else if node.states.visible
            && !node.states.offscreen
            && found.as_ref().is_none_or(|found| size(found) < size(&node))
        {
            found = Some(node);
        }
    }
    reading.root.children = vec![found?];
    Some(reading)
}

fn size(node: &UiNode) -> i64 {
    i64::from(node.rect.width()) * i64::from(node.rect.height())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{Like, node};

    fn reading(root: UiNode) -> TreeReading {
        TreeReading { root, readers: Vec::new(), cut: false }
    }

    #[test]
    fn the_largest_document_that_shows_is_left_alone_below_the_window() {
        let sized = |name: &str, width: i32| {
            let mut page = node(Role::Document, name).with(vec![node(Role::Link, "inside")]);
            page.rect.right = page.rect.left + width;
            page
        };
        let behind = sized("behind", 900).state(|states| states.offscreen = true);
        let hidden = sized("hidden", 900).state(|states| states.visible = false);
        let outer = sized("outer", 500).with(vec![sized("frame", 800)]);
        let window = node(Role::Window, "w").with(vec![
            node(Role::ToolBar, "bar").with(vec![node(Role::Edit, "Address")]),
            node(Role::Pane, "").with(vec![sized("small", 20), outer, behind, hidden]),
        ]);
        let page = document_of(reading(window)).unwrap().root;
        let names: Vec<&str> = page.children.iter().map(|child| child.name.raw()).collect();
        assert_eq!((page.role, names), (Role::Window, vec!["outer"]));
        assert_eq!(page.children[0].children[0].name.raw(), "frame", "what lies in it stays in it");
        assert!(document_of(reading(node(Role::Window, "w").with(vec![node(Role::Edit, "x")]))).is_none());
    }
}
