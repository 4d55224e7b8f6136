//! Builds windows in a few words: `WindowBuilder::new("Notepad", "notepad.exe").edit("Name", "").button("Save", …)`.
//! Controls are laid out one below the other; a builder knows nothing of the desktop that it will stand on.

use crate::state::{Control, Reach, State, Window};
use portcullis_model::{Check, ProgramName, Rect, Role, States, WindowIdentity};
use portcullis_platform::ShowState;
use std::sync::Arc;

/// Height of a control.
const HEIGHT: i32 = 20;
/// Distance from the top of one control to that of the next.
const STEP: i32 = 26;
/// Width of a control.
const WIDTH: i32 = 220;
/// Height of a title bar.
pub(crate) const TITLE: i32 = 30;
/// Height of a row of a list.
pub(crate) const ROW: i32 = 18;
/// Rows that a list has room for.
pub(crate) const ROWS_IN_VIEW: usize = 5;

/// A window to be opened.
#[derive(Clone)]
pub struct WindowBuilder {
    title: String,
    program: String,
    class: String,
    rect: Option<Rect>,
    modal: bool,
    topmost: bool,
    elevated: bool,
    colour: [u8; 3],
    controls: Vec<Control>,
    next_top: i32,
}

impl WindowBuilder {
    /// A window without controls.
    pub fn new(title: &str, program: &str) -> Self {
        Self {
            title: title.to_owned(),
            program: program.to_owned(),
            class: "FakeWindow".to_owned(),
            rect: None,
            modal: false,
            topmost: false,
            elevated: false,
            colour: [240, 240, 240],
            controls: Vec::new(),
            next_top: TITLE + 6,
        }
    }

    /// Where it opens.
    #[must_use]
    pub fn at(mut self, rect: Rect) -> Self {
        self.rect = Some(rect);
        self
    }

    /// Its window class.
    #[must_use]
    pub fn class(mut self, class: &str) -> Self {
        class.clone_into(&mut self.class);
        self
    }

    /// It blocks the window that owns it.
    #[must_use]
    pub fn modal(mut self) -> Self {
        self.modal = true;
        self
    }

    /// It stands above all others.
    #[must_use]
    pub fn topmost(mut self) -> Self {
        self.topmost = true;
        self
    }

    /// Its program runs with more rights than the server.
    #[must_use]
    pub fn elevated(mut self) -> Self {
        self.elevated = true;
        self
    }

    /// The colour of its pixels: red, green, blue.
    #[must_use]
    pub fn colour(mut self, colour: [u8; 3]) -> Self {
        self.colour = colour;
        self
    }

    fn plain(role: Role, name: &str) -> Control {
        Control {
            id: 0,
            class: class_of(role),
            control_id: 0,
            role,
            name: name.to_owned(),
            value: None,
            automation_id: None,
            states: States::default(),
            rect: Rect::default(),
            item: false,
            range: None,
            scroll: 0,
            selection: (0, 0),
            on_click: None,
            children: Vec::new(),
        }
    }

    fn item(role: Role, name: &str) -> Control {
        Control { item: true, ..Self::plain(role, name) }
    }

    fn add(mut self, mut control: Control) -> Self {
        let rows = matches!(control.role, Role::List | Role::Tree | Role::DataGrid | Role::Table | Role::Document);
        let height = if rows { ROW * i32::try_from(ROWS_IN_VIEW).unwrap_or(1) } else { HEIGHT };
        control.rect = Rect::new(10, self.next_top, 10 + WIDTH, self.next_top + height);
        control.control_id = 1000 + i32::try_from(self.controls.len()).unwrap_or(0);
        self.next_top += height - HEIGHT + STEP;
        self.controls.push(control);
        self
    }

    /// A control of any role.
    #[must_use]
    pub fn control(self, role: Role, name: &str) -> Self {
        self.add(Self::plain(role, name))
    }

