//! Windows of an application as the inspector sees them, told as the desktop's other readers tell theirs: roles, names, values,
//! states and places. What only arranges others, and the parts of a control that are none of their own, is left out. What a caller
//! may ask is not decided here.

use crate::ask::Asker;
use crate::fault::CallFault;
use crate::home::{self, Home};
use crate::kinds::{has_chrome, marks_keys, roles, shows_content};
use crate::tree::walk_from;
use portcullis_model::{
    Check, ElementIdentity, ElementPath, Reader, ReaderReport, Rect, Role, Source, States, TreeReading, UiNode,
    Untrusted, WindowIdentity, visible,
};
use portcullis_platform::{ElementText, PortFault};
use portcullis_wpf_protocol::{
    Axis, CutReason, ErrorCode, Handle, Node, NodeField, NodeFlags, PropsItem, PropsParams, Val, ValKind, WalkParams,
    WalkResult,
};
use std::cell::Cell;
use std::collections::HashMap;

/// Elements of the visual tree that one reading looks at: several stand for each that is told.
const VISIT_CAP: u32 = 10_000;
/// Elements of the visual tree that reading a single element looks at, for what it is called by.
const ELEMENT_VISIT_CAP: u32 = 200;
/// Characters of a fault of the inspector that are told.
const FAULT_CAP: usize = 200;
/// The most that a coordinate may be; what lies further away is nowhere on a desktop.
const FARTHEST: f64 = 1_000_000.0;

/// Properties that are read of each element, and their places in an answer.
const PROPS: [&str; 8] =
    ["IsChecked", "IsSelected", "IsExpanded", "IsReadOnly", "Value", "IsDropDownOpen", "HasItems", "ItemsSource"];
const CHECKED: usize = 0;
const SELECTED: usize = 1;
const EXPANDED: usize = 2;
const READ_ONLY: usize = 3;
const VALUE: usize = 4;
const DROPPED_DOWN: usize = 5;
const HAS_ITEMS: usize = 6;
const ITEMS: usize = 7;

