//! The table behind `e12`: one per principal, from numbers to identities and back. A number is given to one identity and
//! never to another; no element is looked up or touched here.

use portcullis_model::{ElementIdentity, Fault, Ref, Role, WindowIdentity, nearest};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Identities that one table remembers; the one that was given least recently goes first.
pub const REF_CAP: usize = 20_000;

/// Candidates that [`RefTable::nearest`] gives.
pub const CANDIDATE_CAP: usize = Fault::CANDIDATE_LIMIT;

/// Names of dead elements that [`RefTable::nearest`] passes over for one role before it gives up.
const DEAD_CAP: usize = 20;

/// What an element was called when its ref was given: for messages and for finding it again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Label {
    /// What it was.
    pub role: Role,
    /// Its name in visible form, cut.
    pub name: String,
}

/// What a ref stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup<'table> {
    /// This element.
    Known(&'table ElementIdentity, &'table Label),
    /// It was given once; the table has forgotten to whom.
    Expired,
    /// This table never gave it.
    NeverGiven,
}

#[derive(Debug)]
struct Given {
    identity: Arc<ElementIdentity>,
    label: Label,
    at: u64,
}

/// Refs given to one principal.
#[derive(Debug)]
pub struct RefTable {
    cap: usize,
    last: u64,
    clock: u64,
    by_identity: HashMap<Arc<ElementIdentity>, u64>,
    given: HashMap<u64, Given>,
    by_age: BTreeMap<u64, u64>,
}

impl Default for RefTable {
    fn default() -> Self {
        Self::new()
    }
}

impl RefTable {
    /// An empty table.
    pub fn new() -> Self {
        Self::with_cap(REF_CAP)
    }

    fn with_cap(cap: usize) -> Self {
        Self { cap, last: 0, clock: 0, by_identity: HashMap::new(), given: HashMap::new(), by_age: BTreeMap::new() }
    }

    /// The ref of this identity: the one that it has, or the next number.
    pub fn give(&mut self, identity: &ElementIdentity, label: Label) -> Ref {
        self.clock += 1;
        let at = self.clock;
        if let Some(&number) = self.by_identity.get(identity)
            && let Some(given) = self.given.get_mut(&number)
        {
            self.by_age.remove(&given.at);
            self.by_age.insert(at, number);
            given.at = at;
            given.label = label;
            return Ref(number);
        }
        self.last += 1;
        let number = self.last;
        let identity = Arc::new(identity.clone());
        self.by_identity.insert(Arc::clone(&identity), number);
        self.given.insert(number, Given { identity, label, at });
        self.by_age.insert(at, number);
        if self.given.len() > self.cap
            && let Some((_, oldest)) = self.by_age.pop_first()
            && let Some(forgotten) = self.given.remove(&oldest)
        {
            self.by_identity.remove(&forgotten.identity);
        }
        Ref(number)
    }

    /// The ref that this identity has, without giving one.
    pub fn known(&self, identity: &ElementIdentity) -> Option<Ref> {
        self.by_identity.get(identity).map(|number| Ref(*number))
    }

