//! Lines to rows: what is joined, what is left out and said, and that no text of a record steers a terminal.

use super::*;

fn rows_of(lines: &[&str]) -> Vec<Row> {
    let mut joiner = Joiner::new("audit-1-1.jsonl", false);
    let mut rows = Vec::new();
    for line in lines {
        joiner.push(line.as_bytes(), |row| rows.push(row));
    }
    joiner.end(|row| rows.push(row));
    rows
}

const LINES: &[&str] = &[
    r#"{"v":1,"n":1,"time":"2026-01-02T03:04:05.006Z","event":"server_started","version":"0.1.0","process":7,"transport":"stdio"}"#,
    r#"{"v":1,"n":2,"time":"2026-01-02T03:04:06Z","event":"call_granted","call":"c-1","principal":"local","tool":"Click","effects":["send_input"],"resources":[{"kind":"input_target","program":"notepad.exe"}],"rule":"tier 2"}"#,
    r#"{"v":1,"n":3,"time":"2026-01-02T03:04:07Z","event":"call_denied","call":"c-2","principal":"key:\u001b[2J","tool":"Type","code":"not_enabled","rule":"tools"}"#,
    r#"{"v":1,"n":4,"time":"2026-01-02T03:04:08.5Z","event":"call_finished","call":"c-1","result":"confirmed","micros":12345}"#,
    r#"{"v":1,"n":5,"time":"2026-01-02T03:04:09Z","event":"call_granted","call":"c-3","principal":"local","tool":"Wait","asked_as":"Wait-Tool","effects":["wait"],"resources":[],"rule":"tier 1"}"#,
    "\u{202e}no record",
    r#"{"v":1,"n":7,"time":"2026-01-02T03:04:09.1Z","event":"work_stopped","by":"key"}"#,
    r#"{"v":1,"n":8,"time":"2026-01-02T03:04:09.2Z","event":"policy_replaced","before":"aa01","policy":"bb02"}"#,
    r#"{"v":1,"n":9,"time":"2026-01-02T03:04:09.3Z","event":"policy_kept","why":"wider","widens":["tier 3 of local","\u001b"]}"#,
    r#"{"v":1,"n":10,"time":"2026-01-02T03:04:09.4Z","event":"policy_kept","why":"not_in_order","widens":[]}"#,
    r#"{"v":1,"n":11,"time":"2026-01-02T03:04:10Z","event":"server_stopped","calls":3}"#,
    r#"{"v":1,"n":12,"time":"2026-01-02T03:04:11Z","event":"chain_continued","from":"audit-0-1.jsonl"}"#,
    r#"{"v":1,"n":13,"time":"2026-01-02T03:04:12Z","event":"chain_stays","problem":"no space left"}"#,
    r#"{"v":1,"n":14,"time":"2026-01-02T03:04:13Z","event":"call_granted","call":"c-4","principal":"local","tool":"Type","effects":["send_input","read_windows"],"resources":[],"rule":"tier 2"}"#,
    r#"{"v":1,"n":15,"time":"2026-01-02T03:04:14Z","event":"call_finished","call":"c-4","result":"failed","code":"timeout","micros":999}"#,
    r#"{"v":1,"n":16,"time":"2026-01-02T03:04:15Z","event":"call_finished","call":"c-5","result":"answered","micros":1250000}"#,
];

#[test]
fn lines_become_rows() {
    let text: Vec<String> = rows_of(LINES).iter().map(Row::text).collect();
    insta::assert_snapshot!(text.join("\n"));
}

#[test]
fn caps_hold_and_say_what_they_cut() {
    let long = "x".repeat(TEXT_CAP + 5);
    let effects = vec!["wait"; LIST_CAP + 2];
    let line = serde_json::json!({"event": "call_denied", "rule": long, "effects": effects}).to_string();
    let rows = rows_of(&[&line]);
    assert_eq!(rows[0].rule, format!("{}… (+5)", "x".repeat(TEXT_CAP)));
    assert_eq!((rows[0].effects.len(), rows[0].effects[LIST_CAP].as_str()), (LIST_CAP + 1, "… (+2)"));

    let granted: Vec<String> = (0..=OPEN_CALLS_CAP)
        .map(|call| format!("{{\"n\":{call},\"event\":\"call_granted\",\"call\":\"c-{call}\"}}"))
        .collect();
    let mut joiner = Joiner::new("a", false);
    let mut given = Vec::new();
    for line in &granted {
        joiner.push(line.as_bytes(), |row| given.push(row));
    }
    assert_eq!(given.len(), 1);
    assert_eq!((given[0].call.as_str(), given[0].result.as_str()), ("c-0", "unfinished"));
}

