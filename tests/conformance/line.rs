//! Stores that get the line wrong, and what nodes are told.

use std::{collections::HashMap, sync::Mutex};

use futures_util::StreamExt as _;
use socket_session::{
    MemoryStore,
    store::{Acquired, Claim, Ending, Lease, NodeId, Notice, Notices, Patch, Patched, SessionKey, Store, Token},
};

use super::broken::{At, Result, Sabotage};

/// The last that came is the first.
#[derive(Default)]
pub(crate) struct LastComeFirstServed(Mutex<HashMap<SessionKey, Vec<Claim>>>);

impl Sabotage for LastComeFirstServed {
    async fn acquire(&self, at: At<'_>, claim: &Claim) -> Result<Acquired> {
        let acquired = at.acquire(claim).await?;
        let line = {
            let mut lines = self.0.lock().unwrap();
            let line = lines.entry(*at.key).or_default();
            let known = line.iter().any(|waits| waits.token == claim.token);
            match &acquired {
                Acquired::Refused(_) if !known => line.insert(0, *claim),
                Acquired::Held(_) => line.retain(|waits| waits.token != claim.token),
                _ => {}
            }
            line.clone()
        };
        if let Acquired::Refused(lease) = acquired {
            let waits = line.iter().filter(|waits| waits.token != lease.token);
            for waits in waits.clone() {
                at.release(waits.token).await?;
            }
            for waits in waits {
                at.acquire(&Claim { over: None, ..*waits }).await?;
            }
        }
        Ok(acquired)
    }

    async fn release(&self, at: At<'_>, token: Token) -> Result<()> {
        if let Some(line) = self.0.lock().unwrap().get_mut(at.key) {
            line.retain(|waits| waits.token != token);
        }
        at.release(token).await
    }
}

/// Who asks again goes to the end of the line.
#[derive(Default)]
pub(crate) struct AskingAgainCostsThePlace;

impl Sabotage for AskingAgainCostsThePlace {
    async fn acquire(&self, at: At<'_>, claim: &Claim) -> Result<Acquired> {
        let current = at.lease().await?;
        if current.is_some_and(|lease| lease.token != claim.token) {
            at.release(claim.token).await?;
        }
        at.acquire(claim).await
    }
}

/// Nobody leaves the line.
#[derive(Default)]
pub(crate) struct NobodyLeavesTheLine;

impl Sabotage for NobodyLeavesTheLine {
    async fn release(&self, at: At<'_>, token: Token) -> Result<()> {
        match at.lease().await? {
            Some(lease) if lease.token == token => at.release(token).await,
            _ => Ok(()),
        }
    }
}

/// Lets in whoever comes first when the lease is free.
#[derive(Default)]
pub(crate) struct OffersNothing;

impl OffersNothing {
    async fn free(at: At<'_>) -> Result<()> {
        while let Some(Lease { token, renewal: None }) = at.lease().await? {
            at.release(token).await?;
        }
        Ok(())
    }
}

impl Sabotage for OffersNothing {
    async fn patch(&self, at: At<'_>, patch: &Patch) -> Result<Patched> {
        let patched = at.patch(patch).await?;
        Self::free(at).await?;
        Ok(patched)
    }

    async fn release(&self, at: At<'_>, token: Token) -> Result<()> {
        at.release(token).await?;
        Self::free(at).await
    }
}

/// Hands the lease over, to one who may be dead.
#[derive(Default)]
pub(crate) struct HandsOver;

impl HandsOver {
    async fn hand(at: At<'_>) -> Result<()> {
        if let Some(Lease { token, renewal: None }) = at.lease().await? {
            let claim = Claim { token, node: NodeId(0), over: None };
            at.acquire(&claim).await?;
        }
        Ok(())
    }
}

impl Sabotage for HandsOver {
    async fn patch(&self, at: At<'_>, patch: &Patch) -> Result<Patched> {
        let patched = at.patch(patch).await?;
        Self::hand(at).await?;
        Ok(patched)
    }

    async fn release(&self, at: At<'_>, token: Token) -> Result<()> {
        at.release(token).await?;
        Self::hand(at).await
    }
}

/// A takeover makes a new lease, with a line of its own.
#[derive(Default)]
pub(crate) struct TakeoverClearsTheLine(Mutex<HashMap<SessionKey, Vec<Token>>>);

impl Sabotage for TakeoverClearsTheLine {
    async fn acquire(&self, at: At<'_>, claim: &Claim) -> Result<Acquired> {
        let acquired = at.acquire(claim).await?;
        let line = {
            let mut lines = self.0.lock().unwrap();
            let line = lines.entry(*at.key).or_default();
            match &acquired {
                Acquired::Held(_) if claim.over.is_some() => std::mem::take(line),
                Acquired::Refused(_) => {
                    line.push(claim.token);
                    Vec::new()
                }
                _ => Vec::new(),
            }
        };
        for token in line.into_iter().filter(|token| *token != claim.token) {
            at.release(token).await?;
        }
        Ok(acquired)
    }
}

/// What of the notices is lost.
macro_rules! silent {
    ($($(#[$doc:meta])* $name:ident: $lost:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Default)]
        pub(crate) struct $name;

        impl Sabotage for $name {
            fn listen(&self, memory: &MemoryStore, node: NodeId) -> Notices {
                let lost: fn(&Notice, NodeId) -> bool = $lost;
                memory.listen(node).filter(move |notice| std::future::ready(!lost(notice, node))).boxed()
            }
        }
    )*};
}

silent! {
    /// Tells nobody anything.
    TellsNothing: |_, _| true;
    /// Does not say to whom the lease is offered.
    TellsNoOffers: |notice, _| matches!(notice, Notice::Offered(_));
    /// Announces nothing.
    AnnouncesNothing: |notice, _| matches!(notice, Notice::Ended { .. });
    /// Announces to the node that announces.
    AnnouncesToItself: |notice, node| matches!(notice, Notice::Ended { by, .. } if by != &node);
    /// Knows one kind of ending only.
    AnnouncesNoRotation: |notice, _| matches!(notice, Notice::Ended { how: Ending::Rotated, .. });
}
