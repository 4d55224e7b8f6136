//! The channel: frames over TLS over the pipe. There is no way to send one without TLS. What frames say is not read here.

use portcullis_platform::{PipeEnd, PortFault};
use portcullis_wpf_protocol::{FrameDecoder, FrameKind, MalformedFrame, encode};
use rustls::ServerConnection;
use std::io::{ErrorKind, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long the other end may take to read what is sent.
const SEND_WAIT: Duration = Duration::from_secs(5);
/// Bytes that are read from the pipe at once.
const READ_SIZE: usize = 64 * 1024;
/// Bytes that are put into TLS at once.
const PIECE: usize = 16 * 1024;

/// Why the channel is of no use any more.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum ChannelFault {
    #[error("the other end closed it")]
    Ended,
    #[error("TLS broke")]
    Tls,
    #[error(transparent)]
    Port(PortFault),
    #[error(transparent)]
    Malformed(#[from] MalformedFrame),
    #[error("it was not secured in time")]
    Late,
}

/// A pipe end with TLS over it.
pub(crate) struct Channel {
    end: Arc<dyn PipeEnd>,
    tls: Mutex<ServerConnection>,
    /// Held from the making of bytes to their writing, so that they go out in the order in which TLS made them.
    turn: Mutex<()>,
}

impl Channel {
    /// Shakes hands. Nothing but TLS has been sent or read when this fails.
    pub(crate) fn secure(end: Arc<dyn PipeEnd>, tls: ServerConnection, limit: Instant) -> Result<Self, ChannelFault> {
        let channel = Self { end, tls: Mutex::new(tls), turn: Mutex::new(()) };
        let mut none = FrameDecoder::default();
        while channel.tls().is_handshaking() {
            let left = limit.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ChannelFault::Late);
            }
            channel.receive(&mut none, left)?;
        }
        Ok(channel)
    }

    fn tls(&self) -> std::sync::MutexGuard<'_, ServerConnection> {
        self.tls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what comes within `wait` into `frames`; whether anything came.
    pub(crate) fn receive(&self, frames: &mut FrameDecoder, wait: Duration) -> Result<bool, ChannelFault> {
        let mut buffer = vec![0; READ_SIZE];
        let count = match self.end.read(&mut buffer, wait).map_err(ChannelFault::Port)? {
            None => return Ok(false),
            Some(0) => return Err(ChannelFault::Ended),
            Some(count) => count,
        };
        let mut bytes = buffer.get(..count).unwrap_or_default();
        let mut answer = false;
        while !bytes.is_empty() {
            let mut tls = self.tls();
            tls.read_tls(&mut bytes).map_err(|_| ChannelFault::Tls)?;
            let state = tls.process_new_packets();
            answer |= tls.wants_write();
            state.map_err(|_| ChannelFault::Tls)?;
            let mut plain = [0; PIECE];
            loop {
                match tls.reader().read(&mut plain) {
                    Ok(0) => return Err(ChannelFault::Ended),
                    Ok(read) => frames.push(plain.get(..read).unwrap_or_default()),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(_) => return Err(ChannelFault::Tls),
                }
            }
        }
        if answer {
            self.flush(None)?;
        }
        Ok(true)
    }

    /// Sends a frame.
    pub(crate) fn send(&self, kind: FrameKind, body: &[u8]) -> Result<(), ChannelFault> {
        self.flush(Some(&encode(kind, body)?))
    }

    /// Sends what TLS has to say, after it took in `plain`.
    fn flush(&self, plain: Option<&[u8]>) -> Result<(), ChannelFault> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut out = Vec::new();
        let mut drain = |tls: &mut ServerConnection| {
            while tls.wants_write() {
                tls.write_tls(&mut out).map_err(|_| ChannelFault::Tls)?;
            }
            Ok::<(), ChannelFault>(())
        };
        {
            let mut tls = self.tls();
            for piece in plain.unwrap_or_default().chunks(PIECE) {
                tls.writer().write_all(piece).map_err(|_| ChannelFault::Tls)?;
                drain(&mut tls)?;
            }
            drain(&mut tls)?;
        }
        if out.is_empty() { Ok(()) } else { self.end.write(&out, SEND_WAIT).map_err(ChannelFault::Port) }
    }

    /// Closes it: whoever waits here is told at once.
    pub(crate) fn close(&self) {
        self.end.close();
    }
}
