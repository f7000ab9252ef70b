//! The tasks of this repository. `cargo xtask test` runs every test there is.

mod bench;
mod build;
mod command;
mod compile;
mod soak;
mod suites;
mod tools;
mod types;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::suites::Suite;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[derive(Parser)]
#[command(name = "cargo xtask", about)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run every test, installing what is missing
    Test {
        /// Run this suite alone
        #[arg(long, value_name = "SUITE")]
        only: Option<Suite>,
        /// Of the suite `js`, run the files whose name contains this
        #[arg(long, value_name = "PART", default_value = "")]
        file: String,
    },
    /// Kill and restart two nodes and their server under load, and look for what is lost
    Soak {
        /// Where the nodes keep their sessions; with `sqlite` there is no server that can die
        #[arg(long, value_parser = soak::STORES, default_value = soak::STORES[0])]
        store: String,
        /// How many events to send
        #[arg(long, default_value_t = 1_000_000)]
        events: u64,
        /// Something dies each so many events, on average
        #[arg(long, value_name = "EVENTS", default_value_t = 5_000)]
        every: u64,
        /// What a run has printed, to repeat it
        #[arg(long)]
        seed: Option<u64>,
    },
    /// Write the events of the guide in TypeScript, examples/guide/events.d.ts
    Types,
    /// Measure everything, and write docs/benchmarks.md
    Bench {
        #[command(subcommand)]
        part: Option<bench::Part>,
    },
}

fn main() -> ExitCode {
    let task = Arguments::parse().task;
    let outcome = root().and_then(|root| match task {
        Task::Test { only, file } => suites::run(&root, only, &file),
        Task::Soak { store, events, every, seed } => soak::run(&root, &store, events, every, seed),
        Task::Types => types::run(&root),
        Task::Bench { part } => bench::run(&root, part),
    });
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The folder of the workspace: cargo names this package's, which is one below it.
fn root() -> Result<PathBuf> {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").ok_or("run this as `cargo xtask`")?;
    let root = PathBuf::from(package).parent().map(PathBuf::from);
    root.ok_or_else(|| "the package has no parent folder".into())
}

/// One line that says what happens now.
fn say(message: &str) {
    println!("xtask: {message}");
}
