//! The primitives that read: trees, properties, facets, bindings, resources, types and objects, told out of the model.

use super::inspector::Inspector;
use super::lock;
use super::model::{FakeElement, FakeModel};
use super::types::{cut, error, full, is_of, not_found, part};
use portcullis_wpf_protocol::*;
use std::collections::VecDeque;

/// Whether a member of this name holds a secret.
pub(super) fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    ["password", "token", "secret"].iter().any(|word| name.contains(word))
}

fn stale() -> WireError {
    error(ErrorCode::StaleHandle, "the element is gone")
}

impl FakeModel {
    /// The element that a request means: the main window when it names none.
    pub(super) fn meant(&self, handle: Option<Handle>) -> Result<(u64, &FakeElement), WireError> {
        let number = handle.map(|handle| handle.0).or_else(|| self.roots.first().copied()).ok_or_else(stale)?;
        self.elements.get(&number).map(|element| (number, element)).ok_or_else(stale)
    }

    fn children(&self, handle: u64, axis: Axis) -> Vec<u64> {
        let Some(element) = self.elements.get(&handle) else { return Vec::new() };
        let part = |number: &u64, bit: u32| self.elements.get(number).is_some_and(|one| one.flags & bit != 0);
        let own = element.handles.iter().copied();
        match axis {
            Axis::Visual => own.filter(|child| self.elements.get(child).is_some_and(|one| one.in_visual)).collect(),
            Axis::Logical => own.filter(|child| !part(child, NodeFlags::TEMPLATE_PART)).collect(),
            Axis::Template => own.filter(|child| part(child, NodeFlags::TEMPLATE_PART)).collect(),
            Axis::Items => own.filter(|child| part(child, NodeFlags::ITEM_CONTAINER)).collect(),
            Axis::Ancestors | Axis::LogicalAncestors => element.parent.into_iter().collect(),
        }
    }
}

fn wanted(element: &FakeElement, find: &Find) -> bool {
    let text = |have: Option<&String>, want: &str| {
        have.is_some_and(|have| {
            let (have, want) = (have.to_lowercase(), want.to_lowercase());
            if find.contains { have.contains(&want) } else { have == want }
        })
    };
    let by_query = |query: &str| {
        text(Some(&element.ty), query)
            || text(element.name.as_ref(), query)
            || text(element.id.as_ref(), query)
            || text(element.text.as_ref(), query)
    };
    let by_property = |name: &str| {
        element.properties.get(name).is_some_and(|property| {
            let shown = property.value.s.clone().or_else(|| property.value.v.as_ref().map(ToString::to_string));
            find.value.as_deref().is_none_or(|value| text(shown.as_ref(), value))
        })
    };
    (find.types.is_empty() || is_of(element, &find.types, find.derived))
        && find.name.as_deref().is_none_or(|name| text(element.name.as_ref(), name))
        && find.automation_id.as_deref().is_none_or(|id| text(element.id.as_ref(), id))
        && find.property.as_deref().is_none_or(by_property)
        && find.query.as_deref().is_none_or(by_query)
}

fn size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

