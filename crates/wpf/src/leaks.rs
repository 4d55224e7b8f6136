//! Bindings that leak: those that the type descriptor of a plain property keeps alive, though nothing else does.

use crate::ask::{AppText, Asker, TypeNames};
use portcullis_model::Fault;
use portcullis_wpf_protocol::{Capabilities, Check, DiagParams, DiagResult, WalkParams};
use schemars::JsonSchema;
use serde::Serialize;

/// Rows of an answer.
const ROWS: u32 = 200;

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Suspect {
    #[serde(skip_serializing_if = "Option::is_none")]
    source_type: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    property_name: Option<AppText>,
    tracked: u32,
    dead: u32,
    reason: &'static str,
}

/// Bindings that leak.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Leaks {
    total_tracked: u32,
    alive_bindings: u32,
    dead_bindings: u32,
    has_leaks: bool,
    potential_leaks: u32,
    suspects: Vec<Suspect>,
    confidence: &'static str,
    collected_memory: bool,
    truncated: bool,
    guidance: &'static str,
}

fn judge(found: &DiagResult, threshold: u32, collected: bool) -> Leaks {
    let types = TypeNames::of(&found.types);
    let sum = |of: fn(&portcullis_wpf_protocol::DiagRow) -> u32| found.rows.iter().map(of).fold(0, u32::saturating_add);
    let (tracked, dead) = (sum(|row| row.count), sum(|row| row.dead));
    let suspects: Vec<Suspect> = found
        .rows
        .iter()
        .filter(|row| row.dead > 0 || row.count >= threshold)
        .map(|row| Suspect {
            source_type: types.some(row.ty),
            property_name: AppText::some(row.name.as_ref()),
            tracked: row.count,
            dead: row.dead,
            reason: if row.dead > 0 {
                "they are in no window any more, and the property keeps them: it tells of no changes"
            } else {
                "there are as many as the threshold"
            },
        })
        .collect();
    Leaks {
        total_tracked: tracked,
        alive_bindings: found.alive,
        dead_bindings: dead,
        has_leaks: dead > 0,
        potential_leaks: u32::try_from(suspects.len()).unwrap_or(u32::MAX),
        suspects,
        // Without a collection what is dead may just not have been cleared away.
        confidence: if collected { "high" } else { "medium" },
        collected_memory: collected,
        truncated: found.cut > 0 || found.cut_visits,
        guidance: "implement INotifyPropertyChanged, or bind with Mode=OneTime",
    }
}

/// Looks for bindings that leak. Memory is collected first where the call may.
pub fn leaks(asker: &Asker<'_>, threshold: u32) -> Result<Leaks, Fault> {
    let collect = asker.holds(Capabilities::DESTRUCTIVE);
    let visit = WalkParams::VISIT_CAP;
    let found = asker.call(&DiagParams { checks: vec![Check::BindingLeaks], collect, visit, max: ROWS })?;
    Ok(judge(&found, threshold, collect))
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_wpf_protocol::DiagRow;

    #[test]
    fn what_nothing_else_keeps_alive_leaks() {
        let row = |count, dead| DiagRow {
            check: Check::BindingLeaks,
            handle: None,
            ty: None,
            name: None,
            count,
            dead,
            value: None,
        };
        for (rows, leaks, suspects) in [
            (vec![], false, 0),
            (vec![row(5, 0)], false, 0),
            (vec![row(100, 0)], false, 1),
            (vec![row(5, 1), row(3, 0)], true, 1),
        ] {
            let found = DiagResult {
                rows,
                cut: 0,
                alive: 1,
                visited: 1,
                cut_visits: false,
                unsupported: Vec::new(),
                types: Vec::new(),
            };
            let told = judge(&found, 100, true);
            assert_eq!((told.has_leaks, told.potential_leaks), (leaks, suspects), "{found:?}");
        }
    }
}
