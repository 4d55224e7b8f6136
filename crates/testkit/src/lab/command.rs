//! Runs other programs with a deadline. Every program that the lab starts and waits for goes through here, so that
//! none can hang a test or a terminal for good.

use super::StdioPlan;
use anyhow::{Context, Result, bail};
use process_wrap::std::{ChildWrapper, CommandWrap};
use std::io::Read;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How often a step that needs the network is tried.
pub(super) const NETWORK_TRIES: u32 = 3;
/// How often a waiting thread looks whether the program has ended.
const EXIT_POLL: Duration = Duration::from_millis(5);
/// How much of a failed program's output the error repeats.
const TAIL_LINES: usize = 12;
/// After a program's end, how long its output may stay open in the hands of programs that it started.
const DRAIN_LIMIT: Duration = Duration::from_secs(2);

/// A program that ended within its time.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// All of standard output, undecodable bytes replaced.
    pub stdout: String,
    /// All of standard error, undecodable bytes replaced.
    pub stderr: String,
    /// From start to end.
    pub took: Duration,
}

/// Runs to the end and insists on success.
pub fn run_within(command: &mut Command, limit: Duration) -> Result<Finished> {
    let name = command.get_program().to_string_lossy().into_owned();
    let finished = finish_within(command, limit)?;
    if !finished.status.success() {
        bail!("{name} failed ({}):\n{}", finished.status, tail(&finished));
    }
    Ok(finished)
}

/// Runs to the end with whatever exit code; an error when it cannot start or takes too long.
pub fn finish_within(command: &mut Command, limit: Duration) -> Result<Finished> {
    let name = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().with_context(|| format!("cannot start {name}"))?;
    collect(child, &name, limit)
}

/// Waits for a child with piped output; kills it at the deadline.
pub(super) fn collect(mut child: Child, name: &str, limit: Duration) -> Result<Finished> {
    let started = Instant::now();
    let stdout = child.stdout.take().map(drain);
    let stderr = child.stderr.take().map(drain);
    let status = wait_until(&mut child, started + limit)?;
    if status.is_none() {
        child.kill().ok();
        child.wait().ok();
    }
    let finished = Finished {
        status: status.unwrap_or_default(),
        stdout: stdout.map(receive).unwrap_or_default(),
        stderr: stderr.map(receive).unwrap_or_default(),
        took: started.elapsed(),
    };
    if status.is_none() {
        bail!("{name} was stopped after its {} s; it had said:\n{}", limit.as_secs_f32(), tail(&finished));
    }
    Ok(finished)
}

/// Waits until the deadline; `None` when the child is still running then.
pub(super) fn wait_until(child: &mut Child, deadline: Instant) -> Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        thread::sleep(EXIT_POLL);
    }
}

/// A program that `kill` ends together with all that it started. When this process ends, so does the program.
#[derive(Debug)]
pub struct Group {
    child: Box<dyn ChildWrapper>,
}

impl Group {
    /// Starts a command with these streams; those that the command itself has are not looked at.
    pub fn spawn(command: &Command, stdio: StdioPlan) -> Result<Group> {
        let mut tethered = super::system::tethered(command);
        tethered.stdin(stdio.stdin).stdout(stdio.stdout).stderr(stdio.stderr);
        let mut wrap = CommandWrap::from(tethered);
        super::system::gather(&mut wrap);
        let name = command.get_program().to_string_lossy().into_owned();
        Ok(Group { child: wrap.spawn().with_context(|| format!("cannot start {name}"))? })
    }

    /// Its standard input, once, when that is piped.
    pub fn stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin().take()
    }

    /// Its standard output, once, when that is piped.
    pub fn stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout().take()
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        Ok(self.child.wait()?)
    }

    /// Ends it and all that it started.
    pub fn kill(&mut self) -> Result<()> {
        // What has ended already cannot be killed, which is no failure.
        self.child.start_kill().ok();
        self.child.wait()?;
        Ok(())
    }
}

/// A command with the words, variables and folder of another behind its own.
pub(super) fn copy_onto(mut onto: Command, from: &Command) -> Command {
    onto.args(from.get_args());
    for (name, value) in from.get_envs() {
        match value {
            Some(value) => onto.env(name, value),
            None => onto.env_remove(name),
        };
    }
    if let Some(folder) = from.get_current_dir() {
        onto.current_dir(folder);
    }
    onto
}

