//! The few questions of UI Automation's client interface that the worker asks, each in the form that answers on most
//! systems. What the answers mean for a tree or an act is decided elsewhere; this runs in the worker process alone.

use super::protocol::Trouble;
use crate::tree::part;
use portcullis_model::Rect;
use std::mem::ManuallyDrop;
use windows::Win32::Foundation::{E_ACCESSDENIED, E_NOTIMPL, HWND, POINT};
use windows::Win32::System::Com::{
    CLSCTX_INPROC_SERVER, COINIT_MULTITHREADED, CoCreateInstance, CoInitializeEx, SAFEARRAY,
};
use windows::Win32::System::Variant::{
    VARENUM, VARIANT, VARIANT_0, VARIANT_0_0, VARIANT_0_0_0, VT_ARRAY, VT_BOOL, VT_BSTR, VT_I4, VT_R8, VT_UNKNOWN,
};
use windows::Win32::UI::Accessibility::{
    AutomationElementMode_Full, CUIAutomation, CUIAutomation8, IUIAutomation, IUIAutomation2,
    IUIAutomationCacheRequest, IUIAutomationCondition, IUIAutomationElement, IUIAutomationElementArray,
    IUIAutomationTreeWalker, TreeScope, TreeScope_Element, UIA_E_ELEMENTNOTAVAILABLE, UIA_E_ELEMENTNOTENABLED,
    UIA_E_NOTSUPPORTED, UIA_E_TIMEOUT, UIA_IsPasswordPropertyId, UIA_NativeWindowHandlePropertyId, UIA_PATTERN_ID,
    UIA_PROPERTY_ID, UIA_RuntimeIdPropertyId,
};
use windows::core::{Error, Interface};

/// How long UI Automation waits to reach a provider, in milliseconds, where it can be told.
const CONNECTION_LIMIT: u32 = 1_000;
/// How long it waits for a provider's answer.
const TRANSACTION_LIMIT: u32 = 2_000;
/// Elements of one array that are taken.
const ARRAY_CAP: i32 = 20_000;
/// Values of the longest array inside a VARIANT that is taken; a runtime id has about five.
const VALUE_CAP: u32 = 64;
/// Parents that are climbed from an element to its window.
const CLIMB_CAP: usize = 64;
/// UTF-16 units of a text property that are taken over.
pub(super) const TEXT_CAP: usize = super::protocol::TEXT_CAP;

/// What the worker answers, or why not.
pub(super) type Answered<T> = Result<T, Trouble>;

/// An error of COM in our terms. `what` is what the element could not.
pub(super) fn trouble(error: &Error, what: &str) -> Trouble {
    let code = u32::from_ne_bytes(error.code().0.to_ne_bytes());
    match code {
        // A NULL answer: there is no such thing.
        0 | UIA_E_NOTSUPPORTED => Trouble::NotOperable(what.to_owned()),
        UIA_E_ELEMENTNOTAVAILABLE => Trouble::Gone,
        UIA_E_ELEMENTNOTENABLED => Trouble::Disabled,
        UIA_E_TIMEOUT => Trouble::Timeout,
        _ if error.code() == E_ACCESSDENIED => Trouble::Elevated,
        _ if error.code() == E_NOTIMPL => {
            Trouble::Unsupported(format!("the element cannot {what} through UI Automation here"))
        }
        _ => Trouble::System(code),
    }
}

/// Whether the system lacks what was asked for, so that the next way is to be tried.
pub(super) fn is_missing(error: &Error) -> bool {
    error.code() == E_NOTIMPL
}

/// Whether the answer was a NULL pointer: the end of a list, no such element.
pub(super) fn is_end(error: &Error) -> bool {
    error.code().0 == 0
}

/// A value out of a VARIANT, by its own type and never through conversions.
pub(super) struct Value(VARIANT);

impl Value {
    /// What the VARIANT holds, under the name of every type.
    fn content(&self) -> &VARIANT_0_0_0 {
        // SAFETY: a VARIANT that is no DECIMAL is this structure; a DECIMAL is never asked for its content.
        let inner = unsafe { &self.0.Anonymous.Anonymous };
        &inner.Anonymous
    }

    pub(super) fn int(&self) -> Option<i32> {
        if self.0.vt() != VT_I4 {
            return None;
        }
        // SAFETY: the type says that the union holds a number.
        Some(unsafe { self.content().lVal })
    }

