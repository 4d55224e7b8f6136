//! Acts of the pointer. A press is sent together with the movement to its point, so that a person who moves the mouse
//! meanwhile cannot carry the click elsewhere.

use super::events::{Event, Holdable, send};
use super::held::{HeldInputs, Hold, Origin};
use super::{keys, target};
use crate::identity::failed;
use portcullis_model::{Cancel, CancelReason, Deadline, Point, Resource};
use portcullis_platform::{Key, Permit, PointerAct, PortFault, PortResult, Scroll};
use std::time::Duration;
use windows::Win32::Foundation::POINT;
use windows::Win32::Graphics::Gdi::{MONITOR_DEFAULTTONULL, MonitorFromPoint};
use windows::Win32::UI::WindowsAndMessaging::{
    GetCursorPos, SPI_GETMOUSEWHEELROUTING, SetCursorPos, SystemParametersInfoW,
};

/// How long the pointer may take to arrive before it is set there directly.
const ARRIVAL_WAIT: Duration = Duration::from_millis(100);
/// How long one look at the pointer lasts.
const ARRIVAL_POLL: Duration = Duration::from_millis(1);
/// Most clicks of one act.
const CLICK_CAP: u8 = 3;
/// Steps of a drag at the least: programs begin a drag only after some movement.
const DRAG_STEPS_MIN: u32 = 4;
/// Steps of a drag at the most.
const DRAG_STEPS_MAX: u32 = 200;
/// `MOUSEWHEEL_ROUTING_MOUSE_POS` of winuser.h.
const MOUSEWHEEL_ROUTING_MOUSE_POS: u32 = 2;
/// How long one step of a slow drag lasts.
const DRAG_STEP: Duration = Duration::from_millis(10);

/// Where the pointer is.
pub(super) fn position() -> Option<Point> {
    let mut point = POINT::default();
    // SAFETY: the out-pointer is a local that outlives the call.
    unsafe { GetCursorPos(&mut point) }.ok()?;
    Some(Point { x: point.x, y: point.y })
}

/// What all acts share.
struct Act<'call> {
    held: &'call HeldInputs,
    permit: &'call Permit,
    target: &'call Resource,
    deadline: Deadline,
    cancel: &'call Cancel,
}

/// Performs one act. The caller holds the input lock.
pub(super) fn perform(
    held: &HeldInputs,
    permit: &Permit,
    target: &Resource,
    act: &PointerAct,
    deadline: Deadline,
    cancel: &Cancel,
) -> PortResult<()> {
    let call = Act { held, permit, target, deadline, cancel };
    match act {
        PointerAct::Move { to } => call.go(*to).map(drop),
        PointerAct::Click { at, button, count, held } => {
            call.click(*at, Holdable::button(*button), (*count).clamp(1, CLICK_CAP), held)
        }
        PointerAct::Drag { from, to, button, held, span } => {
            call.drag(*from, *to, Holdable::button(*button), held, *span)
        }
        PointerAct::Wheel { at, scroll } => call.wheel(*at, *scroll),
    }
}

impl<'call> Act<'call> {
    fn check(&self) -> PortResult<()> {
        self.cancel.check()?;
        if self.deadline.passed() { Err(CancelReason::Deadline.into()) } else { Ok(()) }
    }

    /// Checks who is at `point` and goes there. Answers whether the movement event alone hit the point, so that it may be
    /// repeated together with a press.
    fn go(&self, point: Point) -> PortResult<bool> {
        on_a_display(point)?;
        target::check_pointer(self.permit, self.target, point)?;
        self.check()?;
        self.arrive(point)
    }

    /// Goes to `point` and looks again who is there, since hovering may have brought another window up. Gives what to
    /// send first in the batch that presses or turns there.
    fn go_again(&self, point: Point) -> PortResult<Vec<Event>> {
        let exact = self.go(point)?;
        target::check_pointer(self.permit, self.target, point)?;
        self.check()?;
        Ok(repeated(exact, point))
    }

    /// Goes to `point` and waits until the pointer is there. Answers as `go`.
    fn arrive(&self, point: Point) -> PortResult<bool> {
        send(&[Event::MoveTo(point)])?;
        if self.is_at(point)? {
            return Ok(true);
        }
        // SAFETY: no pointers.
        unsafe { SetCursorPos(point.x, point.y) }.map_err(failed("SetCursorPos"))?;
        if self.is_at(point)? {
            return Ok(false);
        }
        let place = position().map_or_else(|| "nowhere".to_owned(), |place| place.to_string());
        Err(PortFault::NotOperable(format!("be pointed at: the pointer was kept at {place}")))
    }

    /// Waits until the pointer is at `point`; `false` when it does not come.
    fn is_at(&self, point: Point) -> PortResult<bool> {
        let until = self.deadline.slice(ARRIVAL_WAIT);
        loop {
            if position() == Some(point) {
                return Ok(true);
            }
            if until.passed() {
                return Ok(false);
            }
            self.cancel.wait(ARRIVAL_POLL)?;
        }
    }

