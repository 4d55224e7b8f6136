//! Windows, and elements that fit what is said of them, with what to do when the search ended before it had seen everything.

use crate::ask::{AppText, Asker, TypeNames, shown};
use crate::tree::{WALK_MS, reasons};
use portcullis_model::{Fault, FaultCode};
use portcullis_wpf_protocol::{Axis, CutReason, Find, Node, NodeField, RootKind, RootsParams, WalkParams, WalkResult};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// Elements that a search looks at where nothing is said.
pub const VISIT_DEFAULT: u32 = 1_000;
/// The most that it may look at.
pub const VISIT_CAP: u32 = 10_000;

/// One window.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct WindowRow {
    index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<AppText>,
    #[serde(rename = "type")]
    ty: AppText,
    /// `window`, `popup` or `hwndSource`.
    kind: &'static str,
    is_active: bool,
    is_visible: bool,
    is_main_window: bool,
    /// A modal window keeps it from being used.
    is_disabled: bool,
    element_id: String,
    dispatcher: u32,
    /// On the screen in physical pixels: x, y, width, height.
    bounds: [f64; 4],
}

/// The windows of an application.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Windows {
    window_count: usize,
    windows: Vec<WindowRow>,
    omitted_window_count: u32,
}

/// Windows, popups, and WPF content in windows of another kind, of every thread.
pub fn windows(asker: &Asker<'_>) -> Result<Windows, Fault> {
    let found = asker.call(&RootsParams { hidden: true })?;
    let types = TypeNames::of(&found.types);
    let windows: Vec<WindowRow> = found
        .roots
        .iter()
        .enumerate()
        .map(|(index, root)| {
            let ty = types.name(root.ty);
            WindowRow {
                index,
                title: AppText::some(root.title.as_ref()),
                element_id: asker.name(root.handle, ty.as_str()),
                ty,
                kind: match root.kind {
                    RootKind::Window => "window",
                    RootKind::Popup => "popup",
                    RootKind::HwndSource => "hwndSource",
                },
                is_active: root.is_active,
                is_visible: root.is_visible,
                is_main_window: root.is_main,
                is_disabled: root.is_disabled,
                dispatcher: root.dispatcher,
                bounds: root.bounds,
            }
        })
        .collect();
    Ok(Windows { window_count: windows.len(), windows, omitted_window_count: found.cut })
}

/// What is looked for. Everything that is said must fit.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// Where the search begins; none for the main window.
    pub element: Option<String>,
    /// Any of type, name, automation id and text.
    pub query: Option<String>,
    /// Types, one of which fits.
    pub types: Vec<String>,
    /// Whether derived types fit.
    pub assignable: bool,
    /// `x:Name`.
    pub name: Option<String>,
    /// The automation id.
    pub automation_id: Option<String>,
    /// A property, and its value.
    pub property: Option<(String, Option<String>)>,
    /// Whether a part of a text fits.
    pub contains: bool,
    /// Elements that are told.
    pub max_results: u32,
    /// Elements that are looked at.
    pub visit: u32,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct FoundRow {
    element_id: String,
    element_type: AppText,
    #[serde(skip_serializing_if = "Option::is_none")]
    element_name: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    automation_id: Option<AppText>,
    matched_property: String,
    matched_value: Value,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Retry {
    parameter: &'static str,
    can_increase: bool,
    suggested_value: u32,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Alternative {
    parameter: &'static str,
    guidance: &'static str,
}

/// What to do about a search that ended early.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Recovery {
    code: &'static str,
    message: String,
    retry: Retry,
    alternative: Alternative,
}

/// What was found.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Found {
    result_count: usize,
    results: Vec<FoundRow>,
    truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    truncation_reason: Option<String>,
    traversal_node_count: u32,
    max_traversal_nodes: u32,
    traversal_truncated: bool,
    search_complete: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery: Option<Recovery>,
}

