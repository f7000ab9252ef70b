//! A client's socket, and what came of an event.

use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use socketioxide::{SocketIo, adapter::LocalAdapter, socket::Sid};
use socketioxide_core::{Value, parser::Parse as _};
use socketioxide_parser_common::CommonParser;

use super::{Registered, TestError, TestStore, wire::Wire};
use crate::{connection::Close, core::Core, handler::Event, record::Id, session::Session, view::View};

/// A client that is connected to a namespace of a [`Testing`](super::Testing). Dropping it closes its transport.
pub struct TestSocket {
    pub(super) wire: Wire,
    pub(super) store: TestStore,
    pub(super) io: SocketIo,
    pub(super) core: Arc<Core>,
    pub(super) registered: Arc<Registered>,
    pub(super) sid: Option<Sid>,
    pub(super) id: Option<Id>,
    pub(super) emits: AtomicI64,
}

impl TestSocket {
    /// Sends an event and waits until its handler has been answered, and until what it gave to `AfterSave` has happened.
    ///
    /// As with the JavaScript client, a tuple is several arguments and `&()` is none.
    ///
    /// # Errors
    /// That a handler fails is no error here: [`Done::error`] has it. `NoHandler` if the namespace handles no such event, `Closed` if the connection was closed before
    /// the answer, `NothingCame` after a minute.
    pub async fn emit<T: Serialize + ?Sized>(&self, event: &str, data: &T) -> Result<Done, TestError> {
        if !self.registered.namespace.answers(event) {
            return Err(TestError::NoHandler(event.to_owned()));
        }
        let data = encode(event, data)?;
        let (before, saves) = (self.wire.look().events.len(), self.store.saves());
        let answer = self.wire.ask(self.emits.fetch_add(1, Ordering::Relaxed), data).await?;
        self.settle().await?;
        let events = {
            let mut inbox = self.wire.look();
            let before = before.min(inbox.events.len());
            inbox.events.split_off(before)
        };
        let changed = self.id.map(|id| self.store.changed(&id.key(), saves)).unwrap_or_default();
        Ok(Done { answer, changed, events })
    }

    /// [`emit`](Self::emit) with the event that this handler is for: `socket.call::<add>(&2)`.
    ///
    /// # Errors
    /// Those of [`emit`](Self::emit).
    pub async fn call<E: Event<LocalAdapter>>(&self, data: &(impl Serialize + ?Sized)) -> Result<Done, TestError> {
        self.emit(E::NAME, data).await
    }

    /// The data of the next event of that name that nobody has looked at; it waits for one. What an
    /// [`emit`](Self::emit) has brought is in its [`Done`].
    ///
    /// # Errors
    /// `Closed` if the connection was closed without one, `NothingCame` after a minute, `Unexpected` if the data is not a
    /// `T`.
    pub async fn next<T: DeserializeOwned>(&self, event: &str) -> Result<T, TestError> {
        let found = self.wire.wait(|inbox| {
            let at = inbox.events.iter().position(|value| is(value, event))?;
            inbox.events.remove(at)
        });
        decode_event(found.await?)
    }

    /// Waits until the server ends this: `Close::Final` is what a client sees as `io server disconnect`, and
    /// `Close::Reconnect` as `transport close`, after which it comes back by itself.
    ///
    /// # Errors
    /// `NothingCame` after a minute.
    pub async fn closed(&self) -> Result<Close, TestError> {
        self.wire.wait(|inbox| inbox.closed).await
    }

    /// Whether the server has ended this.
    pub fn is_closed(&self) -> bool {
        self.wire.look().closed.is_some()
    }

    /// The session of this connection, if it has one: with `Handshake::Create`, the one that the handshake has created.
    pub fn session<V: View>(&self) -> Option<Session<V>> {
        self.id.map(|id| Session::of_id(&self.core, id))
    }

    /// Waits until the handlers of this connection have done their work, and what they sent has arrived.
    pub(super) async fn settle(&self) -> Result<(), TestError> {
        let told = |event: &str| {
            let namespace = self.io.of(&self.registered.path);
            let socket = self.sid.and_then(|sid| namespace?.get_socket(sid));
            let told = socket.is_some_and(|socket| socket.emit(event, &()).is_ok());
            if !told {
                self.wire.look().closed.get_or_insert(Close::Reconnect);
            }
        };
        self.wire.settle(told).await
    }
}

impl fmt::Debug for TestSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestSocket")
            .field("namespace", &self.registered.path)
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}

/// What came of an event: its acknowledgement, what was saved, and what was emitted.
#[derive(Debug)]
pub struct Done {
    answer: Value,
    changed: Vec<String>,
    events: VecDeque<Value>,
}

impl Done {
    /// What the handler returned.
    ///
    /// # Errors
    /// `Refused` if the acknowledgement is an error, `Unexpected` if it is not a `T`.
    pub fn reply<T: DeserializeOwned>(&self) -> Result<T, TestError> {
        if let Some(error) = self.error() {
            return Err(TestError::Refused(error));
        }
        let mut answer = self.answer.clone();
        let reply = CommonParser.decode_value::<(T,)>(&mut answer, false);
        reply.map(|(reply,)| reply).map_err(|_| TestError::Unexpected(std::any::type_name::<T>()))
    }

    /// The error, if the acknowledgement is one.
    pub fn error(&self) -> Option<ErrorReply> {
        #[derive(Deserialize)]
        struct Body {
            error: ErrorReply,
        }
        let mut answer = self.answer.clone();
        CommonParser.decode_value::<(Body,)>(&mut answer, false).ok().map(|(body,)| body.error)
    }

    /// The keys of the session's record that were changed while it ran, in their order; none, if nothing was saved.
    pub fn changed(&self) -> &[String] {
        &self.changed
    }

    /// The data of each event of that name that reached this socket until the handler was done: those of
    /// `AfterSave::emit`, and those that it emitted itself.
    ///
    /// # Errors
    /// `Unexpected` if the data of one is not a `T`.
    pub fn emitted<T: DeserializeOwned>(&self, event: &str) -> Result<Vec<T>, TestError> {
        self.events.iter().filter(|value| is(value, event)).cloned().map(decode_event).collect()
    }

    /// The names of all events that reached this socket, in their order.
    pub fn events(&self) -> Vec<&str> {
        self.events.iter().filter_map(|value| CommonParser.read_event(value).ok()).collect()
    }
}

/// An error acknowledgement, as a client gets it.
#[derive(Clone, Debug, PartialEq, Deserialize, thiserror::Error)]
#[error("{code}: {message}")]
#[non_exhaustive]
pub struct ErrorReply {
    /// What programs look at.
    pub code: String,
    /// What people read.
    pub message: String,
    /// What `EventError::data` has added, as JSON.
    #[serde(default)]
    pub data: Option<serde_json::Value>,
}

fn is(value: &Value, event: &str) -> bool {
    CommonParser.read_event(value).is_ok_and(|name| name == event)
}

fn decode_event<T: DeserializeOwned>(mut value: Value) -> Result<T, TestError> {
    CommonParser.decode_value(&mut value, true).map_err(|_| TestError::Unexpected(std::any::type_name::<T>()))
}

pub(super) fn encode<T: Serialize + ?Sized>(event: &str, data: &T) -> Result<Value, TestError> {
    let unsent = |_| TestError::Unsent(std::any::type_name::<T>());
    // a value of no size is none
    if size_of_val(data) == 0 && serde_json::to_value(data).is_ok_and(|value| value.is_null()) {
        return CommonParser.encode_value(&[event], None).map_err(unsent);
    }
    CommonParser.encode_value(data, Some(event)).map_err(unsent)
}
