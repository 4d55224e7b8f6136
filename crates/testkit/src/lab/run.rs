//! One Windows desktop: its own prefix, display, Wine server and namespaces, held by a keeper process. Tests and
//! commands start Windows programs in it, read its C: drive and look at its screen.

use super::cache::Cache;
use super::command::{Finished, collect, wait_until};
use super::enter::{self, Inside};
use super::screen::Screen;
use super::{Lab, Quiet, Size, StdioPlan, build, remove, sdk};
use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// From nothing to a desktop with its background drawn.
pub(super) const START_LIMIT: Duration = Duration::from_secs(60);
/// From the wish to end a run to its last process gone.
const END_LIMIT: Duration = Duration::from_secs(10);
/// After this a run that was asked to end is killed.
const PATIENCE: Duration = Duration::from_secs(2);
const POLL: Duration = Duration::from_millis(10);
/// More runs at once than any machine of ours carries.
const MOST_RUNS: u32 = 64;
const KEEPER_SH: &str = include_str!("keeper.sh");

/// Whether a run's keeper still holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    /// The keeper is alive.
    Live,
    /// Only its folder is left.
    Dead,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lifetime {
    /// Ends with the process that started it.
    Owned,
    /// Goes on until it is told to end.
    Detached,
}

/// A live run. Dropped, it ends if it was started here by `Lab::start`, and goes on otherwise.
#[derive(Debug)]
pub struct Run {
    name: String,
    folder: PathBuf,
    share: PathBuf,
    keeper: u32,
    inside: Inside,
    shown: Vec<PathBuf>,
    owned: Option<Child>,
}

impl Run {
    pub(super) fn start(lab: &Lab, name: Option<&str>, lifetime: Lifetime, size: Size) -> Result<Run> {
        let deadline = Instant::now() + START_LIMIT;
        let cache = lab.cache();
        let names = cache.lock_within("runs", START_LIMIT, &Quiet)?;
        let name = claim_name(cache, name)?;
        let folder = cache.run(&name);
        fs::create_dir_all(folder.join("share"))?;
        let shown = shown_folders(cache);
        fs::write(folder.join("shown"), shown.iter().map(|p| format!("{}\n", p.display())).collect::<String>())?;
        let keeper =
            keeper_command(lab, &folder, &shown, lifetime, size)?.spawn().context("cannot start the run's keeper")?;
        let mut starting = Starting { folder: folder.clone(), child: Some(keeper) };
        starting.await_file("pid", deadline)?;
        drop(names); // From here on the keeper's own lock says that the name is taken.
        starting.await_file("ready", deadline)?;
        let mut run = Run::open(lab, &name)?;
        let screen = run.screen()?;
        let desktop = screen.await_window("Wine Desktop", deadline).context("Wine's desktop did not come up")?;
        // There is no window manager to do it, and without it Wine takes every one of its windows for inactive.
        screen.focus(&desktop)?;
        let child = starting.child.take();
        run.owned = child.filter(|_| lifetime == Lifetime::Owned);
        Ok(run)
    }

    pub(super) fn attach(lab: &Lab, name: &str) -> Result<Run> {
        check_name(name)?;
        if state(&lab.cache().run(name)) == RunState::Dead {
            let live = lab.live_runs()?.join(" ");
            bail!("no live run `{name}` (live: {})", if live.is_empty() { "none" } else { &live });
        }
        Run::open(lab, name)
    }

    fn open(lab: &Lab, name: &str) -> Result<Run> {
        let folder = lab.cache().run(name);
        let read = |file: &str| {
            fs::read_to_string(folder.join(file))
                .map(|text| text.trim().to_owned())
                .with_context(|| format!("run `{name}` is not ready: it has no {file} yet"))
        };
        let mut inside = Inside {
            root: folder.join("root"),
            prefix: folder.join("prefix"),
            display: read("ready")?,
            wine: lab.wine.clone(),
            dotnet: None,
        };
        let shown: Vec<PathBuf> = read("shown")?.lines().map(PathBuf::from).collect();
        // A run that began before the SDK was there does not see it.
        inside.dotnet = sdk::folder(lab.cache()).ok().filter(|sdk| shown.iter().any(|folder| sdk.starts_with(folder)));
        let keeper = read("pid")?.parse().context("the keeper's process number")?;
        Ok(Run { name: name.to_owned(), share: folder.join("share"), folder, keeper, inside, shown, owned: None })
    }

