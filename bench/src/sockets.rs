//! What a connected socket costs that does nothing: the bytes that are allocated for it.

use std::time::Duration;

use load::{Http, Node, Socket, Transport};
use tokio::{task::JoinSet, time::sleep};

use crate::{
    Result,
    event::memory,
    servers::{Programs, Store, Variant},
};

/// Until what a handshake leaves behind for a moment is gone; less than until the first ping.
const SETTLED: Duration = Duration::from_secs(3);

/// How many connect at once.
const AT_ONCE: u32 = 100;

/// Of one idle socket, with a session of its own.
pub(crate) struct Idle {
    pub(crate) variant: Variant,
    pub(crate) bytes: f64,
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
        let idle = Idle { variant, bytes: f64::from(bytes) / f64::from(count) };
        println!("{:26} {:7.0} bytes an idle socket", idle.variant.name(), idle.bytes);
        measured.push(idle);
        drop(sockets);
    }
    Ok(measured)
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
