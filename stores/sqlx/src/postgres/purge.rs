//! What nobody sees any more is deleted.

use std::{convert::Infallible, time::Duration};

use socket_session::store::StoreError;
use sqlx::{Row as _, SqlStr};
use time::OffsetDateTime;
use tokio::time::sleep;

use super::{
    error::Failure,
    store::{Asks, PostgresStore},
};
use crate::purge;

impl PostgresStore {
    /// Deletes what ended more than an hour ago: nobody sees it any more, whatever clock is wrong. How many there were. Also
    /// what is known of users and not needed: their sessions without a record, and ends that nobody asks for any more.
    pub async fn purge(&self) -> Result<u64, StoreError> {
        let before = OffsetDateTime::now_utc() - purge::GRACE;
        let statements = self.statements();
        let deleted = self.purge_all(&statements.purge, |asks| asks.bind(before)).await?;
        // of sessions that somebody has deleted by hand
        self.every(&statements.tidy, |asks| asks).await?;
        self.purge_all(&statements.purge_members, |asks| asks.bind(purge::JOINING.as_secs_f64())).await?;
        self.purge_all(&statements.purge_ends, |asks| asks.bind(purge::ENDS_STAY.as_secs_f64())).await?;
        Ok(deleted)
    }

    /// Some at a time, until there are none.
    async fn purge_all(&self, sql: &SqlStr, bind: impl Fn(Asks) -> Asks) -> Result<u64, Failure> {
        let mut deleted = 0;
        loop {
            let count: i64 = self.ask(sql, |asks| bind(asks).bind(purge::AT_ONCE), |row| row.try_get(0)).await?;
            deleted += count.unsigned_abs();
            if count < purge::AT_ONCE.into() {
                return Ok(deleted);
            }
        }
    }

    /// Purges now and then, for ever. What fails is logged, and tried again.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # fn example(store: socket_session_sqlx::PostgresStore) {
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
