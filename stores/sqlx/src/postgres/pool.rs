//! The connections to the server, made as they are needed.
//!
//! sqlx has a pool, but that one asks the server for a sign of life after each use, which doubles the trips; it does not
//! tell a connection that could not be made (so nothing was sent) from one that broke (so who knows); and it hides the
//! reason why a connection cannot be made behind a timeout.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use sqlx::{ConnectOptions as _, Connection as _, PgConnection, Row as _, postgres::PgConnectOptions};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use super::error::{ConnectError, Failure};

/// How long a failed attempt answers for the requests that come after it.
const PAUSE: Duration = Duration::from_millis(50);

/// After how long without use a connection is asked whether it still is one.
const QUIET: Duration = Duration::from_secs(1);

/// The server, and how long to wait for it.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) options: PgConnectOptions,
    pub(crate) connect_timeout: Duration,
    pub(crate) response_timeout: Duration,
}

impl Server {
    /// Where it is: nothing of the user name and the password.
    pub(crate) fn address(&self) -> String {
        match self.options.get_socket() {
            Some(path) => path.display().to_string(),
            None => format!("{}:{}", self.options.get_host(), self.options.get_port()),
        }
    }

    pub(crate) fn failed_to_connect(&self, error: &sqlx::Error) -> ConnectError {
        ConnectError::new(&self.address(), error)
    }

    pub(crate) async fn connect(&self) -> Result<PgConnection, ConnectError> {
        let connecting = async {
            let mut connection = self.options.connect().await.map_err(|error| self.failed_to_connect(&error))?;
            self.set_up(&mut connection).await?;
            Ok(connection)
        };
        let silent = || ConnectError::Silent { address: self.address(), after: self.connect_timeout };
        timeout(self.connect_timeout, connecting).await.unwrap_or_else(|_| Err(silent()))
    }

    /// What the functions rely on, whatever the server's configuration says. Its own statement timeout comes before ours,
    /// for it says for certain that nothing was written.
    async fn set_up(&self, connection: &mut PgConnection) -> Result<(), ConnectError> {
        const SET_UP: &str = "
            SELECT current_setting('server_encoding'),
              set_config('default_transaction_isolation', 'read committed', false),
              set_config('statement_timeout', $1, false),
              CASE WHEN current_setting('synchronous_commit') NOT IN ('on', 'remote_apply')
                THEN set_config('synchronous_commit', 'on', false) END";
        let limit = (self.response_timeout * 4 / 5).as_millis().max(1).to_string();
        let row = sqlx::query(SET_UP).bind(limit).persistent(false).fetch_one(connection).await;
        let encoding: String = row.and_then(|row| row.try_get(0)).map_err(|error| self.failed_to_connect(&error))?;
        if encoding != "UTF8" {
            return Err(ConnectError::Encoding { address: self.address(), encoding });
        }
        Ok(())
    }
}

struct Resting {
    connection: PgConnection,
    epoch: u64,
    since: Instant,
}

#[derive(Default)]
struct State {
    resting: Vec<Resting>,
    /// Goes up when a connection breaks: then those that were made before are not trusted any more.
    epoch: u64,
    failed: Option<(Instant, ConnectError)>,
}

pub(crate) struct Pool {
    server: Server,
    places: Semaphore,
    size: usize,
    state: Mutex<State>,
}

/// A connection in use. If it is not given back, it is closed: nobody knows what is still on its way on it.
pub(crate) struct Lent<'a> {
    pool: &'a Pool,
    pub(crate) connection: PgConnection,
    epoch: u64,
    _place: SemaphorePermit<'a>,
}

impl Lent<'_> {
    pub(crate) fn give_back(self) {
        let Self { pool, connection, epoch, .. } = self;
        let mut state = pool.state();
        if epoch == state.epoch {
            state.resting.push(Resting { connection, epoch, since: Instant::now() });
        }
    }

    /// It is of no use any more, and so probably are the others.
    pub(crate) fn give_up(self) {
        self.pool.distrust(self.epoch);
    }
}

impl Pool {
    pub(crate) fn new(server: Server, size: usize) -> Self {
        Self { server, places: Semaphore::new(size), size, state: Mutex::default() }
    }

    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // nothing panics while it is held
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn distrust(&self, epoch: u64) {
        let mut state = self.state();
        if epoch == state.epoch {
            state.epoch += 1;
            state.resting.clear();
        }
    }

    /// The first connection, which shows whether the options are right.
    pub(crate) async fn first(&self) -> Result<(), ConnectError> {
        let connection = self.server.connect().await?;
        self.state().resting.push(Resting { connection, epoch: 0, since: Instant::now() });
        Ok(())
    }

    pub(crate) async fn lend(&self) -> Result<Lent<'_>, Failure> {
        let limit = self.server.connect_timeout;
        let Ok(Ok(place)) = timeout(limit, self.places.acquire()).await else {
            return Err(Failure::Crowded { size: self.size, after: limit });
        };
        loop {
            // the last that was used comes first, so that those too many go quiet
            let Some(Resting { mut connection, epoch, since }) = self.state().resting.pop() else { break };
            if since.elapsed() < QUIET || matches!(timeout(limit / 4, connection.ping()).await, Ok(Ok(()))) {
                return Ok(Lent { pool: self, connection, epoch, _place: place });
            }
            self.distrust(epoch);
        }
        let epoch = {
            let state = self.state();
            if let Some((at, error)) = &state.failed
                && at.elapsed() < PAUSE
            {
                return Err(error.clone().into());
            }
            state.epoch
        };
        let connected = self.server.connect().await;
        self.state().failed = connected.as_ref().err().map(|error| (Instant::now(), error.clone()));
        Ok(Lent { pool: self, connection: connected?, epoch, _place: place })
    }
}
