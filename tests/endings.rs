//! What ends a session ends its sockets, those that are on their way too; who fails a guard receives no more; and no id is
//! written anywhere.

#![expect(clippy::unused_async, reason = "event handlers are async, whatever they do")]
#![expect(clippy::unwrap_used, reason = "a test is to fail there")]

mod common;

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, atomic::Ordering::SeqCst},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header},
    routing::get,
};
use socket_session::{Handshake, Session, SessionError, on, on_disconnect};
use socketioxide::extract::Data;
use tokio::{
    join,
    time::{sleep, timeout},
};
use tower::ServiceExt as _;
use tower_sessions::{Expiry, Session as Plain, cookie::time};
use tracing_subscriber::{filter::LevelFilter, fmt::format::FmtSpan, util::SubscriberInitExt as _};

use common::{App, Lab, Received, Visit, at_x, millis};

/// For how long a client that was disconnected may take to close its transport, and a little more.
const LINGER: Duration = Duration::from_millis(2100);

#[on("bump")]
async fn bump(visit: &mut Visit) -> u32 {
    visit.count += 1;
    visit.count
}

#[on("bye")]
async fn bye(session: Session<Visit>, Data(after): Data<u64>) -> Result<&'static str, String> {
    session.destroy().await.map_err(|error| error.to_string())?;
    sleep(millis(after)).await;
    Ok("goodbye")
}

/// An application with one namespace for everybody.
fn open_to_all() -> App {
    let lab = Lab::new();
    lab.io.ns("/", lab.sessions.namespace().on::<bump>().on::<bye>());
    lab.app(Router::new())
}

#[tokio::test(start_paused = true)]
async fn a_handshake_whose_session_is_destroyed_meanwhile_gets_503() {
    let app = open_to_all();
    let mut visitor = app.visitor().await;
    let session = visitor.session();
    app.store.after_load.set(200);
    let (answer, destroyed) = join!(visitor.handshake(), async {
        sleep(millis(100)).await;
        session.destroy().await
    });
    destroyed.unwrap();
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(!answer.body.contains("sid"), "{}", answer.body);
}

