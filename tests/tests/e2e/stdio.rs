//! Standard input and output: what a careless client may write to it, what its end means, and that nothing but the
//! protocol comes out.

use portcullis_testkit::client::{ANSWER_LIMIT, Era, ToolResult};
use portcullis_testkit::desktop::{call_until, desktop};
use portcullis_testkit::server::{Transport, audit_text, verify_audit};
use serde_json::json;
use std::fmt::Write as _;
use std::time::Instant;

#[test]
fn garbage_crlf_and_a_byte_order_mark_harm_nothing() {
    let desktop = desktop().unwrap();
    let server = desktop.own_server(Transport::Stdio, &[]).unwrap();
    let client = server.client(Era::Legacy).unwrap();
    let wire = server.wire().unwrap();
    for garbage in ["hello\n", "\n", "{\"jsonrpc\":\"2.0\",\n", "\u{FEFF}\n", "[1,2]\n", "\0\n", "null\n"] {
        wire.send_bytes(garbage.as_bytes()).unwrap();
        assert!(!client.call("GetSystemInfo", json!({})).unwrap().is_error, "after {garbage:?}");
    }
    for (id, start, end) in [(901, "", "\r\n"), (902, "\u{FEFF}", "\n")] {
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/list", "params": {} });
        wire.send_bytes(format!("{start}{request}{end}").as_bytes()).unwrap();
        assert!(wire.answer(id, Instant::now() + ANSWER_LIMIT).unwrap().get("result").is_some(), "{id}");
    }
}

#[test]
fn what_cannot_be_read_is_answered_under_its_id_and_the_server_goes_on() {
    let desktop = desktop().unwrap();
    let server = desktop.own_server(Transport::Stdio, &[]).unwrap();
    let client = server.client(Era::Legacy).unwrap();
    let wire = server.wire().unwrap();
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    let call = |id: u64, params: &str| {
        format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"tools/call\",\"params\":{params}}}")
    };
    let wait = |value: &str| format!("{{\"name\":\"Wait\",\"arguments\":{{\"seconds\":{value}}}}}");
    let rows = [
        (900, call(900, &wait(&deep)), -32700),
        (901, call(901, &wait("1e400")), -32700),
        (902, call(902, &wait("\"\\ud800\"")), -32700),
        (903, call(903, "[1]"), -32602),
        (904, call(904, "{\"name\":5}"), -32602),
        (905, call(905, "{}").replace("tools/call", "no/such"), -32601),
        (906, "{\"jsonrpc\":\"1.0\",\"id\":906,\"method\":\"ping\"}".to_owned(), -32600),
    ];
    let mut all = String::new();
    for (id, line, code) in rows {
        wire.send_line(&line).unwrap();
        let error = wire.answer(id, Instant::now() + ANSWER_LIMIT).unwrap()["error"].clone();
        assert_eq!(error["code"], code, "{id}: {error}");
        writeln!(all, "{code} {}", error["message"].as_str().unwrap()).unwrap();
    }
    insta::assert_snapshot!(all);
    assert!(!client.call("GetSystemInfo", json!({})).unwrap().is_error);
}

#[test]
fn the_end_of_input_ends_the_server_with_the_effect_recorded() {
    let desktop = desktop().unwrap();
    for in_mid_call in [false, true] {
        let server = desktop.own_server(Transport::Stdio, &[]).unwrap();
        let client = server.client(Era::Legacy).unwrap();
        let data = server.data().to_owned();
        if in_mid_call {
            client.start_call("Wait", json!({ "seconds": 60 })).unwrap();
            let running = |tasks: &ToolResult| tasks.text.contains("\"Wait\"");
            call_until(&client, "GetRunningTasks", &json!({}), running).unwrap();
        }
        let wire = std::sync::Arc::clone(server.wire().unwrap());
        let status = server.close().unwrap();
        assert_eq!(status.code(), Some(0), "in mid-call: {in_mid_call}");
        wire.check_purity().unwrap();
        let reports = verify_audit(&data).unwrap();
        assert_eq!(reports.len(), 1);
        let text = audit_text(&data).unwrap();
        assert!(text.contains("server_stopped"), "{text}");
        assert_eq!(text.contains("cancelled"), in_mid_call, "{text}");
    }
}

#[test]
fn input_that_ends_before_the_first_message_is_no_error() {
    let desktop = desktop().unwrap();
    let server = desktop.own_server(Transport::Stdio, &[]).unwrap();
    assert_eq!(server.close().unwrap().code(), Some(0));
}

portcullis_testkit::only_in_lab! {
    #[test]
    fn an_interrupt_ends_the_server_in_order() {
        let desktop = desktop().unwrap();
        let mut server = desktop.own_server(Transport::Stdio, &[]).unwrap();
        let client = server.client(Era::Legacy).unwrap();
        client.call("GetSystemInfo", json!({})).unwrap();
        server.interrupt().unwrap();
        // No code: the program that entered the lab for the server took the signal too. What counts is in the record.
        let code = server.await_end().unwrap().code();
        assert!(matches!(code, None | Some(0)), "{code:?} {}", server.stderr());
        server.verify_audit().unwrap();
        assert!(server.audit_text().unwrap().contains("server_stopped"));
    }
}
