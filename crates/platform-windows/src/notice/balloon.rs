//! Balloons of the notification area: an icon that comes with the balloon and goes with it. Each has a thread with a window that
//! is told what becomes of it; how many there are at once is capped.

use crate::identity::failed;
use portcullis_model::{Cancel, CancelReason, Deadline, Interrupted, Notice};
use portcullis_platform::{NoticeShown, PortFault, PortResult};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::time::Duration;
use windows::Win32::Foundation::{HWND, LPARAM, LRESULT, WPARAM};
use windows::Win32::System::LibraryLoader::GetModuleHandleW;
use windows::Win32::UI::Shell::{
    NIF_ICON, NIF_INFO, NIF_MESSAGE, NIF_SHOWTIP, NIF_TIP, NIIF_INFO, NIIF_RESPECT_QUIET_TIME, NIM_ADD, NIM_DELETE,
    NIM_MODIFY, NIM_SETVERSION, NIN_BALLOONHIDE, NIN_BALLOONSHOW, NIN_BALLOONTIMEOUT, NIN_BALLOONUSERCLICK,
    NOTIFY_ICON_DATA_FLAGS, NOTIFY_ICON_MESSAGE, NOTIFYICON_VERSION_4, NOTIFYICONDATAW, NOTIFYICONDATAW_0,
    Shell_NotifyIconW,
};
use windows::Win32::UI::WindowsAndMessaging::{
    CreateWindowExW, DefWindowProcW, DestroyWindow, DispatchMessageW, GWLP_USERDATA, GetWindowLongPtrW, HICON,
    HWND_MESSAGE, IDI_INFORMATION, LoadIconW, MSG, PM_REMOVE, PeekMessageW, RegisterClassW, SetWindowLongPtrW,
    WINDOW_EX_STYLE, WINDOW_STYLE, WM_APP, WNDCLASSW,
};
use windows::core::{PCWSTR, w};

/// Balloons that this process shows at once; who comes next waits for a place.
const AT_ONCE: usize = 3;
/// How long Windows may take to tell that a balloon came up.
const COMES_UP: Duration = Duration::from_millis(1_500);
/// How long a balloon stays when nobody closes it.
const STAYS: Duration = Duration::from_secs(7);
/// How long one look at the messages lasts.
const LOOK: Duration = Duration::from_millis(10);
/// The message by which the notification area tells what becomes of the icon.
const TOLD: u32 = WM_APP + 1;
/// The icon's number, of each window its own.
const ICON: u32 = 1;
/// What the icon says when the pointer rests on it.
const TIP: &str = "Portcullis: a message from an agent";
const CLASS: PCWSTR = w!("PortcullisNotice");

/// How long the balloons may take to go when they are taken away.
const GOES: Duration = Duration::from_millis(300);

/// The balloons of this process.
#[derive(Clone, Default)]
pub(super) struct Balloons(Arc<Shared>);

#[derive(Default)]
struct Shared {
    showing: AtomicUsize,
    /// No balloon stays any longer.
    taken_away: AtomicBool,
}

impl Balloons {
    /// Shows a balloon, and waits until Windows tells that it came up, or has had the time for it.
    pub(super) fn show(&self, notice: &Notice, deadline: Deadline, cancel: &Cancel) -> PortResult<NoticeShown> {
        let place = Place::wait(self, deadline, cancel)?;
        let (tell, told) = mpsc::sync_channel(1);
        let (notice, theirs) = (notice.clone(), cancel.clone());
        let thread = std::thread::Builder::new().name("notice".to_owned()).spawn(move || {
            if let Err(fault) = live(&notice, &theirs, &place.0, &tell) {
                // Nobody listens when the call was withdrawn.
                let _ = tell.send(Err(fault));
            }
        });
        thread.map_err(|_| PortFault::Unsupported("start a further thread".to_owned()))?;
        loop {
            match told.recv_timeout(deadline.slice(LOOK).remaining()) {
                Ok(told) => return told.map(|seen| NoticeShown::Balloon { seen }),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(PortFault::Hung),
            }
            cancel.check()?;
            if deadline.passed() {
                return Err(Interrupted(CancelReason::Deadline).into());
            }
        }
    }

    /// Has every balloon go, and waits for that.
    pub(super) fn take_away(&self) {
        self.0.taken_away.store(true, Ordering::Release);
        let (deadline, pause) = (Deadline::after(GOES), Cancel::new());
        while self.0.showing.load(Ordering::Acquire) > 0 && !deadline.passed() {
            // Nobody withdraws it.
            let _ = pause.wait(deadline.slice(LOOK).remaining());
        }
    }

    fn are_taken_away(&self) -> bool {
        self.0.taken_away.load(Ordering::Acquire)
    }
}

