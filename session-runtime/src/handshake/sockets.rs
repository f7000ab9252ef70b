//! A Socket.IO request: who may send it, to which connection and so to which session it belongs, and how its
//! transport is opened and closed.

use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use bytes::{Buf as _, Bytes};
use engineioxide::{ProtocolVersion, TransportType, config::EngineIoConfig};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Empty, Full, combinators::UnsyncBoxBody};
use hyper_util::rt::TokioIo;
use socketioxide::{SocketIo, adapter::Adapter, layer::SocketIoLayer, service::SocketIoService, socket::Sid};
use time::OffsetDateTime;
use tower_layer::Layer as _;
use tower_service::Service;

use super::{
    Handshake,
    admission::UNCONFIRMED,
    body::{Body, answer},
    query::{Asked, Unclear},
    transport::{Closable, FLUSH},
    upgrade::Upgrade,
};
use crate::{
    about::Life,
    connection::Connection,
    cookies,
    core::Core,
    record::{Fields, Id, Record},
    requests::RequestScope,
    store::Loaded,
};

pub(super) type RequestBody = UnsyncBoxBody<Bytes, ReadError>;
type Engine<A> = SocketIoService<Nobody, A>;

/// A request's body could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the request's body could not be read")]
pub(super) struct ReadError;

/// Numbers the engines, to find out when requests of one connection meet different ones.
static ENGINES: AtomicUsize = AtomicUsize::new(0);

/// One Engine.IO, whichever routes lead to it. (socketioxide's own layer makes a new one each time it is applied, and
/// axum applies a layer for each route and method.)
pub(super) struct Sockets<A: Adapter> {
    core: Arc<Core>,
    config: EngineIoConfig,
    engine: Engine<A>,
    number: usize,
}

