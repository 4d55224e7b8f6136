//! `portcullis doctor --security`: what makes this machine's server safer or less safe, row by row, each with its fix. Facts are
//! gathered in one place and judged in another; nothing is made or changed.

use crate::cli::{AnchorFlags, DoctorArgs};
use crate::{Machine, compose, settings};
use portcullis_audit::{AuditKey, verify_folder};
use portcullis_config::{Environment, KeyStore, ServeFlags, Settings, TransportSettings};
use portcullis_gate::Catalogue;
use portcullis_model::{Principal, Scope, Tier, WpfGate, WpfTarget, visible};
use portcullis_platform::{Edition, FileTrustPort, Firewall, Keepers, LastLink, OwnRights, PortFault};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use time::{Duration, OffsetDateTime};

/// The rule of the firewall, as `docs/deployment.md` makes it.
const FIREWALL_RULE: &str = "Portcullis";
/// A key that is older should be rotated.
const OLD_KEY: Duration = Duration::days(90);
/// A certificate that ends sooner should be renewed.
const SOON: Duration = Duration::days(30);
/// Bytes of a certificate's file.
const CERTIFICATE_CAP: u64 = 256 * 1024;

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Pass,
    /// To be looked at.
    Warn,
    /// To be mended.
    Fail,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Row {
    what: &'static str,
    level: Level,
    found: String,
    fix: Option<String>,
}

fn row(what: &'static str, level: Level, found: impl Into<String>, fix: &str) -> Row {
    let fix = (level != Level::Pass && !fix.is_empty()).then(|| fix.to_owned());
    Row { what, level, found: found.into(), fix }
}

/// A key, as far as it is judged.
struct Key {
    name: String,
    created: Option<OffsetDateTime>,
    expires: Option<OffsetDateTime>,
    alters: bool,
}

/// How clients connect.
enum Reach {
    Stdio,
    Http {
        address: String,
        loopback: bool,
        allowlist: bool,
        /// When the certificate ends, with TLS.
        tls: Option<Result<OffsetDateTime, String>>,
    },
}

/// A WPF application that may be connected to, as it lies there now.
struct Target {
    path: String,
    /// Known by its hash or its signer too.
    pinned: bool,
    lies: Lies,
}

/// What was found at a path.
enum Lies {
    Nowhere,
    Kept,
    /// Others can write it, and why.
    Writable(String),
    /// It runs every application that is given to it.
    Host,
}

/// The program of .NET that runs applications which have none of their own.
const DOTNET_HOST: &str = "dotnet.exe";

/// All that is judged. An error is what stood in the way of the question.
struct Facts {
    now: OffsetDateTime,
    keys: Result<Vec<Key>, String>,
    reach: Reach,
    firewall: Result<Firewall, PortFault>,
    /// Whether an effect of tier 3 is open to the owner's own client.
    tier3: bool,
    gates: Vec<&'static str>,
    rights: Result<Option<&'static str>, PortFault>,
    rights_allowed: bool,
    /// How many chains there are, and the first thing wrong.
    audit: Result<(usize, Option<String>), String>,
    /// What others can write, and why; and how many were looked at.
    writable: Vec<String>,
    looked_at: usize,
    /// The WPF applications that may be connected to.
    targets: Vec<Target>,
    edition: Result<Edition, PortFault>,
}

