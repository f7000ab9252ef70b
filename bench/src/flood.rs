//! What others notice while one socket floods the server: how long their events take, and how much memory it costs.

use std::time::Duration;

use load::{Http, Packet, Socket, Transport};
use tokio::time::sleep;

use crate::{
    Result,
    load::{Shape, run as measure},
    servers::{Programs, Server, Store, Variant, pinned},
};

/// The others: each waits for its answer before it asks again.
const OTHERS: Shape = Shape { sessions: 10, sockets: 1, depth: 1 };

/// How many events the flood keeps on its way: half of what may wait for one session.
const FLOOD: u64 = 512;

/// What it has cost.
pub(crate) struct Flood {
    pub(crate) variant: Variant,
    /// Of the others' events, in microseconds.
    pub(crate) quiet: u64,
    pub(crate) flooded: u64,
    /// More memory than before, in KiB.
    pub(crate) memory: u64,
}

pub(crate) async fn run(programs: &Programs, time: Duration) -> Result<Vec<Flood>> {
    let mut floods = Vec::new();
    for variant in [Variant::Alone, Variant::Library(Store::Memory)] {
        let server = Server::start(variant, pinned(programs.program(variant, "memory", "bench-server"))).await?;
        // the first time warms up
        let mut quiet = u64::MAX;
        for _ in 0..3 {
            quiet = quiet.min(measure(&server, OTHERS, time).await?.latency.value_at_quantile(0.99));
        }
        let before = server.resident()?;
        let answer = Http::new(server.address()).post("/login", None).await?;
        let socket = Socket::connect(server.address(), Transport::WebSocket, "/", answer.cookie()).await?;
        let flooding = tokio::spawn(flood(socket));
        sleep(Duration::from_millis(200)).await;
        let mut flooded = u64::MAX;
        for _ in 0..3 {
            flooded = flooded.min(measure(&server, OTHERS, time).await?.latency.value_at_quantile(0.99));
        }
        let memory = server.resident()?.saturating_sub(before);
        if flooding.is_finished() {
            let why = flooding.await?.err();
            return Err(format!("the flood has ended before the measurement: {why:?}\n{}", server.log()).into());
        }
        flooding.abort();
        let flood = Flood { variant, quiet, flooded, memory };
        println!(
            "{:26} p99 of others {:6} µs, while one floods {:6} µs, and {} KiB more",
            variant.name(),
            flood.quiet,
            flood.flooded,
            flood.memory
        );
        floods.push(flood);
    }
    Ok(floods)
}

/// Sends for as long as it is let.
async fn flood(mut socket: Socket) -> Result<()> {
    for _ in 0..FLOOD {
        socket.feed("my event", "").await?;
    }
    socket.flush().await?;
    loop {
        match socket.next().await {
            Packet::Ack(..) => drop(socket.emit("my event", "").await?),
            Packet::Closed | Packet::Disconnected => return Err("the flood was disconnected".into()),
            _ => {}
        }
    }
}
