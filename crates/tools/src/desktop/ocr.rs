//! `OCR`: text that is there as pixels alone. Lines and words get refs, so that they can be clicked; what reads the pixels is
//! the port's.

use crate::args::{Int, Text};
use crate::context::{ApplyContext, PlanContext, Readers};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::desktop::area::Area;
use crate::desktop::snapshot::refs;
use crate::desktop::target::{Coordinate, text_of};
use crate::tool::{AnyTool, Planned, Tool, lacking};
use portcullis_model::{
    Deadline, Effect, ElementIdentity, ElementPath, Fault, OcrLanguage, Rect, Reply, Role, Source, Tier, Untrusted,
    WindowIdentity,
};
use portcullis_observe::{Label, RefTable};
use portcullis_platform::{Bitmap, OcrReading, OcrWord};
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::Deserialize;
use std::fmt::Write as _;
use std::time::Duration;

/// Lines listed when nothing is said.
const DEFAULT_LINES: usize = 200;
/// Characters of one line that are shown.
const LINE_CHARS: usize = 300;
/// Characters of a line that are remembered for its ref.
const LABEL_CHARS: usize = 60;

/// The tools of this file.
pub(super) fn tools() -> Vec<AnyTool> {
    vec![AnyTool::of::<Ocr>()]
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OcrArgs {
    /// A rectangle; none: the first display
    left: Option<Coordinate>,
    top: Option<Coordinate>,
    right: Option<Coordinate>,
    bottom: Option<Coordinate>,
    /// Only this window (ref)
    window: Option<Text<24>>,
    /// de or deu; default the user's
    lang: Option<Text<20>>,
    /// List each word too
    words: Option<bool>,
    /// Lines, default 200
    limit: Option<Int<1, 1_000>>,
}

struct Wanted {
    area: Area,
    language: Option<OcrLanguage>,
    words: bool,
    limit: usize,
}

struct Ocr;

impl Tool for Ocr {
    type Args = OcrArgs;
    type Bound = Wanted;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "OCR",
        title: "Read text off the screen",
        description: "Text that is there as pixels alone, line by line, with rectangles, confidence and refs that Click takes. Snapshot and GetText are surer and quicker where a window tells its text.",
        tier: Tier::Observe,
        effects: &[Effect::ReadPixels],
        annotations: Annotations::READS,
        shape: Shape::View,
        lane: Lane::Read,
        deadline: Duration::from_secs(30),
        needs_administrator: false,
        gates: &[],
        answer_cap: 400_000,
        secret_arguments: &[],
        examples: [
            ("{}", "The first display"),
            (r#"{"window": "e4", "lang": "deu", "words": true}"#, "Each word of a window, in German"),
        ],
    };

    fn lacks(readers: Readers<'_>, _deadline: Deadline) -> Vec<String> {
        lacking(readers.ocr_ready())
    }

    fn plan(args: OcrArgs, cx: &PlanContext<'_>) -> Result<Planned<Wanted>, Fault> {
        cx.readers.require_active_session()?;
        let area = Area::of_corners(text_of(&args.window), [args.left, args.top, args.right, args.bottom], cx)?;
        let language = text_of(&args.lang).map(|text| OcrLanguage::parse("lang", text)).transpose()?;
        let resource = area.resource(cx)?;
        let limit = args.limit.map_or(DEFAULT_LINES, Int::size);
        let wanted = Wanted { area, language, words: args.words.unwrap_or(false), limit };
        Ok(Planned::disclosure(Effect::ReadPixels, resource, wanted))
    }

    fn apply(wanted: Wanted, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let bitmap = wanted.area.capture(permit, cx)?;
        let reading = cx.ports.ocr.read(permit, &bitmap, wanted.language, cx.deadline, cx.cancel)?;
        let OcrReading { engine, language, lines, cut } = &reading;
        let rect = bitmap.rect;
        let mut text = format!("{} lines read by {engine} in {language} on the desktop area {rect}\n", lines.len());
        let seen = Seen { bitmap: &bitmap, area: &wanted.area, cx };
        for line in lines.iter().take(wanted.limit) {
            let said = line.iter().map(|word| word.text.raw()).collect::<Vec<_>>().join(" ");
            let whole = line.iter().fold(Rect::default(), |all, word| all.union(word.rect));
            let sure = line.iter().filter_map(|word| word.confidence).min();
            seen.tell(
                &mut text,
                "",
                &OcrWord { text: Untrusted::new(Source::Window, said), rect: whole, confidence: sure },
            );
            if wanted.words && line.len() > 1 {
                line.iter().for_each(|word| seen.tell(&mut text, "  ", word));
            }
        }
        if lines.len() > wanted.limit {
            let _ =
                writeln!(text, "cut: {} more lines; raise limit or read a smaller area", lines.len() - wanted.limit);
        }
        if *cut {
            text.push_str("cut: there were more words than one reading takes; read a smaller area\n");
        }
        Ok(Reply::text(text))
    }
}

/// What was seen, and where it can be found again.
struct Seen<'call> {
    bitmap: &'call Bitmap,
    area: &'call Area,
    cx: &'call ApplyContext<'call>,
}

impl Seen<'_> {
    /// One line of the answer: ref, text, place on the desktop, confidence.
    fn tell(&self, text: &mut String, indent: &str, word: &OcrWord) {
        let place = word.rect.moved(self.bitmap.rect.left, self.bitmap.rect.top);
        let name = self.find_again(place).map_or_else(String::new, |identity| {
            let label = Label { role: Role::Text, name: word.text.one_line(LABEL_CHARS) };
            let mut table: std::sync::MutexGuard<'_, RefTable> = refs(self.cx);
            format!("{} ", table.give(&identity, label))
        });
        let sure = word.confidence.map_or_else(String::new, |percent| format!(" {percent}%"));
        let _ = writeln!(text, "{indent}{name}\"{}\" @{place}{sure}", word.text.one_line(LINE_CHARS));
    }

    /// What stands at this place, as something that is found again only while it looks the same. None where no window is, or
    /// another than the one that was read.
    fn find_again(&self, place: Rect) -> Option<ElementIdentity> {
        let window: WindowIdentity = self.cx.ports.windows.at(place.centre())?;
        if matches!(self.area, Area::Window(meant) if *meant != window) {
            return None;
        }
        let frame = self.cx.ports.windows.rect(&window).ok()?;
        let mark = self.bitmap.mark(place)?;
        let inside = place.moved(frame.left.checked_neg()?, frame.top.checked_neg()?);
        let path = ElementPath::Pixels { place: inside, size: (frame.width(), frame.height()), mark };
        Some(ElementIdentity { window, path })
    }
}
