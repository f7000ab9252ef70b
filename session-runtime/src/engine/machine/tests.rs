use proptest::prelude::*;

use super::*;
use crate::store::Token;

const HOLD: Time = Time::from_secs(30);
const WAIT: Time = Time::from_secs(5);
const SAVE: Time = Time::from_secs(5);

struct Queue {
    machine: Machine,
    now: Time,
}

fn ms(millis: u64) -> Time {
    Time::from_millis(millis)
}

const fn id(ticket: u64) -> TicketId {
    TicketId(ticket)
}

impl Queue {
    /// Of the only node.
    fn alone() -> Self {
        Self::of(false)
    }

    /// Of one of several nodes.
    fn leased() -> Self {
        Self::of(true)
    }

    fn of(leases: bool) -> Self {
        Self { machine: Machine::new(Rules { leases, hold: HOLD, save: SAVE }), now: Time::ZERO }
    }

    /// Without what is discarded, which most tests are not about.
    fn step(&mut self, input: Input) -> Vec<Command> {
        let mut commands = self.every_step(input);
        commands.retain(|command| !matches!(command, Command::Discard(_)));
        commands
    }

    fn every_step(&mut self, input: Input) -> Vec<Command> {
        let mut commands = Vec::new();
        self.machine.step(self.now, input, &mut commands);
        commands
    }

    fn after(&mut self, time: Time) -> Vec<Command> {
        self.now += time;
        self.step(Input::Tick)
    }

    fn arrive(&mut self, ticket: u64, turn: Turn) -> Vec<Command> {
        self.step(Input::Arrive { ticket: id(ticket), turn, until: self.now + WAIT })
    }

    /// Writers that wait, and whose claim has been granted: the first has its turn.
    fn batch(writers: u64) -> Self {
        let mut queue = Self::leased();
        queue.arrive(0, Turn::Write);
        // refused at first, so that all of them are there when the claim is sent again
        for ticket in 1..writers {
            queue.arrive(ticket, Turn::Write);
        }
        queue.step(refused(OTHER));
        assert_eq!(queue.step(Input::Offered), [AGAIN]);
        assert_eq!(queue.step(HELD), [Command::Grant(id(0))]);
        queue
    }
}

const OTHER: Lease = Lease { token: Token(7), renewal: Some(3) };
const CLAIM: Command = Command::Claim { anew: true, over: None };
const AGAIN: Command = Command::Claim { anew: false, over: None };
const HELD: Input = Input::Claimed(Claimed::Held { at_once: false });
const AT_ONCE: Input = Input::Claimed(Claimed::Held { at_once: true });
const KEPT_ALONE: Saved = Saved::Applied { held: true, alone: true };
const RELEASED: Saved = Saved::Applied { held: false, alone: false };

fn refused(lease: Lease) -> Input {
    Input::Claimed(Claimed::Refused { lease, own: false })
}

fn commit(ticket: u64) -> Input {
    Input::Commit { ticket: id(ticket), work: Work::Patch }
}

fn leave(ticket: u64) -> Input {
    Input::Leave { ticket: id(ticket) }
}

fn saved(ticket: u64) -> Command {
    Command::Verdict(id(ticket), Ok(()))
}

fn failed(ticket: u64, reason: Reason) -> Command {
    Command::Verdict(id(ticket), Err(reason))
}

fn save(commits: usize, then: Then) -> Command {
    Command::Save { commits, then }
}

#[test]
fn a_writer_has_the_session_to_itself_until_it_is_answered() {
    let mut queue = Queue::alone();
    assert_eq!(queue.arrive(1, Turn::Write), [CLAIM]);
    assert_eq!(queue.arrive(2, Turn::Write), []);
    assert_eq!(queue.step(AT_ONCE), [Command::Grant(id(1))]);
    assert_eq!(queue.step(commit(1)), [save(1, Then::Release)]);
    assert_eq!(queue.step(Input::Saved(RELEASED)), [saved(1)]);
    assert_eq!(queue.step(leave(1)), [CLAIM]);
    assert_eq!(queue.step(AT_ONCE), [Command::Grant(id(2))]);
}

