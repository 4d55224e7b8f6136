//! Operating one element through its patterns, in the worker. Each act reads back what the control shows of it; when an
//! act is refused, what to do instead is decided by the caller.

use super::com::{self, Answered, pattern, trouble};
use super::protocol::{Act, By, Reply, Trouble};
use crate::tree::is_same_text;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};
use windows::Win32::UI::Accessibility::{
    IUIAutomationElement, IUIAutomationExpandCollapsePattern, IUIAutomationInvokePattern,
    IUIAutomationRangeValuePattern, IUIAutomationScrollItemPattern, IUIAutomationSelectionItemPattern,
    IUIAutomationTextPattern, IUIAutomationTogglePattern, IUIAutomationValuePattern, TextPatternRangeEndpoint_End,
    TextPatternRangeEndpoint_Start, TextUnit_Character, UIA_ExpandCollapseExpandCollapseStatePropertyId,
    UIA_ExpandCollapsePatternId, UIA_HasKeyboardFocusPropertyId, UIA_InvokePatternId, UIA_IsEnabledPropertyId,
    UIA_IsOffscreenPropertyId, UIA_NamePropertyId, UIA_PROPERTY_ID, UIA_RangeValuePatternId,
    UIA_RangeValueValuePropertyId, UIA_ScrollItemPatternId, UIA_SelectionItemIsSelectedPropertyId,
    UIA_SelectionItemPatternId, UIA_TextPatternId, UIA_TogglePatternId, UIA_ToggleToggleStatePropertyId,
    UIA_ValueIsReadOnlyPropertyId, UIA_ValuePatternId, UIA_ValueValuePropertyId,
};
use windows::core::{BSTR, Interface};

/// An invocation that has not come back by then is under way: a modal dialog keeps it until it is closed.
const INVOKE_SPAN: Duration = Duration::from_millis(200);
/// As [`INVOKE_SPAN`], for acts that are expected to come back: what they do is looked for afterwards.
const ACT_SPAN: Duration = Duration::from_secs(1);
/// Acts that may be under way at once. One that never comes back keeps its thread, so a program that answers every act
/// with a dialog cannot fill the worker with threads.
const ACT_CAP: usize = 8;
/// How long an element may take to show what was done to it. Some frameworks tell of it later than they do it.
const EFFECT_SLICE: Duration = Duration::from_millis(500);
/// How often that is looked for.
const POLL_STEP: Duration = Duration::from_millis(5);
/// Characters of a text that one question may ask for.
const TEXT_CAP: usize = 1_000_000;

/// An interface that another thread of this apartment may use.
struct Anywhere<T>(T);

// SAFETY: UI Automation's client objects live in the multithreaded apartment, whose every thread may call them.
unsafe impl<T: Interface> Send for Anywhere<T> {}

impl<T> Anywhere<T> {
    /// Borrowed by a method, so that a closure takes the whole and not the field.
    fn get(&self) -> &T {
        &self.0
    }
}

/// What acts share: those that have not come back yet.
#[derive(Debug, Default)]
pub(super) struct Hand {
    /// One more reference for each thread.
    under_way: Arc<()>,
}

/// One act on one element.
struct Operation<'act> {
    element: &'act IUIAutomationElement,
    until: Instant,
    under_way: &'act Arc<()>,
}

fn flag(element: &IUIAutomationElement, property: UIA_PROPERTY_ID) -> Option<bool> {
    com::current(element, property)?.flag()
}

fn int(element: &IUIAutomationElement, property: UIA_PROPERTY_ID) -> Option<i32> {
    com::current(element, property)?.int()
}

/// Looks in short steps until something shows, at most until a time; `None` as soon as it cannot be told.
fn seen(until: Instant, step: Duration, mut shown: impl FnMut() -> Option<bool>) -> Option<bool> {
    loop {
        match shown() {
            Some(false) if Instant::now() < until => std::thread::sleep(step),
            answer => return answer,
        }
    }
}

/// Waits for an act that runs elsewhere. Answers whether it came back: one that does not, or that UI Automation itself
/// gave up on, has reached the program and may still take effect.
fn came_back(from: &Receiver<windows::core::Result<()>>, span: Duration, what: &str) -> Answered<bool> {
    match from.recv_timeout(span) {
        Ok(Ok(())) => Ok(true),
        Ok(Err(error)) => match trouble(&error, what) {
            Trouble::Timeout => Ok(false),
            trouble => Err(trouble),
        },
        Err(RecvTimeoutError::Timeout) => Ok(false),
        Err(RecvTimeoutError::Disconnected) => Err(Trouble::Unsupported("the act ended early".to_owned())),
    }
}

