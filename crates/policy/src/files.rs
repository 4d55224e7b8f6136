//! Which files may be touched: roots that the owner names, places that he keeps back, stores of credentials, and our own
//! files, which no configuration opens. Paths arrive here resolved; nothing is asked of the file system.

use crate::decision::Denial;
use crate::places::{CLIENT_FILES, CREDENTIALS, Pattern};
use crate::roots::{Root, Roots, refused, root};
use portcullis_model::{Access, FilePath, Principal, Resource, Valued};

/// The principal whose files the user's profile holds.
const LOCAL: &str = "local";

/// The rules about files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileRules {
    /// Files and folders that may be read, when that is said.
    pub read: Roots<FilePath>,
    /// Files and folders that may be written, when that is said.
    pub write: Roots<FilePath>,
    /// What is refused also inside a root.
    pub deny: Vec<Valued<FilePath>>,
    /// The user's profile: what `local` reads when nobody says anything.
    pub profile: Option<FilePath>,
    /// Our own files and folders: configuration, keys, audit, journal, stop files, the exe.
    pub own: Vec<FilePath>,
    /// Folders in which nothing is written: where our program lies, Windows takes libraries from beside it.
    pub beside: Vec<FilePath>,
}

impl FileRules {
    /// What the owner said, for the digest of the rules; where our own files lie is no rule of his.
    pub(crate) fn said(&self) -> impl std::fmt::Debug {
        (&self.read, &self.write, &self.deny)
    }

    /// Refuses a file that the caller may not touch; says which rule lets the caller touch it.
    pub(crate) fn check(
        &self,
        principal: &Principal,
        own: Option<&Self>,
        path: &FilePath,
        access: Access,
    ) -> Result<String, Denial> {
        self.check_own(path, access)?;
        let root = self.root(principal, own, path, access);
        if let Some(store) = CREDENTIALS.iter().find(|store| store.holds(path)) {
            // Only a root that itself lies in the store was meant for it.
            let meant = root.as_ref().is_ok_and(|root| root.place.is_some_and(|path| store.holds(path)));
            if !meant {
                return Err(refused(
                    "the path lies in a store of credentials",
                    format!(
                        "{store} is refused to all, also inside a root, unless the policy file names that very path"
                    ),
                    Some(format!("the owner can name the exact path in `{}`", key(access))),
                ));
            }
        }
        let mut kept = self.deny.iter().chain(own.iter().flat_map(|own| &own.deny));
        if let Some(kept) = kept.find(|kept| path.is_within(&kept.value)) {
            return Err(refused(
                "the path is one that the owner keeps back",
                format!("{} names {} in `files.deny`", kept.origin, kept.value),
                Some("the owner can take it from `files.deny` there".to_owned()),
            ));
        }
        root.map(|root| root.rule)
    }

    /// The same for all that a call touches: also that nothing protected lies below what is moved or deleted whole.
    pub(crate) fn check_resource(
        &self,
        principal: &Principal,
        own: Option<&Self>,
        resource: &Resource,
    ) -> Result<Option<String>, Denial> {
        match resource {
            Resource::File { path, access, .. } | Resource::FileTree { path, access, .. } => {
                self.check(principal, own, path, *access).map(Some)
            }
            // What is started by its path does with the user's rights what it is told, ours too.
            Resource::Executable { path } => match FilePath::parse(path) {
                Ok(path) => self.check_own(&path, Access::Read).map(|()| None),
                // What is no path of a file is not one of ours.
                Err(_) => Ok(None),
            },
            _ => Ok(None),
        }
    }

    fn check_own(&self, path: &FilePath, access: Access) -> Result<(), Denial> {
        let lifted_by_none = |what: &str| format!("{what} to every tool; no configuration lifts this");
        let holds = |own: &FilePath| path.is_within(own) || (access == Access::Write && own.is_within(path));
        if self.own.iter().any(holds) {
            let rule = lifted_by_none("our own configuration, keys, records, stop files and program are refused");
            return Err(refused("the path is one of Portcullis itself, or holds one", rule, None));
        }
        if access == Access::Write && path.parent().is_some_and(|folder| self.beside.contains(&folder)) {
            let rule = lifted_by_none("what lies beside our own program is refused to be written");
            return Err(refused(
                "the path lies beside Portcullis's own program, which loads what is put there",
                rule,
                None,
            ));
        }
        if CLIENT_FILES.iter().any(|file| file.holds(path)) {
            let rule = lifted_by_none("the files by which MCP clients start servers are refused");
            return Err(refused("the path is that of a client's configuration", rule, None));
        }
        Ok(())
    }

    /// The list of roots for this access.
    pub(crate) fn roots(&self, access: Access) -> &Roots<FilePath> {
        match access {
            Access::Read => &self.read,
            Access::Write => &self.write,
        }
    }

    pub(crate) fn root<'rules>(
        &'rules self,
        principal: &Principal,
        own: Option<&'rules Self>,
        path: &FilePath,
        access: Access,
    ) -> Result<Root<'rules, FilePath>, Denial> {
        root(self.roots(access), own.map(|own| own.roots(access)), path, key(access), || {
            let profile = self.profile.as_ref().filter(|_| access == Access::Read && principal.name() == LOCAL);
            if profile.is_some_and(|profile| path.is_within(profile)) {
                return Ok("by default `local` reads the user's profile".to_owned());
            }
            Err(match access {
                Access::Read => "nobody says `files.read`: `local` reads the user's profile, others read nothing",
                Access::Write => "nobody says `files.write`: nothing is written",
            }
            .to_owned())
        })
    }
}

pub(crate) fn key(access: Access) -> &'static str {
    match access {
        Access::Read => "files.read",
        Access::Write => "files.write",
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.names().join("\\"))
    }
}

#[cfg(test)]
mod tests;
