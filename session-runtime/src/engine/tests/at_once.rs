//! A store that answers at once, and what becomes of a session when its answer is no.

use futures_util::FutureExt as _;

use super::*;

/// What goes wrong with an operation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wrong {
    /// Nothing is done.
    Fails,
    /// It is done, and nobody hears of it.
    Unheard,
    /// It does not end, though it said that it would.
    Waits,
}

/// Memory, and what goes wrong with the next ones.
#[derive(Clone, Default)]
struct Moody {
    memory: MemoryStore,
    loads: Arc<Mutex<Vec<Wrong>>>,
    patches: Arc<Mutex<Vec<Wrong>>>,
}

impl Moody {
    async fn with<T>(
        wrong: &Mutex<Vec<Wrong>>,
        operation: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let next = lock(wrong).pop();
        match next {
            None => operation.await,
            Some(Wrong::Fails) => Err(StoreError::unavailable("no")),
            Some(Wrong::Unheard) => {
                operation.await?;
                Err(StoreError::unanswered("it is lost"))
            }
            Some(Wrong::Waits) => std::future::pending().await,
        }
    }
}

impl Store for Moody {
    const LEASES: bool = false;
    const AT_ONCE: bool = true;

    async fn create(&self, key: &SessionKey, record: Record, now: OffsetDateTime) -> Result<Created, StoreError> {
        self.memory.create(key, record, now).await
    }
    async fn load(&self, key: &SessionKey, now: OffsetDateTime) -> Result<Loaded, StoreError> {
        Self::with(&self.loads, self.memory.load(key, now)).await
    }
    async fn acquire(&self, key: &SessionKey, claim: &Claim, now: OffsetDateTime) -> Result<Acquired, StoreError> {
        self.memory.acquire(key, claim, now).await
    }
    async fn patch(&self, key: &SessionKey, patch: &Patch, now: OffsetDateTime) -> Result<Patched, StoreError> {
        Self::with(&self.patches, self.memory.patch(key, patch, now)).await
    }
    async fn release(&self, key: &SessionKey, token: Token) -> Result<(), StoreError> {
        self.memory.release(key, token).await
    }
    async fn touch(&self, key: &SessionKey, deadline: Deadline, now: OffsetDateTime) -> Result<bool, StoreError> {
        self.memory.touch(key, deadline, now).await
    }
    async fn delete(&self, key: &SessionKey, now: OffsetDateTime) -> Result<bool, StoreError> {
        self.memory.delete(key, now).await
    }
    async fn retire(
        &self,
        key: &SessionKey,
        retirement: &Retirement,
        now: OffsetDateTime,
    ) -> Result<Patched, StoreError> {
        self.memory.retire(key, retirement, now).await
    }
    async fn exists(&self, keys: &[SessionKey], now: OffsetDateTime) -> Result<Vec<bool>, StoreError> {
        self.memory.exists(keys, now).await
    }
}

async fn moody() -> (Arc<Engine>, Moody, SessionKey) {
    let (_, memory, key) = engine().await;
    let store = Moody { memory, ..Moody::default() };
    (Arc::new(Engine::new(Arc::new(store.clone()), LIMITS)), store, key)
}

fn place(engine: &Arc<Engine>, key: SessionKey) -> Ticket {
    engine.enqueue(key, Access::Write, 0).unwrap()
}

async fn add(ticket: Ticket) -> Result<u64, Refusal> {
    let mut transaction = ticket.granted().await?;
    let next = count(&transaction) + 1;
    transaction.commit(set("count", json!(next))).await?;
    Ok(next)
}

