//! The request scope: what one HTTP request knows of its session.
//!
//! tower-sessions saves whole records; here a save is the difference to what the request last loaded or saved, so the
//! scope remembers that. And a record that this library made becomes the request's session by being *adopted*:
//! tower-sessions asks its store for a new record, and is given that one.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use serde_json::Value;
use time::OffsetDateTime;

use crate::{
    connection::Close,
    core::Core,
    error::SessionError,
    record::{Fields, Id, SessionKey},
    store::StoreError,
};

tokio::task_local! {
    static SCOPE: Arc<RequestScope>;
    /// What tower-sessions' calls mean to its store, in this task.
    static DOING: Mutex<Doing>;
}

/// One HTTP request.
pub(crate) struct RequestScope {
    pub(crate) core: Arc<Core>,
    session: OnceLock<tower_sessions::Session>,
    state: Mutex<State>,
    /// Held by what makes, replaces or ends the request's session: one at a time, and the response waits for it.
    changing: Arc<tokio::sync::Mutex<()>>,
}

/// What is known of the session.
#[derive(Default)]
pub(crate) struct State {
    /// What the plain session last loaded or saved; `None` before it has.
    pub(crate) baseline: Option<HashMap<String, Value>>,
    /// The deadline that the store has.
    pub(crate) deadline: Option<OffsetDateTime>,
    /// It lived when this request looked: if it is not there any more, it has ended meanwhile, and is not made anew.
    pub(crate) lived: bool,
    /// What was in the record when the plain session gave up its id (`cycle_id`): its next record begins with that.
    pub(crate) carried: Option<Fields>,
    /// Why the plain session could not do what it was asked: tower-sessions' own error has only a text.
    pub(crate) failure: Option<SessionError>,
    /// The response is on its way: no cookie goes with it any more.
    closed: bool,
    /// Sessions whose transports close once the response is through.
    rotated: Vec<SessionKey>,
}

/// What tower-sessions' calls mean to its store.
#[derive(Default)]
pub(crate) enum Doing {
    /// What they say.
    #[default]
    AsAsked,
    /// The next `create` is this record, which is there already; what is deleted is gone already.
    Adopting(Id, Fields),
    /// What is deleted is gone already.
    Forgetting,
}

impl Doing {
    /// What is being done in this task; from now on, it is forgetting.
    pub(crate) fn take() -> Self {
        let take = |doing: &Mutex<Self>| {
            let mut doing = doing.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *doing, Self::Forgetting)
        };
        DOING.try_with(take).unwrap_or_default()
    }

    /// Whether tower-sessions' calls in this task mean what they say.
    pub(crate) fn as_asked() -> bool {
        DOING.try_with(|_| ()).is_err()
    }
}

/// Whatever becomes of the request, its scope is closed in the end.
pub(crate) struct Closing(Arc<RequestScope>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.state().closed = true;
    }
}

