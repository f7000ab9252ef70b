//! This node's clock, by which the deadlines of sessions are judged.

use time::OffsetDateTime;

/// What time it is.
pub(crate) fn now() -> OffsetDateTime {
    let now = OffsetDateTime::now_utc();
    #[cfg(feature = "testing")]
    let now = now.saturating_add(crate::testing::ahead());
    now
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
