//! What the handlers share, and what the tests can ask of it over HTTP.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use socket_session::{Id, Sessions};
use socketioxide::socket::Sid;

use crate::store::Switches;

/// Shared by all handlers, as axum's state and as socketioxide's.
#[derive(Clone, Default)]
pub(crate) struct App(Arc<Inner>);

#[derive(Default)]
struct Inner {
    sessions: OnceLock<Sessions>,
    ids: Mutex<HashMap<Sid, Id>>,
    notes: Mutex<Vec<String>>,
    switches: Switches,
}

impl App {
    /// The switches of the store.
    pub(crate) fn switches(&self) -> &Switches {
        &self.0.switches
    }

    /// Set once, before the server listens.
    pub(crate) fn set_sessions(&self, sessions: Sessions) {
        self.0.sessions.get_or_init(|| sessions);
    }

    pub(crate) fn sessions(&self) -> Option<&Sessions> {
        self.0.sessions.get()
    }

    /// Keeps the id of a socket's session, for handlers that come to it from outside.
    pub(crate) fn keep_id(&self, socket: Sid, id: Id) {
        self.0.ids.lock().unwrap_or_else(PoisonError::into_inner).insert(socket, id);
    }

    pub(crate) fn id(&self, socket: Sid) -> Option<Id> {
        self.0.ids.lock().unwrap_or_else(PoisonError::into_inner).get(&socket).copied()
    }

    /// Notes that something happened outside of any session.
    pub(crate) fn note(&self, what: impl Into<String>) {
        self.0.notes.lock().unwrap_or_else(PoisonError::into_inner).push(what.into());
    }

    pub(crate) fn notes(&self) -> Vec<String> {
        self.0.notes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
