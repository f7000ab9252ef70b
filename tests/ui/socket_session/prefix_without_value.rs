use socket_session::socket_session;

#[socket_session(prefix)] //~ ERROR
pub struct Cart {
    pub items: u32,
}

fn main() {}
