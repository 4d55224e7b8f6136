//! Bindings: which there are, which fail, which fit their property badly, what hangs on a name, and how a value comes about.

use crate::ask::{AppText, Asker, TEXT, TypeNames, shown, utc};
use portcullis_model::{Fault, FaultCode};
use portcullis_wpf_protocol::{
    BindingRow, BindingSource, BindingsParams, BindingsResult, Capabilities, Event, EventKind, EventsParams, Handle,
    SubscribeParams, WalkParams,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// Elements that are looked at.
const VISIT: u32 = 4_096;
/// Rows of an answer.
const ROWS: u32 = 200;
/// Failures that are kept.
const FAILURES: u32 = 1_000;

/// Which bindings are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StatusFilter {
    /// All.
    #[default]
    All,
    /// Those that work.
    Active,
    /// Those that do not.
    Error,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct BindingTold {
    property_name: AppText,
    binding_type: AppText,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<AppText>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    binding_paths: Vec<AppText>,
    mode: AppText,
    update_source_trigger: AppText,
    status: AppText,
    #[serde(skip_serializing_if = "Option::is_none")]
    converter: Option<AppText>,
    source_kind: &'static str,
    current_value: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    element_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    element_type: Option<AppText>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Cut {
    traversal_node_count: u32,
    max_traversal_nodes: u32,
    traversal_truncated: bool,
    omitted_result_count: u32,
}

/// Bindings.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Bindings {
    binding_count: usize,
    bindings: Vec<BindingTold>,
    truncated: bool,
    truncation_metadata: Cut,
}

fn source_word(source: BindingSource) -> &'static str {
    match source {
        BindingSource::DataContext => "DataContext",
        BindingSource::ElementName => "ElementName",
        BindingSource::RelativeSource => "RelativeSource",
        BindingSource::Source => "Source",
        BindingSource::TemplatedParent => "TemplatedParent",
        BindingSource::Several => "Several",
    }
}

fn cut(found: &BindingsResult) -> Cut {
    Cut {
        traversal_node_count: found.visited,
        max_traversal_nodes: VISIT,
        traversal_truncated: found.cut_visits,
        omitted_result_count: found.cut_rows,
    }
}

fn params(from: Option<Handle>, recursive: bool, names: Vec<String>) -> BindingsParams {
    BindingsParams {
        from: from.into_iter().collect(),
        recursive,
        templates: false,
        names,
        resolve: false,
        max: ROWS,
        visit: VISIT.min(WalkParams::VISIT_CAP),
        text: TEXT,
    }
}

fn wanted(row: &BindingRow, filter: StatusFilter) -> bool {
    match filter {
        StatusFilter::All => true,
        StatusFilter::Active => row.status == "Active",
        StatusFilter::Error => is_error(row),
    }
}

fn is_error(row: &BindingRow) -> bool {
    row.status.ends_with("Error") || row.has_error
}

fn told(asker: &Asker<'_>, row: &BindingRow, types: &TypeNames<'_>, with_element: bool) -> BindingTold {
    let ty = types.name(row.ty);
    BindingTold {
        property_name: AppText::new(&row.property),
        binding_type: AppText::new(&row.kind),
        path: AppText::some(row.path.as_ref()),
        binding_paths: row.parts.iter().filter_map(|part| AppText::some(part.path.as_ref())).collect(),
        mode: AppText::new(&row.mode),
        update_source_trigger: AppText::new(&row.trigger),
        status: AppText::new(&row.status),
        converter: AppText::some(row.converter.as_ref()),
        source_kind: source_word(row.source),
        current_value: shown(&row.value),
        element_id: with_element.then(|| asker.name(row.handle, ty.as_str())),
        element_type: with_element.then_some(ty),
    }
}

