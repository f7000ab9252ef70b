//! The same server, which counts what it allocates: not for measuring time.

use std::{alloc::System, error::Error, process::ExitCode};

use axum::{Router, routing::get};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// `GET /memory`: how many allocations there have been, and how many bytes are allocated now.
async fn memory() -> String {
    let stats = ALLOCATOR.stats();
    let bytes = stats.bytes_allocated.saturating_sub(stats.bytes_deallocated);
    format!("{} {bytes}", stats.allocations + stats.reallocations)
}

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    bench::server::run(Router::new().route("/memory", get(memory))).await.map(|()| ExitCode::SUCCESS)
}
