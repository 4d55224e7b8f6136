//! `Screenshot`: pixels of the desktop, of one display, of one window or of a region, with the way back to coordinates.

use crate::args::{Int, Text};
use crate::context::{ApplyContext, PlanContext};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::desktop::image::{Limits, marked};
use crate::desktop::overlay::Overlay;
use crate::desktop::target::{Coordinate, resolve_window, text_of};
use crate::tool::{AnyTool, Planned, Tool};
use portcullis_model::{Effect, Fault, FaultCode, Rect, Reply, Resource, Tier, WindowIdentity};
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

/// The tools of this file.
pub(super) fn tools() -> Vec<AnyTool> {
    vec![AnyTool::of::<Screenshot>()]
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Region {
    left: Coordinate,
    top: Coordinate,
    width: Int<1, 16_384>,
    height: Int<1, 16_384>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ScreenshotArgs {
    /// Only this window (ref)
    window: Option<Text<24>>,
    /// 0 is all, 1 the first
    monitor: Option<Int<0, 16>>,
    region: Option<Region>,
    /// Default 1568
    max_width: Option<Int<64, 8_192>>,
    /// Default 700000
    max_bytes: Option<Int<10_000, 8_000_000>>,
    /// Of a JPEG
    quality: Option<Int<10, 95>>,
    /// Blue lines every so many screen pixels, with coordinates
    grid: Option<Int<20, 2_000>>,
}

enum Area {
    Window(WindowIdentity),
    Monitor(usize),
    Region(Rect),
}

struct Screenshot;

impl Tool for Screenshot {
    type Args = ScreenshotArgs;
    type Bound = (Area, Limits, Overlay);

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "Screenshot",
        title: "Take a picture",
        description: "A picture of the desktop, a display, a window or a region, PNG or JPEG by what is smaller, with the transform back to screen coordinates.",
        tier: Tier::Observe,
        effects: &[Effect::ReadPixels],
        annotations: Annotations::READS,
        shape: Shape::View,
        lane: Lane::Read,
        deadline: Duration::from_secs(5),
        needs_administrator: false,
        gates: &[],
        answer_cap: 8_001_000,
        secret_arguments: &[],
        examples: [
            ("{}", "The whole desktop"),
            (r#"{"region": {"left": 0, "top": 0, "width": 400, "height": 300}}"#, "One corner of it"),
        ],
    };

    fn plan(args: ScreenshotArgs, cx: &PlanContext<'_>) -> Result<Planned<Self::Bound>, Fault> {
        cx.readers.require_active_session()?;
        let ways = usize::from(args.window.is_some())
            + usize::from(args.monitor.is_some())
            + usize::from(args.region.is_some());
        if ways > 1 {
            return Err(Fault::bad_argument(
                "window",
                "several areas at once",
                "a picture shows one of: a window, a monitor, a region",
                "give at most one of these",
            ));
        }
        let limits = Limits::of(args.max_width, args.max_bytes, args.quality);
        let grid = args.grid.and_then(|step| i32::try_from(step.get()).ok());
        let overlay = Overlay { grid, ..Overlay::default() };
        let (area, resource) = if text_of(&args.window).is_some() {
            let window = resolve_window(text_of(&args.window), cx)?;
            let resource = cx.readers.window_resource(&window)?;
            (Area::Window(window), resource)
        } else if let Some(region) = args.region {
            (Area::Region(region_on_a_display(&region, cx)?), Resource::Desktop)
        } else {
            let monitor = args.monitor.map_or(0, Int::size);
            require_monitor(monitor, cx)?;
            (Area::Monitor(monitor), Resource::Desktop)
        };
        Ok(Planned::disclosure(Effect::ReadPixels, resource, (area, limits, overlay)))
    }

    fn apply((area, limits, overlay): Self::Bound, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let screen = &cx.ports.screen;
        let bitmap = match area {
            Area::Window(window) => screen.capture_window(permit, &window, cx.deadline)?,
            Area::Monitor(monitor) => screen.capture(permit, monitor_area(monitor, cx)?, cx.deadline)?,
            Area::Region(rect) => screen.capture(permit, rect, cx.deadline)?,
        };
        Ok(Reply::View { parts: marked(&bitmap, limits, &overlay)?, outcome: None })
    }
}

fn region_on_a_display(region: &Region, cx: &PlanContext<'_>) -> Result<Rect, Fault> {
    let side = |value: i64| i32::try_from(value).unwrap_or(i32::MAX / 4);
    let (left, top) = (side(region.left.get()), side(region.top.get()));
    let rect = Rect::new(left, top, left + side(region.width.get()), top + side(region.height.get()));
    let displays = cx.readers.displays()?;
    if displays.iter().all(|display| display.bounds.intersect(rect).is_empty()) {
        return Err(Fault::new(FaultCode::OffScreen, "the region lies on no display")
            .field("region")
            .value(rect)
            .rule("a region shares at least one pixel with a display")
            .remedy("see DisplayInventory"));
    }
    Ok(rect)
}

/// Fails when there is no such monitor; 0 stands for all.
pub(super) fn require_monitor(monitor: usize, cx: &PlanContext<'_>) -> Result<(), Fault> {
    let count = cx.readers.displays()?.len();
    if monitor <= count {
        return Ok(());
    }
    Err(Fault::bad_argument("monitor", monitor, &format!("0 for all, or 1 to {count}"), "see DisplayInventory"))
}

/// The area of a monitor, or of all.
pub(super) fn monitor_area(monitor: usize, cx: &ApplyContext<'_>) -> Result<Rect, Fault> {
    let displays = cx.ports.screen.displays()?;
    Ok(match monitor.checked_sub(1).and_then(|index| displays.get(index)) {
        Some(display) => display.bounds,
        None => displays.iter().fold(Rect::default(), |all, display| all.union(display.bounds)),
    })
}
