//! Definitions of tasks as the scheduler's XML (Task Scheduler schema 1.2): written from what a call says, with every text
//! escaped, and read into what an answer tells. Pure.

use portcullis_model::{Source, Untrusted};
use portcullis_platform::TaskLogon;
use roxmltree::{Document, Node};
use std::fmt::Write as _;

/// The namespace of definitions.
pub(super) const NAMESPACE: &str = "http://schemas.microsoft.com/windows/2004/02/mit/task";
/// Triggers and actions of one task that are told, and characters of each.
const PART_CAP: usize = 10;
const PART_LENGTH: usize = 300;
/// Characters of an account.
const USER_LENGTH: usize = 100;

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Day(pub(super) &'static str);

/// What starts a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trigger {
    /// Once, at this local time.
    Once(String),
    /// Every so many days, first at this local time.
    Daily(String, i64),
    /// On these days, every so many weeks.
    Weekly(String, i64, Vec<Day>),
    /// On these days (0 is the last one) of these months.
    Monthly(String, Vec<i64>, Vec<i64>),
    /// When the system starts.
    Boot,
    /// When somebody signs in, or this account does.
    Logon,
    /// When nobody has used the machine for so many minutes.
    Idle(i64),
}

/// A task as a call describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Definition {
    pub(super) description: Option<String>,
    pub(super) trigger: Trigger,
    /// The account; none is the one that the server runs as.
    pub(super) user: Option<String>,
    pub(super) highest: bool,
    pub(super) command: String,
    pub(super) arguments: Option<String>,
    pub(super) folder: Option<String>,
}

/// Accounts of the system and of services, by the names that people give them and their SIDs.
const SERVICES: [(&str, &str); 3] =
    [("system", "S-1-5-18"), ("local service", "S-1-5-19"), ("network service", "S-1-5-20")];

/// The account as the scheduler takes it, and the logon that it has.
fn account(name: &str) -> (String, TaskLogon) {
    let short = name.to_lowercase();
    let short = short.rsplit('\\').next().unwrap_or_default();
    let known = SERVICES.into_iter().find(|(word, sid)| *word == short || sid.eq_ignore_ascii_case(name));
    match known {
        Some((_, sid)) => (sid.to_owned(), TaskLogon::Service),
        None => (name.to_owned(), TaskLogon::Interactive),
    }
}

/// A text as it stands between two tags. Characters that XML cannot hold were refused before.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // A reader would make a line feed of it.
            '\r' => out.push_str("&#13;"),
            other => out.push(other),
        }
    }
    out
}

/// Whether XML can hold the text.
pub(super) fn fits_xml(text: &str) -> bool {
    text.chars().all(|character| {
        matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
    })
}

fn element(out: &mut String, name: &str, text: &str) {
    // Writing into a text does not fail.
    let _ = write!(out, "<{name}>{}</{name}>", escaped(text));
}

