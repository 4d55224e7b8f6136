//! `portcullis stop` and `portcullis resume`, and what a server does about them: the owner's signal out of the session's
//! event and the stop files, and the stop key that gives it. What a stop does to calls is the gate's.

use crate::cli::ServersArgs;
use crate::machine::{self, Machine};
use crate::{logging, settings};
use portcullis_config::{ConfigError, DataFolder, Environment, PolicyFiles, ServeFlags, Settings, StopFiles};
use portcullis_gate::Gate;
use portcullis_model::{StopCause, Valued};
use portcullis_platform::{PortFault, PortResult, StopChord, StopKeyPort, StopKeyState, StopKeyWatch, StopPort};
use serde_json::json;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// The owner's signal: the session's event, which is seen at once, and the stop files, which outlast the session.
#[derive(Clone)]
pub(crate) struct OwnerSignal {
    event: Arc<dyn StopPort>,
    files: StopFiles,
}

impl OwnerSignal {
    pub(crate) fn of(machine: &dyn Machine, data: &DataFolder) -> anyhow::Result<Self> {
        let files = StopFiles::of(data, &Environment::read());
        Ok(Self { event: machine.owner_ports()?.stop, files })
    }
}

fn file_failed(error: impl std::fmt::Display) -> PortFault {
    PortFault::Unsupported(error.to_string())
}

impl StopPort for OwnerSignal {
    fn look(&self, limit: Duration) -> PortResult<Option<StopCause>> {
        let event = self.event.look(limit)?;
        Ok(event.or_else(|| self.files.any().then_some(StopCause::File)))
    }

    fn set(&self) -> PortResult<()> {
        // The event first and whatever becomes of the files: it is what stops the servers that run.
        let event = self.event.set();
        self.files.make().map_err(file_failed)?;
        event
    }

    fn clear(&self) -> PortResult<()> {
        // The event last: who looks meanwhile still finds the work stopped.
        self.files.remove().map_err(file_failed)?;
        self.event.clear()
    }
}

/// The stop key that the settings name.
pub(crate) fn chord(setting: Valued<Option<String>>) -> Result<Option<StopChord>, ConfigError> {
    let Valued { value: Some(text), origin } = setting else { return Ok(None) };
    match StopChord::parse(&text) {
        Some(chord) => Ok(Some(chord)),
        None => Err(ConfigError::new(origin, "serve.stop_key", &text, StopChord::RULE)),
    }
}

/// The stop key as it is listened for from a thread of its own: the desktop is a second process's to answer, and no client's
/// first answer waits for it. Calls wait until the key is heard, or it is known that it is not.
pub(crate) struct Listening(Option<JoinHandle<Option<Box<dyn StopKeyWatch>>>>);

impl Listening {
    /// Begins to listen; the key is given back when this is dropped.
    pub(crate) fn begin(
        gate: &Gate,
        keyboard: Arc<dyn StopKeyPort>,
        key: StopChord,
        signal: OwnerSignal,
    ) -> std::io::Result<Self> {
        let (gate, hold) = (gate.clone(), gate.hold());
        let thread = std::thread::Builder::new().name("stop-key-start".to_owned()).spawn(move || {
            let watch = listen(&gate, &*keyboard, &key, signal);
            drop(hold);
            watch
        })?;
        Ok(Self(Some(thread)))
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        // The key of a thread that panicked went with it.
        drop(self.0.take().map(JoinHandle::join));
    }
}

