//! Whom something has reached that was done to a session's sockets.

use std::ops::AddAssign;

use axum_core::response::{IntoResponse, Response};
use http::StatusCode;

/// Whom it has reached that a session was ended, or its sockets were disconnected.
///
/// What it was done for is done in any case: a session that was destroyed is gone, whoever has heard of it. A socket of a
/// node that has not heard finds out with its next event, and at the next check
/// ([`check_every`](crate::Builder::check_every)) at the latest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reached {
    /// How many sockets of this node were told.
    pub sockets: usize,
    /// Whether the message went out to all other nodes: through Socket.IO's adapter, and through the store. `true` where
    /// there are none.
    pub everywhere: bool,
}

impl Reached {
    /// There was nobody to reach.
    pub(crate) const NOBODY: Self = Self { sockets: 0, everywhere: true };
}

impl AddAssign for Reached {
    fn add_assign(&mut self, other: Self) {
        self.sockets += other.sockets;
        self.everywhere &= other.everywhere;
    }
}

/// In axum, 204: nobody has to be told more of a logout.
impl IntoResponse for Reached {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

/// What the client is told before its connection ends: `session_ended`, with the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    Logout,
    Expired,
    Rotated,
    Replaced,
    Demoted,
    ShuttingDown,
}

impl Why {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::Expired => "expired",
            Self::Rotated => "rotated",
            Self::Replaced => "replaced",
            Self::Demoted => "demoted",
            Self::ShuttingDown => "shutting_down",
        }
    }
}
