//! What all parts of one `Sessions` share.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use socketioxide::{BroadcastError, SocketIo, adapter::Adapter};

use time::OffsetDateTime;

use crate::{
    connection::{Close, Connections},
    cookies::Cookies,
    engine::Engine,
    error::SessionError,
    handshake::{Admissions, Handshake, Origins},
    lifetime::{Checking, Expiring},
    payload::Payload,
    record::{Deadline, Fields, Id, Patch, Record, SessionKey},
    requests::Recent,
    seat::Seat,
    store::{AnyStore, Created, Ending, Loaded, Notice, StoreError, StoreFuture},
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

    /// A new session under a new id.
    pub(crate) async fn create(&self, record: Record) -> Result<Id, SessionError> {
        if record.fields.size() > self.engine.limits.session_bytes {
            return Err(SessionError::TooLarge);
        }
        loop {
            // always minted: an id that was used before, or that a client named, would bring a session back
            let id = Id::mint();
            match self.bounded(self.store().create(&id.key(), record.clone())).await? {
                Created::Done => return Ok(id),
                Created::Taken => {}
            }
        }
    }

    /// A patch of a writer that takes part by key only.
    pub(crate) async fn patch(
        self: &Arc<Self>,
        key: SessionKey,
        patch: &Patch,
    ) -> Result<crate::store::Patched, StoreError> {
        let guarded = self.guards_look_at(&key, patch);
        // also when nobody waits for the answer any more
        let _forgotten = Forgotten(self, key);
        let patched = self.bounded(self.store().patch(&key, patch)).await?;
        if guarded {
            self.recheck(key);
        }
        Ok(patched)
    }

    pub(crate) async fn touch(&self, key: &SessionKey, deadline: Deadline) -> Result<bool, StoreError> {
        self.bounded(self.store().touch(key, deadline)).await
    }

    /// Deletes the record at once, then disconnects the session's sockets, for good. The socket whose handler asks for
    /// this, `current`, is answered first. Whether there was one; `Gone` if it has just got another id, for it lives on.
    ///
    /// Cancelling it may leave the record deleted and sockets connected; their next event finds that out.
    pub(crate) async fn destroy(&self, key: SessionKey, current: Option<Arc<dyn Seat>>) -> Result<bool, SessionError> {
        let last = self.last_state(&key).await;
        let existed = self.bounded(self.store().delete(&key)).await?;
        if !existed && self.look(&key).await? == Loaded::Rotated {
            return Err(SessionError::Gone);
        }
        self.ended(key, last.as_ref());
        let reached = self.disconnect(key, Close::Final, current).await;
        if existed {
            self.announce(key, Ending::Destroyed).await;
        }
        reached.map(|()| existed)
    }

    /// Tells the other nodes that a session has ended. If they do not hear of it, they find out.
    pub(crate) async fn announce(&self, key: SessionKey, how: Ending) {
        let notice = Notice::Ended { key, by: self.engine.node, how };
        if let Err(error) = self.bounded(self.store().announce(&notice)).await {
            tracing::warn!(session = %key, %error, "other nodes could not be told that a session has ended");
        }
    }

    /// What another node says: this one's connections of a session that has ended, end.
    pub(crate) fn heard(&self, notice: Notice) {
        let Notice::Ended { key, by, how } = notice else {
            return;
        };
        if by != self.engine.node {
            self.ended_elsewhere(key, how);
        }
    }

    /// A session has ended, and not by this node: its connections end.
    pub(crate) fn ended_elsewhere(&self, key: SessionKey, how: Ending) {
        if how == Ending::Rotated {
            self.rotated.mark(key);
        }
        self.ended(key, None);
        for connection in self.connections.of(&key) {
            match how {
                Ending::Destroyed => connection.dismiss(),
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
        self.ended(key, None);
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
    pub(crate) fn ended(&self, key: SessionKey, last: Option<&Fields>) {
        self.engine.ended(&key);
        self.connections.ended(&key);
        for connection in self.connections.of(&key) {
            connection.end(last.cloned());
        }
    }

    /// Ends the connections of a session.
    pub(crate) async fn disconnect(
        &self,
        key: SessionKey,
        close: Close,
        current: Option<Arc<dyn Seat>>,
    ) -> Result<(), SessionError> {
        let connections = self.connections.of(&key);
        match close {
            Close::Reconnect => {
                for connection in connections {
                    connection.close();
                }
                Ok(())
            }
            Close::Final => {
                let room = key.room();
                if let Some(current) = &current {
                    current.leave(&room);
                }
                let reached = self.io.disconnect(&room).await;
                for connection in connections {
                    if !current.as_ref().is_some_and(|current| connection.has(current)) {
                        connection.close_soon();
                    }
                }
                reached
            }
        }
    }

    /// Whether a guard of a connected socket looks at what the patch changes.
    pub(crate) fn guards_look_at(&self, key: &SessionKey, patch: &Patch) -> bool {
        patch.changes_fields() && self.connections.any_seat(key, |seat| seat.looks_at(patch))
    }

    /// Lets the guards look again, after a save: who fails them stops receiving.
    pub(crate) fn recheck(self: &Arc<Self>, key: SessionKey) {
        let core = Arc::clone(self);
        self.engine.spawn(async move {
            // a store that is down is no answer: the next event asks again
            if let Ok(Some(record)) = core.load(&key).await {
                for seat in core.connections.seats(&key) {
                    // a guard that panics says no
                    let looked = catch_unwind(AssertUnwindSafe(|| seat.refuses(&record.fields)));
                    if let Some(message) = looked.unwrap_or_else(|_| Some("unauthorized".into())) {
                        seat.expel(message);
                    }
                }
            }
        });
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
