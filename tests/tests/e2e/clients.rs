//! Clients that others wrote, on the server as a user sets it up: the Python package `mcp` and the command line of the MCP
//! Inspector list the tools and call some, over standard input and output and over HTTP.

use portcullis_testkit::desktop::{Desktop, desktop};
use portcullis_testkit::lab::{Cache, Lab, run_within, workspace_top};
use portcullis_testkit::server::{Server, Transport, new_data_folder, verify_audit};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// What a client may take, from its start to its end.
const CLIENT_LIMIT: Duration = Duration::from_secs(60);
/// A tool whose answer has a shape, and one whose answer is text.
const CALLS: [(&str, &str); 2] = [("GetSystemInfo", "computer"), ("Snapshot", "Portcullis Fixture")];

/// `cargo xtask lab …` as the exe itself, on the desktop's run, for a server with this data folder.
fn lab_command(desktop: &Desktop, arguments: &[&str], data: &Path) -> Command {
    let tests = std::env::current_exe().unwrap();
    let xtask = tests.ancestors().nth(2).unwrap().join("xtask");
    assert!(xtask.exists(), "there is no {}: run `cargo xtask build`", xtask.display());
    let mut command = Command::new(xtask);
    command.arg("lab").args(arguments).args(["--run", desktop.run().name(), "--", "--data"]);
    command.arg(desktop.run().windows_path(data));
    command
}

/// How a client starts a server in the desktop's run: `cargo xtask lab stdio`, the exe itself, as the configuration that
/// it prints for clients says.
fn stdio_entry(desktop: &Desktop, data: &Path) -> Value {
    let mut print = lab_command(desktop, &["stdio", "--print-config"], data);
    let config: Value = serde_json::from_str(&run_within(&mut print, CLIENT_LIMIT).unwrap().stdout).unwrap();
    let mut entry = config["mcpServers"]["portcullis"].clone();
    // Clients hand little of their environment on.
    entry["env"] = json!({ "XDG_CACHE_HOME": cache_home() });
    entry
}

/// The folder above the lab's.
fn cache_home() -> PathBuf {
    Cache::of_user().unwrap().top().ancestors().nth(2).unwrap().to_owned()
}

fn url_and_key(server: &Server) -> (String, String) {
    let endpoint = server.endpoint().unwrap();
    (format!("http://{}{}", endpoint.address, endpoint.path), endpoint.key.clone().unwrap())
}

