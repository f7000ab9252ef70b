//! Keeps a socket's handlers waiting until the socket is connected.
//!
//! socketioxide sends the packet that says so before it marks the socket as connected. A client is quick enough to have
//! an event handled in between; what its handler then sent would go nowhere.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use tokio::{sync::Notify, time::timeout};

/// For how long an event waits for its socket: the moment between two lines of socketioxide.
const MOMENT: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
pub(crate) struct Gate {
    open: AtomicBool,
    opened: Notify,
}

impl Gate {
    /// The socket is connected.
    pub(crate) fn open(&self) {
        self.open.store(true, Ordering::SeqCst);
        self.opened.notify_waiters();
    }

    /// Whether it is.
    pub(crate) fn is_open(&self) -> bool {
        self.open.load(Ordering::SeqCst)
    }

    /// Waits until it is.
    pub(crate) async fn pass(&self) {
        if self.is_open() {
            return;
        }
        // asked for before the second look, so that an opening in between is not missed
        let opened = self.opened.notified();
        if !self.open.load(Ordering::SeqCst) {
            let _ = timeout(MOMENT, opened).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_came_early_waits_until_it_is_open() {
        let gate = Arc::new(Gate::default());
        let early = tokio::spawn({
            let gate = Arc::clone(&gate);
            async move { gate.pass().await }
        });
        tokio::task::yield_now().await;
        assert!(!early.is_finished());
        gate.open();
        early.await.unwrap();
        gate.pass().await;
    }
}
