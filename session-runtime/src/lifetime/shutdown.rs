//! The end of a node: what runs finishes and is saved, what is new is refused, and the clients go to others.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::time::timeout;
use tokio_util::task::{
    TaskTracker,
    task_tracker::{TaskTrackerToken, TrackedFuture},
};

use crate::{connection::Connection, core::Core, reached::Why};

/// For how long transports may take to close: a polling client comes by, or it does not.
const CLOSING: Duration = Duration::from_secs(3);

/// What is open, and whether it is to end.
#[derive(Default)]
pub(crate) struct Shutdown {
    begun: AtomicBool,
    handlers: TaskTracker,
    connections: TaskTracker,
}

impl Shutdown {
    /// Whether what is new is refused.
    pub(crate) fn has_begun(&self) -> bool {
        self.begun.load(Ordering::Relaxed)
    }

    /// Counts a handler, from when its event has come until it is answered.
    pub(crate) fn handling<F: Future>(&self, handler: F) -> TrackedFuture<F> {
        self.handlers.track_future(handler)
    }

    /// Counts a connection, for as long as this is held.
    pub(crate) fn connection(&self) -> TaskTrackerToken {
        self.connections.token()
    }
}

impl Core {
    /// How many handlers still ran when their time was over.
    pub(crate) async fn shut_down(self: &Arc<Self>, within: Duration) -> usize {
        let shutdown = &self.shutdown;
        shutdown.begun.store(true, Ordering::SeqCst);
        shutdown.handlers.close();
        shutdown.connections.close();
        let finished = timeout(within, shutdown.handlers.wait()).await.is_ok();
        let left = if finished { 0 } else { shutdown.handlers.len() };
        if left > 0 {
            tracing::warn!(
                handlers = left,
                "the node shuts down while handlers still run; they are rolled back with it"
            );
        }
        let connections = self.connections.all();
        for connection in &connections {
            connection.say(Why::ShuttingDown, None);
        }
        connections.iter().for_each(Connection::close);
        drop(connections);
        let ended = async {
            shutdown.connections.wait().await;
            if finished {
                // those of the sockets that have just gone
                shutdown.handlers.wait().await;
            }
            self.engine.lets_go().await;
        };
        if timeout(CLOSING, ended).await.is_err() {
            tracing::debug!("some transports did not close, or leases were not given back, in time");
        }
        left
    }
}
