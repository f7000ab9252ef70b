//! A plain `tower_sessions::Session` keeps the promises of a typed one: it writes what it changed, sees what the request
//! did by type, and brings back nothing that has ended.

mod common;

use std::sync::atomic::Ordering::SeqCst;

use axum::{Router, http::StatusCode, routing::get};
use socket_session::{Expiry, Session};
use tokio::{join, time::sleep};
use tower_sessions::{Session as Plain, cookie::time::Duration};

use common::{Elsewhere, Lab, STALE, Visit, VisitFields, at_x, millis};

#[tokio::test(start_paused = true)]
async fn a_clear_removes_what_it_has_not_read() {
    let app = Lab::new().app(at_x(async |plain: Plain| {
        plain.clear().await;
        plain.insert("authenticated", true).await.unwrap();
    }));
    let mut visitor = app.visitor().await;
    assert_eq!(visitor.get("/x").await.status, StatusCode::OK);
    let visit = visitor.session().get().await.unwrap();
    assert_eq!((visit.authenticated, visit.count), (true, 0));
}

#[tokio::test(start_paused = true)]
async fn an_insert_into_a_session_that_ended_meanwhile_is_gone() {
    let app = Lab::new().app(at_x(async |session: Session<Visit>, plain: Plain, Elsewhere(other): Elsewhere| {
        session.get().await.unwrap();
        other.destroy().await.unwrap();
        plain.insert("note", 1).await.unwrap();
    }));
    let mut visitor = app.visitor().await;
    assert_eq!(visitor.get("/x").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(app.store.creates.load(SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_ended_after_an_update_is_not_made_anew_and_the_answer_stands() {
    let app = Lab::new().app(at_x(async |session: Session<Visit>, Elsewhere(other): Elsewhere| {
        session.update(|visit| visit.count += 1).await.unwrap();
        // somebody has seen it: to answer that it has not been would be a lie
        assert_eq!(other.get().await.unwrap().count, 2);
        other.destroy().await.unwrap();
    }));
    let mut visitor = app.visitor().await;
    let answer = visitor.get("/x").await;
    assert_eq!((answer.status, answer.set_cookie), (StatusCode::OK, None));
    assert_eq!(app.store.creates.load(SeqCst), 1);
    assert_eq!(app.store.len(), 0, "it has ended");
}

#[tokio::test(start_paused = true)]
async fn what_is_inserted_after_a_flush_begins_a_new_session() {
    let app = Lab::new().app(at_x(async |plain: Plain| {
        plain.flush().await.unwrap();
        plain.insert("count", 9).await.unwrap();
    }));
    let mut visitor = app.visitor().await;
    let before = visitor.id();
    visitor.get("/x").await;
    assert_ne!(visitor.id(), before);
    let visit = visitor.session().get().await.unwrap();
    assert_eq!((visit.authenticated, visit.count), (false, 9));
    assert_eq!(app.store.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_update_after_a_destroy_begins_a_new_session() {
    let app = Lab::new().app(at_x(async |plain: Plain, session: Session<Visit>| {
        VisitFields::count(&plain).await.unwrap();
        session.destroy().await.unwrap();
        session.update(|visit| visit.count = 3).await.unwrap();
    }));
    let mut visitor = app.visitor().await;
    let before = visitor.id();
    visitor.get("/x").await;
    assert_ne!(visitor.id(), before);
    let visit = visitor.session().get().await.unwrap();
    assert_eq!((visit.authenticated, visit.count), (false, 3));
    assert_eq!(app.store.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_save_in_a_spawned_task_is_an_error_and_undoes_nothing() {
    let app = Lab::new().app(at_x(async |plain: Plain, Elsewhere(other): Elsewhere| {
        VisitFields::count(&plain).await.unwrap();
        other.update(|visit| visit.count = 42).await.unwrap();
        let saved = tokio::spawn(async move {
            plain.insert("note", 1).await.unwrap();
            plain.save().await
        });
        saved.await.unwrap().unwrap_err().to_string()
    }));
    let mut visitor = app.visitor().await;
    let answer = visitor.get("/x").await;
    assert!(answer.body.contains("in the task that answers its request"), "{}", answer.body);
    assert_eq!(visitor.count().await, "42");
}

#[tokio::test(start_paused = true)]
async fn it_reads_what_a_typed_update_has_created() {
    let app = Lab::new().app(at_x(async |session: Session<Visit>, plain: Plain| {
        session.update(|visit| visit.count = 7).await.unwrap();
        let count = VisitFields::count(&plain).await.unwrap();
        VisitFields::set_count(&plain, count + 1).await.unwrap();
    }));
    let mut visitor = app.stranger();
    visitor.get("/x").await;
    assert_eq!(visitor.count().await, "8");
}

#[tokio::test(start_paused = true)]
async fn it_reads_what_a_typed_rotation_has_moved() {
    let app = Lab::new().app(at_x(async |session: Session<Visit>, plain: Plain| {
        session.rotate().await.unwrap();
        let count = VisitFields::count(&plain).await.unwrap();
        VisitFields::set_count(&plain, count + 1).await.unwrap();
    }));
    let mut visitor = app.visitor().await;
    visitor.get("/x").await;
    assert_eq!(visitor.count().await, "2");
}

#[tokio::test(start_paused = true)]
async fn what_it_has_not_saved_yet_moves_with_a_typed_rotation() {
    let app = Lab::new().app(at_x(async |session: Session<Visit>, plain: Plain| {
        VisitFields::set_count(&plain, 7).await.unwrap();
        session.rotate_with(|visit| visit.authenticated = false).await.unwrap();
    }));
    let mut visitor = app.visitor().await;
    visitor.get("/x").await;
    let visit = visitor.session().get().await.unwrap();
    assert_eq!((visit.authenticated, visit.count), (false, 7));
}

#[tokio::test(start_paused = true)]
async fn it_cannot_grow_past_the_size_limit() {
    let lab = Lab::with(|builder| builder.max_session_bytes(1000));
    let app = lab.app(at_x(async |plain: Plain| plain.insert("note", "x".repeat(1001)).await.unwrap()));
    let mut stranger = app.stranger();
    assert_eq!(stranger.get("/x").await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let mut visitor = app.visitor().await;
    assert_eq!(visitor.get("/x").await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!((visitor.count().await.as_str(), app.store.len()), ("1", 1));
}

#[tokio::test(start_paused = true)]
async fn always_save_creates_nothing_for_sockets() {
    let lab = Lab::with(|builder| builder.http(|cookies| cookies.with_always_save(true)));
    lab.io.ns("/", lab.sessions.namespace());
    let app = lab.app(Router::new());
    let mut visitor = app.stranger();
    visitor.cookie = Some(STALE.to_owned());
    let client = visitor.connect().await;
    assert_eq!(client.visitor.cookie.as_deref(), Some(STALE));
    assert_eq!(app.store.creates.load(SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn it_reads_what_a_typed_update_has_changed_and_keeps_what_it_has_not_saved_yet() {
    let app = Lab::new().app(at_x(async |session: Session<Visit>, plain: Plain| {
        VisitFields::count(&plain).await.unwrap();
        VisitFields::set_authenticated(&plain, false).await.unwrap();
        session.update(|visit| visit.count += 10).await.unwrap();
        let count = VisitFields::count(&plain).await.unwrap();
        VisitFields::set_count(&plain, count + 1).await.unwrap();
    }));
    let mut visitor = app.visitor().await;
    visitor.get("/x").await;
    let visit = visitor.session().get().await.unwrap();
    assert_eq!((visit.authenticated, visit.count), (false, 12));
}

#[tokio::test(start_paused = true)]
async fn an_explicit_save_is_not_repeated_at_the_end_of_the_request() {
    let app = Lab::new().app(at_x(async |plain: Plain, Elsewhere(other): Elsewhere| {
        VisitFields::set_count(&plain, 5).await.unwrap();
        plain.save().await.unwrap();
        other.update(|visit| visit.count = 42).await.unwrap();
        plain.insert("note", 1).await.unwrap();
    }));
    let mut visitor = app.visitor().await;
    visitor.get("/x").await;
    assert_eq!(visitor.count().await, "42");
}

#[tokio::test(start_paused = true)]
async fn a_load_after_a_save_sees_what_others_wrote_and_writes_none_of_it() {
    let app = Lab::new().app(at_x(async |plain: Plain, Elsewhere(other): Elsewhere| {
        plain.insert("note", 1).await.unwrap();
        plain.save().await.unwrap();
        other.update(|visit| visit.count = 42).await.unwrap();
        plain.load().await.unwrap();
        assert_eq!(VisitFields::count(&plain).await.unwrap(), 42);
        other.update(|visit| visit.count = 43).await.unwrap();
        plain.insert("note", 2).await.unwrap();
    }));
    let mut visitor = app.visitor().await;
    visitor.get("/x").await;
    assert_eq!(visitor.count().await, "43");
}

#[tokio::test(start_paused = true)]
async fn a_removal_removes_one_key() {
    let app = Lab::new().app(at_x(async |plain: Plain, Elsewhere(other): Elsewhere| {
        plain.remove_value("authenticated").await.unwrap();
        other.update(|visit| visit.count = 42).await.unwrap();
    }));
    let mut visitor = app.visitor().await;
    visitor.get("/x").await;
    let visit = visitor.session().get().await.unwrap();
    assert_eq!((visit.authenticated, visit.count), (false, 42));
}

#[tokio::test(start_paused = true)]
async fn a_clear_removes_what_it_has_read_and_nothing_that_came_later() {
    let app = Lab::new().app(at_x(async |plain: Plain, Elsewhere(other): Elsewhere| {
        VisitFields::count(&plain).await.unwrap();
        other.update(|visit| visit.authenticated = true).await.unwrap();
        plain.clear().await;
        plain.save().await.unwrap();
        other.update(|visit| visit.count = 42).await.unwrap();
    }));
    let mut visitor = app.visitor().await;
    visitor.get("/x").await;
    let visit = visitor.session().get().await.unwrap();
    assert_eq!((visit.authenticated, visit.count), (false, 42));
}

#[tokio::test(start_paused = true)]
async fn another_lifetime_writes_no_field() {
    let app = Lab::new().app(at_x(async |plain: Plain, Elsewhere(other): Elsewhere| {
        VisitFields::count(&plain).await.unwrap();
        other.update(|visit| visit.count = 42).await.unwrap();
        plain.set_expiry(Some(Expiry::OnInactivity(Duration::hours(1))));
    }));
    let mut visitor = app.visitor().await;
    let answer = visitor.get("/x").await;
    assert!(answer.set_cookie.unwrap().contains("Max-Age=3600"));
    assert_eq!(visitor.count().await, "42");
    app.store.ahead.store(2 * 3600, SeqCst);
    assert_eq!(visitor.count().await, "0");
}

#[tokio::test(start_paused = true)]
async fn two_requests_at_once_both_save() {
    let router = Router::new()
        .route(
            "/one",
            get(async |plain: Plain| {
                plain.insert("count", 7).await.unwrap();
                sleep(millis(100)).await;
            }),
        )
        .route(
            "/other",
            get(async |plain: Plain| {
                plain.remove_value("authenticated").await.unwrap();
                sleep(millis(50)).await;
            }),
        );
    let app = Lab::new().app(router);
    let mut visitor = app.visitor().await;
    let mut other = visitor.clone();
    join!(visitor.get("/one"), other.get("/other"));
    let visit = visitor.session().get().await.unwrap();
    assert_eq!((visit.authenticated, visit.count), (false, 7));
}

#[tokio::test(start_paused = true)]
async fn what_is_always_saved_writes_and_creates_nothing_of_its_own() {
    let lab = Lab::with(|builder| builder.http(|cookies| cookies.with_always_save(true)));
    let app = lab.app(at_x(async |plain: Plain, Elsewhere(other): Elsewhere| {
        VisitFields::count(&plain).await.unwrap();
        other.update(|visit| visit.count = 42).await.unwrap();
    }));
    let mut visitor = app.visitor().await;
    assert!(visitor.get("/x").await.set_cookie.is_some());
    assert_eq!(visitor.count().await, "42");

    let mut stale = app.stranger();
    stale.cookie = Some(STALE.to_owned());
    let creates = app.store.creates.load(SeqCst);
    for mut stranger in [app.stranger(), stale] {
        assert_eq!(stranger.count().await, "0");
        assert_eq!(app.store.creates.load(SeqCst), creates);
    }
}

#[tokio::test(start_paused = true)]
async fn a_save_of_nothing_leaves_no_session_without_a_cookie() {
    let app = Lab::new().app(at_x(async |plain: Plain| plain.save().await.unwrap()));
    let mut visitor = app.stranger();
    visitor.get("/x").await;
    assert_eq!(visitor.cookie, None);
    assert_eq!(app.store.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_read_in_a_spawned_task_undoes_nothing() {
    for ending in ["nothing", "save", "rotate", "cycle"] {
        let app =
            Lab::new().app(at_x(async move |plain: Plain, session: Session<Visit>, Elsewhere(other): Elsewhere| {
                let reading = plain.clone();
                let read = tokio::spawn(async move { reading.get::<u32>("count").await }).await.unwrap();
                assert_eq!(read.unwrap(), Some(1));
                other.update(|visit| visit.count += 1).await.unwrap();
                plain.insert("authenticated", false).await.unwrap();
                match ending {
                    "save" => plain.save().await.unwrap(),
                    "rotate" => session.rotate().await.unwrap(),
                    "cycle" => plain.cycle_id().await.unwrap(),
                    _ => {}
                }
            }));
        let mut visitor = app.visitor().await;
        visitor.get("/x").await;
        let visit = visitor.session().get().await.unwrap();
        assert_eq!((visit.count, visit.authenticated), (2, false), "{ending}");
    }
}
