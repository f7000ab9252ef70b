//! A Postgres server.

use std::{
    fs, io,
    net::TcpStream,
    os::unix::{fs::chown, process::CommandExt as _},
    path::PathBuf,
    process::Command,
    thread::sleep,
    time::{Duration, Instant},
};

use crate::process::{Folder, Process, free_port, must};

/// How long a server may take until it answers.
const PATIENCE: Duration = Duration::from_secs(30);

/// A Postgres of one's own, with the database, the user and superuser `postgres`.
///
/// Its methods panic, with the server's log, where it does not do what it should: a test that needs a server fails
/// without one.
#[derive(Debug)]
pub struct PostgresServer {
    /// Before the folder, which it uses until its end.
    process: Option<Process>,
    folder: Folder,
    port: u16,
    password: Option<String>,
    settings: Vec<String>,
    /// Postgres does not run as root.
    user: Option<(u32, u32)>,
}

impl PostgresServer {
    /// Starts one, and waits until it answers. A setting is such as `max_connections=5`.
    pub fn start(password: Option<&str>, settings: &[&str]) -> Self {
        let folder = must(Folder::new("postgres"), "no temporary folder");
        let user = must(unprivileged(), "no user to run Postgres as");
        if let Some((user, group)) = user {
            must(chown(folder.path(), Some(user), Some(group)), "the folder is not to be given away");
        }
        let settings = settings.iter().map(ToString::to_string).collect();
        let mut server = Self { process: None, folder, port: 0, password: password.map(str::to_owned), settings, user };
        server.make_cluster();
        // somebody else may take the port between here and there
        for _ in 0..5 {
            server.port = must(free_port(), "no free port");
            if server.run() {
                return server;
            }
        }
        must(Err(io::Error::other(server.log())), "Postgres does not start")
    }

    /// One that trusts everybody.
    pub fn plain() -> Self {
        Self::start(None, &[])
    }

    /// Where it is, with the password.
    pub fn url(&self) -> String {
        let password = self.password.as_ref().map(|password| format!(":{password}")).unwrap_or_default();
        format!("postgres://postgres{password}@127.0.0.1:{}/postgres", self.port)
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends it as a crash does (`SIGKILL`): its connections break, and what is not logged is lost.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Ends it properly, though it waits for nobody (`SIGINT`, a fast shutdown).
    pub fn stop(&mut self) {
        if let Some(process) = self.process.take() {
            must(process.signal("INT"), "Postgres cannot be stopped");
            must(process.wait(), "Postgres does not stop");
        }
    }

    /// Starts it again on its port and in its folder, after killing it if it still runs.
    pub fn restart(&mut self) {
        self.kill();
        let end = Instant::now() + PATIENCE;
        // what is left of the one that was killed needs a moment to notice
        while !self.run() {
            if Instant::now() > end {
                must::<()>(Err(io::Error::other(self.log())), "Postgres does not start again");
            }
            sleep(Duration::from_millis(50));
        }
    }

    /// What it has printed.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(find(program));
        command.current_dir(self.folder.path()).env("LC_ALL", "C");
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        command
    }

    fn make_cluster(&self) {
        let mut command = self.command("initdb");
        command.args(["--pgdata=data", "--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync"]);
        command.arg("--no-instructions");
        match &self.password {
            Some(password) => {
                let file = self.folder.path().join("password");
                must(fs::write(&file, password), "the password cannot be written");
                command.arg("--auth=scram-sha-256").arg(format!("--pwfile={}", file.display()));
            }
            None => {
                command.arg("--auth=trust");
            }
        }
        let made = must(command.output(), "Postgres is missing (apt-get install postgresql)");
        let said = String::from_utf8_lossy(&made.stderr).into_owned();
        must(if made.status.success() { Ok(()) } else { Err(io::Error::other(said)) }, "initdb");
    }

    /// Whether it runs, and answers.
    fn run(&mut self) -> bool {
        let mut command = self.command("postgres");
        command.args(["-D", "data", "-h", "127.0.0.1", "-k", "", "-p"]).arg(self.port.to_string());
        // a process that is killed loses nothing that it has written, only a machine does
        for setting in ["fsync=off", "shared_buffers=16MB", "timezone=UTC"] {
            command.arg("-c").arg(setting);
        }
        for setting in &self.settings {
            command.arg("-c").arg(setting);
        }
        let process = Process::start(&mut command, &self.folder.path().join("log"));
        let process = self.process.insert(must(process, "Postgres is missing (apt-get install postgresql)"));
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end && !process.has_ended() {
            if answers(self.port) {
                return true;
            }
            sleep(Duration::from_millis(20));
        }
        self.process = None;
        false
    }
}

/// Where a program of Postgres is: Debian keeps those of the server away from the others.
fn find(program: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<_> = versions.map(|version| version.path().join("bin").join(program)).collect();
    found.retain(|path| path.exists());
    found.sort();
    found.pop().unwrap_or_else(|| PathBuf::from(program))
}

/// The user `postgres` and its group, if it takes another than this one.
fn unprivileged() -> io::Result<Option<(u32, u32)>> {
    let ask = |arguments: &[&str]| -> io::Result<u32> {
        let said = Command::new("id").args(arguments).output()?.stdout;
        String::from_utf8_lossy(&said).trim().parse().map_err(|_| io::Error::other("there is no user `postgres`"))
    };
    if ask(&["-u"])? != 0 {
        return Ok(None);
    }
    Ok(Some((ask(&["-u", "postgres"])?, ask(&["-g", "postgres"])?)))
}

/// Whether a Postgres that takes connections is there: to a connection that asks whether it may encrypt it says a letter;
/// and one that starts up says an error to the next message.
fn answers(port: u16) -> bool {
    use io::{Read as _, Write as _};
    let ask = || -> io::Result<u8> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        // length, protocol 3.0, and who wants in; what follows is `R`, or `E` while it starts
        let mut hello = vec![0, 3, 0, 0];
        hello.extend(b"user\0postgres\0database\0postgres\0\0");
        let length = u32::try_from(hello.len() + 4).unwrap_or_default();
        stream.write_all(&length.to_be_bytes())?;
        stream.write_all(&hello)?;
        let mut kind = [0];
        stream.read_exact(&mut kind)?;
        Ok(kind[0])
    };
    ask().is_ok_and(|kind| kind == b'R')
}