/// Why an element was not read or operated.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ReadFault {
    /// The inspector did not do it.
    #[error(transparent)]
    Call(#[from] CallFault),
    /// The element lies in another window than the one that it was named in, or in none.
    #[error("the element lies in another window by now")]
    Elsewhere,
    /// What it shows is a secret.
    #[error("it holds a secret")]
    Secret,
    /// There is no such act for elements of WPF.
    #[error("from inside it cannot {0}")]
    NoSuchAct(&'static str),
}

impl From<ReadFault> for PortFault {
    fn from(fault: ReadFault) -> Self {
        match fault {
            ReadFault::Elsewhere => Self::Gone,
            ReadFault::Secret => Self::NotOperable("be read: it holds a secret".to_owned()),
            ReadFault::NoSuchAct(what) => Self::NotOperable(format!("{what} from inside its application")),
            ReadFault::Call(fault) => of_call(fault),
        }
    }
}

fn of_call(fault: CallFault) -> PortFault {
    let said = visible(&fault.to_string(), FAULT_CAP);
    match fault {
        CallFault::Lost(_) => PortFault::Gone,
        CallFault::Late => PortFault::Hung,
        CallFault::Interrupted(interrupted) => PortFault::Interrupted(interrupted),
        CallFault::Shut(gates) => PortFault::NotOperable(format!("be operated from inside: the gate {gates} is shut")),
        CallFault::Wire(error) => match error.code {
            ErrorCode::StaleHandle | ErrorCode::ShuttingDown => PortFault::Gone,
            ErrorCode::Busy | ErrorCode::Running => PortFault::Hung,
            ErrorCode::NotReady if names_disabled(error.data.as_ref()) => PortFault::Disabled,
            ErrorCode::NotReady | ErrorCode::WrongKind | ErrorCode::ReadOnly | ErrorCode::NotFound => {
                PortFault::NotOperable(format!("do it: {said}"))
            }
            _ => PortFault::Unsupported(said),
        },
        CallFault::NoAnswer(_) | CallFault::Full | CallFault::TooLarge => PortFault::Unsupported(said),
    }
}

fn names_disabled(data: Option<&serde_json::Value>) -> bool {
    let blockers = data.and_then(|data| data.get("blockers")).and_then(serde_json::Value::as_array);
    blockers.is_some_and(|all| {
        all.iter().any(|one| one.as_str().is_some_and(|one| one.to_lowercase().ends_with("disabled")))
    })
}

/// The element's identity in a window, for the tools of both families.
pub fn identity(asker: &Asker<'_>, window: &WindowIdentity, handle: Handle) -> ElementIdentity {
    let path = ElementPath::Wpf { session: asker.session.number(), handle: handle.0 };
    ElementIdentity { window: window.clone(), path }
}

fn walk(asker: &Asker<'_>, from: Handle, visit: u32) -> Result<WalkResult, CallFault> {
    let left = u32::try_from(asker.deadline.remaining().as_millis()).unwrap_or(WalkParams::TIME_CAP_MS);
    asker.try_call(&WalkParams {
        fields: vec![NodeField::Names, NodeField::Flags, NodeField::Bounds, NodeField::Text],
        props: PROPS.map(str::to_owned).to_vec(),
        max: visit.min(WalkParams::NODE_CAP),
        visit,
        ms: left.min(WalkParams::TIME_CAP_MS),
        text: u32::try_from(UiNode::TEXT_CAP).unwrap_or(WalkParams::TEXT_CAP),
        ..walk_from(Some(from), Axis::Visual)
    })
}

/// Reads a window: at most so many elements, and so many rows of one list. None when nothing of WPF is shown in it.
pub fn read_window(
    asker: &Asker<'_>,
    window: &WindowIdentity,
    elements: usize,
    rows: usize,
) -> Result<Option<TreeReading>, CallFault> {
    let Some(root) = home::roots(asker)?.into_iter().find(|root| root.hwnd == window.handle) else { return Ok(None) };
    let found = walk(asker, root.handle, VISIT_CAP)?;
    {
        let mut homes = asker.session.homes();
        for handle in found.nodes.iter().filter_map(|node| node.handle) {
            homes.put(handle, Home { window: window.handle, is_root: handle == root.handle });
        }
    }
    let roles = roles(asker, &found);
    let frame = rect(Some(root.bounds));
    let teller = Teller::new(asker, window, &found, &roles, (elements.saturating_sub(1), rows));
    let children = teller.below(0, &Place::root(frame));
    let is_late = found.cut.contains(&CutReason::Time);
    let mut reading = TreeReading {
        root: UiNode {
            identity: ElementIdentity::of_window(window.clone()),
            role: Role::Window,
            name: text(root.title.as_deref().unwrap_or_default()),
            value: None,
            automation_id: found.nodes.first().and_then(automation_id),
            rect: frame,
            states: States { enabled: !root.is_disabled, ..States::default() },
            children,
            unread_children: 0,
        },
        readers: Vec::new(),
        cut: !found.cut.is_empty() || teller.left.get() == 0,
    };
    let elements = reading.root.count();
    let trouble = is_late.then(|| "its time was over".to_owned());
    reading.readers.push(ReaderReport { reader: Reader::Wpf, elements, trouble });
    Ok(Some(reading))
}

/// Reads one element afresh, without what lies in it, as long as it lies in its window.
pub fn read_element(asker: &Asker<'_>, element: &ElementIdentity, handle: Handle) -> Result<UiNode, ReadFault> {
    let mut node = read_with_children(asker, element, handle)?;
    if node.name.is_empty()
        && let Some(caption) = first_text(&node)
    {
        node.name = caption;
    }
    node.children.clear();
    Ok(node)
}

fn read_with_children(asker: &Asker<'_>, element: &ElementIdentity, handle: Handle) -> Result<UiNode, ReadFault> {
    home::require(asker, handle, element.window.handle)?;
    let found = walk(asker, handle, ELEMENT_VISIT_CAP)?;
    let roles = roles(asker, &found);
    let count = found.nodes.len();
    let teller = Teller::new(asker, &element.window, &found, &roles, (count, count));
    let everywhere = Rect::new(i32::MIN / 2, i32::MIN / 2, i32::MAX / 2, i32::MAX / 2);
    let role = teller.node(0).and_then(|node| roles.get(&node.ty).copied()).unwrap_or(Role::Unknown);
    let told = teller.tell(0, role, &Place::root(everywhere));
    told.ok_or(ReadFault::Call(CallFault::NoAnswer("it has no row for the element")))
}

fn first_text(node: &UiNode) -> Option<Untrusted> {
    node.children.iter().find_map(|child| {
        let own =
            (child.role == Role::Text && child.states.visible && !child.name.is_empty()).then(|| child.name.clone());
        own.or_else(|| first_text(child))
    })
}

/// The text of an element, at most `max` characters from `from`. A secret is not asked for.
pub fn element_text(
    asker: &Asker<'_>,
    element: &ElementIdentity,
    handle: Handle,
    from: usize,
    max: usize,
) -> Result<ElementText, ReadFault> {
    let node = read_with_children(asker, element, handle)?;
    if node.states.password {
        return Err(ReadFault::Secret);
    }
    let (all, total) = match text_property(asker, handle, node.role, from.saturating_add(max))? {
        Some(told) => told,
        None => {
            let all = gathered(&node);
            let total = all.chars().count();
            (all, Some(total))
        }
    };
    let part: String = all.chars().skip(from).take(max).collect();
    Ok(ElementText { text: text(&part), total_chars: total, selection: None })
}

/// The `Text` of a control that has one, in as many parts as `wanted` characters take, and its characters in all where that is
/// all of it.
fn text_property(
    asker: &Asker<'_>,
    handle: Handle,
    role: Role,
    wanted: usize,
) -> Result<Option<(String, Option<usize>)>, CallFault> {
    if !matches!(role, Role::Edit | Role::Text | Role::ComboBox) {
        return Ok(None);
    }
    let (mut all, mut chars) = (String::new(), 0_usize);
    let mut params = PropsParams {
        items: vec![PropsItem { handle, names: vec!["Text".to_owned()], set: None }],
        meta: false,
        handles: false,
        text: WalkParams::TEXT_CAP,
        text_from: 0,
    };
    loop {
        let found = asker.try_call(&params)?;
        let row = found.items.into_iter().next().and_then(|item| item.rows.into_iter().next());
        let Some(Val { k: ValKind::String, s: Some(part), n, .. }) = row.map(|row| row.value) else { return Ok(None) };
        all.push_str(&part);
        chars = chars.saturating_add(part.chars().count());
        let units = u32::try_from(part.encode_utf16().count()).unwrap_or(u32::MAX);
        params.text_from = params.text_from.saturating_add(units);
        // A text that is shortened meanwhile tells nothing more.
        let more = units > 0 && n.is_some_and(|n| n > params.text_from);
        if !more || chars >= wanted {
            return Ok(Some((all, (!more).then_some(chars))));
        }
    }
}

/// What an element says itself, or else all that is said in it, line by line.
fn gathered(node: &UiNode) -> String {
    let own = node.value.as_ref().unwrap_or(&node.name);
    if !own.is_empty() {
        return own.raw().to_owned();
    }
    let mut lines = Vec::new();
    let mut open: Vec<&UiNode> = node.children.iter().rev().collect();
    while let Some(next) = open.pop() {
        if !next.states.visible || next.states.password {
            continue;
        }
        let said = [Some(&next.name), next.value.as_ref()].into_iter().flatten().map(Untrusted::raw);
        let line: Vec<&str> = said.filter(|said| !said.is_empty()).collect();
        if !line.is_empty() {
            lines.push(line.join(" "));
        }
        open.extend(next.children.iter().rev());
    }
    lines.join("\n")
}

fn text(raw: &str) -> Untrusted {
    Untrusted::new(Source::Window, raw)
}

/// A text without the mark of a key: `_Save` is shown as `Save`, `a__b` as `a_b`.
fn without_key(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut marks = text.chars().peekable();
    let mut is_marked = false;
    while let Some(next) = marks.next() {
        if next == '_' && marks.peek() == Some(&'_') {
            marks.next();
        } else if next == '_' && !is_marked && marks.peek().is_some() {
            is_marked = true;
            continue;
        }
        shown.push(next);
    }
    shown
}

#[expect(clippy::as_conversions, reason = "it is rounded and far within the range")]
#[expect(clippy::cast_possible_truncation, reason = "the same")]
fn pixel(at: f64) -> i32 {
    at.round().clamp(-FARTHEST, FARTHEST) as i32
}

fn rect(bounds: Option<[f64; 4]>) -> Rect {
    bounds.map_or(Rect::new(0, 0, 0, 0), |[x, y, width, height]| {
        Rect::new(pixel(x), pixel(y), pixel(x + width.max(0.0)), pixel(y + height.max(0.0)))
    })
}

/// What stands for UI Automation's own id: the one that was given, or the element's name.
fn automation_id(node: &Node) -> Option<String> {
    node.automation_id.clone().or_else(|| node.name.clone()).filter(|id| !id.is_empty())
}

fn truth(value: Option<&Val>) -> Option<bool> {
    value.and_then(|value| value.v.as_ref()?.as_bool())
}

/// What is true of the place where an element stands.
struct Place<'text> {
    /// Within the template of a control, whose parts are none of their own.
    chrome: bool,
    /// The text that the control around it shows already.
    told: Option<&'text str>,
    /// Within something that holds a secret.
    secret: bool,
    /// What can be seen here.
    clip: Rect,
}

