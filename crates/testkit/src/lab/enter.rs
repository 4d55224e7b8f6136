//! Builds the commands that step into private namespaces. Everything that mounts happens behind one of these, so that
//! no mount ever appears in the host's own table, and everything dies with the process that asked for it.

use super::host;
use super::rootfs::Wine;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Shell functions shared by all scripts that make a root to change into.
const ROOT_SH: &str = include_str!("root.sh");

/// A shell script as the first process of new mount and process namespaces. It is killed, with all that it started,
/// when `unshare` ends.
pub(super) fn script(body: &str) -> Command {
    let mut command = host::command("unshare");
    command.args(["--mount", "--pid", "--fork", "--kill-child=KILL", "--propagation", "private", "--"]);
    command.args(["/bin/sh", "-eu", "-c"]).arg(format!("{ROOT_SH}\n{body}")).arg("lab");
    command.env("PATH", admin_path());
    command
}

/// As `script`, and killed also when the calling thread ends: for steps that the caller waits for.
pub(super) fn step(body: &str) -> Command {
    let inner = script(body);
    let mut command = host::command("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(inner.get_program()).args(inner.get_args());
    command.env("PATH", admin_path());
    command
}

fn admin_path() -> String {
    format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", std::env::var("PATH").unwrap_or_default())
}

/// What a program in the lab runs with; nothing of the host's environment reaches it.
#[derive(Debug, Clone)]
pub(super) struct Inside {
    pub(super) root: PathBuf,
    pub(super) prefix: PathBuf,
    pub(super) display: String,
    pub(super) wine: Wine,
    /// Where programs of .NET find their runtime; the run must show it.
    pub(super) dotnet: Option<PathBuf>,
}

impl Inside {
    /// `chroot ROOT env -i … PROGRAM`: to be appended to what steps into the namespaces.
    pub(super) fn arguments(&self, extra: &[(String, String)]) -> Vec<String> {
        let wine_folder = self.wine.loader.parent().unwrap_or_else(|| Path::new("/usr/bin"));
        let mut words = vec!["chroot".to_owned(), self.root.display().to_string()];
        words.extend(["/usr/bin/env".to_owned(), "-i".to_owned()]);
        words.push(format!("PATH={}:/usr/sbin:/usr/bin:/sbin:/bin", wine_folder.display()));
        words.push(format!("WINEPREFIX={}", self.prefix.display()));
        for fixed in ["HOME=/root", "WINEARCH=win64", "WINEDEBUG=-all", "LANG=C.UTF-8"] {
            words.push(fixed.to_owned());
        }
        words.push(format!("DISPLAY={}", self.display));
        if let Some(dotnet) = &self.dotnet {
            words.push(format!("DOTNET_ROOT=Z:{}", dotnet.to_string_lossy().replace('/', "\\")));
        }
        words.extend(extra.iter().map(|(name, value)| format!("{name}={value}")));
        words
    }

    /// A command that joins the namespaces of a live keeper. Killing its process kills the program inside.
    pub(super) fn join(&self, keeper: u32, extra: &[(String, String)], program: &[String]) -> Command {
        let mut command = host::command("nsenter");
        command.arg("--target").arg(keeper.to_string()).args(["--mount", "--pid", "--"]);
        command.args(["setpriv", "--pdeathsig", "KILL", "--"]);
        command.args(self.arguments(extra)).args(program);
        command.env("PATH", admin_path());
        command
    }
}
