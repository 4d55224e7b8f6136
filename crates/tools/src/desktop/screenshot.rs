//! `Screenshot`: pixels of the desktop, of one display, of one window or of a region, with the way back to coordinates.

use crate::args::{Int, Text};
use crate::context::{ApplyContext, PlanContext};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::desktop::area::Area;
use crate::desktop::image::{Limits, marked, whole};
use crate::desktop::overlay::Overlay;
use crate::desktop::target::{Coordinate, text_of};
use crate::kept::{Artifact, Keeper};
use crate::tool::{AnyTool, Planned, Tool};
use portcullis_model::{Effect, Fault, Image, Rect, Reply, Resource, Tier};
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

impl Region {
    fn rect(&self) -> Rect {
        let side = |value: i64| i32::try_from(value).unwrap_or(i32::MAX / 4);
        let (left, top) = (side(self.left.get()), side(self.top.get()));
        Rect::new(left, top, left + side(self.width.get()), top + side(self.height.get()))
    }
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
    /// Keep it in full size too; the answer has its uri
    keep: Option<bool>,
}

/// What is asked for.
struct Wanted {
    area: Area,
    limits: Limits,
    overlay: Overlay,
    keep: bool,
    resource: Resource,
}

struct Screenshot;

impl Tool for Screenshot {
    type Args = ScreenshotArgs;
    type Bound = Wanted;

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
        let area = match (text_of(&args.window), &args.region) {
            (Some(window), _) => Area::window(window, cx)?,
            (None, Some(region)) => Area::region(region.rect(), "region", cx)?,
            (None, None) => Area::monitor(args.monitor.map_or(0, Int::size), cx)?,
        };
        let resource = area.resource(cx)?;
        let keep = args.keep.unwrap_or(false);
        let wanted = Wanted { area, limits, overlay, keep, resource: resource.clone() };
        Ok(Planned::disclosure(Effect::ReadPixels, resource, wanted))
    }

    fn apply(wanted: Wanted, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let Wanted { area, limits, overlay, keep, resource } = wanted;
        let bitmap = area.capture(permit, cx)?;
        let kept = if keep { Some(whole(bitmap.clone(), limits.quality, &overlay)?) } else { None };
        let mut parts = marked(bitmap, limits, &overlay)?;
        if let Some(Image { mime, bytes, width, height }) = kept {
            let keeper = Keeper::new(Effect::ReadPixels, &resource, permit, cx);
            let item =
                keeper.keep(Artifact { of: area.word(), mime, bytes, pixels: Some((width, height)), of_tool: None })?;
            parts.extend(item.told());
        }
        Ok(Reply::View { parts, outcome: None })
    }
}
