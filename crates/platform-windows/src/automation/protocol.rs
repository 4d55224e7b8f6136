//! What the server and its UI Automation worker say to each other: plain data in length-prefixed frames of JSON. No
//! handle of an open object, no type of Windows and no decision lives here.

use portcullis_model::{Check, ElementIdentity, ElementPath, Rect, Role, Source, States, UiNode, Untrusted};
use portcullis_platform::PortFault;
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};

/// Bytes of one frame. A tree of the capped number of elements with capped texts stays below it.
pub(crate) const FRAME_CAP: u32 = 16 * 1024 * 1024;

/// One question. The worker answers each, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Request {
    /// Comes back in the answer.
    pub(crate) id: u64,
    /// The top-level window that it is about.
    pub(crate) window: u64,
    /// What the worker may take, in milliseconds, so that it ends by itself where it can.
    pub(crate) millis: u64,
    pub(crate) ask: Ask,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Ask {
    /// The window's tree. `whole` allows one request for all of it, which cannot be ended half-way.
    Read { elements: usize, rows: usize, whole: bool },
    /// One element afresh.
    Element { runtime_id: Vec<i32> },
    /// The element at a point of the window.
    At { x: i32, y: i32 },
    /// The element of the window that has the keyboard.
    Focused,
    /// An element's text.
    Text { runtime_id: Vec<i32>, from: usize, max_chars: usize },
    /// An act on an element.
    Act { runtime_id: Vec<i32>, act: Act },
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
    /// An act was done.
    Done { by: String, shown: Option<bool> },
}

/// Why the worker did not do it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Trouble {
    Gone,
    Disabled,
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
            Trouble::Gone => Self::Gone,
            Trouble::Disabled => Self::Disabled,
            Trouble::NotOperable(what) => Self::NotOperable(what),
            Trouble::Unsupported(what) => Self::Unsupported(what),
            Trouble::Timeout => Self::Hung,
            Trouble::System(code) => Self::System { call: "UI Automation", code },
        }
    }
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
    /// The element that it stands for. The window itself has one identity, whoever reads it.
    pub(crate) fn element(self, window: &portcullis_model::WindowIdentity) -> UiNode {
        let role = role(self.control_type);
        let path = if self.top { ElementPath::Window } else { ElementPath::Automation { runtime_id: self.runtime_id } };
        let text = |raw: String| Untrusted::new(Source::Window, raw);
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
            automation_id: Some(self.automation_id).filter(|id| !id.is_empty()),
            rect: self.rect,
            states,
            children: Vec::new(),
            unread_children: self.unread,
        }
    }
}

/// The tree of a flat list; `None` when it is empty or a parent does not come before its child.
pub(crate) fn tree(nodes: Vec<Node>, window: &portcullis_model::WindowIdentity) -> Option<UiNode> {
    let parents: Vec<Option<usize>> = nodes.iter().map(|node| node.parent).collect();
    let well_formed = parents
        .iter()
        .enumerate()
        .all(|(at, parent)| if at == 0 { parent.is_none() } else { parent.is_some_and(|p| p < at) });
    if !well_formed {
        return None;
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

/// Writes one frame.
pub(crate) fn write<T: Serialize>(to: &mut impl Write, value: &T) -> io::Result<()> {
    let body = serde_json::to_vec(value)?;
    let length = u32::try_from(body.len()).ok().filter(|length| *length <= FRAME_CAP);
    let length = length.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the frame is too long"))?;
    to.write_all(&length.to_le_bytes())?;
    to.write_all(&body)?;
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

    fn window() -> portcullis_model::WindowIdentity {
        portcullis_model::WindowIdentity { handle: 1, process: 2, process_start: 3, thread: 4, class: "C".to_owned() }
    }

    #[test]
    fn a_frame_comes_back_as_it_was_and_the_end_is_told() {
        let sent = Request { id: 7, window: 8, millis: 9, ask: Ask::At { x: -1, y: 2 } };
        let mut bytes = Vec::new();
        write(&mut bytes, &sent).unwrap();
        let mut input = bytes.as_slice();
        assert_eq!(read::<Request>(&mut input).unwrap(), Some(sent));
        assert_eq!(read::<Request>(&mut input).unwrap(), None);
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
        let root = tree(list, &window()).unwrap();
        assert_eq!(root.identity.path, ElementPath::Window);
        let names: Vec<_> = root.children.iter().map(|child| child.name.raw()).collect();
        assert_eq!(names, ["a", "b"]);
        let inner: Vec<_> = root.children[0].children.iter().map(|child| child.name.raw()).collect();
        assert_eq!(inner, ["a1", "a2"]);
    }

    #[test]
    fn a_list_that_is_no_tree_is_refused() {
        assert!(tree(Vec::new(), &window()).is_none());
        assert!(tree(vec![node(None, "w"), node(Some(1), "own parent")], &window()).is_none());
        assert!(tree(vec![node(None, "w"), node(None, "two roots")], &window()).is_none());
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