    pub(super) fn flag(&self) -> Option<bool> {
        if self.0.vt() != VT_BOOL {
            return None;
        }
        // SAFETY: the type says that the union holds a truth value.
        Some(unsafe { self.content().boolVal }.as_bool())
    }

    /// Whether it is the system's mark for a property that the element does not have.
    fn is_unsupported(&self) -> bool {
        self.0.vt() == VT_UNKNOWN
    }

    pub(super) fn number(&self) -> Option<f64> {
        if self.0.vt() != VT_R8 {
            return None;
        }
        // SAFETY: the type says that the union holds a double.
        Some(unsafe { self.content().dblVal })
    }

    pub(super) fn text(&self) -> Option<String> {
        if self.0.vt() != VT_BSTR {
            return None;
        }
        // SAFETY: the type says that the union holds a string, which lives as long as the VARIANT.
        let text = unsafe { &self.content().bstrVal };
        let units: &[u16] = text;
        Some(String::from_utf16_lossy(units.get(..TEXT_CAP).unwrap_or(units)))
    }

    fn array<T: Copy>(&self, element: u16) -> Option<Vec<T>> {
        if self.0.vt().0 != VT_ARRAY.0 | element {
            return None;
        }
        // SAFETY: the type says that the union holds an array.
        let array: *mut SAFEARRAY = unsafe { self.content().parray };
        // SAFETY: a VARIANT of this type owns a valid descriptor, or NULL.
        let array = unsafe { array.as_ref() }?;
        if array.cDims != 1 || usize::try_from(array.cbElements) != Ok(size_of::<T>()) || array.pvData.is_null() {
            return None;
        }
        let [bound] = array.rgsabound;
        if bound.cElements > VALUE_CAP {
            // A part of a runtime id could be another element's.
            return None;
        }
        let mut values = Vec::new();
        for at in 0..usize::try_from(bound.cElements).ok()? {
            let place = array.pvData.cast::<T>().wrapping_add(at);
            // SAFETY: the descriptor says that so many elements of this size lie there.
            values.push(unsafe { place.read_unaligned() });
        }
        Some(values)
    }

    pub(super) fn ints(&self) -> Option<Vec<i32>> {
        self.array(VT_I4.0)
    }

    /// A rectangle as left, top, width, height.
    pub(super) fn rect(&self) -> Option<Rect> {
        match self.array::<f64>(VT_R8.0)?.as_slice() {
            [left, top, width, height] => {
                Some(Rect::new(pixel(*left), pixel(*top), pixel(left + width), pixel(top + height)))
            }
            _ => None,
        }
    }
}

/// Numbers as a VARIANT that owns its array.
pub(super) fn variant_of(automation: &IUIAutomation, numbers: &[i32]) -> windows::core::Result<VARIANT> {
    // SAFETY: the interface is alive; the slice's length goes along, and the array that comes back is ours.
    let array = unsafe { automation.IntNativeArrayToSafeArray(numbers) }?;
    let inner = VARIANT_0_0 {
        vt: VARENUM(VT_ARRAY.0 | VT_I4.0),
        wReserved1: 0,
        wReserved2: 0,
        wReserved3: 0,
        Anonymous: VARIANT_0_0_0 { parray: array },
    };
    // The VARIANT frees the array.
    Ok(VARIANT { Anonymous: VARIANT_0 { Anonymous: ManuallyDrop::new(inner) } })
}

/// A coordinate as whole pixels. Providers give infinities for elements without a place.
#[allow(clippy::as_conversions, reason = "the value is finite and clamped to the range of the target")]
fn pixel(value: f64) -> i32 {
    if value.is_finite() { value.round().clamp(f64::from(i32::MIN), f64::from(i32::MAX)) as i32 } else { 0 }
}

/// UI Automation's client object and what is made of it once.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) automation: IUIAutomation,
    pub(super) all: IUIAutomationCondition,
}

