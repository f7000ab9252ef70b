//! `#[on("cursor", fresh = "5s")]`: how often the store is asked, and what such an event sees.
#![expect(clippy::unused_async, reason = "event handlers are async, whatever they do")]

mod common;

use std::sync::atomic::Ordering::SeqCst;

use axum::Router;
use socket_session::{Session, on, socket_events};
use tokio::time::sleep;
use tower_sessions::Session as Plain;

use common::{App, Lab, Received, Visit, at_x, millis};

#[on("cursor", fresh = "5s")]
async fn cursor(visit: &Visit) -> u32 {
    visit.count
}

/// Only the namespace's guard looks at the session.
#[on("ping", fresh = "5s")]
async fn ping() {}

#[on("exact")]
async fn exact(visit: &Visit) -> u32 {
    visit.count
}

#[socket_events]
impl Visit {
    #[on("add")]
    async fn add(&mut self) -> u32 {
        self.count += 1;
        self.count
    }

    #[on("fails")]
    async fn fails(&mut self) -> Result<(), &'static str> {
        self.count += 100;
        Err("no")
    }
}

fn app(guarded: bool, router: Router) -> App {
    let lab = Lab::new();
    let mut namespace = lab.sessions.namespace();
    if guarded {
        namespace = namespace.guard("unauthorized", |visit: &Visit| visit.authenticated);
    }
    lab.io.ns("/", namespace.on::<cursor>().on::<ping>().on::<exact>().events::<Visit>());
    lab.app(router)
}

fn loads(app: &App) -> usize {
    app.store.loads.swap(0, SeqCst)
}

#[tokio::test(start_paused = true)]
async fn while_it_is_fresh_the_store_is_not_asked() {
    let app = app(false, Router::new());
    let mut client = app.visitor().await.connect().await;
    loads(&app);
    for _ in 0..100 {
        assert_eq!(client.ask("cursor").await, Received::packets("430[1]"));
    }
    assert_eq!(loads(&app), 1);
    sleep(millis(5_001)).await;
    assert_eq!(client.ask("cursor").await, Received::packets("430[1]"));
    assert_eq!(loads(&app), 1);
    // others are as exact as ever
    client.ask("exact").await;
    client.ask("exact").await;
    assert_eq!(loads(&app), 2);
}

#[tokio::test(start_paused = true)]
async fn guards_look_at_the_same() {
    let app = app(true, Router::new());
    let mut client = app.visitor().await.connect().await;
    loads(&app);
    for event in ["cursor", "ping", "cursor", "ping"] {
        assert!(client.ask(event).await.text().starts_with("430["));
    }
    assert_eq!(loads(&app), 1);
}

#[tokio::test(start_paused = true)]
async fn what_an_event_of_this_node_saves_is_seen_without_a_trip() {
    let app = app(false, Router::new());
    let mut client = app.visitor().await.connect().await;
    client.ask("cursor").await;
    for count in 2..5 {
        assert_eq!(client.ask("add").await, Received::packets(&format!("430[{count}]")));
        loads(&app);
        assert_eq!(client.ask("cursor").await, Received::packets(&format!("430[{count}]")));
        assert_eq!(loads(&app), 0);
    }
    assert!(client.ask("fails").await.text().contains("error"));
    assert_eq!(client.ask("cursor").await, Received::packets("430[4]"));
}

#[tokio::test(start_paused = true)]
async fn what_a_request_to_this_node_saves_is_seen() {
    let app = app(false, at_x(async |plain: Plain| plain.insert("count", 7).await.unwrap()));
    let mut visitor = app.visitor().await;
    let mut client = visitor.connect().await;
    client.ask("cursor").await;
    visitor.session().update(|visit| visit.count = 5).await.unwrap();
    assert_eq!(client.ask("cursor").await, Received::packets("430[5]"));
    visitor.get("/x").await;
    assert_eq!(client.ask("cursor").await, Received::packets("430[7]"));
}

#[tokio::test(start_paused = true)]
async fn a_destroyed_session_is_seen_at_once() {
    let app = app(false, Router::new());
    let visitor = app.visitor().await;
    let mut client = visitor.connect().await;
    client.ask("cursor").await;
    client.send(r#"420["cursor"]"#).await;
    visitor.session().destroy().await.unwrap();
    // what came before the end is answered, and then the socket is no more
    let answered = client.next().await;
    assert!(answered.text().starts_with("430[1]"), "{answered:?}");
    let after = client.ask("cursor").await;
    assert!(!after.text().contains("430[1]"), "{after:?}");
}

#[tokio::test(start_paused = true)]
async fn what_another_node_saves_is_seen_when_the_time_has_passed() {
    let app = app(false, Router::new());
    let mut client = app.visitor().await.connect().await;
    client.ask("cursor").await;
    loads(&app);
    let other = Lab::over(app.store.clone(), |builder| builder);
    let session: Session<Visit> = other.sessions.session(client.visitor.id());
    session.update(|visit| visit.count = 9).await.unwrap();
    loads(&app);
    assert_eq!(client.ask("cursor").await, Received::packets("430[1]"));
    assert_eq!(loads(&app), 0);
    sleep(millis(5_001)).await;
    assert_eq!(client.ask("cursor").await, Received::packets("430[9]"));
}
