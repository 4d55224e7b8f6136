//! The machine that attacks are made on, and the calls that each tool's examples are on it. What must hold after a call is in
//! `judge`.

use portcullis_gate::{Answer, Call, Catalogue, DeniesApproval, Gate, GateParts, KeepsNothing, Redactor};
use portcullis_model::{
    Cancel, Digest, Durability, Effect, Entry, FilePath, Ledger, LedgerFault, Origin, Part, Principal, ProcessId,
    RegistryKey, RegistryView, Reply, Valued, WpfGate, WpfTarget,
};
use portcullis_platform_fake::{Facts, FakeDesktop, FakeModel, Thing, WindowBuilder, differing};
use portcullis_policy::{
    Approval, FileRules, FilterSpec, HostRules, RateWords, RegistryRules, Rules, ToolFilter, WpfTargets, roots,
};
use serde_json::{Map, Value, json};
use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

/// The program that an injection would start, and that nothing names by itself.
pub(crate) const PREY: &str = "calc.exe";

/// Keeps the record of one gate.
#[derive(Default)]
pub(crate) struct Record(Mutex<Vec<Entry>>);

impl Ledger for Record {
    fn append(&self, entry: &Entry, _: Durability) -> Result<(), LedgerFault> {
        self.0.lock().unwrap().push(entry.clone());
        Ok(())
    }

    fn digest(&self, bytes: &[u8]) -> Digest {
        Digest::of(bytes)
    }
}

/// A machine on which the examples of all tools have something to do, and on which the prey is installed.
pub(crate) fn world() -> FakeDesktop {
    world_that_says("")
}

/// The same with a text in every name and content that a program or a user could choose.
pub(crate) fn world_that_says(noise: &str) -> FakeDesktop {
    let (desktop, text) = (FakeDesktop::demo(), format!("text{noise}"));
    for path in ["Documents\\sheet.xlsx", "Downloads\\new.zip", "notes.txt", "link"] {
        desktop.put_file(&format!("{}\\{path}", FakeDesktop::PROFILE), text.as_bytes());
    }
    desktop.put_file(&format!("{}\\app.log", FakeDesktop::PROFILE), "line\n".repeat(2_100).as_bytes());
    for path in ["a.txt", "old.txt", "old\\one.txt", "build\\two.txt", "notes.txt", "app.log", "site\\index.html"] {
        desktop.put_file(&format!("C:\\work\\{path}"), text.as_bytes());
    }
    desktop.put_folder("C:\\work\\archive");
    desktop.put_file("C:\\src\\Cargo.toml", b"edition");
    desktop.put_file("C:\\Windows\\calc.exe", b"prey");
    for (key, name) in [
        ("HKCU\\Software\\Example", "Name"),
        ("HKCU\\Software\\Other", "Name"),
        ("HKLM\\SOFTWARE\\Example", "Name"),
        ("HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion", "ProductName"),
    ] {
        for view in [RegistryView::Bits64, RegistryView::Bits32] {
            desktop.put_value(key, view, name, &text);
        }
    }
    for (name, display) in [("Spooler", "Print Spooler"), ("LanmanServer", "Server")] {
        desktop.add_service(name, &format!("{display}{noise}"), &[]);
    }
    desktop.run_service("LanmanServer", 900);
    for path in [r"\Company\Backup", "Hello", "Other"] {
        let said = noise.replace(['\u{1b}', '\u{7}'], "");
        let action = format!("<Actions><Exec><Command>a{said}</Command></Exec></Actions>");
        desktop.put_task(path, &format!("<Task><RegistrationInfo>{said}</RegistrationInfo>{action}</Task>"));
    }
    let logged = format!(
        "<Event><System><Provider Name='P'/><EventID>1</EventID></System><EventData><Data>{}</Data></EventData></Event>",
        // What XML cannot hold the log does not hold either.
        noise.replace(['\u{1b}', '\u{7}'], "")
    );
    for channel in ["System", "Application"] {
        desktop.log_event(channel, &logged, None);
        desktop.log_event(channel, &logged, Some(&text));
    }
    for (name, address) in [("example.org", "93.184.216.34"), ("localhost", "127.0.0.1"), ("nas", "192.168.1.5")] {
        desktop.put_host(name, &[address]);
    }
    desktop.put_answering("192.168.1.1".parse().unwrap());
    desktop.put_connection(
        "127.0.0.1:443".parse().unwrap(),
        "93.184.216.34:443".parse().unwrap(),
        900,
        &format!("form{noise}.exe"),
    );
    desktop.set_clipboard_text(&text);
    desktop.start_process(&format!("idle{noise}.exe"), None);
    let shop = ProcessId { number: 4242, started: 99 };
    desktop.wpf().start(shop, "C:\\work\\Shop.exe", FakeModel::demo(noise));
    desktop.install("Calculator", PREY, WindowBuilder::new("Calculator", PREY));
    desktop
}

