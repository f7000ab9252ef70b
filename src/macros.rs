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
/// | `rename_all` | `"camelCase"`, or another of serde's cases | the fields' names | the keys of the fields without `key` |
/// | `on_corrupt` | `"reject"` or `"default"` | `"reject"` | what becomes of a stored value that does not fit, in all fields |
/// | `crate` | path, `crate::…` or `::…` | `::socket_session` | where the library is, for those who re-export it |
///
/// # Options of a field, `#[session(…)]`
///
/// | option | value | without it | effect |
/// |---|---|---|---|
/// | `key` | string | the field's name | the key in the record |
/// | `alias` | string, several times if need be | none | an old key, under which the value is found where the key is missing |
/// | `default` | expression | `Default::default()` | the value where the record has no such key |
/// | `migrate` | path of a `fn(Old) -> T` or `fn(Old) -> Result<T, E>` | none | makes the field's value of an old one that does not deserialize |
/// | `on_corrupt` | `"reject"` or `"default"` | what the struct says | what becomes of a stored value that does not fit |
/// | `skip` | none | | the field is not stored; it has its default whenever the view is loaded |
/// | `user` | none | | the field's value says whose session it is: `sessions.user(&value)` finds it; `None` is nobody's. One field of all views of a record |
///
/// # Sessions of an earlier version
///
/// Sessions outlive the program that made them. A field that was renamed keeps its old key as an `alias`, with the
/// struct's prefix in front; a field of another type has a function that makes the new value of the old one. `Old` is any
/// type that is `Deserialize`, or `serde_json::Value`.
///
/// ```
/// use socket_session::socket_session;
/// use std::num::ParseIntError;
///
/// #[socket_session(rename_all = "camelCase")]
/// pub struct User {
///     /// The key `userName`; until then it was `login`, and before that `name`.
///     #[session(alias = "login", alias = "name")]
///     pub user_name: String,
///     /// It was a text.
///     #[session(migrate = year)]
///     pub birth_year: u16,
///     /// Nothing that anybody would miss.
///     #[session(default = 20, on_corrupt = "default")]
///     pub page_size: u32,
/// }
///
/// fn year(old: String) -> Result<u16, ParseIntError> {
///     old.parse()
/// }
/// ```
///
/// A read changes nothing. The first save of the view that changes anything writes such fields under the new key and in
/// the new form, and removes the old keys. A value that neither deserializes nor can be migrated is `session_corrupt`,
/// and the record is left as it is; with `on_corrupt = "default"` it counts as missing, and stays until the field is
/// written.
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
/// - Two fields cannot have one key, old or new, and a field cannot be named as another one's setter is.
/// - `#[cfg_attr(…, session(…))]` is not seen.
/// - Keys that start with `__socket_session` are the library's.
/// - Two views of one handler cannot claim one key, old or new; two views of one namespace neither: see
///   [`Namespace`](crate::Namespace).
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
/// | `fresh` | a time: `"500ms"`, `"5s"`, `"1m"` | none | the session may be that old, see below; not beside `&mut` |
/// | `crate` | path, `crate::…` or `::…` | `::socket_session` | where the library is, for those who re-export it |
///
/// ## `fresh`
///
/// For events that come by the hundred, and of which no single one is that important:
///
/// ```
/// use socket_session::{AfterSave, on, socket_session};
/// use socketioxide::extract::Data;
///
/// #[socket_session]
/// struct Visit {
///     name: String,
/// }
///
/// #[on("cursor", fresh = "5s")]
/// async fn cursor(visit: &Visit, Data(at): Data<(f32, f32)>, after: AfterSave) {
///     after.emit("cursor", &(&visit.name, at));
/// }
/// ```
///
/// If an event with `fresh` has looked at the session that short a time ago on this node, the store is not asked again, and
/// the event waits for nobody, not for those before it either. Its guards, the namespace's too, look at the same. What this
/// node has saved since then is seen; what another one has, only when the time has passed. A session that has ended on
/// this node, or of whose end this node has heard, is gone at once.
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
/// - Free functions; methods are for [`#[socket_events]`](macro@socket_events). No lifetime or const parameters, no `#[cfg]` on a
///   parameter.
/// - `Option<&V>` is recognised by the name `Option`, not under an alias.
/// - The name of a primitive type cannot be the function's, and a module beside it cannot have its name; nor can a crate
///   that the module names, as in `use bytes::Bytes` beside `async fn bytes`.
/// - The handler is not more visible than its views and its arguments.
/// - An extractor of your own that serves one adapter only, and not the local one, needs a function with a type
///   parameter. One that is named `Data<…>`, `TryData<…>` or `State<…>` serves all, as socketioxide's do.
pub use socket_session_macros::on;

