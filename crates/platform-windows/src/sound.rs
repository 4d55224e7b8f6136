//! Sounds through the wave functions of Windows' multimedia library: samples go to the sound device as they are, and the device
//! tells how far it came. No file is opened here and nothing is decoded.

use crate::helper::Helpers;
use portcullis_model::{Cancel, Deadline, Effect, Resource, SystemSound, Wave, WaveFormat};
use portcullis_platform::{Permit, Played, PortFault, PortResult, Sound, SoundPort};
use std::time::Duration;
use windows::Win32::Media::Audio::{
    CALLBACK_NULL, HWAVEOUT, PlaySoundW, SND_ALIAS, SND_ASYNC, SND_NODEFAULT, SND_SYSTEM, WAVE_MAPPER, WAVEFORMATEX,
    WAVEHDR, WHDR_DONE, waveOutClose, waveOutGetNumDevs, waveOutGetPosition, waveOutOpen, waveOutPrepareHeader,
    waveOutReset, waveOutUnprepareHeader, waveOutWrite,
};
use windows::Win32::Media::{
    MMSYSERR_BADDEVICEID, MMSYSERR_NODRIVER, MMSYSERR_NOERROR, MMTIME, TIME_BYTES, TIME_MS, TIME_SAMPLES,
};
use windows::core::{HSTRING, PSTR};

/// How long one look at the device lasts.
const LOOK: Duration = Duration::from_millis(10);
/// `WAVERR_BADFORMAT`: no device plays the form.
const BAD_FORMAT: u32 = 32;
/// `WAVE_FORMAT_PCM` and `WAVE_FORMAT_IEEE_FLOAT` of `mmreg.h`.
const PCM: u16 = 1;
const FLOAT: u16 = 3;

static HELPERS: Helpers = Helpers::new();

/// The sound device that the user chose.
pub(crate) struct Win32Sound;

impl SoundPort for Win32Sound {
    fn ready(&self, deadline: Deadline) -> PortResult<()> {
        HELPERS.run(deadline, &Cancel::new(), require_device)?
    }

    fn play(&self, permit: &Permit, sound: &Sound, deadline: Deadline, cancel: &Cancel) -> PortResult<Played> {
        permit.require(Effect::PlaySound, &Resource::Speakers)?;
        cancel.check()?;
        let (sound, theirs) = (sound.clone(), cancel.clone());
        // A device of another process may hang: hence the helper, which looks at the withdrawal itself and stops the device.
        HELPERS.run(deadline, cancel, move || match sound {
            Sound::Wave(wave) => play(wave, deadline, &theirs),
            Sound::System(sound) => take(sound),
        })?
    }
}

fn require_device() -> PortResult<()> {
    // SAFETY: it takes nothing.
    let devices = unsafe { waveOutGetNumDevs() };
    if devices == 0 { Err(no_device()) } else { Ok(()) }
}

/// Hands the name to Windows, which plays it beside this call; a name without a sound is no error there, and neither is a
/// machine without a device.
fn take(sound: SystemSound) -> PortResult<Played> {
    require_device()?;
    let name = HSTRING::from(sound.alias());
    // SAFETY: the name outlives the call, which copies what it needs; no module is named.
    let taken = unsafe { PlaySoundW(&name, None, SND_ALIAS | SND_ASYNC | SND_NODEFAULT | SND_SYSTEM) };
    if taken.as_bool() { Ok(Played::Taken) } else { Err(no_device()) }
}

fn no_device() -> PortFault {
    PortFault::Unsupported("play a sound: it has no sound device, or none for this user".to_owned())
}

/// The fault of a wave function's answer.
fn check(call: &'static str, answer: u32) -> PortResult<()> {
    match answer {
        MMSYSERR_NOERROR => Ok(()),
        MMSYSERR_NODRIVER | MMSYSERR_BADDEVICEID => Err(no_device()),
        BAD_FORMAT => Err(PortFault::Unsupported("play a sound of this form: no sound device takes it".to_owned())),
        code => Err(PortFault::System { call, code }),
    }
}

/// The form in the words of `WAVEFORMATEX`.
fn described(format: WaveFormat) -> WAVEFORMATEX {
    WAVEFORMATEX {
        wFormatTag: if format.is_float { FLOAT } else { PCM },
        nChannels: format.channels,
        nSamplesPerSec: format.rate,
        nAvgBytesPerSec: format.bytes_per_second(),
        nBlockAlign: format.block(),
        wBitsPerSample: format.bits,
        cbSize: 0,
    }
}

/// `cbwh` of the functions that take a header.
fn header_size() -> u32 {
    u32::try_from(size_of::<WAVEHDR>()).unwrap_or(0)
}

/// An open device.
struct Device(HWAVEOUT);

