//! What the lab needs of the machine under it: root, a few programs, and the packages that bring them.

use super::progress::{Progress, timed};
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

const APT_UPDATE_LIMIT: Duration = Duration::from_secs(180);
const APT_INSTALL_LIMIT: Duration = Duration::from_secs(900);

/// Programs of the host, each with the Debian package that brings it.
pub(super) const TOOLS: &[(&str, &str)] = &[
    ("debootstrap", "debootstrap"),
    ("Xvfb", "xvfb"),
    ("x86_64-w64-mingw32-gcc", "gcc-mingw-w64-x86-64-win32"),
    ("x86_64-w64-mingw32-strip", "binutils-mingw-w64-x86-64"),
    ("x86_64-w64-mingw32-dlltool", "binutils-mingw-w64-x86-64"),
    ("unshare", "util-linux"),
    ("nsenter", "util-linux"),
    ("setpriv", "util-linux"),
    ("flock", "util-linux"),
    ("ip", "iproute2"),
    ("setxkbmap", "x11-xkb-utils"),
    ("mount", "mount"),
    ("chroot", "coreutils"),
    ("dpkg-deb", "dpkg"),
    ("nginx", "nginx"),
];
/// Brings no program, but the import libraries that the linker wants.
const IMPORT_LIBRARIES: (&str, &str) = ("/usr/x86_64-w64-mingw32/lib/libkernel32.a", "mingw-w64-x86-64-dev");

/// Where a program is, looking also in the folders for administrators that an ordinary PATH lacks.
pub(super) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin", "/usr/bin", "/bin"].map(PathBuf::from))
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
}

/// A program of the host that the lab needs, for tests that run one beside the lab.
pub fn tool(program: &str) -> Result<PathBuf> {
    find(program).with_context(|| format!("there is no {program}; `cargo xtask lab up` installs it"))
}

/// A command with every folder for administrators on its PATH.
pub(super) fn command(program: &str) -> Command {
    Command::new(find(program).unwrap_or_else(|| PathBuf::from(program)))
}

fn missing_packages() -> Vec<&'static str> {
    let mut packages: Vec<&str> =
        TOOLS.iter().filter(|(program, _)| find(program).is_none()).map(|(_, package)| *package).collect();
    if !PathBuf::from(IMPORT_LIBRARIES.0).exists() {
        packages.push(IMPORT_LIBRARIES.1);
    }
    packages.sort_unstable();
    packages.dedup();
    packages
}

/// An error that names the missing packages, or nothing.
pub(super) fn require_tools() -> Result<()> {
    let missing = missing_packages();
    if !missing.is_empty() {
        bail!("these packages of the host are missing: {}", missing.join(" "));
    }
    Ok(())
}

pub(super) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The lab mounts and changes root, so it needs root; without it the error has the exact commands.
pub(super) fn require_root(to: &str) -> Result<()> {
    if is_root() {
        return Ok(());
    }
    let me = std::env::current_exe().map(|p| p.display().to_string()).unwrap_or_else(|_| "xtask".to_owned());
    let words: Vec<String> = [me].into_iter().chain(std::env::args().skip(1)).collect();
    let cache = super::Cache::of_user().ok().and_then(|c| Some(c.top().parent()?.parent()?.to_owned()));
    let rustup = match std::env::var_os("RUSTUP_HOME") {
        Some(folder) => Some(PathBuf::from(folder)),
        None => std::env::home_dir().map(|home| home.join(".rustup")).filter(|folder| folder.is_dir()),
    };
    let variables =
        [("PATH", std::env::var_os("PATH").map(PathBuf::from)), ("RUSTUP_HOME", rustup), ("XDG_CACHE_HOME", cache)];
    bail!(
        "only root can {to} (it mounts in a private namespace and changes root). Run:\n{}    {}",
        install_lines(&missing_packages()),
        as_root(&variables, &words)
    )
}

/// The same command as root. `sudo` takes away what tells where Rust and the lab's folder are, so these are given anew.
fn as_root(variables: &[(&str, Option<PathBuf>)], words: &[String]) -> String {
    let set = variables.iter().filter_map(|(name, value)| Some(format!("{name}={}", value.as_ref()?.display())));
    let words = ["sudo", "env"].map(str::to_owned).into_iter().chain(set).chain(words.iter().cloned());
    words.map(|word| quoted(&word)).collect::<Vec<_>>().join(" ")
}

/// A word as a shell takes it for one.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

fn install_lines(packages: &[&str]) -> String {
    if packages.is_empty() {
        return String::new();
    }
    format!("    sudo apt-get update\n    sudo apt-get install -y --no-install-recommends {}\n", packages.join(" "))
}

/// Installs what is missing with the host's own package manager.
pub(super) fn install_missing(progress: &dyn Progress) -> Result<()> {
    let packages = missing_packages();
    if packages.is_empty() {
        return Ok(());
    }
    install(&packages, progress)?;
    require_tools()
}

/// Installs these packages with the host's own package manager, or says how to.
pub(super) fn install(packages: &[&str], progress: &dyn Progress) -> Result<()> {
    if !is_root() || find("apt-get").is_none() {
        bail!(
            "the lab needs packages that are not installed. On Debian or a relative, run:\n{}then try again; elsewhere \
             install what brings Python's venv and these programs: {}",
            install_lines(packages),
            TOOLS.iter().map(|t| t.0).collect::<Vec<_>>().join(" ")
        );
    }
    timed(progress, &format!("host packages: {}", packages.join(" ")), || {
        super::command::with_retry(super::command::NETWORK_TRIES, || {
            let mut update = Command::new("apt-get");
            update.args(["-q", "update"]);
            // A third-party source that does not answer must not stop packages that come from another.
            super::finish_within(&mut update, APT_UPDATE_LIMIT)?;
            let mut install = Command::new("apt-get");
            install.env("DEBIAN_FRONTEND", "noninteractive");
            // An interrupted attempt may still be at its end, and has dpkg's own lock till then.
            install.args(["-q", "-o", "DPkg::Lock::Timeout=120"]);
            install.args(["install", "-y", "--no-install-recommends"]).args(packages);
            super::run_within(&mut install, APT_INSTALL_LIMIT)
        })
        .context("installing the host's packages")
        .map(drop)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_and_missing_ones_are_not() {
        assert!(find("sh").is_some());
        assert!(find("no-such-program-here").is_none());
    }

    #[test]
    fn the_command_for_root_keeps_what_sudo_drops_and_is_one_that_a_shell_takes() {
        let variables =
            [("PATH", Some("/a b:/c".into())), ("RUSTUP_HOME", None), ("XDG_CACHE_HOME", Some("/h".into()))];
        let words = ["/w/xtask", "lab", "run", "it's.exe"].map(str::to_owned);
        let line = as_root(&variables, &words);
        assert_eq!(line, r"sudo env 'PATH=/a b:/c' XDG_CACHE_HOME=/h /w/xtask lab run 'it'\''s.exe'");
        let mut shell = Command::new("sh");
        shell.args(["-c", &line.replacen("sudo env", "printf '%s|'", 1)]);
        let said = super::super::run_within(&mut shell, Duration::from_secs(20)).unwrap().stdout;
        assert_eq!(said, "PATH=/a b:/c|XDG_CACHE_HOME=/h|/w/xtask|lab|run|it's.exe|");
    }

    #[test]
    fn install_lines_name_every_package_once() {
        let lines = install_lines(&["xvfb", "debootstrap"]);
        assert!(lines.contains("apt-get install -y --no-install-recommends xvfb debootstrap"), "{lines}");
        assert!(install_lines(&[]).is_empty());
    }
}
