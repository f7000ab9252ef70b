use socket_session::conformance;
use socket_session_redis::RedisStore;
use test_servers::{Options, RedisServer};

#[tokio::test(flavor = "multi_thread")]
async fn keeps_every_promise_of_a_store() {
    let server = RedisServer::plain();
    let report = conformance::run(async || RedisStore::connect(server.url()).await.unwrap()).await;
    report.assert();
    assert!(report.absent().next().is_none(), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_them_by_the_newer_protocol() {
    let server = RedisServer::start(Options::default().password("hunter2"));
    let url = format!("{}?protocol=resp3", server.url());
    conformance::run(async || RedisStore::connect(url.as_str()).await.unwrap()).await.assert();
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_them_with_a_replica() {
    let master = RedisServer::plain();
    let _replica = RedisServer::start(Options::default().replica_of(&master));
    super::replicas::connected(&master, 1).await;
    let builder = RedisStore::builder().replicas(1).replica_timeout(super::PATIENCE);
    conformance::run(async || builder.clone().connect(master.url()).await.unwrap()).await.assert();
}
