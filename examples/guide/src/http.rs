//! The HTTP side.

use axum::{
    Json, Router,
    http::StatusCode,
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use socket_session::{Session, SessionError};

use crate::{events::CurrentCount, visit::Visit};

pub(crate) fn routes() -> Router {
    Router::new()
        .route("/", get(Html(include_str!("page.html"))))
        .route("/session", get(session))
        .route("/login", post(login))
        .route("/incr", post(incr))
        .route("/logout", post(logout))
}

/// Reading creates nothing: who has no session gets the defaults, and no cookie.
async fn session(session: Session<Visit>) -> Result<Json<Visit>, SessionError> {
    Ok(Json(session.get().await?))
}

/// With a new id, so that a planted one is worth nothing; open sockets reconnect with it.
async fn login(session: Session<Visit>) -> Result<StatusCode, SessionError> {
    session.rotate_with(|visit| visit.authenticated = true).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Counts up, and tells every socket of the session.
async fn incr(session: Session<Visit>) -> Result<Response, SessionError> {
    match session.try_update(|visit| visit.add(1)).await? {
        Ok(count) => {
            session.send(&CurrentCount(count)).await?;
            Ok(count.to_string().into_response())
        }
        Err(full) => Ok((StatusCode::CONFLICT, full).into_response()),
    }
}

/// Ends the session, and with it all of its sockets, in every tab.
async fn logout(session: Session<Visit>) -> Result<StatusCode, SessionError> {
    session.destroy().await?;
    Ok(StatusCode::NO_CONTENT)
}
