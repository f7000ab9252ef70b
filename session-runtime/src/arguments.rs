//! All that a handler takes by value, at once: a tuple of extractors.

use socketioxide::adapter::Adapter;

use crate::handler::{ConnectParts, DisconnectParts, EventParts, FromConnect, FromDisconnect, FromEvent, Rejection};

/// What an event handler takes by value.
pub trait EventArgs<A: Adapter>: Sized {
    /// Extracts it, in the order of the parameters.
    fn extract(parts: &mut EventParts<'_, A>) -> Result<Self, Rejection>;
}

/// What a connect handler takes by value.
pub trait ConnectArgs<A: Adapter>: Sized {
    /// Extracts it, in the order of the parameters.
    fn extract(parts: &mut ConnectParts<'_, A>) -> Result<Self, Rejection>;
}

/// What a disconnect handler takes by value.
pub trait DisconnectArgs<A: Adapter>: Sized {
    /// Extracts it, in the order of the parameters.
    fn extract(parts: &mut DisconnectParts<'_, A>) -> Result<Self, Rejection>;
}

macro_rules! arguments {
    ($all:ident: $one:ident::$from:ident($parts:ident) for ($($arg:ident),*)) => {
        impl<A: Adapter, $($arg: $one<A>),*> $all<A> for ($($arg,)*) {
            fn extract(parts: &mut $parts<'_, A>) -> Result<Self, Rejection> {
                let _ = &parts;
                Ok(($($arg::$from(parts)?,)*))
            }
        }
    };
}

macro_rules! up_to {
    ($($arg:ident)*) => {
        arguments!(EventArgs: FromEvent::from_event(EventParts) for ($($arg),*));
        arguments!(ConnectArgs: FromConnect::from_connect(ConnectParts) for ($($arg),*));
        arguments!(DisconnectArgs: FromDisconnect::from_disconnect(DisconnectParts) for ($($arg),*));
        up_to!(@less $($arg)*);
    };
    (@less) => {};
    (@less $first:ident $($arg:ident)*) => {
        up_to!($($arg)*);
    };
}
up_to!(T1 T2 T3 T4 T5 T6 T7 T8 T9 T10 T11 T12 T13 T14 T15 T16);
