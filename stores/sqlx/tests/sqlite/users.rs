//! Which sessions a user has, and when all of them were ended: as the file keeps it.

use std::time::{Duration, Instant};

use socket_session::{
    SessionKey,
    store::{Store as _, UserKey},
};
use socket_session_sqlx::SqliteStore;

use super::{Beside, Folder, common::*, in_memory};

#[tokio::test]
async fn rows_of_two_tables() {
    let folder = Folder::new();
    let (store, mut beside) = (folder.open().await, Beside::new(&folder).await);
    let user = user();
    let (first, second) = (joined(&store, &user).await, joined(&store, &user).await);
    store.end_user(&user).await.unwrap();
    store.end_user(&user).await.unwrap();
    let rows = "SELECT group_concat(lower(hex(user_key)) || ' ' || lower(hex(session)), ', ' ORDER BY session)
                FROM socket_session_users";
    let mut sessions = [first, second].map(|key| format!("{} {}", hex_of(&user), hex(&key)));
    sessions.sort();
    assert_eq!(beside.text(rows).await, sessions.join(", "));
    let rows = "SELECT group_concat(lower(hex(user_key))) FROM socket_session_user_ends";
    assert_eq!(beside.text(rows).await, hex_of(&user));
    let now = "CAST(unixepoch('subsec') * 1000000 AS INTEGER)";
    for (time, table) in [("joined", "users"), ("ended", "user_ends")] {
        let count = format!("socket_session_{table} WHERE {time} NOT BETWEEN {now} - 60000000 AND {now} + 1000");
        assert_eq!(beside.counts(&count).await, 0);
    }
    store.leave(&user, &[first, second]).await.unwrap();
    assert_eq!(beside.counts("socket_session_users").await, 0);
    assert_eq!(beside.counts("socket_session_user_ends").await, 1);
}

#[tokio::test]
async fn a_clock_that_was_set_back() {
    let folder = Folder::new();
    let (store, mut beside) = (folder.open().await, Beside::new(&folder).await);
    let user = user();
    joined(&store, &user).await;
    store.end_user(&user).await.unwrap();
    beside.does("UPDATE socket_session_users SET joined = joined + 3600000000").await;
    beside.does("UPDATE socket_session_user_ends SET ended = ended + 3600000000").await;
    assert_eq!(ages_of(&store, &user).await, [Duration::ZERO]);
    assert_eq!(store.user_ended(&user).await.unwrap(), Some(Duration::ZERO));
}

