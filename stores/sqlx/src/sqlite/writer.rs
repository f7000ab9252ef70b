//! The one connection that writes, and the task that has it.
//!
//! SQLite has one writer at a time, and each commit waits for the disk. So what comes in while the disk is at work is done
//! together: one transaction, one wait. Each operation is answered when that has been committed.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{StreamExt as _, TryStreamExt as _, future::BoxFuture};
use socket_session::SessionKey;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};
use time::OffsetDateTime;
use tokio::{
    sync::{mpsc, oneshot},
    time::sleep,
};

use super::{
    errands::{At, Errand},
    error::Failure,
    notices::Hub,
    page::{self, Page},
    session::{digits, micros},
    statements::Statements,
    work::Work,
};

/// How many operations share a transaction at most.
const TOGETHER: usize = 128;

/// For how long a message is there to be seen, in microseconds: far longer than anybody takes to look.
const MESSAGES_STAY: i64 = 60 * 1_000_000;

/// Between attempts to get at a database that another process has locked. SQLite's own wait gets longer and longer, up to
/// 100 ms, which is never the moment between two transactions of a busy process.
const PAUSE: Duration = Duration::from_millis(1);

/// Where the database is, and how to open it.
pub(super) struct Database {
    pub(super) file: String,
    pub(super) options: SqliteConnectOptions,
    pub(super) busy_timeout: Duration,
    pub(super) statements: Statements,
    pub(super) hub: Hub,
    /// It is this connection's memory, and nobody else sees it.
    pub(super) in_memory: bool,
}

impl Database {
    pub(super) async fn open(&self) -> Result<SqliteConnection, Failure> {
        let patience = Patience::new(self.busy_timeout);
        loop {
            match self.options.connect().await {
                Ok(connection) => return Ok(connection),
                Err(error) => {
                    let failure = Failure::new(&error);
                    patience.wait(failure).await.map_err(|failure| failure.connecting(&self.file))?;
                }
            }
        }
    }
}

/// Waits for as long as another process has the database locked.
struct Patience {
    begun: Instant,
    limit: Duration,
}

impl Patience {
    fn new(limit: Duration) -> Self {
        Self { begun: Instant::now(), limit }
    }

    /// Waits a moment, if that is of any use.
    async fn wait(&self, failure: Failure) -> Result<(), Failure> {
        if !failure.is_busy() {
            return Err(failure);
        }
        if self.begun.elapsed() > self.limit {
            return Err(Failure::Busy { after: self.limit });
        }
        sleep(PAUSE).await;
        Ok(())
    }
}

/// A piece of work, and whoever waits for it.
struct Job<W: Work> {
    key: SessionKey,
    now: i64,
    work: W,
    done: Option<W::Done>,
    answer: oneshot::Sender<Result<W::Done, Failure>>,
}

trait AnyJob: Send + Sync {
    fn key(&self) -> &SessionKey;
    fn is_durable(&self) -> bool;
    fn reads_fields(&self) -> bool;
    fn is_wanted(&self) -> bool;
    fn run(&mut self, page: &mut Page<'_>) -> Result<(), Failure>;
    fn answer(self: Box<Self>, outcome: Result<(), Failure>);
}

impl<W: Work> AnyJob for Job<W> {
    fn key(&self) -> &SessionKey {
        &self.key
    }

    fn is_durable(&self) -> bool {
        self.work.is_durable()
    }

    fn reads_fields(&self) -> bool {
        self.work.reads_fields()
    }

    fn is_wanted(&self) -> bool {
        !self.answer.is_closed()
    }

    fn run(&mut self, page: &mut Page<'_>) -> Result<(), Failure> {
        self.done = Some(self.work.run(&self.key, self.now, page)?);
        Ok(())
    }

    fn answer(self: Box<Self>, outcome: Result<(), Failure>) {
        let Self { done, answer, .. } = *self;
        // whoever has gone away meanwhile need not know
        let _ = answer.send(outcome.and_then(|()| done.ok_or(Failure::Odd("an operation was not done"))));
    }
}

/// An errand, and whoever waits for it.
struct Order<E: Errand> {
    errand: E,
    answer: Option<oneshot::Sender<Result<E::Done, Failure>>>,
}

trait AnyOrder: Send {
    /// Runs it and answers, unless the database is locked.
    fn run<'a>(&'a mut self, at: &'a mut At<'_>) -> BoxFuture<'a, Result<(), Failure>>;
    fn fail(&mut self, failure: Failure);
}

