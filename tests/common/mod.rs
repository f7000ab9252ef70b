//! An application without a network, a browser that visits it, a Socket.IO client that polls it, and a store that can be
//! slow.
#![allow(dead_code, reason = "each file of tests uses its part")]
#![expect(clippy::unwrap_used, reason = "a test fails where its tools do")]

pub(crate) mod server;

use std::{
    collections::VecDeque,
    iter,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use axum::{
    Extension, RequestPartsExt as _, Router,
    body::{Body, to_bytes},
    extract::FromRequestParts,
    handler::Handler,
    http::{Request, StatusCode, header, request::Parts},
    routing::get,
};
use socket_session::{
    Builder, MemoryStore, Reached, Session, SessionError, Sessions, socket_session,
    store::{
        Acquired, Claim, Created, Deadline, Loaded, Member, Notice, Patch, Patched, Record, Retirement, SessionKey,
        Store, StoreError, Token, UserKey,
    },
};
use socketioxide::{SocketIo, layer::SocketIoLayer};
use tokio::time::{sleep, timeout};
use tower::ServiceExt as _;
use tower_sessions::{cookie::time::OffsetDateTime, session::Id};

/// A well-formed cookie of a session that never was.
pub(crate) const STALE: &str = "sid=AAAAAAAAAAAAAAAAAAAAAA";

#[socket_session]
pub(crate) struct Visit {
    pub(crate) authenticated: bool,
    pub(crate) count: u32,
}

/// Sessions that are not mounted yet, so that a test can add its namespaces.
pub(crate) struct Lab {
    pub(crate) store: SlowStore,
    pub(crate) sessions: Sessions,
    pub(crate) io: SocketIo,
    layer: SocketIoLayer,
}

impl Lab {
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub(crate) fn with(options: impl FnOnce(Builder) -> Builder) -> Self {
        let store = SlowStore::default();
        Self { store: store.clone(), ..Self::over(store, options) }
    }

    /// Over a store of the test's own, which this does not keep.
    pub(crate) fn over(store: impl Store, options: impl FnOnce(Builder) -> Builder) -> Self {
        let (layer, io) = SocketIo::new_layer();
        let builder = Sessions::builder(store).http(|cookies| cookies.with_name("sid").with_secure(false));
        let sessions = options(builder).build(&io);
        Self { store: SlowStore::default(), sessions, io, layer }
    }

    /// `/login` (which begins with a count of 1), `/count`, `/logout`, and what the test adds.
    pub(crate) fn app(self, added: Router) -> App {
        let router = added
            .route("/login", get(login))
            .route("/count", get(count))
            .route("/logout", get(logout))
            .layer(Extension(self.sessions.clone()))
            .layer(self.sessions.layer(self.layer));
        App { router, store: self.store, sessions: self.sessions }
    }
}

/// One route more.
pub(crate) fn at_x<H: Handler<T, ()>, T: 'static>(handler: H) -> Router {
    Router::new().route("/x", get(handler))
}

pub(crate) fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

async fn login(session: Session<Visit>) -> Result<(), SessionError> {
    session.update(|visit| (visit.authenticated, visit.count) = (true, 1)).await
}

async fn count(session: Session<Visit>) -> Result<String, SessionError> {
    Ok(session.get().await?.count.to_string())
}

async fn logout(session: Session<Visit>) -> Result<Reached, SessionError> {
    session.destroy().await
}

/// The session of a request, as everybody else has it: a job, another request, another node.
pub(crate) struct Elsewhere(pub(crate) Session<Visit>);

impl<S: Sync> FromRequestParts<S> for Elsewhere {
    type Rejection = SessionError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, SessionError> {
        let Extension(sessions) = parts.extract::<Extension<Sessions>>().await.map_err(|_| SessionError::NoLayer)?;
        let id = parts.extract::<Session<Visit>>().await?.id().ok_or(SessionError::NoSession)?;
        Ok(Self(sessions.session(id)))
    }
}

