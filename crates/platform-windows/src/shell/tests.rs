//! The parts that need no worker process: where shells lie, and streams that are read to their end or not.

use super::*;
use std::io::Write;

#[test]
fn shells_lie_where_only_administrators_write() {
    for (shell, path) in [
        (Shell::PowerShell, r"c:\windows\system32\windowspowershell\v1.0\powershell.exe"),
        (Shell::Pwsh, r"c:\program files\powershell\7\pwsh.exe"),
        (Shell::Cmd, r"c:\windows\system32\cmd.exe"),
    ] {
        assert_eq!(place(shell).unwrap().to_lowercase(), path);
    }
    assert!(Win32Shell.find(Shell::Cmd).unwrap().is_some());
}

#[test]
fn a_stream_is_read_to_its_end_and_one_that_has_none_is_left() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let reading = Reading::begin(reader).unwrap();
    writer.write_all(&[b'x'; 200_000]).unwrap();
    drop(writer);
    let (captured, held_open) = reading.end(Deadline::after(Duration::from_secs(9)));
    assert_eq!((captured.total(), held_open), (200_000, false));
    let (reader, mut writer) = std::io::pipe().unwrap();
    let reading = Reading::begin(reader).unwrap();
    writer.write_all(b"so far").unwrap();
    let kept = Arc::clone(&reading.captured);
    let total = || kept.lock().unwrap().total();
    while total() < 6 {
        std::thread::yield_now();
    }
    let (captured, held_open) = reading.end(Deadline::after(Duration::ZERO));
    assert_eq!((captured.total(), held_open), (6, true));
}
