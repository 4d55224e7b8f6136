//! A picture of a desktop as the tests look at it, whichever eye took it. Nothing here knows where pixels come from.

use anyhow::{Context, Result, ensure};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Seek};
use std::path::Path;

/// Pixels in rows from the top, three bytes each: red, green, blue.
#[derive(Debug, Clone)]
pub struct Pixels {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `width * height * 3` bytes.
    pub rgb: Vec<u8>,
}

impl Pixels {
    /// The colour at a place, or `None` outside.
    pub fn at(&self, x: u32, y: u32) -> Option<(u8, u8, u8)> {
        if x >= self.width {
            return None;
        }
        let start = usize::try_from(y.checked_mul(self.width)?.checked_add(x)?.checked_mul(3)?).ok()?;
        match self.rgb.get(start..start.checked_add(3)?)? {
            [r, g, b] => Some((*r, *g, *b)),
            _ => None,
        }
    }

    /// Those of a PNG of eight bits a sample in colour; what covers what is left out.
    pub fn from_png(png: impl BufRead + Seek) -> Result<Pixels> {
        let mut reader = png::Decoder::new(png).read_info()?;
        let mut bytes = vec![0; reader.output_buffer_size().context("a picture of a size that can be held")?];
        let frame = reader.next_frame(&mut bytes)?;
        let samples = frame.color_type.samples();
        ensure!(frame.bit_depth == png::BitDepth::Eight && samples >= 3, "this picture is not understood: {frame:?}");
        let rgb = bytes.chunks_exact(samples).filter_map(|pixel| pixel.get(..3)).flatten().copied().collect();
        Ok(Pixels { width: frame.width, height: frame.height, rgb })
    }

    /// Those of a PNG in a file.
    pub fn read_png(path: &Path) -> Result<Pixels> {
        let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        Pixels::from_png(BufReader::new(file)).with_context(|| path.display().to_string())
    }

    /// Writes them as a PNG.
    pub fn write_png(&self, path: &Path) -> Result<()> {
        let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        let mut encoder = png::Encoder::new(BufWriter::new(file), self.width, self.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.rgb)?;
        writer.finish()?;
        Ok(())
    }
}
