//! `Sessions` and its builder.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use serde::Serialize;
use socketioxide::{
    SocketIo,
    adapter::{Adapter, LocalAdapter},
    layer::SocketIoLayer,
};
use tower_sessions::{Expiry, SessionManagerLayer, service::CookieController, service::PlaintextCookie};

use crate::{
    connection::Connections,
    core::{Config, Core},
    engine::{Engine, Limits},
    guard::Guarded,
    handshake::{Admissions, CookiesLayer, Handshake, Origins, RequestsLayer, SessionLayer, SocketsLayer},
    lifetime::{Checking, Expiring, Shutdown},
    metering,
    namespace::Namespace,
    record::Id,
    requests::Recent,
    session::Session,
    shared::SharedStore,
    store::{AnyStore, Store},
    touch::Touch,
    users::{User, Users},
    view::View,
};

/// The sessions of an application: one for its HTTP handlers and its Socket.IO event handlers.
///
/// It is made with [`Sessions::builder`], and a clone is the same sessions. Its three uses:
/// [`layer`](Self::layer) goes around the router, [`namespace`](Self::namespace) into `io.ns(…)`, and
/// [`session`](Self::session) to background jobs.
///
/// ```
/// use axum::{Router, routing::get};
/// use socket_session::{MemoryStore, Sessions};
/// use socketioxide::SocketIo;
///
/// # #[tokio::main] async fn main() {
/// let (io_layer, io) = SocketIo::new_layer();
/// let sessions = Sessions::builder(MemoryStore::default())
///     .http(|cookies| cookies.with_name("sid").with_secure(false))
///     .build(&io);
/// io.ns("/", sessions.namespace());
/// let app: Router = Router::new().route("/", get(|| async { "hello" })).layer(sessions.layer(io_layer));
/// # let _ = app;
/// # }
/// ```
pub struct Sessions<A: Adapter = LocalAdapter> {
    core: Arc<Core>,
    io: SocketIo<A>,
}

impl Sessions {
    /// Begins with a store. It has all guarantees with `MemoryStore` and the stores of the `socket-session-…` crates.
    pub fn builder(store: impl Store) -> Builder {
        let shared = SharedStore::new();
        Builder {
            store: Arc::new(store),
            cookies: SessionManagerLayer::new(shared.clone()),
            shared,
            handshake: Handshake::default(),
            origins: Vec::new(),
            limits: Limits {
                handler: Duration::from_secs(30),
                wait: Duration::from_secs(5),
                store: Duration::from_secs(5),
                queue: 1024,
                queue_bytes: 1 << 20,
                total_bytes: 256 << 20,
                session_bytes: 1 << 20,
            },
            sockets_per_session: 100,
            anonymous_connections: 10_000,
            created_per_second: 100,
            check_every: Duration::from_mins(5),
            touch: Touch::Never,
            max_age: None,
            sessions_per_user: None,
        }
    }
}

impl<A: Adapter> Sessions<A> {
    /// The layer: session cookies, request scope, handshake rules and Socket.IO. It takes the place of
    /// `SessionManagerLayer` and of socketioxide's own layer.
    ///
    /// Call it once, and apply it to the whole router: each call makes an engine, and requests of one connection must
    /// all meet the same. Routes that are to be outside of it are added afterwards, with `route`, or are what it is merged
    /// into: `outside.merge(app.layer(…))`. The other way round, `app.layer(…).merge(outside)`, axum drops the fallback,
    /// which is where Socket.IO's requests arrive: they get 404.
    #[expect(clippy::needless_pass_by_value, reason = "an engine for each call: it should be one")]
    pub fn layer(&self, io_layer: SocketIoLayer<A>) -> SessionLayer<A> {
        SessionLayer::new(&self.core, &self.io, &io_layer)
    }

