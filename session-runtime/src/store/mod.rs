//! What the engine asks of a store, and the stores of this crate.

mod lease;
mod memory;
mod notice;
mod plain;
mod users;

use std::{
    error::Error,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::{FutureExt as _, StreamExt as _, stream};
use time::OffsetDateTime;

pub use self::{
    lease::{Acquired, Claim, Fence, Lease, NodeId, Patched, Retirement, Then, Token},
    memory::MemoryStore,
    notice::{Ending, Notice, Telling},
    plain::Plain,
    users::{Member, USER_END_REMEMBERED},
};
pub use crate::record::{Deadline, FieldKey, Fields, Patch, Record, SessionKey, TransactionId, UserKey};
use crate::{clock::now, metering};

/// The notices for one node, as they come. It never ends by itself.
pub type Notices = stream::BoxStream<'static, Notice>;

/// By these words the conformance checks know that a store does without.
pub(crate) const NO_USERS: &str = "this store does not know which sessions a user has";

/// Keeps session records. Each operation is atomic, and each keys by [`SessionKey`], never by the id itself.
///
/// What has been deleted or has expired is gone: no operation but [`create`](Self::create) brings a record into
/// being, and `create` never replaces one. Whether a session is past its deadline is judged by `now`, the clock of the
/// node that asks: a session lives while its deadline is later than that.
///
/// Cancelling an operation may leave it done or undone, never half done.
pub trait Store: Send + Sync + 'static {
    /// Whether several processes may write to one record, so that writers need leases. Where it is `false`, `acquire`
    /// and `release` are never called, and patches have no fence.
    const LEASES: bool;

    /// Whether its operations are done as soon as they are asked for, as those of a store in memory are: none ever waits
    /// for anything, and none asks something of `Sessions`. Then the engine has nothing to hold for the time being, which is
    /// faster: it loads and saves under its own lock of that session. Of an operation that waits after all nobody knows what
    /// became of it.
    const AT_ONCE: bool = false;

    /// Stores a new record.
    fn create(
        &self,
        key: &SessionKey,
        record: Record,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<Created, StoreError>> + Send;

    /// The record, unless it is past its deadline.
    fn load(&self, key: &SessionKey, now: OffsetDateTime) -> impl Future<Output = Result<Loaded, StoreError>> + Send;

    /// Takes the lease and loads, in one trip. It is to be had if nobody holds it, if it is offered to this token, or if
    /// it is the one that the claim may take over; otherwise the claim has its place in the line of those who
    /// wait, once. The same claim again changes nothing: who holds the lease gets the record again, as it is now.
    fn acquire(
        &self,
        key: &SessionKey,
        claim: &Claim,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<Acquired, StoreError>> + Send;

    /// As [`acquire`](Self::acquire), for a claim that holds the lease: `known` is the record as it was when its node
    /// last acquired it, with all that was patched under the lease since. If nobody else has written meanwhile, that is the
    /// record (but for its deadline, and for whether it is unconfirmed: these are as they are now), so a store that can
    /// tell need not send it.
    fn confirm(
        &self,
        key: &SessionKey,
        claim: &Claim,
        known: Record,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<Acquired, StoreError>> + Send {
        drop(known);
        self.acquire(key, claim, now)
    }

    /// Applies a patch to a record that lives and, where the patch has a fence, still carries its token. A patch whose
    /// transaction was applied before is not applied again, so that it can be sent again when no answer came: that is
    /// looked at before the fence. A store remembers at least the last 8 of a record.
    fn patch(
        &self,
        key: &SessionKey,
        patch: &Patch,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<Patched, StoreError>> + Send;

    /// Gives up a lease, or an offer of it, or a place in the line for it. The first in line gets the offer, and its node
    /// is told.
    fn release(&self, key: &SessionKey, token: Token) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Moves the deadline, and confirms a record that a handshake made; nothing else. Whether the record lives.
    fn touch(
        &self,
        key: &SessionKey,
        deadline: Deadline,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Deletes the record at once, whoever holds its lease. Whether it was there, and lived.
    fn delete(&self, key: &SessionKey, now: OffsetDateTime) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Deletes the record, if it lives, carries the token, and has not been changed since it was seen, and leaves a mark
    /// that says that its session has got a new id. The mark is no record: nothing but `load` sees it, and `create` says
    /// [`Taken`](Created::Taken). The same retirement again changes nothing, and says `Applied`.
    fn retire(
        &self,
        key: &SessionKey,
        retirement: &Retirement,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<Patched, StoreError>> + Send;

    /// Which of these records live, in their order. Asked for 500 at a time.
    fn exists(
        &self,
        keys: &[SessionKey],
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<Vec<bool>, StoreError>> + Send;

    /// Adds a session to those of a user, from now on; if it is one already, since when it was. There need be no record yet.
    ///
    /// These five are an index beside the records: what a user's sessions are, the records themselves say, and the engine
    /// looks. An entry whose session has ended may stay until it is taken out with [`leave`](Self::leave). A store may do
    /// without: then there are no `#[session(user)]`s.
    fn join(&self, user: &UserKey, key: &SessionKey) -> impl Future<Output = Result<(), StoreError>> + Send {
        let _ = (user, key);
        std::future::ready(Err(StoreError::unavailable(NO_USERS)))
    }

    /// Takes sessions out of those of a user.
    fn leave(&self, user: &UserKey, keys: &[SessionKey]) -> impl Future<Output = Result<(), StoreError>> + Send {
        let _ = (user, keys);
        std::future::ready(Err(StoreError::unavailable(NO_USERS)))
    }

    /// The sessions of a user that were added and not taken out, in any order.
    fn members(&self, user: &UserKey) -> impl Future<Output = Result<Vec<Member>, StoreError>> + Send {
        let _ = user;
        std::future::ready(Err(StoreError::unavailable(NO_USERS)))
    }

    /// Notes that all sessions of a user are ended now. It is remembered for [`USER_END_REMEMBERED`] at least.
    fn end_user(&self, user: &UserKey) -> impl Future<Output = Result<(), StoreError>> + Send {
        let _ = user;
        std::future::ready(Err(StoreError::unavailable(NO_USERS)))
    }

    /// How long ago that was last, by the store's own clock: no node's clock is compared with another's.
    fn user_ended(&self, user: &UserKey) -> impl Future<Output = Result<Option<Duration>, StoreError>> + Send {
        let _ = user;
        std::future::ready(Err(StoreError::unavailable(NO_USERS)))
    }

    /// Tells all nodes. A store of one process has nobody to tell.
    fn announce(&self, notice: &Notice) -> impl Future<Output = Result<(), StoreError>> + Send {
        let _ = notice;
        std::future::ready(Ok(()))
    }

    /// The notices for that node. Where they may have been missed, for they are not heard yet or were not for a while,
    /// the next one is [`Missed`](Notice::Missed); so is the first. A store without messages has none: then whoever waits
    /// looks now and then.
    fn listen(&self, node: NodeId) -> Notices {
        let _ = node;
        stream::pending().boxed()
    }
}

/// What [`Store::load`] found.
#[derive(Clone, Debug, PartialEq)]
pub enum Loaded {
    /// The session lives.
    Live(Record),
    /// It has got a new id a short while ago: whoever asks has an old cookie, and a new one on its way.
    Rotated,
    /// There is no such session.
    Gone,
}

impl Loaded {
    /// The record, if it lives.
    pub fn live(self) -> Option<Record> {
        match self {
            Self::Live(record) => Some(record),
            Self::Rotated | Self::Gone => None,
        }
    }
}

/// What came of [`Store::create`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// It is stored.
    Done,
    /// There is a record under this key already; it is left as it is.
    Taken,
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
    fn leases(&self) -> bool;
    fn at_once(&self) -> bool;
    fn create<'a>(&'a self, key: &'a SessionKey, record: Record) -> StoreFuture<'a, Created>;
    fn load<'a>(&'a self, key: &'a SessionKey) -> StoreFuture<'a, Loaded>;
    fn patch<'a>(&'a self, key: &'a SessionKey, patch: &'a Patch) -> StoreFuture<'a, Patched>;
    fn touch<'a>(&'a self, key: &'a SessionKey, deadline: Deadline) -> StoreFuture<'a, bool>;
    fn delete<'a>(&'a self, key: &'a SessionKey) -> StoreFuture<'a, bool>;
    fn exists<'a>(&'a self, keys: &'a [SessionKey]) -> StoreFuture<'a, Vec<bool>>;
    fn announce<'a>(&'a self, notice: &'a Notice) -> StoreFuture<'a, ()>;
    fn join<'a>(&'a self, user: &'a UserKey, key: &'a SessionKey) -> StoreFuture<'a, ()>;
    fn leave<'a>(&'a self, user: &'a UserKey, keys: &'a [SessionKey]) -> StoreFuture<'a, ()>;
    fn members<'a>(&'a self, user: &'a UserKey) -> StoreFuture<'a, Vec<Member>>;
    fn end_user<'a>(&'a self, user: &'a UserKey) -> StoreFuture<'a, ()>;
    fn user_ended<'a>(&'a self, user: &'a UserKey) -> StoreFuture<'a, Option<Duration>>;
    fn listen(&self, node: NodeId) -> Notices;

    /// At once, by that time; `None` where the store is not [`AT_ONCE`](Store::AT_ONCE).
    fn load_now(&self, key: &SessionKey, now: OffsetDateTime) -> Option<Result<Loaded, StoreError>>;
    /// The same.
    fn patch_now(&self, key: &SessionKey, patch: &Patch, now: OffsetDateTime) -> Option<Result<Patched, StoreError>>;

    // what outlives whoever begins it
    fn begin_load(self: Arc<Self>, key: SessionKey) -> Begun<Loaded>;
    fn begin_acquire(self: Arc<Self>, key: SessionKey, claim: Claim) -> Begun<Acquired>;
    fn begin_confirm(self: Arc<Self>, key: SessionKey, claim: Claim, known: Record) -> Begun<Acquired>;
    fn begin_patch(self: Arc<Self>, key: SessionKey, patch: Arc<Patch>) -> Begun<Patched>;
    fn begin_retire(self: Arc<Self>, key: SessionKey, retirement: Retirement) -> Begun<Patched>;
    fn begin_release(self: Arc<Self>, key: SessionKey, token: Token) -> Begun<()>;
}

/// An operation that has begun.
pub(crate) enum Begun<T> {
    /// It is done already; and taken, once it was asked for.
    Done(Option<Result<T, StoreError>>),
    /// It has to be awaited.
    Waits(StoreFuture<'static, T>),
}

impl<T> Begun<T> {
    fn new(at_once: bool, operation: impl Future<Output = Result<T, StoreError>> + Send + 'static) -> Self {
        if !at_once {
            return Self::Waits(Box::pin(operation));
        }
        Self::Done(Some(done_now(operation)))
    }
}

fn done_now<T>(operation: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    const WAITS: &str = "it says that it is `AT_ONCE`, and waits";
    operation.now_or_never().unwrap_or_else(|| Err(StoreError::unanswered(WAITS)))
}

impl<T: Unpin> Future for Begun<T> {
    type Output = Result<T, StoreError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Done(done) => done.take().map_or(Poll::Pending, Poll::Ready),
            Self::Waits(operation) => operation.as_mut().poll(context),
        }
    }
}

impl<S: Store> AnyStore for S {
    fn leases(&self) -> bool {
        S::LEASES
    }

    fn at_once(&self) -> bool {
        S::AT_ONCE
    }

    fn create<'a>(&'a self, key: &'a SessionKey, record: Record) -> StoreFuture<'a, Created> {
        Box::pin(metering::store("create", Store::create(self, key, record, now())))
    }

    fn load<'a>(&'a self, key: &'a SessionKey) -> StoreFuture<'a, Loaded> {
        Box::pin(metering::store("load", Store::load(self, key, now())))
    }

    fn patch<'a>(&'a self, key: &'a SessionKey, patch: &'a Patch) -> StoreFuture<'a, Patched> {
        Box::pin(metering::store("patch", Store::patch(self, key, patch, now())))
    }

    fn touch<'a>(&'a self, key: &'a SessionKey, deadline: Deadline) -> StoreFuture<'a, bool> {
        Box::pin(metering::store("touch", Store::touch(self, key, deadline, now())))
    }

    fn delete<'a>(&'a self, key: &'a SessionKey) -> StoreFuture<'a, bool> {
        Box::pin(metering::store("delete", Store::delete(self, key, now())))
    }

    fn exists<'a>(&'a self, keys: &'a [SessionKey]) -> StoreFuture<'a, Vec<bool>> {
        Box::pin(metering::store("exists", Store::exists(self, keys, now())))
    }

    fn announce<'a>(&'a self, notice: &'a Notice) -> StoreFuture<'a, ()> {
        Box::pin(metering::store("announce", Store::announce(self, notice)))
    }

    fn join<'a>(&'a self, user: &'a UserKey, key: &'a SessionKey) -> StoreFuture<'a, ()> {
        Box::pin(metering::store("join", Store::join(self, user, key)))
    }

    fn leave<'a>(&'a self, user: &'a UserKey, keys: &'a [SessionKey]) -> StoreFuture<'a, ()> {
        Box::pin(metering::store("leave", Store::leave(self, user, keys)))
    }

    fn members<'a>(&'a self, user: &'a UserKey) -> StoreFuture<'a, Vec<Member>> {
        Box::pin(metering::store("members", Store::members(self, user)))
    }

    fn end_user<'a>(&'a self, user: &'a UserKey) -> StoreFuture<'a, ()> {
        Box::pin(metering::store("end_user", Store::end_user(self, user)))
    }

    fn user_ended<'a>(&'a self, user: &'a UserKey) -> StoreFuture<'a, Option<Duration>> {
        Box::pin(metering::store("user_ended", Store::user_ended(self, user)))
    }

    fn listen(&self, node: NodeId) -> Notices {
        Store::listen(self, node)
    }

    fn load_now(&self, key: &SessionKey, now: OffsetDateTime) -> Option<Result<Loaded, StoreError>> {
        S::AT_ONCE.then(|| done_now(metering::store("load", Store::load(self, key, now))))
    }

    fn patch_now(&self, key: &SessionKey, patch: &Patch, now: OffsetDateTime) -> Option<Result<Patched, StoreError>> {
        S::AT_ONCE.then(|| done_now(metering::store("patch", Store::patch(self, key, patch, now))))
    }

    fn begin_load(self: Arc<Self>, key: SessionKey) -> Begun<Loaded> {
        Begun::new(S::AT_ONCE, metering::store("load", async move { Store::load(&*self, &key, now()).await }))
    }

    fn begin_acquire(self: Arc<Self>, key: SessionKey, claim: Claim) -> Begun<Acquired> {
        let acquire = async move { Store::acquire(&*self, &key, &claim, now()).await };
        Begun::new(S::AT_ONCE, metering::store("acquire", acquire))
    }

    fn begin_confirm(self: Arc<Self>, key: SessionKey, claim: Claim, known: Record) -> Begun<Acquired> {
        let confirm = async move { Store::confirm(&*self, &key, &claim, known, now()).await };
        Begun::new(S::AT_ONCE, metering::store("confirm", confirm))
    }

    fn begin_patch(self: Arc<Self>, key: SessionKey, patch: Arc<Patch>) -> Begun<Patched> {
        Begun::new(S::AT_ONCE, metering::store("patch", async move { Store::patch(&*self, &key, &patch, now()).await }))
    }

    fn begin_retire(self: Arc<Self>, key: SessionKey, retirement: Retirement) -> Begun<Patched> {
        let retire = async move { Store::retire(&*self, &key, &retirement, now()).await };
        Begun::new(S::AT_ONCE, metering::store("retire", retire))
    }

    fn begin_release(self: Arc<Self>, key: SessionKey, token: Token) -> Begun<()> {
        Begun::new(S::AT_ONCE, metering::store("release", async move { Store::release(&*self, &key, token).await }))
    }
}
