//! From the bytes of a page to text: characters by the page's own word, HTML to Markdown by a library. A page is hostile: what
//! is nested too deep for the library is refused before it sees it. Nothing is fetched here.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8};
use htmd::HtmlToMarkdown;
use portcullis_model::{Fault, FaultCode, visible};

/// Elements that lie in one another. The library goes through them by calling itself.
const DEPTH_CAP: usize = 400;
/// Bytes of the stack on which it does.
const STACK: usize = 32 * 1024 * 1024;
/// Bytes in which a page says in which characters it is written.
const SAMPLE: usize = 1_024;
/// Elements that a page may leave open, and that end where the next one begins; and those that hold nothing.
const ENDED: &[&str] = &[
    "p", "li", "dd", "dt", "option", "optgroup", "tr", "td", "th", "tbody", "thead", "tfoot", "colgroup", "rp", "rt",
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
];
/// Elements whose content is no text of the page.
const SKIPPED: &[&str] = &["script", "style", "noscript", "template", "iframe", "object", "svg", "canvas", "head"];

/// How a body becomes text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// By Markdown.
    Html,
    /// As it is.
    Plain,
}

/// The kind of a Content-Type; a fault for what is no text.
pub(super) fn kind(content_type: Option<&str>) -> Result<Kind, Fault> {
    let essence = content_type.unwrap_or("text/plain").split(';').next().unwrap_or_default().trim();
    match essence {
        "text/html" | "application/xhtml+xml" => Ok(Kind::Html),
        "application/json" | "application/xml" | "application/javascript" => Ok(Kind::Plain),
        other if other.starts_with("text/") || other.ends_with("+json") || other.ends_with("+xml") => Ok(Kind::Plain),
        other => Err(Fault::new(FaultCode::Unsupported, format!("the page is of the type {}", visible(other, 100)))
            .rule("text, HTML, JSON and XML are read")
            .remedy("name a page of text")),
    }
}

/// The characters of a body: by its mark, by the header's word, by the page's own, as UTF-8 where it is that, else by a guess.
pub(super) fn decode(body: &[u8], content_type: Option<&str>) -> String {
    let sample = String::from_utf8_lossy(body.get(..SAMPLE).unwrap_or(body)).to_ascii_lowercase();
    let said = content_type.and_then(charset).or_else(|| charset(&sample));
    let is_utf8 = match std::str::from_utf8(body) {
        Ok(_) => true,
        // It was cut inside of a character.
        Err(error) => error.error_len().is_none(),
    };
    let encoding = said.or_else(|| is_utf8.then_some(UTF_8)).unwrap_or_else(|| {
        let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
        detector.feed(body, true);
        detector.guess(None, Utf8Detection::Deny)
    });
    encoding.decode(body).0.into_owned()
}

fn charset(text: &str) -> Option<&'static Encoding> {
    let (_, rest) = text.split_once("charset=")?;
    let rest = rest.trim_start_matches(['"', '\'']);
    let label = rest.split(|c: char| !(c.is_ascii_alphanumeric() || "-_:.".contains(c))).next()?;
    Encoding::for_label(label.as_bytes())
}

/// A page as Markdown.
pub(super) fn markdown(html: String) -> Result<String, Fault> {
    if depth(&html) > DEPTH_CAP {
        return Err(Fault::new(FaultCode::TooLarge, "the page's elements lie too deep in one another")
            .rule(format!("at most {DEPTH_CAP} elements lie in one another"))
            .remedy("name a simpler page, or the page in another form"));
    }
    let failed = || Fault::new(FaultCode::Internal, "the page could not be brought into Markdown");
    let convert = move || HtmlToMarkdown::builder().skip_tags(SKIPPED.to_vec()).build().convert(&html);
    let thread = std::thread::Builder::new().name("markdown".to_owned()).stack_size(STACK).spawn(convert);
    thread.map_err(|_| failed())?.join().map_err(|_| failed())?.map_err(|_| failed())
}

/// How deep elements lie in one another at most; more than that where a page leaves them open.
fn depth(html: &str) -> usize {
    let (mut now, mut most) = (0_usize, 0_usize);
    for part in html.split('<').skip(1) {
        let (is_end, name) = part.strip_prefix('/').map_or((false, part), |rest| (true, rest));
        let name: String = name.chars().take_while(char::is_ascii_alphanumeric).take(16).collect();
        if name.is_empty() || ENDED.iter().any(|ended| name.eq_ignore_ascii_case(ended)) {
            continue;
        }
        now = if is_end { now.saturating_sub(1) } else { now.saturating_add(1) };
        most = most.max(now);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_becomes_markdown_without_what_is_no_text() {
        let page = "<html><head><title>T</title><style>x{}</style></head><body><h1>One</h1><p>Two <a href='/x'>three</a>\
                    <script>alert(1)</script><ul><li>four<li>five</ul><!-- six --></body></html>";
        let text = markdown(page.to_owned()).unwrap();
        assert!(text.starts_with("# One\n\nTwo [three](/x)"), "{text}");
        for absent in ["alert", "x{}", "six"] {
            assert!(!text.contains(absent), "{text}");
        }
        assert!(text.contains("four") && text.contains("five"), "{text}");
    }

    #[test]
    fn attack_a_page_that_is_nested_too_deep_is_refused_and_one_at_the_cap_is_read() {
        let nested = |depth: usize| format!("{}x{}", "<div>".repeat(depth), "</div>".repeat(depth));
        assert_eq!(markdown(nested(DEPTH_CAP)).unwrap().trim(), "x");
        for page in [nested(DEPTH_CAP + 1), "<div>".repeat(200_000), "<b><li>".repeat(100_000), "<A/>".repeat(1_000)] {
            assert_eq!(markdown(page).unwrap_err().code, FaultCode::TooLarge);
        }
        assert!(markdown("<p>x".repeat(10_000)).is_ok());
    }

    #[test]
    fn characters_are_read_by_the_pages_word() {
        for (body, kind, text) in [
            (&b"Z\xfcrich"[..], Some("text/html; charset=ISO-8859-1"), "Zürich"),
            (b"<meta charset='windows-1252'>Z\xfcrich", Some("text/html"), "<meta charset='windows-1252'>Zürich"),
            ("Zürich".as_bytes(), None, "Zürich"),
            (b"\xef\xbb\xbfZ\xc3\xbcrich", Some("text/plain; charset=latin1"), "Zürich"),
            (b"Z\xc3", None, "Z\u{fffd}"),
        ] {
            assert_eq!(decode(body, kind), text);
        }
    }

    #[test]
    fn what_is_no_text_is_refused() {
        for (content_type, is) in [
            (None, Some(Kind::Plain)),
            (Some("text/html; charset=utf-8"), Some(Kind::Html)),
            (Some("application/ld+json"), Some(Kind::Plain)),
            (Some("image/svg+xml"), Some(Kind::Plain)),
            (Some("image/png"), None),
            (Some("application/octet-stream"), None),
            (Some("application/pdf"), None),
        ] {
            assert_eq!(kind(content_type).ok(), is, "{content_type:?}");
        }
    }
}
