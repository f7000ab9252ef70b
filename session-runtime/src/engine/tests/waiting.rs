//! A store that takes its time, and the events that await it themselves.

use std::task::{Context, Waker};

use tokio::{runtime::Handle, task::yield_now};

use super::*;

/// Memory that answers after a while, if it `answers`.
#[derive(Clone, Default)]
struct Slow {
    memory: MemoryStore,
    hangs: Arc<AtomicBool>,
}

const WHILE: Duration = Duration::from_millis(20);

impl Slow {
    async fn after<T>(&self, operation: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        // the second one is made where this is awaited
        sleep(WHILE).await;
        sleep(WHILE).await;
        if self.hangs.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        operation.await
    }
}

impl Store for Slow {
    const LEASES: bool = false;

    async fn create(&self, key: &SessionKey, record: Record, now: OffsetDateTime) -> Result<Created, StoreError> {
        self.memory.create(key, record, now).await
    }
    async fn load(&self, key: &SessionKey, now: OffsetDateTime) -> Result<Loaded, StoreError> {
        self.after(self.memory.load(key, now)).await
    }
    async fn acquire(&self, key: &SessionKey, claim: &Claim, now: OffsetDateTime) -> Result<Acquired, StoreError> {
        self.memory.acquire(key, claim, now).await
    }
    async fn patch(&self, key: &SessionKey, patch: &Patch, now: OffsetDateTime) -> Result<Patched, StoreError> {
        self.after(self.memory.patch(key, patch, now)).await
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

async fn slow() -> (Arc<Engine>, Slow, SessionKey) {
    let (_, memory, key) = engine().await;
    let store = Slow { memory, ..Slow::default() };
    let limits = Limits { store: Duration::from_secs(1), ..LIMITS };
    (Arc::new(Engine::new(Arc::new(store.clone()), limits)), store, key)
}

async fn event(engine: &Arc<Engine>, key: SessionKey) -> Result<Transaction, Refusal> {
    let (ticket, attended) = engine.enqueue_event(key, Access::Write, 0)?;
    ticket.granted_attending(attended).await
}

fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

/// Asks once, and is not asked again.
fn once<F: Future>(future: std::pin::Pin<&mut F>) {
    assert!(future.poll(&mut Context::from_waker(Waker::noop())).is_pending());
}

#[tokio::test(start_paused = true)]
async fn an_event_awaits_its_load_and_its_save_without_tasks() {
    let (engine, _, key) = slow().await;
    // who looks after the sessions at work
    drop(event(&engine, key).await.unwrap());
    let before = tasks();
    let mut turn = Box::pin(event(&engine, key));
    once(turn.as_mut());
    assert_eq!(tasks(), before);
    let mut transaction = turn.await.unwrap();
    let mut commit = Box::pin(transaction.commit(set("count", json!(1))));
    once(commit.as_mut());
    assert_eq!(tasks(), before);
    commit.await.unwrap();

    let _other = engine.enqueue(key, Access::Write, 0).unwrap();
    drop(transaction);
    assert!(tasks() > before, "nobody else need be asked");
}

#[tokio::test(start_paused = true)]
async fn what_an_event_leaves_behind_goes_on() {
    let (engine, _, key) = slow().await;
    let mut gone = Box::pin(event(&engine, key));
    once(gone.as_mut());
    let waits = engine.enqueue(key, Access::Write, 0).unwrap();
    drop(gone);
    let transaction = waits.granted().await.unwrap();
    assert_eq!(count(&transaction), 0);
    drop(transaction);

    let mut transaction = event(&engine, key).await.unwrap();
    let waits = engine.enqueue(key, Access::Write, 0).unwrap();
    let mut commit = Box::pin(transaction.commit(set("count", json!(1))));
    once(commit.as_mut());
    drop(commit);
    drop(transaction);
    assert_eq!(count(&waits.granted().await.unwrap()), 1);
}

#[tokio::test(start_paused = true)]
async fn what_an_event_awaits_in_vain_has_an_end() {
    let (engine, store, key) = slow().await;
    let mut transaction = event(&engine, key).await.unwrap();
    store.hangs.store(true, Ordering::SeqCst);
    let begun = Instant::now();
    assert!(matches!(transaction.commit(set("count", json!(1))).await, Err(Refusal::Unknown)));
    // sent again for as long as a save may take, and then as long for the last one
    assert!(begun.elapsed() < 3 * engine.limits.store, "{:?}", begun.elapsed());
    drop(transaction);

    let begun = Instant::now();
    assert!(matches!(event(&engine, key).await, Err(Refusal::Unavailable(_))));
    assert!(begun.elapsed() < 2 * engine.limits.store, "{:?}", begun.elapsed());

    store.hangs.store(false, Ordering::SeqCst);
    drop(event(&engine, key).await.unwrap());
    yield_now().await;
    assert_eq!(engine.at_work(), 0);
}

/// What an operation needs of a runtime may not end with the event's.
#[test]
fn an_event_of_another_runtime_leaves_it_to_the_engine_s() {
    let new = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (home, other) = (new(), new());
    let (engine, _, key) = home.block_on(slow());
    let waits = other.block_on(async {
        let (ticket, attended) = engine.enqueue_event(key, Access::Write, 0).unwrap();
        let gone = tokio::spawn(ticket.granted_attending(attended));
        sleep(WHILE * 3 / 2).await;
        assert!(!gone.is_finished());
        engine.enqueue(key, Access::Write, 0).unwrap()
    });
    drop(other);
    drop(home.block_on(waits.granted()).unwrap());
}
