//! What this application keeps in a session.

use serde::Serialize;
use socket_session::socket_session;
use ts_rs::TS;

/// The view that every handler here takes: each field is one key of the session's record.
#[socket_session]
#[derive(Serialize, TS)]
pub(crate) struct Visit {
    pub(crate) authenticated: bool,
    pub(crate) count: u32,
}

impl Visit {
    /// Counts up and returns the new count.
    pub(crate) fn add(&mut self, by: u32) -> Result<u32, &'static str> {
        self.count = self.count.checked_add(by).ok_or("the count is full")?;
        Ok(self.count)
    }
}