#[test]
fn readers_share_a_load_and_hold_nobody_up() {
    let mut queue = Queue::alone();
    queue.arrive(1, Turn::Write);
    queue.step(AT_ONCE);
    for ticket in 2..=3 {
        assert_eq!(queue.arrive(ticket, Turn::Read), []);
    }
    queue.arrive(4, Turn::Write);
    queue.arrive(5, Turn::Read);
    assert_eq!(queue.step(leave(1)), [Command::Load]);
    assert_eq!(queue.step(Input::Loaded(Loaded::Live)), [Command::Grant(id(2)), Command::Grant(id(3)), CLAIM]);
    assert_eq!(queue.step(AT_ONCE), [Command::Grant(id(4))]);
    // reader 5 came after writer 4: it sees what 4 saved
    assert_eq!(queue.step(leave(2)), []);
    assert_eq!(queue.step(leave(4)), [Command::Load]);
}

#[test]
fn a_reader_that_comes_during_a_load_gets_a_fresh_one() {
    let mut queue = Queue::alone();
    queue.arrive(1, Turn::Read);
    assert_eq!(queue.arrive(2, Turn::Read), []);
    assert_eq!(queue.step(Input::Loaded(Loaded::Live)), [Command::Grant(id(1)), Command::Load]);
}

#[test]
fn readers_at_the_head_wait_for_no_lease() {
    let mut queue = Queue::leased();
    assert_eq!(queue.arrive(1, Turn::Read), [Command::Load]);
    queue.arrive(2, Turn::Write);
    assert_eq!(queue.step(Input::Loaded(Loaded::Live)), [Command::Grant(id(1)), CLAIM]);
    assert_eq!(queue.step(refused(OTHER)), []);
}

#[test]
fn what_ended_refuses_all_and_rolls_back_the_one_that_runs() {
    let mut queue = Queue::alone();
    queue.arrive(1, Turn::Write);
    queue.step(AT_ONCE);
    queue.arrive(2, Turn::Write);
    assert_eq!(queue.step(Input::Ended), [Command::Refuse(id(2), Reason::Gone)]);
    assert_eq!(queue.step(commit(1)), [failed(1, Reason::Gone)]);
    assert_eq!(queue.arrive(3, Turn::Read), [Command::Refuse(id(3), Reason::Gone)]);
}

#[test]
fn what_was_saved_before_the_end_was_heard_of_is_acknowledged() {
    for mut queue in [Queue::alone(), Queue::leased()] {
        queue.arrive(1, Turn::Write);
        queue.step(AT_ONCE);
        queue.step(commit(1));
        // the save was applied, another node wrote on what it had saved, and then the session ended: that was heard first
        assert_eq!(queue.step(Input::Ended), []);
        assert_eq!(queue.step(Input::Saved(RELEASED)), [saved(1)]);
    }
}

#[test]
fn every_wait_ends() {
    let mut queue = Queue::alone();
    queue.arrive(1, Turn::Write);
    queue.step(AT_ONCE);
    queue.arrive(2, Turn::Write);
    assert_eq!(queue.after(WAIT), [Command::Refuse(id(2), Reason::Timeout)]);
    // the writer that never ends is put out of its turn, and cannot save afterwards
    queue.now = HOLD;
    assert_eq!(queue.arrive(3, Turn::Write), [CLAIM]);
    assert_eq!(queue.step(commit(1)), [failed(1, Reason::Timeout)]);
    assert_eq!(queue.step(AT_ONCE), [Command::Grant(id(3))]);
    assert_eq!(queue.step(leave(1)), []);
    assert_eq!(queue.step(commit(3)), [save(1, Then::Release)]);
}

#[test]
fn a_save_that_nobody_waits_for_is_still_finished_first() {
    let mut queue = Queue::alone();
    queue.arrive(1, Turn::Write);
    queue.step(AT_ONCE);
    queue.step(commit(1));
    queue.arrive(2, Turn::Write);
    assert_eq!(queue.step(leave(1)), []);
    assert_eq!(queue.step(Input::Saved(RELEASED)), [saved(1), CLAIM]);
}

#[test]
fn a_failed_load_refuses_only_those_that_it_served() {
    let mut queue = Queue::alone();
    queue.arrive(1, Turn::Write);
    queue.arrive(2, Turn::Write);
    assert_eq!(queue.step(Input::Claimed(Claimed::Failed)), [Command::Refuse(id(1), Reason::Failed), CLAIM]);
}

