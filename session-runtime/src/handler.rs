//! What the handler attributes implement, and what a handler's parameters are made of.

use std::{future::Future, sync::Arc, time::Duration};

use socketioxide::{
    adapter::{Adapter, LocalAdapter},
    handler::{FromConnectParts, FromDisconnectParts, FromMessageParts},
    socket::{DisconnectReason, Socket},
};
use socketioxide_core::Value;

use crate::{
    arguments::{ConnectArgs, DisconnectArgs, EventArgs},
    error::EventError,
    guard::EventGuard,
    reply::{Outcome, Verdict},
    view::Views,
};

/// An async function with its views and extractors taken apart.
///
/// The views go in and come out: no lifetime, no box, and a timeout or a panic just drops what did not come out.
pub trait Handler<A: Adapter>: Send + Sync + 'static {
    /// Its `&V`, `&mut V` and `Option<&V>`.
    type Views: Views;
    /// What it takes by value.
    type Args: Send + 'static;
    /// What it comes to.
    type Output: Send;

    /// Runs it.
    fn run(views: Self::Views, args: Self::Args) -> impl Future<Output = (Self::Views, Self::Output)> + Send;
}

/// Made by `#[on("event")]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event handler",
    label = "not under `#[on(\"…\")]`",
    note = "put `#[on(\"the event\")]` on `async fn {Self}`; connect, disconnect and fallback handlers have methods of their own"
)]
pub trait Event<A: Adapter>: Handler<A, Output = Outcome, Args: EventArgs<A>> {
    /// The event's name.
    const NAME: &'static str;

    /// How old the session may be that it sees.
    const FRESH: Option<Duration> = None;

    /// Extracts what the handler takes by value.
    fn args(parts: &mut EventParts<'_, A>) -> Result<Self::Args, Rejection> {
        EventArgs::extract(parts)
    }

    /// What it is in TypeScript.
    #[cfg(feature = "ts")]
    #[doc(hidden)]
    fn signature(types: &mut crate::typescript::Types) -> crate::typescript::Signature;

    /// The event's own guard.
    fn guard() -> Option<EventGuard<A>> {
        None
    }
}

/// Made by `#[on_fallback]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a fallback handler",
    label = "not under `#[on_fallback]`",
    note = "put `#[on_fallback]` on `async fn {Self}`"
)]
pub trait Fallback<A: Adapter>: Handler<A, Output = Outcome, Args: EventArgs<A>> {
    /// Extracts what the handler takes by value.
    fn args(parts: &mut EventParts<'_, A>) -> Result<Self::Args, Rejection> {
        EventArgs::extract(parts)
    }
}

/// Made by `#[on_connect]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a connect handler",
    label = "not under `#[on_connect]`",
    note = "put `#[on_connect]` on `async fn {Self}`"
)]
pub trait Connect<A: Adapter>: Handler<A, Output = Outcome, Args: ConnectArgs<A>> {
    /// Extracts what the handler takes by value.
    fn args(parts: &mut ConnectParts<'_, A>) -> Result<Self::Args, Rejection> {
        ConnectArgs::extract(parts)
    }
}

/// Made by `#[on_disconnect]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a disconnect handler",
    label = "not under `#[on_disconnect]`",
    note = "put `#[on_disconnect]` on `async fn {Self}`"
)]
pub trait Disconnect<A: Adapter>: Handler<A, Output = Outcome, Args: DisconnectArgs<A>> {
    /// Extracts what the handler takes by value.
    fn args(parts: &mut DisconnectParts<'_, A>) -> Result<Self::Args, Rejection> {
        DisconnectArgs::extract(parts)
    }
}

/// Made by `#[guard]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a guard",
    label = "not under `#[guard]`",
    note = "put `#[guard]` on `async fn {Self}`, or give a plain `fn(&View) -> bool` to `.guard(message, …)`"
)]
pub trait Guard<A: Adapter>: Handler<A, Output = Verdict, Args: EventArgs<A> + ConnectArgs<A>> {
    /// Extracts what the guard takes by value, before an event.
    fn args(parts: &mut EventParts<'_, A>) -> Result<Self::Args, Rejection> {
        EventArgs::extract(parts)
    }
    /// The same, when a socket connects.
    fn connect_args(parts: &mut ConnectParts<'_, A>) -> Result<Self::Args, Rejection> {
        ConnectArgs::extract(parts)
    }
}

/// What an event consists of.
pub struct EventParts<'a, A: Adapter = LocalAdapter> {
    pub(crate) socket: &'a Arc<Socket<A>>,
    pub(crate) value: &'a mut Value,
    pub(crate) ack: Option<i64>,
}

