//! Servers that go away and come back: no hang, no restart, and nobody lies about what was written.

use std::time::{Duration, Instant};

use socket_session::{
    SessionKey,
    store::{Acquired, Patch, Patched, Store as _, StoreError, Then},
};
use socket_session_sqlx::PostgresStore;
use test_servers::PostgresServer;

use super::{Beside, common::*, proxy::Proxy, ready};

/// The reason of a failure after which nobody knows.
#[track_caller]
fn unanswered<T: std::fmt::Debug>(result: Result<T, StoreError>) -> String {
    match result {
        Err(error @ StoreError::Unanswered(_)) => whole(&error),
        other => panic!("not `Unanswered`: {other:?}"),
    }
}

async fn impatient(url: &str) -> PostgresStore {
    let builder = PostgresStore::builder();
    let builder = builder.connect_timeout(Duration::from_secs(1)).response_timeout(Duration::from_secs(1));
    builder.connect(url).await.unwrap()
}

/// Until the connection that broke has been noticed.
async fn back(store: &PostgresStore, key: &SessionKey) {
    let begun = Instant::now();
    while let Err(error) = store.load(key, now()).await {
        assert!(begun.elapsed() < PATIENCE, "{}", whole(&error));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn killed_and_restarted() {
    let mut server = PostgresServer::plain();
    let store = ready(&server).await;
    let key = counted(&store).await;
    held(&store, &key, 1).await;
    let patch = under(1, Then::Keep, sets("count", 5.into()));
    assert_eq!(store.patch(&key, &patch, now()).await.unwrap(), Patched::Applied { held: true, alone: true });
    assert!(matches!(store.acquire(&key, &claim(2), now()).await.unwrap(), Acquired::Refused(_)));
    server.kill();

    // the first writes may still find broken connections, or a process that has not noticed yet; after that it is known
    // that nothing is sent
    let begun = Instant::now();
    while !matches!(store.patch(&key, &sets("count", 5.into()), now()).await, Err(StoreError::Unavailable(_))) {
        assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
    }
    for _ in 0..20 {
        let said = unavailable(store.patch(&key, &sets("count", 7.into()), now()).await);
        assert!(said.contains("Connection refused"), "{said}");
    }
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());

    server.restart();
    back(&store, &key).await;
    // the record is there and the lease is gone: whoever held it writes no more
    assert_eq!(count(&store, &key).await, Some(5.into()));
    let fenced = under(1, Then::Keep, sets("count", 9.into()));
    assert_eq!(store.patch(&key, &fenced, now()).await.unwrap(), Patched::Fenced);
    // but learns what became of the one that was applied before
    assert_eq!(store.patch(&key, &patch, now()).await.unwrap(), APPLIED);
    held(&store, &key, 2).await;
    let patch = under(2, Then::Keep, sets("count", 6.into()));
    assert_eq!(store.patch(&key, &patch, now()).await.unwrap(), Patched::Applied { held: true, alone: true });
    assert_eq!(store.patch(&key, &fenced, now()).await.unwrap(), Patched::Fenced);
    assert_eq!(count(&store, &key).await, Some(6.into()));
}

#[tokio::test]
async fn restarted_properly_it_keeps_leases() {
    let mut server = PostgresServer::plain();
    let store = ready(&server).await;
    let key = counted(&store).await;
    held(&store, &key, 1).await;
    server.stop();
    server.restart();
    back(&store, &key).await;
    let patch = under(1, Then::Keep, sets("count", 2.into()));
    assert_eq!(store.patch(&key, &patch, now()).await.unwrap(), Patched::Applied { held: true, alone: true });
}

#[tokio::test]
async fn restarted_while_nobody_asked() {
    let mut server = PostgresServer::plain();
    let store = ready(&server).await;
    let key = counted(&store).await;
    let many: Vec<_> = (0..10).map(|_| store.load(&key, now())).collect();
    futures_util::future::join_all(many).await;
    server.stop();
    server.restart();
    // a connection that was idle is asked before it is used, and the others go with it
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(store.patch(&key, &sets("count", 2.into()), now()).await.unwrap(), APPLIED);
    server.restart();
    // reads find the broken connection, and ask again
    assert_eq!(count(&store, &key).await, Some(2.into()));
    assert_eq!(store.exists(&[key], now()).await.unwrap(), [true]);
    assert_eq!(store.patch(&key, &sets("count", 3.into()), now()).await.unwrap(), APPLIED);
}

#[tokio::test]
async fn a_connection_that_is_terminated() {
    let server = PostgresServer::plain();
    let (store, mut beside) = (ready(&server).await, Beside::new(&server).await);
    let key = counted(&store).await;
    for _ in 0..3 {
        beside.does("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()").await;
        let said = unanswered(store.patch(&key, &sets("count", 2.into()), now()).await);
        assert!(said.contains("it is going down (57P01 ") || said.contains("broke before the answer came"), "{said}");
        assert_eq!(store.patch(&key, &sets("count", 2.into()), now()).await.unwrap(), APPLIED);
    }
}

#[tokio::test]
async fn silence() {
    let server = PostgresServer::plain();
    ready(&server).await;
    let proxy = Proxy::new(&server).await;
    let store = impatient(proxy.url()).await;
    let key = counted(&store).await;
    proxy.silence(true);
    let begun = Instant::now();
    let patch = sets("count", 2.into());
    let said = unanswered(store.patch(&key, &patch, now()).await);
    assert!(said.contains("Postgres did not answer within 1s"), "{said}");
    // the next one wants a new connection, and gets none: nothing is sent
    let said = unavailable(store.patch(&key, &sets("count", 9.into()), now()).await);
    assert!(said.contains("did not answer within 1s"), "{said}");
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());

    proxy.silence(false);
    back(&store, &key).await;
    // whichever copy comes first, it is applied once
    assert_eq!(store.patch(&key, &patch, now()).await.unwrap(), APPLIED);
    assert_eq!(count(&store, &key).await, Some(2.into()));
    assert_eq!(store.patch(&key, &sets("count", 3.into()), now()).await.unwrap(), APPLIED);
    assert_eq!(store.patch(&key, &patch, now()).await.unwrap(), APPLIED);
    assert_eq!(count(&store, &key).await, Some(3.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_wait_for_a_server_that_is_silent() {
    let server = PostgresServer::plain();
    ready(&server).await;
    let proxy = Proxy::new(&server).await;
    let store = impatient(proxy.url()).await;
    let key = counted(&store).await;
    proxy.silence(true);
    let begun = Instant::now();
    let asking: Vec<_> = (0..500)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.load(&key, now()).await.is_err() })
        })
        .collect();
    for asked in asking {
        assert!(asked.await.unwrap());
    }
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
    proxy.silence(false);
    back(&store, &key).await;
}

