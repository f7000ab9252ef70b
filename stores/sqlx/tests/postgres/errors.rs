//! Whatever is wrong: an error that says so, at once, and without secrets.

use std::time::{Duration, Instant};

use socket_session::store::Store as _;
use socket_session_sqlx::{PostgresStore, postgres::ConnectError};
use test_servers::PostgresServer;
use tokio::{io::AsyncWriteExt as _, net::TcpListener};

use super::{Beside, common::*, connect, ready};

async fn refused(url: &str) -> ConnectError {
    refused_within(url, Duration::from_secs(10)).await
}

async fn refused_within(url: &str, limit: Duration) -> ConnectError {
    let begun = Instant::now();
    let error = PostgresStore::builder().connect_timeout(limit).connect(url).await.unwrap_err();
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
    assert!(!whole(&error).contains("secret"), "{error}");
    error
}

#[tokio::test]
async fn a_wrong_url() {
    for url in [
        "",
        "localhost",
        "redis://:secret@127.0.0.1/",
        "postgres:/x",
        "postgres://user:secret@127.0.0.1:port/",
        "postgres://:secret@[/",
    ] {
        let error = refused(url).await;
        assert!(matches!(error, ConnectError::Url { .. }), "{url}: {error}");
    }
}

#[tokio::test]
async fn nobody_there() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let url = format!("postgres://user:secret@{address}/app");
    let error = refused_within(&url, Duration::from_millis(500)).await;
    assert!(matches!(error, ConnectError::Silent { .. }), "{error}");
    assert_eq!(error.to_string(), format!("Postgres at {address} did not answer within 500ms"));
    drop(listener);
    let error = refused(&url).await;
    assert!(error.to_string().starts_with(&format!("cannot reach Postgres at {address}: ")), "{error}");
    let error = refused("postgres://user:secret@no-such-host.invalid/app").await;
    assert!(matches!(error, ConnectError::Unreachable { .. } | ConnectError::Silent { .. }), "{error}");
}

#[tokio::test]
async fn somebody_else_there() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("postgres://user:secret@{}/app?sslmode=disable", listener.local_addr().unwrap());
    let serves = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        stream
    });
    let error = refused(&url).await;
    assert!(matches!(error, ConnectError::Unreachable { .. } | ConnectError::Silent { .. }), "{error}");
    drop(serves.await);
}

#[tokio::test]
async fn a_wrong_password_user_or_database() {
    let server = PostgresServer::start(Some("right"), &[]);
    PostgresStore::connect(&server.url()).await.unwrap();
    for url in [server.url().replace("right", "secret"), server.url().replace(":right", "")] {
        let error = refused(&url).await;
        assert!(matches!(error, ConnectError::Password { .. }), "{error}");
        assert_eq!(
            error.to_string(),
            format!("Postgres at 127.0.0.1:{} refuses the user name or the password", server.port())
        );
    }
    let error = refused(&format!("{}2", server.url())).await.to_string();
    assert!(error.contains("there is no such database (3D000 "), "{error}");
}

#[tokio::test]
async fn a_database_of_another_encoding() {
    let server = PostgresServer::plain();
    let mut beside = Beside::new(&server).await;
    beside.does("CREATE DATABASE old ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'").await;
    let error = refused(&format!("{}/old", server.url().trim_end_matches("/postgres"))).await;
    assert!(error.to_string().ends_with("is LATIN1, and has to be UTF8"), "{error}");
}

#[tokio::test]
async fn a_server_that_may_not_be_written() {
    let server = PostgresServer::plain();
    let store = ready(&server).await;
    let key = counted(&store).await;
    let mut beside = Beside::new(&server).await;
    // what a standby says
    beside.does("ALTER DATABASE postgres SET default_transaction_read_only = on").await;
    let store = connect(&server).await;
    assert_eq!(count(&store, &key).await, Some(1.into()));
    let said = unavailable(store.patch(&key, &sets("count", 2.into()), now()).await);
    assert!(said.contains("it is a standby, and only the primary can be written (25006 "), "{said}");
    beside
        .does("SET default_transaction_read_only = off; ALTER DATABASE postgres RESET default_transaction_read_only")
        .await;
    // it has connected anew, for its name may lead to the primary by now
    assert_eq!(store.patch(&key, &sets("count", 2.into()), now()).await.unwrap(), APPLIED);
}

