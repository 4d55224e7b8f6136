//! From pixels to a picture that a client can take: scaled to a width and a byte budget, as PNG or JPEG by what is
//! smaller as far as a sample tells, always with the transform back to screen coordinates. No capture happens here.

use crate::args::Int;
use crate::desktop::overlay::Overlay;
use image::imageops::thumbnail;
use image::{ImageBuffer, Rgb};
use portcullis_model::{Fault, FaultCode, Image, Part, Rect};
use portcullis_platform::{Bitmap, CaptureMethod};
use std::borrow::Cow;

/// Bytes of a picture when nothing is said: with the third that base64 adds, under the 1 MB that clients take.
const DEFAULT_BYTES: usize = 700_000;
/// Width of a picture when nothing is said: what models are shown without being scaled again.
const DEFAULT_WIDTH: u32 = 1_568;
/// How often a picture that is too large is scaled down.
const SCALE_TRIES: usize = 6;
/// Compressed quality when nothing is said.
const DEFAULT_QUALITY: u8 = 75;
/// Pixels up to which a picture is its own sample.
const SAMPLED_WHOLE: u32 = 128 * 128;
/// Lines of one strip of a sample, and lines from one strip to the next: a sixteenth of the picture.
const STRIP_LINES: usize = 8;
const STRIP_STEP: usize = 128;

/// What a picture may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) max_width: u32,
    pub(crate) max_bytes: usize,
    pub(crate) quality: u8,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_width: DEFAULT_WIDTH, max_bytes: DEFAULT_BYTES, quality: DEFAULT_QUALITY }
    }
}

impl Limits {
    /// What the arguments of a tool say, the default where they say nothing.
    pub(crate) fn of(
        max_width: Option<Int<64, 8_192>>,
        max_bytes: Option<Int<10_000, 8_000_000>>,
        quality: Option<Int<10, 95>>,
    ) -> Self {
        let silent = Self::default();
        Self {
            max_width: max_width.and_then(|width| u32::try_from(width.get()).ok()).unwrap_or(silent.max_width),
            max_bytes: max_bytes.map_or(silent.max_bytes, Int::size),
            quality: quality.and_then(|quality| u8::try_from(quality.get()).ok()).unwrap_or(silent.quality),
        }
    }
}

/// Three bytes a pixel, in rows from the top.
pub(super) type Pixels = ImageBuffer<Rgb<u8>, Vec<u8>>;

/// A bitmap as text and picture: the text says what is shown and how to get back to the screen.
pub(crate) fn picture(bitmap: Bitmap, limits: Limits) -> Result<Vec<Part>, Fault> {
    marked(bitmap, limits, &Overlay::default())
}

/// The same with something drawn over it, once the picture has its size, so that it stays legible.
pub(super) fn marked(bitmap: Bitmap, limits: Limits, overlay: &Overlay) -> Result<Vec<Part>, Fault> {
    let (rect, method) = (bitmap.rect, bitmap.method);
    let full = pixels(bitmap)?;
    let mut width = full.width().min(limits.max_width.max(1));
    for _ in 0..SCALE_TRIES {
        let mut sized = at_width(&full, width);
        if !overlay.is_empty() {
            overlay.draw(sized.to_mut(), rect);
        }
        let image = smaller(&sized, limits.quality)?;
        if image.bytes.len() <= limits.max_bytes {
            return Ok(vec![Part::Text(transform(rect, method, &image)), Part::Image(image)]);
        }
        width = (width * 3 / 4).max(1);
    }
    Err(Fault::new(FaultCode::TooLarge, "the picture cannot be made small enough")
        .field("max_bytes")
        .value(limits.max_bytes)
        .rule("a picture fits its byte budget")
        .remedy("allow more bytes, or take a smaller part of the screen"))
}

