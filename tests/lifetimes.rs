//! For how long a session lives: what keeps it alive, how old it may become, and what its cookie says.

#![expect(clippy::unused_async, reason = "event handlers are async, whatever they do")]
#![expect(clippy::unwrap_used, reason = "a test is to fail there")]

mod common;

use std::{ops::RangeInclusive, time::Duration};

use axum::{Router, routing::get};
use socket_session::{
    Builder, Expiry, Id, Session, SessionError, Touch, on,
    store::{Deadline, Patch, Store as _},
    tower_sessions::cookie::time::{self, OffsetDateTime},
};
use tokio::time::sleep;
use tower_sessions::{Session as Plain, cookie::Cookie};

use common::{Answer, App, Lab, Received, Visit, Visitor, millis, server::Server};

#[on("look")]
async fn look(visit: &Visit) -> u32 {
    visit.count
}

#[on("bump")]
async fn bump(visit: &mut Visit) -> u32 {
    visit.count += 1;
    visit.count
}

#[on("update")]
async fn update(session: Session<Visit>) -> Result<u32, String> {
    session.update(|visit| visit.count += 1).await.map_err(|error| error.to_string())?;
    Ok(0)
}

#[on("ping")]
async fn ping() -> &'static str {
    "pong"
}

const MONTH: Duration = Duration::from_hours(30 * 24);

async fn remember(session: Session<Visit>) -> Result<(), SessionError> {
    session.remember(MONTH).await
}

async fn login(session: Session<Visit>) -> Result<(), SessionError> {
    session.rotate_with(|visit| visit.count += 1).await
}

async fn cycle(plain: Plain) {
    plain.cycle_id().await.unwrap();
}

async fn clear(plain: Plain) {
    plain.clear().await;
    plain.insert("other", 1).await.unwrap();
}

/// For how long sessions live here, in seconds.
const LIFETIME: i64 = 100;

fn app(store: &Server, options: impl FnOnce(Builder) -> Builder) -> App {
    let expiry = Expiry::OnInactivity(time::Duration::seconds(LIFETIME));
    let lab = Lab::over(store.clone(), |builder| options(builder.expiry(expiry)));
    lab.io.ns("/", lab.sessions.namespace().on::<look>().on::<bump>().on::<update>().on::<ping>());
    lab.app(
        Router::new()
            .route("/remember", get(remember))
            .route("/again", get(login))
            .route("/rotate", get(async |session: Session<Visit>| session.rotate().await))
            .route("/bump", get(async |session: Session<Visit>| session.update(|visit| visit.count += 1).await))
            .route("/cycle", get(cycle))
            .route("/clear", get(clear)),
    )
}

/// How many seconds the session has left.
async fn left(store: &Server, visitor: &Visitor) -> i64 {
    let now = OffsetDateTime::now_utc();
    let record = store.records.load(&Id::from(visitor.id()).key(), now).await.unwrap().live().unwrap();
    (record.deadline - now).whole_seconds()
}

/// As if some time had passed since it was used.
async fn leave(store: &Server, visitor: &Visitor, seconds: i64) {
    let now = OffsetDateTime::now_utc();
    let deadline = Deadline::Set(now + time::Duration::seconds(seconds));
    assert!(store.records.touch(&Id::from(visitor.id()).key(), deadline, now).await.unwrap());
}

/// As if it had been made so many seconds ago.
async fn age(store: &Server, visitor: &Visitor, seconds: i64) {
    let now = OffsetDateTime::now_utc();
    let created = serde_json::json!({ "created": now.unix_timestamp() - seconds });
    let patch = Patch { set: vec![("__socket_session".into(), created)], ..Patch::new() };
    store.records.patch(&Id::from(visitor.id()).key(), &patch, now).await.unwrap();
}

fn cookie_age(answer: &Answer) -> Option<i64> {
    let cookie = Cookie::parse(answer.set_cookie.clone().unwrap()).unwrap();
    cookie.max_age().map(time::Duration::whole_seconds)
}

const FULL: RangeInclusive<i64> = LIFETIME - 3..=LIFETIME;

