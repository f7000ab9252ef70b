//! The operations of a store, each one statement.

use std::{fmt, sync::Arc, time::Duration};

use socket_session::{
    SessionKey,
    store::{
        Acquired, Claim, Created, Deadline, Fields, Lease, Loaded, Member, NodeId, Notice, Notices, Patch, Patched,
        Record, Retirement, Store, StoreError, Then, Token, TransactionId, UserKey,
    },
};
use sqlx::{
    Postgres, Row as _, SqlStr,
    postgres::{PgArguments, PgConnectOptions, PgRow},
    query::Query,
};
use time::OffsetDateTime;
use tokio::time::timeout;
use uuid::Uuid;

use super::{
    connect::Builder,
    error::{ConnectError, Failure},
    migrate, notices,
    pool::Pool,
    statements::Statements,
};
use crate::{
    encoding::{self, Written},
    message,
    prefix::Prefix,
};

/// How often an operation is tried that others have got in the way of.
const ATTEMPTS: usize = 4;

/// Keeps sessions in Postgres, for any number of nodes. See the [crate's documentation](crate).
///
/// A clone is the same store.
#[derive(Clone)]
pub struct PostgresStore(Arc<Inner>);

struct Inner {
    pool: Pool,
    prefix: Prefix,
    statements: Statements,
}

pub(super) type Asks = Query<'static, Postgres, PgArguments>;

impl PostgresStore {
    /// Connects, with the options as they are: see [`builder`](Self::builder) for others. Then call
    /// [`migrate`](Self::migrate).
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), socket_session_sqlx::postgres::ConnectError> {
    /// let store = socket_session_sqlx::PostgresStore::connect("postgres://user:password@127.0.0.1/app").await?;
    /// store.migrate().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        Self::builder().connect(url).await
    }

    /// As [`connect`](Self::connect), with options of sqlx instead of a URL.
    pub async fn connect_with(options: PgConnectOptions) -> Result<Self, ConnectError> {
        Self::builder().connect_with(options).await
    }

    /// The options.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) fn new(pool: Pool, prefix: Prefix) -> Self {
        let statements = Statements::new(&prefix);
        Self(Arc::new(Inner { pool, prefix, statements }))
    }

    /// Makes the tables and functions, or brings them up to date. What is up to date already is left alone, which needs no
    /// permission to create anything; several processes may start at once.
    pub async fn migrate(&self) -> Result<(), ConnectError> {
        migrate::run(self.0.pool.server(), &self.0.prefix).await
    }

    pub(super) fn statements(&self) -> &Statements {
        &self.0.statements
    }

    /// Sends one statement. Nothing that was not answered is sent twice: it may have been done.
    pub(super) async fn every(&self, sql: &SqlStr, bind: impl Fn(Asks) -> Asks) -> Result<Vec<PgRow>, Failure> {
        let mut attempt = 1;
        loop {
            let mut lent = self.0.pool.lend().await?;
            let limit = self.0.pool.server().response_timeout;
            let asks = bind(sqlx::query(sql.clone())).fetch_all(&mut lent.connection);
            let failure = match timeout(limit, asks).await {
                Ok(Ok(rows)) => {
                    lent.give_back();
                    return Ok(rows);
                }
                Ok(Err(error)) => Failure::sent(&error),
                Err(_) => Failure::Silent { after: limit },
            };
            if failure.breaks() {
                lent.give_up();
            } else {
                lent.give_back();
            }
            match &failure {
                Failure::Refused(answer) if answer.wants_retry() && attempt < ATTEMPTS => attempt += 1,
                _ => return Err(failure),
            }
        }
    }

    /// As [`every`](Self::every), for a statement that only reads: where the connection broke it is sent once more, for
    /// often it broke long ago, and nobody has noticed.
    async fn look(&self, sql: &SqlStr, bind: impl Fn(Asks) -> Asks) -> Result<Vec<PgRow>, Failure> {
        match self.every(sql, &bind).await {
            Err(Failure::Broken { .. }) => self.every(sql, bind).await,
            Err(Failure::Refused(answer)) if answer.leaves_open() => self.every(sql, bind).await,
            rows => rows,
        }
    }

    /// As [`every`](Self::every), for a statement with one row.
    pub(super) async fn ask<T>(
        &self,
        sql: &SqlStr,
        bind: impl Fn(Asks) -> Asks,
        read: impl Fn(&PgRow) -> Result<T, sqlx::Error>,
    ) -> Result<T, Failure> {
        let rows = self.every(sql, bind).await?;
        let row = rows.first().ok_or(Failure::Odd("there is no row"))?;
        read(row).map_err(|error| Failure::sent(&error))
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore")
            .field("address", &self.0.pool.server().address())
            .field("prefix", &self.0.prefix.as_str())
            .finish_non_exhaustive()
    }
}

impl Store for PostgresStore {
    const LEASES: bool = true;