/// A bitmap in its own size, for whoever keeps it.
pub(super) fn whole(bitmap: Bitmap, quality: u8, overlay: &Overlay) -> Result<Image, Fault> {
    let rect = bitmap.rect;
    let mut full = pixels(bitmap)?;
    if !overlay.is_empty() {
        overlay.draw(&mut full, rect);
    }
    smaller(&full, quality)
}

/// A bitmap at most as wide as the limits say.
pub(super) fn scaled(bitmap: Bitmap, limits: Limits) -> Result<Pixels, Fault> {
    let full = pixels(bitmap)?;
    Ok(match at_width(&full, full.width().min(limits.max_width.max(1))) {
        Cow::Owned(scaled) => scaled,
        Cow::Borrowed(_) => full,
    })
}

/// The picture, scaled down when it is wider.
fn at_width(full: &Pixels, width: u32) -> Cow<'_, Pixels> {
    if width >= full.width() {
        return Cow::Borrowed(full);
    }
    let height = (u64::from(full.height()) * u64::from(width) / u64::from(full.width())).max(1);
    Cow::Owned(thumbnail(full, width, u32::try_from(height).unwrap_or(1)))
}

fn pixels(bitmap: Bitmap) -> Result<Pixels, Fault> {
    ImageBuffer::from_raw(bitmap.rect.width(), bitmap.rect.height(), bitmap.rgb)
        .filter(|full| full.width() > 0 && full.height() > 0)
        .ok_or_else(|| Fault::new(FaultCode::Internal, "the captured pixels do not fill their rectangle"))
}

/// The picture in the format in which a sample of it is smaller: to encode the whole in both costs more than the capture.
fn smaller(pixels: &Pixels, quality: u8) -> Result<Image, Fault> {
    let sample = sample(pixels);
    let sample = sample.as_ref().unwrap_or(pixels);
    let (png, jpeg) = (encode_png(sample)?, encode_jpeg(sample, quality)?);
    let (mime, bytes) = match (jpeg.len() < png.len(), std::ptr::eq(sample, pixels)) {
        (true, true) => ("image/jpeg", jpeg),
        (true, false) => ("image/jpeg", encode_jpeg(pixels, quality)?),
        (false, true) => ("image/png", png),
        (false, false) => ("image/png", encode_png(pixels)?),
    };
    Ok(Image { mime, bytes, width: pixels.width(), height: pixels.height() })
}

/// Strips of a picture from top to bottom, one below the other; none of a picture that is small itself.
fn sample(pixels: &Pixels) -> Option<Pixels> {
    let (width, height) = pixels.dimensions();
    let line = usize::try_from(width).ok()?.checked_mul(3)?;
    if width.saturating_mul(height) <= SAMPLED_WHOLE || usize::try_from(height).ok()? < STRIP_STEP {
        return None;
    }
    let strips = pixels.as_raw().chunks(line.checked_mul(STRIP_STEP)?);
    // From the middle of each stretch: at the top of a window there is often but its title.
    let middle = line.checked_mul((STRIP_STEP - STRIP_LINES) / 2)?;
    let strip = middle..middle.checked_add(line.checked_mul(STRIP_LINES)?)?;
    let taken: Vec<u8> = strips.filter_map(|stretch| stretch.get(strip.clone())).flatten().copied().collect();
    let lines = u32::try_from(taken.len() / line).ok()?;
    ImageBuffer::from_raw(width, lines, taken).filter(|sample| sample.height() > 0)
}

fn failed(what: &str, error: &dyn std::fmt::Display) -> Fault {
    Fault::new(FaultCode::Internal, format!("{what} could not be written: {error}"))
}

fn encode_png(pixels: &Pixels) -> Result<Vec<u8>, Fault> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, pixels.width(), pixels.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(pixels.as_raw()));
    written.map_err(|error| failed("the PNG", &error))?;
    Ok(out)
}