#[test]
fn waiting_writers_share_one_load_and_one_save() {
    let mut queue = Queue::batch(3);
    assert_eq!(queue.step(commit(0)), [Command::Grant(id(1))]);
    assert_eq!(queue.step(commit(1)), [Command::Grant(id(2))]);
    assert_eq!(queue.step(commit(2)), [save(3, Then::Release)]);
    // answered in the order of the saves
    assert_eq!(queue.step(Input::Saved(RELEASED)), [saved(0)]);
    assert_eq!(queue.step(leave(0)), [saved(1)]);
    assert_eq!(queue.step(leave(1)), [saved(2)]);
    assert_eq!(queue.step(leave(2)), []);
    assert!(queue.machine.is_idle());
}

#[test]
fn who_came_after_the_load_is_in_the_next_batch() {
    let mut queue = Queue::batch(1);
    queue.arrive(1, Turn::Write);
    assert_eq!(queue.step(commit(0)), [save(1, Then::KeepUnlessWaiting)]);
    queue.arrive(2, Turn::Write);
    assert_eq!(queue.step(Input::Saved(KEPT_ALONE)), [saved(0)]);
    // 1 was there when the save was sent: what is in hand is fresh for it, and not for 2
    assert_eq!(queue.step(leave(0)), [Command::Grant(id(1))]);
    assert_eq!(queue.step(commit(1)), [save(1, Then::KeepUnlessWaiting)]);
    assert_eq!(queue.step(Input::Saved(Saved::Applied { held: true, alone: false })), [saved(1)]);
    assert_eq!(queue.step(leave(1)), [AGAIN], "somebody else has written: what is in hand is not fresh");
}

#[test]
fn an_error_in_a_batch_is_rolled_back_alone() {
    let mut queue = Queue::batch(3);
    queue.step(commit(0));
    assert_eq!(queue.step(leave(1)), [Command::Grant(id(2))]);
    assert_eq!(queue.step(commit(2)), [save(2, Then::Release)]);
}

#[test]
fn a_refused_save_rolls_back_all_of_its_batch() {
    for (saved, reason) in [(Saved::Failed, Reason::Failed), (Saved::Fenced, Reason::Lost), (Saved::Gone, Reason::Gone)]
    {
        let mut queue = Queue::batch(2);
        queue.step(commit(0));
        queue.step(commit(1));
        let release = (saved == Saved::Failed || saved == Saved::Gone).then_some(Command::Release);
        let expected: Vec<_> = release.into_iter().chain([failed(0, reason)]).collect();
        assert_eq!(queue.step(Input::Saved(saved)), expected);
        assert_eq!(queue.step(leave(0)), [failed(1, reason)]);
        queue.step(leave(1));
        assert!(queue.machine.is_idle());
    }
}

#[test]
fn what_comes_to_nothing_is_discarded_though_nobody_waits_for_the_answer() {
    let mut queue = Queue::batch(2);
    queue.step(commit(0));
    queue.after(ms(5));
    // the second one's changes are built on a save that fails; its caller goes away before it is told
    assert_eq!(queue.every_step(Input::Saved(Saved::Failed)), [failed(0, Reason::Failed)]);
    assert_eq!(queue.every_step(commit(1)), [Command::Discard(id(1)), Command::Release]);
    assert_eq!(queue.every_step(leave(1)), []);
    assert_eq!(queue.every_step(leave(0)), []);
    assert!(queue.machine.is_idle());
}

