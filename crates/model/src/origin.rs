//! Where a setting came from, so that every refusal and every listing can name the place to change. Origins are words:
//! nothing is read or merged here.

use crate::ProgramName;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// Where a value came from. Later ones may narrow what earlier ones say, never widen it, but for the default.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// The machine's file, which only administrators can write.
    Machine {
        /// Which file.
        path: Arc<Path>,
        /// The line, from 1; 0 is the file as a whole.
        line: usize,
    },
    /// The owner's file.
    File {
        /// Which file.
        path: Arc<Path>,
        /// The line, from 1; 0 is the file as a whole.
        line: usize,
    },
    /// The environment.
    Environment(&'static str),
    /// The command line.
    Flag(&'static str),
}

impl Origin {
    /// Whether both were said in the same place: one file, or the command line.
    pub fn is_beside(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Machine { path: one, .. }, Self::Machine { path: two, .. })
            | (Self::File { path: one, .. }, Self::File { path: two, .. }) => one == two,
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }

    /// Whether this was said before `other`, so that `other` may only narrow it.
    pub fn is_before(&self, other: &Self) -> bool {
        self.rank() < other.rank()
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Default => 0,
            Self::Machine { .. } => 1,
            Self::File { .. } => 2,
            Self::Environment(_) => 3,
            Self::Flag(_) => 4,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Machine { path, line: 0 } | Self::File { path, line: 0 } => write!(f, "{}", path.display()),
            Self::Machine { path, line } | Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// A value and its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Valued<T> {
    /// The value.
    pub value: T,
    /// Where it came from.
    pub origin: Origin,
}

impl<T> Valued<T> {
    /// A value that was said there.
    pub fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }

    /// The same place, another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Valued<U> {
        Valued { value: change(self.value), origin: self.origin }
    }
}

/// Windows that a rule names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WindowPattern {
    /// Every window of the program of this image name.
    Program(ProgramName),
    /// Every window whose title holds this text, in any case of letters.
    TitlePart(String),
}

impl fmt::Display for WindowPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program(name) => write!(f, "program {name}"),
            Self::TitlePart(text) => write!(f, "title part {text}"),
        }
    }
}
