//! One record with its bookkeeping: its lease, the line of those who wait for it, and the last transactions.

use std::collections::VecDeque;

use crate::{
    record::{Patch, Record, TransactionId},
    store::{Acquired, Claim, Lease, NodeId, Patched, Then, Token},
};

/// How many transactions a record remembers.
const REMEMBERED: usize = 8;

pub(super) struct Entry {
    pub(super) record: Record,
    applied: VecDeque<TransactionId>,
    lease: Option<Lease>,
    /// Nobody else has written since the lease was acquired.
    alone: bool,
    line: VecDeque<(Token, NodeId)>,
}

impl Entry {
    pub(super) fn new(record: Record) -> Self {
        let record = Record { latest: None, ..record };
        Self { record, applied: VecDeque::new(), lease: None, alone: false, line: VecDeque::new() }
    }

    pub(super) fn carries(&self, token: Token) -> bool {
        self.lease.is_some_and(|lease| lease.token == token)
    }

    pub(super) fn knows(&self, transaction: TransactionId) -> bool {
        self.applied.contains(&transaction)
    }

    pub(super) fn acquire(&mut self, claim: &Claim) -> Acquired {
        match self.lease {
            Some(lease) if lease.token != claim.token && claim.over != Some(lease) => {
                if !self.line.iter().any(|(token, _)| *token == claim.token) {
                    self.line.push_back((claim.token, claim.node));
                }
                Acquired::Refused(lease)
            }
            current => {
                let renewal = current.filter(|lease| lease.token == claim.token).and_then(|lease| lease.renewal);
                self.lease = Some(Lease { token: claim.token, renewal: Some(renewal.unwrap_or(0)) });
                self.line.retain(|(token, _)| *token != claim.token);
                self.alone = true;
                Acquired::Held(self.record.clone())
            }
        }
    }

    pub(super) fn confirm(&mut self, claim: &Claim, known: Record) -> Acquired {
        if !self.carries(claim.token) || !self.alone {
            return self.acquire(claim);
        }
        let Record { deadline, unconfirmed, .. } = self.record;
        Acquired::Held(Record { deadline, unconfirmed, ..known })
    }

    /// Applies a patch but for its deadline; and the node to be told that the lease is offered to it.
    pub(super) fn patch(&mut self, patch: &Patch) -> (Patched, Option<NodeId>) {
        let again = self.knows(patch.transaction);
        let holds = patch.fence.is_some_and(|fence| self.carries(fence.token));
        if patch.fence.is_some() && !holds && !again {
            return (Patched::Fenced, None);
        }
        if !again {
            self.record.fields.apply(patch);
            if !patch.is_empty() {
                self.applied.truncate(REMEMBERED - 1);
                self.applied.push_front(patch.transaction);
                self.record.latest = Some(patch.transaction);
                self.alone &= holds;
            }
        }
        let Some(fence) = patch.fence.filter(|_| holds) else {
            return (Patched::Applied { held: false, alone: false }, None);
        };
        if fence.then == Then::Release || fence.then == Then::KeepUnlessWaiting && !self.line.is_empty() {
            return (Patched::Applied { held: false, alone: self.alone }, self.release(fence.token));
        }
        self.lease = self.lease.map(|lease| Lease { renewal: Some(lease.renewal.unwrap_or(0) + 1), ..lease });
        (Patched::Applied { held: true, alone: self.alone }, None)
    }

    /// The node to be told that the lease is offered to it.
    pub(super) fn release(&mut self, token: Token) -> Option<NodeId> {
        self.line.retain(|(waiting, _)| *waiting != token);
        if !self.carries(token) {
            return None;
        }
        let first = self.line.pop_front();
        self.lease = first.map(|(token, _)| Lease { token, renewal: None });
        first.map(|(_, node)| node)
    }
}
