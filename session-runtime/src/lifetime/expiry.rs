//! Closes the transports of a session when it expires: those of sockets that only listen, too.
//!
//! One timer for all sessions with connections, one entry for each. When an entry is due the store is asked once: a
//! deadline that was moved meanwhile, by whatever node, is a new entry; a session that is gone is closed. Nothing else
//! is asked of the store for an idle connection.

use std::{
    collections::HashSet,
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

use futures_util::StreamExt as _;
use time::OffsetDateTime;
use tokio::sync::mpsc;
use tokio_util::time::DelayQueue;

use crate::{connection::Close, core::Core, record::SessionKey};

/// The timer looks at a deadline that is further away than this before it has come.
const FAR: Duration = Duration::from_hours(24);
/// After how long a store that failed is asked again.
const AGAIN: Duration = Duration::from_secs(5);
/// A session lives until its deadline; this is after it.
const AFTER: Duration = Duration::from_millis(5);

/// The way to the timer.
#[derive(Default)]
pub(crate) struct Expiring(OnceLock<mpsc::UnboundedSender<(SessionKey, OffsetDateTime)>>);

impl Expiring {
    /// Watches a session that has got a connection. The first call starts the timer, and has to be in a runtime.
    pub(crate) fn watch(&self, core: &Arc<Core>, key: SessionKey, deadline: OffsetDateTime) {
        let timer = self.0.get_or_init(|| {
            let (sender, receiver) = mpsc::unbounded_channel();
            tokio::spawn(run(Arc::downgrade(core), receiver));
            sender
        });
        // the timer ends with the sessions, and then there is nothing to watch
        let _ = timer.send((key, deadline));
    }
}

fn until(deadline: OffsetDateTime) -> Duration {
    Duration::try_from(deadline - OffsetDateTime::now_utc()).unwrap_or_default().saturating_add(AFTER).min(FAR)
}

async fn run(core: Weak<Core>, mut new: mpsc::UnboundedReceiver<(SessionKey, OffsetDateTime)>) {
    let mut due = DelayQueue::new();
    let mut watched = HashSet::new();
    loop {
        tokio::select! {
            session = new.recv() => match session {
                Some((key, deadline)) => {
                    if watched.insert(key) {
                        due.insert(key, until(deadline));
                    }
                }
                None => return,
            },
            Some(expired) = due.next() => {
                let key = expired.into_inner();
                let Some(core) = core.upgrade() else {
                    return;
                };
                match look(&core, key).await {
                    Some(pause) => {
                        due.insert(key, pause);
                    }
                    None => {
                        watched.remove(&key);
                    }
                }
            }
        }
    }
}

/// Whether the session has expired; if it has not, after how long to look again.
async fn look(core: &Arc<Core>, key: SessionKey) -> Option<Duration> {
    if core.connections.count(&key) == 0 {
        return None;
    }
    match core.load(&key).await {
        Ok(Some(record)) => Some(until(record.deadline)),
        Ok(None) => {
            core.ended(key, None);
            let _ = core.disconnect(key, Close::Reconnect).await;
            None
        }
        Err(_) => Some(AGAIN),
    }
}
