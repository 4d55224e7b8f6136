//! What a benchmark found, as one JSON line from the measuring program to whoever shows and judges it: a number beside its
//! bar, or one job done by several servers. Whether a bar is kept is decided here and nowhere else. Nothing here measures.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::cmp::Ordering;

/// Text that is written here and may be read from a file.
type Text = Cow<'static, str>;

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Line {
    /// A number of our own.
    Row(Row),
    /// The same job, done by ours and by the peers.
    Comparison(Comparison),
}

impl Line {
    /// Whether its bar is passed.
    pub fn is_past(&self) -> bool {
        match self {
            Line::Row(row) => row.is_past(),
            Line::Comparison(comparison) => comparison.verdict().is_past(),
        }
    }
}

/// A number, what it is compared with, and the most that it may be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// What was measured.
    pub name: String,
    /// Such as `ms`.
    pub unit: Text,
    /// The number.
    pub ours: f64,
    /// What stands beside it.
    pub baseline: Option<f64>,
    /// The most that it may be.
    pub limit: f64,
    /// The bar in words.
    pub bar: Text,
    /// What else was seen.
    pub note: String,
}

impl Row {
    /// A number that must stay under a fixed one.
    pub fn fixed(name: &str, unit: &'static str, ours: f64, limit: f64, bar: &'static str) -> Row {
        Row {
            name: name.to_owned(),
            unit: unit.into(),
            ours,
            baseline: None,
            limit,
            bar: bar.into(),
            note: String::new(),
        }
    }

    /// The same with what else was seen.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Row {
        self.note = note.into();
        self
    }

    /// Whether the number is more than it may be. What is no number is.
    pub fn is_past(&self) -> bool {
        self.ours.partial_cmp(&self.limit).is_none_or(Ordering::is_gt)
    }
}

/// What several runs of one job took.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Half took no longer.
    pub p50: f64,
    /// Nineteen of twenty took no longer.
    pub p95: f64,
}

impl Spread {
    /// Of these numbers, by nearest rank; none of none.
    pub fn of(mut numbers: Vec<f64>) -> Option<Spread> {
        numbers.sort_by(f64::total_cmp);
        let rank = |percent: usize| numbers.get((numbers.len() * percent).div_ceil(100).checked_sub(1)?).copied();
        Some(Spread { p50: rank(50)?, p95: rank(95)? })
    }
}

/// What a server made of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "came_to", rename_all = "snake_case")]
pub enum Outcome {
    /// It was done, as another eye saw.
    Done(Spread),
    /// The server said that it was done, and it was not.
    Hollow {
        /// What saying so took.
        took: Spread,
        /// What was not there.
        why: String,
    },
    /// The server said that it was not.
    Failed {
        /// Its words.
        why: String,
    },
    /// It has no tool for it.
    Absent,
}

impl Outcome {
    fn done(&self) -> Option<Spread> {
        match self {
            Outcome::Done(spread) => Some(*spread),
            _ => None,
        }
    }
}

/// The most that a job may take.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bar {
    /// This much.
    Most(f64),
    /// As much as the better of the peers that did it; what none did has no bar.
    BetterPeer,
    /// One so-manieth of that.
    PartOfBetterPeer(f64),
}

/// One job, done by ours and by peers, in turns on one desktop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// The job.
    pub job: String,
    /// Such as `ms`.
    pub unit: Text,
    /// What ours made of it.
    pub ours: Outcome,
    /// The peers by name.
    pub peers: Vec<(Text, Outcome)>,
    /// The most that ours may be.
    pub bar: Bar,
}

/// How a job came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Within its bar.
    Ok,
    /// Done, and no peer did it to compare with.
    Alone,
    /// The system below has nothing of it: neither ours nor a peer did it, and ours said so.
    Nobody,
    /// Done, and past its bar.
    Past,
    /// Not done by ours although a peer did it, or although there is a fixed bar.
    Failed,
    /// Ours claimed what was not so.
    Hollow,
}

impl Verdict {
    /// Whether it fails a check.
    pub fn is_past(self) -> bool {
        matches!(self, Verdict::Past | Verdict::Failed | Verdict::Hollow)
    }

    /// One word for a table.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Alone => "alone",
            Verdict::Nobody => "nobody",
            Verdict::Past => "PAST",
            Verdict::Failed => "FAILED",
            Verdict::Hollow => "HOLLOW",
        }
    }
}

impl Comparison {
    /// What the better of the peers that did the job took.
    pub fn better_peer(&self) -> Option<f64> {
        self.peers.iter().filter_map(|(_, outcome)| outcome.done()).map(|spread| spread.p50).min_by(f64::total_cmp)
    }

    /// The most that ours may take.
    pub fn limit(&self) -> Option<f64> {
        match self.bar {
            Bar::Most(limit) => Some(limit),
            Bar::BetterPeer => self.better_peer(),
            Bar::PartOfBetterPeer(part) => self.better_peer().map(|better| better / part),
        }
    }

