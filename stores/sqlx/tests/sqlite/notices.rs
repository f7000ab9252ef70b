//! What nodes tell each other, in one process and in several.

use std::time::{Duration, Instant};

use futures_util::{FutureExt as _, StreamExt as _};
use socket_session::store::{Acquired, Ending, NodeId, Notice, Notices, Store as _, Token};
use tokio::time::timeout;

use super::{Beside, Folder, common::*, in_memory};

async fn next(notices: &mut Notices) -> Notice {
    timeout(PATIENCE, notices.next()).await.unwrap().unwrap()
}

/// Until everybody has looked.
const WHILE: Duration = Duration::from_millis(600);

#[tokio::test(flavor = "multi_thread")]
async fn each_is_told_once() {
    let folder = Folder::new();
    let (here, there) = (folder.open().await, folder.open().await);
    let (mut first, mut second, mut third) = (here.listen(NodeId(1)), here.listen(NodeId(2)), there.listen(NodeId(3)));
    for notices in [&mut first, &mut second, &mut third] {
        assert_eq!(next(notices).await, Notice::Missed);
    }
    let ended = Notice::Ended { key: key(), by: NodeId(1), how: Ending::Rotated };
    here.announce(&ended).await.unwrap();
    assert_eq!((next(&mut first).await, next(&mut second).await), (ended, ended));
    assert_eq!(next(&mut third).await, ended);

    // to one of this process, and to one of another
    let key = counted(&here).await;
    for (holder, waiter) in [(1, 2), (2, 3)] {
        held(&here, &key, holder).await;
        let store = if waiter == 3 { &there } else { &here };
        assert!(matches!(store.acquire(&key, &claim(waiter), now()).await.unwrap(), Acquired::Refused(_)));
        here.release(&key, Token(holder)).await.unwrap();
        let notices = if waiter == 3 { &mut third } else { &mut second };
        assert_eq!(next(notices).await, Notice::Offered(key));
        held(store, &key, waiter).await;
    }
    tokio::time::sleep(WHILE).await;
    for mut notices in [first, second, third] {
        assert_eq!(notices.next().now_or_never(), None);
    }
    // what stays in the process is not written; and what was written a minute ago is deleted by the next
    let mut beside = Beside::new(&folder).await;
    assert_eq!(beside.counts("socket_session_notices").await, 2);
    beside.does("UPDATE socket_session_notices SET at = at - 61000000").await;
    here.announce(&ended).await.unwrap();
    assert_eq!(beside.counts("socket_session_notices").await, 1);
}

#[tokio::test]
async fn in_memory_they_are_told_too() {
    let store = in_memory().await;
    let mut notices = store.listen(NodeId(2));
    assert_eq!(next(&mut notices).await, Notice::Missed);
    let key = counted(&store).await;
    held(&store, &key, 1).await;
    store.acquire(&key, &claim(2), now()).await.unwrap();
    store.release(&key, Token(1)).await.unwrap();
    assert_eq!(next(&mut notices).await, Notice::Offered(key));
}

/// Otherwise each round would take an eighth of a second on average.
#[tokio::test(flavor = "multi_thread")]
async fn who_waits_looks_more_often() {
    let folder = Folder::new();
    let (here, there) = (folder.open().await, folder.open().await);
    let mut notices = there.listen(NodeId(2));
    assert_eq!(next(&mut notices).await, Notice::Missed);
    let mut waited = Duration::ZERO;
    for _ in 0..10 {
        let key = counted(&here).await;
        held(&here, &key, 1).await;
        assert!(matches!(there.acquire(&key, &claim(2), now()).await.unwrap(), Acquired::Refused(_)));
        let begun = Instant::now();
        here.release(&key, Token(1)).await.unwrap();
        assert_eq!(next(&mut notices).await, Notice::Offered(key));
        waited += begun.elapsed();
    }
    assert!(waited < Duration::from_millis(750), "{waited:?}");
}

#[tokio::test]
async fn they_end_with_the_store() {
    let folder = Folder::new();
    for store in [folder.open().await, in_memory().await] {
        let mut notices = store.listen(NodeId(1));
        assert_eq!(next(&mut notices).await, Notice::Missed);
        drop(store);
        assert_eq!(timeout(PATIENCE, notices.next()).await.unwrap(), None);
    }
}

/// What cannot be read for a while is read later.
#[tokio::test]
async fn they_come_again() {
    let folder = Folder::new();
    let (here, there) = (folder.open().await, folder.open().await);
    let mut notices = there.listen(NodeId(3));
    assert_eq!(next(&mut notices).await, Notice::Missed);
    let mut beside = Beside::new(&folder).await;
    beside.does("ALTER TABLE socket_session_notices RENAME TO away").await;
    assert!(timeout(WHILE, notices.next()).await.is_err());
    beside.does("ALTER TABLE away RENAME TO socket_session_notices").await;
    let ended = Notice::Ended { key: key(), by: NodeId(1), how: Ending::Destroyed };
    here.announce(&ended).await.unwrap();
    assert_eq!(next(&mut notices).await, ended);
}