#[tokio::test(start_paused = true)]
async fn events_keep_a_session_alive_as_they_are_told() {
    let every = |at_most_every| Touch::OnEvent { at_most_every };
    for (touch, [looks, bumps, updates, pings]) in
        [(Touch::Never, [false; 4]), (Touch::OnSave, [false, true, true, false]), (every(Duration::ZERO), [true; 4])]
    {
        let store = Server::default();
        let app = app(&store, |builder| builder.touch(touch));
        let visitor = app.visitor().await;
        let mut client = visitor.connect().await;
        for (event, keeps) in [("look", looks), ("bump", bumps), ("update", updates), ("ping", pings)] {
            leave(&store, &visitor, 50).await;
            assert!(client.ask(event).await.text().starts_with("430["));
            sleep(millis(10)).await;
            let left = left(&store, &visitor).await;
            assert_eq!(FULL.contains(&left), keeps, "{touch:?} {event} {left}");
        }
        leave(&store, &visitor, 50).await;
        visitor.session().emit("pushed", &1).await.unwrap();
        assert_eq!(client.next().await, Received::packets(r#"42["pushed",1]"#));
        assert!(left(&store, &visitor).await <= 50, "what the server sends never does");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_events_is_no_stream_of_writes() {
    let store = Server::default();
    let app = app(&store, |builder| builder.touch(Touch::OnEvent { at_most_every: Duration::from_secs(20) }));
    let visitor = app.visitor().await;
    let mut client = visitor.connect().await;
    // it was used a moment ago; it was not; it was just said
    for (before, moves) in [(90, false), (50, true), (50, false)] {
        leave(&store, &visitor, before).await;
        client.ask("look").await;
        sleep(millis(10)).await;
        let left = left(&store, &visitor).await;
        assert_eq!(left > before, moves, "{before} {left}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_session_becomes_older_than_it_may() {
    let store = Server::default();
    let touch = Touch::OnEvent { at_most_every: Duration::ZERO };
    let app = app(&store, |builder| builder.max_age(Duration::from_mins(1)).touch(touch));
    let mut visitor = app.visitor().await;
    assert!((57..=60).contains(&left(&store, &visitor).await));
    let mut client = visitor.connect().await;
    client.ask("bump").await;
    visitor.get("/bump").await;
    assert!(left(&store, &visitor).await <= 60);

    age(&store, &visitor, 40).await;
    leave(&store, &visitor, 10).await;
    let answer = visitor.get("/bump").await;
    assert!((17..=20).contains(&left(&store, &visitor).await));
    assert!((17..=20).contains(&cookie_age(&answer).unwrap()));
    // another id is no other session
    visitor.get("/rotate").await;
    assert!((17..=20).contains(&left(&store, &visitor).await));
    // a login is
    let answer = visitor.get("/again").await;
    assert!((57..=60).contains(&left(&store, &visitor).await));
    assert!((57..=60).contains(&cookie_age(&answer).unwrap()));
}

#[tokio::test(start_paused = true)]
async fn with_a_new_id_a_session_that_was_made_before_there_was_a_limit_has_one() {
    for path in ["/rotate", "/again", "/cycle"] {
        let store = Server::default();
        let mut visitor = app(&store, |builder| builder).visitor().await;
        assert!(FULL.contains(&left(&store, &visitor).await));
        // the application is started again, with a limit
        visitor.app = app(&store, |builder| builder.max_age(Duration::from_mins(1)));
        let answer = visitor.get(path).await;
        assert!((57..=60).contains(&left(&store, &visitor).await), "{path}");
        assert!((57..=60).contains(&cookie_age(&answer).unwrap()), "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn where_events_keep_a_session_alive_its_cookie_reaches_as_far_as_it_may() {
    for (max_age, reach) in [(Some(1000), 997..=1000), (None, 34_559_990..=34_560_000)] {
        let store = Server::default();
        let app = app(&store, |builder| {
            let builder = builder.touch(Touch::OnSave);
            match max_age {
                Some(seconds) => builder.max_age(Duration::from_secs(seconds)),
                None => builder,
            }
        });
        let mut visitor = app.stranger();
        let answer = visitor.get("/login").await;
        assert!(reach.contains(&cookie_age(&answer).unwrap()));
        assert!(FULL.contains(&left(&store, &visitor).await), "the record slides");
    }
}

#[tokio::test(start_paused = true)]
async fn one_session_may_live_longer_than_the_others() {
    let month = i64::try_from(MONTH.as_secs()).unwrap();
    let full = month - 3..=month;
    let store = Server::default();
    // the others end with the browser
    let lab = Lab::over(store.clone(), |builder| builder.touch(Touch::OnSave));
    lab.io.ns("/", lab.sessions.namespace().on::<bump>());
    let app = lab.app(
        Router::new()
            .route("/remember", get(remember))
            .route("/rotate", get(async |session: Session<Visit>| session.rotate().await))
            .route("/again", get(login))
            .route("/bump", get(async |session: Session<Visit>| session.update(|visit| visit.count += 1).await))
            .route("/clear", get(clear)),
    );
    let mut visitor = app.stranger();
    let answer = visitor.get("/login").await;
    assert_eq!(cookie_age(&answer), None);
    let answer = visitor.get("/remember").await;
    assert!(cookie_age(&answer).is_some(), "{:?}", answer.set_cookie);
    assert!(full.contains(&left(&store, &visitor).await));
    for path in ["/bump", "/rotate", "/again", "/clear", "/bump"] {
        leave(&store, &visitor, 1000).await;
        let answer = visitor.get(path).await;
        assert!(full.contains(&left(&store, &visitor).await), "{path}");
        assert!(cookie_age(&answer).is_some(), "{path}");
    }
    // by an event too, on a connection that was made afterwards
    let mut client = visitor.connect().await;
    leave(&store, &visitor, 1000).await;
    client.ask("bump").await;
    assert!(full.contains(&left(&store, &visitor).await));
}

#[tokio::test(start_paused = true)]
async fn a_job_may_let_a_session_live_longer() {
    let store = Server::default();
    let app = app(&store, |builder| builder.max_age(Duration::from_mins(10)));
    let visitor = app.visitor().await;
    visitor.session().remember(MONTH).await.unwrap();
    assert!((597..=600).contains(&left(&store, &visitor).await), "but not beyond the limit of its age");
}
