//! One pipe for one inspector: a name of 128 random bits, which must be new, for this user alone and from this machine alone.
//! Reading and writing are overlapped, so that neither waits for the other.

use crate::identity::{failed, last_error, process_start};
use crate::security::{OwnedHandle, UserOnly};
use portcullis_model::{Cancel, Deadline, ProcessId};
use portcullis_platform::{InspectorPipe, PipeEnd, PortFault, PortResult};
use std::time::Duration;
use windows::Win32::Foundation::{
    ERROR_ALREADY_EXISTS, ERROR_BROKEN_PIPE, ERROR_FILE_NOT_FOUND, ERROR_IO_PENDING, ERROR_NO_DATA,
    ERROR_OPERATION_ABORTED, ERROR_PIPE_CONNECTED, ERROR_PIPE_NOT_CONNECTED, ERROR_SEM_TIMEOUT, GetLastError, HANDLE,
    INVALID_HANDLE_VALUE, WAIT_OBJECT_0, WIN32_ERROR,
};
use windows::Win32::Security::Cryptography::{BCRYPT_USE_SYSTEM_PREFERRED_RNG, BCryptGenRandom};
use windows::Win32::Storage::FileSystem::{
    CreateFileW, FILE_FLAG_FIRST_PIPE_INSTANCE, FILE_FLAG_OVERLAPPED, FILE_GENERIC_READ, FILE_GENERIC_WRITE,
    FILE_SHARE_NONE, OPEN_EXISTING, PIPE_ACCESS_DUPLEX, ReadFile, SECURITY_IDENTIFICATION, SECURITY_SQOS_PRESENT,
    WriteFile,
};
use windows::Win32::System::IO::{CancelIoEx, GetOverlappedResult, OVERLAPPED};
use windows::Win32::System::Pipes::{
    ConnectNamedPipe, CreateNamedPipeW, DisconnectNamedPipe, GetNamedPipeClientProcessId, GetNamedPipeServerProcessId,
    PIPE_READMODE_BYTE, PIPE_REJECT_REMOTE_CLIENTS, PIPE_TYPE_BYTE, PIPE_WAIT, WaitNamedPipeW,
};
use windows::Win32::System::Threading::{CreateEventW, SetEvent, WaitForMultipleObjects};
use windows::core::HSTRING;

/// What the name begins with; the random part follows.
const NAME: &str = "portcullis-";
/// What the name begins with at which an application that opened itself is asked to call back (`RENDEZVOUS_NAME` of the
/// protocol); its process's number follows.
const SDK_NAME: &str = "portcullis-sdk-";
/// Bytes that the system keeps for each direction.
const BUFFER: u32 = 64 * 1024;
/// How long one look at a withdrawn call lasts.
const LOOK: Duration = Duration::from_millis(50);

/// A pipe that nobody has connected to.
pub(crate) struct Listening {
    name: String,
    pipe: OwnedHandle,
}

impl Listening {
    pub(crate) fn new() -> PortResult<Self> {
        let mut random = [0; 16];
        // SAFETY: the buffer is a local that outlives the call.
        let status = unsafe { BCryptGenRandom(None, &mut random, BCRYPT_USE_SYSTEM_PREFERRED_RNG) };
        status.ok().map_err(failed("BCryptGenRandom"))?;
        let digits: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        Self::named(format!("{NAME}{digits}"))
    }

    fn named(name: String) -> PortResult<Self> {
        let admitted = UserOnly::object()?;
        let attributes = admitted.attributes();
        // SAFETY: the name ends in NUL and the attributes outlive the call; the handle is owned below.
        let pipe = unsafe {
            CreateNamedPipeW(
                &HSTRING::from(format!(r"\\.\pipe\{name}")),
                PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE,
                PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS,
                1,
                BUFFER,
                BUFFER,
                0,
                Some(&attributes),
            )
        };
        let error = last_code();
        if pipe == INVALID_HANDLE_VALUE {
            return Err(last_error("CreateNamedPipeW"));
        }
        let pipe = OwnedHandle::new(pipe);
        // A handle to a pipe that somebody else made first, where the system gives one all the same.
        if error == ERROR_ALREADY_EXISTS {
            return Err(PortFault::System { call: "CreateNamedPipeW", code: error.0 });
        }
        Ok(Self { name, pipe })
    }
}

impl InspectorPipe for Listening {
    fn name(&self) -> &str {
        &self.name
    }

