//! Rules over single files of source. Each takes a path from the workspace's top and the text, and answers complaints.

use super::source::{Keep, has_word, strip};

pub(super) type Rule = fn(&str, &str) -> Vec<String>;

pub(super) const RULES: &[Rule] = &[length, header, no_unsafe, no_cfg_windows, no_print, no_aborting_import];

/// Those that hold for what is written in C# or XAML too.
pub(super) const RULES_OF_CSHARP: &[Rule] = &[length, header];

/// How a file of each language opens.
const OPENINGS: &[(&str, &str)] = &[(".cs", "// "), (".xaml", "<!-- ")];
const MOST_LINES: usize = 800;
const GENERATED: [&str; 2] = ["/generated/", ".g.cs"];
/// Calling one of these ends the process under Wine, so they are refused by name.
const ABORTING: &[&str] = &[
    "PdhEnumObjectsW",
    "VariantToInt32",
    "DeriveAppContainerSidFromAppContainerName",
    "UiaGetPatternProvider",
    "sysinfo",
];
const UNSAFE_IN: &[&str] = &["crates/platform-windows/", "crates/wpf-loader/", "lab/fixtures/"];
const WINDOWS_IN: &[&str] = &[
    "crates/platform-windows/",
    "crates/wpf-loader/",
    "lab/fixtures/",
    "bins/",
    // The seam between the lab and a Windows machine's own desktop.
    "crates/testkit/src/lab/mod.rs",
];
/// The rules' own names and tests name what they forbid.
const RULES_THEMSELVES: &str = "xtask/src/tidy/";

fn is_in(path: &str, folders: &[&str]) -> bool {
    folders.iter().any(|folder| path.starts_with(folder))
}

fn length(path: &str, text: &str) -> Vec<String> {
    let lines = text.lines().count();
    if lines <= MOST_LINES || GENERATED.iter().any(|mark| path.contains(mark)) {
        return Vec::new();
    }
    vec![format!("{path}: {lines} lines, at most {MOST_LINES} are allowed: split it by what it is about")]
}

fn header(path: &str, text: &str) -> Vec<String> {
    let opening = OPENINGS.iter().find(|(ending, _)| path.ends_with(ending)).map_or("//!", |found| found.1);
    if text.starts_with(opening) {
        return Vec::new();
    }
    vec![format!("{path}:1: the file must open with `{opening}` and say what it is for and what may not live there")]
}

/// The lines of a stripped text that a test picks, as complaints.
fn lines(path: &str, text: &str, keep: Keep, picks: impl Fn(&str) -> bool, complaint: &str) -> Vec<String> {
    let stripped = strip(text, keep);
    let picked = stripped.lines().zip(1_usize..).filter(|(line, _)| picks(line));
    picked.map(|(_, number)| format!("{path}:{number}: {complaint}")).collect()
}

fn no_unsafe(path: &str, text: &str) -> Vec<String> {
    if is_in(path, UNSAFE_IN) {
        return Vec::new();
    }
    lines(path, text, Keep::Code, |line| has_word(line, "unsafe"), "`unsafe` belongs in platform-windows or wpf-loader")
}

/// The text before the bracket that closes the one just opened.
fn up_to_close(text: &str) -> &str {
    let mut depth = 1_usize;
    for (at, c) in text.char_indices() {
        depth = match c {
            '(' => depth.saturating_add(1),
            ')' => depth.saturating_sub(1),
            _ => depth,
        };
        if depth == 0 {
            return text.get(..at).unwrap_or(text);
        }
    }
    text
}

fn no_cfg_windows(path: &str, text: &str) -> Vec<String> {
    if is_in(path, WINDOWS_IN) || path.starts_with(RULES_THEMSELVES) {
        return Vec::new();
    }
    let asks = |line: &str| {
        let condition =
            ["cfg(", "cfg!(", "cfg_attr("].iter().filter_map(|start| Some(line.split_once(start)?.1)).next();
        condition.is_some_and(|condition| has_word(up_to_close(condition), "windows"))
    };
    lines(
        path,
        text,
        Keep::CodeAndStrings,
        asks,
        "only platform-windows, wpf-loader, bins and the testkit's seam ask for Windows",
    )
}

