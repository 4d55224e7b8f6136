//! The lab: a Windows desktop on a Linux machine, made of a Debian chroot with Wine 10 and a virtual display.
//! This is the library half, which tests use directly; `cargo xtask lab` is a thin command line over it.
//! Nothing here knows the server's protocol, and nothing here downloads outside `Lab::up`.

mod build;
mod cache;
mod clients;
mod command;
mod doctor;
mod enter;
mod host;
mod progress;
mod remove;
mod rootfs;
mod run;
mod rust_src;
mod screen;
mod template;

pub use build::{Profile, WindowsBuild, built_exe, workspace_top};
pub use cache::Cache;
pub use command::{Finished, finish_within, kill_group, run_within, tethered};
pub use doctor::{Check, Row, checks};
pub use progress::{Progress, Quiet, timed};
pub use run::{Run, RunState, StdioPlan};
pub use screen::{Pixels, Screen, XWindow};

use anyhow::{Context, Result, bail};
use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

/// How long one `lab up` waits for another that is already at work.
const UP_LOCK_LIMIT: Duration = Duration::from_secs(900);

/// A lab whose parts are all there. Runs are started from it.
#[derive(Debug, Clone)]
pub struct Lab {
    cache: Cache,
    wine: rootfs::Wine,
}

impl Lab {
    /// The lab of this user's cache folder, or an error that says how to make it. Changes nothing.
    pub fn ready() -> Result<Lab> {
        Lab::ready_in(Cache::of_user()?)
    }

    /// As `ready`, in a cache folder of the caller's choice.
    pub fn ready_in(cache: Cache) -> Result<Lab> {
        const REMEDY: &str = "run `cargo xtask lab up`";
        host::require_root("enter the lab")?;
        host::require_tools().context(REMEDY)?;
        let wine = rootfs::find(&cache).context(REMEDY)?;
        if !template::is_current(&cache, &wine)? {
            bail!("the lab's Wine prefix is missing or of an older recipe: {REMEDY}");
        }
        Ok(Lab { cache, wine })
    }

    /// Makes whatever is missing, one process at a time. Every step is kept only when it is complete, so an
    /// interruption at any point costs that step and no other.
    pub fn up(progress: &dyn Progress) -> Result<Lab> {
        Lab::up_in(Cache::of_user()?, progress)
    }

    /// As `up`, in a cache folder of the caller's choice.
    pub fn up_in(cache: Cache, progress: &dyn Progress) -> Result<Lab> {
        cache.create()?;
        let _lock = cache.lock_within("up", UP_LOCK_LIMIT, progress)?;
        host::install_missing(progress)?;
        host::require_root("make the lab")?;
        let wine = rootfs::make(&cache, progress)?;
        template::make(&cache, &wine, progress)?;
        rust_src::make(&cache, &wine, progress)?;
        clients::make(&cache, progress)?;
        build::fetch(&cache, progress)?;
        Lab::ready_in(cache)
    }

    /// Where the lab keeps everything.
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// Where Wine is, as the chroot sees it.
    pub fn wine_version(&self) -> Result<String> {
        self.wine.version()
    }

    /// The Python interpreter that has the `mcp` package, to run a client of `lab/clients` with.
    pub fn client_python(&self) -> Result<PathBuf> {
        clients::python(&self.cache)
    }

    /// Starts a run that ends when the value is dropped, or when this process dies in any way.
    /// `None` picks a free name.
    pub fn start(&self, name: Option<&str>) -> Result<Run> {
        Run::start(self, name, run::Lifetime::Owned)
    }

    /// Starts a run that goes on after this process, until `end` is called on it.
    pub fn start_detached(&self, name: Option<&str>) -> Result<Run> {
        Run::start(self, name, run::Lifetime::Detached)
    }

    /// A live run of that name; dropping the value leaves it running.
    pub fn attach(&self, name: &str) -> Result<Run> {
        Run::attach(self, name)
    }

    /// The names of all runs that are alive.
    pub fn live_runs(&self) -> Result<Vec<String>> {
        live_runs(&self.cache)
    }
}

/// The names of all runs of a cache that are alive; works also when the lab is half made.
pub fn live_runs(cache: &Cache) -> Result<Vec<String>> {
    Ok(run::list(cache)?.into_iter().filter(|r| r.1 == RunState::Live).map(|r| r.0).collect())
}

/// Ends one run by name.
pub fn end_run(cache: &Cache, name: &str) -> Result<()> {
    run::end_by_name(cache, name)
}

/// What `clean` did, for people.
#[derive(Debug, Default)]
pub struct Cleaned {
    /// Folders that are gone.
    pub removed: Vec<String>,
    /// Folders that were left, each with the reason.
    pub kept: Vec<String>,
}

/// Removes what the lab keeps in its cache folder. What a live run stands on is left and named.
pub fn clean(cache: &Cache) -> Result<Cleaned> {
    let mut cleaned = Cleaned::default();
    if !cache.top().exists() {
        return Ok(cleaned);
    }
    let _lock: File =
        cache.try_lock("up")?.context("a `lab up` is at work in this cache: wait until it ends, then clean again")?;
    let _names = cache.lock_within("runs", run::START_LIMIT, &Quiet)?;
    for (name, state) in run::list(cache)? {
        match state {
            RunState::Live => cleaned.kept.push(format!("runs/{name}: it is live; `cargo xtask lab down` ends it")),
            RunState::Dead => {
                remove::tree(&cache.run(&name))?;
                cleaned.removed.push(format!("runs/{name}"));
            }
        }
    }
    let live = cleaned.kept.len();
    for path in cache.parts()? {
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        if live > 0 && Cache::is_stood_on(&name) {
            cleaned.kept.push(format!("{name}: {live} live run(s) stand on it"));
        } else {
            remove::tree(&path)?;
            cleaned.removed.push(name);
        }
    }
    Ok(cleaned)
}
