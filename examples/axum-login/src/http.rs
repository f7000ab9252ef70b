//! The HTTP side: axum-login as its own documents have it.

use axum::{
    Form, Json, Router,
    extract::State,
    http::StatusCode,
    response::Html,
    routing::{get, post},
};
use axum_login::AuthUser as _;
use serde::Deserialize;
use socket_session::Session;
use socketioxide::SocketIo;

use crate::{
    events::{room_of_session, room_of_user},
    login::Login,
    users::{Credentials, Users},
};

type AuthSession = axum_login::AuthSession<Users>;

const SHORTEST: usize = 8;

pub(crate) fn routes(io: SocketIo) -> Router {
    Router::new()
        .route("/", get(Html(include_str!("page.html"))))
        .route("/me", get(me))
        .route("/login", post(login))
        .route("/logout", post(logout))
        .route("/password", post(password))
        .with_state(io)
}

fn failed(error: &axum_login::Error<Users>) -> StatusCode {
    tracing::error!(?error, "a request failed");
    StatusCode::INTERNAL_SERVER_ERROR
}

/// Who is logged in: the name, or null.
async fn me(auth: AuthSession) -> Json<Option<String>> {
    Json(auth.user.map(|user| user.name))
}

/// axum-login gives the session a new id: here that is a rotation, and who was connected before connects again.
async fn login(mut auth: AuthSession, Form(credentials): Form<Credentials>) -> Result<StatusCode, StatusCode> {
    let Some(user) = auth.authenticate(credentials).await.map_err(|error| failed(&error))? else {
        return Err(StatusCode::FORBIDDEN);
    };
    auth.login(&user).await.map_err(|error| failed(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

/// axum-login deletes the session: its sockets are disconnected for good, in every tab.
async fn logout(mut auth: AuthSession) -> Result<StatusCode, StatusCode> {
    auth.logout().await.map_err(|error| failed(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
struct Passwords {
    old: String,
    new: String,
}

/// Logs the user out everywhere but here.
async fn password(
    mut auth: AuthSession,
    session: Session<Login>,
    State(io): State<SocketIo>,
    Form(Passwords { old, new }): Form<Passwords>,
) -> Result<StatusCode, StatusCode> {
    let Some(user) = auth.user.clone() else {
        return Err(StatusCode::UNAUTHORIZED);
    };
    if new.chars().count() < SHORTEST {
        return Err(StatusCode::UNPROCESSABLE_ENTITY);
    }
    let credentials = Credentials { name: user.name.clone(), password: old };
    if auth.authenticate(credentials).await.map_err(|error| failed(&error))?.is_none() {
        return Err(StatusCode::FORBIDDEN);
    }
    let changed = auth.backend.change_password(user.id(), new).await;
    let Ok(Some(user)) = changed else {
        return Err(StatusCode::INTERNAL_SERVER_ERROR);
    };
    // from now on the other sessions of this user are worth nothing: axum-login ends them at their next request, guards
    // refuse their events; and sockets that only listen are disconnected here
    let others = io.within(room_of_user(user.id())).except(room_of_session(&session));
    if let Err(error) = others.disconnect().await {
        tracing::warn!(%error, "not all sockets could be disconnected");
    }
    // this session goes on, with the new hash, under a new id
    auth.session.cycle_id().await.map_err(|error| failed(&error.into()))?;
    auth.login(&user).await.map_err(|error| failed(&error))?;
    Ok(StatusCode::NO_CONTENT)
}
