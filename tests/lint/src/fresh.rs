//! Near `fresh_beside_mut` and `fresh_not_a_time`.

use socket_session::{guard, on, socket_events, socket_session};

/// A view.
#[socket_session]
#[derive(Debug)]
pub struct Visit {
    /// So far.
    pub count: u32,
}

/// With a guard.
#[on("cursor", guard = is_new, fresh = "500ms")]
pub async fn cursor(_visit: &Visit) {}

/// Perhaps without a session.
#[on("maybe", fresh = "1m")]
pub async fn maybe(_visit: Option<&Visit>) {}

/// Only for the guards of its namespace.
#[on("none", fresh = "5 s")]
pub async fn none() {}

/// Asked of what is a moment old, too.
#[guard]
pub async fn is_new(visit: &Visit) -> bool {
    visit.count == 0
}

#[socket_events]
impl Visit {
    /// As a method.
    #[on("moved", fresh = "5s")]
    pub async fn moved(&self) -> u32 {
        self.count
    }
}
