//! Unit tests of handlers, on a session in memory and without a network.
//!
//! A handler is an ordinary async function: what it does to its views can be tested by calling it. This is for the rest:
//! what the client is answered, what is saved, what is emitted, who is let in, what happens when the session expires or
//! the store fails. All of it is the library itself, over a WebSocket that is a piece of memory.
//!
//! Turn on the feature `testing` for your tests:
//!
//! ```toml
//! [dev-dependencies]
//! socket-session = { version = "0.1", features = ["testing"] }
//! tokio = { version = "1", features = ["macros", "rt", "test-util"] }
//! ```
//!
//! A test makes the server, a session, a socket, and sends an event:
//!
//! ```
//! use socket_session::{AfterSave, on, socket_session, testing::Testing};
//! use socketioxide::extract::Data;
//!
//! #[socket_session]
//! struct Visit {
//!     authenticated: bool,
//!     count: u32,
//! }
//!
//! #[on("add")]
//! async fn add(visit: &mut Visit, Data(by): Data<u32>, after: AfterSave) -> Result<u32, &'static str> {
//!     visit.count = visit.count.checked_add(by).ok_or("the count is full")?;
//!     after.emit("current count", &visit.count);
//!     Ok(visit.count)
//! }
//!
//! # /*
//! #[tokio::test]
//! # */
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> { adding().await }
//! async fn adding() -> Result<(), Box<dyn std::error::Error>> {
//!     let test = Testing::new(|sessions| sessions.namespace().on::<add>());
//!     let session = test.session(|visit: &mut Visit| visit.count = 40).await?;
//!     let socket = test.connect(&session).await?;
//!
//!     let done = socket.call::<add>(&2).await?;
//!     assert_eq!(done.reply::<u32>()?, 42);
//!     assert_eq!(done.changed(), ["count"]);
//!     assert_eq!(done.emitted::<u32>("current count")?, [42]);
//!
//!     let done = socket.emit("add", &u32::MAX).await?;
//!     assert_eq!(done.error().unwrap().message, "the count is full");
//!     assert!(done.changed().is_empty() && done.events().is_empty());
//!     assert_eq!(session.get().await?.count, 42);
//!     Ok(())
//! }
//! ```
//!
//! # Guards
//!
//! [`connect`](Testing::connect) says what a client is told:
//!
//! ```
//! # use socket_session::{socket_session, testing::{TestError, Testing}};
//! # #[socket_session] struct Visit { authenticated: bool }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let test = Testing::new(|sessions| sessions.namespace().guard("unauthorized", |visit: &Visit| visit.authenticated));
//! let stranger = test.session(|_: &mut Visit| ()).await?;
//! assert_eq!(test.connect(&stranger).await.unwrap_err(), TestError::ConnectError("unauthorized".into()));
//!
//! stranger.update(|visit| visit.authenticated = true).await?;
//! test.connect(&stranger).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Time
//!
//! [`advance`](Testing::advance) moves the clock, by which sessions expire too. Under
//! `#[tokio::test(start_paused = true)]` it stands still otherwise, and every wait ends at once: a `handler_timeout`
//! of 30 s takes no time.
//!
//! ```
//! use std::time::Duration;
//! use socket_session::{Close, Expiry, socket_session, testing::Testing};
//!
//! # #[socket_session] struct Visit { count: u32 }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let test = Testing::builder()
//!     .sessions(|sessions| sessions.expiry(Expiry::OnInactivity(time::Duration::minutes(20))))
//!     .namespace("/", |sessions| sessions.namespace())
//!     .start();
//! let session = test.session(|_: &mut Visit| ()).await?;
//! let socket = test.connect(&session).await?;
//!
//! test.advance(Duration::from_mins(19)).await;
//! assert!(!socket.is_closed());
//! test.advance(Duration::from_mins(1)).await;
//! assert_eq!(socket.closed().await?, Close::Reconnect); // a socket that only listens, too
//! # Ok(())
//! # }
//! ```
//!
//! # A store that fails
//!
//! ```
//! use socket_session::{on, socket_session, testing::{Fault, Testing}};
//!
//! # #[socket_session] struct Visit { count: u32 }
//! #[on("my event")]
//! async fn my_event(visit: &mut Visit) -> u32 {
//!     visit.count += 1;
//!     visit.count
//! }
//!
//! # /*
//! #[tokio::test(start_paused = true)] // what gets no answer is asked again for 5 s: here they take no time
//! # */
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> { failing().await }
//! async fn failing() -> Result<(), Box<dyn std::error::Error>> {
//!     let test = Testing::new(|sessions| sessions.namespace().on::<my_event>());
//!     let session = test.session(|_: &mut Visit| ()).await?;
//!     let socket = test.connect(&session).await?;
//!     for (fault, code) in [
//!         (Fault::Unavailable, "store_unavailable"),
//!         (Fault::Unanswered, "unknown"),
//!         (Fault::TooLarge, "overloaded"),
//!     ] {
//!         test.store().fail_writes(fault);
//!         assert_eq!(socket.call::<my_event>(&()).await?.error().unwrap().code, code);
//!         test.store().recover();
//!     }
//!     assert_eq!(session.get().await?.count, 0);
//!     Ok(())
//! }
//! ```