impl Hand {
    /// Does it, until the time is used up.
    pub(super) fn act(&self, element: &IUIAutomationElement, act: &Act, until: Instant) -> Answered<Reply> {
        if flag(element, UIA_IsEnabledPropertyId) == Some(false) && !matches!(act, Act::ScrollIntoView) {
            return Err(Trouble::Disabled);
        }
        Operation { element, until, under_way: &self.under_way }.act(act)
    }
}

impl Operation<'_> {
    fn act(&self, act: &Act) -> Answered<Reply> {
        let Self { element, .. } = *self;
        match act {
            Act::Invoke => {
                let what = "be invoked";
                let invoke: IUIAutomationInvokePattern = pattern(element, UIA_InvokePatternId, what)?;
                // SAFETY: the interface is alive.
                self.deliver(By::Invoke, what, invoke, |invoke| unsafe { invoke.Invoke() }, || None)
            }
            Act::Toggle => {
                let what = "be toggled";
                let toggle: IUIAutomationTogglePattern = pattern(element, UIA_TogglePatternId, what)?;
                let before = int(element, UIA_ToggleToggleStatePropertyId);
                let changed = || {
                    let after = int(element, UIA_ToggleToggleStatePropertyId);
                    before.zip(after).map(|(before, after)| before != after)
                };
                // SAFETY: the interface is alive.
                self.deliver(By::Toggle, what, toggle, |toggle| unsafe { toggle.Toggle() }, changed)
            }
            Act::Select => {
                let what = "be selected";
                let item: IUIAutomationSelectionItemPattern = pattern(element, UIA_SelectionItemPatternId, what)?;
                let selected = || flag(element, UIA_SelectionItemIsSelectedPropertyId);
                // SAFETY: the interface is alive.
                self.deliver(By::SelectionItem, what, item, |item| unsafe { item.Select() }, selected)
            }
            Act::Expand => self.fold(true),
            Act::Collapse => self.fold(false),
            Act::SetValue(value) => self.set_value(value),
            Act::ScrollIntoView => {
                let what = "be scrolled to";
                let item: IUIAutomationScrollItemPattern = pattern(element, UIA_ScrollItemPatternId, what)?;
                let in_view = || flag(element, UIA_IsOffscreenPropertyId).map(|hidden| !hidden);
                // SAFETY: the interface is alive.
                self.deliver(By::ScrollItem, what, item, |item| unsafe { item.ScrollIntoView() }, in_view)
            }
            Act::Focus => {
                let focused = || flag(element, UIA_HasKeyboardFocusPropertyId);
                // SAFETY: the interface is alive.
                let focus = |element: &IUIAutomationElement| unsafe { element.SetFocus() };
                self.deliver(By::Focus, "take the keyboard", element.clone(), focus, focused)
            }
            Act::SelectText { from, to } => self.select_text(*from, *to),
        }
    }

    /// Calls on a thread of its own, because the call may not come back before a dialog is closed, then looks for what it
    /// did. Of a call that has not come back nothing is known.
    fn deliver<T: Interface + 'static>(
        &self,
        by: By,
        what: &str,
        target: T,
        call: impl FnOnce(&T) -> windows::core::Result<()> + Send + 'static,
        shown: impl Fn() -> Option<bool>,
    ) -> Answered<Reply> {
        let place = Arc::clone(self.under_way);
        // Ours and the one that is kept apart.
        if Arc::strong_count(&place) > ACT_CAP + 1 {
            return Err(Trouble::Unsupported("earlier acts have not come back yet".to_owned()));
        }
        let (to, from) = sync_channel(1);
        let target = Anywhere(target);
        std::thread::Builder::new()
            .name("automation-act".to_owned())
            .spawn(move || {
                let result = call(target.get());
                drop(place);
                // Nobody may be waiting any more.
                let _ = to.send(result);
            })
            .map_err(|_| Trouble::Unsupported("no thread could be started".to_owned()))?;
        let left = self.until.saturating_duration_since(Instant::now());
        // Half of what is left is for looking.
        let span = if by == By::Invoke { INVOKE_SPAN } else { ACT_SPAN }.min(left / 2);
        let pending = !came_back(&from, span, what)?;
        let looking = self.until.min(Instant::now() + EFFECT_SLICE);
        Ok(Reply::Done { by, pending, shown: if pending { None } else { seen(looking, POLL_STEP, shown) } })
    }

    fn fold(&self, open: bool) -> Answered<Reply> {
        let what = if open { "be expanded" } else { "be collapsed" };
        let folding: IUIAutomationExpandCollapsePattern = pattern(self.element, UIA_ExpandCollapsePatternId, what)?;
        let fold = move |folding: &IUIAutomationExpandCollapsePattern| {
            if open {
                // SAFETY: the interface is alive.
                unsafe { folding.Expand() }
            } else {
                // SAFETY: as above.
                unsafe { folding.Collapse() }
            }
        };
        let folded =
            || int(self.element, UIA_ExpandCollapseExpandCollapseStatePropertyId).map(|state| (state == 1) == open);
        self.deliver(By::ExpandCollapse, what, folding, fold, folded)
    }

    fn set_value(&self, value: &str) -> Answered<Reply> {
        let (element, what) = (self.element, "be given a value");
        let text: Answered<IUIAutomationValuePattern> = pattern(element, UIA_ValuePatternId, what);
        let missing = match text {
            Ok(pattern) => {
                if flag(element, UIA_ValueIsReadOnlyPropertyId) == Some(true) {
                    return Err(Trouble::NotOperable("be given a value: it is read-only".to_owned()));
                }
                let text = value.to_owned();
                // SAFETY: the interface is alive and the string outlives the call.
                let set = move |pattern: &IUIAutomationValuePattern| unsafe { pattern.SetValue(&BSTR::from(text)) };
                // A password field is never asked for its text; a long text comes back cut.
                let comparable = !com::is_secret(element) && value.len() < com::TEXT_CAP;
                let same = || {
                    let now = com::current(element, UIA_ValueValuePropertyId).filter(|_| comparable)?.text()?;
                    Some(is_same_text(&now, value))
                };
                return self.deliver(By::Value, what, pattern, set, same);
            }
            Err(missing) => missing,
        };
        let Ok(number) = value.trim().parse::<f64>() else { return Err(missing) };
        let range: IUIAutomationRangeValuePattern =
            pattern(element, UIA_RangeValuePatternId, what).map_err(|_| missing)?;
        // SAFETY: the interface is alive.
        let set = move |range: &IUIAutomationRangeValuePattern| unsafe { range.SetValue(number) };
        let there = || {
            let now = com::current(element, UIA_RangeValueValuePropertyId)?.number()?;
            Some((now - number).abs() < f64::EPSILON.max(number.abs() * 1e-9))
        };
        self.deliver(By::RangeValue, what, range, set, there)
    }

    fn select_text(&self, from: usize, to: usize) -> Answered<Reply> {
        let what = "have its text selected";
        let text: IUIAutomationTextPattern = pattern(self.element, UIA_TextPatternId, what)?;
        self.deliver(By::Text, what, text, move |text| select(text, from, to), || None)
    }
}

