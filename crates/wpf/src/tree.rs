//! Trees: what a walk found becomes nested nodes or a table, with what was left out and whether going deeper would tell more.

use crate::ask::{AppText, Asker, TypeNames};
use crate::home::Home;
use portcullis_model::{Fault, FaultCode};
use portcullis_wpf_protocol::{
    Axis, CutReason, Facet, FacetsParams, Find, Handle, NodeField, NodeFlags, WalkParams, WalkResult,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::HashSet;

/// Levels that a tree has where nothing is said.
pub const TREE_DEPTH: u32 = 10;
/// Nodes that a tree has where nothing is said.
pub const TREE_NODES: u32 = 1_000;
/// Children of a node where nothing is said.
pub const TREE_CHILDREN: u32 = 200;
/// Elements that a count or a search of names looks at.
pub(crate) const COUNT_CAP: u32 = 10_000;
/// Milliseconds on the application's thread.
pub(crate) const WALK_MS: u32 = 1_500;
/// Differences that a comparison lists.
const DIFFERENCE_CAP: usize = 200;

/// Which tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tree {
    /// The visual tree.
    Visual,
    /// The logical tree.
    Logical,
    /// What the element's template made.
    Template,
}

/// How much of a tree is told, and how.
#[derive(Clone, Copy, Debug)]
pub struct TreeOptions {
    /// Levels below the beginning.
    pub depth: u32,
    /// Nodes.
    pub max_nodes: u32,
    /// Children of one node.
    pub max_children: u32,
    /// Whether counts of children are left out.
    pub compact: bool,
    /// Whether it is a table.
    pub summary_only: bool,
}

impl Default for TreeOptions {
    fn default() -> Self {
        Self {
            depth: TREE_DEPTH,
            max_nodes: TREE_NODES,
            max_children: TREE_CHILDREN,
            compact: false,
            summary_only: false,
        }
    }
}

/// One element with what is in it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TreeNode {
    #[serde(skip_serializing_if = "Option::is_none")]
    element_id: Option<String>,
    #[serde(rename = "type")]
    ty: AppText,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    child_count: Option<u32>,
    children: Vec<TreeNode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    omitted_child_count: Option<u32>,
}

/// Whether the tree is deep enough.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct DepthHint {
    is_sufficient: bool,
    reason_code: &'static str,
    current_depth: u32,
    recommended_depth: u32,
    suggestion: String,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Applied {
    depth: u32,
    max_nodes: u32,
    max_children_per_node: u32,
    compact: bool,
    summary_only: bool,
}

/// A tree.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TreeAnswer {
    #[serde(skip_serializing_if = "Option::is_none")]
    tree: Option<TreeNode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    columns: Option<[&'static str; 6]>,
    /// Rows in the order of the columns.
    #[serde(skip_serializing_if = "Option::is_none")]
    nodes: Option<Vec<Value>>,
    depth_sufficiency_hint: DepthHint,
    returned_node_count: usize,
    omitted_node_count: u32,
    truncated: bool,
    truncation_reasons: Vec<String>,
    applied_options: Applied,
}

pub(crate) fn reasons(cut: &[CutReason]) -> Vec<String> {
    let word = |reason: &CutReason| serde_json::to_value(reason).ok()?.as_str().map(str::to_owned);
    cut.iter().filter_map(word).collect()
}

/// A walk down from one element.
pub(crate) fn walk_from(from: Option<Handle>, axis: Axis) -> WalkParams {
    WalkParams {
        from: from.into_iter().collect(),
        axis,
        depth: WalkParams::DEPTH_CAP,
        max: WalkParams::NODE_CAP,
        max_children: WalkParams::CHILD_CAP,
        fields: vec![NodeField::Names],
        props: Vec::new(),
        find: None,
        visit: COUNT_CAP,
        ms: WALK_MS,
        text: crate::ask::TEXT,
    }
}

