//! Layout: sizes and places as they are, what cuts an element off and how much of it, why it is not seen, and what keeps it from
//! being used.

use crate::ask::{AppText, Asker, TypeNames};
use crate::facts::facets;
use portcullis_model::Fault;
use portcullis_wpf_protocol::{
    AdornParams, Axis, ClipFacet, CommandFacet, Facet, LayoutFacet, LayoutParams, NodeField, NodeFlags, ScrollFacet,
    WalkParams,
};
use schemars::JsonSchema;
use serde::Serialize;

/// Sizes and places.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LayoutInfo {
    element_id: String,
    actual_width: f64,
    actual_height: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<f64>,
    min_width: f64,
    min_height: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_width: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_height: Option<f64>,
    /// Width, height.
    desired_size: [f64; 2],
    render_size: [f64; 2],
    /// Left, top, right, bottom.
    margin: [f64; 4],
    #[serde(skip_serializing_if = "Option::is_none")]
    padding: Option<[f64; 4]>,
    horizontal_alignment: AppText,
    vertical_alignment: AppText,
    layout_state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_rendered_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    position_in_parent: Option<[f64; 2]>,
    /// X, y, width, height.
    #[serde(skip_serializing_if = "Option::is_none")]
    position_in_window: Option<[f64; 4]>,
    /// In physical pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    position_on_screen: Option<[f64; 4]>,
}

fn layout_info(layout: &LayoutFacet, element_id: String) -> LayoutInfo {
    let [horizontal, vertical] = &layout.alignment;
    let [width, height] = layout.actual;
    let reason = if layout.visibility != "Visible" {
        Some(format!("Visibility is {}", AppText::new(&layout.visibility).as_str()))
    } else if width <= 0.0 || height <= 0.0 {
        Some("it has no size".to_owned())
    } else if layout.in_window.is_none() {
        Some("it is in no window that is shown".to_owned())
    } else {
        None
    };
    let valid = layout.measure_valid && layout.arrange_valid;
    LayoutInfo {
        element_id,
        actual_width: width,
        actual_height: height,
        width: layout.wanted[0],
        height: layout.wanted[1],
        min_width: layout.min[0],
        min_height: layout.min[1],
        max_width: layout.max[0],
        max_height: layout.max[1],
        desired_size: layout.desired,
        render_size: layout.render,
        margin: layout.margin,
        padding: layout.padding,
        horizontal_alignment: AppText::new(horizontal),
        vertical_alignment: AppText::new(vertical),
        layout_state: match (valid, &reason) {
            // What is collapsed is never measured, so that its layout stays out of date.
            (_, Some(_)) => "NotRendered",
            (false, None) => "Pending",
            (true, None) => "Rendered",
        },
        not_rendered_reason: reason,
        position_in_parent: layout.in_parent,
        position_in_window: layout.in_window,
        position_on_screen: layout.on_screen,
    }
}

fn none_of(what: &'static str) -> Fault {
    crate::CallFault::NoAnswer(what).into()
}

