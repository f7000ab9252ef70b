//! What a dump shows.

use std::fs;

use socket_session::{
    Id,
    store::{Ending, Loaded, NodeId, Notice, Record, Retirement, Store as _, Then, Token, TransactionId},
};

use super::{Beside, Folder, common::*};

#[tokio::test]
async fn nothing_holds_a_session_id() {
    let folder = Folder::new();
    let store = folder.open().await;
    let (lives, retired): (Id, Id) = (id(), id());
    for id in [lives, retired] {
        let key = id.key();
        store.create(&key, record(&[("count", 1.into())]), now()).await.unwrap();
        for token in [1, 2] {
            store.acquire(&key, &claim(token), now()).await.unwrap();
        }
        store.patch(&key, &sets("count", 2.into()), now()).await.unwrap();
        store.release(&key, Token(1)).await.unwrap();
        store.announce(&Notice::Ended { key, by: NodeId(1), how: Ending::Destroyed }).await.unwrap();
        store.join(&user(), &key).await.unwrap();
    }
    let retirement = Retirement { transaction: TransactionId(1), token: None, seen: None, until: now() + minutes(1) };
    store.retire(&retired.key(), &retirement, now()).await.unwrap();
    assert_eq!(Beside::new(&folder).await.counts("socket_session_notices").await, 4);

    let mut dump = Vec::new();
    for file in fs::read_dir(&folder.0).unwrap() {
        dump.extend(fs::read(file.unwrap().path()).unwrap());
    }
    assert!(contains(&dump, hex(&lives.key()).as_bytes()) && contains(&dump, lives.key().as_bytes()));
    for form in [lives, retired].into_iter().flat_map(forms) {
        assert!(!contains(&dump, &form), "{}", String::from_utf8_lossy(&form));
    }
}

#[tokio::test]
async fn fields_are_rows_that_people_can_read() {
    let folder = Folder::new();
    let (store, mut beside) = (folder.open().await, Beside::new(&folder).await);
    let key = key();
    let value = serde_json::json!({ "a": [1.5, "ä"], "z": -0.0 });
    let record = Record { unconfirmed: true, ..record(&[("user.name", value), ("a\0b", "\0".into())]) };
    store.create(&key, record.clone(), now()).await.unwrap();
    let rows = "SELECT group_concat(field || ' ' || value, char(10) ORDER BY field) FROM socket_session_fields";
    let expected = concat!(r#"a\u0000b "\u0000""#, "\n", r#"user.name {"a":[1.5,"ä"],"z":-0.0}"#);
    assert_eq!(beside.text(rows).await, expected);
    let query = "SELECT value ->> '$.a[1]' FROM socket_session_fields WHERE field = 'user.name'";
    assert_eq!(beside.text(query).await, "ä");
    let Loaded::Live(mut loaded) = store.load(&key, now()).await.unwrap() else { panic!("it is gone") };
    assert!((record.deadline - loaded.deadline) < time::Duration::MICROSECOND);
    loaded.deadline = record.deadline;
    assert_eq!(loaded, record);
}

/// A whole session can be deleted by hand, and nothing of it is left.
#[tokio::test]
async fn a_session_that_is_deleted_by_hand_is_gone() {
    let folder = Folder::new();
    let (store, mut beside) = (folder.open().await, Beside::new(&folder).await);
    let key = counted(&store).await;
    held(&store, &key, 1).await;
    beside.does("PRAGMA foreign_keys = ON; DELETE FROM socket_session_sessions").await;
    assert_eq!(beside.counts("socket_session_fields").await, 0);
    assert_eq!(store.load(&key, now()).await.unwrap(), Loaded::Gone);
    let patch = under(1, Then::Keep, sets("count", 2.into()));
    assert_eq!(store.patch(&key, &patch, now()).await.unwrap(), socket_session::store::Patched::Gone);
}
