//! The facets of elements, told out of the model.

use super::inspector::Inspector;
use super::lock;
use super::model::{FakeElement, FakeModel};
use super::types::{error, full};
use portcullis_wpf_protocol::*;

fn empty(handle: Handle) -> FacetsRow {
    FacetsRow {
        handle,
        ty: None,
        layout: None,
        clip: None,
        scroll: None,
        focus: None,
        command: None,
        validation: None,
        automation: None,
        style: None,
        triggers: None,
        template: None,
        handlers: None,
        items: None,
        data_context: None,
        error: None,
    }
}

fn layout(model: &FakeModel, element: &FakeElement) -> LayoutFacet {
    let [x, y, width, height] = element.bounds;
    let parent = element.parent.and_then(|parent| model.elements.get(&parent));
    let shown = element.flags & NodeFlags::VISIBLE != 0;
    let text = |name: &str| element.properties.get(name).and_then(|known| known.value.s.clone());
    let number = |name: &str| element.properties.get(name).and_then(|known| known.value.v.as_ref()?.as_f64());
    LayoutFacet {
        actual: [width, height],
        wanted: [number("Width"), number("Height")],
        min: [0.0, 0.0],
        max: [None, None],
        desired: [width, height],
        render: [width, height],
        margin: [0.0; 4],
        padding: None,
        alignment: ["Stretch".to_owned(), "Stretch".to_owned()],
        visibility: text("Visibility").unwrap_or_else(|| "Visible".to_owned()),
        opacity: number("Opacity").unwrap_or(1.0),
        measure_valid: true,
        arrange_valid: true,
        in_parent: parent.map(|parent| [x - parent.bounds[0], y - parent.bounds[1]]),
        in_window: shown.then_some(element.bounds),
        on_screen: shown.then_some(element.bounds),
    }
}

impl Inspector<'_> {
    fn clip(&mut self, model: &FakeModel, handle: u64, element: &FakeElement) -> ClipFacet {
        let mut by = Vec::new();
        let mut at = element.parent;
        while let Some(number) = at {
            let Some(above) = model.elements.get(&number) else { break };
            if above.parent.is_none() || above.ty == "ScrollViewer" {
                by.push(ClipRow {
                    handle: Handle(number),
                    ty: self.types.id(&above.ty),
                    name: above.name.clone(),
                    by: if above.parent.is_none() { "window" } else { "viewport" }.to_owned(),
                    leaves: above.bounds,
                });
            }
            at = above.parent;
        }
        let bounds = model.elements.get(&handle).map(|element| element.bounds);
        ClipFacet { bounds, clip_to_bounds: false, clip: None, layout_clip: None, by }
    }

    fn command(&mut self, model: &FakeModel, handle: u64, element: &FakeElement) -> Option<CommandFacet> {
        let name = element.command.clone()?;
        let object = model.context(handle).and_then(|(object, _)| model.objects.get(&object));
        let member = object.and_then(|object| object.members.get(&name));
        Some(CommandFacet {
            source: Handle(handle),
            ty: self.types.id(member.map_or("RoutedCommand", |member| member.ty)),
            name: Some(name),
            name_from: "binding".to_owned(),
            can_execute: member.and_then(|member| member.command),
            parameter_ty: None,
            target: None,
        })
    }

    fn focus(&mut self, model: &FakeModel, handle: u64, element: &FakeElement) -> FocusFacet {
        let keyboard = model.focus;
        let ty = keyboard.and_then(|number| model.elements.get(&number)).map(|found| self.types.id(&found.ty));
        FocusFacet {
            keyboard: keyboard.map(Handle),
            keyboard_ty: ty,
            logical: keyboard.map(Handle),
            logical_ty: ty,
            window: model.roots.first().copied().map(Handle),
            window_active: true,
            has_keyboard: keyboard == Some(handle),
            has_keyboard_within: keyboard == Some(handle),
            focusable: element.flags & NodeFlags::FOCUSABLE != 0,
            tab_stop: Some(true),
        }
    }

    fn context(&self, model: &FakeModel, handle: u64) -> Option<DataContextFacet> {
        let (object, is_inherited) = model.context(handle)?;
        let found = model.objects.get(&object)?;
        let value = Val { s: Some(full(&found.ty)), h: Some(Handle(object)), ..Val::of(ValKind::Object) };
        let source = if is_inherited { "Inherited" } else { "Local" }.to_owned();
        Some(DataContextFacet { value, source, is_inherited, notifies: true })
    }

    pub(super) fn facets(&mut self, params: &FacetsParams) -> FacetsResult {
        let shared = self.model;
        let model = lock(shared);
        let mut items = Vec::new();
        for handle in &params.handles {
            let mut row = empty(*handle);
            let Some(element) = model.elements.get(&handle.0) else {
                row.error = Some(error(ErrorCode::StaleHandle, "the element is gone"));
                items.push(row);
                continue;
            };
            row.ty = Some(self.types.id(&element.ty));
            for facet in &params.facets {
                match facet {
                    Facet::Layout => row.layout = Some(layout(&model, element)),
                    Facet::Clip => row.clip = Some(self.clip(&model, handle.0, element)),
                    Facet::Focus => row.focus = Some(self.focus(&model, handle.0, element)),
                    Facet::Command => row.command = self.command(&model, handle.0, element),
                    Facet::Validation => row.validation = Some(element.errors.clone()),
                    Facet::Automation => {
                        row.automation = Some(AutomationFacet {
                            control_type: element.ty.clone(),
                            name: Val::text(element.text.clone().unwrap_or_default()),
                            id: element.id.clone().unwrap_or_default(),
                            is_password: element.flags & NodeFlags::SECRET != 0,
                            is_offscreen: false,
                            patterns: element.patterns.iter().map(|name| (*name).to_owned()).collect(),
                        });
                    }
                    Facet::Style => row.style = Some(element.styles.clone()),
                    Facet::Triggers => row.triggers = Some(element.triggers.clone()),
                    Facet::Template => {
                        let part = element.handles.iter().find(|child| {
                            model.elements.get(child).is_some_and(|one| one.flags & NodeFlags::TEMPLATE_PART != 0)
                        });
                        row.template = Some(TemplateFacet {
                            template_source: part.map(|_| "DefaultStyle".to_owned()),
                            target: None,
                            root: part.copied().map(Handle),
                            parent: None,
                            has_data_template: false,
                        });
                    }
                    Facet::Handlers => {
                        let event = params.event.clone().unwrap_or_default();
                        let own = |(name, row): &(String, HandlerRow)| (*name == event).then(|| row.clone());
                        let handlers = element.handlers.iter().filter_map(own).collect();
                        let strategy = "Bubble".to_owned();
                        row.handlers = Some(HandlersFacet { event, strategy, handlers, supported: true });
                    }
                    Facet::DataContext => row.data_context = self.context(&model, handle.0),
                    Facet::Scroll | Facet::Items => {}
                }
            }
            items.push(row);
        }
        drop(model);
        FacetsResult { items, types: self.types.rows() }
    }
}