    fn accept(self: Box<Self>, deadline: Deadline, cancel: &Cancel) -> PortResult<Box<dyn PipeEnd>> {
        let end = End { pipe: self.pipe, closed: event()?, other: Other::Client };
        let connect = |pipe: HANDLE, io: &mut OVERLAPPED| {
            // SAFETY: the pipe is open and overlapped; `transfer` keeps the structure alive until the request is over.
            match unsafe { ConnectNamedPipe(pipe, Some(io)) } {
                Err(error) if error.code() == ERROR_PIPE_CONNECTED.to_hresult() => Ok(Begun::Done),
                other => begun(other),
            }
        };
        let mut request = end.begin("ConnectNamedPipe", connect)?;
        loop {
            if let Some(done) = request.wait(deadline.slice(LOOK).remaining())? {
                return match done {
                    Done::Bytes(_) => {
                        drop(request);
                        Ok(Box::new(end))
                    }
                    Done::Ended => Err(PortFault::Gone),
                };
            }
            cancel.check()?;
            if deadline.passed() {
                return Err(portcullis_model::CancelReason::Deadline.into());
            }
        }
    }
}

fn event() -> PortResult<OwnedHandle> {
    // SAFETY: no name and no attributes; the handle is owned by the value that is returned.
    unsafe { CreateEventW(None, true, false, None) }.map(OwnedHandle::new).map_err(failed("CreateEventW"))
}

/// How a request stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Begun {
    /// Its structure tells its end, which may have come at once.
    Pending,
    /// It is over, without bytes.
    Done,
    /// The other end is closed, or this one is.
    Ended,
}

/// What a request came to.
enum Done {
    Bytes(u32),
    Ended,
}

/// Whether it tells that one of the two ends is closed; the last of them is told of what is begun after a close here.
fn is_end(error: WIN32_ERROR) -> bool {
    [ERROR_BROKEN_PIPE, ERROR_NO_DATA, ERROR_OPERATION_ABORTED, ERROR_PIPE_NOT_CONNECTED].contains(&error)
}

fn begun(result: windows::core::Result<()>) -> windows::core::Result<Begun> {
    match result {
        Ok(()) => Ok(Begun::Pending),
        Err(error) => match WIN32_ERROR::from_error(&error) {
            Some(ERROR_IO_PENDING) => Ok(Begun::Pending),
            Some(code) if is_end(code) => Ok(Begun::Ended),
            _ => Err(error),
        },
    }
}

/// Who is at the other end of a pipe.
#[derive(Clone, Copy)]
enum Other {
    /// Whoever connected.
    Client,
    /// Whoever made it.
    Server,
}

/// What the pipe of an application that opened itself is called.
fn sdk_pipe(process: ProcessId) -> HSTRING {
    HSTRING::from(format!(r"\\.\pipe\{SDK_NAME}{}", process.number))
}

/// Whether an application has such a pipe.
pub(crate) fn opens_itself(process: ProcessId) -> bool {
    // SAFETY: the name ends in NUL and outlives the call, which waits for no longer than it must.
    let free = unsafe { WaitNamedPipeW(&sdk_pipe(process), 1) };
    // One that is talking to somebody else is there too.
    free.as_bool() || last_code() == ERROR_SEM_TIMEOUT
}

/// The thread's last error.
fn last_code() -> WIN32_ERROR {
    // SAFETY: no preconditions.
    unsafe { GetLastError() }
}

/// Connects to it; none when it is not there.
pub(crate) fn knock(process: ProcessId) -> PortResult<Option<Box<dyn PipeEnd>>> {
    let access = FILE_GENERIC_READ.0 | FILE_GENERIC_WRITE.0;
    // Its maker may ask who we are, and may not act as us.
    let flags = FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION;
    // SAFETY: the name ends in NUL and outlives the call; the handle is owned below.
    let pipe = unsafe { CreateFileW(&sdk_pipe(process), access, FILE_SHARE_NONE, None, OPEN_EXISTING, flags, None) };
    match pipe {
        Ok(pipe) => {
            let end = End { pipe: OwnedHandle::new(pipe), closed: event()?, other: Other::Server };
            Ok(Some(Box::new(end)))
        }
        Err(error) if error.code() == ERROR_FILE_NOT_FOUND.to_hresult() => Ok(None),
        Err(error) => Err(failed("CreateFileW")(error)),
    }
}

/// Our end of a pipe.
struct End {
    pipe: OwnedHandle,
    other: Other,
    /// Set when it is closed here: whoever waits is told.
    closed: OwnedHandle,
}

// SAFETY: kernel handles belong to the process, not to a thread, and the calls on them may be made by any.
unsafe impl Sync for End {}

/// A request under way. It is taken back and waited for when this is dropped, so that the system never writes into memory that
/// is used for something else by then.
struct Pending<'end> {
    end: &'end End,
    call: &'static str,
    io: Box<OVERLAPPED>,
    event: OwnedHandle,
    begun: Begun,
}