/// The bindings of an element, or of all in it.
pub fn bindings(
    asker: &Asker<'_>,
    element: Option<&str>,
    recursive: bool,
    filter: StatusFilter,
) -> Result<Bindings, Fault> {
    let handle = asker.handle("elementId", element)?;
    let found = asker.settled(&params(handle, recursive, Vec::new()))?;
    let types = TypeNames::of(&found.types);
    let rows = found.rows.iter().filter(|row| wanted(row, filter));
    let bindings: Vec<_> = rows.map(|row| told(asker, row, &types, recursive)).collect();
    Ok(Bindings {
        binding_count: bindings.len(),
        bindings,
        truncated: found.cut_visits || found.cut_rows > 0,
        truncation_metadata: cut(&found),
    })
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ErrorTold {
    diagnostic_kind: AppText,
    /// `BindingTrace`: it was told as it happened; `BindingExpression`: the binding is in error now.
    source_kind: &'static str,
    severity: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    element_id: Option<String>,
    match_confidence: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    property_name: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    binding_path: Option<AppText>,
    /// `BindingError`.
    event_type: &'static str,
    /// When it was told; of a binding that is in error now, none.
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<u64>,
}

/// Bindings in error.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BindingErrors {
    error_count: usize,
    total_error_count: usize,
    errors: Vec<ErrorTold>,
    truncated: bool,
    truncation_metadata: Cut,
}

/// Begins to listen to failures, once for the session.
pub(crate) fn listen(asker: &Asker<'_>) -> Result<u64, Fault> {
    if let Some(known) = asker.session.memory().failures {
        return Ok(known);
    }
    let params = SubscribeParams {
        kind: EventKind::Binding,
        handle: None,
        names: Vec::new(),
        handled_too: false,
        with_preview: false,
        ring: FAILURES,
        ttl_ms: SubscribeParams::TTL_CAP_MS,
    };
    let begun = asker.call(&params)?.subscription;
    asker.session.memory().failures = Some(begun);
    Ok(begun)
}

/// What is in error: bindings whose state says so, and failures that were told since the session first asked.
pub fn binding_errors(asker: &Asker<'_>, max: Option<usize>, compact: bool) -> Result<BindingErrors, Fault> {
    let subscription = listen(asker)?;
    let found = asker.settled(&params(None, true, Vec::new()))?;
    let kept = asker.call(&EventsParams { subscriptions: vec![subscription], after: 0, max: FAILURES })?;
    let types = TypeNames::of(&found.types);
    let mut errors: Vec<ErrorTold> = Vec::new();
    for row in found.rows.iter().filter(|row| is_error(row)) {
        let ty = types.name(row.ty);
        let path = AppText::some(row.path.as_ref());
        let kind = if row.has_error && row.status == "Active" { "ValidationError" } else { &row.status };
        errors.push(ErrorTold {
            diagnostic_kind: AppText::new(kind),
            source_kind: "BindingExpression",
            severity: if kind == "ValidationError" { "Warning" } else { "Error" },
            message: (!compact).then(|| explain(row, &types)),
            element_id: Some(asker.name(row.handle, ty.as_str())),
            match_confidence: "exact",
            property_name: Some(AppText::new(&row.property)),
            binding_path: path,
            event_type: "BindingError",
            timestamp: None,
            sequence: None,
        });
    }
    for event in &kept.events {
        if !errors.iter().any(|known| same(asker, known, event)) {
            errors.push(of_event(asker, event));
        }
    }
    let total = errors.len();
    errors.truncate(max.unwrap_or(total));
    Ok(BindingErrors {
        error_count: errors.len(),
        total_error_count: total,
        truncated: errors.len() < total || found.cut_visits || kept.dropped > 0,
        errors,
        truncation_metadata: cut(&found),
    })
}

fn same(asker: &Asker<'_>, known: &ErrorTold, event: &Event) -> bool {
    let id = event.handle.map(|handle| asker.name(handle, event.type_name.as_deref().unwrap_or("Element")));
    let property = AppText::some(event.name.as_ref());
    known.element_id == id && known.property_name == property
}

fn of_event(asker: &Asker<'_>, event: &Event) -> ErrorTold {
    ErrorTold {
        diagnostic_kind: AppText::new(event.detail.as_deref().unwrap_or("PathError")),
        source_kind: "BindingTrace",
        severity: "Error",
        message: None,
        element_id: event.handle.map(|handle| asker.name(handle, event.type_name.as_deref().unwrap_or("Element"))),
        match_confidence: if event.handle.is_some() { "exact" } else { "none" },
        property_name: AppText::some(event.name.as_ref()),
        binding_path: event.value.as_ref().and_then(|value| AppText::some(value.s.as_ref())),
        event_type: "BindingError",
        timestamp: utc(event.at),
        sequence: Some(event.seq),
    }
}

