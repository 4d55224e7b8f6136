//! Which attacks each tool meets, and the test that runs each: the table behind `docs/attacks.md`. A tool of the catalogue
//! that the table leaves out, an effect whose kind of attack no row runs, and a test that is not where a row says it is
//! fail the tests here. The tests themselves are elsewhere; nothing here runs one.

use anyhow::Result;
use portcullis_model::Effect;
use portcullis_tools::Catalogue;
use std::fmt::Write as _;

/// One kind of attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Applications,
    Calls,
    Channels,
    Clipboard,
    Disclosure,
    Events,
    Hiding,
    Hosts,
    Others,
    Owner,
    Paths,
    Processes,
    Programs,
    RegistryKeys,
    Services,
    Shells,
    Targets,
    Tasks,
    Time,
}

impl Kind {
    const ALL: [Self; 19] = [
        Self::Applications,
        Self::Calls,
        Self::Channels,
        Self::Clipboard,
        Self::Disclosure,
        Self::Events,
        Self::Hiding,
        Self::Hosts,
        Self::Others,
        Self::Owner,
        Self::Paths,
        Self::Processes,
        Self::Programs,
        Self::RegistryKeys,
        Self::Services,
        Self::Shells,
        Self::Targets,
        Self::Tasks,
        Self::Time,
    ];

    /// Its name, and what the attack tries.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Applications => {
                ("applications", "to go into an application, or through a gate of it, that its owner did not open")
            }
            Self::Calls => {
                ("calls", "to pass a rule by the form of a call: script text, names, arguments, JSON in a text")
            }
            Self::Channels => ("channels", "to let what is typed, read or kept come out where nobody asked for it"),
            Self::Clipboard => ("clipboard", "to use a clipboard that the owner shut"),
            Self::Disclosure => ("text", "to hide in, or steer, an answer by text of the machine"),
            Self::Events => ("events", "to read another channel, or a file, by what stands in a name or a filter"),
            Self::Hiding => ("hidden windows", "to see or operate what the owner hides"),
            Self::Hosts => ("hosts", "to reach a host that no rule opens: writings, redirects, rebinding"),
            Self::Others => ("other principals", "to see or use what is another principal's"),
            Self::Owner => {
                ("the owner's place", "to lock the owner out, to take the screen, or to speak as or over the owner")
            }
            Self::Paths => ("paths", "to reach a file that no rule opens: spellings, links, swaps"),
            Self::Processes => {
                ("processes", "to end what is ours, what Windows needs, or another than the one that is meant")
            }
            Self::Programs => ("programs", "to start another program, or one with script text"),
            Self::RegistryKeys => ("registry keys", "to reach a key that no rule opens: aliases, links, views, case"),
            Self::Services => ("services", "to start or stop what guards the machine or holds the server"),
            Self::Shells => ("shells", "to reach a shell without tier 3"),
            Self::Targets => ("targets", "to let an act hit another window or control than the one that is meant"),
            Self::Tasks => {
                ("scheduled tasks", "to change a task that guards the machine, or to start by one what no list opens")
            }
            Self::Time => ("time", "to go on past a deadline, a withdrawal or a stop"),
        }
    }

    /// The kind of attack that a tool with this effect must meet.
    fn of(effect: Effect) -> Self {
        match effect {
            Effect::ReadWindows | Effect::ReadPixels => Self::Hiding,
            Effect::ReadClipboard | Effect::WriteClipboard => Self::Clipboard,
            Effect::ReadSystem | Effect::ReadProcesses | Effect::ReadConnections => Self::Disclosure,
            Effect::ReadEvents => Self::Events,
            Effect::ReadTasks | Effect::EndTasks | Effect::ReadPolicy => Self::Others,
            Effect::ListFiles | Effect::ReadFiles | Effect::WriteFiles | Effect::RemoveFiles => Self::Paths,
            Effect::ReadRegistry | Effect::WriteRegistry | Effect::DeleteRegistry => Self::RegistryKeys,
            Effect::ProbeHosts | Effect::FetchHosts => Self::Hosts,
            Effect::Wait => Self::Time,
            Effect::SendInput | Effect::OperateControl | Effect::ArrangeWindows | Effect::CloseWindows => Self::Targets,
            Effect::StartInstalledApp | Effect::StartExecutable => Self::Programs,
            Effect::OperateCommandHost | Effect::RunShell => Self::Shells,
            Effect::EndProcesses | Effect::EndClient => Self::Processes,
            Effect::ReadServices | Effect::ControlServices => Self::Services,
            Effect::MakeCalls => Self::Calls,
            Effect::ReadScheduledTasks | Effect::ChangeScheduledTasks => Self::Tasks,
            Effect::LockSession | Effect::ConnectSession | Effect::PlaySound | Effect::ShowNotification => Self::Owner,
            Effect::ConnectApplications
            | Effect::LoadInspector
            | Effect::ReadApplications
            | Effect::OperateApplications
            | Effect::WriteApplications => Self::Applications,
        }
    }
}

