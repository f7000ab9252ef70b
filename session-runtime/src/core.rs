//! What all parts of one `Sessions` share.

use std::{
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::{Arc, OnceLock},
    time::Duration,
};

use futures_util::FutureExt as _;
use socketioxide::{BroadcastError, SocketIo, adapter::Adapter};

use time::OffsetDateTime;

use crate::{
    about::{About, Life},
    connection::{Close, Connection, Connections},
    cookies::Cookies,
    engine::Engine,
    error::SessionError,
    guard::Guarded,
    handshake::{Admissions, Handshake, Origins},
    lifetime::{Checking, Expiring, Shutdown},
    payload::Payload,
    reached::{Reached, Why},
    record::{Deadline, Fields, Id, Patch, Record, SessionKey, UserKey},
    requests::{NOTABLE, Recent},
    seat::Seat,
    store::{AnyStore, Created, Ending, Loaded, Notice, Patched, StoreError, StoreFuture, Telling},
    touch::Touch,
    users::{Change, Since, Users},
};

pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How long a destroy may look for what `#[on_disconnect]` is to see.
const LAST_STATE: Duration = Duration::from_millis(250);

/// What is decided when `Sessions` is built.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) handshake: Handshake,
    pub(crate) origins: Origins,
    pub(crate) sockets_per_session: usize,
    pub(crate) anonymous_connections: usize,
    pub(crate) touch: Touch,
    pub(crate) max_age: Option<Duration>,
}

pub(crate) struct Core {
    pub(crate) engine: Arc<Engine>,
    pub(crate) config: Config,
    pub(crate) connections: Connections,
    pub(crate) cookies: Box<dyn Cookies>,
    pub(crate) io: Box<dyn Io>,
    pub(crate) admissions: Admissions,
    pub(crate) expiring: Expiring,
    pub(crate) checking: Checking,
    pub(crate) rotated: Recent,
    pub(crate) guarded: Guarded,
    pub(crate) shutdown: Shutdown,
    pub(crate) users: Users,
    /// What the application has said, once it is known: it says so to tower-sessions.
    pub(crate) lifetime: OnceLock<Option<Duration>>,
}

impl Core {
    fn store(&self) -> &dyn AnyStore {
        self.engine.store()
    }

    /// An operation of the store, which ends.
    pub(crate) async fn bounded<T>(&self, operation: StoreFuture<'_, T>) -> Result<T, StoreError> {
        tokio::time::timeout(self.engine.limits.store, operation)
            .await
            .unwrap_or_else(|_| Err(StoreError::unanswered("it did not answer in time")))
    }

    /// The record, or whether the session has just got a new id.
    pub(crate) async fn look(&self, key: &SessionKey) -> Result<Loaded, StoreError> {
        self.bounded(self.store().load(key)).await.map_err(|error| match error {
            // a read that got no answer has changed nothing
            StoreError::Unanswered(error) => StoreError::Unavailable(error),
            error => error,
        })
    }

    pub(crate) async fn load(&self, key: &SessionKey) -> Result<Option<Record>, StoreError> {
        self.look(key).await.map(Loaded::live)
    }

    /// For how long a session lives whenever it is used, where that is known and not for ever.
    pub(crate) fn lifetime(&self) -> Option<Duration> {
        self.lifetime.get().copied().flatten()
    }

    /// A new session under a new id. `from` is whose it was under the old one, if it is no new one; `since` is when whoever
    /// logs in has begun.
    pub(crate) async fn create(
        self: &Arc<Self>,
        mut record: Record,
        from: Option<UserKey>,
        since: Since,
    ) -> Result<Id, SessionError> {
        if record.fields.size() > self.engine.limits.session_bytes {
            return Err(SessionError::TooLarge);
        }
        let about = About::of(&record.fields);
        let is_dated = self.config.max_age.is_some() || self.users.are_known();
        if is_dated && about.created().is_none() {
            record.fields.apply(&about.born(crate::clock::now()).patch());
        }
        let change = self.users.beginning(&record.fields, from);
        loop {
            // always minted: an id that was used before, or that a client named, would bring a session back
            let id = Id::mint();
            let key = id.key();
            // whose it was already: what ended before now is no concern of it
            let since = if change.is_some_and(Change::keeps_its_user) { Since::now() } else { since };
            if let Some(change) = change {
                self.join(&key, change).await?;
            }
            let created = self.bounded(self.store().create(&key, record.clone())).await;
            if let (Some(change), Err(_) | Ok(Created::Taken)) = (change, &created) {
                self.unjoin(key, change).await;
            }
            match created? {
                Created::Done => {
                    if let Some(change) = change {
                        self.settle(key, change, since).await?;
                    }
                    return Ok(id);
                }
                Created::Taken => {}
            }
        }
    }