/// The names that our own client lists over that transport.
fn tools(desktop: &mut Desktop, transport: Transport) -> Vec<String> {
    let listed = desktop.client(transport, &[]).unwrap().list_tools().unwrap();
    listed.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

/// What `list_and_call.py` says.
fn python(plan: &Value) -> Value {
    let mut client = Command::new(Lab::ready().unwrap().client_python().unwrap());
    client.arg(workspace_top().join("lab/clients/list_and_call.py")).arg(plan.to_string());
    serde_json::from_str(&run_within(&mut client, CLIENT_LIMIT).unwrap().stdout).unwrap()
}

#[test]
fn the_python_client_lists_and_calls_over_both_transports() {
    let mut desktop = desktop().unwrap();
    let [local, by_key] = [Transport::Stdio, Transport::Http].map(|transport| tools(&mut desktop, transport));
    let data = new_data_folder(desktop.run()).unwrap();
    let server = desktop.own_server(Transport::Http, &[]).unwrap();
    let (url, key) = url_and_key(&server);
    for (connection, tools) in [(stdio_entry(&desktop, &data), local), (json!({ "url": url, "key": key }), by_key)] {
        for (tool, holds) in CALLS {
            let mut plan = connection.clone();
            plan["tool"] = json!(tool);
            plan["arguments"] = json!({});
            let said = python(&plan);
            assert_eq!(said["tools"], json!(tools), "{said}");
            assert_eq!(said["is_error"], false, "{said}");
            assert!(said["text"].as_str().unwrap().contains(holds), "{said}");
            assert_eq!(said["structured"].is_object(), tool == "GetSystemInfo", "{said}");
        }
    }
    assert_eq!(verify_audit(&data).unwrap().len(), CALLS.len());
    server.verify_audit().unwrap();
}

/// What the Inspector's command line prints for a method.
fn inspector(desktop: &Desktop, connection: &[String], method: &[&str]) -> Value {
    let node = Lab::ready().unwrap().node().unwrap();
    let mut client = node.command().unwrap();
    client.arg(node.modules().join(".bin/mcp-inspector")).arg("--cli").args(connection);
    // It keeps things in the home folder, which shall not be the user's.
    client.arg("--method").args(method).env("HOME", desktop.run().share());
    let said = run_within(&mut client, CLIENT_LIMIT).unwrap();
    serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {} {}", said.stdout, said.stderr))
}

#[test]
fn the_inspector_lists_and_calls_over_both_transports() {
    let mut desktop = desktop().unwrap();
    let [local, by_key] = [Transport::Stdio, Transport::Http].map(|transport| tools(&mut desktop, transport));
    let data = new_data_folder(desktop.run()).unwrap();
    let config = desktop.run().share().join("inspector.json");
    let entry = json!({ "mcpServers": { "portcullis": stdio_entry(&desktop, &data) } });
    std::fs::write(&config, entry.to_string()).unwrap();
    let server = desktop.own_server(Transport::Http, &[]).unwrap();
    let (url, key) = url_and_key(&server);
    let own = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let stdio = own(&["--config", config.to_str().unwrap(), "--server", "portcullis"]);
    let http = own(&["--transport", "http", "--server-url", &url, "--header", &format!("Authorization: Bearer {key}")]);
    for (connection, tools) in [(stdio, local), (http, by_key)] {
        let listed = inspector(&desktop, &connection, &["tools/list", "--strict"]);
        let names: Vec<&str> =
            listed["tools"].as_array().unwrap().iter().map(|t| t["name"].as_str().unwrap()).collect();
        assert_eq!(names, tools, "{connection:?}");
        for (tool, holds) in CALLS {
            let said = inspector(&desktop, &connection, &["tools/call", "--tool-name", tool]);
            assert!(said["isError"].as_bool() != Some(true), "{said}");
            assert!(said["content"][0]["text"].as_str().unwrap().contains(holds), "{said}");
        }
    }
    server.verify_audit().unwrap();
}

/// What a killed client's server may take to be gone.
const GONE_LIMIT: Duration = Duration::from_secs(20);

/// A client that gives up kills what it started without a word; here its end of the input even stays open.
#[test]
fn a_server_goes_with_the_client_that_was_killed_although_its_run_goes_on() {
    let desktop = desktop().unwrap();
    let data = new_data_folder(desktop.run()).unwrap();
    let mut command = lab_command(&desktop, &["stdio"], &data);
    let mut started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut input = started.stdin.take().unwrap();
    let mut output = BufReader::new(started.stdout.take().unwrap());
    let asked =
        json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
    writeln!(input, "{}", json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": asked })).unwrap();
    let mut answer = String::new();
    output.read_line(&mut answer).unwrap();
    assert!(answer.contains(r#""id":1"#), "{answer}");
    started.kill().unwrap();
    started.wait().unwrap();
    // The server writes to the same pipe, so that its end is the end of the output.
    let (send, ended) = mpsc::channel();
    thread::spawn(move || send.send(output.read_to_end(&mut Vec::new()).is_ok()));
    assert_eq!(ended.recv_timeout(GONE_LIMIT), Ok(true), "the server goes on");
    drop(input);
}

/// What `cargo xtask lab serve` prints is all that a client needs.
#[test]
fn the_configuration_that_lab_serve_prints_connects_a_client() {
    let mut desktop = desktop().unwrap();
    let by_key = tools(&mut desktop, Transport::Http);
    let data = new_data_folder(desktop.run()).unwrap();
    let mut serve = lab_command(&desktop, &["serve"], &data);
    let mut serving = serve.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let said = serde_json::Deserializer::from_reader(serving.stdout.take().unwrap()).into_iter::<Value>().next();
    let said = said.unwrap().unwrap();
    let config = desktop.run().share().join("serve.json");
    std::fs::write(&config, said.to_string()).unwrap();
    let connection = ["--config", config.to_str().unwrap(), "--server", "portcullis"].map(str::to_owned);
    let listed = inspector(&desktop, &connection, &["tools/list"]);
    let names: Vec<&str> = listed["tools"].as_array().unwrap().iter().map(|t| t["name"].as_str().unwrap()).collect();
    assert_eq!(names, by_key);
    // Nothing of it is told that it ends, and the run goes on; the server goes all the same.
    serving.kill().unwrap();
    serving.wait().unwrap();
    let url = said["mcpServers"]["portcullis"]["url"].as_str().unwrap();
    let address = url.trim_start_matches("http://").split('/').next().unwrap();
    let deadline = Instant::now() + GONE_LIMIT;
    while TcpStream::connect(address).is_ok() {
        assert!(Instant::now() < deadline, "the server goes on");
    }
    // Killed in the middle of everything, the record is whole up to its last line.
    assert_eq!(verify_audit(&data).unwrap().len(), 1);
}
