//! From pictures taken one after the other to one file that moves: what did not change is kept once, and the file is a GIF
//! or, where it is smaller, an animated PNG. No capture and no clock is here.

use crate::desktop::image::Pixels;
use gif::{Encoder as GifEncoder, Frame as GifFrame, Repeat};
use image::imageops::{crop_imm, overlay};
use portcullis_model::{Cancel, Fault, FaultCode};
use std::time::Duration;

/// Bytes of changed pixels that a film holds before it is encoded.
const FILM_BYTES: usize = 96 * 1024 * 1024;
/// How coarsely colours of a GIF are chosen: 1 is slow and fine, 30 quick and coarse.
const COLOUR_SPEED: i32 = 20;

/// The part of a picture that is not as in the one before.
struct Change {
    at: Duration,
    left: u32,
    top: u32,
    pixels: Pixels,
}

/// Pictures one after the other, all of one size.
pub(super) struct Film {
    changes: Vec<Change>,
    last: Pixels,
    bytes: usize,
    taken: usize,
    cap: usize,
}

/// A film as a file.
#[derive(Debug)]
pub(super) struct Encoded {
    pub(super) mime: &'static str,
    pub(super) bytes: Vec<u8>,
    /// How much of the film it shows, from the beginning.
    pub(super) shown: Duration,
}

impl Film {
    /// A film that begins with this picture.
    pub(super) fn new(first: Pixels) -> Self {
        Self::with_cap(first, FILM_BYTES)
    }

    fn with_cap(first: Pixels, cap: usize) -> Self {
        let bytes = first.as_raw().len();
        let change = Change { at: Duration::ZERO, left: 0, top: 0, pixels: first.clone() };
        Self { changes: vec![change], last: first, bytes, taken: 1, cap }
    }

    /// Width and height.
    pub(super) fn size(&self) -> (u32, u32) {
        self.last.dimensions()
    }

