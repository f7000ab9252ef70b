//! A socket of this node, as its connection keeps it: without its adapter, and without keeping it alive.

use std::{
    borrow::Cow,
    sync::{Arc, Weak},
};

use socketioxide::{adapter::Adapter, socket::Socket};

use crate::{
    connection::Connection,
    error::EventError,
    namespace::Rules,
    record::{Fields, Patch},
};

/// A socket of this node, seen without its adapter. It holds no strong reference: that would keep the socket alive.
pub(crate) trait Seat: Send + Sync {
    /// Whether the socket is still there.
    fn is_taken(&self) -> bool;
    /// Whether a guard of its namespace looks at what the patch changes.
    fn looks_at(&self, patch: &Patch) -> bool;
    /// The message of the first guard of its namespace that does not admit it any more.
    fn refuses(&self, fields: &Fields) -> Option<Cow<'static, str>>;
    /// Whether its namespace has a disconnect handler.
    fn wants_last_state(&self) -> bool;
    /// Tells it why, and disconnects it.
    fn expel(&self, message: Cow<'static, str>);
    /// Disconnects it.
    fn disconnect(&self);
    /// Lets it miss what is said to its session.
    fn leave(&self, room: &str);
}

/// A socket of this node.
pub(crate) struct SocketSeat<A: Adapter> {
    pub(crate) socket: Weak<Socket<A>>,
    pub(crate) namespace: Arc<Rules<A>>,
}

impl<A: Adapter> Seat for SocketSeat<A> {
    fn is_taken(&self) -> bool {
        self.socket.strong_count() > 0
    }

    fn looks_at(&self, patch: &Patch) -> bool {
        let mut keys = patch.set.iter().map(|(key, _)| key).chain(&patch.remove);
        self.is_taken() && keys.any(|key| self.namespace.guards.iter().any(|guard| guard.guard.looks_at(key)))
    }

    fn refuses(&self, fields: &Fields) -> Option<Cow<'static, str>> {
        let guards = &self.namespace.guards;
        guards.iter().find(|guard| !guard.guard.looks(fields)).map(|guard| guard.message.clone())
    }

    fn wants_last_state(&self) -> bool {
        self.is_taken() && self.namespace.disconnect.is_some()
    }

    fn expel(&self, message: Cow<'static, str>) {
        let Some(socket) = self.socket.upgrade() else {
            return;
        };
        let error = EventError::unauthorized(message);
        // a hint before the end; the end comes in any case
        let _ = socket.emit("session_error", &(&error.body(None),));
        self.disconnect();
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
