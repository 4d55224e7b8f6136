//! What reaches the person at the machine: sounds, notifications, the session at the screen. The lab's own picture of its screen
//! is the oracle for what comes up, and a sound device that keeps what it is given for what is heard; what this system lacks is
//! said and never called done.

use portcullis_testkit::client::Era;
use portcullis_testkit::desktop::desktop;
use portcullis_testkit::server::{Transport, new_data_folder};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How long the display may take to show a balloon, and to take it away.
const COMES_UP: Duration = Duration::from_secs(20);
const GOES: Duration = Duration::from_secs(2);

/// One second of silence.
fn second() -> Vec<u8> {
    let mut wav =
        b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1F\0\0\0\0\0\0\x01\0\x08\0data\x40\x1F\0\0".to_vec();
    wav.extend([0x80; 8_000]);
    wav
}

/// Half a second of a tone without a moment of silence, as samples of 16 bits at 44,100 a second, and the file of it.
fn tone() -> (Vec<u8>, Vec<u8>) {
    let sample = |at: i16| (at % 100) * 240 - 12_001;
    let samples: Vec<u8> = (0..22_050_i16).flat_map(|at| sample(at).to_le_bytes()).collect();
    let mut wav =
        b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x44\xAC\0\0\x88\x58\x01\0\x02\0\x10\0data".to_vec();
    wav.extend(u32::try_from(samples.len()).unwrap().to_le_bytes());
    wav.extend(&samples);
    (samples, wav)
}

/// ALSA's words for a sound device that keeps what it is given in a file.
fn keeping_device(file: &str) -> String {
    format!(
        "pcm.!default {{ type plug slave.pcm \"kept\" }}\n\
         pcm.kept {{ type file slave.pcm \"nothing\" file \"{file}\" format \"raw\" }}\n\
         pcm.nothing {{ type null }}\n"
    )
}

#[test]
fn what_is_played_is_what_the_sound_device_is_given() {
    let desktop = desktop().unwrap();
    let folder = new_data_folder(desktop.run()).unwrap();
    let (samples, wav) = tone();
    std::fs::write(folder.join("tone.wav"), wav).unwrap();
    let (device, heard) = (folder.join("alsa.conf"), folder.join("heard.raw"));
    std::fs::write(&device, keeping_device(heard.to_str().unwrap())).unwrap();
    let policy = folder.join("policy.toml");
    let windows = desktop.run().windows_path(&folder);
    std::fs::write(&policy, format!("version = 1\n[tools]\ntier3 = true\n[files]\nread = ['{windows}']\n")).unwrap();
    let (config, data) = (desktop.run().windows_path(&policy), format!(r"{windows}\data"));
    let play = |arguments: Value| {
        let variables = [("ALSA_CONFIG_PATH", device.to_str().unwrap())];
        let call = ["call", "PlaySound", "--args", &arguments.to_string(), "--config", &config, "--data", &data];
        desktop.portcullis_with(&call, &variables).unwrap()
    };
    let done = play(json!({ "path": format!(r"{windows}\tone.wav") }));
    assert_eq!(done.stdout.trim(), "confirmed: the sound device played all 0.5 s", "{}", done.stderr);
    // What the device is not given in time it fills with silence.
    let heard = std::fs::read(&heard).unwrap();
    let heard: Vec<u8> = heard.chunks(2).filter(|sample| *sample != [0, 0]).flatten().copied().collect();
    assert!(heard == samples, "the device was given something else");
    // A name is Windows' business, which does not tell what comes of it.
    let named = play(json!({ "sound": "asterisk" }));
    assert!(named.stdout.starts_with("unverified: "), "{} {}", named.stdout, named.stderr);
}

