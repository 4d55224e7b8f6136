//! The page: not written yet; only its facts and its entry are here.

use super::{audit, log, oracle};
use anyhow::Result;
use std::path::Path;
use std::time::Duration;

/// All that the page shows.
pub(super) struct Facts<'run> {
    pub(super) folder: &'run Path,
    pub(super) verdict: &'run oracle::Verdict,
    pub(super) wrong: Option<&'run str>,
    pub(super) story: &'run log::Story,
    pub(super) audit: &'run audit::Records,
    pub(super) client_took: Duration,
}

/// The page as HTML.
pub(super) fn write(facts: &Facts<'_>) -> Result<String> {
    let page = maud::html! { (maud::DOCTYPE) title { "Portcullis demo" } p { (facts.verdict.sentence()) } };
    Ok(page.into_string())
}