impl End {
    fn begin(
        &self,
        call: &'static str,
        begin: impl FnOnce(HANDLE, &mut OVERLAPPED) -> windows::core::Result<Begun>,
    ) -> PortResult<Pending<'_>> {
        let event = event()?;
        let mut io = Box::new(OVERLAPPED { hEvent: event.raw(), ..OVERLAPPED::default() });
        let begun = begin(self.pipe.raw(), &mut io).map_err(failed(call))?;
        Ok(Pending { end: self, call, io, event, begun })
    }
}

impl Pending<'_> {
    /// Waits for its end; none when it has not come within `wait`.
    fn wait(&mut self, wait: Duration) -> PortResult<Option<Done>> {
        match self.begun {
            Begun::Pending => {}
            Begun::Done => return Ok(Some(Done::Bytes(0))),
            Begun::Ended => return Ok(Some(Done::Ended)),
        }
        let wait = u32::try_from(wait.as_millis()).unwrap_or(u32::MAX - 1).max(1);
        // SAFETY: both handles are open.
        let woken = unsafe { WaitForMultipleObjects(&[self.end.closed.raw(), self.event.raw()], false, wait) };
        if woken == WAIT_OBJECT_0 { Ok(Some(Done::Ended)) } else { self.result(false) }
    }

    /// Takes it back, unless it came to its end meanwhile.
    fn take_back(&mut self) -> PortResult<Option<Done>> {
        if self.begun != Begun::Pending {
            return Ok(None);
        }
        // SAFETY: the structure is that of a request on this handle; one that is over already is no fault.
        unsafe { CancelIoEx(self.end.pipe.raw(), Some(&*self.io)) }.ok();
        self.result(true)
    }

    /// What it came to; none while it is under way, and when it was taken back.
    fn result(&mut self, wait: bool) -> PortResult<Option<Done>> {
        let mut count = 0;
        // SAFETY: the structure is that of the request, which was begun on this handle.
        let over = unsafe { GetOverlappedResult(self.end.pipe.raw(), &*self.io, &mut count, wait) };
        match over {
            Ok(()) => {
                self.begun = Begun::Done;
                Ok(Some(Done::Bytes(count)))
            }
            Err(error) if is_pending(&error) => Ok(None),
            Err(error) => {
                self.begun = Begun::Ended;
                match WIN32_ERROR::from_error(&error) {
                    Some(ERROR_OPERATION_ABORTED) if wait => Ok(None),
                    Some(code) if is_end(code) => Ok(Some(Done::Ended)),
                    _ => Err(failed(self.call)(error)),
                }
            }
        }
    }
}

fn is_pending(error: &windows::core::Error) -> bool {
    // `ERROR_IO_INCOMPLETE`, which is what a request under way is told as.
    const INCOMPLETE: WIN32_ERROR = WIN32_ERROR(996);
    WIN32_ERROR::from_error(error).is_some_and(|code| [ERROR_IO_PENDING, INCOMPLETE].contains(&code))
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        // The system answers every request that is taken back.
        self.take_back().ok();
    }
}

impl PipeEnd for End {
    fn peer(&self) -> PortResult<ProcessId> {
        let mut number = 0;
        match self.other {
            // SAFETY: the pipe is open and the out-pointer is a local.
            Other::Client => unsafe { GetNamedPipeClientProcessId(self.pipe.raw(), &mut number) }
                .map_err(failed("GetNamedPipeClientProcessId"))?,
            // SAFETY: as above.
            Other::Server => unsafe { GetNamedPipeServerProcessId(self.pipe.raw(), &mut number) }
                .map_err(failed("GetNamedPipeServerProcessId"))?,
        }
        let started = process_start(number).ok_or(PortFault::Gone)?;
        Ok(ProcessId { number, started })
    }

    fn read(&self, buffer: &mut [u8], wait: Duration) -> PortResult<Option<usize>> {
        let pointer: *mut [u8] = buffer;
        let mut request = self.begin("ReadFile", |pipe, io| {
            // SAFETY: the slice outlives the request, which is over before this function returns.
            let buffer = unsafe { &mut *pointer };
            // SAFETY: as above; the structure is kept by the request.
            begun(unsafe { ReadFile(pipe, Some(buffer), None, Some(io)) })
        })?;
        let done = match request.wait(wait)? {
            // What came at the last moment is not lost.
            None => request.take_back()?,
            done => done,
        };
        match done {
            None => Ok(None),
            Some(Done::Ended) => Ok(Some(0)),
            Some(Done::Bytes(count)) => Ok(Some(usize::try_from(count).unwrap_or(0))),
        }
    }

