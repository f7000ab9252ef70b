//! What is kept of one session at work, besides its machine: who waits with what, and the record in hand.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, atomic::Ordering},
    task::{Context, Poll, Waker},
    time::Duration,
};

use super::{
    Engine, Refusal,
    machine::{Command, Machine, Rules, TicketId, Work},
    promise::Promise,
    random,
};
use crate::{
    metering::LeaseWait,
    record::{Patch, Record, SessionKey},
    store::{Fence, NodeId, Retirement, Then, Token},
};

pub(super) struct Queue {
    pub(super) key: SessionKey,
    pub(super) state: Mutex<State>,
}

pub(super) struct State {
    pub(super) machine: Machine,
    slots: Slots,
    pub(super) bytes: usize,
    /// The fence of the lease that is held or claimed.
    pub(super) token: Option<Token>,
    /// The record as it was loaded, with what was committed since then.
    pub(super) record: Option<Record>,
    /// What was committed and is not on its way yet, and whether the record in hand has it.
    committed: VecDeque<(TicketId, Change, bool)>,
    /// What is on its way, to be sent again if no answer comes.
    pub(super) saving: Option<Save>,
    /// What the machine commands, while it is carried out: kept for its memory.
    pub(super) commands: Vec<Command>,
    /// For when a tick is under way already.
    pub(super) wakes: Option<Duration>,
    /// The operation that an event awaits; there is one at a time.
    overseen: Option<Overseen>,
    pub(super) lease_wait: LeaseWait,
}

/// Who awaits an operation, and how long that may take.
pub(super) struct Overseen {
    until: Duration,
    waker: Waker,
}

impl Overseen {
    pub(super) fn of(state: &mut State, until: Duration, waker: &Waker) {
        match &mut state.overseen {
            Some(overseen) if overseen.until == until && overseen.waker.will_wake(waker) => {}
            overseen => *overseen = Some(Self { until, waker: waker.clone() }),
        }
    }
}

/// What is known of a ticket.
struct Slot {
    bytes: usize,
    grant: Promise<Result<Record, Refusal>>,
    verdict: Promise<Result<(), Refusal>>,
}

/// The tickets that somebody has, in the order of their numbers.
#[derive(Default)]
struct Slots {
    first: u64,
    slots: VecDeque<Option<Slot>>,
}

impl Slots {
    fn push(&mut self, slot: Slot) -> TicketId {
        let id = TicketId(self.first + self.slots.len() as u64);
        self.slots.push_back(Some(slot));
        id
    }

    fn entry(&mut self, ticket: TicketId) -> Option<&mut Option<Slot>> {
        let index = usize::try_from(ticket.0.checked_sub(self.first)?).ok()?;
        self.slots.get_mut(index)
    }

    fn get_mut(&mut self, ticket: TicketId) -> Option<&mut Slot> {
        self.entry(ticket)?.as_mut()
    }

    fn remove(&mut self, ticket: TicketId) {
        if let Some(slot) = self.entry(ticket) {
            *slot = None;
        }
        while self.slots.pop_front_if(|slot| slot.is_none()).is_some() {
            self.first += 1;
        }
    }
}

/// What a transaction does to its record.
#[derive(Debug)]
pub(super) enum Change {
    Patch(Patch),
    /// The session has got a new id.
    Retire(Retirement),
}

/// What is sent to the store.
#[derive(Clone)]
pub(super) enum Save {
    Patch(Arc<Patch>),
    Retire(Retirement),
}

impl Change {
    pub(super) fn work(&self) -> Work {
        match self {
            Self::Patch(patch) if patch.is_empty() => Work::Nothing,
            Self::Patch(_) => Work::Patch,
            Self::Retire(_) => Work::Retire,
        }
    }
}

impl Queue {
    pub(super) fn new(key: SessionKey, rules: Rules) -> Self {
        let state = State {
            machine: Machine::new(rules),
            slots: Slots::default(),
            bytes: 0,
            token: None,
            record: None,
            committed: VecDeque::new(),
            saving: None,
            commands: Vec::new(),
            wakes: None,
            overseen: None,
            lease_wait: LeaseWait::default(),
        };
        Self { key, state: Mutex::new(state) }
    }
}

impl State {
    pub(super) fn take_place(&mut self, engine: &Engine, bytes: usize) -> TicketId {
        self.bytes += bytes;
        engine.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.slots.push(Slot { bytes, grant: Promise::default(), verdict: Promise::default() })
    }

    /// Wakes who awaits an operation that takes too long.
    pub(super) fn oversee(&mut self, now: Duration) {
        if let Some(late) = self.overseen.take_if(|overseen| now >= overseen.until) {
            late.waker.wake();
        }
    }

