//! Keys by name and by character as virtual-key codes. A character stands where the layout of the receiving thread has
//! it; what the layout lacks is refused, never guessed.

use super::events::Holdable;
use portcullis_platform::{Chord, Key, KeyName, PortFault, PortResult};
use windows::Win32::Foundation::HWND;
use windows::Win32::UI::Input::KeyboardAndMouse::{
    GetKeyboardLayout, HKL, MAPVK_VK_TO_VSC, MapVirtualKeyExW, ToUnicodeEx, VkKeyScanExW,
};
use windows::Win32::UI::WindowsAndMessaging::{GetForegroundWindow, GetWindowThreadProcessId};

const VK_SHIFT: u16 = 0x10;
const VK_CONTROL: u16 = 0x11;
const VK_MENU: u16 = 0x12;
/// The first function key; the others follow it.
const VK_F1: u16 = 0x70;
/// The number block's zero; its other digits follow it.
const VK_NUMPAD0: u16 = 0x60;
/// Function keys that Windows knows.
const FUNCTION_KEYS: u16 = 24;

/// Virtual-key codes that exist, as the length of a keyboard's state.
const KEY_CODES: usize = 256;
/// The flag by which `ToUnicodeEx` leaves pending dead keys alone.
const KEEP_KEYBOARD_STATE: u32 = 0b100;

/// Which keys a chord holds, in order, and which one it presses.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) held: Vec<Holdable>,
    pub(super) pressed: Holdable,
}

/// The code of a named key.
fn named(name: KeyName) -> PortResult<u16> {
    let text = name.as_str();
    let function = text.strip_prefix('f').and_then(|number| number.parse::<u16>().ok());
    if let Some(number) = function
        && (1..=FUNCTION_KEYS).contains(&number)
    {
        return Ok(VK_F1 + number - 1);
    }
    let digit = text.strip_prefix("num").and_then(|digit| digit.parse::<u16>().ok());
    if let Some(digit) = digit.filter(|digit| *digit <= 9) {
        return Ok(VK_NUMPAD0 + digit);
    }
    Ok(match text {
        "alt" => VK_MENU,
        "apps" => 0x5D,
        "backspace" => 0x08,
        "caps_lock" => 0x14,
        "ctrl" => VK_CONTROL,
        "delete" => 0x2E,
        "down" => 0x28,
        "end" => 0x23,
        "enter" => 0x0D,
        "escape" => 0x1B,
        "home" => 0x24,
        "insert" => 0x2D,
        "left" => 0x25,
        "num_lock" => 0x90,
        "page_down" => 0x22,
        "page_up" => 0x21,
        "pause" => 0x13,
        "print_screen" => 0x2C,
        "right" => 0x27,
        "scroll_lock" => 0x91,
        "shift" => VK_SHIFT,
        "space" => 0x20,
        "tab" => 0x09,
        "up" => 0x26,
        "win" => 0x5B,
        "volume_up" => 0xAF,
        "volume_down" => 0xAE,
        "volume_mute" => 0xAD,
        "num_multiply" => 0x6A,
        "num_add" => 0x6B,
        "num_separator" => 0x6C,
        "num_subtract" => 0x6D,
        "num_decimal" => 0x6E,
        "num_divide" => 0x6F,
        "media_next" => 0xB0,
        "media_previous" => 0xB1,
        "media_stop" => 0xB2,
        "media_play" => 0xB3,
        "browser_back" => 0xA6,
        "browser_forward" => 0xA7,
        "browser_refresh" => 0xA8,
        "browser_stop" => 0xA9,
        "clear" => 0x0C,
        "select" => 0x29,
        "print" => 0x2A,
        "execute" => 0x2B,
        "help" => 0x2F,
        other => return Err(PortFault::NotOperable(format!("be sent the key {other}: it has no code here"))),
    })
}

/// The layout of the thread that has the keyboard.
fn foreground_layout() -> HKL {
    // SAFETY: no preconditions.
    let foreground: HWND = unsafe { GetForegroundWindow() };
    // SAFETY: any handle value may be asked; a wrong one gives thread 0, which stands for ours.
    let thread = unsafe { GetWindowThreadProcessId(foreground, None) };
    // SAFETY: any thread id may be asked.
    unsafe { GetKeyboardLayout(thread) }
}

/// A key on a layout: its code and the codes of the shift keys that it needs.
type OnLayout = (u16, Vec<u16>);

/// Where `character` is on the layout.
fn on_layout(character: char, layout: HKL) -> PortResult<OnLayout> {
    let lacking = || {
        PortFault::NotOperable(format!("be sent the character `{character}` as a key: the keyboard layout lacks it"))
    };
    let mut units = [0u16; 2];
    let [unit] = *character.encode_utf16(&mut units) else { return Err(lacking()) };
    // SAFETY: any unit and layout may be asked.
    let scanned = unsafe { VkKeyScanExW(unit, layout) };
    let found = read_scan(scanned).ok_or_else(lacking)?;
    // Where a layout lacks a character some systems answer with the nearest one's key, so the key is asked back.
    if gives(&found, unit, layout) { Ok(found) } else { Err(lacking()) }
}

