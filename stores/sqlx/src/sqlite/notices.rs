//! What nodes tell each other: in one process at once, between processes by a table in which each looks for what is new.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use futures_util::{StreamExt as _, stream};
use socket_session::{
    store::{NodeId, Notice, Notices},
    tower_sessions,
};
use tokio::{
    sync::{
        broadcast::{self, error::RecvError},
        watch,
    },
    time::{Instant, sleep, sleep_until},
};

use super::{error::Failure, page::Told, store::Inner};
use crate::message;

/// How many notices wait for a listener before it has to look for itself.
const NOTICES: usize = 256;

/// How often a process looks for what others say.
const LOOK: Duration = Duration::from_millis(250);

/// How often it looks while one of its own waits for a lease.
const LOOK_SOON: Duration = Duration::from_millis(10);

/// For how long a process looks more often: whoever waits still asks again before that.
const SOON: Duration = Duration::from_secs(1);

/// After how long without a look messages may have been deleted that it has not seen.
const LATE: Duration = Duration::from_secs(30);

/// The nodes of this process.
pub(super) struct Hub {
    id: u128,
    notices: broadcast::Sender<Told>,
    here: Mutex<HashMap<NodeId, usize>>,
    /// When one of them had to wait, the last time.
    waits: watch::Sender<Option<Instant>>,
}

impl Hub {
    pub(super) fn new() -> Self {
        Self {
            id: tower_sessions::session::Id::default().0.cast_unsigned(),
            notices: broadcast::Sender::new(NOTICES),
            here: Mutex::default(),
            waits: watch::Sender::new(None),
        }
    }

    fn here(&self) -> MutexGuard<'_, HashMap<NodeId, usize>> {
        // nothing panics while it is held
        self.here.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn tell(&self, node: Option<NodeId>, notice: Notice) {
        // nobody listens: nobody waits
        let _ = self.notices.send((node, notice));
    }

    /// Names this store to those in other processes.
    pub(super) fn id(&self) -> u128 {
        self.id
    }

    /// Whether that node is in this process, and listens.
    pub(super) fn has(&self, node: NodeId) -> bool {
        self.here().contains_key(&node)
    }

    /// One of this process' nodes waits for a lease.
    pub(super) fn waits(&self) {
        self.waits.send_replace(Some(Instant::now()));
    }
}

/// The notices for that node. They end with the store.
pub(super) fn listen(store: &std::sync::Arc<Inner>, node: NodeId) -> Notices {
    let hub = &store.database.hub;
    *hub.here().entry(node).or_default() += 1;
    let ear = Ear {
        node,
        notices: hub.notices.subscribe(),
        waits: hub.waits.subscribe(),
        store: std::sync::Arc::downgrade(store),
        heard: VecDeque::new(),
        seen: None,
        looked: Instant::now(),
        deaf: false,
    };
    stream::unfold(ear, async |mut ear| Some((ear.next().await?, ear))).boxed()
}

impl Inner {
    async fn latest(&self) -> Result<i64, Failure> {
        if self.database.in_memory {
            return Ok(0);
        }
        let mut reader = self.readers.lend().await?;
        let latest = reader.at().latest().await;
        reader.done(latest)
    }

    async fn news(&self, seen: i64, node: NodeId) -> Result<(i64, Vec<String>), Failure> {
        let mut reader = self.readers.lend().await?;
        let news = reader.at().news(seen, self.database.hub.id, node).await;
        reader.done(news)
    }
}

struct Ear {
    node: NodeId,
    notices: broadcast::Receiver<Told>,
    waits: watch::Receiver<Option<Instant>>,
    store: Weak<Inner>,
    heard: VecDeque<Notice>,
    /// The last message that it has seen.
    seen: Option<i64>,
    looked: Instant,
    /// It cannot look, and has said so.
    deaf: bool,
}

impl Drop for Ear {
    fn drop(&mut self) {
        if let Some(store) = self.store.upgrade() {
            let mut here = store.database.hub.here();
            if let Some(ears) = here.get_mut(&self.node) {
                *ears -= 1;
                if *ears == 0 {
                    here.remove(&self.node);
                }
            }
        }
    }
}

impl Ear {
    async fn next(&mut self) -> Option<Notice> {
        if self.seen.is_none() {
            self.begin().await?;
            // whatever was said before
            return Some(Notice::Missed);
        }
        loop {
            if let Some(notice) = self.heard.pop_front() {
                return Some(notice);
            }
            let waits = *self.waits.borrow_and_update();
            let soon = waits.is_some_and(|waits| waits.elapsed() < SOON);
            let next = self.looked + if soon { LOOK_SOON } else { LOOK };
            tokio::select! {
                told = self.notices.recv() => match told {
                    Ok((to, notice)) if to.is_none_or(|to| to == self.node) => return Some(notice),
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => return Some(Notice::Missed),
                    Err(RecvError::Closed) => return None,
                },
                changed = self.waits.changed() => changed.ok()?,
                () = sleep_until(next) => self.look().await?,
            }
        }
    }

    /// Finds out which is the last message.
    async fn begin(&mut self) -> Option<()> {
        loop {
            let latest = {
                let store = self.store.upgrade()?;
                store.latest().await
            };
            self.looked = Instant::now();
            match latest {
                Ok(latest) => {
                    self.seen = Some(latest);
                    self.hears();
                    return Some(());
                }
                Err(failure) => self.fails(&failure),
            }
            sleep(LOOK).await;
        }
    }

    /// Looks for what is new.
    async fn look(&mut self) -> Option<()> {
        let (seen, node) = (self.seen?, self.node);
        let store = self.store.upgrade()?;
        if self.looked.elapsed() > LATE {
            self.heard.push_back(Notice::Missed);
        }
        self.looked = Instant::now();
        if store.database.in_memory {
            return Some(());
        }
        match store.news(seen, node).await {
            Ok((latest, messages)) => {
                self.seen = Some(latest);
                self.heard.extend(messages.iter().filter_map(|message| message::read(message)));
                self.hears();
            }
            Err(failure) => self.fails(&failure),
        }
        Some(())
    }

    fn fails(&mut self, failure: &Failure) {
        if !self.deaf {
            tracing::warn!(error = %failure, "no notices of other processes for now: handing over takes longer");
        }
        self.deaf = true;
    }

    fn hears(&mut self) {
        if self.deaf {
            tracing::info!("notices of other processes come again");
        }
        self.deaf = false;
    }
}
