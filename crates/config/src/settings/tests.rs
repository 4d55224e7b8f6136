//! Files on disk, flags over them, and the rules of `serve`.

use super::*;
use std::fs;
use std::path::Path;

pub(super) fn environment() -> Environment {
    Environment { local_data: Some("/x".into()), policy_folder: None }
}

fn resolve(flags: ServeFlags) -> Result<ServeSettings, ConfigError> {
    Settings::load(&PolicyFiles::default(), flags, &|_, _| Ok(()))?.serve(&environment())
}

fn http(host: Option<&str>) -> Result<TransportSettings, ConfigError> {
    served(HttpFlags { host: host.map(str::to_owned), ..HttpFlags::default() })
}

fn served(http: HttpFlags) -> Result<TransportSettings, ConfigError> {
    let flags = ServeFlags { transport: Some(TransportFlag::Http), http, ..ServeFlags::default() };
    resolve(flags).map(|settings| settings.transport)
}

#[test]
fn plain_http_is_served_on_loopback_alone() {
    for (host, address) in [
        (None, "127.0.0.1:8090"),
        (Some("localhost"), "127.0.0.1:8090"),
        (Some("127.0.0.2"), "127.0.0.2:8090"),
        (Some("::1"), "[::1]:8090"),
    ] {
        let TransportSettings::Http(bound) = http(host).unwrap() else { panic!("not HTTP") };
        assert_eq!(bound.address.value.to_string(), address);
    }
    for host in ["0.0.0.0", "::", "192.168.1.2", "::ffff:10.0.0.1", "example.com", "", "127.0.0.1 ", "[::1]"] {
        let error = http(Some(host)).unwrap_err();
        assert_eq!((error.key.as_str(), error.origin), ("serve.host", Origin::Flag("--host")), "{host}");
    }
}

#[test]
fn with_tls_any_address_is_served_and_half_of_a_pair_is_none() {
    let tls = |host: &str, cert: bool, key: bool| {
        let path = |given: bool| given.then(|| PathBuf::from("x.pem"));
        served(HttpFlags {
            host: Some(host.to_owned()),
            tls_cert: path(cert),
            tls_key: path(key),
            ..HttpFlags::default()
        })
    };
    for host in ["0.0.0.0", "::", "192.168.1.2", "127.0.0.1"] {
        let TransportSettings::Http(http) = tls(host, true, true).unwrap() else { panic!("not HTTP") };
        assert!(http.tls.is_some() && http.address.value.ip().to_string() == host);
        assert_eq!(tls(host, true, false).unwrap_err().key, "tls.certificate");
        assert_eq!(tls(host, false, true).unwrap_err().key, "tls.key");
    }
    assert_eq!(tls("example.com", true, true).unwrap_err().key, "serve.host");
}

#[test]
fn a_machines_list_of_client_certificates_is_a_ceiling() {
    let tls = "[serve]\ntransport = \"http\"\n[tls]\ncertificate = \"/c\"\nkey = \"/k\"\nclient_ca = \"/ca\"\n";
    let machine = "[tls]\nclients = [{ name = \"ci\", scopes = [\"observe\", \"tool:Click\"] }]";
    let load = |clients: &str| {
        let folders = Folders::new(Some(machine), Some(&format!("{tls}clients = [{clients}]")));
        folders.load(ServeFlags::default())?.client_certificates()
    };
    for (clients, holders) in [
        ("{ name = \"ci\", scopes = [\"observe\", \"tool:Click\"] }", 1),
        ("{ name = \"ci\", scopes = [\"observe\"] }", 1),
        ("", 0),
    ] {
        assert_eq!(load(clients).unwrap().unwrap().holders.len(), holders, "{clients}");
    }
    for clients in [
        "{ name = \"ci\", scopes = [\"observe\", \"alter\"] }",
        "{ name = \"ci2\", scopes = [\"observe\"] }",
        "{ name = \"ci\", scopes = [\"tool:Type\"] }",
    ] {
        let error = load(clients).unwrap_err();
        assert_eq!(error.key, "tls.clients");
        assert!(error.to_string().contains("may only name parts of it"), "{error}");
    }
}

