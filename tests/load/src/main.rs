//! `load soak`, which `cargo xtask` runs with the right binaries, and the nodes of [`handover`].

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use load::{Result, handover, soak, store::Kind};

#[derive(Parser)]
#[command(about)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Two nodes on one store, all of which die at random: is what was acknowledged there?
    Soak {
        /// The binary of the guide
        #[arg(long, value_name = "PATH")]
        guide: PathBuf,
        /// Where the nodes keep their sessions
        #[arg(long, value_enum, default_value_t = Kind::Redis)]
        store: Kind,
        /// How many events to send
        #[arg(long, default_value_t = 1_000_000)]
        events: u64,
        /// Decides what is tried; random if it is not given
        #[arg(long)]
        seed: Option<u64>,
        /// How many visitors there are at once
        #[arg(long, default_value_t = 40)]
        visitors: usize,
        /// Something dies each so many events
        #[arg(long, default_value_t = 5_000, value_name = "EVENTS")]
        every: u64,
    },
    /// A node of the handover's benchmark
    #[command(hide = true)]
    Node {
        #[arg(long)]
        listen: String,
        #[arg(long)]
        store: String,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse().task).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(task: Task) -> Result<bool> {
    match task {
        Task::Soak { guide, store, events, seed, visitors, every } => {
            let seed = seed.unwrap_or_else(|| fastrand::u64(..));
            println!("soak: {events} events on {store}, seed {seed}");
            let report = soak::run(soak::Options { guide, store, events, seed, visitors, every }).await?;
            println!("{report}");
            Ok(report.is_clean())
        }
        Task::Node { listen, store } => handover::node(&listen, &store).await.map(|()| true),
    }
}