    async fn create(&self, key: &SessionKey, record: Record, now: OffsetDateTime) -> Result<Created, StoreError> {
        let written = Written::of_record(&record).map_err(Failure::from)?;
        let bind = |asks: Asks| {
            let asks = asks.bind(lock(key)).bind(bytes(key)).bind(now).bind(record.deadline).bind(record.unconfirmed);
            asks.bind(&written.names).bind(&written.values)
        };
        let done = self.ask(&self.0.statements.create, bind, |row| row.try_get(0)).await?;
        Ok(if done { Created::Done } else { Created::Taken })
    }

    async fn load(&self, key: &SessionKey, now: OffsetDateTime) -> Result<Loaded, StoreError> {
        let rows = self.look(&self.0.statements.load, |asks| asks.bind(bytes(key)).bind(now)).await?;
        let Some(row) = rows.first() else { return Ok(Loaded::Gone) };
        if row.try_get(5).map_err(|error| Failure::sent(&error))? {
            return Ok(Loaded::Rotated);
        }
        Ok(Loaded::Live(record(row)?))
    }

    async fn acquire(&self, key: &SessionKey, claim: &Claim, now: OffsetDateTime) -> Result<Acquired, StoreError> {
        let (over, renewal) = match claim.over {
            // a renewal is a count, and never gets so far
            Some(lease) => (Some(id(lease.token.0)), lease.renewal.map(u64::cast_signed)),
            None => (None, None),
        };
        let bind = |asks: Asks| {
            let asks = asks.bind(lock(key)).bind(bytes(key)).bind(now).bind(id(claim.token.0)).bind(id(claim.node.0));
            asks.bind(over).bind(renewal)
        };
        let rows = self.every(&self.0.statements.acquire, bind).await?;
        Ok(rows.first().ok_or(Failure::Odd("there is no row")).and_then(acquired)?)
    }

    async fn patch(&self, key: &SessionKey, patch: &Patch, now: OffsetDateTime) -> Result<Patched, StoreError> {
        let written = Written::of_patch(patch).map_err(Failure::from)?;
        let removed: Vec<_> = patch.remove.iter().map(|key| encoding::name(key).into_owned()).collect();
        let (token, then) = match patch.fence {
            Some(fence) => (Some(id(fence.token.0)), Some(word(fence.then))),
            None => (None, None),
        };
        let (moves, deadline) = patch.deadline.map(movement).unzip();
        let bind = |asks: Asks| {
            let asks = asks.bind(lock(key)).bind(bytes(key)).bind(now).bind(id(patch.transaction.0));
            let asks = asks.bind(token).bind(then).bind(moves).bind(deadline);
            asks.bind(&written.names).bind(&written.values).bind(&removed)
        };
        let said: String = self.ask(&self.0.statements.patch, bind, |row| row.try_get(0)).await?;
        Ok(patched(&said)?)
    }

    async fn release(&self, key: &SessionKey, token: Token) -> Result<(), StoreError> {
        let bind = |asks: Asks| asks.bind(lock(key)).bind(bytes(key)).bind(id(token.0));
        self.every(&self.0.statements.release, bind).await?;
        Ok(())
    }

    async fn touch(&self, key: &SessionKey, deadline: Deadline, now: OffsetDateTime) -> Result<bool, StoreError> {
        let (moves, to) = movement(deadline);
        let bind = |asks: Asks| asks.bind(lock(key)).bind(bytes(key)).bind(now).bind(moves).bind(to);
        Ok(self.ask(&self.0.statements.touch, bind, |row| row.try_get(0)).await?)
    }

    async fn delete(&self, key: &SessionKey, now: OffsetDateTime) -> Result<bool, StoreError> {
        let bind = |asks: Asks| asks.bind(lock(key)).bind(bytes(key)).bind(now);
        Ok(self.ask(&self.0.statements.delete, bind, |row| row.try_get(0)).await?)
    }

    async fn retire(
        &self,
        key: &SessionKey,
        retirement: &Retirement,
        now: OffsetDateTime,
    ) -> Result<Patched, StoreError> {
        let bind = |asks: Asks| {
            let asks = asks.bind(lock(key)).bind(bytes(key)).bind(now).bind(id(retirement.transaction.0));
            let asks =
                asks.bind(retirement.token.map(|token| id(token.0))).bind(retirement.seen.map(|seen| id(seen.0)));
            asks.bind(retirement.until)
        };
        let said: String = self.ask(&self.0.statements.retire, bind, |row| row.try_get(0)).await?;
        Ok(patched(&said)?)
    }

