//! The one closed set of error codes at the edge, and the fault that carries one: what is wrong, with which field and
//! value, by which rule, and the smallest fix. Crates have their own `thiserror` types; they become faults here.

use crate::{CancelReason, Interrupted, visible};
use serde::Serialize;
use std::fmt;

/// What went wrong, as clients branch on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultCode {
    /// Several elements fit; the call names none of them.
    Ambiguous,
    /// The record of the call could not be written, so the call did not happen.
    AuditUnavailable,
    /// An argument has the wrong type or value.
    BadArgument,
    /// As many calls as the server takes are under way.
    Busy,
    /// The client withdrew the call.
    Cancelled,
    /// A rule forbids it.
    Denied,
    /// The control cannot do this: wrong role or pattern.
    NotOperable,
    /// The control is disabled.
    Disabled,
    /// The target runs with more rights than the server.
    ElevatedTarget,
    /// The target's window does not answer.
    HungTarget,
    /// Another server is sending input.
    InputBusy,
    /// A fault of our own.
    Internal,
    /// The desktop is locked.
    DesktopLocked,
    /// The tool exists but is not open to this principal.
    NotEnabled,
    /// Nothing fits the description.
    NotFound,
    /// The owner's consent is needed and could not be had.
    ApprovalRequired,
    /// The point lies on no display.
    OffScreen,
    /// More calls, or more bytes of answers, than the principal may have in a minute.
    RateLimited,
    /// A call to the operating system failed.
    SystemError,
    /// The secure desktop (a consent prompt or the logon screen) is in front.
    SecureDesktop,
    /// The session has no display connected.
    SessionDisconnected,
    /// The element behind a ref is gone or has become another.
    StaleRef,
    /// The owner stopped the server's work.
    Stopped,
    /// The deadline passed.
    TimedOut,
    /// More than a cap allows.
    TooLarge,
    /// What was asked for happened and did not come to what the caller said it must.
    Unexpected,
    /// No such argument.
    UnknownArgument,
    /// The ref was never given to this principal.
    UnknownRef,
    /// No such tool.
    UnknownTool,
    /// This machine or build cannot do it.
    Unsupported,
    /// This operating system has no desktop that the server can operate.
    UnsupportedPlatform,
}

/// Who can do something about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Blame {
    /// The caller: change the call.
    Caller,
    /// The owner: change the configuration or the machine.
    Owner,
    /// The program that was operated.
    Target,
    /// Portcullis itself.
    Server,
}

impl FaultCode {
    /// The word that clients branch on.
    pub fn word(self) -> String {
        let word = serde_json::to_value(self).unwrap_or_default();
        word.as_str().unwrap_or("internal").to_owned()
    }

    /// Who can do something about it.
    pub fn blame(self) -> Blame {
        match self {
            Self::Ambiguous
            | Self::BadArgument
            | Self::Cancelled
            | Self::NotOperable
            | Self::NotFound
            | Self::OffScreen
            | Self::RateLimited
            | Self::StaleRef
            | Self::TooLarge
            | Self::UnknownArgument
            | Self::UnknownRef
            | Self::UnknownTool => Blame::Caller,
            Self::AuditUnavailable
            | Self::Denied
            | Self::DesktopLocked
            | Self::ElevatedTarget
            | Self::NotEnabled
            | Self::ApprovalRequired
            | Self::SecureDesktop
            | Self::SessionDisconnected
            | Self::Stopped
            | Self::Unsupported
            | Self::UnsupportedPlatform => Blame::Owner,
            Self::Disabled | Self::HungTarget | Self::TimedOut | Self::Unexpected => Blame::Target,
            Self::Busy | Self::InputBusy | Self::Internal | Self::SystemError => Blame::Server,
        }
    }

    /// Whether the same call may succeed later without any other change.
    pub fn retry(self) -> bool {
        matches!(
            self,
            Self::Busy | Self::HungTarget | Self::InputBusy | Self::RateLimited | Self::TimedOut | Self::Disabled
        )
    }
}

/// Why a call was refused or failed. `field`, `value`, `rule` and `remedy` are for the caller to act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The code to branch on.
    pub code: FaultCode,
    /// One sentence: what is wrong.
    pub message: String,
    /// The argument at fault, as a path: `ref`, `to.x`.
    pub field: Option<String>,
    /// The value at fault, cut to [`Fault::VALUE_LIMIT`] characters and never of a secret argument.
    pub value: Option<String>,
    /// The rule that was broken.
    pub rule: Option<String>,
    /// The smallest change that would help.
    pub remedy: Option<String>,
    /// What was perhaps meant, at most [`Fault::CANDIDATE_LIMIT`].
    pub candidates: Vec<String>,
    /// What had happened before it went wrong, in order: the call did something although it failed.
    pub done: Vec<String>,
    /// The `errorCode` that wpf-devtools-mcp has for it, for those who branch on that.
    pub source_code: Option<&'static str>,
}

