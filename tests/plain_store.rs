//! `Plain`: a store of tower-sessions, with the guarantees that it can have.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, header},
    routing::get,
};
use socket_session::{
    Id, Plain, Session, SessionError, Sessions, conformance, on, socket_session,
    store::{Created, Fields, Loaded, Patch, Patched, Record, SessionKey, Store, StoreError},
};
use socketioxide::SocketIo;
use tokio::{
    task::{JoinSet, yield_now},
    time::{Duration, sleep, timeout},
};
use tower::ServiceExt as _;
use tower_sessions::{
    MemoryStore, SessionStore,
    cookie::time::{self, OffsetDateTime},
    session::{Id as PlainId, Record as PlainRecord},
    session_store::{Error, Result},
};

/// Somebody else's store: it takes its time, and may fail.
#[derive(Clone, Debug, Default)]
struct Remote {
    memory: MemoryStore,
    down: Arc<AtomicBool>,
    loses_answers: Arc<AtomicBool>,
    saves: Arc<AtomicUsize>,
    /// In milliseconds.
    save_takes: Arc<AtomicU64>,
}

impl Remote {
    async fn travel(&self) -> Result<()> {
        yield_now().await;
        if self.down.load(SeqCst) {
            return Err(Error::Backend("connection refused".to_owned()));
        }
        Ok(())
    }
}

#[async_trait::async_trait]
impl SessionStore for Remote {
    async fn create(&self, record: &mut PlainRecord) -> Result<()> {
        self.travel().await?;
        self.memory.create(record).await
    }

    async fn save(&self, record: &PlainRecord) -> Result<()> {
        self.travel().await?;
        self.saves.fetch_add(1, SeqCst);
        // once it is sent, it arrives, whether or not somebody waits
        let (memory, record, takes) = (self.memory.clone(), record.clone(), self.save_takes.load(SeqCst));
        let arrives = tokio::spawn(async move {
            sleep(Duration::from_millis(takes)).await;
            memory.save(&record).await
        });
        arrives.await.unwrap()?;
        if self.loses_answers.swap(false, SeqCst) {
            return Err(Error::Backend("connection reset".to_owned()));
        }
        Ok(())
    }

    async fn load(&self, id: &PlainId) -> Result<Option<PlainRecord>> {
        self.travel().await?;
        self.memory.load(id).await
    }

