//! What lies behind elements: view models, commands, data contexts, and errors of validation. Values under names that say they are
//! secret leave the application as redacted, and are not written.

use crate::ask::{AppText, Asker, TEXT, TypeNames, shown};
use crate::facts::facets;
use crate::props::{new_value, one_write};
use portcullis_model::{Fault, FaultCode};
use portcullis_wpf_protocol::{
    ActKind, ActParams, ActState, Axis, ErrorCode, Facet, FacetsParams, NodeField, ObjectParams, ObjectRef,
    ObjectResult, ValKind, WalkParams, WriteKind, WriteOp,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// Elements that are looked at for errors of validation.
const VALIDATION_VISIT: u32 = 512;
/// Errors of validation that are told.
const VALIDATION_CAP: usize = 200;
/// Members of an answer.
const MEMBERS: u32 = 200;
fn context(asker: &Asker<'_>, element: Option<&str>) -> Result<ObjectRef, Fault> {
    Ok(ObjectRef { handle: asker.handle("elementId", element)?, data_context: true, path: Vec::new() })
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Member {
    name: AppText,
    #[serde(rename = "type")]
    ty: AppText,
    value: Value,
    can_read: bool,
    can_write: bool,
    is_redacted: bool,
}

/// A view model.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ViewModel {
    type_name: AppText,
    view_model_type: AppText,
    implements_i_notify_property_changed: bool,
    implements_i_notify_data_error_info: bool,
    properties: Vec<Member>,
    missing_properties: Vec<AppText>,
    omitted_property_count: u32,
}

fn object(asker: &Asker<'_>, element: Option<&str>, members: &[String], commands: bool) -> Result<ObjectResult, Fault> {
    asker.call(&ObjectParams {
        object: context(asker, element)?,
        members: members.to_vec(),
        commands,
        max: MEMBERS,
        items: 0,
        text: TEXT,
    })
}

/// The data context of an element, with its public properties or those that are named.
pub fn view_model(asker: &Asker<'_>, element: Option<&str>, names: &[String]) -> Result<ViewModel, Fault> {
    let found = object(asker, element, names, false)?;
    let types = TypeNames::of(&found.types);
    let properties = found
        .members
        .iter()
        .map(|member| {
            let redacted = member.value.k == ValKind::Redacted;
            Member {
                name: AppText::new(&member.name),
                ty: types.name(member.ty),
                value: shown(&member.value),
                can_read: member.can_read,
                can_write: member.can_write,
                is_redacted: redacted,
            }
        })
        .collect();
    let none = || AppText::new("null");
    Ok(ViewModel {
        type_name: found.ty.map_or_else(none, |ty| types.name(ty)),
        view_model_type: found.ty.map_or_else(none, |ty| types.full(ty)),
        implements_i_notify_property_changed: found.notifies,
        implements_i_notify_data_error_info: found.tells_errors,
        properties,
        missing_properties: found.missing.iter().map(|name| AppText::new(name)).collect(),
        omitted_property_count: found.cut,
    })
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Command {
    name: AppText,
    #[serde(rename = "type")]
    ty: AppText,
    #[serde(skip_serializing_if = "Option::is_none")]
    can_execute: Option<bool>,
}

/// The commands of a view model.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Commands {
    command_count: usize,
    commands: Vec<Command>,
}

/// The commands of an element's data context.
pub fn commands(asker: &Asker<'_>, element: Option<&str>) -> Result<Commands, Fault> {
    let found = object(asker, element, &[], true)?;
    let types = TypeNames::of(&found.types);
    let commands: Vec<Command> = found
        .members
        .iter()
        .filter(|member| member.is_command)
        .map(|member| Command {
            name: AppText::new(&member.name),
            ty: types.name(member.ty),
            can_execute: member.can_execute,
        })
        .collect();
    Ok(Commands { command_count: commands.len(), commands })
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ContextLink {
    element_id: String,
    element_type: AppText,
    #[serde(skip_serializing_if = "Option::is_none")]
    element_name: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_context_type: Option<AppText>,
    has_data_context: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_kind: Option<AppText>,
    is_inherited: bool,
}

/// The data contexts from an element upwards.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContextChain {
    chain: Vec<ContextLink>,
}

/// The data contexts from an element upwards.
///
/// # Errors
/// The walk needs the gate for sensitive reads besides; without it the element alone is told.
pub fn context_chain(asker: &Asker<'_>, element: Option<&str>) -> Result<ContextChain, Fault> {
    let handle = asker.element(element)?;
    let reads = asker.holds(portcullis_wpf_protocol::Capabilities::SENSITIVE_READS);
    let mut named = Vec::new();
    if reads {
        let above = asker.call(&crate::tree::walk_from(Some(handle), Axis::Ancestors))?;
        let types = TypeNames::of(&above.types);
        for node in &above.nodes {
            let Some(handle) = node.handle else { continue };
            named.push((handle, types.name(node.ty), AppText::some(node.name.as_ref())));
        }
    }
    let mut handles: Vec<_> = named.iter().map(|(handle, ..)| *handle).collect();
    if handles.is_empty() {
        handles.push(handle);
    }
    let found = asker.call(&FacetsParams {
        handles,
        facets: vec![Facet::DataContext],
        event: None,
        resolve: false,
        text: TEXT,
    })?;
    let types = TypeNames::of(&found.types);
    let link = |row: &portcullis_wpf_protocol::FacetsRow| {
        let known = named.iter().find(|(handle, ..)| *handle == row.handle);
        let ty = known.map(|(_, ty, _)| ty.clone()).or_else(|| types.some(row.ty)).unwrap_or_default();
        let context = row.data_context.as_ref();
        ContextLink {
            element_id: asker.name(row.handle, ty.as_str()),
            element_type: ty,
            element_name: known.and_then(|(.., name)| name.clone()),
            data_context_type: context
                .and_then(|context| types.some(context.value.ty).or(AppText::some(context.value.s.as_ref()))),
            has_data_context: context.is_some_and(|context| context.value.k != ValKind::Null),
            source_kind: context.map(|context| AppText::new(&context.source)),
            is_inherited: context.is_some_and(|context| context.is_inherited),
        }
    };
    Ok(ContextChain { chain: found.items.iter().map(link).collect() })
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ValidationTold {
    element_id: String,
    element_type: AppText,
    #[serde(skip_serializing_if = "Option::is_none")]
    element_name: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    property_name: Option<AppText>,
    error_content: Value,
    is_rule_error: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_type: Option<AppText>,
}

/// Errors of validation.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ValidationErrors {
    error_count: usize,
    errors: Vec<ValidationTold>,
    traversal_node_count: u32,
    traversal_truncated: bool,
    validation_errors_truncated: bool,
}

/// The errors of validation in an element.
pub fn validation_errors(asker: &Asker<'_>, element: Option<&str>) -> Result<ValidationErrors, Fault> {
    let from = asker.handle("elementId", element)?;
    let fields = vec![NodeField::Names];
    let max = VALIDATION_VISIT;
    let walked =
        asker.settled(&WalkParams { fields, visit: max, max, ..crate::tree::walk_from(from, Axis::Visual) })?;
    let handles: Vec<_> = walked.nodes.iter().filter_map(|node| node.handle).collect();
    let found = asker.call(&FacetsParams {
        handles,
        facets: vec![Facet::Validation],
        event: None,
        resolve: false,
        text: TEXT,
    })?;
    let types = TypeNames::of(&walked.types);
    let mut errors = Vec::new();
    for row in &found.items {
        let Some(node) = walked.nodes.iter().find(|node| node.handle == Some(row.handle)) else { continue };
        for error in row.validation.iter().flatten() {
            let ty = types.name(node.ty);
            errors.push(ValidationTold {
                element_id: asker.name(row.handle, ty.as_str()),
                element_type: ty,
                element_name: AppText::some(node.name.as_ref()),
                property_name: AppText::some(error.property.as_ref()),
                error_content: shown(&error.content),
                is_rule_error: error.is_rule_error,
                rule_type: AppText::some(error.rule.as_ref()),
            });
        }
    }
    let count = errors.len();
    errors.truncate(VALIDATION_CAP);
    Ok(ValidationErrors {
        error_count: count,
        validation_errors_truncated: count > errors.len(),
        errors,
        traversal_node_count: walked.visited,
        traversal_truncated: !walked.cut.is_empty(),
    })
}

/// What executing a command did.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Executed {
    command_name: AppText,
    #[serde(skip_serializing_if = "Option::is_none")]
    can_execute: Option<bool>,
    executed: bool,
    /// It has not come back yet: it may show a dialog.
    running: bool,
    new_windows: Vec<String>,
    outcome: &'static str,
}

