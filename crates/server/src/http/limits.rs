//! How often: a growing penalty for an address that guesses at keys, and rates for principals and for whoever shows no good
//! key. Tables are capped; the clock is passed in, so that nothing here waits.

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use portcullis_model::{Digest, Principal};
use std::borrow::Borrow;
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Wrong keys of one address without a penalty: mistakes are made.
const FREE_GUESSES: u32 = 5;
/// The first penalty; each further guess doubles it.
const FIRST_PENALTY: Duration = Duration::from_secs(1);
/// The longest.
const PENALTY_CAP: Duration = Duration::from_secs(300);
/// After so long without a guess all is forgotten.
const FORGET_AFTER: Duration = Duration::from_secs(900);
/// Addresses that are remembered.
const ADDRESS_CAP: usize = 4_096;
/// Wrong keys that are remembered of an address: one that is sent again and again is stale and no guess.
const STALE_CAP: usize = 8;
/// What an address may ask in a second without a good key, and at once.
const STRANGER_RATE: u32 = 30;
const STRANGER_BURST: u32 = 120;
/// Principals whose rate is kept at once.
const PRINCIPAL_CAP: usize = 1_024;
/// The part of a minute's requests that may come at once.
const BURST_PART: u32 = 10;

/// An address as far as one person has it: all of IPv4, the network of an IPv6 one (RFC 6177: a site has a /64 at least).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Site(IpAddr);

impl Site {
    pub(super) fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(six) if !six.is_loopback() => {
                IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() & !u128::from(u64::MAX)))
            }
            other => other,
        })
    }
}

struct Guesses {
    count: u32,
    last: Instant,
    until: Instant,
    stale: VecDeque<Digest>,
}

/// Addresses that guessed at keys.
#[derive(Default)]
pub(super) struct Penalties {
    table: Mutex<HashMap<Site, Guesses>>,
    /// How many the table has, so that requests of a server that nobody guesses at take no lock.
    count: AtomicUsize,
}

impl Penalties {
    fn table(&self) -> MutexGuard<'_, HashMap<Site, Guesses>> {
        // Each value is whole at every moment.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long the address must wait yet, if it must.
    pub(super) fn left(&self, site: Site, now: Instant) -> Option<Duration> {
        if self.count.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let left = self.table().get(&site)?.until.saturating_duration_since(now);
        (!left.is_zero()).then_some(left)
    }

    /// A wrong key came from there, with this digest when it was one key.
    pub(super) fn guess(&self, site: Site, key: Option<Digest>, now: Instant) {
        let mut table = self.table();
        table.retain(|_, guesses| now.saturating_duration_since(guesses.last) < FORGET_AFTER);
        if table.len() >= ADDRESS_CAP && !table.contains_key(&site) {
            let freest = table.iter().min_by_key(|(_, guesses)| (guesses.until, guesses.last)).map(|(site, _)| *site);
            freest.and_then(|freest| table.remove(&freest));
        }
        let new = || Guesses { count: 0, last: now, until: now, stale: VecDeque::new() };
        let guesses = table.entry(site).or_insert_with(new);
        let is_stale = key.is_some_and(|key| guesses.stale.contains(&key));
        if !is_stale {
            guesses.stale.extend(key);
            if guesses.stale.len() > STALE_CAP {
                guesses.stale.pop_front();
            }
            guesses.last = now;
            guesses.count = guesses.count.saturating_add(1);
            if let Some(over) = guesses.count.checked_sub(FREE_GUESSES.saturating_add(1)) {
                let factor = 1_u32.checked_shl(over).unwrap_or(u32::MAX);
                let penalty = FIRST_PENALTY.saturating_mul(factor).min(PENALTY_CAP);
                guesses.until = now.checked_add(penalty).unwrap_or(now);
            }
        }
        self.count.store(table.len(), Ordering::Relaxed);
    }
}

/// A rate for each of many, and a cap on how many.
struct Rates<K> {
    each: Mutex<HashMap<K, Arc<DefaultDirectRateLimiter>>>,
    quota: Quota,
    cap: usize,
}

impl<K: Hash + Eq> Rates<K> {
    fn new(quota: Quota, cap: usize) -> Self {
        Self { each: Mutex::default(), quota, cap }
    }

    /// How long to wait, when it is too much.
    fn take<Q: Hash + Eq + ToOwned<Owned = K> + ?Sized>(&self, who: &Q) -> Result<(), Duration>
    where
        K: Borrow<Q>,
    {
        let limiter = {
            let mut each = self.each.lock().unwrap_or_else(PoisonError::into_inner);
            match each.get(who) {
                Some(limiter) => Arc::clone(limiter),
                None => {
                    if each.len() >= self.cap {
                        // Who did not ask of late has its whole rate again and need not be remembered.
                        each.retain(|_, limiter| !matches!(limiter.check_n(self.quota.burst_size()), Ok(Ok(()))));
                    }
                    if each.len() >= self.cap {
                        return Err(FIRST_PENALTY);
                    }
                    let limiter = Arc::new(RateLimiter::direct(self.quota));
                    each.insert(who.to_owned(), Arc::clone(&limiter));
                    limiter
                }
            }
        };
        limiter.check().map_err(|not_yet| not_yet.wait_time_from(DefaultClock::default().now()))
    }
}

