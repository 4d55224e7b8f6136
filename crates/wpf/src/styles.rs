//! Styles, triggers, resources and handlers: what XAML and code said of an element, and which of it holds now.

use crate::ask::{AppText, Asker, TEXT, TypeNames, shown};
use crate::facts::facets;
use portcullis_model::{Fault, FaultCode, visible};
use portcullis_wpf_protocol::{
    Facet, LocalKind, PropertySet, PropsItem, PropsParams, ResourceLevel, ResourceParams, SetterRow, StyleRow,
    TriggerRow,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Setter {
    property: AppText,
    owner_type: AppText,
    owner_type_full_name: AppText,
    qualified_property: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_name: Option<AppText>,
    value: Value,
}

fn setter(row: &SetterRow, types: &TypeNames<'_>) -> Setter {
    let (property, owner) = (AppText::new(&row.property), types.name(row.owner));
    Setter {
        qualified_property: format!("{}.{}", owner.as_str(), property.as_str()),
        property,
        owner_type: owner,
        owner_type_full_name: types.full(row.owner),
        target_name: AppText::some(row.target.as_ref()),
        value: shown(&row.value),
    }
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Style {
    /// `style`, `basedOn` or `theme`.
    style_type: AppText,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_key: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_type: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_type_full_name: Option<AppText>,
    base_value_source: AppText,
    #[serde(skip_serializing_if = "Option::is_none")]
    setters: Option<Vec<Setter>>,
    setter_count: usize,
    trigger_count: u32,
    has_based_on: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct LocalReference {
    property: AppText,
    expression_type: &'static str,
    value_source: AppText,
}

/// The styles of an element.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Styles {
    has_style: bool,
    styles: Vec<Style>,
    style_count: usize,
    local_resource_reference_count: usize,
    local_resource_references: Vec<LocalReference>,
    notes: Vec<String>,
}

fn style(row: &StyleRow, types: &TypeNames<'_>, compact: bool) -> Style {
    Style {
        style_type: AppText::new(&row.role),
        kind: "Style",
        resource_key: AppText::some(row.key.as_ref()),
        target_type: types.some(row.target),
        target_type_full_name: row.target.map(|ty| types.full(ty)),
        base_value_source: AppText::new(&row.source),
        setters: (!compact).then(|| row.setters.iter().map(|row| setter(row, types)).collect()),
        setter_count: row.setters.len(),
        trigger_count: row.triggers,
        has_based_on: row.has_based_on,
    }
}

/// The own style of an element, what it is based on, and that of the theme, in the order in which they win.
pub fn styles(asker: &Asker<'_>, element: Option<&str>, compact: bool) -> Result<Styles, Fault> {
    let handle = asker.element(element)?;
    let (row, rows) = facets(asker, handle, &[Facet::Style], None)?;
    let types = TypeNames::of(&rows);
    let found = row.style.unwrap_or_default();
    let items = vec![PropsItem { handle, names: Vec::new(), set: Some(PropertySet::Local) }];
    let local = asker.call(&PropsParams { items, meta: false, handles: false, text: TEXT, text_from: 0 })?;
    let references: Vec<LocalReference> = local
        .items
        .iter()
        .flat_map(|item| &item.rows)
        .filter(|row| row.local_kind == LocalKind::DynamicResource)
        .map(|row| LocalReference {
            property: AppText::new(&row.name),
            expression_type: "DynamicResource",
            value_source: AppText::new(&row.source),
        })
        .collect();
    let styles: Vec<Style> = found.iter().map(|row| style(row, &types, compact)).collect();
    let own = found.iter().any(|row| row.role == "style");
    let notes =
        if own { Vec::new() } else { vec!["the element has no style of its own; the theme's holds".to_owned()] };
    Ok(Styles {
        has_style: own,
        style_count: styles.len(),
        styles,
        local_resource_reference_count: references.len(),
        local_resource_references: references,
        notes,
    })
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Condition {
    #[serde(skip_serializing_if = "Option::is_none")]
    property: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_name: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    binding_path: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    binding_source: Option<AppText>,
    value: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    current_value: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_met: Option<bool>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Trigger {
    source: AppText,
    trigger_type: AppText,
    conditions: Vec<Condition>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_name: Option<AppText>,
    setters: Vec<Setter>,
    action_count: u32,
    /// Whether all its conditions are met now; absent where that could not be found out.
    #[serde(skip_serializing_if = "Option::is_none")]
    is_active: Option<bool>,
}

/// The triggers of an element.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Triggers {
    trigger_count: usize,
    active_trigger_count: usize,
    triggers: Vec<Trigger>,
}

/// Whether a trigger holds: all conditions must; one that is not met decides, one that is not known leaves it open.
fn is_active(row: &TriggerRow) -> Option<bool> {
    if row.conditions.is_empty() {
        return None;
    }
    if row.conditions.iter().any(|one| one.met == Some(false)) {
        return Some(false);
    }
    row.conditions.iter().all(|one| one.met == Some(true)).then_some(true)
}

/// The triggers of an element's styles and templates, with whether they hold now.
pub fn triggers(asker: &Asker<'_>, element: &str) -> Result<Triggers, Fault> {
    let handle = asker.element(Some(element))?;
    let (row, rows) = facets(asker, handle, &[Facet::Triggers], None)?;
    let types = TypeNames::of(&rows);
    let told = |row: &TriggerRow| Trigger {
        source: AppText::new(&row.from),
        trigger_type: AppText::new(&row.kind),
        conditions: row
            .conditions
            .iter()
            .map(|one| Condition {
                property: AppText::some(one.property.as_ref()),
                source_name: AppText::some(one.source.as_ref()),
                binding_path: AppText::some(one.path.as_ref()),
                binding_source: AppText::some(one.path_source.as_ref()),
                value: shown(&one.value),
                current_value: one.current.as_ref().map(shown),
                is_met: one.met,
            })
            .collect(),
        event_name: AppText::some(row.event.as_ref()),
        setters: row.setters.iter().map(|row| setter(row, &types)).collect(),
        action_count: row.actions,
        is_active: is_active(row),
    };
    let triggers: Vec<Trigger> = row.triggers.unwrap_or_default().iter().map(told).collect();
    let active = triggers.iter().filter(|one| one.is_active == Some(true)).count();
    Ok(Triggers { trigger_count: triggers.len(), active_trigger_count: active, triggers })
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ResourcePlace {
    level: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    element_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    element_type: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dictionary_source: Option<AppText>,
    merged_depth: u32,
    resource_key: AppText,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_type: Option<AppText>,
    resource_value: Value,
    is_winner: bool,
}

/// Where a resource is.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResourceChain {
    found: bool,
    chain: Vec<ResourcePlace>,
    searched_dictionary_count: u32,
    candidates: Vec<String>,
}

/// Every place that has a resource, from an element outwards; the first wins.
pub fn resource_chain(asker: &Asker<'_>, element: Option<&str>, key: &str) -> Result<ResourceChain, Fault> {
    let from = asker.handle("elementId", element)?;
    let found = asker.call(&ResourceParams { from, key: key.to_owned(), text: TEXT })?;
    let types = TypeNames::of(&found.types);
    let chain: Vec<ResourcePlace> = found
        .rows
        .iter()
        .map(|row| {
            let element_type = types.some(row.ty);
            let ty = element_type.as_ref().map_or("Element", AppText::as_str);
            ResourcePlace {
                level: match row.level {
                    ResourceLevel::Element => "Element",
                    ResourceLevel::Application => "Application",
                    ResourceLevel::Theme => "Theme",
                    ResourceLevel::System => "System",
                },
                element_id: row.handle.map(|handle| asker.name(handle, ty)),
                element_type,
                dictionary_source: AppText::some(row.uri.as_ref()),
                merged_depth: row.merged,
                resource_key: AppText::new(key),
                resource_type: types.some(row.value.ty),
                resource_value: shown(&row.value),
                is_winner: row.wins,
            }
        })
        .collect();
    let near = |name: &String| visible(name, Fault::VALUE_LIMIT);
    let candidates = if chain.is_empty() { found.candidates.iter().map(near).collect() } else { Vec::new() };
    Ok(ResourceChain { found: !chain.is_empty(), chain, searched_dictionary_count: found.searched, candidates })
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Handler {
    handler_type: AppText,
    target_type: AppText,
    method_name: AppText,
    is_class_handler: bool,
    handled_events_too: bool,
}

/// The handlers of an event.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Handlers {
    event_name: AppText,
    routing_strategy: AppText,
    handler_count: usize,
    handlers: Vec<Handler>,
    reflection_supported: bool,
    may_be_incomplete: bool,
    /// The command that a click executes besides.
    commands: Vec<AppText>,
}

/// The handlers that an element has for a routed event.
pub fn handlers(asker: &Asker<'_>, element: &str, event: &str) -> Result<Handlers, Fault> {
    let handle = asker.element(Some(element))?;
    let (row, _) = facets(asker, handle, &[Facet::Handlers, Facet::Command], Some(event))?;
    let Some(found) = row.handlers else {
        return Err(Fault::new(FaultCode::NotFound, "the element has no such routed event")
            .field("eventName")
            .value(event)
            .remedy("name a routed event, as `Click` or `MouseDown`")
            .source_code("EventNotFound"));
    };
    let handlers: Vec<Handler> = found
        .handlers
        .iter()
        .map(|one| Handler {
            handler_type: AppText::new(&one.handler),
            target_type: AppText::new(&one.target),
            method_name: AppText::new(&one.method),
            is_class_handler: one.is_class,
            handled_events_too: one.handled_too,
        })
        .collect();
    let command = row.command.and_then(|command| command.name);
    Ok(Handlers {
        event_name: AppText::new(&found.event),
        routing_strategy: AppText::new(&found.strategy),
        handler_count: handlers.len(),
        handlers,
        reflection_supported: found.supported,
        may_be_incomplete: !found.supported,
        commands: AppText::some(command.as_ref()).into_iter().collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_wpf_protocol::{ConditionRow, Val, ValKind};

    #[test]
    fn a_trigger_holds_when_all_its_conditions_are_known_to() {
        let condition = |met| ConditionRow {
            property: None,
            source: None,
            path: None,
            path_source: None,
            value: Val::of(ValKind::Null),
            current: None,
            met,
        };
        for (met, held) in [
            (vec![], None),
            (vec![Some(true)], Some(true)),
            (vec![Some(true), Some(false)], Some(false)),
            (vec![None, Some(false)], Some(false)),
            (vec![Some(true), None], None),
        ] {
            let row = TriggerRow {
                from: "style".into(),
                kind: "MultiTrigger".into(),
                conditions: met.iter().map(|met| condition(*met)).collect(),
                event: None,
                setters: Vec::new(),
                actions: 0,
            };
            assert_eq!(is_active(&row), held, "{met:?}");
        }
    }
}
