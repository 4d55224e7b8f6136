//! How controls behave: what being pressed, typed into, scrolled or operated does to them. Permits and targets were
//! checked before anything here is called.

use crate::build::ROWS_IN_VIEW;
use crate::places::placed;
use crate::state::{Control, Reach, State};
use portcullis_model::{Check, Role, UiNode};
use portcullis_platform::{ControlAct, Delivered, PortFault, PortResult};

/// Rows that one notch of the wheel moves.
const WHEEL_ROWS: i64 = 3;

/// One control that something is done to.
#[derive(Clone, Copy)]
pub(crate) struct Deed {
    pub(crate) window: u64,
    pub(crate) id: u64,
}

fn cannot(what: &str) -> PortFault {
    PortFault::NotOperable(what.to_owned())
}

/// Whether the role takes the keyboard when clicked.
fn is_focusable(role: Role) -> bool {
    role.is_actionable() && !matches!(role, Role::MenuItem | Role::HeaderItem | Role::Link)
}

impl Deed {
    fn control<'state>(&self, state: &'state mut State) -> Option<&'state mut Control> {
        state.control_mut(self.window, self.id)
    }

    /// The control, or the one whose item it is.
    fn parent<'state>(&self, state: &'state mut State) -> Option<&'state mut Control> {
        state.window_mut(self.window)?.root.parent_of_mut(self.id)
    }

    /// Runs the control's reaction.
    fn react(&self, state: &mut State) {
        let Some(control) = self.control(state) else { return };
        let reaction = control.on_click.clone();
        let line = format!("pressed {} {}", control.role.word(), control.name);
        state.note(line);
        if let Some(reaction) = reaction {
            reaction(&mut Reach { state, window: self.window });
        }
    }

    pub(crate) fn focus(&self, state: &mut State) {
        // Items have no keyboard of their own; their control has.
        let own = self.control(state).filter(|control| !control.item || control.role == Role::RadioButton);
        let target = match own.map(|control| control.id) {
            Some(id) => Some(id),
            None => self.parent(state).filter(|parent| parent.role != Role::Window).map(|parent| parent.id),
        };
        if let (Some(id), Some(window)) = (target, state.window_mut(self.window)) {
            window.focus = Some(id);
        }
    }

    /// Selects an item, and no other beside it.
    fn select(&self, state: &mut State) {
        let id = self.id;
        let Some(parent) = self.parent(state) else { return };
        let mut chosen = String::new();
        for child in &mut parent.children {
            let own = child.id == id;
            if child.role == Role::RadioButton {
                child.states.check = Some(if own { Check::On } else { Check::Off });
            } else {
                child.states.selected = own;
            }
            if own {
                chosen.clone_from(&child.name);
            }
        }
        if parent.role == Role::ComboBox {
            parent.value = Some(chosen.clone());
            parent.states.expanded = Some(false);
        }
        state.note(format!("selected {chosen}"));
    }

    fn toggle(&self, state: &mut State) -> Option<Check> {
        let control = self.control(state)?;
        let next = if control.states.check == Some(Check::On) { Check::Off } else { Check::On };
        control.states.check = Some(next);
        let line = format!("toggled {} to {next:?}", control.name);
        state.note(line);
        Some(next)
    }

    fn expand(&self, state: &mut State, open: bool) {
        if let Some(control) = self.control(state) {
            control.states.expanded = Some(open);
        }
    }

    /// A click of the primary button, or a key that does the same.
    pub(crate) fn click(&self, state: &mut State, count: u8) {
        let Some(control) = self.control(state) else { return };
        let (role, enabled, expanded, item) =
            (control.role, control.states.enabled, control.states.expanded, control.item);
        if !enabled {
            return;
        }
        if is_focusable(role) {
            self.focus(state);
        }
        match role {
            Role::CheckBox => {
                self.toggle(state);
            }
            Role::ListItem | Role::TabItem | Role::RadioButton | Role::DataItem if item => self.select(state),
            Role::TreeItem => {
                self.select(state);
                if count > 1 && expanded.is_some() {
                    self.expand(state, expanded == Some(false));
                }
            }
            Role::ComboBox | Role::MenuItem if expanded.is_some() => self.expand(state, expanded == Some(false)),
            _ => {}
        }
        self.react(state);
        if role == Role::MenuItem && item {
            self.close_menu(state);
        }
    }

    fn close_menu(&self, state: &mut State) {
        if let Some(parent) = self.parent(state)
            && parent.role == Role::MenuItem
        {
            parent.states.expanded = Some(false);
        }
    }

    /// Turns the wheel over it; a list moves its rows.
    pub(crate) fn wheel(&self, state: &mut State, notches: i32) {
        let id = match self.control(state) {
            Some(control) if control.item => self.parent(state).map(|parent| parent.id),
            Some(control) => Some(control.id),
            None => None,
        };
        let Some(control) = id.and_then(|id| state.control_mut(self.window, id)) else { return };
        if !matches!(control.role, Role::List | Role::Tree | Role::DataGrid | Role::Table) {
            return;
        }
        let last = control.children.len().saturating_sub(ROWS_IN_VIEW);
        let rows = i64::from(notches) * WHEEL_ROWS;
        let moved = i64::try_from(control.scroll).unwrap_or(0) - rows;
        control.scroll = usize::try_from(moved.max(0)).unwrap_or(0).min(last);
        let line = format!("scrolled {} to {}", control.name, control.scroll);
        state.note(line);
    }

    /// Replaces the selected characters by text, leaving the caret behind it.
    pub(crate) fn insert(&self, state: &mut State, text: &str) -> bool {
        let Some(control) = self.control(state).filter(|control| control.takes_text()) else { return false };
        let old = control.value.clone().unwrap_or_default();
        let total = old.chars().count();
        let (from, to) = (control.selection.0.min(total), control.selection.1.min(total));
        let head: String = old.chars().take(from).collect();
        let tail: String = old.chars().skip(to).collect();
        control.value = Some(format!("{head}{text}{tail}"));
        let caret = from + text.chars().count();
        control.selection = (caret, caret);
        true
    }

    /// Deletes the selection, or one character before or after the caret.
    pub(crate) fn erase(&self, state: &mut State, back: bool) {
        if let Some(control) = self.control(state).filter(|control| control.takes_text())
            && control.selection.0 == control.selection.1
        {
            let caret = control.selection.0;
            control.selection = if back { (caret.saturating_sub(1), caret) } else { (caret, caret + 1) };
        }
        self.insert(state, "");
    }

    pub(crate) fn select_text(&self, state: &mut State, from: usize, to: usize) {
        if let Some(control) = self.control(state) {
            let total = control.value.as_deref().unwrap_or_default().chars().count();
            let (from, to) = (from.min(total), to.min(total));
            control.selection = (from.min(to), to);
        }
    }

    /// The selected text, for the clipboard; a password's is not given.
    pub(crate) fn selected_text(&self, state: &mut State) -> Option<String> {
        let control = self.control(state).filter(|control| !control.states.password)?;
        let (from, to) = control.selection;
        let text: String = control.value.as_deref()?.chars().skip(from).take(to.saturating_sub(from)).collect();
        (!text.is_empty()).then_some(text)
    }

    fn set_value(&self, state: &mut State, value: &str) -> PortResult<()> {
        let control = self.control(state).ok_or(PortFault::Gone)?;
        match control.role {
            Role::Edit | Role::Document if control.states.read_only => return Err(cannot("be changed")),
            Role::Edit | Role::Document => {
                let end = value.chars().count();
                control.selection = (end, end);
            }
            Role::ComboBox => {
                let choice = control.children.iter().find(|child| child.name == value).map(|child| child.id);
                let id = choice.ok_or_else(|| cannot("take a value that is not one of its choices"))?;
                Self { id, ..*self }.select(state);
                return Ok(());
            }
            Role::Slider | Role::Spinner => {
                let (least, greatest) = control.range.unwrap_or((i64::MIN, i64::MAX));
                let number: i64 = value.parse().map_err(|_| cannot("take a value that is no number"))?;
                if !(least..=greatest).contains(&number) {
                    return Err(cannot("take a value out of its range"));
                }
            }
            _ => return Err(cannot("take a value")),
        }
        control.value = Some(value.to_owned());
        let line = format!("set {}", control.name);
        state.note(line);
        Ok(())
    }

    fn scroll_into_view(&self, state: &mut State) {
        let id = self.id;
        if let Some(parent) = self.parent(state)
            && let Some(row) = parent.children.iter().position(|child| child.id == id)
            && !(parent.scroll..parent.scroll + ROWS_IN_VIEW).contains(&row)
        {
            parent.scroll = row.min(parent.children.len().saturating_sub(ROWS_IN_VIEW));
        }
    }

    /// Operates the control through its own interface.
    pub(crate) fn act(&self, state: &mut State, node: &UiNode, act: &ControlAct) -> PortResult<Delivered> {
        let role = node.role;
        let opens = node.states.expanded.is_some();
        let shown = match act {
            ControlAct::Invoke => match role {
                Role::Button | Role::MenuItem | Role::Link | Role::HeaderItem => {
                    self.click(state, 1);
                    None
                }
                _ => return Err(cannot("be invoked")),
            },
            ControlAct::Toggle if role == Role::CheckBox => Some(self.toggle(state).is_some()),
            ControlAct::Toggle => return Err(cannot("be toggled")),
            ControlAct::Select => match role {
                Role::ListItem | Role::TabItem | Role::TreeItem | Role::RadioButton | Role::DataItem => {
                    self.select(state);
                    Some(true)
                }
                _ => return Err(cannot("be selected")),
            },
            ControlAct::Expand | ControlAct::Collapse if !opens => return Err(cannot("be opened or closed")),
            ControlAct::Expand | ControlAct::Collapse => {
                self.expand(state, *act == ControlAct::Expand);
                Some(true)
            }
            ControlAct::SetValue(value) => {
                self.set_value(state, value)?;
                // What a secret field holds is never read back.
                (!node.states.password).then_some(true)
            }
            ControlAct::ScrollIntoView => {
                self.scroll_into_view(state);
                Some(true)
            }
            ControlAct::Focus if is_focusable(role) => {
                self.focus(state);
                Some(true)
            }
            ControlAct::Focus => return Err(cannot("take the keyboard")),
            ControlAct::SelectText { from, to } if matches!(role, Role::Edit | Role::Document) => {
                self.select_text(state, *from, *to);
                Some(true)
            }
            ControlAct::SelectText { .. } => return Err(cannot("select text")),
        };
        Ok(Delivered { by: "the fake control's own interface".to_owned(), shown: shown.into() })
    }
}

