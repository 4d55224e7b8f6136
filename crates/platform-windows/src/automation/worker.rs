//! The worker process: reads questions from standard input, asks UI Automation, writes answers to standard output, and
//! ends with its input. It takes no decision of policy: the server that started it has taken them, and nobody else can
//! reach its pipes.

use super::com::{self, Answered, Client};
use super::protocol::{self, Answer, Ask, Reply, Request, Trouble};
use super::{act, read};
use crate::identity;
use std::collections::VecDeque;
use std::io::{stdin, stdout};
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};
use windows::Win32::UI::Accessibility::IUIAutomationElement;

/// Windows whose elements are kept at hand.
const WINDOW_CAP: usize = 8;
/// Questions that may wait. The server asks one at a time.
const QUESTION_CAP: usize = 4;
/// Elements of one reading, whatever is asked for.
const ELEMENT_CAP: usize = 10_000;

/// Runs until the input ends. The answer says whether it ended in order.
pub fn run() -> bool {
    // Rectangles are told in physical pixels, as everywhere.
    identity::become_dpi_aware();
    let (to, questions) = sync_channel::<Request>(QUESTION_CAP);
    let reader = std::thread::Builder::new().name("questions".to_owned()).spawn(move || {
        while let Ok(Some(request)) = protocol::read::<Request>(&mut stdin().lock()) {
            if to.send(request).is_err() {
                return;
            }
        }
        // The server is gone. The other thread may hang inside a provider, so the process does not wait for it.
        std::process::exit(0);
    });
    if reader.is_err() {
        return false;
    }
    // Made before the first question, so that a spare is warm.
    let mut desk = Desk { client: Client::new(), windows: VecDeque::new() };
    for request in questions {
        let answer = Answer { id: request.id, result: desk.answer(&request) };
        if protocol::write(&mut stdout().lock(), &answer).is_err() {
            return false;
        }
    }
    true
}

/// What the worker keeps between questions.
struct Desk {
    client: windows::core::Result<Client>,
    /// The elements of the windows that were read last. They are a shortcut: what is missing is searched for.
    windows: VecDeque<(u64, read::Known)>,
}

impl Desk {
    fn answer(&mut self, request: &Request) -> Answered<Reply> {
        let Self { client, windows } = self;
        let client = client.as_ref().map_err(|error| {
            Trouble::Unsupported(format!("UI Automation does not start ({:#010x})", error.code().0))
        })?;
        let window = request.window;
        match &request.ask {
            Ask::Read { elements, rows, whole } => {
                let limits = read::Limits {
                    elements: (*elements).min(ELEMENT_CAP),
                    rows: *rows,
                    until: Instant::now() + Duration::from_millis(request.millis),
                    whole: *whole,
                };
                let reading = read::read(client, identity::hwnd(window), &limits)?;
                windows.retain(|(known, _)| *known != window);
                windows.push_front((window, reading.known));
                windows.truncate(WINDOW_CAP);
                Ok(Reply::Tree { nodes: reading.nodes, cut: reading.cut, trouble: reading.trouble })
            }
            Ask::Element { runtime_id } => {
                let element = find(client, windows, window, runtime_id)?;
                Ok(Reply::Node(Some(read::fresh(&element, window))))
            }
            Ask::At { x, y } => Ok(Reply::Node(inside(client, client.at(*x, *y)?, window))),
            Ask::Focused => Ok(Reply::Node(inside(client, client.focused()?, window))),
            Ask::Text { runtime_id, from, max_chars } => {
                act::text(&find(client, windows, window, runtime_id)?, *from, *max_chars)
            }
            Ask::Act { runtime_id, act } => act::act(&find(client, windows, window, runtime_id)?, act),
        }
    }
}

/// The element as a node, when it lies in the window.
fn inside(client: &Client, element: IUIAutomationElement, window: u64) -> Option<protocol::Node> {
    client.lies_in(&element, window).then(|| read::fresh(&element, window))
}

/// An element by its runtime id: the one at hand when it still answers to it, else searched for. So refs outlive the
/// worker that gave them.
fn find(
    client: &Client,
    windows: &VecDeque<(u64, read::Known)>,
    window: u64,
    runtime_id: &[i32],
) -> Answered<IUIAutomationElement> {
    let known = windows.iter().find(|(known, _)| *known == window).and_then(|(_, elements)| elements.get(runtime_id));
    if let Some(element) = known
        && com::runtime_id(element).as_deref() == Some(runtime_id)
    {
        return Ok(element.clone());
    }
    read::search(client, identity::hwnd(window), runtime_id)
}
