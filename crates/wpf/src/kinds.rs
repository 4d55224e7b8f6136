//! What an element of WPF is in the words of the desktop's readers: by its type, or by the nearest type that it derives from.
//! Which elements there are and what they show is not known here.

use crate::ask::Asker;
use portcullis_model::Role;
use portcullis_wpf_protocol::{DescribeParams, Handle, PropsParams, WalkResult};
use std::collections::HashMap;

/// Types of an application's own that are remembered; of more no base is asked for.
const TYPE_CAP: usize = 2_000;

/// The roles of an application's own types, by full name; none for one that is no control.
#[derive(Debug, Default)]
pub(crate) struct OwnTypes(HashMap<String, Option<Role>>);

/// What WPF's own types are. Types that only arrange others are not here.
fn of_type(name: &str) -> Option<Role> {
    Some(match name {
        "Button" | "RepeatButton" | "ToggleButton" => Role::Button,
        "CheckBox" => Role::CheckBox,
        "RadioButton" => Role::RadioButton,
        "TextBox" | "PasswordBox" | "DatePickerTextBox" => Role::Edit,
        "RichTextBox" | "FlowDocumentScrollViewer" | "FlowDocumentReader" | "DocumentViewer" => Role::Document,
        "ComboBox" => Role::ComboBox,
        "ComboBoxItem" | "ListBoxItem" | "ListViewItem" => Role::ListItem,
        "ListBox" | "ListView" => Role::List,
        "DataGrid" => Role::DataGrid,
        "DataGridRow" => Role::DataItem,
        "DataGridColumnHeader" | "GridViewColumnHeader" => Role::HeaderItem,
        "DataGridColumnHeadersPresenter" | "GridViewHeaderRowPresenter" => Role::Header,
        "TreeView" => Role::Tree,
        "TreeViewItem" => Role::TreeItem,
        "TabControl" => Role::Tab,
        "TabItem" => Role::TabItem,
        "Menu" => Role::MenuBar,
        "ContextMenu" => Role::Menu,
        "MenuItem" => Role::MenuItem,
        "Slider" => Role::Slider,
        "ProgressBar" => Role::ProgressBar,
        "TextBlock" | "Label" | "AccessText" => Role::Text,
        "Image" => Role::Image,
        "GroupBox" | "Expander" => Role::Group,
        "StatusBar" => Role::StatusBar,
        "ToolBar" => Role::ToolBar,
        "ToolTip" => Role::ToolTip,
        "ScrollBar" => Role::ScrollBar,
        "Separator" => Role::Separator,
        "Thumb" | "GridSplitter" => Role::Thumb,
        "DatePicker" => Role::DateTime,
        "Calendar" => Role::Calendar,
        "Hyperlink" => Role::Link,
        _ => return None,
    })
}

/// Whether what lies in its template is part of the control, and none of its own.
pub(crate) fn has_chrome(role: Option<Role>, ty: &str) -> bool {
    match role {
        None | Some(Role::Unknown) => ty == "ScrollViewer",
        Some(Role::DateTime | Role::Text | Role::Image) => false,
        Some(_) => true,
    }
}

/// Whether it shows what an application put into a control: below it the control's own parts have ended.
pub(crate) fn shows_content(ty: &str) -> bool {
    matches!(
        ty,
        "ContentPresenter"
            | "ItemsPresenter"
            | "ScrollContentPresenter"
            | "GridViewRowPresenter"
            | "DataGridCellsPresenter"
            | "TabPanel"
    )
}

/// Whether a single `_` in its text marks a key, and is not shown.
pub(crate) fn marks_keys(ty: &str) -> bool {
    matches!(ty, "Button" | "CheckBox" | "RadioButton" | "Label" | "MenuItem" | "GroupBox" | "Expander" | "AccessText")
}

/// The role of each type of an answer, by its number there. Of an application's own types the inspector is asked, once in a session,
/// what they derive from.
pub(crate) fn roles(asker: &Asker<'_>, found: &WalkResult) -> HashMap<u32, Role> {
    let mut roles: HashMap<u32, Role> = HashMap::new();
    let mut asked: Vec<(String, u32, Handle)> = Vec::new();
    {
        let own = asker.session.own_types();
        for row in &found.types {
            if let Some(role) = of_type(&row.name) {
                roles.insert(row.id, role);
            } else if let Some(known) = own.0.get(&row.full) {
                roles.extend(known.map(|role| (row.id, role)));
            } else if own.0.len() < TYPE_CAP
                && asked.len() < PropsParams::ITEM_CAP
                && !row.full.starts_with("System.")
                && !row.full.starts_with("MS.")
                && let Some(handle) = found.nodes.iter().find(|node| node.ty == row.id).and_then(|node| node.handle)
            {
                asked.push((row.full.clone(), row.id, handle));
            }
        }
    }
    if asked.is_empty() {
        return roles;
    }
    let handles = asked.iter().map(|(_, _, handle)| *handle).collect();
    // Without an answer they are elements of no kind this time.
    if let Ok(told) = asker.try_call(&DescribeParams { handles, properties: false, events: false }) {
        let mut own = asker.session.own_types();
        for ((full, id, _), facts) in asked.into_iter().zip(told.items) {
            let short = |base: &String| of_type(base.rsplit('.').next().unwrap_or(base));
            let role = facts.and_then(|facts| facts.bases.iter().find_map(short));
            roles.extend(role.map(|role| (id, role)));
            own.0.insert(full, role);
        }
    }
    roles
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_that_only_arrange_are_of_no_kind() {
        for (ty, role) in
            [("Grid", None), ("Border", None), ("ContentPresenter", None), ("TextBox", Some(Role::Edit)), ("", None)]
        {
            assert_eq!(of_type(ty), role, "{ty}");
        }
        assert!(shows_content("ContentPresenter") && !shows_content("Border"));
        assert!(has_chrome(of_type("ComboBox"), "ComboBox") && !has_chrome(of_type("Grid"), "Grid"));
    }
}
