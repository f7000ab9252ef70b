//! What went wrong, in words for whoever reads the log, and whether something may have been written.
//!
//! No password, no session id and no value gets into any of it.

use std::time::Duration;

use redis::{ErrorKind, RedisError, ServerError};
use socket_session::store::StoreError;

/// There is no connection to Redis.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL cannot be used.
    #[error("this is no Redis URL, such as redis://user:password@host:6379/0: {why}")]
    Url {
        /// What is wrong with it.
        why: String,
    },
    /// The prefix cannot be used: a Redis Cluster would take its braces for the part of the key that it shards by.
    #[error("the prefix `{0}` of the session keys must not contain `{{` or `}}`")]
    Prefix(String),
    /// Nothing answers at that address, or it is not to be found.
    #[error("cannot reach Redis at {address}: {why}")]
    Unreachable {
        /// Host and port, or the path of the socket.
        address: String,
        /// What the operating system says.
        why: String,
    },
    /// Somebody listens at that address, and does not answer.
    #[error("Redis at {address} did not answer within {after:?}")]
    Silent {
        /// Host and port, or the path of the socket.
        address: String,
        /// The limit.
        after: Duration,
    },
    /// The user name or the password is wrong.
    #[error("Redis at {address} refuses the user name or the password")]
    Password {
        /// Host and port, or the path of the socket.
        address: String,
    },
    /// Redis is there, and refuses to work for us.
    #[error("Redis at {address} refuses: {answer}")]
    Refused {
        /// Host and port, or the path of the socket.
        address: String,
        /// Its error.
        answer: Answer,
    },
}

impl ConnectError {
    pub(crate) fn new(address: &str, after: Duration, error: RedisError) -> Self {
        let address = address.to_owned();
        match error.kind() {
            ErrorKind::AuthenticationFailed => Self::Password { address },
            _ if error.is_timeout() => Self::Silent { address, after },
            _ => {
                let why = error.to_string();
                match error.into_server_errors().as_deref() {
                    Some([(_, answer), ..]) => Self::Refused { address, answer: Answer::new(answer) },
                    _ => Self::Unreachable { address, why },
                }
            }
        }
    }
}

/// An error of the server: what it means, and its own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{meaning} ({code} {words})", meaning = self.meaning())]
pub struct Answer {
    code: String,
    words: String,
}

impl Answer {
    pub(crate) fn new(error: &ServerError) -> Self {
        // for a command that it does not know, the server repeats its arguments
        let words = error.details().unwrap_or_default().split(", with args").next().unwrap_or_default();
        Self { code: error.code().to_owned(), words: words.to_owned() }
    }

    /// The first word of the server's error, such as `READONLY`.
    pub fn code(&self) -> &str {
        &self.code
    }

    fn meaning(&self) -> &'static str {
        match self.code.as_str() {
            "NOAUTH" => "it wants a password, and the URL has none",
            "WRONGPASS" => "the user name or the password is wrong",
            "NOPERM" => "its user may not do what the store needs",
            "READONLY" => "it is a replica, and only the master can be written",
            "OOM" => "its memory is full, up to its `maxmemory`",
            "LOADING" => "it is still loading its data",
            "MISCONF" => "it cannot save to its disk, and so takes no changes",
            "NOREPLICAS" => "it has fewer replicas than its `min-replicas-to-write`",
            "BUSY" => "it is busy with a script of somebody else",
            "MASTERDOWN" => "it is a replica that has lost its master",
            "WRONGTYPE" => "a key of this prefix is of another type: somebody else writes there, too",
            "CORRUPT" => "the bookkeeping under a key is damaged: somebody else writes there, too",
            "MOVED" | "ASK" | "TRYAGAIN" | "CLUSTERDOWN" | "CROSSSLOT" => {
                "it is a node of a Redis Cluster, which this store does not route in"
            }
            _ => "it answers with an error",
        }
    }

    /// Whether nothing was written: the server says these before it runs a script, or at its first write.
    fn before_writing(&self) -> bool {
        match self.code.as_str() {
            "NOAUTH" | "WRONGPASS" | "NOPERM" | "READONLY" | "OOM" | "LOADING" | "MISCONF" | "NOREPLICAS" | "BUSY"
            | "MASTERDOWN" | "WRONGTYPE" | "CORRUPT" | "NOSCRIPT" | "MOVED" | "ASK" | "TRYAGAIN" | "CLUSTERDOWN"
            | "CROSSSLOT" => true,
            "ERR" => self.words.starts_with("unknown command"),
            _ => false,
        }
    }

    fn too_large(&self) -> bool {
        // the second is for too many arguments
        ["invalid bulk length", "invalid multibulk length"].iter().any(|words| self.words.contains(words))
    }
}

