//! Engine.IO over HTTP long-polling: a task polls, and what is to be sent goes out on a connection of its own.

use std::{fmt, net::SocketAddr};

use bytes::Bytes;
use http::{Method, StatusCode};
use tokio::{sync::mpsc, task::AbortHandle};

use crate::{
    http::Http,
    packet::{Packet, Received, read},
    socket::{Closed, Refused},
};

/// Stands between the packets of one payload.
const SEPARATOR: u8 = 0x1e;

pub(crate) struct Polling {
    path: String,
    cookie: Option<String>,
    posts: Http,
    outgoing: Vec<u8>,
    incoming: mpsc::UnboundedReceiver<Bytes>,
    polls: AbortHandle,
}

impl fmt::Debug for Polling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Polling").finish_non_exhaustive()
    }
}

impl Drop for Polling {
    fn drop(&mut self) {
        self.polls.abort();
    }
}

impl Polling {
    pub(crate) async fn open(address: SocketAddr, cookie: Option<&str>) -> Result<Self, Refused> {
        let path = "/socket.io/?EIO=4&transport=polling";
        let mut gets = Http::new(address);
        let answer = gets.get(path, cookie).await.map_err(|error| Refused::Unreachable(error.into()))?;
        if answer.status != StatusCode::OK {
            return Err(Refused::Handshake(answer.status));
        }
        let open: serde_json::Value =
            answer.body.strip_prefix(b"0").and_then(|json| serde_json::from_slice(json).ok()).unwrap_or_default();
        let sid = open.get("sid").and_then(serde_json::Value::as_str);
        let sid = sid.ok_or_else(|| Refused::Unreachable("the handshake's answer names no `sid`".into()))?;
        let path = format!("{path}&sid={sid}");
        let cookie = cookie.map(str::to_owned);
        let (sender, incoming) = mpsc::unbounded_channel();
        let polls = tokio::spawn(poll(gets, path.clone(), cookie.clone(), sender)).abort_handle();
        Ok(Self { path, cookie, posts: Http::new(address), outgoing: Vec::new(), incoming, polls })
    }

    pub(crate) fn push(&mut self, packet: impl AsRef<[u8]>) {
        if !self.outgoing.is_empty() {
            self.outgoing.push(SEPARATOR);
        }
        self.outgoing.extend_from_slice(packet.as_ref());
    }

    pub(crate) async fn flush(&mut self) -> Result<(), Closed> {
        let body = Bytes::from(std::mem::take(&mut self.outgoing));
        if body.is_empty() {
            return Ok(());
        }
        match self.posts.request(Method::POST, &self.path, self.cookie.as_deref(), body).await {
            Ok(answer) if answer.status == StatusCode::OK => Ok(()),
            _ => Err(Closed),
        }
    }

    pub(crate) async fn next(&mut self) -> Packet {
        while let Some(packet) = self.incoming.recv().await {
            match read(&packet) {
                Received::Packet(packet) => return packet,
                Received::Ping => {
                    self.push(b"3");
                    if self.flush().await.is_err() {
                        return Packet::Closed;
                    }
                }
                Received::Other => {}
            }
        }
        Packet::Closed
    }
}

async fn poll(mut gets: Http, path: String, cookie: Option<String>, sender: mpsc::UnboundedSender<Bytes>) {
    while let Ok(answer) = gets.get(&path, cookie.as_deref()).await {
        if answer.status != StatusCode::OK {
            return;
        }
        let mut rest = answer.body;
        while !rest.is_empty() {
            let end = rest.iter().position(|byte| *byte == SEPARATOR).unwrap_or(rest.len());
            let packet = rest.split_to(end);
            if !rest.is_empty() {
                rest = rest.slice(1..);
            }
            if sender.send(packet).is_err() {
                return;
            }
        }
    }
}
