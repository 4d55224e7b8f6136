//! What the seam of `mod.rs` is on Linux: the lab with its runs, cargo's cross-build, and how programs are found, tied to
//! us and interrupted. Windows has the same names in `windows.rs`.

use super::cache::Cache;
use super::command::copy_onto;
use super::progress::{Progress, Quiet};
use super::rust_src::{self, Std};
use super::{Cleaned, Run, RunState, Size};
use super::{Dotnet, Node, Peers, build, clients, host, mutation, node, peers, remove, rootfs, run, sdk, template};
use anyhow::{Context, Result, bail};
use process_wrap::std::{CommandWrap, ProcessGroup};
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

/// How long one `lab up` waits for another that is already at work.
const UP_LOCK_LIMIT: Duration = Duration::from_secs(900);
/// Where the desktop is that the tests run on.
pub const DESKTOP: super::Desktop = super::Desktop::Lab;
pub(super) const BUILD_TARGET: &str = "x86_64-pc-windows-gnu";
/// What cargo builds the Windows programs for, when that is not its own system.
pub(super) const TARGET: Option<&str> = Some(BUILD_TARGET);
/// What the clients need besides, on this system.
pub(super) const REQUIREMENTS: &str = "";
pub(super) const PYTHON_IN_ENVIRONMENT: &str = "bin/python";
/// The Debian packages without which no environment can be made.
const PYTHON_PACKAGES: &[&str] = &["python3", "python3-venv"];

pub(super) type Library = Std;

/// The standard library for the cross-build, or an error that says how to get what is missing.
pub(super) fn library(cache: &Cache) -> Result<Library> {
    host::require_tools().context("run `cargo xtask lab up`")?;
    rust_src::find(cache)
}

pub(super) fn remove_tree(path: &Path) -> Result<()> {
    remove::tree(path)
}

pub(super) fn python() -> Command {
    Command::new("python3")
}

pub(super) fn install_python(progress: &dyn Progress) -> Result<()> {
    host::install(PYTHON_PACKAGES, progress)
}

/// The same command, but told to end when the calling thread ends, however that comes about.
pub fn tethered(command: &Command) -> Command {
    let Some(setpriv) = host::find("setpriv") else {
        return copy_onto(Command::new(command.get_program()), command);
    };
    let mut tethered = Command::new(setpriv);
    tethered.args(["--pdeathsig", "TERM", "--"]).arg(command.get_program());
    copy_onto(tethered, command)
}

/// The same command in a network of its own, which has the loopback and leads nowhere.
pub fn offline(command: &Command) -> Command {
    let mut offline = host::command("unshare");
    offline.args(["--net", "--", "/bin/sh", "-eu", "-c", "\"$0\" link set lo up; exec \"$@\""]);
    offline.arg(host::find("ip").unwrap_or_else(|| "ip".into())).arg(command.get_program());
    copy_onto(offline, command)
}

/// Makes the program and all that it starts one thing to kill.
pub(super) fn gather(wrap: &mut CommandWrap) {
    wrap.wrap(ProcessGroup::leader());
}

/// A short script in the system's own language, for tests of what runs programs.
pub fn script(sh: &str, _powershell: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", sh]);
    command
}

/// Interrupts a program, as Ctrl+C would.
pub fn interrupt(child: &Child) -> Result<()> {
    kill_process(inner_process(child.id())?, Signal::INT).context("cannot interrupt the program")
}

/// Asks a program to end, as the system does when it shuts down.
pub fn terminate(child: &Child) -> Result<()> {
    kill_process(inner_process(child.id())?, Signal::TERM).context("cannot terminate the program")
}

/// The system's number of a program of a run.
pub fn process_of(child: &Child) -> Result<u32> {
    Ok(inner_process(child.id())?.as_raw_nonzero().get().cast_unsigned())
}

/// The program behind `nsenter`, which forks once to get into the run's process namespace; the program itself when it was
/// started without.
fn inner_process(outer: u32) -> Result<Pid> {
    let children = fs::read_to_string(format!("/proc/{outer}/task/{outer}/children"))?;
    let process = match children.split_whitespace().next() {
        Some(child) => child.parse()?,
        None => i32::try_from(outer)?,
    };
    Pid::from_raw(process).context("a process number")
}

pub(super) fn cache_home() -> Option<PathBuf> {
    Some(std::env::home_dir()?.join(".cache"))
}

impl Cache {
    pub(super) fn rootfs(&self) -> PathBuf {
        self.top().join("rootfs")
    }

    pub(super) fn template(&self) -> PathBuf {
        self.top().join("template")
    }

    pub(super) fn rust_src(&self, version: &str) -> PathBuf {
        self.top().join(format!("rust-src-{version}"))
    }

    pub(super) fn mutation(&self) -> PathBuf {
        self.top().join("cargo-mutants")
    }

