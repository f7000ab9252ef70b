//! How a store is made: options, and a first connection that shows whether they are right.

use std::{str::FromStr as _, time::Duration};

use sqlx::{ConnectOptions as _, postgres::PgConnectOptions};

use super::{
    error::ConnectError,
    pool::{Pool, Server},
    store::PostgresStore,
};
use crate::prefix::Prefix;

/// The options of a [`PostgresStore`].
///
/// ```no_run
/// use std::time::Duration;
/// use socket_session_sqlx::PostgresStore;
///
/// # async fn example() -> Result<(), socket_session_sqlx::postgres::ConnectError> {
/// let store = PostgresStore::builder()
///     .prefix("shop") // default: "socket_session"
///     .connections(20) // default: 10
///     .connect_timeout(Duration::from_secs(1)) // default: 2 s
///     .response_timeout(Duration::from_secs(2)) // default: 3 s
///     .connect("postgres://user:password@127.0.0.1:5432/app")
///     .await?;
/// store.migrate().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Builder {
    prefix: String,
    connections: usize,
    connect_timeout: Duration,
    response_timeout: Duration,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            prefix: Prefix::DEFAULT.to_owned(),
            connections: 10,
            connect_timeout: Duration::from_secs(2),
            // less than the engine gives to an operation, so that it learns what has happened
            response_timeout: Duration::from_secs(3),
        }
    }
}

impl Builder {
    /// What the names of all tables, functions and channels begin with, `socket_session` unless set: applications that
    /// share a database need one each, nodes of one application the same. A lowercase letter or `_`, and up to 20 of these
    /// and digits after it.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// How many connections there are at most, 10 unless set, and one more for notices. They are made as they are needed.
    #[must_use]
    pub fn connections(mut self, count: usize) -> Self {
        self.connections = count.max(1);
        self
    }

    /// How long an attempt to connect may take, 2 s unless set; and how long to wait for one of the
    /// [`connections`](Self::connections) if all of them are busy.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long Postgres may take for an answer, 3 s unless set; it gives up itself after four fifths of that, so that it is
    /// known that nothing was written. More than 5 s is of no use: after that nobody waits any more.
    #[must_use]
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.response_timeout = timeout;
        self
    }

    /// Connects to a URL. Fails fast, with a clear error, if the URL or the password is wrong, or if nobody is there.
    pub async fn connect(self, url: &str) -> Result<PostgresStore, ConnectError> {
        let is_url = ["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme));
        if !is_url {
            return Err(ConnectError::Url { why: "it begins with something else".to_owned() });
        }
        let options = PgConnectOptions::from_str(url).map_err(|error| ConnectError::Url {
            why: match error {
                sqlx::Error::Configuration(why) => why.to_string(),
                error => error.to_string(),
            },
        })?;
        self.connect_with(options).await
    }

    /// As [`connect`](Self::connect), with options of sqlx instead of a URL.
    pub async fn connect_with(self, options: PgConnectOptions) -> Result<PostgresStore, ConnectError> {
        let prefix = Prefix::new(&self.prefix)?;
        let options = options.disable_statement_logging();
        let server = Server { options, connect_timeout: self.connect_timeout, response_timeout: self.response_timeout };
        let pool = Pool::new(server, self.connections);
        pool.first().await?;
        Ok(PostgresStore::new(pool, prefix))
    }
}
