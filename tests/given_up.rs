//! A request that is given up, or whose handler gives up waiting, leaves one session with one cookie, or none.

mod common;

use socket_session::Session;
use tokio::{
    join,
    time::{sleep, timeout},
};
use tower_sessions::Session as Plain;

use common::{Lab, Visit, at_x, millis};

#[tokio::test(start_paused = true)]
async fn a_response_that_overtakes_a_cancelled_rotation_loses_no_session() {
    let lab = Lab::new();
    lab.store.after_create.set(100);
    let app = lab.app(at_x(async |session: Session<Visit>| {
        let rotated = timeout(millis(50), session.rotate_with(|visit| visit.count += 1)).await;
        assert!(rotated.is_err());
    }));
    let mut visitor = app.visitor().await;
    visitor.get("/x").await;
    sleep(millis(200)).await;
    assert!(visitor.session().get().await.is_ok());
    assert_eq!(app.store.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_flush_beside_a_cancelled_rotation_ends_the_session() {
    let lab = Lab::new();
    lab.store.after_create.set(100);
    let app = lab.app(at_x(async |plain: Plain, session: Session<Visit>| {
        let rotated = timeout(millis(50), session.rotate_with(|visit| visit.count += 1)).await;
        assert!(rotated.is_err());
        plain.flush().await.unwrap();
    }));
    let mut visitor = app.visitor().await;
    visitor.get("/x").await;
    sleep(millis(200)).await;
    assert_eq!(app.store.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_aborted_while_the_new_record_is_made_rotates_nothing() {
    let lab = Lab::new();
    lab.store.after_create.set(100);
    let app = lab.app(at_x(async |session: Session<Visit>| session.rotate().await));
    let mut visitor = app.visitor().await;
    assert!(timeout(millis(50), visitor.get("/x")).await.is_err());
    sleep(millis(200)).await;
    assert_eq!((visitor.count().await.as_str(), app.store.len()), ("1", 1));
}

#[tokio::test(start_paused = true)]
async fn a_response_that_overtakes_a_cancelled_update_leaves_no_session_without_a_cookie() {
    let lab = Lab::new();
    lab.store.after_create.set(100);
    let app = lab.app(at_x(async |session: Session<Visit>| {
        assert!(timeout(millis(50), session.update(|visit| visit.count = 5)).await.is_err());
    }));
    let mut visitor = app.stranger();
    visitor.get("/x").await;
    sleep(millis(200)).await;
    assert_eq!(app.store.len(), usize::from(visitor.cookie.is_some()));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_aborted_while_its_session_is_created_leaves_none() {
    let lab = Lab::new();
    lab.store.after_create.set(100);
    let app = lab.app(at_x(async |session: Session<Visit>| session.update(|visit| visit.count = 5).await));
    let mut visitor = app.stranger();
    assert!(timeout(millis(50), visitor.get("/x")).await.is_err());
    sleep(millis(200)).await;
    assert_eq!(app.store.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_destroyed_while_it_is_rotated_stays_gone() {
    let lab = Lab::new();
    lab.store.after_create.set(100);
    let app = lab.app(at_x(async |session: Session<Visit>| session.rotate().await));
    let mut visitor = app.visitor().await;
    let session = visitor.session();
    let logout = async {
        sleep(millis(50)).await;
        session.destroy().await
    };
    let (_, destroyed) = join!(visitor.get("/x"), logout);
    assert!(destroyed.is_ok());
    assert_eq!(app.store.len(), 0);
}
