//! From window class and style to what a control is: tables, and the few rules that are not. Nothing here asks a window.

use portcullis_model::Role;
use windows::Win32::UI::WindowsAndMessaging::{
    BS_3STATE, BS_AUTO3STATE, BS_AUTOCHECKBOX, BS_AUTORADIOBUTTON, BS_CHECKBOX, BS_GROUPBOX, BS_RADIOBUTTON,
    BS_TYPEMASK, CBS_DROPDOWNLIST, CBS_HASSTRINGS, CBS_OWNERDRAWFIXED, CBS_OWNERDRAWVARIABLE, CBS_SIMPLE, ES_MULTILINE,
    ES_PASSWORD, ES_READONLY, LBS_HASSTRINGS, LBS_NODATA, LBS_OWNERDRAWFIXED, LBS_OWNERDRAWVARIABLE,
};

/// What kind of control a window is: it decides which messages it understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A window or dialog.
    Window,
    Button,
    Edit,
    RichEdit,
    Static,
    ListBox,
    ComboBox,
    ListView,
    TreeView,
    Tab,
    Header,
    ToolBar,
    StatusBar,
    TrackBar,
    UpDown,
    Progress,
    DatePicker,
    MonthCalendar,
    ScrollBar,
    Link,
    PopupMenu,
    ToolTip,
    Bar,
    /// A class that is not known: its caption is told and it is asked nothing.
    Other,
}

/// Window classes of the system and its common controls.
const CLASSES: &[(&str, Kind)] = &[
    ("#32768", Kind::PopupMenu),
    ("#32770", Kind::Window),
    ("Button", Kind::Button),
    ("ComboBox", Kind::ComboBox),
    ("ComboLBox", Kind::ListBox),
    ("Edit", Kind::Edit),
    ("ListBox", Kind::ListBox),
    ("RICHEDIT", Kind::RichEdit),
    ("RichEdit20A", Kind::RichEdit),
    ("RichEdit20W", Kind::RichEdit),
    ("RICHEDIT50W", Kind::RichEdit),
    ("RICHEDIT60W", Kind::RichEdit),
    ("RichEditD2DPT", Kind::RichEdit),
    ("ReBarWindow32", Kind::Bar),
    ("ScrollBar", Kind::ScrollBar),
    ("Static", Kind::Static),
    ("SysDateTimePick32", Kind::DatePicker),
    ("SysHeader32", Kind::Header),
    ("SysLink", Kind::Link),
    ("SysListView32", Kind::ListView),
    ("SysMonthCal32", Kind::MonthCalendar),
    ("SysTabControl32", Kind::Tab),
    ("SysTreeView32", Kind::TreeView),
    ("ToolbarWindow32", Kind::ToolBar),
    ("tooltips_class32", Kind::ToolTip),
    ("msctls_progress32", Kind::Progress),
    ("msctls_statusbar32", Kind::StatusBar),
    ("msctls_trackbar32", Kind::TrackBar),
    ("msctls_updown32", Kind::UpDown),
];

/// What stands before the system's class in the classes of Windows Forms: `WindowsForms10.EDIT.app.0.141b42a_r6_ad1`.
const FORMS_PREFIX: &str = "WindowsForms10.";

fn known(class: &str) -> Option<Kind> {
    CLASSES.iter().find(|(name, _)| name.eq_ignore_ascii_case(class)).map(|(_, kind)| *kind)
}

/// The kind of a class; `base` is asked for the class that it was made from when its own name says nothing.
pub(super) fn kind(class: &str, base: impl FnOnce() -> String) -> Kind {
    let plain = class.strip_prefix(FORMS_PREFIX).and_then(|rest| rest.split('.').next());
    known(class).or_else(|| plain.and_then(known)).or_else(|| known(&base())).unwrap_or(Kind::Other)
}

/// Whether `style` has a bit of a constant that Win32's headers give as a signed number.
pub(super) fn has(style: u32, bit: i32) -> bool {
    style & bit.cast_unsigned() != 0
}

/// What a button is, by the low four bits of its style.
pub(super) fn button_type(style: u32) -> i32 {
    (style & BS_TYPEMASK.cast_unsigned()).cast_signed()
}

/// Static controls that show a picture: `SS_ICON`, `SS_BITMAP`, `SS_ENHMETAFILE`.
const STATIC_PICTURES: &[u32] = &[0x03, 0x0E, 0x0F];
/// Static controls that are lines and boxes: `SS_BLACKRECT` to `SS_WHITEFRAME`, `SS_ETCHEDHORZ` to `SS_ETCHEDFRAME`.
const STATIC_LINES: &[u32] = &[0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x10, 0x11, 0x12];
/// `SS_TYPEMASK`.
const STATIC_TYPE_MASK: u32 = 0x1F;
/// `SS_NOPREFIX`: an ampersand is an ampersand.
const STATIC_NO_PREFIX: u32 = 0x80;
/// `LVS_REPORT` among the two low bits of a list view's style.
const LIST_VIEW_REPORT: u32 = 1;
/// `LVS_TYPEMASK`.
const LIST_VIEW_TYPE_MASK: u32 = 3;

/// `SBS_SIZEBOX | SBS_SIZEGRIP`: scroll bars that are a corner to pull at.
const SIZE_GRIPS: u32 = 0x18;

