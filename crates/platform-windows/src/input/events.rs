//! Input events as plain values, and the one call that injects them. What a value means for the keyboard's state is told
//! here too, so that a batch that was taken in part leaves no key down.

use crate::identity::last_error;
use portcullis_model::Point;
use portcullis_platform::{Button, PortFault, PortResult, SessionState};
use serde::{Deserialize, Serialize};
use windows::Win32::UI::Input::KeyboardAndMouse::{
    GetAsyncKeyState, GetKeyboardLayout, INPUT, INPUT_0, INPUT_KEYBOARD, INPUT_MOUSE, KEYBD_EVENT_FLAGS, KEYBDINPUT,
    KEYEVENTF_EXTENDEDKEY, KEYEVENTF_KEYUP, KEYEVENTF_UNICODE, MAPVK_VK_TO_VSC, MOUSE_EVENT_FLAGS,
    MOUSEEVENTF_ABSOLUTE, MOUSEEVENTF_HWHEEL, MOUSEEVENTF_LEFTDOWN, MOUSEEVENTF_LEFTUP, MOUSEEVENTF_MIDDLEDOWN,
    MOUSEEVENTF_MIDDLEUP, MOUSEEVENTF_MOVE, MOUSEEVENTF_RIGHTDOWN, MOUSEEVENTF_RIGHTUP, MOUSEEVENTF_VIRTUALDESK,
    MOUSEEVENTF_WHEEL, MOUSEINPUT, MapVirtualKeyExW, SendInput, VIRTUAL_KEY,
};
use windows::Win32::UI::WindowsAndMessaging::{
    GetSystemMetrics, SM_CXVIRTUALSCREEN, SM_CYVIRTUALSCREEN, SM_SWAPBUTTON, SM_XVIRTUALSCREEN, SM_YVIRTUALSCREEN,
};

/// What one notch of the wheel counts (`WHEEL_DELTA`).
const WHEEL_DELTA: i32 = 120;

/// A key or button that can be down. A key by its virtual-key code; a button as the hardware has it, before the user's
/// choice of a left hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Holdable {
    /// A key.
    Key(u16),
    /// The hardware's left button.
    Left,
    /// The hardware's right button.
    Right,
    /// The wheel's button.
    Middle,
}

impl Holdable {
    /// The button of the hardware that acts as `button` for this user.
    pub(super) fn button(button: Button) -> Self {
        // SAFETY: no preconditions.
        let swapped = unsafe { GetSystemMetrics(SM_SWAPBUTTON) } != 0;
        match (button, swapped) {
            (Button::Left, false) | (Button::Right, true) => Self::Left,
            (Button::Right, false) | (Button::Left, true) => Self::Right,
            (Button::Middle, _) => Self::Middle,
        }
    }

    /// Whether it is a key and no button.
    pub(super) fn is_key(self) -> bool {
        matches!(self, Self::Key(_))
    }

    /// Whether it is down at this moment.
    pub(super) fn is_down(self) -> bool {
        let code = match self {
            Self::Key(code) => i32::from(code),
            Self::Left => 1,
            Self::Right => 2,
            Self::Middle => 4,
        };
        // SAFETY: any code may be asked. The highest bit is the state.
        unsafe { GetAsyncKeyState(code) < 0 }
    }
}

/// One event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A key or button goes down.
    Down(Holdable),
    /// A key or button comes up.
    Up(Holdable),
    /// One UTF-16 unit of text, as a key that goes down.
    UnitDown(u16),
    /// The same, coming up.
    UnitUp(u16),
    /// The pointer goes to a point of the virtual desktop.
    MoveTo(Point),
    /// The wheel turns by notches.
    Wheel(i32),
    /// The wheel tilts by notches.
    Tilt(i32),
}

/// What is down after `events` that was not before.
fn left_down(events: &[Event]) -> Vec<Holdable> {
    let mut down: Vec<Holdable> = Vec::new();
    for event in events {
        match event {
            Event::Down(what) if !down.contains(what) => down.push(*what),
            Event::Up(what) => down.retain(|other| other != what),
            _ => {}
        }
    }
    down
}