/// Selects the characters `from..to`.
fn select(text: &IUIAutomationTextPattern, from: usize, to: usize) -> windows::core::Result<()> {
    let steps = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
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
}

/// The text of an element that is no password field: its document, else its value, else its name.
pub(super) fn text(element: &IUIAutomationElement, from: usize, max_chars: usize) -> Answered<Reply> {
    if com::is_secret(element) {
        return Err(Trouble::NotOperable(
            "be read: it is a password field, or does not say that it is none".to_owned(),
        ));
    }
    let max_chars = max_chars.min(TEXT_CAP);
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

#[cfg(test)]
mod tests {
    use super::*;
    use windows::Win32::Foundation::E_FAIL;
    use windows::Win32::UI::Accessibility::UIA_E_TIMEOUT;
    use windows::core::{Error, HRESULT};

    #[test]
    fn an_effect_is_looked_for_until_it_shows_or_the_time_is_over() {
        let (far, now) = (Instant::now() + Duration::from_secs(60), Instant::now());
        let after = |looks: usize, last: Option<bool>, until: Instant| {
            let mut left = looks;
            seen(until, Duration::ZERO, || {
                left = left.saturating_sub(1);
                if left == 0 { last } else { Some(false) }
            })
        };
        assert_eq!(after(1, Some(true), now), Some(true));
        assert_eq!(after(7, Some(true), far), Some(true));
        assert_eq!(after(7, None, far), None);
        assert_eq!(after(7, Some(true), now), Some(false));
    }

    #[test]
    fn an_act_that_does_not_come_back_is_under_way_and_no_failure() {
        let error = |code: HRESULT| Error::from_hresult(code);
        for (sent, expected) in [
            (Some(Ok(())), Ok(true)),
            (Some(Err(error(HRESULT(UIA_E_TIMEOUT.cast_signed())))), Ok(false)),
            (Some(Err(error(E_FAIL))), Err(Trouble::System(0x8000_4005))),
            (None, Ok(false)),
        ] {
            let (to, from) = sync_channel(1);
            if let Some(sent) = sent {
                to.send(sent).unwrap();
            }
            assert_eq!(came_back(&from, Duration::ZERO, "be shown"), expected);
        }
    }
}
