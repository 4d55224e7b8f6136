//! When a chain changes files, when its lines reach the disk and when its head is anchored: what shows in a record only after
//! a power cut, or in a file of 64 MiB.

use super::*;
use crate::AnchorPlace;
use std::sync::atomic::{AtomicUsize, Ordering};

fn key() -> AuditKey {
    AuditKey::new([7; 32])
}

fn event(problem: &str) -> OwnEntry<'static> {
    OwnEntry::ChainStays { problem: problem.to_owned() }
}

fn fields(problem: &str) -> String {
    chain::fields(&event(problem)).unwrap()
}

/// A chain that was begun in this folder.
fn begun(folder: &Path, create: impl Fn(&Path) -> std::io::Result<File> + Send + 'static) -> Chain {
    let first: Create = Box::new(|path| File::create_new(path));
    let open = Open::begin(folder, 1, &key(), &first, event("x")).unwrap();
    Chain {
        open,
        folder: folder.to_owned(),
        process: 1,
        create: Box::new(create),
        full: FILE_SIZE,
        change_at: FILE_SIZE,
        dirty: false,
        broken: None,
    }
}

#[test]
fn a_file_is_full_at_its_size_and_not_a_byte_before() {
    for (over, changes) in [(1, false), (0, true)] {
        let folder = tempfile::tempdir().unwrap();
        let mut chain = begun(folder.path(), |path| File::create_new(path));
        let first = chain.open.path.clone();
        chain.change_at = chain.open.size + over;
        chain.append(&key(), &fields("y"), Durability::Soon).unwrap();
        assert_eq!(chain.open.path != first, changes, "{over} bytes before it is full");
    }
}

/// Where no new file can be made, each try costs a line in the record and a wait for the disk.
#[test]
fn a_file_that_cannot_be_made_is_not_tried_again_with_every_line() {
    let (folder, tries) = (tempfile::tempdir().unwrap(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&tries);
    let mut chain = begun(folder.path(), move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        Err(std::io::ErrorKind::StorageFull.into())
    });
    chain.full = 1 << 20;
    chain.change_at = 0;
    let line = fields(&"y".repeat(1_000));
    let lines_until_next = (chain.full / RETRY_PART) / 1_300;
    for _ in 0..lines_until_next {
        chain.append(&key(), &line, Durability::Soon).unwrap();
    }
    assert_eq!(tries.load(Ordering::Relaxed), 1);
    for _ in 0..lines_until_next {
        chain.append(&key(), &line, Durability::Soon).unwrap();
    }
    assert_eq!(tries.load(Ordering::Relaxed), 2, "and it is tried again");
}

/// The other end of a pipe takes every line and brings none to a disk, so that a sync which is tried fails.
#[cfg(unix)]
mod disk {
    use super::*;
    use std::io::{PipeReader, Read, pipe};
    use std::os::fd::OwnedFd;

    /// A chain that goes on into a pipe, while a copy of its lines lies where its file was.
    struct Piped {
        chain: Mutex<Chain>,
        reader: PipeReader,
    }

    impl Piped {
        fn new(folder: &Path) -> Self {
            let mut chain = begun(folder, |path| File::create_new(path));
            let (reader, writer) = pipe().unwrap();
            chain.open.file = Arc::new(File::from(OwnedFd::from(writer)));
            Self { chain: Mutex::new(chain), reader }
        }

        fn append(&mut self, durability: Durability) -> Result<(), String> {
            let mut chain = lock(&self.chain);
            let before = chain.open.size;
            let done = chain.append(&key(), &fields("y"), durability);
            let (path, written) = (chain.open.path.clone(), chain.open.size - before);
            drop(chain);
            let mut line = vec![0; usize::try_from(written).unwrap()];
            self.reader.read_exact(&mut line).unwrap();
            File::options().append(true).open(path).unwrap().write_all(&line).unwrap();
            done
        }

        /// What shut the chain.
        fn broken(&self) -> String {
            lock(&self.chain).broken.clone().unwrap_or_default()
        }
    }