#[test]
fn who_has_finished_waits_no_more_than_5_ms_for_the_next() {
    let mut queue = Queue::batch(3);
    assert_eq!(queue.step(commit(0)), [Command::Grant(id(1))]);
    assert_eq!(queue.machine.due(), Some(queue.now + ms(5)));
    assert_eq!(queue.after(ms(4)), []);
    assert_eq!(queue.after(ms(1)), [save(1, Then::Keep)], "under the same lease");
    assert_eq!(queue.step(Input::Saved(KEPT_ALONE)), [saved(0)]);
    assert_eq!(queue.step(commit(1)), [Command::Grant(id(2))], "answering holds up no one who is in the batch");
    // a save that comes to nothing takes with it what was built on it
    assert_eq!(queue.after(ms(5)), [save(1, Then::Keep)]);
    assert_eq!(queue.step(Input::Saved(Saved::Unanswered)), [Command::Resend]);
    queue.now += SAVE;
    assert_eq!(queue.step(Input::Saved(Saved::Unanswered)), []);
    assert_eq!(queue.step(leave(0)), [failed(1, Reason::Unknown)]);
    assert_eq!(queue.step(commit(2)), []);
    assert_eq!(queue.step(leave(1)), [failed(2, Reason::Lost)], "it was not sent");
}

#[test]
fn batches_are_bounded_so_that_other_nodes_get_their_turn() {
    let mut queue = Queue::batch(3);
    queue.now += ms(49);
    assert_eq!(queue.step(commit(0)), [Command::Grant(id(1))]);
    queue.now += ms(1);
    assert_eq!(queue.step(commit(1)), [save(2, Then::KeepUnlessWaiting)]);
    assert_eq!(queue.step(Input::Saved(Saved::Applied { held: false, alone: true })), [saved(0)]);
    queue.step(leave(0));
    assert_eq!(queue.step(leave(1)), [CLAIM], "another node waited, so this one stands in line again");
}

#[test]
fn a_lease_that_stays_the_same_for_its_length_is_taken_over() {
    let mut queue = Queue::leased();
    queue.machine.rules.hold = HOLD;
    queue.step(Input::Arrive { ticket: id(0), turn: Turn::Write, until: Time::from_mins(1) });
    queue.step(refused(OTHER));
    let mut claims = 0;
    // renewed once in between: the time begins anew
    let mut lease = OTHER;
    loop {
        let due = queue.machine.due().unwrap();
        queue.now = due;
        let commands = queue.step(Input::Tick);
        if let [Command::Claim { anew: false, over: Some(over) }] = commands.as_slice() {
            assert_eq!(*over, lease);
            break;
        }
        assert_eq!(commands, [AGAIN]);
        claims += 1;
        if claims == 8 {
            lease.renewal = Some(4);
        }
        queue.step(refused(lease));
    }
    assert_eq!(queue.now, ms(2000) + Time::from_secs(4));
}

#[test]
fn an_offer_that_nobody_takes_is_taken_over_soon() {
    let mut queue = Queue::leased();
    queue.arrive(0, Turn::Write);
    let offered = Lease { renewal: None, ..OTHER };
    queue.step(refused(offered));
    assert_eq!(queue.after(ms(149)), []);
    assert_eq!(queue.after(ms(1)), [Command::Claim { anew: false, over: Some(offered) }]);
}

#[test]
fn a_lease_that_this_node_has_left_behind_is_taken_over_at_once() {
    let mut queue = Queue::leased();
    queue.arrive(0, Turn::Write);
    let own = Input::Claimed(Claimed::Refused { lease: OTHER, own: true });
    assert_eq!(queue.step(own), [Command::Claim { anew: false, over: Some(OTHER) }]);
}

#[test]
fn an_offer_that_overtakes_the_answer_is_not_missed() {
    let mut queue = Queue::leased();
    queue.arrive(0, Turn::Write);
    assert_eq!(queue.step(Input::Offered), []);
    assert_eq!(queue.step(refused(OTHER)), [AGAIN]);
}

#[test]
fn who_waits_no_more_leaves_the_line() {
    let mut queue = Queue::leased();
    queue.arrive(0, Turn::Write);
    queue.step(refused(OTHER));
    assert_eq!(queue.after(WAIT), [Command::Refuse(id(0), Reason::Timeout), Command::Release]);
    assert!(queue.machine.is_idle());
}

#[test]
fn a_lease_that_comes_too_late_is_given_back() {
    let mut queue = Queue::leased();
    queue.arrive(0, Turn::Write);
    assert_eq!(queue.step(leave(0)), []);
    assert_eq!(queue.step(HELD), [Command::Release]);
    assert!(queue.machine.is_idle());
}

