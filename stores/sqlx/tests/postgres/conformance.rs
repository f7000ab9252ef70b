use socket_session::conformance;
use socket_session_sqlx::PostgresStore;
use test_servers::PostgresServer;

use super::{common::twin, connect, ready};

#[tokio::test(flavor = "multi_thread")]
async fn keeps_every_promise_of_a_store() {
    let server = PostgresServer::plain();
    ready(&server).await;
    let report = conformance::run(async || connect(&server).await).await;
    report.assert();
    assert!(report.absent().next().is_none(), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_them_by_one_connection_under_a_prefix_with_a_password() {
    // an isolation that shows each function the state of when it was called would break the leases
    let settings = ["default_transaction_isolation=serializable", "synchronous_commit=off"];
    let server = PostgresServer::start(Some("a-password"), &settings);
    let builder = PostgresStore::builder().prefix("x_1").connections(1);
    builder.clone().connect(&server.url()).await.unwrap().migrate().await.unwrap();
    let report = conformance::run(async || builder.clone().connect(&server.url()).await.unwrap()).await;
    report.assert();
}

#[tokio::test]
async fn says_what_the_store_in_memory_says() {
    let server = PostgresServer::plain();
    twin::play(&ready(&server).await, 100).await;
}