impl Device {
    fn open(format: WaveFormat) -> PortResult<Self> {
        let (mut device, described) = (HWAVEOUT::default(), described(format));
        // SAFETY: both pointers are locals that outlive the call; without a callback nothing of ours is called.
        let answer = unsafe { waveOutOpen(Some(&mut device), WAVE_MAPPER, &described, None, None, CALLBACK_NULL) };
        check("waveOutOpen", answer)?;
        Ok(Self(device))
    }

    /// How much the device says that it played; none when it tells that in another unit than it knows of.
    fn position(&self, format: WaveFormat) -> Option<Duration> {
        let mut time = MMTIME { wType: TIME_BYTES, ..MMTIME::default() };
        let size = u32::try_from(size_of::<MMTIME>()).unwrap_or(0);
        // SAFETY: the device is open and the out-pointer is a local of the size that is told.
        let answer = unsafe { waveOutGetPosition(self.0, &mut time, size) };
        if answer != MMSYSERR_NOERROR {
            return None;
        }
        let per_second = |count: u32, second: u32| {
            u64::from(count).saturating_mul(1_000).checked_div(u64::from(second)).map(Duration::from_millis)
        };
        match time.wType {
            // SAFETY: the unit that was answered says which member was written; all are plain numbers.
            TIME_BYTES => per_second(unsafe { time.u.cb }, format.bytes_per_second()),
            // SAFETY: as above.
            TIME_SAMPLES => per_second(unsafe { time.u.sample }, format.rate),
            // SAFETY: as above.
            TIME_MS => per_second(unsafe { time.u.ms }, 1_000),
            _ => None,
        }
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // SAFETY: the device is open and closed once; its buffer was given back before.
        let _ = unsafe { waveOutClose(self.0) };
    }
}

/// Samples that the device has. They stay where they are until it gave them back.
struct Queued<'device> {
    device: &'device Device,
    header: Box<WAVEHDR>,
    _samples: Vec<u8>,
}

impl<'device> Queued<'device> {
    fn write(device: &'device Device, mut samples: Vec<u8>) -> PortResult<Self> {
        let length = u32::try_from(samples.len()).unwrap_or(0);
        let header = WAVEHDR { lpData: PSTR(samples.as_mut_ptr()), dwBufferLength: length, ..WAVEHDR::default() };
        let mut queued = Self { device, header: Box::new(header), _samples: samples };
        // SAFETY: header and samples lie on the heap and live until `drop` has taken them back.
        let answer = unsafe { waveOutPrepareHeader(device.0, &mut *queued.header, header_size()) };
        check("waveOutPrepareHeader", answer)?;
        // SAFETY: the header was prepared for this device.
        let answer = unsafe { waveOutWrite(device.0, &mut *queued.header, header_size()) };
        check("waveOutWrite", answer)?;
        Ok(queued)
    }

    fn is_done(&self) -> bool {
        // SAFETY: the header is alive; the device's thread writes its flags meanwhile, so they are read as they are now.
        let flags = unsafe { (&raw const self.header.dwFlags).read_volatile() };
        flags & WHDR_DONE != 0
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        // SAFETY: the device is open; it falls silent and gives back what it has.
        let _ = unsafe { waveOutReset(self.device.0) };
        // SAFETY: nothing of it is queued any more, so that header and samples may go.
        let _ = unsafe { waveOutUnprepareHeader(self.device.0, &mut *self.header, header_size()) };
    }
}

fn play(wave: Wave, deadline: Deadline, cancel: &Cancel) -> PortResult<Played> {
    let format = wave.format();
    let device = Device::open(format)?;
    let queued = Queued::write(&device, wave.samples().to_vec())?;
    while !queued.is_done() && !deadline.passed() {
        cancel.wait(deadline.slice(LOOK).remaining())?;
    }
    Ok(device.position(format).map_or(Played::Taken, Played::Told))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_described_by_what_was_computed_and_not_by_what_a_file_says() {
        for (is_float, channels, rate, bits, expected) in [
            (false, 1, 8_000, 8, (1, 8_000, 1)),
            (false, 2, 44_100, 16, (1, 176_400, 4)),
            (false, 2, 48_000, 24, (1, 288_000, 6)),
            (true, 2, 192_000, 32, (3, 1_536_000, 8)),
        ] {
            let told = described(WaveFormat { is_float, channels, rate, bits });
            let (tag, speed, block, extra) = (told.wFormatTag, told.nAvgBytesPerSec, told.nBlockAlign, told.cbSize);
            assert_eq!(((tag, speed, block), extra), (expected, 0));
        }
    }

    #[test]
    fn a_machine_without_a_device_is_said_to_have_none() {
        for code in [MMSYSERR_NODRIVER, MMSYSERR_BADDEVICEID, BAD_FORMAT] {
            assert!(matches!(check("x", code), Err(PortFault::Unsupported(_))), "{code}");
        }
        assert_eq!(check("x", 7), Err(PortFault::System { call: "x", code: 7 }));
        assert_eq!(check("x", MMSYSERR_NOERROR), Ok(()));
    }
}
