//! Who may work on which session when.
//!
//! A transaction takes its place in its session's queue synchronously ([`Engine::enqueue`]), waits for its turn
//! ([`Ticket::granted`]), and commits a patch ([`Transaction::commit`]). The order and the exclusion are decided by
//! [`machine`], which does no I/O; this file carries out its commands.
//!
//! There is no lock across an await. What a store answers at once is taken at once; what it does not is awaited in a
//! task of its own, so that a caller that goes away leaves nothing half done. An idle session costs nothing here.

mod machine;
mod transaction;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::{
    sync::oneshot,
    time::{Instant, timeout},
};

pub(crate) use self::transaction::{Ticket, Transaction, is_held};

use self::machine::{Command, Input, Loaded, Machine, Reason, Saved, TicketId, Turn};
use crate::{
    record::{Patch, Record, SessionKey},
    store::{AnyStore, Patched, StoreError, StoreFuture},
    view::Access,
};

/// Why a transaction did not take place.
#[derive(Clone, Debug)]
pub(crate) enum Refusal {
    Gone,
    Timeout,
    Overloaded,
    TooLarge,
    Unavailable(Arc<StoreError>),
    Unknown,
}

/// How long and how much.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// For how long a handler may run.
    pub(crate) handler: Duration,
    /// For how long a transaction waits for its turn.
    pub(crate) wait: Duration,
    /// For how long a store may take.
    pub(crate) store: Duration,
    /// How many transactions of one session wait at most.
    pub(crate) queue: usize,
    /// How many bytes of events wait at most: for one session, and in all.
    pub(crate) queue_bytes: usize,
    pub(crate) total_bytes: usize,
    /// How large a session may be.
    pub(crate) session_bytes: usize,
}

/// A handler's own time limit ends it; the queue's is only for those that cannot be ended, and comes after it.
const MARGIN: Duration = Duration::from_secs(1);

pub(crate) struct Engine {
    store: Arc<dyn AnyStore>,
    /// Only sessions at work.
    queues: Mutex<HashMap<SessionKey, Arc<Queue>>>,
    pub(crate) limits: Limits,
    epoch: Instant,
    bytes: AtomicUsize,
}

struct Queue {
    key: SessionKey,
    state: Mutex<State>,
}

struct State {
    machine: Machine,
    next: u64,
    slots: HashMap<TicketId, Slot>,
    bytes: usize,
}

/// What the shell knows of a ticket, and the machine need not.
struct Slot {
    bytes: usize,
    grant: Option<oneshot::Sender<Result<Record, Refusal>>>,
    commit: Option<(Patch, oneshot::Sender<Result<(), Refusal>>)>,
}

/// A command that needs the store.
enum Io {
    Load,
    Save(Patch),
}