    /// The first part of [`layer`](Self::layer): the request scope. All three, one after the other, are that layer:
    ///
    /// ```
    /// # use axum::Router;
    /// # use socket_session::{MemoryStore, Sessions};
    /// # use socketioxide::SocketIo;
    /// # #[tokio::main] async fn main() {
    /// # let (io_layer, io) = SocketIo::new_layer();
    /// # let sessions = Sessions::builder(MemoryStore::default()).build(&io);
    /// let app: Router = Router::new()
    ///     // the innermost comes first
    ///     .layer(sessions.cookies())
    ///     .layer(sessions.requests())
    ///     .layer(sessions.sockets(io_layer));
    /// # let _ = app;
    /// # }
    /// ```
    ///
    /// In another order, requests get 500 and the log says why.
    pub fn requests(&self) -> RequestsLayer {
        RequestsLayer::new(&self.core)
    }

    /// The second part of [`layer`](Self::layer): the session cookie's manager, inside of
    /// [`requests`](Self::requests).
    ///
    /// axum-login's `AuthManagerLayer` brings a cookie's manager of its own, which knows nothing of all this. What it adds
    /// to that is `AuthManager`, and that works inside of this one, and of the whole `layer`.
    pub fn cookies(&self) -> CookiesLayer {
        CookiesLayer::new(&self.core)
    }

    /// The third part of [`layer`](Self::layer): handshake rules and Socket.IO, outside of the others. Handshakes read the
    /// session cookie with the same options. As with `layer`, call it once.
    #[expect(clippy::needless_pass_by_value, reason = "an engine for each call: it should be one")]
    pub fn sockets(&self, io_layer: SocketIoLayer<A>) -> SocketsLayer<A> {
        SocketsLayer::new(&self.core, &self.io, &io_layer)
    }

    /// A namespace, for `io.ns(…)` and `io.dyn_ns(…)`. Without guards it admits everybody, sessions or not.
    pub fn namespace(&self) -> Namespace<A> {
        Namespace::new(&self.core)
    }

    /// Ends this node's part in it: handlers that run, and events that wait for their turn, finish and are saved; new
    /// events are refused with `shutting_down`, and new connections with 503. Then, when all have finished or `within` is
    /// over, each socket is told `session_ended` with the reason `shutting_down`, and the transports close, so that the
    /// clients come back by themselves: to another node, if what distributes them knows that this one is going.
    ///
    /// HTTP requests go on, and so do their transactions: the server has a graceful end of its own, to be begun
    /// afterwards or at the same time. Returns how many handlers still ran when their time was over; the transports may
    /// take up to 3 seconds more.
    ///
    /// Dropping the future leaves the node refusing what is new, and its connections open.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use axum::Router;
    /// # use socket_session::Sessions;
    /// # async fn serve(listener: tokio::net::TcpListener, app: Router, sessions: Sessions) -> std::io::Result<()> {
    /// axum::serve(listener, app)
    ///     .with_graceful_shutdown(async move {
    ///         let _ = tokio::signal::ctrl_c().await;
    ///         sessions.shutdown(Duration::from_secs(10)).await;
    ///     })
    ///     .await
    /// # }
    /// ```
    pub async fn shutdown(&self, within: Duration) -> usize {
        self.core.shut_down(within).await
    }

    /// The session of that id, for a background job. It never creates one: if the session has ended, each operation
    /// says [`Gone`](crate::SessionError::Gone).
    pub fn session<V: View>(&self, id: impl Into<Id>) -> Session<V> {
        self.core.users.learn(V::USER);
        Session::of_id(&self.core, id.into())
    }

    /// All sessions of one user: those whose field under `#[session(user)]` has this value, as JSON has it. `null` is
    /// nobody.
    pub fn user<T: Serialize + ?Sized>(&self, id: &T) -> User {
        User::new(&self.core, id)
    }
}

#[cfg(any(feature = "inspector", feature = "testing"))]
impl<A: Adapter> Sessions<A> {
    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }
}

impl<A: Adapter> Clone for Sessions<A> {
    fn clone(&self) -> Self {
        Self { core: Arc::clone(&self.core), io: self.io.clone() }
    }
}

impl<A: Adapter> fmt::Debug for Sessions<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").field("config", &self.core.config).finish_non_exhaustive()
    }
}

/// What can be chosen before [`Sessions`] are built. Each has a default that a public server can live with.
pub struct Builder<C: CookieController = PlaintextCookie> {
    store: Arc<dyn AnyStore>,
    shared: SharedStore,
    cookies: SessionManagerLayer<SharedStore, C>,
    handshake: Handshake,
    origins: Vec<String>,
    limits: Limits,
    sockets_per_session: usize,
    anonymous_connections: usize,
    created_per_second: u32,
    check_every: Duration,
    touch: Touch,
    max_age: Option<Duration>,
    sessions_per_user: Option<usize>,
}

