//! A plain session's `cycle_id` is a rotation, which the response decides; a `flush` ends the session at once.

mod common;

use std::sync::atomic::Ordering::SeqCst;

use axum::{Router, http::StatusCode, routing::get};
use socket_session::{Expiry, Session};
use tokio::time::{sleep, timeout};
use tower_sessions::{Session as Plain, cookie::time::Duration};

use common::{Elsewhere, Lab, Received, STALE, Visit, VisitFields, at_x, millis};

#[tokio::test(start_paused = true)]
async fn cycle_id_moves_the_session_to_a_new_id() {
    let app = Lab::new().app(at_x(async |plain: Plain| plain.cycle_id().await.unwrap()));
    let mut visitor = app.visitor().await;
    let before = visitor.id();
    visitor.get("/x").await;
    assert_ne!(visitor.id(), before);
    assert_eq!(visitor.count().await, "1");
    assert_eq!(app.store.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn cycle_id_keeps_what_others_wrote_meanwhile() {
    let app = Lab::new().app(at_x(async |plain: Plain, Elsewhere(other): Elsewhere| {
        VisitFields::count(&plain).await.unwrap();
        other.update(|visit| visit.count = 42).await.unwrap();
        plain.cycle_id().await.unwrap();
    }));
    let mut visitor = app.visitor().await;
    let before = visitor.id();
    visitor.get("/x").await;
    assert_ne!(visitor.id(), before);
    assert_eq!(visitor.count().await, "42");
}

#[tokio::test(start_paused = true)]
async fn cycle_id_of_a_session_that_ended_meanwhile_is_an_error() {
    let app = Lab::new().app(at_x(async |plain: Plain, Elsewhere(other): Elsewhere| {
        VisitFields::count(&plain).await.unwrap();
        other.destroy().await.unwrap();
        plain.cycle_id().await.unwrap_err().to_string()
    }));
    let mut visitor = app.visitor().await;
    let answer = visitor.get("/x").await;
    assert!(answer.body.contains("the session has ended"), "{}", answer.body);
    assert_eq!(app.store.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn cycle_id_in_a_spawned_task_is_an_error_and_disconnects_nobody() {
    let lab = Lab::new();
    lab.io.ns("/", lab.sessions.namespace());
    let app = lab.app(at_x(async |plain: Plain| {
        tokio::spawn(async move { plain.cycle_id().await }).await.unwrap().unwrap_err().to_string()
    }));
    let mut visitor = app.visitor().await;
    let mut client = visitor.connect().await;
    let answer = visitor.get("/x").await;
    assert!(answer.body.contains("in the task that answers its request"), "{}", answer.body);
    assert_eq!(client.next().await, Received::Nothing);
    assert_eq!(visitor.count().await, "1");
}

#[tokio::test(start_paused = true)]
async fn a_save_moves_no_deadline_back_unless_it_is_told_to() {
    let router = Router::new()
        .route("/long", get(async |plain: Plain| plain.set_expiry(Some(Expiry::OnInactivity(Duration::weeks(50))))))
        .route("/note", get(async |plain: Plain| plain.insert("note", 1).await.unwrap()))
        .route("/typed", get(async |session: Session<Visit>| session.update(|visit| visit.count += 1).await))
        .route("/rotate", get(async |session: Session<Visit>| session.rotate().await))
        .route("/cycle", get(async |plain: Plain| plain.cycle_id().await.unwrap()));
    let app = Lab::new().app(router);
    let mut visitor = app.visitor().await;
    for uri in ["/long", "/note", "/typed", "/rotate", "/cycle"] {
        assert_eq!(visitor.get(uri).await.status, StatusCode::OK);
    }
    app.store.ahead.store(40 * 7 * 24 * 3600, SeqCst);
    assert_eq!(visitor.count().await, "2");
}

#[tokio::test(start_paused = true)]
async fn a_visitor_whose_session_is_gone_begins_anew_whatever_comes_first() {
    let router = Router::new()
        .route(
            "/insert",
            get(async |plain: Plain| {
                plain.insert("count", 5).await.unwrap();
            }),
        )
        .route(
            "/cycle",
            get(async |plain: Plain| {
                plain.cycle_id().await.unwrap();
                plain.insert("count", 5).await.unwrap();
            }),
        )
        .route(
            "/clear",
            get(async |plain: Plain| {
                plain.clear().await;
                plain.insert("count", 5).await.unwrap();
            }),
        )
        .route(
            "/clear-cycle",
            get(async |plain: Plain| {
                plain.clear().await;
                plain.cycle_id().await.unwrap();
                plain.insert("count", 5).await.unwrap();
            }),
        )
        .route(
            "/flush-cycle",
            get(async |plain: Plain| {
                plain.flush().await.unwrap();
                plain.cycle_id().await.unwrap();
                plain.insert("count", 5).await.unwrap();
            }),
        )
        .route("/rotate", get(async |session: Session<Visit>| session.rotate_with(|visit| visit.count = 5).await));
    let app = Lab::new().app(router);
    for uri in ["/insert", "/cycle", "/clear", "/clear-cycle", "/flush-cycle", "/rotate"] {
        let mut stale = app.stranger();
        stale.cookie = Some(STALE.to_owned());
        assert_eq!(stale.get(uri).await.status, StatusCode::OK, "{uri}");
        assert_ne!(stale.cookie.as_deref(), Some(STALE), "{uri}");
        assert_eq!(stale.count().await, "5", "{uri}");
    }
}

#[tokio::test(start_paused = true)]
async fn cycle_id_is_decided_by_the_response() {
    for save in [false, true] {
        let app = Lab::new().app(
            at_x(async move |plain: Plain| {
                plain.cycle_id().await.unwrap();
                plain.insert("count", 5).await.unwrap();
                if save {
                    plain.save().await.unwrap();
                }
                StatusCode::INTERNAL_SERVER_ERROR
            })
            .route(
                "/slow",
                get(async move |plain: Plain| {
                    plain.cycle_id().await.unwrap();
                    if save {
                        plain.save().await.unwrap();
                    }
                    sleep(millis(1000)).await;
                }),
            ),
        );
        let mut visitor = app.visitor().await;
        let before = visitor.clone();
        assert_eq!(visitor.get("/x").await.set_cookie, None);
        assert!(timeout(millis(500), visitor.get("/slow")).await.is_err());
        sleep(millis(100)).await;
        assert_eq!(visitor.cookie, before.cookie);
        assert_eq!((visitor.count().await.as_str(), app.store.len()), ("1", 1));
        timeout(millis(100), visitor.session().update(|visit| visit.count = 2)).await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_error_after_cycle_id_of_an_empty_session_removes_no_cookie() {
    let app = Lab::new().app(
        at_x(async |plain: Plain| {
            plain.cycle_id().await.unwrap();
            StatusCode::INTERNAL_SERVER_ERROR
        })
        .route(
            "/empty",
            get(async |plain: Plain| {
                plain.save().await.unwrap();
                // else nothing has been modified, and no cookie goes out
                plain.set_expiry(None);
            }),
        ),
    );
    let mut visitor = app.stranger();
    visitor.get("/empty").await;
    let before = visitor.clone();
    assert_eq!(visitor.get("/x").await.set_cookie, None);
    assert!(before.session().get().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn cycle_id_of_an_empty_session_that_cannot_be_had_removes_no_cookie() {
    let app = Lab::with(|builder| builder.wait_limit(millis(100))).app(
        at_x(async |plain: Plain| match plain.cycle_id().await {
            Ok(()) => StatusCode::OK,
            Err(_) => StatusCode::CONFLICT,
        })
        .route(
            "/empty",
            get(async |plain: Plain| {
                plain.save().await.unwrap();
                plain.set_expiry(None);
            }),
        )
        .route(
            "/slow",
            get(async |session: Session<Visit>| {
                session.rotate().await.unwrap();
                sleep(millis(1000)).await;
                StatusCode::INTERNAL_SERVER_ERROR
            }),
        ),
    );
    let mut visitor = app.stranger();
    visitor.get("/empty").await;
    let mut other = visitor.clone();
    let (_, answer) = tokio::join!(other.get("/slow"), async {
        sleep(millis(10)).await;
        visitor.get("/x").await
    });
    assert_eq!((answer.status, answer.set_cookie), (StatusCode::CONFLICT, None));
    assert!(visitor.session().get().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_login_that_begins_with_a_clear_keeps_nothing_of_before() {
    for read in [false, true] {
        let app = Lab::new().app(at_x(async move |plain: Plain| {
            if read {
                VisitFields::count(&plain).await.unwrap();
            }
            plain.clear().await;
            plain.cycle_id().await.unwrap();
            plain.insert("authenticated", true).await.unwrap();
        }));
        let mut visitor = app.visitor().await;
        let before = visitor.id();
        visitor.get("/x").await;
        assert_ne!(visitor.id(), before);
        assert_eq!((visitor.count().await.as_str(), app.store.len()), ("0", 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_typed_session_goes_on_with_what_cycle_id_carries() {
    let app = Lab::new().app(at_x(async |plain: Plain, session: Session<Visit>| {
        plain.cycle_id().await.unwrap();
        plain.insert("authenticated", false).await.unwrap();
        assert_eq!(session.get().await.unwrap().count, 1);
        session.update(|visit| visit.count += 1).await.unwrap();
        session.rotate_with(|visit| visit.count += 10).await.unwrap();
    }));
    let mut visitor = app.visitor().await;
    let before = visitor.id();
    visitor.get("/x").await;
    assert_ne!(visitor.id(), before);
    let visit = visitor.session().get().await.unwrap();
    assert_eq!((visit.authenticated, visit.count), (false, 12));
    assert_eq!(app.store.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_flush_after_cycle_id_is_a_logout() {
    for save in [false, true] {
        let lab = Lab::new();
        lab.io.ns("/", lab.sessions.namespace());
        let app = lab.app(at_x(async move |plain: Plain| {
            plain.cycle_id().await.unwrap();
            if save {
                plain.save().await.unwrap();
            }
            plain.flush().await.unwrap();
        }));
        let mut visitor = app.visitor().await;
        let mut client = visitor.connect().await;
        visitor.get("/x").await;
        assert_eq!(client.closing().await, Received::packets("41"));
        assert_eq!((visitor.cookie, app.store.len()), (None, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn cycle_id_closes_transports_and_a_flush_disconnects_sockets() {
    let lab = Lab::new();
    lab.io.ns("/", lab.sessions.namespace());
    let app = lab.app(
        at_x(async |plain: Plain| plain.cycle_id().await.unwrap())
            .route("/flush", get(async |plain: Plain| plain.flush().await.unwrap())),
    );
    let mut visitor = app.visitor().await;
    let mut client = visitor.connect().await;
    visitor.get("/x").await;
    assert_eq!(client.closing().await, Received::Closed);
    let mut client = visitor.connect().await;
    visitor.get("/flush").await;
    assert_eq!(client.closing().await, Received::packets("41"));
    assert_eq!((visitor.cookie, app.store.len()), (None, 0));
}
