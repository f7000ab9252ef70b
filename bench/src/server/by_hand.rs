//! (b) By hand, as one writes it on tower-sessions: load, get, insert, save, acknowledge. Nothing keeps two events of one
//! session apart, so it loses what they count at the same time.

use std::error::Error;

use axum::{Router, http::StatusCode, routing::post};
use socketioxide::{
    SocketIo,
    extract::{AckSender, SocketRef},
    layer::SocketIoLayer,
};
use tower_sessions::{MemoryStore, Session, SessionManagerLayer, SessionStore, session::Error as SessionError};
use tower_sessions_redis_store::{
    RedisStore,
    fred::prelude::{ClientLike as _, Config, Pool},
};

pub(super) async fn app(store: &str) -> Result<Router, Box<dyn Error>> {
    let (layer, io) = SocketIo::new_layer();
    io.ns("/", async |socket: SocketRef| {
        for event in ["my event", "e2", "e3", "e4", "e5", "e6", "e7", "e8", "e9", "e10"] {
            socket.on(event, my_event);
        }
    });
    if store == "memory" {
        return Ok(router(layer, MemoryStore::default()));
    }
    let pool = Pool::new(Config::from_url(store)?, None, None, None, 1)?;
    pool.connect();
    pool.wait_for_connect().await?;
    Ok(router(layer, RedisStore::new(pool)))
}

async fn my_event(socket: SocketRef, ack: AckSender) {
    if let Some(session) = socket.req_parts().extensions.get::<Session>()
        && let Ok(count) = count(session).await
    {
        ack.send(&count).ok();
    }
}

async fn count(session: &Session) -> Result<u32, SessionError> {
    session.load().await?;
    let count = session.get::<u32>("count").await?.unwrap_or(0) + 1;
    session.insert("count", count).await?;
    session.save().await?;
    Ok(count)
}

fn router(layer: SocketIoLayer, store: impl SessionStore + Clone) -> Router {
    Router::new()
        .route("/login", post(login))
        .layer(layer)
        .layer(SessionManagerLayer::new(store).with_name("sid").with_secure(false))
}

async fn login(session: Session) -> Result<StatusCode, StatusCode> {
    let failed = |_| StatusCode::INTERNAL_SERVER_ERROR;
    session.insert("authenticated", true).await.map_err(failed)?;
    session.insert("count", 0).await.map_err(failed)?;
    Ok(StatusCode::NO_CONTENT)
}
