//! Sessions with an inspector in memory, over the real channel: how one begins, what it carries, how it ends, and what an
//! inspector that is none of ours comes to. wpf-devtools-mcp sends a keyed hash to whoever has the pipe's name, before it asks who
//! that is.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use portcullis_model::{Cancel, CancelReason, Deadline, Effect, FaultCode, LoadStage, ProcessId, WpfGate};
use portcullis_platform::{PortFault, WpfPort};
use portcullis_platform_fake::{FakeApplication, FakeDesktop, FakeElement, FakeModel, Hostile, permit};
use portcullis_wpf::{
    CallFault, ConnectFault, ConnectPlan, EVENT_CAP, SESSION_CAP, Session, Sessions, Waited, Way, connect,
};
use portcullis_wpf_protocol::{
    Axis, Capabilities, ErrorCode, EventKind, HANDSHAKE_CAP_MS, HealthParams, LocalKind, RenderParams, RootsParams,
    SubscribeParams, Val, WalkParams,
};
use std::sync::Arc;
use std::time::{Duration, Instant};

const WAIT: Duration = Duration::from_secs(20);

fn application(desktop: &FakeDesktop, number: u32) -> FakeApplication {
    let mut model = FakeModel::default();
    let window = FakeElement::new("Window").property("Title", Val::text("Main"), "Local").at([0.0, 0.0, 400.0, 300.0]);
    model.open(window.child(FakeElement::new("TextBox").named("nameBox").text("Ada")));
    desktop.wpf().start(ProcessId { number, started: 77 }, r"C:\Apps\One.exe", model)
}

fn begin(
    desktop: &FakeDesktop,
    application: &FakeApplication,
    capabilities: Capabilities,
    wait: Duration,
    cancel: &Cancel,
) -> Result<Session, ConnectFault> {
    begin_by(Way::Loaded, desktop, application, capabilities, wait, cancel)
}

fn begin_by(
    way: Way,
    desktop: &FakeDesktop,
    application: &FakeApplication,
    capabilities: Capabilities,
    wait: Duration,
    cancel: &Cancel,
) -> Result<Session, ConnectFault> {
    let permit = permit(&[Effect::LoadInspector], &[application.resource(true, &[WpfGate::Injection])]).unwrap();
    let held = desktop.wpf().hold(application.process()).unwrap().unwrap();
    let program = held.program(false, false).unwrap();
    let plan = ConnectPlan {
        applications: desktop.wpf(),
        loader: desktop.wpf(),
        permit: &permit,
        application: held,
        program,
        way,
        capabilities,
        build: "test",
    };
    connect(plan, Deadline::after(wait), cancel)
}

fn session(desktop: &FakeDesktop, application: &FakeApplication) -> Session {
    begin(desktop, application, Capabilities::ALL, WAIT, &Cancel::new()).unwrap()
}

fn soon() -> Deadline {
    Deadline::after(WAIT)
}

fn walk() -> WalkParams {
    WalkParams {
        from: Vec::new(),
        axis: Axis::Visual,
        depth: 10,
        max: 100,
        max_children: 100,
        fields: Vec::new(),
        props: Vec::new(),
        find: None,
        visit: 100,
        ms: 500,
        text: 100,
    }
}

#[test]
fn a_session_begins_carries_requests_side_by_side_and_ends() {
    let desktop = FakeDesktop::new();
    let application = application(&desktop, 40);
    let session = session(&desktop, &application);
    assert_eq!((session.process(), session.hello().build.as_str()), (application.process(), "fake"));
    assert_eq!(application.loaded(), 1);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let found = session.call(Capabilities::ALL, &walk(), soon(), &Cancel::new()).unwrap();
                assert_eq!(found.nodes.len(), 2);
            });
        }
    });
    session.close();
    assert!(!session.is_alive());
    let after = session.call(Capabilities::ALL, &walk(), soon(), &Cancel::new());
    assert!(matches!(after, Err(CallFault::Lost(_))), "{after:?}");
}