    /// The run's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The X display, such as `:3`, reachable from the host.
    pub fn display(&self) -> &str {
        &self.inside.display
    }

    /// A folder that both sides read and write, at the same Linux path, inside as `Z:\…`.
    pub fn share(&self) -> &Path {
        &self.share
    }

    /// The run's C: drive as the host can read and write it. The prefix is mounted only in the keeper's namespace, so
    /// the path leads through the keeper's view and is good for as long as the run lives.
    pub fn drive_c(&self) -> PathBuf {
        let prefix = self.inside.prefix.strip_prefix("/").unwrap_or(&self.inside.prefix);
        Path::new("/proc").join(self.keeper.to_string()).join("root").join(prefix).join("drive_c")
    }

    /// A folder into which programs of the desktop may save; it need not be there yet.
    pub fn save_folder(&self) -> PathBuf {
        self.drive_c().join("demo")
    }

    /// `overlay` or `copy`: how the run got its prefix.
    pub fn layer(&self) -> Result<String> {
        Ok(fs::read_to_string(self.folder.join("layer"))?.trim().to_owned())
    }

    /// A Linux path as a Windows program in this run names it. Meaningful for what the run can see: its C: drive, the
    /// share, the workspace and the build folder.
    pub fn windows_path(&self, path: &Path) -> String {
        let (drive, rest) = match path.strip_prefix(self.drive_c()) {
            Ok(rest) => ("C:", Path::new("/").join(rest)),
            Err(_) => ("Z:", path.to_owned()),
        };
        format!("{drive}{}", rest.to_string_lossy().replace('/', "\\"))
    }

    /// The host's path of a `C:\…` or `Z:\…` path of this run.
    pub fn linux_path(&self, windows: &str) -> Result<PathBuf> {
        let (drive, rest) = windows.split_once(':').context("a Windows path with a drive letter is needed")?;
        let rest = rest.replace('\\', "/");
        let rest = rest.trim_start_matches('/');
        match drive {
            "C" | "c" => Ok(self.drive_c().join(rest)),
            "Z" | "z" => Ok(Path::new("/").join(rest)),
            _ => bail!("the lab has the drives C: and Z: only, not {drive}:"),
        }
    }

    /// A command that runs a Windows program in this run: by its Linux path, or by a name that Windows finds, such as
    /// `notepad.exe` or `C:\windows\regedit.exe`. Killing the child ends the program. A program that the run cannot
    /// see is copied into the share first.
    pub fn command<S: AsRef<OsStr>>(&self, exe: &Path, args: &[S], env: &[(&str, &str)]) -> Result<Command> {
        let mut program = vec![self.inside.wine.loader.display().to_string(), self.program(exe)?];
        program.extend(args.iter().map(|a| a.as_ref().to_string_lossy().into_owned()));
        let env: Vec<(String, String)> = env.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Ok(self.inside.join(self.keeper, &env, &program))
    }

    /// A command that runs a Linux program of the lab's own system in this run.
    pub fn linux_command(&self, program: &[&str], env: &[(&str, &str)]) -> Result<Command> {
        let program: Vec<String> = program.iter().map(|w| (*w).to_owned()).collect();
        let env: Vec<(String, String)> = env.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Ok(self.inside.join(self.keeper, &env, &program))
    }

    /// Starts a Windows program; see `command` for how it is named.
    pub fn spawn<S: AsRef<OsStr>>(&self, exe: &Path, args: &[S], stdio: StdioPlan) -> Result<Child> {
        let mut command = self.command(exe, args, &[])?;
        command.stdin(stdio.stdin).stdout(stdio.stdout).stderr(stdio.stderr);
        command.spawn().with_context(|| format!("cannot start {} in run `{}`", exe.display(), self.name))
    }

    /// Runs a Windows program to its end, with nothing on its standard input.
    pub fn output<S: AsRef<OsStr>>(&self, exe: &Path, args: &[S], limit: Duration) -> Result<Finished> {
        let stdio = StdioPlan { stdin: Stdio::null(), ..StdioPlan::piped() };
        let child = self.spawn(exe, args, stdio)?;
        collect(child, &exe.display().to_string(), limit)
    }

