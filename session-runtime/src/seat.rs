//! A socket of this node, as its connection keeps it: without its adapter, and without keeping it alive.

use std::{
    borrow::Cow,
    sync::{Arc, Weak},
};

use serde::Serialize;
use socketioxide::{adapter::Adapter, socket::Socket};
use socketioxide_core::Value;
use tokio::time::timeout;

use crate::{
    connection::Connection,
    core::BoxFuture,
    error::EventError,
    event::guarded,
    handler::ConnectParts,
    metering,
    namespace::Rules,
    reached::Why,
    record::{Fields, Patch},
};

/// A socket of this node, seen without its adapter. It holds no strong reference: that would keep the socket alive.
pub(crate) trait Seat: Send + Sync {
    /// Whether the socket is still there.
    fn is_taken(&self) -> bool;
    /// Whether the socket is connected.
    fn is_connected(&self) -> bool;
    /// Whether a guard of its namespace looks at what the patch changes.
    fn looks_at(&self, patch: &Patch) -> bool;
    /// The message of the first guard of its namespace that does not admit it any more.
    fn refuses<'a>(&'a self, fields: &'a Fields) -> BoxFuture<'a, Option<Cow<'static, str>>>;
    /// Whether its namespace has a disconnect handler.
    fn wants_last_state(&self) -> bool;
    /// What the inspector shows of it, while it is connected.
    #[cfg(feature = "inspector")]
    fn seen(&self) -> Option<crate::inspector::Socket>;
    /// Tells it why, and disconnects it.
    fn expel(&self, message: Cow<'static, str>);
    /// Tells it why it is about to be disconnected.
    fn say(&self, why: Why);
    /// Disconnects it.
    fn disconnect(&self);
    /// Lets it miss what is said to its session.
    fn leave(&self, room: &str);
}

/// A socket of this node.
pub(crate) struct SocketSeat<A: Adapter> {
    pub(crate) socket: Weak<Socket<A>>,
    pub(crate) namespace: Arc<Rules<A>>,
    /// What it has shown at connecting, where a guard may ask for it again: seldom, so it is not kept here.
    pub(crate) auth: Option<Box<Option<Value>>>,
}

/// What `session_ended` carries.
#[derive(Serialize)]
struct Ended {
    reason: &'static str,
}

impl<A: Adapter> Seat for SocketSeat<A> {
    fn is_taken(&self) -> bool {
        self.socket.strong_count() > 0
    }

    fn is_connected(&self) -> bool {
        self.socket.upgrade().is_some_and(|socket| socket.connected())
    }

    fn looks_at(&self, patch: &Patch) -> bool {
        let mut keys = patch.keys();
        self.is_taken() && keys.any(|key| self.namespace.guards.iter().any(|guard| guard.guard.looks_at(key)))
    }

    fn refuses<'a>(&'a self, fields: &'a Fields) -> BoxFuture<'a, Option<Cow<'static, str>>> {
        Box::pin(async move {
            let socket = self.socket.upgrade()?;
            let connection = socket.req_parts().extensions.get::<Arc<Connection>>().cloned()?;
            for guard in &self.namespace.guards {
                let mut parts = ConnectParts { socket: &socket, auth: self.auth.as_deref().unwrap_or(&None) };
                // an extractor that fails now, and did not before, is a no
                let admits = match guard.guard.at_connect(&mut parts) {
                    Ok(asked) => {
                        let asking = timeout(connection.core.engine.limits.handler, guarded(asked, Some(fields)));
                        matches!(asking.await, Ok(Ok(true)))
                    }
                    Err(_) => false,
                };
                if !admits {
                    return Some(guard.message.clone());
                }
            }
            None
        })
    }

    fn wants_last_state(&self) -> bool {
        self.is_taken() && self.namespace.disconnect.is_some()
    }

    #[cfg(feature = "inspector")]
    fn seen(&self) -> Option<crate::inspector::Socket> {
        let socket = self.socket.upgrade().filter(|socket| socket.connected())?;
        let transport = match socket.transport_type() {
            socketioxide::TransportType::Polling => "polling",
            socketioxide::TransportType::Websocket => "websocket",
        };
        Some(crate::inspector::Socket { namespace: socket.ns().to_owned(), transport })
    }

    fn expel(&self, message: Cow<'static, str>) {
        let Some(socket) = self.socket.upgrade() else {
            return;
        };
        let error = EventError::unauthorized(message);
        // a hint before the end; the end comes in any case
        let _ = socket.emit("session_error", &(&error.body(None),));
        self.say(Why::Demoted);
        self.disconnect();
    }

    fn say(&self, why: Why) {
        if let Some(socket) = self.socket.upgrade().filter(|socket| socket.connected()) {
            metering::told(why);
            // a hint before the end; the end comes in any case
            let _ = socket.emit("session_ended", &(&Ended { reason: why.as_str() },));
        }
    }

    fn disconnect(&self) {
        let Some(socket) = self.socket.upgrade() else {
            return;
        };
        let connection = socket.req_parts().extensions.get::<Arc<Connection>>().cloned();
        // a client that does not read cannot be told: its transport is closed, so that it is out all the same
        if socket.connected()
            && socket.disconnect().is_err()
            && let Some(connection) = connection
        {
            connection.close();
        }
    }

    fn leave(&self, room: &str) {
        if let Some(socket) = self.socket.upgrade() {
            socket.leave(room.to_owned());
        }
    }
}
