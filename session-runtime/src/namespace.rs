//! `sessions.namespace()`: the guards and the handlers of a namespace, as a socketioxide connect handler.

mod connecting;

use std::{
    borrow::Cow,
    fmt,
    marker::PhantomData,
    sync::{Arc, Weak},
};

use socketioxide::{
    adapter::{Adapter, LocalAdapter},
    socket::Socket,
};

pub use self::connecting::Guarded;

use crate::{
    block::Events,
    claims::{Claim, Claims},
    connection::Connection,
    core::Core,
    event::{Endpoint, Needs, OnEvent, OnFallback, Shared, work},
    gate::Gate,
    guard::{EventGuard, NamespaceGuard},
    handler::{Connect, ConnectParts, Disconnect, Event, Fallback, Guard, Rejection},
    leaving::Leaving,
    seat::Seat,
    server_event::ServerEvent,
    view::{View, Views},
};

/// The guards and handlers of a namespace: what `io.ns(…)` and `io.dyn_ns(…)` take.
///
/// Made by `Sessions::namespace`. Before a socket is connected, its session is loaded and the guards are asked, in the
/// order in which they were given; the first that says no refuses it with its message (`connect_error`). They are
/// asked again before every event, and after every save that changes what they look at.
///
/// Handlers and guards of one namespace may have any number of views, and each view as often as they like. Two different
/// views that claim one key are a mistake in the program: registering the second one panics, and names both.
///
/// socketioxide's own [`with`](socketioxide::handler::ConnectHandler::with) works: its middleware runs before the guards.
pub struct Namespace<A: Adapter = LocalAdapter> {
    rules: Arc<Rules<A>>,
    /// Not kept alive: the namespaces are Socket.IO's, and that is kept alive by it.
    core: Weak<Core>,
}

