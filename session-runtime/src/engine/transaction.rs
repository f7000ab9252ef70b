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
    Engine, Refusal,
    drive::Commit,
    lock,
    machine::{Input, TicketId},
    queue::{Change, Queue},
    waiting::Attended,
};
use crate::{
    metering,
    record::{Fields, Patch, Record, TransactionId, size},
    store::Retirement,
    view::Access,
    within::{Until, within},
};

/// A place in a session's queue. Dropping it gives the place up.
pub(crate) struct Ticket {
    pub(super) engine: Arc<Engine>,
    pub(super) queue: Arc<Queue>,
    pub(super) id: TicketId,
    pub(super) access: Access,
    pub(super) arrived: Instant,
    /// Its turn has come with its place.
    record: Option<Record>,
    /// It is an event's, whose task attends to what it has begun.
    pub(super) is_event: bool,
}

impl Ticket {
    pub(super) fn new(
        engine: &Arc<Engine>,
        queue: Arc<Queue>,
        id: TicketId,
        access: Access,
        arrived: Instant,
        record: Option<Record>,
    ) -> Self {
        let engine = Arc::clone(engine);
        Self { engine, queue, id, access, arrived, record, is_event: false }
    }

    /// Waits for the turn, at most `wait_limit`.
    ///
    /// Cancelling it gives the place up.
    pub(crate) async fn granted(self) -> Result<Transaction, Refusal> {
        self.granted_attending(Attended::default()).await
    }

    /// The same, for the task of an event, with what it attends to until then.
    pub(crate) async fn granted_attending(self, attended: Attended) -> Result<Transaction, Refusal> {
        match self.at_hand() {
            Ok(granted) => granted,
            Err(waits) => waits.waited(attended).await,
        }
    }

    /// What comes of its turn, if that is known by now.
    pub(crate) fn at_hand(mut self) -> Result<Result<Transaction, Refusal>, Self> {
        let granted = self.record.take().map(Ok).or_else(|| lock(&self.queue.state).granted(self.id));
        match granted {
            Some(granted) => Ok(self.has(granted)),
            None => Err(self),
        }
    }

    fn has(self, granted: Result<Record, Refusal>) -> Result<Transaction, Refusal> {
        metering::waited(self.arrived);
        Ok(Transaction { record: granted?, ticket: self })
    }

    async fn waited(self, mut attended: Attended) -> Result<Transaction, Refusal> {
        let turn = poll_fn(|context| {
            attended.attend(context);
            lock(&self.queue.state).poll_granted(self.id, context)
        });
        let limit = self.engine.limits.wait;
        let granted = if let Ok(granted) = within(Until::At(self.arrived + limit), turn).await {
            granted
        } else {
            self.engine.input(&self.queue, Input::Tick);
            lock(&self.queue.state).granted(self.id)
        };
        self.has(granted.unwrap_or(Err(Refusal::Timeout)))
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
    /// Whether the session is held for writing: whoever asks for it again in the same task would wait for itself.
    pub(crate) fn is_exclusive(&self) -> bool {
        self.ticket.access == Access::Write
    }

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
        if !self.is_exclusive() {
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
        match engine.commit(queue, *id, change) {
            Commit::Saved => Committed::Settled(Some(Ok(()))),
            Commit::Waits(waiting) if self.ticket.is_event => Committed::Waits(&self.ticket, Attended::here(waiting)),
            Commit::Waits(waiting) => Committed::Waits(&self.ticket, Attended::elsewhere(waiting)),
        }
    }
}

/// What comes of a commit, which has begun: nothing of the change is in here, to be moved about.
#[must_use]
pub(crate) enum Committed<'a> {
    Settled(Option<Result<(), Refusal>>),
    Waits(&'a Ticket, Attended),
}

impl Future for Committed<'_> {
    type Output = Result<(), Refusal>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Settled(verdict) => Poll::Ready(verdict.take().unwrap_or(Err(Refusal::Unknown))),
            Self::Waits(Ticket { queue, id, .. }, attended) => {
                attended.attend(context);
                let verdict = lock(&queue.state).poll_answered(*id, context);
                verdict.map(|verdict| verdict.unwrap_or(Err(Refusal::Unknown)))
            }
        }
    }
}
