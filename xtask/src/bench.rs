//! Runs bench, which measures.

use std::path::Path;
use std::process::Command;

use clap::Subcommand;

use crate::command::{cargo, watch};
use crate::{Result, build, compile, say, tools};

/// What can be measured by itself; but for the compiler's time, nothing of that is written down.
#[derive(Clone, Subcommand)]
pub(crate) enum Part {
    /// Events a second, of all servers in turns
    Compare {
        /// Only servers whose name contains this
        #[arg(long, default_value = "")]
        only: String,
        /// How often each is measured
        #[arg(long, default_value = "10")]
        rounds: String,
    },
    /// Allocations and instructions of an event
    Event,
    /// Bytes of an idle socket
    Idle,
    /// How long others wait while one socket floods
    Flood,
    /// How long an event waits when two nodes want the same session
    Handover,
    /// Load, diff, patch and queue, each by itself
    Parts,
    /// What the attributes cost when they are compiled, which writes its section of docs/benchmarks.md
    Compile {
        /// How often each crate is checked
        #[arg(long, default_value_t = 7)]
        rounds: usize,
    },
}

/// The core of the client and the databases; bench gives the other one to the servers.
const CORE: &str = "0";

/// Measures, and without a part, writes docs/benchmarks.md.
pub(crate) fn run(root: &Path, part: Option<Part>) -> Result<bool> {
    if let Some(Part::Parts) = part {
        let mut parts = cargo();
        return watch(parts.args(["bench", "-p", "bench"]).current_dir(root), |line| println!("{line}"));
    }
    if let Some(Part::Compile { rounds }) = part {
        return compile::run(root, rounds);
    }
    tools::prepare_benchmarks(root)?;
    say("building the servers and their load");
    let bench = build::binaries(root, &["bench", "load"], true)?.into_iter().next().ok_or("there is no bench")?;
    let mut measure = Command::new("taskset");
    measure.args(["-c", CORE]).arg(bench).arg("--node").arg(root.join("tests/js"));
    match part {
        None => measure.arg("all").arg("--write").arg(root.join("docs/benchmarks.md")),
        Some(Part::Compare { only, rounds }) => measure.args(["compare", "--only", &only, "--rounds", &rounds]),
        Some(Part::Event) => measure.arg("event"),
        Some(Part::Idle) => measure.arg("idle"),
        Some(Part::Flood) => measure.arg("flood"),
        Some(Part::Handover | Part::Parts | Part::Compile { .. }) => measure.arg("handover"),
    };
    watch(&mut measure, |line| println!("{line}"))
}