    fn program(&self, exe: &Path) -> Result<String> {
        let text = exe.to_string_lossy();
        if !text.contains('/') || text.contains('\\') {
            return Ok(text.into_owned());
        }
        let exe = fs::canonicalize(exe).with_context(|| format!("no program {}", exe.display()))?;
        if self.shown.iter().any(|folder| exe.starts_with(folder)) || exe.starts_with(&self.share) {
            return Ok(exe.display().to_string());
        }
        let copy = self.share.join("programs").join(exe.file_name().context("a program has a file name")?);
        fs::create_dir_all(self.share.join("programs"))?;
        fs::copy(&exe, &copy).with_context(|| format!("cannot copy {} into the run", exe.display()))?;
        Ok(copy.display().to_string())
    }

    /// The display's contents and windows.
    pub fn screen(&self) -> Result<Screen> {
        Screen::connect(self.display())
    }

    /// Writes what the display shows as a PNG.
    pub fn screenshot(&self, png: &Path) -> Result<()> {
        self.screen()?.write_png(png)
    }

    /// Makes the run outlive this value and this process's interest in it; an owned run still ends with the process.
    pub fn is_owned(&self) -> bool {
        self.owned.is_some()
    }

    /// Ends the run now and says when that fails.
    pub fn end(mut self) -> Result<()> {
        self.finish()
    }

    fn finish(&mut self) -> Result<()> {
        let child = self.owned.take();
        let ended = end_keeper(&self.folder, self.keeper);
        if let Some(mut child) = child {
            child.stdin.take();
            if wait_until(&mut child, Instant::now() + PATIENCE)?.is_none() {
                child.kill()?;
                child.wait()?;
            }
        }
        ended?;
        remove::tree(&self.folder)
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if self.owned.is_some() {
            // A destructor has nobody to tell; what is left is swept when the next run starts.
            self.finish().ok();
        }
    }
}

/// A keeper on its way up; dropped before it is ready, it is killed and its folder removed.
struct Starting {
    folder: PathBuf,
    child: Option<Child>,
}

impl Starting {
    fn await_file(&mut self, name: &str, deadline: Instant) -> Result<()> {
        let wanted = self.folder.join(name);
        loop {
            if wanted.exists() {
                return Ok(());
            }
            let ended = match &mut self.child {
                Some(child) => child.try_wait()?,
                None => None,
            };
            if let Some(status) = ended {
                let read = |file: &str| fs::read_to_string(self.folder.join(file)).unwrap_or_default();
                bail!("the run did not start ({status}): {}{}", read("failed"), read("keeper.log"));
            }
            if Instant::now() >= deadline {
                bail!("the run did not get to `{name}` within {} s", START_LIMIT.as_secs());
            }
            thread::sleep(POLL);
        }
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().ok();
            child.wait().ok();
            remove::tree(&self.folder).ok();
        }
    }
}

fn keeper_command(lab: &Lab, folder: &Path, shown: &[PathBuf], lifetime: Lifetime, size: Size) -> Result<Command> {
    let mut command = enter::script(KEEPER_SH);
    command.arg(folder).arg(&lab.wine.rootfs).arg(lab.cache().template());
    command.arg(&lab.wine.loader).arg(&lab.wine.server);
    command.arg(if lifetime == Lifetime::Owned { "owned" } else { "detached" });
    command.arg(format!("{}x{}", size.width, size.height)).args(shown);
    command.stdin(if lifetime == Lifetime::Owned { Stdio::piped() } else { Stdio::null() });
    command.stdout(Stdio::null()).stderr(File::create(folder.join("keeper.log"))?);
    // A key that interrupts the terminal's program is not meant for the run.
    command.process_group(0);
    Ok(command)
}

/// What Windows programs may read besides the share: the workspace, wherever cargo builds, the .NET SDK, and the peers.
fn shown_folders(cache: &Cache) -> Vec<PathBuf> {
    let mut folders = vec![build::workspace_top(), build::target_folder(), cache.dotnet(), cache.peers()];
    folders.retain(|folder| folder.is_dir());
    let mut folders: Vec<PathBuf> = folders.iter().filter_map(|f| fs::canonicalize(f).ok()).collect();
    folders.sort();
    folders.dedup_by(|later, earlier| later.starts_with(&*earlier));
    folders
}

