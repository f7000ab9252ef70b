//! What a connected socket costs that does nothing: the bytes that are allocated for it.

use std::time::Duration;

use load::{Http, Node, Packet, Socket, Transport};
use tokio::{task::JoinSet, time::sleep};

use crate::{
    Result,
    event::memory,
    servers::{Programs, Server, Store, Variant, pinned},
};

/// Until what a handshake leaves behind for a moment is gone; less than until the first ping.
const SETTLED: Duration = Duration::from_secs(3);

/// How many connect at once.
const AT_ONCE: u32 = 100;

/// For how long idle sockets are watched: longer than from one ping to the next.
const WATCHED: Duration = Duration::from_secs(30);

/// Of one idle socket, with a session of its own.
pub(crate) struct Idle {
    pub(crate) variant: Variant,
    pub(crate) bytes: f64,
    /// What the server computes for all of them in a second.
    pub(crate) computed: Duration,
}

pub(crate) async fn run(programs: &Programs, count: u32) -> Result<Vec<Idle>> {
    let mut measured = Vec::new();
    for variant in [Variant::Alone, Variant::Library(Store::Memory)] {
        let node = Node::start(programs.program(variant, "memory", "bench-server-counting")).await?;
        let address = node.address();
        let cookies = all(count, || async move {
            let answer = Http::new(address).post("/login", None).await?;
            // socketioxide keeps the request of the handshake: the same header for both
            Ok(answer.cookie().unwrap_or("sid=AAAAAAAAAAAAAAAAAAAAAA").to_owned())
        });
        let mut cookies = cookies.await?;
        sleep(SETTLED).await;
        let before = memory(&node).await?.1;
        let sockets = all(count, || {
            let cookie = cookies.pop();
            async move { Ok(Socket::connect(address, Transport::WebSocket, "/", cookie.as_deref()).await?) }
        });
        let sockets = sockets.await?;
        sleep(SETTLED).await;
        let bytes = u32::try_from(memory(&node).await?.1.saturating_sub(before))?;
        drop(sockets);
        drop(node);
        let computed = computed(programs, variant, count).await?;
        let idle = Idle { variant, bytes: f64::from(bytes) / f64::from(count), computed };
        println!(
            "{:26} {:7.0} bytes an idle socket, {:.1} ms a second for all",
            idle.variant.name(),
            idle.bytes,
            idle.computed.as_secs_f64() * 1e3
        );
        measured.push(idle);
    }
    Ok(measured)
}

/// What a server computes for sockets that do nothing but answer its pings, in a second.
async fn computed(programs: &Programs, variant: Variant, count: u32) -> Result<Duration> {
    let server = Server::start(variant, pinned(programs.program(variant, "memory", "bench-server"))).await?;
    let address = server.address();
    let sockets = all(count, || async move {
        let answer = Http::new(address).post("/login", None).await?;
        Ok(Socket::connect(address, Transport::WebSocket, "/", answer.cookie()).await?)
    });
    let mut answering = JoinSet::new();
    for mut socket in sockets.await? {
        answering.spawn(async move { while !matches!(socket.next().await, Packet::Closed | Packet::Disconnected) {} });
    }
    sleep(SETTLED).await;
    let before = server.computed()?;
    sleep(WATCHED).await;
    let computed = server.computed()?.saturating_sub(before);
    if let Some(ended) = answering.try_join_next() {
        ended?;
        return Err("an idle socket was disconnected".into());
    }
    Ok(computed / u32::try_from(WATCHED.as_secs())?)
}

/// Does that so many times, some at once.
async fn all<T: Send + 'static, F>(count: u32, mut once: impl FnMut() -> F) -> Result<Vec<T>>
where
    F: Future<Output = Result<T>> + Send + 'static,
{
    let mut done = Vec::new();
    let mut running = JoinSet::new();
    for number in 0..count {
        running.spawn(once());
        if number % AT_ONCE == AT_ONCE - 1 || number == count - 1 {
            while let Some(one) = running.join_next().await {
                done.push(one??);
            }
        }
    }
    Ok(done)
}
