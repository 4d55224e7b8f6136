//! What the saved file must be, byte for byte. Written down here and nowhere else, so that neither the server's nor the
//! client's word counts in the comparison.

/// The lines that are typed.
pub(super) const LINES: [&str; 3] =
    ["Hello Wörld, 你好, 🙂", "An agent typed these lines into Notepad.", "Grüße, ¡adiós!, 再见 🙂"];
/// UTF-8 with a byte order mark, as Notepad writes it, and CRLF between the lines.
pub(super) const FILE: &[u8] = b"\xEF\xBB\xBF\
    Hello W\xC3\xB6rld, \xE4\xBD\xA0\xE5\xA5\xBD, \xF0\x9F\x99\x82\r\n\
    An agent typed these lines into Notepad.\r\n\
    Gr\xC3\xBC\xC3\x9Fe, \xC2\xA1adi\xC3\xB3s!, \xE5\x86\x8D\xE8\xA7\x81 \xF0\x9F\x99\x82";

/// What the comparison found.
#[derive(Debug)]
pub(super) struct Verdict {
    /// The file, when it was there.
    pub(super) found: Option<Vec<u8>>,
    /// The first byte that differs, or nothing when all are equal.
    pub(super) differs_at: Option<usize>,
}

impl Verdict {
    /// Compares a file, if there is one, with the constant.
    pub(super) fn of(found: Option<Vec<u8>>) -> Verdict {
        let differs_at = match &found {
            Some(bytes) if bytes == FILE => None,
            Some(bytes) => Some(bytes.iter().zip(FILE).take_while(|(is, wanted)| is == wanted).count()),
            None => Some(0),
        };
        Verdict { found, differs_at }
    }

    /// Whether the file is exactly what it must be.
    pub(super) fn holds(&self) -> bool {
        self.differs_at.is_none()
    }

    /// The result in one sentence.
    pub(super) fn sentence(&self) -> String {
        match (&self.found, self.differs_at) {
            (Some(bytes), None) => format!("all {} bytes are as expected", bytes.len()),
            (Some(bytes), Some(at)) => format!(
                "byte {at} differs: there is {}, expected {}; the file has {} bytes, expected {}",
                hex(bytes.get(at..).unwrap_or_default(), 4),
                hex(FILE.get(at..).unwrap_or_default(), 4),
                bytes.len(),
                FILE.len()
            ),
            (None, _) => "there is no such file".to_owned(),
        }
    }
}

/// The first bytes, as `EF BB BF …`.
pub(super) fn hex(bytes: &[u8], most: usize) -> String {
    let shown: Vec<String> = bytes.iter().take(most).map(|byte| format!("{byte:02X}")).collect();
    match (shown.is_empty(), bytes.len() > most) {
        (true, _) => "the end".to_owned(),
        (false, true) => format!("{} …", shown.join(" ")),
        (false, false) => shown.join(" "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_those_of_the_lines() {
        let written = format!("\u{FEFF}{}", LINES.join("\r\n"));
        assert_eq!(written.as_bytes(), FILE);
    }

    #[test]
    fn any_other_file_is_told_apart_with_its_place() {
        assert!(Verdict::of(Some(FILE.to_vec())).holds());
        assert!(!Verdict::of(None).holds());
        let ansi = Verdict::of(Some(b"Hello W\xF6rld".to_vec()));
        assert_eq!(ansi.differs_at, Some(0));
        assert!(ansi.sentence().contains("expected EF BB BF"), "{}", ansi.sentence());
        let cut = Verdict::of(FILE.get(..5).map(<[u8]>::to_vec));
        assert!(!cut.holds() && cut.sentence().contains("the end"), "{}", cut.sentence());
    }
}
