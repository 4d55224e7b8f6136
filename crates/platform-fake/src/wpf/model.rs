//! A WPF application in memory, as a test makes it and looks at it: elements, their properties, what lies behind them, and
//! what happened. It is the truth that answers are compared with; how an inspector tells it is beside this module.

use portcullis_wpf_protocol::{
    BindingSource, EventKind, HandlerRow, LocalKind, NodeFlags, StyleRow, TriggerRow, Val, ValKind, ValidationRow,
    Within,
};
use std::collections::BTreeMap;

/// One dependency property of one element.
#[derive(Clone, Debug)]
pub struct FakeProperty {
    /// The value in force.
    pub value: Val,
    /// Where it comes from.
    pub source: &'static str,
    /// What the local value is.
    pub local: LocalKind,
    /// What is in force without a local value.
    pub under: Val,
    /// Whether it cannot be written.
    pub read_only: bool,
}

/// One binding of an element's property.
#[derive(Clone, Debug)]
pub struct FakeBinding {
    /// The property.
    pub property: String,
    /// The path.
    pub path: String,
    /// `BindingStatus`.
    pub status: &'static str,
    /// Where it takes its source from.
    pub source: BindingSource,
    /// The type of what the path leads to; none where it leads nowhere.
    pub end_type: Option<&'static str>,
}

/// One member of an object behind an element.
#[derive(Clone, Debug)]
pub struct FakeMember {
    /// Its value.
    pub value: Val,
    /// The name of its type.
    pub ty: &'static str,
    /// Whether it can be written.
    pub can_write: bool,
    /// `CanExecute` of a command; none for what is no command.
    pub command: Option<bool>,
}

/// An object behind elements.
#[derive(Clone, Debug, Default)]
pub struct FakeObject {
    /// The name of its type.
    pub ty: String,
    /// Its members.
    pub members: BTreeMap<String, FakeMember>,
}

impl FakeObject {
    /// An object of this type.
    pub fn new(ty: &str) -> Self {
        Self { ty: ty.to_owned(), members: BTreeMap::new() }
    }

    /// With a member that is a text.
    #[must_use]
    pub fn text(mut self, name: &str, value: &str) -> Self {
        let member = FakeMember { value: Val::text(value), ty: "String", can_write: true, command: None };
        self.members.insert(name.to_owned(), member);
        self
    }

    /// With a command.
    #[must_use]
    pub fn command(mut self, name: &str, can_execute: bool) -> Self {
        let value = Val::of(ValKind::Object);
        let member = FakeMember { value, ty: "RelayCommand", can_write: false, command: Some(can_execute) };
        self.members.insert(name.to_owned(), member);
        self
    }
}

/// One element, with what is in it until it is added to a model.
#[derive(Clone, Debug)]
pub struct FakeElement {
    pub(super) ty: String,
    pub(super) bases: Vec<String>,
    pub(super) name: Option<String>,
    pub(super) id: Option<String>,
    pub(super) text: Option<String>,
    pub(super) flags: u32,
    /// In its window: x, y, width, height.
    pub(super) bounds: [f64; 4],
    pub(super) properties: BTreeMap<String, FakeProperty>,
    pub(super) bindings: Vec<FakeBinding>,
    pub(super) errors: Vec<ValidationRow>,
    pub(super) handlers: Vec<(String, HandlerRow)>,
    pub(super) styles: Vec<StyleRow>,
    pub(super) triggers: Vec<TriggerRow>,
    pub(super) command: Option<String>,
    pub(super) patterns: Vec<&'static str>,
    pub(super) context: Option<u64>,
    pub(super) in_visual: bool,
    pub(super) parent: Option<u64>,
    pub(super) handles: Vec<u64>,
    children: Vec<FakeElement>,
}

