//! WPF applications through the one door, on a fake with an inspector in memory: who may be known of and connected to, through
//! which gates, and what the tools answer against the fake's own truth.

#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

#[expect(dead_code, reason = "other tests of the gate use the rest")]
mod common;

use common::{at, gate_with};
use portcullis_gate::{Call, Gate, Replacement};
use portcullis_model::{
    Cancel, Digest, Effect, Fault, FaultCode, Part, Principal, ProcessId, Rect, Reply, Scope, Valued, WindowIdentity,
    WindowPattern, WpfGate, WpfTarget,
};
use portcullis_platform_fake::{FakeApplication, FakeDesktop, FakeModel, WindowBuilder};
use portcullis_policy::{Approval, FilterSpec, Restrictions, Rules, WpfTargets, roots};
use serde_json::{Value, json};

const SHOP: &str = r"C:\work\Shop.exe";

/// A machine with the demo, and a gate with every tool open.
struct Shop {
    desktop: FakeDesktop,
    application: FakeApplication,
    /// Its window on the desktop, where it has one.
    window: Option<WindowIdentity>,
    gate: Gate,
    rules: Rules,
}

#[test]
fn a_kept_picture_is_read_by_its_uri_until_the_session_ends() {
    let shop = Shop::open();
    shop.ask("get_visual_tree", json!({}));
    let told = shop.ask("element_screenshot", json!({ "elementId": shop.id("saveButton"), "outputMode": "file" }));
    assert_eq!((&told["mimeType"], &told["base64Image"]), (&json!("image/png"), &json!(null)), "{told}");
    assert_eq!(&told["resourceRead"]["params"]["uri"], &told["resourceUri"]);
    let read = |principal: &Principal, uri: &str| {
        let arguments = json!({ "uri": uri });
        let (principal, tool) = (principal.clone(), "ReadResource".to_owned());
        shop.gate.call(Call { principal, tool, arguments, cancel: Cancel::new() })
    };
    let uri = told["resourceUri"].as_str().unwrap();
    let Ok(Reply::View { parts, .. }) = read(&Principal::local(), uri) else { panic!("it is there") };
    let [Part::Text(_), Part::Image(image)] = parts.as_slice() else { panic!("a picture") };
    assert_eq!(told["sha256"].as_str().unwrap(), Digest::of(&image.bytes).to_string());
    let alias = format!("wpf://screenshots/{}", told["screenshotId"].as_str().unwrap());
    assert!(read(&Principal::local(), &alias).is_ok());
    assert_eq!(read(&Principal::key("other", Scope::ALL), uri).unwrap_err().code, FaultCode::NotFound);
    shop.application.end();
    assert_eq!(read(&Principal::local(), uri).unwrap_err().code, FaultCode::NotFound);
}

#[test]
fn attack_a_kept_picture_is_no_way_around_the_gate_that_it_was_made_through() {
    let shop = Shop::with(vec![entry(SHOP, true)], &WpfGate::ALL);
    // One caller, whose later word from its issuer gives it less.
    let ask = |scopes: &[Scope], tool: &str, arguments: Value| {
        let principal = Principal::key("ci", scopes.iter().copied());
        shop.gate.call(Call { principal, tool: tool.to_owned(), arguments, cancel: Cancel::new() })
    };
    ask(&Scope::ALL, "connect", json!({})).unwrap();
    let Reply::Data(told) = ask(&Scope::ALL, "element_screenshot", json!({ "outputMode": "file" })).unwrap() else {
        panic!("data")
    };
    let uri = json!({ "uri": told["resourceUri"] });
    assert!(ask(&Scope::ALL, "ReadResource", uri.clone()).is_ok());
    let fault = ask(&[Scope::Observe], "ReadResource", uri).unwrap_err();
    assert!(fault.code == FaultCode::NotEnabled && fault.to_string().contains("screenshots"), "{fault}");
}

fn entry(path: &str, load: bool) -> WpfTarget {
    WpfTarget::new(path, None, None, load).unwrap()
}

fn ruled(rules: Rules, entries: Vec<WpfTarget>, open: &[WpfGate]) -> Rules {
    let gates = open.iter().map(|gate| (*gate, Valued::new(true, at(7)))).collect();
    rules.with_wpf_targets(WpfTargets(roots(entries, &at(6)))).with_gates(gates)
}

impl Shop {
    fn with(entries: Vec<WpfTarget>, open: &[WpfGate]) -> Self {
        Self::in_window(entries, open, None)
    }

    /// As `with`, with a window on the desktop.
    fn in_window(entries: Vec<WpfTarget>, open: &[WpfGate], window: Option<WindowBuilder>) -> Self {
        let desktop = FakeDesktop::new();
        let window = window.map(|window| desktop.open(window));
        let process = window.as_ref().map_or(ProcessId { number: 4242, started: 99 }, |window| ProcessId {
            number: window.process,
            started: window.process_start,
        });
        let application = desktop.wpf().start(process, SHOP, FakeModel::demo(""));
        let spec = FilterSpec { enable_all: true, ..FilterSpec::default() };
        let mut said = None;
        let gate =
            gate_with(&desktop, &spec, Approval::Never, |rules| said.insert(ruled(rules, entries, open)).clone());
        Self { desktop, application, window, gate, rules: said.unwrap() }
    }

    /// Connected, with all gates open.
    fn open() -> Self {
        let shop = Self::with(vec![entry(SHOP, true)], &WpfGate::ALL);
        shop.ask("connect", json!({}));
        shop
    }

    fn as_(&self, principal: Principal, tool: &str, arguments: Value) -> Result<Value, Fault> {
        let call = Call { principal, tool: tool.to_owned(), arguments, cancel: Cancel::new() };
        match self.gate.call(call)? {
            Reply::Data(value) => Ok(value),
            other => panic!("{tool}: {other:?}"),
        }
    }