/// The role of a control.
pub(super) fn role(kind: Kind, style: u32) -> Role {
    match kind {
        Kind::Window => Role::Window,
        Kind::Button => match button_type(style) {
            BS_CHECKBOX | BS_AUTOCHECKBOX | BS_3STATE | BS_AUTO3STATE => Role::CheckBox,
            BS_RADIOBUTTON | BS_AUTORADIOBUTTON => Role::RadioButton,
            BS_GROUPBOX => Role::Group,
            _ => Role::Button,
        },
        Kind::Edit if has(style, ES_MULTILINE) => Role::Document,
        Kind::Edit => Role::Edit,
        Kind::RichEdit => Role::Document,
        Kind::Static if STATIC_PICTURES.contains(&(style & STATIC_TYPE_MASK)) => Role::Image,
        Kind::Static if STATIC_LINES.contains(&(style & STATIC_TYPE_MASK)) => Role::Separator,
        Kind::Static => Role::Text,
        Kind::ListBox => Role::List,
        Kind::ComboBox => Role::ComboBox,
        Kind::ListView if is_report(style) => Role::DataGrid,
        Kind::ListView => Role::List,
        Kind::TreeView => Role::Tree,
        Kind::Tab => Role::Tab,
        Kind::Header => Role::Header,
        Kind::ToolBar => Role::ToolBar,
        Kind::StatusBar => Role::StatusBar,
        Kind::TrackBar => Role::Slider,
        Kind::UpDown => Role::Spinner,
        Kind::Progress => Role::ProgressBar,
        Kind::DatePicker => Role::DateTime,
        Kind::MonthCalendar => Role::Calendar,
        Kind::ScrollBar if style & SIZE_GRIPS != 0 => Role::Thumb,
        Kind::ScrollBar => Role::ScrollBar,
        Kind::Link => Role::Link,
        Kind::PopupMenu => Role::Menu,
        Kind::ToolTip => Role::ToolTip,
        Kind::Bar | Kind::Other => Role::Pane,
    }
}

/// Whether a list view shows a table.
pub(super) fn is_report(style: u32) -> bool {
    style & LIST_VIEW_TYPE_MASK == LIST_VIEW_REPORT
}

/// Whether the button has a check state of its own.
pub(super) fn is_checkable(kind: Kind, style: u32) -> bool {
    kind == Kind::Button && matches!(role(kind, style), Role::CheckBox | Role::RadioButton)
}

/// Whether the control is an edit.
pub(super) fn is_edit(kind: Kind) -> bool {
    matches!(kind, Kind::Edit | Kind::RichEdit)
}

/// Whether an edit holds a secret. Decided before anything is asked of it.
pub(super) fn is_password(kind: Kind, style: u32) -> bool {
    is_edit(kind) && has(style, ES_PASSWORD)
}

/// Whether an edit only shows its text.
pub(super) fn is_read_only(kind: Kind, style: u32) -> bool {
    is_edit(kind) && has(style, ES_READONLY)
}

/// Whether a list box keeps texts. One that draws its items itself answers with numbers that look like texts.
pub(super) fn list_has_texts(style: u32) -> bool {
    let draws = has(style, LBS_OWNERDRAWFIXED) || has(style, LBS_OWNERDRAWVARIABLE) || has(style, LBS_NODATA);
    !draws || has(style, LBS_HASSTRINGS)
}

/// As [`list_has_texts`], for combo boxes.
pub(super) fn combo_has_texts(style: u32) -> bool {
    let draws = has(style, CBS_OWNERDRAWFIXED) || has(style, CBS_OWNERDRAWVARIABLE);
    !draws || has(style, CBS_HASSTRINGS)
}

/// `CBS_SIMPLE`, `CBS_DROPDOWN` and `CBS_DROPDOWNLIST` are numbers in two bits.
const COMBO_TYPE_MASK: i32 = CBS_DROPDOWNLIST;

/// Whether the list of a combo box always shows.
pub(super) fn is_simple_combo(style: u32) -> bool {
    style.cast_signed() & COMBO_TYPE_MASK == CBS_SIMPLE
}

/// A caption as a person reads it: without the mark of the access key.
pub(super) fn caption(kind: Kind, style: u32, text: &str) -> String {
    let marked = match kind {
        Kind::Button => true,
        Kind::Static => style & STATIC_NO_PREFIX == 0,
        _ => false,
    };
    if marked { without_mark(text) } else { text.to_owned() }
}

/// A text without the ampersands that mark access keys; two of them stand for one.
pub(super) fn without_mark(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character == '&' {
            plain.extend(characters.next());
        } else {
            plain.push(character);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_of_toolkits_are_what_they_were_made_from() {
        let none = String::new;
        assert_eq!(kind("edit", none), Kind::Edit);
        assert_eq!(kind("WindowsForms10.SysListView32.app.0.2bf8098_r7_ad1", none), Kind::ListView);
        assert_eq!(kind("TMemo", || "Edit".to_owned()), Kind::Edit);
        assert_eq!(kind("Whatever", none), Kind::Other);
    }

    #[test]
    fn buttons_are_told_apart_by_their_type() {
        let role_of = |style: i32| role(Kind::Button, style.cast_unsigned());
        assert_eq!(role_of(0), Role::Button);
        assert_eq!(role_of(BS_AUTOCHECKBOX), Role::CheckBox);
        assert_eq!(role_of(BS_AUTORADIOBUTTON), Role::RadioButton);
        assert_eq!(role_of(BS_GROUPBOX), Role::Group);
    }

    #[test]
    fn access_keys_are_taken_out_of_captions() {
        assert_eq!(without_mark("Save &as && close"), "Save as & close");
        assert_eq!(without_mark("Fish & chips"), "Fish  chips");
        assert_eq!(without_mark("&"), "");
        assert_eq!(caption(Kind::Static, STATIC_NO_PREFIX, "R&D"), "R&D");
    }

    #[test]
    fn lists_that_draw_their_items_have_no_texts() {
        assert!(list_has_texts(0));
        assert!(!list_has_texts(LBS_OWNERDRAWFIXED.cast_unsigned()));
        assert!(list_has_texts((LBS_OWNERDRAWFIXED | LBS_HASSTRINGS).cast_unsigned()));
    }
}
