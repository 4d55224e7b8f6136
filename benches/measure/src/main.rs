//! Every measurement behind `cargo xtask bench`, in one program built for speed: it starts the servers, loads them, and
//! prints one JSON line for each row. Bars stand beside what they measure; the table is made by `xtask`.

mod calls;
mod http;
mod lab;
mod parts;
mod peers;
mod row;
mod server;
mod stdio;
mod wire;
mod wpf;

use anyhow::{Result, bail};
use portcullis_testkit::bench::Line;
use row::Row;
use wire::Era;

/// Says each line as soon as it is known.
type Tell<'a> = &'a mut dyn FnMut(Line) -> Result<()>;
type Measure = fn(Tell<'_>) -> Result<()>;

/// Every benchmark, in the order of the table.
const ALL: &[(&str, Measure)] = &[
    ("stdio", |tell| told(calls::rows("stdio", Era::Legacy)?, tell)),
    ("stdio-modern", |tell| told(calls::rows("stdio", Era::Modern)?, tell)),
    ("http", |tell| told(calls::rows("http", Era::Legacy)?, tell)),
    ("http-modern", |tell| told(calls::rows("http", Era::Modern)?, tell)),
    ("start", |tell| told(vec![calls::start("stdio")?, calls::start("http")?], tell)),
    ("memory", |tell| told(vec![calls::idle_memory()?], tell)),
    ("observe", |tell| told(vec![parts::tree_to_text()], tell)),
    ("audit", |tell| told(parts::audit()?, tell)),
    ("lab", |tell| told(lab::rows()?, tell)),
    ("wpf", |tell| told(wpf::rows()?, tell)),
];
/// Those that are made only when they are asked for: what they need is not there by itself.
const ON_REQUEST: &[(&str, Measure)] = &[("peers", peers::compare)];

fn told(rows: Vec<Row>, tell: Tell<'_>) -> Result<()> {
    rows.into_iter().map(Line::Row).try_for_each(tell)
}

fn main() -> Result<()> {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let known = || ALL.iter().chain(ON_REQUEST);
    for name in &wanted {
        if !known().any(|(known, _)| known == name) {
            let known: Vec<&str> = known().map(|(known, _)| *known).collect();
            bail!("there is no benchmark `{name}`; there are {}", known.join(", "));
        }
    }
    let asked = |name: &str| wanted.iter().any(|one| one == name);
    let unasked = ALL.iter().filter(|(name, _)| wanted.is_empty() || asked(name));
    for (_, measure) in unasked.chain(ON_REQUEST.iter().filter(|(name, _)| asked(name))) {
        measure(&mut |line| row::print(&line))?;
    }
    Ok(())
}