impl Fault {
    /// Characters of a value, and of an argument's name, that a fault repeats.
    pub const VALUE_LIMIT: usize = 80;
    /// Characters of a rule: some repeat what a parser said, and with it what the caller sent.
    pub const RULE_LIMIT: usize = 1_000;
    /// Candidates that a fault lists.
    pub const CANDIDATE_LIMIT: usize = 5;
    /// Characters of each: some are made of what the caller sent, or are names on the machine.
    pub const CANDIDATE_LENGTH: usize = 300;

    /// A fault with a sentence and nothing else yet.
    pub fn new(code: FaultCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            field: None,
            value: None,
            rule: None,
            remedy: None,
            candidates: Vec::new(),
            done: Vec::new(),
            source_code: None,
        }
    }

    /// A value that an argument may not have.
    pub fn bad_argument(field: &str, value: impl fmt::Display, rule: &str, remedy: &str) -> Self {
        Self::new(FaultCode::BadArgument, format!("`{field}` is not valid: {rule}"))
            .field(field)
            .value(value)
            .rule(rule)
            .remedy(remedy)
    }

    /// Names the argument.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(visible(&field.into(), Self::VALUE_LIMIT));
        self
    }

    /// Shows the value, cut, without the password of a URL.
    #[must_use]
    pub fn value(mut self, value: impl fmt::Display) -> Self {
        self.value = Some(visible(&without_password(&value.to_string()), Self::VALUE_LIMIT));
        self
    }

    /// Names the rule.
    #[must_use]
    pub fn rule(mut self, rule: impl Into<String>) -> Self {
        self.rule = Some(visible(&rule.into(), Self::RULE_LIMIT));
        self
    }

    /// Says what would help.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(visible(&remedy.into(), Self::RULE_LIMIT));
        self
    }

    /// Lists what was perhaps meant.
    #[must_use]
    pub fn candidates(mut self, candidates: impl IntoIterator<Item = String>) -> Self {
        let shown = |candidate: String| visible(&candidate, Self::CANDIDATE_LENGTH);
        self.candidates = candidates.into_iter().take(Self::CANDIDATE_LIMIT).map(shown).collect();
        self
    }

    /// Says what wpf-devtools-mcp calls it.
    #[must_use]
    pub fn source_code(mut self, code: &'static str) -> Self {
        self.source_code = Some(code);
        self
    }

    /// Says what had happened before; whoever says it keeps it short.
    #[must_use]
    pub fn done(mut self, done: Vec<String>) -> Self {
        self.done = done;
        self
    }
}

impl fmt::Display for Fault {
    /// The text form that goes to clients: the sentence first, then one line a fact.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.word(), self.message)?;
        let facts = [("field", &self.field), ("value", &self.value), ("rule", &self.rule), ("remedy", &self.remedy)];
        for (name, fact) in facts {
            if let Some(fact) = fact {
                write!(f, "\n{name}: {fact}")?;
            }
        }
        if !self.candidates.is_empty() {
            write!(f, "\nnearest: {}", self.candidates.join(", "))?;
        }
        for done in &self.done {
            write!(f, "\ndone before: {done}")?;
        }
        if let Some(code) = self.source_code {
            write!(f, "\nerrorCode: {code}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Fault {}

impl From<Interrupted> for Fault {
    fn from(Interrupted(reason): Interrupted) -> Self {
        match reason {
            CancelReason::Client => Self::new(FaultCode::Cancelled, "the call was withdrawn"),
            CancelReason::Deadline => Self::new(FaultCode::TimedOut, "the deadline of the call passed").remedy(
                "look at the target with Snapshot, then try again or allow more time where the tool has a timeout",
            ),
            CancelReason::Stop => Self::new(FaultCode::Stopped, "the owner stopped the server's work")
                .remedy("only the owner resumes it, with `portcullis resume`; no tool can"),
            CancelReason::Shutdown => Self::new(FaultCode::Cancelled, "the server is shutting down"),
        }
    }
}

/// The names nearest to `wanted`, best first, at most [`Fault::CANDIDATE_LIMIT`]: for "did you mean". What is longer than
/// any name comes near to none and is not compared: the comparison costs with the length, which its sender chooses.
pub fn nearest<'names>(wanted: &str, names: impl IntoIterator<Item = &'names str>) -> Vec<String> {
    const ALIKE: f64 = 0.7;
    /// Bytes of the longest text that is compared.
    const COMPARED: usize = 256;
    if wanted.len() > COMPARED {
        return Vec::new();
    }
    let wanted = wanted.to_lowercase();
    let mut scored: Vec<(f64, &str)> = names
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&wanted, &name.to_lowercase()), name))
        .filter(|(score, _)| *score >= ALIKE)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    scored.into_iter().take(Fault::CANDIDATE_LIMIT).map(|(_, name)| name.to_owned()).collect()
}

