//! Snapshots of properties, view models and the keyboard's place: kept by the inspector as the very objects, compared and put back
//! here. What cannot be put back is said when it is kept.

use crate::ask::{AppText, Asker, TEXT, shown};
use crate::fault::CallFault;
use crate::session::Session;
use portcullis_model::{Fault, FaultCode};
use portcullis_wpf_protocol::{
    CaptureItem, CaptureObject, CaptureParams, Handle, LocalKind, ObjectParams, ObjectRef, TokenRow, Val, WriteKind,
    WriteOp, WriteParams,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::time::Instant;

/// Something that a snapshot keeps.
#[derive(Clone, Debug)]
struct Item {
    /// The element that it belongs to.
    owner: Handle,
    token: u64,
    handle: Option<Handle>,
    name: Option<String>,
    is_member: bool,
    kind: LocalKind,
    value: Val,
    restorable: bool,
}

/// A snapshot.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    pub(crate) id: String,
    elements: Vec<Handle>,
    items: Vec<Item>,
    errors: Vec<Value>,
    has_focus: bool,
    at: Instant,
}

/// What is kept.
#[derive(Clone, Debug, Default)]
pub struct CaptureAsk {
    /// The element; none for the main window.
    pub element: Option<String>,
    /// Dependency properties.
    pub properties: Vec<String>,
    /// Properties of its data context.
    pub members: Vec<String>,
    /// Whether the keyboard's place is kept.
    pub focus: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Summary {
    dependency_property_count: usize,
    restorable_dependency_property_count: usize,
    skipped_dependency_property_count: usize,
    view_model_property_count: usize,
    captured_focus: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Completeness {
    validation_baseline_captured: bool,
}

/// A kept snapshot.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Captured {
    snapshot_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot_name: Option<AppText>,
    snapshot_summary: Summary,
    snapshot_completeness: Completeness,
    skipped_dependency_properties: Vec<AppText>,
    warnings: Vec<String>,
}

impl Captured {
    /// The snapshot's id.
    pub fn id(&self) -> &str {
        &self.snapshot_id
    }
}

/// Keeps a snapshot of one element or several.
pub fn capture(asker: &Asker<'_>, asks: &[CaptureAsk], name: Option<&str>) -> Result<Captured, Fault> {
    let focus = asks.iter().any(|ask| ask.focus);
    if asks.iter().all(|ask| ask.properties.is_empty() && ask.members.is_empty()) && !focus {
        return Err(Fault::new(FaultCode::BadArgument, "nothing is to be kept")
            .field("propertyNames")
            .rule("one of propertyNames, viewModelPropertyNames and includeFocus is given")
            .remedy("name the properties that you will change")
            .source_code("InvalidArgument"));
    }
    let mut elements = Vec::with_capacity(asks.len());
    for ask in asks {
        elements.push(asker.element(ask.element.as_deref())?);
    }
    let mut params = CaptureParams { text: TEXT, ..CaptureParams::default() };
    let (mut owners, mut of_members) = (Vec::new(), Vec::new());
    for (ask, element) in asks.iter().zip(&elements) {
        params.items.extend(some(&ask.properties, |names| CaptureItem { handle: *element, names }));
        owners.extend(ask.properties.iter().map(|_| *element));
        let object = ObjectRef { handle: Some(*element), data_context: true, path: Vec::new() };
        params.objects.extend(some(&ask.members, |members| CaptureObject { object, members }));
        of_members.extend(ask.members.iter().map(|_| *element));
    }
    params.focus_of = elements.first().copied().filter(|_| focus);
    owners.extend(of_members);
    owners.extend(params.focus_of);
    let found = asker.call(&params)?;
    if found.tokens.len() != owners.len() {
        return Err(CallFault::NoAnswer("it has not a row for each name").into());
    }
    let (mut items, mut skipped, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
    for (row, owner) in found.tokens.iter().zip(owners) {
        match item(row, owner) {
            Some(item) => {
                if !item.restorable {
                    warnings.push(format!("{} can be compared and not put back", label(row)));
                }
                items.push(item);
            }
            None => {
                let why = row.error.as_ref().map_or("it cannot be kept", |error| error.message.as_str());
                warnings.push(format!("{}: {}", label(row), AppText::new(why).as_str()));
                skipped.push(AppText::new(&label(row)));
            }
        }
    }
    let errors = errors_of(asker, &elements);
    let baseline = errors.is_ok();
    let properties = |item: &&Item| !item.is_member && item.name.is_some();
    let summary = Summary {
        dependency_property_count: items.iter().filter(properties).count(),
        restorable_dependency_property_count: items.iter().filter(properties).filter(|item| item.restorable).count(),
        skipped_dependency_property_count: skipped.len(),
        view_model_property_count: items.iter().filter(|item| item.is_member).count(),
        captured_focus: focus,
    };
    let oldest = {
        let mut memory = asker.session.memory();
        let id = format!("snapshot_{}", memory.number());
        let errors = errors.unwrap_or_default();
        let snapshot = Snapshot { id: id.clone(), elements, items, errors, has_focus: focus, at: Instant::now() };
        (memory.keep(snapshot), id)
    };
    let (oldest, id) = oldest;
    if let Some(oldest) = oldest {
        forget(asker, &oldest);
    }
    Ok(Captured {
        snapshot_id: id,
        snapshot_name: name.map(AppText::new),
        snapshot_summary: summary,
        snapshot_completeness: Completeness { validation_baseline_captured: baseline },
        skipped_dependency_properties: skipped,
        warnings,
    })
}

fn some<T>(names: &[String], make: impl FnOnce(Vec<String>) -> T) -> Vec<T> {
    if names.is_empty() { Vec::new() } else { vec![make(names.to_vec())] }
}

fn label(row: &TokenRow) -> String {
    row.name.as_ref().map_or("focus".to_owned(), |name| AppText::new(name).as_str().to_owned())
}

fn errors_of(asker: &Asker<'_>, elements: &[Handle]) -> Result<Vec<Value>, Fault> {
    let mut all = Vec::new();
    for element in elements {
        all.extend(crate::mvvm::errors_of(asker, *element)?);
    }
    Ok(all)
}

fn item(row: &TokenRow, owner: Handle) -> Option<Item> {
    Some(Item {
        owner,
        token: row.token?,
        handle: row.handle,
        name: row.name.clone(),
        is_member: row.is_member,
        kind: row.local_kind,
        value: row.value.clone(),
        restorable: row.restorable,
    })
}

/// Whether a snapshot keeps properties of a view model; one that is not there keeps none.
pub fn keeps_members(session: &Session, id: &str) -> bool {
    session.memory().snapshot(id).is_some_and(|snapshot| snapshot.items.iter().any(|item| item.is_member))
}

fn forget(asker: &Asker<'_>, snapshot: &Snapshot) {
    let forget = snapshot.items.iter().map(|item| item.token).collect();
    // They are forgotten after a while in any case.
    asker.call(&CaptureParams { forget, text: TEXT, ..CaptureParams::default() }).ok();
}

fn known(asker: &Asker<'_>, id: &str) -> Result<Snapshot, Fault> {
    let memory = asker.session.memory();
    memory.snapshot(id).ok_or_else(|| {
        Fault::new(FaultCode::NotFound, "there is no such snapshot")
            .field("snapshotId")
            .value(id)
            .rule("a session keeps its last 20 snapshots")
            .remedy("take one with capture_state_snapshot")
            .candidates(memory.snapshot_ids())
            .source_code("InvalidArgument")
    })
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Change {
    property_name: AppText,
    old_value: Value,
    new_value: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_local_value_kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_local_value_kind: Option<&'static str>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ValidationChanges {
    added: Vec<Value>,
    removed: Vec<Value>,
}

/// What is not as it was.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Diff {
    snapshot_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    trigger: Option<AppText>,
    duration_ms: u64,
    change_count: usize,
    property_changes: Vec<Change>,
    view_model_changes: Vec<Change>,
    validation_changes: ValidationChanges,
    focus_captured: bool,
}

/// Compares what is with a snapshot.
pub fn diff(asker: &Asker<'_>, id: &str, trigger: Option<&str>) -> Result<Diff, Fault> {
    let snapshot = known(asker, id)?;
    let mut property_changes = Vec::new();
    for item in snapshot.items.iter().filter(|item| !item.is_member) {
        let (Some(handle), Some(name)) = (item.handle, &item.name) else { continue };
        let row = crate::props::read_one(asker, handle, name)?;
        if row.value != item.value || row.local_kind != item.kind {
            property_changes.push(Change {
                property_name: AppText::new(name),
                old_value: shown(&item.value),
                new_value: shown(&row.value),
                old_local_value_kind: Some(crate::props::local_word(item.kind)),
                new_local_value_kind: Some(crate::props::local_word(row.local_kind)),
            });
        }
    }
    let mut view_model_changes = Vec::new();
    for element in &snapshot.elements {
        view_model_changes.extend(member_changes(asker, &snapshot, *element)?);
    }
    let now = errors_of(asker, &snapshot.elements)?;
    let added = now.iter().filter(|error| !snapshot.errors.contains(error)).cloned().collect::<Vec<_>>();
    let removed = snapshot.errors.iter().filter(|error| !now.contains(error)).cloned().collect::<Vec<_>>();
    Ok(Diff {
        snapshot_id: snapshot.id,
        trigger: trigger.map(AppText::new),
        duration_ms: u64::try_from(snapshot.at.elapsed().as_millis()).unwrap_or(u64::MAX),
        change_count: property_changes.len() + view_model_changes.len() + added.len() + removed.len(),
        property_changes,
        view_model_changes,
        validation_changes: ValidationChanges { added, removed },
        focus_captured: snapshot.has_focus,
    })
}

fn member_changes(asker: &Asker<'_>, snapshot: &Snapshot, element: Handle) -> Result<Vec<Change>, Fault> {
    let is_its = |item: &&Item| item.is_member && item.owner == element;
    let members: Vec<&Item> = snapshot.items.iter().filter(is_its).collect();
    let names: Vec<String> = members.iter().filter_map(|item| item.name.clone()).collect();
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let object = ObjectRef { handle: Some(element), data_context: true, path: Vec::new() };
    let max = ObjectParams::MEMBER_CAP;
    let found = asker.call(&ObjectParams { object, members: names, commands: false, max, items: 0, text: TEXT })?;
    let change = |item: &&Item| {
        let row = found.members.iter().find(|row| Some(&row.name) == item.name.as_ref())?;
        (row.value.v != item.value.v || row.value.s != item.value.s || row.value.k != item.value.k).then(|| Change {
            property_name: AppText::new(&row.name),
            old_value: shown(&item.value),
            new_value: shown(&row.value),
            old_local_value_kind: None,
            new_local_value_kind: None,
        })
    };
    Ok(members.iter().filter_map(change).collect())
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct RestoredRow {
    property_name: AppText,
    #[serde(skip_serializing_if = "Option::is_none")]
    current_value: Option<Value>,
    expected_value: Value,
    /// Whether the value that is there now is the one that was kept.
    verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    same_object: Option<bool>,
    restore_disposition: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<AppText>,
}

/// What was put back.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Restored {
    snapshot_id: String,
    restored_dependency_properties: Vec<RestoredRow>,
    restored_view_model_properties: Vec<RestoredRow>,
    skipped: Vec<RestoredRow>,
    restored_focus: bool,
    restore_incomplete: bool,
    snapshot_removed: bool,
    warnings: Vec<String>,
    outcome: &'static str,
}

impl Restored {
    /// Whether everything was put back.
    pub fn is_whole(&self) -> bool {
        !self.restore_incomplete
    }
}

/// Puts back what a snapshot keeps: view models first, then properties, then the keyboard; each is looked at again.
pub fn restore(asker: &Asker<'_>, id: &str, remove: bool) -> Result<Restored, Fault> {
    let snapshot = known(asker, id)?;
    let rank = |item: &Item| match (item.is_member, &item.name) {
        (true, _) => 0,
        (false, Some(_)) => 1,
        (false, None) => 2,
    };
    let mut items: Vec<Item> = snapshot.items.iter().filter(|item| item.restorable).cloned().collect();
    items.sort_by_key(rank);
    let op = |item: &Item| WriteOp {
        kind: WriteKind::Restore,
        handle: None,
        object: None,
        name: None,
        value: None,
        token: Some(item.token),
    };
    let ops: Vec<WriteOp> = items.iter().map(op).collect();
    let mut rows = Vec::new();
    for part in ops.chunks(WriteParams::OP_CAP) {
        let params = WriteParams { ops: part.to_vec(), keep: false, stop_on_error: false, text: TEXT };
        rows.extend(asker.call(&params)?.rows);
    }
    if rows.len() != items.len() {
        return Err(CallFault::NoAnswer("it has not a row for each write").into());
    }
    let (mut properties, mut members, mut skipped, mut warnings) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut focus = false;
    for (item, row) in items.iter().zip(&rows) {
        let Some(name) = &item.name else {
            focus = row.done;
            continue;
        };
        let same = row
            .after
            .as_ref()
            .is_some_and(|after| after.k == item.value.k && after.v == item.value.v && after.s == item.value.s);
        let told = RestoredRow {
            property_name: AppText::new(name),
            current_value: row.after.as_ref().map(shown),
            expected_value: shown(&item.value),
            verified: row.done && same,
            same_object: row.same_object,
            restore_disposition: if row.done { "Restored" } else { "Failed" },
            error: row.error.as_ref().map(|error| AppText::new(&error.message)),
        };
        if !told.verified {
            warnings.push(format!("{}: it could not be shown to be as it was", told.property_name.as_str()));
        }
        if !row.done {
            skipped.push(told);
        } else if item.is_member {
            members.push(told);
        } else {
            properties.push(told);
        }
    }
    for item in snapshot.items.iter().filter(|item| !item.restorable) {
        skipped.push(RestoredRow {
            property_name: AppText::new(item.name.as_deref().unwrap_or("focus")),
            current_value: None,
            expected_value: shown(&item.value),
            verified: false,
            same_object: None,
            restore_disposition: "NotRestorable",
            error: None,
        });
    }
    let whole = warnings.is_empty() && skipped.is_empty();
    let removed = remove && whole;
    if removed {
        asker.session.memory().forget(id);
        forget(asker, &snapshot);
    }
    Ok(Restored {
        snapshot_id: snapshot.id,
        restored_dependency_properties: properties,
        restored_view_model_properties: members,
        skipped,
        restored_focus: focus,
        restore_incomplete: !whole,
        snapshot_removed: removed,
        warnings,
        outcome: if whole { "confirmed" } else { "unverified" },
    })
}