    /// What a ref stands for.
    pub fn resolve(&self, wanted: Ref) -> Lookup<'_> {
        match self.given.get(&wanted.0) {
            Some(given) => Lookup::Known(&given.identity, &given.label),
            None if (1..=self.last).contains(&wanted.0) => Lookup::Expired,
            None => Lookup::NeverGiven,
        }
    }

    /// The last number that was given; 0 before the first.
    pub fn last_number(&self) -> u64 {
        self.last
    }

    /// How many identities the table remembers.
    pub fn len(&self) -> usize {
        self.given.len()
    }

    /// Whether nothing was given yet.
    pub fn is_empty(&self) -> bool {
        self.given.is_empty()
    }

    /// Living elements of the window that are most like `wanted`: the same role first, then the nearest names; at most
    /// [`CANDIDATE_CAP`]. `alive` is asked of few elements, because it may cost a question to another process.
    pub fn nearest(
        &self,
        wanted: &Label,
        window: &WindowIdentity,
        alive: impl Fn(&ElementIdentity) -> bool,
    ) -> Vec<(Ref, Label)> {
        let mut found = Vec::new();
        for same_role in [true, false] {
            let mut pool: Vec<(u64, &Given)> = self
                .given
                .iter()
                .filter(|(_, given)| given.identity.window == *window && (given.label.role == wanted.role) == same_role)
                .map(|(number, given)| (*number, given))
                .collect();
            // The latest number first among equal names: what was seen last is the likeliest to live.
            pool.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
            let mut dead = 0;
            while found.len() < CANDIDATE_CAP && dead < DEAD_CAP {
                let names = nearest(&wanted.name, pool.iter().map(|(_, given)| given.label.name.as_str()));
                if names.is_empty() {
                    break;
                }
                for name in names {
                    let position = pool.iter().position(|(_, given)| given.label.name == name);
                    let Some((number, given)) = position.map(|position| pool.remove(position)) else { continue };
                    if found.len() >= CANDIDATE_CAP {
                        break;
                    }
                    if alive(&given.identity) {
                        found.push((Ref(number), given.label.clone()));
                    } else {
                        dead += 1;
                    }
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_model::ElementPath;

    fn window() -> WindowIdentity {
        WindowIdentity { handle: 1, process: 2, process_start: 3, thread: 4, class: "W".to_owned() }
    }

    fn element(id: i32) -> ElementIdentity {
        ElementIdentity { window: window(), path: ElementPath::Automation { runtime_id: vec![id], mark: 0 } }
    }

    fn label(role: Role, name: &str) -> Label {
        Label { role, name: name.to_owned() }
    }

    #[test]
    fn numbers_count_up_and_stay_with_their_identity() {
        let mut table = RefTable::new();
        assert_eq!(table.give(&element(7), label(Role::Button, "a")), Ref(1));
        assert_eq!(table.give(&element(8), label(Role::Button, "b")), Ref(2));
        assert_eq!(table.give(&element(7), label(Role::Button, "renamed")), Ref(1));
        assert_eq!(table.known(&element(8)), Some(Ref(2)));
        assert!(matches!(table.resolve(Ref(1)), Lookup::Known(_, l) if l.name == "renamed"));
        assert_eq!(table.resolve(Ref(3)), Lookup::NeverGiven);
        assert_eq!(table.resolve(Ref(0)), Lookup::NeverGiven);
    }

    #[test]
    fn the_least_recently_given_goes_first_and_its_number_is_not_given_again() {
        let mut table = RefTable::with_cap(2);
        table.give(&element(1), label(Role::Button, "1"));
        table.give(&element(2), label(Role::Button, "2"));
        table.give(&element(1), label(Role::Button, "1"));
        table.give(&element(3), label(Role::Button, "3"));
        assert_eq!(table.resolve(Ref(2)), Lookup::Expired);
        assert!(matches!(table.resolve(Ref(1)), Lookup::Known(..)));
        assert_eq!(table.give(&element(2), label(Role::Button, "2")), Ref(4));
        assert_eq!(table.resolve(Ref(2)), Lookup::Expired);
    }

    #[test]
    fn the_cap_holds() {
        let mut table = RefTable::new();
        let over = 5;
        for id in 0..REF_CAP + over {
            table.give(&element(i32::try_from(id).unwrap()), label(Role::Text, ""));
        }
        assert_eq!(table.len(), REF_CAP);
        assert_eq!(table.by_identity.len(), REF_CAP);
        assert_eq!(table.by_age.len(), REF_CAP);
        assert_eq!(table.resolve(Ref(5)), Lookup::Expired);
        assert!(matches!(table.resolve(Ref(6)), Lookup::Known(..)));
    }

    #[test]
    fn the_nearest_living_elements_of_the_same_role_come_first() {
        let mut table = RefTable::new();
        for (id, role, name) in [
            (1, Role::Button, "Save"),
            (2, Role::Button, "Save as"),
            (3, Role::Text, "Save"),
            (4, Role::Button, "Saved"),
            (5, Role::Button, "Quit"),
        ] {
            table.give(&element(id), label(role, name));
        }
        let wanted = label(Role::Button, "Save");
        let names = |alive: &dyn Fn(&ElementIdentity) -> bool| -> Vec<String> {
            table.nearest(&wanted, &window(), alive).into_iter().map(|(r, l)| format!("{r} {}", l.name)).collect()
        };
        assert_eq!(names(&|_| true), ["e1 Save", "e4 Saved", "e2 Save as", "e3 Save"]);
        assert_eq!(names(&|who| *who != element(1)), ["e4 Saved", "e2 Save as", "e3 Save"]);
        let other = WindowIdentity { handle: 9, ..window() };
        assert!(table.nearest(&wanted, &other, |_| true).is_empty());
    }

    #[test]
    fn at_most_five_candidates_come_back() {
        let mut table = RefTable::new();
        for id in 0..30 {
            table.give(&element(id), label(Role::Button, "OK"));
        }
        assert_eq!(table.nearest(&label(Role::Button, "OK"), &window(), |_| true).len(), CANDIDATE_CAP);
    }
}