/// The paths of the bindings in an element, by the element that has them.
pub(crate) fn paths(asker: &Asker<'_>, from: Option<Handle>) -> Result<Vec<(Handle, AppText)>, Fault> {
    let found = asker.settled(&params(from, true, Vec::new()))?;
    let path = |row: &BindingRow| Some((row.handle, AppText::some(row.path.as_ref())?));
    Ok(found.rows.iter().filter_map(path).collect())
}

/// Why a binding does not work, in a sentence.
fn explain(row: &BindingRow, types: &TypeNames<'_>) -> String {
    let source = row.source_ty.map_or("no object".to_owned(), |ty| types.name(ty).as_str().to_owned());
    match row.steps.iter().find(|step| !step.ok) {
        Some(step) => format!("`{}` is not found on {source}", AppText::new(&step.name).as_str()),
        None if row.has_error => "validation found an error".to_owned(),
        None => format!("its source is {source}"),
    }
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct MismatchTold {
    element_id: String,
    property_name: AppText,
    #[serde(skip_serializing_if = "Option::is_none")]
    binding_path: Option<AppText>,
    diagnosis: &'static str,
    severity: &'static str,
    origin: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_type: Option<AppText>,
    target_type: AppText,
}

/// Bindings that fit badly.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Mismatches {
    mismatch_count: usize,
    mismatches: Vec<MismatchTold>,
    truncated: bool,
    scan_budget: Cut,
}

/// How the end of a path fits the property; nothing when it does.
fn diagnose(row: &BindingRow, types: &TypeNames<'_>) -> Option<(&'static str, &'static str)> {
    if row.steps.iter().any(|step| !step.ok) {
        return Some(("PathMismatch", "Error"));
    }
    let end = row.steps.last().and_then(|step| step.ty).map(|ty| types.name(ty))?;
    let target = types.name(row.property_ty);
    // A text takes anything, and an object is anything.
    if end == target || ["String", "Object"].contains(&target.as_str()) || end.as_str() == "Object" {
        return None;
    }
    if row.converter.is_some() {
        return Some(("TypeMismatchWithConverter", "Info"));
    }
    let bare = |name: &str| name.trim_end_matches('?').trim_start_matches("Nullable`1").to_owned();
    if bare(end.as_str()) == bare(target.as_str()) || end.as_str().starts_with("Nullable") {
        return Some(("NullabilityMismatch", "Warning"));
    }
    let number = |name: &str| ["Double", "Single", "Int32", "Int64", "Decimal", "Byte", "Int16"].contains(&name);
    let severity = if number(end.as_str()) && number(target.as_str()) { "Info" } else { "Warning" };
    Some(("TypeMismatch", severity))
}

/// Bindings whose paths lead nowhere or to another type.
pub fn mismatches(
    asker: &Asker<'_>,
    element: Option<&str>,
    recursive: bool,
    framework: bool,
) -> Result<Mismatches, Fault> {
    let handle = asker.handle("elementId", element)?;
    let found = asker.settled(&BindingsParams { templates: framework, ..params(handle, recursive, Vec::new()) })?;
    let types = TypeNames::of(&found.types);
    let judged = |row: &BindingRow| {
        let (diagnosis, severity) = diagnose(row, &types)?;
        Some(MismatchTold {
            element_id: asker.name(row.handle, types.name(row.ty).as_str()),
            property_name: AppText::new(&row.property),
            binding_path: AppText::some(row.path.as_ref()),
            diagnosis,
            severity,
            origin: if row.is_template_part { "FrameworkTemplate" } else { "UserCode" },
            source_type: types.some(row.steps.last().and_then(|step| step.ty)),
            target_type: types.name(row.property_ty),
        })
    };
    let mismatches: Vec<_> = found.rows.iter().filter_map(judged).collect();
    Ok(Mismatches {
        mismatch_count: mismatches.len(),
        mismatches,
        truncated: found.cut_visits || found.cut_rows > 0,
        scan_budget: cut(&found),
    })
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct AffectedTold {
    element_id: String,
    element_type: AppText,
    #[serde(skip_serializing_if = "Option::is_none")]
    element_name: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_context_type: Option<AppText>,
    property_name: AppText,
    binding_path: AppText,
    current_value: Value,
    status: AppText,
    match_confidence: &'static str,
    source_classification: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    unsupported_reason: Option<String>,
}

/// Elements that hang on a name.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Affected {
    affected_count: usize,
    affected_elements: Vec<AffectedTold>,
    unsupported_count: usize,
    unsupported_elements: Vec<AffectedTold>,
    confidence: &'static str,
    match_strategy: &'static str,
    requires_verification: bool,
    truncated: bool,
    scan_budget: Cut,
}

