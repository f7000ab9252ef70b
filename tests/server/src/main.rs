//! The server that tests/js talks to: one handler for each thing that can go wrong, and switches for the rest.

mod app;
mod events;
mod http;
mod store;
mod views;

use std::{error::Error, net::SocketAddr, time::Duration};

use axum::{Router, routing::get};
use clap::{Parser, ValueEnum};
use socket_session::{Expiry, Handshake, MemoryStore, Sessions, Touch};
use socketioxide::{SocketIo, layer::SocketIoLayer};
use tower_sessions::cookie::{Key, time};

use crate::{
    app::App,
    events::{failing, guarded, handles, hooks, plain},
    store::Flaky,
    views::Visit,
};

#[derive(Parser)]
struct Options {
    #[arg(long)]
    listen: SocketAddr,
    #[arg(long, value_name = "MS")]
    wait_limit: Option<u64>,
    #[arg(long, value_name = "MS")]
    handler_timeout: Option<u64>,
    #[arg(long, value_name = "EVENTS")]
    queue_limit: Option<usize>,
    #[arg(long, value_name = "CONNECTIONS")]
    connections_per_session: Option<usize>,
    #[arg(long, value_name = "SESSIONS")]
    created_per_second: Option<u32>,
    /// For how long a session lives that is not used
    #[arg(long, value_name = "MS")]
    ttl: Option<i64>,
    /// Events keep a session alive, but not more often than that
    #[arg(long, value_name = "MS")]
    touch_every: Option<u64>,
    /// Sockets may open a session too
    #[arg(long)]
    create: bool,
    /// An origin that is let in besides the server's own
    #[arg(long)]
    origin: Vec<String>,
    #[arg(long, value_enum, default_value = "plain")]
    cookies: Cookies,
    #[arg(long, value_enum, default_value = "router")]
    mount: Mount,
}

#[derive(Clone, Copy, ValueEnum)]
enum Cookies {
    Plain,
    Signed,
    Private,
}

/// Where the layer is.
#[derive(Clone, Copy, ValueEnum)]
enum Mount {
    /// Over the router, where it belongs.
    Router,
    /// Over one route: axum applies it to each of the route's methods.
    Route,
    /// Two layers of one `Sessions`, one for GET and one for POST.
    Split,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let options = Options::parse();
    let app = App::default();
    let (io_layer, io) = SocketIo::builder().with_state(app.clone()).build_layer();
    let sessions = sessions(&options, &app, &io);
    app.set_sessions(sessions.clone());
    namespaces(&io, &sessions);

    // open to all, for only the tests are here
    let router = http::routes(app).nest("/inspector", sessions.inspector());
    let router = match options.mount {
        Mount::Router => router.layer(sessions.layer(io_layer)),
        Mount::Route => over_one_route(router, &sessions, io_layer),
        Mount::Split => over_two_methods(router, &sessions, &io_layer),
    };
    let listener = tokio::net::TcpListener::bind(options.listen).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, router).await?;
    Ok(())
}

fn sessions(options: &Options, app: &App, io: &SocketIo) -> Sessions {
    let store = Flaky { memory: MemoryStore::default(), switches: app.switches().clone() };
    let mut builder = Sessions::builder(store)
        .handshake(if options.create { Handshake::Create } else { Handshake::Existing })
        .origins(options.origin.clone());
    if let Some(ttl) = options.ttl {
        builder = builder.expiry(Expiry::OnInactivity(time::Duration::milliseconds(ttl)));
    }
    if let Some(pause) = options.touch_every {
        builder = builder.touch(Touch::OnEvent { at_most_every: Duration::from_millis(pause) });
    }
    if let Some(limit) = options.wait_limit {
        builder = builder.wait_limit(Duration::from_millis(limit));
    }
    if let Some(timeout) = options.handler_timeout {
        builder = builder.handler_timeout(Duration::from_millis(timeout));
    }
    if let Some(limit) = options.queue_limit {
        builder = builder.queue_limit(limit);
    }
    if let Some(limit) = options.connections_per_session {
        builder = builder.connections_per_session(limit);
    }
    if let Some(limit) = options.created_per_second {
        builder = builder.created_per_second(limit);
    }
    let key = Key::from(&[7; 64]);
    match options.cookies {
        Cookies::Plain => builder.http(|cookies| cookies.with_name("sid").with_secure(false)).build(io),
        Cookies::Signed => {
            builder.http(|cookies| cookies.with_name("sid").with_secure(false).with_signed(key)).build(io)
        }
        Cookies::Private => {
            builder.http(|cookies| cookies.with_name("sid").with_secure(false).with_private(key)).build(io)
        }
    }
}

