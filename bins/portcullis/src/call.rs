//! `portcullis call`: one tool, once, through the same gate and into the same audit as any client's call.

use crate::cli::CallArgs;
use crate::{Machine, compose, logging, settings};
use anyhow::Context;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portcullis_config::{DataFolder, Environment, ServeFlags};
use portcullis_gate::Call;
use portcullis_model::{Cancel, Part, Principal, Reply, Unclear, require_clear};
use serde_json::{Value, json};
use std::io::Read;
use std::process::ExitCode;
use std::time::Duration;

/// Bytes of arguments that are read from a file or standard input.
const ARGUMENT_CAP: u64 = 4 * 1024 * 1024;
/// What ending in order may take.
const END_LIMIT: Duration = Duration::from_secs(1);

pub(crate) fn run(machine: &dyn Machine, args: CallArgs) -> anyhow::Result<ExitCode> {
    let arguments = read_arguments(&args.args)?;
    let flags = ServeFlags {
        data: args.data,
        tools: args.filter.flags(),
        allow_elevated: args.allow_elevated,
        ..ServeFlags::default()
    };
    let environment = Environment::read();
    let settings = settings::load(machine, args.policy.config, flags, &environment)?;
    let data = DataFolder::open(settings.data(&environment)?.value)?;
    let (gate, _) = compose::gate(machine, &settings, &data, &args.anchor, "call", Vec::new())?;
    let answer = gate.call(Call { principal: Principal::local(), tool: args.tool, arguments, cancel: Cancel::new() });
    gate.shut_down(END_LIMIT);
    match answer {
        Ok(reply) => {
            print_reply(&reply, args.json)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(fault) => {
            logging::complain(&fault.to_string());
            Ok(ExitCode::FAILURE)
        }
    }
}

pub(crate) fn read_arguments(given: &str) -> anyhow::Result<Value> {
    let mut text = String::new();
    if given == "-" {
        std::io::stdin().take(ARGUMENT_CAP).read_to_string(&mut text).context("standard input")?;
    } else if let Some(path) = given.strip_prefix('@') {
        let file = std::fs::File::open(path).with_context(|| format!("--args {given}"))?;
        file.take(ARGUMENT_CAP).read_to_string(&mut text).with_context(|| format!("--args {given}"))?;
    } else {
        given.clone_into(&mut text);
    }
    if let Err(unclear @ Unclear::Repeated(_)) = require_clear(text.as_bytes()) {
        anyhow::bail!("--args: {unclear}");
    }
    serde_json::from_str(&text).context("--args is not JSON; write one JSON object, @FILE or -")
}

fn print_reply(reply: &Reply, as_json: bool) -> anyhow::Result<()> {
    match reply {
        Reply::Data(value) => out!("{}", serde_json::to_string_pretty(value)?),
        Reply::View { parts, outcome } if as_json => {
            let parts: Vec<_> = parts.iter().map(part_json).collect();
            out!("{}", serde_json::to_string_pretty(&json!({ "parts": parts, "outcome": outcome }))?);
        }
        Reply::View { parts, .. } => {
            for part in parts {
                match part {
                    Part::Text(text) => out!("{text}"),
                    Part::Image(image) => {
                        out!("[{} {}x{}, {} bytes]", image.mime, image.width, image.height, image.bytes.len())
                    }
                    Part::Blob(blob) => out!("{}", STANDARD.encode(&blob.bytes)),
                    // It is kept as long as the server runs, which a single call does not outlast.
                    Part::Link(link) => out!("[{} {}, {} bytes]", link.uri, link.mime, link.size),
                }
            }
        }
    }
    Ok(())
}

fn part_json(part: &Part) -> Value {
    match part {
        Part::Text(text) => json!({ "text": text }),
        Part::Image(image) => {
            json!({ "image": image.mime, "width": image.width, "height": image.height, "bytes": image.bytes.len() })
        }
        Part::Link(link) => json!({ "uri": link.uri, "name": link.name, "mime": link.mime, "bytes": link.size }),
        Part::Blob(blob) => json!({ "blob": STANDARD.encode(&blob.bytes), "mime": blob.mime, "uri": blob.uri }),
    }
}