impl Inspector<'_> {
    pub(super) fn roots(&mut self, _: &RootsParams, open: Capabilities) -> RootsResult {
        let model = lock(self.model);
        let titles = open.holds(Capabilities::SENSITIVE_READS);
        let mut roots = Vec::new();
        for (at, handle) in model.roots.iter().enumerate() {
            let Some(element) = model.elements.get(handle) else { continue };
            let title = element.properties.get("Title").and_then(|title| title.value.s.clone());
            roots.push(Root {
                handle: Handle(*handle),
                dispatcher: 1,
                kind: RootKind::Window,
                hwnd: model.window_of(*handle),
                ty: self.types.id(&element.ty),
                title: title.filter(|_| titles),
                is_main: at == 0,
                is_active: at == 0,
                is_visible: element.flags & NodeFlags::VISIBLE != 0,
                is_disabled: false,
                owner: None,
                bounds: element.bounds,
                dpi: 96.0,
            });
        }
        RootsResult { roots, cut: 0, types: self.types.rows() }
    }

    pub(super) fn walk(&mut self, params: &WalkParams) -> Result<WalkResult, WireError> {
        let model = lock(self.model);
        let mut result = WalkResult { nodes: Vec::new(), visited: 0, cut: Vec::new(), types: Vec::new(), within: None };
        let mut starts = Vec::new();
        for handle in &params.from {
            starts.push(model.meant(Some(*handle))?.0);
        }
        if starts.is_empty() {
            starts.push(model.meant(None)?.0);
        }
        if let ([only], Axis::Visual) = (starts.as_slice(), params.axis) {
            result.within = model.within(*only);
        }
        for start in starts {
            // Depth first, as pre-order asks; a search goes level by level so that the near comes first.
            let mut queue = VecDeque::from([(start, None, 0)]);
            while let Some((handle, parent, depth)) =
                if params.find.is_some() { queue.pop_front() } else { queue.pop_back() }
            {
                let Some(element) = model.elements.get(&handle) else { continue };
                if result.visited >= params.visit {
                    note(&mut result.cut, CutReason::Visits);
                    break;
                }
                result.visited += 1;
                let hit = params.find.as_ref().is_none_or(|find| wanted(element, find));
                if hit && result.nodes.len() >= size(params.max) {
                    note(&mut result.cut, CutReason::Nodes);
                    break;
                }
                let children = model.children(handle, params.axis);
                let own = if hit {
                    let up = matches!(params.axis, Axis::Ancestors | Axis::LogicalAncestors);
                    let there = count(model.children(handle, if up { Axis::Visual } else { params.axis }).len());
                    let node = node(&mut self.types, handle, element, params, (parent, depth, there));
                    result.nodes.push(node);
                    Some(count(result.nodes.len() - 1))
                } else {
                    None
                };
                if depth >= params.depth {
                    if !children.is_empty() {
                        note(&mut result.cut, CutReason::Depth);
                        omit(&mut result.nodes, own, children.len());
                    }
                    continue;
                }
                let kept = children.len().min(size(params.max_children));
                if kept < children.len() {
                    note(&mut result.cut, CutReason::Children);
                    omit(&mut result.nodes, own, children.len() - kept);
                }
                let next = children.into_iter().take(kept);
                let link = if params.find.is_some() { None } else { own };
                if params.find.is_some() {
                    queue.extend(next.map(|child| (child, link, depth + 1)));
                } else {
                    queue.extend(next.rev().map(|child| (child, link, depth + 1)));
                }
            }
        }
        drop(model);
        result.types = self.types.rows();
        Ok(result)
    }

    pub(super) fn props(&mut self, params: &PropsParams) -> PropsResult {
        let model = lock(self.model);
        let mut items = Vec::new();
        for item in &params.items {
            let mut rows = PropsRows { handle: item.handle, rows: Vec::new(), missing: Vec::new(), error: None };
            let Some(element) = model.elements.get(&item.handle.0) else {
                rows.error = Some(stale());
                items.push(rows);
                continue;
            };
            let mut names = item.names.clone();
            if let Some(set) = item.set {
                let local = |name: &&String| {
                    set == PropertySet::All
                        || element.properties.get(*name).is_some_and(|known| known.local != LocalKind::Unset)
                };
                names.extend(element.properties.keys().filter(local).cloned());
            }
            for name in names {
                let own = name.rsplit('.').next().unwrap_or(&name).to_owned();
                let Some(known) = element.properties.get(&name).or_else(|| element.properties.get(&own)) else {
                    let candidates = element.properties.keys().take(5).cloned().collect();
                    rows.missing.push(MissingProperty { name, candidates, ambiguous: false });
                    continue;
                };
                let meta = params.meta.then(|| PropertyMeta {
                    default: known.under.clone(),
                    ty: self.types.id(type_of(&known.value)),
                    owner: self.types.id(&element.ty),
                    is_read_only: known.read_only,
                    is_attached: name.contains('.'),
                    coerces: false,
                    notifies: true,
                    affects_measure: name == "Width" || name == "Text",
                    affects_arrange: false,
                    affects_render: true,
                    inherits: name == "DataContext",
                    can_bind: true,
                    binds_two_way: name == "Text",
                });
                rows.rows.push(PropRow {
                    name,
                    value: part(&known.value, params.text_from, params.text),
                    source: known.source.to_owned(),
                    is_expression: !matches!(known.local, LocalKind::Unset | LocalKind::Value),
                    is_animated: false,
                    is_coerced: false,
                    is_current: false,
                    local: (known.local != LocalKind::Unset).then(|| cut(&known.value, params.text)),
                    local_kind: known.local,
                    meta,
                });
            }
            items.push(rows);
        }
        drop(model);
        PropsResult { items, cut: 0, types: self.types.rows() }
    }

    pub(super) fn bindings(&mut self, params: &BindingsParams) -> Result<BindingsResult, WireError> {
        let model = lock(self.model);
        let starts: Vec<u64> = if params.from.is_empty() {
            vec![model.meant(None)?.0]
        } else {
            params
                .from
                .iter()
                .map(|handle| model.meant(Some(*handle)).map(|found| found.0))
                .collect::<Result<_, _>>()?
        };
        let mut result =
            BindingsResult { rows: Vec::new(), visited: 0, cut_visits: false, cut_rows: 0, types: Vec::new() };
        let mut queue: VecDeque<u64> = starts.into();
        while let Some(handle) = queue.pop_front() {
            if result.visited >= params.visit {
                result.cut_visits = true;
                break;
            }
            result.visited += 1;
            let Some(element) = model.elements.get(&handle) else { continue };
            let is_template_part = element.flags & NodeFlags::TEMPLATE_PART != 0;
            for binding in &element.bindings {
                if !(params.names.is_empty() || params.names.contains(&binding.property))
                    || (is_template_part && !params.templates && !params.from.contains(&Handle(handle)))
                {
                    continue;
                }
                if result.rows.len() >= size(params.max) {
                    result.cut_rows += 1;
                    continue;
                }
                let known = element.properties.get(&binding.property);
                let value = known.map_or(Val::of(ValKind::Null), |known| cut(&known.value, params.text));
                let names: Vec<&str> = binding.path.split('.').collect();
                let end = binding.end_type.map(|ty| self.types.id(ty));
                let last = names.len() - 1;
                let step = |(at, name): (usize, &&str)| PathStep {
                    name: (*name).to_owned(),
                    ty: end.filter(|_| at == last),
                    value: (params.resolve && at == last && end.is_some()).then(|| value.clone()),
                    ok: end.is_some() || at < last,
                };
                let steps = names.iter().enumerate().map(step).collect();
                let context = model.context(handle).and_then(|(object, _)| model.objects.get(&object));
                result.rows.push(BindingRow {
                    handle: Handle(handle),
                    ty: self.types.id(&element.ty),
                    name: element.name.clone(),
                    is_template_part,
                    property: binding.property.clone(),
                    property_ty: self.types.id(known.map_or("Object", |known| type_of(&known.value))),
                    kind: "Binding".to_owned(),
                    path: Some(binding.path.clone()),
                    mode: "TwoWay".to_owned(),
                    trigger: "LostFocus".to_owned(),
                    status: binding.status.to_owned(),
                    has_error: !element.errors.is_empty(),
                    converter: None,
                    format: None,
                    fallback: None,
                    null_value: None,
                    source: binding.source,
                    source_text: None,
                    source_ty: context.map(|object| self.types.id(&object.ty)),
                    source_handle: None,
                    steps,
                    value,
                    parts: Vec::new(),
                });
            }
            if params.recursive {
                queue.extend(element.handles.iter().copied());
            }
        }
        drop(model);
        result.types = self.types.rows();
        Ok(result)
    }

    pub(super) fn resource(&mut self, params: &ResourceParams) -> ResourceResult {
        let model = lock(self.model);
        let mut rows: Vec<ResourceRow> = Vec::new();
        let mut at = model.meant(params.from).ok().map(|found| found.0);
        let mut searched = 1;
        let mut levels = Vec::new();
        while let Some(handle) = at {
            levels.push(Some(handle));
            at = model.elements.get(&handle).and_then(|element| element.parent);
        }
        levels.push(None);
        for level in levels {
            searched += 1;
            for (_, _, value) in model.resources.iter().filter(|(key, of, _)| *key == params.key && *of == level) {
                let element = level.and_then(|handle| model.elements.get(&handle));
                rows.push(ResourceRow {
                    level: if level.is_some() { ResourceLevel::Element } else { ResourceLevel::Application },
                    handle: level.map(Handle),
                    ty: element.map(|element| self.types.id(&element.ty)),
                    name: element.and_then(|element| element.name.clone()),
                    uri: None,
                    merged: 0,
                    value: cut(value, params.text),
                    wins: rows.is_empty(),
                });
            }
        }
        let candidates = model.resources.iter().map(|(key, ..)| key.clone()).take(5).collect();
        drop(model);
        ResourceResult { rows, searched, candidates, types: self.types.rows() }
    }

    pub(super) fn describe(&mut self, params: &DescribeParams) -> DescribeResult {
        let model = lock(self.model);
        let mut items = Vec::new();
        for handle in &params.handles {
            let event = |name: &str, strategy: &str| EventRow {
                name: name.to_owned(),
                owner: "UIElement".to_owned(),
                strategy: strategy.to_owned(),
            };
            items.push(model.elements.get(&handle.0).map(|element| TypeFacts {
                ty: self.types.id(&element.ty),
                assembly: "PresentationFramework 4.0.0.0".to_owned(),
                bases: element.bases.clone(),
                properties: element.properties.keys().filter(|_| params.properties).cloned().collect(),
                events: if params.events {
                    vec![event("Click", "Bubble"), event("MouseDown", "Bubble"), event("PreviewMouseDown", "Tunnel")]
                } else {
                    Vec::new()
                },
            }));
        }
        drop(model);
        DescribeResult { items, types: self.types.rows() }
    }

    pub(super) fn object(&mut self, params: &ObjectParams) -> Result<ObjectResult, WireError> {
        let model = lock(self.model);
        let number = object_of(&model, &params.object)?;
        let object = model.objects.get(&number).ok_or_else(stale)?;
        let mut result = ObjectResult {
            value: Val { s: Some(full(&object.ty)), h: Some(Handle(number)), ..Val::of(ValKind::Object) },
            ty: Some(self.types.id(&object.ty)),
            notifies: true,
            tells_errors: false,
            members: Vec::new(),
            cut: 0,
            missing: params.members.iter().filter(|name| !object.members.contains_key(*name)).cloned().collect(),
            count: None,
            items: Vec::new(),
            types: Vec::new(),
        };
        for (name, member) in &object.members {
            let named = params.members.is_empty() || params.members.contains(name);
            if !named || (params.commands && member.command.is_none()) {
                continue;
            }
            if result.members.len() >= size(params.max) {
                result.cut += 1;
                continue;
            }
            let value = if is_secret(name) { Val::of(ValKind::Redacted) } else { cut(&member.value, params.text) };
            result.members.push(MemberRow {
                name: name.clone(),
                ty: self.types.id(member.ty),
                can_read: true,
                can_write: member.can_write,
                value,
                is_command: member.command.is_some(),
                can_execute: member.command,
                slow_ms: None,
            });
        }
        drop(model);
        result.types = self.types.rows();
        Ok(result)
    }
}

