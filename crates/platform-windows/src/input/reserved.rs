//! Which keys a chord presses, for who has to tell whether a chord holds a key that is not ours to press. Nothing is sent
//! from here.

use super::events::Holdable;
use super::keys;
use portcullis_platform::{Chord, PortResult};

/// The virtual-key codes that go down with a chord on the layout of the thread that has the keyboard.
pub(crate) fn chord_codes(chord: &Chord) -> PortResult<Vec<u16>> {
    let plan = keys::plan(chord)?;
    let code = |key: Holdable| match key {
        Holdable::Key(code) => Some(code),
        _ => None,
    };
    Ok(plan.held.into_iter().chain([plan.pressed]).filter_map(code).collect())
}
