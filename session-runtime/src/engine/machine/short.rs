//! The short way: what takes a machine without leases several steps, in one, where the store answers at once.
//!
//! Each of these ends in the very state in which the steps would have, and commands what they would have commanded. Who
//! calls it has asked the store already, and the store has said yes; everything else goes through the steps.

use super::{Batch, Held, Machine, Tenure, TicketId, Time, Turn, Work};

/// Who comes after one that has been answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Next {
    Nobody,
    Writer(TicketId),
}

impl Machine {
    /// Whether whoever arrives now has its turn, and needs no more for it than the record.
    pub(in crate::engine) fn is_free(&self) -> bool {
        !self.rules.leases && !self.ended && self.is_idle()
    }

    /// One arrives where it [is free](Self::is_free), and its turn comes with the record: it arrived, and was loaded.
    pub(in crate::engine) fn take(&mut self, now: Time, ticket: TicketId, turn: Turn) {
        self.arrived = TicketId(ticket.0 + 1);
        if turn.writes() {
            self.run_alone(now, ticket);
        }
    }

    /// Whether what this one commits now is saved by itself, and nobody else is heard of meanwhile.
    pub(in crate::engine) fn saves_alone(&self, now: Time, ticket: TicketId, work: Work) -> bool {
        let is_alone = |batch: &Batch| {
            batch.running.is_some_and(|(running, until)| running == ticket && now < until) && batch.is_full_of_it()
        };
        !self.rules.leases
            && work != Work::Retire
            && self.batch.as_ref().is_some_and(is_alone)
            && self.answering.is_none()
            && self.has_time(now)
    }

    /// What [it alone](Self::saves_alone) has committed is saved, and it is answered: it committed, and was saved.
    pub(in crate::engine) fn settle(&mut self, now: Time, ticket: TicketId, work: Work) {
        if work != Work::Nothing {
            self.saved = Some(now);
        }
        self.tenure = Tenure::None;
        self.batch = None;
        self.answering = Some((ticket, now + self.rules.hold));
    }

    /// Who comes after this one, when it leaves: nobody, or a writer who needs no more for its turn than the record.
    pub(in crate::engine) fn after(&self, ticket: TicketId) -> Option<Next> {
        let is_over = self.answering.is_some_and(|(answering, _)| answering == ticket)
            && !self.rules.leases
            && self.batch.is_none()
            && self.answers.is_empty();
        match self.waiting.front() {
            _ if !is_over => None,
            None => Some(Next::Nobody),
            Some(waiter) => waiter.turn.writes().then_some(Next::Writer(waiter.ticket)),
        }
    }

    /// This one leaves, and [nobody](Next::Nobody) comes after it.
    pub(in crate::engine) fn rest(&mut self) {
        self.answering = None;
    }

    /// Whether nobody has waited for too long.
    pub(in crate::engine) fn has_time(&self, now: Time) -> bool {
        self.waiting.front().is_none_or(|waiter| now < waiter.until)
    }

    /// One leaves, and the turn of the [next](Next::Writer) comes with the record: the one left, and it was loaded.
    pub(in crate::engine) fn pass_on(&mut self, now: Time) {
        self.answering = None;
        if let Some(next) = self.waiting.pop_front() {
            self.run_alone(now, next.ticket);
        }
    }

    fn run_alone(&mut self, now: Time, ticket: TicketId) {
        self.tenure = Tenure::Held(Held::new(now));
        let batch = self.batch.insert(Batch::new(now, self.arrived, true));
        batch.run(ticket, now + self.rules.hold);
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, time::Duration};

    use proptest::{
        prelude::*,
        test_runner::{Config, TestRunner},
    };

    use super::*;
    use crate::engine::machine::{Claimed, Command, Input, Loaded, Rules, Saved};
    use crate::store::Then;

    const RULES: Rules = Rules { leases: false, hold: Duration::from_secs(30), save: Duration::from_secs(5) };
    const WAIT: Duration = Duration::from_secs(5);

    /// What the steps come to.
    fn steps(machine: &Machine, now: Time, inputs: &[Input]) -> (Machine, Vec<Command>) {
        let (mut machine, mut commands) = (machine.clone(), Vec::new());
        for input in inputs {
            machine.step(now, *input, &mut commands);
        }
        (machine, commands)
    }

