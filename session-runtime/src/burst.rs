//! Events that came in one go begin in one task, one after the other, and their acknowledgements leave in one go.
//!
//! A task for each would be polled, and its acknowledgement written to the connection, before the next one is read: such a
//! write is half of what an event costs, and code that has just run runs faster. What has to wait goes on in a task of its
//! own. After one that computes for long, all others begin in tasks of their own, which other threads can take, and so do
//! the next ones of its handler.

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Waker},
    time::{Duration, Instant},
};

use tokio::{
    runtime::{self, Handle},
    task::yield_now,
};
use tokio_util::task::task_tracker::TrackedFuture;
use tracing::instrument::Instrumented;

use crate::core::BoxFuture;

/// An event on its way.
pub(crate) type Running = TrackedFuture<Instrumented<BoxFuture<'static, ()>>>;

type Event = (Running, Arc<Pace>);

/// How many events' memory is kept for the next.
const KEPT: usize = 64;

/// So many begin until those who write the acknowledgements have their turn. A connection's buffer has 128 places
/// (`max_buffer_size`), and engineioxide closes one whose buffer is full when it is to be pinged.
const AT_ONCE: usize = 32;

/// An event that computes for so long keeps others waiting. (In tests, what is interrupted has not computed.)
const LONG: Duration = if cfg!(test) { Duration::from_millis(200) } else { Duration::from_micros(50) };

/// So many of its handler's next events begin in tasks of their own.
const APART: u32 = 1_000;

/// Whether the events of a handler compute for long.
#[derive(Default)]
pub(crate) struct Pace(AtomicU32);

impl Pace {
    fn is_slow(&self) -> bool {
        let left = self.0.load(Ordering::Relaxed);
        // who counts at the same moment does not matter
        left > 0 && {
            self.0.store(left - 1, Ordering::Relaxed);
            true
        }
    }

    fn was_slow(&self) {
        self.0.store(APART, Ordering::Relaxed);
    }
}

thread_local! {
    /// What has come on this thread since what came before has begun.
    static ARRIVED: Arc<Burst> = Arc::default();
}

#[derive(Default)]
struct Burst(Mutex<State>);

#[derive(Default)]
struct State {
    events: Vec<Event>,
    /// There is a task that will begin them, in that runtime.
    task: Option<runtime::Id>,
}

impl Burst {
    fn state(&self) -> MutexGuard<'_, State> {
        // nothing panics while it is held
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What has arrived; what arrives from now on is for another task.
    fn take(&self) -> Vec<Event> {
        let mut state = self.state();
        state.task = None;
        mem::take(&mut state.events)
    }

    /// The next ones need not allocate.
    fn give_back(&self, events: Vec<Event>) {
        let mut state = self.state();
        if state.events.capacity() == 0 && events.capacity() <= KEPT {
            state.events = events;
        }
    }
}

/// Begins an event, once the tasks that are ready to read have read what there is.
pub(crate) fn begin(event: Running, pace: &Arc<Pace>) {
    let runtime = Handle::current();
    if pace.is_slow() {
        runtime.spawn(event);
        return;
    }
    let Ok(burst) = ARRIVED.try_with(Arc::clone) else {
        runtime.spawn(event);
        return;
    };
    let mut state = burst.state();
    match state.task {
        None => {
            state.task = Some(runtime.id());
            state.events.push((event, Arc::clone(pace)));
            drop(state);
            runtime.spawn(Beginning(Some(burst)).all());
        }
        Some(id) if id == runtime.id() => state.events.push((event, Arc::clone(pace))),
        // nobody knows when that one goes on
        Some(_) => {
            runtime.spawn(event);
        }
    }
}

/// The task that begins them. Those that it has not taken by then end with it.
struct Beginning(Option<Arc<Burst>>);

impl Beginning {
    async fn all(mut self) {
        yield_now().await;
        let Some(burst) = self.0.take() else {
            return;
        };
        let mut events = burst.take();
        let mut was_long = false;
        for (number, (mut event, pace)) in events.drain(..).enumerate() {
            if was_long {
                tokio::spawn(event);
                continue;
            }
            if number % AT_ONCE == AT_ONCE - 1 {
                yield_now().await;
            }
            let begun = Instant::now();
            // a task that panics ends by itself: so does this
            let polled = catch_unwind(AssertUnwindSafe(|| {
                Pin::new(&mut event).poll(&mut Context::from_waker(Waker::noop())).is_pending()
            }));
            if matches!(polled, Ok(true)) {
                // it is polled again there, with a waker
                tokio::spawn(event);
            }
            was_long = begun.elapsed() > LONG;
            if was_long {
                pace.was_slow();
            }
        }
        burst.give_back(events);
    }
}