#[tokio::test]
async fn an_answer_that_is_lost() {
    let server = PostgresServer::plain();
    ready(&server).await;
    let proxy = Proxy::new(&server).await;
    let store = PostgresStore::connect(proxy.url()).await.unwrap();
    let key = counted(&store).await;
    // what a connection has not prepared yet takes two trips, and then it is the first that is cut
    let prepare = async |token: u128| {
        held(&store, &key, token).await;
        store.patch(&key, &under(token, Then::Release, Patch::new()), now()).await.unwrap();
    };
    for n in 2..40_u128 {
        prepare(n).await;
        proxy.cut();
        unanswered(store.acquire(&key, &claim(n), now()).await);
        held(&store, &key, n).await;

        let patch = under(n, Then::Release, sets("count", serde_json::json!(n)));
        store.patch(&key, &under(n, Then::Keep, Patch::new()), now()).await.unwrap();
        proxy.cut();
        let said = unanswered(store.patch(&key, &patch, now()).await);
        assert!(said.contains("the connection to Postgres broke before the answer came"), "{said}");
        assert_eq!(count(&store, &key).await, Some(serde_json::json!(n)), "it was applied");
        assert_eq!(store.patch(&key, &patch, now()).await.unwrap(), APPLIED);
        assert_eq!(count(&store, &key).await, Some(serde_json::json!(n)));
    }
    counted(&store).await;
    proxy.cut();
    unanswered(store.create(&super::common::key(), record(&[]), now()).await);
    // a read is asked again by itself
    count(&store, &key).await;
    proxy.cut();
    assert_eq!(count(&store, &key).await, Some(serde_json::json!(39)));
}

/// A caller that gives up leaves a store that the next one can use.
#[tokio::test]
async fn given_up() {
    let server = PostgresServer::plain();
    let store = ready(&server).await;
    let key = counted(&store).await;
    for n in 0..200_u64 {
        let patch = sets("count", n.into());
        let _ = tokio::time::timeout(Duration::from_micros(n * 10), store.patch(&key, &patch, now())).await;
        assert_eq!(store.patch(&key, &patch, now()).await.unwrap(), APPLIED);
        assert_eq!(count(&store, &key).await, Some(n.into()));
    }
    let connections = Beside::new(&server).await.counts("pg_stat_activity WHERE backend_type = 'client backend'").await;
    assert!(connections < 20, "{connections}");
}
