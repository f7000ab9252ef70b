//! This node's clock, by which the deadlines of sessions are judged.

use std::{cell::Cell, time::Duration};

use time::OffsetDateTime;
use tokio::time::Instant;

/// What time it is.
pub(crate) fn now() -> OffsetDateTime {
    ahead(OffsetDateTime::now_utc())
}

fn ahead(now: OffsetDateTime) -> OffsetDateTime {
    #[cfg(feature = "testing")]
    let now = now.saturating_add(crate::testing::ahead());
    now
}

/// For how long the time is good enough for those who are in a hurry.
const RECENT: Duration = Duration::from_millis(1);

thread_local! {
    /// When this thread has last looked, and what time it was then.
    static LOOKED: Cell<Option<(Instant, OffsetDateTime)>> = const { Cell::new(None) };
}

/// What time it is, or was at most a millisecond ago; `instant` is now.
///
/// Looking costs more than a store in memory needs for the rest.
pub(crate) fn recent(instant: Instant) -> OffsetDateTime {
    ahead(looked(instant))
}

fn looked(instant: Instant) -> OffsetDateTime {
    let looked = LOOKED.get().filter(|(at, _)| {
        // in tests, a thread has several clocks
        instant.checked_duration_since(*at).is_some_and(|ago| ago < RECENT)
    });
    let (_, time) = looked.unwrap_or_else(|| {
        let looked = (instant, OffsetDateTime::now_utc());
        LOOKED.set(Some(looked));
        looked
    });
    time
}

/// When what a plain session saves now will expire.
pub(crate) fn deadline(session: &tower_sessions::Session) -> OffsetDateTime {
    let deadline = session.expiry_date();
    #[cfg(feature = "testing")]
    let deadline = match session.expiry() {
        Some(tower_sessions::Expiry::AtDateTime(_)) => deadline,
        // counted from the clock of the machine
        _ => deadline.saturating_add(crate::testing::ahead()),
    };
    deadline
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_recent_is_looked_up_again() {
        let at = Instant::now();
        let first = looked(at);
        std::thread::sleep(2 * RECENT);
        assert_eq!(looked(at + RECENT / 2), first);
        let second = looked(at + RECENT);
        assert!(second >= first + 2 * RECENT);
        std::thread::sleep(RECENT);
        assert!(looked(at) > second, "of another clock nothing is known");
    }
}
