//! Text read off pixels: the port to the engines that do it, what they answer, and the reading of Tesseract's table. Where
//! pixels come from, and what a caller is shown, is decided elsewhere.

use crate::{Bitmap, Permit, PortResult};
use portcullis_model::{Cancel, Deadline, OcrLanguage, Rect, Source, Untrusted};
use std::path::Path;
use std::sync::Arc;

/// Words that are taken of one picture.
pub const OCR_WORDS: usize = 2_000;
/// Characters of one word.
const WORD_CHARS: usize = 200;

/// One word.
#[derive(Clone, Debug, PartialEq)]
pub struct OcrWord {
    /// What it says, as far as the engine could tell.
    pub text: Untrusted,
    /// Where it stands, in pixels of the picture.
    pub rect: Rect,
    /// How sure the engine is, in percent, where it tells.
    pub confidence: Option<u8>,
}

/// What was read, line by line.
#[derive(Clone, Debug, PartialEq)]
pub struct OcrReading {
    /// Who read it: `Windows`, `Tesseract`.
    pub engine: &'static str,
    /// In which language, by the engine's own name.
    pub language: String,
    /// Lines of words, none of them empty.
    pub lines: Vec<Vec<OcrWord>>,
    /// Whether there were more words than are taken.
    pub cut: bool,
}

/// Engines that read text off pixels.
pub trait OcrPort: Send + Sync {
    /// The same engines and, behind them, the Tesseract whose program the owner named.
    fn with_tesseract(&self, program: &Path) -> Arc<dyn OcrPort>;

    /// Whether there is an engine for the user's language; `Unsupported` says which is missing and how to get one. Reads
    /// nothing, so no permit.
    fn ready(&self) -> PortResult<()>;

    /// Reads a picture; without a language in that of the user, as far as the engine knows one. The permit must name
    /// `ReadPixels`: who may not have the pixels does not have what they say. `Unsupported` says which engine is missing and how to get one.
    fn read(
        &self,
        permit: &Permit,
        bitmap: &Bitmap,
        language: Option<OcrLanguage>,
        deadline: Deadline,
        cancel: &Cancel,
    ) -> PortResult<OcrReading>;
}

/// The lines of Tesseract's `tsv` output for a picture that was made `scale` times as large before it was read; true when
/// words were left out. What is not a row of the table is passed over: a program's output is nobody's promise.
pub fn lines_of_tsv(table: &str, scale: i32) -> (Vec<Vec<OcrWord>>, bool) {
    let mut lines: Vec<Vec<OcrWord>> = Vec::new();
    let mut at = None;
    let mut count = 0;
    for row in table.lines() {
        let Some((place, word)) = word_of_row(row, scale.max(1)) else { continue };
        if count >= OCR_WORDS {
            return (lines, true);
        }
        count += 1;
        match lines.last_mut() {
            Some(line) if at == Some(place) => line.push(word),
            _ => lines.push(vec![word]),
        }
        at = Some(place);
    }
    (lines, false)
}

/// Page, block, paragraph and line, and the word there: `level page block par line word left top width height conf text`.
fn word_of_row(row: &str, scale: i32) -> Option<([u32; 4], OcrWord)> {
    /// The level of a word; those above are pages, blocks, paragraphs and lines.
    const WORD: u32 = 5;
    let cells: Vec<&str> = row.splitn(12, '\t').collect();
    let [level, page, block, paragraph, line, _, left, top, width, height, confidence, text] = cells.as_slice() else {
        return None;
    };
    let number = |cell: &str| cell.parse::<u32>().ok();
    if number(level)? != WORD || text.trim().is_empty() {
        return None;
    }
    let place = [number(page)?, number(block)?, number(paragraph)?, number(line)?];
    let pixel = |cell: &str| cell.parse::<i32>().ok();
    let (left, top) = (pixel(left)?, pixel(top)?);
    let (right, bottom) = (left.checked_add(pixel(width)?)?, top.checked_add(pixel(height)?)?);
    let rect = Rect::new(left / scale, top / scale, right / scale, bottom / scale);
    let confidence = confidence.parse::<f64>().ok().filter(|value| (0.0..=100.0).contains(value));
    let confidence = confidence.and_then(|value| format!("{value:.0}").parse().ok());
    let text = Untrusted::new(Source::Window, text.trim().chars().take(WORD_CHARS).collect::<String>());
    (!rect.is_empty()).then_some((place, OcrWord { text, rect, confidence }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What Tesseract 5.3 prints for a picture of two lines, read at three times its size.
    const TABLE: &str = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext
1\t1\t0\t0\t0\t0\t0\t0\t600\t300\t-1\t
2\t1\t1\t0\t0\t0\t30\t60\t300\t90\t-1\t
4\t1\t1\t1\t1\t0\t30\t60\t300\t30\t-1\t
5\t1\t1\t1\t1\t1\t30\t60\t120\t30\t96.51\tHello
5\t1\t1\t1\t1\t2\t180\t60\t150\t30\t91.2\tWörld
5\t1\t1\t1\t2\t1\t30\t120\t90\t30\t40\t\u{202e}x
5\t1\t1\t1\t2\t2\t150\t120\t90\t30\t95\t 
5\t1\t1\t1\t2\t3\t150\t120\t0\t30\t95\tflat
";

    #[test]
    fn words_of_one_line_stand_together_in_the_pictures_own_pixels() {
        let (lines, cut) = lines_of_tsv(TABLE, 3);
        let said: Vec<Vec<(&str, Rect, Option<u8>)>> = lines
            .iter()
            .map(|line| line.iter().map(|word| (word.text.raw(), word.rect, word.confidence)).collect())
            .collect();
        let first =
            [("Hello", Rect::new(10, 20, 50, 30), Some(97)), ("W\u{f6}rld", Rect::new(60, 20, 110, 30), Some(91))];
        let second = [("\u{202e}x", Rect::new(10, 40, 40, 50), Some(40))];
        assert_eq!((said, cut), (vec![first.to_vec(), second.to_vec()], false));
    }

    #[test]
    fn words_beyond_the_cap_are_left_out_and_said() {
        let row = "5\t1\t1\t1\t1\t1\t30\t60\t120\t30\t96\tHello\n";
        let (lines, cut) = lines_of_tsv(&row.repeat(OCR_WORDS), 1);
        assert_eq!((lines.len(), lines[0].len(), cut), (1, OCR_WORDS, false));
        let (lines, cut) = lines_of_tsv(&row.repeat(OCR_WORDS + 1), 1);
        assert_eq!((lines[0].len(), cut), (OCR_WORDS, true));
    }

    proptest! {
        #[test]
        fn whatever_a_program_prints_is_passed_over_or_a_word(table in "(5\t|-?[0-9]{1,12}\t|[a-z]|\n|\t){0,60}", scale in any::<i32>()) {
            for word in lines_of_tsv(&table, scale).0.iter().flatten() {
                prop_assert!(!word.rect.is_empty());
            }
        }
    }
}