/// Injects events in one call, between which no other event can come. When Windows takes only a part of them, what that
/// part left down is released.
pub(super) fn send(events: &[Event]) -> PortResult<()> {
    if events.is_empty() {
        return Ok(());
    }
    let taken = inject(events);
    if taken == events.len() {
        return Ok(());
    }
    let fault = last_error("SendInput");
    let pressed = left_down(events.get(..taken).unwrap_or_default());
    let ups: Vec<Event> = pressed.into_iter().rev().map(Event::Up).collect();
    if !ups.is_empty() {
        inject(&ups);
    }
    // Another desktop may have come to the front since it was asked; that says more than "access denied".
    match crate::session::state() {
        SessionState::Active => Err(fault),
        other => Err(PortFault::Session(other)),
    }
}

/// How many of the events were taken.
fn inject(events: &[Event]) -> usize {
    // SAFETY: no preconditions; 0 is our own thread's layout, for scan codes alone.
    let layout = unsafe { GetKeyboardLayout(0) };
    let scan = |code: u16| {
        // SAFETY: any code may be asked.
        u16::try_from(unsafe { MapVirtualKeyExW(u32::from(code), MAPVK_VK_TO_VSC, Some(layout)) }).unwrap_or(0)
    };
    let inputs = inputs(events, scan, absolute);
    let size = i32::try_from(size_of::<INPUT>()).unwrap_or(0);
    // SAFETY: the structures are whole, their size is said, and they outlive the call.
    let taken = unsafe { SendInput(&inputs, size) };
    usize::try_from(taken).unwrap_or(0)
}

/// The structures of a batch. What the pointer does after a movement carries the movement's point itself: where a system
/// takes a batch piece by piece, whatever moves the pointer in between does not carry the press elsewhere.
fn inputs(events: &[Event], scan: impl Fn(u16) -> u16, place: impl Fn(Point) -> (i32, i32)) -> Vec<INPUT> {
    let mut at = None;
    let mut all = Vec::new();
    for event in events {
        if let Event::MoveTo(point) = event {
            at = Some(place(*point));
        }
        all.push(input(*event, at, &scan));
    }
    all
}

fn input(event: Event, at: Option<(i32, i32)>, scan: impl Fn(u16) -> u16) -> INPUT {
    let mouse = |flags: MOUSE_EVENT_FLAGS, data: i32| match at {
        Some((x, y)) => mouse(flags | MOUSEEVENTF_MOVE | MOUSEEVENTF_ABSOLUTE | MOUSEEVENTF_VIRTUALDESK, x, y, data),
        None => mouse(flags, 0, 0, data),
    };
    let key = |code: u16, flags: KEYBD_EVENT_FLAGS| {
        let extended = if is_extended(code) { KEYEVENTF_EXTENDEDKEY } else { KEYBD_EVENT_FLAGS(0) };
        keyboard(VIRTUAL_KEY(code), scan(code), flags | extended)
    };
    match event {
        Event::Down(Holdable::Key(code)) => key(code, KEYBD_EVENT_FLAGS(0)),
        Event::Up(Holdable::Key(code)) => key(code, KEYEVENTF_KEYUP),
        Event::Down(Holdable::Left) => mouse(MOUSEEVENTF_LEFTDOWN, 0),
        Event::Up(Holdable::Left) => mouse(MOUSEEVENTF_LEFTUP, 0),
        Event::Down(Holdable::Right) => mouse(MOUSEEVENTF_RIGHTDOWN, 0),
        Event::Up(Holdable::Right) => mouse(MOUSEEVENTF_RIGHTUP, 0),
        Event::Down(Holdable::Middle) => mouse(MOUSEEVENTF_MIDDLEDOWN, 0),
        Event::Up(Holdable::Middle) => mouse(MOUSEEVENTF_MIDDLEUP, 0),
        Event::UnitDown(unit) => keyboard(VIRTUAL_KEY(0), unit, KEYEVENTF_UNICODE),
        Event::UnitUp(unit) => keyboard(VIRTUAL_KEY(0), unit, KEYEVENTF_UNICODE | KEYEVENTF_KEYUP),
        Event::MoveTo(_) => mouse(MOUSE_EVENT_FLAGS(0), 0),
        Event::Wheel(notches) => mouse(MOUSEEVENTF_WHEEL, notches.saturating_mul(WHEEL_DELTA)),
        Event::Tilt(notches) => mouse(MOUSEEVENTF_HWHEEL, notches.saturating_mul(WHEEL_DELTA)),
    }
}

