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
