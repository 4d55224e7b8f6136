//! The stop key: a hot key of the system on a thread with a message loop of its own. One server of the session has it at a
//! time, by a named mutex; the others wait to take over. What pressing it does is the caller's.

use crate::identity::{failed, last_error};
use crate::input::chord_codes;
use crate::security::{OwnedHandle, UserOnly};
use portcullis_platform::{Chord, Key, PortFault, PortResult, StopChord, StopKeyPort, StopKeyState, StopKeyWatch};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;
use windows::Win32::Foundation::{HANDLE, LPARAM, WAIT_ABANDONED, WAIT_FAILED, WAIT_OBJECT_0, WAIT_TIMEOUT, WPARAM};
use windows::Win32::System::Threading::{CreateMutexW, GetCurrentThreadId, ReleaseMutex, WaitForSingleObject};
use windows::Win32::UI::Input::KeyboardAndMouse::{
    HOT_KEY_MODIFIERS, MOD_ALT, MOD_CONTROL, MOD_NOREPEAT, MOD_SHIFT, MOD_WIN, RegisterHotKey, UnregisterHotKey,
};
use windows::Win32::UI::WindowsAndMessaging::{
    MSG, MWMO_INPUTAVAILABLE, MsgWaitForMultipleObjectsEx, PM_REMOVE, PeekMessageW, PostThreadMessageW, QS_ALLINPUT,
    WM_HOTKEY, WM_NULL,
};
use windows::core::HSTRING;

/// The hot key's number in its thread, which has no other.
const ID: i32 = 1;
/// Milliseconds that one wait of the thread lasts; a key that another program has is tried again after each.
const LOOK: u32 = 1_000;
/// From the thread's start to its first word.
const START_LIMIT: Duration = Duration::from_secs(2);
/// The session's keyboard, for the stop key.
pub(crate) struct Win32StopKey;

/// A key as the system takes it.
#[derive(Debug, PartialEq, Eq)]
struct HotKey {
    modifiers: HOT_KEY_MODIFIERS,
    /// The codes of the modifiers.
    held: Vec<u16>,
    code: u16,
}

impl HotKey {
    fn of(key: &StopChord) -> PortResult<Self> {
        let (mut modifiers, mut held, mut code) = (MOD_NOREPEAT, Vec::new(), None);
        for key in &key.chord().0 {
            match key {
                // The codes of letters and digits are their characters, on every layout.
                Key::Character(character) => code = u16::try_from(u32::from(character.to_ascii_uppercase())).ok(),
                Key::Named(name) => {
                    let codes = chord_codes(&Chord(vec![*key]))?;
                    match name.as_str() {
                        "alt" => modifiers |= MOD_ALT,
                        "ctrl" => modifiers |= MOD_CONTROL,
                        "shift" => modifiers |= MOD_SHIFT,
                        "win" => modifiers |= MOD_WIN,
                        _ => {
                            code = codes.first().copied();
                            continue;
                        }
                    }
                    held.extend(codes);
                }
            }
        }
        let code = code.ok_or_else(|| PortFault::NotOperable("be a stop key: it has no code here".to_owned()))?;
        Ok(Self { modifiers, held, code })
    }
}

struct Watch {
    ended: Arc<AtomicBool>,
    state: Arc<AtomicU8>,
    /// The thread's number in the system, and the thread.
    thread: Option<(u32, JoinHandle<()>)>,
}

impl StopKeyWatch for Watch {
    fn state(&self) -> StopKeyState {
        read(self.state.load(Ordering::SeqCst))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        if let Some((number, thread)) = self.thread.take() {
            // SAFETY: any thread's number may be named. A thread that is gone needs no waking.
            let _ = unsafe { PostThreadMessageW(number, WM_NULL, WPARAM(0), LPARAM(0)) };
            // A thread that panicked has given the key back with its end.
            let _ = thread.join();
        }
    }
}

const OURS: u8 = 0;
const ANOTHER_SERVER: u8 = 1;
const TAKEN: u8 = 2;

fn read(state: u8) -> StopKeyState {
    match state {
        OURS => StopKeyState::Ours,
        ANOTHER_SERVER => StopKeyState::AnotherServer,
        _ => StopKeyState::Taken,
    }
}

impl StopKeyPort for Win32StopKey {
    fn listen(&self, key: &StopChord, pressed: Box<dyn Fn() + Send + Sync>) -> PortResult<Box<dyn StopKeyWatch>> {
        let hot_key = HotKey::of(key)?;
        let turn = turn(&hot_key)?;
        let (ended, state) = (Arc::<AtomicBool>::default(), Arc::new(AtomicU8::new(TAKEN)));
        let (send, receive) = sync_channel(1);
        let watcher = Watcher { hot_key, turn, ended: Arc::clone(&ended), state: Arc::clone(&state), pressed };
        let thread = std::thread::Builder::new()
            .name("stop-key".to_owned())
            .spawn(move || watcher.run(&send))
            .map_err(|_| last_error("CreateThread"))?;
        let number = receive
            .recv_timeout(START_LIMIT)
            .map_err(|_| PortFault::Unsupported("listen for the stop key: its thread does not start".to_owned()))?;
        let watch = Watch { ended, state, thread: Some((number, thread)) };
        Ok(Box::new(watch))
    }

