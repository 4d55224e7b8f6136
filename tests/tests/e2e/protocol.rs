//! What holds on both transports and in both eras: the list of tools, the two shapes of a reply, and errors as clients
//! read them. The table of doors is here; what only one transport has is elsewhere.

use portcullis_testkit::client::{Client, Era};
use portcullis_testkit::desktop::desktop;
use portcullis_testkit::server::{Server, Transport};
use serde_json::{Value, json};
use std::fmt::Write;

/// Every way in: a server and a client for each.
fn doors(flags: &[&str]) -> Vec<(String, Server, Client)> {
    let desktop = desktop().unwrap();
    let mut doors = Vec::new();
    for transport in [Transport::Stdio, Transport::Http] {
        for era in Era::ALL {
            let server = desktop.own_server(transport, flags).unwrap();
            let client = server.client(era).unwrap();
            doors.push((format!("{transport:?} {era:?}"), server, client));
        }
    }
    doors
}

#[test]
fn every_door_lists_the_same_closed_private_sorted_tools() {
    let doors = doors(&[]);
    let mut first: Vec<(bool, Vec<Value>)> = Vec::new();
    for (door, _server, client) in &doors {
        let page = client.request("tools/list", json!({})).unwrap().unwrap();
        if client.era() == Era::Modern {
            assert_eq!(page["cacheScope"], "private", "{door}");
            assert!(page["ttlMs"].as_u64().unwrap() > 0, "{door}");
        }
        let tools = client.list_tools().unwrap();
        let names: Vec<&str> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
        assert!(names.is_sorted(), "{door}: {names:?}");
        for tool in &tools {
            let name = &tool["name"];
            assert_eq!(tool["inputSchema"]["additionalProperties"], false, "{door}: {name}");
            assert!(tool["description"].as_str().unwrap().chars().count() <= 250, "{door}: {name}");
            for hint in ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"] {
                assert!(tool["annotations"][hint].is_boolean(), "{door}: {name} has no {hint}");
            }
        }
        let by_key = door.starts_with("Http");
        match first.iter().find(|(known, _)| *known == by_key) {
            Some((_, known)) => assert_eq!(known, &tools, "{door}"),
            None => first.push((by_key, tools)),
        }
    }
    // What only the owner's own process tree has by default: the first key holds no `files`.
    let [(_, local), (_, key)] = first.as_slice() else { panic!("two kinds of doors") };
    let beside: Vec<&str> =
        local.iter().filter(|tool| !key.contains(tool)).map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(beside, ["FileInfo", "FileList", "FileSearch"]);
    assert!(key.iter().all(|tool| local.contains(tool)));
}

#[test]
fn the_handshake_says_who_serves_and_what_it_has() {
    for (door, _server, client) in &doors(&[]) {
        let said = client.handshake();
        assert!(said["instructions"].as_str().unwrap().contains("Snapshot"), "{door}");
        assert_eq!(said["capabilities"], json!({ "resources": {}, "tools": {} }), "{door}");
        for method in ["prompts/list", "resources/subscribe", "no/such"] {
            assert_eq!(client.request(method, json!({})).unwrap().unwrap_err().code, -32601, "{door} {method}");
        }
    }
}

#[test]
fn data_tools_answer_twice_the_same_and_view_tools_with_content_alone() {
    // Every call of the client is judged by both rules besides; this says which tool has which shape.
    for (door, _server, client) in &doors(&[]) {
        for tool in client.list_tools().unwrap() {
            let name = tool["name"].as_str().unwrap();
            let data = tool.get("outputSchema").is_some_and(Value::is_object);
            let needs_nothing = tool["inputSchema"].get("required").is_none_or(|r| r.as_array().unwrap().is_empty());
            let reads = tool["annotations"]["readOnlyHint"] == true;
            if !needs_nothing || !reads || name == "Wait" {
                continue;
            }
            let answer = client.call(name, json!({})).unwrap();
            if answer.is_error {
                // A tool that has no required argument may still need one of several.
                assert!(answer.structured.is_none(), "{door}: {name}");
                continue;
            }
            assert_eq!(answer.structured.is_some(), data, "{door}: {name}");
        }
    }
}

