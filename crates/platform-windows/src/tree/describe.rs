//! One control as an element: role, name, value, states and place. What the system tells of itself comes first; the
//! control is asked only for what it alone knows, and a password field for nothing at all.

use super::ask::Asker;
use super::class::{self, Kind};
use super::control::Control;
use super::facts;
use super::items::{self, Item};
use portcullis_model::{Check, ElementIdentity, Rect, Role, Source, States, UiNode, Untrusted, WindowIdentity};
use portcullis_platform::PortResult;
use windows::Win32::Foundation::HWND;
use windows::Win32::UI::Controls::{
    EM_GETPASSWORDCHAR, PBM_GETPOS, PBM_GETRANGE, TBM_GETRANGEMAX, TBM_GETRANGEMIN, UDM_GETPOS32,
};
use windows::Win32::UI::WindowsAndMessaging::{BM_GETCHECK, SBM_GETPOS};

/// `TBM_GETPOS`, which the crate of bindings lacks: `WM_USER`.
pub(super) const TBM_GETPOS: u32 = 0x0400;
/// What stands between the parts of a status bar.
const PART_SEPARATOR: &str = " | ";

/// What stays the same while one window is read.
#[derive(Debug)]
pub(super) struct Scene<'call> {
    pub(super) asker: Asker<'call>,
    pub(super) window: WindowIdentity,
    pub(super) root: HWND,
    /// The window that has the keyboard in the root's thread.
    pub(super) focus: HWND,
    displays: Vec<Rect>,
}

impl<'call> Scene<'call> {
    /// Looks at a window that was checked to be alive.
    pub(super) fn of(window: &WindowIdentity, root: HWND, asker: Asker<'call>) -> Self {
        Self {
            asker,
            window: window.clone(),
            root,
            focus: facts::queue(window.thread).hwndFocus,
            displays: facts::displays(),
        }
    }

    /// Whether no pixel of a place lies inside `clip` and on a display.
    fn is_offscreen(&self, place: Rect, clip: Rect) -> bool {
        let shown = place.intersect(clip);
        !self.displays.iter().any(|display| !display.intersect(shown).is_empty())
    }

    /// Whether the control has the keyboard, or the edit inside a combo box has.
    fn is_focused(&self, control: &Control) -> bool {
        control.window == self.focus
            || (control.kind == Kind::ComboBox
                && !self.focus.is_invalid()
                && facts::parent(self.focus) == control.window)
    }

    /// The control without what lies in it. The second answer says why something of it is missing.
    pub(super) fn node(&self, control: &Control, clip: Rect) -> (UiNode, PortResult<()>) {
        let role = role_of(control);
        let rect = control.rect();
        let is_root = control.window == self.root;
        let hides = self.hides_its_text(control);
        let password = hides == Ok(true);
        let mut states = States {
            enabled: control.is_enabled(),
            offscreen: self.is_offscreen(rect, if is_root { rect } else { clip }),
            focused: self.is_focused(control),
            read_only: class::is_read_only(control.kind, control.style),
            password,
            ..States::default()
        };
        if is_root {
            states.modal = facts::owner(control.window).is_some_and(|owner| !facts::is_enabled(owner));
        }
        let value = match hides {
            Ok(true) => Ok(None),
            Ok(false) => self.value(control, &mut states),
            Err(fault) => Err(fault),
        };
        let (value, trouble) = match value {
            Ok(value) => (value, Ok(())),
            Err(fault) => (None, Err(fault)),
        };
        let path = if is_root { portcullis_model::ElementPath::Window } else { control.path() };
        let node = UiNode {
            identity: ElementIdentity { window: self.window.clone(), path },
            role,
            name: untrusted(self.name(control)),
            value: value.map(untrusted),
            automation_id: control.automation_id(),
            rect,
            states,
            children: Vec::new(),
            unread_children: 0,
        };
        (node, trouble)
    }

    /// Whether an edit holds a secret: by its style, before anything is asked of it. Some hide their text without that
    /// style, and one that does not say whether it does is not asked for its text either.
    fn hides_its_text(&self, control: &Control) -> PortResult<bool> {
        if let Some(edit) = control.edit() {
            return self.hides_its_text(&edit);
        }
        if !class::is_edit(control.kind) || class::is_password(control.kind, control.style) {
            return Ok(class::is_password(control.kind, control.style));
        }
        Ok(self.asker.send(control.window, EM_GETPASSWORDCHAR, 0, 0)? != 0)
    }

    /// A caption: the system's own copy, so that even a hung window has names. What holds text or items has none.
    fn name(&self, control: &Control) -> String {
        match control.kind {
            Kind::Window | Kind::Button | Kind::Static | Kind::Other | Kind::ToolTip => {
                class::caption(control.kind, control.style, &facts::kernel_text(control.window))
            }
            Kind::Link => plain_link(&facts::kernel_text(control.window)),
            _ => String::new(),
        }
    }