/// A line of the policy file.
pub(crate) fn at(line: usize) -> Origin {
    Origin::File { path: Path::new("p.toml").into(), line }
}

/// Rules that open the tools of `spec` at any rate, and the places of [`rules`].
pub(crate) fn open_rules(spec: &FilterSpec) -> Rules {
    let filter = ToolFilter::resolve(spec, &Catalogue::new().names()).unwrap();
    let rates = RateWords { calls: Some(Valued::new(1_000_000_000, at(1))), bytes: None };
    rules(Rules::new(filter, Approval::Never, 1).with_rates(rates))
}

/// Rules that open enough for the examples and not everything, so that what lies beside it can be seen to be touched.
pub(crate) fn rules(rules: Rules) -> Rules {
    let files = |paths: &[&str]| roots(paths.iter().map(|path| FilePath::parse(path).unwrap()), &at(3));
    let keys = |keys: &[&str]| roots(keys.iter().map(|key| RegistryKey::parse(key).unwrap()), &at(4));
    let all = || roots(["0.0.0.0/0", "::/0"].map(|net| net.parse().unwrap()), &at(5));
    rules
        .with_files(FileRules {
            read: files(&[FakeDesktop::PROFILE, "C:\\work", "C:\\src"]),
            write: files(&["C:\\work"]),
            ..FileRules::default()
        })
        .with_registry(RegistryRules {
            read: keys(&["HKCU\\Software", "HKLM\\SOFTWARE"]),
            write: keys(&["HKCU\\Software\\Example"]),
            ..RegistryRules::default()
        })
        .with_hosts(HostRules { fetch: all(), probe: all(), ..HostRules::default() })
        .with_wpf_targets(WpfTargets(roots([WpfTarget::new("C:\\work\\Shop.exe", None, None, true).unwrap()], &at(6))))
        .with_gates(WpfGate::ALL.into_iter().map(|gate| (gate, Valued::new(true, at(7)))).collect())
}

/// One call on a machine of its own: what it answered, what it changed, what was recorded.
pub(crate) struct Tried {
    pub(crate) answer: Answer,
    pub(crate) changed: Vec<Thing>,
    pub(crate) before: Facts,
    pub(crate) after: Facts,
    pub(crate) record: Vec<Entry>,
}

pub(crate) struct Door {
    pub(crate) desktop: FakeDesktop,
    pub(crate) record: Arc<Record>,
    pub(crate) gate: Gate,
    /// The facts after the last call that was tried; between calls nothing changes.
    last: Mutex<Option<Facts>>,
    /// Whether the WPF application is connected to.
    connected: Mutex<bool>,
}

impl Door {
    pub(crate) fn open(spec: &FilterSpec) -> Self {
        Self::on(world(), open_rules(spec))
    }

    pub(crate) fn on(desktop: FakeDesktop, rules: Rules) -> Self {
        let record = Arc::new(Record::default());
        let gate = Gate::new(GateParts {
            rules,
            ledger: record.clone(),
            ports: desktop.ports(),
            catalogue: Catalogue::new(),
            approver: Arc::new(DeniesApproval),
            journal: Arc::new(KeepsNothing),
            redactor: Redactor::default(),
        })
        .unwrap();
        Self { desktop, record, gate, last: Mutex::default(), connected: Mutex::default() }
    }

    pub(crate) fn all() -> Self {
        Self::open(&FilterSpec { enable_all: true, ..FilterSpec::default() })
    }

