//! What nobody sees any more goes, and nothing else.

use std::time::Duration;

use socket_session::store::{Created, Loaded, Record, Retirement, Store as _, TransactionId};

use super::{Beside, Folder, common::*};

#[tokio::test]
async fn what_has_ended_an_hour_ago_is_purged() {
    let folder = Folder::new();
    let (store, mut beside) = (folder.open().await, Beside::new(&folder).await);
    let at = now() - minutes(120);
    let ended = async |ended_at| {
        let key = key();
        let record = Record { deadline: ended_at, ..record(&[("count", 1.into()), ("other", 2.into())]) };
        assert_eq!(store.create(&key, record, at).await.unwrap(), Created::Done);
        key
    };
    ended(now() - minutes(61)).await;
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
}

#[tokio::test]
async fn many_are_purged_now_and_then() {
    let folder = Folder::new();
    let (store, mut beside) = (folder.open().await, Beside::new(&folder).await);
    let living = counted(&store).await;
    let purging = tokio::spawn(store.clone().purge_continuously(Duration::from_millis(50)));
    for _ in 0..2 {
        beside
            .does(
                "WITH RECURSIVE n (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n WHERE n < 2500)
                 INSERT INTO socket_session_sessions (key, deadline, unconfirmed) SELECT randomblob(32), 0, false FROM n",
            )
            .await;
        let begun = std::time::Instant::now();
        while beside.counts("socket_session_sessions").await > 1 {
            assert!(begun.elapsed() < PATIENCE, "they are not purged");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    assert!(!purging.is_finished());
    purging.abort();
    assert_eq!(count(&store, &living).await, Some(1.into()));
}
