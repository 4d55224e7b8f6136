//! The worker process: reads questions from standard input, asks UI Automation, writes answers to standard output, and
//! ends with its input. It takes no decision of policy: the server that started it has taken them, and nobody else can
//! reach its pipes.

use super::com::{self, Answered, Client};
use super::protocol::{self, Answer, Ask, Reply, Request, Trouble};
use super::{act, read};
use crate::identity;
use crate::tree::part;
use portcullis_model::WindowIdentity;
use std::collections::VecDeque;
use std::io::{stdin, stdout};
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};
use windows::Win32::Foundation::HWND;
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
    let mut desk = Desk { client: Client::new(), windows: VecDeque::new(), hand: act::Hand::default() };
    for request in questions {
        let answer = Answer { id: request.id, result: desk.answer(&request) };
        if protocol::write_answer(&mut stdout().lock(), &answer).is_err() {
            return false;
        }
    }
    true
}

/// What the worker keeps between questions.
struct Desk {
    client: windows::core::Result<Client>,
    /// The elements of the windows that were read last. They are a shortcut: what is missing is searched for.
    windows: VecDeque<(WindowIdentity, read::Known)>,
    hand: act::Hand,
}

impl Desk {
    fn answer(&mut self, request: &Request) -> Answered<Reply> {
        let Self { client, windows, hand } = self;
        let client = client.as_ref().map_err(|error| {
            Trouble::Unsupported(format!("UI Automation does not start ({:#010x})", error.code().0))
        })?;
        let window = WindowIdentity::from(request.window.clone());
        let top = alive(&window)?;
        let until = Instant::now() + Duration::from_millis(request.millis);
        match &request.ask {
            Ask::Read { elements, rows, whole } => {
                let limits = read::Limits { elements: (*elements).min(ELEMENT_CAP), rows: *rows, until, whole: *whole };
                let reading = read::read(client, top, &limits)?;
                windows.retain(|(known, _)| *known != window);
                windows.push_front((window, reading.known));
                windows.truncate(WINDOW_CAP);
                Ok(Reply::Tree { nodes: reading.nodes, cut: reading.cut, trouble: reading.trouble })
            }
            Ask::Element { element } => {
                let found = find(client, windows, &window, element, until)?;
                Ok(Reply::Node(Some(found.node)))
            }
            Ask::At { x, y } => Ok(Reply::Node(inside(client, client.at(*x, *y)?, top))),
            Ask::Focused => Ok(Reply::Node(inside(client, client.focused()?, top))),
            Ask::Text { element, from, max_chars } => {
                let found = find(client, windows, &window, element, until)?;
                act::text(&found.element, *from, *max_chars)
            }
            Ask::Act { element, act, part } => {
                let found = find(client, windows, &window, element, until)?;
                let own_number = identity::handle_number(found.part);
                if *part != Some(own_number) && !part::strangers(found.part, window.process).is_empty() {
                    return Err(Trouble::OtherProgram(own_number));
                }
                // Finding it may have taken long; the act is to hit no window that came in its place.
                alive(&window)?;
                hand.act(&found.element, act, until)
            }
        }
    }
}

/// The window's handle, while it still is the one that the server meant.
fn alive(window: &WindowIdentity) -> Answered<HWND> {
    identity::live(window).map_err(|_| Trouble::Gone)
}

/// The element as a node, when it lies in the window.
fn inside(client: &Client, element: IUIAutomationElement, window: HWND) -> Option<protocol::Node> {
    client.part_of(&element, window).map(|_| read::fresh(&element, window))
}

/// An element that still is the one that was meant.
struct Found {
    element: IUIAutomationElement,
    /// The window that holds it.
    part: HWND,
    /// What it is now.
    node: protocol::Node,
}

/// An element by its runtime id: the one at hand when it still answers to it, else searched for. So refs outlive the worker
/// that gave them. What lies in another top-level window is gone, for this one, and so is what has become something else.
fn find(
    client: &Client,
    windows: &VecDeque<(WindowIdentity, read::Known)>,
    window: &WindowIdentity,
    meant: &protocol::Meant,
    until: Instant,
) -> Answered<Found> {
    let runtime_id = meant.runtime_id.as_slice();
    let top = identity::hwnd(window.handle);
    let known = windows.iter().find(|(known, _)| known == window).and_then(|(_, elements)| elements.get(runtime_id));
    let element = match known.filter(|element| com::runtime_id(element).as_deref() == Some(runtime_id)) {
        Some(element) => element.clone(),
        None => read::search(client, top, runtime_id, until)?,
    };
    let part = client.part_of(&element, top).ok_or(Trouble::Gone)?;
    let node = read::fresh(&element, top);
    if node.mark() != meant.mark {
        return Err(Trouble::Gone);
    }
    Ok(Found { element, part, node })
}

#[cfg(test)]
mod tests {
    use super::super::protocol::{Act, Node, Target};
    use super::*;
    use std::sync::mpsc::sync_channel;
    use std::thread::JoinHandle;
    use windows::Win32::Foundation::{LPARAM, WPARAM};
    use windows::Win32::System::Threading::GetCurrentThreadId;
    use windows::Win32::UI::WindowsAndMessaging::{
        CreateWindowExW, DispatchMessageW, ES_PASSWORD, GetMessageW, MSG, PostThreadMessageW, WINDOW_EX_STYLE,
        WINDOW_STYLE, WM_QUIT, WS_CHILD, WS_OVERLAPPEDWINDOW, WS_VISIBLE,
    };
    use windows::core::{PCWSTR, w};

    const SECRET: &str = "canary-7d20";

    /// A window of a thread that answers messages, until it is dropped.
    struct Stage {
        window: WindowIdentity,
        button: u64,
        secret: u64,
        thread: u32,
        ended: Option<JoinHandle<()>>,
    }

