//! What a dump shows.

use futures_util::StreamExt as _;
use socket_session::store::{Acquired, Claim, Ending, Fence, NodeId, Notice, Retirement, Then, Token, TransactionId};
use test_servers::RedisServer;

use super::*;

/// The id in every form in which it could be written.
fn forms(id: Id) -> Vec<Vec<u8>> {
    let id = tower_sessions::session::Id::from(id);
    let number = id.0;
    let bytes = number.to_le_bytes();
    let hex = bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    vec![
        id.to_string().into_bytes(),
        number.to_string().into_bytes(),
        number.cast_unsigned().to_string().into_bytes(),
        format!("{number:x}").into_bytes(),
        hex.into_bytes(),
        bytes.to_vec(),
        number.to_be_bytes().to_vec(),
    ]
}

#[tokio::test]
async fn nothing_holds_a_session_id() {
    let server = RedisServer::plain();
    let (store, mut beside) = (connect(&server).await, Beside::new(&server).await);
    let mut messages = redis::Client::open(server.url()).unwrap().get_async_pubsub().await.unwrap();
    messages.psubscribe("*").await.unwrap();

    let (lives, retired) = (id(), id());
    for id in [lives, retired] {
        let key = id.key();
        store.create(&key, record(&[("count", json!(1))]), now()).await.unwrap();
        for token in [1, 2] {
            let claim = Claim { token: Token(token), node: NodeId(token), over: None };
            store.acquire(&key, &claim, now()).await.unwrap();
        }
        store.patch(&key, &sets("count", json!(2)), now()).await.unwrap();
        store.release(&key, Token(1)).await.unwrap();
        let notice = Notice::Ended { key, by: NodeId(1), how: Ending::Destroyed };
        store.announce(&notice).await.unwrap();
    }
    let retirement = Retirement { transaction: TransactionId(1), token: None, seen: None, until: now() + minutes(1) };
    store.retire(&retired.key(), &retirement, now()).await.unwrap();

    let mut dump: Vec<u8> = Vec::new();
    let mut keys: Vec<String> = beside.tell("KEYS *").await;
    keys.sort();
    let mut expected = [lives, retired].map(|id| redis_key(&id.key()));
    expected.sort();
    assert_eq!(keys, expected);
    for key in &keys {
        dump.extend(key.as_bytes());
        let values: Vec<Vec<u8>> = beside.tell(&format!("HGETALL {key}")).await;
        dump.extend(values.concat());
    }
    let mut messages = messages.on_message();
    for _ in 0..4 {
        let message = tokio::time::timeout(PATIENCE, messages.next()).await.unwrap().unwrap();
        dump.extend(message.get_channel_name().as_bytes());
        dump.extend(message.get_payload_bytes());
    }
    assert!(dump.windows(64).any(|part| part == hex(&lives.key()).as_bytes()));
    for form in [lives, retired].into_iter().flat_map(forms) {
        assert!(!dump.windows(form.len()).any(|part| part == form), "{}", String::from_utf8_lossy(&form));
    }
}

#[tokio::test]
async fn fields_are_json_beside_the_bookkeeping() {
    let server = RedisServer::plain();
    let (store, mut beside) = (connect(&server).await, Beside::new(&server).await);
    let key = key();
    let record = Record { unconfirmed: true, ..record(&[("@d", json!(null)), ("", json!({ "a": [1.5, "ä"] }))]) };
    store.create(&key, record.clone(), now()).await.unwrap();
    let field = |name: &str| format!("HGET {} {name}", redis_key(&key));
    assert_eq!(beside.tell::<String>(&field("=@d")).await, "null");
    assert_eq!(beside.tell::<String>(&field("=")).await, r#"{"a":[1.5,"ä"]}"#);
    assert_eq!(beside.tell::<String>(&field("@u")).await, "1");
    assert_eq!(store.load(&key, now()).await.unwrap(), Loaded::Live(record));
}

#[tokio::test]
async fn an_operation_is_one_trip() {
    let server = RedisServer::plain();
    let (store, mut beside) = (connect(&server).await, Beside::new(&server).await);
    let key = counted(&store).await;
    beside.does("CONFIG RESETSTAT").await;
    for n in 0..50 {
        let claim = Claim { token: Token(n), node: NodeId(1), over: None };
        assert!(matches!(store.acquire(&key, &claim, now()).await.unwrap(), Acquired::Held(_)));
        let fence = Some(Fence { token: Token(n), then: Then::Release });
        store.patch(&key, &Patch { fence, ..sets("count", json!(n)) }, now()).await.unwrap();
    }
    let statistics: String = beside.tell("INFO commandstats").await;
    assert!(statistics.contains("cmdstat_evalsha:calls=100,"), "{statistics}");
    assert!(!statistics.contains("cmdstat_eval:") && !statistics.contains("cmdstat_script"), "{statistics}");
}

#[tokio::test]
async fn prefixes_keep_applications_apart() {
    let server = RedisServer::plain();
    let shop = RedisStore::builder().prefix("shop:").connect(server.url()).await.unwrap();
    let blog = RedisStore::builder().prefix("blog:").connect(server.url()).await.unwrap();
    let key = counted(&shop).await;
    assert_eq!(blog.load(&key, now()).await.unwrap(), Loaded::Gone);
    let mut beside = Beside::new(&server).await;
    assert_eq!(beside.tell::<Vec<String>>("KEYS *").await, [format!("shop:{{{}}}", hex(&key))]);

    let node = NodeId(1);
    let (mut of_shop, mut of_blog) = (shop.listen(node), blog.listen(node));
    assert_eq!((of_shop.next().await, of_blog.next().await), (Some(Notice::Missed), Some(Notice::Missed)));
    let ended = |key| Notice::Ended { key, by: node, how: Ending::Rotated };
    shop.announce(&ended(key)).await.unwrap();
    let other = super::key();
    blog.announce(&ended(other)).await.unwrap();
    assert_eq!(of_shop.next().await, Some(ended(key)));
    assert_eq!(of_blog.next().await, Some(ended(other)));
}
