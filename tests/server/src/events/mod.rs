//! The event handlers, by what they are there to show.

#![expect(clippy::unused_async, reason = "event handlers are async, whatever they do")]

pub(crate) mod failing;
pub(crate) mod guarded;
pub(crate) mod handles;
pub(crate) mod hooks;
pub(crate) mod plain;

use std::time::Duration;

/// Waits as long as the client asked.
async fn wait(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}