#[tokio::test]
async fn nobody_waits_for_a_turn_or_for_a_save() {
    let (engine, _, key) = moody().await;
    let (first, second) = (place(&engine, key), place(&engine, key));
    let mut first = first.granted().now_or_never().unwrap().unwrap();
    let commit = first.commit(set("count", json!(1)));
    commit.now_or_never().unwrap().unwrap();
    // it is still held, until it is answered
    let mut second = Box::pin(second.granted());
    assert!(futures_util::poll!(&mut second).is_pending());
    drop(first);
    let second = second.now_or_never().unwrap().unwrap();
    assert_eq!(count(&second), 1);
    drop(second);
    assert_eq!(engine.at_work(), 0);
}

#[tokio::test]
async fn a_save_of_which_nobody_has_heard_is_sent_again_and_applied_once() {
    for wrong in [Wrong::Unheard, Wrong::Waits] {
        let (engine, store, key) = moody().await;
        let waiter = (place(&engine, key), place(&engine, key));
        lock(&store.patches).push(wrong);
        assert_eq!(add(waiter.0).await.unwrap(), 1);
        assert_eq!(add(waiter.1).await.unwrap(), 2);
        assert!(lock(&store.patches).is_empty(), "it was asked");
        assert_eq!(engine.at_work(), 0);
    }
}

#[tokio::test]
async fn a_save_that_fails_is_rolled_back_and_the_next_one_goes_on() {
    let (engine, store, key) = moody().await;
    let (first, second) = (place(&engine, key), place(&engine, key));
    lock(&store.patches).push(Wrong::Fails);
    assert!(matches!(add(first).await, Err(Refusal::Unavailable(_))));
    assert_eq!(add(second).await.unwrap(), 1);
}

#[tokio::test]
async fn a_load_that_fails_is_tried_again_and_then_refuses_those_who_wait() {
    let (engine, store, key) = moody().await;
    lock(&store.loads).extend([Wrong::Fails; 2]);
    assert!(matches!(add(place(&engine, key)).await, Err(Refusal::Unavailable(_))));
    lock(&store.loads).push(Wrong::Waits);
    assert_eq!(add(place(&engine, key)).await.unwrap(), 1);

    let (first, second, third) = (place(&engine, key), place(&engine, key), place(&engine, key));
    lock(&store.loads).push(Wrong::Fails);
    assert_eq!(add(first).await.unwrap(), 2);
    lock(&store.loads).extend([Wrong::Fails; 2]);
    assert_eq!(add(second).await.unwrap(), 3);
    assert!(matches!(add(third).await, Err(Refusal::Unavailable(_))));
    assert_eq!(engine.at_work(), 0);
}

#[tokio::test]
async fn what_was_deleted_by_others_is_gone_for_all_who_come() {
    let (engine, store, key) = moody().await;
    let mut writer = place(&engine, key).granted().await.unwrap();
    let waiter = place(&engine, key);
    Store::delete(&store, &key, OffsetDateTime::now_utc()).await.unwrap();
    assert!(matches!(writer.commit(set("count", json!(1))).await, Err(Refusal::Gone)));
    assert!(matches!(waiter.granted().await, Err(Refusal::Gone)));
    drop(writer);
    assert!(matches!(place(&engine, key).granted().await, Err(Refusal::Gone)));
    assert!(store.memory.is_empty());
    assert_eq!(engine.at_work(), 0);
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_too_long_has_no_turn_though_it_comes() {
    let (engine, _, key) = moody().await;
    let (first, second) = (place(&engine, key).granted().await.unwrap(), place(&engine, key));
    tokio::time::advance(LIMITS.wait).await;
    let third = place(&engine, key);
    drop(first);
    assert!(matches!(second.granted().await, Err(Refusal::Timeout)));
    assert_eq!(add(third).await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_runs_for_too_long_does_not_save() {
    let (engine, store, key) = moody().await;
    let mut first = place(&engine, key).granted().await.unwrap();
    tokio::time::advance(LIMITS.handler + MARGIN).await;
    assert!(matches!(first.commit(set("count", json!(1))).await, Err(Refusal::Timeout)));
    drop(first);
    assert_eq!(add(place(&engine, key)).await.unwrap(), 1);
    assert!(!store.memory.is_empty());
}
