//! The inspector's own tests, which run inside WPF: a program of its own on the desktop, whose last line counts them.

use portcullis_testkit::desktop::desktop;
use portcullis_testkit::lab::built_inspector_tests;
use std::time::Duration;

/// They take some 60 s on two cores.
const LIMIT: Duration = Duration::from_secs(300);
/// Fewer than this and the program has lost some.
const LEAST: u32 = 120;

#[test]
fn the_inspectors_own_tests_pass() {
    let desktop = desktop().unwrap();
    let program = built_inspector_tests().join("netcoreapp3.1").join("Portcullis.Inspector.Tests.exe");
    let done = desktop.run().output(&program, &[""; 0], LIMIT).unwrap();
    let last = done.stdout.trim_end().lines().last().unwrap_or_default().to_owned();
    let failed: Vec<&str> = done.stdout.lines().skip_while(|line| !line.starts_with("FAILED")).take(60).collect();
    assert!(done.status.success() && last.ends_with(" passed, 0 failed"), "{last}\n{}", failed.join("\n"));
    let passed: u32 = last.split(' ').next().unwrap().parse().unwrap();
    assert!(passed >= LEAST, "{last}");
}
