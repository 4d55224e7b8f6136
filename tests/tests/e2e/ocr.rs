//! Text read off pixels on a real desktop. The lab's system has no engine of its own; a stand-in for Tesseract says where words
//! stand, and keeps what it was given. Whether a click by such a ref hits is told by the fixture's journal.

use crate::fixture::find;
use portcullis_testkit::client::{Client, Era};
use portcullis_testkit::desktop::{Desktop, desktop, ref_of};
use portcullis_testkit::lab::{Profile, built_exe};
use portcullis_testkit::server::{Server, Transport, new_data_folder};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;

/// How much larger the picture of a small window is made before it is read.
const SCALE: i64 = 3;

/// A server whose owner named the stand-in.
struct Ground {
    // The server ends before the stand-in's folder is looked at for the last time.
    client: Client,
    _server: Server,
    program: PathBuf,
}

impl Ground {
    fn new(desktop: &Desktop) -> Self {
        let folder = new_data_folder(desktop.run()).unwrap();
        let program = folder.join("tesseract.exe");
        fs::copy(built_exe("portcullis-fixture-tesseract", Profile::Lab), &program).unwrap();
        let policy = folder.join("policy.toml");
        let named = desktop.run().windows_path(&program);
        fs::write(&policy, format!("version = 1\n[ocr]\ntesseract = '{named}'\n")).unwrap();
        let flags = ["--config", &desktop.run().windows_path(&policy)];
        let server = desktop.own_server(Transport::Stdio, &flags).unwrap();
        let client = server.client(Era::Legacy).unwrap();
        Self { client, _server: server, program }
    }

    /// Has the stand-in say that these words stand at these places of the picture.
    fn write(&self, words: &[(&str, [i64; 4])]) {
        let row = |(line, (text, [left, top, width, height])): (usize, &(&str, [i64; 4]))| {
            let [left, top, width, height] = [left, top, width, height].map(|side| side * SCALE);
            format!("5\t1\t1\t1\t{line}\t1\t{left}\t{top}\t{width}\t{height}\t91.5\t{text}\n")
        };
        fs::write(self.program.with_extension("tsv"), words.iter().enumerate().map(row).collect::<String>()).unwrap();
    }

    fn last_start(&self) -> Value {
        let journal = fs::read_to_string(self.program.with_extension("jsonl")).unwrap();
        serde_json::from_str(journal.lines().last().unwrap()).unwrap()
    }
}

#[test]
fn what_was_read_off_a_window_is_clicked_where_it_stands_and_not_once_it_looks_otherwise() {
    let desktop = desktop().unwrap();
    let ground = Ground::new(&desktop);
    let client = &ground.client;
    let mark = desktop.mark().unwrap();
    desktop.page("form").unwrap();
    let page = desktop.journal().await_control(mark, "page", "page-form").unwrap();
    let side = |value: &Value, name: &str| value[name].as_i64().unwrap();
    let frame = desktop.state().unwrap()["window"]["rect"].clone();
    let controls = page["controls"].as_array().unwrap();
    let place = |name: &str| {
        let rect = &controls.iter().find(|known| known["name"] == name).unwrap()["rect"];
        [side(rect, "x") - side(&frame, "x"), side(rect, "y") - side(&frame, "y"), side(rect, "w"), side(rect, "h")]
    };
    ground.write(&[("Subscribe", place("subscribe")), ("Greet", place("greet"))]);
    let window = ref_of(&client.call("Snapshot", json!({})).unwrap().ok().unwrap().text, "Portcullis Fixture").unwrap();
    client.call("FocusWindow", json!({ "ref": window })).unwrap().ok().unwrap();
    let read = client.call("OCR", json!({ "window": window, "lang": "de" })).unwrap().ok().unwrap();
    assert!(read.text.starts_with("2 lines read by Tesseract in deu"), "{}", read.text);
    assert!(read.text.contains("92%"), "{}", read.text);
    let started = ground.last_start();
    assert_eq!(started["arguments"], json!(["stdin", "stdout", "-l", "deu", "--psm", "11", "tsv"]));
    let [width, height] = ["w", "h"].map(|name| (side(&frame, name) * SCALE).to_string());
    assert_eq!(started["head"], json!(["P6", width, height, "255"]), "the whole window, larger");
    let (subscribe, greet) = (ref_of(&read.text, "\"Subscribe\"").unwrap(), ref_of(&read.text, "\"Greet\"").unwrap());
    let mark = desktop.mark().unwrap();
    client.call("Click", json!({ "ref": greet })).unwrap().ok().unwrap();
    desktop.journal().await_control(mark, "click", "greet").unwrap();
    // The control itself is pressed by another way, and looks otherwise from then on.
    let control = find(client, "checkbox", "Subscribe");
    let mark = desktop.mark().unwrap();
    client.call("Invoke", json!({ "ref": control })).unwrap().ok().unwrap();
    desktop.journal().await_control(mark, "check", "subscribe").unwrap();
    let refused = client.call("Click", json!({ "ref": subscribe })).unwrap();
    assert_eq!((refused.fault("code"), refused.fault("field")), (Some("stale_ref"), Some("ref")), "{}", refused.text);
    fs::write(ground.program.with_extension("code"), "1").unwrap();
    let failed = client.call("OCR", json!({ "window": window })).unwrap();
    assert_eq!(failed.fault("code"), Some("unsupported"), "{}", failed.text);
    assert!(failed.text.contains("code 1: Error opening data file"), "{}", failed.text);
}

#[test]
fn without_an_engine_it_is_said_how_to_get_one() {
    let mut desktop = desktop().unwrap();
    let client = crate::fixture::front(&mut desktop);
    let answer = client.call("OCR", json!({})).unwrap();
    assert_eq!(answer.fault("code"), Some("unsupported"), "{}", answer.text);
    assert!(answer.text.contains("ocr.tesseract"), "{}", answer.text);
}
