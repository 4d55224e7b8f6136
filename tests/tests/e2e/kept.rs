//! Recordings, and what is kept beyond an answer, on a real desktop: a recording is judged by what the fixture journals and by
//! what another library reads in the file.

use crate::fixture::{find, front};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portcullis_testkit::client::ToolResult;
use portcullis_testkit::desktop::{desktop, ref_of};
use serde_json::{Value, json};
use std::time::Duration;

/// The frames of a recording: where each lies, and how large it is.
fn frames(answer: &ToolResult) -> Vec<(u32, u32, u32, u32)> {
    let [image] = answer.images.as_slice() else { panic!("one picture: {}", answer.text) };
    let bytes = STANDARD.decode(&image.base64).unwrap();
    if image.mime == "image/gif" {
        let mut decoder = gif::DecodeOptions::new().read_info(bytes.as_slice()).unwrap();
        let mut all = Vec::new();
        while let Some(frame) = decoder.read_next_frame().unwrap() {
            let number = u32::from;
            all.push((number(frame.left), number(frame.top), number(frame.width), number(frame.height)));
        }
        return all;
    }
    assert_eq!(image.mime, "image/png");
    // One `fcTL` chunk for each frame: sequence, width, height, left, top.
    let mut all = Vec::new();
    let mut at = 8;
    while let Some(head) = bytes.get(at..at + 8) {
        let length = usize::try_from(u32::from_be_bytes(head[..4].try_into().unwrap())).unwrap();
        if &head[4..] == b"fcTL" {
            let word = |index: usize| u32::from_be_bytes(bytes[at + 8 + index * 4..][..4].try_into().unwrap());
            all.push((word(3), word(4), word(1), word(2)));
        }
        at += length + 12;
    }
    all
}

#[test]
fn a_recording_shows_what_happened_while_it_ran() {
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    let window = ref_of(&client.call("Snapshot", json!({})).unwrap().ok().unwrap().text, "Portcullis Fixture").unwrap();
    let box_of = |value: &Value, name: &str| u32::try_from(value[name].as_i64().unwrap()).unwrap();
    let mark = desktop.mark().unwrap();
    desktop.page("form").unwrap();
    let page = desktop.journal().await_control(mark, "page", "page-form").unwrap();
    let frame = desktop.state().unwrap()["window"]["rect"].clone();
    let box_rect =
        page["controls"].as_array().unwrap().iter().find(|known| known["name"] == "subscribe").unwrap()["rect"].clone();
    let arguments = json!({ "window": window, "duration": 2, "fps": 10, "max_width": 1920 });
    let pending = client.start_call("ScreenRecord", arguments).unwrap();
    let check = find(&client, "checkbox", "Subscribe");
    let mark = desktop.mark().unwrap();
    client.call("Click", json!({ "ref": check, "observe": "none" })).unwrap().ok().unwrap();
    desktop.journal().await_control(mark, "check", "subscribe").unwrap();
    let answer = client.wait_call(pending, Duration::from_secs(60)).unwrap().ok().unwrap();
    let frames = frames(&answer);
    assert_eq!(frames[0], (0, 0, box_of(&frame, "w"), box_of(&frame, "h")), "{}", answer.text);
    let (left, top) = (box_of(&box_rect, "x") - box_of(&frame, "x"), box_of(&box_rect, "y") - box_of(&frame, "y"));
    let (right, bottom) = (left + box_of(&box_rect, "w"), top + box_of(&box_rect, "h"));
    let touches = |(x, y, w, h): &(u32, u32, u32, u32)| *x < right && x + w > left && *y < bottom && y + h > top;
    assert!(frames[1..].iter().any(touches), "no frame shows the check box: {frames:?}\n{}", answer.text);
}

#[test]
fn a_kept_picture_has_every_pixel_of_the_display() {
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    let answer = client.call("Screenshot", json!({ "keep": true, "max_width": 200 })).unwrap().ok().unwrap();
    answer.check_both_client_rules().unwrap();
    let told = client.request("resources/read", json!({ "uri": answer.links[0] })).unwrap().unwrap();
    let bytes = STANDARD.decode(told["contents"][0]["blob"].as_str().unwrap()).unwrap();
    let display = desktop.run().screen().unwrap().pixels().unwrap();
    let size = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    assert_eq!((size(16), size(20)), (display.width, display.height), "the size in the head of a PNG");
    let read = client.call("ReadResource", json!({ "uri": answer.links[0] })).unwrap().ok().unwrap();
    assert_eq!(read.images[0].base64, told["contents"][0]["blob"].as_str().unwrap());
}
