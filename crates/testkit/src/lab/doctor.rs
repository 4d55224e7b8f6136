//! Questions about the lab, each with an answer, a time and, when it fails, a remedy. They are a list, so that others
//! add theirs; none depends on another having been asked.

use super::build::{Profile, WindowsBuild, built_exe};
use super::build::{pinned_rust, rustc_version};
use super::cache::Cache;
use super::check::Check;
use super::run::Run;
use super::{Lab, StdioPlan, host, run_within, rust_src, template};
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// The probe may have to compile the standard library first.
const BUILD_LIMIT: Duration = Duration::from_secs(600);
const PROGRAM_LIMIT: Duration = Duration::from_secs(20);
const WINDOW_LIMIT: Duration = Duration::from_secs(15);
const PROBE: &str = "portcullis-lab-probe";
const UP: &str = "cargo xtask lab up";

/// All questions, from the ground up.
pub fn checks() -> Vec<Check> {
    vec![
        Check::new("host packages", UP, || host::require_tools().map(|()| "all there".to_owned())),
        Check::new("root", "run it with sudo", || host::require_root("enter the lab").map(|()| "yes".to_owned())),
        Check::new("lab is made", UP, || Ok(Lab::ready()?.cache().top().display().to_string())),
        Check::new("Wine version", "cargo xtask lab clean, then lab up", || Lab::ready()?.wine_version()),
        Check::new("rust-src matches rustc", UP, || {
            Ok(format!("rustc {}: {:?}", rustc_version()?, rust_src::find(&Cache::of_user()?)?))
        }),
        Check::new("rust-version of the workspace", "install the Rust that Cargo.toml names", pinned_rust),
        Check::new("Windows build of a probe", UP, build_probe),
        Check::new("probe prints and unwinds", "cargo xtask lab doctor, after the rows above are ok", run_probe),
        Check::new("no mount on the host", "end what is mounted below the lab's folder", mounts_stay_private),
        Check::new("prefix layer", "", || run()?.layer()),
        Check::new("display and desktop", "apt-get install xvfb", desktop),
        Check::new("notepad has a caption", "cargo xtask lab clean, then lab up", notepad),
        Check::new("the .NET SDK runs", UP, dotnet),
        Check::new("CJK font and registry", "cargo xtask lab clean, then lab up", fonts),
        Check::new("two runs at once", "cargo xtask lab down", two_runs),
    ]
}

fn run() -> Result<Run> {
    Lab::ready()?.start(None)
}

fn build_probe() -> Result<String> {
    let mut cargo = WindowsBuild::find()?.cargo("build", Profile::Lab);
    run_within(cargo.args(["--quiet", "-p", PROBE]), BUILD_LIMIT)?;
    Ok("built".to_owned())
}

fn run_probe() -> Result<String> {
    let said = run()?.output::<&str>(&built_exe(PROBE, Profile::Lab), &[], PROGRAM_LIMIT)?;
    let lines: Vec<&str> = said.stdout.lines().map(str::trim).collect();
    ensure!(
        lines == ["system: windows", "localhost: found", "panic: caught"],
        "the probe said: {} {}",
        lines.join("; "),
        said.stderr
    );
    Ok(format!("in {} ms", said.took.as_millis()))
}

fn mounts_stay_private() -> Result<String> {
    let lab = Lab::ready()?;
    let run = lab.start(None)?;
    let table = fs::read_to_string("/proc/self/mountinfo")?;
    let top = lab.cache().top().display().to_string();
    ensure!(!table.contains(&top), "something below {top} is mounted where all can see it");
    run.end()?;
    Ok("none".to_owned())
}

fn desktop() -> Result<String> {
    let started = Instant::now();
    let run = run()?;
    let took = started.elapsed();
    let pixels = run.screen()?.pixels()?;
    ensure!((pixels.width, pixels.height) == (1280, 800), "the display is {} x {}", pixels.width, pixels.height);
    Ok(format!("{} up in {} ms", run.display(), took.as_millis()))
}

/// The caption is drawn by Wine inside the window only on a virtual desktop: its strip is neither white nor the
/// desktop's colour.
fn notepad() -> Result<String> {
    let run = run()?;
    let started = Instant::now();
    let mut notepad = run.spawn::<&str>(Path::new("notepad.exe"), &[], StdioPlan::null())?;
    let screen = run.screen()?;
    let window = screen.await_window("Notepad", started + WINDOW_LIMIT)?;
    let shown = started.elapsed();
    let captioned = loop {
        let pixels = screen.pixels()?;
        let x = u32::try_from(window.x)?.saturating_add(window.width / 2);
        let y = u32::try_from(window.y)?;
        let caption = pixels.at(x, y.saturating_add(12)).context("notepad is off the screen")?;
        let desktop = pixels.at(1270, 790).context("the display is too small")?;
        let text = pixels.at(x, y.saturating_add(window.height / 2)).context("notepad is off the screen")?;
        if text == (255, 255, 255) && caption != text && caption != desktop {
            break true;
        }
        if started.elapsed() > WINDOW_LIMIT {
            break false;
        }
    };
    notepad.kill()?;
    notepad.wait()?;
    ensure!(captioned, "notepad's window has no caption");
    Ok(format!("window after {} ms", shown.as_millis()))
}

fn dotnet() -> Result<String> {
    let lab = Lab::ready()?;
    let sdk = lab.dotnet()?;
    let said = run_within(&mut sdk.command(&lab.start(None)?, &["--version"])?, PROGRAM_LIMIT)?;
    let version = said.stdout.trim();
    ensure!(version.starts_with("3.1."), "it says that it is {version:?}: {}", said.stderr.trim());
    Ok(format!("{version} in {} ms", said.took.as_millis()))
}

fn fonts() -> Result<String> {
    let run = run()?;
    let font = run.drive_c().join("windows/Fonts/DroidSansFallbackFull.ttf");
    ensure!(font.exists(), "no {}", font.display());
    for (key, value) in template::expected_values() {
        let said = run.output(Path::new("reg.exe"), &["query", key, "/v", value], PROGRAM_LIMIT)?;
        if !said.status.success() {
            bail!("the prefix lacks {value} in {key}");
        }
    }
    Ok("there".to_owned())
}

fn two_runs() -> Result<String> {
    let lab = Lab::ready()?;
    let (one, two) = (lab.start(None)?, lab.start(None)?);
    ensure!(one.display() != two.display(), "both runs are on {}", one.display());
    fs::write(one.drive_c().join("only-in-one.txt"), "one")?;
    ensure!(!two.drive_c().join("only-in-one.txt").exists(), "the runs share a C: drive");
    let said = two.output(Path::new("cmd.exe"), &["/c", "echo", "two"], PROGRAM_LIMIT)?;
    ensure!(said.stdout.trim() == "two", "the second run said {:?}", said.stdout);
    Ok(format!("{} on {}, {} on {}", one.name(), one.display(), two.name(), two.display()))
}