impl Client {
    /// Enters the multithreaded apartment and makes the client object.
    pub(super) fn new() -> windows::core::Result<Self> {
        // SAFETY: no pointer is passed; the apartment is kept for the life of the process.
        unsafe { CoInitializeEx(None, COINIT_MULTITHREADED) }.ok()?;
        // SAFETY: a constant class is asked for an interface that it is known by.
        let newer = unsafe { CoCreateInstance::<_, IUIAutomation>(&CUIAutomation8, None, CLSCTX_INPROC_SERVER) };
        let automation = match newer {
            Ok(automation) => automation,
            // SAFETY: as above.
            Err(_) => unsafe { CoCreateInstance(&CUIAutomation, None, CLSCTX_INPROC_SERVER) }?,
        };
        if let Ok(second) = automation.cast::<IUIAutomation2>() {
            // Limits are a help; the deadline of the server is what holds.
            // SAFETY: the interface is alive and a number is passed.
            let _ = unsafe { second.SetConnectionTimeout(CONNECTION_LIMIT) };
            // SAFETY: as above.
            let _ = unsafe { second.SetTransactionTimeout(TRANSACTION_LIMIT) };
        }
        // SAFETY: the interface is alive.
        let all = unsafe { automation.CreateTrueCondition() }?;
        Ok(Self { automation, all })
    }

    /// A cache request for these properties of each element in `scope`.
    pub(super) fn request(
        &self,
        properties: &[UIA_PROPERTY_ID],
        scope: TreeScope,
    ) -> windows::core::Result<IUIAutomationCacheRequest> {
        // SAFETY: the interface is alive.
        let request = unsafe { self.automation.CreateCacheRequest() }?;
        for property in properties {
            // A property that this system does not know is absent from every element.
            // SAFETY: the interface is alive and a number is passed.
            let _ = unsafe { request.AddProperty(*property) };
        }
        if scope != TreeScope_Element {
            // SAFETY: as above.
            unsafe { request.SetTreeScope(scope) }?;
        }
        // Full elements can be operated later; it is the default, so a refusal changes nothing.
        // SAFETY: as above.
        let _ = unsafe { request.SetAutomationElementMode(AutomationElementMode_Full) };
        Ok(request)
    }

    /// The element of a window.
    pub(super) fn window(&self, window: HWND) -> Answered<IUIAutomationElement> {
        // SAFETY: the interface is alive; any handle value may be asked.
        unsafe { self.automation.ElementFromHandle(window) }.map_err(|error| trouble(&error, "be found"))
    }

    /// The element at a point of the desktop.
    pub(super) fn at(&self, x: i32, y: i32) -> Answered<IUIAutomationElement> {
        // SAFETY: the interface is alive.
        unsafe { self.automation.ElementFromPoint(POINT { x, y }) }
            .map_err(|error| trouble(&error, "be found at a point"))
    }

    /// The element that has the keyboard.
    pub(super) fn focused(&self) -> Answered<IUIAutomationElement> {
        // SAFETY: the interface is alive.
        unsafe { self.automation.GetFocusedElement() }
            .map_err(|error| trouble(&error, "be found by the keyboard focus"))
    }

    /// The window that holds the element, by climbing to it, when it lies in the top-level window. UI Automation puts
    /// windows below those that own them; such an element lies in another top-level window.
    pub(super) fn part_of(&self, element: &IUIAutomationElement, window: HWND) -> Option<HWND> {
        // SAFETY: the interfaces are alive.
        let walker = unsafe { self.automation.CreateTreeWalker(&self.all) }.ok()?;
        let mut at = element.clone();
        for _ in 0..CLIMB_CAP {
            if let Some(part) = handle(&at, current) {
                return Some(part).filter(|part| part::lies_in(*part, window));
            }
            at = parent(&walker, &at)?;
        }
        None
    }
}

fn parent(walker: &IUIAutomationTreeWalker, element: &IUIAutomationElement) -> Option<IUIAutomationElement> {
    // SAFETY: both interfaces are alive.
    unsafe { walker.GetParentElement(element) }.ok()
}

/// The window of an element that is one of its own.
pub(super) fn handle(
    element: &IUIAutomationElement,
    ask: fn(&IUIAutomationElement, UIA_PROPERTY_ID) -> Option<Value>,
) -> Option<HWND> {
    let handle = ask(element, UIA_NativeWindowHandlePropertyId)?.int()?;
    let handle = isize::try_from(handle).ok()?.cast_unsigned();
    Some(HWND(std::ptr::with_exposed_provenance_mut(handle))).filter(|window| !window.is_invalid())
}