impl RequestScope {
    pub(crate) fn new(core: &Arc<Core>) -> Arc<Self> {
        Arc::new(Self {
            core: Arc::clone(core),
            session: OnceLock::new(),
            state: Mutex::default(),
            changing: Arc::default(),
        })
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The scope of the request that this task answers.
    pub(crate) fn current() -> Option<Arc<Self>> {
        SCOPE.try_with(Arc::clone).ok()
    }

    /// Runs the request.
    pub(crate) async fn run<F: Future>(self: &Arc<Self>, request: F) -> F::Output {
        SCOPE.scope(Arc::clone(self), request).await
    }

    pub(crate) fn begin(&self, session: tower_sessions::Session) {
        let _ = self.session.set(session);
    }

    /// Closes the scope when this is dropped: with the response's head, or with a request that is given up.
    pub(crate) fn closing(self: &Arc<Self>) -> Closing {
        Closing(Arc::clone(self))
    }

    /// Waits for what makes, replaces or ends the request's session, and keeps others from it. What holds it is bounded
    /// by the store's own limit.
    pub(crate) async fn change(&self) -> tokio::sync::OwnedMutexGuard<()> {
        Arc::clone(&self.changing).lock_owned().await
    }

    /// Whether a cookie could still go out.
    pub(crate) fn is_closed(&self) -> bool {
        self.state().closed
    }

    pub(crate) fn id(&self) -> Option<Id> {
        self.session.get().and_then(tower_sessions::Session::id).map(Id::from)
    }

    /// The request shows a session cookie; if a handshake of this node made that session, it is confirmed.
    pub(crate) fn shows_its_cookie(&self) {
        if let Some(key) = self.id().map(|id| id.key()).filter(|key| self.core.admissions.is_unconfirmed(key)) {
            self.core.confirm(key, self.deadline());
        }
    }

    /// The deadline of what this request saves.
    pub(crate) fn deadline(&self) -> OffsetDateTime {
        self.session.get().map_or_else(OffsetDateTime::now_utc, tower_sessions::Session::expiry_date)
    }

    /// The session was there.
    pub(crate) fn saw_it_live(&self) {
        self.state().lived = true;
    }

    /// Whether it was there before: if it is not now, it has ended during this request.
    pub(crate) fn has_seen_it_live(&self) -> bool {
        self.state().lived
    }

    /// Whether this request has saved its session, so that the response has a cookie to carry.
    pub(crate) fn has_made_one(&self) -> bool {
        let state = self.state();
        state.lived && state.deadline.is_some()
    }

    pub(crate) fn failure(&self) -> Option<SessionError> {
        self.state().failure.clone()
    }

    /// The session was saved with this deadline; the response renews the cookie.
    pub(crate) fn saved(&self, deadline: OffsetDateTime) {
        {
            let mut state = self.state();
            state.deadline = Some(deadline);
            state.lived = true;
        }
        if let Some(session) = self.session.get() {
            // the only public way to say that the cookie is to be set
            session.set_expiry(session.expiry());
        }
    }

    /// Makes a new record this request's session: its cookie goes out with the response, and the plain session sees
    /// what is in it.
    pub(crate) async fn adopt(
        self: &Arc<Self>,
        id: Id,
        fields: Fields,
        deadline: OffsetDateTime,
    ) -> Result<(), SessionError> {
        let Some(session) = self.session.get() else {
            return Err(SessionError::NoLayer);
        };
        if self.is_closed() {
            return Err(SessionError::NoResponse);
        }
        // `cycle_id` forgets the old id and keeps what the plain session holds; `save` then asks for a new record.
        // In the scope, for this may be a task that the handler has spawned.
        let adopting = self.run(async {
            if session.id().is_some() {
                session.cycle_id().await?;
            }
            session.save().await
        });
        DOING.scope(Mutex::new(Doing::Adopting(id, fields)), adopting).await.map_err(plain_error)?;
        self.saved(deadline);
        Ok(())
    }

    /// The record is deleted; the response removes the cookie.
    pub(crate) async fn forget(self: &Arc<Self>) -> Result<(), SessionError> {
        let Some(session) = self.session.get() else {
            return Ok(());
        };
        DOING.scope(Mutex::new(Doing::Forgetting), self.run(session.flush())).await.map_err(plain_error)?;
        self.has_ended_it();
        Ok(())
    }

    /// This request has ended its session itself: what it saves next is a new one.
    pub(crate) fn has_ended_it(&self) {
        let mut state = self.state();
        state.baseline = None;
        state.deadline = None;
        state.lived = false;
    }

    /// Once the response is through, the transports of this session close: their clients come back with the new cookie.
    pub(crate) fn rotated(&self, old: SessionKey) {
        self.state().rotated.push(old);
    }

    pub(crate) fn take_rotated(&self) -> Vec<SessionKey> {
        std::mem::take(&mut self.state().rotated)
    }
}

/// What a failure of a plain session means.
pub(crate) fn plain_error(error: tower_sessions::session::Error) -> SessionError {
    RequestScope::current()
        .and_then(|scope| scope.failure())
        .unwrap_or_else(|| SessionError::Unavailable(Arc::new(StoreError::unavailable(error))))
}

impl Core {
    /// Closes the transports of sessions whose id was rotated.
    pub(crate) async fn close_rotated(&self, keys: Vec<SessionKey>) {
        for key in keys {
            let _ = self.disconnect(key, Close::Reconnect, None).await;
        }
    }
}
