//! How much a principal may ask for in a minute: calls by their weight, and bytes of answers. Pure: what was used is a value
//! and the clock is passed in. Who is made to wait, and what is recorded, is for the gate.

use crate::decision::{Denial, Rules, ToolRow};
use portcullis_model::{FaultCode, Origin, Principal, Valued};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Weighted calls a minute when nobody says.
pub const DEFAULT_CALLS: u32 = 300;
/// This part of a minute's calls may come at once: 60 of 300.
const BURST_PART: u32 = 5;
/// Principals whose use is remembered.
const PRINCIPAL_CAP: usize = 1_024;
const MINUTE: Duration = Duration::from_secs(60);

/// What the owner says of rates, with the place of each word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RateWords {
    /// Weighted calls a minute.
    pub calls: Option<Valued<u32>>,
    /// Bytes of answers a minute; without a word as many as there are.
    pub bytes: Option<Valued<u32>>,
}

/// What one principal may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    calls: Valued<u32>,
    bytes: Option<Valued<u32>>,
}

impl Budget {
    /// The stricter of what is said of all and of the principal alone.
    pub(crate) fn of(all: &RateWords, own: Option<&RateWords>) -> Self {
        let stricter = |one: Option<&Valued<u32>>, other: Option<&Valued<u32>>| {
            one.into_iter().chain(other).min_by_key(|said| said.value).cloned()
        };
        let default = Valued::new(DEFAULT_CALLS, Origin::Default);
        let calls = all.calls.clone().unwrap_or(default);
        let own_calls = own.and_then(|own| own.calls.as_ref());
        Self {
            calls: stricter(Some(&calls), own_calls).unwrap_or(calls),
            bytes: stricter(all.bytes.as_ref(), own.and_then(|own| own.bytes.as_ref())),
        }
    }

    /// Weighted calls a minute.
    pub fn calls(&self) -> u32 {
        self.calls.value
    }

    /// Bytes of answers a minute, when they are counted.
    pub fn bytes(&self) -> Option<u32> {
        self.bytes.as_ref().map(|said| said.value)
    }
}

/// What a call of the tool weighs: the most of what it is for, which is known before it is planned.
pub fn weight(tool: ToolRow<'_>) -> u32 {
    let own = tool.effects.iter().filter(|effect| effect.tier() == tool.tier);
    own.map(|effect| effect.weight()).max().unwrap_or(1)
}

/// What was used and is not yet given back, as the time that giving it back takes.
#[derive(Clone, Copy, Debug, Default)]
struct Used(Option<Instant>);

impl Used {
    fn left(self, now: Instant) -> Duration {
        self.0.map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
    }

