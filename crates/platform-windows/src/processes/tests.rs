//! What the kernel says of processes, compared with what this one knows of itself and of children that it started.

use super::*;
use std::process::{Child, Command, Stdio};

/// A program of Windows that waits for its input.
fn child() -> Child {
    Command::new("cmd.exe").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap()
}

fn program(name: &str) -> ProgramName {
    ProgramName::from_image_path(name)
}

#[test]
fn a_child_is_found_below_its_parent_and_by_number_and_start_alone() {
    let mut started = child();
    let port = Win32Processes::default();
    let own = ProcessHandle::query(own_process()).unwrap().times().unwrap().0;
    let own = port.hold(ProcessId { number: own_process(), started: own }).unwrap().unwrap();
    assert_eq!(own.facts().standing, Standing::Ours);
    let children = own.children(10).unwrap().held;
    let found = children.iter().find(|held| held.facts().process.number == started.id()).unwrap();
    assert_eq!((found.facts().root, found.facts().standing), (Some(own.facts().process), Standing::Other));
    let process = found.facts().process;
    assert_eq!(port.hold(process).unwrap().unwrap().facts().process, process);
    let other = ProcessId { started: process.started + 1, ..process };
    assert!(port.hold(other).unwrap().is_none(), "another process of this number is another");
    assert!(port.of_program(&program("cmd"), 10).unwrap().held.is_empty(), "a part of a name is none");
    started.kill().unwrap();
    started.wait().unwrap();
    assert!(port.hold(process).unwrap().is_none());
}

#[test]
fn one_that_ended_by_itself_keeps_its_number_while_it_is_held() {
    let mut started = child();
    let all = Win32Processes::default().of_program(&program("cmd.exe"), 100).unwrap();
    let held = all.held.iter().find(|held| held.facts().process.number == started.id()).unwrap();
    drop(started.stdin.take());
    started.wait().unwrap();
    drop(started);
    let again = ProcessHandle::query(held.facts().process.number).unwrap();
    assert_eq!(again.times().unwrap().0, held.facts().process.started);
    let more = Win32Processes::default().of_program(&program("cmd.exe"), 100).unwrap();
    assert!(more.held.iter().all(|other| other.facts().process != held.facts().process), "what ended is not found");
}

#[test]
fn ancestors_are_older_than_what_they_started_and_none_is_ourselves() {
    let kin = Kin::find();
    assert!(kin.ancestors.iter().all(|above| above.number != own_process()));
    assert!(kin.ancestors.is_sorted_by(|below, above| above.started <= below.started));
    assert!(!kin.program.as_str().is_empty());
}
