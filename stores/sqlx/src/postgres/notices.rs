//! What nodes tell each other, by `NOTIFY`: a channel for each node, and one for all.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use socket_session::store::{NodeId, Notice, Notices};
use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::time::{sleep, timeout};

use super::{error::ConnectError, pool::Server};
use crate::{message, prefix::Prefix};

/// After how long a silent connection is asked whether it still is one.
const QUIET: Duration = Duration::from_secs(15);

/// Between attempts to connect.
const PAUSE: Duration = Duration::from_millis(250);

/// The channel of all nodes.
pub(crate) fn of_all(prefix: &Prefix) -> String {
    prefix.fill("{p}_all")
}

/// The notices for that node, on a connection of their own.
pub(crate) fn listen(server: Server, prefix: &Prefix, node: NodeId) -> Notices {
    // (the functions in Postgres make the same name of a node)
    let channels = [format!("{}_{:032x}", prefix.as_str(), node.0), of_all(prefix)];
    let ear = Ear { server, channels, open: None, deaf: false };
    stream::unfold(ear, async |mut ear| Some((ear.next().await, ear))).boxed()
}

struct Ear {
    server: Server,
    channels: [String; 2],
    open: Option<PgListener>,
    /// It cannot connect, and has said so.
    deaf: bool,
}

impl Ear {
    async fn next(&mut self) -> Notice {
        loop {
            let Some(listener) = &mut self.open else {
                self.connect().await;
                // whatever was sent in the meantime
                return Notice::Missed;
            };
            match timeout(QUIET, listener.try_recv()).await {
                Ok(Ok(Some(heard))) => {
                    if let Some(notice) = message::read(heard.payload()) {
                        return notice;
                    }
                }
                Ok(Ok(None) | Err(_)) => self.open = None,
                Err(_) => {
                    let alive = timeout(self.server.response_timeout, sqlx::query("SELECT 1").execute(listener)).await;
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

    async fn subscribe(&self) -> Result<PgListener, ConnectError> {
        if self.deaf {
            // sqlx's listener connects by a pool, which tries on until its time is up, and then does not say why
            drop(self.server.connect().await?);
        }
        let pool = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None);
        let pool = pool.acquire_timeout(self.server.connect_timeout).connect_lazy_with(self.server.options.clone());
        let subscribing = async {
            let mut listener = PgListener::connect_with(&pool).await?;
            // or the messages that come while it connects anew are lost without a word
            listener.eager_reconnect(false);
            listener.listen_all(self.channels.iter().map(String::as_str)).await?;
            Ok::<_, sqlx::Error>(listener)
        };
        match timeout(2 * self.server.connect_timeout, subscribing).await {
            Ok(subscribed) => subscribed.map_err(|error| self.server.failed_to_connect(&error)),
            Err(_) => Err(ConnectError::Silent { address: self.server.address(), after: self.server.connect_timeout }),
        }
    }
}