#[test]
fn a_handler_that_runs_for_long_keeps_its_lease() {
    let mut queue = Queue::batch(1);
    for _ in 0..20 {
        assert_eq!(queue.after(ms(999)), []);
        assert_eq!(queue.after(ms(1)), [Command::Renew]);
        assert_eq!(queue.after(ms(100)), []);
        assert_eq!(queue.step(Input::Renewed(KEPT_ALONE)), []);
    }
    queue.after(Time::from_secs(1));
    assert_eq!(queue.step(commit(0)), [], "its save does not overtake the renewal");
    assert_eq!(queue.step(Input::Renewed(KEPT_ALONE)), [save(1, Then::Release)]);
}

#[test]
fn a_handler_that_has_lost_its_lease_is_rolled_back() {
    let mut queue = Queue::batch(2);
    queue.after(Time::from_secs(1));
    assert_eq!(queue.step(Input::Renewed(Saved::Fenced)), []);
    assert_eq!(queue.step(commit(0)), [failed(0, Reason::Lost)]);
    assert_eq!(queue.step(leave(0)), [CLAIM], "the next one is not lost with it");
}

#[test]
fn a_save_without_an_answer_is_sent_again() {
    let mut queue = Queue::batch(1);
    queue.step(commit(0));
    assert_eq!(queue.step(Input::Saved(Saved::Unanswered)), [Command::Resend], "at once");
    for pause in [10, 20, 40, 80, 160, 250, 250] {
        assert_eq!(queue.step(Input::Saved(Saved::Unanswered)), []);
        assert_eq!(queue.machine.due(), Some(queue.now + ms(pause)));
        assert_eq!(queue.after(ms(pause)), [Command::Resend]);
    }
    assert_eq!(queue.step(Input::Saved(RELEASED)), [saved(0)]);
}

#[test]
fn a_fence_under_which_a_save_was_repeated_is_not_used_for_long() {
    let mut queue = Queue::batch(3);
    queue.step(commit(0));
    queue.after(ms(5));
    assert_eq!(queue.step(Input::Saved(Saved::Unanswered)), [Command::Resend]);
    assert_eq!(queue.step(Input::Saved(KEPT_ALONE)), [saved(0)]);
    assert_eq!(queue.step(commit(1)), [save(1, Then::Release)], "nobody joins the batch any more, and the lease ends");
    queue.step(leave(0));
    assert_eq!(queue.step(Input::Saved(RELEASED)), [saved(1)]);
    assert_eq!(queue.step(leave(1)), [CLAIM]);

    let mut queue = Queue::batch(1);
    queue.arrive(1, Turn::Write);
    assert_eq!(queue.step(commit(0)), [save(1, Then::KeepUnlessWaiting)]);
    assert_eq!(queue.step(Input::Saved(Saved::Unanswered)), [Command::Resend]);
    assert_eq!(queue.step(Input::Saved(KEPT_ALONE)), [saved(0), Command::Release]);
    assert_eq!(queue.step(leave(0)), [CLAIM]);
}

/// A writer that comes alone, and its save; what is commanded when it is answered.
fn one_alone(queue: &mut Queue, ticket: u64, claim: Command, then: Then, saved: Saved) -> Vec<Command> {
    assert_eq!(queue.arrive(ticket, Turn::Write), [claim]);
    assert_eq!(queue.step(HELD), [Command::Grant(id(ticket))]);
    assert_eq!(queue.step(commit(ticket)), [save(1, then)]);
    assert_eq!(queue.step(Input::Saved(saved)), [Command::Verdict(id(ticket), Ok(()))]);
    queue.step(leave(ticket))
}

#[test]
fn whoever_comes_soon_after_another_finds_the_lease_still_here() {
    let mut queue = Queue::leased();
    assert_eq!(one_alone(&mut queue, 0, CLAIM, Then::Release, RELEASED), []);
    queue.after(ms(10));
    assert_eq!(one_alone(&mut queue, 1, CLAIM, Then::KeepUnlessWaiting, KEPT_ALONE), []);
    for ticket in 2..10 {
        queue.after(ms(10));
        // the record may have been written by key, or have ended
        assert_eq!(one_alone(&mut queue, ticket, AGAIN, Then::KeepUnlessWaiting, KEPT_ALONE), []);
    }
    assert_eq!(queue.machine.due(), Some(queue.now + BUSY));
    assert_eq!(queue.after(BUSY), [Command::Release]);
    assert!(queue.machine.is_idle());
    // now they come seldom again
    assert_eq!(one_alone(&mut queue, 10, CLAIM, Then::Release, RELEASED), []);
}

