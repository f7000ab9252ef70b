//! A rotation is decided by its response: below 500 the old id ends, and leaves a mark for a minute; otherwise nothing has
//! happened.

#![expect(clippy::unused_async, reason = "event handlers are async, whatever they do")]
#![expect(clippy::unwrap_used, reason = "a test fails where its tools do")]

mod common;

use std::{
    sync::{Arc, Mutex, atomic::Ordering::SeqCst},
    time::Duration,
};

use axum::{Router, http::StatusCode, routing::get};
use socket_session::{
    Session, SessionError, on, on_disconnect,
    store::{Ending, Notice},
};
use tokio::{
    join,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};
use tower_sessions::Session as Plain;

use common::{App, Elsewhere, Failure, Lab, Received, Visit, VisitFields, Visitor, at_x, millis};

#[on("bump")]
async fn bump(visit: &mut Visit) -> u32 {
    visit.count += 1;
    visit.count
}

/// Rotates, adds to the count, and answers.
fn rotating(lab: Lab) -> App {
    lab.io.ns("/", lab.sessions.namespace().on::<bump>());
    lab.app(at_x(async |session: Session<Visit>| session.rotate_with(|visit| visit.count += 10).await))
}

/// Rotates, adds to the count, and answers with that status after a while.
fn answering(lab: Lab, status: StatusCode, after: u64) -> App {
    lab.io.ns("/", lab.sessions.namespace().on::<bump>());
    lab.app(at_x(async move |session: Session<Visit>| {
        session.rotate_with(|visit| visit.count += 10).await.unwrap();
        sleep(millis(after)).await;
        status
    }))
}

