//! The queue of one session as a state machine: inputs in, commands out, no I/O, no clock, no lock.
//!
//! Each transaction has a ticket. Tickets are served in the order in which they arrived: readers at the head share one
//! load and are let go at once; writers at the head share a *batch*: one load, one after the other on what those before
//! have committed, one save. What is saved is answered in that order, and the next batch begins when all are answered.
//!
//! Where several nodes share a store, a batch is written under a *lease* ([`tenure`]): the load takes it, the save gives it
//! back, or keeps it if nobody waits elsewhere, and writers wait here or come one soon after the other. Whoever comes then
//! needs a look at the store all the same: it may have been written by key, or ended; but a look is less than a load.
//!
//! Time is an input: every step is told what time it is, as the time since the engine began.

mod batch;
mod short;
mod tenure;
mod terms;

use std::{collections::VecDeque, time::Duration};

pub(super) use self::short::Next;
pub(super) use self::terms::{Claimed, Command, Input, Loaded, Reason, Saved, TicketId, Time, Turn, Verdict, Work};

use self::{
    batch::{Batch, Saving},
    tenure::{Asking, Held, Tenure},
};
use crate::store::{Lease, Then};

/// How long a lease is kept for those who wait here while others are answered.
const KEPT: Duration = Duration::from_millis(5);
/// How long it is kept for whoever comes next, and how soon one has to come after the other for that.
const BUSY: Duration = Duration::from_millis(20);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Waiter {
    ticket: TicketId,
    turn: Turn,
    until: Time,
}

/// What is decided when the engine is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Rules {
    /// Whether writers need leases.
    pub(super) leases: bool,
    /// For how long a writer may hold the session, and again be answered.
    pub(super) hold: Duration,
    /// For how long a save that gets no answer is sent again.
    pub(super) save: Duration,
}

/// A lease that was kept after a save.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Kept {
    /// The record in hand is fresh for those who had arrived before this one.
    mark: TicketId,
    /// Until when it is kept while nobody takes it up.
    until: Time,
    /// It is kept although nobody waits.
    idle: bool,
}

/// The queue of one session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Machine {
    rules: Rules,
    waiting: VecDeque<Waiter>,
    /// One more than the last that arrived.
    arrived: TicketId,
    /// A load for the readers who had arrived before this one is on its way.
    loading: Option<TicketId>,
    tenure: Tenure,
    batch: Option<Batch>,
    /// The lease was kept after a save.
    kept: Option<Kept>,
    /// When something was last saved.
    saved: Option<Time>,
    answers: VecDeque<(TicketId, Verdict)>,
    /// This one's acknowledgement is on its way: the next one waits for that, so that answers keep the order of the
    /// saves, and so that a client which does not read slows its own session down.
    answering: Option<(TicketId, Time)>,
    /// Those who have committed, and do not wait for the answer any more.
    left: Vec<TicketId>,
    ended: bool,
}

impl Machine {
    pub(super) fn new(rules: Rules) -> Self {
        Self {
            rules,
            waiting: VecDeque::new(),
            arrived: TicketId(0),
            loading: None,
            tenure: Tenure::None,
            batch: None,
            kept: None,
            saved: None,
            answers: VecDeque::new(),
            answering: None,
            left: Vec::new(),
            ended: false,
        }
    }

