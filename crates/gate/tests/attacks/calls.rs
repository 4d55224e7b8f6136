//! Attacks by the form of a call: what stands in its texts, its arguments, its name, and who makes it. winremote-mcp falls by
//! quotes in texts, filters and names, which end a PowerShell string; Windows-MCP by fuzzy names and by arguments that it takes as
//! JSON in a string; both take what they do not know, and neither has callers with fewer rights.

use crate::judge::{check, every_tool, texts};
use crate::world::{Door, PREY, at_place, bases, open_rules, places, put, takes_text, world_that_says};
use portcullis_gate::Catalogue;
use portcullis_model::{Entry, FOREIGN_TOOLS, FaultCode, Principal, Scope, Tier};
use portcullis_platform_fake::WindowBuilder;
use portcullis_policy::{Approval, FilterSpec, Rules, ToolFilter};
use serde_json::{Value, json};

/// What ends a string, a line, a command or a name somewhere, and then starts the prey.
const INJECTIONS: &[&str] = &[
    "'; Start-Process calc.exe; '",
    "\u{2019}; Start-Process calc.exe; \u{2018}",
    "\u{201d}; Start-Process calc.exe; \u{201c}",
    "\u{ff07}; calc.exe; \u{ff07}",
    "\n'@\nStart-Process calc.exe\n@'\n",
    "\r\n\"@\r\nStart-Process calc.exe\r\n@\"\r\n",
    "$(calc.exe)",
    "`calc.exe`",
    "%COMSPEC% /c calc.exe",
    "!COMSPEC! /c ${env:COMSPEC} calc.exe",
    "\ncalc.exe\n",
    "\" & calc.exe & \"",
    " | calc.exe > C:\\pwned.txt < C:\\x ^& calc.exe",
    "C:\\work\\x.bat\" & calc.exe",
    "\\x.cmd & calc.exe",
    " --% -EncodedCommand YwBhAGwAYwA=; calc.exe",
    "\0calc.exe",
    "\u{202e}exe.clac",
    "\u{2066}calc.exe",
    "\u{200b}\u{feff}calc.exe\u{2069}",
    "..\\..\\calc.exe",
    "*",
];

#[test]
fn every_tool_has_an_example_that_acts_in_this_world() {
    every_tool(|tool, schema, examples| {
        let mut last = String::new();
        let acts = (0..bases(tool, examples, schema, &Door::all().snapshot()).len()).any(|index| {
            let door = Door::all();
            let base = bases(tool, examples, schema, &door.snapshot()).swap_remove(index);
            let tried = door.try_call(tool, base.clone());
            check(tool, &base, &tried, &door);
            last = format!("{:?}", tried.answer);
            matches!(tried.record.first(), Some(Entry::CallGranted(_)))
        });
        assert!(acts, "{tool}: nothing of the attacks would get beyond its arguments: {last}");
    });
}

#[test]
fn attack_no_text_of_any_argument_becomes_a_command() {
    every_tool(|tool, schema, examples| {
        let texts: Vec<_> = places(schema).into_iter().filter(|(_, schema)| takes_text(schema)).collect();
        let mut door = Door::all();
        let mut seen = door.snapshot();
        for (place, property) in &texts {
            for (injection, whole) in INJECTIONS.iter().flat_map(|text| [(text, true), (text, false)]) {
                for at in 0..bases(tool, examples, schema, &seen).len() {
                    let base = bases(tool, examples, schema, &seen).swap_remove(at);
                    let given = at_place(&base, place).and_then(Value::as_str).unwrap_or_default();
                    // Added to what an example gives; where none does, alone in the first.
                    let is_given = !given.is_empty();
                    if (!is_given && (!whole || at > 0)) || (is_given && !whole && property.get("enum").is_some()) {
                        continue;
                    }
                    let text = if whole { (*injection).to_owned() } else { format!("{given}{injection}") };
                    let arguments = put(&base, place, text.into());
                    let tried = door.try_call(tool, arguments.clone());
                    check(tool, &arguments, &tried, &door);
                    if !tried.changed.is_empty() {
                        door = Door::all();
                        seen = door.snapshot();
                    }
                }
            }
        }
    });
}

#[test]
fn attack_no_tool_takes_an_argument_that_it_does_not_know() {
    every_tool(|tool, schema, examples| {
        let door = Door::all();
        let seen = door.snapshot();
        let mut strange: Vec<Vec<String>> =
            ["permit", "approved", "principal", "__proto__", "ref ", "\u{200b}", "--force", ""]
                .map(|name| vec![name.to_owned()])
                .to_vec();
        for (place, property) in places(schema) {
            let (last, way) = place.split_last().unwrap();
            for other in [last.to_uppercase(), format!("{last}\0"), format!("{last}[]"), last.replace('_', "-")] {
                if other != *last {
                    strange.push([way, &[other]].concat());
                }
            }
            if property.get("properties").is_some() {
                strange.push([place.as_slice(), &["permit".to_owned()]].concat());
            }
        }
        for base in bases(tool, examples, schema, &seen) {
            for place in &strange {
                let arguments = put(&base, place, "calc.exe".into());
                let tried = door.try_call(tool, arguments.clone());
                check(tool, &arguments, &tried, &door);
                let code = tried.answer.as_ref().map_err(|fault| fault.code);
                let refused = matches!(code, Err(FaultCode::UnknownArgument | FaultCode::BadArgument));
                assert!(refused, "{tool} {arguments}: {:?}", tried.answer);
                assert!(tried.changed.is_empty(), "{tool} {arguments}: {:?}", tried.changed);
            }
        }
    });
}

