//! The session cookie, read and written by tower-sessions' own manager, whatever its options.
//!
//! Those options cannot be read back, and the manager's type differs for plain, signed and private cookies. So it is
//! run over an empty request that has only the cookies, with a hook where the application would be: the hook gets the
//! session, and says with which status the response will go out.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use http::{Extensions, HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use tower_layer::Layer as _;
use tower_service::Service;
use tower_sessions::{SessionManagerLayer, service::CookieController};

use crate::{core::BoxFuture, shared::SharedStore};

/// Stands where the application would be. It gets what the manager leaves for it (the session and the cookies).
pub(crate) type Hook = Box<dyn FnOnce(Extensions) -> BoxFuture<'static, StatusCode> + Send>;

/// What the manager adds to the response.
pub(crate) struct Managed {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
}

/// The `Cookie` headers of a request.
pub(crate) fn of(headers: &HeaderMap) -> Vec<HeaderValue> {
    headers.get_all(header::COOKIE).into_iter().cloned().collect()
}

pub(crate) trait Cookies: Send + Sync {
    /// Runs the manager over a request with these `Cookie` headers.
    fn run(&self, cookies: Vec<HeaderValue>, hook: Hook) -> BoxFuture<'static, Managed>;
}

impl<C: CookieController + Sync> Cookies for SessionManagerLayer<SharedStore, C> {
    fn run(&self, cookies: Vec<HeaderValue>, hook: Hook) -> BoxFuture<'static, Managed> {
        let mut request = Request::new(());
        for cookie in cookies {
            request.headers_mut().append(header::COOKIE, cookie);
        }
        request.extensions_mut().insert(Slot(Arc::new(Mutex::new(Some(hook)))));
        let answer = self.layer(HookService).call(request);
        Box::pin(async move {
            let (parts, ()) = answer.await.unwrap_or_else(|never| match never {}).into_parts();
            Managed { status: parts.status, headers: parts.headers }
        })
    }
}

#[derive(Clone)]
struct Slot(Arc<Mutex<Option<Hook>>>);

#[derive(Clone)]
struct HookService;

impl Service<Request<()>> for HookService {
    type Response = Response<()>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<()>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<()>) -> Self::Future {
        let slot = request.extensions_mut().remove::<Slot>();
        let hook = slot.and_then(|slot| slot.0.lock().unwrap_or_else(PoisonError::into_inner).take());
        Box::pin(async move {
            let mut response = Response::new(());
            *response.status_mut() = match hook {
                Some(hook) => hook(std::mem::take(request.extensions_mut())).await,
                None => StatusCode::INTERNAL_SERVER_ERROR,
            };
            Ok(response)
        })
    }
}
