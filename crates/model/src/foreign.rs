//! Names of tools in systems whose prompts and lists are in use, and the tools of ours that each can come to. Names alone:
//! how arguments are taken over is the tools' business, and what may be called is policy's.

/// Each name with all tools that a call by it can become, sorted by name. A name that is also one of ours is not here.
pub const FOREIGN_TOOLS: &[(&str, &[&str])] = &[
    ("App-Tool", &["App"]),
    ("Click-Tool", &["Click"]),
    ("Clipboard", &["GetClipboard", "SetClipboard"]),
    ("Clipboard-Tool", &["GetClipboard", "SetClipboard"]),
    ("Drag-Tool", &["Drag"]),
    (
        "FileSystem",
        &["FileCopy", "FileDelete", "FileInfo", "FileList", "FileMove", "FileRead", "FileSearch", "FileWrite"],
    ),
    ("Key-Tool", &["Shortcut"]),
    ("Launch-Tool", &["App"]),
    ("Move-Tool", &["Move"]),
    ("MultiEdit", &["Batch"]),
    ("MultiSelect", &["Batch"]),
    ("PowerShell", &["Shell"]),
    ("Powershell-Tool", &["Shell"]),
    ("Process", &["KillProcess", "ListProcesses"]),
    ("Registry", &["RegDelete", "RegList", "RegRead", "RegWrite"]),
    ("Scrape-Tool", &["Scrape"]),
    ("Scroll-Tool", &["Scroll"]),
    ("Shortcut-Tool", &["Shortcut"]),
    ("State-Tool", &["Snapshot"]),
    ("Switch-Tool", &["App"]),
    ("Type-Tool", &["Type"]),
    ("Wait-Tool", &["Wait"]),
];

/// The foreign name that is written so, in any case of letters, with all tools that it stands for.
pub fn foreign_tools(name: &str) -> Option<(&'static str, &'static [&'static str])> {
    FOREIGN_TOOLS.iter().find(|(foreign, _)| foreign.eq_ignore_ascii_case(name)).copied()
}

/// What stands for a name in a list of tools: all that a foreign name can come to, and any other name itself.
pub fn tools_named(name: &str) -> Vec<&str> {
    foreign_tools(name).map_or_else(|| vec![name], |(_, tools)| tools.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_name_stands_for_all_that_it_can_come_to_in_any_case() {
        assert!(FOREIGN_TOOLS.is_sorted_by_key(|(name, _)| *name));
        assert_eq!(tools_named("CLIPBOARD"), ["GetClipboard", "SetClipboard"]);
        assert_eq!(tools_named("powershell-tool"), ["Shell"]);
        assert_eq!(tools_named("Snapshoot"), ["Snapshoot"], "what is unknown stays, to be refused by name");
        for (name, tools) in FOREIGN_TOOLS {
            assert!(!tools.is_empty() && tools.is_sorted(), "{name}");
            assert!(!FOREIGN_TOOLS.iter().any(|(_, ours)| ours.contains(name)), "{name} is one of ours");
        }
    }
}
