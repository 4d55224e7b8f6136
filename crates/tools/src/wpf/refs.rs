//! The one space of refs: elements of WPF named by a caller's refs where a tool takes an element's id, and refs told beside
//! the ids in answers. What an element is or shows is not known here.

use crate::context::{ApplyContext, Tables};
use portcullis_model::{ElementIdentity, ElementPath, Fault, FaultCode, ProcessId, Ref, Role, WindowIdentity};
use portcullis_observe::{Label, Lookup};
use portcullis_wpf as wpf;
use portcullis_wpf::{Asker, Handle, Home, Named, Session};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::PoisonError;

/// The field that names an element in the source's form, and the one with its ref.
const ID: &str = "elementId";
const REF: &str = "ref";
/// Elements of an answer whose refs are told.
const TOLD_CAP: usize = 2_000;
/// Levels of an answer that are looked through.
const LEVEL_CAP: usize = 200;

/// What a ref of the caller's own table names in this session.
pub(super) fn named(field: &str, given: Ref, session: &Session, tables: &Tables) -> Result<Named, Fault> {
    let refs = tables.refs.lock().unwrap_or_else(PoisonError::into_inner);
    let fault = |code, message: &str| {
        Fault::new(code, message)
            .field(field)
            .value(given)
            .remedy("take a ref from Snapshot of the connected application, or an id from find_elements")
            .source_code("ElementNotFound")
    };
    let element = match refs.resolve(given) {
        Lookup::Known(element, _) => element,
        Lookup::Expired => return Err(fault(FaultCode::StaleRef, "the ref is too old")),
        Lookup::NeverGiven => return Err(fault(FaultCode::UnknownRef, "you were never given this ref")),
    };
    let process = ProcessId { number: element.window.process, started: element.window.process_start };
    let other = || {
        fault(FaultCode::BadArgument, "the ref is of another application than the one that is meant")
            .rule("without `processId` the application that was last connected to or selected is meant")
    };
    match &element.path {
        ElementPath::Wpf { session: number, handle } if *number == session.number() => Ok(Named::Element(*handle)),
        _ if process != session.process() => Err(other()),
        ElementPath::Wpf { .. } => Err(fault(FaultCode::StaleRef, "the session that told the ref has ended")
            .rule("a ref of an element of WPF is good for the session in which it was told")),
        ElementPath::Window => Ok(Named::Window(element.window.handle)),
        _ => Err(fault(FaultCode::BadArgument, "the ref is of an element that another reader saw").rule(
            "a ref of an element of WPF is told while its application is connected to, through `sensitive_reads`",
        )),
    }
}

/// Tells the ref of each element that an answer names by its id. `visual` is an answer whose elements lie in each other as in the
/// visual tree, and so in one window.
pub(super) fn tell(answer: &mut Value, visual: bool, session: &Session, asker: &Asker<'_>, cx: &ApplyContext<'_>) {
    let mut ids = Vec::new();
    gather(answer, 0, &mut ids);
    if ids.is_empty() {
        return;
    }
    let handles: HashMap<String, Handle> = {
        let names = session.names();
        ids.iter().filter_map(|id| Some((id.clone(), names.handle(id)?))).collect()
    };
    // Of a visual tree the root alone has to be looked for.
    let sought = ids.iter().take(if visual { 1 } else { TOLD_CAP });
    let mut asked: Vec<Handle> = sought.filter_map(|id| handles.get(id).copied()).collect();
    asked.sort_unstable();
    asked.dedup();
    let homes = wpf::homes(asker, &asked);
    let mut teller = Teller { handles, homes, visual, windows: HashMap::new(), left: TOLD_CAP, asker, cx };
    teller.tell(answer, None, 0);
}

fn gather(value: &Value, level: usize, ids: &mut Vec<String>) {
    if level >= LEVEL_CAP || ids.len() >= TOLD_CAP {
        return;
    }
    match value {
        Value::Object(fields) => {
            ids.extend(fields.get(ID).and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|field| gather(field, level + 1, ids));
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, level + 1, ids)),
        _ => {}
    }
}

struct Teller<'call> {
    handles: HashMap<String, Handle>,
    homes: HashMap<Handle, Home>,
    visual: bool,
    /// The windows of the answer, by handle.
    windows: HashMap<u64, Option<WindowIdentity>>,
    left: usize,
    asker: &'call Asker<'call>,
    cx: &'call ApplyContext<'call>,
}

impl Teller<'_> {
    fn tell(&mut self, value: &mut Value, above: Option<Home>, level: usize) {
        if level >= LEVEL_CAP || self.left == 0 {
            return;
        }
        match value {
            Value::Object(fields) => {
                let home = self.tell_one(fields, above);
                fields.values_mut().for_each(|field| self.tell(field, home, level + 1));
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.tell(item, above, level + 1)),
            _ => {}
        }
    }

    /// Tells the ref of the element that these fields name, and gives what lies in it the same window.
    fn tell_one(&mut self, fields: &mut Map<String, Value>, above: Option<Home>) -> Option<Home> {
        let Some(id) = fields.get(ID).and_then(Value::as_str) else { return above };
        let handle = *self.handles.get(id)?;
        let inherited = above.filter(|_| self.visual).map(|above| Home { is_root: false, ..above });
        let home = self.homes.get(&handle).copied().or(inherited)?;
        let window = self.window(home.window)?;
        let element =
            if home.is_root { ElementIdentity::of_window(window) } else { wpf::identity(self.asker, &window, handle) };
        let called = ["elementName", "name"].iter().find_map(|field| fields.get(*field)?.as_str());
        let name = called.filter(|name| !name.is_empty()).unwrap_or(id).to_owned();
        let mut refs = self.cx.tables.refs.lock().unwrap_or_else(PoisonError::into_inner);
        let known = refs.known(&element);
        let own = known.unwrap_or_else(|| refs.give(&element, Label { role: Role::Unknown, name }));
        drop(refs);
        fields.insert(REF.to_owned(), Value::String(own.to_string()));
        self.left -= 1;
        Some(home)
    }

    fn window(&mut self, handle: u64) -> Option<WindowIdentity> {
        let process = self.asker.process();
        let windows = &self.cx.ports.windows;
        let of_it =
            |window: &WindowIdentity| ProcessId { number: window.process, started: window.process_start } == process;
        self.windows.entry(handle).or_insert_with(|| windows.identify(handle).filter(of_it)).clone()
    }
}

/// The schema of an answer, with the ref beside each id.
pub(super) fn in_schema(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if let Some(Value::Object(properties)) = fields.get_mut("properties")
                && properties.contains_key(ID)
            {
                properties.insert(REF.to_owned(), serde_json::json!({ "type": "string" }));
            }
            fields.values_mut().for_each(in_schema);
        }
        Value::Array(items) => items.iter_mut().for_each(in_schema),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ref_is_told_wherever_an_id_is() {
        let mut schema = serde_json::json!({ "properties": {
            "bindings": { "type": "array", "items": { "properties": { "elementId": { "type": "string" } } } },
            "count": { "type": "integer" },
        } });
        in_schema(&mut schema);
        assert_eq!(schema["properties"]["bindings"]["items"]["properties"]["ref"]["type"], "string");
        assert!(schema["properties"].get("ref").is_none());
        let mut ids = Vec::new();
        gather(&serde_json::json!({ "a": [{ "elementId": "B_1", "c": { "elementId": "D_2" } }] }), 0, &mut ids);
        assert_eq!(ids, ["B_1", "D_2"]);
    }
}
