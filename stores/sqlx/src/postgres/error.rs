//! What went wrong, in words for whoever reads the log, and whether something may have been written.
//!
//! No password, no session id and no value gets into any of it: of the server's errors only the code and the first line.

use std::time::Duration;

use socket_session::store::StoreError;
use sqlx::{
    error::DatabaseError,
    postgres::{PgDatabaseError, PgSeverity},
};

use crate::{encoding::EncodingError, prefix::BadPrefix};

/// There is no connection to Postgres, or nothing to work with there.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL cannot be used.
    #[error("this is no Postgres URL, such as postgres://user:password@host:5432/database: {why}")]
    Url {
        /// What is wrong with it.
        why: String,
    },
    /// The table prefix cannot be used.
    #[error("the table prefix `{0}` is not a lowercase letter or `_`, and up to 20 of these and digits after it")]
    Prefix(String),
    /// Nothing answers at that address, or it is not to be found, or does not speak as Postgres does.
    #[error("cannot reach Postgres at {address}: {why}")]
    Unreachable {
        /// Host and port, or the path of the socket.
        address: String,
        /// What the operating system says.
        why: String,
    },
    /// Somebody listens at that address, and does not answer.
    #[error("Postgres at {address} did not answer within {after:?}")]
    Silent {
        /// Host and port, or the path of the socket.
        address: String,
        /// The limit.
        after: Duration,
    },
    /// The user name or the password is wrong.
    #[error("Postgres at {address} refuses the user name or the password")]
    Password {
        /// Host and port, or the path of the socket.
        address: String,
    },
    /// Postgres is there, and refuses to work for us.
    #[error("Postgres at {address} refuses: {answer}")]
    Refused {
        /// Host and port, or the path of the socket.
        address: String,
        /// Its error.
        answer: Answer,
    },
    /// The database cannot hold every text.
    #[error("the encoding of the database at {address} is {encoding}, and has to be UTF8")]
    Encoding {
        /// Host and port, or the path of the socket.
        address: String,
        /// The database's encoding.
        encoding: String,
    },
    /// A later version of this crate has made the tables.
    #[error("the tables at {address} are of version {found}; this version of socket-session-sqlx knows {known}")]
    Later {
        /// Host and port, or the path of the socket.
        address: String,
        /// The version of the tables.
        found: i32,
        /// The latest version that is known here.
        known: i32,
    },
}

impl ConnectError {
    pub(crate) fn new(address: &str, error: &sqlx::Error) -> Self {
        let address = address.to_owned();
        match error {
            sqlx::Error::Database(error) => match Answer::new(&**error) {
                answer if answer.code == "28P01" => Self::Password { address },
                answer => Self::Refused { address, answer },
            },
            sqlx::Error::Io(error) => Self::Unreachable { address, why: error.to_string() },
            error => Self::Unreachable { address, why: error.to_string() },
        }
    }
}

impl From<BadPrefix> for ConnectError {
    fn from(BadPrefix(prefix): BadPrefix) -> Self {
        Self::Prefix(prefix)
    }
}

/// An error of the server: what it means, and its own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{meaning} ({code} {words})", meaning = self.meaning())]
pub struct Answer {
    code: String,
    words: String,
    /// The server has closed the connection.
    fatal: bool,
}

impl Answer {
    fn new(error: &(dyn DatabaseError + 'static)) -> Self {
        let severity = error.try_downcast_ref::<PgDatabaseError>().map(PgDatabaseError::severity);
        Self {
            code: error.code().unwrap_or_default().into_owned(),
            // this line holds no values: those are in the details
            words: error.message().to_owned(),
            fatal: matches!(severity, Some(PgSeverity::Fatal | PgSeverity::Panic)),
        }
    }

    /// The SQLSTATE of the server's error, such as `53300`.
    pub fn code(&self) -> &str {
        &self.code
    }

    fn meaning(&self) -> &'static str {
        match self.code.as_str() {
            "25006" => "it is a standby, and only the primary can be written",
            "25001" => "a transaction has another isolation than it was set to: is there a pooler in between?",
            "28000" => "it does not let this user in",
            "3D000" => "there is no such database",
            "40001" | "40P01" => "others wrote at the same time, each time that it was tried",
            "42P01" | "42883" | "3F000" => "the tables are missing: call `migrate()` first",
            "42501" => "its user may not do what the store needs",
            "53100" => "its disk is full",
            "53200" => "its memory is full",
            "53300" => "it has too many connections",
            "55P03" | "57014" => "it was too busy to do this in time",
            "57P01" | "57P02" => "it is going down",
            "57P03" => "it is starting, or going down",
            code if code.starts_with("08") => "the connection is in trouble",
            code if code.starts_with("53") => "it lacks what it needs",
            _ => "it answers with an error",
        }
    }

    /// Whether the transaction may have been committed all the same. Any other error says that it was not.
    pub(crate) fn leaves_open(&self) -> bool {
        matches!(self.code.as_str(), "40003" | "57P01" | "57P02" | "57P05") || self.code.starts_with("08")
    }

    /// Others wrote at the same time, and nothing was written.
    pub(crate) fn wants_retry(&self) -> bool {
        // the last two: what the connection had prepared is of no use any more, since the tables are new
        matches!(self.code.as_str(), "40001" | "40P01" | "0A000" | "26000")
    }

    fn too_large(&self) -> bool {
        self.code == "54000"
    }
}

/// Why an operation failed.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Nothing was sent.
    #[error(transparent)]
    NotConnected(#[from] ConnectError),
    /// Nothing was sent.
    #[error("each of the {size} connections to Postgres was busy for {after:?}")]
    Crowded { size: usize, after: Duration },
    #[error("Postgres refuses: {0}")]
    Refused(Answer),
    #[error("the connection to Postgres broke before the answer came: {why}")]
    Broken { why: String },
    #[error("Postgres did not answer within {after:?}")]
    Silent { after: Duration },
    #[error(transparent)]
    Encoding(#[from] EncodingError),
    #[error("Postgres answers in a way that was not expected: {0}")]
    Odd(&'static str),
}

impl Failure {
    /// The failure of what was sent, or nearly so.
    pub(crate) fn sent(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) => Self::Refused(Answer::new(&**error)),
            sqlx::Error::RowNotFound => Self::Odd("there is no row"),
            sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::ColumnIndexOutOfBounds { .. }
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::Decode(_) => Self::Odd("a column is of another type"),
            error => Self::Broken { why: error.to_string() },
        }
    }

    /// Whether the connection is of no use any more.
    pub(crate) fn breaks(&self) -> bool {
        match self {
            Self::Broken { .. } | Self::Silent { .. } => true,
            // by now its name may lead to another server, which is the primary
            Self::Refused(answer) => {
                answer.fatal || answer.leaves_open() || matches!(answer.code(), "25006" | "0A000" | "26000")
            }
            _ => false,
        }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match &failure {
            Failure::Refused(answer) if answer.too_large() => Self::TooLarge,
            Failure::Refused(answer) if answer.leaves_open() => Self::unanswered(failure),
            Failure::Refused(_) | Failure::NotConnected(_) | Failure::Crowded { .. } | Failure::Encoding(_) => {
                Self::unavailable(failure)
            }
            Failure::Broken { .. } | Failure::Silent { .. } | Failure::Odd(_) => Self::unanswered(failure),
        }
    }
}