    /// How it came out.
    pub fn verdict(&self) -> Verdict {
        match (&self.ours, self.limit()) {
            (Outcome::Hollow { .. }, _) => Verdict::Hollow,
            (Outcome::Failed { .. } | Outcome::Absent, Some(_)) => Verdict::Failed,
            (Outcome::Failed { .. } | Outcome::Absent, None) => Verdict::Nobody,
            (Outcome::Done(_), None) => Verdict::Alone,
            (Outcome::Done(spread), Some(limit)) if spread.p50 <= limit => Verdict::Ok,
            (Outcome::Done(_), Some(_)) => Verdict::Past,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(p50: f64) -> Outcome {
        Outcome::Done(Spread { p50, p95: p50 * 2.0 })
    }

    fn hollow(p50: f64) -> Outcome {
        Outcome::Hollow { took: Spread { p50, p95: p50 }, why: "no file".to_owned() }
    }

    fn failed() -> Outcome {
        Outcome::Failed { why: "unsupported".to_owned() }
    }

    fn of(ours: Outcome, peers: [Outcome; 2], bar: Bar) -> Comparison {
        let peers = ["one", "two"].map(Text::from).into_iter().zip(peers).collect();
        Comparison { job: "Click".to_owned(), unit: "ms".into(), ours, peers, bar }
    }

    #[test]
    fn each_outcome_is_judged_by_its_bar_and_by_peers_that_did_the_job() {
        let rows = [
            (done(10.0), [done(52.0), done(554.0)], Bar::Most(10.0), Verdict::Ok),
            (done(10.1), [done(52.0), done(554.0)], Bar::Most(10.0), Verdict::Past),
            (failed(), [Outcome::Absent, Outcome::Absent], Bar::Most(10.0), Verdict::Failed),
            (done(5.0), [done(5.0), done(9.0)], Bar::BetterPeer, Verdict::Ok),
            (done(6.0), [done(5.0), done(9.0)], Bar::BetterPeer, Verdict::Past),
            // A peer that only says so is no bar, however quick it is.
            (done(6.0), [hollow(1.0), done(9.0)], Bar::BetterPeer, Verdict::Ok),
            (done(600.0), [hollow(1.0), failed()], Bar::BetterPeer, Verdict::Alone),
            (failed(), [hollow(1.0), Outcome::Absent], Bar::BetterPeer, Verdict::Nobody),
            (failed(), [done(1.0), Outcome::Absent], Bar::BetterPeer, Verdict::Failed),
            (hollow(1.0), [Outcome::Absent, Outcome::Absent], Bar::BetterPeer, Verdict::Hollow),
            (hollow(1.0), [done(5.0), done(5.0)], Bar::Most(10.0), Verdict::Hollow),
            (done(240.0), [done(4_900.0), done(6_000.0)], Bar::PartOfBetterPeer(20.0), Verdict::Ok),
            (done(250.0), [done(4_900.0), done(6_000.0)], Bar::PartOfBetterPeer(20.0), Verdict::Past),
        ];
        for (ours, peers, bar, verdict) in rows {
            let comparison = of(ours, peers, bar);
            assert_eq!(comparison.verdict(), verdict, "{comparison:?}");
            let failing = [Verdict::Past, Verdict::Failed, Verdict::Hollow].contains(&verdict);
            assert_eq!(Line::Comparison(comparison).is_past(), failing);
        }
    }

    #[test]
    fn a_number_is_past_its_bar_when_it_is_more_or_none() {
        let past = |ours: f64| Line::Row(Row::fixed("x", "ms", ours, 10.0, "10 ms")).is_past();
        assert_eq!([9.9, 10.0, 10.1, f64::NAN].map(past), [false, false, true, true]);
    }

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let lines = [
            Line::Row(Row::fixed("x", "ms", 1.0, 10.0, "10 ms").note("seen")),
            Line::Comparison(of(done(1.0), [hollow(2.0), Outcome::Absent], Bar::PartOfBetterPeer(2.0))),
            Line::Comparison(of(failed(), [failed(), done(2.0)], Bar::BetterPeer)),
        ];
        for line in lines {
            let text = serde_json::to_string(&line).unwrap();
            assert_eq!(serde_json::from_str::<Line>(&text).unwrap(), line, "{text}");
        }
    }

    #[test]
    fn ranks_are_those_of_numbers_that_were_there() {
        let spread = |count: u32| Spread::of((1..=count).rev().map(f64::from).collect());
        assert_eq!(spread(0), None);
        assert_eq!(spread(1), Some(Spread { p50: 1.0, p95: 1.0 }));
        assert_eq!(spread(20), Some(Spread { p50: 10.0, p95: 19.0 }));
        assert_eq!(spread(100), Some(Spread { p50: 50.0, p95: 95.0 }));
    }
}
