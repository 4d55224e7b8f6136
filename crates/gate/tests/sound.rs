//! PlaySound behind the gate, on the fake desktop: what the device was given is the oracle. winremote-mcp hands paths and URLs to
//! a script and says "Played" whatever became of it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by failing"
)]

mod common;

use common::{at, gate_with, open_gate};
use portcullis_gate::{Answer, Call, Gate};
use portcullis_model::{
    Cancel, CancelReason, FaultCode, FilePath, Outcome, Principal, Reply, Scope, SystemSound, Wave,
};
use portcullis_platform::{PortFault, Sound};
use portcullis_platform_fake::{Call as PortCall, FakeDesktop, Trouble};
use portcullis_policy::{Approval, FileRules, FilterSpec, HostRules, Rules, roots};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};

const READY: &str = r"C:\sounds\ready.wav";

/// Silence of so many bytes at 8,000 a second.
fn wav(bytes: u32) -> Vec<u8> {
    let mut file = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1F\0\0\0\0\0\0\x01\0\x08\0data".to_vec();
    file.extend(bytes.to_le_bytes());
    file.extend(vec![0x80; usize::try_from(bytes).unwrap()]);
    file
}

fn files(rules: Rules) -> Rules {
    let read = roots([FilePath::parse(r"C:\sounds").unwrap()], &at(3));
    let fetch = roots(["93.184.216.34/32".parse().unwrap()], &at(5));
    rules.with_files(FileRules { read, ..FileRules::default() }).with_hosts(HostRules { fetch, ..HostRules::default() })
}

fn play_as(gate: &Gate, principal: Principal, arguments: Value) -> Answer {
    gate.call(Call { principal, tool: "PlaySound".to_owned(), arguments, cancel: Cancel::new() })
}

fn play(gate: &Gate, arguments: Value) -> Answer {
    play_as(gate, Principal::local(), arguments)
}

fn word(answer: &Answer) -> Option<&'static str> {
    answer.as_ref().ok().and_then(Reply::outcome).map(Outcome::word)
}

/// A host that answers every request with this.
fn serve(desktop: &FakeDesktop, head: &'static str, body: Vec<u8>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    desktop.put_host("example.org", &["93.184.216.34"]);
    desktop.put_route(SocketAddr::new("93.184.216.34".parse().unwrap(), 80), listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, mut head_in, mut byte) = (stream.unwrap(), Vec::new(), [0]);
            while !head_in.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read > 0) {
                head_in.push(byte[0]);
            }
            let told = format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n", body.len());
            // Who has read enough goes away before all is sent.
            let _ = stream.write_all(&[told.as_bytes(), &body].concat());
        }
    });
}

#[test]
fn the_device_gets_the_samples_of_the_file_the_page_or_the_name() {
    let desktop = FakeDesktop::demo();
    desktop.put_file(READY, &wav(4_000));
    serve(&desktop, "200 OK", wav(8_000));
    let gate = open_gate(&desktop, Approval::Never, files);
    let wave = |bytes| Sound::Wave(Wave::parse(&wav(bytes)).unwrap());
    for (arguments, sound, told) in [
        (json!({ "path": READY }), wave(4_000), "confirmed"),
        (json!({ "url": "http://example.org/a.wav" }), wave(8_000), "confirmed"),
        (json!({ "sound": "hand" }), Sound::System(SystemSound::Hand), "unverified"),
    ] {
        let answer = play(&gate, arguments.clone());
        assert_eq!(word(&answer), Some(told), "{arguments}: {answer:?}");
        assert_eq!(desktop.sounds().pop(), Some(sound), "{arguments}");
    }
}

#[test]
fn a_sound_falls_silent_with_its_call() {
    let desktop = FakeDesktop::demo();
    desktop.put_file(READY, &wav(8_000 * 60));
    desktop.trouble(PortCall::PlaySound, Trouble::Block);
    let gate = open_gate(&desktop, Approval::Never, files);
    let cancel = Cancel::new();
    let withdrawn = std::thread::scope(|scope| {
        let (arguments, tool) = (json!({ "path": READY }), "PlaySound".to_owned());
        let call = Call { principal: Principal::local(), tool, arguments, cancel: cancel.clone() };
        let call = scope.spawn(|| gate.call(call));
        cancel.cancel(CancelReason::Client);
        call.join().unwrap()
    });
    assert_eq!(withdrawn.unwrap_err().code, FaultCode::Cancelled);
    desktop.trouble(PortCall::PlaySound, Trouble::Fail(PortFault::Unsupported("no device".to_owned())));
    assert_eq!(play(&gate, json!({ "path": READY })).unwrap_err().code, FaultCode::Unsupported);
    assert_eq!(desktop.sounds(), []);
}

