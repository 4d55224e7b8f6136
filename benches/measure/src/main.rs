//! Every measurement behind `cargo xtask bench`, in one program built for speed: it starts the servers, loads them, and
//! prints one JSON line for each row. Bars stand beside what they measure; the table is made by `xtask`.

mod calls;
mod http;
mod lab;
mod parts;
mod row;
mod server;
mod stdio;
mod wire;

use anyhow::{Result, bail};
use row::Row;
use wire::Era;

type Measure = fn() -> Result<Vec<Row>>;

/// Every benchmark, in the order of the table.
const ALL: &[(&str, Measure)] = &[
    ("stdio", || calls::rows("stdio", Era::Legacy)),
    ("stdio-modern", || calls::rows("stdio", Era::Modern)),
    ("http", || calls::rows("http", Era::Legacy)),
    ("http-modern", || calls::rows("http", Era::Modern)),
    ("start", || Ok(vec![calls::start("stdio")?, calls::start("http")?])),
    ("memory", || Ok(vec![calls::idle_memory()?])),
    ("observe", || Ok(vec![parts::tree_to_text()])),
    ("audit", parts::audit),
    ("lab", lab::rows),
];

fn main() -> Result<()> {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    for name in &wanted {
        if !ALL.iter().any(|(known, _)| known == name) {
            let known: Vec<&str> = ALL.iter().map(|(known, _)| *known).collect();
            bail!("there is no benchmark `{name}`; there are {}", known.join(", "));
        }
    }
    for (name, measure) in ALL {
        if wanted.is_empty() || wanted.iter().any(|one| one == name) {
            for row in measure()? {
                row.print();
            }
        }
    }
    Ok(())
}