    /// Whether nothing waits and nothing runs.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty()
            && self.loading.is_none()
            && self.tenure == Tenure::None
            && self.batch.is_none()
            && self.answers.is_empty()
            && self.answering.is_none()
    }

    /// How many wait for their turn.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Whether the record in hand is still needed.
    pub(super) fn has_in_hand(&self) -> bool {
        self.batch.is_some() || self.kept.is_some()
    }

    /// Whether it has a lease, or a claim on one.
    pub(super) fn has_lease(&self) -> bool {
        self.tenure != Tenure::None
    }

    /// When it has something to do by itself, soon; what takes longer is found out by an [`Input::Tick`] now and then.
    pub(super) fn due(&self) -> Option<Time> {
        let waits = match &self.tenure {
            Tenure::Waiting(watched) => Some(watched.again),
            _ => None,
        };
        let kept = self.kept.map(|kept| kept.until);
        let batch = self.batch.as_ref().filter(|_| !self.is_renewing()).and_then(Batch::due);
        [waits, kept, batch].into_iter().flatten().min()
    }

    fn is_renewing(&self) -> bool {
        matches!(&self.tenure, Tenure::Held(held) if held.renewing)
    }

    /// Takes one input; `commands` gets what follows from it.
    pub(super) fn step(&mut self, now: Time, input: Input, commands: &mut Vec<Command>) {
        match input {
            Input::Arrive { ticket, turn, until } => {
                self.waiting.push_back(Waiter { ticket, turn, until });
                self.arrived = TicketId(ticket.0 + 1);
            }
            Input::Loaded(loaded) => self.loaded(loaded, commands),
            Input::Claimed(claimed) => self.claimed(now, claimed, commands),
            Input::Commit { ticket, work } => self.commit(now, ticket, work, commands),
            Input::Saved(saved) => self.saved(now, saved, commands),
            Input::Renewed(renewed) => self.renewed(now, renewed, commands),
            Input::Leave { ticket } => self.leave(ticket),
            Input::Ended => self.ended = true,
            Input::Offered => self.offered(now),
            Input::Tick => {}
        }
        self.expire(now, commands);
        self.advance(now, commands);
    }

    fn loaded(&mut self, loaded: Loaded, commands: &mut Vec<Command>) {
        let Some(mark) = self.loading.take() else {
            return;
        };
        match loaded {
            Loaded::Live if !self.ended => self.read(mark, commands),
            // ids are never used twice: what is gone stays gone
            Loaded::Live | Loaded::Gone => self.ended = true,
            Loaded::Failed => self.fail(mark, Turn::Read, commands),
        }
    }

    /// Lets the readers at the head go, on what was loaded when those before `mark` had arrived.
    fn read(&mut self, mark: TicketId, commands: &mut Vec<Command>) {
        while let Some(waiter) = self.waiting.pop_front_if(|waiter| waiter.turn == Turn::Read && waiter.ticket < mark) {
            commands.push(Command::Grant(waiter.ticket));
        }
    }

    fn fail(&mut self, mark: TicketId, turn: Turn, commands: &mut Vec<Command>) {
        while let Some(waiter) =
            self.waiting.pop_front_if(|waiter| waiter.turn.writes() == turn.writes() && waiter.ticket < mark)
        {
            commands.push(Command::Refuse(waiter.ticket, Reason::Failed));
        }
    }

    fn claimed(&mut self, now: Time, claimed: Claimed, commands: &mut Vec<Command>) {
        let Tenure::Asking(asking) = std::mem::take(&mut self.tenure) else {
            return;
        };
        match claimed {
            Claimed::Held { at_once } => {
                self.tenure = Tenure::Held(Held::new(now));
                self.batch = Some(Batch::new(now, asking.mark, at_once));
            }
            Claimed::Refused { lease, own: true } => self.claim(false, Some(lease), None, commands),
            Claimed::Refused { lease, own: false } => self.tenure = Tenure::Waiting(asking.refused(lease, now)),
            Claimed::Gone => self.ended = true,
            Claimed::Failed => self.fail(asking.mark, Turn::Write, commands),
        }
    }

    fn claim(
        &mut self,
        anew: bool,
        over: Option<Lease>,
        watched: Option<tenure::Watched>,
        commands: &mut Vec<Command>,
    ) {
        self.tenure = Tenure::Asking(Asking::new(self.arrived, watched));
        commands.push(Command::Claim { anew, over });
    }

    fn offered(&mut self, now: Time) {
        match &mut self.tenure {
            Tenure::Asking(asking) => asking.wake(),
            Tenure::Waiting(watched) => watched.again = now,
            Tenure::None | Tenure::Held(_) => {}
        }
    }

    fn commit(&mut self, now: Time, ticket: TicketId, work: Work, commands: &mut Vec<Command>) {
        let Some((batch, until)) = self.batch.as_mut().and_then(|batch| match batch.running {
            Some((running, until)) if running == ticket => Some((batch, until)),
            _ => None,
        }) else {
            // it was put out of its turn, for it took too long
            commands.extend([Command::Discard(ticket), Command::Verdict(ticket, Err(Reason::Timeout))]);
            return;
        };
        let verdict = if self.ended {
            Err(Reason::Gone)
        } else if now >= until {
            Err(Reason::Timeout)
        } else if let Some(reason) = batch.doomed {
            Err(reason)
        } else if work == Work::Nothing && batch.finished.is_empty() && batch.saving.is_none() {
            // all that it has seen is saved
            Ok(())
        } else {
            return batch.finish(ticket, work, now);
        };
        batch.running = None;
        commands.push(Command::Discard(ticket));
        self.answers.push_back((ticket, verdict));
    }

    fn saved(&mut self, now: Time, saved: Saved, commands: &mut Vec<Command>) {
        let Some(batch) = &mut self.batch else {
            return;
        };
        let Some(mut saving) = batch.saving.take() else {
            return;
        };
        // one that fails now says nothing of a copy that was sent before
        let untold = saved == Saved::Unanswered || saved == Saved::Failed && saving.was_repeated();
        if untold && saving.unanswered(now) {
            batch.saving = Some(saving);
            return;
        }
        if saved == Saved::Changed && saving.retires {
            return self.resume(now, saving, commands);
        }
        let failure = match saved {
            Saved::Applied { held, alone } => {
                if saving.was_repeated() {
                    // a copy may still be on its way: before it could be forgotten that it was applied, its fence is gone
                    batch.close();
                }
                if held {
                    self.tenure = Tenure::Held(Held::new(now));
                    // what is not known is fresh for nobody
                    let mark = if alone { saving.mark } else { TicketId(0) };
                    let idle = saving.busy;
                    let until = now + if idle { BUSY } else { KEPT };
                    self.kept = (saving.last && !saving.was_repeated()).then_some(Kept { mark, until, idle });
                } else {
                    self.tenure = Tenure::None;
                    if !saving.last && self.rules.leases {
                        batch.doomed = Some(Reason::Lost);
                    }
                }
                // saved is saved, though the session may have ended since: who wrote after it has seen what it wrote
                self.answers.extend(saving.tickets.into_iter().map(|ticket| (ticket, Ok(()))));
                self.ended |= saving.retires;
                if saving.last {
                    self.batch = None;
                }
                return;
            }
            Saved::Gone => {
                self.ended = true;
                // a copy that was sent before may have been applied, and have gone along to another id since
                if saving.was_repeated() { Reason::Unknown } else { Reason::Gone }
            }
            Saved::Fenced => {
                self.tenure = Tenure::None;
                // a copy that was sent before may have been applied, and so long ago that it is forgotten
                if saving.was_repeated() { Reason::Unknown } else { Reason::Lost }
            }
            Saved::Failed if !untold => Reason::Failed,
            // no patch is refused so
            Saved::Changed => Reason::Failed,
            Saved::Failed | Saved::Unanswered => {
                // the lease is left to whoever claims it next
                self.tenure = Tenure::None;
                Reason::Unknown
            }
        };
        self.come_to_nothing(saving, failure, commands);
    }

    /// A retirement did not come about, for it had not seen all that it would have ended: its turn goes on, so that it can
    /// look again. Surely so, even if it was sent before: it has seen what never comes back.
    fn resume(&mut self, now: Time, saving: Saving, commands: &mut Vec<Command>) {
        let Some(batch) = &mut self.batch else {
            return;
        };
        // what is in hand is not what the store has
        batch.close();
        for ticket in saving.tickets {
            if let Some(at) = self.left.iter().position(|left| *left == ticket) {
                self.left.swap_remove(at);
            } else {
                batch.running = Some((ticket, now + self.rules.hold));
                commands.push(Command::Verdict(ticket, Err(Reason::Changed)));
            }
        }
    }

    /// A save did not come about, and so what was to come after it.
    fn come_to_nothing(&mut self, saving: Saving, reason: Reason, commands: &mut Vec<Command>) {
        self.answers.extend(saving.tickets.into_iter().map(|ticket| (ticket, Err(reason))));
        // what was not sent was surely not written
        let rest = if self.ended { Reason::Gone } else { Reason::Lost };
        self.doom(if reason == Reason::Unknown { rest } else { reason }, commands);
    }

    fn doom(&mut self, reason: Reason, commands: &mut Vec<Command>) {
        if let Some(batch) = &mut self.batch {
            batch.doomed = Some(reason);
            for (ticket, _) in batch.finished.drain(..) {
                commands.push(Command::Discard(ticket));
                self.answers.push_back((ticket, Err(reason)));
            }
        }
    }

    fn renewed(&mut self, now: Time, renewed: Saved, commands: &mut Vec<Command>) {
        let Tenure::Held(held) = &mut self.tenure else {
            return;
        };
        if !std::mem::take(&mut held.renewing) {
            return;
        }
        match renewed {
            Saved::Applied { held: true, .. } | Saved::Changed | Saved::Failed | Saved::Unanswered => {
                held.renewed = now;
            }
            Saved::Applied { held: false, .. } | Saved::Fenced => {
                self.tenure = Tenure::None;
                self.doom(Reason::Lost, commands);
            }
            Saved::Gone => {
                self.ended = true;
                self.doom(Reason::Gone, commands);
            }
        }
    }

    fn leave(&mut self, ticket: TicketId) {
        if self.answering.is_some_and(|(answering, _)| answering == ticket) {
            self.answering = None;
        }
        if !self.answers.is_empty() {
            self.answers.retain(|(waiting, _)| *waiting != ticket);
        }
        if let Ok(place) = self.waiting.binary_search_by_key(&ticket, |waiter| waiter.ticket) {
            self.waiting.remove(place);
        }
        if let Some(batch) = &mut self.batch {
            if batch.running.is_some_and(|(running, _)| running == ticket) {
                batch.running = None;
            }
            // what was committed is saved, whoever waits for it
            if batch.has_committed(ticket) {
                self.left.push(ticket);
            }
        }
    }

    fn expire(&mut self, now: Time, commands: &mut Vec<Command>) {
        if self.answering.is_some_and(|(_, until)| now >= until) {
            self.answering = None;
        }
        if let Some(batch) = &mut self.batch
            && batch.running.is_some_and(|(_, until)| now >= until)
        {
            batch.running = None;
        }
        if self.ended {
            self.doom(Reason::Gone, commands);
        }
        // who came first has waited long enough first
        while let Some(waiter) = self.waiting.pop_front_if(|waiter| self.ended || now >= waiter.until) {
            commands.push(Command::Refuse(waiter.ticket, if self.ended { Reason::Gone } else { Reason::Timeout }));
        }
    }

    fn advance(&mut self, now: Time, commands: &mut Vec<Command>) {
        self.work(now, commands);
        self.answer(now, commands);
        if self.batch.is_none() && self.loading.is_none() {
            self.begin(now, commands);
        }
    }

    fn answer(&mut self, now: Time, commands: &mut Vec<Command>) {
        while self.answering.is_none()
            && let Some((ticket, verdict)) = self.answers.pop_front()
        {
            if let Some(at) = self.left.iter().position(|left| *left == ticket) {
                self.left.swap_remove(at);
            } else {
                self.answering = Some((ticket, now + self.rules.hold));
            }
            commands.push(Command::Verdict(ticket, verdict));
        }
    }

    /// Carries the batch on: the next writer, the save, the renewal, or its end.
    fn work(&mut self, now: Time, commands: &mut Vec<Command>) {
        let renewing = self.is_renewing();
        let Some(batch) = &mut self.batch else {
            return;
        };
        if let Some(writer) =
            self.waiting.pop_front_if(|waiter| waiter.turn.writes() && batch.admits(waiter.ticket, waiter.turn, now))
        {
            batch.run(writer.ticket, now + self.rules.hold);
            commands.push(Command::Grant(writer.ticket));
        }
        if let Some(saving) = &mut batch.saving {
            if saving.again.is_some_and(|again| now >= again) {
                saving.again = None;
                commands.push(Command::Resend);
            }
        } else if renewing {
            // the save would overtake it
        } else if !batch.finished.is_empty() && (batch.running.is_none() || batch.is_overdue(now)) {
            if batch.finished.iter().all(|(_, work)| *work == Work::Nothing) {
                // they have changed nothing, and all that they have seen is saved
                for (ticket, _) in batch.finished.drain(..) {
                    commands.push(Command::Discard(ticket));
                    self.answers.push_back((ticket, Ok(())));
                }
            } else {
                let busy = self.saved.replace(now).is_some_and(|saved| now < saved + BUSY);
                let may_keep = self.rules.leases && !batch.closed && (busy || !self.waiting.is_empty());
                let saving = batch.save(now, self.arrived, self.rules.save, busy);
                let then = match saving.last {
                    false => Then::Keep,
                    true if may_keep => Then::KeepUnlessWaiting,
                    true => Then::Release,
                };
                commands.push(Command::Save { commits: saving.tickets.len(), then });
            }
        } else if self.rules.leases
            && let Tenure::Held(held) = &mut self.tenure
            && held.wants_renewal(now)
            && batch.doomed.is_none()
            && !batch.is_over()
        {
            held.renewing = true;
            commands.push(Command::Renew);
        }
        if batch.is_over() && !renewing {
            self.batch = None;
            self.let_go(commands);
        }
    }

    fn let_go(&mut self, commands: &mut Vec<Command>) {
        self.kept = None;
        if std::mem::take(&mut self.tenure) != Tenure::None && self.rules.leases {
            commands.push(Command::Release);
        }
    }

    /// Begins with whoever is at the head, when all who were served have been answered.
    fn begin(&mut self, now: Time, commands: &mut Vec<Command>) {
        if matches!(self.tenure, Tenure::Held(_)) && self.kept.is_none() {
            self.let_go(commands);
        }
        if self.answering.is_some() || self.waiting.is_empty() {
            let overdue = self.kept.is_some_and(|kept| now >= kept.until);
            let unwanted = self.waiting.is_empty()
                && !matches!(self.tenure, Tenure::Asking(_))
                && !self.kept.is_some_and(|kept| kept.idle);
            if overdue || unwanted {
                self.let_go(commands);
            }
            return;
        }
        if let Some(Kept { mark, .. }) = self.kept.take() {
            self.read(mark, commands);
            if self.waiting.front().is_some_and(|waiter| waiter.turn.writes() && waiter.ticket < mark) {
                self.batch = Some(Batch::new(now, mark, false));
                return self.work(now, commands);
            }
        }
        let Some(first) = self.waiting.front() else {
            return self.let_go(commands);
        };
        match (first.turn, &self.tenure) {
            (_, Tenure::Asking(_)) => {}
            (Turn::Read, _) => {
                self.let_go(commands);
                self.loading = Some(self.arrived);
                commands.push(Command::Load);
            }
            (Turn::Write | Turn::WriteFirst, Tenure::Waiting(watched)) => {
                if now >= watched.again {
                    let watched = *watched;
                    self.claim(false, watched.overdue(now), Some(watched), commands);
                }
            }
            (Turn::Write | Turn::WriteFirst, Tenure::Held(_)) => self.claim(false, None, None, commands),
            (Turn::Write | Turn::WriteFirst, Tenure::None) => self.claim(true, None, None, commands),
        }
    }
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