#[test]
fn errors_name_code_field_value_rule_and_remedy_at_every_door() {
    let calls = [
        ("Wait", json!({ "seconds": "soon" })),
        ("Wait", json!({ "seconds": 61 })),
        ("Wait", json!({ "second": 1 })),
        ("ListProcesses", json!({ "limit": 0 })),
        ("ListProcesses", json!({ "limit": 1.5 })),
        ("ListProcesses", json!({ "sort_by": "size" })),
        ("ListProcesses", json!({ "filter": ["a"] })),
        ("GetSystemInfo", json!({ "verbose": true })),
    ];
    // A call that a scope refuses is none of these: scopes differ from door to door, and are told first.
    let mut first: Option<String> = None;
    for (door, _server, client) in &doors(&[]) {
        let mut all = String::new();
        for (tool, arguments) in &calls {
            let answer = client.call(tool, arguments.clone()).unwrap();
            assert!(answer.is_error, "{door}: {tool} {arguments}: {}", answer.text);
            writeln!(all, "{tool} {arguments}\n{}\n", answer.text).unwrap();
        }
        for name in ["Wiat", "getclipboard", "zzzz"] {
            let error = client.request("tools/call", json!({ "name": name, "arguments": {} })).unwrap().unwrap_err();
            writeln!(all, "{name}\n{error}\n").unwrap();
        }
        assert_eq!(first.get_or_insert_with(|| all.clone()), &all, "{door}");
    }
    insta::assert_snapshot!(first.unwrap());
}

#[test]
fn a_tool_that_is_filtered_out_is_neither_listed_nor_called() {
    let mut first: Option<String> = None;
    for (door, _server, client) in &doors(&["--exclude-tools", "GetClipboard"]) {
        assert!(client.list_tools().unwrap().iter().all(|tool| tool["name"] != "GetClipboard"), "{door}");
        let answer = client.call("GetClipboard", json!({})).unwrap();
        assert_eq!(answer.fault("code"), Some("not_enabled"), "{door}");
        assert_eq!(first.get_or_insert_with(|| answer.text.clone()), &answer.text, "{door}");
    }
    insta::assert_snapshot!(first.unwrap());
}

#[test]
fn two_clients_at_once_get_their_own_answers() {
    let desktop = desktop().unwrap();
    let server = desktop.own_server(Transport::Http, &[]).unwrap();
    let clients = Era::ALL.map(|era| server.client(era).unwrap());
    // Each call has an answer that no other one has.
    let pending: Vec<_> = (0..20)
        .map(|turn| {
            let (client, seconds) = (&clients[turn % 2], f64::from(u32::try_from(turn).unwrap() + 1) / 100.0);
            (client, seconds, client.start_call("Wait", json!({ "seconds": seconds })).unwrap())
        })
        .collect();
    for (client, seconds, pending) in pending {
        let answer = client.wait_call(pending, portcullis_testkit::client::ANSWER_LIMIT).unwrap();
        assert_eq!(answer.text, format!("waited {seconds} s"));
    }
}

#[test]
fn the_http_key_holds_no_alter_however_much_is_open() {
    let desktop = desktop().unwrap();
    let owner = desktop.own_server(Transport::Stdio, &["--enable-tier3"]).unwrap();
    let owner = owner.client(Era::Legacy).unwrap();
    owner.call("SetClipboard", json!({ "text": "the owner's" })).unwrap().ok().unwrap();
    let server = desktop.own_server(Transport::Http, &["--enable-all"]).unwrap();
    for era in Era::ALL {
        let client = server.client(era).unwrap();
        assert!(client.list_tools().unwrap().iter().all(|tool| tool["name"] != "SetClipboard"), "{era:?}");
        let refused = client.call("SetClipboard", json!({ "text": "the key's" })).unwrap();
        assert_eq!(refused.fault("code"), Some("not_enabled"), "{}", refused.text);
        assert!(refused.fault("rule").unwrap().contains("holds no `alter` scope"), "{}", refused.text);
    }
    assert_eq!(owner.call("GetClipboard", json!({})).unwrap().text, "the owner's");
}