fn encode_jpeg(pixels: &Pixels, quality: u8) -> Result<Vec<u8>, Fault> {
    let side = |length: u32| u16::try_from(length).map_err(|error| failed("the JPEG", &error));
    let mut out = Vec::new();
    jpeg_encoder::Encoder::new(&mut out, quality)
        .encode(pixels.as_raw(), side(pixels.width())?, side(pixels.height())?, jpeg_encoder::ColorType::Rgb)
        .map_err(|error| failed("the JPEG", &error))?;
    Ok(out)
}

/// What the picture shows, and how a pixel of it becomes a point of the desktop.
fn transform(rect: Rect, method: CaptureMethod, image: &Image) -> String {
    let method = match method {
        CaptureMethod::Screen => "from the screen",
        CaptureMethod::Window => "drawn by the window itself",
    };
    let mut text = format!(
        "picture {}x{} of the desktop area {},{} {}x{}, {method}",
        image.width,
        image.height,
        rect.left,
        rect.top,
        rect.width(),
        rect.height()
    );
    if image.width == rect.width() {
        text.push_str(&format!("; screen x = {} + px, y = {} + py", rect.left, rect.top));
    } else {
        let factor = f64::from(rect.width()) / f64::from(image.width);
        text.push_str(&format!("; screen x = {} + px * {factor:.4}, y = {} + py * {factor:.4}", rect.left, rect.top));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(width: i32, height: i32) -> Bitmap {
        let rect = Rect::new(-10, 20, width - 10, height + 20);
        let mut seed = 7u32;
        let rgb = (0..rect.width() * rect.height() * 3)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                seed.to_be_bytes()[0]
            })
            .collect();
        Bitmap { rect, rgb, method: CaptureMethod::Screen }
    }

    fn shown(parts: &[Part]) -> (&str, &Image) {
        match parts {
            [Part::Text(text), Part::Image(image)] => (text, image),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_picture_fits_its_bytes_and_says_how_to_get_back() {
        let parts = picture(noise(400, 300), Limits { max_bytes: 20_000, ..Limits::default() }).unwrap();
        let (text, image) = shown(&parts);
        assert!(image.bytes.len() <= 20_000);
        let factor: f64 = text.split("px * ").nth(1).unwrap().split(',').next().unwrap().parse().unwrap();
        assert!((factor * f64::from(image.width) - 400.0).abs() < 0.5, "{text}");
        assert!(text.contains("-10,20 400x300"), "{text}");
    }

    #[test]
    fn flat_pixels_are_a_png_and_noise_is_a_jpeg() {
        let mut flat = noise(64, 64);
        flat.rgb.fill(200);
        assert_eq!(shown(&picture(flat, Limits::default()).unwrap()).1.mime, "image/png");
        assert_eq!(shown(&picture(noise(64, 64), Limits::default()).unwrap()).1.mime, "image/jpeg");
    }

    #[test]
    fn the_format_of_a_large_picture_is_found_by_a_sample_of_it() {
        let format = |bitmap: &Bitmap| shown(&picture(bitmap.clone(), Limits::default()).unwrap()).1.mime;
        let mut form = noise(640, 480);
        form.rgb.fill(240);
        assert_eq!(format(&form), "image/png");
        let line = 640 * 3;
        // A photograph in the lower third of an otherwise flat window.
        let photograph = noise(640, 480);
        form.rgb[line * 320..].copy_from_slice(&photograph.rgb[line * 320..]);
        assert_eq!(format(&form), "image/jpeg");
        let sample = sample(&pixels(form).unwrap()).unwrap();
        assert_eq!(sample.dimensions(), (640, 4 * 8));
        // The last strip lies in the photograph, the first two do not.
        let flat = |y| (0..640).all(|x| sample.get_pixel(x, y).0 == [240, 240, 240]);
        assert_eq!([0, 15, 24].map(flat), [true, true, false]);
    }

    #[test]
    fn what_cannot_be_small_enough_is_refused() {
        let fault = picture(noise(400, 300), Limits { max_bytes: 50, ..Limits::default() }).unwrap_err();
        assert_eq!(fault.code, FaultCode::TooLarge);
    }
}
