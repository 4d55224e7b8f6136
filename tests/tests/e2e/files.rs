//! The file tools on a real file system, judged by what Linux sees of the same files below the run's share. The lab's
//! system makes no links or short names of its own; those are attacked on the desktop in memory.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portcullis_testkit::client::{Client, Era};
use portcullis_testkit::desktop::{Desktop, desktop};
use portcullis_testkit::server::{Server, Transport, new_data_folder};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// A text that no answer may hold.
const CANARY: &str = "canary-e01b";

/// A server with roots of its own and the folders that it may use.
struct Ground {
    // The server ends before its folder is looked at for the last time: fields are dropped in this order.
    client: Client,
    server: Server,
    folder: PathBuf,
    windows: String,
}

impl Ground {
    fn new(desktop: &Desktop) -> Self {
        let folder = new_data_folder(desktop.run()).unwrap();
        let windows = desktop.run().windows_path(&folder);
        for name in ["read", "read/private", "write", "kept", "outside"] {
            fs::create_dir_all(folder.join(name)).unwrap();
        }
        let policy = folder.join("policy.toml");
        let text = format!(
            "version = 1\n[tools]\ntier3 = true\n[files]\nread = ['{windows}\\read', '{windows}\\write', \
             '{windows}\\kept']\nwrite = ['{windows}\\write', '{windows}\\kept']\ndeny = \
             ['{windows}\\read\\private', '{windows}\\write\\kin\\never']\n[tls]\ncertificate = '{windows}\\kept\\tls.crt'\nkey = \
             '{windows}\\kept\\tls.key'\n"
        );
        fs::write(&policy, text).unwrap();
        let config = desktop.run().windows_path(&policy);
        let anchor = format!("{windows}\\kept\\audit.anchor");
        let flags = ["--config", &config, "--transport", "stdio", "--audit-anchor", &anchor];
        let server = desktop.own_server(Transport::Stdio, &flags).unwrap();
        let client = server.client(Era::Legacy).unwrap();
        Self { client, server, folder, windows }
    }

    fn linux(&self, below: &str) -> PathBuf {
        self.folder.join(below)
    }

    fn at(&self, below: &str) -> String {
        format!("{}\\{}", self.windows, below.replace('/', "\\"))
    }

    fn data(&self, tool: &str, arguments: Value) -> Value {
        self.client.call(tool, arguments).unwrap().data().unwrap()
    }

    fn text(&self, tool: &str, arguments: Value) -> String {
        self.client.call(tool, arguments).unwrap().ok().unwrap().text
    }

    /// The refusal, which never tells the canary.
    fn refused(&self, tool: &str, arguments: Value) -> String {
        let answer = self.client.call(tool, arguments.clone()).unwrap();
        assert!(answer.is_error, "{tool} {arguments}: {}", answer.text);
        assert!(!answer.text.contains(CANARY), "{tool}: {}", answer.text);
        answer.text
    }
}

