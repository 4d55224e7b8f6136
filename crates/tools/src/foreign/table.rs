//! The table: each name of another system with its arguments, and what becomes of them. Values and names alone; how a row is
//! read is the module above.

use super::Becomes::{Chord, Display, Label, Named, Own, Pair, Refused, Same, Words};
use super::Literal::{Number, Text, Truth};
use super::{Arm, Row, Way, finish};

/// An arm that sets nothing and needs nothing besides.
const fn plain(tool: &'static str, arguments: &'static [(&'static str, super::Becomes)]) -> Arm {
    Arm { tool, sets: &[], defaults: &[], arguments, finish: None }
}

const APP: Arm = plain(
    "App",
    &[
        (
            "mode",
            Words {
                to: "action",
                words: &[
                    (Text("launch"), Some(Text("launch"))),
                    (Text("launch_executable"), Some(Text("launch"))),
                    (Text("resize"), Some(Text("resize"))),
                    (Text("switch"), Some(Text("switch"))),
                ],
                remedy: "to close a window say `action`: close",
            },
        ),
        ("name", Same),
        ("window_loc", Pair("x", "y")),
        ("window_size", Pair("width", "height")),
        ("executable", Named("name")),
        ("args", Same),
        ("cwd", Same),
    ],
);

const CLICK: Arm = plain(
    "Click",
    &[
        ("loc", Pair("x", "y")),
        ("label", Label),
        ("button", Same),
        (
            "clicks",
            Words {
                to: "action",
                words: &[
                    (Number(0), Some(Text("hover"))),
                    (Number(1), Some(Text("click"))),
                    (Number(2), Some(Text("double"))),
                    (Number(3), Some(Text("triple"))),
                ],
                remedy: "click again for more",
            },
        ),
    ],
);

const CLIPBOARD_GET: Arm = plain("GetClipboard", &[]);
const CLIPBOARD_SET: Arm = plain("SetClipboard", &[("text", Same)]);

const DISPLAYS: Arm = plain("DisplayInventory", &[]);

const DRAG: Arm = plain("Drag", &[("from_loc", Pair("x", "y")), ("to_loc", Pair("to_x", "to_y"))]);

const FILE_COPY: Arm = plain("FileCopy", &[("path", Same), ("destination", Same), ("overwrite", Same)]);
const FILE_DELETE: Arm = plain("FileDelete", &[("path", Same), ("recursive", Same)]);
const FILE_INFO: Arm = plain("FileInfo", &[("path", Same)]);
const FILE_LIST: Arm = plain(
    "FileList",
    &[
        ("path", Same),
        ("pattern", Refused("use mode search")),
        ("recursive", Words { to: "", words: &[(Truth(false), None)], remedy: "for what lies below use mode search" }),
        ("show_hidden", Same),
    ],
);
const FILE_MOVE: Arm = plain("FileMove", &[("path", Same), ("destination", Same), ("overwrite", Same)]);
const FILE_READ: Arm = plain("FileRead", &[("path", Same), ("offset", Same), ("limit", Same), ("encoding", Same)]);
const FILE_SEARCH: Arm = Arm {
    tool: "FileSearch",
    sets: &[],
    // As there; ours also looks below when nothing is said.
    defaults: &[("recursive", Truth(false))],
    arguments: &[("path", Same), ("pattern", Same), ("recursive", Same)],
    finish: None,
};
const FILE_WRITE: Arm = plain(
    "FileWrite",
    &[
        ("path", Same),
        ("content", Same),
        ("append", Same),
        ("encoding", Same),
        (
            "overwrite",
            Words {
                to: "",
                words: &[(Truth(true), None)],
                remedy: "leave it out; `expect_sha256` keeps a file that has changed",
            },
        ),
    ],
);

const KEY: Arm = plain("Shortcut", &[("key", Chord)]);

const LAUNCH: Arm =
    Arm { tool: "App", sets: &[("action", Text("launch"))], defaults: &[], arguments: &[("name", Same)], finish: None };

const MOVE: Arm = plain(
    "Move",
    &[
        ("loc", Pair("x", "y")),
        ("label", Label),
        ("drag", Same),
        ("from_loc", Pair("start_x", "start_y")),
        ("duration", Same),
    ],
);
const MOVE_TO: Arm = plain("Move", &[("to_loc", Pair("x", "y"))]);

const LABELS: &str = r#"{"type": "array", "maxItems": 50, "items": {"type": "integer", "minimum": 1}, "description": "Numbers of refs"}"#;
const LOCS: &str = r#"{"type": "array", "maxItems": 50, "items": {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2}, "description": "[[x, y], ...]"}"#;
const TEXTS: &str = r#"{"type": "array", "maxItems": 50, "items": {"type": "array", "minItems": 3, "maxItems": 3}, "description": "[[x, y, text], ...]"}"#;
const LABEL_TEXTS: &str = r#"{"type": "array", "maxItems": 50, "items": {"type": "array", "minItems": 2, "maxItems": 2}, "description": "[[number of a ref, text], ...]"}"#;

const MULTI_EDIT: Arm = Arm {
    tool: "Batch",
    sets: &[],
    defaults: &[],
    arguments: &[("locs", Own(TEXTS)), ("labels", Own(LABEL_TEXTS))],
    finish: Some(finish::edit),
};
const MULTI_SELECT: Arm = Arm {
    tool: "Batch",
    sets: &[],
    defaults: &[],
    arguments: &[
        ("locs", Own(LOCS)),
        ("labels", Own(LABELS)),
        ("press_ctrl", Own(r#"{"type": "boolean", "description": "Default true"}"#)),
    ],
    finish: Some(finish::select),
};

const NOTIFICATION: Arm = plain(
    "Notification",
    &[
        ("title", Same),
        ("message", Same),
        ("app_id", Refused("leave it out: a notification says from whom it really is")),
    ],
);

const PROCESS_KILL: Arm = plain(
    "KillProcess",
    &[
        ("name", Same),
        ("pid", Same),
        (
            "force",
            // Windows knows one way of ending a process from outside.
            Words { to: "", words: &[(Truth(true), None), (Truth(false), None)], remedy: "leave it out" },
        ),
    ],
);
const PROCESS_LIST: Arm = plain("ListProcesses", &[("name", Named("filter")), ("sort_by", Same), ("limit", Same)]);

const REG_DELETE: Arm = plain("RegDelete", &[("path", Named("key")), ("name", Named("value_name"))]);
const REG_GET: Arm = plain("RegRead", &[("path", Named("key")), ("name", Named("value_name"))]);
const REG_LIST: Arm = plain("RegList", &[("path", Named("key"))]);
const REG_SET: Arm = plain(
    "RegWrite",
    &[
        ("path", Named("key")),
        ("name", Named("value_name")),
        ("value", Named("data")),
        (
            "type",
            Words {
                to: "reg_type",
                words: &[
                    (Text("String"), Some(Text("REG_SZ"))),
                    (Text("ExpandString"), Some(Text("REG_EXPAND_SZ"))),
                    (Text("Binary"), Some(Text("REG_BINARY"))),
                    (Text("DWord"), Some(Text("REG_DWORD"))),
                    (Text("MultiString"), Some(Text("REG_MULTI_SZ"))),
                    (Text("QWord"), Some(Text("REG_QWORD"))),
                ],
                remedy: "or say `reg_type` with a name such as REG_SZ",
            },
        ),
    ],
);

const NO_SAMPLING: super::Becomes =
    Words { to: "", words: &[(Truth(false), None)], remedy: "leave it out: no text of a page goes to a model unasked" };
const NO_BROWSER_PAGE: super::Becomes =
    Words { to: "", words: &[(Truth(false), None)], remedy: "what a browser shows is read with Snapshot and GetText" };

const SCRAPE: Arm = plain(
    "Scrape",
    &[
        ("url", Same),
        ("query", Refused("leave it out: the page comes whole, up to `max_chars`")),
        ("use_dom", NO_BROWSER_PAGE),
        ("use_sampling", NO_SAMPLING),
    ],
);

const GRID: super::Becomes = Refused("say `grid` of Screenshot: lines at each multiple of so many pixels");
const NO_BOXES: super::Becomes =
    Words { to: "", words: &[(Truth(false), None)], remedy: "AnnotatedSnapshot draws a numbered box for each ref" };

const SCREENSHOT: Arm = plain(
    "Screenshot",
    &[
        ("use_annotation", NO_BOXES),
        ("width_reference_line", GRID),
        ("height_reference_line", GRID),
        ("display", Display),
    ],
);

const SCROLL: Arm = Arm {
    tool: "Scroll",
    sets: &[],
    defaults: &[],
    arguments: &[
        ("loc", Pair("x", "y")),
        ("label", Label),
        ("type", Own(r#"{"type": "string", "enum": ["vertical", "horizontal"]}"#)),
        (
            "direction",
            Own(r#"{"type": "string", "enum": ["up", "down", "left", "right"], "description": "Default down"}"#),
        ),
        (
            "wheel_times",
            Own(r#"{"type": "integer", "minimum": 1, "maximum": 50, "description": "Notches, default 1"}"#),
        ),
    ],
    finish: Some(finish::scroll),
};

const SHELL: Arm = plain("Shell", &[("command", Same), ("timeout", Same)]);

const SHORTCUT: Arm = plain("Shortcut", &[("shortcut", Chord)]);

const SNAPSHOT: Arm = plain(
    "Snapshot",
    &[
        ("use_vision", Same),
        (
            "use_dom",
            Words {
                to: "root",
                words: &[(Truth(true), Some(Text("document"))), (Truth(false), None)],
                remedy: "say true for the page alone",
            },
        ),
        ("use_annotation", NO_BOXES),
        (
            "use_ui_tree",
            Words { to: "", words: &[(Truth(true), None)], remedy: "Screenshot is the call without the tree" },
        ),
        ("width_reference_line", GRID),
        ("height_reference_line", GRID),
        ("display", Display),
    ],
);

const SWITCH: Arm =
    Arm { tool: "App", sets: &[("action", Text("switch"))], defaults: &[], arguments: &[("name", Same)], finish: None };

const TYPE: Arm = plain(
    "Type",
    &[
        ("text", Same),
        ("loc", Pair("x", "y")),
        ("label", Label),
        ("clear", Same),
        (
            "caret_position",
            Words {
                to: "caret",
                words: &[
                    (Text("start"), Some(Text("start"))),
                    (Text("idle"), Some(Text("keep"))),
                    (Text("end"), Some(Text("end"))),
                ],
                remedy: "say where to type",
            },
        ),
        ("press_enter", Same),
    ],
);

const WAIT: Arm = plain("Wait", &[("duration", Named("seconds"))]);

const WAIT_FOR: Arm = Arm {
    tool: "WaitFor",
    sets: &[],
    defaults: &[],
    arguments: &[
        ("condition", Same),
        ("text", Own(r#"{"type": "string", "description": "The text, or what the element or window is called"}"#)),
        ("window_name", Same),
        ("timeout", Same),
        ("interval", Refused("leave it out: looks come by themselves, at first every 30 ms")),
        ("use_dom", Words { to: "", words: &[(Truth(false), None)], remedy: "leave it out: windows are read whole" }),
    ],
    finish: Some(finish::wait_for),
};

const fn to(name: &'static str, arm: &'static Arm, listed: bool) -> Row {
    Row { name, way: Way::To(arm), about: None, listed }
}

/// All names, sorted.
const ROWS: &[Row] = &[
    to("App", &APP, true),
    to("App-Tool", &APP, false),
    to("Click", &CLICK, true),
    to("Click-Tool", &CLICK, false),
    Row {
        name: "Clipboard",
        way: Way::By("mode", &[("get", &CLIPBOARD_GET), ("set", &CLIPBOARD_SET)]),
        about: Some(("Clipboard", "Read the clipboard's text, or replace the clipboard by a text.")),
        listed: true,
    },
    Row {
        name: "Clipboard-Tool",
        way: Way::By("mode", &[("copy", &CLIPBOARD_SET), ("paste", &CLIPBOARD_GET)]),
        about: None,
        listed: false,
    },
    to("DisplayInventory", &DISPLAYS, true),
    to("Drag-Tool", &DRAG, false),
    Row {
        name: "FileSystem",
        way: Way::By(
            "mode",
            &[
                ("read", &FILE_READ),
                ("write", &FILE_WRITE),
                ("copy", &FILE_COPY),
                ("move", &FILE_MOVE),
                ("delete", &FILE_DELETE),
                ("list", &FILE_LIST),
                ("search", &FILE_SEARCH),
                ("info", &FILE_INFO),
            ],
        ),
        about: Some((
            "Files",
            "Read, write, copy, move, delete, list, search or describe files by absolute path, inside the folders that the owner opened. What is deleted goes into the recycle bin.",
        )),
        listed: true,
    },
    to("Key-Tool", &KEY, false),
    to("Launch-Tool", &LAUNCH, false),
    to("Move", &MOVE, true),
    to("Move-Tool", &MOVE_TO, false),
    Row {
        name: "MultiEdit",
        way: Way::To(&MULTI_EDIT),
        about: Some((
            "Fill several fields",
            "Type into several fields, replacing what each holds; each is read back. Stops at the first that fails, and says what was done.",
        )),
        listed: true,
    },
    Row {
        name: "MultiSelect",
        way: Way::To(&MULTI_SELECT),
        about: Some((
            "Select several items",
            "Click several places or elements, with Ctrl held unless `press_ctrl` is false. Stops at the first that fails, and says what was done.",
        )),
        listed: true,
    },
    to("Notification", &NOTIFICATION, true),
    Row {
        name: "PowerShell",
        way: Way::To(&SHELL),
        about: Some((
            "Run a command",
            "Run a command in Windows PowerShell, as it is sent, without standard input, in a job that ends with the call. Answers with exit code and both streams.",
        )),
        listed: true,
    },
    to("Powershell-Tool", &SHELL, false),
    Row {
        name: "Process",
        way: Way::By("mode", &[("list", &PROCESS_LIST), ("kill", &PROCESS_KILL)]),
        about: Some((
            "Processes",
            "List running processes, or end one: by its exact image name, or by pid together with `started` as the list tells it.",
        )),
        listed: true,
    },
    Row {
        name: "Registry",
        way: Way::By("mode", &[("get", &REG_GET), ("set", &REG_SET), ("delete", &REG_DELETE), ("list", &REG_LIST)]),
        about: Some((
            "Registry",
            "Read, set or delete one value of a registry key, list a key, or delete one. Without `name` it is the default value; delete then takes the key.",
        )),
        listed: true,
    },
    to("Scrape", &SCRAPE, true),
    to("Scrape-Tool", &SCRAPE, false),
    to("Screenshot", &SCREENSHOT, true),
    to("Scroll", &SCROLL, true),
    to("Scroll-Tool", &SCROLL, false),
    to("Shortcut", &SHORTCUT, true),
    to("Shortcut-Tool", &SHORTCUT, false),
    to("Snapshot", &SNAPSHOT, true),
    to("State-Tool", &SNAPSHOT, false),
    to("Switch-Tool", &SWITCH, false),
    to("Type", &TYPE, true),
    to("Type-Tool", &TYPE, false),
    to("Wait", &WAIT, true),
    to("Wait-Tool", &WAIT, false),
    to("WaitFor", &WAIT_FOR, true),
];

/// Every row, sorted by name.
pub(super) fn rows() -> &'static [Row] {
    ROWS
}

/// The row of exactly this name.
pub(super) fn row(name: &str) -> Option<&'static Row> {
    ROWS.binary_search_by_key(&name, |row| row.name).ok().and_then(|at| ROWS.get(at))
}
