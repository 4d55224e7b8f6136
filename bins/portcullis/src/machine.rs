//! Which machine the command line works on: its ports, what its owner has to it, and who may write its files. The product's
//! machine is the one that it runs on; a test hands in another. The only place outside the platform crates that asks which
//! system this is.

use portcullis_config::Place;
use portcullis_platform::{FileTrustPort, HostPort, Keepers, OwnRights, OwnerPorts, PortResult, Ports};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// What a worker process works at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum WorkerKind {
    /// Reading and operating controls through UI Automation
    Automation,
    /// Loading the inspector into a WPF application
    WpfLoad,
    /// Running a shell in a console that speaks UTF-8
    Console,
}

/// A machine as the command line needs one.
pub trait Machine: Send + Sync {
    /// Its desktop; an error says why there is none that can be operated.
    fn ports(&self) -> anyhow::Result<Ports>;

    /// What the owner has to its session; `Unsupported` where there is no session that a stop could reach.
    fn owner_ports(&self) -> PortResult<OwnerPorts>;

    /// With which rights this process was started; `Unsupported` where no desktop is operated, so that none are too many.
    fn own_rights(&self) -> PortResult<OwnRights>;

    /// Who can write a file.
    fn file_trust(&self) -> Arc<dyn FileTrustPort>;

    /// What its owner asks about it before it is opened to agents.
    fn host(&self) -> Arc<dyn HostPort>;

    /// The machine's folder for the policy file.
    fn policy_folder(&self) -> Option<PathBuf>;

    /// Makes a new secret for WPF applications that open themselves, and says where it is kept.
    fn rotate_wpf_secret(&self) -> PortResult<PathBuf>;

    /// Works for a server that started this process, until that server ends.
    fn work(&self, kind: WorkerKind) -> anyhow::Result<ExitCode>;
}

/// Fails when others than its keepers can write the file or its folder.
pub(crate) fn trust(port: &dyn FileTrustPort, path: &Path, place: Place) -> Result<(), String> {
    let keepers = match place {
        Place::Machine => Keepers::Administrators,
        Place::User => Keepers::User,
    };
    port.check(path, keepers).map_err(|distrust| distrust.to_string())
}

/// The machine that this process runs on.
#[derive(Clone, Copy, Debug)]
pub struct ThisMachine;

impl ThisMachine {
    /// What must hold before anything else of the program runs. An error says why it must not run.
    #[cfg(windows)]
    pub fn settle(self) -> PortResult<()> {
        portcullis_platform_windows::search_system_folder_alone()
    }

    /// What must hold before anything else of the program runs: nothing here.
    #[cfg(not(windows))]
    pub fn settle(self) -> PortResult<()> {
        Ok(())
    }
}

#[cfg(windows)]
impl Machine for ThisMachine {
    fn ports(&self) -> anyhow::Result<Ports> {
        Ok(portcullis_platform_windows::ports(Arc::<crate::loader::ExeLoader>::default()))
    }

    fn owner_ports(&self) -> PortResult<OwnerPorts> {
        portcullis_platform_windows::owner_ports()
    }

    fn own_rights(&self) -> PortResult<OwnRights> {
        portcullis_platform_windows::own_rights()
    }

    fn file_trust(&self) -> Arc<dyn FileTrustPort> {
        Arc::new(portcullis_platform_windows::AccessLists)
    }

    fn host(&self) -> Arc<dyn HostPort> {
        Arc::new(portcullis_platform_windows::Win32Host)
    }

    /// It is asked of the system and not of the environment, which whoever starts the server makes: a ceiling that moves
    /// is none.
    fn policy_folder(&self) -> Option<PathBuf> {
        portcullis_platform_windows::program_data().map(|folder| folder.join("Portcullis"))
    }

    fn rotate_wpf_secret(&self) -> PortResult<PathBuf> {
        portcullis_platform_windows::rotate_sdk_secret()
    }

    fn work(&self, kind: WorkerKind) -> anyhow::Result<ExitCode> {
        match kind {
            WorkerKind::Automation => {
                let in_order = portcullis_platform_windows::run_automation_worker();
                Ok(if in_order { ExitCode::SUCCESS } else { ExitCode::FAILURE })
            }
            WorkerKind::WpfLoad => {
                let in_order = portcullis_wpf_loader::run_worker();
                Ok(if in_order { ExitCode::SUCCESS } else { ExitCode::FAILURE })
            }
            // A shell's exit code has 32 bits, which no `ExitCode` holds.
            WorkerKind::Console => std::process::exit(portcullis_platform_windows::run_console_worker().cast_signed()),
        }
    }
}

#[cfg(not(windows))]
impl Machine for ThisMachine {
    fn ports(&self) -> anyhow::Result<Ports> {
        anyhow::bail!(
            "unsupported_platform: this system has no Windows desktop. Run the server on Windows, or in the lab: \
             `cargo xtask lab serve` and `cargo xtask lab stdio`"
        )
    }

    fn owner_ports(&self) -> PortResult<OwnerPorts> {
        Err(unsupported("stop or resume: this system has no Windows session"))
    }

    fn own_rights(&self) -> PortResult<OwnRights> {
        Err(unsupported("tell its rights: this system has no Windows token"))
    }

    fn file_trust(&self) -> Arc<dyn FileTrustPort> {
        Arc::new(crate::trust::ModeBits)
    }

    fn host(&self) -> Arc<dyn HostPort> {
        Arc::new(NoWindows)
    }

    fn policy_folder(&self) -> Option<PathBuf> {
        Some(PathBuf::from("/etc/portcullis"))
    }

    fn rotate_wpf_secret(&self) -> PortResult<PathBuf> {
        Err(unsupported("make the secret of WPF applications: this system has no WPF"))
    }

    fn work(&self, kind: WorkerKind) -> anyhow::Result<ExitCode> {
        match kind {
            WorkerKind::Automation => anyhow::bail!("unsupported_platform: this system has no UI Automation"),
            WorkerKind::WpfLoad => anyhow::bail!("unsupported_platform: this system has no WPF"),
            WorkerKind::Console => anyhow::bail!("unsupported_platform: this system has no consoles of Windows"),
        }
    }
}

#[cfg(not(windows))]
fn unsupported(what: &str) -> portcullis_platform::PortFault {
    portcullis_platform::PortFault::Unsupported(what.to_owned())
}

/// A system that is no Windows.
#[cfg(not(windows))]
struct NoWindows;

#[cfg(not(windows))]
impl HostPort for NoWindows {
    fn edition(&self) -> PortResult<portcullis_platform::Edition> {
        Err(unsupported("tell its edition: this system is no Windows"))
    }

    fn firewall(&self, _rule: &str) -> PortResult<portcullis_platform::Firewall> {
        Err(unsupported("ask its firewall: this system is no Windows"))
    }
}
