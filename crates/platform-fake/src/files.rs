//! Files in memory: folders, files, links and short names on drives, with what a test needs to swap them between plan and
//! act. What is held is a number, as a handle is, so a thing that is moved stays the one that was meant.

use crate::desktop::{Call, FakeDesktop};
use crate::places::untrusted;
use portcullis_model::{Access, Cancel, Deadline, Effect, FileIdentity, FilePath, Resource, Source, fold};
use portcullis_platform::{
    FileFacts, FileFault, FileKind, FilePlace, FilePort, FolderEntries, HeldFile, LastLink, NewFile, Permit,
    PortResult, access_for,
};
use std::any::Any;
use std::collections::BTreeMap;

/// Links followed on one way.
const LINK_CAP: usize = 16;
/// A moment in 2026, in 100 ns units since 1601: every file was made then.
const MOMENT: u64 = 134_000_000_000_000_000;
/// The volume's serial number.
const VOLUME: u64 = 0x5eed;

/// What a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    File(Vec<u8>),
    Folder,
    /// A link, by the text that it leads to.
    Link(String),
}

#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) name: String,
    short: Option<String>,
    pub(crate) parent: Option<u64>,
    pub(crate) what: What,
    hidden: bool,
}

/// Every node by its number; drives have no parent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files {
    pub(crate) nodes: BTreeMap<u64, Node>,
    last: u64,
}

/// Where a path leads: the deepest node that is there, and the names that are not.
type Way = (Option<u64>, Vec<String>);

impl Files {
    pub(crate) fn child(&self, parent: Option<u64>, name: &str) -> Option<u64> {
        let wanted = fold(name);
        let is_it =
            |node: &Node| fold(&node.name) == wanted || node.short.as_ref().is_some_and(|short| fold(short) == wanted);
        self.nodes.iter().find(|(_, node)| node.parent == parent && is_it(node)).map(|(id, _)| *id)
    }

    pub(crate) fn add(&mut self, parent: Option<u64>, name: &str, what: What) -> u64 {
        self.last += 1;
        let node = Node { name: name.to_owned(), short: None, parent, what, hidden: name.starts_with('.') };
        self.nodes.insert(self.last, node);
        self.last
    }

    /// Where a node lies now.
    pub(crate) fn path(&self, id: u64) -> Option<FilePath> {
        let (mut names, mut at) = (Vec::new(), Some(id));
        while let Some(id) = at {
            let node = self.nodes.get(&id)?;
            names.push(node.name.clone());
            at = node.parent;
        }
        names.reverse();
        FilePath::parse(&format!("{}\\", names.join("\\"))).ok()
    }

    fn kind(&self, id: u64) -> Option<FileKind> {
        Some(match self.nodes.get(&id)?.what {
            What::File(_) => FileKind::File,
            What::Folder => FileKind::Folder,
            What::Link(_) => FileKind::Link,
        })
    }

    fn walk(&self, path: &FilePath, last: LastLink) -> PortResult<Way> {
        let (mut path, mut links) = (path.clone(), 0);
        'again: loop {
            let mut at = self.child(None, &format!("{}:", path.drive()));
            let names: Vec<&str> = path.names().collect();
            for (index, name) in names.iter().enumerate() {
                let rest = || names.iter().skip(index).map(|name| (*name).to_owned()).collect();
                let Some(next) = at.and_then(|at| self.child(Some(at), name)) else { return Ok((at, rest())) };
                let is_last = index + 1 == names.len();
                if let Some(What::Link(target)) = self.nodes.get(&next).map(|node| &node.what)
                    && !(is_last && last == LastLink::Itself)
                {
                    links += 1;
                    if links > LINK_CAP {
                        return Err(FileFault::TooManyLinks.into());
                    }
                    let mut to = FilePath::parse(target).map_err(|_| FileFault::LeadsAway)?;
                    for name in names.iter().skip(index + 1) {
                        to = to.join(name).map_err(|_| FileFault::LeadsAway)?;
                    }
                    path = to;
                    continue 'again;
                }
                at = Some(next);
            }
            return Ok((at, Vec::new()));
        }
    }

    fn place(&self, (at, rest): &Way) -> PortResult<FilePlace> {
        let at = at.ok_or(FileFault::LeadsAway)?;
        let mut path = self.path(at).ok_or(FileFault::Missing)?;
        for name in rest {
            path = path.join(name).map_err(|_| FileFault::LeadsAway)?;
        }
        let found = if rest.is_empty() { self.kind(at).map(|kind| (kind, identity(at))) } else { None };
        Ok(FilePlace { path, found })
    }

    fn facts(&self, id: u64) -> PortResult<FileFacts> {
        let node = self.nodes.get(&id).ok_or(FileFault::Missing)?;
        let size = if let What::File(bytes) = &node.what { bytes.len() } else { 0 };
        Ok(FileFacts {
            name: untrusted(Source::File, &node.name),
            kind: self.kind(id).ok_or(FileFault::Missing)?,
            size: u64::try_from(size).unwrap_or(u64::MAX),
            created: MOMENT,
            modified: MOMENT,
            accessed: MOMENT,
            read_only: false,
            hidden: node.hidden,
            system: false,
        })
    }

    fn make_folders(&mut self, path: &FilePath) -> u64 {
        let drive = format!("{}:", path.drive());
        let mut at = self.child(None, &drive).unwrap_or_else(|| self.add(None, &drive, What::Folder));
        for name in path.names() {
            at = self.child(Some(at), name).unwrap_or_else(|| self.add(Some(at), name, What::Folder));
        }
        at
    }

    pub(crate) fn remove(&mut self, id: u64) {
        let below: Vec<u64> =
            self.nodes.iter().filter(|(_, node)| node.parent == Some(id)).map(|(id, _)| *id).collect();
        for child in below {
            self.remove(child);
        }
        self.nodes.remove(&id);
    }
}

