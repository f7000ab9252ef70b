//! The layer's parts, each a layer of its own, for who puts something between them.

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
    sockets::Sockets,
};
use crate::core::Core;

type Answer<R, E> = Pin<Box<dyn Future<Output = Result<Response<Body<R>>, E>> + Send>>;

/// The service that is ready; the clone that takes its place is not yet.
pub(super) fn take_ready<S: Clone>(service: &mut S) -> S {
    let clone = service.clone();
    std::mem::replace(service, clone)
}

macro_rules! debug {
    ($name:ident $(<$($parameter:ident $(: $bound:ident)?),+>)?) => {
        impl $(<$($parameter $(: $bound)?),+>)? fmt::Debug for $name $(<$($parameter),+>)? {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    };
}

/// The request scope: what one request knows of its session, and what becomes of a rotation when its response is known.
///
/// Made by `Sessions::requests`. What changes a response's status belongs inside of it.
#[derive(Clone)]
pub struct RequestsLayer {
    core: Arc<Core>,
}

/// The service that [`RequestsLayer`] makes.
#[derive(Clone)]
pub struct RequestsService<S> {
    inner: S,
    core: Arc<Core>,
}

/// The session of a request's cookie, and the cookie of its response. It takes the place of tower-sessions'
/// `SessionManagerLayer`, and works inside [`RequestsLayer`].
///
/// Made by `Sessions::cookies`.
#[derive(Clone)]
pub struct CookiesLayer {
    core: Arc<Core>,
}

/// The service that [`CookiesLayer`] makes.
#[derive(Clone)]
pub struct CookiesService<S> {
    inner: S,
    core: Arc<Core>,
}

/// Handshake rules and Socket.IO. It takes the place of socketioxide's own layer, and stands outside of the others:
/// Socket.IO's requests read the cookie themselves.
///
/// Made by `Sessions::sockets`. A clone leads to the same Socket.IO.
pub struct SocketsLayer<A: Adapter = LocalAdapter> {
    sockets: Arc<Sockets<A>>,
}

/// The service that [`SocketsLayer`] makes.
pub struct SocketsService<S, A: Adapter = LocalAdapter> {
    inner: S,
    sockets: Arc<Sockets<A>>,
}

debug!(RequestsLayer);
debug!(RequestsService<S>);
debug!(CookiesLayer);
debug!(CookiesService<S>);
debug!(SocketsLayer<A: Adapter>);
debug!(SocketsService<S, A: Adapter>);

impl RequestsLayer {
    pub(crate) fn new(core: &Arc<Core>) -> Self {
        Self { core: Arc::clone(core) }
    }
}

impl CookiesLayer {
    pub(crate) fn new(core: &Arc<Core>) -> Self {
        Self { core: Arc::clone(core) }
    }
}

impl<A: Adapter> SocketsLayer<A> {
    pub(crate) fn new(
        core: &Arc<Core>,
        io: &socketioxide::SocketIo<A>,
        layer: &socketioxide::layer::SocketIoLayer<A>,
    ) -> Self {
        Self { sockets: Arc::new(Sockets::new(Arc::clone(core), io, layer)) }
    }
}

impl<A: Adapter> Clone for SocketsLayer<A> {
    fn clone(&self) -> Self {
        Self { sockets: Arc::clone(&self.sockets) }
    }
}

impl<S: Clone, A: Adapter> Clone for SocketsService<S, A> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), sockets: Arc::clone(&self.sockets) }
    }
}

impl<S> Layer<S> for RequestsLayer {
    type Service = RequestsService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RequestsService { inner, core: Arc::clone(&self.core) }
    }
}

impl<S> Layer<S> for CookiesLayer {
    type Service = CookiesService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        CookiesService { inner, core: Arc::clone(&self.core) }
    }
}

impl<S, A: Adapter> Layer<S> for SocketsLayer<A> {
    type Service = SocketsService<S, A>;

    fn layer(&self, inner: S) -> Self::Service {
        SocketsService { inner, sockets: Arc::clone(&self.sockets) }
    }
}

impl<S, B, R> Service<Request<B>> for RequestsService<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    B: Send + 'static,
    R: Send + 'static,
{
    type Response = Response<Body<R>>;
    type Error = S::Error;
    type Future = Answer<R, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let mut inner = take_ready(&mut self.inner);
        Box::pin(scoped(Arc::clone(&self.core), request, move |request| async move {
            inner.call(request).await.map(|response| response.map(Body::application))
        }))
    }
}

impl<S, B, R> Service<Request<B>> for CookiesService<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    B: Send + 'static,
    R: Send + 'static,
{
    type Response = Response<Body<R>>;
    type Error = S::Error;
    type Future = Answer<R, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        Box::pin(managed(Arc::clone(&self.core), take_ready(&mut self.inner), request))
    }
}

impl<S, A, B, R> Service<Request<B>> for SocketsService<S, A>
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
    type Future = Answer<R, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if self.sockets.claims(&request) {
            let sockets = Arc::clone(&self.sockets);
            return Box::pin(async move { Ok(sockets.call(request).await) });
        }
        let answer = take_ready(&mut self.inner).call(request);
        Box::pin(async move { answer.await.map(|response| response.map(Body::application)) })
    }
}