/// The tools that a test attacks.
enum On {
    /// Every tool of the catalogue: the test asks the catalogue itself.
    Every,
    /// Every tool that goes into an application which is connected to.
    Inside,
    /// These.
    Tools(&'static [&'static str]),
}

/// One test that attacks tools.
struct Attack {
    kind: Kind,
    test: &'static str,
    file: &'static str,
    on: On,
}

const fn every(kind: Kind, file: &'static str, test: &'static str) -> Attack {
    Attack { kind, test, file, on: On::Every }
}

const fn inside(kind: Kind, file: &'static str, test: &'static str) -> Attack {
    Attack { kind, test, file, on: On::Inside }
}

const fn on(kind: Kind, file: &'static str, test: &'static str, tools: &'static [&'static str]) -> Attack {
    Attack { kind, test, file, on: On::Tools(tools) }
}

const BACKGROUND: &str = "crates/gate/tests/background.rs";
const CALLS: &str = "crates/gate/tests/attacks/calls.rs";
const WINDOWS: &str = "crates/gate/tests/attacks/windows.rs";
const CANARY: &str = "tests/tests/security/canary.rs";
const DOOR: &str = "crates/gate/tests/door.rs";
const EVENTS: &str = "crates/gate/tests/events.rs";
const FILES: &str = "crates/gate/tests/files.rs";
const JOINED: &str = "crates/gate/tests/joined.rs";
const KEPT: &str = "crates/gate/tests/kept.rs";
const NETWORK: &str = "crates/gate/tests/network.rs";
const NOTICES: &str = "crates/gate/tests/notices.rs";
const OCR: &str = "crates/gate/tests/ocr.rs";
const OWN: &str = "crates/gate/tests/own.rs";
const PASSAGES: &str = "crates/gate/tests/passages.rs";
const PROCESSES: &str = "crates/gate/tests/processes.rs";
const REGISTRY: &str = "crates/gate/tests/registry.rs";
const RESTRICTIONS: &str = "crates/gate/tests/restrictions.rs";
const SCRAPE: &str = "crates/gate/tests/scrape.rs";
const SCHEDULED: &str = "crates/gate/tests/scheduled.rs";
const SERVICES: &str = "crates/gate/tests/services.rs";
const SHELL: &str = "crates/gate/tests/shell.rs";
const SHIELD: &str = "crates/gate/src/shield/tests.rs";
const SOUND: &str = "crates/gate/tests/sound.rs";
const STOP: &str = "crates/gate/tests/stop.rs";
const WPF: &str = "crates/gate/tests/wpf.rs";

/// Tools of the desktop that take a ref of an element of WPF.
const ON_REFS: &[&str] = &["Click", "Drag", "GetText", "Invoke", "Move", "Scroll", "Type", "WaitFor"];
const READERS: &[&str] = &["FileDownload", "FileInfo", "FileList", "FileRead", "FileSearch"];
const WRITERS: &[&str] = &["FileCopy", "FileDelete", "FileMove", "FileUpload", "FileWrite"];

