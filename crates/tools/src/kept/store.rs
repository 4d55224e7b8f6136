//! Pictures, recordings and outputs that are kept for one caller: what may be kept, for how long, and what goes first when there is
//! too much. All of it is memory: nothing is left on a disk when the process ends, however it ends. Who may read what is
//! kept is for policy.

use portcullis_model::{Effect, Fault, FaultCode, Link, Part, ProcessId, Resource};
use portcullis_policy::{OutsidePermit, Permit, ToolRow};
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use time::OffsetDateTime;

/// Things kept for one caller at once.
const KEPT_CAP: usize = 100;
/// Bytes kept at once for one name, however many keys, clients or certificates it has.
const NAME_BYTES: usize = 64 * 1024 * 1024;
/// Bytes kept for all callers of a server at once.
const SERVER_BYTES: usize = 256 * 1024 * 1024;
/// Bytes of one thing.
pub(crate) const ITEM_BYTES: usize = 8_000_000;
/// How long a thing is kept.
const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// What the name of a kept picture begins with: ours, and what clients of the source system know.
const OWN_PREFIX: &str = "portcullis://shots/";
const WPF_PREFIX: &str = "wpf://screenshots/";
/// What the name of a kept text begins with.
const TEXT_PREFIX: &str = "portcullis://outputs/";
/// What a kept text is.
pub(crate) const TEXT: &str = "text/plain";

/// The name of one kept thing: 32 hexadecimal digits that nobody can guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeptId(u128);

impl KeptId {
    fn random() -> Result<Self, Fault> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)
            .map_err(|error| Fault::new(FaultCode::Internal, format!("the system gave no random bytes: {error}")))?;
        Ok(Self(u128::from_be_bytes(bytes)))
    }

    /// Reads `portcullis://shots/{id}`, `wpf://screenshots/{id}` or `portcullis://outputs/{id}`.
    pub(crate) fn parse(uri: &str) -> Result<Self, Fault> {
        let id = [OWN_PREFIX, WPF_PREFIX, TEXT_PREFIX].iter().find_map(|prefix| uri.strip_prefix(prefix));
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        id.filter(|id| id.len() == 32 && id.bytes().all(is_digit))
            .and_then(|id| u128::from_str_radix(id, 16).ok())
            .map(Self)
            .ok_or_else(|| {
                Fault::bad_argument(
                    "uri",
                    uri,
                    "it is portcullis://shots/ or portcullis://outputs/ and 32 hexadecimal digits in small letters",
                    "take it from the answer that told of it, or from ListResources",
                )
            })
    }
}

impl fmt::Display for KeptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Something to keep.
pub(crate) struct Artifact {
    /// What it shows, in a word of a file name: `screen`, `window`, `element`, `stdout`.
    pub(crate) of: &'static str,
    /// `image/png` and its like.
    pub(crate) mime: &'static str,
    /// The encoded bytes.
    pub(crate) bytes: Vec<u8>,
    /// Width and height in pixels, as encoded; of what is no picture none.
    pub(crate) pixels: Option<(u32, u32)>,
    /// The tool of whose answer it is a part, where the right to read it does not say so.
    pub(crate) of_tool: Option<ToolRow<'static>>,
}

/// Something that is kept, and the right by which it is read: who has it no more does not read it.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) id: KeptId,
    pub(crate) mime: &'static str,
    pub(crate) bytes: Vec<u8>,
    pub(crate) pixels: Option<(u32, u32)>,
    pub(crate) effect: Effect,
    pub(crate) resource: Resource,
    /// The tool whose answer it is a part of: to whom that is shut, so is this.
    pub(crate) of_tool: Option<ToolRow<'static>>,
    pub(crate) made_at: OffsetDateTime,
    of: &'static str,
    made: Instant,
    total: Arc<Total>,
}

impl Drop for Item {
    fn drop(&mut self) {
        self.total.give(self.bytes.len());
    }
}

impl Item {
    /// A name of a file for it.
    pub(crate) fn name(&self) -> String {
        let ending = match self.mime {
            TEXT => "txt",
            picture => picture.rsplit('/').next().unwrap_or("bin"),
        };
        format!("{}_{}.{ending}", self.of, self.id)
    }

    /// What it is asked for by.
    pub(crate) fn uri(&self) -> String {
        let prefix = if self.mime == TEXT { TEXT_PREFIX } else { OWN_PREFIX };
        format!("{prefix}{}", self.id)
    }

    /// What it is, in words.
    pub(crate) fn described(&self) -> String {
        let size = self.pixels.map(|(width, height)| format!(" {width}x{height}")).unwrap_or_default();
        format!("{}{size}, {} bytes", self.mime, self.bytes.len())
    }

