//! Closes the transports of a session when it expires: those of sockets that only listen, too.
//!
//! One timer for all sessions with connections, one entry for each. When an entry is due the store is asked once: a
//! deadline that was moved meanwhile, by whatever node, is a new entry; a session that is gone is closed. Besides this,
//! and [`existence`](super::existence), nothing is asked of the store for an idle connection.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

use futures_util::StreamExt as _;
use time::OffsetDateTime;
use tokio::sync::mpsc;
use tokio_util::time::{DelayQueue, delay_queue};

use crate::{connection::Close, core::Core, reached::Why, record::SessionKey, store::Ending};

/// How often it is seen that a session has no connections any more, and need not be watched.
const FAR: Duration = Duration::from_mins(10);
/// After how long a store that failed is asked again.
const AGAIN: Duration = Duration::from_secs(5);
/// A session lives until its deadline; this is after it.
const AFTER: Duration = Duration::from_millis(5);

/// The way to the timer.
#[derive(Default)]
pub(crate) struct Expiring(OnceLock<mpsc::UnboundedSender<News>>);

enum News {
    Deadline(SessionKey, OffsetDateTime),
    Gone(SessionKey),
}

impl Expiring {
    /// Watches a session that has got a connection, or whose deadline was moved back. The first call starts the timer, and has to be in a runtime.
    pub(crate) fn watch(&self, core: &Arc<Core>, key: SessionKey, deadline: OffsetDateTime) {
        let timer = self.0.get_or_init(|| {
            let (sender, receiver) = mpsc::unbounded_channel();
            tokio::spawn(run(Arc::downgrade(core), receiver));
            sender
        });
        // the timer ends with the sessions, and then there is nothing to watch
        let _ = timer.send(News::Deadline(key, deadline));
    }

    /// The store does not know the session any more: it has expired, or somebody has deleted it. That depends on the
    /// deadline as it is known here; one that another node has moved back is not.
    pub(crate) fn gone(&self, key: SessionKey) {
        if let Some(timer) = self.0.get() {
            let _ = timer.send(News::Gone(key));
        }
    }
}

fn until(deadline: OffsetDateTime) -> Duration {
    Duration::try_from(deadline - crate::clock::now()).unwrap_or_default().saturating_add(AFTER).min(FAR)
}

struct Entry {
    due: delay_queue::Key,
    deadline: OffsetDateTime,
}

async fn run(core: Weak<Core>, mut news: mpsc::UnboundedReceiver<News>) {
    let mut due = DelayQueue::new();
    let mut watched: HashMap<SessionKey, Entry> = HashMap::new();
    loop {
        tokio::select! {
            new = news.recv() => {
                let Some(new) = new else {
                    return;
                };
                match new {
                    News::Deadline(key, deadline) => match watched.get_mut(&key) {
                        // the earlier one: if it has moved on, that is found out then
                        Some(entry) if entry.deadline <= deadline => {}
                        Some(entry) => {
                            due.reset(&entry.due, until(deadline));
                            entry.deadline = deadline;
                        }
                        None => {
                            watched.insert(key, Entry { due: due.insert(key, until(deadline)), deadline });
                        }
                    },
                    News::Gone(key) => {
                        let Some(core) = core.upgrade() else {
                            return;
                        };
                        // at its deadline, or without an entry, it is being looked at
                        let deleted = |entry: &Entry| entry.deadline > crate::clock::now() + AFTER;
                        if watched.get(&key).is_some_and(deleted) {
                            if let Some(entry) = watched.remove(&key) {
                                due.remove(&entry.due);
                            }
                            core.ended_elsewhere(key, Ending::Destroyed);
                        }
                    }
                }
            }
            Some(expired) = due.next() => {
                let key = expired.into_inner();
                let (Some(core), Some(entry)) = (core.upgrade(), watched.remove(&key)) else {
                    return;
                };
                if core.connections.count(&key) == 0 {
                    continue;
                }
                if entry.deadline > crate::clock::now() {
                    watched.insert(key, Entry { due: due.insert(key, until(entry.deadline)), ..entry });
                } else {
                    // not awaited here: a store that is slow for one session is no reason to let others live on
                    tokio::spawn(look(core, key, entry.deadline));
                }
            }
        }
    }
}

/// Closes the session if it has expired, or watches it on.
async fn look(core: Arc<Core>, key: SessionKey, deadline: OffsetDateTime) {
    match core.load(&key).await {
        Ok(Some(record)) => core.expiring.watch(&core, key, record.deadline),
        Ok(None) => {
            core.ended(key, None, Why::Expired);
            core.disconnect_here(key, Close::Reconnect, None, Some(Why::Expired)).await;
        }
        Err(_) => {
            tokio::time::sleep(AGAIN).await;
            core.expiring.watch(&core, key, deadline);
        }
    }
}
