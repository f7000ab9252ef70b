//! The layer, and the service that it makes.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use socketioxide::adapter::{Adapter, LocalAdapter};
use tower_layer::Layer;
use tower_service::Service;

use super::{
    application::{managed, scoped},
    body::Body,
    parts::take_ready,
    sockets::Sockets,
};
use crate::core::Core;

/// Session cookies, request scope, handshake rules and Socket.IO, over axum's `Router` or any tower or hyper service.
///
/// Made by `Sessions::layer`. A clone leads to the same Socket.IO.
pub struct SessionLayer<A: Adapter = LocalAdapter> {
    core: Arc<Core>,
    sockets: Arc<Sockets<A>>,
}

impl<A: Adapter> SessionLayer<A> {
    pub(crate) fn new(
        core: &Arc<Core>,
        io: &socketioxide::SocketIo<A>,
        layer: &socketioxide::layer::SocketIoLayer<A>,
    ) -> Self {
        Self { core: Arc::clone(core), sockets: Arc::new(Sockets::new(Arc::clone(core), io, layer)) }
    }
}

impl<A: Adapter> Clone for SessionLayer<A> {
    fn clone(&self) -> Self {
        Self { core: Arc::clone(&self.core), sockets: Arc::clone(&self.sockets) }
    }
}

impl<A: Adapter> fmt::Debug for SessionLayer<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionLayer").finish_non_exhaustive()
    }
}

impl<S, A: Adapter> Layer<S> for SessionLayer<A> {
    type Service = SessionService<S, A>;

    fn layer(&self, inner: S) -> Self::Service {
        SessionService { inner, layer: self.clone() }
    }
}

/// The service that [`SessionLayer`] makes.
pub struct SessionService<S, A: Adapter = LocalAdapter> {
    inner: S,
    layer: SessionLayer<A>,
}

impl<S: Clone, A: Adapter> Clone for SessionService<S, A> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), layer: self.layer.clone() }
    }
}

impl<S, A: Adapter> fmt::Debug for SessionService<S, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionService").finish_non_exhaustive()
    }
}

impl<S, A, B, R> Service<Request<B>> for SessionService<S, A>
where
    A: Adapter,
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    R: Send + 'static,
{
    type Response = Response<Body<R>>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if self.layer.sockets.claims(&request) {
            let sockets = Arc::clone(&self.layer.sockets);
            return Box::pin(async move { Ok(sockets.call(request).await) });
        }
        let (core, ready) = (Arc::clone(&self.layer.core), take_ready(&mut self.inner));
        Box::pin(scoped(Arc::clone(&core), request, |request| managed(core, ready, request)))
    }
}