impl Drop for Beginning {
    fn drop(&mut self) {
        if let Some(burst) = self.0.take() {
            // outside of the lock
            let events = burst.take();
            drop(events);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        sync::{mpsc, oneshot},
        task::try_id,
    };
    use tracing::Instrument as _;

    use super::*;
    use crate::lifetime::Shutdown;

    fn begin_with(event: impl Future<Output = ()> + Send + 'static) {
        begin_of(&Arc::default(), event);
    }

    fn begin_of(pace: &Arc<Pace>, event: impl Future<Output = ()> + Send + 'static) {
        let event: BoxFuture<'static, ()> = Box::pin(event);
        begin(Shutdown::default().handling(event.instrument(tracing::Span::none())), pace);
    }

    #[tokio::test]
    async fn what_came_in_one_go_begins_in_one_task_and_in_order() {
        let (tell, mut told) = mpsc::unbounded_channel();
        for number in 0..3 {
            let tell = tell.clone();
            begin_with(async move { tell.send((number, try_id())).unwrap() });
        }
        let mut heard = Vec::new();
        for expected in 0..3 {
            let (number, task) = told.recv().await.unwrap();
            assert_eq!(number, expected);
            heard.push(task.unwrap());
        }
        assert!(heard.iter().all(|task| *task == heard[0]), "{heard:?}");
    }

    #[tokio::test]
    async fn what_waits_and_what_panics_keeps_nobody() {
        let (tell, mut told) = mpsc::unbounded_channel();
        let (go, went) = oneshot::channel::<()>();
        let waits = tell.clone();
        begin_with(async move {
            went.await.unwrap();
            waits.send("waited").unwrap();
        });
        begin_with(async { panic!("on purpose") });
        begin_with(async move { tell.send("went on").unwrap() });
        assert_eq!(told.recv().await, Some("went on"));
        go.send(()).unwrap();
        assert_eq!(told.recv().await, Some("waited"));
    }

    #[tokio::test]
    async fn those_who_write_the_acknowledgements_have_their_turn_in_between() {
        let (tell, mut told) = mpsc::channel(AT_ONCE);
        for number in 0..10 * AT_ONCE {
            let tell = tell.clone();
            begin_with(async move { tell.try_send(number).unwrap() });
        }
        drop(tell);
        for number in 0..10 * AT_ONCE {
            assert_eq!(told.recv().await, Some(number));
        }
    }

    #[tokio::test]
    async fn after_one_that_computes_for_long_the_others_have_tasks_of_their_own() {
        let (tell, mut told) = mpsc::unbounded_channel();
        for work in [250, 0, 0] {
            let tell = tell.clone();
            begin_with(async move {
                std::thread::sleep(Duration::from_millis(work));
                tell.send(try_id()).unwrap();
            });
        }
        let (first, second, third) = (told.recv().await, told.recv().await, told.recv().await);
        assert!(first != second && second != third && first != third, "{first:?} {second:?} {third:?}");
    }

    #[tokio::test]
    async fn events_of_a_handler_that_computes_for_long_begin_apart() {
        let (tell, mut told) = mpsc::unbounded_channel();
        let (slow, quick) = (Arc::default(), Arc::default());
        let work = |millis| {
            let tell = tell.clone();
            async move {
                std::thread::sleep(Duration::from_millis(millis));
                tell.send(try_id()).unwrap();
            }
        };
        begin_of(&slow, work(250));
        told.recv().await.unwrap();
        begin_of(&slow, work(250));
        begin_of(&quick, work(0));
        begin_of(&quick, work(0));
        let (first, second, third) = (told.recv().await, told.recv().await, told.recv().await);
        assert!(first != second, "it is on its own");
        assert_eq!(second, third, "the others are together");
    }

    #[test]
    fn what_a_runtime_leaves_behind_ends_with_it_and_holds_up_no_other() {
        let new = || runtime::Builder::new_current_thread().build().unwrap();
        let (tell, mut told) = mpsc::unbounded_channel();
        let (first, second) = (new(), new());
        let left = tell.clone();
        first.block_on(async move { begin_with(async move { left.send(1).unwrap() }) });
        let other = tell.clone();
        second.block_on(async {
            begin_with(async move { other.send(2).unwrap() });
            assert_eq!(told.recv().await, Some(2));
        });
        drop(first);
        second.block_on(async {
            begin_with(async move { tell.send(3).unwrap() });
            assert_eq!(told.recv().await, Some(3));
            assert_eq!(told.recv().await, None);
        });
    }
}