/// The object that a request means.
pub(super) fn object_of(model: &FakeModel, object: &ObjectRef) -> Result<u64, WireError> {
    let none = || not_found("data context", Vec::new());
    let mut number = match object.handle {
        Some(handle) if !object.data_context => handle.0,
        handle => {
            let (element, _) = model.meant(handle)?;
            model.context(element).ok_or_else(none)?.0
        }
    };
    for name in &object.path {
        let member = model.objects.get(&number).and_then(|object| object.members.get(name)).ok_or_else(none)?;
        number = member.value.h.ok_or_else(none)?.0;
    }
    Ok(number)
}

fn note(all: &mut Vec<CutReason>, reason: CutReason) {
    if !all.contains(&reason) {
        all.push(reason);
    }
}

fn omit(nodes: &mut [Node], at: Option<u32>, children: usize) {
    if let Some(node) = at.and_then(|at| nodes.get_mut(size(at))) {
        node.omitted = count(children);
    }
}

/// The name of the type of a value.
pub(super) fn type_of(value: &Val) -> &'static str {
    match value.k {
        ValKind::Bool => "Boolean",
        ValKind::Int => "Int32",
        ValKind::Float => "Double",
        ValKind::String => "String",
        ValKind::Enum => "Visibility",
        ValKind::Brush => "Brush",
        ValKind::Thickness => "Thickness",
        _ => "Object",
    }
}

fn node(
    types: &mut super::types::Types,
    handle: u64,
    element: &FakeElement,
    params: &WalkParams,
    (parent, depth, children): (Option<u32>, u32, u32),
) -> Node {
    let tells = |field| params.fields.contains(&field);
    let shown = |text: &Option<String>| text.as_ref().map(|text| text.chars().take(size(params.text)).collect());
    let value = |name: &String| {
        let own = name.rsplit('.').next().unwrap_or(name);
        element.properties.get(own).map(|known| cut(&known.value, params.text))
    };
    let secret = element.flags & NodeFlags::SECRET != 0;
    Node {
        handle: Some(Handle(handle)),
        parent,
        depth,
        ty: types.id(&element.ty),
        children,
        omitted: 0,
        name: element.name.clone().filter(|_| tells(NodeField::Names)),
        automation_id: element.id.clone().filter(|_| tells(NodeField::Names)),
        automation_name: None,
        flags: if tells(NodeField::Flags) { element.flags } else { 0 },
        bounds: tells(NodeField::Bounds).then_some(element.bounds),
        text: if tells(NodeField::Text) && !secret { shown(&element.text) } else { None },
        values: params.props.iter().map(value).collect(),
    }
}
