//! Which static text labels which control, told from their order, their words and where they stand. Pure geometry and
//! comparison; what becomes of a label is `fold`'s business.

use portcullis_model::{Rect, Role, Source, UiNode, Untrusted};

/// Pixels by which a label and its control may overlap.
const OVERLAP: i64 = 4;
/// How far a label may stand to the left of its control, in heights of the label.
const LEFT_GAP: i64 = 24;
/// How far a label may stand above its control, in heights of the label.
const ABOVE_GAP: i64 = 2;

/// The text of a static text: its name, or its value when it has none.
pub(crate) fn static_text(node: &UiNode) -> &Untrusted {
    match &node.value {
        Some(value) if is_blank(&node.name) => value,
        _ => &node.name,
    }
}

/// Whether there is nothing to read.
pub(crate) fn is_blank(text: &Untrusted) -> bool {
    text.raw().trim().is_empty()
}

/// A label as the name of a control: trimmed, without the colon at its end.
pub(crate) fn as_name(label: &Untrusted) -> Untrusted {
    Untrusted::new(Source::Window, bare(label.raw()))
}

fn bare(label: &str) -> &str {
    let label = label.trim();
    label.strip_suffix([':', '：']).unwrap_or(label).trim_end()
}

/// Whether a control of this role is usually named by a text beside it.
fn takes_label(role: Role) -> bool {
    matches!(
        role,
        Role::Edit
            | Role::ComboBox
            | Role::DataGrid
            | Role::DateTime
            | Role::Document
            | Role::List
            | Role::ProgressBar
            | Role::Slider
            | Role::Spinner
            | Role::Table
            | Role::Tree
    )
}

/// Whether `text`, which stands directly before `control`, labels it.
pub(crate) fn labels(text: &UiNode, control: &UiNode) -> bool {
    if text.role != Role::Text || !takes_label(control.role) || !text.states.visible || !control.states.visible {
        return false;
    }
    let label = static_text(text);
    if bare(label.raw()).is_empty() {
        return false;
    }
    if is_blank(&control.name) {
        near(text.rect, control.rect)
    } else {
        // UI Automation and MSAA often give the control its label as a name already.
        bare(control.name.raw()) == bare(label.raw())
    }
}

/// On the same row to the left, or above and close.
fn near(label: Rect, control: Rect) -> bool {
    if label.is_empty() || control.is_empty() {
        return false;
    }
    let edges = |rect: Rect| (i64::from(rect.left), i64::from(rect.top), i64::from(rect.right), i64::from(rect.bottom));
    let (label_left, label_top, label_right, label_bottom) = edges(label);
    let (left, top, right, bottom) = edges(control);
    let height = label_bottom - label_top;
    let shared_rows = label_bottom.min(bottom) - label_top.max(top);
    let beside = left - label_right;
    let same_row = shared_rows * 2 >= height.min(bottom - top) && beside >= -OVERLAP && beside <= LEFT_GAP * height;
    let below = top - label_bottom;
    let shared_columns = label_right.min(right) - label_left.max(left);
    same_row || (below >= -OVERLAP && below <= ABOVE_GAP * height && shared_columns > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_stands_to_the_left_or_close_above() {
        let control = Rect::new(100, 100, 300, 120);
        for (label, expected) in [
            (Rect::new(10, 102, 90, 118), true),
            (Rect::new(100, 80, 180, 96), true),
            (Rect::new(100, 40, 180, 56), false),
            (Rect::new(100, 124, 180, 140), false),
            (Rect::new(310, 102, 390, 118), false),
            (Rect::new(-900, 102, -800, 118), false),
            (Rect::new(10, 60, 60, 76), false),
            (Rect::new(i32::MIN, i32::MIN, i32::MAX, i32::MAX), false),
            (Rect::default(), false),
        ] {
            assert_eq!(near(label, control), expected, "{label:?}");
        }
    }

    #[test]
    fn a_colon_at_the_end_is_not_part_of_the_name() {
        for (label, name) in [("Name:", "Name"), (" File name : ", "File name"), ("12:30", "12:30"), (":", "")] {
            assert_eq!(bare(label), name);
        }
    }
}
