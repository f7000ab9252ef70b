//! One Engine.IO connection: the session that it belongs to, and how to end it.
//!
//! It lives in the extensions of the handshake's request, which every namespace of the connection can see on every
//! transport, and is dropped exactly when the connection ends.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use smallvec::SmallVec;
use socketioxide::socket::Sid;
use time::OffsetDateTime;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::{
    about::Life,
    core::Core,
    handshake::Anonymous,
    hangup::Hangup,
    metering,
    reached::Why,
    record::{Deadline, Fields, Id, Record, SessionKey},
    seat::Seat,
    store::{Loaded, StoreError},
    touch::Touch,
};

/// For how long a client may take to end a connection itself, or to come by and be told.
const LINGER: Duration = Duration::from_secs(2);

/// How a connection is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Close {
    /// The transport closes (`transport close`): the client comes back by itself, with the cookie that it then has.
    Reconnect,
    /// The sockets are disconnected (`io server disconnect`): the client does not come back by itself.
    Final,
}

/// The live session that a connection belongs to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound {
    pub(crate) id: Id,
    pub(crate) key: SessionKey,
    /// How its deadlines move, as far as that was known at the handshake.
    pub(crate) life: Life,
}

/// What a connection that began on polling has besides.
struct Polling {
    sid: Sid,
    /// Ends it, as its client would.
    end: Box<dyn Fn() + Send + Sync>,
}

pub(crate) struct Connection {
    pub(crate) core: Arc<Core>,
    /// The id in the cookie of the handshake, or the one that the handshake created: what later requests must show.
    pub(crate) shown: Option<Id>,
    pub(crate) session: Option<Bound>,
    #[cfg(feature = "inspector")]
    pub(crate) opened: tokio::time::Instant,
    /// When an event has last moved the deadline of its session on, in milliseconds since 1970; 0 is never.
    touched: AtomicU64,
    /// Which engine opened it, if several are mounted by mistake.
    pub(crate) engine: usize,
    hangup: Hangup,
    /// Why its session has ended.
    ended: OnceLock<Why>,
    /// Its sockets were told why they end.
    told: AtomicBool,
    polling: OnceLock<Box<Polling>>,
    _anonymous: Option<Anonymous>,
    _counted: TaskTrackerToken,
    seats: Mutex<Vec<Arc<dyn Seat>>>,
    /// The last state known, once the session was destroyed here.
    last: Mutex<Option<Fields>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Connection {
    pub(crate) fn new(
        core: Arc<Core>,
        shown: Option<Id>,
        alive: Option<Life>,
        engine: usize,
        anonymous: Option<Anonymous>,
    ) -> Arc<Self> {
        let session = shown.zip(alive).map(|(id, life)| Bound { id, key: id.key(), life });
        let counted = core.shutdown.connection();
        let connection = Arc::new(Self {
            core,
            shown,
            session,
            #[cfg(feature = "inspector")]
            opened: tokio::time::Instant::now(),
            touched: AtomicU64::new(0),
            engine,
            hangup: Hangup::default(),
            ended: OnceLock::new(),
            told: AtomicBool::new(false),
            polling: OnceLock::new(),
            _anonymous: anonymous,
            _counted: counted,
            seats: Mutex::default(),
            last: Mutex::default(),
        });
        connection.core.connections.add(&connection);
        metering::connected();
        connection
    }

    /// The session's record as it is now; `None` if there is none, or none any more.
    pub(crate) async fn load(&self) -> Result<Option<Record>, StoreError> {
        self.look().await.map(Loaded::live)
    }

    /// The session's record as it is now, or whether the session has just got a new id.
    pub(crate) async fn look(&self) -> Result<Loaded, StoreError> {
        match &self.session {
            Some(bound) => self.core.look(&bound.key).await,
            None => Ok(Loaded::Gone),
        }
    }

    /// An event has come: the session lives on, if it is time to say so. `known` is the deadline that the event has seen.
    pub(crate) fn touch(&self, known: Option<OffsetDateTime>) {
        let (Touch::OnEvent { at_most_every }, Some(bound)) = (self.core.config.touch, self.session) else {
            return;
        };
        let Some(deadline) = bound.life.used(crate::clock::now()) else {
            return;
        };
        if known.is_some_and(|known| deadline - known < at_most_every) {
            return;
        }
        let now = u64::try_from(crate::clock::now().unix_timestamp_nanos() / 1_000_000).unwrap_or_default();
        let (last, pause) = (self.touched.load(Ordering::Relaxed), at_most_every.as_millis());
        // of two at once, one does it
        if u128::from(now.saturating_sub(last)) < pause
            || self.touched.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_err()
        {
            return;
        }
        let core = Arc::clone(&self.core);
        self.core.engine.spawn(async move {
            if let Err(error) = core.touch(&bound.key, Deadline::Extend(deadline)).await {
                tracing::warn!(session = %bound.key, %error, "an event could not keep its session alive; the next one tries again");
            }
        });
    }

    /// Becomes known under the id that Engine.IO gave to it.
    pub(crate) fn open(self: &Arc<Self>, sid: Sid, end: Box<dyn Fn() + Send + Sync>) {
        if self.polling.set(Box::new(Polling { sid, end })).is_ok() {
            lock(&self.core.connections.by_sid).insert(sid, Arc::downgrade(self));
        }
    }

    /// Closes the transport; what is already on its way to the client still gets there.
    pub(crate) fn close(self: &Arc<Self>) {
        self.hangup.say();
        if self.polling.get().is_some() {
            // a WebSocket ends with its stream, a polling client is told when it comes by; if it does not, it ends then
            let connection = Arc::downgrade(self);
            self.core.engine.spawn(async move {
                tokio::time::sleep(LINGER).await;
                if let Some(connection) = connection.upgrade() {
                    connection.end_polling();
                }
            });
        }
    }

    /// Closes the transport once its client has had the time to do so: its sockets were disconnected for good.
    pub(crate) fn close_soon(self: &Arc<Self>) {
        let connection = Arc::downgrade(self);
        self.core.engine.spawn(async move {
            tokio::time::sleep(LINGER).await;
            if let Some(connection) = connection.upgrade() {
                connection.close();
            }
        });
    }

    /// Tells its sockets why they are about to end, once; but for that one.
    pub(crate) fn say(&self, why: Why, except: Option<&Arc<dyn Seat>>) {
        if self.told.swap(true, Ordering::SeqCst) {
            return;
        }
        for seat in self.seats() {
            if !except.is_some_and(|except| Arc::ptr_eq(except, &seat)) {
                seat.say(why);
            }
        }
    }

    /// How many of its sockets are connected.
    pub(crate) fn sockets(&self) -> usize {
        lock(&self.seats).iter().filter(|seat| seat.is_connected()).count()
    }

    /// Disconnects its sockets for good, and then closes it.
    pub(crate) fn dismiss(self: &Arc<Self>) {
        for seat in self.seats() {
            seat.disconnect();
        }
        self.close_soon();
    }

    /// Whether that socket is one of this connection's.
    pub(crate) fn has(&self, seat: &Arc<dyn Seat>) -> bool {
        lock(&self.seats).iter().any(|other| Arc::ptr_eq(other, seat))
    }

    /// Ends a connection on polling at once.
    pub(crate) fn end_polling(&self) {
        if let Some(polling) = self.polling.get() {
            (polling.end)();
        }
    }

    pub(crate) fn hangup(&self) -> &Hangup {
        &self.hangup
    }

    /// Whether its session was destroyed while it was open.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.get().is_some()
    }

