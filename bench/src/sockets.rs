//! What a connected socket costs that does nothing: the bytes that are allocated for it.

use std::time::Duration;

use load::{Http, Node, Socket, Transport};
use tokio::time::sleep;

use crate::{
    Result,
    event::memory,
    servers::{Programs, Store, Variant},
};

/// Until what a handshake leaves behind for a moment is gone.
const SETTLED: Duration = Duration::from_secs(3);

/// Of one idle socket, with a session of its own.
pub(crate) struct Idle {
    pub(crate) variant: Variant,
    pub(crate) bytes: f64,
}

pub(crate) async fn run(programs: &Programs, count: u32) -> Result<Vec<Idle>> {
    let mut measured = Vec::new();
    for variant in [Variant::Alone, Variant::Library(Store::Memory)] {
        let node = Node::start(programs.program(variant, "memory", "bench-server-counting")).await?;
        let mut cookies = Vec::new();
        for _ in 0..count {
            let answer = Http::new(node.address()).post("/login", None).await?;
            // socketioxide keeps the request of the handshake: the same header for both
            cookies.push(answer.cookie().unwrap_or("sid=AAAAAAAAAAAAAAAAAAAAAA").to_owned());
        }
        sleep(SETTLED).await;
        let before = memory(&node).await?.1;
        let mut sockets = Vec::new();
        for cookie in &cookies {
            sockets.push(Socket::connect(node.address(), Transport::WebSocket, "/", Some(cookie)).await?);
        }
        sleep(SETTLED).await;
        let bytes = u32::try_from(memory(&node).await?.1.saturating_sub(before))?;
        let idle = Idle { variant, bytes: f64::from(bytes) / f64::from(count) };
        println!("{:26} {:7.0} bytes an idle socket", idle.variant.name(), idle.bytes);
        measured.push(idle);
        drop(sockets);
    }
    Ok(measured)
}