#[tokio::test(start_paused = true)]
async fn a_destroy_disconnects_and_closes_the_transport() {
    let app = open_to_all();
    let visitor = app.visitor().await;
    let mut client = visitor.connect().await;
    visitor.session().destroy().await.unwrap();
    assert_eq!(client.closing().await, Received::packets("41"));
    sleep(LINGER).await;
    assert_eq!(client.closing().await, Received::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_destroy_whose_caller_goes_away_still_ends_all() {
    let app = open_to_all();
    let mut visitor = app.visitor().await;
    let mut client = visitor.connect().await;
    app.store.after_delete.set(200);
    assert!(timeout(millis(100), visitor.get("/logout")).await.is_err());
    assert_eq!(client.closing().await, Received::packets("41"));
    assert_eq!(app.store.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_destroy_waits_for_no_load() {
    let app = open_to_all();
    let visitor = app.visitor().await;
    let mut client = visitor.connect().await;
    app.store.after_load.set(1000);
    timeout(millis(100), visitor.session().destroy()).await.unwrap().unwrap();
    assert_eq!(app.store.len(), 0);
    assert_eq!(client.closing().await, Received::packets("41"));
}

#[tokio::test(start_paused = true)]
async fn the_handler_that_destroys_its_session_is_answered_before_it_is_disconnected() {
    for after in [10, 3000] {
        let app = open_to_all();
        let mut client = app.visitor().await.connect().await;
        client.send(&format!(r#"420["bye",{after}]"#)).await;
        sleep(millis(after)).await;
        let ended = Received::ended("logout");
        assert_eq!(client.parting().await, [r#"430["goodbye"]"#, ended.text(), "41"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_connects_twice_is_ended_by_one_destroy() {
    let app = open_to_all();
    let visitor = app.visitor().await;
    let mut client = visitor.connect().await;
    client.send("40").await;
    visitor.session().destroy().await.unwrap();
    assert_eq!(client.closing().await, Received::packets("41"));
    sleep(LINGER).await;
    assert_eq!(client.closing().await, Received::Closed);
}

#[tokio::test]
async fn a_deadline_that_is_moved_closer_is_noticed() {
    let lab = Lab::new();
    lab.io.ns("/", lab.sessions.namespace());
    let app = lab.app(at_x(async |plain: Plain| {
        plain.set_expiry(Some(Expiry::OnInactivity(time::Duration::seconds(1))));
        plain.insert("note", 1).await.unwrap();
    }));
    let mut visitor = app.visitor().await;
    let mut client = visitor.connect().await;
    visitor.get("/x").await;
    sleep(millis(1500)).await;
    assert_eq!(client.closing().await, Received::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_cookie_that_comes_back_with_a_poll_confirms_its_session() {
    let lab = Lab::with(|builder| builder.handshake(Handshake::Create));
    lab.io.ns("/", lab.sessions.namespace());
    let app = lab.app(Router::new());
    let mut client = app.stranger().open().await;
    assert_eq!((app.store.creates.load(SeqCst), app.store.touches.load(SeqCst)), (1, 0));
    client.send("40").await;
    sleep(millis(1)).await;
    assert_eq!((app.store.creates.load(SeqCst), app.store.touches.load(SeqCst)), (1, 1));
}

/// What a test does to those who are connected, or connecting.
fn demotions() -> Router {
    async fn demote(session: Session<Visit>) -> Result<(), SessionError> {
        session.update(|visit| (visit.authenticated, visit.count) = (false, 13)).await
    }
    async fn emit(session: Session<Visit>) -> Result<(), SessionError> {
        session.emit("secret", &1).await
    }
    Router::new().route("/demote", get(demote)).route("/emit", get(emit))
}

#[tokio::test(start_paused = true)]
async fn the_guard_that_turned_false_says_why_in_its_own_words() {
    let lab = Lab::new();
    let namespace = lab.sessions.namespace().guard("come back later", |_: &Visit| true);
    lab.io.ns("/", namespace.guard("too many", |visit: &Visit| visit.count < 10));
    let app = lab.app(demotions());
    let mut visitor = app.visitor().await;
    let mut client = visitor.connect().await;
    visitor.get("/demote").await;
    let told = client.next().await;
    assert!(told.text().contains(r#""code":"unauthorized","message":"too many""#), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn a_guard_that_panics_when_it_is_asked_again_says_no() {
    let lab = Lab::new();
    let guard = |visit: &Visit| {
        assert_ne!(visit.count, 13);
        visit.authenticated
    };
    lab.io.ns("/", lab.sessions.namespace().guard("no", guard));
    let app = lab.app(demotions());
    let mut visitor = app.visitor().await;
    let mut client = visitor.connect().await;
    visitor.get("/demote").await;
    sleep(millis(1)).await;
    visitor.get("/emit").await;
    let told = client.next().await;
    assert!(told.text().contains("unauthorized") && !told.text().contains("secret"), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn a_guard_that_turns_false_while_a_socket_connects_lets_nothing_through() {
    let lab = Lab::new();
    lab.io.ns("/", lab.sessions.namespace().guard("no", |visit: &Visit| visit.authenticated));
    let app = lab.app(demotions());
    let mut visitor = app.visitor().await;
    let mut client = visitor.open().await;
    app.store.after_load.set(300);
    client.send("40").await;
    sleep(millis(100)).await;
    app.store.after_load.set(0);
    visitor.get("/demote").await;
    sleep(millis(300)).await;
    visitor.get("/emit").await;
    let told = client.next().await;
    assert!(told.text().contains("unauthorized") && !told.text().contains("secret"), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn an_origin_named_with_its_default_port_is_that_origin() {
    let app = Lab::with(|builder| builder.origins(["https://app.example:443"])).app(Router::new());
    for (origin, status) in [
        ("https://app.example", StatusCode::OK),
        ("https://app.example:8443", StatusCode::FORBIDDEN),
        ("http://app.example", StatusCode::FORBIDDEN),
    ] {
        let request = Request::get("/socket.io/?EIO=4&transport=polling").header(header::HOST, "api.example");
        let request = request.header(header::ORIGIN, origin).body(Body::empty()).unwrap();
        assert_eq!(app.router.clone().oneshot(request).await.unwrap().status(), status, "{origin}");
    }
}

/// Keeps what is traced.
#[derive(Clone, Default)]
struct Traces(Arc<Mutex<Vec<u8>>>);

impl Write for Traces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().map_err(|_| io::ErrorKind::Other)?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn no_session_id_is_traced_at_any_level() {
    let traces = Traces::default();
    let writer = traces.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_span_events(FmtSpan::FULL)
        .with_ansi(false)
        .with_writer(move || writer.clone());
    let _default = subscriber.finish().set_default();

    let lab = Lab::new();
    lab.io.ns("/", lab.sessions.namespace().guard("no", |visit: &Visit| visit.authenticated).on::<bump>());
    let app = lab.app(at_x(async |plain: Plain| {
        plain.insert("note", 1).await.unwrap();
        plain.save().await.unwrap();
        plain.cycle_id().await.unwrap();
    }));
    let mut visitor = app.visitor().await;
    let first = visitor.clone();
    assert_eq!(visitor.connect().await.ask("bump").await, Received::packets("430[2]"));
    visitor.get("/x").await;
    let second = visitor.clone();
    visitor.get("/logout").await;
    second.clone().count().await;

    let text = String::from_utf8(traces.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("event=bump"), "nothing was traced");
    for id in [first.id(), second.id()] {
        // as in the cookie, and as a number
        assert!(!text.contains(&id.to_string()) && !text.contains(&id.0.to_string()));
    }
}

static LEFT: Mutex<Vec<Option<u32>>> = Mutex::new(Vec::new());

#[on_disconnect]
async fn leave(visit: Option<&Visit>) {
    LEFT.lock().unwrap().push(visit.map(|visit| visit.count));
}

#[tokio::test(start_paused = true)]
async fn a_second_destroy_does_not_hide_the_last_state() {
    let lab = Lab::new();
    let slow = lab.store.after_load.clone();
    lab.io.ns("/", lab.sessions.namespace().on_disconnect::<leave>());
    let app = lab.app(Router::new());
    let visitor = app.visitor().await;
    let _client = visitor.connect().await;
    let session = visitor.session();
    slow.set(100);
    let (first, second) = join!(session.destroy(), async {
        // the first is done, and the disconnect handler looks for the session
        sleep(millis(150)).await;
        slow.set(10);
        session.destroy().await
    });
    assert!(first.is_ok() && second.is_ok());
    sleep(millis(100)).await;
    assert_eq!(*LEFT.lock().unwrap(), [Some(1)]);
}
