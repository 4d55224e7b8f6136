//! Sounds that can be played: a wave whose constructor is the check, and the sounds that Windows has names for. Nothing is
//! decoded here; what plays them is a port.

use crate::Digest;
use std::time::Duration;

/// A sound that Windows plays by its own name, as its owner set it in the sound scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SystemSound {
    /// Something is told.
    Asterisk,
    /// The default sound.
    Default,
    /// Something is warned of.
    Exclamation,
    /// Something failed.
    Hand,
    /// Something is asked.
    Question,
}

impl SystemSound {
    /// Every one.
    pub const ALL: [Self; 5] = [Self::Asterisk, Self::Default, Self::Exclamation, Self::Hand, Self::Question];

    /// The name in the sound scheme (`SND_ALIAS` of `PlaySound`).
    pub fn alias(self) -> &'static str {
        match self {
            Self::Asterisk => "SystemAsterisk",
            Self::Default => "SystemDefault",
            Self::Exclamation => "SystemExclamation",
            Self::Hand => "SystemHand",
            Self::Question => "SystemQuestion",
        }
    }
}

/// How the samples of a wave are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WaveFormat {
    /// Whether samples are floats and not whole numbers.
    pub is_float: bool,
    /// 1 or 2.
    pub channels: u16,
    /// Samples a second of each channel, 4,000 to 192,000.
    pub rate: u32,
    /// Bits of a sample: 8, 16, 24 or 32.
    pub bits: u16,
}

impl WaveFormat {
    /// Bytes of one sample of all channels.
    pub fn block(self) -> u16 {
        self.channels.saturating_mul(self.bits / 8)
    }

    /// Bytes of a second.
    pub fn bytes_per_second(self) -> u32 {
        self.rate.saturating_mul(u32::from(self.block()))
    }
}

/// A wave: uncompressed samples of a known form, not longer than is played. Its format is computed and never taken from what
/// the file says of its own speed.
#[derive(Clone, PartialEq, Eq)]
pub struct Wave {
    format: WaveFormat,
    samples: Vec<u8>,
}

impl std::fmt::Debug for Wave {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Wave({:?}, {:?}, {})", self.format, self.duration(), Digest::of(&self.samples))
    }
}

/// Why bytes are no wave that is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadWave {
    /// More bytes than are read.
    #[error("it has more than {} bytes", Wave::BYTE_CAP)]
    TooLarge,
    /// It lasts too long.
    #[error("it lasts longer than {} s", Wave::LENGTH_CAP.as_secs())]
    TooLong,
    /// It is no RIFF file of the form WAVE, or is cut off before its samples.
    #[error("it is no whole .wav file (RIFF, WAVE, fmt, data)")]
    NotWave,
    /// Its samples are compressed, or of a form that is not played.
    #[error("its samples are not PCM or float of 1 or 2 channels, 8 to 32 bits and 4,000 to 192,000 Hz")]
    Form,
    /// There is nothing in it.
    #[error("it holds no samples")]
    Empty,
}

/// `WAVE_FORMAT_PCM`, `WAVE_FORMAT_IEEE_FLOAT` and `WAVE_FORMAT_EXTENSIBLE` of `mmreg.h`.
const PCM: u16 = 1;
const FLOAT: u16 = 3;
const EXTENSIBLE: u16 = 0xFFFE;
/// What follows the two bytes of the tag in the sub-format of an extensible format (`KSDATAFORMAT_SUBTYPE_PCM` and `_IEEE_FLOAT`).
const SUBTYPE_REST: [u8; 14] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];
/// Where the sub-format stands in an extensible format.
const SUBTYPE_AT: usize = 24;

impl Wave {
    /// Bytes of a file.
    pub const BYTE_CAP: usize = 10 * 1024 * 1024;
    /// How long it may last.
    pub const LENGTH_CAP: Duration = Duration::from_secs(60);

