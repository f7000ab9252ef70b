//! Carries out what the machine commands.

use std::{
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::{
    runtime::Handle,
    time::{sleep, timeout},
};

use super::{
    Engine, Refusal, lock,
    machine::{Claimed, Command, Input, Loaded, Reason, Saved, TicketId, Time},
    queue::{Change, Queue, Save, State, is_own},
    short::Settled,
    waiting::Waiting,
};
use crate::{
    record::{Patch, Record, SessionKey},
    store::{self, Acquired, Begun, Claim, Fence, Patched, StoreError, Then, Token},
};

/// How often the sessions at work are looked after.
const SWEEP: Duration = Duration::from_millis(250);
/// The shortest sleep.
const BLINK: Duration = Duration::from_millis(1);

/// A command that needs the store.
pub(super) enum Io {
    Load,
    /// Without leases, a load.
    Claim(Option<Claim>),
    /// A claim on the lease that is held, with the record as it was when this node last saw or saved it.
    Confirm(Claim, Record),
    Save(Save),
    Renew(Token),
}

/// What the store said, with what the machine need not know of it.
pub(super) enum Outcome {
    Loaded(Result<store::Loaded, StoreError>),
    Claimed(Result<Acquired, StoreError>),
    Saved(Result<Patched, StoreError>),
    Renewed(Result<Patched, StoreError>),
}

/// A command on its way.
pub(super) enum Operation {
    Load(Begun<store::Loaded>),
    /// A claim where there are no leases.
    Take(Begun<store::Loaded>),
    Claim(Begun<Acquired>, Token),
    Save(Begun<Patched>),
    Renew(Begun<Patched>),
}

impl Operation {
    /// A claim without an answer may have got the lease: others need not wait for that.
    pub(super) fn may_hold(&self, outcome: &Outcome) -> Option<Token> {
        match (self, outcome) {
            (Self::Claim(_, token), Outcome::Claimed(Err(StoreError::Unanswered(_)))) => Some(*token),
            _ => None,
        }
    }

    /// It has taken too long.
    fn late(&self) -> Outcome {
        const LATE: &str = "it did not answer in time";
        match self {
            Self::Load(_) => Outcome::Loaded(Err(StoreError::unavailable(LATE))),
            Self::Take(_) => Outcome::Claimed(Err(StoreError::unavailable(LATE))),
            Self::Claim(..) => Outcome::Claimed(Err(StoreError::unanswered(LATE))),
            Self::Save(_) => Outcome::Saved(Err(StoreError::unanswered(LATE))),
            Self::Renew(_) => Outcome::Renewed(Err(StoreError::unanswered(LATE))),
        }
    }
}

impl Future for Operation {
    type Output = Outcome;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        match self.get_mut() {
            Self::Load(load) => Pin::new(load).poll(context).map(Outcome::Loaded),
            Self::Take(load) => Pin::new(load).poll(context).map(|loaded| {
                Outcome::Claimed(loaded.map(|loaded| loaded.live().map_or(Acquired::Gone, Acquired::Held)))
            }),
            Self::Claim(claim, _) => Pin::new(claim).poll(context).map(Outcome::Claimed),
            Self::Save(save) => Pin::new(save).poll(context).map(Outcome::Saved),
            Self::Renew(renewal) => Pin::new(renewal).poll(context).map(Outcome::Renewed),
        }
    }
}

impl Outcome {
    fn input(&self, engine: &Engine, at_once: bool) -> Input {
        match self {
            Self::Loaded(Ok(store::Loaded::Live(_))) => Input::Loaded(Loaded::Live),
            Self::Loaded(Ok(store::Loaded::Rotated | store::Loaded::Gone)) => Input::Loaded(Loaded::Gone),
            Self::Loaded(Err(_)) => Input::Loaded(Loaded::Failed),
            Self::Claimed(Ok(Acquired::Held(_))) => Input::Claimed(Claimed::Held { at_once }),
            Self::Claimed(Ok(Acquired::Refused(lease))) => {
                Input::Claimed(Claimed::Refused { lease: *lease, own: is_own(lease.token, engine.node) })
            }
            Self::Claimed(Ok(Acquired::Gone)) => Input::Claimed(Claimed::Gone),
            Self::Claimed(Err(_)) => Input::Claimed(Claimed::Failed),
            Self::Saved(saved) => Input::Saved(saved_as(saved)),
            Self::Renewed(renewed) => Input::Renewed(saved_as(renewed)),
        }
    }

