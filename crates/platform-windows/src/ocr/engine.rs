//! Windows' own engine: `Windows.Media.Ocr` of the Windows Runtime. Nothing of it runs where that is missing.

use crate::identity::failed;
use portcullis_model::{Cancel, CancelReason, Deadline, OcrLanguage, Rect, Source, Untrusted};
use portcullis_platform::{Bitmap, OCR_WORDS, OcrReading, OcrWord, PortFault, PortResult};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;
use windows::Foundation::Rect as FloatRect;
use windows::Globalization::Language;
use windows::Graphics::Imaging::{BitmapPixelFormat, SoftwareBitmap};
use windows::Media::Ocr::{OcrEngine, OcrResult};
use windows::Storage::Streams::DataWriter;
use windows::Win32::Foundation::{CLASS_E_CLASSNOTAVAILABLE, E_NOTIMPL, REGDB_E_CLASSNOTREG};
use windows::core::{Error, HSTRING};

/// How long one look at the answer lasts; a withdrawn call is noticed between two.
const LOOK: Duration = Duration::from_millis(10);

/// Reads a picture. `Unsupported` when Windows has no engine, or none for the language.
pub(super) fn read(
    bitmap: &Bitmap,
    language: Option<OcrLanguage>,
    deadline: Deadline,
    cancel: &Cancel,
) -> PortResult<OcrReading> {
    let engine = engine(language)?;
    let most = OcrEngine::MaxImageDimension().map_err(missing("OcrEngine.MaxImageDimension"))?;
    let (width, height) = (bitmap.rect.width(), bitmap.rect.height());
    if width > most || height > most {
        return Err(PortFault::NotOperable(format!(
            "be read: {width}x{height} pixels are more than the {most} that Windows' engine takes along an edge; read a \
             window or a smaller rectangle"
        )));
    }
    let picture = software_bitmap(bitmap)?;
    let read_in = engine.RecognizerLanguage().and_then(|language| language.LanguageTag());
    let language = read_in.map_err(missing("OcrEngine.RecognizerLanguage"))?.to_string();
    let result = recognise(&engine, &picture, deadline, cancel)?;
    let (lines, cut) = lines_of(&result).map_err(missing("OcrResult.Lines"))?;
    Ok(OcrReading { engine: "Windows", language, lines, cut })
}

/// Whether there is an engine for the user.
pub(super) fn ready() -> PortResult<()> {
    engine(None).map(drop)
}

/// A failure of the Windows Runtime; what is not there at all is `Unsupported`.
fn missing(call: &'static str) -> impl FnOnce(Error) -> PortFault {
    move |error| match error.code() {
        REGDB_E_CLASSNOTREG | CLASS_E_CLASSNOTAVAILABLE | E_NOTIMPL => {
            PortFault::Unsupported(format!("Windows has no text recognition here ({call})"))
        }
        _ => failed(call)(error),
    }
}

/// The engine for a language; without one for the first of the user's languages that has text recognition.
fn engine(language: Option<OcrLanguage>) -> PortResult<OcrEngine> {
    const CALL: &str = "OcrEngine.TryCreateFromLanguage";
    let Some(language) = language else {
        // An empty object is how the Windows Runtime says "none".
        return match OcrEngine::TryCreateFromUserProfileLanguages() {
            Err(error) if error.code().is_ok() => {
                Err(PortFault::Unsupported("none of the user's languages has text recognition".to_owned()))
            }
            found => found.map_err(missing(CALL)),
        };
    };
    let tag = Language::CreateLanguage(&HSTRING::from(language.tag())).map_err(missing("Language.CreateLanguage"))?;
    match OcrEngine::TryCreateFromLanguage(&tag) {
        Err(error) if error.code().is_ok() => {
            Err(PortFault::Unsupported(format!("text recognition for {} is not installed", language.tag())))
        }
        found => found.map_err(missing(CALL)),
    }
}

fn software_bitmap(bitmap: &Bitmap) -> PortResult<SoftwareBitmap> {
    const CALL: &str = "SoftwareBitmap.CreateCopyFromBuffer";
    let side = |length: u32| {
        i32::try_from(length).map_err(|_| PortFault::NotOperable("be read: the picture is too large".to_owned()))
    };
    let (width, height) = (side(bitmap.rect.width())?, side(bitmap.rect.height())?);
    let writer = DataWriter::new().map_err(missing("DataWriter"))?;
    let bgra: Vec<u8> =
        bitmap.rgb.as_chunks().0.iter().flat_map(|[red, green, blue]| [*blue, *green, *red, 255]).collect();
    writer.WriteBytes(&bgra).map_err(missing("DataWriter.WriteBytes"))?;
    let buffer = writer.DetachBuffer().map_err(missing("DataWriter.DetachBuffer"))?;
    SoftwareBitmap::CreateCopyFromBuffer(&buffer, BitmapPixelFormat::Bgra8, width, height).map_err(missing(CALL))
}

/// Runs the engine and waits for it; one that is withdrawn is told to end.
fn recognise(
    engine: &OcrEngine,
    picture: &SoftwareBitmap,
    deadline: Deadline,
    cancel: &Cancel,
) -> PortResult<OcrResult> {
    const CALL: &str = "OcrEngine.RecognizeAsync";
    let work = engine.RecognizeAsync(picture).map_err(missing(CALL))?;
    let (tell, told) = sync_channel(1);
    let done = move |result| {
        // The receiver is gone when the call was withdrawn.
        let _ = tell.try_send(result);
    };
    work.when(done).map_err(missing(CALL))?;
    loop {
        match told.recv_timeout(deadline.slice(LOOK).remaining()) {
            Ok(result) => return result.map_err(missing(CALL)),
            Err(RecvTimeoutError::Disconnected) => {
                return Err(PortFault::Unsupported("Windows' text recognition gave no answer".to_owned()));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        let interrupted = cancel.check().err().map(PortFault::from);
        let late = deadline.passed().then(|| PortFault::from(CancelReason::Deadline));
        if let Some(fault) = interrupted.or(late) {
            // What cannot be told to end ends by itself; nobody waits for it.
            let _ = work.Cancel();
            return Err(fault);
        }
    }
}

fn lines_of(result: &OcrResult) -> windows::core::Result<(Vec<Vec<OcrWord>>, bool)> {
    let mut lines = Vec::new();
    let mut count = 0;
    for line in &result.Lines()? {
        let mut words = Vec::new();
        for word in &line.Words()? {
            if count >= OCR_WORDS {
                lines.push(words);
                return Ok((lines, true));
            }
            count += 1;
            let rect = whole_pixels(word.BoundingRect()?);
            let text = Untrusted::new(Source::Window, word.Text()?.to_string());
            if !rect.is_empty() && !text.is_empty() {
                words.push(OcrWord { text, rect, confidence: None });
            }
        }
        if !words.is_empty() {
            lines.push(words);
        }
    }
    Ok((lines, false))
}

/// The pixels that a rectangle of the engine touches.
fn whole_pixels(rect: FloatRect) -> Rect {
    // Rounded text of a float is a whole number or no number at all.
    let pixel = |value: f32| format!("{value:.0}").parse::<i32>().unwrap_or(0);
    Rect::new(
        pixel(rect.X.floor()),
        pixel(rect.Y.floor()),
        pixel((rect.X + rect.Width).ceil()),
        pixel((rect.Y + rect.Height).ceil()),
    )
}
