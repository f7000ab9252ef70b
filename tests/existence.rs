//! What nobody said is found out: sessions that another program has deleted, and those whose end was not heard.

#![expect(clippy::unused_async, reason = "event handlers are async, whatever they do")]
#![expect(clippy::unwrap_used, reason = "a test is to fail there")]

mod common;

use std::{sync::atomic::Ordering::SeqCst, time::Duration};

use axum::{Router, http::StatusCode, routing::get};
use socket_session::{
    Expiry, Id, Session, on,
    store::{Notice, SessionKey, Store as _},
    tower_sessions::cookie::time::{self, OffsetDateTime},
};
use tokio::time::{Instant, sleep, timeout};

use common::{App, Client, Lab, Received, Visit, Visitor, millis, server::Server};

/// How often it is checked, where a test does not say otherwise.
const EVERY: Duration = Duration::from_secs(10);

#[on("bump")]
async fn bump(visit: &mut Visit) -> u32 {
    visit.count += 1;
    visit.count
}

#[on("bye")]
async fn bye(session: Session<Visit>) -> Result<&'static str, String> {
    session.destroy().await.map_err(|error| error.to_string())?;
    sleep(2 * EVERY).await;
    Ok("goodbye")
}

fn node_with(store: &Server, options: impl FnOnce(socket_session::Builder) -> socket_session::Builder) -> App {
    let lab = Lab::over(store.clone(), options);
    lab.io.ns("/", lab.sessions.namespace().on::<bump>().on::<bye>());
    lab.app(Router::new().route("/rotate", get(async |session: Session<Visit>| session.rotate().await)))
}

fn node(store: &Server) -> App {
    node_with(store, |builder| builder.check_every(EVERY))
}

/// The same browser, at another node.
fn at(node: &App, visitor: &Visitor) -> Visitor {
    Visitor { app: node.clone(), cookie: visitor.cookie.clone() }
}

fn key(visitor: &Visitor) -> SessionKey {
    Id::from(visitor.id()).key()
}

/// As another program does.
async fn delete(store: &Server, visitor: &Visitor) {
    assert!(store.records.delete(&key(visitor), OffsetDateTime::now_utc()).await.unwrap());
}

/// What a socket hears that only listens, and when.
async fn hears(client: &mut Client, patience: Duration) -> Option<(Received, Duration)> {
    let begun = Instant::now();
    let something = async {
        loop {
            match client.closing().await {
                Received::Nothing => {}
                heard => return heard,
            }
        }
    };
    timeout(patience, something).await.ok().map(|heard| (heard, begun.elapsed()))
}

async fn is_disconnected_for_good(client: &mut Client) {
    assert_eq!(hears(client, EVERY + millis(1000)).await.unwrap().0, Received::packets("41"));
    sleep(millis(2100)).await;
    assert_eq!(client.closing().await, Received::Closed);
}

#[tokio::test(start_paused = true)]
async fn what_another_program_deletes_ends_within_five_minutes() {
    let store = Server::default();
    let node = node_with(&store, |builder| builder);
    let visitor = node.visitor().await;
    let mut client = visitor.connect().await;
    let mut stays = node.visitor().await.connect().await;
    delete(&store, &visitor).await;
    let patience = Duration::from_secs(400);
    let (heard, stayed) = tokio::join!(hears(&mut client, patience), hears(&mut stays, patience));
    let (heard, after) = heard.unwrap();
    assert_eq!(heard, Received::packets("41"));
    assert!(after > Duration::from_secs(290) && after <= Duration::from_secs(301), "{after:?}");
    assert_eq!(stayed, None);
}

#[tokio::test(start_paused = true)]
async fn a_logout_that_was_not_heard_is_found_at_the_next_check() {
    let store = Server::default();
    let [one, other] = [node(&store), node(&store)];
    let mut visitor = one.visitor().await;
    let mut client = at(&other, &visitor).connect().await;
    store.mute.store(true, SeqCst);
    visitor.get("/logout").await;
    assert_eq!(hears(&mut client, millis(8000)).await, None);
    is_disconnected_for_good(&mut client).await;
}

#[tokio::test(start_paused = true)]
async fn after_an_interruption_it_is_checked_at_once() {
    let store = Server::default();
    let [one, other] = [(); 2].map(|()| node_with(&store, |builder| builder));
    let mut visitor = one.visitor().await;
    let mut client = at(&other, &visitor).connect().await;
    store.mute.store(true, SeqCst);
    visitor.get("/logout").await;
    store.records.announce(&Notice::Missed).await.unwrap();
    is_disconnected_for_good(&mut client).await;
}

