//! The language in which text on pixels is written, under the two names that engines know: a tag of BCP 47 for Windows, a
//! code of three letters for Tesseract. Nothing is read here.

use crate::{Fault, FaultCode, nearest};

/// Languages that both engines have: tag of BCP 47, code of Tesseract.
const LANGUAGES: [(&str, &str); 34] = [
    ("ar", "ara"),
    ("bg", "bul"),
    ("bs", "bos"),
    ("cs", "ces"),
    ("da", "dan"),
    ("de", "deu"),
    ("el", "ell"),
    ("en", "eng"),
    ("es", "spa"),
    ("et", "est"),
    ("fi", "fin"),
    ("fr", "fra"),
    ("he", "heb"),
    ("hi", "hin"),
    ("hr", "hrv"),
    ("hu", "hun"),
    ("it", "ita"),
    ("ja", "jpn"),
    ("ko", "kor"),
    ("lt", "lit"),
    ("lv", "lav"),
    ("nb", "nor"),
    ("nl", "nld"),
    ("pl", "pol"),
    ("pt", "por"),
    ("ro", "ron"),
    ("ru", "rus"),
    ("sk", "slk"),
    ("sl", "slv"),
    ("sv", "swe"),
    ("tr", "tur"),
    ("uk", "ukr"),
    ("zh-Hans", "chi_sim"),
    ("zh-Hant", "chi_tra"),
];

/// A language to read in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OcrLanguage {
    tag: &'static str,
    code: &'static str,
}

impl OcrLanguage {
    /// English, which every installation of Tesseract has.
    pub const ENGLISH: Self = Self { tag: "en", code: "eng" };

    /// Reads either name, in any case; what a tag says beyond the language (`de-AT`) does not matter.
    pub fn parse(field: &str, text: &str) -> Result<Self, Fault> {
        let same = |name: &str| name.eq_ignore_ascii_case(text);
        let primary = text.split('-').next().unwrap_or_default();
        let found = LANGUAGES.iter().find(|(tag, code)| same(tag) || same(code));
        let found = found.or_else(|| LANGUAGES.iter().find(|(tag, _)| tag.eq_ignore_ascii_case(primary)));
        found.map(|(tag, code)| Self { tag, code }).ok_or_else(|| {
            let names = || LANGUAGES.iter().flat_map(|(tag, code)| [*tag, *code]);
            Fault::new(FaultCode::BadArgument, "no language of that name is known")
                .field(field)
                .value(text)
                .rule("one language, by its tag (de, zh-Hans) or its code of three letters (deu, chi_sim)")
                .remedy("name one of those that are near, or leave it out")
                .candidates(nearest(text, names()))
        })
    }

    /// The tag of BCP 47, as Windows takes it.
    pub fn tag(self) -> &'static str {
        self.tag
    }

    /// The code that names Tesseract's data.
    pub fn code(self) -> &'static str {
        self.code
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_known_by_tag_and_code() {
        for (text, code) in [
            ("eng", "eng"),
            ("EN-us", "eng"),
            ("de", "deu"),
            ("de-AT", "deu"),
            ("zh-Hant", "chi_tra"),
            ("chi_sim", "chi_sim"),
        ] {
            assert_eq!(OcrLanguage::parse("lang", text).unwrap().code(), code, "{text}");
        }
        for wrong in ["", "-", "english", "eng+deu", "zh", "../eng", "-l"] {
            let fault = OcrLanguage::parse("lang", wrong).unwrap_err();
            assert_eq!((fault.field.as_deref(), fault.value.as_deref()), (Some("lang"), Some(wrong)));
        }
    }
}
