//! Where nodes keep their sessions: a server of one's own, or a file. What is in it is looked at from the outside.

use std::{fmt, net::SocketAddr};

use clap::ValueEnum;
use socket_session_sqlx::sqlx::{self, Connection as _, PgConnection, SqliteConnection};
use test_servers::{Options, PostgresServer, RedisServer, SqliteFile};
use tokio::process::Command;

use crate::{Proxy, Result};

/// All counts, of whatever session.
const COUNTS: &str = "SELECT CAST(value AS text) FROM socket_session_fields WHERE field = 'count'";

/// The same for Redis.
const COUNTS_OF_REDIS: &str = r#"
local counts = {}
for _, key in ipairs(redis.call("KEYS", "*")) do
    if redis.call("TYPE", key).ok == "hash" then
        local count = redis.call("HGET", key, "=count")
        if count then counts[#counts + 1] = count end
    end
end
return counts"#;

/// Which stores several nodes can share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// A redis-server.
    Redis,
    /// A Postgres server.
    Postgres,
    /// A file of SQLite.
    Sqlite,
}

/// One of them. What is acknowledged survives its crash.
#[derive(Debug)]
pub enum Store {
    /// It has everything in its file before it answers.
    Redis(RedisServer),
    /// So has this one.
    Postgres(PostgresServer),
    /// Nothing of it can die but the nodes.
    Sqlite(SqliteFile),
}

impl Store {
    /// A new one, and empty. As all of [`test_servers`], it panics where its server is missing.
    pub fn start(kind: Kind) -> Self {
        match kind {
            Kind::Redis => Self::redis(),
            Kind::Postgres => Self::postgres(),
            Kind::Sqlite => Self::sqlite(),
        }
    }

    /// A new Redis.
    pub fn redis() -> Self {
        Self::Redis(RedisServer::start(Options::default().append_only()))
    }

    /// A new Postgres.
    pub fn postgres() -> Self {
        Self::Postgres(PostgresServer::plain())
    }

    /// A new file.
    pub fn sqlite() -> Self {
        Self::Sqlite(SqliteFile::create())
    }

    /// What nodes are given.
    pub fn url(&self) -> String {
        match self {
            Self::Redis(server) => server.url(),
            Self::Postgres(server) => server.url(),
            Self::Sqlite(file) => file.url(),
        }
    }

    /// The same, for nodes that come by way of a proxy.
    pub fn url_by(&self, proxy: &Proxy) -> String {
        match self.server() {
            Some(server) => self.url().replace(&server.to_string(), &proxy.address().to_string()),
            None => self.url(),
        }
    }

    /// Where its server is, if it has one.
    pub fn server(&self) -> Option<SocketAddr> {
        let port = match self {
            Self::Redis(server) => server.port(),
            Self::Postgres(server) => server.port(),
            Self::Sqlite(_) => return None,
        };
        Some(([127, 0, 0, 1], port).into())
    }

    /// Ends its server as a crash does.
    pub fn kill(&mut self) {
        match self {
            Self::Redis(server) => server.kill(),
            Self::Postgres(server) => server.kill(),
            Self::Sqlite(_) => {}
        }
    }

    /// Ends its server as an administrator does.
    pub fn stop(&mut self) {
        match self {
            Self::Redis(server) => server.stop(),
            Self::Postgres(server) => server.stop(),
            Self::Sqlite(_) => {}
        }
    }

    /// Starts its server again, where it was.
    pub fn restart(&mut self) {
        match self {
            Self::Redis(server) => server.restart(),
            Self::Postgres(server) => server.restart(),
            Self::Sqlite(_) => {}
        }
    }

    /// The counts of all records.
    pub async fn counts(&self) -> Result<Vec<u32>> {
        let counts = match self {
            Self::Redis(server) => {
                let text = redis(server.port(), &["EVAL", COUNTS_OF_REDIS, "0"]).await?;
                text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
            }
            Self::Postgres(server) => {
                let mut connection = PgConnection::connect(&server.url()).await?;
                sqlx::query_scalar::<_, String>(COUNTS).fetch_all(&mut connection).await?
            }
            Self::Sqlite(file) => {
                let mut connection = SqliteConnection::connect(&file.url()).await?;
                sqlx::query_scalar::<_, String>(COUNTS).fetch_all(&mut connection).await?
            }
        };
        counts.iter().map(|count| count.parse().map_err(|_| format!("a count that is none: {count}").into())).collect()
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Redis => "redis",
            Self::Postgres => "postgres",
            Self::Sqlite => "sqlite",
        })
    }
}

/// A command to the Redis at that port.
pub async fn redis(port: u16, command: &[&str]) -> Result<String> {
    let output =
        Command::new("redis-cli").args(["-e", "-p", &port.to_string(), "--raw"]).args(command).output().await?;
    let text = String::from_utf8(output.stdout)?;
    if output.status.success() { Ok(text) } else { Err(format!("redis-cli {command:?}: {text}").into()) }
}
