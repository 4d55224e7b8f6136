//! Scenes: what there is to see and do in an element, told from the visual tree without what only arranges it; forms with their
//! fields, labels and commands; and all facts of one element at once.

use crate::ask::{AppText, Asker, TypeNames, shown};
use crate::bindings::{Bindings, StatusFilter, bindings};
use crate::facts::facets;
use crate::layout::{LayoutInfo, layout};
use crate::styles::{Styles, styles};
use portcullis_model::Fault;
use portcullis_wpf_protocol::{Axis, Facet, FacetsParams, Handle, Node, NodeField, NodeFlags, WalkParams, WalkResult};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Elements that are looked at.
const VISIT: u32 = 512;
/// Elements that are told.
const SEMANTIC: usize = 128;
/// Bytes of a summary's text.
const TEXT_CAP: usize = 16_384;

/// What a control is for.
fn kind_of(ty: &str) -> Option<&'static str> {
    Some(match ty {
        "Button" | "RepeatButton" | "ToggleButton" | "Hyperlink" | "MenuItem" => "action",
        "TextBox" | "PasswordBox" | "RichTextBox" | "ComboBox" | "CheckBox" | "RadioButton" | "Slider"
        | "DatePicker" => "input",
        "ListBox" | "ListView" | "DataGrid" | "TreeView" | "TabControl" | "Menu" | "ContextMenu" => "collection",
        "ListBoxItem" | "ListViewItem" | "TreeViewItem" | "TabItem" | "DataGridRow" | "ComboBoxItem" => "item",
        "TextBlock" | "Label" | "AccessText" => "text",
        "Image" | "ProgressBar" | "GroupBox" | "Expander" | "Window" | "UserControl" | "Frame" | "StatusBar" => {
            "region"
        }
        _ => return None,
    })
}

fn walk(asker: &Asker<'_>, from: Option<Handle>, props: &[&str]) -> Result<WalkResult, Fault> {
    asker.settled(&WalkParams {
        fields: vec![NodeField::Names, NodeField::Flags, NodeField::Text, NodeField::Bounds],
        props: props.iter().map(|name| (*name).to_owned()).collect(),
        max: VISIT,
        visit: VISIT,
        ..crate::tree::walk_from(from, Axis::Visual)
    })
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct SceneNode {
    element_id: String,
    element_type: AppText,
    #[serde(skip_serializing_if = "Option::is_none")]
    element_name: Option<AppText>,
    kind: &'static str,
    depth: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<AppText>,
    annotations: Vec<&'static str>,
}

/// What there is to see and do.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    #[serde(skip_serializing_if = "Option::is_none")]
    root_element_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    root_element_type: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    root_element_name: Option<AppText>,
    depth: u32,
    depth_mode: &'static str,
    is_currently_visible: bool,
    semantic_node_count: usize,
    traversal_node_count: u32,
    omitted_semantic_node_count: usize,
    truncated: bool,
    truncation_reasons: Vec<String>,
    summary_text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    nodes: Option<Vec<SceneNode>>,
}

/// How deep each node lies, counting what means something alone.
fn semantic_depths(found: &WalkResult, meant: &[bool]) -> Vec<u32> {
    let mut depths: Vec<u32> = Vec::with_capacity(meant.len());
    for (at, node) in found.nodes.iter().enumerate() {
        let parent = node.parent.and_then(|parent| usize::try_from(parent).ok()).filter(|parent| *parent < at);
        let above = parent.and_then(|parent| Some(depths.get(parent)? + u32::from(*meant.get(parent)?)));
        depths.push(above.unwrap_or(0));
    }
    depths
}

fn notes(node: &Node) -> Vec<&'static str> {
    let flags = NodeFlags(node.flags);
    let mut all = Vec::new();
    for (bit, word) in [(NodeFlags::ENABLED, "disabled"), (NodeFlags::VISIBLE, "hidden")] {
        if !flags.holds(bit) {
            all.push(word);
        }
    }
    for (bit, word) in [(NodeFlags::FOCUSED, "focused"), (NodeFlags::SECRET, "secret")] {
        if flags.holds(bit) {
            all.push(word);
        }
    }
    all
}

