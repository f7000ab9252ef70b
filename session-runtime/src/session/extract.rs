//! `Session<V>` as an extractor: of axum's handlers, and of event handlers.

use std::sync::Arc;

use axum_core::extract::FromRequestParts;
use http::request::Parts;
use socketioxide::{
    adapter::Adapter,
    handler::{FromConnectParts, FromDisconnectParts, FromMessageParts},
    socket::{DisconnectReason, Socket},
};
use socketioxide_core::Value;

use super::{Session, Via};
use crate::{connection::Connection, error::SessionError, requests::RequestScope, view::View};

impl<V: View, S: Sync> FromRequestParts<S> for Session<V> {
    type Rejection = SessionError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, SessionError> {
        match parts.extensions.get::<Arc<RequestScope>>() {
            Some(scope) if scope.has_begun() => {
                scope.core.users.learn(V::USER);
                Ok(Self::new(&scope.core, Via::Request(Arc::clone(scope))))
            }
            _ => Err(SessionError::NoLayer),
        }
    }
}

/// `Session<V>` was asked for on a connection that came past `sessions.layer(…)`.
#[derive(Debug, thiserror::Error)]
#[error("this connection came past `sessions.layer(…)`")]
pub struct NoConnection;

impl<V: View> Session<V> {
    fn of_socket<A: Adapter>(socket: &Socket<A>) -> Result<Self, NoConnection> {
        match socket.req_parts().extensions.get::<Arc<Connection>>() {
            Some(connection) => {
                connection.core.users.learn(V::USER);
                Ok(Self::of_connection(connection))
            }
            None => Err(NoConnection),
        }
    }
}

impl<A: Adapter, V: View> FromMessageParts<A> for Session<V> {
    type Error = NoConnection;

    fn from_message_parts(socket: &Arc<Socket<A>>, _: &mut Value, _: &Option<i64>) -> Result<Self, NoConnection> {
        Self::of_socket(socket)
    }
}

impl<A: Adapter, V: View> FromConnectParts<A> for Session<V> {
    type Error = NoConnection;

    fn from_connect_parts(socket: &Arc<Socket<A>>, _: &Option<Value>) -> Result<Self, NoConnection> {
        Self::of_socket(socket)
    }
}

impl<A: Adapter, V: View> FromDisconnectParts<A> for Session<V> {
    type Error = NoConnection;

    fn from_disconnect_parts(socket: &Arc<Socket<A>>, _: DisconnectReason) -> Result<Self, NoConnection> {
        Self::of_socket(socket)
    }
}