/// Whether the key with its shift keys gives the unit, as a character or as a dead key.
fn gives((code, shifts): &OnLayout, unit: u16, layout: HKL) -> bool {
    const DOWN: u8 = 0x80;
    let mut state = [0u8; KEY_CODES];
    for shift in shifts {
        if let Some(key) = state.get_mut(usize::from(*shift)) {
            *key = DOWN;
        }
    }
    // SAFETY: any code may be asked.
    let scan = unsafe { MapVirtualKeyExW(u32::from(*code), MAPVK_VK_TO_VSC, Some(layout)) };
    let mut units = [0u16; 4];
    // SAFETY: the state has an entry for each code and the buffer goes with its length.
    let count = unsafe { ToUnicodeEx(u32::from(*code), scan, &state, &mut units, KEEP_KEYBOARD_STATE, Some(layout)) };
    count != 0 && units.first() == Some(&unit)
}

/// The answer of `VkKeyScanEx`: the code below, the shift state above; -1 when there is none. Shift states beyond Ctrl
/// and Alt belong to keys (Hankaku and layout-defined ones) that we have no name for.
fn read_scan(scanned: i16) -> Option<OnLayout> {
    let [code, shifts] = scanned.to_le_bytes();
    if scanned == -1 || shifts & !0b111 != 0 {
        return None;
    }
    let needed = [(0b10, VK_CONTROL), (0b100, VK_MENU), (0b1, VK_SHIFT)];
    Some((u16::from(code), needed.iter().filter(|(bit, _)| shifts & bit != 0).map(|(_, code)| *code).collect()))
}

fn code_and_shifts(key: Key, with_modifier: bool, layout: HKL) -> PortResult<OnLayout> {
    match key {
        Key::Named(name) => Ok((named(name)?, Vec::new())),
        // `Ctrl+C` means the key of `c`: letters beside a modifier are names of keys, whatever their case.
        Key::Character(character) if with_modifier => on_layout(lower(character), layout),
        Key::Character(character) => on_layout(character, layout),
    }
}

/// The lower case of a letter that has a single one.
fn lower(character: char) -> char {
    let mut lower = character.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(only), None) => only,
        _ => character,
    }
}

/// How a chord is pressed on the layout of the thread that has the keyboard.
pub(super) fn plan(chord: &Chord) -> PortResult<Plan> {
    plan_on(chord, foreground_layout())
}

fn plan_on(Chord(keys): &Chord, layout: HKL) -> PortResult<Plan> {
    let Some((last, before)) = keys.split_last() else {
        return Err(PortFault::NotOperable("be sent a chord without keys".to_owned()));
    };
    let with_modifier = before.iter().any(|key| is_command_modifier(*key));
    let mut held = Vec::new();
    for key in before {
        let (code, shifts) = code_and_shifts(*key, with_modifier, layout)?;
        held.extend(shifts);
        held.push(code);
    }
    let (pressed, shifts) = code_and_shifts(*last, with_modifier, layout)?;
    held.extend(shifts);
    Ok(Plan { held: distinct(held), pressed: Holdable::Key(pressed) })
}

/// Whether the key turns letters into commands: Shift does not.
fn is_command_modifier(key: Key) -> bool {
    key.is_modifier() && !matches!(key, Key::Named(name) if name.as_str() == "shift")
}

/// Keys that are held while the pointer acts.
pub(super) fn held(keys: &[Key]) -> PortResult<Vec<Holdable>> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let layout = foreground_layout();
    let mut held = Vec::new();
    for key in keys {
        let (code, shifts) = code_and_shifts(*key, true, layout)?;
        held.extend(shifts);
        held.push(code);
    }
    Ok(distinct(held))
}

fn distinct(codes: Vec<u16>) -> Vec<Holdable> {
    let mut distinct = Vec::new();
    for code in codes.into_iter().map(Holdable::Key) {
        if !distinct.contains(&code) {
            distinct.push(code);
        }
    }
    distinct
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_code_of_its_own() {
        let mut codes: Vec<u16> = Key::names()
            .map(|name| match Key::parse(name).unwrap() {
                Key::Named(name) => named(name).unwrap(),
                Key::Character(_) => panic!("{name} is a name"),
            })
            .collect();
        let all = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), all);
    }

    #[test]
    fn a_layout_tells_the_shift_keys_that_a_character_needs() {
        assert_eq!(read_scan(0x0041), Some((0x41, vec![])));
        assert_eq!(read_scan(0x0141), Some((0x41, vec![VK_SHIFT])));
        assert_eq!(read_scan(0x0651), Some((0x51, vec![VK_CONTROL, VK_MENU])));
        assert_eq!(read_scan(-1), None);
        assert_eq!(read_scan(0x0841), None);
    }

    #[test]
    fn letters_beside_a_modifier_are_keys_and_alone_they_are_characters() {
        let layout = foreground_layout();
        let plan = |text: &str| plan_on(&Chord::parse(text).unwrap(), layout).unwrap();
        assert_eq!(plan("ctrl+C"), plan("Control+c"));
        assert_eq!(plan("ctrl+shift+s").held, [Holdable::Key(VK_CONTROL), Holdable::Key(VK_SHIFT)]);
        assert_eq!(plan("A").held, [Holdable::Key(VK_SHIFT)]);
        assert_eq!(plan("shift+A").held, [Holdable::Key(VK_SHIFT)]);
        for lacking in ["ctrl+🙂", "ctrl+你"] {
            assert!(plan_on(&Chord::parse(lacking).unwrap(), layout).is_err(), "{lacking}");
        }
    }
}
