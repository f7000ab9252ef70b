//! Servers that go away and come back: no hang, no restart, and nobody lies about what was written.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use socket_session::store::{Acquired, Claim, Fence, NodeId, Then, Token};
use test_servers::{Options, RedisServer};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use super::*;

async fn impatient(url: &str) -> RedisStore {
    let builder = RedisStore::builder();
    let builder = builder.connect_timeout(Duration::from_secs(1)).response_timeout(Duration::from_secs(1));
    builder.connect(url).await.unwrap()
}

/// Until the connection that broke has been noticed.
async fn back(store: &RedisStore, key: &SessionKey) {
    let begun = Instant::now();
    while let Err(error) = store.load(key, now()).await {
        assert!(begun.elapsed() < PATIENCE, "{}", whole(&error));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn killed_and_restarted() {
    let mut server = RedisServer::start(Options::default().append_only());
    let store = connect(&server).await;
    let key = counted(&store).await;
    let claim = Claim { token: Token(1), node: NodeId(1), over: None };
    assert!(matches!(store.acquire(&key, &claim, now()).await.unwrap(), Acquired::Held(_)));
    server.kill();

    // a first write may still find the broken connection; after that it is known that nothing is sent
    let _ = store.patch(&key, &sets("count", json!(7)), now()).await;
    let begun = Instant::now();
    for _ in 0..20 {
        let said = unavailable(store.patch(&key, &sets("count", json!(7)), now()).await);
        assert!(said.contains("Connection refused"), "{said}");
    }
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());

    server.restart();
    back(&store, &key).await;
    // record, lease and all; the scripts have to be sent again
    let fence = Some(Fence { token: Token(1), then: Then::Keep });
    let patch = Patch { fence, ..sets("count", json!(2)) };
    assert_eq!(store.patch(&key, &patch, now()).await.unwrap(), Patched::Applied { held: true, alone: true });
    assert_eq!(count(&store, &key).await, Some(json!(2)));
}

#[tokio::test]
async fn restarted_while_nobody_asked() {
    let mut server = RedisServer::start(Options::default().append_only());
    let store = connect(&server).await;
    let key = counted(&store).await;
    server.restart();
    // reads find the broken connection, and ask again
    assert_eq!(count(&store, &key).await, Some(json!(1)));
    assert_eq!(store.exists(&[key], now()).await.unwrap(), [true]);
    assert_eq!(store.patch(&key, &sets("count", json!(2)), now()).await.unwrap(), APPLIED);
}

#[tokio::test]
async fn scripts_forgotten() {
    let server = RedisServer::plain();
    let (store, mut beside) = (connect(&server).await, Beside::new(&server).await);
    for n in 0..3 {
        beside.does("SCRIPT FLUSH").await;
        let key = counted(&store).await;
        beside.does("SCRIPT FLUSH").await;
        assert_eq!(store.patch(&key, &sets("count", json!(n)), now()).await.unwrap(), APPLIED);
        assert_eq!(count(&store, &key).await, Some(json!(n)));
    }
}

#[tokio::test]
async fn still_loading() {
    let mut server = RedisServer::start(
        Options::default()
            .append_only()
            .with("--key-load-delay", "100")
            .with("--loading-process-events-interval-bytes", "1024"),
    );
    let (store, mut beside) = (connect(&server).await, Beside::new(&server).await);
    let key = counted(&store).await;
    beside.does("DEBUG POPULATE 5000").await;
    beside.does("BGREWRITEAOF").await;
    let begun = Instant::now();
    while beside.tell::<String>("INFO persistence").await.contains("aof_rewrite_in_progress:1") {
        assert!(begun.elapsed() < PATIENCE, "the file is not written");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let restarting = tokio::task::spawn_blocking(move || {
        server.restart();
        server
    });
    let mut said = Vec::new();
    while !restarting.is_finished() {
        if let Err(error) = store.delete(&super::key(), now()).await {
            said.push(whole(&error));
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(said.iter().any(|said| said.contains("it is still loading its data (LOADING")), "{said:?}");
    let _server = restarting.await.unwrap();
    back(&store, &key).await;
    assert_eq!(count(&store, &key).await, Some(json!(1)));
}

#[tokio::test]
async fn standing_still() {
    let server = RedisServer::plain();
    let store = impatient(&server.url()).await;
    let key = counted(&store).await;
    server.pause();
    let begun = Instant::now();
    let patch = sets("count", json!(2));
    let said = unanswered(store.patch(&key, &patch, now()).await);
    assert!(said.contains("Redis did not answer within 1s"), "{said}");
    // the next one wants a new connection, and gets none: nothing is sent
    let said = unavailable(store.patch(&key, &sets("count", json!(9)), now()).await);
    assert!(said.contains("did not answer within 1s"), "{said}");
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());

    server.resume();
    back(&store, &key).await;
    // whichever copy comes first, it is applied once
    assert_eq!(store.patch(&key, &patch, now()).await.unwrap(), APPLIED);
    assert_eq!(count(&store, &key).await, Some(json!(2)));
    assert_eq!(store.patch(&key, &sets("count", json!(3)), now()).await.unwrap(), APPLIED);
    assert_eq!(store.patch(&key, &patch, now()).await.unwrap(), APPLIED);
    assert_eq!(count(&store, &key).await, Some(json!(3)));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_wait_for_one_attempt() {
    let server = RedisServer::plain();
    let store = impatient(&server.url()).await;
    let key = counted(&store).await;
    server.pause();
    let begun = Instant::now();
    let asking: Vec<_> = (0..500)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.load(&key, now()).await.is_err() })
        })
        .collect();
    for asked in asking {
        assert!(asked.await.unwrap());
    }
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
    server.resume();
    back(&store, &key).await;
}

