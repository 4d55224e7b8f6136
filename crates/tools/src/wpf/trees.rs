//! Trees, windows and finding: tools that tell which elements there are.

use super::args::{ElementId, Label, number, text, wpf_args};
use super::{Kind, Wpf, descriptor, wpf_tool};
use crate::args::{Int, List};
use crate::tool::AnyTool;
use portcullis_model::WpfGate::SensitiveReads;
use portcullis_model::{Fault, FaultCode};
use portcullis_wpf as wpf;
use portcullis_wpf::{Tree, TreeOptions};
use schemars::JsonSchema;
use serde::Deserialize;

/// The tools of this file.
pub(super) fn tools() -> Vec<AnyTool> {
    vec![
        AnyTool::of::<Wpf<GetVisualTree>>(),
        AnyTool::of::<Wpf<GetLogicalTree>>(),
        AnyTool::of::<Wpf<GetTemplateTree>>(),
        AnyTool::of::<Wpf<CompareTrees>>(),
        AnyTool::of::<Wpf<GetNamescope>>(),
        AnyTool::of::<Wpf<GetWindows>>(),
        AnyTool::of::<Wpf<GetVisualCount>>(),
        AnyTool::of::<Wpf<FindElements>>(),
    ]
}

type Depth = Int<0, 100>;
type Nodes = Int<1, 10_000>;
type Children = Int<1, 1_000>;

wpf_args!(NoneArgs {});
wpf_args!(ElementArgs { element_id: Option<ElementId> });
wpf_args!(TreeArgs {
    element_id: Option<ElementId>,
    /// Default 10
    depth: Option<Depth>,
    /// Without child counts
    compact: Option<bool>,
    /// As a table
    summary_only: Option<bool>,
    max_nodes: Option<Nodes>,
    max_children_per_node: Option<Children>,
});
wpf_args!(TemplateArgs {
    element_id: ElementId,
    depth: Option<Depth>,
    max_nodes: Option<Nodes>,
    max_children_per_node: Option<Children>,
});
wpf_args!(NamescopeArgs { element_id: Option<ElementId>, max_nodes: Option<Nodes> });

impl TreeArgs {
    fn options(&self) -> TreeOptions {
        TreeOptions {
            depth: number(self.depth, wpf::TREE_DEPTH),
            max_nodes: number(self.max_nodes, wpf::TREE_NODES),
            max_children: number(self.max_children_per_node, wpf::TREE_CHILDREN),
            compact: self.compact.unwrap_or(false),
            summary_only: self.summary_only.unwrap_or(false),
        }
    }
}

