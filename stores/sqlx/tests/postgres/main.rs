//! The store on real Postgres servers.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test is to fail there")]

#[path = "../common/mod.rs"]
mod common;

mod conformance;
mod errors;
mod layout;
mod migrate;
mod nodes;
mod notices;
mod proxy;
mod purge;
mod recovery;
mod users;

use socket_session_sqlx::PostgresStore;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};
use test_servers::PostgresServer;

async fn connect(server: &PostgresServer) -> PostgresStore {
    PostgresStore::connect(&server.url()).await.unwrap()
}

async fn ready(server: &PostgresServer) -> PostgresStore {
    let store = connect(server).await;
    store.migrate().await.unwrap();
    store
}

/// A connection beside the store, to look at what it does and to do it harm.
struct Beside(PgConnection);

impl Beside {
    async fn new(server: &PostgresServer) -> Self {
        Self(PgConnection::connect(&server.url()).await.unwrap())
    }

    async fn does(&mut self, sql: &str) {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut self.0).await.unwrap();
    }

    async fn counts(&mut self, from: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM {from}");
        sqlx::query(AssertSqlSafe(sql)).fetch_one(&mut self.0).await.unwrap().get(0)
    }

    async fn text(&mut self, sql: &str) -> String {
        sqlx::query(AssertSqlSafe(sql)).fetch_one(&mut self.0).await.unwrap().get(0)
    }
}
