//! For a minute after a rotation, whoever shows the old cookie comes late: no response touches the cookie of the new id.

#![expect(clippy::unused_async, reason = "event handlers are async, whatever they do")]
#![expect(clippy::unwrap_used, reason = "a test fails where its tools do")]

mod common;

use std::{sync::atomic::Ordering::SeqCst, time::Duration};

use axum::{Router, http::StatusCode, routing::get};
use socket_session::{Handshake, Session, SessionError, on};
use tokio::{
    join,
    time::{advance, sleep},
};
use tower_sessions::Session as Plain;

use common::{Lab, Visit, VisitFields, millis};

#[on("bump")]
async fn bump(visit: &mut Visit) -> u32 {
    visit.count += 1;
    visit.count
}

async fn read_elsewhere(plain: Plain) {
    tokio::spawn(async move { VisitFields::count(&plain).await.unwrap() }).await.unwrap();
}

async fn typed_after_spawned(plain: Plain, session: Session<Visit>) -> Result<(), SessionError> {
    read_elsewhere(plain).await;
    session.update(|visit| visit.count += 1).await
}

async fn spawned(plain: Plain) {
    read_elsewhere(plain.clone()).await;
    plain.insert("count", 5).await.unwrap();
}

/// Routes for one who comes late.
fn late_routes() -> Router {
    Router::new()
        .route("/rotate", get(async |session: Session<Visit>| session.rotate().await))
        .route("/update", get(async |session: Session<Visit>| session.update(|visit| visit.count += 1).await))
        .route("/plain/read", get(async |plain: Plain| VisitFields::count(&plain).await.unwrap().to_string()))
        .route("/plain/write", get(async |plain: Plain| VisitFields::set_count(&plain, 5).await.unwrap()))
        .route("/plain/clear", get(async |plain: Plain| plain.clear().await))
        .route("/plain/flush", get(async |plain: Plain| plain.flush().await.unwrap_err().to_string()))
        .route("/plain/cycle", get(async |plain: Plain| plain.cycle_id().await.unwrap_err().to_string()))
        .route("/plain/spawned", get(spawned))
        .route("/spawned", get(typed_after_spawned))
        .route("/nothing", get(async || ()))
}

#[tokio::test(start_paused = true)]
async fn for_a_minute_no_response_to_the_old_cookie_touches_the_new_one() {
    for always_save in [false, true] {
        let lab = Lab::with(|builder| builder.http(|cookies| cookies.with_always_save(always_save)));
        lab.io.ns("/", lab.sessions.namespace().on::<bump>());
        let app = lab.app(late_routes());
        let mut visitor = app.visitor().await;
        let old = visitor.clone();
        visitor.get("/rotate").await;
        for (uri, status, body) in [
            ("/count", StatusCode::OK, "0"),
            ("/nothing", StatusCode::OK, ""),
            ("/plain/read", StatusCode::OK, "0"),
            ("/update", StatusCode::UNAUTHORIZED, ""),
            ("/rotate", StatusCode::UNAUTHORIZED, ""),
            ("/login", StatusCode::UNAUTHORIZED, ""),
            ("/plain/write", StatusCode::UNAUTHORIZED, ""),
            ("/plain/spawned", StatusCode::UNAUTHORIZED, ""),
            ("/spawned", StatusCode::UNAUTHORIZED, ""),
            ("/plain/clear", StatusCode::UNAUTHORIZED, ""),
            ("/plain/flush", StatusCode::UNAUTHORIZED, ""),
            ("/logout", StatusCode::UNAUTHORIZED, ""),
            ("/plain/cycle", StatusCode::OK, "the session has ended"),
        ] {
            let answer = old.clone().get(uri).await;
            assert_eq!((answer.status, answer.set_cookie), (status, None), "{uri}");
            assert!(answer.body.contains(body), "{uri}: {}", answer.body);
        }
        assert_eq!((visitor.count().await.as_str(), app.store.len()), ("1", 1));
        assert_eq!(app.store.creates.load(SeqCst), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn for_a_minute_a_handshake_with_the_old_cookie_is_to_be_tried_again() {
    for handshake in [Handshake::Existing, Handshake::Create] {
        let app = Lab::with(|builder| builder.handshake(handshake)).app(late_routes());
        let mut visitor = app.visitor().await;
        let mut old = visitor.clone();
        visitor.get("/rotate").await;
        let creates = app.store.creates.load(SeqCst);
        let answer = old.handshake().await;
        assert_eq!((answer.status, answer.set_cookie), (StatusCode::SERVICE_UNAVAILABLE, None));
        assert_eq!(app.store.creates.load(SeqCst), creates);

        app.store.ahead.store(61, SeqCst);
        assert_eq!(old.handshake().await.status, StatusCode::OK);
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_minute_the_old_cookie_is_anybodys() {
    let app = Lab::new().app(late_routes());
    let mut visitor = app.visitor().await;
    let mut old = visitor.clone();
    visitor.get("/rotate").await;
    app.store.ahead.store(61, SeqCst);
    advance(Duration::from_secs(61)).await;
    assert_eq!(old.get("/update").await.status, StatusCode::OK);
    assert_ne!(old.cookie, visitor.cookie);
    assert_eq!((old.count().await.as_str(), visitor.count().await.as_str()), ("1", "1"));
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_to_the_old_cookie_leaves_the_new_one_alone() {
    async fn wait() {
        sleep(millis(1000)).await;
    }
    let router = late_routes()
        .route(
            "/seen",
            get(async |plain: Plain| {
                VisitFields::count(&plain).await.unwrap();
                wait().await;
            }),
        )
        .route(
            "/unseen",
            get(async |plain: Plain| {
                wait().await;
                VisitFields::count(&plain).await.unwrap();
            }),
        )
        .route(
            "/typed",
            get(async |session: Session<Visit>| {
                session.update(|visit| visit.count += 1).await.unwrap();
                wait().await;
            }),
        )
        .route(
            "/mixed",
            get(async |plain: Plain, session: Session<Visit>| {
                VisitFields::count(&plain).await.unwrap();
                session.update(|visit| visit.count += 1).await.unwrap();
                wait().await;
            }),
        )
        .route(
            "/saved",
            get(async |plain: Plain| {
                VisitFields::set_count(&plain, 2).await.unwrap();
                plain.save().await.unwrap();
                wait().await;
            }),
        );
    for always_save in [false, true] {
        let lab = Lab::with(|builder| builder.http(|cookies| cookies.with_always_save(always_save)));
        let app = lab.app(router.clone());
        for (uri, count) in [("/seen", "1"), ("/unseen", "1"), ("/typed", "2"), ("/mixed", "2"), ("/saved", "2")] {
            let mut visitor = app.visitor().await;
            let mut late = visitor.clone();
            let (answer, _) = join!(late.get(uri), async {
                sleep(millis(500)).await;
                visitor.get("/rotate").await
            });
            assert_eq!((answer.status, answer.set_cookie), (StatusCode::OK, None), "{uri}");
            assert_eq!(visitor.count().await, count, "{uri}");
        }
    }
}