    fn window(class: PCWSTR, text: PCWSTR, style: WINDOW_STYLE, top: i32, around: Option<HWND>) -> HWND {
        let none = WINDOW_EX_STYLE(0);
        let style = style | WS_VISIBLE;
        // SAFETY: a class of the system, constant texts, and no parameter.
        unsafe { CreateWindowExW(none, class, text, style, 0, top, 200, 40, around, None, None, None) }.unwrap()
    }

    impl Stage {
        fn start() -> Self {
            let (to, from) = sync_channel(1);
            let ended = std::thread::spawn(move || {
                let frame = window(w!("#32770"), w!("Stage"), WS_OVERLAPPEDWINDOW, 100, None);
                let button = window(w!("BUTTON"), w!("Press"), WS_CHILD, 0, Some(frame));
                let hides = WS_CHILD | WINDOW_STYLE(ES_PASSWORD.cast_unsigned());
                let secret = window(w!("EDIT"), w!("canary-7d20"), hides, 50, Some(frame));
                // SAFETY: no arguments.
                let thread = unsafe { GetCurrentThreadId() };
                let [button, secret] = [button, secret].map(identity::handle_number);
                to.send((identity::identify(frame).unwrap(), button, secret, thread)).unwrap();
                let mut message = MSG::default();
                // SAFETY: the out-pointer is a local that outlives the call.
                while unsafe { GetMessageW(&mut message, None, 0, 0) }.as_bool() {
                    // SAFETY: the message is the one that was just got.
                    unsafe { DispatchMessageW(&message) };
                }
            });
            let (window, button, secret, thread) = from.recv().unwrap();
            Self { window, button, secret, thread, ended: Some(ended) }
        }
    }

    impl Drop for Stage {
        fn drop(&mut self) {
            // SAFETY: plain numbers.
            unsafe { PostThreadMessageW(self.thread, WM_QUIT, WPARAM(0), LPARAM(0)) }.unwrap();
            self.ended.take().unwrap().join().unwrap();
        }
    }

    fn desk() -> Desk {
        Desk { client: Client::new(), windows: VecDeque::new(), hand: act::Hand::default() }
    }

    fn ask(desk: &mut Desk, window: &WindowIdentity, ask: Ask) -> Answered<Reply> {
        desk.answer(&Request { id: 1, window: Target::from(window), millis: 20_000, ask })
    }

    fn nodes(desk: &mut Desk, window: &WindowIdentity, whole: bool) -> Vec<Node> {
        match ask(desk, window, Ask::Read { elements: 100, rows: 10, whole }) {
            Ok(Reply::Tree { nodes, .. }) => nodes,
            other => panic!("{other:?}"),
        }
    }

    fn meant(node: &Node) -> protocol::Meant {
        protocol::Meant { runtime_id: node.runtime_id.clone(), mark: node.mark() }
    }

    /// The lab's UI Automation has a node for each window that is asked about, and none below it.
    #[test]
    fn an_element_says_where_it_lies_and_tells_no_secret() {
        let (stage, other) = (Stage::start(), Stage::start());
        let mut desk = desk();
        let nodes = nodes(&mut desk, &stage.window, true);
        assert_eq!(
            nodes.first().map(|node| (node.name.as_str(), node.top, node.password)),
            Some(("Stage", true, false))
        );
        let client = desk.client.as_ref().unwrap();
        let [frame, elsewhere] = [&stage, &other].map(|stage| identity::hwnd(stage.window.handle));
        for (part, name, secret) in [(stage.button, "Press", false), (stage.secret, "", true)] {
            let part = identity::hwnd(part);
            let element = client.window(part).unwrap();
            let node = read::fresh(&element, frame);
            assert_eq!((node.name.as_str(), node.top, node.password), (name, false, secret), "{node:?}");
            assert!(!format!("{node:?}").contains(SECRET), "{node:?}");
            assert_eq!(act::text(&element, 0, 9).is_err(), secret);
            assert_eq!(client.part_of(&element, frame), Some(part));
            assert_eq!(client.part_of(&element, elsewhere), None);
        }
    }

    #[test]
    fn an_element_that_is_not_at_hand_is_searched_for() {
        let stage = Stage::start();
        let mut desk = desk();
        let meant = meant(&nodes(&mut desk, &stage.window, true).remove(0));
        desk.windows.clear();
        let again = ask(&mut desk, &stage.window, Ask::Element { element: meant.clone() });
        let Ok(Reply::Node(Some(again))) = again else { panic!("{again:?}") };
        assert_eq!((again.name.as_str(), again.top), ("Stage", true));
        let other_id = protocol::Meant { runtime_id: vec![42, 1], ..meant.clone() };
        // The same id, given to something else.
        let other_thing = protocol::Meant { mark: meant.mark ^ 1, ..meant };
        for element in [other_id, other_thing] {
            assert_eq!(ask(&mut desk, &stage.window, Ask::Element { element }), Err(Trouble::Gone));
        }
    }

    #[test]
    fn a_window_that_is_another_by_now_is_gone_for_every_question() {
        let stage = Stage::start();
        let mut desk = desk();
        let button = nodes(&mut desk, &stage.window, false).pop().unwrap();
        let WindowIdentity { process_start, .. } = stage.window;
        let other = WindowIdentity { process_start: process_start + 1, ..stage.window.clone() };
        let element = meant(&button);
        for question in [
            Ask::Read { elements: 10, rows: 10, whole: true },
            Ask::Element { element: element.clone() },
            Ask::Focused,
            Ask::Act { element, act: Act::Focus, part: None },
        ] {
            assert_eq!(ask(&mut desk, &other, question.clone()), Err(Trouble::Gone), "{question:?}");
        }
    }
}
