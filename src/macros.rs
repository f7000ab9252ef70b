//! The attributes, each with its documentation: here its examples can run.

/// Makes a struct a view of the session record: each field is one key of it.
///
/// The struct needs no derive. A field's type is anything that is `Serialize`, `DeserializeOwned`, `Send`, `Sync` and
/// `'static`.
///
/// ```
/// use socket_session::{Session, SessionError, socket_session};
///
/// #[socket_session]
/// pub struct Visit {
///     /// Since the login.
///     pub authenticated: bool,
///     #[session(key = "userId")]
///     pub user: Option<u64>,
///     #[session(default = String::from("en"))]
///     pub language: String,
///     /// Not stored: each handler gets it anew.
///     #[session(skip)]
///     pub warnings: Vec<String>,
/// }
///
/// /// Another view of the same record. Its keys are `cart.items` and `cart.coupon`.
/// #[socket_session(prefix = "cart.")]
/// pub struct Cart {
///     pub items: Vec<u32>,
///     pub coupon: Option<String>,
/// }
///
/// async fn add(cart: Session<Cart>) -> Result<usize, SessionError> {
///     cart.update(|cart| { cart.items.push(7); cart.items.len() }).await
/// }
/// ```
///
/// # Options of the struct
///
/// | option | value | without it | effect |
/// |---|---|---|---|
/// | `prefix` | string | none | stands before the key of every field |
/// | `crate` | path, `crate::…` or `::…` | `::socket_session` | where the library is, for those who re-export it |
///
/// # Options of a field, `#[session(…)]`
///
/// | option | value | without it | effect |
/// |---|---|---|---|
/// | `key` | string | the field's name | the key in the record |
/// | `default` | expression | `Default::default()` | the value where the record has no such key |
/// | `skip` | none | | the field is not stored; it has its default whenever the view is loaded |
///
/// # Accessors
///
/// For `struct Visit` there is a trait `VisitFields` with `count()` and `set_count(value)` for every stored field that
/// is as visible as the struct. It is implemented for [`Session<Visit>`](crate::Session), where each call is a
/// transaction, and for `tower_sessions::Session`, where it is part of that request's record: so code that has only the
/// latter is typed too.
///
/// ```
/// use socket_session::{SessionError, socket_session};
///
/// #[socket_session]
/// pub struct Visit {
///     pub count: u32,
///     pub id: Option<u64>,
/// }
///
/// async fn visit(session: tower_sessions::Session) -> Result<u32, SessionError> {
///     let count = session.count().await? + 1;
///     session.set_count(count).await?;
///     // where the session has a method of that name itself, the trait's name decides
///     VisitFields::set_id(&session, Some(1)).await?;
///     VisitFields::id(&session).await?;
///     Ok(count)
/// }
/// ```
///
/// # What it expands to
///
/// The struct as it is, an implementation of [`View`](crate::View), and the trait with its two implementations. A
/// `#[cfg]` on a field holds for all of it; a field's documentation and `#[deprecated]` are its accessors' too.
///
/// # Limitations
///
/// - Only structs with named fields, without parameters.
/// - Two fields cannot have one key, and a field cannot be named as another one's setter is.
/// - `#[cfg_attr(…, session(…))]` is not seen.
/// - Keys that start with `__socket_session` are the library's.
/// - `Session` has methods of its own (`id`, `get`, `update`, …), which win over an accessor of that name: then write
///   `VisitFields::id(&session)`.
pub use socket_session_macros::socket_session;

