use socket_session::socket_session;

#[socket_session(prefix = "")]
pub struct Cart {
    pub items: u32,
}

fn main() {}
