//! A place in a session's queue, and the session in hand when its turn has come.

use std::sync::Arc;

use tokio::{
    sync::oneshot,
    time::{Instant, timeout_at},
};

use super::{
    Engine, Queue, Refusal, lock,
    machine::{Input, TicketId},
};
use crate::{
    record::{Fields, Patch, Record, SessionKey, size},
    view::Access,
};

tokio::task_local! {
    /// The session that this task holds for writing: asking for it again would wait for itself.
    static HELD: SessionKey;
}

/// A place in a session's queue. Dropping it gives the place up.
pub(crate) struct Ticket {
    pub(super) engine: Arc<Engine>,
    pub(super) queue: Arc<Queue>,
    pub(super) id: TicketId,
    pub(super) access: Access,
    pub(super) deadline: Instant,
    pub(super) granted: oneshot::Receiver<Result<Record, Refusal>>,
}

impl Ticket {
    /// Waits for the turn, at most `wait_limit`.
    ///
    /// Cancelling it gives the place up.
    pub(crate) async fn granted(mut self) -> Result<Transaction, Refusal> {
        let granted = if let Ok(granted) = timeout_at(self.deadline, &mut self.granted).await {
            granted.ok()
        } else {
            self.engine.input(&self.queue, Input::Tick);
            self.granted.try_recv().ok()
        };
        let record = granted.unwrap_or(Err(Refusal::Timeout))?;
        Ok(Transaction { ticket: self, record })
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        {
            let mut state = lock(&self.queue.state);
            let _ = state.admit(&self.engine, self.id);
            state.slots.remove(&self.id);
        }
        self.engine.input(&self.queue, Input::Leave { ticket: self.id });
    }
}

/// A session in hand, with its record fresh from the store. Dropping it rolls back, and lets the next one in.
pub(crate) struct Transaction {
    ticket: Ticket,
    record: Record,
}

impl Transaction {
    /// The record as it was when the turn came.
    pub(crate) fn record(&self) -> &Record {
        &self.record
    }

    /// Saves. When it says `Ok`, the store has it; the session is still held, until this is dropped: answer first.
    ///
    /// Cancelling it does not undo the save. A patch that changes nothing asks the store for nothing.
    pub(crate) async fn commit(&mut self, patch: Patch) -> Result<(), Refusal> {
        if self.ticket.access != Access::Write {
            return Ok(());
        }
        let Ticket { engine, queue, id, .. } = &self.ticket;
        let writes = !patch.is_empty();
        if patch.changes_fields() {
            let grows = patch.set.iter().map(|(key, value)| key.len() + size(value)).sum::<usize>();
            let replaced = |key: &str| self.record.fields.get(key).map_or(0, |value| key.len() + size(value));
            let shrinks = patch.set.iter().map(|(key, _)| replaced(key)).sum::<usize>()
                + patch.remove.iter().map(|key| replaced(key)).sum::<usize>();
            let after = (self.record.fields.size() + grows).saturating_sub(shrinks);
            if after > engine.limits.session_bytes && grows > shrinks {
                return Err(Refusal::TooLarge);
            }
            // the store need not copy what nobody looks at any more
            self.record.fields = Fields::default();
        }
        let (answer, verdict) = oneshot::channel();
        if let Some(slot) = lock(&queue.state).slots.get_mut(id) {
            slot.commit = Some((patch, answer));
        }
        engine.input(queue, Input::Commit { ticket: *id, writes });
        verdict.await.unwrap_or(Err(Refusal::Unknown))
    }

    /// Runs `work` as the holder of this session: in the same task, nobody may ask for it again.
    pub(crate) async fn holding<F: Future>(&self, work: F) -> F::Output {
        if self.ticket.access == Access::Write { HELD.scope(self.ticket.queue.key, work).await } else { work.await }
    }
}

/// Whether this task holds that session already.
pub(crate) fn is_held(key: &SessionKey) -> bool {
    HELD.try_with(|held| held == key).unwrap_or(false)
}
