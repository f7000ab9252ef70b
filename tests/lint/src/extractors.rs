//! Near the cases of `extractor`: owned values, the user's own extractors, all that socketioxide has.

use serde::Deserialize;
use socket_session::{AfterSave, Session, on, on_connect, on_disconnect, on_fallback, socket_session};
use socketioxide::SocketIo;
use socketioxide::adapter::Adapter;
use socketioxide::extract::{AckSender, Data, Event, Extension, MaybeExtension, SocketRef, State, TryData};
use socketioxide::handler::FromMessageParts;
use socketioxide::socket::{DisconnectReason, Socket};
use socketioxide_core::Value;
use std::borrow::Cow;
use std::convert::Infallible;
use std::sync::Arc;

/// The view.
#[socket_session]
#[derive(Debug)]
pub struct Visit {
    /// How many there were.
    pub count: u32,
}

/// What a client sends.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Order {
    /// How many it wants.
    pub amount: u32,
}

/// An extractor of the user's own, for every adapter.
#[derive(Debug)]
pub struct HasAck(bool);

impl<A: Adapter> FromMessageParts<A> for HasAck {
    type Error = Infallible;

    fn from_message_parts(_: &Arc<Socket<A>>, _: &mut Value, ack: &Option<i64>) -> Result<Self, Infallible> {
        Ok(Self(ack.is_some()))
    }
}

/// Borrowed for ever is owned.
#[on("state")]
pub async fn state(_text: State<&'static str>, _cow: Data<Cow<'static, str>>, _function: State<fn(&str) -> bool>) {}

/// Everything at once, in any order, with views between.
#[on("all")]
pub async fn all(
    Data(order): Data<Order>,
    visit: &mut Visit,
    HasAck(has_ack): HasAck,
    after: AfterSave,
    Event(event): Event,
    socket: SocketRef,
    io: SocketIo,
) -> u32 {
    after.emit(event, &(has_ack, socket.id, io.config().ack_timeout));
    visit.count = order.amount;
    visit.count
}

/// Those of the handshake.
#[on("extensions")]
pub async fn extensions(_one: Extension<u8>, _two: MaybeExtension<u16>) {}

/// A handle beside a view that is only read waits for nobody.
#[on("beside")]
pub async fn beside(visit: &Visit, _session: Session<Visit>, _ack: AckSender, _try: TryData<Order>) -> u32 {
    visit.count
}

/// A handle in place of the view.
#[on("handle")]
pub async fn handle(session: Session<Visit>) -> Option<u32> {
    session.update(|visit| visit.count).await.ok()
}

/// Extractors of connecting.
#[on_connect]
pub async fn hello(visit: &mut Visit, _auth: TryData<Order>, _socket: SocketRef, after: AfterSave) {
    after.emit("count", &visit.count);
}

/// Extractors of disconnecting.
#[on_disconnect]
pub async fn bye(_reason: DisconnectReason, _socket: SocketRef, _visit: Option<&Visit>) {}

/// Extractors of the rest.
#[on_fallback]
pub async fn rest(Event(name): Event, _data: TryData<Vec<u8>>) -> String {
    name
}
