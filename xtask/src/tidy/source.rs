//! Splits Rust source into code, comments and strings, well enough for rules that look for words. Not a parser: it
//! knows where a comment or a string ends, and nothing else.

/// What stays of a source text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// Code alone; strings become empty ones.
    Code,
    /// Code and strings.
    CodeAndStrings,
}

/// The text with comments, and strings if asked, blanked out. Line breaks stay, so line numbers hold.
pub(super) fn strip(text: &str, keep: Keep) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = ' ';
    while let Some(first) = rest.chars().next() {
        let (length, shown) = if rest.starts_with("//") {
            (rest.find('\n').unwrap_or(rest.len()), false)
        } else if rest.starts_with("/*") {
            (comment_end(rest), false)
        } else if let Some(length) = string_length(rest, before) {
            (length, keep == Keep::CodeAndStrings)
        } else {
            (first.len_utf8(), true)
        };
        let (piece, after) = rest.split_at(length);
        if shown {
            out.push_str(piece);
        } else {
            out.extend(piece.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        }
        before = piece.chars().last().unwrap_or(' ');
        rest = after;
    }
    out
}

/// Block comments nest in Rust.
fn comment_end(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0_usize;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let step = if rest.starts_with("/*") {
            depth = depth.saturating_add(1);
            2
        } else if rest.starts_with("*/") {
            depth = depth.saturating_sub(1);
            2
        } else {
            rest.chars().next().map_or(1, char::len_utf8)
        };
        at = at.saturating_add(step);
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// How long the string or character at the start of the text is; `None` when there is none. A lifetime is none.
fn string_length(text: &str, before: char) -> Option<usize> {
    if text.starts_with('"') {
        return Some(quoted_end(text, '"'));
    }
    if text.starts_with('r') && !(before.is_alphanumeric() || before == '_') || text.starts_with("r") && before == 'b' {
        let hashes = text.get(1..)?.chars().take_while(|c| *c == '#').count();
        let open = hashes.checked_add(1)?;
        if text.get(open..)?.starts_with('"') {
            let close = format!("\"{}", "#".repeat(hashes));
            let start = open.checked_add(1)?;
            let end = text.get(start..)?.find(&close).map_or(text.len(), |end| start + end + close.len());
            return Some(end);
        }
    }
    if text.starts_with('\'') {
        let mut inside = text.get(1..)?.chars();
        let (first, second) = (inside.next()?, inside.next());
        if first == '\\' {
            return Some(quoted_end(text, '\''));
        }
        return (second == Some('\'')).then(|| first.len_utf8().saturating_add(2));
    }
    None
}

fn quoted_end(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == quote {
            return at.saturating_add(c.len_utf8());
        }
    }
    text.len()
}

/// Whether a word stands alone in a line.
pub(super) fn has_word(line: &str, word: &str) -> bool {
    let joins = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|l| l.chars().next_back());
        let after = line.get(at.saturating_add(word.len())..).and_then(|l| l.chars().next());
        !before.is_some_and(joins) && !after.is_some_and(joins)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_strings_go_and_lines_stay() {
        let text = "a /* x /* y\n */ z */ b // c\n\"s\\\"t\" r#\"raw \" \"# b\"x\" 'q' '\\'' <'life> end";
        let code = strip(text, Keep::Code);
        assert_eq!(code.lines().count(), 3);
        let words: Vec<&str> = code.split_whitespace().collect();
        assert_eq!(words, ["a", "b", "b", "<'life>", "end"]);
        let both = strip(text, Keep::CodeAndStrings);
        assert!(both.contains("raw") && both.contains("s\\\"t") && !both.contains('z'));
    }

    #[test]
    fn words_are_whole() {
        assert!(has_word("x unsafe { }", "unsafe"));
        assert!(!has_word("unsafe_op_in_unsafe_fn", "unsafe"));
    }
}