/// Values of these types, written into a text.
fn written_out(schema: &Value) -> Option<Vec<&'static str>> {
    let texts = match schema.get("type").and_then(Value::as_str)? {
        "integer" => vec!["1", "0x1", "1; calc.exe"],
        "number" => vec!["0.5", "1e0"],
        "boolean" => vec!["true", "True", "1"],
        "array" => vec!["[]", "[\"calc.exe\"]", "calc.exe"],
        "object" => vec!["{}", "{\"left\":0,\"top\":0,\"width\":9,\"height\":9}"],
        _ => return None,
    };
    Some(texts)
}

#[test]
fn attack_no_tool_reads_json_out_of_a_text() {
    every_tool(|tool, schema, examples| {
        let door = Door::all();
        let seen = door.snapshot();
        for base in bases(tool, examples, schema, &seen) {
            let mut attacks = vec![json!(base.to_string()), json!([base.clone()]), json!(true), json!(7)];
            for (place, property) in places(schema) {
                let texts = written_out(&property).unwrap_or_default();
                attacks.extend(texts.into_iter().map(|text| put(&base, &place, text.into())));
            }
            for arguments in attacks {
                let tried = door.try_call(tool, arguments.clone());
                check(tool, &arguments, &tried, &door);
                let code = tried.answer.as_ref().map_err(|fault| fault.code);
                assert_eq!(code.err(), Some(FaultCode::BadArgument), "{tool} {arguments}: {:?}", tried.answer);
                assert!(tried.changed.is_empty(), "{tool} {arguments}: {:?}", tried.changed);
            }
        }
    });
}

/// Other writings of a name, as a client or a model might send them.
fn writings(name: &str) -> Vec<String> {
    let upper_first =
        |text: &str| text.chars().take(1).flat_map(char::to_uppercase).chain(text.chars().skip(1)).collect();
    let snake: String = name.char_indices().fold(String::new(), |mut all, (index, c)| {
        if c.is_uppercase() && index > 0 {
            all.push('_');
        }
        all.extend(c.to_lowercase());
        all
    });
    let wide: String = name.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap()).collect();
    let mut all = vec![
        name.to_lowercase(),
        name.to_uppercase(),
        upper_first(&name.to_lowercase()),
        snake.replace('_', "-"),
        snake,
        wide,
        name.replace('i', "\u{131}"),
        name.replace(['S', 's'], "\u{17f}"),
    ];
    for (before, after) in [
        (" ", ""),
        ("", " "),
        ("", "\0"),
        ("", "."),
        ("", "\u{200b}"),
        ("", "\n"),
        ("portcullis.", ""),
        ("mcp__portcullis__", ""),
        ("", "()"),
        ("", "?x=1"),
        ("./", ""),
        ("", "%00"),
    ] {
        all.push(format!("{before}{name}{after}"));
    }
    all.retain(|other| other != name);
    all
}

#[test]
fn attack_no_other_writing_of_a_name_passes_a_rule_that_shuts_the_tool() {
    every_tool(|tool, schema, examples| {
        let spec = FilterSpec { enable_all: true, exclude_tools: vec![tool.to_owned()], ..FilterSpec::default() };
        let door = Door::open(&spec);
        let seen = if tool == "Snapshot" { Door::all().snapshot() } else { door.snapshot() };
        let base = bases(tool, examples, schema, &seen).swap_remove(0);
        assert!(door.gate.list(&Principal::local()).iter().all(|open| open.descriptor().name != tool), "{tool}");
        for (name, code) in std::iter::once((tool.to_owned(), FaultCode::NotEnabled))
            .chain(writings(tool).into_iter().map(|name| (name, FaultCode::UnknownTool)))
        {
            let tried = door.try_call(&name, base.clone());
            check(tool, &base, &tried, &door);
            assert_eq!(tried.answer.as_ref().map_err(|fault| fault.code).err(), Some(code), "{name:?}: {tool}");
            assert!(tried.changed.is_empty(), "{name:?}: {:?}", tried.changed);
        }
    });
}

#[test]
fn attack_a_rule_in_another_writing_shuts_the_tool_or_stops_the_start() {
    let names = Catalogue::new().names();
    for tool in &names {
        for other in writings(tool) {
            let spec = FilterSpec { enable_all: true, exclude_tools: vec![other.clone()], ..FilterSpec::default() };
            let Ok(filter) = ToolFilter::resolve(&spec, &names) else { continue };
            let rules = Rules::new(filter, Approval::Never, 1);
            let catalogue = Catalogue::new();
            let row = catalogue.get(tool).unwrap().descriptor().row();
            assert!(rules.admit(&Principal::local(), row).is_err(), "{other:?} was taken and shuts nothing of {tool}");
        }
    }
}

