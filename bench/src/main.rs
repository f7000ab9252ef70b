//! What exactness costs. `cargo xtask bench` runs this, with the client on one core and the servers on another.

mod compare;
mod event;
mod flood;
mod load;
mod machine;
mod plot;
mod report;
mod servers;
mod sockets;
mod statistics;

use std::{error::Error, path::PathBuf, time::Duration};

use ::load::handover;
use clap::{Parser, Subcommand};

use crate::servers::Programs;

type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

#[derive(Parser)]
struct Options {
    /// The folder of the guide in JavaScript, with its packages
    #[arg(long)]
    node: PathBuf,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Everything, written as a document with a plot beside it
    All {
        /// The document
        #[arg(long)]
        write: PathBuf,
        #[command(flatten)]
        rounds: Rounds,
        #[command(flatten)]
        idle: Idle,
    },
    /// Events a second
    Compare {
        #[command(flatten)]
        rounds: Rounds,
        /// Only servers whose name contains this
        #[arg(long, default_value = "")]
        only: String,
    },
    /// Allocations and instructions of an event
    Event,
    /// Bytes of an idle socket
    Idle {
        #[command(flatten)]
        idle: Idle,
    },
    /// How long others wait while one socket floods
    Flood,
    /// How long an event waits when two nodes want the same session
    Handover,
}

#[derive(clap::Args, Clone, Copy)]
struct Rounds {
    /// How often each is measured
    #[arg(long, default_value_t = 10)]
    rounds: usize,
    /// For how long each time
    #[arg(long, value_name = "MS", default_value_t = 1_000)]
    millis: u64,
}

#[derive(clap::Args, Clone, Copy)]
struct Idle {
    /// How many sockets
    #[arg(long, default_value_t = 5_000)]
    sockets: u32,
}

/// For how long others are measured, with a flood and without.
const FLOODED: Duration = Duration::from_secs(2);

/// Events of each socket, where two nodes want the same session.
const HANDOVERS: u64 = 1_000;

impl Rounds {
    fn options(self, only: &str) -> compare::Options<'_> {
        compare::Options { rounds: self.rounds, time: Duration::from_millis(self.millis), only }
    }
}

// Several threads, for starting a server blocks one; the core is one all the same.
#[tokio::main]
async fn main() -> Result<()> {
    let Options { node, what } = Options::parse();
    let programs = Programs::new(node)?;
    match what {
        What::All { write, rounds, idle } => {
            let measured = report::Measured {
                machine: machine::description(),
                options: rounds.options(""),
                comparisons: compare::run(&programs, &rounds.options("")).await?,
                costs: event::run(&programs).await?,
                sockets: idle.sockets,
                idle: sockets::run(&programs, idle.sockets).await?,
                floods: flood::run(&programs, FLOODED).await?,
                handovers: both_handovers(&programs).await?,
            };
            measured.write(&write)?;
        }
        What::Compare { rounds, only } => drop(compare::run(&programs, &rounds.options(&only)).await?),
        What::Event => drop(event::run(&programs).await?),
        What::Idle { idle } => drop(sockets::run(&programs, idle.sockets).await?),
        What::Flood => drop(flood::run(&programs, FLOODED).await?),
        What::Handover => drop(both_handovers(&programs).await?),
    }
    Ok(())
}

/// With one and with four sockets on each node.
async fn both_handovers(programs: &Programs) -> Result<[handover::Report; 2]> {
    Ok([handovers(programs, 1).await?, handovers(programs, 4).await?])
}

async fn handovers(programs: &Programs, sockets: usize) -> Result<handover::Report> {
    let options = handover::Options { program: programs.binary("load"), sockets, events: HANDOVERS / sockets as u64 };
    let report = handover::run(options).await?;
    print!("{report}");
    Ok(report)
}