/// All limits of one server.
pub(super) struct Limits {
    pub(super) penalties: Penalties,
    strangers: Rates<Site>,
    principals: Rates<String>,
}

impl Limits {
    /// With so many requests a minute for each principal.
    pub(super) fn new(rate: u32) -> Self {
        let some = |count| NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
        let of_strangers = Quota::per_second(some(STRANGER_RATE)).allow_burst(some(STRANGER_BURST));
        let of_principals = Quota::per_minute(some(rate)).allow_burst(some(rate / BURST_PART));
        Self {
            penalties: Penalties::default(),
            strangers: Rates::new(of_strangers, ADDRESS_CAP),
            principals: Rates::new(of_principals, PRINCIPAL_CAP),
        }
    }

    /// One request without a good key; how long to wait when there were too many.
    pub(super) fn stranger(&self, site: Site) -> Result<(), Duration> {
        self.strangers.take(&site)
    }

    /// One request of a principal; how long to wait when there were too many.
    pub(super) fn principal(&self, principal: &Principal) -> Result<(), Duration> {
        self.principals.take(principal.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_model::Scope;

    fn site(text: &str) -> Site {
        Site::of(text.parse().unwrap())
    }

    fn key(number: u32) -> Option<Digest> {
        Some(Digest::of(&number.to_le_bytes()))
    }

    #[test]
    fn a_penalty_grows_to_its_cap_and_is_forgotten() {
        let (penalties, home, other) = (Penalties::default(), site("127.0.0.1"), site("127.0.0.2"));
        let mut now = Instant::now();
        let mut seconds = Vec::new();
        for number in 0..16 {
            penalties.guess(home, key(number), now);
            seconds.push(penalties.left(home, now).map_or(0, |left| left.as_secs()));
            now += penalties.left(home, now).unwrap_or_default();
            assert_eq!(penalties.left(home, now), None);
        }
        assert_eq!(seconds, [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert_eq!(penalties.left(other, now), None);
        now += FORGET_AFTER;
        penalties.guess(home, key(99), now);
        assert_eq!(penalties.left(home, now), None);
    }

    #[test]
    fn a_stale_key_is_no_guess_and_two_keys_at_once_are_one_each_time() {
        let (penalties, home, now) = (Penalties::default(), site("10.0.0.1"), Instant::now());
        for _ in 0..100 {
            penalties.guess(home, key(1), now);
        }
        assert_eq!(penalties.left(home, now), None);
        for _ in 0..FREE_GUESSES {
            penalties.guess(home, None, now);
        }
        assert_eq!(penalties.left(home, now), Some(FIRST_PENALTY));
    }

    #[test]
    fn the_table_is_capped_and_the_freest_is_forgotten_first() {
        let (penalties, now) = (Penalties::default(), Instant::now());
        let guessing = site("10.0.0.1");
        for number in 0..=FREE_GUESSES {
            penalties.guess(guessing, key(number), now);
        }
        for number in 0..u32::try_from(ADDRESS_CAP).unwrap() + 10 {
            penalties.guess(Site::of(IpAddr::V4((0x0b00_0000 + number).into())), key(1), now);
        }
        assert_eq!(penalties.table().len(), ADDRESS_CAP);
        assert!(penalties.left(guessing, now).is_some(), "others' guesses set it free");
    }

    #[test]
    fn an_ipv6_site_is_one_however_many_addresses_it_has() {
        assert_eq!(site("2001:db8:1:2:3:4:5:6"), site("2001:db8:1:2::1"));
        assert_ne!(site("2001:db8:1:3::1"), site("2001:db8:1:2::1"));
        assert_eq!(site("::ffff:10.0.0.1"), site("10.0.0.1"));
        assert_ne!(site("10.0.0.1"), site("10.0.0.2"));
        assert_ne!(site("::1"), site("::2"));
    }

    #[test]
    fn rates_are_each_ones_own_and_their_table_is_capped() {
        let limits = Limits::new(60);
        let one = Principal::key("one", [Scope::Observe]);
        let taken = (0..100).take_while(|_| limits.principal(&one).is_ok()).count();
        assert!((6..10).contains(&taken), "{taken} at once of 60 a minute");
        assert!(limits.principal(&one).unwrap_err() <= Duration::from_secs(1));
        assert!(limits.principal(&Principal::key("two", [])).is_ok());
        for number in 0..PRINCIPAL_CAP * 2 {
            let _ = limits.principal(&Principal::key(&format!("p{number}"), []));
        }
        // A new rate would let through six at once; the old one lets through one for each second that this takes.
        let again = (0..100).take_while(|_| limits.principal(&one).is_ok()).count();
        assert!(again < 6, "others' requests gave it a new rate");
        assert!(limits.principals.each.lock().unwrap().len() <= PRINCIPAL_CAP);
        let stranger = site("10.0.0.1");
        let taken = (0..1_000).take_while(|_| limits.stranger(stranger).is_ok()).count();
        assert!((120..150).contains(&taken), "{taken} at once without a key");
    }
}
