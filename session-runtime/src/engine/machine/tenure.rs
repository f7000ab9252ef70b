//! Where this node stands with a session's lease.

use std::time::Duration;

use super::terms::{TicketId, Time};
use crate::store::Lease;

/// How long a lease lasts that is not renewed, as a waiter sees it.
const LEASE: Duration = Duration::from_secs(4);
/// After how long it is renewed.
const RENEWAL: Duration = Duration::from_secs(1);
/// For how long an offer stands.
const OFFER: Duration = Duration::from_millis(150);
/// After how long a waiter looks again that was not woken: messages can be lost.
const PAUSE: Duration = Duration::from_millis(250);

/// Where this node stands with the lease. Without leases it has the session to itself, and each load is a claim.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Tenure {
    /// It has no lease, and asks for none.
    #[default]
    None,
    /// A claim is on its way.
    Asking(Asking),
    /// It stands in the line.
    Waiting(Watched),
    /// It holds the lease.
    Held(Held),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Asking {
    /// Who had arrived when it was sent.
    pub(super) mark: TicketId,
    watched: Option<Watched>,
    woken: bool,
}

/// A lease of another, watched on this node's own clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Watched {
    lease: Lease,
    since: Time,
    /// When to ask again.
    pub(super) again: Time,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Held {
    pub(super) renewed: Time,
    pub(super) renewing: bool,
}

impl Watched {
    fn patience(lease: Lease) -> Duration {
        if lease.renewal.is_some() { LEASE } else { OFFER }
    }

    /// The lease, if nothing has moved it for so long that its holder is taken for dead.
    pub(super) fn overdue(&self, now: Time) -> Option<Lease> {
        (now >= self.since + Self::patience(self.lease)).then_some(self.lease)
    }
}

impl Asking {
    pub(super) fn new(mark: TicketId, watched: Option<Watched>) -> Self {
        Self { mark, watched, woken: false }
    }

    /// The lease is another's: it is watched from now on, or still.
    pub(super) fn refused(&self, lease: Lease, now: Time) -> Watched {
        let since = self.watched.filter(|watched| watched.lease == lease).map_or(now, |watched| watched.since);
        let again = if self.woken { now } else { (now + PAUSE).min(since + Watched::patience(lease)) };
        Watched { lease, since, again }
    }

    /// The offer came before the answer to the claim.
    pub(super) fn wake(&mut self) {
        self.woken = true;
    }
}

impl Held {
    pub(super) fn new(now: Time) -> Self {
        Self { renewed: now, renewing: false }
    }

    pub(super) fn wants_renewal(&self, now: Time) -> bool {
        !self.renewing && now >= self.renewed + RENEWAL
    }
}