fn names(entries: &Value) -> Vec<String> {
    entries.as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_folder_is_listed_as_linux_lists_it() {
    let desktop = desktop().unwrap();
    let ground = Ground::new(&desktop);
    let many = ground.linux("read/many");
    fs::create_dir(&many).unwrap();
    for number in 0..250 {
        fs::write(many.join(format!("file-{number:03}.txt")), "x".repeat(number)).unwrap();
    }
    fs::create_dir(many.join("Zürich 你好")).unwrap();
    let listing = ground.data("FileList", json!({ "path": ground.at("read/many"), "limit": 1000 }));
    let mut told = names(&listing["entries"]);
    assert_eq!(told.first().map(String::as_str), Some("Zürich 你好"), "folders come first");
    let mut seen: Vec<String> =
        fs::read_dir(&many).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    told.sort();
    seen.sort();
    assert_eq!(told, seen);
    for entry in listing["entries"].as_array().unwrap().iter().filter(|entry| entry["kind"] == "file") {
        let size = fs::metadata(many.join(entry["name"].as_str().unwrap())).unwrap().len();
        assert_eq!(entry["size"], json!(size), "{entry}");
    }
    let largest = ground.data("FileList", json!({ "path": ground.at("read/many"), "sort_by": "size", "limit": 2 }));
    assert_eq!(names(&largest["entries"]), ["file-249.txt", "file-248.txt"]);
    assert_eq!(largest["matching"], 251, "what was cut is said");
}

#[test]
fn a_file_is_told_and_read_as_linux_has_it() {
    let desktop = desktop().unwrap();
    let ground = Ground::new(&desktop);
    let wide: Vec<u8> = "Zürich 你好\r\nzwei".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let large: String = (1..=30_000).map(|number| format!("line {number}\n")).collect();
    for (name, bytes, expected) in [
        ("plain.txt", "eins\nzwei\n".as_bytes().to_vec(), "[UTF-8, found; lines 1 to 2, the end]\neins\nzwei"),
        (
            "wide.txt",
            [b"\xff\xfe".to_vec(), wide].concat(),
            "[UTF-16LE, marked; lines 1 to 2, the end]\nZürich 你好\nzwei",
        ),
        (
            "latin.txt",
            b"Gr\xfc\xdfe aus Z\xfcrich".to_vec(),
            "[windows-1252, guessed; lines 1 to 1, the end]\nGrüße aus Zürich",
        ),
        ("empty.txt", Vec::new(), "[UTF-8, found; no line from offset 0 on, the file has 0]\n"),
    ] {
        fs::write(ground.linux("read").join(name), &bytes).unwrap();
        let path = ground.at(&format!("read/{name}"));
        assert_eq!(ground.text("FileRead", json!({ "path": path })), expected, "{name}");
        let facts = ground.data("FileInfo", json!({ "path": path }));
        assert_eq!((&facts["kind"], &facts["size"]), (&json!("file"), &json!(bytes.len())), "{name}");
    }
    fs::write(ground.linux("read/large.txt"), &large).unwrap();
    let path = ground.at("read/large.txt");
    let (mut offset, mut all) = (0, String::new());
    loop {
        let piece = ground.text("FileRead", json!({ "path": path, "offset": offset, "limit": 12_000 }));
        let (head, text) = piece.split_once("]\n").unwrap();
        all.push_str(text);
        all.push('\n');
        match head.rsplit_once("go on with offset ") {
            Some((_, next)) => offset = next.parse().unwrap(),
            None => break,
        }
    }
    assert_eq!(all, large, "the pieces are the whole");
    fs::write(ground.linux("read/bytes.bin"), [0, 1, 2, 255]).unwrap();
    let bytes = ground.text("FileRead", json!({ "path": ground.at("read/bytes.bin"), "encoding": "binary" }));
    assert!(bytes.ends_with("\nAAEC/w=="), "{bytes}");
    assert!(ground.refused("FileRead", json!({ "path": ground.at("read/bytes.bin") })).contains("holds no text"));
    assert!(ground.refused("FileRead", json!({ "path": ground.at("read") })).contains("it is no file"));
    assert!(ground.refused("FileRead", json!({ "path": ground.at("read/absent") })).starts_with("not_found"));
}

#[test]
fn files_are_found_by_name_and_by_what_they_hold() {
    let desktop = desktop().unwrap();
    let ground = Ground::new(&desktop);
    for (name, text) in [
        ("read/a/one.rs", "fn main() {}\n// Needle here\n"),
        ("read/a/b/two.RS", "no\n"),
        ("read/three.txt", "needle"),
        ("read/private/four.rs", "needle"),
    ] {
        let file = ground.linux(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    let found = |arguments: Value| {
        let answer = ground.data("FileSearch", arguments);
        let mut paths: Vec<String> =
            answer["found"].as_array().unwrap().iter().map(|f| f["path"].as_str().unwrap().to_owned()).collect();
        paths.sort();
        (paths, answer)
    };
    let root = ground.at("read");
    let (paths, answer) = found(json!({ "path": root, "pattern": "*.rs" }));
    assert_eq!(paths, [r"a\b\two.RS", r"a\one.rs"], "{answer}");
    assert_eq!(answer["withheld"], 1, "{answer}");
    let (paths, answer) = found(json!({ "path": root, "pattern": "*", "content": "needle" }));
    assert_eq!(paths, [r"a\one.rs", "three.txt"], "{answer}");
    let (paths, _) = found(json!({ "path": root, "pattern": "*", "content": "needle", "match_case": true }));
    assert_eq!(paths, ["three.txt"]);
    let (paths, _) = found(json!({ "path": root, "pattern": "a/*.rs" }));
    assert_eq!(paths, [r"a\one.rs"]);
}

#[test]
fn attack_paths_that_lead_elsewhere_are_refused_on_a_real_file_system() {
    let desktop = desktop().unwrap();
    let ground = Ground::new(&desktop);
    fs::write(ground.linux("outside/secret.txt"), CANARY).unwrap();
    fs::write(ground.linux("read/private/secret.txt"), CANARY).unwrap();
    fs::write(ground.linux("read/plain.txt"), "plain").unwrap();
    fs::write(ground.linux("kept/tls.key"), CANARY).unwrap();
    let (root, upper) = (ground.at("read"), ground.at("read/private/secret.txt").to_uppercase());
    let audit_key = desktop.run().windows_path(&key_of(&ground.server));
    let rows = [
        format!(r"{root}\..\outside\secret.txt"),
        ground.at("outside/secret.txt"),
        ground.at("outside/absent.txt"),
        upper,
        format!(r"{root}\private\secret.txt"),
        format!(r"\\?\{root}\plain.txt"),
        format!(r"\\.\{root}\plain.txt"),
        r"\\127.0.0.1\c$\windows\win.ini".to_owned(),
        format!(r"{root}\plain.txt:stream"),
        format!(r"{root}\plain.txt::$DATA"),
        format!(r"{root}\plain.txt."),
        format!(r"{root}\plain.txt "),
        format!(r"{root}\NUL"),
        format!(r"{root}\con.txt"),
        r"C:\windows\win.ini".to_owned(),
        r"C:\windows\system32\config\SAM".to_owned(),
        ground.at("policy.toml"),
        ground.at("kept/tls.crt"),
        ground.at("kept/tls.key"),
        ground.at("kept/audit.anchor"),
        audit_key,
        "plain.txt".to_owned(),
    ];
    for tool in ["FileInfo", "FileList", "FileRead", "FileSearch"] {
        for path in &rows {
            let mut arguments = json!({ "path": path });
            if tool == "FileSearch" {
                arguments["pattern"] = json!("*");
            }
            let said = ground.refused(tool, arguments);
            assert!(said.starts_with("denied") || said.starts_with("bad_argument"), "{tool} {path}: {said}");
        }
    }
    assert!(ground.text("FileRead", json!({ "path": format!(r"{root}\PLAIN.TXT") })).ends_with("plain"));
}

/// The server's own key, which lies in its data folder.
fn key_of(server: &Server) -> PathBuf {
    let key = server.data().join("audit.key");
    assert!(Path::exists(&key));
    key
}

/// Every file below a folder with what it holds, as Linux sees it.
fn tree(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                let below = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                all.push((below, fs::read(&path).unwrap()));
            }
        }
    }
    all.sort();
    all
}

