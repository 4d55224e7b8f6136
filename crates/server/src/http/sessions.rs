//! Sessions of the older protocol era, each bound to the principal and the credential that opened it. A session's id is a
//! name and no proof: to anybody else the session is not there. Capped for each principal and in all.

use super::leaving::{Attended, Awaited};
use crate::auth::{Authenticated, Credential};
use crate::handler::SessionEnd;
use portcullis_model::{Cancel, CancelReason, Principal};
use rmcp::model::{
    CancelledNotification, CancelledNotificationParam, ClientJsonRpcMessage, JsonRpcMessage, RequestId,
    ServerJsonRpcMessage,
};
use rmcp::transport::streamable_http_server::SessionId;
use rmcp::transport::streamable_http_server::session::local::{LocalSessionManager, LocalSessionManagerError};
use rmcp::transport::streamable_http_server::session::{ServerSseMessage, SessionManager};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

/// Sessions of one principal at once. One more ends the one that it used longest ago: clients seldom end theirs.
pub(super) const PRINCIPAL_CAP: usize = 128;
/// Sessions at once. One more is refused until one of them ends.
pub(super) const SESSION_CAP: usize = 512;
/// How long an idle session is kept; many clients do not begin anew by themselves.
const SESSION_IDLE: Duration = Duration::from_secs(3600);

tokio::task_local! {
    /// The caller of the request that the task answers. The SDK asks for sessions without saying who wants them.
    pub(super) static CALLER: Arc<Caller>;
}

/// A caller, and what became of its wish for a session.
pub(super) struct Caller {
    who: Authenticated,
    refused: AtomicBool,
}

impl Caller {
    pub(super) fn new(who: Authenticated) -> Arc<Self> {
        Arc::new(Self { who, refused: AtomicBool::new(false) })
    }

    /// Whether it was refused a session because there are too many.
    pub(super) fn was_refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }
}

/// Why a session cannot be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum SessionError {
    #[error("there are {SESSION_CAP} sessions; one more is opened when one of them ends")]
    Full,
    #[error(transparent)]
    Sdk(#[from] LocalSessionManagerError),
}

struct Held {
    principal: Principal,
    credential: Credential,
    /// The number of the last use of any session, greater when later.
    used: u64,
    /// Told when it ends.
    ended: Cancel,
    /// Requests whose client left before the answer, each with the number of its leaving; at most as many as lanes take.
    left: Vec<(u64, RequestId)>,
}

#[derive(Default)]
struct Table {
    held: HashMap<SessionId, Held>,
    uses: u64,
    leavings: u64,
}

impl Table {
    /// The session that a principal at its cap used longest ago.
    fn surplus(&self, principal: &Principal) -> Option<SessionId> {
        let own = || self.held.iter().filter(|(_, held)| held.principal.name() == principal.name());
        if own().count() < PRINCIPAL_CAP {
            return None;
        }
        own().min_by_key(|(_, held)| held.used).map(|(id, _)| Arc::clone(id))
    }

    fn use_of(&mut self, id: &SessionId, who: &Authenticated) -> bool {
        self.uses = self.uses.wrapping_add(1);
        let uses = self.uses;
        let found = self.held.get_mut(id).filter(|held| held.principal.is_same(&who.principal));
        found.map(|held| held.used = uses).is_some()
    }
}

/// The SDK's sessions, bound.
pub(super) struct Sessions {
    sdk: LocalSessionManager,
    table: Mutex<Table>,
    own: Weak<Self>,
}

impl Sessions {
    pub(super) fn new() -> Arc<Self> {
        let mut sdk = LocalSessionManager::default();
        sdk.session_config.keep_alive = Some(SESSION_IDLE);
        Arc::new_cyclic(|own| Self { sdk, table: Mutex::default(), own: Weak::clone(own) })
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // Each value is whole at every moment.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.table().held.len()
    }

    /// Whether the session is the caller's own.
    pub(super) fn belongs(&self, id: &str, who: &Authenticated) -> bool {
        self.table().use_of(&id.into(), who)
    }

    /// What is told when the session ends; of one that is not there it has been told.
    pub(super) fn end_of(&self, id: &str) -> SessionEnd {
        let held = self.table().held.get(id).map(|held| held.ended.clone());
        SessionEnd(held.unwrap_or_else(|| {
            let ended = Cancel::new();
            ended.cancel(CancelReason::Client);
            ended
        }))
    }

