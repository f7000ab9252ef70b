mod at_once;
mod nodes;
mod waiting;

use serde_json::json;
use time::OffsetDateTime;

use super::*;
use crate::{
    record::{Deadline, Fields, Id, Patch, Record},
    store::{Acquired, Claim, Created, Loaded, MemoryStore, Patched, Retirement, Store, Token},
};

const LIMITS: Limits = Limits {
    handler: Duration::from_secs(30),
    wait: Duration::from_secs(5),
    store: Duration::from_secs(5),
    queue: 4,
    queue_bytes: 1000,
    total_bytes: 1500,
    session_bytes: 100,
};

async fn engine() -> (Arc<Engine>, MemoryStore, SessionKey) {
    let (store, key) = (MemoryStore::default(), Id::mint().key());
    let deadline = OffsetDateTime::now_utc() + time::Duration::hours(1);
    let record = Record { fields: Fields::default(), deadline, unconfirmed: false, latest: None };
    Store::create(&store, &key, record, OffsetDateTime::now_utc()).await.unwrap();
    (Arc::new(Engine::new(Arc::new(store.clone()), LIMITS)), store, key)
}

fn set(key: &'static str, value: serde_json::Value) -> Patch {
    Patch { set: vec![(key.into(), value)], ..Patch::new() }
}

fn count(transaction: &Transaction) -> u64 {
    transaction.record().fields.get("count").and_then(serde_json::Value::as_u64).unwrap_or(0)
}

