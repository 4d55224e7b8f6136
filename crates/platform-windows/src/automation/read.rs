//! From UI Automation's elements to the flat list of nodes that the server gets. A password field is told from its
//! cached properties before any value is asked for; what is shown of the list is not decided here.

use super::com::{self, Answered, Client, Look, trouble};
use super::protocol::{DEPTH_CAP, Node, TREE_BYTES_CAP, Trouble};
use crate::tree::part;
use std::collections::HashMap;
use std::time::Instant;
use windows::Win32::Foundation::HWND;
use windows::Win32::System::Variant::VARIANT;
use windows::Win32::UI::Accessibility::{
    IUIAutomationCacheRequest, IUIAutomationCondition, IUIAutomationElement, TreeScope_Children, TreeScope_Element,
    TreeScope_Subtree, UIA_AutomationIdPropertyId, UIA_BoundingRectanglePropertyId, UIA_ControlTypePropertyId,
    UIA_ExpandCollapseExpandCollapseStatePropertyId, UIA_GridRowCountPropertyId, UIA_HasKeyboardFocusPropertyId,
    UIA_IsEnabledPropertyId, UIA_IsOffscreenPropertyId, UIA_IsPasswordPropertyId,
    UIA_IsValuePatternAvailablePropertyId, UIA_NamePropertyId, UIA_NativeWindowHandlePropertyId, UIA_PROPERTY_ID,
    UIA_RangeValueValuePropertyId, UIA_RuntimeIdPropertyId, UIA_SelectionItemIsSelectedPropertyId,
    UIA_ToggleToggleStatePropertyId, UIA_ValueIsReadOnlyPropertyId, UIA_ValueValuePropertyId,
    UIA_WindowIsModalPropertyId,
};
use windows::core::Result;

/// `UIA_ListItemControlTypeId`, `UIA_TreeItemControlTypeId`, `UIA_DataItemControlTypeId`: what the row budget counts.
const ROW_TYPES: [i32; 3] = [50_007, 50_024, 50_029];

/// What is cached of each element. No value is among them: a password field has one too.
const FACTS: [UIA_PROPERTY_ID; 16] = [
    UIA_RuntimeIdPropertyId,
    UIA_ControlTypePropertyId,
    UIA_NamePropertyId,
    UIA_AutomationIdPropertyId,
    UIA_BoundingRectanglePropertyId,
    UIA_IsEnabledPropertyId,
    UIA_IsOffscreenPropertyId,
    UIA_HasKeyboardFocusPropertyId,
    UIA_IsPasswordPropertyId,
    UIA_NativeWindowHandlePropertyId,
    UIA_ToggleToggleStatePropertyId,
    UIA_SelectionItemIsSelectedPropertyId,
    UIA_ExpandCollapseExpandCollapseStatePropertyId,
    UIA_WindowIsModalPropertyId,
    UIA_ValueIsReadOnlyPropertyId,
    UIA_GridRowCountPropertyId,
];

/// What is cached of the elements that are no password fields.
const VALUES: [UIA_PROPERTY_ID; 4] =
    [UIA_RuntimeIdPropertyId, UIA_IsPasswordPropertyId, UIA_ValueValuePropertyId, UIA_RangeValueValuePropertyId];

/// Elements by their runtime id.
pub(super) type Known = HashMap<Vec<i32>, IUIAutomationElement>;

/// What one reading may cost.
pub(super) struct Limits {
    pub(super) elements: usize,
    pub(super) rows: usize,
    pub(super) until: Instant,
    /// One request for the whole tree is allowed.
    pub(super) whole: bool,
}

/// What one reading gave.
#[derive(Default)]
pub(super) struct Reading {
    pub(super) nodes: Vec<Node>,
    pub(super) known: Known,
    pub(super) cut: bool,
    pub(super) trouble: Option<String>,
}

