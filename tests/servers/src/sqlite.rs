//! A file of SQLite, which has no server: whoever opens it does the work.

use std::io;

use crate::process::Folder;

/// A file that is not there yet, in a folder of its own, which ends with this.
#[derive(Debug)]
pub struct SqliteFile(Folder);

impl SqliteFile {
    /// One that nobody else has.
    pub fn new() -> io::Result<Self> {
        Folder::new("sqlite").map(Self)
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("sqlite:{}", self.0.path().join("sessions.db").display())
    }
}