fn identity(id: u64) -> FileIdentity {
    FileIdentity { volume: VOLUME, file: u128::from(id) }
}

/// Files as a test sees them. Texts that are no paths make nothing.
impl FakeDesktop {
    /// Puts a file with its folders; one that is there is replaced by another.
    pub fn put_file(&self, path: &str, bytes: &[u8]) {
        self.put(path, What::File(bytes.to_vec()));
    }

    /// Puts a folder.
    pub fn put_folder(&self, path: &str) {
        self.put(path, What::Folder);
    }

    /// Puts a link that leads to `target`, whatever that is.
    pub fn put_link(&self, path: &str, target: &str) {
        self.put(path, What::Link(target.to_owned()));
    }

    fn put(&self, path: &str, what: What) {
        let Ok(path) = FilePath::parse(path) else { return };
        let files = &mut self.lock().files;
        let (Some(parent), Some(name)) = (path.parent(), path.name()) else { return };
        let parent = files.make_folders(&parent);
        if let Some(old) = files.child(Some(parent), name) {
            files.remove(old);
        }
        files.add(Some(parent), name, what);
    }

    /// Gives what lies there a short name.
    pub fn put_short_name(&self, path: &str, short: &str) {
        let mut state = self.lock();
        let Some(id) = state.files.there(path) else { return };
        if let Some(node) = state.files.nodes.get_mut(&id) {
            node.short = Some(short.to_owned());
        }
    }

    /// Moves what lies there, as another program might at any moment.
    pub fn move_file(&self, path: &str, to: &str) {
        let mut state = self.lock();
        let (Some(id), Ok(to)) = (state.files.there(path), FilePath::parse(to)) else { return };
        let (Some(parent), Some(name)) = (to.parent(), to.name()) else { return };
        let parent = state.files.make_folders(&parent);
        if let Some(node) = state.files.nodes.get_mut(&id) {
            node.parent = Some(parent);
            name.clone_into(&mut node.name);
        }
    }

    /// Takes away what lies there.
    pub fn remove_file(&self, path: &str) {
        let mut state = self.lock();
        if let Some(id) = state.files.there(path) {
            state.files.remove(id);
        }
    }

    /// What the file there holds; none when there is no file.
    pub fn file(&self, path: &str) -> Option<Vec<u8>> {
        let state = self.lock();
        match &state.files.nodes.get(&state.files.there(path)?)?.what {
            What::File(bytes) => Some(bytes.clone()),
            What::Folder | What::Link(_) => None,
        }
    }

    /// Whether anything lies there; a link counts itself.
    pub fn lies_at(&self, path: &str) -> bool {
        self.lock().files.there(path).is_some()
    }
}

impl Files {
    /// The node at exactly this path, links themselves.
    fn there(&self, path: &str) -> Option<u64> {
        let path = FilePath::parse(path).ok()?;
        let drive = self.child(None, &format!("{}:", path.drive()));
        path.names().fold(drive, |at, name| at.and_then(|at| self.child(Some(at), name)))
    }
}

impl FilePort for FakeDesktop {
    fn profile(&self) -> PortResult<FilePath> {
        FilePath::parse(Self::PROFILE).map_err(|_| FileFault::Missing.into())
    }

