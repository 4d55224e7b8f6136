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
    /// Its pixels in three bytes each, red, green, blue: `rect.width() * rect.height() * 3` bytes, the top row first.
    pub rgb: Vec<u8>,
    /// How it was had.
    pub method: CaptureMethod,
}

/// Bytes of a pixel.
const RGB: usize = 3;

/// Pixels as GDI has them, blue, green, red and a byte that it leaves undefined, in three bytes each. In one pass: a screen is
/// millions of them, and each copy more is memory that the system must find first.
pub fn rgb_of(bgrx: &[u8]) -> Vec<u8> {
    let (from, _) = bgrx.as_chunks::<4>();
    let mut rgb = vec![0; from.len() * RGB];
    let (to, _) = rgb.as_chunks_mut::<RGB>();
    for (to, [blue, green, red, _]) in to.iter_mut().zip(from) {
        *to = [*red, *green, *blue];
    }
    rgb
}

impl Bitmap {
    /// A digest of the pixels of this part of the desktop; none when the bitmap does not show all of it.
    pub fn mark(&self, area: Rect) -> Option<u64> {
        let offset = |from: i32, to: i32| usize::try_from(i64::from(to) - i64::from(from)).ok();
        let (left, right) = (offset(self.rect.left, area.left)?, offset(self.rect.left, area.right)?);
        let (top, bottom) = (offset(self.rect.top, area.top)?, offset(self.rect.top, area.bottom)?);
        let line = usize::try_from(self.rect.width()).ok()?.checked_mul(RGB).filter(|line| *line > 0)?;
        let row = left.checked_mul(RGB)?..right.checked_mul(RGB)?;
        let mut hash = Sha256::new();
        for line in self.rgb.chunks_exact(line).skip(top).take(bottom.checked_sub(top)?) {
            hash.update(line.get(row.clone())?);
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
        assert_eq!(rgb_of(&[1, 2, 3, 0, 4, 5, 6, 7, 9]), [3, 2, 1, 6, 5, 4]);
    }
}
