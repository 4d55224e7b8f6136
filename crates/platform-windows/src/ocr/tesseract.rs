//! The Tesseract that the owner named: one process for each picture, in a job that ends with the call. It gets the picture on
//! its standard input, and its table of words is read off its standard output.

use crate::shell::{system, wait};
use crate::start::{Streams, start};
use image::imageops::{FilterType, resize};
use image::{ImageBuffer, Rgb};
use portcullis_model::{Cancel, Deadline, OcrLanguage, visible};
use portcullis_platform::{Bitmap, OcrReading, PortFault, PortResult, lines_of_tsv};
use std::fs::File;
use std::io::{PipeReader, Read, Write};
use std::os::windows::io::OwnedHandle;
use std::path::Path;
use std::thread::JoinHandle;

/// Bytes of a table that are read: beyond it there are more words than are taken.
const TABLE_CAP: u64 = 1024 * 1024;
/// Bytes of what it says of a failure.
const COMPLAINT_CAP: u64 = 4_000;
/// Characters of it that are told.
const SAID_CHARS: usize = 200;
/// How much larger a picture of the screen is made, as Tesseract reads letters of some thirty pixels best; and up to how many
/// pixels.
const SCALES: [(u32, u64); 2] = [(3, 2_500_000), (2, 6_000_000)];
/// Words wherever they stand: a window is no page of a book (`--psm 11`).
const SPARSE_TEXT: &str = "11";

/// Reads a picture with this program.
pub(super) fn read(
    program: &Path,
    bitmap: &Bitmap,
    language: Option<OcrLanguage>,
    deadline: Deadline,
    cancel: &Cancel,
) -> PortResult<OcrReading> {
    let code = language.unwrap_or(OcrLanguage::ENGLISH).code();
    let scale = scale_for(bitmap);
    let picture = portable_pixmap(bitmap, scale)
        .ok_or_else(|| PortFault::NotOperable("be read: the picture is too large".to_owned()))?;
    let table = run(program, code, picture, deadline, cancel)?;
    let (lines, cut) = lines_of_tsv(&table, i32::try_from(scale).unwrap_or(1));
    Ok(OcrReading { engine: "Tesseract", language: code.to_owned(), lines, cut })
}

fn scale_for(bitmap: &Bitmap) -> u32 {
    let pixels = u64::from(bitmap.rect.width()) * u64::from(bitmap.rect.height());
    SCALES.iter().find(|(_, most)| pixels <= *most).map_or(1, |(scale, _)| *scale)
}

/// The picture in the plainest format that there is (`P6` of Netpbm), so many times as large.
fn portable_pixmap(bitmap: &Bitmap, scale: u32) -> Option<Vec<u8>> {
    let (width, height) = (bitmap.rect.width(), bitmap.rect.height());
    let picture = ImageBuffer::<Rgb<u8>, &[u8]>::from_raw(width, height, &bitmap.rgb)?;
    let (width, height) = (width.checked_mul(scale)?, height.checked_mul(scale)?);
    let mut file = format!("P6\n{width} {height}\n255\n").into_bytes();
    if scale == 1 {
        file.extend_from_slice(&bitmap.rgb);
    } else {
        file.extend_from_slice(resize(&picture, width, height, FilterType::Triangle).as_raw());
    }
    Some(file)
}

fn missing(program: &Path) -> PortFault {
    PortFault::Unsupported(format!("`ocr.tesseract` names {}, which is no file", program.display()))
}

/// Whether the program is there.
pub(super) fn ready(program: &Path) -> PortResult<()> {
    if program.is_file() { Ok(()) } else { Err(missing(program)) }
}

fn run(program: &Path, code: &str, picture: Vec<u8>, deadline: Deadline, cancel: &Cancel) -> PortResult<String> {
    ready(program)?;
    let spelt = program.to_str().zip(program.parent().and_then(Path::to_str));
    let (path, folder) = spelt.ok_or_else(|| missing(program))?;
    // No path of Windows holds a quote, and the code is one of a table.
    let line = format!("\"{path}\" stdin stdout -l {code} --psm {SPARSE_TEXT} tsv");
    let (input, mut input_end) = std::io::pipe().map_err(system("CreatePipe"))?;
    let (output, output_end) = std::io::pipe().map_err(system("CreatePipe"))?;
    let (errors, errors_end) = std::io::pipe().map_err(system("CreatePipe"))?;
    let input = File::from(OwnedHandle::from(input));
    let started =
        start(&line, folder, Streams { input: input.into(), output: output_end.into(), errors: errors_end.into() })?;
    let sent = thread("ocr-picture", move || {
        // One that ends before it has read all says why by its code.
        let _ = input_end.write_all(&picture);
        String::new()
    })?;
    let table = thread("ocr-table", move || text_of(output, TABLE_CAP))?;
    let complaint = thread("ocr-complaint", move || text_of(errors, COMPLAINT_CAP))?;
    let code = wait(&started, deadline, cancel);
    // With the job every other end of the pipes is closed, so that the threads end.
    drop(started);
    let [_, table, complaint] = [sent, table, complaint].map(|thread| thread.join().unwrap_or_default());
    match code? {
        Some(0) => Ok(table),
        Some(code) => {
            let said = complaint.lines().next().unwrap_or("it says nothing");
            Err(PortFault::Unsupported(format!("Tesseract ended with code {code}: {}", visible(said, SAID_CHARS))))
        }
        None => Err(portcullis_model::CancelReason::Deadline.into()),
    }
}

fn thread(name: &str, work: impl FnOnce() -> String + Send + 'static) -> PortResult<JoinHandle<String>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work).map_err(system("CreateThread"))
}

/// What a program writes, up to so many bytes; the rest is read and dropped, so that it does not wait for a reader.
fn text_of(mut pipe: PipeReader, cap: u64) -> String {
    let mut bytes = Vec::new();
    // A pipe that breaks ends the text.
    let _ = pipe.by_ref().take(cap).read_to_end(&mut bytes);
    let _ = std::io::copy(&mut pipe, &mut std::io::sink());
    String::from_utf8_lossy(&bytes).into_owned()
}
