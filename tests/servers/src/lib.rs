//! Real servers for tests: on a free port of loopback, with a temporary folder of their own, ended by their own process
//! id, at the latest when they are dropped. SQLite has none: of it there is a file.

mod postgres;
mod process;
mod redis;
mod sqlite;

pub use self::{
    postgres::PostgresServer,
    redis::{Options, RedisServer},
    sqlite::SqliteFile,
};