#[tokio::test]
async fn a_row_that_somebody_has_locked() {
    let server = PostgresServer::plain();
    ready(&server).await;
    let store = PostgresStore::builder().response_timeout(Duration::from_millis(500));
    let store = store.connect(&server.url()).await.unwrap();
    let key = counted(&store).await;
    let mut beside = Beside::new(&server).await;
    beside.does("BEGIN; SELECT * FROM socket_session_sessions FOR UPDATE").await;
    let begun = Instant::now();
    let said = unavailable(store.patch(&key, &sets("count", 2.into()), now()).await);
    assert!(said.contains("it was too busy to do this in time (57014 "), "{said}");
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
    // what only reads waits for nobody
    assert_eq!(count(&store, &key).await, Some(1.into()));
    beside.does("COMMIT").await;
    assert_eq!(store.patch(&key, &sets("count", 2.into()), now()).await.unwrap(), APPLIED);
}

#[tokio::test]
async fn too_many_connections() {
    let server =
        PostgresServer::start(None, &["max_connections=4", "superuser_reserved_connections=0", "max_wal_senders=0"]);
    let store = ready(&server).await;
    let key = counted(&store).await;
    // those that were closed a moment ago may be there still
    let mut others = Vec::new();
    for _ in 0..20 {
        others.extend(PostgresStore::connect(&server.url()).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let error = PostgresStore::connect(&server.url()).await.unwrap_err().to_string();
    assert!(error.contains("it has too many connections (53300 "), "{error}");
    // with the one that it has it goes on
    assert_eq!(count(&store, &key).await, Some(1.into()));
    let other = super::common::key();
    // that takes a while
    let large = store.create(&other, record(&[("large", "x".repeat(5_000_000).into())]), now());
    let (created, loaded) = tokio::join!(large, store.load(&key, now()));
    created.unwrap();
    let said = unavailable(loaded);
    assert!(said.contains("it has too many connections (53300 "), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_connections_busy() {
    let server = PostgresServer::plain();
    ready(&server).await;
    let builder = PostgresStore::builder().connections(2).connect_timeout(Duration::from_millis(200));
    let store = builder.connect(&server.url()).await.unwrap();
    let (first, second) = (counted(&store).await, counted(&store).await);
    let mut beside = Beside::new(&server).await;
    beside.does("BEGIN; SELECT * FROM socket_session_sessions FOR UPDATE").await;
    let waiting = [first, second].map(|key| {
        let store = store.clone();
        tokio::spawn(async move { store.patch(&key, &sets("count", 2.into()), now()).await })
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let said = unavailable(store.load(&first, now()).await);
    assert!(said.contains("each of the 2 connections to Postgres was busy for 200ms"), "{said}");
    beside.does("COMMIT").await;
    for waited in waiting {
        assert_eq!(waited.await.unwrap().unwrap(), APPLIED);
    }
    assert_eq!(count(&store, &first).await, Some(2.into()));
}

#[tokio::test]
async fn a_value_that_is_too_deep() {
    let server = PostgresServer::plain();
    let store = ready(&server).await;
    let key = counted(&store).await;
    let deep = (0..128).fold(serde_json::Value::Null, |inner, _| [inner].into_iter().collect());
    let said = unavailable(store.patch(&key, &sets("count", deep), now()).await);
    assert!(said.contains("127 lists and maps in each other are the most"), "{said}");
    assert_eq!(count(&store, &key).await, Some(1.into()));
}

/// A message for people names the table, the code and what it means: nothing that was stored.
#[tokio::test]
async fn errors_hold_no_values() {
    let server = PostgresServer::plain();
    let store = ready(&server).await;
    let mut beside = Beside::new(&server).await;
    beside.does("ALTER TABLE socket_session_fields ADD CHECK (value::text <> '\"secret\"')").await;
    let said = unavailable(store.create(&key(), record(&[("word", "secret".into())]), now()).await);
    assert!(said.contains("23514") && !said.contains("secret"), "{said}");
}
