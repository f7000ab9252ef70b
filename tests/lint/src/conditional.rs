//! Near `inside_cfg_attr` and `parameter_under_cfg`: whole fields, structs and functions under `#[cfg]`.

use socket_session::{on, socket_session};

/// One name, one of two types.
#[socket_session]
#[derive(Debug)]
#[cfg(not(any()))]
pub struct Visit {
    /// On one machine a number.
    #[cfg(unix)]
    #[session(key = "count", default = 1)]
    pub count: u32,
    /// On another a text.
    #[cfg(not(unix))]
    #[session(key = "count")]
    pub count: String,
    /// Nowhere: the type does not exist.
    #[cfg(any())]
    pub never: Missing,
    /// An attribute that is not ours.
    #[cfg_attr(all(), doc = " That is all.")]
    pub other: bool,
    #[cfg(any())]
    #[session(skip)]
    skipped: Missing,
}

/// One name, one of two views.
#[on("count")]
#[cfg(unix)]
pub async fn count(visit: &mut Visit) -> u32 {
    visit.count
}

/// One name, one of two views.
#[on("count")]
#[cfg(not(unix))]
pub async fn count(visit: &Visit) -> &str {
    &visit.count
}
