//! Messages that say one thing to who checks and another to who acts. Both source systems, and the SDK, take the last of two
//! values that have one name, without a word; whoever looked at the first looked at something else. Here such a message is
//! refused at every door.

use crate::raw::LIMIT;
use portcullis_testkit::client::{Client, Era};
use portcullis_testkit::fake_home::FakeHome;
use portcullis_testkit::server::Transport;
use serde_json::{Value, json};
use std::time::Instant;

/// A call that says `seconds` twice, in two ways of writing it, and one that names two tools.
fn twofold(id: u64) -> [(String, &'static str); 3] {
    let call = |params: &str| format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{params}}}"#);
    [
        (call(r#"{"name":"Wait","arguments":{"seconds":0,"seconds":60}}"#), "`params.arguments.seconds`"),
        (call(r#"{"name":"Wait","arguments":{"seconds":0,"s\u0065conds":60}}"#), "`params.arguments.seconds`"),
        (call(r#"{"name":"GetRunningTasks","arguments":{},"name":"Wait"}"#), "`params.name`"),
    ]
}

#[test]
fn what_has_a_name_twice_is_refused_at_every_door() {
    let home = FakeHome::new().unwrap();
    let server = home.start(Transport::Http, &[]).unwrap();
    let endpoint = server.endpoint().unwrap();
    for era in Era::ALL {
        let client = Client::over_http(endpoint.clone(), era).unwrap();
        for (message, place) in twofold(7) {
            let parsed: Value = serde_json::from_str(&message).unwrap();
            let headers = [endpoint.usual_headers(), client.headers("tools/call", &parsed)].concat();
            let reply = endpoint.send("POST", &headers, message.as_bytes()).unwrap();
            let reply = reply.finish(Instant::now() + LIMIT).unwrap();
            assert_eq!(reply.status, 400, "{}", reply.text());
            assert!(reply.text().contains(place) && reply.text().contains("write it once"), "{}", reply.text());
        }
        // What stands once in each of two objects is no message of that kind.
        client.call("Batch", json!({ "steps": [{ "tool": "Wait", "args": { "seconds": 0 } }] })).unwrap().ok().unwrap();
    }
    let server = home.start(Transport::Stdio, &[]).unwrap();
    let client = server.client(Era::Legacy).unwrap();
    for (number, (message, place)) in (100..).zip(twofold(0)) {
        let message = message.replace(r#""id":0"#, &format!(r#""id":{number}"#));
        server.wire().unwrap().send_line(&message).unwrap();
        let answer = server.wire().unwrap().answer(number, Instant::now() + LIMIT).unwrap();
        assert_eq!(answer["error"]["code"], -32602, "{answer}");
        assert!(answer["error"]["message"].as_str().unwrap().contains(place), "{answer}");
    }
    client.call("Wait", json!({ "seconds": 0 })).unwrap().ok().unwrap();
    let data = home.data().display().to_string();
    for words in [["call", "Wait"].as_slice(), &["policy", "explain", "Wait"]] {
        let words = [
            words,
            &["--args", r#"{"seconds":0,"seconds":60}"#],
            &["--data", &data][..if words[0] == "call" { 2 } else { 0 }],
        ];
        let done = home.run(&words.concat()).unwrap();
        assert!(!done.status.success() && done.stderr.contains("`seconds` stands twice"), "{words:?}: {}", done.stderr);
    }
}
