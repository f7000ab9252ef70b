//! (a) socketioxide alone: what an acknowledged event costs at least.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use axum::{Router, http::StatusCode, routing::post};
use socketioxide::{
    SocketIo,
    extract::{AckSender, SocketRef},
};

pub(super) fn app() -> Router {
    let (layer, io) = SocketIo::new_layer();
    io.ns("/", async |socket: SocketRef| {
        let count = Arc::new(AtomicU32::new(0));
        for event in ["my event", "e2", "e3", "e4", "e5", "e6", "e7", "e8", "e9", "e10"] {
            let count = Arc::clone(&count);
            socket.on(event, move |ack: AckSender| {
                let count = count.fetch_add(1, Ordering::Relaxed) + 1;
                async move {
                    ack.send(&count).ok();
                }
            });
        }
    });
    Router::new().route("/login", post(async || StatusCode::NO_CONTENT)).layer(layer)
}
