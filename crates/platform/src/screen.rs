//! Displays and pixels.

use crate::{Permit, PortResult};
use portcullis_model::{Deadline, Rect, WindowIdentity};

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
