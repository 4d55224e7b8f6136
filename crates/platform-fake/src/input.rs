//! Pointer and keyboard of the fake desktop. Who would really receive an event is looked up first, and asked of the
//! permit; only then does anything happen.

use crate::behave::Deed;
use crate::build::TITLE;
use crate::desktop::{Call, FakeDesktop};
use crate::places::by_point;
use crate::state::State;
use portcullis_model::{Cancel, Deadline, Effect, Point, Rect, Resource, Role};
use portcullis_platform::{
    Button, Chord, ClipboardContent, InputPort, InputTurn, Key, Permit, PointerAct, PortFault, PortResult, Step,
};

/// What holds before any input: the session takes it, nobody else sends any, and what would receive it is both allowed
/// and meant.
fn check(state: &State, permit: &Permit, target: &Resource, found: Option<u64>) -> PortResult<Option<u64>> {
    state.operable()?;
    if state.input_busy {
        return Err(PortFault::InputBusy);
    }
    let window = found.and_then(|handle| state.window(handle));
    let real = window.map_or(Resource::DesktopBackground, |window| window.as_target());
    permit.require(Effect::SendInput, &real)?;
    if real != *target {
        return Err(PortFault::Gone);
    }
    if window.is_some_and(|window| window.elevated) {
        return Err(PortFault::Elevated);
    }
    Ok(found)
}

fn first_point(act: &PointerAct) -> Point {
    match act {
        PointerAct::Move { to } => *to,
        PointerAct::Click { at, .. } | PointerAct::Wheel { at, .. } => *at,
        PointerAct::Drag { from, .. } => *from,
    }
}

/// The control under a point of a window that takes input.
fn hit(state: &State, window: u64, point: Point) -> Option<(Deed, Role)> {
    let found = by_point(state.window(window)?, point)?;
    (state.enabled(window) && found.node.states.enabled).then_some((Deed { window, id: found.id }, found.node.role))
}

fn drag(state: &mut State, window: u64, from: Point, to: Point) {
    let Some((deed, role)) = hit(state, window, from) else { return };
    let Some(found) = state.window_mut(window) else { return };
    let frame = found.rect;
    if role == Role::Slider {
        let Some(control) = found.root.find_mut(deed.id) else { return };
        let (least, greatest) = control.range.unwrap_or((0, 100));
        let width = i64::from(control.rect.width()).max(1);
        let way = (i64::from(to.x) - i64::from(frame.left) - i64::from(control.rect.left)).clamp(0, width);
        control.value = Some((least + (greatest - least) * way / width).to_string());
    } else if role == Role::Window && from.y < frame.top + TITLE {
        let (x, y) = (to.x - from.x, to.y - from.y);
        found.rect = Rect::new(frame.left + x, frame.top + y, frame.right + x, frame.bottom + y);
    }
}

fn type_text(state: &mut State, window: u64, text: &str) {
    for character in text.chars() {
        let Some(deed) = state.focused(window) else { continue };
        match character {
            '\r' => {}
            '\n' => enter(state, deed),
            other => {
                deed.insert(state, &other.to_string());
            }
        }
    }
}

/// The Enter key: a line end in a document, a press on a button.
fn enter(state: &mut State, deed: Deed) {
    let role = state.control_mut(deed.window, deed.id).map(|control| control.role);
    match role {
        Some(Role::Document) => {
            deed.insert(state, "\r\n");
        }
        Some(Role::Button | Role::Link | Role::MenuItem) => deed.click(state, 1),
        _ => {}
    }
}

/// The chord as words: `ctrl+a`.
fn words(Chord(keys): &Chord) -> String {
    let word = |key: &Key| match key {
        Key::Named(name) => name.as_str().to_owned(),
        Key::Character(character) => character.to_lowercase().collect(),
    };
    keys.iter().map(word).collect::<Vec<_>>().join("+")
}

