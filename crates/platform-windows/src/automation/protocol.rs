//! What the server and its UI Automation worker say to each other: plain data in length-prefixed frames of JSON. No
//! handle of an open object, no type of Windows and no decision lives here.

use crate::identity;
use portcullis_model::{
    Check, ElementIdentity, ElementPath, Rect, Role, Source, States, UiNode, Untrusted, WindowIdentity,
};
use portcullis_platform::PortFault;
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};

/// Bytes of one frame. A tree is cut at [`TREE_BYTES_CAP`]; whatever else is longer is answered as too long.
pub(crate) const FRAME_CAP: u32 = 16 * 1024 * 1024;
/// Bytes of a tree's nodes, by [`Node::weight`].
pub(crate) const TREE_BYTES_CAP: usize = 12 * 1024 * 1024;
/// Levels of a tree below the window.
pub(crate) const DEPTH_CAP: usize = 64;
/// Characters of one text of a node.
pub(crate) const TEXT_CAP: usize = UiNode::TEXT_CAP;
/// Characters of a trouble's words.
const WORDS_CAP: usize = 200;
/// Bytes of a node's field names, numbers and flags, at the most.
const NODE_BYTES: usize = 1536;

/// One question. The worker answers each, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Request {
    /// Comes back in the answer.
    pub(crate) id: u64,
    /// The top-level window that it is about.
    pub(crate) window: Target,
    /// What the worker may take, in milliseconds, so that it ends by itself where it can.
    pub(crate) millis: u64,
    pub(crate) ask: Ask,
}

/// A [`WindowIdentity`] as data: the question may have waited, and the handle be another window's by now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Target {
    handle: u64,
    process: u32,
    process_start: u64,
    thread: u32,
    class: String,
}

impl From<&WindowIdentity> for Target {
    fn from(window: &WindowIdentity) -> Self {
        let WindowIdentity { handle, process, process_start, thread, class } = window.clone();
        Self { handle, process, process_start, thread, class }
    }
}

impl From<Target> for WindowIdentity {
    fn from(target: Target) -> Self {
        let Target { handle, process, process_start, thread, class } = target;
        Self { handle, process, process_start, thread, class }
    }
}

/// Which element is meant. The system may give a runtime id again, and lists make theirs of the row's position; so what the
/// element was when it was named goes along.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Meant {
    pub(crate) runtime_id: Vec<i32>,
    /// Of [`Node::mark`].
    pub(crate) mark: u64,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Ask {
    /// The window's tree. `whole` allows one request for all of it, which cannot be ended half-way.
    Read { elements: usize, rows: usize, whole: bool },
    /// One element afresh.
    Element { element: Meant },
    /// The element at a point of the window.
    At { x: i32, y: i32 },
    /// The element of the window that has the keyboard.
    Focused,
    /// An element's text.
    Text { element: Meant, from: usize, max_chars: usize },
    /// An act on an element. It lies in a window of the top-level window's own process, or in this one.
    Act { element: Meant, act: Act, part: Option<u64> },
}

/// `portcullis_platform::ControlAct` as data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // Each variant is the one of `ControlAct` of the same name.
pub(crate) enum Act {
    Invoke,
    Toggle,
    Select,
    Expand,
    Collapse,
    SetValue(String),
    ScrollIntoView,
    Focus,
    SelectText { from: usize, to: usize },
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) id: u64,
    pub(crate) result: Result<Reply, Trouble>,
}

/// What the worker found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Reply {
    /// A tree, parents before their children; the first is the window.
    Tree { nodes: Vec<Node>, cut: bool, trouble: Option<String> },
    /// One element, or that there is none.
    Node(Option<Node>),
    /// A text, cut as asked for.
    Text { text: String, total_chars: Option<usize> },
    /// An act was done, or is being done when it is `pending`.
    Done { by: By, pending: bool, shown: Option<bool> },
}

/// The way in which an act was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // Each variant is the pattern of that name, `Focus` the element's own method.
pub(crate) enum By {
    Invoke,
    Toggle,
    SelectionItem,
    ExpandCollapse,
    Value,
    RangeValue,
    ScrollItem,
    Text,
    Focus,
}

