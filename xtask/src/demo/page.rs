//! The page: one HTML file with everything in it, made from the client's record, the server's audit and the file that
//! was found. Nothing is loaded from outside and nothing runs; what came from the machine is escaped by the template.

use super::{audit, log, oracle};
use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use std::fs;
use std::path::Path;
use std::time::Duration;

/// All that the page shows.
pub(super) struct Facts<'run> {
    pub(super) folder: &'run Path,
    pub(super) verdict: &'run oracle::Verdict,
    pub(super) wrong: Option<&'run str>,
    pub(super) story: &'run log::Story,
    pub(super) audit: &'run audit::Records,
    /// What came of changing a word of the record.
    pub(super) tampering: &'run audit::Tampering,
    pub(super) client_took: Duration,
}

/// Bytes of the file that are shown as numbers.
const HEX_SHOWN: usize = 32;

const STYLE: &str = "
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --good: #1a7f37; --bad: #c0392b; --warn: #9a6700; }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; padding: 1.5rem; max-width: 72rem; }
h1 { margin: 0; font-size: 1.6rem; } h2 { margin: 2.5rem 0 .75rem; font-size: 1.2rem; }
.verdict { border-left: .5rem solid var(--good); background: var(--soft); padding: 1rem 1.25rem; margin: 1rem 0; border-radius: .4rem; }
.verdict.bad { border-color: var(--bad); }
.numbers { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1rem 0; }
.numbers div { border: 1px solid var(--line); border-radius: .4rem; padding: .5rem .9rem; min-width: 8rem; }
.numbers b { display: block; font-size: 1.3rem; }
pre { background: var(--soft); border-radius: .4rem; padding: .75rem; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; margin: .5rem 0; font-size: .875rem; }
.card { border: 1px solid var(--line); border-radius: .5rem; padding: .9rem 1.1rem; margin: .8rem 0; }
.card header { display: flex; flex-wrap: wrap; gap: .6rem; align-items: baseline; }
.card h3 { margin: 0; font-size: 1rem; } .grow { flex: 1; }
.tag { border-radius: 1rem; padding: .05rem .6rem; font-size: .8rem; border: 1px solid var(--line); white-space: nowrap; }
.good { color: var(--good); border-color: currentColor; } .bad { color: var(--bad); } .warn { color: var(--warn); border-color: currentColor; }
.quiet { opacity: .75; font-size: .875rem; }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); gap: .75rem; margin-top: .6rem; }
figure { margin: 0; } figure img { width: 100%; height: auto; border: 1px solid var(--line); border-radius: .3rem; display: block; }
figcaption { font-size: .8rem; opacity: .75; } .wide img { max-width: 100%; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem .9rem; margin: .5rem 0; font-size: .875rem; }
dt { opacity: .7; } dd { margin: 0; overflow-wrap: anywhere; }
";

/// The page as HTML.
pub(super) fn write(facts: &Facts<'_>) -> Result<String> {
    let cards = facts.story.events.iter().map(|event| card(facts, event)).collect::<Result<Vec<_>>>()?;
    let outside = picture(facts.folder, Some("outside.png"), "the display itself, seen from Linux")?;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Portcullis: an agent writes a file with Notepad" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { "An agent writes a file with Notepad" }
                p.quiet {
                    "A real MCP client (" code { (&facts.story.client) } " from PyPI) drove a Windows desktop through "
                    code { (&facts.story.server) } " by the protocol of " code { (&facts.story.protocol) }
                    ". Whether it worked was decided by the bytes of the file."
                }
                (verdict(facts))
                (numbers(facts))
                h2 { "The file's text" }
                pre { (oracle::LINES.join("\n")) }
                p.quiet {
                    "In the pictures the 🙂 is a box: Wine's edit control draws no characters beyond the Basic "
                    "Multilingual Plane. They are stored, read back and saved as they are, which the bytes above show."
                }
                h2 { "The desktop with the file opened again" }
                (outside)
                h2 { "Every call, in order" }
                @for card in &cards { (card) }
            }
        }
    };
    Ok(page.into_string())
}

fn verdict(facts: &Facts<'_>) -> Markup {
    let good = facts.verdict.holds() && facts.wrong.is_none() && facts.audit.whole && facts.tampering.is_found();
    html! {
        div.verdict.bad[!good] {
            strong { @if good { "Verified from outside: " } @else { "Not verified: " } (facts.verdict.sentence()) "." }
            @if let Some(bytes) = &facts.verdict.found { pre { (oracle::hex(bytes, HEX_SHOWN)) } }
            @if let Some(wrong) = facts.wrong { p.bad { "The client stopped: " } pre { (wrong) } }
            p.quiet { "Audit: " (facts.audit.sentence) ". A test of it: " (facts.tampering.sentence()) "." }
        }
    }
}

fn numbers(facts: &Facts<'_>) -> Markup {
    let pictures = facts.story.calls().filter(|call| call.kind == log::Kind::Picture).count();
    let calls = facts.story.calls().count() - pictures;
    let cell = |number: String, what: &str| html! { div { b { (number) } (what) } };
    html! {
        div.numbers {
            (cell(calls.to_string(), "calls"))
            (cell(facts.audit.count("confirmed").to_string(), "confirmed by what changed"))
            (cell(facts.audit.count("denied").to_string(), "refused"))
            (cell(format!("{pictures}"), "pictures for this page"))
            (cell(format!("{:.1} s", facts.client_took.as_secs_f32()), "from start to end"))
            (cell(facts.story.tools.len().to_string(), "tools open"))
        }
    }
}