    async fn exists(&self, keys: &[SessionKey], now: OffsetDateTime) -> Result<Vec<bool>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let asked: Vec<_> = keys.iter().map(bytes).collect();
        let rows = self.look(&self.0.statements.exists, |asks| asks.bind(&asked).bind(now)).await?;
        let lives = rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<bool>, _>>();
        Ok(lives.map_err(|error| Failure::sent(&error))?)
    }

    async fn join(&self, user: &UserKey, key: &SessionKey) -> Result<(), StoreError> {
        self.every(&self.0.statements.join, |asks| asks.bind(*user.as_bytes()).bind(bytes(key))).await?;
        Ok(())
    }

    async fn leave(&self, user: &UserKey, keys: &[SessionKey]) -> Result<(), StoreError> {
        let keys: Vec<_> = keys.iter().map(bytes).collect();
        self.every(&self.0.statements.leave, |asks| asks.bind(*user.as_bytes()).bind(&keys)).await?;
        Ok(())
    }

    async fn members(&self, user: &UserKey) -> Result<Vec<Member>, StoreError> {
        let rows = self.look(&self.0.statements.members, |asks| asks.bind(*user.as_bytes())).await?;
        let member =
            |row: &PgRow| Ok(Member { key: SessionKey::from(row.try_get::<[u8; 32], _>(0)?), age: age(row, 1)? });
        let members = rows.iter().map(member).collect::<Result<_, sqlx::Error>>();
        Ok(members.map_err(|error| Failure::sent(&error))?)
    }

    async fn end_user(&self, user: &UserKey) -> Result<(), StoreError> {
        self.every(&self.0.statements.end_user, |asks| asks.bind(*user.as_bytes())).await?;
        Ok(())
    }

    async fn user_ended(&self, user: &UserKey) -> Result<Option<Duration>, StoreError> {
        let rows = self.look(&self.0.statements.user_ended, |asks| asks.bind(*user.as_bytes())).await?;
        let ended = rows.first().map(|row| age(row, 0)).transpose();
        Ok(ended.map_err(|error| Failure::sent(&error))?)
    }

    async fn announce(&self, notice: &Notice) -> Result<(), StoreError> {
        if let Some(message) = message::write(notice) {
            let channel = notices::of_all(&self.0.prefix);
            self.every(&self.0.statements.announce, |asks| asks.bind(channel.clone()).bind(message.clone())).await?;
        }
        Ok(())
    }

    fn listen(&self, node: NodeId) -> Notices {
        notices::listen(self.0.pool.server().clone(), &self.0.prefix, node)
    }
}

/// A number for the lock of a session: half a hash is as good as a whole one.
fn lock(key: &SessionKey) -> i64 {
    key.as_bytes().first_chunk().map_or(0, |first| i64::from_be_bytes(*first))
}

fn bytes(key: &SessionKey) -> [u8; 32] {
    *key.as_bytes()
}

/// How many microseconds ago something was. The server's clock may have been set back meanwhile.
fn age(row: &PgRow, column: usize) -> Result<Duration, sqlx::Error> {
    let since: i64 = row.try_get(column)?;
    Ok(Duration::from_micros(u64::try_from(since).unwrap_or(0)))
}

/// A token, a node, or a transaction.
fn id(id: u128) -> Uuid {
    Uuid::from_u128(id)
}

/// How a deadline moves, and to what.
fn movement(deadline: Deadline) -> (&'static str, OffsetDateTime) {
    match deadline {
        Deadline::Extend(to) => ("extend", to),
        Deadline::Set(to) => ("set", to),
    }
}

/// What becomes of a lease, as the function calls it.
fn word(then: Then) -> &'static str {
    match then {
        Then::Keep => "keep",
        Then::KeepUnlessWaiting => "unless",
        Then::Release => "release",
    }
}

fn patched(said: &str) -> Result<Patched, Failure> {
    Ok(match said {
        "gone" => Patched::Gone,
        "fenced" => Patched::Fenced,
        "changed" => Patched::Changed,
        "applied" => Patched::Applied { held: false, alone: false },
        "applied alone" => Patched::Applied { held: false, alone: true },
        "applied held" => Patched::Applied { held: true, alone: false },
        "applied held alone" => Patched::Applied { held: true, alone: true },
        _ => return Err(Failure::Odd("the outcome of a patch is another")),
    })
}

fn acquired(row: &PgRow) -> Result<Acquired, Failure> {
    let outcome: String = row.try_get(5).map_err(|error| Failure::sent(&error))?;
    match outcome.as_str() {
        "held" => Ok(Acquired::Held(record(row)?)),
        "refused" => {
            let lease = || {
                let renewal: Option<i64> = row.try_get(7)?;
                let token: Uuid = row.try_get(6)?;
                Ok(Lease { token: Token(token.as_u128()), renewal: renewal.map(i64::cast_unsigned) })
            };
            lease().map(Acquired::Refused).map_err(|error: sqlx::Error| Failure::sent(&error))
        }
        "gone" => Ok(Acquired::Gone),
        _ => Err(Failure::Odd("the outcome of an acquire is another")),
    }
}

/// The record in the first five columns: deadline, whether it is unconfirmed, the last transaction, names, values.
fn record(row: &PgRow) -> Result<Record, Failure> {
    type Texts = Option<Vec<String>>;
    let columns = || Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?, row.try_get(4)?));
    let (deadline, unconfirmed, latest, names, values): (OffsetDateTime, bool, Option<Uuid>, Texts, Texts) =
        columns().map_err(|error: sqlx::Error| Failure::sent(&error))?;
    let (names, values) = (names.unwrap_or_default(), values.unwrap_or_default());
    let fields = names.iter().zip(&values).map(|(name, value)| encoding::read(name, value));
    let fields = fields.collect::<Result<Fields, _>>()?;
    let latest = latest.map(|latest| TransactionId(latest.as_u128()));
    Ok(Record { fields, deadline, unconfirmed, latest })
}
