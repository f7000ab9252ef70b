//! A store that fails when it is told to, and remembers what was saved.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use time::OffsetDateTime;

use crate::store::{
    Acquired, Claim, Created, Deadline, FieldKey, Loaded, Member, MemoryStore, NodeId, Notice, Notices, Patch, Patched,
    Record, Retirement, SessionKey, Store, StoreError, Token, TransactionId, UserKey,
};

/// How a [`TestStore`] fails: each way in which a store can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// [`StoreError::Unavailable`]: nothing was written, and it says so.
    Unavailable,
    /// [`StoreError::Unanswered`], and nothing was written. The library asks again until `store_timeout` (5 s).
    Unanswered,
    /// [`StoreError::Unanswered`], and it was written all the same.
    AppliedUnanswered,
    /// [`StoreError::TooLarge`]: nothing was written. It is what only a writer can be told; reads are not affected.
    TooLarge,
}

/// [`MemoryStore`], but it fails when it is told to. A clone is the same store.
///
/// [`Testing::store`](super::Testing::store) has one; for tests of a whole program, it can be what `Sessions` are built
/// on.
///
/// ```
/// use socket_session::{Sessions, testing::{Fault, TestStore}};
///
/// # let (_, io) = socketioxide::SocketIo::new_layer();
/// let store = TestStore::default();
/// let sessions = Sessions::builder(store.clone()).build(&io);
/// store.fail(Fault::Unavailable); // from now on
/// store.recover();
/// # let _ = sessions;
/// ```
#[derive(Clone, Default)]
pub struct TestStore {
    records: MemoryStore,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    reads: Option<Fault>,
    writes: Option<Fault>,
    saved: Vec<Saved>,
}

/// A patch that was applied.
struct Saved {
    session: SessionKey,
    transaction: TransactionId,
    keys: Vec<FieldKey>,
}

impl TestStore {
    /// Fails whatever it is asked, from now on.
    pub fn fail(&self, fault: Fault) {
        self.fail_reads(fault);
        self.fail_writes(fault);
    }

    /// Fails what reads, from now on: a handler then does not run at all.
    pub fn fail_reads(&self, fault: Fault) {
        self.state().reads = Some(fault);
    }

    /// Fails what writes, from now on: a handler then runs, and its save fails.
    pub fn fail_writes(&self, fault: Fault) {
        self.state().writes = Some(fault);
    }

    /// Works again.
    pub fn recover(&self) {
        let mut state = self.state();
        (state.reads, state.writes) = (None, None);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many patches were applied.
    pub(super) fn saves(&self) -> usize {
        self.state().saved.len()
    }

    /// The keys that a session's patches have changed since there were so many patches; sorted, each once.
    pub(super) fn changed(&self, session: &SessionKey, since: usize) -> Vec<String> {
        let state = self.state();
        let saved = state.saved.iter().skip(since).filter(|saved| saved.session == *session);
        let mut keys: Vec<_> = saved.flat_map(|saved| &saved.keys).map(ToString::to_string).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    fn saved(&self, session: SessionKey, patch: &Patch) {
        let mut state = self.state();
        let again = |saved: &Saved| saved.transaction == patch.transaction;
        if !state.saved.iter().any(again) {
            let keys = patch.keys().cloned().collect();
            state.saved.push(Saved { session, transaction: patch.transaction, keys });
        }
    }

    async fn read<T>(&self, operation: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let fault = self.state().reads;
        match fault {
            None | Some(Fault::TooLarge) => operation.await,
            Some(fault) => Err(fault.error()),
        }
    }

    async fn write<T>(&self, operation: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let fault = self.state().writes;
        match fault {
            None => operation.await,
            Some(Fault::AppliedUnanswered) => {
                operation.await?;
                Err(Fault::AppliedUnanswered.error())
            }
            Some(fault) => Err(fault.error()),
        }
    }
}

impl Fault {
    fn error(self) -> StoreError {
        match self {
            Self::Unavailable => StoreError::unavailable("the test says so"),
            Self::Unanswered | Self::AppliedUnanswered => StoreError::unanswered("the test says so"),
            Self::TooLarge => StoreError::TooLarge,
        }
    }
}

impl Store for TestStore {
    const LEASES: bool = MemoryStore::LEASES;

    async fn create(&self, key: &SessionKey, record: Record, now: OffsetDateTime) -> Result<Created, StoreError> {
        self.write(self.records.create(key, record, now)).await
    }

    async fn load(&self, key: &SessionKey, now: OffsetDateTime) -> Result<Loaded, StoreError> {
        self.read(self.records.load(key, now)).await
    }

    async fn acquire(&self, key: &SessionKey, claim: &Claim, now: OffsetDateTime) -> Result<Acquired, StoreError> {
        self.read(self.records.acquire(key, claim, now)).await
    }

    async fn patch(&self, key: &SessionKey, patch: &Patch, now: OffsetDateTime) -> Result<Patched, StoreError> {
        self.write(async {
            let patched = self.records.patch(key, patch, now).await?;
            if let Patched::Applied { .. } = patched {
                self.saved(*key, patch);
            }
            Ok(patched)
        })
        .await
    }

    async fn release(&self, key: &SessionKey, token: Token) -> Result<(), StoreError> {
        self.write(self.records.release(key, token)).await
    }

    async fn touch(&self, key: &SessionKey, deadline: Deadline, now: OffsetDateTime) -> Result<bool, StoreError> {
        self.write(self.records.touch(key, deadline, now)).await
    }

    async fn delete(&self, key: &SessionKey, now: OffsetDateTime) -> Result<bool, StoreError> {
        self.write(self.records.delete(key, now)).await
    }

    async fn retire(
        &self,
        key: &SessionKey,
        retirement: &Retirement,
        now: OffsetDateTime,
    ) -> Result<Patched, StoreError> {
        self.write(self.records.retire(key, retirement, now)).await
    }

    async fn exists(&self, keys: &[SessionKey], now: OffsetDateTime) -> Result<Vec<bool>, StoreError> {
        self.read(self.records.exists(keys, now)).await
    }

    async fn join(&self, user: &UserKey, key: &SessionKey) -> Result<(), StoreError> {
        self.write(self.records.join(user, key)).await
    }

    async fn leave(&self, user: &UserKey, keys: &[SessionKey]) -> Result<(), StoreError> {
        self.write(self.records.leave(user, keys)).await
    }

    async fn members(&self, user: &UserKey) -> Result<Vec<Member>, StoreError> {
        self.read(self.records.members(user)).await
    }

    async fn end_user(&self, user: &UserKey) -> Result<(), StoreError> {
        self.write(self.records.end_user(user)).await
    }

    async fn user_ended(&self, user: &UserKey) -> Result<Option<Duration>, StoreError> {
        self.read(self.records.user_ended(user)).await
    }

    async fn announce(&self, notice: &Notice) -> Result<(), StoreError> {
        self.records.announce(notice).await
    }

    fn listen(&self, node: NodeId) -> Notices {
        self.records.listen(node)
    }
}

impl fmt::Debug for TestStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("TestStore")
            .field("sessions", &self.records.len())
            .field("reads", &state.reads)
            .field("writes", &state.writes)
            .finish_non_exhaustive()
    }
}
