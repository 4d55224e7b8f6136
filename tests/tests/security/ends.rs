//! How a server ends: by the end of its input, by Ctrl+C and by a request to terminate, over both transports and with a call
//! under way. winremote-mcp is killed with its work in the middle; here the call is answered or recorded, and the chain is closed.

use portcullis_testkit::client::Era;
use portcullis_testkit::desktop::call_until;
use portcullis_testkit::fake_home::FakeHome;
use portcullis_testkit::server::Transport;
use serde_json::json;
use std::net::TcpListener;

#[test]
fn a_server_that_is_told_to_end_does_so_in_order() {
    for transport in [Transport::Stdio, Transport::Http] {
        for way in ["Ctrl+C", "a request to terminate"] {
            let home = FakeHome::new().unwrap();
            let mut server = home.start(transport, &[]).unwrap();
            let client = server.client(Era::Legacy).unwrap();
            let _under_way = client.start_call("Wait", json!({ "seconds": 60 })).unwrap();
            call_until(&client, "GetRunningTasks", &json!({}), |tasks| tasks.text.contains("Wait")).unwrap();
            if way == "Ctrl+C" { server.interrupt() } else { server.terminate() }.unwrap();
            let status = server.await_end().unwrap();
            let what = format!("{way} over {transport:?}: {}", server.stderr());
            assert_eq!(status.code(), Some(0), "{what}");
            server.verify_audit().unwrap();
            let record = server.audit_text().unwrap();
            let last = record.lines().last().unwrap_or_default();
            assert!(last.contains("server_stopped"), "{what}: {last}");
            assert!(record.contains("\"cancelled\""), "{what}: the call under way has no end in\n{record}");
            if transport == Transport::Http {
                TcpListener::bind(server.endpoint().unwrap().address).unwrap_or_else(|error| panic!("{what}: {error}"));
            }
        }
    }
}