mod clock;
mod socket;
mod store;
mod wire;

use std::{fmt, sync::Arc, time::Duration};

use http::StatusCode;
use serde::Serialize;
use socketioxide::{SocketIo, SocketIoBuilder};
use socketioxide_core::parser::Parse as _;
use socketioxide_parser_common::CommonParser;
use tokio::sync::oneshot;

pub(crate) use self::{clock::ahead, wire::Running};
pub use self::{
    socket::{Done, ErrorReply, TestSocket},
    store::{Fault, TestStore},
};

use self::wire::Wire;
use crate::{
    connection::Close,
    error::SessionError,
    handshake::SessionLayer,
    namespace::Namespace,
    record::{Fields, Id, Record},
    session::Session,
    sessions::{Builder, Sessions},
    view::{View, all},
};

/// The name of the session cookie.
const COOKIE: &str = "sid";

/// A server in memory: sessions in a [`TestStore`], and namespaces with handlers. See the [module](self).
pub struct Testing {
    sessions: Sessions,
    io: SocketIo,
    layer: SessionLayer,
    store: TestStore,
    namespaces: Vec<Arc<Registered>>,
}

/// A namespace, and what it handles.
pub(crate) struct Registered {
    pub(crate) path: String,
    pub(crate) namespace: Namespace,
}

impl Testing {
    /// A server with one namespace, `/`.
    pub fn new(namespace: impl FnOnce(&Sessions) -> Namespace + 'static) -> Self {
        Self::builder().namespace("/", namespace).start()
    }

    /// A server with options, several namespaces, or `State` for extractors.
    pub fn builder() -> TestingBuilder {
        let store = TestStore::default();
        let sessions = Sessions::builder(store.clone());
        TestingBuilder { io: SocketIo::builder(), sessions, store, namespaces: Vec::new() }
    }

    /// A new session, with what `change` puts into it.
    ///
    /// # Errors
    /// What the store and serde have to say.
    pub async fn session<V: View>(&self, change: impl FnOnce(&mut V)) -> Result<Session<V>, SessionError> {
        let mut view = V::load(&Fields::default())?;
        change(&mut view);
        let core = self.sessions.core();
        let (sender, deadline) = oneshot::channel();
        // the cookie's manager knows for how long sessions live
        core.cookies
            .run(
                Vec::new(),
                Box::new(move |extensions| {
                    let deadline = extensions.get::<tower_sessions::Session>().map(crate::clock::deadline);
                    let _ = sender.send(deadline);
                    Box::pin(std::future::ready(StatusCode::OK))
                }),
            )
            .await;
        let deadline = deadline.await.ok().flatten().ok_or(SessionError::NoLayer)?;
        let record = Record { fields: all(&view)?, deadline, unconfirmed: false, latest: None };
        Ok(self.sessions.session(core.create(record, None, crate::users::Since::now()).await?))
    }

    /// Connects to the namespace `/`, with the cookie of that session. The guards are asked, and the connect handler has
    /// run when this returns.
    ///
    /// # Errors
    /// `ConnectError` with the message of the guard that says no; `Handshake` with the status that a client gets.
    pub async fn connect<V: View>(&self, session: &Session<V>) -> Result<TestSocket, TestError> {
        self.client().session(session).connect().await
    }

