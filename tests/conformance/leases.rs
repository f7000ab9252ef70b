//! Stores that get leases wrong.

use std::{
    collections::{HashMap, HashSet},
    sync::Mutex,
};

use socket_session::store::{
    Acquired, Claim, Created, Fence, Fields, Lease, NodeId, Patch, Patched, Record, SessionKey, Then, Token,
    TransactionId,
};
use tokio::task::yield_now;
use tower_sessions::cookie::time::OffsetDateTime;

use super::broken::{At, Result, Sabotage, random};

/// A clock by which nothing has ended.
const LONG_AGO: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

/// The lease, if the token carries it or has the offer of it.
async fn carries(at: At<'_>, token: Token) -> Result<bool> {
    Ok(at.lease().await?.is_some_and(|lease| lease.token == token))
}

/// Takes no lease into account: neither who writes, nor who retires.
#[derive(Default)]
pub(crate) struct WritesWithoutFence;

impl Sabotage for WritesWithoutFence {
    async fn patch(&self, at: At<'_>, patch: &Patch) -> Result<Patched> {
        match at.patch(patch).await? {
            Patched::Fenced => at.patch(&Patch { fence: None, ..patch.clone() }).await,
            patched => Ok(patched),
        }
    }
}

/// Lets in who has a token as high as the last, or higher.
#[derive(Default)]
pub(crate) struct CountsTokens;

impl Sabotage for CountsTokens {
    async fn patch(&self, at: At<'_>, patch: &Patch) -> Result<Patched> {
        let mut patch = patch.clone();
        if let (Some(fence), Some(lease)) = (&mut patch.fence, at.lease().await?)
            && fence.token.0 > lease.token.0
        {
            fence.token = lease.token;
        }
        at.patch(&patch).await
    }
}

/// Keeps 64 bits of a token.
#[derive(Default)]
pub(crate) struct KeepsHalfTheToken;

impl Sabotage for KeepsHalfTheToken {
    async fn patch(&self, at: At<'_>, patch: &Patch) -> Result<Patched> {
        let half = |token: Token| token.0 << 64;
        let mut patch = patch.clone();
        if let (Some(fence), Some(lease)) = (&mut patch.fence, at.lease().await?)
            && half(fence.token) == half(lease.token)
        {
            fence.token = lease.token;
        }
        at.patch(&patch).await
    }
}

/// Looks at the fence before it looks at the transaction.
#[derive(Default)]
pub(crate) struct LooksAtTheFenceFirst;

impl Sabotage for LooksAtTheFenceFirst {
    async fn patch(&self, at: At<'_>, patch: &Patch) -> Result<Patched> {
        if let Some(fence) = patch.fence
            && at.load().await?.live().is_some()
            && !carries(at, fence.token).await?
        {
            return Ok(Patched::Fenced);
        }
        at.patch(patch).await
    }
}

/// Writes the transaction down before it looks at the fence.
#[derive(Default)]
pub(crate) struct RemembersTheFenced;

impl Sabotage for RemembersTheFenced {
    async fn patch(&self, at: At<'_>, patch: &Patch) -> Result<Patched> {
        let patched = at.patch(patch).await?;
        if patched == Patched::Fenced && !patch.is_empty() {
            let knows = Patch { transaction: patch.transaction, remove: vec!["\u{1}".into()], ..Patch::new() };
            at.patch(&knows).await?;
        }
        Ok(patched)
    }
}

/// A patch that it knows does not hold the lease any more.
#[derive(Default)]
pub(crate) struct ReleasesWhatIsRepeated(Mutex<HashSet<TransactionId>>);

impl Sabotage for ReleasesWhatIsRepeated {
    async fn patch(&self, at: At<'_>, patch: &Patch) -> Result<Patched> {
        Ok(match at.patch(patch).await? {
            Patched::Applied { .. } if !self.0.lock().unwrap().insert(patch.transaction) => {
                Patched::Applied { held: false, alone: false }
            }
            patched => patched,
        })
    }
}

/// Takes what is not there for what another holds.
#[derive(Default)]
pub(crate) struct FencesTheDead;

impl Sabotage for FencesTheDead {
    async fn patch(&self, at: At<'_>, patch: &Patch) -> Result<Patched> {
        match at.patch(patch).await? {
            Patched::Gone if patch.fence.is_some() => Ok(Patched::Fenced),
            patched => Ok(patched),
        }
    }
}

/// Looks whether the lease is free, and then takes it.
#[derive(Default)]
pub(crate) struct ChecksThenTakes;

impl Sabotage for ChecksThenTakes {
    async fn acquire(&self, at: At<'_>, claim: &Claim) -> Result<Acquired> {
        if at.lease().await?.is_some() {
            return at.acquire(claim).await;
        }
        yield_now().await;
        let over = at.lease().await?;
        at.acquire(&Claim { over, ..*claim }).await
    }
}