    /// A session, its machine, and what is under way.
    #[derive(Clone)]
    struct Session {
        machine: Machine,
        now: Time,
        arrived: u64,
        /// Those who have their turn, or wait for an answer, or have it.
        here: BTreeSet<u64>,
        running: Option<u64>,
        io: Option<Command>,
        /// Whether the store answers at once.
        at_once: bool,
        /// How often each short way was gone.
        short: [u32; 5],
    }

    const HELD: Input = Input::Claimed(Claimed::Held { at_once: true });
    const APPLIED: Input = Input::Saved(Saved::Applied { held: false, alone: false });

    impl Session {
        fn new(at_once: bool) -> Self {
            let machine = Machine::new(RULES);
            Self {
                machine,
                now: WAIT,
                arrived: 0,
                here: BTreeSet::new(),
                running: None,
                io: None,
                at_once,
                short: [0; 5],
            }
        }

        /// One has gone, for whom so many have waited: they share a batch, and the first of them runs.
        fn sharing(writers: u64) -> Self {
            let mut session = Self::new(false);
            for _ in 0..=writers {
                session.arrive(Turn::Write);
            }
            session.answer(0);
            session.commit(Work::Patch);
            session.answer(0);
            session.leave(0);
            session.answer(0);
            session
        }

        fn step(&mut self, input: Input) {
            let mut commands = Vec::new();
            self.machine.step(self.now, input, &mut commands);
            for command in commands {
                match command {
                    Command::Grant(ticket) => self.running = Some(ticket.0),
                    Command::Load | Command::Claim { .. } | Command::Save { .. } | Command::Resend => {
                        self.io = Some(command);
                    }
                    _ => {}
                }
            }
        }

        fn arrive(&mut self, turn: Turn) {
            let ticket = TicketId(self.arrived);
            self.arrived += 1;
            self.here.insert(ticket.0);
            let arrives = Input::Arrive { ticket, turn, until: self.now + WAIT };
            if self.machine.is_free() {
                let (came, load) = if turn.writes() {
                    (HELD, Command::Claim { anew: true, over: None })
                } else {
                    (Input::Loaded(Loaded::Live), Command::Load)
                };
                let (long, commands) = steps(&self.machine, self.now, &[arrives, came]);
                let mut short = self.machine.clone();
                short.take(self.now, ticket, turn);
                assert_eq!(short, long);
                assert_eq!(commands, [load, Command::Grant(ticket)]);
                self.short[usize::from(turn.writes())] += 1;
            }
            self.step(arrives);
        }

        fn commit(&mut self, work: Work) {
            let Some(running) = self.running.take() else {
                return;
            };
            let ticket = TicketId(running);
            let commits = Input::Commit { ticket, work };
            if self.machine.saves_alone(self.now, ticket, work) {
                let inputs: &[_] = if work == Work::Nothing { &[commits] } else { &[commits, APPLIED] };
                let (long, commands) = steps(&self.machine, self.now, inputs);
                let mut short = self.machine.clone();
                short.settle(self.now, ticket, work);
                assert_eq!(short, long);
                let before = match work {
                    Work::Nothing => Command::Discard(ticket),
                    _ => Command::Save { commits: 1, then: Then::Release },
                };
                assert_eq!(commands, [before, Command::Verdict(ticket, Ok(()))]);
                self.short[2] += 1;
            }
            self.step(commits);
        }

        fn leave(&mut self, which: usize) {
            let Some(ticket) = self.here.iter().nth(which % self.here.len().max(1)).copied() else {
                return;
            };
            self.here.remove(&ticket);
            self.running = self.running.filter(|running| *running != ticket);
            let ticket = TicketId(ticket);
            let leaves = Input::Leave { ticket };
            match self.machine.after(ticket) {
                Some(Next::Nobody) => {
                    let mut short = self.machine.clone();
                    short.rest();
                    assert_eq!((short, vec![]), steps(&self.machine, self.now, &[leaves]));
                    self.short[3] += 1;
                }
                Some(Next::Writer(next)) if self.machine.has_time(self.now) => {
                    let (long, commands) = steps(&self.machine, self.now, &[leaves, HELD]);
                    let mut short = self.machine.clone();
                    short.pass_on(self.now);
                    assert_eq!(short, long);
                    assert_eq!(commands, [Command::Claim { anew: true, over: None }, Command::Grant(next)]);
                    self.short[4] += 1;
                }
                _ => {}
            }
            self.step(leaves);
        }

