//! A table of files that are refused, each with what the refusal says, and files that are read.

use super::*;

fn parse(text: &str) -> Result<Layer, ConfigError> {
    Layer::parse(text, Path::new("/etc/p.toml"), Place::User)
}

#[test]
fn a_bad_file_is_refused_with_its_place_key_value_rule_and_nearest_name() {
    let files = [
        "",
        "version = 2\n",
        "version = \"1\"\n",
        "version = 1\ntools = true\n",
        "version = 1\ntoools = true\n",
        "version = 1\n[tool]\n",
        "version = 1\n[tools]\ntier_2 = false\n",
        "version = 1\n[tools]\ntier2 = \"no\"\n",
        "version = 1\n[tools]\ntier2 = 0\n",
        "version = 1\n[tools]\nlist = \"Snapshot\"\n",
        "version = 1\n[tools]\nlist = [\n  \"Snapshot\",\n  7,\n]\n",
        "version = 1\n[tools]\nlist = [\"Click\", \"click\"]\n",
        "version = 1\n[tools]\nexclude = [\" \"]\n",
        "version = 1\n[tools]\nenable_all = true\n\ntier3 = false\n",
        "version = 1\n[tools]\ntier2 = true\ntier2 = false\n",
        "version = 1\n[tools\n",
        "version = 1\n[serve]\ntransport = \"htpp\"\n",
        "version = 1\n[serve]\nport = 65536\n",
        "version = 1\n[serve]\nport = -1\n",
        "version = 1\n[serve]\nhost = \"\"\n",
        "version = 1\n[serve]\nhost = 1979-05-27\n",
        "version = 1\n[capture]\nexclude = [\"a.exe\"]\n",
        "version = 1\n[capture]\nexclude = [{ program = \"a.exe\" }, { titel_part = \"x\" }]\n",
        "version = 1\n[capture]\nexclude = [{ program = \"a.exe\", title_part = \"x\" }]\n",
        "version = 1\n[capture]\nexclude = [{ title_part = \"\" }]\n",
        "version = 1\n[capture]\nexclude = [{ program = \"bank\" }]\n",
        "version = 1\n[input]\ndeny_programs = [\"bank\"]\n",
        "version = 1\n[input]\ndeny_programs = ['C:\\x\\Bank.exe']\n",
        "version = 1\n[input]\ndeny_programs = ['C:\\x\\bank']\n",
        "version = 1\n[input]\ndeny_programs = [\"bank.exe\", \"BANK.EXE\"]\n",
        "version = 1\n[input]\ndeny_chords = [\"ctrl+entre\"]\n",
        "version = 1\n[input]\ndeny_chords = [\"\"]\n",
        "version = 1\n[executables]\nallow = [\"notepad.exe\"]\n",
        "version = 1\n[executables]\nallow = ['C:\\Tools\\One']\n",
        "version = 1\nprincipals = 1\n",
        "version = 1\n[principals]\nlocal = 1\n",
        "version = 1\n[principals.ci.tools]\ntier2 = false\n",
        "version = 1\n[principals.\"key:CI\".tools]\ntier2 = false\n",
        "version = 1\n[principals.\"token:ci\".tools]\ntier2 = false\n",
        "version = 1\n[principals.\"key:ci\".serve]\nport = 1\n",
        "version = 1\n[principals.\"key:ci\"]\ntier2 = false\n",
        "version = 1\n[principals.\"key:ci\".tools]\nenable_all = true\n",
        "version = 1\n[principals.\"key:ci\".tools]\ntier_2 = true\n",
        "version = 1\n[principals.\"key:ci\".rates]\ncalls = 0\n",
        "version = 1\n[rates]\nbytes = 1\n",
        "version = 1\n[gates]\nscreenshot = true\n",
        "version = 1\n[wpf]\ntargets = ['C:\\a.exe']\n",
        "version = 1\n[[wpf.targets]]\nload = true\n",
        "version = 1\n[[wpf.targets]]\npath = 'C:\\a.exe'\nlaod = true\n",
        "version = 1\n[[wpf.targets]]\npath = 'C:\\a.exe'\nload = 1\n",
        "version = 1\n[[wpf.targets]]\npath = 'C:\\a\\..\\b.exe'\n",
        "version = 1\n[[wpf.targets]]\npath = 'C:\\a.exe'\n[[wpf.targets]]\npath = 'c:\\A.exe'\n",
        "version = 1\n[principals.\"key:ci\"]\nwpf.targets = []\n",
        "version = 1\n[http]\nip_allowlist = []\n",
        "version = 1\n[http]\nip_allowlist = [\n  \"::1\",\n  \"10.0.0.1/8\",\n]\n",
        "version = 1\n[http]\ntrusted_proxies = [7]\n",
        "version = 1\n[http]\nrate = 0\n",
        "version = 1\n[approval]\ntier3 = \"sometimes\"\n",
        "version = 1\n[files]\nread = ['C:\\a', 7]\n",
        "version = 1\n[files]\nread = [\n  'C:\\a',\n  'a\\b',\n]\n",
        "version = 1\n[files]\nread = ['\\\\server\\share']\n",
        "version = 1\n[files]\nwrite = ['C:\\a\\..\\b']\n",
        "version = 1\n[files]\ndeny = ['C:\\a', 'c:/A/']\n",
        "version = 1\n[registry]\nread = ['HKLM\\SOFTWARE\\*']\n",
        "version = 1\n[registry]\ndeny = ['HKEY\\x']\n",
        "version = 1\n[hosts]\nfetch = ['example.org', '0x7f.1']\n",
        "version = 1\n[hosts]\nprobe = ['10.0.0.1/8']\n",
        "version = 1\n[hosts]\ndeny = ['example.org', 'EXAMPLE.org.']\n",
        "version = 1\n[hosts]\nallow = ['example.org']\n",
        "version = 1\n[serve.host]\nname = \"x\"\n",
        "version = 1\n[[serve]]\n",
        "version = 1\n\"\u{202e}key\u{7}\" = 1\n",
        "version = 1\n[input]\ndeny_programs = [\"a\\\\\\u001b[2J\\u202e\"]\n",
        "version = 1\n[input]\ndeny_programs = [\"ban\u{200b}k.exe\"]\n",
        "version = 1\n[capture]\nexclude = [{ program = \"\u{202e}exe.knab.exe\" }]\n",
        "version = 1\n[files]\ndeny = ['C:\\me\u{2066}private']\n",
        "version = 1\n[registry]\ndeny = ['HKCU\\Soft\u{00ad}ware']\n",
        "version = 1\n[executables]\nallow = ['C:\\Tools\\\u{202e}exe.one.exe']\n",
        "version = 1\n[hosts]\nfetch = ['exa\u{200d}mple.org']\n",
        "version = 1\n[[wpf.targets]]\npath = 'C:\\\u{feff}a.exe'\n",
    ];
    let all: Vec<String> = files.map(|file| format!("{file:?}\n  {}", parse(file).unwrap_err())).into();
    insta::assert_snapshot!(all.join("\n"));
}

