//! One answer, or one for each of several elements and properties: the two shapes that the source has for `elementIds`.

use super::args::ElementId;
use crate::args::List;
use portcullis_model::{Fault, FaultCode};
use portcullis_wpf::EXPANSION_CAP;
use schemars::JsonSchema;
use serde::Serialize;

/// One of several answers.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Row<A> {
    success: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    element_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    property_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<A>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Rows<A> {
    result_count: usize,
    success_count: usize,
    failure_count: usize,
    results: Vec<Row<A>>,
}

/// An answer, or several.
#[derive(Serialize, JsonSchema)]
pub(super) struct Several<A> {
    #[serde(flatten)]
    one: Option<A>,
    #[serde(flatten)]
    all: Option<Rows<A>>,
}

/// Asks for one element, or for each of several.
pub(super) fn each<A>(
    one: Option<ElementId>,
    several: Option<List<ElementId, 100>>,
    ask: impl Fn(Option<&str>) -> Result<A, Fault>,
) -> Result<Several<A>, Fault> {
    each_property(one, several, &[], |id, _| ask(id))
}

/// The same for each of several properties.
pub(super) fn each_property<A>(
    one: Option<ElementId>,
    several: Option<List<ElementId, 100>>,
    names: &[String],
    ask: impl Fn(Option<&str>, &str) -> Result<A, Fault>,
) -> Result<Several<A>, Fault> {
    if one.is_some() && several.is_some() {
        return Err(Fault::new(FaultCode::BadArgument, "`elementId` and `elementIds` are both given")
            .field("elementIds")
            .rule("an element or several are meant")
            .remedy("leave one of them out")
            .source_code("InvalidArgument"));
    }
    let ids: Vec<Option<String>> = match several {
        Some(list) if list.0.is_empty() => {
            return Err(Fault::bad_argument("elementIds", "[]", "it has at least one id", "name an element")
                .source_code("InvalidArgument"));
        }
        Some(list) => list.0.into_iter().map(|id| Some(id.0)).collect(),
        None => vec![one.map(|id| id.0)],
    };
    let count = ids.len().saturating_mul(names.len().max(1));
    if count > EXPANSION_CAP {
        return Err(Fault::new(FaultCode::TooLarge, format!("{count} answers are asked for"))
            .field("elementIds")
            .rule(format!("elements by properties are at most {EXPANSION_CAP}"))
            .remedy("ask for fewer at once")
            .source_code("InvalidArgument"));
    }
    let nameless = [String::new()];
    let names = if names.is_empty() { &nameless } else { names };
    if let ([id], [name]) = (ids.as_slice(), names) {
        return Ok(Several { one: Some(ask(id.as_deref(), name)?), all: None });
    }
    let mut results = Vec::with_capacity(count);
    for id in &ids {
        for name in names {
            let (result, error) = match ask(id.as_deref(), name) {
                Ok(result) => (Some(result), None),
                // What ends the whole call is no row of it.
                Err(fault) if ends_the_call(&fault) => return Err(fault),
                Err(fault) => (None, Some(fault.to_string())),
            };
            results.push(Row {
                success: result.is_some(),
                element_id: id.clone(),
                property_name: Some(name.clone()).filter(|name| !name.is_empty()),
                result,
                error,
            });
        }
    }
    let success_count = results.iter().filter(|row| row.success).count();
    let all = Rows {
        result_count: results.len(),
        success_count,
        failure_count: results.len().saturating_sub(success_count),
        results,
    };
    Ok(Several { one: None, all: Some(all) })
}

/// Whether no further question would be answered either.
pub(super) fn ends_the_call(fault: &Fault) -> bool {
    let code = fault.code;
    matches!(code, FaultCode::Cancelled | FaultCode::Stopped | FaultCode::TimedOut | FaultCode::HungTarget)
        || matches!(fault.source_code, Some("TransportReset" | "SecurityError"))
}
