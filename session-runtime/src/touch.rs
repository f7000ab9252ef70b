//! Whether events keep a session alive.

use std::time::Duration;

/// Whether events move the deadline of their session on. What the server sends never does.
///
/// HTTP does so in any case, with each save. A deadline is never moved back by this, and not beyond the absolute limit
/// ([`max_age`](crate::Builder::max_age)), if there is one; and it is moved only where sessions expire on inactivity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Touch {
    /// They do not.
    #[default]
    Never,
    /// Those do that save something.
    OnSave,
    /// All do that come from the client, whether they save or not.
    OnEvent {
        /// But not more often than that, so that a stream of events does not become a stream of writes. What is saved
        /// moves the deadline anyway.
        at_most_every: Duration,
    },
}

impl Touch {
    pub(crate) fn by_events(self) -> bool {
        self != Self::Never
    }
}
