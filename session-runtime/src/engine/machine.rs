//! The queue of one session as a state machine: inputs in, commands out, no I/O, no clock, no lock.
//!
//! Each transaction has a ticket. Tickets are served in the order in which they arrived: readers at the head share one
//! load and are let go at once; a writer has the session to itself until it has been answered.
//!
//! ```text
//! Idle → Loading → Writing → Saving → Answering → Idle
//!           └─ only readers ──────────────────────↗
//! ```
//!
//! Time is an input: every step is told what time it is, as the time since the engine began.

use std::{collections::VecDeque, time::Duration};

/// The time since the engine began.
pub(super) type Time = Duration;

/// Names one transaction of one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct TicketId(pub(super) u64);

/// What a transaction may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Reads, and holds nobody up.
    Read,
    /// Writes, alone.
    Write,
}

/// What happens to the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// A transaction wants its turn, until then.
    Arrive { ticket: TicketId, turn: Turn, until: Time },
    /// The load that was commanded has ended.
    Loaded(Loaded),
    /// The transaction has ended well; it has something to save, or not.
    Commit { ticket: TicketId, writes: bool },
    /// The save that was commanded has ended.
    Saved(Saved),
    /// The transaction is over: answered, rolled back, or nobody waits for it any more.
    Leave { ticket: TicketId },
    /// The session was destroyed, or its id rotated.
    Ended,
    /// Time has passed.
    Tick,
}

/// What a load found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loaded {
    /// The session lives.
    Live,
    /// There is none.
    Gone,
    /// The store failed.
    Failed,
}

/// What a save came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Saved {
    /// It is applied.
    Applied,
    /// There is no session any more: nothing was written.
    Gone,
    /// Nothing was written.
    Failed,
    /// Nobody knows.
    Unknown,
}

/// Why a transaction does not get what it wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// The session has ended.
    Gone,
    /// It waited, or ran, for too long.
    Timeout,
    /// The store failed before anything was written.
    Failed,
    /// The store did not say whether it saved.
    Unknown,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// Load the record, then say [`Input::Loaded`].
    Load,
    /// The transaction's turn has come: give it the record.
    Grant(TicketId),
    /// It will not come.
    Refuse(TicketId, Reason),
    /// Save what the transaction committed, then say [`Input::Saved`].
    Save(TicketId),
    /// The answer to a commit.
    Verdict(TicketId, Result<(), Reason>),
}

#[derive(Clone, Copy, Debug)]
struct Waiter {
    ticket: TicketId,
    turn: Turn,
    until: Time,
}

#[derive(Debug, Default)]
enum Phase {
    #[default]
    Idle,
    /// One load for all of these: readers, and at most one writer, the last.
    Loading(VecDeque<Waiter>),
    /// A handler holds the session.
    Writing { ticket: TicketId, until: Time },
    /// Its changes are on their way; `left` if nobody waits for the answer any more.
    Saving { ticket: TicketId, left: bool },
    /// It is saved, and its acknowledgement is on its way: the next one waits for that, so that answers keep the order
    /// of the saves, and so that a client which does not read slows its own session down.
    Answering { ticket: TicketId, until: Time },
}

/// The queue of one session.
#[derive(Debug)]
pub(super) struct Machine {
    waiting: VecDeque<Waiter>,
    phase: Phase,
    ended: bool,
    /// For how long a writer may hold the session, and again be answered.
    hold: Duration,
}

impl Machine {
    pub(super) fn new(hold: Duration) -> Self {
        Self { waiting: VecDeque::new(), phase: Phase::Idle, ended: false, hold }
    }

