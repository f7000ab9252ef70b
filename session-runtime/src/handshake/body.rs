//! The body of a response: the application's, or Socket.IO's.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Response, StatusCode, header};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::{BodyExt as _, Full, combinators::UnsyncBoxBody};
use pin_project_lite::pin_project;
use tokio_util::sync::DropGuard;

/// Any error of a body.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

pin_project! {
    /// The body of a response that has passed the layer: the application's, or one of Socket.IO's.
    pub struct Body<B> {
        #[pin]
        inner: Inner<B>,
        // dropped with the body, when the response is through
        through: Option<DropGuard>,
    }
}

pin_project! {
    #[project = InnerProjection]
    enum Inner<B> {
        Application { #[pin] body: B },
        Socket { #[pin] body: UnsyncBoxBody<Bytes, BoxError> },
    }
}

impl<B> Body<B> {
    pub(super) fn application(body: B) -> Self {
        Self { inner: Inner::Application { body }, through: None }
    }

    /// Holds on to it until the response is through.
    pub(super) fn holding(mut self, through: Option<DropGuard>) -> Self {
        self.through = through;
        self
    }

    pub(super) fn socket<S>(body: S) -> Self
    where
        S: HttpBody<Data = Bytes> + Send + 'static,
        S::Error: Into<BoxError>,
    {
        Self { inner: Inner::Socket { body: body.map_err(Into::into).boxed_unsync() }, through: None }
    }

    pub(super) fn text(text: impl Into<Bytes>) -> Self {
        Self::socket(Full::new(text.into()))
    }
}

/// A short response of ours.
pub(super) fn answer<B>(status: StatusCode, body: &'static str) -> Response<Body<B>> {
    let mut response = Response::new(Body::text(body));
    *response.status_mut() = status;
    let kind = if body.starts_with('{') { "application/json" } else { "text/plain; charset=UTF-8" };
    response.headers_mut().insert(header::CONTENT_TYPE, http::HeaderValue::from_static(kind));
    if status == StatusCode::SERVICE_UNAVAILABLE || status == StatusCode::TOO_MANY_REQUESTS {
        response.headers_mut().insert(header::RETRY_AFTER, http::HeaderValue::from(1));
    }
    response
}

impl<B> HttpBody for Body<B>
where
    B: HttpBody<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.project().inner.project() {
            InnerProjection::Application { body } => body.poll_frame(context).map_err(Into::into),
            InnerProjection::Socket { body } => body.poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.inner {
            Inner::Application { body } => body.is_end_stream(),
            Inner::Socket { body } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.inner {
            Inner::Application { body } => body.size_hint(),
            Inner::Socket { body } => body.size_hint(),
        }
    }
}

impl<B> std::fmt::Debug for Body<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Body").finish_non_exhaustive()
    }
}
