//! The two questions that the gate asks: may this principal use this tool at all (`admit`), and may this very call have
//! these effects on these resources (`decide`). Deny wins; every answer names its rule and the smallest remedy.

use crate::filter::ToolFilter;
use crate::permit::Grant;
use crate::targets::{is_command_host, is_command_host_window};
use portcullis_model::{
    CallGranted, CallId, Digest, Effect, Fault, FaultCode, Principal, Resource, Reversibility, Scope, Tier,
    WindowIdentity,
};

/// What policy knows of a tool. Taken from the tool's descriptor; a tool without one cannot be called.
#[derive(Clone, Copy, Debug)]
pub struct ToolRow<'tool> {
    /// The tool's name.
    pub name: &'tool str,
    /// The tool's own tier.
    pub tier: Tier,
    /// Every effect that it may ever have.
    pub effects: &'tool [Effect],
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
}

impl Challenge {
    /// What the owner is asked about.
    pub fn entry(&self) -> &CallGranted {
        &self.entry
    }

    /// The owner said yes.
    pub fn approve(self) -> Grant {
        Grant { entry: self.entry }
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

/// The rules in force.
#[derive(Clone, Debug)]
pub struct Rules {
    filter: ToolFilter,
    approval: Approval,
    own_process: u32,
}

impl Rules {
    /// Rules from a resolved filter. `own_process` is the server's process id: its windows are refused to every tool.
    pub fn new(filter: ToolFilter, approval: Approval, own_process: u32) -> Self {
        Self { filter, approval, own_process }
    }

    /// A digest over all that the rules say, for the ledger's first entry.
    pub fn digest(&self) -> Digest {
        Digest::of(format!("{:?} {:?}", self.filter, self.approval).as_bytes())
    }

    /// Whether the tool is open to the principal with at least one of its effects. This is also what `tools/list` shows.
    pub fn admit(&self, principal: &Principal, tool: ToolRow<'_>) -> Result<(), Denial> {
        let mut denials = tool.effects.iter().map(|effect| self.check_effect(principal, tool, *effect));
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

    /// Whether this call may happen.
    pub fn decide(&self, ask: Ask<'_>) -> Decision {
        match self.check(&ask) {
            Err(denial) => Decision::Deny(denial),
            Ok(effects) => {
                let alters = effects.iter().any(|effect| effect.tier() == Tier::Alter);
                let entry = CallGranted {
                    call: ask.call,
                    principal: ask.principal.name().to_owned(),
                    tool: ask.tool.name.to_owned(),
                    arguments: ask.arguments,
                    effects,
                    resources: ask.resources,
                    reversibility: ask.reversibility,
                    rule: if alters { "tier 3 is open".to_owned() } else { "the tier is open".to_owned() },
                };
                if alters && self.approval == Approval::Ask {
                    Decision::Approve(Challenge { entry })
                } else {
                    Decision::Allow(Grant { entry })
                }
            }
        }
    }

    /// The effects that the call has once its targets are looked at, each of them allowed.
    fn check(&self, ask: &Ask<'_>) -> Result<Vec<Effect>, Denial> {
        let mut effects = ask.effects.clone();
        for resource in &ask.resources {
            if let Some(more) = self.check_resource(resource)?
                && !effects.contains(&more)
            {
                effects.push(more);
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
        Ok(effects)
    }

    fn check_effect(&self, principal: &Principal, tool: ToolRow<'_>, effect: Effect) -> Result<(), Denial> {
        let tier = effect.tier();
        if !self.filter.is_listed(tool.name) {
            return Err(Denial {
                code: FaultCode::NotEnabled,
                message: format!("{} is not enabled", tool.name),
                rule: "the owner's list of tools leaves it out".to_owned(),
                remedy: Some(format!("the owner can add `{}` to --tools or take it from --exclude-tools", tool.name)),
            });
        }
        if !self.filter.is_open(tool.name, tool.tier, effect) {
            let flag = match tier {
                Tier::Alter => "start the server with --enable-tier3".to_owned(),
                Tier::Observe | Tier::Interact => "start the server without --disable-tier2".to_owned(),
            };
            let list = if tool.tier == tier { format!(", or with --tools {}", tool.name) } else { String::new() };
            return Err(Denial {
                code: FaultCode::NotEnabled,
                message: format!("{} would need {tier}, which is not open", tool.name),
                rule: format!("{tier} is closed; the effect is {}", effect_word(effect)),
                remedy: Some(format!("the owner can {flag}{list}")),
            });
        }
        let scope = Scope::for_tier(tier);
        if !principal.holds(scope) {
            return Err(Denial {
                code: FaultCode::NotEnabled,
                message: format!("{} needs the scope `{}`", tool.name, scope.name()),
                rule: format!("{principal} holds no `{}` scope", scope.name()),
                remedy: Some(format!("call as a principal that holds `{}`; stdio holds every scope", scope.name())),
            });
        }
        Ok(())
    }

    /// Refuses what is protected; names the further effect that a target brings with it.
    fn check_resource(&self, resource: &Resource) -> Result<Option<Effect>, Denial> {
        match resource {
            Resource::Window { window: WindowIdentity { process, .. }, .. }
            | Resource::InputTarget { window: WindowIdentity { process, .. }, .. }
            | Resource::ProgramWindows { process, .. }
                if *process == self.own_process =>
            {
                Err(Denial {
                    code: FaultCode::Denied,
                    message: "the target is a window of Portcullis itself".to_owned(),
                    rule: "our own windows are refused to every tool; no configuration lifts this".to_owned(),
                    remedy: None,
                })
            }
            Resource::InputTarget { window, program } if is_command_host_window(program, &window.class) => {
                Ok(Some(Effect::OperateCommandHost))
            }
            Resource::InstalledApp { program: Some(program), .. } if is_command_host(program) => {
                Ok(Some(Effect::StartExecutable))
            }
            _ => Ok(None),
        }
    }
}

fn no_effects(tool: ToolRow<'_>) -> Denial {
    Denial {
        code: FaultCode::Denied,
        message: format!("{} declares no effect", tool.name),
        rule: "what declares nothing is allowed nothing".to_owned(),
        remedy: None,
    }
}

fn effect_word(effect: Effect) -> String {
    serde_json::to_value(effect).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
