//! `portcullis reload`, and what a server does about it: it reads its policy again and puts it in force, unless that would allow
//! what the old one refused. Whether it would is decided in `policy`, what becomes of calls in the gate.

use crate::cli::{AnchorFlags, ServersArgs};
use crate::{Machine, compose, logging, settings};
use portcullis_config::{
    DataFolder, Environment, FileError, Presence, READ_AT_START, ReloadFiles, ServeFlags, Settings,
};
use portcullis_gate::{Catalogue, Gate, Replacement};
use portcullis_model::visible;
use serde::{Deserialize, Serialize};
use std::convert::Infallible;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::Scope;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// How often a server looks for the question.
const LOOK: Duration = Duration::from_millis(100);
/// How long a command waits for answers, and how often it looks for them.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
const ANSWER_POLL: Duration = Duration::from_millis(20);
/// Things that one answer names, and characters of each.
const NAMED_CAP: usize = 40;
const NAMED_LENGTH: usize = 300;

/// What became of the rules of one server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Done {
    /// The new ones are in force.
    Replaced,
    /// They would allow more, so the old ones stay.
    Wider,
    /// They are not in order, so the old ones stay.
    NotInOrder,
    /// The server gave no answer in time.
    NoAnswer,
}

/// One server's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Answer {
    question: String,
    process: u32,
    done: Done,
    /// What the new rules would allow, or what is wrong with them.
    #[serde(default)]
    because: Vec<String>,
    /// Keys whose new values take a restart.
    #[serde(default)]
    not_taken: Vec<String>,
}

impl Answer {
    /// In words, for people.
    fn lines(&self) -> Vec<String> {
        let head = match self.done {
            Done::Replaced => "the policy was read again and is in force",
            Done::Wider => {
                "the old policy stays: the new one would allow what the old one refused. Start the server anew to take it"
            }
            Done::NotInOrder => "the old policy stays: the new one is not in order",
            Done::NoAnswer => "no answer; its policy may be the old one",
        };
        let mut lines = vec![format!("process {}: {head}", self.process)];
        lines.extend(self.because.iter().map(|line| format!("  {line}")));
        if !self.not_taken.is_empty() {
            lines.push(format!("  not taken without a restart: {}", self.not_taken.join(", ")));
        }
        lines
    }
}

/// What a server needs to read its policy again as it read it at its start.
pub(crate) struct Reloading<'machine> {
    machine: &'machine dyn Machine,
    config: Option<PathBuf>,
    flags: ServeFlags,
    anchor: AnchorFlags,
    begun: Settings,
    files: ReloadFiles,
    asked: Option<String>,
    _presence: Presence,
}

impl<'machine> Reloading<'machine> {
    /// Of a server that was started so. Questions that were put before are not answered.
    pub(crate) fn new(
        machine: &'machine dyn Machine,
        (config, flags, anchor): (Option<PathBuf>, ServeFlags, AnchorFlags),
        begun: Settings,
        data: &DataFolder,
    ) -> Result<Self, FileError> {
        let files = ReloadFiles::of(data);
        // The question is read first: one that is put later is answered.
        let asked = files.question();
        let presence = files.announce(std::process::id())?;
        Ok(Self { machine, config, flags, anchor, begun, files, asked, _presence: presence })
    }

    /// Answers questions while `work` is done.
    pub(crate) fn during<T>(self, gate: &Gate, runtime: &Runtime, work: impl Future<Output = T>) -> T {
        std::thread::scope(|scope| {
            runtime.block_on(async {
                tokio::select! {
                    done = work => done,
                    never = self.watch(gate, scope) => match never {},
                }
            })
        })
    }

    /// Looks for questions for ever. Each is answered on a thread of its own: the places that a policy names may be slow.
    async fn watch<'scope>(self, gate: &'scope Gate, scope: &'scope Scope<'scope, '_>) -> Infallible
    where
        'machine: 'scope,
    {
        let reloading = Arc::new(self);
        let mut asked = reloading.asked.clone();
        loop {
            tokio::time::sleep(LOOK).await;
            let Some(question) = reloading.files.question() else { continue };
            if asked.as_ref() == Some(&question) {
                continue;
            }
            asked = Some(question.clone());
            let (tell, told) = tokio::sync::oneshot::channel();
            let answering = Arc::clone(&reloading);
            let started = std::thread::Builder::new().name("reload".to_owned()).spawn_scoped(scope, move || {
                answering.answer(gate, question);
                // Nobody waits for it once the server ends.
                let _ = tell.send(());
            });
            match started {
                Ok(_) => drop(told.await),
                Err(error) => logging::complain(&format!("the command that asked could not be answered: {error}")),
            }
        }
    }