    /// Why its session has ended, if it has while it was open.
    pub(crate) fn why_it_ended(&self) -> Option<Why> {
        self.ended.get().copied()
    }

    /// Whether its session has got a new id a short while ago: its client comes back with that.
    pub(crate) fn has_moved(&self) -> bool {
        self.session.is_some_and(|bound| self.core.rotated.has(&bound.key))
    }

    pub(crate) fn end(&self, last: Option<Fields>, why: Why) {
        if last.is_some() {
            // who says again that it has ended need not know
            *lock(&self.last) = last;
        }
        let _ = self.ended.set(why);
    }

    pub(crate) fn last_known(&self) -> Option<Fields> {
        lock(&self.last).clone()
    }

    pub(crate) fn seat(&self, seat: Arc<dyn Seat>) {
        let mut seats = lock(&self.seats);
        seats.retain(|seat| seat.is_taken());
        seats.push(seat);
    }

    fn seats(&self) -> Vec<Arc<dyn Seat>> {
        lock(&self.seats).clone()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(key) = self.core.connections.remove(self) {
            self.core.engine.known.remove(&key);
        }
        metering::disconnected();
    }
}

/// Without the ids: a session's is a credential, and so, nearly, is Engine.IO's.
impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("session", &self.session.map(|bound| bound.key)).finish_non_exhaustive()
    }
}

/// The connections of this node.
#[derive(Default)]
pub(crate) struct Connections {
    /// Those that began on polling: later requests name them.
    by_sid: Mutex<HashMap<Sid, Weak<Connection>>>,
    by_session: Mutex<HashMap<SessionKey, Vec<Weak<Connection>>>>,
    /// Those without a session, by their addresses.
    without: Mutex<HashMap<usize, Weak<Connection>>>,
    /// Handshakes that have not become connections yet, and whether their session has ended meanwhile.
    arriving: Mutex<HashMap<SessionKey, Vec<Weak<AtomicBool>>>>,
}

/// A handshake on its way, from before it looks for its session until its connection is known.
pub(crate) struct Arrival<'a> {
    connections: &'a Connections,
    key: SessionKey,
    ended: Arc<AtomicBool>,
}

