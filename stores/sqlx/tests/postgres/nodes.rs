//! Nodes with their engines, on one server.

use std::{sync::Arc, time::Duration};

use socket_session::store::{Acquired, Store as _};
use test_servers::PostgresServer;

use super::{common::*, connect, ready};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_nodes_count_exactly() {
    let server = PostgresServer::plain();
    let store = ready(&server).await;
    let nodes = [Arc::new(Node::new(connect(&server).await)), Arc::new(Node::new(connect(&server).await))];
    let id = id();
    store.create(&id.key(), record(&[("count", 0.into())]), now()).await.unwrap();
    let counting: Vec<_> = (0..8)
        .map(|n| {
            let node = Arc::clone(&nodes[n % 2]);
            tokio::spawn(async move { node.count(id, 50).await })
        })
        .collect();
    let mut saved = 0;
    for counted in counting {
        let (counted, unknown) = counted.await.unwrap();
        assert_eq!(unknown, 0);
        saved += counted;
    }
    assert_eq!(saved, 400, "nobody had to give up");
    assert_eq!(total(&store, id).await, 400);
}

/// The server crashes in the middle, and the leases with it: what was acknowledged is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_that_was_acknowledged_is_lost_in_a_crash() {
    let mut server = PostgresServer::start(None, &["fsync=on"]);
    let store = ready(&server).await;
    let nodes = [Arc::new(Node::new(connect(&server).await)), Arc::new(Node::new(connect(&server).await))];
    let ids = [id(), id(), id()];
    for id in ids {
        store.create(&id.key(), record(&[("count", 0.into())]), now()).await.unwrap();
    }
    let counting: Vec<_> = ids
        .into_iter()
        .flat_map(|id| nodes.iter().map(move |node| (id, Arc::clone(node))))
        .map(|(id, node)| tokio::spawn(async move { (id, node.count(id, 400).await) }))
        .collect();
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(400)).await;
        server.kill();
        tokio::time::sleep(Duration::from_millis(100)).await;
        server.restart();
    }
    let mut sums = [(0, 0); 3];
    for counted in counting {
        let (counted_id, (saved, unknown)) = counted.await.unwrap();
        for (id, sum) in ids.iter().zip(&mut sums) {
            if *id == counted_id {
                *sum = (sum.0 + saved, sum.1 + unknown);
            }
        }
    }
    for (id, (saved, unknown)) in ids.into_iter().zip(sums) {
        let found = total(&store, id).await;
        assert!(
            saved > 0 && (saved..=saved + unknown).contains(&found),
            "{saved} saved, {unknown} unknown, {found} found"
        );
    }
}

/// A node that is gone with a lease costs the others four seconds, and no more.
#[tokio::test(flavor = "multi_thread")]
async fn a_lease_of_a_dead_node_is_taken_over() {
    let server = PostgresServer::plain();
    let store = ready(&server).await;
    let id = id();
    store.create(&id.key(), record(&[("count", 0.into())]), now()).await.unwrap();
    assert!(matches!(store.acquire(&id.key(), &claim(1), now()).await.unwrap(), Acquired::Held(_)));
    let node = Node::new(connect(&server).await);
    let begun = std::time::Instant::now();
    while node.count(id, 1).await.0 == 0 {
        assert!(begun.elapsed() < PATIENCE, "it is not taken over");
    }
    assert!(begun.elapsed() > Duration::from_secs(3), "{:?}", begun.elapsed());
    assert_eq!(total(&store, id).await, 1);
}
