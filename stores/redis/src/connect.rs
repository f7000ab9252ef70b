//! How a store is made: options, and a first connection that shows whether they are right.

use std::time::Duration;

use redis::{Client, ErrorKind, IntoConnectionInfo};

use crate::{
    connection::{Connection, Server},
    error::ConnectError,
    store::{Durable, RedisStore},
};

/// Whoever wants no limit says `Duration::MAX`, which cannot be added to another, and is more than Redis takes.
const ENDLESS: Duration = Duration::from_hours(24 * 365);

/// The options of a [`RedisStore`].
///
/// ```no_run
/// use std::time::Duration;
/// use socket_session_redis::RedisStore;
///
/// # async fn example() -> Result<(), socket_session_redis::ConnectError> {
/// let store = RedisStore::builder()
///     .prefix("shop:") // default: "socket-session:"
///     .replicas(1) // default: 0, the master alone
///     .replica_timeout(Duration::from_millis(500)) // default: 1 s
///     .connect_timeout(Duration::from_secs(1)) // default: 2 s
///     .response_timeout(Duration::from_secs(2)) // default: 3 s
///     .connect("redis://127.0.0.1:6379/")
///     .await?;
/// # let _ = store;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Builder {
    prefix: String,
    replicas: usize,
    replica_timeout: Duration,
    connect_timeout: Duration,
    response_timeout: Duration,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            prefix: "socket-session:".to_owned(),
            replicas: 0,
            replica_timeout: Duration::from_secs(1),
            connect_timeout: Duration::from_secs(2),
            // less than the engine gives to an operation, so that it learns what has happened
            response_timeout: Duration::from_secs(3),
        }
    }
}

impl Builder {
    /// What all keys and channels begin with, `socket-session:` unless set: applications that share a Redis need one
    /// each, nodes of one application the same. It must not contain `{` or `}`.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Counts a change as saved when so many replicas have it, too (Redis' `WAIT`). If they do not confirm in time the
    /// change is on the master and may be lost with it: that is
    /// [`Unanswered`](socket_session::store::StoreError::Unanswered), and a client is told `unknown`.
    #[must_use]
    pub fn replicas(mut self, count: usize) -> Self {
        self.replicas = count;
        self
    }

    /// How long to wait for [`replicas`](Self::replicas), 1 s unless set.
    #[must_use]
    pub fn replica_timeout(mut self, timeout: Duration) -> Self {
        self.replica_timeout = timeout;
        self
    }

    /// How long an attempt to connect may take, 2 s unless set.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long Redis may take for an answer, 3 s unless set. More than 5 s is of no use: after that nobody waits any
    /// more.
    #[must_use]
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.response_timeout = timeout;
        self
    }

    /// Connects. Fails fast, with a clear error, if the URL or the password is wrong, or if nobody is there.
    ///
    /// Takes a URL, or a [`redis::ConnectionInfo`] (of a [`redis::Client`] by its `get_connection_info`).
    pub async fn connect(mut self, to: impl IntoConnectionInfo) -> Result<RedisStore, ConnectError> {
        for limit in [&mut self.replica_timeout, &mut self.connect_timeout, &mut self.response_timeout] {
            *limit = (*limit).min(ENDLESS);
        }
        if self.prefix.contains(['{', '}']) {
            return Err(ConnectError::Prefix(self.prefix));
        }
        let client = Client::open(to).map_err(|error| ConnectError::Url { why: url_problem(&error) })?;
        let server = Server { client, connect_timeout: self.connect_timeout, response_timeout: self.response_timeout };
        let connection = Connection::open(server.clone()).await?;
        let durable = if self.replicas == 0 {
            None
        } else {
            let response_timeout = self.response_timeout + self.replica_timeout;
            // a connection of their own: nothing else moves on one that waits
            let connection = Connection::open(Server { response_timeout, ..server }).await?;
            Some(Durable { connection, replicas: self.replicas, timeout: self.replica_timeout })
        };
        Ok(RedisStore::new(connection, durable, self.prefix))
    }
}

/// What is wrong with a URL. Redis' own words do not repeat it.
fn url_problem(error: &redis::RedisError) -> String {
    match error.kind() {
        ErrorKind::InvalidClientConfig => error.to_string().split(" - ").next().unwrap_or_default().to_owned(),
        _ => error.to_string(),
    }
}