/// What there is when a socket connects.
pub struct ConnectParts<'a, A: Adapter = LocalAdapter> {
    pub(crate) socket: &'a Arc<Socket<A>>,
    pub(crate) auth: &'a Option<Value>,
}

/// What there is when a socket disconnects.
pub struct DisconnectParts<'a, A: Adapter = LocalAdapter> {
    pub(crate) socket: &'a Arc<Socket<A>>,
    pub(crate) reason: DisconnectReason,
}

macro_rules! opaque {
    ($($parts:ident),*) => {$(
        impl<A: Adapter> std::fmt::Debug for $parts<'_, A> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($parts)).finish_non_exhaustive()
            }
        }
    )*};
}
opaque!(EventParts, ConnectParts, DisconnectParts);

/// An extractor failed.
#[derive(Debug)]
pub struct Rejection {
    /// What it said it had expected.
    pub(crate) expected: String,
    /// Not the client's mistake, but the application's: `State` that nobody has registered.
    pub(crate) ours: bool,
}

impl Rejection {
    fn new<E: std::error::Error>(error: E) -> Self {
        // socketioxide's own `…NotFound` errors, which are generic; what is wrong with a payload is its parser's to say
        let ours = std::any::type_name::<E>().starts_with("socketioxide::extract::");
        Self { expected: error.to_string(), ours }
    }

    /// What the client is told.
    pub(crate) fn into_error(self) -> EventError {
        if self.ours {
            tracing::error!(error = %self.expected, "a handler cannot run");
            EventError::hidden()
        } else {
            tracing::debug!(expected = %self.expected, "a payload was refused");
            EventError::new("invalid_payload", self.expected)
        }
    }
}

/// What an event handler can take by value: socketioxide's message extractors, `AfterSave`, `Session<V>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of an event handler",
    label = "not an extractor of events",
    note = "what the client sent is taken as `Data<T>`, where `T` has `#[derive(serde::Deserialize)]`",
    note = "application state is taken as `socketioxide::extract::State<T>` (not axum's), where `T` is `Clone`",
    note = "if `{Self}` is a session struct, take it by reference: `&{Self}` or `&mut {Self}`"
)]
pub trait FromEvent<A: Adapter>: Sized {
    /// Extracts it.
    fn from_event(parts: &mut EventParts<'_, A>) -> Result<Self, Rejection>;
}

#[diagnostic::do_not_recommend]
impl<A: Adapter, T: FromMessageParts<A>> FromEvent<A> for T {
    fn from_event(parts: &mut EventParts<'_, A>) -> Result<Self, Rejection> {
        T::from_message_parts(parts.socket, parts.value, &parts.ack).map_err(Rejection::new)
    }
}

/// What a connect handler can take by value: socketioxide's connect extractors, `AfterSave`, `Session<V>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of a connect handler or a guard",
    label = "not an extractor while connecting",
    note = "the client's `auth` is taken as `Data<T>`, where `T` has `#[derive(serde::Deserialize)]`",
    note = "application state is taken as `socketioxide::extract::State<T>` (not axum's), where `T` is `Clone`",
    note = "if `{Self}` is a session struct, take it by reference: `&{Self}` or `&mut {Self}`",
    note = "a guard is asked while connecting too, so it can take only what there is then"
)]
pub trait FromConnect<A: Adapter>: Sized {
    /// Extracts it.
    fn from_connect(parts: &mut ConnectParts<'_, A>) -> Result<Self, Rejection>;
}

#[diagnostic::do_not_recommend]
impl<A: Adapter, T: FromConnectParts<A>> FromConnect<A> for T {
    fn from_connect(parts: &mut ConnectParts<'_, A>) -> Result<Self, Rejection> {
        T::from_connect_parts(parts.socket, parts.auth).map_err(Rejection::new)
    }
}

/// What a disconnect handler can take by value: socketioxide's disconnect extractors, `Session<V>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of a disconnect handler",
    label = "not an extractor while disconnecting",
    note = "the last state of a session struct is taken as `Option<&{Self}>`; why it disconnects, as `DisconnectReason`",
    note = "application state is taken as `socketioxide::extract::State<T>` (not axum's), where `T` is `Clone`"
)]
pub trait FromDisconnect<A: Adapter>: Sized {
    /// Extracts it.
    fn from_disconnect(parts: &mut DisconnectParts<'_, A>) -> Result<Self, Rejection>;
}

#[diagnostic::do_not_recommend]
impl<A: Adapter, T: FromDisconnectParts<A>> FromDisconnect<A> for T {
    fn from_disconnect(parts: &mut DisconnectParts<'_, A>) -> Result<Self, Rejection> {
        T::from_disconnect_parts(parts.socket, parts.reason).map_err(Rejection::new)
    }
}