    fn would_press(&self, key: &StopChord, chord: &Chord) -> bool {
        if key.is_within(chord) {
            return true;
        }
        // The same keys can bear other characters on this layout. A chord that has no keys here cannot be pressed.
        let (Ok(wanted), Ok(pressed)) = (HotKey::of(key), chord_codes(chord)) else { return false };
        wanted.held.iter().chain([&wanted.code]).all(|code| pressed.contains(code))
    }
}

/// The mutex of the server that has this key. Servers with different keys do not wait for each other.
fn turn(key: &HotKey) -> PortResult<OwnedHandle> {
    let user = UserOnly::object()?;
    let attributes = user.attributes();
    let name = HSTRING::from(format!(r"Local\Portcullis.StopKey.{:x}.{:x}", key.modifiers.0, key.code));
    // SAFETY: the attributes point to a living descriptor; the name ends in NUL. Both outlive the call.
    let mutex = unsafe { CreateMutexW(Some(&attributes), false, &name) };
    Ok(OwnedHandle::new(mutex.map_err(failed("CreateMutexW"))?))
}

/// What the thread works with. The hot key and the mutex belong to the thread that took them.
struct Watcher {
    hot_key: HotKey,
    turn: OwnedHandle,
    ended: Arc<AtomicBool>,
    state: Arc<AtomicU8>,
    pressed: Box<dyn Fn() + Send + Sync>,
}

/// What came of one wait.
enum Woken {
    Turn,
    Message,
    Nothing,
    Failed,
}

impl Watcher {
    fn ended(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }

    fn tell(&self, state: u8, started: &SyncSender<u32>) {
        self.state.store(state, Ordering::SeqCst);
        // SAFETY: no preconditions.
        let thread = unsafe { GetCurrentThreadId() };
        // Only the first word is waited for; the channel takes it, and what comes later finds it full or closed.
        let _ = started.try_send(thread);
    }

    fn run(self, started: &SyncSender<u32>) {
        // Gives the thread its queue before anybody can know the thread.
        take_messages();
        if !self.take_turn(started) {
            return;
        }
        while !self.ended() {
            if self.register() {
                self.tell(OURS, started);
                self.listen();
                // SAFETY: this thread registered it.
                let _ = unsafe { UnregisterHotKey(None, ID) };
            } else {
                self.tell(TAKEN, started);
                wait(&[]);
                take_messages();
            }
        }
        // SAFETY: this thread took the mutex.
        let _ = unsafe { ReleaseMutex(self.turn.raw()) };
    }

    /// Waits to be the server that has the key; whether it came to that.
    fn take_turn(&self, started: &SyncSender<u32>) -> bool {
        // SAFETY: the handle is open; this only looks.
        match unsafe { WaitForSingleObject(self.turn.raw(), 0) } {
            WAIT_OBJECT_0 | WAIT_ABANDONED => return true,
            _ => self.tell(ANOTHER_SERVER, started),
        }
        while !self.ended() {
            match wait(&[self.turn.raw()]) {
                Woken::Turn => return true,
                Woken::Message => {
                    take_messages();
                }
                Woken::Nothing => {}
                Woken::Failed => {
                    self.tell(TAKEN, started);
                    return false;
                }
            }
        }
        false
    }

    fn register(&self) -> bool {
        let code = u32::from(self.hot_key.code);
        // SAFETY: no window means this thread, whose loop is below.
        unsafe { RegisterHotKey(None, ID, self.hot_key.modifiers, code) }.is_ok()
    }

    fn listen(&self) {
        while !self.ended() {
            wait(&[]);
            if take_messages() {
                (self.pressed)();
            }
        }
    }
}

/// Waits for a handle or for a message to this thread, for one look at most.
fn wait(handles: &[HANDLE]) -> Woken {
    // SAFETY: the handles are open; the wait is bounded.
    let woken = unsafe { MsgWaitForMultipleObjectsEx(Some(handles), LOOK, QS_ALLINPUT, MWMO_INPUTAVAILABLE) };
    // The message stands behind the handles, of which there is one at most.
    match (woken, handles.is_empty()) {
        (WAIT_OBJECT_0 | WAIT_ABANDONED, false) => Woken::Turn,
        (WAIT_TIMEOUT, _) => Woken::Nothing,
        (WAIT_FAILED, _) => Woken::Failed,
        _ => Woken::Message,
    }
}

/// Takes all messages to this thread; whether the hot key was among them.
fn take_messages() -> bool {
    let mut heard = false;
    let mut message = MSG::default();
    // SAFETY: the message is a local that outlives the call; no window means all of this thread's.
    while unsafe { PeekMessageW(&mut message, None, 0, 0, PM_REMOVE) }.as_bool() {
        heard |= message.message == WM_HOTKEY;
    }
    heard
}