    /// Whether nothing waits and nothing runs.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && matches!(self.phase, Phase::Idle)
    }

    /// How many wait for their turn.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Takes one input; `commands` gets what follows from it.
    pub(super) fn step(&mut self, now: Time, input: Input, commands: &mut Vec<Command>) {
        match input {
            Input::Arrive { ticket, turn, until } => self.waiting.push_back(Waiter { ticket, turn, until }),
            Input::Loaded(loaded) => self.loaded(now, loaded, commands),
            Input::Commit { ticket, writes } => self.commit(now, ticket, writes, commands),
            Input::Saved(saved) => self.saved(now, saved, commands),
            Input::Leave { ticket } => self.leave(ticket),
            Input::Ended => self.ended = true,
            Input::Tick => {}
        }
        self.expire(now, commands);
        self.advance(commands);
    }

    fn loaded(&mut self, now: Time, loaded: Loaded, commands: &mut Vec<Command>) {
        let Phase::Loading(served) = std::mem::take(&mut self.phase) else {
            return;
        };
        let refuse = match loaded {
            Loaded::Live if !self.ended => None,
            Loaded::Live | Loaded::Gone => {
                // ids are never used twice: what is gone stays gone
                self.ended = true;
                Some(Reason::Gone)
            }
            Loaded::Failed => Some(Reason::Failed),
        };
        for waiter in served {
            if let Some(reason) = refuse {
                commands.push(Command::Refuse(waiter.ticket, reason));
                continue;
            }
            commands.push(Command::Grant(waiter.ticket));
            if waiter.turn == Turn::Write {
                self.phase = Phase::Writing { ticket: waiter.ticket, until: now + self.hold };
            }
        }
    }

    fn commit(&mut self, now: Time, ticket: TicketId, writes: bool, commands: &mut Vec<Command>) {
        let verdict = match self.phase {
            Phase::Writing { ticket: current, until } if current == ticket => {
                if self.ended {
                    Err(Reason::Gone)
                } else if now >= until {
                    Err(Reason::Timeout)
                } else if writes {
                    self.phase = Phase::Saving { ticket, left: false };
                    commands.push(Command::Save(ticket));
                    return;
                } else {
                    Ok(())
                }
            }
            // it was put out of its turn, for it took too long
            _ => return commands.push(Command::Verdict(ticket, Err(Reason::Timeout))),
        };
        self.answer(now, ticket, verdict, commands);
    }

    fn saved(&mut self, now: Time, saved: Saved, commands: &mut Vec<Command>) {
        let Phase::Saving { ticket, left } = self.phase else {
            return;
        };
        let verdict = match saved {
            // destroyed while the save was under way: what was saved is deleted with the rest
            Saved::Applied if self.ended => Err(Reason::Gone),
            Saved::Applied => Ok(()),
            Saved::Gone => {
                self.ended = true;
                Err(Reason::Gone)
            }
            Saved::Failed => Err(Reason::Failed),
            Saved::Unknown => Err(Reason::Unknown),
        };
        self.answer(now, ticket, verdict, commands);
        if left {
            self.phase = Phase::Idle;
        }
    }

    fn answer(&mut self, now: Time, ticket: TicketId, verdict: Result<(), Reason>, commands: &mut Vec<Command>) {
        self.phase = Phase::Answering { ticket, until: now + self.hold };
        commands.push(Command::Verdict(ticket, verdict));
    }

    fn leave(&mut self, ticket: TicketId) {
        match &mut self.phase {
            Phase::Writing { ticket: current, .. } | Phase::Answering { ticket: current, .. } if *current == ticket => {
                self.phase = Phase::Idle;
                return;
            }
            // nobody waits for the load any more: it ends as it ends, and serves who is left
            Phase::Loading(served) => served.retain(|waiter| waiter.ticket != ticket),
            Phase::Saving { ticket: current, left } if *current == ticket => {
                *left = true;
                return;
            }
            _ => {}
        }
        self.waiting.retain(|waiter| waiter.ticket != ticket);
    }

    fn expire(&mut self, now: Time, commands: &mut Vec<Command>) {
        if let Phase::Writing { until, .. } | Phase::Answering { until, .. } = self.phase
            && now >= until
        {
            self.phase = Phase::Idle;
        }
        let ended = self.ended;
        let mut refuse = |waiter: &Waiter| {
            let reason = if ended {
                Reason::Gone
            } else if now >= waiter.until {
                Reason::Timeout
            } else {
                return true;
            };
            commands.push(Command::Refuse(waiter.ticket, reason));
            false
        };
        if let Phase::Loading(served) = &mut self.phase {
            served.retain(&mut refuse);
        }
        self.waiting.retain(&mut refuse);
    }

    fn advance(&mut self, commands: &mut Vec<Command>) {
        if !matches!(self.phase, Phase::Idle) || self.waiting.is_empty() {
            return;
        }
        let mut served = VecDeque::new();
        while let Some(waiter) = self.waiting.pop_front() {
            served.push_back(waiter);
            if waiter.turn == Turn::Write {
                break;
            }
        }
        self.phase = Phase::Loading(served);
        commands.push(Command::Load);
    }
}

#[cfg(test)]
mod tests;