#[tokio::test]
async fn a_thousand_increments_are_a_thousand() {
    let (engine, store, key) = engine().await;
    let mut tasks = Vec::new();
    for _ in 0..250 {
        let engine = Arc::clone(&engine);
        tasks.push(tokio::spawn(async move {
            for _ in 0..4 {
                let ticket = loop {
                    match engine.enqueue(key, Access::Write, 0) {
                        Ok(ticket) => break ticket,
                        Err(_) => tokio::task::yield_now().await,
                    }
                };
                let mut transaction = ticket.granted().await.unwrap();
                let next = count(&transaction) + 1;
                tokio::task::yield_now().await;
                transaction.commit(set("count", json!(next))).await.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(
        Store::load(&store, &key, OffsetDateTime::now_utc()).await.unwrap().live().unwrap().fields.get("count"),
        Some(&json!(1000))
    );
    assert_eq!(engine.at_work(), 0, "an idle session costs nothing");
}

#[tokio::test]
async fn what_is_dropped_is_rolled_back_and_lets_the_next_one_in() {
    let (engine, _, key) = engine().await;
    let first = engine.enqueue(key, Access::Write, 0).unwrap().granted().await.unwrap();
    let second = engine.enqueue(key, Access::Write, 0).unwrap();
    drop(first);
    assert_eq!(count(&second.granted().await.unwrap()), 0);
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_does_not_come_is_given_up() {
    let (engine, _, key) = engine().await;
    let _first = engine.enqueue(key, Access::Write, 0).unwrap().granted().await.unwrap();
    let second = engine.enqueue(key, Access::Write, 0).unwrap().granted().await;
    assert!(matches!(second, Err(Refusal::Timeout)));
}

#[tokio::test]
async fn what_is_destroyed_meanwhile_is_not_saved() {
    let (engine, store, key) = engine().await;
    let mut writer = engine.enqueue(key, Access::Write, 0).unwrap().granted().await.unwrap();
    let waiter = engine.enqueue(key, Access::Write, 0).unwrap();
    Store::delete(&store, &key, OffsetDateTime::now_utc()).await.unwrap();
    engine.ended(&key);
    assert!(matches!(writer.commit(set("count", json!(1))).await, Err(Refusal::Gone)));
    assert!(matches!(waiter.granted().await, Err(Refusal::Gone)));
    assert!(store.is_empty());
}

#[tokio::test]
async fn limits_are_kept() {
    let (engine, _, key) = engine().await;
    let mut writer = engine.enqueue(key, Access::Write, 0).unwrap().granted().await.unwrap();
    assert!(matches!(writer.commit(set("a", json!("x".repeat(200)))).await, Err(Refusal::TooLarge)));
    let _large = engine.enqueue(key, Access::Read, 900).unwrap();
    assert!(matches!(engine.enqueue(key, Access::Read, 200), Err(Refusal::Overloaded)), "bytes of one session");
    let other = Id::mint().key();
    let _held = engine.enqueue(other, Access::Write, 0).unwrap();
    let _more: Vec<_> = (0..3).map(|_| engine.enqueue(key, Access::Read, 0).unwrap()).collect();
    assert!(matches!(engine.enqueue(key, Access::Read, 0), Err(Refusal::Overloaded)), "places of one session");
}

/// Fails, or never answers.
struct Broken {
    hangs: bool,
}

impl Broken {
    async fn fail<T>(&self) -> Result<T, StoreError> {
        if self.hangs {
            std::future::pending::<()>().await;
        }
        Err(StoreError::unavailable("no"))
    }
}

impl Store for Broken {
    const LEASES: bool = false;
    async fn create(&self, _: &SessionKey, _: Record, _: OffsetDateTime) -> Result<Created, StoreError> {
        self.fail().await
    }
    async fn load(&self, _: &SessionKey, _: OffsetDateTime) -> Result<Loaded, StoreError> {
        self.fail().await
    }
    async fn acquire(&self, _: &SessionKey, _: &Claim, _: OffsetDateTime) -> Result<Acquired, StoreError> {
        self.fail().await
    }
    async fn patch(&self, _: &SessionKey, _: &Patch, _: OffsetDateTime) -> Result<Patched, StoreError> {
        self.fail().await
    }
    async fn release(&self, _: &SessionKey, _: Token) -> Result<(), StoreError> {
        self.fail().await
    }
    async fn touch(&self, _: &SessionKey, _: Deadline, _: OffsetDateTime) -> Result<bool, StoreError> {
        self.fail().await
    }
    async fn delete(&self, _: &SessionKey, _: OffsetDateTime) -> Result<bool, StoreError> {
        self.fail().await
    }
    async fn retire(&self, _: &SessionKey, _: &Retirement, _: OffsetDateTime) -> Result<Patched, StoreError> {
        self.fail().await
    }
    async fn exists(&self, _: &[SessionKey], _: OffsetDateTime) -> Result<Vec<bool>, StoreError> {
        self.fail().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_or_never_answers_is_unavailable() {
    for hangs in [false, true] {
        let engine =
            Arc::new(Engine::new(Arc::new(Broken { hangs }), Limits { store: Duration::from_secs(1), ..LIMITS }));
        let key = Id::mint().key();
        let first = engine.enqueue(key, Access::Write, 0).unwrap();
        let second = engine.enqueue(key, Access::Write, 0).unwrap();
        assert!(matches!(first.granted().await, Err(Refusal::Unavailable(_))));
        assert!(matches!(second.granted().await, Err(Refusal::Unavailable(_))));
        assert_eq!(engine.at_work(), 0);
    }
}

#[tokio::test]
async fn what_events_have_seen_has_what_is_saved_and_nothing_of_what_has_ended() {
    let (engine, _, key) = engine().await;
    let known = |engine: &Engine| engine.known.get(&key, Duration::from_secs(5));
    let look = engine.known.look(key);
    let read = engine.enqueue(key, Access::Read, 0).unwrap().granted().await.unwrap();
    engine.known.saw(&look, read.record());
    drop(read);
    assert!(known(&engine).is_some_and(|fields| fields.is_empty()));

    let mut transaction = engine.enqueue(key, Access::Write, 0).unwrap().granted().await.unwrap();
    transaction.commit(set("count", json!(7))).await.unwrap();
    // before whoever has written is answered
    assert!(known(&engine).is_some_and(|fields| fields.get("count") == Some(&json!(7))));
    drop(transaction);

    engine.ended(&key);
    assert!(known(&engine).is_none());
}