impl State {
    /// The control that has the keyboard in a window.
    pub(crate) fn focused(&self, window: u64) -> Option<Deed> {
        let id = self.window(window)?.focus?;
        Some(Deed { window, id })
    }

    /// Moves the keyboard to the next control that takes it, or to the one before.
    pub(crate) fn tab(&mut self, window: u64, back: bool) {
        let Some(found) = self.window(window) else { return };
        let stops: Vec<u64> = placed(found)
            .into_iter()
            .filter(|placed| {
                let states = &placed.node.states;
                is_focusable(placed.node.role)
                    && states.enabled
                    && states.visible
                    && found.root.children.iter().any(|control| control.id == placed.id)
            })
            .map(|placed| placed.id)
            .collect();
        let current = found.focus.and_then(|id| stops.iter().position(|stop| *stop == id));
        let next = match (current, back) {
            (Some(position), false) => (position + 1) % stops.len().max(1),
            (Some(position), true) => position.checked_sub(1).unwrap_or(stops.len().saturating_sub(1)),
            (None, _) => 0,
        };
        if let (Some(id), Some(window)) = (stops.get(next).copied(), self.window_mut(window)) {
            window.focus = Some(id);
        }
    }

    /// Moves the selection of a list or combo box.
    pub(crate) fn arrow(&mut self, deed: Deed, down: bool) {
        let Some(control) = deed.control(self) else { return };
        if !matches!(control.role, Role::List | Role::Tree | Role::ComboBox | Role::Tab) {
            return;
        }
        let current = control.children.iter().position(|child| child.states.selected);
        let next = match (current, down) {
            (Some(position), true) => position + 1,
            (Some(position), false) => position.saturating_sub(1),
            (None, _) => 0,
        };
        if let Some(id) = control.children.get(next).map(|child| child.id) {
            let item = Deed { id, ..deed };
            item.select(self);
            item.scroll_into_view(self);
        }
    }
}