/// Makes an `async fn` the handler of an event.
///
/// The function stays as it is, to be called in tests. It is registered by its name:
/// [`.on::<my_event>()`](crate::Namespace::on).
///
/// ```
/// use socket_session::{AfterSave, EventError, Sessions, on, socket_session};
/// use socketioxide::extract::{Data, SocketRef};
///
/// #[socket_session]
/// struct User {
///     name: String,
///     admin: bool,
/// }
///
/// #[socket_session(prefix = "cart.")]
/// struct Cart {
///     items: Vec<u32>,
/// }
///
/// /// What is returned is the acknowledgement. It may borrow from the view.
/// #[on("whoami")]
/// async fn whoami(user: &User) -> &str {
///     &user.name
/// }
///
/// /// Views and extractors, in any order. An `Err` saves nothing and reaches the client.
/// #[on("buy")]
/// async fn buy(user: &User, cart: &mut Cart, Data(item): Data<u32>, after: AfterSave) -> Result<usize, &'static str> {
///     if cart.items.len() == 100 {
///         return Err("the cart is full");
///     }
///     cart.items.push(item);
///     after.emit("bought", &(&user.name, item));
///     Ok(cart.items.len())
/// }
///
/// fn is_admin(user: &User) -> bool {
///     user.admin
/// }
///
/// /// `?` turns any error into one whose details the client does not see.
/// #[on("price", guard = is_admin)]
/// async fn price(Data(text): Data<String>, _socket: SocketRef) -> Result<u32, EventError> {
///     Ok(text.parse()?)
/// }
///
/// fn register(sessions: &Sessions) -> socket_session::Namespace {
///     sessions.namespace().on::<whoami>().on::<buy>().on::<price>()
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let user = User { name: "Ada".into(), admin: false };
/// assert_eq!(whoami(&user).await, "Ada");
/// # }
/// ```
///
/// # Options
///
/// | option | value | without it | effect |
/// |---|---|---|---|
/// | first, without a name | string | must be there | the event |
/// | `guard` | path of a `fn(&View) -> bool`, or of an `async fn` under [`#[guard]`](macro@guard) | none | asked on the fresh session before the handler runs; if it says no, the client gets `unauthorized` |
/// | `crate` | path, `crate::…` or `::…` | `::socket_session` | where the library is, for those who re-export it |
///
/// # Parameters
///
/// | parameter | what it is |
/// |---|---|
/// | `&V` | a view, read fresh and never written back; `V` is under [`#[socket_session]`](macro@socket_session) |
/// | `&mut V` | a view that nobody else changes meanwhile, saved afterwards if it changed |
/// | `Option<&V>` | as `&V`, and `None` on a connection without a session |
/// | [`Session<V>`](crate::Session) | a handle for transactions of its own; not beside `&mut`: it would wait for itself |
/// | [`AfterSave`](crate::AfterSave) | what happens after the save, or not at all |
/// | `Data<T>`, `TryData<T>`, `Event` | what the client sent |
/// | `SocketRef`, `SocketIo`, `State<T>`, `Extension<T>`, `HttpExtension<T>`, … | socketioxide's, and your own `FromMessageParts` |
/// | `AckSender` | not beside `&mut`: it would acknowledge before the save |
///
/// A handler may take up to eight views, each once, and two of them cannot claim one key; and up to sixteen extractors. One type parameter is allowed:
/// it is the adapter. Without one, the handler serves every adapter that its extractors serve; `SocketRef` alone is that
/// of the local adapter.
///
/// ```
/// use socket_session::{on, socket_session};
/// use socketioxide::{adapter::Adapter, extract::SocketRef};
///
/// #[socket_session]
/// struct Visit {
///     count: u32,
/// }
///
/// #[on("count")]
/// async fn count<A: Adapter>(visit: &Visit, socket: SocketRef<A>) -> u32 {
///     let _rooms = socket.rooms();
///     visit.count
/// }
/// ```
///
/// # Return value
///
/// `()`, anything `Serialize`, or a `Result` of it under any alias, whose error is a `&'static str`, a `String` or an
/// [`EventError`](crate::EventError).
///
/// # What it expands to
///
/// The function as it is, a type of the same name (`struct my_event {}`, in the namespace of types), and what makes that
/// type a handler. Each parameter's type is checked where it stands.
///
/// # Limitations
///
/// - Free functions only, no methods; no lifetime or const parameters, no `#[cfg]` on a parameter.
/// - `Option<&V>` is recognised by the name `Option`, not under an alias.
/// - The name of a primitive type cannot be the function's, and a module beside it cannot have its name; nor can a crate
///   that the module names, as in `use bytes::Bytes` beside `async fn bytes`.
/// - The handler is not more visible than its views and its arguments.
/// - An extractor of your own that serves one adapter only, and not the local one, needs a function with a type
///   parameter.
pub use socket_session_macros::on;