#[test]
fn the_newest_rows_of_all_chains_come_in_order_of_time() {
    let folder = tempfile::tempdir().unwrap();
    let write = |file: &str, times: &[&str]| {
        let line = |time: &&str| format!("{{\"event\":\"call_denied\",\"tool\":\"{file}\",\"time\":\"{time}\"}}\n");
        let text: String = times.iter().map(line).collect();
        std::fs::write(folder.path().join(format!("audit-{file}.jsonl")), text).unwrap();
    };
    write("a", &["2026-01-01T00:00:01Z", "2026-01-01T00:00:04Z", "2026-01-01T00:00:05.25Z"]);
    write("b", &["2026-01-01T00:00:02Z", "2026-01-01T00:00:05Z", "2026-01-01T00:00:05.5Z"]);
    let read = |filter: &RowFilter, last| {
        let found = read_rows(folder.path(), filter, last).unwrap();
        (found.rows.iter().map(|row| row.clock()[17..].to_owned()).collect::<Vec<_>>(), found.cut())
    };
    let all = RowFilter::default();
    assert_eq!(read(&all, 4), (["04.000", "05.000", "05.250", "05.500"].map(str::to_owned).to_vec(), 2));
    assert_eq!(read(&all, 9).1, 0);
    let one = RowFilter { tool: Some("B".to_owned()), ..RowFilter::default() };
    assert_eq!(read(&one, 2), (["05.000", "05.500"].map(str::to_owned).to_vec(), 1));
    let none = RowFilter { result: Some("confirmed".to_owned()), ..RowFilter::default() };
    assert_eq!(read(&none, 2), (Vec::new(), 0));
}

#[test]
fn a_duration_is_told_in_the_unit_that_fits() {
    for (micros, text) in [
        (0, "0 µs"),
        (999, "999 µs"),
        (1_000, "1.0 ms"),
        (12_345, "12.3 ms"),
        (999_999, "999.9 ms"),
        (1_000_000, "1.0 s"),
        (61_250_000, "61.2 s"),
    ] {
        assert_eq!(took(micros), text);
    }
}

/// Each word of a filter, the rows that it takes out of these four, and what happened to the server only without a word.
#[test]
fn each_word_of_a_filter_counts_and_damage_passes_all() {
    let row = |event: &str, principal: &str, tool: &str, result: &str| Row {
        event: event.to_owned(),
        principal: principal.to_owned(),
        tool: tool.to_owned(),
        result: result.to_owned(),
        ..Row::default()
    };
    let rows = [
        row("call", "local", "Click", "confirmed"),
        row("call", "key:ci", "Click", "denied"),
        row("server_started", "", "", ""),
        row(DAMAGED, "", "", ""),
    ];
    let said = |text: &str| Some(text.to_owned());
    for (filter, taken) in [
        (RowFilter::default(), [true, true, true, true]),
        (RowFilter { tool: said("click"), ..RowFilter::default() }, [true, true, false, true]),
        (RowFilter { tool: said("Type"), ..RowFilter::default() }, [false, false, false, true]),
        (RowFilter { principal: said("local"), ..RowFilter::default() }, [true, false, false, true]),
        (RowFilter { result: said("denied"), ..RowFilter::default() }, [false, true, false, true]),
        (RowFilter { principal: said("local"), result: said("denied"), tool: None }, [false, false, false, true]),
        // No row of the server has a tool, so an empty word is one that none of them fits either.
        (RowFilter { tool: said(""), ..RowFilter::default() }, [false, false, false, true]),
    ] {
        assert_eq!(rows.each_ref().map(|row| filter.takes(row)), taken, "{filter:?}");
    }
}