    fn resolve(&self, path: &FilePath, last: LastLink) -> PortResult<Box<dyn HeldFile>> {
        self.enter(Call::Resolve, None, None)?;
        let files = &self.lock().files;
        let way = files.walk(path, last)?;
        Ok(Box::new(Held { place: files.place(&way)?, way, desktop: self.clone() }))
    }
}

impl FakeDesktop {
    /// The folder of the signed-in user.
    pub const PROFILE: &'static str = r"C:\Users\me";
}

/// A node that is held, or the deepest folder on the way to one that is not there.
pub(crate) struct Held {
    pub(crate) desktop: FakeDesktop,
    pub(crate) place: FilePlace,
    pub(crate) way: Way,
}

impl Held {
    /// The node, when the permit covers it where it lies now.
    fn node(&self, permit: &Permit, effect: Effect, access: Access, tree: bool) -> PortResult<u64> {
        let files = &self.desktop.lock().files;
        let place = files.place(&self.way)?;
        let resource: Resource = if tree { place.tree(access) } else { place.one(access) };
        permit.require(effect, &resource)?;
        match &self.way {
            (Some(id), rest) if rest.is_empty() => Ok(*id),
            _ => Err(FileFault::Missing.into()),
        }
    }
}

impl HeldFile for Held {
    fn place(&self) -> &FilePlace {
        &self.place
    }

    fn facts(&self, permit: &Permit) -> PortResult<FileFacts> {
        self.desktop.enter(Call::FileFacts, None, None)?;
        let id = self.node(permit, Effect::ListFiles, Access::Read, false)?;
        self.desktop.lock().files.facts(id)
    }

    fn entries(&self, permit: &Permit, effect: Effect, cap: usize, cancel: &Cancel) -> PortResult<FolderEntries> {
        self.desktop.enter(Call::FolderEntries, None, Some(cancel))?;
        let id = self.node(permit, effect, access_for(effect), true)?;
        let files = &self.desktop.lock().files;
        if files.kind(id) != Some(FileKind::Folder) {
            return Err(FileFault::NotFolder.into());
        }
        let mut found = FolderEntries::default();
        for (child, _) in files.nodes.iter().filter(|(_, node)| node.parent == Some(id)) {
            let place = files.place(&(Some(*child), Vec::new()))?;
            if permit.require(effect, &place.one(access_for(effect))).is_err() {
                found.withheld += 1;
            } else if found.entries.len() < cap {
                found.entries.push(files.facts(*child)?);
            } else {
                found.more = true;
            }
        }
        Ok(found)
    }

    fn child(&self, name: &str) -> PortResult<Box<dyn HeldFile>> {
        let files = &self.desktop.lock().files;
        let mut way = self.way.clone();
        match way.0.filter(|_| way.1.is_empty()).and_then(|id| files.child(Some(id), name)) {
            Some(child) => way.0 = Some(child),
            None => way.1.push(name.to_owned()),
        }
        Ok(Box::new(Self { place: files.place(&way)?, way, desktop: self.desktop.clone() }))
    }

    fn read(&self, permit: &Permit, offset: u64, limit: usize) -> PortResult<Vec<u8>> {
        self.desktop.enter(Call::ReadFile, None, None)?;
        let id = self.node(permit, Effect::ReadFiles, Access::Read, false)?;
        match self.desktop.lock().files.nodes.get(&id).map(|node| &node.what) {
            Some(What::File(bytes)) => {
                let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
                Ok(bytes.iter().skip(from).take(limit).copied().collect())
            }
            Some(_) => Err(FileFault::NotFile.into()),
            None => Err(FileFault::Missing.into()),
        }
    }

    fn make_folder(&self, permit: &Permit) -> PortResult<()> {
        self.desktop.enter(Call::WriteFile, None, None)?;
        let (parent, name) = self.slot(permit, false)?;
        let mut state = self.desktop.lock();
        if state.files.child(Some(parent), &name).is_some() {
            return Err(FileFault::Exists.into());
        }
        state.files.add(Some(parent), &name, What::Folder);
        state.note(format!("folder {name}"));
        Ok(())
    }

    fn fill(self: Box<Self>, permit: &Permit, replace: bool) -> PortResult<Box<dyn NewFile>> {
        self.desktop.enter(Call::WriteFile, None, None)?;
        self.slot(permit, replace)?;
        Ok(Box::new(Filling { held: *self, replace, bytes: Vec::new() }))
    }

