//! What is done by SQL alone: it looks, or clears away, or makes the tables.

use std::collections::HashSet;

use futures_util::TryStreamExt as _;
use socket_session::{
    SessionKey,
    store::{Fields, Loaded, NodeId, Record},
};
use sqlx::{
    AssertSqlSafe, Row as _, Sqlite, SqliteConnection,
    query::Query,
    sqlite::{SqliteArguments, SqliteRow},
};

use super::{
    error::{ConnectError, Failure},
    page,
    session::{self, digits},
    statements::Statements,
};
use crate::{
    encoding::{self, hex},
    purge,
};

/// What each version adds to the one before. A version that is out is not changed any more.
const VERSIONS: &[&str] = &[include_str!("schema.sql"), include_str!("users.sql")];

/// A connection at work.
pub(super) struct At<'a> {
    pub(super) connection: &'a mut SqliteConnection,
    pub(super) statements: &'a Statements,
}

/// Something to do with a connection, outside any transaction.
pub(super) trait Errand: Send + Sync + 'static {
    type Done: Send + 'static;

    fn run(&self, at: &mut At<'_>) -> impl Future<Output = Result<Self::Done, Failure>> + Send;
}

type Asks = Query<'static, Sqlite, SqliteArguments>;

impl At<'_> {
    pub(super) async fn rows(&mut self, asks: Asks) -> Result<Vec<SqliteRow>, Failure> {
        asks.fetch(&mut *self.connection).try_collect().await.map_err(|error| Failure::new(&error))
    }

    /// The number of the latest message.
    pub(super) async fn latest(&mut self) -> Result<i64, Failure> {
        let rows = self.rows(sqlx::query(self.statements.latest.clone())).await?;
        let row = rows.first().ok_or(Failure::Odd("there is no row"))?;
        row.try_get(0).map_err(|error| Failure::new(&error))
    }

    /// What other processes have said to this node after that message, and the number of the last.
    pub(super) async fn news(&mut self, after: i64, store: u128, node: NodeId) -> Result<(i64, Vec<String>), Failure> {
        let asks = sqlx::query(self.statements.news.clone()).bind(after).bind(digits([store])).bind(digits([node.0]));
        let (mut latest, mut messages) = (after, Vec::new());
        for row in self.rows(asks).await? {
            let columns = || Ok((row.try_get(0)?, row.try_get(1)?));
            let (id, message): (i64, Option<String>) = columns().map_err(|error: sqlx::Error| Failure::new(&error))?;
            latest = id;
            messages.extend(message);
        }
        Ok((latest, messages))
    }
}

pub(super) struct Load {
    pub(super) key: SessionKey,
    pub(super) now: i64,
}

impl Errand for Load {
    type Done = Loaded;

    async fn run(&self, at: &mut At<'_>) -> Result<Loaded, Failure> {
        let asks = sqlx::query(at.statements.load.clone()).bind(hex(self.key.as_bytes())).bind(self.now);
        let rows = at.rows(asks).await?;
        let Some(first) = rows.first() else { return Ok(Loaded::Gone) };
        let columns = || Ok((first.try_get(0)?, first.try_get(1)?, first.try_get(2)?, first.try_get(5)?));
        let (deadline, unconfirmed, retired, latest): (i64, bool, bool, &[u8]) =
            columns().map_err(|error: sqlx::Error| Failure::new(&error))?;
        if retired {
            return Ok(Loaded::Rotated);
        }
        let fields = rows.iter().filter_map(|row| field(row).transpose()).collect::<Result<Fields, _>>()?;
        let latest = session::latest(latest);
        Ok(Loaded::Live(Record { fields, deadline: session::time(deadline)?, unconfirmed, latest }))
    }
}

/// The field of a row, of which a record without fields has one of nulls.
fn field(row: &SqliteRow) -> Result<Option<(socket_session::store::FieldKey, serde_json::Value)>, Failure> {
    let columns = || Ok((row.try_get(3)?, row.try_get(4)?));
    let (name, value): (Option<&str>, Option<&str>) = columns().map_err(|error: sqlx::Error| Failure::new(&error))?;
    Ok(name.zip(value).map(|(name, value)| encoding::read(name, value)).transpose()?)
}

pub(super) struct Exist {
    pub(super) keys: Vec<SessionKey>,
    pub(super) now: i64,
}

impl Errand for Exist {
    type Done = Vec<bool>;

    async fn run(&self, at: &mut At<'_>) -> Result<Vec<bool>, Failure> {
        let asks = sqlx::query(at.statements.exist.clone()).bind(page::list(&self.keys)).bind(self.now);
        let living = at.rows(asks).await?.iter().map(page::key).collect::<Result<HashSet<_>, _>>()?;
        Ok(self.keys.iter().map(|key| living.contains(key)).collect())
    }
}

/// Deletes some of what was over before that.
pub(super) struct Purge {
    pub(super) what: Purged,
    pub(super) before: i64,
}

#[derive(Clone, Copy)]
pub(super) enum Purged {
    /// Sessions that have ended.
    Sessions,
    /// Sessions of users, without a record.
    Members,
    /// Ends of all sessions of a user.
    Ends,
}

impl Errand for Purge {
    type Done = u64;

    async fn run(&self, at: &mut At<'_>) -> Result<u64, Failure> {
        let sql = match self.what {
            Purged::Sessions => &at.statements.purge,
            Purged::Members => &at.statements.purge_members,
            Purged::Ends => &at.statements.purge_ends,
        };
        let asks = sqlx::query(sql.clone()).bind(self.before).bind(purge::AT_ONCE);
        let deleted = asks.execute(&mut *at.connection).await.map_err(|error| Failure::new(&error))?;
        Ok(deleted.rows_affected())
    }
}

pub(super) struct Migrate {
    pub(super) file: String,
}

impl Errand for Migrate {
    type Done = ();

    async fn run(&self, at: &mut At<'_>) -> Result<(), Failure> {
        let migrated = self.migrate(at).await;
        if migrated.is_err() {
            // it may not have begun
            let _ = at.rows(sqlx::query("ROLLBACK")).await;
        }
        migrated
    }
}

impl Migrate {
    async fn migrate(&self, at: &mut At<'_>) -> Result<(), Failure> {
        let prefix = at.statements.prefix.clone();
        let asks = |sql: &str| sqlx::query(AssertSqlSafe(prefix.fill(sql))).persistent(false);
        at.rows(asks("BEGIN IMMEDIATE")).await?;
        at.rows(asks("CREATE TABLE IF NOT EXISTS {p}_version (version INTEGER PRIMARY KEY) STRICT")).await?;
        let rows = at.rows(asks("SELECT coalesce(max(version), 0) FROM {p}_version")).await?;
        let found = rows.first().map(|row| row.try_get(0)).transpose().map_err(|error| Failure::new(&error))?;
        let found: i64 = found.unwrap_or(0);
        let known = i64::try_from(VERSIONS.len()).unwrap_or(i64::MAX);
        if found > known {
            return Err(ConnectError::Later { file: self.file.clone(), found, known }.into());
        }
        for (step, number) in VERSIONS.iter().zip(1_i64..).filter(|(_, number)| *number > found) {
            at.rows(asks(step)).await?;
            at.rows(asks("INSERT INTO {p}_version VALUES ($1)").bind(number)).await?;
        }
        at.rows(asks("COMMIT")).await.map(drop)
    }
}
