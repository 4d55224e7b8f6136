//! Reading text off the pixels of the desktop in memory, which are plain colours: what a test says that stands there is
//! read there.

use crate::{Call, FakeDesktop};
use portcullis_model::{Cancel, Deadline, Effect, OcrLanguage, Rect, Source, Untrusted};
use portcullis_platform::{Bitmap, OcrPort, OcrReading, OcrWord, Permit, PortFault, PortResult};
use std::path::Path;
use std::sync::Arc;

impl FakeDesktop {
    /// Gives the machine an engine, and says which words it finds: lines of words, each where it stands on the desktop.
    pub fn write_pixels(&self, lines: &[&[(&str, Rect)]]) {
        let line = |words: &&[(&str, Rect)]| words.iter().map(|(text, rect)| ((*text).to_owned(), *rect)).collect();
        self.lock().written = Some(lines.iter().map(line).collect());
    }
}

fn no_engine() -> PortFault {
    PortFault::Unsupported("no engine reads text off pixels".to_owned())
}

impl OcrPort for FakeDesktop {
    fn with_tesseract(&self, _: &Path) -> Arc<dyn OcrPort> {
        Arc::new(self.clone())
    }

    fn ready(&self) -> PortResult<()> {
        self.lock().written.as_ref().map(drop).ok_or_else(no_engine)
    }

    fn read(
        &self,
        permit: &Permit,
        bitmap: &Bitmap,
        language: Option<OcrLanguage>,
        deadline: Deadline,
        cancel: &Cancel,
    ) -> PortResult<OcrReading> {
        self.enter(Call::ReadPixels, Some(deadline), Some(cancel))?;
        permit.require_effect(Effect::ReadPixels)?;
        let state = self.lock();
        let Some(written) = &state.written else {
            return Err(no_engine());
        };
        let inside = |(text, rect): &(String, Rect)| {
            (bitmap.rect.intersect(*rect) == *rect).then(|| OcrWord {
                text: Untrusted::new(Source::Window, text.clone()),
                rect: rect.moved(-bitmap.rect.left, -bitmap.rect.top),
                confidence: Some(90),
            })
        };
        let lines = written.iter().map(|line| line.iter().filter_map(inside).collect::<Vec<_>>());
        Ok(OcrReading {
            engine: "Windows",
            language: language.map_or("en", OcrLanguage::tag).to_owned(),
            lines: lines.filter(|line| !line.is_empty()).collect(),
            cut: false,
        })
    }
}
