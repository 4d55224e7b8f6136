//! The two questions that the gate asks: may this principal use this tool at all (`admit`), and may this very call have
//! these effects on these resources (`decide`). Deny wins; every answer names its rule and the smallest remedy.

use crate::files::FileRules;
use crate::filter::{Shut, ToolFilter};
use crate::gates::Gates;
use crate::hosts::HostRules;
use crate::own::OwnRules;
use crate::permit::Grant;
use crate::rates::RateWords;
use crate::registry::RegistryRules;
use crate::restrict::Restrictions;
use crate::view::View;
use crate::wpf::WpfTargets;
use portcullis_model::{
    CallGranted, CallId, Digest, Effect, Fault, FaultCode, Host, HostAccess, Origin, Principal, Resource,
    Reversibility, RunningProgram, Scope, Tier, WpfGate,
};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// What policy knows of a tool. Taken from the tool's descriptor; a tool without one cannot be called.
#[derive(Clone, Copy, Debug)]
pub struct ToolRow<'tool> {
    /// The tool's name.
    pub name: &'tool str,
    /// The tool's own tier.
    pub tier: Tier,
    /// Every effect that it may ever have.
    pub effects: &'tool [Effect],
    /// Every gate that it goes through; all of them must be open.
    pub gates: &'tool [WpfGate],
}

/// When the owner is asked before an effect of tier 3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Approval {
    /// Opening a tier is the consent.
    #[default]
    Never,
    /// Each effect of tier 3 is put to the owner.
    Ask,
}

/// One call as it would happen.
#[derive(Debug)]
pub struct Ask<'call> {
    /// The call's number in the ledger.
    pub call: CallId,
    /// Who calls.
    pub principal: &'call Principal,
    /// Which tool.
    pub tool: ToolRow<'call>,
    /// The name of another system by which it was asked for, where that is not the tool's own: for the record alone.
    pub asked_as: Option<&'static str>,
    /// A keyed digest of its arguments.
    pub arguments: Digest,
    /// Every effect that it would have.
    pub effects: Vec<Effect>,
    /// What it would touch.
    pub resources: Vec<Resource>,
    /// What could be done about it afterwards.
    pub reversibility: Reversibility,
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// `not_enabled` or `denied`.
    pub code: FaultCode,
    /// What is refused, in a sentence.
    pub message: String,
    /// Which rule decided.
    pub rule: String,
    /// The smallest change that would allow it, when there is one.
    pub remedy: Option<String>,
}

impl From<Denial> for Fault {
    fn from(denial: Denial) -> Self {
        let fault = Self::new(denial.code, denial.message).rule(denial.rule);
        match denial.remedy {
            Some(remedy) => fault.remedy(remedy),
            None => fault,
        }
    }
}

/// A call that waits for the owner's word.
#[derive(Debug)]
pub struct Challenge {
    entry: CallGranted,
    view: View,
}

impl Challenge {
    /// What the owner is asked about.
    pub fn entry(&self) -> &CallGranted {
        &self.entry
    }

    /// The owner said yes.
    pub fn approve(self) -> Grant {
        Grant { entry: self.entry, view: self.view }
    }
}

/// What policy says of an [`Ask`].
#[derive(Debug)]
pub enum Decision {
    /// It may happen, once recorded.
    Allow(Grant),
    /// It may not.
    Deny(Denial),
    /// The owner decides.
    Approve(Challenge),
}

/// What was found of a call that may happen.
struct Checked {
    /// Every effect, those that its targets bring with them included.
    effects: Vec<Effect>,
    /// The rules that open the places that it touches.
    opened_by: Vec<String>,
}

/// The rules in force.
#[derive(Clone, Debug)]
pub struct Rules {
    filter: ToolFilter,
    approval: Approval,
    own_process: u32,
    restrictions: Arc<Restrictions>,
    files: Arc<FileRules>,
    registry: Arc<RegistryRules>,
    hosts: Arc<HostRules>,
    rates: RateWords,
    gates: Gates,
    wpf: Arc<WpfTargets>,
    own: BTreeMap<String, Arc<OwnRules>>,
    /// Where policy files lie: their paths as refusals name them, and their names alone.
    files_said: Vec<(String, String)>,
}

