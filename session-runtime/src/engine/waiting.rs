//! An operation that the store has not answered yet, and who awaits it.
//!
//! An event awaits what it has begun itself: a task for that would cost more than the rest of it, and a timer for each
//! besides, where the sweep looks whether one is late. Nobody else may: a future of the user's need not be polled, and
//! others would wait for it, too.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use tokio::runtime::Handle;

use super::{
    Engine,
    drive::Operation,
    lock,
    machine::Time,
    queue::{Overseen, Queue},
};

/// An operation that the store has not answered yet.
pub(super) struct Waiting {
    engine: Arc<Engine>,
    queue: Arc<Queue>,
    operation: Operation,
    /// How long it may take.
    until: Time,
}

impl Waiting {
    pub(super) fn new(engine: &Arc<Engine>, queue: &Arc<Queue>, operation: Operation, now: Time) -> Self {
        let until = now.saturating_add(engine.limits.store);
        Self { engine: Arc::clone(engine), queue: Arc::clone(queue), operation, until }
    }

    /// Awaits it in a task of its own.
    pub(super) fn elsewhere(self) {
        Arc::clone(&self.engine).spawn(async move {
            let Self { engine, queue, operation, until } = self;
            let outcome = engine.end(queue.key, operation, until.saturating_sub(engine.now())).await;
            let now = engine.now();
            let io = engine.ended_io(&queue, now, outcome, false);
            engine.drive(&queue, now, io);
        });
    }

    /// Whether the task that runs may await it: what it needs of a runtime, it takes from the engine's.
    fn is_at_home(&self) -> bool {
        let here = Handle::try_current().map(|here| here.id()).ok();
        here.is_some() && here == self.engine.runtime().map(|home| home.id())
    }
}

/// What a task awaits besides what it waits for. If it does not come to its end here, it does elsewhere.
#[derive(Default)]
pub(crate) struct Attended(Option<Box<Waiting>>);

impl Attended {
    /// For a task that awaits nothing else until this is answered.
    pub(super) fn here(waiting: Option<Waiting>) -> Self {
        match waiting {
            Some(waiting) if waiting.is_at_home() => {
                // there is a sweep from now on, if there is none yet
                waiting.engine.watch();
                Self(Some(Box::new(waiting)))
            }
            waiting => Self::elsewhere(waiting),
        }
    }

    pub(super) fn elsewhere(waiting: Option<Waiting>) -> Self {
        if let Some(waiting) = waiting {
            waiting.elsewhere();
        }
        Self(None)
    }

    /// Attends to it, if there is something. What comes of it, the queue is told.
    pub(super) fn attend(&mut self, context: &mut Context<'_>) {
        let Some(waiting) = &mut self.0 else {
            return;
        };
        if let Poll::Ready(outcome) = Pin::new(&mut waiting.operation).poll(context) {
            if let Some(waiting) = self.0.take() {
                let Waiting { engine, queue, operation, .. } = *waiting;
                if let Some(token) = operation.may_hold(&outcome) {
                    engine.release(queue.key, token);
                }
                let now = engine.now();
                let io = engine.ended_io(&queue, now, outcome, false);
                engine.drive(&queue, now, io);
            }
            return;
        }
        if waiting.engine.now() >= waiting.until {
            // there, what has to be done then is done
            *self = Self::elsewhere(self.0.take().map(|waiting| *waiting));
            return;
        }
        Overseen::of(&mut lock(&waiting.queue.state), waiting.until, context.waker());
    }
}

impl Drop for Attended {
    fn drop(&mut self) {
        if let Some(waiting) = self.0.take() {
            waiting.elsewhere();
        }
    }
}