    fn try_ask(&self, tool: &str, arguments: Value) -> Result<Value, Fault> {
        self.as_(Principal::local(), tool, arguments)
    }

    fn ask(&self, tool: &str, arguments: Value) -> Value {
        self.try_ask(tool, arguments.clone()).unwrap_or_else(|fault| panic!("{tool} {arguments}: {fault}"))
    }

    fn refused(&self, tool: &str, arguments: Value) -> (FaultCode, Option<&'static str>) {
        let fault = self.try_ask(tool, arguments).unwrap_err();
        (fault.code, fault.source_code)
    }

    /// The id of the element of this name.
    fn id(&self, name: &str) -> String {
        let found = self.ask("find_elements", json!({ "elementName": name }));
        found["results"][0]["elementId"].as_str().unwrap_or_else(|| panic!("{name}: {found}")).to_owned()
    }
}

#[test]
fn attack_of_an_application_that_is_not_admitted_nothing_but_a_number_is_told() {
    for entries in [vec![], vec![entry(r"C:\work\Other.exe", true)]] {
        let shop = Shop::with(entries, &WpfGate::ALL);
        let told = shop.ask("get_processes", json!({ "nameFilter": "shop" }));
        assert_eq!((&told["processes"], &told["redactedTargetCount"]), (&json!([]), &json!(1)));
        assert!(!told.to_string().to_lowercase().contains("shop"), "{told}");
        assert_eq!(shop.refused("connect", json!({})), (FaultCode::Denied, Some("SecurityError")));
        let named = shop.try_ask("connect", json!({ "processId": 4242 })).unwrap_err();
        assert!(named.code == FaultCode::Denied && !named.to_string().contains("Shop"), "{named}");
        assert_eq!(shop.application.loaded(), 0);
        assert_eq!(shop.desktop.wpf().pins_asked(), [(false, false); 3], "a file was looked into for nothing");
    }
}

#[test]
fn an_application_is_listed_connected_to_and_meant_when_none_is_named() {
    let shop = Shop::with(vec![entry(SHOP, true)], &WpfGate::ALL);
    assert_eq!(shop.refused("get_windows", json!({})), (FaultCode::NotFound, Some("NoActiveProcess")));
    assert_eq!(shop.refused("get_windows", json!({ "processId": 4242 })), (FaultCode::NotFound, Some("NotConnected")));
    assert_eq!(shop.ask("get_active_process", json!({}))["hasActiveProcess"], false);
    let told = shop.ask("get_processes", json!({}));
    let row = &told["processes"][0];
    assert_eq!(
        (&row["processId"], &row["architecture"], &row["runtime"], &row["dotNetVersion"]),
        (&json!(4242), &json!("x64"), &json!(".NET"), &json!("3.1.2"))
    );
    let begun = shop.ask("connect", json!({}));
    assert_eq!((&begun["processId"], &begun["connectionSource"]), (&json!(4242), &json!("raw-injection")));
    assert_eq!(begun["dotNetVersion"], row["dotNetVersion"]);
    assert_eq!(begun["openGates"].as_array().unwrap().len(), 5);
    assert_eq!(shop.ask("connect", json!({ "processId": 4242 }))["connectionSource"], "active-session");
    assert_eq!(shop.application.loaded(), 1, "it was loaded twice");
    // Once for the list, once to connect, and the session is known.
    assert_eq!(shop.desktop.wpf().facts_asked(), 2, "a large application takes its time for each");
    assert_eq!(shop.ask("get_active_process", json!({}))["processId"], 4242);
    assert_eq!(shop.ask("ping_inspector", json!({}))["status"], "pong");
    let windows = shop.ask("get_windows", json!({}));
    assert_eq!(
        (&windows["windows"][0]["title"], &windows["windows"][0]["elementId"]),
        (&json!("Shop"), &json!("Window_1"))
    );
    shop.application.end();
    assert_eq!(shop.refused("get_windows", json!({})), (FaultCode::NotFound, Some("NoActiveProcess")));
}

#[test]
fn one_of_several_is_asked_about_or_the_largest_is_taken() {
    let shop = Shop::with(vec![entry(SHOP, true), entry(r"C:\work\Two.exe", true)], &WpfGate::ALL);
    let process = ProcessId { number: 5000, started: 1 };
    shop.desktop.wpf().start(process, r"C:\work\Two.exe", FakeModel::demo(""));
    let fault = shop.try_ask("connect", json!({})).unwrap_err();
    assert_eq!((fault.code, fault.source_code), (FaultCode::Ambiguous, Some("MultipleWpfProcessesFound")));
    assert!(fault.candidates.iter().any(|line| line.starts_with("5000 Two ")), "{fault}");
    let begun = shop.ask("connect", json!({ "selectionStrategy": "largest_working_set" }));
    assert_eq!((&begun["processId"], &begun["autoSelected"]), (&json!(5000), &json!(true)));
    shop.ask("connect", json!({ "processId": 4242 }));
    shop.ask("select_active_process", json!({ "processId": 5000 }));
    assert_eq!(shop.ask("get_active_process", json!({}))["processId"], 5000);
    assert_eq!(shop.refused("connect", json!({ "processId": 1 })), (FaultCode::NotFound, Some("NotWpfApplication")));
}

#[test]
fn an_application_that_opened_itself_needs_no_gate_for_loading() {
    let shop = Shop::with(vec![entry(SHOP, false)], &[WpfGate::SensitiveReads]);
    let fault = shop.try_ask("connect", json!({})).unwrap_err();
    assert!(fault.to_string().contains("without `load = true`"), "{fault}");
    shop.desktop.wpf().make_secret(&[7; 32]);
    shop.application.open_itself();
    assert_eq!(shop.ask("connect", json!({}))["connectionSource"], "sdk-hosted-inspector");
    assert_eq!(shop.application.loaded(), 0);
}

