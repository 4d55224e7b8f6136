//! What documents name must be there: a page that says which test holds an invariant is a lie once the test has another
//! name. Pages and sources come in as text; which files there are is for `mod.rs` to find out.

use std::collections::HashSet;

/// Underscores from which on a word of a document is the name of something in the sources: settings have fewer.
const UNDERSCORES: usize = 3;
/// Where the paths lie that are checked; others are those of a user's machine.
const FOLDERS: [&str; 10] =
    ["benches/", "bins/", "crates/", "docs/", "fuzz/", "inspector/", "lab/", "profiles/", "tests/", "xtask/"];

/// The words of a source that a document may name.
pub(super) fn names(source: &str) -> impl Iterator<Item = &str> {
    words(source).filter(|word| word.contains('_'))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

fn is_long(word: &str) -> bool {
    word.bytes().filter(|byte| *byte == b'_').count() >= UNDERSCORES && !word.starts_with('_')
}

/// Whether a source has the name, or registers a metric by the part of it that is its own: what stands around that is put
/// there by the library that writes metrics.
fn is_known(word: &str, names: &HashSet<String>) -> bool {
    let metric = || word.strip_prefix("portcullis_").map(|metric| metric.strip_suffix("_total").unwrap_or(metric));
    names.contains(word) || metric().is_some_and(|metric| names.contains(metric))
}

/// Complaints about one page: paths and long names in code marks that are not there.
pub(super) fn check(page: &str, text: &str, names: &HashSet<String>, exists: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut complaints = Vec::new();
    for (number, line) in text.lines().enumerate() {
        // Every second part of a line stands in code marks.
        for code in line.split('`').skip(1).step_by(2) {
            let path = code.trim_end_matches('/');
            let is_path = FOLDERS.iter().any(|folder| path.starts_with(folder))
                && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte));
            if is_path && !exists(path) {
                complaints.push(format!("{page}:{}: `{code}` is not there", number + 1));
            }
            for word in words(code).filter(|word| !is_path && is_long(word) && !is_known(word, names)) {
                complaints.push(format!("{page}:{}: no source has the name `{word}`", number + 1));
            }
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_page_names_must_be_there() {
        let known: HashSet<String> =
            names("fn a_test_of_the_gate() { call_it(); } calls_done").map(str::to_owned).collect();
        assert_eq!(known.len(), 3);
        let exists = |path: &str| ["crates/gate", "crates/gate/src/call.rs"].contains(&path);
        for (text, complaints) in [
            ("`a_test_of_the_gate` in `crates/gate/src/call.rs`, `crates/gate/`", 0),
            ("no mark, no code: a_test_of_the_door", 0),
            ("`a_test_of_the_door`", 1),
            ("`portcullis_calls_done_total`, `portcullis_calls_gone_total`", 1),
            ("`crates/gate/src/door.rs`", 1),
            ("two: `crates/door` and `one_test_and_no_more`", 2),
            ("`call_it_now` has too few, `target/debug/x` is nobody's", 0),
            ("`docs/[a-z]*` is a pattern, `tests/x y` a sentence", 0),
        ] {
            assert_eq!(check("p.md", text, &known, &exists).len(), complaints, "{text}");
        }
    }
}