    /// A patch of a writer that takes part by key only.
    pub(crate) async fn patch(
        self: &Arc<Self>,
        key: SessionKey,
        patch: &Patch,
        since: Since,
    ) -> Result<Patched, SessionError> {
        let looked_at = self.guards_look_at(&key, patch, None);
        // also when nobody waits for the answer any more
        let _forgotten = Forgotten(self, key);
        let change = if self.users.concerns(patch) {
            let before = self.load(&key).await?.map(|record| record.fields).unwrap_or_default();
            self.users.change(patch, &before)
        } else {
            None
        };
        if let Some(change) = change {
            self.join(&key, change).await?;
        }
        let patched = self.bounded(self.store().patch(&key, patch)).await;
        if let Some(change) = change {
            match &patched {
                Ok(Patched::Applied { .. }) => self.settle(key, change, since).await?,
                // it may be written: then the index is right, and otherwise the record says so
                Err(StoreError::Unanswered(_)) => {}
                _ => self.unjoin(key, change).await,
            }
        }
        let patched = patched?;
        self.reconsider(key, looked_at);
        Ok(patched)
    }

    /// What an event saves moves the deadline on, if that is wanted and worth it.
    pub(crate) fn keep_alive(&self, patch: &mut Patch, life: Life, known: OffsetDateTime) {
        if !self.config.touch.by_events() || !patch.changes_fields() || patch.deadline.is_some() {
            return;
        }
        let deadline = life.used(crate::clock::now());
        patch.deadline = deadline.filter(|deadline| *deadline - known >= NOTABLE).map(Deadline::Extend);
    }

    pub(crate) async fn touch(&self, key: &SessionKey, deadline: Deadline) -> Result<bool, StoreError> {
        self.bounded(self.store().touch(key, deadline)).await
    }

    /// Deletes the record at once, then disconnects the session's sockets, for good. The socket whose handler asks for
    /// this, `current`, is answered first. Whether there was one, and whom it has reached; `Gone` if it has just got
    /// another id, for it lives on.
    ///
    /// Cancelling it may leave the record deleted and sockets connected; their next event finds that out.
    pub(crate) async fn destroy(
        &self,
        key: SessionKey,
        current: Option<Arc<dyn Seat>>,
        how: Ending,
    ) -> Result<(bool, Reached), SessionError> {
        let last = self.last_state(&key).await;
        let existed = self.bounded(self.store().delete(&key)).await?;
        if !existed && self.look(&key).await? == Loaded::Rotated {
            return Err(SessionError::Gone);
        }
        let why = Why::from(how);
        self.ended(key, last.as_ref(), why);
        let told = !existed || self.announce(Notice::Ended { key, by: self.engine.node, how }).await;
        let mut reached = self.disconnect_here(key, Close::Final, current, Some(why)).await;
        reached.everywhere &= told;
        Ok((existed, reached))
    }

    /// Tells the other nodes. If they do not hear of it, they find out.
    pub(crate) async fn announce(&self, notice: Notice) -> bool {
        let announced = self.bounded(self.store().announce(&notice)).await;
        if let Err(error) = &announced {
            tracing::warn!(%error, "other nodes could not be told what has become of a session");
        }
        announced.is_ok()
    }

    /// What another node says.
    pub(crate) fn heard(self: &Arc<Self>, notice: Notice) {
        match notice {
            Notice::Ended { key, by, how } if by != self.engine.node => self.ended_elsewhere(key, how),
            Notice::Told { key, by, what } if by != self.engine.node => match what {
                Telling::Changed => self.recheck(key),
                Telling::Reconnect => self.connections.of(&key).iter().for_each(Connection::close),
                Telling::Disconnect => self.connections.of(&key).iter().for_each(Connection::dismiss),
            },
            _ => {}
        }
    }

