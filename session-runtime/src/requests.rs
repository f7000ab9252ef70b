//! The request scope: what one HTTP request knows of its session, and tower-sessions' store on top of ours.
//!
//! tower-sessions saves whole records; here a save is the difference to what the request last loaded or saved. And a
//! record that this library made becomes the request's session by being *adopted*: tower-sessions asks for a new
//! record, and is given that one.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak},
};

use async_trait::async_trait;
use serde_json::Value;
use time::OffsetDateTime;
use tower_sessions::{
    SessionStore,
    session::Record as PlainRecord,
    session_store::{Error, Result},
};

use crate::{
    connection::Close,
    core::Core,
    error::SessionError,
    record::{Deadline, Fields, Id, Patch, Record, SessionKey},
    store::{Patched, StoreError},
};

tokio::task_local! {
    static SCOPE: Arc<RequestScope>;
}

/// One HTTP request.
pub(crate) struct RequestScope {
    pub(crate) core: Arc<Core>,
    session: OnceLock<tower_sessions::Session>,
    state: Mutex<State>,
    /// One creation at a time: a request has one session.
    pub(crate) creating: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    /// What the plain session last loaded or saved.
    baseline: Option<HashMap<String, Value>>,
    deadline: Option<OffsetDateTime>,
    /// The record that the next `create` is to be.
    adopt: Option<Id>,
    /// The session lived when this request looked.
    lived: bool,
    /// The session ended during this request.
    gone: bool,
    /// tower-sessions' deletes are done already.
    forgetting: bool,
    /// Sessions whose transports close once the response is through.
    rotated: Vec<SessionKey>,
}

