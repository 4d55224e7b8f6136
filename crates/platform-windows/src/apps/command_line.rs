//! One command line out of a program and its arguments, by the rules of `CommandLineToArgvW`: the other side reads back
//! exactly the arguments that went in. Pure text; nothing is started here.

/// The command line of `program` with `args`.
pub(crate) fn join(program: &str, args: &[String]) -> String {
    // The program's own part knows no escapes; a path holds no quotation mark.
    let mut line = format!("\"{}\"", program.replace('"', ""));
    for argument in args {
        line.push(' ');
        quote(&mut line, argument);
    }
    line
}

fn quote(line: &mut String, argument: &str) {
    if !argument.is_empty() && !argument.contains([' ', '\t', '\n', '\u{b}', '"']) {
        line.push_str(argument);
        return;
    }
    line.push('"');
    let mut backslashes = 0usize;
    for character in argument.chars() {
        match character {
            '\\' => backslashes += 1,
            '"' => {
                // Backslashes before a quotation mark are doubled, and the mark gets one of its own.
                line.extend(std::iter::repeat_n('\\', backslashes * 2 + 1));
                backslashes = 0;
            }
            _ => {
                line.extend(std::iter::repeat_n('\\', backslashes));
                backslashes = 0;
            }
        }
        if character != '\\' {
            line.push(character);
        }
    }
    line.extend(std::iter::repeat_n('\\', backslashes * 2));
    line.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_quoted_for_command_line_to_argv() {
        for (argument, expected) in [
            ("plain", "plain"),
            ("", "\"\""),
            ("two words", "\"two words\""),
            ("say \"hi\"", "\"say \\\"hi\\\"\""),
            ("ends in \\", "\"ends in \\\\\""),
            ("a\\\\b c", "\"a\\\\b c\""),
            ("\\\"", "\"\\\\\\\"\""),
            ("&|^%PATH%", "&|^%PATH%"),
        ] {
            assert_eq!(join("C:\\x.exe", &[argument.to_owned()]), format!("\"C:\\x.exe\" {expected}"), "{argument}");
        }
    }
}