    fn answer(&self, gate: &Gate, question: String) {
        let answer = self.reload(gate, question);
        for line in answer.lines() {
            logging::complain(&line);
        }
        let told = serde_json::to_string(&answer).map_err(anyhow::Error::from);
        let told = told.and_then(|text| Ok(self.files.answer(answer.process, &text)?));
        if let Err(error) = told {
            logging::complain(&format!("the command that asked could not be answered: {error:#}"));
        }
    }

    fn reload(&self, gate: &Gate, question: String) -> Answer {
        let answer = |done, because: Vec<String>, not_taken| {
            let more = because.len().saturating_sub(NAMED_CAP);
            // A policy file may hold any text, which goes to a terminal.
            let shown = because.iter().take(NAMED_CAP).map(|line| visible(line, NAMED_LENGTH));
            let mut because: Vec<String> = shown.collect();
            if more > 0 {
                because.push(format!("… (+{more})"));
            }
            Answer { question: question.clone(), process: std::process::id(), done, because, not_taken }
        };
        let read = settings::load(self.machine, self.config.clone(), self.flags.clone(), &Environment::read())
            .and_then(|read| Ok((compose::rules(self.machine, &read, &self.anchor, &Catalogue::new())?, read)));
        let (rules, read) = match read {
            Ok(read) => read,
            Err(error) => {
                gate.keep_rules();
                return answer(Done::NotInOrder, vec![format!("{error:#}")], Vec::new());
            }
        };
        match gate.replace_rules(rules) {
            Replacement::Replaced => answer(Done::Replaced, Vec::new(), fixed_at_start(&self.begun, &read)),
            Replacement::Wider(wider) => {
                answer(Done::Wider, wider.iter().map(ToString::to_string).collect(), Vec::new())
            }
            Replacement::Unrecorded(fault) => answer(Done::NotInOrder, vec![fault.to_string()], Vec::new()),
        }
    }
}

/// Keys that say how a server runs, and now say something else.
fn fixed_at_start(begun: &Settings, read: &Settings) -> Vec<String> {
    let rows = begun.rows().into_iter().zip(read.rows());
    let of_server = |key: &str| key.split_once('.').is_some_and(|(section, _)| READ_AT_START.contains(&section));
    rows.filter(|(old, new)| of_server(&old.key) && old.value != new.value).map(|(old, _)| old.key).collect()
}

/// `portcullis reload`: asks the servers of a data folder, and says what each did.
pub(crate) fn run(machine: &dyn Machine, args: ServersArgs) -> anyhow::Result<ExitCode> {
    let environment = Environment::read();
    let flags = ServeFlags { data: args.data, ..ServeFlags::default() };
    let config = args.policy.config.clone();
    let data = match settings::load(machine, config, flags.clone(), &environment) {
        Ok(read) => read.data(&environment)?.value,
        // The servers say what is wrong with it, each for its own; where they are does not depend on it then.
        Err(error) => match &flags.data {
            Some(data) => data.clone(),
            None => return Err(error.context("with --data FOLDER the servers of that folder are asked all the same")),
        },
    };
    anyhow::ensure!(data.is_dir(), "{}: there is no such folder, so no server has its data there", data.display());
    let files = ReloadFiles::of(&DataFolder::open(data.clone())?);
    let servers = files.servers()?;
    anyhow::ensure!(!servers.is_empty(), "no server runs with its data in {}", data.display());
    let question = files.ask(&servers)?;
    let answers = answers(&files, &servers, question.number());
    drop(question);
    if args.json {
        out!("{}", serde_json::to_string_pretty(&answers)?);
    } else {
        for line in answers.iter().flat_map(Answer::lines) {
            out!("{line}");
        }
    }
    let all = answers.iter().all(|answer| answer.done == Done::Replaced);
    Ok(if all { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What each of these servers answers, in their order. One that ends meanwhile has nothing to answer.
fn answers(files: &ReloadFiles, servers: &[u32], question: &str) -> Vec<Answer> {
    let deadline = Instant::now() + ANSWER_LIMIT;
    let answered = |process: u32| {
        let answer: Answer = serde_json::from_str(&files.answered(process)?).ok()?;
        (answer.question == question && answer.process == process).then_some(answer)
    };
    loop {
        let found: Vec<Option<Answer>> = servers.iter().map(|process| answered(*process)).collect();
        if found.iter().all(Option::is_some) || Instant::now() >= deadline {
            let missing = |process: u32| Answer {
                question: question.to_owned(),
                process,
                done: Done::NoAnswer,
                because: Vec::new(),
                not_taken: Vec::new(),
            };
            return servers
                .iter()
                .zip(found)
                .map(|(process, found)| found.unwrap_or_else(|| missing(*process)))
                .collect();
        }
        std::thread::sleep(ANSWER_POLL);
    }
}
