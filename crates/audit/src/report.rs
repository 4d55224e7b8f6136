//! The record as one page for people: whether it is whole, then every call in order. The page stands alone: it loads
//! nothing, its policy forbids it to, and it can be read without its script, which only filters rows.

use crate::rows::{Row, Rows, took};
use crate::verify::FolderReport;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::time::SystemTime;
use time::OffsetDateTime;

/// Rows of one page: above, the oldest are left out and counted.
pub const REPORT_ROWS: usize = 5_000;
/// Pieces that the timeline is cut into.
const PIECES: usize = 120;
/// Its height in its own units.
const HEIGHT: usize = 24;

const STYLE: &str = "
:root { color-scheme: light dark; --line: #8885; --soft: #8882; --good: #1a7f37; --doubt: #b58900; --bad: #c0392b; }
* { box-sizing: border-box; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 0 auto; padding: 1.5rem; max-width: 90rem; }
h1 { font-size: 1.5rem; margin: 0 0 .5rem; } h2 { font-size: 1.1rem; margin: 1.75rem 0 .5rem; }
.verdict { border-left: .5rem solid var(--good); background: var(--soft); padding: .75rem 1rem; }
.verdict.bad { border-color: var(--bad); } .verdict p { margin: .25rem 0; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .25rem .5rem; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
thead th { position: sticky; top: 0; background: Canvas; white-space: nowrap; }
.who { min-width: 7rem; } .tool { min-width: 9rem; }
.time, .call, .took { white-space: nowrap; font-variant-numeric: tabular-nums; }
.took { text-align: right; } .code, .rule, .quiet { opacity: .75; font-size: .875em; } .code { display: block; }
.tag { white-space: nowrap; border: 1px solid; border-radius: 1rem; padding: 0 .5rem; }
.good { color: var(--good); } .doubt { color: var(--doubt); } .bad { color: var(--bad); }
tr.server td { background: var(--soft); }
svg.timeline { display: block; width: 100%; height: 6rem; background: var(--soft); }
svg.length { display: block; width: 100%; height: .2rem; min-width: 5rem; } rect { fill: currentColor; }
form { display: flex; flex-wrap: wrap; gap: .75rem; align-items: end; margin: .5rem 0; }
[hidden] { display: none; }
.ends { display: flex; justify-content: space-between; }
";

const SCRIPT: &str = "
const form = document.querySelector('form'), rows = [...document.querySelectorAll('tbody.calls tr')];
const shown = document.querySelector('#shown');
function filter() {
  const want = Object.fromEntries(new FormData(form));
  const text = want.text.toLowerCase();
  let count = 0;
  for (const row of rows) {
    const fits = ['tool', 'principal', 'result'].every(name => !want[name] || row.dataset[name] === want[name])
      && (!text || row.textContent.toLowerCase().includes(text));
    row.hidden = !fits;
    if (fits) count++;
  }
  shown.textContent = count + ' of ' + rows.length + ' rows';
}
form.addEventListener('input', filter);
form.addEventListener('submit', event => event.preventDefault());
form.hidden = false;
filter();
";

/// How a row is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Good,
    Doubt,
    Bad,
}

impl Mood {
    const ALL: [Self; 3] = [Self::Good, Self::Doubt, Self::Bad];

    fn of(row: &Row) -> Self {
        match row.result.as_str() {
            "answered" | "confirmed" => Self::Good,
            "denied" | "failed" => Self::Bad,
            _ => Self::Doubt,
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Doubt => "doubt",
            Self::Bad => "bad",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Good => "answered or confirmed",
            Self::Doubt => "unverified, without effect, unfinished or unknown",
            Self::Bad => "denied or failed",
        }
    }
}

/// The page as HTML, made at `now`.
pub fn report_html(checked: &FolderReport, rows: &Rows, now: SystemTime) -> String {
    let now = OffsetDateTime::from(now);
    let source = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    let policy = format!(
        "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
        source(STYLE),
        source(SCRIPT)
    );
    let calls: Vec<&Row> = rows.rows.iter().filter(|row| row.event == "call").collect();
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="referrer" content="no-referrer";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Portcullis: the record of calls" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { "The record of calls" }
                p.quiet {
                    "Made " (now.date()) " " (format!("{:02}:{:02}", now.hour(), now.minute()))
                    ", all times in UTC. Arguments and answers are never recorded; what follows is who called what, what "
                    "was decided and how it ended."
                }
                (verdict(checked))
                h2 { "Calls over time" }
                (timeline(&calls))
                h2 { "Calls" }
                @if rows.cut() > 0 {
                    p { strong { (rows.cut()) " older rows are left out" } ", since a page has at most " (REPORT_ROWS)
                        ". `portcullis audit export` writes all." }
                }
                (filters(&calls))
                table {
                    thead { tr {
                        th { "time" } th { "call" } th { "principal" } th { "tool" } th { "effects and what they touch" }
                        th { "result" } th { "took" } th { "rule" }
                    } }
                    tbody.calls { @for row in &rows.rows { (line(row)) } }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

fn verdict(checked: &FolderReport) -> Markup {
    let files = &checked.files;
    let wrong = files.iter().filter(|file| file.finding.is_some()).count();
    let lines: u64 = files.iter().map(|file| file.verified).sum();
    html! {
        div.verdict.bad[!checked.is_whole()] {
            p { strong {
                @if files.is_empty() { "There is no chain: nothing can be vouched for." }
                @else if wrong == 0 { "Whole: every code of " (lines) " lines verified (files: " (files.len()) ")." }
                @else { "Not whole: something is wrong in " (wrong) " of " (files.len()) "." }
            } }
            @match &checked.anchor {
                None => p.quiet { "No anchor was given: a tail that was cut from the newest chain would not be seen." }
                Some(anchor) => {
                    p { "Anchor: " (anchor.verified) " lines verified, naming " (anchor.chains.len()) " chains." }
                    @if let Some(finding) = &anchor.finding { p.bad { "anchor, line " (finding.line) ": " (finding.problem) } }
                }
            }
            @for file in files {
                @if let Some(finding) = &file.finding {
                    p.bad { (crate::visible(&file.file)) ", line " (finding.line) ": " (crate::visible(&finding.problem)) }
                }
                @for note in &file.notes { p.quiet { (crate::visible(&file.file)) ": " (crate::visible(note)) } }
            }
        }
        details {
            summary { "Files and their last codes" }
            table { tbody { @for file in files {
                tr { td { (crate::visible(&file.file)) } td { (file.verified) " lines" } td { code { (file.head) } } }
            } } }
        }
    }
}

/// How many calls of each mood lie in each piece of the time.
fn pieces(calls: &[&Row]) -> Vec<[usize; 3]> {
    let mut counts = vec![[0usize; 3]; PIECES];
    let times = || calls.iter().map(|row| row.when());
    let (Some(first), Some(last)) = (times().min(), times().max()) else { return counts };
    let span = (last - first).whole_microseconds().max(1);
    let most = PIECES - 1;
    for row in calls {
        let at = (row.when() - first).whole_microseconds() * i128::try_from(PIECES).unwrap_or(1) / span;
        let at = usize::try_from(at).unwrap_or(most).min(most);
        let mood = Mood::of(row);
        let place = counts.get_mut(at).and_then(|piece| {
            piece.iter_mut().zip(Mood::ALL).find_map(|(count, which)| (which == mood).then_some(count))
        });
        if let Some(count) = place {
            *count += 1;
        }
    }
    counts
}

fn timeline(calls: &[&Row]) -> Markup {
    let counts = pieces(calls);
    let tallest = counts.iter().map(|piece| piece.iter().sum::<usize>()).max().unwrap_or_default().max(1);
    let total = |mood: Mood| calls.iter().filter(|row| Mood::of(row) == mood).count();
    let mut bars = Vec::new();
    for (x, piece) in counts.iter().enumerate() {
        let mut below = 0;
        for (count, mood) in piece.iter().zip(Mood::ALL) {
            // In thousandths of a unit, so that a single call beside thousands is still drawn.
            let height = count * HEIGHT * 1000 / tallest;
            below += height;
            if height > 0 {
                bars.push((x, HEIGHT * 1000 - below, height, mood.class()));
            }
        }
    }
    let thousandth = |value: usize| format!("{}.{:03}", value / 1000, value % 1000);
    html! {
        @if let (Some(first), Some(last)) = (calls.first(), calls.last()) {
            svg.timeline viewBox=(format!("0 0 {PIECES} {HEIGHT}")) preserveAspectRatio="none" role="img" aria-label="calls over time" {
                @for (x, y, height, class) in &bars {
                    rect class=(class) x=(x) y=(thousandth(*y)) width="0.9" height=(thousandth(*height)) {}
                }
            }
            div.ends.quiet { span { (first.clock()) } span { "at most " (tallest) " calls in a piece" } span { (last.clock()) } }
        }
        p { @for mood in Mood::ALL {
            span.tag.(mood.class()) { (total(mood)) " " (mood.words()) } " "
        } }
    }
}

fn filters(calls: &[&Row]) -> Markup {
    let choices = |name: &str, of: fn(&Row) -> &str| {
        let values: BTreeSet<&str> = calls.iter().map(|row| of(row)).collect();
        html! {
            label { (name) " " select name=(name) {
                option value="" { "all" }
                @for value in values { option { (value) } }
            } }
        }
    };
    html! {
        form hidden {
            (choices("tool", |row| &row.tool))
            (choices("principal", |row| &row.principal))
            (choices("result", |row| &row.result))
            label { "text " input name="text" type="search"; }
            span #shown.quiet {}
        }
    }
}

fn line(row: &Row) -> Markup {
    if row.event != "call" {
        return html! {
            tr.server { td.time { (row.clock()) } td colspan="7" {
                (row.event.replace('_', " ")) " " (row.detail) " " span.quiet { (row.file) ", line " (row.line) }
            } }
        };
    }
    let mood = Mood::of(row).class();
    html! {
        tr data-tool=(row.tool) data-principal=(row.principal) data-result=(row.result) {
            td.time { (row.clock()) }
            td.call title=(format!("{}, line {}", row.file, row.line)) { (row.call) }
            td.who { (row.principal) }
            td.tool { (row.tool) @if !row.asked_as.is_empty() { " " span.quiet { "as " (row.asked_as) } } }
            td { (row.subject()) }
            td { span.tag.(mood) { (row.result.replace('_', " ")) } @if !row.code.is_empty() { span.code { (row.code) } } }
            td.took { @if let Some(micros) = row.micros {
                (took(micros))
                // Each doubling is a step, so that microseconds and minutes are seen side by side.
                svg.length.(mood) viewBox="0 0 32 1" preserveAspectRatio="none" {
                    rect width=(micros.checked_ilog2().unwrap_or_default()) height="1" {}
                }
            } }
            td.rule { (row.rule) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::{FileReport, Finding};
    use std::collections::BTreeMap;

    fn file(finding: Option<Finding>) -> FileReport {
        FileReport {
            file: "audit-1-1.jsonl".into(),
            verified: 3,
            head: "ab".repeat(32),
            finding,
            predecessors: BTreeMap::new(),
            continued: None,
            notes: vec!["a note".into()],
        }
    }

    fn call(second: u32, result: &str) -> Row {
        Row {
            event: "call".into(),
            time: format!("2026-01-02T03:04:{second:02}Z"),
            result: result.into(),
            tool: "<script>alert(1)</script>".into(),
            principal: "\"><img src=x>".into(),
            micros: Some(1500),
            ..Row::default()
        }
    }

    fn page(files: &[FileReport], rows: Vec<Row>, matched: u64) -> String {
        let checked = FolderReport { files: files.to_vec(), anchor: None };
        report_html(&checked, &Rows { rows, matched }, SystemTime::UNIX_EPOCH)
    }

    #[test]
    fn the_page_loads_nothing_and_no_text_becomes_markup() {
        let page = page(&[file(None)], vec![call(1, "confirmed"), call(9, "denied")], 2);
        for absent in ["http:", "https:", "src=x", "href", "@import", "url(", "<script>alert", "style=", "<img"] {
            let page = page.replace("&lt;img src=x&gt;", "").replace("'unsafe", "");
            assert!(!page.contains(absent), "{absent}");
        }
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
        // The policy names exactly what is in the page.
        for (tag, text) in [("style", STYLE), ("script", SCRIPT)] {
            assert!(page.contains(&format!("<{tag}>{text}</{tag}>")), "{tag}");
            let digest = STANDARD.encode(Sha256::digest(text));
            assert!(page.contains(&format!("{tag}-src 'sha256-{digest}'")), "{tag}");
        }
        assert!(page.contains("default-src 'none'") && !page.contains("unsafe-inline"));
    }

    #[test]
    fn the_verdict_comes_first_and_what_is_cut_is_said() {
        let broken = Finding { line: 3, problem: "the line's code does not fit".into() };
        for (files, sentence) in [
            (vec![file(None)], "Whole: every code of 3 lines verified (files: 1)."),
            (vec![file(None), file(Some(broken))], "Not whole: something is wrong in 1 of 2."),
            (Vec::new(), "There is no chain"),
        ] {
            let page = page(&files, vec![call(1, "confirmed")], 7);
            let verdict = page.find(sentence).unwrap();
            assert!(verdict < page.find("<tbody class=\"calls\">").unwrap());
            assert!(page.contains("<strong>6 older rows are left out</strong>"));
        }
    }

    #[test]
    fn each_call_lies_in_its_piece_of_the_time() {
        let rows = [call(0, "confirmed"), call(1, "denied"), call(10, "unverified"), call(10, "unknown")];
        let counts = pieces(&rows.iter().collect::<Vec<_>>());
        assert_eq!((counts[0], counts[12], counts[PIECES - 1]), ([1, 0, 0], [0, 0, 1], [0, 2, 0]));
        assert_eq!(counts.iter().flatten().sum::<usize>(), 4);
        assert_eq!(pieces(&[]).len(), PIECES);
    }

    /// What people see, without the style and the script, which are whole in the test above.
    #[test]
    fn the_page_shows_verdict_timeline_choices_and_rows() {
        let at = |second: u32, call: &str, result: &str| Row {
            file: "audit-1-1.jsonl".into(),
            line: u64::from(second),
            event: "call".into(),
            time: format!("2026-01-02T03:04:{second:02}Z"),
            call: call.into(),
            principal: "local".into(),
            tool: "Click".into(),
            result: result.into(),
            effects: vec!["send_input".into()],
            resources: vec!["window a.exe".into()],
            rule: "tier 2".into(),
            ..Row::default()
        };
        let server = Row { event: "server_started".into(), detail: "version 0".into(), ..at(0, "", "") };
        let rows = vec![
            server,
            Row { micros: Some(700), ..at(1, "c-1", "confirmed") },
            Row { micros: Some(2_000_000), code: "timeout".into(), ..at(1, "c-2", "failed") },
            at(1, "c-3", "no_effect"),
            Row { tool: "Type".into(), principal: "key:ci".into(), code: "denied".into(), ..at(9, "c-4", "denied") },
        ];
        let broken = Finding { line: 3, problem: "the line's code does not fit".into() };
        let anchor = crate::AnchorReport {
            verified: 4,
            finding: Some(Finding { line: 2, problem: "cut".into() }),
            chains: BTreeMap::from([("audit-1-1.jsonl".to_owned(), 3)]),
        };
        let checked = FolderReport { files: vec![file(None), file(Some(broken))], anchor: Some(anchor) };
        let page = report_html(&checked, &Rows { rows, matched: 5 }, SystemTime::UNIX_EPOCH);
        let (_, body) = page.split_once("<body>").unwrap();
        let (body, _) = body.split_once("<script>").unwrap();
        // A line for each element, so that a change is seen where it is.
        insta::assert_snapshot!(body.replace("><", ">\n<"));
    }

    #[test]
    fn a_page_without_a_call_has_no_timeline_and_says_what_is_cut_only_when_something_is() {
        let page = page(&[file(None)], Vec::new(), 0);
        assert!(!page.contains("<svg") && !page.contains("left out"));
        assert!(page.contains("0 answered or confirmed"));
    }
}