const ATTACKS: &[Attack] = &[
    every(Kind::Calls, CALLS, "attack_no_text_of_any_argument_becomes_a_command"),
    every(Kind::Calls, CALLS, "attack_no_tool_takes_an_argument_that_it_does_not_know"),
    every(Kind::Calls, CALLS, "attack_no_tool_reads_json_out_of_a_text"),
    every(Kind::Calls, CALLS, "attack_no_other_writing_of_a_name_passes_a_rule_that_shuts_the_tool"),
    every(Kind::Calls, CALLS, "attack_a_rule_in_another_writing_shuts_the_tool_or_stops_the_start"),
    every(Kind::Others, CALLS, "attack_a_key_without_the_scope_for_it_gets_nothing_of_any_tool"),
    every(Kind::Disclosure, CALLS, "attack_what_hides_or_reorders_is_visible_in_every_answer"),
    every(Kind::Targets, WINDOWS, "attack_a_window_that_changes_hands_during_a_call_is_not_touched"),
    every(Kind::Hiding, WINDOWS, "attack_no_tool_tells_or_touches_a_window_that_is_hidden"),
    on(Kind::Hiding, SHIELD, "a_hidden_window_is_not_listed_read_pictured_or_operated", &["Snapshot", "Screenshot"]),
    on(Kind::Hiding, RESTRICTIONS, "a_picture_of_the_screen_is_another_when_a_window_is_hidden", &["Screenshot"]),
    on(
        Kind::Hiding,
        RESTRICTIONS,
        "a_hidden_program_is_in_no_text_and_is_not_operated",
        &["Click", "FindElement", "Snapshot", "Type"],
    ),
    on(
        Kind::Hiding,
        RESTRICTIONS,
        "a_window_hidden_by_its_title_is_in_no_text",
        &["App", "Click", "FocusWindow", "Scroll", "Snapshot", "Type"],
    ),
    on(
        Kind::Clipboard,
        RESTRICTIONS,
        "what_the_owner_shuts_is_refused_with_its_place_and_does_not_happen",
        &["GetClipboard"],
    ),
    on(
        Kind::Hiding,
        RESTRICTIONS,
        "what_the_owner_shuts_is_refused_with_its_place_and_does_not_happen",
        &["Screenshot", "Snapshot"],
    ),
    on(
        Kind::Channels,
        CANARY,
        "attack_a_canary_that_is_put_through_everything_is_in_no_log_record_metric_error_or_answer_to_its_call",
        &["App", "ExplainPolicy", "FileWrite", "Invoke", "ListProcesses", "RegWrite", "Scrape", "SetClipboard", "Type"],
    ),
    on(
        Kind::Channels,
        CANARY,
        "attack_a_named_key_that_is_read_off_the_desktop_is_not_told",
        &[
            "Click",
            "FileRead",
            "FileSearch",
            "FindElement",
            "GetClipboard",
            "GetText",
            "RegList",
            "RegRead",
            "Snapshot",
        ],
    ),
    on(Kind::Clipboard, DOOR, "what_is_shut_is_refused_with_rule_and_remedy", &["SetClipboard"]),
    on(Kind::Clipboard, PASSAGES, "pasting_is_refused_where_the_clipboard_or_its_keys_are", &["Type"]),
    on(Kind::Channels, DOOR, "our_own_secrets_never_leave", &["GetClipboard"]),
    on(Kind::Channels, DOOR, "typed_text_is_confirmed_and_not_repeated", &["Type"]),
    on(Kind::Channels, DOOR, "nothing_of_a_password_field_is_told", &["FindElement", "GetText", "Snapshot", "Type"]),
    on(Kind::Channels, OWN, "a_tool_that_is_shut_is_not_shown_by_another_ones_answer", &["Click", "ExplainPolicy"]),
    on(
        Kind::Others,
        "tests/tests/security/rules.rs",
        "a_key_has_rules_of_its_own_and_learns_nothing_of_anothers",
        &["Click", "ExplainPolicy", "Snapshot", "Type"],
    ),
    on(
        Kind::Others,
        "tests/tests/e2e/http.rs",
        "one_principal_does_not_see_the_calls_of_another_server",
        &["GetRunningTasks"],
    ),
    on(Kind::Others, DOOR, "a_ref_is_good_for_its_owner_and_for_its_element_alone", &["Click"]),
    on(
        Kind::Others,
        "crates/gate/tests/tasks.rs",
        "attack_calls_of_another_principal_are_not_there",
        &["CancelTask", "GetRunningTasks", "GetTaskStatus"],
    ),
    on(
        Kind::Others,
        "crates/gate/tests/transfer.rs",
        "attack_nobody_goes_on_with_the_upload_of_another",
        &["FileUpload"],
    ),
    on(
        Kind::Others,
        "crates/gate/tests/tasks.rs",
        "attack_calls_end_with_the_key_and_do_not_stay_with_the_name",
        &["CancelTask", "GetRunningTasks", "GetTaskStatus"],
    ),
    on(
        Kind::Others,
        "crates/gate/tests/tasks.rs",
        "attack_a_name_from_another_issuer_or_certificate_finds_nothing_of_the_first",
        &["CancelTask", "FindElement", "GetRunningTasks", "WaitFor"],
    ),
    on(
        Kind::Others,
        KEPT,
        "what_is_kept_for_one_caller_is_not_there_for_another",
        &["ListResources", "ReadResource", "Screenshot"],
    ),
    on(
        Kind::Others,
        KEPT,
        "a_key_that_is_taken_back_takes_what_was_kept_for_it_along",
        &["ReadResource", "Screenshot"],
    ),
    on(
        Kind::Hiding,
        KEPT,
        "it_is_read_by_the_right_by_which_it_was_made_and_gone_with_the_rules_that_it_was_made_under",
        &["ReadResource", "Screenshot"],
    ),
    on(
        Kind::Applications,
        WPF,
        "attack_a_kept_picture_is_no_way_around_the_gate_that_it_was_made_through",
        &["ReadResource", "element_screenshot"],
    ),
    on(
        Kind::Applications,
        JOINED,
        "attack_no_desktop_tool_reads_through_a_gate_that_is_shut",
        &["Click", "FindElement", "GetText", "Invoke", "Snapshot", "WaitFor"],
    ),
    on(Kind::Applications, JOINED, "attack_a_gate_that_is_shut_later_shuts_the_refs_that_came_through_it", ON_REFS),
    on(
        Kind::Applications,
        JOINED,
        "attack_nothing_is_operated_from_inside_through_a_shut_gate",
        &["Click", "Invoke", "Type"],
    ),
    on(
        Kind::Applications,
        JOINED,
        "attack_an_application_that_is_taken_off_the_list_is_not_gone_into_by_desktop_tools",
        ON_REFS,
    ),
    on(
        Kind::Channels,
        JOINED,
        "attack_no_secret_and_nothing_behind_the_elements_is_told_by_a_desktop_tool",
        &["Click", "FindElement", "GetText", "Snapshot", "WaitFor"],
    ),
    on(Kind::Others, JOINED, "attack_a_ref_is_its_callers_and_its_sessions_alone", ON_REFS),
    on(Kind::Hiding, JOINED, "attack_a_hidden_window_is_not_read_or_operated_through_the_inspector", ON_REFS),
    on(
        Kind::Targets,
        JOINED,
        "attack_an_element_that_moved_to_another_window_is_gone",
        &["Click", "Drag", "GetText", "Invoke", "Move", "Scroll", "Type"],
    ),
    on(Kind::Hiding, OCR, "attack_what_may_not_be_captured_is_not_read_either", &["OCR"]),
    on(Kind::Targets, OCR, "attack_a_ref_of_pixels_that_have_changed_hits_nothing", &["Click", "OCR"]),
    on(Kind::Time, KEPT, "a_recording_ends_when_it_is_withdrawn", &["ScreenRecord"]),
    on(Kind::Others, "crates/gate/tests/lanes.rs", "attack_who_fills_a_lane_does_not_shut_it_to_the_others", &["Wait"]),
    on(Kind::Others, "crates/gate/tests/lanes.rs", "attack_many_keys_of_one_name_have_one_share", &["Wait"]),
    on(
        Kind::Hosts,
        "tests/tests/security/scrape_tls.rs",
        "attack_no_variable_says_who_vouches_for_a_host",
        &["Scrape"],
    ),
    on(Kind::Channels, FILES, "attack_a_key_is_not_read_in_pieces_or_as_bytes", &["FileDownload", "FileRead"]),
    on(Kind::Calls, "crates/gate/tests/batch.rs", "attack_a_step_may_no_more_than_its_caller", &["Batch"]),
    on(
        Kind::Owner,
        "crates/gate/tests/session.rs",
        "attack_without_tier_3_nobody_locks_the_owner_out",
        &["LockScreen"],
    ),
    on(
        Kind::Owner,
        SOUND,
        "attack_no_sound_is_played_from_where_nothing_may_be_read_or_without_tier_3",
        &["PlaySound"],
    ),
    on(
        Kind::Paths,
        SOUND,
        "attack_no_sound_is_played_from_where_nothing_may_be_read_or_without_tier_3",
        &["PlaySound"],
    ),
    on(
        Kind::Hosts,
        SOUND,
        "attack_no_sound_is_played_from_where_nothing_may_be_read_or_without_tier_3",
        &["PlaySound"],
    ),
    on(
        Kind::Owner,
        "crates/gate/tests/session.rs",
        "attack_no_session_of_another_user_is_connected_or_put_aside",
        &["ReconnectSession"],
    ),
    on(Kind::Owner, NOTICES, "attack_no_notification_speaks_as_the_owner_or_comes_as_a_flood", &["Notification"]),
    on(Kind::Time, SOUND, "a_sound_falls_silent_with_its_call", &["PlaySound"]),
    on(Kind::Paths, FILES, "attack_nothing_outside_of_the_roots_is_told_not_even_whether_it_is_there", READERS),
    on(Kind::Paths, FILES, "attack_a_link_and_a_short_name_lead_to_what_they_are_judged_by", READERS),
    on(Kind::Paths, FILES, "attack_a_junction_swapped_between_check_and_use_leads_nowhere", READERS),
    on(Kind::Paths, FILES, "attack_our_own_files_credentials_and_client_files_are_kept_back_inside_a_root", READERS),
    on(Kind::Paths, FILES, "attack_nothing_is_changed_outside_of_the_roots_or_of_what_is_ours", WRITERS),
    on(Kind::Paths, FILES, "attack_a_link_is_deleted_and_moved_itself", &["FileDelete", "FileMove"]),
    on(
        Kind::Paths,
        FILES,
        "attack_a_folder_does_not_take_along_what_a_rule_keeps_back",
        &["FileCopy", "FileDelete", "FileMove"],
    ),
    on(Kind::Paths, FILES, "attack_a_junction_swapped_between_check_and_use_changes_nothing_behind_it", WRITERS),
    on(
        Kind::RegistryKeys,
        REGISTRY,
        "attack_no_alias_link_view_case_or_wildcard_leads_around_a_rule",
        &["RegList", "RegRead"],
    ),
    on(
        Kind::RegistryKeys,
        REGISTRY,
        "attack_nothing_is_changed_but_below_the_roots_for_it",
        &["RegDelete", "RegWrite"],
    ),
    on(
        Kind::Tasks,
        SCHEDULED,
        "attack_tasks_of_windows_and_of_this_server_are_neither_made_nor_deleted",
        &["TaskCreate", "TaskDelete"],
    ),
    on(
        Kind::Tasks,
        SCHEDULED,
        "attack_a_list_of_programs_that_may_be_started_holds_for_tasks_in_whatever_form",
        &["TaskCreate"],
    ),
    on(Kind::Tasks, SCHEDULED, "bad_input_is_answered_with_rule_and_remedy", &["TaskList"]),
    on(Kind::Events, EVENTS, "attack_no_text_of_a_filter_leaves_its_place_in_the_query_or_names_a_file", &["EventLog"]),
    on(Kind::Hosts, NETWORK, "attack_no_writing_of_a_host_leads_around_the_rules", &["Ping", "PortCheck"]),
    on(Kind::Hosts, NETWORK, "attack_rebinding_a_name_between_check_and_connection_changes_nothing", &["PortCheck"]),
    on(Kind::Hosts, SCRAPE, "attack_no_url_and_no_redirect_leads_to_what_no_rule_opens", &["Scrape"]),
    on(Kind::Hosts, SCRAPE, "attack_rebinding_between_check_and_connection_changes_nothing", &["Scrape"]),
    on(Kind::Time, NETWORK, "a_host_that_never_answers_ends_with_the_call", &["PortCheck"]),
    on(Kind::Time, SCRAPE, "a_host_that_is_silent_ends_with_the_call", &["Scrape"]),
    on(Kind::Time, STOP, "all_that_is_under_way_answers_stopped_in_time", &["Shortcut", "Snapshot", "Wait", "WaitFor"]),
    on(Kind::Time, DOOR, "a_withdrawn_call_ends_and_is_recorded", &["Wait"]),
    on(Kind::Time, STOP, "what_was_allowed_and_has_not_begun_does_not_begin", &["SetClipboard"]),
    on(Kind::Targets, STOP, "the_stop_key_is_the_owners_to_press", &["Shortcut"]),
    on(
        Kind::Targets,
        RESTRICTIONS,
        "a_window_of_a_program_that_takes_no_input_is_not_closed_moved_or_brought_to_the_front",
        &["App", "FocusWindow", "MinimizeAll"],
    ),
    on(Kind::Targets, DOOR, "nothing_is_typed_when_the_field_does_not_take_the_keyboard", &["Click", "Type"]),
    on(
        Kind::Targets,
        "tests/tests/e2e/boundaries.rs",
        "a_drag_is_not_dropped_on_a_window_that_came_up_meanwhile",
        &["Drag"],
    ),
    on(
        Kind::Targets,
        "tests/tests/e2e/refusals.rs",
        "a_ref_of_a_closed_window_is_stale_and_hits_nothing_else",
        &["FocusWindow", "Invoke"],
    ),
    every(Kind::Applications, WPF, "attack_no_gate_that_is_shut_is_gone_through"),
    inside(Kind::Others, WPF, "attack_no_tool_goes_into_an_application_of_another_callers_session"),
    inside(Kind::Others, WPF, "attack_no_tool_takes_an_element_of_another_callers_session"),
    inside(Kind::Hiding, WPF, "attack_no_tool_goes_into_an_application_with_a_hidden_window"),
    on(
        Kind::Hiding,
        WPF,
        "attack_a_window_that_is_hidden_while_an_application_answers_is_not_told_of",
        &["get_visual_tree"],
    ),
    on(
        Kind::Applications,
        WPF,
        "attack_a_snapshot_of_a_view_model_is_not_put_back_through_a_shut_gate",
        &["restore_state_snapshot"],
    ),
    on(
        Kind::Applications,
        WPF,
        "attack_of_an_application_that_is_not_admitted_nothing_but_a_number_is_told",
        &["connect", "get_processes"],
    ),
    on(
        Kind::Applications,
        "tests/tests/e2e/wpf/sdk.rs",
        "attack_an_application_that_no_entry_names_is_not_called_although_it_opened_itself",
        &["connect", "get_processes"],
    ),
    on(
        Kind::Applications,
        "tests/tests/e2e/wpf/hostile.rs",
        "attack_a_relay_to_a_real_application_has_no_session",
        &["connect"],
    ),
    on(Kind::Applications, "tests/tests/e2e/wpf/hostile.rs", "attack_who_does_not_prove_gets_no_session", &["connect"]),
    on(
        Kind::Time,
        "tests/tests/e2e/wpf/hostile.rs",
        "attack_an_inspector_that_lies_costs_its_own_session_alone",
        &["connect", "get_windows"],
    ),
    on(Kind::Applications, WPF, "attack_no_step_goes_through_a_gate_that_is_shut", &["batch_mutate"]),
    on(
        Kind::Applications,
        "tests/tests/e2e/wpf/gates.rs",
        "attack_a_path_that_is_written_opens_no_gate_and_no_secret",
        &["batch_mutate", "set_dp_value"],
    ),
    on(Kind::Channels, WPF, "view_models_are_told_without_their_secrets", &["get_viewmodel", "modify_viewmodel"]),
    on(Kind::Targets, WPF, "an_element_that_is_gone_is_said_to_be", &["get_visual_tree"]),
    every(Kind::Shells, WINDOWS, "attack_no_act_on_a_console_passes_without_tier_3"),
    on(
        Kind::Shells,
        RESTRICTIONS,
        "keys_that_lead_to_a_shell_need_tier_3_also_while_the_pointer_acts",
        &["Click", "Shortcut", "Type"],
    ),
    on(Kind::Shells, SHELL, "attack_a_shell_is_run_by_tier_3_alone_and_by_no_key_without_its_scope", &["Shell"]),
    on(Kind::Programs, SHELL, "attack_a_list_of_programs_that_may_be_started_holds_for_shells", &["Shell"]),
    on(
        Kind::Calls,
        "tests/tests/e2e/shell.rs",
        "a_command_reaches_powershell_as_it_was_sent_with_fixed_switches_and_without_input",
        &["Shell"],
    ),
    on(
        Kind::Time,
        "tests/tests/e2e/shell.rs",
        "a_command_ends_with_all_that_it_started_at_its_limit_by_itself_and_when_it_is_withdrawn",
        &["Shell"],
    ),
    on(
        Kind::Others,
        BACKGROUND,
        "attack_work_in_the_background_is_there_for_its_caller_alone",
        &["CancelTask", "GetRunningTasks", "GetTaskStatus", "Shell"],
    ),
    on(Kind::Time, BACKGROUND, "attack_a_flood_of_work_in_the_background_meets_its_caps", &["Shell"]),
    on(Kind::Time, BACKGROUND, "attack_many_keys_of_one_name_have_one_share_of_the_background", &["Shell"]),
    on(
        Kind::Time,
        BACKGROUND,
        "work_in_the_background_ends_with_a_stop_its_key_its_caller_its_time_and_the_server",
        &["Shell"],
    ),
    on(Kind::Programs, RESTRICTIONS, "only_listed_paths_are_started", &["App"]),
    on(Kind::Programs, "tests/tests/e2e/boundaries.rs", "a_program_is_started_by_its_own_path_alone", &["App"]),
    on(
        Kind::Programs,
        "tests/tests/e2e/boundaries.rs",
        "attack_our_own_program_is_not_started",
        &["App", "TaskCreate"],
    ),
    on(
        Kind::Others,
        "crates/gate/tests/kept.rs",
        "attack_what_a_shell_wrote_is_not_read_by_who_may_not_run_one",
        &["ListResources", "ReadResource", "Shell"],
    ),
    on(
        Kind::Others,
        BACKGROUND,
        "attack_an_answer_of_the_background_is_not_read_by_who_may_not_run_a_shell",
        &["GetTaskStatus", "Shell"],
    ),
    on(Kind::Processes, PROCESSES, "attack_what_is_ours_critical_or_the_client_is_not_ended", &["KillProcess"]),
    on(
        Kind::Processes,
        PROCESSES,
        "attack_a_child_of_an_earlier_process_of_that_number_is_not_in_the_tree",
        &["KillProcess"],
    ),
    on(Kind::Processes, PROCESSES, "a_number_that_another_process_has_by_now_ends_nothing", &["KillProcess"]),
    on(
        Kind::Services,
        SERVICES,
        "attack_services_that_the_server_lives_in_or_that_guard_the_machine_are_refused",
        &["ServiceStart", "ServiceStop"],
    ),
    on(
        Kind::Services,
        SERVICES,
        "attack_a_service_that_becomes_ours_between_plan_and_act_is_not_touched",
        &["ServiceStop"],
    ),
    on(Kind::Services, SERVICES, "bad_names_are_answered_with_rule_and_remedy", &["ServiceList"]),
];

