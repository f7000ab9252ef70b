//! One session's bookkeeping: its deadline, its lease, the line of those who wait for it, and the last transactions.
//!
//! It decides as the memory store of socket-session does.

use serde_json::Value;
use socket_session::store::{Claim, Deadline, Fence, Lease, NodeId, Patched, Then, Token, TransactionId};
use sqlx::{Row as _, sqlite::SqliteRow};
use time::OffsetDateTime;

use super::error::Failure;
use crate::encoding::hex;

/// How many transactions a record remembers.
const REMEMBERED: usize = 8;

/// A row of the table of sessions, but for its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) deadline: i64,
    pub(super) unconfirmed: bool,
    pub(super) retired_by: Option<TransactionId>,
    pub(super) applied: Vec<TransactionId>,
    pub(super) lease: Option<Lease>,
    /// Nobody else has written since the lease was acquired.
    pub(super) alone: bool,
    pub(super) line: Vec<(Token, NodeId)>,
}

/// A patch without its fields.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) transaction: TransactionId,
    pub(super) is_empty: bool,
    pub(super) deadline: Option<Deadline>,
    pub(super) fence: Option<Fence>,
}

/// What becomes of a patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) patched: Patched,
    /// Its fields are to be written.
    pub(super) writes: bool,
    /// The lease is offered to that node, which is to be told.
    pub(super) offered: Option<NodeId>,
}

impl Session {
    /// The columns that [`read`](Self::read) reads after the key.
    pub(super) const COLUMNS: &str = "deadline, unconfirmed, retired_by, applied, token, renewal, alone, line";

    pub(super) fn new(deadline: i64, unconfirmed: bool) -> Self {
        let (applied, line) = (Vec::new(), Vec::new());
        Self { deadline, unconfirmed, retired_by: None, applied, lease: None, alone: false, line }
    }

    pub(super) fn read(row: &SqliteRow) -> Result<Self, Failure> {
        let columns = || {
            let (token, renewal): (Option<&[u8]>, Option<i64>) = (row.try_get(5)?, row.try_get(6)?);
            let retired_by: Option<&[u8]> = row.try_get(3)?;
            let (applied, line): (&[u8], &[u8]) = (row.try_get(4)?, row.try_get(8)?);
            let lease = |token| Lease { token: Token(token), renewal: renewal.map(i64::cast_unsigned) };
            Ok(Self {
                deadline: row.try_get(1)?,
                unconfirmed: row.try_get(2)?,
                retired_by: retired_by.and_then(one).map(TransactionId),
                applied: ids(applied).map(TransactionId).collect(),
                lease: token.and_then(one).map(lease),
                alone: row.try_get(7)?,
                line: pairs(line).map(|(token, node)| (Token(token), NodeId(node))).collect(),
            })
        };
        columns().map_err(|error: sqlx::Error| Failure::new(&error))
    }

    /// The same columns with that key; what is bytes in its hexadecimal digits.
    pub(super) fn row(&self, key: Value) -> Value {
        let (token, renewal) = self.lease.map(|lease| (digits([lease.token.0]), lease.renewal)).unzip();
        Value::from([
            key,
            self.deadline.into(),
            i32::from(self.unconfirmed).into(),
            self.retired_by.map(|transaction| digits([transaction.0])).into(),
            digits(self.applied.iter().map(|transaction| transaction.0)).into(),
            token.into(),
            renewal.flatten().map(u64::cast_signed).into(),
            i32::from(self.alone).into(),
            digits(self.line.iter().flat_map(|(token, node)| [token.0, node.0])).into(),
        ])
    }

    /// Whether it is a record, and not past its deadline.
    pub(super) fn lives(&self, now: i64) -> bool {
        self.retired_by.is_none() && self.deadline > now
    }

    /// The last transaction.
    pub(super) fn latest(&self) -> Option<TransactionId> {
        self.applied.first().copied()
    }

    pub(super) fn carries(&self, token: Token) -> bool {
        self.lease.is_some_and(|lease| lease.token == token)
    }