/// What the store said, with what the machine need not know of it.
enum Outcome {
    Loaded(Result<Option<Record>, StoreError>),
    Saved(Result<Patched, StoreError>),
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // no code of others runs under these locks
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine {
    pub(crate) fn new(store: Arc<dyn AnyStore>, limits: Limits) -> Self {
        Self { store, queues: Mutex::default(), limits, epoch: Instant::now(), bytes: AtomicUsize::new(0) }
    }

    pub(crate) fn store(&self) -> &dyn AnyStore {
        &*self.store
    }

    fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    /// Takes a place in the session's queue. The order of these calls is the order of the turns.
    ///
    /// `bytes` is what waits with it.
    pub(crate) fn enqueue(self: &Arc<Self>, key: SessionKey, access: Access, bytes: usize) -> Result<Ticket, Refusal> {
        let turn = if access == Access::Write { Turn::Write } else { Turn::Read };
        let deadline = Instant::now() + self.limits.wait;
        let (grant, granted) = oneshot::channel();

        let mut queues = lock(&self.queues);
        let queue = queues.entry(key).or_insert_with(|| {
            let machine = Machine::new(self.limits.handler.saturating_add(MARGIN));
            Arc::new(Queue { key, state: Mutex::new(State { machine, next: 0, slots: HashMap::new(), bytes: 0 }) })
        });
        let queue = Arc::clone(queue);
        let mut state = lock(&queue.state);
        if state.machine.waiting() >= self.limits.queue
            || state.bytes.saturating_add(bytes) > self.limits.queue_bytes
            || self.bytes.load(Ordering::Relaxed).saturating_add(bytes) > self.limits.total_bytes
        {
            if state.machine.is_idle() {
                // it was made for this one
                queues.remove(&key);
            }
            return Err(Refusal::Overloaded);
        }
        let ticket = TicketId(state.next);
        state.next += 1;
        state.bytes += bytes;
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        state.slots.insert(ticket, Slot { bytes, grant: Some(grant), commit: None });
        let until = deadline.saturating_duration_since(self.epoch);
        let io = self.step(&queue, &mut state, Input::Arrive { ticket, turn, until }, None);
        drop(state);
        drop(queues);
        self.drive(&queue, io);
        Ok(Ticket { engine: Arc::clone(self), queue, id: ticket, access, deadline, granted })
    }

    /// Tells the queue of a session, if it is at work, that the session has ended.
    pub(crate) fn ended(self: &Arc<Self>, key: &SessionKey) {
        let queue = lock(&self.queues).get(key).cloned();
        if let Some(queue) = queue {
            self.input(&queue, Input::Ended);
        }
    }

    fn input(self: &Arc<Self>, queue: &Arc<Queue>, input: Input) {
        let io = self.step(queue, &mut lock(&queue.state), input, None);
        self.drive(queue, io);
        self.forget_if_idle(queue);
    }

    /// One step of the machine; what it commands is done at once, but for what needs the store.
    fn step(&self, queue: &Queue, state: &mut State, input: Input, outcome: Option<Outcome>) -> Option<Io> {
        let mut commands = Vec::new();
        state.machine.step(self.now(), input, &mut commands);
        let (record, failure) = match outcome {
            Some(Outcome::Loaded(Ok(record))) => (record, None),
            Some(Outcome::Loaded(Err(error)) | Outcome::Saved(Err(error))) => {
                tracing::warn!(session = %queue.key, %error, source = ?std::error::Error::source(&error), "the session store failed");
                (None, Some(Arc::new(error)))
            }
            Some(Outcome::Saved(Ok(_))) | None => (None, None),
        };
        let refusal = |reason| match (reason, &failure) {
            (Reason::Gone, _) => Refusal::Gone,
            (Reason::Timeout, _) => Refusal::Timeout,
            (Reason::Unknown, _) => Refusal::Unknown,
            (Reason::Failed, Some(error)) if matches!(**error, StoreError::TooLarge) => Refusal::TooLarge,
            (Reason::Failed, Some(error)) => Refusal::Unavailable(Arc::clone(error)),
            (Reason::Failed, None) => Refusal::Unavailable(Arc::new(StoreError::unavailable("it failed"))),
        };
        let mut io = None;
        for command in commands {
            match command {
                Command::Load => io = Some(Io::Load),
                Command::Grant(ticket) => {
                    if let Some(grant) = state.admit(self, ticket)
                        && let Some(record) = &record
                    {
                        // whoever went away meanwhile says so with a `Leave`
                        let _ = grant.send(Ok(record.clone()));
                    }
                }
                Command::Refuse(ticket, reason) => {
                    if let Some(grant) = state.admit(self, ticket) {
                        let _ = grant.send(Err(refusal(reason)));
                    }
                }
                Command::Save(ticket) => {
                    let commit = state.slots.get_mut(&ticket).and_then(|slot| slot.commit.as_mut());
                    io = commit.map(|(patch, _)| Io::Save(std::mem::take(patch)));
                }
                Command::Verdict(ticket, verdict) => {
                    let commit = state.slots.get_mut(&ticket).and_then(|slot| slot.commit.take());
                    if let Some((_, answer)) = commit {
                        let _ = answer.send(verdict.map_err(&refusal));
                    }
                }
            }
        }
        io
    }

    /// Carries out what needs the store, for as long as it answers at once; what it does not is awaited in a task.
    fn drive(self: &Arc<Self>, queue: &Arc<Queue>, mut io: Option<Io>) {
        while let Some(command) = io.take() {
            let mut operation = self.operation(queue.key, command);
            match operation.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(outcome) => io = self.ended_io(queue, outcome),
                Poll::Pending => {
                    let (engine, queue) = (Arc::clone(self), Arc::clone(queue));
                    tokio::spawn(async move {
                        let outcome = operation.await;
                        let io = engine.ended_io(&queue, outcome);
                        engine.drive(&queue, io);
                        engine.forget_if_idle(&queue);
                    });
                }
            }
        }
    }

