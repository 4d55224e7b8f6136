//! A pipe in memory: two streams of bytes with a cap, whose ends wait for each other as those of a real pipe do. What is sent
//! on it is not known here.

use portcullis_model::ProcessId;
use portcullis_platform::{PipeEnd, PortFault, PortResult};
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Bytes that one direction holds.
const PIPE_CAP: usize = 256 * 1024;
/// `ERROR_NO_DATA`: the pipe is being closed.
const CLOSED: u32 = 232;

#[derive(Default)]
struct Bytes {
    held: VecDeque<u8>,
    closed: bool,
}

/// One direction.
#[derive(Default)]
struct Stream {
    bytes: Mutex<Bytes>,
    changed: Condvar,
}

impl Stream {
    fn lock(&self) -> MutexGuard<'_, Bytes> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_while(&self, wait: Duration, until: impl Fn(&Bytes) -> bool) -> MutexGuard<'_, Bytes> {
        let waited = self.changed.wait_timeout_while(self.lock(), wait, |bytes| !until(bytes));
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn read(&self, buffer: &mut [u8], wait: Duration) -> Option<usize> {
        let mut bytes = self.wait_while(wait, |bytes| bytes.closed || !bytes.held.is_empty());
        let mut count = 0;
        for (place, byte) in buffer.iter_mut().zip(bytes.held.iter()) {
            *place = *byte;
            count += 1;
        }
        bytes.held.drain(..count);
        let closed = bytes.closed;
        drop(bytes);
        self.changed.notify_all();
        if count > 0 || closed { Some(count) } else { None }
    }

    fn write(&self, mut rest: &[u8], wait: Duration) -> bool {
        let limit = Instant::now() + wait;
        while !rest.is_empty() {
            let left = limit.saturating_duration_since(Instant::now());
            let mut bytes = self.wait_while(left, |bytes| bytes.closed || bytes.held.len() < PIPE_CAP);
            let room = PIPE_CAP.saturating_sub(bytes.held.len()).min(rest.len());
            if bytes.closed || room == 0 {
                return false;
            }
            let (now, later) = rest.split_at(room);
            bytes.held.extend(now);
            rest = later;
            drop(bytes);
            self.changed.notify_all();
        }
        true
    }

    fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }
}

/// One end of a pipe.
#[derive(Clone)]
pub(super) struct End {
    peer: ProcessId,
    incoming: Arc<Stream>,
    outgoing: Arc<Stream>,
}

/// Both ends of a new pipe: the first sees `second` at the other end, the second `first`.
pub(super) fn pipe(first: ProcessId, second: ProcessId) -> (End, End) {
    let (to, from) = (Arc::<Stream>::default(), Arc::<Stream>::default());
    let server = End { peer: second, incoming: Arc::clone(&from), outgoing: Arc::clone(&to) };
    (server, End { peer: first, incoming: to, outgoing: from })
}

impl PipeEnd for End {
    fn peer(&self) -> PortResult<ProcessId> {
        Ok(self.peer)
    }

    fn read(&self, buffer: &mut [u8], wait: Duration) -> PortResult<Option<usize>> {
        Ok(self.incoming.read(buffer, wait))
    }

    fn write(&self, bytes: &[u8], wait: Duration) -> PortResult<()> {
        if self.outgoing.write(bytes, wait) {
            Ok(())
        } else {
            Err(PortFault::System { call: "WriteFile", code: CLOSED })
        }
    }

    fn close(&self) {
        self.incoming.close();
        self.outgoing.close();
    }
}