    /// The word that leads to it.
    pub(crate) fn link(&self) -> Link {
        let size = u64::try_from(self.bytes.len()).unwrap_or(u64::MAX);
        Link { uri: self.uri(), name: self.name(), mime: self.mime, size }
    }

    /// It as a part of an answer: the link, and the same in words for clients that show their model no links.
    pub(crate) fn told(&self) -> [Part; 2] {
        let text = format!("kept as {} ({}) for 24 h at most; ReadResource shows it", self.uri(), self.described());
        [Part::Text(text), Part::Link(self.link())]
    }

    /// When it is deleted at the latest.
    pub(crate) fn expires_at(&self) -> OffsetDateTime {
        self.made_at.saturating_add(time::Duration::try_from(KEPT_FOR).unwrap_or(time::Duration::ZERO))
    }

    /// The application that it shows, when it was made by the inspector of one.
    fn application(&self) -> Option<ProcessId> {
        match &self.resource {
            Resource::WpfTarget { process, .. } => Some(*process),
            _ => None,
        }
    }
}

/// Bytes that are kept, and how many may be: for all callers of one server, or for those of one name among them.
#[derive(Debug)]
pub struct Total {
    held: AtomicUsize,
    cap: usize,
    whole: Option<Arc<Total>>,
}

impl Default for Total {
    /// Those of all callers of a server.
    fn default() -> Self {
        Self { held: AtomicUsize::new(0), cap: SERVER_BYTES, whole: None }
    }
}

impl Total {
    /// Those of one name.
    pub fn of_name(whole: &Arc<Total>) -> Self {
        Self { held: AtomicUsize::new(0), cap: NAME_BYTES, whole: Some(Arc::clone(whole)) }
    }

    /// Bytes that there is room for, here and in the whole.
    fn room(&self) -> usize {
        let own = self.cap.saturating_sub(self.held.load(Ordering::SeqCst));
        self.whole.as_ref().map_or(own, |whole| own.min(whole.room()))
    }

    /// Takes room, when there is enough here and in the whole.
    fn take(&self, bytes: usize) -> bool {
        let more = |held: usize| held.checked_add(bytes).filter(|sum| *sum <= self.cap);
        if self.held.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more).is_err() {
            return false;
        }
        if self.whole.as_ref().is_none_or(|whole| whole.take(bytes)) {
            return true;
        }
        self.held.fetch_sub(bytes, Ordering::SeqCst);
        false
    }

    /// Gives room back that was taken.
    fn give(&self, bytes: usize) {
        self.held.fetch_sub(bytes, Ordering::SeqCst);
        if let Some(whole) = &self.whole {
            whole.give(bytes);
        }
    }
}

/// What is kept for one caller, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    items: VecDeque<Arc<Item>>,
    total: Arc<Total>,
    /// When all of it was last deleted: what was granted before that was granted by other rules.
    cleared: Option<Instant>,
}

impl Kept {
    /// Nothing yet, counted with what is kept for others.
    pub(crate) fn new(total: Arc<Total>) -> Self {
        Self { total, ..Self::default() }
    }

    /// With what its bytes are counted.
    pub(crate) fn total(&self) -> Arc<Total> {
        Arc::clone(&self.total)
    }

    /// Keeps what was made under this permit by the first of these rights, to be read by the second. The oldest go when there
    /// is too much.
    pub(crate) fn keep(
        &mut self,
        artifact: Artifact,
        [(effect, resource), reading]: [(Effect, &Resource); 2],
        permit: &Permit,
        now: Instant,
    ) -> Result<Arc<Item>, KeepFault> {
        permit.require(effect, resource)?;
        if !self.takes(permit.granted()) {
            return Err(KeepFault::OtherRules);
        }
        self.insert(artifact, reading, now)
    }

    /// Whether what was granted at this moment is kept still.
    fn takes(&self, granted: Instant) -> bool {
        self.cleared.is_none_or(|cleared| granted > cleared)
    }

    fn insert(
        &mut self,
        artifact: Artifact,
        (effect, resource): (Effect, &Resource),
        now: Instant,
    ) -> Result<Arc<Item>, KeepFault> {
        let size = artifact.bytes.len();
        if size > ITEM_BYTES {
            return Err(KeepFault::TooLarge(size));
        }
        let id = KeptId::random().map_err(KeepFault::NoName)?;
        self.expire(now);
        // What would not be enough is not deleted for nothing.
        let own: usize = self.items.iter().map(|item| item.bytes.len()).sum();
        if own.saturating_add(self.total.room()) < size {
            return Err(KeepFault::Full);
        }
        while self.items.len() >= KEPT_CAP {
            self.items.pop_front();
        }
        while !self.total.take(size) {
            if self.items.pop_front().is_none() {
                return Err(KeepFault::Full);
            }
        }
        let Artifact { of, mime, bytes, pixels, of_tool } = artifact;
        let item = Arc::new(Item {
            id,
            mime,
            bytes,
            pixels,
            of_tool,
            effect,
            resource: resource.clone(),
            made_at: OffsetDateTime::now_utc(),
            of,
            made: now,
            total: Arc::clone(&self.total),
        });
        self.items.push_back(Arc::clone(&item));
        Ok(item)
    }

