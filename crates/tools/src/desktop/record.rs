//! `ScreenRecord`: a display, a window or a rectangle for some seconds as one file that moves. What the file is made of is
//! `film`'s; a recording that is too large for an answer is kept for the caller.

use crate::args::{Int, Seconds, Text};
use crate::context::{ApplyContext, PlanContext};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::desktop::area::Area;
use crate::desktop::film::{Encoded, Film};
use crate::desktop::image::{Limits, scaled};
use crate::desktop::target::{Coordinate, text_of};
use crate::kept::{Artifact, ITEM_BYTES, Keeper};
use crate::tool::{AnyTool, Planned, Tool};
use portcullis_model::{Effect, Fault, Image, Part, Rect, Reply, Resource, Tier};
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::{Duration, Instant};

/// The longest recording, in seconds.
const LONGEST: u32 = 60;
/// How long a recording is, and how often a picture is taken, when nothing is said.
const DEFAULT_SECONDS: Duration = Duration::from_secs(3);
const DEFAULT_RATE: i64 = 5;
/// Width in pixels when nothing is said.
const DEFAULT_WIDTH: u32 = 800;
/// What encoding may take beyond the time that is recorded.
const ENCODING: Duration = Duration::from_secs(30);
/// The longest recording with its encoding.
const WHOLE: Duration = Duration::from_secs(90);
/// Bytes of a recording that an answer holds; a larger one is kept.
const INLINE_CAP: usize = 700_000;
/// How often it is said how far the recording is.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// The tools of this file.
pub(super) fn tools() -> Vec<AnyTool> {
    vec![AnyTool::of::<ScreenRecord>()]
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ScreenRecordArgs {
    /// Seconds, default 3
    duration: Option<Seconds<LONGEST>>,
    /// Pictures a second, default 5
    fps: Option<Int<1, 10>>,
    /// A rectangle; none: the first display
    left: Option<Coordinate>,
    top: Option<Coordinate>,
    right: Option<Coordinate>,
    bottom: Option<Coordinate>,
    /// Only this window (ref)
    window: Option<Text<24>>,
    /// Default 800
    max_width: Option<Int<64, 1_920>>,
}

struct Wanted {
    area: Area,
    resource: Resource,
    span: Duration,
    every: Duration,
    limits: Limits,
}

struct ScreenRecord;

impl Tool for ScreenRecord {
    type Args = ScreenRecordArgs;
    type Bound = Wanted;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "ScreenRecord",
        title: "Record the screen",
        description: "Record a display, window or rectangle for up to 60 s as GIF or, where smaller, animated PNG. In the answer up to 700 KB; larger ones are kept for you (ReadResource).",
        tier: Tier::Observe,
        effects: &[Effect::ReadPixels],
        annotations: Annotations::READS,
        shape: Shape::View,
        lane: Lane::Long,
        deadline: WHOLE,
        needs_administrator: false,
        gates: &[],
        answer_cap: INLINE_CAP + 1_000,
        secret_arguments: &[],
        examples: [
            ("{}", "The first display for three seconds"),
            (r#"{"window": "e4", "duration": 10, "fps": 2}"#, "A window for ten seconds, two pictures a second"),
        ],
    };

    fn plan(args: ScreenRecordArgs, cx: &PlanContext<'_>) -> Result<Planned<Wanted>, Fault> {
        cx.readers.require_active_session()?;
        let area = Area::of_corners(text_of(&args.window), [args.left, args.top, args.right, args.bottom], cx)?;
        let resource = area.resource(cx)?;
        let span = args.duration.map_or(DEFAULT_SECONDS, Seconds::span);
        let rate = u32::try_from(args.fps.map_or(DEFAULT_RATE, Int::get)).unwrap_or(1).max(1);
        let max_width = args.max_width.and_then(|width| u32::try_from(width.get()).ok()).unwrap_or(DEFAULT_WIDTH);
        let limits = Limits { max_width, ..Limits::default() };
        let wanted = Wanted { area, resource: resource.clone(), span, every: Duration::from_secs(1) / rate, limits };
        let planned = Planned::disclosure(Effect::ReadPixels, resource, wanted);
        Ok(Planned { deadline: Some(span + ENCODING), ..planned })
    }

    fn apply(wanted: Wanted, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let Taken { film, rect, lasted, ended } = take(&wanted, permit, cx)?;
        cx.progress.report(wanted.span, wanted.span, "encoding");
        let Encoded { mime, bytes, shown } = film.encode(lasted, ITEM_BYTES, cx.cancel)?;
        let ((width, height), (taken, changed)) = (film.size(), film.counts());
        let mut text = format!(
            "{mime} {width}x{height}, {:.1} s of the desktop area {},{} {}x{}: {taken} pictures, {changed} of them not as the one before",
            shown.as_secs_f64(),
            rect.left,
            rect.top,
            rect.width(),
            rect.height()
        );
        if let Some(why) = ended {
            text.push_str(&format!("; it ended early: {why}"));
        }
        if shown < lasted {
            text.push_str(&format!(
                "; of {:.1} s what came later did not fit into {ITEM_BYTES} bytes: record a smaller area, width or rate",
                lasted.as_secs_f64()
            ));
        }
        let mut parts = vec![Part::Text(text)];
        if bytes.len() <= INLINE_CAP {
            parts.push(Part::Image(Image { mime, bytes, width, height }));
        } else {
            let keeper = Keeper::new(Effect::ReadPixels, &wanted.resource, permit, cx);
            let item = keeper.keep(Artifact {
                of: wanted.area.word(),
                mime,
                bytes,
                pixels: Some((width, height)),
                of_tool: None,
            })?;
            parts.extend(item.told());
        }
        Ok(Reply::View { parts, outcome: None })
    }
}

/// What was taken.
struct Taken {
    film: Film,
    /// What the first picture shows.
    rect: Rect,
    lasted: Duration,
    /// Why it is shorter than was asked for.
    ended: Option<String>,
}

/// Takes the pictures, each at its time. One that comes late is left out and not made up for.
fn take(wanted: &Wanted, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Taken, Fault> {
    let begun = Instant::now();
    let first = wanted.area.capture(permit, cx)?;
    let rect = first.rect;
    let mut taken = Taken { film: Film::new(scaled(first, wanted.limits)?), rect, lasted: wanted.span, ended: None };
    let mut told = Duration::ZERO;
    let mut next = wanted.every;
    while next < wanted.span {
        cx.cancel.wait(next.saturating_sub(begun.elapsed()))?;
        let at = begun.elapsed();
        if at >= wanted.span {
            break;
        }
        let pixels = wanted.area.capture(permit, cx).and_then(|bitmap| scaled(bitmap, wanted.limits));
        match pixels {
            Ok(pixels) => {
                if !taken.film.push(at, pixels) {
                    taken.ended = Some("as much had changed as a recording holds".to_owned());
                    taken.lasted = at;
                    return Ok(taken);
                }
            }
            // A window that closes, a session that is locked: what was seen until then is worth having.
            Err(fault) => {
                cx.cancel.check()?;
                taken.ended = Some(fault.message);
                taken.lasted = at;
                return Ok(taken);
            }
        }
        if at - told >= TELL_EVERY {
            told = at;
            cx.progress.report(at, wanted.span, "recording");
        }
        while next <= begun.elapsed() {
            next += wanted.every;
        }
    }
    cx.cancel.wait(wanted.span.saturating_sub(begun.elapsed()))?;
    Ok(taken)
}