const HEAD: &str = "\
# Attacks by tool

<!-- Written by `cargo xtask generate` from `xtask/src/attacks.rs`. Do not edit. -->

What each tool is attacked with, and the test that does it. A tool without a row, an effect without an attack of its kind,
and a test that is not there fail `cargo xtask test unit`. Most of these tests run on the desktop in memory; those of
`tests/tests/e2e` run in the lab, which is Wine. **None has run on real Windows.** What a test does not show, and the attacks
on what stands before a call, are in [the threat model](threat-model.md).
";

/// The page.
pub(crate) fn page(catalogue: &Catalogue) -> Result<String> {
    let mut page = HEAD.to_owned();
    page.push_str("\n## Kinds of attack\n\n| kind | it tries | a tool meets it that has |\n|---|---|---|\n");
    for kind in Kind::ALL {
        let (name, what) = kind.words();
        let asked: Vec<String> = Effect::ALL.into_iter().filter(|effect| Kind::of(*effect) == kind).map(word).collect();
        writeln!(page, "| {name} | {what} | {} |", asked.join(", "))?;
    }
    page.push_str("\n## On every tool\n\nMade from the tool's own descriptor, schema and examples.\n");
    page.push_str("\n| kind | test |\n|---|---|\n");
    for attack in ATTACKS.iter().filter(|attack| matches!(attack.on, On::Every)) {
        writeln!(page, "| {} | `{}` (`{}`) |", attack.kind.words().0, attack.test, attack.file)?;
    }
    page.push_str("\n## On every tool that goes into an application\n\nWhich must meet each of these.\n");
    page.push_str("\n| kind | test |\n|---|---|\n");
    for attack in ATTACKS.iter().filter(|attack| matches!(attack.on, On::Inside)) {
        writeln!(page, "| {} | `{}` (`{}`) |", attack.kind.words().0, attack.test, attack.file)?;
    }
    page.push_str("\n## On single tools\n\n| tool | kind | test |\n|---|---|---|\n");
    for name in catalogue.names() {
        let mut own: Vec<&Attack> = ATTACKS.iter().filter(|attack| attack.is_on(name)).collect();
        own.retain(|attack| matches!(attack.on, On::Tools(_)));
        own.sort_by_key(|attack| attack.kind);
        if own.is_empty() {
            let which = if goes_inside(name) {
                "those on every tool that goes into an application"
            } else {
                "those on every tool"
            };
            writeln!(page, "| {name} | | {which} |")?;
        }
        for attack in own {
            writeln!(page, "| {name} | {} | `{}` (`{}`) |", attack.kind.words().0, attack.test, attack.file)?;
        }
    }
    Ok(page)
}

