//! What generated code names. Not for people: it changes without notice.

pub use serde::Serialize;
pub use serde_json::Value;
pub use socketioxide::adapter::{Adapter, LocalAdapter};
pub use tower_sessions;

#[cfg(feature = "ts")]
pub use crate::typescript;
pub use crate::{
    __socket_session_typescript as typescript, __socket_session_typescript_event as typescript_event,
    server_event::ServerEvent,
};

pub use crate::{
    accessor::{get_field, plain_get_field, plain_set_field, set_field},
    arguments::{ConnectArgs, DisconnectArgs, EventArgs},
    block::{Events, Named, assert_events_differ},
    error::{ClientError, Corrupt, SessionError, Unserializable},
    field::{Defaulted, Field, Key, key},
    guard::{Asks, EventGuard, GuardKind, Takes, Unknown, event_guard, plain_guard},
    handler::{
        Connect, ConnectParts, Disconnect, DisconnectParts, Event, EventParts, Fallback, FromConnect, FromDisconnect,
        FromEvent, Guard, Handler, Rejection,
    },
    migrate::{Migrates, migrate},
    namespace::Namespace,
    record::Fields,
    reply::{Acknowledge, Allowed, Outcome, Plain, Returned, Verdict},
    session::Session,
    view::{Dump, Maybe, Read, Slot, View, ViewParam, Views, Write, assert_disjoint},
};

/// What a handler's own type parameter must be. Only there to say so in few words.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an adapter, as the type parameter of a handler must be",
    label = "not an adapter",
    note = "write `<{Self}: Adapter>`, from `socketioxide::adapter::Adapter`; data has types of its own, such as `Data<u32>`"
)]
pub trait IsAdapter {}

#[diagnostic::do_not_recommend]
impl<A: Adapter> IsAdapter for A {}

/// Checks a handler's own type parameter.
pub const fn assert_adapter<A: IsAdapter>() {}

/// Checks a by-value parameter of an event handler.
pub const fn assert_event_arg<T: FromEvent<LocalAdapter> + Send + 'static>() {}

/// Checks a by-value parameter of a connect handler.
pub const fn assert_connect_arg<T: FromConnect<LocalAdapter> + Send + 'static>() {}

/// Checks a by-value parameter of a disconnect handler.
pub const fn assert_disconnect_arg<T: FromDisconnect<LocalAdapter> + Send + 'static>() {}
