//! A node judges by its own clock, and the server's only collects garbage.

use socket_session::store::{Deadline, Retirement, TransactionId};
use test_servers::RedisServer;

use super::*;

/// How long the server keeps a key, in minutes.
async fn kept(beside: &mut Beside, key: &SessionKey) -> i64 {
    let milliseconds: i64 = beside.tell(&format!("PTTL {}", redis_key(key))).await;
    (milliseconds + 30_000).div_euclid(60_000)
}

#[tokio::test]
async fn a_node_an_hour_off() {
    let server = RedisServer::plain();
    let store = connect(&server).await;
    for off in [minutes(-60), minutes(60)] {
        let (key, now) = (key(), now() + off);
        let record = Record { deadline: now + minutes(30), ..record(&[("count", json!(1))]) };
        store.create(&key, record.clone(), now).await.unwrap();
        assert_eq!(store.load(&key, now + minutes(29)).await.unwrap(), Loaded::Live(record));
        assert_eq!(store.patch(&key, &sets("count", json!(2)), now + minutes(29)).await.unwrap(), APPLIED);
        assert!(store.touch(&key, Deadline::Extend(now + minutes(40)), now + minutes(29)).await.unwrap());
        assert_eq!(store.exists(&[key], now + minutes(39)).await.unwrap(), [true]);

        assert_eq!(store.load(&key, now + minutes(40)).await.unwrap(), Loaded::Gone);
        assert_eq!(store.patch(&key, &sets("count", json!(3)), now + minutes(40)).await.unwrap(), Patched::Gone);
        assert!(!store.touch(&key, Deadline::Set(now + minutes(99)), now + minutes(40)).await.unwrap());
        assert_eq!(store.exists(&[key], now + minutes(40)).await.unwrap(), [false]);
    }
}

#[tokio::test]
async fn the_server_keeps_what_ends_for_an_hour() {
    let server = RedisServer::plain();
    let (store, mut beside) = (connect(&server).await, Beside::new(&server).await);
    for off in [minutes(-600), minutes(0), minutes(600)] {
        let (key, now) = (key(), now() + off);
        let record = Record { deadline: now + minutes(30), ..record(&[]) };
        store.create(&key, record, now).await.unwrap();
        assert_eq!(kept(&mut beside, &key).await, 90);
        store.touch(&key, Deadline::Extend(now + minutes(60)), now).await.unwrap();
        assert_eq!(kept(&mut beside, &key).await, 120);
        store.touch(&key, Deadline::Extend(now + minutes(10)), now).await.unwrap();
        assert_eq!(kept(&mut beside, &key).await, 120);
        let deadline = Some(Deadline::Set(now + minutes(20)));
        store.patch(&key, &Patch { deadline, ..Patch::new() }, now).await.unwrap();
        assert_eq!(kept(&mut beside, &key).await, 80);
        store.patch(&key, &sets("count", json!(1)), now).await.unwrap();
        assert_eq!(kept(&mut beside, &key).await, 80);
        let seen = store.load(&key, now).await.unwrap().live().unwrap().latest;
        let retirement = Retirement { transaction: TransactionId(1), token: None, seen, until: now + minutes(1) };
        assert_eq!(store.retire(&key, &retirement, now).await.unwrap(), APPLIED);
        assert_eq!(kept(&mut beside, &key).await, 61);
    }
}

#[tokio::test]
async fn deadlines_at_the_ends_of_time() {
    let server = RedisServer::plain();
    let (store, mut beside) = (connect(&server).await, Beside::new(&server).await);
    let latest = OffsetDateTime::from_unix_timestamp(253_402_300_799).unwrap();
    let key = key();
    store.create(&key, Record { deadline: latest, ..record(&[]) }, now()).await.unwrap();
    assert_eq!(store.load(&key, now()).await.unwrap().live().unwrap().deadline, latest);
    assert!(kept(&mut beside, &key).await > 50_000_000);

    let key = super::key();
    store.create(&key, Record { deadline: now() - minutes(90_000_000), ..record(&[]) }, now()).await.unwrap();
    assert_eq!(store.load(&key, now()).await.unwrap(), Loaded::Gone);
    assert_eq!(kept(&mut beside, &key).await, 60);
    // what has ended holds no key
    counted_at(&store, &key).await;
}

async fn counted_at(store: &RedisStore, key: &SessionKey) {
    assert_eq!(store.create(key, record(&[("count", json!(1))]), now()).await.unwrap(), Created::Done);
    assert_eq!(count(store, key).await, Some(json!(1)));
}