#[test]
fn a_lease_that_another_node_waits_for_is_not_kept_for_whoever_comes() {
    let mut queue = Queue::leased();
    one_alone(&mut queue, 0, CLAIM, Then::Release, RELEASED);
    one_alone(&mut queue, 1, CLAIM, Then::KeepUnlessWaiting, RELEASED);
    assert!(queue.machine.is_idle());
}

#[test]
fn nobody_lies_about_a_save_whose_first_copy_may_have_arrived() {
    let mut queue = Queue::batch(1);
    queue.step(commit(0));
    assert_eq!(queue.step(Input::Saved(Saved::Unanswered)), [Command::Resend]);
    assert_eq!(queue.step(Input::Saved(Saved::Fenced)), [failed(0, Reason::Unknown)]);

    // the first copy was applied, and then another node has given the session another id, with what was in it
    let mut queue = Queue::batch(1);
    queue.step(commit(0));
    assert_eq!(queue.step(Input::Saved(Saved::Unanswered)), [Command::Resend]);
    let commands = queue.step(Input::Saved(Saved::Gone));
    assert!(commands.contains(&failed(0, Reason::Unknown)), "{commands:?}");

    // the server has died after it had written, and then it is not there
    let mut queue = Queue::batch(1);
    queue.step(commit(0));
    assert_eq!(queue.step(Input::Saved(Saved::Unanswered)), [Command::Resend]);
    assert_eq!(queue.step(Input::Saved(Saved::Failed)), []);
    queue.now += SAVE;
    assert_eq!(queue.step(Input::Tick), [Command::Resend]);
    assert_eq!(queue.step(Input::Saved(Saved::Failed)), [failed(0, Reason::Unknown)]);
}

#[test]
fn a_retirement_is_saved_by_itself_and_ends_the_session() {
    let mut queue = Queue::batch(3);
    queue.step(commit(0));
    assert_eq!(queue.step(Input::Commit { ticket: id(1), work: Work::Retire }), [save(1, Then::Keep)]);
    assert_eq!(queue.step(Input::Saved(KEPT_ALONE)), [save(1, Then::KeepUnlessWaiting), saved(0)]);
    queue.step(leave(0));
    assert_eq!(queue.step(Input::Saved(RELEASED)), [Command::Refuse(id(2), Reason::Gone), saved(1)]);
}

#[test]
fn a_retirement_that_has_not_seen_all_is_tried_again_in_the_same_turn() {
    let retire = |ticket| Input::Commit { ticket: id(ticket), work: Work::Retire };
    let mut queue = Queue::batch(2);
    assert_eq!(queue.step(retire(0)), [save(1, Then::KeepUnlessWaiting)]);
    assert_eq!(queue.step(Input::Saved(Saved::Changed)), [failed(0, Reason::Changed)], "nobody else has a turn");
    assert_eq!(queue.after(ms(1_500)), [Command::Renew], "the lease is kept meanwhile");
    assert_eq!(queue.step(Input::Renewed(KEPT_ALONE)), []);
    assert_eq!(queue.step(retire(0)), [save(1, Then::Release)]);
    queue.step(Input::Saved(Saved::Unanswered));
    assert_eq!(queue.step(Input::Saved(Saved::Changed)), [failed(0, Reason::Changed)], "it is known all the same");
    assert_eq!(queue.step(leave(0)), [Command::Release, CLAIM], "what is in hand is fresh for nobody");
    let mut queue = Queue::batch(2);
    queue.step(retire(0));
    queue.step(leave(0));
    assert_eq!(queue.step(Input::Saved(Saved::Changed)), [Command::Release, CLAIM], "nobody is there to try it again");
    let mut queue = Queue::batch(1);
    queue.step(retire(0));
    queue.step(Input::Ended);
    queue.step(Input::Saved(Saved::Changed));
    assert_eq!(queue.step(retire(0)), [Command::Release, failed(0, Reason::Gone)], "destroyed meanwhile");
}