#[test]
fn a_machine_without_a_sound_device_says_so_and_a_file_is_judged_first() {
    let desktop = desktop().unwrap();
    let folder = new_data_folder(desktop.run()).unwrap();
    let windows = desktop.run().windows_path(&folder);
    std::fs::create_dir_all(folder.join("read")).unwrap();
    std::fs::write(folder.join("read/ready.wav"), second()).unwrap();
    std::fs::write(folder.join("read/text.wav"), b"hello").unwrap();
    std::fs::write(folder.join("outside.wav"), second()).unwrap();
    let policy = folder.join("policy.toml");
    std::fs::write(&policy, format!("version = 1\n[tools]\ntier3 = true\n[files]\nread = ['{windows}\\read']\n")).unwrap();
    let config = desktop.run().windows_path(&policy);
    let server = desktop.own_server(Transport::Stdio, &["--config", &config, "--transport", "stdio"]).unwrap();
    let client = server.client(Era::Legacy).unwrap();
    for (name, code) in [
        (r"read\ready.wav", "unsupported"),
        (r"read\text.wav", "bad_argument"),
        ("outside.wav", "denied"),
    ] {
        let answer = client.call("PlaySound", json!({ "path": format!(r"{windows}\{name}") })).unwrap();
        assert_eq!(answer.fault("code"), Some(code), "{name}: {}", answer.text);
    }
    let answer = client.call("PlaySound", json!({ "sound": "asterisk" })).unwrap();
    assert_eq!(answer.fault("code"), Some("unsupported"), "{}", answer.text);
}

/// The lab's system takes the request and does nothing.
#[test]
fn a_session_that_is_not_connected_is_not_called_so() {
    let desktop = desktop().unwrap();
    let server = desktop.own_server(Transport::Stdio, &["--enable-tier3"]).unwrap();
    let client = server.client(Era::Legacy).unwrap();
    let answer = client.call("ReconnectSession", json!({})).unwrap();
    assert!(!answer.text.starts_with("confirmed"), "{}", answer.text);
    let absent = client.call("ReconnectSession", json!({ "session": 65_000 })).unwrap();
    assert!(absent.is_error, "{}", absent.text);
}

#[test]
fn a_notification_says_that_it_is_a_balloon_and_never_more_than_is_known() {
    let desktop = desktop().unwrap();
    let server = desktop.own_server(Transport::Stdio, &[]).unwrap();
    let client = server.client(Era::Legacy).unwrap();
    let answer = client.call("Notification", json!({ "title": "Lab", "message": "hello" })).unwrap();
    let told = ["confirmed: Windows told that the balloon came up", "unverified: Windows took the balloon"];
    let is_unsupported = answer.fault("code") == Some("unsupported");
    assert!(is_unsupported || told.iter().any(|told| answer.text.starts_with(told)), "{}", answer.text);
    let long = client.call("Notification", json!({ "message": "x".repeat(256) })).unwrap();
    assert_eq!(long.fault("code"), Some("bad_argument"), "{}", long.text);
}

/// What the display shows beside what the server says: the balloon comes up, and it does not outlive its server.
#[test]
fn a_balloon_comes_up_on_the_display_and_goes_with_its_server() {
    let desktop = desktop().unwrap();
    let screen = desktop.run().screen().unwrap();
    let server = desktop.own_server(Transport::Stdio, &[]).unwrap();
    let client = server.client(Era::Legacy).unwrap();
    let before = screen.windows().unwrap();
    let message = "The backup of the large disk is done, and nothing of it was lost on the way.";
    let answer = client.call("Notification", json!({ "title": "Lab", "message": message })).unwrap();
    assert!(!answer.is_error, "{}", answer.text);
    // Wine's icons are smaller, and nothing else comes up meanwhile.
    let wide = screen
        .await_windows("no balloon on the display", Instant::now() + COMES_UP, |windows| {
            let known = |(x, y): (i32, i32)| before.iter().any(|window| (window.x, window.y) == (x, y));
            windows.iter().find(|w| w.width > 100 && !known((w.x, w.y))).map(|w| (w.x, w.y, w.width))
        })
        .unwrap();
    drop(client);
    server.close().unwrap();
    let gone = screen.await_windows("the balloon has outlived its server", Instant::now() + GOES, |windows| {
        windows.iter().all(|w| (w.x, w.y, w.width) != wide).then_some(())
    });
    gone.unwrap();
}
