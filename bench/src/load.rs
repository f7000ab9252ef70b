//! The load: sessions, each with sockets, each with some events on their way.

use std::{
    fmt,
    net::SocketAddr,
    time::{Duration, Instant},
};

use ::load::{Http, Packet, Socket, Transport};
use hdrhistogram::Histogram;
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

use crate::{
    Result,
    servers::{Server, Variant},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) sessions: usize,
    /// Of each session.
    pub(crate) sockets: usize,
    /// Events of a socket that are on their way at once.
    pub(crate) depth: usize,
}

impl Shape {
    pub(crate) const ALL: [Self; 4] = [
        Self { sessions: 50, sockets: 1, depth: 1 },
        Self { sessions: 50, sockets: 1, depth: 8 },
        Self { sessions: 10, sockets: 5, depth: 1 },
        Self { sessions: 10, sockets: 5, depth: 8 },
    ];
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} sessions × {} sockets, depth {}", self.sessions, self.sockets, self.depth)
    }
}

pub(crate) struct Measured {
    pub(crate) acknowledged: u64,
    /// What the sessions have counted.
    pub(crate) found: u64,
    /// In microseconds.
    pub(crate) latency: Histogram<u64>,
    took: Duration,
    /// By the server.
    computed: Duration,
}

impl Measured {
    #[expect(clippy::cast_precision_loss, reason = "a number for people")]
    pub(crate) fn rate(&self) -> f64 {
        self.acknowledged as f64 / self.took.as_secs_f64()
    }

    /// What the server computed for an event, in microseconds.
    #[expect(clippy::cast_precision_loss, reason = "a number for people")]
    pub(crate) fn computed(&self) -> f64 {
        self.computed.as_secs_f64() * 1e6 / self.acknowledged as f64
    }
}

pub(crate) async fn run(server: &Server, shape: Shape, time: Duration) -> Result<Measured> {
    let address = server.address();
    let mut connecting = JoinSet::new();
    for _ in 0..shape.sessions {
        connecting.spawn(connect(address, shape.sockets));
    }
    let sessions = connecting.join_all().await.into_iter().collect::<Result<Vec<_>>>()?;
    // where there are no sessions, each socket counts for itself
    let counters = if server.variant == Variant::Alone { shape.sessions * shape.sockets } else { shape.sessions };
    // to wake somebody who sleeps costs the server more than its own work does, and only on one machine
    let awake = (!server.variant.has_database()).then(|| AbortOnDropHandle::new(tokio::spawn(stay_awake())));
    let (begun, computed) = (Instant::now(), server.computed()?);
    let mut tasks = JoinSet::new();
    let sockets = sessions
        .into_iter()
        .enumerate()
        .flat_map(|(session, sockets)| sockets.into_iter().map(move |socket| (session, socket)));
    for (number, (session, socket)) in sockets.enumerate() {
        let counter = if counters == shape.sessions { session } else { number };
        tasks.spawn(async move { (counter, drive(socket, shape.depth, begun + time).await) });
    }
    let mut found = vec![0; counters];
    let mut measured = Measured {
        acknowledged: 0,
        found: 0,
        latency: Histogram::new_with_max(60_000_000, 3)?,
        took: Duration::ZERO,
        computed: Duration::ZERO,
    };
    for (counter, driven) in tasks.join_all().await {
        let (latency, last) = driven?;
        measured.acknowledged += latency.len();
        measured.latency.add(latency)?;
        found[counter] = last.max(found[counter]);
    }
    drop(awake);
    measured.took = begun.elapsed();
    measured.computed = server.computed()?.saturating_sub(computed);
    measured.found = found.iter().sum();
    Ok(measured)
}

/// Keeps this process on its core.
async fn stay_awake() {
    loop {
        tokio::task::yield_now().await;
    }
}

/// The sockets of a new session.
async fn connect(address: SocketAddr, sockets: usize) -> Result<Vec<Socket>> {
    let answer = Http::new(address).post("/login", None).await?;
    let mut connected = Vec::new();
    for _ in 0..sockets {
        connected.push(Socket::connect(address, Transport::WebSocket, "/", answer.cookie()).await?);
    }
    Ok(connected)
}

async fn drive(mut socket: Socket, depth: usize, until: Instant) -> Result<(Histogram<u64>, u64)> {
    let mut sent = Vec::new();
    let mut latency = Histogram::new_with_max(60_000_000, 3)?;
    let mut last = 0;
    for _ in 0..depth {
        socket.feed("my event", "").await?;
        sent.push(Instant::now());
    }
    socket.flush().await?;
    let mut open = depth;
    while open > 0 {
        match socket.next().await {
            Packet::Ack(id, arguments) => {
                let now = Instant::now();
                let at = sent.get(usize::try_from(id)?).ok_or("an acknowledgement of nothing")?;
                latency.record(u64::try_from((now - *at).as_micros())?)?;
                let packet = Packet::Ack(id, arguments);
                last = last.max(packet.number().ok_or_else(|| format!("refused: {:?}", packet.error_code()))?);
                if now < until {
                    socket.emit("my event", "").await?;
                    sent.push(Instant::now());
                } else {
                    open -= 1;
                }
            }
            Packet::Closed | Packet::Disconnected => return Err("the connection has ended".into()),
            Packet::Connected | Packet::Refused(_) | Packet::Event(_) => {}
        }
    }
    Ok((latency, last))
}
