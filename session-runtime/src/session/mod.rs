//! `Session<V>`: short transactions on a session, from HTTP handlers, event handlers and background jobs.

mod extract;
mod turn;

use std::{convert::Infallible, fmt, marker::PhantomData, sync::Arc, time::Duration};

use serde::Serialize;

use self::turn::Applied;
use crate::{
    about::{About, Life},
    connection::{Bound, Close, Connection},
    core::Core,
    error::SessionError,
    event::current_socket,
    payload::Payload,
    reached::{Reached, Why},
    record::{Deadline, Fields, Id, Patch},
    requests::RequestScope,
    store::Ending,
    view::{Tracked, View},
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

impl<V> Session<V> {
    fn new(core: &Arc<Core>, via: Via) -> Self {
        Self { core: Arc::clone(core), via, view: PhantomData }
    }

    pub(crate) fn of_id(core: &Arc<Core>, id: Id) -> Self {
        core.listen();
        Self::new(core, Via::Bound(Bound { id, key: id.key(), life: Life::default() }))
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

    /// Ends the session: deletes its record at once, waiting for nobody, and disconnects its sockets for good, in every
    /// namespace, on every node. Handlers that still run are rolled back with `session_gone`.
    ///
    /// In an HTTP request the response removes the cookie; without a session it does nothing.
    ///
    /// # Errors
    /// `Gone` in a request with the cookie of a session that has [just got another id](Self::rotate): that one lives on.
    /// `Unavailable` or `Unknown` if the store failed.
    pub async fn destroy(&self) -> Result<Reached, SessionError> {
        let (core, key) = match &self.via {
            Via::Request(scope) => {
                let scope = Arc::clone(scope);
                // in a task of its own: a caller that goes away has logged out all the same
                let destruction = tokio::spawn(async move {
                    let _one_at_a_time = scope.change().await;
                    let had_one = scope.id().is_some();
                    let (_, reached) = scope.destroy().await?;
                    if had_one {
                        scope.forget().await?;
                    }
                    Ok(reached)
                });
                return destruction.await.unwrap_or(Err(SessionError::Unknown));
            }
            Via::Bound(bound) => (Arc::clone(&self.core), bound.key),
            Via::Nothing => return Err(SessionError::NoSession),
        };
        let current = current_socket(&key, Some(Why::Logout));
        let destruction = tokio::spawn(async move {
            let (_, reached) = core.destroy(key, current, Ending::Destroyed).await?;
            Ok(reached)
        });
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

    /// Ends the session's connections on all nodes, and leaves the session as it is.
    ///
    /// # Errors
    /// None yet: whom it has not reached, what it returns tells.
    pub async fn disconnect(&self, close: Close) -> Result<Reached, SessionError> {
        let Some(key) = self.id().map(|id| id.key()) else {
            return Ok(Reached::NOBODY);
        };
        // who asks from an event handler is answered first
        let current = if close == Close::Final { current_socket(&key, None) } else { None };
        Ok(self.core.disconnect(key, close, current).await)
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
    /// The response decides. Until its head is known, nobody else changes the session, and the old id is as good as ever;
    /// what this request does with the session meanwhile, it does with the new one. A response below 500 ends the old id;
    /// with one of 500 and above, a panic, or a request that is given up, nothing has happened. If the session was
    /// destroyed meanwhile the response is a 401, and if the store fails, a 503. So is a response that takes longer than
    /// `handler_timeout`.
    ///
    /// For a minute, requests with the old cookie are late ones of a client that has the new cookie, or will have: they
    /// read nothing, `update` and `rotate` say `Gone`, and no response to them touches the cookie.
    ///
    /// # Errors
    /// `NoResponse` outside of an HTTP request; otherwise those of [`update`](Self::update).
    pub async fn rotate(&self) -> Result<(), SessionError> {
        let rotated = self.replace(|_| Ok(Ok::<_, Infallible>((Patch::new(), ()))), false);
        rotated.await.map(|done| done.unwrap_or_else(|never| match never {}))
    }

    /// [`rotate`](Self::rotate) and [`update`](Self::update) in one: what `f` changes is in the new record only. This is
    /// what a login does. A visitor without a session gets one.
    ///
    /// # Errors
    /// Those of [`rotate`](Self::rotate).
    pub async fn rotate_with<R: Send>(&self, mut f: impl FnMut(&mut V) -> R + Send) -> Result<R, SessionError> {
        let change = |fields: &Fields| change_view(fields, &mut |view| Ok::<R, Infallible>(f(view)));
        let rotated = self.replace(change, true).await?;
        Ok(rotated.unwrap_or_else(|never| match never {}))
    }

    /// Lets this session live for that long without use, in the place of what [`expiry`](crate::Builder::expiry) says, and
    /// its cookie too: the "remember me" of a login. The absolute limit of its age stays.
    ///
    /// It is kept with the session, in seconds, and goes along when its id is rotated. From an event or a job the deadline
    /// moves at once, and the cookie with the next response that carries it. A visitor without a session gets one.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use socket_session::{Session, SessionError, socket_session};
    /// # #[socket_session] struct Visit { authenticated: bool }
    /// async fn login(session: Session<Visit>, remember: bool) -> Result<(), SessionError> {
    ///     session.rotate_with(|visit| visit.authenticated = true).await?;
    ///     if remember {
    ///         session.remember(Duration::from_hours(30 * 24)).await?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// Those of [`update`](Self::update).
    pub async fn remember(&self, lifetime: Duration) -> Result<(), SessionError> {
        let max_age = self.core.config.max_age;
        let remembered = self.transact(|fields| {
            let (about, now) = (About::of(fields).living(lifetime), crate::clock::now());
            let created = about.created().unwrap_or(now);
            let limit = max_age.and_then(|age| created.checked_add(age.try_into().ok()?));
            let deadline = Life { slides: Some(lifetime), limit }.used(now);
            if let Via::Request(scope) = &self.via {
                scope.learn_about(about);
            }
            Ok(Ok::<_, Infallible>((Patch { deadline: deadline.map(Deadline::Set), ..about.patch() }, ())))
        });
        remembered.await.map(|done| done.unwrap_or_else(|never| match never {}))
    }
}

fn change_view<V: View, R, E>(fields: &Fields, f: &mut impl FnMut(&mut V) -> Result<R, E>) -> Applied<R, E> {
    let mut view = Tracked::<V>::load(fields)?;
    Ok(match f(view.view()) {
        Ok(value) => Ok((view.changes(Patch::new())?, value)),
        Err(error) => Err(error),
    })
}
