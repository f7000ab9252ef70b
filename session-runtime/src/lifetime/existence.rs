//! Finds the sessions that other programs have ended, and those whose end was not heard here.
//!
//! One task for all sessions with connections asks the store which of them live: now and then, and at once when notices
//! were missed. It asks nothing while there are no connections.

use std::{
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use tokio::{sync::mpsc, time::timeout};

use crate::{
    core::Core,
    record::SessionKey,
    store::{Ending, Loaded, StoreError},
};

/// How many sessions are asked for in one trip.
const A_TRIP: usize = 500;
/// After how long a store that failed is asked again.
const AGAIN: Duration = Duration::from_secs(5);
/// Who wants to know it sooner than this would ask without a pause.
const SHORTEST: Duration = Duration::from_secs(1);

/// The way to the task.
pub(crate) struct Checking {
    every: Duration,
    task: Mutex<Option<mpsc::Sender<()>>>,
}

impl Checking {
    pub(crate) fn new(every: Duration) -> Self {
        Self { every: every.max(SHORTEST), task: Mutex::default() }
    }

    /// There are connections from now on: the first call begins, and so does the first one after its runtime has ended.
    pub(crate) fn begin(&self, core: &Arc<Core>) {
        let _ = self.task(core);
    }

    /// Notices may have been missed.
    pub(crate) fn at_once(&self, core: &Arc<Core>) {
        // if there is no room, a check is to come as it is
        let _ = self.task(core).try_send(());
    }

    fn task(&self, core: &Arc<Core>) -> mpsc::Sender<()> {
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        match &*task {
            Some(begun) if !begun.is_closed() => begun.clone(),
            _ => {
                let (sender, receiver) = mpsc::channel(1);
                core.engine.spawn(run(Arc::downgrade(core), self.every, receiver));
                task.insert(sender).clone()
            }
        }
    }
}

async fn run(core: Weak<Core>, every: Duration, mut at_once: mpsc::Receiver<()>) {
    let mut pause = every;
    loop {
        if let Ok(None) = timeout(pause, at_once.recv()).await {
            // the sessions are no more
            return;
        }
        let Some(core) = core.upgrade() else {
            return;
        };
        pause = match core.check().await {
            Ok(()) => every,
            // a store that is down is no answer
            Err(error) => {
                tracing::debug!(%error, "it could not be checked which sessions still exist");
                every.min(AGAIN)
            }
        };
    }
}

impl Core {
    /// Ends what the store does not know any more. Whoever comes while it is asked is not in its answer.
    async fn check(self: &Arc<Self>) -> Result<(), StoreError> {
        for keys in self.connections.sessions().chunks(A_TRIP) {
            let live = self.bounded(self.engine.store().exists(keys)).await?;
            for (key, _) in keys.iter().zip(live).filter(|(_, lives)| !lives) {
                self.find_out(*key).await?;
            }
        }
        Ok(())
    }

    /// How a session has ended that does not live any more.
    async fn find_out(self: &Arc<Self>, key: SessionKey) -> Result<(), StoreError> {
        // what this node has ended itself is on its way out: who asked for that is still to be answered
        if !self.connections.is_open(&key) {
            return Ok(());
        }
        let loaded = self.look(&key).await?;
        if !self.connections.is_open(&key) {
            return Ok(());
        }
        match loaded {
            Loaded::Live(_) => {}
            Loaded::Rotated => self.ended_elsewhere(key, Ending::Rotated),
            Loaded::Gone => {
                self.connections.ended(&key);
                self.expiring.gone(key);
            }
        }
        Ok(())
    }
}
