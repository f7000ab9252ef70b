//! `replicas(n)`: saved means that so many replicas have it.

use futures_util::StreamExt as _;
use socket_session::store::{NodeId, Notice};
use test_servers::{Options, RedisServer};

use super::*;

/// Replicas that are there have answered long before.
const SHORT: Duration = Duration::from_millis(500);

/// Waits until so many replicas follow, and have everything.
pub(crate) async fn connected(master: &RedisServer, count: usize) {
    let mut beside = Beside::new(master).await;
    let begun = std::time::Instant::now();
    while beside.tell::<String>("INFO replication").await.matches("state=online").count() < count {
        assert!(begun.elapsed() < PATIENCE, "the replicas do not come");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    beside.does("SET mark 1").await;
    assert!(beside.tell::<usize>(&format!("WAIT {count} 10000")).await >= count);
}

async fn store(master: &RedisServer, replicas: usize, timeout: Duration) -> RedisStore {
    let builder = RedisStore::builder().replicas(replicas).replica_timeout(timeout);
    builder.connect(master.url()).await.unwrap()
}

#[tokio::test]
async fn what_was_saved_is_on_the_replica() {
    let master = RedisServer::plain();
    let replica = RedisServer::start(Options::default().replica_of(&master));
    connected(&master, 1).await;
    let (store, other) = (store(&master, 1, PATIENCE).await, connect(&replica).await);
    for n in 0..200 {
        let key = counted(&store).await;
        assert_eq!(count(&other, &key).await, Some(json!(1)));
        store.patch(&key, &sets("count", json!(n)), now()).await.unwrap();
        assert_eq!(count(&other, &key).await, Some(json!(n)));
        assert!(store.delete(&key, now()).await.unwrap());
        assert_eq!(count(&other, &key).await, None);
    }
}

#[tokio::test]
async fn a_replica_that_does_not_follow_is_no_answer() {
    let master = RedisServer::plain();
    let replica = RedisServer::start(Options::default().replica_of(&master));
    connected(&master, 1).await;
    let key = counted(&store(&master, 1, PATIENCE).await).await;
    let (store, another) = (store(&master, 1, SHORT).await, store(&master, 1, SHORT).await);

    replica.pause();
    let patch = sets("count", json!(2));
    for _ in 0..2 {
        let said = unanswered(store.patch(&key, &patch, now()).await);
        assert!(said.contains("only 0 of the 1 replicas asked for have the change"), "{said}");
    }
    // on another connection, where nothing was written before: it must not be taken for safe
    unanswered(another.patch(&key, &patch, now()).await);
    // it is on the master, and what changes nothing waits for nobody
    assert_eq!(count(&store, &key).await, Some(json!(2)));
    assert!(!store.delete(&super::key(), now()).await.unwrap());
    assert_eq!(store.patch(&super::key(), &patch, now()).await.unwrap(), Patched::Gone);

    replica.resume();
    connected(&master, 1).await;
    assert_eq!(store.patch(&key, &patch, now()).await.unwrap(), APPLIED);
    assert_eq!(count(&connect(&replica).await, &key).await, Some(json!(2)));
}

#[tokio::test]
async fn more_replicas_than_there_are() {
    let master = RedisServer::plain();
    let _replica = RedisServer::start(Options::default().replica_of(&master));
    connected(&master, 1).await;
    let said = unanswered(store(&master, 2, SHORT).await.create(&key(), record(&[]), now()).await);
    assert!(said.contains("only 1 of the 2 replicas"), "{said}");
}

/// A promoted replica may lack the last moments, a destroy among them: it goes on with what it has.
#[tokio::test]
async fn a_promoted_replica_goes_on() {
    let mut master = RedisServer::plain();
    let replica = RedisServer::start(Options::default().replica_of(&master));
    connected(&master, 1).await;
    let saved = store(&master, 1, PATIENCE).await;
    let key = counted(&saved).await;
    saved.patch(&key, &sets("count", json!(2)), now()).await.unwrap();
    master.kill();
    Beside::new(&replica).await.does("REPLICAOF NO ONE").await;
    let promoted = connect(&replica).await;
    assert_eq!(count(&promoted, &key).await, Some(json!(2)));
    assert_eq!(promoted.patch(&key, &sets("count", json!(3)), now()).await.unwrap(), APPLIED);
}

#[tokio::test]
async fn limits_may_be_endless() {
    let master = RedisServer::plain();
    let replica = RedisServer::start(Options::default().replica_of(&master));
    connected(&master, 1).await;
    let builder = RedisStore::builder().replicas(1).replica_timeout(Duration::MAX);
    let builder = builder.connect_timeout(Duration::MAX).response_timeout(Duration::MAX);
    let store = builder.connect(master.url()).await.unwrap();
    let mut notices = store.listen(NodeId(1));
    assert_eq!(notices.next().await, Some(Notice::Missed));
    assert!(tokio::time::timeout(Duration::from_millis(100), notices.next()).await.is_err());
    let key = counted(&store).await;
    assert_eq!(count(&connect(&replica).await, &key).await, Some(json!(1)));
}
