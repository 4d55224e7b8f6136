//! A gate out of its parts: rules from the configuration, a ledger in the data folder, the ports of this machine, the owner's
//! signal.

use crate::cli::AnchorFlags;
use crate::logging;
use crate::machine::{self, Machine};
use crate::stop::{self, OwnerSignal};
use crate::watch::{self, Watched};
use anyhow::Context;
use portcullis_audit::{AuditKey, FileLedger};
use portcullis_config::{
    ApprovalSetting, DataFolder, Environment, HostSettings, JwksPlace, Place, PrincipalSettings, RateSettings,
    RegistrySettings, Secret, Settings, TransportSettings, create_for_owner,
};
use portcullis_gate::{Catalogue, DeniesApproval, Gate, GateParts, KeepsNothing, Redactor};
use portcullis_model::{FilePath, Host, RegistryKey, RegistryView, ServerStarted, Tier, Valued, WpfGate};
use portcullis_platform::{FilePort, InputWithoutStopKey, LastLink, Ports};
use portcullis_policy::{
    Approval, FileRules, HostRules, OwnRules, RateWords, RegistryRules, Restrictions, Rules, ToolFilter, ToolWords,
    WpfTargets,
};
use std::path::Path;
use std::sync::Arc;

/// The rules of this configuration. An unknown tool name stops the start.
pub(crate) fn rules(
    machine: &dyn Machine,
    settings: &Settings,
    anchor: &AnchorFlags,
    catalogue: &Catalogue,
) -> anyhow::Result<Rules> {
    let tools = settings.tools();
    let words = ToolWords { tier2: tools.tier2, tier3: tools.tier3, list: tools.list, exclude: tools.exclude };
    let known: Vec<_> = catalogue.tools().iter().map(|tool| (tool.descriptor().name, tool.descriptor().tier)).collect();
    let filter = ToolFilter::of_words(&words, &known)?;
    let said = settings.restrictions();
    let asked = said.approval.filter(|approval| approval.value == ApprovalSetting::Ask);
    let approval = if asked.is_some() { Approval::Ask } else { Approval::Never };
    let restrictions = Restrictions {
        capture: said.capture,
        hidden: said.hidden,
        clipboard_read: said.clipboard_read,
        no_input: said.no_input,
        no_chords: said.no_chords,
        executables: said.executables,
        asked_by: asked.map(|approval| approval.origin),
    };
    let files = file_rules(machine, settings, anchor)?;
    let own = settings.principals().into_iter().map(|(name, said)| {
        let own = own_rules(machine, said, &known).with_context(|| format!("the rules of {name}"))?;
        Ok((name.as_str().to_owned(), own))
    });
    let gates = settings.gates();
    let gates = WpfGate::ALL.into_iter().filter_map(|gate| {
        let (_, said) = gates.iter().find(|(name, _)| *name == gate.name())?;
        Some((gate, said.clone()))
    });
    Ok(Rules::new(filter, approval, std::process::id())
        .restricted(restrictions)
        .with_files(files)
        .with_registry(registry_rules(machine, settings.registry_roots())?)
        .with_hosts(all_hosts(settings))
        .with_rates(rate_words(settings.rates()))
        .with_gates(gates.collect())
        .with_wpf_targets(wpf_targets(machine, settings)?)
        .with_own(own.collect::<anyhow::Result<Vec<_>>>()?)
        .read_from(settings.files().iter().map(|looked| looked.path.as_path())))
}

fn rate_words(said: RateSettings) -> RateWords {
    RateWords { calls: said.calls, bytes: said.bytes }
}

/// The rules of one principal alone.
fn own_rules(machine: &dyn Machine, said: PrincipalSettings, known: &[(&str, Tier)]) -> anyhow::Result<OwnRules> {
    let PrincipalSettings { tools, restrictions, files, registry, hosts, rates } = said;
    let words = ToolWords { tier2: tools.tier2, tier3: tools.tier3, list: tools.list, exclude: tools.exclude };
    let restrictions = Restrictions {
        capture: restrictions.capture,
        hidden: restrictions.hidden,
        clipboard_read: restrictions.clipboard_read,
        no_input: restrictions.no_input,
        no_chords: restrictions.no_chords,
        executables: restrictions.executables,
        asked_by: None,
    };
    let port = machine.ports().ok().map(|ports| ports.files);
    Ok(OwnRules {
        filter: ToolFilter::narrowing(&words, known)?,
        restrictions,
        files: FileRules {
            read: files.read,
            write: files.write,
            deny: with_real_paths(port.as_deref(), files.deny),
            ..FileRules::default()
        },
        registry: registry_rules(machine, registry)?,
        hosts: host_rules(hosts),
        rates: rate_words(rates),
    })
}

