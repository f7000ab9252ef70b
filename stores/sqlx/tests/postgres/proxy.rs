//! A network that fails: between the store and the server, told what to do.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use test_servers::PostgresServer;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
};

pub(super) struct Proxy {
    url: String,
    cut: Arc<AtomicBool>,
    silent: watch::Sender<bool>,
}

impl Proxy {
    pub(super) async fn new(server: &PostgresServer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = listener.local_addr().unwrap();
        let url = server.url().replace(&format!("127.0.0.1:{}", server.port()), &here.to_string());
        let proxy = Self { url, cut: Arc::default(), silent: watch::Sender::new(false) };
        let (cut, silent, port) = (Arc::clone(&proxy.cut), proxy.silent.subscribe(), server.port());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(forward(client, port, Arc::clone(&cut), silent.clone()));
            }
        });
        proxy
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// The next request is forwarded, and then the connection is cut, so that the answer is lost.
    pub(super) fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
    }

    /// From now on nothing is forwarded, and no connection ends.
    pub(super) fn silence(&self, silent: bool) {
        self.silent.send_replace(silent);
    }
}

async fn forward(
    mut client: TcpStream,
    port: u16,
    cut: Arc<AtomicBool>,
    mut silent: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let mut server = TcpStream::connect(("127.0.0.1", port)).await?;
    let (mut asks, mut answers) = ([0; 8_192], [0; 8_192]);
    loop {
        if silent.wait_for(|silent| !*silent).await.is_err() {
            return Ok(());
        }
        tokio::select! {
            _ = silent.changed() => {}
            asked = client.read(&mut asks) => match asked? {
                0 => return Ok(()),
                length => {
                    server.write_all(&asks[..length]).await?;
                    if cut.swap(false, Ordering::SeqCst) {
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
