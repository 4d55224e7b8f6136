//! A Windows desktop in memory, for tests: windows with controls that react, displays, a clipboard, processes, and faults
//! that a test switches on. It checks permits and targets as a real port does; nothing in the product may link it.

mod behave;
mod build;
mod demo;
mod desktop;
mod events;
mod facts;
mod files;
mod host;
mod input;
mod network;
mod notice;
mod ocr;
mod owner;
mod permits;
mod places;
mod processes;
mod registry;
mod scheduled;
mod services;
mod shell;
mod sound;
mod state;
mod surroundings;
#[cfg(test)]
mod tests;
mod tree;
mod windows;
mod wpf;

pub use build::WindowBuilder;
pub use desktop::{Call, FakeDesktop, Trouble};
pub use facts::{Facts, Thing, differing};
pub use host::FakeHost;
pub use owner::FakeOwner;
pub use permits::{SilentLedger, permit};
pub use services::ServiceHabit;
pub use state::{Reach, Reaction};
pub use wpf::{
    FakeApplication, FakeBinding, FakeElement, FakeMember, FakeModel, FakeObject, FakeProperty, FakeWpf, Hostile,
};

/// The words of the inspector's protocol that a test of tools needs to say what an application holds.
pub mod protocol {
    pub use portcullis_wpf_protocol::{LocalKind, Val, ValKind};
}
