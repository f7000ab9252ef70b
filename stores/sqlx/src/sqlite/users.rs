//! Which sessions a user has, and when all of them were ended. It is written with a transaction's page, beside the
//! sessions, and by the clock of whoever writes or reads it: all processes are on one machine.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use serde_json::{Value, json};
use socket_session::{
    SessionKey,
    store::{Member, UserKey},
};
use sqlx::{Row as _, sqlite::SqliteRow};
use time::OffsetDateTime;

use super::{
    errands::{At, Errand},
    error::Failure,
    page::{self, Page},
    session::micros,
    work::Work,
};
use crate::encoding::hex;

/// What a transaction does to the sessions of users.
#[derive(Default)]
pub(super) struct Index {
    members: HashMap<(UserKey, SessionKey), Change>,
    ended: HashSet<UserKey>,
}

#[derive(Clone, Copy, Default)]
struct Change {
    /// Who is there already leaves.
    leaves: bool,
    /// After that.
    joins: bool,
}

impl Index {
    /// What is to be written, each a list of rows: who leaves, who joins after that, and whose sessions are ended.
    pub(super) fn rows(&self) -> [Vec<Value>; 3] {
        let row = |(user, session): &(UserKey, SessionKey)| json!([hex(user.as_bytes()), hex(session.as_bytes())]);
        let rows = |wanted: fn(&Change) -> bool| {
            let members = self.members.iter().filter(|(_, change)| wanted(change));
            members.map(|(member, _)| row(member)).collect()
        };
        let ended = self.ended.iter().map(|user| Value::from(hex(user.as_bytes())));
        [rows(|change| change.leaves), rows(|change| change.joins), ended.collect()]
    }
}

/// The key for work that is about no session: a user's hash is none of a session.
pub(super) fn no_session(user: &UserKey) -> SessionKey {
    SessionKey::from(*user.as_bytes())
}

pub(super) struct Join(pub(super) UserKey);

impl Work for Join {
    type Done = ();

    fn is_durable(&self) -> bool {
        true
    }

    fn run(&self, key: &SessionKey, _: i64, page: &mut Page<'_>) -> Result<(), Failure> {
        page.users.members.entry((self.0, *key)).or_default().joins = true;
        Ok(())
    }
}

pub(super) struct Leave {
    pub(super) user: UserKey,
    pub(super) keys: Vec<SessionKey>,
}

impl Work for Leave {
    type Done = ();

    /// Whoever comes back when the power fails has ended all the same.
    fn is_durable(&self) -> bool {
        false
    }

    fn run(&self, _: &SessionKey, _: i64, page: &mut Page<'_>) -> Result<(), Failure> {
        let left = self.keys.iter().map(|key| ((self.user, *key), Change { leaves: true, joins: false }));
        page.users.members.extend(left);
        Ok(())
    }
}

pub(super) struct End(pub(super) UserKey);

impl Work for End {
    type Done = ();

    fn is_durable(&self) -> bool {
        true
    }

    fn run(&self, _: &SessionKey, _: i64, page: &mut Page<'_>) -> Result<(), Failure> {
        page.users.ended.insert(self.0);
        Ok(())
    }
}

/// How long ago that was. The clock may have been set back meanwhile.
fn age(since: i64) -> Duration {
    let age = micros(OffsetDateTime::now_utc()).saturating_sub(since);
    Duration::from_micros(u64::try_from(age).unwrap_or(0))
}

pub(super) struct Members(pub(super) UserKey);

impl Errand for Members {
    type Done = Vec<Member>;

    async fn run(&self, at: &mut At<'_>) -> Result<Vec<Member>, Failure> {
        let asks = sqlx::query(at.statements.members.clone()).bind(hex(self.0.as_bytes()));
        let rows = at.rows(asks).await?;
        let member = |row| {
            let joined = SqliteRow::try_get(row, 1).map_err(|error| Failure::new(&error))?;
            Ok(Member { key: page::key(row)?, age: age(joined) })
        };
        rows.iter().map(member).collect()
    }
}

pub(super) struct Ended(pub(super) UserKey);

impl Errand for Ended {
    type Done = Option<Duration>;

    async fn run(&self, at: &mut At<'_>) -> Result<Option<Duration>, Failure> {
        let asks = sqlx::query(at.statements.user_ended.clone()).bind(hex(self.0.as_bytes()));
        let rows = at.rows(asks).await?;
        let ended = rows.first().map(|row| row.try_get(0)).transpose().map_err(|error| Failure::new(&error))?;
        Ok(ended.map(age))
    }
}
