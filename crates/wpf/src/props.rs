//! Dependency properties: where a value comes from, what is declared of it, and writing it. What was there before is kept by the
//! inspector, so that clearing brings a binding back.

use crate::ask::{AppText, Asker, TEXT, TypeNames, shown};
use portcullis_model::{Fault, FaultCode};
use portcullis_wpf_protocol::{
    Handle, LocalKind, MissingProperty, NewValue, PropRow, PropertyMeta, PropsItem, PropsParams, WriteKind, WriteOp,
    WriteParams, WriteResult, WriteRow,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// Rows that one answer may have: elements by properties.
pub const EXPANSION_CAP: usize = 100;

/// Where a value comes from.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ValueSource {
    property_name: AppText,
    base_value_source: AppText,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw_base_value_source: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_expression: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_animated: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_coerced: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_current: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    current_value: Option<Value>,
    effective_value: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    had_local_value: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    local_value_kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    local_value: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    local_value_type: Option<AppText>,
}

pub(crate) fn local_word(kind: LocalKind) -> &'static str {
    match kind {
        LocalKind::Unset => "None",
        LocalKind::Value => "Value",
        LocalKind::Binding => "Binding",
        LocalKind::MultiBinding => "MultiBinding",
        LocalKind::PriorityBinding => "PriorityBinding",
        LocalKind::DynamicResource => "DynamicResource",
        LocalKind::Expression => "Expression",
    }
}

/// What a row comes to.
pub(crate) fn judge(row: &PropRow, types: &TypeNames<'_>, compact: bool) -> ValueSource {
    let full = !compact;
    // Over what lies below it, an animation or an expression is what one sees.
    let source = match (row.is_animated, row.is_coerced) {
        (true, _) => "Animation",
        (_, true) => "Coerced",
        _ => row.source.as_str(),
    };
    ValueSource {
        property_name: AppText::new(&row.name),
        base_value_source: AppText::new(if compact { &row.source } else { source }),
        raw_base_value_source: full.then(|| AppText::new(&row.source)),
        is_expression: full.then_some(row.is_expression),
        is_animated: full.then_some(row.is_animated),
        is_coerced: full.then_some(row.is_coerced),
        is_current: full.then_some(row.is_current),
        current_value: full.then(|| shown(&row.value)),
        effective_value: shown(&row.value),
        had_local_value: full.then_some(row.local_kind != LocalKind::Unset),
        local_value_kind: full.then_some(local_word(row.local_kind)),
        local_value: row.local.as_ref().filter(|_| full).map(shown),
        local_value_type: row.local.as_ref().filter(|_| full).and_then(|value| types.some(value.ty)),
    }
}

pub(crate) fn no_property(missing: &MissingProperty) -> Fault {
    let message =
        if missing.ambiguous { "several properties have this name" } else { "the element has no such property" };
    let code = if missing.ambiguous { FaultCode::Ambiguous } else { FaultCode::NotFound };
    Fault::new(code, message)
        .field("propertyName")
        .value(&missing.name)
        .rule("a property is named as in XAML: `Width`, `Grid.Row`")
        .remedy("choose one of the names that are there")
        .candidates(missing.candidates.iter().map(|name| portcullis_model::visible(name, Fault::VALUE_LIMIT)))
        .source_code("InvalidArgument")
}

pub(crate) fn read(
    asker: &Asker<'_>,
    handle: Handle,
    names: &[String],
    meta: bool,
) -> Result<(Vec<PropRow>, Vec<portcullis_wpf_protocol::TypeRow>), Fault> {
    let items = vec![PropsItem { handle, names: names.to_vec(), set: None }];
    let found = asker.settled(&PropsParams { items, meta, handles: false, text: TEXT, text_from: 0 })?;
    let Some(rows) = found.items.into_iter().next() else { return Ok((Vec::new(), found.types)) };
    if let Some(error) = rows.error {
        return Err(crate::CallFault::Wire(error).into());
    }
    match rows.missing.first() {
        Some(missing) => Err(no_property(missing)),
        None => Ok((rows.rows, found.types)),
    }
}