    /// Changes the control that was added last: its states.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut States)) -> Self {
        if let Some(control) = self.controls.last_mut() {
            change(&mut control.states);
        }
        self
    }

    /// Gives the control that was added last an automation id.
    #[must_use]
    pub fn id(mut self, automation_id: &str) -> Self {
        if let Some(control) = self.controls.last_mut() {
            control.automation_id = Some(automation_id.to_owned());
        }
        self
    }

    /// Makes the control that was added last react to being pressed.
    #[must_use]
    pub fn on_click(mut self, reaction: impl Fn(&mut Reach<'_>) + Send + Sync + 'static) -> Self {
        if let Some(control) = self.controls.last_mut() {
            control.on_click = Some(Arc::new(reaction));
        }
        self
    }

    /// A button and what it does.
    #[must_use]
    pub fn button(self, name: &str, reaction: impl Fn(&mut Reach<'_>) + Send + Sync + 'static) -> Self {
        self.control(Role::Button, name).on_click(reaction)
    }

    /// A line of text to edit.
    #[must_use]
    pub fn edit(self, name: &str, text: &str) -> Self {
        self.add(Control { value: Some(text.to_owned()), ..Self::plain(Role::Edit, name) })
    }

    /// A text of many lines to edit.
    #[must_use]
    pub fn document(self, name: &str, text: &str) -> Self {
        self.add(Control { value: Some(text.to_owned()), ..Self::plain(Role::Document, name) })
    }

    /// A field for a secret.
    #[must_use]
    pub fn password(self, name: &str, secret: &str) -> Self {
        self.edit(name, secret).with(|states| states.password = true)
    }

    /// Static text.
    #[must_use]
    pub fn text(self, text: &str) -> Self {
        self.control(Role::Text, text)
    }

    /// A check box.
    #[must_use]
    pub fn checkbox(self, name: &str, check: Check) -> Self {
        self.control(Role::CheckBox, name).with(|states| states.check = Some(check))
    }

    /// Radio buttons that exclude each other, the first of them on.
    #[must_use]
    pub fn radios(self, group: &str, names: &[&str]) -> Self {
        let mut control = Self::plain(Role::Group, group);
        for (index, name) in names.iter().enumerate() {
            let mut radio = Self::item(Role::RadioButton, name);
            radio.states.check = Some(if index == 0 { Check::On } else { Check::Off });
            control.children.push(radio);
        }
        self.add(control)
    }

    /// A list and its rows.
    #[must_use]
    pub fn list<Name: AsRef<str>>(self, name: &str, rows: &[Name]) -> Self {
        let children = rows.iter().map(|row| Self::item(Role::ListItem, row.as_ref())).collect();
        self.add(Control { children, ..Self::plain(Role::List, name) })
    }

    /// A combo box and its choices, the first of them chosen.
    #[must_use]
    pub fn combo(self, name: &str, choices: &[&str]) -> Self {
        let mut control = Self::plain(Role::ComboBox, name);
        control.states.expanded = Some(false);
        control.value = choices.first().map(|choice| (*choice).to_owned());
        control.children = choices.iter().map(|choice| Self::item(Role::ListItem, choice)).collect();
        if let Some(first) = control.children.first_mut() {
            first.states.selected = true;
        }
        self.add(control)
    }

    /// A tree of two levels, closed.
    #[must_use]
    pub fn tree(self, name: &str, branches: &[(&str, &[&str])]) -> Self {
        let mut control = Self::plain(Role::Tree, name);
        for (branch, leaves) in branches {
            let mut item = Self::item(Role::TreeItem, branch);
            item.states.expanded = Some(false);
            item.children = leaves.iter().map(|leaf| Self::item(Role::TreeItem, leaf)).collect();
            control.children.push(item);
        }
        self.add(control)
    }

    /// A grid: headers and rows of cells.
    #[must_use]
    pub fn grid(self, name: &str, headers: &[&str], rows: &[&[&str]]) -> Self {
        let mut control = Self::plain(Role::DataGrid, name);
        let mut header = Self::item(Role::Header, "");
        header.children = headers.iter().map(|name| Self::item(Role::HeaderItem, name)).collect();
        control.children.push(header);
        for row in rows {
            let mut item = Self::item(Role::DataItem, "");
            item.children = row.iter().map(|cell| Self::item(Role::Text, cell)).collect();
            control.children.push(item);
        }
        self.add(control)
    }

    /// Tabs, the first of them chosen.
    #[must_use]
    pub fn tabs(self, names: &[&str]) -> Self {
        let mut control = Self::plain(Role::Tab, "");
        for (index, name) in names.iter().enumerate() {
            let mut tab = Self::item(Role::TabItem, name);
            tab.states.selected = index == 0;
            control.children.push(tab);
        }
        self.add(control)
    }

    /// One menu of the menu bar: its entries and what each does.
    #[must_use]
    pub fn menu(self, name: &str, entries: Vec<(&str, crate::Reaction)>) -> Self {
        let mut control = Self::plain(Role::MenuItem, name);
        control.states.expanded = Some(false);
        for (entry, reaction) in entries {
            control.children.push(Control { on_click: Some(reaction), ..Self::item(Role::MenuItem, entry) });
        }
        self.add(control)
    }

    /// A slider or spinner and its range.
    #[must_use]
    pub fn range(self, role: Role, name: &str, least: i64, greatest: i64, value: i64) -> Self {
        let control = Self::plain(role, name);
        self.add(Control { value: Some(value.to_string()), range: Some((least, greatest)), ..control })
    }

    /// The window on a desktop: of its owner's process, or of a new one.
    pub(crate) fn build(self, state: &mut State, owner: Option<WindowIdentity>) -> Window {
        let handle = state.number();
        let (process, process_start, thread) = match &owner {
            Some(owner) => (owner.process, owner.process_start, owner.thread),
            None => {
                let process = small(state.number());
                (process, state.number(), small(state.number()))
            }
        };
        let offset = 30 * i32::try_from(state.windows.len()).unwrap_or(0);
        let rect = self.rect.unwrap_or_else(|| Rect::new(100 + offset, 80 + offset, 740 + offset, 560 + offset));
        let mut root = Self::plain(Role::Window, &self.title);
        root.id = handle;
        root.children = self.controls;
        root.for_all(&mut |control| {
            if control.id == 0 {
                control.id = state.number();
            }
        });
        let owner = owner.map(|owner| owner.handle);
        let program = match owner.and_then(|handle| state.window(handle)) {
            Some(own) => own.program.clone(),
            None => ProgramName::from_image_path(&self.program),
        };
        Window {
            identity: WindowIdentity { handle, process, process_start, thread, class: self.class },
            program,
            rect,
            restored: None,
            show: ShowState::Normal,
            hung: false,
            elevated: self.elevated,
            modal: self.modal && owner.is_some(),
            topmost: self.topmost,
            owner,
            focus: root.children.iter().find(|control| control.takes_text()).map(|control| control.id),
            colour: self.colour,
            root,
        }
    }
}

fn small(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX - 1)
}

fn class_of(role: Role) -> &'static str {
    match role {
        Role::Button | Role::CheckBox | Role::RadioButton | Role::Group => "Button",
        Role::ComboBox => "ComboBox",
        Role::DataGrid | Role::List | Role::Table => "SysListView32",
        Role::Edit | Role::Document => "Edit",
        Role::ProgressBar => "msctls_progress32",
        Role::Slider => "msctls_trackbar32",
        Role::Spinner => "msctls_updown32",
        Role::StatusBar => "msctls_statusbar32",
        Role::Tab => "SysTabControl32",
        Role::ToolBar => "ToolbarWindow32",
        Role::Tree => "SysTreeView32",
        _ => "Static",
    }
}
