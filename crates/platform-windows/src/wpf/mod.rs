//! WPF applications: which processes show windows of WPF, what is known of one that is held, and the pipe to its inspector.
//! Nothing is loaded here, and nothing is said on the pipe.

mod application;
mod pipe;
mod secret;
mod signer;

pub(crate) use secret::rotate as rotate_sdk_secret;

use crate::identity::{class_name, hwnd, process_start};
use crate::security::own_process;
use crate::toplevel::Win32Windows;
use application::Held;
use portcullis_model::ProcessId;
use portcullis_platform::{
    HeldApplication, InspectorPipe, PipeEnd, PortFault, PortResult, WindowPort, WpfPort, WpfProcess,
};

/// What the names of the classes begin with under which WPF makes its windows (`HwndWrapper` in PresentationCore).
const WPF_CLASS: &str = "HwndWrapper[";

/// The WPF applications of this session.
pub(crate) struct Win32Wpf;

impl WpfPort for Win32Wpf {
    fn processes(&self, cap: usize) -> PortResult<(Vec<WpfProcess>, bool)> {
        let mut found: Vec<WpfProcess> = Vec::new();
        let is_wpf = |handle: u64| class_name(hwnd(handle)).starts_with(WPF_CLASS);
        for window in Win32Windows.identities().into_iter().filter(|window| is_wpf(window.handle)) {
            let process = ProcessId { number: window.process, started: window.process_start };
            if let Some(known) = found.iter_mut().find(|known| known.process == process) {
                known.windows.push(window);
            } else if found.len() >= cap {
                return Ok((found, true));
            } else {
                found.push(WpfProcess { process, windows: vec![window] });
            }
        }
        Ok((found, false))
    }

    fn hold(&self, process: ProcessId) -> PortResult<Option<Box<dyn HeldApplication>>> {
        match Held::open(process)? {
            Some(held) => Ok(Some(Box::new(held))),
            None => Ok(None),
        }
    }

    fn listen(&self) -> PortResult<Box<dyn InspectorPipe>> {
        Ok(Box::new(pipe::Listening::new()?))
    }

    fn opens_itself(&self, process: ProcessId) -> bool {
        pipe::opens_itself(process)
    }

    fn knock(&self, process: ProcessId) -> PortResult<Option<Box<dyn PipeEnd>>> {
        pipe::knock(process)
    }

    fn sdk_secret(&self) -> PortResult<Option<Vec<u8>>> {
        secret::read()
    }

    fn runtime_version(&self, file: &str) -> Option<String> {
        application::version(file)
    }

    fn own(&self) -> PortResult<ProcessId> {
        let number = own_process();
        let started = process_start(number).ok_or(PortFault::System { call: "GetProcessTimes", code: 0 })?;
        Ok(ProcessId { number, started })
    }
}