/// Makes the methods of a view event handlers, and lets a namespace register them at once.
///
/// `self` is the view: `&self` reads the session, `&mut self` changes it. All else is as in a free function under
/// [`#[on]`](macro@on): other views and extractors as parameters, what is returned is the acknowledgement, and the method
/// stays callable as it is. They are registered by [`.events::<Visit>()`](crate::Namespace::events).
///
/// ```
/// use socket_session::{AfterSave, Sessions, socket_events, socket_session};
/// use socketioxide::extract::{Data, Event};
///
/// #[socket_session]
/// struct Visit {
///     count: u32,
///     admin: bool,
/// }
///
/// #[socket_session(prefix = "cart.")]
/// struct Cart {
///     items: Vec<u32>,
/// }
///
/// #[socket_events]
/// impl Visit {
///     #[on("my event")]
///     async fn my_event(&mut self) -> u32 {
///         self.count += 1;
///         self.count
///     }
///
///     /// `self` only reads, and another view is changed.
///     #[on("buy", guard = Self::is_admin)]
///     async fn buy(&self, cart: &mut Cart, Data(item): Data<u32>, after: AfterSave) -> usize {
///         cart.items.push(item);
///         after.emit("bought", &item);
///         cart.items.len()
///     }
///
///     #[on_connect]
///     async fn hello(&mut self) {
///         self.count = 0;
///     }
///
///     /// A disconnect handler takes `Option<&Self>`: the session may be gone.
///     #[on_disconnect]
///     async fn bye(last: Option<&Self>) {
///         println!("{:?} events", last.map(|visit| visit.count));
///     }
///
///     #[on_fallback]
///     async fn unknown(Event(name): Event) -> Result<(), String> {
///         Err(format!("there is no event `{name}`"))
///     }
///
///     /// A method without an attribute is nothing but a method.
///     fn is_admin(&self) -> bool {
///         self.admin
///     }
/// }
///
/// fn register(sessions: &Sessions) -> socket_session::Namespace {
///     sessions.namespace().events::<Visit>()
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let mut visit = Visit { count: 1, admin: false };
/// assert_eq!(visit.my_event().await, 2);
/// # }
/// ```
///
/// # Options
///
/// | option | value | without it | effect |
/// |---|---|---|---|
/// | `name` | an identifier, with a visibility in front if it needs one | the view's type | the block is registered by this type, which is made here |
/// | `with` | list of blocks' names | none | they are registered together with this block |
/// | `crate` | path, `crate::…` or `::…` | `::socket_session` | where the library is, for all methods of the block |
///
/// The attributes on the methods take the same options as on functions; they need no import.
///
/// # Several blocks
///
/// One block of a type has no name. Each other one, in whatever module, has: by that it is registered alone, or together
/// with the one that says `with`.
///
/// ```
/// use socket_session::{Sessions, socket_events, socket_session};
///
/// #[socket_session]
/// pub struct Visit {
///     pub count: u32,
/// }
///
/// #[socket_events(with = [Chat, admin::Moderation])]
/// impl Visit {
///     #[on("my event")]
///     async fn my_event(&mut self) {
///         self.count += 1;
///     }
/// }
///
/// #[socket_events(name = Chat)]
/// impl Visit {
///     #[on("message")]
///     async fn message(&mut self) {
///         self.count += 1;
///     }
/// }
///
/// mod admin {
///     use socket_session::socket_events;
///
///     #[socket_events(name = pub Moderation)]
///     impl super::Visit {
///         #[on("reset")]
///         async fn reset(&mut self) {
///             self.count = 0;
///         }
///     }
/// }
///
/// fn register(sessions: &Sessions) -> [socket_session::Namespace; 2] {
///     let all = sessions.namespace().events::<Visit>();
///     let one = sessions.namespace().events::<admin::Moderation>();
///     [all, one]
/// }
/// # fn main() {}
/// ```
///
/// They are listed, and not found: what finds them without a list runs before `main` and needs `unsafe`, and cannot keep
/// what is generic over the adapter.
///
/// # What it expands to
///
/// The `impl` as it is, and for each method a type without a name and what makes that a handler, as for a function. With
/// `name`, a type of that name.
///
/// # Limitations
///
/// - The `impl` has no parameters and is not that of a trait. A method's own type parameter is the adapter.
/// - `self` is not taken by value, and in a disconnect handler not at all.
/// - A guard under [`#[guard]`](macro@guard) is a free function; a plain `fn(&self) -> bool` is named `Self::is_admin`.
/// - The attributes on the methods are read before `#[cfg_attr]` is.
/// - Two methods of a block, or of blocks that are registered by one `with`, cannot handle one event.
pub use socket_session_macros::socket_events;

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
