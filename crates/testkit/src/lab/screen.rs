//! Looks at a run's X display from the host: its pixels and its windows. This is the tests' own eye, independent of
//! anything that the server says.

use super::pixels::Pixels;
use anyhow::{Context, Result, bail};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{AtomEnum, ConnectionExt, ImageFormat, InputFocus, MapState, Window};
use x11rb::rust_connection::RustConnection;

const POLL: Duration = Duration::from_millis(20);
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// No desktop of ours has more; a bound for a tree that changes while it is read.
const MOST_WINDOWS: usize = 2_000;
/// In units of four bytes.
const LONGEST_TITLE: u32 = 256;

/// A connection to one display.
#[derive(Debug)]
pub struct Screen {
    connection: RustConnection,
    root: Window,
}

/// A window that is on the display.
#[derive(Debug, Clone)]
pub struct XWindow {
    id: Window,
    /// Its title, or nothing.
    pub title: String,
    /// Left edge on the display.
    pub x: i32,
    /// Top edge on the display.
    pub y: i32,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

impl Screen {
    /// Connects to a display such as `:3`.
    pub fn connect(display: &str) -> Result<Screen> {
        let deadline = Instant::now() + CONNECT_LIMIT;
        loop {
            match RustConnection::connect(Some(display)) {
                Ok((connection, number)) => {
                    let root = connection.setup().roots.get(number).context("the display has no screen")?.root;
                    return Ok(Screen { connection, root });
                }
                Err(e) if Instant::now() >= deadline => {
                    return Err(e).with_context(|| format!("cannot connect to display {display}"));
                }
                Err(_) => thread::sleep(POLL),
            }
        }
    }

    /// All windows that are on the display, with or without a title.
    pub fn windows(&self) -> Result<Vec<XWindow>> {
        let mut open = vec![self.root];
        let mut found = Vec::new();
        while let Some(window) = open.pop() {
            // A window may be gone between the listing and the question, which is no error.
            let Ok(tree) = self.connection.query_tree(window)?.reply() else { continue };
            open.extend(tree.children);
            if let Some(description) = self.describe(window)? {
                found.push(description);
            }
            if found.len() >= MOST_WINDOWS {
                break;
            }
        }
        Ok(found)
    }

    fn describe(&self, window: Window) -> Result<Option<XWindow>> {
        let attributes = self.connection.get_window_attributes(window)?.reply();
        if !attributes.is_ok_and(|a| a.map_state == MapState::VIEWABLE) {
            return Ok(None);
        }
        let (Ok(size), Ok(place)) = (
            self.connection.get_geometry(window)?.reply(),
            self.connection.translate_coordinates(window, self.root, 0, 0)?.reply(),
        ) else {
            return Ok(None);
        };
        let title = self.title(window)?;
        Ok(Some(XWindow {
            id: window,
            title,
            x: place.dst_x.into(),
            y: place.dst_y.into(),
            width: size.width.into(),
            height: size.height.into(),
        }))
    }

    fn title(&self, window: Window) -> Result<String> {
        let modern = self.connection.intern_atom(false, b"_NET_WM_NAME")?.reply()?.atom;
        for atom in [modern, AtomEnum::WM_NAME.into()] {
            let property = self.connection.get_property(false, window, atom, AtomEnum::ANY, 0, LONGEST_TITLE)?.reply();
            if let Ok(property) = property
                && !property.value.is_empty()
            {
                return Ok(String::from_utf8_lossy(&property.value).into_owned());
            }
        }
        Ok(String::new())
    }

    /// Waits for a window whose title contains the text.
    pub fn await_window(&self, title: &str, deadline: Instant) -> Result<XWindow> {
        let what = format!("no window titled `{title}` on the display");
        self.await_windows(&what, deadline, |windows| windows.iter().find(|w| w.title.contains(title)).cloned())
    }

    /// Waits until the windows of the display are such that something is made of them; `what` is wrong while they are not.
    pub fn await_windows<T>(
        &self,
        what: &str,
        deadline: Instant,
        made_of: impl Fn(&[XWindow]) -> Option<T>,
    ) -> Result<T> {
        loop {
            let windows = self.windows()?;
            if let Some(made) = made_of(&windows) {
                return Ok(made);
            }
            if Instant::now() >= deadline {
                let seen: Vec<&str> = windows.iter().map(|w| w.title.as_str()).filter(|t| !t.is_empty()).collect();
                bail!("{what} in time; there are: {}", seen.join(", "));
            }
            thread::sleep(POLL);
        }
    }

    /// Gives a window the keyboard focus of the display, as a window manager would.
    pub(super) fn focus(&self, window: &XWindow) -> Result<()> {
        self.connection.set_input_focus(InputFocus::POINTER_ROOT, window.id, x11rb::CURRENT_TIME)?.check()?;
        Ok(())
    }

    /// What the display shows now.
    pub fn pixels(&self) -> Result<Pixels> {
        let size = self.connection.get_geometry(self.root)?.reply()?;
        let image = self
            .connection
            .get_image(ImageFormat::Z_PIXMAP, self.root, 0, 0, size.width, size.height, u32::MAX)?
            .reply()
            .context("cannot read the display")?;
        let mut rgb = Vec::with_capacity(image.data.len());
        for pixel in image.data.chunks_exact(4) {
            if let [b, g, r, _] = pixel {
                rgb.extend([r, g, b]);
            }
        }
        Ok(Pixels { width: size.width.into(), height: size.height.into(), rgb })
    }

    /// Writes what the display shows now as a PNG.
    pub fn write_png(&self, path: &Path) -> Result<()> {
        self.pixels()?.write_png(path)
    }
}