    fn record(&mut self) -> Option<Record> {
        match self {
            Self::Loaded(Ok(loaded)) => std::mem::replace(loaded, store::Loaded::Gone).live(),
            Self::Claimed(Ok(acquired @ Acquired::Held(_))) => match std::mem::replace(acquired, Acquired::Gone) {
                Acquired::Held(record) => Some(record),
                Acquired::Refused(_) | Acquired::Gone => None,
            },
            _ => None,
        }
    }

    fn failure(self) -> Option<Arc<StoreError>> {
        match self {
            Self::Loaded(Err(error))
            | Self::Claimed(Err(error))
            | Self::Saved(Err(error))
            | Self::Renewed(Err(error)) => Some(Arc::new(error)),
            _ => None,
        }
    }
}

fn saved_as(saved: &Result<Patched, StoreError>) -> Saved {
    match saved {
        Ok(Patched::Applied { held, alone }) => Saved::Applied { held: *held, alone: *alone },
        Ok(Patched::Gone) => Saved::Gone,
        Ok(Patched::Fenced) => Saved::Fenced,
        Ok(Patched::Changed) => Saved::Changed,
        Err(StoreError::Unanswered(_)) => Saved::Unanswered,
        Err(_) => Saved::Failed,
    }
}

fn refusal(reason: Reason, failure: Option<&Arc<StoreError>>) -> Refusal {
    match (reason, failure) {
        (Reason::Gone, _) => Refusal::Gone,
        (Reason::Timeout, _) => Refusal::Timeout,
        (Reason::Lost, _) => Refusal::Lost,
        (Reason::Changed, _) => Refusal::Changed,
        (Reason::Unknown, _) => Refusal::Unknown,
        (Reason::Failed, Some(error)) if matches!(**error, StoreError::TooLarge) => Refusal::TooLarge,
        (Reason::Failed, Some(error)) => Refusal::Unavailable(Arc::clone(error)),
        (Reason::Failed, None) => Refusal::Unavailable(Arc::new(StoreError::unavailable("it failed before"))),
    }
}

/// What has come of a commit.
pub(super) enum Commit {
    Saved,
    /// It will be answered; somebody has to await that.
    Waits(Option<Waiting>),
}

/// A lease that is being given back.
struct Releasing(Arc<Engine>);

impl Releasing {
    fn of(engine: &Arc<Engine>) -> Self {
        engine.releases.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(engine))
    }
}