impl Rules {
    /// Rules from a resolved filter. `own_process` is the server's process id: its windows are refused to every tool.
    pub fn new(filter: ToolFilter, approval: Approval, own_process: u32) -> Self {
        let restrictions = Arc::default();
        Self {
            filter,
            approval,
            own_process,
            restrictions,
            files: Arc::default(),
            registry: Arc::default(),
            hosts: Arc::default(),
            rates: RateWords::default(),
            gates: Gates::default(),
            wpf: Arc::default(),
            own: BTreeMap::new(),
            files_said: Vec::new(),
        }
    }

    /// The same rules with what the owner takes away beside tools and tiers.
    #[must_use]
    pub fn restricted(mut self, restrictions: Restrictions) -> Self {
        self.restrictions = Arc::new(restrictions);
        self
    }

    /// The same rules with those about files. Without them no file is touched.
    #[must_use]
    pub fn with_files(mut self, files: FileRules) -> Self {
        self.files = Arc::new(files);
        self
    }

    /// The same rules with those about the registry.
    #[must_use]
    pub fn with_registry(mut self, registry: RegistryRules) -> Self {
        self.registry = Arc::new(registry);
        self
    }

    /// The same rules with those about hosts.
    #[must_use]
    pub fn with_hosts(mut self, hosts: HostRules) -> Self {
        self.hosts = Arc::new(hosts);
        self
    }

    /// Whether this principal may look up a name to use the host so: whoever answers for the name learns that it was asked.
    pub fn check_name(&self, principal: &Principal, host: &Host, access: HostAccess) -> Result<(), Denial> {
        self.view(principal).check_name(host, access)
    }

    /// What the rules about hosts say of one: the rule that opens it, or the refusal. What is no host is refused by none.
    pub fn check_host(&self, principal: &Principal, resource: &Resource) -> Result<Option<String>, Denial> {
        let own = self.own(principal).map(|own| &own.hosts);
        self.hosts.check_resource(principal, own, resource)
    }

    /// The same rules with how much each may ask for.
    #[must_use]
    pub fn with_rates(mut self, rates: RateWords) -> Self {
        self.rates = rates;
        self
    }

    /// The same rules with what is said of the gates of WPF. Without it all are shut.
    #[must_use]
    pub fn with_gates(mut self, gates: Gates) -> Self {
        self.gates = gates;
        self
    }

    /// The same rules with the WPF applications that may be connected to. Without them there is none.
    #[must_use]
    pub fn with_wpf_targets(mut self, targets: WpfTargets) -> Self {
        self.wpf = Arc::new(targets);
        self
    }

    /// The WPF applications that may be connected to.
    pub fn wpf_targets(&self) -> &WpfTargets {
        &self.wpf
    }

    /// Whether this principal may go into a program through these gates, whichever tool asks.
    pub fn check_application(
        &self,
        principal: &Principal,
        program: &RunningProgram,
        through: &[WpfGate],
    ) -> Result<(), Denial> {
        self.wpf.check(program, false)?;
        through.iter().try_for_each(|gate| self.gates.check(principal, *gate, "the inspector"))
    }

    /// What is said of the gates of WPF.
    pub fn gates(&self) -> &Gates {
        &self.gates
    }

    /// The same rules with those of single principals, by name.
    #[must_use]
    pub fn with_own(mut self, own: impl IntoIterator<Item = (String, OwnRules)>) -> Self {
        self.own = own.into_iter().map(|(name, own)| (name, Arc::new(own))).collect();
        self
    }