/// One element as a node, without its value.
fn node(element: &IUIAutomationElement, look: Look) -> Node {
    let value = |property| (look.value)(element, property);
    let flag = |property| value(property).and_then(|value| value.flag());
    let int = |property| value(property).and_then(|value| value.int());
    let text = |property| value(property).and_then(|value| value.text()).unwrap_or_default();
    let password = (look.secret)(element);
    // The bridge from older interfaces may tell a window's text as its name; an edit's text is what it holds.
    let name =
        if password && com::handle(element, look.value).is_some() { String::new() } else { text(UIA_NamePropertyId) };
    Node {
        parent: None,
        top: false,
        runtime_id: value(UIA_RuntimeIdPropertyId).and_then(|value| value.ints()).unwrap_or_default(),
        control_type: int(UIA_ControlTypePropertyId).unwrap_or(0),
        name,
        value: None,
        automation_id: text(UIA_AutomationIdPropertyId),
        rect: value(UIA_BoundingRectanglePropertyId).and_then(|value| value.rect()).unwrap_or_default(),
        disabled: flag(UIA_IsEnabledPropertyId) == Some(false),
        offscreen: flag(UIA_IsOffscreenPropertyId) == Some(true),
        focused: flag(UIA_HasKeyboardFocusPropertyId) == Some(true),
        selected: flag(UIA_SelectionItemIsSelectedPropertyId) == Some(true),
        read_only: flag(UIA_ValueIsReadOnlyPropertyId) == Some(true),
        password,
        modal: flag(UIA_WindowIsModalPropertyId) == Some(true),
        toggle: int(UIA_ToggleToggleStatePropertyId),
        expand: int(UIA_ExpandCollapseExpandCollapseStatePropertyId),
        unread: 0,
    }
}

/// The value of an element that is known to hold no secret.
fn value_of(element: &IUIAutomationElement, look: Look) -> Option<String> {
    let text = (look.value)(element, UIA_ValueValuePropertyId).and_then(|value| value.text());
    text.or_else(|| (look.value)(element, UIA_RangeValueValuePropertyId)?.number().map(|number| number.to_string()))
}

/// One element afresh, with its value unless it is a password field.
pub(super) fn fresh(element: &IUIAutomationElement, window: HWND) -> Node {
    let mut node = node(element, com::NOW);
    node.top = com::handle(element, com::current).is_some_and(|own| part::is_same(own, window));
    if !node.password {
        node.value = value_of(element, com::NOW);
    }
    node
}

/// The values of all elements below `root` that have one and are no password fields, in one request.
fn values(client: &Client, root: &IUIAutomationElement) -> HashMap<Vec<i32>, String> {
    let gather = || -> Result<HashMap<Vec<i32>, String>> {
        let condition = shows_a_value(client)?;
        let request = client.request(&VALUES, TreeScope_Element)?;
        // SAFETY: all interfaces are alive.
        let found = unsafe { root.FindAllBuildCache(TreeScope_Subtree, &condition, &request) }?;
        let pair = |element: &IUIAutomationElement| {
            let id = com::cached(element, UIA_RuntimeIdPropertyId)?.ints().filter(|id| !id.is_empty())?;
            // The condition is a filter for speed; what the element says in the same breath as its value is what counts.
            if com::was_secret(element) {
                return None;
            }
            Some((id, value_of(element, com::CACHED)?))
        };
        Ok(com::items(&found).iter().filter_map(pair).collect())
    };
    // A system or provider that cannot tell leaves the tree without values.
    gather().unwrap_or_default()
}

fn shows_a_value(client: &Client) -> Result<IUIAutomationCondition> {
    let automation = &client.automation;
    // SAFETY: the interface is alive and the VARIANT outlives the call.
    let open = unsafe { automation.CreatePropertyCondition(UIA_IsPasswordPropertyId, &VARIANT::from(false)) }?;
    let has = VARIANT::from(true);
    // SAFETY: as above.
    let valued = unsafe { automation.CreatePropertyCondition(UIA_IsValuePatternAvailablePropertyId, &has) }?;
    // SAFETY: all interfaces are alive.
    unsafe { automation.CreateAndCondition(&open, &valued) }
}

/// Reads a window: in one request where the system and the caller allow it, else level by level.
pub(super) fn read(client: &Client, handle: HWND, limits: &Limits) -> Answered<Reading> {
    let mut walk = Walk { client, window: handle, limits, reading: Reading::default(), request: None, bytes: 0 };
    if limits.whole {
        match whole(client, handle) {
            Ok(root) => {
                walk.cached_tree(&root);
                let values = values(client, &root);
                walk.give(&values);
                return Ok(walk.reading);
            }
            Err(error) if com::is_missing(&error) || com::is_end(&error) => {}
            Err(error) => return Err(trouble(&error, "be read")),
        }
    }
    let root = client.window(handle)?;
    let request = client.request(&FACTS, TreeScope_Element).map_err(|error| trouble(&error, "be read"))?;
    walk.request = Some(request);
    walk.levels(&root);
    Ok(walk.reading)
}

/// The window's element with all below it cached, the control view alone.
fn whole(client: &Client, handle: HWND) -> Result<IUIAutomationElement> {
    let request = client.request(&FACTS, TreeScope_Subtree)?;
    // SAFETY: the interface is alive.
    let view = unsafe { client.automation.ControlViewCondition() }?;
    // SAFETY: both interfaces are alive.
    unsafe { request.SetTreeFilter(&view) }?;
    // SAFETY: as above; any handle value may be asked.
    unsafe { client.automation.ElementFromHandleBuildCache(handle, &request) }
}