#[tokio::test(start_paused = true)]
async fn a_rotation_that_was_not_heard_closes_the_transports() {
    let store = Server::default();
    let [one, other] = [node(&store), node(&store)];
    let mut visitor = one.visitor().await;
    let old = at(&other, &visitor);
    let mut client = old.connect().await;
    store.mute.store(true, SeqCst);
    visitor.get("/rotate").await;
    assert_eq!(hears(&mut client, EVERY + millis(1000)).await.unwrap().0, Received::Closed);
    assert_eq!(old.clone().handshake().await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(at(&other, &visitor).connect().await.ask("bump").await, Received::packets("430[2]"));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_down_is_no_answer() {
    let store = Server::default();
    let node = node(&store);
    let visitor = node.visitor().await;
    let mut client = visitor.connect().await;
    delete(&store, &visitor).await;
    store.down.store(true, SeqCst);
    assert_eq!(hears(&mut client, 5 * EVERY).await, None);
    store.down.store(false, SeqCst);
    is_disconnected_for_good(&mut client).await;
}

#[tokio::test(start_paused = true)]
async fn a_check_takes_a_trip_for_500_sessions_and_nothing_else_is_asked() {
    let store = Server::default();
    let node = node(&store);
    let mut clients = Vec::new();
    for _ in 0..1_200 {
        clients.push(node.visitor().await.open().await);
    }
    sleep(EVERY).await;
    store.asked();
    for _ in 0..2 {
        sleep(EVERY).await;
        assert_eq!(store.asked(), (3, vec![500, 500, 200]));
    }
    // they do not poll, and are given up after a while
    drop(clients);
    sleep(Duration::from_mins(2)).await;
    store.asked();
    sleep(4 * EVERY).await;
    assert_eq!(store.asked(), (0, vec![]));
}

#[tokio::test(start_paused = true)]
async fn five_thousand_idle_sockets_cost_ten_trips_a_check() {
    let store = Server::default();
    let node = node(&store);
    let mut clients = Vec::new();
    for _ in 0..5_000 {
        clients.push(node.visitor().await.connect().await);
    }
    sleep(EVERY).await;
    store.asked();
    for _ in 0..2 {
        sleep(EVERY).await;
        assert_eq!(store.asked(), (10, vec![500; 10]));
    }
    // they are there: each would have heard of an end
    assert_eq!(clients[4_999].ask("bump").await, Received::packets("430[2]"));
}

#[tokio::test(start_paused = true)]
async fn without_connections_nothing_is_asked() {
    let store = Server::default();
    let node = node(&store);
    let mut visitor = node.visitor().await;
    visitor.count().await;
    store.asked();
    store.records.announce(&Notice::Missed).await.unwrap();
    sleep(4 * EVERY).await;
    assert_eq!(store.asked(), (0, vec![]));
}

#[tokio::test(start_paused = true)]
async fn who_comes_while_the_store_is_asked_stays() {
    let store = Server::with_delays(vec![200]);
    let node = node(&store);
    let first = node.visitor().await;
    let mut leaves = first.connect().await;
    delete(&store, &first).await;
    store.records.announce(&Notice::Missed).await.unwrap();
    sleep(millis(100)).await;
    assert_eq!(store.asked().1.last(), Some(&1));
    // a session that was made after the question, and before its answer
    let mut stays = node.visitor().await.connect().await;
    assert_eq!(hears(&mut leaves, EVERY).await.unwrap().0, Received::packets("41"));
    assert_eq!(hears(&mut stays, 2 * EVERY).await, None);
    assert_eq!(stays.ask("bump").await, Received::packets("430[2]"));
}

#[tokio::test(start_paused = true)]
async fn the_handler_that_destroys_its_session_is_answered_all_the_same() {
    let node = node(&Server::default());
    let mut client = node.visitor().await.connect().await;
    client.send(r#"420["bye"]"#).await;
    let ended = Received::ended("logout");
    assert_eq!(client.parting().await, [r#"430["goodbye"]"#, ended.text(), "41"]);
}

#[tokio::test]
async fn what_has_expired_while_the_store_was_down_closes_the_transports() {
    let store = Server::default();
    let node = node_with(&store, |builder| builder.expiry(Expiry::OnInactivity(time::Duration::seconds(1))));
    let mut client = node.visitor().await.connect().await;
    store.down.store(true, SeqCst);
    sleep(millis(1200)).await;
    store.down.store(false, SeqCst);
    store.records.announce(&Notice::Missed).await.unwrap();
    assert_eq!(hears(&mut client, EVERY).await.unwrap().0, Received::Closed);
}