/// How an element is laid out.
pub fn layout(asker: &Asker<'_>, element: Option<&str>) -> Result<LayoutInfo, Fault> {
    let handle = asker.element(element)?;
    let (row, types) = facets(asker, handle, &[Facet::Layout], None)?;
    let types = TypeNames::of(&types);
    let layout = row.layout.ok_or_else(|| none_of("it has no layout"))?;
    let ty = types.some(row.ty);
    Ok(layout_info(&layout, asker.name(handle, ty.as_ref().map_or("Element", AppText::as_str))))
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Clipper {
    element_id: String,
    element_type: AppText,
    #[serde(skip_serializing_if = "Option::is_none")]
    element_name: Option<AppText>,
    by: AppText,
    bounds: [f64; 4],
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Overflow {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ScrollContainer {
    element_id: String,
    extent: [f64; 2],
    viewport: [f64; 2],
    offset: [f64; 2],
    scroll_bar_visibility: [AppText; 2],
    computed_scroll_bar_visibility: [AppText; 2],
    has_visible_scroll_bar_chrome: bool,
    is_target_clipped_by_viewport: bool,
    can_bring_target_into_view: bool,
}

/// What cuts an element off.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Clipping {
    is_clipped: bool,
    visible_content_impact: &'static str,
    geometric_clipping_severity: &'static str,
    visible_ratio: f64,
    analysis_scope: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    clipping_source: Option<AppText>,
    clip_to_bounds: bool,
    has_clip: bool,
    has_effective_clip: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    clip_bounds: Option<[f64; 4]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    effective_clip_bounds: Option<[f64; 4]>,
    overflow_amount: Overflow,
    clipping_ancestors: Vec<Clipper>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nearest_scroll_container: Option<ScrollContainer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suggested_fix: Option<&'static str>,
}

/// What of one rectangle lies in another: x, y, width, height.
fn common([ax, ay, aw, ah]: [f64; 4], [bx, by, bw, bh]: [f64; 4]) -> [f64; 4] {
    let (left, top) = (ax.max(bx), ay.max(by));
    let (right, bottom) = ((ax + aw).min(bx + bw), (ay + ah).min(by + bh));
    [left, top, (right - left).max(0.0), (bottom - top).max(0.0)]
}

/// What is left of an element after all that cuts it off, and how much of it.
fn visible_part(clip: &ClipFacet) -> Option<([f64; 4], f64)> {
    let bounds = clip.bounds?;
    let left = clip.by.iter().fold(bounds, |left, one| common(left, one.leaves));
    let area = |[_, _, width, height]: [f64; 4]| width * height;
    let whole = area(bounds);
    Some((left, if whole > 0.0 { (area(left) / whole).clamp(0.0, 1.0) } else { 0.0 }))
}

fn severity(ratio: f64) -> &'static str {
    // Less than a thousandth is what rounding makes.
    if ratio >= 0.999 {
        "none"
    } else if ratio <= 0.001 {
        "full"
    } else {
        "partial"
    }
}

fn overflow(clip: &ClipFacet, left: [f64; 4]) -> Overflow {
    let [x, y, width, height] = clip.bounds.unwrap_or(left);
    let over = |amount: f64| amount.max(0.0);
    Overflow {
        left: over(left[0] - x),
        top: over(left[1] - y),
        right: over((x + width) - (left[0] + left[2])),
        bottom: over((y + height) - (left[1] + left[3])),
    }
}

fn judge_clip(asker: &Asker<'_>, clip: &ClipFacet, scroll: Option<&ScrollFacet>, types: &TypeNames<'_>) -> Clipping {
    let (left, ratio) = visible_part(clip).unwrap_or(([0.0; 4], 0.0));
    let cuts = |one: &&portcullis_wpf_protocol::ClipRow| {
        clip.bounds.is_some_and(|bounds| common(bounds, one.leaves) != bounds)
    };
    let clipper = |one: &portcullis_wpf_protocol::ClipRow| {
        let ty = types.name(one.ty);
        Clipper {
            element_id: asker.name(one.handle, ty.as_str()),
            element_type: ty,
            element_name: AppText::some(one.name.as_ref()),
            by: AppText::new(&one.by),
            bounds: one.leaves,
        }
    };
    let severity = severity(ratio);
    let by_viewport = clip.by.iter().filter(cuts).any(|one| one.by == "viewport");
    let container = scroll.map(|scroll| {
        let text = |texts: &[String; 2]| [AppText::new(&texts[0]), AppText::new(&texts[1])];
        ScrollContainer {
            element_id: asker.name(scroll.handle, "ScrollViewer"),
            extent: scroll.extent,
            viewport: scroll.viewport,
            offset: scroll.offset,
            scroll_bar_visibility: text(&scroll.visibility),
            computed_scroll_bar_visibility: text(&scroll.computed),
            has_visible_scroll_bar_chrome: scroll.computed.iter().any(|one| one == "Visible"),
            is_target_clipped_by_viewport: by_viewport,
            can_bring_target_into_view: scroll.is_ancestor && !scroll.visibility.iter().all(|one| one == "Disabled"),
        }
    });
    let fix = match (severity, by_viewport) {
        ("none", _) => None,
        (_, true) => Some("scroll_to_element brings it into view"),
        (_, false) => Some("make room in the ancestor that cuts it off, or take its fixed size away"),
    };
    Clipping {
        is_clipped: severity != "none",
        visible_content_impact: severity,
        geometric_clipping_severity: severity,
        visible_ratio: (ratio * 1_000.0).round() / 1_000.0,
        analysis_scope: "bounds of the element within its window",
        clipping_source: clip.by.iter().find(cuts).map(|one| AppText::new(&one.by)),
        clip_to_bounds: clip.clip_to_bounds,
        has_clip: clip.clip.is_some(),
        has_effective_clip: severity != "none",
        clip_bounds: clip.clip,
        effective_clip_bounds: clip.bounds.map(|_| left),
        overflow_amount: overflow(clip, left),
        clipping_ancestors: clip.by.iter().filter(cuts).map(clipper).collect(),
        nearest_scroll_container: container,
        suggested_fix: fix,
    }
}

/// What cuts an element off, and how much of it.
pub fn clipping(asker: &Asker<'_>, element: Option<&str>) -> Result<Clipping, Fault> {
    let handle = asker.element(element)?;
    let (row, rows) = facets(asker, handle, &[Facet::Clip, Facet::Scroll], None)?;
    let clip = row.clip.ok_or_else(|| none_of("it has no clip"))?;
    Ok(judge_clip(asker, &clip, row.scroll.as_ref(), &TypeNames::of(&rows)))
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Check {
    key: &'static str,
    value: String,
    passed: bool,
    description: &'static str,
}

/// Why an element is seen or not.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Visibility {
    is_user_visible: bool,
    checks: Vec<Check>,
    clipping: Clipping,
    #[serde(skip_serializing_if = "Option::is_none")]
    root_cause: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suggested_fix: Option<&'static str>,
}

/// Whether an element can be seen by the user, check by check, and the first that fails.
pub fn visibility(asker: &Asker<'_>, element: &str) -> Result<Visibility, Fault> {
    let handle = asker.element(Some(element))?;
    let (row, rows) = facets(asker, handle, &[Facet::Layout, Facet::Clip, Facet::Scroll], None)?;
    let layout = row.layout.ok_or_else(|| none_of("it has no layout"))?;
    let clip = row.clip.ok_or_else(|| none_of("it has no clip"))?;
    let clipping = judge_clip(asker, &clip, row.scroll.as_ref(), &TypeNames::of(&rows));
    let above = asker.call(&WalkParams {
        fields: vec![NodeField::Flags, NodeField::Names],
        props: vec!["Visibility".to_owned(), "Opacity".to_owned()],
        ..crate::tree::walk_from(Some(handle), Axis::Ancestors)
    })?;
    let types = TypeNames::of(&above.types);
    let hides = |node: &&portcullis_wpf_protocol::Node| {
        let value = |at: usize| node.values.get(at).and_then(Option::as_ref);
        let collapsed = value(0).and_then(|value| value.s.as_deref()).is_some_and(|text| text != "Visible");
        let clear = value(1).and_then(|value| value.v.as_ref()?.as_f64()).is_some_and(|opacity| opacity <= 0.0);
        collapsed || clear
    };
    let hidden_by = above.nodes.iter().skip(1).find(hides).map(|node| types.name(node.ty).as_str().to_owned());
    let checks = checks(&layout, &clipping, hidden_by);
    let failed = checks.iter().find(|check| !check.passed);
    let fix = failed.map(|check| match check.key {
        "selfVisibility" => "set Visibility to Visible",
        "selfOpacity" => "raise Opacity",
        "ancestorVisibility" => "show the ancestor that hides it",
        "layoutSize" => "give it room: see get_layout_info",
        "inWindow" => "open its window, or select its tab",
        _ => clipping.suggested_fix.unwrap_or("make room for it"),
    });
    Ok(Visibility {
        is_user_visible: failed.is_none(),
        root_cause: failed.map(|check| format!("{}: {}", check.key, check.value)),
        suggested_fix: fix,
        checks,
        clipping,
    })
}

fn checks(layout: &LayoutFacet, clipping: &Clipping, hidden_by: Option<String>) -> Vec<Check> {
    let [width, height] = layout.actual;
    let check = |key, value: String, passed, description| Check { key, value, passed, description };
    vec![
        check(
            "selfVisibility",
            AppText::new(&layout.visibility).as_str().to_owned(),
            layout.visibility == "Visible",
            "its own Visibility",
        ),
        check("selfOpacity", layout.opacity.to_string(), layout.opacity > 0.0, "its own Opacity"),
        check(
            "ancestorVisibility",
            hidden_by.clone().unwrap_or_else(|| "none hides it".to_owned()),
            hidden_by.is_none(),
            "Visibility and Opacity of all above it",
        ),
        check(
            "inWindow",
            layout.in_window.is_some().to_string(),
            layout.in_window.is_some(),
            "it is in a shown window",
        ),
        check("layoutSize", format!("{width} x {height}"), width > 0.0 && height > 0.0, "it has a size"),
        check(
            "clipping",
            format!("{:.0} % is visible", clipping.visible_ratio * 100.0),
            clipping.geometric_clipping_severity != "full",
            "not all of it is cut off",
        ),
    ]
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Blocker {
    reason: &'static str,
    message: String,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ElementState {
    is_enabled: bool,
    visibility: AppText,
    opacity: f64,
    is_hit_test_visible: bool,
    has_size: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct CommandReadiness {
    has_command: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_element_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command_name: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command_name_source: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    can_execute: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command_parameter_kind: Option<AppText>,
    risk_notes: Vec<&'static str>,
}

/// Whether an element can be used.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Readiness {
    is_ready: bool,
    interaction_type: AppText,
    blockers: Vec<Blocker>,
    #[serde(skip_serializing_if = "Option::is_none")]
    activation_path: Option<&'static str>,
    /// The element that the activation is of.
    #[serde(skip_serializing_if = "Option::is_none")]
    activation_target: Option<String>,
    element_state: ElementState,
    command_readiness: CommandReadiness,
    automation_patterns: Vec<AppText>,
}

/// What keeps an element from being used so.
fn blockers(
    flags: NodeFlags,
    layout: &LayoutFacet,
    command: Option<&CommandFacet>,
    click: bool,
    clickable: bool,
) -> Vec<Blocker> {
    let mut all = Vec::new();
    let mut block = |is: bool, reason, message: &str| {
        if is {
            all.push(Blocker { reason, message: message.to_owned() });
        }
    };
    block(!flags.holds(NodeFlags::ENABLED), "ElementDisabled", "IsEnabled is false, of it or of what it is in");
    block(layout.visibility != "Visible" || !flags.holds(NodeFlags::VISIBLE), "ElementHidden", "it is not visible");
    block(layout.opacity <= 0.0, "ElementTransparent", "its Opacity is 0");
    block(!flags.holds(NodeFlags::HIT_TEST), "HitTestingDisabled", "IsHitTestVisible is false");
    let [width, height] = layout.actual;
    block(width <= 0.0 || height <= 0.0, "NoLayoutSize", "it has no size");
    block(!flags.holds(NodeFlags::LOADED), "ElementInInactiveTab", "it is not loaded: its tab may not be selected");
    let refused = command.and_then(|command| command.can_execute) == Some(false);
    block(click && refused, "CommandCannotExecute", "CanExecute of its command is false");
    block(click && !clickable, "ClickTargetUnsupported", "a click does nothing to an element of its kind");
    all
}

/// Whether an element can be used, and what keeps it from that.
pub fn readiness(asker: &Asker<'_>, element: &str, interaction: &str) -> Result<Readiness, Fault> {
    let handle = asker.element(Some(element))?;
    let (row, rows) = facets(asker, handle, &[Facet::Layout, Facet::Command, Facet::Automation], None)?;
    let own =
        WalkParams { depth: 0, fields: vec![NodeField::Flags], ..crate::tree::walk_from(Some(handle), Axis::Visual) };
    let own = asker.call(&own)?;
    let flags = NodeFlags(own.nodes.first().map_or(0, |node| node.flags));
    let types = TypeNames::of(&rows);
    let layout = row.layout.ok_or_else(|| none_of("it has no layout"))?;
    let click = interaction.eq_ignore_ascii_case("click");
    let patterns = row.automation.map(|peer| peer.patterns).unwrap_or_default();
    let by_pattern = [
        ("Invoke", "InvokePattern"),
        ("Toggle", "TogglePattern"),
        ("SelectionItem", "SelectionItemPattern"),
        ("ExpandCollapse", "ExpandCollapsePattern"),
        ("Value", "ValuePattern"),
    ];
    let path = by_pattern.iter().find(|(name, _)| patterns.iter().any(|known| known == name)).map(|(_, path)| *path);
    let command = row.command.as_ref();
    // A value can be typed, and a click only puts the caret there.
    let clickable = command.is_some() || path.is_some_and(|path| path != "ValuePattern");
    let blockers = blockers(flags, &layout, command, click, clickable);
    Ok(Readiness {
        is_ready: blockers.is_empty(),
        interaction_type: AppText::new(interaction),
        blockers,
        activation_path: path,
        activation_target: path.map(|_| asker.name(handle, "Element")),
        element_state: ElementState {
            is_enabled: flags.holds(NodeFlags::ENABLED),
            visibility: AppText::new(&layout.visibility),
            opacity: layout.opacity,
            is_hit_test_visible: flags.holds(NodeFlags::HIT_TEST),
            has_size: layout.actual.iter().all(|side| *side > 0.0),
        },
        command_readiness: CommandReadiness {
            has_command: command.is_some(),
            source_element_id: command.map(|command| asker.name(command.source, "Element")),
            command_name: command.and_then(|command| AppText::some(command.name.as_ref())),
            command_name_source: command.map(|command| AppText::new(&command.name_from)),
            can_execute: command.and_then(|command| command.can_execute),
            command_parameter_kind: command.and_then(|command| types.some(command.parameter_ty)),
            risk_notes: if command.is_some() {
                vec!["a click executes the application's own code"]
            } else {
                Vec::new()
            },
        },
        automation_patterns: patterns.iter().map(|name| AppText::new(name)).collect(),
    })
}

/// How an element was marked.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Highlighted {
    element_type: Option<AppText>,
    color: AppText,
    duration: u32,
    requested_duration: u32,
    effective_duration: u32,
    duration_capped: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    highlight_surface: Option<AppText>,
    outcome: &'static str,
}

/// Marks an element on the screen for `ms` milliseconds.
pub fn highlight(asker: &Asker<'_>, element: &str, color: &str, ms: u32) -> Result<Highlighted, Fault> {
    let handle = asker.element(Some(element))?;
    let effective = ms.min(AdornParams::TIME_CAP_MS);
    let found = asker.call(&AdornParams { handle: Some(handle), color: color.to_owned(), ms: effective })?;
    let types = TypeNames::of(&found.types);
    Ok(Highlighted {
        element_type: types.some(found.ty),
        color: AppText::new(color),
        duration: effective,
        requested_duration: ms,
        effective_duration: effective,
        duration_capped: effective < ms,
        outcome: if found.surface.is_some() { "confirmed" } else { "no_effect" },
        highlight_surface: AppText::some(found.surface.as_ref()),
    })
}

/// What laying out again did.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Relaid {
    element_type: AppText,
    measure_valid: bool,
    arrange_valid: bool,
    message: &'static str,
    outcome: &'static str,
}

/// Has an element measured, arranged and drawn again.
pub fn invalidate(asker: &Asker<'_>, element: Option<&str>) -> Result<Relaid, Fault> {
    let handle = asker.handle("elementId", element)?;
    let found = asker.call(&LayoutParams { handle, measure: true, arrange: true, visual: true, repeat: 1 })?;
    let valid = found.measure_valid && found.arrange_valid;
    Ok(Relaid {
        element_type: TypeNames::of(&found.types).name(found.ty),
        measure_valid: found.measure_valid,
        arrange_valid: found.arrange_valid,
        message: if valid { "it was laid out again" } else { "it is still to be laid out" },
        outcome: if valid { "confirmed" } else { "unverified" },
    })
}

/// How long laying out takes.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RenderTime {
    element_type: AppText,
    render_time_ms: f64,
    samples_ms: Vec<f64>,
    confidence: &'static str,
    recommended_sample_count: u32,
}

