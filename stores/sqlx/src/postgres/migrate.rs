//! The tables and functions, version by version.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection as _, Row as _, raw_sql};
use tokio::time::timeout;

use super::{error::ConnectError, pool::Server};
use crate::prefix::Prefix;

/// What each version adds to the one before. A version that is out is not changed any more.
const VERSIONS: &[&[&str]] =
    &[&[include_str!("sql/schema.sql"), include_str!("sql/functions.sql")], &[include_str!("sql/users.sql")]];

/// How long it may take: another process may be at it, on a table that is large.
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) async fn run(server: &Server, prefix: &Prefix) -> Result<(), ConnectError> {
    let silent = || ConnectError::Silent { address: server.address(), after: PATIENCE };
    timeout(PATIENCE, migrate(server, prefix)).await.unwrap_or_else(|_| Err(silent()))
}

async fn migrate(server: &Server, prefix: &Prefix) -> Result<(), ConnectError> {
    let failed = |error| server.failed_to_connect(&error);
    let known = i32::try_from(VERSIONS.len()).unwrap_or(i32::MAX);
    let mut connection = server.connect().await?;

    let mut transaction = connection.begin().await.map_err(failed)?;
    let version = async |connection: &mut sqlx::PgConnection| {
        let table = prefix.fill("SELECT to_regclass('{p}_version') IS NOT NULL");
        if !sqlx::query(AssertSqlSafe(table)).fetch_one(&mut *connection).await?.try_get(0)? {
            return Ok(0);
        }
        let latest = prefix.fill("SELECT coalesce(max(version), 0) FROM {p}_version");
        sqlx::query(AssertSqlSafe(latest)).persistent(false).fetch_one(connection).await?.try_get::<i32, _>(0)
    };
    // whoever may not create anything may look
    if version(&mut transaction).await.map_err(failed)? < known {
        let begin = prefix.fill(
            "SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock(hashtext('migrate {p}'));
             CREATE TABLE IF NOT EXISTS {p}_version (version int PRIMARY KEY, made timestamptz NOT NULL DEFAULT now())",
        );
        raw_sql(AssertSqlSafe(begin)).execute(&mut *transaction).await.map_err(failed)?;
    }
    // another process may have been faster
    let found = version(&mut transaction).await.map_err(failed)?;
    if found > known {
        return Err(ConnectError::Later { address: server.address(), found, known });
    }
    for (steps, number) in VERSIONS.iter().zip(1..).filter(|(_, number)| *number > found) {
        for step in *steps {
            raw_sql(AssertSqlSafe(prefix.fill(step))).execute(&mut *transaction).await.map_err(failed)?;
        }
        let note = prefix.fill("INSERT INTO {p}_version (version) VALUES ($1)");
        sqlx::query(AssertSqlSafe(note)).bind(number).execute(&mut *transaction).await.map_err(failed)?;
    }
    transaction.commit().await.map_err(failed)
}