/// What the cookie of a request shows: an id, and until when its session lives, if it does.
#[derive(Clone, Copy)]
enum Shown {
    Id { id: Option<Id>, lives: Option<(OffsetDateTime, Life)> },
    Refused(StatusCode, &'static str),
}

impl<A: Adapter> Sockets<A> {
    pub(super) fn new(core: Arc<Core>, io: &SocketIo<A>, layer: &SocketIoLayer<A>) -> Self {
        Self {
            core,
            config: io.config().engine_config.clone(),
            engine: layer.layer(Nobody),
            number: ENGINES.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// Whether a request is one of Socket.IO's.
    pub(super) fn claims<B>(&self, request: &Request<B>) -> bool {
        super::query::is_below(request.uri().path(), &self.config.req_path)
    }

    pub(super) async fn call<B, R>(&self, request: Request<B>) -> Response<Body<R>>
    where
        B: http_body::Body + Send + 'static,
        B::Data: Send,
    {
        let (parts, body) = request.into_parts();
        if parts.extensions.get::<Arc<RequestScope>>().is_some() {
            tracing::error!(
                "`sessions.sockets(…)` stands outside of `sessions.requests()` and `sessions.cookies()`: in axum, its \
                 `.layer(…)` comes after theirs"
            );
            return answer(StatusCode::INTERNAL_SERVER_ERROR, "");
        }
        let asked = match Asked::parse(&parts.method, &parts.uri, &self.config) {
            Ok(asked) => asked,
            Err(unclear) => return answer(StatusCode::BAD_REQUEST, unclear.body()),
        };
        if let Err(foreign) = self.core.config.origins.check(&parts.headers, &parts.uri) {
            tracing::warn!(
                origin = %foreign.origin,
                hosts = ?foreign.hosts,
                "a Socket.IO request of a foreign page was refused; if the page is yours, name it in `.origins(…)`"
            );
            return answer(StatusCode::FORBIDDEN, r#"{"code":4,"message":"Forbidden"}"#);
        }
        let socket = match asked.transport {
            TransportType::Websocket => match Upgrade::of(&parts) {
                Some(upgrade) => Some(upgrade),
                None => return answer(StatusCode::BAD_REQUEST, Unclear::Mismatch.body()),
            },
            TransportType::Polling => None,
        };
        let body = body.map_frame(|frame| frame.map_data(|mut data| data.copy_to_bytes(data.remaining())));
        let request = Request::from_parts(parts, body.map_err(|_| ReadError).boxed_unsync());
        match asked.sid {
            None => self.open(asked, request, socket).await,
            Some(sid) => self.follow(sid, request, socket).await,
        }
    }

    /// A handshake.
    async fn open<R>(
        &self,
        asked: Asked,
        mut request: Request<RequestBody>,
        upgrade: Option<Upgrade>,
    ) -> Response<Body<R>> {
        if self.core.shutdown.has_begun() {
            return answer(StatusCode::SERVICE_UNAVAILABLE, "the node is shutting down");
        }
        // announced before it looks for the session: one that is destroyed meanwhile tells it so
        let (named, _) = self.shown(request.headers(), false).await;
        let arrival = match named {
            Shown::Id { id: Some(id), .. } => Some(self.core.connections.arrive(id.key())),
            _ => None,
        };
        let (shown, cookies) = self.shown(request.headers(), true).await;
        let (id, lives) = match shown {
            Shown::Id { id, lives } => (id, lives),
            Shown::Refused(status, body) => return answer(status, body),
        };
        let config = &self.core.config;
        let (alive, admissions) = (lives.is_some(), &self.core.admissions);
        let anonymous = if alive { None } else { admissions.anonymous(config.anonymous_connections) };
        if !alive && anonymous.is_none() {
            return answer(StatusCode::TOO_MANY_REQUESTS, "too many connections without a session");
        }
        let key = id.filter(|_| alive).map(|id| id.key());
        if key.is_some_and(|key| self.core.connections.count(&key) >= config.sockets_per_session) {
            return answer(StatusCode::TOO_MANY_REQUESTS, "too many connections of this session");
        }
        let life = lives.map(|(_, life)| life);
        let connection = Connection::new(Arc::clone(&self.core), id, life, self.number, anonymous);
        if let (Some(key), Some((deadline, _))) = (key, lives) {
            self.core.expiring.watch(&self.core, key, deadline);
            self.core.checking.begin(&self.core);
        }
        if arrival.is_some_and(|arrival| arrival.has_ended()) {
            return answer(StatusCode::SERVICE_UNAVAILABLE, "the session has just ended");
        }
        request.extensions_mut().insert(Arc::clone(&connection));
        let mut response = match upgrade {
            Some(upgrade) => self.upgrade(&connection, request, upgrade),
            None => self.open_polling(asked, &connection, request).await,
        };
        for cookie in cookies.get_all(header::SET_COOKIE) {
            response.headers_mut().append(header::SET_COOKIE, cookie.clone());
        }
        response
    }

    async fn open_polling<R>(
        &self,
        asked: Asked,
        connection: &Arc<Connection>,
        request: Request<RequestBody>,
    ) -> Response<Body<R>> {
        let (parts, body) = self.engine(request).await.into_parts();
        let body = body.collect().await.unwrap_or_else(|never| match never {}).to_bytes();
        // Engine.IO names the connection in its open packet, and nowhere else
        if let Some(sid) = opened(&body) {
            let engine = self.engine.clone();
            let path = self.config.req_path.to_string();
            connection.open(sid, Box::new(move || end(engine.clone(), &path, asked.protocol, sid)));
        } else {
            tracing::error!("Engine.IO's open packet names no connection: its later requests will be refused");
        }
        Response::from_parts(parts, Body::text(body))
    }

    /// A later request of a connection: it must show what the handshake showed.
    async fn follow<R>(&self, sid: Sid, request: Request<RequestBody>, upgrade: Option<Upgrade>) -> Response<Body<R>> {
        let unknown = || answer(StatusCode::BAD_REQUEST, Unclear::Sid.body());
        let Some(connection) = self.core.connections.by_sid(sid) else {
            return unknown();
        };
        if connection.engine != self.number {
            tracing::error!(
                "requests of one Socket.IO connection meet different engines: call `sessions.layer(…)` once, and apply \
                 that one layer (or a clone of it) to the whole router; a call for each route or method makes an engine \
                 for each"
            );
            return unknown();
        }
        let (shown, _) = self.shown(request.headers(), false).await;
        if !matches!(shown, Shown::Id { id, .. } if id == connection.shown) {
            tracing::debug!(?connection, "a request shows another session cookie than its connection's handshake did");
            return unknown();
        }
        if let Some(upgrade) = upgrade {
            return self.upgrade(&connection, request, upgrade);
        }
        let hangup = connection.hangup().heard();
        let late = async {
            hangup.await;
            tokio::time::sleep(FLUSH).await;
        };
        let poll = (request.method() == Method::GET).then(|| request.uri().clone());
        tokio::select! {
            biased;
            response = self.engine(request) => match poll.filter(|_| connection.has_ended()) {
                Some(poll) => self.with_the_rest(poll, response).await,
                None => response.map(Body::socket),
            },
            () = late => {
                connection.end_polling();
                unknown()
            }
        }
    }

    pub(super) async fn engine(&self, request: Request<RequestBody>) -> Response<EngineBody> {
        let mut engine = self.engine.clone();
        Service::<Request<RequestBody>>::call(&mut engine, request).await.unwrap_or_else(|never| match never {})
    }

    /// Opens a WebSocket on a stream that can be ended.
    fn upgrade<R>(
        &self,
        connection: &Arc<Connection>,
        mut request: Request<RequestBody>,
        upgrade: Upgrade,
    ) -> Response<Body<R>> {
        let upgraded = hyper::upgrade::on(&mut request);
        request.extensions_mut().remove::<hyper::upgrade::OnUpgrade>();
        let request = request.map(drop);
        let (mut engine, hangup) = (self.engine.clone(), connection.hangup().clone());
        tokio::spawn(async move {
            match upgraded.await {
                Ok(stream) => {
                    let stream = Closable::new(TokioIo::new(stream), hangup);
                    if let Err(error) = Service::<(_, Request<()>)>::call(&mut engine, (stream, request)).await {
                        tracing::debug!(%error, "Engine.IO refused a WebSocket");
                    }
                }
                Err(error) => tracing::debug!(%error, "a WebSocket was not opened"),
            }
        });
        let mut response = Response::new(Body::text(Bytes::new()));
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, upgrade.accept);
        response
    }

    /// Reads the session cookie; at a handshake, also looks whether the session lives, or creates one.
    async fn shown(&self, headers: &HeaderMap, opens: bool) -> (Shown, HeaderMap) {
        let scope = RequestScope::new(&self.core);
        let closing = scope.closing();
        let shown = Arc::new(Mutex::new(Shown::Refused(StatusCode::INTERNAL_SERVER_ERROR, "")));
        let hook = {
            let (core, scope, shown) = (Arc::clone(&self.core), Arc::clone(&scope), Arc::clone(&shown));
            move |extensions: http::Extensions| {
                Box::pin(async move {
                    let Some(session) = extensions.get::<tower_sessions::Session>() else {
                        return StatusCode::INTERNAL_SERVER_ERROR;
                    };
                    let _ = scope.begin(session.clone());
                    let found = if opens {
                        at_handshake(&core, &scope).await
                    } else {
                        scope.shows_its_cookie();
                        Shown::Id { id: scope.id(), lives: None }
                    };
                    *shown.lock().unwrap_or_else(PoisonError::into_inner) = found;
                    // after an error the manager saves nothing, whatever its options: only a session that was made
                    // here has a cookie to send
                    if scope.has_made_one() { StatusCode::OK } else { StatusCode::INTERNAL_SERVER_ERROR }
                }) as crate::core::BoxFuture<'static, StatusCode>
            }
        };
        let managed = scope.run(self.core.cookies.run(cookies::of(headers), Box::new(hook))).await;
        drop(closing);
        let shown = *shown.lock().unwrap_or_else(PoisonError::into_inner);
        let cookies = if managed.status == StatusCode::OK && opens { managed.headers } else { HeaderMap::new() };
        (shown, cookies)
    }
}

async fn at_handshake(core: &Arc<Core>, scope: &Arc<RequestScope>) -> Shown {
    const JUST_ROTATED: Shown = Shown::Refused(StatusCode::SERVICE_UNAVAILABLE, "the session has just got a new id");
    const DOWN: Shown = Shown::Refused(StatusCode::SERVICE_UNAVAILABLE, "the session store is unavailable");
    let id = scope.id();
    if let Some(id) = id {
        match core.look(&id.key()).await {
            Ok(Loaded::Live(record)) => {
                if record.unconfirmed {
                    core.confirm(id.key(), scope.deadline());
                }
                scope.learn(&record);
                return Shown::Id { id: Some(id), lives: Some((record.deadline, scope.life())) };
            }
            // the client has the new cookie, or is about to have it: it comes back
            Ok(Loaded::Rotated) => return JUST_ROTATED,
            Ok(Loaded::Gone) => {}
            Err(error) => {
                tracing::warn!(%error, "a Socket.IO handshake was refused, for the session store failed");
                return DOWN;
            }
        }
    }
    if core.config.handshake == Handshake::Existing {
        return Shown::Id { id, lives: None };
    }
    if !core.admissions.may_create() {
        return Shown::Refused(StatusCode::TOO_MANY_REQUESTS, "too many new sessions");
    }
    let deadline = crate::clock::now() + UNCONFIRMED;
    let record = Record { fields: Fields::default(), deadline, unconfirmed: true, latest: None };
    match core.create(record, None, scope.since()).await {
        Ok(id) => {
            core.admissions.unconfirmed(id.key());
            // with the cookie's own lifetime: it outlives the first minute if it comes back
            match scope.adopt(id, Fields::default(), scope.deadline()).await {
                Ok(true) => Shown::Id { id: Some(id), lives: Some((deadline, scope.life())) },
                Ok(false) | Err(_) => DOWN,
            }
        }
        Err(error) => {
            tracing::warn!(%error, "a Socket.IO handshake could not create a session");
            DOWN
        }
    }
}

/// The connection that an open packet names: `0{"sid":"…",…}`, with its length before it in protocol 3.
fn opened(body: &[u8]) -> Option<Sid> {
    #[derive(serde::Deserialize)]
    struct Open {
        sid: String,
    }
    let start = body.iter().position(|byte| *byte == b'{')?;
    serde_json::from_slice::<Open>(body.get(start..)?).ok()?.sid.parse().ok()
}

/// Ends a polling connection, as its client would: with a close packet.
fn end<A: Adapter>(mut engine: Engine<A>, path: &str, protocol: ProtocolVersion, sid: Sid) {
    let (version, packet) = match protocol {
        ProtocolVersion::V3 => (3, "1:1"),
        ProtocolVersion::V4 => (4, "1"),
    };
    let uri = format!("{path}?EIO={version}&transport=polling&sid={sid}");
    let body = Full::new(Bytes::from_static(packet.as_bytes())).map_err(|never: Infallible| match never {});
    if let Ok(request) = Request::post(uri).body(body.boxed_unsync()) {
        tokio::spawn(async move {
            let _ = Service::<Request<RequestBody>>::call(&mut engine, request).await;
        });
    }
}

/// Stands behind Socket.IO: all that is not Socket.IO's goes to the application without it.
#[derive(Clone, Debug)]
pub(super) struct Nobody;

pub(super) type EngineBody =
    <<Engine<socketioxide::adapter::LocalAdapter> as Service<Request<RequestBody>>>::Response as Inner>::Body;

pub(super) trait Inner {
    type Body;
}

impl<B> Inner for Response<B> {
    type Body = B;
}

impl Service<Request<RequestBody>> for Nobody {
    type Response = Response<Empty<Bytes>>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<RequestBody>) -> Self::Future {
        let mut response = Response::new(Empty::new());
        *response.status_mut() = StatusCode::NOT_FOUND;
        std::future::ready(Ok(response))
    }
}