impl<E: Errand> AnyOrder for Order<E> {
    fn run<'a>(&'a mut self, at: &'a mut At<'_>) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let done = self.errand.run(at).await?;
            self.answer.take().map(|answer| answer.send(Ok(done)));
            Ok(())
        })
    }

    fn fail(&mut self, failure: Failure) {
        self.answer.take().map(|answer| answer.send(Err(failure)));
    }
}

enum Task {
    Job(Box<dyn AnyJob>),
    Order(Box<dyn AnyOrder>),
}

/// A handle of the task, which ends with the last of them.
#[derive(Clone)]
pub(super) struct Writer {
    tasks: mpsc::UnboundedSender<Task>,
}

impl Writer {
    pub(super) fn begin(database: Arc<Database>, connection: SqliteConnection) -> Self {
        let (tasks, coming) = mpsc::unbounded_channel();
        tokio::spawn(Pen { database, connection: Some(connection), is_durable: None }.write(coming));
        Self { tasks }
    }

    /// Works on a session, in a transaction that others may share.
    pub(super) async fn work<W: Work>(&self, key: &SessionKey, now: i64, work: W) -> Result<W::Done, Failure> {
        let (answer, answered) = oneshot::channel();
        let job = Job { key: *key, now, work, done: None, answer };
        self.tasks.send(Task::Job(Box::new(job))).map_err(|_| Failure::Ended)?;
        answered.await.unwrap_or(Err(Failure::EndedMeanwhile))
    }

    /// Runs an errand, by itself.
    pub(super) async fn run<E: Errand>(&self, errand: E) -> Result<E::Done, Failure> {
        let (answer, answered) = oneshot::channel();
        let order = Order { errand, answer: Some(answer) };
        self.tasks.send(Task::Order(Box::new(order))).map_err(|_| Failure::Ended)?;
        answered.await.unwrap_or(Err(Failure::EndedMeanwhile))
    }
}

type Jobs = Vec<Box<dyn AnyJob>>;

struct Pen {
    database: Arc<Database>,
    connection: Option<SqliteConnection>,
    /// Whether its commits wait for the disk, if that is known.
    is_durable: Option<bool>,
}

impl Pen {
    async fn write(mut self, mut coming: mpsc::UnboundedReceiver<Task>) {
        let (mut tasks, mut jobs) = (Vec::new(), Vec::new());
        while coming.recv_many(&mut tasks, TOGETHER).await > 0 {
            for task in tasks.drain(..) {
                match task {
                    Task::Job(job) if job.is_wanted() => jobs.push(job),
                    Task::Job(_) => {}
                    Task::Order(order) => {
                        self.work(&mut jobs).await;
                        self.run(order).await;
                    }
                }
            }
            self.work(&mut jobs).await;
        }
        if let Some(connection) = self.connection {
            let _ = connection.close().await;
        }
    }

    /// Does all of that, together if possible, and answers.
    async fn work(&mut self, jobs: &mut Jobs) {
        let mut outcome = self.transact(jobs).await;
        let is_one_to_blame = matches!(outcome, Err(Failure::Refused(_) | Failure::Odd(_) | Failure::Encoding(_)));
        if jobs.len() > 1 && is_one_to_blame {
            // whatever is wrong with it is none of the others' business
            for job in std::mem::take(jobs) {
                jobs.push(job);
                outcome = self.transact(jobs).await;
                jobs.drain(..).for_each(|job| job.answer(outcome.clone()));
            }
        }
        jobs.drain(..).for_each(|job| job.answer(outcome.clone()));
    }

    /// Does all of that in one transaction, or nothing of it.
    async fn transact(&mut self, jobs: &mut Jobs) -> Result<(), Failure> {
        if jobs.is_empty() {
            return Ok(());
        }
        let database = Arc::clone(&self.database);
        let mut page = Page::new(&database.hub, database.in_memory);
        let done = match self.begin(jobs, &mut page).await {
            Ok(()) => match jobs.iter_mut().try_for_each(|job| job.run(&mut page)) {
                Ok(()) => self.commit(&page).await,
                failed => failed,
            },
            failed => failed,
        };
        match &done {
            Ok(()) => page.told.drain(..).for_each(|(node, notice)| database.hub.tell(node, notice)),
            Err(failure) => self.undo(failure).await,
        }
        done
    }