/// A title is what a window says of itself, so a rule may name what windows say.
#[test]
fn a_rule_about_titles_may_hold_what_titles_hold() {
    assert!(parse("version = 1\n[capture]\nexclude = [{ title_part = \"a\\u200eb\" }]\n").is_ok());
}

#[test]
fn what_is_read_knows_its_lines() {
    let layer = parse("version = 1 # the only one\n\n[tools]\ntier2 = false\nlist = [\n  \"Click\",\n]\n").unwrap();
    let lines: Vec<String> =
        layer.0.iter().map(|(path, said)| format!("{path} = {} at {}", said.value, said.origin)).collect();
    assert_eq!(lines, ["tools.list = Click at /etc/p.toml:5", "tools.tier2 = false at /etc/p.toml:4"]);
    let Value::List(list) = &layer.0["tools.list"].value else { panic!("a list") };
    assert_eq!(list[0].origin.to_string(), "/etc/p.toml:6");
    assert_eq!(parse("version = 1").unwrap(), Layer::default());
    assert_eq!(parse("version = 0x1\r\n[serve]\r\nport = 0").unwrap().0["serve.port"].value, Value::Number(0));
}

#[test]
fn a_list_may_be_empty_and_then_opens_nothing() {
    assert_eq!(parse("version = 1\n[tools]\nlist = []").unwrap().0["tools.list"].value, Value::List(Vec::new()));
}
