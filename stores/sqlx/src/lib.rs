//! Keeps [socket-session]'s sessions in Postgres, for any number of nodes, or in a file of SQLite, for the processes of
//! one machine. Both count exactly.
//!
//! Each is a feature, which pulls in its driver and no other: `postgres` and `sqlite`.
//!
//! ```no_run
//! use std::time::Duration;
//! use socket_session::Sessions;
//! use socket_session_sqlx::PostgresStore;
//! use socketioxide::SocketIo;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let store = PostgresStore::connect("postgres://user:password@127.0.0.1/app").await?;
//! store.migrate().await?;
//! tokio::spawn(store.clone().purge_continuously(Duration::from_secs(600)));
//!
//! let (io_layer, io) = SocketIo::new_layer();
//! let sessions = Sessions::builder(store).build(&io);
//! # let _ = (io_layer, sessions);
//! # Ok(())
//! # }
//! ```
//!
//! [`SqliteStore`] is used in the same way, with `sqlite:sessions.db`; and with `sqlite::memory:` in
//! tests. The builders have the options: [of Postgres](postgres::Builder), [of SQLite](sqlite::Builder). What is promised,
//! what is lost when something dies, and which rights a user needs, is in the [README].
//!
//! # When the database fails
//!
//! `connect` fails fast, with a `ConnectError` that says why. After that nothing needs a restart: a connection that breaks
//! is made anew, by the next request.
//!
//! An error says whether something may have been written. It is
//! [`Unavailable`](socket_session::store::StoreError::Unavailable) where nothing was sent, or where the database has
//! refused: no connection, locked, full, read-only, too many connections, too slow, … It is
//! [`Unanswered`](socket_session::store::StoreError::Unanswered) where the connection broke, or no answer came in time, or
//! where a commit failed. What gets in each other's way inside Postgres (a deadlock, a serialization failure) is tried again.
//! No error holds a password, a session id, or a value.
//!
//! # What is stored
//!
//! A session is a row of the table `socket_session_sessions`, under the SHA-256 of its id, and a row of
//! `socket_session_fields` for each key. So a leaked dump holds no credentials. A value is JSON text as it was written, in
//! Postgres of the type `json`: `jsonb` would refuse `\u0000` and round numbers, and so no value has to be refused here. A
//! key is itself, but for `"`, `\` and what cannot be printed, which are as in JSON; one of more than 1,000 bytes is a hash,
//! with the key beside the value. Who may write is in Postgres in an unlogged table, and in SQLite with the session.
//!
//! Which sessions a user has is in `socket_session_users`, under a hash of the user, and when all of them were ended in
//! `socket_session_user_ends`. These times are of the database's clock, in SQLite of the machine's, and the store tells
//! ages only.
//!
//! Whether a session is past its deadline is judged by the clock of the node that asks. What ended more than an hour ago is
//! deleted by `purge`, and by nothing else; so are entries of users without a session, and their ends after 20 minutes.
//!
//! [socket-session]: socket_session
//! [README]: https://docs.rs/crate/socket-session-sqlx

#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod encoding;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod message;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod prefix;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod purge;

#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "sqlite")]
pub mod sqlite;

pub use sqlx;

#[cfg(feature = "postgres")]
pub use self::postgres::PostgresStore;
#[cfg(feature = "sqlite")]
pub use self::sqlite::SqliteStore;