    /// Connects to the WPF application, and has its elements named, when the tool is about one that is.
    fn prepare(&self, tool: &str) {
        // Schemas are made with each catalogue, so that one is made for all calls.
        static ABOUT_ONE: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
            let own = [Effect::ReadApplications, Effect::OperateApplications, Effect::WriteApplications];
            let not = ["connect", "get_processes", "get_active_process"];
            let catalogue = Catalogue::new();
            let all = catalogue.tools().iter().map(|tool| tool.descriptor());
            let is_about_one = all.filter(|one| {
                one.name == "select_active_process"
                    || one.effects.iter().any(|effect| own.contains(effect))
                        && !one.effects.contains(&Effect::OperateControl)
            });
            is_about_one.map(|one| one.name).filter(|name| !not.contains(name)).collect()
        });
        if !ABOUT_ONE.contains(tool) {
            return;
        }
        let mut connected = self.connected.lock().unwrap();
        if std::mem::replace(&mut *connected, true) {
            return;
        }
        let ask = |tool: &str| {
            let (tool, arguments) = (tool.to_owned(), json!({}));
            self.gate.call(Call { principal: Principal::local(), tool, arguments, cancel: Cancel::new() })
        };
        let tree = ask("connect").and_then(|_| ask("get_visual_tree"));
        // A door whose rules shut the tool has nothing to prepare.
        drop(tree);
        *self.last.lock().unwrap() = None;
    }

    pub(crate) fn call_as(&self, principal: Principal, tool: &str, arguments: Value) -> Answer {
        self.prepare(tool);
        self.gate.call(Call { principal, tool: tool.to_owned(), arguments, cancel: Cancel::new() })
    }

    pub(crate) fn call(&self, tool: &str, arguments: Value) -> Answer {
        self.call_as(Principal::local(), tool, arguments)
    }

    /// The window in front, and these others.
    pub(crate) fn snapshot_with(&self, windows: &[&str]) -> String {
        let look = |arguments: Value| match self.call("Snapshot", arguments) {
            Ok(Reply::View { parts, .. }) => match parts.into_iter().next() {
                Some(Part::Text(text)) => text,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        };
        let mut seen = look(json!({ "max_tokens": 20_000 }));
        for window in windows {
            let more = look(json!({ "max_tokens": 20_000, "window": Self::find(&seen, window) }));
            seen.push_str(&more);
        }
        // Something is kept, so that it can be asked for.
        let region = json!({ "left": 0, "top": 0, "width": 4, "height": 3 });
        if let Ok(Reply::View { parts, .. }) = self.call("Screenshot", json!({ "keep": true, "region": region })) {
            let uri =
                parts.into_iter().find_map(|part| if let Part::Link(link) = part { Some(link.uri) } else { None });
            seen.push_str(&format!("\n{}\n", uri.unwrap_or_default()));
        }
        seen
    }

    /// What is kept for the caller.
    fn kept(seen: &str) -> Option<&str> {
        seen.lines().find(|line| line.starts_with("portcullis://shots/"))
    }

    pub(crate) fn snapshot(&self) -> String {
        self.snapshot_with(&[])
    }

    /// The ref that the last snapshot gave a control.
    pub(crate) fn find(seen: &str, control: &str) -> String {
        let line = seen.lines().find(|line| line.contains(&format!("\"{control}"))).unwrap_or_else(|| panic!("{seen}"));
        let is_ref = |word: &&str| {
            word.strip_prefix('e').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
        };
        line.split(|c: char| !c.is_ascii_alphanumeric()).find(is_ref).unwrap_or_else(|| panic!("{line}")).to_owned()
    }

    pub(crate) fn try_call(&self, tool: &str, arguments: Value) -> Tried {
        self.try_as(Principal::local(), tool, arguments)
    }

    pub(crate) fn try_as(&self, principal: Principal, tool: &str, arguments: Value) -> Tried {
        self.prepare(tool);
        self.record.0.lock().unwrap().clear();
        let mut last = self.last.lock().unwrap();
        let before = last.take().unwrap_or_else(|| self.desktop.facts());
        let answer = self.call_as(principal, tool, arguments);
        let after = self.desktop.facts();
        let changed = differing(&before, &after);
        let record = self.record.0.lock().unwrap().clone();
        *last = Some(after.clone());
        Tried { answer, changed, before, after, record }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.gate.shut_down(Duration::from_secs(5));
    }
}

/// What the fake desktop has for the examples' refs and names, tool by tool; others are about the first button.
pub(crate) const CONTROLS: [(&str, &str); 8] = [
    ("App", "Customer"),
    ("Drag", "Volume"),
    ("FocusWindow", "Customer"),
    ("GetText", "Number"),
    ("Snapshot", "Customer"),
    ("Type", "Name"),
    ("WaitFor", "Greet"),
    ("Scroll", "Orders"),
];

