//! Near `private_in_a_public_handler`: every visibility, with and without accessors.

use socket_session::{SessionError, Sessions, on, socket_session};

/// Private fields of a public struct: no accessors, so no trait.
#[socket_session]
#[derive(Debug)]
pub struct Closed {
    /// As nobody sees.
    count: u32,
}

/// A private struct and its private handler.
#[socket_session(prefix = "private.")]
#[derive(Debug)]
struct Private {
    /// As visible as the struct.
    count: u32,
    /// More visible.
    total: u32,
}

/// Visible in the crate.
#[socket_session(prefix = "crate.")]
#[derive(Debug)]
pub(crate) struct InCrate {
    /// As visible.
    pub(crate) count: u32,
    /// Less visible.
    total: u32,
}

/// Modules.
mod inner {
    use super::{on, socket_session};

    /// Visible in the module around.
    #[socket_session(prefix = "super.")]
    #[derive(Debug)]
    pub(super) struct InSuper {
        /// As visible.
        pub(super) count: u32,
        /// More visible.
        pub(crate) total: u32,
    }

    /// As visible as its view.
    #[on("super")]
    pub(super) async fn sum(view: &InSuper) -> u32 {
        view.count.wrapping_add(view.total)
    }
}

/// A private handler of a private view.
#[on("private")]
async fn private(view: &mut Private) -> u32 {
    view.count = view.total;
    view.count
}

/// A handler in the crate.
#[on("crate")]
pub(crate) async fn in_crate(view: &InCrate) -> u32 {
    view.count.wrapping_add(view.total)
}

/// A public handler.
#[on("closed")]
pub async fn closed(view: &Closed) -> u32 {
    view.count
}

/// Registered, so that nothing is "never used".
///
/// # Errors
/// As the session says.
pub async fn register(sessions: &Sessions, plain: &tower_sessions::Session) -> Result<u32, SessionError> {
    drop(sessions.namespace().on::<private>().on::<in_crate>().on::<inner::sum>().on::<closed>());
    plain.set_total(1).await?;
    PrivateFields::count(plain).await
}