    /// Notes that the client of these requests left; the number of its leaving, unless the session has ended.
    pub(super) fn leave(&self, id: &SessionId, requests: Vec<RequestId>) -> Option<u64> {
        let mut table = self.table();
        table.leavings = table.leavings.wrapping_add(1);
        let number = table.leavings;
        table.held.get_mut(id)?.left.extend(requests.into_iter().map(|request| (number, request)));
        Some(number)
    }

    /// Withdraws the requests of this leaving, as a client does that cancels them, unless somebody came back for them.
    pub(super) async fn withdraw(&self, id: &SessionId, number: u64) {
        let left: Vec<RequestId> = {
            let mut table = self.table();
            let Some(held) = table.held.get_mut(id) else { return };
            held.left.extract_if(.., |(of, _)| *of == number).map(|(_, request)| request).collect()
        };
        for request in left {
            let params = CancelledNotificationParam::new(Some(request), Some("its client went away".to_owned()));
            let word = JsonRpcMessage::notification(CancelledNotification::new(params).into());
            if let Err(error) = self.sdk.accept_message(id, word).await {
                tracing::debug!(%error, "a call whose client went away could not be withdrawn; it has ended or will");
            }
        }
    }

    /// The requests of a session whose clients left: who comes back to one of its streams is there again.
    fn come_back(&self, id: &SessionId) -> Vec<RequestId> {
        let mut table = self.table();
        let left = table.held.get_mut(id).map(|held| std::mem::take(&mut held.left));
        left.unwrap_or_default().into_iter().map(|(_, request)| request).collect()
    }

    fn attended<S>(&self, stream: S, id: &SessionId, requests: Vec<RequestId>) -> Attended<S> {
        Attended::new(stream, Awaited { sessions: Weak::clone(&self.own), session: Arc::clone(id), requests })
    }

    /// Ends every session whose credential is no longer good.
    pub(super) async fn end_where(&self, is_bad: impl Fn(&Credential) -> bool) {
        let bad: Vec<SessionId> = {
            let table = self.table();
            table.held.iter().filter(|(_, held)| is_bad(&held.credential)).map(|(id, _)| Arc::clone(id)).collect()
        };
        for id in bad {
            if let Err(error) = self.close_session(&id).await {
                tracing::warn!(%error, "a session of a key that ended could not be closed");
            }
        }
    }
}

impl SessionManager for Sessions {
    type Error = SessionError;
    type Transport = <LocalSessionManager as SessionManager>::Transport;

    async fn create_session(&self) -> Result<(SessionId, Self::Transport), SessionError> {
        // Without a caller nobody asked through the door.
        let Ok(caller) = CALLER.try_with(Arc::clone) else { return Err(SessionError::Full) };
        let surplus = self.table().surplus(&caller.who.principal);
        if let Some(surplus) = surplus {
            self.close_session(&surplus).await?;
        }
        let (id, transport) = self.sdk.create_session().await?;
        let is_held = {
            let mut table = self.table();
            let is_room = table.held.len() < SESSION_CAP;
            if is_room {
                table.uses = table.uses.wrapping_add(1);
                let held = Held {
                    principal: caller.who.principal.clone(),
                    credential: caller.who.credential.clone(),
                    used: table.uses,
                    ended: Cancel::new(),
                    left: Vec::new(),
                };
                table.held.insert(Arc::clone(&id), held);
            }
            is_room
        };
        if !is_held {
            self.sdk.close_session(&id).await?;
            caller.refused.store(true, Ordering::Relaxed);
            return Err(SessionError::Full);
        }
        Ok((id, transport))
    }

    async fn initialize_session(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<ServerJsonRpcMessage, SessionError> {
        Ok(self.sdk.initialize_session(id, message).await?)
    }

    async fn has_session(&self, id: &SessionId) -> Result<bool, SessionError> {
        let is_own = CALLER.try_with(|caller| self.belongs(id, &caller.who)).unwrap_or(false);
        Ok(is_own && self.sdk.has_session(id).await?)
    }

    async fn close_session(&self, id: &SessionId) -> Result<(), SessionError> {
        let ended = self.table().held.remove(id);
        // What its calls left at work in the background ends with it.
        if let Some(held) = ended {
            held.ended.cancel(CancelReason::Client);
        }
        Ok(self.sdk.close_session(id).await?)
    }

    async fn create_stream(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<impl futures_core::Stream<Item = ServerSseMessage> + Send + Sync + 'static, SessionError> {
        let requests = match &message {
            JsonRpcMessage::Request(request) => vec![request.id.clone()],
            _ => Vec::new(),
        };
        Ok(self.attended(self.sdk.create_stream(id, message).await?, id, requests))
    }

    async fn accept_message(&self, id: &SessionId, message: ClientJsonRpcMessage) -> Result<(), SessionError> {
        Ok(self.sdk.accept_message(id, message).await?)
    }

    async fn create_standalone_stream(
        &self,
        id: &SessionId,
    ) -> Result<impl futures_core::Stream<Item = ServerSseMessage> + Send + Sync + 'static, SessionError> {
        Ok(self.sdk.create_standalone_stream(id).await?)
    }

