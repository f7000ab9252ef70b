//! The servers that are compared, all of them running, each idle but for its own turns.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use ::load::{Node, node::Program};
use test_servers::{Options, PostgresServer, RedisServer};
use tokio::task::block_in_place;

use crate::Result;

/// The core of the servers; the client and the databases have the other.
const CORE: &str = "1";

/// Linux counts a process's time in these (`sysconf(_SC_CLK_TCK)`, which is 100 wherever Rust's tokio runs).
const TICK: Duration = Duration::from_millis(10);

/// Which server a measurement is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variant {
    Alone,
    ByHand(Store),
    Library(Store),
    Node(Store),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Store {
    Memory,
    Redis,
    Sqlite,
    Postgres,
}

impl Store {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Redis => "Redis",
            Self::Sqlite => "SQLite",
            Self::Postgres => "Postgres",
        }
    }
}

impl Variant {
    pub(crate) const ALL: [Self; 9] = [
        Self::Alone,
        Self::Library(Store::Memory),
        Self::ByHand(Store::Memory),
        Self::Node(Store::Memory),
        Self::Library(Store::Redis),
        Self::ByHand(Store::Redis),
        Self::Node(Store::Redis),
        Self::Library(Store::Sqlite),
        Self::Library(Store::Postgres),
    ];

    /// Whether it shares the load generator's core with a database.
    pub(crate) fn has_database(self) -> bool {
        match self {
            Self::Alone => false,
            Self::ByHand(store) | Self::Library(store) | Self::Node(store) => {
                matches!(store, Store::Redis | Store::Postgres)
            }
        }
    }

    pub(crate) fn name(self) -> String {
        match self {
            Self::Alone => "socketioxide alone".to_owned(),
            Self::ByHand(store) => format!("by hand, {}", store.name()),
            Self::Library(store) => format!("socket-session, {}", store.name()),
            Self::Node(store) => format!("guide on Node, {}", store.name()),
        }
    }
}

/// Where the programs are.
pub(crate) struct Programs {
    /// The folder of this package's binaries.
    binaries: PathBuf,
    /// The folder of the guide in JavaScript, with its packages.
    node: PathBuf,
}

impl Programs {
    pub(crate) fn new(node: PathBuf) -> Result<Self> {
        let own = std::env::current_exe()?;
        let binaries = own.parent().ok_or("this program is in no folder")?.to_owned();
        Ok(Self { binaries, node })
    }

    pub(crate) fn binary(&self, name: &str) -> PathBuf {
        self.binaries.join(name)
    }

    /// How to start it.
    pub(crate) fn program(&self, variant: Variant, url: &str, server: &str) -> Program {
        let how = match variant {
            Variant::Alone => "alone",
            Variant::ByHand(_) => "by-hand",
            Variant::Library(_) => "library",
            Variant::Node(_) => {
                let script = self.node.join("reference/server.mjs");
                return Program::new("node").args([script]).args(["--store", url]);
            }
        };
        Program::new(self.binary(server)).args(["--how", how, "--store", url]).env("RUST_LOG", "error")
    }
}

/// The program behind another one, which starts it, or becomes it.
pub(crate) fn behind(wrapper: &str, arguments: &[&str], program: Program) -> Program {
    let whole = Program::new(wrapper).args(arguments).args([program.binary]).args(program.arguments);
    Program { environment: program.environment, ..whole }
}

/// The program on the servers' core.
pub(crate) fn pinned(program: Program) -> Program {
    behind("taskset", &["-c", CORE], program)
}

/// The databases.
pub(crate) struct Databases {
    redis: RedisServer,
    postgres: PostgresServer,
    sqlite: PathBuf,
}

impl Databases {
    pub(crate) fn start() -> Result<Self> {
        let redis = block_in_place(|| RedisServer::start(Options::default()));
        // a commit is on the disk when it is acknowledged
        let postgres = block_in_place(|| PostgresServer::start(None, &["fsync=on", "shared_buffers=128MB"]));
        let sqlite = std::env::temp_dir().join(format!("bench-{}", std::process::id()));
        std::fs::create_dir_all(&sqlite)?;
        Ok(Self { redis, postgres, sqlite })
    }

    pub(crate) fn url(&self, variant: Variant) -> String {
        let (Variant::ByHand(store) | Variant::Library(store) | Variant::Node(store)) = variant else {
            return "memory".to_owned();
        };
        match store {
            Store::Memory => "memory".to_owned(),
            Store::Redis => self.redis.url(),
            Store::Sqlite => format!("sqlite:{}", self.sqlite.join("sessions.db").display()),
            Store::Postgres => self.postgres.url(),
        }
    }
}

impl Drop for Databases {
    fn drop(&mut self) {
        // what is left is in the system's folder for such things
        let _ = std::fs::remove_dir_all(&self.sqlite);
    }
}

/// A server that runs.
pub(crate) struct Server {
    pub(crate) variant: Variant,
    node: Node,
}

impl Server {
    pub(crate) async fn start(variant: Variant, program: Program) -> Result<Self> {
        Ok(Self { variant, node: Node::start(program).await? })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.node.address()
    }

    /// What it has printed.
    pub(crate) fn log(&self) -> String {
        self.node.log()
    }

    /// How much memory it has, in KiB.
    pub(crate) fn resident(&self) -> Result<u64> {
        let id = self.node.id().ok_or("the server has ended")?;
        let status = std::fs::read_to_string(Path::new("/proc").join(id.to_string()).join("status"))?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let size = resident.and_then(|size| size.split_whitespace().next()).ok_or("no size in status")?;
        Ok(size.parse()?)
    }

    /// How long it has computed, in itself and in the kernel.
    pub(crate) fn computed(&self) -> Result<Duration> {
        let id = self.node.id().ok_or("the server has ended")?;
        let stat = std::fs::read_to_string(Path::new("/proc").join(id.to_string()).join("stat"))?;
        // behind the name, which may hold anything, the 12th and 13th are the times
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks =
            |index: usize| fields.get(index).and_then(|ticks| ticks.parse::<u32>().ok()).ok_or("no time in stat");
        Ok(TICK * (ticks(11)? + ticks(12)?))
    }
}