impl Place<'_> {
    fn root(clip: Rect) -> Self {
        Self { chrome: false, told: None, secret: false, clip }
    }
}

/// Tells what a walk found.
struct Teller<'walk> {
    session: u64,
    window: &'walk WindowIdentity,
    found: &'walk WalkResult,
    roles: &'walk HashMap<u32, Role>,
    names: HashMap<u32, &'walk str>,
    children: Vec<Vec<usize>>,
    /// Elements that may still be told.
    left: Cell<usize>,
    rows: usize,
}

impl<'walk> Teller<'walk> {
    fn new(
        asker: &Asker<'_>,
        window: &'walk WindowIdentity,
        found: &'walk WalkResult,
        roles: &'walk HashMap<u32, Role>,
        (elements, rows): (usize, usize),
    ) -> Self {
        let mut children = vec![Vec::new(); found.nodes.len()];
        for (at, node) in found.nodes.iter().enumerate() {
            // One whose parent does not come before it comes from no inspector of ours, and is left out.
            let parent = node.parent.and_then(|parent| usize::try_from(parent).ok()).filter(|parent| *parent < at);
            if let Some(all) = parent.and_then(|parent| children.get_mut(parent)) {
                all.push(at);
            }
        }
        let names = found.types.iter().map(|row| (row.id, row.name.as_str())).collect();
        let session = asker.session.number();
        Self { session, window, found, roles, names, children, left: Cell::new(elements), rows }
    }

