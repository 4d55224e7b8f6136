//! `portcullis-fake`: the product's command line on a desktop in memory, on any system: its flags, policy files, keys, gate,
//! audit and both transports. For tests and benchmarks; never part of what users get.

use anyhow::Context;
use portcullis::{Machine, ThisMachine, WorkerKind};
use portcullis_platform::{FileTrustPort, HostPort, OwnRights, OwnerPorts, PortResult, Ports};
use portcullis_platform_fake::{Call, FakeDesktop, FakeHost, FakeOwner};
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// Makes the first list of processes panic. Stands before the command.
const PANIC: &str = "--panic-once";
/// The machine's folder for the policy file, which the desktop in memory otherwise lacks. Stands before the command.
const MACHINE_FOLDER: &str = "--machine-folder";
/// `NAME:PORT=ADDRESS:PORT`: a public host of this name, whose port is answered by what listens at that address here. Stands
/// before the command.
const SITE: &str = "--site";
/// Where the hosts of `--site` are: a public address of nobody's.
const SITE_ADDRESS: &str = "93.184.216.34";

/// A desktop in memory with the files of the system that this program runs on.
struct FakeMachine {
    desktop: FakeDesktop,
    owner: FakeOwner,
    folder: Option<PathBuf>,
}

impl Machine for FakeMachine {
    fn ports(&self) -> anyhow::Result<Ports> {
        Ok(self.desktop.ports())
    }

    fn owner_ports(&self) -> PortResult<OwnerPorts> {
        Ok(self.owner.ports())
    }

    fn own_rights(&self) -> PortResult<OwnRights> {
        Ok(OwnRights { elevated: false, system: false, service_session: false })
    }

    fn file_trust(&self) -> Arc<dyn FileTrustPort> {
        ThisMachine.file_trust()
    }

    fn host(&self) -> Arc<dyn HostPort> {
        Arc::new(FakeHost::default())
    }

    fn policy_folder(&self) -> Option<PathBuf> {
        self.folder.clone()
    }

    fn rotate_wpf_secret(&self) -> PortResult<PathBuf> {
        Err(portcullis_platform::PortFault::Unsupported("the desktop in memory seals nothing".to_owned()))
    }

    fn work(&self, _kind: WorkerKind) -> anyhow::Result<ExitCode> {
        anyhow::bail!("unsupported_platform: the desktop in memory has no worker processes")
    }
}

fn put_site(desktop: &FakeDesktop, site: &str) -> Option<()> {
    let (from, to) = site.split_once('=')?;
    let (name, port) = from.split_once(':')?;
    desktop.put_host(name, &[SITE_ADDRESS]);
    desktop.put_route(SocketAddr::new(SITE_ADDRESS.parse().ok()?, port.parse().ok()?), to.parse().ok()?);
    Some(())
}

fn main() -> anyhow::Result<ExitCode> {
    let mut words: Vec<OsString> = std::env::args_os().collect();
    let mut machine = FakeMachine { desktop: FakeDesktop::demo(), owner: FakeOwner::default(), folder: None };
    // A drive with a folder, as every machine has, and a link to it.
    machine.desktop.put_folder(r"C:\work");
    machine.desktop.put_link(r"C:\link", r"C:\work");
    while let Some(word) = words.get(1) {
        if word == PANIC {
            #[expect(clippy::panic, reason = "a tool that panics is what the test wants")]
            machine.desktop.before_next(Call::Processes, |_| panic!("a defect of a port"));
        } else if word == MACHINE_FOLDER {
            words.remove(1);
            machine.folder = Some(words.get(1).context("--machine-folder needs a folder")?.into());
        } else if word == SITE {
            words.remove(1);
            let site = words.get(1).and_then(|word| word.to_str()).context("--site needs NAME:PORT=ADDRESS:PORT")?;
            put_site(&machine.desktop, site).context("--site needs NAME:PORT=ADDRESS:PORT")?;
        } else {
            break;
        }
        words.remove(1);
    }
    Ok(portcullis::run(&machine, words))
}