#[test]
fn who_is_to_begin_with_what_is_saved_waits_for_the_save() {
    let mut queue = Queue::batch(1);
    queue.arrive(1, Turn::WriteFirst);
    queue.arrive(2, Turn::Write);
    assert_eq!(queue.step(commit(0)), [save(1, Then::KeepUnlessWaiting)]);
    assert_eq!(queue.step(Input::Saved(KEPT_ALONE)), [saved(0)]);
    assert_eq!(queue.step(leave(0)), [Command::Grant(id(1))]);
    assert_eq!(queue.step(commit(1)), [Command::Grant(id(2))], "others may share the batch that it begins");
    let mut queue = Queue::leased();
    queue.arrive(0, Turn::Write);
    queue.arrive(1, Turn::WriteFirst);
    queue.step(refused(OTHER));
    queue.step(Input::Offered);
    queue.step(HELD);
    assert_eq!(queue.step(commit(0)), [save(1, Then::KeepUnlessWaiting)], "it joins no batch that has begun");
}

#[test]
fn a_handler_that_changes_nothing_writes_nothing() {
    let mut queue = Queue::batch(2);
    let nothing = |ticket| Input::Commit { ticket: id(ticket), work: Work::Nothing };
    assert_eq!(queue.step(nothing(0)), [Command::Grant(id(1)), saved(0)]);
    assert_eq!(queue.step(nothing(1)), [Command::Release]);
    assert_eq!(queue.step(leave(0)), [saved(1)]);
    // but one that has seen what is not saved yet waits for that
    let mut queue = Queue::batch(2);
    queue.step(commit(0));
    assert_eq!(queue.step(nothing(1)), [save(2, Then::Release)]);
}

/// Whatever happens in whatever order: never two writers, tickets granted in order of arrival, each answered
/// exactly once, saves of what was committed only, and the queue drains.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each says what is on its way")]
struct Watch {
    turns: Vec<Turn>,
    granted: Vec<u64>,
    refused: Vec<u64>,
    answered: Vec<u64>,
    running: Option<u64>,
    /// Committed, in that order, and not sent yet.
    committed: Vec<u64>,
    saving: bool,
    loading: bool,
    claiming: bool,
    renewing: bool,
    /// Answered, and still there.
    open: Vec<u64>,
    /// Committed, and not answered.
    untold: Vec<u64>,
    /// Those whose caller went away before the answer.
    gone: Vec<u64>,
}

impl Watch {
    fn see(&mut self, commands: &[Command]) {
        for command in commands {
            match *command {
                Command::Load => {
                    assert!(!self.loading && !self.claiming && !self.saving);
                    self.loading = true;
                }
                Command::Claim { .. } => {
                    assert!(!self.loading && !self.claiming && !self.saving && self.running.is_none());
                    self.claiming = true;
                }
                Command::Grant(TicketId(ticket)) => {
                    assert!(!self.granted.contains(&ticket) && !self.refused.contains(&ticket));
                    assert!(self.granted.last().is_none_or(|last| *last < ticket), "out of order");
                    self.granted.push(ticket);
                    if self.turns[usize::try_from(ticket).unwrap()] == Turn::Write {
                        assert_eq!(self.running, None, "two writers");
                        self.running = Some(ticket);
                    }
                }
                Command::Refuse(TicketId(ticket), _) => {
                    assert!(!self.granted.contains(&ticket) && !self.refused.contains(&ticket));
                    self.refused.push(ticket);
                }
                Command::Save { commits, .. } => {
                    assert!(!self.saving && commits > 0 && commits <= self.committed.len());
                    self.committed.drain(..commits);
                    self.saving = true;
                }
                Command::Resend => {
                    assert!(!self.saving);
                    self.saving = true;
                }
                Command::Renew => {
                    assert!(!self.renewing && !self.saving);
                    self.renewing = true;
                }
                Command::Release => assert!(self.running.is_none() && !self.saving),
                Command::Discard(TicketId(ticket)) => {
                    assert!(self.committed.contains(&ticket), "it is saved, or on its way");
                    self.committed.retain(|committed| *committed != ticket);
                }
                Command::Verdict(TicketId(ticket), _) => {
                    assert!(!self.answered.contains(&ticket), "answered twice");
                    assert!(!self.committed.contains(&ticket), "it is neither saved nor discarded");
                    self.answered.push(ticket);
                    self.untold.retain(|untold| *untold != ticket);
                    if !self.gone.contains(&ticket) {
                        self.open.push(ticket);
                    }
                }
            }
        }
    }