/// Finds elements.
pub fn find(asker: &Asker<'_>, search: &Search) -> Result<Found, Fault> {
    let said = [&search.query, &search.name, &search.automation_id].into_iter().any(Option::is_some);
    if !said && search.types.is_empty() && search.property.is_none() {
        return Err(Fault::new(FaultCode::BadArgument, "nothing is said of what is looked for")
            .field("query")
            .rule("one of query, typeName, typeNames, elementName, automationId and propertyName is given")
            .remedy("say what the element is or shows")
            .source_code("MissingRequiredParameter"));
    }
    let from = asker.handle("elementId", search.element.as_deref())?;
    let (property, value) = search.property.clone().map_or((None, None), |(name, value)| (Some(name), value));
    let params = WalkParams {
        from: from.into_iter().collect(),
        axis: Axis::Visual,
        depth: WalkParams::DEPTH_CAP,
        max: search.max_results,
        max_children: WalkParams::CHILD_CAP,
        fields: vec![NodeField::Names, NodeField::Text],
        props: property.iter().cloned().collect(),
        find: Some(Find {
            types: search.types.clone(),
            derived: search.assignable,
            name: search.name.clone(),
            automation_id: search.automation_id.clone(),
            property,
            value,
            query: search.query.clone(),
            contains: search.contains,
        }),
        visit: search.visit,
        ms: WALK_MS,
        text: crate::ask::TEXT,
    };
    let found = asker.call(&params)?;
    let types = TypeNames::of(&found.types);
    let row = |node: &Node| {
        let ty = types.name(node.ty);
        let (matched_property, matched_value) = matched(node, search, &ty);
        Some(FoundRow {
            element_id: asker.name(node.handle?, ty.as_str()),
            element_type: ty,
            element_name: AppText::some(node.name.as_ref()),
            automation_id: AppText::some(node.automation_id.as_ref()),
            matched_property,
            matched_value,
        })
    };
    let results: Vec<FoundRow> = found.nodes.iter().filter_map(row).collect();
    let recovery = recovery(&found, search.visit);
    Ok(Found {
        result_count: results.len(),
        results,
        truncated: !found.cut.is_empty(),
        truncation_reason: reasons(&found.cut).into_iter().next(),
        traversal_node_count: found.visited,
        max_traversal_nodes: search.visit,
        traversal_truncated: found.cut.iter().any(|cut| *cut != CutReason::Nodes),
        search_complete: found.cut.is_empty(),
        recovery,
    })
}

/// By what a node fits.
fn matched(node: &Node, search: &Search, ty: &AppText) -> (String, Value) {
    let fits = |have: Option<&String>| {
        let (Some(have), Some(want)) = (have, &search.query) else { return false };
        let (have, want) = (have.to_lowercase(), want.to_lowercase());
        if search.contains { have.contains(&want) } else { have == want }
    };
    let text =
        |text: Option<&String>| text.map_or(Value::Null, |text| Value::String(AppText::new(text).as_str().to_owned()));
    let of = |name: &str, value: Value| (name.to_owned(), value);
    if let Some((name, _)) = &search.property {
        let value = node.values.first().and_then(Option::as_ref).map_or(Value::Null, shown);
        return (AppText::new(name).as_str().to_owned(), value);
    }
    if search.name.is_some() || fits(node.name.as_ref()) {
        return of("Name", text(node.name.as_ref()));
    }
    if search.automation_id.is_some() || fits(node.automation_id.as_ref()) {
        return of("AutomationId", text(node.automation_id.as_ref()));
    }
    if fits(node.text.as_ref()) {
        return of("Text", text(node.text.as_ref()));
    }
    of("Type", Value::String(ty.as_str().to_owned()))
}

fn recovery(found: &WalkResult, visit: u32) -> Option<Recovery> {
    let unseen = found.cut.iter().any(|cut| *cut != CutReason::Nodes);
    if !unseen || !found.nodes.is_empty() {
        return None;
    }
    let suggested = visit.saturating_mul(4).min(VISIT_CAP);
    Some(Recovery {
        code: "TraversalBudgetExceededBeforeMatch",
        message: format!("{} elements were looked at and none fits; there are more", found.visited),
        retry: Retry { parameter: "maxTraversalNodes", can_increase: suggested > visit, suggested_value: suggested },
        alternative: Alternative { parameter: "elementId", guidance: "begin at an element nearer to what is meant" },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_that_ended_before_it_found_anything_says_how_to_go_on() {
        let found = |cut: Vec<CutReason>| WalkResult {
            nodes: Vec::new(),
            visited: 1_000,
            cut,
            types: Vec::new(),
            within: None,
        };
        assert_eq!(recovery(&found(Vec::new()), 1_000), None, "it saw everything");
        let told = recovery(&found(vec![CutReason::Visits]), 1_000).unwrap();
        assert_eq!((told.retry.can_increase, told.retry.suggested_value), (true, 4_000));
        let told = recovery(&found(vec![CutReason::Time]), VISIT_CAP).unwrap();
        assert!(!told.retry.can_increase, "it is at its cap");
    }
}
