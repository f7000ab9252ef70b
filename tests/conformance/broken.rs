//! [`MemoryStore`] as the store of several nodes, and sabotaged.

use std::{sync::Arc, time::Duration};

use socket_session::{
    MemoryStore,
    store::{
        Acquired, Claim, Created, Deadline, Lease, Loaded, Member, NodeId, Notice, Notices, Patch, Patched, Record,
        Retirement, SessionKey, Store, StoreError, Token, UserKey,
    },
};
use tower_sessions::cookie::time::OffsetDateTime;

pub(crate) type Result<T> = std::result::Result<T, StoreError>;

/// A store that does what its sabotage does, and otherwise what [`MemoryStore`] does.
pub(crate) struct Broken<X>(Arc<(MemoryStore, X)>);

impl<X: Default> Default for Broken<X> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<X> Clone for Broken<X> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// What an operation is about, and the store that does it right.
#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    pub(crate) memory: &'a MemoryStore,
    pub(crate) key: &'a SessionKey,
    pub(crate) now: OffsetDateTime,
}

impl At<'_> {
    /// The same by another clock.
    pub(crate) fn by(self, now: OffsetDateTime) -> Self {
        Self { now, ..self }
    }

    pub(crate) async fn create(self, record: Record) -> Result<Created> {
        self.memory.create(self.key, record, self.now).await
    }

    pub(crate) async fn load(self) -> Result<Loaded> {
        self.memory.load(self.key, self.now).await
    }

    pub(crate) async fn acquire(self, claim: &Claim) -> Result<Acquired> {
        self.memory.acquire(self.key, claim, self.now).await
    }

    pub(crate) async fn confirm(self, claim: &Claim, known: Record) -> Result<Acquired> {
        self.memory.confirm(self.key, claim, known, self.now).await
    }

    pub(crate) async fn patch(self, patch: &Patch) -> Result<Patched> {
        self.memory.patch(self.key, patch, self.now).await
    }

    pub(crate) async fn release(self, token: Token) -> Result<()> {
        self.memory.release(self.key, token).await
    }

    pub(crate) async fn touch(self, deadline: Deadline) -> Result<bool> {
        self.memory.touch(self.key, deadline, self.now).await
    }

    pub(crate) async fn delete(self) -> Result<bool> {
        self.memory.delete(self.key, self.now).await
    }

    pub(crate) async fn retire(self, end: &Retirement) -> Result<Patched> {
        self.memory.retire(self.key, end, self.now).await
    }

    /// What everybody gets who asks for the lease: `None` if it is free. Nobody notices.
    pub(crate) async fn lease(self) -> Result<Option<Lease>> {
        let claim = Claim { token: Token(random()), node: NodeId(random()), over: None };
        let acquired = self.acquire(&claim).await?;
        self.release(claim.token).await?;
        Ok(match acquired {
            Acquired::Refused(lease) => Some(lease),
            Acquired::Held(_) | Acquired::Gone => None,
        })
    }
}

/// Ever another number.
pub(crate) fn random() -> u128 {
    Patch::new().transaction.0
}

/// What is done wrong.
pub(crate) trait Sabotage: Default + Send + Sync + 'static {
    fn create(&self, at: At<'_>, record: Record) -> impl Future<Output = Result<Created>> + Send {
        at.create(record)
    }

    fn load(&self, at: At<'_>) -> impl Future<Output = Result<Loaded>> + Send {
        at.load()
    }

    fn acquire(&self, at: At<'_>, claim: &Claim) -> impl Future<Output = Result<Acquired>> + Send {
        at.acquire(claim)
    }

    /// As a store that has nothing better.
    fn confirm(&self, at: At<'_>, claim: &Claim, known: Record) -> impl Future<Output = Result<Acquired>> + Send {
        drop(known);
        self.acquire(at, claim)
    }

    fn patch(&self, at: At<'_>, patch: &Patch) -> impl Future<Output = Result<Patched>> + Send {
        at.patch(patch)
    }

    /// Without a clock: whatever is there, lives.
    fn release(&self, at: At<'_>, token: Token) -> impl Future<Output = Result<()>> + Send {
        at.release(token)
    }

    fn touch(&self, at: At<'_>, deadline: Deadline) -> impl Future<Output = Result<bool>> + Send {
        at.touch(deadline)
    }

    fn delete(&self, at: At<'_>) -> impl Future<Output = Result<bool>> + Send {
        at.delete()
    }

    fn retire(&self, at: At<'_>, end: &Retirement) -> impl Future<Output = Result<Patched>> + Send {
        at.retire(end)
    }

    fn exists(
        &self,
        memory: &MemoryStore,
        keys: &[SessionKey],
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<Vec<bool>>> + Send {
        memory.exists(keys, now)
    }

    fn join(&self, memory: &MemoryStore, user: &UserKey, key: &SessionKey) -> impl Future<Output = Result<()>> + Send {
        memory.join(user, key)
    }

    fn leave(
        &self,
        memory: &MemoryStore,
        user: &UserKey,
        keys: &[SessionKey],
    ) -> impl Future<Output = Result<()>> + Send {
        memory.leave(user, keys)
    }

    fn members(&self, memory: &MemoryStore, user: &UserKey) -> impl Future<Output = Result<Vec<Member>>> + Send {
        memory.members(user)
    }

    fn end_user(&self, memory: &MemoryStore, user: &UserKey) -> impl Future<Output = Result<()>> + Send {
        memory.end_user(user)
    }

    fn user_ended(
        &self,
        memory: &MemoryStore,
        user: &UserKey,
    ) -> impl Future<Output = Result<Option<Duration>>> + Send {
        memory.user_ended(user)
    }

    fn listen(&self, memory: &MemoryStore, node: NodeId) -> Notices {
        memory.listen(node)
    }
}

