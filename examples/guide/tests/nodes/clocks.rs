//! Clocks that are an hour off: nobody dies early, and nobody comes back.

use std::{
    process::Command,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use load::{Http, Node, Store, Transport, node::Program, store::redis};
use test_servers::{Options, RedisServer};
use tokio::time::sleep;

use crate::crowd::{Crowd, count, login, program};

/// The guide with a clock that is off by that much; what counts time in it is not. (Not started by `faketime`, which
/// would be killed in its place.)
fn off(by: &str, store: &str, ttl: &str) -> Program {
    let shown = Command::new("faketime").args(["-m", "-f", by, "printenv", "LD_PRELOAD"]).output().unwrap();
    let library = String::from_utf8(shown.stdout).unwrap();
    right(store, ttl).env("LD_PRELOAD", library.trim()).env("FAKETIME", by).env("DONT_FAKE_MONOTONIC", "1")
}

fn right(store: &str, ttl: &str) -> Program {
    program(store).args(["--ttl", ttl])
}

async fn counts_exactly_beside(by: &str, store: &Store) {
    let nodes = [
        Node::start(right(&store.url(), "86400")).await.unwrap(),
        Node::start(off(by, &store.url(), "86400")).await.unwrap(),
    ];
    for first in 0..2 {
        let cookie = login(nodes[first].address()).await;
        let addresses = [nodes[0].address(), nodes[1].address()];
        let mut crowd = Crowd::start(addresses, &cookie, Transport::WebSocket, 0, 1_000);
        crowd.done().await;
        for node in &nodes {
            assert_eq!(count(node.address(), &cookie).await, Some(1_000));
        }
        let tally = crowd.close(Some(1_000)).await;
        assert_eq!(tally.acknowledged, 1_000, "{tally}");
        assert!(tally.is_clean(), "{tally}");
        let answer = Http::new(addresses[1]).post("/logout", Some(&cookie)).await.unwrap();
        assert_eq!(answer.status, 204);
        for node in &nodes {
            assert_eq!(count(node.address(), &cookie).await, None);
        }
    }
}

on!(redis, postgres, sqlite: a_node_an_hour_ahead_counts_exactly);
async fn a_node_an_hour_ahead_counts_exactly(store: Store) {
    counts_exactly_beside("+1h", &store).await;
}

on!(redis, postgres, sqlite: a_node_an_hour_behind_counts_exactly);
async fn a_node_an_hour_behind_counts_exactly(store: Store) {
    counts_exactly_beside("-1h", &store).await;
}

on!(redis, postgres, sqlite: what_has_expired_for_a_node_stays_so);
/// A node judges by its own clock; but none brings back what is over for another.
async fn what_has_expired_for_a_node_stays_so(store: Store) {
    let node = Node::start(right(&store.url(), "2")).await.unwrap();
    let behind = Node::start(off("-1h", &store.url(), "2")).await.unwrap();
    let cookie = login(node.address()).await;
    assert_eq!(count(node.address(), &cookie).await, Some(0));
    sleep(Duration::from_millis(2_500)).await;
    assert_eq!(count(node.address(), &cookie).await, None);
    // By its clock there is an hour left, and it counts: that must not move the deadline of the others.
    for counted in ["1", "2", "3"] {
        let answer = Http::new(behind.address()).post("/incr", Some(&cookie)).await.unwrap();
        assert_eq!((answer.text(), answer.cookie()), (counted, Some(cookie.as_str())));
        assert_eq!(count(node.address(), &cookie).await, None);
    }
}

/// The server's clock decides nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_an_hour_off() {
    for clock in ["+1h", "-1h"] {
        let server = RedisServer::start(Options::default().clock(clock));
        assert!(offset(&server).await.abs() > 3_500, "the clock is right");
        let [long, short] = two_lives(&server.url()).await;
        let (living, dying) = (login(long.address()).await, login(short.address()).await);
        assert_eq!(count(long.address(), &living).await, Some(0), "{clock}");
        assert_eq!(count(short.address(), &dying).await, Some(0), "{clock}");
        sleep(Duration::from_millis(2_500)).await;
        assert_eq!(count(long.address(), &living).await, Some(0), "{clock}");
        assert_eq!(count(short.address(), &dying).await, None, "{clock}");
    }
}

/// Nor does it when it jumps.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_clock_is_set() {
    let mut server = RedisServer::start(Options::default().append_only());
    let [long, short] = two_lives(&server.url()).await;
    let (living, dying) = (login(long.address()).await, login(short.address()).await);
    sleep(Duration::from_millis(2_500)).await;
    for clock in ["+1h", "-1h", "+0"] {
        server.set_clock(clock);
        server.restart();
        assert_eq!(offset(&server).await.abs() > 3_500, clock != "+0", "{clock}");
        assert_eq!(count(long.address(), &living).await, Some(0), "{clock}");
        assert_eq!(count(short.address(), &dying).await, None, "{clock}");
    }
}

/// By how many seconds its clock is off.
async fn offset(server: &RedisServer) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let time = redis(server.port(), &["TIME"]).await.unwrap();
    time.lines().next().unwrap().parse::<i64>().unwrap() - i64::try_from(now).unwrap()
}

/// A node whose sessions live for ten minutes, and one whose sessions live for two seconds.
async fn two_lives(store: &str) -> [Node; 2] {
    [Node::start(right(store, "600")).await.unwrap(), Node::start(right(store, "2")).await.unwrap()]
}