pub(crate) fn run(machine: &dyn Machine, args: &DoctorArgs) -> anyhow::Result<ExitCode> {
    let environment = Environment::read();
    let flags = ServeFlags { data: args.data.clone(), ..ServeFlags::default() };
    let loaded = settings::load(machine, args.policy.config.clone(), flags, &environment);
    let rows = match loaded.and_then(|settings| gather(machine, &settings, &environment)) {
        Ok(facts) => judged(&facts),
        // Without a configuration no server starts, and nothing else can be told.
        Err(error) => vec![row(
            "policy",
            Level::Fail,
            format!("{error:#}"),
            "mend it; `portcullis policy check` says when it is in order",
        )],
    };
    if args.json {
        out!("{}", serde_json::to_string_pretty(&rows)?);
    } else {
        for row in &rows {
            let level = match row.level {
                Level::Pass => "pass",
                Level::Warn => "WARN",
                Level::Fail => "FAIL",
            };
            out!("{level:<4} {:<10} {}", row.what, row.found);
            if let Some(fix) = &row.fix {
                out!("                fix: {fix}");
            }
        }
    }
    let failed = rows.iter().any(|row| row.level == Level::Fail);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn gather(machine: &dyn Machine, settings: &Settings, environment: &Environment) -> anyhow::Result<Facts> {
    let data = settings.data(environment)?.value;
    let store = KeyStore::at(data.clone());
    let rules = compose::rules(machine, settings, &AnchorFlags::default(), &Catalogue::new())?;
    let local = Principal::local();
    let tier3 = Catalogue::new().tools().iter().any(|tool| {
        let row = tool.descriptor().row();
        row.effects.iter().any(|effect| effect.tier() == Tier::Alter && rules.opens(&local, row, *effect))
    });
    let tls = settings.tls_files()?;
    let reach = match settings.serve(environment)?.transport {
        TransportSettings::Stdio => Reach::Stdio,
        TransportSettings::Http(http) => Reach::Http {
            address: http.address.value.to_string(),
            loopback: http.address.value.ip().is_loopback(),
            allowlist: http.allowlist.is_some(),
            tls: tls.as_ref().map(|files| certificate_end(&files.certificate)),
        },
    };
    let trust = machine.file_trust();
    let (mut writable, mut looked_at) = (Vec::new(), 0);
    let mut look = |path: &Path, secret: bool| {
        if path.exists() {
            looked_at += 1;
            let trusted =
                if secret { trust.check_secret(path, Keepers::User) } else { trust.check(path, Keepers::User) };
            writable.extend(trusted.err().map(|distrust| distrust.to_string()));
        }
    };
    let secrets =
        store.files().into_iter().chain([data.join("audit.key")]).chain(tls.iter().map(|files| files.key.clone()));
    secrets.for_each(|path| look(&path, true));
    let programs = settings.restrictions().executables.map(|list| list.value).unwrap_or_default();
    let programs = programs.into_iter().map(|said| PathBuf::from(said.value));
    let files = settings.files().iter().filter(|looked| looked.found).map(|looked| looked.path.clone());
    let plain = programs.chain(files).chain(tls.iter().map(|files| files.certificate.clone()));
    plain.chain([std::env::current_exe()?]).for_each(|path| look(&path, false));
    let keys = store.all().map_err(|error| error.to_string()).map(|keys| {
        let key = |key: portcullis_config::StoredKey| Key {
            name: key.name.to_string(),
            created: key.created,
            expires: key.expires,
            alters: key.scopes.holds(Scope::Alter),
        };
        keys.into_iter().map(key).collect()
    });
    let host = machine.host();
    let targets = rules.wpf_targets().entries().iter().map(|entry| target(machine, &*trust, &entry.value)).collect();
    Ok(Facts {
        now: OffsetDateTime::now_utc(),
        keys,
        reach,
        firewall: host.firewall(FIREWALL_RULE),
        tier3,
        gates: WpfGate::ALL.into_iter().filter(|gate| rules.gates().is_open(*gate)).map(WpfGate::name).collect(),
        rights: machine.own_rights().map(OwnRights::excess),
        rights_allowed: settings.allow_elevated().value,
        audit: audit(&data),
        writable,
        looked_at,
        targets,
        edition: host.edition(),
    })
}

fn target(machine: &dyn Machine, trust: &dyn FileTrustPort, entry: &WpfTarget) -> Target {
    let path = entry.path();
    let held = machine.ports().ok().and_then(|ports| ports.files.resolve(path, LastLink::Followed).ok());
    let is_there = held.is_some_and(|held| held.place().found.is_some());
    let lies = match trust.check(Path::new(path.as_str()), Keepers::User) {
        _ if !is_there => Lies::Nowhere,
        Err(distrust) => Lies::Writable(visible(&distrust.to_string(), usize::MAX)),
        Ok(()) if path.name().is_some_and(|name| name.eq_ignore_ascii_case(DOTNET_HOST)) => Lies::Host,
        Ok(()) => Lies::Kept,
    };
    Target { path: visible(path.as_str(), usize::MAX), pinned: entry.pin().is_some(), lies }
}

/// When the first certificate of the file ends.
fn certificate_end(path: &Path) -> Result<OffsetDateTime, String> {
    use std::io::Read;
    let failed = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|error| failed(&error))?;
    file.take(CERTIFICATE_CAP).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    let (_, pem) = x509_parser::pem::parse_x509_pem(&bytes).map_err(|_| failed(&"it holds no certificate in PEM"))?;
    let certificate = pem.parse_x509().map_err(|_| failed(&"the certificate cannot be read"))?;
    let end = certificate.validity().not_after.timestamp();
    OffsetDateTime::from_unix_timestamp(end).map_err(|_| failed(&"its end is no time"))
}

