//! All tools of this build, by name.

use crate::tool::AnyTool;
use crate::{
    batch, clipboard, desktop, events, explain, files, kept, network, notify, processes, registry, scheduled, services,
    session, shell, sound, system, tasks, wait, wpf,
};

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

#[cfg(test)]
mod tests;