    #[test]
    fn what_may_not_be_lost_is_written_only_when_it_is_on_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let mut piped = Piped::new(folder.path());
        assert!(piped.append(Durability::Now).is_err());
        assert!(piped.broken().contains("cannot be written"), "{}", piped.broken());
    }

    #[test]
    fn other_lines_are_brought_to_the_disk_soon_and_a_failure_of_that_shuts_the_ledger() {
        let folder = tempfile::tempdir().unwrap();
        let mut piped = Piped::new(folder.path());
        sync(&piped.chain);
        assert_eq!(piped.broken(), "", "nothing new waits for the disk");
        piped.append(Durability::Soon).unwrap();
        sync(&piped.chain);
        assert!(piped.broken().contains("cannot be synced"), "{}", piped.broken());
        let next = lock(&piped.chain).append(&key(), &fields("z"), Durability::Soon);
        assert_eq!(next, Err(piped.broken()), "it stays shut");
    }

    #[test]
    fn a_first_line_that_is_not_on_the_disk_begins_no_chain() {
        let (folder, ends) = (tempfile::tempdir().unwrap(), Mutex::new(Vec::new()));
        let create: Create = Box::new(move |path| {
            File::create_new(path)?;
            let (reader, writer) = pipe()?;
            ends.lock().unwrap().push(reader);
            Ok(File::from(OwnedFd::from(writer)))
        });
        assert!(Open::begin(folder.path(), 1, &key(), &create, event("x")).is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing half made is left");
    }
}

/// Counts the lines that it is given.
#[derive(Clone, Default)]
struct Lines(Arc<AtomicUsize>);

impl AnchorPlace for Lines {
    fn append(&mut self, _line: &str) -> std::io::Result<()> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

#[test]
fn a_head_is_anchored_when_it_is_due_and_only_when_it_has_moved() {
    let (folder, lines) = (tempfile::tempdir().unwrap(), Lines::default());
    let chain = begun(folder.path(), |path| File::create_new(path));
    let anchor = Anchor::default().also(lines.clone());
    let anchoring = Mutex::new(Anchoring { anchor, file: String::new(), number: 0, at: Instant::now() });
    let shared = Shared { chain: Mutex::new(chain), anchoring: Some(anchoring), key: key() };
    let append = |count: u64| {
        for _ in 0..count {
            lock(&shared.chain).append(&key(), &fields("y"), Durability::Soon).unwrap();
        }
    };
    let anchored = |now| {
        shared.anchor(now).unwrap();
        lines.0.load(Ordering::Relaxed)
    };
    assert_eq!(anchored(false), 1, "a file that was never anchored is, at once");
    assert_eq!(anchored(true), 1, "nothing has moved");
    append(1);
    assert_eq!(anchored(false), 1, "one line waits for others");
    assert_eq!(anchored(true), 2, "or for the end");
    append(crate::ANCHOR_LINES - 1);
    assert_eq!(anchored(false), 2);
    append(1);
    assert_eq!(anchored(false), 3, "so many lines are due");
    lock(&shared.chain).change_at = 0;
    append(1);
    assert_eq!(anchored(false), 4, "a new file is anchored at once");
}

/// A path or a name may hold a key that somebody put there; the record is read by more people than the key's holder.
#[test]
fn a_key_in_an_entry_stands_in_no_line() {
    let folder = tempfile::tempdir().unwrap();
    let mut chain = begun(folder.path(), |path| File::create_new(path));
    let digits = "0123456789abcdef".repeat(4);
    for place in [format!(r"C:\pcl_{digits}\x"), format!("a pcl_{} b", &digits[..32]), format!("PCL_{digits}")] {
        chain.append(&key(), &fields(&place), Durability::Now).unwrap();
    }
    let text = std::fs::read_to_string(&chain.open.path).unwrap();
    assert!(!text.contains(&digits[..32]), "{text}");
    assert_eq!(text.matches("⟨redacted⟩").count(), 3, "{text}");
    assert!(text.contains(r"C:\\⟨redacted⟩\\x"), "{text}");
}

#[test]
fn every_character_of_a_line_can_be_seen() {
    let folder = tempfile::tempdir().unwrap();
    let mut chain = begun(folder.path(), |path| File::create_new(path));
    chain.append(&key(), &fields("C:\\a\u{202e}gpj.exe\u{200b}\u{7}\n"), Durability::Now).unwrap();
    let text = std::fs::read_to_string(&chain.open.path).unwrap();
    assert!(text.contains(r"C:\\a⟨U+202E⟩gpj.exe⟨U+200B⟩\u0007\n"), "{text}");
}
