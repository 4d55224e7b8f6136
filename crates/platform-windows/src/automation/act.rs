//! Operating one element through its patterns, in the worker. Each act reads back what the control shows of it; when an
//! act is refused, what to do instead is decided by the caller.

use super::com::{self, Answered, pattern, trouble};
use super::protocol::{Act, Reply, Trouble};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;
use windows::Win32::UI::Accessibility::{
    IUIAutomationElement, IUIAutomationExpandCollapsePattern, IUIAutomationInvokePattern,
    IUIAutomationRangeValuePattern, IUIAutomationScrollItemPattern, IUIAutomationSelectionItemPattern,
    IUIAutomationTextPattern, IUIAutomationTogglePattern, IUIAutomationValuePattern, TextPatternRangeEndpoint_End,
    TextPatternRangeEndpoint_Start, TextUnit_Character, UIA_ExpandCollapseExpandCollapseStatePropertyId,
    UIA_ExpandCollapsePatternId, UIA_HasKeyboardFocusPropertyId, UIA_InvokePatternId, UIA_IsEnabledPropertyId,
    UIA_IsOffscreenPropertyId, UIA_IsPasswordPropertyId, UIA_NamePropertyId, UIA_PROPERTY_ID, UIA_RangeValuePatternId,
    UIA_RangeValueValuePropertyId, UIA_ScrollItemPatternId, UIA_SelectionItemIsSelectedPropertyId,
    UIA_SelectionItemPatternId, UIA_TextPatternId, UIA_TogglePatternId, UIA_ToggleToggleStatePropertyId,
    UIA_ValueIsReadOnlyPropertyId, UIA_ValuePatternId, UIA_ValueValuePropertyId,
};
use windows::core::BSTR;

/// An invocation that has not come back by then is under way: a modal dialog keeps it until it is closed.
const INVOKE_SPAN: Duration = Duration::from_millis(200);
/// Characters of a text that one question may ask for.
const TEXT_CAP: usize = 1_000_000;

/// A pattern that another thread of this apartment may use.
struct Anywhere(IUIAutomationInvokePattern);

// SAFETY: UI Automation's client objects live in the multithreaded apartment, whose every thread may call them.
unsafe impl Send for Anywhere {}

fn done(by: &str, shown: Option<bool>) -> Reply {
    Reply::Done { by: by.to_owned(), shown }
}

fn flag(element: &IUIAutomationElement, property: UIA_PROPERTY_ID) -> Option<bool> {
    com::current(element, property)?.flag()
}

fn int(element: &IUIAutomationElement, property: UIA_PROPERTY_ID) -> Option<i32> {
    com::current(element, property)?.int()
}

/// Does it.
pub(super) fn act(element: &IUIAutomationElement, act: &Act) -> Answered<Reply> {
    if flag(element, UIA_IsEnabledPropertyId) == Some(false) && !matches!(act, Act::ScrollIntoView) {
        return Err(Trouble::Disabled);
    }
    match act {
        Act::Invoke => invoke(element),
        Act::Toggle => {
            let toggle: IUIAutomationTogglePattern = pattern(element, UIA_TogglePatternId, "be toggled")?;
            let before = int(element, UIA_ToggleToggleStatePropertyId);
            // SAFETY: the interface is alive.
            unsafe { toggle.Toggle() }.map_err(|error| trouble(&error, "be toggled"))?;
            let after = int(element, UIA_ToggleToggleStatePropertyId);
            Ok(done("Toggle pattern", before.zip(after).map(|(before, after)| before != after)))
        }
        Act::Select => {
            let item: IUIAutomationSelectionItemPattern = pattern(element, UIA_SelectionItemPatternId, "be selected")?;
            // SAFETY: the interface is alive.
            unsafe { item.Select() }.map_err(|error| trouble(&error, "be selected"))?;
            Ok(done("SelectionItem pattern", flag(element, UIA_SelectionItemIsSelectedPropertyId)))
        }
        Act::Expand => fold(element, true),
        Act::Collapse => fold(element, false),
        Act::SetValue(value) => set_value(element, value),
        Act::ScrollIntoView => {
            let item: IUIAutomationScrollItemPattern = pattern(element, UIA_ScrollItemPatternId, "be scrolled to")?;
            // SAFETY: the interface is alive.
            unsafe { item.ScrollIntoView() }.map_err(|error| trouble(&error, "be scrolled to"))?;
            Ok(done("ScrollItem pattern", flag(element, UIA_IsOffscreenPropertyId).map(|hidden| !hidden)))
        }
        Act::Focus => {
            // SAFETY: the interface is alive.
            unsafe { element.SetFocus() }.map_err(|error| trouble(&error, "take the keyboard"))?;
            Ok(done("SetFocus", flag(element, UIA_HasKeyboardFocusPropertyId)))
        }
        Act::SelectText { from, to } => select_text(element, *from, *to),
    }
}

/// Presses it on a thread of its own, because the call may not come back before a dialog is closed.
fn invoke(element: &IUIAutomationElement) -> Answered<Reply> {
    let invocation = Anywhere(pattern(element, UIA_InvokePatternId, "be invoked")?);
    let (to, from) = sync_channel(1);
    std::thread::Builder::new()
        .name("automation-invoke".to_owned())
        .spawn(move || {
            let invocation = invocation;
            // SAFETY: the interface is alive and the process keeps the multithreaded apartment.
            let result = unsafe { invocation.0.Invoke() };
            // Nobody may be waiting any more.
            let _ = to.send(result);
        })
        .map_err(|_| Trouble::Unsupported("no thread could be started".to_owned()))?;
    match from.recv_timeout(INVOKE_SPAN) {
        Ok(result) => {
            result.map_err(|error| trouble(&error, "be invoked"))?;
            Ok(done("Invoke pattern", None))
        }
        Err(RecvTimeoutError::Timeout) => Ok(done("Invoke pattern, still under way", None)),
        Err(RecvTimeoutError::Disconnected) => Err(Trouble::Unsupported("the invocation ended early".to_owned())),
    }
}