fn keyboard(key: VIRTUAL_KEY, scan: u16, flags: KEYBD_EVENT_FLAGS) -> INPUT {
    let ki = KEYBDINPUT { wVk: key, wScan: scan, dwFlags: flags, time: 0, dwExtraInfo: 0 };
    INPUT { r#type: INPUT_KEYBOARD, Anonymous: INPUT_0 { ki } }
}

fn mouse(flags: MOUSE_EVENT_FLAGS, x: i32, y: i32, data: i32) -> INPUT {
    let mi = MOUSEINPUT { dx: x, dy: y, mouseData: data.cast_unsigned(), dwFlags: flags, time: 0, dwExtraInfo: 0 };
    INPUT { r#type: INPUT_MOUSE, Anonymous: INPUT_0 { mi } }
}

/// Keys whose scan code is that of a key of the number block, told apart by the extended flag.
fn is_extended(code: u16) -> bool {
    matches!(code,
        0x21..=0x28             // page up and down, end, home, the arrows
        | 0x2C..=0x2E           // print screen, insert, delete
        | 0x5B..=0x5D           // both Windows keys, the menu key
        | 0x6F | 0x90           // divide, num lock
        | 0xA3 | 0xA5           // right ctrl and alt
        | 0xA6..=0xB3           // keys of browsers, volume and media keys
    )
}

/// A point in the units of `MOUSEEVENTF_ABSOLUTE | MOUSEEVENTF_VIRTUALDESK`.
fn absolute(point: Point) -> (i32, i32) {
    let metric = |index| {
        // SAFETY: no preconditions.
        unsafe { GetSystemMetrics(index) }
    };
    (
        absolute_along(point.x, metric(SM_XVIRTUALSCREEN), metric(SM_CXVIRTUALSCREEN)),
        absolute_along(point.y, metric(SM_YVIRTUALSCREEN), metric(SM_CYVIRTUALSCREEN)),
    )
}

/// The virtual desktop is 65,536 units wide; the middle of the wanted pixel survives the system's rounding.
fn absolute_along(at: i32, origin: i32, size: i32) -> i32 {
    let units = ((i64::from(at) - i64::from(origin)) * 65_536 + 32_768) / i64::from(size.max(1));
    i32::try_from(units).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_rounds_absolute_units_back_to_the_pixel() {
        for (origin, size) in [(0, 1280), (0, 800), (-1920, 5760), (0, 3840), (-1080, 16_384), (0, 1366)] {
            for at in origin..origin + size {
                let units = i64::from(absolute_along(at, origin, size));
                assert_eq!(units * i64::from(size) / 65_536 + i64::from(origin), i64::from(at), "{origin} {size}");
            }
        }
    }

    #[test]
    fn what_follows_a_movement_carries_its_point() {
        let place = |point: Point| (point.x * 10, point.y * 10);
        let flags = |event: &INPUT| {
            // SAFETY: every event of these batches is one of the mouse.
            let mouse = unsafe { event.Anonymous.mi };
            (mouse.dx, mouse.dy, mouse.dwFlags)
        };
        let moves = MOUSEEVENTF_MOVE | MOUSEEVENTF_ABSOLUTE | MOUSEEVENTF_VIRTUALDESK;
        let click = [Event::Down(Holdable::Left), Event::Up(Holdable::Left), Event::Wheel(1)];
        let batch = [&[Event::MoveTo(Point { x: 3, y: 4 })], &click[..]].concat();
        let made: Vec<_> = inputs(&batch, |_| 0, place).iter().map(flags).collect();
        let flagged = [MOUSE_EVENT_FLAGS(0), MOUSEEVENTF_LEFTDOWN, MOUSEEVENTF_LEFTUP, MOUSEEVENTF_WHEEL];
        assert_eq!(made, flagged.map(|own| (30, 40, own | moves)));
        let made: Vec<_> = inputs(&click, |_| 0, place).iter().map(flags).collect();
        assert_eq!(made, [MOUSEEVENTF_LEFTDOWN, MOUSEEVENTF_LEFTUP, MOUSEEVENTF_WHEEL].map(|own| (0, 0, own)));
    }

    #[test]
    fn what_a_part_of_a_batch_leaves_down_is_known() {
        let [ctrl, c] = [Holdable::Key(0x11), Holdable::Key(0x43)];
        let batch = [Event::Down(ctrl), Event::Down(c), Event::Up(c), Event::Up(ctrl)];
        let expected: [&[Holdable]; 5] = [&[], &[ctrl], &[ctrl, c], &[ctrl], &[]];
        for (taken, expected) in expected.iter().enumerate() {
            assert_eq!(left_down(&batch[..taken]), *expected);
        }
    }
}
