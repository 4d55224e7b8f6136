//! Acting on elements: by the control's own way and its automation peer, and what is known of what it did.

use crate::ask::{AppText, Asker, TypeNames, text_of};
use crate::facts::facets;
use crate::reading::ReadFault;
use portcullis_model::{ElementIdentity, Fault, FaultCode};
use portcullis_platform::{ControlAct, Delivered, Shown};
use portcullis_wpf_protocol::{ActKind, ActParams, ActResult, ActState, Facet, Handle};
use schemars::JsonSchema;
use serde::Serialize;

/// How long an act is waited for before it counts as running.
const GRACE_MS: u32 = 500;
/// The same for a desktop tool, which looks by itself for what came of it.
const OPERATED_GRACE_MS: u32 = 300;

pub(crate) fn act(handle: Option<Handle>, kind: ActKind) -> ActParams {
    ActParams {
        handle,
        kind,
        name: None,
        text: None,
        format: None,
        parameter: None,
        modifiers: Vec::new(),
        key_up: false,
        target: None,
        index: None,
        grace_ms: GRACE_MS,
    }
}

/// What the element that was dragged onto has for it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct HandlerHints {
    target_allows_drop: bool,
    has_drag_enter_handler: bool,
    has_drag_over_handler: bool,
    has_drop_handler: bool,
}

/// What an act did.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Acted {
    element_type: AppText,
    /// The means that was taken.
    used: AppText,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_name: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    used_on_click: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_type: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_type: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_handler_hints: Option<HandlerHints>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_format: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    focused: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    focus_kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    focused_element_id: Option<String>,
    focus_changed: bool,
    /// Whether anything is known to be another than before.
    semantic_effect_observed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    focused_element_id_before: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    focused_element_id_after: Option<String>,
    /// What the means itself told: `name: before -> after`.
    effects: Vec<String>,
    /// It has not come back yet: it may show a dialog.
    running: bool,
    new_windows: Vec<String>,
    outcome: &'static str,
    message: String,
}

fn acted(asker: &Asker<'_>, found: &ActResult) -> Acted {
    let types = TypeNames::of(&found.types);
    let id = |handle: Option<Handle>, ty: Option<u32>| {
        handle.map(|handle| asker.name(handle, types.some(ty).as_ref().map_or("Element", AppText::as_str)))
    };
    let word = |value: Option<bool>| value.map_or("?", |value| if value { "true" } else { "false" });
    let told = |one: &portcullis_wpf_protocol::ActEffect| {
        format!("{}: {} -> {}", AppText::new(&one.name).as_str(), word(one.before), word(one.after))
    };
    let moved = found.focus_before != found.focus_after;
    let seen = moved
        || !found.roots_new.is_empty()
        || found.roots_gone > 0
        || found.effects.iter().any(|one| one.before != one.after && !one.name.starts_with("has"));
    let running = found.state == ActState::Running;
    Acted {
        element_type: types.name(found.ty),
        used: AppText::new(&found.used),
        event_name: None,
        used_on_click: None,
        key: None,
        event_type: None,
        source_type: None,
        target_type: types.some(found.target_ty),
        target_handler_hints: None,
        data_format: None,
        focused: None,
        focus_kind: None,
        focused_element_id: None,
        focus_changed: moved,
        semantic_effect_observed: seen,
        focused_element_id_before: id(found.focus_before, None),
        focused_element_id_after: id(found.focus_after, found.focus_ty),
        effects: found.effects.iter().map(told).collect(),
        running,
        new_windows: found.roots_new.iter().map(|handle| asker.name(*handle, "Window")).collect(),
        outcome: if seen { "confirmed" } else { "unverified" },
        message: if running {
            "it has begun and has not come back; get_windows tells whether a dialog is open".to_owned()
        } else {
            format!("done through {}", AppText::new(&found.used).as_str())
        },
    }
}

/// Clicks an element: what a click does to its kind of control.
pub fn click(asker: &Asker<'_>, element: &str) -> Result<Acted, Fault> {
    let handle = asker.element(Some(element))?;
    let found = asker.call(&act(Some(handle), ActKind::Click)).map_err(|fault| match fault.source_code {
        Some("InvalidElement") => fault
            .remedy("click the control that it belongs to, or use Click with its place on the screen")
            .source_code("ElementNotClickable"),
        _ => fault,
    })?;
    Ok(acted(asker, &found))
}