/// Whether a macro is called by that name and not by a longer one that ends alike.
fn has_call(line: &str, call: &str) -> bool {
    line.match_indices(call).any(|(at, _)| {
        let before = line.get(..at).and_then(|l| l.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

fn no_print(path: &str, text: &str) -> Vec<String> {
    if !path.starts_with("crates/") {
        return Vec::new();
    }
    let prints = |line: &str| ["println!", "print!"].iter().any(|call| has_call(line, call));
    lines(path, text, Keep::Code, prints, "standard output belongs to the protocol: no print in crates")
}

fn no_aborting_import(path: &str, text: &str) -> Vec<String> {
    if path.starts_with(RULES_THEMSELVES) {
        return Vec::new();
    }
    let named = |line: &str| ABORTING.iter().any(|name| has_word(line, name));
    lines(path, text, Keep::CodeAndStrings, named, "this import ends the process under Wine: find another way")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: &str = "crates/model/src/lib.rs";

    #[test]
    fn a_file_may_have_800_lines_and_not_801() {
        assert!(length(MODEL, &"x\n".repeat(800)).is_empty());
        assert_eq!(length(MODEL, &"x\n".repeat(801)).len(), 1);
        assert!(length("crates/model/src/generated/a.rs", &"x\n".repeat(801)).is_empty());
        assert!(length("inspector/Protocol/a.g.cs", &"x\n".repeat(801)).is_empty());
    }

    #[test]
    fn a_file_without_a_header_is_named() {
        assert_eq!(header(MODEL, "use x;\n").len(), 1);
        assert!(header(MODEL, "//! For this.\n").is_empty());
        for (path, good, bad) in [
            ("inspector/Bootstrap.cs", "// For this.\n", "using System;\n// For this.\n"),
            ("lab/fixtures/wpf/Form/App.xaml", "<!-- For this. -->\n", "<Application />\n"),
        ] {
            assert!(header(path, good).is_empty(), "{path}");
            assert_eq!(header(path, bad).len(), 1, "{path}");
        }
    }

    #[test]
    fn unsafe_is_found_in_code_and_not_in_words_about_it() {
        assert_eq!(
            no_unsafe(MODEL, "\nunsafe { x() }"),
            ["crates/model/src/lib.rs:2: `unsafe` belongs in platform-windows or wpf-loader"]
        );
        assert!(no_unsafe(MODEL, "// unsafe\nlet s = \"unsafe\";\n#![deny(unsafe_code)]").is_empty());
        assert!(no_unsafe("crates/platform-windows/src/gdi.rs", "unsafe { x() }").is_empty());
    }

    #[test]
    fn every_way_to_ask_for_windows_is_found() {
        for line in [
            "#[cfg(windows)]",
            "#[cfg(not(windows))]",
            "if cfg!(windows) {",
            "#[cfg(target_os = \"windows\")]",
            "#[cfg(all(test, windows))]",
            "#[cfg_attr(windows, path = \"w.rs\")]",
        ] {
            assert_eq!(no_cfg_windows(MODEL, line).len(), 1, "{line}");
            assert!(no_cfg_windows("bins/portcullis/src/main.rs", line).is_empty());
            assert!(no_cfg_windows("crates/testkit/src/lab/mod.rs", line).is_empty());
            assert_eq!(no_cfg_windows("crates/testkit/src/lab/run.rs", line).len(), 1, "{line}");
        }
        assert!(no_cfg_windows(MODEL, "#[cfg(test)] mod windows;").is_empty());
        assert!(no_cfg_windows(MODEL, "// cfg(windows)\n#[cfg(unix)]").is_empty());
    }

    #[test]
    fn printing_is_found_and_standard_error_is_not_printing() {
        for line in ["println!(\"x\");", "    print!(\"x\");", "std::println!();"] {
            assert_eq!(no_print(MODEL, line).len(), 1, "{line}");
        }
        assert!(no_print(MODEL, "eprintln!(\"x\"); // println!").is_empty());
        assert!(no_print("xtask/src/main.rs", "println!(\"x\");").is_empty());
    }

    #[test]
    fn imports_that_abort_are_found_by_name_also_in_strings() {
        for name in ABORTING {
            assert_eq!(no_aborting_import(MODEL, &format!("load(\"{name}\")")).len(), 1, "{name}");
        }
        assert!(no_aborting_import(MODEL, "// sysinfo would do this\nlet sysinfo_like = 1;").is_empty());
    }
}