impl By {
    /// The way in words.
    pub(crate) fn words(self, pending: bool) -> String {
        let way = match self {
            Self::Invoke => "Invoke pattern",
            Self::Toggle => "Toggle pattern",
            Self::SelectionItem => "SelectionItem pattern",
            Self::ExpandCollapse => "ExpandCollapse pattern",
            Self::Value => "Value pattern",
            Self::RangeValue => "RangeValue pattern",
            Self::ScrollItem => "ScrollItem pattern",
            Self::Text => "Text pattern",
            Self::Focus => "SetFocus",
        };
        if pending { format!("{way}, still under way") } else { way.to_owned() }
    }
}

/// Why the worker did not do it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Trouble {
    Gone,
    Disabled,
    /// The element lies in this window, which belongs to another process than the top-level one. Nothing was done.
    OtherProgram(u64),
    /// The element's program has more rights than we do.
    Elevated,
    /// The control lacks the ability; the text ends "the control cannot …".
    NotOperable(String),
    /// UI Automation lacks it here.
    Unsupported(String),
    /// The provider did not answer within UI Automation's own time limit.
    Timeout,
    /// An HRESULT.
    System(u32),
}

impl From<Trouble> for PortFault {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            // Whoever acts on an element answers this itself; for everybody else it is no longer where it was.
            Trouble::Gone | Trouble::OtherProgram(_) => Self::Gone,
            Trouble::Disabled => Self::Disabled,
            Trouble::Elevated => Self::Elevated,
            Trouble::NotOperable(what) => Self::NotOperable(words(&what)),
            Trouble::Unsupported(what) => Self::Unsupported(words(&what)),
            Trouble::Timeout => Self::Hung,
            Trouble::System(code) => Self::System { call: "UI Automation", code },
        }
    }
}

/// Words that travel as our own: plain and short, whoever wrote them.
pub(crate) fn words(text: &str) -> String {
    text.chars().filter(|character| character.is_ascii_graphic() || *character == ' ').take(WORDS_CAP).collect()
}

/// A text no longer than a node may carry.
fn cut(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(TEXT_CAP) {
        text.truncate(end);
    }
    text
}

/// Bytes of a text in a frame.
fn weight(text: &str) -> usize {
    let byte = |byte: u8| match byte {
        // A control character is written as six bytes, a quotation mark or backslash as two.
        0..=0x1F => 6,
        b'"' | b'\\' => 2,
        _ => 1,
    };
    text.bytes().map(byte).sum()
}

/// One element. Trees are flat lists, because JSON readers bound how deep values may nest.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Node {
    /// Position of its parent in the list; `None` for the first.
    pub(crate) parent: Option<usize>,
    /// Whether it is the window that was asked about.
    pub(crate) top: bool,
    pub(crate) runtime_id: Vec<i32>,
    pub(crate) control_type: i32,
    pub(crate) name: String,
    /// Never of a password field.
    pub(crate) value: Option<String>,
    pub(crate) automation_id: String,
    pub(crate) rect: Rect,
    pub(crate) disabled: bool,
    pub(crate) offscreen: bool,
    pub(crate) focused: bool,
    pub(crate) selected: bool,
    pub(crate) read_only: bool,
    pub(crate) password: bool,
    pub(crate) modal: bool,
    /// `ToggleState`: 0 off, 1 on, 2 neither.
    pub(crate) toggle: Option<i32>,
    /// `ExpandCollapseState`: 0 collapsed, 1 expanded, 2 partly, 3 leaf.
    pub(crate) expand: Option<i32>,
    pub(crate) unread: u32,
}

/// UI Automation's control types, from 50000 up, as roles.
const ROLES: [Role; 41] = [
    Role::Button,
    Role::Calendar,
    Role::CheckBox,
    Role::ComboBox,
    Role::Edit,
    Role::Link,
    Role::Image,
    Role::ListItem,
    Role::List,
    Role::Menu,
    Role::MenuBar,
    Role::MenuItem,
    Role::ProgressBar,
    Role::RadioButton,
    Role::ScrollBar,
    Role::Slider,
    Role::Spinner,
    Role::StatusBar,
    Role::Tab,
    Role::TabItem,
    Role::Text,
    Role::ToolBar,
    Role::ToolTip,
    Role::Tree,
    Role::TreeItem,
    Role::Unknown, // Custom
    Role::Group,
    Role::Thumb,
    Role::DataGrid,
    Role::DataItem,
    Role::Document,
    Role::Button, // SplitButton
    Role::Window,
    Role::Pane,
    Role::Header,
    Role::HeaderItem,
    Role::Table,
    Role::TitleBar,
    Role::Separator,
    Role::Group,   // SemanticZoom
    Role::ToolBar, // AppBar
];