    fn add(&mut self, cost: Duration, now: Instant) {
        self.0 = now.checked_add(self.left(now).saturating_add(cost));
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Usage {
    calls: Used,
    bytes: Used,
}

/// What every principal used of late.
#[derive(Debug, Default)]
pub struct Meter(HashMap<String, Usage>);

impl Meter {
    /// Counts one call of this weight, or refuses it uncounted. A call that weighs more than may come at once is let through
    /// when nothing else was used.
    pub fn take(&mut self, principal: &Principal, budget: &Budget, weight: u32, now: Instant) -> Result<(), Denial> {
        let usage = match self.usage(principal.name(), now) {
            Some(usage) => usage,
            None => {
                let rule = format!("the use of at most {PRINCIPAL_CAP} principals is counted at a time");
                return Err(refused("too many callers at once".to_owned(), rule, Duration::from_secs(1)));
            }
        };
        if let Some(bytes) = &budget.bytes
            && let Some(wait) = usage.bytes.left(now).checked_sub(MINUTE)
            && !wait.is_zero()
        {
            let message = format!("the answers of the last minute had more than {} bytes", bytes.value);
            return Err(refused(message, rule("rates.bytes", bytes), wait));
        }
        let calls = &budget.calls;
        let cost = MINUTE.saturating_mul(weight) / calls.value.max(1);
        let room = MINUTE.saturating_mul((calls.value / BURST_PART).max(1)) / calls.value.max(1);
        let wait = usage.calls.left(now).saturating_add(cost.min(room)).saturating_sub(room);
        if !wait.is_zero() {
            let message = format!("more than {} weighted calls a minute", calls.value);
            return Err(refused(message, rule("rates.calls", calls), wait));
        }
        usage.calls.add(cost, now);
        Ok(())
    }

    /// Counts an answer that was given. It may be more than is left: then the next call waits.
    pub fn answered(&mut self, principal: &Principal, budget: &Budget, bytes: u64, now: Instant) {
        let Some(rate) = budget.bytes() else { return };
        let nanos = u128::from(bytes).saturating_mul(MINUTE.as_nanos()) / u128::from(rate.max(1));
        let cost = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        if let Some(usage) = self.usage(principal.name(), now) {
            usage.bytes.add(cost, now);
        }
    }

    fn usage(&mut self, principal: &str, now: Instant) -> Option<&mut Usage> {
        if !self.0.contains_key(principal) {
            if self.0.len() >= PRINCIPAL_CAP {
                // Who has all of its budget again need not be remembered.
                self.0.retain(|_, usage| !usage.calls.left(now).is_zero() || !usage.bytes.left(now).is_zero());
            }
            if self.0.len() >= PRINCIPAL_CAP {
                return None;
            }
            self.0.insert(principal.to_owned(), Usage::default());
        }
        self.0.get_mut(principal)
    }
}

impl Rules {
    /// What this principal may use.
    pub fn budget(&self, principal: &Principal) -> Budget {
        Budget::of(self.rates(), self.own(principal).map(|own| &own.rates))
    }
}

fn rule(key: &str, said: &Valued<u32>) -> String {
    match &said.origin {
        Origin::Default => format!("`{key}` is {} when nobody says", said.value),
        origin => format!("{origin} says `{key} = {}`", said.value),
    }
}

fn refused(message: String, rule: String, wait: Duration) -> Denial {
    // Rounded up, or who waits as told comes too early.
    let millis = wait.as_nanos().div_ceil(1_000_000);
    let remedy = Some(format!("try again in {millis} ms, or ask for less at a time"));
    Denial { code: FaultCode::RateLimited, message, rule, remedy }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_model::Scope;
    use std::path::Path;

    fn at(value: u32, line: usize) -> Option<Valued<u32>> {
        Some(Valued::new(value, Origin::File { path: Path::new("p.toml").into(), line }))
    }

    fn words(calls: Option<Valued<u32>>, bytes: Option<Valued<u32>>) -> RateWords {
        RateWords { calls, bytes }
    }

    fn key(name: &str) -> Principal {
        Principal::key(name, [Scope::Observe])
    }

    /// How many calls of this weight come through at once.
    fn at_once(budget: &Budget, weight: u32) -> usize {
        let (mut meter, now) = (Meter::default(), Instant::now());
        (0..1_000).take_while(|_| meter.take(&key("one"), budget, weight, now).is_ok()).count()
    }

    #[test]
    fn a_burst_is_let_through_and_then_the_steady_rate() {
        let budget = Budget::of(&RateWords::default(), None);
        assert_eq!((at_once(&budget, 1), at_once(&budget, 3)), (60, 20));
        assert_eq!(at_once(&Budget::of(&words(at(1, 2), None), None), 3), 1, "a heavy call comes through once");
        let (mut meter, mut now) = (Meter::default(), Instant::now());
        while meter.take(&key("one"), &budget, 1, now).is_ok() {}
        let denial = meter.take(&key("one"), &budget, 1, now).unwrap_err();
        assert_eq!(denial.remedy.unwrap(), "try again in 200 ms, or ask for less at a time");
        assert_eq!(denial.rule, "`rates.calls` is 300 when nobody says");
        assert!(meter.take(&key("two"), &budget, 1, now).is_ok(), "each has its own");
        now += Duration::from_millis(200);
        assert!(meter.take(&key("one"), &budget, 1, now).is_ok());
        assert!(meter.take(&key("one"), &budget, 1, now).is_err());
        now += MINUTE;
        assert_eq!((0..100).take_while(|_| meter.take(&key("one"), &budget, 1, now).is_ok()).count(), 60);
    }

    /// What a tool looks at besides, or may come to mean at another tier, makes no call of it heavier.
    #[test]
    fn a_call_weighs_the_most_of_what_its_tool_is_for() {
        use portcullis_model::{Effect, Tier};
        for (tier, effects, weighs) in [
            (Tier::Observe, [Effect::ReadWindows, Effect::ReadPixels].as_slice(), 2),
            (Tier::Observe, &[Effect::ReadWindows, Effect::FetchHosts], 1),
            (Tier::Interact, &[Effect::SendInput, Effect::OperateCommandHost, Effect::ReadPixels], 1),
            (Tier::Alter, &[Effect::ReadWindows, Effect::WriteClipboard], 3),
            (Tier::Alter, &[Effect::ReadPixels], 1),
        ] {
            assert_eq!(weight(ToolRow { name: "x", tier, effects, gates: &[] }), weighs, "{tier} {effects:?}");
        }
    }

    #[test]
    fn the_stricter_word_counts() {
        let all = words(at(100, 2), at(1_000, 3));
        let own = words(at(10, 7), None);
        let budget = Budget::of(&all, Some(&own));
        assert_eq!((budget.calls(), budget.bytes()), (10, Some(1_000)));
        let budget = Budget::of(&all, Some(&words(at(500, 7), at(10, 8))));
        assert_eq!((budget.calls(), budget.bytes()), (100, Some(10)));
    }

    #[test]
    fn answers_that_were_too_much_are_waited_for() {
        let budget = Budget::of(&words(None, at(60_000, 3)), None);
        let (mut meter, mut now) = (Meter::default(), Instant::now());
        meter.answered(&key("one"), &budget, 60_000, now);
        assert!(meter.take(&key("one"), &budget, 1, now).is_ok(), "a minute's bytes are there at once");
        meter.answered(&key("one"), &budget, 30_000, now);
        let denial = meter.take(&key("one"), &budget, 1, now).unwrap_err();
        assert_eq!(denial.rule, "p.toml:3 says `rates.bytes = 60000`");
        assert_eq!(denial.remedy.unwrap(), "try again in 30000 ms, or ask for less at a time");
        now += Duration::from_secs(30);
        assert!(meter.take(&key("one"), &budget, 1, now).is_ok());
    }

    #[test]
    fn the_table_is_capped_and_who_used_nothing_of_late_is_forgotten() {
        let budget = Budget::of(&RateWords::default(), None);
        let (mut meter, now) = (Meter::default(), Instant::now());
        for number in 0..PRINCIPAL_CAP {
            assert!(meter.take(&key(&format!("k{number}")), &budget, 1, now).is_ok());
        }
        assert!(meter.take(&key("late"), &budget, 1, now).is_err());
        assert!(meter.take(&key("k1"), &budget, 1, now).is_ok(), "who is counted already goes on");
        assert!(meter.take(&key("late"), &budget, 1, now + MINUTE).is_ok());
        assert_eq!(meter.0.len(), 1);
    }
}
