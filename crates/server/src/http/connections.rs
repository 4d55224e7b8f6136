//! The table of open connections and its caps, in all and for each address. When it is full, a connection that waits without
//! a request makes room, first one that never showed a good credential: who holds connections open keeps nobody out.

use crate::tls::ShownCertificate;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::futures::Notified;
use tokio::sync::{Notify, oneshot};
use tokio::time::sleep;

/// Connections at once.
pub(super) const CONNECTION_CAP: usize = 512;
/// Connections at once from one address that is no listed proxy.
pub(super) const ADDRESS_CAP: usize = 256;

/// One connection, as its requests and the table know it.
#[derive(Debug)]
pub(super) struct Connection {
    /// The other end.
    pub(super) peer: SocketAddr,
    /// This end.
    pub(super) local: SocketAddr,
    /// This end, as a Host header names it.
    pub(super) authority: String,
    /// Whether a request's body did not come in time.
    pub(super) body_late: AtomicBool,
    /// The certificate that the client showed and proved in the handshake of TLS.
    pub(super) certificate: OnceLock<ShownCertificate>,
    requests: AtomicUsize,
    known: AtomicBool,
    /// Milliseconds of the table's clock.
    idle_since: AtomicU64,
    began: Instant,
}

/// A request under way, from its head to the last byte of its answer.
pub(super) struct UnderWay(Arc<Connection>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.idle_since.store(self.0.now(), Ordering::Relaxed);
        self.0.requests.fetch_sub(1, Ordering::Release);
    }
}

impl Connection {
    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// A request has come.
    pub(super) fn begin(self: &Arc<Self>) -> UnderWay {
        self.requests.fetch_add(1, Ordering::Acquire);
        UnderWay(Arc::clone(self))
    }

    /// A request had a good credential.
    pub(super) fn is_known(&self) {
        self.known.store(true, Ordering::Relaxed);
    }
}

/// How a connection is told to end. Looked at with every byte that comes, so it must cost next to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// At once: its place is wanted, or it waited too long.
    Now,
    /// When what is under way is answered.
    AfterAnswer,
}

struct Entry {
    connection: Arc<Connection>,
    tell: oneshot::Sender<Ending>,
}

impl Entry {
    fn end(self, ending: Ending) {
        // A connection that has ended by itself no longer listens.
        let _ = self.tell.send(ending);
    }
}

/// The longest from a question for a beat to the beat.
pub(super) const BEAT: Duration = Duration::from_millis(25);

/// One timer for all who wait for no more than a moment: a timer for each would cost an answer more than the wait saves.
#[derive(Clone, Default)]
pub(super) struct Beat(Arc<Beating>);

#[derive(Default)]
struct Beating {
    told: Notify,
    is_due: AtomicBool,
}

impl Beat {
    /// Ends within [`BEAT`].
    pub(super) fn next(&self) -> Notified<'_> {
        // In this order: whoever finds a beat due is told of that one.
        let told = self.0.told.notified();
        if !self.0.is_due.swap(true, Ordering::SeqCst) {
            let beating = Arc::clone(&self.0);
            tokio::spawn(async move {
                sleep(BEAT).await;
                beating.is_due.store(false, Ordering::SeqCst);
                beating.told.notify_waiters();
            });
        }
        told
    }
}

/// All open connections.
pub(super) struct Connections {
    open: Mutex<Open>,
    /// What the heads of answers wait for at most.
    beat: Beat,
    began: Instant,
}

#[derive(Default)]
struct Open {
    next: u64,
    by_number: HashMap<u64, Entry>,
    by_address: HashMap<IpAddr, usize>,
}

/// A place in the table, given back when dropped.
pub(super) struct Place {
    table: Arc<Connections>,
    number: u64,
    address: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.table.open();
        open.by_number.remove(&self.number);
        if let Some(count) = open.by_address.get_mut(&self.address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.by_address.remove(&self.address);
            }
        }
    }
}

impl Connections {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { open: Mutex::default(), beat: Beat::default(), began: Instant::now() })
    }

    /// What the heads of answers wait for at most.
    pub(super) fn beat(&self) -> &Beat {
        &self.beat
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        // Each value is whole at every moment.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many are open.
    pub(super) fn count(&self) -> usize {
        self.open().by_number.len()
    }

    /// A place for a connection, if there is one or one can be made. `shared` peers, which are listed proxies, have no cap
    /// of their own.
    pub(super) fn admit(
        self: &Arc<Self>,
        peer: SocketAddr,
        local: SocketAddr,
        shared: bool,
    ) -> Option<(Arc<Connection>, oneshot::Receiver<Ending>, Place)> {
        let address = peer.ip().to_canonical();
        let local = SocketAddr::new(local.ip().to_canonical(), local.port());
        let mut open = self.open();
        let of_address = open.by_address.get(&address).copied().unwrap_or(0);
        if !shared && of_address >= ADDRESS_CAP {
            open.make_room(Some(address))?;
        } else if open.by_number.len() >= CONNECTION_CAP {
            open.make_room(None)?;
        }
        let number = open.next;
        open.next = number.wrapping_add(1);
        let connection = Arc::new(Connection {
            peer,
            local,
            authority: local.to_string(),
            body_late: AtomicBool::new(false),
            certificate: OnceLock::new(),
            requests: AtomicUsize::new(0),
            known: AtomicBool::new(false),
            idle_since: AtomicU64::new(0),
            began: self.began,
        });
        connection.idle_since.store(connection.now(), Ordering::Relaxed);
        let (tell, told) = oneshot::channel();
        open.by_number.insert(number, Entry { connection: Arc::clone(&connection), tell });
        let count = open.by_address.entry(address).or_default();
        *count = count.saturating_add(1);
        drop(open);
        Some((connection, told, Place { table: Arc::clone(self), number, address }))
    }
}

