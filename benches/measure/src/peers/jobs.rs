//! What a job is: what each server is asked, in its own words, and how another eye sees whether it was done. The jobs
//! themselves stand in the files beside this one, by subject.

use super::ground::{Ground, Marks};
use super::server::{Answer, Contender, Who};
use super::{files, input, looks, machine};
use anyhow::{Result, ensure};
use portcullis_testkit::bench::Bar;
use portcullis_testkit::lab::Peer;
use serde_json::Value;

/// Rounds of most jobs.
pub(super) const ROUNDS: u32 = 11;
/// Rounds of those whose proof costs a while.
pub(super) const FEW: u32 = 5;

/// One server's turn. The number is no other turn's of the same job.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    pub(super) who: Who,
    pub(super) number: u32,
}

impl Turn {
    /// Every second turn.
    pub(super) fn is_even(self) -> bool {
        self.number.is_multiple_of(2)
    }
}

/// A call.
pub(super) struct Ask {
    pub(super) tool: &'static str,
    pub(super) arguments: Value,
}

/// The same call in the words of each; who has no tool for it has none.
pub(super) struct Words {
    pub(super) ours: Option<(&'static str, Value)>,
    pub(super) winremote: Option<(&'static str, Value)>,
    pub(super) windows_mcp: Option<(&'static str, Value)>,
}

impl Words {
    pub(super) fn of(self, who: Who) -> Option<Ask> {
        let words = match who {
            Who::Ours => self.ours,
            Who::Peer(Peer::Winremote) => self.winremote,
            Who::Peer(Peer::WindowsMcp) => self.windows_mcp,
        };
        words.map(|(tool, arguments)| Ask { tool, arguments })
    }
}

/// What a proof looks at.
pub(super) struct Scene<'a> {
    pub(super) ground: &'a Ground,
    pub(super) servers: &'a [Contender],
    pub(super) turn: Turn,
    pub(super) mark: Marks,
    pub(super) answer: &'a Answer,
}

impl Scene<'_> {
    /// Whether the answer holds all of these.
    pub(super) fn says(&self, parts: &[&str]) -> Result<()> {
        let text = self.answer.text.to_lowercase();
        for part in parts {
            ensure!(text.contains(&part.to_lowercase()), "`{part}` is not in the answer");
        }
        Ok(())
    }
}

/// One job.
pub(super) struct Job {
    pub(super) name: &'static str,
    pub(super) bar: Bar,
    pub(super) rounds: u32,
    /// Once, before the first turn.
    pub(super) begin: fn(&Ground, &[Contender]) -> Result<()>,
    /// Before each turn; not measured.
    pub(super) before: fn(&Ground, &[Contender], Turn) -> Result<()>,
    pub(super) ask: fn(&Ground, Turn) -> Option<Ask>,
    /// Whether ours must say that it was done, and not only have done it.
    pub(super) must_confirm: bool,
    /// An error says what is not so.
    pub(super) proof: fn(&Scene<'_>) -> Result<()>,
    /// Once, after the last turn.
    pub(super) end: fn(&Ground) -> Result<()>,
}

impl Job {
    /// A job with no further bar than the better peer, and nothing to be done around it.
    pub(super) fn new(
        name: &'static str,
        ask: fn(&Ground, Turn) -> Option<Ask>,
        proof: fn(&Scene<'_>) -> Result<()>,
    ) -> Self {
        Self {
            name,
            bar: Bar::BetterPeer,
            rounds: ROUNDS,
            begin: |_, _| Ok(()),
            before: |_, _, _| Ok(()),
            ask,
            must_confirm: false,
            proof,
            end: |_| Ok(()),
        }
    }

    pub(super) fn confirmed(mut self) -> Self {
        self.must_confirm = true;
        self
    }

    pub(super) fn most(mut self, limit: f64) -> Self {
        self.bar = Bar::Most(limit);
        self
    }

    pub(super) fn rounds(mut self, rounds: u32) -> Self {
        self.rounds = rounds;
        self
    }

    pub(super) fn begin(mut self, begin: fn(&Ground, &[Contender]) -> Result<()>) -> Self {
        self.begin = begin;
        self
    }

    pub(super) fn before(mut self, before: fn(&Ground, &[Contender], Turn) -> Result<()>) -> Self {
        self.before = before;
        self
    }

    pub(super) fn end(mut self, end: fn(&Ground) -> Result<()>) -> Self {
        self.end = end;
        self
    }
}

/// All, in the order of the table.
pub(super) fn all() -> Vec<Job> {
    [input::jobs(), looks::jobs(), files::jobs(), machine::jobs()].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fixed_bars_are_those_that_were_promised_and_no_job_has_two_names() {
        let jobs = all();
        let fixed: Vec<(&str, Bar)> =
            jobs.iter().filter(|job| job.bar != Bar::BetterPeer).map(|job| (job.name, job.bar)).collect();
        let promised = [
            ("Click", 10.0),
            ("Type 3 characters", 50.0),
            ("Scroll", 20.0),
            ("Move", 20.0),
            ("FileList, 200 files", 35.0),
            ("GetSystemInfo", 10.0),
        ];
        assert_eq!(fixed, promised.map(|(name, most)| (name, Bar::Most(most))));
        let mut names: Vec<&str> = jobs.iter().map(|job| job.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), jobs.len());
    }
}