    async fn delete(&self, id: &PlainId) -> Result<()> {
        self.travel().await?;
        self.memory.delete(id).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_memory_store_of_tower_sessions_it_conforms_within_one_process() {
    conformance::run(|| async { Plain::new(MemoryStore::default()) }).await.assert();
}

#[tokio::test]
async fn on_a_store_that_takes_its_time_it_conforms_within_one_process() {
    conformance::run(|| async { Plain::new(Remote::default()) }).await.assert();
}

fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

fn record() -> Record {
    Record { fields: Fields::default(), deadline: now() + time::Duration::MINUTE, unconfirmed: false, latest: None }
}

fn patch(count: u32) -> Patch {
    Patch { set: vec![("count".into(), count.into())], ..Patch::new() }
}

async fn one(store: &Plain<Remote>) -> (Id, SessionKey) {
    let id = Id::from(PlainId::default());
    assert_eq!(store.create(&id.key(), record(), now()).await.unwrap(), Created::Done);
    (id, id.key())
}

#[tokio::test]
async fn the_store_never_sees_the_id_of_a_session() {
    let remote = Remote::default();
    let (id, key) = one(&Plain::new(remote.clone())).await;
    assert!(remote.memory.load(&PlainId::from(id)).await.unwrap().is_none());
    let dump = format!("{:?}", remote.memory);
    let id = PlainId::from(id);
    assert!(!dump.contains(&id.to_string()) && !dump.contains(&id.0.to_string()), "{dump}");
    // it is there, under the first half of the hash
    let half: [u8; 16] = key.as_bytes()[..16].try_into().unwrap();
    assert!(remote.memory.load(&PlainId(i128::from_le_bytes(half))).await.unwrap().is_some());
}

#[tokio::test]
async fn a_key_that_the_store_has_given_to_another_is_taken() {
    let remote = Remote::default();
    let key = Id::from(PlainId::default()).key();
    let half: [u8; 16] = key.as_bytes()[..16].try_into().unwrap();
    let id = PlainId(i128::from_le_bytes(half));
    // expired, so that it is not shown, and still there
    let expired = PlainRecord { id, data: std::collections::HashMap::new(), expiry_date: now() - time::Duration::HOUR };
    remote.memory.save(&expired).await.unwrap();
    let store = Plain::new(remote.clone());
    assert_eq!(store.create(&key, record(), now()).await.unwrap(), Created::Taken);
    // what the store has made instead is gone
    assert_eq!(format!("{:?}", remote.memory).matches("Record {").count(), 1);
}

#[tokio::test]
async fn what_was_not_written_is_told_from_what_may_be() {
    let remote = Remote::default();
    let store = Plain::new(remote.clone());
    let (_, key) = one(&store).await;

    remote.down.store(true, SeqCst);
    assert!(matches!(store.load(&key, now()).await, Err(StoreError::Unavailable(_))));
    // it could not even be loaded
    assert!(matches!(store.patch(&key, &patch(1), now()).await, Err(StoreError::Unavailable(_))));
    remote.down.store(false, SeqCst);

    let patch = patch(2);
    remote.loses_answers.store(true, SeqCst);
    assert!(matches!(store.patch(&key, &patch, now()).await, Err(StoreError::Unanswered(_))));
    let saves = remote.saves.load(SeqCst);
    assert!(matches!(store.patch(&key, &patch, now()).await, Ok(Patched::Applied { .. })));
    assert_eq!(remote.saves.load(SeqCst), saves, "it is not written again");
}

#[tokio::test(start_paused = true)]
async fn a_write_that_nobody_waits_for_is_finished_before_the_next() {
    let remote = Remote::default();
    let store = Plain::new(remote.clone());
    let (_, key) = one(&store).await;
    remote.save_takes.store(20, SeqCst);
    let given_up = patch(1);
    assert!(timeout(Duration::from_millis(5), store.patch(&key, &given_up, now())).await.is_err());
    assert_eq!(remote.saves.load(SeqCst), 1, "it is under way");
    let next = Patch { set: vec![("next".into(), 1.into())], ..Patch::new() };
    remote.save_takes.store(0, SeqCst);
    assert!(matches!(store.patch(&key, &next, now()).await.unwrap(), Patched::Applied { .. }));
    sleep(Duration::from_millis(50)).await;
    let fields = store.load(&key, now()).await.unwrap().live().unwrap().fields;
    assert_eq!((fields.get("count"), fields.get("next")), (Some(&1.into()), Some(&1.into())));
}

#[tokio::test]
async fn what_this_process_deletes_stays_gone() {
    let remote = Remote::default();
    let store = Arc::new(Plain::new(remote));
    for _ in 0..20 {
        let (_, key) = one(&store).await;
        let mut writers = JoinSet::new();
        for count in 0..5 {
            let store = Arc::clone(&store);
            writers.spawn(async move { store.patch(&key, &patch(count), now()).await.unwrap() });
        }
        yield_now().await;
        store.delete(&key, now()).await.unwrap();
        assert_eq!(store.load(&key, now()).await.unwrap(), Loaded::Gone);
        writers.join_all().await;
        assert_eq!(store.load(&key, now()).await.unwrap(), Loaded::Gone);
    }
}

#[socket_session]
struct Visit {
    count: u32,
}

#[on("count")]
async fn count(visit: &mut Visit) -> u32 {
    let counted = visit.count + 1;
    // another handler would now count from the same number, if it were let in
    yield_now().await;
    visit.count = counted;
    counted
}

async fn incr(session: Session<Visit>) -> std::result::Result<String, SessionError> {
    let counted = session.update(|visit| {
        visit.count += 1;
        visit.count
    });
    Ok(counted.await?.to_string())
}

/// A browser with one cookie, and one socket on polling.
#[derive(Clone)]
struct Client {
    app: Router,
    cookie: String,
    uri: String,
}

impl Client {
    async fn new(app: Router) -> Self {
        let response = app.clone().oneshot(Request::get("/incr").body(Body::empty()).unwrap()).await.unwrap();
        let cookie = response.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        let mut client = Self { app, cookie, uri: "/socket.io/?EIO=4&transport=polling".to_owned() };
        let opened = client.get(&client.uri).await;
        let packet: serde_json::Value = serde_json::from_str(opened.strip_prefix('0').unwrap()).unwrap();
        client.uri = format!("{}&sid={}", client.uri, packet["sid"].as_str().unwrap());
        client.post("40").await;
        // a ping may come first
        while !client.get(&client.uri).await.split('\x1e').any(|packet| packet.starts_with("40")) {}
        client
    }

    async fn ask(&self, request: Request<Body>) -> String {
        let response = self.app.clone().oneshot(request).await.unwrap();
        assert!(response.status().is_success(), "{response:?}");
        String::from_utf8(to_bytes(response.into_body(), 1 << 20).await.unwrap().into()).unwrap()
    }

    async fn get(&self, uri: &str) -> String {
        self.ask(Request::get(uri).header(header::COOKIE, &self.cookie).body(Body::empty()).unwrap()).await
    }

    async fn post(&self, packets: &str) {
        let request = Request::post(&self.uri).header(header::COOKIE, &self.cookie);
        self.ask(request.body(Body::from(packets.to_owned())).unwrap()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_and_requests_count_exactly() {
    const EVENTS: usize = 100;
    const REQUESTS: usize = 50;
    let (io_layer, io) = SocketIo::new_layer();
    let sessions = Sessions::builder(Plain::new(Remote::default()))
        .http(|cookies| cookies.with_name("sid").with_secure(false))
        .build(&io);
    io.ns("/", sessions.namespace().on::<count>());
    let app = Router::new().route("/incr", get(incr)).layer(sessions.layer(io_layer));
    let client = Client::new(app).await;

    let mut tasks = JoinSet::new();
    for _ in 0..REQUESTS {
        let client = client.clone();
        tasks.spawn(async move { drop(client.get("/incr").await) });
    }
    let events: Vec<_> = (0..EVENTS).map(|id| format!("42{id}[\"count\"]")).collect();
    client.post(&events.join("\u{1e}")).await;
    let mut counts = Vec::new();
    while counts.len() < EVENTS {
        for packet in client.get(&client.uri).await.split('\u{1e}') {
            match packet {
                "2" => client.post("3").await,
                acknowledgement => {
                    let (_, count) = acknowledgement.split_once('[').unwrap();
                    counts.push(count.trim_end_matches(']').parse::<usize>().unwrap());
                }
            }
        }
    }
    tasks.join_all().await;
    assert!(counts.is_sorted_by(|first, second| first < second), "{counts:?}");
    // one to get the session, one to ask
    assert_eq!(client.get("/incr").await, (1 + EVENTS + REQUESTS + 1).to_string());
}
