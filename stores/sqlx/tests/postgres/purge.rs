//! What nobody sees any more goes, and nothing else.

use std::time::Duration;

use socket_session::store::{Created, Loaded, Record, Retirement, Store as _, TransactionId};
use test_servers::PostgresServer;

use super::{Beside, common::*, ready};

#[tokio::test]
async fn what_has_ended_an_hour_ago_is_purged() {
    let server = PostgresServer::plain();
    let (store, mut beside) = (ready(&server).await, Beside::new(&server).await);
    let at = now() - minutes(120);
    let ended = async |ended_at| {
        let key = key();
        let record = Record { deadline: ended_at, ..record(&[("count", 1.into()), ("other", 2.into())]) };
        assert_eq!(store.create(&key, record, at).await.unwrap(), Created::Done);
        key
    };
    let long_ago = ended(now() - minutes(61)).await;
    assert!(matches!(store.acquire(&long_ago, &claim(1), at).await.unwrap(), socket_session::store::Acquired::Held(_)));
    let mark = ended(now()).await;
    let retirement = Retirement { transaction: TransactionId(1), token: None, seen: None, until: now() - minutes(61) };
    store.retire(&mark, &retirement, at).await.unwrap();
    // by a clock that is half an hour slow it lives
    let just_now = ended(now() - minutes(29)).await;
    let living = counted(&store).await;

    assert_eq!(store.purge().await.unwrap(), 2);
    assert_eq!(store.purge().await.unwrap(), 0);
    assert!(matches!(store.load(&just_now, now() - minutes(30)).await.unwrap(), Loaded::Live(_)));
    assert_eq!(count(&store, &living).await, Some(1.into()));
    assert_eq!(beside.counts("socket_session_sessions").await, 2);
    assert_eq!(beside.counts("socket_session_fields").await, 3);
    assert_eq!(beside.counts("socket_session_leases").await, 0);
}

#[tokio::test]
async fn many_are_purged_and_leases_of_what_was_deleted_by_hand() {
    let server = PostgresServer::plain();
    let (store, mut beside) = (ready(&server).await, Beside::new(&server).await);
    beside
        .does(
            "INSERT INTO socket_session_sessions (key, deadline, unconfirmed)
             SELECT sha256(n::text::bytea), now() - interval '2 hours', false FROM generate_series(1, 2500) n",
        )
        .await;
    let (deleted, kept) = (counted(&store).await, counted(&store).await);
    held(&store, &deleted, 1).await;
    held(&store, &kept, 2).await;
    beside.does(&format!("DELETE FROM socket_session_sessions WHERE key = '\\x{}'", hex(&deleted))).await;
    assert_eq!(beside.counts("socket_session_leases").await, 2);
    assert_eq!(store.purge().await.unwrap(), 2500);
    assert_eq!(beside.counts("socket_session_sessions").await, 1);
    assert_eq!(beside.counts("socket_session_leases").await, 1);
    held(&store, &kept, 2).await;
}

#[tokio::test]
async fn it_goes_on_when_it_has_failed() {
    let server = PostgresServer::plain();
    let (store, mut beside) = (ready(&server).await, Beside::new(&server).await);
    beside.does("ALTER TABLE socket_session_leases RENAME TO away").await;
    let purging = tokio::spawn(store.clone().purge_continuously(Duration::from_millis(20)));
    tokio::time::sleep(Duration::from_millis(100)).await;
    beside.does("ALTER TABLE away RENAME TO socket_session_leases").await;
    let expired = Record { deadline: now() - minutes(61), ..record(&[]) };
    store.create(&key(), expired, now() - minutes(90)).await.unwrap();
    let begun = std::time::Instant::now();
    while beside.counts("socket_session_sessions").await > 0 {
        assert!(begun.elapsed() < PATIENCE, "it is not purged");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!purging.is_finished());
    purging.abort();
}
