//! Events that came in one go begin in one task, one after the other, and their acknowledgements leave in one go.
//!
//! A task for each would be polled, and its acknowledgement written to the connection, before the next one is read: such a
//! write is half of what an event costs, and code that has just run runs faster. A thread has one such task at a time, and
//! what arrives while it pauses is for it too. What has to wait goes on in a task of its own. So do those that come after
//! one that computes for very long, the next ones of a handler that computes for long again and again, and what arrives
//! while another thread has taken the task over: other threads can take them.

use std::{
    collections::VecDeque,
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
const AT_ONCE: u32 = 32;

/// An event that computes for so long keeps others waiting. (In tests, what is interrupted has not computed.)
const LONG: Duration = if cfg!(test) { Duration::from_millis(200) } else { Duration::from_micros(50) };

/// For so long they begin until all others have their turn; and after one that has taken so long by itself, no other is
/// to wait for the next.
const TOO_LONG: Duration = if cfg!(test) { Duration::from_millis(400) } else { Duration::from_millis(1) };

/// A handler is slow when so many events in a row were long: a busy core does that to any of them.
const IN_A_ROW: u32 = 3;

/// So many of a slow handler's next events begin in tasks of their own.
const APART: u32 = 1_000;

/// Whether the events of a handler compute for long.
#[derive(Default)]
pub(crate) struct Pace {
    /// How many of the next ones begin apart.
    apart: AtomicU32,
    /// How many of the last ones were long.
    long: AtomicU32,
}

// who counts at the same moment does not matter
impl Pace {
    fn is_slow(&self) -> bool {
        self.apart.load(Ordering::Relaxed) > 0
    }

    /// Whether the event that is about to begin has to begin apart.
    fn takes_one_apart(&self) -> bool {
        let left = self.apart.load(Ordering::Relaxed);
        left > 0 && {
            self.apart.store(left - 1, Ordering::Relaxed);
            true
        }
    }

    fn took(&self, elapsed: Duration) {
        if elapsed <= LONG {
            if self.long.load(Ordering::Relaxed) > 0 {
                self.long.store(0, Ordering::Relaxed);
            }
            return;
        }
        let long = self.long.load(Ordering::Relaxed) + 1;
        if long >= IN_A_ROW || elapsed > TOO_LONG {
            self.long.store(0, Ordering::Relaxed);
            self.apart.store(APART, Ordering::Relaxed);
        } else {
            self.long.store(long, Ordering::Relaxed);
        }
    }
}

thread_local! {
    /// What has come on this thread and has not begun.
    static ARRIVED: Arc<Burst> = Arc::default();
}

#[derive(Default)]
struct Burst(Mutex<State>);

#[derive(Default)]
struct State {
    events: VecDeque<Event>,
    /// There is a task that will begin them, in that runtime.
    task: Option<runtime::Id>,
    /// It is at work, and does not pause.
    works: bool,
}

impl Burst {
    fn state(&self) -> MutexGuard<'_, State> {
        // nothing panics while it is held
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what has arrived on this thread, unless it has to begin apart.
    fn take(burst: &Arc<Self>, runtime: &Handle, event: &mut Option<Running>, pace: &Arc<Pace>) {
        let mut state = burst.state();
        match state.task {
            None => {
                state.task = Some(runtime.id());
                state.events.extend(event.take().map(|event| (event, Arc::clone(pace))));
                drop(state);
                runtime.spawn(Beginning { burst: Arc::clone(burst), over: false }.all());
            }
            // it works while this thread reads: another one has it, and nobody knows when a handler lets it go on
            Some(id) if id == runtime.id() && state.works => {
                let left = mem::take(&mut state.events);
                drop(state);
                for (event, _) in left {
                    runtime.spawn(event);
                }
            }
            Some(id) if id == runtime.id() => {
                state.events.extend(event.take().map(|event| (event, Arc::clone(pace))));
            }
            // nobody knows when that one goes on
            Some(_) => {}
        }
    }

    /// The next one; if there is none, what arrives from now on is for another task.
    fn next(&self) -> Option<Event> {
        let mut state = self.state();
        let event = state.events.pop_front();
        state.works = event.is_some();
        if event.is_none() {
            state.task = None;
            // the next ones need not allocate
            if state.events.capacity() > KEPT {
                state.events = VecDeque::new();
            }
        }
        event
    }

    /// Lets all others have their turn.
    async fn pause(&self) {
        self.state().works = false;
        yield_now().await;
    }

    /// What has not begun; what arrives from now on is for another task.
    fn end(&self) -> VecDeque<Event> {
        mem::take(&mut *self.state()).events
    }
}

/// Begins an event, once the tasks that are ready to read have read what there is.
pub(crate) fn begin(event: Running, pace: &Arc<Pace>) {
    let (runtime, mut event) = (Handle::current(), Some(event));
    if !pace.takes_one_apart() {
        let _ = ARRIVED.try_with(|burst| Burst::take(burst, &runtime, &mut event, pace));
    }
    if let Some(event) = event {
        runtime.spawn(event);
    }
}

/// The task that begins them. Those that it has not come to when it is dropped end with it.
struct Beginning {
    burst: Arc<Burst>,
    over: bool,
}

impl Beginning {
    async fn all(mut self) {
        self.burst.pause().await;
        // reading the clock is part of what an event costs: the end of one is the beginning of the next
        let (mut since, mut begun) = (Instant::now(), 0);
        let mut before = since;
        while let Some((mut event, pace)) = self.burst.next() {
            if pace.is_slow() {
                tokio::spawn(event);
                continue;
            }
            // a task that panics ends by itself: so does this
            let polled = catch_unwind(AssertUnwindSafe(|| {
                Pin::new(&mut event).poll(&mut Context::from_waker(Waker::noop())).is_pending()
            }));
            let after = Instant::now();
            if matches!(polled, Ok(true)) {
                // it is polled again there, with a waker
                tokio::spawn(event);
            }
            let took = after - before;
            before = after;
            pace.took(took);
            if took > TOO_LONG {
                for (event, _) in self.burst.end() {
                    tokio::spawn(event);
                }
                break;
            }
            begun += 1;
            if begun == AT_ONCE || after - since > TOO_LONG {
                self.burst.pause().await;
                (since, begun) = (Instant::now(), 0);
                before = since;
            }
        }
        self.over = true;
    }
}

impl Drop for Beginning {
    fn drop(&mut self) {
        // whoever is over has told the thread so: what there is by now is another one's
        if !self.over {
            drop(self.burst.end());
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        sync::{mpsc, oneshot},
        task::try_id,
        time::timeout,
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
        let (tell, mut told) = mpsc::channel(usize::try_from(AT_ONCE).unwrap());
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
    async fn after_one_that_computes_for_very_long_the_others_have_tasks_of_their_own() {
        let (tell, mut told) = mpsc::unbounded_channel();
        for work in [450, 0, 0] {
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
        for _ in 0..IN_A_ROW {
            begin_of(&slow, work(250));
            told.recv().await.unwrap();
        }
        begin_of(&slow, work(0));
        begin_of(&quick, work(0));
        begin_of(&quick, work(0));
        let (first, second, third) = (told.recv().await, told.recv().await, told.recv().await);
        assert!(first != second, "it is on its own");
        assert_eq!(second, third, "the others are together");
    }

    #[tokio::test]
    async fn a_handler_that_turns_out_to_be_slow_begins_apart_from_then_on() {
        let (tell, mut told) = mpsc::unbounded_channel();
        let pace = Arc::default();
        for work in [250, 250, 250, 0, 0] {
            let tell = tell.clone();
            begin_of(&pace, async move {
                std::thread::sleep(Duration::from_millis(work));
                tell.send(try_id()).unwrap();
            });
        }
        let mut tasks = Vec::new();
        for _ in 0..5 {
            tasks.push(told.recv().await.unwrap());
        }
        assert!(tasks[0] == tasks[1] && tasks[1] == tasks[2], "{tasks:?}");
        assert!(tasks[3] != tasks[0] && tasks[4] != tasks[0] && tasks[3] != tasks[4], "{tasks:?}");
    }

    #[tokio::test]
    async fn what_is_long_only_together_lets_others_have_their_turn_too() {
        let (tell, mut told) = mpsc::channel(3);
        for number in 0..6 {
            let tell = tell.clone();
            begin_with(async move {
                std::thread::sleep(Duration::from_millis(150));
                tell.try_send(number).unwrap();
            });
        }
        drop(tell);
        for number in 0..6 {
            assert_eq!(told.recv().await, Some(number));
        }
    }

    #[test]
    fn a_handler_is_slow_when_it_is_long_again_and_again_or_for_very_long_once() {
        let pace = Pace::default();
        for _ in 0..IN_A_ROW {
            pace.took(LONG * 2);
            pace.took(LONG / 2);
        }
        assert!(!pace.takes_one_apart(), "what a busy core does to one of them says nothing of the others");
        for _ in 0..IN_A_ROW {
            assert!(!pace.is_slow());
            pace.took(LONG * 2);
        }
        for _ in 0..APART {
            assert!(pace.takes_one_apart());
        }
        assert!(!pace.takes_one_apart(), "it is asked again");
        pace.took(TOO_LONG * 2);
        assert!(pace.is_slow());
    }

    #[tokio::test]
    async fn what_arrives_while_they_pause_comes_after_them_in_the_same_task() {
        let (tell, mut told) = mpsc::unbounded_channel();
        let event = |number: u32| {
            let tell = tell.clone();
            async move { tell.send((number, try_id())).unwrap() }
        };
        for number in 0..=AT_ONCE {
            begin_with(event(number));
        }
        // they begin, and pause
        let mut heard = vec![told.recv().await.unwrap()];
        begin_with(event(AT_ONCE + 1));
        for _ in 0..=AT_ONCE {
            heard.push(told.recv().await.unwrap());
        }
        let task = heard[0].1;
        let expected: Vec<_> = (0..=AT_ONCE + 1).map(|number| (number, task)).collect();
        assert_eq!(heard, expected);
    }

    /// One thread reads; the other takes its burst over, and a handler there blocks.
    #[test]
    fn what_arrives_while_a_handler_blocks_on_another_thread_does_not_wait_for_it() {
        let burst = ARRIVED.with(Arc::clone);
        let (tell, mut told) = mpsc::unbounded_channel();
        let (block, blocked) = std::sync::mpsc::channel::<()>();
        let (begins, began) = std::sync::mpsc::channel();
        let runtime = runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
        let _here = runtime.enter();
        // this thread is none of the runtime's: one of those begins what it has read
        begin_with(async move {
            begins.send(()).unwrap();
            blocked.recv().unwrap();
        });
        began.recv().unwrap();
        assert!(burst.state().works);
        for number in 0..2 {
            let tell = tell.clone();
            begin_with(async move { tell.send(number).unwrap() });
        }
        let both = async { (told.recv().await, told.recv().await) };
        let heard = runtime.block_on(async { timeout(Duration::from_secs(10), both).await });
        // before anything can fail: the runtime ends when its handlers do
        block.send(()).unwrap();
        let (first, second) = heard.unwrap();
        assert_eq!(first.unwrap() + second.unwrap(), 1);
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
