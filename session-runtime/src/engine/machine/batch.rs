//! Writers that share one load and one save.

use std::time::Duration;

use smallvec::SmallVec;

use super::terms::{Reason, TicketId, Time, Turn, Work};

/// How long a finished handler waits for the next one of its batch.
const PATIENCE: Duration = Duration::from_millis(5);
/// How long writers join a batch, and how many: then other nodes have their turn.
const LENGTH: Duration = Duration::from_millis(50);
const WRITERS: usize = 64;
/// A save without an answer is sent again at once, before others have had time to save so often that the store has
/// forgotten it; then after this long, then after twice that, at most after this.
const AGAIN: Duration = Duration::from_millis(10);
const AGAIN_AT_MOST: Duration = Duration::from_millis(250);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Batch {
    /// Who had arrived when the record was loaded: for those who came later it is not fresh.
    mark: TicketId,
    began: Time,
    room: usize,
    pub(super) closed: bool,
    /// Somebody has run on it: what is in hand need not be what the store has.
    begun: bool,
    /// A handler has the session, until then at most.
    pub(super) running: Option<(TicketId, Time)>,
    /// Handlers that have ended and wait for the save, and since when the first of them does.
    pub(super) finished: SmallVec<[(TicketId, Work); 1]>,
    waits_since: Time,
    pub(super) saving: Option<Saving>,
    /// A save came to nothing: what runs on it comes to nothing too, and nobody joins.
    pub(super) doomed: Option<Reason>,
}

/// A save on its way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Saving {
    pub(super) tickets: SmallVec<[TicketId; 1]>,
    /// Nothing of this batch comes after it.
    pub(super) last: bool,
    pub(super) retires: bool,
    /// It comes soon after another.
    pub(super) busy: bool,
    /// Who had arrived when it was first sent.
    pub(super) mark: TicketId,
    /// Until when it is sent again.
    pub(super) until: Time,
    pub(super) again: Option<Time>,
    pause: Duration,
}

impl Saving {
    /// It has been sent before.
    pub(super) fn was_repeated(&self) -> bool {
        !self.pause.is_zero()
    }

    /// It got no answer: whether it is sent again.
    pub(super) fn unanswered(&mut self, now: Time) -> bool {
        self.again = Some(now + self.pause);
        self.pause = (self.pause * 2).clamp(AGAIN, AGAIN_AT_MOST);
        now < self.until
    }
}

impl Batch {
    pub(super) fn new(now: Time, mark: TicketId, at_once: bool) -> Self {
        Self {
            mark,
            began: now,
            room: if at_once { 1 } else { WRITERS },
            closed: false,
            begun: false,
            running: None,
            finished: SmallVec::new(),
            waits_since: now,
            saving: None,
            doomed: None,
        }
    }

    /// Whether this writer, the first in the queue, shares in it.
    pub(super) fn admits(&self, ticket: TicketId, turn: Turn, now: Time) -> bool {
        ticket < self.mark
            && !(self.begun && turn == Turn::WriteFirst)
            && self.running.is_none()
            && self.doomed.is_none()
            && self.room > 0
            && now < self.began + LENGTH
            && !self.saving.as_ref().is_some_and(|saving| saving.last)
            && self.finished.last().is_none_or(|(_, work)| *work != Work::Retire)
    }

    pub(super) fn run(&mut self, ticket: TicketId, until: Time) {
        self.running = Some((ticket, until));
        self.begun = true;
        self.room -= 1;
    }

    /// Nobody joins any more, and its lease ends with it.
    pub(super) fn close(&mut self) {
        self.room = 0;
        self.closed = true;
    }

    pub(super) fn finish(&mut self, ticket: TicketId, work: Work, now: Time) {
        self.running = None;
        if self.finished.is_empty() {
            self.waits_since = now;
        }
        self.finished.push((ticket, work));
    }

    /// Whether those who have finished have waited long enough for the one that runs.
    pub(super) fn is_overdue(&self, now: Time) -> bool {
        self.overdue().is_some_and(|due| now >= due)
    }

    fn overdue(&self) -> Option<Time> {
        let waits = self.running.is_some() && !self.finished.is_empty() && self.saving.is_none();
        waits.then(|| self.waits_since + PATIENCE)
    }

    /// Those who can be saved as one: a retirement is saved by itself.
    pub(super) fn save(&mut self, now: Time, mark: TicketId, limit: Duration, busy: bool) -> &Saving {
        let retires = self.finished.first().is_some_and(|(_, work)| *work == Work::Retire);
        let count =
            if retires { 1 } else { self.finished.iter().take_while(|(_, work)| *work != Work::Retire).count() };
        let tickets = self.finished.drain(..count).map(|(ticket, _)| ticket).collect();
        let last = self.running.is_none() && self.finished.is_empty();
        let until = now + limit;
        self.saving.insert(Saving { tickets, last, retires, busy, mark, until, again: None, pause: Duration::ZERO })
    }

    /// Whether it waits for its save.
    pub(super) fn has_committed(&self, ticket: TicketId) -> bool {
        self.finished.iter().any(|(finished, _)| *finished == ticket)
            || self.saving.as_ref().is_some_and(|saving| saving.tickets.contains(&ticket))
    }

    /// Whether it consists of the one that runs, and will.
    pub(super) fn is_full_of_it(&self) -> bool {
        self.room == 0 && self.finished.is_empty() && self.saving.is_none() && self.doomed.is_none()
    }

    /// Whether nothing of it is left.
    pub(super) fn is_over(&self) -> bool {
        self.running.is_none() && self.finished.is_empty() && self.saving.is_none()
    }

    /// When it has something to do by itself.
    pub(super) fn due(&self) -> Option<Time> {
        self.saving.as_ref().and_then(|saving| saving.again).or_else(|| self.overdue())
    }
}
