//! What the manager's errors mean, and its list beside what single services say.

use super::*;
use windows::Win32::System::Services::SERVICE_STATUS_CURRENT_STATE;

#[test]
fn each_error_of_the_manager_is_told_as_what_it_means() {
    for (code, wanted) in [
        (ERROR_SERVICE_DOES_NOT_EXIST, ServiceFault::NoService),
        (ERROR_INVALID_NAME, ServiceFault::NoService),
        (ERROR_ACCESS_DENIED, ServiceFault::AccessDenied),
        (ERROR_SERVICE_DISABLED, ServiceFault::Disabled),
        (ERROR_SERVICE_ALREADY_RUNNING, ServiceFault::Running),
        (ERROR_SERVICE_NOT_ACTIVE, ServiceFault::NotRunning),
        (ERROR_DEPENDENT_SERVICES_RUNNING, ServiceFault::HasDependents),
        (ERROR_SERVICE_CANNOT_ACCEPT_CTRL, ServiceFault::TakesNoStop),
        (ERROR_INVALID_SERVICE_CONTROL, ServiceFault::TakesNoStop),
        (ERROR_SERVICE_REQUEST_TIMEOUT, ServiceFault::DidNotStart(ERROR_SERVICE_REQUEST_TIMEOUT.0)),
        (ERROR_FILE_NOT_FOUND, ServiceFault::DidNotStart(ERROR_FILE_NOT_FOUND.0)),
        (ERROR_SERVICE_LOGON_FAILED, ServiceFault::DidNotStart(ERROR_SERVICE_LOGON_FAILED.0)),
    ] {
        let error = windows::core::Error::from_hresult(code.to_hresult());
        assert_eq!(fault("call")(error), PortFault::Service(wanted), "{code:?}");
    }
}

#[test]
fn states_of_windows_are_told_by_name_and_others_by_number() {
    for (number, wanted) in [
        (1, ServiceState::Stopped),
        (2, ServiceState::StartPending),
        (3, ServiceState::StopPending),
        (4, ServiceState::Running),
        (5, ServiceState::ContinuePending),
        (6, ServiceState::PausePending),
        (7, ServiceState::Paused),
        (9, ServiceState::Other(9)),
    ] {
        let status = SERVICE_STATUS_PROCESS {
            dwCurrentState: SERVICE_STATUS_CURRENT_STATE(number),
            dwControlsAccepted: SERVICE_ACCEPT_STOP,
            dwProcessId: 7,
            dwWin32ExitCode: 1066,
            dwServiceSpecificExitCode: 5,
            ..SERVICE_STATUS_PROCESS::default()
        };
        let state = told(&status);
        assert_eq!((state.state, state.process, state.accepts_stop), (wanted, 7, true));
        assert_eq!((state.exit_code, state.own_exit_code), (1066, 5));
    }
}

#[test]
fn a_service_is_opened_by_its_whole_name() {
    let port = Win32Services::new(Arc::default());
    let name = |text: &str| ServiceName::parse(text).unwrap();
    let found = port.resolve(&name("RpcSs")).unwrap();
    assert_eq!(found.place().name, name("rpcss"));
    let missing = port.resolve(&name("portcullis-no-such-service")).err();
    assert_eq!(missing, Some(ServiceFault::NoService.into()));
}
