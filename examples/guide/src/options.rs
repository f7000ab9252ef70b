//! The options of the command line.

use clap::Parser;
use time::Duration;

use crate::store::Store;

/// The guide "How to use with express-session", with axum and socketioxide
#[derive(Parser)]
pub(crate) struct Options {
    /// Where to listen; with port 0 a free one is taken
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:3000")]
    pub(crate) listen: String,

    /// Where the sessions are kept: `memory`; `redis://…` or `postgres://…`, which any number of these share; or
    /// `sqlite:FILE`, which those on one machine share
    #[arg(long, value_name = "STORE", default_value = "memory")]
    pub(crate) store: Store,

    /// How long a session lives without being used
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) ttl: Option<Duration>,

    /// Create the session of a visitor who has none when Socket.IO connects
    #[arg(long)]
    pub(crate) create: bool,

    /// Print what the page and the server say to each other, in TypeScript, and end
    #[arg(long)]
    pub(crate) types: bool,
}

impl Options {
    /// Reads the command line; what is wrong with it is told in one line.
    pub(crate) fn read() -> Result<Self, String> {
        Self::try_parse().map_err(|error| {
            if !error.use_stderr() {
                error.exit(); // not an error: `--help`
            }
            let text = error.to_string();
            let line = text.lines().next().unwrap_or_default();
            line.strip_prefix("error: ").unwrap_or(line).to_owned()
        })
    }
}

fn seconds(text: &str) -> Result<Duration, &'static str> {
    match text.parse::<u32>() {
        Ok(seconds @ 1..) => Ok(Duration::seconds(seconds.into())),
        _ => Err("expected a whole number of seconds, at least 1"),
    }
}
