//! What the owner takes away beside tools and tiers: windows that nobody sees, the clipboard, programs that take no
//! input, and the only programs that may be started by path. Each refusal names the word and the place that decided.

use crate::decision::Denial;
use portcullis_model::{Chord, Effect, FaultCode, Origin, ProgramName, Resource, Tier, Valued, WindowPattern};

/// The owner's restrictions. What is not said restricts nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restrictions {
    /// Whether pixels and text of windows may be seen at all.
    pub capture: Option<Valued<bool>>,
    /// Windows whose pixels and text are not disclosed.
    pub hidden: Vec<Valued<WindowPattern>>,
    /// Whether the clipboard may be read.
    pub clipboard_read: Option<Valued<bool>>,
    /// Programs that get no input and are not operated.
    pub no_input: Vec<Valued<ProgramName>>,
    /// Chords that nobody presses.
    pub no_chords: Vec<Valued<Chord>>,
    /// The only programs that may be started by path, when there is a list.
    pub executables: Option<Valued<Vec<Valued<String>>>>,
    /// Where it was said that the owner is asked before an effect of tier 3.
    pub asked_by: Option<Origin>,
}

impl Restrictions {
    /// The word that hides a window, if one does. Without a title, words about titles are passed over.
    pub fn hides(&self, program: &ProgramName, title: Option<&str>) -> Option<&Valued<WindowPattern>> {
        let title = title.map(str::to_lowercase);
        self.hidden.iter().find(|said| match &said.value {
            // A program that may not be asked for its name could be the one that is named.
            WindowPattern::Program(name) => program.as_str().is_empty() || name == program,
            WindowPattern::TitlePart(part) => title.as_ref().is_some_and(|title| title.contains(&part.to_lowercase())),
        })
    }

    /// Why the owner is asked, in words.
    pub fn approval_rule(&self) -> String {
        let rule = "effects of tier 3 are put to the owner";
        self.asked_by.as_ref().map_or(rule.to_owned(), |origin| format!("{rule}: {origin}, `approval.tier3`"))
    }

    /// Refuses an effect that is shut whatever it touches.
    pub(crate) fn check_effect(&self, effect: Effect) -> Result<(), Denial> {
        let (word, key, what) = match effect {
            Effect::ReadWindows | Effect::ReadPixels => (&self.capture, "capture.allowed", "windows are not shown"),
            Effect::ReadClipboard => (&self.clipboard_read, "clipboard.read", "the clipboard is not read"),
            _ => return Ok(()),
        };
        match word {
            Some(said) if !said.value => Err(denial(
                what.to_owned(),
                format!("{} says `{key} = false`", said.origin),
                format!("the owner can say `{key} = true` there"),
            )),
            _ => Ok(()),
        }
    }

