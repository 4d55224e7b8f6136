//! Many clients at once over HTTP, in both eras and with several keys: each reads what is there, none is turned away, and
//! what one does with pointer and keyboard is done before another begins. The fixture's journal has the order.

use crate::fixture::TITLE;
use portcullis_testkit::client::{Client, Era, HttpEndpoint};
use portcullis_testkit::desktop::{Desktop, desktop, ref_of};
use portcullis_testkit::journal::Journal;
use portcullis_testkit::server::{Server, Transport, new_data_folder};
use serde_json::{Value, json};
use std::fs;
use std::sync::Barrier;
use std::thread;

const CLIENTS: usize = 64;
/// How often each reads all that there is to read.
const ROUNDS: usize = 3;
const FILES: usize = 50;
const KEYS: [&str; 2] = ["first", "second"];
const COPIED: &str = "what all of them read";
const VALUE: &str = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion";
const SECOND: &str = "Other typist";
/// Those of the clients that type, in one moment, while the others read. What waits for the keyboard for half a minute is
/// answered so, and on a machine with other work each of them may take seconds.
const TYPISTS: usize = 9;
/// How often each types a letter of its own, so that a stranger's inside it would show.
const LENGTH: usize = 8;

/// A tool, its arguments, and whether its answer's text is true.
type Read<'a> = (&'a str, Value, Box<dyn Fn(&str) -> bool + Sync>);

/// A server with two keys that may read files and the registry and use the pointer, as often as they like.
struct Ground {
    server: Server,
    keys: Vec<String>,
    folder: String,
}

impl Ground {
    fn new(desktop: &Desktop) -> Self {
        let data = new_data_folder(desktop.run()).unwrap();
        // Not inside the server's own folder, which is shut to every tool.
        let files = new_data_folder(desktop.run()).unwrap();
        for number in 0..FILES {
            fs::write(files.join(format!("file-{number:02}.txt")), format!("line {number}\n")).unwrap();
        }
        let (place, folder) = (desktop.run().windows_path(&data), desktop.run().windows_path(&files));
        let scopes = "observe,interact,alter,files";
        let made = KEYS.map(|name| {
            let done = desktop.portcullis(&["key", "new", name, "--scopes", scopes, "--data", &place]).unwrap();
            assert!(done.status.success(), "{}", done.stderr);
            done.stdout.trim().to_owned()
        });
        let roots: String = KEYS
            .map(|name| {
                format!("[principals.\"key:{name}\"]\nfiles.read = ['{folder}']\nregistry.read = ['HKLM\\SOFTWARE']\n")
            })
            .concat();
        let policy = data.join("policy.toml");
        fs::write(&policy, format!("version = 1\n[tools]\ntier3 = true\n{roots}")).unwrap();
        let config = desktop.run().windows_path(&policy);
        let flags = ["--config", &config, "--rate", "1000000000"];
        let server = Server::start_on(desktop.run(), Transport::Http, &flags, &data).unwrap();
        Self { server, keys: made.into(), folder }
    }

    /// Clients of both keys and of both eras.
    fn clients(&self, count: usize) -> Vec<Client> {
        let endpoints: Vec<HttpEndpoint> = self
            .keys
            .iter()
            .map(|key| HttpEndpoint { key: Some(key.clone()), ..self.server.endpoint().unwrap().clone() })
            .collect();
        let client = |number: usize| {
            let era = Era::ALL[number / endpoints.len() % Era::ALL.len()];
            Client::over_http(endpoints[number % endpoints.len()].clone(), era).unwrap()
        };
        (0..count).map(client).collect()
    }
}

/// Lets each client do its part at the same moment; gives what each found wrong.
fn at_once(clients: &[Client], part: impl Fn(usize, &Client) -> Vec<String> + Sync) -> Vec<String> {
    let all_there = Barrier::new(clients.len());
    thread::scope(|scope| {
        let (all_there, part) = (&all_there, &part);
        let at_work: Vec<_> = clients
            .iter()
            .enumerate()
            .map(|(number, client)| {
                scope.spawn(move || {
                    all_there.wait();
                    part(number, client)
                })
            })
            .collect();
        at_work.into_iter().flat_map(|one| one.join().unwrap()).collect()
    })
}

