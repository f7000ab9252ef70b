//! Three nodes behind a proxy: one session, whichever of them a request or a socket reaches.
//!
//! `cargo run -p cluster-example` starts it all. [`node`] is the program that runs three times, [`cluster`] starts it,
//! with the redis-server and the proxy that it needs.

#[path = "../../guide/src/client.rs"]
mod client;
mod cluster;
mod node;

use std::{error::Error, process::ExitCode};

use clap::{Parser, Subcommand};

type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

/// Three nodes on one Redis, behind HAProxy
#[derive(Parser)]
struct Options {
    /// Where the proxy listens; with port 0 a free one is taken
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:3000")]
    listen: String,
    #[command(subcommand)]
    part: Option<Part>,
}

#[derive(Subcommand)]
enum Part {
    /// One node alone
    Node(node::Options),
}

#[tokio::main]
async fn main() -> ExitCode {
    let Options { listen, part } = Options::parse();
    let outcome = match part {
        Some(Part::Node(options)) => node::serve(options).await,
        None => cluster::run(&listen).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
