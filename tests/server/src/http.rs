//! The HTTP routes: what a browser would do, what goes wrong there, and the switches of the tests.

use std::time::Duration;

use axum::{
    Json, Router,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};
use socket_session::{Close, Session, SessionError};

use crate::{
    app::App,
    views::{Cart, Visit, VisitFields},
};

pub(crate) fn routes(app: App) -> Router {
    Router::new()
        .route("/visit", post(visit))
        .route("/login", post(login))
        .route("/demote", post(demote))
        .route("/incr", post(incr))
        .route("/late", post(late))
        .route("/refuse", post(refuse))
        .route("/logout", post(logout))
        .route("/read", get(read))
        .route("/cart", get(cart))
        .route("/emit", post(emit))
        .route("/disconnect", post(disconnect))
        .route("/plain", get(plain_read).post(plain_write))
        .route("/plain/mixed", post(plain_mixed))
        .route("/fields", get(fields_read).post(fields_write))
        .route("/store", post(store))
        .route("/notes", get(notes).post(note))
        .with_state(app)
}

/// Opens a session, as any page of an application might.
async fn visit(session: Session<Visit>) -> Result<StatusCode, SessionError> {
    session.update(|visit| visit.visits += 1).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn login(session: Session<Visit>) -> Result<StatusCode, SessionError> {
    session.rotate_with(|visit| visit.authenticated = true).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn demote(session: Session<Visit>) -> Result<StatusCode, SessionError> {
    session.update(|visit| visit.authenticated = false).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn incr(session: Session<Visit>) -> Result<String, SessionError> {
    let count = session
        .update(|visit| {
            visit.count += 1;
            visit.count
        })
        .await?;
    session.emit("current count", &count).await?;
    Ok(count.to_string())
}

#[derive(Deserialize)]
struct Late {
    wait: u64,
}

/// Looks at the session, and comes back to it later in the same request.
async fn late(
    State(app): State<App>,
    session: Session<Visit>,
    Query(Late { wait }): Query<Late>,
) -> Result<String, SessionError> {
    session.get().await?;
    app.note("late");
    tokio::time::sleep(Duration::from_millis(wait)).await;
    incr(session).await
}

/// An `Err` from the closure, after it has changed the session.
async fn refuse(session: Session<Visit>) -> Result<Response, SessionError> {
    let refused = session
        .try_update(|visit| {
            visit.count = 1_000_000;
            Err::<(), _>("refused")
        })
        .await?;
    Ok(match refused {
        Ok(()) => StatusCode::OK.into_response(),
        Err(why) => (StatusCode::CONFLICT, why).into_response(),
    })
}

async fn logout(session: Session<Visit>) -> Result<StatusCode, SessionError> {
    session.destroy().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn read(session: Session<Visit>) -> Result<Json<Value>, SessionError> {
    let visit = session.get().await?;
    Ok(Json(json!({
        "authenticated": visit.authenticated,
        "count": visit.count,
        "trail": visit.trail,
        "visits": visit.visits,
    })))
}

async fn cart(session: Session<Cart>) -> Result<Json<Vec<String>>, SessionError> {
    Ok(Json(session.get().await?.items))
}

async fn emit(session: Session<Visit>, body: String) -> Result<StatusCode, SessionError> {
    session.emit("news", &body).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
struct Disconnect {
    last: bool,
}

async fn disconnect(
    session: Session<Visit>,
    Query(Disconnect { last }): Query<Disconnect>,
) -> Result<StatusCode, SessionError> {
    session.disconnect(if last { Close::Final } else { Close::Reconnect }).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
struct Plain {
    key: String,
    /// JSON.
    #[serde(default)]
    value: String,
    /// Between reading and writing.
    #[serde(default)]
    wait: u64,
    /// Saves explicitly, and waits once more before the end of the request.
    #[serde(default)]
    save: bool,
}

fn failed(error: &dyn std::error::Error) -> StatusCode {
    eprintln!("a plain session failed: {error}");
    StatusCode::INTERNAL_SERVER_ERROR
}

async fn plain_read(
    session: tower_sessions::Session,
    Query(Plain { key, .. }): Query<Plain>,
) -> Result<Json<Value>, StatusCode> {
    let value = session.get::<Value>(&key).await.map_err(|error| failed(&error))?;
    Ok(Json(value.unwrap_or_default()))
}

/// A request that knows tower-sessions alone: it loads the whole record, and writes one key of it later.
async fn plain_write(
    State(app): State<App>,
    session: tower_sessions::Session,
    Query(Plain { key, value, wait, save }): Query<Plain>,
) -> Result<StatusCode, StatusCode> {
    let value: Value = serde_json::from_str(&value).map_err(|_| StatusCode::BAD_REQUEST)?;
    session.get::<Value>(&key).await.map_err(|error| failed(&error))?;
    app.note(format!("plain {key}"));
    tokio::time::sleep(Duration::from_millis(wait)).await;
    session.insert(&key, value).await.map_err(|error| failed(&error))?;
    if save {
        session.save().await.map_err(|error| failed(&error))?;
        app.note(format!("plain saved {key}"));
        tokio::time::sleep(Duration::from_millis(wait)).await;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// A plain session loaded first, then a typed transaction in the same request, then a plain write of another key.
async fn plain_mixed(plain: tower_sessions::Session, session: Session<Visit>) -> Result<StatusCode, SessionError> {
    drop(plain.get::<Value>("colour").await);
    session.update(|visit| visit.count += 1).await?;
    drop(plain.insert("colour", "green").await);
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
struct Fields {
    count: u32,
    plain: bool,
}

/// The typed accessors of both kinds of session.
async fn fields_write(
    plain: tower_sessions::Session,
    session: Session<Visit>,
    Query(asked): Query<Fields>,
) -> Result<StatusCode, SessionError> {
    if asked.plain {
        plain.set_count(asked.count).await?;
    } else {
        session.set_count(asked.count).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn fields_read(plain: tower_sessions::Session, session: Session<Visit>) -> Result<Json<Value>, SessionError> {
    Ok(Json(json!({ "plain": plain.count().await?, "typed": session.count().await? })))
}

#[derive(Deserialize)]
struct StoreSwitches {
    down: Option<bool>,
    delay: Option<u64>,
}

/// What the tests ask of the store; answers how much it has written.
async fn store(State(app): State<App>, Query(asked): Query<StoreSwitches>) -> String {
    if let Some(down) = asked.down {
        app.switches().set_down(down);
    }
    if let Some(delay) = asked.delay {
        app.switches().set_delay(delay);
    }
    app.switches().writes().to_string()
}

async fn notes(State(app): State<App>) -> Json<Vec<String>> {
    Json(app.notes())
}

async fn note(State(app): State<App>, body: String) -> StatusCode {
    app.note(body);
    StatusCode::NO_CONTENT
}
