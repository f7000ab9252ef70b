//! What the tests of both stores are written with.

#![allow(dead_code, reason = "each crate of tests uses its part")]

pub(crate) mod twin;

use std::{error::Error, fmt::Debug, time::Duration};

use serde_json::{Value, json};
use socket_session::{
    Id, Session, SessionError, SessionKey, Sessions, socket_session,
    store::{
        Acquired, Claim, Created, Fence, Loaded, NodeId, Patch, Patched, Record, Store, StoreError, Then, Token,
        UserKey,
    },
    tower_sessions,
};
use socketioxide::SocketIo;
use time::OffsetDateTime;

/// No test waits for anything longer than this.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const APPLIED: Patched = Patched::Applied { held: false, alone: false };

pub(crate) fn id() -> Id {
    tower_sessions::session::Id::default().into()
}

pub(crate) fn key() -> SessionKey {
    id().key()
}

pub(crate) fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

pub(crate) fn minutes(minutes: i64) -> time::Duration {
    time::Duration::minutes(minutes)
}

pub(crate) fn record(fields: &[(&'static str, Value)]) -> Record {
    let fields = fields.iter().map(|(key, value)| ((*key).into(), value.clone()));
    Record { fields: fields.collect(), deadline: now() + minutes(30), unconfirmed: false, latest: None }
}

pub(crate) fn sets(key: &'static str, value: Value) -> Patch {
    Patch { set: vec![(key.into(), value)], ..Patch::new() }
}

pub(crate) fn claim(token: u128) -> Claim {
    Claim { token: Token(token), node: NodeId(token), over: None }
}

/// A patch under the lease of that token.
pub(crate) fn under(token: u128, then: Then, patch: Patch) -> Patch {
    Patch { fence: Some(Fence { token: Token(token), then }), ..patch }
}

/// A session with a count of 1.
pub(crate) async fn counted(store: &impl Store) -> SessionKey {
    let key = key();
    assert_eq!(store.create(&key, record(&[("count", json!(1))]), now()).await.unwrap(), Created::Done);
    key
}

pub(crate) async fn count(store: &impl Store, key: &SessionKey) -> Option<Value> {
    store.load(key, now()).await.unwrap().live()?.fields.get("count").cloned()
}

pub(crate) async fn held(store: &impl Store, key: &SessionKey, token: u128) {
    let acquired = store.acquire(key, &claim(token), now()).await.unwrap();
    assert!(matches!(acquired, Acquired::Held(_)), "{acquired:?}");
}

pub(crate) fn user() -> UserKey {
    UserKey::from(*key().as_bytes())
}

pub(crate) fn hex_of(user: &UserKey) -> String {
    digits(user.as_bytes())
}

/// A session of a user, without a record.
pub(crate) async fn joined(store: &impl Store, user: &UserKey) -> SessionKey {
    let key = key();
    store.join(user, &key).await.unwrap();
    key
}

pub(crate) async fn keys_of(store: &impl Store, user: &UserKey) -> Vec<SessionKey> {
    let mut keys: Vec<_> = store.members(user).await.unwrap().iter().map(|member| member.key).collect();
    keys.sort();
    keys
}

pub(crate) async fn ages_of(store: &impl Store, user: &UserKey) -> Vec<Duration> {
    store.members(user).await.unwrap().iter().map(|member| member.age).collect()
}

/// An error with all its reasons, as a log has it.
pub(crate) fn whole(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut reason = error.source();
    while let Some(error) = reason {
        text = format!("{text}: {error}");
        reason = error.source();
    }
    text
}

/// The reason of a failure after which surely nothing was written.
#[track_caller]
pub(crate) fn unavailable<T: Debug>(result: Result<T, StoreError>) -> String {
    match result {
        Err(error @ StoreError::Unavailable(_)) => whole(&error),
        other => panic!("not `Unavailable`: {other:?}"),
    }
}

/// The id in every form in which it could be written.
pub(crate) fn forms(id: Id) -> Vec<Vec<u8>> {
    let id = tower_sessions::session::Id::from(id);
    let number = id.0;
    let bytes = number.to_le_bytes();
    vec![
        id.to_string().into_bytes(),
        number.to_string().into_bytes(),
        number.cast_unsigned().to_string().into_bytes(),
        format!("{number:x}").into_bytes(),
        digits(&bytes).into_bytes(),
        bytes.to_vec(),
        number.to_be_bytes().to_vec(),
    ]
}

pub(crate) fn hex(key: &SessionKey) -> String {
    digits(key.as_bytes())
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"))
}

pub(crate) fn contains(dump: &[u8], form: &[u8]) -> bool {
    dump.windows(form.len()).any(|part| part == form)
}

#[socket_session]
#[derive(Clone)]
pub(crate) struct Visit {
    pub(crate) count: u32,
}

/// A node: the engine on a store.
pub(crate) struct Node {
    sessions: Sessions,
}

impl Node {
    pub(crate) fn new(store: impl Store) -> Self {
        let (_, io) = SocketIo::new_layer();
        Self { sessions: Sessions::builder(store).build(&io) }
    }

    /// Counts so many times, and says how many of these were acknowledged and how many are unknown.
    pub(crate) async fn count(&self, id: Id, times: u32) -> (u32, u32) {
        let session: Session<Visit> = self.sessions.session(id);
        let (mut saved, mut unknown) = (0, 0);
        for _ in 0..times {
            match session.update(|visit| visit.count += 1).await {
                Ok(()) => saved += 1,
                Err(SessionError::Unknown) => unknown += 1,
                // rolled back
                Err(SessionError::Unavailable(_) | SessionError::Busy) => {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                Err(error) => panic!("{}", whole(&error)),
            }
        }
        (saved, unknown)
    }
}

/// What a session's count is at last, through a node.
pub(crate) async fn total(store: &impl Store, id: Id) -> u32 {
    let begun = std::time::Instant::now();
    loop {
        match store.load(&id.key(), now()).await {
            Ok(Loaded::Live(record)) => {
                return record.fields.get("count").and_then(Value::as_u64).unwrap().try_into().unwrap();
            }
            other => assert!(begun.elapsed() < PATIENCE, "{other:?}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