#[test]
fn what_is_written_is_what_linux_reads() {
    let desktop = desktop().unwrap();
    let ground = Ground::new(&desktop);
    let write = |name: &str, more: Value| {
        let mut arguments = json!({ "path": ground.at(&format!("write/{name}")) });
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ground.client.call("FileWrite", arguments).unwrap()
    };
    let holds = |name: &str| fs::read(ground.linux("write").join(name)).unwrap();
    let text = "Zürich 你好 🙂\r\nzwei\n";
    let said = write("a.txt", json!({ "content": text })).ok().unwrap();
    assert_eq!((said.outcome(), holds("a.txt")), ("confirmed", text.as_bytes().to_vec()), "{}", said.text);
    let said = write("a.txt", json!({ "content": "three", "append": true })).ok().unwrap();
    assert_eq!((said.outcome(), holds("a.txt")), ("confirmed", format!("{text}three").into_bytes()));
    let said = write("a.txt", json!({ "content": "ab", "encoding": "utf-16le" })).ok().unwrap();
    assert_eq!((said.outcome(), holds("a.txt")), ("confirmed", b"\xff\xfea\0b\0".to_vec()), "{}", said.text);
    let said = write("a.txt", json!({ "content": "ü", "encoding": "utf-16le", "append": true })).ok().unwrap();
    assert_eq!((said.outcome(), holds("a.txt")), ("confirmed", b"\xff\xfea\0b\0\xfc\0".to_vec()), "{}", said.text);
    let said = write("a.txt", json!({ "content": "ü", "encoding": "utf-16be", "append": true }));
    assert_eq!((said.fault("field"), holds("a.txt").len()), (Some("encoding"), 8), "{}", said.text);
    // Wine tells no names beyond 260 characters; that does not make them another machine's.
    let long = ["a".repeat(99), "b".repeat(99), "c".repeat(99)].join("/");
    let said = write(&format!("{long}/z.txt"), json!({ "content": "x" }));
    assert!(!said.text.starts_with("denied") && !said.text.contains("leads off"), "{}", said.text);
    write("deep/er/b.bin", json!({ "content": "AP8B", "encoding": "binary" })).ok().unwrap();
    assert_eq!(holds("deep/er/b.bin"), [0, 255, 1]);
    // `sha256sum` of "ab".
    let digest = "fb8e20fc2e4c3f248c60c39bd652f3c1347298bb977b8b4d5903b85055620603";
    fs::write(ground.linux("write/a.txt"), "ab").unwrap();
    write("a.txt", json!({ "content": "new", "expect_sha256": digest })).ok().unwrap();
    assert_eq!(holds("a.txt"), b"new");
    let stale = write("a.txt", json!({ "content": CANARY, "expect_sha256": digest }));
    assert!(stale.is_error && !stale.text.contains(CANARY), "{}", stale.text);
    assert_eq!(holds("a.txt"), b"new");
    let names: Vec<String> = tree(&ground.linux("write")).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["a.txt", "deep/er/b.bin"], "nothing else is left");
    write("secret.txt", json!({ "content": CANARY })).ok().unwrap();
    assert!(!ground.server.audit_text().unwrap().contains(CANARY) && !ground.server.stderr().contains(CANARY));
}