#[derive(Clone)]
pub(crate) struct App {
    pub(crate) router: Router,
    pub(crate) store: SlowStore,
    pub(crate) sessions: Sessions,
}

impl App {
    pub(crate) fn stranger(&self) -> Visitor {
        Visitor { app: self.clone(), cookie: None }
    }

    pub(crate) async fn visitor(&self) -> Visitor {
        let mut visitor = self.stranger();
        assert_eq!(visitor.get("/login").await.status, StatusCode::OK);
        visitor
    }
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: String,
    /// The session cookie that it sets, or removes.
    pub(crate) set_cookie: Option<String>,
}

/// A browser: it keeps its cookie.
#[derive(Clone)]
pub(crate) struct Visitor {
    pub(crate) app: App,
    pub(crate) cookie: Option<String>,
}

impl Visitor {
    pub(crate) async fn get(&mut self, uri: &str) -> Answer {
        self.request(Request::get(uri), "").await
    }

    async fn request(&mut self, mut request: axum::http::request::Builder, body: &str) -> Answer {
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        let request = request.header(header::HOST, "localhost").body(Body::from(body.to_owned())).unwrap();
        let response = self.app.router.clone().oneshot(request).await.unwrap();
        let set_cookie = response.headers().get(header::SET_COOKIE).map(|cookie| cookie.to_str().unwrap().to_owned());
        if let Some(cookie) = &set_cookie {
            let cookie = cookie.split(';').next().unwrap();
            // a removal has no value
            self.cookie = (cookie != "sid=").then(|| cookie.to_owned());
        }
        let status = response.status();
        let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        Answer { status, body: String::from_utf8(body.into()).unwrap(), set_cookie }
    }

    pub(crate) async fn count(&mut self) -> String {
        self.get("/count").await.body
    }

    /// What the cookie names.
    pub(crate) fn id(&self) -> Id {
        self.cookie.as_ref().unwrap().strip_prefix("sid=").unwrap().parse().unwrap()
    }

    /// The session, for a job.
    pub(crate) fn session(&self) -> Session<Visit> {
        self.app.sessions.session(self.id())
    }

    pub(crate) async fn handshake(&mut self) -> Answer {
        self.get("/socket.io/?EIO=4&transport=polling").await
    }

    /// A connection that has not joined a namespace yet.
    pub(crate) async fn open(&self) -> Client {
        let mut visitor = self.clone();
        let opened = visitor.handshake().await;
        assert_eq!(opened.status, StatusCode::OK);
        let packet: serde_json::Value = serde_json::from_str(opened.body.strip_prefix('0').unwrap()).unwrap();
        let uri = format!("/socket.io/?EIO=4&transport=polling&sid={}", packet["sid"].as_str().unwrap());
        Client { visitor, uri }
    }

    /// A socket in the namespace `/`, if the session is let in.
    pub(crate) async fn try_connect(&self) -> Option<Client> {
        let mut visitor = self.clone();
        let opened = visitor.handshake().await;
        let packet: serde_json::Value = serde_json::from_str(opened.body.strip_prefix('0')?).ok()?;
        let uri = format!("/socket.io/?EIO=4&transport=polling&sid={}", packet["sid"].as_str()?);
        let mut client = Client { visitor, uri };
        client.send("40").await;
        client.next().await.text().starts_with("40").then_some(client)
    }

    /// A socket in the namespace `/`.
    pub(crate) async fn connect(&self) -> Client {
        let mut client = self.open().await;
        client.send("40").await;
        let joined = client.next().await;
        assert!(joined.text().starts_with("40"), "{joined:?}");
        client
    }
}

/// A Socket.IO client on polling.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) visitor: Visitor,
    uri: String,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received {
    Packets(String),
    Nothing,
    /// The connection is no more.
    Closed,
}

impl Received {
    pub(crate) fn packets(text: &str) -> Self {
        Self::Packets(text.to_owned())
    }

