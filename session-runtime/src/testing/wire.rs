//! A client's side of a connection: a WebSocket over memory, and what has arrived on it.

use std::{
    collections::{HashMap, VecDeque},
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Empty;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use socketioxide::{adapter::LocalAdapter, socket::Socket};
use socketioxide_core::{
    Str, Value,
    packet::{Packet, PacketData},
    parser::{Parse as _, ParseConfig, ParseError, ParserState},
};
use socketioxide_parser_common::CommonParser;
use tokio::{
    io::DuplexStream,
    sync::{mpsc, watch},
    task::AbortHandle,
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{self, Message, client::IntoClientRequest as _},
};
use tower_service::Service;

use super::TestError;
use crate::{connection::Close, handshake::SessionLayer};

/// How much may be on its way before the one side waits for the other.
const BUFFER: usize = 1 << 20;

/// For how long a test waits before it is told that nothing has come: longer than any handler may take by default.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);

/// The event that says that all before it has arrived.
const SETTLED: &str = "__socket_session_settled";

/// How many handlers of a connection are at work. It is kept in the extensions of the connection's handshake.
#[derive(Clone, Debug, Default)]
pub(super) struct Works(watch::Sender<usize>);

/// A handler at work, until it has been answered and its effects have happened.
#[derive(Debug)]
pub(crate) struct Running(Option<Works>);

impl Running {
    pub(crate) fn of<A: socketioxide::adapter::Adapter>(socket: &Arc<Socket<A>>) -> Self {
        let works = socket.req_parts().extensions.get::<Works>().cloned();
        if let Some(works) = &works {
            works.0.send_modify(|count| *count += 1);
        }
        Self(works)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(works) = &self.0 {
            works.0.send_modify(|count| *count = count.saturating_sub(1));
        }
    }
}

/// What has arrived.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    /// Whether the namespace has let the client in: the socket's id, or the message of the `connect_error`.
    connected: Option<Result<String, String>>,
    /// Events that nobody has looked at.
    pub(super) events: VecDeque<Value>,
    acknowledgements: HashMap<i64, Value>,
    settled: u64,
    pub(super) closed: Option<Close>,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Wire {
    outgoing: mpsc::UnboundedSender<Message>,
    inbox: Arc<(Mutex<Inbox>, watch::Sender<()>)>,
    works: Works,
    namespace: String,
    reader: AbortHandle,
    /// What the handshake's response has set.
    pub(super) cookies: Vec<String>,
}

impl Drop for Wire {
    fn drop(&mut self) {
        // the stream ends with it, as it does when a page is closed
        self.reader.abort();
    }
}

impl Wire {
    /// Opens a WebSocket with that `Cookie`.
    pub(super) async fn open(
        layer: &SessionLayer<LocalAdapter>,
        namespace: &str,
        cookie: Option<&str>,
    ) -> Result<Self, TestError> {
        let works = Works::default();
        let (stream, headers) = upgraded(layer, cookie, works.clone()).await?;
        let cookies = headers.get_all(header::SET_COOKIE).iter().filter_map(|cookie| cookie.to_str().ok());
        let cookies = cookies.map(str::to_owned).collect();
        let (outgoing, messages) = mpsc::unbounded_channel();
        let inbox = Arc::new((Mutex::default(), watch::Sender::new(())));
        let reading = run(stream, messages, outgoing.clone(), Arc::clone(&inbox), namespace.to_owned());
        let reader = tokio::spawn(reading).abort_handle();
        Ok(Self { outgoing, inbox, works, namespace: namespace.to_owned(), reader, cookies })
    }

    /// Enters the namespace, with that `auth`: the socket's id.
    pub(super) async fn connect(&self, auth: Option<Value>) -> Result<String, TestError> {
        self.send(Packet::connect(self.namespace.clone(), auth));
        let connected = self.wait(|inbox| inbox.connected.clone()).await?;
        connected.map_err(TestError::ConnectError)
    }

    /// Emits, and waits for the acknowledgement.
    pub(super) async fn ask(&self, id: i64, data: Value) -> Result<Value, TestError> {
        let mut packet = Packet::event(self.namespace.clone(), data);
        packet.inner.set_ack_id(id);
        self.send(packet);
        self.wait(|inbox| inbox.acknowledgements.remove(&id)).await
    }

    /// Waits until no handler of this connection is at work, and all that the server has sent until then is here.
    pub(super) async fn settle(&self, tell: impl FnOnce(&str)) -> Result<(), TestError> {
        let mut works = self.works.0.subscribe();
        let idle = timeout(PATIENCE, async { works.wait_for(|count| *count == 0).await.is_ok() });
        if idle.await != Ok(true) {
            return Err(TestError::NothingCame);
        }
        let settled = self.look().settled;
        tell(SETTLED);
        match self.wait(|inbox| (inbox.settled > settled).then_some(())).await {
            // whoever was disconnected hears no more
            Ok(()) | Err(TestError::Closed(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// What has arrived.
    pub(super) fn look(&self) -> MutexGuard<'_, Inbox> {
        lock(&self.inbox.0)
    }

    /// Waits for something to arrive.
    pub(super) async fn wait<T>(&self, mut find: impl FnMut(&mut Inbox) -> Option<T>) -> Result<T, TestError> {
        let mut changes = self.inbox.1.subscribe();
        let found = timeout(PATIENCE, async {
            loop {
                {
                    let mut inbox = self.look();
                    if let Some(found) = find(&mut inbox) {
                        return Ok(found);
                    }
                    if let Some(close) = inbox.closed {
                        return Err(TestError::Closed(close));
                    }
                }
                if changes.changed().await.is_err() {
                    return Err(TestError::NothingCame);
                }
            }
        });
        found.await.unwrap_or(Err(TestError::NothingCame))
    }

    fn send(&self, packet: Packet) {
        for message in messages(packet) {
            // a connection that has ended says so to whoever waits for an answer
            let _ = self.outgoing.send(message);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A packet in Engine.IO's messages: attachments come after it.
fn messages(packet: Packet) -> Vec<Message> {
    match CommonParser.encode(packet) {
        Value::Str(text, attachments) => {
            let attachments = attachments.into_iter().flatten().map(Message::Binary);
            std::iter::once(Message::text(format!("4{text}"))).chain(attachments).collect()
        }
        Value::Bytes(bytes) => vec![Message::Binary(bytes)],
    }
}

/// A handshake, over memory.
async fn upgraded(
    layer: &SessionLayer<LocalAdapter>,
    cookie: Option<&str>,
    works: Works,
) -> Result<(WebSocketStream<DuplexStream>, HeaderMap), TestError> {
    let service = tower_layer::Layer::layer(layer, Nothing);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(works.clone());
        service.clone().call(request)
    });
    let (near, far) = tokio::io::duplex(BUFFER);
    tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(far), service).with_upgrades());
    let mut request = "ws://localhost/socket.io/?EIO=4&transport=websocket".into_client_request()?;
    if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::from_str(cookie).ok()) {
        request.headers_mut().insert(header::COOKIE, cookie);
    }
    let (stream, response) = client_async(request, near).await?;
    Ok((stream, response.into_parts().0.headers))
}

impl From<tungstenite::Error> for TestError {
    fn from(error: tungstenite::Error) -> Self {
        match error {
            tungstenite::Error::Http(response) => Self::Handshake(response.status()),
            _ => Self::Closed(Close::Reconnect),
        }
    }
}

/// Reads and writes until the connection ends.
async fn run(
    stream: WebSocketStream<DuplexStream>,
    mut messages: mpsc::UnboundedReceiver<Message>,
    outgoing: mpsc::UnboundedSender<Message>,
    inbox: Arc<(Mutex<Inbox>, watch::Sender<()>)>,
    namespace: String,
) {
    let (mut sink, mut source) = stream.split();
    let writing = async {
        while let Some(message) = messages.recv().await {
            if sink.send(message).await.is_err() {
                break;
            }
        }
        std::future::pending::<()>().await;
    };
    let (config, state) = (ParseConfig::default(), ParserState::default());
    let reading = async {
        while let Some(Ok(message)) = source.next().await {
            let packet = match message {
                Message::Text(text) => match text.split_at_checked(1) {
                    // the parser is a server's, which is never refused
                    Some(("4", refused)) if refused.starts_with('4') => {
                        let (of, message) = refused.get(1..).and_then(|rest| rest.split_once('{')).unwrap_or_default();
                        let of = of.trim_end_matches(',');
                        if of == namespace || of.is_empty() && namespace == "/" {
                            arrived(&inbox, PacketData::ConnectError(format!("{{{message}")));
                        }
                        continue;
                    }
                    Some(("4", text)) => CommonParser.decode_str(&config, &state, Str::from(text.to_owned())),
                    Some(("2", rest)) => {
                        let _ = outgoing.send(Message::text(format!("3{rest}")));
                        continue;
                    }
                    _ => continue,
                },
                Message::Binary(bytes) => CommonParser.decode_bin(&config, &state, bytes),
                _ => continue,
            };
            match packet {
                Ok(packet) if packet.ns == namespace.as_str() => arrived(&inbox, packet.inner),
                Ok(_) | Err(ParseError::NeedsMoreBinaryData) => {}
                Err(error) => tracing::warn!(%error, "a packet could not be read"),
            }
        }
    };
    tokio::select! {
        () = writing => {}
        () = reading => {}
    }
    lock(&inbox.0).closed.get_or_insert(Close::Reconnect);
    inbox.1.send_replace(());
}

fn arrived(inbox: &(Mutex<Inbox>, watch::Sender<()>), packet: PacketData) {
    let mut there = lock(&inbox.0);
    match packet {
        PacketData::Connect(value) => {
            #[derive(serde::Deserialize)]
            struct Connected {
                sid: String,
            }
            let connected = CommonParser.decode_default::<Connected>(value.as_ref());
            there.connected = Some(connected.map(|connected| connected.sid).map_err(|error| error.to_string()));
        }
        PacketData::ConnectError(message) => there.connected = Some(Err(refusal(message))),
        PacketData::Disconnect => there.closed = Some(Close::Final),
        PacketData::Event(value, _) | PacketData::BinaryEvent(value, _) => {
            if matches!(CommonParser.read_event(&value), Ok(SETTLED)) {
                there.settled += 1;
            } else {
                there.events.push_back(value);
            }
        }
        PacketData::EventAck(value, id) | PacketData::BinaryAck(value, id) => {
            there.acknowledgements.insert(id, value);
        }
    }
    drop(there);
    inbox.1.send_replace(());
}

/// The message of a `connect_error`.
fn refusal(text: String) -> String {
    #[derive(serde::Deserialize)]
    struct Refused {
        message: String,
    }
    serde_json::from_str::<Refused>(&text).map_or(text, |refused| refused.message)
}

/// Stands where the application would be.
#[derive(Clone, Debug)]
struct Nothing;

impl Service<Request<Incoming>> for Nothing {
    type Response = Response<Empty<Bytes>>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Incoming>) -> Self::Future {
        let mut response = Response::new(Empty::new());
        *response.status_mut() = StatusCode::NOT_FOUND;
        std::future::ready(Ok(response))
    }
}
