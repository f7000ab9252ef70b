//! Guards, handlers and `Session<V>` take their turns, in whichever task they run; what comes to nothing saves nothing.

#![expect(clippy::unused_async, reason = "event handlers are async, whatever they do")]

mod common;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use axum::{Router, http::StatusCode};
use socket_session::{Session, SessionError, guard, on, socket_session};
use tokio::{
    join,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};
use tower_sessions::Session as Plain;

use common::{Failure, Lab, Received, STALE, Visit, at_x, millis};

#[guard]
async fn counts(session: Session<Visit>) -> Result<bool, String> {
    let counted = session.update(|visit| visit.count += 1).await;
    counted.map(|()| true).map_err(|error| error.to_string())
}

#[on("guarded", guard = counts)]
async fn guarded(visit: &mut Visit) -> u32 {
    visit.count
}

#[tokio::test(start_paused = true)]
async fn an_update_in_the_guard_of_a_handler_that_holds_the_session_is_reentrant() {
    let lab = Lab::new();
    lab.io.ns("/", lab.sessions.namespace().on::<guarded>());
    let app = lab.app(Router::new());
    let mut client = app.visitor().await.connect().await;
    let asked = Instant::now();
    let answer = client.ask("guarded").await;
    assert!(answer.text().contains("this task already holds the session"), "{answer:?}");
    // at once, not after `wait_limit`
    assert!(asked.elapsed() < millis(100));
}

static HELD: AtomicBool = AtomicBool::new(false);

/// As long as it lives, a handler holds `&mut`.
struct Holding;

impl Holding {
    fn begin() -> Self {
        HELD.store(true, SeqCst);
        Self
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        HELD.store(false, SeqCst);
    }
}

#[guard]
async fn slow_guard(_visit: &Visit) -> bool {
    sleep(millis(400)).await;
    true
}

#[on("slow", guard = slow_guard)]
async fn slow(visit: &mut Visit) {
    let _holding = Holding::begin();
    visit.count = 7;
    sleep(millis(400)).await;
}

