//! Leases: which node may write a session, where several can.
//!
//! Safety is the fence alone: a patch is applied if the record still carries its writer's token. The lease only avoids
//! waste. It carries no time, for no clock of another machine is trusted: who waits for it watches it on its own clock.

use time::OffsetDateTime;

use crate::record::{Record, TransactionId};

/// Names a process among those that share a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NodeId(pub u128);

/// The fence of a lease: random, compared for equality, never counted. It lives inside the session's own record, so that
/// what loses one loses both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Token(pub u128);

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

/// A lease as others see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lease {
    /// The holder's fence.
    pub token: Token,
    /// A number that is another one whenever its holder has renewed it or saved under it, and that nobody else changes: the
    /// holder's sign of life. `None` while it is only offered to the first in line.
    pub renewal: Option<u64>,
}

/// What came of [`Store::acquire`](super::Store::acquire).
#[derive(Clone, Debug, PartialEq)]
pub enum Acquired {
    /// The lease is the wisher's, and this is the record.
    Held(Record),
    /// Another holds it, or it is offered to another; the wisher has its place in the line.
    Refused(Lease),
    /// There is no such record.
    Gone,
}

/// The lease under which a patch is written, and what becomes of it, decided with the patch in one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The patch is refused unless the record still carries it.
    pub token: Token,
    /// What becomes of the lease.
    pub then: Then,
}

/// What becomes of a lease after a patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Then {
    /// It stays, renewed. An empty patch that keeps is the renewal.
    Keep,
    /// It stays, renewed, if nobody waits for it; otherwise as [`Release`](Self::Release).
    KeepUnlessWaiting,
    /// It is given back, and offered to the first that waits.
    Release,
}

/// What came of [`Store::patch`](super::Store::patch) and [`Store::retire`](super::Store::retire).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patched {
    /// It is applied, and as durable as the store says.
    Applied {
        /// The writer still holds the lease.
        held: bool,
        /// Since the writer has acquired, nobody else has written, so that it knows what is in the record: what it
        /// loaded, with its own patches. A store that does not know says `false`.
        alone: bool,
    },
    /// There is no such record: nothing was written.
    Gone,
    /// The lease is another's now: nothing was written.
    Fenced,
    /// Said to a retirement only: the record is another than was seen. Nothing was written, and the lease is as it was.
    Changed,
}

/// The end of a record whose session has got a new id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retirement {
    /// Names the transaction, so that it can be sent again when no answer came.
    pub transaction: TransactionId,
    /// Nothing is done unless the record still carries it; `None` where the store has no leases.
    pub token: Option<Token>,
    /// The [`latest`](Record::latest) transaction of the record that was seen. Nothing is done if there is another by now,
    /// for nobody has looked at what that one has written, and it would be lost.
    pub seen: Option<TransactionId>,
    /// Until then a load says [`Rotated`](super::Loaded::Rotated).
    pub until: OffsetDateTime,
}