/// What is kept back by another name, a link or an alias, is kept back by its real one too.
fn with_real_paths(port: Option<&dyn FilePort>, said: Vec<Valued<FilePath>>) -> Vec<Valued<FilePath>> {
    let mut deny = said;
    for kept in deny.clone() {
        let held = port.and_then(|files| files.resolve(&kept.value, LastLink::Followed).ok());
        deny.extend(held.map(|held| Valued::new(held.place().path.clone(), kept.origin)));
    }
    deny
}

/// Which files are open, and which are ours and open to nobody: data, stop files, policy files, the pair for TLS, those that
/// say who may come in, the anchor, and the program itself, as they are written and as they are found on the disk.
fn file_rules(machine: &dyn Machine, settings: &Settings, anchor: &AnchorFlags) -> anyhow::Result<FileRules> {
    let roots = settings.file_roots();
    let files = machine.ports().ok().map(|ports| ports.files);
    let environment = Environment::read();
    let folder = settings.data(&environment).ok().map(|said| said.value);
    let stop_folder = environment.local_data.map(|local| local.join("Portcullis"));
    let folders = [folder, stop_folder, environment.policy_folder, machine.policy_folder()].into_iter().flatten();
    let tls = settings.tls_files()?.map(|pair| [pair.certificate, pair.key]);
    let single = settings.files().iter().map(|looked| looked.path.clone()).chain(tls.into_iter().flatten());
    let single = single.chain(settings.client_certificates()?.map(|certificates| certificates.authorities));
    let single = single.chain(settings.oauth()?.and_then(|oauth| match oauth.jwks {
        JwksPlace::File(path) => Some(path),
        JwksPlace::Discovered | JwksPlace::Url(_) => None,
    }));
    let program = std::env::current_exe()?;
    let single = single.chain(anchor.audit_anchor.clone()).chain([program.clone()]);
    // As it is written and as it is found. What is no path of a file tool cannot be reached by one.
    let spelt = |path: &Path| -> anyhow::Result<Vec<FilePath>> {
        let absolute = std::path::absolute(path)?;
        let Some(path) = absolute.to_str().and_then(|text| FilePath::parse(text).ok()) else { return Ok(Vec::new()) };
        let held = files.as_ref().and_then(|files| files.resolve(&path, LastLink::Followed).ok());
        Ok(held.map(|held| held.place().path.clone()).into_iter().chain([path]).collect())
    };
    let mut own = Vec::new();
    for path in folders.chain(single) {
        own.extend(spelt(&path)?);
    }
    let beside = spelt(&program)?.iter().filter_map(FilePath::parent).collect();
    let deny = with_real_paths(files.as_deref(), roots.deny);
    Ok(FileRules {
        read: roots.read,
        write: roots.write,
        deny,
        profile: files.and_then(|files| files.profile().ok()),
        own,
        beside,
    })
}

/// Which keys of the registry are open. What is kept back by an alias is kept back by its real name too; an alias as a root
/// stops the start, since it would open nothing, or what its owner did not mean.
fn registry_rules(machine: &dyn Machine, said: RegistrySettings) -> anyhow::Result<RegistryRules> {
    let registry = machine.ports().ok().map(|ports| ports.registry);
    let real = |key: &RegistryKey| {
        let held = registry.as_ref()?.resolve(key, RegistryView::Bits64).ok()?;
        Some(held.place().key.clone())
    };
    for (key, roots) in [("registry.read", &said.read), ("registry.write", &said.write)] {
        for root in roots.iter().flat_map(|roots| &roots.value) {
            let found = real(&root.value).filter(|real| *real != root.value).map(|real| real.to_string());
            let Some(name) = found.or(RegistryRules::alias(&root.value).map(str::to_owned)) else { continue };
            anyhow::bail!(
                "{} `{key}` = `{}`: that is another name for {name}; a root is named as it really is. Name {name} there",
                root.origin,
                root.value
            );
        }
    }
    let mut deny = said.deny;
    for kept in deny.clone() {
        deny.extend(real(&kept.value).map(|real| Valued::new(real, kept.origin)));
    }
    Ok(RegistryRules { read: said.read, write: said.write, deny })
}

/// Which WPF applications may be connected to. One that is named by a link or a short name would fit no process, or, once the
/// link leads elsewhere, another one; it stops the start. One that is not there yet does not.
fn wpf_targets(machine: &dyn Machine, settings: &Settings) -> anyhow::Result<WpfTargets> {
    let targets = WpfTargets(settings.wpf_targets());
    let Ok(ports) = machine.ports() else { return Ok(targets) };
    for entry in targets.entries() {
        let path = entry.value.path();
        let Ok(held) = ports.files.resolve(path, LastLink::Followed) else { continue };
        let real = &held.place().path;
        anyhow::ensure!(
            real == path,
            "{} `wpf.targets.path` = `{path}`: that is another name for {real}; a program is named as it really lies. Name \
             {real} there",
            entry.origin
        );
    }
    Ok(targets)
}

