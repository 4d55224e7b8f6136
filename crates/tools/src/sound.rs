//! `PlaySound`: a sound that whoever is near the machine hears. A wave is read whole and checked before it is played, so that
//! what was allowed is what is heard; how it is played is the port's.

use crate::context::{ApplyContext, PlanContext, Readers};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::files::{Held, PathArg};
use crate::network::{Fetched, UrlArg, WebPlace};
use crate::tool::{AnyTool, Planned, Tool, lacking};
use portcullis_model::{
    Access, BadWave, Deadline, Effect, Fault, FaultCode, Outcome, Reply, Resource, Reversibility, SystemSound, Tier,
    Wave,
};
use portcullis_platform::{FileFault, FileKind, LastLink, Played, Sound};
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

/// Bytes read at a time.
const PIECE: usize = 1024 * 1024;
/// Time on top of the length of a sound, for reading it and for the device.
const MARGIN: Duration = Duration::from_secs(30);
/// What a device may leave out of what it tells to have played, and have played it all the same.
const SLACK: Duration = Duration::from_millis(100);

/// The tools of this file.
pub(crate) fn tools() -> Vec<AnyTool> {
    vec![AnyTool::of::<PlaySound>()]
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum SoundWord {
    Asterisk,
    Default,
    Exclamation,
    Hand,
    Question,
}

impl From<SoundWord> for SystemSound {
    fn from(word: SoundWord) -> Self {
        match word {
            SoundWord::Asterisk => Self::Asterisk,
            SoundWord::Default => Self::Default,
            SoundWord::Exclamation => Self::Exclamation,
            SoundWord::Hand => Self::Hand,
            SoundWord::Question => Self::Question,
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PlaySoundArgs {
    /// A .wav file
    path: Option<PathArg>,
    /// One of the web
    url: Option<UrlArg>,
    /// One of Windows' own
    sound: Option<SoundWord>,
}

/// Where the sound comes from.
enum Bound {
    File(Held),
    Web(WebPlace),
    System(SystemSound),
}

struct PlaySound;

impl Tool for PlaySound {
    type Args = PlaySoundArgs;
    type Bound = Bound;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "PlaySound",
        title: "Play a sound",
        description: "Play a .wav file (path), one of the web (url) or a sound of Windows, and wait for its end. Uncompressed, at most 10 MiB and 60 s. Give exactly one.",
        tier: Tier::Alter,
        effects: &[Effect::PlaySound, Effect::ReadFiles, Effect::FetchHosts],
        annotations: Annotations { read_only: false, destructive: false, idempotent: false, open_world: true },
        shape: Shape::View,
        lane: Lane::Long,
        deadline: Wave::LENGTH_CAP.saturating_add(MARGIN),
        needs_administrator: false,
        gates: &[],
        answer_cap: 400,
        secret_arguments: &[],
        examples: [
            (r#"{"path": "C:\\Users\\me\\ready.wav"}"#, "Play a file"),
            (r#"{"sound": "asterisk"}"#, "Play what the sound scheme has for a message"),
        ],
    };

    fn lacks(readers: Readers<'_>, deadline: Deadline) -> Vec<String> {
        lacking(readers.sound_ready(deadline))
    }

    fn plan(args: PlaySoundArgs, cx: &PlanContext<'_>) -> Result<Planned<Bound>, Fault> {
        let (source, resource, bound) = match args {
            PlaySoundArgs { path: Some(path), url: None, sound: None } => {
                let file = cx.readers.resolve_file(&path.0, LastLink::Followed)?;
                let resource = file.place().one(Access::Read);
                (Some(Effect::ReadFiles), Some(resource), Bound::File(file))
            }
            PlaySoundArgs { path: None, url: Some(url), sound: None } => {
                let place = WebPlace::look_up(url, cx)?;
                (Some(Effect::FetchHosts), Some(place.resource()), Bound::Web(place))
            }
            PlaySoundArgs { path: None, url: None, sound: Some(word) } => (None, None, Bound::System(word.into())),
            _ => {
                return Err(Fault::new(FaultCode::BadArgument, "it is not clear what to play")
                    .field("path")
                    .rule("exactly one of `path`, `url` and `sound` is given")
                    .remedy("leave out the others"));
            }
        };
        Ok(Planned {
            resources: std::iter::once(Resource::Speakers).chain(resource).collect(),
            effects: std::iter::once(Effect::PlaySound).chain(source).collect(),
            reversibility: Reversibility::Irreversible,
            state_digest: None,
            deadline: None,
            bound,
        })
    }

    fn apply(bound: Bound, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let sound = match bound {
            Bound::File(file) => Sound::Wave(of_file(&file, permit, cx)?),
            Bound::Web(place) => Sound::Wave(of_web(place, permit, cx)?),
            Bound::System(sound) => Sound::System(sound),
        };
        let played = cx.ports.sound.play(permit, &sound, cx.deadline, cx.cancel)?;
        Ok(Reply::action(outcome(&sound, played), Vec::new()))
    }
}

fn of_file(file: &Held, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Wave, Fault> {
    let mut bytes = Vec::new();
    while bytes.len() <= Wave::BYTE_CAP {
        cx.cancel.check()?;
        let piece = file.read(permit, u64::try_from(bytes.len()).unwrap_or(u64::MAX), PIECE)?;
        if piece.is_empty() {
            break;
        }
        bytes.extend(piece);
    }
    if file.place().kind() != Some(FileKind::File) {
        return Err(FileFault::NotFile.into());
    }
    Wave::parse(&bytes).map_err(|bad| refused("path", bad))
}

fn of_web(place: WebPlace, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Wave, Fault> {
    let Fetched { page, .. } = place.read(permit, cx, Wave::BYTE_CAP)?;
    if page.status != 200 {
        return Err(Fault::new(FaultCode::NotFound, format!("the host answered with status {}", page.status))
            .field("url")
            .remedy("see with Scrape what it says"));
    }
    let wave = if page.cut { Err(BadWave::TooLarge) } else { Wave::parse(&page.body) };
    wave.map_err(|bad| refused("url", bad))
}

fn refused(field: &str, bad: BadWave) -> Fault {
    let code = match bad {
        BadWave::TooLarge | BadWave::TooLong => FaultCode::TooLarge,
        BadWave::NotWave | BadWave::Form | BadWave::Empty => FaultCode::BadArgument,
    };
    Fault::new(code, format!("the sound is not played: {bad}"))
        .field(field)
        .rule("what is played is a .wav file of uncompressed samples, at most 10 MiB and 60 s: nothing is decoded")
        .remedy("save it as a shorter PCM .wav file, or play one of Windows' own with `sound`")
}

fn outcome(sound: &Sound, played: Played) -> Outcome {
    match (sound, played) {
        (Sound::Wave(wave), Played::Told(span)) if span + SLACK >= wave.duration() => {
            Outcome::confirmed(format!("the sound device played all {:.1} s", wave.duration().as_secs_f64()))
        }
        (_, Played::Told(span)) => Outcome::Unverified {
            why: format!("the sound device says that it played {:.1} s, which is not all", span.as_secs_f64()),
        },
        (_, Played::Taken) => Outcome::Unverified {
            why: "Windows took it, and does not tell whether it was heard: its owner may have set no sound there"
                .to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One second of silence.
    fn second() -> Sound {
        let mut file =
            b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1F\0\0\0\0\0\0\x01\0\x08\0data\x40\x1F\0\0".to_vec();
        file.extend([0x80; 8_000]);
        Sound::Wave(Wave::parse(&file).unwrap())
    }

    #[test]
    fn only_a_device_that_played_all_confirms_it() {
        for (sound, played, word) in [
            (second(), Played::Told(Duration::from_secs(1)), "confirmed"),
            (second(), Played::Told(Duration::from_millis(900)), "confirmed"),
            (second(), Played::Told(Duration::from_millis(899)), "unverified"),
            (second(), Played::Told(Duration::ZERO), "unverified"),
            (second(), Played::Taken, "unverified"),
            (Sound::System(SystemSound::Hand), Played::Taken, "unverified"),
        ] {
            assert_eq!(outcome(&sound, played).word(), word, "{played:?}");
        }
    }
}
