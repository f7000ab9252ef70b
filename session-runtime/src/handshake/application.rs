//! An HTTP request to the application: inside the session cookie's manager, with a scope of its own.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::{Request, Response, StatusCode, header};
use tokio_util::sync::CancellationToken;
use tower_service::Service;

use super::body::{Body, answer};
use crate::{cookies, core::Core, record::SessionKey, requests::RequestScope};

/// How long after the response's head the transports of a rotated session are closed at the latest.
const THROUGH: Duration = Duration::from_secs(2);

pub(super) async fn call<S, B, R>(
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
    let cookies = cookies::of(&parts.headers);
    let scope = RequestScope::new(&core);
    let closing = scope.closing();
    let slot = Arc::new(Mutex::new(None));

    let hook = {
        let (scope, slot) = (Arc::clone(&scope), Arc::clone(&slot));
        move |extensions: http::Extensions| {
            Box::pin(async move {
                if let Some(session) = extensions.get::<tower_sessions::Session>() {
                    scope.begin(session.clone());
                }
                scope.shows_its_cookie();
                parts.extensions.extend(extensions);
                let settling = Arc::clone(&scope);
                parts.extensions.insert(scope);
                let answered = application.call(Request::from_parts(parts, body)).await;
                // what the handler has left under way decides which cookie the response carries
                drop(settling.change().await);
                let status = answered.as_ref().map_or(StatusCode::INTERNAL_SERVER_ERROR, Response::status);
                *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(answered);
                status
            }) as crate::core::BoxFuture<'static, StatusCode>
        }
    };
    let managed = scope.run(core.cookies.run(cookies, Box::new(hook))).await;
    drop(closing);

    let answered = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    let rotated = scope.take_rotated();
    let mut response = match answered {
        Some(answered) => {
            let through = close_when_through(&core, rotated);
            answered?.map(|body| Body::application(body, through))
        }
        None => return Ok(answer(StatusCode::INTERNAL_SERVER_ERROR, "")),
    };
    if managed.status != response.status() {
        // the manager saves a plain session once the application has answered; that failed, and the answer is void
        let status = scope.failure().map_or(StatusCode::SERVICE_UNAVAILABLE, |error| error.status());
        return Ok(answer(status, "the session could not be saved"));
    }
    for cookie in managed.headers.get_all(header::SET_COOKIE) {
        response.headers_mut().append(header::SET_COOKIE, cookie.clone());
    }
    Ok(response)
}

/// The page must have its new cookie before its sockets come back: their transports close when the response's body has
/// ended, or soon after its head.
fn close_when_through(core: &Arc<Core>, rotated: Vec<SessionKey>) -> Option<tokio_util::sync::DropGuard> {
    if rotated.is_empty() {
        return None;
    }
    let (core, through) = (Arc::clone(core), CancellationToken::new());
    let waiting = through.clone();
    tokio::spawn(async move {
        let _ = tokio::time::timeout(THROUGH, waiting.cancelled()).await;
        core.close_rotated(rotated).await;
    });
    Some(through.drop_guard())
}