/// Why an operation failed.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Nothing was sent.
    #[error(transparent)]
    NotConnected(#[from] ConnectError),
    #[error("Redis refuses: {0}")]
    Refused(Answer),
    #[error("the connection to Redis broke before the answer came: {why}")]
    Broken { why: String },
    #[error("Redis did not answer within {after:?}")]
    Silent { after: Duration },
    #[error("only {acknowledged} of the {asked} replicas asked for have the change: it may be lost with the master")]
    Replicas { acknowledged: i64, asked: usize },
    #[error("what Redis has under a key of this prefix cannot be read: {0}")]
    Unreadable(&'static str),
    #[error("Redis answers in a way that was not expected")]
    Odd,
    #[error("a value is nested too deep to be read again: 127 lists and maps in each other are the most")]
    TooDeep,
}

impl Failure {
    /// A request that was sent, or nearly so.
    pub(crate) fn sent(after: Duration, error: &RedisError) -> Self {
        if error.is_timeout() { Self::Silent { after } } else { Self::Broken { why: error.to_string() } }
    }

    /// An answer that concerns the connection, and not the request.
    pub(crate) fn wants_another_connection(&self) -> bool {
        match self {
            // by now its name may lead to another server, which is the master
            Self::Refused(answer) if answer.code == "READONLY" => true,
            // after that the server hangs up
            Self::Refused(answer) => answer.words.starts_with("Protocol error"),
            _ => false,
        }
    }
}

impl From<&ServerError> for Failure {
    fn from(error: &ServerError) -> Self {
        Self::Refused(Answer::new(error))
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match &failure {
            Failure::Refused(answer) if answer.too_large() => Self::TooLarge,
            Failure::Refused(answer) if answer.before_writing() => Self::unavailable(failure),
            Failure::NotConnected(_) | Failure::Unreadable(_) | Failure::TooDeep => Self::unavailable(failure),
            Failure::Refused(_)
            | Failure::Broken { .. }
            | Failure::Silent { .. }
            | Failure::Replicas { .. }
            | Failure::Odd => Self::unanswered(failure),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(answer: &[u8]) -> StoreError {
        let value = redis::parse_redis_value(answer).unwrap();
        let redis::Value::ServerError(error) = value else { panic!("{value:?}") };
        Failure::from(&error).into()
    }

    #[test]
    fn only_what_is_said_before_a_script_writes_is_certain() {
        for answer in ["NOAUTH no", "READONLY no", "OOM no", "LOADING no", "WRONGTYPE no", "ERR unknown command 'x'"] {
            let error = failed(format!("-{answer}\r\n").as_bytes());
            assert!(matches!(error, StoreError::Unavailable(_)), "{answer}");
        }
        for answer in ["ERR user_script:1: no", "UNKILLABLE no", "SURPRISE no"] {
            let error = failed(format!("-{answer}\r\n").as_bytes());
            assert!(matches!(error, StoreError::Unanswered(_)), "{answer}");
        }
    }

    #[test]
    fn too_large_is_said_in_words() {
        for words in ["invalid bulk length", "invalid multibulk length"] {
            let error = failed(format!("-ERR Protocol error: {words}\r\n").as_bytes());
            assert!(matches!(error, StoreError::TooLarge), "{words}");
        }
    }

    #[test]
    fn arguments_that_the_server_repeats_are_not_shown() {
        let error = failed(b"-ERR unknown command 'EVALSHA', with args beginning with: 'hunter2'\r\n");
        let StoreError::Unavailable(reason) = error else { panic!("{error:?}") };
        assert!(!format!("{reason} {reason:?}").contains("hunter2"), "{reason}");
    }
}
