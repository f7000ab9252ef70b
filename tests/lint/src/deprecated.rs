//! What is deprecated is so for its users, not for generated code.

use socket_session::{on, socket_session};

/// Old and new.
#[socket_session]
#[derive(Debug)]
pub struct Visit {
    /// The new one.
    pub kind: u8,
    /// The old one.
    #[deprecated = "use `kind`"]
    pub sort: u8,
}

/// An event that nobody should send any more.
#[deprecated = "use `kind`"]
#[on("sort")]
pub async fn sort(visit: &Visit) -> u8 {
    visit.kind
}

/// The same with the attributes the other way round.
#[on("old sort")]
#[deprecated = "use `kind`"]
pub async fn old_sort(visit: &Visit) -> u8 {
    visit.kind
}
