//! What the tests keep in a session, as several views of one record.

use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::Error as _};
use socket_session::socket_session;

/// The main view.
#[socket_session]
pub(crate) struct Visit {
    pub(crate) authenticated: bool,
    pub(crate) count: u32,
    /// What the handlers did, in the order in which they did it.
    pub(crate) trail: Vec<u32>,
    /// Written by plain HTTP visits alone.
    pub(crate) visits: u32,
}

/// A second view of the same record.
#[socket_session(prefix = "cart.")]
pub(crate) struct Cart {
    pub(crate) items: Vec<String>,
}

/// How often a socket of the session has connected.
#[socket_session]
pub(crate) struct Arrivals {
    pub(crate) arrivals: u32,
}

/// A view with a field that sometimes cannot be written.
#[socket_session]
pub(crate) struct Odd {
    pub(crate) odd: Sometimes,
}

/// `true` cannot be serialized.
#[derive(Default, Clone, Copy)]
pub(crate) struct Sometimes(pub(crate) bool);

impl Serialize for Sometimes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 { Err(S::Error::custom("not this one")) } else { serializer.serialize_bool(false) }
    }
}

impl<'de> Deserialize<'de> for Sometimes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        bool::deserialize(deserializer).map(Self)
    }
}