fn audit(data: &Path) -> Result<(usize, Option<String>), String> {
    let folder = data.join("audit");
    if !folder.is_dir() {
        return Ok((0, None));
    }
    let key = AuditKey::read(&data.join("audit.key")).map_err(|error| format!("audit.key: {error}"))?;
    let chains = verify_folder(&folder, &key).map_err(|error| error.to_string())?;
    let wrong = chains.iter().find_map(|chain| {
        let finding = chain.finding.as_ref()?;
        Some(format!("{}, line {}: {}", chain.file, finding.line, finding.problem))
    });
    Ok((chains.len(), wrong))
}

/// The rows, always the same ones in the same order.
fn judged(facts: &Facts) -> Vec<Row> {
    let mut rows = key_rows(facts);
    rows.push(bind_row(&facts.reach));
    rows.push(firewall_row(facts));
    rows.push(tls_row(facts));
    let tiers = "shut it (`tools.tier3 = false`) where it is not needed, or name its tools in `tools.list`";
    rows.push(match (facts.tier3, altering(facts)) {
        (false, _) => row("tiers", Level::Pass, "tier 3 is shut", ""),
        (true, Some(names)) => row("tiers", Level::Warn, format!("effects of tier 3 are open, also to {names}"), tiers),
        (true, None) => row("tiers", Level::Warn, "effects of tier 3 are open to the owner's own client", tiers),
    });
    rows.push(if facts.gates.is_empty() {
        row("gates", Level::Pass, "every gate of WPF is shut", "")
    } else {
        row(
            "gates",
            Level::Warn,
            format!("open: {}", facts.gates.join(", ")),
            "shut those that are not needed: `gates.NAME = false`",
        )
    });
    rows.push(target_row(&facts.targets));
    let unelevated = "start it as a signed-in user, without elevation";
    rows.push(match (&facts.rights, facts.rights_allowed) {
        (Ok(None), false) => row("elevation", Level::Pass, "a server has the rights of a signed-in user", ""),
        (Ok(None), true) => row(
            "elevation",
            Level::Warn,
            "`serve.allow_elevated` lets a server run elevated",
            "leave it out of the policy file",
        ),
        (Ok(Some(excess)), true) => row("elevation", Level::Fail, format!("a server would run {excess}"), unelevated),
        (Ok(Some(excess)), false) => {
            row("elevation", Level::Warn, format!("started {excess}, a server would refuse"), unelevated)
        }
        (Err(fault), _) => unknown("elevation", fault),
    });
    rows.push(match &facts.audit {
        Ok((0, _)) => row("audit", Level::Warn, "there is no record yet", "start a server once; it makes one"),
        Ok((count, None)) => row("audit", Level::Pass, format!("{count} chains, each whole"), ""),
        Ok((_, Some(wrong))) => {
            let fix = "find out who changed it: `portcullis audit verify` with the anchor; keep the folder as it is";
            row("audit", Level::Fail, wrong.clone(), fix)
        }
        Err(error) => {
            row("audit", Level::Fail, error.clone(), "mend what stands in the way; without a key no record is verified")
        }
    });
    rows.push(if facts.writable.is_empty() {
        row("files", Level::Pass, format!("{} files, none of which others can write", facts.looked_at), "")
    } else {
        row(
            "files",
            Level::Fail,
            facts.writable.join("; "),
            "take the right to write, and of keys to read, from others",
        )
    });
    let shared = "run the server in an account of its own on it, or on a machine of one person";
    rows.push(match &facts.edition {
        Ok(Edition::Workstation) => row("edition", Level::Pass, "a workstation of one person", ""),
        Ok(Edition::MultiUser) => row("edition", Level::Warn, "several people use this Windows at once", shared),
        Ok(Edition::Server) => row("edition", Level::Warn, "this Windows is a server", shared),
        Err(fault) => unknown("edition", fault),
    });
    rows
}

