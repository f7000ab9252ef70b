//! `Session<V>`: short transactions on a session, from HTTP handlers, event handlers and background jobs.

use std::{convert::Infallible, fmt, marker::PhantomData, sync::Arc};

use axum_core::extract::FromRequestParts;
use http::request::Parts;
use serde::Serialize;
use socketioxide::{
    adapter::Adapter,
    handler::{FromConnectParts, FromDisconnectParts, FromMessageParts},
    socket::{DisconnectReason, Socket},
};
use socketioxide_core::Value;

use crate::{
    connection::{Bound, Close, Connection},
    core::Core,
    engine::{Transaction, is_held},
    error::SessionError,
    event::current_socket,
    payload::Payload,
    record::{Deadline, Fields, Id, Patch, Record},
    requests::RequestScope,
    view::{Access, Tracked, View},
};

/// A session, seen through the view `V`, for code that wants short transactions.
///
/// In axum it is an extractor, for routes below `sessions.layer(…)`; there, [`update`](Self::update) creates the
/// session of a visitor who has none, and the response carries its cookie. In event handlers it is an extractor too
/// (but not beside a `&mut` view: it would wait for itself). For background jobs, `sessions.session(id)` makes one.
/// Neither events nor jobs ever create a session.
///
/// # Cancellation
/// Dropping one of its futures leaves no lock behind. Before the changes are on their way nothing has happened; after
/// that the save goes on without the caller.
pub struct Session<V> {
    core: Arc<Core>,
    via: Via,
    view: PhantomData<fn() -> V>,
}

#[derive(Clone)]
enum Via {
    Request(Arc<RequestScope>),
    /// A connection's session, or one that a job has named.
    Bound(Bound),
    /// A connection without one.
    Nothing,
}

impl<V> Clone for Session<V> {
    fn clone(&self) -> Self {
        Self { core: Arc::clone(&self.core), via: self.via.clone(), view: PhantomData }
    }
}

impl<V> fmt::Debug for Session<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("key", &self.id().map(|id| id.key())).finish()
    }
}

/// What a transaction came to: what to save and what to return, or an error of the caller's.
pub(crate) type Applied<R, E> = Result<Result<(Patch, R), E>, SessionError>;

impl<V> Session<V> {
    fn new(core: &Arc<Core>, via: Via) -> Self {
        Self { core: Arc::clone(core), via, view: PhantomData }
    }

    pub(crate) fn of_id(core: &Arc<Core>, id: Id) -> Self {
        Self::new(core, Via::Bound(Bound { id, key: id.key() }))
    }

    fn of_connection(connection: &Connection) -> Self {
        Self::new(&connection.core, connection.session.map_or(Via::Nothing, Via::Bound))
    }

    /// The session's id; `None` if there is no session.
    ///
    /// In an HTTP request it may be one that the cookie names and that does not live any more: `get` tells.
    pub fn id(&self) -> Option<Id> {
        match &self.via {
            Via::Request(scope) => scope.id(),
            Via::Bound(bound) => Some(bound.id),
            Via::Nothing => None,
        }
    }

    /// The cookie of a session that a handshake made has come back.
    fn confirm(&self, id: Id, scope: &RequestScope, record: &Record) {
        if record.unconfirmed {
            self.core.confirm(id.key(), scope.deadline());
        }
    }

    pub(crate) async fn fields(&self) -> Result<Fields, SessionError> {
        let Some(id) = self.id() else {
            return if matches!(self.via, Via::Request(_)) {
                Ok(Fields::default())
            } else {
                Err(SessionError::NoSession)
            };
        };
        match (self.core.load(&id.key()).await?, &self.via) {
            (Some(record), Via::Request(scope)) => {
                scope.saw_it_live();
                self.confirm(id, scope, &record);
                Ok(record.fields)
            }
            (Some(record), _) => Ok(record.fields),
            (None, Via::Request(scope)) if !scope.has_seen_it_live() => Ok(Fields::default()),
            (None, _) => Err(SessionError::Gone),
        }
    }

