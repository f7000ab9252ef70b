//! A redis-server.

use std::{
    fs, io,
    io::{Read as _, Write as _},
    net::TcpStream,
    process::Command,
    thread::sleep,
    time::{Duration, Instant},
};

use crate::process::{Folder, Process, free_port, must};

/// How long a server may take until it answers.
const PATIENCE: Duration = Duration::from_secs(20);

/// A redis-server of one's own.
///
/// Its methods panic, with the server's log, where it does not do what it should: a test that needs a server fails
/// without one.
#[derive(Debug)]
pub struct RedisServer {
    /// Before the folder, which it uses until its end.
    process: Option<Process>,
    folder: Folder,
    port: u16,
    options: Options,
}

/// How a [`RedisServer`] is configured. Unless told otherwise it keeps nothing on disk.
#[derive(Clone, Debug, Default)]
pub struct Options {
    arguments: Vec<String>,
    password: Option<String>,
    clock: Option<String>,
}

impl Options {
    /// Everything is in its file before it is answered: nothing that was answered is lost by a restart.
    #[must_use]
    pub fn append_only(self) -> Self {
        self.with("--appendonly", "yes").with("--appendfsync", "always")
    }

    /// A password for the default user. [`RedisServer::url`] has it.
    #[must_use]
    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self.with("--requirepass", password).with("--masterauth", password)
    }

    /// As much memory and no more: writes that need more are refused.
    #[must_use]
    pub fn max_memory(self, size: &str) -> Self {
        self.with("--maxmemory", size).with("--maxmemory-policy", "noeviction")
    }

    /// A replica of that one.
    #[must_use]
    pub fn replica_of(self, master: &RedisServer) -> Self {
        self.with("--replicaof", &format!("127.0.0.1 {}", master.port)).with("--repl-diskless-sync-delay", "0")
    }

    /// A clock that is off by that much, such as `+1h`.
    #[must_use]
    pub fn clock(mut self, off: &str) -> Self {
        self.clock = Some(off.to_owned());
        self
    }

    /// Any other option of redis-server's configuration, such as `--timeout` and `5`.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.arguments.push(name.to_owned());
        self.arguments.extend(value.split(' ').map(str::to_owned));
        self
    }
}

impl RedisServer {
    /// Starts one, and waits until it answers.
    pub fn start(options: Options) -> Self {
        let folder = must(Folder::new("redis"), "no temporary folder");
        let mut server = Self { process: None, folder, port: 0, options };
        // somebody else may take the port between here and there
        for _ in 0..5 {
            server.port = must(free_port(), "no free port");
            if server.run() {
                return server;
            }
        }
        must(Err(io::Error::other(server.log())), "redis-server does not start")
    }

    /// One that keeps nothing on disk, without a password.
    pub fn plain() -> Self {
        Self::start(Options::default())
    }

    /// Where it is, with the password.
    pub fn url(&self) -> String {
        let password = self.options.password.as_ref().map(|password| format!(":{password}@")).unwrap_or_default();
        format!("redis://{password}127.0.0.1:{}/", self.port)
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends it as a crash does (`SIGKILL`).
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Ends it properly (`SIGTERM`).
    pub fn stop(&mut self) {
        if let Some(process) = self.process.take() {
            must(process.signal("TERM"), "redis-server cannot be stopped");
            must(process.wait(), "redis-server does not stop");
        }
    }

    /// Starts it again on its port and in its folder, after killing it if it still runs.
    pub fn restart(&mut self) {
        self.kill();
        if !self.run() {
            must::<()>(Err(io::Error::other(self.log())), "redis-server does not start again");
        }
    }

    /// Its clock is off by that much, from its next start on.
    pub fn set_clock(&mut self, off: &str) {
        self.options.clock = Some(off.to_owned());
    }

    /// Makes it stand still (`SIGSTOP`): it is there, and answers nobody.
    pub fn pause(&self) {
        self.signal("STOP");
    }

    /// Lets it go on after [`pause`](Self::pause).
    pub fn resume(&self) {
        self.signal("CONT");
    }

    /// What it has printed.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn signal(&self, name: &str) {
        let process = self.process.as_ref().ok_or_else(|| io::Error::other("redis-server does not run"));
        must(must(process, "no signal").signal(name), "no signal");
    }

    /// Whether it runs, and answers.
    fn run(&mut self) -> bool {
        let mut command = Command::new("redis-server");
        if let Some(off) = &self.options.clock {
            set_clock(&mut command, off);
        }
        let folder = self.folder.path();
        command.current_dir(folder).arg("--port").arg(self.port.to_string()).args(["--bind", "127.0.0.1"]);
        command.args(["--save", "", "--enable-debug-command", "yes"]).args(&self.options.arguments);
        let process = Process::start(&mut command, &folder.join("log"));
        let process = self.process.insert(must(process, "redis-server is missing (apt-get install redis-server)"));
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end && !process.has_ended() {
            if answers(self.port) {
                return true;
            }
            sleep(Duration::from_millis(10));
        }
        self.process = None;
        false
    }
}

/// Gives a program a clock that is off: only the clock, what counts time counts as before.
fn set_clock(command: &mut Command, off: &str) {
    // `faketime` itself does not get on with jemalloc, so its library comes with another allocator
    let shown = Command::new("faketime").args(["-f", "+0", "printenv", "LD_PRELOAD"]).output();
    let shown = must(shown, "faketime is missing (apt-get install faketime)");
    let library = String::from_utf8_lossy(&shown.stdout).trim().to_owned();
    command.env("LD_PRELOAD", format!("{library}:libc.so.6"));
    command.env("FAKETIME", off).env("DONT_FAKE_MONOTONIC", "1");
}

/// Whether a Redis that has read its data answers there; to ask for a password is an answer, too.
fn answers(port: u16) -> bool {
    let ask = || -> io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"PING\r\n")?;
        let mut answer = [0; 64];
        let length = stream.read(&mut answer)?;
        Ok(String::from_utf8_lossy(answer.get(..length).unwrap_or_default()).into_owned())
    };
    ask().is_ok_and(|answer| answer.starts_with("+PONG") || answer.starts_with("-NOAUTH"))
}