/// The gravest that was found of a target, with all of which it was.
fn target_row(targets: &[Target]) -> Row {
    let writable = |target: &Target| if let Lies::Writable(why) = &target.lies { Some(why.clone()) } else { None };
    let writable: Vec<String> = targets.iter().filter_map(writable).collect();
    if !writable.is_empty() {
        return row(
            "targets",
            Level::Fail,
            writable.join("; "),
            "take the right to write it, and its folder, from others",
        );
    }
    let named = |target: &Target, is: bool, what: &str| is.then(|| format!("{} {what}", target.path));
    let odd: Vec<String> = targets
        .iter()
        .filter_map(|target| {
            named(target, matches!(target.lies, Lies::Nowhere), "is not there")
                .or(named(target, matches!(target.lies, Lies::Host), "runs every application that is given to it"))
                .or(named(target, !target.pinned, "is known by its place alone"))
        })
        .collect();
    if !odd.is_empty() {
        let fix =
            "take out what is not needed, name an application's own program, and give it its `sha256` or `signer`";
        return row("targets", Level::Warn, odd.join("; "), fix);
    }
    let found = match targets.len() {
        0 => "no WPF application may be connected to".to_owned(),
        count => format!("{count} WPF applications may be connected to, which others cannot write"),
    };
    row("targets", Level::Pass, found, "")
}

/// What could not be asked is to be looked at by hand.
fn unknown(what: &'static str, fault: &PortFault) -> Row {
    row(what, Level::Warn, fault.to_string(), "look at it by hand")
}

fn altering(facts: &Facts) -> Option<String> {
    let keys = facts.keys.as_ref().ok()?;
    let names: Vec<String> = keys.iter().filter(|key| key.alters).map(|key| format!("key:{}", key.name)).collect();
    (!names.is_empty() && matches!(facts.reach, Reach::Http { .. })).then(|| names.join(", "))
}

fn key_rows(facts: &Facts) -> Vec<Row> {
    let keys = match &facts.keys {
        Ok(keys) => keys,
        Err(error) => {
            return vec![row(
                "keys",
                Level::Fail,
                error.clone(),
                "mend the file; a key that is supplied has 32 characters or more",
            )];
        }
    };
    if keys.is_empty() {
        return vec![row("keys", Level::Pass, "there are none", "")];
    }
    let one = |key: &Key| {
        let name = &key.name;
        let rotate = format!("`portcullis key rotate {name}`, or revoke it");
        let age = key.created.map(|made| facts.now - made);
        match (key.expires, age) {
            (Some(end), _) if end <= facts.now => row(
                "keys",
                Level::Warn,
                format!("{name} has ended and opens nothing"),
                &format!("`portcullis key revoke {name}`"),
            ),
            (_, Some(age)) if age > OLD_KEY => {
                row("keys", Level::Warn, format!("{name} is {} days old", age.whole_days()), &rotate)
            }
            (None, Some(_)) => {
                let fix = format!("revoke it and make it anew with an end: `portcullis key new {name} --expires 90d`");
                row("keys", Level::Warn, format!("{name} never ends"), &fix)
            }
            (None, None) => {
                let fix =
                    "make a key for each agent with `portcullis key new NAME`, then `portcullis key revoke default`";
                row(
                    "keys",
                    Level::Warn,
                    format!("{name} is in http.key, for whoever reads that file, and never ends"),
                    fix,
                )
            }
            (Some(end), _) => {
                row("keys", Level::Pass, format!("{name} ends in {} days", (end - facts.now).whole_days()), "")
            }
        }
    };
    keys.iter().map(one).collect()
}

