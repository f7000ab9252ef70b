//! The machine itself, checked in all interleavings: two nodes, one store, messages that are late or lost, a crash, a
//! session that is destroyed. Each writer appends its number to the record, so that an update that is lost can be seen.

use std::time::Duration;

use stateright::{Checker as _, Model, Property};

use super::*;
use crate::store::Token;

/// What may happen, and how often.
#[derive(Clone, Copy)]
struct Scope {
    /// Writers of each node.
    writers: [u8; 2],
    /// Requests of which a node learns nothing.
    losses: u8,
    crashes: u8,
    /// How often each node's clock leaps by a lease's length.
    leaps: u8,
    /// How often a handler takes longer than the others of its batch wait.
    delays: u8,
    destroys: u8,
}

const RULES: Rules = Rules { leases: true, hold: Duration::from_hours(10), save: Duration::from_secs(1) };
const LEAP: Time = Time::from_secs(4);
const DELAY: Time = Time::from_millis(5);
const NEVER: Time = Time::from_hours(10);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    nodes: [Node; 2],
    store: Store,
    /// On their way to the store, and back, in any order.
    requests: Vec<Request>,
    replies: Vec<(usize, u8, Reply)>,
    left: Left,
    /// What each writer was told.
    told: Vec<(u8, Verdict)>,
    /// Tokens that have been given out.
    tokens: u128,
    wrong: Option<&'static str>,
}