    /// Reads the bytes of a `.wav` file.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadWave> {
        if bytes.len() > Self::BYTE_CAP {
            return Err(BadWave::TooLarge);
        }
        if bytes.get(..4) != Some(b"RIFF") || bytes.get(8..12) != Some(b"WAVE") {
            return Err(BadWave::NotWave);
        }
        let mut format = None;
        let mut rest = bytes.get(12..).unwrap_or_default();
        while let Some((name, size, after)) = chunk(rest) {
            match name {
                b"fmt " => format = Some(read_format(after.get(..size).ok_or(BadWave::NotWave)?)?),
                b"data" => {
                    let format = format.ok_or(BadWave::NotWave)?;
                    return Self::new(format, after.get(..size).ok_or(BadWave::NotWave)?);
                }
                _ => {}
            }
            // Chunks begin at even places.
            rest = after.get(size.saturating_add(size % 2)..).ok_or(BadWave::NotWave)?;
        }
        Err(BadWave::NotWave)
    }

    fn new(format: WaveFormat, samples: &[u8]) -> Result<Self, BadWave> {
        let block = usize::from(format.block());
        // What does not fill a sample is left out.
        let whole = samples.len().checked_div(block).unwrap_or(0).saturating_mul(block);
        let wave = Self { format, samples: samples.get(..whole).unwrap_or_default().to_vec() };
        if wave.samples.is_empty() {
            return Err(BadWave::Empty);
        }
        if wave.duration() > Self::LENGTH_CAP {
            return Err(BadWave::TooLong);
        }
        Ok(wave)
    }

    /// How its samples are to be read.
    pub fn format(&self) -> WaveFormat {
        self.format
    }

    /// The samples, a whole number of blocks and at least one.
    pub fn samples(&self) -> &[u8] {
        &self.samples
    }

    /// How long it lasts.
    pub fn duration(&self) -> Duration {
        let bytes = u64::try_from(self.samples.len()).unwrap_or(u64::MAX);
        let second = u64::from(self.format.bytes_per_second());
        Duration::from_millis(bytes.saturating_mul(1_000).checked_div(second).unwrap_or(0))
    }
}

/// The next chunk: its name, the size that it says it has, and what follows its head.
fn chunk(bytes: &[u8]) -> Option<(&[u8; 4], usize, &[u8])> {
    let (name, rest) = bytes.split_first_chunk::<4>()?;
    let (size, rest) = rest.split_first_chunk::<4>()?;
    Some((name, usize::try_from(u32::from_le_bytes(*size)).ok()?, rest))
}

/// Two bytes of a format as a number.
fn short(bytes: &[u8], at: usize) -> Result<u16, BadWave> {
    let two = bytes.get(at..).and_then(<[u8]>::first_chunk::<2>).ok_or(BadWave::NotWave)?;
    Ok(u16::from_le_bytes(*two))
}