    fn write(&self, bytes: &[u8], wait: Duration) -> PortResult<()> {
        let deadline = Deadline::after(wait);
        let mut rest = bytes;
        while !rest.is_empty() {
            let piece = rest;
            let mut request = self.begin("WriteFile", |pipe, io| {
                // SAFETY: the slice outlives the request, which is over before this turn of the loop ends.
                begun(unsafe { WriteFile(pipe, Some(piece), None, Some(io)) })
            })?;
            match request.wait(deadline.remaining())? {
                None => return Err(PortFault::Hung),
                Some(Done::Ended) => return Err(PortFault::Gone),
                Some(Done::Bytes(count)) => {
                    drop(request);
                    rest = rest.get(usize::try_from(count).unwrap_or(0)..).unwrap_or_default();
                }
            }
        }
        Ok(())
    }

    fn close(&self) {
        // SAFETY: the event is open.
        unsafe { SetEvent(self.closed.raw()) }.ok();
        // The other side hears of it now, and not when the last who holds this end lets it go: one that only writes would wait
        // for a reader till then. Of a client's end the system refuses it.
        // SAFETY: the handle is open.
        unsafe { DisconnectNamedPipe(self.pipe.raw()) }.ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::OpenOptions;
    use std::io::{Read, Write};
    use std::thread;

    fn connected() -> (Box<dyn PipeEnd>, std::fs::File) {
        let listening = Listening::new().unwrap();
        let name = format!(r"\\.\pipe\{}", listening.name());
        let client = thread::spawn(move || OpenOptions::new().read(true).write(true).open(name).unwrap());
        let end = Box::new(listening).accept(Deadline::after(Duration::from_secs(5)), &Cancel::new()).unwrap();
        (end, client.join().unwrap())
    }

    #[test]
    fn the_other_side_hears_of_a_close_while_this_end_is_still_held() {
        let (end, mut client) = connected();
        end.close();
        assert!(client.write_all(&[0; 16]).is_err());
        drop(end);
    }

    #[test]
    fn both_ends_speak_and_the_client_is_who_the_system_says() {
        let (end, mut client) = connected();
        assert_eq!(end.peer().unwrap().number, std::process::id());
        client.write_all(b"hello").unwrap();
        let mut buffer = [0; 64];
        assert_eq!(end.read(&mut buffer, Duration::from_secs(5)).unwrap(), Some(5));
        assert_eq!(&buffer[..5], b"hello");
        assert_eq!(end.read(&mut buffer, Duration::from_millis(20)).unwrap(), None);
        let reader = thread::spawn(move || {
            let mut all = vec![0; 300_000];
            client.read_exact(&mut all).unwrap();
            client
        });
        end.write(&vec![7; 300_000], Duration::from_secs(5)).unwrap();
        drop(reader.join().unwrap());
        assert_eq!(end.read(&mut buffer, Duration::from_secs(5)).unwrap(), Some(0), "the other end is closed");
    }

    #[test]
    fn whoever_reads_is_told_when_it_is_closed_here() {
        let (end, _client) = connected();
        let mut buffer = [0; 8];
        thread::scope(|scope| {
            let reader = scope.spawn(|| end.read(&mut buffer, Duration::from_secs(30)).unwrap());
            end.close();
            assert_eq!(reader.join().unwrap(), Some(0));
        });
    }

    #[test]
    fn what_is_begun_after_a_close_here_is_told_of_it_too() {
        let (end, _client) = connected();
        end.close();
        assert_eq!(end.read(&mut [0; 8], Duration::from_secs(30)).unwrap(), Some(0));
        assert!(matches!(end.write(b"late", Duration::from_secs(30)), Err(PortFault::Gone)));
    }

    #[test]
    fn a_name_that_somebody_has_is_not_taken() {
        let squatted = Listening::named("portcullis-squatted".to_owned()).unwrap();
        assert!(Listening::named(squatted.name().to_owned()).is_err());
        let (one, other) = (Listening::new().unwrap(), Listening::new().unwrap());
        assert_ne!(one.name(), other.name());
    }

    #[test]
    fn a_wait_for_nobody_ends_in_time_and_when_it_is_withdrawn() {
        let listening = Box::new(Listening::new().unwrap());
        assert!(listening.accept(Deadline::after(Duration::from_millis(30)), &Cancel::new()).is_err());
        let withdrawn = Cancel::new();
        withdrawn.cancel(portcullis_model::CancelReason::Client);
        let listening = Box::new(Listening::new().unwrap());
        assert!(listening.accept(Deadline::after(Duration::from_secs(30)), &withdrawn).is_err());
    }
}
