//! How a call names what it acts on: a ref, a description, or a point; exactly one of them. Planning turns it into
//! identities that are alive; a description is matched under the permit, because matching reads the window.

use crate::args::{Int, Text};
use crate::context::{ApplyContext, PlanContext};
use crate::wpf::{name_operated, session_of_element};
use portcullis_model::{
    Deadline, Effect, ElementIdentity, ElementPath, Fault, FaultCode, Point, Rect, Ref, Resource, Role, WindowIdentity,
    nearest,
};
use portcullis_observe::{Lookup, ROWS_SHOWN, Scene, Selector, Style, document_of, find, fold, summary};
use portcullis_platform::{PortFault, ReadBudget};
use portcullis_policy::Permit;
use std::collections::BTreeSet;
use std::sync::PoisonError;
use std::time::Duration;

/// Elements that one reading takes in.
pub(crate) const ELEMENT_CAP: usize = 3_000;
/// Rows of one list that a search takes in.
pub(crate) const ROW_CAP: usize = 200;
/// Rows of one list that a look takes in: those that get a line, and as many again in which one may be marked.
const LOOK_ROWS: usize = 2 * ROWS_SHOWN;
/// The slice of a deadline that reading one window may take among others, or for what changed in it.
pub(crate) const WINDOW_SLICE: Duration = Duration::from_millis(500);
/// The slice that reading a window may take to find what a description fits: without it the call comes to nothing.
pub(crate) const SEARCH_SLICE: Duration = Duration::from_millis(1_500);

/// A coordinate on the virtual desktop.
pub(crate) type Coordinate = Int<-65_536, 65_536>;
/// A position among several matches.
pub(crate) type Nth = Int<1, 1_000>;

/// The arguments that name a target, as they come.
#[derive(Clone, Debug, Default)]
pub(crate) struct TargetArgs {
    pub(crate) element: Option<String>,
    pub(crate) window: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) role: Option<String>,
    pub(crate) automation_id: Option<String>,
    pub(crate) nth: Option<usize>,
    pub(crate) x: Option<i64>,
    pub(crate) y: Option<i64>,
}

/// What planning made of them.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// A living element.
    Element(ElementIdentity),
    /// A description, to be matched in this window.
    Described(WindowIdentity, Selector),
    /// A point, and the window whose pixels are there.
    At(Point, Option<WindowIdentity>),
}

impl Target {
    /// The window that the target lies in.
    pub(crate) fn window(&self) -> Option<&WindowIdentity> {
        match self {
            Self::Element(element) => Some(&element.window),
            Self::Described(window, _) => Some(window),
            Self::At(_, window) => window.as_ref(),
        }
    }

    /// Names the application that is operated from inside, where the target lies in one that is connected to; see
    /// [`name_operated`].
    pub(crate) fn name_operated(
        &self,
        must: bool,
        resources: &mut Vec<Resource>,
        effects: &mut Vec<Effect>,
        cx: &PlanContext<'_>,
    ) -> Result<(), Fault> {
        let element = match self {
            Self::Element(element) => Some(element),
            Self::Described(..) => None,
            // What lies at a point gets the pointer.
            Self::At(..) => return Ok(()),
        };
        name_operated((element, self.window()), must, (resources, effects), cx)
    }

    /// What an action on the target touches.
    pub(crate) fn action_resources(&self, cx: &PlanContext<'_>) -> Result<Vec<Resource>, Fault> {
        match self.window() {
            Some(window) => cx.readers.action_resources(window),
            None => Ok(vec![Resource::DesktopBackground]),
        }
    }
}

