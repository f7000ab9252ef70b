//! The end of a connection, as those see it who wait for it.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use tokio::sync::{Notify, futures::OwnedNotified};

/// Said once, and true from then on. A clone is the same one.
///
/// It is asked for at each read of each transport, so that takes no lock.
#[derive(Clone, Default)]
pub(crate) struct Hangup(Arc<Said>);

#[derive(Default)]
struct Said {
    said: AtomicBool,
    told: Arc<Notify>,
}

impl Hangup {
    /// Says it.
    pub(crate) fn say(&self) {
        self.0.said.store(true, Ordering::SeqCst);
        self.0.told.notify_waiters();
    }

    /// Whether it was said.
    pub(crate) fn is_said(&self) -> bool {
        self.0.said.load(Ordering::Acquire)
    }

    /// Waits until it is said.
    pub(crate) fn heard(&self) -> Heard {
        Heard { hangup: self.clone(), told: Arc::clone(&self.0.told).notified_owned() }
    }
}

pin_project_lite::pin_project! {
    /// Ends when it is said.
    pub(crate) struct Heard {
        hangup: Hangup,
        // from before it is asked whether it was said
        #[pin]
        told: OwnedNotified,
    }
}

impl Future for Heard {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        if this.hangup.is_said() { Poll::Ready(()) } else { this.told.poll(context) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn it_is_heard_by_those_who_waited_before_and_by_those_who_come_later() {
        let hangup = Hangup::default();
        let (mut waits, made_before) = (Box::pin(hangup.heard()), hangup.heard());
        assert!(futures_util::poll!(&mut waits).is_pending());
        assert!(!hangup.is_said());
        hangup.clone().say();
        assert!(hangup.is_said());
        for heard in [waits, Box::pin(made_before), Box::pin(hangup.heard())] {
            timeout(Duration::from_secs(10), heard).await.unwrap();
        }
    }
}