impl Arrival<'_> {
    /// Whether the session was destroyed, or its id rotated, since it arrived.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }
}

impl Drop for Arrival<'_> {
    fn drop(&mut self) {
        let mut arriving = lock(&self.connections.arriving);
        if let Some(others) = arriving.get_mut(&self.key) {
            others.retain(|other| !std::ptr::eq(other.as_ptr(), Arc::as_ptr(&self.ended)));
            if others.is_empty() {
                arriving.remove(&self.key);
            }
        }
    }
}

impl Connections {
    fn add(&self, connection: &Arc<Connection>) {
        let known = Arc::downgrade(connection);
        match connection.session {
            Some(Bound { key, .. }) => {
                let mut sessions = lock(&self.by_session);
                let connections = sessions.entry(key).or_default();
                if connections.is_empty() {
                    metering::session_came();
                }
                connections.push(known);
            }
            None => {
                lock(&self.without).insert(Arc::as_ptr(connection).addr(), known);
            }
        }
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<Arc<Connection>> {
        let bound: Vec<_> = lock(&self.by_session).values().flatten().filter_map(Weak::upgrade).collect();
        let without: Vec<_> = lock(&self.without).values().filter_map(Weak::upgrade).collect();
        [bound, without].concat()
    }

    /// The session, if that was its last connection.
    fn remove(&self, connection: &Connection) -> Option<SessionKey> {
        if let Some(polling) = connection.polling.get() {
            lock(&self.by_sid).remove(&polling.sid);
        }
        let Some(Bound { key, .. }) = connection.session else {
            lock(&self.without).remove(&std::ptr::from_ref(connection).addr());
            return None;
        };
        let mut sessions = lock(&self.by_session);
        let connections = sessions.get_mut(&key)?;
        connections.retain(|other| other.strong_count() > 0);
        let is_last = connections.is_empty();
        if is_last {
            sessions.remove(&key);
            metering::session_went();
        }
        is_last.then_some(key)
    }

    /// Announces a handshake of that session.
    pub(crate) fn arrive(&self, key: SessionKey) -> Arrival<'_> {
        let ended = Arc::new(AtomicBool::new(false));
        lock(&self.arriving).entry(key).or_default().push(Arc::downgrade(&ended));
        Arrival { connections: self, key, ended }
    }

    /// Tells the handshakes of a session that it has ended.
    pub(crate) fn ended(&self, key: &SessionKey) {
        for arriving in lock(&self.arriving).get(key).into_iter().flatten().filter_map(Weak::upgrade) {
            arriving.store(true, Ordering::SeqCst);
        }
    }

    pub(crate) fn by_sid(&self, sid: Sid) -> Option<Arc<Connection>> {
        lock(&self.by_sid).get(&sid).and_then(Weak::upgrade)
    }

    /// Those of one session.
    pub(crate) fn of(&self, key: &SessionKey) -> SmallVec<[Arc<Connection>; 4]> {
        lock(&self.by_session).get(key).into_iter().flatten().filter_map(Weak::upgrade).collect()
    }

    /// The sessions that have connections, or handshakes on their way.
    pub(crate) fn sessions(&self) -> Vec<SessionKey> {
        // those on their way first: they may become connections meanwhile
        let mut keys: Vec<_> = lock(&self.arriving).keys().copied().collect();
        keys.extend(lock(&self.by_session).keys());
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// Whether a session has a connection, or a handshake on its way, that has not heard yet that it has ended.
    pub(crate) fn is_open(&self, key: &SessionKey) -> bool {
        let arriving = lock(&self.arriving)
            .get(key)
            .into_iter()
            .flatten()
            .filter_map(Weak::upgrade)
            .any(|ended| !ended.load(Ordering::SeqCst));
        arriving || self.of(key).iter().any(|connection| !connection.has_ended())
    }

    /// How many connections a session has.
    pub(crate) fn count(&self, key: &SessionKey) -> usize {
        lock(&self.by_session).get(key).map_or(0, Vec::len)
    }

    /// Whether one of the sockets of a session is so.
    pub(crate) fn any_seat(&self, key: &SessionKey, is: impl Fn(&dyn Seat) -> bool) -> bool {
        // not under the lock: the last one to hold a connection takes it
        self.of(key).iter().any(|connection| lock(&connection.seats).iter().any(|seat| is(&**seat)))
    }

    /// How many sockets a session has.
    pub(crate) fn sockets(&self, key: &SessionKey) -> usize {
        self.of(key).iter().map(|connection| connection.sockets()).sum()
    }

    /// The sockets of one session.
    pub(crate) fn seats(&self, key: &SessionKey) -> Vec<Arc<dyn Seat>> {
        self.of(key).iter().flat_map(|connection| connection.seats()).collect()
    }
}
