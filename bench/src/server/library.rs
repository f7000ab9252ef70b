//! (c) With this library.

use std::{error::Error, time::Duration};

use axum::{Router, http::StatusCode, routing::post};
use socket_session::{MemoryStore, Session, SessionError, Sessions, on, socket_session, store::Store};
use socket_session_redis::RedisStore;
use socket_session_sqlx::{PostgresStore, SqliteStore};
use socketioxide::SocketIo;

#[socket_session]
struct Visit {
    authenticated: bool,
    count: u32,
}

macro_rules! counters {
    ($($handler:ident: $event:literal),*) => {$(
        #[on($event)]
        async fn $handler(visit: &mut Visit) -> u32 {
            visit.count += 1;
            visit.count
        }
    )*};
}

counters! {
    my_event: "my event", second: "e2", third: "e3", fourth: "e4", fifth: "e5", sixth: "e6", seventh: "e7", eighth: "e8",
    ninth: "e9", tenth: "e10"
}

async fn login(session: Session<Visit>) -> Result<StatusCode, SessionError> {
    session.rotate_with(|visit| (visit.authenticated, visit.count) = (true, 0)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How often what has ended is purged; nothing ends here.
const PURGE: Duration = Duration::from_mins(10);

pub(super) async fn app(store: &str) -> Result<Router, Box<dyn Error>> {
    Ok(match store.split(':').next() {
        Some("redis") => router(RedisStore::connect(store).await?),
        Some("postgres") => {
            let store = PostgresStore::connect(store).await?;
            store.migrate().await?;
            tokio::spawn(store.clone().purge_continuously(PURGE));
            router(store)
        }
        Some("sqlite") => {
            let store = SqliteStore::connect(store).await?;
            store.migrate().await?;
            tokio::spawn(store.clone().purge_continuously(PURGE));
            router(store)
        }
        _ => router(MemoryStore::default()),
    })
}

fn router(store: impl Store) -> Router {
    let (layer, io) = SocketIo::new_layer();
    let sessions = Sessions::builder(store).http(|cookies| cookies.with_name("sid").with_secure(false)).build(&io);
    let namespace = sessions.namespace().on::<my_event>().on::<second>().on::<third>().on::<fourth>().on::<fifth>();
    io.ns("/", namespace.on::<sixth>().on::<seventh>().on::<eighth>().on::<ninth>().on::<tenth>());
    Router::new().route("/login", post(login)).layer(sessions.layer(layer))
}