/// What may still happen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Left {
    losses: u8,
    crashes: u8,
    leaps: [u8; 2],
    delays: u8,
    destroys: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Node {
    machine: Machine,
    /// Counts crashes: what was sent before one is answered to nobody.
    life: u8,
    now: Time,
    token: Option<Token>,
    in_hand: Vec<u8>,
    running: Option<u8>,
    committed: Vec<Vec<u8>>,
    saving: Option<Request>,
    to_come: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Store {
    record: Option<Vec<u8>>,
    lease: Option<Lease>,
    line: Vec<(Token, usize)>,
    /// The last transaction only: what is forgotten must be fenced.
    applied: Option<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Request {
    from: usize,
    life: u8,
    wants: Wants,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Wants {
    Claim {
        token: u128,
        over: Option<(u128, Option<u64>)>,
    },
    /// The record as it is to be, which ends with the transaction's name.
    Save {
        token: u128,
        record: Vec<u8>,
        then: u8,
    },
    Renew {
        token: u128,
    },
    Release {
        token: u128,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Reply {
    Claimed(Claimed, Vec<u8>),
    Saved(Saved),
    Renewed(Saved),
    Offered,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Arrive(usize),
    Finish(usize),
    Fail(usize),
    Serve(usize),
    Answer(usize),
    /// The node gives the request up; it may still be served later.
    Lose(usize),
    /// The server refuses a save, and does nothing.
    Refuse(usize),
    Crash(usize),
    Leap(usize),
    Delay(usize),
    Due(usize),
    Destroy,
}

fn lease(wanted: (u128, Option<u64>)) -> Lease {
    Lease { token: Token(wanted.0), renewal: wanted.1 }
}

impl Store {
    fn carries(&self, token: u128) -> bool {
        self.lease.is_some_and(|lease| lease.token.0 == token)
    }

    fn release(&mut self, token: u128) -> Option<usize> {
        self.line.retain(|(waiting, _)| waiting.0 != token);
        if !self.carries(token) {
            return None;
        }
        let first = (!self.line.is_empty()).then(|| self.line.remove(0));
        self.lease = first.map(|(token, _)| Lease { token, renewal: None });
        first.map(|(_, node)| node)
    }
}

impl State {
    fn step(&mut self, at: usize, input: Input) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            let node = &mut self.nodes[at];
            let mut commands = Vec::new();
            node.machine.step(node.now, input, &mut commands);
            for command in commands {
                let node = &mut self.nodes[at];
                let mut send = |wants| {
                    let request = Request { from: at, life: node.life, wants };
                    self.requests.push(request.clone());
                    request
                };
                match command {
                    Command::Claim { anew, over } => {
                        let token = node.token.filter(|_| !anew).unwrap_or_else(|| {
                            self.tokens += 2;
                            // its last bit says whose it is
                            Token(self.tokens + at as u128)
                        });
                        node.token = Some(token);
                        send(Wants::Claim { token: token.0, over: over.map(|over| (over.token.0, over.renewal)) });
                    }
                    Command::Grant(TicketId(ticket)) => {
                        if node.running.replace(u8::try_from(ticket).unwrap_or(u8::MAX)).is_some() {
                            self.wrong = Some("two writers at once on one node");
                        }
                    }
                    Command::Save { commits, then } => {
                        let Some(token) = node.token else {
                            self.wrong = Some("a save without a lease");
                            return;
                        };
                        let record = node.committed.drain(..commits).next_back().unwrap_or_default();
                        let then = match then {
                            Then::Keep => 0,
                            Then::KeepUnlessWaiting => 1,
                            Then::Release => 2,
                        };
                        node.saving = Some(send(Wants::Save { token: token.0, record, then }));
                    }
                    Command::Resend => {
                        if let Some(saving) = node.saving.clone() {
                            send(saving.wants);
                        }
                    }
                    Command::Renew => {
                        if let Some(token) = node.token {
                            send(Wants::Renew { token: token.0 });
                        }
                    }
                    Command::Release => {
                        if let Some(token) = node.token.take() {
                            send(Wants::Release { token: token.0 });
                        }
                    }
                    Command::Refuse(TicketId(ticket), reason) => {
                        self.told.push((u8::try_from(ticket).unwrap_or(u8::MAX), Err(reason)));
                    }
                    Command::Discard(TicketId(ticket)) => {
                        let number = u8::try_from(ticket).unwrap_or(u8::MAX);
                        node.committed.retain(|record| record.last() != Some(&number));
                    }
                    Command::Verdict(ticket, verdict) => {
                        let number = u8::try_from(ticket.0).unwrap_or(u8::MAX);
                        self.told.push((number, verdict));
                        inputs.push(Input::Leave { ticket });
                    }
                    Command::Load => self.wrong = Some("there are no readers"),
                }
            }
            let node = &mut self.nodes[at];
            if !node.machine.has_lease() {
                node.token = None;
            }
        }
    }

    fn serve(&mut self, index: usize) {
        let Request { from, life, wants } = self.requests.remove(index);
        let mut offered = None;
        let store = &mut self.store;
        let carries = match &wants {
            Wants::Save { token, .. } => store.carries(*token),
            _ => false,
        };
        let reply = match wants {
            Wants::Claim { token, over } => Some(Reply::Claimed(
                match (&store.record, store.lease) {
                    (None, _) => Claimed::Gone,
                    (_, Some(held)) if held.token.0 != token && over.map(lease) != Some(held) => {
                        if !store.line.iter().any(|(waiting, _)| waiting.0 == token) {
                            store.line.push((Token(token), from));
                        }
                        Claimed::Refused { lease: held, own: held.token.0 % 2 == from as u128 }
                    }
                    (_, held) => {
                        let renewal = held.filter(|held| held.token.0 == token).and_then(|held| held.renewal);
                        store.lease = Some(Lease { token: Token(token), renewal: Some(renewal.unwrap_or(0)) });
                        store.line.retain(|(waiting, _)| waiting.0 != token);
                        Claimed::Held { at_once: false }
                    }
                },
                store.record.clone().unwrap_or_default(),
            )),
            Wants::Save { token, record, then } => Some(Reply::Saved(match &mut store.record {
                None => Saved::Gone,
                Some(now) => {
                    let name = record.last().copied().unwrap_or_default();
                    let again = store.applied == Some(name);
                    if !again && !carries {
                        Saved::Fenced
                    } else {
                        if !again {
                            if !record.starts_with(now) {
                                self.wrong = Some("a save has undone another");
                            }
                            *now = record;
                            store.applied = Some(name);
                        }
                        let held = carries;
                        if held && (then == 2 || then == 1 && !store.line.is_empty()) {
                            offered = store.release(token);
                            Saved::Applied { held: false, alone: true }
                        } else {
                            Saved::Applied { held, alone: true }
                        }
                    }
                }
            })),
            Wants::Renew { token } => Some(Reply::Renewed(match (&store.record, &mut store.lease) {
                (None, _) => Saved::Gone,
                (_, Some(held)) if held.token.0 == token => {
                    held.renewal = Some(held.renewal.unwrap_or(0) + 1);
                    Saved::Applied { held: true, alone: true }
                }
                _ => Saved::Fenced,
            })),
            Wants::Release { token } => {
                offered = store.release(token);
                None
            }
        };
        if let Some(to) = offered {
            self.replies.push((to, self.nodes[to].life, Reply::Offered));
        }
        if let Some(reply) = reply
            && self.nodes[from].life == life
        {
            self.replies.push((from, life, reply));
        }
    }

    fn answer(&mut self, index: usize) {
        let (to, life, reply) = self.replies.remove(index);
        if self.nodes[to].life != life {
            return;
        }
        let input = match reply {
            Reply::Claimed(claimed, record) => {
                self.nodes[to].in_hand = record;
                Input::Claimed(claimed)
            }
            Reply::Saved(saved) => Input::Saved(saved),
            Reply::Renewed(saved) => Input::Renewed(saved),
            Reply::Offered => Input::Offered,
        };
        self.step(to, input);
    }

    /// The node learns nothing of it; the request is still on its way, and then answered to nobody.
    fn lose(&mut self, index: usize) {
        let Some(request) = self.requests.get_mut(index) else {
            return;
        };
        let (from, life) = (request.from, request.life);
        let input = match request.wants {
            Wants::Claim { .. } => Input::Claimed(Claimed::Failed),
            Wants::Save { .. } => Input::Saved(Saved::Unanswered),
            Wants::Renew { .. } => Input::Renewed(Saved::Unanswered),
            Wants::Release { .. } => return,
        };
        request.life = u8::MAX;
        if self.nodes[from].life == life {
            self.step(from, input);
        }
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Arrive(at) => {
                let ticket = self.nodes[at].to_come.remove(0);
                self.step(at, Input::Arrive { ticket: TicketId(ticket.into()), turn: Turn::Write, until: NEVER });
            }
            Step::Finish(at) => {
                let node = &mut self.nodes[at];
                let Some(ticket) = node.running.take() else { return };
                let mut record = node.committed.last().cloned().unwrap_or_else(|| node.in_hand.clone());
                record.push(ticket);
                node.in_hand.clone_from(&record);
                node.committed.push(record);
                self.step(at, Input::Commit { ticket: TicketId(ticket.into()), work: Work::Patch });
            }
            Step::Fail(at) => {
                let Some(ticket) = self.nodes[at].running.take() else { return };
                self.told.push((ticket, Err(Reason::Timeout)));
                self.step(at, Input::Leave { ticket: TicketId(ticket.into()) });
            }
            Step::Serve(index) => self.serve(index),
            Step::Answer(index) => self.answer(index),
            Step::Lose(index) => {
                self.left.losses -= 1;
                self.lose(index);
            }
            Step::Refuse(index) => {
                self.left.losses -= 1;
                let Request { from, life, .. } = self.requests.remove(index);
                self.replies.push((from, life, Reply::Saved(Saved::Failed)));
            }
            Step::Crash(at) => {
                self.left.crashes -= 1;
                let node = &mut self.nodes[at];
                let to_come = std::mem::take(&mut node.to_come);
                *node = Node { life: node.life + 1, now: node.now, ..Node::new(to_come) };
                self.replies.retain(|(to, ..)| *to != at);
            }
            Step::Leap(at) => {
                self.left.leaps[at] -= 1;
                self.nodes[at].now += LEAP;
                self.step(at, Input::Tick);
            }
            Step::Delay(at) => {
                self.left.delays -= 1;
                self.nodes[at].now += DELAY;
                self.step(at, Input::Tick);
            }
            Step::Due(at) => {
                let node = &mut self.nodes[at];
                node.now = node.now.max(node.machine.due().unwrap_or_default());
                self.step(at, Input::Tick);
            }
            Step::Destroy => {
                self.left.destroys -= 1;
                self.store.record = None;
                self.step(0, Input::Ended);
            }
        }
    }

    /// When nothing is lost any more and time goes on, does all come to an end?
    fn drains(&self) -> bool {
        let mut state = self.clone();
        for _ in 0..400 {
            let step = if !state.replies.is_empty() {
                Step::Answer(0)
            } else if !state.requests.is_empty() {
                Step::Serve(0)
            } else if let Some(at) = (0..2).find(|at| state.nodes[*at].running.is_some()) {
                Step::Finish(at)
            } else if let Some(at) = (0..2).find(|at| !state.nodes[*at].machine.is_idle()) {
                // the node that stands still is not the only one whose time goes on
                state.nodes[1 - at].now += Time::from_millis(250);
                state.step(1 - at, Input::Tick);
                state.nodes[at].now += Time::from_millis(250);
                state.step(at, Input::Tick);
                continue;
            } else {
                return true;
            };
            state.take(&step);
        }
        false
    }
}

impl Node {
    fn new(to_come: Vec<u8>) -> Self {
        Self {
            machine: Machine::new(RULES),
            life: 0,
            now: Time::ZERO,
            token: None,
            in_hand: Vec::new(),
            running: None,
            committed: Vec::new(),
            saving: None,
            to_come,
        }
    }
}

impl Model for Scope {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        let [first, second] = self.writers;
        vec![State {
            nodes: [Node::new((0..first).collect()), Node::new((10..10 + second).collect())],
            store: Store { record: Some(Vec::new()), lease: None, line: Vec::new(), applied: None },
            requests: Vec::new(),
            replies: Vec::new(),
            left: Left {
                losses: self.losses,
                crashes: self.crashes,
                leaps: [self.leaps; 2],
                delays: self.delays,
                destroys: self.destroys,
            },
            told: Vec::new(),
            tokens: 0,
            wrong: None,
        }]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        for at in 0..2 {
            let node = &state.nodes[at];
            if !node.to_come.is_empty() {
                steps.push(Step::Arrive(at));
            }
            if node.running.is_some() {
                steps.push(Step::Finish(at));
                if state.left.delays > 0 {
                    steps.push(Step::Delay(at));
                }
                // one that fails is one of the two of its batch
                if node.running == Some(0) {
                    steps.push(Step::Fail(at));
                }
            }
            if !node.machine.is_idle() && state.left.leaps[at] > 0 {
                steps.push(Step::Leap(at));
            }
            if state.left.crashes > 0 && !node.machine.is_idle() {
                steps.push(Step::Crash(at));
            }
            let resends = node.machine.batch.as_ref().and_then(|batch| batch.saving.as_ref());
            if resends.is_some_and(|saving| saving.again.is_some()) {
                steps.push(Step::Due(at));
            }
        }
        steps.extend((0..state.requests.len()).map(Step::Serve));
        steps.extend((0..state.replies.len()).map(Step::Answer));
        if state.left.losses > 0 {
            let answered =
                |request: &Request| request.life != u8::MAX && !matches!(request.wants, Wants::Release { .. });
            let (answered, saves): (Vec<_>, Vec<_>) = state
                .requests
                .iter()
                .enumerate()
                .filter(|(_, request)| answered(request))
                .map(|(index, request)| (index, matches!(request.wants, Wants::Save { .. }).then_some(index)))
                .unzip();
            steps.extend(answered.into_iter().map(Step::Lose));
            steps.extend(saves.into_iter().flatten().map(Step::Refuse));
        }
        if state.left.destroys > 0 {
            steps.push(Step::Destroy);
        }
    }

    fn next_state(&self, before: &State, step: Step) -> Option<State> {
        let mut state = before.clone();
        state.take(&step);
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("never two writers accepted", |_, state: &State| state.wrong.is_none()),
            Property::always("what was acknowledged is there", |_, state: &State| match &state.store.record {
                Some(record) => state.told.iter().all(|(ticket, verdict)| verdict.is_err() || record.contains(ticket)),
                None => true,
            }),
            Property::always("what was rolled back is not there", |_, state: &State| match &state.store.record {
                Some(record) => state.told.iter().all(|(ticket, verdict)| {
                    !record.contains(ticket) || matches!(verdict, Ok(()) | Err(Reason::Unknown))
                }),
                None => true,
            }),
            Property::always("each is told once", |_, state: &State| {
                let mut told: Vec<u8> = state.told.iter().map(|(ticket, _)| *ticket).collect();
                told.sort_unstable();
                told.windows(2).all(|pair| pair[0] != pair[1])
            }),
            Property::always("nothing waits for ever", |_, state: &State| state.drains()),
            Property::sometimes("all are saved", |scope: &Self, state: &State| {
                let [first, second] = scope.writers;
                state.told.iter().filter(|(_, verdict)| verdict.is_ok()).count() == usize::from(first + second)
            }),
        ]
    }
}

fn check(scope: Scope) {
    let checker = scope.checker().threads(2).spawn_bfs().join();
    println!("{} states", checker.unique_state_count());
    checker.assert_properties();
}

const CALM: Scope = Scope { writers: [2, 1], losses: 0, crashes: 0, leaps: 0, delays: 0, destroys: 0 };

#[test]
fn two_nodes_one_slower_than_the_other() {
    check(Scope { leaps: 1, delays: 1, ..CALM });
}

#[test]
fn two_nodes_and_lost_messages() {
    check(Scope { losses: 2, leaps: 1, ..CALM });
}

#[test]
fn two_nodes_and_a_crash() {
    check(Scope { crashes: 1, leaps: 1, ..CALM });
}

#[test]
fn two_nodes_and_a_session_that_is_destroyed() {
    check(Scope { destroys: 1, leaps: 1, ..CALM });
}