/// Makes an `async fn` the handler of connecting: it runs once a socket is admitted, before its first event.
///
/// It is registered by [`.on_connect::<f>()`](crate::Namespace::on_connect).
///
/// ```
/// use socket_session::{AfterSave, on_connect, socket_session};
/// use socketioxide::extract::TryData;
///
/// #[derive(serde::Deserialize)]
/// struct Auth {
///     language: String,
/// }
///
/// #[socket_session]
/// struct Visit {
///     count: u32,
///     language: String,
/// }
///
/// /// `Data` and `TryData` are the client's `auth`.
/// #[on_connect]
/// async fn hello(visit: &mut Visit, TryData(auth): TryData<Auth>, after: AfterSave) {
///     if let Ok(auth) = auth {
///         visit.language = auth.language;
///     }
///     after.emit("current count", &visit.count);
/// }
/// ```
///
/// # Options
///
/// `crate`, as for [`#[on]`](macro@on#options). There is no `guard`: who may connect is decided by the namespace's
/// [guards](crate::Namespace::guard), before this.
///
/// # Parameters
///
/// As for [`#[on]`](macro@on#parameters), without `Event` and `AckSender`; your own extractors implement
/// `FromConnectParts`.
///
/// # What it expands to, limitations
///
/// As for [`#[on]`](macro@on#what-it-expands-to).
pub use socket_session_macros::on_connect;

/// Makes an `async fn` the handler of disconnecting.
///
/// It is registered by [`.on_disconnect::<f>()`](crate::Namespace::on_disconnect). It can change nothing any more, and
/// returns nothing.
///
/// ```
/// use socket_session::{on_disconnect, socket_session};
/// use socketioxide::socket::DisconnectReason;
///
/// #[socket_session]
/// struct Visit {
///     name: String,
/// }
///
/// /// The last state that this node knew: the session may be gone.
/// #[on_disconnect]
/// async fn bye(visit: Option<&Visit>, reason: DisconnectReason) {
///     let name = visit.map_or("somebody", |visit| &visit.name);
///     println!("{name} has left: {reason}");
/// }
/// ```
///
/// # Options
///
/// `crate`, as for [`#[on]`](macro@on#options).
///
/// # Parameters
///
/// | parameter | what it is |
/// |---|---|
/// | `Option<&V>` | the last state known of a view |
/// | `DisconnectReason` | why |
/// | `SocketRef`, `SocketIo`, `State<T>`, `Extension<T>`, `HttpExtension<T>`, … | socketioxide's, and your own `FromDisconnectParts` |
/// | [`Session<V>`](crate::Session) | a handle; the session may be gone |
///
/// # What it expands to, limitations
///
/// As for [`#[on]`](macro@on#what-it-expands-to).
pub use socket_session_macros::on_disconnect;

/// Makes an `async fn` the handler of all events that have no handler of their own.
///
/// It is registered by [`.on_fallback::<f>()`](crate::Namespace::on_fallback).
///
/// ```
/// use socket_session::on_fallback;
/// use socketioxide::extract::Event;
///
/// #[on_fallback]
/// async fn unknown(Event(name): Event) -> Result<(), String> {
///     Err(format!("there is no event `{name}`"))
/// }
/// ```
///
/// # Options
///
/// `crate`, as for [`#[on]`](macro@on#options).
///
/// # Parameters, return value, what it expands to, limitations
///
/// As for [`#[on]`](macro@on#parameters).
pub use socket_session_macros::on_fallback;

