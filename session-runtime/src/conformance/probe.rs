//! What the checks are written with: a session under test, writers that want its lease, and comparisons that say why.

use std::{
    error::Error,
    fmt::Debug,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use serde::Serialize;
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use super::erased::Erased;
use crate::{
    record::{Deadline, FieldKey, Fields, Id, Patch, Record, SessionKey, TransactionId},
    store::{Acquired, Claim, Created, Fence, Lease, Loaded, NodeId, Patched, Retirement, StoreError, Then, Token},
};

/// Why a check did not pass.
#[derive(Debug)]
pub(super) enum Miss {
    Failed(String),
    Absent(&'static str),
}

pub(super) type Outcome<T = ()> = Result<T, Miss>;

pub(super) fn failed<T>(why: impl Into<String>) -> Outcome<T> {
    Err(Miss::Failed(why.into()))
}

/// The check goes on if they are the same.
#[expect(clippy::needless_pass_by_value, reason = "what was found is written where it is asked for")]
pub(super) fn same<T: PartialEq + Debug>(found: T, expected: T, what: &str) -> Outcome {
    if found == expected { Ok(()) } else { failed(format!("{what}: expected {expected:?}, found {found:?}")) }
}

/// The check goes on if it was applied.
pub(super) fn applied(patched: Patched, what: &str) -> Outcome {
    match patched {
        Patched::Applied { .. } => Ok(()),
        other => failed(format!("{what}: expected Applied, found {other:?}")),
    }
}

/// The check goes on if it was applied and the lease is, or is not, the writer's still.
pub(super) fn applied_and_held(patched: Patched, expected: bool, what: &str) -> Outcome {
    match patched {
        Patched::Applied { held, .. } if held == expected => Ok(()),
        other => failed(format!("{what}: expected Applied with held: {expected}, found {other:?}")),
    }
}

/// For how long the sessions of the checks live, unless they are about that.
const LIFE: i64 = 300;

/// A random number: no two checks meet.
pub(super) fn random() -> u128 {
    TransactionId::mint().0
}

/// How many tokens were made.
static TOKENS: AtomicU32 = AtomicU32::new(1);

/// Two nodes of the store under test, and when the check began.
pub(super) struct Probe {
    stores: [Arc<Erased>; 2],
    shared: bool,
    start: OffsetDateTime,
}

impl Probe {
    pub(super) async fn new(stores: [Arc<Erased>; 2]) -> Self {
        let probe = Self { stores, shared: false, start: start() };
        let Ok(session) = probe.session(Value::Null).await else {
            return probe;
        };
        let shared = matches!(session.elsewhere().load().await, Ok(Loaded::Live(_)));
        let [first, second] = probe.stores;
        // so that what does not share its records fails one check, which says so, and not all
        let second = if shared { second } else { Arc::clone(&first) };
        Self { stores: [first, second], shared, start: probe.start }
    }

    /// The same stores, for a check that begins now.
    pub(super) fn fresh(&self) -> Self {
        Self { stores: self.stores.clone(), shared: self.shared, start: start() }
    }

    pub(super) fn is_shared(&self) -> bool {
        self.shared
    }

    /// The same check by a clock that is wrong.
    pub(super) fn off_by(mut self, seconds: i64) -> Self {
        self.start += Duration::seconds(seconds);
        self
    }

    pub(super) fn stores(&self) -> &[Arc<Erased>; 2] {
        &self.stores
    }

    /// A key under which nothing is.
    pub(super) fn nobody(&self) -> Session {
        let [store, other] = self.stores.clone();
        Session { store, other, key: Id::mint().key(), start: self.start, now: self.start }
    }

    /// A new session with these fields, in an object.
    pub(super) async fn session(&self, fields: Value) -> Outcome<Session> {
        self.session_for(LIFE, fields).await
    }

    pub(super) async fn session_for(&self, seconds: i64, fields: Value) -> Outcome<Session> {
        let session = self.nobody();
        same(session.create(session.record(seconds, fields)).await?, Created::Done, "creating under a new key")?;
        Ok(session)
    }
}

/// A deadline need only be kept to the millisecond.
fn start() -> OffsetDateTime {
    let now = OffsetDateTime::now_utc();
    now.replace_millisecond(now.millisecond()).unwrap_or(now)
}

/// One session of the store under test, as a node sees it.
pub(super) struct Session {
    store: Arc<Erased>,
    other: Arc<Erased>,
    pub(super) key: SessionKey,
    start: OffsetDateTime,
    now: OffsetDateTime,
}

impl Clone for Session {
    fn clone(&self) -> Self {
        let (store, other) = (Arc::clone(&self.store), Arc::clone(&self.other));
        Self { store, other, ..*self }
    }
}

/// The check goes on if the operation did not fail.
pub(super) fn ok<T>(operation: &str, result: Result<T, StoreError>) -> Outcome<T> {
    result.or_else(|error| {
        let source = error.source().map(|source| format!(": {source}")).unwrap_or_default();
        failed(format!("`{operation}` failed: {error}{source}"))
    })
}

impl Session {
    /// The session as the other node sees it.
    pub(super) fn elsewhere(&self) -> Self {
        let Self { store, other, .. } = self.clone();
        Self { store: other, other: store, ..*self }
    }

    /// The session so many seconds after the check has begun.
    pub(super) fn at(&self, seconds: i64) -> Self {
        let Self { store, other, .. } = self.clone();
        Self { store, other, now: self.time(seconds), ..*self }
    }

    pub(super) fn time(&self, seconds: i64) -> OffsetDateTime {
        self.start.saturating_add(Duration::seconds(seconds))
    }

    /// A record that lives so long.
    pub(super) fn record(&self, seconds: i64, fields: Value) -> Record {
        Record {
            fields: object(fields).into_iter().collect(),
            deadline: self.time(seconds),
            unconfirmed: false,
            latest: None,
        }
    }

    pub(super) async fn create(&self, record: Record) -> Outcome<Created> {
        ok("create", self.store.create(&self.key, record, self.now).await)
    }

    /// A new session under this key.
    pub(super) async fn create_anew(&self, fields: Value, what: &str) -> Outcome {
        same(self.create(self.record(LIFE, fields)).await?, Created::Done, what)
    }

    pub(super) async fn load(&self) -> Outcome<Loaded> {
        ok("load", self.store.load(&self.key, self.now).await)
    }

    pub(super) async fn patch(&self, patch: &Patch) -> Outcome<Patched> {
        ok("patch", self.store.patch(&self.key, patch, self.now).await)
    }

    pub(super) async fn touch(&self, deadline: Deadline) -> Outcome<bool> {
        ok("touch", self.store.touch(&self.key, deadline, self.now).await)
    }

    pub(super) async fn delete(&self) -> Outcome<bool> {
        ok("delete", self.store.delete(&self.key, self.now).await)
    }

    pub(super) async fn exists(&self) -> Outcome<bool> {
        Ok(self.exist(&[self.key]).await? == [true])
    }

    pub(super) async fn exist(&self, keys: &[SessionKey]) -> Outcome<Vec<bool>> {
        ok("exists", self.store.exists(keys, self.now).await)
    }

    pub(super) async fn retire(&self, retirement: &Retirement) -> Outcome<Patched> {
        ok("retire", self.store.retire(&self.key, retirement, self.now).await)
    }

    pub(super) async fn acquire(&self, claim: &Claim) -> Outcome<Acquired> {
        ok("acquire", self.store.acquire(&self.key, claim, self.now).await)
    }

    pub(super) async fn confirm(&self, claim: &Claim, known: &Record) -> Outcome<Acquired> {
        ok("confirm", self.store.confirm(&self.key, claim, known.clone(), self.now).await)
    }

    pub(super) async fn release(&self, writer: &Writer) -> Outcome {
        ok("release", self.store.release(&self.key, writer.token).await)
    }

    /// The record, which lives.
    pub(super) async fn live(&self, what: &str) -> Outcome<Record> {
        match self.load().await? {
            Loaded::Live(record) => Ok(record),
            other => failed(format!("{what}: expected a record that lives, found {other:?}")),
        }
    }

    /// The check goes on if nobody can load it.
    pub(super) async fn is_gone(&self, what: &str) -> Outcome {
        same(self.load().await?, Loaded::Gone, what)
    }

    /// The check goes on if the session lives and has these fields and no others.
    pub(super) async fn has(&self, expected: Value, what: &str) -> Outcome {
        let expected: Fields = object(expected).into_iter().collect();
        let found = self.live(what).await?.fields;
        let keys = found.iter().chain(expected.iter()).map(|(key, _)| key);
        let mut wrong = keys.filter(|key| found.get(key) != expected.get(key));
        let Some(key) = wrong.next() else {
            return Ok(());
        };
        let show = |fields: &Fields| fields.get(key).map_or_else(|| "nothing".to_owned(), brief);
        let (key, expected, found) = (brief(key), show(&expected), show(&found));
        failed(format!("{what}, under the key {key}: expected {expected}, found {found}"))
    }

    /// The check goes on if the deadline is then.
    pub(super) async fn ends_at(&self, seconds: i64, what: &str) -> Outcome {
        let found = self.live(what).await?.deadline - self.start;
        same(found, Duration::seconds(seconds), &format!("{what}: the deadline, from the beginning of the check"))
    }

    /// The writer gets the lease, and this is the record.
    pub(super) async fn held_by(&self, writer: &Writer, what: &str) -> Outcome<Record> {
        match self.acquire(&writer.claim()).await? {
            Acquired::Held(record) => Ok(record),
            other => failed(format!("{what}: expected Held, found {other:?}")),
        }
    }

    /// The writer is refused, because of this lease.
    pub(super) async fn refused(&self, writer: &Writer, what: &str) -> Outcome<Lease> {
        self.refused_claim(&writer.claim(), what).await
    }

    pub(super) async fn refused_claim(&self, claim: &Claim, what: &str) -> Outcome<Lease> {
        match self.acquire(claim).await? {
            Acquired::Refused(lease) => Ok(lease),
            other => failed(format!("{what}: expected Refused, found {other:?}")),
        }
    }

    /// The writer is refused, because the lease is offered to another.
    pub(super) async fn offered_to(&self, first: &Writer, refused: &Writer, what: &str) -> Outcome {
        let lease = self.refused(refused, what).await?;
        same(lease, Lease { token: first.token, renewal: None }, what)
    }

    /// The lease as it is. Who looks goes into the line for it, and leaves it at once.
    pub(super) async fn lease(&self, what: &str) -> Outcome<Lease> {
        let looks = Writer::new();
        let lease = self.refused(&looks, what).await?;
        self.release(&looks).await?;
        Ok(lease)
    }
}

/// Who wants the lease of a session.
#[derive(Clone, Copy)]
pub(super) struct Writer {
    pub(super) token: Token,
    pub(super) node: NodeId,
}

impl Writer {
    pub(super) fn new() -> Self {
        // each higher than the last: so a store that counts tokens fails the check that is about it, and others not now
        // and then
        let number = TOKENS.fetch_add(1, Ordering::Relaxed);
        Self { token: Token(u128::from(number) << 96 | random() >> 32), node: NodeId(random()) }
    }

    pub(super) fn claim(&self) -> Claim {
        Claim { token: self.token, node: self.node, over: None }
    }

    /// Takes over what it has watched.
    pub(super) fn over(&self, lease: Lease) -> Claim {
        Claim { over: Some(lease), ..self.claim() }
    }

    /// A patch under its lease.
    pub(super) fn patch(&self, fields: Value, then: Then) -> Patch {
        Patch { fence: Some(Fence { token: self.token, then }), ..set(fields) }
    }

    /// Nothing but the renewal.
    pub(super) fn renewal(&self) -> Patch {
        self.patch(Value::Null, Then::Keep)
    }
}

/// The beginning of it, as JSON.
pub(super) fn brief(value: &(impl Serialize + ?Sized)) -> String {
    let text = serde_json::to_string(value).unwrap_or_default();
    if text.chars().count() > 80 { text.chars().take(80).chain("…".chars()).collect() } else { text }
}

fn object(fields: Value) -> Vec<(FieldKey, Value)> {
    match fields {
        Value::Object(map) => map.into_iter().map(|(key, value)| (key.into(), value)).collect(),
        _ => Vec::new(),
    }
}

/// A patch that sets these.
pub(super) fn set(fields: Value) -> Patch {
    Patch { set: object(fields), ..Patch::new() }
}

/// A patch that removes these.
pub(super) fn remove(keys: &[&str]) -> Patch {
    Patch { remove: keys.iter().map(|key| FieldKey::Owned((*key).to_owned())).collect(), ..Patch::new() }
}

/// A patch that moves the deadline only.
pub(super) fn moves(deadline: Deadline) -> Patch {
    Patch { deadline: Some(deadline), ..Patch::new() }
}

/// A retirement without fence.
pub(super) fn retirement(until: OffsetDateTime) -> Retirement {
    Retirement { transaction: TransactionId::mint(), token: None, seen: None, until }
}

pub(super) fn fields(fields: impl IntoIterator<Item = (String, Value)>) -> Fields {
    fields.into_iter().map(|(key, value)| (FieldKey::Owned(key), value)).collect()
}
