//! A server process that can be killed, and started again at the same address.

use std::{
    ffi::OsString,
    net::SocketAddr,
    path::PathBuf,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use crate::Result;

/// How long a server may take to say where it listens: the guide may fetch its page's client first.
const START: Duration = Duration::from_secs(90);

/// How to start a server which says `listening on http://…` when it does.
#[derive(Debug, Clone)]
pub struct Program {
    /// Its binary.
    pub binary: PathBuf,
    /// Its arguments, without `--listen`.
    pub arguments: Vec<OsString>,
    /// Variables of its environment, besides those of this process.
    pub environment: Vec<(OsString, OsString)>,
}

/// A server process; it dies with this.
#[derive(Debug)]
pub struct Node {
    program: Program,
    address: SocketAddr,
    child: Option<Child>,
    log: Log,
}

/// What a process has written to its standard error.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Program {
    /// A program without arguments.
    pub fn new(binary: impl Into<PathBuf>) -> Self {
        Self { binary: binary.into(), arguments: Vec::new(), environment: Vec::new() }
    }

    /// With these arguments too.
    #[must_use]
    pub fn args<I: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = I>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// With this variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }
}

impl Node {
    /// Starts it on a free port, and waits until it listens.
    pub async fn start(program: Program) -> Result<Self> {
        let log = Log::default();
        let (child, address) = spawn(&program, "127.0.0.1:0", &log).await?;
        Ok(Self { program, address, child: Some(child), log })
    }

    /// Where it listens, also while it is dead.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The number of its process, while it lives.
    pub fn id(&self) -> Option<u32> {
        self.child.as_ref().and_then(Child::id)
    }

    /// What it has written to its standard error, in all of its lives.
    pub fn log(&self) -> String {
        self.log.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for its end, which somebody else brings about.
    pub async fn ended(&mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            child.wait().await?;
        }
        Ok(())
    }

    /// Ends it with SIGKILL, and waits until it is dead.
    pub async fn kill(&mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill().await?;
        }
        Ok(())
    }

    /// Starts it again where it was; one that still runs is killed first.
    pub async fn restart(&mut self) -> Result<()> {
        self.kill().await?;
        let (child, _) = spawn(&self.program, &self.address.to_string(), &self.log).await?;
        self.child = Some(child);
        Ok(())
    }
}

async fn spawn(program: &Program, listen: &str, log: &Log) -> Result<(Child, SocketAddr)> {
    let mut child = Command::new(&program.binary)
        .args(&program.arguments)
        .args(["--listen", listen])
        .envs(program.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("cannot start {}: {error}", program.binary.display()))?;
    if let Some(stderr) = child.stderr.take() {
        drop(tokio::spawn(keep(BufReader::new(stderr).lines(), log.clone())));
    }
    let stdout = child.stdout.take().ok_or("the process has no standard output")?;
    let listening = timeout(START, listening(BufReader::new(stdout).lines())).await;
    if let Some((address, rest)) = listening.ok().flatten() {
        // Read on: a full pipe would stop it.
        drop(tokio::spawn(keep(rest, Log::default())));
        Ok((child, address))
    } else {
        child.kill().await?;
        let said = log.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Err(format!("{} does not listen; it says: {said}", program.binary.display()).into())
    }
}

async fn listening(mut lines: Lines<BufReader<ChildStdout>>) -> Option<(SocketAddr, Lines<BufReader<ChildStdout>>)> {
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(address) = line.strip_prefix("listening on http://").and_then(|address| address.parse().ok()) {
            return Some((address, lines));
        }
    }
    None
}

async fn keep<R: AsyncRead + Unpin>(mut lines: Lines<BufReader<R>>, log: Log) {
    while let Ok(Some(line)) = lines.next_line().await {
        let mut log = log.0.lock().unwrap_or_else(PoisonError::into_inner);
        // What happened last is what is asked for.
        if log.len() > 1 << 20 {
            log.clear();
        }
        log.push_str(&line);
        log.push('\n');
    }
}