impl<C: CookieController> fmt::Debug for Builder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("handshake", &self.handshake)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl<C: CookieController> Builder<C> {
    /// The session cookie, with tower-sessions' own options: name, path, `SameSite`, plain, signed or private.
    ///
    /// tower-sessions' defaults are `Secure` and `SameSite=Strict`. Over plain `http://localhost` not every browser
    /// keeps a `Secure` cookie, so use `with_secure(false)` there.
    #[must_use]
    pub fn http<D: CookieController>(
        self,
        options: impl FnOnce(SessionManagerLayer<SharedStore, C>) -> SessionManagerLayer<SharedStore, D>,
    ) -> Builder<D> {
        Builder {
            store: self.store,
            shared: self.shared,
            cookies: options(self.cookies),
            handshake: self.handshake,
            origins: self.origins,
            limits: self.limits,
            sockets_per_session: self.sockets_per_session,
            anonymous_connections: self.anonymous_connections,
            created_per_second: self.created_per_second,
            check_every: self.check_every,
            touch: self.touch,
            max_age: self.max_age,
            sessions_per_user: self.sessions_per_user,
        }
    }

    /// For how long a session lives, and its cookie. Without it: two weeks, with a cookie that ends with the browser.
    ///
    /// What HTTP saves moves the deadline (`Expiry::OnInactivity`); events do if [`touch`](Self::touch) says so. At the
    /// deadline the session's transports close. One session may have another lifetime:
    /// [`Session::remember`](crate::Session::remember).
    ///
    /// ```
    /// use socket_session::{Expiry, MemoryStore, Sessions, tower_sessions::cookie::time::Duration};
    ///
    /// let builder = Sessions::builder(MemoryStore::default()).expiry(Expiry::OnInactivity(Duration::hours(1)));
    /// # let _ = builder;
    /// ```
    #[must_use]
    pub fn expiry(mut self, expiry: Expiry) -> Self {
        self.cookies = self.cookies.with_expiry(expiry);
        self
    }

    /// Whether events keep a session alive. Default: [`Touch::Never`].
    ///
    /// Where they do, the cookie (unless it ends with the browser) reaches to the absolute limit of the session's age, or
    /// 400 days: while a page only talks through its socket, no response renews it.
    ///
    /// ```
    /// use std::time::Duration;
    /// use socket_session::{MemoryStore, Sessions, Touch};
    ///
    /// let builder = Sessions::builder(MemoryStore::default())
    ///     .touch(Touch::OnEvent { at_most_every: Duration::from_secs(60) })
    ///     .max_age(Duration::from_hours(12));
    /// # let _ = builder;
    /// ```
    #[must_use]
    pub fn touch(mut self, touch: Touch) -> Self {
        self.touch = touch;
        self
    }

    /// How old a session may become, however much it is used. Default: as old as it likes.
    ///
    /// Its age begins when it is made, and anew with a login: with
    /// [`rotate_with`](crate::Session::rotate_with), and a plain session's `cycle_id`. A session that was made before
    /// there was a limit has none until then.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// How many sessions a user may have (`#[session(user)]`); with a login that is one too many, the oldest ends, and its
    /// sockets are told that it was `replaced`. Default: any number; one at least.
    #[must_use]
    pub fn sessions_per_user(mut self, limit: usize) -> Self {
        self.sessions_per_user = Some(limit);
        self
    }

    /// What a handshake does for a visitor without a session. Default: [`Handshake::Existing`].
    #[must_use]
    pub fn handshake(mut self, handshake: Handshake) -> Self {
        self.handshake = handshake;
        self
    }

    /// Pages of other origins that may connect, as browsers write them: `https://app.example`, `capacitor://localhost`,
    /// `null`. The server's own pages always may. For polling, browsers want CORS headers besides: put a layer that sends
    /// them (tower-http's `CorsLayer`, with credentials) around this library's.
    #[must_use]
    pub fn origins<O: Into<String>>(mut self, origins: impl IntoIterator<Item = O>) -> Self {
        self.origins.extend(origins.into_iter().map(Into::into));
        self
    }