wpf_tool!(
    GetVisualTree, TreeArgs => wpf::TreeAnswer,
    descriptor(
        "get_visual_tree",
        "Visual tree",
        "The visual tree below an element (default: main window), with ids for other tools. Says whether going deeper tells more.",
        Kind::Read,
        &[SensitiveReads],
        [("{}", "The main window, ten levels"), (r#"{"elementId": "Window_1", "depth": 3, "summaryOnly": true}"#, "A table of three levels")],
    ),
    visual true,
    |args, asker| wpf::tree(asker, Tree::Visual, text(args.element_id.as_ref()), args.options())
);

wpf_tool!(
    GetLogicalTree, TreeArgs => wpf::TreeAnswer,
    descriptor(
        "get_logical_tree",
        "Logical tree",
        "The logical tree below an element: what XAML says, without what templates made.",
        Kind::Read,
        &[SensitiveReads],
        [("{}", "The main window"), (r#"{"elementId": "Window_1", "compact": true}"#, "From an element")],
    ),
    |args, asker| wpf::tree(asker, Tree::Logical, text(args.element_id.as_ref()), args.options())
);

wpf_tool!(
    GetTemplateTree, TemplateArgs => wpf::TreeAnswer,
    descriptor(
        "get_template_tree",
        "Tree of a template",
        "What a control's template made of it, from the template's root.",
        Kind::Read,
        &[SensitiveReads],
        [(r#"{"elementId": "Button_5"}"#, "A button's inside"), (r#"{"elementId": "Button_5", "depth": 2}"#, "Two levels")],
    ),
    visual true,
    |args, asker| {
        let options = TreeOptions {
            depth: number(args.depth, wpf::TREE_DEPTH),
            max_nodes: number(args.max_nodes, wpf::TREE_NODES),
            max_children: number(args.max_children_per_node, wpf::TREE_CHILDREN),
            ..TreeOptions::default()
        };
        wpf::tree(asker, Tree::Template, Some(&args.element_id.0), options)
    }
);

wpf_tool!(
    CompareTrees, ElementArgs => wpf::Comparison,
    descriptor(
        "compare_trees",
        "Compare both trees",
        "Which children an element has in its visual tree alone and in its logical tree alone.",
        Kind::Read,
        &[SensitiveReads],
        [("{}", "The main window"), (r#"{"elementId": "Button_5"}"#, "One element")],
    ),
    |args, asker| wpf::compare(asker, text(args.element_id.as_ref()))
);

wpf_tool!(
    GetNamescope, NamescopeArgs => wpf::NameScope,
    descriptor(
        "get_namescope",
        "Named elements",
        "Every element with an x:Name below an element.",
        Kind::Read,
        &[SensitiveReads],
        [("{}", "All names of the main window"), (r#"{"maxNodes": 500}"#, "Look at 500 elements at most")],
    ),
    |args, asker| wpf::namescope(asker, text(args.element_id.as_ref()), number(args.max_nodes, wpf::VISIT_CAP))
);

wpf_tool!(
    GetWindows, NoneArgs => wpf::Windows,
    descriptor(
        "get_windows",
        "Windows of an application",
        "Windows, popups and WPF content in other windows, of every thread of the application.",
        Kind::Read,
        &[SensitiveReads],
        [("{}", "Of the active application"), (r#"{"processId": 4242}"#, "Of another one")],
    ),
    |_args, asker| wpf::windows(asker)
);

wpf_tool!(
    GetVisualCount, ElementArgs => wpf::VisualCount,
    descriptor(
        "get_visual_count",
        "Count visuals",
        "How many visuals there are in an element.",
        Kind::Read,
        &[SensitiveReads],
        [("{}", "In the main window"), (r#"{"elementId": "Button_5"}"#, "In an element")],
    ),
    |args, asker| wpf::visual_count(asker, text(args.element_id.as_ref()))
);

#[derive(Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Match {
    Exact,
    Contains,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum TypeMatch {
    Exact,
    Assignable,
}

wpf_args!(FindArgs {
    element_id: Option<ElementId>,
    /// In type, names, id or text
    query: Option<Label>,
    type_name: Option<Label>,
    /// The same as typeName
    control_type: Option<Label>,
    type_names: Option<List<Label, 32>>,
    element_name: Option<Label>,
    automation_id: Option<Label>,
    property_name: Option<Label>,
    property_value: Option<Label>,
    /// Default 20
    max_results: Option<Int<1, 1_000>>,
    max_traversal_nodes: Option<Nodes>,
    match_mode: Option<Match>,
    type_match_mode: Option<TypeMatch>,
});

/// Results where nothing is said.
const RESULTS: u32 = 20;

wpf_tool!(
    FindElements, FindArgs => wpf::Found,
    descriptor(
        "find_elements",
        "Find elements",
        "Find elements by type, name, automation id, property or any text. All that is said must fit. `query` alone fits parts of texts.",
        Kind::Read,
        &[SensitiveReads],
        [(r#"{"query": "save"}"#, "Whatever says save"), (r#"{"typeName": "ButtonBase", "typeMatchMode": "assignable"}"#, "All buttons")],
    ),
    |args, asker| {
        if args.property_value.is_some() && args.property_name.is_none() {
            return Err(Fault::new(FaultCode::BadArgument, "`propertyValue` stands alone")
                .field("propertyValue")
                .rule("it is the value of `propertyName`")
                .remedy("give `propertyName` with it")
                .source_code("InvalidArgument"));
        }
        let own = |text: Option<Label>| text.map(|text| text.0);
        let types = args.type_names.map(|list| list.0).unwrap_or_default();
        let types = types.into_iter().chain(args.type_name).chain(args.control_type).map(|label| label.0).collect();
        // A query is a guess at what is shown; names that are given are whole.
        let contains = args.match_mode.map_or(args.query.is_some(), |mode| mode == Match::Contains);
        let search = wpf::Search {
            element: own(args.element_id),
            query: own(args.query),
            types,
            assignable: args.type_match_mode == Some(TypeMatch::Assignable),
            name: own(args.element_name),
            automation_id: own(args.automation_id),
            property: args.property_name.map(|name| (name.0, args.property_value.map(|value| value.0))),
            contains,
            max_results: number(args.max_results, RESULTS),
            visit: number(args.max_traversal_nodes, wpf::VISIT_DEFAULT),
        };
        wpf::find(asker, &search)
    }
);