/// What a namespace consists of.
pub(crate) struct Rules<A: Adapter> {
    pub(crate) guards: Vec<NamespaceGuard<A>>,
    events: Vec<(&'static str, Register<A>)>,
    fallback: Option<Register<A>>,
    connect: Option<OnConnect<A>>,
    pub(crate) disconnect: Option<Register<A>>,
    #[cfg(feature = "ts")]
    pub(crate) types: crate::typescript::Events,
    claims: Claims,
}

pub(crate) type Register<A> = Arc<dyn Fn(&Arc<Socket<A>>, &Arc<Admitted<A>>) + Send + Sync>;
type OnConnect<A> = fn(&mut ConnectParts<'_, A>) -> Result<(crate::event::Work, Needs), Rejection>;

impl<A: Adapter> Clone for Rules<A> {
    fn clone(&self) -> Self {
        let guards = self
            .guards
            .iter()
            .map(|guard| NamespaceGuard { message: guard.message.clone(), guard: guard.guard.clone() });
        Self {
            guards: guards.collect(),
            events: self.events.clone(),
            fallback: self.fallback.clone(),
            connect: self.connect,
            disconnect: self.disconnect.clone(),
            #[cfg(feature = "ts")]
            types: self.types.clone(),
            claims: self.claims.clone(),
        }
    }
}

/// A socket that the guards have let in, with what its handlers need.
pub(crate) struct Admitted<A: Adapter> {
    pub(crate) joined: Arc<Joined>,
    pub(crate) namespace: Arc<Rules<A>>,
}

/// What each of its events takes along: one reference, not three.
pub(crate) struct Joined {
    pub(crate) connection: Arc<Connection>,
    pub(crate) seat: Arc<dyn Seat>,
    pub(crate) gate: Gate,
}

impl<A: Adapter> Namespace<A> {
    pub(crate) fn new(core: &Arc<Core>) -> Self {
        Self {
            core: Arc::downgrade(core),
            rules: Arc::new(Rules {
                guards: Vec::new(),
                events: Vec::new(),
                fallback: None,
                connect: None,
                disconnect: None,
                #[cfg(feature = "ts")]
                types: crate::typescript::Events::default(),
                claims: Claims::default(),
            }),
        }
    }

    /// Whether somebody would answer that event.
    #[cfg(feature = "testing")]
    pub(crate) fn answers(&self, event: &str) -> bool {
        self.rules.fallback.is_some() || self.rules.events.iter().any(|(name, _)| *name == event)
    }

    /// The views of a handler or a guard.
    #[track_caller]
    fn claim(mut self, claims: Vec<Claim>) -> Self {
        Arc::make_mut(&mut self.rules).claims.add(claims);
        self
    }

    fn rules(mut self, change: impl FnOnce(&mut Rules<A>)) -> Self {
        change(Arc::make_mut(&mut self.rules));
        self
    }

    /// Admits only sessions for which `guard` holds. `message` is what the client gets: as the message of its
    /// `connect_error`, and of the error `unauthorized` when the guard turns false later.
    ///
    /// Without a session the answer is no, whatever the guard would say of an empty one. The view's type is written at
    /// the closure's parameter; a guard that has to wait for something is an `async fn` under `#[guard]`, for
    /// [`guard_with`](Self::guard_with).
    ///
    /// ```
    /// # use socket_session::{MemoryStore, Sessions, socket_session};
    /// # #[socket_session] struct Visit { authenticated: bool }
    /// # let (_, io) = socketioxide::SocketIo::new_layer();
    /// # let sessions = Sessions::builder(MemoryStore::default()).build(&io);
    /// io.ns("/", sessions.namespace().guard("unauthorized", |visit: &Visit| visit.authenticated));
    /// ```
    ///
    /// # Panics
    /// If another view of this namespace claims a key of one of its views.
    #[must_use]
    #[track_caller]
    pub fn guard<V: View>(
        self,
        message: impl Into<Cow<'static, str>>,
        guard: impl Fn(&V) -> bool + Send + Sync + 'static,
    ) -> Self {
        if let Some(core) = self.core.upgrade() {
            core.users.learn(V::USER);
        }
        self.guarded_by(message.into(), EventGuard::look(guard))
    }

    /// What the views of a handler say of sessions in general.
    fn learn<Vs: Views>(&self) {
        if let Some(core) = self.core.upgrade() {
            for field in Vs::USERS {
                core.users.learn(*field);
            }
        }
    }

    #[track_caller]
    fn guarded_by(self, message: Cow<'static, str>, guard: EventGuard<A>) -> Self {
        if let Some(core) = self.core.upgrade() {
            core.guarded.learn(&guard);
        }
        self.claim(guard.claims().to_vec()).rules(|rules| rules.guards.push(NamespaceGuard { message, guard }))
    }

    /// The same with an `async fn` under `#[guard]`, which may take extractors.
    ///
    /// It is asked when a socket connects and before every event: `Data` is the `auth` payload there and the event's
    /// here. After a save that changes what its views look at it is asked again, as at connecting.
    ///
    /// # Panics
    /// If another view of this namespace claims a key of one of its views.
    #[must_use]
    #[track_caller]
    pub fn guard_with<G: Guard<A>>(self, message: impl Into<Cow<'static, str>>) -> Self {
        self.learn::<G::Views>();
        self.guarded_by(message.into(), EventGuard::ask::<G>())
    }

    /// Handles an event with the function of that name, which is under `#[on("event")]`.
    ///
    /// The name is the function's, between `::<` and `>()`. Where rustc says that "function item types cannot be named
    /// directly", the function is not under `#[on]`. If two handle the same event, the last one does, and a warning
    /// says so. An event that nobody handles is not answered, as in socketioxide: `on_fallback` can.
    ///
    /// # Panics
    /// If another view of this namespace claims a key of one of its views.
    #[must_use]
    #[track_caller]
    pub fn on<E: Event<A>>(self) -> Self {
        self.learn::<E::Views>();
        let guard = E::guard();
        let guards = guard.iter().flat_map(|guard| guard.claims().iter().copied());
        let claims = E::Views::claims().into_iter().chain(guards).collect();
        let shared = Shared::new(guard);
        let register: Register<A> = Arc::new(move |socket, admitted| {
            let endpoint = Endpoint::<A, OnEvent<E>> {
                admitted: Arc::clone(admitted),
                shared: Arc::clone(&shared),
                kind: PhantomData,
            };
            socket.on(E::NAME, endpoint);
        });
        self.claim(claims).rules(|rules| {
            if let Some(at) = rules.events.iter().position(|(name, _)| *name == E::NAME) {
                tracing::warn!(event = E::NAME, "two handlers for one event in one namespace: the last one is used");
                rules.events.remove(at);
            }
            rules.events.push((E::NAME, register));
            #[cfg(feature = "ts")]
            rules.types.hear(E::NAME, E::signature);
        })
    }

    /// Says that the server sends this event here. It changes nothing but what `typescript` (feature `ts`) writes.
    #[must_use]
    pub fn emits<E: ServerEvent>(self) -> Self {
        #[cfg(feature = "ts")]
        return self.rules(|rules| rules.types.say(E::NAME, E::signature));
        #[cfg(not(feature = "ts"))]
        self
    }

    /// The events of this namespace in TypeScript, with the comments of their handlers: `ClientToServerEvents` and
    /// `ServerToClientEvents`, which socket.io-client's `Socket` takes, and the types that they name.
    ///
    /// A type says what it is with `ts-rs`: what does not implement `TS` is `unknown`. Acknowledgements are written as
    /// ones that a client always asks for, because they may be errors.
    ///
    /// ```
    /// use socket_session::{MemoryStore, Sessions, on, server_event, socket_session};
    /// use socketioxide::extract::Data;
    ///
    /// # #[socket_session] struct Visit { count: u32 }
    /// /// Adds to the count.
    /// #[on("add")]
    /// async fn add(visit: &mut Visit, Data(by): Data<u32>) -> Result<u32, &'static str> {
    ///     visit.count = visit.count.checked_add(by).ok_or("the count is full")?;
    ///     Ok(visit.count)
    /// }
    ///
    /// #[server_event("current count")]
    /// struct CurrentCount(u32);
    ///
    /// # let (_, io) = socketioxide::SocketIo::new_layer();
    /// # let sessions = Sessions::builder(MemoryStore::default()).build(&io);
    /// let written = sessions.namespace().on::<add>().emits::<CurrentCount>().typescript()?;
    /// let add = r#"
    ///   /** Adds to the count. */
    ///   "add": (data: number, acknowledge: (reply: number | ErrorReply) => void) => void;
    /// "#;
    /// assert!(written.contains(add.trim_end_matches(' ')));
    /// assert!(written.contains(r#""current count": (data: number) => void;"#));
    /// # Ok::<(), socket_session::NameClash>(())
    /// ```
    ///
    /// # Errors
    /// Two types would have one name in TypeScript.
    #[cfg(feature = "ts")]
    pub fn typescript(&self) -> Result<String, crate::typescript::NameClash> {
        self.rules.types.write()
    }

    /// Registers the handlers of an `impl` under `#[socket_events]`: those of a view by its type, those of a block with a
    /// name by that.
    ///
    /// It is the same as `on`, `on_connect`, `on_disconnect` and `on_fallback` for each.
    ///
    /// # Panics
    /// If another view of this namespace claims a key of one of its views.
    #[must_use]
    #[track_caller]
    pub fn events<E: Events<A>>(self) -> Self {
        E::register(self)
    }

    /// Handles the events that no other handles, with a function under `#[on_fallback]`.
    ///
    /// # Panics
    /// If another view of this namespace claims a key of one of its views.
    #[must_use]
    #[track_caller]
    pub fn on_fallback<F: Fallback<A>>(self) -> Self {
        self.learn::<F::Views>();
        let shared = Shared::new(None);
        let register: Register<A> = Arc::new(move |socket, admitted| {
            let endpoint = Endpoint::<A, OnFallback<F>> {
                admitted: Arc::clone(admitted),
                shared: Arc::clone(&shared),
                kind: PhantomData,
            };
            socket.on_fallback(endpoint);
        });
        self.claim(F::Views::claims()).rules(|rules| rules.fallback = Some(register))
    }

    /// Runs a function under `#[on_connect]` when a socket has connected, before its first event. If it fails, its
    /// changes are rolled back and the client gets `session_error` with the event `connect`; the socket stays.
    ///
    /// # Panics
    /// If another view of this namespace claims a key of one of its views.
    #[must_use]
    #[track_caller]
    pub fn on_connect<C: Connect<A>>(self) -> Self {
        self.learn::<C::Views>();
        self.claim(C::Views::claims())
            .rules(|rules| rules.connect = Some(|parts| Ok((work::<A, C>(C::args(parts)?), Needs::of::<C::Views>()))))
    }

    /// Runs a function under `#[on_disconnect]` when a socket has disconnected, with the last state of its session
    /// that this node knows.
    ///
    /// # Panics
    /// If another view of this namespace claims a key of one of its views.
    #[must_use]
    #[track_caller]
    pub fn on_disconnect<D: Disconnect<A>>(self) -> Self {
        self.learn::<D::Views>();
        let register: Register<A> = Arc::new(|socket, admitted| {
            socket.on_disconnect(Leaving::<A, D> { admitted: Arc::clone(admitted), handler: PhantomData });
        });
        self.claim(D::Views::claims()).rules(|rules| rules.disconnect = Some(register))
    }
}

impl<A: Adapter> Clone for Namespace<A> {
    fn clone(&self) -> Self {
        Self { rules: Arc::clone(&self.rules), core: Weak::clone(&self.core) }
    }
}

impl<A: Adapter> fmt::Debug for Namespace<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let events: Vec<_> = self.rules.events.iter().map(|(name, _)| name).collect();
        f.debug_struct("Namespace")
            .field("guards", &self.rules.guards.len())
            .field("events", &events)
            .finish_non_exhaustive()
    }
}
