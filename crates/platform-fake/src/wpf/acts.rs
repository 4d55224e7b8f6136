//! The primitives that act, write, keep and listen, on the model.

use super::inspector::{Inspector, Kept, Subscription};
use super::lock;
use super::model::FakeModel;
use super::reads::{is_secret, object_of, type_of};
use super::types::{convert, cut, error, not_found};
use portcullis_wpf_protocol::*;

/// The events that every element has.
const EVENTS: [&str; 3] = ["Click", "MouseDown", "PreviewMouseDown"];

impl Inspector<'_> {
    pub(super) fn capture(&mut self, params: &CaptureParams) -> CaptureResult {
        let shared = self.model;
        let model = lock(shared);
        let mut tokens = Vec::new();
        let missing = || Some(not_found("property", Vec::new()));
        let blank = |handle: Handle, name: &str, is_member: bool| TokenRow {
            token: None,
            handle: Some(handle),
            name: Some(name.to_owned()),
            is_member,
            local_kind: LocalKind::Unset,
            value: Val::of(ValKind::Unset),
            source: None,
            restorable: false,
            error: None,
        };
        for item in &params.items {
            for name in &item.names {
                let mut row = blank(item.handle, name, false);
                match model.property(item.handle.0, name) {
                    None => row.error = missing(),
                    Some(known) => {
                        row.token = Some(self.keep(Kept::Property(item.handle.0, name.clone(), known.clone())));
                        row.local_kind = known.local;
                        row.value = cut(&known.value, params.text);
                        row.source = Some(known.source.to_owned());
                        row.restorable = !known.read_only;
                    }
                }
                tokens.push(row);
            }
        }
        for object in &params.objects {
            let found = object_of(&model, &object.object);
            for name in &object.members {
                let mut row = blank(found.as_ref().map_or(Handle(0), |number| Handle(*number)), name, true);
                match &found {
                    Err(fault) => row.error = Some(fault.clone()),
                    Ok(number) => match model.member(*number, name) {
                        None => row.error = missing(),
                        Some(value) => {
                            row.token = Some(self.keep(Kept::Member(*number, name.clone(), value.clone())));
                            row.value = cut(value, params.text);
                            row.restorable = true;
                        }
                    },
                }
                tokens.push(row);
            }
        }
        if let Some(of) = params.focus_of {
            let token = self.keep(Kept::Focus(model.focus));
            let handle = model.focus.map(Handle);
            tokens.push(TokenRow { token: Some(token), handle, name: None, restorable: true, ..blank(of, "", false) });
        }
        for token in &params.forget {
            self.tokens.remove(token);
        }
        drop(model);
        CaptureResult { tokens, types: self.types.rows() }
    }

    fn keep(&mut self, kept: Kept) -> u64 {
        let token = self.tokens.keys().next_back().copied().unwrap_or(100).saturating_add(1);
        self.tokens.insert(token, kept);
        token
    }

    pub(super) fn write(&mut self, params: &WriteParams) -> WriteResult {
        let mut rows = Vec::new();
        for op in &params.ops {
            let row = self.write_one(op, params).unwrap_or_else(|error| WriteRow { error: Some(error), ..empty_row() });
            let failed = !row.done;
            rows.push(row);
            if failed && params.stop_on_error {
                break;
            }
        }
        WriteResult { rows, types: self.types.rows() }
    }

    fn write_one(&mut self, op: &WriteOp, params: &WriteParams) -> Result<WriteRow, WireError> {
        let shared = self.model;
        let mut model = lock(shared);
        let name = op.name.clone().unwrap_or_default();
        let mut row = WriteRow { done: true, ..empty_row() };
        if op.kind == WriteKind::Restore {
            let token = op.token.unwrap_or_default();
            let kept = self.tokens.get(&token).cloned();
            row.same_object = Some(true);
            match kept.ok_or_else(|| not_found("token", Vec::new()))? {
                Kept::Property(handle, name, known) => {
                    model.meant(Some(Handle(handle)))?;
                    row.before = model.property(handle, &name).map(|now| cut(&now.value, params.text));
                    row.after = Some(cut(&known.value, params.text));
                    row.after_source = Some(known.source.to_owned());
                    row.after_kind = Some(known.local);
                    model.set(handle, &name, known.value, known.source, known.local);
                }
                Kept::Member(object, name, value) => {
                    row.before = model.member(object, &name).map(|now| cut(now, params.text));
                    row.after = Some(cut(&value, params.text));
                    model.set_member(object, &name, value);
                }
                Kept::Focus(focus) => model.focus = focus,
            }
            return Ok(row);
        }
        let value = op.value.clone().unwrap_or_default();
        if op.kind == WriteKind::SetMember {
            let reference =
                op.object.clone().unwrap_or(ObjectRef { handle: None, data_context: true, path: Vec::new() });
            let number = object_of(&model, &reference)?;
            let object = model.objects.get(&number).ok_or_else(|| not_found("object", Vec::new()))?;
            let names = object.members.keys().take(5).cloned().collect();
            let member = object.members.get(&name).ok_or_else(|| not_found("member", names))?.clone();
            if is_secret(&name) {
                return Err(error(ErrorCode::Secret, "the member is a secret"));
            }
            if !member.can_write {
                return Err(error(ErrorCode::ReadOnly, "the member cannot be written"));
            }
            let new = convert(&value.json.unwrap_or_default(), &member.value)?;
            row.before = Some(cut(&member.value, params.text));
            row.after = Some(cut(&new, params.text));
            row.ty = Some(self.types.id(member.ty));
            row.object_ty = Some(self.types.id(&object.ty));
            row.notifies = Some(true);
            row.token = params.keep.then(|| self.keep(Kept::Member(number, name.clone(), member.value.clone())));
            model.note(format!("set member {name}"));
            model.set_member(number, &name, new);
            return Ok(row);
        }
        let (handle, element) = model.meant(op.handle)?;
        let candidates = element.properties.keys().take(5).cloned().collect();
        let own = name.rsplit('.').next().unwrap_or(&name).to_owned();
        let known = element.properties.get(&own).ok_or_else(|| not_found("property", candidates))?.clone();
        if known.read_only {
            return Err(error(ErrorCode::ReadOnly, "the property cannot be written"));
        }
        if matches!(op.kind, WriteKind::UpdateSource | WriteKind::UpdateTarget) {
            if known.local != LocalKind::Binding {
                return Err(not_found("binding", Vec::new()));
            }
            model.note(format!("updated {own}"));
            return Ok(row);
        }
        row.before = Some(cut(&known.value, params.text));
        row.before_source = Some(known.source.to_owned());
        row.before_kind = Some(known.local);
        row.before_local = (known.local == LocalKind::Value).then(|| cut(&known.value, params.text));
        row.ty = Some(self.types.id(type_of(&known.value)));
        let (new, source, local) = match op.kind {
            WriteKind::Clear => (known.under.clone(), "Default", LocalKind::Unset),
            WriteKind::SetCurrent => {
                (convert(&value.json.unwrap_or_default(), &known.value)?, known.source, known.local)
            }
            _ => (convert(&value.json.unwrap_or_default(), &known.value)?, "Local", LocalKind::Value),
        };
        row.after = Some(cut(&new, params.text));
        row.after_source = Some(source.to_owned());
        row.after_kind = Some(local);
        row.token = params.keep.then(|| self.keep(Kept::Property(handle, own.clone(), known.clone())));
        model.note(format!("wrote {own}"));
        model.set(handle, &own, new, source, local);
        Ok(row)
    }

    pub(super) fn act(&mut self, params: &ActParams) -> Result<ActResult, WireError> {
        let shared = self.model;
        let mut model = lock(shared);
        let (handle, element) = model.meant(params.handle)?;
        let ty = element.ty.clone();
        let enabled = element.flags & NodeFlags::ENABLED != 0;
        let command = element.command.clone();
        if !enabled && params.kind != ActKind::ScrollIntoView {
            let data = Some(serde_json::json!({ "blockers": ["ElementDisabled"] }));
            let message = "the element takes no input".to_owned();
            return Err(WireError { code: ErrorCode::NotReady, message, data });
        }
        let focus_before = model.focus;
        let mut effects = Vec::new();
        let name = params.name.clone().unwrap_or_default();
        let used = match params.kind {
            ActKind::Click => {
                if !["Button", "CheckBox", "TabItem", "MenuItem", "ListBoxItem"].contains(&ty.as_str()) {
                    return Err(error(ErrorCode::WrongKind, "a click means nothing to this element"));
                }
                model.raise(handle, "Click");
                if let Some(command) = command {
                    model.note(format!("executed {command}"));
                }
                "OnClick"
            }
            ActKind::Focus => {
                model.focus = Some(handle);
                "Focus"
            }
            ActKind::ScrollIntoView => "BringIntoView",
            ActKind::Key => {
                model.note(format!("key {name}"));
                "InputManager"
            }
            ActKind::Text | ActKind::SetText => {
                let text = Val::text(params.text.clone().unwrap_or_default());
                model.set(handle, "Text", text, "Local", LocalKind::Value);
                "ValuePattern"
            }
            ActKind::Raise => {
                if !EVENTS.contains(&name.as_str()) {
                    return Err(not_found("event", EVENTS.map(str::to_owned).to_vec()));
                }
                model.raise(handle, &name);
                "RaiseEvent"
            }
            ActKind::Drag => {
                let target = model.meant(params.target)?.0;
                model.note(format!("dragged {handle:x} to {target:x}"));
                "DragEvents"
            }
            ActKind::Command => {
                let number = object_of(&model, &ObjectRef { handle: params.handle, data_context: true, path: vec![] })?;
                let member = model.objects.get(&number).and_then(|object| object.members.get(&name));
                let can = member.and_then(|member| member.command).ok_or_else(|| not_found("command", Vec::new()))?;
                effects.push(ActEffect { name: "canExecute".to_owned(), before: Some(can), after: Some(can) });
                if can {
                    model.note(format!("executed {name}"));
                }
                "Execute"
            }
            _ => return Err(error(ErrorCode::Unsupported, "the fake does not do this")),
        };
        let focus_after = model.focus;
        let focus_ty = focus_after.and_then(|number| model.elements.get(&number)).map(|found| found.ty.clone());
        drop(model);
        Ok(ActResult {
            state: ActState::Done,
            op: None,
            used: used.to_owned(),
            ty: self.types.id(&ty),
            target_ty: None,
            item: None,
            focus_before: focus_before.map(Handle),
            focus_after: focus_after.map(Handle),
            focus_ty: focus_ty.map(|ty| self.types.id(&ty)),
            roots_new: Vec::new(),
            roots_gone: 0,
            effects,
            types: self.types.rows(),
        })
    }

    pub(super) fn layout(&mut self, params: &LayoutParams) -> Result<LayoutResult, WireError> {
        let mut model = lock(self.model);
        let ty = model.meant(params.handle)?.1.ty.clone();
        model.note("laid out".to_owned());
        drop(model);
        let ms = (0..params.repeat.clamp(1, LayoutParams::REPEAT_CAP)).map(|_| 1.5).collect();
        let ty = self.types.id(&ty);
        Ok(LayoutResult { ty, ms, measure_valid: true, arrange_valid: true, types: self.types.rows() })
    }

    pub(super) fn render(&mut self, params: &RenderParams) -> Result<(RenderResult, Vec<u8>), WireError> {
        let shared = self.model;
        let model = lock(shared);
        let (_, element) = model.meant(params.handle)?;
        let [.., width, height] = element.bounds;
        let scale = params.scale.unwrap_or(1.0);
        let pixels = |units: f64| format!("{:.0}", (units * scale).max(1.0)).parse::<u32>().unwrap_or(1);
        let (across, down) = (pixels(width), pixels(height));
        let count = usize::try_from(u64::from(across) * u64::from(down) * 4).unwrap_or(0);
        let bytes = if params.size_only {
            Vec::new()
        } else {
            [0x20, 0x40, 0x80, 0xFF].into_iter().cycle().take(count).collect()
        };
        let result = RenderResult {
            ty: self.types.id(&element.ty),
            width: across,
            height: down,
            size: [width, height],
            bounds: Some(element.bounds),
            airspace: 0,
            has_popups: false,
            covered: 0,
            types: self.types.rows(),
        };
        Ok((result, bytes))
    }

    pub(super) fn adorn(&mut self, params: &AdornParams) -> Result<AdornResult, WireError> {
        let ty = match params.handle {
            Some(_) => Some(lock(self.model).meant(params.handle)?.1.ty.clone()),
            None => None,
        };
        self.marks = if ty.is_some() { self.marks.saturating_add(1) } else { 0 };
        lock(self.model).note(format!("marked {}", self.marks));
        let surface = ty.as_ref().map(|_| "adorner".to_owned());
        let ty = ty.map(|ty| self.types.id(&ty));
        Ok(AdornResult { surface, ty, marks: self.marks, types: self.types.rows() })
    }

    pub(super) fn subscribe(&mut self, params: SubscribeParams) -> Result<SubscribeResult, WireError> {
        // What happened before belongs to nobody who comes now.
        self.collect();
        if self.subscriptions.len() >= SubscribeParams::SESSION_CAP {
            return Err(error(ErrorCode::Full, "too many subscriptions"));
        }
        let model = lock(self.model);
        let (handle, element) = model.meant(params.handle)?;
        let mut values = Vec::new();
        let mut sources = Vec::new();
        if params.kind == EventKind::Property {
            for name in &params.names {
                let names = element.properties.keys().take(5).cloned().collect();
                let known = element.properties.get(name).ok_or_else(|| not_found("property", names))?;
                values.push(known.value.clone());
                sources.push(known.source.to_owned());
            }
        }
        if params.kind == EventKind::Routed && params.names.iter().any(|name| !EVENTS.contains(&name.as_str())) {
            return Err(not_found("event", EVENTS.map(str::to_owned).to_vec()));
        }
        drop(model);
        self.subscribed = self.subscribed.saturating_add(1);
        let id = self.subscribed;
        self.subscriptions.push(Subscription { id, params, handle: Some(handle) });
        let handle = Some(Handle(handle));
        Ok(SubscribeResult { subscription: id, handle, hooks: 1, values, sources, types: self.types.rows() })
    }

    pub(super) fn unsubscribe(&mut self, params: &UnsubscribeParams) -> UnsubscribeResult {
        self.collect();
        let before = self.subscriptions.len();
        let goes = |one: &Subscription| params.subscriptions.is_empty() || params.subscriptions.contains(&one.id);
        self.subscriptions.retain(|one| !goes(one));
        let removed = u32::try_from(before - self.subscriptions.len()).unwrap_or(u32::MAX);
        UnsubscribeResult { removed, left: 0 }
    }

    pub(super) fn diag(&mut self, params: &DiagParams) -> DiagResult {
        let shared = self.model;
        let model: std::sync::MutexGuard<'_, FakeModel> = lock(shared);
        let mut rows = Vec::new();
        if params.checks.contains(&Check::BindingLeaks) {
            for (ty, name, count, dead) in &model.leaks {
                rows.push(DiagRow {
                    check: Check::BindingLeaks,
                    handle: None,
                    ty: Some(self.types.id(ty)),
                    name: Some(name.clone()),
                    count: *count,
                    dead: *dead,
                    value: None,
                });
            }
        }
        let visited = u32::try_from(model.elements.len()).unwrap_or(u32::MAX);
        let alive = model.elements.values().map(|element| element.bindings.len()).sum::<usize>();
        let alive = u32::try_from(alive).unwrap_or(u32::MAX);
        let types = self.types.rows();
        DiagResult { rows, cut: 0, alive, visited, cut_visits: false, unsupported: Vec::new(), types }
    }
}

fn empty_row() -> WriteRow {
    WriteRow {
        done: false,
        before: None,
        before_source: None,
        before_kind: None,
        before_local: None,
        after: None,
        after_source: None,
        after_kind: None,
        ty: None,
        object_ty: None,
        notifies: None,
        token: None,
        same_object: None,
        error: None,
    }
}
