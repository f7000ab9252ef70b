//! Before its connection ends, a client is told why.

#![expect(clippy::unused_async, reason = "event handlers are async, whatever they do")]

mod common;

use std::{
    sync::atomic::{AtomicBool, Ordering::SeqCst},
    time::Duration,
};

use axum::{Router, http::StatusCode, routing::get};
use futures_util::StreamExt as _;
use socket_session::{
    Close, Expiry, Session, guard, on,
    store::{NodeId, Notice, Store as _, Telling},
    tower_sessions::cookie::time,
};
use socketioxide::extract::SocketRef;
use tokio::{
    join,
    time::{sleep, timeout},
};

use common::{App, Client, Lab, Received, Visit, Visitor, millis, server::Server};

#[on("bye")]
async fn bye(session: Session<Visit>) -> Result<&'static str, String> {
    session.destroy().await.map_err(|error| error.to_string())?;
    Ok("goodbye")
}

#[on("demote")]
async fn demote(visit: &mut Visit) -> bool {
    visit.authenticated = false;
    visit.authenticated
}

#[on("nap")]
async fn nap(visit: &mut Visit) -> u32 {
    sleep(Duration::from_secs(2)).await;
    visit.count += 1;
    visit.count
}

#[on("ping")]
async fn ping() -> &'static str {
    "pong"
}

fn routes() -> Router {
    Router::new().route("/rotate", get(async |session: Session<Visit>| session.rotate().await)).route(
        "/demote",
        get(async |session: Session<Visit>| session.update(|visit| visit.authenticated = false).await),
    )
}

fn node_with(store: &Server, options: impl FnOnce(socket_session::Builder) -> socket_session::Builder) -> App {
    let lab = Lab::over(store.clone(), options);
    let guarded = lab.sessions.namespace().guard("out", |visit: &Visit| visit.authenticated);
    lab.io.ns("/", guarded.on::<bye>().on::<demote>().on::<nap>().on::<ping>());
    lab.app(routes())
}

fn node(store: &Server) -> App {
    node_with(store, |builder| builder)
}

/// The same browser, at another node.
fn at(node: &App, visitor: &Visitor) -> Visitor {
    Visitor { app: node.clone(), cookie: visitor.cookie.clone() }
}

/// What a client hears until it hears nothing more, packet by packet.
async fn hears(client: &mut Client) -> Vec<String> {
    let mut heard = Vec::new();
    for _ in 0..8 {
        match client.next().await {
            // pings, and Engine.IO's answer to a client that comes by too late
            Received::Packets(packets) => {
                heard.extend(packets.split('\u{1e}').filter(|packet| packet.len() > 1).map(str::to_owned));
            }
            Received::Nothing => {}
            Received::Closed => {
                heard.push(CLOSED.to_owned());
                return heard;
            }
        }
    }
    heard
}

fn ended(reason: &str) -> String {
    Received::ended(reason).text().to_owned()
}

const CLOSED: &str = "closed";
const UNAUTHORIZED: &str = r#"42["session_error",{"error":{"code":"unauthorized","message":"out"}}]"#;