    /// Deletes what is too old.
    pub(crate) fn expire(&mut self, now: Instant) {
        self.items.retain(|item| now.saturating_duration_since(item.made) < KEPT_FOR);
    }

    /// Deletes what was made in sessions that ended.
    pub(crate) fn forget_applications(&mut self, lives: impl Fn(ProcessId) -> bool) {
        self.items.retain(|item| item.application().is_none_or(&lives));
    }

    /// Deletes all, and what is under way as well: it was granted by rules that are no longer in force.
    pub(crate) fn clear(&mut self, now: Instant) {
        self.items.clear();
        self.cleared = Some(now);
    }

    /// The thing of this name.
    pub(crate) fn get(&self, id: KeptId) -> Option<Arc<Item>> {
        self.items.iter().find(|item| item.id == id).cloned()
    }

    /// All, the newest first.
    pub(crate) fn all(&self) -> Vec<Arc<Item>> {
        self.items.iter().rev().cloned().collect()
    }
}

/// Why something is not kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeepFault {
    /// The permit is for something else.
    #[error(transparent)]
    Outside(#[from] OutsidePermit),
    /// It has this many bytes.
    #[error("it has {0} bytes, and what is kept has at most {ITEM_BYTES}")]
    TooLarge(usize),
    /// It was granted by rules that are no longer in force.
    #[error("the rules were replaced while it was made, so it is not kept")]
    OtherRules,
    /// Other callers' things take all the room.
    #[error("as many bytes as a server, or a name, has room for are kept for others")]
    Full,
    /// No name could be made.
    #[error("{0}")]
    NoName(Fault),
}