    /// Refuses what a rule names among the things that a call touches.
    pub(crate) fn check_resource(&self, resource: &Resource, effects: &[Effect]) -> Result<(), Denial> {
        match resource {
            Resource::InputTarget { program, .. } => {
                self.check_operated(program)?;
                self.check_hidden(program)
            }
            Resource::Window { program, .. } => {
                if effects.iter().any(|effect| effect.tier() > Tier::Observe) {
                    self.check_operated(program)?;
                }
                self.check_hidden(program)
            }
            Resource::ProgramWindows { program, .. } => self.check_hidden(program),
            // What ends a program closes its windows.
            Resource::Process { program, .. } | Resource::Descendant { program, .. } => {
                self.check_operated(program)?;
                self.check_hidden(program)
            }
            Resource::Keys { chord } => match self.no_chords.iter().find(|said| chord.presses(&said.value)) {
                Some(said) => {
                    let what = if chord.has_sign() {
                        "is not pressed, and a sign may lie on any key of a layout"
                    } else {
                        "is not pressed"
                    };
                    Err(listed(&said.origin, "input.deny_chords", &said.value.to_string(), what))
                }
                None => Ok(()),
            },
            Resource::Executable { path } => match &self.executables {
                Some(list) if !list.value.iter().any(|known| known.value.eq_ignore_ascii_case(path)) => Err(denial(
                    "the program is not one that may be started by path".to_owned(),
                    format!("{} leaves it out of `executables.allow`", list.origin),
                    "the owner can add its exact path to `executables.allow` there".to_owned(),
                )),
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// A program that may not be asked for its name could be the one that is named.
    fn check_operated(&self, program: &ProgramName) -> Result<(), Denial> {
        let named = |said: &&Valued<ProgramName>| program.as_str().is_empty() || said.value == *program;
        match self.no_input.iter().find(named) {
            Some(said) => Err(listed(&said.origin, "input.deny_programs", said.value.as_str(), "takes no input")),
            None => Ok(()),
        }
    }

    fn check_hidden(&self, program: &ProgramName) -> Result<(), Denial> {
        match self.hides(program, None) {
            Some(said) => Err(listed(&said.origin, "capture.exclude", program.as_str(), "is not shown")),
            None => Ok(()),
        }
    }
}

fn listed(origin: &Origin, key: &str, program: &str, what: &str) -> Denial {
    denial(
        format!("{program} {what}"),
        format!("{origin} names it in `{key}`"),
        format!("the owner can take it from `{key}` there"),
    )
}

fn denial(message: String, rule: String, remedy: String) -> Denial {
    Denial { code: FaultCode::Denied, message, rule, remedy: Some(remedy) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_put_to_the_owner_is_told_by_which_word() {
        let rule = |asked_by| Restrictions { asked_by, ..Restrictions::default() }.approval_rule();
        assert_eq!(rule(None), "effects of tier 3 are put to the owner");
        assert_eq!(
            rule(Some(Origin::Flag("--ask"))),
            "effects of tier 3 are put to the owner: flag --ask, `approval.tier3`"
        );
    }

    /// (rule, program, title), and whether the window is hidden.
    #[test]
    fn a_program_without_a_name_could_be_the_one_that_is_hidden() {
        let program = |name: &str| WindowPattern::Program(ProgramName::from_image_path(name));
        let part = |text: &str| WindowPattern::TitlePart(text.to_owned());
        for (pattern, name, title, hidden) in [
            (program("Bank.exe"), "bank.exe", None, true),
            (program("Bank.exe"), "notepad.exe", None, false),
            (program("Bank.exe"), "", None, true),
            (part("secret"), "", None, false),
            (part("secret"), "notepad.exe", Some("My SECRET"), true),
            (part("secret"), "notepad.exe", None, false),
        ] {
            let said = Valued::new(pattern.clone(), Origin::Default);
            let restrictions = Restrictions { hidden: vec![said], ..Restrictions::default() };
            let found = restrictions.hides(&ProgramName::from_image_path(name), title);
            assert_eq!(found.is_some(), hidden, "{pattern} {name:?} {title:?}");
        }
        assert!(Restrictions::default().hides(&ProgramName::from_image_path(""), None).is_none());
    }

    fn at<T>(value: T, line: usize) -> Valued<T> {
        Valued::new(value, Origin::File { path: std::path::Path::new("p.toml").into(), line })
    }

    fn rule(said: Result<(), Denial>) -> String {
        said.map_or_else(|denial| denial.rule, |()| "open".to_owned())
    }

    #[test]
    fn a_word_about_what_is_seen_shuts_that_and_nothing_else() {
        let with = |capture: bool, clipboard: bool| Restrictions {
            capture: Some(at(capture, 3)),
            clipboard_read: Some(at(clipboard, 4)),
            ..Restrictions::default()
        };
        let (shown, read) = ("p.toml:3 says `capture.allowed = false`", "p.toml:4 says `clipboard.read = false`");
        for (effect, capture, clipboard, said) in [
            (Effect::ReadWindows, false, true, shown),
            (Effect::ReadPixels, false, true, shown),
            (Effect::ReadClipboard, true, false, read),
            (Effect::ReadWindows, true, false, "open"),
            (Effect::ReadClipboard, false, true, "open"),
            (Effect::WriteClipboard, false, false, "open"),
        ] {
            assert_eq!(rule(with(capture, clipboard).check_effect(effect)), said, "{effect:?}");
        }
        assert_eq!(rule(Restrictions::default().check_effect(Effect::ReadPixels)), "open");
    }

    /// What a call touches, and which word refuses it.
    #[test]
    fn what_is_named_is_refused_in_every_form_in_which_a_call_may_touch_it() {
        use portcullis_model::{ProcessId, Standing, WindowIdentity};
        let program = ProgramName::from_image_path;
        let restrictions = Restrictions {
            hidden: vec![at(WindowPattern::Program(program("bank.exe")), 3)],
            no_input: vec![at(program("form.exe"), 4)],
            executables: Some(at(vec![at(r"C:\a.exe".to_owned(), 6)], 5)),
            ..Restrictions::default()
        };
        let window = || WindowIdentity { handle: 1, process: 7, process_start: 1, thread: 1, class: "x".to_owned() };
        let process = ProcessId { number: 7, started: 1 };
        let things = |name: &str| {
            let program = program(name);
            [
                Resource::InputTarget { window: window(), program: program.clone() },
                Resource::Window { window: window(), program: program.clone() },
                Resource::Process { process, program: program.clone(), standing: Standing::Other },
                Resource::Descendant { root: process, process, program: program.clone(), standing: Standing::Other },
                Resource::ProgramWindows { process: 7, process_start: 1, program },
            ]
        };
        let said = |thing: &Resource, effect| rule(restrictions.check_resource(thing, &[effect]));
        for thing in things("BANK.exe") {
            assert_eq!(said(&thing, Effect::SendInput), "p.toml:3 names it in `capture.exclude`", "{thing:?}");
        }
        let [input, shown, ended, below, all] = things("form.exe");
        for thing in [&input, &shown, &ended, &below] {
            assert_eq!(said(thing, Effect::SendInput), "p.toml:4 names it in `input.deny_programs`", "{thing:?}");
        }
        for thing in [&shown, &all] {
            assert_eq!(said(thing, Effect::ReadWindows), "open", "it is seen: {thing:?}");
        }
        for thing in things("other.exe") {
            assert_eq!(said(&thing, Effect::SendInput), "open", "{thing:?}");
        }
        for (path, rule) in [(r"c:\A.EXE", "open"), (r"C:\b.exe", "p.toml:5 leaves it out of `executables.allow`")] {
            let thing = Resource::Executable { path: path.to_owned() };
            assert_eq!(said(&thing, Effect::StartExecutable), rule, "{path}");
            assert!(Restrictions::default().check_resource(&thing, &[Effect::StartExecutable]).is_ok(), "no list");
        }
    }
}