    fn append(&self, permit: &Permit, bytes: &[u8]) -> PortResult<u64> {
        self.desktop.enter(Call::WriteFile, None, None)?;
        let id = self.node(permit, Effect::WriteFiles, Access::Write, false)?;
        match self.desktop.lock().files.nodes.get_mut(&id).map(|node| &mut node.what) {
            Some(What::File(content)) => {
                content.extend_from_slice(bytes);
                Ok(u64::try_from(content.len()).unwrap_or(u64::MAX))
            }
            _ => Err(FileFault::NotFile.into()),
        }
    }

    fn move_to(&self, permit: &Permit, to: Box<dyn HeldFile>, replace: bool) -> PortResult<()> {
        self.desktop.enter(Call::MoveFile, None, None)?;
        let Some(to) = to.as_any().downcast_ref::<Self>() else { return Err(FileFault::OtherDrive.into()) };
        let id = self.node(permit, Effect::RemoveFiles, Access::Write, false)?;
        let (parent, name) = to.slot(permit, replace)?;
        let mut state = self.desktop.lock();
        if let Some(old) = state.files.child(Some(parent), &name) {
            state.files.remove(old);
        }
        if let Some(node) = state.files.nodes.get_mut(&id) {
            node.parent = Some(parent);
            node.name.clone_from(&name);
        }
        state.note(format!("moved to {name}"));
        Ok(())
    }

    fn remove(self: Box<Self>, permit: &Permit) -> PortResult<()> {
        self.desktop.enter(Call::RemoveFile, None, None)?;
        let id = self.node(permit, Effect::RemoveFiles, Access::Write, false)?;
        let mut state = self.desktop.lock();
        if state.files.nodes.values().any(|node| node.parent == Some(id)) {
            return Err(FileFault::NotEmpty.into());
        }
        state.files.remove(id);
        Ok(())
    }

    fn recycle(self: Box<Self>, permit: &Permit, deadline: Deadline, cancel: &Cancel) -> PortResult<bool> {
        self.desktop.enter(Call::RecycleFile, Some(deadline), Some(cancel))?;
        let id = self.node(permit, Effect::RemoveFiles, Access::Write, true)?;
        let mut state = self.desktop.lock();
        let name = state.files.nodes.get(&id).map(|node| node.name.clone()).unwrap_or_default();
        state.files.remove(id);
        state.note(format!("recycled {name}"));
        Ok(true)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Held {
    /// The folder and the name that something new would get, when the permit covers that place as it is now.
    fn slot(&self, permit: &Permit, replace: bool) -> PortResult<(u64, String)> {
        let files = &self.desktop.lock().files;
        // The folder is held; what lies in it under the name is looked at anew.
        let (parent, name) = match (&self.way, self.place.path.name()) {
            ((Some(folder), rest), Some(_)) if !rest.is_empty() => match rest.as_slice() {
                [name] => (*folder, name.clone()),
                _ => return Err(FileFault::Missing.into()),
            },
            ((Some(id), _), Some(name)) => {
                let parent = files.nodes.get(id).and_then(|node| node.parent).ok_or(FileFault::Missing)?;
                (parent, name.to_owned())
            }
            _ => return Err(FileFault::NotFile.into()),
        };
        if files.kind(parent) != Some(FileKind::Folder) {
            return Err(FileFault::NotFolder.into());
        }
        let there = files.child(Some(parent), &name);
        let mut place = files.place(&(Some(parent), vec![name.clone()]))?;
        place.found = there.and_then(|id| files.kind(id).map(|kind| (kind, identity(id))));
        permit.require(Effect::WriteFiles, &place.one(Access::Write))?;
        match place.kind() {
            None => Ok((parent, name)),
            Some(FileKind::File) if replace => Ok((parent, name)),
            Some(FileKind::File) => Err(FileFault::Exists.into()),
            Some(_) if replace => Err(FileFault::NotFile.into()),
            Some(_) => Err(FileFault::Exists.into()),
        }
    }
}

/// A file in the making.
struct Filling {
    held: Held,
    replace: bool,
    bytes: Vec<u8>,
}

impl NewFile for Filling {
    fn write(&mut self, bytes: &[u8]) -> PortResult<()> {
        self.held.desktop.enter(Call::WriteFile, None, None)?;
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn finish(self: Box<Self>, permit: &Permit) -> PortResult<u64> {
        self.held.desktop.enter(Call::FinishFile, None, None)?;
        let (parent, name) = self.held.slot(permit, self.replace)?;
        let mut state = self.held.desktop.lock();
        if let Some(old) = state.files.child(Some(parent), &name) {
            state.files.remove(old);
        }
        let size = u64::try_from(self.bytes.len()).unwrap_or(u64::MAX);
        state.files.add(Some(parent), &name, What::File(self.bytes));
        state.note(format!("wrote {name}"));
        Ok(size)
    }
}
