//! What dies, and when.

use std::{
    fmt,
    sync::{Arc, atomic::Ordering::SeqCst},
    time::Duration,
};

use fastrand::Rng;
use tokio::time::sleep;

use super::Run;
use crate::Result;

/// How often what has died.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Deaths {
    nodes: u64,
    servers: u64,
    restarts: u64,
}

/// Kills and restarts until all events are sent; afterwards everything runs.
pub(super) async fn run(run: Arc<Run>, every: u64, mut random: Rng) -> Result<Deaths> {
    let mut deaths = Deaths::default();
    let mut next = 0;
    loop {
        next += random.u64(every / 2..=every + every / 2).max(1);
        while run.sent() < next {
            if run.over.load(SeqCst) || run.sent() == run.events {
                return Ok(deaths);
            }
            sleep(Duration::from_millis(5)).await;
        }
        let pause = Duration::from_millis(random.u64(0..1_500));
        // where there is no server, nodes are all that can die
        match random.u8(0..if run.cluster.has_server() { 10 } else { 7 }) {
            0..6 => {
                let node = random.usize(0..2);
                deaths.nodes += 1;
                run.cluster.kill_node(node).await?;
                sleep(pause).await;
                run.cluster.start_node(node).await?;
            }
            6 => {
                deaths.nodes += 2;
                run.cluster.kill_node(0).await?;
                run.cluster.kill_node(1).await?;
                sleep(pause).await;
                run.cluster.start_node(0).await?;
                run.cluster.start_node(1).await?;
            }
            7..9 => {
                deaths.servers += 1;
                run.cluster.kill_server().await;
                sleep(pause).await;
                run.cluster.start_server().await;
            }
            _ => {
                deaths.restarts += 1;
                run.cluster.stop_server().await;
                run.cluster.start_server().await;
            }
        }
    }
}

impl fmt::Display for Deaths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { nodes, servers, restarts } = self;
        write!(f, "{nodes} nodes killed, {servers} servers killed, {restarts} servers restarted")
    }
}
