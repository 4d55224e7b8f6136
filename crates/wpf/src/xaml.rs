//! XAML of an element as it is now: its logical tree with the local values of each part. It is written here from plain values and
//! read by nobody.

use crate::ask::{AppText, Asker, TEXT, TypeNames, text_of};
use portcullis_model::{Fault, FaultCode};
use portcullis_wpf_protocol::{
    Axis, Handle, LocalKind, PropRow, PropertySet, PropsItem, PropsParams, ValKind, WalkParams,
};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::HashMap;

/// Levels that are written.
const DEPTH: u32 = 6;
/// Elements that are written.
const NODES: u32 = 256;

/// The XAML.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Xaml {
    xaml: String,
    element_count: usize,
    truncated: bool,
}

/// A text as it stands in an attribute.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            c => out.push(c),
        }
    }
    out
}

/// A name as it may stand in XAML; none for what is no name.
fn name_of(text: &str) -> Option<String> {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    (!text.is_empty() && text.chars().all(is_name)).then(|| text.to_owned())
}

fn attribute(row: &PropRow) -> Option<String> {
    let name = name_of(&row.name)?;
    let value = match row.local_kind {
        LocalKind::Unset => return None,
        LocalKind::Value => match row.value.k {
            ValKind::Object | ValKind::Collection | ValKind::Error | ValKind::Unset | ValKind::Redacted => return None,
            ValKind::Null => "{x:Null}".to_owned(),
            _ => text_of(&row.value),
        },
        other => format!("{{{}}}", crate::props::local_word(other)),
    };
    // What begins with a brace is no markup extension.
    let literal = row.local_kind == LocalKind::Value && row.value.k == ValKind::String && value.starts_with('{');
    Some(format!(" {name}=\"{}{}\"", if literal { "{}" } else { "" }, escaped(&value)))
}

/// Writes an element as XAML.
pub fn xaml(asker: &Asker<'_>, element: &str) -> Result<Xaml, Fault> {
    let handle = asker.element(Some(element))?;
    let params = WalkParams { depth: DEPTH, max: NODES, ..crate::tree::walk_from(Some(handle), Axis::Logical) };
    let found = asker.call(&params)?;
    let types = TypeNames::of(&found.types);
    if found.nodes.first().is_some_and(|node| types.name(node.ty).as_str().ends_with("Window")) {
        return Err(Fault::new(FaultCode::BadArgument, "a whole window is not written")
            .field("elementId")
            .rule("an element inside of a window is written")
            .remedy("choose an element below it: get_logical_tree tells them")
            .source_code("InvalidArgument"));
    }
    let handles: Vec<Handle> = found.nodes.iter().filter_map(|node| node.handle).collect();
    let mut values: HashMap<Handle, Vec<PropRow>> = HashMap::new();
    for part in handles.chunks(PropsParams::ITEM_CAP) {
        let item = |handle: &Handle| PropsItem { handle: *handle, names: Vec::new(), set: Some(PropertySet::Local) };
        let items = part.iter().map(item).collect();
        let read = asker.call(&PropsParams { items, meta: false, handles: false, text: TEXT, text_from: 0 })?;
        values.extend(read.items.into_iter().map(|item| (item.handle, item.rows)));
    }
    let mut out = String::new();
    let mut open: Vec<(u32, String)> = Vec::new();
    // What has no handle is no element: a text that is some element's content stands there as its value.
    let elements: Vec<_> = found.nodes.iter().filter(|node| node.handle.is_some()).collect();
    for (at, node) in elements.iter().enumerate() {
        while let Some((_, tag)) = open.pop_if(|(depth, _)| *depth >= node.depth) {
            out.push_str(&format!("{}</{tag}>\n", "  ".repeat(open.len())));
        }
        let tag = name_of(types.name(node.ty).as_str()).unwrap_or_else(|| "Element".to_owned());
        out.push_str(&format!("{}<{tag}", "  ".repeat(open.len())));
        if at == 0 {
            out.push_str(" xmlns=\"http://schemas.microsoft.com/winfx/2006/xaml/presentation\"");
            out.push_str(" xmlns:x=\"http://schemas.microsoft.com/winfx/2006/xaml\"");
        }
        if let Some(name) = node.name.as_ref().filter(|name| !name.is_empty()) {
            out.push_str(&format!(" x:Name=\"{}\"", escaped(AppText::new(name).as_str())));
        }
        let rows = node.handle.and_then(|handle| values.get(&handle));
        out.extend(rows.into_iter().flatten().filter_map(attribute));
        let has_more = elements.get(at.saturating_add(1)).is_some_and(|next| next.depth > node.depth);
        if has_more {
            out.push_str(">\n");
            open.push((node.depth, tag));
        } else {
            out.push_str(" />\n");
        }
    }
    while let Some((_, tag)) = open.pop() {
        out.push_str(&format!("{}</{tag}>\n", "  ".repeat(open.len())));
    }
    Ok(Xaml { xaml: out, element_count: elements.len(), truncated: !found.cut.is_empty() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_wpf_protocol::Val;

    #[test]
    fn a_value_is_written_so_that_it_stays_a_value() {
        let row = |name: &str, value: Val, local_kind| PropRow {
            name: name.into(),
            value,
            source: "Local".into(),
            is_expression: false,
            is_animated: false,
            is_coerced: false,
            is_current: false,
            local: None,
            local_kind,
            meta: None,
        };
        let value = LocalKind::Value;
        for (row, said) in [
            (row("Text", Val::text("a<b & \"c\"\n"), value), Some(r#" Text="a&lt;b &amp; &quot;c&quot;&#10;""#)),
            (row("Text", Val::text("{Binding X}"), value), Some(r#" Text="{}{Binding X}""#)),
            (row("Text", Val::text("x"), LocalKind::Binding), Some(r#" Text="{Binding}""#)),
            (row("Tag", Val::of(ValKind::Null), value), Some(r#" Tag="{x:Null}""#)),
            (row("Password", Val::of(ValKind::Redacted), value), None),
            (row("A\" onload=\"x", Val::text("x"), value), None),
        ] {
            assert_eq!(attribute(&row).as_deref(), said, "{row:?}");
        }
    }
}
