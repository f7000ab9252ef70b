//! Large records, and those that are too large.

use test_servers::{Options, RedisServer};

use super::*;

#[tokio::test]
async fn ten_thousand_keys() {
    let server = RedisServer::plain();
    let (store, key) = (connect(&server).await, key());
    let fields = (0..10_000).map(|n| (format!("key {n}").into(), json!(n)));
    let record = Record { fields: fields.collect(), ..record(&[]) };
    store.create(&key, record.clone(), now()).await.unwrap();
    assert_eq!(store.load(&key, now()).await.unwrap(), Loaded::Live(record));

    let set = (0..10_000).filter(|n| n % 2 == 0).map(|n| (format!("key {n}").into(), json!(-n))).collect();
    let remove = (0..10_000).filter(|n| n % 2 == 1).map(|n| format!("key {n}").into()).collect();
    assert_eq!(store.patch(&key, &Patch { set, remove, ..Patch::new() }, now()).await.unwrap(), APPLIED);
    let fields = store.load(&key, now()).await.unwrap().live().unwrap().fields;
    assert_eq!(fields.len(), 5000);
    assert_eq!(fields.get("key 9998"), Some(&json!(-9998)));
}

#[tokio::test]
async fn a_value_of_a_mebibyte() {
    let server = RedisServer::plain();
    let store = connect(&server).await;
    let key = counted(&store).await;
    let text = json!("\u{0}ä\"".repeat(1 << 18));
    store.patch(&key, &sets("text", text.clone()), now()).await.unwrap();
    assert_eq!(store.load(&key, now()).await.unwrap().live().unwrap().fields.get("text"), Some(&text));
}

#[tokio::test]
async fn larger_than_redis_takes() {
    let server = RedisServer::start(Options::default().with("--proto-max-bulk-len", "1mb"));
    let store = connect(&server).await;
    let key = counted(&store).await;
    // it says so, and hangs up on who goes on sending: its answer may be lost by that
    let result = store.patch(&key, &sets("text", json!("x".repeat(2 << 20))), now()).await;
    assert!(matches!(result, Err(StoreError::TooLarge | StoreError::Unanswered(_))), "{result:?}");
    assert_eq!(count(&store, &key).await, Some(json!(1)));
    assert_eq!(store.patch(&key, &sets("count", json!(2)), now()).await.unwrap(), APPLIED);
    assert_eq!(count(&store, &key).await, Some(json!(2)));
}

/// The parser refuses what is nested deeper: it would be saved, and the session lost with it.
#[tokio::test]
async fn nested_too_deep_to_be_read_again() {
    let server = RedisServer::plain();
    let store = connect(&server).await;
    let key = counted(&store).await;
    let nested = |depth| (0..depth).fold(json!(1), |value, _| json!([value]));
    store.patch(&key, &sets("deep", nested(127)), now()).await.unwrap();
    assert_eq!(store.load(&key, now()).await.unwrap().live().unwrap().fields.get("deep"), Some(&nested(127)));
    let said = unavailable(store.patch(&key, &sets("deep", nested(128)), now()).await);
    assert!(said.contains("nested too deep"), "{said}");
    assert_eq!(store.load(&key, now()).await.unwrap().live().unwrap().fields.get("deep"), Some(&nested(127)));
}

#[tokio::test]
async fn more_keys_than_one_pipeline_asks_for() {
    let server = RedisServer::plain();
    let store = connect(&server).await;
    let mut keys: Vec<_> = (0..2500).map(|_| key()).collect();
    keys[2400] = counted(&store).await;
    let lives = store.exists(&keys, now()).await.unwrap();
    assert_eq!(lives.len(), 2500);
    assert_eq!(lives.iter().position(|lives| *lives), Some(2400));
    assert_eq!(lives.iter().filter(|lives| **lives).count(), 1);
}
