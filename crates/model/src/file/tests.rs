//! What is a path of a file here and what is not, as tables. The refused spellings are those by which winremote-mcp and
//! Windows-MCP can be led past a rule: neither checks paths at all.

use super::*;
use proptest::prelude::*;

#[test]
fn a_path_is_kept_as_it_is_written_but_for_drive_and_separators() {
    for (text, kept, name) in [
        (r"C:\", r"C:\", None),
        (r"c:\a", r"C:\a", Some("a")),
        ("c:/a/B c/d.txt", r"C:\a\B c\d.txt", Some("d.txt")),
        (r"Z:\x\", r"Z:\x", Some("x")),
        (r"C:\PROGRA~1\.config", r"C:\PROGRA~1\.config", Some(".config")),
        (r"C:\com10\comet\nullify.txt", r"C:\com10\comet\nullify.txt", Some("nullify.txt")),
    ] {
        let path = FilePath::parse(text).unwrap();
        assert_eq!((path.as_str(), path.name()), (kept, name), "{text}");
    }
}

/// Path escapes by spelling. winremote-mcp's and Windows-MCP's file tools take every one of these.
#[test]
fn attack_path_spellings_that_lead_elsewhere_are_refused() {
    let refused = [
        "",
        "a.txt",
        r"a\b",
        r"\a",
        r"C:a",
        "C:",
        "1:\\a",
        r"\\server\share\a",
        "//server/share/a",
        r"\\?\C:\a",
        r"\\.\C:\a",
        r"\??\C:\a",
        "//?/C:/a",
        r"\\?\UNC\server\share\a",
        r"\\.\pipe\x",
        r"C:\a\..\b",
        r"C:\..",
        "C:/./a",
        r"C:\a\\b",
        r"C:\\",
        r"C:\a.txt:secret",
        r"C:\a::$DATA",
        r"C:\a:s:$DATA",
        r"C:\a.",
        r"C:\a ",
        r"C:\a. .\b",
        r"C:\...\b",
        r"C:\NUL",
        r"C:\nul.txt",
        r"C:\a\con",
        r"C:\Com1.log",
        r"C:\LPT¹",
        r"C:\aux .txt",
        r"C:\CONIN$",
        r"C:\a\prn\b",
        "C:\\a\nb",
        "C:\\a\0",
        r"C:\a*",
        r"C:\a?",
        r"C:\a|b",
        "C:\\\"a\"",
        r"C:\<a>",
        "file:///C:/a",
        r"GLOBALROOT\Device\a",
        r"C:\COM²",
    ];
    for text in refused {
        assert!(FilePath::parse(text).is_err(), "{text:?}");
    }
    let long = |names: usize| format!("C:{}", r"\abcdefg".repeat(names));
    assert!(FilePath::parse(&long(511)).is_ok() && FilePath::parse(&long(512)).is_err(), "the cap is 4096");
    let name = |length: usize| format!(r"C:\{}", "n".repeat(length));
    assert!(FilePath::parse(&name(255)).is_ok() && FilePath::parse(&name(256)).is_err());
}

/// (path, folder, whether it is in it): the letter's case does not count, and a name is compared whole.
#[test]
fn attack_a_folder_holds_what_lies_below_it_in_any_case_and_nothing_beside_it() {
    for (path, folder, within) in [
        (r"C:\Users\me\a", r"C:\Users\me", true),
        (r"C:\USERS\ME", r"c:\users\me", true),
        (r"C:\Users\mean\a", r"C:\Users\me", false),
        (r"C:\Users", r"C:\Users\me", false),
        (r"D:\Users\me\a", r"C:\Users\me", false),
        (r"C:\x", r"C:\", true),
        (r"C:\", r"C:\", true),
        (r"C:\ÄÖ\a", r"C:\äö", true),
        (r"C:\straße\a", r"C:\STRASSE", false),
    ] {
        let (path, folder) = (FilePath::parse(path).unwrap(), FilePath::parse(folder).unwrap());
        assert_eq!(path.is_within(&folder), within, "{path} in {folder}");
    }
}

proptest! {
    /// Whatever is accepted has one reading: written out it is read as the same path, and no part of it climbs.
    #[test]
    fn what_is_accepted_is_read_again_as_itself(text in r"[A-Za-z]:[\\/]([a-zA-Z.~ :\\/*Ää0-9]{0,12}[\\/]?){0,4}") {
        if let Ok(path) = FilePath::parse(&text) {
            let again = FilePath::parse(path.as_str()).unwrap();
            prop_assert_eq!(again.as_str(), path.as_str());
            prop_assert!(path.names().all(|name| name != ".." && name != "." && !name.contains(':')));
            if let (Some(parent), Some(name)) = (path.parent(), path.name()) {
                prop_assert!(path.is_within(&parent));
                prop_assert!(!parent.is_within(&path));
                prop_assert_eq!(parent.join(name).unwrap(), path);
            }
        }
    }
}
