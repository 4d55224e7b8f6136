//! `AnnotatedSnapshot`: a window's picture with a box around each control that can be operated; the number on a box is the
//! control's ref. What a box looks like is `overlay`'s.

use crate::args::{Int, Text};
use crate::context::{ApplyContext, PlanContext};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::desktop::image::{Limits, marked};
use crate::desktop::overlay::Overlay;
use crate::desktop::snapshot::{header, refs};
use crate::desktop::target::{Reach, read_scene, resolve_window, text_of};
use crate::tool::{AnyTool, Planned, Tool};
use portcullis_model::{Effect, Fault, Part, Reply, Reversibility, Tier, WindowIdentity};
use portcullis_observe::{Line, Style, summary};
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

/// Boxes when nothing is said: with more, their numbers cover each other.
const DEFAULT_BOXES: usize = 50;

/// The tools of this file.
pub(super) fn tools() -> Vec<AnyTool> {
    vec![AnyTool::of::<AnnotatedSnapshot>()]
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AnnotatedSnapshotArgs {
    /// Window ref (default: front)
    window: Option<Text<24>>,
    /// Default 50
    max_elements: Option<Int<1, 200>>,
    /// Default 1568
    max_width: Option<Int<64, 8_192>>,
    /// Of a JPEG
    quality: Option<Int<10, 95>>,
}

struct AnnotatedSnapshot;

impl Tool for AnnotatedSnapshot {
    type Args = AnnotatedSnapshotArgs;
    type Bound = (WindowIdentity, usize, Limits);

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "AnnotatedSnapshot",
        title: "See a window with its refs",
        description: "A window's picture with a red box around each control that can be operated, the number on it being its ref (12 is e12), and the same controls as text.",
        tier: Tier::Observe,
        effects: &[Effect::ReadWindows, Effect::ReadPixels],
        annotations: Annotations::READS,
        shape: Shape::View,
        lane: Lane::Read,
        deadline: Duration::from_secs(5),
        needs_administrator: false,
        gates: &[],
        answer_cap: 1_200_000,
        secret_arguments: &[],
        examples: [("{}", "The front window"), (r#"{"window": "e4", "max_elements": 20}"#, "Another one, fewer boxes")],
    };

    fn plan(args: AnnotatedSnapshotArgs, cx: &PlanContext<'_>) -> Result<Planned<Self::Bound>, Fault> {
        cx.readers.require_active_session()?;
        let window = resolve_window(text_of(&args.window), cx)?;
        let limits = Limits::of(args.max_width, None, args.quality);
        let boxes = args.max_elements.map_or(DEFAULT_BOXES, Int::size);
        Ok(Planned {
            resources: vec![cx.readers.window_resource(&window)?],
            effects: vec![Effect::ReadWindows, Effect::ReadPixels],
            reversibility: Reversibility::Nothing,
            state_digest: None,
            deadline: None,
            bound: (window, boxes, limits),
        })
    }

    fn apply((window, boxes, limits): Self::Bound, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let info = cx.ports.windows.describe(permit, &window)?;
        let scene = read_scene(permit, &window, Reach::Look, cx)?;
        let bitmap = cx.ports.screen.capture_window(permit, &window, cx.deadline)?;
        let seen = |line: &&Line| line.role.is_actionable() && !line.rect.intersect(bitmap.rect).is_empty();
        let all: Vec<&Line> = scene.shown().filter(seen).collect();
        let mut overlay = Overlay::default();
        let mut table = refs(cx);
        let mut text = header(&info, std::slice::from_ref(&info)).line(&mut table);
        text.push('\n');
        for line in all.iter().take(boxes) {
            text.push_str(&format!("  {}\n", summary(line, &mut table, Style { with_rects: true })));
            let own = table.give(&line.identity, line.label());
            overlay.boxes.push((own.0.to_string(), line.rect));
        }
        drop(table);
        match all.len().checked_sub(boxes) {
            Some(more @ 1..) => text.push_str(&format!("cut: {more} more controls have no box; raise max_elements\n")),
            _ if all.is_empty() => text.push_str("  (no control that can be operated shows)\n"),
            _ => {}
        }
        let mut parts = vec![Part::Text(text)];
        parts.extend(marked(bitmap, limits, &overlay)?);
        Ok(Reply::View { parts, outcome: None })
    }
}
