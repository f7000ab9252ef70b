//! Whatever happens at the same time, on two nodes: what was answered is what one after the other would have given.
//!
//! Events, requests, jobs, plain sessions, rotations, errors, panics and the end of the session are begun at random times,
//! on a store that takes a random while. Each increment answers with the count that it made: so the answers tell in which
//! order they took place, and that order has to agree with what each had seen of the others.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails where its tools do")]
#![expect(clippy::unused_async, reason = "event handlers are async, whatever they do")]

mod common;

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering::SeqCst},
};

use axum::{Router, http::StatusCode, routing::get};
use proptest::prelude::*;
use socket_session::{
    Session, SessionError, on,
    store::{Deadline, Store as _},
};
use tokio::{runtime::Builder, task::JoinSet, time::sleep};
use tower_sessions::{Session as Plain, cookie::time::OffsetDateTime};

use common::{App, Elsewhere, Lab, Received, Visit, Visitor, millis, server::Server};

#[on("bump")]
async fn bump(visit: &mut Visit) -> u32 {
    visit.count += 1;
    visit.count
}

#[on("linger")]
async fn linger(visit: &mut Visit) -> u32 {
    visit.count += 1;
    sleep(millis(7)).await;
    visit.count
}

#[on("fail")]
async fn fail(visit: &mut Visit) -> Result<u32, &'static str> {
    visit.count += 1000;
    Err("on purpose")
}

#[on("panic")]
async fn panic(visit: &mut Visit) -> u32 {
    visit.count += 1000;
    std::panic::resume_unwind(Box::new("on purpose"))
}

async fn incr(Elsewhere(session): Elsewhere) -> Result<String, SessionError> {
    let count = session.update(|visit| {
        visit.count += 1;
        visit.count
    });
    Ok(count.await?.to_string())
}

async fn rotate(session: Session<Visit>) -> Result<String, SessionError> {
    // a visitor without a session would get one
    session.get().await?.authenticated.then_some(()).ok_or(SessionError::Gone)?;
    let count = session.rotate_with(|visit| {
        visit.count += 1;
        visit.count
    });
    Ok(count.await?.to_string())
}

async fn note(session: Plain) -> Result<(), StatusCode> {
    let failed = |_| StatusCode::INTERNAL_SERVER_ERROR;
    // a visitor without a session would get one
    let _: bool = session.get("authenticated").await.map_err(failed)?.ok_or(StatusCode::UNAUTHORIZED)?;
    let number: Option<u32> = session.get("note").await.map_err(failed)?;
    session.insert("note", number.unwrap_or(0) + 1).await.map_err(failed)
}

