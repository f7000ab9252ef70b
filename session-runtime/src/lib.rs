//! The runtime of `socket-session`: use it through that crate.
//!
//! An event walks one way: `handshake` → `namespace` → `event` → `engine` → [`store`] → `engine` → `reply`.

mod about;
mod accessor;
mod after;
mod arguments;
mod block;
mod burst;
mod claims;
mod clock;
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
mod hangup;
#[cfg(feature = "inspector")]
mod inspector;
mod leaving;
mod lifetime;
mod listening;
mod metering;
mod migrate;
mod namespace;
mod payload;
#[doc(hidden)]
pub mod private;
mod reached;
mod record;
mod reply;
mod requests;
mod seat;
mod server_event;
mod session;
mod sessions;
mod shared;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;
mod touch;
#[cfg(feature = "ts")]
#[doc(hidden)]
pub mod typescript;
#[cfg(not(feature = "ts"))]
mod untyped;
mod users;
mod view;
mod within;

pub use after::AfterSave;
pub use connection::Close;
pub use error::{ClientError, Corrupt, EventError, SessionError, Unserializable};
pub use field::Field;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub use handshake::properties;
pub use handshake::{
    Body, BoxError, CookiesLayer, CookiesService, Handshake, RequestsLayer, RequestsService, SessionLayer,
    SessionService, SocketsLayer, SocketsService,
};
pub use namespace::{Guarded, Namespace};
pub use reached::Reached;
pub use record::{Id, SessionKey};
pub use server_event::ServerEvent;
pub use session::Session;
pub use sessions::{Builder, Sessions};
pub use shared::SharedStore;
pub use store::{MemoryStore, Plain};
pub use touch::Touch;
/// The version of tower-sessions that this library is made with, for its `Session`, `Expiry` and cookie types.
pub use tower_sessions;
pub use tower_sessions::Expiry;
/// The version of ts-rs that this library is made with, for its `TS`.
#[cfg(feature = "ts")]
pub use ts_rs;
#[cfg(feature = "ts")]
#[doc(inline)]
pub use typescript::NameClash;
pub use users::{Listed, User};
pub use view::View;
