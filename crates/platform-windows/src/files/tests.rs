//! Files on a real file system, beside what the standard library says of them.

use super::*;
use portcullis_model::{
    CallId, Digest, Durability, Entry, Ledger, LedgerFault, Origin, Principal, Resource, Reversibility, Tier,
};
use portcullis_policy::{Approval, Ask, Decision, FileRules, FilterSpec, Rules, ToolFilter, ToolRow, roots};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What the shell may take.
const LIMIT: Duration = Duration::from_secs(20);

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("portcullis-files-{name}-{}", std::process::id()));
        // Left over by a process of the same number.
        fs::remove_dir_all(&path).ok();
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self, below: &str) -> FilePath {
        FilePath::parse(self.0.join(below).to_str().unwrap()).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

fn place(path: &FilePath) -> FilePlace {
    walk(path, LastLink::Followed).unwrap().place().unwrap()
}

#[test]
fn a_path_leads_to_what_lies_there_in_any_case_of_letters() {
    let folder = Folder::new("walk");
    fs::create_dir(folder.0.join("Sub")).unwrap();
    fs::write(folder.0.join("Sub").join("A ü.txt"), "x").unwrap();
    let file = place(&folder.path(r"sub\a ü.TXT"));
    assert_eq!(file.kind(), Some(FileKind::File));
    assert!(file.path.is_within(&folder.path("sub")), "{file:?}");
    assert_eq!(place(&folder.path("Sub")).kind(), Some(FileKind::Folder));
    let absent = place(&folder.path(r"sub\absent\deep.txt"));
    assert_eq!((absent.found, absent.path), (None, folder.path(r"sub\absent\deep.txt")));
    let twin = Folder::new("twin");
    fs::write(twin.0.join("a"), "x").unwrap();
    fs::write(twin.0.join("b"), "x").unwrap();
    assert_ne!(place(&twin.path("a")).found, place(&twin.path("b")).found, "each file has its own identity");
    assert_eq!(place(&twin.path("a")).found, place(&twin.path("A")).found);
}

#[test]
fn what_is_held_is_told_where_it_lies_now() {
    let folder = Folder::new("held");
    fs::create_dir(folder.0.join("one")).unwrap();
    fs::write(folder.0.join("one").join("a.txt"), "first").unwrap();
    let held = walk(&folder.path(r"one\a.txt"), LastLink::Followed).unwrap();
    let before = held.place().unwrap();
    fs::rename(folder.0.join("one").join("a.txt"), folder.0.join("b.txt")).unwrap();
    fs::write(folder.0.join("one").join("a.txt"), "second").unwrap();
    let after = place(&folder.path(r"one\a.txt"));
    assert_ne!(before.found, after.found, "another file under the same name is another one");
    assert_eq!(held.place().unwrap().found, before.found, "and the one that is held is still the first");
}

#[test]
fn drives_that_are_not_there_and_devices_are_refused() {
    let absent = ('A'..='Z').find(|drive| {
        // SAFETY: the text ends in NUL and outlives the call.
        unsafe { GetDriveTypeW(&HSTRING::from(format!(r"{drive}:\"))) == 1 }
    });
    let path = FilePath::parse(&format!(r"{}:\x", absent.unwrap())).unwrap();
    assert!(matches!(walk(&path, LastLink::Followed), Err(PortFault::File(FileFault::LeadsAway))));
}

#[test]
fn every_opening_asks_for_links_themselves() {
    // The lab's system cannot make links; what is asked of it is all that can be looked at there.
    let all = nt::options(NTCREATEFILE_CREATE_OPTIONS(0)).0;
    assert_eq!(all & 0x0020_0000, 0x0020_0000, "FILE_OPEN_REPARSE_POINT");
}

#[test]
fn the_profile_is_a_folder() {
    let profile = Win32Files.profile().unwrap();
    assert_eq!(place(&profile).kind(), Some(FileKind::Folder));
    assert!(matches!(place(&profile).tree(Access::Read), Resource::FileTree { .. }));
}

/// Takes everything and keeps nothing.
struct Silent;

impl Ledger for Silent {
    fn append(&self, _entry: &Entry, _durability: Durability) -> Result<(), LedgerFault> {
        Ok(())
    }

    fn digest(&self, bytes: &[u8]) -> Digest {
        Digest::of(bytes)
    }
}

/// A permit for these resources, where every drive is open.
fn permit(effects: &[Effect], resources: Vec<Resource>) -> Permit {
    let all = FilterSpec { enable_all: true, ..FilterSpec::default() };
    let drives = ('A'..='Z').map(|drive| FilePath::parse(&format!(r"{drive}:\")).unwrap());
    let open = roots(drives, &Origin::Default);
    let files = FileRules { read: open.clone(), write: open, ..FileRules::default() };
    let rules = Rules::new(ToolFilter::resolve(&all, &["Test"]).unwrap(), Approval::Never, 0).with_files(files);
    let (principal, tool) =
        (Principal::local(), ToolRow { name: "Test", tier: Tier::Alter, effects: &Effect::ALL, gates: &[] });
    let ask = Ask {
        call: CallId::new(1),
        principal: &principal,
        tool,
        asked_as: None,
        arguments: Digest::of(b""),
        effects: effects.to_vec(),
        resources,
        reversibility: Reversibility::Irreversible,
    };
    match rules.decide(ask) {
        Decision::Allow(grant) => grant.record(Arc::new(Silent)).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// What was allowed lies elsewhere by the time of the act, and something else lies in its place: neither is touched.
#[test]
fn attack_what_is_swapped_between_check_and_use_is_not_used() {
    type Act = fn(Box<dyn HeldFile>, &Permit) -> PortResult<()>;
    let acts: [(&str, Act); 7] = [
        ("facts", |held, permit| held.facts(permit).map(drop)),
        ("read", |held, permit| held.read(permit, 0, 10).map(drop)),
        ("append", |held, permit| held.append(permit, b"x").map(drop)),
        ("fill", |held, permit| held.fill(permit, true)?.finish(permit).map(drop)),
        ("move", |held, permit| {
            let to = held.place().path.parent().unwrap().join("taken.txt").unwrap();
            held.move_to(permit, Win32Files.resolve(&to, LastLink::Itself)?, true)
        }),
        ("remove", |held, permit| held.remove(permit)),
        ("recycle", |held, permit| held.recycle(permit, Deadline::after(LIMIT), &Cancel::new()).map(drop)),
    ];
    for (name, act) in acts {
        let folder = Folder::new(name);
        fs::create_dir(folder.0.join("box")).unwrap();
        fs::write(folder.0.join("box").join("a.txt"), "meant").unwrap();
        let held = Win32Files.resolve(&folder.path(r"box\a.txt"), LastLink::Itself).unwrap();
        let place = held.place().clone();
        let taken = FilePlace { path: folder.path(r"box\taken.txt"), found: None };
        let all = [Effect::ListFiles, Effect::ReadFiles, Effect::WriteFiles, Effect::RemoveFiles];
        let resources = vec![
            place.one(Access::Read),
            place.one(Access::Write),
            place.tree(Access::Write),
            taken.one(Access::Write),
        ];
        let permit = permit(&all, resources);
        fs::rename(folder.0.join("box").join("a.txt"), folder.0.join("box").join("before.txt")).unwrap();
        fs::write(folder.0.join("box").join("a.txt"), "another").unwrap();
        let done = act(held, &permit);
        assert!(matches!(done, Err(PortFault::OutsidePermit(_))), "{name}: {done:?}");
        assert_eq!(fs::read(folder.0.join("box").join("a.txt")).unwrap(), b"another", "{name}");
        assert_eq!(fs::read(folder.0.join("box").join("before.txt")).unwrap(), b"meant", "{name}");
        assert_eq!(fs::read_dir(folder.0.join("box")).unwrap().count(), 2, "{name}: nothing is left beside them");
    }
}
