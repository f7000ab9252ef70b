//! Two nodes and their store, all of which can die.

use std::{net::SocketAddr, path::Path};

use tokio::{sync::Mutex, task::block_in_place};

use crate::{Node, Result, Store, node::Program, store::Kind};

pub(super) struct Cluster {
    store: Mutex<Store>,
    has_server: bool,
    nodes: [Mutex<Node>; 2],
    addresses: [SocketAddr; 2],
}

impl Cluster {
    pub(super) async fn start(guide: &Path, kind: Kind) -> Result<Self> {
        let store = block_in_place(|| Store::start(kind));
        let program = Program::new(guide).args(["--store", &store.url()]).env("RUST_LOG", "error");
        let nodes = [Node::start(program.clone()).await?, Node::start(program).await?];
        let addresses = [nodes[0].address(), nodes[1].address()];
        let has_server = store.server().is_some();
        Ok(Self { store: Mutex::new(store), has_server, nodes: nodes.map(Mutex::new), addresses })
    }

    pub(super) fn addresses(&self) -> [SocketAddr; 2] {
        self.addresses
    }

    pub(super) fn address(&self, node: usize) -> SocketAddr {
        self.addresses[node % 2]
    }

    /// Whether there is a server that can die.
    pub(super) fn has_server(&self) -> bool {
        self.has_server
    }

    pub(super) async fn kill_node(&self, node: usize) -> Result<()> {
        self.nodes[node % 2].lock().await.kill().await
    }

    pub(super) async fn start_node(&self, node: usize) -> Result<()> {
        self.nodes[node % 2].lock().await.restart().await
    }

    /// As a crash does.
    pub(super) async fn kill_server(&self) {
        let mut store = self.store.lock().await;
        block_in_place(|| store.kill());
    }

    /// As its administrator does.
    pub(super) async fn stop_server(&self) {
        let mut store = self.store.lock().await;
        block_in_place(|| store.stop());
    }

    pub(super) async fn start_server(&self) {
        let mut store = self.store.lock().await;
        block_in_place(|| store.restart());
    }

    /// The counts of all records that there are.
    pub(super) async fn counts(&self) -> Result<Vec<u32>> {
        self.store.lock().await.counts().await
    }
}
