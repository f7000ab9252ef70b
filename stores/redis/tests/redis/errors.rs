//! What `connect` says.

use std::{net::TcpListener, time::Instant};

use socket_session_redis::{ConnectError, RedisStore};
use test_servers::{Options, RedisServer};

use super::*;

async fn refused(url: &str) -> ConnectError {
    let begun = Instant::now();
    let error = RedisStore::builder()
        .connect_timeout(Duration::from_millis(500))
        .response_timeout(Duration::from_millis(500))
        .connect(url)
        .await
        .unwrap_err();
    assert!(begun.elapsed() < PATIENCE, "{error} took {:?}", begun.elapsed());
    error
}

#[tokio::test]
async fn a_wrong_url() {
    for (url, why) in [
        ("", "did not parse"),
        ("127.0.0.1", "did not parse"),
        ("http://:hunter2@127.0.0.1/", "did not parse"),
        ("redis://:hunter2@127.0.0.1:port/", "did not parse"),
        ("redis://:hunter2@127.0.0.1/database", "database"),
        ("rediss://:hunter2@127.0.0.1/", "TLS"),
    ] {
        let error = refused(url).await;
        assert!(matches!(error, ConnectError::Url { .. }), "{url}: {error}");
        let error = format!("{error} {error:?}");
        assert!(error.contains(why), "{url}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn a_prefix_that_would_break_a_cluster() {
    let error = RedisStore::builder().prefix("{shop}").connect("redis://127.0.0.1/").await.unwrap_err();
    assert!(matches!(error, ConnectError::Prefix(_)), "{error}");
}

#[tokio::test]
async fn nobody_there() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = refused(&format!("redis://:hunter2@127.0.0.1:{port}/")).await;
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error}");
    assert_eq!(error.to_string(), format!("cannot reach Redis at 127.0.0.1:{port}: Connection refused (os error 111)"));
    let error = refused("redis://no-such-host.invalid/").await;
    assert!(matches!(error, ConnectError::Unreachable { .. } | ConnectError::Silent { .. }), "{error}");
}

#[tokio::test]
async fn somebody_who_does_not_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let error = refused(&format!("redis://:hunter2@127.0.0.1:{port}/")).await;
    assert!(matches!(error, ConnectError::Silent { .. }), "{error}");
}

#[tokio::test]
async fn a_wrong_password() {
    let server = RedisServer::start(Options::default().password("hunter2"));
    let error = refused(&format!("redis://:hunter3@127.0.0.1:{}/", server.port())).await;
    assert!(matches!(error, ConnectError::Password { .. }), "{error}");
    assert!(!format!("{error} {error:?}").contains("hunter"), "{error}");

    let error = refused(&format!("redis://127.0.0.1:{}/", server.port())).await;
    assert!(error.to_string().contains("it wants a password, and the URL has none"), "{error}");

    let store = connect(&server).await;
    counted(&store).await;
    assert!(!format!("{store:?}").contains("hunter"), "{store:?}");
}

#[tokio::test]
async fn a_user_without_permissions() {
    let server = RedisServer::plain();
    Beside::new(&server).await.does("ACL SETUSER reader on >hunter2 ~* +get").await;
    let error = refused(&format!("redis://reader:hunter2@127.0.0.1:{}/", server.port())).await;
    assert!(error.to_string().contains("its user may not do what the store needs"), "{error}");
}

#[tokio::test]
async fn connection_info_of_a_client() {
    let server = RedisServer::start(Options::default().password("hunter2"));
    let client = redis::Client::open(server.url()).unwrap();
    let store = RedisStore::connect(client.get_connection_info().clone()).await.unwrap();
    counted(&store).await;
}
