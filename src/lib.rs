//! One typed session, shared by axum handlers and Socket.IO event handlers ([socketioxide]), on [tower-sessions].
//!
//! A struct under [`#[socket_session]`](macro@socket_session) says what the session holds. An event handler under
//! [`#[on]`](macro@on) takes it as an argument: `&Visit` is a fresh read, `&mut Visit` is exclusive and saved when the
//! handler returns. An axum handler takes a [`Session<Visit>`](Session).
//!
//! ```no_run
//! use axum::{Router, http::StatusCode, routing::post};
//! use socket_session::{AfterSave, MemoryStore, Session, SessionError, Sessions, on, socket_session};
//! use socketioxide::{SocketIo, extract::Data};
//!
//! /// What this application keeps in a session.
//! #[socket_session]
//! pub struct Visit {
//!     pub authenticated: bool,
//!     pub count: u32,
//! }
//!
//! /// Loaded fresh before, saved after; the reply is sent once it is saved.
//! #[on("my event")]
//! async fn my_event(visit: &mut Visit) -> u32 {
//!     visit.count += 1;
//!     visit.count
//! }
//!
//! /// Any socketioxide extractor may follow. An `Err` saves nothing.
//! #[on("add")]
//! async fn add(visit: &mut Visit, Data(by): Data<u32>, after: AfterSave) -> Result<u32, &'static str> {
//!     visit.count = visit.count.checked_add(by).ok_or("the count is full")?;
//!     after.emit("current count", &visit.count);
//!     Ok(visit.count)
//! }
//!
//! async fn login(session: Session<Visit>) -> Result<StatusCode, SessionError> {
//!     session.rotate_with(|visit| visit.authenticated = true).await?;
//!     Ok(StatusCode::NO_CONTENT)
//! }
//!
//! async fn logout(session: Session<Visit>) -> Result<StatusCode, SessionError> {
//!     session.destroy().await?; // and disconnects its sockets
//!     Ok(StatusCode::NO_CONTENT)
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let (io_layer, io) = SocketIo::new_layer();
//!     let sessions = Sessions::builder(MemoryStore::default())
//!         .http(|cookies| cookies.with_name("sid").with_secure(false)) // plain http, on this machine
//!         .build(&io);
//!
//!     io.ns("/", sessions.namespace()
//!         .guard("unauthorized", |visit: &Visit| visit.authenticated)
//!         .on::<my_event>()
//!         .on::<add>());
//!
//!     let app = Router::new()
//!         .route("/login", post(login))
//!         .route("/logout", post(logout))
//!         .layer(sessions.layer(io_layer));
//!
//!     axum::serve(tokio::net::TcpListener::bind("127.0.0.1:3000").await?, app).await?;
//!     Ok(())
//! }
//! ```
//!
//! # Views
//!
//! A session is a record: keys and values. A struct is a *view* of it, each field one key. Any number of structs, from
//! any module or crate, may view the same record; keys that no view names are left alone.
//!
//! A field's type is anything that is `Serialize` and `DeserializeOwned`. A missing key gets the field's default. A
//! save carries the keys that changed and nothing else, so writers of different keys never undo each other.
//!
//! Typed accessors come with the struct: for `Visit` the trait `VisitFields`, on [`Session<Visit>`](Session) and on
//! `tower_sessions::Session`.
//!
//! # Handlers
//!
//! | parameter | what the handler gets | it waits for |
//! |---|---|---|
//! | `&V` | a fresh read, never written back | the saves of the writers queued before it |
//! | `&mut V` | the session to itself; saved if it changed | its turn |
//! | `Option<&V>` | as `&V`; `None` on a connection without a session | as `&V` |
//! | none of these | no session: no store is asked | nobody |
//! | [`Session<V>`](Session) | a handle for short transactions of its own; not beside `&mut` | nobody, until it is used |
//! | [`AfterSave`] | effects that happen after the save, or not at all | |
//! | socketioxide's extractors | what they extract | |
//!
//! A handler returns `()`, anything `Serialize`, or a `Result` of it. What it returns is the acknowledgement: always
//! one argument, sent after the save. The function stays an ordinary one, for unit tests too:
//!
//! ```
//! use socket_session::{on, socket_session};
//!
//! #[socket_session]
//! struct Visit {
//!     count: u32,
//! }
//!
//! #[on("my event")]
//! async fn my_event(visit: &mut Visit) -> u32 {
//!     visit.count += 1;
//!     visit.count
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let mut visit = Visit { count: 41 };
//! assert_eq!(my_event(&mut visit).await, 42);
//! # }
//! ```
//!
//! - Handlers may be the methods of their view: [`#[socket_events]`](macro@socket_events), registered at once by
//!   [`.events::<Visit>()`](Namespace::events).
//! - An event that comes by the hundred may be content with what this node saw a moment ago: [`fresh`](macro@on#fresh).
//! - Fields that were renamed, or are of another type now, are read from [sessions of an earlier
//!   version](macro@socket_session#sessions-of-an-earlier-version).
//!
//! What the client is answered, what is saved and what is emitted can be tested with `socket_session::testing` (feature
//! `testing`): a session in memory, no network, a clock that the test moves and a store that fails when told to.
//!
//! # HTTP
//!
//! [`Session<V>`](Session) is an extractor. Each call is a transaction of its own; [`update`](Session::update) runs its
//! closure on the fresh session, and creates the session where the visitor has none.
//!
//! ```
//! use axum::{Router, body::{Body, to_bytes}, http::{Request, header::{COOKIE, SET_COOKIE}}, routing::post};
//! use socket_session::{MemoryStore, Session, SessionError, Sessions, socket_session};
//! use socketioxide::SocketIo;
//! use tower::ServiceExt;
//!
//! #[socket_session]
//! struct Visit {
//!     count: u32,
//! }
//!
//! async fn incr(session: Session<Visit>) -> Result<String, SessionError> {
//!     let count = session.update(|visit| { visit.count += 1; visit.count }).await?;
//!     Ok(count.to_string())
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (io_layer, io) = SocketIo::new_layer();
//! let sessions = Sessions::builder(MemoryStore::default()).build(&io);
//! let app = Router::new().route("/incr", post(incr)).layer(sessions.layer(io_layer));
//!
//! let first = app.clone().oneshot(Request::post("/incr").body(Body::empty())?).await?;
//! let cookie = first.headers()[SET_COOKIE].clone(); // the visitor had no session: now there is one
//! assert_eq!(to_bytes(first.into_body(), 64).await?, "1");
//!
//! let second = app.oneshot(Request::post("/incr").header(COOKIE, cookie).body(Body::empty())?).await?;
//! assert_eq!(to_bytes(second.into_body(), 64).await?, "2");
//! # Ok(())
//! # }
//! ```
//!
//! A plain `tower_sessions::Session` works in the same request, and so does what is built on it. It takes part by key:
//! on the same key the later save wins.
//!
//! ## Logging in
//!
//! A login gives the session a new id, so that a planted one is worth nothing: [`rotate_with`](Session::rotate_with), or a
//! plain session's `cycle_id`. The response decides. Until its head is known the old id is as good as ever, and nobody
//! else changes the session; below 500 the old id then ends and the new cookie goes out; with a 5xx, a panic, or a request
//! that is given up, nothing has happened. Sockets close when the response is through, and come back with the new cookie.
//!
//! For a minute, who shows the old cookie comes late: it reads nothing, its `update`, `rotate` and `destroy` are
//! [`Gone`](SessionError::Gone) (401), its handshakes get 503 and are repeated, and no response to it touches the cookie.
//!
//! axum-login works inside of the layer. Its login is a rotation, its logout ends the session and its sockets. It is
//! `AuthManager` that is mounted, not `AuthManagerLayer`, which would bring a session manager of its own:
//!
//! ```
//! use axum::Router;
//! use axum_login::{AuthManager, AuthnBackend};
//! use socket_session::Sessions;
//! use socketioxide::layer::SocketIoLayer;
//! use tower_layer::layer_fn;
//!
//! fn app<B: AuthnBackend + 'static>(routes: Router, users: B, sessions: &Sessions, io_layer: SocketIoLayer) -> Router {
//!     let auth = layer_fn(move |inner| AuthManager::new(inner, users.clone(), "axum-login.data"));
//!     // the innermost comes first
//!     routes.layer(auth).layer(sessions.layer(io_layer))
//! }
//! ```
//!
//! What stands between the application and the network can also stand between the layer's parts:
//! [`requests`](Sessions::requests), [`cookies`](Sessions::cookies) and [`sockets`](Sessions::sockets).
//!
//! # What is promised
//!
//! - While a handler holds `&mut V`, no other handler of that session and no [`update`](Session::update) holds it.
//! - Events of one session start in the order in which they were received; handlers without a view keep no order.
//! - Every wait ends: `wait_limit`, `handler_timeout`.
//! - `Err`, panic, timeout: nothing of that handler is saved, and no later handler sees any of it. What it did
//!   elsewhere stays done; for that there is [`AfterSave`]. With `panic = "abort"` a panic ends the process.
//! - What was destroyed or has expired stays gone: a save updates, it never creates.
//! - What ends a session ends its sockets, on all nodes. What another program deletes in the store is found by a check,
//!   every 5 minutes ([`check_every`](Builder::check_every)).
//! - Acknowledged means saved. An acknowledgement is delivered, or the transport is closed.
//!
//! # What a client sees
//!
//! The acknowledgement is the handler's value, or `{ "error": { "code": …, "message": … } }`. Without an
//! acknowledgement, an error arrives as the event `session_error`.
//!
//! | code | when | the handler ran |
//! |---|---|---|
//! | `unauthorized` | a guard said no; a namespace's guard also disconnects the socket | no |
//! | `no_session` | the handler needs a view, and the connection has no session | no |
//! | `invalid_payload` | an extractor failed | no |
//! | `handler`, or the code of the [`EventError`] | it returned `Err`, or panicked | yes, rolled back |
//! | `unserializable` | a field or the reply cannot be written | yes, rolled back |
//! | `timeout` | it waited or ran for too long | rolled back, if it ran |
//! | `overloaded` | a limit was met | no |
//! | `session_gone` | the session was destroyed, has expired, or its id was rotated | no, or rolled back |
//! | `session_corrupt` | a stored value does not fit its field | no |
//! | `store_unavailable` | the store failed before anything was written | no, or rolled back |
//! | `unknown` | the store did not say whether it saved: do not repeat blindly | yes |
//!
//! The error of a handler is a `&'static str`, a `String` or an [`EventError`]; `?` turns any [`std::error::Error`] into
//! an [`EventError`] whose details are logged and hidden from the client.
//!
//! # Connecting
//!
//! A handshake reads the session, and creates none unless it is told to ([`Handshake::Create`]). A connection belongs
//! to the session of its handshake: a later request of it without that cookie gets 400, and sockets never move to
//! another session. After a login ([`Session::rotate_with`]) they are closed, and clients come back with the new cookie.
//! Requests of foreign origins get 403, WebSockets too, which CORS does not hold.
//!
//! `sessions.layer(io_layer)` goes over the whole router, once, in place of tower-sessions' `SessionManagerLayer` and
//! of socketioxide's own layer.
//!
//! [socketioxide]: https://github.com/Totodore/socketioxide
//! [tower-sessions]: https://github.com/maxcountryman/tower-sessions

// so that the macros' `::socket_session` is found here, too
extern crate self as socket_session;

#[cfg(doctest)]
mod documents;
mod macros;

pub use macros::{guard, on, on_connect, on_disconnect, on_fallback, server_event, socket_events, socket_session};
#[cfg(feature = "conformance")]
pub use socket_session_runtime::conformance;
#[doc(hidden)]
pub use socket_session_runtime::private as __private;
#[cfg(feature = "testing")]
pub use socket_session_runtime::testing;
pub use socket_session_runtime::{
    AfterSave, Body, BoxError, Builder, ClientError, Close, CookiesLayer, CookiesService, Corrupt, EventError, Expiry,
    Field, Guarded, Handshake, Id, Listed, MemoryStore, Namespace, Plain, Reached, RequestsLayer, RequestsService,
    ServerEvent, Session, SessionError, SessionKey, SessionLayer, SessionService, Sessions, SharedStore, SocketsLayer,
    SocketsService, Touch, Unserializable, User, View, store, tower_sessions,
};
#[cfg(feature = "ts")]
pub use socket_session_runtime::{NameClash, ts_rs};
