//! What this node hears from the others, through the store.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use futures_util::StreamExt as _;
use tokio::time::sleep;

use crate::{core::Core, store::Notice};

/// How long after a stream of notices has ended a new one is begun.
const AGAIN: Duration = Duration::from_secs(1);

impl Core {
    /// Listens, if there can be others, from the first call in a runtime until the sessions are dropped.
    pub(crate) fn listen(self: &Arc<Self>) {
        if self.engine.begins_to_listen() {
            self.engine.spawn(run(Arc::downgrade(self)));
        }
    }

    fn hear(self: &Arc<Self>, notice: &Notice) {
        match notice {
            Notice::Offered(key) => self.engine.offered(Some(key)),
            Notice::Missed => {
                self.engine.known.forget_all();
                self.engine.offered(None);
                self.checking.at_once(self);
            }
            Notice::Ended { .. } | Notice::Told { .. } => self.heard(*notice),
        }
    }
}

async fn run(listener: Weak<Core>) {
    while let Some(mut notices) = listener.upgrade().map(|core| core.engine.store().listen(core.engine.node)) {
        while let Some(notice) = notices.next().await {
            match listener.upgrade() {
                Some(core) => core.hear(&notice),
                None => return,
            }
        }
        sleep(AGAIN).await;
    }
}
