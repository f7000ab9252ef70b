//! An HTTP request to the application: in a scope of its own, and inside the session cookie's manager.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::{Request, Response, StatusCode, header};
use tokio_util::sync::{CancellationToken, DropGuard};
use tower_service::Service;

use super::body::{Body, answer};
use crate::{
    cookies,
    core::{BoxFuture, Core},
    error::SessionError,
    record::SessionKey,
    requests::RequestScope,
};

/// How long after the response's head the transports of a rotated session are closed at the latest.
const THROUGH: Duration = Duration::from_secs(2);

const UNSAVED: &str = "the session could not be saved";

/// `sessions.requests()`: what a request knows of its session, and what its response decides.
pub(super) async fn scoped<B, R, E, F>(
    core: Arc<Core>,
    mut request: Request<B>,
    inner: impl FnOnce(Request<B>) -> F,
) -> Result<Response<Body<R>>, E>
where
    F: Future<Output = Result<Response<Body<R>>, E>>,
{
    if request.extensions().get::<Arc<RequestScope>>().is_some() {
        tracing::error!(
            "a request meets this library's layers twice: apply `sessions.layer(…)`, or `sessions.requests()` and \
             `sessions.cookies()`, once for each route"
        );
        return Ok(answer(StatusCode::INTERNAL_SERVER_ERROR, ""));
    }
    let scope = RequestScope::new(&core);
    // whatever is not settled when this ends, by a panic or because nobody waits any more, is undone
    let closing = scope.closing();
    request.extensions_mut().insert(Arc::clone(&scope));
    let answered = scope.run(inner(request)).await;
    let succeeded = answered.as_ref().is_ok_and(|response| !response.status().is_server_error());
    let settled = scope.settle(succeeded).await;
    drop(closing);
    let mut response = answered?;
    match settled {
        Ok(rotated) => {
            let through = rotated.map(|rotated| close_when_through(&core, rotated));
            response = response.map(|body| body.holding(through));
        }
        Err(error) => response = failed(&error),
    }
    for cookie in scope.cookies() {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// `sessions.cookies()`: the session of the request's cookie, and the cookie of its response.
pub(super) async fn managed<S, B, R>(
    core: Arc<Core>,
    mut application: S,
    request: Request<B>,
) -> Result<Response<Body<R>>, S::Error>
where
    S: Service<Request<B>, Response = Response<R>> + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    B: Send + 'static,
    R: Send + 'static,
{
    let (mut parts, body) = request.into_parts();
    let scope = parts.extensions.get::<Arc<RequestScope>>().filter(|scope| Arc::ptr_eq(&scope.core, &core));
    let Some(scope) = scope.filter(|scope| !scope.has_begun()).cloned() else {
        tracing::error!(
            "`sessions.cookies()` works inside `sessions.requests()`, once: in axum, `.layer(sessions.cookies())` and \
             after it `.layer(sessions.requests())`"
        );
        return Ok(answer(StatusCode::INTERNAL_SERVER_ERROR, ""));
    };
    let cookies = cookies::of(&parts.headers);
    let slot = Arc::new(Mutex::new(None));

    let hook = {
        let (scope, slot) = (Arc::clone(&scope), Arc::clone(&slot));
        move |extensions: http::Extensions| {
            Box::pin(async move {
                if let Some(session) = extensions.get::<tower_sessions::Session>() {
                    let _ = scope.begin(session.clone());
                }
                scope.shows_its_cookie();
                parts.extensions.extend(extensions);
                let answered = application.call(Request::from_parts(parts, body)).await;
                scope.answered().await;
                let status = answered.as_ref().map_or(StatusCode::INTERNAL_SERVER_ERROR, Response::status);
                *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(answered);
                status
            }) as BoxFuture<'static, StatusCode>
        }
    };
    let managed = core.cookies.run(cookies, Box::new(hook)).await;

    let Some(answered) = slot.lock().unwrap_or_else(PoisonError::into_inner).take() else {
        return Ok(answer(StatusCode::INTERNAL_SERVER_ERROR, ""));
    };
    let response = answered?;
    if managed.status != response.status() {
        // the manager saves a plain session once the application has answered; that failed, and the answer is void
        scope.void();
        return Ok(scope.failure().as_ref().map_or_else(|| answer(StatusCode::SERVICE_UNAVAILABLE, UNSAVED), failed));
    }
    scope.wants_cookies(&managed.headers);
    Ok(response.map(Body::application))
}

/// The application's response is void: the session could not be saved.
fn failed<R>(error: &SessionError) -> Response<Body<R>> {
    let status = error.status();
    if status.is_server_error() {
        tracing::warn!(%error, "a session could not be saved, and so its response was not sent");
    }
    answer(status, UNSAVED)
}

/// The page must have its new cookie before its sockets come back: their transports close when the response's body has
/// ended, or soon after its head.
fn close_when_through(core: &Arc<Core>, rotated: SessionKey) -> DropGuard {
    let (core, through) = (Arc::clone(core), CancellationToken::new());
    let waiting = through.clone();
    tokio::spawn(async move {
        let _ = tokio::time::timeout(THROUGH, waiting.cancelled()).await;
        core.close_rotated(rotated).await;
    });
    through.drop_guard()
}