/// Does to an element what a desktop tool asks for, as long as it lies in its window.
pub fn operate(
    asker: &Asker<'_>,
    element: &ElementIdentity,
    handle: Handle,
    wanted: &ControlAct,
) -> Result<Delivered, ReadFault> {
    let (kind, text) = match wanted {
        // What a click does to a check box is to toggle it.
        ControlAct::Invoke | ControlAct::Toggle => (ActKind::Click, None),
        ControlAct::Select => (ActKind::Select, None),
        ControlAct::Expand => (ActKind::Expand, None),
        ControlAct::Collapse => (ActKind::Collapse, None),
        ControlAct::SetValue(text) => (ActKind::SetText, Some(text.clone())),
        ControlAct::ScrollIntoView => (ActKind::ScrollIntoView, None),
        ControlAct::Focus => (ActKind::Focus, None),
        ControlAct::SelectText { .. } => return Err(ReadFault::NoSuchAct("select a part of its text")),
    };
    crate::home::require(asker, handle, element.window.handle)?;
    let params = ActParams { text, grace_ms: OPERATED_GRACE_MS, ..act(Some(handle), kind) };
    let found = asker.try_call(&params)?;
    let used = AppText::new(&found.used);
    let by = match found.state {
        ActState::Done => format!("{} inside the application", used.as_str()),
        ActState::Running => format!("{} inside the application, which has not come back yet", used.as_str()),
    };
    Ok(Delivered { by, shown: shown_of(wanted, &found) })
}

/// What the means itself told of an act.
fn shown_of(wanted: &ControlAct, found: &ActResult) -> Shown {
    let told = |name: &str| found.effects.iter().find(|effect| effect.name == name);
    let came_to = |name: &str, goal: bool| match told(name).map(|effect| (effect.before, effect.after)) {
        Some((Some(before), Some(after))) if before == goal && after == goal => Shown::Already,
        Some((_, Some(after))) => Shown::from(Some(after == goal)),
        _ => Shown::Unknown,
    };
    match wanted {
        ControlAct::Select => came_to("selected", true),
        ControlAct::Expand => came_to("expanded", true),
        ControlAct::Collapse => came_to("expanded", false),
        ControlAct::Focus => came_to("focused", true),
        ControlAct::SetValue(_) => match told("textChanged").and_then(|effect| effect.after) {
            Some(true) => Shown::Yes,
            Some(false) => Shown::Already,
            None => Shown::Unknown,
        },
        ControlAct::Invoke | ControlAct::Toggle => {
            let changed = found.effects.iter().any(|one| !one.name.starts_with("has") && one.before != one.after);
            if changed { Shown::Yes } else { Shown::Unknown }
        }
        ControlAct::ScrollIntoView | ControlAct::SelectText { .. } => Shown::Unknown,
    }
}

/// Gives an element the keyboard.
pub fn focus(asker: &Asker<'_>, element: &str) -> Result<Acted, Fault> {
    let handle = asker.element(Some(element))?;
    let found = asker.call(&act(Some(handle), ActKind::Focus))?;
    let has = found.focus_after == Some(handle);
    let told = acted(asker, &found);
    let outcome = match (has, told.focus_changed) {
        (true, true) => "confirmed",
        (true, false) => "no_effect",
        (false, _) => "unverified",
    };
    let kind = if found.focus_after.is_some() { "keyboard" } else { "none" };
    let focused_element_id = told.focused_element_id_after.clone();
    Ok(Acted { focused: Some(has), focus_kind: Some(kind), focused_element_id, outcome, ..told })
}

/// Brings an element into view.
pub fn scroll_to(asker: &Asker<'_>, element: &str) -> Result<Acted, Fault> {
    let handle = asker.element(Some(element))?;
    Ok(acted(asker, &asker.call(&act(Some(handle), ActKind::ScrollIntoView))?))
}