impl FakeElement {
    /// A visible, enabled element of this type of `System.Windows.Controls`.
    pub fn new(ty: &str) -> Self {
        let flags =
            [NodeFlags::VISIBLE, NodeFlags::ENABLED, NodeFlags::LOADED, NodeFlags::FOCUSABLE, NodeFlags::HIT_TEST];
        let bases = ["System.Windows.Controls.Control", "System.Windows.FrameworkElement", "System.Windows.UIElement"];
        let properties = [
            ("Visibility", Val { v: Some(0.into()), s: Some("Visible".to_owned()), ..Val::of(ValKind::Enum) }),
            ("IsEnabled", Val { v: Some(true.into()), ..Val::of(ValKind::Bool) }),
            ("Opacity", Val { v: Some(1.0.into()), ..Val::of(ValKind::Float) }),
        ];
        let element = Self {
            ty: ty.to_owned(),
            bases: bases.map(str::to_owned).to_vec(),
            name: None,
            id: None,
            text: None,
            flags: flags.into_iter().fold(0, |all, one| all | one),
            bounds: [0.0, 0.0, 100.0, 20.0],
            properties: BTreeMap::new(),
            bindings: Vec::new(),
            errors: Vec::new(),
            handlers: Vec::new(),
            styles: Vec::new(),
            triggers: Vec::new(),
            command: None,
            patterns: Vec::new(),
            context: None,
            in_visual: true,
            parent: None,
            handles: Vec::new(),
            children: Vec::new(),
        };
        properties.into_iter().fold(element, |element, (name, value)| element.property(name, value, "Default"))
    }

    /// With an `x:Name`.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// With an automation id.
    #[must_use]
    pub fn id(mut self, id: &str) -> Self {
        self.id = Some(id.to_owned());
        self
    }

    /// That shows a text, which is also its `Text` or `Content`.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        self.text = Some(text.to_owned());
        let name = if matches!(self.ty.as_str(), "TextBox" | "TextBlock") { "Text" } else { "Content" };
        self.property(name, Val::text(text), "Local")
    }

    /// With a property whose value comes from `source`.
    #[must_use]
    pub fn property(mut self, name: &str, value: Val, source: &'static str) -> Self {
        let local = if source == "Local" { LocalKind::Value } else { LocalKind::Unset };
        let under = if local == LocalKind::Value { Val::of(ValKind::Null) } else { value.clone() };
        self.properties.insert(name.to_owned(), FakeProperty { value, source, local, under, read_only: false });
        self
    }

    /// That lies there in its window: x, y, width, height.
    #[must_use]
    pub fn at(mut self, bounds: [f64; 4]) -> Self {
        self.bounds = bounds;
        self
    }

    /// Without these flags of a node.
    #[must_use]
    pub fn without(mut self, flags: u32) -> Self {
        self.flags &= !flags;
        if flags & NodeFlags::ENABLED != 0 {
            let value = Val { v: Some(false.into()), ..Val::of(ValKind::Bool) };
            return self.property("IsEnabled", value, "Local");
        }
        if flags & NodeFlags::VISIBLE != 0 {
            let value = Val { v: Some(2.into()), s: Some("Collapsed".to_owned()), ..Val::of(ValKind::Enum) };
            return self.property("Visibility", value, "Local");
        }
        self
    }

    /// With these flags of a node.
    #[must_use]
    pub fn with(mut self, flags: u32) -> Self {
        self.flags |= flags;
        self
    }

    /// With a binding, whose value is in force at the property.
    #[must_use]
    pub fn bound(self, binding: FakeBinding, value: Val) -> Self {
        let property = binding.property.clone();
        let mut element = self.property(&property, value, "Local");
        if let Some(found) = element.properties.get_mut(&property) {
            found.local = LocalKind::Binding;
        }
        element.bindings.push(binding);
        element
    }

    /// With an error of validation.
    #[must_use]
    pub fn invalid(mut self, property: &str, content: &str) -> Self {
        self.errors.push(ValidationRow {
            content: Val::text(content),
            rule: Some("DataErrorValidationRule".to_owned()),
            is_rule_error: false,
            path: None,
            property: Some(property.to_owned()),
            exception: None,
        });
        self
    }

    /// With a handler of a routed event.
    #[must_use]
    pub fn handles(mut self, event: &str, handler: HandlerRow) -> Self {
        self.handlers.push((event.to_owned(), handler));
        self
    }

    /// With a style.
    #[must_use]
    pub fn style(mut self, style: StyleRow) -> Self {
        self.styles.push(style);
        self
    }

    /// With a trigger.
    #[must_use]
    pub fn trigger(mut self, trigger: TriggerRow) -> Self {
        self.triggers.push(trigger);
        self
    }

    /// With the command of this name of its data context.
    #[must_use]
    pub fn command(mut self, name: &str) -> Self {
        self.command = Some(name.to_owned());
        self
    }

    /// With patterns of its automation peer.
    #[must_use]
    pub fn patterns(mut self, patterns: &[&'static str]) -> Self {
        self.patterns.extend(patterns);
        self
    }

    /// With a data context: the number of an object of the model.
    #[must_use]
    pub fn context(mut self, object: u64) -> Self {
        self.context = Some(object);
        self
    }

    /// That is in the logical tree alone.
    #[must_use]
    pub fn logical_only(mut self) -> Self {
        self.in_visual = false;
        self
    }

    /// With another element in it.
    #[must_use]
    pub fn child(mut self, child: Self) -> Self {
        self.children.push(child);
        self
    }
}

