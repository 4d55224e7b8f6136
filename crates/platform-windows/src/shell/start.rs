//! A process that is started with exactly three handles, in a job, without a window, and in the environment that its user has.
//! What it runs is the caller's; nothing here waits for it.

use crate::identity::failed;
use crate::job::Job;
use crate::security::{OwnedHandle, own_process};
use portcullis_platform::{FileFault, PortFault, PortResult};
use std::ffi::c_void;
use std::fs::File;
use std::io::PipeWriter;
use std::os::windows::io::AsRawHandle;
use windows::Win32::Foundation::{ERROR_DIRECTORY, HANDLE, HANDLE_FLAG_INHERIT, HANDLE_FLAGS, SetHandleInformation};
use windows::Win32::Security::{TOKEN_DUPLICATE, TOKEN_QUERY};
use windows::Win32::System::Environment::{CreateEnvironmentBlock, DestroyEnvironmentBlock};
use windows::Win32::System::Threading::{
    CREATE_NO_WINDOW, CREATE_SUSPENDED, CREATE_UNICODE_ENVIRONMENT, CreateProcessW, DeleteProcThreadAttributeList,
    EXTENDED_STARTUPINFO_PRESENT, InitializeProcThreadAttributeList, LPPROC_THREAD_ATTRIBUTE_LIST, OpenProcessToken,
    PROC_THREAD_ATTRIBUTE_HANDLE_LIST, PROCESS_CREATION_FLAGS, PROCESS_INFORMATION, ResumeThread, STARTF_USESTDHANDLES,
    STARTUPINFOEXW, STARTUPINFOW, TerminateProcess, UpdateProcThreadAttribute,
};
use windows::core::{HSTRING, PCWSTR, PWSTR};

/// 8-byte words of a list with one attribute (`InitializeProcThreadAttributeList` asks for 48 bytes).
const LIST_WORDS: usize = 32;
/// The process has a console that nobody sees, does not run before it is in its job, and gets the handles that are named.
pub(super) const FLAGS: PROCESS_CREATION_FLAGS = PROCESS_CREATION_FLAGS(
    CREATE_NO_WINDOW.0 | CREATE_SUSPENDED.0 | CREATE_UNICODE_ENVIRONMENT.0 | EXTENDED_STARTUPINFO_PRESENT.0,
);

/// The three handles that the process gets, and no other.
pub(crate) struct Streams {
    /// Where reading finds the end at once.
    pub(crate) input: File,
    pub(crate) output: PipeWriter,
    pub(crate) errors: PipeWriter,
}

impl Streams {
    fn handles(&self) -> [HANDLE; 3] {
        [self.input.as_raw_handle(), self.output.as_raw_handle(), self.errors.as_raw_handle()].map(HANDLE)
    }
}

/// Handles that a process may be given while this lives.
struct Inherited<'streams>(&'streams Streams);

impl<'streams> Inherited<'streams> {
    fn by_the_next_process(streams: &'streams Streams) -> PortResult<Self> {
        let inherited = Self(streams);
        inherited.set(HANDLE_FLAG_INHERIT)?;
        Ok(inherited)
    }

    fn set(&self, flags: HANDLE_FLAGS) -> PortResult<()> {
        for handle in self.0.handles() {
            // SAFETY: the handle is open as long as the streams are.
            unsafe { SetHandleInformation(handle, HANDLE_FLAG_INHERIT.0, flags) }
                .map_err(failed("SetHandleInformation"))?;
        }
        Ok(())
    }
}

impl Drop for Inherited<'_> {
    fn drop(&mut self) {
        // The handles are closed soon; a failure leaves nothing to do.
        let _ = self.set(HANDLE_FLAGS(0));
    }
}

/// A list of attributes with the handles that are inherited: without it a process would get every handle that may be.
struct HandleList {
    // Kept where they are: the list points to them.
    words: Box<[u64; LIST_WORDS]>,
    handles: Box<[HANDLE; 3]>,
}

impl HandleList {
    fn new(handles: [HANDLE; 3]) -> PortResult<Self> {
        let mut list = Self { words: Box::new([0; LIST_WORDS]), handles: Box::new(handles) };
        let mut size = size_of::<[u64; LIST_WORDS]>();
        // SAFETY: the buffer is as large as said, aligned to 8 bytes, and lives as long as the list.
        unsafe { InitializeProcThreadAttributeList(Some(list.raw()), 1, None, &mut size) }
            .map_err(failed("InitializeProcThreadAttributeList"))?;
        let attribute = usize::try_from(PROC_THREAD_ATTRIBUTE_HANDLE_LIST).unwrap_or(0);
        let (raw, value) = (list.raw(), std::ptr::from_ref(list.handles.as_ref()).cast::<c_void>());
        let bytes = size_of::<[HANDLE; 3]>();
        // SAFETY: the list was made for one attribute; the array that it points to lives in the list and does not move.
        unsafe { UpdateProcThreadAttribute(raw, 0, attribute, Some(value), bytes, None, None) }
            .map_err(failed("UpdateProcThreadAttribute"))?;
        Ok(list)
    }

