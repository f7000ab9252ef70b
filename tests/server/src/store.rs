//! A store that fails, or is slow, while a test wants it to.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use socket_session::{
    MemoryStore,
    store::{
        Acquired, Claim, Created, Deadline, Loaded, Patch, Patched, Record, Retirement, SessionKey, Store, StoreError,
        Token,
    },
};
use time::OffsetDateTime;

/// What a test has asked of the store.
#[derive(Clone, Default)]
pub(crate) struct Switches(Arc<Asked>);

#[derive(Default)]
struct Asked {
    down: AtomicBool,
    delay: AtomicU64,
    writes: AtomicU64,
}

impl Switches {
    /// From now on every call fails, or none.
    pub(crate) fn set_down(&self, down: bool) {
        self.0.down.store(down, Ordering::SeqCst);
    }

    /// From now on every call takes this long.
    pub(crate) fn set_delay(&self, milliseconds: u64) {
        self.0.delay.store(milliseconds, Ordering::SeqCst);
    }

    /// How many records and patches were written.
    pub(crate) fn writes(&self) -> u64 {
        self.0.writes.load(Ordering::SeqCst)
    }

    async fn pass(&self) -> Result<(), StoreError> {
        let delay = self.0.delay.load(Ordering::SeqCst);
        if delay > 0 {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        if self.0.down.load(Ordering::SeqCst) {
            return Err(StoreError::unavailable("connection refused: store.internal:6379"));
        }
        Ok(())
    }

    fn wrote(&self) {
        self.0.writes.fetch_add(1, Ordering::SeqCst);
    }
}

/// [`MemoryStore`] behind [`Switches`].
pub(crate) struct Flaky {
    pub(crate) memory: MemoryStore,
    pub(crate) switches: Switches,
}

impl Store for Flaky {
    const LEASES: bool = MemoryStore::LEASES;

    async fn create(&self, key: &SessionKey, record: Record, now: OffsetDateTime) -> Result<Created, StoreError> {
        self.switches.pass().await?;
        self.switches.wrote();
        self.memory.create(key, record, now).await
    }

    async fn load(&self, key: &SessionKey, now: OffsetDateTime) -> Result<Loaded, StoreError> {
        self.switches.pass().await?;
        self.memory.load(key, now).await
    }

    async fn acquire(&self, key: &SessionKey, claim: &Claim, now: OffsetDateTime) -> Result<Acquired, StoreError> {
        self.switches.pass().await?;
        self.memory.acquire(key, claim, now).await
    }

    async fn patch(&self, key: &SessionKey, patch: &Patch, now: OffsetDateTime) -> Result<Patched, StoreError> {
        self.switches.pass().await?;
        self.switches.wrote();
        self.memory.patch(key, patch, now).await
    }

    async fn release(&self, key: &SessionKey, token: Token) -> Result<(), StoreError> {
        self.switches.pass().await?;
        self.memory.release(key, token).await
    }

    async fn touch(&self, key: &SessionKey, deadline: Deadline, now: OffsetDateTime) -> Result<bool, StoreError> {
        self.switches.pass().await?;
        self.memory.touch(key, deadline, now).await
    }

    async fn delete(&self, key: &SessionKey, now: OffsetDateTime) -> Result<bool, StoreError> {
        self.switches.pass().await?;
        self.memory.delete(key, now).await
    }

    async fn retire(
        &self,
        key: &SessionKey,
        retirement: &Retirement,
        now: OffsetDateTime,
    ) -> Result<Patched, StoreError> {
        self.switches.pass().await?;
        self.memory.retire(key, retirement, now).await
    }

    async fn exists(&self, keys: &[SessionKey], now: OffsetDateTime) -> Result<Vec<bool>, StoreError> {
        self.switches.pass().await?;
        self.memory.exists(keys, now).await
    }
}
