//! What went wrong, in words for whoever reads the log, and whether something may have been written.
//!
//! No session id and no value gets into any of it.

use std::time::Duration;

use socket_session::store::StoreError;

use crate::{encoding::EncodingError, prefix::BadPrefix};

/// The database cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL cannot be used.
    #[error("this is no SQLite URL, such as sqlite:sessions.db or sqlite::memory: {why}")]
    Url {
        /// What is wrong with it.
        why: String,
    },
    /// The table prefix cannot be used.
    #[error("the table prefix `{0}` is not a lowercase letter or `_`, and up to 20 of these and digits after it")]
    Prefix(String),
    /// SQLite refuses to work with that file.
    #[error("SQLite cannot use {file}: {answer}")]
    Refused {
        /// The file.
        file: String,
        /// Its error.
        answer: Answer,
    },
    /// Readers would have to wait for writers, and writers for readers.
    #[error("{file} cannot be written by several at once: its journal mode stays `{mode}`; is it on a network's disk?")]
    NoLog {
        /// The file.
        file: String,
        /// The journal mode that it has in place of `wal`.
        mode: String,
    },
    /// A later version of this crate has made the tables.
    #[error("the tables in {file} are of version {found}; this version of socket-session-sqlx knows {known}")]
    Later {
        /// The file.
        file: String,
        /// The version of the tables.
        found: i64,
        /// The latest version that is known here.
        known: i64,
    },
    /// It was busy, or the store has ended.
    #[error("{file} cannot be used: {why}")]
    Unusable {
        /// The file.
        file: String,
        /// What is in the way.
        why: String,
    },
}

impl From<BadPrefix> for ConnectError {
    fn from(BadPrefix(prefix): BadPrefix) -> Self {
        Self::Prefix(prefix)
    }
}

/// An error of SQLite: what it means, and its own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{meaning} ({code} {words})", meaning = self.meaning())]
pub struct Answer {
    code: i32,
    words: String,
}

impl Answer {
    /// SQLite's extended result code, such as 13, for a disk that is full.
    pub fn code(&self) -> i32 {
        self.code
    }

    /// The first byte is the code proper.
    fn primary(&self) -> i32 {
        self.code & 0xff
    }

    fn meaning(&self) -> &'static str {
        match self.primary() {
            1 if self.words.starts_with("no such table") => "the tables are missing: call `migrate()` first",
            5 | 6 => "another process has locked it",
            7 => "there is no memory left",
            8 => "it cannot be written",
            10 => "the disk fails",
            11 => "it is damaged",
            13 => "the disk is full",
            14 => "it cannot be opened",
            18 => "a value is too large",
            23 => "access is denied",
            26 => "it is no database",
            _ => "an error",
        }
    }

    pub(super) fn is_busy(&self) -> bool {
        matches!(self.primary(), 5 | 6)
    }

    fn too_large(&self) -> bool {
        self.primary() == 18
    }

    /// What concerns one statement, and not the database: then the connection is as good as before.
    fn is_of_the_statement(&self) -> bool {
        matches!(self.primary(), 1 | 5 | 6 | 13 | 18 | 19 | 20 | 25)
    }
}

/// Why an operation failed. Nothing was written but where it is said.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    NotOpen(#[from] ConnectError),
    #[error("another process has kept the database locked for {after:?}")]
    Busy { after: Duration },
    #[error("SQLite refuses: {0}")]
    Refused(Answer),
    #[error("the connection to SQLite is of no use: {why}")]
    Broken { why: String },
    #[error(transparent)]
    Encoding(#[from] EncodingError),
    #[error("what is in the database was not expected: {0}")]
    Odd(&'static str),
    #[error("the runtime in which the store was opened has ended")]
    Ended,
    /// It may be written.
    #[error("SQLite failed to commit: {0}")]
    Commit(Box<Failure>),
    /// It may be written.
    #[error("the runtime in which the store was opened has ended meanwhile")]
    EndedMeanwhile,
}

impl Failure {
    pub(super) fn new(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) => Self::Refused(Answer {
                code: error.code().and_then(|code| code.parse().ok()).unwrap_or_default(),
                words: error.message().to_owned(),
            }),
            sqlx::Error::RowNotFound => Self::Odd("there is no row"),
            sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::ColumnIndexOutOfBounds { .. }
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::Decode(_) => Self::Odd("a column is of another type"),
            error => Self::Broken { why: error.to_string() },
        }
    }

    pub(super) fn is_busy(&self) -> bool {
        matches!(self, Self::Refused(answer) if answer.is_busy())
    }

    /// Whether the connection is of no use any more.
    pub(super) fn breaks(&self) -> bool {
        match self {
            Self::Refused(answer) => !answer.is_of_the_statement(),
            Self::Broken { .. } | Self::Commit(_) => true,
            _ => false,
        }
    }

    pub(super) fn connecting(self, file: &str) -> ConnectError {
        let file = file.to_owned();
        match self {
            Self::NotOpen(error) => error,
            Self::Refused(answer) => ConnectError::Refused { file, answer },
            other => ConnectError::Unusable { file, why: other.to_string() },
        }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match &failure {
            Failure::Refused(answer) if answer.too_large() => Self::TooLarge,
            Failure::Commit(_) | Failure::EndedMeanwhile => Self::unanswered(failure),
            _ => Self::unavailable(failure),
        }
    }
}
