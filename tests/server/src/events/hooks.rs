//! Connecting, disconnecting, and events without a handler.

use serde::Deserialize;
use serde_json::{Value, json};
use socket_session::{on_connect, on_disconnect, on_fallback};
use socketioxide::{
    extract::{Data, Event, SocketRef, State},
    socket::DisconnectReason,
};

use crate::{
    app::App,
    views::{Arrivals, Visit},
};

/// The client's `auth`.
#[derive(Deserialize)]
pub(crate) struct Auth {
    #[serde(default)]
    wait: u64,
    #[serde(default)]
    refuse: bool,
    /// By which a test knows its own arrival.
    #[serde(default)]
    word: String,
}

#[on_connect]
pub(crate) async fn arrive(
    arrivals: &mut Arrivals,
    socket: SocketRef,
    Data(auth): Data<Auth>,
    State(app): State<App>,
) -> Result<(), &'static str> {
    app.note(format!("arriving {}", auth.word));
    super::wait(auth.wait).await;
    if auth.refuse {
        return Err("not today");
    }
    arrivals.arrivals += 1;
    // A client that is gone by now needs no welcome.
    drop(socket.emit("welcome", &arrivals.arrivals));
    Ok(())
}

/// In a namespace for those without a session, too.
#[on_connect]
pub(crate) async fn greet(visit: Option<&Visit>, socket: SocketRef) {
    drop(socket.emit("hello", &visit.map(|visit| visit.count)));
}

#[on_disconnect]
pub(crate) async fn leave(visit: Option<&Visit>, reason: DisconnectReason, State(app): State<App>) {
    let count = visit.map(|visit| visit.count);
    app.note(json!({ "left": reason.to_string(), "count": count }).to_string());
}

#[on_fallback]
pub(crate) async fn other(visit: &mut Visit, Event(event): Event, Data(data): Data<Value>) -> Value {
    visit.count += 1;
    json!({ "event": event, "data": data, "count": visit.count })
}
