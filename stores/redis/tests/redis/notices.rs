//! Messages, and what becomes of them when a connection breaks.

use futures_util::StreamExt as _;
use socket_session::store::{Acquired, Claim, Ending, NodeId, Notice, Notices, Token};
use test_servers::RedisServer;

use super::*;

async fn next(notices: &mut Notices) -> Notice {
    tokio::time::timeout(PATIENCE, notices.next()).await.expect("no notice comes").expect("the notices have ended")
}

#[tokio::test]
async fn a_broken_connection_is_made_anew_and_says_so() {
    let mut server = RedisServer::plain();
    let (store, mut beside) = (connect(&server).await, Beside::new(&server).await);
    let mut notices = store.listen(NodeId(1));
    assert_eq!(next(&mut notices).await, Notice::Missed);
    let notice = Notice::Ended { key: key(), by: NodeId(2), how: Ending::Destroyed };
    store.announce(&notice).await.unwrap();
    assert_eq!(next(&mut notices).await, notice);

    beside.does("CLIENT KILL TYPE pubsub").await;
    assert_eq!(next(&mut notices).await, Notice::Missed);
    store.announce(&notice).await.unwrap();
    assert_eq!(next(&mut notices).await, notice);

    server.restart();
    assert_eq!(next(&mut notices).await, Notice::Missed);
    // the store's own connection broke, too
    while store.announce(&notice).await.is_err() {}
    assert_eq!(next(&mut notices).await, notice);
}

#[tokio::test]
async fn it_may_listen_before_the_server_is_back() {
    let mut server = RedisServer::plain();
    let store = connect(&server).await;
    server.kill();
    let mut notices = store.listen(NodeId(1));
    assert!(tokio::time::timeout(Duration::from_millis(600), notices.next()).await.is_err());
    server.restart();
    assert_eq!(next(&mut notices).await, Notice::Missed);
}

/// Nothing comes on it, and nobody says that it has ended: as when a machine has vanished.
#[tokio::test]
async fn a_silent_connection_is_asked_whether_it_is_one() {
    let server = RedisServer::plain();
    let builder = RedisStore::builder().connect_timeout(Duration::from_millis(200));
    let store = builder.response_timeout(Duration::from_millis(100)).connect(server.url()).await.unwrap();
    let mut notices = store.listen(NodeId(1));
    assert_eq!(next(&mut notices).await, Notice::Missed);
    // it is one, after several questions
    assert!(tokio::time::timeout(Duration::from_millis(1500), notices.next()).await.is_err());
    server.pause();
    assert!(tokio::time::timeout(Duration::from_millis(1500), notices.next()).await.is_err());
    server.resume();
    assert_eq!(next(&mut notices).await, Notice::Missed);
}

#[tokio::test]
async fn strange_messages_are_passed_over() {
    let server = RedisServer::plain();
    let (store, mut beside) = (connect(&server).await, Beside::new(&server).await);
    let mut notices = store.listen(NodeId(1));
    assert_eq!(next(&mut notices).await, Notice::Missed);
    let key = key();
    for message in ["", "offered", "offered#", "offered#zz", "hello#HEX", "ended#HEX#1#else", "ended#HEX#g#rotated"] {
        let mut publish = redis::cmd("PUBLISH");
        publish.arg("socket-session:nodes").arg(message.replace('#', " ").replace("HEX", &hex(&key)));
        let _: redis::Value = publish.query_async(&mut beside.0).await.unwrap();
    }
    let notice = Notice::Ended { key, by: NodeId(u128::MAX), how: Ending::Rotated };
    store.announce(&notice).await.unwrap();
    assert_eq!(next(&mut notices).await, notice);
}

/// The change is made by then: it must not fail because nobody can be told.
#[tokio::test]
async fn a_user_who_may_not_publish() {
    let server = RedisServer::plain();
    Beside::new(&server).await.does("ACL SETUSER mute on >hunter2 ~* resetchannels +@all").await;
    let url = format!("redis://mute:hunter2@127.0.0.1:{}/", server.port());
    let store = RedisStore::connect(url).await.unwrap();
    let key = counted(&store).await;
    let claim = |token| Claim { token: Token(token), node: NodeId(token), over: None };
    assert!(matches!(store.acquire(&key, &claim(1), now()).await.unwrap(), Acquired::Held(_)));
    assert!(matches!(store.acquire(&key, &claim(2), now()).await.unwrap(), Acquired::Refused(_)));
    store.release(&key, Token(1)).await.unwrap();
    assert!(matches!(store.acquire(&key, &claim(2), now()).await.unwrap(), Acquired::Held(_)));
    let notice = Notice::Ended { key, by: NodeId(1), how: Ending::Destroyed };
    let said = unavailable(store.announce(&notice).await);
    assert!(said.contains("NOPERM"), "{said}");
}