#[test]
fn pixels_come_whole_beside_their_answer() {
    let desktop = FakeDesktop::new();
    let session = session(&desktop, &application(&desktop, 40));
    let params = RenderParams { handle: None, scale: Some(2.0), size_only: false, adorners: false };
    let pace = portcullis_wpf_protocol::Pace::Normal;
    let (result, bytes) = session.paced(Capabilities::ALL, &params, pace, soon(), &Cancel::new()).unwrap();
    assert_eq!((result.width, result.height), (800, 600));
    assert_eq!(bytes.len(), 800 * 600 * 4);
    assert!(bytes.chunks(4).all(|pixel| pixel == [0x20, 0x40, 0x80, 0xFF]));
}

/// The gates are asked before anything goes out, by the call and by the session; the inspector asks again.
#[test]
fn attack_no_request_leaves_whose_gates_are_shut() {
    let desktop = FakeDesktop::new();
    let application = application(&desktop, 40);
    let reads = Capabilities::SENSITIVE_READS;
    let session = begin(&desktop, &application, reads, WAIT, &Cancel::new()).unwrap();
    let none = session.call(Capabilities::NONE, &walk(), soon(), &Cancel::new());
    assert_eq!(none.unwrap_err(), CallFault::Shut(reads));
    let pixels = RenderParams { handle: None, scale: None, size_only: true, adorners: false };
    let shut = session.call(Capabilities::ALL, &pixels, soon(), &Cancel::new());
    assert_eq!(shut.unwrap_err(), CallFault::Shut(Capabilities::SCREENSHOTS));
    let bare = begin(&desktop, &application, Capabilities::NONE, WAIT, &Cancel::new()).unwrap();
    let roots = bare.call(Capabilities::NONE, &RootsParams::default(), soon(), &Cancel::new()).unwrap();
    assert_eq!(roots.roots.iter().filter_map(|root| root.title.as_ref()).count(), 0, "a title without the gate");
}

#[test]
fn attack_nobody_but_the_applications_own_inspector_gets_a_session() {
    for (hostile, said) in [
        (Hostile::OtherPeer, "another process than the application came to the pipe"),
        (Hostile::NoTls, "the channel could not be secured: TLS"),
        (Hostile::WrongProof, "the channel could not be secured: the inspector's proof"),
        (Hostile::Reflects, "the channel could not be secured: the inspector's proof"),
        (Hostile::LiesAboutItself, "the inspector says of itself what the system does not: its process"),
        (Hostile::OtherVersion, "the inspector speaks the protocol from 700 to 701, this server from 1 to 1"),
    ] {
        let desktop = FakeDesktop::new();
        let application = application(&desktop, 40);
        application.hostile(hostile);
        let fault = begin(&desktop, &application, Capabilities::ALL, WAIT, &Cancel::new()).unwrap_err();
        assert_eq!(fault.to_string(), said, "{hostile:?}");
    }
}

#[test]
fn attack_an_inspector_that_breaks_the_protocol_loses_its_session_and_nothing_else() {
    for hostile in
        [Hostile::Floods, Hostile::Oversized, Hostile::Malformed, Hostile::LongBlob, Hostile::HugeBlob, Hostile::Leaves]
    {
        let desktop = FakeDesktop::new();
        let (bad, good) = (application(&desktop, 40), application(&desktop, 41));
        bad.hostile(hostile);
        let (broken, whole) = (session(&desktop, &bad), session(&desktop, &good));
        let answer = broken.call(Capabilities::ALL, &walk(), soon(), &Cancel::new());
        assert!(matches!(answer, Err(CallFault::Lost(_))), "{hostile:?}: {answer:?}");
        assert!(!broken.is_alive(), "{hostile:?}");
        assert!(whole.call(Capabilities::ALL, &walk(), soon(), &Cancel::new()).is_ok(), "{hostile:?}");
    }
}

