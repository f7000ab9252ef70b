//! A time limit for what seldom has to wait: there is no timer until it does.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    task::coop::{Unconstrained, unconstrained},
    time::{Instant, Sleep, sleep_until},
};

/// It has taken too long.
#[derive(Debug)]
pub(crate) struct Late;

/// Until when something may take.
#[derive(Clone, Copy)]
pub(crate) enum Until {
    /// So long from when it has to wait first.
    For(Duration),
    At(Instant),
}

impl Until {
    fn instant(self) -> Instant {
        match self {
            Self::For(time) => Instant::now() + time,
            Self::At(instant) => instant,
        }
    }
}

pin_project_lite::pin_project! {
    /// What it comes to, or [`Late`].
    pub(crate) struct Within<F> {
        #[pin]
        future: F,
        until: Until,
        // what is limited may use up the task's budget each time, and has to end all the same
        timer: Option<Pin<Box<Unconstrained<Sleep>>>>,
    }
}

/// As tokio's `timeout`.
pub(crate) fn within<F: Future>(until: Until, future: F) -> Within<F> {
    Within { future, until, timer: None }
}

impl<F: Future> Future for Within<F> {
    type Output = Result<F::Output, Late>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(output) = this.future.poll(context) {
            return Poll::Ready(Ok(output));
        }
        let timer = this.timer.get_or_insert_with(|| Box::pin(unconstrained(sleep_until(this.until.instant()))));
        ready!(timer.as_mut().poll(context));
        Poll::Ready(Err(Late))
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn what_waits_for_too_long_ends() {
        let begun = Instant::now();
        assert!(within(Until::For(LIMIT), pending::<()>()).await.is_err());
        assert!(within(Until::At(begun + 3 * LIMIT), pending::<()>()).await.is_err());
        assert_eq!(begun.elapsed().as_secs(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_an_answer_is_not_late() {
        let now = Instant::now();
        tokio::time::advance(LIMIT).await;
        assert_eq!(within(Until::At(now), ready(1)).await.unwrap(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_always_busy_ends_too() {
        let busy = async {
            loop {
                tokio::task::coop::consume_budget().await;
                tokio::time::advance(LIMIT).await;
            }
        };
        assert!(within(Until::For(10 * LIMIT), busy).await.is_err());
    }
}
