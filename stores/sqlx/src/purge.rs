//! What both purges have in common.

use std::time::Duration;

use socket_session::store::{StoreError, USER_END_REMEMBERED};

/// How long what nobody sees any more is kept: this has to be more than clocks differ.
pub(crate) const GRACE: Duration = Duration::from_hours(1);

/// How long a session of a user may be without a record: it joins before that is made.
pub(crate) const JOINING: Duration = Duration::from_mins(1);

/// How long the end of a user's sessions is kept.
pub(crate) const ENDS_STAY: Duration = USER_END_REMEMBERED.saturating_mul(2);

/// How many sessions are deleted in one step, so that nobody waits long for it.
pub(crate) const AT_ONCE: i32 = 1_000;

pub(crate) fn log(purged: Result<u64, StoreError>) {
    match purged {
        Ok(0) => {}
        Ok(sessions) => tracing::debug!(sessions, "what had expired is purged"),
        Err(error) => {
            let source = std::error::Error::source(&error);
            tracing::warn!(%error, source = source.map(tracing::field::display), "what has expired could not be purged");
        }
    }
}