/// Of many at once, in one transaction, each sees what those before it have done.
#[tokio::test]
async fn one_transaction_does_one_after_the_other() {
    let folder = Folder::new();
    for store in [in_memory().await, folder.open().await] {
        let (user, other) = (user(), user());
        let (stays, leaves, comes) = (key(), joined(&store, &user).await, joined(&store, &user).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
        let begun = Instant::now();
        let (gone, back) = ([stays, leaves], [comes]);
        let done = tokio::join!(
            store.join(&user, &stays),
            store.leave(&user, &gone),
            store.join(&user, &stays),
            store.join(&other, &leaves),
            store.leave(&user, &back),
            store.join(&user, &comes),
            store.end_user(&user),
            store.end_user(&user),
        );
        for done in <[_; 8]>::from(done) {
            done.unwrap();
        }
        let mut expected = [stays, comes];
        expected.sort();
        assert_eq!(keys_of(&store, &user).await, expected);
        assert_eq!(keys_of(&store, &other).await, [leaves]);
        // who has left and come back is new
        let ages = ages_of(&store, &user).await;
        assert!(ages.iter().all(|age| *age <= begun.elapsed() + Duration::from_millis(1)), "{ages:?}");
        assert!(store.user_ended(&user).await.unwrap().is_some());
        assert_eq!(store.user_ended(&other).await.unwrap(), None);
    }
}

#[tokio::test]
async fn what_fails_is_not_written_and_fails_alone() {
    let folder = Folder::new();
    let (store, mut beside) = (folder.open().await, Beside::new(&folder).await);
    let (user, refused) = (user(), user());
    beside
        .does(&format!(
            "CREATE TRIGGER refuses BEFORE INSERT ON socket_session_users WHEN new.user_key = x'{}'
             BEGIN SELECT raise(ABORT, 'refused'); END",
            hex_of(&refused)
        ))
        .await;
    let key = key();
    let (fails, joins, creates) = tokio::join!(
        store.join(&refused, &key),
        store.join(&user, &key),
        store.create(&key, record(&[("count", 1.into())]), now())
    );
    let said = unavailable(fails);
    assert!(said.contains("refused") && !said.contains(&hex(&key)) && !said.contains(&hex_of(&refused)), "{said}");
    joins.unwrap();
    creates.unwrap();
    assert_eq!((keys_of(&store, &user).await, keys_of(&store, &refused).await), (vec![key], vec![]));
    assert_eq!(count(&store, &key).await, Some(1.into()));
}

/// As it says, and as for sessions.
#[tokio::test]
async fn a_database_that_is_locked_or_of_the_version_before() {
    let folder = Folder::new();
    let patient = folder.open().await;
    let store = SqliteStore::builder().busy_timeout(Duration::from_millis(100)).connect(&folder.url()).await.unwrap();
    let (user, mut beside) = (user(), Beside::new(&folder).await);
    let key = joined(&store, &user).await;
    beside.does("BEGIN IMMEDIATE").await;
    for said in [
        unavailable(store.join(&user, &super::common::key()).await),
        unavailable(store.leave(&user, &[key]).await),
        unavailable(store.end_user(&user).await),
    ] {
        assert!(said.contains("another process has kept the database locked for 100ms"), "{said}");
    }
    // reads wait for nobody, and who is patient gets there
    assert_eq!(keys_of(&store, &user).await, [key]);
    assert_eq!(store.user_ended(&user).await.unwrap(), None);
    let waits = tokio::spawn(async move { patient.end_user(&user).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    beside.does("COMMIT").await;
    waits.await.unwrap().unwrap();
    assert!(store.user_ended(&user).await.unwrap().is_some());

    beside.does("DROP TABLE socket_session_users; DROP TABLE socket_session_user_ends").await;
    for said in [
        unavailable(store.join(&user, &key).await),
        unavailable(store.leave(&user, &[key]).await),
        unavailable(store.members(&user).await),
        unavailable(store.end_user(&user).await),
        unavailable(store.user_ended(&user).await),
    ] {
        assert!(said.contains("call `migrate()` first"), "{said}");
    }
    // what needs none of it goes on
    assert_eq!(count(&store, &counted(&store).await).await, Some(1.into()));
}

#[tokio::test]
async fn what_is_not_needed_is_purged() {
    let folder = Folder::new();
    let (store, mut beside) = (folder.open().await, Beside::new(&folder).await);
    let user = user();
    let (living, ended, joining) = (counted(&store).await, joined(&store, &user).await, key());
    store.join(&user, &living).await.unwrap();
    beside.does("UPDATE socket_session_users SET joined = joined - 61000000").await;
    store.join(&user, &joining).await.unwrap();
    store.end_user(&user).await.unwrap();
    assert_eq!(store.purge().await.unwrap(), 0);
    let mut expected = [living, joining];
    expected.sort();
    assert_eq!(keys_of(&store, &user).await, expected, "{}", hex(&ended));

    for (minutes, remembered) in [(19, true), (2, false)] {
        beside.does(&format!("UPDATE socket_session_user_ends SET ended = ended - {minutes} * 60000000")).await;
        assert_eq!(store.purge().await.unwrap(), 0);
        assert_eq!(store.user_ended(&user).await.unwrap().is_some(), remembered);
    }
    // a session that has expired takes its entry along, when it is purged itself
    beside.does("UPDATE socket_session_sessions SET deadline = deadline - 7200000000").await;
    assert_eq!(store.purge().await.unwrap(), 1);
    assert_eq!(keys_of(&store, &user).await, [joining]);
}

#[tokio::test]
async fn many_are_purged() {
    let folder = Folder::new();
    let (store, mut beside) = (folder.open().await, Beside::new(&folder).await);
    beside
        .does(
            "WITH RECURSIVE n (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n WHERE n < 2500)
             INSERT INTO socket_session_users SELECT randomblob(32), randomblob(32), 0 FROM n;
             WITH RECURSIVE n (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n WHERE n < 2500)
             INSERT INTO socket_session_user_ends SELECT randomblob(32), 0 FROM n;",
        )
        .await;
    assert_eq!(store.purge().await.unwrap(), 0);
    assert_eq!(beside.counts("socket_session_users").await, 0);
    assert_eq!(beside.counts("socket_session_user_ends").await, 0);
}

/// A database of the first version is brought up to date, and keeps what is in it.
#[tokio::test]
async fn a_database_of_the_first_version() {
    let folder = Folder::new();
    let mut beside = Beside::new(&folder).await;
    let first = include_str!("../../src/sqlite/schema.sql").replace("{p}", "socket_session");
    beside.does("CREATE TABLE socket_session_version (version INTEGER PRIMARY KEY) STRICT").await;
    beside.does(&first).await;
    beside.does("INSERT INTO socket_session_version VALUES (1)").await;
    let store = SqliteStore::connect(&folder.url()).await.unwrap();
    let key: SessionKey = counted(&store).await;
    let user: UserKey = user();
    unavailable(store.join(&user, &key).await);

    store.migrate().await.unwrap();
    store.join(&user, &key).await.unwrap();
    assert_eq!(keys_of(&store, &user).await, [key]);
    assert_eq!(count(&store, &key).await, Some(1.into()));
    let versions = "SELECT group_concat(version, ' ' ORDER BY version) FROM socket_session_version";
    assert_eq!(beside.text(versions).await, "1 2");
}

#[tokio::test]
async fn it_is_there_when_it_is_opened_again() {
    let folder = Folder::new();
    let store = folder.open().await;
    let user = user();
    let key = joined(&store, &user).await;
    store.end_user(&user).await.unwrap();
    drop(store);
    let store = folder.open().await;
    assert_eq!(keys_of(&store, &user).await, [key]);
    assert!(store.user_ended(&user).await.unwrap().is_some());
}