struct Walk<'call> {
    client: &'call Client,
    window: HWND,
    limits: &'call Limits,
    reading: Reading,
    request: Option<IUIAutomationCacheRequest>,
    /// What the nodes weigh so far.
    bytes: usize,
}

impl Walk<'_> {
    /// Takes a node into the list; `None` when the budget is used up.
    fn take(&mut self, element: &IUIAutomationElement, mut node: Node, parent: Option<usize>) -> Option<usize> {
        let bytes = self.bytes.saturating_add(node.weight());
        if self.reading.nodes.len() >= self.limits.elements.max(1) || bytes > TREE_BYTES_CAP {
            self.reading.cut = true;
            return None;
        }
        self.bytes = bytes;
        let at = self.reading.nodes.len();
        node.parent = parent;
        node.top = at == 0;
        if !node.runtime_id.is_empty() {
            self.reading.known.insert(node.runtime_id.clone(), element.clone());
        }
        self.reading.nodes.push(node);
        Some(at)
    }

    /// Gives the nodes that hold no secret their values, as far as a frame has room.
    fn give(&mut self, values: &HashMap<Vec<i32>, String>) {
        for node in self.reading.nodes.iter_mut().filter(|node| !node.password) {
            let Some(value) = values.get(&node.runtime_id) else { continue };
            let before = node.weight();
            node.value = Some(value.clone());
            self.bytes = self.bytes.saturating_add(node.weight() - before);
            if self.bytes > TREE_BYTES_CAP {
                node.value = None;
                self.reading.cut = true;
                return;
            }
        }
    }

    /// Children that are not taken are counted.
    fn leave(&mut self, parent: usize, count: usize) {
        if let Some(node) = self.reading.nodes.get_mut(parent) {
            node.unread = node.unread.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
        }
        self.reading.cut |= count > 0;
    }

    fn late(&mut self) -> bool {
        let late = Instant::now() >= self.limits.until;
        if late {
            self.reading.cut = true;
            self.reading.trouble = Some("the time for this window was used up".to_owned());
        }
        late
    }

    /// A tree whose every level is cached. A stack of its own, because a provider may nest without end.
    fn cached_tree(&mut self, root: &IUIAutomationElement) {
        let mut stack = vec![(root.clone(), None, 0_usize)];
        while let Some((element, parent, depth)) = stack.pop() {
            let facts = node(&element, com::CACHED);
            let rows = com::cached(&element, UIA_GridRowCountPropertyId).and_then(|value| value.int());
            let Some(at) = self.take(&element, facts, parent) else {
                if let Some(parent) = parent {
                    self.leave(parent, 1);
                }
                continue;
            };
            // SAFETY: the interface is alive; an element without cached children answers NULL.
            let below = unsafe { element.GetCachedChildren() }.map(|array| com::items(&array)).unwrap_or_default();
            let taken = self.within(at, below, rows, depth);
            stack.extend(taken.into_iter().rev().map(|child| (child, Some(at), depth + 1)));
        }
    }

    /// Level by level: one request for the children of each element, so that every one can be the last.
    fn levels(&mut self, root: &IUIAutomationElement) {
        let Some(request) = self.request.clone() else { return };
        let mut stack = vec![(root.clone(), None, 0_usize)];
        while let Some((element, parent, depth)) = stack.pop() {
            // The window's own element came without a cache.
            let look = if parent.is_none() { com::NOW } else { com::CACHED };
            let mut facts = node(&element, look);
            let rows = (look.value)(&element, UIA_GridRowCountPropertyId).and_then(|value| value.int());
            if !facts.password && carries_a_value(facts.control_type) {
                // The word of the cache may be as old as this reading; the value is of now, and so must the answer be.
                facts.password = com::is_secret(&element);
            }
            if !facts.password && carries_a_value(facts.control_type) {
                facts.value = value_of(&element, com::NOW);
            }
            let Some(at) = self.take(&element, facts, parent) else {
                if let Some(parent) = parent {
                    self.leave(parent, 1);
                }
                continue;
            };
            if self.late() {
                continue;
            }
            // SAFETY: all interfaces are alive.
            let found = unsafe { element.FindAllBuildCache(TreeScope_Children, &self.client.all, &request) };
            let below = match found {
                Ok(array) => com::items(&array),
                Err(error) if com::is_end(&error) => Vec::new(),
                Err(error) => {
                    self.reading.trouble = Some(format!("a child list could not be read ({:#010x})", error.code().0));
                    Vec::new()
                }
            };
            let taken = self.within(at, below, rows, depth);
            stack.extend(taken.into_iter().rev().map(|child| (child, Some(at), depth + 1)));
        }
    }

    /// What of an element's children the caps allow and the window holds. The rest is counted: a grid's rows that do not
    /// exist yet, and the windows that this one owns, which UI Automation puts below it.
    fn within(
        &mut self,
        at: usize,
        below: Vec<IUIAutomationElement>,
        grid_rows: Option<i32>,
        depth: usize,
    ) -> Vec<IUIAutomationElement> {
        if depth >= DEPTH_CAP {
            self.leave(at, below.len());
            return Vec::new();
        }
        let mut rows = 0_usize;
        let mut taken = Vec::with_capacity(below.len());
        let mut left_out = 0_usize;
        for child in below {
            if com::handle(&child, com::cached).is_some_and(|own| !part::lies_in(own, self.window)) {
                left_out += 1;
                continue;
            }
            let kind = com::cached(&child, UIA_ControlTypePropertyId).and_then(|value| value.int());
            if kind.is_some_and(|kind| ROW_TYPES.contains(&kind)) {
                rows += 1;
                if rows > self.limits.rows {
                    left_out += 1;
                    continue;
                }
            }
            taken.push(child);
        }
        let virtual_rows = grid_rows.and_then(|count| usize::try_from(count).ok()).unwrap_or(0).saturating_sub(rows);
        self.leave(at, left_out.saturating_add(virtual_rows));
        taken
    }
}

