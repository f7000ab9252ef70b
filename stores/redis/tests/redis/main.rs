//! The store on real servers.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test is to fail there")]

mod clocks;
mod conformance;
mod errors;
mod large;
mod layout;
mod notices;
mod recovery;
mod refusals;
mod replicas;
mod users;

use std::{error::Error, time::Duration};

use redis::{AsyncConnectionConfig, FromRedisValue, aio::MultiplexedConnection};
use serde_json::{Value, json};
use socket_session::{
    Id, SessionKey,
    store::{Created, Loaded, Patch, Patched, Record, Store as _, StoreError},
    tower_sessions,
};
use socket_session_redis::RedisStore;
use test_servers::RedisServer;
use time::OffsetDateTime;

/// No test waits for anything longer than this.
const PATIENCE: Duration = Duration::from_secs(20);

fn id() -> Id {
    tower_sessions::session::Id::default().into()
}

fn key() -> SessionKey {
    id().key()
}

fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

fn minutes(minutes: i64) -> time::Duration {
    time::Duration::minutes(minutes)
}

fn record(fields: &[(&'static str, Value)]) -> Record {
    let fields = fields.iter().map(|(key, value)| ((*key).into(), value.clone())).collect();
    Record { fields, deadline: now() + minutes(30), unconfirmed: false, latest: None }
}

fn sets(key: &'static str, value: Value) -> Patch {
    Patch { set: vec![(key.into(), value)], ..Patch::new() }
}

const APPLIED: Patched = Patched::Applied { held: false, alone: false };

async fn connect(server: &RedisServer) -> RedisStore {
    RedisStore::connect(server.url()).await.unwrap()
}

/// A session with a count of 1.
async fn counted(store: &RedisStore) -> SessionKey {
    let key = key();
    assert_eq!(store.create(&key, record(&[("count", json!(1))]), now()).await.unwrap(), Created::Done);
    key
}

async fn count(store: &RedisStore, key: &SessionKey) -> Option<Value> {
    match store.load(key, now()).await.unwrap() {
        Loaded::Live(record) => record.fields.get("count").cloned(),
        Loaded::Rotated | Loaded::Gone => None,
    }
}

/// A connection beside the store, to look at what it does and to do it harm.
struct Beside(MultiplexedConnection);

impl Beside {
    async fn new(server: &RedisServer) -> Self {
        let client = redis::Client::open(server.url()).unwrap();
        let config = AsyncConnectionConfig::new().set_response_timeout(Some(PATIENCE));
        Self(client.get_multiplexed_async_connection_with_config(&config).await.unwrap())
    }

    /// Sends a command, whose words are separated by blanks.
    async fn tell<T: FromRedisValue>(&mut self, command: &str) -> T {
        let mut words = command.split(' ');
        let mut command = redis::cmd(words.next().unwrap());
        for word in words {
            command.arg(word);
        }
        command.query_async(&mut self.0).await.unwrap()
    }

    async fn does(&mut self, command: &str) {
        self.tell::<redis::Value>(command).await;
    }
}

fn hex(key: &SessionKey) -> String {
    key.as_bytes().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

fn redis_key(key: &SessionKey) -> String {
    format!("socket-session:{{{}}}", hex(key))
}

/// An error with all its reasons, as a log has it.
fn whole(error: &dyn Error) -> String {
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
fn unavailable<T: std::fmt::Debug>(result: Result<T, StoreError>) -> String {
    match result {
        Err(error @ StoreError::Unavailable(_)) => whole(&error),
        other => panic!("not `Unavailable`: {other:?}"),
    }
}

/// The reason of a failure after which nobody knows.
#[track_caller]
fn unanswered<T: std::fmt::Debug>(result: Result<T, StoreError>) -> String {
    match result {
        Err(error @ StoreError::Unanswered(_)) => whole(&error),
        other => panic!("not `Unanswered`: {other:?}"),
    }
}