/// A text in which what stands before the `@` of a URL, or of `user:password@host`, is left out.
fn without_password(text: &str) -> String {
    let Some((before, host)) = text.rsplit_once('@') else { return text.to_owned() };
    let word =
        before.rfind(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')).map_or(0, |at| at.saturating_add(1));
    let slashes = before.rfind("//").map(|at| at.saturating_add(2)).filter(|at| *at > word);
    let (ahead, user) = before.split_at_checked(slashes.unwrap_or(word)).unwrap_or(("", before));
    // Behind a `/` it is a path; a name with an `@` in it is nobody's password.
    let is_one = user.contains(':') || (slashes.is_some() && !user.contains(['/', '?', '#']));
    if is_one { format!("{ahead}…@{host}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_of_a_url_is_not_repeated() {
        for (value, shown) in [
            ("https://user:secret@example.org/a", "https://…@example.org/a"),
            ("https://secret@example.org/", "https://…@example.org/"),
            ("\"ftp://user:se@cret@example.org\"", "\"ftp://…@example.org\""),
            ("https://user:se/cret@example.org", "https://…@example.org"),
            ("user:secret@example.org", "…@example.org"),
            ("see user:secret@example.org", "see …@example.org"),
            ("//:@", "//…@"),
            ("https://example.org/@me", "https://example.org/@me"),
            ("me@example.org", "me@example.org"),
            ("ü@", "ü@"),
            ("@", "@"),
            ("plain", "plain"),
        ] {
            let fault = Fault::new(FaultCode::BadArgument, "x").value(value);
            assert_eq!(fault.value.as_deref(), Some(shown), "{value}");
        }
    }

    #[test]
    fn nearest_names_come_best_first() {
        assert_eq!(nearest("snapshoot", ["Click", "Screenshot", "Snapshot"]).first().unwrap(), "Snapshot");
        assert!(nearest("zzz", ["Click"]).is_empty());
        let long = "k".repeat(257);
        assert_eq!(nearest(&long[1..], [long.as_str()]), [long.as_str()]);
        assert!(nearest(&long, [long.as_str()]).is_empty(), "too long to compare");
    }

    /// What a caller sent may stand in a name, a value and, through a parser's words, in a rule.
    #[test]
    fn what_a_fault_repeats_is_cut_and_visible() {
        let long = format!("\u{202e}{}", "x".repeat(5_000));
        let fault = Fault::new(FaultCode::BadArgument, "no").field(long.clone()).value(&long).rule(long.clone());
        let facts =
            [(fault.field, Fault::VALUE_LIMIT), (fault.value, Fault::VALUE_LIMIT), (fault.rule, Fault::RULE_LIMIT)];
        for (fact, limit) in facts {
            let fact = fact.unwrap();
            assert!(fact.starts_with("⟨U+202E⟩x"), "{fact}");
            assert!(fact.ends_with(&format!("x… (+{})", 5_001 - limit)), "{fact}");
        }
        let listed = Fault::new(FaultCode::NotFound, "no").candidates([format!("a\nb{long}")]).candidates;
        assert!(listed[0].starts_with("a⏎b⟨U+202E⟩x") && listed[0].contains("… (+"), "{listed:?}");
        let helped = Fault::new(FaultCode::NotFound, "no").remedy("say a\nremedy: none").remedy.unwrap();
        assert_eq!(helped, "say a⏎remedy: none");
        let whole = Fault::new(FaultCode::Denied, "no").rule("r".repeat(Fault::RULE_LIMIT)).rule.unwrap();
        assert_eq!(whole.len(), Fault::RULE_LIMIT);
    }

    #[test]
    fn a_fault_reads_as_lines() {
        let fault = Fault::bad_argument("button", "lift", "one of left, right, middle", "use \"left\"");
        insta::assert_snapshot!(fault, @r#"
        bad_argument: `button` is not valid: one of left, right, middle
        field: button
        value: lift
        rule: one of left, right, middle
        remedy: use "left"
        "#);
    }
}