    /// Told why it ends.
    pub(crate) fn ended(reason: &str) -> Self {
        Self::Packets(format!(r#"42["session_ended",{{"reason":"{reason}"}}]"#))
    }

    /// What arrived, if anything did.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Packets(text) => text,
            Self::Nothing | Self::Closed => "",
        }
    }
}

/// For how long a client waits for a packet.
const PATIENCE: Duration = Duration::from_secs(1);

impl Client {
    pub(crate) async fn send(&mut self, packet: &str) -> StatusCode {
        self.visitor.request(Request::post(&self.uri), packet).await.status
    }

    pub(crate) async fn next(&mut self) -> Received {
        loop {
            let poll = self.visitor.request(Request::get(&self.uri), "");
            match timeout(PATIENCE, poll).await {
                Ok(Answer { status: StatusCode::OK, body, .. }) if body == "2" => self.send("3").await,
                Ok(Answer { status: StatusCode::OK, body, .. }) => return Received::Packets(body),
                Ok(_) => return Received::Closed,
                Err(_) => return Received::Nothing,
            };
        }
    }

    /// The next packet that says something else than why the connection is about to end.
    pub(crate) async fn closing(&mut self) -> Received {
        let next = self.next().await;
        let packets = next.text().trim_start_matches("2\u{1e}");
        match packets.strip_prefix(r#"42["session_ended","#).map(|packets| packets.split_once('\u{1e}')) {
            None => next,
            Some(None) => self.next().await,
            Some(Some((_, rest))) => Received::packets(rest),
        }
    }

    /// What it hears, packet by packet, until it is disconnected, or for a minute.
    pub(crate) async fn parting(&mut self) -> Vec<String> {
        let mut heard: Vec<String> = Vec::new();
        for _ in 0..60 {
            let next = self.next().await;
            heard.extend(next.text().split('\u{1e}').filter(|packet| packet.len() > 1).map(str::to_owned));
            if next == Received::Closed || heard.last().is_some_and(|packet| packet == "41") {
                break;
            }
        }
        heard
    }

    /// Sends an event and waits for what comes: `430[…]` is its acknowledgement.
    pub(crate) async fn ask(&mut self, event: &str) -> Received {
        self.call(&format!("[\"{event}\"]")).await
    }

    /// The same with arguments: `["add",1]`.
    pub(crate) async fn call(&mut self, event: &str) -> Received {
        self.send(&format!("420{event}")).await;
        self.closing().await
    }
}

/// A delay in milliseconds, which can be changed while it is used.
#[derive(Clone, Default)]
pub(crate) struct Delay(Arc<AtomicU64>);

impl Delay {
    pub(crate) fn set(&self, millis: u64) {
        self.0.store(millis, SeqCst);
    }

    async fn pass(&self) {
        sleep(millis(self.0.load(SeqCst))).await;
    }
}

/// How often a store fails from now on, and how.
#[derive(Clone, Default)]
pub(crate) struct Failures(Arc<Mutex<VecDeque<Failure>>>);

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Nothing is done, and it says so.
    Refused,
    /// Nothing is done, and it does not say so.
    Lost,
    /// It is done, and it does not say so.
    Unanswered,
}

impl Failures {
    pub(crate) fn set(&self, failure: Failure, times: usize) {
        *self.0.lock().unwrap() = iter::repeat_n(failure, times).collect();
    }

    async fn pass<T>(&self, operation: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let failure = self.0.lock().unwrap().pop_front();
        match failure {
            None => operation.await,
            Some(Failure::Refused) => Err(StoreError::unavailable("refused")),
            Some(Failure::Lost) => Err(StoreError::unanswered("lost")),
            Some(Failure::Unanswered) => operation.await.and(Err(StoreError::unanswered("no answer"))),
        }
    }
}

