//! `portcullis tools`: which tools are open under the policy and given flags, as a table, which says of each that is shut what
//! shuts it, or as JSON. It needs no desktop.

use crate::cli::{AnchorFlags, ToolsArgs};
use crate::{Machine, compose, settings};
use portcullis_config::{Environment, ServeFlags};
use portcullis_gate::Catalogue;
use portcullis_model::Principal;
use serde_json::json;
use std::process::ExitCode;

pub(crate) fn run(machine: &dyn Machine, args: &ToolsArgs) -> anyhow::Result<ExitCode> {
    let catalogue = Catalogue::new();
    let flags = ServeFlags { tools: args.filter.clone().flags(), ..ServeFlags::default() };
    let settings = settings::load(machine, args.policy.config.clone(), flags, &Environment::read())?;
    let rules = compose::rules(machine, &settings, &AnchorFlags::default(), &catalogue)?;
    let local = Principal::local();
    let admitted = |tool: &portcullis_tools::AnyTool| rules.admit(&local, tool.descriptor().row());
    if args.json {
        let tools: Vec<_> = catalogue
            .tools()
            .iter()
            .filter(|tool| admitted(tool).is_ok())
            .map(|tool| {
                json!({
                    "name": tool.descriptor().name,
                    "title": tool.descriptor().title,
                    "description": tool.descriptor().description,
                    "tier": tool.descriptor().tier.number(),
                    "inputSchema": tool.input_schema(),
                    "outputSchema": tool.output_schema(),
                })
            })
            .collect();
        out!("{}", serde_json::to_string_pretty(&tools)?);
        return Ok(ExitCode::SUCCESS);
    }
    for tool in catalogue.tools() {
        let descriptor = tool.descriptor();
        let (state, why) = match admitted(tool) {
            Ok(()) => ("open", String::new()),
            Err(denial) => ("shut", format!(": {}", denial.rule)),
        };
        out!("{:<38} tier {}  {state}  {}{why}", descriptor.name, descriptor.tier.number(), descriptor.title);
    }
    Ok(ExitCode::SUCCESS)
}
