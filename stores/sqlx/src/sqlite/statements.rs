//! The SQL.
//!
//! Several statements in one text are one trip to SQLite's thread. Their parameters are `$1` and not `?1`: of these sqlx
//! loses count where one of several statements leaves some out. What is a list comes as JSON, and bytes in it as
//! hexadecimal digits.

use sqlx::{AssertSqlSafe, SqlSafeStr as _, SqlStr};

use super::session::Session;
use crate::prefix::Prefix;

/// The statements with the prefix in them, made once.
pub(super) struct Statements {
    pub(super) prefix: Prefix,
    /// Begins, and reads these sessions, and the fields of those.
    pub(super) begin: SqlStr,
    pub(super) begin_durably: SqlStr,
    pub(super) begin_lightly: SqlStr,
    /// Writes, says when all is written, and commits.
    pub(super) commit: SqlStr,
    pub(super) load: SqlStr,
    pub(super) exist: SqlStr,
    pub(super) latest: SqlStr,
    pub(super) news: SqlStr,
    /// Writes of users: who leaves, who joins, whose sessions are ended. It is part of a transaction.
    pub(super) users: SqlStr,
    pub(super) members: SqlStr,
    pub(super) user_ended: SqlStr,
    pub(super) purge: SqlStr,
    pub(super) purge_members: SqlStr,
    pub(super) purge_ends: SqlStr,
}

impl Statements {
    pub(super) fn new(prefix: Prefix) -> Self {
        let statement = |sql: &str| AssertSqlSafe(prefix.fill(sql)).into_sql_str();
        let columns = Session::COLUMNS;
        let begin = format!(
            "BEGIN IMMEDIATE;
             SELECT key, {columns} FROM {{p}}_sessions WHERE key IN (SELECT unhex(value) FROM json_each($1));
             SELECT session, field, value FROM {{p}}_fields WHERE session IN (SELECT unhex(value) FROM json_each($2));"
        );
        let updates = columns.split(", ").map(|column| format!("{column} = excluded.{column}"));
        let commit = format!(
            "DELETE FROM {{p}}_sessions WHERE key IN (SELECT unhex(value) FROM json_each($1));
             INSERT INTO {{p}}_sessions (key, {columns})
               SELECT unhex(value ->> 0), value ->> 1, value ->> 2, unhex(value ->> 3), unhex(value ->> 4),
                 unhex(value ->> 5), value ->> 6, value ->> 7, unhex(value ->> 8)
               FROM json_each($2) WHERE true
               ON CONFLICT DO UPDATE SET {};
             INSERT INTO {{p}}_fields (session, field, value)
               SELECT unhex(value ->> 0), value ->> 1, value ->> 2 FROM json_each($3) WHERE true
               ON CONFLICT DO UPDATE SET value = excluded.value;
             DELETE FROM {{p}}_fields
               WHERE (session, field) IN (SELECT unhex(value ->> 0), value ->> 1 FROM json_each($4));
             INSERT INTO {{p}}_notices (at, store, node, message)
               SELECT $6, unhex($7), unhex(value ->> 0), value ->> 1 FROM json_each($5);
             DELETE FROM {{p}}_notices
               WHERE $5 <> '[]' AND at < $8 AND id IN (SELECT id FROM {{p}}_notices ORDER BY id LIMIT 8);
             SELECT true;
             COMMIT;",
            updates.collect::<Vec<_>>().join(", ")
        );
        Self {
            begin: statement(&begin),
            begin_durably: statement(&format!("PRAGMA synchronous = FULL; {begin}")),
            begin_lightly: statement(&format!("PRAGMA synchronous = NORMAL; {begin}")),
            commit: statement(&commit),
            // a left join, so that there is a row for a record without fields
            load: statement(
                "SELECT deadline, unconfirmed, retired_by IS NOT NULL, field, value, substr(applied, 1, 16)
                 FROM {p}_sessions LEFT JOIN {p}_fields ON session = key WHERE key = unhex($1) AND deadline > $2",
            ),
            exist: statement(
                "SELECT key FROM {p}_sessions
                 WHERE key IN (SELECT unhex(value) FROM json_each($1)) AND deadline > $2 AND retired_by IS NULL",
            ),
            latest: statement("SELECT coalesce(max(id), 0) FROM {p}_notices"),
            news: statement(
                "SELECT id, CASE WHEN store <> unhex($2) AND (node IS NULL OR node = unhex($3)) THEN message END
                 FROM {p}_notices WHERE id > $1 ORDER BY id",
            ),
            users: statement(
                "DELETE FROM {p}_users
                   WHERE (user_key, session) IN (SELECT unhex(value ->> 0), unhex(value ->> 1) FROM json_each($1));
                 INSERT INTO {p}_users (user_key, session, joined)
                   SELECT unhex(value ->> 0), unhex(value ->> 1), $4 FROM json_each($2) WHERE true
                   ON CONFLICT DO NOTHING;
                 INSERT INTO {p}_user_ends (user_key, ended) SELECT unhex(value), $4 FROM json_each($3) WHERE true
                   ON CONFLICT DO UPDATE SET ended = excluded.ended;",
            ),
            members: statement("SELECT session, joined FROM {p}_users WHERE user_key = unhex($1)"),
            user_ended: statement("SELECT ended FROM {p}_user_ends WHERE user_key = unhex($1)"),
            purge_members: statement(
                "DELETE FROM {p}_users WHERE (user_key, session) IN
                   (SELECT user_key, session FROM {p}_users
                    WHERE joined < $1 AND NOT EXISTS (SELECT 1 FROM {p}_sessions WHERE key = session) LIMIT $2)",
            ),
            purge_ends: statement(
                "DELETE FROM {p}_user_ends WHERE user_key IN
                   (SELECT user_key FROM {p}_user_ends WHERE ended < $1 LIMIT $2)",
            ),
            purge: statement(
                "DELETE FROM {p}_sessions WHERE key IN
                   (SELECT key FROM {p}_sessions WHERE deadline <= $1 ORDER BY deadline LIMIT $2)",
            ),
            prefix,
        }
    }
}
