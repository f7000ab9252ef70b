//! Background jobs with a runtime of their own, which ends when it likes.

#![expect(clippy::unused_async, reason = "event handlers are async, whatever they do")]
#![expect(clippy::unwrap_used, reason = "a test is to fail there")]

mod common;

use std::thread;

use socket_session::on;
use tokio::{
    runtime::Builder,
    time::{sleep, timeout},
};

use common::{Lab, Received, Visit, at_x, millis, server::Server};

/// Runs a job on a thread and a runtime of its own, and ends both.
async fn elsewhere<F: Future<Output = ()>>(job: impl FnOnce() -> F + Send + 'static) {
    let job = thread::spawn(|| Builder::new_current_thread().enable_all().build().unwrap().block_on(job()));
    while !job.is_finished() {
        sleep(millis(5)).await;
    }
    job.join().unwrap();
}

#[on("count")]
async fn count(visit: &Visit) -> u32 {
    visit.count
}

#[tokio::test]
async fn a_job_that_ends_while_the_store_is_asked_holds_nobody_up() {
    let lab = Lab::new();
    let slow = lab.store.after_load.clone();
    let app = lab.app(at_x(async || ()));
    let visitor = app.visitor().await;
    slow.set(100);
    let session = visitor.session();
    elsewhere(|| async move {
        assert!(timeout(millis(20), session.update(|visit| visit.count += 1)).await.is_err());
    })
    .await;
    let updated = timeout(millis(2000), visitor.session().update(|visit| visit.count += 1)).await;
    assert!(matches!(updated, Ok(Ok(()))), "{updated:?}");
}

#[tokio::test]
async fn a_job_that_ends_gives_its_lease_back() {
    let store = Server::default();
    let [one, other] = [(); 2].map(|()| Lab::over(store.clone(), |builder| builder).app(at_x(async || ())));
    let visitor = one.visitor().await;
    let session = visitor.session();
    // a commit that changes nothing is not awaited at the store: the lease is given back behind it
    elsewhere(|| async move { session.update(|_| ()).await.unwrap() }).await;
    let session = other.sessions.session::<Visit>(visitor.id());
    let updated = timeout(millis(2000), session.update(|visit| visit.count += 1)).await;
    assert!(matches!(updated, Ok(Ok(()))), "{updated:?}");
}

#[tokio::test]
async fn a_job_that_ends_has_the_guards_asked_again() {
    let lab = Lab::new();
    let slow = lab.store.after_load.clone();
    lab.io.ns("/", lab.sessions.namespace().guard("out", |visit: &Visit| visit.authenticated).on::<count>());
    let app = lab.app(at_x(async || ()));
    let visitor = app.visitor().await;
    let mut client = visitor.connect().await;
    sleep(millis(50)).await;
    slow.set(50);
    let session = visitor.session();
    elsewhere(|| async move { session.update(|visit| visit.authenticated = false).await.unwrap() }).await;
    assert!(client.next().await.text().contains("unauthorized"));
}

#[tokio::test]
async fn a_job_that_ends_after_a_destroy_has_closed_the_transport() {
    let lab = Lab::new();
    lab.io.ns("/", lab.sessions.namespace().on::<count>());
    let app = lab.app(at_x(async || ()));
    let visitor = app.visitor().await;
    let mut client = visitor.connect().await;
    let session = visitor.session();
    elsewhere(|| async move { assert_eq!(session.destroy().await.unwrap().sockets, 1) }).await;
    assert!(client.next().await.text().ends_with("41"));
    sleep(millis(2100)).await;
    assert_eq!(client.closing().await, Received::Closed);
}

#[tokio::test]
async fn whoever_comes_after_the_first_runtime_is_served_all_the_same() {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    elsewhere(|| async {
        let lab = Lab::new();
        lab.store.after_load.set(20);
        let app = lab.app(at_x(async || ()));
        let visitor = app.visitor().await;
        assert!(sender.send(visitor).is_ok());
    })
    .await;
    let visitor = receiver.await.unwrap();
    let session = visitor.session();
    for _ in 0..3 {
        session.update(|visit| visit.count += 1).await.unwrap();
    }
    assert_eq!(session.get().await.unwrap().count, 4);
}
