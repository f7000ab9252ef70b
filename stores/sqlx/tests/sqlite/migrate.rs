//! The tables: made once, whoever comes first, and by nobody else's name.

use socket_session::store::{Loaded, Store as _};
use socket_session_sqlx::{SqliteStore, sqlite::ConnectError};

use super::{Beside, Folder, common::*};

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_and_again() {
    let folder = Folder::new();
    let starting: Vec<_> = (0..8)
        .map(|_| {
            let url = folder.url();
            tokio::spawn(async move { SqliteStore::connect(&url).await?.migrate().await })
        })
        .collect();
    for started in starting {
        started.await.unwrap().unwrap();
    }
    let store = folder.open().await;
    let key = counted(&store).await;
    store.migrate().await.unwrap();
    assert_eq!(count(&store, &key).await, Some(1.into()));
    assert_eq!(Beside::new(&folder).await.counts("socket_session_version").await, 2);
}

#[tokio::test]
async fn nothing_works_before_and_the_error_says_so() {
    let folder = Folder::new();
    let store = SqliteStore::connect(&folder.url()).await.unwrap();
    let said = [
        unavailable(store.load(&key(), now()).await),
        unavailable(store.create(&key(), record(&[]), now()).await),
        unavailable(store.acquire(&key(), &claim(1), now()).await),
        unavailable(store.purge().await),
    ];
    for said in said {
        assert!(said.contains("call `migrate()` first"), "{said}");
    }
    store.migrate().await.unwrap();
    counted(&store).await;
}

#[tokio::test]
async fn a_later_version_is_left_alone() {
    let folder = Folder::new();
    let store = folder.open().await;
    Beside::new(&folder).await.does("INSERT INTO socket_session_version VALUES (7)").await;
    let error = store.migrate().await.unwrap_err();
    assert!(matches!(error, ConnectError::Later { found: 7, known: 2, .. }), "{error}");
}

#[tokio::test]
async fn prefixes_keep_applications_apart() {
    let folder = Folder::new();
    let shop = SqliteStore::builder().prefix("shop").connect(&folder.url()).await.unwrap();
    let blog = SqliteStore::builder().prefix("blog").connect(&folder.url()).await.unwrap();
    shop.migrate().await.unwrap();
    blog.migrate().await.unwrap();
    let key = counted(&shop).await;
    assert_eq!(blog.load(&key, now()).await.unwrap(), Loaded::Gone);
    assert_eq!(count(&shop, &key).await, Some(1.into()));
    let tables = "SELECT group_concat(name, ' ' ORDER BY name) FROM sqlite_schema
                  WHERE type = 'table' AND name NOT LIKE 'sqlite%'";
    let expected =
        ["blog", "shop"].map(|p| format!("{p}_fields {p}_notices {p}_sessions {p}_user_ends {p}_users {p}_version"));
    assert_eq!(Beside::new(&folder).await.text(tables).await, expected.join(" "));
}

#[tokio::test]
async fn a_prefix_that_is_more_than_a_name_is_refused() {
    for prefix in ["", "a; DROP TABLE x; --", "a\"b", "a'b", "A", "0a", "a.b", "ä", "abcdefghijklmnopqrstuv"] {
        let error = SqliteStore::builder().prefix(prefix).connect("sqlite::memory:").await.unwrap_err();
        assert!(matches!(&error, ConnectError::Prefix(refused) if refused == prefix), "{error}");
    }
}

#[tokio::test]
async fn what_is_stored_is_there_when_it_is_opened_again() {
    let folder = Folder::new();
    let store = folder.open().await;
    let key = counted(&store).await;
    drop(store);
    let store = folder.open().await;
    assert_eq!(count(&store, &key).await, Some(1.into()));
    assert_eq!(Beside::new(&folder).await.text("PRAGMA journal_mode").await, "wal");
}
