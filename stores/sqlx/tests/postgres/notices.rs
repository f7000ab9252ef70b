//! What nodes tell each other, when the connection for it breaks.

use std::time::Duration;

use futures_util::{FutureExt as _, StreamExt as _};
use socket_session::store::{Acquired, Ending, NodeId, Notice, Notices, Store as _, Token};
use socket_session_sqlx::PostgresStore;
use test_servers::PostgresServer;
use tokio::time::timeout;

use super::{Beside, common::*, ready};

async fn next(notices: &mut Notices) -> Notice {
    timeout(PATIENCE, notices.next()).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn they_come_again_after_an_interruption() {
    let server = PostgresServer::plain();
    let (store, mut beside) = (ready(&server).await, Beside::new(&server).await);
    let mut notices = store.listen(NodeId(2));
    assert_eq!(next(&mut notices).await, Notice::Missed);
    let ended = Notice::Ended { key: key(), by: NodeId(1), how: Ending::Rotated };
    store.announce(&ended).await.unwrap();
    assert_eq!(next(&mut notices).await, ended);

    beside.does("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'").await;
    assert_eq!(next(&mut notices).await, Notice::Missed);
    store.announce(&ended).await.unwrap();
    assert_eq!(next(&mut notices).await, ended);
}

#[tokio::test(flavor = "multi_thread")]
async fn they_come_again_after_a_restart() {
    let mut server = PostgresServer::plain();
    let store = ready(&server).await;
    let mut notices = store.listen(NodeId(2));
    assert_eq!(next(&mut notices).await, Notice::Missed);
    server.kill();
    let listening = tokio::spawn(async move { (next(&mut notices).await, notices) });
    tokio::time::sleep(Duration::from_millis(700)).await;
    server.restart();
    let (notice, mut notices) = listening.await.unwrap();
    assert_eq!(notice, Notice::Missed);
    let ended = Notice::Ended { key: key(), by: NodeId(1), how: Ending::Destroyed };
    let other = PostgresStore::connect(&server.url()).await.unwrap();
    other.announce(&ended).await.unwrap();
    assert_eq!(next(&mut notices).await, ended);
}

#[tokio::test]
async fn an_offer_is_told_to_its_node_alone() {
    let server = PostgresServer::plain();
    let store = ready(&server).await;
    let (mut second, mut third) = (store.listen(NodeId(2)), store.listen(NodeId(3)));
    assert_eq!((next(&mut second).await, next(&mut third).await), (Notice::Missed, Notice::Missed));
    let key = counted(&store).await;
    held(&store, &key, 1).await;
    assert!(matches!(store.acquire(&key, &claim(2), now()).await.unwrap(), Acquired::Refused(_)));
    store.release(&key, Token(1)).await.unwrap();
    assert_eq!(next(&mut second).await, Notice::Offered(key));
    let ended = Notice::Ended { key, by: NodeId(1), how: Ending::Destroyed };
    store.announce(&ended).await.unwrap();
    assert_eq!(next(&mut third).await, ended);
    assert_eq!(next(&mut second).await, ended);
    assert!(third.next().now_or_never().is_none());
}