#[tokio::test(start_paused = true)]
async fn guard_and_handler_share_the_handler_timeout_and_nobody_comes_between() {
    let lab = Lab::with(|builder| builder.handler_timeout(millis(500)));
    lab.io.ns("/", lab.sessions.namespace().on::<slow>());
    let app = lab.app(Router::new());
    let visitor = app.visitor().await;
    let mut client = visitor.connect().await;
    let asked = Instant::now();
    let (answer, seen) = join!(client.ask("slow"), async {
        sleep(millis(450)).await;
        assert!(HELD.load(SeqCst));
        let session = visitor.session();
        session.update(|visit| (HELD.load(SeqCst), visit.count)).await.unwrap()
    });
    assert!(answer.text().contains(r#""code":"timeout""#), "{answer:?}");
    assert_eq!(seen, (false, 1));
    assert!(asked.elapsed() < millis(600));
}

static BROKEN: AtomicBool = AtomicBool::new(false);

#[socket_session]
struct Fragile {
    #[session(default = { assert!(!BROKEN.load(SeqCst)); 1 })]
    value: u32,
}

#[on("fragile")]
async fn fragile(view: &mut Fragile) -> u32 {
    view.value
}

#[tokio::test(start_paused = true)]
async fn a_panic_while_a_view_loads_is_answered() {
    let lab = Lab::new();
    lab.io.ns("/", lab.sessions.namespace().on::<fragile>());
    let app = lab.app(Router::new());
    let mut client = app.visitor().await.connect().await;
    BROKEN.store(true, SeqCst);
    let answer = client.ask("fragile").await;
    assert!(answer.text().contains("the handler failed"), "{answer:?}");
    BROKEN.store(false, SeqCst);
    assert_eq!(client.ask("fragile").await, Received::packets("430[1]"));
}

#[on("map")]
async fn map(visit: &mut Visit) -> BTreeMap<(u8, u8), u8> {
    visit.count = 77;
    BTreeMap::from([((1, 2), 3)])
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_json_cannot_write_saves_nothing() {
    let lab = Lab::new();
    lab.io.ns("/", lab.sessions.namespace().on::<map>());
    let app = lab.app(Router::new());
    let mut visitor = app.visitor().await;
    let answer = visitor.connect().await.ask("map").await;
    assert!(answer.text().contains(r#""code":"unserializable""#), "{answer:?}");
    assert_eq!(visitor.count().await, "1");
}

#[tokio::test(start_paused = true)]
async fn an_update_in_a_spawned_task_begins_the_session_of_the_request() {
    let app = Lab::new().app(at_x(async |session: Session<Visit>| {
        tokio::spawn(async move { session.update(|visit| visit.count = 5).await }).await.unwrap()
    }));
    let mut visitor = app.stranger();
    assert_eq!(visitor.get("/x").await.status, StatusCode::OK);
    assert_eq!((visitor.count().await.as_str(), app.store.len()), ("5", 1));
}

#[tokio::test(start_paused = true)]
async fn a_rotation_in_a_spawned_task_reaches_the_response() {
    let app = Lab::new().app(at_x(async |session: Session<Visit>| {
        tokio::spawn(async move { session.rotate_with(|visit| visit.count = 5).await }).await.unwrap()
    }));
    let mut visitor = app.visitor().await;
    let before = visitor.id();
    assert_eq!(visitor.get("/x").await.status, StatusCode::OK);
    assert_ne!(visitor.id(), before);
    assert_eq!((visitor.count().await.as_str(), app.store.len()), ("5", 1));
}

/// A task that a handler has left behind.
type LeftBehind = Arc<Mutex<Option<JoinHandle<Result<(), SessionError>>>>>;

#[tokio::test(start_paused = true)]
async fn no_response_carries_a_rotation_that_comes_after_it() {
    let late = LeftBehind::default();
    let left = Arc::clone(&late);
    let app = Lab::new().app(at_x(async move |session: Session<Visit>| {
        *left.lock().unwrap() = Some(tokio::spawn(async move {
            sleep(millis(50)).await;
            session.rotate().await
        }));
    }));
    let mut visitor = app.visitor().await;
    visitor.get("/x").await;
    let rotated = late.lock().unwrap().take().unwrap();
    assert!(matches!(rotated.await.unwrap(), Err(SessionError::NoResponse)));
    assert_eq!((visitor.count().await.as_str(), app.store.len()), ("1", 1));
}

#[tokio::test(start_paused = true)]
async fn no_session_begins_after_the_response() {
    let late = LeftBehind::default();
    let left = Arc::clone(&late);
    let app = Lab::new().app(at_x(async move |session: Session<Visit>| {
        *left.lock().unwrap() = Some(tokio::spawn(async move {
            sleep(millis(50)).await;
            session.update(|visit| visit.count = 5).await
        }));
    }));
    app.stranger().get("/x").await;
    let updated = late.lock().unwrap().take().unwrap();
    assert!(matches!(updated.await.unwrap(), Err(SessionError::NoResponse)));
    assert_eq!(app.store.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn two_updates_at_once_begin_one_session() {
    for cookie in [None, Some(STALE.to_owned())] {
        let app = Lab::new().app(at_x(async |session: Session<Visit>| {
            let (one, other) =
                join!(session.update(|visit| visit.count += 1), session.update(|visit| visit.count += 1));
            one.and(other)
        }));
        app.store.after_load.set(30);
        let mut visitor = app.stranger();
        visitor.cookie = cookie;
        assert_eq!(visitor.get("/x").await.status, StatusCode::OK);
        assert_eq!((visitor.count().await.as_str(), app.store.len()), ("2", 1));
    }
}

#[tokio::test(start_paused = true)]
async fn an_update_beside_a_rotation_leaves_one_session() {
    let app = Lab::new().app(at_x(async |session: Session<Visit>| {
        let (rotated, updated) = join!(session.rotate_with(|visit| visit.count += 1), async {
            sleep(millis(15)).await;
            session.update(|visit| visit.count += 10).await
        });
        rotated.unwrap();
        format!("{updated:?}")
    }));
    let mut visitor = app.visitor().await;
    app.store.after_load.set(30);
    // the update waited for a session whose id was rotated before its turn came: it goes on with the new one
    assert_eq!(visitor.get("/x").await.body, "Ok(())");
    assert_eq!((visitor.count().await.as_str(), app.store.len()), ("12", 1));
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_rotation_leaves_one_session_and_the_response_its_cookie() {
    let lab = Lab::new();
    lab.store.after_create.set(100);
    let app = lab.app(at_x(async |session: Session<Visit>| {
        let rotated = timeout(millis(50), session.rotate_with(|visit| visit.count += 1)).await;
        assert!(rotated.is_err());
        sleep(millis(100)).await;
    }));
    let mut visitor = app.visitor().await;
    let before = visitor.id();
    visitor.get("/x").await;
    assert_ne!(visitor.id(), before);
    assert_eq!((visitor.count().await.as_str(), app.store.len()), ("2", 1));
}

#[tokio::test(start_paused = true)]
async fn a_flush_after_a_cancelled_rotation_ends_the_session() {
    let lab = Lab::new();
    lab.store.after_create.set(100);
    let app = lab.app(at_x(async |plain: Plain, session: Session<Visit>| {
        let rotated = timeout(millis(50), session.rotate_with(|visit| visit.count += 1)).await;
        assert!(rotated.is_err());
        sleep(millis(100)).await;
        plain.flush().await.unwrap();
    }));
    let mut visitor = app.visitor().await;
    visitor.get("/x").await;
    assert_eq!(visitor.cookie, None);
    assert_eq!(app.store.len(), 0);
}

#[socket_session]
struct Text {
    text: String,
}

#[tokio::test(start_paused = true)]
async fn a_session_is_measured_as_it_is_written() {
    let lab = Lab::with(|builder| builder.max_session_bytes(1000));
    let app = lab.app(at_x(async |session: Session<Text>| {
        // each of them is six bytes of JSON
        session.update(|view| view.text = "\u{1}".repeat(900)).await
    }));
    assert_eq!(app.stranger().get("/x").await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(app.store.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_was_saved_is_answered_though_the_store_is_down_by_then() {
    let lab = Lab::new();
    let store = lab.store.clone();
    let app = lab.app(at_x(async move |session: Session<Visit>| {
        let count = session
            .update(|visit| {
                visit.count += 1;
                visit.count
            })
            .await?;
        store.loading.set(Failure::Refused, 9);
        Ok::<_, SessionError>(count.to_string())
    }));
    let mut visitor = app.visitor().await;
    let answer = visitor.get("/x").await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "2"));
    assert!(answer.set_cookie.is_some(), "and the cookie is renewed");
    app.store.loading.set(Failure::Refused, 0);
    assert_eq!(visitor.count().await, "2");
}

#[tokio::test(start_paused = true)]
async fn limits_may_be_endless() {
    let endless = Duration::MAX;
    let lab = Lab::with(|builder| builder.handler_timeout(endless).wait_limit(endless).store_timeout(endless));
    let app = lab.app(at_x(async |session: Session<Visit>| session.rotate_with(|visit| visit.count += 1).await));
    let mut visitor = app.visitor().await;
    assert_eq!(visitor.get("/x").await.status, StatusCode::OK);
    assert_eq!(visitor.count().await, "2");
}

/// The lifetime that the response would renew is renewed already, by what was saved.
#[tokio::test(start_paused = true)]
async fn what_was_saved_is_answered_though_the_store_is_down_a_second_later() {
    for loading in [0, 9] {
        let lab = Lab::new();
        let store = lab.store.clone();
        let app = lab.app(at_x(async move |session: Session<Visit>| {
            session.update(|visit| visit.count += 1).await?;
            store.loading.set(Failure::Refused, loading);
            store.patching.set(Failure::Refused, 9);
            // deadlines are of the real clock
            std::thread::sleep(millis(1_100));
            Ok::<_, SessionError>(())
        }));
        let mut visitor = app.visitor().await;
        let answer = visitor.get("/x").await;
        assert_eq!(answer.status, StatusCode::OK, "{loading}");
        assert!(answer.set_cookie.is_some(), "{loading}: and the cookie is renewed");
        app.store.loading.set(Failure::Refused, 0);
        assert_eq!(visitor.count().await, "2");
    }
}