    /// Takes the session's turn, applies, and saves.
    pub(crate) async fn transact<R: Send, E>(
        &self,
        mut apply: impl FnMut(&Fields) -> Applied<R, E> + Send,
    ) -> Result<Result<R, E>, SessionError> {
        let scope = match &self.via {
            Via::Request(scope) => scope,
            Via::Bound(bound) => return self.change(bound.id, &mut apply).await,
            Via::Nothing => return Err(SessionError::NoSession),
        };
        if let Some(id) = scope.id() {
            match self.change(id, &mut apply).await {
                // it was not there when this request first looked
                Err(SessionError::Gone) if !scope.has_seen_it_live() => {}
                done => return done,
            }
        }
        let before = scope.id();
        let one_at_a_time = scope.change().await;
        if scope.id() != before {
            // another part of this request has created it meanwhile
            drop(one_at_a_time);
            return match scope.id() {
                Some(id) => self.change(id, &mut apply).await,
                None => Err(SessionError::Gone),
            };
        }
        let (patch, value) = match apply(&Fields::default())? {
            Ok(applied) => applied,
            Err(error) => return Ok(Err(error)),
        };
        // a visitor for whom there is nothing to remember gets no session
        if patch.changes_fields() {
            if scope.is_closed() {
                return Err(SessionError::NoResponse);
            }
            let (core, scope) = (Arc::clone(&self.core), Arc::clone(scope));
            let fields: Fields = patch.set.into_iter().collect();
            // in a task of its own: a caller that goes away leaves no record without a cookie
            let creation = tokio::spawn(async move {
                let deadline = scope.deadline();
                let record = Record { fields: fields.clone(), deadline, unconfirmed: false };
                let id = core.create(record).await?;
                let adopted = scope.adopt(id, fields, deadline).await;
                if adopted.is_err() || scope.is_closed() {
                    core.remove(id.key()).await?;
                }
                drop(one_at_a_time);
                adopted
            });
            creation.await.unwrap_or(Err(SessionError::Unknown))?;
        }
        Ok(Ok(value))
    }

    async fn change<R: Send, E>(
        &self,
        id: Id,
        apply: &mut (impl FnMut(&Fields) -> Applied<R, E> + Send),
    ) -> Result<Result<R, E>, SessionError> {
        let key = id.key();
        let mut transaction = self.turn(id).await?;
        let (mut patch, value) = match apply(&transaction.record().fields)? {
            Ok(applied) => applied,
            Err(error) => return Ok(Err(error)),
        };
        let changes = patch.changes_fields();
        let renewed = match &self.via {
            Via::Request(scope) if changes => Some((scope, scope.deadline())),
            _ => None,
        };
        if let Some((_, deadline)) = renewed {
            patch.deadline = Some(Deadline::Extend(deadline));
        }
        let looked_at = self.core.guards_look_at(&key, &patch);
        transaction.commit(patch).await?;
        if let Some((scope, deadline)) = renewed {
            scope.saved(deadline);
        }
        if looked_at {
            self.core.recheck(key);
        }
        Ok(Ok(value))
    }

    async fn turn(&self, id: Id) -> Result<Transaction, SessionError> {
        let key = id.key();
        if is_held(&key) {
            return Err(SessionError::Reentrant);
        }
        let transaction = self.core.engine.enqueue(key, Access::Write, 0)?.granted().await?;
        if let Via::Request(scope) = &self.via {
            scope.saw_it_live();
            self.confirm(id, scope, transaction.record());
        }
        Ok(transaction)
    }

    /// Ends the session: deletes its record at once, waiting for nobody, and disconnects its sockets for good, in every
    /// namespace, on every node. Handlers that still run are rolled back with `session_gone`.
    ///
    /// In an HTTP request the response removes the cookie; without a session it does nothing.
    ///
    /// # Errors
    /// `Unavailable` or `Unknown` if the store failed; `NotReached` if the record is deleted and a node could not be told.
    pub async fn destroy(&self) -> Result<(), SessionError> {
        let (core, key) = match &self.via {
            Via::Request(scope) => {
                let scope = Arc::clone(scope);
                // in a task of its own: a caller that goes away has logged out all the same
                let destruction = tokio::spawn(async move {
                    let _one_at_a_time = scope.change().await;
                    let Some(key) = scope.id().map(|id| id.key()) else {
                        return Ok(());
                    };
                    let reached = scope.core.destroy(key, None).await;
                    if matches!(reached, Ok(_) | Err(SessionError::NotReached)) {
                        scope.forget().await?;
                    }
                    reached.map(drop)
                });
                return destruction.await.unwrap_or(Err(SessionError::Unknown));
            }
            Via::Bound(bound) => (Arc::clone(&self.core), bound.key),
            Via::Nothing => return Err(SessionError::NoSession),
        };
        let current = current_socket(&key);
        let destruction = tokio::spawn(async move { core.destroy(key, current).await.map(drop) });
        destruction.await.unwrap_or(Err(SessionError::Unknown))
    }