/// After a rotation that came to nothing.
async fn assert_nothing_has_happened(app: &App, visitor: &mut Visitor, before: &Visitor) {
    assert_eq!(visitor.cookie, before.cookie);
    sleep(millis(200)).await;
    assert_eq!((visitor.count().await.as_str(), app.store.len()), ("1", 1));
    // its turn is free
    timeout(millis(100), visitor.session().update(|visit| visit.count = 2)).await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_old_id_is_as_good_as_ever_until_the_response_is_known() {
    let app = answering(Lab::new(), StatusCode::OK, 1000);
    let mut visitor = app.visitor().await;
    let mut old = visitor.clone();
    let (answer, ()) = join!(visitor.get("/x"), async {
        sleep(millis(500)).await;
        assert_eq!(old.count().await, "1");
    });
    assert_eq!(answer.status, StatusCode::OK);
    assert_ne!(visitor.cookie, old.cookie);
    assert_eq!((visitor.count().await.as_str(), old.count().await.as_str()), ("11", "0"));
    assert_eq!(app.store.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_below_500_is_a_response() {
    let app = answering(Lab::new(), StatusCode::CONFLICT, 0);
    let mut visitor = app.visitor().await;
    let old = visitor.clone();
    assert_eq!(visitor.get("/x").await.status, StatusCode::CONFLICT);
    assert_ne!(visitor.cookie, old.cookie);
    assert_eq!((visitor.count().await.as_str(), app.store.len()), ("11", 1));
}

#[tokio::test(start_paused = true)]
async fn after_a_server_error_nothing_has_happened() {
    let app = answering(Lab::new(), StatusCode::INTERNAL_SERVER_ERROR, 0);
    let mut visitor = app.visitor().await;
    let before = visitor.clone();
    let mut client = visitor.connect().await;
    let answer = visitor.get("/x").await;
    assert_eq!((answer.status, answer.set_cookie), (StatusCode::INTERNAL_SERVER_ERROR, None));
    sleep(Duration::from_secs(5)).await;
    assert_eq!(client.ask("bump").await, Received::packets("430[2]"));
    assert_nothing_has_happened_but(&app, &mut visitor, &before, "2").await;
}

async fn assert_nothing_has_happened_but(app: &App, visitor: &mut Visitor, before: &Visitor, count: &str) {
    assert_eq!(visitor.cookie, before.cookie);
    assert_eq!((visitor.count().await.as_str(), app.store.len()), (count, 1));
}

#[tokio::test(start_paused = true)]
async fn after_a_panic_nothing_has_happened() {
    let app = Lab::new().app(at_x(async |session: Session<Visit>| -> StatusCode {
        session.rotate_with(|visit| visit.count += 10).await.unwrap();
        panic!("the handler panics");
    }));
    let mut visitor = app.visitor().await;
    let before = visitor.clone();
    let mut panicking = visitor.clone();
    assert!(tokio::spawn(async move { panicking.get("/x").await.status }).await.unwrap_err().is_panic());
    assert_nothing_has_happened(&app, &mut visitor, &before).await;
}

#[tokio::test(start_paused = true)]
async fn after_an_aborted_request_nothing_has_happened() {
    let app = answering(Lab::new(), StatusCode::OK, 1000);
    let mut visitor = app.visitor().await;
    let before = visitor.clone();
    assert!(timeout(millis(500), visitor.get("/x")).await.is_err());
    assert_nothing_has_happened(&app, &mut visitor, &before).await;
}

#[tokio::test(start_paused = true)]
async fn what_was_done_with_the_new_id_is_undone_with_it() {
    let app = Lab::new().app(at_x(async |session: Session<Visit>| {
        session.update(|visit| visit.count += 100).await.unwrap();
        session.rotate().await.unwrap();
        session.update(|visit| visit.count += 10).await.unwrap();
        assert_eq!(session.get().await.unwrap().count, 111);
        StatusCode::BAD_GATEWAY
    }));
    let mut visitor = app.visitor().await;
    let before = visitor.clone();
    visitor.get("/x").await;
    // what was saved before is saved
    assert_nothing_has_happened_but(&app, &mut visitor, &before, "101").await;
}

#[tokio::test(start_paused = true)]
async fn updates_before_and_after_are_all_there() {
    let app = Lab::new().app(at_x(async |session: Session<Visit>| {
        session.update(|visit| visit.count += 100).await.unwrap();
        session.rotate_with(|visit| visit.count += 10).await.unwrap();
        session.update(|visit| visit.count += 1000).await.unwrap();
    }));
    let mut visitor = app.visitor().await;
    let before = visitor.id();
    visitor.get("/x").await;
    assert_ne!(visitor.id(), before);
    assert_eq!((visitor.count().await.as_str(), app.store.len()), ("1111", 1));
}

#[tokio::test(start_paused = true)]
async fn several_rotations_of_one_request_are_one() {
    let app = Lab::new().app(at_x(async |plain: Plain, session: Session<Visit>| {
        for _ in 0..2 {
            session.rotate_with(|visit| visit.count += 10).await.unwrap();
        }
        let (one, other) = join!(session.rotate_with(|visit| visit.count += 10), session.rotate());
        one.and(other).unwrap();
        plain.cycle_id().await.unwrap();
        plain.save().await.unwrap();
        plain.cycle_id().await.unwrap();
        plain.insert("count", VisitFields::count(&plain).await.unwrap() + 1).await.unwrap();
    }));
    let mut visitor = app.visitor().await;
    let before = visitor.id();
    visitor.get("/x").await;
    assert_ne!(visitor.id(), before);
    assert_eq!((visitor.count().await.as_str(), app.store.len()), ("32", 1));
    assert_eq!(app.store.creates.load(SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn two_rotations_at_once_are_one() {
    let app = Lab::new().app(at_x(async |session: Session<Visit>| {
        let (one, other) =
            join!(session.rotate_with(|visit| visit.count += 10), session.rotate_with(|visit| visit.count += 10));
        one.and(other)
    }));
    let mut visitor = app.visitor().await;
    app.store.after_load.set(30);
    let began = Instant::now();
    assert_eq!(visitor.get("/x").await.status, StatusCode::OK);
    assert!(began.elapsed() < millis(500));
    assert_eq!((visitor.count().await.as_str(), app.store.len()), ("21", 1));
}

#[tokio::test(start_paused = true)]
async fn a_destroy_ends_both_ids() {
    let lab = Lab::new();
    lab.io.ns("/", lab.sessions.namespace().on::<bump>());
    let app = lab.app(at_x(async |session: Session<Visit>| {
        session.rotate_with(|visit| visit.count += 10).await.unwrap();
        session.destroy().await.unwrap();
        StatusCode::INTERNAL_SERVER_ERROR
    }));
    let mut visitor = app.visitor().await;
    let mut client = visitor.connect().await;
    visitor.get("/x").await;
    // the old one's sockets do not come back by themselves
    assert_eq!(client.closing().await, Received::packets("41"));
    assert_eq!((visitor.cookie, app.store.len()), (None, 0));
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_destroyed_before_the_response_stays_gone() {
    let app = Lab::new().app(at_x(async |session: Session<Visit>, Elsewhere(other): Elsewhere| {
        session.rotate_with(|visit| visit.count += 10).await.unwrap();
        other.destroy().await.unwrap();
    }));
    let mut visitor = app.visitor().await;
    let answer = visitor.get("/x").await;
    assert_eq!((answer.status, answer.set_cookie), (StatusCode::UNAUTHORIZED, None));
    assert_eq!(app.store.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_refuses_the_end_of_the_old_id_keeps_it() {
    let app = rotating(Lab::new());
    let mut visitor = app.visitor().await;
    let before = visitor.clone();
    app.store.retiring.set(Failure::Refused, 1);
    let answer = visitor.get("/x").await;
    assert_eq!((answer.status, answer.set_cookie), (StatusCode::SERVICE_UNAVAILABLE, None));
    assert_nothing_has_happened(&app, &mut visitor, &before).await;
}

#[tokio::test(start_paused = true)]
async fn where_the_store_does_not_say_the_new_id_works_and_the_old_one_ends() {
    for failure in [Failure::Lost, Failure::Unanswered] {
        let app = rotating(Lab::new());
        let mut visitor = app.visitor().await;
        let old = visitor.clone();
        app.store.retiring.set(failure, 1000);
        assert_eq!(visitor.get("/x").await.status, StatusCode::OK);
        assert_ne!(visitor.cookie, old.cookie);
        assert_eq!(visitor.count().await, "11");
        sleep(Duration::from_secs(2)).await;
        assert_eq!(app.store.len(), 1);
        assert!(old.session().get().await.is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn a_response_that_takes_too_long_rotates_nothing() {
    let lab = Lab::with(|builder| builder.handler_timeout(millis(500)));
    let app = answering(lab, StatusCode::OK, 2000);
    let mut visitor = app.visitor().await;
    let before = visitor.clone();
    let answer = visitor.get("/x").await;
    assert_eq!((answer.status, answer.set_cookie), (StatusCode::SERVICE_UNAVAILABLE, None));
    assert_nothing_has_happened(&app, &mut visitor, &before).await;
}

#[tokio::test(start_paused = true)]
async fn events_wait_for_the_response_and_are_then_too_late() {
    let app = answering(Lab::new(), StatusCode::OK, 1000);
    let mut visitor = app.visitor().await;
    let mut client = visitor.connect().await;
    let mut asking = client.clone();
    let began = Instant::now();
    let (answer, told) = join!(visitor.get("/x"), async {
        sleep(millis(500)).await;
        asking.ask("bump").await
    });
    assert_eq!(answer.status, StatusCode::OK);
    assert!(told.text().contains(r#""code":"session_gone""#), "{told:?}");
    assert!(began.elapsed() >= millis(1000));
    // the response is through: the transport closes, so that the client comes back
    sleep(millis(100)).await;
    assert_eq!(client.closing().await, Received::Closed);
    assert_eq!(visitor.connect().await.ask("bump").await, Received::packets("430[12]"));
}

#[tokio::test(start_paused = true)]
async fn events_wait_for_a_server_error_and_then_run() {
    let app = answering(Lab::new(), StatusCode::INTERNAL_SERVER_ERROR, 1000);
    let mut visitor = app.visitor().await;
    let mut client = visitor.connect().await;
    let (_, told) = join!(visitor.get("/x"), async {
        sleep(millis(500)).await;
        client.ask("bump").await
    });
    assert_eq!(told, Received::packets("430[2]"));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_end_keeps_nobody_connected() {
    let lab = Lab::new();
    lab.io.ns("/", lab.sessions.namespace().on::<bump>());
    let app = lab.app(at_x(async |session: Session<Visit>| {
        session.rotate().await.unwrap();
        axum::body::Body::from_stream(futures_util::stream::pending::<Result<String, std::io::Error>>())
    }));
    let mut visitor = app.visitor().await;
    let mut client = visitor.connect().await;
    let (streaming, closed) = join!(timeout(Duration::from_secs(10), visitor.get("/x")), async {
        sleep(millis(900)).await;
        assert_eq!(client.clone().next().await, Received::Nothing);
        client.closing().await
    });
    // at most two seconds after the head
    assert!(streaming.is_err());
    assert_eq!(closed, Received::Closed);
}

#[tokio::test(start_paused = true)]
async fn who_was_connecting_meanwhile_comes_back_and_is_not_refused() {
    let lab = Lab::new();
    lab.io.ns("/", lab.sessions.namespace().guard("unauthorized", |visit: &Visit| visit.authenticated));
    let app = lab.app(at_x(async |session: Session<Visit>| {
        session.rotate().await.unwrap();
        axum::body::Body::from_stream(futures_util::stream::pending::<Result<String, std::io::Error>>())
    }));
    let mut visitor = app.visitor().await;
    let mut client = visitor.open().await;
    let (_, told) = join!(timeout(Duration::from_secs(5), visitor.get("/x")), async {
        sleep(millis(500)).await;
        client.send("40").await;
        client.next().await
    });
    // and no `connect_error`, after which clients stay away
    assert_eq!(told, Received::Closed);
}

static LEFT: Mutex<Vec<Option<u32>>> = Mutex::new(Vec::new());

#[on_disconnect]
async fn leave(visit: Option<&Visit>) {
    LEFT.lock().unwrap().push(visit.map(|visit| visit.count));
}

#[tokio::test(start_paused = true)]
async fn a_disconnect_handler_sees_the_session_as_it_was() {
    let lab = Lab::new();
    lab.io.ns("/", lab.sessions.namespace().on_disconnect::<leave>());
    let app = lab.app(at_x(async |session: Session<Visit>| session.rotate_with(|visit| visit.count += 10).await));
    let mut visitor = app.visitor().await;
    let mut client = visitor.connect().await;
    visitor.get("/x").await;
    assert_eq!(client.closing().await, Received::Closed);
    sleep(millis(100)).await;
    assert_eq!(*LEFT.lock().unwrap(), [Some(1)]);
}

#[tokio::test(start_paused = true)]
async fn who_holds_the_old_session_in_the_same_task_is_told_at_once() {
    let app = Lab::new().app(at_x(async |session: Session<Visit>, Elsewhere(old): Elsewhere| {
        session.rotate().await.unwrap();
        let asked = Instant::now();
        let updated = old.update(|visit| visit.count += 1).await;
        assert!(asked.elapsed() < millis(100));
        assert!(matches!(updated, Err(SessionError::Reentrant)));
        // who only reads waits for nobody
        assert_eq!(old.get().await.unwrap().count, 1);
    }));
    assert_eq!(app.visitor().await.get("/x").await.status, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn writers_elsewhere_wait_for_the_response() {
    for (status, expected) in [(StatusCode::OK, "Err(Gone)"), (StatusCode::BAD_GATEWAY, "Ok(())")] {
        let app = answering(Lab::new(), status, 1000);
        let mut visitor = app.visitor().await;
        let session = visitor.session();
        let (_, updated) = join!(visitor.get("/x"), async {
            sleep(millis(500)).await;
            session.update(|visit| visit.count += 1).await
        });
        assert_eq!(format!("{updated:?}"), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn what_plain_sessions_save_meanwhile_moves_too() {
    let router = Router::new()
        .route(
            "/x",
            get(async |session: Session<Visit>| {
                session.rotate_with(|visit| visit.count += 10).await.unwrap();
                sleep(millis(1000)).await;
            }),
        )
        .route(
            "/note",
            get(async |plain: Plain| {
                plain.insert("note", "a note").await.unwrap();
                // the rotation has changed this one, and is the later save
                plain.insert("count", 77).await.unwrap();
                plain.remove_value("authenticated").await.unwrap();
            }),
        )
        .route("/read", get(async |plain: Plain| plain.get::<String>("note").await.unwrap().unwrap_or_default()));
    let app = Lab::new().app(router);
    let mut visitor = app.visitor().await;
    let mut other = visitor.clone();
    let (_, noted) = join!(visitor.get("/x"), async {
        sleep(millis(500)).await;
        other.get("/note").await
    });
    assert_eq!(noted.status, StatusCode::OK);
    let visit = visitor.session().get().await.unwrap();
    assert_eq!((visit.count, visit.authenticated), (11, false));
    assert_eq!(visitor.get("/read").await.body, "a note");
}

#[tokio::test(start_paused = true)]
async fn what_a_plain_session_saves_in_the_last_moment_moves_too_or_is_refused() {
    let mut kept = 0;
    for delay in (0..500).step_by(20) {
        let router = Router::new()
            .route("/x", get(async |session: Session<Visit>| session.rotate_with(|visit| visit.count += 10).await))
            .route(
                "/note",
                get(async move |plain: Plain| {
                    plain.get::<u32>("count").await.unwrap();
                    sleep(millis(delay)).await;
                    plain.insert("note", delay).await.unwrap();
                }),
            )
            .route("/read", get(async |plain: Plain| format!("{:?}", plain.get::<u64>("note").await.unwrap())));
        let app = Lab::new().app(router);
        let mut visitor = app.visitor().await;
        let mut other = visitor.clone();
        // the last look at the old record takes its time
        app.store.after_load.set(100);
        let (rotated, noted) = join!(visitor.get("/x"), other.get("/note"));
        app.store.after_load.set(0);
        assert_eq!(rotated.status, StatusCode::OK, "{delay}");
        assert_eq!(visitor.session().get().await.unwrap().count, 11);
        if noted.status == StatusCode::OK {
            assert_eq!(visitor.get("/read").await.body, format!("Some({delay})"));
            kept += 1;
        }
    }
    assert!(kept > 5, "{kept}");
}

/// What a handler has left behind.
type LeftBehind<T> = Arc<Mutex<Option<JoinHandle<T>>>>;

#[tokio::test(start_paused = true)]
async fn what_a_task_left_behind_rotates_beside_the_response_is_in_it_or_is_not() {
    for delay in [0, 20, 50, 90, 110, 150] {
        let late: LeftBehind<Result<(), SessionError>> = Arc::default();
        let left = Arc::clone(&late);
        let app = Lab::new().app(at_x(async move |session: Session<Visit>| {
            let rotating = async move {
                sleep(millis(delay)).await;
                session.rotate_with(|visit| visit.count += 10).await
            };
            *left.lock().unwrap() = Some(tokio::spawn(rotating));
            sleep(millis(100)).await;
        }));
        let mut visitor = app.visitor().await;
        let before = visitor.id();
        app.store.after_create.set(30);
        app.store.after_load.set(5);
        visitor.get("/x").await;
        let rotating = late.lock().unwrap().take().unwrap();
        let rotated = rotating.await.unwrap();
        sleep(millis(200)).await;
        assert_eq!(rotated.is_ok(), visitor.id() != before, "{delay}");
        let count = if rotated.is_ok() { "11" } else { "1" };
        assert_eq!((visitor.count().await.as_str(), app.store.len()), (count, 1), "{delay}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_that_began_with_a_server_error_is_dropped() {
    let app = Lab::new().app(
        at_x(async |session: Session<Visit>| {
            session.update(|visit| visit.count = 5).await.unwrap();
            session.rotate().await.unwrap();
            StatusCode::INTERNAL_SERVER_ERROR
        })
        .route(
            "/plain",
            get(async |plain: Plain| {
                VisitFields::set_count(&plain, 5).await.unwrap();
                plain.save().await.unwrap();
                StatusCode::INTERNAL_SERVER_ERROR
            }),
        ),
    );
    for uri in ["/x", "/plain"] {
        let mut stranger = app.stranger();
        assert_eq!(stranger.get(uri).await.set_cookie, None);
        assert_eq!(app.store.len(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn other_nodes_are_told_when_the_response_is_through() {
    let app = answering(Lab::new(), StatusCode::OK, 1000);
    let mut visitor = app.visitor().await;
    let old = socket_session::Id::from(visitor.id()).key();
    visitor.get("/x").await;
    sleep(millis(10)).await;
    visitor.get("/logout").await;
    let new = app.store.announced.lock().unwrap();
    let told: Vec<_> = new
        .iter()
        .map(|notice| match notice {
            Notice::Ended { key, how, .. } => (*key == old, *how),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(told, [(true, Ending::Rotated), (false, Ending::Destroyed)]);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_given_up_while_the_old_id_ends_leaves_nothing_behind() {
    let app = rotating(Lab::new());
    let mut visitor = app.visitor().await;
    let mut client = visitor.connect().await;
    app.store.after_delete.set(1000);
    assert!(timeout(millis(500), visitor.get("/x")).await.is_err());
    sleep(millis(1000)).await;
    // it has ended, and nobody knows the new one
    assert_eq!((visitor.count().await.as_str(), app.store.len()), ("0", 0));
    assert_eq!(client.closing().await, Received::Closed);
}

#[tokio::test(start_paused = true)]
async fn what_is_saved_just_before_moves_too() {
    let app = Lab::new()
        .app(at_x(async |session: Session<Visit>| session.rotate_with(|visit| visit.authenticated = true).await));
    let mut visitor = app.visitor().await;
    let old = visitor.session();
    app.store.after_load.set(10);
    // the first one holds the queue up, so that the others and the rotation come to their turns together
    let update = async || old.update(|visit| visit.count += 1).await;
    let (first, second, third, answer) = join!(update(), update(), update(), visitor.get("/x"));
    assert_eq!(answer.status, StatusCode::OK);
    assert!(first.is_ok() && second.is_ok() && third.is_ok(), "{second:?} {third:?}");
    let visit = visitor.session().get().await.unwrap();
    assert_eq!((visit.count, visit.authenticated), (4, true));
}
