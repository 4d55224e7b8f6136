//! The rules about things, as they hold for one caller: places, windows, programs and keys that are pressed. A decision asks
//! them for all that a call names, a permit again for what a port really opened. Tiers, tools and scopes are not known here.

use crate::decision::Denial;
use crate::files::FileRules;
use crate::hosts::HostRules;
use crate::own::OwnRules;
use crate::registry::RegistryRules;
use crate::restrict::Restrictions;
use crate::targets::{
    is_command_chord, is_command_host, is_command_host_window, is_critical, is_guarded_task, is_needed_service,
};
use crate::wpf::WpfTargets;
use portcullis_model::{
    Effect, FaultCode, Host, HostAccess, Principal, ProcessId, ProgramName, Resource, ServiceName, Standing, Tier,
    WindowIdentity,
};
use std::sync::Arc;

/// What the rules keep back of what a call may touch.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) files: Arc<FileRules>,
    pub(crate) registry: Arc<RegistryRules>,
    pub(crate) hosts: Arc<HostRules>,
    pub(crate) wpf: Arc<WpfTargets>,
    pub(crate) restrictions: Arc<Restrictions>,
    /// The server's own process, whose windows are refused to every tool.
    pub(crate) own_process: u32,
    pub(crate) principal: Principal,
    /// The rules of this principal alone.
    pub(crate) own: Option<Arc<OwnRules>>,
}

impl View {
    /// The rule that opens what is touched, of what has rules by place.
    pub(crate) fn check_place(&self, resource: &Resource) -> Result<Option<String>, Denial> {
        let own = self.own.as_ref();
        if let Some(rule) = self.files.check_resource(&self.principal, own.map(|own| &own.files), resource)? {
            return Ok(Some(rule));
        }
        if let Some(rule) = self.wpf.check_resource(resource)? {
            return Ok(Some(rule));
        }
        match self.registry.check_resource(&self.principal, own.map(|own| &own.registry), resource)? {
            Some(rule) => Ok(Some(rule)),
            None => self.hosts.check_resource(&self.principal, own.map(|own| &own.hosts), resource),
        }
    }

    /// Whether a name may be looked up.
    pub(crate) fn check_name(&self, host: &Host, access: HostAccess) -> Result<(), Denial> {
        let own = self.own.as_ref().map(|own| &own.hosts);
        self.hosts.check_name(&self.principal, own, host, access)
    }

    /// Refuses what is protected from a call with these effects; names the further effect that the thing brings with it.
    pub(crate) fn check_thing(&self, resource: &Resource, effects: &[Effect]) -> Result<Option<Effect>, Denial> {
        self.restrictions.check_resource(resource, effects)?;
        if let Some(own) = &self.own {
            own.restrictions.check_resource(resource, effects)?;
        }
        match resource {
            Resource::Window { window: WindowIdentity { process, .. }, .. }
            | Resource::InputTarget { window: WindowIdentity { process, .. }, .. }
            | Resource::ProgramWindows { process, .. }
                if *process == self.own_process =>
            {
                Err(Denial {
                    code: FaultCode::Denied,
                    message: "the target is a window of Portcullis itself".to_owned(),
                    rule: "our own windows are refused to every tool; no configuration lifts this".to_owned(),
                    remedy: None,
                })
            }
            Resource::WpfTarget { process, .. } if process.number == self.own_process => Err(Denial {
                code: FaultCode::Denied,
                message: "the application is Portcullis itself".to_owned(),
                rule: "our own processes are refused to every tool; no configuration lifts this".to_owned(),
                remedy: None,
            }),
            Resource::Process { process, program, standing }
            | Resource::Descendant { process, program, standing, .. } => {
                self.check_process(*process, program, *standing, effects).map(|()| None)
            }
            Resource::ScheduledTask { path } if is_guarded_task(path) => Err(Denial {
                code: FaultCode::Denied,
                message: format!("the task {path} belongs to Windows itself or to this server"),
                rule: "tasks in \\Microsoft and \\Portcullis are refused to every tool; no configuration lifts this"
                    .to_owned(),
                remedy: Some("take another folder".to_owned()),
            }),
            Resource::UserSession { id, own: false } => Err(Denial {
                code: FaultCode::Denied,
                message: format!("session {id} is not one of the user that runs the server"),
                rule: "sessions of others are neither connected nor put aside by any tool; no configuration lifts this"
                    .to_owned(),
                remedy: Some("the person whose session it is, or an administrator, can do it".to_owned()),
            }),
            Resource::Service { name, standing } => check_service(name, *standing).map(|()| None),
            Resource::InputTarget { window, program } if is_command_host_window(program, &window.class) => {
                Ok(Some(Effect::OperateCommandHost))
            }
            // Closing one is what input to it is: it ends what runs there.
            Resource::Window { window, program }
                if effects.contains(&Effect::CloseWindows) && is_command_host_window(program, &window.class) =>
            {
                Ok(Some(Effect::OperateCommandHost))
            }
            Resource::Keys { chord } if is_command_chord(chord) => Ok(Some(Effect::OperateCommandHost)),
            Resource::InstalledApp { program, .. } if program.as_ref().is_none_or(is_command_host) => {
                // Of a program that is not known nobody can say that it is no command host.
                Ok(Some(Effect::StartExecutable))
            }
            _ => Ok(None),
        }
    }

