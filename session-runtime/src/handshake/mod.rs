//! The tower layer: HTTP requests on their way to the application, Socket.IO requests on theirs to socketioxide.
//!
//! * [`service`] tells the two apart; [`parts`] are its layers, each by itself;
//! * [`application`] runs the application in a request scope, and inside the session cookie's manager;
//! * [`sockets`] applies the rules of a handshake: who may connect (`origin`), what a request means (`query`), to which
//!   session it belongs; and opens a transport that can be closed (`transport`).

mod admission;
mod application;
mod body;
mod farewell;
mod origin;
mod parts;
mod query;
mod service;
mod sockets;
mod transport;
mod upgrade;

pub use body::{Body, BoxError};
pub use parts::{CookiesLayer, CookiesService, RequestsLayer, RequestsService, SocketsLayer, SocketsService};
pub use service::{SessionLayer, SessionService};

pub(crate) use admission::{Admissions, Anonymous};
pub(crate) use origin::Origins;

/// What a Socket.IO handshake does for a visitor without a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Handshake {
    /// It looks, and never creates: the connection has no session. The guide's first use case.
    #[default]
    Existing,
    /// It creates a session, before the handshake's response, which carries its cookie: the polling response, or the
    /// `101` of a WebSocket. The guide's second use case.
    ///
    /// Such a session lives for 60 seconds, until a request has brought its cookie back once; and only so many are
    /// created in a second (`created_per_second`).
    Create,
}