#[tokio::test(start_paused = true)]
async fn a_logout_is_told_on_every_node() {
    let store = Server::default();
    let [one, other] = [node(&store), node(&store)];
    let mut visitor = one.visitor().await;
    let (mut here, mut there) = (visitor.connect().await, at(&other, &visitor).connect().await);
    visitor.get("/logout").await;
    for client in [&mut here, &mut there] {
        assert_eq!(hears(client).await, [&*ended("logout"), "41", CLOSED]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_logout_says_whom_it_has_reached() {
    let store = Server::default();
    let node = node(&store);
    let visitor = node.visitor().await;
    let _two = (visitor.connect().await, visitor.connect().await);
    let reached = visitor.session().destroy().await.unwrap();
    assert_eq!((reached.sockets, reached.everywhere), (2, true));
    store.deaf.store(true, SeqCst);
    let visitor = node.visitor().await;
    let reached = visitor.session().destroy().await.unwrap();
    assert_eq!((reached.sockets, reached.everywhere), (0, false));
}

#[tokio::test(start_paused = true)]
async fn the_handler_that_logs_out_is_answered_first() {
    let node = node(&Server::default());
    let mut client = node.visitor().await.connect().await;
    client.send(r#"420["bye"]"#).await;
    assert_eq!(hears(&mut client).await, [r#"430["goodbye"]"#, &ended("logout"), "41", CLOSED]);
}

#[tokio::test(start_paused = true)]
async fn an_expiry_is_told_to_who_only_listens() {
    let node = node_with(&Server::default(), |builder| {
        builder.expiry(Expiry::OnInactivity(time::Duration::milliseconds(1500)))
    });
    let mut client = node.visitor().await.connect().await;
    // sessions live by the real clock, whatever time the tests pretend
    std::thread::sleep(millis(1600));
    assert_eq!(hears(&mut client).await, [&*ended("expired"), CLOSED]);
}

#[tokio::test(start_paused = true)]
async fn a_rotation_is_told_on_every_node_and_the_transports_close() {
    let store = Server::default();
    let [one, other] = [node(&store), node(&store)];
    let mut visitor = one.visitor().await;
    let (mut here, mut there) = (visitor.connect().await, at(&other, &visitor).connect().await);
    visitor.get("/rotate").await;
    for client in [&mut here, &mut there] {
        assert_eq!(hears(client).await, [&*ended("rotated"), CLOSED]);
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_demoted_stops_receiving_on_every_node() {
    let store = Server::default();
    // one of them has no socket of its own, and could not know what the guards of others look at
    let [one, other, third] = [node(&store), node(&store), node(&store)];
    let mut visitor = one.visitor().await;
    let (mut second, mut third) = (at(&other, &visitor).connect().await, at(&third, &visitor).connect().await);
    assert_eq!(visitor.get("/demote").await.status, StatusCode::OK);
    for client in [&mut second, &mut third] {
        assert_eq!(hears(client).await, [UNAUTHORIZED, &ended("demoted"), "41"]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_no_guard_minds_is_not_told() {
    let store = Server::default();
    let visitor = node(&store).visitor().await;
    let _client = visitor.connect().await;
    let mut notices = store.listen(NodeId(7));
    assert_eq!(notices.next().await, Some(Notice::Missed));
    visitor.session().update(|visit| visit.count += 1).await.unwrap();
    let told = timeout(millis(1000), notices.next()).await;
    assert!(told.is_err(), "{told:?}");
    visitor.session().update(|visit| visit.authenticated = false).await.unwrap();
    let told = timeout(millis(1000), notices.next()).await.unwrap();
    assert!(matches!(told, Some(Notice::Told { what: Telling::Changed, .. })), "{told:?}");
}

/// What `allowed` says.
static ALLOWED: AtomicBool = AtomicBool::new(true);

#[guard]
async fn allowed(_visit: &Visit, socket: SocketRef) -> bool {
    socket.ns() == "/" && ALLOWED.load(SeqCst)
}

#[tokio::test(start_paused = true)]
async fn a_guard_that_asks_others_is_asked_again_after_a_save() {
    let store = Server::default();
    let [one, other] = [(); 2].map(|()| {
        let lab = Lab::over(store.clone(), |builder| builder);
        lab.io.ns("/", lab.sessions.namespace().guard_with::<allowed>("out"));
        lab.app(routes())
    });
    let visitor = one.visitor().await;
    let mut client = at(&other, &visitor).connect().await;
    visitor.session().update(|visit| visit.count += 1).await.unwrap();
    assert_eq!(client.next().await, Received::Nothing);
    ALLOWED.store(false, SeqCst);
    visitor.session().update(|visit| visit.count += 1).await.unwrap();
    assert_eq!(hears(&mut client).await, [UNAUTHORIZED, &ended("demoted"), "41"]);
}

#[tokio::test(start_paused = true)]
async fn who_is_disconnected_is_so_on_every_node_and_keeps_the_session() {
    let store = Server::default();
    let [one, other] = [node(&store), node(&store)];
    let visitor = one.visitor().await;
    for (close, heard) in [(Close::Final, vec!["41", CLOSED]), (Close::Reconnect, vec![CLOSED])] {
        let (mut here, mut there) = (visitor.connect().await, at(&other, &visitor).connect().await);
        let reached = visitor.session().disconnect(close).await.unwrap();
        assert_eq!((reached.sockets, reached.everywhere), (1, true));
        for client in [&mut here, &mut there] {
            assert_eq!(hears(client).await, heard);
        }
        assert_eq!(visitor.session().get().await.unwrap().count, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_shuts_down_lets_handlers_finish_and_sends_the_clients_elsewhere() {
    let store = Server::default();
    let node = node(&store);
    let visitor = node.visitor().await;
    let (mut client, mut other) = (visitor.connect().await, visitor.connect().await);
    // the second one waits for its turn already
    client.send(r#"421["nap"]"#).await;
    client.send(r#"422["nap"]"#).await;
    sleep(millis(100)).await;
    let sessions = node.sessions.clone();
    let (left, heard, heard_first, mut late) = join!(
        sessions.shutdown(Duration::from_secs(10)),
        async {
            sleep(millis(100)).await;
            other.send(r#"420["ping"]"#).await;
            hears(&mut other).await
        },
        hears(&mut client),
        async {
            sleep(millis(100)).await;
            visitor.clone()
        }
    );
    assert_eq!(left, 0);
    let refused = r#"430[{"error":{"code":"shutting_down","message":"the node is shutting down"}}]"#;
    assert_eq!(heard, [refused, &ended("shutting_down"), CLOSED]);
    assert_eq!(heard_first, ["431[2]", "432[3]", &ended("shutting_down"), CLOSED]);
    assert_eq!(late.handshake().await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(visitor.session().get().await.unwrap().count, 3);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_shuts_down_waits_no_longer_than_it_was_told() {
    let node = node(&Server::default());
    let visitor = node.visitor().await;
    let mut client = visitor.connect().await;
    client.send(r#"421["nap"]"#).await;
    sleep(millis(100)).await;
    let (left, heard) = join!(node.sessions.shutdown(millis(500)), hears(&mut client));
    assert_eq!((left, heard), (1, vec![ended("shutting_down"), CLOSED.to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn who_has_no_session_is_sent_elsewhere_too() {
    let lab = Lab::new();
    lab.io.ns("/", lab.sessions.namespace().on::<ping>());
    let app = lab.app(Router::new());
    let mut client = app.stranger().connect().await;
    let (left, heard) = join!(app.sessions.shutdown(millis(500)), hears(&mut client));
    assert_eq!((left, heard), (0, vec![ended("shutting_down"), CLOSED.to_owned()]));
}