/// One of the places for balloons.
struct Place(Balloons);

impl Place {
    fn wait(balloons: &Balloons, deadline: Deadline, cancel: &Cancel) -> PortResult<Self> {
        let free = |showing: usize| (showing < AT_ONCE).then_some(showing + 1);
        while balloons.0.showing.fetch_update(Ordering::AcqRel, Ordering::Acquire, free).is_err() {
            if deadline.passed() {
                return Err(Interrupted(CancelReason::Deadline).into());
            }
            cancel.wait(deadline.slice(LOOK).remaining())?;
        }
        Ok(Self(balloons.clone()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.0.showing.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The life of a balloon, on its own thread: it comes up, that is told, it stays, it goes.
fn live(notice: &Notice, cancel: &Cancel, all: &Balloons, tell: &SyncSender<PortResult<bool>>) -> PortResult<()> {
    let window = Window::create()?;
    let icon = Icon::add(&window, notice)?;
    icon.pop_up()?;
    let seen = window.wait(Deadline::after(COMES_UP), cancel, all, |last| last == NIN_BALLOONSHOW)?;
    // Nobody listens when the call was withdrawn; then the next wait ends at once.
    let _ = tell.send(Ok(seen));
    let gone = |last| matches!(last, NIN_BALLOONHIDE | NIN_BALLOONTIMEOUT | NIN_BALLOONUSERCLICK);
    window.wait(Deadline::after(STAYS), cancel, all, gone).map(drop)
}

/// A window that no one sees, for what the notification area tells.
struct Window(HWND);

impl Window {
    fn create() -> PortResult<Self> {
        // SAFETY: no name means this program's own module, which stays loaded.
        let module = unsafe { GetModuleHandleW(None) }.map_err(failed("GetModuleHandleW"))?;
        let class = WNDCLASSW {
            lpfnWndProc: Some(take),
            hInstance: module.into(),
            lpszClassName: CLASS,
            ..WNDCLASSW::default()
        };
        // SAFETY: the class names a procedure that lives as long as the program. A second registration fails, and the first counts.
        let _ = unsafe { RegisterClassW(&class) };
        // SAFETY: the class is registered; the window belongs to this thread, which destroys it.
        let made = unsafe {
            CreateWindowExW(
                WINDOW_EX_STYLE(0),
                CLASS,
                PCWSTR::null(),
                WINDOW_STYLE(0),
                0,
                0,
                0,
                0,
                Some(HWND_MESSAGE),
                None,
                Some(module.into()),
                None,
            )
        };
        made.map(Self).map_err(failed("CreateWindowExW"))
    }

    /// What the notification area told last of the balloon; 0 before it told anything.
    fn last(&self) -> u32 {
        // SAFETY: the window is alive; the number is the one that `take` put there.
        let told = unsafe { GetWindowLongPtrW(self.0, GWLP_USERDATA) };
        u32::try_from(told).unwrap_or(0)
    }

    /// Takes messages until what was told last is what is waited for; whether it came before the deadline, and before all
    /// balloons are taken away.
    fn wait(&self, until: Deadline, cancel: &Cancel, all: &Balloons, is_it: impl Fn(u32) -> bool) -> PortResult<bool> {
        loop {
            let mut message = MSG::default();
            // SAFETY: the out-pointer is a local; the window is this thread's. Sent messages are taken here too.
            while unsafe { PeekMessageW(&mut message, Some(self.0), 0, 0, PM_REMOVE) }.as_bool() {
                // SAFETY: the message came from the call before.
                unsafe { DispatchMessageW(&message) };
            }
            if is_it(self.last()) {
                return Ok(true);
            }
            if until.passed() || all.are_taken_away() {
                return Ok(false);
            }
            cancel.wait(until.slice(LOOK).remaining())?;
        }
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // SAFETY: this thread created it. A failure leaves nothing to do.
        let _ = unsafe { DestroyWindow(self.0) };
    }
}

/// Notes what the notification area tells. In version 4 the low word of `lparam` is the event.
unsafe extern "system" fn take(window: HWND, message: u32, wparam: WPARAM, lparam: LPARAM) -> LRESULT {
    if message == TOLD {
        // SAFETY: the window is the one that is called, and nobody else uses this number of it.
        unsafe { SetWindowLongPtrW(window, GWLP_USERDATA, event(lparam)) };
        return LRESULT(0);
    }
    // SAFETY: the arguments are those that Windows called with.
    unsafe { DefWindowProcW(window, message, wparam, lparam) }
}

/// The event of a message in version 4.
fn event(lparam: LPARAM) -> isize {
    lparam.0 & 0xFFFF
}

/// The icon in the notification area; it goes when dropped, and the balloon with it.
struct Icon(NOTIFYICONDATAW);

impl Icon {
    fn add(window: &Window, notice: &Notice) -> PortResult<Self> {
        // SAFETY: a predefined icon, which is shared and never destroyed.
        let icon = unsafe { LoadIconW(None, IDI_INFORMATION) }.map_err(failed("LoadIconW"))?;
        let data = described(window.0, icon, notice);
        // The balloon comes when the version holds, so that it is told of in its words.
        send(NIM_ADD, &NOTIFYICONDATAW { uFlags: without_info(data.uFlags), ..data })?;
        let icon = Self(data);
        send(NIM_SETVERSION, &icon.0)?;
        Ok(icon)
    }

    fn pop_up(&self) -> PortResult<()> {
        send(NIM_MODIFY, &self.0)
    }
}

impl Drop for Icon {
    fn drop(&mut self) {
        // One that is gone already leaves nothing to do.
        drop(send(NIM_DELETE, &self.0));
    }
}

fn without_info(flags: NOTIFY_ICON_DATA_FLAGS) -> NOTIFY_ICON_DATA_FLAGS {
    NOTIFY_ICON_DATA_FLAGS(flags.0 & !NIF_INFO.0)
}

fn send(word: NOTIFY_ICON_MESSAGE, data: &NOTIFYICONDATAW) -> PortResult<()> {
    // SAFETY: the structure is whole, says its own size, and outlives the call, which copies it.
    if unsafe { Shell_NotifyIconW(word, data) }.as_bool() {
        return Ok(());
    }
    Err(PortFault::Unsupported("show a notification: no notification area takes it in this session".to_owned()))
}

/// Icon and balloon in the words of `NOTIFYICONDATAW`.
fn described(window: HWND, icon: HICON, notice: &Notice) -> NOTIFYICONDATAW {
    let mut data = NOTIFYICONDATAW {
        cbSize: u32::try_from(size_of::<NOTIFYICONDATAW>()).unwrap_or(0),
        hWnd: window,
        uID: ICON,
        uFlags: NIF_MESSAGE | NIF_ICON | NIF_TIP | NIF_SHOWTIP | NIF_INFO,
        uCallbackMessage: TOLD,
        hIcon: icon,
        dwInfoFlags: NIIF_INFO | NIIF_RESPECT_QUIET_TIME,
        Anonymous: NOTIFYICONDATAW_0 { uVersion: NOTIFYICON_VERSION_4 },
        ..NOTIFYICONDATAW::default()
    };
    fill(&mut data.szTip, TIP);
    fill(&mut data.szInfoTitle, notice.title());
    fill(&mut data.szInfo, notice.message());
    data
}

/// Puts the text into the field, which is longer than it by its NUL at least: `Notice` sees to that.
fn fill(field: &mut [u16], text: &str) {
    let room = field.len().saturating_sub(1);
    for (unit, place) in text.encode_utf16().take(room).zip(field) {
        *place = unit;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(field: &[u16]) -> String {
        let end = field.iter().position(|unit| *unit == 0).unwrap();
        String::from_utf16(&field[..end]).unwrap()
    }

    #[test]
    fn a_balloon_is_described_in_version_4_with_whole_texts_and_without_a_sound_in_quiet_hours() {
        let longest = Notice::new(&"t".repeat(56), &"m".repeat(255)).unwrap();
        for notice in [Notice::new("Backup", "a\nb & <c>").unwrap(), longest] {
            let data = described(HWND(std::ptr::without_provenance_mut(7)), HICON::default(), &notice);
            assert_eq!(data.cbSize, 976);
            assert_eq!(data.uFlags, NOTIFY_ICON_DATA_FLAGS(1 | 2 | 4 | 16 | 128));
            assert_eq!(without_info(data.uFlags), NOTIFY_ICON_DATA_FLAGS(1 | 2 | 4 | 128));
            assert_eq!((data.dwInfoFlags.0, data.uCallbackMessage, data.uID), (1 | 128, TOLD, ICON));
            // SAFETY: the member that `described` wrote.
            assert_eq!(unsafe { data.Anonymous.uVersion }, 4);
            let fields = (text(&data.szInfoTitle), text(&data.szInfo), text(&data.szTip));
            assert_eq!(fields, (notice.title().to_owned(), notice.message().to_owned(), TIP.to_owned()));
        }
    }

    #[test]
    fn the_event_is_the_low_word() {
        for (lparam, told) in [(0x0001_0402, NIN_BALLOONSHOW), (0x0001_0404, NIN_BALLOONTIMEOUT), (0, 0)] {
            assert_eq!(u32::try_from(event(LPARAM(lparam))), Ok(told));
        }
    }
}