/// Makes an `async fn` a guard: one that takes extractors, or has to wait for something.
///
/// It is named by [`.guard_with::<f>(message)`](crate::Namespace::guard_with) of a namespace, or by `guard = f` of an
/// event. Where a look at one view is enough, a plain `fn(&View) -> bool` is a guard without any attribute.
///
/// ```
/// use socket_session::{Sessions, guard, on, socket_session};
/// use socketioxide::extract::State;
///
/// #[derive(Clone)]
/// struct Banned(Vec<String>);
///
/// #[socket_session]
/// struct User {
///     name: String,
/// }
///
/// #[guard]
/// async fn may_write(user: &User, banned: State<Banned>) -> Result<(), &'static str> {
///     if banned.0.0.contains(&user.name) { Err("you are banned") } else { Ok(()) }
/// }
///
/// #[on("write", guard = may_write)]
/// async fn write() {}
///
/// fn register(sessions: &Sessions) -> socket_session::Namespace {
///     sessions.namespace().guard_with::<may_write>("unauthorized").on::<write>()
/// }
/// ```
///
/// # Options
///
/// `crate`, as for [`#[on]`](macro@on#options).
///
/// # Parameters
///
/// Views by `&V` and `Option<&V>`, and what is an extractor of events *and* of connecting, because a guard is asked at
/// both: `Data<T>` is the client's `auth` then, and the event's data later.
///
/// # Return value
///
/// `bool`, `Result<(), E>` or `Result<bool, E>`. An `Err` is a no whose text the client gets; `E` is as for
/// [`#[on]`](macro@on#return-value).
///
/// # What it expands to, limitations
///
/// As for [`#[on]`](macro@on#what-it-expands-to).
pub use socket_session_macros::guard;

/// Makes a struct an event that the server sends: its name and its data, declared once.
///
/// It is sent with [`AfterSave::send`](crate::AfterSave::send) and [`Session::send`](crate::Session::send), which are
/// `emit` with nothing left to mistype. The struct needs no derive, unless it has named fields: then it is one argument,
/// and `Serialize`. Each field of a tuple struct is an argument.
///
/// ```
/// use socket_session::{AfterSave, Session, SessionError, on, server_event, socket_session};
///
/// #[socket_session]
/// struct Visit {
///     count: u32,
/// }
///
/// /// The count, to every socket of the session.
/// #[server_event("current count")]
/// struct CurrentCount(u32);
///
/// #[server_event("moved")]
/// #[derive(serde::Serialize)]
/// struct Moved {
///     from: String,
///     to: String,
/// }
///
/// #[on("my event")]
/// async fn my_event(visit: &mut Visit, after: AfterSave) {
///     visit.count += 1;
///     after.send(&CurrentCount(visit.count));
/// }
///
/// async fn incr(session: Session<Visit>) -> Result<(), SessionError> {
///     let count = session.update(|visit| { visit.count += 1; visit.count }).await?;
///     session.send(&CurrentCount(count)).await?;
///     session.send(&Moved { from: "here".into(), to: "there".into() }).await
/// }
/// # let _ = (incr, my_event);
/// ```
///
/// socketioxide's own `emit` takes it in two parts, from the trait [`ServerEvent`](crate::ServerEvent):
/// `socket.emit(CurrentCount::NAME, &CurrentCount(1).payload())`.
///
/// With the feature `ts`, [`Namespace::emits`](crate::Namespace::emits) puts it into the namespace's `typescript`. The
/// types of a tuple struct's fields, or the struct with named fields itself, say what they are with `ts-rs`.
///
/// # Options
///
/// | option | value | without it | effect |
/// |---|---|---|---|
/// | first, without a name | string | must be there | the event |
/// | `crate` | path, `crate::…` or `::…` | `::socket_session` | where the library is, for those who re-export it |
///
/// # What it expands to
///
/// The struct as it is, and an implementation of [`ServerEvent`](crate::ServerEvent).
///
/// # Limitations
///
/// - Structs without parameters.
/// - The names that Socket.IO keeps for itself (`connect`, `disconnect`, …), `session_ended` and `session_error` are no events of yours.
pub use socket_session_macros::server_event;