/// Listens for the stop key as long as the watch is kept, and says so when nobody hears it.
fn listen(
    gate: &Gate,
    keyboard: &dyn StopKeyPort,
    key: &StopChord,
    signal: OwnerSignal,
) -> Option<Box<dyn StopKeyWatch>> {
    let gate = gate.clone();
    let pressed = move || {
        gate.stop(StopCause::Key, || {
            let told = signal.set();
            // A signal that cannot be looked at stops by itself.
            let stands = signal.look(Duration::ZERO).map_or(true, |by| by.is_some());
            if let Err(fault) = told {
                let until = if stands { "" } else { ", and this one stays stopped until it is started anew" };
                logging::complain(&format!(
                    "the stop key was pressed; other servers could not be told{until}: {fault}"
                ));
            }
            stands
        });
    };
    match keyboard.listen(key, Box::new(pressed)) {
        Ok(watch) => {
            if watch.state() == StopKeyState::Taken {
                logging::complain(&format!(
                    "another program has taken the stop key {key}, so it stops nothing. Choose another with --stop-key, \
                     or stop with `portcullis stop`"
                ));
            }
            Some(watch)
        }
        Err(fault) => {
            logging::complain(&format!("there is no stop key {key}: {fault}. `portcullis stop` stops"));
            None
        }
    }
}

/// Whether the work shall be stopped or go on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    Stop,
    Resume,
}

/// Where the servers that are meant have their data. A stop does not wait for a policy file to be in order: the session's
/// event and the user's own stop file need none.
fn data_folder(machine: &dyn Machine, args: &ServersArgs, word: Word) -> anyhow::Result<DataFolder> {
    let environment = Environment::read();
    let flags = ServeFlags { data: args.data.clone(), ..ServeFlags::default() };
    let found = settings::load(machine, args.policy.config.clone(), flags.clone(), &environment)
        .and_then(|settings| Ok(settings.data(&environment)?.value));
    let folder = match found {
        Err(error) if word == Word::Stop => {
            logging::complain(&format!("the stop goes on without the policy file: {error:#}"));
            let port = machine.file_trust();
            let trust = |path: &Path, place| machine::trust(&*port, path, place);
            Settings::load(&PolicyFiles::default(), flags, &trust)?.data(&environment)?.value
        }
        found => found?,
    };
    // A folder that is not there is a misspelt one, and its servers would go on.
    anyhow::ensure!(
        args.data.is_none() || folder.is_dir(),
        "--data {}: there is no such folder, so no server has its data there. Name that of the servers that are meant, or \
         leave --data out for all servers of this user",
        folder.display()
    );
    Ok(DataFolder::open(folder)?)
}