fn check_name(name: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || name.len() > 40 || !name.chars().all(plain) {
        bail!("`{name}` cannot name a run: use 1 to 40 letters, digits, `-` or `_`");
    }
    Ok(())
}

/// Takes a name, after sweeping what dead runs left. The caller holds the lock on names.
fn claim_name(cache: &Cache, wish: Option<&str>) -> Result<String> {
    for (name, state) in list(cache)? {
        if state == RunState::Dead {
            remove::tree(&cache.run(&name))?;
        }
    }
    let name = match wish {
        Some(wish) => wish.to_owned(),
        None => (1..=MOST_RUNS)
            .map(|n| format!("r{n}"))
            .find(|name| !cache.run(name).exists())
            .with_context(|| format!("{MOST_RUNS} runs are live: end some with `cargo xtask lab down`"))?,
    };
    check_name(&name)?;
    fs::create_dir(cache.run(&name))
        .with_context(|| format!("run `{name}` is live already: take another name or `lab down --run {name}`"))?;
    Ok(name)
}

/// All runs that have a folder.
pub(super) fn list(cache: &Cache) -> Result<Vec<(String, RunState)>> {
    let mut runs = Vec::new();
    let Ok(entries) = fs::read_dir(cache.runs()) else { return Ok(runs) };
    for entry in entries {
        let entry = entry?;
        runs.push((entry.file_name().to_string_lossy().into_owned(), state(&entry.path())));
    }
    runs.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(runs)
}

/// A shared lock, so that two that look at once do not see each other.
fn state(folder: &Path) -> RunState {
    let Ok(lock) = File::open(folder.join("lock")) else { return RunState::Dead };
    match lock.try_lock_shared() {
        Err(TryLockError::WouldBlock) => RunState::Live,
        _ => RunState::Dead,
    }
}

pub(super) fn end_by_name(cache: &Cache, name: &str) -> Result<()> {
    check_name(name)?;
    let folder = cache.run(name);
    if state(&folder) == RunState::Live {
        let keeper = fs::read_to_string(folder.join("pid"))?.trim().parse().context("the keeper's process number")?;
        end_keeper(&folder, keeper)?;
    }
    remove::tree(&folder)
}

/// Asks the keeper to end, then kills it. Only a live run's number is signalled: its lock proves whose it is.
fn end_keeper(folder: &Path, keeper: u32) -> Result<()> {
    let pid = i32::try_from(keeper).ok().and_then(Pid::from_raw).context("a process number")?;
    let started = Instant::now();
    let mut signal = Some(Signal::TERM);
    while state(folder) == RunState::Live {
        if let Some(signal) = signal.take() {
            kill_process(pid, signal).ok();
        }
        if started.elapsed() > PATIENCE {
            kill_process(pid, Signal::KILL).ok();
        }
        if started.elapsed() > END_LIMIT {
            bail!("process {keeper} still holds the run after {} s", END_LIMIT.as_secs());
        }
        thread::sleep(POLL);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_leave_the_folder_are_refused() {
        for bad in ["", ".", "..", "a/b", "a b", &"x".repeat(41)] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
        assert!(check_name("r1").is_ok());
    }

    #[test]
    fn a_held_lock_means_live_and_names_are_claimed_once() {
        let top = tempfile::tempdir().unwrap();
        let cache = Cache::at(top.path());
        cache.create().unwrap();
        assert_eq!(claim_name(&cache, None).unwrap(), "r1");
        let held = File::create(cache.run("r1").join("lock")).unwrap();
        held.lock().unwrap();
        assert_eq!(claim_name(&cache, None).unwrap(), "r2");
        // r2 has no keeper, so the next claim sweeps it.
        assert_eq!(claim_name(&cache, Some("r2")).unwrap(), "r2");
        assert_eq!(list(&cache).unwrap(), [("r1".into(), RunState::Live), ("r2".into(), RunState::Dead)]);
        assert!(claim_name(&cache, Some("r1")).unwrap_err().to_string().contains("live already"));
        drop(held);
        assert_eq!(state(&cache.run("r1")), RunState::Dead);
    }
}
