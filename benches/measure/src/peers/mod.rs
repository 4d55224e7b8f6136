//! Ours beside two Python servers: the same jobs in turns on one desktop of the lab, each with another eye on whether it was
//! done. What the jobs are stands in `jobs`, and how a server is started and asked in `server`; here they are counted.

mod files;
mod ground;
mod input;
mod jobs;
mod looks;
mod machine;
mod server;

use crate::lab::{milliseconds, stay_on_one_core};
use crate::{Tell, server::resident_mb};
use anyhow::{Context, Result};
use ground::Ground;
use jobs::{Job, Turn};
use portcullis_testkit::bench::{Bar, Comparison, Line, Outcome, Spread};
use portcullis_testkit::lab::{Lab, Peer};
use server::{Answer, Contender, Who};
use std::time::Instant;

/// Starts of each server that are counted.
const STARTS: u32 = 3;
/// How an action of ours says that it has evidence.
const CONFIRMED: &str = "confirmed";
/// Failures in a row after which a server is not asked for the same job again.
const GIVE_UP: u32 = 2;
/// Design section 10: ours beside the better peer.
const START_PART: f64 = 20.0;
const MEMORY_PART: f64 = 2.0;

/// All jobs, a line each.
pub(crate) fn compare(tell: Tell<'_>) -> Result<()> {
    let _core = stay_on_one_core()?;
    let ground = Ground::new()?;
    let peers = Lab::ready()?.peers()?;
    Peer::ALL.iter().try_for_each(|peer| peers.compile(ground.desktop.run(), *peer))?;
    starts(&ground)?.into_iter().try_for_each(&mut *tell)?;
    let servers: Vec<Contender> =
        Who::ALL.into_iter().map(|who| Contender::start(&ground, who)).collect::<Result<_>>()?;
    for job in jobs::all() {
        tell(done(&ground, &servers, &job).with_context(|| job.name.to_owned())?)?;
    }
    Ok(())
}

/// From the start of each server to its first answer, in turns, and its memory once it has listed its tools.
fn starts(ground: &Ground) -> Result<Vec<Line>> {
    let mut times = Who::ALL.map(|_| Vec::new());
    let mut memory = Who::ALL.map(|_| Vec::new());
    // The first of each finds nothing in any cache.
    for round in 0..=STARTS {
        for ((who, times), memory) in Who::ALL.into_iter().zip(&mut times).zip(&mut memory) {
            let began = Instant::now();
            let server = Contender::start(ground, who)?;
            let took = milliseconds(began);
            server.list_tools()?;
            let resident = resident_mb(server.process()?)?;
            if round > 0 {
                times.push(took);
                memory.push(resident);
            }
        }
    }
    let line = |job: &str, unit: &'static str, part: f64, numbers: [Vec<f64>; 3]| -> Result<Line> {
        let [ours, first, second] = numbers.map(|numbers| Spread::of(numbers).map(Outcome::Done));
        Ok(Line::Comparison(Comparison {
            job: job.to_owned(),
            unit: unit.into(),
            ours: ours.context("no start")?,
            peers: named([first.context("no start")?, second.context("no start")?]),
            bar: Bar::PartOfBetterPeer(part),
        }))
    };
    Ok(vec![line("start to first answer", "ms", START_PART, times)?, line("memory, idle", "MB", MEMORY_PART, memory)?])
}

fn named(outcomes: [Outcome; 2]) -> Vec<(std::borrow::Cow<'static, str>, Outcome)> {
    Peer::ALL.iter().map(|peer| peer.name().into()).zip(outcomes).collect()
}

/// What came of one call.
enum Try {
    Done(f64),
    Hollow(f64, String),
    Failed(String),
}

/// One job, by each server in turns.
fn done(ground: &Ground, servers: &[Contender], job: &Job) -> Result<Line> {
    ground.ready(servers)?;
    (job.begin)(ground, servers)?;
    let mut tries: Vec<Vec<Try>> = servers.iter().map(|_| Vec::new()).collect();
    let mut failed_in_a_row: Vec<u32> = servers.iter().map(|_| 0).collect();
    let mut number = 0;
    for round in 0..=job.rounds {
        // Who is first changes, since what one leaves another finds.
        let first = usize::try_from(round)? % servers.len();
        let order = (0..servers.len()).map(|place| (first + place) % servers.len());
        for at in order {
            let (Some(server), Some(tries), Some(failed)) =
                (servers.get(at), tries.get_mut(at), failed_in_a_row.get_mut(at))
            else {
                continue;
            };
            // Who cannot do it takes its whole time limit to say so.
            if *failed >= GIVE_UP {
                continue;
            }
            number += 1;
            let turn = Turn { who: server.who, number };
            let Some(asked) = (job.ask)(ground, turn) else { continue };
            (job.before)(ground, servers, turn)?;
            let seen = once(ground, servers, job, turn, server, asked)?;
            *failed = if matches!(seen, Try::Failed(_)) { *failed + 1 } else { 0 };
            // The first of each finds nothing in any cache.
            if round > 0 {
                tries.push(seen);
            }
        }
    }
    (job.end)(ground)?;
    let mut outcomes = servers.iter().zip(tries).map(|(server, tries)| outcome(tries, server.who));
    let mut next = || outcomes.next().context("a server is missing");
    let (ours, peers) = (next()?, [next()?, next()?]);
    Ok(Line::Comparison(Comparison {
        job: job.name.to_owned(),
        unit: "ms".into(),
        ours,
        peers: named(peers),
        bar: job.bar,
    }))
}

