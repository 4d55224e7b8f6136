//! What a reader sees in a window: a tree of elements with roles, texts and states. The readers (UI Automation, the
//! native one, the WPF inspector, OCR) all speak this; folding, diffing and rendering live in `observe`.

use crate::{ElementIdentity, Rect, Untrusted};
use serde::Serialize;

/// What a control is, in UI Automation's terms, shortened to what an agent can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // Each variant is UI Automation's control type of the same name.
pub enum Role {
    Button,
    Calendar,
    CheckBox,
    ComboBox,
    DataGrid,
    DataItem,
    DateTime,
    Document,
    Edit,
    Group,
    Header,
    HeaderItem,
    Image,
    Link,
    List,
    ListItem,
    Menu,
    MenuBar,
    MenuItem,
    Pane,
    ProgressBar,
    RadioButton,
    ScrollBar,
    Separator,
    Slider,
    Spinner,
    StatusBar,
    Tab,
    TabItem,
    Table,
    Text,
    Thumb,
    TitleBar,
    ToolBar,
    ToolTip,
    Tree,
    TreeItem,
    Window,
    Unknown,
}

impl Role {
    /// Every role, for parsing, tables and tests.
    pub const ALL: [Self; 39] = [
        Self::Button,
        Self::Calendar,
        Self::CheckBox,
        Self::ComboBox,
        Self::DataGrid,
        Self::DataItem,
        Self::DateTime,
        Self::Document,
        Self::Edit,
        Self::Group,
        Self::Header,
        Self::HeaderItem,
        Self::Image,
        Self::Link,
        Self::List,
        Self::ListItem,
        Self::Menu,
        Self::MenuBar,
        Self::MenuItem,
        Self::Pane,
        Self::ProgressBar,
        Self::RadioButton,
        Self::ScrollBar,
        Self::Separator,
        Self::Slider,
        Self::Spinner,
        Self::StatusBar,
        Self::Tab,
        Self::TabItem,
        Self::Table,
        Self::Text,
        Self::Thumb,
        Self::TitleBar,
        Self::ToolBar,
        Self::ToolTip,
        Self::Tree,
        Self::TreeItem,
        Self::Window,
        Self::Unknown,
    ];

    /// Parses a role: the words of [`Role::word`] first, then UI Automation's control types (`ListItem`, `hyperlink`,
    /// `ButtonControl`) and a few names that other systems use; in any case of letters, with or without `_`, `-` and
    /// spaces. `tab` is one tab, as in the text; the whole control is `tabs` or `TabControl`.
    pub fn parse(word: &str) -> Option<Self> {
        const ALIASES: &[(&str, Role)] = &[
            ("custom", Role::Unknown),
            ("datagrid", Role::DataGrid),
            ("dataitem", Role::DataItem),
            ("datepicker", Role::DateTime),
            ("datetime", Role::DateTime),
            ("dropdown", Role::ComboBox),
            ("hyperlink", Role::Link),
            ("label", Role::Text),
            ("progressbar", Role::ProgressBar),
            ("radiobutton", Role::RadioButton),
            ("splitbutton", Role::Button),
            ("tabcontrol", Role::Tab),
            ("tabitem", Role::TabItem),
            ("textbox", Role::Edit),
        ];
        let plain: String =
            word.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).flat_map(char::to_lowercase).collect();
        let known = |plain: &str| {
            let own = Self::ALL.into_iter().find(|role| role.word() == plain);
            own.or_else(|| ALIASES.iter().find(|(alias, _)| *alias == plain).map(|(_, role)| *role))
        };
        known(&plain).or_else(|| plain.strip_suffix("control").and_then(known))
    }

    /// The word used in text, selectors and rules.
    pub fn word(self) -> &'static str {
        match self {
            Self::Button => "button",
            Self::Calendar => "calendar",
            Self::CheckBox => "checkbox",
            Self::ComboBox => "combobox",
            Self::DataGrid => "grid",
            Self::DataItem => "row",
            Self::DateTime => "date",
            Self::Document => "document",
            Self::Edit => "edit",
            Self::Group => "group",
            Self::Header => "header",
            Self::HeaderItem => "headeritem",
            Self::Image => "image",
            Self::Link => "link",
            Self::List => "list",
            Self::ListItem => "listitem",
            Self::Menu => "menu",
            Self::MenuBar => "menubar",
            Self::MenuItem => "menuitem",
            Self::Pane => "pane",
            Self::ProgressBar => "progress",
            Self::RadioButton => "radio",
            Self::ScrollBar => "scrollbar",
            Self::Separator => "separator",
            Self::Slider => "slider",
            Self::Spinner => "spinner",
            Self::StatusBar => "statusbar",
            Self::Tab => "tabs",
            Self::TabItem => "tab",
            Self::Table => "table",
            Self::Text => "text",
            Self::Thumb => "thumb",
            Self::TitleBar => "titlebar",
            Self::ToolBar => "toolbar",
            Self::ToolTip => "tooltip",
            Self::Tree => "tree",
            Self::TreeItem => "treeitem",
            Self::Window => "window",
            Self::Unknown => "unknown",
        }
    }

    /// Whether an agent would act on such an element, whatever it says.
    pub fn is_actionable(self) -> bool {
        matches!(
            self,
            Self::Button
                | Self::Calendar
                | Self::CheckBox
                | Self::ComboBox
                | Self::DataItem
                | Self::DateTime
                | Self::Document
                | Self::Edit
                | Self::HeaderItem
                | Self::Link
                | Self::List
                | Self::ListItem
                | Self::MenuItem
                | Self::RadioButton
                | Self::Slider
                | Self::Spinner
                | Self::TabItem
                | Self::Tree
                | Self::TreeItem
        )
    }
}

