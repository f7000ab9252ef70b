//! A page that shows what is going on here, and can end sessions (feature `inspector`).
//!
//! It shows no id and no stored value: a session is its hash. Who may see it is decided by whoever mounts it.

use std::{str::FromStr, sync::Arc};

use axum::{
    Json, Router,
    extract::{Query, Request, State},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, HeaderName, StatusCode, Uri, header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use socketioxide::adapter::Adapter;

use crate::{
    about::About, clock, connection::Close, core::Core, error::SessionError, handshake::Origins, metering::counts,
    reached::Reached, record::SessionKey, sessions::Sessions, store::Ending,
};

/// How many sessions are shown at once: each costs a trip to the store.
const SHOWN: usize = 100;
/// How many of these trips are under way together.
const TOGETHER: usize = 16;

const PAGE: &str = include_str!("page.html");

/// Nothing from elsewhere, and in nobody's frame.
const HEADERS: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; connect-src 'self'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
];

impl<A: Adapter> Sessions<A> {
    /// A page for those who operate the server: what this node does, its sessions that have connections, their sockets and
    /// what waits for them; with buttons that disconnect the sockets of a session or destroy it, on all nodes.
    /// (Feature `inspector`.)
    ///
    /// **It has no guard of its own: whoever can reach it can end everybody's session.** Mount it behind the
    /// authentication of your administrators, never on a router that is open to all. What it does have is a check against
    /// other sites: its POSTs refuse a foreign `Origin`, and whatever a browser does not call `same-origin`.
    ///
    /// ```
    /// use axum::{Router, extract::Request, http::{StatusCode, header}, middleware::{Next, from_fn}, response::Response};
    /// use socket_session::{MemoryStore, Sessions};
    /// use socketioxide::SocketIo;
    ///
    /// /// Yours: as strict as what it guards is dangerous.
    /// async fn only_admins(request: Request, next: Next) -> Result<Response, StatusCode> {
    ///     let is_admin = request.headers().get(header::AUTHORIZATION).is_some_and(|shown| shown == "Bearer of our secret");
    ///     if is_admin { Ok(next.run(request).await) } else { Err(StatusCode::FORBIDDEN) }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let (io_layer, io) = SocketIo::new_layer();
    /// let sessions = Sessions::builder(MemoryStore::default()).build(&io);
    /// let admin = Router::new()
    ///     .nest("/admin/sessions", sessions.inspector())
    ///     .layer(from_fn(only_admins));
    /// let app: Router = admin.merge(Router::new().layer(sessions.layer(io_layer)));
    /// # let _ = app;
    /// # }
    /// ```
    ///
    /// What the page shows is at `…/data` as JSON. Ids and stored values are not in it: a session is the SHA-256 of its id,
    /// by whose first 16 digits the log names it too. 100 sessions are shown; `?find=` and the first digits of a hash find
    /// others. Counts are of the process, since it began.
    pub fn inspector<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        Router::new()
            .route("/", get(page))
            .route("/data", get(data))
            .route("/disconnect", post(disconnect))
            .route("/destroy", post(destroy))
            .layer(from_fn(guarded))
            .with_state(Arc::clone(self.core()))
    }
}

/// No page of another site may do anything here.
async fn guarded(request: Request, next: Next) -> Response {
    if !request.method().is_safe() && !is_own(request.headers(), request.uri()) {
        tracing::warn!("a request of a foreign page to the inspector was refused");
        return (StatusCode::FORBIDDEN, HEADERS, "this is for the inspector's own page").into_response();
    }
    (HEADERS, next.run(request).await).into_response()
}

fn is_own(headers: &HeaderMap, uri: &Uri) -> bool {
    // who may connect with sockets from elsewhere may not do this
    let origin = Origins::default().check(headers, uri).is_ok();
    origin && headers.get("sec-fetch-site").is_none_or(|site| site == "same-origin")
}

async fn page() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], PAGE)
}

#[derive(Deserialize)]
struct Wanted {
    /// The first digits of a session's hash.
    #[serde(default)]
    find: String,
}