    /// Sends an event to all sockets of this session, in all namespaces of `sessions.namespace()`, on all nodes.
    ///
    /// A socket whose client does not read may miss it. As in socketioxide, a tuple becomes several arguments. Without
    /// a session it does nothing.
    ///
    /// # Errors
    /// `Unserializable` if `data` cannot be written, `NotReached` if a node could not be told.
    pub async fn emit<T: Serialize + Sync + ?Sized>(
        &self,
        event: impl AsRef<str> + Send,
        data: &T,
    ) -> Result<(), SessionError> {
        let data = Payload::new(data)?;
        match self.id() {
            Some(id) => self.core.io.emit(&id.key().room(), event.as_ref(), &data).await,
            None => Ok(()),
        }
    }

    /// Ends the session's connections, and leaves the session as it is.
    ///
    /// [`Close::Reconnect`] closes the transports of this node; [`Close::Final`] disconnects the sockets on all nodes.
    ///
    /// # Errors
    /// `NotReached` if a node could not be told.
    pub async fn disconnect(&self, close: Close) -> Result<(), SessionError> {
        let Some(key) = self.id().map(|id| id.key()) else {
            return Ok(());
        };
        // who asks from an event handler is answered first
        let current = if close == Close::Final { current_socket(&key) } else { None };
        self.core.disconnect(key, close, current).await
    }
}

impl<V: View> Session<V> {
    /// The view as it is stored now. It waits for nobody: what runs meanwhile may change it.
    ///
    /// In an HTTP request without a session, each field has its default.
    ///
    /// # Errors
    /// `Gone`, `NoSession`, `Corrupt`, `Unavailable`.
    pub async fn get(&self) -> Result<V, SessionError> {
        Ok(V::load(&self.fields().await?)?)
    }

    /// Changes the view, alone, in its turn: what `f` gets is fresh from the store, and what it changes is saved before
    /// this returns. Nothing else is written; if it changes nothing, nothing is.
    ///
    /// `f` may run again, on the session as it is then, if the first attempt came to nothing: what it captures it clones.
    /// It is no `async` closure: the session is held while it runs. A panic in it saves nothing.
    ///
    /// ```
    /// # use socket_session::{Session, SessionError, socket_session};
    /// #[socket_session]
    /// struct Cart {
    ///     items: Vec<String>,
    /// }
    ///
    /// async fn put(cart: &Session<Cart>, item: String) -> Result<usize, SessionError> {
    ///     cart.update(|cart| {
    ///         cart.items.push(item.clone());
    ///         cart.items.len()
    ///     })
    ///     .await
    /// }
    /// ```
    ///
    /// # Errors
    /// `Busy` if the turn does not come within `wait_limit`; `Reentrant` in a task that holds the session already, as a
    /// handler with a `&mut` view does; `Gone` if the session has ended; and what the store and serde have to say.
    pub async fn update<R: Send>(&self, mut f: impl FnMut(&mut V) -> R + Send) -> Result<R, SessionError> {
        let done = self.try_update(|view| Ok::<R, Infallible>(f(view))).await?;
        Ok(done.unwrap_or_else(|never| match never {}))
    }

    /// [`update`](Self::update) with a closure that may fail: its `Err` saves nothing, and comes back inside.
    ///
    /// # Errors
    /// Those of [`update`](Self::update), outside.
    pub async fn try_update<R: Send, E: Send>(
        &self,
        mut f: impl FnMut(&mut V) -> Result<R, E> + Send,
    ) -> Result<Result<R, E>, SessionError> {
        self.transact(|fields| change_view(fields, &mut f)).await
    }

    /// Gives the session a new id, so that whoever knows the old one has nothing: the response carries the new cookie,
    /// and the sockets reconnect with it once the response is through. A visitor without a session stays without one.
    ///
    /// # Errors
    /// `NoResponse` outside of an HTTP request; otherwise those of [`update`](Self::update).
    pub async fn rotate(&self) -> Result<(), SessionError> {
        self.rotate_with(|_| ()).await
    }