/// wpf-devtools-mcp lists all its tools whatever is shut, and lets events ride on answers that no gate was asked for.
#[test]
fn attack_no_gate_that_is_shut_is_gone_through() {
    let unloaded = Shop::with(vec![entry(SHOP, true)], &[WpfGate::SensitiveReads]);
    let fault = unloaded.try_ask("connect", json!({})).unwrap_err();
    assert!(fault.code == FaultCode::NotEnabled && fault.to_string().contains("injection"), "{fault}");
    assert_eq!(unloaded.application.loaded(), 0);
    let shut = Shop::with(vec![entry(SHOP, true)], &[WpfGate::Injection]);
    shut.ask("connect", json!({}));
    let listed: Vec<&str> = shut.gate.list(&Principal::local()).iter().map(|tool| tool.descriptor().name).collect();
    for tool in portcullis_gate::Catalogue::new().tools() {
        let d = tool.descriptor();
        if d.gates.is_empty() {
            continue;
        }
        assert!(!listed.contains(&d.name), "{} is listed", d.name);
        let arguments: Value = serde_json::from_str(d.examples[0].0).unwrap();
        let fault = shut.try_ask(d.name, arguments).unwrap_err();
        assert_eq!(
            (fault.code, fault.source_code),
            (FaultCode::NotEnabled, Some("SecurityError")),
            "{}: {fault}",
            d.name
        );
        assert!(fault.to_string().contains("gate"), "{}: {fault}", d.name);
    }
}

/// The tools that go into an application which is connected to, each with arguments of its own.
fn inside() -> Vec<(&'static str, Value)> {
    let goes_in = [Effect::ReadApplications, Effect::OperateApplications, Effect::WriteApplications];
    let all = portcullis_gate::Catalogue::new();
    let family = all.tools().iter().map(|tool| tool.descriptor()).filter(|d| {
        let own = d.name.starts_with(|first: char| first.is_ascii_lowercase());
        own && !["connect", "get_active_process", "get_processes"].contains(&d.name)
            && d.effects.iter().any(|effect| goes_in.contains(effect))
    });
    let tools: Vec<_> = family.map(|d| (d.name, serde_json::from_str(d.examples[0].0).unwrap())).collect();
    assert!(tools.len() > 55, "{}", tools.len());
    tools
}

#[test]
fn attack_no_tool_goes_into_an_application_of_another_callers_session() {
    let shop = Shop::open();
    let other = || Principal::key("other", Scope::ALL);
    let did = || shop.application.model(|model| model.journal().to_vec());
    let before = did();
    for (tool, mut arguments) in inside() {
        for (process, code) in [(None, "NoActiveProcess"), (Some(4242), "NotConnected")] {
            if let Some(process) = process {
                arguments["processId"] = json!(process);
            }
            let fault = shop.as_(other(), tool, arguments.clone()).unwrap_err();
            assert_eq!(fault.source_code, Some(code), "{tool} {arguments}: {fault}");
        }
    }
    assert_eq!(did(), before);
}

#[test]
fn attack_no_tool_takes_an_element_of_another_callers_session() {
    let shop = Shop::open();
    let other = || Principal::key("other", Scope::ALL);
    shop.as_(other(), "connect", json!({ "processId": 4242 })).unwrap();
    let (id, did) = (shop.id("saveButton"), || shop.application.model(|model| model.journal().to_vec()));
    let before = did();
    let mut tried = 0;
    for (tool, mut arguments) in inside().into_iter().filter(|(_, arguments)| arguments.get("elementId").is_some()) {
        arguments["elementId"] = json!(id);
        let fault = shop.as_(other(), tool, arguments.clone()).unwrap_err();
        assert_eq!(fault.source_code, Some("ElementNotFound"), "{tool} {arguments}: {fault}");
        tried += 1;
    }
    assert!(tried > 25, "{tried}");
    assert_eq!(did(), before);
}

/// Whoever is inside an application sees all its windows, so that one that is hidden shuts all tools that go in.
#[test]
fn attack_no_tool_goes_into_an_application_with_a_hidden_window() {
    let seen = WindowBuilder::new("Shop", "Shop.exe").at(Rect::new(0, 0, 400, 300));
    let shop = Shop::in_window(vec![entry(SHOP, true)], &WpfGate::ALL, Some(seen));
    shop.ask("connect", json!({}));
    let hide = |parts: &[&str]| {
        let pattern = |part: &&str| Valued::new(WindowPattern::TitlePart((*part).to_owned()), at(4));
        let hidden = parts.iter().map(pattern).collect();
        let rules = shop.rules.clone().restricted(Restrictions { hidden, ..Restrictions::default() });
        assert!(matches!(shop.gate.replace_rules(rules), Replacement::Replaced));
    };
    hide(&["another application"]);
    assert_eq!(shop.ask("ping_inspector", json!({}))["success"], true);
    let did = || shop.application.model(|model| model.journal().to_vec());
    let before = did();
    hide(&["another application", "sh"]);
    let number = shop.application.process().number;
    for (tool, arguments) in inside().into_iter().chain([("connect", json!({ "processId": number }))]) {
        let fault = shop.try_ask(tool, arguments).unwrap_err();
        assert!(fault.to_string().contains("capture.exclude"), "{tool}: {fault}");
        assert_eq!(fault.source_code, Some("SecurityError"), "{tool}");
    }
    let told = shop.ask("get_processes", json!({}));
    assert_eq!((&told["processes"], &told["redactedTargetCount"]), (&json!([]), &json!(1)));
    // Nobody who is not connected yet gets in either.
    for arguments in [json!({}), json!({ "processId": number })] {
        let fault = shop.as_(Principal::key("other", Scope::ALL), "connect", arguments.clone()).unwrap_err();
        assert_eq!(fault.code, FaultCode::Denied, "{arguments}: {fault}");
    }
    assert_eq!((did(), shop.application.loaded()), (before, 1));
}

