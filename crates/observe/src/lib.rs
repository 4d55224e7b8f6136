//! Turns trees of controls into what an agent reads: references, folded text, diffs and search. Everything here is a
//! pure function of its arguments; no port, no clock and no policy lives here.

mod cells;
mod diff;
mod document;
mod fold;
mod labels;
mod line_text;
mod refs;
mod render;
mod scene;
mod select;
#[cfg(test)]
mod tests;

pub use diff::{Change, Diff, DiffView, Fact, diff};
pub use document::document_of;
pub use fold::{CHOICES_SHOWN, LEVEL_CAP, ROWS_SHOWN, fold};
pub use line_text::{NAME_LIMIT, VALUE_LIMIT};
pub use refs::{CANDIDATE_CAP, Label, Lookup, REF_CAP, RefTable};
pub use render::{Budget, Style, TOKEN_BYTES, WindowHeader, render_window, summary};
pub use scene::{Counts, Hidden, Line, Scene};
pub use select::{Selector, find};