/// No sabotage: [`MemoryStore`] with its leases.
#[derive(Default)]
pub(crate) struct Nothing;

impl Sabotage for Nothing {
    async fn confirm(&self, at: At<'_>, claim: &Claim, known: Record) -> Result<Acquired> {
        at.confirm(claim, known).await
    }
}

impl<X: Sabotage> Store for Broken<X> {
    const LEASES: bool = true;

    async fn create(&self, key: &SessionKey, record: Record, now: OffsetDateTime) -> Result<Created> {
        let (memory, sabotage) = &*self.0;
        sabotage.create(At { memory, key, now }, record).await
    }

    async fn load(&self, key: &SessionKey, now: OffsetDateTime) -> Result<Loaded> {
        let (memory, sabotage) = &*self.0;
        sabotage.load(At { memory, key, now }).await
    }

    async fn acquire(&self, key: &SessionKey, claim: &Claim, now: OffsetDateTime) -> Result<Acquired> {
        let (memory, sabotage) = &*self.0;
        sabotage.acquire(At { memory, key, now }, claim).await
    }

    async fn confirm(&self, key: &SessionKey, claim: &Claim, known: Record, now: OffsetDateTime) -> Result<Acquired> {
        let (memory, sabotage) = &*self.0;
        sabotage.confirm(At { memory, key, now }, claim, known).await
    }

    async fn patch(&self, key: &SessionKey, patch: &Patch, now: OffsetDateTime) -> Result<Patched> {
        let (memory, sabotage) = &*self.0;
        sabotage.patch(At { memory, key, now }, patch).await
    }

    async fn release(&self, key: &SessionKey, token: Token) -> Result<()> {
        let (memory, sabotage) = &*self.0;
        sabotage.release(At { memory, key, now: OffsetDateTime::UNIX_EPOCH }, token).await
    }

    async fn touch(&self, key: &SessionKey, deadline: Deadline, now: OffsetDateTime) -> Result<bool> {
        let (memory, sabotage) = &*self.0;
        sabotage.touch(At { memory, key, now }, deadline).await
    }

    async fn delete(&self, key: &SessionKey, now: OffsetDateTime) -> Result<bool> {
        let (memory, sabotage) = &*self.0;
        sabotage.delete(At { memory, key, now }).await
    }

    async fn retire(&self, key: &SessionKey, end: &Retirement, now: OffsetDateTime) -> Result<Patched> {
        let (memory, sabotage) = &*self.0;
        sabotage.retire(At { memory, key, now }, end).await
    }

    async fn exists(&self, keys: &[SessionKey], now: OffsetDateTime) -> Result<Vec<bool>> {
        let (memory, sabotage) = &*self.0;
        sabotage.exists(memory, keys, now).await
    }

    async fn join(&self, user: &UserKey, key: &SessionKey) -> Result<()> {
        let (memory, sabotage) = &*self.0;
        sabotage.join(memory, user, key).await
    }

    async fn leave(&self, user: &UserKey, keys: &[SessionKey]) -> Result<()> {
        let (memory, sabotage) = &*self.0;
        sabotage.leave(memory, user, keys).await
    }

    async fn members(&self, user: &UserKey) -> Result<Vec<Member>> {
        let (memory, sabotage) = &*self.0;
        sabotage.members(memory, user).await
    }

    async fn end_user(&self, user: &UserKey) -> Result<()> {
        let (memory, sabotage) = &*self.0;
        sabotage.end_user(memory, user).await
    }

    async fn user_ended(&self, user: &UserKey) -> Result<Option<Duration>> {
        let (memory, sabotage) = &*self.0;
        sabotage.user_ended(memory, user).await
    }

    async fn announce(&self, notice: &Notice) -> Result<()> {
        self.0.0.announce(notice).await
    }

    fn listen(&self, node: NodeId) -> Notices {
        let (memory, sabotage) = &*self.0;
        sabotage.listen(memory, node)
    }
}