/// A property as it is now. The form with `Ex` answers on every system and marks what is not supported.
pub(super) fn current(element: &IUIAutomationElement, property: UIA_PROPERTY_ID) -> Option<Value> {
    // SAFETY: the interface is alive; the VARIANT frees itself.
    unsafe { element.GetCurrentPropertyValueEx(property, true) }.ok().map(Value)
}

/// A property as it was when the element's cache was filled.
pub(super) fn cached(element: &IUIAutomationElement, property: UIA_PROPERTY_ID) -> Option<Value> {
    // SAFETY: as in `current`.
    unsafe { element.GetCachedPropertyValueEx(property, true) }.ok().map(Value)
}

/// Whether the element holds a secret: all but one that says it does not. Asked with defaults, an element whose provider
/// does not know the question answers no; an error, a time-out or an answer of another kind is no such word.
pub(super) fn is_secret(element: &IUIAutomationElement) -> bool {
    // SAFETY: the interface is alive; the VARIANT frees itself.
    let answer = unsafe { element.GetCurrentPropertyValueEx(UIA_IsPasswordPropertyId, false) };
    answer.map_or(true, |answer| hides(&Value(answer)))
}

/// As [`is_secret`], when the element's cache was filled. What was not cached is a secret.
pub(super) fn was_secret(element: &IUIAutomationElement) -> bool {
    // SAFETY: as in `is_secret`.
    let answer = unsafe { element.GetCachedPropertyValueEx(UIA_IsPasswordPropertyId, false) };
    answer.map_or(true, |answer| hides(&Value(answer)))
}

/// A system that fills in no defaults marks the property as unsupported instead.
fn hides(answer: &Value) -> bool {
    answer.flag() != Some(false) && !answer.is_unsupported()
}

/// How the properties of an element are had.
#[derive(Clone, Copy)]
pub(super) struct Look {
    pub(super) value: fn(&IUIAutomationElement, UIA_PROPERTY_ID) -> Option<Value>,
    pub(super) secret: fn(&IUIAutomationElement) -> bool,
}

/// As they are now.
pub(super) const NOW: Look = Look { value: current, secret: is_secret };
/// As they were when the cache was filled.
pub(super) const CACHED: Look = Look { value: cached, secret: was_secret };

/// The element's runtime id, from its provider: an element that is gone has none.
pub(super) fn runtime_id(element: &IUIAutomationElement) -> Option<Vec<i32>> {
    current(element, UIA_RuntimeIdPropertyId)?.ints().filter(|id| !id.is_empty())
}

/// A pattern of an element; `what` is what it could not do without it.
pub(super) fn pattern<T: Interface>(element: &IUIAutomationElement, id: UIA_PATTERN_ID, what: &str) -> Answered<T> {
    // SAFETY: the interface is alive; the type asked for is the one that belongs to the id.
    unsafe { element.GetCurrentPatternAs(id) }.map_err(|error| trouble(&error, what))
}

/// The elements of an array.
pub(super) fn items(array: &IUIAutomationElementArray) -> Vec<IUIAutomationElement> {
    // SAFETY: the interface is alive.
    let length = unsafe { array.Length() }.unwrap_or(0).min(ARRAY_CAP);
    // SAFETY: as above; the position is below the length.
    (0..length).filter_map(|at| unsafe { array.GetElement(at) }.ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use windows::core::HRESULT;

    #[test]
    fn errors_of_com_say_what_is_wrong_with_the_target() {
        for (code, expected) in [
            (E_ACCESSDENIED, Trouble::Elevated),
            (HRESULT(UIA_E_TIMEOUT.cast_signed()), Trouble::Timeout),
            (HRESULT(UIA_E_ELEMENTNOTAVAILABLE.cast_signed()), Trouble::Gone),
            (HRESULT(0), Trouble::NotOperable("be shown".to_owned())),
            (HRESULT(0x8000_FFFF_u32.cast_signed()), Trouble::System(0x8000_FFFF)),
        ] {
            assert_eq!(trouble(&Error::from_hresult(code), "be shown"), expected, "{code:?}");
        }
    }

    #[test]
    fn all_but_a_plain_no_is_a_secret() {
        assert!(!hides(&Value(VARIANT::from(false))));
        assert!(hides(&Value(VARIANT::from(true))));
        assert!(hides(&Value(VARIANT::default())));
        assert!(hides(&Value(VARIANT::from(0_i32))));
    }
}