/// The median time that drawing and laying an element out takes on its thread; not what the graphics card does.
pub fn render_time(asker: &Asker<'_>, element: Option<&str>) -> Result<RenderTime, Fault> {
    const SAMPLES: u32 = 5;
    let handle = asker.handle("elementId", element)?;
    let found = asker.call(&LayoutParams { handle, measure: false, arrange: false, visual: true, repeat: SAMPLES })?;
    let mut sorted = found.ms.clone();
    sorted.sort_by(f64::total_cmp);
    let spread = sorted.last().copied().unwrap_or(0.0) - sorted.first().copied().unwrap_or(0.0);
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or(0.0);
    let count = u32::try_from(sorted.len()).unwrap_or(0);
    Ok(RenderTime {
        element_type: TypeNames::of(&found.types).name(found.ty),
        render_time_ms: median,
        samples_ms: found.ms,
        confidence: if count >= SAMPLES && spread <= median { "medium" } else { "low" },
        recommended_sample_count: SAMPLES,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_wpf_protocol::{ClipRow, Handle};

    fn clip(bounds: [f64; 4], leaves: &[[f64; 4]]) -> ClipFacet {
        let row =
            |leaves: &[f64; 4]| ClipRow { handle: Handle(1), ty: 1, name: None, by: "window".into(), leaves: *leaves };
        ClipFacet {
            bounds: Some(bounds),
            clip_to_bounds: false,
            clip: None,
            layout_clip: None,
            by: leaves.iter().map(row).collect(),
        }
    }

    #[test]
    fn what_is_left_of_an_element_is_what_all_leave() {
        let own = [10.0, 10.0, 100.0, 100.0];
        for (leaves, ratio, said) in [
            (vec![], 1.0, "none"),
            (vec![[0.0, 0.0, 400.0, 400.0]], 1.0, "none"),
            (vec![[10.0, 10.0, 50.0, 100.0]], 0.5, "partial"),
            (vec![[10.0, 10.0, 50.0, 100.0], [60.0, 0.0, 100.0, 400.0]], 0.0, "full"),
            (vec![[500.0, 500.0, 10.0, 10.0]], 0.0, "full"),
        ] {
            let facet = clip(own, &leaves);
            let (left, found) = visible_part(&facet).unwrap();
            assert!((found - ratio).abs() < 1e-9, "{leaves:?}: {found}");
            assert_eq!(severity(found), said, "{leaves:?}");
            if said == "partial" {
                assert_eq!(overflow(&facet, left), Overflow { left: 0.0, top: 0.0, right: 50.0, bottom: 0.0 });
            }
        }
        assert_eq!(visible_part(&clip([0.0; 4], &[])).unwrap().1, 0.0, "what has no size is not seen");
    }

    #[test]
    fn each_thing_in_the_way_is_named() {
        let whole = NodeFlags(NodeFlags::ENABLED | NodeFlags::VISIBLE | NodeFlags::HIT_TEST | NodeFlags::LOADED);
        let layout = LayoutFacet {
            actual: [10.0, 10.0],
            wanted: [None, None],
            min: [0.0; 2],
            max: [None, None],
            desired: [10.0; 2],
            render: [10.0; 2],
            margin: [0.0; 4],
            padding: None,
            alignment: ["Left".into(), "Top".into()],
            visibility: "Visible".into(),
            opacity: 1.0,
            measure_valid: true,
            arrange_valid: true,
            in_parent: None,
            in_window: Some([0.0, 0.0, 10.0, 10.0]),
            on_screen: None,
        };
        assert_eq!(blockers(whole, &layout, None, true, true), []);
        assert_eq!(layout_info(&layout, "B_1".into()).layout_state, "Rendered");
        let hidden = LayoutFacet { visibility: "Collapsed".into(), opacity: 0.0, actual: [0.0; 2], ..layout };
        let reasons: Vec<_> =
            blockers(NodeFlags(0), &hidden, None, true, false).into_iter().map(|one| one.reason).collect();
        assert_eq!(
            reasons,
            [
                "ElementDisabled",
                "ElementHidden",
                "ElementTransparent",
                "HitTestingDisabled",
                "NoLayoutSize",
                "ElementInInactiveTab",
                "ClickTargetUnsupported"
            ]
        );
        assert_eq!(layout_info(&hidden, "B_1".into()).layout_state, "NotRendered");
    }
}