fn host_rules(said: HostSettings) -> HostRules {
    HostRules { fetch: said.fetch, probe: said.probe, deny: said.deny, ..HostRules::default() }
}

/// Which hosts are open to all, and where this server listens itself. Settings of HTTP that are not in order start no server.
fn all_hosts(settings: &Settings) -> HostRules {
    let mut rules = host_rules(settings.hosts());
    let transport = settings.serve(&Environment::read()).ok().map(|serve| serve.transport);
    if let Some(TransportSettings::Http(http)) = transport {
        rules.own.push(http.address.value);
        let authorities = http.public_host.map(|host| host.authorities()).unwrap_or_default();
        let named = |authority: &String| {
            let (host, port) = authority.rsplit_once(':')?;
            Some((Host::parse(host).ok()?, port.parse().ok()?))
        };
        rules.own_names = authorities.iter().filter_map(named).collect();
    }
    rules.replaced_roots = Environment::replaces_roots();
    rules
}

/// With which rights this process runs beyond a signed-in user's. Refused unless the owner wants them.
fn excess_rights(machine: &dyn Machine, allowed: &Valued<bool>) -> anyhow::Result<Option<&'static str>> {
    let Some(excess) = machine.own_rights()?.excess() else { return Ok(None) };
    anyhow::ensure!(
        allowed.value,
        "started {excess}: what an agent does would be done with those rights. Start it as a signed-in user without \
         elevation, or add --allow-elevated to run it {excess} all the same"
    );
    logging::complain(&format!("running {excess}, as {} says: an agent's acts have these rights", allowed.origin));
    Ok(Some(excess))
}

/// The machine's desktop, with the programs that the settings name.
pub(crate) fn ports(machine: &dyn Machine, settings: &Settings) -> anyhow::Result<Ports> {
    let mut ports = machine.ports()?;
    if let Some(program) = settings.tesseract()? {
        machine::trust(&*machine.file_trust(), &program.value, Place::User)
            .map_err(|why| anyhow::anyhow!("{}: ocr.tesseract: {why}", program.origin))?;
        ports.ocr = ports.ocr.with_tesseract(&program.value);
    }
    Ok(ports)
}

/// A gate that records in `data`, and the record's last codes in `anchor`, and heeds the owner's signal; and what watches its
/// record. `secrets` are masked in every answer.
pub(crate) fn gate(
    machine: &dyn Machine,
    settings: &Settings,
    data: &DataFolder,
    anchor: &AnchorFlags,
    transport: &str,
    secrets: Vec<Secret>,
) -> anyhow::Result<(Gate, Watched)> {
    let mut ports = ports(machine, settings)?;
    let signal = OwnerSignal::of(machine, data)?;
    if let Some(key) = stop::chord(settings.stop_key())? {
        // No caller presses it.
        ports.input = Arc::new(InputWithoutStopKey::new(ports.input, machine.owner_ports()?.key, key));
    }
    let catalogue = Catalogue::new();
    let rules = rules(machine, settings, anchor, &catalogue)?;
    let excess = excess_rights(machine, &settings.allow_elevated())?;
    let key_file = data.ensure_audit_key()?;
    machine::trust(&*machine.file_trust(), &key_file, Place::User).map_err(anyhow::Error::msg)?;
    let key = AuditKey::read(&key_file).with_context(|| format!("{}", key_file.display()))?;
    let started = ServerStarted {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        process: std::process::id(),
        transport: transport.to_owned(),
        policy: rules.digest(),
        predecessors: Vec::new(),
        excess_rights: excess.map(str::to_owned),
    };
    let anchor = watch::anchor(machine, data, anchor)?;
    let ledger = if anchor.is_empty() {
        FileLedger::open(&data.audit(), key, started, create_for_owner)?
    } else {
        FileLedger::open_anchored(&data.audit(), key, started, create_for_owner, anchor)?
    };
    let watched = Watched::new(machine, ledger);
    let redactor = Redactor::new(secrets.iter().map(|secret| secret.expose().to_owned()));
    logging::mask(redactor.clone());
    let gate = Gate::new(GateParts {
        rules,
        ledger: Arc::clone(&watched.ledger),
        ports,
        catalogue,
        approver: Arc::new(DeniesApproval),
        journal: Arc::new(KeepsNothing),
        redactor,
    })?;
    gate.watch_stop(Arc::new(signal))?;
    Ok((gate, watched))
}