/// Elements whose bindings begin with a property of a view model.
pub fn affected(
    asker: &Asker<'_>,
    element: Option<&str>,
    property: &str,
    view_model: Option<&str>,
    recursive: bool,
) -> Result<Affected, Fault> {
    let handle = asker.handle("elementId", element)?;
    let found = asker.settled(&params(handle, recursive, Vec::new()))?;
    let types = TypeNames::of(&found.types);
    let (mut sure, mut unsure) = (Vec::new(), Vec::new());
    for row in &found.rows {
        let Some(path) = row.path.as_ref() else { continue };
        let first = path.split(['.', '[']).next().unwrap_or_default();
        if first != property {
            continue;
        }
        let context = row.source_ty.map(|ty| (types.name(ty), types.full(ty)));
        let fits = |wanted: &str| {
            context.as_ref().is_some_and(|(own, full)| own.as_str() == wanted || full.as_str() == wanted)
        };
        if view_model.is_some_and(|wanted| !fits(wanted)) {
            continue;
        }
        let by_context = row.source == BindingSource::DataContext;
        let ty = types.name(row.ty);
        let one = AffectedTold {
            element_id: asker.name(row.handle, ty.as_str()),
            element_type: ty,
            element_name: AppText::some(row.name.as_ref()),
            data_context_type: context.map(|(own, _)| own),
            property_name: AppText::new(&row.property),
            binding_path: AppText::new(path),
            current_value: shown(&row.value),
            status: AppText::new(&row.status),
            match_confidence: if view_model.is_some() { "high" } else { "medium" },
            source_classification: source_word(row.source),
            unsupported_reason: (!by_context)
                .then(|| format!("its source is {} and no data context", source_word(row.source))),
        };
        if by_context { sure.push(one) } else { unsure.push(one) }
    }
    Ok(Affected {
        affected_count: sure.len(),
        affected_elements: sure,
        unsupported_count: unsure.len(),
        unsupported_elements: unsure,
        confidence: if view_model.is_some() { "high" } else { "medium" },
        match_strategy: "first segment of the binding's path",
        requires_verification: view_model.is_none(),
        truncated: found.cut_visits || found.cut_rows > 0,
        scan_budget: cut(&found),
    })
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Link {
    step: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_type: Option<AppText>,
    /// Of the source's values only where the gate `viewmodel` is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Value>,
    resolution_state: AppText,
    #[serde(skip_serializing_if = "Option::is_none")]
    converter: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fallback_value: Option<Value>,
}

/// How a value comes about.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ValueChain {
    has_binding: bool,
    property_name: AppText,
    chain_length: usize,
    chain: Vec<Link>,
}

fn link(step: &str, state: &str) -> Link {
    Link {
        step: step.to_owned(),
        name: None,
        value_type: None,
        value: None,
        resolution_state: AppText::new(state),
        converter: None,
        fallback_value: None,
    }
}

/// From the binding over its source and each step of its path to the value in force.
pub fn value_chain(asker: &Asker<'_>, element: Option<&str>, property: &str) -> Result<ValueChain, Fault> {
    let handle = asker.element(element)?;
    let resolve = asker.holds(Capabilities::VIEWMODEL);
    let found = asker.settled(&BindingsParams {
        resolve,
        templates: true,
        ..params(Some(handle), false, vec![property.to_owned()])
    })?;
    let types = TypeNames::of(&found.types);
    let Some(row) = found.rows.first() else {
        // Whether there is such a property at all is worth its own answer.
        crate::props::read_one(asker, handle, property)?;
        return Ok(ValueChain {
            has_binding: false,
            property_name: AppText::new(property),
            chain_length: 0,
            chain: Vec::new(),
        });
    };
    let mut chain = vec![Link {
        name: AppText::some(row.path.as_ref()),
        converter: AppText::some(row.converter.as_ref()),
        fallback_value: row.fallback.as_ref().map(shown),
        ..link("Binding", &row.status)
    }];
    for (at, part) in row.parts.iter().enumerate() {
        let value = shown(&part.value);
        let name = AppText::some(part.path.as_ref());
        chain.push(Link { name, value: Some(value), ..link(&format!("BindingInput[{at}]"), &part.status) });
    }
    let source_step = if row.source == BindingSource::DataContext { "InheritedDataContext" } else { "ResolvedSource" };
    let state = if row.source_ty.is_some() { "Resolved" } else { "Unresolved" };
    chain.push(Link { value_type: types.some(row.source_ty), ..link(source_step, state) });
    for step in &row.steps {
        chain.push(Link {
            name: Some(AppText::new(&step.name)),
            value_type: types.some(step.ty),
            value: step.value.as_ref().map(shown),
            ..link("PathStep", if step.ok { "Resolved" } else { "NotFound" })
        });
    }
    let value = Some(shown(&row.value));
    chain.push(Link { value, value_type: Some(types.name(row.property_ty)), ..link("FinalValue", "Resolved") });
    Ok(ValueChain { has_binding: true, property_name: AppText::new(&row.property), chain_length: chain.len(), chain })
}