impl From<KeepFault> for Fault {
    fn from(fault: KeepFault) -> Self {
        match fault {
            KeepFault::Outside(outside) => outside.into(),
            KeepFault::NoName(fault) => fault,
            KeepFault::OtherRules => Self::new(FaultCode::Denied, fault.to_string())
                .rule("what was seen under old rules may show what the new ones hide")
                .remedy("make it anew"),
            KeepFault::TooLarge(_) => {
                Self::new(FaultCode::TooLarge, fault.to_string()).remedy("make it smaller: less area, width or time")
            }
            KeepFault::Full => Self::new(FaultCode::Busy, fault.to_string())
                .rule(format!(
                    "a server keeps at most {SERVER_BYTES} bytes, and {NAME_BYTES} for all callers of one name"
                ))
                .remedy("take what fits into the answer, or try again later"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RIGHT: (Effect, &Resource) = (Effect::ReadPixels, &Resource::Desktop);

    fn shot(size: usize) -> Artifact {
        Artifact { of: "screen", mime: "image/png", bytes: vec![7; size], pixels: Some((1, 1)), of_tool: None }
    }

    #[test]
    fn the_oldest_goes_when_there_are_too_many() {
        let (mut kept, now) = (Kept::default(), Instant::now());
        let all: Vec<_> = (0..=KEPT_CAP).map(|_| kept.insert(shot(1), RIGHT, now).unwrap().id).collect();
        assert_eq!(kept.all().len(), KEPT_CAP);
        assert!(kept.get(all[0]).is_none());
        assert!(all[1..].iter().all(|id| kept.get(*id).is_some()));
        assert_eq!(kept.all()[0].id, all[KEPT_CAP]);
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many_bytes() {
        let (mut kept, now) = (of_name(&Arc::default()), Instant::now());
        let first = kept.insert(shot(ITEM_BYTES), RIGHT, now).unwrap().id;
        for _ in 1..NAME_BYTES / ITEM_BYTES {
            kept.insert(shot(ITEM_BYTES), RIGHT, now).unwrap();
        }
        assert!(kept.get(first).is_some());
        kept.insert(shot(ITEM_BYTES), RIGHT, now).unwrap();
        assert!(kept.get(first).is_none());
    }

    #[test]
    fn what_is_too_large_is_refused_and_takes_nothings_place() {
        let (mut kept, now) = (Kept::default(), Instant::now());
        let small = kept.insert(shot(1), RIGHT, now).unwrap().id;
        let fault = Fault::from(kept.insert(shot(ITEM_BYTES + 1), RIGHT, now).unwrap_err());
        assert_eq!(fault.code, FaultCode::TooLarge);
        assert!(kept.get(small).is_some());
    }

    #[test]
    fn what_was_granted_before_all_was_deleted_is_not_kept_after_it() {
        let (mut kept, now) = (Kept::default(), Instant::now());
        assert!(kept.takes(now));
        kept.clear(now + Duration::from_secs(1));
        assert!(!kept.takes(now) && !kept.takes(now + Duration::from_secs(1)));
        assert!(kept.takes(now + Duration::from_secs(2)));
    }

    #[test]
    fn a_day_is_the_end() {
        let (mut kept, now) = (Kept::default(), Instant::now());
        let id = kept.insert(shot(1), RIGHT, now).unwrap().id;
        kept.expire(now + KEPT_FOR - Duration::from_millis(1));
        assert!(kept.get(id).is_some());
        kept.expire(now + KEPT_FOR);
        assert!(kept.get(id).is_none());
    }

    /// What is kept for the one caller of a name.
    fn of_name(total: &Arc<Total>) -> Kept {
        Kept::new(Arc::new(Total::of_name(total)))
    }

    #[test]
    fn callers_of_one_name_share_its_room_and_leave_others_theirs() {
        let (total, now) = (Arc::default(), Instant::now());
        let name = Arc::new(Total::of_name(&total));
        let mut clients: Vec<Kept> = (0..16).map(|_| Kept::new(Arc::clone(&name))).collect();
        let room = NAME_BYTES / ITEM_BYTES;
        for kept in &mut clients[..room] {
            kept.insert(shot(ITEM_BYTES), RIGHT, now).unwrap();
        }
        let fault = Fault::from(clients[room].insert(shot(ITEM_BYTES), RIGHT, now).unwrap_err());
        assert_eq!(fault.code, FaultCode::Busy);
        // What would make no room is not deleted for it.
        let mut little = Kept::new(Arc::clone(&name));
        let spare = NAME_BYTES - room * ITEM_BYTES;
        let kept = little.insert(shot(spare), RIGHT, now).unwrap().id;
        assert!(little.insert(shot(ITEM_BYTES), RIGHT, now).is_err() && little.get(kept).is_some());
        // Who has something loses his own.
        clients[0].insert(shot(ITEM_BYTES), RIGHT, now).unwrap();
        assert_eq!(clients[0].all().len(), 1);
        for _ in 0..3 {
            of_name(&total).insert(shot(ITEM_BYTES), RIGHT, now).unwrap();
        }
        drop((clients, little));
        assert_eq!((name.held.load(Ordering::SeqCst), total.held.load(Ordering::SeqCst)), (0, 0));
    }

    #[test]
    fn all_callers_share_one_room_and_what_goes_gives_it_back() {
        let (total, now) = (Arc::new(Total::default()), Instant::now());
        let mut callers: Vec<Kept> = (0..6).map(|_| of_name(&total)).collect();
        let mut room = SERVER_BYTES / ITEM_BYTES;
        for kept in &mut callers[..5] {
            let share = room.min(NAME_BYTES / ITEM_BYTES);
            (0..share).for_each(|_| drop(kept.insert(shot(ITEM_BYTES), RIGHT, now).unwrap()));
            room -= share;
        }
        // The last one has nothing of its own that could go.
        let fault = Fault::from(callers[5].insert(shot(ITEM_BYTES), RIGHT, now).unwrap_err());
        assert_eq!((room, fault.code), (0, FaultCode::Busy));
        callers[0].clear(now);
        callers[5].insert(shot(ITEM_BYTES), RIGHT, now).unwrap();
        drop(callers);
        assert_eq!(total.held.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn a_name_is_read_as_it_is_written() {
        let id = KeptId(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
        assert_eq!(KeptId::parse(&format!("portcullis://shots/{id}")).unwrap(), id);
        assert_eq!(KeptId::parse(&format!("wpf://screenshots/{id}")).unwrap(), id);
        assert_eq!(KeptId::parse(&format!("portcullis://outputs/{id}")).unwrap(), id);
        for wrong in [
            "",
            "portcullis://shots/",
            "portcullis://shots/0123456789abcdef0123456789abcde",
            "portcullis://shots/0123456789ABCDEF0123456789ABCDEF",
            "portcullis://shots/+123456789abcdef0123456789abcdef",
            "portcullis://shots/0123456789abcdef0123456789abcdef/",
            "file:///portcullis://shots/0123456789abcdef0123456789abcdef",
        ] {
            let fault = KeptId::parse(wrong).unwrap_err();
            assert_eq!((fault.field.as_deref(), fault.value.as_deref()), (Some("uri"), Some(wrong)));
        }
    }

    proptest! {
        #[test]
        fn whatever_is_sent_as_a_name_is_answered(uri in any::<String>(), id in any::<u128>()) {
            let _ = KeptId::parse(&uri);
            prop_assert_eq!(KeptId::parse(&format!("{OWN_PREFIX}{}", KeptId(id))).unwrap(), KeptId(id));
        }
    }
}