    fn value(&self, control: &Control, states: &mut States) -> PortResult<Option<String>> {
        let asker = &self.asker;
        let window = control.window;
        match control.kind {
            Kind::Edit | Kind::RichEdit => asker.text(window, UiNode::TEXT_CAP).map(Some),
            Kind::Button if class::is_checkable(control.kind, control.style) => {
                states.check = Some(check(asker, window)?);
                Ok(None)
            }
            Kind::ComboBox => {
                states.expanded = Some(items::dropped(asker, control)?);
                let field = control.edit().map_or(window, |edit| edit.window);
                asker.text(field, UiNode::TEXT_CAP).map(Some)
            }
            Kind::TrackBar => asker.send32(window, TBM_GETPOS, 0, 0).map(|position| Some(position.to_string())),
            Kind::UpDown => asker.send32(window, UDM_GETPOS32, 0, 0).map(|position| Some(position.to_string())),
            Kind::ScrollBar if role_of(control) == Role::ScrollBar => {
                asker.send32(window, SBM_GETPOS, 0, 0).map(|position| Some(position.to_string()))
            }
            Kind::Progress => progress(asker, window).map(Some),
            Kind::StatusBar => Ok(status(&items::status_texts(asker, control)?)),
            Kind::DatePicker => match asker.text(window, UiNode::TEXT_CAP)? {
                text if text.is_empty() => items::picker_date(asker, control),
                text => Ok(Some(text)),
            },
            Kind::MonthCalendar => items::picker_date(asker, control),
            _ => Ok(None),
        }
    }

    /// An item of a control as an element, with the items inside.
    pub(super) fn item_node(&self, control: &Control, item: Item, clip: Rect) -> UiNode {
        let mark = item.mark();
        let mut states = item.states;
        states.enabled &= control.is_enabled();
        // The open list of a combo box and open menus reach beyond their control.
        let clip = if matches!(control.kind, Kind::ComboBox | Kind::Window) { item.rect } else { clip };
        states.offscreen |= self.is_offscreen(item.rect, clip);
        UiNode {
            identity: ElementIdentity { window: self.window.clone(), path: control.item_path(item.index, mark) },
            role: item.role,
            name: untrusted(item.name),
            value: item.value.map(untrusted),
            automation_id: item.command.map(|command| command.to_string()),
            rect: item.rect,
            states,
            children: item.children.into_iter().map(|child| self.item_node(control, child, clip)).collect(),
            unread_children: item.unread,
        }
    }
}

fn role_of(control: &Control) -> Role {
    class::role(control.kind, control.style)
}

fn untrusted(text: String) -> Untrusted {
    Untrusted::new(Source::Window, text)
}

/// The check state of a button that has one.
pub(super) fn check(asker: &Asker<'_>, button: HWND) -> PortResult<Check> {
    // BST_UNCHECKED, BST_CHECKED, BST_INDETERMINATE, perhaps with other bits above.
    Ok(match asker.send32(button, BM_GETCHECK, 0, 0)? & 3 {
        0 => Check::Off,
        1 => Check::On,
        _ => Check::Mixed,
    })
}

/// Lowest and highest position of a slider.
pub(super) fn slider_range(asker: &Asker<'_>, slider: HWND) -> PortResult<(i32, i32)> {
    Ok((asker.send32(slider, TBM_GETRANGEMIN, 0, 0)?, asker.send32(slider, TBM_GETRANGEMAX, 0, 0)?))
}

fn progress(asker: &Asker<'_>, bar: HWND) -> PortResult<String> {
    let low = i64::from(asker.send32(bar, PBM_GETRANGE, 1, 0)?);
    let high = i64::from(asker.send32(bar, PBM_GETRANGE, 0, 0)?);
    let position = i64::from(asker.send32(bar, PBM_GETPOS, 0, 0)?);
    // A bar without a range shows only that something goes on.
    let percent = ((position - low) * 100).checked_div(high - low);
    Ok(percent.map_or_else(|| position.to_string(), |percent| format!("{percent}%")))
}

/// The parts of a status bar as one text; `None` when none of them says anything.
fn status(parts: &[String]) -> Option<String> {
    parts.iter().any(|part| !part.is_empty()).then(|| parts.join(PART_SEPARATOR))
}

/// The text of a link without its tags: `<a href="x">here</a>` is "here".
fn plain_link(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, tag)) = rest.split_once('<') {
        plain.push_str(before);
        match tag.split_once('>') {
            Some((name, after)) if is_link_tag(name) => rest = after,
            _ => {
                plain.push('<');
                rest = tag;
            }
        }
    }
    plain.push_str(rest);
    plain
}

fn is_link_tag(name: &str) -> bool {
    let name = name.trim().to_ascii_lowercase();
    name == "a" || name == "/a" || name.starts_with("a ")
}

/// Whether the element is one that no person would call a control: nothing to see, nothing to say.
pub(super) fn is_empty_pane(node: &UiNode) -> bool {
    node.role == Role::Pane && node.name.is_empty() && node.children.is_empty() && node.rect.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_bar_without_a_word_has_no_value() {
        let parts = |texts: &[&str]| status(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        assert_eq!(parts(&[]), None);
        assert_eq!(parts(&[""]), None);
        assert_eq!(parts(&["", ""]), None);
        assert_eq!(parts(&["Ready"]).as_deref(), Some("Ready"));
        assert_eq!(parts(&["", "Ln 1"]).as_deref(), Some(" | Ln 1"));
    }

    #[test]
    fn links_lose_their_tags_and_nothing_else() {
        assert_eq!(plain_link(r#"See <a href="https://x">the <b> page</a>."#), "See the <b> page.");
        assert_eq!(plain_link("1 < 2"), "1 < 2");
        assert_eq!(plain_link("<A ID=\"x\">go</A>"), "go");
    }
}
