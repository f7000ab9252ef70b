//! Engine.IO over a WebSocket.

use std::net::SocketAddr;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use http::header::COOKIE;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{self, Message, client::IntoClientRequest as _, protocol::WebSocketConfig},
};

use crate::{
    packet::{Packet, Received, read},
    socket::{Closed, Refused},
};

/// How many bytes are read at once, as engineioxide does.
const READ: usize = 4096;

#[derive(Debug)]
pub(crate) struct WebSocket {
    stream: WebSocketStream<TcpStream>,
}

impl WebSocket {
    pub(crate) async fn open(address: SocketAddr, cookie: Option<&str>) -> Result<Self, Refused> {
        let mut request = format!("ws://{address}/socket.io/?EIO=4&transport=websocket")
            .into_client_request()
            .map_err(|error| Refused::Unreachable(error.into()))?;
        if let Some(cookie) = cookie {
            let value =
                cookie.parse().map_err(|error: http::header::InvalidHeaderValue| Refused::Unreachable(error.into()))?;
            request.headers_mut().insert(COOKIE, value);
        }
        let stream = TcpStream::connect(address).await.map_err(|error| Refused::Unreachable(error.into()))?;
        stream.set_nodelay(true).map_err(|error| Refused::Unreachable(error.into()))?;
        // it is filled with zeros for each read: the default, 128 KiB, took more time than all else that this does
        let config = WebSocketConfig::default().read_buffer_size(READ);
        match client_async_with_config(request, stream, Some(config)).await {
            Ok((stream, _)) => Ok(Self { stream }),
            Err(tungstenite::Error::Http(response)) => Err(Refused::Handshake(response.status())),
            Err(error) => Err(Refused::Unreachable(error.into())),
        }
    }

    pub(crate) async fn push(&mut self, packet: String) -> Result<(), Closed> {
        self.stream.feed(Message::text(packet)).await.map_err(|_| Closed)
    }

    pub(crate) async fn flush(&mut self) -> Result<(), Closed> {
        self.stream.flush().await.map_err(|_| Closed)
    }

    pub(crate) async fn next(&mut self) -> Packet {
        loop {
            let Some(Ok(message)) = self.stream.next().await else { return Packet::Closed };
            let Message::Text(text) = message else { continue };
            match read(&Bytes::from(text)) {
                Received::Packet(packet) => return packet,
                Received::Ping => {
                    if self.stream.send(Message::text("3")).await.is_err() {
                        return Packet::Closed;
                    }
                }
                Received::Other => {}
            }
        }
    }
}
