use socket_session::conformance;
use socket_session_sqlx::SqliteStore;

use super::{Folder, common::twin, in_memory};

/// Two stores, as in two processes.
#[tokio::test(flavor = "multi_thread")]
async fn keeps_every_promise_of_a_store() {
    let folder = Folder::new();
    let report = conformance::run(async || folder.open().await).await;
    report.assert();
    assert!(report.absent().next().is_none(), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_them_in_memory() {
    let store = in_memory().await;
    let report = conformance::run(async || store.clone()).await;
    report.assert();
    assert!(report.absent().next().is_none(), "{report}");
}

#[tokio::test]
async fn keeps_them_in_one_thread_by_one_reader_under_a_prefix() {
    let folder = Folder::new();
    let builder = SqliteStore::builder().prefix("x_1").readers(1);
    builder.clone().connect(&folder.url()).await.unwrap().migrate().await.unwrap();
    conformance::run(async || builder.clone().connect(&folder.url()).await.unwrap()).await.assert();
}

#[tokio::test]
async fn says_what_the_store_in_memory_says() {
    twin::play(&in_memory().await, 150).await;
    let folder = Folder::new();
    twin::play(&folder.open().await, 15).await;
}
