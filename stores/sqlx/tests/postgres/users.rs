//! Which sessions a user has, and when all of them were ended: as Postgres keeps it, and by its clock.

use std::time::Duration;

use socket_session::store::Store as _;
use socket_session_sqlx::PostgresStore;
use test_servers::PostgresServer;

use super::{Beside, common::*, connect, proxy::Proxy, ready};

#[tokio::test]
async fn rows_of_two_tables() {
    let server = PostgresServer::plain();
    let (store, mut beside) = (ready(&server).await, Beside::new(&server).await);
    let user = user();
    let (first, second) = (joined(&store, &user).await, joined(&store, &user).await);
    store.end_user(&user).await.unwrap();
    store.end_user(&user).await.unwrap();
    let rows = "SELECT string_agg(encode(user_key, 'hex') || ' ' || encode(session, 'hex'), ', ' ORDER BY session)
                FROM socket_session_users";
    let mut sessions = [first, second].map(|key| format!("{} {}", hex_of(&user), hex(&key)));
    sessions.sort();
    assert_eq!(beside.text(rows).await, sessions.join(", "));
    let rows = "SELECT string_agg(encode(user_key, 'hex'), ', ') FROM socket_session_user_ends";
    assert_eq!(beside.text(rows).await, hex_of(&user));
    store.leave(&user, &[first, second]).await.unwrap();
    assert_eq!(beside.counts("socket_session_users").await, 0);
    assert_eq!(beside.counts("socket_session_user_ends").await, 1);
}

/// No node's clock has a say.
#[tokio::test]
async fn ages_are_by_the_clock_of_the_database() {
    let server = PostgresServer::plain();
    let (store, mut beside) = (ready(&server).await, Beside::new(&server).await);
    let user = user();
    joined(&store, &user).await;
    store.end_user(&user).await.unwrap();
    // an hour ago, and in the time that this takes; then it was set back
    for (interval, ages) in [("1 hour", 3600..=3660), ("-2 hours", 0..=0)] {
        beside.does(&format!("UPDATE socket_session_users SET joined = joined - interval '{interval}'")).await;
        beside.does(&format!("UPDATE socket_session_user_ends SET ended = ended - interval '{interval}'")).await;
        for age in [ages_of(&store, &user).await[0], store.user_ended(&user).await.unwrap().unwrap()] {
            assert!(ages.contains(&age.as_secs()), "{age:?}");
        }
    }
}

