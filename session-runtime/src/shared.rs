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
    about::ABOUT,
    core::Core,
    error::SessionError,
    record::{Deadline, Fields, Id, Patch, size},
    requests::{Doing, RequestScope, Seen},
    store::Patched,
};

/// The store that tower-sessions' manager is given. It works within `sessions.requests()` alone.
#[derive(Clone)]
pub struct SharedStore(Arc<OnceLock<Weak<Core>>>);

impl fmt::Debug for SharedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedStore")
    }
}

impl SharedStore {
    pub(crate) fn new() -> Self {
        Self(Arc::default())
    }

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

/// What is read in another task than the request's comes with a copy of itself under this key, which is never stored: the
/// scope has not seen it, and what is saved is the difference to that.
const COPY: &str = "\0as it was read";

fn with_copy(mut data: HashMap<String, Value>) -> HashMap<String, Value> {
    let copy = data.clone().into_iter().collect();
    data.insert(COPY.to_owned(), Value::Object(copy));
    data
}

fn take_copy(data: &mut HashMap<String, Value>) -> Option<HashMap<String, Value>> {
    match data.remove(COPY)? {
        Value::Object(copy) => Some(copy.into_iter().collect()),
        _ => None,
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

fn only_extends(patch: &Patch) -> bool {
    !patch.changes_fields() && matches!(patch.deadline, Some(Deadline::Extend(_)))
}

/// What a plain session sees: not what the library has noted itself.
fn plain(fields: &Fields) -> HashMap<String, Value> {
    let users = fields.iter().filter(|(key, _)| *key != ABOUT);
    users.map(|(key, value)| (key.to_owned(), value.clone())).collect()
}

/// What the plain session has changed, on top of what is in the record.
fn rebase(record: &mut PlainRecord, scope: &RequestScope, mut fields: Fields) -> Fields {
    let copy = take_copy(&mut record.data);
    // without a baseline it was cleared without being read: whatever is there goes
    let baseline = scope.state().baseline.take().or(copy).unwrap_or_else(|| plain(&fields));
    fields.apply(&difference(&baseline, &record.data));
    record.data = plain(&fields);
    fields
}

#[async_trait]
impl SessionStore for SharedStore {
    async fn create(&self, record: &mut PlainRecord) -> Result<()> {
        let scope = scope()?;
        if let Doing::Adopting(id, fields) = Doing::take() {
            record.id = id.into();
            let baseline = plain(&fields);
            // what the plain session has not saved yet is saved with the response
            rebase(record, &scope, fields);
            scope.state().baseline = Some(baseline);
            return Ok(());
        }
        let fresh = scope.state().fresh;
        if let Some(fresh) = fresh {
            // it has changed its id again: no client has this one
            record.id = fresh.into();
            return self.save(record).await;
        }
        let carried = scope.carried();
        if carried.is_none() {
            match scope.look_at_what_was_shown().await {
                // what that means is decided below
                Ok(()) | Err(SessionError::Gone) => {}
                Err(error) => return Err(scope.fail(error)),
            }
            let (at_the_end, modified) = (scope.is_closed(), scope.is_modified());
            let mut state = scope.state();
            if record.data.is_empty() && at_the_end && (state.outdated || state.renewed || !modified) {
                // there is nothing to save: what was changed has moved to the new id, or was saved by this request's own
                // update before the session ended, which others have seen, or it is saved whatever it is (`always_save`)
                state.nothing = true;
                return Ok(());
            }
            let ended = state.seen == Seen::Live || state.outdated;
            drop(state);
            if ended {
                return Err(scope.fail(SessionError::Gone));
            }
        }
        let fields = rebase(record, &scope, carried.unwrap_or_default());
        let made = scope.make(fields, record.expiry_date).await;
        let (id, deadline) = made.map_err(|error| scope.fail(error))?;
        record.id = id.into();
        let mut state = scope.state();
        state.baseline = Some(record.data.clone());
        state.deadline = Some(deadline);
        state.seen = Seen::Live;
        Ok(())
    }

    async fn save(&self, record: &PlainRecord) -> Result<()> {
        let (core, scope) = (self.core()?, scope()?);
        let key = Id::from(record.id).key();
        let mut data = record.data.clone();
        let copy = take_copy(&mut data);
        let known = scope.state().baseline.clone().or(copy);
        let baseline = match known {
            Some(baseline) => baseline,
            // it was cleared without being read: whatever is there goes
            None => match scope.look(&key).await.map_err(|error| scope.fail(error))? {
                Some(now) => plain(&now.fields),
                None => return Err(scope.fail(SessionError::Gone)),
            },
        };
        let mut patch = difference(&baseline, &data);
        let expiry = scope.allowed(record.expiry_date);
        patch.deadline = scope.moves(expiry);
        if patch.is_empty() {
            if scope.is_closed() && core.engine.store().leases() {
                // the cookie goes out all the same, but not where another node has given the session another id; if the
                // store does not say, what this request has saved is saved
                let _ = scope.look(&key).await;
            }
            return Ok(());
        }
        let bytes = data.iter().map(|(key, value)| key.len() + size(value)).sum::<usize>();
        if patch.changes_fields() && bytes > core.engine.limits.session_bytes {
            return Err(scope.fail(SessionError::TooLarge));
        }
        let patched = match core.patch(key, &patch, scope.since()).await {
            Err(_) if only_extends(&patch) && scope.has_renewed() => return Ok(()),
            patched => patched.map_err(|error| scope.fail(error))?,
        };
        match patched {
            Patched::Applied { .. } => {
                if patch.deadline.is_some() && core.connections.count(&key) > 0 {
                    core.expiring.watch(&core, key, expiry);
                }
                let mut state = scope.state();
                state.baseline = Some(data);
                if patch.deadline.is_some() {
                    state.deadline = Some(expiry);
                }
                Ok(())
            }
            // a save updates; it never creates
            Patched::Gone | Patched::Fenced | Patched::Changed => {
                let looked = scope.look(&key).await.map_err(|error| scope.fail(error))?;
                if looked.is_none() && scope.state().outdated && !patch.changes_fields() {
                    // all that was changed has moved to the new id; this response leaves the cookie alone
                    return Ok(());
                }
                if looked.is_none() && only_extends(&patch) && scope.has_renewed() && scope.is_closed() {
                    // it has ended since this request's own update was saved, which others have seen: the answer stands,
                    // without the cookie of what is no more
                    scope.state().outdated = true;
                    return Ok(());
                }
                Err(scope.fail(SessionError::Gone))
            }
        }
    }

    async fn load(&self, id: &PlainId) -> Result<Option<PlainRecord>> {
        let (core, scope) = (self.core()?, RequestScope::current());
        let key = Id::from(*id).key();
        let Some(scope) = scope else {
            let loaded = core.load(&key).await.map_err(|error| Error::Backend(error.to_string()))?;
            return Ok(loaded.map(|record| PlainRecord {
                id: *id,
                data: with_copy(plain(&record.fields)),
                expiry_date: record.deadline,
            }));
        };
        if !Doing::as_asked() {
            // it is about to be given another record: this one is forgotten as soon as it is read
            scope.state().baseline = Some(HashMap::new());
            return Ok(Some(PlainRecord { id: *id, data: HashMap::new(), expiry_date: crate::clock::now() }));
        }
        let (fields, deadline) = match (scope.look(&key).await, scope.written(Id::from(*id))) {
            (Ok(None), _) => return Ok(None),
            (Ok(Some(record)), _) => {
                if record.unconfirmed {
                    core.confirm(key, scope.deadline());
                }
                (record.fields, record.deadline)
            }
            (Err(_), Some(written)) => written,
            (Err(error), None) => return Err(scope.fail(error)),
        };
        let data = plain(&fields);
        let mut state = scope.state();
        state.baseline = Some(data.clone());
        state.deadline = Some(deadline);
        drop(state);
        Ok(Some(PlainRecord { id: *id, data, expiry_date: deadline }))
    }

    async fn delete(&self, id: &PlainId) -> Result<()> {
        if !Doing::as_asked() {
            return Ok(());
        }
        let scope = scope()?;
        // tower-sessions has forgotten the id before it deletes when it changes ids (`cycle_id`), and has not when it
        // ends a session (`flush`, `delete`)
        if scope.id().is_none() {
            return scope.give_up(Id::from(*id)).await.map_err(|error| scope.fail(error));
        }
        let _one_at_a_time = scope.change().await;
        scope.destroy().await.map(drop).map_err(|error| scope.fail(error))
    }
}
