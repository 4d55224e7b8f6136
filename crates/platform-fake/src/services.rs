//! Services in memory: with dependents, some slow, some that fail, and what each was told.

use crate::desktop::{Call, FakeDesktop};
use crate::places::untrusted;
use portcullis_model::{Cancel, Deadline, Effect, Resource, ServiceName, Source, Standing};
use portcullis_platform::{
    HeldService, Permit, PortResult, ServiceFault, ServiceInfo, ServiceListing, ServicePlace, ServicePort,
    ServiceStartType, ServiceState, ServiceStatus,
};

/// `ERROR_SERVICE_NEVER_STARTED`.
const NEVER_STARTED: u32 = 1_077;

/// How a service takes what it is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ServiceHabit {
    /// It does it at once.
    #[default]
    Prompt,
    /// It is on its way for ever.
    Slow,
    /// It is on its way for this many looks.
    AfterLooks(u32),
    /// It ends with this exit code when it is started.
    Fails(u32),
    /// It takes no word to stop.
    Unstoppable,
    /// Windows refuses it.
    Shut,
}

#[derive(Clone, Debug)]
pub(crate) struct FakeService {
    name: String,
    display: String,
    needs: Vec<String>,
    state: ServiceState,
    start: ServiceStartType,
    process: u32,
    exit_code: u32,
    habit: ServiceHabit,
    looks: u32,
    standing: Standing,
}

impl FakeService {
    fn is(&self, name: &ServiceName) -> bool {
        self.name.to_lowercase() == name.as_str()
    }

    fn settle(&mut self, state: ServiceState, process: u32) {
        self.state = state;
        self.process = if state == ServiceState::Running { process } else { 0 };
        self.exit_code = 0;
    }

    /// Its name and what it does.
    pub(crate) fn fact(&self) -> Option<(ServiceName, String)> {
        Some((ServiceName::parse(&self.name).ok()?, format!("{:?} {:?}", self.state, self.start)))
    }

    /// Comes a look further on its way.
    fn look(&mut self) {
        let ServiceHabit::AfterLooks(looks) = self.habit else { return };
        self.looks += 1;
        if self.looks >= looks {
            match self.state {
                ServiceState::StartPending => self.settle(ServiceState::Running, self.process),
                ServiceState::StopPending => self.settle(ServiceState::Stopped, 0),
                _ => {}
            }
        }
    }

    fn status(&self) -> ServiceStatus {
        ServiceStatus {
            state: self.state,
            process: self.process,
            accepts_stop: self.state == ServiceState::Running && self.habit != ServiceHabit::Unstoppable,
            exit_code: self.exit_code,
            own_exit_code: 0,
        }
    }
}

impl FakeDesktop {
    /// Installs a service that does not run, is started by hand and needs others.
    pub fn add_service(&self, name: &str, display: &str, needs: &[&str]) {
        self.lock().services.push(FakeService {
            name: name.to_owned(),
            display: display.to_owned(),
            needs: needs.iter().map(|need| (*need).to_owned()).collect(),
            state: ServiceState::Stopped,
            start: ServiceStartType::Manual,
            process: 0,
            exit_code: NEVER_STARTED,
            habit: ServiceHabit::Prompt,
            looks: 0,
            standing: Standing::Other,
        });
    }

    fn change_service(&self, name: &str, change: impl FnOnce(&mut FakeService)) {
        if let Some(found) = self.lock().services.iter_mut().find(|known| known.name == name) {
            change(found);
        }
    }

    /// Lets a service run in a process.
    pub fn run_service(&self, name: &str, process: u32) {
        self.change_service(name, |found| found.settle(ServiceState::Running, process));
    }

    /// Changes how a service takes what it is told.
    pub fn set_service_habit(&self, name: &str, habit: ServiceHabit) {
        self.change_service(name, |found| found.habit = habit);
    }

    /// Changes when a service is started.
    pub fn set_service_start(&self, name: &str, start: ServiceStartType) {
        self.change_service(name, |found| found.start = start);
    }

    /// Changes what the service's process is to the server.
    pub fn set_service_standing(&self, name: &str, standing: Standing) {
        self.change_service(name, |found| found.standing = standing);
    }

    /// What the service does now.
    pub fn service_state(&self, name: &str) -> Option<ServiceState> {
        self.lock().services.iter().find(|known| known.name == name).map(|known| known.state)
    }
}

