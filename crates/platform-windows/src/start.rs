//! Processes that are started with exactly three handles, in a job from their first moment, and without a window: a command line of
//! a caller's, in the environment that its user has, and workers of our own exe. What they do is the caller's; nothing here
//! waits for it.

use crate::identity::failed;
use crate::job::Job;
use crate::security::{OwnedHandle, own_process};
use portcullis_platform::{FileFault, PortFault, PortResult};
use std::ffi::c_void;
use std::fs::OpenOptions;
use std::io::{self, PipeReader, PipeWriter};
use std::os::windows::io::AsRawHandle;
use std::sync::OnceLock;
use windows::Win32::Foundation::{
    ERROR_DIRECTORY, HANDLE, HANDLE_FLAG_INHERIT, HANDLE_FLAGS, SetHandleInformation, WAIT_TIMEOUT,
};
use windows::Win32::Security::{TOKEN_DUPLICATE, TOKEN_QUERY};
use windows::Win32::System::Environment::{CreateEnvironmentBlock, DestroyEnvironmentBlock};
use windows::Win32::System::Threading::{
    CREATE_NO_WINDOW, CREATE_UNICODE_ENVIRONMENT, CreateProcessW, DETACHED_PROCESS, DeleteProcThreadAttributeList,
    EXTENDED_STARTUPINFO_PRESENT, InitializeProcThreadAttributeList, LPPROC_THREAD_ATTRIBUTE_LIST, OpenProcessToken,
    PROC_THREAD_ATTRIBUTE_HANDLE_LIST, PROC_THREAD_ATTRIBUTE_JOB_LIST, PROCESS_CREATION_FLAGS, PROCESS_INFORMATION,
    STARTF_USESTDHANDLES, STARTUPINFOEXW, STARTUPINFOW, TerminateProcess, UpdateProcThreadAttribute,
    WaitForSingleObject,
};
use windows::core::{HSTRING, PCWSTR, PWSTR};

/// 8-byte words of a list with two attributes (`InitializeProcThreadAttributeList` asks for 72 bytes).
const LIST_WORDS: usize = 32;
/// What every process is started with: the attributes that name its handles and its job.
const COMMON: PROCESS_CREATION_FLAGS =
    PROCESS_CREATION_FLAGS(CREATE_UNICODE_ENVIRONMENT.0 | EXTENDED_STARTUPINFO_PRESENT.0);
/// A command line has a console that nobody sees.
const FLAGS: PROCESS_CREATION_FLAGS = PROCESS_CREATION_FLAGS(COMMON.0 | CREATE_NO_WINDOW.0);
/// A worker has pipes; for a console, even one without a window, Windows would start another program.
const WORKER_FLAGS: PROCESS_CREATION_FLAGS = PROCESS_CREATION_FLAGS(COMMON.0 | DETACHED_PROCESS.0);
/// What a worker is ended with.
const ENDED: u32 = 1;

/// The three handles that the process gets, and no other.
pub(crate) struct Streams {
    pub(crate) input: std::os::windows::io::OwnedHandle,
    pub(crate) output: std::os::windows::io::OwnedHandle,
    pub(crate) errors: std::os::windows::io::OwnedHandle,
}