    fn node(&self, at: usize) -> Option<&'walk Node> {
        self.found.nodes.get(at)
    }

    fn type_of(&self, node: &Node) -> &'walk str {
        self.names.get(&node.ty).copied().unwrap_or_default()
    }

    /// Everything that is told of what lies in an element.
    fn below(&self, at: usize, place: &Place<'_>) -> Vec<UiNode> {
        let all = self.children.get(at).map(Vec::as_slice).unwrap_or_default();
        all.iter().flat_map(|child| self.at(*child, place)).collect()
    }

    /// What is told of an element: itself, or what lies in it when it is nothing by itself.
    fn at(&self, at: usize, place: &Place<'_>) -> Vec<UiNode> {
        let Some(node) = self.node(at) else { return Vec::new() };
        let ty = self.type_of(node);
        let flags = NodeFlags(node.flags);
        let is_part = place.chrome && flags.holds(NodeFlags::TEMPLATE_PART);
        let role = match self.roles.get(&node.ty).copied() {
            // A text tells something wherever it stands, unless it is told already.
            Some(Role::Text) if self.repeats(node, place) => None,
            Some(Role::Text) => Some(Role::Text),
            Some(role) if !is_part => Some(role),
            None if !is_part && (node.automation_id.is_some() || node.automation_name.is_some()) => Some(Role::Unknown),
            _ => None,
        };
        if let Some(role) = role {
            return self.tell(at, role, place).into_iter().collect();
        }
        let clip =
            if matches!(ty, "ScrollContentPresenter") { place.clip.intersect(rect(node.bounds)) } else { place.clip };
        let below = Place {
            chrome: (place.chrome || has_chrome(None, ty)) && !shows_content(ty),
            told: place.told,
            secret: place.secret || flags.holds(NodeFlags::SECRET),
            clip,
        };
        self.below(at, &below)
    }

    /// Whether the control around a text shows the same.
    fn repeats(&self, node: &Node, place: &Place<'_>) -> bool {
        let shown = node.text.as_deref().map(without_key);
        shown.is_some() && shown.as_deref() == place.told
    }

    fn tell(&self, at: usize, role: Role, place: &Place<'_>) -> Option<UiNode> {
        let node = self.node(at)?;
        let handle = node.handle?;
        let left = self.left.get();
        if left == 0 {
            return None;
        }
        self.left.set(left - 1);
        let ty = self.type_of(node);
        let flags = NodeFlags(node.flags);
        let secret = place.secret || flags.holds(NodeFlags::SECRET);
        let prop = |at: usize| node.values.get(at).and_then(Option::as_ref);
        let own = node.text.as_deref().filter(|_| !secret);
        let own = own.map(|own| if marks_keys(ty) { without_key(own) } else { own.to_owned() });
        let number = || {
            let value = prop(VALUE).filter(|value| value.k != ValKind::Redacted)?;
            value.v.as_ref().map(ToString::to_string)
        };
        let given = node.automation_name.clone().filter(|name| !name.is_empty());
        let (name, value) = match role {
            Role::Edit | Role::Document | Role::ComboBox => (given, own.clone()),
            Role::Slider | Role::ProgressBar => (given, number().filter(|_| !secret)),
            _ => (given.or_else(|| own.clone()), None),
        };
        let rect = rect(node.bounds);
        let below = Place { chrome: has_chrome(Some(role), ty), told: own.as_deref(), secret, clip: place.clip };
        let children = self.below(at, &below);
        let (children, unread_children) = self.cut_rows(role, children, prop(ITEMS));
        Some(UiNode {
            identity: ElementIdentity {
                window: self.window.clone(),
                path: ElementPath::Wpf { session: self.session, handle: handle.0 },
            },
            role,
            name: text(name.as_deref().unwrap_or_default()),
            value: value.map(|value| text(&value)),
            automation_id: automation_id(node),
            rect,
            states: States {
                enabled: flags.holds(NodeFlags::ENABLED),
                visible: flags.holds(NodeFlags::VISIBLE) || role == Role::Link,
                offscreen: rect.intersect(place.clip).is_empty(),
                focused: flags.holds(NodeFlags::FOCUSED),
                selected: is_item(role) && truth(prop(SELECTED)) == Some(true),
                read_only: matches!(role, Role::Edit | Role::Document) && truth(prop(READ_ONLY)) == Some(true),
                password: secret,
                check: check(role, prop(CHECKED)),
                expanded: expanded(role, ty, &prop),
                ..States::default()
            },
            children,
            unread_children,
        })
    }

    /// Rows up to the budget; the others are counted, and those that the list has made no element for.
    fn cut_rows(&self, role: Role, mut children: Vec<UiNode>, items: Option<&Val>) -> (Vec<UiNode>, u32) {
        if !matches!(role, Role::List | Role::Tree | Role::TreeItem | Role::DataGrid) {
            return (children, 0);
        }
        let is_row = |node: &UiNode| matches!(node.role, Role::ListItem | Role::DataItem | Role::TreeItem);
        let there = children.iter().filter(|child| is_row(child)).count();
        let in_all = items.and_then(|items| items.v.as_ref()?.as_u64()).and_then(|count| usize::try_from(count).ok());
        // Of a branch that is closed nothing is made, and nothing is unread either.
        let in_all = in_all.filter(|_| role != Role::TreeItem).unwrap_or(there).max(there);
        let mut kept = 0;
        children.retain(|child| {
            kept += usize::from(is_row(child));
            !is_row(child) || kept <= self.rows
        });
        let unread = in_all - there.min(self.rows);
        (children, u32::try_from(unread).unwrap_or(u32::MAX))
    }
}