/// The tree of an element.
pub fn tree(asker: &Asker<'_>, which: Tree, element: Option<&str>, options: TreeOptions) -> Result<TreeAnswer, Fault> {
    let mut from = asker.handle("elementId", element)?;
    let axis = match which {
        Tree::Visual => Axis::Visual,
        Tree::Logical => Axis::Logical,
        Tree::Template => {
            from = Some(template_root(asker, element)?);
            Axis::Visual
        }
    };
    let params = WalkParams {
        depth: options.depth,
        max: options.max_nodes,
        max_children: options.max_children,
        visit: WalkParams::VISIT_CAP,
        ..walk_from(from, axis)
    };
    let found = asker.call(&params)?;
    // Told with the tree, so that it is not looked for.
    if let Some((within, root)) = found.within.zip(found.nodes.first().and_then(|node| node.handle)) {
        asker.session.homes().put(root, Home { window: within.hwnd, is_root: within.is_root });
    }
    Ok(judge(&found, options, &mut |handle, ty| asker.name(handle, ty)))
}

fn template_root(asker: &Asker<'_>, element: Option<&str>) -> Result<Handle, Fault> {
    let handle = asker.element(element)?;
    let params = FacetsParams {
        handles: vec![handle],
        facets: vec![Facet::Template],
        event: None,
        resolve: false,
        text: crate::ask::TEXT,
    };
    let found = asker.call(&params)?;
    let root = found.items.first().and_then(|row| row.template.as_ref()?.root);
    root.ok_or_else(|| {
        Fault::new(FaultCode::NotOperable, "no template has made anything of this element")
            .field("elementId")
            .rule("a control has a template tree once it is loaded and was shown")
            .remedy("choose a control, or show it first, for example by selecting its tab")
            .source_code("ElementNotLoaded")
    })
}

/// What a walk comes to.
fn judge(found: &WalkResult, options: TreeOptions, name: &mut dyn FnMut(Handle, &str) -> String) -> TreeAnswer {
    let types = TypeNames::of(&found.types);
    let omitted = found.nodes.iter().map(|node| node.omitted).fold(0, u32::saturating_add);
    let deepest = found.nodes.iter().map(|node| node.depth).max().unwrap_or(0);
    let too_shallow = found.cut.contains(&CutReason::Depth);
    let recommended = if too_shallow { options.depth.saturating_mul(2).clamp(1, 100) } else { options.depth };
    let hint = DepthHint {
        is_sufficient: !too_shallow,
        reason_code: if too_shallow { "DepthLimitReached" } else { "Complete" },
        current_depth: deepest,
        recommended_depth: recommended,
        suggestion: if too_shallow {
            format!("ask with depth {recommended}, or begin further down")
        } else {
            "nothing lies deeper".to_owned()
        },
    };
    let mut ids = Vec::with_capacity(found.nodes.len());
    for node in &found.nodes {
        ids.push(node.handle.map(|handle| name(handle, types.name(node.ty).as_str())));
    }
    let (tree, rows) = if options.summary_only {
        (None, Some(table(found, &types, &ids)))
    } else {
        (nest(found, &types, ids, options.compact), None)
    };
    TreeAnswer {
        tree,
        format: rows.as_ref().map(|_| "table"),
        columns: rows.as_ref().map(|_| ["elementId", "type", "name", "childCount", "depth", "parentId"]),
        nodes: rows,
        depth_sufficiency_hint: hint,
        returned_node_count: found.nodes.len(),
        omitted_node_count: omitted,
        truncated: !found.cut.is_empty(),
        truncation_reasons: reasons(&found.cut),
        applied_options: Applied {
            depth: options.depth,
            max_nodes: options.max_nodes,
            max_children_per_node: options.max_children,
            compact: options.compact,
            summary_only: options.summary_only,
        },
    }
}

fn place(position: u32) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

fn table(found: &WalkResult, types: &TypeNames<'_>, ids: &[Option<String>]) -> Vec<Value> {
    let row = |(node, id): (&portcullis_wpf_protocol::Node, &Option<String>)| {
        let parent = node.parent.and_then(|parent| ids.get(place(parent))).cloned().flatten();
        json!([id, types.name(node.ty), AppText::some(node.name.as_ref()), node.children, node.depth, parent])
    };
    found.nodes.iter().zip(ids).map(row).collect()
}