    fn operation(&self, key: SessionKey, command: Io) -> std::pin::Pin<Box<dyn Future<Output = Outcome> + Send>> {
        let (store, limit) = (Arc::clone(&self.store), self.limits.store);
        Box::pin(async move {
            match command {
                Io::Load => Outcome::Loaded(bounded(limit, store.load(&key), StoreError::unavailable).await),
                Io::Save(patch) => {
                    Outcome::Saved(bounded(limit, store.patch(&key, &patch), StoreError::unanswered).await)
                }
            }
        })
    }

    fn ended_io(&self, queue: &Queue, outcome: Outcome) -> Option<Io> {
        let input = match &outcome {
            Outcome::Loaded(Ok(Some(_))) => Input::Loaded(Loaded::Live),
            Outcome::Loaded(Ok(None)) => Input::Loaded(Loaded::Gone),
            Outcome::Loaded(Err(_)) => Input::Loaded(Loaded::Failed),
            Outcome::Saved(Ok(Patched::Applied { .. })) => Input::Saved(Saved::Applied),
            Outcome::Saved(Ok(Patched::Gone)) => Input::Saved(Saved::Gone),
            Outcome::Saved(Err(StoreError::Unanswered(_))) => Input::Saved(Saved::Unknown),
            // fenced or failed, nothing was written
            Outcome::Saved(Ok(Patched::Fenced) | Err(_)) => Input::Saved(Saved::Failed),
        };
        self.step(queue, &mut lock(&queue.state), input, Some(outcome))
    }

    fn forget_if_idle(&self, queue: &Arc<Queue>) {
        if !lock(&queue.state).machine.is_idle() {
            return;
        }
        // looked at again under both locks, in the order of `enqueue`
        let mut queues = lock(&self.queues);
        if queues.get(&queue.key).is_some_and(|current| Arc::ptr_eq(current, queue))
            && lock(&queue.state).machine.is_idle()
        {
            queues.remove(&queue.key);
        }
    }

    #[cfg(test)]
    fn at_work(&self) -> usize {
        lock(&self.queues).len()
    }
}

impl State {
    /// It waits no more.
    fn admit(&mut self, engine: &Engine, ticket: TicketId) -> Option<oneshot::Sender<Result<Record, Refusal>>> {
        let slot = self.slots.get_mut(&ticket)?;
        let bytes = std::mem::take(&mut slot.bytes);
        self.bytes = self.bytes.saturating_sub(bytes);
        engine.bytes.fetch_sub(bytes, Ordering::Relaxed);
        slot.grant.take()
    }
}

async fn bounded<T>(
    limit: Duration,
    operation: StoreFuture<'_, T>,
    late: impl FnOnce(&'static str) -> StoreError,
) -> Result<T, StoreError> {
    timeout(limit, operation).await.unwrap_or_else(|_| Err(late("it did not answer in time")))
}

#[cfg(test)]
mod tests;
