//! Which WPF applications may be connected to: the owner's entries, as a type whose constructor is the check, what is known of
//! a running program, and what an entry says of it. Nothing here asks a file or a process.

use crate::{BadPath, Digest, FilePath, is_image};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Characters of a signer's name.
const SIGNER_CAP: usize = 256;
/// Hexadecimal digits of a SHA-256.
const HASH_DIGITS: usize = 64;
/// Characters before the `~` of a short name, and of its ending.
const SHORT_STEM: usize = 6;
const SHORT_ENDING: usize = 3;

/// By what a program is known beside its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pin {
    /// The SHA-256 of its file.
    Sha256(Digest),
    /// Who signed it, as the certificate's subject names them.
    Signer(String),
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sha256(hash) => write!(f, "sha256 {hash}"),
            Self::Signer(name) => write!(f, "signer {name}"),
        }
    }
}

/// What is wrong with an entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field}`: {rule}")]
pub struct BadTarget {
    /// The field that is wrong.
    pub field: &'static str,
    /// The rule that it breaks.
    pub rule: String,
    /// What was perhaps meant.
    pub nearest: Option<String>,
}

/// One application that may be connected to, by the exact path of its program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WpfTarget {
    path: FilePath,
    pin: Option<Pin>,
    load: bool,
}

impl WpfTarget {
    /// Reads an entry. `load` is whether the inspector may be loaded into the application, which is otherwise connected to only
    /// when it takes the inspector in by itself.
    pub fn new(path: &str, sha256: Option<&str>, signer: Option<&str>, load: bool) -> Result<Self, BadTarget> {
        let path = exact_program(path)?;
        let pin = match (sha256, signer) {
            (None, None) => None,
            (Some(hash), None) => Some(Pin::Sha256(digest(hash)?)),
            (None, Some(name)) => Some(Pin::Signer(subject(name)?)),
            (Some(_), Some(_)) => {
                let rule = "an entry has a `sha256` or a `signer`, not both; leave one of them out".to_owned();
                return Err(BadTarget { field: "signer", rule, nearest: None });
            }
        };
        Ok(Self { path, pin, load })
    }

    /// Where the program lies.
    pub fn path(&self) -> &FilePath {
        &self.path
    }

    /// By what it is known beside its place.
    pub fn pin(&self) -> Option<&Pin> {
        self.pin.as_ref()
    }

    /// Whether the inspector may be loaded into it.
    pub fn loads(&self) -> bool {
        self.load
    }

    /// Whether this admits no more than `other`: the same program, known by no less, loaded into only where that one is.
    pub fn is_within(&self, other: &Self) -> bool {
        self.path == other.path && (other.pin.is_none() || self.pin == other.pin) && (other.load || !self.load)
    }

    /// Whether the running program is the one that is meant. What is not known of it fits nothing.
    pub fn fits(&self, program: &RunningProgram) -> bool {
        let is_there = program.path.as_ref() == Some(&self.path);
        is_there
            && match &self.pin {
                None => true,
                Some(Pin::Sha256(hash)) => program.sha256 == Some(*hash),
                Some(Pin::Signer(name)) => program.signer.as_ref() == Some(name),
            }
    }
}

impl fmt::Display for WpfTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path)?;
        if let Some(pin) = &self.pin {
            write!(f, " ({pin})")?;
        }
        f.write_str(if self.load { ", load" } else { "" })
    }
}

/// What is known of the program that runs in a process. A fact that could not be had is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct RunningProgram {
    /// Where its file really lies, every link and short name on the way replaced.
    pub path: Option<FilePath>,
    /// The SHA-256 of its file.
    pub sha256: Option<Digest>,
    /// Who signed it, when its signature is good.
    pub signer: Option<String>,
}

fn bad(field: &'static str, rule: impl Into<String>, nearest: Option<String>) -> BadTarget {
    BadTarget { field, rule: rule.into(), nearest }
}

/// A program's path in the one writing that a running program's is compared in.
fn exact_program(text: &str) -> Result<FilePath, BadTarget> {
    let path = FilePath::parse(text).map_err(|error: BadPath| bad("path", error.rule(), None))?;
    let written = |text: &str| text.chars().skip(1).eq(path.as_str().chars().skip(1));
    if !written(text) {
        return Err(bad(
            "path",
            "it is written as Windows writes it, with `\\` and no separator at its end",
            Some(path.to_string()),
        ));
    }
    if path.names().any(is_short_name) {
        return Err(bad("path", "it is named as it really lies, without short names such as `PROGRA~1`", None));
    }
    if !path.name().is_some_and(is_image) {
        return Err(bad("path", "it is a program's, with its extension", Some(format!("{path}.exe"))));
    }
    Ok(path)
}

