//! A Socket.IO client. Its user drives it: nothing runs in the background but the polls of the polling transport.

use std::net::SocketAddr;

use http::StatusCode;

use crate::{packet::Packet, polling::Polling, websocket::WebSocket};

/// How packets travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// HTTP long-polling.
    Polling,
    /// A WebSocket from the start.
    WebSocket,
}

/// A connected socket, in one namespace.
#[derive(Debug)]
pub struct Socket {
    wire: Wire,
    namespace: String,
    next_id: u64,
}

#[derive(Debug)]
enum Wire {
    Polling(Polling),
    WebSocket(Box<WebSocket>),
}

/// A socket was not let in.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// There was no answer, or none that means something.
    #[error("the server cannot be reached: {0}")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The handshake was refused.
    #[error("the handshake got {0}")]
    Handshake(StatusCode),
    /// The namespace was: `connect_error`.
    #[error("the namespace was refused: {0}")]
    Namespace(String),
}

/// The transport has ended.
#[derive(Debug, thiserror::Error)]
#[error("the connection is closed")]
pub struct Closed;

impl Socket {
    /// Connects to a namespace, `/` for the main one.
    pub async fn connect(
        address: SocketAddr,
        transport: Transport,
        namespace: &str,
        cookie: Option<&str>,
    ) -> Result<Self, Refused> {
        let wire = match transport {
            Transport::Polling => Wire::Polling(Polling::open(address, cookie).await?),
            Transport::WebSocket => Wire::WebSocket(Box::new(WebSocket::open(address, cookie).await?)),
        };
        let namespace = if namespace == "/" { String::new() } else { format!("{namespace},") };
        let mut socket = Self { wire, namespace, next_id: 0 };
        let hello = format!("40{}", socket.namespace);
        let closed = |_| Refused::Unreachable(Closed.into());
        socket.push(hello).await.map_err(closed)?;
        socket.flush().await.map_err(closed)?;
        loop {
            match socket.next().await {
                Packet::Connected => return Ok(socket),
                Packet::Refused(message) => return Err(Refused::Namespace(message)),
                Packet::Closed | Packet::Disconnected => return Err(Refused::Unreachable(Closed.into())),
                Packet::Ack(..) | Packet::Event(_) => {}
            }
        }
    }

    /// Emits an event that asks for an acknowledgement, and returns its id; `arguments` is JSON, separated by commas.
    pub async fn emit(&mut self, event: &str, arguments: &str) -> Result<u64, Closed> {
        let id = self.feed(event, arguments).await?;
        self.flush().await?;
        Ok(id)
    }

    /// As [`emit`](Self::emit), but it may wait until [`flush`](Self::flush).
    pub async fn feed(&mut self, event: &str, arguments: &str) -> Result<u64, Closed> {
        let id = self.next_id;
        self.next_id += 1;
        let comma = if arguments.is_empty() { "" } else { "," };
        self.push(format!("42{}{id}[\"{event}\"{comma}{arguments}]", self.namespace)).await?;
        Ok(id)
    }

    async fn push(&mut self, packet: String) -> Result<(), Closed> {
        match &mut self.wire {
            Wire::Polling(polling) => {
                polling.push(packet);
                Ok(())
            }
            Wire::WebSocket(socket) => socket.push(packet).await,
        }
    }

    /// Sends what waits.
    pub async fn flush(&mut self) -> Result<(), Closed> {
        match &mut self.wire {
            Wire::Polling(polling) => polling.flush().await,
            Wire::WebSocket(socket) => socket.flush().await,
        }
    }

    /// The next packet; after [`Packet::Closed`] that again. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Packet {
        match &mut self.wire {
            Wire::Polling(polling) => polling.next().await,
            Wire::WebSocket(socket) => socket.next().await,
        }
    }

    /// Emits, and waits for the acknowledgement; what comes before it is thrown away.
    pub async fn call(&mut self, event: &str, arguments: &str) -> Result<Packet, Closed> {
        let id = self.emit(event, arguments).await?;
        loop {
            match self.next().await {
                Packet::Closed | Packet::Disconnected => return Err(Closed),
                packet @ Packet::Ack(got, _) if got == id => return Ok(packet),
                _ => {}
            }
        }
    }
}