/// Puts what this world has in the places of an example's refs and names.
fn settle(tool: &str, given: &mut Map<String, Value>, seen: &str) {
    let control = CONTROLS.iter().find(|(name, _)| *name == tool).map_or("Greet", |(_, control)| control);
    for (name, value) in given.iter_mut() {
        match name.as_str() {
            "ref" | "window" => *value = Door::find(seen, control).into(),
            "to_ref" => *value = Door::find(seen, "Inert").into(),
            "name" if *value == "Search" || *value == "Save" => *value = control.into(),
            "window_name" => *value = "Customer".into(),
            "uri" if tool == "ReadResource" => *value = Door::kept(seen).unwrap_or_default().into(),
            _ => {}
        }
    }
}

/// The examples of a tool as calls that have something to do in this world and wait for nothing.
pub(crate) fn bases(tool: &str, examples: &[(&str, &str)], schema: &Value, seen: &str) -> Vec<Value> {
    let mut bases: Vec<Value> =
        examples.iter().map(|(arguments, _)| serde_json::from_str(arguments).unwrap()).collect();
    for base in &mut bases {
        let given = base.as_object_mut().unwrap();
        settle(tool, given, seen);
        for step in given.get_mut("steps").and_then(Value::as_array_mut).into_iter().flatten() {
            let tool = step["tool"].as_str().unwrap().to_owned();
            settle(&tool, step["args"].as_object_mut().unwrap(), seen);
        }
        // A picture of everything takes long in a build for tests.
        if tool == "Screenshot" {
            given.insert("region".to_owned(), json!({ "left": 0, "top": 0, "width": 40, "height": 30 }));
        }
        if tool == "ScreenRecord" || tool == "OCR" {
            given.remove("window");
            for (side, at) in [("left", 0), ("top", 0), ("right", 40), ("bottom", 30)] {
                given.insert(side.to_owned(), json!(at));
            }
        }
        if tool == "ScreenRecord" {
            given.insert("duration".to_owned(), json!(0));
        }
        given.remove("use_vision");
        if tool == "WaitFor" {
            given.insert("timeout".to_owned(), json!(0));
        }
        if schema["properties"].get("timeoutMs").is_some() {
            given.insert("timeoutMs".to_owned(), json!(1));
        }
        if tool == "Wait" {
            given.insert("seconds".to_owned(), json!(0));
        }
        if tool == "Invoke" {
            given.retain(|name, _| name == "ref");
        }
    }
    // Where examples leave out the only texts that a tool takes, one is put in.
    if schema["properties"].get("value").is_some() && tool == "Invoke" {
        let name = Door::find(seen, "Name");
        bases.push(json!({ "ref": name, "action": "set_value", "value": "x" }));
    }
    bases
}

/// The places of a schema, each as the names that lead to it, with the schema of what stands there.
pub(crate) fn places(schema: &Value) -> Vec<(Vec<String>, Value)> {
    let mut found = Vec::new();
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return found };
    for (name, property) in properties {
        found.push((vec![name.clone()], property.clone()));
        for (mut below, schema) in places(property) {
            below.insert(0, name.clone());
            found.push((below, schema));
        }
    }
    found
}

/// The arguments with one of them replaced, objects on the way made.
pub(crate) fn put(base: &Value, place: &[String], value: Value) -> Value {
    let mut all = base.clone();
    let (last, way) = place.split_last().unwrap();
    let mut at = all.as_object_mut().unwrap();
    for name in way {
        let next = at.entry(name.clone()).or_insert_with(|| json!({}));
        if !next.is_object() {
            *next = json!({});
        }
        at = next.as_object_mut().unwrap();
    }
    at.insert(last.clone(), value);
    all
}

pub(crate) fn at_place<'all>(base: &'all Value, place: &[String]) -> Option<&'all Value> {
    place.iter().try_fold(base, |value, name| value.get(name))
}

pub(crate) fn takes_text(schema: &Value) -> bool {
    match schema.get("type") {
        Some(Value::String(kind)) => kind == "string",
        Some(Value::Array(kinds)) => kinds.contains(&json!("string")),
        _ => schema.get("enum").is_some() || schema.get("properties").is_none(),
    }
}

#[test]
fn places_of_schemas_are_found_inside_objects_too() {
    let schema =
        json!({ "properties": { "a": { "type": "string" }, "b": { "properties": { "c": { "type": "string" } } } } });
    let found: Vec<String> = places(&schema).into_iter().map(|(place, _)| place.join(".")).collect();
    assert_eq!(found, ["a", "b", "b.c"]);
    let mut expected = Map::new();
    expected.insert("b".to_owned(), json!({ "c": 1 }));
    assert_eq!(put(&json!({ "b": 2 }), &["b".to_owned(), "c".to_owned()], json!(1)), Value::Object(expected));
}
