//! Two nodes and their server, all of which can die.

use std::{net::SocketAddr, path::Path};

use test_servers::{Options, RedisServer};
use tokio::{sync::Mutex, task::block_in_place};

use crate::{Node, Result, guide, node::Program};

pub(super) struct Cluster {
    server: Mutex<RedisServer>,
    nodes: [Mutex<Node>; 2],
    addresses: [SocketAddr; 2],
}

impl Cluster {
    pub(super) async fn start(guide: &Path) -> Result<Self> {
        // What is acknowledged survives the server, so it has to be in the file by then.
        let server = block_in_place(|| RedisServer::start(Options::default().append_only()));
        let program = Program::new(guide).args(["--store", &server.url()]).env("RUST_LOG", "error");
        let nodes = [Node::start(program.clone()).await?, Node::start(program).await?];
        let addresses = [nodes[0].address(), nodes[1].address()];
        Ok(Self { server: Mutex::new(server), nodes: nodes.map(Mutex::new), addresses })
    }

    pub(super) fn addresses(&self) -> [SocketAddr; 2] {
        self.addresses
    }

    pub(super) fn address(&self, node: usize) -> SocketAddr {
        self.addresses[node % 2]
    }

    pub(super) async fn kill_node(&self, node: usize) -> Result<()> {
        self.nodes[node % 2].lock().await.kill().await
    }

    pub(super) async fn start_node(&self, node: usize) -> Result<()> {
        self.nodes[node % 2].lock().await.restart().await
    }

    /// As a crash does.
    pub(super) async fn kill_server(&self) {
        let mut server = self.server.lock().await;
        block_in_place(|| server.kill());
    }

    /// As its administrator does.
    pub(super) async fn stop_server(&self) {
        let mut server = self.server.lock().await;
        block_in_place(|| server.stop());
    }

    pub(super) async fn start_server(&self) {
        let mut server = self.server.lock().await;
        block_in_place(|| server.restart());
    }

    /// The counts of all records that there are.
    pub(super) async fn counts(&self) -> Result<Vec<u32>> {
        let port = self.server.lock().await.port();
        guide::counts(port).await
    }
}