/// What a forced update did.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Updated {
    direction: &'static str,
    property_name: AppText,
    message: &'static str,
    outcome: &'static str,
}

/// Has a binding write its source or its target.
pub fn update(asker: &Asker<'_>, element: Option<&str>, property: &str, to_target: bool) -> Result<Updated, Fault> {
    use portcullis_wpf_protocol::WriteKind;
    let handle = asker.handle("elementId", element)?;
    let kind = if to_target { WriteKind::UpdateTarget } else { WriteKind::UpdateSource };
    crate::props::one_write(asker, crate::props::op(kind, handle, property), false).map_err(|fault| {
        if fault.code == FaultCode::NotFound {
            fault.field("propertyName").value(property).remedy("get_bindings tells which properties are bound")
        } else {
            fault
        }
    })?;
    Ok(Updated {
        direction: if to_target { "Target" } else { "Source" },
        property_name: AppText::new(property),
        message: "the binding was told to",
        outcome: "unverified",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_wpf_protocol::{PathStep, TypeRow, Val, ValKind};

    fn row(end: Option<u32>, target: u32, converter: Option<&str>, ok: bool) -> BindingRow {
        BindingRow {
            handle: Handle(1),
            ty: 1,
            name: None,
            is_template_part: false,
            property: "Width".into(),
            property_ty: target,
            kind: "Binding".into(),
            path: Some("A".into()),
            mode: "OneWay".into(),
            trigger: "Default".into(),
            status: if ok { "Active" } else { "PathError" }.into(),
            has_error: false,
            converter: converter.map(str::to_owned),
            format: None,
            fallback: None,
            null_value: None,
            source: BindingSource::DataContext,
            source_text: None,
            source_ty: None,
            source_handle: None,
            steps: vec![PathStep { name: "A".into(), ty: end, value: None, ok }],
            value: Val::of(ValKind::Null),
            parts: Vec::new(),
        }
    }

    #[test]
    fn a_path_is_judged_by_where_it_ends() {
        let names = ["Button", "String", "Double", "Int32", "Nullable`1Double", "Brush", "Object"];
        let rows: Vec<TypeRow> = names
            .iter()
            .enumerate()
            .map(|(at, name)| TypeRow {
                id: u32::try_from(at).unwrap() + 1,
                name: (*name).into(),
                full: (*name).into(),
            })
            .collect();
        let types = TypeNames::of(&rows);
        for (row, said) in [
            (row(Some(2), 2, None, true), None),
            (row(Some(3), 2, None, true), None),
            (row(Some(7), 3, None, true), None),
            (row(None, 3, None, false), Some(("PathMismatch", "Error"))),
            (row(Some(2), 3, None, true), Some(("TypeMismatch", "Warning"))),
            (row(Some(4), 3, None, true), Some(("TypeMismatch", "Info"))),
            (row(Some(2), 6, Some("C"), true), Some(("TypeMismatchWithConverter", "Info"))),
            (row(Some(5), 3, None, true), Some(("NullabilityMismatch", "Warning"))),
        ] {
            assert_eq!(diagnose(&row, &types), said, "{row:?}");
        }
    }

    #[test]
    fn a_binding_is_in_error_by_its_state_or_its_validation() {
        let mut bad = row(Some(2), 2, None, true);
        assert!(!is_error(&bad) && wanted(&bad, StatusFilter::Active));
        bad.has_error = true;
        assert!(is_error(&bad) && wanted(&bad, StatusFilter::Error));
        assert!(is_error(&row(None, 2, None, false)));
    }
}
