//! The socket whose handler a task runs.

use std::sync::{Arc, OnceLock};

use crate::{namespace::Joined, reached::Why, record::SessionKey, seat::Seat};

tokio::task_local! {
    /// The socket whose handler this task runs.
    pub(super) static CURRENT: Current;
}

/// The socket whose handler runs, so that a handler that ends its own session is answered before it is disconnected.
pub(super) struct Current {
    pub(super) session: Option<SessionKey>,
    /// It holds that session for writing.
    pub(super) holds: bool,
    pub(super) joined: Arc<Joined>,
    pub(super) leaves: OnceLock<Leaves>,
}

/// How a socket leaves once it is answered.
#[derive(Clone, Copy)]
pub(super) enum Leaves {
    Told(Why),
    /// Its session goes on, without it.
    Untold,
}

/// Whether this task holds that session: asking for it again would wait for itself.
pub(crate) fn is_held(key: &SessionKey) -> bool {
    CURRENT.try_with(|current| current.holds && current.session == Some(*key)).unwrap_or(false)
}

/// The socket whose handler runs in this task, if it belongs to that session: it will be disconnected once it is
/// answered, and told why.
pub(crate) fn current_socket(key: &SessionKey, why: Option<Why>) -> Option<Arc<dyn Seat>> {
    CURRENT
        .try_with(|current| {
            (current.session == Some(*key)).then(|| {
                let _ = current.leaves.set(why.map_or(Leaves::Untold, Leaves::Told));
                Arc::clone(&current.joined.seat)
            })
        })
        .ok()
        .flatten()
}
