//! What one node does and another one feels: they share nothing but the store.

#![expect(clippy::unused_async, reason = "event handlers are async, whatever they do")]

mod common;

use std::sync::atomic::Ordering::SeqCst;

use axum::{Router, body::Body, http::StatusCode, routing::get};
use socket_session::{Session, SessionError, on};
use tokio::time::sleep;
use tower_sessions::Session as Plain;

use common::{App, Lab, Received, Visit, VisitFields, Visitor, millis, server::Server};

#[on("bump")]
async fn bump(visit: &mut Visit) -> u32 {
    visit.count += 1;
    visit.count
}

async fn stream(session: Session<Visit>) -> Result<Body, SessionError> {
    session.rotate().await?;
    Ok(Body::from_stream(futures_util::stream::once(async {
        sleep(millis(1000)).await;
        Ok::<_, std::io::Error>("done")
    })))
}

async fn slow(plain: Plain, session: Session<Visit>) -> Result<(), SessionError> {
    // as axum-login does for each request
    VisitFields::authenticated(&plain).await?;
    session.update(|visit| visit.count += 1).await?;
    sleep(millis(1000)).await;
    Ok(())
}

fn nodes() -> [App; 2] {
    nodes_on(&Server::default())
}

fn nodes_on(store: &Server) -> [App; 2] {
    [(); 2].map(|()| {
        let lab = Lab::over(store.clone(), |builder| builder);
        lab.io.ns("/", lab.sessions.namespace().on::<bump>());
        lab.app(
            Router::new()
                .route("/rotate", get(async |session: Session<Visit>| session.rotate().await))
                .route("/stream", get(stream))
                .route("/slow", get(slow)),
        )
    })
}

/// The same browser, at another node.
fn at(node: &App, visitor: &Visitor) -> Visitor {
    Visitor { app: node.clone(), cookie: visitor.cookie.clone() }
}

#[tokio::test(start_paused = true)]
async fn a_logout_disconnects_the_sockets_for_good() {
    let [one, other] = nodes();
    let mut visitor = one.visitor().await;
    let mut client = at(&other, &visitor).connect().await;
    visitor.get("/logout").await;
    assert_eq!(client.closing().await, Received::packets("41"));
    sleep(millis(2100)).await;
    assert_eq!(client.closing().await, Received::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_rotation_closes_the_transports() {
    let [one, other] = nodes();
    let mut visitor = one.visitor().await;
    let old = at(&other, &visitor);
    let mut client = old.connect().await;
    assert_eq!(client.ask("bump").await, Received::packets("430[2]"));
    visitor.get("/rotate").await;
    sleep(millis(100)).await;
    assert_eq!(client.closing().await, Received::Closed);
    assert_eq!(old.clone().handshake().await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(at(&other, &visitor).connect().await.ask("bump").await, Received::packets("430[3]"));
}

#[tokio::test(start_paused = true)]
async fn an_update_whose_session_is_taken_over_is_done_anew_and_an_event_is_rolled_back() {
    let store = Server::default();
    let [node, _] = nodes_on(&store);
    let mut visitor = node.visitor().await;
    let mut client = visitor.connect().await;
    store.takeovers.store(2, SeqCst);
    visitor.session().update(|visit| visit.count += 1).await.unwrap();
    assert_eq!(visitor.count().await, "2");
    store.takeovers.store(1, SeqCst);
    let answer = client.ask("bump").await;
    assert!(answer.text().contains("store_unavailable"), "{answer:?}");
    assert_eq!(visitor.count().await, "2");
    store.takeovers.store(9, SeqCst);
    let busy = visitor.session().update(|visit| visit.count += 1).await;
    assert!(matches!(busy, Err(SessionError::Busy)), "{busy:?}");
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_to_the_old_cookie_leaves_the_new_one_alone() {
    let [one, other] = nodes();
    let mut visitor = one.visitor().await;
    let mut late = at(&other, &visitor);
    let (answer, ()) = tokio::join!(late.get("/slow"), async {
        sleep(millis(500)).await;
        // other nodes are told when its body has ended, and the client has the cookie by then
        assert!(visitor.get("/stream").await.set_cookie.is_some());
    });
    assert_eq!((answer.status, answer.set_cookie), (StatusCode::OK, None));
    assert_eq!(visitor.count().await, "2");
}
