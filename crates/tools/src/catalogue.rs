//! All tools of this build, and the one place where a name and arguments from outside become a tool and its arguments.

use crate::tool::AnyTool;
use crate::{
    batch, clipboard, desktop, events, explain, files, kept, network, notify, processes, registry, scheduled, services,
    session, shell, sound, system, tasks, wait, wpf,
};
use portcullis_model::{Fault, FaultCode, nearest};
use serde_json::Value;

/// Every tool, sorted by name.
#[derive(Debug)]
pub struct Catalogue {
    tools: Vec<AnyTool>,
}

impl Default for Catalogue {
    fn default() -> Self {
        Self::new()
    }
}

impl Catalogue {
    /// The tools of this build.
    pub fn new() -> Self {
        let mut tools = Vec::new();
        for family in [
            batch::tools,
            clipboard::tools,
            desktop::tools,
            events::tools,
            explain::tools,
            files::tools,
            kept::tools,
            network::tools,
            notify::tools,
            processes::tools,
            registry::tools,
            scheduled::tools,
            services::tools,
            session::tools,
            shell::tools,
            sound::tools,
            system::tools,
            tasks::tools,
            wait::tools,
            wpf::tools,
        ] {
            tools.extend(family());
        }
        tools.sort_by_key(|tool: &AnyTool| tool.descriptor().name);
        Self { tools }
    }

    /// Adds tools that exist for tests alone.
    #[must_use]
    pub fn with(mut self, more: Vec<AnyTool>) -> Self {
        self.tools.extend(more);
        self.tools.sort_by_key(|tool| tool.descriptor().name);
        self
    }

    /// Every tool, sorted by name.
    pub fn tools(&self) -> &[AnyTool] {
        &self.tools
    }

    /// The tool of exactly this name.
    pub fn get(&self, name: &str) -> Option<&AnyTool> {
        self.tools.binary_search_by_key(&name, |tool| tool.descriptor().name).ok().and_then(|at| self.tools.get(at))
    }

    /// Every name, sorted.
    pub fn names(&self) -> Vec<&'static str> {
        self.tools.iter().map(|tool| tool.descriptor().name).collect()
    }
}

/// What a name and arguments from outside stand for. Policy looks at nothing else, so no other spelling of a tool's name
/// can pass a rule by.
pub fn canonical<'all>(
    catalogue: &'all Catalogue,
    name: &str,
    arguments: Value,
) -> Result<(&'all AnyTool, Value), Fault> {
    match catalogue.get(name) {
        Some(tool) => Ok((tool, arguments)),
        None => {
            let near = nearest(name, catalogue.names());
            let fault =
                Fault::new(FaultCode::UnknownTool, "there is no such tool").value(name).candidates(near.clone());
            Err(match near.first() {
                Some(meant) => fault.remedy(format!("did you mean `{meant}`? Names are case-sensitive")),
                None => fault.remedy("tools/list names them all"),
            })
        }
    }
}

#[cfg(test)]
mod tests;