/// The first control type.
const FIRST_CONTROL_TYPE: i32 = 50_000;

/// The role of a control type.
pub(crate) fn role(control_type: i32) -> Role {
    let position = usize::try_from(i64::from(control_type) - i64::from(FIRST_CONTROL_TYPE)).unwrap_or(usize::MAX);
    ROLES.get(position).copied().unwrap_or(Role::Unknown)
}

impl Node {
    /// Bytes that it takes in a frame, at the most.
    pub(crate) fn weight(&self) -> usize {
        NODE_BYTES
            .saturating_add(weight(&self.name))
            .saturating_add(weight(&self.automation_id))
            .saturating_add(self.value.as_deref().map_or(0, weight))
    }

    /// What tells the element from another one with its runtime id: its control type, its automation id and its name. The
    /// name is left out where it says what a person wrote or where the automation id tells enough, so that a label that
    /// changes is no other element; never of rows and the like, whose ids are often their positions.
    pub(crate) fn mark(&self) -> u64 {
        let is_row = matches!(
            role(self.control_type),
            Role::ListItem | Role::DataItem | Role::TreeItem | Role::TabItem | Role::MenuItem
        );
        let is_field = self.password || matches!(role(self.control_type), Role::Edit | Role::Document);
        let named = !is_field && (is_row || self.automation_id.is_empty());
        let name = if named { self.name.as_str() } else { "" };
        identity::mark([self.automation_id.as_str(), name].into_iter(), u32::try_from(self.control_type).ok())
    }

    /// The element that it stands for. The window itself has one identity, whoever reads it.
    pub(crate) fn element(self, window: &WindowIdentity) -> UiNode {
        let role = role(self.control_type);
        let mark = self.mark();
        let path =
            if self.top { ElementPath::Window } else { ElementPath::Automation { runtime_id: self.runtime_id, mark } };
        let text = |raw: String| Untrusted::new(Source::Window, cut(raw));
        let states = States {
            enabled: !self.disabled,
            visible: true,
            offscreen: self.offscreen,
            focused: self.focused,
            selected: self.selected,
            read_only: self.read_only,
            password: self.password,
            modal: self.modal,
            hung: false,
            check: self.toggle.filter(|_| role != Role::Button).map(|state| match state {
                0 => Check::Off,
                1 => Check::On,
                _ => Check::Mixed,
            }),
            expanded: match self.expand {
                Some(0) => Some(false),
                Some(1 | 2) => Some(true),
                _ => None,
            },
        };
        UiNode {
            identity: ElementIdentity { window: window.clone(), path },
            role,
            name: text(self.name),
            value: self.value.filter(|_| !self.password).map(text),
            automation_id: Some(cut(self.automation_id)).filter(|id| !id.is_empty()),
            rect: self.rect,
            states,
            children: Vec::new(),
            unread_children: self.unread,
        }
    }
}

/// The tree of a flat list. `None` when it is empty or longer than what was asked for, when a parent does not come before
/// its child, and when it is deeper than any reading goes: whoever walks the tree calls itself for each level.
pub(crate) fn tree(nodes: Vec<Node>, window: &WindowIdentity, elements: usize) -> Option<UiNode> {
    if nodes.len() > elements.max(1) {
        return None;
    }
    let parents: Vec<Option<usize>> = nodes.iter().map(|node| node.parent).collect();
    let mut depths: Vec<usize> = Vec::with_capacity(parents.len());
    for (at, parent) in parents.iter().enumerate() {
        let depth = match (at, parent) {
            (0, None) => 0,
            (0, Some(_)) | (_, None) => return None,
            // Those before it have their depths already, those after it have none.
            (_, Some(parent)) => depths.get(*parent)?.saturating_add(1),
        };
        if depth > DEPTH_CAP {
            return None;
        }
        depths.push(depth);
    }
    let mut built: Vec<UiNode> = nodes.into_iter().map(|node| node.element(window)).collect();
    for parent in parents.into_iter().skip(1).rev() {
        let mut node = built.pop()?;
        node.children.reverse();
        built.get_mut(parent?)?.children.push(node);
    }
    let mut root = built.pop()?;
    root.children.reverse();
    root.identity.path = ElementPath::Window;
    Some(root)
}

