//! Playing sounds. What may be played, and from where it comes, is not decided here.

use crate::{Permit, PortResult};
use portcullis_model::{Cancel, Deadline, SystemSound, Wave};
use std::time::Duration;

/// A sound to be played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sound {
    /// These samples.
    Wave(Wave),
    /// What Windows' sound scheme has under this name.
    System(SystemSound),
}

/// What became of a sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Played {
    /// The device tells that it played so much of it.
    Told(Duration),
    /// The system took it and tells nothing of its end.
    Taken,
}

/// What plays sounds.
pub trait SoundPort: Send + Sync {
    /// Whether there is a sound device; `Unsupported` where there is none. Tells nothing else, so no permit.
    fn ready(&self, deadline: Deadline) -> PortResult<()>;

    /// Plays the sound once. A wave is waited for, at most until the deadline; it falls silent when the call is withdrawn. Needs
    /// `PlaySound`. A machine without a sound device is `Unsupported`.
    fn play(&self, permit: &Permit, sound: &Sound, deadline: Deadline, cancel: &Cancel) -> PortResult<Played>;
}