#[test]
fn proxies_and_their_header_belong_together() {
    let http = |proxies: &[&str], header: Option<&str>| {
        served(HttpFlags {
            trusted_proxies: proxies.iter().map(|text| (*text).to_owned()).collect(),
            forwarded_header: header.map(str::to_owned),
            ..HttpFlags::default()
        })
    };
    let TransportSettings::Http(both) = http(&["10.0.0.1"], Some("X-Real-IP")).unwrap() else { panic!("not HTTP") };
    assert_eq!(both.proxies.unwrap().header.name(), "x-real-ip");
    assert_eq!(http(&["10.0.0.1"], None).unwrap_err().key, "http.trusted_proxies");
    assert_eq!(http(&[], Some("X-Real-IP")).unwrap_err().key, "http.forwarded_header");
    assert_eq!(http(&["10.0.0.1/8"], Some("X-Real-IP")).unwrap_err().key, "http.trusted_proxies");
}

#[test]
fn a_flag_without_meaning_is_refused() {
    let error =
        resolve(ServeFlags { http: HttpFlags { port: Some(1), ..HttpFlags::default() }, ..ServeFlags::default() })
            .unwrap_err();
    assert_eq!(error.key, "--port");
}

#[test]
fn without_a_place_for_data_nothing_starts() {
    let settings = Settings::default();
    assert_eq!(settings.serve(&Environment::default()).unwrap_err().key, "data");
}

/// The machine's and the owner's folder, with these texts as their files.
pub(super) struct Folders {
    machine: tempfile::TempDir,
    owner: tempfile::TempDir,
}

impl Folders {
    pub(super) fn new(machine: Option<&str>, owner: Option<&str>) -> Self {
        let folders = Self { machine: tempfile::tempdir().unwrap(), owner: tempfile::tempdir().unwrap() };
        for (folder, text) in [(&folders.machine, machine), (&folders.owner, owner)] {
            if let Some(text) = text {
                fs::write(folder.path().join("portcullis.toml"), format!("version = 1\n{text}")).unwrap();
            }
        }
        folders
    }

    fn files(&self, named: Option<&Path>) -> PolicyFiles {
        let environment = Environment { local_data: None, policy_folder: Some(self.owner.path().to_owned()) };
        PolicyFiles::new(Some(self.machine.path().to_owned()), named.map(Path::to_owned), &environment)
    }

    pub(super) fn load(&self, flags: ServeFlags) -> Result<Settings, ConfigError> {
        Settings::load(&self.files(None), flags, &|_, _| Ok(()))
    }

    /// With the folders' names taken out.
    fn plain(&self, text: impl ToString) -> String {
        let text = text.to_string().replace(&self.owner.path().display().to_string(), "OWNER");
        text.replace(&self.machine.path().display().to_string(), "MACHINE")
    }
}

fn tools(tools: ToolFlags) -> ServeFlags {
    ServeFlags { tools, ..ServeFlags::default() }
}

#[test]
fn a_flag_that_would_widen_the_file_is_refused_with_both_places() {
    let folders = Folders::new(None, Some("[tools]\ntier3 = false\nlist = [\"Click\"]"));
    let flags = [
        ToolFlags { enable_tier3: true, ..ToolFlags::default() },
        ToolFlags { enable_all: true, ..ToolFlags::default() },
        ToolFlags { tools: vec!["Click".to_owned(), "Wait".to_owned()], ..ToolFlags::default() },
    ];
    let all = flags.map(|flags| folders.plain(folders.load(tools(flags)).unwrap_err()));
    insta::assert_snapshot!(all.join("\n"));
    let narrow = ToolFlags { disable_tier2: true, exclude_tools: vec!["Wait".to_owned()], ..ToolFlags::default() };
    assert!(folders.load(tools(narrow)).is_ok());
}

#[test]
fn every_value_is_shown_with_its_origin() {
    let folders = Folders::new(
        Some("[tools]\nexclude = [\"Shell\"]"),
        Some("[serve]\ntransport = \"http\"\nport = 0\n[tools]\nexclude = [\"App\"]"),
    );
    let settings = folders.load(tools(ToolFlags { disable_tier2: true, ..ToolFlags::default() })).unwrap();
    let told = |origins: Vec<Origin>| origins.iter().map(Origin::to_string).collect::<Vec<_>>().join("; ");
    let rows = settings.rows().into_iter().map(|row| format!("{} = {}  ({})", row.key, row.value, told(row.origins)));
    let rows: Vec<String> = rows.collect();
    insta::assert_snapshot!(folders.plain(rows.join("\n")));
    let TransportSettings::Http(bound) = settings.serve(&environment()).unwrap().transport else { panic!("not HTTP") };
    assert_eq!(bound.address.value.to_string(), "127.0.0.1:0");
}