/// The single row of a property.
pub(crate) fn read_one(asker: &Asker<'_>, handle: Handle, name: &str) -> Result<PropRow, Fault> {
    only(read(asker, handle, &[name.to_owned()], false)?.0, name)
}

fn only(rows: Vec<PropRow>, name: &str) -> Result<PropRow, Fault> {
    rows.into_iter().next().ok_or_else(|| {
        no_property(&MissingProperty { name: name.to_owned(), candidates: Vec::new(), ambiguous: false })
    })
}

/// Where the value of one property of one element comes from.
pub fn value_source(asker: &Asker<'_>, element: Option<&str>, name: &str, compact: bool) -> Result<ValueSource, Fault> {
    let handle = asker.element(element)?;
    let (rows, types) = read(asker, handle, &[name.to_owned()], false)?;
    Ok(judge(&only(rows, name)?, &TypeNames::of(&types), compact))
}

/// What is declared of a property.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    property_name: AppText,
    default_value: Value,
    property_type: AppText,
    owner_type: AppText,
    is_read_only: bool,
    is_attached: bool,
    has_coerce_callback: bool,
    has_property_changed_callback: bool,
    affects_arrange: bool,
    affects_measure: bool,
    affects_render: bool,
    inherits: bool,
    is_data_binding_allowed: bool,
    binds_two_way_by_default: bool,
}

/// What is declared of a property for an element's type.
pub fn metadata(asker: &Asker<'_>, element: Option<&str>, name: &str) -> Result<Metadata, Fault> {
    let handle = asker.element(element)?;
    let (rows, types) = read(asker, handle, &[name.to_owned()], true)?;
    let types = TypeNames::of(&types);
    let row = rows.into_iter().next();
    let Some((name, meta)) = row.and_then(|row| Some((row.name, row.meta?))) else {
        return Err(no_property(&MissingProperty { name: name.to_owned(), candidates: Vec::new(), ambiguous: false }));
    };
    let PropertyMeta { default, ty, owner, .. } = &meta;
    Ok(Metadata {
        property_name: AppText::new(&name),
        default_value: shown(default),
        property_type: types.full(*ty),
        owner_type: types.full(*owner),
        is_read_only: meta.is_read_only,
        is_attached: meta.is_attached,
        has_coerce_callback: meta.coerces,
        has_property_changed_callback: meta.notifies,
        affects_arrange: meta.affects_arrange,
        affects_measure: meta.affects_measure,
        affects_render: meta.affects_render,
        inherits: meta.inherits,
        is_data_binding_allowed: meta.can_bind,
        binds_two_way_by_default: meta.binds_two_way,
    })
}

/// What a write of a property did.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Written {
    property_name: AppText,
    element_id: String,
    old_value: Option<Value>,
    new_value: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requested_value: Option<Value>,
    had_local_value_before: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_local_value: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_base_value_source: Option<AppText>,
    replaced_expression: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    replaced_expression_kind: Option<&'static str>,
    captured_rollback_expression: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    base_value_source: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_type: Option<AppText>,
    /// `confirmed` when the value in force is another one now, `no_effect` when it is as before.
    outcome: &'static str,
}

pub(crate) fn one_write(asker: &Asker<'_>, op: WriteOp, keep: bool) -> Result<(WriteRow, WriteResult), Fault> {
    let params = WriteParams { ops: vec![op], keep, stop_on_error: true, text: TEXT };
    let mut found = asker.call(&params)?;
    let row = if found.rows.is_empty() { None } else { Some(found.rows.remove(0)) };
    let row = row.ok_or(crate::CallFault::NoAnswer("it has no row for the write"))?;
    match row.error {
        Some(error) => Err(crate::CallFault::Wire(error).into()),
        None => Ok((row, found)),
    }
}