fn chord(state: &mut State, window: u64, chord: &Chord) {
    let words = words(chord);
    state.note(format!("chord {words}"));
    match words.as_str() {
        "tab" => return state.tab(window, false),
        "shift+tab" => return state.tab(window, true),
        "alt+f4" => return state.remove(window),
        "escape" if state.window(window).is_some_and(|window| window.modal) => return state.remove(window),
        _ => {}
    }
    let Some(deed) = state.focused(window) else { return };
    match words.as_str() {
        "ctrl+a" => deed.select_text(state, 0, usize::MAX),
        "ctrl+c" | "ctrl+x" => {
            if let Some(text) = deed.selected_text(state) {
                state.copy(&text);
                if words == "ctrl+x" {
                    deed.insert(state, "");
                }
            }
        }
        "ctrl+v" => {
            if let ClipboardContent::Text(text) = state.clipboard.clone() {
                deed.insert(state, text.raw());
            }
        }
        "home" => deed.select_text(state, 0, 0),
        "end" => deed.select_text(state, usize::MAX, usize::MAX),
        "backspace" => deed.erase(state, true),
        "delete" => deed.erase(state, false),
        "enter" => enter(state, deed),
        "up" => state.arrow(deed, false),
        "down" => state.arrow(deed, true),
        "space" => {
            if !deed.insert(state, " ") {
                deed.click(state, 1);
            }
        }
        other => {
            let mut characters = other.chars();
            if let (Some(only), None) = (characters.next(), characters.next()) {
                deed.insert(state, &only.to_string());
            }
        }
    }
}

/// One action's turn; the desktop counts those that are held.
struct FakeTurn(FakeDesktop);

impl InputTurn for FakeTurn {}

impl Drop for FakeTurn {
    fn drop(&mut self) {
        self.0.lock().turns -= 1;
    }
}

impl InputPort for FakeDesktop {
    fn pointer(&self) -> Option<Point> {
        Some(self.lock().pointer)
    }

    fn turn(&self, _: Deadline, cancel: &Cancel) -> PortResult<Box<dyn InputTurn>> {
        cancel.check()?;
        let mut state = self.lock();
        if state.input_busy {
            return Err(PortFault::InputBusy);
        }
        state.turns += 1;
        drop(state);
        Ok(Box::new(FakeTurn(self.clone())))
    }

    fn point(
        &self,
        permit: &Permit,
        target: &Resource,
        act: &PointerAct,
        deadline: Deadline,
        cancel: &Cancel,
    ) -> PortResult<()> {
        self.enter(Call::Point, Some(deadline), Some(cancel))?;
        let mut state = self.lock();
        let at = first_point(act);
        let found = state.window_at(at).map(|window| window.identity.handle);
        let found = check(&state, permit, target, found)?;
        state.pointer = at;
        let Some(window) = found else { return Ok(()) };
        if state.window(window).is_some_and(|window| window.hung) {
            // The events wait in the queue of a thread that does not take them.
            return Ok(());
        }
        match act {
            PointerAct::Move { .. } => {}
            PointerAct::Click { button, count, .. } => {
                if state.enabled(window) {
                    state.raise(window);
                }
                if let (Some((deed, _)), Button::Left) = (hit(&state, window, at), button) {
                    deed.click(&mut state, *count);
                }
            }
            PointerAct::Drag { to, button, .. } => {
                state.raise(window);
                state.pointer = *to;
                if *button == Button::Left {
                    drag(&mut state, window, at, *to);
                }
            }
            PointerAct::Wheel { scroll, .. } => {
                if let Some((deed, _)) = hit(&state, window, at) {
                    deed.wheel(&mut state, scroll.vertical);
                }
            }
        }
        Ok(())
    }

    fn press(
        &self,
        permit: &Permit,
        target: &Resource,
        steps: &[Step],
        deadline: Deadline,
        cancel: &Cancel,
    ) -> PortResult<usize> {
        self.enter(Call::Press, Some(deadline), Some(cancel))?;
        let mut sent = 0;
        for step in steps {
            cancel.check()?;
            let times = if let Step::Chord(_, times) = step { *times } else { 1 };
            for _ in 0..times {
                let mut state = self.lock();
                let front = state.foreground;
                let Some(window) = check(&state, permit, target, front)? else { return Ok(sent) };
                // What nobody takes is sent all the same.
                let taken = state.enabled(window) && state.window(window).is_some_and(|window| !window.hung);
                match step {
                    Step::Text(text) => {
                        if taken {
                            type_text(&mut state, window, text);
                        }
                        sent += text.chars().count();
                    }
                    Step::Chord(keys, _) => {
                        if taken {
                            chord(&mut state, window, keys);
                        }
                        sent += 1;
                    }
                }
            }
        }
        Ok(sent)
    }

    fn release_all(&self) -> PortResult<usize> {
        // Every step above lets go of what it pressed, so nothing is ever held.
        Ok(0)
    }
}
