//! The way from nothing to a broken binding, as docs/wpf.md tells it: the same calls on a live application, whose answers and
//! pictures are what the page shows. `INSTA_UPDATE=always` writes them anew, as it does snapshots.

use super::ground::{Ground, READS, policy};
use portcullis_testkit::desktop::desktop;
use portcullis_testkit::lab::{Pixels, workspace_top};
use portcullis_testkit::wpf_app::WpfApp;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// Where the page's part that is made here begins and ends.
const BEGIN: &str = "<!-- story -->\n";
const END: &str = "<!-- /story -->\n";
/// Of a hundred pixels so many may differ: a caret, the edge of a letter.
const DIFFERENT: usize = 2;
/// Of the frame around what is marked.
const RED: [u8; 3] = [255, 0, 0];
/// How long it may take to be there.
const DRAWN: Duration = Duration::from_secs(15);
/// Pixels around an element that is shown where it stands.
const AROUND: i64 = 60;

fn updates() -> bool {
    std::env::var("INSTA_UPDATE").is_ok_and(|word| word == "always")
}

fn text_of<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// The page's picture of this name is this one, but for a few pixels.
fn shows(name: &str, picture: &Pixels) {
    let file = workspace_top().join("docs/pictures").join(name);
    if updates() {
        picture.write_png(&file).unwrap();
    }
    let kept = Pixels::read_png(&file).unwrap();
    assert_eq!((kept.width, kept.height), (picture.width, picture.height), "{name} has another size");
    let pairs = kept.rgb.chunks_exact(3).zip(picture.rgb.chunks_exact(3));
    let different = pairs.filter(|(kept, now)| kept != now).count();
    assert!(different * 100 <= kept.rgb.len() / 3 * DIFFERENT, "{name}: {different} pixels differ");
}

/// What the desktop shows where an element says that it is, and around it.
fn seen(ground: &Ground, element: Value, around: i64) -> Pixels {
    let place = ground.told("element_screenshot", element);
    let bounds = place["boundsOnScreen"].as_array().unwrap();
    let whole = |at: usize| format!("{:.0}", bounds[at].as_f64().unwrap()).parse::<i64>().unwrap();
    let [left, top, width, height] = [0, 1, 2, 3].map(whole);
    let region = json!({
        "left": left - around, "top": top - around, "width": width + 2 * around, "height": height + 2 * around,
    });
    let answer = ground.call("Screenshot", json!({ "region": region }));
    assert!(!answer.is_error, "{region}: {}", answer.text);
    answer.images[0].pixels().unwrap()
}

#[test]
fn the_page_tells_what_a_developer_sees_of_a_broken_binding() {
    let desktop = desktop().unwrap();
    let app = WpfApp::start(desktop.run(), "Fixture.Form", &[]).unwrap();
    let gates = [READS, &["viewmodel", "screenshots", "destructive"]].concat();
    let ground = Ground::with(&desktop, &policy(&desktop, &["Fixture.Form"], &gates), &[]);
    ground.connect(&app);
    let mut page = String::new();

    shows("wpf-form.png", &seen(&ground, json!({}), 0));
    page.push_str("The first text under *Broken bindings* should be a country's code, and reads `fallback`:\n\n");
    page.push_str("![An application with a form](pictures/wpf-form.png)\n\n");

    let errors = ground.told("get_binding_errors", json!({}));
    let found = errors["errors"].as_array().unwrap();
    let ours = found.iter().find(|error| text_of(error, "bindingPath").ends_with("Code")).unwrap();
    // The application's own word for it, by plain WPF code.
    assert_eq!(app.ask("read BrokenDeep.Text").unwrap()["value"], "fallback");
    page.push_str("`get_binding_errors {}` tells, among others:\n\n| element | property | path |\n|---|---|---|\n");
    let element = text_of(ours, "elementId");
    writeln!(page, "| `{element}` | `{}` | `{}` |\n", text_of(ours, "propertyName"), text_of(ours, "bindingPath"))
        .unwrap();

    let chain = ground.told("get_binding_value_chain", json!({ "elementId": element, "propertyName": "Text" }));
    writeln!(
        page,
        "`get_binding_value_chain {{\"elementId\": \"{element}\", \"propertyName\": \"Text\"}}` follows it step by step:\n\n\
         | step | name | state | value |\n|---|---|---|---|"
    )
    .unwrap();
    for link in chain["chain"].as_array().unwrap() {
        let value = link.get("value").map_or_else(|| "–".to_owned(), |value| format!("`{value}`"));
        let name = link.get("name").and_then(Value::as_str).map_or_else(|| "–".to_owned(), |name| format!("`{name}`"));
        writeln!(page, "| {} | {name} | {} | {value} |", text_of(link, "step"), text_of(link, "resolutionState"))
            .unwrap();
    }

    // Long enough to be seen; the end of the session takes it away.
    ground.told("highlight_element", json!({ "elementId": element, "duration": 60_000 }));
    // The frame is drawn when the application comes to it.
    let limit = Instant::now() + DRAWN;
    let found = loop {
        let picture = seen(&ground, json!({ "elementId": element }), AROUND);
        if picture.rgb.chunks_exact(3).any(|pixel| pixel == RED) {
            break picture;
        }
        assert!(Instant::now() < limit, "no frame is drawn");
    };
    shows("wpf-found.png", &found);
    writeln!(page, "\n`highlight_element {{\"elementId\": \"{element}\"}}` shows which one it is:\n").unwrap();
    page.push_str("![The text with a frame around it](pictures/wpf-found.png)\n");

    told_by(&workspace_top().join("docs/wpf.md"), &page);
    assert!(ground.server.close().unwrap().success());
    app.close().unwrap();
}

/// The page holds exactly this between its two marks.
fn told_by(file: &Path, part: &str) {
    let page = std::fs::read_to_string(file).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (kept, after) = rest.split_once(END).unwrap();
    if updates() && kept != part {
        std::fs::write(file, format!("{before}{BEGIN}{part}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(kept, part, "docs/wpf.md tells something else; INSTA_UPDATE=always writes it");
}
