//! Which applications can be connected to: what is known of one from outside becomes a row and a warning. Whether it may be
//! connected to was asked before.

use crate::ask::AppText;
use portcullis_model::{Fault, FaultCode, ProcessId};
use portcullis_platform::{ClrKind, WpfFacts};
use schemars::JsonSchema;
use serde::Serialize;

/// One application.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProcessRow {
    process_id: u32,
    process_name: AppText,
    #[serde(skip_serializing_if = "Option::is_none")]
    window_title: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secondary_window_title: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    architecture: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dot_net_version: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    runtime: Option<&'static str>,
    is_elevated: bool,
    requires_elevation_to_connect: bool,
    can_connect_from_current_server: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection_warning: Option<&'static str>,
    working_set_bytes: u64,
}

impl ProcessRow {
    /// What is told of an application whose windows have these titles.
    pub fn new(process: ProcessId, facts: &WpfFacts, titles: &[String]) -> Self {
        let obstacle = obstacle(facts);
        let title = |at: usize| titles.get(at).map(|title| AppText::new(title));
        Self {
            process_id: process.number,
            process_name: AppText::new(&facts.name),
            window_title: title(0),
            secondary_window_title: title(1),
            architecture: facts.architecture.map(|architecture| architecture.name()),
            dot_net_version: None,
            runtime: facts.runtime.map(|runtime| match runtime {
                ClrKind::Core => ".NET",
                ClrKind::Framework => ".NET Framework",
            }),
            is_elevated: facts.is_elevated,
            requires_elevation_to_connect: facts.is_elevated,
            can_connect_from_current_server: obstacle.is_none(),
            connection_warning: obstacle.map(Obstacle::words),
            working_set_bytes: facts.working_set,
        }
    }

    /// The same with the version of its runtime.
    #[must_use]
    pub fn with_version(self, version: Option<&str>) -> Self {
        Self { dot_net_version: version.map(AppText::new), ..self }
    }

    /// In a line, for the candidates of an error.
    pub fn line(&self) -> String {
        let title = self.window_title.as_ref().map_or("", AppText::as_str);
        format!("{} {} {title:?}", self.process_id, self.process_name.as_str())
    }

    /// Whether its program's name contains `part`, in any case.
    pub fn is_named(&self, part: &str) -> bool {
        self.process_name.as_str().to_lowercase().contains(&part.to_lowercase())
    }
}

/// What keeps the inspector from being loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Obstacle {
    Elevated,
    SingleFile,
    NoRuntime,
}

impl Obstacle {
    fn words(self) -> &'static str {
        match self {
            Self::Elevated => "it runs with more rights than this server, which never elevates itself",
            Self::SingleFile => "its runtime is linked into its own file: only itself can take the inspector in",
            Self::NoRuntime => "no .NET runtime can be seen in it",
        }
    }
}

fn obstacle(facts: &WpfFacts) -> Option<Obstacle> {
    if facts.is_elevated {
        return Some(Obstacle::Elevated);
    }
    if facts.is_single_file {
        return Some(Obstacle::SingleFile);
    }
    facts.runtime.is_none().then_some(Obstacle::NoRuntime)
}

/// Why the inspector is not even tried to be loaded into an application.
pub fn refuse_loading(facts: &WpfFacts) -> Result<(), Fault> {
    let Some(obstacle) = obstacle(facts) else { return Ok(()) };
    let (code, remedy, source) = match obstacle {
        Obstacle::Elevated => (FaultCode::ElevatedTarget, "start the application without elevation", "AccessDenied"),
        Obstacle::SingleFile => (
            FaultCode::Unsupported,
            "have it call `InspectorSdk.Initialize()`, or publish it as a folder",
            "SingleFileApplication",
        ),
        Obstacle::NoRuntime => {
            (FaultCode::Unsupported, "wait until it has started, then connect again", "NotWpfApplication")
        }
    };
    Err(Fault::new(code, obstacle.words()).field("processId").remedy(remedy).source_code(source))
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_platform::Architecture;

    #[test]
    fn what_stands_in_the_way_of_loading_is_told_before_it_is_tried() {
        let whole = WpfFacts {
            name: "Shop.App".to_owned(),
            architecture: Some(Architecture::X64),
            runtime: Some(ClrKind::Core),
            runtime_file: None,
            is_elevated: false,
            is_single_file: false,
            working_set: 1,
        };
        for (facts, source) in [
            (whole.clone(), None),
            (WpfFacts { is_elevated: true, ..whole.clone() }, Some("AccessDenied")),
            (WpfFacts { is_single_file: true, runtime: None, ..whole.clone() }, Some("SingleFileApplication")),
            (WpfFacts { runtime: None, ..whole.clone() }, Some("NotWpfApplication")),
        ] {
            assert_eq!(refuse_loading(&facts).err().and_then(|fault| fault.source_code), source, "{facts:?}");
            let row = ProcessRow::new(ProcessId { number: 7, started: 1 }, &facts, &["T\u{202e}".to_owned()]);
            assert_eq!(row.can_connect_from_current_server, source.is_none());
            assert_eq!(row.line(), "7 Shop.App \"T⟨U+202E⟩\"");
        }
    }
}