/// Something that happened in the application.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) kind: EventKind,
    pub(super) handle: Option<u64>,
    pub(super) name: String,
    pub(super) value: Option<Val>,
    pub(super) detail: Option<String>,
    pub(super) flag: Option<bool>,
}

/// What an application consists of.
#[derive(Clone, Debug, Default)]
pub struct FakeModel {
    pub(super) elements: BTreeMap<u64, FakeElement>,
    pub(super) roots: Vec<u64>,
    pub(super) objects: BTreeMap<u64, FakeObject>,
    /// Dictionary entries by key, each with the element that has it; none for the application's.
    pub(super) resources: Vec<(String, Option<u64>, Val)>,
    pub(super) focus: Option<u64>,
    /// The windows of the desktop that show roots.
    pub(super) windows: BTreeMap<u64, u64>,
    pub(super) changes: Vec<Change>,
    journal: Vec<String>,
    next: u64,
    /// Whether its thread does not answer.
    pub hung: bool,
    /// Requests that reached it, those included that wait for its thread.
    pub asked: u64,
    /// Bindings that leak, told by type and property.
    pub leaks: Vec<(String, String, u32, u32)>,
}

impl FakeModel {
    fn number(&mut self) -> u64 {
        self.next += 1;
        0x1000 + self.next
    }

    /// Adds an object that elements may have as their data context.
    pub fn object(&mut self, object: FakeObject) -> u64 {
        let number = self.number();
        self.objects.insert(number, object);
        number
    }

    /// Opens a window with all that is in it.
    pub fn open(&mut self, window: FakeElement) -> u64 {
        let root = self.add(window, None);
        self.roots.push(root);
        root
    }

    /// Says which window of the desktop shows the first root.
    pub fn show_in(&mut self, window: u64) {
        self.windows.extend(self.roots.first().map(|root| (*root, window)));
    }

    /// The window of the desktop that shows a root; one that no desktop has for one of which nothing was said.
    pub(super) fn window_of(&self, root: u64) -> u64 {
        self.windows.get(&root).copied().unwrap_or(root)
    }

    /// The window that shows an element.
    pub(super) fn within(&self, handle: u64) -> Option<Within> {
        let above = |handle: &u64| self.elements.get(handle)?.parent;
        let top = std::iter::successors(Some(handle), above).last()?;
        let hwnd = self.window_of(top);
        self.roots.contains(&top).then_some(Within { hwnd, is_root: top == handle })
    }

    /// Adds an element to another.
    pub fn add(&mut self, mut element: FakeElement, parent: Option<u64>) -> u64 {
        let handle = self.number();
        element.parent = parent;
        let children = std::mem::take(&mut element.children);
        self.elements.insert(handle, element);
        if let Some(above) = parent.and_then(|parent| self.elements.get_mut(&parent)) {
            above.handles.push(handle);
        }
        for child in children {
            self.add(child, Some(handle));
        }
        handle
    }

