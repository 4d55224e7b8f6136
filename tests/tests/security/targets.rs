//! The list of WPF applications that may be connected to, through the product's own command line. wpf-devtools-mcp reads its two
//! lists when they are used: a malformed one is found at the first connection, and a program is known by its path alone.

use portcullis_testkit::fake_home::FakeHome;

const HASH: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

fn entry(text: &str) -> String {
    format!("[[wpf.targets]]\npath = 'C:\\work\\Good.exe'\n\n[[wpf.targets]]\n{text}\n")
}

#[test]
fn attack_a_malformed_target_stops_the_start_with_its_place() {
    let home = FakeHome::new().unwrap();
    for (text, place, rule) in [
        ("load = true", "portcullis.toml:5", "it has no `path`"),
        ("path = 'Two.exe'", "portcullis.toml:6:8 `wpf.targets.path` = `'Two.exe'`", "a path is absolute"),
        ("path = '\\\\server\\a\\Two.exe'", "portcullis.toml:6:8 `wpf.targets.path`", "not on a share"),
        ("path = 'C:\\work\\*.exe'", "portcullis.toml:6:8 `wpf.targets.path`", "none of < > \" | ? *"),
        ("path = 'C:\\PROGRA~1\\Two.exe'", "portcullis.toml:6:8 `wpf.targets.path`", "short names"),
        ("path = 'C:\\work\\Two'", "portcullis.toml:6:8 `wpf.targets.path`", "nearest: C:\\work\\Two.exe"),
        ("path = 7", "portcullis.toml:6:8 `wpf.targets.path` = `7`", "it is text"),
        ("path = 'c:\\WORK\\good.exe'", "portcullis.toml:5", "is named twice"),
        ("path = 'C:\\work\\Two.exe'\nload = \"yes\"", "portcullis.toml:7:8 `wpf.targets.load`", "`true` or `false`"),
        ("path = 'C:\\work\\Two.exe'\nsha256 = \"12\"", "portcullis.toml:7:10 `wpf.targets.sha256`", "64 hexadecimal"),
        ("path = 'C:\\work\\Two.exe'\nsigner = \"\"", "portcullis.toml:7:10 `wpf.targets.signer`", "subject"),
        ("path = 'C:\\work\\Two.exe'\nsha265 = \"12\"", "portcullis.toml:7:1 `wpf.targets.sha265`", "nearest: sha256"),
    ] {
        home.write_policy(&entry(text)).unwrap();
        let said = home.refusal(&[]).unwrap();
        assert!(said.contains(place) && said.contains(rule), "{text}: {said}");
    }
    home.write_policy(&entry("path = 'C:\\link\\Two.exe'")).unwrap();
    let said = home.refusal(&[]).unwrap();
    assert!(said.contains("portcullis.toml:5") && said.contains("another name for C:\\work\\Two.exe"), "{said}");
    home.write_policy("[wpf]\ntarget = []\n").unwrap();
    let said = home.refusal(&[]).unwrap();
    assert!(said.contains("portcullis.toml:3") && said.contains("nearest: targets"), "{said}");
    home.write_policy("[[wpf]]\npath = 'C:\\work\\Two.exe'\n").unwrap();
    let said = home.refusal(&[]).unwrap();
    assert!(said.contains("`wpf`") && said.contains("it is a section"), "{said}");
}

#[test]
fn attack_a_later_place_admits_no_more_than_an_earlier_one() {
    let home = FakeHome::new().unwrap();
    let one = "[[wpf.targets]]\npath = 'C:\\work\\One.exe'\n";
    let pinned = format!("{one}sha256 = \"{HASH}\"\n");
    home.write_ceiling(&pinned).unwrap();
    let two = "[[wpf.targets]]\npath = 'C:\\work\\Two.exe'\n";
    for (wider, what) in [
        (one.to_owned(), "C:\\work\\One.exe`"),
        (format!("{pinned}load = true\n"), "C:\\work\\One.exe"),
        (two.to_owned(), "C:\\work\\Two.exe"),
        (format!("{pinned}{two}"), "C:\\work\\Two.exe"),
    ] {
        home.write_policy(&wider).unwrap();
        let said = home.refusal(&[]).unwrap();
        assert!(said.contains("may only name parts of it") && said.contains(what), "{wider}: {said}");
    }
    for narrower in [pinned.as_str(), "[wpf]\ntargets = []\n"] {
        home.write_policy(narrower).unwrap();
        assert!(home.run(&["policy", "check"]).unwrap().status.success(), "{narrower}");
    }
}

#[test]
fn what_the_list_says_of_a_program_is_explained_and_looked_at() {
    let home = FakeHome::new().unwrap();
    home.write_policy(&format!(
        "[[wpf.targets]]\npath = 'C:\\work\\One.exe'\nsha256 = \"{HASH}\"\nload = true\n\n[[wpf.targets]]\npath = 'C:\\work\\Two.exe'\n"
    ))
    .unwrap();
    let checked = home.run(&["policy", "check"]).unwrap();
    let lines = [
        format!("may be connected to: C:\\work\\One.exe (sha256 {HASH}), load"),
        "may be connected to: C:\\work\\Two.exe".to_owned(),
    ];
    assert!(lines.iter().all(|line| checked.stdout.lines().any(|said| said == line)), "{}", checked.stdout);
    let other = HASH.replace('9', "8");
    for (words, allowed, told) in [
        (["C:\\work\\One.exe", "--sha256", HASH].as_slice(), true, "with `load = true`"),
        (&["c:\\WORK\\one.exe", "--sha256", HASH], true, "with `load = true`"),
        (&["C:\\work\\Two.exe"], true, "portcullis.toml:7 admits it in `wpf.targets`"),
        (&["C:\\work\\One.exe"], false, "none of those that may be connected to"),
        (&["C:\\work\\One.exe", "--sha256", &other], false, "none of those that may be connected to"),
        (&["C:\\work\\Three.exe"], false, "leaves it out of `wpf.targets`"),
        (&["Three.exe"], false, "a path is absolute"),
    ] {
        let done = home.run(&[&["policy", "explain", "--wpf-target"], words].concat()).unwrap();
        assert_eq!(done.status.success(), allowed, "{words:?}: {} {}", done.stdout, done.stderr);
        assert!((done.stdout.clone() + &done.stderr).contains(told), "{words:?}: {} {}", done.stdout, done.stderr);
    }
    let data = home.data().display().to_string();
    let looked = home.run(&["doctor", "--security", "--data", &data]).unwrap().stdout;
    let row = looked.lines().find(|line| line.contains(" targets ")).unwrap_or_else(|| panic!("{looked}"));
    assert!(row.starts_with("WARN") && row.contains("C:\\work\\One.exe is not there"), "{row}");
}