        fn answer(&mut self, how: u8) {
            let input = match self.io.take() {
                Some(Command::Load) => {
                    Input::Loaded([Loaded::Live, Loaded::Live, Loaded::Failed][usize::from(how % 3)])
                }
                Some(Command::Claim { .. }) => Input::Claimed(
                    [Claimed::Held { at_once: self.at_once }, Claimed::Gone, Claimed::Failed][usize::from(how % 3)],
                ),
                Some(_) => {
                    let saved = [Saved::Applied { held: false, alone: false }, Saved::Failed, Saved::Unanswered];
                    Input::Saved(saved[usize::from(how % 3)])
                }
                None => return,
            };
            self.step(input);
        }
    }

    #[derive(Clone, Copy, Debug)]
    enum Happens {
        Arrive(Turn),
        Commit(Work),
        Leave(usize),
        Answer(u8),
        Pass(u64),
        Tick,
        End,
    }

    fn happens() -> impl Strategy<Value = Happens> {
        let turn = prop_oneof![3 => Just(Turn::Write), 1 => Just(Turn::WriteFirst), 1 => Just(Turn::Read)];
        let work = prop_oneof![4 => Just(Work::Patch), 1 => Just(Work::Nothing), 1 => Just(Work::Retire)];
        prop_oneof![
            60 => turn.prop_map(Happens::Arrive),
            60 => work.prop_map(Happens::Commit),
            60 => (0..4usize).prop_map(Happens::Leave),
            // mostly yes
            90 => prop_oneof![9 => Just(0), 1 => any::<u8>()].prop_map(Happens::Answer),
            20 => prop_oneof![0..10u64, 1_000..40_000u64].prop_map(Happens::Pass),
            20 => Just(Happens::Tick),
            1 => Just(Happens::End),
        ]
    }

    #[test]
    fn the_short_way_ends_where_the_steps_end() {
        let config = Config { cases: 4_000, failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new(config);
        let gone = std::cell::Cell::new([0; 5]);
        let many = (any::<bool>(), proptest::collection::vec(happens(), 1..60));
        let checked = runner.run(&many, |(at_once, happening)| {
            let mut session = Session::new(at_once);
            for happens in happening {
                match happens {
                    Happens::Arrive(turn) => session.arrive(turn),
                    Happens::Commit(work) => session.commit(work),
                    Happens::Leave(which) => session.leave(which),
                    Happens::Answer(how) => session.answer(how),
                    Happens::Pass(millis) => session.now += Duration::from_millis(millis),
                    Happens::Tick => session.step(Input::Tick),
                    Happens::End => session.step(Input::Ended),
                }
            }
            let mut all = gone.get();
            all.iter_mut().zip(session.short).for_each(|(all, one)| *all += one);
            gone.set(all);
            Ok(())
        });
        checked.unwrap();
        assert!(gone.get().iter().all(|times| *times > 300), "each of them was tried: {:?}", gone.get());
    }

    /// A batch as stores have it that do not answer at once: nothing of it is alone.
    #[test]
    fn who_shares_a_batch_goes_the_long_way() {
        // as many as a batch has room for, and one for whom the others wait
        const LAST: u64 = 64;
        let mut session = Session::sharing(LAST);
        for _ in 1..LAST {
            session.commit(Work::Patch);
        }
        assert_eq!(session.running, Some(LAST));
        session.now += Duration::from_millis(5);
        session.step(Input::Tick);
        session.answer(0);
        session.arrive(Turn::Write);
        // all but the last are saved, and the first of them is being answered
        assert!(session.machine.answering.is_some_and(|(answering, _)| answering == TicketId(1)));
        assert!(!session.machine.saves_alone(session.now, TicketId(LAST), Work::Patch));
        for _ in 2..LAST {
            session.leave(1);
        }
        session.leave(0);
        assert!(session.machine.answering.is_none());
        assert!(session.machine.saves_alone(session.now, TicketId(LAST), Work::Patch));
    }

    #[test]
    fn nobody_has_the_turn_of_one_who_still_runs() {
        let mut session = Session::sharing(2);
        session.commit(Work::Patch);
        assert_eq!(session.running, Some(2));
        session.now += Duration::from_millis(5);
        session.step(Input::Tick);
        session.answer(0);
        session.arrive(Turn::Write);
        assert!(session.machine.answering.is_some_and(|(answering, _)| answering == TicketId(1)));
        assert_eq!(session.machine.after(TicketId(1)), None);
    }
}
