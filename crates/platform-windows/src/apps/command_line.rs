//! An argument vector as the one command line that Windows passes on, by the rules of `CommandLineToArgvW`. A pure
//! function: nothing is started here.

/// UTF-16 units of a command line, the closing NUL among them (`CreateProcessW`).
const LENGTH_CAP: usize = 32_767;

/// Why a command line cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unquotable {
    /// The image's path holds a quote, or anything a NUL.
    Character,
    /// It would be longer than [`LENGTH_CAP`].
    Length,
}

/// The command line for `image` and `args`, ending in NUL.
pub(super) fn command_line(image: &str, args: &[String]) -> Result<Vec<u16>, Unquotable> {
    let mut rest = String::new();
    for arg in args {
        if !rest.is_empty() {
            rest.push(' ');
        }
        quote(&mut rest, arg);
    }
    command_line_as_it_stands(image, &rest)
}

/// The command line for `image` and what follows it, which is not looked into: an owner's own words.
pub(super) fn command_line_as_it_stands(image: &str, rest: &str) -> Result<Vec<u16>, Unquotable> {
    if image.contains('"') || image.contains('\0') || rest.contains('\0') {
        return Err(Unquotable::Character);
    }
    // The first part has rules of its own: quotes end it, and a backslash is only a backslash.
    let mut line = format!("\"{image}\"");
    if !rest.is_empty() {
        line.push(' ');
        line.push_str(rest);
    }
    let units: Vec<u16> = line.encode_utf16().chain([0]).collect();
    if units.len() > LENGTH_CAP { Err(Unquotable::Length) } else { Ok(units) }
}

/// Backslashes mean themselves except before a quote, where two stand for one; the closing quote counts as one.
fn quote(line: &mut String, arg: &str) {
    if !arg.is_empty() && !arg.contains([' ', '\t', '\n', '\u{b}', '"']) {
        line.push_str(arg);
        return;
    }
    line.push('"');
    let mut backslashes = 0;
    for character in arg.chars() {
        match character {
            '\\' => backslashes += 1,
            '"' => {
                line.extend(std::iter::repeat_n('\\', backslashes + 1));
                backslashes = 0;
            }
            _ => backslashes = 0,
        }
        line.push(character);
    }
    line.extend(std::iter::repeat_n('\\', backslashes));
    line.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use windows::Win32::Foundation::{HLOCAL, LocalFree};
    use windows::Win32::UI::Shell::CommandLineToArgvW;
    use windows::core::PCWSTR;

    /// What Windows makes of a command line.
    fn parsed(line: &[u16]) -> Vec<String> {
        let mut count = 0;
        // SAFETY: the line ends in NUL; the out-pointer is a local.
        let array = unsafe { CommandLineToArgvW(PCWSTR(line.as_ptr()), &mut count) };
        assert!(!array.is_null());
        // SAFETY: the call gave `count` strings.
        let strings = unsafe { std::slice::from_raw_parts(array, usize::try_from(count).unwrap()) };
        let parts = strings
            .iter()
            // SAFETY: each string ends in NUL.
            .map(|part| unsafe { part.to_string() }.unwrap())
            .collect();
        // SAFETY: the block came from the call and is freed once.
        let _ = unsafe { LocalFree(Some(HLOCAL(array.cast()))) };
        parts
    }

    fn round_trip(args: &[String]) {
        let image = r"C:\Program Files\a b\x.exe";
        let line = command_line(image, args).unwrap();
        let parts = parsed(&line);
        assert_eq!(parts[0], image);
        assert_eq!(parts[1..], *args, "{}", String::from_utf16_lossy(&line));
    }

    #[test]
    fn windows_reads_back_what_was_meant() {
        for args in [
            vec![],
            vec![""],
            vec!["a", "", "b"],
            vec!["two words", "tab\there", "line\nend", "v\u{b}t"],
            vec![r#"say "hi""#, r#"""#, r#"""""#, r#"a"b"c"#],
            vec![r"C:\dir\", r"C:\my dir\", r"\\server\share\", r"a\\b"],
            vec![r#"a\"b"#, r#"a\\"b"#, r#"\\\" "#, r#"end\" \\"#, r"\ ", r#"\""#],
            vec!["--x=ä 你好 🙂", "%PATH%", "^&|<>", "'single'", "a;b,c", "/c start", "*?"],
        ] {
            round_trip(&args.into_iter().map(str::to_owned).collect::<Vec<_>>());
        }
    }

    #[test]
    fn every_short_mixture_of_the_difficult_characters_survives() {
        const ALPHABET: [char; 5] = ['\\', '"', ' ', 'a', '\t'];
        let mut words = vec![String::new()];
        let mut longest = words.clone();
        for _ in 0..4 {
            longest = longest
                .iter()
                .flat_map(|word| ALPHABET.iter().map(move |character| format!("{word}{character}")))
                .collect();
            words.extend(longest.iter().cloned());
        }
        for pair in words.chunks(2) {
            round_trip(pair);
        }
    }

    #[test]
    fn what_cannot_be_passed_is_refused() {
        assert_eq!(command_line("a\"b.exe", &[]), Err(Unquotable::Character));
        assert_eq!(command_line("a.exe", &["b\0c".to_owned()]), Err(Unquotable::Character));
        let room = LENGTH_CAP - r#""a.exe" "#.len() - 1;
        assert!(command_line("a.exe", &["x".repeat(room)]).is_ok());
        assert_eq!(command_line("a.exe", &["x".repeat(room + 1)]), Err(Unquotable::Length));
    }
}