/// Names of other servers that stand for nothing here.
const UNKNOWN: &[&str] = &["ReadFile", "State", "bash", "run", "tools/call", "write_file"];

#[test]
fn attack_no_name_of_another_server_stands_for_a_tool() {
    let arguments = || json!({ "command": PREY, "mode": "start", "name": PREY, "path": "C:\\work\\a.txt" });
    let door = Door::all();
    for name in UNKNOWN {
        let tried = door.try_call(name, arguments());
        check(name, &arguments(), &tried, &door);
        assert_eq!(tried.answer.as_ref().map_err(|fault| fault.code).err(), Some(FaultCode::UnknownTool), "{name}");
        assert!(tried.changed.is_empty(), "{name}: {:?}", tried.changed);
    }
    // A name that does come to tools of ours comes to none of them while they are shut, and is recorded as what it is.
    let refused = [FaultCode::NotEnabled, FaultCode::BadArgument, FaultCode::UnknownArgument];
    for (name, tools) in FOREIGN_TOOLS {
        let exclude_tools = tools.iter().map(|tool| (*tool).to_owned()).collect();
        let door = Door::open(&FilterSpec { enable_all: true, exclude_tools, ..FilterSpec::default() });
        for arguments in
            [arguments(), json!({}), json!({ "mode": "set", "text": "x", "path": "HKCU:\\a", "value": "x" })]
        {
            let tried = door.try_call(name, arguments);
            let code = tried.answer.as_ref().map_err(|fault| fault.code).err();
            assert!(code.is_some_and(|code| refused.contains(&code)), "{name}: {:?}", tried.answer);
            assert!(tried.changed.is_empty(), "{name}: {:?}", tried.changed);
            let [Entry::CallDenied(denied)] = tried.record.as_slice() else { panic!("{name}: {:?}", tried.record) };
            assert!(denied.tool == *name || tools.contains(&denied.tool.as_str()), "{name}: {}", denied.tool);
        }
    }
}

#[test]
fn attack_a_key_without_the_scope_for_it_gets_nothing_of_any_tool() {
    let catalogue = Catalogue::new();
    every_tool(|tool, schema, examples| {
        let lowest =
            catalogue.get(tool).unwrap().descriptor().effects.iter().map(|effect| effect.tier()).min().unwrap();
        let mut keys = vec![Principal::key("none", []), Principal::key("files", [Scope::Files])];
        if lowest > Tier::Observe {
            keys.push(Principal::key("observe", [Scope::Observe, Scope::Files]));
        }
        let door = Door::all();
        let base = bases(tool, examples, schema, &door.snapshot()).swap_remove(0);
        for key in keys {
            let tried = door.try_as(key, tool, base.clone());
            check(tool, &base, &tried, &door);
            let code = tried.answer.as_ref().map_err(|fault| fault.code).err();
            assert_eq!(code, Some(FaultCode::NotEnabled), "{tool}: {:?}", tried.answer);
            assert!(tried.changed.is_empty(), "{tool}: {:?}", tried.changed);
        }
    });
}

/// What would hide text, turn it round, end a line or steer a terminal.
const NOISE: &str = "\u{202e}\u{2066}\u{200b}\u{feff}\u{1b}[2J\u{7}\u{9b}\u{61c}";
#[test]
fn attack_what_hides_or_reorders_is_visible_in_every_answer() {
    let spec = FilterSpec { enable_all: true, ..FilterSpec::default() };
    every_tool(|tool, schema, examples| {
        let desktop = world_that_says(NOISE);
        desktop.open(WindowBuilder::new(&format!("Evil{NOISE}"), "evil.exe").edit(&format!("Field{NOISE}"), NOISE));
        let door = Door::on(desktop, open_rules(&spec));
        let seen = door.snapshot_with(&["Customer"]);
        let mut calls = bases(tool, examples, schema, &seen);
        // Once more about the window that says it, and with the noise in what is asked for.
        let evil = Door::find(&seen, "Evil");
        let refs = places(schema).into_iter().filter(|(place, _)| place.last().is_some_and(|name| name == "ref"));
        calls.extend(refs.map(|(place, _)| put(&calls[0], &place, evil.clone().into())).collect::<Vec<_>>());
        let asked = places(schema).into_iter().filter(|(_, schema)| takes_text(schema));
        calls.extend(asked.map(|(place, _)| put(&calls[0], &place, NOISE.into())).collect::<Vec<_>>());
        for arguments in calls {
            let tried = door.try_call(tool, arguments.clone());
            check(tool, &arguments, &tried, &door);
            for text in texts(&tried.answer) {
                let raw = |c: &char| NOISE.contains(*c) && !"[2J".contains(*c);
                assert_eq!(text.chars().find(raw), None, "{tool} {arguments}: {text:?}");
            }
        }
    });
}
