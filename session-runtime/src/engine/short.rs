//! The short way: what a session needs of a store that answers at once, in one go and under one lock, where [`drive`] would
//! take it step by step.
//!
//! It is gone where nobody else is in between, and where the store says yes; whatever else it says is told to the machine.
//!
//! [`drive`]: super::drive

use super::{
    Engine,
    machine::{Next, TicketId, Time, Turn},
    queue::{Change, Queue, State},
};
use crate::{
    clock,
    record::{Record, SessionKey},
    store::{Loaded, Patched, StoreError},
};

/// What came of a commit.
pub(super) enum Settled {
    /// It is saved.
    Saved,
    /// Not this way: the store has been asked, and this is what it said.
    Said(Result<Patched, StoreError>),
    /// Not this way.
    No,
}

impl Engine {
    /// The session's record, if the store has it at hand.
    fn at_hand(&self, key: &SessionKey, now: Time) -> Option<Record> {
        match self.store.load_now(key, clock::recent(self.epoch + now)) {
            Some(Ok(Loaded::Live(record))) => Some(record),
            // whoever asks again finds out why
            _ => None,
        }
    }

    /// A place in the queue of a session that is free, with the turn.
    pub(super) fn take(&self, queue: &Queue, state: &mut State, now: Time, turn: Turn) -> Option<(TicketId, Record)> {
        if !state.machine.is_free() || self.limits.wait.is_zero() {
            return None;
        }
        let record = self.at_hand(&queue.key, now)?;
        let ticket = state.take_place(self, 0);
        state.machine.take(now, ticket, turn);
        Some((ticket, record))
    }

    /// Saves what one has committed that is alone.
    pub(super) fn settle(
        &self,
        queue: &Queue,
        state: &mut State,
        now: Time,
        ticket: TicketId,
        change: &Change,
    ) -> Settled {
        let (work, Change::Patch(patch)) = (change.work(), change) else {
            return Settled::No;
        };
        if !self.store.at_once() || !state.machine.saves_alone(now, ticket, work) {
            return Settled::No;
        }
        // the store need not copy what nobody looks at any more
        state.record = None;
        if !patch.is_empty() {
            self.known.saving(&queue.key);
            // what moves a deadline must not find a session alive that was over for others
            let time = if patch.deadline.is_some() { clock::now() } else { clock::recent(self.epoch + now) };
            match self.store.patch_now(&queue.key, patch, time) {
                // before it is answered
                Some(Ok(Patched::Applied { .. })) => self.known.saved(&queue.key, Some(patch)),
                Some(said) => return Settled::Said(said),
                None => return Settled::No,
            }
        }
        state.machine.settle(now, ticket, work);
        Settled::Saved
    }

    /// Nobody has that ticket any more: whether that was all, and the next one has its turn, if there is one.
    pub(super) fn pass_on(&self, queue: &Queue, state: &mut State, ticket: TicketId) -> bool {
        match state.machine.after(ticket) {
            Some(Next::Nobody) => state.machine.rest(),
            Some(Next::Writer(next)) => {
                let now = self.now();
                let record = if state.machine.has_time(now) { self.at_hand(&queue.key, now) } else { None };
                let Some(record) = record else {
                    return false;
                };
                state.machine.pass_on(now);
                state.grant(self, next, Ok(record));
            }
            None => return false,
        }
        true
    }
}
