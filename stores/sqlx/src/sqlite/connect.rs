//! How a store is made: options, and a first connection that shows whether they are right.

use std::{str::FromStr as _, sync::Arc, time::Duration};

use sqlx::{
    ConnectOptions as _, Row as _,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use super::{
    error::{ConnectError, Failure},
    notices::Hub,
    statements::Statements,
    store::SqliteStore,
    writer::Database,
};
use crate::prefix::Prefix;

/// How many rows wait for whoever reads them, so that SQLite's thread goes on.
const ROWS: usize = 256;

/// The options of a [`SqliteStore`].
///
/// ```
/// use std::time::Duration;
/// use socket_session_sqlx::SqliteStore;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), socket_session_sqlx::sqlite::ConnectError> {
/// let store = SqliteStore::builder()
///     .prefix("shop") // default: "socket_session"
///     .busy_timeout(Duration::from_secs(2)) // default: 3 s
///     .readers(2) // default: 4
///     .connect("sqlite::memory:")
///     .await?;
/// store.migrate().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Builder {
    prefix: String,
    busy_timeout: Duration,
    readers: usize,
}

impl Default for Builder {
    fn default() -> Self {
        // less than the engine gives to an operation, so that it learns what has happened
        Self { prefix: Prefix::DEFAULT.to_owned(), busy_timeout: Duration::from_secs(3), readers: 4 }
    }
}

impl Builder {
    /// What the names of all tables begin with, `socket_session` unless set: applications that share a file need one each,
    /// processes of one application the same. A lowercase letter or `_`, and up to 20 of these and digits after it.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// How long to wait while another process has the database locked, 3 s unless set. More than 5 s is of no use: after
    /// that nobody waits any more.
    #[must_use]
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// How many connections read at most, 4 unless set; one more writes. They are made as they are needed.
    #[must_use]
    pub fn readers(mut self, count: usize) -> Self {
        self.readers = count.max(1);
        self
    }

    /// Opens a file, such as `sqlite:sessions.db`, which is made if it is not there; or `sqlite::memory:`, which ends with
    /// the store. Has to be called in a tokio runtime, which has to live as long as the store.
    pub async fn connect(self, url: &str) -> Result<SqliteStore, ConnectError> {
        let Some(rest) = url.strip_prefix("sqlite:") else {
            return Err(ConnectError::Url { why: "it begins with something else".to_owned() });
        };
        if matches!(rest.trim_start_matches('/').split('?').next(), None | Some("")) {
            return Err(ConnectError::Url { why: "it names no file".to_owned() });
        }
        let options = SqliteConnectOptions::from_str(url).map_err(|error| ConnectError::Url {
            why: match error {
                sqlx::Error::Configuration(why) => why.to_string(),
                error => error.to_string(),
            },
        })?;
        self.connect_with(if url.contains("mode=") { options } else { options.create_if_missing(true) }).await
    }

    /// As [`connect`](Self::connect), with options of sqlx instead of a URL. Its journal mode, `synchronous`, busy timeout
    /// and foreign keys are set by the store.
    pub async fn connect_with(self, options: SqliteConnectOptions) -> Result<SqliteStore, ConnectError> {
        let prefix = Prefix::new(&self.prefix)?;
        let file = options.get_filename().display().to_string();
        let options = options
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            // it is waited for here: see `writer`
            .busy_timeout(Duration::ZERO)
            .row_buffer_size(ROWS)
            .disable_statement_logging();
        let (busy_timeout, statements) = (self.busy_timeout, Statements::new(prefix));
        let mut database = Database { file, options, busy_timeout, statements, hub: Hub::new(), in_memory: false };

        let mut connection = database.open().await.map_err(|failure| failure.connecting(&database.file))?;
        let failed = |error: sqlx::Error| Failure::new(&error).connecting(&database.file);
        let row = sqlx::query("PRAGMA journal_mode").fetch_one(&mut connection).await.map_err(failed)?;
        let mode: String = row.try_get(0).map_err(failed)?;
        database.in_memory = mode == "memory";
        if !database.in_memory && mode != "wal" {
            return Err(ConnectError::NoLog { file: database.file, mode });
        }
        Ok(SqliteStore::new(Arc::new(database), connection, self.readers))
    }
}