/// Summarises an element: `depth` levels of what means something, or of all visuals.
pub fn summary(
    asker: &Asker<'_>,
    element: Option<&str>,
    depth: u32,
    visual: bool,
    text_only: bool,
) -> Result<Summary, Fault> {
    let from = asker.handle("elementId", element)?;
    let found = walk(asker, from, &[])?;
    let types = TypeNames::of(&found.types);
    let part = |node: &Node| NodeFlags(node.flags).holds(NodeFlags::TEMPLATE_PART);
    let kind = |node: &Node| kind_of(types.name(node.ty).as_str()).filter(|_| !part(node));
    let meant: Vec<bool> = found.nodes.iter().map(|node| visual || kind(node).is_some()).collect();
    let depths = semantic_depths(&found, &meant);
    let (mut nodes, mut text, mut omitted, mut count) = (Vec::new(), String::new(), 0_usize, 0_usize);
    for ((node, depth_of), _) in found.nodes.iter().zip(&depths).zip(&meant).filter(|(_, meant)| **meant) {
        count += 1;
        let Some(handle) = node.handle else { continue };
        if *depth_of > depth || nodes.len() >= SEMANTIC {
            omitted += 1;
            continue;
        }
        let ty = types.name(node.ty);
        let one = SceneNode {
            element_id: asker.name(handle, ty.as_str()),
            kind: kind(node).unwrap_or("element"),
            element_type: ty,
            element_name: AppText::some(node.name.as_ref()),
            depth: *depth_of,
            text: AppText::some(node.text.as_ref()).filter(|text| !text.as_str().is_empty()),
            annotations: notes(node),
        };
        let indent = "  ".repeat(usize::try_from(*depth_of).unwrap_or(0).min(20));
        let shown = one.text.as_ref().map(|text| format!(" {:?}", text.as_str())).unwrap_or_default();
        let said =
            if one.annotations.is_empty() { String::new() } else { format!(" [{}]", one.annotations.join(", ")) };
        let line = format!("{indent}{} {}{shown}{said}\n", one.element_id, one.kind);
        if text.len() + line.len() <= TEXT_CAP {
            text.push_str(&line);
        }
        nodes.push(one);
    }
    let root = found.nodes.first();
    let mut reasons = crate::tree::reasons(&found.cut);
    if omitted > 0 {
        reasons.push("semanticNodes".to_owned());
    }
    Ok(Summary {
        root_element_id: root.and_then(|node| Some(asker.name(node.handle?, types.name(node.ty).as_str()))),
        root_element_type: root.map(|node| types.name(node.ty)),
        root_element_name: root.and_then(|node| AppText::some(node.name.as_ref())),
        depth,
        depth_mode: if visual { "visual" } else { "semantic" },
        is_currently_visible: root.is_some_and(|node| NodeFlags(node.flags).holds(NodeFlags::VISIBLE)),
        semantic_node_count: count,
        traversal_node_count: found.visited,
        omitted_semantic_node_count: omitted,
        truncated: !reasons.is_empty(),
        truncation_reasons: reasons,
        summary_text: text,
        nodes: (!text_only).then_some(nodes),
    })
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Field {
    element_id: String,
    element_type: AppText,
    #[serde(skip_serializing_if = "Option::is_none")]
    element_name: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<AppText>,
    /// How the label was found.
    label_source: &'static str,
    current_value: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    binding_path: Option<AppText>,
    is_empty: bool,
    is_enabled: bool,
    validation_errors: Vec<Value>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct FormCommand {
    element_id: String,
    element_type: AppText,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<AppText>,
    is_primary: bool,
    is_ready: bool,
    blockers: Vec<&'static str>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct FormTotals {
    total_inputs: usize,
    empty_inputs: usize,
    error_count: usize,
    validation_submittable: bool,
    interaction_submittable: bool,
    is_submittable: bool,
}

/// A form.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Form {
    inputs: Vec<Field>,
    commands: Vec<FormCommand>,
    summary: FormTotals,
    omitted_count: usize,
    truncated: bool,
}

/// The label of a field: what automation says, else the text to its left or above it, else its name.
fn label(node: &Node, texts: &[(&Node, [f64; 4])]) -> (Option<AppText>, &'static str) {
    if let Some(name) = node.automation_name.as_ref().filter(|name| !name.is_empty()) {
        return (Some(AppText::new(name)), "automationName");
    }
    let near = node.bounds.and_then(|[x, y, _, height]| {
        let distance = |[tx, ty, tw, th]: [f64; 4]| {
            let left = (y - ty).abs() <= height && tx + tw <= x + 1.0;
            let above = ty + th <= y + 1.0 && (tx - x).abs() <= 40.0 && y - (ty + th) <= 40.0;
            if left {
                Some(x - (tx + tw))
            } else if above {
                Some(y - (ty + th) + 1.0)
            } else {
                None
            }
        };
        let best = texts.iter().filter_map(|(text, bounds)| Some((distance(*bounds)?, text)));
        best.min_by(|one, other| one.0.total_cmp(&other.0)).and_then(|(_, text)| text.text.as_ref())
    });
    if let Some(text) = near {
        return (Some(AppText::new(text)), "nearbyText");
    }
    match node.name.as_ref().or(node.automation_id.as_ref()) {
        Some(name) => (Some(AppText::new(name)), "name"),
        None => (None, "none"),
    }
}

/// The fields and commands in an element.
pub fn form(asker: &Asker<'_>, element: Option<&str>, framework: bool) -> Result<Form, Fault> {
    const PROPS: [&str; 5] = ["Text", "IsChecked", "SelectedItem", "Value", "IsDefault"];
    let from = asker.handle("elementId", element)?;
    let found = walk(asker, from, &PROPS)?;
    let types = TypeNames::of(&found.types);
    let wanted = |node: &&Node| framework || !NodeFlags(node.flags).holds(NodeFlags::TEMPLATE_PART);
    let of = |kind: &'static str| {
        let is_it = move |node: &&Node| kind_of(types.name(node.ty).as_str()) == Some(kind);
        found.nodes.iter().filter(wanted).filter(is_it).collect::<Vec<_>>()
    };
    let texts: Vec<(&Node, [f64; 4])> = found
        .nodes
        .iter()
        .filter(|node| kind_of(TypeNames::of(&found.types).name(node.ty).as_str()) == Some("text"))
        .filter_map(|node| Some((node, node.bounds?)))
        .collect();
    let names = TypeNames::of(&found.types);
    let (fields, actions) = (of("input"), {
        let is_action = |node: &&Node| kind_of(names.name(node.ty).as_str()) == Some("action");
        found.nodes.iter().filter(wanted).filter(is_action).collect::<Vec<_>>()
    });
    let handles: Vec<Handle> = fields.iter().chain(&actions).filter_map(|node| node.handle).collect();
    let facts = asker.call(&FacetsParams {
        handles,
        facets: vec![Facet::Validation, Facet::Command],
        event: None,
        resolve: false,
        text: crate::ask::TEXT,
    })?;
    let paths = crate::bindings::paths(asker, from)?;
    let row = |node: &Node| facts.items.iter().find(|row| Some(row.handle) == node.handle);
    let total = fields.len() + actions.len();
    let mut inputs = Vec::new();
    for node in fields.iter().take(SEMANTIC) {
        let Some(handle) = node.handle else { continue };
        let ty = names.name(node.ty);
        let value = node.values.iter().take(4).find_map(Option::as_ref).map_or(Value::Null, shown);
        let (label, label_source) = label(node, &texts);
        let errors = row(node).and_then(|row| row.validation.as_ref());
        inputs.push(Field {
            element_id: asker.name(handle, ty.as_str()),
            element_type: ty,
            element_name: AppText::some(node.name.as_ref()),
            label,
            label_source,
            is_empty: value.is_null() || value == "",
            current_value: value,
            binding_path: paths.iter().find(|(of, _)| *of == handle).map(|(_, path)| path.clone()),
            is_enabled: NodeFlags(node.flags).holds(NodeFlags::ENABLED),
            validation_errors: errors.into_iter().flatten().map(|error| shown(&error.content)).collect(),
        });
    }
    let mut commands = Vec::new();
    for node in actions.iter().take(SEMANTIC) {
        let Some(handle) = node.handle else { continue };
        let ty = names.name(node.ty);
        let refused = row(node).and_then(|row| row.command.as_ref()?.can_execute) == Some(false);
        let flags = NodeFlags(node.flags);
        let reasons = [
            (!flags.holds(NodeFlags::ENABLED), "ElementDisabled"),
            (!flags.holds(NodeFlags::VISIBLE), "ElementHidden"),
            (refused, "CommandCannotExecute"),
        ];
        let blockers: Vec<_> = reasons.into_iter().filter(|(is, _)| *is).map(|(_, reason)| reason).collect();
        let default = node.values.get(4).and_then(Option::as_ref).and_then(|value| value.v.as_ref()?.as_bool());
        commands.push(FormCommand {
            element_id: asker.name(handle, ty.as_str()),
            element_type: ty,
            text: AppText::some(node.text.as_ref()),
            is_primary: default == Some(true),
            is_ready: blockers.is_empty(),
            blockers,
        });
    }
    let error_count = inputs.iter().map(|one| one.validation_errors.len()).sum();
    let interaction = commands.iter().any(|one| one.is_ready);
    let omitted = total.saturating_sub(inputs.len() + commands.len());
    Ok(Form {
        summary: FormTotals {
            total_inputs: inputs.len(),
            empty_inputs: inputs.iter().filter(|one| one.is_empty).count(),
            error_count,
            validation_submittable: error_count == 0,
            interaction_submittable: interaction,
            is_submittable: error_count == 0 && interaction,
        },
        inputs,
        commands,
        omitted_count: omitted,
        truncated: omitted > 0 || !found.cut.is_empty(),
    })
}

