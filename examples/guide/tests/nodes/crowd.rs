//! Two guides on one store, and a crowd that counts in one session.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use load::{
    Http, Node, Socket, Transport,
    counting::{Counting, Next, Posted, Reasons},
    guide,
    ledger::Tally,
    node::Program,
};
use tokio::{task::JoinSet, time::sleep};

/// How long anything may take here that is not to be waited for.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// The guide, on that store.
pub(crate) fn program(store: &str) -> Program {
    Program::new(env!("CARGO_BIN_EXE_guide")).args(["--store", store]).env("RUST_LOG", "warn")
}

/// Two of them.
pub(crate) async fn two(store: &str) -> [Node; 2] {
    [Node::start(program(store)).await.unwrap(), Node::start(program(store)).await.unwrap()]
}

pub(crate) fn addresses(nodes: &[Node; 2]) -> [SocketAddr; 2] {
    [nodes[0].address(), nodes[1].address()]
}

pub(crate) async fn login(address: SocketAddr) -> String {
    guide::login(&mut Http::new(address)).await.unwrap()
}

pub(crate) async fn count(address: SocketAddr, cookie: &str) -> Option<u64> {
    guide::count(&mut Http::new(address), cookie).await.unwrap()
}

/// Waits until it is so.
pub(crate) async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !so().await {
        assert!(begun.elapsed() < PATIENCE, "waited in vain for: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// Four sockets on each of two nodes, and one that posts, all of one session. They connect again whenever they are cut off.
pub(crate) struct Crowd {
    counting: Arc<Counting>,
    left: Arc<AtomicU64>,
    stopped: Arc<AtomicBool>,
    clients: JoinSet<()>,
}

impl Crowd {
    /// Sends so many events, from `base` on.
    pub(crate) fn start(nodes: [SocketAddr; 2], cookie: &str, transport: Transport, base: u32, events: u64) -> Self {
        let mut crowd = Self {
            counting: Arc::new(Counting::new(base..u32::MAX)),
            left: Arc::new(AtomicU64::new(events)),
            stopped: Arc::default(),
            clients: JoinSet::new(),
        };
        for address in nodes {
            for _ in 0..4 {
                let member = crowd.member(address, cookie);
                crowd.clients.spawn(member.emit(transport));
            }
            let member = crowd.member(address, cookie);
            crowd.clients.spawn(member.post());
        }
        crowd
    }

    fn member(&self, address: SocketAddr, cookie: &str) -> Member {
        Member {
            counting: Arc::clone(&self.counting),
            left: Arc::clone(&self.left),
            stopped: Arc::clone(&self.stopped),
            address,
            cookie: cookie.to_owned(),
        }
    }

    pub(crate) fn tally(&self) -> Tally {
        self.counting.ledger().tally()
    }

    /// Why events were not counted.
    pub(crate) fn reasons(&self) -> Reasons {
        self.counting.reasons()
    }

    /// The session has ended, and its client knows.
    pub(crate) fn end(&self) {
        self.counting.ledger().end();
    }

    /// Waits until so many events are acknowledged.
    pub(crate) async fn acknowledged(&self, events: u64) {
        until(&format!("{events} acknowledgements"), async || self.tally().acknowledged >= events).await;
    }

    /// Sends no more.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, SeqCst);
    }

    /// Waits until all is sent and answered, or given up.
    pub(crate) async fn done(&mut self) {
        while let Some(client) = self.clients.join_next().await {
            client.unwrap();
        }
    }

    /// The same, and closes the books: the count is `last`.
    pub(crate) async fn close(mut self, last: Option<u64>) -> Tally {
        self.done().await;
        Arc::into_inner(self.counting).unwrap().close(last).0
    }
}

struct Member {
    counting: Arc<Counting>,
    left: Arc<AtomicU64>,
    stopped: Arc<AtomicBool>,
    address: SocketAddr,
    cookie: String,
}

impl Member {
    fn is_done(&self) -> bool {
        self.left.load(SeqCst) == 0 || self.stopped.load(SeqCst)
    }

    fn take(&self) -> bool {
        !self.is_done() && self.left.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok()
    }

    async fn emit(self, transport: Transport) {
        while !self.is_done() {
            if let Ok(mut socket) = Socket::connect(self.address, transport, "/", Some(&self.cookie)).await {
                let next = || self.take().then_some(Next::Add);
                self.counting.emit(&mut socket, 4, next, || false).await;
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    async fn post(self) {
        let mut http = Http::new(self.address);
        while self.take() {
            if self.counting.post(&mut http, &self.cookie).await == Posted::NotSent {
                self.left.fetch_add(1, SeqCst);
            }
        }
    }
}
