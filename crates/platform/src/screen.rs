//! Displays and pixels.

use crate::{Permit, PortResult};
use portcullis_model::{Deadline, Rect, WindowIdentity};
use sha2::{Digest as _, Sha256};

/// One display.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Display {
    /// Position in the list, from 0, the order of `EnumDisplayMonitors`.
    pub index: usize,
    /// The device's name: `\\.\DISPLAY1`.
    pub device: String,
    /// Whether it is the primary one.
    pub primary: bool,
    /// Where it lies on the virtual desktop.
    pub bounds: Rect,
    /// The part that task bars leave.
    pub work_area: Rect,
    /// Effective dots per inch, 96 being 100 %.
    pub dpi: u32,
}

/// How pixels were had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptureMethod {
    /// From the screen, as a person sees it.
    Screen,
    /// From the window's own drawing, whatever covers it.
    Window,
}

/// Pixels, top row first, four bytes a pixel: blue, green, red, 255.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bitmap {
    /// What part of the virtual desktop it shows.
    pub rect: Rect,
    /// `rect.width() * rect.height() * 4` bytes.
    pub bgra: Vec<u8>,
    /// How it was had.
    pub method: CaptureMethod,
}

/// Bytes of a pixel of a bitmap, and of one without its unused byte.
const BGRA: usize = 4;
const RGB: usize = 3;

/// Copies pixels in one pass and sets their fourth byte, which GDI leaves undefined.
pub fn opaque(pixels: &[u8]) -> Vec<u8> {
    const ALPHA: u32 = u32::from_ne_bytes([0, 0, 0, u8::MAX]);
    let mut copy = vec![0; pixels.len()];
    let (to, _) = copy.as_chunks_mut::<BGRA>();
    let (from, _) = pixels.as_chunks::<BGRA>();
    for (to, from) in to.iter_mut().zip(from) {
        *to = (u32::from_ne_bytes(*from) | ALPHA).to_ne_bytes();
    }
    copy
}

impl Bitmap {
    /// Its pixels in three bytes each: red, green, blue.
    pub fn rgb(&self) -> Vec<u8> {
        let (from, _) = self.bgra.as_chunks::<BGRA>();
        let mut rgb = vec![0; from.len() * RGB];
        let (to, _) = rgb.as_chunks_mut::<RGB>();
        for (to, [blue, green, red, _]) in to.iter_mut().zip(from) {
            *to = [*red, *green, *blue];
        }
        rgb
    }

    /// A digest of the pixels of this part of the desktop, without their unused byte; none when the bitmap does not show all of it.
    pub fn mark(&self, area: Rect) -> Option<u64> {
        let offset = |from: i32, to: i32| usize::try_from(i64::from(to) - i64::from(from)).ok();
        let (left, right) = (offset(self.rect.left, area.left)?, offset(self.rect.left, area.right)?);
        let (top, bottom) = (offset(self.rect.top, area.top)?, offset(self.rect.top, area.bottom)?);
        let line = usize::try_from(self.rect.width()).ok()?.checked_mul(4).filter(|line| *line > 0)?;
        let row = left.checked_mul(4)?..right.checked_mul(4)?;
        let mut hash = Sha256::new();
        for line in self.bgra.chunks_exact(line).skip(top).take(bottom.checked_sub(top)?) {
            for pixel in line.get(row.clone())?.chunks_exact(4) {
                hash.update(pixel.get(..3)?);
            }
        }
        let whole = self.rect.intersect(area) == area && !area.is_empty();
        let first: [u8; 8] = hash.finalize().get(..8)?.try_into().ok()?;
        whole.then(|| u64::from_be_bytes(first))
    }
}

/// Displays and pixels.
pub trait ScreenPort: Send + Sync {
    /// Displays, the primary one first. Positions only, so no permit.
    fn displays(&self) -> PortResult<Vec<Display>>;

    /// The pixels of a rectangle, cut to the displays. Needs `ReadPixels` on the desktop.
    fn capture(&self, permit: &Permit, area: Rect, deadline: Deadline) -> PortResult<Bitmap>;

    /// The pixels of one window: the screen's where nothing hides it, else its own drawing. Needs `ReadPixels` on the
    /// window. One that is hidden and does not draw itself is `NotOperable`, unless the permit also has `ReadPixels` on the
    /// desktop: only then may the picture show what lies over it.
    fn capture_window(&self, permit: &Permit, window: &WindowIdentity, deadline: Deadline) -> PortResult<Bitmap>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_told_apart_and_the_unused_byte_is_nobodys() {
        let bgra = opaque(&[1, 2, 3, 0, 4, 5, 6, 7, 9]);
        assert_eq!(bgra, [1, 2, 3, 255, 4, 5, 6, 255, 0]);
        let bitmap = Bitmap { rect: Rect::new(0, 0, 2, 1), bgra: bgra[..8].to_vec(), method: CaptureMethod::Screen };
        assert_eq!(bitmap.rgb(), [3, 2, 1, 6, 5, 4]);
    }
}