    /// What no configuration opens of processes: our own, and what Windows cannot go on without. What started this server
    /// is ended only by a call that says so.
    fn check_process(
        &self,
        process: ProcessId,
        program: &ProgramName,
        standing: Standing,
        effects: &[Effect],
    ) -> Result<(), Denial> {
        let denied = |message: String, rule: &str, remedy: Option<&str>| Denial {
            code: FaultCode::Denied,
            message,
            rule: rule.to_owned(),
            remedy: remedy.map(str::to_owned),
        };
        if process.number == self.own_process || standing == Standing::Ours {
            return Err(denied(
                "the process is Portcullis itself".to_owned(),
                "our own processes are refused to every tool; no configuration lifts this",
                None,
            ));
        }
        if standing == Standing::Critical || is_critical(program) {
            return Err(denied(
                format!("Windows cannot go on without {program}"),
                "processes that Windows stops without are refused to every tool; no configuration lifts this",
                None,
            ));
        }
        if standing == Standing::Client && !effects.contains(&Effect::EndClient) {
            return Err(denied(
                format!("{program} started this server: it is the client, or what the client runs in"),
                "what started the server is ended only by a call that says so",
                Some("say `include_client: true`; the connection may end with it"),
            ));
        }
        Ok(())
    }

    /// The same of the very thing that a port is about to act on, with the effects that were granted. What is only looked at
    /// was decided.
    pub(crate) fn check_again(&self, effect: Effect, resource: &Resource, granted: &[Effect]) -> Result<(), Denial> {
        if effect.tier() == Tier::Observe {
            return Ok(());
        }
        match self.check_thing(resource, &[effect])? {
            Some(more) if !granted.contains(&more) => Err(Denial {
                code: FaultCode::Denied,
                message: "the window is a console, a terminal or another that runs commands".to_owned(),
                rule: "closing one is an effect of tier 3, which was not asked for: the call did not say which window"
                    .to_owned(),
                remedy: Some("name the window by its ref or handle".to_owned()),
            }),
            _ => Ok(()),
        }
    }
}

/// What no configuration opens of services: those that this server lives in, those that Windows cannot go on without, and
/// those that guard the machine.
fn check_service(name: &ServiceName, standing: Standing) -> Result<(), Denial> {
    let denied = |message: String, rule: &str| {
        Err(Denial { code: FaultCode::Denied, message, rule: rule.to_owned(), remedy: None })
    };
    if matches!(standing, Standing::Ours | Standing::Client) {
        return denied(
            format!("this server runs in the service {name}, or was started by it"),
            "what this server lives in is not started or stopped by a tool; no configuration lifts this",
        );
    }
    if standing == Standing::Critical || is_needed_service(name) {
        return denied(
            format!("Windows cannot go on without {name}, or is guarded by it"),
            "such services are refused to every tool; no configuration lifts this",
        );
    }
    Ok(())
}
