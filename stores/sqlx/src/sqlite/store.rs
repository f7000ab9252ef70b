//! The operations of a store, each sent to whom it concerns: the one that writes, or one of those that read.

use std::{convert::Infallible, fmt, sync::Arc, time::Duration};

use socket_session::{
    SessionKey,
    store::{
        Acquired, Claim, Created, Deadline, Loaded, NodeId, Notice, Notices, Patch, Patched, Record, Retirement, Store,
        StoreError, Token,
    },
};
use sqlx::{SqliteConnection, sqlite::SqliteConnectOptions};
use time::OffsetDateTime;
use tokio::time::sleep;

use super::{
    connect::Builder,
    errands::{Errand, Exist, Load, Migrate, Purge},
    error::{ConnectError, Failure},
    notices,
    readers::Readers,
    session::{Terms, micros},
    work::{Change, Create, Delete},
    writer::{Database, Writer},
};
use crate::{
    encoding::{self, Written},
    purge,
};

/// Keeps sessions in a file of SQLite, for the processes of one machine, or in memory. See the
/// [crate's documentation](crate).
///
/// A clone is the same store.
#[derive(Clone)]
pub struct SqliteStore(Arc<Inner>);

pub(super) struct Inner {
    pub(super) database: Arc<Database>,
    pub(super) readers: Readers,
    writer: Writer,
}

impl Inner {
    /// Looks something up: in memory there is only one connection that can.
    async fn look<E: Errand>(&self, errand: E) -> Result<E::Done, Failure> {
        if self.database.in_memory {
            return self.writer.run(errand).await;
        }
        let mut reader = self.readers.lend().await?;
        let found = errand.run(&mut reader.at()).await;
        reader.done(found)
    }
}

impl SqliteStore {
    /// Opens a file, such as `sqlite:sessions.db`, or `sqlite::memory:`, with the options as they are: see
    /// [`builder`](Self::builder) for others. Then call [`migrate`](Self::migrate).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), socket_session_sqlx::sqlite::ConnectError> {
    /// let store = socket_session_sqlx::SqliteStore::connect("sqlite::memory:").await?;
    /// store.migrate().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        Self::builder().connect(url).await
    }

    /// As [`connect`](Self::connect), with options of sqlx instead of a URL.
    pub async fn connect_with(options: SqliteConnectOptions) -> Result<Self, ConnectError> {
        Self::builder().connect_with(options).await
    }

    /// The options.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(super) fn new(database: Arc<Database>, connection: SqliteConnection, readers: usize) -> Self {
        let writer = Writer::begin(Arc::clone(&database), connection);
        Self(Arc::new(Inner { readers: Readers::new(Arc::clone(&database), readers), database, writer }))
    }

    /// Makes the tables, or brings them up to date. What is up to date already is left alone; several processes may start
    /// at once.
    pub async fn migrate(&self) -> Result<(), ConnectError> {
        let file = &self.0.database.file;
        self.0.writer.run(Migrate { file: file.clone() }).await.map_err(|failure| failure.connecting(file))
    }

    /// Deletes what ended more than an hour ago: nobody sees it any more, whatever clock is wrong. How many there were.
    pub async fn purge(&self) -> Result<u64, StoreError> {
        let before = micros(OffsetDateTime::now_utc() - purge::GRACE);
        let mut deleted = 0;
        loop {
            let count = self.0.writer.run(Purge { before }).await?;
            deleted += count;
            if count < purge::AT_ONCE.unsigned_abs().into() {
                return Ok(deleted);
            }
        }
    }

    /// Purges now and then, for ever. What fails is logged, and tried again.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # fn example(store: socket_session_sqlx::SqliteStore) {
    /// tokio::spawn(store.purge_continuously(Duration::from_secs(600)));
    /// # }
    /// ```
    pub async fn purge_continuously(self, every: Duration) -> Infallible {
        loop {
            purge::log(self.purge().await);
            sleep(every).await;
        }
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("file", &self.0.database.file)
            .field("prefix", &self.0.database.statements.prefix.as_str())
            .finish_non_exhaustive()
    }
}

impl Store for SqliteStore {
    const LEASES: bool = true;

    async fn create(&self, key: &SessionKey, record: Record, now: OffsetDateTime) -> Result<Created, StoreError> {
        let fields = Written::of_record(&record).map_err(Failure::from)?;
        let create = Create { deadline: micros(record.deadline), unconfirmed: record.unconfirmed, fields };
        Ok(self.0.writer.work(key, micros(now), create).await?)
    }

    async fn load(&self, key: &SessionKey, now: OffsetDateTime) -> Result<Loaded, StoreError> {
        Ok(self.0.look(Load { key: *key, now: micros(now) }).await?)
    }

    async fn acquire(&self, key: &SessionKey, claim: &Claim, now: OffsetDateTime) -> Result<Acquired, StoreError> {
        let acquired = self.0.writer.work(key, micros(now), *claim).await?;
        if let Acquired::Refused(_) = acquired {
            self.0.database.hub.waits();
        }
        Ok(acquired)
    }

    async fn patch(&self, key: &SessionKey, patch: &Patch, now: OffsetDateTime) -> Result<Patched, StoreError> {
        let set = Written::of_patch(patch).map_err(Failure::from)?;
        let remove = patch.remove.iter().map(|key| encoding::name(key).into_owned()).collect();
        let Patch { transaction, deadline, fence, .. } = *patch;
        let terms = Terms { transaction, is_empty: patch.is_empty(), deadline, fence };
        Ok(self.0.writer.work(key, micros(now), Change { terms, set, remove }).await?)
    }

    async fn release(&self, key: &SessionKey, token: Token) -> Result<(), StoreError> {
        // whether it lives does not matter
        Ok(self.0.writer.work(key, 0, token).await?)
    }

    async fn touch(&self, key: &SessionKey, deadline: Deadline, now: OffsetDateTime) -> Result<bool, StoreError> {
        Ok(self.0.writer.work(key, micros(now), deadline).await?)
    }

    async fn delete(&self, key: &SessionKey, now: OffsetDateTime) -> Result<bool, StoreError> {
        Ok(self.0.writer.work(key, micros(now), Delete).await?)
    }

    async fn retire(
        &self,
        key: &SessionKey,
        retirement: &Retirement,
        now: OffsetDateTime,
    ) -> Result<Patched, StoreError> {
        Ok(self.0.writer.work(key, micros(now), *retirement).await?)
    }

    async fn exists(&self, keys: &[SessionKey], now: OffsetDateTime) -> Result<Vec<bool>, StoreError> {
        Ok(self.0.look(Exist { keys: keys.to_vec(), now: micros(now) }).await?)
    }

    async fn announce(&self, notice: &Notice) -> Result<(), StoreError> {
        match notice {
            Notice::Offered(key) | Notice::Ended { key, .. } | Notice::Told { key, .. } => {
                Ok(self.0.writer.work(key, 0, *notice).await?)
            }
            Notice::Missed => Ok(()),
        }
    }

    fn listen(&self, node: NodeId) -> Notices {
        notices::listen(&self.0, node)
    }
}