    fn hold(&self, keys: &[Key]) -> PortResult<Hold<'call>> {
        self.held.hold(&keys::held(keys)?)
    }

    fn click(&self, at: Point, button: Holdable, count: u8, keys: &[Key]) -> PortResult<()> {
        // Before the last look: noting held keys writes to the disk, and keys that go down may bring something up.
        let keys = self.hold(keys)?;
        let mut events = self.go_again(at)?;
        // One batch carries one time stamp, so a double click is one whatever time the user has set for it.
        for _ in 0..count {
            events.extend([Event::Down(button), Event::Up(button)]);
        }
        keys.press(&events)?;
        keys.end()
    }

    /// A drag that does not reach its end is given up: released where the pointer is, it would drop there what it carries.
    fn drag(&self, from: Point, to: Point, button: Holdable, keys: &[Key], span: Duration) -> PortResult<()> {
        on_a_display(to)?;
        let at = self.go_again(from)?;
        let keys = self.hold(keys)?;
        let button = self.held.hold_for_drag(&at, button, Origin { target: self.target.clone(), at: from })?;
        let carried = self.carry(from, to, span).and_then(|last| keys.press(&[]).map(|()| last));
        match carried {
            Ok(last) => {
                button.end_after(&last)?;
                keys.end()
            }
            Err(fault) => {
                // Before the guards are dropped, which only release. When this fails they try once more.
                let _ = self.held.give_up();
                Err(fault)
            }
        }
    }

    /// Goes from a point to another in steps. Gives what to send first in the batch that releases there, once it is known
    /// who is there.
    fn carry(&self, from: Point, to: Point, span: Duration) -> PortResult<Vec<Event>> {
        let mut last = Vec::new();
        let steps = u32::try_from(span.as_millis() / DRAG_STEP.as_millis()).unwrap_or(DRAG_STEPS_MAX);
        let steps = steps.clamp(DRAG_STEPS_MIN, DRAG_STEPS_MAX);
        for step in 1..=steps {
            let point = between(from, to, step, steps);
            if on_a_display(point).is_err() {
                // The way leads over a gap between displays; the end does not lie in it.
                continue;
            }
            last = repeated(self.arrive(point)?, point);
            self.cancel.wait(span / steps)?;
            self.check()?;
        }
        target::check_drop(self.permit, self.target, to)?;
        Ok(last)
    }

    fn wheel(&self, at: Point, scroll: Scroll) -> PortResult<()> {
        let mut events = self.go_again(at)?;
        if !wheel_goes_to_the_pointer() && !target::has_keyboard(self.target) {
            return Err(PortFault::NotOperable(
                "be scrolled: this user's wheel goes to the window in front; bring this one to the front first"
                    .to_owned(),
            ));
        }
        if scroll.vertical != 0 {
            events.push(Event::Wheel(scroll.vertical));
        }
        if scroll.horizontal != 0 {
            events.push(Event::Tilt(scroll.horizontal));
        }
        send(&events)
    }
}

/// Whether the wheel turns what lies under the pointer, as it does unless the user wants it otherwise
/// (`SPI_GETMOUSEWHEELROUTING`). Where the question is not understood it is the user's default.
fn wheel_goes_to_the_pointer() -> bool {
    let mut routing = MOUSEWHEEL_ROUTING_MOUSE_POS;
    let out: *mut u32 = &mut routing;
    // SAFETY: the out-pointer is a local DWORD that outlives the call; nothing is set.
    let asked = unsafe { SystemParametersInfoW(SPI_GETMOUSEWHEELROUTING, 0, Some(out.cast()), Default::default()) };
    asked.is_err() || routing == MOUSEWHEEL_ROUTING_MOUSE_POS
}

/// The movement once more, when it is one that hits its point.
fn repeated(exact: bool, point: Point) -> Vec<Event> {
    if exact { vec![Event::MoveTo(point)] } else { Vec::new() }
}

fn on_a_display(point: Point) -> PortResult<()> {
    let asked = POINT { x: point.x, y: point.y };
    // SAFETY: any point may be asked.
    if unsafe { MonitorFromPoint(asked, MONITOR_DEFAULTTONULL) }.is_invalid() {
        return Err(PortFault::NotOperable(format!("be reached: {point} lies on no display")));
    }
    Ok(())
}

/// The point after `step` of `steps` on the straight way.
fn between(from: Point, to: Point, step: u32, steps: u32) -> Point {
    let along = |from: i32, to: i32| {
        let way = (i64::from(to) - i64::from(from)) * i64::from(step) / i64::from(steps.max(1));
        i32::try_from(i64::from(from) + way).unwrap_or(to)
    };
    Point { x: along(from.x, to.x), y: along(from.y, to.y) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drag_ends_where_it_should() {
        let (from, to) = (Point { x: -5, y: 100 }, Point { x: 8, y: -3 });
        let way: Vec<Point> = (1..=4).map(|step| between(from, to, step, 4)).collect();
        assert_eq!(way.last(), Some(&to));
        assert_eq!(way[1], Point { x: 1, y: 49 });
    }
}