    fn raw(&mut self) -> LPPROC_THREAD_ATTRIBUTE_LIST {
        LPPROC_THREAD_ATTRIBUTE_LIST(self.words.as_mut_ptr().cast())
    }
}

impl Drop for HandleList {
    fn drop(&mut self) {
        let raw = self.raw();
        // SAFETY: the list was initialised, or is all zero, which holds nothing to free; it is deleted once.
        unsafe { DeleteProcThreadAttributeList(raw) };
    }
}

/// The variables that a program of this user has when it is started afresh: those that the server was started with are the
/// client's, and some of them may be secrets.
struct Environment(*mut c_void);

impl Environment {
    fn of_the_user() -> PortResult<Self> {
        let process = crate::identity::ProcessHandle::query(own_process()).map_err(failed("OpenProcess"))?;
        let mut token = HANDLE::default();
        // SAFETY: the handle is open and the out-pointer is a local that outlives the call.
        unsafe { OpenProcessToken(process.raw(), TOKEN_QUERY | TOKEN_DUPLICATE, &mut token) }
            .map_err(failed("OpenProcessToken"))?;
        let token = OwnedHandle::new(token);
        let mut block = std::ptr::null_mut();
        // SAFETY: the token is open with the rights that the call documents; the out-pointer is a local.
        unsafe { CreateEnvironmentBlock(&mut block, Some(token.raw()), false) }
            .map_err(failed("CreateEnvironmentBlock"))?;
        Ok(Self(block))
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        // SAFETY: the block came from CreateEnvironmentBlock and is freed once. A failure leaves nothing to do.
        let _ = unsafe { DestroyEnvironmentBlock(self.0) };
    }
}

/// A process that runs, in a job that nothing else is in.
pub(crate) struct Started {
    pub(super) process: OwnedHandle,
    pub(super) job: Job,
}

/// Starts a command line. Its first part is the program's full path, in quotes.
pub(crate) fn start(line: &str, folder: &str, streams: Streams) -> PortResult<Started> {
    let job = Job::new()?;
    let environment = Environment::of_the_user()?;
    let mut list = HandleList::new(streams.handles())?;
    let [input, output, errors] = streams.handles();
    let startup = STARTUPINFOEXW {
        StartupInfo: STARTUPINFOW {
            cb: u32::try_from(size_of::<STARTUPINFOEXW>()).unwrap_or(0),
            dwFlags: STARTF_USESTDHANDLES,
            hStdInput: input,
            hStdOutput: output,
            hStdError: errors,
            ..STARTUPINFOW::default()
        },
        lpAttributeList: list.raw(),
    };
    let mut line: Vec<u16> = line.encode_utf16().chain([0]).collect();
    let folder = HSTRING::from(folder);
    let mut info = PROCESS_INFORMATION::default();
    let inherited = Inherited::by_the_next_process(&streams)?;
    // SAFETY: all texts end in NUL and outlive the call, as the block of variables and the structure do; the command line is
    // writable; the structure says by its size and the flags that it has a list of attributes.
    let made = unsafe {
        CreateProcessW(
            PCWSTR::null(),
            Some(PWSTR(line.as_mut_ptr())),
            None,
            None,
            true,
            FLAGS,
            Some(environment.0),
            &folder,
            std::ptr::from_ref(&startup).cast(),
            &mut info,
        )
    };
    drop(inherited);
    made.map_err(|error| {
        if error.code() == ERROR_DIRECTORY.to_hresult() {
            PortFault::from(FileFault::NotFolder)
        } else {
            failed("CreateProcessW")(error)
        }
    })?;
    let (process, thread) = (OwnedHandle::new(info.hProcess), OwnedHandle::new(info.hThread));
    if let Err(fault) = job.assign(process.raw()) {
        // It never ran: without the job nobody could end what it starts.
        // SAFETY: the handle is open, with all rights. A failure leaves a process that waits for ever, and nothing to do.
        let _ = unsafe { TerminateProcess(process.raw(), 1) };
        return Err(fault);
    }
    // SAFETY: the handle is open, with all rights.
    if unsafe { ResumeThread(thread.raw()) } == u32::MAX {
        return Err(crate::identity::last_error("ResumeThread"));
    }
    Ok(Started { process, job })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_waits_for_its_job_unseen_and_gets_the_handles_that_are_named() {
        for flag in [CREATE_NO_WINDOW, CREATE_SUSPENDED, EXTENDED_STARTUPINFO_PRESENT, CREATE_UNICODE_ENVIRONMENT] {
            assert!(FLAGS.contains(flag), "{flag:?}");
        }
    }
}