pub(crate) fn op(kind: WriteKind, handle: Option<Handle>, name: &str) -> WriteOp {
    WriteOp { kind, handle, object: None, name: Some(name.to_owned()), value: None, token: None }
}

pub(crate) fn new_value(value: &Value) -> NewValue {
    match value {
        Value::Null => NewValue { null: Some(true), ..NewValue::default() },
        json => NewValue { json: Some(json.clone()), ..NewValue::default() },
    }
}

fn is_expression(kind: Option<LocalKind>) -> bool {
    !matches!(kind, None | Some(LocalKind::Unset | LocalKind::Value))
}

fn written(asker: &Asker<'_>, handle: Handle, name: &str, row: &WriteRow, found: &WriteResult) -> Written {
    let types = TypeNames::of(&found.types);
    let changed = row.before != row.after || row.before_kind != row.after_kind;
    let replaced = is_expression(row.before_kind) && row.before_kind != row.after_kind;
    Written {
        property_name: AppText::new(name),
        element_id: asker.name(handle, "Element"),
        old_value: row.before.as_ref().map(shown),
        new_value: row.after.as_ref().map(shown),
        requested_value: None,
        had_local_value_before: row.before_kind.is_some_and(|kind| kind != LocalKind::Unset),
        previous_local_value: row.before_local.as_ref().map(shown),
        previous_base_value_source: AppText::some(row.before_source.as_ref()),
        replaced_expression: replaced,
        replaced_expression_kind: row.before_kind.filter(|_| replaced).map(local_word),
        captured_rollback_expression: replaced && row.token.is_some(),
        base_value_source: AppText::some(row.after_source.as_ref()),
        value_type: types.some(row.ty),
        outcome: if changed { "confirmed" } else { "no_effect" },
    }
}

/// Sets a property's local value. A binding that this takes the place of is kept for [`clear`].
pub fn set(asker: &Asker<'_>, element: Option<&str>, name: &str, value: &Value) -> Result<Written, Fault> {
    let handle = asker.element(element)?;
    let write = WriteOp { value: Some(new_value(value)), ..op(WriteKind::Set, Some(handle), name) };
    let (row, found) = one_write(asker, write, true)?;
    if let Some(token) = row.token.filter(|_| is_expression(row.before_kind)) {
        asker.session.memory().replaced(handle.0, name, token);
    }
    Ok(Written { requested_value: Some(value.clone()), ..written(asker, handle, name, &row, &found) })
}

/// What clearing a property did.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cleared {
    property_name: AppText,
    had_local_value: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    cleared_value: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_value: Option<Value>,
    restored_expression: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    expression_kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base_value_source: Option<AppText>,
    outcome: &'static str,
}

/// Clears a property's local value; brings the binding back that [`set`] took the place of.
pub fn clear(asker: &Asker<'_>, element: Option<&str>, name: &str) -> Result<Cleared, Fault> {
    let handle = asker.element(element)?;
    let kept = asker.session.memory().take_replaced(handle.0, name);
    let write = match kept {
        Some(token) => WriteOp { token: Some(token), ..op(WriteKind::Restore, None, name) },
        None => op(WriteKind::Clear, Some(handle), name),
    };
    let (row, _) = one_write(asker, write, false)?;
    let changed = row.before != row.after || row.before_kind != row.after_kind;
    Ok(Cleared {
        property_name: AppText::new(name),
        had_local_value: kept.is_some() || row.before_kind.is_some_and(|kind| kind != LocalKind::Unset),
        cleared_value: row.before.as_ref().map(shown),
        new_value: row.after.as_ref().map(shown),
        restored_expression: kept.is_some(),
        expression_kind: row.after_kind.filter(|_| kept.is_some()).map(local_word),
        base_value_source: AppText::some(row.after_source.as_ref()),
        outcome: if changed { "confirmed" } else { "no_effect" },
    })
}