/// Executes a command of an element's data context, when it can be.
pub fn execute(
    asker: &Asker<'_>,
    element: Option<&str>,
    name: &str,
    parameter: Option<&str>,
) -> Result<Executed, Fault> {
    let handle = asker.handle("elementId", element)?;
    let parameter = parameter.map(|text| new_value(&Value::String(text.to_owned())));
    let params =
        ActParams { name: Some(name.to_owned()), parameter, ..crate::interaction::act(handle, ActKind::Command) };
    let found = match asker.try_call(&params) {
        // A command that may not execute is an answer and no fault.
        Err(fault) if fault.wire_code() == Some(ErrorCode::NotReady) => {
            return Ok(Executed {
                command_name: AppText::new(name),
                can_execute: Some(false),
                executed: false,
                running: false,
                new_windows: Vec::new(),
                outcome: "no_effect",
            });
        }
        Err(fault) if fault.wire_code() == Some(ErrorCode::NotFound) => {
            return Err(Fault::from(fault)
                .field("commandName")
                .value(name)
                .remedy("get_commands tells the commands")
                .source_code("CommandNotFound"));
        }
        found => found?,
    };
    let effect = found.effects.iter().find(|effect| effect.name == "canExecute");
    let can = effect.and_then(|effect| effect.before.or(effect.after));
    let executed = can != Some(false);
    Ok(Executed {
        command_name: AppText::new(name),
        can_execute: can,
        executed,
        running: found.state == ActState::Running,
        new_windows: found.roots_new.iter().map(|handle| asker.name(*handle, "Window")).collect(),
        outcome: if executed { "unverified" } else { "no_effect" },
    })
}