#[test]
fn sixty_four_clients_read_at_once_and_none_meets_an_error() {
    let desktop = desktop().unwrap();
    let owner = desktop.own_server(Transport::Stdio, &["--enable-tier3"]).unwrap();
    owner.client(Era::Legacy).unwrap().call("SetClipboard", json!({ "text": COPIED })).unwrap().ok().unwrap();
    let said = desktop.windows_program("reg.exe", &["query", VALUE, "/v", "ProductName"]).unwrap().stdout;
    let product = said.split("REG_SZ").nth(1).unwrap().trim().to_owned();
    let ground = Ground::new(&desktop);
    let clients = ground.clients(CLIENTS);
    let reads: Vec<Read<'_>> = vec![
        ("GetClipboard", json!({}), Box::new(|text| text.contains(COPIED))),
        (
            "RegRead",
            json!({ "key": VALUE, "value_name": "ProductName" }),
            Box::new(move |text| text.contains(&product)),
        ),
        (
            "FileList",
            json!({ "path": ground.folder }),
            Box::new(|text| (0..FILES).all(|number| text.contains(&format!("file-{number:02}.txt")))),
        ),
        (
            "FileRead",
            json!({ "path": format!(r"{}\file-07.txt", ground.folder) }),
            Box::new(|text| text.contains("line 7")),
        ),
        ("ListProcesses", json!({ "filter": "FIXTURE" }), Box::new(|text| text.contains("portcullis-fixture-desktop"))),
    ];
    let wrong = at_once(&clients, |number, client| {
        let mut wrong = Vec::new();
        for round in 0..ROUNDS {
            // Each begins with another one, so that all kinds are under way at any moment.
            for turn in 0..reads.len() {
                let (tool, arguments, fits) = &reads[(number + turn) % reads.len()];
                match client.call(tool, arguments.clone()) {
                    Ok(answer) if !answer.is_error && fits(&answer.text) => {}
                    Ok(answer) => wrong.push(format!("client {number}, round {round}, {tool}: {}", answer.text)),
                    Err(error) => wrong.push(format!("client {number}, round {round}, {tool}: {error:#}")),
                }
            }
        }
        wrong
    });
    let all = CLIENTS * ROUNDS * reads.len();
    assert!(
        wrong.is_empty(),
        "{} of {all} went wrong, such as\n{}",
        wrong.len(),
        wrong[..wrong.len().min(5)].join("\n")
    );
    ground.server.verify_audit().unwrap();
}

/// The letter of a client: no other one's of the same field.
fn letter(number: usize) -> char {
    char::from_u32(0x4E00 + u32::try_from(number).unwrap()).unwrap()
}

fn word(number: usize) -> String {
    std::iter::repeat_n(letter(number), LENGTH).collect()
}

/// Texts of a journal, in order: which control, and what it held then.
fn texts(journal: &Journal) -> Vec<(String, String)> {
    let lines = journal.all().unwrap();
    let part = |line: &Value, name: &str| line[name].as_str().unwrap().to_owned();
    lines
        .iter()
        .filter(|line| line["event"] == "text")
        .map(|line| (part(line, "control"), part(line, "text")))
        .collect()
}

#[test]
fn what_one_client_types_is_typed_before_another_begins() {
    let desktop = desktop().unwrap();
    let journal = Journal::at(desktop.run().share().join("journal-typists.jsonl"));
    let _second = desktop.spawn_fixture(&journal, SECOND, "300,120").unwrap();
    let ground = Ground::new(&desktop);
    let clients = ground.clients(CLIENTS);
    let begin = texts(desktop.journal()).len();
    // Refs are a principal's own, so each looks for itself.
    let windows: Vec<[String; 2]> = clients
        .iter()
        .take(TYPISTS)
        .map(|client| {
            let seen = client.call("Snapshot", json!({})).unwrap().ok().unwrap().text;
            [TITLE, SECOND].map(|title| ref_of(&seen, title).unwrap())
        })
        .collect();
    // Two fields of one window and one of another.
    let places = [(0, "edit", "Name"), (0, "document", "Notes"), (1, "document", "Notes")];
    let wrong = at_once(&clients, |number, client| {
        let Some(windows) = windows.get(number) else {
            let read = client.call("RegRead", json!({ "key": VALUE, "value_name": "ProductName" }));
            let wrong = read.map_or_else(|error| Some(format!("{error:#}")), |read| read.is_error.then_some(read.text));
            return wrong.into_iter().map(|wrong| format!("client {number}, which reads: {wrong}")).collect();
        };
        let (window, role, name) = places[number % places.len()];
        let place = json!({
            "window": windows[window], "role": role, "name": name, "text": word(number), "caret": "end",
            "how": "keys", "observe": "none",
        });
        match client.call("Type", place) {
            Ok(answer) if answer.outcome() == "confirmed" => Vec::new(),
            Ok(answer) => vec![format!("client {number}: {}", answer.text)],
            Err(error) => vec![format!("client {number}: {error:#}")],
        }
    });
    assert!(wrong.is_empty(), "{} of {CLIENTS}, such as\n{}", wrong.len(), wrong[..wrong.len().min(5)].join("\n"));
    let (first, second) = (texts(desktop.journal()).split_off(begin), texts(&journal));
    for (at, (window, _, name)) in places.iter().enumerate() {
        let events = if *window == 0 { &first } else { &second };
        let control = name.to_lowercase();
        let held = &events.iter().rev().find(|(one, _)| *one == control).unwrap().1;
        // Whole words, each once, in whatever order they came.
        let mut found: Vec<String> =
            held.chars().collect::<Vec<_>>().chunks(LENGTH).map(|part| part.iter().collect()).collect();
        found.sort();
        let mut wanted: Vec<String> = (0..TYPISTS).filter(|number| number % places.len() == at).map(word).collect();
        wanted.sort();
        assert_eq!(found, wanted, "{name}: {held}");
    }
    // Within the window that two fields are in: no event of one field between those of a word of the other.
    let words = first.chunks(LENGTH).map(|part| part.iter().map(|(control, _)| control.as_str()).collect::<Vec<_>>());
    for word in words {
        assert!(word.iter().all(|control| *control == word[0]), "{word:?}");
    }
}