/// Looks whether the lease is what the claim may take over, and then takes it over.
#[derive(Default)]
pub(crate) struct ChecksThenTakesOver;

impl Sabotage for ChecksThenTakesOver {
    async fn acquire(&self, at: At<'_>, claim: &Claim) -> Result<Acquired> {
        let now_held = at.lease().await?;
        if now_held.is_none() || claim.over != now_held {
            return at.acquire(claim).await;
        }
        yield_now().await;
        let over = at.lease().await?;
        at.acquire(&Claim { over, ..*claim }).await
    }
}

/// Takes over by token, renewed or not.
#[derive(Default)]
pub(crate) struct ComparesTheTokenOnly;

impl Sabotage for ComparesTheTokenOnly {
    async fn acquire(&self, at: At<'_>, claim: &Claim) -> Result<Acquired> {
        let current = at.lease().await?;
        let over = claim.over.map(|over| current.filter(|lease| lease.token == over.token).unwrap_or(over));
        at.acquire(&Claim { over, ..*claim }).await
    }
}

/// A lease is its holder's for ever.
#[derive(Default)]
pub(crate) struct NeverTakenOver;

impl Sabotage for NeverTakenOver {
    async fn acquire(&self, at: At<'_>, claim: &Claim) -> Result<Acquired> {
        at.acquire(&Claim { over: None, ..*claim }).await
    }
}

/// Gives the lease of the dead.
#[derive(Default)]
pub(crate) struct AcquiresTheExpired;

impl Sabotage for AcquiresTheExpired {
    async fn acquire(&self, at: At<'_>, claim: &Claim) -> Result<Acquired> {
        at.by(LONG_AGO).acquire(claim).await
    }
}

/// Gives the lease, and a record without anything.
#[derive(Default)]
pub(crate) struct AcquiresWithoutLoading;

impl Sabotage for AcquiresWithoutLoading {
    async fn acquire(&self, at: At<'_>, claim: &Claim) -> Result<Acquired> {
        Ok(match at.acquire(claim).await? {
            Acquired::Held(record) => Acquired::Held(Record { fields: Fields::default(), ..record }),
            acquired => acquired,
        })
    }
}

/// Repeats the answer to a repeated claim.
#[derive(Default)]
pub(crate) struct AnswersFromMemory(Mutex<HashMap<Token, Record>>);

impl Sabotage for AnswersFromMemory {
    async fn acquire(&self, at: At<'_>, claim: &Claim) -> Result<Acquired> {
        Ok(match at.acquire(claim).await? {
            Acquired::Held(record) => {
                Acquired::Held(self.0.lock().unwrap().entry(claim.token).or_insert(record).clone())
            }
            acquired => acquired,
        })
    }
}

/// Whoever asks for the record renews its lease.
#[derive(Default)]
pub(crate) struct LoadRenews;

impl Sabotage for LoadRenews {
    async fn load(&self, at: At<'_>) -> Result<socket_session::store::Loaded> {
        if let Some(Lease { token, renewal: Some(_) }) = at.lease().await? {
            let fence = Some(Fence { token, then: Then::Keep });
            at.patch(&Patch { fence, ..Patch::new() }).await?;
        }
        at.load().await
    }
}

/// Who writes without the lease renews it for its holder.
#[derive(Default)]
pub(crate) struct OthersRenew;

impl Sabotage for OthersRenew {
    async fn patch(&self, at: At<'_>, patch: &Patch) -> Result<Patched> {
        let patched = at.patch(patch).await?;
        if patch.fence.is_none()
            && let Some(Lease { token, renewal: Some(_) }) = at.lease().await?
        {
            let fence = Some(Fence { token, then: Then::Keep });
            at.patch(&Patch { fence, ..Patch::new() }).await?;
        }
        Ok(patched)
    }
}

/// Writes nothing for an empty patch, not even the renewal.
#[derive(Default)]
pub(crate) struct ForgetsToRenew;

impl Sabotage for ForgetsToRenew {
    async fn patch(&self, at: At<'_>, patch: &Patch) -> Result<Patched> {
        if let Some(Fence { token, then: Then::Keep }) = patch.fence
            && patch.is_empty()
            && carries(at, token).await?
        {
            return Ok(Patched::Applied { held: true, alone: false });
        }
        at.patch(patch).await
    }
}