    async fn resume(
        &self,
        id: &SessionId,
        last_event_id: String,
    ) -> Result<impl futures_core::Stream<Item = ServerSseMessage> + Send + Sync + 'static, SessionError> {
        let stream = self.sdk.resume(id, last_event_id).await?;
        Ok(self.attended(stream, id, self.come_back(id)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_model::{Digest, Scope};

    fn key(name: &str) -> Credential {
        Credential::Key(Digest::of(name.as_bytes()))
    }

    fn who(name: &str) -> Authenticated {
        let principal = Principal::key(name, [Scope::Observe]);
        Authenticated { principal, credential: key(name) }
    }

    async fn open(sessions: &Sessions, name: &str) -> Result<SessionId, bool> {
        let caller = Caller::new(who(name));
        let made = CALLER.scope(Arc::clone(&caller), sessions.create_session()).await;
        made.map(|(id, _)| id).map_err(|_| caller.was_refused())
    }

    async fn has(sessions: &Sessions, name: &str, id: &SessionId) -> bool {
        CALLER.scope(Caller::new(who(name)), sessions.has_session(id)).await.unwrap()
    }

    #[tokio::test]
    async fn a_session_is_there_for_its_own_principal_alone() {
        let sessions = Sessions::new();
        let id = open(&sessions, "one").await.unwrap();
        assert!(has(&sessions, "one", &id).await && !has(&sessions, "two", &id).await);
        assert!(!sessions.has_session(&id).await.unwrap(), "nobody asks");
        assert!(sessions.belongs(&id, &who("one")) && !sessions.belongs(&id, &who("two")));
        sessions.end_where(|credential| *credential == key("two")).await;
        assert!(has(&sessions, "one", &id).await);
        sessions.end_where(|credential| *credential == key("one")).await;
        assert!(!has(&sessions, "one", &id).await);
        assert_eq!(sessions.count(), 0);
    }

    #[tokio::test]
    async fn what_a_session_left_at_work_is_told_of_its_end() {
        let sessions = Sessions::new();
        let (id, other) = (open(&sessions, "one").await.unwrap(), open(&sessions, "one").await.unwrap());
        let [work, others] = [&id, &other].map(|id| sessions.end_of(id).0.child());
        sessions.close_session(&id).await.unwrap();
        assert_eq!((work.reason(), others.reason()), (Some(CancelReason::Client), None));
        assert_eq!(sessions.end_of(&id).0.reason(), Some(CancelReason::Client), "of one that is gone");
    }

    #[tokio::test]
    async fn at_its_cap_a_principal_loses_the_session_that_it_used_longest_ago() {
        let sessions = Sessions::new();
        let other = open(&sessions, "other").await.unwrap();
        let mut own = Vec::new();
        for _ in 0..PRINCIPAL_CAP {
            own.push(open(&sessions, "one").await.unwrap());
        }
        assert!(has(&sessions, "one", &own[0]).await);
        let late = open(&sessions, "one").await.unwrap();
        assert!(has(&sessions, "one", &own[0]).await && !has(&sessions, "one", &own[1]).await);
        assert!(has(&sessions, "one", &late).await && has(&sessions, "other", &other).await);
        assert_eq!(sessions.count(), PRINCIPAL_CAP + 1);
    }

    #[tokio::test]
    async fn at_the_cap_of_all_a_session_is_refused() {
        let sessions = Sessions::new();
        for number in 0..SESSION_CAP {
            open(&sessions, &format!("p{}", number / PRINCIPAL_CAP)).await.unwrap();
        }
        assert_eq!(open(&sessions, "late").await, Err(true));
        assert_eq!(sessions.count(), SESSION_CAP);
        open(&sessions, "p0").await.unwrap();
    }
}
