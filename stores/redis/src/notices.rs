//! What nodes tell each other, by `PUBLISH`: a channel for each node, and one for all.
//!
//! A message names a session by its key, which is a hash, and never by its id.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use redis::{
    RedisError,
    aio::{PubSubSink, PubSubStream},
};
use socket_session::store::{Ending, NodeId, Notice, Notices, Telling};
use tokio::time::{sleep, timeout};

use crate::{connection::Server, encoding, error::ConnectError};

/// After how many response timeouts a silent connection is asked whether it still is one.
const QUIET: u32 = 5;

/// Between attempts to connect.
const PAUSE: Duration = Duration::from_millis(250);

/// A notice for all nodes, if it is one that is sent.
pub(crate) fn message(notice: &Notice) -> Option<String> {
    match notice {
        Notice::Offered(key) => Some(format!("offered {}", encoding::hex(key.as_bytes()))),
        Notice::Ended { key, by, how } => {
            Some(format!("ended {} {} {}", encoding::hex(key.as_bytes()), encoding::digits(by.0), how.as_str()))
        }
        Notice::Told { key, by, what } => {
            Some(format!("told {} {} {}", encoding::hex(key.as_bytes()), encoding::digits(by.0), what.as_str()))
        }
        Notice::Missed => None,
    }
}

/// What a message says; `None` if a later version of this crate says it.
fn notice(message: &str) -> Option<Notice> {
    let mut words = message.split(' ');
    let (kind, key) = (words.next()?, encoding::session_key(words.next()?.as_bytes())?);
    match kind {
        "offered" => Some(Notice::Offered(key)),
        "ended" | "told" => {
            let by = NodeId(encoding::parse_id(words.next()?.as_bytes())?);
            let word = words.next()?;
            match kind {
                "ended" => Some(Notice::Ended { key, by, how: Ending::named(word)? }),
                _ => Some(Notice::Told { key, by, what: Telling::named(word)? }),
            }
        }
        _ => None,
    }
}

/// The names of the channels.
pub(crate) struct Channels {
    of_nodes: String,
    of_all: String,
}

impl Channels {
    pub(crate) fn new(prefix: &str) -> Self {
        Self { of_nodes: format!("{prefix}node:"), of_all: format!("{prefix}nodes") }
    }

    pub(crate) fn of_all(&self) -> &str {
        &self.of_all
    }

    /// The notices for that node, on a connection of their own.
    pub(crate) fn listen(&self, server: Server, node: NodeId) -> Notices {
        let channels = [format!("{}{}", self.of_nodes, encoding::digits(node.0)), self.of_all.clone()];
        let ear = Ear { server, channels, open: None, deaf: false };
        stream::unfold(ear, async |mut ear| Some((ear.next().await, ear))).boxed()
    }
}

struct Ear {
    server: Server,
    channels: [String; 2],
    open: Option<(PubSubSink, PubSubStream)>,
    /// It cannot connect, and has said so.
    deaf: bool,
}

impl Ear {
    async fn next(&mut self) -> Notice {
        loop {
            let Some((asks, hears)) = &mut self.open else {
                self.connect().await;
                // whatever was sent in the meantime
                return Notice::Missed;
            };
            match timeout(QUIET * self.server.response_timeout, hears.next()).await {
                Ok(Some(message)) => {
                    let text = std::str::from_utf8(message.get_payload_bytes()).unwrap_or_default();
                    if let Some(notice) = notice(text) {
                        return notice;
                    }
                }
                Ok(None) => self.open = None,
                Err(_) => {
                    let alive = timeout(self.server.response_timeout, asks.ping::<redis::Value>()).await;
                    if !matches!(alive, Ok(Ok(_))) {
                        self.open = None;
                    }
                }
            }
        }
    }

    /// Tries until it succeeds.
    async fn connect(&mut self) {
        loop {
            match self.subscribe().await {
                Ok(open) => {
                    if self.deaf {
                        tracing::info!("notices of other nodes come again");
                    }
                    (self.open, self.deaf) = (Some(open), false);
                    return;
                }
                Err(error) => {
                    if !self.deaf {
                        tracing::warn!(%error, "no notices of other nodes for now: handing over takes longer");
                    }
                    self.deaf = true;
                    sleep(PAUSE).await;
                }
            }
        }
    }

    async fn subscribe(&self) -> Result<(PubSubSink, PubSubStream), ConnectError> {
        let subscribing = async {
            let (mut asks, hears) = self.server.client.get_async_pubsub().await?.split();
            asks.subscribe(&self.channels[..]).await?;
            Ok::<_, RedisError>((asks, hears))
        };
        match timeout(self.server.connect_timeout, subscribing).await {
            Ok(subscribed) => subscribed.map_err(|error| self.server.failed_to_connect(error)),
            Err(_) => Err(self.server.silent()),
        }
    }
}