    async fn connection(&mut self) -> Result<&mut SqliteConnection, Failure> {
        if self.connection.is_none() {
            self.connection = Some(self.database.open().await?);
            self.is_durable = None;
        }
        self.connection.as_mut().ok_or(Failure::Odd("there is no connection"))
    }

    /// Begins a transaction, and reads what it is about.
    async fn begin(&mut self, jobs: &Jobs, page: &mut Page<'_>) -> Result<(), Failure> {
        let database = Arc::clone(&self.database);
        let is_durable = jobs.iter().any(|job| job.is_durable());
        let statements = &database.statements;
        let keys = page::list(jobs.iter().map(|job| job.key()));
        let with_fields = page::list(jobs.iter().filter(|job| job.reads_fields()).map(|job| job.key()));
        let patience = Patience::new(database.busy_timeout);
        self.connection().await?;
        loop {
            // a `PRAGMA` does its work when it is prepared, so that is not to be done once and for all
            let is_same = self.is_durable.replace(is_durable) == Some(is_durable);
            let sql = match (is_same, is_durable) {
                (true, _) => &statements.begin,
                (false, true) => &statements.begin_durably,
                (false, false) => &statements.begin_lightly,
            };
            let connection = self.connection().await?;
            let asks = sqlx::query(sql.clone()).bind(&keys).bind(&with_fields).persistent(is_same);
            let rows: Result<Vec<_>, _> = asks.fetch(connection).try_collect().await;
            match rows {
                Ok(rows) => return rows.iter().try_for_each(|row| page.take_in(row)),
                Err(error) => {
                    self.is_durable = None;
                    patience.wait(Failure::new(&error)).await?;
                }
            }
        }
    }

    /// Writes what has changed, and commits.
    async fn commit(&mut self, page: &Page<'_>) -> Result<(), Failure> {
        let database = Arc::clone(&self.database);
        let connection = self.connection().await?;
        let changes = page.changes();
        if changes.is_empty() {
            return execute(connection, "COMMIT").await;
        }
        let now = micros(OffsetDateTime::now_utc());
        let list = |rows| serde_json::Value::Array(rows).to_string();
        if !changes.users.iter().all(Vec::is_empty) {
            let mut asks = sqlx::query(database.statements.users.clone());
            for rows in changes.users {
                asks = asks.bind(list(rows));
            }
            let written = asks.bind(now).fetch(&mut *connection).try_collect::<Vec<_>>().await;
            written.map_err(|error| Failure::new(&error))?;
        }
        let asks = sqlx::query(database.statements.commit.clone())
            .bind(list(changes.deleted))
            .bind(list(changes.sessions))
            .bind(list(changes.set))
            .bind(list(changes.removed))
            .bind(list(changes.messages))
            .bind(now)
            .bind(digits([database.hub.id()]))
            .bind(now - MESSAGES_STAY);
        let mut rows = asks.fetch(connection);
        let mut is_written = false;
        while let Some(row) = rows.next().await {
            match row {
                // the one row says that all is written but not committed
                Ok(_) => is_written = true,
                Err(error) if is_written => return Err(Failure::Commit(Box::new(Failure::new(&error)))),
                Err(error) => return Err(Failure::new(&error)),
            }
        }
        Ok(())
    }

    /// Makes the connection as good as new, or does without it.
    async fn undo(&mut self, failure: &Failure) {
        let Some(connection) = &mut self.connection else { return };
        // it may have been rolled back already, or not begun
        let _ = execute(connection, "ROLLBACK").await;
        // what is in memory would be gone with it
        if failure.breaks() && !self.database.in_memory {
            self.connection = None;
        }
    }

    async fn run(&mut self, mut order: Box<dyn AnyOrder>) {
        let database = Arc::clone(&self.database);
        let patience = Patience::new(database.busy_timeout);
        loop {
            let done = match self.connection().await {
                Ok(connection) => order.run(&mut At { connection, statements: &database.statements }).await,
                Err(failure) => Err(failure),
            };
            let Err(failure) = done else { return };
            if failure.breaks() {
                self.undo(&failure).await;
            }
            if let Err(failure) = patience.wait(failure).await {
                return order.fail(failure);
            }
        }
    }
}

async fn execute(connection: &mut SqliteConnection, sql: &'static str) -> Result<(), Failure> {
    sqlx::query(sql).execute(connection).await.map(drop).map_err(|error| Failure::new(&error))
}