fn namespaces(io: &SocketIo, sessions: &Sessions) {
    // Open to all.
    io.ns(
        "/",
        sessions
            .namespace()
            .on::<plain::incr>()
            .on::<plain::slow>()
            .on::<plain::step>()
            .on::<plain::read>()
            .on::<plain::slow_read>()
            .on::<plain::echo>()
            .on::<plain::number>()
            .on::<plain::buy>()
            .on::<plain::maybe>()
            .on::<plain::nothing>()
            .on::<plain::idle>()
            .on::<plain::binary>()
            .on::<plain::pair>()
            .on::<plain::huge>()
            .on::<plain::generic>()
            .on::<plain::after>()
            .on::<plain::after_fail>()
            .on::<failing::fail>()
            .on::<failing::fail_late>()
            .on::<failing::fail_coded>()
            .on::<failing::fail_hidden>()
            .on::<failing::panicking>()
            .on::<failing::panicking_at_once>()
            .on::<failing::panicking_without_view>()
            .on::<failing::hang>()
            .on::<failing::hang_reading>()
            .on::<failing::unwritable_reply>()
            .on::<failing::unwritable_field>()
            .on::<failing::fill>()
            .on::<guarded::guarded>()
            .on::<guarded::guarded_async>()
            .on::<guarded::guard_panics>()
            .on::<handles::update>()
            .on::<handles::destroy>()
            .on::<handles::rotate>()
            .on::<handles::emit>()
            .on::<handles::close>()
            .on::<handles::remember>()
            .on::<handles::reenter>()
            .on::<handles::reenter_elsewhere>()
            .on::<handles::peek>()
            .on::<handles::job>(),
    );
    // For those who are logged in.
    io.ns(
        "/members",
        sessions
            .namespace()
            .guard("unauthorized", |visit: &Visit| visit.authenticated)
            .on::<plain::incr>()
            .on::<plain::slow>()
            .on::<plain::echo>()
            .on::<guarded::demote>(),
    );
    // For those who are logged in while we are open.
    io.ns("/evening", sessions.namespace().guard_with::<guarded::not_closed>("closed").on::<plain::incr>());
    // With handlers for coming and going.
    io.ns(
        "/hooks",
        sessions
            .namespace()
            .guard("no session", |_: &Visit| true)
            .on_connect::<hooks::arrive>()
            .on::<plain::incr>()
            .on_fallback::<hooks::other>()
            .on_disconnect::<hooks::leave>(),
    );
    // One of many, whose names clients choose.
    let room = sessions.namespace().guard("unauthorized", |visit: &Visit| visit.authenticated).on::<plain::incr>();
    if let Err(error) = io.dyn_ns("/rooms/{name}", room) {
        eprintln!("there are no rooms: {error}");
    }
    io.ns("/lobby", sessions.namespace().on_connect::<hooks::greet>().on_disconnect::<hooks::leave>());
}

async fn page() -> &'static str {
    "a page"
}

fn over_one_route(router: Router, sessions: &Sessions, io_layer: SocketIoLayer) -> Router {
    Router::new().route("/{*path}", get(page).post(page).layer(sessions.layer(io_layer))).merge(router)
}

fn over_two_methods(router: Router, sessions: &Sessions, io_layer: &SocketIoLayer) -> Router {
    Router::new()
        .route(
            "/{*path}",
            get(page)
                .layer(sessions.layer(io_layer.clone()))
                .merge(axum::routing::post(page).layer(sessions.layer(io_layer.clone()))),
        )
        .merge(router)
}
