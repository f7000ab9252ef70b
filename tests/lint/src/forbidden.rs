//! Lints that nobody may allow again: generated code has no `#[allow]` that would clash with them.
#![forbid(
    dead_code,
    missing_docs,
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    unused_imports,
    unused_mut,
    unused_variables,
    clippy::let_and_return,
    clippy::manual_async_fn,
    clippy::missing_errors_doc,
    clippy::needless_pass_by_ref_mut,
    clippy::used_underscore_binding
)]

use socket_session::{guard, on, on_connect, on_disconnect, on_fallback, socket_session};
use socketioxide::adapter::Adapter;
use socketioxide::extract::{Data, SocketRef};

/// The view.
#[socket_session]
#[derive(Debug)]
pub struct Visit {
    /// How many there were.
    #[session(default = 1)]
    pub count: u32,
    /// Not stored.
    #[session(skip)]
    skipped: u32,
}

/// A guard.
#[guard]
pub async fn may(visit: &Visit) -> bool {
    visit.skipped == 0
}

/// An event.
#[on("my event", guard = may)]
pub async fn my_event<A: Adapter>(visit: &mut Visit, Data(by): Data<u32>, _socket: SocketRef<A>) -> u32 {
    visit.count = by;
    visit.count
}

/// Without anything.
#[on("ping")]
pub async fn ping() {}

/// Connecting.
#[on_connect]
pub async fn hello(_visit: &mut Visit) {}

/// Disconnecting.
#[on_disconnect]
pub async fn bye(_visit: Option<&Visit>) {}

/// The rest.
#[on_fallback]
pub async fn rest(_visit: &Visit) {}
