//! tower-sessions' store, on top of ours: so a plain `tower_sessions::Session` writes what it changed and nothing else,
//! and what has ended stays ended.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, OnceLock, Weak},
};

use async_trait::async_trait;
use serde_json::Value;
use tower_sessions::{
    SessionStore,
    session::{Id as PlainId, Record as PlainRecord},
    session_store::{Error, Result},
};

use crate::{
    core::Core,
    error::SessionError,
    record::{Deadline, Fields, Id, Patch, Record, size},
    requests::{Doing, RequestScope},
    store::Patched,
};

/// How far a deadline moves before it is worth a save of its own.
const NOTABLE: time::Duration = time::Duration::seconds(1);

/// The store that tower-sessions' manager is given.
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

/// A plain session knows what it loaded only in the task that answers its request.
fn scope() -> Result<Arc<RequestScope>> {
    RequestScope::current().ok_or_else(|| {
        Error::Backend(
            "a plain session is saved in the task that answers its request; in others use `Session::update`".to_owned(),
        )
    })
}

impl RequestScope {
    /// tower-sessions' errors have a text only; what it means is remembered here.
    fn fail(&self, error: impl Into<SessionError>) -> Error {
        let error = error.into();
        let text = error.to_string();
        self.state().failure = Some(error);
        Error::Backend(text)
    }
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

/// What the plain session has changed, on top of what is in the record.
fn rebase(record: &mut PlainRecord, scope: &RequestScope, mut fields: Fields) -> Fields {
    let mut state = scope.state();
    fields.apply(&difference(&state.baseline.take().unwrap_or_default(), &record.data));
    record.data = plain(&fields);
    fields
}

#[async_trait]
impl SessionStore for SharedStore {
    async fn create(&self, record: &mut PlainRecord) -> Result<()> {
        let (core, scope) = (self.core()?, scope()?);
        if let Doing::Adopting(id, fields) = Doing::take() {
            record.id = id.into();
            let baseline = plain(&fields);
            // what the plain session has not saved yet is saved with the response
            rebase(record, &scope, fields);
            scope.state().baseline = Some(baseline);
            return Ok(());
        }
        let carried = scope.state().carried.take();
        if carried.is_none() && scope.has_seen_it_live() {
            return Err(scope.fail(SessionError::Gone));
        }
        let fields = rebase(record, &scope, carried.unwrap_or_default());
        let new = Record { fields, deadline: record.expiry_date, unconfirmed: false };
        record.id = core.create(new).await.map_err(|error| scope.fail(error))?.into();
        let mut state = scope.state();
        state.baseline = Some(record.data.clone());
        state.deadline = Some(record.expiry_date);
        state.lived = true;
        Ok(())
    }

    async fn save(&self, record: &PlainRecord) -> Result<()> {
        let (core, scope) = (self.core()?, scope()?);
        let key = Id::from(record.id).key();
        let (known, deadline) = {
            let state = scope.state();
            (state.baseline.clone(), state.deadline)
        };
        let baseline = match known {
            Some(baseline) => baseline,
            // it was cleared without being read: whatever is there goes
            None => match core.load(&key).await.map_err(|error| scope.fail(error))? {
                Some(now) => plain(&now.fields),
                None => return Err(scope.fail(SessionError::Gone)),
            },
        };
        let mut patch = difference(&baseline, &record.data);
        if deadline.is_none_or(|deadline| (record.expiry_date - deadline).abs() >= NOTABLE) {
            patch.deadline = Some(Deadline::Set(record.expiry_date));
        }
        if patch.is_empty() {
            return Ok(());
        }
        let bytes = record.data.iter().map(|(key, value)| key.len() + size(value)).sum::<usize>();
        if patch.changes_fields() && bytes > core.engine.limits.session_bytes {
            return Err(scope.fail(SessionError::TooLarge));
        }
        match core.patch(key, &patch).await.map_err(|error| scope.fail(error))? {
            Patched::Applied { .. } => {
                if patch.deadline.is_some() && core.connections.count(&key) > 0 {
                    core.expiring.watch(&core, key, record.expiry_date);
                }
                let mut state = scope.state();
                state.baseline = Some(record.data.clone());
                state.deadline = Some(record.expiry_date);
                Ok(())
            }
            // a save updates; it never creates
            Patched::Gone | Patched::Fenced => Err(scope.fail(SessionError::Gone)),
        }
    }

    async fn load(&self, id: &PlainId) -> Result<Option<PlainRecord>> {
        let (core, scope) = (self.core()?, RequestScope::current());
        if !Doing::as_asked() {
            // it is about to be given another record: this one is forgotten as soon as it is read
            return Ok(Some(PlainRecord {
                id: *id,
                data: HashMap::new(),
                expiry_date: time::OffsetDateTime::now_utc(),
            }));
        }
        let key = Id::from(*id).key();
        let loaded = core.load(&key).await;
        let loaded = match (loaded, &scope) {
            (Ok(loaded), _) => loaded,
            (Err(error), Some(scope)) => return Err(scope.fail(error)),
            (Err(error), None) => return Err(Error::Backend(error.to_string())),
        };
        let Some(record) = loaded else {
            return Ok(None);
        };
        let data = plain(&record.fields);
        if let Some(scope) = scope {
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

    async fn delete(&self, id: &PlainId) -> Result<()> {
        if !Doing::as_asked() {
            return Ok(());
        }
        let (core, scope) = (self.core()?, scope()?);
        // tower-sessions has forgotten the id before it deletes when it changes ids (`cycle_id`), and has not when it
        // ends a session (`flush`, `delete`)
        let cycles = scope.id().is_none();
        let _one_at_a_time = scope.change().await;
        // it may have got another while this waited
        let key = scope.id().unwrap_or_else(|| Id::from(*id)).key();
        if !cycles {
            core.destroy(key, None).await.map_err(|error| scope.fail(error))?;
            scope.has_ended_it();
            return Ok(());
        }
        match core.take(key).await.map_err(|error| scope.fail(error))? {
            Some(fields) => {
                scope.state().carried = Some(fields);
                scope.rotated(key);
                Ok(())
            }
            // it ended during this request
            None if scope.has_seen_it_live() => Err(scope.fail(SessionError::Gone)),
            None => Ok(()),
        }
    }
}