    /// What a machine may be told next.
    fn input(&mut self, queue: &Queue, choice: u8, flag: bool) -> Input {
        match choice % 12 {
            0 | 1 => {
                let ticket = self.turns.len() as u64;
                let turn = if flag { Turn::Write } else { Turn::Read };
                self.turns.push(turn);
                Input::Arrive { ticket: id(ticket), turn, until: queue.now + WAIT }
            }
            2 if std::mem::take(&mut self.loading) => {
                Input::Loaded(if choice.is_multiple_of(5) { Loaded::Failed } else { Loaded::Live })
            }
            3 | 4 if std::mem::take(&mut self.claiming) => Input::Claimed(match choice % 5 {
                0 => Claimed::Failed,
                1 => Claimed::Refused { lease: OTHER, own: flag },
                2 => Claimed::Refused { lease: Lease { renewal: None, ..OTHER }, own: false },
                _ => Claimed::Held { at_once: flag },
            }),
            5 if std::mem::take(&mut self.saving) => Input::Saved(match choice % 7 {
                0 => Saved::Fenced,
                1 => Saved::Failed,
                2 => Saved::Unanswered,
                _ => Saved::Applied { held: flag, alone: choice.is_multiple_of(3) },
            }),
            6 | 7 => match self.running.take() {
                Some(ticket) => {
                    self.committed.push(ticket);
                    self.untold.push(ticket);
                    Input::Commit { ticket: id(ticket), work: if flag { Work::Patch } else { Work::Nothing } }
                }
                None => Input::Tick,
            },
            8 => self.running.take().map_or(Input::Tick, leave),
            9 if flag => self.open.pop().map_or(Input::Offered, leave),
            9 => self.untold.pop().map_or(Input::Tick, |ticket| {
                self.gone.push(ticket);
                leave(ticket)
            }),
            10 if std::mem::take(&mut self.renewing) => Input::Renewed(if flag { KEPT_ALONE } else { Saved::Fenced }),
            _ => Input::Tick,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]
    #[test]
    fn any_interleaving_keeps_order_and_exclusion(
        leases: bool,
        choices in prop::collection::vec(any::<(u8, bool)>(), 1..300),
    ) {
        let mut queue = Queue::of(leases);
        let mut watch = Watch::default();
        for (choice, flag) in choices {
            let input = watch.input(&queue, choice, flag);
            if input == Input::Tick {
                queue.now += ms(u64::from(choice) * 2);
            }
            let commands = queue.every_step(input);
            watch.see(&commands);
            // it took too long, and another may have its turn
            if queue.machine.batch.as_ref().and_then(|batch| batch.running).is_none() {
                watch.running = None;
            }
        }
        // let all end
        for _ in 0..1000 {
            let input = if std::mem::take(&mut watch.loading) {
                Input::Loaded(Loaded::Live)
            } else if std::mem::take(&mut watch.claiming) {
                HELD
            } else if std::mem::take(&mut watch.saving) {
                Input::Saved(RELEASED)
            } else if std::mem::take(&mut watch.renewing) {
                Input::Renewed(KEPT_ALONE)
            } else if let Some(ticket) = watch.running.take() {
                watch.committed.push(ticket);
                watch.untold.push(ticket);
                commit(ticket)
            } else if let Some(ticket) = watch.open.pop() {
                leave(ticket)
            } else if queue.machine.is_idle() {
                break;
            } else {
                queue.now += ms(250);
                Input::Tick
            };
            let commands = queue.every_step(input);
            watch.see(&commands);
            if queue.machine.batch.as_ref().and_then(|batch| batch.running).is_none() {
                watch.running = None;
            }
        }
        prop_assert!(queue.machine.is_idle(), "{:?}", queue.machine);
        let served = watch.granted.len() + watch.refused.len();
        prop_assert_eq!(served, watch.turns.len(), "each is let in or refused");
    }
}
