//! The Socket.IO side. Each handler gets the session as it is now, whoever changed it last.

use socket_session::{EventError, on, on_connect};
use socketioxide::extract::{Data, SocketRef};

use crate::visit::Visit;

/// Before the first event: the page shows the count at once.
#[on_connect]
pub(crate) async fn connected(visit: &Visit, socket: SocketRef) -> Result<(), EventError> {
    tracing::info!(authenticated = visit.authenticated, count = visit.count, "connected");
    socket.emit("current count", &visit.count)?;
    Ok(())
}

/// `&mut`: saved when it returns. The reply is sent once it is saved; an `Err` saves nothing.
#[on("my event")]
pub(crate) async fn my_event(visit: &mut Visit) -> Result<u32, &'static str> {
    visit.add(1)
}

/// A payload that is not a number gets an error, and this does not run.
#[on("add")]
pub(crate) async fn add(visit: &mut Visit, Data(by): Data<u32>) -> Result<u32, &'static str> {
    visit.add(by)
}

/// `&`: a fresh read.
#[on("whoami")]
pub(crate) async fn whoami(visit: &Visit) -> &Visit {
    visit
}