impl ServicePort for FakeDesktop {
    fn list(&self, permit: &Permit, cap: usize, cancel: &Cancel) -> PortResult<ServiceListing> {
        self.enter(Call::ListServices, None, Some(cancel))?;
        permit.require(Effect::ReadServices, &Resource::Services)?;
        let services = &self.lock().services;
        let one = |service: &FakeService| ServiceInfo {
            name: untrusted(Source::System, &service.name),
            display_name: untrusted(Source::System, &service.display),
            status: service.status(),
            start: Some(service.start),
        };
        Ok(ServiceListing { services: services.iter().take(cap).map(one).collect(), more: services.len() > cap })
    }

    fn resolve(&self, name: &ServiceName) -> PortResult<Box<dyn HeldService>> {
        self.enter(Call::ResolveService, None, None)?;
        let state = self.lock();
        let found = state.services.iter().find(|known| known.is(name)).ok_or(ServiceFault::NoService)?;
        let place = ServicePlace { name: name.clone(), standing: found.standing };
        Ok(Box::new(Held { desktop: self.clone(), place }))
    }
}

struct Held {
    desktop: FakeDesktop,
    place: ServicePlace,
}

impl Held {
    fn with<T>(&self, permit: &Permit, act: impl FnOnce(&mut FakeService) -> PortResult<T>) -> PortResult<T> {
        let mut state = self.desktop.lock();
        let found = state.services.iter_mut().find(|known| known.is(&self.place.name));
        let found = found.ok_or(ServiceFault::NoService)?;
        let now = ServicePlace { standing: found.standing, ..self.place.clone() };
        permit.require(Effect::ControlServices, &now.resource())?;
        if found.habit == ServiceHabit::Shut {
            return Err(ServiceFault::AccessDenied.into());
        }
        act(found)
    }
}

impl HeldService for Held {
    fn place(&self) -> &ServicePlace {
        &self.place
    }

    fn dependents(&self) -> PortResult<Vec<ServiceName>> {
        let state = self.desktop.lock();
        let mut all: Vec<ServiceName> = vec![self.place.name.clone()];
        let mut looked_at = 0;
        while let Some(name) = all.get(looked_at).cloned() {
            for service in state.services.iter().filter(|known| known.state != ServiceState::Stopped) {
                let needs = service.needs.iter().any(|need| need.to_lowercase() == name.as_str());
                if let Some(found) =
                    ServiceName::parse(&service.name).ok().filter(|found| needs && !all.contains(found))
                {
                    all.push(found);
                }
            }
            looked_at += 1;
        }
        Ok(all.into_iter().skip(1).rev().collect())
    }

    fn status(&self, permit: &Permit) -> PortResult<ServiceStatus> {
        self.desktop.enter(Call::ServiceStatus, None, None)?;
        self.with(permit, |service| {
            service.look();
            Ok(service.status())
        })
    }

    fn start(&self, permit: &Permit, deadline: Deadline, cancel: &Cancel) -> PortResult<()> {
        self.desktop.enter(Call::ControlService, Some(deadline), Some(cancel))?;
        let process = u32::try_from(self.desktop.lock().number()).unwrap_or(1);
        self.with(permit, |service| {
            if service.start == ServiceStartType::Disabled {
                return Err(ServiceFault::Disabled.into());
            }
            service.process = process;
            service.looks = 0;
            match service.habit {
                ServiceHabit::Fails(code) => {
                    service.settle(ServiceState::Stopped, 0);
                    service.exit_code = code;
                }
                ServiceHabit::Slow | ServiceHabit::AfterLooks(_) => service.state = ServiceState::StartPending,
                _ => service.settle(ServiceState::Running, process),
            }
            Ok(())
        })?;
        self.desktop.lock().note(format!("service started {}", self.place.name));
        Ok(())
    }

    fn stop(&self, permit: &Permit, deadline: Deadline, cancel: &Cancel) -> PortResult<()> {
        self.desktop.enter(Call::ControlService, Some(deadline), Some(cancel))?;
        if !self.dependents()?.is_empty() {
            return Err(ServiceFault::HasDependents.into());
        }
        self.with(permit, |service| {
            service.looks = 0;
            match service.habit {
                ServiceHabit::Unstoppable => return Err(ServiceFault::TakesNoStop.into()),
                ServiceHabit::Slow | ServiceHabit::AfterLooks(_) => service.state = ServiceState::StopPending,
                _ => service.settle(ServiceState::Stopped, 0),
            }
            Ok(())
        })?;
        self.desktop.lock().note(format!("service stopped {}", self.place.name));
        Ok(())
    }
}