fn fold(element: &IUIAutomationElement, open: bool) -> Answered<Reply> {
    let what = if open { "be expanded" } else { "be collapsed" };
    let folding: IUIAutomationExpandCollapsePattern = pattern(element, UIA_ExpandCollapsePatternId, what)?;
    // SAFETY: the interface is alive.
    let result = if open { unsafe { folding.Expand() } } else { unsafe { folding.Collapse() } };
    result.map_err(|error| trouble(&error, what))?;
    let shown = int(element, UIA_ExpandCollapseExpandCollapseStatePropertyId).map(|state| (state == 1) == open);
    Ok(done("ExpandCollapse pattern", shown))
}

fn set_value(element: &IUIAutomationElement, value: &str) -> Answered<Reply> {
    let what = "be given a value";
    let text: Answered<IUIAutomationValuePattern> = pattern(element, UIA_ValuePatternId, what);
    let missing = match text {
        Ok(pattern) => {
            if flag(element, UIA_ValueIsReadOnlyPropertyId) == Some(true) {
                return Err(Trouble::NotOperable("be given a value: it is read-only".to_owned()));
            }
            // SAFETY: the interface is alive and the string outlives the call.
            unsafe { pattern.SetValue(&BSTR::from(value)) }.map_err(|error| trouble(&error, what))?;
            // A password field is never asked for its text.
            let secret = flag(element, UIA_IsPasswordPropertyId) == Some(true);
            let now = if secret { None } else { com::current(element, UIA_ValueValuePropertyId) };
            let shown = now.and_then(|now| now.text()).filter(|_| value.len() < com::TEXT_CAP).map(|now| now == value);
            return Ok(done("Value pattern", shown));
        }
        Err(missing) => missing,
    };
    let Ok(number) = value.trim().parse::<f64>() else { return Err(missing) };
    let range: IUIAutomationRangeValuePattern = pattern(element, UIA_RangeValuePatternId, what).map_err(|_| missing)?;
    // SAFETY: the interface is alive.
    unsafe { range.SetValue(number) }.map_err(|error| trouble(&error, what))?;
    let now = com::current(element, UIA_RangeValueValuePropertyId).and_then(|now| now.number());
    Ok(done("RangeValue pattern", now.map(|now| (now - number).abs() < f64::EPSILON.max(number.abs() * 1e-9))))
}

fn select_text(element: &IUIAutomationElement, from: usize, to: usize) -> Answered<Reply> {
    let what = "have its text selected";
    let text: IUIAutomationTextPattern = pattern(element, UIA_TextPatternId, what)?;
    let steps = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    let select = || -> windows::core::Result<()> {
        // SAFETY: the interface is alive.
        let all = unsafe { text.DocumentRange() }?;
        // SAFETY: as above.
        let range = unsafe { all.Clone() }?;
        let (start, end) = (TextPatternRangeEndpoint_Start, TextPatternRangeEndpoint_End);
        // SAFETY: both ranges are alive and of one document.
        unsafe { range.MoveEndpointByRange(end, &all, start) }?;
        // SAFETY: as above.
        unsafe { range.MoveEndpointByUnit(end, TextUnit_Character, steps(to)) }?;
        // SAFETY: as above.
        unsafe { range.MoveEndpointByUnit(start, TextUnit_Character, steps(from.min(to))) }?;
        // SAFETY: as above.
        unsafe { range.Select() }
    };
    select().map_err(|error| trouble(&error, what))?;
    Ok(done("Text pattern", None))
}

/// The text of an element that is no password field: its document, else its value, else its name.
pub(super) fn text(element: &IUIAutomationElement, from: usize, max_chars: usize) -> Answered<Reply> {
    if flag(element, UIA_IsPasswordPropertyId) == Some(true) {
        return Err(Trouble::NotOperable("be read: it is a password field".to_owned()));
    }
    let wanted = from.saturating_add(max_chars).min(TEXT_CAP);
    // One character may be two units; one more tells whether there is more.
    let units = i32::try_from(wanted.saturating_mul(2).saturating_add(1)).unwrap_or(i32::MAX);
    let document = || -> Option<String> {
        let text: IUIAutomationTextPattern = pattern(element, UIA_TextPatternId, "be read").ok()?;
        // SAFETY: the interface is alive.
        let range = unsafe { text.DocumentRange() }.ok()?;
        // SAFETY: as above.
        unsafe { range.GetText(units) }.ok().map(|text| String::from_utf16_lossy(&text))
    };
    let value = || -> Option<String> {
        let value: IUIAutomationValuePattern = pattern(element, UIA_ValuePatternId, "be read").ok()?;
        // SAFETY: the interface is alive.
        unsafe { value.CurrentValue() }.ok().map(|text| String::from_utf16_lossy(&text))
    };
    let name = || com::current(element, UIA_NamePropertyId).and_then(|name| name.text());
    let all = document().or_else(value).or_else(name);
    let all = all.ok_or_else(|| Trouble::NotOperable("be read: it holds no text".to_owned()))?;
    let total = all.chars().count();
    let text = all.chars().skip(from).take(max_chars).collect();
    Ok(Reply::Text { text, total_chars: (total <= wanted).then_some(total) })
}
