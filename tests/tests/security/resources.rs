//! What the server keeps for a client, asked for by the protocol's own requests: over both transports and eras, and by whoever
//! it is not kept for.

use crate::keys::{key, of};
use portcullis_testkit::client::{Client, Era};
use portcullis_testkit::desktop::ref_of;
use portcullis_testkit::fake_home::FakeHome;
use portcullis_testkit::server::{Server, Transport};
use serde_json::{Value, json};

/// An address of the right form that was never given.
const NOBODYS: &str = "portcullis://shots/0123456789abcdef0123456789abcdef";

/// Has a picture kept, and gives its address.
fn keep(client: &Client) -> String {
    let region = json!({ "left": 0, "top": 0, "width": 40, "height": 30 });
    let answer = client.call("Screenshot", json!({ "keep": true, "region": region })).unwrap().ok().unwrap();
    answer.check_both_client_rules().unwrap();
    let [uri] = answer.links.as_slice() else { panic!("one link: {}", answer.raw) };
    uri.clone()
}

/// What a caller has that no other may come to: a ref, a call that ended, a picture.
pub(crate) struct Holding {
    element: String,
    task: String,
    uri: String,
}

impl Holding {
    /// Of a client that was given all of it.
    pub(crate) fn of(client: &Client) -> Holding {
        let found = client.call("FindElement", json!({ "name": "Greet" })).unwrap().ok().unwrap();
        let uri = keep(client);
        let tasks = client.call("GetTaskStatus", json!({})).unwrap().ok().unwrap();
        let task = tasks.structured.unwrap()["tasks"][0]["id"].as_str().unwrap().to_owned();
        let holding = Holding { element: ref_of(&found.text, "Greet").unwrap(), task, uri };
        holding.assert_there(client);
        holding
    }

    fn codes(&self, client: &Client) -> [Option<String>; 3] {
        [
            ("WaitFor", json!({ "condition": "element_exists", "ref": self.element, "timeout": 1 })),
            ("GetTaskStatus", json!({ "task_id": self.task })),
            ("ReadResource", json!({ "uri": self.uri })),
        ]
        .map(|(tool, arguments)| client.call(tool, arguments).unwrap().fault("code").map(str::to_owned))
    }

    /// That the client has it.
    pub(crate) fn assert_there(&self, client: &Client) {
        assert_eq!(self.codes(client), [None, None, None]);
    }

    /// That for the client nothing of it is there.
    pub(crate) fn assert_absent(&self, client: &Client) {
        let missing = Some("not_found".to_owned());
        assert_eq!(self.codes(client), [Some("unknown_ref".to_owned()), missing.clone(), missing]);
        assert_eq!(client.request("resources/list", json!({})).unwrap().unwrap()["resources"], json!([]));
    }
}

/// The code that answers a request for what is not there: by the older era's protocol its own, by the newer one's a bad parameter.
fn not_found(era: Era) -> i64 {
    if era == Era::Modern { -32602 } else { -32002 }
}

fn check(client: &Client, era: Era) {
    assert_eq!(client.request("resources/list", json!({})).unwrap().unwrap()["resources"], json!([]));
    let uri = keep(client);
    let list = client.request("resources/list", json!({})).unwrap().unwrap();
    let listed = &list["resources"][0];
    assert_eq!((&listed["uri"], &listed["mimeType"]), (&json!(uri), &json!("image/png")), "{list}");
    let told = client.request("resources/read", json!({ "uri": uri })).unwrap().unwrap();
    let contents = &told["contents"][0];
    assert_eq!((&contents["uri"], &contents["mimeType"]), (&json!(uri), &json!("image/png")));
    assert!(contents["blob"].as_str().unwrap().starts_with("iVBORw0KGgo"), "{told}");
    let templates = client.request("resources/templates/list", json!({})).unwrap().unwrap();
    assert_eq!(templates["resourceTemplates"][0]["uriTemplate"], "portcullis://shots/{id}");
    let error = client.request("resources/read", json!({ "uri": NOBODYS })).unwrap().unwrap_err();
    assert_eq!(error.code, not_found(era), "{error:?}");
    let error = client.request("resources/read", json!({ "uri": "file:///C:/Windows/win.ini" })).unwrap().unwrap_err();
    assert_eq!(error.code, -32602, "{error:?}");
    if era == Era::Modern {
        for result in [&list, &told, &templates] {
            assert_eq!(result["cacheScope"], "private", "{result}");
        }
    }
}