/// A structure of arguments that can also name an element, by its ref or by what it is. The fields are written out by
/// macro, since a flattened structure would lose the names of arguments in errors.
macro_rules! element_arguments {
    ($(#[$meta:meta])* struct $name:ident { $($(#[$field_meta:meta])* $field:ident: $kind:ty,)* }) => {
        $(#[$meta])*
        #[derive(serde::Deserialize, schemars::JsonSchema)]
        #[serde(deny_unknown_fields)]
        struct $name {
            /// Element, as Snapshot names it (e12)
            #[serde(rename = "ref")]
            element: Option<$crate::args::Text<24>>,
            /// Window ref to search by name, role, automation_id (default: front)
            window: Option<$crate::args::Text<24>>,
            name: Option<$crate::args::Text<500>>,
            role: Option<$crate::args::Text<40>>,
            automation_id: Option<$crate::args::Text<200>>,
            nth: Option<$crate::desktop::target::Nth>,
            $($(#[$field_meta])* $field: $kind,)*
        }

        impl $name {
            fn element(&self) -> $crate::desktop::target::TargetArgs {
                $crate::desktop::target::TargetArgs {
                    element: self.element.as_ref().map(|text| text.0.clone()),
                    window: self.window.as_ref().map(|text| text.0.clone()),
                    name: self.name.as_ref().map(|text| text.0.clone()),
                    role: self.role.as_ref().map(|text| text.0.clone()),
                    automation_id: self.automation_id.as_ref().map(|text| text.0.clone()),
                    nth: self.nth.map($crate::args::Int::size),
                    x: None,
                    y: None,
                }
            }
        }
    };
}
pub(crate) use element_arguments;

/// As [`element_arguments`], and a point names a target too.
macro_rules! target_arguments {
    ($(#[$meta:meta])* struct $name:ident { $($fields:tt)* }) => {
        $crate::desktop::target::element_arguments! {
            $(#[$meta])*
            struct $name {
                x: Option<$crate::desktop::target::Coordinate>,
                y: Option<$crate::desktop::target::Coordinate>,
                $($fields)*
            }
        }

        impl $name {
            fn target(&self) -> $crate::desktop::target::TargetArgs {
                $crate::desktop::target::TargetArgs {
                    x: self.x.map($crate::args::Int::get),
                    y: self.y.map($crate::args::Int::get),
                    ..self.element()
                }
            }
        }
    };
}
pub(crate) use target_arguments;

/// A ref as text, resolved to a living element of the caller's own table.
pub(crate) fn resolve_ref(field: &str, text: &str, cx: &PlanContext<'_>) -> Result<ElementIdentity, Fault> {
    let Ok(wanted) = text.parse::<Ref>() else {
        return Err(Fault::bad_argument(
            field,
            text,
            "a ref is `e` and a number",
            "take a ref from Snapshot or FindElement",
        ));
    };
    let refs = cx.tables.refs.lock().unwrap_or_else(PoisonError::into_inner);
    let (identity, label) = match refs.resolve(wanted) {
        Lookup::Known(identity, label) => (identity.clone(), label.clone()),
        Lookup::Expired => {
            return Err(Fault::new(FaultCode::StaleRef, "the ref is too old")
                .field(field)
                .value(text)
                .rule("refs that were not seen again for long are forgotten, and never mean another element")
                .remedy("look again with Snapshot or FindElement"));
        }
        Lookup::NeverGiven => {
            return Err(Fault::new(FaultCode::UnknownRef, "you were never given this ref")
                .field(field)
                .value(text)
                .rule("a ref is good only for the client that it was given to")
                .remedy("take a ref from your own Snapshot or FindElement"));
        }
    };
    if matches!(identity.path, ElementPath::Wpf { .. }) {
        drop(refs);
        session_of_element(&identity, cx).map_err(|fault| fault.field(field).value(text))?;
        return Ok(identity);
    }
    match cx.readers.locate(&identity) {
        Ok(_) => Ok(identity),
        Err(PortFault::Gone) => {
            let near = refs.nearest(&label, &identity.window, |other| cx.readers.locate(other).is_ok());
            let near = near.into_iter().map(|(near, label)| format!("{near} {} \"{}\"", label.role.word(), label.name));
            Err(Fault::new(
                FaultCode::StaleRef,
                format!("{} \"{}\" is gone or has become another element", label.role.word(), label.name),
            )
            .field(field)
            .value(text)
            .rule("a ref never comes to mean another element")
            .remedy("look again with Snapshot or FindElement")
            .candidates(near))
        }
        Err(other) => Err(Fault::from(other).field(field).value(text)),
    }
}

/// The window that a `window` argument names, or the one in front.
pub(crate) fn resolve_window(given: Option<&str>, cx: &PlanContext<'_>) -> Result<WindowIdentity, Fault> {
    match given {
        Some(text) => resolve_ref("window", text, cx).map(|element| element.window),
        None => cx.readers.foreground().ok_or_else(|| {
            Fault::new(FaultCode::NotFound, "no window is in front")
                .field("window")
                .remedy("name a window by its ref, or bring one to the front with FocusWindow")
        }),
    }
}

impl TargetArgs {
    fn is_described(&self) -> bool {
        self.name.is_some() || self.role.is_some() || self.automation_id.is_some()
    }

    /// Whether nothing names a target.
    pub(crate) fn is_empty(&self) -> bool {
        self.element.is_none() && !self.is_described() && self.x.is_none() && self.y.is_none()
    }

    /// Resolves what was given; exactly one way must be.
    pub(crate) fn resolve(&self, cx: &PlanContext<'_>) -> Result<Target, Fault> {
        self.resolve_as("a target is named by ref, or by name, role or automation_id, or by x and y", cx)
    }

    /// As `resolve`, for a tool that operates an element and takes no place. What is known by its pixels alone is a place.
    pub(crate) fn resolve_element(&self, cx: &PlanContext<'_>) -> Result<Target, Fault> {
        match self.resolve_as("an element is named by ref, or by name, role or automation_id", cx)? {
            Target::At(..) => Err(Fault::bad_argument(
                "ref",
                self.element.as_deref().unwrap_or_default(),
                "what is known by its pixels alone has no interface of its own",
                "use Click, or an element of Snapshot",
            )),
            element => Ok(element),
        }
    }

    fn resolve_as(&self, rule: &'static str, cx: &PlanContext<'_>) -> Result<Target, Fault> {
        let by_point = self.x.is_some() || self.y.is_some();
        let ways = usize::from(self.element.is_some()) + usize::from(self.is_described()) + usize::from(by_point);
        if ways != 1 {
            return Err(Fault::bad_argument(
                "ref",
                if ways == 0 { "nothing" } else { "several ways at once" },
                rule,
                "give exactly one of these; a ref from Snapshot is the surest",
            ));
        }
        if let Some(text) = &self.element {
            let element = resolve_ref("ref", text, cx)?;
            if matches!(element.path, ElementPath::Pixels { .. }) {
                // It is in no tree: what looks as it did is a place, and whatever lies there gets the input.
                let place = cx.readers.locate(&element).map_err(|fault| Fault::from(fault).field("ref").value(text))?;
                return Ok(Target::At(place.centre(), Some(element.window)));
            }
            return Ok(Target::Element(element));
        }
        if by_point {
            return resolve_point(self.x, self.y, ("x", "y"), cx);
        }
        let window = resolve_window(self.window.as_deref(), cx)?;
        Ok(Target::Described(window, self.selector()?))
    }

    /// The description as a selector.
    pub(crate) fn selector(&self) -> Result<Selector, Fault> {
        Ok(Selector {
            role: self.role.as_deref().map(parse_role).transpose()?,
            name: self.name.clone(),
            automation_id: self.automation_id.clone(),
            nth: self.nth,
        })
    }
}

/// A point that lies on a display, and the window there.
pub(crate) fn resolve_point(
    x: Option<i64>,
    y: Option<i64>,
    names: (&str, &str),
    cx: &PlanContext<'_>,
) -> Result<Target, Fault> {
    let missing =
        |name: &str| Fault::bad_argument(name, "nothing", "a point needs both coordinates", "give both, or a ref");
    let x = x.ok_or_else(|| missing(names.0))?;
    let y = y.ok_or_else(|| missing(names.1))?;
    let fits = |value: i64, name: &str| {
        i32::try_from(value)
            .map_err(|_| Fault::bad_argument(name, value, "it is a pixel of a display", "see DisplayInventory"))
    };
    let point = Point { x: fits(x, names.0)?, y: fits(y, names.1)? };
    let displays = cx.readers.displays()?;
    if !displays.iter().any(|display| display.bounds.contains(point)) {
        let whole: Vec<String> = displays.iter().map(|display| display.bounds.to_string()).collect();
        return Err(Fault::new(FaultCode::OffScreen, "the point lies on no display")
            .field(format!("{},{}", names.0, names.1))
            .value(point)
            .rule(format!("displays: {}", whole.join("; ")))
            .remedy("use physical pixels of the virtual desktop; DisplayInventory lists the displays"));
    }
    Ok(Target::At(point, cx.readers.window_at(point)))
}

/// A role's word, or the nearest ones.
pub(crate) fn parse_role(word: &str) -> Result<Role, Fault> {
    Role::parse(word).ok_or_else(|| {
        let words = Role::ALL.iter().map(|role| role.word());
        Fault::bad_argument(
            "role",
            word,
            "it is the word of a role",
            "use a role as Snapshot writes it: button, edit, checkbox",
        )
        .candidates(nearest(word, words))
    })
}

/// How far a reading of a window goes, by what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// To list what shows: of a list not many more rows than get a line.
    Look,
    /// To look again for what a description fits.
    Watch,
    /// To find what a description fits, without which a call comes to nothing.
    Search,
}

impl Reach {
    fn budget(self, deadline: Deadline) -> ReadBudget {
        let (rows, slice) = match self {
            Self::Look => (LOOK_ROWS, WINDOW_SLICE),
            Self::Watch => (ROW_CAP, WINDOW_SLICE),
            Self::Search => (ROW_CAP, SEARCH_SLICE),
        };
        ReadBudget { elements: ELEMENT_CAP, rows, deadline: deadline.slice(slice) }
    }
}

/// Reads a window and folds it.
pub(crate) fn read_scene(
    permit: &Permit,
    window: &WindowIdentity,
    reach: Reach,
    cx: &ApplyContext<'_>,
) -> Result<Scene, Fault> {
    Ok(fold(&cx.ports.tree.read(permit, window, reach.budget(cx.deadline), cx.cancel)?))
}

/// Reads a window and folds the document that it shows, without what lies around it.
pub(crate) fn read_page(permit: &Permit, window: &WindowIdentity, cx: &ApplyContext<'_>) -> Result<Scene, Fault> {
    let reading = cx.ports.tree.read(permit, window, Reach::Search.budget(cx.deadline), cx.cancel)?;
    let cut = reading.cut;
    document_of(reading).map(|page| fold(&page)).ok_or_else(|| {
        let rule = if cut {
            "the window was not read to its end, and no document was among what was read"
        } else {
            "the window shows no document: no page of a browser and no text with lines of its own"
        };
        Fault::new(FaultCode::NotFound, "the window shows no document")
            .field("root")
            .value("document")
            .rule(rule)
            .remedy("leave `root` out; a browser may show its page only when asked a second time")
    })
}

/// What a search looked at, for who found nothing: a window that was not read to its end may hold it all the same.
fn extent(scene: &Scene) -> String {
    let rule = "every part of the description must fit".to_owned();
    if !scene.partial {
        return rule;
    }
    let read = scene.lines.len();
    format!(
        "{rule}; {read} elements were read and then the reading was cut, at {ELEMENT_CAP} elements, {ROW_CAP} rows of a \
         list or {} ms",
        SEARCH_SLICE.as_millis()
    )
}

/// The one element that a description fits.
pub(crate) fn pick(scene: &Scene, selector: &Selector, cx: &ApplyContext<'_>) -> Result<ElementIdentity, Fault> {
    let found = find(scene, selector);
    match found.as_slice() {
        [only] => Ok(only.identity.clone()),
        [] => {
            let names: Vec<&str> =
                scene.lines.iter().map(|line| line.name.raw()).filter(|name| !name.is_empty()).collect();
            let near = match selector.name.as_deref() {
                Some(name) => nearest(name, names),
                None => roles_of(scene),
            };
            Err(Fault::new(FaultCode::NotFound, "nothing in the window fits the description")
                .field(described_by(selector))
                .value(describe(selector))
                .rule(extent(scene))
                .remedy(
                    "look with Snapshot or FindElement; the element may be in another window or further down a list",
                )
                .candidates(near))
        }
        several => {
            let mut refs = cx.tables.refs.lock().unwrap_or_else(PoisonError::into_inner);
            let lines = several.iter().map(|line| summary(line, &mut refs, Style::default()));
            Err(Fault::new(FaultCode::Ambiguous, format!("{} elements fit the description", several.len()))
                .field(described_by(selector))
                .value(describe(selector))
                .rule("an action has one target")
                .remedy("use the ref of the one you mean, or nth")
                .candidates(lines))
        }
    }
}

/// Roles that a caller who named one that is not there is told of.
const ROLES_TOLD: usize = 12;

/// The roles that the elements of a window have.
fn roles_of(scene: &Scene) -> Vec<String> {
    let roles: BTreeSet<&str> = scene.lines.iter().map(|line| line.role.word()).collect();
    roles.into_iter().take(ROLES_TOLD).map(str::to_owned).collect()
}

/// The argument that says most of a description.
fn described_by(selector: &Selector) -> &'static str {
    match selector {
        Selector { name: Some(_), .. } => "name",
        Selector { role: Some(_), .. } => "role",
        _ => "automation_id",
    }
}

/// A selector in words.
pub(crate) fn describe(selector: &Selector) -> String {
    let mut parts = Vec::new();
    if let Some(role) = selector.role {
        parts.push(format!("role {}", role.word()));
    }
    if let Some(name) = &selector.name {
        parts.push(format!("name \"{name}\""));
    }
    if let Some(id) = &selector.automation_id {
        parts.push(format!("automation_id {id}"));
    }
    if let Some(nth) = selector.nth {
        parts.push(format!("nth {nth}"));
    }
    parts.join(", ")
}

/// Where an element is. Of one of WPF its application tells that with what it is, under the permit.
pub(crate) fn place_of(permit: &Permit, element: &ElementIdentity, cx: &ApplyContext<'_>) -> Result<Rect, Fault> {
    Ok(match element.path {
        ElementPath::Wpf { .. } => cx.ports.tree.read_element(permit, element, cx.deadline)?.rect,
        _ => cx.ports.tree.locate(element)?,
    })
}

/// Whether the element is the window itself.
pub(crate) fn is_window(element: &ElementIdentity) -> bool {
    element.path == ElementPath::Window
}

/// A short text argument's content.
pub(crate) fn text_of<const MAX: usize>(text: &Option<Text<MAX>>) -> Option<&str> {
    text.as_ref().map(|text| text.0.as_str())
}