/// A proxy that forwards a request to the server and then cuts the connection, so that the answer is lost, once each
/// time it is told to.
async fn cutting(server: &RedisServer) -> (String, Arc<AtomicBool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://127.0.0.1:{}/", listener.local_addr().unwrap().port());
    let (cut, port) = (Arc::new(AtomicBool::new(false)), server.port());
    let told = Arc::clone(&cut);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(forward(client, port, Arc::clone(&told)));
        }
    });
    (url, cut)
}

async fn forward(mut client: TcpStream, port: u16, cut: Arc<AtomicBool>) -> std::io::Result<()> {
    let mut server = TcpStream::connect(("127.0.0.1", port)).await?;
    let (mut asks, mut answers) = ([0; 4096], [0; 4096]);
    loop {
        tokio::select! {
            asked = client.read(&mut asks) => match asked? {
                0 => return Ok(()),
                length => {
                    server.write_all(&asks[..length]).await?;
                    if cut.swap(false, Ordering::Relaxed) {
                        // until the server has done it
                        let _ = server.read(&mut answers).await?;
                        return Ok(());
                    }
                }
            },
            answered = server.read(&mut answers) => match answered? {
                0 => return Ok(()),
                length => client.write_all(&answers[..length]).await?,
            },
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_lost() {
    let server = RedisServer::plain();
    let (url, cut) = cutting(&server).await;
    let store = RedisStore::connect(url).await.unwrap();
    let key = counted(&store).await;
    for n in 2..50 {
        let claim = Claim { token: Token(n), node: NodeId(1), over: None };
        cut.store(true, Ordering::Relaxed);
        unanswered(store.acquire(&key, &claim, now()).await);
        assert!(matches!(store.acquire(&key, &claim, now()).await.unwrap(), Acquired::Held(_)));

        let fence = Some(Fence { token: Token(n), then: Then::Release });
        let patch = Patch { fence, ..sets("count", json!(n)) };
        cut.store(true, Ordering::Relaxed);
        let said = unanswered(store.patch(&key, &patch, now()).await);
        assert!(said.contains("the connection to Redis broke before the answer came"), "{said}");
        assert_eq!(store.patch(&key, &patch, now()).await.unwrap(), APPLIED);
        assert_eq!(count(&store, &key).await, Some(json!(n)));
    }
    cut.store(true, Ordering::Relaxed);
    unanswered(store.create(&super::key(), record(&[]), now()).await);
    // a read is asked again by itself; but not before there is a connection again
    assert_eq!(count(&store, &key).await, Some(json!(49)));
    cut.store(true, Ordering::Relaxed);
    assert_eq!(count(&store, &key).await, Some(json!(49)));
}

/// A caller that gives up leaves a connection that the next one can use.
#[tokio::test]
async fn given_up() {
    let server = RedisServer::plain();
    let store = connect(&server).await;
    let key = counted(&store).await;
    for n in 0..200 {
        let patch = sets("count", json!(n));
        let _ = tokio::time::timeout(Duration::from_micros(n * 5), store.patch(&key, &patch, now())).await;
        assert_eq!(store.patch(&key, &patch, now()).await.unwrap(), APPLIED);
        assert_eq!(count(&store, &key).await, Some(json!(n)));
    }
}