fn trigger(out: &mut String, trigger: &Trigger, user: Option<&str>) {
    let calendar = |out: &mut String, start: &str, schedule: &str| {
        let _ = write!(
            out,
            "<CalendarTrigger><StartBoundary>{}</StartBoundary>{schedule}</CalendarTrigger>",
            escaped(start)
        );
    };
    match trigger {
        Trigger::Once(start) => {
            let _ = write!(out, "<TimeTrigger><StartBoundary>{}</StartBoundary></TimeTrigger>", escaped(start));
        }
        Trigger::Daily(start, every) => {
            calendar(out, start, &format!("<ScheduleByDay><DaysInterval>{every}</DaysInterval></ScheduleByDay>"));
        }
        Trigger::Weekly(start, every, days) => {
            let days: String = days.iter().map(|Day(day)| format!("<{day}/>")).collect();
            let weeks = format!("<DaysOfWeek>{days}</DaysOfWeek><WeeksInterval>{every}</WeeksInterval>");
            calendar(out, start, &format!("<ScheduleByWeek>{weeks}</ScheduleByWeek>"));
        }
        Trigger::Monthly(start, days, months) => {
            let day = |day: &i64| if *day == 0 { "<Day>Last</Day>".to_owned() } else { format!("<Day>{day}</Day>") };
            let days: String = days.iter().map(day).collect();
            let month = |month: &i64| MONTHS.get(usize::try_from(month - 1).ok()?).map(|name| format!("<{name}/>"));
            let months: String = months.iter().filter_map(month).collect();
            let parts = format!("<DaysOfMonth>{days}</DaysOfMonth><Months>{months}</Months>");
            calendar(out, start, &format!("<ScheduleByMonth>{parts}</ScheduleByMonth>"));
        }
        Trigger::Boot => out.push_str("<BootTrigger/>"),
        Trigger::Logon => {
            out.push_str("<LogonTrigger>");
            if let Some(user) = user {
                element(out, "UserId", user);
            }
            out.push_str("</LogonTrigger>");
        }
        Trigger::Idle(_) => out.push_str("<IdleTrigger/>"),
    }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

impl Definition {
    /// The definition as XML, and the logon that its account has.
    pub(super) fn xml(&self) -> (String, TaskLogon) {
        let (user, logon) = match self.user.as_deref().map(account) {
            Some((user, logon)) => (Some(user), logon),
            None => (None, TaskLogon::Interactive),
        };
        let mut out = format!("<Task version=\"1.2\" xmlns=\"{NAMESPACE}\"><RegistrationInfo>");
        if let Some(description) = &self.description {
            element(&mut out, "Description", description);
        }
        out.push_str("</RegistrationInfo><Triggers>");
        trigger(&mut out, &self.trigger, self.user.as_deref().filter(|_| logon == TaskLogon::Interactive));
        out.push_str("</Triggers><Principals><Principal id=\"Author\">");
        if let Some(user) = &user {
            element(&mut out, "UserId", user);
        }
        // An account of the system has no logon to name.
        if logon == TaskLogon::Interactive {
            element(&mut out, "LogonType", "InteractiveToken");
        }
        element(&mut out, "RunLevel", if self.highest { "HighestAvailable" } else { "LeastPrivilege" });
        out.push_str("</Principal></Principals><Settings>");
        element(&mut out, "MultipleInstancesPolicy", "IgnoreNew");
        // By default the scheduler starts nothing on a battery, and ends what runs there.
        element(&mut out, "DisallowStartIfOnBatteries", "false");
        element(&mut out, "StopIfGoingOnBatteries", "false");
        element(&mut out, "StartWhenAvailable", "true");
        if let Trigger::Idle(minutes) = self.trigger {
            let _ = write!(out, "<IdleSettings><Duration>PT{minutes}M</Duration></IdleSettings>");
        }
        out.push_str("</Settings><Actions Context=\"Author\"><Exec>");
        element(&mut out, "Command", &self.command);
        if let Some(arguments) = &self.arguments {
            element(&mut out, "Arguments", arguments);
        }
        if let Some(folder) = &self.folder {
            element(&mut out, "WorkingDirectory", folder);
        }
        out.push_str("</Exec></Actions></Task>");
        (out, logon)
    }
}

/// What a definition of a caller's own is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Own {
    /// Under which logon it runs.
    pub(super) logon: TaskLogon,
    /// The programs that it starts; what it starts in another way is named by that way.
    pub(super) starts: Vec<String>,
}

fn child<'tree>(node: Node<'tree, 'tree>, name: &str) -> Option<Node<'tree, 'tree>> {
    node.children().find(|child| child.tag_name().name() == name)
}

fn text<'tree>(node: Node<'tree, 'tree>, name: &str) -> Option<&'tree str> {
    child(node, name)?.text().map(str::trim).filter(|text| !text.is_empty())
}

/// The principal of a definition.
fn principal<'tree>(root: Node<'tree, 'tree>) -> Option<Node<'tree, 'tree>> {
    child(child(root, "Principals")?, "Principal")
}

