//! The Socket.IO side. Each handler gets the session as it is now, whoever changed it last.

use socket_session::{EventError, ServerEvent as _, on, on_connect, server_event};
use socketioxide::extract::{Data, SocketRef};

use crate::visit::Visit;

/// The count: when a socket connects, and whenever HTTP has counted.
#[server_event("current count")]
pub(crate) struct CurrentCount(pub(crate) u32);

/// Before the first event: the page shows the count at once.
#[on_connect]
pub(crate) async fn connected(visit: &Visit, socket: SocketRef) -> Result<(), EventError> {
    tracing::info!(authenticated = visit.authenticated, count = visit.count, "connected");
    socket.emit(CurrentCount::NAME, &CurrentCount(visit.count).payload())?;
    Ok(())
}

// `&mut`: saved when it returns. The reply is sent once it is saved; an `Err` saves nothing.
/// Adds one to the count.
#[on("my event")]
pub(crate) async fn my_event(visit: &mut Visit) -> Result<u32, &'static str> {
    visit.add(1)
}

// A payload that is not a number gets an error, and this does not run.
/// Adds so much to the count.
#[on("add")]
pub(crate) async fn add(visit: &mut Visit, Data(by): Data<u32>) -> Result<u32, &'static str> {
    visit.add(by)
}

// `&`: a fresh read.
/// The session as it is now.
#[on("whoami")]
pub(crate) async fn whoami(visit: &Visit) -> &Visit {
    visit
}