/// Two at once end one after the other, and the last is as late as it says.
#[tokio::test]
async fn an_end_that_had_to_wait_is_of_when_it_was_done() {
    let server = PostgresServer::plain();
    let (store, mut beside) = (ready(&server).await, Beside::new(&server).await);
    let user = user();
    store.end_user(&user).await.unwrap();
    beside.does("BEGIN; UPDATE socket_session_user_ends SET ended = clock_timestamp()").await;
    let ends = tokio::spawn({
        let store = store.clone();
        async move { store.end_user(&user).await }
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!ends.is_finished());
    beside.does("UPDATE socket_session_user_ends SET ended = clock_timestamp()").await;
    let first = beside.text("SELECT ended::text FROM socket_session_user_ends").await;
    beside.does("COMMIT").await;
    ends.await.unwrap().unwrap();
    let is_later = format!("socket_session_user_ends WHERE ended > '{first}'");
    assert_eq!(beside.counts(&is_later).await, 1);
}

#[tokio::test]
async fn what_is_not_needed_is_purged() {
    let server = PostgresServer::plain();
    let (store, mut beside) = (ready(&server).await, Beside::new(&server).await);
    let user = user();
    let (living, ended, joining) = (counted(&store).await, joined(&store, &user).await, key());
    store.join(&user, &living).await.unwrap();
    beside.does("UPDATE socket_session_users SET joined = joined - interval '61 seconds'").await;
    store.join(&user, &joining).await.unwrap();
    store.end_user(&user).await.unwrap();
    assert_eq!(store.purge().await.unwrap(), 0);
    let mut expected = [living, joining];
    expected.sort();
    assert_eq!(keys_of(&store, &user).await, expected, "{}", hex(&ended));

    for (minutes, remembered) in [(19, true), (2, false)] {
        beside.does(&format!("UPDATE socket_session_user_ends SET ended = ended - interval '{minutes} minutes'")).await;
        assert_eq!(store.purge().await.unwrap(), 0);
        assert_eq!(store.user_ended(&user).await.unwrap().is_some(), remembered);
    }
    // a session that has expired takes its entry along, when it is purged itself
    beside.does("UPDATE socket_session_sessions SET deadline = deadline - interval '2 hours'").await;
    assert_eq!(store.purge().await.unwrap(), 1);
    assert_eq!(keys_of(&store, &user).await, [joining]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_are_purged_by_several_at_once() {
    let server = PostgresServer::plain();
    let (store, mut beside) = (ready(&server).await, Beside::new(&server).await);
    beside
        .does(
            "INSERT INTO socket_session_users SELECT sha256(n::text::bytea), sha256(n::text::bytea), now() - interval '1 day'
             FROM generate_series(1, 5000) n;
             INSERT INTO socket_session_user_ends SELECT sha256(n::text::bytea), now() - interval '1 day'
             FROM generate_series(1, 2500) n",
        )
        .await;
    let purging: Vec<_> = (0..4)
        .map(|_| {
            tokio::spawn({
                let store = store.clone();
                async move { store.purge().await }
            })
        })
        .collect();
    for purged in purging {
        assert_eq!(purged.await.unwrap().unwrap(), 0);
    }
    // one passes by what another has in hand
    store.purge().await.unwrap();
    assert_eq!(beside.counts("socket_session_users").await, 0);
    assert_eq!(beside.counts("socket_session_user_ends").await, 0);
}

/// A database of the first version is brought up to date, and keeps what is in it.
#[tokio::test]
async fn a_database_of_the_first_version() {
    let server = PostgresServer::plain();
    let mut beside = Beside::new(&server).await;
    let sources =
        [include_str!("../../src/postgres/sql/schema.sql"), include_str!("../../src/postgres/sql/functions.sql")];
    for source in sources {
        beside.does(&source.replace("{p}", "socket_session")).await;
    }
    let version =
        "CREATE TABLE socket_session_version (version int PRIMARY KEY, made timestamptz NOT NULL DEFAULT now());
                   INSERT INTO socket_session_version VALUES (1)";
    beside.does(version).await;
    let store = connect(&server).await;
    let (user, key) = (user(), counted(&store).await);
    for said in [
        unavailable(store.join(&user, &key).await),
        unavailable(store.leave(&user, &[key]).await),
        unavailable(store.members(&user).await),
        unavailable(store.end_user(&user).await),
        unavailable(store.user_ended(&user).await),
    ] {
        assert!(said.contains("call `migrate()` first"), "{said}");
    }

    store.migrate().await.unwrap();
    store.join(&user, &key).await.unwrap();
    assert_eq!(keys_of(&store, &user).await, [key]);
    assert_eq!(count(&store, &key).await, Some(1.into()));
    let versions = "SELECT string_agg(version::text, ' ' ORDER BY version) FROM socket_session_version";
    assert_eq!(beside.text(versions).await, "1 2");
}

#[tokio::test]
async fn nothing_that_was_acknowledged_is_lost_in_a_crash() {
    let mut server = PostgresServer::plain();
    let store = ready(&server).await;
    let user = user();
    let mut joins = Vec::new();
    for _ in 0..20 {
        joins.push(joined(&store, &user).await);
    }
    store.end_user(&user).await.unwrap();
    joins.sort();
    server.kill();
    server.restart();
    let begun = std::time::Instant::now();
    while let Err(error) = store.members(&user).await {
        assert!(begun.elapsed() < PATIENCE, "{}", whole(&error));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(keys_of(&store, &user).await, joins);
    assert!(store.user_ended(&user).await.unwrap().is_some());
}

#[tokio::test]
async fn an_answer_that_is_lost() {
    let server = PostgresServer::plain();
    ready(&server).await;
    let proxy = Proxy::new(&server).await;
    let store = PostgresStore::connect(proxy.url()).await.unwrap();
    let user = user();
    let key = key();
    let unanswered = |result: Result<(), _>| match result {
        Err(socket_session::store::StoreError::Unanswered(_)) => {}
        other => panic!("not `Unanswered`: {other:?}"),
    };
    // what a connection has not prepared yet takes two trips, and then it is the first that is cut
    store.join(&user, &key).await.unwrap();
    proxy.cut();
    unanswered(store.join(&user, &super::common::key()).await);
    store.end_user(&user).await.unwrap();
    proxy.cut();
    unanswered(store.end_user(&user).await);
    // a read is asked again by itself
    let joined = keys_of(&store, &user).await;
    assert!(joined.contains(&key) && joined.len() == 2, "it was done");
    proxy.cut();
    assert_eq!(keys_of(&store, &user).await, joined);
    store.user_ended(&user).await.unwrap();
    proxy.cut();
    assert!(store.user_ended(&user).await.unwrap().is_some());
}
