//! Two guides share a store: one session, counted exactly; and what ends on one node ends on the other.

use load::{Http, Packet, Socket, Store, Transport, socket::Refused};
use tokio::time::timeout;

use crate::crowd::{Crowd, PATIENCE, addresses, count, login, two, until};

async fn counts_exactly(store: &Store, transport: Transport) {
    let nodes = two(&store.url()).await;
    let cookie = login(nodes[0].address()).await;
    let mut crowd = Crowd::start(addresses(&nodes), &cookie, transport, 0, 2_000);
    crowd.done().await;
    for node in &nodes {
        assert_eq!(count(node.address(), &cookie).await, Some(2_000), "{}", crowd.tally());
    }
    let tally = crowd.close(Some(2_000)).await;
    assert_eq!((tally.sent, tally.acknowledged), (2_000, 2_000), "{tally}");
    assert!(tally.is_clean(), "{tally}");
}

on!(redis, postgres, sqlite: counts_exactly_on_websockets);
async fn counts_exactly_on_websockets(store: Store) {
    counts_exactly(&store, Transport::WebSocket).await;
}

on!(redis, postgres, sqlite: counts_exactly_on_polling);
async fn counts_exactly_on_polling(store: Store) {
    counts_exactly(&store, Transport::Polling).await;
}

/// The end of a socket that is left alone.
async fn ending(socket: &mut Socket) -> Packet {
    loop {
        match socket.next().await {
            Packet::Event(_) => {}
            other => return other,
        }
    }
}

on!(redis, postgres, sqlite: a_logout_ends_the_sockets_on_the_other_node);
/// The second node hears from its first request on; what is said before it is connected for that, it finds out.
async fn a_logout_ends_the_sockets_on_the_other_node(store: Store) {
    let nodes = two(&store.url()).await;
    let cookie = login(nodes[0].address()).await;
    for transport in [Transport::WebSocket, Transport::Polling] {
        let cookie = if transport == Transport::Polling { login(nodes[0].address()).await } else { cookie.clone() };
        let mut socket = Socket::connect(nodes[1].address(), transport, "/", Some(&cookie)).await.unwrap();
        let answer = Http::new(nodes[0].address()).post("/logout", Some(&cookie)).await.unwrap();
        assert_eq!(answer.status, 204);
        assert_eq!(timeout(PATIENCE, ending(&mut socket)).await, Ok(Packet::Disconnected), "{transport:?}");
        let again = Socket::connect(nodes[1].address(), transport, "/", Some(&cookie)).await;
        assert!(matches!(again, Err(Refused::Namespace(_))), "{again:?}");
    }
}

on!(redis, postgres, sqlite: a_login_closes_the_transports_on_the_other_node);
async fn a_login_closes_the_transports_on_the_other_node(store: Store) {
    let nodes = two(&store.url()).await;
    let cookie = login(nodes[0].address()).await;
    let mut socket = Socket::connect(nodes[1].address(), Transport::WebSocket, "/", Some(&cookie)).await.unwrap();
    assert_eq!(socket.call("my event", "").await.unwrap().number(), Some(1));
    let answer = Http::new(nodes[0].address()).post("/login", Some(&cookie)).await.unwrap();
    assert_eq!(answer.status, 204);
    // Clients come back after that, unlike after a `disconnect`.
    assert_eq!(timeout(PATIENCE, ending(&mut socket)).await, Ok(Packet::Closed));
    let new = answer.cookie().unwrap();
    let mut socket = Socket::connect(nodes[1].address(), Transport::WebSocket, "/", Some(new)).await.unwrap();
    assert_eq!(socket.call("my event", "").await.unwrap().number(), Some(2));
}

on!(redis, postgres, sqlite: a_logout_ends_what_runs_on_the_other_node);
async fn a_logout_ends_what_runs_on_the_other_node(store: Store) {
    let nodes = two(&store.url()).await;
    let cookie = login(nodes[0].address()).await;
    let crowd = Crowd::start(addresses(&nodes), &cookie, Transport::WebSocket, 0, 100_000);
    crowd.acknowledged(200).await;
    let answer = Http::new(nodes[0].address()).post("/logout", Some(&cookie)).await.unwrap();
    crowd.end();
    assert_eq!(answer.status, 204);
    until("refusals", async || {
        let tally = crowd.tally();
        tally.refused + tally.unknown > 20
    })
    .await;
    crowd.stop();
    // What was sent after the logout's answer did nothing, and no answer before that was taken back.
    let reasons = crowd.reasons();
    let tally = crowd.close(None).await;
    assert!(tally.is_clean(), "{tally}\nnot acknowledged because: {reasons:?}");
    for node in &nodes {
        assert_eq!(count(node.address(), &cookie).await, None);
    }
}