    /// Takes the lease, or a place in the line for the one that is returned.
    pub(super) fn acquire(&mut self, claim: &Claim) -> Option<Lease> {
        match self.lease {
            Some(lease) if lease.token != claim.token && claim.over != Some(lease) => {
                if !self.line.iter().any(|(token, _)| *token == claim.token) {
                    self.line.push((claim.token, claim.node));
                }
                Some(lease)
            }
            current => {
                let renewal = current.filter(|lease| lease.token == claim.token).and_then(|lease| lease.renewal);
                self.lease = Some(Lease { token: claim.token, renewal: Some(renewal.unwrap_or(0)) });
                self.line.retain(|(token, _)| *token != claim.token);
                self.alone = true;
                None
            }
        }
    }

    /// Decides about a patch of a record that lives.
    pub(super) fn patch(&mut self, terms: &Terms) -> Verdict {
        // before the fence: it may be the same patch again, under a lease that is lost by now
        let again = self.applied.contains(&terms.transaction);
        let holds = terms.fence.is_some_and(|fence| self.carries(fence.token));
        if terms.fence.is_some() && !holds && !again {
            return Verdict { patched: Patched::Fenced, writes: false, offered: None };
        }
        let writes = !again && !terms.is_empty;
        if writes {
            self.applied.truncate(REMEMBERED - 1);
            self.applied.insert(0, terms.transaction);
            self.alone &= holds;
            if let Some(deadline) = terms.deadline {
                self.move_deadline(deadline);
            }
        }
        let Some(fence) = terms.fence.filter(|_| holds) else {
            return Verdict { patched: Patched::Applied { held: false, alone: false }, writes, offered: None };
        };
        let alone = self.alone;
        if fence.then == Then::Release || fence.then == Then::KeepUnlessWaiting && !self.line.is_empty() {
            let offered = self.release(fence.token);
            return Verdict { patched: Patched::Applied { held: false, alone }, writes, offered };
        }
        self.lease = self.lease.map(|lease| Lease { renewal: Some(lease.renewal.unwrap_or(0) + 1), ..lease });
        Verdict { patched: Patched::Applied { held: true, alone }, writes, offered: None }
    }

    /// Gives up a lease, an offer of it, or a place in the line. The node to be told that the lease is offered to it.
    pub(super) fn release(&mut self, token: Token) -> Option<NodeId> {
        self.line.retain(|(waiting, _)| *waiting != token);
        if !self.carries(token) {
            return None;
        }
        let first = (!self.line.is_empty()).then(|| self.line.remove(0));
        self.lease = first.map(|(token, _)| Lease { token, renewal: None });
        first.map(|(_, node)| node)
    }

    pub(super) fn move_deadline(&mut self, deadline: Deadline) {
        self.deadline = match deadline {
            Deadline::Extend(to) => self.deadline.max(micros(to)),
            Deadline::Set(to) => micros(to),
        };
    }
}

/// A time as it is stored.
pub(super) fn micros(time: OffsetDateTime) -> i64 {
    let micros = time.unix_timestamp_nanos().div_euclid(1_000);
    // as far as a time can go, this fits
    i64::try_from(micros).unwrap_or(i64::MAX)
}

/// What [`micros`] has made.
pub(super) fn time(micros: i64) -> Result<OffsetDateTime, Failure> {
    let nanos = i128::from(micros) * 1_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanos).map_err(|_| Failure::Odd("a deadline is no time"))
}

/// Tokens, nodes, or transactions, in hexadecimal digits.
pub(super) fn digits(ids: impl IntoIterator<Item = u128>) -> String {
    ids.into_iter().fold(String::new(), |digits, id| digits + &hex(&id.to_be_bytes()))
}

/// The first transaction of those in a row, or none.
pub(super) fn latest(applied: &[u8]) -> Option<TransactionId> {
    ids(applied).next().map(TransactionId)
}

fn one(bytes: &[u8]) -> Option<u128> {
    bytes.try_into().ok().map(u128::from_be_bytes)
}

fn ids(bytes: &[u8]) -> impl Iterator<Item = u128> {
    bytes.chunks_exact(16).filter_map(one)
}

fn pairs(bytes: &[u8]) -> impl Iterator<Item = (u128, u128)> {
    bytes.chunks_exact(32).filter_map(|pair| {
        let mut ids = ids(pair);
        ids.next().zip(ids.next())
    })
}