    /// For how long a handler may run before it is rolled back with `timeout`. Default: 30 s.
    #[must_use]
    pub fn handler_timeout(mut self, limit: Duration) -> Self {
        self.limits.handler = limit;
        self
    }

    /// For how long an event or an `update` waits for its turn, before `timeout` or `Busy`. Default: 5 s.
    #[must_use]
    pub fn wait_limit(mut self, limit: Duration) -> Self {
        self.limits.wait = limit;
        self
    }

    /// For how long the store may take for one operation (of an event, up to 250 ms more). Default: 5 s.
    #[must_use]
    pub fn store_timeout(mut self, limit: Duration) -> Self {
        self.limits.store = limit;
        self
    }

    /// How many events of one session may wait, before `overloaded`. Default: 1,024.
    #[must_use]
    pub fn queue_limit(mut self, limit: usize) -> Self {
        self.limits.queue = limit;
        self
    }

    /// How many bytes of events of one session may wait, before `overloaded`. Default: 1 MiB.
    #[must_use]
    pub fn queue_bytes(mut self, limit: usize) -> Self {
        self.limits.queue_bytes = limit;
        self
    }

    /// How many bytes of events may wait in all, before `overloaded`. Default: 256 MiB.
    #[must_use]
    pub fn total_queue_bytes(mut self, limit: usize) -> Self {
        self.limits.total_bytes = limit;
        self
    }

    /// How large a session may become, as JSON, in bytes. Default: 1 MiB.
    #[must_use]
    pub fn max_session_bytes(mut self, limit: usize) -> Self {
        self.limits.session_bytes = limit;
        self
    }

    /// How many connections one session may have, before a handshake gets 429. Default: 100.
    #[must_use]
    pub fn connections_per_session(mut self, limit: usize) -> Self {
        self.sockets_per_session = limit;
        self
    }

    /// How many connections without a session there may be, before a handshake gets 429. Default: 10,000.
    #[must_use]
    pub fn anonymous_connections(mut self, limit: usize) -> Self {
        self.anonymous_connections = limit;
        self
    }

    /// How many sessions handshakes may create in a second ([`Handshake::Create`]), before they get 429. Default: 100.
    #[must_use]
    pub fn created_per_second(mut self, limit: u32) -> Self {
        self.created_per_second = limit;
        self
    }

    /// How often it is checked that the sessions of this node's connections still exist. Default: 5 minutes; a second at
    /// least, and `Duration::MAX` for hardly ever.
    ///
    /// What this library ends is announced to all nodes, and needs no check. This one finds what another program has
    /// deleted in the store, and what was announced while this node did not hear it (after an interruption it is checked at
    /// once). It asks for 500 sessions in one trip, so that 10,000 sessions with connections cost 20 trips, one after the
    /// other; without connections it asks nothing.
    #[must_use]
    pub fn check_every(mut self, pause: Duration) -> Self {
        self.check_every = pause;
        self
    }
}

impl<C: CookieController + Sync> Builder<C> {
    /// The sessions, for that Socket.IO.
    pub fn build<A: Adapter>(self, io: &SocketIo<A>) -> Sessions<A> {
        metering::describe();
        let core = Arc::new(Core {
            engine: Arc::new(Engine::new(self.store, self.limits)),
            config: Config {
                handshake: self.handshake,
                origins: Origins::new(self.origins),
                sockets_per_session: self.sockets_per_session,
                anonymous_connections: self.anonymous_connections,
                touch: self.touch,
                max_age: self.max_age,
            },
            connections: Connections::default(),
            cookies: Box::new(self.cookies),
            io: Box::new(io.clone()),
            admissions: Admissions::new(self.created_per_second),
            expiring: Expiring::default(),
            checking: Checking::new(self.check_every),
            rotated: Recent::default(),
            guarded: Guarded::default(),
            shutdown: Shutdown::default(),
            users: Users::new(self.sessions_per_user),
            lifetime: OnceLock::new(),
        });
        self.shared.open(&core);
        Sessions { core, io: io.clone() }
    }
}
