//! The application that most tests start from: a small form with a view model, a list and a template, of every kind of fact one.

use super::model::{FakeBinding, FakeElement, FakeModel, FakeObject};
use portcullis_wpf_protocol::{
    BindingSource, ConditionRow, HandlerRow, NodeFlags, SetterRow, StyleRow, TriggerRow, Val, ValKind,
};

fn binding(property: &str, path: &str, end_type: Option<&'static str>) -> FakeBinding {
    FakeBinding {
        property: property.to_owned(),
        path: path.to_owned(),
        status: if end_type.is_some() { "Active" } else { "PathError" },
        source: BindingSource::DataContext,
        end_type,
    }
}

fn truth(value: bool) -> Val {
    Val { v: Some(value.into()), ..Val::of(ValKind::Bool) }
}

impl FakeModel {
    /// The demo, with `noise` in every text that an application could choose. In the order of its visual tree: Window, StackPanel,
    /// TextBox (`nameBox`), TextBlock, Button (`saveButton`), a Border of the button's template, CheckBox, PasswordBox, ListBox, two
    /// ListBoxItem, Button (`cancelButton`, disabled).
    pub fn demo(noise: &str) -> Self {
        let mut model = Self::default();
        let object = FakeObject::new("ShopViewModel")
            .text("Name", &format!("Ada{noise}"))
            .text("City", &format!("London{noise}"))
            .text("Password", "hunter2")
            .command("SaveCommand", true)
            .command("CancelCommand", false);
        let object = model.object(object);
        let brush = |colour: &str| Val { s: Some(colour.to_owned()), ..Val::of(ValKind::Brush) };
        let style = StyleRow {
            role: "style".to_owned(),
            level: 0,
            target: None,
            source: "Local".to_owned(),
            key: Some(format!("Accent{noise}")),
            setters: vec![SetterRow {
                property: "Background".to_owned(),
                owner: 0,
                target: None,
                value: brush("#FF0000FF"),
                is_event: false,
            }],
            triggers: 1,
            has_based_on: false,
        };
        let trigger = TriggerRow {
            from: "style".to_owned(),
            kind: "Trigger".to_owned(),
            conditions: vec![ConditionRow {
                property: Some("IsEnabled".to_owned()),
                source: None,
                path: None,
                path_source: None,
                value: truth(true),
                current: Some(truth(true)),
                met: Some(true),
            }],
            event: None,
            setters: Vec::new(),
            actions: 0,
        };
        let handler = HandlerRow {
            handler: "RoutedEventHandler".to_owned(),
            target: format!("MainWindow{noise}"),
            method: "OnSave".to_owned(),
            is_class: false,
            handled_too: false,
        };
        let item = |text: &str, y: f64| {
            FakeElement::new("ListBoxItem")
                .with(NodeFlags::ITEM_CONTAINER)
                .text(&format!("{text}{noise}"))
                .at([10.0, y, 280.0, 20.0])
        };
        let save = FakeElement::new("Button")
            .named("saveButton")
            .id(&format!("save{noise}"))
            .text(&format!("Save{noise}"))
            .at([10.0, 70.0, 80.0, 24.0])
            .property("Background", brush("#FF0000FF"), "Style")
            .command("SaveCommand")
            .patterns(&["Invoke"])
            .style(style)
            .trigger(trigger)
            .handles("Click", handler)
            .child(FakeElement::new("Border").with(NodeFlags::TEMPLATE_PART).at([10.0, 70.0, 80.0, 24.0]));
        let panel = FakeElement::new("StackPanel")
            .at([0.0, 0.0, 400.0, 300.0])
            .child(
                FakeElement::new("TextBox")
                    .named("nameBox")
                    .text(&format!("Ada{noise}"))
                    .at([10.0, 10.0, 200.0, 24.0])
                    .patterns(&["Value"])
                    .bound(binding("Text", "Name", Some("String")), Val::text(format!("Ada{noise}")))
                    .invalid("Text", &format!("too short{noise}")),
            )
            .child(
                FakeElement::new("TextBlock")
                    .text(&format!("City{noise}"))
                    .at([10.0, 40.0, 200.0, 20.0])
                    .bound(binding("Text", "Towm", None), Val::text("")),
            )
            .child(save)
            .child(
                FakeElement::new("CheckBox")
                    .named("subscribe")
                    .text(&format!("Subscribe{noise}"))
                    .at([10.0, 100.0, 120.0, 20.0])
                    .property("IsChecked", truth(false), "Local")
                    .patterns(&["Toggle"]),
            )
            .child(
                FakeElement::new("PasswordBox")
                    .named("secret")
                    .with(NodeFlags::SECRET)
                    .property("Password", Val::of(ValKind::Redacted), "Local")
                    .at([10.0, 130.0, 200.0, 24.0]),
            )
            .child(
                FakeElement::new("ListBox")
                    .named("list")
                    .at([10.0, 160.0, 280.0, 100.0])
                    .child(item("One", 160.0))
                    .child(item("Two", 180.0)),
            )
            .child(
                FakeElement::new("Button")
                    .named("cancelButton")
                    .text(&format!("Cancel{noise}"))
                    .at([100.0, 270.0, 80.0, 60.0])
                    .command("CancelCommand")
                    .without(NodeFlags::ENABLED),
            );
        let window = FakeElement::new("Window")
            .property("Title", Val::text(format!("Shop{noise}")), "Local")
            .at([0.0, 0.0, 400.0, 300.0])
            .context(object)
            .child(panel);
        let window = model.open(window);
        model.resource("Accent", Some(window), brush("#FF0000FF"));
        model.resource("Accent", None, brush("#FFFF0000"));
        model.leaks.push(("ShopViewModel".to_owned(), format!("City{noise}"), 3, 2));
        model
    }
}