    /// The operation has ended.
    pub(super) fn relieve(&mut self) {
        self.overseen = None;
    }

    /// Nobody has that ticket any more.
    pub(super) fn give_up(&mut self, engine: &Engine, ticket: TicketId) {
        self.admit(engine, ticket);
        self.slots.remove(ticket);
    }

    /// It waits no more; what waited with it does not either.
    fn admit(&mut self, engine: &Engine, ticket: TicketId) -> Option<&mut Slot> {
        let slot = self.slots.get_mut(ticket)?;
        let bytes = std::mem::take(&mut slot.bytes);
        self.bytes = self.bytes.saturating_sub(bytes);
        engine.bytes.fetch_sub(bytes, Ordering::Relaxed);
        Some(slot)
    }

    /// Its turn has come, or will not come.
    pub(super) fn grant(&mut self, engine: &Engine, ticket: TicketId, granted: Result<Record, Refusal>) {
        // whoever went away meanwhile says so with a `Leave`
        if let Some(slot) = self.admit(engine, ticket) {
            slot.grant.keep(granted);
        }
    }

    /// What has come of what it has committed.
    pub(super) fn answer(&mut self, ticket: TicketId, verdict: Result<(), Refusal>) {
        if let Some(slot) = self.slots.get_mut(ticket) {
            slot.verdict.keep(verdict);
        }
    }

    pub(super) fn poll_granted(
        &mut self,
        ticket: TicketId,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Record, Refusal>>> {
        self.slots.get_mut(ticket).map_or(Poll::Ready(None), |slot| slot.grant.poll(context))
    }

    /// What was granted, if anything was by now.
    pub(super) fn granted(&mut self, ticket: TicketId) -> Option<Result<Record, Refusal>> {
        self.slots.get_mut(ticket)?.grant.take()
    }

    pub(super) fn poll_answered(
        &mut self,
        ticket: TicketId,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<(), Refusal>>> {
        self.slots.get_mut(ticket).map_or(Poll::Ready(None), |slot| slot.verdict.poll(context))
    }

    /// The record in hand, with all that was committed before.
    pub(super) fn in_hand(&mut self) -> Option<Record> {
        self.apply();
        self.record.clone()
    }

    fn apply(&mut self) {
        let Some(record) = &mut self.record else {
            return;
        };
        for (_, change, applied) in self.committed.iter_mut().filter(|(_, _, applied)| !applied) {
            if let Change::Patch(patch) = change {
                record.fields.apply(patch);
                if let Some(deadline) = patch.deadline {
                    record.deadline = deadline.after(record.deadline);
                }
            }
            *applied = true;
        }
    }

    /// A transaction has ended well.
    pub(super) fn commit(&mut self, ticket: TicketId, change: Change) {
        if let Some(slot) = self.slots.get_mut(ticket) {
            // a retirement that is tried again waits for another verdict
            slot.verdict = Promise::default();
        }
        self.committed.push_back((ticket, change, false));
    }

    /// What it has committed is not saved.
    pub(super) fn discard(&mut self, ticket: TicketId) {
        self.committed.retain(|(committed, ..)| *committed != ticket);
    }

    /// What the first so many have committed, as one, under the lease.
    pub(super) fn save(&mut self, commits: usize, then: Then) -> Option<Save> {
        if then == Then::Release {
            // the store need not copy what nobody looks at any more
            self.record = None;
        } else {
            // whoever comes next runs on it
            self.apply();
        }
        let token = self.token;
        let changes = self.committed.drain(..commits.min(self.committed.len())).map(|(_, change, _)| change);
        let change = changes.reduce(|first, second| match (first, second) {
            (Change::Patch(first), Change::Patch(second)) => Change::Patch(first.then(second)),
            // saved by itself
            (_, retirement) => retirement,
        })?;
        let save = match change {
            Change::Patch(patch) => {
                if let Some(record) = self.record.as_mut().filter(|_| !patch.is_empty()) {
                    record.latest = Some(patch.transaction);
                }
                Save::Patch(Arc::new(Patch { fence: token.map(|token| Fence { token, then }), ..patch }))
            }
            Change::Retire(retirement) => Save::Retire(Retirement { token, ..retirement }),
        };
        self.saving = Some(save.clone());
        Some(save)
    }

    /// The fence of the lease that is claimed: half of it says whose it is.
    pub(super) fn claim(&mut self, anew: bool, node: NodeId) -> Token {
        let token = self.token.filter(|_| !anew).unwrap_or_else(|| Token(node.0 << 64 | random() >> 64));
        self.token = Some(token);
        token
    }
}

/// Whether a fence is one of that node's.
pub(super) fn is_own(token: Token, node: NodeId) -> bool {
    token.0 >> 64 == node.0 & u128::from(u64::MAX)
}
