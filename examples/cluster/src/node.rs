//! One node: what differs from a program that runs once is the adapter and the store, both in Redis.

#![expect(clippy::unused_async, reason = "event handlers are async, whatever they do")]

use std::{
    future::ready,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use axum::{
    Json, Router,
    http::{HeaderValue, StatusCode},
    middleware::map_response,
    response::{Html, Response},
    routing::{get, post},
};
use clap::Args;
use serde::Serialize;
use socket_session::{Session, SessionError, Sessions, on, on_connect, socket_session};
use socket_session_redis::RedisStore;
use socketioxide::{
    SocketIo,
    adapter::Adapter,
    extract::{SocketRef, State},
};
use socketioxide_redis::{RedisAdapter, RedisAdapterCtr, drivers::redis::redis_client};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tracing_subscriber::EnvFilter;

use crate::{Result, client};

/// For how long handlers may go on when the node is told to end.
const GRACE: Duration = Duration::from_secs(10);

/// One node alone
#[derive(Args)]
pub(crate) struct Options {
    /// Where it listens; with port 0 a free one is taken
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: String,
    /// What it calls itself
    #[arg(long)]
    name: String,
    /// The Redis that all nodes share, as `redis://host:port/`
    #[arg(long, value_name = "URL")]
    redis: String,
}

/// What each node says of itself.
#[derive(Clone)]
struct Name(String);

#[socket_session]
#[derive(Serialize)]
struct Visit {
    authenticated: bool,
    count: u32,
}

/// Generic over the adapter, because of the `SocketRef`.
#[on_connect]
async fn connected<A: Adapter>(visit: &Visit, socket: SocketRef<A>, State(Name(name)): State<Name>) {
    // A client that is gone by now needs neither.
    drop(socket.emit("node", &name));
    drop(socket.emit("current count", &visit.count));
}

#[on("my event")]
async fn my_event(visit: &mut Visit) -> Result<u32, &'static str> {
    visit.count = visit.count.checked_add(1).ok_or("the count is full")?;
    Ok(visit.count)
}

async fn session(session: Session<Visit>) -> Result<Json<Visit>, SessionError> {
    Ok(Json(session.get().await?))
}

async fn login(session: Session<Visit>) -> Result<StatusCode, SessionError> {
    session.rotate_with(|visit| visit.authenticated = true).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The emit reaches the session's sockets on every node.
async fn incr(session: Session<Visit>) -> Result<String, SessionError> {
    let count = session
        .update(|visit| {
            visit.count = visit.count.saturating_add(1);
            visit.count
        })
        .await?;
    session.emit("current count", &count).await?;
    Ok(count.to_string())
}

/// And so does the end.
async fn logout(session: Session<Visit>) -> Result<StatusCode, SessionError> {
    session.destroy().await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn serve(options: Options) -> Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();

    let redis = redis_client::Client::open(format!("{}?protocol=resp3", options.redis))?;
    let adapter = RedisAdapterCtr::new_with_redis(&redis).await?;
    let (io_layer, io) = SocketIo::builder()
        .with_state(Name(options.name.clone()))
        .with_adapter::<RedisAdapter<_>>(adapter)
        .build_layer();

    let sessions = Sessions::builder(RedisStore::connect(options.redis.as_str()).await?)
        // not only over https, so that it works on http://localhost in every browser
        .http(|cookies| cookies.with_name("sid").with_secure(false))
        .build(&io);

    // With this adapter a namespace has to be awaited: it subscribes.
    io.ns(
        "/",
        sessions
            .namespace()
            .guard("unauthorized", |visit: &Visit| visit.authenticated)
            .on_connect::<connected>()
            .on::<my_event>(),
    )
    .await?;

    let name = HeaderValue::from_str(&options.name)?;
    let routes = Router::new()
        .route("/", get(Html(include_str!("../../guide/src/page.html"))))
        .route("/session", get(session))
        .route("/login", post(login))
        .route("/incr", post(incr))
        .route("/logout", post(logout))
        .layer(sessions.layer(io_layer));
    // Outside of the sessions: the proxy asks often, and it is not to be told what Redis thinks. If that is down,
    // another node is no better.
    let ending = Arc::new(AtomicBool::new(false));
    let health = {
        let ending = Arc::clone(&ending);
        move || ready(if ending.load(Relaxed) { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::NO_CONTENT })
    };
    let app = client::serve(routes.route("/health", get(health))).layer(map_response(move |mut response: Response| {
        response.headers_mut().insert("x-node", name.clone());
        ready(response)
    }));

    let listener = TcpListener::bind(&options.listen).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let mut terminate = signal(SignalKind::terminate())?;
    axum::serve(listener, app)
        .with_graceful_shutdown(async move {
            terminate.recv().await;
            // The proxy sends nobody here any more; who is here is sent elsewhere.
            ending.store(true, Relaxed);
            sessions.shutdown(GRACE).await;
        })
        .await?;
    Ok(())
}