/// `MemoryStore`, whose answers may take their time, or fail, and which counts what it is asked.
#[derive(Clone, Default)]
pub(crate) struct SlowStore {
    inner: MemoryStore,
    pub(crate) loading: Failures,
    pub(crate) patching: Failures,
    pub(crate) retiring: Failures,
    pub(crate) announced: Arc<Mutex<Vec<Notice>>>,
    /// How many seconds its clock is ahead: sessions live by the real one, whatever time the tests pretend.
    pub(crate) ahead: Arc<AtomicU64>,
    pub(crate) after_load: Delay,
    pub(crate) after_delete: Delay,
    pub(crate) after_create: Delay,
    pub(crate) creates: Arc<AtomicUsize>,
    pub(crate) touches: Arc<AtomicUsize>,
    pub(crate) loads: Arc<AtomicUsize>,
}

impl SlowStore {
    /// How many sessions there are.
    pub(crate) fn len(&self) -> usize {
        self.inner.len()
    }

    fn clock(&self, now: OffsetDateTime) -> OffsetDateTime {
        now + Duration::from_secs(self.ahead.load(SeqCst))
    }
}

impl Store for SlowStore {
    const LEASES: bool = MemoryStore::LEASES;

    async fn create(&self, key: &SessionKey, record: Record, now: OffsetDateTime) -> Result<Created, StoreError> {
        self.creates.fetch_add(1, SeqCst);
        let created = self.inner.create(key, record, self.clock(now)).await;
        self.after_create.pass().await;
        created
    }

    async fn load(&self, key: &SessionKey, now: OffsetDateTime) -> Result<Loaded, StoreError> {
        self.loads.fetch_add(1, SeqCst);
        let loaded = self.loading.pass(self.inner.load(key, self.clock(now))).await;
        self.after_load.pass().await;
        loaded
    }

    async fn acquire(&self, key: &SessionKey, claim: &Claim, now: OffsetDateTime) -> Result<Acquired, StoreError> {
        self.inner.acquire(key, claim, now).await
    }

    async fn patch(&self, key: &SessionKey, patch: &Patch, now: OffsetDateTime) -> Result<Patched, StoreError> {
        self.patching.pass(self.inner.patch(key, patch, now)).await
    }

    async fn release(&self, key: &SessionKey, token: Token) -> Result<(), StoreError> {
        self.inner.release(key, token).await
    }

    async fn touch(&self, key: &SessionKey, deadline: Deadline, now: OffsetDateTime) -> Result<bool, StoreError> {
        self.touches.fetch_add(1, SeqCst);
        self.inner.touch(key, deadline, now).await
    }

    async fn delete(&self, key: &SessionKey, now: OffsetDateTime) -> Result<bool, StoreError> {
        let deleted = self.inner.delete(key, now).await;
        self.after_delete.pass().await;
        deleted
    }

    async fn retire(
        &self,
        key: &SessionKey,
        retirement: &Retirement,
        now: OffsetDateTime,
    ) -> Result<Patched, StoreError> {
        let retired = self.retiring.pass(self.inner.retire(key, retirement, now)).await;
        self.after_delete.pass().await;
        retired
    }

    async fn exists(&self, keys: &[SessionKey], now: OffsetDateTime) -> Result<Vec<bool>, StoreError> {
        self.inner.exists(keys, now).await
    }

    async fn join(&self, user: &UserKey, key: &SessionKey) -> Result<(), StoreError> {
        self.inner.join(user, key).await
    }

    async fn leave(&self, user: &UserKey, keys: &[SessionKey]) -> Result<(), StoreError> {
        self.inner.leave(user, keys).await
    }

    async fn members(&self, user: &UserKey) -> Result<Vec<Member>, StoreError> {
        self.inner.members(user).await
    }

    async fn end_user(&self, user: &UserKey) -> Result<(), StoreError> {
        self.inner.end_user(user).await
    }

    async fn user_ended(&self, user: &UserKey) -> Result<Option<Duration>, StoreError> {
        self.inner.user_ended(user).await
    }

    async fn announce(&self, notice: &Notice) -> Result<(), StoreError> {
        self.announced.lock().unwrap().push(*notice);
        self.inner.announce(notice).await
    }
}