    /// A session has ended, and not by this node: its connections end.
    pub(crate) fn ended_elsewhere(&self, key: SessionKey, how: Ending) {
        if how == Ending::Rotated {
            self.rotated.mark(key);
        }
        let why = Why::from(how);
        self.ended(key, None, why);
        for connection in self.connections.of(&key) {
            connection.say(why, None);
            match how {
                Ending::Destroyed | Ending::Replaced => connection.dismiss(),
                Ending::Rotated => connection.close(),
            }
        }
    }

    /// What `#[on_disconnect]` will see, if there is one; where the store cannot say at once, it sees nothing.
    async fn last_state(&self, key: &SessionKey) -> Option<Fields> {
        if !self.connections.seats(key).iter().any(|seat| seat.wants_last_state()) {
            return None;
        }
        let load = tokio::time::timeout(LAST_STATE, self.load(key));
        load.await.ok()?.ok()?.map(|record| record.fields)
    }

    /// Deletes the record, and leaves the sockets to whoever asked.
    pub(crate) async fn remove(&self, key: SessionKey) -> Result<bool, SessionError> {
        let existed = self.bounded(self.store().delete(&key)).await?;
        self.ended(key, None, Why::Logout);
        Ok(existed)
    }

    /// The cookie of a session that a handshake made has come back: the session lives as long as any.
    pub(crate) fn confirm(self: &Arc<Self>, key: SessionKey, deadline: OffsetDateTime) {
        self.admissions.confirmed(&key);
        let core = Arc::clone(self);
        self.engine.spawn(async move {
            if let Err(error) = core.touch(&key, Deadline::Extend(deadline)).await {
                tracing::warn!(session = %key, %error, "a session could not be confirmed; its next request tries again");
                core.admissions.unconfirmed(key);
            }
        });
    }

    /// The record is gone: nothing of this session is saved or begun any more.
    pub(crate) fn ended(&self, key: SessionKey, last: Option<&Fields>, why: Why) {
        self.engine.ended(&key);
        self.connections.ended(&key);
        for connection in self.connections.of(&key) {
            connection.end(last.cloned(), why);
        }
    }

    /// Ends the connections of a session, on all nodes.
    pub(crate) async fn disconnect(&self, key: SessionKey, close: Close, current: Option<Arc<dyn Seat>>) -> Reached {
        let what = match close {
            Close::Reconnect => Telling::Reconnect,
            Close::Final => Telling::Disconnect,
        };
        let told = self.announce(Notice::Told { key, by: self.engine.node, what }).await;
        let mut reached = self.disconnect_here(key, close, current, None).await;
        reached.everywhere &= told;
        reached
    }

    /// Ends the connections of a session: on this node, and, for good, on those that the adapter reaches.
    pub(crate) async fn disconnect_here(
        &self,
        key: SessionKey,
        close: Close,
        current: Option<Arc<dyn Seat>>,
        why: Option<Why>,
    ) -> Reached {
        let connections = self.connections.of(&key);
        // counted before they go; the one that asks is told with its answer
        let sockets = connections.iter().map(|connection| connection.sockets()).sum();
        if let Some(why) = why {
            for connection in &connections {
                connection.say(why, current.as_ref());
            }
        }
        let is_current = |connection: &Arc<Connection>| current.as_ref().is_some_and(|current| connection.has(current));
        let everywhere = match close {
            Close::Reconnect => {
                connections.iter().for_each(Connection::close);
                true
            }
            Close::Final => {
                let room = key.room();
                if let Some(current) = &current {
                    current.leave(&room);
                }
                let reached = self.io.disconnect(&room).await;
                connections.iter().filter(|connection| !is_current(connection)).for_each(Connection::close_soon);
                reached.is_ok()
            }
        };
        Reached { sockets, everywhere }
    }

