//! One connection that all requests share, made anew when it breaks.
//!
//! The `redis` crate has such a thing, its `ConnectionManager`, but that one does not tell a connection that could not be
//! made (so nothing was sent) from one that broke (so who knows); it keeps a failed attempt for good if the failure was
//! none of the operating system's (a wrong password, too many clients); and it keeps a connection on which nobody
//! answers until TCP gives up, which takes a quarter of an hour.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use futures_util::{
    FutureExt as _,
    future::{BoxFuture, Shared},
};
use redis::{AsyncConnectionConfig, Client, Cmd, Pipeline, Value, aio::MultiplexedConnection};
use tokio::time::timeout;

use crate::{
    error::{ConnectError, Failure},
    scripts::{self, Script},
};

/// How long a failed attempt answers for the requests that come after it: no more connections than that.
const PAUSE: Duration = Duration::from_millis(50);

/// The server, and how long to wait for it.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) client: Client,
    pub(crate) connect_timeout: Duration,
    pub(crate) response_timeout: Duration,
}

impl Server {
    /// Where it is: nothing of the user name and the password.
    pub(crate) fn address(&self) -> String {
        self.client.get_connection_info().addr().to_string()
    }

    pub(crate) fn failed_to_connect(&self, error: redis::RedisError) -> ConnectError {
        ConnectError::new(&self.address(), self.connect_timeout, error)
    }

    /// A connection on which everything works that need not write: the scripts are there, for which the server wants the
    /// password, and its data in memory.
    async fn connect(self) -> Result<MultiplexedConnection, ConnectError> {
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(Some(self.response_timeout));
        let mut scripts = Pipeline::new();
        for script in scripts::ALL {
            scripts.add_command(script.load());
        }
        let connecting = async {
            let mut connection = self.client.get_multiplexed_async_connection_with_config(&config).await?;
            scripts.exec_async(&mut connection).await?;
            Ok(connection)
        };
        match timeout(self.connect_timeout, connecting).await {
            Ok(connected) => connected.map_err(|error| self.failed_to_connect(error)),
            Err(_) => Err(self.silent()),
        }
    }

    pub(crate) fn silent(&self) -> ConnectError {
        ConnectError::Silent { address: self.address(), after: self.connect_timeout }
    }
}

type Attempt = Shared<BoxFuture<'static, Result<MultiplexedConnection, ConnectError>>>;

struct Current {
    attempt: Attempt,
    begun: Instant,
}

/// A clone is the same connection.
#[derive(Clone)]
pub(crate) struct Connection {
    server: Arc<Server>,
    current: Arc<Mutex<Current>>,
}

impl Connection {
    /// Connects, too.
    pub(crate) async fn open(server: Server) -> Result<Self, ConnectError> {
        let current = Current::begin(&server);
        current.attempt.clone().await?;
        Ok(Self { server: Arc::new(server), current: Arc::new(Mutex::new(current)) })
    }

    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        // nothing panics while it is held
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection, or the attempt at one: many requests wait for the same.
    fn attempt(&self) -> Attempt {
        let mut current = self.current();
        let failed = matches!(current.attempt.peek(), Some(Err(_)));
        if failed && current.begun.elapsed() > PAUSE {
            *current = Current::begin(&self.server);
        }
        current.attempt.clone()
    }

    /// That connection is of no use any more, if it is that old. Who waits for an answer on it goes on waiting.
    fn give_up(&self, attempt: &Attempt, age: Duration) {
        let mut current = self.current();
        if current.attempt.ptr_eq(attempt) && current.begun.elapsed() >= age {
            *current = Current::begin(&self.server);
        }
    }

    /// Sends the commands at once, and takes the answer to each. Nothing that writes is sent twice: what was not answered
    /// may have been done. (The engine sends patches again; that is right, for they are applied once.)
    async fn send(&self, commands: &Pipeline) -> Result<Vec<Result<Value, Failure>>, Failure> {
        let count = commands.len();
        let attempt = self.attempt();
        let mut connection = attempt.clone().await?;
        let sent = connection.send_packed_commands(commands, 0, count).await;
        let replies = sent.map_err(|error| Failure::sent(self.server.response_timeout, &error)).inspect_err(|_| {
            self.give_up(&attempt, Duration::ZERO);
        })?;
        if replies.len() != count {
            return Err(Failure::Odd);
        }
        let mut read = Vec::with_capacity(count);
        for reply in replies {
            let reply = match reply {
                Value::ServerError(error) => Err(Failure::from(&error)),
                reply => Ok(reply),
            };
            if reply.as_ref().is_err_and(Failure::wants_another_connection) {
                // the next one may fare no better
                self.give_up(&attempt, PAUSE);
            }
            read.push(reply);
        }
        Ok(read)
    }

    /// As [`send`](Self::send), for commands that only read: where the connection broke they are sent once more, for
    /// often it broke long ago, and nobody has noticed.
    pub(crate) async fn read(
        &self,
        commands: impl IntoIterator<Item = Cmd>,
    ) -> Result<Vec<Result<Value, Failure>>, Failure> {
        let commands = pipeline(commands);
        match self.send(&commands).await {
            // seldom: this future need not have room for it
            Err(Failure::Broken { .. }) => Box::pin(self.send(&commands)).await,
            replies => replies,
        }
    }

    /// As [`read`](Self::read), for one command.
    pub(crate) async fn read_one(&self, command: Cmd) -> Result<Value, Failure> {
        self.read([command]).await?.pop().ok_or(Failure::Odd)?
    }

    /// As [`send`](Self::send), for one command.
    pub(crate) async fn ask(&self, command: Cmd) -> Result<Value, Failure> {
        self.send(&pipeline([command])).await?.pop().ok_or(Failure::Odd)?
    }

    /// Runs a script, and `then` right behind it on the same connection. A server that has forgotten the script, since
    /// it was restarted, has run nothing: then the script goes along, a second time at most.
    pub(crate) async fn run(
        &self,
        script: &Script,
        call: Cmd,
        then: Option<Cmd>,
    ) -> Result<(Value, Option<Result<Value, Failure>>), Failure> {
        let commands = pipeline(std::iter::once(call).chain(then));
        let mut replies = self.send(&commands).await?.into_iter();
        let mut first = replies.next().ok_or(Failure::Odd)?;
        if matches!(&first, Err(Failure::Refused(answer)) if answer.code() == "NOSCRIPT") {
            let again = |(place, command): (usize, &Cmd)| match place {
                0 => script.with_code(command),
                _ => command.clone(),
            };
            let commands = pipeline(commands.cmd_iter().enumerate().map(again).collect::<Vec<_>>());
            // seldom: this future need not have room for it
            replies = Box::pin(self.send(&commands)).await?.into_iter();
            first = replies.next().ok_or(Failure::Odd)?;
        }
        Ok((first?, replies.next()))
    }
}

fn pipeline(commands: impl IntoIterator<Item = Cmd>) -> Pipeline {
    let commands = commands.into_iter();
    let mut pipeline = Pipeline::with_capacity(commands.size_hint().0);
    for command in commands {
        pipeline.add_command(command);
    }
    pipeline
}

impl Current {
    fn begin(server: &Server) -> Self {
        let attempt = server.clone().connect().boxed().shared();
        // so that it goes on when those who wait for it have given up
        tokio::spawn(attempt.clone());
        Self { attempt, begun: Instant::now() }
    }
}
