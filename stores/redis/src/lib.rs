//! Keeps [socket-session]'s sessions in Redis: any number of nodes share them, and count exactly.
//!
//! ```no_run
//! use socket_session::Sessions;
//! use socket_session_redis::RedisStore;
//! use socketioxide::SocketIo;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let store = RedisStore::connect("redis://:password@127.0.0.1:6379/").await?;
//! let (io_layer, io) = SocketIo::new_layer();
//! let sessions = Sessions::builder(store).build(&io);
//! # let _ = (io_layer, sessions);
//! # Ok(())
//! # }
//! ```
//!
//! [`RedisStore::builder`] has the options: [`prefix`](Builder::prefix), [`replicas`](Builder::replicas), timeouts.
//! What is promised, what a failover can lose, and how Redis should be configured, is in this crate's README.
//!
//! # When Redis fails
//!
//! [`connect`](RedisStore::connect) fails fast, with a [`ConnectError`] that says why. After that nothing needs a
//! restart: a connection that breaks is made anew, by the next request.
//!
//! An error says whether something may have been written. It is
//! [`Unavailable`](socket_session::store::StoreError::Unavailable) where nothing was sent, or where Redis has refused:
//! no connection, `NOAUTH`, `READONLY`, `OOM`, `LOADING`, `MISCONF`, `WRONGTYPE`, … It is
//! [`Unanswered`](socket_session::store::StoreError::Unanswered) where the connection broke, or no answer came in time,
//! or fewer [`replicas`](Builder::replicas) than asked have it. No error holds a password, a session id, or a value.
//!
//! # What is stored
//!
//! A session is one hash, `<prefix>{<SHA-256 of its id, in hexadecimal digits>}`: a field `=<key>` with JSON text for
//! each key, and bookkeeping in fields that begin with `@`. So a leaked dump holds no credentials. Which sessions a user
//! has is a sorted set, `<prefix>user:{<hash of the user>}`, and when all of them were ended a text,
//! `<prefix>ended:{<the same>}`: these times are of the server's clock, and nobody compares them with another. Whether a session
//! is past its deadline is judged by the clock of the node that asks. The server's own clock only collects
//! garbage, an hour later.
//!
//! [socket-session]: socket_session

mod connect;
mod connection;
mod encoding;
mod error;
mod notices;
mod scripts;
mod store;

pub use redis;

pub use self::{connect::Builder, error::ConnectError, store::RedisStore};