#[test]
fn copying_moving_and_deleting_is_what_linux_sees() {
    let desktop = desktop().unwrap();
    let ground = Ground::new(&desktop);
    for (name, bytes) in
        [("one.txt", "one".repeat(200_000)), ("sub/two.txt", "two".into()), ("sub/deep/ü.txt", "ü".into())]
    {
        let file = ground.linux("read").join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    }
    let done = |tool: &str, arguments: Value| {
        let answer = ground.client.call(tool, arguments.clone()).unwrap();
        assert!(answer.text.starts_with("confirmed"), "{tool} {arguments}: {}", answer.text);
    };
    let pair = |from: &str, to: &str| json!({ "path": ground.at(from), "destination": ground.at(to) });
    let write = ground.linux("write");
    done("FileCopy", pair("read/one.txt", "write/one.txt"));
    done("FileCopy", pair("read/sub", "write/sub"));
    assert_eq!(tree(&write.join("sub")), tree(&ground.linux("read/sub")));
    assert_eq!(fs::read(write.join("one.txt")).unwrap(), fs::read(ground.linux("read/one.txt")).unwrap());
    assert!(
        ground.refused("FileCopy", pair("read/sub/two.txt", "write/one.txt")).contains("lies at this path already")
    );
    for (from, to, field) in [
        ("read/absent", "write/x", "path"),
        ("read/one.txt", "write/absent/x", "destination"),
        ("read/sub", "write/absent/x", "destination"),
        ("read/sub", "write/one.txt", "destination"),
    ] {
        let said = ground.refused("FileCopy", pair(from, to));
        assert!(said.contains(&format!("field: {field}\n")), "{from} {to}: {said}");
    }
    let mut over = pair("read/sub/two.txt", "write/one.txt");
    over["overwrite"] = json!(true);
    done("FileCopy", over);
    assert_eq!(fs::read(write.join("one.txt")).unwrap(), b"two");
    done("FileMove", pair("write/sub", "write/moved"));
    done("FileMove", pair("write/one.txt", "write/moved/one.txt"));
    let names: Vec<String> = tree(&write).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["moved/deep/ü.txt", "moved/one.txt", "moved/two.txt"]);
    assert!(ground.refused("FileMove", pair("read/one.txt", "write/x")).contains("leaves it out of `files.write`"));
    let moved = json!({ "path": ground.at("write/moved"), "permanent": true });
    assert!(ground.refused("FileDelete", moved.clone()).contains("not empty"));
    done("FileDelete", json!({ "path": ground.at("write/moved/one.txt"), "permanent": true }));
    assert!(!write.join("moved/one.txt").exists() && write.join("moved/two.txt").exists());
    done("FileDelete", json!({ "path": ground.at("write/moved"), "permanent": true, "recursive": true }));
    assert_eq!(tree(&write), []);
    assert!(!write.join("moved").exists());
    fs::write(write.join("bin.txt"), "x").unwrap();
    let said = ground.text("FileDelete", json!({ "path": ground.at("write/bin.txt") }));
    assert!(!write.join("bin.txt").exists() && said == "confirmed: the file is gone, into the recycle bin", "{said}");
    assert_eq!(fs::read(ground.linux("read/sub/two.txt")).unwrap(), b"two", "what was copied is left as it was");
    // A copy that is refused on its way says why, and what there is of it.
    fs::create_dir_all(ground.linux("read/kin/never")).unwrap();
    fs::write(ground.linux("read/kin/a.txt"), "a").unwrap();
    let said = ground.refused("FileCopy", pair("read/kin", "write/kin"));
    assert!(said.contains("keeps back") && said.contains("`files.deny`"), "{said}");
    assert!(said.contains(r"write\kin is there and holds 1 files of the copy, 1 bytes"), "{said}");
    assert_eq!(tree(&write.join("kin")), [("a.txt".to_owned(), b"a".to_vec())]);
    assert!(!write.join("kin/never").exists());
}