/// One frame; an error when it would be too long.
pub(crate) fn frame<T: Serialize>(value: &T) -> io::Result<Vec<u8>> {
    // The place of the length, which is known at the end.
    let mut bytes = vec![0; size_of::<u32>()];
    serde_json::to_writer(&mut bytes, value)?;
    let body = bytes.len().saturating_sub(size_of::<u32>());
    let length = u32::try_from(body).ok().filter(|length| *length <= FRAME_CAP);
    let length = length.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the frame is too long"))?;
    for (to, from) in bytes.iter_mut().zip(length.to_le_bytes()) {
        *to = from;
    }
    Ok(bytes)
}

/// Writes an answer. One that is too long is answered as such: the worker is well and the server waits.
pub(crate) fn write_answer(to: &mut impl Write, answer: &Answer) -> io::Result<()> {
    let bytes = match frame(answer) {
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            let trouble = Trouble::Unsupported("the element holds more text than an answer".to_owned());
            frame(&Answer { id: answer.id, result: Err(trouble) })?
        }
        bytes => bytes?,
    };
    to.write_all(&bytes)?;
    to.flush()
}

/// Reads one frame; `None` at the end of input.
pub(crate) fn read<T: for<'de> Deserialize<'de>>(from: &mut impl Read) -> io::Result<Option<T>> {
    let mut length = [0_u8; 4];
    match from.read_exact(&mut length) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let length = u32::from_le_bytes(length);
    if length > FRAME_CAP {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the frame is too long"));
    }
    let mut body = Vec::new();
    let got = from.take(u64::from(length)).read_to_end(&mut body)?;
    if u32::try_from(got) != Ok(length) {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(serde_json::from_slice(&body)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(parent: Option<usize>, name: &str) -> Node {
        Node { parent, name: name.to_owned(), control_type: 50_000, runtime_id: vec![42, 1], ..Node::default() }
    }

    fn window() -> WindowIdentity {
        WindowIdentity { handle: 1, process: 2, process_start: 3, thread: 4, class: "C".to_owned() }
    }

    #[test]
    fn a_frame_comes_back_as_it_was_and_the_end_is_told() {
        let sent = Request { id: 7, window: Target::from(&window()), millis: 9, ask: Ask::At { x: -1, y: 2 } };
        let bytes = frame(&sent).unwrap();
        let mut input = bytes.as_slice();
        assert_eq!(read::<Request>(&mut input).unwrap(), Some(sent));
        assert_eq!(read::<Request>(&mut input).unwrap(), None);
    }

    #[test]
    fn a_window_is_the_same_behind_the_pipe() {
        assert_eq!(WindowIdentity::from(Target::from(&window())), window());
    }

    #[test]
    fn a_frame_that_claims_too_much_or_ends_early_is_an_error() {
        assert!(read::<Request>(&mut [0xFF_u8; 8].as_slice()).is_err());
        assert!(read::<Request>(&mut [9_u8, 0, 0, 0, b'{'].as_slice()).is_err());
    }

    #[test]
    fn a_flat_list_becomes_its_tree_in_order() {
        let list =
            vec![node(None, "w"), node(Some(0), "a"), node(Some(1), "a1"), node(Some(1), "a2"), node(Some(0), "b")];
        let root = tree(list, &window(), 5).unwrap();
        assert_eq!(root.identity.path, ElementPath::Window);
        let names: Vec<_> = root.children.iter().map(|child| child.name.raw()).collect();
        assert_eq!(names, ["a", "b"]);
        let inner: Vec<_> = root.children[0].children.iter().map(|child| child.name.raw()).collect();
        assert_eq!(inner, ["a1", "a2"]);
    }

    #[test]
    fn a_list_that_is_no_tree_is_refused() {
        assert!(tree(Vec::new(), &window(), 9).is_none());
        assert!(tree(vec![node(Some(0), "w")], &window(), 9).is_none());
        assert!(tree(vec![node(None, "w"), node(Some(1), "own parent")], &window(), 9).is_none());
        assert!(tree(vec![node(None, "w"), node(Some(2), "later"), node(Some(0), "x")], &window(), 9).is_none());
        assert!(tree(vec![node(None, "w"), node(None, "two roots")], &window(), 9).is_none());
    }

    #[test]
    fn a_list_that_is_longer_or_deeper_than_asked_for_is_refused() {
        let chain = |levels: usize| (0..=levels).map(|at| node(at.checked_sub(1), "x")).collect::<Vec<_>>();
        assert_eq!(tree(chain(DEPTH_CAP), &window(), 100).map(|root| root.count()), Some(DEPTH_CAP + 1));
        assert!(tree(chain(DEPTH_CAP + 1), &window(), 100).is_none());
        assert!(tree(chain(50_000), &window(), usize::MAX).is_none());
        assert!(tree(chain(5), &window(), 5).is_none());
        assert!(tree(chain(5), &window(), 6).is_some());
    }

    #[test]
    fn texts_of_a_worker_are_cut_and_its_words_are_plain() {
        let long = "é".repeat(TEXT_CAP + 1);
        let node = Node { value: Some(long.clone()), automation_id: long.clone(), ..node(None, &long) };
        let element = node.element(&window());
        assert_eq!(element.name.raw().chars().count(), TEXT_CAP);
        assert_eq!(element.value.map(|value| value.raw().chars().count()), Some(TEXT_CAP));
        assert_eq!(element.automation_id.map(|id| id.chars().count()), Some(TEXT_CAP));
        assert_eq!(words("be\n\u{202e}read\u{1b}[0m"), "beread[0m");
        assert_eq!(words(&"x".repeat(WORDS_CAP + 1)).len(), WORDS_CAP);
    }

    #[test]
    fn a_node_weighs_at_least_what_it_takes_in_a_frame() {
        let hard = "\u{0}\"\\\u{7f}é你🙂".repeat(100);
        let ids = vec![i32::MIN; 64];
        let rect = Rect::new(i32::MIN, i32::MIN, i32::MAX, i32::MAX);
        let node = Node {
            parent: Some(usize::MAX),
            runtime_id: ids,
            rect,
            control_type: i32::MIN,
            toggle: Some(i32::MIN),
            expand: Some(i32::MIN),
            unread: u32::MAX,
            value: Some(hard.clone()),
            automation_id: hard.clone(),
            ..node(None, &hard)
        };
        let bytes = serde_json::to_vec(&node).unwrap().len();
        assert!(node.weight() >= bytes, "{} {bytes}", node.weight());
    }

    #[test]
    fn an_answer_that_is_too_long_says_so_instead() {
        let text = "x".repeat(usize::try_from(FRAME_CAP).unwrap());
        let answer = Answer { id: 3, result: Ok(Reply::Text { text, total_chars: None }) };
        let mut bytes = Vec::new();
        write_answer(&mut bytes, &answer).unwrap();
        let read = read::<Answer>(&mut bytes.as_slice()).unwrap().unwrap();
        assert!(matches!(read, Answer { id: 3, result: Err(Trouble::Unsupported(_)) }), "{read:?}");
    }

    /// (control type, automation id, name) of two elements with one runtime id, and whether they pass for one.
    #[test]
    fn an_element_is_told_by_what_it_is() {
        let node = |(control_type, id, name): (i32, &str, &str)| Node {
            control_type,
            automation_id: id.to_owned(),
            ..node(None, name)
        };
        let (button, list_item, edit) = (50_000, 50_007, 50_004);
        for (one, other, same) in [
            ((list_item, "", "report.docx"), (list_item, "", "payroll.xlsx"), false),
            ((list_item, "Item-3", "report.docx"), (list_item, "Item-3", "payroll.xlsx"), false),
            ((button, "Play", "Play"), (button, "Play", "Pause"), true),
            ((button, "", "Save"), (button, "", "Delete"), false),
            ((button, "", "Save"), (list_item, "", "Save"), false),
            ((edit, "", "Search"), (edit, "", "Find"), true),
            ((edit, "a", ""), (edit, "b", ""), false),
        ] {
            assert_eq!(node(one).mark() == node(other).mark(), same, "{one:?} {other:?}");
        }
    }

    #[test]
    fn a_password_field_has_no_value_whatever_the_worker_says() {
        let secret = Node { password: true, value: Some("x".to_owned()), ..node(Some(0), "p") };
        assert_eq!(secret.element(&window()).value, None);
    }

    #[test]
    fn control_types_have_roles() {
        for (control_type, expected) in [
            (50_000, Role::Button),
            (50_004, Role::Edit),
            (50_025, Role::Unknown),
            (50_032, Role::Window),
            (50_040, Role::ToolBar),
            (0, Role::Unknown),
            (50_041, Role::Unknown),
        ] {
            assert_eq!(role(control_type), expected, "{control_type}");
        }
    }
}
