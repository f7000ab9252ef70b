//! A place in a session's queue, and the session in hand when its turn has come.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use time::OffsetDateTime;
use tokio::time::Instant;

use super::{
    Engine, Refusal, lock,
    machine::{Input, TicketId},
    queue::{Change, Queue},
};
use crate::{
    metering,
    record::{Fields, Patch, Record, SessionKey, TransactionId, size},
    store::Retirement,
    view::Access,
    within::{Until, within},
};

tokio::task_local! {
    /// The session that this task holds for writing: asking for it again would wait for itself.
    static HELD: Option<SessionKey>;
}

/// A place in a session's queue. Dropping it gives the place up.
pub(crate) struct Ticket {
    pub(super) engine: Arc<Engine>,
    pub(super) queue: Arc<Queue>,
    pub(super) id: TicketId,
    pub(super) access: Access,
    pub(super) arrived: Instant,
    /// Its turn has come with its place.
    pub(super) record: Option<Record>,
}

impl Ticket {
    /// Waits for the turn, at most `wait_limit`.
    ///
    /// Cancelling it gives the place up.
    pub(crate) async fn granted(mut self) -> Result<Transaction, Refusal> {
        if let Some(record) = self.record.take() {
            metering::waited(self.arrived);
            return Ok(Transaction { ticket: self, record });
        }
        let turn = poll_fn(|context| lock(&self.queue.state).poll_granted(self.id, context));
        let limit = self.engine.limits.wait;
        let granted = if let Ok(granted) = within(Until::At(self.arrived + limit), turn).await {
            granted
        } else {
            self.engine.input(&self.queue, Input::Tick);
            lock(&self.queue.state).granted(self.id)
        };
        metering::waited(self.arrived);
        let record = granted.unwrap_or(Err(Refusal::Timeout))?;
        Ok(Transaction { ticket: self, record })
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.engine.leave(&self.queue, self.id);
    }
}

/// A session in hand, with its record fresh from the store. Dropping it rolls back, and lets the next one in.
pub(crate) struct Transaction {
    ticket: Ticket,
    record: Record,
}

impl Transaction {
    /// When it asked for its turn.
    pub(crate) fn arrived(&self) -> Instant {
        self.ticket.arrived
    }

    /// The record as it was when the turn came.
    pub(crate) fn record(&self) -> &Record {
        &self.record
    }

    /// Saves, from now on. When it says `Ok`, the store has it; the session is still held, until this is dropped: answer
    /// first.
    ///
    /// Cancelling what it returns does not undo the save. A patch that changes nothing asks the store for nothing.
    pub(crate) fn commit(&mut self, patch: Patch) -> Committed<'_> {
        if self.ticket.access != Access::Write {
            return Committed::Settled(Some(Ok(())));
        }
        let engine = &self.ticket.engine;
        if patch.changes_fields() {
            let grows = patch.set.iter().map(|(key, value)| key.len() + size(value)).sum::<usize>();
            let replaced = |key: &str| self.record.fields.get(key).map_or(0, |value| key.len() + size(value));
            let shrinks = patch.set.iter().map(|(key, _)| replaced(key)).sum::<usize>()
                + patch.remove.iter().map(|key| replaced(key)).sum::<usize>();
            let after = (self.record.fields.size() + grows).saturating_sub(shrinks);
            if after > engine.limits.session_bytes && grows > shrinks {
                return Committed::Settled(Some(Err(Refusal::TooLarge)));
            }
            // the store need not copy what nobody looks at any more
            self.record.fields = Fields::default();
        }
        self.save(Change::Patch(patch))
    }

    /// Ends the record, for its session has got a new id; until then, a load says so. The session is still held, until
    /// this is dropped; and it can be tried again, if there is another transaction by now than the one that was `seen`.
    ///
    /// Cancelling it does not undo it.
    pub(crate) async fn retire(&mut self, seen: Option<TransactionId>, until: OffsetDateTime) -> Result<(), Refusal> {
        let retirement = Retirement { transaction: TransactionId::mint(), token: None, seen, until };
        self.save(Change::Retire(retirement)).await
    }

    fn save(&self, change: Change) -> Committed<'_> {
        let Ticket { engine, queue, id, .. } = &self.ticket;
        if engine.commit(queue, *id, change) {
            return Committed::Settled(Some(Ok(())));
        }
        Committed::Waits(&self.ticket)
    }
}

/// What comes of a commit, which has begun: nothing of the change is in here, to be moved about.
#[must_use]
pub(crate) enum Committed<'a> {
    Settled(Option<Result<(), Refusal>>),
    Waits(&'a Ticket),
}

impl Future for Committed<'_> {
    type Output = Result<(), Refusal>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Settled(verdict) => Poll::Ready(verdict.take().unwrap_or(Err(Refusal::Unknown))),
            Self::Waits(Ticket { queue, id, .. }) => {
                let verdict = lock(&queue.state).poll_answered(*id, context);
                verdict.map(|verdict| verdict.unwrap_or(Err(Refusal::Unknown)))
            }
        }
    }
}

/// Runs `work` as the holder of that session, if it is held for writing: in the same task, nobody may ask for it again.
pub(crate) fn holding<F: Future>(transaction: Option<&Transaction>, work: F) -> impl Future<Output = F::Output> {
    let held = transaction.filter(|transaction| transaction.ticket.access == Access::Write);
    HELD.scope(held.map(|transaction| transaction.ticket.queue.key), work)
}

/// Whether this task holds that session already.
pub(crate) fn is_held(key: &SessionKey) -> bool {
    HELD.try_with(|held| held.as_ref() == Some(key)).unwrap_or(false)
}
