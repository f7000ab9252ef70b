//! A store that several nodes share.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use socket_session::{
    MemoryStore,
    store::{
        Acquired, Claim, Created, Deadline, Loaded, Member, NodeId, Notice, Notices, Patch, Patched, Record,
        Retirement, SessionKey, Store, StoreError, Token, UserKey,
    },
};
use tokio::time::sleep;
use tower_sessions::cookie::time::OffsetDateTime;

use super::millis;

/// `MemoryStore` as a server that two nodes share: each operation takes a while, there and back.
#[derive(Clone, Default)]
pub(crate) struct Server {
    pub(crate) records: MemoryStore,
    /// In milliseconds, one after the other and then again.
    delays: Arc<Vec<u8>>,
    next: Arc<AtomicUsize>,
    /// How many fenced patches are still to be refused, as if another node had taken over.
    pub(crate) takeovers: Arc<AtomicUsize>,
    /// It says nothing but that it is unavailable, when it is asked what exists or what is in a record.
    pub(crate) down: Arc<AtomicBool>,
    /// What nodes say is lost.
    pub(crate) mute: Arc<AtomicBool>,
    /// It takes nothing that nodes say.
    pub(crate) deaf: Arc<AtomicBool>,
    /// How often it was asked, for whatever.
    pub(crate) trips: Arc<AtomicUsize>,
    /// How many sessions it was asked for each time that it was asked which exist.
    pub(crate) checks: Arc<Mutex<Vec<usize>>>,
}

impl Server {
    pub(crate) fn with_delays(delays: Vec<u8>) -> Self {
        Self { delays: Arc::new(delays), ..Self::default() }
    }

    /// Trips that have been made, and for how many sessions those that ask which exist; since this was asked last.
    pub(crate) fn asked(&self) -> (usize, Vec<usize>) {
        (self.trips.swap(0, SeqCst), self.checks.lock().map(|mut checks| checks.split_off(0)).unwrap_or_default())
    }

    fn unless_down<T>(&self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        if self.down.load(SeqCst) { Err(StoreError::unavailable("down")) } else { answer }
    }

    async fn trip<T>(&self, operation: impl Future<Output = T>) -> T {
        self.trips.fetch_add(1, SeqCst);
        sleep(self.delay()).await;
        let answer = operation.await;
        sleep(self.delay()).await;
        answer
    }

    fn delay(&self) -> Duration {
        let next = self.next.fetch_add(1, SeqCst);
        millis(self.delays.get(next % self.delays.len().max(1)).copied().unwrap_or(0).into())
    }
}

impl Store for Server {
    const LEASES: bool = true;
    async fn create(&self, key: &SessionKey, record: Record, now: OffsetDateTime) -> Result<Created, StoreError> {
        self.trip(self.records.create(key, record, now)).await
    }
    async fn load(&self, key: &SessionKey, now: OffsetDateTime) -> Result<Loaded, StoreError> {
        self.unless_down(self.trip(self.records.load(key, now)).await)
    }
    async fn acquire(&self, key: &SessionKey, claim: &Claim, now: OffsetDateTime) -> Result<Acquired, StoreError> {
        self.trip(self.records.acquire(key, claim, now)).await
    }
    async fn patch(&self, key: &SessionKey, patch: &Patch, now: OffsetDateTime) -> Result<Patched, StoreError> {
        if let Some(fence) = patch.fence
            && self.takeovers.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok()
        {
            self.records.release(key, fence.token).await?;
            return Ok(Patched::Fenced);
        }
        self.trip(self.records.patch(key, patch, now)).await
    }
    async fn release(&self, key: &SessionKey, token: Token) -> Result<(), StoreError> {
        self.trip(self.records.release(key, token)).await
    }
    async fn touch(&self, key: &SessionKey, deadline: Deadline, now: OffsetDateTime) -> Result<bool, StoreError> {
        self.trip(self.records.touch(key, deadline, now)).await
    }
    async fn delete(&self, key: &SessionKey, now: OffsetDateTime) -> Result<bool, StoreError> {
        self.trip(self.records.delete(key, now)).await
    }
    async fn retire(
        &self,
        key: &SessionKey,
        retirement: &Retirement,
        now: OffsetDateTime,
    ) -> Result<Patched, StoreError> {
        self.trip(self.records.retire(key, retirement, now)).await
    }
    async fn exists(&self, keys: &[SessionKey], now: OffsetDateTime) -> Result<Vec<bool>, StoreError> {
        if let Ok(mut checks) = self.checks.lock() {
            checks.push(keys.len());
        }
        self.unless_down(self.trip(self.records.exists(keys, now)).await)
    }
    async fn join(&self, user: &UserKey, key: &SessionKey) -> Result<(), StoreError> {
        self.records.join(user, key).await
    }

    async fn leave(&self, user: &UserKey, keys: &[SessionKey]) -> Result<(), StoreError> {
        self.records.leave(user, keys).await
    }

    async fn members(&self, user: &UserKey) -> Result<Vec<Member>, StoreError> {
        self.records.members(user).await
    }

    async fn end_user(&self, user: &UserKey) -> Result<(), StoreError> {
        self.records.end_user(user).await
    }

    async fn user_ended(&self, user: &UserKey) -> Result<Option<Duration>, StoreError> {
        self.records.user_ended(user).await
    }

    async fn announce(&self, notice: &Notice) -> Result<(), StoreError> {
        if self.mute.load(SeqCst) {
            return Ok(());
        }
        if self.deaf.load(SeqCst) {
            return Err(StoreError::unavailable("deaf"));
        }
        self.trip(self.records.announce(notice)).await
    }

    fn listen(&self, node: NodeId) -> Notices {
        self.records.listen(node)
    }
}
