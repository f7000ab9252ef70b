//! Socket.IO with both of socketioxide's optional protocols: `v4` (Engine.IO 3) as well, and msgpack where asked for.

mod server;

use std::error::Error;

use clap::Parser as _;
use socketioxide::ParserConfig;

#[derive(clap::Parser)]
struct Featured {
    #[command(flatten)]
    server: server::Options,
    /// Packets in msgpack
    #[arg(long)]
    msgpack: bool,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let Featured { server, msgpack } = Featured::parse();
    server.serve(|builder| if msgpack { builder.with_parser(ParserConfig::msgpack()) } else { builder }).await
}
