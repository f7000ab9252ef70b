//! What the engine asks of a store, and the stores of this crate.

mod memory;

use std::{error::Error, pin::Pin};

use time::OffsetDateTime;

pub use crate::record::{Deadline, Fence, FieldKey, Fields, Patch, Record, SessionKey, Then, Token, TransactionId};
pub use memory::MemoryStore;

/// Keeps session records. Each operation is atomic, and each keys by [`SessionKey`], never by the id itself.
///
/// What has been deleted or has expired is gone: no operation but [`create`](Self::create) brings a record into
/// being, and `create` never replaces one. Whether a session is past its deadline is judged by `now`, the clock of the
/// node that asks.
///
/// Cancelling an operation may leave it done or undone, never half done.
pub trait Store: Send + Sync + 'static {
    /// Whether several processes may write to one record, so that writers need leases. Where it is `false`, `acquire`
    /// and `release` are never called.
    const LEASES: bool;

    /// Stores a new record.
    fn create(&self, key: &SessionKey, record: Record) -> impl Future<Output = Result<Created, StoreError>> + Send;

    /// The record, unless it is past its deadline.
    fn load(
        &self,
        key: &SessionKey,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<Option<Record>, StoreError>> + Send;

    /// Takes the lease and loads, in one trip. The same claim again changes nothing.
    fn acquire(
        &self,
        key: &SessionKey,
        claim: &Claim,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<Acquired, StoreError>> + Send;

    /// Applies a patch to a record that lives and, where the patch has a fence, still carries its token. A patch whose
    /// transaction was applied before is not applied again, so that it can be sent again when no answer came.
    fn patch(
        &self,
        key: &SessionKey,
        patch: &Patch,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<Patched, StoreError>> + Send;

    /// Gives up a lease, or a place in the line for it.
    fn release(&self, key: &SessionKey, token: Token) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Moves the deadline, and confirms a record that a handshake made; nothing else. Whether the record lives.
    fn touch(
        &self,
        key: &SessionKey,
        deadline: Deadline,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Deletes the record at once, whoever holds its lease. Whether it was there.
    fn delete(&self, key: &SessionKey) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Which of these records live, in their order.
    fn exists(
        &self,
        keys: &[SessionKey],
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<Vec<bool>, StoreError>> + Send;
}

/// What came of [`Store::create`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// It is stored.
    Done,
    /// There is a record under this key already; it is left as it is.
    Taken,
}

/// A wish for a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The fence of the wisher.
    pub token: Token,
    /// The node to wake when its turn comes.
    pub node: NodeId,
    /// The lease that the wisher has watched unchanged for a lease's length: it is taken over if it still is this one.
    pub over: Option<Lease>,
}

/// Names a process among those that share a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NodeId(pub u128);

/// A lease as others see it. It carries no time: a waiter measures on its own clock how long it stays the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The holder's fence.
    pub token: Token,
    /// How often the holder has renewed it; `None` while it is only offered to the first in line.
    pub renewal: Option<u64>,
}

/// What came of [`Store::acquire`].
#[derive(Clone, Debug, PartialEq)]
pub enum Acquired {
    /// The lease is the wisher's, and this is the record.
    Held(Record),
    /// Another holds it; the wisher has left its mark.
    Refused(Lease),
    /// There is no such record.
    Gone,
}

/// What came of [`Store::patch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patched {
    /// It is applied, and as durable as the store says.
    Applied {
        /// The writer still holds the lease.
        held: bool,
        /// Another node waits for it.
        waiting: bool,
    },
    /// There is no such record: nothing was written.
    Gone,
    /// The lease is another's now: nothing was written.
    Fenced,
}

/// A store failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It failed, and nothing was written.
    #[error("the store is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// It did not say whether it wrote.
    #[error("the store did not answer")]
    Unanswered(#[source] Box<dyn Error + Send + Sync>),
    /// The record is too large for it; nothing was written.
    #[error("the record is too large")]
    TooLarge,
}

impl StoreError {
    /// It failed, and nothing was written.
    pub fn unavailable(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unavailable(error.into())
    }

    /// It did not say whether it wrote.
    pub fn unanswered(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unanswered(error.into())
    }
}

pub(crate) type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// [`Store`] with its type erased, so that `Sessions` is one type whatever the store; it asks by this node's clock.
pub(crate) trait AnyStore: Send + Sync + 'static {
    fn create<'a>(&'a self, key: &'a SessionKey, record: Record) -> StoreFuture<'a, Created>;
    fn load<'a>(&'a self, key: &'a SessionKey) -> StoreFuture<'a, Option<Record>>;
    fn patch<'a>(&'a self, key: &'a SessionKey, patch: &'a Patch) -> StoreFuture<'a, Patched>;
    fn touch<'a>(&'a self, key: &'a SessionKey, deadline: Deadline) -> StoreFuture<'a, bool>;
    fn delete<'a>(&'a self, key: &'a SessionKey) -> StoreFuture<'a, bool>;
}

impl<S: Store> AnyStore for S {
    fn create<'a>(&'a self, key: &'a SessionKey, record: Record) -> StoreFuture<'a, Created> {
        Box::pin(Store::create(self, key, record))
    }

    fn load<'a>(&'a self, key: &'a SessionKey) -> StoreFuture<'a, Option<Record>> {
        Box::pin(Store::load(self, key, OffsetDateTime::now_utc()))
    }

    fn patch<'a>(&'a self, key: &'a SessionKey, patch: &'a Patch) -> StoreFuture<'a, Patched> {
        Box::pin(Store::patch(self, key, patch, OffsetDateTime::now_utc()))
    }

    fn touch<'a>(&'a self, key: &'a SessionKey, deadline: Deadline) -> StoreFuture<'a, bool> {
        Box::pin(Store::touch(self, key, deadline, OffsetDateTime::now_utc()))
    }

    fn delete<'a>(&'a self, key: &'a SessionKey) -> StoreFuture<'a, bool> {
        Box::pin(Store::delete(self, key))
    }
}