/// What came up after the first look may be in the answer, which is kept back then.
#[test]
fn attack_a_window_that_is_hidden_while_an_application_answers_is_not_told_of() {
    let seen = WindowBuilder::new("Shop", "Shop.exe").at(Rect::new(0, 0, 400, 300));
    let shop = Shop::in_window(vec![entry(SHOP, true)], &WpfGate::ALL, Some(seen));
    let pattern = Valued::new(WindowPattern::TitlePart("Ledger".to_owned()), at(4));
    let rules = shop.rules.clone().restricted(Restrictions { hidden: vec![pattern], ..Restrictions::default() });
    assert!(matches!(shop.gate.replace_rules(rules), Replacement::Replaced));
    shop.ask("connect", json!({}));
    let button = shop.id("saveButton");
    let asked = || shop.application.model(|model| model.asked);
    let title = |title: &str| shop.desktop.set_title(shop.window.as_ref().unwrap(), title);
    let meanwhile = |tool: &'static str, arguments: Value, then: &str| {
        title("Shop");
        shop.application.model(|model| model.hung = true);
        let before = asked();
        std::thread::scope(|scope| {
            let asking = scope.spawn(|| shop.try_ask(tool, arguments));
            while asked() == before && !asking.is_finished() {
                std::thread::yield_now();
            }
            title(then);
            shop.application.model(|model| model.hung = false);
            asking.join().unwrap()
        })
    };
    assert_eq!(meanwhile("get_visual_tree", json!({}), "Shop window").unwrap()["success"], true);
    let fault = meanwhile("get_visual_tree", json!({}), "Ledger").unwrap_err();
    assert!(fault.code == FaultCode::Denied && fault.to_string().contains("capture.exclude"), "{fault}");
    // What was changed stays told: the caller must know of it.
    let told = meanwhile("click_element", json!({ "elementId": button }), "Ledger");
    assert_eq!(told.unwrap()["success"], true);
}

/// Whoever refuses says it in the source's words too, and for no other tool.
#[test]
fn every_fault_of_the_family_has_the_sources_code() {
    let shop = Shop::open();
    for (tool, arguments, code, source) in [
        ("get_visual_tree", json!({ "depth": "x" }), FaultCode::BadArgument, Some("InvalidArgument")),
        ("get_visual_tree", json!({ "dept": 1 }), FaultCode::UnknownArgument, Some("InvalidArgument")),
        ("get_triggers", json!({}), FaultCode::BadArgument, Some("MissingRequiredParameter")),
        ("get_windows", json!({ "processId": 7 }), FaultCode::NotFound, Some("NotConnected")),
        ("PortCheck", json!({}), FaultCode::BadArgument, None),
    ] {
        assert_eq!(shop.refused(tool, arguments.clone()), (code, source), "{tool} {arguments}");
    }
}

