//! How long an event waits when two nodes want the same session: each handler takes 5 ms, and the session goes to and fro.

use std::{
    fmt,
    net::SocketAddr,
    path::PathBuf,
    time::{Duration, Instant},
};

use axum::{Router, http::StatusCode, routing::post};
use hdrhistogram::Histogram;
use socket_session::{Session, SessionError, Sessions, on, socket_session};
use socket_session_redis::RedisStore;
use socketioxide::SocketIo;
use test_servers::{Options as ServerOptions, RedisServer};
use tokio::{
    net::TcpListener,
    task::{JoinSet, block_in_place},
    time::sleep,
};

use crate::{Http, Node, Result, Socket, Transport, node::Program};

/// What a handler takes.
const WORK: Duration = Duration::from_millis(5);

/// What to do.
#[derive(Debug, Clone)]
pub struct Options {
    /// The binary of this package: the nodes are it, too.
    pub program: PathBuf,
    /// Sockets on each node; each has one event on its way.
    pub sockets: usize,
    /// Events of each socket.
    pub events: u64,
}

/// How long the events of each node waited.
#[derive(Debug)]
pub struct Report {
    options: Options,
    waits: [Histogram<u64>; 2],
    took: Duration,
    count: u64,
}

#[socket_session]
struct Counter {
    count: u64,
}

#[on("work")]
async fn work(counter: &mut Counter) -> u64 {
    sleep(WORK).await;
    counter.count += 1;
    counter.count
}

async fn begin(session: Session<Counter>) -> Result<StatusCode, SessionError> {
    session.update(|counter| counter.count += 1).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A node, whose events take 5 ms each.
pub async fn node(listen: &str, store: &str) -> Result<()> {
    let (io_layer, io) = SocketIo::new_layer();
    let sessions = Sessions::builder(RedisStore::connect(store).await?)
        .http(|cookies| cookies.with_name("sid").with_secure(false))
        .build(&io);
    io.ns("/", sessions.namespace().on::<work>());
    let app = Router::new().route("/begin", post(begin)).layer(sessions.layer(io_layer));
    let listener = TcpListener::bind(listen).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}

/// Measures.
pub async fn run(options: Options) -> Result<Report> {
    let server = block_in_place(|| RedisServer::start(ServerOptions::default()));
    let program = Program::new(&options.program).args(["node", "--store", &server.url()]).env("RUST_LOG", "error");
    let nodes = [Node::start(program.clone()).await?, Node::start(program).await?];
    let answer = Http::new(nodes[0].address()).post("/begin", None).await?;
    let cookie = answer.cookie().ok_or("there is no session")?.to_owned();

    let begun = Instant::now();
    let mut sockets = JoinSet::new();
    for (index, node) in nodes.iter().enumerate() {
        for _ in 0..options.sockets {
            let waits = waits(node.address(), cookie.clone(), options.events);
            sockets.spawn(async move { waits.await.map(|waits| (index, waits)) });
        }
    }
    let mut waits = [Histogram::new(3)?, Histogram::new(3)?];
    let mut count = 0;
    while let Some(socket) = sockets.join_next().await {
        let (index, (part, last)) = socket??;
        if let Some(waits) = waits.get_mut(index) {
            waits.add(part)?;
        }
        count = count.max(last);
    }
    let report = Report { waits, took: begun.elapsed(), count, options };
    let sent = report.options.events * report.options.sockets as u64 * 2;
    // One for the beginning.
    if count == sent + 1 { Ok(report) } else { Err(format!("{sent} events are a count of {count}").into()) }
}

/// The time from an event to its acknowledgement, without that of its handler, in microseconds.
async fn waits(address: SocketAddr, cookie: String, events: u64) -> Result<(Histogram<u64>, u64)> {
    let mut socket = Socket::connect(address, Transport::WebSocket, "/", Some(&cookie)).await?;
    let mut waits = Histogram::new(3)?;
    let mut last = 0;
    for _ in 0..events {
        let sent = Instant::now();
        let packet = socket.call("work", "").await?;
        let wait = sent.elapsed().saturating_sub(WORK);
        last = packet.number().ok_or_else(|| format!("an event was refused: {:?}", packet.error_code()))?;
        waits.record(u64::try_from(wait.as_micros())?)?;
    }
    Ok((waits, last))
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { options, waits, took, count } = self;
        writeln!(
            f,
            "2 nodes, {} sockets on each, handlers of {} ms: counted to {count} in {:.1} s",
            options.sockets,
            WORK.as_millis(),
            took.as_secs_f64()
        )?;
        for (node, waits) in waits.iter().enumerate() {
            let at = |quantile| Duration::from_micros(waits.value_at_quantile(quantile)).as_secs_f64() * 1_000.0;
            writeln!(
                f,
                "node {}: waited p50 {:.1} ms, p90 {:.1} ms, p99 {:.1} ms, at most {:.1} ms",
                node + 1,
                at(0.5),
                at(0.9),
                at(0.99),
                at(1.0)
            )?;
        }
        Ok(())
    }
}

impl Report {
    /// The p99 of the node that waited longer.
    pub fn p99(&self) -> Duration {
        let longest = self.waits.iter().map(|waits| waits.value_at_quantile(0.99)).max();
        Duration::from_micros(longest.unwrap_or_default())
    }
}