#[test]
fn kept_pictures_are_listed_and_read_over_every_wire() {
    let home = FakeHome::new().unwrap();
    let server = home.start(Transport::Stdio, &[]).unwrap();
    check(&server.client(Era::Legacy).unwrap(), Era::Legacy);
    for era in Era::ALL {
        // A server of its own each: what is kept is the key's, whatever the era.
        let home = FakeHome::new().unwrap();
        let server = home.start(Transport::Http, &[]).unwrap();
        check(&Client::over_http(server.endpoint().unwrap().clone(), era).unwrap(), era);
    }
}

#[test]
fn attack_another_key_reads_and_lists_nothing_of_it() {
    let home = FakeHome::new().unwrap();
    let (mine, other) = (key(&home, &["new", "mine"]), key(&home, &["new", "other"]));
    let server: Server = home.start(Transport::Http, &[]).unwrap();
    let owner = Client::over_http(of(&server, &mine), Era::Legacy).unwrap();
    let uri = keep(&owner);
    let stranger = Client::over_http(of(&server, &other), Era::Legacy).unwrap();
    let refused = stranger.request("resources/read", json!({ "uri": uri })).unwrap().unwrap_err();
    let nothing = stranger.request("resources/read", json!({ "uri": NOBODYS })).unwrap().unwrap_err();
    let without = |text: &str| text.replace(&uri, "…").replace(NOBODYS, "…");
    assert_eq!(without(&refused.message), without(&nothing.message), "it does not tell that there is something");
    let list: Value = stranger.request("resources/list", json!({})).unwrap().unwrap();
    assert_eq!(list["resources"], json!([]));
    assert!(owner.request("resources/read", json!({ "uri": uri })).unwrap().is_ok());
}

#[test]
fn attack_a_read_passes_the_same_door_as_a_call() {
    let home = FakeHome::new().unwrap();
    let server = home.start(Transport::Stdio, &["--exclude-tools", "ReadResource,ListResources"]).unwrap();
    let client = server.client(Era::Legacy).unwrap();
    let uri = keep(&client);
    let error = client.request("resources/read", json!({ "uri": uri })).unwrap().unwrap_err();
    assert!(error.message.contains("not_enabled"), "{error:?}");
    assert_eq!(client.request("resources/list", json!({})).unwrap().unwrap()["resources"], json!([]));
}

#[test]
fn a_long_call_tells_whoever_asked_how_far_it_is() {
    let home = FakeHome::new().unwrap();
    let server = home.start(Transport::Stdio, &[]).unwrap();
    let client = server.client(Era::Legacy).unwrap();
    let ask = |token: Option<&str>| {
        let meta = token.map_or(json!({}), |token| json!({ "progressToken": token }));
        let params = json!({ "name": "Wait", "arguments": { "seconds": 0.05 }, "_meta": meta });
        client.request("tools/call", params).unwrap().unwrap();
        server.wire().unwrap().notifications("notifications/progress")
    };
    assert_eq!(ask(None).len(), 0);
    let told = ask(Some("p-1"));
    assert!(!told.is_empty());
    for step in told {
        let params = &step["params"];
        assert_eq!(
            (&params["progressToken"], &params["total"], &params["message"]),
            (&json!("p-1"), &json!(0.05), &json!("waiting"))
        );
    }
}