impl RequestScope {
    pub(crate) fn new(core: &Arc<Core>) -> Arc<Self> {
        Arc::new(Self {
            core: Arc::clone(core),
            session: OnceLock::new(),
            state: Mutex::default(),
            creating: tokio::sync::Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs the request.
    pub(crate) async fn run<F: Future>(self: &Arc<Self>, request: F) -> F::Output {
        SCOPE.scope(Arc::clone(self), request).await
    }

    pub(crate) fn begin(&self, session: tower_sessions::Session) {
        let _ = self.session.set(session);
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

    pub(crate) fn has_gone(&self) -> bool {
        self.state().gone
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

    /// Makes a new record this request's session: its cookie goes out with the response.
    pub(crate) async fn adopt(&self, id: Id, deadline: OffsetDateTime) -> std::result::Result<(), SessionError> {
        let Some(session) = self.session.get() else {
            return Err(SessionError::NoLayer);
        };
        {
            let mut state = self.state();
            state.adopt = Some(id);
            state.forgetting = true;
        }
        // `cycle_id` forgets the old id and keeps what the plain session holds; `save` then asks for a new record
        let adopted = async {
            if session.id().is_some() {
                session.cycle_id().await?;
            }
            session.save().await
        }
        .await;
        self.state().forgetting = false;
        adopted.map_err(plain_error)?;
        self.saved(deadline);
        Ok(())
    }

    /// Once the response is through, the transports of this session close: their clients come back with the new cookie.
    pub(crate) fn rotated(&self, old: SessionKey) {
        self.state().rotated.push(old);
    }

    pub(crate) fn take_rotated(&self) -> Vec<SessionKey> {
        std::mem::take(&mut self.state().rotated)
    }

    /// The record is deleted; the response removes the cookie.
    pub(crate) async fn forget(&self) -> std::result::Result<(), SessionError> {
        let Some(session) = self.session.get() else {
            return Ok(());
        };
        self.state().forgetting = true;
        let flushed = session.flush().await;
        let mut state = self.state();
        *state = State { rotated: std::mem::take(&mut state.rotated), ..State::default() };
        flushed.map_err(plain_error)
    }
}

/// What a failure of a plain session means.
pub(crate) fn plain_error(error: tower_sessions::session::Error) -> SessionError {
    if SCOPE.try_with(|scope| scope.has_gone()).unwrap_or(false) {
        return SessionError::Gone;
    }
    SessionError::Unavailable(Arc::new(StoreError::unavailable(error)))
}

/// tower-sessions' store, on top of ours.
#[derive(Clone, Default)]
pub struct SharedStore(Arc<OnceLock<Weak<Core>>>);

impl fmt::Debug for SharedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedStore")
    }
}

impl SharedStore {
    pub(crate) fn open(&self, core: &Arc<Core>) {
        let _ = self.0.set(Arc::downgrade(core));
    }

    fn core(&self) -> Result<Arc<Core>> {
        self.0.get().and_then(Weak::upgrade).ok_or_else(|| Error::Backend("the sessions are closed".to_owned()))
    }
}

fn scope() -> Option<Arc<RequestScope>> {
    SCOPE.try_with(Arc::clone).ok()
}

fn backend(error: impl std::error::Error) -> Error {
    let source = error.source().map(|source| format!(": {source}")).unwrap_or_default();
    Error::Backend(format!("{error}{source}"))
}

/// What changed from `before` to `after`.
fn difference(before: &HashMap<String, Value>, after: &HashMap<String, Value>) -> Patch {
    let changed = after.iter().filter(|(key, value)| before.get(*key) != Some(value));
    let removed = before.keys().filter(|key| !after.contains_key(*key));
    Patch {
        set: changed.map(|(key, value)| (key.clone().into(), value.clone())).collect(),
        remove: removed.map(|key| key.clone().into()).collect(),
        ..Patch::new()
    }
}

fn plain(fields: &Fields) -> HashMap<String, Value> {
    fields.iter().map(|(key, value)| (key.to_owned(), value.clone())).collect()
}

/// How far a deadline moves before it is worth a save of its own.
const NOTABLE: time::Duration = time::Duration::seconds(1);

#[async_trait]
impl SessionStore for SharedStore {
    async fn create(&self, record: &mut PlainRecord) -> Result<()> {
        let core = self.core()?;
        let scope = scope();
        let adopted = scope.as_ref().and_then(|scope| scope.state().adopt.take());
        if let Some(id) = adopted {
            record.id = id.into();
            return Ok(());
        }
        let new = Record {
            fields: record.data.iter().map(|(key, value)| (key.clone().into(), value.clone())).collect(),
            deadline: record.expiry_date,
            unconfirmed: false,
        };
        record.id = core.create(new).await.map_err(backend)?.into();
        if let Some(scope) = scope {
            let mut state = scope.state();
            state.baseline = Some(record.data.clone());
            state.deadline = Some(record.expiry_date);
            state.lived = true;
        }
        Ok(())
    }

    async fn save(&self, record: &PlainRecord) -> Result<()> {
        let core = self.core()?;
        let scope = scope();
        let key = Id::from(record.id).key();
        let (baseline, deadline) = if let Some(scope) = &scope {
            let state = scope.state();
            (state.baseline.clone().unwrap_or_default(), state.deadline)
        } else {
            // outside of a request nobody knows what this session once loaded: the least that can be written is what
            // differs from now, and nothing is removed
            let now = core.load(&key).await.map_err(backend)?;
            let mut now = now.map(|record| plain(&record.fields)).unwrap_or_default();
            now.retain(|key, _| record.data.contains_key(key));
            (now, None)
        };
        let mut patch = difference(&baseline, &record.data);
        if deadline.is_none_or(|deadline| (record.expiry_date - deadline).abs() >= NOTABLE) {
            patch.deadline = Some(Deadline::Set(record.expiry_date));
        }
        if patch.is_empty() {
            return Ok(());
        }
        match core.patch(key, &patch).await.map_err(backend)? {
            Patched::Applied { .. } => {
                if let Some(scope) = scope {
                    let mut state = scope.state();
                    state.baseline = Some(record.data.clone());
                    state.deadline = Some(record.expiry_date);
                }
                Ok(())
            }
            // a save updates; it never creates
            Patched::Gone | Patched::Fenced => {
                if let Some(scope) = scope {
                    scope.state().gone = true;
                }
                Err(Error::Backend("the session has ended".to_owned()))
            }
        }
    }

    async fn load(&self, id: &tower_sessions::session::Id) -> Result<Option<PlainRecord>> {
        let core = self.core()?;
        let key = Id::from(*id).key();
        let Some(record) = core.load(&key).await.map_err(backend)? else {
            return Ok(None);
        };
        let data = plain(&record.fields);
        if let Some(scope) = scope() {
            if record.unconfirmed {
                core.confirm(key, scope.deadline());
            }
            let mut state = scope.state();
            state.baseline = Some(data.clone());
            state.deadline = Some(record.deadline);
            state.lived = true;
        }
        Ok(Some(PlainRecord { id: *id, data, expiry_date: record.deadline }))
    }

    async fn delete(&self, id: &tower_sessions::session::Id) -> Result<()> {
        let core = self.core()?;
        let key = Id::from(*id).key();
        let scope = scope();
        if scope.as_ref().is_some_and(|scope| scope.state().forgetting) {
            return Ok(());
        }
        // tower-sessions has forgotten the id before it deletes when it changes ids (`cycle_id`), and has not when it
        // ends a session (`flush`, `delete`)
        match scope.filter(|scope| scope.id().is_none()) {
            Some(scope) => {
                core.remove(key).await.map_err(backend)?;
                scope.rotated(key);
            }
            None => {
                core.destroy(key).await.map_err(backend)?;
            }
        }
        Ok(())
    }
}

impl Core {
    /// Closes the transports of sessions whose id was rotated.
    pub(crate) async fn close_rotated(&self, keys: Vec<SessionKey>) {
        for key in keys {
            let _ = self.disconnect(key, Close::Reconnect).await;
        }
    }
}
