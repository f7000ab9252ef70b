//! Everything that production has, on this machine: each as a child of this process, which ends with it.

use std::{
    env,
    net::{SocketAddr, ToSocketAddrs as _},
    path::Path,
    process::Stdio,
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    net::{TcpListener, TcpStream},
    process::{Child, Command},
    signal::{
        ctrl_c,
        unix::{SignalKind, signal},
    },
    time::{sleep, timeout},
};

use crate::Result;

const NODES: [&str; 3] = ["one", "two", "three"];

/// How long each of them may take to begin.
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) async fn run(listen: &str) -> Result<()> {
    let mut ended = signal(SignalKind::terminate())?;
    let redis = free().await?;
    let _redis = start(
        Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", &redis.port().to_string(), "--save", ""])
            .current_dir(env::temp_dir())
            .stdout(Stdio::null()),
    )?;
    answers(redis).await?;

    let mut nodes = Vec::new();
    for name in NODES {
        let mut node = start(
            Command::new(env::current_exe()?)
                .args(["node", "--name", name, "--redis", &format!("redis://{redis}/")])
                .stdout(Stdio::piped()),
        )?;
        let address = said(&mut node).await.map_err(|error| format!("node {name} {error}"))?;
        // By which it can be killed, to see what then becomes of its visitors.
        println!("node {name} is process {} at http://{address}", node.id().unwrap_or_default());
        nodes.push((node, address));
    }

    let listen = listen.to_socket_addrs()?.next().ok_or("there is no such address to listen on")?;
    let public = if listen.port() == 0 { free().await? } else { listen };
    let mut proxy = Command::new("haproxy");
    proxy.arg("-db").arg("-f").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("haproxy.cfg"));
    proxy.env("LISTEN", public.to_string()).stdout(Stdio::null());
    for (name, (_, address)) in NODES.iter().zip(&nodes) {
        proxy.env(name.to_uppercase(), address);
    }
    let mut proxy = start(&mut proxy)?;
    tokio::select! {
        open = answers(public) => open?,
        status = proxy.wait() => return Err(format!("haproxy ended: {}", status?).into()),
    }
    println!("listening on http://{public}");

    tokio::select! {
        _ = ctrl_c() => {}
        _ = ended.recv() => {}
        status = proxy.wait() => return Err(format!("haproxy ended: {}", status?).into()),
    }
    Ok(())
}

/// Starts a program, which is killed when this is dropped.
fn start(command: &mut Command) -> Result<Child> {
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    let child = command.stdin(Stdio::null()).kill_on_drop(true).spawn();
    child.map_err(|error| format!("{program} cannot be started ({error}); on Debian: apt-get install {program}").into())
}

/// The address that a node says it listens at.
async fn said(node: &mut Child) -> Result<String, &'static str> {
    let mut lines = BufReader::new(node.stdout.take().ok_or("says nothing")?).lines();
    let said = async {
        while let Ok(Some(line)) = lines.next_line().await {
            if let Some(address) = line.strip_prefix("listening on http://") {
                return Ok(address.to_owned());
            }
        }
        Err("ended at once")
    };
    timeout(PATIENCE, said).await.unwrap_or(Err("does not listen"))
}

/// A port that nobody uses at the moment.
async fn free() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0").await?.local_addr()?)
}

/// Waits until somebody listens there.
async fn answers(address: SocketAddr) -> Result<()> {
    let listening = async {
        while TcpStream::connect(address).await.is_err() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, listening).await.map_err(|_| format!("nobody listens at {address}").into())
}
