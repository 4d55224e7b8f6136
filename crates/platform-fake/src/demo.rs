//! The scene that most tests start from: an editor like Notepad, a form, and a gallery of the roles that neither has.
//! Nothing else is here, so that its text stays readable in snapshots.

use crate::build::WindowBuilder;
use crate::desktop::FakeDesktop;
use crate::state::{Reach, Reaction};
use portcullis_model::{Check, Rect, Role};
use std::sync::Arc;

fn reaction(act: impl Fn(&mut Reach<'_>) + Send + Sync + 'static) -> Reaction {
    Arc::new(act)
}

fn notepad() -> WindowBuilder {
    let save = |reach: &mut Reach<'_>| {
        reach.set_title("saved.txt - Notepad");
        reach.note("saved");
    };
    let about = WindowBuilder::new("About Notepad", "notepad.exe")
        .modal()
        .at(Rect::new(200, 180, 500, 320))
        .text("A fake editor.")
        .button("OK", |reach| reach.close());
    WindowBuilder::new("Untitled - Notepad", "notepad.exe")
        .class("Notepad")
        .at(Rect::new(100, 80, 740, 560))
        .colour([255, 255, 255])
        .document("Text editor", "")
        .menu("File", vec![("Save", reaction(save)), ("Exit", reaction(|reach| reach.close()))])
        .menu("Help", vec![("About", reaction(move |reach| reach.open(about.clone())))])
        .control(Role::StatusBar, "Ln 1, Col 1")
}

fn form() -> WindowBuilder {
    let rows: Vec<String> = (1..=40).map(|row| format!("Row {row}")).collect();
    let greet = |reach: &mut Reach<'_>| {
        let name = reach.value("Name");
        reach.rename("status", &format!("Hello, {name}"));
        reach.enable("Reset", true);
    };
    WindowBuilder::new("Customer", "form.exe")
        .class("Form")
        .at(Rect::new(800, 60, 1400, 1040))
        .edit("Name", "")
        .id("nameBox")
        .password("Password", "hunter2")
        .edit("Number", "C-1001")
        .with(|states| states.read_only = true)
        .checkbox("Subscribe", Check::Off)
        .radios("Paying", &["Monthly", "Yearly"])
        .combo("Country", &["Austria", "Belgium", "Chile"])
        .list("Orders", &rows)
        .tree("Folders", &[("Inbox", &["Read", "Unread"]), ("Sent", &[])])
        .grid("People", &["First", "City"], &[&["Ada", "London"], &["Grace", "New York"]])
        .tabs(&["General", "Details"])
        .range(Role::Slider, "Volume", 0, 100, 30)
        .range(Role::Spinner, "Copies", 1, 9, 1)
        .control(Role::ProgressBar, "Loading")
        .control(Role::DateTime, "Since")
        .control(Role::Link, "Help pages")
        .control(Role::Image, "Logo")
        .control(Role::Separator, "")
        .button("Greet", greet)
        .id("greetButton")
        .button("Reset", |reach| reach.set_value("Name", ""))
        .with(|states| states.enabled = false)
        .button("Inert", |_| {})
        .text("Ready")
        .id("status")
}

/// The roles that the form has no use for.
fn gallery() -> WindowBuilder {
    const OTHERS: [(Role, &str); 14] = [
        (Role::Calendar, "November"),
        (Role::Group, "Frame"),
        (Role::Header, ""),
        (Role::Menu, ""),
        (Role::MenuBar, ""),
        (Role::Pane, "Canvas"),
        (Role::ScrollBar, ""),
        (Role::Table, "Hours"),
        (Role::Thumb, ""),
        (Role::TitleBar, ""),
        (Role::ToolBar, "Standard"),
        (Role::ToolTip, "A hint"),
        (Role::Unknown, "Gauge"),
        (Role::Window, "Inner"),
    ];
    let window = WindowBuilder::new("Gallery", "gallery.exe").at(Rect::new(-500, 0, -100, 600));
    OTHERS.into_iter().fold(window, |window, (role, name)| window.control(role, name))
}

impl FakeDesktop {
    /// A form in front of an editor, a gallery of rarer roles and a console, and one installed application.
    pub fn demo() -> Self {
        let desktop = Self::new();
        desktop.install("Notepad", "notepad.exe", notepad());
        desktop.open(
            WindowBuilder::new("Command Prompt", "cmd.exe")
                .class("ConsoleWindowClass")
                .at(Rect::new(-1200, 0, -600, 400))
                .colour([12, 12, 12])
                .document("Console", ""),
        );
        desktop.open(gallery());
        desktop.open(notepad());
        desktop.open(form());
        desktop
    }
}
