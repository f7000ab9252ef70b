//! Socket.IO as socketioxide is built by default.

mod server;

use std::error::Error;

use clap::Parser as _;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    server::Options::parse().serve(|builder| builder).await
}