/// Reads a definition of a caller's own; the rule that it breaks otherwise.
pub(super) fn own(xml: &str) -> Result<Own, String> {
    let document = Document::parse(xml).map_err(|error| format!("it is XML: {error}"))?;
    let root = document.root_element();
    if root.tag_name().name() != "Task" || root.tag_name().namespace() != Some(NAMESPACE) {
        return Err(format!("its root is <Task xmlns=\"{NAMESPACE}\">"));
    }
    let actions = child(root, "Actions").map(|actions| actions.children().filter(|child| child.is_element()));
    let starts: Vec<String> = actions
        .into_iter()
        .flatten()
        .map(|action| match action.tag_name().name() {
            "Exec" => text(action, "Command").unwrap_or_default().to_owned(),
            other => other.to_owned(),
        })
        .collect();
    if starts.is_empty() || starts.iter().any(String::is_empty) {
        return Err("it has an action, and each Exec a Command".to_owned());
    }
    let principal = principal(root);
    let word = principal.and_then(|principal| text(principal, "LogonType"));
    let user = principal.and_then(|principal| text(principal, "UserId"));
    let group = principal.and_then(|principal| text(principal, "GroupId"));
    let logon = match (word, group) {
        (Some("Password" | "InteractiveTokenOrPassword"), _) => {
            return Err(
                "its LogonType needs no password: InteractiveToken, S4U, or an account of the system".to_owned()
            );
        }
        (_, Some(_)) => TaskLogon::Group,
        (Some("S4U"), _) => TaskLogon::S4u,
        _ => user.map_or(TaskLogon::Interactive, |user| account(user).1),
    };
    Ok(Own { logon, starts })
}

/// What an answer tells of a definition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Summary {
    pub(super) triggers: Vec<String>,
    pub(super) actions: Vec<String>,
    pub(super) user: Option<String>,
    pub(super) highest: bool,
}

fn shown(text: &str, cap: usize) -> String {
    Untrusted::new(Source::System, text).one_line(cap)
}

/// The names and texts of an element's parts, as one line.
fn line(node: Node<'_, '_>) -> String {
    let mut parts = vec![node.tag_name().name().to_owned()];
    for part in node.descendants().skip(1).filter(|part| part.is_element()) {
        match part.text().map(str::trim).filter(|text| !text.is_empty()) {
            Some(text) => parts.push(format!("{}={text}", part.tag_name().name())),
            None if !part.has_children() => parts.push(part.tag_name().name().to_owned()),
            None => {}
        }
    }
    shown(&parts.join(" "), PART_LENGTH)
}

