//! Files and folders on this machine's drives. A path is resolved once to what it leads to and is held from then on; every
//! further call works on what is held, so that nothing put in its place later is ever touched.

use crate::{Permit, PortResult};
use portcullis_model::{Access, Cancel, Deadline, Effect, FileIdentity, FilePath, Resource, Untrusted};
use std::any::Any;

/// What lies at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link or a junction, itself.
    Link,
}

impl FileKind {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Folder => "folder",
            Self::Link => "link",
        }
    }
}

/// Whether the last name of a path, when it is a link, stands for what it leads to. Links before it always do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastLink {
    /// For what it leads to.
    Followed,
    /// For itself.
    Itself,
}

/// Where something lies, and which it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePlace {
    /// Where it really lies: links and short names on the way are replaced.
    pub path: FilePath,
    /// What lies there and which; none where nothing does, or where we may not look.
    pub found: Option<(FileKind, FileIdentity)>,
}

impl FilePlace {
    /// What lies there.
    pub fn kind(&self) -> Option<FileKind> {
        self.found.map(|(kind, _)| kind)
    }

    fn identity(&self) -> Option<FileIdentity> {
        self.found.map(|(_, identity)| identity)
    }

    /// The thing alone, as a resource.
    pub fn one(&self, access: Access) -> Resource {
        Resource::File { path: self.path.clone(), identity: self.identity(), access }
    }

    /// The thing and all below it, as a resource.
    pub fn tree(&self, access: Access) -> Resource {
        Resource::FileTree { path: self.path.clone(), identity: self.identity(), access }
    }
}

/// What is told of a file without reading it. Times are in 100 ns units since 1601; 0 where the file system keeps none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFacts {
    /// Its name.
    pub name: Untrusted,
    /// What it is.
    pub kind: FileKind,
    /// Bytes; 0 of folders and links.
    pub size: u64,
    /// When it was made.
    pub created: u64,
    /// When its content changed.
    pub modified: u64,
    /// When it was last read, as far as the system keeps that.
    pub accessed: u64,
    /// Whether it is marked as not to be written.
    pub read_only: bool,
    /// Whether it is hidden.
    pub hidden: bool,
    /// Whether it belongs to the system.
    pub system: bool,
}

/// What a folder holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FolderEntries {
    /// What may be shown, in the order of the file system.
    pub entries: Vec<FileFacts>,
    /// How many a rule keeps back.
    pub withheld: usize,
    /// Whether there are more than were asked for.
    pub more: bool,
}

/// The roots that a folder must lie in to be looked at for the sake of an effect.
pub fn access_for(effect: Effect) -> Access {
    match effect {
        Effect::RemoveFiles | Effect::WriteFiles => Access::Write,
        _ => Access::Read,
    }
}

/// The files of this machine.
pub trait FilePort: Send + Sync {
    /// The folder of the signed-in user.
    fn profile(&self) -> PortResult<FilePath>;

    /// Where a path leads, held. Tells who and where, nothing of content, so no permit. Where nothing lies, or we may not
    /// look, the place is told that it would have. A path that leads off this machine's drives is
    /// [`FileFault::LeadsAway`], found before anything there is asked.
    fn resolve(&self, path: &FilePath, last: LastLink) -> PortResult<Box<dyn HeldFile>>;
}

/// Something that was resolved and is held: the thing itself, or the folder in which it may be made. Each call compares
/// the permit with where the thing lies at that moment.
pub trait HeldFile: Send {
    /// Where it was found.
    fn place(&self) -> &FilePlace;

    /// What is told of it. Needs `ListFiles`.
    fn facts(&self, permit: &Permit) -> PortResult<FileFacts>;

    /// What a folder holds, at most `cap` entries, looked at for the sake of `effect`: `ListFiles`, `ReadFiles` or
    /// `RemoveFiles`, which the permit names for the folder as a tree. What it keeps back is counted and not told.
    fn entries(&self, permit: &Permit, effect: Effect, cap: usize, cancel: &Cancel) -> PortResult<FolderEntries>;

    /// What lies, or could be made, in a folder under this name; a link is itself. Tells identities, so no permit.
    fn child(&self, name: &str) -> PortResult<Box<dyn HeldFile>>;

    /// At most `limit` bytes from `offset` on; none at the end. Needs `ReadFiles`.
    fn read(&self, permit: &Permit, offset: u64, limit: usize) -> PortResult<Vec<u8>>;

    /// Makes a folder at this place, where nothing lies. Needs `WriteFiles`.
    fn make_folder(&self, permit: &Permit) -> PortResult<()>;

    /// A new file that takes this place once it is whole; until then what is there stays. Needs `WriteFiles`. Unless
    /// `replace`, nothing may lie there. Only a file is replaced, and it is let go of, since what is open is not replaced.
    fn fill(self: Box<Self>, permit: &Permit, replace: bool) -> PortResult<Box<dyn NewFile>>;

    /// Adds to the end of a file; its size after that. Needs `WriteFiles`.
    fn append(&self, permit: &Permit, bytes: &[u8]) -> PortResult<u64>;

    /// Moves the thing itself, links too, to the place of `to`, which came from the same port. Needs `RemoveFiles` on it and
    /// `WriteFiles` on the place. Unless `replace`, nothing may lie there; only a file is replaced.
    fn move_to(&self, permit: &Permit, to: Box<dyn HeldFile>, replace: bool) -> PortResult<()>;

    /// Deletes a file, an empty folder or a link itself, for good. Needs `RemoveFiles`.
    fn remove(self: Box<Self>, permit: &Permit) -> PortResult<()>;

    /// Puts the thing, a folder with all in it, into the recycle bin. Needs `RemoveFiles` on it as a tree. Waits for the
    /// shell until the deadline. Where there is no bin it is `Unsupported`, and nothing is deleted. Whether the bin
    /// was seen to hold more than before: the shell deletes for good what has no room there, and says nothing.
    fn recycle(self: Box<Self>, permit: &Permit, deadline: Deadline, cancel: &Cancel) -> PortResult<bool>;

    /// For the port that made it: what it holds.
    fn as_any(&self) -> &dyn Any;
}

/// A file that is being written beside its place. Dropped before it is finished, it leaves nothing.
pub trait NewFile: Send {
    /// Adds bytes.
    fn write(&mut self, bytes: &[u8]) -> PortResult<()>;

    /// Puts the file into its place, unless something else came to lie there than the permit names; its size.
    fn finish(self: Box<Self>, permit: &Permit) -> PortResult<u64>;
}

/// Why a file could not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileFault {
    /// Nothing lies there.
    #[error("nothing lies at this path")]
    Missing,
    /// Something lies there already.
    #[error("something lies at this path already")]
    Exists,
    /// It is no folder.
    #[error("it is no folder")]
    NotFolder,
    /// It is no file.
    #[error("it is no file")]
    NotFile,
    /// The user that runs the server may not.
    #[error("Windows refuses it to the user that runs the server")]
    AccessDenied,
    /// Another program has it open.
    #[error("another program has it open")]
    InUse,
    /// There is no room.
    #[error("the drive is full")]
    Full,
    /// A link or a drive leads to another machine, a device or a volume without a letter.
    #[error("the path leads off this machine's drives")]
    LeadsAway,
    /// A folder holds something.
    #[error("the folder is not empty")]
    NotEmpty,
    /// The two places lie on different drives.
    #[error("the two places lie on different drives")]
    OtherDrive,
    /// Links lead to links, more often than is followed.
    #[error("the path goes through more links than are followed")]
    TooManyLinks,
}
