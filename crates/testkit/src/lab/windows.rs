//! What the seam of `mod.rs` is on Windows: the machine's own desktop, on which programs are started directly and paths are
//! what they are. There is no lab to make, enter or end here. Not verified on real Windows.

use super::build::pinned_rust;
use super::cache::Cache;
use super::check::Check;
use super::command::{Finished, collect};
use super::progress::Progress;
use super::{Cleaned, Dotnet, NoLab, Node, Pixels, Size, StdioPlan, build, clients, finish_within, node, run_within};
use anyhow::{Context, Result, bail, ensure};
use process_wrap::std::{CommandWrap, JobObject};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;
use tempfile::TempDir;
use win32job::{ExtendedLimitInfo, Job};

/// Where the desktop is that the tests run on.
pub const DESKTOP: super::Desktop = super::Desktop::Own;
/// What cargo builds the Windows programs for, when that is not its own system.
pub(super) const TARGET: Option<&str> = None;
/// What the clients need besides, on this system.
pub(super) const REQUIREMENTS: &str = include_str!("../../../../lab/clients/requirements-windows.txt");
pub(super) const PYTHON_IN_ENVIRONMENT: &str = "Scripts/python.exe";
/// How Python is started: by its launcher, or by its own name.
const PYTHONS: &[&[&str]] = &[&["py", "-3"], &["python"]];
const UP_LOCK_LIMIT: Duration = Duration::from_secs(900);
const ASK_LIMIT: Duration = Duration::from_secs(20);
const PICTURE_LIMIT: Duration = Duration::from_secs(30);
/// The name that the one desktop goes by.
const NAME: &str = "desktop";
/// Another program's look at all displays together, in physical pixels.
const PICTURE: &str = "$ErrorActionPreference = 'Stop'
Add-Type -AssemblyName System.Drawing
Add-Type -Namespace Eye -Name User -MemberDefinition '
[DllImport(\"user32.dll\")] public static extern bool SetProcessDPIAware();
[DllImport(\"user32.dll\")] public static extern int GetSystemMetrics(int index);'
[void][Eye.User]::SetProcessDPIAware()
$x, $y, $width, $height = 76..79 | ForEach-Object { [Eye.User]::GetSystemMetrics($_) }
$picture = New-Object System.Drawing.Bitmap $width, $height
$graphics = [System.Drawing.Graphics]::FromImage($picture)
$graphics.CopyFromScreen($x, $y, 0, 0, $picture.Size)
$picture.Save($env:PORTCULLIS_PICTURE, [System.Drawing.Imaging.ImageFormat]::Png)";

pub(super) fn cache_home() -> Option<PathBuf> {
    std::env::var_os("LOCALAPPDATA").map(PathBuf::from)
}

/// What cargo needs for Windows on Windows: nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Library;

impl Library {
    pub(super) fn prepare(self, _cargo: &mut Command) {}
}

#[expect(clippy::unnecessary_wraps, reason = "on Linux there may be none")]
pub(super) fn library(_cache: &Cache) -> Result<Library> {
    Ok(Library)
}

pub(super) fn remove_tree(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// The first of the ways to start Python that works; the last when none does, whose error then names it.
pub(super) fn python() -> Command {
    let command = |words: &[&str]| {
        let mut command = Command::new(words.first().copied().unwrap_or("python"));
        command.args(words.get(1..).unwrap_or_default());
        command
    };
    let works = |words: &&&[&str]| {
        finish_within(command(words).arg("--version"), ASK_LIMIT).is_ok_and(|said| said.status.success())
    };
    command(PYTHONS.iter().find(works).copied().unwrap_or(&["python"]))
}

pub(super) fn install_python(_progress: &dyn Progress) -> Result<()> {
    bail!("Python 3 is missing: install it with `winget install Python.Python.3.13`, then try again")
}

/// Makes all that this process and its children start end with this process, however that comes about. No run ends them
/// here, and a fixture left behind would stand in the way of the next test.
fn tie() -> Result<()> {
    static TIED: OnceLock<std::result::Result<(), String>> = OnceLock::new();
    let tied = TIED.get_or_init(|| {
        let mut limits = ExtendedLimitInfo::new();
        limits.limit_kill_on_job_close();
        let job = Job::create_with_limit_info(&limits).map_err(|error| error.to_string())?;
        job.assign_current_process().map_err(|error| error.to_string())?;
        // The system closes the handle with the process; closed before, it would end us.
        job.into_handle();
        Ok(())
    });
    tied.as_ref().map_err(|error| anyhow::anyhow!("cannot make a job of this process: {error}")).copied()
}

/// The same command, started by a process that takes its children along.
pub fn tethered(command: &Command) -> Command {
    // A machine that refuses jobs inside its own leaves Ctrl+C, which reaches every program of the console.
    tie().ok();
    super::command::copy_onto(Command::new(command.get_program()), command)
}

/// The same command; no network of its own can be made for it here.
pub fn offline(command: &Command) -> Command {
    super::command::copy_onto(Command::new(command.get_program()), command)
}

/// Makes the program and all that it starts one thing to kill.
pub(super) fn gather(wrap: &mut CommandWrap) {
    wrap.wrap(JobObject);
}

/// A short script in the system's own language, for tests of what runs programs.
pub fn script(_sh: &str, powershell: &str) -> Command {
    let mut command = Command::new("powershell");
    command.args(["-NoProfile", "-NonInteractive", "-Command", powershell]);
    command
}

/// Ctrl+C here reaches every program of the console, the test too; so there is none.
pub fn interrupt(_child: &Child) -> Result<()> {
    Err(NoLab.into())
}

/// As [`interrupt`]: nothing asks one program alone.
pub fn terminate(_child: &Child) -> Result<()> {
    Err(NoLab.into())
}

/// The system's number of a program of a run.
pub fn process_of(child: &Child) -> Result<u32> {
    Ok(child.id())
}

/// The machine, as far as the tests and the demo need it ready: the clients.
#[derive(Debug, Clone)]
pub struct Lab {
    cache: Cache,
}

impl Lab {
    /// The machine; what a client lacks is said when it is asked for. Changes nothing.
    pub fn ready() -> Result<Lab> {
        Ok(Lab { cache: Cache::of_user()? })
    }

    /// Installs the clients and fetches crates, one process at a time.
    pub fn up(progress: &dyn Progress) -> Result<Lab> {
        let cache = Cache::of_user()?;
        cache.create()?;
        let _lock = cache.lock_within("up", UP_LOCK_LIMIT, progress)?;
        clients::make(&cache, progress)?;
        node::make(&cache, progress)?;
        build::fetch(&cache, progress)?;
        Lab::ready()
    }

    /// Where the clients are.
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// The Python interpreter that has the `mcp` package, to run a client of `lab/clients` with.
    pub fn client_python(&self) -> Result<PathBuf> {
        clients::python(&self.cache)
    }

    /// Node.js with the packages of `lab/clients/package-lock.json`.
    pub fn node(&self) -> Result<Node> {
        node::find(&self.cache)
    }

    /// The machine's own .NET SDK.
    pub fn dotnet(&self) -> Result<Dotnet> {
        let exe = PathBuf::from("dotnet");
        let works =
            finish_within(Command::new(&exe).arg("--version"), ASK_LIMIT).is_ok_and(|said| said.status.success());
        ensure!(
            works,
            "the .NET SDK is missing: install it with `winget install Microsoft.DotNet.SDK.3_1`, then try again"
        );
        Ok(Dotnet::at(exe))
    }

    /// Nothing here: what runs it is for the lab.
    pub fn cargo_mutants(&self) -> Result<PathBuf> {
        Err(NoLab.into())
    }

    /// Nothing here: they are measured beside ours in the lab.
    pub fn make_peers(_progress: &dyn Progress) -> Result<()> {
        Err(NoLab.into())
    }

    /// The desktop, with a share of its own.
    pub fn start(&self, _name: Option<&str>) -> Result<Run> {
        tie()?;
        Ok(Run { share: tempfile::Builder::new().prefix("portcullis-").tempdir().context("a folder to share")? })
    }

    /// Only the lab's display is of our choice.
    pub fn start_sized(&self, _size: Size) -> Result<Run> {
        Err(NoLab.into())
    }

    /// Only the lab has desktops that go on.
    pub fn start_detached(&self, _name: Option<&str>) -> Result<Run> {
        Err(NoLab.into())
    }

    /// Only the lab has several.
    pub fn attach(&self, _name: &str) -> Result<Run> {
        Err(NoLab.into())
    }

    /// Only the lab has several.
    pub fn live_runs(&self) -> Result<Vec<String>> {
        Err(NoLab.into())
    }
}

/// Only the lab has several.
pub fn live_runs(_cache: &Cache) -> Result<Vec<String>> {
    Err(NoLab.into())
}

/// Only the lab has any to end.
pub fn end_run(_cache: &Cache, _name: &str) -> Result<()> {
    Err(NoLab.into())
}

/// Only the lab keeps what must be asked for before it goes.
pub fn clean(_cache: &Cache) -> Result<Cleaned> {
    Err(NoLab.into())
}

/// All questions, from the ground up.
pub fn checks() -> Vec<Check> {
    const UP: &str = "cargo xtask test";
    vec![
        Check::new("rust-version of the workspace", "install the Rust that Cargo.toml names", pinned_rust),
        Check::new("Python clients", UP, || Ok(Lab::ready()?.client_python()?.display().to_string())),
        Check::new("Node.js clients", UP, || Ok(Lab::ready()?.node()?.exe()?.display().to_string())),
        Check::new("the desktop is seen", "log in to a desktop, and unlock it", || {
            let pixels = Screen.pixels()?;
            Ok(format!("{} x {}", pixels.width, pixels.height))
        }),
    ]
}

/// The desktop that this process is on, and a folder that ends with this value.
#[derive(Debug)]
pub struct Run {
    share: TempDir,
}

impl Run {
    /// What it is called.
    pub fn name(&self) -> &str {
        NAME
    }

    /// What its display is called.
    pub fn display(&self) -> &str {
        NAME
    }

    /// A folder for what tests and programs exchange.
    pub fn share(&self) -> &Path {
        self.share.path()
    }

    /// A folder into which programs of the desktop may save; it need not be there yet.
    pub fn save_folder(&self) -> PathBuf {
        self.share().join("demo")
    }

    /// A path as a program here names it: the same.
    pub fn windows_path(&self, path: &Path) -> String {
        path.display().to_string()
    }

    /// The path that a program here names: the same.
    pub fn linux_path(&self, windows: &str) -> Result<PathBuf> {
        Ok(PathBuf::from(windows))
    }

    /// A command that runs a program here, by its path or by a name that Windows finds.
    pub fn command<S: AsRef<OsStr>>(&self, exe: &Path, args: &[S], env: &[(&str, &str)]) -> Result<Command> {
        let mut command = Command::new(exe);
        command.args(args).envs(env.iter().copied());
        Ok(command)
    }

    /// Only the lab has Linux programs.
    pub fn linux_command(&self, _program: &[&str], _env: &[(&str, &str)]) -> Result<Command> {
        Err(NoLab.into())
    }

    /// Starts a program; see `command` for how it is named.
    pub fn spawn<S: AsRef<OsStr>>(&self, exe: &Path, args: &[S], stdio: StdioPlan) -> Result<Child> {
        let mut command = self.command(exe, args, &[])?;
        command.stdin(stdio.stdin).stdout(stdio.stdout).stderr(stdio.stderr);
        command.spawn().with_context(|| format!("cannot start {}", exe.display()))
    }

    /// Runs a program to its end, with nothing on its standard input.
    pub fn output<S: AsRef<OsStr>>(&self, exe: &Path, args: &[S], limit: Duration) -> Result<Finished> {
        let stdio = StdioPlan { stdin: Stdio::null(), ..StdioPlan::piped() };
        collect(self.spawn(exe, args, stdio)?, &exe.display().to_string(), limit)
    }

    /// The displays' contents.
    pub fn screen(&self) -> Result<Screen> {
        Ok(Screen)
    }

    /// Writes what the displays show as a PNG.
    pub fn screenshot(&self, png: &Path) -> Result<()> {
        Screen.pixels()?.write_png(png)
    }

    /// Removes the share and says when that fails.
    pub fn end(self) -> Result<()> {
        self.share.close().context("cannot remove the desktop's share")
    }
}

/// All displays together, as another program sees them.
#[derive(Debug, Clone, Copy)]
pub struct Screen;

impl Screen {
    /// What they show now.
    pub fn pixels(&self) -> Result<Pixels> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("picture.png");
        run_within(script("", PICTURE).env("PORTCULLIS_PICTURE", &file), PICTURE_LIMIT)?;
        Pixels::read_png(&file)
    }
}