fn card(facts: &Facts<'_>, event: &log::Event) -> Result<Markup> {
    match event {
        log::Event::Check(check) => Ok(html! {
            div.card {
                header {
                    h3 { (check.title) } span.grow {}
                    span.tag.good[check.ok].bad[!check.ok] { @if check.ok { "holds" } @else { "does not hold" } }
                }
                pre { (check.text) }
            }
        }),
        log::Event::Call(call) if call.kind == log::Kind::Picture => Ok(html! {}),
        log::Event::Call(call) => call_card(facts, call),
    }
}

fn call_card(facts: &Facts<'_>, call: &log::Call) -> Result<Markup> {
    let record = facts.audit.of(call.order, &call.tool);
    let result = record.map_or("not in the record", |record| record.result.as_str());
    let good = matches!(result, "confirmed" | "answered");
    let before = picture(facts.folder, call.before.as_deref(), "before")?;
    let after = picture(facts.folder, call.after.as_deref(), "after")?;
    let long = call.answer.lines().count() > 6;
    Ok(html! {
        div.card {
            header {
                h3 { (call.title) } code { (call.tool) } span.grow {}
                span.tag.good[good].warn[!good] { (result.replace('_', " ")) }
                span.quiet { (format!("{:.1} ms", call.millis)) }
            }
            pre { (call.arguments.to_string()) }
            @if long {
                details { summary { "answer, " (call.answer.lines().count()) " lines" } pre { (call.answer) } }
            } @else {
                pre { (call.answer) }
            }
            @if let Some(record) = record { (decision(record)) }
            @if call.kind == log::Kind::Act { div.pictures { (before) (after) } }
        }
    })
}

/// What the gate decided, from the server's own record.
fn decision(record: &audit::Record) -> Markup {
    html! {
        details {
            summary.quiet { "decision " (record.call) ": " (record.rule) }
            dl {
                dt { "principal" } dd { (record.principal) }
                dt { "effects" } dd { (record.effects.join(", ").replace('_', " ")) }
                dt { "resources" } dd { (record.resources.join("; ")) }
                dt { "reversibility" } dd { (record.reversibility) }
                @if let Some(micros) = record.micros { dt { "grant to end" } dd { (micros) " µs" } }
            }
        }
    }
}

/// A picture of the folder, inside the page.
fn picture(folder: &Path, name: Option<&str>, caption: &str) -> Result<Markup> {
    let Some(name) = name else { return Ok(html! {}) };
    let path = folder.join(name);
    if !path.is_file() {
        return Ok(html! { p.quiet { "no picture: " (caption) } });
    }
    let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let kind = if name.ends_with(".png") { "png" } else { "jpeg" };
    let source = format!("data:image/{kind};base64,{}", STANDARD.encode(bytes));
    Ok(html! { figure { img src=(source) alt=(caption) loading="lazy"; figcaption { (caption) } } })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A call, a refusal and a check, with text in them that would be markup.
    fn page(records: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in [("outside.png", "out"), ("b.jpg", "before")] {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        fs::write(folder.path().join("client.jsonl"), records).unwrap();
        let story = log::read(&folder.path().join("client.jsonl")).unwrap();
        let audit = audit::Records::default();
        let verdict = oracle::Verdict::of(None);
        let facts = Facts {
            folder: folder.path(),
            verdict: &verdict,
            wrong: Some("<b>stopped</b>"),
            story: &story,
            audit: &audit,
            tampering: &audit::Tampering { file: "a.jsonl".to_owned(), line: 7, found: Some((7, "broken".to_owned())) },
            client_took: Duration::from_millis(1_500),
        };
        write(&facts).unwrap()
    }

    #[test]
    fn the_page_has_every_call_and_loads_nothing() {
        let hostile = "<img src=x onerror=alert(1)>";
        let call = |kind: &str, order: u32, title: &str, before: Option<&str>| {
            json!({
                "kind": kind, "order": order, "title": title, "tool": "Click",
                "arguments": { "name": hostile }, "answer": hostile, "millis": 12.5, "before": before,
            })
        };
        let records = [
            json!({ "kind": "connected", "client": "mcp 2", "server": "portcullis 0", "protocol": "2026-07-28", "tools": ["Click"] }),
            call("act", 1, "press it", Some("b.jpg")),
            call("refused", 2, "what is shut", None),
            call("ask", 3, "look at it", Some("missing.png")),
            json!({ "kind": "check", "title": "the text", "ok": false, "text": hostile }),
        ]
        .map(|record| record.to_string())
        .join("\n");
        let page = page(&records);
        for shown in [
            "press it",
            "what is shut",
            "look at it",
            "the text",
            "does not hold",
            "12.5 ms",
            "no such file",
            "mcp 2",
            "found there (broken)",
        ] {
            assert!(page.contains(shown), "{shown}");
        }
        assert!(page.contains("&lt;img src=x") && !page.contains("<img src=x"), "text of the machine is escaped");
        assert!(page.contains("&lt;b&gt;stopped") && page.contains("Not verified"));
        for outside in ["http://", "https://", "<script", "<link", "src=\"/", "@import", "url("] {
            assert!(!page.contains(outside), "the page holds {outside}");
        }
        let pictures: Vec<&str> = page.split("src=\"").skip(1).map(|rest| &rest[..10]).collect();
        assert!(pictures.iter().all(|source| *source == "data:image"), "{pictures:?}");
        assert_eq!(pictures.len(), 2, "the display, and the picture before the act");
    }
}