impl Connections {
    /// Ends connections that have waited for the head of a request, or for the handshake of TLS, for so long. One look at all
    /// costs less than a timer for each request.
    pub(super) fn end_idle(&self, limit: Duration) {
        let limit = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let waits = |connection: &Connection| {
            connection.requests.load(Ordering::Acquire) == 0
                && now.saturating_sub(connection.idle_since.load(Ordering::Relaxed)) >= limit
        };
        for (_, entry) in self.open().by_number.extract_if(|_, entry| waits(&entry.connection)) {
            entry.end(Ending::Now);
        }
    }

    /// Ends all connections in order.
    pub(super) fn end_all(&self) {
        for (_, entry) in self.open().by_number.drain() {
            entry.end(Ending::AfterAnswer);
        }
    }
}

impl Open {
    /// Tells one idle connection, of `address` if one is named, to close, and takes it out. Its place's own end finds it gone.
    fn make_room(&mut self, address: Option<IpAddr>) -> Option<()> {
        let idle = self.by_number.iter().filter(|(_, Entry { connection, .. })| {
            connection.requests.load(Ordering::Acquire) == 0
                && address.is_none_or(|address| connection.peer.ip().to_canonical() == address)
        });
        let oldest = idle.min_by_key(|(number, Entry { connection, .. })| {
            (connection.known.load(Ordering::Relaxed), connection.idle_since.load(Ordering::Relaxed), **number)
        });
        let number = *oldest?.0;
        self.by_number.remove(&number)?.end(Ending::Now);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(last: u8, port: usize) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, last], u16::try_from(port).unwrap()))
    }

    fn admit(table: &Arc<Connections>, last: u8, port: usize) -> Option<(Arc<Connection>, Place)> {
        let (connection, _, place) = table.admit(peer(last, port), peer(0, 1), false)?;
        Some((connection, place))
    }

    fn is_told(table: &Connections, connection: &Arc<Connection>) -> bool {
        !table.open().by_number.values().any(|open| Arc::ptr_eq(&open.connection, connection))
    }

    #[test]
    fn at_an_addresss_cap_its_longest_idle_stranger_makes_room() {
        let table = Connections::new();
        let mut open: Vec<_> = (0..ADDRESS_CAP).map(|port| admit(&table, 1, port).unwrap()).collect();
        open[0].0.is_known();
        let busy = open[1].0.begin();
        let other = admit(&table, 2, 0).unwrap();
        let late = admit(&table, 1, 9_000).unwrap();
        assert!(
            !is_told(&table, &open[0].0)
                && !is_told(&table, &open[1].0)
                && is_told(&table, &open[2].0)
                && !is_told(&table, &open[3].0)
        );
        assert!(!is_told(&table, &other.0) && !is_told(&table, &late.0));
        assert_eq!(table.count(), ADDRESS_CAP + 1);
        drop(open.remove(2));
        drop((busy, open, other, late));
        assert_eq!(table.count(), 0);
        assert!(table.open().by_address.is_empty());
    }

    #[test]
    fn who_waits_too_long_is_ended_and_who_works_is_not() {
        let table = Connections::new();
        let (idle, busy) = (admit(&table, 1, 1).unwrap(), admit(&table, 1, 2).unwrap());
        let _request = busy.0.begin();
        table.end_idle(Duration::from_secs(3_600));
        assert!(!is_told(&table, &idle.0));
        table.end_idle(Duration::ZERO);
        assert!(is_told(&table, &idle.0) && !is_told(&table, &busy.0));
        table.end_all();
        assert!(is_told(&table, &busy.0));
    }

    #[test]
    fn where_all_work_nobody_is_let_in() {
        let table = Connections::new();
        let open: Vec<_> = (0..ADDRESS_CAP).map(|port| admit(&table, 1, port).unwrap()).collect();
        let _busy: Vec<_> = open.iter().map(|(connection, _)| connection.begin()).collect();
        assert!(admit(&table, 1, 9_000).is_none());
        assert!(table.admit(peer(1, 9_000), peer(0, 1), true).is_some(), "a proxy has the cap of all alone");
    }

    #[test]
    fn at_the_cap_of_all_the_longest_idle_of_any_address_makes_room() {
        let table = Connections::new();
        let open: Vec<_> = (0..CONNECTION_CAP)
            .map(|number| admit(&table, u8::try_from(number % 4).unwrap(), number).unwrap())
            .collect();
        let _late = admit(&table, 9, 1).unwrap();
        assert_eq!(table.count(), CONNECTION_CAP);
        assert_eq!(open.iter().position(|(connection, _)| is_told(&table, connection)), Some(0));
    }
}