    /// Whether a guard may refuse a socket once this is saved: one that is connected here, or to another node.
    pub(crate) fn guards_look_at(&self, key: &SessionKey, patch: &Patch, before: Option<&Fields>) -> LookedAt {
        if !patch.changes_fields() || !self.guarded.may_refuse(patch, before) {
            return LookedAt::default();
        }
        LookedAt { here: self.connections.any_seat(key, |seat| seat.looks_at(patch)), elsewhere: self.store().leases() }
    }

    /// Lets the guards look again, after a save: who fails them stops receiving.
    pub(crate) fn reconsider(self: &Arc<Self>, key: SessionKey, looked_at: LookedAt) {
        if looked_at.here {
            self.recheck(key);
        }
        if looked_at.elsewhere {
            let core = Arc::clone(self);
            self.engine.spawn(async move {
                core.announce(Notice::Told { key, by: core.engine.node, what: Telling::Changed }).await;
            });
        }
    }

    /// Lets the guards of the sockets of this node look again.
    pub(crate) fn recheck(self: &Arc<Self>, key: SessionKey) {
        if self.connections.count(&key) == 0 {
            return;
        }
        let core = Arc::clone(self);
        self.engine.spawn(async move {
            // a store that is down is no answer: the next event asks again
            if let Ok(Some(record)) = core.load(&key).await {
                for seat in core.connections.seats(&key) {
                    // a guard that panics says no
                    let looked = AssertUnwindSafe(seat.refuses(&record.fields)).catch_unwind().await;
                    if let Some(message) = looked.unwrap_or_else(|_| Some("unauthorized".into())) {
                        seat.expel(message);
                    }
                }
            }
        });
    }
}

/// Where guards are to look again after a save.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LookedAt {
    here: bool,
    elsewhere: bool,
}

impl From<Ending> for Why {
    fn from(how: Ending) -> Self {
        match how {
            Ending::Destroyed => Self::Logout,
            Ending::Rotated => Self::Rotated,
            Ending::Replaced => Self::Replaced,
        }
    }
}

/// What was seen of a session is forgotten when this is dropped: it was written by key.
struct Forgotten<'a>(&'a Core, SessionKey);

impl Drop for Forgotten<'_> {
    fn drop(&mut self) {
        self.0.engine.known.forget(&self.1);
    }
}

/// The namespaces, whatever their adapter.
pub(crate) trait Io: Send + Sync {
    /// To the sockets in the room, in all namespaces, on all nodes.
    fn emit<'a>(&'a self, room: &'a str, event: &'a str, data: &'a Payload) -> BoxFuture<'a, Result<(), SessionError>>;
    /// The sockets in the room, in all namespaces, on all nodes.
    fn disconnect<'a>(&'a self, room: &'a str) -> BoxFuture<'a, Result<(), SessionError>>;
}

impl<A: Adapter> Io for SocketIo<A> {
    fn emit<'a>(&'a self, room: &'a str, event: &'a str, data: &'a Payload) -> BoxFuture<'a, Result<(), SessionError>> {
        Box::pin(async move {
            let mut reached = Ok(());
            for namespace in self.nsps() {
                let sent = namespace.within(room.to_owned()).emit(event, data).await;
                if let Err(SessionError::NotReached) = reach(sent) {
                    reached = Err(SessionError::NotReached);
                }
            }
            reached
        })
    }

    fn disconnect<'a>(&'a self, room: &'a str) -> BoxFuture<'a, Result<(), SessionError>> {
        Box::pin(async move {
            let mut reached = Ok(());
            for namespace in self.nsps() {
                let sent = namespace.within(room.to_owned()).disconnect().await;
                if let Err(SessionError::NotReached) = reach(sent) {
                    reached = Err(SessionError::NotReached);
                }
            }
            reached
        })
    }
}

fn reach(sent: Result<(), BroadcastError>) -> Result<(), SessionError> {
    match sent {
        Ok(()) => Ok(()),
        // a client that does not read, or that left: its own concern
        Err(BroadcastError::Socket(errors)) => {
            tracing::debug!(sockets = errors.len(), "some sockets of a session could not be reached");
            Ok(())
        }
        Err(error) => {
            tracing::warn!(%error, "not every node could be reached");
            Err(SessionError::NotReached)
        }
    }
}