fn bind_row(reach: &Reach) -> Row {
    match reach {
        Reach::Stdio => row("bind", Level::Pass, "stdio: nothing listens", ""),
        Reach::Http { address, loopback: true, .. } => {
            row("bind", Level::Pass, format!("{address}, this machine alone"), "")
        }
        Reach::Http { address, allowlist: true, .. } => {
            row("bind", Level::Pass, format!("{address}, for the addresses of `http.ip_allowlist`"), "")
        }
        Reach::Http { address, .. } => {
            let fix = "name the clients' networks in `http.ip_allowlist`";
            row("bind", Level::Warn, format!("{address}, for every address that reaches it"), fix)
        }
    }
}

fn firewall_row(facts: &Facts) -> Row {
    let on = "turn it on for every network: `Set-NetFirewallProfile -All -Enabled True`";
    match (&facts.reach, &facts.firewall) {
        (_, Err(fault)) => unknown("firewall", fault),
        (_, Ok(Firewall { on: false, .. })) => {
            row("firewall", Level::Fail, "it is off in a network of this machine", on)
        }
        (Reach::Stdio | Reach::Http { loopback: true, .. }, Ok(firewall)) => match firewall.rule {
            Some(rule) if rule.lets_in => {
                let fix = "remove it: `Remove-NetFirewallRule -DisplayName Portcullis`";
                row(
                    "firewall",
                    Level::Warn,
                    format!("on; its rule `{FIREWALL_RULE}` lets in what nothing listens for"),
                    fix,
                )
            }
            _ => row("firewall", Level::Pass, "on, and lets nothing in for this server", ""),
        },
        (Reach::Http { .. }, Ok(firewall)) => match firewall.rule {
            Some(rule) if rule.lets_in && rule.from_anywhere => {
                let fix = "give it the clients' networks: `Set-NetFirewallRule -DisplayName Portcullis -RemoteAddress NETWORK`";
                row("firewall", Level::Fail, format!("on; its rule `{FIREWALL_RULE}` lets in every address"), fix)
            }
            Some(rule) if rule.lets_in => {
                row("firewall", Level::Pass, format!("on; its rule `{FIREWALL_RULE}` names addresses"), "")
            }
            _ => {
                let fix = "make the rule as docs/deployment.md has it, so that it is known which one lets clients in";
                row("firewall", Level::Warn, format!("on; no rule `{FIREWALL_RULE}` lets clients in"), fix)
            }
        },
    }
}

fn tls_row(facts: &Facts) -> Row {
    let renew = "make or fetch another; a running server takes it by itself";
    let Reach::Http { tls, loopback, .. } = &facts.reach else {
        return row("tls", Level::Pass, "stdio: not needed", "");
    };
    match tls {
        None if *loopback => row("tls", Level::Pass, "none, on this machine alone", ""),
        None => row(
            "tls",
            Level::Fail,
            "none, beyond this machine",
            "`portcullis tls self-signed`, then `tls.certificate` and `tls.key`",
        ),
        Some(Err(error)) => row("tls", Level::Fail, error.clone(), renew),
        Some(Ok(end)) if *end <= facts.now => row("tls", Level::Fail, "the certificate has ended", renew),
        Some(Ok(end)) => {
            let left = *end - facts.now;
            let found = format!("the certificate ends in {} days", left.whole_days());
            row("tls", if left < SOON { Level::Warn } else { Level::Pass }, found, renew)
        }
    }
}

#[cfg(test)]
mod tests;