#[test]
fn bad_input_is_answered_with_rule_and_remedy() {
    let desktop = FakeDesktop::demo();
    for (name, bytes) in [
        ("long.wav", wav(8_000 * 60 + 8)),
        ("huge.wav", wav(11 * 1024 * 1024)),
        ("text.wav", b"hello".to_vec()),
        ("empty.wav", wav(0)),
    ] {
        desktop.put_file(&format!(r"C:\sounds\{name}"), &bytes);
    }
    serve(&desktop, "404 Not Found", b"gone".to_vec());
    let gate = open_gate(&desktop, Approval::Never, files);
    let path = |name: &str| json!({ "path": format!(r"C:\sounds\{name}") });
    for (arguments, code, said) in [
        (json!({}), FaultCode::BadArgument, "exactly one of"),
        (json!({ "path": READY, "sound": "hand" }), FaultCode::BadArgument, "exactly one of"),
        (json!({ "path": READY, "url": "http://example.org/" }), FaultCode::BadArgument, "exactly one of"),
        (json!({ "path": "ready.wav" }), FaultCode::BadArgument, "a path is absolute"),
        (json!({ "sound": "C:\\x.wav" }), FaultCode::BadArgument, "asterisk"),
        (json!({ "url": "file:///C:/x.wav" }), FaultCode::BadArgument, "url"),
        (path("absent.wav"), FaultCode::NotFound, "FileList"),
        (json!({ "path": r"C:\sounds" }), FaultCode::BadArgument, "FileInfo"),
        (path("long.wav"), FaultCode::TooLarge, "60 s"),
        (path("huge.wav"), FaultCode::TooLarge, "10 MiB"),
        (path("text.wav"), FaultCode::BadArgument, "nothing is decoded"),
        (path("empty.wav"), FaultCode::BadArgument, "holds no samples"),
        (json!({ "url": "http://example.org/" }), FaultCode::NotFound, "404"),
        (json!({ "path": READY, "loop": true }), FaultCode::UnknownArgument, "loop"),
    ] {
        let fault = play(&gate, arguments.clone()).unwrap_err();
        assert_eq!(fault.code, code, "{arguments}: {fault}");
        assert!(fault.to_string().contains(said), "{arguments}: {fault}");
    }
    assert_eq!(desktop.sounds(), []);
}

/// A sound is no way to a file, a host or a share that reading is not.
#[test]
fn attack_no_sound_is_played_from_where_nothing_may_be_read_or_without_tier_3() {
    let desktop = FakeDesktop::demo();
    for path in [READY, r"C:\other\a.wav"] {
        desktop.put_file(path, &wav(8));
    }
    desktop.put_link(r"C:\sounds\way", r"C:\other");
    desktop.put_host("nas", &["192.168.1.5"]);
    let gate = open_gate(&desktop, Approval::Never, files);
    for arguments in [
        json!({ "path": r"C:\other\a.wav" }),
        json!({ "path": r"C:\sounds\way\a.wav" }),
        json!({ "path": r"C:\sounds\..\other\a.wav" }),
        json!({ "path": r"\\nas\share\a.wav" }),
        json!({ "url": "http://nas/a.wav" }),
        json!({ "url": "http://169.254.169.254/a.wav" }),
    ] {
        play(&gate, arguments.clone()).unwrap_err();
        assert_eq!(desktop.sounds(), [], "{arguments}");
    }
    let shut = gate_with(&desktop, &FilterSpec::default(), Approval::Never, files);
    let observer = Principal::key("k", [Scope::Observe, Scope::Interact, Scope::Files]);
    for (gate, principal) in [(&shut, Principal::local()), (&gate, observer)] {
        assert_eq!(play_as(gate, principal, json!({ "sound": "hand" })).unwrap_err().code, FaultCode::NotEnabled);
    }
    // The scope for altering does not read files.
    let answer = play_as(&gate, Principal::key("a", [Scope::Alter]), json!({ "path": READY }));
    assert_eq!(answer.unwrap_err().code, FaultCode::NotEnabled);
    assert_eq!(desktop.sounds(), []);
}
