//! What a ticket waits for, kept in its queue: it is told under the queue's own lock, so it needs no channel of its own.

use std::task::{Context, Poll, Waker};

#[derive(Debug)]
pub(super) enum Promise<T> {
    Open(Option<Waker>),
    Kept(T),
    /// It was told, and has been taken.
    Over,
}

impl<T> Default for Promise<T> {
    fn default() -> Self {
        Self::Open(None)
    }
}

impl<T> Promise<T> {
    /// Says it; only the first time counts.
    pub(super) fn keep(&mut self, value: T) {
        if let Self::Open(waker) = self {
            let waker = waker.take();
            *self = Self::Kept(value);
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }

    /// What was said. Who asks is woken when something is; once it was taken, nothing is said any more.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<T>> {
        match self {
            Self::Open(Some(waker)) if waker.will_wake(context.waker()) => Poll::Pending,
            Self::Open(waker) => {
                *waker = Some(context.waker().clone());
                Poll::Pending
            }
            Self::Kept(_) | Self::Over => Poll::Ready(self.take()),
        }
    }

    /// What was said, if anything was.
    pub(super) fn take(&mut self) -> Option<T> {
        match std::mem::replace(self, Self::Over) {
            Self::Kept(value) => Some(value),
            open => {
                *self = open;
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_kept_once_and_taken_once() {
        let context = &mut Context::from_waker(Waker::noop());
        let mut promise = Promise::default();
        assert_eq!(promise.take(), None);
        assert_eq!(promise.poll(context), Poll::Pending);
        assert_eq!(promise.take(), None);
        promise.keep(1);
        promise.keep(2);
        assert_eq!(promise.poll(context), Poll::Ready(Some(1)));
        assert_eq!(promise.poll(context), Poll::Ready(None));
    }
}