pub(crate) fn run(machine: &dyn Machine, args: ServersArgs, word: Word) -> anyhow::Result<ExitCode> {
    let data = data_folder(machine, &args, word)?;
    let signal = OwnerSignal::of(machine, &data)?;
    let was_stopped = signal.look(Duration::ZERO)?.is_some();
    match word {
        Word::Stop => signal.set()?,
        Word::Resume => signal.clear()?,
    }
    // What holds is looked at, not concluded.
    let stopped = signal.look(Duration::ZERO)?.is_some();
    let holds = stopped == (word == Word::Stop);
    if args.json {
        let files: Vec<_> = signal.files.paths().iter().map(|path| path.display().to_string()).collect();
        out!("{}", serde_json::to_string_pretty(&json!({ "stopped": stopped, "files": files }))?);
    } else if stopped {
        out!("stopped: no server of this user works until `portcullis resume`");
    } else if was_stopped {
        out!(
            "resumed: the stop of all servers of this user is taken back, and that of those with their data in {}; a stop file \
             of yet other data stays",
            data.path().display()
        );
    } else {
        out!("nothing was stopped: servers with their data in {} take calls", data.path().display());
    }
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_gate::{Call, Catalogue, DeniesApproval, GateParts, KeepsNothing, Redactor};
    use portcullis_model::{Cancel, Chord, Origin, Principal, Reply};
    use portcullis_platform_fake::{FakeDesktop, FakeOwner, SilentLedger};
    use portcullis_policy::{Approval, FilterSpec, Rules, ToolFilter};
    use std::sync::Mutex;
    use std::sync::mpsc::{Receiver, channel};

    #[test]
    fn the_word_outlasts_the_session_and_is_taken_back_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let environment = Environment { local_data: Some(folder.path().to_owned()), policy_folder: None };
        let data = DataFolder::open(folder.path().join("data")).unwrap();
        let signal =
            |event: FakeOwner| OwnerSignal { event: Arc::new(event), files: StopFiles::of(&data, &environment) };
        let first = FakeOwner::default();
        assert_eq!(signal(first.clone()).look(Duration::ZERO), Ok(None));
        signal(first.clone()).set().unwrap();
        assert_eq!(signal(first.clone()).look(Duration::ZERO), Ok(Some(StopCause::Signal)));
        // The next session has another event.
        let next = FakeOwner::default();
        assert_eq!(signal(next.clone()).look(Duration::ZERO), Ok(Some(StopCause::File)));
        signal(next.clone()).clear().unwrap();
        assert_eq!(signal(next).look(Duration::ZERO), Ok(None));
        signal(first.clone()).clear().unwrap();
        assert_eq!(first.look(Duration::ZERO), Ok(None));
    }

    #[test]
    fn a_stop_key_that_is_none_is_refused_with_the_rule() {
        let setting =
            |text: Option<&str>| Valued { value: text.map(str::to_owned), origin: Origin::Flag("--stop-key") };
        assert_eq!(chord(setting(None)), Ok(None));
        assert_eq!(chord(setting(Some("Ctrl+F12"))).unwrap().unwrap().to_string(), "ctrl+f12");
        for text in ["q", "shift+q", "ctrl+alt", "ctrl+nothing", ""] {
            let error = chord(setting(Some(text))).unwrap_err();
            assert_eq!((error.key.as_str(), error.value.as_str()), ("serve.stop_key", text));
            assert_eq!(error.rule, StopChord::RULE);
        }
    }

    /// A keyboard that is ready when it is told so, and then has no such key.
    struct Slow(Mutex<Receiver<()>>);

    impl StopKeyPort for Slow {
        fn listen(&self, _: &StopChord, _: Box<dyn Fn() + Send + Sync>) -> PortResult<Box<dyn StopKeyWatch>> {
            self.0.lock().unwrap().recv().unwrap();
            Err(PortFault::Unsupported("have this key".to_owned()))
        }

        fn would_press(&self, _: &StopChord, _: &Chord) -> bool {
            false
        }
    }

    #[test]
    fn no_call_runs_before_it_is_known_whether_the_stop_key_is_heard() {
        let catalogue = Catalogue::new();
        let filter = ToolFilter::resolve(&FilterSpec::default(), &catalogue.names()).unwrap();
        let gate = Gate::new(GateParts {
            rules: Rules::new(filter, Approval::Never, 1),
            ledger: Arc::new(SilentLedger),
            ports: FakeDesktop::new().ports(),
            catalogue,
            approver: Arc::new(DeniesApproval),
            journal: Arc::new(KeepsNothing),
            redactor: Redactor::new(Vec::new()),
        })
        .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let environment = Environment { local_data: Some(folder.path().to_owned()), policy_folder: None };
        let data = DataFolder::open(folder.path().join("data")).unwrap();
        let signal = OwnerSignal { event: Arc::new(FakeOwner::default()), files: StopFiles::of(&data, &environment) };
        let (ready, told) = channel();
        let key = StopChord::parse("ctrl+f12").unwrap();
        let listening = Listening::begin(&gate, Arc::new(Slow(Mutex::new(told))), key, signal).unwrap();
        let call = |tool: &str| Call {
            principal: Principal::local(),
            tool: tool.to_owned(),
            arguments: json!({}),
            cancel: Cancel::new(),
        };
        let (send, answer) = channel();
        gate.submit(call("GetSystemInfo"), Box::new(move |given| send.send(given).unwrap()));
        let Ok(Reply::Data(tasks)) = gate.call(call("GetRunningTasks")) else { panic!("data") };
        let waiting = tasks["tasks"].as_array().unwrap().iter().find(|task| task["tool"] == "GetSystemInfo").unwrap();
        assert_eq!(waiting["state"], "queued", "{tasks}");
        ready.send(()).unwrap();
        answer.recv_timeout(Duration::from_secs(20)).unwrap().unwrap();
        drop(listening);
    }
}