#[test]
fn an_answer_with_other_fields_is_none() {
    let desktop = FakeDesktop::new();
    let application = application(&desktop, 40);
    application.hostile(Hostile::OtherFields);
    let answer = session(&desktop, &application).call(Capabilities::ALL, &walk(), soon(), &Cancel::new());
    assert!(matches!(answer, Err(CallFault::NoAnswer(_))), "{answer:?}");
}

#[test]
fn a_request_that_is_not_answered_costs_itself_alone() {
    let desktop = FakeDesktop::new();
    let application = application(&desktop, 40);
    let session = session(&desktop, &application);
    application.model(|model| model.hung = true);
    let began = Instant::now();
    let late = session.call(Capabilities::ALL, &walk(), Deadline::after(Duration::from_millis(100)), &Cancel::new());
    assert_eq!(late.unwrap_err(), CallFault::Late);
    let cancel = Cancel::new();
    cancel.cancel(CancelReason::Client);
    let withdrawn = session.call(Capabilities::ALL, &walk(), soon(), &cancel);
    assert!(matches!(withdrawn, Err(CallFault::Interrupted(_))), "{withdrawn:?}");
    assert!(began.elapsed() < Duration::from_secs(10));
    let health = session.call(Capabilities::NONE, &HealthParams { probe_ms: 10 }, soon(), &Cancel::new()).unwrap();
    assert_eq!(health.dispatchers[0].answered_us, None, "a thread that does not answer is said to");
    application.model(|model| model.hung = false);
    assert!(session.call(Capabilities::ALL, &walk(), soon(), &Cancel::new()).is_ok());
}

#[test]
fn events_come_by_push_each_once() {
    let desktop = FakeDesktop::new();
    let application = application(&desktop, 40);
    let session = session(&desktop, &application);
    let handle = application.model(|model| model.named("nameBox")).map(portcullis_wpf_protocol::Handle);
    let params = SubscribeParams {
        kind: EventKind::Property,
        handle,
        names: vec!["Text".to_owned()],
        handled_too: false,
        with_preview: false,
        ring: 100,
        ttl_ms: 60_000,
    };
    let before = session.last_event();
    let begun = session.call(Capabilities::ALL, &params, soon(), &Cancel::new()).unwrap();
    assert_eq!(begun.values, [Val::text("Ada")]);
    let (own, text) = (handle.unwrap().0, Val::text("Grace"));
    application.model(|model| model.set(own, "Text", text.clone(), "Local", LocalKind::Value));
    let met = session.wait_event(before, soon(), &Cancel::new(), |event| event.value.clone()).unwrap();
    assert_eq!(met, Waited::Met(text));
    let last = session.last_event();
    let none = session.wait_event(last, Deadline::after(Duration::from_millis(30)), &Cancel::new(), |_| Some(()));
    assert_eq!(none.unwrap(), Waited::Late);
    for _ in 0..EVENT_CAP + 50 {
        application.model(|model| model.set(own, "Text", Val::text("x"), "Local", LocalKind::Value));
    }
    let whole = u64::try_from(EVENT_CAP).unwrap() + 51;
    let last = session.wait_event(last, soon(), &Cancel::new(), |event| (event.seq >= whole).then_some(event.seq));
    assert_eq!(last.unwrap(), Waited::Met(whole), "the ring lost the newest");
}

#[test]
fn what_the_loader_says_is_the_cause_that_is_told() {
    let desktop = FakeDesktop::new();
    let application = application(&desktop, 40);
    desktop.wpf().fail_loading(LoadStage::Hosting, 0x8013_1522);
    let fault = begin(&desktop, &application, Capabilities::ALL, WAIT, &Cancel::new()).unwrap_err();
    assert!(matches!(&fault, ConnectFault::Port(PortFault::Load(load)) if load.stage == LoadStage::Hosting), "{fault}");
    assert_eq!(portcullis_model::Fault::from(fault).code, FaultCode::SystemError);
}