type Pipe = std::sync::mpsc::Receiver<Vec<u8>>;

/// Reads on a thread of its own, so that a full pipe never blocks the program.
fn drain(mut from: impl Read + Send + 'static) -> Pipe {
    let (send, receive) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let mut chunk = vec![0; 64 * 1024];
        while let Ok(n) = from.read(&mut chunk) {
            let Some(read) = chunk.get(..n).filter(|r| !r.is_empty()) else { break };
            if send.send(read.to_vec()).is_err() {
                break;
            }
        }
    });
    receive
}

/// What was read by now. A program left behind may hold the pipe open, which is no reason to wait for it for long.
fn receive(from: Pipe) -> String {
    let deadline = Instant::now() + DRAIN_LIMIT;
    let mut all = Vec::new();
    while let Ok(chunk) = from.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        all.extend(chunk);
    }
    String::from_utf8_lossy(&all).into_owned()
}

fn tail(finished: &Finished) -> String {
    let all: Vec<&str> = finished.stdout.lines().chain(finished.stderr.lines()).collect();
    let skip = all.len().saturating_sub(TAIL_LINES);
    all.into_iter().skip(skip).map(|l| format!("  {l}")).collect::<Vec<_>>().join("\n")
}

/// Tries several times with a growing pause, for what depends on a network.
pub(super) fn with_retry<T>(tries: u32, mut work: impl FnMut() -> Result<T>) -> Result<T> {
    const PAUSE: Duration = Duration::from_secs(2);
    let mut attempt = 1;
    loop {
        match work() {
            Err(_) if attempt < tries => {
                thread::sleep(PAUSE * attempt);
                attempt += 1;
            }
            result => return result.with_context(|| format!("given up after {attempt} tries")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::system;
    use std::io::BufRead;

    #[test]
    fn the_deadline_ends_the_program_and_the_error_repeats_its_words() {
        let started = Instant::now();
        let mut command = system::script("echo before; exec sleep 30", "'before'; Start-Sleep 30");
        let error = finish_within(&mut command, Duration::from_millis(200)).unwrap_err();
        assert!(started.elapsed() < Duration::from_secs(10));
        assert!(error.to_string().contains("before"), "{error}");
    }

    #[test]
    fn output_larger_than_a_pipe_arrives_whole() {
        let much = "[Console]::Out.Write('x' * 1000000); exit 3";
        let mut command = system::script("head -c 1000000 /dev/zero | tr '\\0' x; exit 3", much);
        let finished = finish_within(&mut command, Duration::from_secs(20)).unwrap();
        assert_eq!(finished.stdout.len(), 1_000_000);
        assert_eq!(finished.status.code(), Some(3));
    }

    #[test]
    fn a_failure_is_an_error_with_its_last_lines() {
        let mut command = system::script("echo reason >&2; exit 1", "[Console]::Error.WriteLine('reason'); exit 1");
        let error = run_within(&mut command, Duration::from_secs(20)).unwrap_err();
        assert!(error.to_string().contains("reason"), "{error}");
    }

    #[test]
    fn a_group_ends_with_all_that_it_started() {
        let command = system::script(
            "sleep 60 & echo $!; wait",
            "(Start-Process -PassThru -NoNewWindow powershell '-Command Start-Sleep 60').Id; Start-Sleep 60",
        );
        let mut group = Group::spawn(&command, StdioPlan { stdout: Stdio::piped(), ..StdioPlan::null() }).unwrap();
        // The inner program holds the same pipe, so its end is the end of the output.
        let mut stdout = std::io::BufReader::new(group.stdout().unwrap());
        let mut started = String::new();
        stdout.read_line(&mut started).unwrap();
        assert!(started.trim().parse::<u32>().is_ok(), "{started:?}");
        group.kill().unwrap();
        let (send, ended) = std::sync::mpsc::channel();
        thread::spawn(move || send.send(stdout.read_to_end(&mut Vec::new()).is_ok()));
        assert_eq!(ended.recv_timeout(Duration::from_secs(20)), Ok(true));
    }
}
