//! Reading text off pixels: by Windows' own engine, else by the Tesseract that the owner named. Which pixels are read, and who
//! may have them, was decided before.

mod engine;
mod tesseract;

use portcullis_model::{Cancel, Deadline, Effect, OcrLanguage};
use portcullis_platform::{Bitmap, OcrPort, OcrReading, Permit, PortFault, PortResult};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The engines of this machine.
#[derive(Default)]
pub(crate) struct Win32Ocr {
    /// The program that the owner named.
    tesseract: Option<PathBuf>,
}

impl OcrPort for Win32Ocr {
    fn with_tesseract(&self, program: &Path) -> Arc<dyn OcrPort> {
        Arc::new(Self { tesseract: Some(program.to_owned()) })
    }

    fn ready(&self) -> PortResult<()> {
        match (engine::ready(), &self.tesseract) {
            (Err(PortFault::Unsupported(_)), Some(program)) => tesseract::ready(program),
            (Err(PortFault::Unsupported(why)), None) => Err(no_engine(&why)),
            (answer, _) => answer,
        }
    }

    fn read(
        &self,
        permit: &Permit,
        bitmap: &Bitmap,
        language: Option<OcrLanguage>,
        deadline: Deadline,
        cancel: &Cancel,
    ) -> PortResult<OcrReading> {
        permit.require_effect(Effect::ReadPixels)?;
        cancel.check()?;
        match (engine::read(bitmap, language, deadline, cancel), &self.tesseract) {
            (Err(PortFault::Unsupported(_)), Some(program)) => {
                tesseract::read(program, bitmap, language, deadline, cancel)
            }
            (Err(PortFault::Unsupported(why)), None) => Err(no_engine(&why)),
            (answer, _) => answer,
        }
    }
}

fn no_engine(why: &str) -> PortFault {
    PortFault::Unsupported(format!(
        "{why}; add the language's text recognition in Windows' settings, or install Tesseract and name its program as \
         `ocr.tesseract` in the policy file"
    ))
}
