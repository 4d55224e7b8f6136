//! Grants and permits: proof that a decision was made and recorded. A grant comes from a decision alone, a permit from a
//! recorded grant alone, and a permit that is dropped unfinished says so in the ledger.

use crate::decision::Denial;
use crate::view::View;
use portcullis_model::{
    CallFinished, CallFollowed, CallGranted, CallId, CallResult, Digest, Durability, Effect, Entry, Fault, FaultCode,
    Host, HostAccess, Ledger, LedgerFault, Resource, Tier,
};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// A decision in favour, not yet recorded. Nothing accepts it but [`Grant::record`].
#[derive(Debug)]
#[must_use = "a grant that is not recorded allows nothing"]
pub struct Grant {
    pub(crate) entry: CallGranted,
    pub(crate) view: View,
}

impl Grant {
    /// Every effect that was allowed.
    pub fn effects(&self) -> &[Effect] {
        &self.entry.effects
    }

    /// The rule that allowed it.
    pub fn rule(&self) -> &str {
        &self.entry.rule
    }

    /// Writes the grant down and hands out the permit. When the record cannot be written there is no permit, and so no
    /// call. An effect of tier 3 waits for the disk.
    pub fn record(self, ledger: Arc<dyn Ledger>) -> Result<Permit, LedgerFault> {
        let alters = self.entry.effects.iter().any(|effect| effect.tier() == Tier::Alter);
        let durability = if alters { Durability::Now } else { Durability::Soon };
        let (call, effects, resources) = (self.entry.call, self.entry.effects.clone(), self.entry.resources.clone());
        ledger.append(&Entry::CallGranted(self.entry), durability)?;
        let followed = Mutex::default();
        Ok(Permit {
            call,
            effects,
            resources,
            followed,
            view: self.view,
            ledger,
            granted: Instant::now(),
            finished: false,
        })
    }
}

/// A port was asked for something that its permit does not name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the permit of {call} does not cover {effect:?} on what is there now")]
pub struct OutsidePermit {
    call: CallId,
    effect: Effect,
    resource: Resource,
    /// What the rules say of the thing itself, where they refuse it.
    denial: Option<Box<Denial>>,
}

impl From<OutsidePermit> for Fault {
    /// Reaching this is a target that was named by its title, one that changed between check and use, or a defect of a
    /// tool; all are refused.
    fn from(outside: OutsidePermit) -> Self {
        if let Some(denial) = outside.denial {
            return (*denial).into();
        }
        Self::new(FaultCode::Denied, "what the call would touch is not what was allowed: it changed in the meantime")
            .rule(outside.to_string())
            .remedy("look again with Snapshot, then repeat the call")
    }
}

/// Why a permit does not cover one more host.
#[derive(Debug, thiserror::Error)]
pub enum NotFollowed {
    /// It has no host that it could be led on from.
    #[error(transparent)]
    Outside(#[from] OutsidePermit),
    /// A rule refuses it.
    #[error("{}", .0.message)]
    Refused(Denial),
    /// It could not be recorded.
    #[error(transparent)]
    Unrecorded(#[from] LedgerFault),
}

impl From<Denial> for NotFollowed {
    fn from(denial: Denial) -> Self {
        Self::Refused(denial)
    }
}

impl From<NotFollowed> for Fault {
    fn from(refusal: NotFollowed) -> Self {
        match refusal {
            NotFollowed::Outside(outside) => outside.into(),
            NotFollowed::Refused(denial) => denial.into(),
            NotFollowed::Unrecorded(fault) => Self::new(FaultCode::AuditUnavailable, fault.to_string())
                .rule("what is not recorded does not happen")
                .remedy("make room on the disk of the server's data folder, or its rights whole"),
        }
    }
}

/// Leave to have the named effects on the named resources, once. It cannot be copied; a port checks it against what it
/// really opened.
#[must_use = "a permit that is dropped unfinished is recorded as `unknown`"]
pub struct Permit {
    call: CallId,
    effects: Vec<Effect>,
    resources: Vec<Resource>,
    /// Hosts that were added since, each of them recorded.
    followed: Mutex<Vec<Resource>>,
    view: View,
    ledger: Arc<dyn Ledger>,
    granted: Instant,
    finished: bool,
}

impl std::fmt::Debug for Permit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Permit")
            .field("call", &self.call)
            .field("effects", &self.effects)
            .field("resources", &self.resources)
            .finish_non_exhaustive()
    }
}