/// Presses or releases a key through WPF's input.
pub fn key(asker: &Asker<'_>, element: Option<&str>, key: &str, up: bool) -> Result<Acted, Fault> {
    let handle = asker.handle("elementId", element)?;
    let params = ActParams { name: Some(key.to_owned()), key_up: up, ..act(handle, ActKind::Key) };
    let told = acted(asker, &asker.call(&params)?);
    Ok(Acted { key: Some(AppText::new(key)), event_type: Some(if up { "KeyUp" } else { "KeyDown" }), ..told })
}

/// Drags one element onto another, by events.
pub fn drag(asker: &Asker<'_>, source: &str, target: &str, format: &str) -> Result<Acted, Fault> {
    let from = asker.handle("sourceElementId", Some(source))?;
    let to = asker.handle("targetElementId", Some(target))?;
    let params = ActParams { target: to, format: Some(format.to_owned()), ..act(from, ActKind::Drag) };
    let found = asker.call(&params)?;
    let told = acted(asker, &found);
    let has = |name: &str| found.effects.iter().any(|effect| effect.name == name && effect.after == Some(true));
    let hints = HandlerHints {
        // One that allows none is refused.
        target_allows_drop: true,
        has_drag_enter_handler: has("hasDragEnterHandler"),
        has_drag_over_handler: has("hasDragOverHandler"),
        has_drop_handler: has("hasDropHandler"),
    };
    let outcome = if has("dropped") { "confirmed" } else { "no_effect" };
    Ok(Acted {
        source_type: Some(told.element_type.clone()),
        target_handler_hints: Some(hints),
        data_format: Some(AppText::new(format)),
        outcome,
        ..told
    })
}

/// Raises a routed event at an element.
pub fn raise(asker: &Asker<'_>, element: &str, event: &str) -> Result<Acted, Fault> {
    let handle = asker.element(Some(element))?;
    let params = ActParams { name: Some(event.to_owned()), ..act(Some(handle), ActKind::Raise) };
    let found = asker.call(&params).map_err(|fault| {
        if fault.code == FaultCode::NotFound {
            let fault = fault.field("eventName").value(event).remedy("choose one of the routed events that it has");
            fault.source_code("EventNotFound")
        } else {
            fault
        }
    })?;
    let on_click = found.used == "OnClick";
    let told = acted(asker, &found);
    Ok(Acted { event_name: Some(AppText::new(event)), used_on_click: Some(on_click), ..told })
}

/// Who has the keyboard.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FocusState {
    /// `keyboard`, `logical` or `none`.
    focus_kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    focused_element_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    focused_element_type: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    window_element_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    window_title: Option<AppText>,
    window_is_active: bool,
    focusable: bool,
    has_keyboard_focus: bool,
    has_keyboard_focus_within: bool,
}

/// Who has the keyboard, in the window of an element.
pub fn focus_state(asker: &Asker<'_>, element: Option<&str>) -> Result<FocusState, Fault> {
    let handle = asker.element(element)?;
    let (row, rows) = facets(asker, handle, &[Facet::Focus], None)?;
    let types = TypeNames::of(&rows);
    let focus = row.focus.ok_or(crate::CallFault::NoAnswer("it has no focus"))?;
    let (found, ty, kind) = match (focus.keyboard, focus.logical) {
        (Some(found), _) => (Some(found), focus.keyboard_ty, "keyboard"),
        (None, Some(found)) => (Some(found), focus.logical_ty, "logical"),
        (None, None) => (None, None, "none"),
    };
    let ty = types.some(ty);
    // What is no window, such as a popup, has no title.
    let title = focus.window.and_then(|window| crate::props::read_one(asker, window, "Title").ok());
    Ok(FocusState {
        window_title: title.map(|row| AppText::new(&text_of(&row.value))),
        focus_kind: kind,
        focused_element_id: found.map(|found| asker.name(found, ty.as_ref().map_or("Element", AppText::as_str))),
        focused_element_type: ty,
        window_element_id: focus.window.map(|window| asker.name(window, "Window")),
        window_is_active: focus.window_active,
        focusable: focus.focusable,
        has_keyboard_focus: focus.has_keyboard,
        has_keyboard_focus_within: focus.has_keyboard_within,
    })
}