/// Nests nodes of which each comes after its parent. One whose parent does not come before it is left out.
fn nest(found: &WalkResult, types: &TypeNames<'_>, ids: Vec<Option<String>>, compact: bool) -> Option<TreeNode> {
    let mut made: Vec<Option<TreeNode>> = Vec::with_capacity(ids.len());
    for (node, element_id) in found.nodes.iter().zip(ids) {
        made.push(Some(TreeNode {
            element_id,
            ty: types.name(node.ty),
            name: AppText::some(node.name.as_ref()),
            child_count: (!compact).then_some(node.children),
            children: Vec::new(),
            omitted_child_count: Some(node.omitted).filter(|count| *count > 0),
        }));
    }
    for at in (1..made.len()).rev() {
        let Some(mut node) = made.get_mut(at).and_then(Option::take) else { continue };
        // Those that were put in came last first.
        node.children.reverse();
        let parent = found.nodes.get(at).and_then(|node| node.parent).map(place).filter(|parent| *parent < at);
        if let Some(Some(parent)) = parent.and_then(|parent| made.get_mut(parent)) {
            parent.children.push(node);
        }
    }
    let mut root = made.into_iter().next().flatten()?;
    root.children.reverse();
    Some(root)
}

/// One difference between the trees.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Difference {
    #[serde(rename = "type")]
    kind: &'static str,
    element_type: AppText,
    element_id: String,
}

/// What the two trees have in common.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    visual_child_count: u32,
    logical_child_count: u32,
    difference_count: usize,
    differences: Vec<Difference>,
    truncated: bool,
}

/// Compares the children of an element in both trees.
pub fn compare(asker: &Asker<'_>, element: Option<&str>) -> Result<Comparison, Fault> {
    let from = asker.handle("elementId", element)?;
    let children = |axis| asker.call(&WalkParams { depth: 1, ..walk_from(from, axis) });
    let (visual, logical) = (children(Axis::Visual)?, children(Axis::Logical)?);
    let handles =
        |found: &WalkResult| found.nodes.iter().skip(1).filter_map(|node| node.handle).collect::<HashSet<_>>();
    let (seen, said) = (handles(&visual), handles(&logical));
    let mut differences = Vec::new();
    for (found, other, kind) in [(&visual, &said, "VisualOnly"), (&logical, &seen, "LogicalOnly")] {
        let types = TypeNames::of(&found.types);
        for node in found.nodes.iter().skip(1) {
            let Some(handle) = node.handle.filter(|handle| !other.contains(handle)) else { continue };
            let element_type = types.name(node.ty);
            let element_id = asker.name(handle, element_type.as_str());
            differences.push(Difference { kind, element_type, element_id });
        }
    }
    let count = differences.len();
    differences.truncate(DIFFERENCE_CAP);
    let of = |found: &WalkResult| found.nodes.first().map_or(0, |node| node.children);
    Ok(Comparison {
        visual_child_count: of(&visual),
        logical_child_count: of(&logical),
        difference_count: count,
        truncated: count > differences.len(),
        differences,
    })
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Named {
    name: AppText,
    #[serde(rename = "type")]
    ty: AppText,
    element_id: String,
}

/// The names in an element.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NameScope {
    has_name_scope: bool,
    named_element_count: usize,
    named_elements: Vec<Named>,
    traversal_node_count: u32,
    max_traversal_nodes: u32,
    traversal_truncated: bool,
}

/// The named elements below an element.
pub fn namescope(asker: &Asker<'_>, element: Option<&str>, max_nodes: u32) -> Result<NameScope, Fault> {
    let from = asker.handle("elementId", element)?;
    let fields = vec![NodeField::Names, NodeField::Flags];
    let found = asker.call(&WalkParams { fields, visit: max_nodes, ..walk_from(from, Axis::Visual) })?;
    let types = TypeNames::of(&found.types);
    let named_elements: Vec<Named> = found
        .nodes
        .iter()
        .filter_map(|node| {
            let name = AppText::new(node.name.as_deref().filter(|name| !name.is_empty())?);
            let ty = types.name(node.ty);
            Some(Named { name, element_id: asker.name(node.handle?, ty.as_str()), ty })
        })
        .collect();
    let scope = found.nodes.first().is_some_and(|node| NodeFlags(node.flags).holds(NodeFlags::NAME_SCOPE));
    Ok(NameScope {
        has_name_scope: scope,
        named_element_count: named_elements.len(),
        named_elements,
        traversal_node_count: found.visited,
        max_traversal_nodes: max_nodes,
        traversal_truncated: !found.cut.is_empty(),
    })
}

