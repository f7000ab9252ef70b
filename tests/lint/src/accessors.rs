//! Near `accessor_of_another_field`: names that only look like a setter's, and callers that need `Send`.

use socket_session::{Session, SessionError, socket_session};

/// `set_count` is less visible than the struct, so it has no accessor that could clash.
#[socket_session]
#[derive(Debug)]
pub struct Visit {
    /// How many there were.
    pub count: u32,
    /// A set of counts.
    pub counts_set: Vec<u32>,
    /// Whether the count is set.
    set_count: bool,
    /// As the session's own method is named.
    pub id: Option<u64>,
}

/// Reads through either kind of session.
///
/// # Errors
/// As the session says.
pub async fn doubled<S: VisitFields + Sync>(session: &S) -> Result<u32, SessionError> {
    session.set_count(session.count().await?.saturating_mul(2)).await?;
    session.count().await
}

/// What a generic caller returns is `Send`.
pub fn is_send(session: &tower_sessions::Session) -> impl Future<Output = Result<u32, SessionError>> + Send + '_ {
    doubled(session)
}

/// Inherent methods win, the trait's name decides.
///
/// # Errors
/// As the session says.
pub async fn number(session: &Session<Visit>) -> Result<Option<u64>, SessionError> {
    VisitFields::id(session).await
}

impl Visit {
    /// The private one.
    #[must_use]
    pub const fn is_set(&self) -> bool {
        self.set_count
    }
}