    /// A client that connects to another namespace, with an `auth`, or without a session.
    pub fn client(&self) -> TestClient<'_> {
        TestClient { test: self, id: None, namespace: "/".to_owned(), auth: None }
    }

    /// The store, to make it fail.
    pub fn store(&self) -> &TestStore {
        &self.store
    }

    /// The sessions that the namespaces are on.
    pub fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// The layer for a router, whose handlers then work on these sessions. Its requests show a session with
    /// [`cookie`](Self::cookie).
    ///
    /// ```
    /// use axum::{Router, body::Body, http::{Request, header::COOKIE}, routing::post};
    /// use socket_session::{Close, Session, SessionError, socket_session, testing::Testing};
    /// use tower::ServiceExt;
    ///
    /// # #[socket_session] struct Visit { count: u32 }
    /// async fn logout(session: Session<Visit>) -> Result<(), SessionError> {
    ///     session.destroy().await?;
    ///     Ok(())
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let test = Testing::new(|sessions| sessions.namespace());
    /// let session = test.session(|_: &mut Visit| ()).await?;
    /// let socket = test.connect(&session).await?;
    ///
    /// let app = Router::new().route("/logout", post(logout)).layer(test.layer());
    /// app.oneshot(Request::post("/logout").header(COOKIE, test.cookie(&session)).body(Body::empty())?).await?;
    /// assert_eq!(socket.closed().await?, Close::Final);
    /// # Ok(())
    /// # }
    /// ```
    pub fn layer(&self) -> SessionLayer {
        self.layer.clone()
    }

    /// What the `Cookie` header of that session's client says. It is a credential, if only of a test.
    pub fn cookie<V>(&self, session: &Session<V>) -> String {
        session.id().map(cookie).unwrap_or_default()
    }

    /// Moves the clock of the test's runtime by so much: timers on the way go off, and sessions expire. It works in
    /// tokio's runtime of one thread, which `#[tokio::test]` has by default.
    ///
    /// # Panics
    /// In a runtime of several threads, whose clock cannot be moved.
    pub async fn advance(&self, by: Duration) {
        clock::advance(by).await;
    }
}

fn cookie(id: Id) -> String {
    format!("{COOKIE}={}", tower_sessions::session::Id::from(id))
}

impl fmt::Debug for Testing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Testing").field("store", &self.store).finish_non_exhaustive()
    }
}

type NamespaceOf = Box<dyn FnOnce(&Sessions) -> Namespace>;

/// What can be chosen before a [`Testing`] starts.
pub struct TestingBuilder {
    io: SocketIoBuilder,
    sessions: Builder,
    store: TestStore,
    namespaces: Vec<(String, NamespaceOf)>,
}

impl TestingBuilder {
    /// Options of the sessions. The cookie's are the test's own.
    #[must_use]
    pub fn sessions(mut self, options: impl FnOnce(Builder) -> Builder) -> Self {
        self.sessions = options(self.sessions);
        self
    }

    /// A value for extractors, as socketioxide's `State`.
    #[must_use]
    pub fn state<S: Clone + Send + Sync + 'static>(mut self, state: S) -> Self {
        self.io = self.io.with_state(state);
        self
    }

    /// A namespace at that path.
    #[must_use]
    pub fn namespace(
        mut self,
        path: impl Into<String>,
        namespace: impl FnOnce(&Sessions) -> Namespace + 'static,
    ) -> Self {
        self.namespaces.push((path.into(), Box::new(namespace)));
        self
    }

    /// Starts it. It has to be in a runtime, and ends with it.
    pub fn start(self) -> Testing {
        // nobody is asked whether he is still there: the clock may be moved by years
        let (io_layer, io) = self.io.ping_interval(Duration::from_hours(24 * 365 * 10)).build_layer();
        let sessions = self.sessions.http(|cookies| cookies.with_name(COOKIE)).build(&io);
        let namespaces = self.namespaces.into_iter().map(|(path, namespace)| {
            let namespace = namespace(&sessions);
            io.ns(path.clone(), namespace.clone());
            Arc::new(Registered { path, namespace })
        });
        let namespaces = namespaces.collect();
        let layer = sessions.layer(io_layer);
        Testing { sessions, io, layer, store: self.store, namespaces }
    }
}

