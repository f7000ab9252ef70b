//! The SQL: most of it calls the functions that `migrate` has made.

use sqlx::{AssertSqlSafe, SqlSafeStr as _, SqlStr};

use crate::prefix::Prefix;

/// The statements with the prefix in them, made once.
pub(super) struct Statements {
    pub(super) create: SqlStr,
    pub(super) load: SqlStr,
    pub(super) acquire: SqlStr,
    pub(super) patch: SqlStr,
    pub(super) release: SqlStr,
    pub(super) touch: SqlStr,
    pub(super) delete: SqlStr,
    pub(super) retire: SqlStr,
    pub(super) exists: SqlStr,
    pub(super) join: SqlStr,
    pub(super) leave: SqlStr,
    pub(super) members: SqlStr,
    pub(super) end_user: SqlStr,
    pub(super) user_ended: SqlStr,
    pub(super) announce: SqlStr,
    pub(super) purge: SqlStr,
    pub(super) tidy: SqlStr,
    pub(super) purge_members: SqlStr,
    pub(super) purge_ends: SqlStr,
}

impl Statements {
    pub(super) fn new(prefix: &Prefix) -> Self {
        let statement = |sql| AssertSqlSafe(prefix.fill(sql)).into_sql_str();
        Self {
            create: statement("SELECT {p}_create($1, $2, $3, $4, $5, $6, $7)"),
            load: statement(
                "SELECT s.deadline, s.unconfirmed, s.applied[1], f.names, f.texts, s.retired_by IS NOT NULL
                 FROM {p}_sessions s LEFT JOIN LATERAL (
                   SELECT array_agg(field) AS names, array_agg(value::text) AS texts
                   FROM {p}_fields WHERE session = s.key
                 ) f ON true
                 WHERE s.key = $1 AND s.deadline > $2",
            ),
            acquire: statement(
                "SELECT deadline, unconfirmed, latest, names, \"values\", outcome, token, renewal
                 FROM {p}_acquire($1, $2, $3, $4, $5, $6, $7)",
            ),
            patch: statement("SELECT {p}_patch($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"),
            release: statement("SELECT {p}_release($1, $2, $3) IS NULL"),
            touch: statement("SELECT {p}_touch($1, $2, $3, $4, $5)"),
            delete: statement("SELECT {p}_delete($1, $2, $3)"),
            retire: statement("SELECT {p}_retire($1, $2, $3, $4, $5, $6, $7)"),
            exists: statement(
                "SELECT s.key IS NOT NULL
                 FROM unnest($1::bytea[]) WITH ORDINALITY AS asked (key, place)
                 LEFT JOIN {p}_sessions s ON s.key = asked.key AND s.deadline > $2 AND s.retired_by IS NULL
                 ORDER BY place",
            ),
            join: statement(
                "INSERT INTO {p}_users (user_key, session, joined) VALUES ($1, $2, clock_timestamp())
                 ON CONFLICT DO NOTHING",
            ),
            leave: statement("DELETE FROM {p}_users WHERE user_key = $1 AND session = ANY($2)"),
            members: statement(
                "SELECT session, (extract(epoch FROM clock_timestamp() - joined) * 1000000)::bigint
                 FROM {p}_users WHERE user_key = $1",
            ),
            // the time is taken anew where another has just ended them, who had to be waited for
            end_user: statement(
                "INSERT INTO {p}_user_ends (user_key, ended) VALUES ($1, clock_timestamp())
                 ON CONFLICT (user_key) DO UPDATE SET ended = clock_timestamp()",
            ),
            user_ended: statement(
                "SELECT (extract(epoch FROM clock_timestamp() - ended) * 1000000)::bigint
                 FROM {p}_user_ends WHERE user_key = $1",
            ),
            announce: statement("SELECT pg_notify($1, $2) IS NULL"),
            purge: statement("SELECT {p}_purge($1, $2)"),
            tidy: statement(
                "DELETE FROM {p}_leases l WHERE NOT EXISTS (SELECT FROM {p}_sessions s WHERE s.key = l.session)",
            ),
            purge_members: statement(
                "WITH ended AS (
                   SELECT user_key, session FROM {p}_users u
                   WHERE joined < clock_timestamp() - make_interval(secs => $1)
                     AND NOT EXISTS (SELECT FROM {p}_sessions s WHERE s.key = u.session)
                   LIMIT $2 FOR UPDATE OF u SKIP LOCKED
                 ), deleted AS (
                   DELETE FROM {p}_users WHERE (user_key, session) IN (SELECT user_key, session FROM ended) RETURNING 1
                 )
                 SELECT count(*) FROM deleted",
            ),
            purge_ends: statement(
                "WITH forgotten AS (
                   SELECT user_key FROM {p}_user_ends WHERE ended < clock_timestamp() - make_interval(secs => $1)
                   LIMIT $2 FOR UPDATE SKIP LOCKED
                 ), deleted AS (
                   DELETE FROM {p}_user_ends WHERE user_key IN (SELECT user_key FROM forgotten) RETURNING 1
                 )
                 SELECT count(*) FROM deleted",
            ),
        }
    }
}