fn once(
    ground: &Ground,
    servers: &[Contender],
    job: &Job,
    turn: Turn,
    server: &Contender,
    asked: jobs::Ask,
) -> Result<Try> {
    let mark = ground.mark()?;
    let began = Instant::now();
    let answer = server.call(asked.tool, asked.arguments);
    let took = milliseconds(began);
    Ok(match answer {
        Err(error) => Try::Failed(format!("{error:#}")),
        Ok(Answer { is_error: true, text, .. }) => Try::Failed(text),
        Ok(answer) if job.must_confirm && turn.who == Who::Ours && !answer.text.starts_with(CONFIRMED) => {
            Try::Failed(format!("it is not sure: {}", answer.text))
        }
        Ok(answer) => {
            let scene = jobs::Scene { ground, servers, turn, mark, answer: &answer };
            match (job.proof)(&scene) {
                Ok(()) => Try::Done(took),
                Err(why) => Try::Hollow(took, format!("{why:#}; it said: {}", answer.text)),
            }
        }
    })
}

/// Of ours every call counts; of a peer what most came to, so that one that another process disturbed does not decide.
fn outcome(tries: Vec<Try>, who: Who) -> Outcome {
    let (all, mut done, mut hollow, mut failed) = (tries.len(), Vec::new(), Vec::new(), Vec::new());
    for one in tries {
        match one {
            Try::Done(took) => done.push(took),
            Try::Hollow(took, why) => hollow.push((took, why)),
            Try::Failed(why) => failed.push(why),
        }
    }
    let enough = if who == Who::Ours { all } else { all / 2 + 1 };
    if all > 0
        && done.len() >= enough
        && let Some(spread) = Spread::of(done)
    {
        return Outcome::Done(spread);
    }
    let worst = hollow.len() >= failed.len() || who == Who::Ours;
    match (hollow.first().cloned(), failed.into_iter().next()) {
        (Some((_, why)), _) if worst => match Spread::of(hollow.into_iter().map(|(took, _)| took).collect()) {
            Some(took) => Outcome::Hollow { took, why },
            None => Outcome::Absent,
        },
        (_, Some(why)) => Outcome::Failed { why },
        _ => Outcome::Absent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_call_of_ours_decides_and_of_a_peer_most_do() {
        let tries = |done: usize, hollow: usize, failed: usize| {
            let mut all: Vec<Try> = (0..done).map(|_| Try::Done(1.0)).collect();
            all.extend((0..hollow).map(|_| Try::Hollow(2.0, "nothing".to_owned())));
            all.extend((0..failed).map(|_| Try::Failed("no".to_owned())));
            all
        };
        let spread = |took: f64| Spread { p50: took, p95: took };
        let (good, hollow) =
            (Outcome::Done(spread(1.0)), Outcome::Hollow { took: spread(2.0), why: "nothing".to_owned() });
        let failed = Outcome::Failed { why: "no".to_owned() };
        let peer = Who::Peer(Peer::Winremote);
        for (who, counts, expected) in [
            (Who::Ours, (3, 0, 0), &good),
            (Who::Ours, (3, 1, 0), &hollow),
            (Who::Ours, (3, 0, 1), &failed),
            // A claim that was not so is worse than a refusal.
            (Who::Ours, (3, 1, 2), &hollow),
            (peer, (3, 1, 0), &good),
            (peer, (1, 2, 0), &hollow),
            (peer, (1, 0, 2), &failed),
            (peer, (2, 1, 1), &hollow),
            (peer, (0, 0, 0), &Outcome::Absent),
        ] {
            assert_eq!(&outcome(tries(counts.0, counts.1, counts.2), who), expected, "{who:?} {counts:?}");
        }
    }
}
