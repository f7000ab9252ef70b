//! Whatever is wrong: an error that says so, in time, and without secrets.

use std::{
    fs,
    time::{Duration, Instant},
};

use socket_session::store::{Acquired, Created, Patched, Store as _, StoreError};
use socket_session_sqlx::{SqliteStore, sqlite::ConnectError};
use sqlx::sqlite::SqliteConnectOptions;

use super::{Beside, Folder, common::*, in_memory};

async fn refused(url: &str) -> ConnectError {
    let begun = Instant::now();
    let builder = SqliteStore::builder().busy_timeout(Duration::from_millis(300));
    let error = match builder.connect(url).await {
        // some of it shows only when it is written
        Ok(store) => store.migrate().await.unwrap_err(),
        Err(error) => error,
    };
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
    error
}

#[tokio::test]
async fn a_wrong_url() {
    for url in
        ["", "sessions.db", "postgres://127.0.0.1/", "sqlite:", "sqlite://", "sqlite:?mode=rwc", "sqlite:a?mode=x"]
    {
        let error = refused(url).await;
        assert!(matches!(error, ConnectError::Url { .. }), "{url}: {error}");
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_used() {
    let folder = Folder::new();
    let error = refused(&format!("sqlite:{}", folder.0.join("no/such/folder.db").display())).await;
    assert!(error.to_string().contains("it cannot be opened (14 "), "{error}");
    let error = refused(&format!("sqlite:{}", folder.0.display())).await;
    assert!(error.to_string().contains("it cannot be opened (14 "), "{error}");
    fs::write(folder.file(), "no database, but a text that is long enough to be one, with many words").unwrap();
    let error = refused(&folder.url()).await;
    assert!(error.to_string().contains("it is no database (26 "), "{error}");
    fs::remove_file(folder.file()).unwrap();
    let error = refused(&format!("{}?mode=rw", folder.url())).await;
    assert!(error.to_string().contains("it cannot be opened (14 "), "{error}");
}

#[tokio::test]
async fn a_file_that_may_not_be_written() {
    let folder = Folder::new();
    let key = counted(&folder.open().await).await;
    let store = SqliteStore::connect(&format!("{}?mode=ro", folder.url())).await.unwrap();
    assert_eq!(count(&store, &key).await, Some(1.into()));
    let said = unavailable(store.patch(&key, &sets("count", 2.into()), now()).await);
    assert!(said.contains("it cannot be written (8 "), "{said}");
}

#[tokio::test]
async fn a_database_that_another_process_has_locked() {
    let folder = Folder::new();
    folder.open().await;
    let builder = SqliteStore::builder().busy_timeout(Duration::from_millis(300));
    let store = builder.connect(&folder.url()).await.unwrap();
    let key = counted(&store).await;
    let mut beside = Beside::new(&folder).await;
    beside.does("BEGIN IMMEDIATE").await;
    let begun = Instant::now();
    let said = unavailable(store.patch(&key, &sets("count", 2.into()), now()).await);
    assert!(said.contains("another process has kept the database locked for 300ms"), "{said}");
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
    // what only reads waits for nobody
    assert_eq!(count(&store, &key).await, Some(1.into()));

    let patching = {
        let store = store.clone();
        tokio::spawn(async move { store.patch(&key, &sets("count", 3.into()), now()).await })
    };
    tokio::time::sleep(Duration::from_millis(100)).await;
    beside.does("COMMIT").await;
    assert_eq!(patching.await.unwrap().unwrap(), APPLIED);
    assert_eq!(count(&store, &key).await, Some(3.into()));
}

/// What does not fit is not written, and is no trouble to what is done together with it.
#[tokio::test]
async fn a_database_that_is_full() {
    let folder = Folder::new();
    folder.open().await;
    let options = SqliteConnectOptions::new().filename(folder.file()).pragma("max_page_count", "40");
    let store = SqliteStore::connect_with(options).await.unwrap();
    let key = counted(&store).await;
    let large = sets("large", "x".repeat(200_000).into());
    let (full, fits) = tokio::join!(store.patch(&key, &large, now()), async {
        store.patch(&key, &sets("count", 2.into()), now()).await
    });
    let Err(StoreError::Unavailable(_) | StoreError::Unanswered(_)) = &full else { panic!("{full:?}") };
    assert!(whole(&full.unwrap_err()).contains("the disk is full (13 "));
    assert_eq!(fits.unwrap(), APPLIED);
    let record = store.load(&key, now()).await.unwrap().live().unwrap();
    assert_eq!((record.fields.get("count"), record.fields.get("large")), (Some(&2.into()), None));
    assert_eq!(store.patch(&key, &sets("count", 3.into()), now()).await.unwrap(), APPLIED);
}

#[tokio::test]
async fn a_value_that_is_too_deep() {
    let store = in_memory().await;
    let key = counted(&store).await;
    let deep = (0..128).fold(serde_json::Value::Null, |inner, _| [inner].into_iter().collect());
    let said = unavailable(store.patch(&key, &sets("count", deep), now()).await);
    assert!(said.contains("127 lists and maps in each other are the most"), "{said}");
    assert_eq!(count(&store, &key).await, Some(1.into()));
}

#[tokio::test]
async fn errors_hold_no_values() {
    let folder = Folder::new();
    let store = folder.open().await;
    let mut beside = Beside::new(&folder).await;
    beside
        .does(
            "CREATE TRIGGER refuses BEFORE INSERT ON socket_session_fields WHEN new.value = '\"secret\"'
             BEGIN SELECT raise(ABORT, 'refused'); END",
        )
        .await;
    let said = unavailable(store.create(&key(), record(&[("word", "secret".into())]), now()).await);
    assert!(said.contains("refused") && !said.contains("secret"), "{said}");
    // and it can be used
    counted(&store).await;
}

/// Many at once, of which some fail: the others are done.
#[tokio::test]
async fn what_fails_fails_alone() {
    let folder = Folder::new();
    let store = folder.open().await;
    let mut beside = Beside::new(&folder).await;
    beside
        .does(
            "CREATE TRIGGER refuses BEFORE INSERT ON socket_session_fields WHEN new.value = '13'
             BEGIN SELECT raise(ABORT, 'refused'); END",
        )
        .await;
    let creating = (0..30).map(|n| {
        let store = store.clone();
        async move { store.create(&key(), record(&[("count", n.into())]), now()).await }
    });
    let created = futures_util::future::join_all(creating).await;
    for (created, n) in created.into_iter().zip(0..) {
        if n == 13 {
            assert!(unavailable(created).contains("refused"));
        } else {
            assert_eq!(created.unwrap(), Created::Done);
        }
    }
    assert_eq!(beside.counts("socket_session_sessions").await, 29);
}

/// A caller that gives up leaves a store that the next one can use.
#[tokio::test]
async fn given_up() {
    let folder = Folder::new();
    let store = folder.open().await;
    let key = counted(&store).await;
    for n in 0..200_u64 {
        let patch = sets("count", n.into());
        let _ = tokio::time::timeout(Duration::from_micros(n * 10), store.patch(&key, &patch, now())).await;
        let _ = tokio::time::timeout(Duration::from_micros(n * 5), store.load(&key, now())).await;
        assert_eq!(store.patch(&key, &patch, now()).await.unwrap(), APPLIED);
        assert_eq!(count(&store, &key).await, Some(n.into()));
    }
}

/// The runtime in which it was opened is gone.
#[test]
fn a_runtime_that_has_ended() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let first = runtime();
    let (store, key) = first.block_on(async {
        let store = in_memory().await;
        let key = counted(&store).await;
        (store, key)
    });
    drop(first);
    let said = unavailable(runtime().block_on(store.patch(&key, &sets("count", 2.into()), now())));
    assert!(said.contains("the runtime in which the store was opened has ended"), "{said}");
}

/// Of many on one session at once, in one transaction, each sees what those before it have done.
#[tokio::test]
async fn one_transaction_does_one_after_the_other() {
    let folder = Folder::new();
    let store = folder.open().await;
    let key = counted(&store).await;
    let first = under(1, socket_session::store::Then::Keep, sets("count", 2.into()));
    let second = under(1, socket_session::store::Then::Release, sets("other", 3.into()));
    let (one, two) = (claim(1), claim(2));
    let mut gone = socket_session::store::Patch::new();
    gone.remove.push("count".into());
    let (holds, refuses, applied, released, next, removed) = tokio::join!(
        store.acquire(&key, &one, now()),
        store.acquire(&key, &two, now()),
        store.patch(&key, &first, now()),
        store.patch(&key, &second, now()),
        store.acquire(&key, &two, now()),
        store.patch(&key, &gone, now()),
    );
    assert!(matches!(holds.unwrap(), Acquired::Held(_)) && matches!(refuses.unwrap(), Acquired::Refused(_)));
    assert_eq!(applied.unwrap(), Patched::Applied { held: true, alone: true });
    assert_eq!(released.unwrap(), Patched::Applied { held: false, alone: true });
    let Acquired::Held(got) = next.unwrap() else { panic!("it was not offered") };
    assert_eq!((got.fields.get("count"), got.fields.get("other")), (Some(&2.into()), Some(&3.into())));
    assert_eq!(removed.unwrap(), APPLIED);
    let again = record_of(&store, &key).await;
    assert_eq!((again.get("count"), again.get("other")), (None, Some(&3.into())));

    let new = super::common::key();
    let (created, taken, deleted, created_again, retired) = tokio::join!(
        store.create(&new, record_with(1), now()),
        store.create(&new, record_with(2), now()),
        store.delete(&new, now()),
        store.create(&new, record(&[("other", 3.into())]), now()),
        store.exists(std::slice::from_ref(&key), now()),
    );
    assert_eq!((created.unwrap(), taken.unwrap(), deleted.unwrap()), (Created::Done, Created::Taken, true));
    assert_eq!((created_again.unwrap(), retired.unwrap()), (Created::Done, vec![true]));
    let fields = record_of(&store, &new).await;
    assert_eq!((fields.get("count"), fields.get("other")), (None, Some(&3.into())));

    // what is stored is not there any more for whoever comes after
    let (deleted, created, next) = tokio::join!(
        store.delete(&key, now()),
        store.create(&key, record_with(7), now()),
        store.acquire(&key, &one, now()),
    );
    assert_eq!((deleted.unwrap(), created.unwrap()), (true, Created::Done));
    let Acquired::Held(got) = next.unwrap() else { panic!("it is not free") };
    assert_eq!((got.fields.len(), got.fields.get("count")), (1, Some(&7.into())));
    assert_eq!(record_of(&store, &key).await, got.fields);
}

fn record_with(count: u32) -> socket_session::store::Record {
    record(&[("count", count.into())])
}

async fn record_of(store: &SqliteStore, key: &socket_session::SessionKey) -> socket_session::store::Fields {
    store.load(key, now()).await.unwrap().live().unwrap().fields
}
