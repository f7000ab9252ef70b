use socket_session::socket_session;

const PREFIX: &str = "cart.";

#[socket_session(prefix = PREFIX)] //~ ERROR
pub struct Cart {
    pub items: u32,
}

fn main() {}