    /// The same rules, which were read from these files.
    #[must_use]
    pub fn read_from<'paths>(mut self, paths: impl IntoIterator<Item = &'paths Path>) -> Self {
        let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
        let both = |path: &Path| Some((path.display().to_string(), name(path)?));
        self.files_said = paths.into_iter().filter_map(both).collect();
        self
    }

    /// A rule or remedy as this caller is told it: the folders of policy files are for the owner's own client alone.
    pub fn tell(&self, principal: &Principal, text: String) -> String {
        if *principal == Principal::local() {
            return text;
        }
        self.files_said.iter().fold(text, |text, (path, name)| text.replace(path, name))
    }

    /// The rules of this principal alone.
    pub(crate) fn own(&self, principal: &Principal) -> Option<&Arc<OwnRules>> {
        self.own.get(principal.name())
    }

    /// The variable of the environment that puts other roots in place of the system's, if one does.
    pub fn replaced_roots(&self) -> Option<&'static str> {
        self.hosts.replaced_roots
    }

    pub(crate) fn own_names(&self) -> impl Iterator<Item = &str> {
        self.own.keys().map(String::as_str)
    }

    pub(crate) fn rates(&self) -> &RateWords {
        &self.rates
    }

    pub(crate) fn files(&self) -> &FileRules {
        &self.files
    }

    pub(crate) fn registry(&self) -> &RegistryRules {
        &self.registry
    }

    pub(crate) fn hosts(&self) -> &HostRules {
        &self.hosts
    }

    pub(crate) fn approval(&self) -> Approval {
        self.approval
    }

    /// These rules with all of our own files that `earlier` ones knew: what was ours stays shut while the server runs.
    #[must_use]
    pub fn keeping_own_files_of(mut self, earlier: &Self) -> Self {
        let mut files = (*self.files).clone();
        for path in &earlier.files.own {
            if !files.own.contains(path) {
                files.own.push(path.clone());
            }
        }
        self.files = Arc::new(files);
        // Where the server listens does not change while it runs.
        let hosts = HostRules {
            own: earlier.hosts.own.clone(),
            own_names: earlier.hosts.own_names.clone(),
            ..(*self.hosts).clone()
        };
        self.hosts = Arc::new(hosts);
        self
    }

    /// Who has rules of its own about which windows are shown, with all that hide one from it.
    pub fn own_hidden(&self) -> impl Iterator<Item = (&str, Restrictions)> {
        let with_windows = self.own.iter().filter(|(_, own)| !own.restrictions.hidden.is_empty());
        with_windows.map(|(name, own)| {
            let mut all = (*self.restrictions).clone();
            all.hidden.extend(own.restrictions.hidden.iter().cloned());
            (name.as_str(), all)
        })
    }

    pub(crate) fn view(&self, principal: &Principal) -> View {
        View {
            files: Arc::clone(&self.files),
            registry: Arc::clone(&self.registry),
            hosts: Arc::clone(&self.hosts),
            wpf: Arc::clone(&self.wpf),
            restrictions: Arc::clone(&self.restrictions),
            own_process: self.own_process,
            principal: principal.clone(),
            own: self.own(principal).cloned(),
        }
    }

    /// What the owner takes away beside tools and tiers.
    pub fn restrictions(&self) -> &Restrictions {
        &self.restrictions
    }

    /// A digest over all that the rules say, for the ledger's first entry.
    pub fn digest(&self) -> Digest {
        let own: Vec<_> = self
            .own
            .iter()
            .map(|(name, own)| {
                (name, &own.filter, &own.restrictions, own.files.said(), &own.registry, &own.hosts, &own.rates)
            })
            .collect();
        let all = (&self.filter, &self.approval, &self.restrictions, self.files.said(), &self.registry, &self.rates);
        let said = (all, own, &self.gates, &self.hosts, &self.wpf);
        Digest::of(format!("{said:?}").as_bytes())
    }

    /// Whether the tool is open to the principal with at least one effect of what it is for: those of its own tier. What
    /// it only looks at besides, or does besides in a place of a higher tier, opens nothing. This is also what `tools/list` shows.
    pub fn admit(&self, principal: &Principal, tool: ToolRow<'_>) -> Result<(), Denial> {
        let own = tool.effects.iter().filter(|effect| effect.tier() == tool.tier);
        let mut denials = own.map(|effect| self.check_effect(principal, tool, *effect));
        let first = denials.next().unwrap_or_else(|| Err(no_effects(tool)));
        match first {
            Ok(()) => Ok(()),
            Err(denial) if denials.any(|later| later.is_ok()) => {
                // Some other effect is open; the plan will say which one the call needs.
                drop(denial);
                Ok(())
            }
            Err(denial) => Err(denial),
        }
    }

    /// Whether this effect of the tool is open to the principal, whatever it touches.
    pub fn opens(&self, principal: &Principal, tool: ToolRow<'_>, effect: Effect) -> bool {
        tool.effects.contains(&effect) && self.check_effect(principal, tool, effect).is_ok()
    }

    /// Whether this call may happen.
    pub fn decide(&self, ask: Ask<'_>) -> Decision {
        match self.check(&ask) {
            Err(denial) => Decision::Deny(denial),
            Ok(Checked { effects, opened_by }) => {
                let alters = effects.iter().any(|effect| effect.tier() == Tier::Alter);
                let highest = effects.iter().copied().max_by_key(|effect| effect.tier());
                let opened = highest.and_then(|effect| self.filter.opened_by(ask.tool.name, effect));
                let mut rule = match opened.filter(|origin| in_file(origin)) {
                    Some(origin) => format!("{origin} opens it"),
                    None if alters => "tier 3 is open".to_owned(),
                    None => "the tier is open".to_owned(),
                };
                for place in opened_by {
                    rule.push_str("; ");
                    rule.push_str(&place);
                }
                let view = self.view(ask.principal);
                let entry = CallGranted {
                    call: ask.call,
                    principal: ask.principal.name().to_owned(),
                    tool: ask.tool.name.to_owned(),
                    asked_as: ask.asked_as,
                    arguments: ask.arguments,
                    effects,
                    resources: ask.resources,
                    reversibility: ask.reversibility,
                    rule,
                };
                if alters && self.approval == Approval::Ask {
                    Decision::Approve(Challenge { entry, view })
                } else {
                    Decision::Allow(Grant { entry, view })
                }
            }
        }
    }

    /// The effects that the call has once its targets are looked at, each of them allowed.
    fn check(&self, ask: &Ask<'_>) -> Result<Checked, Denial> {
        let mut effects = ask.effects.clone();
        let (view, mut opened_by) = (self.view(ask.principal), Vec::new());
        for resource in &ask.resources {
            if let Some(more) = view.check_thing(resource, &ask.effects)?
                && !effects.contains(&more)
            {
                effects.push(more);
            }
            if let Some(place) = view.check_place(resource)?
                && !opened_by.contains(&place)
            {
                opened_by.push(place);
            }
            if let Resource::WpfTarget { through, .. } = resource {
                for gate in through {
                    self.gates.check(ask.principal, *gate, ask.tool.name)?;
                }
            }
        }
        if effects.is_empty() {
            return Err(no_effects(ask.tool));
        }
        for effect in &effects {
            if !ask.tool.effects.contains(effect) {
                return Err(Denial {
                    code: FaultCode::Denied,
                    message: format!("{} never declared this effect", ask.tool.name),
                    rule: format!("a tool has the effects that its descriptor names; {effect:?} is not one"),
                    remedy: None,
                });
            }
            self.check_effect(ask.principal, ask.tool, *effect)?;
        }
        Ok(Checked { effects, opened_by })
    }

    /// The caller's own rights are looked at first: of what it may not do at all it is not told how the owner set the rest.
    pub(crate) fn check_effect(&self, principal: &Principal, tool: ToolRow<'_>, effect: Effect) -> Result<(), Denial> {
        let tier = effect.tier();
        let scope = Scope::for_tier(tier);
        let by_itself = tier == tool.tier && principal.scopes().names_tool(tool.name);
        if !by_itself && !principal.holds(scope) {
            return Err(no_scope(principal, tool, scope));
        }
        if let Some(scope) = effect.scope().filter(|scope| !principal.holds(*scope)) {
            return Err(no_scope(principal, tool, scope));
        }
        if let Some(shut) = self.filter.shut(tool.name, tool.tier, effect) {
            return Err(shut_denial(&shut, tool, effect));
        }
        for gate in tool.gates {
            self.gates.check(principal, *gate, tool.name)?;
        }
        self.restrictions.check_effect(effect)?;
        let Some(own) = self.own(principal) else { return Ok(()) };
        if let Some(shut) = own.filter.shut(tool.name, tool.tier, effect) {
            return Err(shut_denial(&shut, tool, effect));
        }
        own.restrictions.check_effect(effect)
    }
}

