//! The store on files of SQLite, and in memory.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test is to fail there")]

#[path = "../common/mod.rs"]
mod common;

mod conformance;
mod errors;
mod layout;
mod migrate;
mod notices;
mod processes;
mod purge;
mod users;

use std::{
    fs,
    path::PathBuf,
    str::FromStr as _,
    sync::atomic::{AtomicU32, Ordering},
};

use socket_session_sqlx::SqliteStore;
use sqlx::{AssertSqlSafe, Connection as _, Row as _, SqliteConnection, sqlite::SqliteConnectOptions};

/// A folder for a database, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("sqlite-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("sessions.db")
    }

    fn url(&self) -> String {
        format!("sqlite:{}", self.file().display())
    }

    async fn open(&self) -> SqliteStore {
        let store = SqliteStore::connect(&self.url()).await.unwrap();
        store.migrate().await.unwrap();
        store
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

async fn in_memory() -> SqliteStore {
    let store = SqliteStore::connect("sqlite::memory:").await.unwrap();
    store.migrate().await.unwrap();
    store
}

/// A connection beside the store, to look at what it does and to do it harm.
struct Beside(SqliteConnection);

impl Beside {
    async fn new(folder: &Folder) -> Self {
        let options = SqliteConnectOptions::from_str(&folder.url()).unwrap().create_if_missing(true);
        Self(SqliteConnection::connect_with(&options).await.unwrap())
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
