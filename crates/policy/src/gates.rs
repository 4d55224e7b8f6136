//! The five gates of what goes through WPF's inspector. They are shut until the owner opens one by its name; no tier, list of
//! tools or word that opens everything is one of these words.

use crate::decision::{Denial, remedy_of_scope};
use portcullis_model::{FaultCode, Principal, Valued, WpfGate};
use std::collections::BTreeMap;

/// What the owner says of each gate. What is not said is shut.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gates(BTreeMap<WpfGate, Valued<bool>>);

impl FromIterator<(WpfGate, Valued<bool>)> for Gates {
    fn from_iter<I: IntoIterator<Item = (WpfGate, Valued<bool>)>>(said: I) -> Self {
        Self(said.into_iter().collect())
    }
}

impl Gates {
    /// Whether the owner opened it.
    pub fn is_open(&self, gate: WpfGate) -> bool {
        self.0.get(&gate).is_some_and(|said| said.value)
    }

    /// Refuses a gate that the caller holds no scope for or the owner did not open.
    pub(crate) fn check(&self, principal: &Principal, gate: WpfGate, tool: &str) -> Result<(), Denial> {
        let name = gate.name();
        let refused =
            |message, rule, remedy| Err(Denial { code: FaultCode::NotEnabled, message, rule, remedy: Some(remedy) });
        if !principal.holds(gate.scope()) {
            return refused(
                format!("{tool} needs the scope `{name}`"),
                format!("{principal} holds no `{name}` scope"),
                remedy_of_scope(name),
            );
        }
        match self.0.get(&gate) {
            Some(said) if said.value => Ok(()),
            Some(said) => refused(
                format!("{tool} goes through the gate `{name}`, which is shut"),
                format!("{} says `gates.{name} = false`", said.origin),
                format!("the owner can say `gates.{name} = true` there"),
            ),
            None => refused(
                format!("{tool} goes through the gate `{name}`, which is shut"),
                format!("`gates.{name}` is false by default; no tier and no list of tools opens a gate"),
                format!("the owner can say `gates.{name} = true` in the policy file"),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::{Approval, Rules, ToolRow};
    use crate::filter::{FilterSpec, ToolFilter};
    use portcullis_model::{Effect, Origin, Scope, Tier};

    const READ: ToolRow<'_> = ToolRow {
        name: "get_viewmodel",
        tier: Tier::Observe,
        effects: &[Effect::ReadWindows],
        gates: &[WpfGate::Viewmodel, WpfGate::SensitiveReads],
    };

    fn rules(open: &[(WpfGate, bool)]) -> Rules {
        let spec = FilterSpec { enable_all: true, tools: vec!["get_viewmodel".into()], ..FilterSpec::default() };
        let said = open.iter().map(|(gate, open)| (*gate, Valued::new(*open, Origin::Flag("--x"))));
        Rules::new(ToolFilter::resolve(&spec, &["get_viewmodel"]).unwrap(), Approval::Never, 1)
            .with_gates(said.collect())
    }

    #[test]
    fn no_word_but_its_own_opens_a_gate_and_a_tool_needs_all_of_its_gates() {
        let (local, lacking) = (Principal::local(), Principal::key("k", [Scope::Observe, Scope::Viewmodel]));
        let told = |rules: &Rules, who: &Principal| {
            rules.admit(who, READ).map_or_else(|denial| denial.rule, |()| "open".into())
        };
        let shut = "is false by default; no tier and no list of tools opens a gate";
        assert_eq!(told(&rules(&[]), &local), format!("`gates.viewmodel` {shut}"));
        assert_eq!(told(&rules(&[(WpfGate::Viewmodel, true)]), &local), format!("`gates.sensitive_reads` {shut}"));
        let both = rules(&[(WpfGate::Viewmodel, true), (WpfGate::SensitiveReads, true)]);
        assert_eq!(told(&both, &local), "open");
        assert_eq!(told(&both, &lacking), "key:k holds no `sensitive_reads` scope");
        let word = rules(&[(WpfGate::Viewmodel, false)]);
        assert_eq!(told(&word, &local), "flag --x says `gates.viewmodel = false`");
        assert_eq!(both.widened_by(&both, &[READ]), []);
        let widened = rules(&[]).widened_by(&both, &[]);
        assert!(widened.iter().any(|one| one.to_string() == "everybody: the gate `viewmodel`"), "{widened:?}");
    }
}
