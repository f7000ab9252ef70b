//! The runtime of `socket-session`: use it through that crate.
//!
//! An event walks one way: `handshake` → `namespace` → `event` → `engine` → [`store`] → `engine` → `reply`.

mod accessor;
mod after;
mod block;
mod claims;
#[cfg(feature = "conformance")]
pub mod conformance;
mod connection;
mod constant;
mod cookies;
mod core;
mod engine;
mod error;
mod event;
mod field;
mod gate;
mod guard;
mod handler;
mod handshake;
mod leaving;
mod lifetime;
mod listening;
mod migrate;
mod namespace;
mod payload;
#[doc(hidden)]
pub mod private;
mod record;
mod reply;
mod requests;
mod seat;
mod session;
mod sessions;
mod shared;
pub mod store;
mod view;

pub use after::AfterSave;
pub use connection::Close;
pub use error::{ClientError, Corrupt, EventError, SessionError, Unserializable};
pub use field::Field;
pub use handshake::{
    Body, BoxError, CookiesLayer, CookiesService, Handshake, RequestsLayer, RequestsService, SessionLayer,
    SessionService, SocketsLayer, SocketsService,
};
pub use namespace::{Guarded, Namespace};
pub use record::{Id, SessionKey};
pub use session::Session;
pub use sessions::{Builder, Sessions};
pub use shared::SharedStore;
pub use store::{MemoryStore, Plain};
/// The version of tower-sessions that this library is made with, for its `Session`, `Expiry` and cookie types.
pub use tower_sessions;
pub use tower_sessions::Expiry;
pub use view::View;