/// Whether a tool of the WPF family asks the inspector of an application that is connected to.
fn goes_inside(tool: &str) -> bool {
    let before = ["connect", "get_active_process", "get_processes", "select_active_process"];
    tool.starts_with(|first: char| first.is_ascii_lowercase()) && !before.contains(&tool)
}

/// An effect as it is written.
fn word(effect: Effect) -> String {
    let word = serde_json::to_value(effect).unwrap_or_default();
    format!("`{}`", word.as_str().unwrap_or_default())
}

impl Attack {
    fn is_on(&self, tool: &str) -> bool {
        match self.on {
            On::Every => true,
            On::Inside => goes_inside(tool),
            On::Tools(tools) => tools.contains(&tool),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_testkit::lab::workspace_top;
    use std::collections::BTreeSet;
    use std::fs;

    /// Effects that tools have and none of these attacks is about.
    fn missing(attacks: &[Attack], tool: &str, effects: &[Effect]) -> Vec<Effect> {
        let met = |effect: &Effect| attacks.iter().any(|attack| attack.kind == Kind::of(*effect) && attack.is_on(tool));
        effects.iter().copied().filter(|effect| !met(effect)).collect()
    }

    /// Whether a source has a test of this name.
    fn has_test(source: &str, test: &str) -> bool {
        let before = source.split(&format!("fn {test}()")).next().unwrap_or_default();
        before.len() < source.len()
            && before.trim_end().lines().last().is_some_and(|line| line.trim_start().starts_with("#["))
    }

    #[test]
    fn every_tool_meets_an_attack_of_each_kind_that_its_effects_ask_for() {
        for tool in Catalogue::new().tools() {
            let descriptor = tool.descriptor();
            assert_eq!(missing(ATTACKS, descriptor.name, descriptor.effects), [], "{}: add a row", descriptor.name);
        }
        assert_eq!(missing(ATTACKS, "Another", &[Effect::EndProcesses, Effect::ListFiles]).len(), 2);
        assert_eq!(missing(&[], "Wait", &[Effect::Wait]), [Effect::Wait]);
    }

    #[test]
    fn every_row_names_a_test_that_is_there_and_tools_that_are() {
        let names: BTreeSet<&str> = Catalogue::new().names().into_iter().collect();
        for Attack { test, file, on, .. } in ATTACKS {
            let source = fs::read_to_string(workspace_top().join(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
            assert!(has_test(&source, test), "{file} has no test {test}");
            if let On::Tools(tools) = on {
                assert!(tools.iter().all(|tool| names.contains(tool)), "{test}: {tools:?}");
            }
        }
        assert!(has_test("#[test]\nfn a_b() {}", "a_b") && !has_test("#[test]\nfn a_b() {}", "a_c"));
        assert!(!has_test("fn a_b() {}", "a_b"), "a function that nobody runs is no test");
    }

    #[test]
    fn every_attack_of_the_files_for_it_has_a_row() {
        let rows: BTreeSet<&str> = ATTACKS.iter().map(|attack| attack.test).collect();
        for file in
            [CALLS, EVENTS, WPF, WINDOWS, FILES, NETWORK, PROCESSES, REGISTRY, SCHEDULED, SCRAPE, SERVICES, SHELL]
        {
            let source = fs::read_to_string(workspace_top().join(file)).unwrap();
            for name in source.split("fn attack_").skip(1).filter_map(|rest| rest.split("()").next()) {
                let name = format!("attack_{name}");
                assert!(rows.contains(name.as_str()) || BESIDE.contains(&name.as_str()), "{file}: {name} has no row");
            }
        }
    }

    /// Attacks on no tool of the catalogue, or on the table of all names.
    const BESIDE: [&str; 2] = [
        "attack_no_name_of_another_server_stands_for_a_tool",
        "attack_names_of_what_windows_cannot_go_on_without_are_refused_whatever_runs_under_them",
    ];

    #[test]
    fn the_page_has_every_tool() {
        let page = page(&Catalogue::new()).unwrap();
        for name in Catalogue::new().names() {
            assert!(page.contains(&format!("\n| {name} | ")), "{name}");
        }
    }
}