/// All facts of one element.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ElementSnapshot {
    element_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    element_type: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_context_type: Option<AppText>,
    properties: BTreeMap<String, Value>,
    missing_properties: Vec<String>,
    bindings: Bindings,
    validation_errors: Vec<Value>,
    style: Styles,
    layout: LayoutInfo,
}

/// Properties that are always told.
const ALWAYS: [&str; 5] = ["Text", "Content", "Visibility", "IsEnabled", "Opacity"];

/// All facts of one element at once, with these properties besides.
pub fn element_snapshot(asker: &Asker<'_>, element: &str, more: &[String]) -> Result<ElementSnapshot, Fault> {
    use portcullis_wpf_protocol::{PropsItem, PropsParams};
    let handle = asker.element(Some(element))?;
    let (row, rows) = facets(asker, handle, &[Facet::Validation], None)?;
    let types = TypeNames::of(&rows);
    let names: Vec<String> = ALWAYS.iter().map(|name| (*name).to_owned()).chain(more.iter().cloned()).collect();
    // Of a data context the type alone is told here.
    let context = vec!["DataContext".to_owned()];
    let items = [names, context].map(|names| PropsItem { handle, names, set: None }).to_vec();
    let found =
        asker.settled(&PropsParams { items, meta: false, handles: false, text: crate::ask::TEXT, text_from: 0 })?;
    let read_types = TypeNames::of(&found.types);
    let context = found.items.get(1).and_then(|item| read_types.some(item.rows.first()?.value.ty));
    let read = found.items.into_iter().next();
    let (read, missing) = read.map(|item| (item.rows, item.missing)).unwrap_or_default();
    let ty = types.some(row.ty);
    Ok(ElementSnapshot {
        element_id: asker.name(handle, ty.as_ref().map_or("Element", AppText::as_str)),
        element_type: ty,
        data_context_type: context,
        properties: read.iter().map(|row| (AppText::new(&row.name).as_str().to_owned(), shown(&row.value))).collect(),
        // Not every kind of element has a text or a content; of what was asked for it is said.
        missing_properties: missing
            .iter()
            .filter(|missing| more.contains(&missing.name))
            .map(|missing| AppText::new(&missing.name).as_str().to_owned())
            .collect(),
        bindings: bindings(asker, Some(element), false, StatusFilter::All)?,
        validation_errors: row.validation.unwrap_or_default().iter().map(|error| shown(&error.content)).collect(),
        style: styles(asker, Some(element), true)?,
        layout: layout(asker, Some(element))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_labelled_by_what_is_nearest_to_its_left_or_above_it() {
        let node = |text: Option<&str>, bounds: [f64; 4]| Node {
            handle: Some(Handle(1)),
            parent: None,
            depth: 0,
            ty: 1,
            children: 0,
            omitted: 0,
            name: Some("box".into()),
            automation_id: None,
            automation_name: None,
            flags: 0,
            bounds: Some(bounds),
            text: text.map(str::to_owned),
            values: Vec::new(),
        };
        let field = node(None, [100.0, 100.0, 50.0, 20.0]);
        let left = node(Some("Left"), [40.0, 100.0, 50.0, 20.0]);
        let above = node(Some("Above"), [100.0, 70.0, 50.0, 20.0]);
        let far = node(Some("Heading"), [100.0, 0.0, 50.0, 20.0]);
        let said = |texts: &[&Node]| {
            let texts: Vec<_> = texts.iter().map(|node| (*node, node.bounds.unwrap())).collect();
            let (label, source) = label(&field, &texts);
            (label.unwrap().as_str().to_owned(), source)
        };
        assert_eq!(said(&[&far, &above, &left]), ("Left".into(), "nearbyText"));
        assert_eq!(said(&[&far, &above]), ("Above".into(), "nearbyText"));
        assert_eq!(said(&[&far]), ("box".into(), "name"), "a heading far above labels everything");
    }
}