/// Whether a name has the form that Windows gives to short names, so that it could be that of another file.
fn is_short_name(name: &str) -> bool {
    let (stem, ending) = name.split_once('.').unwrap_or((name, ""));
    let Some((before, number)) = stem.split_once('~') else { return false };
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let fits = before.chars().count() <= SHORT_STEM && ending.chars().count() <= SHORT_ENDING;
    is_number && fits && !before.contains(' ')
}

fn digest(text: &str) -> Result<Digest, BadTarget> {
    let rule = || bad("sha256", format!("it is the {HASH_DIGITS} hexadecimal digits of the file's SHA-256"), None);
    let digits: Vec<u8> = text
        .chars()
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()
        .ok_or_else(rule)?;
    if digits.len() != HASH_DIGITS {
        return Err(rule());
    }
    let bytes: Vec<u8> = digits.chunks_exact(2).filter_map(|pair| Some(pair.first()? << 4 | pair.get(1)?)).collect();
    bytes.try_into().map(Digest::new).map_err(|_| rule())
}

fn subject(text: &str) -> Result<String, BadTarget> {
    let is_name = !text.is_empty() && text.trim() == text && text.chars().count() <= SIGNER_CAP;
    if !is_name || text.chars().any(char::is_control) {
        let rule = format!("it is the subject of the certificate that signed it: 1 to {SIGNER_CAP} characters");
        return Err(bad("signer", rule, Some(text.trim().to_owned()).filter(|name| !name.is_empty() && *name != text)));
    }
    Ok(text.to_owned())
}