impl Permit {
    /// Which call it is for.
    pub fn call(&self) -> CallId {
        self.call
    }

    /// When it was granted: by the rules that were in force then.
    pub fn granted(&self) -> Instant {
        self.granted
    }

    /// Fails unless this permit names `effect` and a resource that covers `resource`. The rules are asked again for the one
    /// that is meant: a tree of files holds also what they keep back, and the desktop windows that are not operated.
    pub fn require(&self, effect: Effect, resource: &Resource) -> Result<(), OutsidePermit> {
        let outside = |denial: Option<Denial>| {
            let denial = denial.map(Box::new);
            OutsidePermit { call: self.call, effect, resource: resource.clone(), denial }
        };
        let followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = self.resources.iter().chain(followed.iter());
        let covered = self.effects.contains(&effect) && all.any(|own| own.covers(resource));
        if !covered {
            return Err(outside(None));
        }
        self.view
            .check_place(resource)
            .and_then(|_| self.view.check_again(effect, resource, &self.effects))
            .map_err(|denial| outside(Some(denial)))
    }

    /// Whether a name may be looked up for this call.
    pub fn check_name(&self, host: &Host, access: HostAccess) -> Result<(), Denial> {
        self.view.check_name(host, access)
    }

    /// Has the permit cover one more host, to which what was asked for leads on: by the rules of the call, and recorded before
    /// it is used. Only who may reach a host so may be led on to another; whatever else was granted stays as it is.
    pub fn follow(&self, effect: Effect, next: Resource) -> Result<(), NotFollowed> {
        let outside = || OutsidePermit { call: self.call, effect, resource: next.clone(), denial: None };
        let Resource::Host { access, .. } = &next else { return Err(outside().into()) };
        let is_so = |own: &Resource| matches!(own, Resource::Host { access: granted, .. } if granted == access);
        if !self.effects.contains(&effect) || !self.resources.iter().any(is_so) {
            return Err(outside().into());
        }
        let rule = self.view.check_place(&next)?.unwrap_or_default();
        let entry = CallFollowed { call: self.call, resource: next.clone(), rule };
        self.ledger.append(&Entry::CallFollowed(entry), Durability::Soon)?;
        self.followed.lock().unwrap_or_else(PoisonError::into_inner).push(next);
        Ok(())
    }

    /// Whether the permit names this effect at all.
    pub fn names(&self, effect: Effect) -> bool {
        self.effects.contains(&effect)
    }

    /// Fails unless this permit names the effect: for what is done with something that another port gave by the same permit.
    pub fn require_effect(&self, effect: Effect) -> Result<(), OutsidePermit> {
        if self.names(effect) {
            return Ok(());
        }
        Err(OutsidePermit { call: self.call, effect, resource: Resource::OwnTasks, denial: None })
    }

    /// Writes how the call ended. `reply` is a plain digest of what was answered; it is keyed before it is written, since
    /// a short answer could be guessed from a plain one.
    pub fn finish(
        mut self,
        result: CallResult,
        code: Option<FaultCode>,
        reply: Option<Digest>,
    ) -> Result<(), LedgerFault> {
        self.finished = true;
        self.write_end(result, code, reply)
    }

    fn write_end(&self, result: CallResult, code: Option<FaultCode>, reply: Option<Digest>) -> Result<(), LedgerFault> {
        let micros = u64::try_from(self.granted.elapsed().as_micros()).unwrap_or(u64::MAX);
        let reply = reply.map(|digest| self.ledger.digest(digest.as_bytes()));
        let entry = CallFinished { call: self.call, result, code, reply, micros };
        self.ledger.append(&Entry::CallFinished(entry), Durability::Soon)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if !self.finished {
            // A drop cannot report; a ledger that fails here fails the next grant, which stops the next call.
            let _ = self.write_end(CallResult::Unknown, None, None);
        }
    }
}
