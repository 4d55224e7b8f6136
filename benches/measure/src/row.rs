//! How a result leaves this program: as one JSON line on standard output. What a line is and how it is judged stands in the
//! testkit.

pub(crate) use portcullis_testkit::bench::Row;

use portcullis_testkit::bench::Line;
use std::io::Write;

/// Writes one line.
pub(crate) fn print(line: &Line) -> anyhow::Result<()> {
    let text = serde_json::to_string(line)?;
    // When nobody reads, the exit code of the writer's reader says so.
    let _ = writeln!(std::io::stdout(), "{text}");
    Ok(())
}

/// The middle value; 0 of nothing.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