impl fmt::Debug for TestingBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paths: Vec<_> = self.namespaces.iter().map(|(path, _)| path).collect();
        f.debug_struct("TestingBuilder").field("namespaces", &paths).finish_non_exhaustive()
    }
}

/// A client that has not connected yet. Made by [`Testing::client`].
#[derive(Debug)]
pub struct TestClient<'a> {
    test: &'a Testing,
    id: Option<Id>,
    namespace: String,
    auth: Option<serde_json::Value>,
}

impl TestClient<'_> {
    /// Shows the cookie of that session.
    #[must_use]
    pub fn session<V>(mut self, session: &Session<V>) -> Self {
        self.id = session.id();
        self
    }

    /// Connects to that namespace, instead of `/`.
    #[must_use]
    pub fn namespace(mut self, path: impl Into<String>) -> Self {
        self.namespace = path.into();
        self
    }

    /// What connect handlers and guards get as `Data`.
    ///
    /// # Errors
    /// `Unsent` if it cannot be written as JSON.
    pub fn auth<T: Serialize + ?Sized>(mut self, auth: &T) -> Result<Self, TestError> {
        let auth = serde_json::to_value(auth).map_err(|_| TestError::Unsent(std::any::type_name::<T>()))?;
        self.auth = Some(auth);
        Ok(self)
    }

    /// Connects.
    ///
    /// # Errors
    /// Those of [`Testing::connect`], and `NoNamespace` if there is none of that path.
    pub async fn connect(self) -> Result<TestSocket, TestError> {
        let Self { test, id, namespace, auth } = self;
        let registered = test.namespaces.iter().find(|registered| registered.path == namespace);
        let registered = registered.ok_or(TestError::NoNamespace(namespace))?;
        let auth = match auth {
            Some(auth) => Some(CommonParser.encode_default(&auth).map_err(|_| TestError::Unsent("auth"))?),
            None => None,
        };
        let wire = Wire::open(&test.layer, &registered.path, id.map(cookie).as_deref()).await?;
        let sid = wire.connect(auth).await?.parse().ok();
        let id = wire.cookies.iter().find_map(|cookie| created(cookie)).or(id);
        let socket = TestSocket {
            wire,
            store: test.store.clone(),
            io: test.io.clone(),
            core: Arc::clone(test.sessions.core()),
            registered: Arc::clone(registered),
            sid,
            id,
            emits: 0.into(),
        };
        socket.settle().await?;
        Ok(socket)
    }
}

/// The session that a handshake has created.
fn created(cookie: &str) -> Option<Id> {
    let value = cookie.strip_prefix(COOKIE)?.strip_prefix('=')?;
    let id: tower_sessions::session::Id = value.split(';').next()?.parse().ok()?;
    Some(id.into())
}

/// What a test did not expect.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TestError {
    /// The handshake got this status.
    #[error("the handshake was refused: {0}")]
    Handshake(StatusCode),
    /// A guard said no: this is the message of the client's `connect_error`.
    #[error("the namespace has refused the socket: {0}")]
    ConnectError(String),
    /// The acknowledgement is an error.
    #[error("the acknowledgement is an error: {0}")]
    Refused(ErrorReply),
    /// The server has closed the connection.
    #[error("the server has closed the connection ({0:?})")]
    Closed(Close),
    /// The test has no namespace of that path.
    #[error("there is no namespace `{0}`")]
    NoNamespace(String),
    /// The namespace has no handler for that event, and no fallback: a client would wait for ever.
    #[error("nobody handles the event `{0}`")]
    NoHandler(String),
    /// What was to be sent cannot be serialized.
    #[error("`{0}` cannot be sent")]
    Unsent(&'static str),
    /// What was received is of another type.
    #[error("what has arrived is not a `{0}`")]
    Unexpected(&'static str),
    /// The test has waited for a minute.
    #[error("nothing came")]
    NothingCame,
}