    /// How many pictures were taken, and how many were not as the one before.
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.taken, self.changes.len().saturating_sub(1))
    }

    /// Adds the picture of this moment; one of another size is cut, or put on black. False when the film is full, which it is
    /// left as it was then.
    pub(super) fn push(&mut self, at: Duration, pixels: Pixels) -> bool {
        let (width, height) = self.size();
        let pixels = if pixels.dimensions() == (width, height) {
            pixels
        } else {
            let mut canvas = Pixels::new(width, height);
            overlay(&mut canvas, &pixels, 0, 0);
            canvas
        };
        if let Some((left, top, part)) = changed_part(&self.last, &pixels) {
            let more = part.as_raw().len();
            if self.bytes.saturating_add(more) > self.cap {
                return false;
            }
            self.bytes += more;
            self.changes.push(Change { at, left, top, pixels: part });
            self.last = pixels;
        }
        self.taken += 1;
        true
    }

    /// The film, which ended at this moment, as a file of at most so many bytes: what does not fit is left out at the end.
    pub(super) fn encode(&self, end: Duration, max_bytes: usize, cancel: &Cancel) -> Result<Encoded, Fault> {
        let gif = self.gif(end, max_bytes, cancel)?;
        // Only one that shows as much can take its place.
        let better = if gif.shown == end { self.apng(end, gif.bytes.len(), cancel)? } else { None };
        Ok(better.unwrap_or(gif))
    }

    /// Each change with the time until the next.
    fn timed(&self, end: Duration) -> impl Iterator<Item = (&Change, Duration)> {
        let ends = self.changes.iter().skip(1).map(|next| next.at).chain([end]);
        self.changes.iter().zip(ends)
    }

    fn gif(&self, end: Duration, max_bytes: usize, cancel: &Cancel) -> Result<Encoded, Fault> {
        let failed = |error: gif::EncodingError| failed("GIF", &error);
        let (width, height) = self.size();
        let mut encoder = GifEncoder::new(Vec::new(), side(width)?, side(height)?, &[]).map_err(failed)?;
        encoder.set_repeat(Repeat::Infinite).map_err(failed)?;
        let mut written = encoder.get_ref().len();
        let mut shown = Duration::ZERO;
        let mut ticks = Ticks::default();
        for (change, until) in self.timed(end) {
            cancel.check()?;
            let (width, height) = change.pixels.dimensions();
            let mut frame = GifFrame::from_rgb_speed(side(width)?, side(height)?, change.pixels.as_raw(), COLOUR_SPEED);
            (frame.left, frame.top) = (side(change.left)?, side(change.top)?);
            frame.delay = ticks.until(until);
            let mut one = encoder.get_ref().len();
            encoder.write_frame(&frame).map_err(failed)?;
            one = encoder.get_ref().len() - one;
            if written + one >= max_bytes {
                if shown.is_zero() {
                    return Err(too_large(max_bytes));
                }
                let mut bytes = encoder.into_inner().map_err(|error| self::failed("GIF", &error))?;
                bytes.truncate(written);
                bytes.push(GIF_END);
                return Ok(Encoded { mime: "image/gif", bytes, shown });
            }
            written += one;
            shown = until;
        }
        let bytes = encoder.into_inner().map_err(|error| self::failed("GIF", &error))?;
        Ok(Encoded { mime: "image/gif", bytes, shown })
    }

    /// As an animated PNG; none when it has as many bytes as that.
    fn apng(&self, end: Duration, limit: usize, cancel: &Cancel) -> Result<Option<Encoded>, Fault> {
        let failed = |error: png::EncodingError| failed("PNG", &error);
        let (width, height) = self.size();
        let mut out = Capped { bytes: Vec::new(), limit };
        let mut encoder = png::Encoder::new(&mut out, width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::Fast);
        let count = u32::try_from(self.changes.len()).unwrap_or(u32::MAX);
        encoder.set_animated(count, 0).map_err(failed)?;
        let full = |error: &png::EncodingError| matches!(error, png::EncodingError::IoError(_));
        let mut writer = match encoder.write_header() {
            Ok(writer) => writer,
            Err(error) if full(&error) => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let mut ticks = Ticks::default();
        for (change, until) in self.timed(end) {
            cancel.check()?;
            let (width, height) = change.pixels.dimensions();
            writer.set_frame_dimension(width, height).map_err(failed)?;
            writer.set_frame_position(change.left, change.top).map_err(failed)?;
            writer.set_frame_delay(ticks.until(until), 100).map_err(failed)?;
            match writer.write_image_data(change.pixels.as_raw()) {
                Ok(()) => {}
                Err(error) if full(&error) => return Ok(None),
                Err(error) => return Err(failed(error)),
            }
        }
        match writer.finish() {
            Ok(()) => Ok(Some(Encoded { mime: "image/png", bytes: out.bytes, shown: end })),
            Err(error) if full(&error) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }
}

/// What ends a GIF.
const GIF_END: u8 = 0x3b;

/// Spans in hundredths of a second whose sum does not drift.
#[derive(Default)]
struct Ticks {
    gone: u128,
}

impl Ticks {
    fn until(&mut self, at: Duration) -> u16 {
        let at = at.as_millis() / 10;
        let span = u16::try_from(at.saturating_sub(self.gone)).unwrap_or(u16::MAX);
        self.gone = at;
        span
    }
}

/// Bytes up to a limit, at which writing fails.
struct Capped {
    bytes: Vec<u8>,
    limit: usize,
}

impl std::io::Write for Capped {
    fn write(&mut self, more: &[u8]) -> std::io::Result<usize> {
        if self.bytes.len() + more.len() >= self.limit {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(more);
        Ok(more.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The smallest rectangle that holds all that differs, and where it lies.
fn changed_part(before: &Pixels, after: &Pixels) -> Option<(u32, u32, Pixels)> {
    let width = usize::try_from(after.width()).ok()?;
    let line = width.checked_mul(3).filter(|line| *line > 0)?;
    let rows = || before.as_raw().chunks_exact(line).zip(after.as_raw().chunks_exact(line));
    let top = rows().position(|(before, after)| before != after)?;
    let bottom = rows().rposition(|(before, after)| before != after)?;
    let (mut left, mut right) = (width, 0);
    for (before, after) in rows().skip(top).take(bottom - top + 1) {
        let differs = |(before, after): (&[u8], &[u8])| before != after;
        let pixels = || before.chunks_exact(3).zip(after.chunks_exact(3));
        if let (Some(first), Some(last)) = (pixels().position(differs), pixels().rposition(differs)) {
            (left, right) = (left.min(first), right.max(last));
        }
    }
    let number = |value: usize| u32::try_from(value).ok();
    let (left, top) = (number(left)?, number(top)?);
    let (width, height) = (number(right)?.checked_sub(left)? + 1, number(bottom)?.checked_sub(top)? + 1);
    Some((left, top, crop_imm(after, left, top, width, height).to_image()))
}

fn side(length: u32) -> Result<u16, Fault> {
    u16::try_from(length).map_err(|error| failed("GIF", &error))
}

fn failed(format: &str, error: &dyn std::fmt::Display) -> Fault {
    Fault::new(FaultCode::Internal, format!("the {format} could not be written: {error}"))
}

fn too_large(max_bytes: usize) -> Fault {
    Fault::new(FaultCode::TooLarge, "not even the first picture fits")
        .field("max_width")
        .rule(format!("a recording has at most {max_bytes} bytes"))
        .remedy("record a smaller area, or with a smaller max_width")
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    fn plain(width: u32, height: u32) -> Pixels {
        Pixels::from_pixel(width, height, Rgb([240, 240, 240]))
    }

    fn with_square(left: u32, top: u32, side: u32) -> Pixels {
        let mut pixels = plain(200, 100);
        for (x, y) in (left..left + side).flat_map(|x| (top..top + side).map(move |y| (x, y))) {
            pixels.put_pixel(x, y, Rgb([10, 20, 200]));
        }
        pixels
    }

    fn noise(width: u32, height: u32, mut seed: u32) -> Pixels {
        Pixels::from_fn(width, height, |_, _| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let [red, green, blue, _] = seed.to_be_bytes();
            Rgb([red, green, blue])
        })
    }

    const fn ms(span: u64) -> Duration {
        Duration::from_millis(span)
    }

    /// The frames of a GIF as another library reads them: delay, place and size of each.
    fn frames(bytes: &[u8]) -> Vec<(u16, u16, u16, u16, u16)> {
        let mut decoder = gif::DecodeOptions::new().read_info(bytes).unwrap();
        let mut all = Vec::new();
        while let Some(frame) = decoder.read_next_frame().unwrap() {
            all.push((frame.delay, frame.left, frame.top, frame.width, frame.height));
        }
        all
    }

    #[test]
    fn only_what_changed_is_written_and_the_times_add_up() {
        let mut film = Film::new(plain(200, 100));
        assert!(film.push(ms(200), plain(200, 100)));
        assert!(film.push(ms(333), with_square(30, 40, 10)));
        assert!(film.push(ms(667), with_square(50, 40, 10)));
        assert_eq!(film.counts(), (4, 2));
        let gif = film.gif(ms(1000), 1_000_000, &Cancel::new()).unwrap();
        // The second square's picture also wipes the first one.
        assert_eq!(frames(&gif.bytes), [(33, 0, 0, 200, 100), (33, 30, 40, 10, 10), (34, 30, 40, 30, 10)]);
        assert_eq!(gif.shown, ms(1000));
    }

    #[test]
    fn an_animated_png_is_taken_where_it_is_smaller_and_shows_the_same() {
        let mut film = Film::new(plain(200, 100));
        assert!(film.push(ms(500), with_square(30, 40, 10)));
        let encoded = film.encode(ms(1000), 1_000_000, &Cancel::new()).unwrap();
        let gif = film.gif(ms(1000), 1_000_000, &Cancel::new()).unwrap();
        let apng = film.apng(ms(1000), usize::MAX, &Cancel::new()).unwrap().unwrap();
        let smaller = if apng.bytes.len() < gif.bytes.len() { ("image/png", apng) } else { ("image/gif", gif) };
        assert_eq!((encoded.mime, encoded.bytes), (smaller.0, smaller.1.bytes));
        let apng = film.apng(ms(1000), usize::MAX, &Cancel::new()).unwrap().unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(apng.bytes)).read_info().unwrap();
        assert_eq!(reader.info().animation_control().unwrap().num_frames, 2);
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        assert_eq!(pixels[..plain(200, 100).as_raw().len()], plain(200, 100).as_raw()[..]);
        let second = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((second.width, second.height, &pixels[..3]), (10, 10, &[10u8, 20, 200][..]));
    }

    #[test]
    fn what_does_not_fit_is_left_out_at_the_end_and_said() {
        let mut film = Film::new(noise(100, 100, 1));
        assert!(film.push(ms(100), noise(100, 100, 2)));
        assert!(film.push(ms(200), noise(100, 100, 3)));
        let whole = film.gif(ms(300), 10_000_000, &Cancel::new()).unwrap();
        let cut = film.encode(ms(300), whole.bytes.len() - 100, &Cancel::new()).unwrap();
        assert_eq!((cut.mime, cut.shown, frames(&cut.bytes).len()), ("image/gif", ms(200), 2));
        let fault = film.encode(ms(300), 1_000, &Cancel::new()).unwrap_err();
        assert_eq!(fault.code, FaultCode::TooLarge);
    }

    #[test]
    fn a_film_that_is_full_takes_no_more_and_stays_whole() {
        let mut film = Film::with_cap(noise(50, 50, 1), 50 * 50 * 3 * 2);
        assert!(film.push(ms(100), noise(50, 50, 2)));
        assert!(!film.push(ms(200), noise(50, 50, 3)));
        assert_eq!(film.counts(), (2, 1));
    }

    #[test]
    fn a_picture_of_another_size_is_put_on_black() {
        let mut film = Film::new(plain(200, 100));
        assert!(film.push(ms(100), plain(100, 100)));
        let (left, top, part) = (film.changes[1].left, film.changes[1].top, &film.changes[1].pixels);
        assert_eq!((left, top, part.dimensions(), part.get_pixel(0, 0).0), (100, 0, (100, 100), [0, 0, 0]));
    }
}