#[test]
fn trees_are_told_as_the_application_has_them() {
    let shop = Shop::open();
    let tree = shop.ask("get_visual_tree", json!({}));
    let panel = &tree["tree"]["children"][0];
    let types: Vec<&str> =
        panel["children"].as_array().unwrap().iter().map(|one| one["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["TextBox", "TextBlock", "Button", "CheckBox", "PasswordBox", "ListBox", "Button"]);
    assert_eq!((&tree["returnedNodeCount"], &tree["truncated"]), (&json!(12), &json!(false)));
    let shallow = shop.ask("get_visual_tree", json!({ "depth": 1, "summaryOnly": true }));
    assert_eq!(
        shallow["nodes"],
        json!([["Window_1", "Window", null, 1, 0, null], ["StackPanel_2", "StackPanel", null, 7, 1, "Window_1"]])
    );
    assert_eq!(shallow["depthSufficiencyHint"]["isSufficient"], false);
    let save = shop.id("saveButton");
    let logical = shop.ask("get_logical_tree", json!({ "elementId": save }));
    assert_eq!(logical["tree"]["children"], json!([]), "a part of a template is in no logical tree");
    let template = shop.ask("get_template_tree", json!({ "elementId": save }));
    assert_eq!(template["tree"]["type"], "Border");
    let none = shop.refused("get_template_tree", json!({ "elementId": shop.id("nameBox") }));
    assert_eq!(none, (FaultCode::NotOperable, Some("ElementNotLoaded")));
    let differs = shop.ask("compare_trees", json!({ "elementId": save }));
    assert_eq!((&differs["differenceCount"], &differs["differences"][0]["type"]), (&json!(1), &json!("VisualOnly")));
    assert_eq!(shop.ask("get_namescope", json!({}))["namedElementCount"], 6);
    assert_eq!(shop.ask("get_visual_count", json!({}))["count"], 12);
}

#[test]
fn elements_are_found_by_what_is_said_of_them() {
    let shop = Shop::open();
    for (arguments, found) in [
        (json!({ "query": "save" }), 1),
        (json!({ "typeName": "Button" }), 2),
        (json!({ "typeNames": ["CheckBox", "ListBox"] }), 2),
        (json!({ "automationId": "save" }), 1),
        (json!({ "propertyName": "Text", "propertyValue": "Ada" }), 1),
        (json!({ "typeName": "Control", "typeMatchMode": "assignable", "maxResults": 100 }), 12),
        (json!({ "elementName": "nameBox", "typeName": "Button" }), 0),
    ] {
        let told = shop.ask("find_elements", arguments.clone());
        assert_eq!(told["resultCount"], found, "{arguments}: {told}");
        assert_eq!(told["searchComplete"], true, "{arguments}: {told}");
    }
    let cut = shop.ask("find_elements", json!({ "elementName": "cancelButton", "maxTraversalNodes": 3 }));
    assert_eq!(cut["recovery"]["code"], "TraversalBudgetExceededBeforeMatch");
    assert_eq!(shop.refused("find_elements", json!({})), (FaultCode::BadArgument, Some("MissingRequiredParameter")));
}

#[test]
fn an_element_that_is_gone_is_said_to_be() {
    let shop = Shop::open();
    let id = shop.id("saveButton");
    shop.application.model(|model| {
        let handle = model.named("saveButton").unwrap();
        model.remove(handle);
    });
    let gone = shop.refused("get_visual_tree", json!({ "elementId": id }));
    assert_eq!(gone, (FaultCode::StaleRef, Some("ElementNotFound")));
    let never = shop.refused("get_visual_tree", json!({ "elementId": "Button_900" }));
    assert_eq!(never, (FaultCode::NotFound, Some("ElementNotFound")));
}

#[test]
fn bindings_are_judged_by_the_applications_own_state() {
    let shop = Shop::open();
    let all = shop.ask("get_bindings", json!({ "recursive": true }));
    assert_eq!(all["bindingCount"], 2);
    let errors = shop.ask("get_bindings", json!({ "recursive": true, "statusFilter": "Error" }));
    assert_eq!(errors["bindings"][1]["path"], "Towm", "{errors}");
    let told = shop.ask("get_binding_errors", json!({ "compact": false }));
    assert!(told.to_string().contains("`Towm` is not found on ShopViewModel"), "{told}");
    let before = told["errorCount"].as_u64().unwrap();
    shop.application.model(|model| {
        let save = model.named("saveButton").unwrap();
        model.fail_binding(save, "Label");
    });
    let told = shop.ask("get_binding_errors", json!({}));
    assert_eq!(told["errorCount"], before + 1, "a failure was not told: {told}");
    let wrong = shop.ask("get_binding_mismatches", json!({ "recursive": true }));
    assert_eq!(wrong["mismatches"][0]["diagnosis"], "PathMismatch", "{wrong}");
    let bound = shop.ask("get_affected_elements", json!({ "propertyName": "Name", "viewModelType": "ShopViewModel" }));
    assert_eq!((&bound["affectedCount"], &bound["confidence"]), (&json!(1), &json!("high")), "{bound}");
    let chain = shop.ask("get_binding_value_chain", json!({ "propertyName": "Text", "elementId": shop.id("nameBox") }));
    assert_eq!(chain["chain"].as_array().unwrap().last().unwrap()["value"], "Ada", "{chain}");
}

#[test]
fn a_value_and_all_that_made_it_are_told() {
    let shop = Shop::open();
    let save = shop.id("saveButton");
    let told = shop.ask("get_dp_value_source", json!({ "propertyName": "Background", "elementId": save }));
    assert_eq!((&told["baseValueSource"], &told["effectiveValue"]), (&json!("Style"), &json!("#FF0000FF")));
    let two = json!({ "propertyNames": ["Content", "Nonsense"], "elementIds": [save] });
    let two = shop.ask("get_dp_value_source", two);
    assert_eq!((&two["successCount"], &two["failureCount"]), (&json!(1), &json!(1)), "{two}");
    assert_eq!(
        shop.ask("get_dp_metadata", json!({ "propertyName": "Content", "elementId": save }))["isReadOnly"],
        false
    );
    let missing = shop.refused("get_dp_metadata", json!({ "propertyName": "Nonsense" }));
    assert_eq!(missing, (FaultCode::NotFound, Some("InvalidArgument")));
    let styles = shop.ask("get_applied_styles", json!({ "elementId": save }));
    assert_eq!(styles["styles"][0]["setters"][0]["property"], "Background");
    assert_eq!(shop.ask("get_triggers", json!({ "elementId": save }))["activeTriggerCount"], 1);
    let chain = shop.ask("get_resource_chain", json!({ "resourceKey": "Accent", "elementId": save }));
    assert_eq!(chain["chain"].as_array().unwrap().len(), 2);
    assert_eq!((&chain["chain"][0]["level"], &chain["chain"][0]["isWinner"]), (&json!("Element"), &json!(true)));
    let handlers = shop.ask("get_event_handlers", json!({ "eventName": "Click", "elementId": save }));
    assert_eq!(
        (&handlers["handlers"][0]["methodName"], &handlers["commands"]),
        (&json!("OnSave"), &json!(["SaveCommand"]))
    );
    let both = json!({ "elementId": save, "elementIds": [save] });
    assert_eq!(shop.refused("get_layout_info", both), (FaultCode::BadArgument, Some("InvalidArgument")));
}

#[test]
fn what_cannot_be_seen_or_used_is_explained() {
    let shop = Shop::open();
    let (save, cancel) = (shop.id("saveButton"), shop.id("cancelButton"));
    assert_eq!(shop.ask("get_layout_info", json!({ "elementId": save }))["actualWidth"], 80.0);
    assert_eq!(shop.ask("get_clipping_info", json!({ "elementId": save }))["geometricClippingSeverity"], "none");
    let cut = shop.ask("get_clipping_info", json!({ "elementId": cancel }));
    assert_eq!((&cut["geometricClippingSeverity"], &cut["visibleRatio"]), (&json!("partial"), &json!(0.5)), "{cut}");
    assert_eq!(shop.ask("diagnose_visibility", json!({ "elementId": save }))["isUserVisible"], true);
    shop.application.model(|model| {
        let handle = model.named("saveButton").unwrap();
        let hidden = portcullis_platform_fake::protocol::Val::text("Collapsed");
        model.set(handle, "Visibility", hidden, "Local", portcullis_platform_fake::protocol::LocalKind::Value);
    });
    let hidden = shop.ask("diagnose_visibility", json!({ "elementId": save }));
    assert_eq!((&hidden["isUserVisible"], &hidden["rootCause"]), (&json!(false), &json!("selfVisibility: Collapsed")));
    let ready = shop.ask("get_interaction_readiness", json!({ "elementId": cancel }));
    let reasons: Vec<&str> =
        ready["blockers"].as_array().unwrap().iter().map(|one| one["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["ElementDisabled", "CommandCannotExecute"]);
}

#[test]
fn view_models_are_told_without_their_secrets() {
    let shop = Shop::open();
    let told = shop.ask("get_viewmodel", json!({}));
    assert_eq!(told["typeName"], "ShopViewModel");
    assert!(!told.to_string().contains("hunter2") && told.to_string().contains("(redacted)"), "{told}");
    let secret = shop.ask("get_dp_value_source", json!({ "propertyName": "Password", "elementId": shop.id("secret") }));
    assert_eq!(secret["effectiveValue"], "(redacted)");
    assert_eq!(shop.ask("get_commands", json!({}))["commandCount"], 2);
    let chain = shop.ask("get_datacontext_chain", json!({ "elementId": shop.id("nameBox") }));
    assert_eq!((&chain["chain"][0]["isInherited"], &chain["chain"][2]["isInherited"]), (&json!(true), &json!(false)));
    assert_eq!(shop.ask("get_validation_errors", json!({}))["errors"][0]["errorContent"], "too short");
    let shut = shop.refused("modify_viewmodel", json!({ "propertyName": "Password", "value": "x" }));
    assert_eq!(shut, (FaultCode::Denied, Some("SecurityError")));
    let leaks = shop.ask("find_binding_leaks", json!({}));
    assert_eq!(
        (&leaks["hasLeaks"], &leaks["deadBindings"], &leaks["confidence"]),
        (&json!(true), &json!(2), &json!("high"))
    );
}

#[test]
fn an_act_does_in_the_application_what_it_says() {
    let shop = Shop::open();
    let (save, name) = (shop.id("saveButton"), shop.id("nameBox"));
    let did = |line: &str| shop.application.model(|model| model.journal().iter().any(|one| one.contains(line)));
    let clicked = shop.ask("click_element", json!({ "elementId": save }));
    assert!(clicked["used"] == "OnClick" && did("executed SaveCommand"), "{clicked}");
    let refused = shop.refused("click_element", json!({ "elementId": shop.id("cancelButton") }));
    assert_eq!(refused, (FaultCode::NotOperable, Some("InteractionNotReady")));
    let refused = shop.refused("click_element", json!({ "elementId": name }));
    assert_eq!(refused, (FaultCode::NotOperable, Some("ElementNotClickable")));
    let focused = shop.ask("focus_element", json!({ "elementId": name }));
    assert_eq!((&focused["focused"], &focused["outcome"]), (&json!(true), &json!("confirmed")));
    assert_eq!(shop.ask("get_focus_state", json!({}))["focusedElementId"], json!(name));
    assert_eq!(shop.ask("focus_element", json!({ "elementId": name }))["outcome"], "no_effect");
    shop.ask("simulate_keyboard", json!({ "key": "Enter" }));
    assert!(did("key Enter"));
    shop.ask("drag_and_drop", json!({ "sourceElementId": save, "targetElementId": name }));
    assert!(did("dragged"));
    let unknown = shop.try_ask("fire_routed_event", json!({ "eventName": "Clik", "elementId": save })).unwrap_err();
    assert_eq!(unknown.source_code, Some("EventNotFound"));
    assert!(unknown.candidates.contains(&"Click".to_owned()), "{unknown}");
    let marked = shop.ask("highlight_element", json!({ "elementId": save, "duration": 400_000 }));
    assert_eq!((&marked["effectiveDuration"], &marked["durationCapped"]), (&json!(300_000), &json!(true)));
    assert_eq!(shop.ask("execute_command", json!({ "commandName": "CancelCommand" }))["executed"], false);
    assert!(!did("executed CancelCommand"));
    let unknown = shop.refused("execute_command", json!({ "commandName": "Nothing" }));
    assert_eq!(unknown, (FaultCode::NotFound, Some("CommandNotFound")));
}

#[test]
fn a_binding_that_a_write_replaced_comes_back_when_it_is_cleared() {
    let shop = Shop::open();
    let name = shop.id("nameBox");
    let handle = shop.application.model(|model| model.named("nameBox")).unwrap();
    let now = || shop.application.model(|model| model.property(handle, "Text").unwrap().clone());
    for value in ["Grace", "Hedy"] {
        let set = shop.ask("set_dp_value", json!({ "propertyName": "Text", "value": value, "elementId": name }));
        assert_eq!((&set["newValue"], &set["outcome"]), (&json!(value), &json!("confirmed")), "{set}");
    }
    assert_eq!(
        (now().value.s.as_deref(), now().local),
        (Some("Hedy"), portcullis_platform_fake::protocol::LocalKind::Value)
    );
    let cleared = shop.ask("clear_dp_value", json!({ "propertyName": "Text", "elementId": name }));
    assert_eq!((&cleared["restoredExpression"], &cleared["expressionKind"]), (&json!(true), &json!("Binding")));
    assert_eq!(
        (now().value.s.as_deref(), now().local),
        (Some("Ada"), portcullis_platform_fake::protocol::LocalKind::Binding)
    );
    let wrong = shop.refused("set_dp_value", json!({ "propertyName": "Opacity", "value": "thick", "elementId": name }));
    assert_eq!(wrong, (FaultCode::BadArgument, Some("InvalidArgument")));
    shop.ask("modify_viewmodel", json!({ "propertyName": "City", "value": "Paris" }));
    assert_eq!(shop.ask("get_viewmodel", json!({ "propertyNames": ["City"] }))["properties"][0]["value"], "Paris");
}

#[test]
fn changes_are_watched_waited_for_and_traced() {
    let shop = Shop::open();
    let name = shop.id("nameBox");
    let handle = shop.application.model(|model| model.named("nameBox")).unwrap();
    shop.ask("watch_dp_changes", json!({ "propertyName": "Text", "elementId": name }));
    let again = shop.refused("watch_dp_changes", json!({ "propertyName": "Text", "elementId": name }));
    assert_eq!(again, (FaultCode::BadArgument, Some("InvalidArgument")));
    let set = |value: &str| {
        let value = portcullis_platform_fake::protocol::Val::text(value);
        shop.application.model(|model| {
            model.set(handle, "Text", value, "Local", portcullis_platform_fake::protocol::LocalKind::Value)
        });
    };
    set("Grace");
    let drained = shop.ask("drain_events", json!({}));
    assert_eq!(drained["pendingEvents"][0]["newValue"], "Grace", "{drained}");
    assert_eq!(shop.ask("drain_events", json!({}))["pendingEventCount"], 0, "an event was told twice");
    set("Hedy");
    assert_eq!(shop.ask("drain_events", json!({}))["pendingEventCount"], 1, "a drain ended the watch");
    let wait = |more: Value| {
        let mut arguments = json!({ "propertyName": "Text", "elementId": name, "timeoutMs": 20_000 });
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        shop.ask("wait_for_dp_change", arguments)
    };
    assert_eq!(wait(json!({ "expectedValue": "Hedy" }))["completionReason"], "ExpectedValueAlreadySatisfied");
    assert_eq!(wait(json!({ "timeoutMs": 1 }))["completionReason"], "TimedOut");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| wait(json!({ "expectedValue": "Katherine" })));
        while !waiting.is_finished() {
            set("Katherine");
            std::thread::yield_now();
        }
        let told = waiting.join().unwrap();
        assert_eq!(told["currentValue"], "Katherine", "{told}");
    });
    shop.ask("trace_routed_events", json!({ "eventName": "Click", "mode": "start" }));
    shop.ask("click_element", json!({ "elementId": shop.id("saveButton") }));
    let traced = shop.ask("trace_routed_events", json!({ "mode": "get" }));
    assert_eq!(
        (&traced["eventCount"], &traced["events"][0]["senderName"]),
        (&json!(1), &json!("saveButton")),
        "{traced}"
    );
    assert_eq!(traced["isTracing"], true);
}

#[test]
fn a_scene_and_a_form_are_told_with_labels_and_states() {
    let shop = Shop::open();
    shop.ask("get_visual_tree", json!({}));
    let scene = shop.ask("get_ui_summary", json!({}));
    let text = scene["summaryText"].as_str().unwrap();
    assert!(text.contains("Button_5 action \"Save\"") && text.contains("[disabled]"), "{text}");
    assert!(!text.contains("Border") && !text.contains("hunter2"), "{text}");
    let form = shop.ask("get_form_summary", json!({}));
    assert_eq!((&form["summary"]["totalInputs"], &form["summary"]["errorCount"]), (&json!(3), &json!(1)), "{form}");
    assert_eq!(form["commands"][1]["blockers"], json!(["ElementDisabled", "CommandCannotExecute"]));
    let all = json!({ "elementId": shop.id("saveButton"), "includeProperties": ["Background", "Nonsense"] });
    let all = shop.ask("get_element_snapshot", all);
    assert_eq!(
        (&all["properties"]["Background"], &all["missingProperties"]),
        (&json!("#FF0000FF"), &json!(["Nonsense"]))
    );
}

#[test]
fn a_state_is_kept_compared_and_put_back_as_the_same_objects() {
    let shop = Shop::open();
    let name = shop.id("nameBox");
    let handle = shop.application.model(|model| model.named("nameBox")).unwrap();
    let ask = json!({ "elementId": name, "propertyNames": ["Text", "Nonsense"], "viewModelPropertyNames": ["City"], "includeFocus": true });
    let kept = shop.ask("capture_state_snapshot", ask);
    assert_eq!(
        (&kept["snapshotId"], &kept["skippedDependencyProperties"]),
        (&json!("snapshot_1"), &json!(["Nonsense"]))
    );
    assert_eq!(shop.ask("get_state_diff", json!({ "snapshotId": "snapshot_1" }))["changeCount"], 0);
    shop.ask("set_dp_value", json!({ "propertyName": "Text", "value": "Grace", "elementId": name }));
    shop.ask("modify_viewmodel", json!({ "propertyName": "City", "value": "Paris" }));
    let diff = shop.ask("get_state_diff", json!({ "snapshotId": "snapshot_1" }));
    assert_eq!(
        (&diff["propertyChanges"][0]["newValue"], &diff["viewModelChanges"][0]["newValue"]),
        (&json!("Grace"), &json!("Paris")),
        "{diff}"
    );
    let back = shop.ask("restore_state_snapshot", json!({ "snapshotId": "snapshot_1" }));
    assert_eq!((&back["outcome"], &back["snapshotRemoved"]), (&json!("confirmed"), &json!(true)), "{back}");
    let now = shop.application.model(|model| model.property(handle, "Text").unwrap().clone());
    assert_eq!(
        (now.value.s.as_deref(), now.local),
        (Some("Ada"), portcullis_platform_fake::protocol::LocalKind::Binding)
    );
    assert_eq!(shop.refused("restore_state_snapshot", json!({ "snapshotId": "snapshot_1" })).0, FaultCode::NotFound);
    assert_eq!(shop.refused("capture_state_snapshot", json!({})), (FaultCode::BadArgument, Some("InvalidArgument")));
}

/// A snapshot that was made through an open gate is no way around it once it is shut.
#[test]
fn attack_a_snapshot_of_a_view_model_is_not_put_back_through_a_shut_gate() {
    let shop = Shop::open();
    let name = shop.id("nameBox");
    shop.ask("capture_state_snapshot", json!({ "elementId": name, "viewModelPropertyNames": ["City"] }));
    shop.ask("capture_state_snapshot", json!({ "elementId": name, "propertyNames": ["Text"] }));
    shop.ask("modify_viewmodel", json!({ "propertyName": "City", "value": "Paris" }));
    let open = WpfGate::ALL.into_iter().filter(|gate| *gate != WpfGate::Viewmodel);
    let gates = open.map(|gate| (gate, Valued::new(true, at(7)))).collect();
    assert!(matches!(shop.gate.replace_rules(shop.rules.clone().with_gates(gates)), Replacement::Replaced));
    let refused = shop.try_ask("restore_state_snapshot", json!({ "snapshotId": "snapshot_1" })).unwrap_err();
    assert!(refused.to_string().contains("`gates.viewmodel`"), "{refused}");
    shop.ask("restore_state_snapshot", json!({ "snapshotId": "snapshot_2" }));
}

#[test]
fn a_batch_that_fails_puts_everything_back() {
    let shop = Shop::open();
    let (name, save) = (shop.id("nameBox"), shop.id("saveButton"));
    let set = |element: &str, property: &str, value: Value| json!({ "tool": "set_dp_value", "args": { "propertyName": property, "value": value, "elementId": element } });
    let steps = json!([
        set(&name, "Text", json!("Grace")),
        set(&save, "Opacity", json!(0.5)),
        set(&save, "Nonsense", json!(1)),
        set(&name, "Text", json!("Hedy"))
    ]);
    let told =
        shop.ask("batch_mutate", json!({ "mutations": steps, "captureSnapshot": true, "rollbackOnFailure": true }));
    assert_eq!(
        (&told["successCount"], &told["failureCount"], &told["skippedCount"]),
        (&json!(2), &json!(1), &json!(1)),
        "{told}"
    );
    assert_eq!(told["rollback"]["attempted"], true, "{told}");
    let value = |of: &str, property: &str| {
        shop.ask("get_dp_value_source", json!({ "propertyName": property, "elementId": of }))["effectiveValue"].clone()
    };
    assert_eq!((value(&name, "Text"), value(&save, "Opacity")), (json!("Ada"), json!(1.0)));
    let done =
        json!({ "mutations": [set(&name, "Text", json!("Grace"))], "captureSnapshot": true, "includeDiff": true });
    let told = shop.ask("batch_mutate", done);
    assert_eq!(
        (&told["allSucceeded"], &told["stateDiff"]["propertyChanges"][0]["newValue"]),
        (&json!(true), &json!("Grace")),
        "{told}"
    );
    let before = shop.application.model(|model| model.journal().len());
    for wrong in [
        json!({ "mutations": [] }),
        json!({ "mutations": [{ "tool": "get_windows", "args": {} }] }),
        json!({ "mutations": [{ "tool": "click_element", "args": { "processId": 1, "elementId": save } }] }),
        json!({ "mutations": [set(&name, "Text", json!("x")), { "tool": "click_element", "args": {} }] }),
        json!({ "mutations": [{ "tool": "click_element", "args": { "elementId": save } }], "includeDiff": true }),
    ] {
        assert_eq!(shop.refused("batch_mutate", wrong.clone()).0, FaultCode::BadArgument, "{wrong}");
    }
    assert_eq!(
        shop.application.model(|model| model.journal().len()),
        before,
        "a step was made before all were looked at"
    );
    let waited = json!({ "propertyName": "Text", "elementId": name, "timeoutMs": 20_000, "triggerMutation": set(&name, "Text", json!("Katherine")) });
    assert_eq!(shop.ask("wait_for_dp_change_after_mutation", waited)["completionReason"], "ValueChanged");
}

/// wpf-devtools-mcp looks into steps for their gates, and into texts of JSON; here a text is no step at all.
#[test]
fn attack_no_step_goes_through_a_gate_that_is_shut() {
    let open = [WpfGate::Injection, WpfGate::Destructive];
    let shop = Shop::with(vec![entry(SHOP, true)], &open);
    shop.ask("connect", json!({}));
    let step = |tool: &str, args: Value| json!({ "tool": tool, "args": args });
    let command = step("execute_command", json!({ "commandName": "SaveCommand" }));
    let set = step("set_dp_value", json!({ "propertyName": "Title", "value": "x" }));
    for (arguments, gate) in [
        (json!({ "mutations": [command] }), "viewmodel"),
        (json!({ "mutations": [set] }), "sensitive_reads"),
        (
            json!({ "mutations": [step("click_element", json!({ "elementId": "Button_5" }))], "captureSnapshot": true }),
            "sensitive_reads",
        ),
    ] {
        let fault = shop.try_ask("batch_mutate", arguments.clone()).unwrap_err();
        assert!(fault.code == FaultCode::NotEnabled && fault.to_string().contains(gate), "{arguments}: {fault}");
    }
    for text in [json!({ "mutations": json!([command]).to_string() }), json!({ "mutations": [command.to_string()] })] {
        assert_eq!(shop.refused("batch_mutate", text).0, FaultCode::BadArgument);
    }
    assert!(shop.application.model(|model| model.journal().is_empty()));
}

#[test]
fn a_picture_is_told_by_its_size_unless_it_is_wanted() {
    let shop = Shop::open();
    shop.ask("get_visual_tree", json!({}));
    let save = shop.id("saveButton");
    let told = shop.ask("element_screenshot", json!({ "elementId": save }));
    assert_eq!((&told["width"], &told["height"], &told["base64Image"]), (&json!(80), &json!(24), &json!(null)));
    let told = shop.ask("element_screenshot", json!({ "elementId": save, "outputMode": "base64", "maxWidth": 40 }));
    assert_eq!((&told["width"], &told["downscaled"], &told["format"]), (&json!(40), &json!(true), &json!("png")));
    assert!(told["base64Image"].as_str().unwrap().starts_with("iVBORw0KGgo"), "{told}");
    let xaml = shop.ask("serialize_to_xaml", json!({ "elementId": "StackPanel_2" }));
    let xaml = xaml["xaml"].as_str().unwrap();
    assert!(xaml.contains("x:Name=\"saveButton\"") && xaml.contains("Text=\"{Binding}\""), "{xaml}");
    assert!(!xaml.contains("hunter2"), "{xaml}");
    assert_eq!(shop.refused("serialize_to_xaml", json!({ "elementId": "Window_1" })).0, FaultCode::BadArgument);
}
