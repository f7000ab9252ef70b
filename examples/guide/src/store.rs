//! Where the sessions are kept.

use std::{error::Error, str::FromStr, time::Duration};

use socket_session::{Builder, MemoryStore, Sessions};
use socket_session_redis::RedisStore;
use socket_session_sqlx::{PostgresStore, SqliteStore};

/// How often what has expired is deleted from a database: nothing else deletes it.
const PURGE: Duration = Duration::from_mins(10);

/// What `--store` can name. All but the memory is shared by all who are given the same: sessions survive each of them.
#[derive(Clone)]
pub(crate) enum Store {
    Memory,
    /// A URL, with the password if there is one, as those of Postgres.
    Redis(String),
    Postgres(String),
    /// `sqlite:` and a file, which is made if it is not there.
    Sqlite(String),
}

impl FromStr for Store {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name.split_once(':') {
            None if name == "memory" => Ok(Self::Memory),
            Some(("redis", _)) => Ok(Self::Redis(name.to_owned())),
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres(name.to_owned())),
            Some(("sqlite", _)) => Ok(Self::Sqlite(name.to_owned())),
            _ => Err("unknown store, known are `memory`, `redis://…`, `postgres://…` and `sqlite:FILE`"),
        }
    }
}

impl Store {
    /// Sessions that are kept there. Who cannot be reached, and what is wrong with a URL, is told at once.
    pub(crate) async fn sessions(&self) -> Result<Builder, Box<dyn Error>> {
        Ok(match self {
            Self::Memory => Sessions::builder(MemoryStore::default()),
            Self::Redis(url) => Sessions::builder(RedisStore::connect(url.as_str()).await?),
            Self::Postgres(url) => {
                let store = PostgresStore::connect(url).await?;
                store.migrate().await?;
                tokio::spawn(store.clone().purge_continuously(PURGE));
                Sessions::builder(store)
            }
            Self::Sqlite(url) => {
                let store = SqliteStore::connect(url).await?;
                store.migrate().await?;
                tokio::spawn(store.clone().purge_continuously(PURGE));
                Sessions::builder(store)
            }
        })
    }
}