async fn data(State(core): State<Arc<Core>>, Query(Wanted { find }): Query<Wanted>) -> Json<Value> {
    let mut keys = core.connections.sessions();
    let sessions = keys.len();
    let find = find.to_ascii_lowercase();
    keys.retain(|key| Hash(*key).to_string().starts_with(&find));
    let found = keys.len();
    keys.truncate(SHOWN);
    // owned, so that nothing is borrowed across the trips
    let shown = stream::iter(keys.into_iter().map(|key| seen(Arc::clone(&core), key)));
    let shown: Vec<Seen> = shown.buffered(TOGETHER).collect().await;
    let all = core.connections.all();
    let sockets: usize = all.iter().map(|connection| connection.sockets()).sum();
    Json(json!({
        "node": { "connections": all.len(), "sockets": sockets, "sessions": sessions },
        "counts": counts::seen(),
        "found": found,
        "sessions": shown,
    }))
}

/// A session of this node.
#[derive(Serialize)]
struct Seen {
    /// As the log names it.
    key: String,
    /// By which it is ended.
    hash: String,
    /// Since when it exists, where that is noted: with `max_age`, and where sessions have users.
    age: Option<i64>,
    /// Since when it has had a connection, in seconds.
    connected: Option<u64>,
    /// In how many seconds it ends, if the store has it.
    ends_in: Option<i64>,
    /// What the store says of it.
    state: &'static str,
    /// How many events and transactions wait for their turn.
    waiting: usize,
    sockets: Vec<Socket>,
}

/// A connected socket.
#[derive(Debug, Serialize)]
pub(crate) struct Socket {
    pub(crate) namespace: String,
    pub(crate) transport: &'static str,
}

async fn seen(core: Arc<Core>, key: SessionKey) -> Seen {
    let loaded = core.load(&key).await;
    let now = clock::now();
    let (state, record) = match loaded {
        Ok(Some(record)) => ("live", Some(record)),
        Ok(None) => ("gone", None),
        Err(_) => ("unknown", None),
    };
    let created = record.as_ref().and_then(|record| About::of(&record.fields).created());
    Seen {
        key: key.to_string(),
        hash: Hash(key).to_string(),
        age: created.map(|created| (now - created).whole_seconds()),
        connected: core.connections.of(&key).iter().map(|connection| connection.opened.elapsed().as_secs()).max(),
        ends_in: record.map(|record| (record.deadline - now).whole_seconds()),
        state,
        waiting: core.engine.waiting(&key),
        sockets: core.connections.seats(&key).iter().filter_map(|seat| seat.seen()).collect(),
    }
}

/// All of a session's hash, in hexadecimal digits.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
struct Hash(SessionKey);

impl std::fmt::Display for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        data_encoding::HEXLOWER.encode_display(self.0.as_bytes()).fmt(f)
    }
}

impl TryFrom<String> for Hash {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl FromStr for Hash {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).ok();
        let hash: Option<[u8; 32]> = bytes.and_then(|bytes| bytes.try_into().ok());
        hash.map(|hash| Self(hash.into())).ok_or("a session is the 64 hexadecimal digits of its hash")
    }
}

#[derive(Deserialize)]
struct Destroy {
    session: Hash,
}

async fn destroy(
    State(core): State<Arc<Core>>,
    Json(Destroy { session: Hash(key) }): Json<Destroy>,
) -> Result<Response, SessionError> {
    let (existed, reached) = core.destroy(key, None, Ending::Destroyed).await?;
    tracing::info!(session = %key, existed, "a session was destroyed in the inspector");
    Ok(told(reached))
}

#[derive(Deserialize)]
struct Disconnect {
    session: Hash,
    how: How,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum How {
    Reconnect,
    Final,
}

async fn disconnect(
    State(core): State<Arc<Core>>,
    Json(Disconnect { session: Hash(key), how }): Json<Disconnect>,
) -> Response {
    let close = match how {
        How::Reconnect => Close::Reconnect,
        How::Final => Close::Final,
    };
    let reached = core.disconnect(key, close, None).await;
    tracing::info!(session = %key, ?close, "the sockets of a session were disconnected in the inspector");
    told(reached)
}

fn told(Reached { sockets, everywhere }: Reached) -> Response {
    Json(json!({ "sockets": sockets, "everywhere": everywhere })).into_response()
}
