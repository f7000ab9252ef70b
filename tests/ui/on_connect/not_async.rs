use socket_session::{on_connect, socket_session};

#[socket_session]
pub struct Visit {
    pub count: u32,
}

#[on_connect]
pub fn hello(_visit: &Visit) {} //~ ERROR

fn main() {}
