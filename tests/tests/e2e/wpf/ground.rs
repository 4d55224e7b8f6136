//! What the tests of the WPF tools stand on: an application of the fixtures, a policy that names it, a server with that policy
//! and a client. No test lives here.

use portcullis_testkit::client::{Client, Era, ToolResult};
use portcullis_testkit::desktop::Desktop;
use portcullis_testkit::server::{Server, Transport, new_data_folder};
use portcullis_testkit::wpf_app::{self, WpfApp};
use serde_json::{Value, json};

/// The gates of a policy, by their names there.
pub(crate) const READS: &[&str] = &["injection", "sensitive_reads"];
/// Every gate.
pub(crate) const ALL: &[&str] = &["injection", "sensitive_reads", "screenshots", "viewmodel", "destructive"];

/// A server that may go into applications, and a client of it.
pub(crate) struct Ground {
    pub(crate) server: Server,
    pub(crate) client: Client,
}

/// A policy that admits `programs`, into which may be loaded, and opens `gates`.
pub(crate) fn policy(desktop: &Desktop, programs: &[&str], gates: &[&str]) -> String {
    wpf_app::policy(desktop.run(), programs, gates)
}

/// A policy that admits `programs` when they open themselves, and opens `gates`.
pub(crate) fn policy_without_loading(desktop: &Desktop, programs: &[&str], gates: &[&str]) -> String {
    policy(desktop, programs, gates).replace("load = true\n", "")
}

impl Ground {
    /// A server with this policy.
    pub(crate) fn with(desktop: &Desktop, policy: &str, flags: &[&str]) -> Self {
        let file = new_data_folder(desktop.run()).unwrap().join("policy.toml");
        std::fs::write(&file, policy).unwrap();
        let path = desktop.run().windows_path(&file);
        let flags: Vec<&str> = ["--config", path.as_str()].into_iter().chain(flags.iter().copied()).collect();
        let server = desktop.own_server(Transport::Stdio, &flags).unwrap();
        let client = server.client(Era::Legacy).unwrap();
        Self { server, client }
    }

    /// A server that admits the form with these gates.
    pub(crate) fn form(desktop: &Desktop, gates: &[&str], flags: &[&str]) -> Self {
        Self::with(desktop, &policy(desktop, &["Fixture.Form"], gates), flags)
    }

    pub(crate) fn call(&self, tool: &str, arguments: Value) -> ToolResult {
        self.client.call(tool, arguments).unwrap()
    }

    /// What a call tells that must succeed.
    pub(crate) fn told(&self, tool: &str, arguments: Value) -> Value {
        let said = arguments.to_string();
        let answer = self.call(tool, arguments);
        assert!(!answer.is_error, "{tool} {said}: {}", answer.text);
        answer.structured.unwrap_or_else(|| panic!("{tool} tells nothing: {}", answer.text))
    }

    /// The `errorCode` of a call that must fail.
    pub(crate) fn refused(&self, tool: &str, arguments: Value) -> String {
        let said = arguments.to_string();
        let answer = self.call(tool, arguments);
        assert!(answer.is_error, "{tool} {said} was done: {}", answer.text);
        answer.text
    }

    /// The id of the element of this name.
    pub(crate) fn element(&self, name: &str) -> String {
        let found = self.told("find_elements", json!({ "elementName": name, "matchMode": "exact" }));
        let id = found["results"][0]["elementId"].as_str();
        id.unwrap_or_else(|| panic!("no {name}: {found}")).to_owned()
    }

    /// Connects to an application.
    pub(crate) fn connect(&self, app: &WpfApp) -> Value {
        self.told("connect", json!({ "processId": app.process().unwrap() }))
    }
}