#[test]
fn attack_nothing_outside_of_the_write_roots_is_changed_on_a_real_file_system() {
    let desktop = desktop().unwrap();
    let ground = Ground::new(&desktop);
    for name in
        ["outside/a.txt", "read/a.txt", "write/plain.txt", "write/home/.ssh/id", "write/x/mcp.json", "kept/tls.key"]
    {
        let file = ground.linux(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, CANARY).unwrap();
    }
    let before = tree(&ground.folder).into_iter().filter(|(name, _)| !name.contains("audit")).collect::<Vec<_>>();
    let key = desktop.run().windows_path(&key_of(&ground.server));
    let audit = desktop.run().windows_path(&ground.server.data().join("audit"));
    for path in [
        ground.at("outside/a.txt"),
        ground.at("read/a.txt"),
        ground.at("write/../read/a.txt"),
        ground.at("write/home/.ssh/id"),
        ground.at("write/home"),
        ground.at("write/.vscode/mcp.json"),
        ground.at("policy.toml"),
        ground.at("kept/tls.crt"),
        ground.at("kept/tls.key"),
        ground.at("kept/audit.anchor"),
        format!(r"{}:stream", ground.at("write/plain.txt")),
        format!(r"\\?\{}", ground.at("write/plain.txt")),
        key,
        audit,
        r"C:\windows\system32\new.dll".to_owned(),
        r"C:\autorun.inf".to_owned(),
    ] {
        let plain = ground.at("write/plain.txt");
        for (tool, arguments) in [
            ("FileWrite", json!({ "path": path, "content": "x", "append": true })),
            ("FileCopy", json!({ "path": plain, "destination": path, "overwrite": true })),
            ("FileMove", json!({ "path": plain, "destination": path, "overwrite": true })),
            ("FileMove", json!({ "path": path, "destination": ground.at("write/taken") })),
            ("FileDelete", json!({ "path": path, "recursive": true, "permanent": true })),
            ("FileDelete", json!({ "path": path, "recursive": true })),
        ] {
            ground.refused(tool, arguments);
        }
    }
    ground.refused("FileMove", json!({ "path": ground.at("write/x"), "destination": ground.at("write/.cursor") }));
    let after = tree(&ground.folder).into_iter().filter(|(name, _)| !name.contains("audit")).collect::<Vec<_>>();
    assert_eq!(after, before);
}

#[test]
fn bytes_go_over_in_pieces_as_linux_has_them() {
    let desktop = desktop().unwrap();
    let ground = Ground::new(&desktop);
    let whole: Vec<u8> = (0_u32..500_000).flat_map(u32::to_le_bytes).collect();
    fs::write(ground.linux("read/large.bin"), &whole).unwrap();
    let (mut fetched, mut pieces) = (Vec::new(), 0);
    while fetched.len() < whole.len() {
        let arguments = json!({ "path": ground.at("read/large.bin"), "offset": fetched.len(), "limit": 900_000 });
        let answer = ground.client.call("FileDownload", arguments).unwrap().ok().unwrap();
        answer.check_both_client_rules().unwrap();
        assert!(!answer.bytes.is_empty(), "{}", answer.text);
        fetched.extend(answer.bytes);
        pieces += 1;
    }
    assert!(fetched == whole && pieces == 3, "{pieces} pieces, {} bytes", fetched.len());

    let place = ground.linux("write/sent.bin");
    for (number, piece) in whole.chunks(900_000).enumerate() {
        let offset = number * 900_000;
        let arguments = json!({
            "path": ground.at("write/sent.bin"), "data_base64": STANDARD.encode(piece), "offset": offset,
            "more": offset + piece.len() < whole.len(),
        });
        assert!(!place.exists(), "half of the file lies there");
        ground.text("FileUpload", arguments);
    }
    assert!(fs::read(&place).unwrap() == whole);
    let names = |folder: &str| tree(&ground.linux(folder)).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    let before = names("write");
    let begun = json!({ "path": ground.at("write/never.bin"), "data_base64": "AAAA", "more": true });
    ground.text("FileUpload", begun);
    let Ground { client, server, folder, .. } = ground;
    drop(client);
    assert!(server.close().unwrap().success());
    let left: Vec<_> = tree(&folder.join("write")).into_iter().map(|(name, _)| name).collect();
    assert_eq!(left, before, "an upload that was not ended left something");
}