/// Something that is begun.
#[derive(Clone, Copy, Debug)]
enum Begun {
    /// An event that counts.
    Event(&'static str),
    /// An event that is rolled back.
    Failing(&'static str),
    /// `update` from a request.
    Request,
    /// A plain session in a request, which writes another key.
    Note,
    /// A rotation, which counts too.
    Rotation,
    /// A logout.
    Logout,
    /// Its time is over.
    Expiry,
}

/// When it was begun and when it was over, in the order of all beginnings and ends.
#[derive(Debug)]
struct Done {
    #[expect(dead_code, reason = "shown where a test fails")]
    what: Begun,
    from: u64,
    to: u64,
    came_to: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// The count that it made.
    Count(u32),
    /// It was refused, or rolled back, or does not count.
    Nothing,
    /// It has ended the session.
    Ended,
    /// The connection was closed before an answer came.
    Untold,
}

/// What two nodes and the clients share.
#[derive(Clone)]
struct World {
    nodes: [App; 2],
    server: Server,
    /// The browser's cookie.
    cookie: Arc<Mutex<Option<String>>>,
    clock: Arc<AtomicU64>,
}

impl World {
    async fn new(delays: Vec<u8>) -> Self {
        let server = Server::with_delays(delays);
        let node = || {
            let lab = Lab::over(server.clone(), |builder| builder);
            let events = lab.sessions.namespace().on::<bump>().on::<linger>().on::<fail>().on::<panic>();
            lab.io.ns("/", events);
            lab.app(Router::new().route("/incr", get(incr)).route("/rotate", get(rotate)).route("/note", get(note)))
        };
        let nodes = [node(), node()];
        let visitor = nodes[0].visitor().await;
        Self { nodes, server, cookie: Arc::new(Mutex::new(visitor.cookie)), clock: Arc::default() }
    }

    fn now(&self) -> u64 {
        self.clock.fetch_add(1, SeqCst)
    }

    /// The browser as it is now; without a session, there is nothing to do.
    fn visitor(&self, node: usize) -> Option<Visitor> {
        let cookie = self.cookie.lock().unwrap().clone()?;
        Some(Visitor { app: self.nodes[node].clone(), cookie: Some(cookie) })
    }

    async fn get(&self, node: usize, uri: &str) -> Outcome {
        let Some(mut visitor) = self.visitor(node) else {
            return Outcome::Nothing;
        };
        let before = visitor.cookie.clone();
        let answer = visitor.get(uri).await;
        if visitor.cookie != before {
            *self.cookie.lock().unwrap() = visitor.cookie;
        }
        match answer.body.parse() {
            Ok(count) if answer.status == StatusCode::OK => Outcome::Count(count),
            // refused where the session was just getting another id
            _ if answer.status == StatusCode::NO_CONTENT && uri == "/logout" => Outcome::Ended,
            _ => Outcome::Nothing,
        }
    }

    async fn event(&self, node: usize, event: &str) -> Outcome {
        let client = match self.visitor(node) {
            Some(visitor) => visitor.try_connect().await,
            None => None,
        };
        let Some(mut client) = client else {
            return Outcome::Nothing;
        };
        let Received::Packets(text) = client.ask(event).await else {
            return Outcome::Untold;
        };
        // its session may end just afterwards
        let first = text.split('\u{1e}').next().unwrap_or_default();
        let Some(answer) = first.strip_prefix("430[").and_then(|rest| rest.strip_suffix(']')) else {
            return Outcome::Untold;
        };
        answer.parse().map_or(Outcome::Nothing, Outcome::Count)
    }

    async fn take(self, what: Begun, node: usize, after: u64) -> Done {
        sleep(millis(after)).await;
        let from = self.now();
        let came_to = match what {
            Begun::Event(event) => self.event(node, event).await,
            Begun::Failing(event) => {
                assert!(!matches!(self.event(node, event).await, Outcome::Count(_)));
                Outcome::Nothing
            }
            Begun::Request => self.get(node, "/incr").await,
            Begun::Rotation => self.get(node, "/rotate").await,
            Begun::Note => self.get(node, "/note").await,
            Begun::Logout => self.get(node, "/logout").await,
            Begun::Expiry => {
                let mut lived = false;
                if let Some(visitor) = self.visitor(node) {
                    let now = OffsetDateTime::now_utc();
                    let key = socket_session::Id::from(visitor.id()).key();
                    // over for those too who have looked at the clock and are on their way
                    let over = now - std::time::Duration::from_secs(1);
                    lived = self.server.touch(&key, Deadline::Set(over), now).await.unwrap();
                }
                if lived { Outcome::Ended } else { Outcome::Nothing }
            }
        };
        Done { what, from, to: self.now(), came_to }
    }
}

/// Compares what was answered with one after the other.
fn in_some_order(history: &[Done], counted: Option<u32>) {
    let ends = history.iter().filter(|done| done.came_to == Outcome::Ended);
    if let Some(end) = ends.map(|done| done.to).min() {
        for late in history.iter().filter(|done| done.from > end) {
            assert!(!matches!(late.came_to, Outcome::Count(_)), "after the end: {late:?}");
        }
    } else {
        assert!(counted.is_some(), "nobody has ended it");
    }
    let mut counts: Vec<_> = history
        .iter()
        .filter_map(|done| match done.came_to {
            Outcome::Count(count) => Some((count, done)),
            Outcome::Nothing | Outcome::Ended | Outcome::Untold => None,
        })
        .collect();
    counts.sort_by_key(|(count, _)| *count);
    let untold = history.iter().filter(|done| done.came_to == Outcome::Untold).count();
    // it began with a login, which made it 1
    let last = counts.last().map_or(1, |(count, _)| *count);
    assert!(counts.first().is_none_or(|(first, _)| *first > 1), "{counts:?}");
    for pair in counts.windows(2) {
        assert!(pair[0].0 < pair[1].0, "two have made the same count: {pair:?}");
    }
    let gaps = usize::try_from(last).unwrap() - 1 - counts.len();
    assert!(gaps <= untold, "{gaps} counts made by nobody: {counts:?}");
    if let Some(counted) = counted {
        let surplus = counted.checked_sub(last).expect("what was acknowledged is there");
        assert!(usize::try_from(surplus).unwrap() + gaps <= untold, "{counted} counted, {untold} untold: {counts:?}");
    }
    for (index, (_, done)) in counts.iter().enumerate() {
        for (_, earlier) in &counts[..index] {
            assert!(earlier.from < done.to, "{done:?} was over before {earlier:?} began, and came after it");
        }
    }
}

fn begun() -> impl Strategy<Value = Begun> {
    prop_oneof![
        6 => Just(Begun::Event("bump")),
        2 => Just(Begun::Event("linger")),
        2 => prop_oneof![Just(Begun::Failing("fail")), Just(Begun::Failing("panic"))],
        5 => Just(Begun::Request),
        2 => Just(Begun::Note),
        2 => Just(Begun::Rotation),
    ]
}

fn run(delays: Vec<u8>, acts: Vec<(Begun, usize, u64)>) {
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async move {
        let world = World::new(delays).await;
        let mut tasks = JoinSet::new();
        for (what, node, after) in acts {
            tasks.spawn(world.clone().take(what, node, after));
        }
        let history = tasks.join_all().await;
        let visitor = world.visitor(0);
        let counted = match visitor {
            Some(visitor) => visitor.session().get().await.ok().map(|visit| visit.count),
            None => None,
        };
        in_some_order(&history, counted);
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn what_goes_on_at_once_is_as_one_after_the_other(
        delays in prop::collection::vec(0_u8..4, 1..40),
        acts in prop::collection::vec((begun(), 0_usize..2, 0_u64..60), 1..40),
    ) {
        run(delays, acts);
    }

    #[test]
    fn a_session_that_ends_meanwhile_stays_ended(
        delays in prop::collection::vec(0_u8..4, 1..40),
        acts in prop::collection::vec((begun(), 0_usize..2, 0_u64..60), 1..40),
        (expires, at) in (any::<bool>(), 0_u64..60),
    ) {
        let end = if expires { Begun::Expiry } else { Begun::Logout };
        let acts = acts.into_iter().chain([(end, 1, at)]).collect();
        run(delays, acts);
    }
}
