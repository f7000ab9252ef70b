//! A file of SQLite, which has no server: whoever opens it does the work.

use crate::process::{Folder, must};

/// A file of one's own, in a folder of its own.
#[derive(Debug)]
pub struct SqliteFile(Folder);

impl SqliteFile {
    /// Names one that is not there yet: who opens it makes it.
    pub fn create() -> Self {
        Self(must(Folder::new("sqlite"), "no temporary folder"))
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("sqlite:{}", self.0.path().join("sessions.db").display())
    }
}
