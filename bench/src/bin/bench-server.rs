//! The server whose speed is measured.

use std::{error::Error, process::ExitCode};

use axum::Router;

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    bench::server::run(Router::new()).await.map(|()| ExitCode::SUCCESS)
}