/// `WAVEFORMATEX`, and the sub-format of `WAVEFORMATEXTENSIBLE`.
fn read_format(bytes: &[u8]) -> Result<WaveFormat, BadWave> {
    let tag = match short(bytes, 0)? {
        EXTENSIBLE if bytes.get(SUBTYPE_AT + 2..SUBTYPE_AT + 16) == Some(&SUBTYPE_REST) => short(bytes, SUBTYPE_AT)?,
        tag => tag,
    };
    let channels = short(bytes, 2)?;
    let rate = bytes.get(4..).and_then(<[u8]>::first_chunk::<4>).ok_or(BadWave::NotWave)?;
    let format =
        WaveFormat { is_float: tag == FLOAT, channels, rate: u32::from_le_bytes(*rate), bits: short(bytes, 14)? };
    let bits_fit = match tag {
        PCM => matches!(format.bits, 8 | 16 | 24 | 32),
        FLOAT => format.bits == 32,
        _ => false,
    };
    let fits = bits_fit && (1..=2).contains(&channels) && (4_000..=192_000).contains(&format.rate);
    if fits { Ok(format) } else { Err(BadWave::Form) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of one format and so many bytes of samples.
    fn file(tag: u16, channels: u16, rate: u32, bits: u16, samples: &[u8]) -> Vec<u8> {
        let mut format = [tag.to_le_bytes(), channels.to_le_bytes()].concat();
        format.extend(rate.to_le_bytes());
        // What a file says of its speed is not believed.
        format.extend(u32::MAX.to_le_bytes());
        format.extend([0xFF, 0xFF]);
        format.extend(bits.to_le_bytes());
        riff(&[(b"LIST", b"odd"), (b"fmt ", &format), (b"data", samples)])
    }

    fn riff(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
        let mut all = b"RIFF\0\0\0\0WAVE".to_vec();
        for (name, body) in chunks {
            all.extend_from_slice(*name);
            all.extend(u32::try_from(body.len()).unwrap().to_le_bytes());
            all.extend_from_slice(body);
            all.extend(std::iter::repeat_n(0, body.len() % 2));
        }
        all
    }

    #[test]
    fn a_wave_is_read_with_its_real_length() {
        for (tag, channels, rate, bits, bytes, millis) in [
            (PCM, 1, 8_000, 8, 8_000, 1_000),
            (PCM, 2, 44_100, 16, 88_200, 500),
            (PCM, 2, 48_000, 24, 28_803, 100),
            (FLOAT, 1, 192_000, 32, 768, 1),
        ] {
            let wave = Wave::parse(&file(tag, channels, rate, bits, &vec![0; bytes])).unwrap();
            assert_eq!(wave.duration(), Duration::from_millis(millis), "{wave:?}");
            assert_eq!(wave.format(), WaveFormat { is_float: tag == FLOAT, channels, rate, bits });
            assert_eq!(wave.samples().len() % usize::from(wave.format().block()), 0);
        }
    }

    #[test]
    fn an_extensible_format_is_what_its_sub_format_says() {
        let format = |sub: u16, rest: &[u8]| {
            let mut bytes = vec![0xFE, 0xFF, 1, 0, 0x40, 0x1F, 0, 0, 0, 0, 0, 0, 1, 0, 8, 0, 22, 0, 8, 0, 4, 0, 0, 0];
            bytes.extend(sub.to_le_bytes());
            bytes.extend_from_slice(rest);
            Wave::parse(&riff(&[(b"fmt ", &bytes), (b"data", &[0; 8])]))
        };
        assert!(!format(PCM, &SUBTYPE_REST).unwrap().format().is_float);
        assert_eq!(format(2, &SUBTYPE_REST), Err(BadWave::Form));
        assert_eq!(format(PCM, &[0; 14]), Err(BadWave::Form));
        assert_eq!(format(PCM, &[]), Err(BadWave::Form));
    }

    #[test]
    fn what_is_no_such_wave_is_refused_with_its_reason() {
        let second = vec![0; 8_000];
        let at_cap = vec![0; 8_000 * 60];
        let over = vec![0; 8_000 * 60 + 8];
        assert!(Wave::parse(&file(PCM, 1, 8_000, 8, &at_cap)).is_ok());
        let mut cut = file(PCM, 1, 8_000, 8, &second);
        cut.pop();
        for (bytes, why) in [
            (file(PCM, 1, 8_000, 8, &over), BadWave::TooLong),
            (vec![0; Wave::BYTE_CAP + 1], BadWave::TooLarge),
            (vec![0; Wave::BYTE_CAP], BadWave::NotWave),
            (Vec::new(), BadWave::NotWave),
            (b"ID3 no wave".to_vec(), BadWave::NotWave),
            (cut, BadWave::NotWave),
            (riff(&[(b"data", &[0; 8])]), BadWave::NotWave),
            (riff(&[(b"fmt ", &[1, 0])]), BadWave::NotWave),
            // Speech codecs and the like would be decoded by whatever is installed.
            (file(2, 1, 8_000, 4, &second), BadWave::Form),
            (file(0x55, 2, 44_100, 0, &second), BadWave::Form),
            (file(PCM, 3, 8_000, 8, &second), BadWave::Form),
            (file(PCM, 0, 8_000, 8, &second), BadWave::Form),
            (file(PCM, 1, 0, 8, &second), BadWave::Form),
            (file(PCM, 1, 192_001, 8, &second), BadWave::Form),
            (file(PCM, 1, 8_000, 12, &second), BadWave::Form),
            (file(PCM, 1, 8_000, 8, &[]), BadWave::Empty),
            (file(PCM, 2, 8_000, 16, &[0; 3]), BadWave::Empty),
        ] {
            assert_eq!(Wave::parse(&bytes), Err(why), "{} bytes", bytes.len());
        }
    }
}