/// What writing a view model did.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Modified {
    property_name: AppText,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_value: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_value: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    property_type: Option<AppText>,
    can_write: bool,
    requested_value_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    converted_value_type: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    view_model_type: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    implements_i_notify_property_changed: Option<bool>,
    outcome: &'static str,
}

/// Sets a property of an element's data context.
pub fn modify(asker: &Asker<'_>, element: Option<&str>, name: &str, value: &Value) -> Result<Modified, Fault> {
    let write = WriteOp {
        kind: WriteKind::SetMember,
        handle: None,
        object: Some(context(asker, element)?),
        name: Some(name.to_owned()),
        value: Some(new_value(value)),
        token: None,
    };
    let (row, found) = one_write(asker, write, false).map_err(|fault| match fault.code {
        FaultCode::Denied => fault.field("propertyName").value(name),
        _ => fault,
    })?;
    let types = TypeNames::of(&found.types);
    Ok(Modified {
        property_name: AppText::new(name),
        old_value: row.before.as_ref().map(shown),
        new_value: row.after.as_ref().map(shown),
        property_type: types.some(row.ty),
        can_write: true,
        requested_value_type: match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        },
        converted_value_type: types.some(row.after.as_ref().and_then(|value| value.ty).or(row.ty)),
        view_model_type: types.some(row.object_ty),
        implements_i_notify_property_changed: row.notifies,
        outcome: if row.before == row.after { "no_effect" } else { "confirmed" },
    })
}

/// The facets that tell the errors of one element.
pub(crate) fn errors_of(asker: &Asker<'_>, handle: portcullis_wpf_protocol::Handle) -> Result<Vec<Value>, Fault> {
    let (row, _) = facets(asker, handle, &[Facet::Validation], None)?;
    Ok(row.validation.unwrap_or_default().iter().map(|error| shown(&error.content)).collect())
}