/// How far the loading of an inspector came, when it did not come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoadStage {
    /// This build has no inspector in it.
    NoPayload,
    /// The files of the inspector could not be laid out, or are not what was built.
    Payload,
    /// The process could not be opened with the rights that loading takes.
    Open,
    /// The process is another one by now.
    Identity,
    /// The process is of an architecture that this build has no loader for.
    Architecture,
    /// No memory could be had in the process.
    Allocate,
    /// Its memory could not be written.
    Write,
    /// No thread could be begun in it.
    Thread,
    /// It could not load the library.
    Library,
    /// It has no runtime that the inspector can live in.
    NoRuntime,
    /// Its runtime refused the inspector.
    Hosting,
    /// The inspector refused what it was started with.
    Parameters,
    /// The inspector found no pipe, or not the server that it was told of, at its other end.
    Pipe,
    /// The inspector and the server could not prove themselves to each other.
    Proof,
    /// The inspector has as many sessions as it can.
    Full,
    /// It did not come to its end in time.
    Late,
    /// A mistake of the loader or the inspector.
    Internal,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HASH: &str = "9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08";
    const PATH: &str = r"C:\Apps\One\One.exe";

    fn path_rule(path: &str) -> String {
        WpfTarget::new(path, None, None, false).map_or_else(|bad| format!("{bad}"), |good| good.to_string())
    }

    /// wpf-devtools-mcp takes each entry by its path alone, and resolves what an entry names when it is used.
    #[test]
    fn attack_a_path_that_could_be_another_programs_is_no_entry() {
        let table: Vec<String> = [
            PATH,
            r"c:\apps\one\one.EXE",
            r"C:\Program Files\A b~c.exe",
            r"C:\Programme\long-name~1.exe",
            "",
            " ",
            "One.exe",
            r"Apps\One.exe",
            r"\Apps\One.exe",
            r"C:One.exe",
            r"C:\Apps\..\One.exe",
            r"C:\Apps\.\One.exe",
            r"C:\Apps\\One.exe",
            "C:/Apps/One.exe",
            r"C:\Apps\One.exe\",
            r"C:\",
            r"C:\Apps\One",
            r"C:\Apps\One.dll",
            r"C:\Apps\One.exe.",
            r"C:\Apps\One.exe ",
            r" C:\Apps\One.exe",
            r"C:\Apps \One.exe",
            r"C:\Apps\*.exe",
            r"C:\Apps\On?.exe",
            r"C:\PROGRA~1\One.exe",
            r"C:\Apps\ONE~12.EXE",
            r"\\server\share\One.exe",
            r"\\?\C:\Apps\One.exe",
            r"\\.\C:\Apps\One.exe",
            r"\??\C:\Apps\One.exe",
            r"C:\Apps\One.exe:stream",
            r"C:\Apps\One.exe::$DATA",
            r"C:\Apps\NUL.exe",
            r"C:\Apps\COM1.exe",
            "C:\\Apps\\On\u{0}e.exe",
            "C:\\Apps\\One.exe\n",
            "%ProgramFiles%\\One.exe",
            r"C:\Apps\One.exe;C:\Apps\Two.exe",
            r"file:///C:/Apps/One.exe",
        ]
        .into_iter()
        .map(|path| format!("{path:?}: {}", path_rule(path)))
        .collect();
        insta::assert_snapshot!(table.join("\n"));
    }

    #[test]
    fn a_pin_is_a_whole_hash_or_a_name_and_not_both() {
        let short = &HASH[1..];
        let long = format!("{HASH}0");
        let wide = "n".repeat(SIGNER_CAP + 1);
        let (spaced, zeroed) = (format!("{} ", &HASH[1..]), HASH.replace('9', "g"));
        for (sha256, signer, field) in [
            (Some(HASH), None, None),
            (None, Some("CN=Example, O=Example"), None),
            (None, Some(&wide[1..]), None),
            (Some(short), None, Some("sha256")),
            (Some(long.as_str()), None, Some("sha256")),
            (Some(spaced.as_str()), None, Some("sha256")),
            (Some(zeroed.as_str()), None, Some("sha256")),
            (Some(""), None, Some("sha256")),
            (None, Some(""), Some("signer")),
            (None, Some(" "), Some("signer")),
            (None, Some(" CN=Example"), Some("signer")),
            (None, Some("CN=Exa\u{0}mple"), Some("signer")),
            (None, Some(wide.as_str()), Some("signer")),
            (Some(HASH), Some("CN=Example"), Some("signer")),
        ] {
            let found = WpfTarget::new(PATH, sha256, signer, false).err().map(|bad| bad.field);
            assert_eq!(found, field, "{sha256:?} {signer:?}");
        }
        let upper = WpfTarget::new(PATH, Some(HASH), None, true).unwrap();
        assert_eq!(upper, WpfTarget::new(PATH, Some(&HASH.to_lowercase()), None, true).unwrap());
        assert_eq!(upper.to_string(), format!("{PATH} (sha256 {}), load", HASH.to_lowercase()));
    }

    fn program(path: &str, sha256: Option<&str>, signer: Option<&str>) -> RunningProgram {
        RunningProgram {
            path: FilePath::parse(path).ok(),
            sha256: sha256.map(|text| digest(text).unwrap()),
            signer: signer.map(str::to_owned),
        }
    }

    #[test]
    fn what_is_not_known_of_a_program_fits_no_entry() {
        let other = HASH.replace('9', "8");
        let plain = WpfTarget::new(PATH, None, None, false).unwrap();
        let hashed = WpfTarget::new(PATH, Some(HASH), None, false).unwrap();
        let signed = WpfTarget::new(PATH, None, Some("CN=Example"), false).unwrap();
        for (facts, [by_path, by_hash, by_signer]) in [
            (program(PATH, None, None), [true, false, false]),
            (program(r"c:\APPS\one\ONE.exe", Some(HASH), Some("CN=Example")), [true, true, true]),
            (program(PATH, Some(&other), Some("CN=Example, O=Other")), [true, false, false]),
            (program(PATH, Some(&other), Some("cn=example")), [true, false, false]),
            (program(r"C:\Apps\Two\One.exe", Some(HASH), Some("CN=Example")), [false, false, false]),
            (program("", Some(HASH), Some("CN=Example")), [false, false, false]),
            (RunningProgram::default(), [false, false, false]),
        ] {
            assert_eq!(
                [&plain, &hashed, &signed].map(|entry| entry.fits(&facts)),
                [by_path, by_hash, by_signer],
                "{facts:?}"
            );
        }
    }

    #[test]
    fn an_entry_lies_within_another_that_admits_as_much() {
        let entry = |hash: Option<&str>, load| WpfTarget::new(PATH, hash, None, load).unwrap();
        for (one, other, within) in [
            (entry(None, false), entry(None, false), true),
            (entry(Some(HASH), false), entry(None, false), true),
            (entry(None, false), entry(Some(HASH), false), false),
            (entry(None, false), entry(None, true), true),
            (entry(None, true), entry(None, false), false),
            (entry(Some(HASH), true), entry(None, true), true),
        ] {
            assert_eq!(one.is_within(&other), within, "{one} in {other}");
        }
        let elsewhere = WpfTarget::new(r"C:\Apps\Two.exe", None, None, false).unwrap();
        assert!(!elsewhere.is_within(&entry(None, true)));
    }

    proptest! {
        /// Whatever the text: what is taken is written as it was given, names a program on a drive by whole names, and is read
        /// again as itself.
        #[test]
        fn what_is_taken_as_an_entry_has_one_writing(
            text in r"([cC]:)?[\\/]{0,2}([a-zA-Z~1 .:*?%]{1,6}[\\/]){0,3}[a-zA-Z~1 .]{1,8}(\.exe|\.dll|\.EXE )?"
        ) {
            let Ok(entry) = WpfTarget::new(&text, None, None, false) else { return Ok(()) };
            let path = entry.path();
            prop_assert!(text.eq_ignore_ascii_case(path.as_str()), "{text:?} became {path}");
            prop_assert!(path.names().all(|name| !name.ends_with(['.', ' ']) && !is_short_name(name) && name != ".."));
            prop_assert!(path.name().is_some_and(is_image));
            prop_assert_eq!(WpfTarget::new(path.as_str(), None, None, false).unwrap(), entry.clone());
        }
    }
}