/// The state of a check box or toggle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Not checked.
    Off,
    /// Checked.
    On,
    /// Neither.
    Mixed,
}

/// What is true of an element besides its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct States {
    /// It takes input.
    pub enabled: bool,
    /// It is shown, though perhaps scrolled away.
    pub visible: bool,
    /// No pixel of it lies on a display or inside its window.
    pub offscreen: bool,
    /// It has the keyboard.
    pub focused: bool,
    /// It is selected in its container.
    pub selected: bool,
    /// Its text cannot be edited.
    pub read_only: bool,
    /// It holds a secret: its text is never read.
    pub password: bool,
    /// It is a window that blocks its owner.
    pub modal: bool,
    /// Its thread does not answer; what is known came without asking it.
    pub hung: bool,
    /// Checked or not, where that applies.
    pub check: Option<Check>,
    /// Expanded or not, where that applies.
    pub expanded: Option<bool>,
}

impl Default for States {
    /// Enabled, visible and nothing else.
    fn default() -> Self {
        Self {
            enabled: true,
            visible: true,
            offscreen: false,
            focused: false,
            selected: false,
            read_only: false,
            password: false,
            modal: false,
            hung: false,
            check: None,
            expanded: None,
        }
    }
}

/// One element and what lies in it.
#[derive(Clone, Debug, PartialEq)]
pub struct UiNode {
    /// Who it is.
    pub identity: ElementIdentity,
    /// What it is.
    pub role: Role,
    /// Its own name: a button's caption, a window's title.
    pub name: Untrusted,
    /// Its value: an edit's text, a combo box's choice, a slider's position. Never of a password field.
    pub value: Option<Untrusted>,
    /// UI Automation's AutomationId, or the control id of a child window.
    pub automation_id: Option<String>,
    /// Where it is on the virtual desktop.
    pub rect: Rect,
    /// What else is true of it.
    pub states: States,
    /// Elements inside, in their own order.
    pub children: Vec<UiNode>,
    /// Children that exist but were not read: rows beyond the budget.
    pub unread_children: u32,
}

impl UiNode {
    /// UTF-16 units of a name or value that a reader tells. One that is as long may go on; its whole is read as text.
    pub const TEXT_CAP: usize = 4_096;

    /// Elements in this tree, itself included.
    pub fn count(&self) -> usize {
        1 + self.children.iter().map(Self::count).sum::<usize>()
    }
}

/// Who read a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reader {
    /// Child windows, classes and window messages.
    Native,
    /// UI Automation.
    Automation,
    /// The inspector inside a WPF application.
    Wpf,
    /// Text recognised in pixels.
    Ocr,
}

impl Reader {
    /// The word used in text.
    pub fn word(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Automation => "automation",
            Self::Wpf => "wpf",
            Self::Ocr => "ocr",
        }
    }
}

/// How one reader fared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReaderReport {
    /// Which reader.
    pub reader: Reader,
    /// Elements that it gave.
    pub elements: usize,
    /// Why it gave none or not all.
    pub trouble: Option<String>,
}

/// One window's tree.
#[derive(Clone, Debug, PartialEq)]
pub struct TreeReading {
    /// The window and all that was read in it.
    pub root: UiNode,
    /// Who spoke.
    pub readers: Vec<ReaderReport>,
    /// Whether a cap or the deadline cut the reading. Rows that were not asked for are no cut; they are counted where they are.
    pub cut: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_and_every_variant_name_parses_to_its_role() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.word()), Some(role));
            if role != Role::Tab {
                // `Tab` in UI Automation is the control, `tab` in our text one of its tabs; the text wins.
                assert_eq!(Role::parse(&format!("{role:?}")), Some(role));
            }
        }
    }

    #[test]
    fn names_of_ui_automation_and_of_other_systems_parse() {
        for (word, role) in [
            ("Hyperlink", Some(Role::Link)),
            ("LIST ITEM", Some(Role::ListItem)),
            ("check_box", Some(Role::CheckBox)),
            ("ButtonControl", Some(Role::Button)),
            ("TabControl", Some(Role::Tab)),
            ("TabItemControl", Some(Role::TabItem)),
            ("tab", Some(Role::TabItem)),
            ("Custom", Some(Role::Unknown)),
            ("butto", None),
            ("", None),
            ("control", None),
        ] {
            assert_eq!(Role::parse(word), role, "{word}");
        }
    }
}
