//! A table of places over one another: what comes out, or which two places are named.

use super::*;
use crate::layer::Place;
use std::path::Path;

fn layer(text: &str, place: Place) -> Layer {
    let path = if place == Place::Machine { "/machine.toml" } else { "/owner.toml" };
    let mut layer = Layer::parse(&format!("version = 1\n{text}"), Path::new(path), place).unwrap();
    layer.spread_enable_all();
    layer
}

fn merged(machine: &str, owner: &str) -> String {
    match narrow(layer(machine, Place::Machine), layer(owner, Place::User)) {
        Ok(merged) => {
            let rows: Vec<String> =
                merged.0.iter().map(|(path, said)| format!("{path} = {} ({})", said.value, said.origin)).collect();
            rows.join("\n  ")
        }
        Err(error) => format!("refused: {error}"),
    }
}

#[test]
fn a_later_place_may_set_what_is_unset_and_narrow_what_is_set() {
    let cases = [
        ("", "[tools]\ntier3 = true"),
        ("[tools]\ntier3 = true", ""),
        ("[tools]\ntier3 = true", "[tools]\ntier3 = false"),
        ("[tools]\ntier3 = false", "[tools]\ntier3 = true"),
        ("[tools]\ntier3 = false", "[tools]\nenable_all = true"),
        ("[tools]\nenable_all = true", "[tools]\ntier2 = false"),
        ("[tools]\nenable_all = false", "[tools]\nenable_all = true"),
        ("[tools]\nlist = [\"Click\", \"Wait\"]", "[tools]\nlist = [\"wait\"]"),
        ("[tools]\nlist = [\"Click\", \"Wait\"]", "[tools]\nlist = [\"Wait\", \"App\"]"),
        ("[tools]\nexclude = [\"Click\"]", "[tools]\nexclude = [\"Wait\"]"),
        ("[tools]\nlist = [\"clipboard\", \"Wait\"]", "[tools]\nlist = [\"GETCLIPBOARD\"]"),
        ("[tools]\nlist = [\"GetClipboard\"]", "[tools]\nlist = [\"Clipboard\"]"),
        ("[tools]\nexclude = [\"PowerShell\"]", "[tools]\nexclude = [\"Powershell-Tool\", \"Process\"]"),
        (
            "[capture]\nexclude = [{ program = \"a.exe\" }]",
            "[capture]\nexclude = [{ title_part = \"b\" }]\n[clipboard]\nread = false",
        ),
        ("[approval]\ntier3 = \"ask\"", "[approval]\ntier3 = \"always\""),
        ("[approval]\ntier3 = \"ask\"", "[approval]\ntier3 = \"never\""),
        ("[executables]\nallow = ['C:\\a.exe']", "[executables]\nallow = ['C:\\b.exe']"),
        ("[http]\nip_allowlist = [\"10.0.0.0/8\", \"::1\"]", "[http]\nip_allowlist = [\"::ffff:10.1.0.0/112\"]"),
        ("[http]\nip_allowlist = [\"10.0.0.0/8\"]", "[http]\nip_allowlist = [\"10.1.0.0/16\", \"0.0.0.0/0\"]"),
        ("[http]\nrate = 10", "[http]\nrate = 9"),
        ("[http]\nrate = 10", "[http]\nrate = 11"),
        ("[files]\nread = ['C:\\work', 'D:\\']", "[files]\nread = ['c:/WORK/a']"),
        ("[files]\nread = ['C:\\work']", "[files]\nread = ['C:\\work', 'C:\\worker']"),
        ("[files]\nwrite = []", "[files]\nwrite = ['C:\\work']"),
        ("[files]\ndeny = ['C:\\work\\a']", "[files]\ndeny = ['C:\\work\\b']"),
        ("[registry]\nread = ['HKLM\\SOFTWARE']", "[registry]\nread = ['hklm\\software\\a']\ndeny = ['HKCU']"),
        ("[registry]\nread = ['HKLM\\SOFTWARE']", "[registry]\nread = ['HKLM']"),
        ("[hosts]\nfetch = ['public']", "[hosts]\nfetch = ['*.example.org:443']\ndeny = ['example.com']"),
        ("[hosts]\nfetch = ['*.example.org']", "[hosts]\nfetch = ['example.org']"),
        ("[hosts]\nprobe = ['private']", "[hosts]\nprobe = ['10.1.0.0/16', '0.0.0.0/0']"),
        ("[hosts]\ndeny = ['a.example']", "[hosts]\ndeny = ['b.example']"),
        ("[[wpf.targets]]\npath = 'C:\\a.exe'\nload = true", "[[wpf.targets]]\npath = 'c:\\A.exe'\nsigner = \"CN=A\""),
        ("[[wpf.targets]]\npath = 'C:\\a.exe'", "[[wpf.targets]]\npath = 'C:\\a.exe'\nload = true"),
        ("[serve]\nport = 1", "[serve]\nport = 1"),
        ("[serve]\nport = 1", "[serve]\nport = 2"),
        ("[serve]\ntransport = \"stdio\"", "[serve]\ntransport = \"http\""),
    ];
    let all: Vec<String> =
        cases.map(|(machine, owner)| format!("{machine:?} then {owner:?}\n  {}", merged(machine, owner))).into();
    insta::assert_snapshot!(all.join("\n"));
}