    /// Takes an element away with all that is in it.
    pub fn remove(&mut self, handle: u64) {
        let Some(gone) = self.elements.remove(&handle) else { return };
        self.roots.retain(|root| *root != handle);
        if let Some(above) = gone.parent.and_then(|parent| self.elements.get_mut(&parent)) {
            above.handles.retain(|child| *child != handle);
        }
        for child in gone.handles {
            self.remove(child);
        }
    }

    /// Adds a resource, of an element or of the application.
    pub fn resource(&mut self, key: &str, of: Option<u64>, value: Val) {
        self.resources.push((key.to_owned(), of, value));
    }

    /// The element of this name.
    pub fn named(&self, name: &str) -> Option<u64> {
        let found = self.elements.iter().find(|(_, element)| element.name.as_deref() == Some(name));
        found.map(|(handle, _)| *handle)
    }

    /// The property of an element as it is.
    pub fn property(&self, handle: u64, name: &str) -> Option<&FakeProperty> {
        self.elements.get(&handle)?.properties.get(name)
    }

    /// The member of an object as it is.
    pub fn member(&self, object: u64, name: &str) -> Option<&Val> {
        Some(&self.objects.get(&object)?.members.get(name)?.value)
    }

    /// Sets a property, as the application might, and tells it.
    pub fn set(&mut self, handle: u64, name: &str, value: Val, source: &'static str, local: LocalKind) {
        let Some(element) = self.elements.get_mut(&handle) else { return };
        let under = element.properties.get(name).map_or(Val::of(ValKind::Null), |known| known.under.clone());
        let property = FakeProperty { value: value.clone(), source, local, under, read_only: false };
        element.properties.insert(name.to_owned(), property);
        if matches!(name, "Text" | "Content") {
            element.text.clone_from(&value.s);
        }
        let detail = Some(source.to_owned());
        let value = Some(value);
        let name = name.to_owned();
        self.tell(Change { kind: EventKind::Property, handle: Some(handle), name, value, detail, flag: None });
    }

    /// Sets a member of an object, as the application might.
    pub fn set_member(&mut self, object: u64, name: &str, value: Val) {
        if let Some(member) = self.objects.get_mut(&object).and_then(|object| object.members.get_mut(name)) {
            member.value = value;
        }
    }

    /// Lets a binding fail, and tells it.
    pub fn fail_binding(&mut self, handle: u64, path: &str) {
        self.tell(Change {
            kind: EventKind::Binding,
            handle: Some(handle),
            name: "Text".to_owned(),
            value: Some(Val::text(path)),
            detail: Some("PathError".to_owned()),
            flag: None,
        });
    }

    /// Raises a routed event at an element.
    pub fn raise(&mut self, handle: u64, event: &str) {
        let detail = Some("Bubble".to_owned());
        let name = event.to_owned();
        self.note(format!("raised {event} at {handle:x}"));
        self.tell(Change {
            kind: EventKind::Routed,
            handle: Some(handle),
            name,
            value: None,
            detail,
            flag: Some(false),
        });
    }

    pub(super) fn tell(&mut self, change: Change) {
        self.changes.push(change);
    }

    pub(super) fn note(&mut self, line: String) {
        self.journal.push(line);
    }

    /// What was done to it, a line each.
    pub fn journal(&self) -> &[String] {
        &self.journal
    }

    /// The data context that is in force at an element, and whether it is an inherited one.
    pub(super) fn context(&self, handle: u64) -> Option<(u64, bool)> {
        let mut at = Some(handle);
        while let Some(number) = at {
            let element = self.elements.get(&number)?;
            if let Some(object) = element.context {
                return Some((object, number != handle));
            }
            at = element.parent;
        }
        None
    }

    /// Everything that a call could change, as a text that is only compared.
    pub fn facts(&self) -> String {
        let elements = self.elements.iter().map(|(handle, element)| {
            let values =
                element.properties.iter().map(|(name, known)| format!("{name}={:?}{:?}", known.value, known.local));
            format!("{handle:x} {}", values.collect::<Vec<_>>().join(","))
        });
        format!("{} {:?} {:?} {:?}", elements.collect::<Vec<_>>().join(";"), self.objects, self.focus, self.journal)
    }
}
