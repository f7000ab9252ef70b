//! Who may work on which session when.
//!
//! A transaction takes its place in its session's queue synchronously ([`Engine::enqueue`]), waits for its turn
//! ([`Ticket::granted`]), and commits a patch ([`Transaction::commit`]). The order, the exclusion, the batches and the
//! leases are decided by [`machine`], which does no I/O; [`queue`] holds what the machine need not know, and [`drive`]
//! carries out what needs the store.
//!
//! There is no lock across an await. What a store answers at once is taken at once; what it does not is awaited in a
//! task of its own, so that a caller that goes away leaves nothing half done. A session that is idle for a moment costs
//! nothing here.

mod drive;
mod home;
mod known;
mod machine;
mod promise;
mod queue;
mod short;
mod transaction;
mod waiting;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, sleep};

pub(crate) use self::known::{Known, Look};
pub(crate) use self::transaction::{Ticket, Transaction};
pub(crate) use self::waiting::Attended;

use self::{
    home::Home,
    machine::{Input, Rules, Turn},
    queue::Queue,
    waiting::Waiting,
};
use crate::{
    record::{BySession, SessionKey},
    store::{self, NodeId, StoreError},
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
    /// Another node has taken the session over: nothing was written, and it can be tried again.
    Lost,
    /// The record is another than the retirement has seen: nothing was written, and it can be tried again in the same turn.
    Changed,
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

/// How often is looked whether all leases are given back.
const PAUSE: Duration = Duration::from_millis(5);

/// Whoever wants no limit says `Duration::MAX`, which cannot be added to a time.
const ENDLESS: Duration = Duration::from_hours(24 * 365);

pub(crate) struct Engine {
    store: Arc<dyn store::AnyStore>,
    /// This process, among those that share the store.
    pub(crate) node: NodeId,
    /// Only sessions at work.
    queues: Mutex<BySession<Arc<Queue>>>,
    pub(crate) limits: Limits,
    /// For events that need no more than what was seen a moment ago.
    pub(crate) known: Known,
    epoch: Instant,
    home: Home,
    bytes: AtomicUsize,
    /// Leases that are being given back.
    releases: AtomicUsize,
    /// Somebody looks after the sessions at work.
    watched: AtomicBool,
    /// Somebody listens to what other nodes say.
    listens: AtomicBool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // no code of others runs under these locks
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine {
    pub(crate) fn new(store: Arc<dyn store::AnyStore>, mut limits: Limits) -> Self {
        for limit in [&mut limits.handler, &mut limits.wait, &mut limits.store] {
            *limit = (*limit).min(ENDLESS);
        }
        let engine = Self {
            store,
            node: NodeId(random()),
            queues: Mutex::default(),
            limits,
            known: Known::default(),
            epoch: Instant::now(),
            home: Home::default(),
            bytes: AtomicUsize::new(0),
            releases: AtomicUsize::new(0),
            watched: AtomicBool::new(false),
            listens: AtomicBool::new(false),
        };
        // where it is made is where the server is
        let _ = engine.runtime();
        engine
    }

    pub(crate) fn store(&self) -> &dyn store::AnyStore {
        &*self.store
    }

    fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    fn rules(&self) -> Rules {
        Rules { leases: self.store.leases(), hold: self.limits.handler.saturating_add(MARGIN), save: self.limits.store }
    }

    /// Takes a place in the session's queue. The order of these calls is the order of the turns.
    ///
    /// `bytes` is what waits with it.
    pub(crate) fn enqueue(self: &Arc<Self>, key: SessionKey, access: Access, bytes: usize) -> Result<Ticket, Refusal> {
        let (ticket, waiting) = self.enqueue_for(key, Turn::of(access), access, bytes)?;
        Attended::elsewhere(waiting);
        Ok(ticket)
    }

    /// A place for an event, whose task waits for its turn and does nothing else until that comes.
    pub(crate) fn enqueue_event(
        self: &Arc<Self>,
        key: SessionKey,
        access: Access,
        bytes: usize,
    ) -> Result<(Ticket, Attended), Refusal> {
        let (mut ticket, waiting) = self.enqueue_for(key, Turn::of(access), access, bytes)?;
        ticket.is_event = true;
        Ok((ticket, Attended::here(waiting)))
    }

    /// A place to write that begins with what the store has: what is committed before it is saved by then.
    pub(crate) fn enqueue_first(self: &Arc<Self>, key: SessionKey) -> Result<Ticket, Refusal> {
        let (ticket, waiting) = self.enqueue_for(key, Turn::WriteFirst, Access::Write, 0)?;
        Attended::elsewhere(waiting);
        Ok(ticket)
    }

    fn enqueue_for(
        self: &Arc<Self>,
        key: SessionKey,
        turn: Turn,
        access: Access,
        bytes: usize,
    ) -> Result<(Ticket, Option<Waiting>), Refusal> {
        let arrived = Instant::now();
        let now = arrived.saturating_duration_since(self.epoch);

        let mut queues = lock(&self.queues);
        let queue = Arc::clone(queues.entry(key).or_insert_with(|| Arc::new(Queue::new(key, self.rules()))));
        let mut state = lock(&queue.state);
        if state.machine.waiting() >= self.limits.queue
            || state.bytes.saturating_add(bytes) > self.limits.queue_bytes
            || self.bytes.load(Ordering::Relaxed).saturating_add(bytes) > self.limits.total_bytes
        {
            return Err(Refusal::Overloaded);
        }
        // it is not forgotten while somebody holds its state
        drop(queues);
        let (id, record, waiting) = if let Some((id, record)) = self.take(&queue, &mut state, now, turn) {
            drop(state);
            (id, Some(record), None)
        } else {
            let until = now + self.limits.wait;
            let id = state.take_place(self, bytes);
            let io = self.step(&queue, &mut state, now, Input::Arrive { ticket: id, turn, until }, None);
            drop(state);
            (id, None, self.advance(&queue, now, io))
        };
        self.watch();
        Ok((Ticket::new(self, queue, id, access, arrived, record), waiting))
    }

    /// Tells the queue of a session, if it is at work, that the session has ended.
    pub(crate) fn ended(self: &Arc<Self>, key: &SessionKey) {
        self.known.forget(key);
        let queue = lock(&self.queues).get(key).cloned();
        if let Some(queue) = queue {
            self.input(&queue, Input::Ended);
        }
    }

    /// Whether nobody listens to other nodes yet: whoever asks does from now on.
    pub(crate) fn begins_to_listen(&self) -> bool {
        self.store.leases()
            && self.runtime().is_some()
            && !self.listens.load(Ordering::Relaxed)
            && !self.listens.swap(true, Ordering::SeqCst)
    }

    /// The lease of a session is offered to this node; of any session, if it is not known of which.
    pub(crate) fn offered(self: &Arc<Self>, key: Option<&SessionKey>) {
        let queues: Vec<_> = match key {
            Some(key) => lock(&self.queues).get(key).cloned().into_iter().collect(),
            None => lock(&self.queues).values().cloned().collect(),
        };
        for queue in queues {
            self.input(&queue, Input::Offered);
        }
    }

    /// How many wait for that session's turn.
    #[cfg(feature = "inspector")]
    pub(crate) fn waiting(&self, key: &SessionKey) -> usize {
        let queue = lock(&self.queues).get(key).cloned();
        queue.map_or(0, |queue| lock(&queue.state).machine.waiting())
    }

    fn at_work(&self) -> usize {
        lock(&self.queues).values().filter(|queue| !lock(&queue.state).machine.is_idle()).count()
    }

    /// Waits until this node has no lease any more, so that nobody has to wait for one to end that nobody uses. Nothing new
    /// is to come meanwhile.
    pub(crate) async fn lets_go(&self) {
        while self.at_work() > 0 || self.releases.load(Ordering::SeqCst) > 0 {
            sleep(PAUSE).await;
        }
    }
}

fn random() -> u128 {
    u128::from_le_bytes(tower_sessions::session::Id::default().0.to_le_bytes())
}

#[cfg(test)]
mod tests;