macro_rules! thens {
    ($($(#[$doc:meta])* $name:ident: $from:ident => $to:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Default)]
        pub(crate) struct $name;

        impl Sabotage for $name {
            async fn patch(&self, at: At<'_>, patch: &Patch) -> Result<Patched> {
                let mut patch = patch.clone();
                if let Some(fence) = &mut patch.fence && fence.then == Then::$from {
                    fence.then = Then::$to;
                }
                at.patch(&patch).await
            }
        }
    )*};
}

thens! {
    /// Does not look whether anybody waits.
    KeepsWhoeverWaits: KeepUnlessWaiting => Keep;
    /// Gives the lease to who waits, whatever was asked.
    NeverInsists: Keep => KeepUnlessWaiting;
    /// Gives nothing back with a patch.
    KeepsWhatIsReleased: Release => Keep;
}

/// Releases for whoever asks.
#[derive(Default)]
pub(crate) struct AnybodyReleases;

impl Sabotage for AnybodyReleases {
    async fn release(&self, at: At<'_>, token: Token) -> Result<()> {
        at.release(token).await?;
        if let Some(lease) = at.lease().await? {
            at.release(lease.token).await?;
        }
        Ok(())
    }
}

/// Only its holder writes to a record that is leased.
#[derive(Default)]
pub(crate) struct LeaseLocksOthersOut;

impl Sabotage for LeaseLocksOthersOut {
    async fn patch(&self, at: At<'_>, patch: &Patch) -> Result<Patched> {
        if patch.fence.is_none() && at.lease().await?.is_some() {
            return Ok(Patched::Fenced);
        }
        at.patch(patch).await
    }
}

/// Says that it has written, and has not: another holds the lease.
#[derive(Default)]
pub(crate) struct LosesPatches;

impl Sabotage for LosesPatches {
    async fn patch(&self, at: At<'_>, patch: &Patch) -> Result<Patched> {
        if patch.fence.is_none() && at.lease().await?.is_some() {
            return Ok(Patched::Applied { held: false, alone: false });
        }
        at.patch(patch).await
    }
}

/// Keeps leases in a table of their own.
#[derive(Default)]
pub(crate) struct LeaseOutlivesTheRecord(Mutex<HashMap<SessionKey, Lease>>);

impl Sabotage for LeaseOutlivesTheRecord {
    async fn create(&self, at: At<'_>, record: Record) -> Result<Created> {
        let created = at.create(record).await?;
        let lease = self.0.lock().unwrap().remove(at.key);
        if let (Created::Done, Some(lease)) = (created, lease) {
            let claim = Claim { token: lease.token, node: NodeId(random()), over: None };
            at.acquire(&claim).await?;
        }
        Ok(created)
    }

    async fn delete(&self, at: At<'_>) -> Result<bool> {
        if let Some(lease) = at.lease().await? {
            self.0.lock().unwrap().insert(*at.key, lease);
        }
        at.delete().await
    }
}

/// Tells every writer that it was alone, or none.
macro_rules! alones {
    ($($name:ident: $alone:literal;)*) => {$(
        #[derive(Default)]
        pub(crate) struct $name;

        impl Sabotage for $name {
            async fn patch(&self, at: At<'_>, patch: &Patch) -> Result<Patched> {
                Ok(match at.patch(patch).await? {
                    Patched::Applied { held, .. } => Patched::Applied { held, alone: $alone },
                    patched => patched,
                })
            }
        }
    )*};
}

alones! {
    AlwaysAlone: true;
    NeverAlone: false;
}

/// Takes the lease for the record: who has it is taken to know it, whoever else has written.
#[derive(Default)]
pub(crate) struct ConfirmsWhoeverWrites;

impl Sabotage for ConfirmsWhoeverWrites {
    async fn confirm(&self, at: At<'_>, claim: &Claim, known: Record) -> Result<Acquired> {
        Ok(match at.confirm(claim, known.clone()).await? {
            Acquired::Held(Record { deadline, unconfirmed, .. }) => {
                Acquired::Held(Record { deadline, unconfirmed, ..known })
            }
            acquired => acquired,
        })
    }
}

/// Does not look at the lease.
#[derive(Default)]
pub(crate) struct ConfirmsWhoeverHolds;

impl Sabotage for ConfirmsWhoeverHolds {
    async fn confirm(&self, at: At<'_>, claim: &Claim, known: Record) -> Result<Acquired> {
        Ok(match at.confirm(claim, known).await? {
            Acquired::Refused(_) => at.load().await?.live().map_or(Acquired::Gone, Acquired::Held),
            acquired => acquired,
        })
    }
}

/// Does not look at the deadline, which others move too.
#[derive(Default)]
pub(crate) struct ConfirmsTheOldDeadline;

impl Sabotage for ConfirmsTheOldDeadline {
    async fn confirm(&self, at: At<'_>, claim: &Claim, known: Record) -> Result<Acquired> {
        let deadline = known.deadline;
        Ok(match at.confirm(claim, known).await? {
            Acquired::Held(record) => Acquired::Held(Record { deadline, ..record }),
            acquired => acquired,
        })
    }
}
