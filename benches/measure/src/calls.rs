//! What a trivial call costs at the server beside the same call at the floor: the two take turns, so that whatever else
//! the machine does falls on both.

use crate::http::Http;
use crate::row::{Row, median};
use crate::server::{Which, cpu_micros, resident_mb};
use crate::stdio::Stdio;
use crate::wire::Era;
use anyhow::Result;
use std::time::Duration;

/// Turns of each server.
const ROUNDS: usize = 7;
/// Calls of one turn with one in flight; a multiple of both widths below, as is the other.
const CALLS_ALONE: usize = 1_024;
/// Calls of one turn with several in flight: enough that a tick of the processor clock is nothing.
const CALLS_WIDE: usize = 4_096;
/// Calls before the clock starts.
const WARM_UP: usize = 512;
const WIDTHS: [usize; 2] = [8, 64];
/// Starts of each server.
const STARTS: usize = 15;
/// What the memory of a server that has just answered is given to settle.
const SETTLE: Duration = Duration::from_millis(500);

/// The bars of design section 10.
const ALONE_RATIO: f64 = 1.25;
const ALONE_EXTRA_US: f64 = 20.0;
const WIDE_EXTRA_US: f64 = 15.0;
const START_EXTRA_MS: f64 = 5.0;
const IDLE_MB: f64 = 15.0;

enum Client {
    Stdio(Stdio),
    Http(Http),
}

impl Client {
    fn open(transport: &str, which: Which, era: Era) -> Result<Self> {
        Ok(match transport {
            "http" => Self::Http(Http::open(which, era)?.0),
            _ => Self::Stdio(Stdio::open(which, era)?.0),
        })
    }

    fn load(&mut self, count: usize, width: usize) -> Result<Vec<f64>> {
        match self {
            Self::Stdio(client) => client.load(count, width),
            Self::Http(client) => client.load(count, width),
        }
    }

    fn pid(&self) -> u32 {
        match self {
            Self::Stdio(client) => client.server.pid(),
            Self::Http(client) => client.server.pid(),
        }
    }
}

/// What one server's turns came to.
#[derive(Default)]
struct Turns {
    p50: Vec<f64>,
    cpu: f64,
    client_cpu: f64,
    calls: f64,
}

fn turns(clients: &mut [Client; 2], calls: usize, width: usize) -> Result<[Turns; 2]> {
    let mut turns = [Turns::default(), Turns::default()];
    for client in clients.iter_mut() {
        client.load(WARM_UP, width)?;
    }
    for _ in 0..ROUNDS {
        for (client, turn) in clients.iter_mut().zip(turns.iter_mut()) {
            let (server, own) = (cpu_micros(client.pid())?, cpu_micros(std::process::id())?);
            let mut took = client.load(calls, width)?;
            turn.cpu += cpu_micros(client.pid())? - server;
            turn.client_cpu += cpu_micros(std::process::id())? - own;
            turn.calls += f64::from(u32::try_from(took.len())?);
            turn.p50.push(median(&mut took));
        }
    }
    Ok(turns)
}

/// The rows of one transport and era.
pub(crate) fn rows(transport: &str, era: Era) -> Result<Vec<Row>> {
    let mut clients = [Client::open(transport, Which::Ours, era)?, Client::open(transport, Which::Floor, era)?];
    let [mut ours, mut floor] = turns(&mut clients, CALLS_ALONE, 1)?;
    let (own, base) = (median(&mut ours.p50), median(&mut floor.p50));
    let place = format!("{transport} {}", era.word());
    let mut rows = vec![Row {
        name: format!("call, {place}, 1 in flight, p50"),
        unit: "us".into(),
        ours: own,
        baseline: Some(base),
        limit: (base * ALONE_RATIO).max(base + ALONE_EXTRA_US),
        bar: "1.25 x or + 20 us".into(),
        note: format!("server CPU {:.1} / {:.1} us a call", ours.cpu / ours.calls, floor.cpu / floor.calls),
    }];
    for width in WIDTHS {
        let [mut ours, mut floor] = turns(&mut clients, CALLS_WIDE, width)?;
        let base = floor.cpu / floor.calls;
        rows.push(Row {
            name: format!("call, {place}, {width} in flight, CPU"),
            unit: "us".into(),
            ours: ours.cpu / ours.calls,
            baseline: Some(base),
            limit: base + WIDE_EXTRA_US,
            bar: "+ 15 us".into(),
            note: format!(
                "p50 {:.0} / {:.0} us; client CPU {:.1} / {:.1} us",
                median(&mut ours.p50),
                median(&mut floor.p50),
                ours.client_cpu / ours.calls,
                floor.client_cpu / floor.calls
            ),
        });
    }
    Ok(rows)
}

/// From the start of a server to its first answer.
pub(crate) fn start(transport: &str) -> Result<Row> {
    let mut times: [Vec<f64>; 2] = Default::default();
    for _ in 0..STARTS {
        for (which, times) in Which::BOTH.into_iter().zip(times.iter_mut()) {
            let first = match transport {
                "http" => Http::open(which, Era::Legacy)?.1,
                _ => Stdio::open(which, Era::Legacy)?.1,
            };
            times.push(first.as_secs_f64() * 1e3);
        }
    }
    let [mut ours, mut floor] = times;
    let base = median(&mut floor);
    Ok(Row {
        name: format!("start to first answer, {transport}"),
        unit: "ms".into(),
        ours: median(&mut ours),
        baseline: Some(base),
        limit: base + START_EXTRA_MS,
        bar: "+ 5 ms".into(),
        note: String::new(),
    })
}

/// Memory of a server that has listed its tools and rests.
pub(crate) fn idle_memory() -> Result<Row> {
    let mut measured = [0.0; 2];
    for (which, mb) in Which::BOTH.into_iter().zip(measured.iter_mut()) {
        let (mut client, _) = Stdio::open(which, Era::Legacy)?;
        client.list()?;
        std::thread::sleep(SETTLE);
        *mb = resident_mb(client.server.pid())?;
    }
    let [ours, floor] = measured;
    let mut row = Row::fixed("idle memory, Linux", "MB", ours, IDLE_MB, "15 MB");
    row.baseline = Some(floor);
    Ok(row)
}
