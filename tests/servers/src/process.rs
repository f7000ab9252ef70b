//! A child process with a folder, both of which end with their owner.

use std::{
    env,
    fs::{self, File},
    io,
    net::TcpListener,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    process::{self, Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

/// What fails here ends the test that needs it.
#[expect(clippy::panic, reason = "a test that needs a server fails without one")]
pub(crate) fn must<T>(result: io::Result<T>, what: &str) -> T {
    result.unwrap_or_else(|error| panic!("{what}: {error}"))
}

/// A temporary folder, removed when it is dropped.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> io::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("{name}-{}-{number}", process::id()));
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // what is left is in the system's folder for such things
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A server that runs, killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Process(Child);

impl Process {
    /// Starts it; what it prints goes to that file.
    pub(crate) fn start(command: &mut Command, log: &Path) -> io::Result<Self> {
        let log = File::options().create(true).append(true).open(log)?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn().map(Self)
    }

    /// Sends it a signal by name, such as `STOP`.
    pub(crate) fn signal(&self, name: &str) -> io::Result<()> {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.0.id().to_string()).status()?;
        if sent.success() { Ok(()) } else { Err(io::Error::other(format!("`kill -{name}` failed"))) }
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.0.try_wait(), Ok(None))
    }

    /// Waits for its end, which somebody else brings about.
    pub(crate) fn wait(mut self) -> io::Result<()> {
        self.0.wait().map(drop)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port that nobody uses at the moment, and that nobody is given who asks for any: a server that is killed finds it free
/// when it comes back, and meanwhile nobody else answers there, be it a connection that has been given it as its own end.
pub(crate) fn free_port() -> io::Result<u16> {
    /// Linux gives away those from 32,768 on (`ip_local_port_range`).
    const PORTS: RangeInclusive<u16> = 20_000..=32_767;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // processes begin far from each other
    let first = process::id().wrapping_mul(7_919);
    for _ in PORTS {
        let next = first.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) as usize % PORTS.len();
        let port = PORTS.clone().nth(next).unwrap_or(*PORTS.start());
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    Err(io::ErrorKind::AddrInUse.into())
}
