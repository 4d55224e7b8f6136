//! `portcullis tools`: which tools are open under given flags, as a table or as JSON. It needs no desktop.

use crate::cli::ToolsArgs;
use crate::compose;
use portcullis_gate::Catalogue;
use portcullis_model::Principal;
use serde_json::json;
use std::process::ExitCode;

pub(crate) fn run(args: &ToolsArgs) -> anyhow::Result<ExitCode> {
    let catalogue = Catalogue::new();
    let rules = compose::rules(args.filter.clone().flags(), &catalogue)?;
    let local = Principal::local();
    let open = |tool: &&portcullis_tools::AnyTool| rules.admit(&local, tool.descriptor().row()).is_ok();
    if args.json {
        let tools: Vec<_> = catalogue
            .tools()
            .iter()
            .filter(open)
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
        let state = if open(&tool) { "open" } else { "shut" };
        out!("{:<18} tier {}  {state}  {}", descriptor.name, descriptor.tier.number(), descriptor.title);
    }
    Ok(ExitCode::SUCCESS)
}
