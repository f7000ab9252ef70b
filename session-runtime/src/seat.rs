//! A socket of this node, as its connection keeps it: without its adapter, and without keeping it alive.

use std::sync::{Arc, Weak};

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
    /// Whether the guards of its namespace still admit it.
    fn admits(&self, fields: &Fields) -> bool;
    /// Tells it why, and disconnects it.
    fn expel(&self);
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

    fn admits(&self, fields: &Fields) -> bool {
        self.namespace.guards.iter().all(|guard| guard.guard.looks(fields))
    }

    fn expel(&self) {
        let Some(socket) = self.socket.upgrade() else {
            return;
        };
        let message = self.namespace.guards.first().map_or("".into(), |guard| guard.message.clone());
        let error = EventError::unauthorized(message);
        // a hint before the end; the end comes in any case
        let _ = socket.emit("session_error", &(&error.body(Some("disconnect")),));
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
