//! Near `two_type_parameters`, `type_parameter_that_is_no_adapter` and `of_a_type_parameter`: the adapter, under any
//! name and with bounds anywhere.

use socket_session::{Sessions, guard, on, on_connect, socket_session};
use socketioxide::adapter::Adapter;
use socketioxide::extract::{Data, SocketRef};

/// The view.
#[socket_session]
#[derive(Debug)]
pub struct Visit {
    /// How many there were.
    pub count: u32,
}

/// The usual form.
#[on("one")]
pub async fn one<A: Adapter>(visit: &mut Visit, socket: SocketRef<A>) -> u32 {
    drop(socket);
    visit.count
}

/// Another name, and its bounds in the `where` clause.
#[on("two", guard = polling)]
pub async fn two<Backend>(_data: Data<u32>, _socket: SocketRef<Backend>)
where
    Backend: Adapter + Clone,
    Vec<Backend>: Sized,
{
}

/// Its bound follows from another one.
#[on("three")]
pub async fn three<A>(_socket: SocketRef<A>)
where
    A: Ours,
{
}

/// An adapter with something more.
pub trait Ours: Adapter {}

/// A guard that serves every adapter.
#[guard]
pub async fn polling<A: Adapter>(visit: &Visit, _socket: SocketRef<A>) -> bool {
    visit.count == 0
}

/// A handler for one adapter, guarded by one that serves all.
#[on("four", guard = polling)]
pub async fn four(_socket: SocketRef) {}

/// A handler for every adapter, guarded by one that serves the local one only: it then serves only that.
#[on("five", guard = local)]
pub async fn five(visit: &Visit) -> u32 {
    visit.count
}

/// A guard for the local adapter only.
#[guard]
pub async fn local(_socket: SocketRef) -> bool {
    true
}

/// A connect handler for every adapter.
#[on_connect]
pub async fn hello<A: Adapter>(_socket: SocketRef<A>) {}

/// On the local adapter.
pub fn register(sessions: &Sessions) {
    let namespace = sessions.namespace().guard_with::<polling>("no").on_connect::<hello>();
    drop(namespace.on::<one>().on::<four>().on::<five>());
}

/// On any other.
pub fn register_everywhere<A: Ours + Clone>(sessions: &Sessions<A>) {
    let namespace = sessions.namespace().guard_with::<polling>("no").on_connect::<hello>();
    drop(namespace.on::<one>().on::<two>().on::<three>());
}
