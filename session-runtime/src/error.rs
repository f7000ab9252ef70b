//! Errors: what went wrong with a session, as types, and what a client is told of it.

use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

use axum_core::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header::RETRY_AFTER};
use serde::Serialize;

use crate::{engine::Refusal, payload::Payload, store::StoreError, view::ViewError};

/// A stored value does not fit the type of the field that reads it. The record is left as it is.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the session's `{key}` is not a `{expected}`")]
pub struct Corrupt {
    key: &'static str,
    expected: &'static str,
}

impl Corrupt {
    pub(crate) fn new<T>(key: &'static str) -> Self {
        Self { key, expected: std::any::type_name::<T>() }
    }

    /// The key whose value does not fit.
    pub fn key(&self) -> &'static str {
        self.key
    }
}

/// A field or a reply cannot be written: serde refused it, or what it wrote could not be read back. Nothing was saved.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("{what} cannot be serialized (`{type_name}`)", what = .key.unwrap_or("the reply"))]
pub struct Unserializable {
    key: Option<&'static str>,
    type_name: &'static str,
}

impl Unserializable {
    pub(crate) fn field<T>(key: &'static str) -> Self {
        Self { key: Some(key), type_name: std::any::type_name::<T>() }
    }

    pub(crate) fn reply<T: ?Sized>() -> Self {
        Self { key: None, type_name: std::any::type_name::<T>() }
    }
}

/// Why something could not be done with a session.
///
/// In axum it becomes a response by itself, without details: `Busy`, `Overloaded` and `Unavailable` are 503 with
/// `Retry-After`, `Gone` and `NoSession` are 401, `TooLarge` is 413, the rest are 500.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// There is no session: the connection has none.
    #[error("there is no session")]
    NoSession,
    /// The session has ended: destroyed, expired, or its id was rotated. Nothing was saved.
    #[error("the session has ended")]
    Gone,
    /// The turn did not come within `wait_limit`, or the transaction ran past `handler_timeout`. Nothing was saved.
    #[error("the session is busy")]
    Busy,
    /// This task holds the session already, through a handler's `&mut` view: waiting for it would never end.
    #[error("this task already holds the session")]
    Reentrant,
    /// More transactions of this session wait than `queue_limit` allows, or another limit was met. Nothing was saved.
    #[error("too much waits for this session")]
    Overloaded,
    /// The session would be larger than `max_session_bytes`. Nothing was saved.
    #[error("the session is too large")]
    TooLarge,
    /// The store failed before anything was written.
    #[error("the session store is unavailable")]
    Unavailable(#[source] Arc<StoreError>),
    /// The store did not say whether it saved: do not repeat blindly.
    #[error("the session store did not say whether it saved")]
    Unknown,
    /// A stored value does not fit its field.
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
    /// A field cannot be written.
    #[error(transparent)]
    Unserializable(#[from] Unserializable),
    /// The session's id can be rotated, and its cookie be set, only where a response can carry it: in an HTTP request.
    #[error("only an HTTP request can rotate a session's id: elsewhere no response carries the new cookie")]
    NoResponse,
    /// The request did not pass through `sessions.layer(…)`.
    #[error("this route is not below `sessions.layer(…)`")]
    NoLayer,
    /// An event did not reach all nodes or sockets.
    #[error("not every socket of the session could be reached")]
    NotReached,
}

impl From<ViewError> for SessionError {
    fn from(error: ViewError) -> Self {
        match error {
            ViewError::Corrupt(error) => error.into(),
            ViewError::Unserializable(error) => error.into(),
        }
    }
}

impl From<Refusal> for SessionError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Gone => Self::Gone,
            Refusal::Timeout | Refusal::Lost | Refusal::Changed => Self::Busy,
            Refusal::Overloaded => Self::Overloaded,
            Refusal::TooLarge => Self::TooLarge,
            Refusal::Unavailable(error) => Self::Unavailable(error),
            Refusal::Unknown => Self::Unknown,
        }
    }
}

impl From<StoreError> for SessionError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unanswered(_) => Self::Unknown,
            StoreError::TooLarge => Self::TooLarge,
            StoreError::Unavailable(_) => Self::Unavailable(Arc::new(error)),
        }
    }
}

/// After how long a refused client may ask again.
const RETRY: Duration = Duration::from_secs(1);

impl SessionError {
    /// The HTTP status that it becomes.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NoSession | Self::Gone => StatusCode::UNAUTHORIZED,
            Self::Busy | Self::Overloaded | Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl IntoResponse for SessionError {
    fn into_response(self) -> Response {
        let status = self.status();
        if status.is_server_error() {
            tracing::warn!(error = %self, source = self.source_text(), "a request could not use its session");
        }
        let mut response = (status, status.canonical_reason().unwrap_or_default()).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(RETRY.as_secs()));
        }
        response
    }
}

impl SessionError {
    fn source_text(&self) -> Option<String> {
        std::error::Error::source(self).map(ToString::to_string)
    }
}