impl Drop for Releasing {
    fn drop(&mut self) {
        self.0.releases.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Engine {
    pub(super) fn input(self: &Arc<Self>, queue: &Arc<Queue>, input: Input) {
        let now = self.now();
        let io = self.step(queue, &mut lock(&queue.state), now, input, None);
        self.drive(queue, now, io);
    }

    /// A transaction has ended well: it is saved, or will be answered what comes of it.
    pub(super) fn commit(self: &Arc<Self>, queue: &Arc<Queue>, ticket: TicketId, change: Change) -> Commit {
        let now = self.now();
        let mut state = lock(&queue.state);
        let said = match self.settle(queue, &mut state, now, ticket, &change) {
            Settled::Saved => return Commit::Saved,
            Settled::Said(said) => Some(Outcome::Saved(said)),
            Settled::No => None,
        };
        let input = Input::Commit { ticket, work: change.work() };
        // in one step: nobody may see what was committed before it is accepted
        state.commit(ticket, change);
        let io = self.step(queue, &mut state, now, input, None);
        drop(state);
        let io = match (io, said) {
            (Some(Io::Save(_)), Some(said)) => self.ended_io(queue, now, said, true),
            (io, _) => io,
        };
        Commit::Waits(self.advance(queue, now, io))
    }

    /// Nobody has that ticket any more.
    pub(super) fn leave(self: &Arc<Self>, queue: &Arc<Queue>, ticket: TicketId) {
        let mut state = lock(&queue.state);
        state.give_up(self, ticket);
        if self.pass_on(queue, &mut state, ticket) {
            return;
        }
        let now = self.now();
        let io = self.step(queue, &mut state, now, Input::Leave { ticket }, None);
        drop(state);
        self.drive(queue, now, io);
    }

    /// One step of the machine; what it commands is done at once, but for what needs the store.
    pub(super) fn step(
        self: &Arc<Self>,
        queue: &Arc<Queue>,
        state: &mut State,
        now: Time,
        input: Input,
        outcome: Option<Outcome>,
    ) -> Option<Io> {
        let mut commands = std::mem::take(&mut state.commands);
        state.machine.step(now, input, &mut commands);
        let mut failure = None;
        if let Some(mut outcome) = outcome {
            if let Outcome::Claimed(Ok(acquired)) = &outcome {
                state.lease_wait.heard(acquired);
            }
            if let Some(record) = outcome.record() {
                state.record = Some(record);
            }
            failure = outcome.failure();
            if let Some(error) = &failure {
                tracing::warn!(session = %queue.key, %error, source = ?std::error::Error::source(&**error), "the session store failed");
            }
        }
        let mut io = None;
        for command in commands.drain(..) {
            match command {
                Command::Load => io = Some(Io::Load),
                Command::Claim { anew, over } if self.store.leases() => {
                    let claim = Claim { token: state.claim(anew, self.node), node: self.node, over };
                    io = Some(match state.in_hand() {
                        Some(known) if !anew && over.is_none() => Io::Confirm(claim, known),
                        _ => Io::Claim(Some(claim)),
                    });
                }
                Command::Claim { .. } => io = Some(Io::Claim(None)),
                Command::Grant(ticket) => {
                    if let Some(record) = state.in_hand() {
                        state.grant(self, ticket, Ok(record));
                    }
                }
                Command::Refuse(ticket, reason) => {
                    state.grant(self, ticket, Err(refusal(reason, failure.as_ref())));
                }
                Command::Discard(ticket) => state.discard(ticket),
                Command::Save { commits, then } => io = state.save(commits, then).map(Io::Save),
                Command::Resend => io = state.saving.clone().map(Io::Save),
                Command::Renew => io = state.token.map(Io::Renew),
                Command::Release => {
                    if let Some(token) = state.token.take() {
                        self.release(queue.key, token);
                    }
                }
                Command::Verdict(ticket, verdict) => {
                    state.answer(ticket, verdict.map_err(|reason| refusal(reason, failure.as_ref())));
                }
            }
        }
        state.commands = commands;
        if !state.machine.has_in_hand() {
            state.record = None;
        }
        if !state.machine.has_lease() {
            state.token = None;
            state.lease_wait.over();
        }
        self.wake_when_due(queue, state, now);
        io
    }

    /// Carries out what needs the store; what it does not answer at once is awaited in a task.
    pub(super) fn drive(self: &Arc<Self>, queue: &Arc<Queue>, now: Time, io: Option<Io>) {
        if let Some(waiting) = self.advance(queue, now, io) {
            waiting.elsewhere();
        }
    }

    /// Carries out what needs the store, for as long as it answers at once, for which no time passes.
    pub(super) fn advance(self: &Arc<Self>, queue: &Arc<Queue>, now: Time, mut io: Option<Io>) -> Option<Waiting> {
        io.as_ref()?;
        // what the operation needs of a runtime, it takes from that one from the beginning
        let runtime = if self.store.at_once() { None } else { self.runtime() };
        let _entered = runtime.as_ref().map(Handle::enter);
        while let Some(command) = io.take() {
            let mut operation = self.begin(queue.key, command);
            match Pin::new(&mut operation).poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(outcome) => io = self.ended_io(queue, now, outcome, true),
                Poll::Pending => return Some(Waiting::new(self, queue, operation, now)),
            }
        }
        None
    }

    fn begin(&self, key: SessionKey, command: Io) -> Operation {
        let store = Arc::clone(&self.store);
        if matches!(command, Io::Save(_)) {
            self.known.saving(&key);
        }
        match command {
            Io::Load => Operation::Load(store.begin_load(key)),
            Io::Claim(None) => Operation::Take(store.begin_load(key)),
            Io::Claim(Some(claim)) => Operation::Claim(store.begin_acquire(key, claim), claim.token),
            Io::Confirm(claim, known) => Operation::Claim(store.begin_confirm(key, claim, known), claim.token),
            Io::Save(Save::Patch(patch)) => Operation::Save(store.begin_patch(key, patch)),
            Io::Save(Save::Retire(retirement)) => Operation::Save(store.begin_retire(key, retirement)),
            Io::Renew(token) => {
                let renewal = Patch { fence: Some(Fence { token, then: Then::Keep }), ..Patch::new() };
                Operation::Renew(store.begin_patch(key, Arc::new(renewal)))
            }
        }
    }

    /// Awaits what the store says, for so long.
    pub(super) async fn end(&self, key: SessionKey, mut operation: Operation, limit: Duration) -> Outcome {
        let outcome = match timeout(limit, &mut operation).await {
            Ok(outcome) => outcome,
            Err(_) => operation.late(),
        };
        if let Some(token) = operation.may_hold(&outcome) {
            let _ = timeout(self.limits.store, Arc::clone(&self.store).begin_release(key, token)).await;
        }
        outcome
    }

    pub(super) fn ended_io(
        self: &Arc<Self>,
        queue: &Arc<Queue>,
        now: Time,
        outcome: Outcome,
        at_once: bool,
    ) -> Option<Io> {
        let input = outcome.input(self, at_once);
        let mut state = lock(&queue.state);
        state.relieve();
        if let Outcome::Saved(saved) = &outcome {
            // before anybody is answered
            match (&state.saving, saved) {
                (Some(Save::Patch(patch)), Ok(Patched::Applied { .. })) => self.known.saved(&queue.key, Some(patch)),
                _ => self.known.saved(&queue.key, None),
            }
        }
        self.step(queue, &mut state, now, input, Some(outcome))
    }

    /// Nobody waits for this: a release that is lost costs the others a lease's length.
    pub(super) fn release(self: &Arc<Self>, key: SessionKey, token: Token) {
        let (releasing, store, limit) = (Releasing::of(self), Arc::clone(&self.store), self.limits.store);
        self.spawn(async move {
            let _releasing = releasing;
            let released = timeout(limit, store.begin_release(key, token));
            if !matches!(released.await, Ok(Ok(()))) {
                tracing::debug!(session = %key, "a lease was not given back; others take it over");
            }
        });
    }

    /// Sees to it that the machine gets its tick.
    fn wake_when_due(self: &Arc<Self>, queue: &Arc<Queue>, state: &mut State, now: Time) {
        let Some(due) = state.machine.due() else {
            return;
        };
        if state.wakes.is_some_and(|wakes| wakes <= due) {
            return;
        }
        state.wakes = Some(due);
        let (engine, queue) = (Arc::clone(self), Arc::clone(queue));
        let pause = due.saturating_sub(now).max(BLINK);
        self.spawn(async move {
            sleep(pause).await;
            {
                let mut state = lock(&queue.state);
                if state.wakes == Some(due) {
                    state.wakes = None;
                }
            }
            engine.input(&queue, Input::Tick);
        });
    }

    /// Looks after the sessions at work, for as long as there are any: renews leases, and forgets who is idle. (Not at
    /// once: the next event of a session finds its queue still there.)
    pub(super) fn watch(self: &Arc<Self>) {
        if self.watched.load(Ordering::Relaxed) || self.watched.swap(true, Ordering::SeqCst) {
            return;
        }
        let engine = Arc::downgrade(self);
        self.spawn(async move {
            loop {
                sleep(SWEEP).await;
                let Some(engine) = engine.upgrade() else {
                    return;
                };
                let Some(queues) = engine.at_work_still() else {
                    return;
                };
                for queue in queues {
                    lock(&queue.state).oversee(engine.now());
                    engine.input(&queue, Input::Tick);
                }
            }
        });
    }
}

impl Engine {
    /// Forgets who is idle; `None` if nobody is left, and then nobody looks after them any more.
    fn at_work_still(&self) -> Option<Vec<Arc<Queue>>> {
        let mut queues = lock(&self.queues);
        queues.retain(|_, queue| !lock(&queue.state).machine.is_idle());
        if queues.is_empty() {
            // under the lock that whoever comes next takes before it looks
            self.watched.store(false, Ordering::SeqCst);
            queues.shrink_to_fit();
            return None;
        }
        Some(queues.values().cloned().collect())
    }
}
