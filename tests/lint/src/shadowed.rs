//! A module in which every name of the standard prelude means something else.

use socket_session::{guard, on, on_connect, on_disconnect, socket_session};

/// Something else.
#[derive(Debug)]
pub struct Option;
/// Something else.
#[derive(Debug)]
pub struct Result;
/// Something else.
#[derive(Debug)]
pub struct Vec;
/// Something else.
pub trait Send {}
/// Something else.
pub trait Default {}
/// Something else.
pub trait Future {}
/// Something else.
#[expect(non_snake_case, reason = "as the variant of the prelude")]
#[must_use]
pub const fn Ok() -> u8 {
    0
}
/// Something else.
#[expect(non_snake_case, reason = "as the variant of the prelude")]
#[must_use]
pub const fn Some() -> u8 {
    0
}
/// Something else.
pub mod core {}
/// Something else.
pub mod std {}

/// The view.
#[socket_session]
#[derive(Debug)]
pub struct Visit {
    /// How many there were.
    pub count: u32,
}

/// An event.
#[on("a", guard = may)]
pub async fn a(visit: &mut Visit) -> u32 {
    visit.count
}

/// Connecting.
#[on_connect]
pub async fn hello(_visit: &Visit) {}

/// Disconnecting.
#[on_disconnect]
pub async fn bye() {}

/// A guard.
#[guard]
pub async fn may(_visit: &Visit) -> bool {
    true
}
