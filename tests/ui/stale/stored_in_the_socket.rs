use socket_session::{on, socket_session};
use socketioxide::extract::SocketRef;

#[socket_session]
pub struct Visit {
    pub count: u32,
}

#[derive(Clone)]
pub struct Last(pub &'static Visit);

#[on("my event")]
pub async fn my_event(visit: &Visit, socket: SocketRef) {
    socket.extensions.insert(Last(visit)); //~ ERROR
}

fn main() {}
