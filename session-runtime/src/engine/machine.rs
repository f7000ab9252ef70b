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
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOLD: Time = Time::from_secs(30);
    const WAIT: Time = Time::from_secs(5);

    struct Queue {
        machine: Machine,
        now: Time,
    }

    impl Queue {
        fn new() -> Self {
            Self { machine: Machine::new(HOLD), now: Time::ZERO }
        }

        fn step(&mut self, input: Input) -> Vec<Command> {
            let mut commands = Vec::new();
            self.machine.step(self.now, input, &mut commands);
            commands
        }

        fn arrive(&mut self, ticket: u64, turn: Turn) -> Vec<Command> {
            self.step(Input::Arrive { ticket: TicketId(ticket), turn, until: self.now + WAIT })
        }
    }

    fn commit(ticket: u64) -> Input {
        Input::Commit { ticket: TicketId(ticket), writes: true }
    }

    fn leave(ticket: u64) -> Input {
        Input::Leave { ticket: TicketId(ticket) }
    }

    #[test]
    fn a_writer_has_the_session_to_itself_until_it_is_answered() {
        let mut queue = Queue::new();
        assert_eq!(queue.arrive(1, Turn::Write), [Command::Load]);
        assert_eq!(queue.arrive(2, Turn::Write), []);
        assert_eq!(queue.step(Input::Loaded(Loaded::Live)), [Command::Grant(TicketId(1))]);
        assert_eq!(queue.step(commit(1)), [Command::Save(TicketId(1))]);
        assert_eq!(queue.step(Input::Saved(Saved::Applied)), [Command::Verdict(TicketId(1), Ok(()))]);
        assert_eq!(queue.step(leave(1)), [Command::Load]);
        assert_eq!(queue.step(Input::Loaded(Loaded::Live)), [Command::Grant(TicketId(2))]);
    }

    #[test]
    fn readers_share_a_load_and_hold_nobody_up() {
        let mut queue = Queue::new();
        queue.arrive(1, Turn::Write);
        queue.step(Input::Loaded(Loaded::Live));
        for ticket in 2..=3 {
            assert_eq!(queue.arrive(ticket, Turn::Read), []);
        }
        queue.arrive(4, Turn::Write);
        queue.arrive(5, Turn::Read);
        assert_eq!(queue.step(leave(1)), [Command::Load]);
        let granted = [2, 3, 4].map(|ticket| Command::Grant(TicketId(ticket)));
        assert_eq!(queue.step(Input::Loaded(Loaded::Live)), granted);
        // reader 5 came after writer 4: it sees what 4 saved
        assert_eq!(queue.step(leave(2)), []);
        assert_eq!(queue.step(leave(4)), [Command::Load]);
    }

    #[test]
    fn a_reader_that_comes_during_a_load_gets_a_fresh_one() {
        let mut queue = Queue::new();
        queue.arrive(1, Turn::Read);
        assert_eq!(queue.arrive(2, Turn::Read), []);
        assert_eq!(queue.step(Input::Loaded(Loaded::Live)), [Command::Grant(TicketId(1)), Command::Load]);
    }

    #[test]
    fn what_ended_refuses_all_and_rolls_back_the_one_that_runs() {
        let mut queue = Queue::new();
        queue.arrive(1, Turn::Write);
        queue.step(Input::Loaded(Loaded::Live));
        queue.arrive(2, Turn::Write);
        assert_eq!(queue.step(Input::Ended), [Command::Refuse(TicketId(2), Reason::Gone)]);
        assert_eq!(queue.step(commit(1)), [Command::Verdict(TicketId(1), Err(Reason::Gone))]);
        assert_eq!(queue.arrive(3, Turn::Read), [Command::Refuse(TicketId(3), Reason::Gone)]);
    }

    #[test]
    fn every_wait_ends() {
        let mut queue = Queue::new();
        queue.arrive(1, Turn::Write);
        queue.step(Input::Loaded(Loaded::Live));
        queue.arrive(2, Turn::Write);
        queue.now = WAIT;
        assert_eq!(queue.step(Input::Tick), [Command::Refuse(TicketId(2), Reason::Timeout)]);
        // the writer that never ends is put out of its turn, and cannot save afterwards
        queue.now = HOLD;
        assert_eq!(queue.arrive(3, Turn::Write), [Command::Load]);
        assert_eq!(queue.step(commit(1)), [Command::Verdict(TicketId(1), Err(Reason::Timeout))]);
        assert_eq!(queue.step(Input::Loaded(Loaded::Live)), [Command::Grant(TicketId(3))]);
        assert_eq!(queue.step(leave(1)), []);
        assert_eq!(queue.step(commit(3)), [Command::Save(TicketId(3))]);
    }

    #[test]
    fn a_save_that_nobody_waits_for_is_still_finished_first() {
        let mut queue = Queue::new();
        queue.arrive(1, Turn::Write);
        queue.step(Input::Loaded(Loaded::Live));
        queue.step(commit(1));
        queue.arrive(2, Turn::Write);
        assert_eq!(queue.step(leave(1)), []);
        assert_eq!(queue.step(Input::Saved(Saved::Applied)), [Command::Verdict(TicketId(1), Ok(())), Command::Load]);
    }

    #[test]
    fn a_failed_load_refuses_only_those_that_it_served() {
        let mut queue = Queue::new();
        queue.arrive(1, Turn::Write);
        queue.arrive(2, Turn::Write);
        assert_eq!(
            queue.step(Input::Loaded(Loaded::Failed)),
            [Command::Refuse(TicketId(1), Reason::Failed), Command::Load]
        );
    }

    /// Whatever happens in whatever order: never two writers, tickets granted in order of arrival, each answered
    /// exactly once, and the queue drains.
    #[derive(Default)]
    struct Watch {
        arrived: Vec<(u64, Turn)>,
        granted: Vec<u64>,
        refused: Vec<u64>,
        writer: Option<u64>,
        saving: Option<u64>,
        loading: bool,
    }

    impl Watch {
        fn see(&mut self, commands: &[Command]) {
            for command in commands {
                match *command {
                    Command::Load => {
                        assert!(!self.loading && self.saving.is_none());
                        self.loading = true;
                    }
                    Command::Grant(TicketId(ticket)) => {
                        assert!(!self.granted.contains(&ticket) && !self.refused.contains(&ticket));
                        assert!(self.granted.last().is_none_or(|last| *last < ticket), "out of order");
                        self.granted.push(ticket);
                        if self.arrived.contains(&(ticket, Turn::Write)) {
                            assert_eq!(self.writer, None, "two writers");
                            self.writer = Some(ticket);
                        }
                    }
                    Command::Refuse(TicketId(ticket), _) => {
                        assert!(!self.granted.contains(&ticket) && !self.refused.contains(&ticket));
                        self.refused.push(ticket);
                    }
                    Command::Save(TicketId(ticket)) => {
                        assert_eq!(self.writer, Some(ticket), "a save by another than the writer");
                        self.saving = Some(ticket);
                    }
                    Command::Verdict(..) => {}
                }
            }
        }
    }

    proptest! {
        #[test]
        fn any_interleaving_keeps_order_and_exclusion(choices in prop::collection::vec(any::<(u8, bool)>(), 1..200)) {
            let mut queue = Queue::new();
            let mut watch = Watch::default();
            let mut next = 0;
            for (choice, flag) in choices {
                let input = match choice % 7 {
                    0 | 1 => {
                        next += 1;
                        let turn = if flag { Turn::Write } else { Turn::Read };
                        watch.arrived.push((next, turn));
                        Input::Arrive { ticket: TicketId(next), turn, until: queue.now + WAIT }
                    }
                    2 if watch.loading => {
                        watch.loading = false;
                        Input::Loaded(if choice % 5 == 0 { Loaded::Failed } else { Loaded::Live })
                    }
                    3 if watch.saving.is_some() => {
                        watch.saving = None;
                        Input::Saved(if flag { Saved::Applied } else { Saved::Failed })
                    }
                    4 => match watch.writer {
                        Some(ticket) if watch.saving.is_none() => {
                            Input::Commit { ticket: TicketId(ticket), writes: flag }
                        }
                        _ => Input::Tick,
                    },
                    5 => match watch.writer {
                        Some(ticket) if watch.saving.is_none() => {
                            watch.writer = None;
                            leave(ticket)
                        }
                        _ => Input::Tick,
                    },
                    _ => {
                        queue.now += Time::from_millis(u64::from(choice) * 10);
                        Input::Tick
                    }
                };
                let commands = queue.step(input);
                watch.see(&commands);
                // it took too long, and another may have its turn
                if let Phase::Writing { ticket, .. } = queue.machine.phase {
                    watch.writer = Some(ticket.0);
                } else if matches!(queue.machine.phase, Phase::Idle | Phase::Loading(_)) {
                    watch.writer = None;
                }
            }
            // let all end
            for _ in 0..1000 {
                let input = if std::mem::take(&mut watch.loading) {
                    Input::Loaded(Loaded::Live)
                } else if watch.saving.take().is_some() {
                    Input::Saved(Saved::Applied)
                } else if let Some(ticket) = watch.writer.take() {
                    leave(ticket)
                } else {
                    break;
                };
                let commands = queue.step(input);
                watch.see(&commands);
            }
            prop_assert!(queue.machine.is_idle());
            prop_assert_eq!(watch.granted.len() + watch.refused.len(), watch.arrived.len());
        }
    }
}
