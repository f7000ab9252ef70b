//! A proxy before a server, that can lose its answers, cut its connections, and lead to another server.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::AbortHandle,
    time::sleep,
};

use crate::Result;

/// How long a server gets to do what it was asked before its connection is cut.
const DONE: Duration = Duration::from_millis(20);

/// A proxy on a free port of the loopback interface.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: AbortHandle,
}

#[derive(Debug)]
struct Shared {
    upstream: Mutex<SocketAddr>,
    /// Changes when all connections are to be cut.
    cuts: watch::Sender<u64>,
    losses: Mutex<Option<Losses>>,
    lost: AtomicU64,
    forwarded: AtomicU64,
}

/// Which requests are to have no answer.
#[derive(Debug)]
struct Losses {
    /// Only those that contain this.
    marker: Vec<u8>,
    /// One in so many, on average.
    every: u64,
    random: fastrand::Rng,
}

/// What becomes of a request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Answered,
    /// It does not get there.
    LostBefore,
    /// It is done, and its answer does not come.
    LostAfter,
}

impl Proxy {
    /// Leads to `upstream`.
    pub async fn start(upstream: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            upstream: Mutex::new(upstream),
            cuts: watch::Sender::new(0),
            losses: Mutex::new(None),
            lost: AtomicU64::new(0),
            forwarded: AtomicU64::new(0),
        });
        let task = tokio::spawn(accept(listener, Arc::clone(&shared))).abort_handle();
        Ok(Self { address, shared, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Leads to another server from now on, and cuts what leads to the old one.
    pub fn lead_to(&self, upstream: SocketAddr) {
        *self.shared.upstream.lock().unwrap_or_else(PoisonError::into_inner) = upstream;
        self.cut();
    }

    /// Cuts all connections.
    pub fn cut(&self) {
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Cuts the connection at one in `every` requests that contain `marker`: half of these are done before, half are not.
    pub fn lose(&self, marker: &[u8], every: u64, seed: u64) {
        let losses = Losses { marker: marker.to_vec(), every, random: fastrand::Rng::with_seed(seed) };
        *self.shared.losses.lock().unwrap_or_else(PoisonError::into_inner) = Some(losses);
    }

    /// Loses nothing any more.
    pub fn lose_nothing(&self) {
        *self.shared.losses.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// How many requests were done without an answer.
    pub fn lost(&self) -> u64 {
        self.shared.lost.load(SeqCst)
    }

    /// How many requests went through, of those that arrived at different times.
    pub fn forwarded(&self) -> u64 {
        self.shared.forwarded.load(SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        self.cut();
    }
}

impl Shared {
    fn fate(&self, request: &[u8]) -> Fate {
        let mut losses = self.losses.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(losses) = losses.as_mut() else { return Fate::Answered };
        let marked = request.windows(losses.marker.len().max(1)).any(|part| part == losses.marker);
        if !marked || losses.random.u64(..losses.every) != 0 {
            Fate::Answered
        } else if losses.random.bool() {
            Fate::LostBefore
        } else {
            Fate::LostAfter
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        drop(tokio::spawn(async move {
            let mut cuts = shared.cuts.subscribe();
            cuts.mark_unchanged();
            tokio::select! {
                () = lead(client, &shared) => {}
                _ = cuts.changed() => {}
            }
        }));
    }
}

/// Both ways end together.
async fn lead(client: TcpStream, shared: &Shared) {
    let upstream = *shared.upstream.lock().unwrap_or_else(PoisonError::into_inner);
    let Ok(server) = TcpStream::connect(upstream).await else { return };
    if client.set_nodelay(true).and_then(|()| server.set_nodelay(true)).is_err() {
        return;
    }
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let muted = AtomicBool::new(false);
    tokio::select! {
        () = requests(from_client, to_server, shared, &muted) => {}
        () = answers(from_server, to_client, &muted) => {}
    }
}

async fn requests(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, shared: &Shared, muted: &AtomicBool) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let Some(request) = buffer.get(..length) else { return };
        let fate = shared.fate(request);
        if fate == Fate::LostBefore {
            return;
        }
        if fate == Fate::LostAfter {
            muted.store(true, SeqCst);
        }
        if to.write_all(request).await.is_err() {
            return;
        }
        shared.forwarded.fetch_add(1, SeqCst);
        if fate == Fate::LostAfter {
            sleep(DONE).await;
            shared.lost.fetch_add(1, SeqCst);
            return;
        }
    }
}

async fn answers(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, muted: &AtomicBool) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let Some(answer) = buffer.get(..length) else { return };
        if muted.load(SeqCst) {
            // Until the other way has had its time.
            sleep(DONE * 2).await;
            return;
        }
        if to.write_all(answer).await.is_err() {
            return;
        }
    }
}