#[test]
fn a_named_file_stands_in_place_of_the_owners_and_must_be_there() {
    let folders = Folders::new(None, Some("[tools]\ntier3 = true"));
    let named = folders.machine.path().join("other.toml");
    let error = Settings::load(&folders.files(Some(&named)), ServeFlags::default(), &|_, _| Ok(())).unwrap_err();
    assert!(error.to_string().contains("other.toml: the policy file cannot be opened"), "{error}");
    fs::write(&named, "version = 1\n").unwrap();
    let settings = Settings::load(&folders.files(Some(&named)), ServeFlags::default(), &|_, _| Ok(())).unwrap();
    assert_eq!(settings.tools(), ToolSettings::default());
    assert!(Folders::new(None, None).load(ServeFlags::default()).is_ok());
}

#[test]
fn a_file_that_cannot_be_trusted_or_read_stops_the_start() {
    let folders = Folders::new(Some(""), Some(""));
    let distrust = |wanted: crate::Place| {
        let check = move |_: &Path, place: crate::Place| {
            if place == wanted { Err("others can write it".to_owned()) } else { Ok(()) }
        };
        folders.plain(Settings::load(&folders.files(None), ServeFlags::default(), &check).unwrap_err())
    };
    assert_eq!(distrust(crate::Place::Machine), "MACHINE/portcullis.toml: others can write it");
    assert_eq!(distrust(crate::Place::User), "OWNER/portcullis.toml: others can write it");
    let file = folders.owner.path().join("portcullis.toml");
    fs::write(&file, b"version = 1 # \xff").unwrap();
    assert!(folders.load(ServeFlags::default()).unwrap_err().to_string().contains("UTF-8"));
    fs::write(&file, format!("version = 1\n#{}", "x".repeat(1024 * 1024))).unwrap();
    assert!(folders.load(ServeFlags::default()).unwrap_err().to_string().contains("more than 1048576 bytes"));
}

#[test]
fn a_file_names_an_absolute_folder_for_data() {
    let folders = Folders::new(None, Some("[serve]\ndata = \"here\""));
    let error = folders.load(ServeFlags::default()).unwrap().serve(&environment()).unwrap_err();
    assert_eq!((error.key.as_str(), error.value.as_str()), ("serve.data", "here"));
}

#[test]
fn what_a_file_says_for_http_waits_while_the_command_line_asks_for_stdio() {
    let folders = Folders::new(None, Some("[serve]\nport = 7"));
    let error = folders.load(ServeFlags::default()).unwrap().serve(&environment()).unwrap_err();
    assert_eq!(error.key, "serve.port");
    let stdio = ServeFlags { transport: Some(TransportFlag::Stdio), ..ServeFlags::default() };
    assert!(folders.load(stdio).unwrap().serve(&environment()).is_ok());
}

#[test]
fn the_stop_key_and_more_rights_are_said_in_one_place_and_never_widened() {
    let defaults = Settings::default();
    assert_eq!(defaults.stop_key().value.as_deref(), Some("ctrl+alt+shift+q"));
    assert_eq!(defaults.allow_elevated(), Valued::new(false, Origin::Default));
    let flags = || ServeFlags { stop_key: Some("None".to_owned()), allow_elevated: true, ..ServeFlags::default() };
    let told = Folders::new(None, None).load(flags()).unwrap();
    assert_eq!(told.stop_key(), Valued::new(None, Origin::Flag("--stop-key")));
    assert_eq!(told.allow_elevated(), Valued::new(true, Origin::Flag("--allow-elevated")));

    let machine = Folders::new(Some("[serve]\nallow_elevated = false\nstop_key = \"ctrl+f12\""), None);
    assert_eq!(machine.load(ServeFlags::default()).unwrap().stop_key().value.as_deref(), Some("ctrl+f12"));
    let elevated = ServeFlags { stop_key: None, ..flags() };
    let other_key = ServeFlags { allow_elevated: false, ..flags() };
    for (flags, key) in [(elevated, "serve.allow_elevated"), (other_key, "serve.stop_key")] {
        let refused = machine.load(flags).unwrap_err();
        assert_eq!(refused.key, key);
        assert!(machine.plain(&refused).contains("MACHINE/portcullis.toml:"), "{refused}");
    }
    let owner = Folders::new(None, Some("[serve]\nallow_elevated = true\nlog_files = true"));
    assert!(owner.load(ServeFlags::default()).unwrap().log_files().value);
    assert!(owner.load(ServeFlags::default()).unwrap().allow_elevated().value);
}

