//! The part of the screen that a tool looks at: a display, a window, or a rectangle named by its corners. Pixels are had
//! elsewhere.

use crate::context::{ApplyContext, PlanContext};
use crate::desktop::target::{Coordinate, resolve_window};
use portcullis_model::{Fault, FaultCode, Rect, Resource, WindowIdentity};
use portcullis_platform::Bitmap;
use portcullis_policy::Permit;

/// A part of the screen.
#[derive(Clone)]
pub(super) enum Area {
    Window(WindowIdentity),
    /// By its number from 1; 0 is all.
    Monitor(usize),
    Region(Rect),
}

impl Area {
    /// A window by its ref.
    pub(super) fn window(given: &str, cx: &PlanContext<'_>) -> Result<Self, Fault> {
        Ok(Self::Window(resolve_window(Some(given), cx)?))
    }

    /// A display by its number; 0 stands for all.
    pub(super) fn monitor(number: usize, cx: &PlanContext<'_>) -> Result<Self, Fault> {
        let count = cx.readers.displays()?.len();
        if number <= count {
            return Ok(Self::Monitor(number));
        }
        Err(Fault::bad_argument("monitor", number, &format!("0 for all, or 1 to {count}"), "see DisplayInventory"))
    }

    /// A rectangle that lies on a display at least in part; `field` is what its caller gave it by.
    pub(super) fn region(rect: Rect, field: &str, cx: &PlanContext<'_>) -> Result<Self, Fault> {
        let displays = cx.readers.displays()?;
        if displays.iter().all(|display| display.bounds.intersect(rect).is_empty()) {
            return Err(Fault::new(FaultCode::OffScreen, "the region lies on no display")
                .field(field)
                .value(rect)
                .rule("a region shares at least one pixel with a display")
                .remedy("see DisplayInventory"));
        }
        Ok(Self::Region(rect))
    }

    /// What is meant by the ref of a window, by four corners, or by neither: then the first display.
    pub(super) fn of_corners(
        window: Option<&str>,
        corners: [Option<Coordinate>; 4],
        cx: &PlanContext<'_>,
    ) -> Result<Self, Fault> {
        let given: Vec<i64> = corners.iter().flatten().map(|corner| corner.get()).collect();
        // Four zeros stand for nothing in the source system's prompts.
        let named = given.iter().any(|corner| *corner != 0);
        match (window, named) {
            (Some(_), true) => Err(Fault::bad_argument(
                "window",
                "several areas at once",
                "an area is a window or a rectangle",
                "give `window`, or `left`, `top`, `right` and `bottom`",
            )),
            (Some(window), false) => Self::window(window, cx),
            (None, false) => Self::monitor(1, cx),
            (None, true) => {
                let corner = |value: i64| i32::try_from(value).unwrap_or(i32::MAX / 4);
                let rect = match given.as_slice() {
                    [left, top, right, bottom] => {
                        Rect::new(corner(*left), corner(*top), corner(*right), corner(*bottom))
                    }
                    _ => Rect::default(),
                };
                if rect.is_empty() {
                    return Err(Fault::bad_argument(
                        "right",
                        rect,
                        "a rectangle has all of `left`, `top`, `right` and `bottom`, right of and below each other",
                        "give all four, in pixels of the desktop",
                    ));
                }
                Self::region(rect, "left", cx)
            }
        }
    }

    /// What is disclosed of it.
    pub(super) fn resource(&self, cx: &PlanContext<'_>) -> Result<Resource, Fault> {
        match self {
            Self::Window(window) => cx.readers.window_resource(window),
            Self::Monitor(_) | Self::Region(_) => Ok(Resource::Desktop),
        }
    }

    /// A word for it in the name of a file.
    pub(super) fn word(&self) -> &'static str {
        if matches!(self, Self::Window(_)) { "window" } else { "screen" }
    }

    /// Its pixels now.
    pub(super) fn capture(&self, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Bitmap, Fault> {
        let screen = &cx.ports.screen;
        Ok(match self {
            Self::Window(window) => screen.capture_window(permit, window, cx.deadline)?,
            Self::Monitor(number) => screen.capture(permit, monitor_area(*number, cx)?, cx.deadline)?,
            Self::Region(rect) => screen.capture(permit, *rect, cx.deadline)?,
        })
    }
}

/// The area of a monitor, or of all.
pub(super) fn monitor_area(monitor: usize, cx: &ApplyContext<'_>) -> Result<Rect, Fault> {
    let displays = cx.ports.screen.displays()?;
    Ok(match monitor.checked_sub(1).and_then(|index| displays.get(index)) {
        Some(display) => display.bounds,
        None => displays.iter().fold(Rect::default(), |all, display| all.union(display.bounds)),
    })
}