fn is_item(role: Role) -> bool {
    matches!(role, Role::ListItem | Role::DataItem | Role::TreeItem | Role::TabItem)
}

fn check(role: Role, value: Option<&Val>) -> Option<Check> {
    let on = match value {
        Some(value) if value.k == ValKind::Null => return (role == Role::CheckBox).then_some(Check::Mixed),
        value => truth(value)?,
    };
    match role {
        Role::CheckBox | Role::RadioButton | Role::Button => Some(if on { Check::On } else { Check::Off }),
        // Whether an entry can be checked at all is not told by its not being so.
        Role::MenuItem => on.then_some(Check::On),
        _ => None,
    }
}

fn expanded<'walk>(role: Role, ty: &str, prop: &dyn Fn(usize) -> Option<&'walk Val>) -> Option<bool> {
    match role {
        Role::Group if ty == "Expander" => truth(prop(EXPANDED)),
        Role::TreeItem => truth(prop(EXPANDED)).filter(|_| truth(prop(HAS_ITEMS)) == Some(true)),
        Role::ComboBox => truth(prop(DROPPED_DOWN)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_of_a_key_is_not_shown() {
        for (text, shown) in
            [("_Save", "Save"), ("Save _as", "Save as"), ("a__b", "a_b"), ("_", "_"), ("a_b_c", "ab_c"), ("", "")]
        {
            assert_eq!(without_key(text), shown, "{text}");
        }
    }

    #[test]
    fn a_place_is_whole_pixels_and_a_wild_one_is_far_away() {
        assert_eq!(rect(Some([10.4, 20.6, 100.0, 20.0])), Rect::new(10, 21, 110, 41));
        assert_eq!(rect(None), Rect::new(0, 0, 0, 0));
        assert_eq!(rect(Some([f64::MAX, 0.0, f64::MAX, -5.0])), Rect::new(1_000_000, 0, 1_000_000, 0));
        assert_eq!(rect(Some([f64::NAN, 0.0, 1.0, 1.0])).left, 0);
    }
}