#[test]
fn the_rules_of_a_principal_narrow_those_of_all_from_every_place() {
    for (machine, owner, told) in [
        ("", "[principals.\"key:ci\"]\ntools.tier2 = false\nfiles.read = ['D:\\ci']\nrates.calls = 10", None),
        ("[files]\nread = ['D:\\']", "[principals.\"key:ci\"]\nfiles.read = ['D:\\ci']", None),
        ("[tools]\ntier3 = true", "[principals.local]\ntools.tier3 = true", None),
        (
            "[files]\nread = ['C:\\x']",
            "[principals.\"key:ci\"]\nfiles.read = ['D:\\ci']",
            Some(
                "OWNER/portcullis.toml:3 `principals.\"key:ci\".files.read` = `D:\\ci`: MACHINE/portcullis.toml:3 says \
                  `files.read = C:\\x`; a later place may only leave entries out. Change it there, or leave it out here",
            ),
        ),
        (
            "",
            "[tools]\nlist = [\"Wait\"]\n[principals.local]\ntools.list = [\"Click\"]",
            Some(
                "OWNER/portcullis.toml:5 `principals.\"local\".tools.list` = `Click`: OWNER/portcullis.toml:3 says \
                  `tools.list = Wait`; a later place may only leave entries out. Change it there, or leave it out here",
            ),
        ),
        (
            "",
            "[principals.\"key:ci\"]\ntools.tier3 = true",
            Some(
                "OWNER/portcullis.toml:3 `principals.\"key:ci\".tools.tier3` = `true`: default says `tools.tier3 = \
                  false`; a later place may only turn it off. Change it there, or leave it out here",
            ),
        ),
        (
            "",
            "[principals.\"key:ci\"]\nrates.calls = 301",
            Some(
                "OWNER/portcullis.toml:3 `principals.\"key:ci\".rates.calls` = `301`: default says `rates.calls = 300`; \
                  a later place may only lower it. Change it there, or leave it out here",
            ),
        ),
        (
            "[principals.\"key:ci\"]\nrates.calls = 10",
            "[principals.\"key:ci\"]\nrates.calls = 20",
            Some(
                "OWNER/portcullis.toml:3 `rates.calls` = `20`: MACHINE/portcullis.toml:3 says `rates.calls = 10`; a later \
                  place may only lower it. Change it there, or leave it out here",
            ),
        ),
    ] {
        let folders = Folders::new(Some(machine), Some(owner));
        let found = folders.load(ServeFlags::default());
        let found = found.err().map(|error| folders.plain(error));
        assert_eq!(found.as_deref(), told, "{machine} {owner}");
    }
}

#[test]
fn the_rules_of_two_places_for_one_principal_are_one_section() {
    let folders = Folders::new(
        Some("[principals.\"key:ci\"]\ntools.exclude = [\"Click\"]"),
        Some("[principals.\"key:ci\"]\ntools.exclude = [\"Type\"]\n[principals.local]\nrates.bytes = 100000"),
    );
    let settings = folders.load(ServeFlags::default()).unwrap();
    let found = settings.principals();
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["key:ci", "local"]);
    let excluded: Vec<&str> = found[0].1.tools.exclude.iter().map(|name| name.value.as_str()).collect();
    assert_eq!(excluded, ["Click", "Type"]);
    assert_eq!(found[1].1.rates.bytes.as_ref().map(|said| said.value), Some(100_000));
    let rows = settings.rows();
    assert!(rows.iter().any(|row| row.key == "principals.\"key:ci\".tools.exclude" && row.value == "Click, Type"));
}