/// A machine that is busy takes longer to load than the proofs may take; the call alone says how long.
#[test]
fn loading_has_the_time_of_the_call_and_not_that_of_the_proofs() {
    let desktop = FakeDesktop::new();
    let application = application(&desktop, 40);
    let call = 3 * Duration::from_millis(HANDSHAKE_CAP_MS.into());
    begin(&desktop, &application, Capabilities::ALL, call, &Cancel::new()).unwrap();
    let limits = desktop.wpf().load_limits();
    assert!(matches!(limits.as_slice(), [limit] if *limit > call / 2), "{limits:?}");
}

#[test]
fn a_beginning_that_is_withdrawn_ends() {
    let desktop = FakeDesktop::new();
    let application = application(&desktop, 40);
    let cancel = Cancel::new();
    cancel.cancel(CancelReason::Stop);
    let fault = begin(&desktop, &application, Capabilities::ALL, WAIT, &cancel).unwrap_err();
    let stopped = matches!(fault, ConnectFault::Port(PortFault::Interrupted(_)) | ConnectFault::Call(_));
    assert!(stopped, "{fault:?}");
}

#[test]
fn the_table_of_sessions_has_a_cap_and_forgets_what_is_over() {
    let desktop = FakeDesktop::new();
    let mut sessions = Sessions::default();
    let mut applications = Vec::new();
    for at in 0..u32::try_from(SESSION_CAP).unwrap() {
        assert!(sessions.has_room());
        let application = application(&desktop, 100 + at);
        assert!(sessions.insert(Arc::new(session(&desktop, &application))).is_none());
        applications.push(application);
    }
    assert!(!sessions.has_room());
    assert_eq!(sessions.active().unwrap().0.process().number, 115);
    assert!(sessions.select(100) && !sessions.select(99));
    applications[0].end();
    assert!(sessions.has_room() && sessions.active().is_none() && sessions.get(100).is_none());
    sessions.close();
}

#[test]
fn an_error_of_the_inspector_is_told_as_ours_with_its_own() {
    let desktop = FakeDesktop::new();
    let application = application(&desktop, 40);
    let session = session(&desktop, &application);
    let gone = WalkParams { from: vec![portcullis_wpf_protocol::Handle(5)], ..walk() };
    let fault = session.call(Capabilities::ALL, &gone, soon(), &Cancel::new()).unwrap_err();
    assert_eq!(fault.wire_code(), Some(ErrorCode::StaleHandle));
    assert_eq!(portcullis_model::Fault::from(fault).code, FaultCode::StaleRef);
}

#[test]
fn an_application_that_opened_itself_calls_back_to_whoever_knows_the_secret() {
    let desktop = FakeDesktop::new();
    let application = application(&desktop, 40);
    let sdk = |wait| begin_by(Way::SdkHosted, &desktop, &application, Capabilities::ALL, wait, &Cancel::new());
    assert_eq!(sdk(WAIT).unwrap_err(), ConnectFault::NoSecret);
    desktop.wpf().make_secret(&[7; 31]);
    assert_eq!(sdk(WAIT).unwrap_err(), ConnectFault::NoSecret, "a secret of 31 bytes");
    desktop.wpf().make_secret(&[7; 32]);
    assert!(matches!(sdk(WAIT), Err(ConnectFault::Port(PortFault::Gone))), "it has not opened itself");
    application.open_itself();
    let session = sdk(WAIT).unwrap();
    assert_eq!((session.way(), application.loaded()), (Way::SdkHosted, 0));
    assert!(session.call(Capabilities::ALL, &walk(), soon(), &Cancel::new()).is_ok());
    application.hostile(Hostile::WrongProof);
    let fault = sdk(WAIT).unwrap_err().to_string();
    assert_eq!(fault, "the channel could not be secured: the application's proof that it knows the user's secret");
    application.hostile(Hostile::OtherPeer);
    assert_eq!(sdk(WAIT).unwrap_err(), ConnectFault::WrongPeer);
}