/// How many elements there are.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VisualCount {
    count: u32,
    total_count: u32,
    visual_count_limit: u32,
    visual_count_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    element_type: Option<AppText>,
}

impl VisualCount {
    /// How many, and whether there are more.
    pub(crate) fn parts(&self) -> (u32, bool) {
        (self.count, self.visual_count_truncated)
    }
}

/// Counts the visuals in an element.
pub fn visual_count(asker: &Asker<'_>, element: Option<&str>) -> Result<VisualCount, Fault> {
    let from = asker.handle("elementId", element)?;
    // A search that nothing fits counts without telling: one node comes, the beginning itself.
    let none = Find { name: Some("\u{1}".to_owned()), ..Find::default() };
    let counted = asker.call(&WalkParams { find: Some(none), max: 1, ..walk_from(from, Axis::Visual) })?;
    let own = asker.call(&WalkParams { depth: 0, max: 1, ..walk_from(from, Axis::Visual) })?;
    let types = TypeNames::of(&own.types);
    Ok(VisualCount {
        count: counted.visited,
        total_count: counted.visited,
        visual_count_limit: COUNT_CAP,
        visual_count_truncated: counted.cut.iter().any(|cut| *cut != CutReason::Nodes),
        element_type: own.nodes.first().map(|node| types.name(node.ty)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_wpf_protocol::{Node, TypeRow};

    fn node(handle: u64, parent: Option<u32>, depth: u32, children: u32, omitted: u32) -> Node {
        Node {
            handle: Some(Handle(handle)),
            parent,
            depth,
            ty: 1,
            children,
            omitted,
            name: None,
            automation_id: None,
            automation_name: None,
            flags: 0,
            bounds: None,
            text: None,
            values: Vec::new(),
        }
    }

    fn answer(nodes: Vec<Node>, cut: Vec<CutReason>, options: TreeOptions) -> Value {
        let types = vec![TypeRow { id: 1, name: "G\u{202e}rid".into(), full: "x.Grid".into() }];
        let found = WalkResult { nodes, visited: 9, cut, types, within: None };
        serde_json::to_value(judge(&found, options, &mut |handle, _| format!("E_{handle}"))).unwrap()
    }

    #[test]
    fn nodes_are_nested_in_their_order_and_what_is_left_out_is_counted() {
        let nodes = vec![
            node(1, None, 0, 2, 0),
            node(2, Some(0), 1, 2, 1),
            node(3, Some(1), 2, 0, 0),
            node(4, Some(0), 1, 0, 0),
        ];
        let options = TreeOptions { depth: 2, ..TreeOptions::default() };
        let told = answer(nodes, vec![CutReason::Depth], options);
        let ids = |node: &Value| {
            node["children"].as_array().unwrap().iter().map(|one| one["elementId"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(ids(&told["tree"]), ["E_2", "E_4"]);
        assert_eq!(ids(&told["tree"]["children"][0]), ["E_3"]);
        assert_eq!(told["tree"]["type"], "G⟨U+202E⟩rid");
        assert_eq!((&told["omittedNodeCount"], &told["truncated"]), (&json!(1), &json!(true)));
        assert_eq!(told["depthSufficiencyHint"]["recommendedDepth"], 4);
    }

    #[test]
    fn a_table_has_a_row_for_each_node_with_its_parent() {
        let options = TreeOptions { summary_only: true, ..TreeOptions::default() };
        let told = answer(vec![node(1, None, 0, 1, 0), node(2, Some(0), 1, 0, 0)], Vec::new(), options);
        assert_eq!(told["nodes"][1], json!(["E_2", "G⟨U+202E⟩rid", null, 0, 1, "E_1"]));
        assert!(told.get("tree").is_none() && told["depthSufficiencyHint"]["isSufficient"] == json!(true));
    }

    /// An inspector that is none of ours may send anything.
    #[test]
    fn a_parent_that_comes_later_or_is_not_there_breaks_nothing() {
        let nodes = vec![node(1, Some(7), 0, 2, 0), node(2, Some(2), 1, 2, 0), node(3, Some(900), 1, 0, 0)];
        let told = answer(nodes, Vec::new(), TreeOptions::default());
        assert_eq!(told["tree"]["children"], json!([]));
        assert!(answer(Vec::new(), Vec::new(), TreeOptions::default()).get("tree").is_none());
    }
}
