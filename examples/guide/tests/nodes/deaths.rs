//! What dies in the middle of the load: a node, the server, a connection. What was acknowledged is there, nothing counts
//! twice, and it goes on by itself.

use std::time::{Duration, Instant};

use load::{Proxy, Store, Transport, store::redis};
use test_servers::{Options, RedisServer};
use tokio::time::sleep;

use crate::crowd::{Crowd, addresses, count, login, two, until};

/// A lease's length, and what a busy machine needs to notice its end.
const LEASE: Duration = Duration::from_secs(4 + 6);

on!(redis, postgres, sqlite: a_killed_node_costs_a_lease_and_nothing_else);
async fn a_killed_node_costs_a_lease_and_nothing_else(store: Store) {
    let mut nodes = two(&store.url()).await;
    let cookie = login(nodes[0].address()).await;
    let mut crowd = Crowd::start(addresses(&nodes), &cookie, Transport::WebSocket, 0, 100_000);
    crowd.acknowledged(500).await;

    nodes[0].kill().await.unwrap();
    let killed = Instant::now();
    // The other node's own are answered before long, and by more than what had been on its way.
    let then = crowd.tally().acknowledged;
    crowd.acknowledged(then + 100).await;
    let stalled = killed.elapsed();
    println!("went on {stalled:?} after the kill");
    assert!(stalled < LEASE, "went on after {stalled:?}");

    nodes[0].restart().await.unwrap();
    let then = crowd.tally().acknowledged;
    crowd.acknowledged(then + 500).await;
    crowd.stop();
    crowd.done().await;
    let last = count(nodes[1].address(), &cookie).await;
    assert_eq!(count(nodes[0].address(), &cookie).await, last);
    assert!(last.is_some());
    let tally = crowd.close(last).await;
    assert!(tally.is_clean(), "{tally}");
}

on!(redis, postgres, sqlite: killed_again_and_again);
async fn killed_again_and_again(store: Store) {
    let mut nodes = two(&store.url()).await;
    let cookie = login(nodes[0].address()).await;
    let mut crowd = Crowd::start(addresses(&nodes), &cookie, Transport::WebSocket, 0, 100_000);
    for round in 0..6 {
        let then = crowd.tally().acknowledged;
        crowd.acknowledged(then + 200).await;
        nodes[round % 2].restart().await.unwrap();
    }
    crowd.stop();
    crowd.done().await;
    let last = count(nodes[0].address(), &cookie).await;
    assert!(last.is_some());
    let tally = crowd.close(last).await;
    assert!(tally.is_clean(), "{tally}");
}

on!(redis, postgres: a_server_that_restarts_loses_nothing);
async fn a_server_that_restarts_loses_nothing(mut store: Store) {
    let nodes = two(&store.url()).await;
    let cookie = login(nodes[0].address()).await;
    let mut crowd = Crowd::start(addresses(&nodes), &cookie, Transport::WebSocket, 0, 100_000);
    for _ in 0..3 {
        let then = crowd.tally().acknowledged;
        crowd.acknowledged(then + 200).await;
        store.kill();
        sleep(Duration::from_millis(700)).await;
        store.restart();
    }
    let then = crowd.tally().acknowledged;
    crowd.acknowledged(then + 500).await;
    crowd.stop();
    crowd.done().await;
    let reasons = crowd.reasons();
    let last = count(nodes[0].address(), &cookie).await;
    assert!(last.is_some());
    let tally = crowd.close(last).await;
    assert!(tally.is_clean(), "{tally}, {reasons:?}");
    // Somebody was told, in the words of the documents, and the connections were left alone.
    assert!(tally.refused + tally.unknown > 0, "{tally}");
    let known = ["store_unavailable", "unknown", "timeout", "overloaded", "500", "503"];
    assert!(reasons.keys().all(|reason| known.contains(&reason.as_str())), "{reasons:?}");
    assert!(reasons.keys().any(|reason| ["store_unavailable", "unknown"].contains(&reason.as_str())), "{reasons:?}");
}

on!(redis, postgres: lost_answers_count_once);
async fn lost_answers_count_once(store: Store) {
    let proxy = Proxy::start(store.server().unwrap()).await.unwrap();
    let nodes = two(&store.url_by(&proxy)).await;
    let cookie = login(nodes[0].address()).await;
    // Patches name the key that they set.
    proxy.lose(b"count", 20, 7);
    let mut crowd = Crowd::start(addresses(&nodes), &cookie, Transport::WebSocket, 0, 100_000);
    until("lost answers", async || proxy.lost() >= 15).await;
    proxy.lose_nothing();
    let then = crowd.tally().acknowledged;
    crowd.acknowledged(then + 100).await;
    crowd.stop();
    crowd.done().await;
    let last = count(nodes[0].address(), &cookie).await;
    assert!(last.is_some());
    let tally = crowd.close(last).await;
    println!("{} answers lost: {tally}", proxy.lost());
    assert!(tally.is_clean(), "{tally}");
}

/// What a replica has not got is lost with its master: that is all that may happen.
#[tokio::test(flavor = "multi_thread")]
async fn a_promoted_replica_goes_on() {
    let mut master = RedisServer::plain();
    let replica = RedisServer::start(Options::default().replica_of(&master));
    let proxy = Proxy::start(([127, 0, 0, 1], master.port()).into()).await.unwrap();
    let nodes = two(&format!("redis://{}/", proxy.address())).await;
    let cookie = login(nodes[0].address()).await;
    let mut crowd = Crowd::start(addresses(&nodes), &cookie, Transport::WebSocket, 0, 100_000);
    crowd.acknowledged(300).await;
    until("the replica", async || {
        redis(replica.port(), &["INFO", "replication"]).await.unwrap().contains("master_link_status:up")
    })
    .await;
    let then = crowd.tally().acknowledged;
    crowd.acknowledged(then + 300).await;

    master.kill();
    redis(replica.port(), &["REPLICAOF", "NO", "ONE"]).await.unwrap();
    proxy.lead_to(([127, 0, 0, 1], replica.port()).into());
    let then = crowd.tally().acknowledged;
    crowd.acknowledged(then + 300).await;
    crowd.stop();
    crowd.done().await;

    let last = count(nodes[0].address(), &cookie).await.unwrap();
    assert_eq!(count(nodes[1].address(), &cookie).await, Some(last));
    let tally = crowd.tally();
    assert_eq!(tally.hung, 0, "{tally}");
    // Nothing is invented,
    assert!(last <= tally.acknowledged + tally.unknown, "{last}: {tally}, {:?}", crowd.reasons());
    // and from there on it is exact.
    let base = u32::try_from(last).unwrap();
    let mut crowd = Crowd::start(addresses(&nodes), &cookie, Transport::WebSocket, base, 500);
    crowd.done().await;
    let last = count(nodes[0].address(), &cookie).await;
    let tally = crowd.close(last).await;
    assert_eq!((tally.acknowledged, last), (500, Some(u64::from(base) + 500)), "{tally}");
    assert!(tally.is_clean(), "{tally}");
}
