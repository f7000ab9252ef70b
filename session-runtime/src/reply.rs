//! What goes back to the client.

use std::{borrow::Cow, ops::Deref, sync::Arc, time::Duration};

use serde::Serialize;
use socketioxide::{
    SendError, SocketError, adapter::Adapter, extract::AckSender, handler::FromMessageParts, socket::Socket,
};
use socketioxide_core::Value;
use tokio::time::{Instant, sleep};

use crate::{
    connection::Connection,
    error::{ClientError, EventError},
    metering,
    payload::Payload,
};

/// What a handler came to: its reply, serialized, or its error.
pub type Outcome = Result<Serialized, EventError>;

/// A reply, serialized before the save.
#[derive(Debug)]
pub struct Serialized(pub(crate) Payload);

/// What a guard came to: yes, or no with a message of its own.
pub type Verdict = Result<bool, EventError>;

/// What a handler returned.
///
/// Generated code calls [`reply`](Self::reply) on it. Method lookup tells a `Result`, under any alias, from all other
/// types: the inherent methods here are found first, those of [`Plain`] through `Deref`.
#[derive(Debug)]
pub struct Returned<T>(Plain<T>);

/// What a handler returned that is no `Result`.
#[derive(Debug)]
pub struct Plain<T>(T);

impl<T> Returned<T> {
    /// Takes what the handler returned.
    pub fn new(value: T) -> Self {
        Self(Plain(value))
    }
}

impl<T> Deref for Returned<T> {
    type Target = Plain<T>;

    fn deref(&self) -> &Plain<T> {
        &self.0
    }
}

/// What a handler may return: anything that can be serialized.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an acknowledgement",
    label = "must be `Serialize`",
    note = "the value itself is the acknowledgement, no `Json` or `StatusCode` around it; its types need `#[derive(serde::Serialize)]`"
)]
pub trait Acknowledge {
    /// Serializes it.
    fn serialized(&self) -> Outcome;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize> Acknowledge for T {
    fn serialized(&self) -> Outcome {
        Payload::new(self).map(Serialized).map_err(EventError::unserializable)
    }
}

impl<T> Plain<T> {
    /// The acknowledgement.
    pub fn reply(&self) -> Outcome
    where
        T: Acknowledge,
    {
        self.0.serialized()
    }
}

impl<T> Plain<T> {
    /// A guard's answer.
    pub fn verdict(&self) -> Verdict
    where
        T: Allowed,
    {
        self.0.allowed()
    }
}

impl<T, E> Returned<Result<T, E>> {
    /// The acknowledgement, or the error.
    pub fn reply(self) -> Outcome
    where
        T: Acknowledge,
        E: ClientError,
    {
        match self.0.0 {
            Ok(value) => value.serialized(),
            Err(error) => Err(error.into_event_error()),
        }
    }

    /// A guard's answer.
    pub fn verdict(self) -> Verdict
    where
        T: Allowed,
        E: ClientError,
    {
        match self.0.0 {
            Ok(value) => value.allowed(),
            Err(error) => Err(error.into_event_error()),
        }
    }
}

/// What a guard may return: `bool`, `()` in `Ok`.
#[diagnostic::on_unimplemented(
    message = "a guard cannot return `{Self}`",
    label = "may be `bool`, `Result<(), E>` or `Result<bool, E>`"
)]
pub trait Allowed {
    /// Yes or no.
    fn allowed(&self) -> Verdict;
}

impl Allowed for bool {
    fn allowed(&self) -> Verdict {
        Ok(*self)
    }
}

impl Allowed for () {
    fn allowed(&self) -> Verdict {
        Ok(true)
    }
}

/// For how long an answer waits for a client that does not read.
const DELIVERY: Duration = Duration::from_secs(20);

/// The way back to the client that sent an event.
pub(crate) struct Reply<A: Adapter> {
    pub(crate) socket: Arc<Socket<A>>,
    pub(crate) ack: Option<i64>,
    pub(crate) event: Cow<'static, str>,
}

impl<A: Adapter> Reply<A> {
    /// Sends the acknowledgement, always one argument; without an acknowledgement, an error arrives as the event
    /// `session_error`.
    ///
    /// It is delivered to the transport, or the transport is closed: when the client does not read, this waits.
    pub(crate) async fn send(&self, connection: &Arc<Connection>, outcome: &Outcome) {
        metering::event(outcome);
        match (outcome, self.ack) {
            (Ok(Serialized(payload)), Some(_)) => self.acknowledge(connection, payload).await,
            (Err(error), Some(_)) => self.acknowledge(connection, &error.body(None)).await,
            (Err(error), None) => {
                let body = error.body(Some(&self.event));
                self.deliver(connection, || self.socket.emit("session_error", &(&body,))).await;
            }
            (Ok(_), None) => {}
        }
    }

    async fn acknowledge<T: Serialize>(&self, connection: &Arc<Connection>, value: &T) {
        self.deliver(connection, || {
            let mut none = Value::Bytes(bytes::Bytes::new());
            match AckSender::from_message_parts(&self.socket, &mut none, &self.ack) {
                // a one-tuple, for a tuple of the handler's own would be spread over several arguments
                Ok(sender) => sender.send(&(value,)),
                Err(never) => match never {},
            }
        })
        .await;
    }

    async fn deliver(&self, connection: &Arc<Connection>, mut send: impl FnMut() -> Result<(), SendError>) {
        match send() {
            Ok(()) => {}
            first => Box::pin(self.deliver_slowly(connection, first, send)).await,
        }
    }

    /// There is no way to wait for a place in the socket's buffer, so this asks again.
    async fn deliver_slowly(
        &self,
        connection: &Arc<Connection>,
        mut sent: Result<(), SendError>,
        mut again: impl FnMut() -> Result<(), SendError>,
    ) {
        let (start, mut pause) = (Instant::now(), Duration::from_millis(1));
        loop {
            match sent {
                Err(SendError::Socket(SocketError::InternalChannelFull)) if start.elapsed() < DELIVERY => {
                    sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_millis(50));
                }
                // done; or it left, and nobody is there to be told
                Ok(()) | Err(SendError::Socket(SocketError::Closed)) => return,
                Err(error) => {
                    tracing::warn!(%error, event = %self.event, "an acknowledgement could not be delivered; the transport is closed");
                    return connection.close();
                }
            }
            sent = again();
        }
    }
}