/// The error of an event handler: a code and a message for the client, and data if it needs more.
///
/// `?` turns any [`std::error::Error`] into one whose details are logged and hidden from the client.
///
/// ```
/// use socket_session::EventError;
///
/// fn parse(text: &str) -> Result<u32, EventError> {
///     let number: u32 = text.parse()?; // the client is told: "the handler failed"
///     if number > 99 {
///         return Err(EventError::new("full", "the count is full").data(&number));
///     }
///     Ok(number)
/// }
/// assert_eq!(parse("120").unwrap_err().code(), "full");
/// assert_eq!(parse("x").unwrap_err().message(), "the handler failed");
/// ```
pub struct EventError {
    code: Cow<'static, str>,
    message: Cow<'static, str>,
    data: Option<Payload>,
}

impl EventError {
    /// What the client gets: a code for programs and a message for people.
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code: code.into(), message: message.into(), data: None }
    }

    /// Adds data for the client; what cannot be serialized is left out, and logged.
    #[must_use]
    pub fn data<T: Serialize + ?Sized>(mut self, data: &T) -> Self {
        match Payload::new(data) {
            Ok(data) => self.data = Some(data),
            Err(error) => {
                tracing::warn!(%error, code = %self.code, "the data of an event error was left out");
            }
        }
        self
    }

    /// The code.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The message.
    pub fn message(&self) -> &str {
        &self.message
    }

    pub(crate) const CODE: &'static str = "handler";
    pub(crate) const HIDDEN: &'static str = "the handler failed";

    pub(crate) fn hidden() -> Self {
        Self::new(Self::CODE, Self::HIDDEN)
    }

    pub(crate) fn from_refusal(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::Gone => Self::new("session_gone", "the session has ended"),
            Refusal::Timeout => Self::new("timeout", "the session was busy for too long"),
            Refusal::Overloaded => Self::new("overloaded", "too much waits for this session"),
            Refusal::TooLarge => Self::new("overloaded", "the session is too large"),
            Refusal::Unavailable(_) => Self::new("store_unavailable", "the session store is unavailable"),
            Refusal::Lost => Self::new("store_unavailable", "another node has taken the session over"),
            Refusal::Changed => Self::new("store_unavailable", "others have written to the session"),
            Refusal::Unknown => Self::new("unknown", "it is not known whether this was saved"),
        }
    }

    pub(crate) fn from_view(error: &ViewError) -> Self {
        match error {
            ViewError::Corrupt(error) => {
                tracing::warn!(%error, "a session's stored value does not fit its field");
                Self::new("session_corrupt", error.to_string())
            }
            ViewError::Unserializable(error) => Self::unserializable(*error),
        }
    }

    pub(crate) fn unserializable(error: Unserializable) -> Self {
        Self::new("unserializable", error.to_string())
    }

    pub(crate) fn no_session() -> Self {
        Self::new("no_session", "this connection has no session")
    }

    pub(crate) fn unauthorized(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new("unauthorized", message)
    }

    /// An error of a guard is a no. A namespace's guard says what the namespace was told to say; an event's own may have
    /// words of its own for the client.
    pub(crate) fn of_guard(self, message: Cow<'static, str>, namespace: bool) -> Self {
        match (&*self.code, &*self.message) {
            (Self::CODE, Self::HIDDEN) => Self::unauthorized(message),
            (Self::CODE, _) if namespace => Self::unauthorized(message),
            (Self::CODE, _) => Self { code: "unauthorized".into(), ..self },
            _ => self,
        }
    }

    pub(crate) fn shutting_down() -> Self {
        Self::new("shutting_down", "the node is shutting down")
    }

    pub(crate) fn ran_too_long() -> Self {
        Self::new("timeout", "the handler ran for too long")
    }

    /// `{ "error": { "code", "message", "data"? } }`, and the event where no acknowledgement was asked for.
    pub(crate) fn body<'a>(&'a self, event: Option<&'a str>) -> ErrorBody<'a> {
        ErrorBody { error: ErrorFields { code: &self.code, message: &self.message, data: self.data.as_ref() }, event }
    }
}

impl fmt::Debug for EventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventError").field("code", &self.code).field("message", &self.message).finish_non_exhaustive()
    }
}

// `EventError` itself is no `std::error::Error`: that is what lets `?` take all that are.
impl<E: std::error::Error> From<E> for EventError {
    fn from(error: E) -> Self {
        tracing::error!(error = %Chain(&error), "an event handler failed");
        Self::hidden()
    }
}

/// An error with its sources, on one line.
struct Chain<'a>(&'a dyn std::error::Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

#[derive(Serialize)]
pub(crate) struct ErrorBody<'a> {
    error: ErrorFields<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'a str>,
}

#[derive(Serialize)]
struct ErrorFields<'a> {
    code: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Payload>,
}

/// What may stand as `E` in a handler's `Result<T, E>`: an error that is meant for the client.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of an event handler: its text would reach the client",
    label = "may be `&'static str`, `String` or `EventError`",
    note = "return `Result<_, socket_session::EventError>`: `?` turns any `std::error::Error` into it, logs the details and hides them from the client"
)]
pub trait ClientError {
    /// What the client is told.
    fn into_event_error(self) -> EventError;
}

impl ClientError for EventError {
    fn into_event_error(self) -> EventError {
        self
    }
}

impl ClientError for &'static str {
    fn into_event_error(self) -> EventError {
        EventError::new(EventError::CODE, self)
    }
}

impl ClientError for String {
    fn into_event_error(self) -> EventError {
        EventError::new(EventError::CODE, self)
    }
}
