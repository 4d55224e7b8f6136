//! What a full disk costs: a call that cannot be recorded does not happen, and the server says so. The disk is a real file
//! system of a few pages, mounted for the server alone.

use portcullis_testkit::client::Era;
use portcullis_testkit::fake_home::FakeHome;
use portcullis_testkit::lab::finish_within;
use portcullis_testkit::server::{Transport, audit_text};
use serde_json::json;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(20);
/// Pages of the disk: enough for keys and some hundred lines.
const SIZE: &str = "size=160k,mode=700";
/// Calls that surely fill it.
const CALLS: usize = 2_000;

/// A small file system at a folder, until it is dropped.
struct SmallDisk<'home>(&'home Path);

impl<'home> SmallDisk<'home> {
    fn mount(at: &'home Path) -> Self {
        std::fs::create_dir_all(at).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", SIZE, "portcullis-full-disk"]).arg(at);
        let done = finish_within(&mut mount, LIMIT).unwrap();
        assert!(done.status.success(), "{}", done.stderr);
        Self(at)
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        // Lazily, since a server that a failed test left may still have files there.
        let done = finish_within(Command::new("umount").arg("--lazy").arg(self.0), LIMIT);
        assert!(std::thread::panicking() || done.unwrap().status.success());
    }
}

#[test]
fn attack_with_a_full_disk_nothing_is_done_that_is_not_recorded() {
    let home = FakeHome::new().unwrap();
    let data = home.data();
    let _disk = SmallDisk::mount(&data);
    let server = home.start(Transport::Stdio, &["--enable-tier3", "--call-rate", "1000000"]).unwrap();
    let client = server.client(Era::Legacy).unwrap();
    client.call("SetClipboard", json!({ "text": "before" })).unwrap().ok().unwrap();
    let wait = json!({ "seconds": 0 });
    let refused = (0..CALLS).find_map(|_| {
        let answer = client.call("Wait", wait.clone()).unwrap();
        answer.is_error.then_some(answer)
    });
    let refused = refused.expect("the disk never became full");
    assert_eq!(refused.fault("code"), Some("audit_unavailable"), "{}", refused.text);
    let changed = client.call("SetClipboard", json!({ "text": "unrecorded" })).unwrap();
    assert_eq!(changed.fault("code"), Some("audit_unavailable"), "{}", changed.text);
    // Refused before it was done, and not after its end could not be recorded. That the desktop stays as it was is seen where
    // it can be looked at: `what_cannot_be_recorded_does_not_happen` in the gate's tests.
    assert_eq!(changed.fault("rule"), Some("what cannot be recorded does not happen"), "{}", changed.text);
    drop(client);
    server.close().unwrap();
    let text = audit_text(&data).unwrap();
    assert_eq!(text.matches("SetClipboard").count(), 1, "the change before the disk was full, and no other");
    // All that was written is whole, but for the line at most that the disk ended in.
    let verified = home.run(&["audit", "--data", &data.display().to_string(), "verify"]).unwrap();
    let last = format!("line {}", text.lines().count());
    assert!(verified.status.success() || verified.stdout.contains(&last), "{verified:?}");
    assert!(text.lines().count() > 100, "{text}");
}