impl Summary {
    /// Of a definition that the scheduler gave; nothing of one that cannot be read.
    pub(super) fn of(xml: &str) -> Self {
        // The scheduler's text says that it is UTF-16, which a text in memory is not any more.
        let Ok(document) = Document::parse(xml) else { return Self::default() };
        let root = document.root_element();
        let parts = |name: &str| {
            let parts = child(root, name).map(|node| node.children().filter(|child| child.is_element()));
            parts.into_iter().flatten().take(PART_CAP)
        };
        let action = |node: Node<'_, '_>| match node.tag_name().name() {
            "Exec" => {
                let words = ["Command", "Arguments"].map(|name| text(node, name).unwrap_or_default());
                shown(words.join(" ").trim_end(), PART_LENGTH)
            }
            _ => line(node),
        };
        let principal = principal(root);
        let named = |name: &str| principal.and_then(|principal| text(principal, name));
        Self {
            triggers: parts("Triggers").map(line).collect(),
            actions: parts("Actions").map(action).filter(|action| !action.is_empty()).collect(),
            user: named("UserId").or_else(|| named("GroupId")).map(|user| shown(user, USER_LENGTH)),
            highest: named("RunLevel") == Some("HighestAvailable"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn definition(trigger: Trigger) -> Definition {
        Definition {
            description: None,
            trigger,
            user: None,
            highest: false,
            command: r"C:\a b\x.exe".to_owned(),
            arguments: None,
            folder: None,
        }
    }

    #[test]
    fn every_kind_of_trigger_is_written_and_read() {
        let start = "2026-01-31T09:00:00".to_owned();
        let days = vec![Day("Monday"), Day("Friday")];
        let mut system = definition(Trigger::Boot);
        system.user = Some("SYSTEM".to_owned());
        system.highest = true;
        system.description = Some("<why> & \"how\"".to_owned());
        system.arguments = Some("/x 'a' > b".to_owned());
        system.folder = Some(r"C:\work".to_owned());
        let mut logon = definition(Trigger::Logon);
        logon.user = Some(r"PC\Anna".to_owned());
        let all = [
            definition(Trigger::Once(start.clone())),
            definition(Trigger::Daily(start.clone(), 2)),
            definition(Trigger::Weekly(start.clone(), 1, days)),
            definition(Trigger::Monthly(start, vec![1, 0], vec![1, 12])),
            definition(Trigger::Idle(10)),
            logon,
            system,
        ];
        let told = all.map(|definition| {
            let (xml, logon) = definition.xml();
            let own = own(&xml).unwrap();
            assert_eq!((own.logon, own.starts), (logon, vec![definition.command]));
            format!("{xml}\n{logon:?} {:?}", Summary::of(&xml))
        });
        insta::assert_snapshot!(told.join("\n\n"));
    }

    #[test]
    fn a_definition_of_a_callers_own_is_a_task_without_a_password() {
        let task = |inner: &str| format!("<Task xmlns=\"{NAMESPACE}\">{inner}</Task>");
        let exec = "<Actions><Exec><Command>a.exe</Command></Exec><ComHandler/></Actions>";
        let principal = |inner: &str| task(&format!("<Principals><Principal>{inner}</Principal></Principals>{exec}"));
        let logon = |inner: &str| own(&principal(inner)).unwrap().logon;
        assert_eq!(own(&task(exec)).unwrap().starts, ["a.exe", "ComHandler"]);
        for (inner, found) in [
            ("", TaskLogon::Interactive),
            ("<UserId>PC\\Anna</UserId><LogonType>InteractiveToken</LogonType>", TaskLogon::Interactive),
            ("<UserId>PC\\Anna</UserId><LogonType>S4U</LogonType>", TaskLogon::S4u),
            ("<GroupId>Users</GroupId>", TaskLogon::Group),
            ("<UserId>NT AUTHORITY\\System</UserId>", TaskLogon::Service),
            ("<UserId>S-1-5-20</UserId>", TaskLogon::Service),
        ] {
            assert_eq!(logon(inner), found, "{inner}");
        }
        for (xml, rule) in [
            ("<Task", "it is XML"),
            ("<!DOCTYPE x [<!ENTITY a 'b'>]><Task/>", "it is XML"),
            ("<Task/>", "its root"),
            ("<Other xmlns=\"http://schemas.microsoft.com/windows/2004/02/mit/task\"/>", "its root"),
            (&task(""), "it has an action"),
            (&task("<Actions><Exec/></Actions>"), "it has an action"),
            (&principal("<LogonType>Password</LogonType>"), "no password"),
        ] {
            let said = own(xml).unwrap_err();
            assert!(said.contains(rule), "{xml}: {said}");
        }
    }

    #[test]
    fn what_is_told_of_a_task_has_caps() {
        let many = "<Exec><Command>x</Command></Exec>".repeat(PART_CAP + 1);
        let long = "y".repeat(PART_LENGTH + 7);
        let xml = format!("<Task><Triggers><T><A>{long}</A></T></Triggers><Actions>{many}</Actions></Task>");
        let summary = Summary::of(&xml);
        assert_eq!(summary.actions.len(), PART_CAP);
        assert!(summary.triggers[0].ends_with("… (+11)"), "{}", summary.triggers[0]);
        assert_eq!(Summary::of("no xml"), Summary::default());
    }

    proptest! {
        /// Whatever a call says, another parser reads it back as it was, and nothing else is in the definition.
        #[test]
        fn texts_stay_texts(command in "[ -~\u{e4}\u{1f642}\n\r\t]{1,60}", arguments in "[<>&'\"/a-z!\\[\\]-]{0,40}", user in "[<>&'\"a-z\\\\]{1,20}") {
            let mut asked = definition(Trigger::Logon);
            asked.command = command.clone();
            asked.arguments = Some(arguments.clone());
            asked.user = Some(user.clone());
            let (xml, _) = asked.xml();
            let document = Document::parse(&xml).unwrap();
            let texts = |name: &str| -> Vec<String> {
                let nodes = document.descendants().filter(|node| node.tag_name().name() == name);
                nodes.map(|node| node.text().unwrap_or_default().to_owned()).collect()
            };
            prop_assert_eq!(texts("Command"), vec![command]);
            prop_assert_eq!(texts("Arguments"), vec![arguments]);
            prop_assert_eq!(texts("UserId"), vec![user.clone(), user]);
            prop_assert_eq!(document.descendants().filter(|node| node.tag_name().name() == "Exec").count(), 1);
        }
    }

    #[test]
    fn what_xml_cannot_hold_is_known() {
        for (text, fits) in [("a\tb\r\n\u{e4}\u{1f642}", true), ("\0", false), ("\u{1b}", false), ("\u{ffff}", false)] {
            assert_eq!(fits_xml(text), fits, "{text:?}");
        }
    }
}