/// Control types whose value is worth a question of its own: combo box, edit, progress bar, slider, spinner, data item,
/// document.
fn carries_a_value(control_type: i32) -> bool {
    matches!(control_type, 50_003 | 50_004 | 50_012 | 50_015 | 50_016 | 50_029 | 50_030)
}

/// An element by its runtime id, searched for below the window: in one request where the system compares such ids itself,
/// else level by level until the time is used up.
pub(super) fn search(
    client: &Client,
    handle: HWND,
    runtime_id: &[i32],
    until: Instant,
) -> Answered<IUIAutomationElement> {
    let root = client.window(handle)?;
    if com::runtime_id(&root).as_deref() == Some(runtime_id) {
        return Ok(root);
    }
    match first_of(client, &root, runtime_id) {
        Ok(element) => Ok(element),
        Err(error) if com::is_end(&error) => Err(Trouble::Gone),
        Err(error) if com::is_missing(&error) => walk_to(client, handle, &root, runtime_id, until),
        Err(error) => Err(trouble(&error, "be searched")),
    }
}

fn first_of(client: &Client, root: &IUIAutomationElement, runtime_id: &[i32]) -> Result<IUIAutomationElement> {
    let wanted = com::variant_of(&client.automation, runtime_id)?;
    // SAFETY: the interface is alive and the VARIANT outlives the call.
    let condition = unsafe { client.automation.CreatePropertyCondition(UIA_RuntimeIdPropertyId, &wanted) }?;
    // SAFETY: all interfaces are alive.
    unsafe { root.FindFirst(TreeScope_Subtree, &condition) }
}

fn walk_to(
    client: &Client,
    window: HWND,
    root: &IUIAutomationElement,
    runtime_id: &[i32],
    until: Instant,
) -> Answered<IUIAutomationElement> {
    let ids = [UIA_RuntimeIdPropertyId, UIA_NativeWindowHandlePropertyId];
    let request = client.request(&ids, TreeScope_Element).map_err(|error| trouble(&error, "be searched"))?;
    let mut stack = vec![(root.clone(), 0_usize)];
    while let Some((element, depth)) = stack.pop() {
        if Instant::now() >= until {
            return Err(Trouble::Timeout);
        }
        // SAFETY: all interfaces are alive.
        let found = match unsafe { element.FindAllBuildCache(TreeScope_Children, &client.all, &request) } {
            Ok(found) => com::items(&found),
            Err(error) if com::is_end(&error) => continue,
            Err(error) => return Err(trouble(&error, "be searched")),
        };
        for child in found {
            let id = com::cached(&child, UIA_RuntimeIdPropertyId).and_then(|value| value.ints());
            if id.as_deref() == Some(runtime_id) {
                return Ok(child);
            }
            let elsewhere = com::handle(&child, com::cached).is_some_and(|own| !part::lies_in(own, window));
            if !elsewhere && depth < DEPTH_CAP {
                stack.push((child, depth + 1));
            }
        }
    }
    Err(Trouble::Gone)
}
