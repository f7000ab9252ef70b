//! What the machine is told, and what it says.

use std::time::Duration;

use crate::{
    store::{Lease, Then},
    view::Access,
};

/// The time since the engine began.
pub(crate) type Time = Duration;

/// Names one transaction of one session. Later ones have larger numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct TicketId(pub(crate) u64);

/// What a transaction may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Turn {
    /// Reads, and holds nobody up.
    Read,
    /// Writes, alone.
    Write,
    /// The same, beginning with what the store has: of what those before it have committed, nothing is still to be saved.
    WriteFirst,
}

impl Turn {
    pub(crate) fn of(access: Access) -> Self {
        if access == Access::Write { Self::Write } else { Self::Read }
    }

    pub(super) fn writes(self) -> bool {
        self != Self::Read
    }
}

/// What a transaction has to save.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Work {
    /// Nothing changed.
    Nothing,
    /// A patch: those of one batch are saved as one.
    Patch,
    /// The end of the record, for its session has got a new id: saved by itself, and nothing comes after it.
    Retire,
}

/// What happens to the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Input {
    /// A transaction wants its turn, until then: all of them for as long, so that who came first is the first to give up.
    Arrive { ticket: TicketId, turn: Turn, until: Time },
    /// The load that was commanded has ended.
    Loaded(Loaded),
    /// The claim that was commanded has ended.
    Claimed(Claimed),
    /// The transaction has ended well.
    Commit { ticket: TicketId, work: Work },
    /// The save that was commanded has ended.
    Saved(Saved),
    /// The renewal that was commanded has ended.
    Renewed(Saved),
    /// The transaction is over: answered, rolled back, or nobody waits for it any more.
    Leave { ticket: TicketId },
    /// The session was destroyed, or its id rotated.
    Ended,
    /// The lease may be offered to this node.
    Offered,
    /// Time has passed.
    Tick,
}

/// What a load found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Loaded {
    /// The session lives.
    Live,
    /// There is none.
    Gone,
    /// The store failed.
    Failed,
}

/// What a claim came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Claimed {
    /// The session is this node's to write. The store may have answered `at_once`: then there is no trip to be shared.
    Held { at_once: bool },
    /// It is another's, or (`own`) it is held under an old token of this node, which nobody uses any more.
    Refused { lease: Lease, own: bool },
    /// There is none.
    Gone,
    /// The store failed.
    Failed,
}

/// What a save came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Saved {
    /// It is applied.
    Applied {
        /// The lease is still this node's.
        held: bool,
        /// What is in the record is known: nobody else has written.
        alone: bool,
    },
    /// There is no session any more: nothing was written.
    Gone,
    /// Another node has taken over: nothing was written.
    Fenced,
    /// The record is another than a retirement has seen: nothing was written, and the lease is as it was.
    Changed,
    /// Nothing was written.
    Failed,
    /// The store did not say.
    Unanswered,
}

/// Why a transaction does not get what it wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Reason {
    /// The session has ended.
    Gone,
    /// It waited, or ran, for too long.
    Timeout,
    /// The store failed before anything was written.
    Failed,
    /// Another node has taken over; nothing was written.
    Lost,
    /// The record is another than this retirement has seen; nothing was written, and its turn goes on.
    Changed,
    /// The store did not say whether it saved.
    Unknown,
}

/// The answer to a commit.
pub(crate) type Verdict = Result<(), Reason>;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Command {
    /// Load the record, then say [`Input::Loaded`].
    Load,
    /// Take the lease, or one's place in the line for it, and load the record; then say [`Input::Claimed`]. Without
    /// leases, load.
    ///
    /// `anew` with a token that was never used: an older claim may still be on its way, and must not bring back a lease
    /// that was lost meanwhile.
    Claim { anew: bool, over: Option<Lease> },
    /// The transaction's turn has come: give it the record, with what was committed before it in this batch.
    Grant(TicketId),
    /// It will not come.
    Refuse(TicketId, Reason),
    /// What this one has committed is not saved: it changes nothing, or comes to nothing.
    Discard(TicketId),
    /// Save, as one, what the first so many have committed (but for what was discarded), then say [`Input::Saved`].
    Save { commits: usize, then: Then },
    /// Send the same save again, then say [`Input::Saved`].
    Resend,
    /// Renew the lease, then say [`Input::Renewed`].
    Renew,
    /// Give up the lease, or the place in the line for it. Nobody waits for this.
    Release,
    /// The answer to a commit.
    Verdict(TicketId, Verdict),
}
