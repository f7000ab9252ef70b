//! Several processes on one file, one of which is killed.

use std::{
    env,
    io::{BufRead as _, BufReader},
    process::{Child, ChildStdout, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use socket_session::{Id, store::Store as _, tower_sessions};

use super::{Beside, Folder, common::*};

const FILE: &str = "SOCKET_SESSION_TEST_FILE";
const SESSION: &str = "SOCKET_SESSION_TEST_SESSION";

/// Counts, and prints after each time how far it has come. In a process of its own it counts in the session that it is
/// told; as a test, in one of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counting() {
    let told = env::var(FILE).ok().zip(env::var(SESSION).ok());
    let folder = told.is_none().then(Folder::new);
    let (url, id) = match (&told, &folder) {
        (Some((url, id)), _) => (url.clone(), tower_sessions::session::Id(id.parse().unwrap()).into()),
        (None, folder) => (folder.as_ref().unwrap().url(), id()),
    };
    let store = socket_session_sqlx::SqliteStore::connect(&url).await.unwrap();
    store.migrate().await.unwrap();
    let times = if told.is_some() { 300 } else { 20 };
    if told.is_none() {
        store.create(&id.key(), record(&[("count", 0.into())]), now()).await.unwrap();
    }
    let node = Node::new(store.clone());
    let (mut saved, mut unknown) = (0, 0);
    for _ in 0..times {
        let counted = node.count(id, 1).await;
        (saved, unknown) = (saved + counted.0, unknown + counted.1);
        println!("\ncounted {saved} {unknown}");
    }
    if told.is_none() {
        assert_eq!((total(&store, id).await, saved, unknown), (times, times, 0));
    }
}

/// A process that counts.
struct Counting {
    child: Child,
    lines: BufReader<ChildStdout>,
    saved: u32,
    unknown: u32,
}

impl Counting {
    fn start(folder: &Folder, id: Id) -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", "processes::counting", "--nocapture"]).env(FILE, folder.url());
        command.env(SESSION, tower_sessions::session::Id::from(id).0.to_string());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines, saved: 0, unknown: 0 }
    }

    /// Reads on until it has saved so many, or has ended.
    fn read(&mut self, until: u32) {
        let mut line = String::new();
        while self.saved < until && self.lines.read_line(&mut line).unwrap() > 0 {
            let mut words = line.split_whitespace();
            if words.next() == Some("counted") {
                self.saved = words.next().unwrap().parse().unwrap();
                self.unknown = words.next().unwrap().parse().unwrap();
            }
            line.clear();
        }
    }

    fn end(mut self) -> (u32, u32) {
        self.read(u32::MAX);
        assert!(self.child.wait().unwrap().success());
        (self.saved, self.unknown)
    }

    fn kill(mut self) -> (u32, u32) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.read(u32::MAX);
        // what it was at when it was killed
        (self.saved, self.unknown + 1)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_count_exactly() {
    let folder = Folder::new();
    let store = folder.open().await;
    let id = id();
    store.create(&id.key(), record(&[("count", 0.into())]), now()).await.unwrap();
    let counting = [Counting::start(&folder, id), Counting::start(&folder, id)];
    let ended = tokio::task::spawn_blocking(|| counting.map(Counting::end)).await.unwrap();
    assert_eq!(ended, [(300, 0), (300, 0)]);
    assert_eq!(total(&store, id).await, 600);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_was_acknowledged_is_lost_when_a_process_is_killed() {
    let folder = Folder::new();
    let store = folder.open().await;
    for _ in 0..3 {
        let id = id();
        store.create(&id.key(), record(&[("count", 0.into())]), now()).await.unwrap();
        let (killed, other) = (Counting::start(&folder, id), Counting::start(&folder, id));
        let work = move || {
            let mut killed = killed;
            killed.read(60);
            let killed = killed.kill();
            // if it held the lease, the other waits for that to be over
            (killed, other.end())
        };
        let (killed, other) = tokio::task::spawn_blocking(work).await.unwrap();
        assert!(killed.0 >= 60 && other.0 > 0, "{killed:?} {other:?}");
        let (saved, unknown) = (killed.0 + other.0, killed.1 + other.1);
        let found = total(&store, id).await;
        assert!((saved..=saved + unknown).contains(&found), "{saved} saved, {unknown} unknown, {found} found");
    }
    assert_eq!(Beside::new(&folder).await.text("PRAGMA integrity_check").await, "ok");
}

/// Two nodes in one process wake each other at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_nodes_in_one_process_count_exactly() {
    let folder = Folder::new();
    let shared = folder.open().await;
    for stores in [[shared.clone(), shared.clone()], [folder.open().await, folder.open().await]] {
        let id = id();
        shared.create(&id.key(), record(&[("count", 0.into())]), now()).await.unwrap();
        let nodes = stores.map(|store| Arc::new(Node::new(store)));
        let begun = Instant::now();
        let counting: Vec<_> = (0..8)
            .map(|n| {
                let node = Arc::clone(&nodes[n % 2]);
                tokio::spawn(async move { node.count(id, 50).await })
            })
            .collect();
        for counted in counting {
            assert_eq!(counted.await.unwrap(), (50, 0));
        }
        assert_eq!(total(&shared, id).await, 400);
        assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
    }
}

/// A process that writes without a break leaves moments for others.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_busy_process_does_not_shut_out_another() {
    let folder = Folder::new();
    let (busy, other) = (folder.open().await, folder.open().await);
    let writing: Vec<_> = (0..16)
        .map(|_| {
            let busy = busy.clone();
            tokio::spawn(async move {
                let key = counted(&busy).await;
                loop {
                    busy.patch(&key, &sets("count", 2.into()), now()).await.unwrap();
                }
            })
        })
        .collect();
    let key = counted(&other).await;
    let mut slowest = Duration::ZERO;
    for n in 0..50 {
        let begun = Instant::now();
        assert_eq!(other.patch(&key, &sets("count", n.into()), now()).await.unwrap(), APPLIED);
        slowest = slowest.max(begun.elapsed());
    }
    writing.iter().for_each(tokio::task::JoinHandle::abort);
    assert!(slowest < Duration::from_millis(1_500), "{slowest:?}");
    println!("slowest: {slowest:?}");
}
