//! The connections that read: with a write-ahead log they wait for no writer, and no writer waits for them.

use std::sync::{Arc, Mutex, PoisonError};

use sqlx::SqliteConnection;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use super::{errands::At, error::Failure, writer::Database};

pub(super) struct Readers {
    database: Arc<Database>,
    places: Semaphore,
    resting: Mutex<Vec<SqliteConnection>>,
}

impl Readers {
    pub(super) fn new(database: Arc<Database>, count: usize) -> Self {
        Self { database, places: Semaphore::new(count), resting: Mutex::default() }
    }

    fn resting(&self) -> std::sync::MutexGuard<'_, Vec<SqliteConnection>> {
        // nothing panics while it is held
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) async fn lend(&self) -> Result<Reader<'_>, Failure> {
        let limit = self.database.busy_timeout;
        let Ok(Ok(place)) = timeout(limit, self.places.acquire()).await else {
            return Err(Failure::Busy { after: limit });
        };
        let resting = self.resting().pop();
        let connection = match resting {
            Some(connection) => connection,
            None => self.database.open().await?,
        };
        Ok(Reader { readers: self, connection, _place: place })
    }
}

/// A connection in use. If it is not given back, it is closed.
pub(super) struct Reader<'a> {
    readers: &'a Readers,
    connection: SqliteConnection,
    _place: SemaphorePermit<'a>,
}

impl Reader<'_> {
    pub(super) fn at(&mut self) -> At<'_> {
        let statements = &self.readers.database.statements;
        At { connection: &mut self.connection, statements }
    }

    /// Gives it back, if it is good for anything still.
    pub(super) fn done<T>(self, read: Result<T, Failure>) -> Result<T, Failure> {
        if !read.as_ref().is_err_and(Failure::breaks) {
            self.readers.resting().push(self.connection);
        }
        read
    }
}
