//! Which file is open to whom, as tables: roots, what is kept back, stores of credentials, our own files. None of the
//! three systems that we learn from has such rules for its file tools: every row that is refused here is open there.

use super::*;
use crate::roots::roots;
use portcullis_model::{Origin, Scope};
use std::path::Path;

fn path(text: &str) -> FilePath {
    FilePath::parse(text).unwrap()
}

fn at(line: usize) -> Origin {
    Origin::File { path: Path::new("p.toml").into(), line }
}

fn rules() -> FileRules {
    FileRules {
        read: roots([path(r"C:\work"), path(r"D:\"), path(r"C:\Users\me\.aws\config")], &at(3)),
        write: roots([path(r"C:\work\out")], &at(4)),
        deny: vec![Valued::new(path(r"C:\work\private"), at(5))],
        profile: Some(path(r"C:\Users\me")),
        own: vec![path(r"C:\Users\me\AppData\Local\Portcullis"), path(r"C:\work\out\bin\portcullis.exe")],
        beside: vec![path(r"C:\work\out\bin")],
    }
}

/// Windows takes a library, a manifest and a folder of redirections from beside a program: who may write there runs in it.
#[test]
fn attack_nothing_is_put_beside_our_own_program() {
    let local = Principal::local();
    let named = [r"C:\work\out\bin", r"C:\work\out\bin\userenv.dll"].map(path);
    let open = FileRules { write: roots(named.clone(), &at(4)), read: roots(named, &at(3)), ..rules() };
    for text in [
        r"C:\work\out\bin\userenv.dll",
        r"c:\WORK\out\BIN\version.DLL",
        r"C:\work\out\bin\portcullis.exe.local",
        r"C:\work\out\bin\portcullis.exe.manifest",
        r"C:\work\out\bin\any.txt",
    ] {
        let said = verdict(&open, &local, text, Access::Write);
        assert!(said.contains("beside our own program") && said.ends_with("no configuration lifts this"), "{said}");
        assert!(verdict(&open, &local, text, Access::Read).starts_with("open"), "{text}");
    }
    for text in [r"C:\work\out\bin\deep\x.dll", r"C:\work\out\x.dll"] {
        let all = FileRules { write: roots([path(r"C:\work\out")], &at(4)), ..rules() };
        assert!(verdict(&all, &local, text, Access::Write).starts_with("open"), "{text}");
    }
}

fn verdict(rules: &FileRules, who: &Principal, text: &str, access: Access) -> String {
    match rules.check(who, None, &path(text), access) {
        Ok(rule) => format!("open: {rule}"),
        Err(denial) => denial.rule,
    }
}

#[test]
fn a_file_is_open_inside_a_root_and_nowhere_else() {
    let (rules, local) = (rules(), Principal::local());
    let read = "open: p.toml:3 opens it in `files.read`";
    let write = "open: p.toml:4 opens it in `files.write`";
    for (text, access, said) in [
        (r"C:\work", Access::Read, read),
        (r"c:\WORK\a\b", Access::Read, read),
        (r"D:\x", Access::Read, read),
        (r"C:\worker", Access::Read, "p.toml:3 leaves it out of `files.read`"),
        (r"C:\Users\me\a.txt", Access::Read, "p.toml:3 leaves it out of `files.read`"),
        (r"C:\work\a", Access::Write, "p.toml:4 leaves it out of `files.write`"),
        (r"C:\work\out\a", Access::Write, write),
        (r"C:\work\private\a", Access::Read, r"p.toml:5 names C:\work\private in `files.deny`"),
        (r"C:\WORK\Private", Access::Read, r"p.toml:5 names C:\work\private in `files.deny`"),
    ] {
        assert_eq!(verdict(&rules, &local, text, access), said, "{text} {access:?}");
    }
}

#[test]
fn without_a_file_local_reads_the_profile_and_keys_read_nothing() {
    let rules = FileRules { profile: Some(path(r"C:\Users\me")), ..FileRules::default() };
    let (local, key) = (Principal::local(), Principal::key("local", Scope::ALL));
    let home = r"C:\Users\me\a.txt";
    assert!(verdict(&rules, &local, home, Access::Read).starts_with("open: by default"));
    assert!(verdict(&rules, &local, home, Access::Write).starts_with("nobody says `files.write`"));
    assert!(verdict(&rules, &local, r"C:\Users\mean", Access::Read).starts_with("nobody says `files.read`"));
    assert!(verdict(&rules, &key, home, Access::Read).starts_with("nobody says `files.read`"));
    assert!(verdict(&FileRules::default(), &local, home, Access::Read).starts_with("nobody says"));
}

#[test]
fn attack_stores_of_credentials_are_refused_inside_a_root() {
    let local = Principal::local();
    let open = FileRules { read: roots([path(r"C:\")], &at(3)), write: roots([path(r"C:\")], &at(4)), ..rules() };
    for text in [
        r"C:\Users\me\.ssh",
        r"C:\Users\other\.SSH\id_ed25519",
        r"C:\Users\me\.aws\credentials",
        r"C:\Users\me\AppData\Local\Google\Chrome\User Data\Default\Login Data",
        r"C:\Users\me\AppData\Local\Microsoft\Edge\User Data\Local State",
        r"C:\Users\me\AppData\Roaming\Mozilla\Firefox\Profiles\x\logins.json",
        r"C:\Users\me\AppData\Local\Microsoft\Credentials\A",
        r"C:\Users\me\AppData\Roaming\Microsoft\Protect\S-1\x",
        r"C:\Users\me\AppData\Roaming\Microsoft\Vault",
        r"C:\Windows\System32\config\SAM",
        r"C:\windows\system32\CONFIG\RegBack\SECURITY",
        r"C:\Users\me\NTUSER.DAT",
        r"C:\Users\me\ntuser.dat.LOG1",
        r"C:\repo\.npmrc",
        r"C:\Users\me\.git-credentials",
        r"C:\Users\me\.azure\msal_token_cache.bin",
        r"C:\System Volume Information\x",
    ] {
        for access in [Access::Read, Access::Write] {
            let said = verdict(&open, &local, text, access);
            assert!(said.contains("is refused to all, also inside a root"), "{text}: {said}");
        }
    }
    let said = verdict(&open, &local, r"C:\Users\me\AppData\Local\Microsoft\Vault\x", Access::Read);
    assert!(said.starts_with(r"Microsoft\Vault is refused to all"), "the store is named: {said}");
    assert!(verdict(&open, &local, r"C:\Users\me\ssh\notes.txt", Access::Read).starts_with("open"));
    // The owner named this very file, and not its neighbour.
    assert!(verdict(&rules(), &local, r"C:\Users\me\.aws\config", Access::Read).starts_with("open"));
    assert!(verdict(&rules(), &local, r"C:\Users\me\.aws\credentials", Access::Read).contains("refused to all"));
}

#[test]
fn attack_our_own_files_and_the_clients_that_start_us_are_refused_whatever_is_named() {
    let local = Principal::local();
    let own = r"C:\Users\me\AppData\Local\Portcullis";
    let named = [own, r"C:\Users\me\.cursor\mcp.json", r"C:\", r"C:\work\out\bin\portcullis.exe"].map(path);
    let open = FileRules { read: roots(named.clone(), &at(3)), write: roots(named, &at(4)), ..rules() };
    for text in [
        own,
        r"C:\users\ME\appdata\local\portcullis\audit\a.jsonl",
        r"C:\work\out\bin\Portcullis.EXE",
        r"C:\Users\me\.cursor\mcp.json",
        r"D:\repo\.mcp.json",
        r"D:\repo\.vscode\MCP.json",
        r"C:\Users\me\.codex\config.toml",
        r"C:\Users\me\AppData\Roaming\Claude\claude_desktop_config.json",
        r"C:\Users\me\.gemini\settings.json",
        r"C:\Users\me\.codeium\windsurf\mcp_config.json",
    ] {
        for access in [Access::Read, Access::Write] {
            let said = verdict(&open, &local, text, access);
            assert!(said.ends_with("no configuration lifts this"), "{text}: {said}");
        }
    }
    // Nor is our program started, which does for whoever starts it what its owner alone may: keys, records, stops.
    for (path, starts) in [
        (r"C:\work\out\bin\portcullis.exe", false),
        (r"c:/WORK/out/bin/Portcullis.exe", false),
        (r"C:\Users\me\AppData\Local\Portcullis\copy.exe", false),
        (r"C:\work\out\bin\portcullis.exe.bak", true),
        (r"C:\windows\notepad.exe", true),
    ] {
        let said = open.check_resource(&local, None, &Resource::Executable { path: path.to_owned() });
        assert_eq!(said.is_ok(), starts, "{path}: {said:?}");
    }
    // What holds one of them is not moved or deleted, but may be read.
    for (text, access, lifted) in [
        (r"C:\work\out\bin", Access::Write, false),
        (r"C:\Users\me\AppData", Access::Write, false),
        (r"C:\", Access::Write, false),
        (r"C:\work\out\bin", Access::Read, true),
        (r"C:\work\out\binary", Access::Write, true),
    ] {
        assert_eq!(verdict(&open, &local, text, access).starts_with("open"), lifted, "{text}");
    }
}

#[test]
fn a_denial_does_not_tell_where_a_link_leads() {
    let secret = path(r"C:\elsewhere\secret-name");
    let denial = rules().check(&Principal::local(), None, &secret, Access::Read).unwrap_err();
    assert!(!format!("{denial:?}").contains("secret-name"), "{denial:?}");
}