    pub(super) fn dotnet(&self) -> PathBuf {
        self.top().join("dotnet")
    }

    pub(super) fn peers(&self) -> PathBuf {
        self.top().join("peers")
    }

    pub(super) fn run(&self, name: &str) -> PathBuf {
        self.runs().join(name)
    }

    /// Whether live runs need the part of that name.
    pub(super) fn is_stood_on(name: &str) -> bool {
        matches!(name, "rootfs" | "template" | "dotnet" | "peers")
    }

    /// Everything in the cache that `clean` may remove, runs and locks apart.
    pub(super) fn parts(&self) -> Result<Vec<PathBuf>> {
        let mut parts = Vec::new();
        for entry in fs::read_dir(self.top())? {
            let entry = entry?;
            let name = entry.file_name();
            if name != "runs" && !name.to_string_lossy().ends_with(".lock") {
                parts.push(entry.path());
            }
        }
        parts.sort();
        Ok(parts)
    }
}

/// A lab whose parts are all there. Runs are started from it.
#[derive(Debug, Clone)]
pub struct Lab {
    cache: Cache,
    pub(super) wine: rootfs::Wine,
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
        host::require_root("make the lab")?;
        cache.create()?;
        let lock = cache.lock_within("up", UP_LOCK_LIMIT, progress)?;
        // Before the lock is passed on: a package may start a service, which would keep it for good.
        host::install_missing(progress)?;
        pass_on(&lock)?;
        let wine = rootfs::make(&cache, progress)?;
        template::make(&cache, &wine, progress)?;
        rust_src::make(&cache, &wine, progress)?;
        clients::make(&cache, progress)?;
        node::make(&cache, progress)?;
        sdk::make(&cache, progress)?;
        build::fetch(&cache, progress)?;
        mutation::make(&cache, progress)?;
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

    /// Node.js with the packages of `lab/clients/package-lock.json`.
    pub fn node(&self) -> Result<Node> {
        node::find(&self.cache)
    }

    /// The .NET SDK.
    pub fn dotnet(&self) -> Result<Dotnet> {
        sdk::find(&self.cache)
    }

    /// cargo-mutants.
    pub fn cargo_mutants(&self) -> Result<PathBuf> {
        mutation::find(&self.cache)
    }

    /// The servers that ours is measured beside.
    pub fn peers(&self) -> Result<Peers> {
        peers::find(&self.cache, &self.wine)
    }

    /// Fetches the servers that ours is measured beside, which `up` does not.
    pub fn make_peers(progress: &dyn Progress) -> Result<()> {
        let lab = Lab::ready()?;
        let lock = lab.cache.lock_within("up", UP_LOCK_LIMIT, progress)?;
        pass_on(&lock)?;
        peers::make(&lab.cache, &lab.wine, progress)
    }

    /// Starts a run that ends when the value is dropped, or when this process dies in any way.
    /// `None` picks a free name.
    pub fn start(&self, name: Option<&str>) -> Result<Run> {
        Run::start(self, name, run::Lifetime::Owned, Size::default())
    }

    /// As `start`, on a display of another size.
    pub fn start_sized(&self, size: Size) -> Result<Run> {
        Run::start(self, None, run::Lifetime::Owned, size)
    }

    /// Starts a run that goes on after this process, until `end` is called on it.
    pub fn start_detached(&self, name: Option<&str>) -> Result<Run> {
        Run::start(self, name, run::Lifetime::Detached, Size::default())
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

/// Lets every program that is started from here on hold this lock too. When we are killed, what we had started goes on
/// for a moment, or to its end, and writes into the part that it makes; till then nobody may make that part anew.
fn pass_on(lock: &File) -> Result<()> {
    fcntl_setfd(lock, FdFlags::empty()).context("cannot pass a lock on")
}

/// The names of all runs of a cache that are alive; works also when the lab is half made.
pub fn live_runs(cache: &Cache) -> Result<Vec<String>> {
    Ok(run::list(cache)?.into_iter().filter(|r| r.1 == RunState::Live).map(|r| r.0).collect())
}

/// Ends one run by name.
pub fn end_run(cache: &Cache, name: &str) -> Result<()> {
    run::end_by_name(cache, name)
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Stdio;

    #[test]
    fn a_lock_that_was_passed_on_is_held_until_the_last_program_has_ended() {
        let top = tempfile::tempdir().unwrap();
        let cache = Cache::at(top.path());
        cache.create().unwrap();
        let lock = cache.try_lock("up").unwrap().unwrap();
        pass_on(&lock).unwrap();
        let mut program = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        drop(lock);
        assert!(cache.try_lock("up").unwrap().is_none(), "the program's is gone with ours");
        drop(program.stdin.take());
        program.wait().unwrap();
        assert!(cache.lock_within("up", Duration::from_secs(20), &Quiet).is_ok());
    }
}
