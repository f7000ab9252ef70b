//! Near `crate_not_absolute`: the library under another name.

/// What a framework around the library would have.
pub mod framework {
    pub use socket_session as sessions;
}

use framework::sessions::{guard, on, on_connect, on_disconnect, on_fallback, socket_session};

/// From the root of this crate.
#[socket_session(prefix = "a.", crate = crate::other_path::framework::sessions)]
#[derive(Debug)]
pub struct Visit {
    /// How many there were.
    pub count: u32,
}

/// From the root of all crates.
#[socket_session(crate = ::socket_session)]
#[derive(Debug)]
pub struct Cart {
    /// How many there are.
    pub items: u32,
}

/// An event.
#[on("a", guard = may, crate = crate::other_path::framework::sessions)]
pub async fn a(_visit: &mut Visit) {}

/// Connecting.
#[on_connect(crate = crate::other_path::framework::sessions)]
pub async fn b(_visit: &mut Visit) {}

/// Disconnecting.
#[on_disconnect(crate = crate::other_path::framework::sessions)]
pub async fn c(_visit: Option<&Visit>) {}

/// The rest.
#[on_fallback(crate = ::socket_session)]
pub async fn d(_cart: &Cart) {}

/// A guard.
#[guard(crate = crate::other_path::framework::sessions)]
pub async fn may(_visit: &Visit) -> bool {
    true
}