    /// [`rotate`](Self::rotate) and [`update`](Self::update) in one: what `f` changes is in the new record only. This is
    /// what a login does. A visitor without a session gets one.
    ///
    /// # Errors
    /// Those of [`rotate`](Self::rotate).
    pub async fn rotate_with<R: Send>(&self, mut f: impl FnMut(&mut V) -> R + Send) -> Result<R, SessionError> {
        let Via::Request(scope) = &self.via else {
            return Err(SessionError::NoResponse);
        };
        if scope.is_closed() {
            return Err(SessionError::NoResponse);
        }
        let Some(old) = scope.id() else {
            return self.update(f).await;
        };
        let transaction = match self.turn(old).await {
            Err(SessionError::Gone) if !scope.has_seen_it_live() => return self.update(f).await,
            turn => turn?,
        };
        let mut fields = transaction.record().fields.clone();
        let applied = change_view(&fields, &mut |view| Ok::<R, Infallible>(f(view)))?;
        let (patch, value) = applied.unwrap_or_else(|never| match never {});
        fields.apply(&patch);
        let (core, scope) = (Arc::clone(&self.core), Arc::clone(scope));
        // in a task of its own: a caller that goes away leaves one session, and the response its cookie
        let rotation = tokio::spawn(async move {
            let _one_at_a_time = scope.change().await;
            let deadline = scope.deadline();
            let new = core.create(Record { fields: fields.clone(), deadline, unconfirmed: false }).await?;
            let adopted = scope.adopt(new, fields, deadline).await;
            // the old one goes last: whoever is given up before that still has it
            let replaced = match adopted {
                Ok(()) if scope.is_closed() => Err(SessionError::NoResponse),
                // destroyed meanwhile: a new id must not bring it back
                Ok(()) => match core.remove(old.key()).await {
                    Ok(true) => Ok(()),
                    Ok(false) => Err(SessionError::Gone),
                    Err(error) => Err(error),
                },
                Err(error) => Err(error),
            };
            drop(transaction);
            match &replaced {
                Ok(()) => scope.rotated(old.key()),
                Err(_) => drop(core.remove(new.key()).await),
            }
            replaced
        });
        rotation.await.unwrap_or(Err(SessionError::Unknown))?;
        Ok(value)
    }
}

fn change_view<V: View, R, E>(fields: &Fields, f: &mut impl FnMut(&mut V) -> Result<R, E>) -> Applied<R, E> {
    let mut view = Tracked::<V>::load(fields)?;
    Ok(match f(view.view()) {
        Ok(value) => Ok((view.changes(Patch::new())?, value)),
        Err(error) => Err(error),
    })
}

impl<V: View, S: Sync> FromRequestParts<S> for Session<V> {
    type Rejection = SessionError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, SessionError> {
        match parts.extensions.get::<Arc<RequestScope>>() {
            Some(scope) => Ok(Self::new(&scope.core, Via::Request(Arc::clone(scope)))),
            None => Err(SessionError::NoLayer),
        }
    }
}

/// `Session<V>` was asked for on a connection that came past `sessions.layer(…)`.
#[derive(Debug, thiserror::Error)]
#[error("this connection came past `sessions.layer(…)`")]
pub struct NoConnection;

impl<V: View> Session<V> {
    fn of_socket<A: Adapter>(socket: &Socket<A>) -> Result<Self, NoConnection> {
        match socket.req_parts().extensions.get::<Arc<Connection>>() {
            Some(connection) => Ok(Self::of_connection(connection)),
            None => Err(NoConnection),
        }
    }
}

impl<A: Adapter, V: View> FromMessageParts<A> for Session<V> {
    type Error = NoConnection;

    fn from_message_parts(socket: &Arc<Socket<A>>, _: &mut Value, _: &Option<i64>) -> Result<Self, NoConnection> {
        Self::of_socket(socket)
    }
}

impl<A: Adapter, V: View> FromConnectParts<A> for Session<V> {
    type Error = NoConnection;

    fn from_connect_parts(socket: &Arc<Socket<A>>, _: &Option<Value>) -> Result<Self, NoConnection> {
        Self::of_socket(socket)
    }
}

impl<A: Adapter, V: View> FromDisconnectParts<A> for Session<V> {
    type Error = NoConnection;

    fn from_disconnect_parts(socket: &Arc<Socket<A>>, _: DisconnectReason) -> Result<Self, NoConnection> {
        Self::of_socket(socket)
    }
}