impl Streams {
    fn handles(&self) -> [HANDLE; 3] {
        [&self.input, &self.output, &self.errors].map(|stream| HANDLE(stream.as_raw_handle()))
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

/// A list of attributes with the handles that are inherited, without which a process would get every handle that may be, and with
/// its job, into which it else came only after it was made: were we ended in between, it would outlive us.
struct Attributes {
    // Kept where they are: the list points to them.
    words: Box<[u64; LIST_WORDS]>,
    handles: Box<[HANDLE; 3]>,
    jobs: Box<[HANDLE; 1]>,
}

impl Attributes {
    fn new(handles: [HANDLE; 3], job: &Job) -> PortResult<Self> {
        let mut list =
            Self { words: Box::new([0; LIST_WORDS]), handles: Box::new(handles), jobs: Box::new([job.raw()]) };
        let mut size = size_of::<[u64; LIST_WORDS]>();
        // SAFETY: the buffer is as large as said, aligned to 8 bytes, and lives as long as the list.
        unsafe { InitializeProcThreadAttributeList(Some(list.raw()), 2, None, &mut size) }
            .map_err(failed("InitializeProcThreadAttributeList"))?;
        let handles = std::ptr::from_ref(list.handles.as_ref()).cast();
        list.add(PROC_THREAD_ATTRIBUTE_HANDLE_LIST, handles, size_of::<[HANDLE; 3]>())?;
        let jobs = std::ptr::from_ref(list.jobs.as_ref()).cast();
        list.add(PROC_THREAD_ATTRIBUTE_JOB_LIST, jobs, size_of::<[HANDLE; 1]>())?;
        Ok(list)
    }

    /// The value is an array of the list's own.
    fn add(&mut self, attribute: u32, value: *const c_void, bytes: usize) -> PortResult<()> {
        let attribute = usize::try_from(attribute).unwrap_or(0);
        // SAFETY: the list was made for as many attributes as it has arrays; those live in it and do not move.
        unsafe { UpdateProcThreadAttribute(self.raw(), 0, attribute, Some(value), bytes, None, None) }
            .map_err(failed("UpdateProcThreadAttribute"))
    }

    fn raw(&mut self) -> LPPROC_THREAD_ATTRIBUTE_LIST {
        LPPROC_THREAD_ATTRIBUTE_LIST(self.words.as_mut_ptr().cast())
    }
}

impl Drop for Attributes {
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
    pub(crate) process: OwnedHandle,
    pub(crate) job: Job,
}

/// How a process is made.
struct Plan<'plan> {
    /// Its first part is the program's full path, in quotes.
    line: &'plan str,
    /// Where it works; none for where we do.
    folder: Option<&'plan str>,
    /// Its variables; none for ours.
    environment: Option<Environment>,
    flags: PROCESS_CREATION_FLAGS,
}

/// Makes the process; it runs at once.
fn create(plan: Plan<'_>, streams: &Streams, job: &Job) -> PortResult<OwnedHandle> {
    let mut list = Attributes::new(streams.handles(), job)?;
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
    let mut line: Vec<u16> = plan.line.encode_utf16().chain([0]).collect();
    let folder = plan.folder.map(HSTRING::from);
    let folder = folder.as_ref().map_or(PCWSTR::null(), |folder| PCWSTR(folder.as_ptr()));
    let environment = plan.environment.as_ref().map(|environment| environment.0.cast_const());
    let mut info = PROCESS_INFORMATION::default();
    let inherited = Inherited::by_the_next_process(streams)?;
    // SAFETY: all texts end in NUL and outlive the call, as the block of variables and the structure do; the command line is
    // writable; the structure says by its size and the flags that it has a list of attributes.
    let made = unsafe {
        CreateProcessW(
            PCWSTR::null(),
            Some(PWSTR(line.as_mut_ptr())),
            None,
            None,
            true,
            plan.flags,
            environment,
            folder,
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
    let (process, _thread) = (OwnedHandle::new(info.hProcess), OwnedHandle::new(info.hThread));
    Ok(process)
}

/// Starts a command line. Its first part is the program's full path, in quotes.
pub(crate) fn start(line: &str, folder: &str, streams: Streams) -> PortResult<Started> {
    let job = Job::new()?;
    let environment = Some(Environment::of_the_user()?);
    let process = create(Plan { line, folder: Some(folder), environment, flags: FLAGS }, &streams, &job)?;
    Ok(Started { process, job })
}

/// A worker: our own exe with a hidden subcommand, and its two pipes. It does not outlive this, nor us, however we end.
#[derive(Debug)]
pub struct OwnWorker {
    process: OwnedHandle,
    /// What it reads; dropped, it reads the end.
    pub input: Option<PipeWriter>,
    /// What it writes.
    pub output: Option<PipeReader>,
}

impl OwnWorker {
    /// Starts one by the words of its subcommand, which need no quotes.
    pub fn start(words: &[&str]) -> PortResult<Self> {
        static JOB: OnceLock<Option<Job>> = OnceLock::new();
        let job = JOB.get_or_init(|| Job::new().ok()).as_ref();
        let job = job.ok_or(PortFault::Unsupported("no job can be had for a worker".to_owned()))?;
        let trouble = |error: io::Error| PortFault::Unsupported(format!("a worker does not start ({})", error.kind()));
        let exe = std::env::current_exe().map_err(trouble)?;
        let line = format!("\"{}\" {}", exe.display(), words.join(" "));
        let ((read, input), (output, write)) = (io::pipe().map_err(trouble)?, io::pipe().map_err(trouble)?);
        let nowhere = OpenOptions::new().write(true).open("NUL").map_err(trouble)?;
        let streams = Streams { input: read.into(), output: write.into(), errors: nowhere.into() };
        let process =
            create(Plan { line: &line, folder: None, environment: None, flags: WORKER_FLAGS }, &streams, job)?;
        Ok(Self { process, input: Some(input), output: Some(output) })
    }

    /// Whether its process still runs.
    pub fn is_alive(&self) -> bool {
        // SAFETY: the handle is open.
        unsafe { WaitForSingleObject(self.process.raw(), 0) == WAIT_TIMEOUT }
    }
}

impl Drop for OwnWorker {
    fn drop(&mut self) {
        // It may hang inside a call of COM, so it is terminated and not asked to end. It may have ended already.
        // SAFETY: the handle is open, with all rights.
        let _ = unsafe { TerminateProcess(self.process.raw(), ENDED) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_is_unseen_and_gets_the_handles_and_the_job_that_are_named() {
        for flags in [FLAGS, WORKER_FLAGS] {
            assert!(flags.contains(EXTENDED_STARTUPINFO_PRESENT) && flags.contains(CREATE_UNICODE_ENVIRONMENT));
        }
        assert!(FLAGS.contains(CREATE_NO_WINDOW) && WORKER_FLAGS.contains(DETACHED_PROCESS));
    }
}