/// A word of the owner shuts the effect. What a file says is named with its line.
fn shut_denial(shut: &Shut<'_>, tool: ToolRow<'_>, effect: Effect) -> Denial {
    let (name, tier, word) = (tool.name, effect.tier(), effect_word(effect));
    let not_enabled =
        |message, rule, remedy| Denial { code: FaultCode::NotEnabled, message, rule, remedy: Some(remedy) };
    let listed = |rule: String, remedy: String| not_enabled(format!("{name} is not enabled"), rule, remedy);
    let closed = |rule: String, remedy: String| {
        not_enabled(format!("{name} would need {tier}, which is not open"), rule, remedy)
    };
    match shut {
        Shut::Excluded(origin) if in_file(origin) => listed(
            format!("{origin} names it in `tools.exclude`"),
            format!("the owner can take `{name}` from `tools.exclude` there"),
        ),
        Shut::Unlisted(origin) if in_file(origin) => listed(
            format!("{origin} leaves it out of `tools.list`"),
            format!("the owner can add \"{name}\" to `tools.list` there"),
        ),
        Shut::Excluded(_) | Shut::Unlisted(_) => listed(
            "the owner's list of tools leaves it out".to_owned(),
            format!("the owner can add `{name}` to --tools or take it from --exclude-tools"),
        ),
        Shut::Tier(Some(origin)) if in_file(origin) => {
            let key = format!("tools.tier{}", tier.number());
            closed(
                format!("{origin} says `{key} = false`; the effect is {word}"),
                format!("the owner can say `{key} = true` there"),
            )
        }
        Shut::Tier(_) => {
            let flag = match tier {
                Tier::Alter => "start the server with --enable-tier3",
                Tier::Observe | Tier::Interact => "start the server without --disable-tier2",
            };
            let list = if tool.tier == tier { format!(", or with --tools {name}") } else { String::new() };
            closed(format!("{tier} is closed; the effect is {word}"), format!("the owner can {flag}{list}"))
        }
    }
}

fn in_file(origin: &Origin) -> bool {
    matches!(origin, Origin::Machine { .. } | Origin::File { .. })
}

fn no_scope(principal: &Principal, tool: ToolRow<'_>, scope: Scope) -> Denial {
    let scope = scope.name();
    Denial {
        code: FaultCode::NotEnabled,
        message: format!("{} needs the scope `{scope}`", tool.name),
        rule: format!("{principal} holds no `{scope}` scope"),
        remedy: Some(remedy_of_scope(scope)),
    }
}

/// What gives a caller a scope.
pub(crate) fn remedy_of_scope(scope: &str) -> String {
    format!(
        "the owner can make a key that holds it: `portcullis key new NAME --scopes …,{scope}`; stdio holds every scope"
    )
}

fn no_effects(tool: ToolRow<'_>) -> Denial {
    Denial {
        code: FaultCode::Denied,
        message: format!("{} declares no effect", tool.name),
        rule: "what declares nothing is allowed nothing".to_owned(),
        remedy: None,
    }
}

pub(crate) fn effect_word(effect: Effect) -> String {
    serde_json::to_value(effect).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
