//! A loudspeaker in memory: it keeps what was played, and plays nothing longer than a test wants to wait.

use crate::desktop::{Call, FakeDesktop};
use portcullis_model::{Cancel, Deadline, Effect, Resource};
use portcullis_platform::{Permit, Played, PortResult, Sound, SoundPort};

impl FakeDesktop {
    /// What was played, the first sound first.
    pub fn sounds(&self) -> Vec<Sound> {
        self.lock().sounds.clone()
    }
}

impl SoundPort for FakeDesktop {
    fn ready(&self, deadline: Deadline) -> PortResult<()> {
        self.enter(Call::PlaySound, Some(deadline), None)
    }

    fn play(&self, permit: &Permit, sound: &Sound, deadline: Deadline, cancel: &Cancel) -> PortResult<Played> {
        permit.require(Effect::PlaySound, &Resource::Speakers)?;
        self.enter(Call::PlaySound, Some(deadline), Some(cancel))?;
        self.lock().sounds.push(sound.clone());
        Ok(match sound {
            Sound::Wave(wave) => Played::Told(wave.duration()),
            Sound::System(_) => Played::Taken,
        })
    }
}
